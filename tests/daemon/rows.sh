# rows.sh - rows, and graphs whose rows are known, for tests that start a service.

rows() { # rows FROM TO: lines of a CSV whose second column follows from the first
    seq "$1" "$2" | awk '{ print $1 ",row " $1 * 7 % 1000 }'
}

csv() { # csv FILE ROWS
    { echo "id,text"; rows 1 "$2"; } >"$1"
}

load_graph() { # load_graph NAME INPUT DATABASE [COMMENT]: csv to sqlite
    cat <<G
# ${4:-as it was}
graph: $1
stages:
  - reader: csv
    path: $2
    columns: {id: integer, text: text}
  - exporter: sqlite
    database: $3
    table: rows
    mode: append
G
}

held_graph() { # held_graph INPUT GATE DATABASE [KEY]: one whose stage waits until the gate lets it go
    cat <<G
graph: held
${4-}
stages:
  - reader: csv
    path: $1
    header: [id, text]
    columns: {id: integer, text: text}
  - transformer: stubborn
    gate: $2
  - exporter: sqlite
    database: $3
    table: rows
G
}

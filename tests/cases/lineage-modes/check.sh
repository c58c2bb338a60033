printf 'id,total\n1,10\nx,20\n3,30\n' >a.csv
printf 'id,total\n3,33\n9,90\n' >b.csv
graph() { # graph FILE OPTIONS
    printf '%s\n' 'graph: g' 'stages:' "  - {reader: csv, path: $1, columns: {id: integer}, on_reject: drop}" \
        "  - {exporter: sqlite, database: out.db, table: t, $2}" >graph.yaml
}
run() { graph "$@"; "$SLUICE" run -q --fresh graph.yaml; }
say() { for row in "$@"; do "$SLUICE" where out.db t "$row" | head -1; done; }
# rows, rows of lineage, tables whose lineage is kept
count() {
    sqlite3 out.db 'SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM sluice_lineage),
        (SELECT count(*) FROM sluice_lineage_target)'
}

# A rehearsal writes none, whether or not the database is there.
graph a.csv 'mode: upsert, key: id, lineage: true'
"$SLUICE" run -q --dry-run graph.yaml
test ! -e out.db
"$SLUICE" run -q graph.yaml
test "$(count)" = '2|2|1'
graph b.csv 'mode: upsert, key: id, lineage: true'
"$SLUICE" run -q --dry-run --fresh graph.yaml
test "$(count)" = '2|2|1'
test "$(say 3)" = 'a.csv:4 (row 3)'

# An upsert says where the row's newest values came from, also when the option is left out.
run b.csv 'mode: upsert, key: id'
test "$(count)" = '3|3|1'
test "$(say 1 3 9)" = 'a.csv:2 (row 1)
b.csv:2 (row 1)
b.csv:3 (row 2)'

# Nothing that an upsert leaves alone gets a new lineage.
sqlite3 out.db 'CREATE TABLE k(id INTEGER PRIMARY KEY)'
for file in a.csv b.csv; do
    printf '%s\n' 'graph: k' 'stages:' "  - {reader: csv, path: $file, columns: {id: integer}, on_reject: drop}" \
        '  - {transformer: select, columns: {id: id}}' \
        '  - {exporter: sqlite, database: out.db, table: k, mode: upsert, key: id, lineage: true}' >k.yaml
    "$SLUICE" run -q --fresh k.yaml
done
test "$("$SLUICE" where out.db k 3 | head -1)" = 'a.csv:4 (row 3)'
sqlite3 out.db 'DROP TABLE k'

# Rows of a table that was dropped leave nothing behind, and a replace nothing of the old rows.
sqlite3 out.db 'DROP TABLE t'
run b.csv 'mode: replace, lineage: true'
test "$(sqlite3 out.db "SELECT count(*) FROM sluice_lineage AS l JOIN sluice_lineage_target AS t
    ON t.id = l.target WHERE t.name = 't'")" = 2
run a.csv 'mode: replace'
test "$(say 1 2)" = 'a.csv:2 (row 1)
a.csv:4 (row 3)'

# Rows that the table refuses or ignores have none; the others of the batch have theirs.
sqlite3 out.db "DROP TABLE t; CREATE TABLE t(id CHECK (id <> 3), total);
    CREATE TRIGGER i BEFORE INSERT ON t WHEN new.id = 4 BEGIN SELECT RAISE(IGNORE); END;
    CREATE TABLE log(a); CREATE TRIGGER l AFTER INSERT ON t BEGIN INSERT INTO log VALUES(1), (2); END"
printf 'id,total\n1,1\n3,3\n4,4\n5,5\n' >c.csv
run c.csv 'mode: append, on_reject: drop' 2>/dev/null
test "$(sqlite3 out.db 'SELECT rowid, id FROM t')" = '1|1
2|5'
test "$(say 1 2)" = 'c.csv:2 (row 1)
c.csv:5 (row 4)'

# `lineage: false` ends it.
run c.csv 'mode: append, on_reject: drop, lineage: false' 2>/dev/null
test "$(sqlite3 out.db "SELECT count(*) FROM sluice_lineage_target WHERE name = 't'")" = 0
code=0
"$SLUICE" where out.db t 1 2>err || code=$?
test "$code" = 78
grep -q '^hint: write `lineage: true`' err

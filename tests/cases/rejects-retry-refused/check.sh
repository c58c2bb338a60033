# Where it could not be one action, or would give something else, it is refused and nothing changes.
all() { sqlite3 out.db 'SELECT * FROM paid; SELECT rowid, * FROM rejects'; }
before=$(all)
try() { # try CODE MESSAGE HINT: with other.yaml
    local code=0
    "$SLUICE" rejects retry other.yaml >out 2>said || code=$?
    [ "$code" = "$1" ] && grep -F -e "$2" said && grep -F -e "hint: $3" said && [ ! -s out ] || {
        echo "code $code"
        cat other.yaml said out
        exit 1
    }
    [ "$(all)" = "$before" ]
}
insert() { awk -v text="$1" '{ if ($0 ~ /exporter: sqlite/ && !done) { printf "%s\n", text; done = 1 } print }' graph.yaml; }

insert '  - exporter: jsonl
    name: copy
    from: rules
    path: copy.jsonl
    mode: append' | sed '/table: paid/a\    from: rules' >other.yaml
try 78 "stage 'copy': rows that are tried again end here, and cannot become safe in one action with the table 'rejects' of 'out.db'" 'let both write to one SQLite database'
sed '0,/out.db/s//elsewhere.db/' graph.yaml >other.yaml
try 78 "stage 'sqlite': rows that are tried again end here" 'let both write'
sed '/table: paid/a\    mode: replace' graph.yaml >other.yaml
try 78 "stage 'sqlite': each run replaces all rows of this exporter" 'run the graph again'
insert '  - transformer: sort
    by: [id]' >other.yaml
try 78 "stage 'sort': what this stage gives depends on all rows" 'begin again'
insert '  - filter: limit
    rows: 10' >other.yaml
try 78 "stage 'limit': what this stage gives depends on all rows" 'begin again'
insert '  - filter: where
    keep: missing > 1' >other.yaml
try 78 "no such column 'missing'" 'the columns here are: id, amount'
# A row that fails the run: all of it is taken back, rows that came before it too.
sed 's/amount > 0/amount > -2/; s/on_reject: rejects/on_reject: fail/' graph.yaml >other.yaml
code=0
cat >>other.yaml <<'Z'
  - exporter: discard
    name: more
    from: extra
    on_reject: rejects
Z
awk '{ print } /path: in.csv/ { print "  - reader: values\n    name: extra\n    columns: [x]\n    rows: []\n  - filter: where\n    name: through\n    from: csv\n    keep: id > 0" }' other.yaml >fail.yaml
mv fail.yaml other.yaml
try 65 "stage 'rules', source 'in.csv', row 3, line 4: amount > -2" 'on_reject: drop'
sed 's/path: in.csv/path: "-"/' graph.yaml >other.yaml
try 78 "stage 'rules': the columns of this stage are known only when its source is opened" 'let the reader read a file'
# No rows are kept, or not in a table.
sed 's/on_reject: rejects/on_reject: drop/; /name: rejects/,$d' graph.yaml | sed '$d' >other.yaml
try 78 "graph 'refused' keeps no rejected rows" 'write `on_reject: NAME`'
sed 's/name: rejects/name: rejects\n    path: r.jsonl/; $d' graph.yaml | sed '$d' | tac | sed '0,/exporter: sqlite/s//exporter: jsonl/' | tac >other.yaml
try 78 "stage 'rejects': rejected rows that are kept by jsonl cannot be shown or tried again" 'let it be `sqlite`'
# What only shows may stand beside.
sed '/table: paid/a\    from: rules' graph.yaml >other.yaml
printf '  - exporter: table\n    from: rules\n  - exporter: discard\n    from: rules\n' >>other.yaml
sed -i 's/amount > 0/amount > -2/' other.yaml
"$SLUICE" rejects retry other.yaml >out
grep -F "rules: 2 rows tried again, 1 rejected again" out
grep -F "  sqlite: 1 row" out
grep -F "  table: 1 row" out
grep -F "id  amount" out
[ "$(sqlite3 out.db 'SELECT group_concat(id) FROM paid')" = 1,2 ]

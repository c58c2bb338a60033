[ ! -e out.db ]
[ -z "$("$SLUICE" rejects show graph.yaml)" ]
[ "$("$SLUICE" rejects drop graph.yaml)" = "deleted 0 rows of table 'rejects' of out.db" ]
"$SLUICE" run -q graph.yaml
"$SLUICE" rejects ls graph.yaml >out
sed 's/last written 20[0-9][0-9]-[0-9-]* [0-9:]*/last written TIME/' out | diff - <(cat <<'Z'
rejects: 3 rows in table 'rejects' of out.db, last written TIME
         2  rules: amount > 0
         1  csv: the record has 1 field where there are 2 columns
Z
)
"$SLUICE" rejects ls graph.yaml --format json >out
grep -E '^\{"graph":"orders","tables":\[\{"exporter":"rejects","target":"table .rejects. of out.db","rows":3,"changed":"20[0-9T:-]*Z","reasons":\[\{"stage":"rules","reason":"amount > 0","rows":2,"last_rowid":[0-9]+\},' out
"$SLUICE" rejects show graph.yaml >out
diff out <(cat <<'Z'
1: csv: the record has 1 field where there are 2 columns
    in.csv, row 4, line 5
    4
2: rules: amount > 0
    in.csv, row 2, line 3
    {"id":2,"amount":-1}
3: rules: amount > 0
    in.csv, row 3, line 4
    {"id":3,"amount":-3}
Z
)
"$SLUICE" rejects show graph.yaml 3 1 --format json >out
diff out <(cat <<'Z'
{"rowid":1,"stage":"csv","reason":"the record has 1 field where there are 2 columns","column":null,"source":"in.csv","row":4,"line":5,"raw":"4","values":null}
{"rowid":3,"stage":"rules","reason":"amount > 0","column":null,"source":"in.csv","row":3,"line":4,"raw":null,"values":{"id":3,"amount":-3}}
Z
)
try() { # try CODE MESSAGE HINT WORDS ...
    local wanted=$1 message=$2 hint=$3 code=0
    shift 3
    "$SLUICE" rejects "$@" >out 2>said || code=$?
    [ "$code" = "$wanted" ] && grep -Fx -e "$message" said && grep -F -e "hint: $hint" said || {
        echo "rejects $*: $code"
        cat said
        exit 1
    }
}
try 66 "table 'rejects' has no row 9" '`sluice rejects show` lists them' drop graph.yaml 1 9
try 66 "table 'rejects' has no row 9" '`sluice rejects show` lists them' retry graph.yaml 9
try 64 "'two' is no number of a rejected row" '`sluice rejects show` prints' show graph.yaml two
try 64 "sluice rejects does not know 'rety'" "did you mean 'retry'?" rety graph.yaml
try 64 "one word too many: '1'" 'sluice rejects --help' ls graph.yaml 1
[ "$(sqlite3 out.db 'SELECT count(*) FROM rejects')" = 3 ]
kept=$("$SLUICE" checkpoint show graph.yaml)
[ "$("$SLUICE" rejects drop graph.yaml 1 3)" = "deleted 2 rows of table 'rejects' of out.db" ]
[ "$(sqlite3 out.db 'SELECT rowid FROM rejects')" = 2 ]
[ "$("$SLUICE" rejects drop graph.yaml --format json)" = '{"deleted":1}' ]
[ "$("$SLUICE" checkpoint show graph.yaml)" = "$kept" ]
printf '5,-5\n' >>in.csv
"$SLUICE" run -q graph.yaml
[ "$(sqlite3 out.db 'SELECT count(*), max(_row) FROM rejects')" = "1|5" ]

# A file that somebody shortened is refused; drop is the way out that its hint names.
"$SLUICE" checkpoint ls graph.yaml >listed
grep -F "jsonl (jsonl exporter): 2 rows, 20" listed
grep -F "rows in out.jsonl; checkpoint in $XDG_STATE_HOME/sluice/orders.db" listed
grep -F "csv: 2 rows, at byte 7, line 4 of in.csv" listed
"$SLUICE" checkpoint ls graph.yaml --format json |
    grep -F '"readers":[{"reader":"csv","rows":2,"rejected":0,"at":{"file":"in.csv","byte":7,"row":2,"line":4,'
"$SLUICE" checkpoint ls graph.yaml --state elsewhere | grep -Fx "jsonl (jsonl exporter): nothing is kept"
echo '{"mine":1}' >out.jsonl
code=0
"$SLUICE" run -q graph.yaml 2>said || code=$?
[ "$code" != 0 ]
grep -F "sluice checkpoint drop" said
"$SLUICE" checkpoint drop -q graph.yaml jsonl
"$SLUICE" run -q graph.yaml
[ "$(tr '\n' ' ' <out.jsonl)" = '{"mine":1} {"id":1} {"id":2} ' ]
# Where there is nothing, nothing is made.
for words in ls show rewind drop; do
    "$SLUICE" checkpoint $words graph.yaml --state nowhere >/dev/null 2>&1 || true
done
[ ! -e nowhere ]

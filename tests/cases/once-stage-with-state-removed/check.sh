sed '1i graph: graph' graph.yaml | sed '/limit/,/rows: 3/d' >changed.yaml
code=0
"$SLUICE" run -q changed.yaml 2>err || code=$?
[ "$code" = 78 ]
grep -q "the rows of 'sqlite' came through a stage 'limit' with a state that is not there now" err
[ "$(sqlite3 out.db "SELECT count(*) FROM t")" = 3 ]

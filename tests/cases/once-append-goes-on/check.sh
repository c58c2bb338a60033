# Run again: nothing new. Rows that were added to the source since: only those.
"$SLUICE" run -q graph.yaml
printf '5,50\n6,60\n' >>in.csv
"$SLUICE" run -q graph.yaml
printf 'id,amount\n1,10\n2,20\n4,40\n5,50\n6,60\n' | diff - out.csv
[ "$(sqlite3 out.db "SELECT group_concat(id) FROM t")" = 1,2,4,5,6 ]
# Begun again on demand: the rows are added again.
"$SLUICE" run -q --fresh graph.yaml
[ "$(sqlite3 out.db "SELECT count(*) FROM t")" = 10 ]
[ "$(wc -l <out.csv)" = 11 ]
"$SLUICE" run -q graph.yaml
[ "$(sqlite3 out.db "SELECT count(*) FROM t")" = 10 ]

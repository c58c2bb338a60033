test "$(sqlite3 out.db 'SELECT * FROM t ORDER BY id')" = '1|11
2|20'
printf 'id,total\n2,21\n3,30\n' > in.csv
"$SLUICE" run -q graph.yaml
test "$(sqlite3 out.db 'SELECT * FROM t ORDER BY id')" = '1|11
2|21
3|30'

# Rows before the change keep its old meaning; the run goes on.
sed -i 's/amount > 15/amount > 0/' graph.yaml
printf '5,5\n' >>in.csv
"$SLUICE" run -q graph.yaml
[ "$(sqlite3 out.db "SELECT group_concat(id) FROM t")" = 2,3,4,5 ]

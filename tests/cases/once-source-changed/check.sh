# Another source in the YAML is refused, with the ways out; a batch size or a description is no change.
cp in.csv other.csv
sed 's/in.csv/other.csv/' graph.yaml >changed.yaml
code=0
"$SLUICE" run -q changed.yaml 2>err || code=$?
[ "$code" = 78 ]
grep -q "changed.yaml:3:5: stage 'csv': this reads another source than the one whose rows 'sqlite' has" err
grep -q -- '--fresh' err
[ "$(sqlite3 out.db "SELECT count(*) FROM t")" = 4 ]
sed '1i batch: {rows: 2}\ndescription: the same' graph.yaml >same.yaml
"$SLUICE" run -q same.yaml
[ "$(sqlite3 out.db "SELECT count(*) FROM t")" = 4 ]

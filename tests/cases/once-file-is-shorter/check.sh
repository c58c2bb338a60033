# A file that somebody cut is not extended; what to do is said.
cp out.csv whole.csv
head -n 2 whole.csv >out.csv
code=0
"$SLUICE" run -q graph.yaml 2>err || code=$?
[ "$code" = 65 ]
grep -q "'out.csv' is shorter than the 30 bytes that an earlier run wrote" err
grep -q "hint: bring the file back" err
[ "$(wc -l <out.csv)" = 2 ]
# The same length with other content is another file.
sed 's/40/99/' whole.csv >out.csv
code=0
"$SLUICE" run -q graph.yaml 2>err || code=$?
[ "$code" = 65 ]
grep -q "does not begin with the 30 bytes" err
cp whole.csv out.csv
"$SLUICE" run -q graph.yaml
cmp whole.csv out.csv

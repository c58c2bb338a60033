[ "$(wc -l <out.csv)" = 2 ]
sed -i 's/"b","a"/"a","b"/' out.csv
"$SLUICE" run -q graph.yaml
[ "$(tail -n 1 out.csv)" = 1,2 ]

timeout 20 "$SLUICE" run -q graph.yaml
[ "$(wc -l <rows.csv)" = 100001 ]
[ "$(sort -u rows.csv | wc -l)" = 50001 ]

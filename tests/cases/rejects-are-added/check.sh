"$SLUICE" run -q graph.yaml >/dev/null
[ "$(wc -l <rejects.csv)" = 3 ] # one header, and a reject of each run
"$SLUICE" run -q replace.yaml >/dev/null
[ "$(wc -l <rejects.csv)" = 2 ]

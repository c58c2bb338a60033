"$SLUICE" run -q graph.yaml
[ "$(sqlite3 out.db 'SELECT typeof(county), county FROM counties')" = 'integer|53000
integer|-7' ]
grep -q '{"county":"09005"}' rejects.jsonl
grep -q '{"county":"1e3"}' rejects.jsonl
[ "$(wc -l <rejects.jsonl)" = 3 ]

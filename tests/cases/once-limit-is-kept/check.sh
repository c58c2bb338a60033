"$SLUICE" run -q graph.yaml
[ "$(wc -l <out.jsonl)" = 3 ]
# A higher bound goes on behind the third row.
sed -i 's/rows: 3/rows: 4/' graph.yaml
"$SLUICE" run -q graph.yaml
[ "$(tail -n 1 out.jsonl)" = '{"id":4,"amount":40}' ]
[ "$(wc -l <out.jsonl)" = 4 ]

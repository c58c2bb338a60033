[ "$("$SLUICE" run -q --limit 2 lines.yaml)" = '{"id":1}
{"id":2}' ]
code=0; "$SLUICE" run -q --limit 3 lines.yaml >/dev/null 2>&1 || code=$?
[ "$code" = 65 ]

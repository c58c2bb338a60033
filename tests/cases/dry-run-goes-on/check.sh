# A run that goes on is rehearsed from where it stands, and stands there afterwards.
! grep -q since "$ERR" || exit 1
state() { sqlite=$(cat out.db out.db-wal 2>/dev/null | cksum); echo "$sqlite" "$(cksum copy.jsonl rejects.jsonl)" \
    "$("$SLUICE" checkpoint show graph.yaml)"; }
printf '4,40\n5\n' >>orders.csv
before=$(state)
for _ in 1 2; do
    "$SLUICE" run graph.yaml --dry-run 2>said
    grep -E '^orders: 2 new rows since 20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8}; --fresh begins again$' said
    grep -Fx "  sqlite: would add 1 row to table 'paid' of out.db" said
    grep -Fx "  copy: would add 1 row to copy.jsonl" said
    grep -Fx "  rejects: would add 1 row to rejects.jsonl" said
    [ "$(state)" = "$before" ]
done
"$SLUICE" run graph.yaml --dry-run --fresh 2>said
grep -Fx "  sqlite: would add 3 rows to table 'paid' of out.db" said
! grep since said || exit 1
[ "$(state)" = "$before" ]
"$SLUICE" run -q graph.yaml
[ "$(state)" != "$before" ]
[ "$(wc -l <copy.jsonl)" = 3 ]
[ "$(wc -l <rejects.jsonl)" = 2 ]

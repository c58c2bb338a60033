# One exporter of two reads again, with upsert to the same result; the other passes over its rows.
code=0
"$SLUICE" checkpoint rewind graph.yaml rejects 2>said || code=$?
[ "$code" = 78 ]
grep -F "a reject exporter has no place of its own" said
sqlite3 out.db 'UPDATE keyed SET amount = 0'
"$SLUICE" checkpoint rewind -q graph.yaml sqlite
"$SLUICE" checkpoint ls graph.yaml >listed
[ "$(grep -c 'reads from the start' listed)" = 1 ]
printf '4,40\n' >>in.csv
"$SLUICE" run -q graph.yaml
[ "$(sqlite3 out.db 'SELECT id, amount FROM keyed ORDER BY id' | tr '\n' ' ')" = "1|10 3|30 4|40 " ]
[ "$(grep -o '"id":[0-9]*' copy.jsonl | tr '\n' ' ')" = '"id":1 "id":3 "id":4 ' ]
# Rejected rows of what is read again come again, never are they left out.
[ "$(sqlite3 out.db 'SELECT count(*) FROM rejects')" = 2 ]

# Another program writes: the retry waits for it, and gives up (75) without a change.
mkfifo commands
sqlite3 out.db <commands >answers &
locker=$!
trap 'kill $locker 2>/dev/null || true' EXIT
exec 3>commands
echo 'BEGIN IMMEDIATE; SELECT 1;' >&3
tail -f --pid=$locker answers | head -n 1 >/dev/null # the lock is held from here on
code=0
"$SLUICE" rejects retry graph.yaml --set least=-9 >out 2>said || code=$?
[ "$code" = 75 ]
grep -F "database is locked" said
[ ! -s out ]
echo 'COMMIT;' >&3
exec 3>&-
wait $locker
[ "$(sqlite3 out.db 'SELECT (SELECT count(*) FROM good), (SELECT count(*) FROM rejects)')" = "0|1" ]
"$SLUICE" rejects retry graph.yaml --set least=-9 >out
grep -F "rules: 1 row tried again, 0 rejected again" out
[ "$(sqlite3 out.db 'SELECT (SELECT count(*) FROM good), (SELECT count(*) FROM rejects)')" = "1|0" ]

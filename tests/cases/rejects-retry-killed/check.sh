# Killed at any time: each row is in one of the two tables, with the last one still to try.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
count() { sqlite3 out.db 'SELECT (SELECT count(*) FROM rejects), (SELECT count(*) FROM good), (SELECT count(*) FROM rejects WHERE _reason NOT LIKE "amount%")'; }
[ "$(count)" = "300|0|0" ]
sqlite3 out.db 'PRAGMA journal_mode=delete' >/dev/null
cp out.db before.db
cp out.db wal.db
sqlite3 wal.db 'PRAGMA journal_mode=wal' >/dev/null
killed=0 done=0
look() { # after a kill, or an end: half of the rows are good now, or all as before
    case $(count) in
    "300|0|0") killed=$((killed + 1)) ;;
    "150|150|0") done=$((done + 1)) ;;
    *) echo "$1: $(count)"; exit 1 ;;
    esac
    [ "$(sqlite3 out.db 'PRAGMA integrity_check')" = ok ]
}
again() { rm -f out.db out.db-*; cp "$1" out.db; }
for database in before.db wal.db; do
    for milliseconds in $(seq 5 30 300); do
        again $database
        timeout --foreground -s KILL "0.$(printf '%03d' "$milliseconds")" \
            "$SLUICE" rejects retry -q graph.yaml --set least=3 2>/dev/null || true
        look "after $milliseconds ms"
    done
done
# At every write that the system is asked for, where there is strace.
if strace -o /dev/null true 2>/dev/null; then
    for database in before.db wal.db; do
        for call in pwrite64 fdatasync unlink; do
            for n in 1 2 3 4 5 6 7 8 10 12 15 20 30; do
                again $database
                code=0
                strace -f -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$n \
                    "$SLUICE" rejects retry -q graph.yaml --set least=3 2>/dev/null || code=$?
                look "killed at $call $n"
                [ "$code" != 0 ] || break
            done
        done
    done
fi
[ $killed -gt 0 ]
[ $done -gt 0 ]
# And the rest may be tried again.
again before.db
"$SLUICE" rejects retry -q graph.yaml --set least=3
"$SLUICE" rejects retry -q graph.yaml --set least=0
[ "$(count)" = "0|300|0" ]
[ "$(sqlite3 out.db 'SELECT id, count(*) FROM good GROUP BY id' | tr '\n' ' ')" = "1|50 2|50 3|50 4|50 5|50 6|50 " ]

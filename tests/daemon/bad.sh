#!/usr/bin/env bash
# bad.sh - bad days: clients of the control socket that misbehave, a source that is deleted under a
# running graph, a full disk, no descriptors left, a wrong file at the start. Each time: the daemon
# lives, says what is wrong, gets over it by itself, and has lost nothing.
. "$(dirname -- "$0")/lib.sh" "$@"

rows 1 100 >in.csv
follow_graph quiet "$work/in.csv" "$work/quiet.jsonl" >g/quiet.yaml
cat >g/live.yaml <<G
graph: live
stages:
  - reader: count
  - transformer: select
    columns: {digit: n % 10}
  - exporter: discard
G
start
has_lines quiet.jsonl 100
answers_well() { # after what
    same "$1: state of quiet" waiting "$(state quiet)"
    same "$1: state of live" running "$(state live)"
    kill -0 "$pid" 2>/dev/null || { problem "$1: the daemon is gone"; exit 1; }
}
descriptors() { ls "/proc/$pid/fd" | wc -l; }
open=$(descriptors)

# ---- Clients --------------------------------------------------------------------------------

"$rude" garbage s.sock >said || problem "garbage: no answer"
diff -u --label expected --label said "$here/bad.expected" said || problem "garbage: other answers"
answers_well "garbage"

connections=10000
[ "$sanitized" = 0 ] || connections=2000
"$rude" hangup s.sock $connections || problem "$connections connections: refused"
answers_well "$connections connections"

"$rude" crowd s.sock 120 >said || problem "a crowd: not all of them had an answer"
same "a crowd of 120" '32 answered, 88 refused: "message":"too many clients"}}' "$(cat said)"
answers_well "a crowd"

"$rude" deaf s.sock '{"sluice":1,"verb":"status"}' 2>said || problem "deaf: $(cat said)"
"$rude" deaf s.sock '{"sluice":1,"verb":"tap","graph":"live","stage":"select"}' 2>said || problem "deaf: $(cat said)"
timeout "$patience" "$sluice" tap live.select -n 3 >said || problem "no tap after one that was deaf"
same "rows of a tap after one that was deaf" 3 "$(wc -l <said)"
answers_well "deaf clients"

# A condition that costs much is the client's trouble.
for refused in "length(printf('%.*c', 100000000, 'x')) > digit" "hex(zeroblob(900000000)) = 'x'"; do
    timeout "$patience" "$sluice" tap live.select -n 1 --where "$refused" >said 2>&1
    same "a condition without bounds: exit" 64 "$?"
done
timeout 1 "$sluice" tap live.select -n 1 --where "length(hex(hex(hex(hex(hex(hex(hex(hex(hex(digit)))))))))) < 0" >said 2>&1
timeout "$patience" "$sluice" stop live >/dev/null || problem "a costly tap: the graph does not stop"
"$sluice" start live >/dev/null
in_state live running
answers_well "a costly tap"

# A pause ends a step, however many batches it was to have.
"$sluice" pause live >/dev/null
timeout "$patience" "$sluice" step live 1000000000 >/dev/null &
stepping=$!
while kill -0 "$stepping" 2>/dev/null; do "$sluice" pause live >/dev/null; done
wait "$stepping" || problem "a step that was ended by a pause: exit $?"
"$sluice" resume live >/dev/null
answers_well "a step that was ended"

# Many verbs at once, whose answers wait for the graph, from clients that are gone by then.
for i in $(seq 20); do
    how=say
    [ $((i % 2)) = 0 ] || how=shout
    printf '{"sluice":1,"verb":"%s","graph":"live"}\n' pause step resume stop start run-now |
        timeout 5 "$rude" $how s.sock >/dev/null &
    client[i]=$!
done
for i in $(seq 20); do wait ${client[i]}; done
"$sluice" resume live >/dev/null
"$sluice" start live >/dev/null
in_state live running
answers_well "many verbs at once"
now=$(descriptors)
[ "$now" -le $((open + 2)) ] || problem "descriptors: $open before all that, $now after it"
end
exact_lines quiet quiet.jsonl 100
rm g/live.yaml

# ---- Sources and sinks ----------------------------------------------------------------------

# The database that a graph reads again and again is deleted, and comes back with more rows.
sql source.db "CREATE TABLE t(id INTEGER PRIMARY KEY, text); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
    SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i, 'row ' || (i * 7 % 1000) FROM n"
cat >g/copy.yaml <<G
graph: copy
stages:
  - reader: sqlite
    database: $work/source.db
    table: t
    follow: true
    poll: 20ms
  - exporter: sqlite
    database: $work/copy.db
    table: rows
G
start
shows copy '"state":"waiting".*"type":"sqlite","rows_in":500'
cp source.db later.db
rm source.db
in_state copy backoff # by itself
"$sluice" status copy | grep -q "source.db" || problem "a source that is gone: $("$sluice" status copy)"
sql later.db "INSERT INTO t VALUES (501, 'row ' || (501 * 7 % 1000))"
mv later.db source.db
in_state copy waiting running
until [ "$(sql copy.db 'SELECT count(*) FROM rows')" = 501 ]; do in_state copy waiting; done
exact_rows copy copy.db 501
# So is the one that it writes: its rows are not written where nobody finds them.
mv copy.db lost.db
sql source.db "INSERT INTO t VALUES (502, 'row ' || (502 * 7 % 1000))"
until [ "$(sqlite3 copy.db 'SELECT count(*) FROM rows' 2>/dev/null)" = 502 ]; do shows copy '"name":"copy"'; done
exact_rows "a sink that was removed" copy.db 502
grep -q "copy.db' was removed, or is another file now" log || problem "nothing is said of a sink that was removed"
answers=$(state quiet)
same "a source that is gone: state of quiet" waiting "$answers"
end
rm g/copy.yaml

# ---- Descriptors ----------------------------------------------------------------------------

# Room for the daemon, and not for all of its graphs: each has its error, those that have what they
# need go on, and when there is room again all of them run.
for i in $(seq 20); do follow_graph "many$i" "$work/in.csv" "$work/many$i.jsonl" >"g/many$i.yaml"; done
start
for i in $(seq 20); do in_state "many$i" waiting; done
full=$(descriptors)
prlimit --nofile="$full:$((full + 1000))" --pid "$pid"
printf 'graph: more\nstages:\n  - reader: csv\n    path: %s/in.csv\n    header: [id, text]\n  - exporter: jsonl\n    path: %s/more.jsonl\n' \
    "$work" "$work" >g/more.yaml
timeout "$patience" "$sluice" reload >out 2>err && problem "a reload without descriptors: exit 0"
for i in $(seq 20); do
    timeout "$patience" "$sluice" status >/dev/null 2>&1 # refused, or hung up on
done
prlimit --nofile="$((full + 1000)):$((full + 1000))" --pid "$pid"
timeout "$patience" "$sluice" reload >out 2>err || problem "a reload with descriptors: $(cat err)"
in_state more "done"
for i in $(seq 20); do same "without descriptors: state of many$i" waiting "$(state "many$i")"; done
rows 101 200 >>in.csv
for i in $(seq 20); do has_lines "many$i.jsonl" 200; done
end
for i in $(seq 20); do exact_lines "many$i" "many$i.jsonl" 200; done
rm g/many* g/more.yaml
same "more" 100 "$(wc -l <more.jsonl)"

# From its start with too few: the daemon is there, and its graphs come when there is room.
for i in $(seq 20); do follow_graph "many$i" "$work/in.csv" "$work/many$i.jsonl" >"g/many$i.yaml"; done
few() { ulimit -Sn 60; exec "$@"; }
around=(few)
short=$(($(grep -c "Too many open files" log) + 1))
start
said "Too many open files" "$short" || problem "descriptors are not short"
prlimit --nofile=1000: --pid "$pid"
for i in $(seq 20); do in_state "many$i" waiting; done
end
for i in $(seq 20); do exact_lines "many$i" "many$i.jsonl" 200; done

# ---- A wrong file at the start --------------------------------------------------------------

around=()
echo 'graph: [' >g/wrong.yaml
"$sluice" daemon --config g --broken refuse -v >out 2>err
same "exit code at a wrong file" 78 "$?"
grep -q '^g/wrong.yaml:[0-9]*:[0-9]*: ' err || problem "the place of a wrong file is not said: $(cat err)"
grep -q ready err && problem "it was ready before it looked at its files"
[ ! -e "$SLUICE_SOCKET" ] || problem "it listened before it looked at its files"
start --broken refuse --broken skip
in_state many1 waiting
"$sluice" status | grep -q '^g/wrong.yaml  *broken' || problem "a wrong file that is left out is not shown"
end
rm g/wrong.yaml
start --broken refuse
in_state many1 waiting

# ---- A socket that cannot be had ------------------------------------------------------------

refused() { # refused CODE PATTERN PATH
    "$sluice" daemon --config g --socket "$3" >out 2>err
    same "exit code of a daemon at $3" "$1" "$?"
    grep -q "cannot listen on '$3': $2" err || problem "at $3: $(cat err)"
}
: >occupied
refused 75 "another daemon listens there" "$SLUICE_SOCKET"
refused 73 "something else is there" "$work/occupied"
refused 73 "there is no such directory" "$work/nowhere/socket"
refused 64 "the path is too long for a socket" "/$(printf 'x%.0s' {1..200})"
[ -f occupied ] || problem "what stood in the place of a socket is gone"
same "beside a daemon that was refused: state of many1" waiting "$(state many1)"

# One that is left over is replaced; one that another daemon has made meanwhile is left to it.
kill -KILL "$pid"
wait "$pid" 2>/dev/null
[ -S s.sock ] || problem "a killed daemon has taken its socket along"
start
same "mode of the socket" 660 "$(stat -c %a s.sock)"
mv s.sock moved
: >s.sock
end
[ -f s.sock ] || problem "the end of a daemon took away what was not its own"

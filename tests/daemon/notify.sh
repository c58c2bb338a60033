#!/usr/bin/env bash
# notify.sh - what the service manager is told, over a socket of the test's own: ready, a status,
# each reload and its end, the stop; and the watchdog's pings, which go on while one graph hangs and
# is restarted, end when that does not help, and come back with it.
. "$(dirname -- "$0")/lib.sh" "$@"

"$rude" receive n.sock told &
receiver=$!
leave_receiver() {
    kill "$receiver" 2>/dev/null
    leave
}
trap leave_receiver EXIT
was_told() { # was_told PATTERN [TIMES]: waits until it was said so often
    local from follower got
    exec {from}< <(exec timeout "$patience" tail -c +1 -F told 2>/dev/null)
    follower=$!
    got=$(grep -E -c -m"${2:-1}" -- "$1" <&"$from")
    kill "$follower" 2>/dev/null
    exec {from}<&-
    [ "$got" = "${2:-1}" ] || problem "not told: $1, ${2:-1} times"
}
was_told '^bound$'
manager() { # as systemd starts it
    export NOTIFY_SOCKET=$work/n.sock WATCHDOG_USEC=20000000 WATCHDOG_PID=$BASHPID
    exec "$@"
}
around=(manager)

rows 1 10 >in.csv
follow_graph one "$work/in.csv" "$work/one.jsonl" >g/one.yaml
start
was_told '^WATCHDOG=1'
was_told '^STATUS=1 graphs, 1 running, 0 failing, 0 hanging; [0-9]+ rows out'

follow_graph one "$work/in.csv" "$work/one.jsonl" changed >g/one.yaml
kill -HUP "$pid"
was_told '^READY=1 STATUS=reloaded'
echo 'graph: [' >g/two.yaml
kill -HUP "$pid"
was_told '^READY=1 STATUS=the configuration is refused'
rm g/two.yaml
end
was_told '^STOPPING=1'
sed -E '/^(WATCHDOG|STATUS)=/d; s/(MONOTONIC_USEC|EXTEND_TIMEOUT_USEC)=[0-9]+/\1=N/; s/ +$//' told >got
diff -u --label expected --label told - got <<'T' || problem "other things were told"
bound
READY=1 STATUS=1 graphs, 1 running, 0 failing, 0 hanging; 0 rows out
RELOADING=1 MONOTONIC_USEC=N STATUS=reloading
READY=1 STATUS=reloaded
RELOADING=1 MONOTONIC_USEC=N STATUS=reloading
READY=1 STATUS=the configuration is refused
STOPPING=1 EXTEND_TIMEOUT_USEC=N STATUS=graphs end at their next commit
T

# ---- A run by itself ------------------------------------------------------------------------

: >told
load_graph alone "$work/in.csv" "$work/alone.db" | sed 's/path: .*/&\n    header: [id, text]/' >alone.yaml
NOTIFY_SOCKET=$work/n.sock "$sluice" run -q alone.yaml || problem "a run that tells"
was_told '^READY=1'
exact_rows alone alone.db 10
: >told
sed 's/reader: csv/reader: cvs/' alone.yaml >wrong.yaml
NOTIFY_SOCKET=$work/n.sock "$sluice" run -q wrong.yaml 2>said
same "exit code of a run with a wrong graph" 78 "$?"
NOTIFY_SOCKET=$work/n.sock "$sluice" run -q alone.yaml # what was told before it would be there now
was_told '^READY=1'
same "told of a wrong graph and a right one" 1 "$(grep -c READY told)"

# ---- The watchdog ---------------------------------------------------------------------------

mkfifo gate
held_graph "$work/in.csv" "$work/gate" "$work/held.db" "stuck_after: 1s" >g/held.yaml
: >told
start --plugin "$plugin"
said "graph 'held' has not come back from a step for [0-9]+ seconds: it is restarted" ||
    problem "nothing is said of a graph that hangs"
shows held '"hangs":true'
same "the other graph, beside one that hangs" waiting "$(state one)"
was_told 'STATUS=2 graphs, 2 running, 0 failing, 1 hanging'

# Stopping it did not help: the status is told on, without pings.
exec {from}< <(exec timeout "$patience" tail -c +1 -F told 2>/dev/null)
follower=$!
pings=0 since=0
while [ "$since" -lt 4 ] && read -r line; do
    case $line in
    WATCHDOG*) since=0 pings=$((pings + 1)) ;;
    STATUS*) since=$((since + 1)) ;;
    esac
done <&"$from"
[ "$since" = 4 ] && [ "$pings" -gt 0 ] || problem "the pings do not end"
kill "$follower" 2>/dev/null
exec {from}<&-

# It comes back: it is restarted, runs through, and the pings are there again.
pings=$(grep -c '^WATCHDOG' told)
exec {gate}<>gate
in_state held "done"
was_told '^WATCHDOG' $((pings + 3))
exact_rows held held.db 10
same "runs of held" 2 "$(runs held)"
end
rm g/*

# A statement that takes longer than that to its first row is at work, and is let.
sql numbers.db 'CREATE TABLE first (i); INSERT INTO first VALUES (1)'
cat >g/counts.yaml <<G
graph: counts
stuck_after: 1s
stages:
  - reader: sqlite
    database: $work/numbers.db
    query: >
      WITH RECURSIVE c(i) AS (SELECT i FROM first UNION ALL SELECT i + 1 FROM c WHERE i < 25000000)
      SELECT count(*) AS n FROM c
  - exporter: jsonl
    path: $work/counts.jsonl
G
start
patience=300 in_state counts "done" # a machine may be busy
same "what was counted" '{"n":25000000}' "$(cat counts.jsonl)"
same "runs of a statement that takes long" 1 "$(runs counts)"
end

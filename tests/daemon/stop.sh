#!/usr/bin/env bash
# stop.sh - SIGTERM: an idle daemon is gone within 200 ms, a busy one within a batch and two
# seconds, a second signal ends it at once, `--stop-timeout` bounds it; whenever it came, the next
# daemon goes on with nothing lost and nothing doubled.
. "$(dirname -- "$0")/lib.sh" "$@"
idle=200 busy=2000
[ "$sanitized" = 0 ] || idle=2000 busy=10000

# Idle: graphs that wait for rows, one that waits for its time.
for i in 1 2 3 4 5; do
    rows 1 100 >"in$i.csv"
    follow_graph "idle$i" "$work/in$i.csv" "$work/idle$i.jsonl" >"g/idle$i.yaml"
done
{ load_graph timed "$work/in1.csv" "$work/timed.db"; echo 'every: 1h'; } >g/timed.yaml
start
for i in 1 2 3 4 5; do shows "idle$i" '"state":"waiting".*"type":"jsonl","rows_in":100'; done
same "state of timed" scheduled "$(state timed)"
end
[ "$took" -le "$idle" ] || problem "an idle daemon took $took ms to end"
start
end INT
[ "$took" -le "$idle" ] || problem "an idle daemon took $took ms to end by SIGINT"
for i in 1 2 3 4 5; do exact_lines "idle$i" "idle$i.jsonl" 100; done
rm g/*

# Busy: nothing waits, and each batch costs something.
for i in 1 2 3 4; do
    load_graph "busy$i" "$work/many.csv" "$work/busy$i.db" >"g/busy$i.yaml"
done
csv many.csv 300000
start
for i in 1 2 3 4; do shows "busy$i" '"type":"sqlite","rows_in":[1-9]'; done
end
[ "$took" -le "$busy" ] || problem "a busy daemon took $took ms to end"
longest=$took

# A hundred stops at any moment; between them the daemon lives for some looks, or none.
stops=100
[ "$sanitized" = 0 ] || stops=10
RANDOM=4711
for ((stop = 1; stop <= stops; stop++)); do
    start
    for ((look = RANDOM % 4; look > 0; look--)); do "$sluice" status >/dev/null; done
    end
    [ "$took" -le "$longest" ] || longest=$took
done
[ "$longest" -le "$busy" ] || problem "one of $stops stops took $longest ms"

start
for i in 1 2 3 4; do in_state "busy$i" "done"; done
for i in 1 2 3 4; do exact_rows "busy$i" "busy$i.db" 300000; done
end

# Statements and expressions that take long are cut short, which is no failure.
rm g/*
sql numbers.db 'CREATE TABLE first (i); INSERT INTO first VALUES (1)'
cat >g/endless.yaml <<G
graph: endless
stages:
  - reader: sqlite
    database: $work/numbers.db
    query: >
      WITH RECURSIVE c(i) AS (SELECT i FROM first UNION ALL SELECT i + 1 FROM c) SELECT count(*) AS n FROM c
  - exporter: discard
G
cat >g/slow.yaml <<G
graph: slow
batch: {rows: 100000}
stages:
  - reader: count
  - transformer: select
    columns: {h: "length(hex(zeroblob(100000 + n % 7)))"}
  - exporter: discard
G
mkfifo nobody
load_graph fifo "$work/nobody" "$work/fifo.db" >g/fifo.yaml # opening it takes as long as nobody writes
lines=$(grep -c . log)
start
"$sluice" stop fifo >/dev/null
same "state of a graph that waited for a writer" stopped "$(state fifo)"
"$sluice" start fifo >/dev/null &
starting=$!
shows endless '"state":"(starting|running)"'
shows slow '"state":"running"'
"$sluice" stop slow >/dev/null
same "state of a graph that was cut short" stopped "$(state slow)"
end
[ "$took" -le "$busy" ] || problem "a daemon with a statement without end took $took ms"
wait "$starting"
tail -n +$((lines + 1)) log | grep ' error ' && problem "a stop is a failure"

# A stage that does not come back: the first signal is bounded by --stop-timeout, the second one
# ends the daemon at once; what was not committed is done by the next.
rm g/*
mkfifo gate
rows 1 1000 >held.csv
held_graph "$work/held.csv" "$work/gate" "$work/held.db" >g/held.yaml
start --plugin "$plugin" --stop-timeout 1s
shows held '"type":"stubborn"'
end
{ [ "$took" -ge 900 ] && [ "$took" -le $((busy + 1000)) ]; } ||
    problem "a stop that was to be broken off after 1 s took $took ms"
grep -q 'did not end in time' log || problem "nothing says that a stop was broken off"
start --plugin "$plugin" --stop-timeout 1m
before=$(grep -c ': stopping$' log)
kill -TERM "$pid"
said ': stopping$' $((before + 1)) || problem "the daemon does not say that it stops"
end
[ "$took" -le "$idle" ] || problem "the second signal took $took ms"
start --plugin "$plugin"
exec {gate}>gate # somebody opens it: the stage comes back
in_state held "done"
exact_rows held held.db 1000
end
echo "longest of $stops stops of a busy daemon: $longest ms"

#!/usr/bin/env bash
# isolation.sh - twenty graphs in one daemon: one fails, one never ends, one waits for a file that
# is not there; the rows of the seventeen others are exact, and each graph's state is said.
. "$(dirname -- "$0")/lib.sh" "$@"

for i in $(seq 17); do
    csv "in$i.csv" $((1000 * i + i))
    load_graph "load$i" "$work/in$i.csv" "$work/out$i.db" >"g/load$i.yaml"
done

# A table that refuses a row of the second batch: what was committed stays, the rest never comes.
csv bad.csv 5000
sql bad.db "CREATE TABLE rows(id INTEGER CHECK (id < 3000), text)"
load_graph bad "$work/bad.csv" "$work/bad.db" >g/bad.yaml
cat >g/loop.yaml <<G
graph: loop
stages:
  - reader: count
  - exporter: discard
G
follow_graph wait "$work/late.csv" "$work/late.jsonl" >g/wait.yaml

start
for i in $(seq 17); do in_state "load$i" "done"; done
for i in $(seq 17); do
    exact_rows "load$i" "out$i.db" $((1000 * i + i))
    same "runs of load$i" 1 "$(runs "load$i")"
    same "failures of load$i" 0 "$(member "load$i" failures)"
done
in_state bad backoff failed
shows bad '"failures":[2-9]' # it was tried again, and failed again
"$sluice" status bad | grep -q "CHECK constraint failed" || problem "nothing says why 'bad' failed"
grep -q "graph=bad\|bad" log || problem "the log does not name 'bad'"
same "loop" running "$(state loop)"
one=$("$sluice" status loop --format json | grep -o '"rows_out":[0-9]*' | head -1)
shows loop "\"rows_out\":[0-9]{7}"
two=$("$sluice" status loop --format json | grep -o '"rows_out":[0-9]*' | head -1)
[ "$one" != "$two" ] || problem "loop stands still"
in_state wait waiting backoff

# What it waited for comes; what failed is healed by an operator.
rows 1 1500 >late.csv
shows wait '"type":"jsonl","rows_in":1500'
"$sluice" stop bad >/dev/null
sql bad.db "DROP TABLE rows; DROP TABLE IF EXISTS sluice_checkpoint"
"$sluice" start bad >/dev/null
in_state bad "done"
exact_rows bad bad.db 5000
same "failing graphs" "" "$("$sluice" status | grep -E ' (failed|backoff) ')"

end
exact_lines wait late.jsonl 1500
[ "$sanitized" = 1 ] || [ "$took" -le 2000 ] || problem "the end took $took ms"

# Six graphs whose statements never come to a row, and two workers: the others have theirs.
rm g/*.yaml
sql numbers.db 'CREATE TABLE first (i); INSERT INTO first VALUES (1)'
for i in $(seq 6); do
    cat >"g/endless$i.yaml" <<G
graph: endless$i
stages:
  - reader: sqlite
    database: $work/numbers.db
    query: >
      WITH RECURSIVE c(i) AS (SELECT i FROM first UNION ALL SELECT i + 1 FROM c) SELECT count(*) AS n FROM c
  - exporter: discard
G
done
csv fine.csv 5000
for i in 1 2 3; do load_graph "fine$i" "$work/fine.csv" "$work/fine$i.db" >"g/fine$i.yaml"; done
start --workers 2
for i in 1 2 3; do in_state "fine$i" "done"; exact_rows "fine$i" "fine$i.db" 5000; done
load_graph "fine4" "$work/fine.csv" "$work/fine4.db" >"g/fine4.yaml"
"$sluice" reload >/dev/null || problem "a reload beside graphs that do not come back: exit $?"
in_state fine4 "done"
exact_rows fine4 fine4.db 5000
end
[ "$sanitized" = 1 ] || [ "$took" -le 2000 ] || problem "the end beside statements without end took $took ms"

#!/usr/bin/env bash
# control.sh - a session with the verbs of the control socket: pause, step, send, raise, resume,
# tap, stop, start, run-now, log-level, status, on live graphs; what they print is compared with
# control.expected.
#
#     control.sh SLUICE PLUGIN RUDE [--write]    --write: takes the output as the expected one
. "$(dirname -- "$0")/lib.sh" "$@"

# A graph that counts in batches of ten rows, up to a bound that is changed from outside.
cat >g/numbers.yaml <<G
graph: numbers
batch: {rows: 10}
stages:
  - reader: count
    start: 1
  - filter: limit
    rows: 1000000000
  - filter: where
    keep: n % 2 = 0
  - transformer: select
    columns: {n: n, square: n * n}
  - exporter: discard
G
# One that never ends, and whose batches are all the same.
cat >g/live.yaml <<G
graph: live
batch: {rows: 10}
stages:
  - reader: count
  - transformer: select
    columns: {digit: n % 10, square: (n % 10) * (n % 10)}
  - exporter: discard
G
rows 1 5 >in.csv
follow_graph follow "$work/in.csv" "$work/out.jsonl" >g/follow.yaml
{ load_graph timed "$work/in.csv" "$work/timed.db"; echo 'every: 365d'; } >g/timed.yaml
sed -i 's/^    columns/    header: [id, text]\n&/' g/timed.yaml

# Says a command and what it prints; what differs from run to run is taken out.
say() {
    echo "\$ sluice $*"
    timeout "$patience" "$sluice" "$@" 2>&1 | sed -E "s|$work|DIR|g
        s/\"(started|ended|next|now|busy_microseconds|memory_bytes|version)\":[^,}]*/\"\1\":-/g
        s/ next [-0-9]+ [:0-9]+/ next TIME/"
    local code=${PIPESTATUS[0]}
    [ "$code" = 0 ] || echo "exit $code"
}

session() {
    echo "# paused from its beginning: a step is a batch of each exporter"
    say pause numbers
    say stop numbers
    say start numbers
    say step numbers
    say status numbers
    say step numbers 3
    say status numbers --format json

    echo "# the bound is changed between two batches, and answered"
    say send numbers.limit rows '{"rows": 50}'
    say send numbers.limit rows '{"rows": -1}'
    say send numbers.limit rows 'no json'
    say send numbers.limit no-such
    say send numbers.no-such rows '{"rows": 50}'
    say send nobody.limit rows
    say resume numbers
    in_state numbers "done"
    say status numbers
    say step numbers
    say send numbers.limit rows '{"rows": 50}'

    echo "# taps: so many rows, those that a condition is true for, one that is none"
    say tap live.select -n 3
    say tap live.select -n 2 --where 'digit > 7'
    say tap live.select -n 1 --where 'cube > 1'
    say tap live.select -n 1 --where '1; DROP TABLE x'
    say tap live.select -n 1 --where "load_extension('x')"
    say tap live.nothing
    say tap live
    say tap numbers.select

    echo "# an error that is raised in a stage ends the graph, which is started again"
    say raise follow.where 'a drill'
    shows follow '"state":"waiting".*"runs":2'
    say status follow
    echo "# a paused graph makes a step for it"
    say pause live
    say raise live.select 'a drill'
    shows live '"state":"paused".*"runs":2'
    say resume live
    say raise timed.csv 'a drill'

    echo "# schedules: run-now"
    say status timed
    say run-now timed
    in_state timed scheduled
    say status timed
    say stop timed
    say run-now timed
    in_state timed scheduled
    say stop timed
    say status

    echo "# levels of the log"
    say log-level debug numbers
    say log-level loud
    say log-level note nobody
    say log-level note
    say pause nobody
    say step
    say step follow 0
    say step follow
}

start
in_state follow waiting
session >said.txt 2>&1

# A tap that is slower than its graph sees a sample, and says so; the graph is not slowed.
mkfifo slow
exec {slow}<>slow
timeout "$patience" "$sluice" tap live.select -n 20000 >slow 2>missed &
tap=$!
before=$(member live rows_out)
until [ "$(member live rows_out)" -gt $((before + 300000)) ]; do in_state live running; done
head -n 20000 <&"$slow" | sort | uniq -c >sample
wait "$tap" || problem "a long tap: exit $?"
same "rows of a long tap" 20000 "$(awk '{ rows += $1 } END { print rows }' sample)"
same "kinds of rows" 10 "$(wc -l <sample)"
grep -q 'rows were passed over: this is a sample' missed || problem "nothing says that rows are a sample"
end
if [ "${4:-}" = --write ]; then
    cp said.txt "$here/control.expected"
else
    diff -u --label expected --label said "$here/control.expected" said.txt || problem "the session went another way"
fi

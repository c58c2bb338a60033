#!/usr/bin/env bash
# reload.sh - what a reload promises, one thing after the other: the plan that is printed, a bad
# file that changes nothing and says where it is wrong, a graph whose new version does not start,
# who is stopped meanwhile. reloads.sh does it a thousand times under load.
. "$(dirname -- "$0")/lib.sh" "$@"

reload() { # reload [OPTION...]: what is printed is in ./out and ./err
    timeout "$patience" "$sluice" reload "$@" >out 2>err
    code=$?
}
answers() { # answers WHAT CODE LINES
    same "$1: exit" "$2" "$code"
    same "$1: plan" "$3" "$(tr '\n' ' ' <out | sed 's/ $//')"
}

rows 1 100 >in.csv
follow_graph one "$work/in.csv" "$work/one.jsonl" >g/one.yaml
follow_graph two "$work/in.csv" "$work/two.jsonl" >g/two.yaml
start
in_state one waiting
in_state two waiting

reload
answers "nothing has changed" 0 "= one = two"

# A dry run says what would be done, and does nothing.
follow_graph two "$work/in.csv" "$work/two.jsonl" "written anew" >g/two.yaml
follow_graph three "$work/in.csv" "$work/three.jsonl" >g/three.yaml
rm g/one.yaml
reload --dry-run
answers "a dry run" 0 "- one + three ~ two"
same "runs after a dry run" "1 1" "$(runs one) $(runs two)"
reload
answers "the same in earnest" 0 "- one + three ~ two"
in_state three waiting
same "runs after it" "2 1" "$(runs two) $(runs three)"
"$sluice" status one >out 2>&1 && problem "a graph that was removed is still there"
exact_lines "the removed graph" one.jsonl 100

# A half-written file, at many lengths: refused with the place; only where a line has just ended may
# it be right. What runs goes on.
follow_graph two "$work/in.csv" "$work/two.jsonl" "half written" >whole.yaml
whole=$(cat whole.yaml) refused=0
for ((length = 1; length < ${#whole}; length += 11)); do
    printf '%s' "${whole:0:length}" >g/two.yaml
    reload --dry-run
    [ "$code" = 0 ] && [ "${whole:length-1:1}" = $'\n' ] && continue
    same "half-written at $length: exit" 78 "$code"
    grep -E -q '^g/two.yaml:[0-9]+:[0-9]+: ' err || problem "half-written at $length: no place: $(cat err)"
    refused=$((refused + 1))
    reload
    same "half-written at $length, in earnest: exit" 78 "$code"
done
[ "$refused" -ge 20 ] || problem "only $refused half-written files were refused"
same "runs after bad files" "2 1" "$(runs two) $(runs three)"
follow_graph two "$work/in.csv" "$work/two.jsonl" "written anew" >g/two.yaml
reload
answers "the file is as it was" 0 "= three = two"

# The place in the file, as check shows it.
sed 's/keep: id > 0/keep: idd > 0/' g/two.yaml >new && mv new g/two.yaml
reload
same "a wrong column: exit" 78 "$code"
grep -q "^g/two.yaml:11:11: stage 'where', option 'keep': no such column 'idd'" err || problem "a wrong column: $(cat err)"
grep -q "did you mean 'id'" err || problem "no hint: $(cat err)"
same "runs after a wrong column" "2" "$(runs two)"
follow_graph two "$work/in.csv" "$work/two.jsonl" "written anew" >g/two.yaml

# Two graphs of one name; a file that is a directory; bytes that are no text.
follow_graph two "$work/in.csv" "$work/other.jsonl" >g/zwei.yaml
reload
same "two graphs of one name: exit" 78 "$code"
grep -q "graph 'two' is also in 'g/two.yaml'" err || problem "two graphs of one name: $(cat err)"
rm g/zwei.yaml
mkfifo g/pipe.yaml
reload
same "a pipe: exit" 66 "$code"
grep -q "^g/pipe.yaml.*it is no file" err || problem "a pipe: $(cat err)"
rm g/pipe.yaml
# A target that cannot be made is seen before the old one is touched.
before=$(runs two)
follow_graph two "$work/in.csv" "$work/nowhere/two.jsonl" >g/two.yaml
reload
same "a folder that is missing: exit" 73 "$code"
grep -q "^g/two.yaml:[0-9]*:[0-9]*: .*there is no such folder" err || problem "a folder that is missing: $(cat err)"
same "runs beside it" "$before" "$(runs two)"
follow_graph two "$work/in.csv" "$work/two.jsonl" "written anew" >g/two.yaml
mkdir g/dir.yaml
reload
[ "$code" = 66 ] || [ "$code" = 78 ] || problem "a directory: exit $code"
grep -q "g/dir.yaml" err || problem "a directory: $(cat err)"
rmdir g/dir.yaml
printf 'graph: \xff\xfe\xc3\x28\n' >g/bytes.yaml
reload
same "bytes that are no text: exit" 78 "$code"
grep -q "^g/bytes.yaml:1:" err || problem "bytes that are no text: $(cat err)"
rm g/bytes.yaml
: >g/empty.yaml
reload
same "an empty file: exit" 78 "$code"
rm g/empty.yaml

# The directory is renamed away: said, and what runs goes on; it comes back.
mv g away
reload
same "no directory: exit" 66 "$code"
grep -q "cannot read the directory 'g'" err || problem "no directory: $(cat err)"
same "runs without a directory" "2 1" "$(runs two) $(runs three)"
rows 101 200 >>in.csv
has_lines two.jsonl 200
mv away g
reload
answers "it is back" 0 "= three = two"

# A graph is added, and works.
sql table.db "CREATE TABLE rows(id INTEGER, text)"
{ follow_graph sink "$work/in.csv" x | sed '/exporter: jsonl/,$d'
    printf '  - exporter: sqlite\n    database: %s/table.db\n    table: rows\n' "$work"; } >g/sink.yaml
reload
answers "a sink is added" 0 "+ sink = three = two"
shows sink '"type":"sqlite","rows_in":200,"rows_out":200'
rows 201 300 >>in.csv
until [ "$(sql table.db 'SELECT count(*) FROM rows')" = 300 ]; do in_state sink waiting; done
exact_rows sink table.db 300

# One that is right as far as can be seen, and does not start: its target cannot be made. The old
# one goes on, and the reload says so; then again from a graph that was failing itself.
cp g/sink.yaml good.yaml
follow_graph two "$work/in.csv" /proc/self/two.jsonl >g/two.yaml
before=$(runs two)
reload
same "a target that cannot be made: exit" 1 "$code"
same "its plan" "= sink = three ~ two" "$(grep -v '^ ' out | tr '\n' ' ' | sed 's/ $//')"
grep -q "^    g/two.yaml:13:11: .*cannot create '/proc/self/two.jsonl'" out || problem "a target that cannot be made: $(cat out)"
in_state two waiting
same "runs: the new one, the old one" $((before + 2)) "$(runs two)"
rows 301 320 >>in.csv
has_lines two.jsonl 320
mkdir dir
follow_graph full "$work/in.csv" /dev/full >g/full.yaml
follow_graph two "$work/in.csv" "$work/two.jsonl" "written anew" >g/two.yaml
reload
answers "one that fails as it writes" 0 "+ full = sink = three = two"
in_state full backoff
follow_graph full "$work/in.csv" "$work/dir" >g/full.yaml
reload
same "from bad to worse: exit" 1 "$code"
rm g/full.yaml
reload
answers "it is removed" 0 "- full = sink = three = two"

# Another, into a table that is made.
sed 's/graph: sink/graph: late/' good.yaml | sed "s|table: rows|table: late|" >g/late.yaml
reload
answers "another sink" 0 "+ late = sink = three = two"

# Stopped by an operator: a reload changes it and leaves it stopped; so does one that comes while
# it stops. Paused: it stays paused.
"$sluice" stop two >/dev/null
follow_graph two "$work/in.csv" "$work/two.jsonl" "stopped" >g/two.yaml
reload
answers "a stopped graph" 0 "= late = sink = three ~ two"
same "a stopped graph" stopped "$(state two)"
"$sluice" start two >/dev/null
"$sluice" pause three >/dev/null
follow_graph three "$work/in.csv" "$work/three.jsonl" "paused" >g/three.yaml
reload
answers "a paused graph" 0 "= late = sink ~ three = two"
in_state three paused
"$sluice" resume three >/dev/null

# A reload and a stop at once; the reload answers, whatever came first, and so does the next one.
for i in 1 2 3 4 5; do
    follow_graph two "$work/in.csv" "$work/two.jsonl" "at once $i" >g/two.yaml
    printf '%s\n' '{"sluice":1,"verb":"reload"}' | timeout "$patience" "$rude" say s.sock >/dev/null &
    "$sluice" stop two >/dev/null
    wait $! || problem "a reload was not answered"
    same "stopped at once with a reload" stopped "$(state two)"
    "$sluice" start two >/dev/null
done

# A graph goes with a reload, and whoever waits for its end wants it started again in the same breath.
for i in 1 2 3 4 5; do
    follow_graph gone "$work/in.csv" "$work/gone.jsonl" >g/gone.yaml
    reload
    rm g/gone.yaml
    kill -STOP "$pid"
    timeout "$patience" "$rude" say s.sock <<<'{"sluice":1,"verb":"reload"}' >/dev/null &
    asking=$!
    printf '{"sluice":1,"verb":"%s","graph":"gone"}\n' stop start |
        timeout "$patience" "$rude" say s.sock >answered &
    waiting=$!
    kill -CONT "$pid"
    wait "$asking" || problem "a reload was not answered"
    wait "$waiting" || problem "stop and start of a graph that goes were not answered"
    "$sluice" status gone >out 2>&1 && problem "a graph that was removed is still there"
done
"$sluice" status >/dev/null || problem "the daemon is gone"

# A graph that runs by the clock and is changed in the middle of a run goes on with it, whenever its
# next time is.
csv many.csv 200000
{ load_graph timed "$work/many.csv" "$work/timed.db"; echo 'every: 365d'; } >g/timed.yaml
reload
answers "one with a schedule" 0 "= late = sink = three + timed = two"
"$sluice" run-now timed >/dev/null
"$sluice" pause timed >/dev/null
same "it is in the middle" paused "$(state timed)"
{ load_graph timed "$work/many.csv" "$work/timed.db" "in the middle"; echo 'every: 365d'; } >g/timed.yaml
reload
answers "changed in the middle of a run" 0 "= late = sink = three ~ timed = two"
"$sluice" resume timed >/dev/null
in_state timed scheduled
same "runs of timed" 2 "$(runs timed)"
exact_rows timed timed.db 200000

# Reloads by SIGHUP, and many that were asked for in one breath on one connection.
follow_graph two "$work/in.csv" "$work/two.jsonl" "by a signal" >g/two.yaml
before=$(runs two)
kill -HUP "$pid"
shows two "\"state\":\"waiting\".*\"runs\":$((before + 1)),"
follow_graph two "$work/in.csv" "$work/two.jsonl" "in one breath" >g/two.yaml
for i in $(seq 20); do echo '{"sluice":1,"verb":"reload"}'; done |
    timeout "$patience" "$rude" say s.sock >breath || problem "a reload was not answered"
same "answers" 20 "$(grep -c '"ok":true' breath)"
same "changes in one breath" 1 "$(grep -c '"what":"~"' breath)"

for graph in two three; do has_lines $graph.jsonl 320; done
end
exact_lines two two.jsonl 320
exact_lines three three.jsonl 320
exact_rows sink table.db 320

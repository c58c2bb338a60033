#!/usr/bin/env bash
# roots.sh - a daemon that lets graphs reach only one directory: those that stay in it run, others are
# refused at the start, at a reload, and when what they lead through has become a link that leaves.
. "$(dirname -- "$0")/lib.sh" "$@"

mkdir -p data/d outside
rows 1 10 | tee data/in.csv >outside/in.csv
follow_graph stays data/in.csv data/d/out.jsonl >g/stays.yaml
follow_graph leaves outside/in.csv data/leaves.jsonl >g/leaves.yaml
load_graph stored "$work/data/in.csv" data/d/../d/stored.db | sed 's/^    columns/    header: [id, text]\n&/' \
    >g/stored.yaml
why='leads out of the directories that may be reached'

"$sluice" daemon --config g --root data --root none 2>refused
same "the code of a root that is not there" 64 $?
grep -q "confined to 'none': No such file" refused || problem "no reason: $(cat refused)"

start --root data
has_lines data/d/out.jsonl 10
in_state stored "done"
exact_rows "rows in a database below the root" data/d/stored.db 10
shows leaves "\"name\":\"leaves\",\"state\":\"(failed|backoff)\".*$why.*\"code\":77"
said "leaves.*'outside/in.csv': it $why"

# What runs goes on when a reload would let it out.
follow_graph stays data/in.csv outside/out.jsonl changed >g/stays.yaml
"$sluice" reload >reload.txt 2>&1
[ $? != 0 ] || problem "a graph that leaves was taken"
grep -q "cannot create 'outside/out.jsonl': it $why" reload.txt || problem "no reason: $(cat reload.txt)"
rows 11 20 >>data/in.csv
has_lines data/d/out.jsonl 20

# The directory becomes a link while the graph is stopped.
"$sluice" stop stays >/dev/null
mv data/d data/was
ln -s ../outside data/d
"$sluice" start stays >/dev/null 2>&1
shows stays "\"name\":\"stays\",\"state\":\"(failed|backoff)\".*$why.*\"code\":77"
same "what is outside" in.csv "$(ls outside)"
rm data/d
mv data/was data/d
rows 21 30 >>data/in.csv
"$sluice" start stays >/dev/null
has_lines data/d/out.jsonl 30
exact_lines "each row once" data/d/out.jsonl 30
end

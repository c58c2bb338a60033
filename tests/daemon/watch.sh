#!/usr/bin/env bash
# watch.sh - `--watch`: files that come, change and go are taken by themselves; a wrong one changes
# nothing; a directory that goes and comes back, or is another one, is watched on.
. "$(dirname -- "$0")/lib.sh" "$@"

rows 1 50 >in.csv
graph() { # graph NAME [COMMENT] [DIRECTORY]: by renaming, as one should
    follow_graph "$1" "$work/in.csv" "$work/$1.jsonl" "${2:-as it was}" >made
    mv made "${3:-g}/$1.yaml"
}
reloaded() { said "the configuration was reloaded, $1\$" || problem "not taken: $1"; }

graph one
start --watch
graph two
reloaded '\+ two'
graph two changed
reloaded '~ two'
echo 'graph: [' >g/three.yaml
said 'the configuration is refused, what ran goes on' || problem "a wrong file is not said"
in_state two waiting
graph three
reloaded '\+ three'
rm g/one.yaml
reloaded '- one'

# The directory goes: what runs goes on.
mv g away
said "cannot read the directory 'g'" || problem "nothing is said of a directory that went"
in_state two waiting
graph four '' away
mv away g
reloaded '\+ four'
graph five
reloaded '\+ five'

# Another one of that name.
mkdir other
for name in two three four six; do graph $name 'in the other one' other; done
mv g away
mv other g
reloaded '- five, ~ four, \+ six, ~ three, ~ two'
graph seven
reloaded '\+ seven'
for name in two three four six seven; do has_lines "$name.jsonl" 50; done
end
for name in two three four six seven; do exact_lines "$name" "$name.jsonl" 50; done

# A directory that is not there at the start is waited for.
mv g away2
"$sluice" daemon --config g -v --watch 2>>log &
pid=$!
said 'ready$' 2 || problem "the daemon is not ready without its directory"
mv away2 g
said 'the configuration was reloaded, \+ four, \+ seven, \+ six, \+ three, \+ two$' ||
    problem "a directory that came is not taken"
end

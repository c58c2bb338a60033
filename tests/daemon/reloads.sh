#!/usr/bin/env bash
# reloads.sh - a thousand reloads under load: good ones, half-written ones, graphs that go and come,
# by the client and by SIGHUP, some at the same moment as a SIGTERM, after which the daemon is
# started again. Rows flow all the while, from a large file into SQLite and from a file that grows
# into JSON lines; at the end each is there once, in order, and a graph that was never changed has
# never been started again by a reload.
#
#     RELOADS=N SEED=N reloads.sh ...    more of them, another order
. "$(dirname -- "$0")/lib.sh" "$@"
reloads=${RELOADS:-1000}
[ "$sanitized" = 0 ] || reloads=${RELOADS:-100}
RANDOM=${SEED:-1917}
good=0 bad=0 removed=0 added=0 signals=0 stops=0 given=0 starts=0 lost=0 pending=0

give() { # rows for the graphs that follow
    rows $((given + 1)) $((given + 20)) >>grows.csv
    given=$((given + 20))
}
write() { # write NAME: one of the graphs, changed; by renaming, as one should
    case $1 in
    load*) load_graph "$1" "$work/large.csv" "$work/$1.db" "version $RANDOM$RANDOM" ;;
    *) follow_graph "$1" "$work/grows.csv" "$work/$1.jsonl" "version $RANDOM$RANDOM" ;;
    esac >new
    mv new "g/$1.yaml"
}
reload() { # reload WHAT: wants exit 0; reloads by signals are answered before it
    timeout "$patience" "$sluice" reload >out 2>err
    same "reload $i, $1: exit" 0 $?
    pending=0
}
check_instances() { # `still` was started once by each daemon
    same "reload $i: instances of the graph that is never changed" 1 "$(runs still)"
}

rows 1 20 >grows.csv
given=20
csv large.csv 400000
for graph in load1 load2 follow1 follow2 still; do write $graph; done
start
starts=1
graphs=(load1 load2 follow1 follow2)
for ((i = 1; i <= reloads && failed == 0; i++)); do
    graph=${graphs[RANDOM % 4]}
    give
    case $((RANDOM % 20)) in
    [0-8])
        write "$graph"
        was_pending=$pending
        reload "$graph changed"
        # A reload by a signal that was still to come may have taken it along.
        grep -q "^~ $graph" out || [ "$was_pending" = 1 ] || problem "reload $i: $graph was not changed: $(cat out err)"
        good=$((good + 1))
        ;;
    9 | 10 | 11 | 12)
        [ $pending = 0 ] || reload "what was changed before"
        cp "g/$graph.yaml" whole
        # Up to the exporter's options: a file that was cut in a path would be another good one.
        most=$(grep -b -o 'exporter: ....' whole)
        head -c $((30 + RANDOM % (${most%%:*} - 16))) whole >"g/$graph.yaml"
        before=$(runs "$graph")
        timeout "$patience" "$sluice" reload >out 2>err
        same "reload $i: half-written: exit" 78 $?
        grep -E -q "^g/$graph.yaml:[0-9]+:[0-9]+: " err || problem "reload $i: no place: $(cat err)"
        same "reload $i: runs of $graph after a bad file" "$before" "$(runs "$graph")"
        bad=$((bad + 1))
        mv whole "g/$graph.yaml"
        reload "$graph mended"
        ;;
    13 | 14)
        mv "g/$graph.yaml" gone
        was_pending=$pending
        reload "$graph removed"
        grep -q "^- $graph" out || [ "$was_pending" = 1 ] || problem "reload $i: $graph was not removed: $(cat out err)"
        "$sluice" status "$graph" >/dev/null 2>&1 && problem "reload $i: $graph is still there"
        give
        mv gone "g/$graph.yaml"
        removed=$((removed + 1))
        was_pending=$pending
        reload "$graph added"
        grep -q "^+ $graph" out || [ "$was_pending" = 1 ] || problem "reload $i: $graph was not added: $(cat out err)"
        added=$((added + 1))
        ;;
    15 | 16)
        [ $pending = 0 ] || reload "what was changed before"
        reload "nothing changed"
        grep -q '^[-+~]' out && problem "reload $i: something has changed: $(cat out)"
        ;;
    17 | 18)
        write "$graph"
        kill -HUP "$pid"
        pending=1
        signals=$((signals + 1))
        ;;
    *)  # a reload and a stop at once: it is answered, or says that the daemon is gone
        write "$graph"
        timeout "$patience" "$sluice" reload >/dev/null 2>&1 &
        client=$!
        for ((look = RANDOM % 6; look > 0; look--)); do "$sluice" status >/dev/null; done
        kill -TERM "$pid"
        wait "$pid" || problem "reload $i: the daemon ended with $?"
        wait "$client"
        code=$?
        case $code in
        0) ;;
        75) lost=$((lost + 1)) ;;
        *) problem "reload $i: a reload during a stop: exit $code" ;;
        esac
        start
        pending=0
        starts=$((starts + 1))
        ;;
    esac
    [ $((i % 50)) != 0 ] || check_instances
done
check_instances
for graph in load1 load2; do in_state $graph "done"; done
for graph in follow1 follow2 still; do has_lines $graph.jsonl "$given"; done
open=$(ls "/proc/$pid/fd" | wc -l)
[ "$open" -le 64 ] || problem "$open descriptors are open at the end"
end
for graph in load1 load2; do exact_rows $graph $graph.db 400000; done
for graph in follow1 follow2 still; do exact_lines $graph $graph.jsonl "$given"; done
echo "$((i - 1)) rounds: $good good, $bad bad, $removed removed and added, $signals by SIGHUP, $((starts - 1)) with SIGTERM ($lost unanswered), $given rows given, $open descriptors"

#!/usr/bin/env bash
# schedules.sh - graphs that run by the clock: `every` in real time; then 27 hours in a
# minute, over a change of the clocks, with memory and descriptors flat and ticks that were missed
# said; a clock that is set by 400 days and back.
. "$(dirname -- "$0")/lib.sh" "$@"

timed() { # timed NAME WHEN...: a graph whose source grows, run by run
    load_graph "$1" "$work/in.csv" "$work/$1.db"
    shift
    printf '%s\n' "$@"
}

# In real time: each run takes the rows that came since the last one.
csv in.csv 10
timed often 'every: 1s' >g/often.yaml
start
shows often '"state":"scheduled".*"runs":[1-9]'
rows 11 20 >>in.csv
shows often "\"state\":\"scheduled\".*\"runs\":$(($(runs often) + 2)),"
end
exact_rows often often.db 20
rm g/often.yaml

# A graph that is new waits for its time. What was missed while the daemon was down is made up for
# by one run; what was served is not served again.
timed daily 'every: 366d' >g/daily.yaml
start
same "a graph that is new" scheduled "$(state daily)"
same "runs of a graph that is new" 0 "$(runs daily)"
end
tick=$XDG_STATE_HOME/sluice/daily.tick
[ -s "$tick" ] || problem "the tick is not kept"
echo 1000000 >"$tick" # in 1970
start
shows daily '"state":"scheduled".*"runs":1,'
end
grep -q 'daily.* ticks of the schedule were missed: one run serves them' log ||
    problem "nothing is said of ticks that were missed while the daemon was down"
exact_rows daily daily.db 20
start
same "state of a schedule that was served" scheduled "$(state daily)"
same "runs of a schedule that was served" 0 "$(runs daily)"
end
rm g/daily.yaml

faketime=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null)
[ "$sanitized" = 0 ] && [ -n "$faketime" ] || { echo "no libfaketime to be had"; exit 77; }
fast() {
    LD_PRELOAD=$faketime exec "$@"
}
around=(fast)

# ---- 27 hours --------------------------------------------------------------------------------

# From Saturday 20:00 UTC; in Berlin the clocks go from 02:00 to 03:00 on Sunday at 01:00 UTC.
export FAKETIME='@2026-03-28 20:00:00 x2000'
look_every=200s
# Half a minute is 15 ms here, which a busy machine may take for one step.
stuck='stuck_after: 6h'
timed quarters 'cron: "*/15 * * * *"' 'timezone: UTC' "$stuck" >g/quarters.yaml
timed spring 'cron: "30 2 * * *"' 'timezone: Europe/Berlin' "$stuck" >g/spring.yaml
timed minutes 'every: 5m' "$stuck" >g/minutes.yaml
follow_graph waits "$work/in.csv" "$work/waits.jsonl" >g/waits.yaml
sed -i "/header:/d; /poll:/d; 2i$stuck" g/waits.yaml
begin=$(date -u -d '2026-03-28 20:00' +%s)
for graph in quarters spring minutes; do echo "${begin}000000" >"$XDG_STATE_HOME/sluice/$graph.tick"; done
start
resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; }
descriptors() { ls "/proc/$pid/fd" | wc -l; }
next() { date -u -d "@$(($(member "$1" next) / 1000000))" '+%F %H:%M'; }
in_state spring scheduled
same "a time that the clocks leave out" "2026-03-29 01:00" "$(next spring)"
shows quarters '"state":"scheduled".*"runs":(3[0-9]|4[0-9]),'
before=$(resident) open=$(descriptors)
times=
for ((time = $(date -u -d '2026-03-29 23:15' +%s); time < $(date -u -d '2026-03-30 12:00' +%s); time += 900)); do
    times="$times|${time}000000"
done
shows quarters "\"next\":(${times#|}),"
after=$(resident) still=$(descriptors)

# Each time was served, or is counted with those that a later run made up for.
ticks() { # ticks GRAPH PERIOD: from 20:00 on, to the last that has passed
    local look next runs missed
    look=$("$sluice" top "$1" --interval "$look_every" --format json 2>/dev/null |
        grep -m1 '"state":"scheduled"')
    next=$(sed -n 's/.*"next":\([0-9]*\)000000,.*/\1/p' <<<"$look")
    runs=$(sed -n 's/.*"runs":\([0-9]*\),.*/\1/p' <<<"$look")
    missed=$(sed -n 's/.*"missed":\([0-9]*\),.*/\1/p' <<<"$look")
    same "ticks of $1, $runs runs and $missed missed" $(((next - begin) / $2 - 1)) $((runs + missed))
}
ticks quarters 900
ticks minutes 300
case $(next spring) in
"2026-03-30 00:30") same "runs of a time that the clocks leave out" 1 "$(runs spring)" ;;
*) problem "spring runs at $(next spring)" ;;
esac
[ "$after" -le $((before + 2048)) ] || problem "memory grows: $before KiB, then $after KiB"
[ "$still" -le $((open + 12)) ] || problem "descriptors grow: $open, then $still"
echo "27 hours: $(runs quarters) runs by cron, $(runs minutes) by the minute; $before then $after KiB, $open then $still descriptors"
end
for graph in quarters spring minutes; do exact_rows $graph $graph.db 20; done
exact_lines waits waits.jsonl 20
rm g/*

# ---- A clock that is set --------------------------------------------------------------------

# The time is what stands in a file, and is looked at anew at each call.
unset FAKETIME
export FAKETIME_TIMESTAMP_FILE=$work/now FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
look_every=100ms
clock() { # in one move
    echo "$1" >now.new
    mv now.new now
}
clock '@2026-06-01 12:00:00'
timed hourly 'every: 1h' >g/hourly.yaml
start
in_state hourly scheduled
same "the next run" "2026-06-01 13:00" "$(next hourly)"
clock '@2027-07-06 12:00:00' # 400 days on
"$sluice" run-now hourly >/dev/null
in_state hourly scheduled
same "the next run, 400 days on" "2027-07-06 13:00" "$(next hourly)"
clock '@2026-06-01 12:30:00' # and back
"$sluice" run-now hourly >/dev/null
in_state hourly scheduled
same "the next run, back again" "2026-06-01 13:00" "$(next hourly)"
grep -q '1000 or more ticks of the schedule were missed: one run serves them' log || problem "nothing is said of missed ticks"
grep -q 'the clock was set back by' log || problem "nothing is said of a clock that was set back"
end
exact_rows hourly hourly.db 20

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
timed quarters 'cron: "*/15 * * * *"' 'timezone: UTC' >g/quarters.yaml
timed spring 'cron: "30 2 * * *"' 'timezone: Europe/Berlin' >g/spring.yaml
timed minutes 'every: 5m' >g/minutes.yaml
follow_graph waits "$work/in.csv" "$work/waits.jsonl" >g/waits.yaml
sed -i '/header:/d; /poll:/d' g/waits.yaml
start
resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; }
descriptors() { ls "/proc/$pid/fd" | wc -l; }
shows quarters '"state":"scheduled".*"runs":(3[0-9]|4[0-9]),'
before=$(resident) open=$(descriptors)
until_time() { # until_time TIME...: waits until the next run of `quarters` is at one of them
    local list= time
    for time in "$@"; do list="$list|$(date -u -d "$time" +%s)000000"; done
    shows quarters "\"next\":(${list#|}),"
}
until_time '2026-03-29 23:15' '2026-03-29 23:30' '2026-03-29 23:45'
after=$(resident) still=$(descriptors)

# 27 hours have 108 quarters and 324 times five minutes; a run that is late serves what it missed.
# 30 seconds are 15 ms here: a machine that is busy for so long makes a graph look as if it hung, and
# it is restarted, which is a run more.
restarted() { grep -c "graph '$1' has not come back" log; }
served() { echo $(($(runs "$1") - $(restarted "$1") + $(member "$1" missed))); }
quarters=$(served quarters) minutes=$(served minutes)
[ "$quarters" -ge 105 ] && [ "$quarters" -le 116 ] || problem "quarters: $quarters ticks served"
[ "$minutes" -ge 315 ] && [ "$minutes" -le 345 ] || problem "minutes: $minutes ticks served"
same "runs of a time that the clocks leave out" 1 "$(served spring)"
started=$(date -u -d "@$(($(member spring started) / 1000000))" '+%F %H:%M')
case $started in # a minute of that time is 30 ms
"2026-03-29 01:0"?) ;;
*) [ "$(restarted spring)" -gt 0 ] || problem "it ran at $started, not at the first minute behind the gap" ;;
esac
[ "$after" -le $((before + 2048)) ] || problem "memory grows: $before KiB, then $after KiB"
[ "$still" -le $((open + 12)) ] || problem "descriptors grow: $open, then $still"
echo "27 hours: $(runs quarters) runs by cron, $(runs minutes) by the minute, $(grep -c "has not come back" log) restarts; $before then $after KiB, $open then $still descriptors"
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
next() { date -u -d "@$(($(member hourly next) / 1000000))" '+%F %H:%M'; }
same "the next run" "2026-06-01 13:00" "$(next)"
clock '@2027-07-06 12:00:00' # 400 days on
"$sluice" run-now hourly >/dev/null
in_state hourly scheduled
same "the next run, 400 days on" "2027-07-06 13:00" "$(next)"
clock '@2026-06-01 12:30:00' # and back
"$sluice" run-now hourly >/dev/null
in_state hourly scheduled
same "the next run, back again" "2026-06-01 13:00" "$(next)"
grep -q '1000 ticks of the schedule were missed: one run serves them' log || problem "nothing is said of missed ticks"
grep -q 'the clock was set back by' log || problem "nothing is said of a clock that was set back"
end
exact_rows hourly hourly.db 20

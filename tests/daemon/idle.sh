#!/usr/bin/env bash
# idle.sh - twenty graphs that wait for rows cost next to nothing: at most 12 MiB resident and 0.2 %
# of a processor, over some seconds; and nothing grows.
. "$(dirname -- "$0")/lib.sh" "$@"
seconds=10

for i in $(seq 20); do
    rows 1 50 >"in$i.csv"
    follow_graph "follow$i" "$work/in$i.csv" "$work/out$i.jsonl" >"g/follow$i.yaml"
    sed -i '/poll:/d' "g/follow$i.yaml" # as often as it does where nothing is said
done
start
for i in $(seq 20); do has_lines "out$i.jsonl" 50; in_state "follow$i" waiting; done

ticks() { # of a processor, so far
    local stat
    stat=$(<"/proc/$pid/stat")
    set -- ${stat##*) }
    echo $((${12} + ${13}))
}
resident() { # KiB
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"
}
mkfifo silence
exec {silence}<>silence
before=$(ticks)
read -r -t "$seconds" <&"$silence" # nobody writes
used=$(($(ticks) - before)) rss=$(resident) open=$(ls "/proc/$pid/fd" | wc -l)
hertz=$(getconf CLK_TCK)
# Hundredths of a percent.
share=$((used * 10000 / hertz / seconds))
echo "20 waiting graphs: $rss KiB resident, $((share / 100)).$(printf %02d $((share % 100))) % of a processor, $open descriptors"
if [ "$sanitized" = 0 ]; then
    [ "$rss" -le $((12 * 1024)) ] || problem "$rss KiB are resident"
    # A tick of the clock is 0.1 % of these seconds: one is forgiven.
    [ "$used" -le $((hertz * seconds * 2 / 1000 + 1)) ] || problem "$used ticks in $seconds s"
fi
for i in $(seq 20); do same "state of follow$i" waiting "$(state "follow$i")"; done
end

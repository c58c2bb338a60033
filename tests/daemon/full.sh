#!/usr/bin/env bash
# full.sh - the disk is full: a daemon whose sinks are on it says so, waits, and goes on by itself
# when there is room; nothing is lost or doubled. Needs a mount namespace, to have a small disk.
if [ "${FULL_INSIDE:-}" != 1 ]; then
    unshare -m true 2>/dev/null || { echo "no mount namespace can be had here"; exit 77; }
    FULL_INSIDE=1 exec unshare -m bash "$0" "$@"
fi
. "$(dirname -- "$0")/lib.sh" "$@"

mkdir small
mount -t tmpfs -o size=4m tmpfs small || { echo "no tmpfs can be mounted here"; exit 77; }
csv many.csv 20000
rows 1 5000 >in.csv
load_graph load "$work/many.csv" "$work/small/load.db" >g/load.yaml
follow_graph lines "$work/in.csv" "$work/small/lines.jsonl" >g/lines.yaml
follow_graph elsewhere "$work/in.csv" "$work/elsewhere.jsonl" >g/elsewhere.yaml
head -c $((4 * 1024 * 1024 - 300 * 1024)) /dev/zero >small/ballast
start
in_state load backoff
has_lines elsewhere.jsonl 5000
"$sluice" status load | grep -i -q 'full\|no space' || problem "load: $("$sluice" status load)"
rows 5001 12000 >>in.csv
has_lines elsewhere.jsonl 12000
in_state lines backoff
"$sluice" status lines | grep -i -q 'full\|no space' || problem "lines: $("$sluice" status lines)"

# A stop and a start in the middle of it.
end
start
in_state load backoff

# Room again: within the back-off everything goes on, without a hand.
rm small/ballast
in_state load "done"
has_lines small/lines.jsonl 12000
in_state lines waiting
end
exact_rows load small/load.db 20000
exact_lines lines small/lines.jsonl 12000
exact_lines elsewhere elsewhere.jsonl 12000
umount small

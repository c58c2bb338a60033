#!/usr/bin/env bash
# run.sh - the same work by Sluice and by other tools on this machine, side by side.
#
#     run.sh SLUICE [ROWS]        200,000 orders by default; 5000000 is 389 MB of CSV
#
# RUNS=3 runs of each, in turn; the median counts. DATA= where inputs are kept between runs.
# Tools that are not installed are left out. It measures; it decides nothing.
set -u
sluice=$(realpath "$1") rows=${2:-${ROWS:-200000}} runs=${RUNS:-3}
here=$(cd "$(dirname "$0")" && pwd)
data=${DATA:-${TMPDIR:-/tmp}/sluice-bench}/$rows
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
has() { command -v "$1" >/dev/null 2>&1; }

has sqlite3 || { echo "sqlite3 is needed to make the data"; exit 1; }
"$here/data.sh" "$data" "$rows" >/dev/null || exit 1
has cc && cc -O2 -o "$work/load" "$here/peers/load.c" -lsqlite3 2>/dev/null

# measure COMMAND...: "seconds kilobytes" of one run.
measure() {
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -f '%e %M' -o "$work/time" "$@" >/dev/null 2>"$work/stderr" || { cat "$work/stderr" >&2; return 1; }
        tail -n 1 "$work/time"
    else
        local TIMEFORMAT='%R 0'
        { time "$@" >/dev/null 2>&1; } 2>&1
    fi
}

median() { sort -n | awk '{a[NR] = $0} END {print a[int((NR + 1) / 2)]}'; }

# The result of a run as text that can be compared: sorted rows, numbers without a trailing .0.
normal() {
    case $1 in
    *.db) sqlite3 "$1" 'SELECT * FROM orders' ;;
    *.jsonl) sed 's/": /":/g; s/, "/,"/g' "$1" ;;
    *) cat "$1" ;;
    esac | sed -E 's/([0-9])\.0+(,|\||$|\})/\1\2/g; s/(\.[0-9]*[1-9])0+(,|\||$|\})/\1\2/g' | LC_ALL=C sort | cksum
}

# compare TITLE INPUT-BYTES ROWS OUTPUT NAME COMMAND [NAME COMMAND ...]: ours first. A command is
# a line for bash; the output goes to $out.
compare() {
    local title=$1 bytes=$2 count=$3 output=$4 ours= first= name command i seconds memory verdict
    shift 4
    printf '\n%s: %s rows, %s MB\n' "$title" "$count" "$((bytes / 1000000))"
    printf '  %-22s %8s %9s %12s %8s %7s  %s\n' tool seconds MB/s rows/s "peak MB" ratio output
    while [ $# -gt 0 ]; do
        name=$1 command=$2
        shift 2
        export out="$work/out$output"
        : >"$work/runs"
        for ((i = 0; i < runs; i++)); do
            rm -f "$out" "$out-wal" "$out-shm"
            measure bash -c "exec $command" >>"$work/runs" || { echo "  $name failed"; continue 2; }
        done
        seconds=$(cut -d' ' -f1 "$work/runs" | median) memory=$(cut -d' ' -f2 "$work/runs" | median)
        verdict=$(normal "$out")
        [ -n "$first" ] || first=$verdict ours=$seconds
        [ "$verdict" = "$first" ] && verdict=same || verdict=DIFFERENT
        awk -v n="$name" -v s="$seconds" -v m="$memory" -v b="$bytes" -v r="$count" -v o="$ours" -v v="$verdict" 'BEGIN {
            if (s == 0) s = 0.005; if (o == 0) o = 0.005
            printf "  %-22s %8.2f %9.0f %12.0f %8.1f %7.2f  %s\n", n, s, b / s / 1e6, r / s, m / 1000, s / o, v }'
    done
}

size() { cat "$@" | wc -c; }
graph() { echo "$sluice run -q $here/graphs/$1.yaml --set in='$2' --set out=\$out"; }
csv=$data/orders.csv python=$(command -v python3 || true)
peers=()
add() { if [ -n "$1" ]; then peers+=("$2" "$3"); fi; } # add CONDITION NAME COMMAND
is() { has "$1" && echo yes; }

peers=(sluice "$(graph orders "$csv")")
add "$python" python3 "$python $here/peers/orders.py $csv \$out"
add "$(is mlr)" mlr "mlr --csv filter '\$status == \"paid\" && \$amount >= 100' then put '\$country = toupper(\$country); \$total = \$amount * 2.5' then cut -o -f id,customer,country,total $csv > \$out"
compare "csv -> filter, compute -> csv" "$(size "$csv")" "$rows" .csv "${peers[@]}"

peers=(sluice "$(graph through "$csv")")
add "$python" python3 "$python $here/peers/through.py $csv \$out"
add "$(is mlr)" mlr "mlr --csv cat $csv > \$out"
compare "csv -> csv" "$(size "$csv")" "$rows" .csv "${peers[@]}"

peers=(sluice "$(graph load "$csv")")
add "$([ -x "$work/load" ] && echo yes)" "C, prepared INSERTs" "$work/load $csv \$out"
add yes "sqlite3 .import" "sqlite3 \$out 'PRAGMA journal_mode=wal' 'PRAGMA synchronous=normal' 'CREATE TABLE orders(id INTEGER, ts TEXT, customer TEXT, country TEXT, amount REAL, status TEXT, note TEXT)' '.mode csv' '.import --skip 1 $csv orders'"
add "$python" python3 "$python $here/peers/load.py $csv \$out"
compare "csv -> sqlite" "$(size "$csv")" "$rows" .db "${peers[@]}"

peers=(sluice "$(graph copy "$data/orders.db")")
add yes "sqlite3 INSERT SELECT" "sqlite3 \$out 'PRAGMA journal_mode=wal' 'PRAGMA synchronous=normal' \"ATTACH '$data/orders.db' AS s\" 'CREATE TABLE orders AS SELECT id, customer, amount FROM s.orders WHERE status = '\''paid'\'"
add "$python" python3 "$python $here/peers/copy.py $data/orders.db \$out"
compare "sqlite -> sqlite" "$(size "$data/orders.db")" "$rows" .db "${peers[@]}"

peers=("pages by key" "$(graph pages "$data/orders.db")" "one cursor" "$(graph pages "$data/orders.db") --set page=cursor")
compare "sqlite in pages -> one in a hundred -> csv" "$(size "$data/orders.db")" "$rows" .csv "${peers[@]}"

peers=(sluice "$(graph logs "$data/logs/*.log.gz")")
add "$(is mawk)" "gzip | mawk" "bash -c 'gzip -dc $data/logs/*.log.gz | mawk '\''\$9 >= 500 && \$9 <= 599 && \$6 ~ /^\"[A-Z]+\$/ {n[\$7]++} END {print \"path,errors\"; for (p in n) print p \",\" n[p]}'\'' > \$out'"
add "$python" python3 "$python $here/peers/logs.py '$data/logs/*.log.gz' \$out"
compare "gzipped logs -> count by path" "$(size "$data"/logs/*.gz)" $((rows / 2)) .csv "${peers[@]}"

peers=(sluice "$(graph objects "$data/orders.jsonl")")
add "$python" python3 "$python $here/peers/objects.py $data/orders.jsonl \$out"
add "$(is mlr)" mlr "mlr --ijsonl --ojsonl filter '\$status == \"paid\"' then cut -o -f id,customer,amount $data/orders.jsonl > \$out"
compare "jsonl -> filter -> jsonl" "$(size "$data/orders.jsonl")" "$rows" .jsonl "${peers[@]}"

peers=(sluice "$(graph numbers "$rows")")
add "$python" python3 "$python $here/peers/numbers.py $rows \$out"
compare "numbers -> even -> doubled" 0 "$rows" .csv "${peers[@]}"

cat <<TEXT

ratio: seconds of the tool divided by ours. peak: the largest process. output: whether the rows
are the same as ours, sorted, 1.50 and 1.5 taken as equal.
TEXT

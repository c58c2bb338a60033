#!/usr/bin/env bash
# long.sh - the faults by the hour: other seeds each time, and every point where `make test`
# takes a sample; simulated machines, power cuts and sources that change, too.
#
#     long.sh BUILD HOURS [SEED]
#
# Prints the seed of each program before it runs. Ends at the first failure, with its code.
set -eu

build=$(realpath -- "$1")
hours=$2
seed=${3:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
sluice=$build/sluice
faults=$build/tests/faults
disk=$(mktemp -d "${TMPDIR:-/tmp}/sluice-torture-XXXXXX")
memory=$disk
[ ! -d /dev/shm ] || memory=$(mktemp -d /dev/shm/sluice-torture-XXXXXX)
end=$(awk -v now="$(date +%s)" -v hours="$hours" 'BEGIN { printf "%d", now + hours * 3600 }')

is_time() {
    [ "$(date +%s)" -lt "$end" ]
}

take() { # take PROGRAM ARGUMENT...
    local work=$disk program=$1 code=0
    is_time || return 0
    [ $((RANDOM % 2)) = 0 ] || work=$memory
    shift
    echo "fault_$program $* (in $work)"
    "$faults/fault_$program" "$sluice" "$@" "$work/$program" || code=$?
    [ $code = 77 ] || [ $code = 0 ] || exit "$code"
}

# Programs of tests/unit that draw histories from a seed.
draw() { # draw PROGRAM VARIABLE COUNT
    is_time || return 0
    echo "$1: $2=$3 SLUICE_FIRST=$((seed * 100000))"
    (cd -- "$disk" && env CK_FORK=no "$2=$3" SLUICE_FIRST=$((seed * 100000)) "$build/tests/$1")
}

echo "torture: seed $seed, $hours hours; again with: SEED=$seed"
while is_time; do
    draw test_simulation SLUICE_SEEDS 2000
    draw test_mutations SLUICE_HISTORIES 2000
    for scenario in csv-sqlite csv-jsonl sqlite-sqlite sqlite-jsonl follow fan-out rejects \
        rejects-table limit aggregate; do
        take kill $scenario 2000 "$seed"
    done
    for scenario in csv-sqlite csv-jsonl sqlite-sqlite fan-out rejects-table aggregate; do
        for mode in kill errors recovery-kill recovery-errors; do
            take syscalls $scenario $mode 0 "$seed"
        done
    done
    take alloc "$faults/librefuse_memory.so" 0 "$seed"
    take full disk
    take full descriptors
    seed=$((seed + 1))
done
rm -rf -- "$disk" "$memory"
echo "torture: nothing found"

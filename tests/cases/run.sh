#!/usr/bin/env bash
# Runs one case: run.sh SLUICE DIRECTORY. README.md says what stands in the directory.
set -u

sluice=$(realpath -- "$1")
case_dir=$(realpath -- "$2")
name=$(basename -- "$case_dir")
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-case-XXXXXX") || exit 1
trap 'rm -rf -- "$work"' EXIT
dir=$work/$name
failed=0

problem() {
    echo "case $name: $*"
    failed=1
}

cp -R -- "$case_dir" "$dir" || exit 1
rm -rf -- "$dir/expected" "$dir"/expected.* "$dir/check.sh"
cd -- "$dir" || exit 1

if [ ! -e "$case_dir/exit" ] && [ ! -e "$case_dir/expected.out" ] &&
    [ ! -e "$case_dir/expected.err" ] && [ ! -d "$case_dir/expected" ] &&
    [ ! -e "$case_dir/check.sh" ]; then
    problem "says nothing of what must come out"
fi

export SLUICE=$sluice CASE=$case_dir LC_ALL=C TZ=UTC NO_COLOR=1 HOME=$work XDG_STATE_HOME=$work/state
unset COLUMNS LINES
input=/dev/null
[ -e "$case_dir/stdin" ] && input=$case_dir/stdin

arguments='run -q graph.yaml'
[ -e "$case_dir/cmd" ] && arguments=$(cat -- "$case_dir/cmd")
eval "set -- $arguments"
timeout --kill-after=5 60 "$sluice" "$@" <"$input" >"$work/out" 2>"$work/err"
code=$?

wanted=0
[ -e "$case_dir/exit" ] && wanted=$(tr -d '[:space:]' <"$case_dir/exit")
[ "$code" = "$wanted" ] || problem "exit code $code, not $wanted"

if grep -E -q 'ERROR: (Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:' "$work/err"; then
    problem "a sanitizer found something"
fi

if [ -e "$case_dir/expected.out" ]; then
    diff -u --label expected.out --label stdout "$case_dir/expected.out" "$work/out" ||
        problem "standard output differs"
fi

# Each line of expected.err stands in some line of stderr, in this order.
if [ -e "$case_dir/expected.err" ]; then
    awk 'NR == FNR { wanted[++count] = $0; next }
         at < count && index($0, wanted[at + 1]) { at++ }
         END { if (at < count) { print "not in stderr (in this order): " wanted[at + 1]; exit 1 } }
        ' "$case_dir/expected.err" "$work/err" || problem "standard error differs"
fi

if [ -d "$case_dir/expected" ]; then
    while IFS= read -r -d '' file; do
        file=${file#./}
        if [ ! -e "$file" ]; then
            problem "there is no file '$file'"
        elif ! cmp -s -- "$case_dir/expected/$file" "$file"; then
            diff -u -a -- "$case_dir/expected/$file" "$file" | head -40
            problem "the file '$file' differs"
        fi
    done < <(cd -- "$case_dir/expected" && find . -type f -print0)
fi

if [ -e "$case_dir/check.sh" ]; then
    OUT=$work/out ERR=$work/err timeout --kill-after=5 60 bash -e "$case_dir/check.sh" ||
        problem "check.sh failed"
fi

if [ "$failed" = 1 ]; then
    echo "--- sluice $arguments: stdout"
    head -c 4000 -- "$work/out"
    echo "--- stderr"
    head -c 8000 -- "$work/err"
fi
exit "$failed"

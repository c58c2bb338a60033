#!/usr/bin/env bash
# run.sh - every deliberate mistake of mistakes.txt is found where it is, with what to do.
#
#     run.sh SLUICE [NAME]       one only; without: all, and the bounds that protect the parser
set -u
sluice=$(realpath "$1") only=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
cp "$here/orders.csv" .
mkdir blocks
# The last `---` of a block ends its YAML: what stands before may have one of its own.
awk '/^=== / {name = $2; n = 0; next}
     name {line[name, ++n] = $0; count[name] = n}
     END {for (name in count) {
         last = 0
         for (i = 1; i <= count[name]; i++) if (line[name, i] == "---") last = i
         for (i = 1; i < last; i++) print line[name, i] >("blocks/" name ".yaml")
         for (i = last + 1; i <= count[name]; i++) if (line[name, i] != "") print line[name, i] >("blocks/" name ".want")
     }}' "$here/mistakes.txt"

passed=0 failed=0
bad() {
    echo "mistake $name: $1"
    sed 's/^/    /' err
    wrong=1
}

# Whether `err` has FILE:line:column: with the message, its line with a caret there, the hint.
check_one() { # check_one PLACE MESSAGE HINT
    local head at line=${1%:*} column=${1#*:} shown caret hint
    head=$(grep -nF "blocks/$name.yaml:$1: " err | grep -F -- "$2" | head -n 1)
    [ -n "$head" ] || { bad "not said: $1 | $2"; return; }
    at=${head%%:*}
    shown=$(sed -n "$((at + 1))p" err) caret=$(sed -n "$((at + 2))p" err) hint=$(sed -n "$((at + 3))p" err)
    [[ $shown =~ ^\ *$line\ \|\  ]] || bad "the line $line is not shown"
    local prefix=${shown%%|*}
    if [[ $caret != *'^'* ]]; then
        bad "no caret"
    elif [ "$name" != tab ] && ((${#caret} >= 0)); then
        local before=${caret%%^*}
        ((${#before} - ${#prefix} - 2 == column - 1)) || bad "the caret is not under column $column"
    fi
    [ -z "$3" ] || grep -qF -- "$3" <<<"$hint" || bad "the hint does not say '$3'"
}

for file in blocks/*.yaml; do
    name=$(basename "$file" .yaml) wrong=0
    [ -z "$only" ] || [ "$only" = "$name" ] || continue
    "$sluice" check "$file" >out 2>err
    code=$?
    [ $code = 78 ] || bad "exit code $code, not 78"
    while IFS='|' read -r place message hint; do
        place=$(xargs <<<"$place")
        message="${message# }" message="${message% }" hint="${hint# }"
        check_one "$place" "$message" "$hint"
    done <"blocks/$name.want"
    if [ $wrong = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done

# What would cost the parser its time or memory is refused early.
refused() { # refused NAME: the file bound.yaml
    local name=$1 wrong=0 began=$SECONDS
    timeout 20 "$sluice" check bound.yaml >out 2>err
    local code=$?
    [ $code = 78 ] || bad "exit code $code, not 78"
    ((SECONDS - began <= 5)) || bad "took $((SECONDS - began)) s"
    if [ $wrong = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
if [ -z "$only" ]; then
    repeat() { awk -v t="$1" -v n="$2" 'BEGIN {for (i = 0; i < n; i++) printf "%s", t}'; }
    repeat '[' 200000 >bound.yaml; refused 200,000-brackets
    repeat '{a: ' 50000 >bound.yaml; refused 50,000-nested-maps
    awk 'BEGIN {for (i = 0; i < 50000; i++) printf "%*sa:\n", i % 2000, ""}' >bound.yaml; refused deep-block
    awk 'BEGIN {print "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"; for (i = 1; i < 12; i++) {printf "a%d: &a%d [", i, i; for (k = 0; k < 9; k++) printf "*a%d, ", i - 1; printf "*a%d]\n", i - 1}}' >bound.yaml
    refused alias-bomb
    awk 'BEGIN {for (i = 0; i < 40000; i++) printf "k%d: &k%d 1\n", i, i}' >bound.yaml; refused 40,000-anchors
    repeat 'a' 10000000 >bound.yaml; refused a-scalar-of-10-MB
    { echo 'stages:'; repeat '# filler that says nothing
' 80000; } >bound.yaml; refused a-file-of-2-MB
    printf 'graph: "\xff\xfe\x80"\n' >bound.yaml; refused invalid-utf-8
fi
echo "mistakes: $passed passed, $failed failed"
[ $failed = 0 ]

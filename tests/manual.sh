#!/usr/bin/env bash
# manual.sh - the manual pages are roff without a warning, and name every verb, option and stage; the
# completions of each shell are read by that shell and complete.
#
#     manual.sh SLUICE
set -u
sluice=$(realpath "$1")
docs=$(realpath "$(dirname "$0")/../docs")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
problem() { echo "$*"; failed=1; }

for page in sluice.1 sluice-graph.5 sluice.service.8; do
    "$sluice" manual $page >$page || problem "no page $page"
    groff -man -ww -Kutf8 -Tutf8 -rLL=100n $page >$page.text 2>warnings
    [ -s warnings ] && { problem "$page has warnings:"; head warnings; }
    sed -e 's/\x1b\[[0-9;]*m//g' -e 's/.\x08//g' -i $page.text
done

# The ids by which lines of the journal are found are those of the program.
ids=$(grep -oE '\b[0-9a-f]{32}\b' "$docs/operating.md")
[ -n "$ids" ] || problem "operating.md has no id"
for id in $ids; do
    grep -q -a -F "$id" "$sluice" || problem "operating.md has the id $id, which no line has"
done

# Nothing of the tables is left out.
verbs=$("$sluice" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
for verb in $verbs; do
    grep -q "^   sluice $verb " sluice.1.text || problem "sluice(1) does not have the verb $verb"
    "$sluice" "$verb" --help >help
    sed -n "/^   sluice $verb /,/^   sluice \|^EXIT/p" sluice.1.text >section
    for option in $(grep -oE '^ +(-[a-z], )?--[a-z-]+' help | grep -oE -e '--[a-z-]+'); do
        grep -q -e "$option\b" section || problem "sluice(1) does not have $verb $option"
    done
done
for stage in $("$sluice" stages | sed -n 's/^    \([a-z_]*\) .*/\1/p'); do
    grep -qx "   $stage" sluice-graph.5.text || problem "sluice-graph(5) does not have $stage"
done
# The keys that the page and the schema say are those that a graph may have.
echo 'nonsense: 1' >wrong
"$sluice" schema >schema
keys=$("$sluice" check wrong 2>&1 | sed -n 's/.*the keys here are: //p')
[ -n "$keys" ] || problem "no list of keys"
for key in ${keys//,/}; do
    grep -qE "^       $key( |$)" sluice-graph.5.text || problem "sluice-graph(5) does not have the key $key"
    grep -q "^    \"$key\": " schema || problem "the schema does not have the key $key"
done

"$sluice" manual nonsense.7 2>err && problem "a page that is not there"
grep -q "^hint: the pages are: sluice.1|" err || problem "no list of pages"

# bash: what comes after words, as the shell asks.
"$sluice" manual bash >bash.sh
bash -n bash.sh || problem "bash does not read its completion"
touch orders.yaml other.yml notes.txt
mkdir graphs
complete_bash() { # the last word is being written
    bash --norc -c 'source ./bash.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; printf "%s " "${COMPREPLY[@]}"' - "$@"
}
expect() { # expect WANTED GOT
    [ "$1" = "$2" ] || problem "completed '$2', not '$1'"
}
expect 'schema ' "$(complete_bash sluice sche)"
expect '--dry-run ' "$(complete_bash sluice run --dr)"
expect 'text dot mermaid ' "$(complete_bash sluice graph --format '')"
expect 'graphs orders.yaml other.yml ' "$(complete_bash sluice check '')"
expect 'graphs ' "$(complete_bash sluice run --state '')"
expect 'fish ' "$(complete_bash sluice manual f)"
expect 'rewind ' "$(complete_bash sluice checkpoint r)"
expect 'orders.yaml ' "$(complete_bash sluice checkpoint show ord)"
expect ' ' "$(complete_bash sluice version --nonsense)"

"$sluice" manual zsh >_sluice
zsh -n _sluice || problem "zsh does not read its completion"
for verb in $verbs; do
    grep -q "^    $verb)$" _sluice || problem "zsh does not complete $verb"
done

"$sluice" manual fish >sluice.fish
complete_fish() {
    HOME=$work fish --no-config -c 'source sluice.fish; complete -C "$argv"' "$@" | cut -f 1 | tr '\n' ' '
}
expect 'schema ' "$(complete_fish 'sluice sche')"
expect '--dry-run ' "$(complete_fish 'sluice run --dr')"
expect 'dot mermaid text ' "$(complete_fish 'sluice graph --format ' | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/^ //')"
expect 'rewind ' "$(complete_fish 'sluice checkpoint r')"
expect 'orders.yaml ' "$(complete_fish 'sluice run ord')"
exit $failed

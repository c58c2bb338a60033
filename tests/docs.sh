#!/usr/bin/env bash
# docs.sh - every verb has an example: a line of a code block in docs/*.md or README.md that begins with
# `sluice VERB` or `$ sluice VERB`; and every such line is of a verb that there is.
#
#     docs.sh SLUICE REPOSITORY
set -u
sluice=$(realpath -- "$1")
cd -- "$2" || exit 1
failed=0
problem() { echo "$*"; failed=1; }

verbs=$("$sluice" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
[ -n "$verbs" ] || problem "no verbs in the help"
# The words behind `sluice` in code blocks, which are what stands between two lines of ```.
examples() {
    awk 'FNR == 1 { inside = 0 }
         /^ *```/ { inside = !inside; next }
         inside && /^(\$ )?sluice [a-z-]+( |$)/ { sub(/^\$ /, ""); print $2 }' "$@"
}
shown=$(examples docs/*.md README.md | sort -u)
for verb in $verbs; do
    grep -qx -e "$verb" <<<"$shown" || problem "no example of 'sluice $verb' in docs/*.md or README.md"
done
for verb in $shown; do
    grep -qx -e "$verb" <<<"$verbs" || problem "an example of 'sluice $verb', which is no verb"
done
# It can fail: a page in which a verb stands outside of code has none.
examples - <<<'sluice tap orders.csv' | grep -q . && problem "a line of prose is taken for an example"
exit $failed

#!/usr/bin/env bash
# secrets-core.sh - a daemon with credentials is killed so that it leaves a core: no credential is
# in it, and a word that is none is.
#
# Only credentials are kept out of a core: a variable stands in the environment, and what is written
# in a graph stands in its file. The units leave no core at all.
. "$(dirname -- "$0")/lib.sh" "$@"
telltale=$(dirname -- "$plugin")/telltale.so
pattern=$(cat /proc/sys/kernel/core_pattern)
if [ "$sanitized" = 1 ] || [[ $pattern == [\|/]* ]]; then
    echo "there is no core to look into: the build is sanitized, or core_pattern is '$pattern'"
    trap - EXIT
    rm -rf -- "$work"
    exit 77
fi
canary() { printf '%s-' "$1"; od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }
key=$(canary key) token=$(canary token) shared=$(canary shared) word=$(canary word)

mkdir -m 700 c
(
    umask 077
    printf '%s\n' "$key" >c/key
    printf '%s\n' "$token" >c/token
    printf '%s\n' "$shared" >c/shared
)
rows 1 50 >in.csv
cat >g/core.yaml <<G
graph: core
params: {key: '\${credential:key}', other: 'a\${credential:shared}b'}
stages:
  - {reader: csv, path: in.csv, header: [id, text], columns: {id: integer}, follow: true}
  - {filter: where, keep: 'text <> :key AND length(:other) > 9 AND text > :other'}
  - {transformer: telltale, token: '\${credential:token}', label: $word, tell: log}
  - {exporter: jsonl, path: out.jsonl, mode: append}
G
dying() {
    export CREDENTIALS_DIRECTORY=$work/c
    ulimit -c unlimited || exit 71
    exec "$@"
}
around=(dying)
start --plugin "$telltale" -v
has_lines out.jsonl 50
said 'level 2'
kill -ABRT "$pid"
wait "$pid"
pid=
cores=(core*)
[ "${#cores[@]}" = 1 ] || { problem "it left no core"; exit 1; }
grep -a -F -q -- "$word" "${cores[0]}" || problem "the word is not in the core"
for secret in "$key" "$token" "$shared"; do
    if grep -a -F -q -- "$secret" "${cores[0]}"; then problem "'${secret%%-*}' is in the core"; fi
done

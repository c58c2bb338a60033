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
dies() { # leaves one core, as $core
    has_lines out.jsonl 50
    said 'level 2' "$1"
    [ -z "${2:-}" ] || echo "$2" >"/proc/$pid/coredump_filter"
    kill -ABRT "$pid"
    wait "$pid"
    pid=
    local cores=(core*)
    [ "${#cores[@]}" = 1 ] || { problem "it left ${#cores[@]} cores"; exit 1; }
    mv "${cores[0]}" seen.core
    for secret in "$key" "$token" "$shared"; do
        if grep -a -F -q -- "$secret" seen.core; then problem "'${secret%%-*}' is in the core"; fi
    done
}

# As it is: not even what SQLite copies of a credential, on which it fails here.
cat >g/fails.yaml <<G
graph: fails
params: {key: '\${credential:key}'}
stages:
  - {reader: count}
  - {filter: where, keep: "json_extract(:key, '$.a') > 1"}
  - {exporter: discard}
G
start --plugin "$telltale" -v
in_state fails backoff failed
dies 1
rm g/fails.yaml

# With all memory in it: the pages of a credential are kept out of it, and a word that is none is
# found, so that this test can fail.
rm -r out.jsonl state
start --plugin "$telltale" -v
dies 2 0x33
grep -a -F -q -- "$word" seen.core || problem "the word is not in the core"

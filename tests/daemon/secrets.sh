#!/usr/bin/env bash
# secrets.sh - secrets by every way of giving one, in graphs that run well and in graphs that fail,
# and a plugin that tells its secret wherever a stage can say anything: none of them is found in
# what the command and the daemon print, log, keep or leave behind.
#
# Beside each secret goes a word that is none, which must be found in the same places: a test that
# looks in the wrong place fails.
. "$(dirname -- "$0")/lib.sh" "$@"
telltale=$(dirname -- "$plugin")/telltale.so
[ -e "$telltale" ] || { problem "no $telltale"; exit 1; }

canary() { printf '%s-' "$1"; od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }
key=$(canary key)         # a credential that SQL binds
token=$(canary token)     # a credential in a secret option
by_env=$(canary env)      # ${env:NAME} in a secret option
literal=$(canary literal) # written in the graph, in a secret option
param=$(canary param)     # the value of a param that a secret option takes
shared=$(canary shared)   # a credential beside other text, and with a quote in it
shared="$shared\"'\\"
word=$(canary word) # no secret
secrets=("$key" "$token" "$by_env" "$literal" "$param" "$shared" "${shared%\"*}")

mkdir c f seen state
chmod 700 c
umask 077
printf '%s\n' "$key" >c/key
printf '%s' "$token" >c/token
printf '%s\n' "$shared" >c/shared
printf '%s' "$token" >c/loose
printf 'a\377%s' "$token" >c/binary
chmod 644 c/loose
chmod 755 . c # else nobody could come to it
umask 022
export CREDENTIALS_DIRECTORY=$work/c BY_ENV=$by_env WORD=$word

# hidden PLACE...: files or directories; no secret is in them.
hidden() {
    local secret
    for secret in "${secrets[@]}"; do
        grep -r -a -F -l -- "$secret" "$@" >hits && problem "'${secret%%-*}' is in: $(tr '\n' ' ' <hits)"
    done
}

both() { # both FILE: the word is in it, and no secret
    grep -a -F -q -- "$word" "$1" || problem "the word is not in $1: $(head -c 600 "$1")"
    hidden "$1"
}

see() { # see NAME VERB ...: keeps what it prints; `code` is its exit code
    local name=seen/$1
    shift
    timeout "$patience" "$sluice" "$@" >"$name" 2>&1
    code=$?
}

# ---- Graphs that fail: what the command says of them -----------------------------------------

rows 1 5 >"in-$word.csv"
fails() { # fails NAME: a graph from standard input, with its head and its end
    {
        printf 'graph: %s\nparams: {key: "${credential:key}", plain: %s, other: "a${credential:shared}b"}\n' \
            "$1" "$param"
        printf 'stages:\n  - {reader: csv, path: in-%s.csv, header: [id, text]}\n' "$word"
        sed 's/^/  /'
        printf '  - {exporter: discard}\n'
    } >"f/$1-$word.yaml"
}
tell() { echo "- {transformer: telltale, token: '$1', label: $word, tell: $2}"; }

fails wrong-column <<<"- {filter: where, keep: 'nothing = :key'}"
fails path-in-json <<<"- {filter: where, keep: 'json_extract(text, :key) IS NULL'}"
fails path-is-bad <<<"- {filter: where, keep: \"json_extract('{}', :other) IS NULL\"}"
fails malformed <<<"- {transformer: select, columns: {x: 'json(:key)'}}"
fails in-sql <<<"- {filter: where, keep: \"text = '\${credential:key}'\"}"
fails no-number <<<'- {filter: limit, rows: "${credential:key}"}'
fails in-a-name <<<'- {filter: limit, rows: 1, name: "${credential:key}"}'
fails in-text <<<"- {transformer: telltale, token: '\${credential:token}', label: '\${credential:token}'}"
fails by-param-in-text <<<"- {transformer: telltale, token: '\${credential:token}', label: 'x\${other}'}"
fails unknown-key <<<"- {transformer: telltale, tokn: '$literal', label: '$word'}"
fails unknown-word <<<"- {transformer: telltale, token: '$literal', label: '$word', tell: '$literal'}"
fails a-list <<<"- {transformer: telltale, token: ['$literal'], label: '$word'}"
fails a-map <<<"- {transformer: telltale, token: {a: '\${credential:token}'}, label: '$word'}"
fails loose <<<"- {transformer: telltale, token: '\${credential:loose}', label: '$word'}"
fails binary <<<"- {transformer: telltale, token: '\${credential:binary}', label: '$word'}"
fails no-file <<<"- {transformer: telltale, token: '\${credential:none}', label: '$word'}"
fails broken-yaml <<<"- {transformer: telltale, token: '\${credential:token}', label: '$word'"
for way in 'credential:token' 'credential:shared' 'env:BY_ENV' 'plain' 'other' "env:NONE:-$literal"; do
    for where in plan fail hint cut reject; do
        tell "\${$way}" "$where" | fails "${way//[^a-z]/-}$where"
    done
done
tell "$literal" fail | fails literal-fail
cat >"f/no-source-$word.yaml" <<G
stages:
  - {reader: csv, path: '\${credential:key}.csv'}
  - {exporter: discard}
G
cat >"f/no-database-$word.yaml" <<G
params: {key: '\${credential:key}'}
stages:
  - {reader: sqlite, database: in.db, query: 'SELECT * FROM rows WHERE json_extract(text, :key)'}
  - {exporter: discard}
G
sql in.db "CREATE TABLE rows(text); INSERT INTO rows VALUES ('{}')"

for graph in f/*.yaml; do
    name=${graph#f/}
    for how in text json; do
        see "$name.check.$how" check --plugin "$telltale" --format "$how" "$graph"
        see "$name.run.$how" run --plugin "$telltale" -v -v --log-format "$how" --state state "$graph"
        [ "$code" != 0 ] || problem "$name does not fail"
        both "seen/$name.run.$how"
    done
    see "$name.graph" graph --plugin "$telltale" "$graph"
done
hidden seen state
[ "$(cat seen/*.run.text | grep -c -F '***')" -gt 20 ] || problem "nothing was hidden"

# ---- Graphs that run: verbs, metrics, logs, state ---------------------------------------------

well() { # well SECRET TELL NAME: a growing csv, with SQL that has a credential in it
    cat <<G
graph: $3
description: with $word
params: {key: '\${credential:key}', other: 'a\${credential:shared}b', plain: $param}
stages:
  - {reader: csv, path: in-$word.csv, header: [id, text], columns: {id: integer}, follow: true, poll: 20ms}
  - {filter: where, keep: 'text <> :key AND length(:other) > 9'}
  - {transformer: select, name: carries, columns: {id: id, k: ':key', o: ':other', open: "'$word'"}}
  - {transformer: telltale, token: '$1', label: $word, tell: $2, on_reject: bad}
  - {transformer: select, columns: {id: id, open: open, size: length(k)}}
  - {exporter: sqlite, database: $3.db, table: rows, mode: append, lineage: true}
  - {exporter: sqlite, name: bad, database: bad-$3.db, table: bad}
G
}
# shellcheck disable=SC2016 # params of the graph
{
    well '${credential:token}' log well >g/well.yaml
    well '${env:BY_ENV}' log env >g/env.yaml
    well "$literal" log literal >g/literal.yaml
    well '${plain}' log plain >g/plain.yaml
    well 'x${other}y' log other >g/other.yaml
    well '${credential:token}' fail failing >g/failing.yaml
}
# One whose position is in the state directory.
sed -i 's/exporter: sqlite, database: plain.db, .*/exporter: jsonl, path: plain.jsonl, mode: append}/' g/plain.yaml
# One whose rows are written with a credential, on which SQL fails.
cat >g/rows.yaml <<G
graph: rows
stages:
  - {reader: values, rows: [{k: '\${credential:key}', open: $word}]}
  - {filter: where, keep: "json_extract('{}', k) IS NULL AND open <> ''"}
  - {exporter: discard}
G
last=5

verbs() { # verbs KIND: everything that a client can ask, in both formats
    local how
    see "$1.level" log-level debug
    : >"seen/$1.tap"
    timeout "$patience" "$sluice" tap well.carries -n 5 >"seen/$1.tap" 2>&1 &
    local tap=$!
    until [ "$(wc -l <"seen/$1.tap")" -ge 5 ]; do
        rows $((last + 1)) $((last + 5)) >>"in-$word.csv"
        last=$((last + 5))
        in_state well waiting
    done
    wait "$tap"
    both "seen/$1.tap"
    for how in text json; do
        see "$1.status.$how" status --format "$how"
        both "seen/$1.status.$how"
        see "$1.send.$how" send well.telltale tell --format "$how"
        both "seen/$1.send.$how"
        see "$1.reload.$how" reload --dry-run --format "$how"
    done
    timeout "$patience" "$sluice" top --interval 100ms --format json 2>&1 | head -n 20 >"seen/$1.top"
    both "seen/$1.top"
    see "$1.raise" raise well.telltale "a drill, $word"
    shows well "drill, $word"
}

in_formats() { # the state that is left, by the verbs that look into it
    local verb graph
    for graph in g/*.yaml; do
        for verb in 'checkpoint ls' 'checkpoint show' 'rejects ls' 'rejects show' check; do
            for how in text json; do
                # shellcheck disable=SC2086 # words
                see "${graph#g/}.${verb// /-}.$how" $verb --plugin "$telltale" --format "$how" "$graph"
            done
        done
        for how in text dot mermaid; do
            see "${graph#g/}.graph.$how" graph --plugin "$telltale" --format "$how" "$graph"
        done
    done
}

# The log of the machine's journal, in a namespace with a journal of the test's own.
cat >in-journal <<J
mount -t tmpfs none /run/systemd && mkdir /run/systemd/journal || exit 71
"$rude" receive /run/systemd/journal/socket "$work/log" 2>/dev/null &
echo \$! >receiver
grep -m1 -q '^bound$' < <(exec tail -c +1 -F log 2>/dev/null)
export JOURNAL_STREAM=\$(stat -L -c %d:%i /proc/self/fd/2)
exec "\$@"
J
kinds=(text json)
if [ -d /run/systemd ] && unshare -rm mount -t tmpfs none /run/systemd 2>/dev/null; then
    kinds+=(native)
else
    echo "no namespaces here: the journal's own format is left out"
fi

for kind in "${kinds[@]}"; do
    : >log
    case $kind in
    text) around=() format=text ;;
    json) around=() format=json ;;
    native) around=(unshare -rm bash "$work/in-journal") format=text ;;
    esac
    "${around[@]}" "$sluice" daemon --config g --plugin "$telltale" --metrics "unix:$work/m.sock" -v -v \
        --log-format "$format" 2>>"$([ "$kind" = native ] && echo errors.log || echo log)" &
    pid=$!
    said '([": ]|MESSAGE=)ready("| |$)' || { problem "the daemon did not become ready"; exit 1; }
    in_state well waiting
    verbs "$kind"
    curl -s --unix-socket m.sock http://localhost/metrics >"seen/$kind.metrics"
    curl -s --unix-socket m.sock http://localhost/readyz >"seen/$kind.readyz"
    tr '\0' '\n' <"/proc/$pid/cmdline" >"seen/$kind.words"
    grep -q telltale "seen/$kind.words" || problem "the words of the daemon were not seen"
    grep -q 'stage="telltale"' "seen/$kind.metrics" || problem "no metrics were seen"
    end
    [ "$kind" != native ] || kill "$(cat receiver)"
    both log
    cp log "seen/$kind.log"
done
grep -q -a PRIORITY= log || [ "${#kinds[@]}" = 2 ] || problem "the journal was told nothing"
in_formats
both seen/well.yaml.graph.text
both well.db
hidden seen "$XDG_STATE_HOME" ./*.db*
grep -r -a -q -F -- "$word" "$XDG_STATE_HOME" || problem "the word is not in the state"

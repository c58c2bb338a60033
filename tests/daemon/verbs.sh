#!/usr/bin/env bash
# verbs.sh - what the verbs of the command say and answer (exit codes) where something is in the way: no
# daemon, no permission, a graph in another state, a tap whose graph ends; and checkpoints and rejected
# rows of a daemon's graph, which are those of its file to the byte.
#
#     verbs.sh SLUICE
. "$(dirname -- "$0")/lib.sh" "$1"

{ echo "id,text"; seq 1 3000 | awk '{ print ($1 % 3 ? $1 : -$1) ",row " $1 }'; } >in.csv
cat >g/kept.yaml <<G
graph: kept
stages:
  - reader: csv
    path: $work/in.csv
    columns: {id: integer, text: text}
    follow: true
    poll: 20ms
    on_reject: rejects
  - validator: rules
    rules: [id > 0]
    on_reject: rejects
  - exporter: sqlite
    database: $work/kept.db
    table: rows
  - exporter: sqlite
    name: rejects
    database: $work/kept.db
    table: rejects
G
cat >g/live.yaml <<G
graph: live
batch: {rows: 10}
stages:
  - reader: count
  - filter: limit
    rows: 1000000000000
  - exporter: discard
G
cat >g/absent.yaml <<G
graph: absent
stages:
  - reader: csv
    path: $work/absent.csv
  - exporter: jsonl
    path: $work/absent.jsonl
G

# try CODE PATTERN WORD...: the exit code, and a line of what is said on stderr.
try() {
    local wanted=$1 pattern=$2 code
    shift 2
    timeout "$patience" "$sluice" "$@" >out 2>err
    code=$?
    [ "$code" = "$wanted" ] || problem "sluice $*: exit $code, not $wanted: $(cat err)"
    grep -q -e "$pattern" err || problem "sluice $*: nothing says '$pattern': $(cat err)"
}

# as_file WORD...: the last word, a graph's name, and its file give the same.
as_file() {
    local last=${*: -1}
    "$sluice" "$@" >by.name || problem "sluice $*: exit $?"
    "$sluice" "${@:1:$#-1}" "g/$last.yaml" >by.file || problem "sluice $* by its file: exit $?"
    cmp -s by.name by.file || problem "sluice $*: by name not what by file: $(diff by.name by.file | head -n 4)"
    [ -s by.name ] || problem "sluice $*: nothing"
}

# ---- No daemon ------------------------------------------------------------------------------
try 75 "cannot reach the daemon at '$work/s.sock'" status
try 75 "hint: does it run" reload
try 75 "hint: without a daemon, write the path of the graph's file" rejects kept
try 66 "cannot read the file" checkpoint ls absent-here.yaml
try 64 "the path of the socket is too long" status --socket "/$(printf 'x%.0s' {1..200})"
try 64 "hint: .* --socket PATH, or \$SLUICE_SOCKET" status --socket "/$(printf 'x%.0s' {1..200})"

start
in_state kept waiting
in_state live running

# ---- Checkpoints and rejected rows ------------------------------------------------------------
as_file checkpoint kept
as_file checkpoint ls kept
as_file checkpoint ls --format json kept
as_file checkpoint show kept
as_file rejects kept
as_file rejects ls --format json kept
as_file rejects show kept
same "rejected rows shown" 1000 "$(grep -c ': rules: id > 0$' by.name)"
as_file rejects show --format json kept
[ "$(wc -c <by.name)" -gt 131072 ] || problem "the rows fit in a page: nothing says that pages work"
# A reader that has had enough, in the first page; the others are not asked for without end.
timeout "$patience" "$sluice" rejects show kept --format json | head -c 1000 >two
same "pages nobody reads" 141 "${PIPESTATUS[0]}"
timeout "$patience" "$sluice" rejects show kept --format json | head -c 140000 >two
[ "${PIPESTATUS[0]}" != 124 ] || problem "pages nobody reads are asked for without end"
"$sluice" rejects show kept 7 >one
same "a row by its number" '7: rules: id > 0' "$(head -n 1 one)"

try 75 "hint: .sluice stop kept. first, and .sluice start kept. afterwards" checkpoint rewind kept
try 75 "'kept' is waiting: what it goes on from is not changed under it" checkpoint drop kept
sql kept.db "UPDATE rejects SET _values = json_set(_values, '\$.id', 3) WHERE rowid = 1"
"$sluice" rejects retry kept 1 2 >out
same "tried again, while it runs" "rules: 2 rows tried again, 1 rejected again|  sqlite: 1 row|" "$(tr '\n' '|' <out)"
same "deleted" "deleted 1 row of table 'rejects' of $work/kept.db" "$("$sluice" rejects drop kept 3)"
try 66 "has no row 3" rejects drop kept 3
try 64 "'x' is no number of a rejected row" rejects show kept x
try 64 "hint: did you mean 'kept'?" rejects kep
try 64 "hint: did you mean 'rewind'?" checkpoint rewid kept
try 64 "has no exporter 'sqlit'" checkpoint show kept sqlit
try 64 "a word is missing" checkpoint ls
try 64 "one word too many: 'x'" checkpoint ls kept x
try 64 "'kept' is the name of a graph of the daemon" checkpoint ls kept --state here
try 64 "'g/kept.yaml' is a file" rejects g/kept.yaml --socket here
try 78 "keeps no rejected rows" rejects live
sqlite3 kept.db "CREATE TABLE was AS SELECT count(*) AS n FROM rows"
"$sluice" stop kept >out
try 0 "kept: the next run reads from the start" checkpoint rewind kept
"$sluice" start kept >out
shows kept '"stage":"csv"[^}]*"rows_out":3000'
in_state kept waiting
same "rows that came again" 2000 "$(sql kept.db 'SELECT count(*) - (SELECT n FROM was) FROM rows')"

# Many ask at once, some go before they have all of it, and the daemon ends meanwhile.
"$sluice" rejects show kept >all
asks=()
for i in $(seq 8); do
    "$sluice" rejects show kept >"many.$i" &
    asks+=($!)
    "$sluice" rejects show kept 2>/dev/null | head -n 1 >/dev/null &
    asks+=($!)
done
for ask in "${asks[@]}"; do wait "$ask"; done
for i in $(seq 8); do cmp -s all "many.$i" || problem "one of many who ask: other rows"; done
asks=()
for i in $(seq 8); do
    "$sluice" rejects show kept >/dev/null 2>"cut.$i" &
    asks+=($!)
done
end
for ask in "${asks[@]}"; do
    wait "$ask"
    code=$?
    [ "$code" = 0 ] || [ "$code" = 75 ] || problem "who asks a daemon that ends: exit $code"
done
start
in_state kept waiting
in_state live running

# ---- States, numbers, messages ----------------------------------------------------------------
try 66 "graph 'absent' has failed: .*there is no file" start absent
try 66 "hint: it is tried again by itself" run-now absent
try 75 "graph 'absent' does not run" step absent
try 75 "hint: .sluice pause live. first" step live
try 64 "no such option '-1'" step live -1
try 64 "from 1 to 1000000000, got '99999999999'" step live 99999999999
try 64 "from 1 to 1000000000, got '0'" tap live.count -n 0
try 64 "from 100ms to 24h, or 0, got '10ms'" top --interval 10ms
"$sluice" top live --interval 0 --format json >out || problem "one look: exit $?"
same "one look" 1 "$(grep -c '"item":"look"' out)"
try 64 "hint: .sluice tap GRAPH.STAGE -n 1. shows the columns" tap live.limit --where 'm > 1'
try 65 "'rows' was refused: rows must be an integer, 0 or more" send live.limit rows '{"rows": -1}'
try 64 "knows the message 'row'" send live.limit row
try 64 "no such option '--dry-run'" pause live --dry-run
try 64 "takes no value" reload --dry-run=yes
same "a graph that does not run is paused" "absent: stopped; when it runs next, it is paused" \
    "$("$sluice" stop absent >out; "$sluice" pause absent)"
"$sluice" resume absent >out

# ---- Taps ---------------------------------------------------------------------------------------
# tapped CODE PATTERN COMMAND...: a tap that has shown a row ends by the command, with this code.
tapped() {
    local wanted=$1 pattern=$2 from code row
    shift 2
    exec {from}< <(timeout --foreground "$patience" env --default-signal=INT "$sluice" tap live.limit 2>tap.err &
        echo $!
        wait $!
        echo "exit $?")
    read -r tap <&"$from"
    read -r row <&"$from"
    [[ $row == '{"n":'* ]] || problem "a tap shows '$row'"
    "$@" >out 2>&1
    code=$(tail -n 1 <&"$from")
    exec {from}<&-
    [[ $code == *"exit $wanted" ]] || problem "a tap ended by '$*' ends with $code, not $wanted"
    grep -q -e "$pattern" tap.err || problem "a tap ended by '$*' does not say '$pattern': $(tail -n 3 tap.err)"
}
another() {
    try 75 "another tap is on this stage" tap live.limit -n 1
    "$sluice" stop live
}
changed() {
    sed -i 's/rows: 10}/rows: 20}/' g/live.yaml
    "$sluice" reload
}
tapped 0 "the run of graph 'live' that was tapped has ended: it is stopped" another
"$sluice" start live >out
tapped 0 "the run of graph 'live' that was tapped has ended: it is " changed
in_state live running
tapped 1 "graph 'live' has failed: .*a drill" "$sluice" raise live.count 'a drill'
in_state live running

# ---- Who may ----------------------------------------------------------------------------------
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work"
    chmod 700 state
    cp "$sluice" ./reader && chmod 755 ./reader
    own=$sluice
    sluice=$work/reader
    around=(setpriv --reuid 12345 --regid "$(id -g)" --clear-groups)
    for words in "status" "checkpoint kept" "rejects kept" "rejects show kept 7" "tap live.count -n 1" "top --interval 0"; do
        "${around[@]}" "$sluice" $words >out 2>err || problem "a reader's $words: exit $?: $(cat err)"
    done
    for words in "checkpoint rewind kept" "rejects retry kept" "pause live" "reload" "send live.limit rows {}"; do
        "${around[@]}" "$sluice" $words >out 2>err
        same "a reader's $words" 77 $?
        grep -q "hint: become root or the user that the service runs as" err || problem "a reader's $words: $(cat err)"
    done
    setpriv --reuid 12345 --regid 12345 --clear-groups "$sluice" status >out 2>err
    same "a stranger's status" 77 $?
    grep -q "only root and the group of the service may" err || problem "a stranger's status: $(cat err)"
    around=()
    sluice=$own
fi

# ---- The daemon is killed -----------------------------------------------------------------------
tapped 75 "the daemon has closed the connection" kill -KILL "$pid"
wait "$pid" 2>/dev/null
pid=
try 75 "hint: the daemon that was there has ended" status

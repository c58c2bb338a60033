# lib.sh - what the tests of the daemon share: a directory, a home and a socket of their own, a
# daemon that is started and waited for by what it says, graphs whose rows are known (rows.sh).
#
#     . lib.sh SLUICE [PLUGIN RUDE]
#
# Nothing sleeps: `said` waits for a line of the log, `in_state` reads the looks of `sluice top`
# until one shows what is awaited, and the verbs of the daemon answer when it is so.
set -u
shopt -s nullglob

sluice=$(realpath -- "$1")
plugin=${2:+$(realpath -- "$2")}
rude=${3:+$(realpath -- "$3")}
here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
. "$here/rows.sh"
test_name=$(basename -- "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-daemon-XXXXXX") || exit 1
export HOME=$work XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work SLUICE_SOCKET=$work/s.sock
export LC_ALL=C TZ=UTC NO_COLOR=1
unset STATE_DIRECTORY NOTIFY_SOCKET WATCHDOG_USEC LISTEN_FDS COLUMNS LINES
failed=0 pid=
patience=60 # seconds within which anything that is awaited has to come

problem() {
    echo "$test_name: $*"
    failed=1
}

# Names and ends the daemon where a test is cut off; a sanitizer's finding fails the test.
leave() {
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
    if grep -a -E -q 'ERROR: (Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:' \
        "$work"/*log* 2>/dev/null; then
        problem "a sanitizer found something"
    fi
    [ "$failed" = 0 ] || { echo "--- log"; tail -c 6000 "$work/log" 2>/dev/null; }
    rm -rf -- "$work"
    exit "$failed"
}
trap leave EXIT
trap 'problem "cut off"; exit 1' TERM INT

# Sanitizers make everything slower; bounds on time are for the product as it is built for use.
sanitized=0
if grep -q -a '__asan_init\|__tsan_init' "$sluice"; then sanitized=1; fi

mkdir "$work/g"
cd "$work" || exit 1
: >log

around=() # a command that runs the daemon, with its words
start() { # start [OPTION...]: a daemon over ./g that is ready
    local before
    before=$(grep -c ': ready$' log)
    "${around[@]}" "$sluice" daemon --config g -v "$@" 2>>log &
    pid=$!
    said ': ready$' $((before + 1)) || { problem "the daemon did not become ready"; exit 1; }
}

said() { # said PATTERN [TIMES]: waits until so many lines of the log match
    local found from follower
    exec {from}< <(exec timeout "$patience" tail -c +1 -f log)
    follower=$!
    found=$(grep -m"${2:-1}" -E -c -- "$1" <&"$from")
    kill "$follower" 2>/dev/null
    exec {from}<&-
    [ "$found" = "${2:-1}" ]
}

end() { # end [SIGNAL]: the daemon ends in order; answers in milliseconds how long that took
    local from=$EPOCHREALTIME code
    kill -"${1:-TERM}" "$pid"
    wait "$pid"
    code=$?
    took=$(milliseconds "$from")
    pid=
    [ "$code" = 0 ] || problem "the daemon ended with $code"
}

milliseconds() { # since a time of $EPOCHREALTIME
    local now=$EPOCHREALTIME
    echo $(((${now/./} - ${1/./}) / 1000))
}

state() { # state GRAPH
    "$sluice" status "$1" --format json | sed -n 's/.*"name":"[^"]*","state":"\([a-z]*\)".*/\1/p'
}

member() { # member GRAPH NAME: a number of its status
    "$sluice" status "$1" --format json 2>/dev/null | sed -n "s/.*\"$2\":\\([0-9]*\\).*/\\1/p;T;q"
}

runs() { # of a graph
    "$sluice" status "$1" --format json | sed -n 's/.*"hangs":[a-z]*,"runs":\([0-9]*\).*/\1/p'
}

look_every=100ms # by the daemon's clock
shows() { # shows GRAPH PATTERN: waits until its status, as JSON, matches
    local found from looker
    exec {from}< <(exec timeout "$patience" "$sluice" top "$1" --interval "$look_every" --format json \
        2>/dev/null)
    looker=$!
    grep -m1 -E -q -- "$2" <&"$from"
    found=$?
    kill "$looker" 2>/dev/null
    exec {from}<&-
    [ "$found" = 0 ] || problem "graph '$1' does not come to show $2: $("$sluice" status "$1" --format json)"
}

in_state() { # in_state GRAPH STATE...: waits until it is in one of these
    local graph=$1 IFS='|'
    shift
    shows "$graph" "\"name\":\"$graph\",\"state\":\"($*)\""
}

has_lines() { # has_lines FILE COUNT: waits until it has so many
    local from follower got
    exec {from}< <(exec timeout "$patience" tail -c +1 -F "$1" 2>/dev/null)
    follower=$!
    got=$(head -n "$2" <&"$from" | wc -l)
    kill "$follower" 2>/dev/null
    exec {from}<&-
    [ "$got" = "$2" ] || problem "'$1' has $got lines, not $2"
}

same() { # same WHAT WANTED GOT
    [ "$2" = "$3" ] || problem "$1: '$3', not '$2'"
}

sql() { # sql DATABASE STATEMENT
    sqlite3 -cmd '.timeout 5000' "$1" "$2"
}

# ---- Graphs ---------------------------------------------------------------------------------

follow_graph() { # follow_graph NAME INPUT OUTPUT [COMMENT]: a growing csv to jsonl
    cat <<G
# ${4:-as it was}
graph: $1
stages:
  - reader: csv
    path: $2
    header: [id, text]
    columns: {id: integer, text: text}
    follow: true
    poll: 20ms
  - filter: where
    keep: id > 0
  - exporter: jsonl
    path: $3
    mode: append
G
}

exact_rows() { # exact_rows WHAT DATABASE ROWS: each once, none beside, none changed
    local got
    got=$(sql "$2" "SELECT count(*), count(DISTINCT id), coalesce(sum(id), 0),
        sum(text <> 'row ' || (id * 7 % 1000)) FROM rows")
    same "$1" "$3|$3|$(($3 * ($3 + 1) / 2))|0" "$got"
}

exact_lines() { # exact_lines WHAT FILE ROWS: as they were, in order
    rows 1 "$3" | sed 's/\([0-9]*\),\(.*\)/{"id":\1,"text":"\2"}/' | cmp -s - "$2" ||
        problem "$1: '$2' is not what was given: $(wc -l <"$2") lines for $3"
}

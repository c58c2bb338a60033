# lib.sh - what the parts of the probe share: checks, waiting, graphs whose rows are known.
export LC_ALL=C TZ=UTC NO_COLOR=1 SYSTEMD_COLORS=0 SYSTEMD_PAGER= DEBIAN_FRONTEND=noninteractive
checks=0
patience=90 # seconds within which anything that is awaited has to come

check() { # check WHAT COMMAND...: it goes
    local said
    checks=$((checks + 1))
    if said=$("${@:2}" 2>&1); then
        echo "ok $checks - $1"
    else
        echo "not ok $checks - $1"
        sed 's/^/#   /' <<<"${said:-${*:2}}" | tail -n 20
        journalctl -b -q -n 12 --no-hostname -o short-monotonic | sed 's/^/#   | /'
    fi
}

fails() { # fails COMMAND...: it does not go
    if "$@"; then
        echo "it went: $*"
        return 1
    fi
}

same() { # same WHAT WANTED GOT
    check "$1" equal "$2" "$3"
}

equal() {
    [ "$1" = "$2" ] || { echo "wanted: $1"; echo "got:    $2"; return 1; }
}

like() { # like WHAT PATTERN TEXT
    check "$1" grep_text "$2" "$3"
}

grep_text() {
    grep -q -E -- "$1" <<<"$2" || { echo "wanted: $1"; echo "got:    $2"; return 1; }
}

prop() { # prop NAME [UNIT]
    systemctl show --value -p "$1" "${2:-sluice.service}"
}

# ---- Waiting --------------------------------------------------------------------------------

mark() { # what is said from now on
    cursor=$(journalctl -b -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
}

said() { # said PATTERN [UNIT]: waits until a line since the mark matches
    local from follower found
    exec {from}< <(exec timeout "$patience" journalctl -q -f -n all -o cat --after-cursor "$cursor" \
        -u "${2:-sluice.service}")
    follower=$!
    grep -m 1 -E -q -- "$1" <&"$from"
    found=$?
    kill "$follower" 2>/dev/null
    exec {from}<&-
    return "$found"
}

shows() { # shows GRAPH PATTERN: waits until its status, as JSON, matches
    local from looker found
    exec {from}< <(exec timeout "$patience" sluice top "$1" --interval 200ms --format json 2>&1)
    looker=$!
    grep -m 1 -E -q -- "$2" <&"$from"
    found=$?
    kill "$looker" 2>/dev/null
    exec {from}<&-
    [ "$found" = 0 ] || sluice status "$1" --format json
    return "$found"
}

in_state() { # in_state GRAPH STATE
    shows "$1" "\"name\":\"$1\",\"state\":\"$2\""
}

# ---- Rows -----------------------------------------------------------------------------------

facts() { # facts DATABASE: rows, different rows, their sum, how many are wrong
    sqlite3 -cmd '.timeout 5000' "$1" "SELECT count(*), count(DISTINCT id), coalesce(sum(id), 0),
        coalesce(sum(text <> 'row ' || (id * 7 % 1000)), 0) FROM rows"
}

exact() { # exact WHAT DATABASE ROWS: each once, none beside, none changed
    same "$1" "$3|$3|$(($3 * ($3 + 1) / 2))|0" "$(facts "$2")"
}

events=0
more_events() { # more_events COUNT: the file that is followed grows
    rows $((events + 1)) $((events + $1)) >>/srv/incoming/events.csv
    events=$((events + $1))
}

events_came() { # events_came WHAT: all that were written are in the database, each once
    check "$1: the rows come" have_come
    exact "$1: the rows are exact" /var/lib/sluice/events.db "$events"
}

have_come() { # each look of `sluice top` is the moment to count
    local from looker count
    exec {from}< <(exec timeout "$patience" sluice top events --interval 200ms --format json 2>&1)
    looker=$!
    while read -r _ <&"$from"; do
        count=$(sqlite3 -cmd '.timeout 5000' /var/lib/sluice/events.db 'SELECT count(*) FROM rows' 2>&1)
        [ "$count" != "$events" ] || break
    done
    kill "$looker" 2>/dev/null
    exec {from}<&-
    [ "$count" = "$events" ] || { echo "rows: $count of $events"; sluice status events --format json; return 1; }
}

# ---- The page -------------------------------------------------------------------------------

commands() { # commands HEADING: the lines of the section's first block of commands
    sed -n "/^## $1\$/,/^## /p" operating.md | sed -n '/^```sh$/,/^```$/p' | sed '1d; /^```$/,$d'
}

#!/usr/bin/env bash
# examples.sh - every graph of config/examples runs as it is, and gives what
# tests/examples/expected says; the errors in the logs are counted again by awk.
#
#     examples.sh SLUICE REPOSITORY
#
# expected/NAME.out is what NAME.yaml prints; expected/NAME.FILE is a file that it writes, of a
# database FILE.db the rows of its tables (FILE.db.txt).
set -eu
shopt -s nullglob

sluice=$(realpath -- "$1")
repository=$(realpath -- "$2")
examples=$repository/config/examples
expected=$repository/tests/examples/expected
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-examples-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"
export LC_ALL=C TZ=UTC NO_COLOR=1 HOME=$work XDG_STATE_HOME=$work/.state
failed=0

problem() {
    echo "examples: $*"
    failed=1
}

# Every table of a database, by name, its rows in their order.
rows_of() {
    sqlite3 "$1" "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sluice_checkpoint' ORDER BY name" |
        while IFS= read -r table; do
            echo "$table"
            sqlite3 -csv "$1" "SELECT * FROM \"$table\""
        done
}

compare() { # compare WANTED GIVEN
    diff -u --label "expected $(basename -- "$1")" --label given "$1" "$2" ||
        problem "$(basename -- "$1") differs"
}

# What is there after NAME has run, without the name of the repository in it.
look() { # look NAME
    local file as
    for file in *; do
        as=$expected/$1.$file
        case $file in
        *.db) rows_of "$file" >"$work/$file.txt" && as=$as.txt && file=$work/$file.txt ;;
        *.db-shm | *.db-wal) continue ;;
        *) sed "s|$examples/||g" "$file" >"$work/as" && file=$work/as ;;
        esac
        if [ -e "$as" ]; then compare "$as" "$file"; else problem "no $(basename -- "$as") is expected"; fi
    done
    for as in "$expected/$1".*; do
        file=${as#"$expected/$1."}
        [ "$file" = out ] || [ -e "${file%.txt}" ] || [ -e "$file" ] || problem "$1 made no $file"
    done
}

run() { # run NAME: in the current directory
    "$sluice" run -q "$examples/$1.yaml" >"$work/out" 2>"$work/err" || {
        problem "$1 failed"
        cat -- "$work/err"
    }
    [ ! -s "$work/err" ] || { problem "$1 says something"; cat -- "$work/err"; }
    compare "$expected/$1.out" "$work/out"
}

# The one that is there to be killed: killed as soon as rows are committed, and run again.
kill_and_run() {
    mkdir -- "$work/killed"
    cd -- "$work/killed"
    "$sluice" run -q "$examples/three-million.yaml" &
    until [ "$(sqlite3 numbers.db 'SELECT count(*) > 0 FROM numbers' 2>/dev/null)" = 1 ]; do :; done
    kill -9 $!
    wait $! 2>/dev/null || true
    "$sluice" run -q "$examples/three-million.yaml" || problem "three-million does not go on"
    local sums
    sums=$(sqlite3 numbers.db 'SELECT count(*), count(DISTINCT n), sum(n) FROM numbers')
    [ "$sums" = '3000000|3000000|4499998500000' ] || problem "three-million, killed: $sums"
    cd -- "$work"
}

for graph in "$examples"/*.yaml; do
    name=$(basename -- "$graph" .yaml)
    if [ "$name" = three-million ]; then
        kill_and_run
        continue
    fi
    "$sluice" check "$graph" >"$work/out" 2>&1 || [ "$name" = sqlite-to-jsonl ] || {
        problem "check of $name fails"
        cat -- "$work/out"
    }
    mkdir -- "$work/$name"
    cd -- "$work/$name"
    [ "$name" != sqlite-to-jsonl ] || cp -- "$work/csv-to-sqlite/shop.db" .
    run "$name"
    look "$name"
    for database in *.db; do
        sqlite3 "$database" .dump >"$work/$database.before"
    done
    run "$name" # again: the same
    look "$name"
    for database in *.db; do
        sqlite3 "$database" .dump | cmp - "$work/$database.before" ||
            problem "$name does not give the same $database twice"
    done
    cd -- "$work"
done

# The same count without us: a well-formed line, its status, its path without the query.
gzip -dc "$examples"/logs/access-*.log.gz | awk '
    match($0, /^[^ ]+ [^ ]+ [^ ]+ \[[0-9][0-9]\/[A-Z][a-z][a-z]\/[0-9]+:[0-9:]+ [-+][0-9]+\] "[A-Z]+ [^ "]+ HTTP\/[0-9.]+" [0-9][0-9][0-9] ([0-9]+|-) "/) {
        split($0, part, "\"")
        split(part[2], request, " ")
        split(part[3], answer, " ")
        if (answer[1] < 500) next
        sub(/[?].*/, "", request[2])
        count[request[2]]++
        if (answer[1] == 503) unavailable[request[2]]++
        if (answer[2] != "-") bytes[request[2]] += answer[2]
    }
    END { for (path in count) printf "%s|%d|%d|%d\n", path, count[path], unavailable[path], bytes[path] }
    ' | sort >awk.txt
sqlite3 access-errors/access-errors.db 'SELECT path, errors, unavailable, bytes FROM errors' | sort >ours.txt
diff -u --label awk --label sluice awk.txt ours.txt || problem "awk counts other errors"
[ "$(wc -l <awk.txt)" -gt 5 ] || problem "awk found nothing to count"

[ "$failed" = 0 ] && echo "examples: all as expected"
exit "$failed"

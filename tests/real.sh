#!/usr/bin/env bash
# real.sh - CSV files that nobody here made, through the product: they come back as they were,
# and their sums are SQLite's own.
#
#     real.sh SLUICE DIRECTORY
#
# The files are not part of the product. Where the directory is absent this says so and exits
# with 77, which ctest counts as skipped.
set -eu

sluice=$(realpath -- "$1")
real=$2
if [ ! -d "$real" ]; then
    echo "skipped: there is no directory '$real' with real files"
    exit 77
fi
real=$(realpath -- "$real")
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-real-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"
export LC_ALL=C NO_COLOR=1 HOME=$work
failed=0
checked=0

problem() {
    echo "real: $*"
    failed=1
}

run() { # run NAME: the graph on standard input
    cat >"$1.yaml"
    "$sluice" run -q "$1.yaml" >"$1.out" 2>"$1.err" || {
        problem "$1 of ${file:-} failed"
        cat -- "$1.err"
    }
}

line_end_of() {
    if head -1 -- "$1" | grep -q $'\r$'; then echo crlf; else echo lf; fi
}

# The file with a line end at its end, as the exporter writes it.
whole() { # whole FILE LINE-END
    cat -- "$1"
    if [ -n "$(tail -c 1 -- "$1")" ]; then
        if [ "$2" = crlf ]; then printf '\r\n'; else printf '\n'; fi
    fi
}

# Into SQLite and out again, and straight through: the same bytes, no column declared.
round_trip() { # round_trip FILE
    local ends
    ends=$(line_end_of "$1")
    rm -f -- there.db
    run there <<EOF
stages:
  - reader: csv
    path: $1
  - exporter: sqlite
    database: there.db
    table: rows
EOF
    run back <<EOF
stages:
  - reader: sqlite
    database: there.db
    table: rows
  - exporter: csv
    path: back.csv
    line_end: $ends
EOF
    run through <<EOF
stages:
  - reader: csv
    path: $1
  - exporter: csv
    path: through.csv
    line_end: $ends
EOF
    whole "$1" "$ends" | cmp - back.csv || problem "$1 comes back changed from SQLite"
    whole "$1" "$ends" | cmp - through.csv || problem "$1 comes out of csv to csv changed"
    if [ "$ends" = lf ]; then
        cmp -- "$1" through.csv || problem "$1 is not the same to the byte"
    fi
    checked=$((checked + 1))
}

# Sums, averages and counts by group, bit for bit what sqlite3 says of the same fields.
sums() { # sums FILE.csv GROUP-COLUMN COLUMN TYPE
    file=$real/$1
    [ -e "$file" ] || return 0
    rm -f -- sums.db
    run sums <<EOF
stages:
  - reader: csv
    path: $file
  - transformer: aggregate
    group_by: ["$2"]
    columns:
      rows: count(*)
      filled: 'count("$3")'
      total: 'sum("$3")'
      mean: 'avg("$3")'
      least: 'min("$3")'
      most: 'max("$3")'
  - exporter: sqlite
    database: sums.db
    table: ours
EOF
    sqlite3 sums.db >sums.txt 2>&1 <<EOF || problem "sqlite3 cannot check $1"
.import --csv "$file" fields
CREATE VIEW typed AS SELECT "$2" AS grouped, CAST(NULLIF("$3", '') AS $4) AS value FROM fields;
CREATE TABLE theirs AS SELECT grouped, count(*), count(value), sum(value), avg(value),
  min(value), max(value) FROM typed GROUP BY grouped;
SELECT count(*) FROM (SELECT * FROM theirs EXCEPT SELECT NULLIF("$2", ''), rows, filled, total, mean, least, most FROM ours);
SELECT count(*) FROM (SELECT "$2", rows, filled, total, mean, least, most FROM ours EXCEPT SELECT * FROM theirs);
SELECT count(*) > 1 FROM theirs;
EOF
    [ "$(tr '\n' ' ' <sums.txt)" = '0 0 1 ' ] || {
        problem "sum($3) by $2 of $1 is not what sqlite3 says:"
        cat sums.txt
    }
    checked=$((checked + 1))
}

for file in "$real"/*.csv; do
    [ -e "$file" ] && round_trip "$file"
done
sums weather.csv location precipitation REAL
sums weather.csv weather temp_max REAL
sums weather.csv location wind REAL
sums zipcodes.csv state latitude REAL
sums airports.csv state longitude REAL
sums flights-airport.csv origin count INTEGER
sums birdstrikes.csv 'Origin State' 'Cost Total $' INTEGER
sums birdstrikes.csv 'Wildlife Size' 'Speed IAS in knots' INTEGER
sums species.csv common_name habitat_yearround_pct REAL

[ "$checked" -gt 0 ] || problem "there is no CSV file in '$real'"
[ "$failed" = 0 ] && echo "real: $checked checks passed"
exit "$failed"

#!/bin/sh
# data.sh - makes the benchmark's inputs, always the same ones for a size.
#
#     data.sh DIRECTORY ROWS        orders.csv, orders.jsonl, orders.db, logs/*.log.gz
set -eu
directory=$1 rows=$2 here=$(dirname "$0")
mkdir -p "$directory"
[ -f "$directory/done" ] && exit 0

LC_ALL=C awk -v rows="$rows" -v csv="$directory/orders.csv" -v jsonl="$directory/orders.jsonl" '
function random(below) { state = (state * 16807) % 2147483647; return state % below }
BEGIN {
    state = 20240501
    split("gb us nl de fr es it ch", country, " ")
    split("paid pending refunded failed", status, " ")
    print "id,ts,customer,country,amount,status,note" >csv
    for (i = 1; i <= rows; i++) {
        ts = sprintf("2024-%02d-%02dT%02d:%02d:%02dZ", 1 + random(12), 1 + random(28), random(24), random(60), random(60))
        customer = "customer " (1 + random(20000))
        c = country[1 + random(8)]; s = status[1 + random(4)]
        amount = sprintf("%d.%02d", random(1000), random(100))
        r = random(20)
        note = r == 0 ? "" : r == 1 ? "said \"later\", twice" : "note number " random(1000)
        quoted = note
        if (r == 1) { gsub(/"/, "\"\"", quoted); quoted = "\"" quoted "\"" }
        print i "," ts "," customer "," c "," amount "," s "," quoted >csv
        if (r == 1) gsub(/"/, "\\\"", note)
        print "{\"id\": " i ", \"ts\": \"" ts "\", \"customer\": \"" customer "\", \"country\": \"" c "\", \"amount\": " amount ", \"status\": \"" s "\", \"note\": " (note == "" ? "null" : "\"" note "\"") "}" >jsonl
    }
}'
sqlite3 "$directory/orders.db" <<SQL
PRAGMA journal_mode = off;
CREATE TABLE orders(id INTEGER PRIMARY KEY, ts TEXT, customer TEXT, country TEXT, amount REAL, status TEXT, note TEXT);
.mode csv
.import --skip 1 $directory/orders.csv orders
SQL
"$here/../../config/examples/make-logs.sh" "$directory/logs" $((rows / 2))
touch "$directory/done"

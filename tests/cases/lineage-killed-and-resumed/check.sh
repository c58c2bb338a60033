# Three files, two of them compressed, with notes over two lines and ids that are no numbers. The
# bound on the size of a file kills the run for real (SIGXFSZ) somewhere in the middle.
rows() { # rows FIRST COUNT
    awk -v first="$1" -v count="$2" 'BEGIN {
        print "id,note"
        for (i = first; i < first + count; i++) {
            if (i % 11 == 0) print "x" i ",bad"
            else if (i % 7 == 0) print i ",\"two\nlines\""
            else print i ",plain"
        }
    }'
}
rows 1 4000 >a.csv
rows 4001 3000 >b.csv
rows 7001 3000 >c.csv
# What must come out: id, file, line.
for name in a.csv b.csv c.csv; do
    file=$name
    [ "$name" = a.csv ] || file=$name.gz
    awk -v file="$file" -F, 'NR > 1 && $1 ~ /^[0-9]+$/ && $1 % 3 { print $1 "|" file "|" NR }' "$name"
done | sort >wanted
gzip -n b.csv c.csv

killed=0
for blocks in 160 240 320 400 480; do
    code=0
    { (ulimit -c 0; ulimit -f "$blocks"; exec "$SLUICE" run -q graph.yaml) || code=$?; } >/dev/null 2>&1
    [ "$code" -gt 128 ] || [ "$code" = 74 ] || [ "$code" = 0 ]
    [ "$code" -le 128 ] || killed=$((killed + 1))
    if [ -s out.db ] && [ "$(sqlite3 out.db "SELECT count(*) FROM sqlite_schema WHERE name IN ('t', 'sluice_lineage')")" = 2 ]; then
        test "$(sqlite3 out.db 'SELECT (SELECT count(*) FROM t) = (SELECT count(*) FROM sluice_lineage)')" = 1
    fi
done
test "$killed" -gt 0
"$SLUICE" run -q graph.yaml

sqlite3 out.db 'SELECT t.id, s.name, l.line FROM t JOIN sluice_lineage AS l ON l.row = t.rowid
    JOIN sluice_lineage_source AS s ON s.id = l.source' | sort | diff wanted -
test "$(sqlite3 out.db 'SELECT count(*) FROM sluice_lineage')" = "$(wc -l <wanted)"

count=$(wc -l <wanted)
for row in $(awk -v count="$count" 'BEGIN { srand(4); for (i = 0; i < 100; i++) print int(rand() * count) + 1 }'); do
    id=$(sqlite3 out.db "SELECT id FROM t WHERE rowid = $row")
    place=$("$SLUICE" where out.db t "$row" | sed -n '1s/ (row [0-9]*)$//p')
    test "$id|${place%:*}|${place##*:}" = "$(grep "^$id|" wanted)"
    case ${place%:*} in
    *.gz) line=$(gzip -dc "${place%:*}" | sed -n "${place##*:}p") ;;
    *) line=$(sed -n "${place##*:}p" "${place%:*}") ;;
    esac
    test "${line%%,*}" = "$id"
done

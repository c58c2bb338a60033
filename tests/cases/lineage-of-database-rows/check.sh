sqlite3 in.db "CREATE TABLE plain(v); CREATE TABLE keyed(id INTEGER PRIMARY KEY, v);
    CREATE TABLE composite(a TEXT, b INT, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
    WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO keyed SELECT i * 3, i FROM n;
    INSERT INTO composite SELECT 'k\"' || (id % 7), id, v FROM keyed;
    INSERT INTO plain SELECT v FROM keyed; DELETE FROM plain WHERE rowid % 5 = 0"

graph() { # graph NAME READER [STAGE]
    printf '%s\n' "graph: $1" 'batch: {rows: 100}' 'stages:' "  - {reader: sqlite, database: in.db, $2}" \
        '  - {filter: where, keep: v % 4 = 1}' ${3:+"  - $3"} \
        "  - {exporter: sqlite, database: out.db, table: $1, mode: replace, lineage: true}" >"$1.yaml"
    "$SLUICE" run -q "$1.yaml"
}
# Rows of table $1 whose lineage, joined with the source by $3, is that of another row: none.
wrong() { # wrong TABLE SOURCE CONDITION
    sqlite3 out.db "ATTACH 'in.db' AS src; SELECT count(*), sum(o.v IS NOT i.v) FROM main.$1 AS o
        JOIN sluice_lineage_target AS t ON t.name = '$1'
        JOIN sluice_lineage AS l ON l.target = t.id AND l.row = o.rowid
        LEFT JOIN src.$2 AS i ON $3"
}
graph rowid 'table: plain'
test "$(wrong rowid plain 'i.rowid = l.key')" = '600|0'
graph alias 'table: keyed'
test "$(wrong alias keyed 'i.id = l.key')" = '750|0'
graph pair 'table: composite'
pair="i.a = json_extract(l.key, '\$.a') AND i.b = json_extract(l.key, '\$.b')"
test "$(wrong pair composite "$pair")" = '750|0'
graph sorted 'table: composite' '{transformer: sort, by: v desc, memory: 64KiB}'
test "$(wrong sorted composite "$pair")" = '750|0'
graph asked 'query: "SELECT id, v FROM keyed", key: id'
test "$(wrong asked keyed 'i.id = l.key')" = '750|0'
graph cursor 'table: plain, page: cursor'
test "$(wrong cursor plain 'i.rowid = l.key')" = '600|0'
graph keyless 'query: SELECT v FROM plain'
test "$(sqlite3 out.db "SELECT count(*), count(l.key), min(number) FROM sluice_lineage AS l
    JOIN sluice_lineage_target AS t ON t.id = l.target WHERE t.name = 'keyless'")" = '600|0|1'

"$SLUICE" where out.db rowid 2 >said
"$SLUICE" where out.db alias 2 >>said
"$SLUICE" where out.db pair 2 >>said
"$SLUICE" where out.db sorted 1 --format json >>said
"$SLUICE" where out.db asked 2 >>said
"$SLUICE" where out.db keyless 2 >>said
diff said - <<'END'
in.db, table plain: rowid = 9 (row 8)
written by exporter 'sqlite' of graph 'rowid'
in.db, table keyed: id = 15 (row 5)
written by exporter 'sqlite' of graph 'alias'
in.db, table composite: {"a":"k\"0","b":147} (row 7)
written by exporter 'sqlite' of graph 'pair'
{"table":"sorted","rowid":1,"kind":"table","several":false,"source":"composite","database":"in.db","key":{"a":"k\"3","b":8991},"row":1714,"line":null,"graph":"sorted","exporter":"sqlite"}
in.db, a query: id = 15 (row 5)
written by exporter 'sqlite' of graph 'asked'
in.db, a query (row 8)
written by exporter 'sqlite' of graph 'keyless'
END

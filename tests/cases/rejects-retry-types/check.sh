# A row comes back as it was: the same values by the retry as by a run that refuses nothing.
sqlite3 in.db "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, b BLOB, any, yes BOOLEAN);
    INSERT INTO t VALUES (1, 9223372036854775807, 1e300, 'é \"x\"', x'00ff10', 'text', 1),
    (2, -1, 0.1, '', x'', 2.5, 0), (3, NULL, NULL, NULL, NULL, NULL, NULL), (4, 0, 3.0, '007', x'41', 7, 1)"
dump() { sqlite3 "$1" "SELECT 't', typeof(i), typeof(r), typeof(s), typeof(b), typeof(any), quote(i), quote(r), quote(s), quote(b), quote(any), quote(yes) FROM $2 ORDER BY id"; }
"$SLUICE" run -q graph.yaml --set fit=1
dump out.db t >wanted
[ "$(wc -l <wanted)" = 4 ]
rm out.db
"$SLUICE" run -q graph.yaml
[ "$(sqlite3 out.db 'SELECT count(*) FROM rejects')" = 4 ]
"$SLUICE" rejects retry graph.yaml --set fit=1 >out
diff out <(printf 'rules: 4 rows tried again, 0 rejected again\n  sqlite-2: 4 rows\n  second: 4 rows\n')
dump out.db t | diff wanted -
dump out.db t2 | diff wanted -

dump_lines() { sqlite3 lines.db 'SELECT typeof(n), typeof(s), typeof(truth), typeof(deep), quote(n), quote(s), quote(truth), quote(deep), quote("nothing") FROM t ORDER BY rowid'; }
"$SLUICE" run -q lines.yaml --set fit=1
dump_lines >wanted
[ "$(sqlite3 lines.db 'SELECT count(*) FROM t')" = 3 ]
rm lines.db
"$SLUICE" run -q lines.yaml
"$SLUICE" rejects retry -q lines.yaml --set fit=1
dump_lines | diff wanted -
[ "$(sqlite3 lines.db 'SELECT count(*) FROM rejects')" = 0 ]

first=$(sqlite3 out.db 'SELECT * FROM t')
test "$first" = '1|x
2|y'
sqlite3 out.db "CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t(b); INSERT INTO t VALUES('old', 'old')"
"$SLUICE" run -q graph.yaml
test "$(sqlite3 out.db 'SELECT * FROM t')" = "$first"
test "$(sqlite3 out.db 'SELECT group_concat(a) FROM v')" = '1,2'
test "$(sqlite3 out.db 'SELECT count(*) FROM sqlite_schema')" = 3

sqlite3 a.db 'PRAGMA journal_mode = wal; CREATE TABLE rows(n);
  WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 40000) INSERT INTO rows SELECT n FROM c' >/dev/null
sed 's/    table: rows/&\n    page: cursor/' graph.yaml >twice.yaml
timeout 20 "$SLUICE" run -q twice.yaml
[ "$(sqlite3 a.db 'SELECT count(*), count(DISTINCT n) FROM rows')" = '80000|40000' ]

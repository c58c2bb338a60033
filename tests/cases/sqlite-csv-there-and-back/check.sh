"$SLUICE" run -q back.yaml
cmp in.csv back.csv
test "$(sqlite3 out.db "SELECT typeof(county), county FROM places WHERE zip = '00501'")" = 'text|09005'
test "$(sqlite3 out.db "SELECT group_concat(DISTINCT typeof(lat)) FROM places")" = 'real,text'
test "$(sqlite3 out.db 'PRAGMA journal_mode')" = wal

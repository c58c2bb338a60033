test "$(sqlite3 out.db 'SELECT count(*), sum(county), max(typeof(county)) FROM t')" = '41|360820.0|text'
test "$(sqlite3 out.db "SELECT county FROM t WHERE name = 'misfit'")" = 'n/a'
test "$(cut -d, -f1-5 rejects.csv)" = "_stage,_reason,_column,_source,_row
sqlite,the text would be stored as a number in this INTEGER column: '09005',county,in.csv,41
sqlite,CHECK constraint failed: name <> 'bad',,in.csv,42
sqlite,UNIQUE constraint failed: t.name,name,in.csv,43"

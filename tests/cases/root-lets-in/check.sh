[ "$(sqlite3 in/d/x.db 'SELECT group_concat(id || t) FROM t')" = 1a,2b ]
[ "$(wc -l <in/bad.jsonl)" = 1 ]
[ "$(sed -n '2p;$p' in/down.csv | tr '\n' ' ')" = '200000 1 ' ]
[ -e state ]

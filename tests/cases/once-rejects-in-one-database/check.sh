# Good rows, refused rows and both checkpoints go through one connection; each reject comes once.
"$SLUICE" run -q graph.yaml
printf '6,20\n3,7\n8,80\n' >>in.csv
"$SLUICE" run -q graph.yaml
[ "$(sqlite3 out.db "SELECT group_concat(id) FROM t")" = 1,3,5,8 ]
sqlite3 out.db "SELECT _stage, _row FROM bad" | sort >bad
printf 'rules|2\nrules|6\nsqlite|4\nsqlite|7\n' | diff - bad

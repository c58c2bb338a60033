# 300,000 integers, one amount in 2,000 spelled n/a, and at the end a code.
echo "09005,100" >>in.csv
"$SLUICE" run -q import.yaml
"$SLUICE" run -q back.yaml
cmp in.csv back.csv
[ "$(sqlite3 out.db "SELECT count(*), typeof(county), max(typeof(amount)) FROM rows GROUP BY 2")" = '300000|integer|text
1|text|integer' ]
[ "$(sqlite3 out.db "SELECT county FROM rows WHERE typeof(county) = 'text'")" = 09005 ]
# Exactly the right rows are kept, and the misfits are rejected: none is true by being text.
awk -F, 'NR == 1 || ($2 != "n/a" && $2 >= 100)' in.csv >wanted.csv
for way in plain coalesced; do
    "$SLUICE" run -q $way.yaml
    cmp wanted.csv $way.csv
    [ "$(wc -l <$way.rejects)" = 150 ]
done

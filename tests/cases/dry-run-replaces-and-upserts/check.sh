# Tables and a file that are there stay as they are, and what would happen to them is said.
"$SLUICE" run -q upsert.yaml
"$SLUICE" run -q look.yaml >before
cp out.csv sheet
sed 's/10\], \[2, 20\]/11]/' graph.yaml >other.yaml
"$SLUICE" run other.yaml --dry-run 2>said
grep -Fx "replacing: a dry run, nothing was committed" said
grep -Fx "  sqlite: would replace what is in table 'paid' of out.db with 1 row" said
grep -Fx "  csv: would replace what is in out.csv with 1 row" said
sed 's/\[3, 30\]/[3, 31], [4, 40]/' upsert.yaml >more.yaml
"$SLUICE" run more.yaml --dry-run --fresh 2>said
grep -Fx "  sqlite: would add or replace 3 rows in table 'keyed' of out.db" said
"$SLUICE" run -q look.yaml >after
cmp before after
cmp out.csv sheet
[ "$(ls -A | grep -v -e '^out\.' -e yaml | sort | tr '\n' ' ')" = "after before cmd said sheet " ]
# And it can be told from a run: the same without --dry-run changes all of them.
"$SLUICE" run -q other.yaml
"$SLUICE" run -q more.yaml --fresh
"$SLUICE" run -q look.yaml >after
! cmp -s before after || exit 1
! cmp -s out.csv sheet || exit 1

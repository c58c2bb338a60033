printf 'id,total\n1,10\n3,30\n' >a.csv
printf '%s\n' 'graph: g' 'stages:' '  - {reader: csv, path: a.csv}' \
    '  - {exporter: sqlite, database: out.db, table: paid, lineage: true}' >g.yaml
"$SLUICE" run -q g.yaml
sqlite3 out.db 'INSERT INTO paid VALUES(7, 70); DELETE FROM paid WHERE rowid = 2; CREATE TABLE other(a);
    INSERT INTO other VALUES(1); CREATE VIEW v AS SELECT 1'
refused() { # refused CODE MESSAGE HINT WORD...
    local wanted=$1 message=$2 hint=$3 code=0
    shift 3
    "$SLUICE" where "$@" >out 2>err || code=$?
    test "$code" = "$wanted"
    test ! -s out
    grep -qF -- "$message" err
    [ -z "$hint" ] || grep -qF -- "hint: $hint" err
}
refused 66 "'out.db' has no table 'pay'" "did you mean 'paid'?" out.db pay 1
refused 66 "'out.db' has no table 'v'" '' out.db v 1
refused 66 "table 'paid' has no row 99" '' out.db paid 99
refused 66 "row 2 of table 'paid' is not there any more" 'it came from a.csv:3 (row 2)' out.db paid 2
refused 65 "it is not known where row 3 of table 'paid' came from" 'something else wrote it' out.db paid 3
refused 78 "no lineage is kept of table 'other'" 'write `lineage: true`' out.db other 1
refused 65 "cannot read 'a.csv': file is not a database" 'it is no SQLite database' a.csv paid 1
refused 66 "cannot open 'no.db'" '' no.db paid 1
refused 66 'it is no regular file' '' . paid 1
refused 64 "a rowid is a whole number, not 'x'" 'sluice where DATABASE TABLE ROWID' out.db paid x
refused 64 'a word is missing' '' out.db paid

# Tables whose rows cannot be found again.
sqlite3 out.db 'CREATE TABLE w(id PRIMARY KEY, total) WITHOUT ROWID; CREATE VIRTUAL TABLE f USING fts5(id, total);
    CREATE TABLE n(id, total, rowid, oid, _rowid_); CREATE TABLE h(id, total, rowid)'
check() { sed "s/table: paid/table: $1/" g.yaml >n.yaml; "$SLUICE" check n.yaml 2>&1 || test $? = 78; }
check w | grep -qF "stage 'sqlite', option 'lineage': table 'w' is WITHOUT ROWID"
check f | grep -qF "'f' is a virtual table"
check n | grep -qF 'rowid, _rowid_ and oid are columns'
check sluice_lineage_x | grep -qF "the table name 'sluice_lineage_x' is reserved"
sed 's/table: paid/table: h/' g.yaml >h.yaml
"$SLUICE" run -q h.yaml
test "$("$SLUICE" where out.db h 2 | head -1)" = 'a.csv:3 (row 2)'

# Rows that are made from several, and rows that no source has.
printf '%s\n' 'graph: several' 'stages:' '  - {reader: csv, path: a.csv}' \
    '  - {transformer: aggregate, columns: {n: count(*)}}' \
    '  - {exporter: sqlite, database: out.db, table: sums, mode: replace, lineage: true}' >s.yaml
"$SLUICE" check s.yaml 2>&1 | grep -qF 'warning: stage '"'sqlite', option 'lineage'"': each row is made from several'
"$SLUICE" run -q s.yaml
test "$("$SLUICE" where out.db sums 1 | head -1)" = 'several rows of a.csv'
cp a.csv b.csv
sed 's/path: a.csv/path: [a.csv, b.csv]/' s.yaml >s2.yaml
"$SLUICE" run -q s2.yaml
test "$("$SLUICE" where out.db sums 1 | head -1)" = 'several rows of several sources'
printf '%s\n' 'graph: made' 'stages:' '  - {reader: values, columns: [n], rows: [[5], [6], [7]]}' \
    '  - {exporter: sqlite, database: out.db, table: made, mode: replace, lineage: true}' >m.yaml
"$SLUICE" run -q m.yaml
test "$("$SLUICE" where out.db made 3 | head -1)" = 'rows that the graph itself made (row 3)'

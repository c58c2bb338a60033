# Rows that a rule refused, after the rule was mended, after their values were mended, after the
# table refused them; and those that cannot be tried again.
look() { sqlite3 out.db "$1" | tr '\n' ' '; }
kept() { "$SLUICE" checkpoint show graph.yaml; }
before=$(kept)
[ "$(look 'SELECT id FROM paid')" = "01 " ]

# A mended rule: what it refuses still comes back with its new reason and its old place.
sed -i 's/amount > 0/amount > -5/' graph.yaml
"$SLUICE" rejects retry graph.yaml >out 2>said
diff out - <<'Z'
rules: 3 rows tried again, 2 rejected again
  sqlite: 1 row
Z
grep -Fx "warning: 2 rejected rows stay: reader 'csv' refused to read them" said
grep -F "hint: mend them in the source" said
[ "$(look 'SELECT id, twice FROM paid ORDER BY id')" = "01|11.0 02|-2.0 " ]
[ "$(look "SELECT _stage, _reason, _source, _row, _line FROM rejects WHERE _stage <> 'csv' ORDER BY rowid")" = \
    "rules|amount > -5|in.csv|4|5 rules|status = 'paid'|in.csv|5|6 " ]
[ "$(kept)" = "$before" ]

# Mended values; a stage further on refuses now, and the row belongs to it.
sqlite3 out.db "UPDATE rejects SET _values = '{\"id\":\"02\",\"amount\":8,\"status\":\"paid\"}' WHERE _row = 4"
"$SLUICE" rejects retry graph.yaml >out 2>/dev/null
diff out - <<'Z'
rules: 2 rows tried again, 2 rejected again
  sqlite: 0 rows
Z
[ "$(look "SELECT _reason, _values FROM rejects WHERE _stage = 'sqlite'")" = \
    'UNIQUE constraint failed: paid.id|{"id":"02","twice":16.0,"amount":8} ' ]
[ "$(kept)" = "$before" ]

# An exporter's own: fed to it alone. JSON that cannot be read, and columns of old: they stay.
sqlite3 out.db "UPDATE rejects SET _values = json_set(_values, '\$.id', '77') WHERE _stage = 'sqlite'"
sqlite3 out.db "UPDATE rejects SET _values = '{' WHERE _stage = 'rules'"
sqlite3 out.db "INSERT INTO rejects (_stage, _reason, _values) VALUES ('rules', 'old', '{\"ID2\":1}')"
sqlite3 out.db "INSERT INTO rejects (_stage, _reason) VALUES ('rules', 'none'), ('gone', 'x')"
"$SLUICE" rejects retry graph.yaml --format json >out 2>said
grep -F '{"stage":"rules","tried":0,"rejected_again":0,"stayed":3,"written":[{"exporter":"sqlite","rows":0}]}' out
grep -F '{"stage":"sqlite","tried":1,"rejected_again":0,"stayed":0,"written":[{"exporter":"sqlite","rows":1}]}' out
grep -F "stays: its _values are no JSON: the object is not closed" said
grep -F "stays: its _values have 'ID2', which is no column there now" said
grep -F "stays: it never was a row with values" said
grep -F "1 rejected row stays: the YAML has no stage 'gone' now" said
[ "$(look 'SELECT id, twice, amount FROM paid ORDER BY id')" = "01|11.0|5.5 02|-2.0|-1.0 77|16.0|8.0 " ]
[ "$(look 'SELECT count(*) FROM rejects')" = "6 " ]
[ "$(kept)" = "$before" ]

# Nothing of all that is met by the next run, which goes on with what is new.
printf '8,80,paid\n9,-90,paid\n' >>in.csv
"$SLUICE" run -q graph.yaml
[ "$(look 'SELECT count(*) FROM paid')" = "4 " ]
[ "$(look 'SELECT count(*) FROM rejects')" = "7 " ]
# By number.
sed -i 's/amount > -5/amount > -500/' graph.yaml
number=$(look 'SELECT max(rowid) FROM rejects')
"$SLUICE" rejects retry graph.yaml $number >out
diff out - <<'Z'
rules: 1 row tried again, 0 rejected again
  sqlite: 1 row
Z
[ "$(look "SELECT id FROM paid WHERE amount = -90")" = "9 " ]
[ "$(look 'SELECT count(*) FROM rejects')" = "6 " ]
"$SLUICE" rejects drop -q graph.yaml
[ "$("$SLUICE" rejects retry graph.yaml)" = "no row to try again" ]

# Another source is refused, with the ways out; nothing happens to what is there.
look() {
    cat >look.yaml <<'Z'
stages:
  - reader: sqlite
    database: out.db
    query: SELECT group_concat(id, ' ') AS ids FROM (SELECT id FROM paid ORDER BY id)
  - exporter: lines
    path: "-"
    column: ids
Z
    "$SLUICE" run -q look.yaml
}
ids() { grep -o '"id":[0-9]*' copy.jsonl | cut -d: -f2 | sort | tr '\n' ' '; }
[ "$(look)" = "1 2" ]
sed 's/old.csv/new.csv/' graph.yaml >new.yaml
code=0
"$SLUICE" run -q new.yaml 2>said || code=$?
[ "$code" = 78 ]
grep -F "stage 'csv': this reads another source than the one whose rows 'sqlite' has" said
grep -F "sluice run --fresh" said
grep -F "sluice checkpoint rewind" said
"$SLUICE" checkpoint ls new.yaml | grep -F "the next run is refused: stage 'csv': this reads another source"
[ "$(look)" = "1 2" ]
# Put back as it was, it goes on; with --fresh the other source is read from its start.
"$SLUICE" run -q graph.yaml
[ "$(look)" = "1 2" ]
"$SLUICE" run -q new.yaml --fresh
[ "$(look)" = "1 1 2 2 3" ]
[ "$(ids)" = "1 1 2 2 3 " ]
[ "$(wc -l <rejects.jsonl)" = 3 ]
"$SLUICE" run -q new.yaml
[ "$(look)" = "1 1 2 2 3" ]

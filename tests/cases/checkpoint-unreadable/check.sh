# A checkpoint that is damaged, or of a version to come: shown, and given up by drop or --fresh.
for damage in 'substr(checkpoint, 1, 50)' "replace(checkpoint, '\"version\":1', '\"version\":99')"; do
    for way in drop fresh; do
        sqlite3 out.db "UPDATE sluice_checkpoint SET checkpoint = $damage"
        code=0
        "$SLUICE" run -q graph.yaml 2>said || code=$?
        [ "$code" = 78 ]
        grep -F "the checkpoint of this exporter is of no use" said
        "$SLUICE" checkpoint ls graph.yaml | grep -F "the next run is refused: it "
        code=0
        "$SLUICE" checkpoint rewind graph.yaml 2>said || code=$?
        [ "$code" = 78 ]
        grep -F "sluice checkpoint drop" said
        sqlite3 out.db 'DELETE FROM t'
        if [ $way = drop ]; then
            "$SLUICE" checkpoint drop -q graph.yaml
            "$SLUICE" run -q graph.yaml
        else
            "$SLUICE" run -q graph.yaml --fresh
        fi
        [ "$(sqlite3 out.db 'SELECT group_concat(id) FROM t')" = 1,2 ]
    done
done

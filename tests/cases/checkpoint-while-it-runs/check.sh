# A run that cannot go on, because nobody reads what it writes to a FIFO, holds its lock: what is
# kept may be looked at and not be changed.
mkfifo pipe
seq -f 'row-%032.0f' 100000 >>in.csv
exec 3<>pipe
"$SLUICE" run -q graph.yaml --set pipe=pipe &
running=$!
trap 'kill -9 $running 2>/dev/null || true' EXIT
read -r -u 3 first
[ "$first" = row-00000000000000000000000000000001 ] || [ "$first" = 1 ]
for words in rewind "rewind_sqlite" "rewind_copy" drop "set_csv_{}"; do
    code=0
    set -- ${words//_/ }
    action=$1
    shift
    "$SLUICE" checkpoint "$action" graph.yaml "$@" 2>said || code=$?
    [ "$code" = 75 ]
    grep -F "graph 'slow' is running already" said
    grep -F "hint: wait until it has ended, or stop it" said
done
"$SLUICE" checkpoint ls graph.yaml >listed
grep -F "sqlite (sqlite exporter): 2 rows" listed
kill -9 $running
wait $running || true
exec 3<&-
"$SLUICE" checkpoint rewind graph.yaml

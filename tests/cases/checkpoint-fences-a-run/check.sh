# A run that waits before its first row is in the database, under another state directory and so
# with another lock: it is fenced off by the epoch, and cannot commit any more.
for words in rewind drop; do
    rm -f pipe
    mkfifo pipe
    seq -f 'row-%0200.0f' 5000 >>in.csv
    exec 3<>pipe
    code=0
    "$SLUICE" run -q graph.yaml --set pipe=pipe --state elsewhere 2>said &
    running=$!
    trap 'kill -9 $running 2>/dev/null || true' EXIT
    read -r -u 3 first
    before=$(sqlite3 out.db 'SELECT count(*) FROM t')
    "$SLUICE" checkpoint "$words" graph.yaml
    cat <&3 >/dev/null &
    reading=$!
    wait $running || code=$?
    kill $reading
    exec 3<&-
    [ "$code" = 75 ]
    grep -F "another run of graph 'zombie' has taken over 'out.db'" said
    [ "$(sqlite3 out.db 'SELECT count(*) FROM t')" = "$before" ]
    "$SLUICE" run -q graph.yaml
    [ "$(sqlite3 out.db 'SELECT count(*) FROM t')" = "$((before + $(wc -l <in.csv) - 1))" ]
done

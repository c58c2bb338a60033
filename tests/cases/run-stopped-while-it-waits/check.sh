printf 'a\n1\n' | cmp - out.csv
mkfifo fifo
# 143: it ended by itself when it was told to; 137: it had to be killed.
stop() { timeout --preserve-status --kill-after=10 --signal=TERM 0.5 "$SLUICE" run -q graph.yaml --set "input=$1"; }
code=0; stop fifo 2>err || code=$?
[ "$code" = 143 ]
exec 3<>fifo # now a writer that says nothing
code=0; stop - <&3 2>err || code=$?
[ "$code" = 143 ]
printf 'a\n1\n' | cmp - out.csv
[ "$(ls -A | grep -c 'out.csv')" = 1 ] # no temporary file is left

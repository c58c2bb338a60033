"$SLUICE" run -q graph.yaml & # the reader waits for ever
run=$!
# Reads what is added to the target until both lines are there: an event, not a time.
timeout 30 tail -n +1 -F --pid=$run out.lines 2>tail.err | head -n 2 >seen
kill -TERM $run
code=0; wait $run || code=$?
[ "$code" = 143 ]
printf 'one\ntwo\n' | cmp - seen
printf 'one\ntwo\n' | cmp - out.lines

test "$(grep -c "^where," bad.csv)" = 1
grep -q ",500,501," bad.csv

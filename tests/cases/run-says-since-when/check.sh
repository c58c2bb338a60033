! grep since "$ERR" || exit 1
day=20[0-9]{2}-[0-9]{2}-[0-9]{2}
"$SLUICE" run graph.yaml 2>said
grep -E "^orders: 0 new rows since $day [0-9:]{8}; --fresh begins again$" said
! grep changed said || exit 1
# The time is that of the rows, and stays when there is nothing new. It is local time.
"$SLUICE" run graph.yaml 2>again
diff <(grep since said) <(grep since again)
TZ=UTC-12 "$SLUICE" run graph.yaml 2>elsewhere
! diff <(grep since said) <(grep since elsewhere) >/dev/null || exit 1
sed -i 's/amount > 0/amount > 1/; s/{id: id}/{id: id + 0}/' graph.yaml
printf '3,30\n' >>orders.csv
"$SLUICE" run graph.yaml --dry-run --format json >summary
grep -E "\"since\":\"${day}T[0-9:]{8}Z\",\"new_rows\":1,\"changed_stages\":\[\"where\",\"select\"\]" summary
"$SLUICE" run graph.yaml 2>said
grep -E '^orders: 1 new row since ' said
grep -Fx "orders: stage 'where' changed since" said
grep -Fx "orders: stage 'select' changed since" said
"$SLUICE" run graph.yaml 2>said
! grep changed said || exit 1
"$SLUICE" run graph.yaml --fresh 2>said
! grep since said || exit 1
"$SLUICE" run graph.yaml --format json --fresh >summary
! grep since summary || exit 1

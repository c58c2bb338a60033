# graphs.sh - reloading a right and a wrong file; what the journal has.

more_events 500
cat >/etc/sluice/graphs.d/events.yaml <<'G'
graph: events
stages:
  - reader: csv
    path: /srv/incoming/events.csv
    header: [id, text]
    columns: {id: integer, text: text}
    follow: true
    poll: 100ms
  - exporter: sqlite
    database: events.db
    table: rows
    mode: append
G
check "a reload takes a new graph" systemctl reload sluice
events_came "after a reload"

sed 's/columns: {id/colums: {id/' /etc/sluice/graphs.d/events.yaml >/etc/sluice/graphs.d/wrong.yaml
mark
check "a reload with a wrong file fails" fails systemctl reload sluice
check "the journal has the place" said "/etc/sluice/graphs.d/wrong.yaml:[0-9]+:[0-9]+:.*colums"
more_events 500
events_came "beside a wrong file"
same "the service goes on" "active 0" "$(systemctl is-active sluice) $(prop NRestarts)"
rm /etc/sluice/graphs.d/wrong.yaml

# A graph that fails at a row: its line has the graph, the stage, the row and an id.
csv /srv/incoming/strict.csv 10
echo 'eleven,row 77' >>/srv/incoming/strict.csv
load_graph strict /srv/incoming/strict.csv strict.db >/etc/sluice/graphs.d/strict.yaml
mark
check "a reload takes a graph that will fail" systemctl reload sluice
check "the journal says that it failed" said '^strict: it failed, and will be started again'
fields() { # fields MATCH...: of the newest line that matches
    journalctl -b -q -n 1 -o json -u sluice --output-fields=GRAPH,STAGE,MESSAGE_ID,SLUICE_ROW,PRIORITY,SYSLOG_IDENTIFIER "$@"
}
line=$(fields GRAPH=strict STAGE=csv)
for field in '"STAGE":"csv"' '"SLUICE_ROW":"11"' '"PRIORITY":"3"' '"SYSLOG_IDENTIFIER":"sluice"'; do
    like "the line of a failure has $field" "$field" "$line"
done
like "the line that it has failed is found by its id" '"GRAPH":"strict"' \
    "$(fields MESSAGE_ID=304c39ec13f849a39225bfee3ad7a3a7)"
like "the line of a graph that ended is found by its id" '"GRAPH":"orders"' \
    "$(fields MESSAGE_ID=dd50216bc8214778a1786df76cc1da10 GRAPH=orders)"
like "the line of a start is found by its id" '"SYSLOG_IDENTIFIER":"sluice"' "$(fields MESSAGE_ID=1e127758f64a4b24877fabdc8b431369)"
rm /etc/sluice/graphs.d/strict.yaml
check "a reload takes a graph away" systemctl reload sluice

# single.sh - one graph by itself, and by a timer.

csv /srv/incoming/single.csv 1234
load_graph single /srv/incoming/single.csv single.db >/etc/sluice/single/single.yaml
mark
check "sluice@single starts" systemctl start sluice@single
check "sluice@single ends" said 'sluice@single.service: Deactivated successfully' sluice@single
same "its result" "inactive success 0" \
    "$(prop ActiveState sluice@single) $(prop Result sluice@single) $(prop ExecMainStatus sluice@single)"
exact "its rows are exact" /var/lib/sluice/single.db 1234
echo 'graph: [' >/etc/sluice/single/wrong.yaml
mark
check "a wrong graph by itself does not start" fails systemctl start sluice@wrong
check "the journal has its place" said 'single/wrong.yaml:[0-9]+:[0-9]+: ' sluice@wrong
same "it is not tried again" "failed 78 0" "$(prop ActiveState sluice@wrong) $(prop ExecMainStatus sluice@wrong) $(prop NRestarts sluice@wrong)"
systemctl reset-failed sluice@wrong

# The timer of the page, but each second.
rows 1235 1300 >>/srv/incoming/single.csv
sed -n '/^cat >\/etc\/systemd\/system\/sluice@orders.timer/,/^```$/p' operating.md | sed '/^```$/d; s/@orders/@single/g
    s/^OnCalendar=.*/OnCalendar=*-*-* *:*:*/' >timer.sh
mark
check "the timer of the page is made" bash timer.sh
check "it runs the graph" said 'Deactivated successfully' sluice@single
systemctl disable --now sluice@single.timer
exact "rows that came are added" /var/lib/sluice/single.db 1300

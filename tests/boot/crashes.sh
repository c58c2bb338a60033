# crashes.sh - the watchdog, a kill, a wrong configuration at the start.

printf '[Service]\nWatchdogSec=8s\n' >/etc/systemd/system/sluice.service.d/watchdog.conf
systemctl daemon-reload
check "a restart with a short watchdog" systemctl restart sluice
events_came "after a restart"

mark
restarts=$(prop NRestarts)
kill -STOP "$(prop MainPID)"
more_events 300
check "the watchdog finds a daemon that stands still" said 'Watchdog timeout'
check "it is started again" said 'Started .*Sluice'
same "it was restarted once" "$((restarts + 1)) active" "$(prop NRestarts) $(systemctl is-active sluice)"
events_came "after the watchdog"

mark
restarts=$(prop NRestarts)
more_events 20000
kill -KILL "$(prop MainPID)"
check "a killed daemon is started again" said 'Started .*Sluice'
same "it was restarted once more" "$((restarts + 1)) active" "$(prop NRestarts) $(systemctl is-active sluice)"
more_events 300
events_came "after a kill"
rm /etc/systemd/system/sluice.service.d/watchdog.conf
systemctl daemon-reload

echo 'graph: [' >/etc/sluice/graphs.d/wrong.yaml
mark
check "a wrong file keeps the service from starting" fails systemctl restart sluice
check "the journal has the place" said '/etc/sluice/graphs.d/wrong.yaml:[0-9]+:[0-9]+: '
same "it is not tried again" "failed 78 0" "$(prop ActiveState) $(prop ExecMainStatus) $(prop NRestarts)"
echo 'SLUICE_OPTIONS=--broken skip' >>/etc/sluice/environment
check "what is right starts nevertheless, as the page says" systemctl start sluice
like "the wrong file is seen" 'wrong.yaml +broken' "$(sluice status)"
sed -i '/^SLUICE_OPTIONS/d' /etc/sluice/environment
rm /etc/sluice/graphs.d/wrong.yaml
for i in 1 2 3 4 5 6; do
    check "an operator's restart, $i" systemctl restart sluice
done
events_came "after a wrong file"

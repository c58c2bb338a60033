# package.sh - a stop amid work, an upgrade, a removal, a purge.

cat >/etc/sluice/graphs.d/many.yaml <<'G'
graph: many
stages:
  - reader: count
    start: 1
    end: 400001
  - transformer: select
    columns:
      id: n
      text: "'row ' || (n * 7 % 1000)"
  - exporter: sqlite
    database: many.db
    table: rows
    mode: append
G
check "a reload takes a graph with much to do" systemctl reload sluice
check "it works" shows many '"rows_out":[1-9][0-9]*,.*"commits":[1-9]'
from=$(date +%s)
check "a stop amid work" systemctl stop sluice
check "it takes less than its limit" test "$(($(date +%s) - from))" -lt 60
same "it ended in order" "success 0" "$(prop Result) $(prop ExecMainStatus)"
check "the service starts again" systemctl start sluice

pid=$(prop MainPID)
check "an upgrade" apt install -y --reinstall ./build/deb/sluice_*.deb
same "the service runs after an upgrade" active "$(systemctl is-active sluice)"
check "it is another process" test "$pid" != "$(prop MainPID)"
check "the graph ends that was cut off twice" in_state many "done"
exact "its rows are exact" /var/lib/sluice/many.db 400000
more_events 100
events_came "after an upgrade"
same "nothing has failed" "" "$(systemctl --failed --no-legend --plain)"

systemctl enable --now sluice.socket 2>/dev/null
check "a removal" apt remove -y sluice
same "nothing of it runs" "" "$(pgrep -a sluice; systemctl list-units --no-legend --plain 'sluice*')"
check "the environment is kept" test -e /etc/sluice/environment
check "a purge" apt purge -y sluice
same "what is left of the configuration is the administrator's" "/etc/sluice/credentials/api-key
/etc/sluice/credentials/key
/etc/sluice/graphs.d/events.yaml
/etc/sluice/graphs.d/home.yaml
/etc/sluice/graphs.d/many.yaml
/etc/sluice/graphs.d/orders.yaml
/etc/sluice/graphs.d/parsed.yaml
/etc/sluice/graphs.d/wal.yaml
/etc/sluice/single/single.yaml
/etc/sluice/single/wrong.yaml" "$(find /etc/sluice -type f | sort)"
exact "the state is kept" /var/lib/sluice/events.db "$events"
same "no unit and no link to one is left" "/etc/systemd/system/sluice.service.d
/etc/systemd/system/sluice.service.d/access.conf
/etc/systemd/system/sluice.service.d/override.conf
/etc/systemd/system/sluice@single.timer" "$(find /etc/systemd /usr/lib/systemd /var/lib/systemd/deb-systemd-helper-* -name '*sluice*' -o -path '*sluice.service.d/*' | sort)"

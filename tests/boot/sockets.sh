# sockets.sh - systemd holds the sockets.

mapfile -t page < <(commands 'Sockets by systemd')
for command in "${page[@]}"; do
    check "the page's command: $command" bash -c "$command"
done
check "the service is asked over its socket" sluice status events
same "both sockets listen" "active active" "$(systemctl is-active sluice.socket) $(systemctl is-active sluice-metrics.socket)"
metrics() {
    curl -s -S --max-time "$patience" --unix-socket /run/sluice/metrics.sock "http://localhost/$1"
}
like "metrics are asked over their socket" '^sluice_graph_state\{graph="events",state="[a-z]+"\} 1' "$(metrics metrics)"
same "the service is ready" 200 "$(curl -s -o /dev/null -w '%{http_code}' \
    --unix-socket /run/sluice/metrics.sock http://localhost/readyz)"
check "a member of the group may ask for metrics" as ada curl -s --unix-socket /run/sluice/metrics.sock http://localhost/livez
check "others may not ask for metrics" fails as bob curl -s --unix-socket /run/sluice/metrics.sock http://localhost/livez

check "the service stops" systemctl stop sluice
same "it stands still" inactive "$(systemctl is-active sluice)"
more_events 200
check "the first client starts it" sluice status events
same "it runs" active "$(systemctl is-active sluice)"
events_came "after a start by a client"
systemctl --no-block restart sluice
check "a client waits while it restarts" sluice status events
check "the service stops again" systemctl stop sluice
like "metrics start it too" '^sluice_build_info' "$(metrics metrics)"
same "it runs again" active "$(systemctl is-active sluice)"
check "the sockets are given back" systemctl disable --now sluice.socket sluice-metrics.socket
check "the service has its own socket again" systemctl restart sluice
check "it is asked over its own socket" sluice status events

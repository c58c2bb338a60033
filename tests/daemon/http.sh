#!/usr/bin/env bash
# http.sh - a daemon that serves metrics and health: what it says of its graphs while they run and
# when they stop, and a start that is refused where the address is not this machine's own.
. "$(dirname -- "$0")/lib.sh" "$@"

rows 1 100 >in.csv
follow_graph quiet "$work/in.csv" "$work/quiet.jsonl" >g/quiet.yaml

"$sluice" daemon --config g --metrics 0.0.0.0:9187 >refused 2>&1
[ $? = 64 ] || problem "an address of the network was not refused with 64"
grep -q "cannot listen on '0.0.0.0:9187'" refused || problem "no reason: $(cat refused)"

start --metrics 127.0.0.1:0
has_lines quiet.jsonl 100
port=$(sed -n 's/.*metrics and health on 127\.0\.0\.1:\([0-9]*\)$/\1/p' log)
[ -n "$port" ] || { problem "it does not say where it listens"; exit 1; }
ask() ( # ask PATH [HOST]; a shell of its own, for bash ends where it cannot connect
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\n\r\n' "$1" "${2:-localhost}" >&3
    tr -d '\r' <&3
)
in_state quiet waiting
ask /metrics >text
for line in 'HTTP/1.1 200 OK' 'sluice_graph_state{graph="quiet",state="waiting"} 1' \
    'sluice_broken_files 0' 'sluice_graph_runs_total{graph="quiet"} 1'; do
    grep -q -x -F -- "$line" text || problem "no line '$line'"
done
grep -q '^sluice_stage_rows_out_total{graph="quiet",.*role="exporter".*} 100$' text ||
    problem "not 100 rows: $(grep rows_out text)"
# A file that grows is counted once, however often it is visited.
for to in 200 300; do
    rows $((to - 99)) $to >>in.csv
    has_lines quiet.jsonl $to
    shows quiet "\"source_bytes\":$(stat -c %s in.csv),"
done
same "ready" "HTTP/1.1 200 OK" "$(ask /readyz | head -1)"
same "rebound" "HTTP/1.1 421 Misdirected Request" "$(ask /metrics evil.example | head -1)"
ask /healthz | grep -q '"status":"ok"' || problem "not healthy"
"$sluice" stop quiet >/dev/null
ask /metrics | grep -q -x -F 'sluice_graph_state{graph="quiet",state="stopped"} 1' ||
    problem "the stop is not told"
end

# A unix socket, which goes with the daemon.
start --metrics "unix:$work/m.sock"
[ "$(stat -c %a m.sock)" = 660 ] || problem "the socket's mode is $(stat -c %a m.sock)"
end
[ ! -e m.sock ] || problem "the socket is still there"

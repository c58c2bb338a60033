# install.sh - the first page of docs/operating.md, to the letter, with the graphs of this machine.

mapfile -t page < <(sed -n '/^```sh$/,/^```$/p' operating.md | sed '1d; /^```$/,$d')
same "the page starts a service with five commands" 5 "${#page[@]}"

mkdir -p /srv/incoming /srv/outgoing /srv/databases /home/ada/data
csv /srv/incoming/orders.csv 2500
echo 'seven,not a number' >>/srv/incoming/orders.csv
csv /home/ada/data/home.csv 40
sqlite3 /srv/databases/wal.db "PRAGMA journal_mode = wal; CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT);
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO rows SELECT i, 'row ' || (i * 7 % 1000) FROM n" >/dev/null
cat >orders.yaml <<'G'
graph: orders
stages:
  - reader: csv
    path: /srv/incoming/orders.csv
    columns: {id: integer, text: text}
    on_reject: rejects
  - filter: where
    keep: id > 0 AND text LIKE 'row %'
  - exporter: sqlite
    database: orders.db
    table: rows
    mode: append
  - exporter: jsonl
    name: rejects
    path: /srv/outgoing/rejects.jsonl
G

mark
check "command 1: ${page[0]}" bash -c "${page[0]}"
same "the service runs after the installation" active "$(systemctl is-active sluice)"
same "it is enabled" enabled "$(systemctl is-enabled sluice)"
like "the user is made" '^sluice:.*:/var/lib/sluice:/usr/sbin/nologin$' "$(getent passwd sluice)"
same "directories are made" "750 sluice /var/lib/sluice
750 sluice /run/sluice
755 root /etc/sluice/graphs.d
700 root /etc/sluice/credentials
755 root /etc/systemd/system/sluice.service.d" "$(stat -c '%a %U %n' /var/lib/sluice /run/sluice /etc/sluice/graphs.d \
    /etc/sluice/credentials /etc/systemd/system/sluice.service.d)"

# As the page says of permissions, before the graphs are run.
setfacl -m u:sluice:rwX /srv/outgoing /srv/databases /srv/databases/wal.db
setfacl -m u:sluice:rX /home/ada /home/ada/data /srv/incoming
load_graph home /home/ada/data/home.csv home.db >/etc/sluice/graphs.d/home.yaml
cat >/etc/sluice/graphs.d/wal.yaml <<'G'
graph: wal
stages:
  - reader: sqlite
    database: /srv/databases/wal.db
    table: rows
  - exporter: sqlite
    database: wal-copy.db
    table: rows
    mode: append
G

cat >/etc/sluice/graphs.d/parsed.yaml <<'G'
graph: parsed
stages:
  - reader: lines
    path: /srv/incoming/parsed.txt
  - transformer: parse
    format: regex
    pattern: '^(?<id>[0-9]+),(?<text>row [0-9]+)$'
    columns: {id: integer}
  - exporter: sqlite
    database: parsed.db
    table: rows
    mode: append
G
rows 1 700 >/srv/incoming/parsed.txt

for i in 1 2 3 4; do
    check "command $((i + 1)): ${page[i]}" bash -c "${page[i]}"
done
same "the drop-in opens what the graphs name" "[Service]
ProtectHome=tmpfs
BindReadOnlyPaths=-/home/ada/data
ReadWritePaths=-/srv/databases
BindReadOnlyPaths=-/srv/incoming
ReadWritePaths=-/srv/outgoing" "$(grep -v '^#' /etc/systemd/system/sluice.service.d/access.conf)"
same "the service runs" "active running notify" \
    "$(prop ActiveState) $(prop SubState) $(prop Type)"
like "it tells its status" '^4 graphs, [0-9]+ running, 0 failing, 0 hanging; [0-9]+ rows out$' "$(prop StatusText)"
check "the graph of the page ends" in_state orders "done"
check "the graph that reads from a home ends" in_state home "done"
check "the graph that reads a WAL database ends" in_state wal "done"
check "the graph with a regular expression, which may not be compiled here, ends" in_state parsed "done"
exact "its rows are exact" /var/lib/sluice/parsed.db 700
exact "the rows of the page's graph are exact" /var/lib/sluice/orders.db 2500
same "its database is in WAL mode" wal "$(sqlite3 /var/lib/sluice/orders.db 'PRAGMA journal_mode')"
like "its rejected row is beside" '"_row":2501.*seven' "$(cat /srv/outgoing/rejects.jsonl)"
exact "the rows from a home are exact" /var/lib/sluice/home.db 40
exact "the rows of a WAL database are exact" /var/lib/sluice/wal-copy.db 300
check "the exposure is at most 1.1" systemd-analyze security --no-pager --threshold=11 sluice.service

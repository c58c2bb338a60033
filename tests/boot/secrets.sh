# secrets.sh - credentials.

install -m 600 /dev/stdin /etc/sluice/credentials/api-key <<<'hush-hush'
mkdir -p /etc/systemd/system/sluice.service.d
cat >/etc/systemd/system/sluice.service.d/override.conf <<'END'
[Service]
LoadCredential=api-key:/etc/sluice/credentials/api-key
END
cat >/etc/sluice/graphs.d/secret.yaml <<'G'
graph: secret
stages:
  - reader: values
    rows:
      - {secret: "${credential:api-key}"}
  - exporter: sqlite
    database: secret.db
    table: secrets
    mode: replace
G
systemctl daemon-reload
check "root checks graphs with credentials, as the page says" bash -c "$(grep -o '^CREDENTIALS_DIRECTORY=.* sluice check .*' operating.md)"
check "the access of graphs with credentials is printed" env CREDENTIALS_DIRECTORY=/etc/sluice/credentials \
    sluice access /etc/sluice/graphs.d
check "a restart brings a credential" systemctl restart sluice
check "the graph with a credential ends" in_state secret "done"
same "it has its value" hush-hush "$(sqlite3 /var/lib/sluice/secret.db 'SELECT secret FROM secrets')"
check "it is not in the journal" fails grep -q hush-hush <(journalctl -b -q -o json -u sluice)
check "it is not in the environment" fails grep -q hush-hush "/proc/$(prop MainPID)/environ"
rm /etc/sluice/graphs.d/secret.yaml

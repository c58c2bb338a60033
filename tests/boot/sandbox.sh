# sandbox.sh - a plugin loads in the service, and what it tries there is refused.

plugins=$(sed -n 's/^plugindir=//p' /usr/lib/x86_64-linux-gnu/pkgconfig/sluice.pc)
install -D -m 644 sandbox.so "$plugins/sandbox.so"
echo "SLUICE_OPTIONS=--plugin $plugins/sandbox.so" >>/etc/sluice/environment
setfacl -m u:sluice:rwx /etc/sluice/graphs.d /usr/local # the mounts refuse it all the same
echo secret >/etc/sluice/credentials/key
cat >/etc/sluice/graphs.d/sandbox.yaml <<'G'
graph: sandbox
stages:
  - reader: sandbox
  - exporter: sqlite
    database: sandbox.db
    table: attempts
    mode: replace
G
check "the service starts with a plugin" systemctl restart sluice
check "the plugin's graph ends" in_state sandbox "done"
# 1 EPERM, 2 ENOENT, 13 EACCES, 30 EROFS, 97 EAFNOSUPPORT
same "what was tried in the sandbox" "state|0
unix|0
configuration|30
system|30
secrets|13
home|2
netlink|97
written code|1
code made later|1
namespace|1
mount|1
set-user-id|1
capability|1" "$(sqlite3 /var/lib/sluice/sandbox.db 'SELECT * FROM attempts ORDER BY rowid')"
setfacl -b /etc/sluice/graphs.d /usr/local
rm -f /etc/sluice/graphs.d/{sandbox,made-by-the-service}.yaml
sed -i '/^SLUICE_OPTIONS/d' /etc/sluice/environment
check "a restart without the plugin" systemctl restart sluice

root=$(pwd -P)
mkdir wal plain real
ln -s real link
sqlite3 wal/a.db 'PRAGMA journal_mode = wal; CREATE TABLE t(a)' >/dev/null
sqlite3 plain/a.db 'CREATE TABLE t(a)'
"$SLUICE" access --format json --set root="$root" graph.yaml >json
echo "{\"read\":[\"$root/plain\"],\"write\":[\"$root/link\",\"$root/real\",\"$root/wal\"]}" | diff - json

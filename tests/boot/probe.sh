#!/usr/bin/env bash
# probe.sh - runs as root in the machine of boot.sh, from /root: what docs/operating.md says and what
# the units promise, one TAP line each. Nothing sleeps: a verb of systemd or of sluice answers when it
# is so, or a line of the journal is waited for.
set -u
cd /root || exit 1
. ./lib.sh
. ./rows.sh
for part in install graphs control single secrets crashes sandbox sockets package; do
    echo "# $part"
    . "./$part.sh"
done
echo "1..$checks"

#!/bin/sh
# pack.sh BUILD-DIRECTORY [OUTPUT-DIRECTORY] - packs what is built there into a .deb. Times inside are
# SOURCE_DATE_EPOCH's, or the last commit's, or the changelog's where there is no git.
set -eu
umask 022
repository=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
output=${2:-$build}
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$repository" log -1 --format=%ct 2>/dev/null) ||
        SOURCE_DATE_EPOCH=$(date -d "$(sed -n 's/^ -- .*>  //p' "$repository/packaging/deb/changelog" | head -1)" +%s)
fi
export SOURCE_DATE_EPOCH
rm -f "$output"/sluice_*.deb
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$output" >"$build/cpack.log" 2>&1 ||
    { cat "$build/cpack.log" >&2; exit 1; }
rm -rf "$output/_CPack_Packages"
ls "$output"/sluice_*.deb

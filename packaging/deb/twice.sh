#!/bin/sh
# twice.sh BUILD-DIRECTORY - the package that was made there, and one made of a copy of the sources in
# a directory with another name, are the same bytes.
set -eu
repository=$(cd "$(dirname "$0")/../.." && pwd)
first=$(ls "$(cd "$1" && pwd)"/sluice_*.deb)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=$(git -C "$repository" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
mkdir "$work/another name"
cd "$work/another name"
(cd "$repository" && git ls-files -z | xargs -0 tar -c) | tar -x
cmake --preset deb >/dev/null
cmake --build build/deb --target sluice >/dev/null
packaging/deb/pack.sh build/deb >/dev/null
sha256sum "$first" build/deb/sluice_*.deb
cmp "$first" build/deb/sluice_*.deb && echo "both are the same"

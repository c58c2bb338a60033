#!/usr/bin/env bash
# plugin.sh - the example plugin is built outside the tree against the installed header only, and
# runs in a graph; the header is C++ too.
#
#     plugin.sh SLUICE BUILD-DIRECTORY REPOSITORY
set -eu
sluice=$1 build=$2 repository=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/installed" >/dev/null
cp -r "$repository/plugins/example" "$work/copy"
cd "$work/copy"
cc=${CC:-cc}
"$cc" -std=c17 -shared -fPIC -fvisibility=hidden -O2 -Wall -Wextra -Wpedantic -Werror \
    -I "$work/installed/include" -o example.so example.c

"$sluice" run -q --plugin ./example.so graph.yaml >out.csv
diff - out.csv <<'EXPECTED'
number,parity
0,EVEN
1,ODD
1,ODD
2,EVEN
3,ODD
5,ODD
8,EVEN
13,ODD
21,ODD
34,EVEN
EXPECTED

"$sluice" stages --plugin ./example.so fibonacci | grep -q 'Fibonacci' || { echo "no manual"; exit 1; }

# What a plugin was built for is checked, and said.
sed 's/SL_ABI, plugin_name/SL_ABI + 1, plugin_name/' "$work/installed/include/sluice/stage.h" >newer.h
mkdir -p newer/sluice && mv newer.h newer/sluice/stage.h
"$cc" -std=c17 -shared -fPIC -fvisibility=hidden -I newer -o newer.so example.c
if "$sluice" run -q --plugin ./newer.so graph.yaml 2>err; then
    echo "a newer plugin was not refused"
    exit 1
fi
grep -q "ABI 1.1" err || { cat err; exit 1; }

if command -v c++ >/dev/null; then
    echo '#include <sluice/stage.h>' | c++ -std=c++17 -Wall -Wextra -fsyntax-only \
        -I "$work/installed/include" -x c++ -
fi
echo "the example plugin runs"

#!/usr/bin/env bash
# layers.sh - includes run down only, and each library is known in its own rooms.
#
#     layers.sh REPOSITORY      reads the #include lines; prints what breaks a rule; exit 1
#     layers.sh --self-test     shows on a tree made for it that every rule can fail
set -eu

# The floor of a file, and what a file of that floor may include.
floor_of() {
    case $1 in
    stages/core/*) echo 1 ;;
    stages/*) echo 2 ;;
    plugins/*) echo 3 ;;
    config/*) echo 4 ;;
    daemon/*) echo 5 ;;
    tests/harness/*) echo 4 ;; # stands on config, never on daemon
    tests/*) echo 6 ;;
    *) echo 0 ;;
    esac
}

# Whether the library of a system header may be known in a file.
allowed() { # allowed HEADER FILE
    case $1 in
    uv.h) [[ $2 == daemon/* || $2 == tests/* ]] ;;
    yaml.h) [[ $2 == config/yaml.c || $2 == tests/* ]] ;;
    dlfcn.h) [[ $2 == plugins/loader.c || $2 == tests/* ]] ;;
    sqlite3.h) [[ $2 == stages/sql* || $2 == stages/spill.* || $2 == stages/groups.* || $2 == daemon/* || $2 == tests/* ]] ;;
    isa-l/crc.h) [[ $2 == stages/target.* || $2 == stages/source_* || $2 == tests/* ]] ;;
    isa-l/* | zstd.h | zlib.h) [[ $2 == stages/inflate.* || $2 == tests/* ]] ;;
    microhttpd.h) [[ $2 == daemon/http.c || $2 == tests/* ]] ;;
    pcre2.h) [[ $2 == stages/regex.* || $2 == tests/* ]] ;;
    *) true ;;
    esac
}

# The stages themselves, which nobody includes: built-in ones have no header.
check() { # check DIRECTORY
    local bad=0 file header target floor
    while IFS=: read -r file _ line; do
        file=${file#"$1"/}
        floor=$(floor_of "$file")
        if [[ $line =~ \<([^\>]+)\> ]]; then
            header=${BASH_REMATCH[1]}
            allowed "$header" "$file" || { echo "$file: <$header> is not for this room"; bad=1; }
        elif [[ $line =~ \"([^\"]+)\" ]]; then
            target=${BASH_REMATCH[1]}
            [[ $target == */* ]] || continue
            if (($(floor_of "$target") > floor)); then
                echo "$file: includes \"$target\", which is upstairs"; bad=1
            fi
            if [[ $target == *.c ]]; then
                echo "$file: includes \"$target\": a room is entered by its header"; bad=1
            fi
            if [[ $file == stages/* && $file != stages/core/* && $target == stages/core/generator.h ]]; then
                echo "$file: a stage does not know its host's inside"; bad=1
            fi
        fi
    done < <(cd / && grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.c' --include='*.h' \
        "$1"/{stages,plugins,config,daemon,tests} 2>/dev/null | grep -v "^$1/plugins/example/")
    return $bad
}

self_test() {

    tree=$(mktemp -d) # not local: the trap needs it
    trap 'rm -rf "$tree"' EXIT
    mkdir -p "$tree"/{stages/core,plugins,config,daemon,tests/harness}
    try() { # try FILE LINE: must be refused
        mkdir -p "$(dirname "$tree/$1")"
        echo "$2" >"$tree/$1"
        if (check "$tree") >/dev/null; then echo "not found: $1: $2"; exit 1; fi
        rm "$tree/$1"
    }
    try stages/core/batch.c '#include "stages/sql.h"'
    try stages/where.c '#include "config/plan.h"'
    try stages/where.c '#include "daemon/graph.h"'
    try stages/where.c '#include "stages/select.c"'
    try stages/where.c '#include "stages/core/generator.h"'
    try plugins/registry.c '#include "config/plan.h"'
    try config/plan.c '#include "daemon/runner.h"'
    try tests/harness/harness.c '#include "daemon/graph.h"'
    try stages/where.c '#include <uv.h>'
    try config/plan.c '#include <yaml.h>'
    try stages/csv_reader.c '#include <sqlite3.h>'
    try daemon/main.c '#include <dlfcn.h>'
    try stages/parse.c '#include <pcre2.h>'
    try daemon/metrics.c '#include <microhttpd.h>'
    echo '#include "stages/core/stage.h"' >"$tree/stages/where.c"
    check "$tree" || { echo "a good tree was refused"; exit 1; }
    echo "every rule can fail"
}

if [ "${1:-}" = --self-test ]; then
    self_test
else
    check "$(cd "$1" && pwd)" && echo "includes run down only"
fi

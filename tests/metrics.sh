#!/usr/bin/env bash
# metrics.sh - the text for Prometheus is what promtool calls clean.
#
#     metrics.sh TEST_METRICS     the program of tests/unit/test_metrics.c
#
# Where promtool (Debian: prometheus) is absent this says so and exits with 77, which ctest counts
# as skipped.
set -eu

if ! command -v promtool >/dev/null; then
    echo "skipped: there is no promtool; the Debian package is prometheus"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-metrics-XXXXXX")
trap 'rm -rf -- "$work"' EXIT

METRICS_TO=$work/text CK_RUN_CASE=text "$1" >"$work/log" || {
    cat -- "$work/log"
    exit 1
}
promtool check metrics <"$work/text"
# It must be able to fail: a counter that does not end in _total.
sed 's/sluice_graph_runs_total/sluice_graph_runs/' "$work/text" >"$work/bad"
if promtool check metrics <"$work/bad" >/dev/null 2>&1; then
    echo "promtool finds nothing in a text that is wrong"
    exit 1
fi
echo "promtool: $(grep -c '^# TYPE' "$work/text") families are clean"

/*
 * summary.h - what a run did, stage by stage: the table at its end, since when it went on, what a
 * dry run would have changed; and the progress line.
 *
 * Reads counters: call between two pieces of work, or after the end.
 * Thread: LOOP.
 */
#ifndef SL_SUMMARY_H
#define SL_SUMMARY_H

#include <stdio.h>

#include "daemon/graph.h"

/* microseconds: how long the run took. */
void sl_summary_print(sl_graph *graph, int64_t microseconds, const char *ending, FILE *to);
/* One JSON object and a line end. */
void sl_summary_json(sl_graph *graph, int64_t microseconds, const char *ending, FILE *to);
/* "1,234,567 rows · 812,000 rows/s · 43 % of 389 MB · 0:07 left", cut at size. */
void sl_summary_progress(sl_graph *graph, int64_t microseconds, char *line, size_t size);

#endif

/*
 * ticks.h - which tick of its schedule a graph has served last, over restarts of the daemon: one
 * number in a small file of the state directory, GRAPH.tick.
 *
 * It is written when a run has come to its end, and not synced: after a power cut it may be older,
 * and the graph runs once more than it had to, which finds nothing to do.
 *
 * Thread: LOOP.
 */
#ifndef SL_TICKS_H
#define SL_TICKS_H

#include "stages/core/env.h"

/* Microseconds since 1970; 0: not known. */
int64_t sl_ticks_read(const sl_env *env, const char *directory, const char *graph);
/* 0 or -errno. */
int32_t sl_ticks_write(const sl_env *env, const char *directory, const char *graph, int64_t served);

#endif

/*
 * health.h - whether the graphs of a supervisor are as they should be, and why not.
 *
 * Ready: every file of the directory holds a sound graph, every graph has come through its first
 * start, none was given up, none hangs, none failed in all of its runs, and the daemon is not
 * stopping. A graph that failed and is started again after a while does not make the daemon
 * unready; its reason is told all the same.
 *
 * Reasons say what is wrong by the daemon's own words. Lines of errors may show values of rows, so
 * they are told only where one asks for them.
 * Thread: LOOP.
 */
#ifndef SL_HEALTH_H
#define SL_HEALTH_H

#include "daemon/supervisor.h"
#include "stages/core/text.h"

/* 1: ready. 0: not; each reason is added as a line. */
int32_t sl_health_ready(const sl_supervisor *supervisor, sl_builder *reasons);
/* The same answer, and a JSON object of every graph with its reason; lines: 1 adds the lines of
 * their last failures. docs/metrics.md describes it. */
int32_t sl_health_json(const sl_supervisor *supervisor, int32_t lines, sl_builder *to);

#endif

/*
 * graph.h - a plan made live: its generators, links and rejects, from the first look to close.
 *
 * A graph is driven by sl_graph_step: it pulls the exporters in turn, each pull being nested
 * calls down to the readers, for as long as it is told, and answers what a stage answers. The
 * same step runs under the daemon's loop (runner.h) and under a test's.
 *
 * The order of a start: exporters recover (read-only), every stage plans, readers first, every
 * stage opens, files are cut back, readers seek (once.h). Where a reader may not look before open
 * (standard input, a FIFO), the stages behind it plan just before they open.
 *
 * Threads: one strand. sl_graph_stop, sl_graph_interrupt: ANY THREAD, until sl_graph_free.
 */
#ifndef SL_GRAPH_H
#define SL_GRAPH_H

#include "daemon/feed.h"
#include "daemon/once.h"

typedef struct sl_graph sl_graph;

typedef struct sl_graph_options {
    const sl_env *env;
    const sl_env *reach;   /* what stages reach, where they are confined (roots.h); NULL: env */
    int32_t offline;       /* plan looks at nothing outside the YAML */
    int32_t checking;      /* a source that is not there is a warning, not an error */
    int64_t row_limit;     /* rows that each reader gives at most; -1: all */
    uint32_t commit_every; /* writes per commit; 0: the usual */
    const char *state;     /* the state directory; NULL: files are not remembered between runs */
    int32_t fresh;         /* 1: begins again, whatever earlier runs have committed */
    int32_t rehearse;      /* 1: rows are written and nothing is committed */
    sl_feed *feed;         /* rows for one stage from elsewhere; borrowed. NULL: none */
    /* Lines and warnings; called on the graph's strand. NULL: not wanted. */
    void (*log)(void *of, const sl_error *line);
    void *log_of;
} sl_graph_options;

/* Gives a graph over a plan (borrowed). Failures go to errors, which it borrows. NULL: no
 * memory. Nothing is looked at, opened or read. */
sl_graph *sl_graph_new(const sl_plan *plan, const sl_graph_options *options, sl_errors *errors);
void sl_graph_free(sl_graph *graph); /* closes first; NULL: nothing */

/* What `check` does: every stage plans, all errors are gathered. SL_OK or SL_ERROR. */
sl_status sl_graph_plan(sl_graph *graph);
/* Everything of open that changes nothing: recover and plan; what is wrong is said. */
sl_status sl_graph_prepare(sl_graph *graph);
/* Recover, plan what is not planned, open, seek. SL_OK or SL_ERROR. */
sl_status sl_graph_open(sl_graph *graph);
/* Works for about so many microseconds, at least one pull. SL_OK: there is more to do;
 * SL_END: every exporter has ended; SL_PENDING: every exporter waits; SL_ERROR. */
sl_status sl_graph_step(sl_graph *graph, int64_t microseconds);
/* Commits what is written, as far as it can be committed now: SL_OK, SL_PENDING, SL_ERROR. */
sl_status sl_graph_commit(sl_graph *graph);
/* Commits what is written, where a stop was asked for, and closes from the exporters up. */
void sl_graph_close(sl_graph *graph);
void sl_graph_stop(sl_graph *graph);      /* ANY THREAD: every stage lets go at its next batch */
void sl_graph_interrupt(sl_graph *graph); /* ANY THREAD, stopped: cuts short what is under way */

/* What the stages wait for since the last step began. */
typedef struct sl_graph_waits {
    int64_t wake_at; /* monotonic microseconds; -1: no timer */
    struct sl_graph_fd {
        int32_t fd, events;
    } fds[16];
    uint32_t fds_count;
    int32_t own; /* a stage answered PENDING of its own */
} sl_graph_waits;
const sl_graph_waits *sl_graph_waiting(const sl_graph *graph);
/* What a stage waits for since the last step: "timer", "descriptor", "wake" (the stage's own),
 * "input"; NULL: it does not wait. */
const char *sl_graph_waits_for(const sl_graph *graph, uint32_t index);
/* Called by wake(), on ANY THREAD. */
void sl_graph_on_wake(sl_graph *graph, void (*woken)(void *of), void *of);
/* ANY THREAD: counts, and wraps, while a step that takes long is alive (host->stopping). */
uint32_t sl_graph_signs(const sl_graph *graph);
/* Of a graph that is stuck: "'x' does not come back", or who waits for whom; terminated. */
void sl_graph_stuck(const sl_graph *graph, char *text, size_t size);

const sl_plan *sl_graph_of_plan(const sl_graph *graph);
sl_once *sl_graph_once(const sl_graph *graph);
sl_generator *sl_graph_stage(sl_graph *graph, uint32_t index); /* as in the plan */
int32_t sl_graph_rehearsing(const sl_graph *graph);            /* 1: a dry run */
/* The most bytes that batches in flight may take, known from the graph alone; without what
 * holding stages keep (their `memory` option). */
int64_t sl_graph_bound(const sl_plan *plan);
int64_t sl_graph_peak(const sl_graph *graph); /* bytes of batches, at most so far */
int64_t sl_graph_rejected(const sl_graph *graph);
/* 1: the books of every stage and edge balance; 0: why says which do not. */
int32_t sl_graph_audit(const sl_graph *graph, char *why, size_t size);

#endif

/*
 * runner.h - one graph on a loop: pull, wait, wake, close.
 *
 * The loop thread owns control, workers own work. A runner submits one piece of work at a
 * time: open the graph, then step after step (each some milliseconds of nested pulls), then
 * close it. Rows are touched on the worker only; what the loop thread sees of a graph it sees
 * between two pieces of work. Between pieces:
 *
 *     step answered    the runner
 *     SL_OK            submits the next step
 *     SL_PENDING       arms the timer and the descriptors that the stages named, and waits;
 *                      a graph in which everyone waits for someone else and nobody for the
 *                      world is stuck: it fails, saying who waits for whom
 *     SL_END, SL_ERROR submits the close
 *
 * Between two steps a runner also does what it is asked: it pauses (what is written is committed
 * first), takes single steps of one batch, and runs questions on the graph's strand.
 *
 * Stopping: sl_runner_stop sets `stopping`; the step that is out ends at its next batch, or is
 * interrupted where that takes long; what is written is committed, the graph is closed.
 *
 * Threads: LOOP, unless said otherwise.
 */
#ifndef SL_RUNNER_H
#define SL_RUNNER_H

#include "daemon/graph.h"
#include "daemon/worker.h"

typedef struct sl_runner sl_runner;

/* Called on the loop thread. stepped: between two pieces of work, when the counters may be
 * read; may be NULL. rested: it waits for the world, or is paused; may be NULL. ended: once, after
 * the graph was closed; the runner may be freed then. */
typedef struct sl_runner_calls {
    void (*stepped)(void *of);
    void (*rested)(void *of);
    void (*ended)(void *of, sl_status status); /* SL_END: all done; SL_OK: stopped; SL_ERROR */
    void *of;
} sl_runner_calls;

/* Gives a runner for a graph (borrowed), which starts at once; failures go to errors. NULL: no
 * memory. */
sl_runner *sl_runner_start(sl_loop *loop, sl_graph *graph, sl_errors *errors,
                           const sl_runner_calls *calls);
void sl_runner_stop(sl_runner *runner);

void sl_runner_pause(sl_runner *runner);
void sl_runner_resume(sl_runner *runner);
/* Paused: so many steps of one batch an exporter, then paused again. */
void sl_runner_step(sl_runner *runner, int64_t batches);
int32_t sl_runner_paused(const sl_runner *runner); /* 1: nothing is under way */
/* 1: it waits for the world: a timer, a descriptor, or wake() was promised. */
int32_t sl_runner_waiting(const sl_runner *runner);
int64_t sl_runner_steps_left(const sl_runner *runner); /* single steps still to be made */

/* Something to do on the graph's strand between two steps. */
typedef struct sl_question sl_question;
struct sl_question {
    void (*work)(void *of, sl_graph *graph); /* WORKER */
    void (*done)(void *of, int32_t asked);   /* LOOP; asked 0: the graph ended before */
    void *of;
    sl_question *next; /* the runner's */
};
/* Borrows the question until done was called. */
void sl_runner_ask(sl_runner *runner, sl_question *question);
/* After ended. NULL: nothing. */
void sl_runner_free(sl_runner *runner);

#endif

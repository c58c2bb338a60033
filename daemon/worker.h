/*
 * worker.h - work off the loop, answers back on it: libuv, behind eight functions.
 *
 * Who wants to be driven joins a loop and gets a seat. On a seat at most one piece of work is
 * out at a time; it runs on a worker thread, then `done` is called on the loop thread. A timer,
 * descriptors and wake() from any thread call `woken` on the loop thread. The runner knows
 * only these functions, so that a test drives it with a loop of its own: one thread, a seeded
 * order, a fake clock.
 *
 * The workers are a crew's (crew.h): libuv's pool has a fixed number, and ends the process where a
 * thread cannot be started.
 */
#ifndef SL_WORKER_H
#define SL_WORKER_H

#include <uv.h>

#include "daemon/crew.h"
#include "stages/core/env.h"

typedef struct sl_seat sl_seat;

typedef struct sl_loop sl_loop;
struct sl_loop {
    const sl_env *env;
    void *of;
    /* LOOP. Gives a seat; NULL: no memory or no descriptors. */
    sl_seat *(*join)(sl_loop *loop, void (*done)(void *of), void (*woken)(void *of), void *of);
    /* LOOP. No work may be out. Nothing is called any more. NULL: nothing. */
    void (*leave)(sl_seat *seat);
    /* LOOP. Calls work(of) on a worker, then done(of). */
    void (*submit)(sl_seat *seat, void (*work)(void *of));
    /* LOOP. woken(of) at this monotonic time, in microseconds; -1: never. Replaces the last. */
    void (*wake_at)(sl_seat *seat, int64_t monotonic);
    /* LOOP. woken(of) when the descriptor is ready (POLLIN, POLLOUT). 0, or -1: cannot. */
    int (*watch)(sl_seat *seat, int32_t fd, int32_t events);
    void (*unwatch)(sl_seat *seat); /* LOOP: all descriptors */
    void (*wake)(sl_seat *seat);    /* ANY THREAD, between join and leave */
    /* LOOP. Work that is out and does not end within some milliseconds is cut short: late(of) is
     * called, again and again, and calls that wait for the world (a FIFO nobody writes to) come
     * back with EINTR. NULL: no work of this loop takes long. */
    void (*interrupt)(sl_seat *seat, void (*late)(void *of));
};

/* Whether there are descriptors left for a loop: libuv aborts the process when there are not. 0, or
 * UV_EMFILE. */
int sl_worker_room(void);
/* Fills in a loop over libuv's; `uv` is borrowed. usual: workers at once, while none is held up. 0,
 * or libuv's error, as sl_crew_new; end it in both cases. */
int sl_worker_begin(sl_loop *loop, const sl_env *env, uv_loop_t *uv, int32_t usual);
/* Its threads, for work that belongs to no seat. */
sl_crew *sl_worker_crew(const sl_loop *loop);
/* Nobody may have a seat. What libuv holds of it is given back when uv runs again. */
void sl_worker_end(sl_loop *loop);

#endif

/*
 * worker.c - a loop over libuv's; see worker.h.
 */
#include "daemon/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define WATCHED 16
#define INTERRUPT_AFTER 200 /* milliseconds: what can end in order does */
#define INTERRUPT_EVERY 50  /* a signal that came just before the call waited changed nothing */

/* Microseconds. Who waits so long is woken at multiples of TOGETHER, and so later by half at most:
 * one wake of the process serves many graphs. */
#define TOGETHER_FROM 100000
#define TOGETHER 50000

struct sl_seat {
    sl_loop *loop;
    void (*done)(void *of);
    void (*woken)(void *of);
    void (*work)(void *of);
    void (*late)(void *of);
    void *of;
    sl_job job;
    uv_timer_t timer;
    uv_timer_t interrupter;
    uv_async_t async;
    pthread_t worker; /* where the work is done, while `working` */
    atomic_int working;
    uv_poll_t *polls[WATCHED];
    uint32_t polls_count;
    uint32_t open; /* handles that libuv still knows */
};

static void *allocate(sl_loop *loop, size_t size)
{
    void *made = sl_env_allocate(loop->env, NULL, size);
    if (made)
        memset(made, 0, size);
    return made;
}

/* libuv keeps a handle until its close callback: the seat goes with the last one. */
static void handle_closed(uv_handle_t *handle)
{
    sl_seat *seat = handle->data;
    if (--seat->open == 0)
        sl_env_allocate(seat->loop->env, seat, 0);
}

static void poll_closed(uv_handle_t *handle)
{
    const sl_env *env = ((sl_seat *)handle->data)->loop->env;
    handle_closed(handle);
    sl_env_allocate(env, handle, 0);
}

static void on_async(uv_async_t *async)
{
    sl_seat *seat = async->data;
    if (seat->woken)
        seat->woken(seat->of);
}

static void on_timer(uv_timer_t *timer)
{
    sl_seat *seat = timer->data;
    seat->woken(seat->of);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    sl_seat *seat = poll->data;
    (void)status;
    (void)events;
    seat->woken(seat->of);
}

static sl_seat *seat_of(sl_job *job)
{
    return (sl_seat *)((char *)job - offsetof(sl_seat, job));
}

static void on_worker(sl_job *job)
{
    sl_seat *seat = seat_of(job);
    seat->worker = pthread_self();
    atomic_store(&seat->working, 1);
    seat->work(seat->of);
}

static void after_work(sl_job *job)
{
    sl_seat *seat = seat_of(job);
    atomic_store(&seat->working, 0);
    seat->done(seat->of);
}

static sl_seat *join(sl_loop *loop, void (*done)(void *of), void (*woken)(void *of), void *of)
{
    uv_loop_t *uv = sl_crew_loop(loop->of);
    sl_seat *seat = allocate(loop, sizeof *seat);
    if (!seat)
        return NULL;
    seat->loop = loop;
    seat->done = done;
    seat->woken = woken;
    seat->of = of;
    if (uv_async_init(uv, &seat->async, on_async) < 0) {
        sl_env_allocate(loop->env, seat, 0);
        return NULL;
    }
    uv_timer_init(uv, &seat->timer);
    uv_timer_init(uv, &seat->interrupter);
    seat->async.data = seat->timer.data = seat->interrupter.data = seat;
    seat->job = (sl_job){.work = on_worker, .done = after_work};
    seat->open = 3;
    return seat;
}

static void unwatch(sl_seat *seat)
{
    for (uint32_t i = 0; i < seat->polls_count; i++) {
        uv_poll_stop(seat->polls[i]);
        uv_close((uv_handle_t *)seat->polls[i], poll_closed);
    }
    seat->polls_count = 0;
}

static void leave(sl_seat *seat)
{
    if (!seat)
        return;
    seat->woken = NULL;
    unwatch(seat);
    uv_timer_stop(&seat->timer);
    uv_timer_stop(&seat->interrupter);
    uv_close((uv_handle_t *)&seat->timer, handle_closed);
    uv_close((uv_handle_t *)&seat->interrupter, handle_closed);
    uv_close((uv_handle_t *)&seat->async, handle_closed);
}

static void submit(sl_seat *seat, void (*work)(void *of))
{
    seat->work = work;
    sl_crew_submit(seat->loop->of, &seat->job);
}

static void wake_at(sl_seat *seat, int64_t monotonic)
{
    const sl_env *env = seat->loop->env;
    uv_timer_stop(&seat->timer);
    if (monotonic < 0)
        return;
    int64_t now = env->monotonic(env->context), wait = monotonic - now;
    if (wait >= TOGETHER_FROM)
        wait = (monotonic + TOGETHER - 1) / TOGETHER * TOGETHER - now;
    uv_update_time(seat->timer.loop);
    uv_timer_start(&seat->timer, on_timer, wait > 0 ? (uint64_t)(wait + 999) / 1000 : 0, 0);
}

static int watch(sl_seat *seat, int32_t fd, int32_t events)
{
    if (seat->polls_count == WATCHED)
        return -1;
    uv_poll_t *poll = allocate(seat->loop, sizeof *poll);
    if (!poll)
        return -1;
    if (uv_poll_init(seat->timer.loop, poll, fd) < 0) {
        sl_env_allocate(seat->loop->env, poll, 0);
        return -1;
    }
    poll->data = seat;
    seat->open++;
    seat->polls[seat->polls_count++] = poll;
    int wanted = (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0);
    return uv_poll_start(poll, wanted, on_poll) < 0 ? -1 : 0;
}

static void wake(sl_seat *seat)
{
    uv_async_send(&seat->async);
}

static void on_signal(int number)
{
    (void)number; /* it is there to end a call, not to do anything */
}

/* A thread is joined after its job was done on the loop: one that has just ended may be signalled.
 */
static void on_interrupter(uv_timer_t *timer)
{
    sl_seat *seat = timer->data;
    if (!atomic_load(&seat->working))
        return;
    seat->late(seat->of);
    pthread_kill(seat->worker, SIGURG);
}

static void interrupt(sl_seat *seat, void (*late)(void *of))
{
    seat->late = late;
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART */
    sigemptyset(&action.sa_mask);
    sigaction(SIGURG, &action, NULL);
    uv_timer_start(&seat->interrupter, on_interrupter, INTERRUPT_AFTER, INTERRUPT_EVERY);
}

#define LOOP_NEEDS 10 /* descriptors: its epoll, events, pipes for signals and wakes */

int sl_worker_room(void)
{
    int fds[LOOP_NEEDS], count = 0;
    while (count < LOOP_NEEDS && (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    int enough = count == LOOP_NEEDS;
    while (count > 0)
        close(fds[--count]);
    return enough ? 0 : UV_EMFILE;
}

int sl_worker_begin(sl_loop *loop, const sl_env *env, uv_loop_t *uv, int32_t usual)
{
    sl_crew *crew;
    int failed = sl_crew_new(env, uv, usual, &crew);
    *loop = (sl_loop){.env = env,
                      .of = crew,
                      .join = join,
                      .leave = leave,
                      .submit = submit,
                      .wake_at = wake_at,
                      .watch = watch,
                      .unwatch = unwatch,
                      .wake = wake,
                      .interrupt = interrupt};
    return failed;
}

sl_crew *sl_worker_crew(const sl_loop *loop)
{
    return loop->of;
}

void sl_worker_end(sl_loop *loop)
{
    sl_crew_free(loop->of);
    loop->of = NULL;
}

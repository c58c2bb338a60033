/*
 * runner.c - one graph on a loop; see runner.h.
 */
#include "daemon/runner.h"

#include <assert.h>
#include <stdatomic.h>

#define STEP 10000 /* microseconds of work between two looks at the loop */

struct sl_runner {
    sl_loop *loop;
    sl_seat *seat;
    sl_graph *graph;
    sl_errors *errors;
    sl_runner_calls calls;
    sl_status status;                /* of the last piece of work */
    void (*next)(sl_runner *runner); /* what follows the work that is out; NULL: none is out */
    int32_t waiting; /* no work is out: a timer, a descriptor or a wake is awaited */
    int32_t stopping;
    int32_t ended;
    int32_t paused;  /* no step is made beyond steps_left */
    int32_t settled; /* ... and what is written has been committed */
    int64_t steps_left;
    sl_question *questions; /* the first is the next, or under way */
    atomic_int woken;       /* wake() came while work was out */
};

static void submit(sl_runner *runner, void (*work)(void *of), void (*next)(sl_runner *runner));

/* ---- On a worker ---------------------------------------------------------------------------- */

static void open_graph(void *of)
{
    sl_runner *runner = of;
    runner->status = sl_graph_open(runner->graph);
}

static void step_graph(void *of)
{
    sl_runner *runner = of;
    runner->status = sl_graph_step(runner->graph, STEP);
}

static void step_once(void *of)
{
    sl_runner *runner = of;
    runner->status = sl_graph_step(runner->graph, 0);
}

static void settle_graph(void *of)
{
    sl_runner *runner = of;
    if (sl_graph_commit(runner->graph) == SL_ERROR)
        runner->status = SL_ERROR;
}

static void answer_question(void *of)
{
    sl_runner *runner = of;
    runner->questions->work(runner->questions->of, runner->graph);
}

static void close_graph(void *of)
{
    sl_runner *runner = of;
    sl_graph_close(runner->graph);
}

/* ---- On the loop thread -----------------------------------------------------------------------
 */

static void finish_question(sl_runner *runner, int32_t asked)
{
    sl_question *first = runner->questions;
    runner->questions = first->next;
    first->done(first->of, asked);
}

static void finish(sl_runner *runner)
{
    runner->ended = 1;
    while (runner->questions)
        finish_question(runner, 0);
    sl_graph_on_wake(runner->graph, NULL, NULL);
    runner->loop->leave(runner->seat);
    runner->seat = NULL;
    sl_status status = runner->status;
    if (runner->errors->errors > 0)
        status = SL_ERROR;
    else if (runner->stopping && status != SL_END)
        status = SL_OK;
    runner->calls.ended(runner->calls.of, status);
}

static void shut(sl_runner *runner)
{
    runner->loop->wake_at(runner->seat, -1);
    runner->loop->unwatch(runner->seat);
    submit(runner, close_graph, finish);
}

static void fail(sl_runner *runner, const char *what)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED};
    runner->status = sl_errors_add(runner->errors, &error, "%s", what);
    shut(runner);
}

static void stuck(sl_runner *runner)
{
    char who[1024], what[1200];
    sl_graph_stuck(runner->graph, who, sizeof who);
    snprintf(what, sizeof what, "the graph is stuck: %s", who);
    fail(runner, what);
}

static void rest(sl_runner *runner)
{
    runner->waiting = 1;
    if (runner->calls.rested)
        runner->calls.rested(runner->calls.of);
}

/* Every exporter waits: arm what the stages named. */
static void wait_for_world(sl_runner *runner)
{
    const sl_graph_waits *waits = sl_graph_waiting(runner->graph);
    if (waits->wake_at < 0 && waits->fds_count == 0 && !waits->own) {
        stuck(runner);
        return;
    }
    for (uint32_t i = 0; i < waits->fds_count; i++)
        if (runner->loop->watch(runner->seat, waits->fds[i].fd, waits->fds[i].events) < 0) {
            fail(runner, "cannot wait for a descriptor that a stage named");
            return;
        }
    runner->loop->wake_at(runner->seat, waits->wake_at);
    rest(runner);
}

static void go_on(sl_runner *runner);

static void questioned(sl_runner *runner)
{
    finish_question(runner, 1);
    go_on(runner);
}

static void settled(sl_runner *runner)
{
    runner->settled = 1;
    go_on(runner);
}

static void stepped(sl_runner *runner)
{
    runner->steps_left -= runner->steps_left > 0;
    runner->settled = 0;
    if (runner->calls.stepped)
        runner->calls.stepped(runner->calls.of);
    go_on(runner);
}

/* Nothing is out: what comes next. */
static void go_on(sl_runner *runner)
{
    if (runner->status == SL_END || runner->status == SL_ERROR || runner->stopping)
        shut(runner);
    else if (runner->questions)
        submit(runner, answer_question, questioned);
    else if (runner->paused && runner->steps_left > 0)
        submit(runner, step_once, stepped);
    else if (runner->paused && !runner->settled)
        submit(runner, settle_graph, settled);
    else if (runner->paused)
        rest(runner); /* until resume, step, a question or a stop */
    else if (runner->status == SL_OK || atomic_exchange(&runner->woken, 0))
        submit(runner, step_graph, stepped);
    else
        wait_for_world(runner);
}

static void work_done(void *of)
{
    sl_runner *runner = of;
    void (*next)(sl_runner *) = runner->next;
    runner->next = NULL;
    next(runner);
}

static void submit(sl_runner *runner, void (*work)(void *of), void (*next)(sl_runner *runner))
{
    runner->next = next;
    runner->loop->submit(runner->seat, work);
}

static void end_wait(sl_runner *runner)
{
    runner->waiting = 0;
    runner->loop->wake_at(runner->seat, -1);
    runner->loop->unwatch(runner->seat);
}

/* A timer, a descriptor, or wake(): spurious ones are harmless. */
static void woken(void *of)
{
    sl_runner *runner = of;
    if (runner->ended)
        return;
    if (!runner->waiting || runner->paused) {
        atomic_store(&runner->woken, 1);
        return;
    }
    end_wait(runner);
    submit(runner, step_graph, stepped);
}

/* Something that go_on looks at has changed. */
static void nudge(sl_runner *runner)
{
    if (runner->ended || !runner->waiting)
        return;
    end_wait(runner);
    if (runner->status == SL_PENDING)
        atomic_store(&runner->woken, 1); /* what it waited for is asked again */
    go_on(runner);
}

void sl_runner_pause(sl_runner *runner)
{
    runner->paused = 1;
    runner->steps_left = 0;
    nudge(runner);
}

void sl_runner_resume(sl_runner *runner)
{
    runner->paused = 0;
    runner->steps_left = 0;
    nudge(runner);
}

void sl_runner_step(sl_runner *runner, int64_t batches)
{
    runner->steps_left += batches;
    nudge(runner);
}

int32_t sl_runner_paused(const sl_runner *runner)
{
    return runner->paused && runner->waiting;
}

int32_t sl_runner_waiting(const sl_runner *runner)
{
    return runner->waiting;
}

int64_t sl_runner_steps_left(const sl_runner *runner)
{
    return runner->steps_left;
}

void sl_runner_ask(sl_runner *runner, sl_question *question)
{
    question->next = NULL;
    if (runner->ended) {
        question->done(question->of, 0);
        return;
    }
    sl_question **last = &runner->questions;
    while (*last)
        last = &(*last)->next;
    *last = question;
    nudge(runner);
}

/* ANY THREAD: a stage called wake(). */
static void wake(void *of)
{
    sl_runner *runner = of;
    runner->loop->wake(runner->seat);
}

sl_runner *sl_runner_start(sl_loop *loop, sl_graph *graph, sl_errors *errors,
                           const sl_runner_calls *calls)
{
    sl_runner *runner = sl_env_allocate(loop->env, NULL, sizeof *runner);
    if (!runner)
        return NULL;
    *runner = (sl_runner){.loop = loop, .graph = graph, .errors = errors, .calls = *calls};
    atomic_init(&runner->woken, 0);
    runner->seat = loop->join(loop, work_done, woken, runner);
    if (!runner->seat) {
        sl_env_allocate(loop->env, runner, 0);
        return NULL;
    }
    sl_graph_on_wake(graph, wake, runner);
    submit(runner, open_graph, stepped);
    return runner;
}

/* The step that was out when the stop came does not end by itself. */
static void cut_short(void *of)
{
    sl_runner *runner = of;
    if (runner->next && runner->next != finish)
        sl_graph_interrupt(runner->graph);
}

void sl_runner_stop(sl_runner *runner)
{
    if (runner->ended || runner->stopping)
        return;
    runner->stopping = 1;
    sl_graph_stop(runner->graph);
    if (runner->loop->interrupt)
        runner->loop->interrupt(runner->seat, cut_short);
    if (runner->waiting) {
        runner->waiting = 0;
        shut(runner);
    }
}

void sl_runner_free(sl_runner *runner)
{
    if (!runner)
        return;
    assert(runner->ended);
    sl_env_allocate(runner->loop->env, runner, 0);
}

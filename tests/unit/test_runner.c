/*
 * test_runner.c - graphs on a loop: order, waiting, waking, stopping, fan-out, rejects, and that
 * every opened stage is closed exactly once however a run ends.
 *
 * The same runner is driven by a loop of the test's own (one thread, a seeded order, a fake
 * clock) and by libuv (which is what runs under TSan).
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/runner.h"

/* ---- Stages of the test ------------------------------------------------------------------------
 */

typedef struct numbers { /* a reader: 1 .. last, so many a batch */
    int64_t last, batch, at;
    int32_t pend;      /* every pend-th call answers PENDING; 0: never */
    int32_t by_thread; /* the wake comes from another thread */
    int32_t reject_every;
    int64_t fail_at; /* the call that fails; 0: none */
    int32_t forget_wake;
    int64_t calls;
    pthread_t waker;
    int32_t waker_runs;
} numbers;

typedef struct sink {
    int64_t pend_every, calls, sum, rows, committed, fail_at_commit;
    int32_t in_order;
    int64_t last_seen;
} sink;

static atomic_int opened, closed, aborted;
static atomic_llong seen_sum, seen_rows, committed_rows, rejected_seen;

/* ISO C knows no void * of a function. */
#define is_idle(seat) ck_assert_int_eq((seat)->work == NULL, 1)

static sl_status plan_numbers(sl_stage *stage)
{
    const sl_column column = {.name = "n", .type = SL_TYPE_INTEGER};
    return stage->host->columns(stage, &column, 1, sizeof column);
}

static sl_status open_any(sl_stage *stage)
{
    (void)stage;
    opened++;
    return SL_OK;
}

static void *wake_later(void *of)
{
    sl_stage *stage = of;
    stage->host->wake(stage);
    return NULL;
}

static void join_waker(numbers *self)
{
    if (self->waker_runs)
        pthread_join(self->waker, NULL);
    self->waker_runs = 0;
}

static sl_status next_numbers(sl_stage *stage, sl_batch **given)
{
    numbers *self = sl_self(stage, numbers);
    join_waker(self);
    self->calls++;
    if (self->fail_at && self->calls == self->fail_at)
        return sl_fail(stage, "the source broke");
    if (self->pend && self->calls % self->pend == 0) {
        if (self->by_thread)
            self->waker_runs = pthread_create(&self->waker, NULL, wake_later, stage) == 0;
        else if (!self->forget_wake)
            stage->host->wake_after(stage, 1000);
        return SL_PENDING;
    }
    if (self->at == self->last)
        return SL_END;
    sl_batch *batch = stage->host->batch(stage, (uint32_t)self->batch);
    if (!batch)
        return SL_ERROR;
    batch->first_row = self->at + 1;
    batch->lines = NULL;
    while (batch->rows < batch->capacity && self->at < self->last) {
        batch->columns[0][batch->rows] = (sl_cell){.kind = SL_INTEGER, .as.integer = ++self->at};
        batch->rows++;
    }
    batch->selected = batch->rows;
    for (uint32_t i = 0; self->reject_every && i < batch->rows; i++)
        if (batch->columns[0][i].as.integer % self->reject_every == 0 &&
            sl_reject(stage, batch, i, 1, "not wanted") != SL_OK) {
            sl_release(stage, batch);
            return SL_ERROR;
        }
    *given = batch;
    return SL_OK;
}

static void close_numbers(sl_stage *stage)
{
    join_waker(sl_self(stage, numbers));
    closed++;
}

static void close_any(sl_stage *stage)
{
    (void)stage;
    closed++;
}

static sl_status write_sink(sl_stage *stage, sl_batch *batch)
{
    sink *self = sl_self(stage, sink);
    self->calls++;
    if (self->pend_every && self->calls % self->pend_every == 0) {
        stage->host->wake_after(stage, 500);
        return SL_PENDING;
    }
    for (uint32_t i = 0; i < batch->selected; i++) {
        const sl_cell *cell = &batch->columns[0][batch->selection[i]];
        if (cell->kind != SL_INTEGER) { /* rejected rows: _stage ... */
            rejected_seen++;
            continue;
        }
        ck_assert(cell->as.integer > self->last_seen);
        self->last_seen = cell->as.integer;
        self->sum += cell->as.integer;
    }
    self->rows += batch->selected;
    return SL_OK;
}

static sl_status commit_sink(sl_stage *stage, const sl_commit *commit)
{
    sink *self = sl_self(stage, sink);
    if (self->fail_at_commit)
        return sl_fail(stage, "the disk is full");
    seen_sum += self->sum;
    seen_rows += self->rows;
    committed_rows += self->rows;
    self->sum = self->rows = 0;
    (void)commit;
    return SL_OK;
}

static sl_status abort_sink(sl_stage *stage)
{
    (void)stage;
    aborted++;
    return SL_OK;
}

static sl_status keep_odd(sl_stage *stage, sl_batch *batch)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < batch->selected; i++)
        if (batch->columns[0][batch->selection[i]].as.integer % 2 == 1)
            batch->selection[kept++] = batch->selection[i];
    batch->selected = kept;
    (void)stage;
    return SL_OK;
}

static const sl_stage_type numbers_type = {
    SL_STAGE_TYPE,        .name = "numbers", .role = SL_READER,    .self_size = sizeof(numbers),
    .plan = plan_numbers, .open = open_any,  .next = next_numbers, .close = close_numbers};
static const sl_stage_type odd_type = {
    SL_STAGE_TYPE,     .name = "odd",   .role = SL_FILTER, .traits = SL_TRAIT_SHRINKS,
    .inputs_min = 1,   .inputs_max = 1, .open = open_any,  .each = keep_odd,
    .close = close_any};
static const sl_stage_type sink_type = {
    SL_STAGE_TYPE,       .name = "sink",      .role = SL_EXPORTER,
    .inputs_min = 1,     .inputs_max = 1,     .self_size = sizeof(sink),
    .open = open_any,    .write = write_sink, .commit = commit_sink,
    .abort = abort_sink, .close = close_any};

/* ---- A loop of the test's own: one thread, a seeded order, a fake clock -------------------------
 */

typedef struct fake_loop {
    sl_loop loop; /* first */
    sl_env env;
    int64_t clock;
    uint64_t seed;
    sl_seat *seats[8];
    int seats_count;
} fake_loop;

struct sl_seat {
    fake_loop *of_loop;
    void (*done)(void *of);
    void (*woken)(void *of);
    void *of;
    void (*work)(void *of); /* out; NULL: none */
    int64_t wake_at;
    int32_t wakes; /* wake() calls not yet delivered */
    int32_t left;
};

static uint64_t roll(fake_loop *loop)
{
    loop->seed = loop->seed * 6364136223846793005u + 1442695040888963407u;
    return loop->seed >> 33;
}

static sl_seat *fake_join(sl_loop *loop, void (*done)(void *of), void (*woken)(void *of), void *of)
{
    fake_loop *fake = (fake_loop *)(void *)loop;
    sl_seat *seat = calloc(1, sizeof *seat);
    *seat = (sl_seat){.of_loop = fake, .done = done, .woken = woken, .of = of, .wake_at = -1};
    fake->seats[fake->seats_count++] = seat;
    return seat;
}

static void fake_leave(sl_seat *seat)
{
    is_idle(seat);
    seat->left = 1;
}

static void fake_submit(sl_seat *seat, void (*work)(void *of))
{
    is_idle(seat); /* one piece of work at a time */
    seat->work = work;
}

static void fake_wake_at(sl_seat *seat, int64_t at)
{
    seat->wake_at = at;
}

static int fake_watch(sl_seat *seat, int32_t fd, int32_t events)
{
    (void)seat;
    (void)fd;
    (void)events;
    return -1;
}

static void fake_unwatch(sl_seat *seat)
{
    (void)seat;
}

static void fake_wake(sl_seat *seat)
{
    seat->wakes++;
}

static int64_t fake_monotonic(void *context)
{
    fake_loop *fake = context;
    return fake->clock += 7; /* every look at the clock takes a little */
}

static int64_t fake_now(void *context)
{
    return fake_monotonic(context) + 1700000000000000;
}

static void *fake_allocate(void *context, void *old, size_t size)
{
    (void)context;
    return sl_env_real.allocate(NULL, old, size);
}

static void begin_fake(fake_loop *fake, uint64_t seed)
{
    *fake = (fake_loop){.seed = seed};
    fake->env = sl_env_real;
    fake->env.context = fake;
    fake->env.monotonic = fake_monotonic;
    fake->env.now = fake_now;
    fake->env.allocate = fake_allocate;
    fake->loop = (sl_loop){.env = &fake->env,
                           .join = fake_join,
                           .leave = fake_leave,
                           .submit = fake_submit,
                           .wake_at = fake_wake_at,
                           .watch = fake_watch,
                           .unwatch = fake_unwatch,
                           .wake = fake_wake};
}

/* One event of one seat, chosen by the seed; 0: nothing can happen. */
static int fake_turn(fake_loop *fake)
{
    for (int tries = 0; tries < 64; tries++) {
        sl_seat *seat = fake->seats[roll(fake) % (uint64_t)fake->seats_count];
        if (seat->left)
            continue;
        if (seat->wakes > 0 && roll(fake) % 2) {
            seat->wakes--;
            seat->woken(seat->of);
            return 1;
        }
        if (seat->work) {
            void (*work)(void *of) = seat->work;
            work(seat->of);
            seat->work = NULL;
            seat->done(seat->of);
            return 1;
        }
    }
    int64_t soonest = -1;
    for (int i = 0; i < fake->seats_count; i++)
        if (!fake->seats[i]->left && fake->seats[i]->wake_at >= 0 &&
            (soonest < 0 || fake->seats[i]->wake_at < soonest))
            soonest = fake->seats[i]->wake_at;
    if (soonest < 0)
        return 0;
    if (fake->clock < soonest)
        fake->clock = soonest;
    for (int i = 0; i < fake->seats_count; i++)
        if (!fake->seats[i]->left && fake->seats[i]->wake_at == soonest) {
            fake->seats[i]->wake_at = -1;
            fake->seats[i]->woken(fake->seats[i]->of);
        }
    return 1;
}

static void end_fake(fake_loop *fake)
{
    for (int i = 0; i < fake->seats_count; i++)
        free(fake->seats[i]);
}

/* ---- A graph of the test's own
 * --------------------------------------------------------------------- */

typedef struct shape {
    numbers reader;
    sink sinks[2];
    int32_t sinks_count; /* 2: fan-out */
    int32_t odd;         /* a filter before the first sink */
    uint32_t on_reject;  /* of the reader */
    int64_t max_rejects;
    int32_t stop_after; /* steps; 0: never */
} shape;

typedef struct outcome {
    sl_status status;
    int32_t ended, steps;
    int32_t code;
    char message[512];
} outcome;

typedef struct running {
    const shape *of;
    sl_runner *runner;
    outcome *result;
} running;

static void on_step(void *of)
{
    running *run = of;
    run->result->steps++;
    if (run->of->stop_after && run->result->steps == run->of->stop_after)
        sl_runner_stop(run->runner);
}

static void on_end(void *of, sl_status status)
{
    running *run = of;
    run->result->status = status;
    run->result->ended++;
}

typedef struct made {
    sl_arena *arena;
    sl_errors errors;
    sl_plan plan;
    sl_plan_stage stages[5];
    uint32_t inputs[5];
    sl_graph *graph;
} made;

static void build(made *graph, const shape *of, const sl_env *env)
{
    static numbers reader;
    static sink sinks[3];
    reader = of->reader;
    sinks[0] = of->sinks[0];
    sinks[1] = of->sinks[1];
    memset(&sinks[2], 0, sizeof sinks[2]);
    *graph = (made){.arena = sl_arena_new(env)};
    graph->errors = (sl_errors){.arena = graph->arena, .limit = SL_ERRORS_LIMIT};
    uint32_t n = 0;
    sl_plan_stage *to = graph->stages;
    to[n++] = (sl_plan_stage){.type = &numbers_type,
                              .name = "numbers",
                              .self = &reader,
                              .consumers = (uint32_t)of->sinks_count,
                              .on_reject = of->on_reject};
    uint32_t from = 0;
    if (of->odd) {
        graph->inputs[n] = 0;
        to[n] = (sl_plan_stage){.type = &odd_type,
                                .name = "odd",
                                .inputs = &graph->inputs[n],
                                .inputs_count = 1,
                                .consumers = 1};
        from = n++;
    }
    for (int i = 0; i < of->sinks_count; i++, n++) {
        graph->inputs[n] = i == 0 ? from : 0;
        to[n] = (sl_plan_stage){.type = &sink_type,
                                .name = i ? "second" : "first",
                                .inputs = &graph->inputs[n],
                                .inputs_count = 1,
                                .self = &sinks[i]};
    }
    if (of->on_reject == SL_REJECT_STAGE) {
        to[0].reject_stage = n;
        to[n++] = (sl_plan_stage){
            .type = &sink_type, .name = "rejects", .rejects_only = 1, .self = &sinks[2]};
    }
    graph->plan = (sl_plan){.file = "test",
                            .name = "test",
                            .batch_rows = 10,
                            .batch_bytes = 65536,
                            .max_rejects = of->max_rejects,
                            .stages = to,
                            .count = n};
    sl_graph_options options = {.env = env, .row_limit = -1, .commit_every = 3};
    graph->graph = sl_graph_new(&graph->plan, &options, &graph->errors);
    ck_assert_ptr_nonnull(graph->graph);
    opened = closed = aborted = 0;
    seen_sum = seen_rows = committed_rows = rejected_seen = 0;
}

static void finish(made *graph, outcome *result)
{
    char why[256] = "";
    ck_assert_int_eq(result->ended, 1);
    ck_assert_int_eq(atomic_load(&opened), atomic_load(&closed));
    if (result->status == SL_END)
        ck_assert_msg(sl_graph_audit(graph->graph, why, sizeof why), "%s", why);
    ck_assert_int_le(sl_graph_peak(graph->graph), sl_graph_bound(&graph->plan) + 65536 * 8);
    result->code = sl_errors_code(&graph->errors);
    if (graph->errors.count > 0)
        snprintf(result->message, sizeof result->message, "%s", graph->errors.list[0].message);
    sl_graph_free(graph->graph);
    sl_arena_free(graph->arena);
}

static outcome run_fake(const shape *of, uint64_t seed)
{
    fake_loop fake;
    made graph;
    outcome result = {0};
    begin_fake(&fake, seed);
    build(&graph, of, &fake.env);
    running run = {.of = of, .result = &result};
    sl_runner_calls calls = {.stepped = on_step, .ended = on_end, .of = &run};
    run.runner = sl_runner_start(&fake.loop, graph.graph, &graph.errors, &calls);
    for (int turns = 0; !result.ended; turns++) {
        ck_assert_msg(turns < 100000, "the run does not end");
        ck_assert_msg(fake_turn(&fake), "nothing can happen, and the run has not ended");
    }
    sl_runner_free(run.runner);
    finish(&graph, &result);
    end_fake(&fake);
    return result;
}

static outcome run_libuv(const shape *of)
{
    uv_loop_t uv;
    made graph;
    outcome result = {0};
    uv_loop_init(&uv);
    sl_loop loop;
    ck_assert_int_eq(sl_worker_begin(&loop, &sl_env_real, &uv, 1), 0);
    build(&graph, of, &sl_env_real);
    running run = {.of = of, .result = &result};
    sl_runner_calls calls = {.stepped = on_step, .ended = on_end, .of = &run};
    run.runner = sl_runner_start(&loop, graph.graph, &graph.errors, &calls);
    uv_run(&uv, UV_RUN_DEFAULT);
    sl_worker_end(&loop);
    uv_run(&uv, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&uv), 0);
    sl_runner_free(run.runner);
    finish(&graph, &result);
    return result;
}

/* ---- What must hold
 * ------------------------------------------------------------------------------------ */

static shape plain(void)
{
    return (shape){.reader = {.last = 1000, .batch = 10}, .sinks_count = 1, .max_rejects = -1};
}

START_TEST(every_row_arrives_once_and_in_order)
{
    shape of = plain();
    for (uint64_t seed = 1; seed <= 20; seed++) {
        ck_assert_int_eq(run_fake(&of, seed).status, SL_END);
        ck_assert_int_eq(atomic_load(&seen_sum), 500500);
    }
    ck_assert_int_eq(run_libuv(&of).status, SL_END);
    ck_assert_int_eq(atomic_load(&seen_sum), 500500);
    ck_assert_int_eq(atomic_load(&aborted), 0);
}
END_TEST

START_TEST(waiting_stages_are_woken_by_time)
{
    shape of = plain();
    of.reader.pend = 3;
    of.sinks[0].pend_every = 5;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        ck_assert_int_eq(run_fake(&of, seed).status, SL_END);
        ck_assert_int_eq(atomic_load(&seen_rows), 1000);
    }
    of.reader.last = 200;
    ck_assert_int_eq(run_libuv(&of).status, SL_END);
    ck_assert_int_eq(atomic_load(&seen_rows), 200);
}
END_TEST

START_TEST(waiting_stages_are_woken_from_another_thread)
{
    shape of = plain();
    of.reader.pend = 2;
    of.reader.by_thread = 1;
    ck_assert_int_eq(run_libuv(&of).status, SL_END);
    ck_assert_int_eq(atomic_load(&seen_rows), 1000);
}
END_TEST

START_TEST(fan_out_gives_every_consumer_every_row)
{
    shape of = plain();
    of.sinks_count = 2;
    of.odd = 1;
    of.sinks[1].pend_every = 2;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        ck_assert_int_eq(run_fake(&of, seed).status, SL_END);
        ck_assert_int_eq(atomic_load(&seen_sum), 500500 + 250000);
    }
    ck_assert_int_eq(run_libuv(&of).status, SL_END);
    ck_assert_int_eq(atomic_load(&seen_sum), 500500 + 250000);
}
END_TEST

START_TEST(rejected_rows_go_where_on_reject_says)
{
    shape of = plain();
    of.reader.reject_every = 7;
    outcome result = run_fake(&of, 1);
    ck_assert_int_eq(result.status, SL_ERROR);
    ck_assert_int_eq(result.code, SL_CODE_DATA);
    ck_assert_str_eq(result.message, "not wanted");

    of.on_reject = SL_REJECT_DROP;
    ck_assert_int_eq(run_fake(&of, 1).status, SL_END);
    ck_assert_int_eq(atomic_load(&seen_rows), 1000 - 142);

    of.on_reject = SL_REJECT_STAGE;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        ck_assert_int_eq(run_fake(&of, seed).status, SL_END);
        ck_assert_int_eq(atomic_load(&rejected_seen), 142);
        ck_assert_int_eq(atomic_load(&seen_rows), 1000); /* the reject sink commits too */
    }

    of.reader.reject_every = 1; /* every row of every batch */
    ck_assert_int_eq(run_fake(&of, 1).status, SL_END);
    ck_assert_int_eq(atomic_load(&rejected_seen), 1000);

    of.max_rejects = 100;
    result = run_fake(&of, 1);
    ck_assert_int_eq(result.code, SL_CODE_DATA);
    ck_assert_str_eq(result.message, "more than 100 rows were rejected, the last: not wanted");
}
END_TEST

START_TEST(a_failure_ends_the_run_and_closes_all)
{
    shape of = plain();
    of.sinks_count = 2;
    of.reader.fail_at = 5;
    outcome result = run_fake(&of, 3);
    ck_assert_int_eq(result.status, SL_ERROR);
    ck_assert_str_eq(result.message, "the source broke");
    ck_assert_int_eq(atomic_load(&aborted), 2);

    of = plain();
    of.sinks[0].fail_at_commit = 1;
    result = run_libuv(&of);
    ck_assert_str_eq(result.message, "the disk is full");
    ck_assert_int_eq(atomic_load(&committed_rows), 0);
}
END_TEST

START_TEST(a_stop_commits_what_is_written)
{
    shape of = plain();
    of.reader.last = INT64_MAX;
    for (int32_t steps = 1; steps < 8; steps++) {
        of.stop_after = steps;
        outcome result = run_fake(&of, (uint64_t)steps);
        ck_assert_int_eq(result.status, SL_OK);
        ck_assert_int_eq(atomic_load(&committed_rows) % 10, 0);
        ck_assert(steps == 1 || atomic_load(&committed_rows) > 0);
    }
    of.stop_after = 2;
    ck_assert_int_eq(run_libuv(&of).status, SL_OK);
}
END_TEST

START_TEST(a_stop_reaches_a_graph_that_waits)
{
    shape of = plain();
    of.reader.pend = 1;
    of.stop_after = 2;
    ck_assert_int_eq(run_fake(&of, 1).status, SL_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runner");
    TCase *all = tcase_create("runner");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, every_row_arrives_once_and_in_order);
    tcase_add_test(all, waiting_stages_are_woken_by_time);
    tcase_add_test(all, waiting_stages_are_woken_from_another_thread);
    tcase_add_test(all, fan_out_gives_every_consumer_every_row);
    tcase_add_test(all, rejected_rows_go_where_on_reject_says);
    tcase_add_test(all, a_failure_ends_the_run_and_closes_all);
    tcase_add_test(all, a_stop_commits_what_is_written);
    tcase_add_test(all, a_stop_reaches_a_graph_that_waits);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

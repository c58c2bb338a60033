/*
 * test_simulation.c - whole graphs in a world of the test's own: by the dice the process is
 * killed, the power is cut, operations fail, memory is refused, a run is stopped; it is run
 * again, and again; and at the end nothing is lost, doubled, torn or out of order.
 *
 *     SLUICE_SEEDS=5000   so many histories (default 1500)
 *     SLUICE_FIRST=9000   from this seed on (default 1)
 *     SLUICE_SEED=17      this one alone
 *     SLUICE_SHOW=1       with every change of the world
 */
#include <errno.h>
#include <signal.h>

#include "daemon/graph.h"
#include "tests/harness/fake_env.h"
#include "tests/unit/simulation_judge.h"

#if RESUMES
#define SET_STATE .state = "state",
#else
#define SET_STATE
#endif

#define STEPS_MAX 200000

static struct { /* what the histories of a run of this program had in them */
    int64_t runs, crashes, cuts, failures, stops, ends;
} seen;

/* ---- Which seed it was, when all ends at once --------------------------------------------------
 */

static uint64_t seed_now;

void __asan_on_error(void); /* called by the sanitizer */
void __asan_on_error(void)
{
    fprintf(stderr, "SLUICE_SEED=%llu: the process dies\n", (unsigned long long)seed_now);
}

static void on_abort(int number)
{
    (void)number;
    __asan_on_error();
}

/* ---- One run -----------------------------------------------------------------------------------
 */

enum { RUN_ENDED, RUN_STOPPED, RUN_FAILED };

static int drive(sim *of, sl_graph *graph, int64_t stop_after)
{
    char why[256];
    sl_status status = SL_OK;
    int64_t steps = 0;
    while (status == SL_OK || status == SL_PENDING) {
        if (steps++ == stop_after) {
            sl_graph_stop(graph);
            return RUN_STOPPED;
        }
        if (steps > STEPS_MAX)
            blame(of, "the run does not end");
        status = sl_graph_step(graph, (int64_t)dice(of, 100));
        if (status == SL_PENDING) {
            int64_t at = sl_graph_waiting(graph)->wake_at;
            if (at > of->world.steady)
                sl_world_wait(&of->world, at - of->world.steady);
        }
    }
    if (status == SL_END && !sl_graph_audit(graph, why, sizeof why))
        blame(of, "%s", why);
    return status == SL_END ? RUN_ENDED : RUN_FAILED;
}

static int run(sim *of, int64_t stop_after)
{
    int64_t before = sl_sqlite_memory_live();
    sl_arena *arena = sl_arena_new(&sl_env_real); /* errors can always be said */
    sl_errors errors = {.arena = arena, .limit = SL_ERRORS_LIMIT};
    sl_registry *registry = sl_registry_new(&sl_env_real);
    sl_graph *graph = NULL;
    int answer = RUN_FAILED;
    sl_plan *plan = sl_plan_read(&of->world.env, registry, "graph.yaml", NULL, 0, &errors);
    if (plan) {
        sl_graph_options options = {
            .env = &of->world.env, SET_STATE.row_limit = -1, .commit_every = of->commit_every};
        graph = sl_graph_new(plan, &options, &errors);
    }
    if (graph && sl_graph_open(graph) == SL_OK)
        answer = drive(of, graph, stop_after);
    if (graph)
        sl_graph_close(graph);
    if (errors.errors > 0)
        answer = RUN_FAILED;
    else if (answer == RUN_FAILED && graph)
        blame(of, "a run failed without a reason");
    if (answer == RUN_FAILED && !of->world.crashed && !of->world.failed && !of->world.refused &&
        !sl_sqlite_memory_refused()) {
        if (!of->counts)
            sl_errors_print(&errors, stderr, 0, 0);
        blame(of, "a run failed without a fault");
    }
    sl_graph_free(graph);
    sl_plan_free(plan);
    sl_registry_free(registry);
    sl_arena_free(arena);
    if (of->world.live != 0 || of->world.open_files != 0 || of->world.handles != 0)
        blame(of, "%lld allocations, %d descriptors, %d files of SQLite are left",
              (long long)of->world.live, of->world.open_files, of->world.handles);
    if (sl_sqlite_memory_live() != before)
        blame(of, "%lld allocations of SQLite are left",
              (long long)(sl_sqlite_memory_live() - before));
    return answer;
}

/* ---- A history ---------------------------------------------------------------------------------
 */

enum {
    CRASH,
    CRASH_2,
    CRASH_3,
    FAIL,
    FAIL_ON,
    FAIL_READ,
    REFUSE,
    REFUSE_SQLITE,
    STOP,
    NOTHING,
    FAULTS
};

/* Early places more often than late ones, so that starts are met as well as ends. */
static int64_t some_place(sim *of, uint64_t few)
{
    return 1 + (int64_t)dice(of, few << dice(of, 6));
}

static int64_t set_fault(sim *of)
{
    sl_world *world = &of->world;
    int64_t at = some_place(of, 8);
    int fault = (int)dice(of, FAULTS);
    world->error = dice(of, 2) ? EIO : ENOSPC;
    world->crash_at = fault <= CRASH_3 ? at : 0;
    world->fail_at = fault == FAIL || fault == FAIL_ON ? at : 0;
    world->fail_after = fault == FAIL_ON;
    world->fail_look_at = fault == FAIL_READ ? at : 0;
    world->refuse_at = fault == REFUSE ? some_place(of, 40) : 0;
    world->refuse_after = (int32_t)dice(of, 2);
    at = some_place(of, 40);
    sl_sqlite_memory_refuse(fault == REFUSE_SQLITE ? at : 0, (int32_t)dice(of, 2));
    return fault == STOP ? (int64_t)dice(of, 20) : -1;
}

/* A run with a fault, and what it leaves. */
static int faulty_run(sim *of)
{
    int64_t stop_after = set_fault(of);
    int answer = run(of, stop_after);
    int32_t crashed = of->world.crashed;
    int32_t how = crashed ? (int32_t)dice(of, 2) : dice(of, 4) ? SL_WORLD_KILL : SL_WORLD_POWER_CUT;
    /* What a failed sync did not write, nobody writes later: other processes see it, and it is not
     * on the disk. No program can know that but the one that was told; so the machine restarts. */
    if (of->world.syncs_failed > 0)
        how = SL_WORLD_POWER_CUT;
    seen.runs++;
    seen.crashes += crashed;
    seen.failures += answer == RUN_FAILED && !crashed;
    seen.stops += answer == RUN_STOPPED;
    seen.ends += answer == RUN_ENDED;
    sl_sqlite_memory_refuse(0, 0);
    sl_world_boot(&of->world, how);
    /* What a power cut left in files stays there until a run is far enough to cut it off. */
    seen.cuts += how == SL_WORLD_POWER_CUT;
    of->torn = answer != RUN_ENDED && (of->torn || how == SL_WORLD_POWER_CUT);
    if (answer == RUN_ENDED)
        judge(of, how == SL_WORLD_KILL ? JUDGE_END : JUDGE_SYNCED);
    else
        judge(of, of->torn ? JUDGE_TABLES : JUDGE_KEPT);
    return answer;
}

static void whole_run(sim *of)
{
    if (run(of, -1) != RUN_ENDED)
        blame(of, "a run without a fault does not end");
    sl_world_boot(&of->world, SL_WORLD_KILL);
    judge(of, JUDGE_END);
}

typedef struct outcome {
    uint64_t trace;
    int32_t blamed;
} outcome;

/* lying: its disk only says that it syncs, and what is wrong then is counted. */
static outcome simulate(uint64_t seed, int32_t lying)
{
    static sim of; /* large */
    seed_now = seed;
    sim_init(&of, seed);
    of.world.ignore_sync = of.counts = lying;
    of.world.show = getenv("SLUICE_SHOW") ? stderr : NULL;
    int goes_on = RESUMES || of.whole;
    int64_t attempts = (int64_t)dice(&of, 6);
    for (int64_t i = 0; i < attempts && (goes_on || i == 0); i++) {
        faulty_run(&of);
        if (RESUMES && !of.whole && dice(&of, 5) == 0)
            sim_grow(&of);
    }
    if (goes_on || attempts == 0)
        whole_run(&of);
    if (goes_on)
        whole_run(&of); /* once more: there is nothing new */
    if (goes_on && dice(&of, 2)) {
        sim_grow(&of);
        whole_run(&of);
    }
    outcome found = {of.world.trace, of.blamed};
    sim_done(&of);
    return found;
}

/* ---- All of them -------------------------------------------------------------------------------
 */

static uint64_t number_in(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(histories_lose_and_double_nothing)
{
    uint64_t alone = number_in("SLUICE_SEED", 0), count = number_in("SLUICE_SEEDS", 1500);
    uint64_t first = alone ? alone : number_in("SLUICE_FIRST", 1);
    for (uint64_t seed = first; seed < first + (alone ? 1 : count); seed++)
        simulate(seed, 0);
    if (alone)
        return;
    printf("%lld runs with faults: %lld died, %lld failed, %lld were stopped, %lld ended; the power "
           "was cut %lld times\n",
           (long long)seen.runs, (long long)seen.crashes, (long long)seen.failures,
           (long long)seen.stops, (long long)seen.ends, (long long)seen.cuts);
    ck_assert_int_gt(seen.cuts, (int64_t)count / 2);
    ck_assert_int_gt(seen.crashes, seen.runs / 20);
    ck_assert_int_gt(seen.failures, seen.runs / 20);
    ck_assert_int_gt(seen.ends, seen.runs / 20);
    ck_assert_int_gt(seen.stops, 0);
}
END_TEST

START_TEST(a_seed_is_the_same_history_in_every_run)
{
    uint64_t first = number_in("SLUICE_SEED", 1);
    for (uint64_t seed = first; seed < first + 20; seed++) {
        uint64_t trace = simulate(seed, 0).trace;
        ck_assert_msg(simulate(seed, 0).trace == trace,
                      "SLUICE_SEED=%llu: not the same in each run", (unsigned long long)seed);
    }
}
END_TEST

START_TEST(a_disk_that_lies_is_found_out)
{
    int32_t found = 0;
    for (uint64_t seed = 1; seed <= 100; seed++)
        found += simulate(seed, 1).blamed > 0;
    ck_assert_int_gt(found, 3);
}
END_TEST

int main(void)
{
    sl_sqlite_memory_install();
    signal(SIGABRT, on_abort);
    Suite *suite = suite_create("simulation");
    TCase *all = tcase_create("simulation");
    tcase_set_timeout(all, 0);
    tcase_add_test(all, histories_lose_and_double_nothing);
    tcase_add_test(all, a_seed_is_the_same_history_in_every_run);
    tcase_add_test(all, a_disk_that_lies_is_found_out);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

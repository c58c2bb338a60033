/*
 * test_faults.c - a whole graph in a world that fails: every allocation (the host's and SQLite's)
 * and every operation on files in turn, once and from then on. Each run ends with the whole
 * result or with a reason, closes everything, leaks nothing, and leaves no half result behind.
 */
#include <check.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/graph.h"
#include "tests/harness/fake_env.h"

static char directory[] = "/tmp/sluice-faults-XXXXXX";

static const char graph_text[] = "stages:\n"
                                 "  - reader: csv\n"
                                 "    path: in.csv\n"
                                 "    columns: {amount: real}\n"
                                 "    on_reject: rejects\n"
                                 "  - validator: rules\n"
                                 "    rules: [amount > 0]\n"
                                 "    on_reject: rejects\n"
                                 "  - transformer: select\n"
                                 "    columns: {id: id, name: upper(name), total: amount * 2}\n"
                                 "  - transformer: sort\n"
                                 "    by: [total desc]\n"
                                 "  - exporter: sqlite\n"
                                 "    database: out.db\n"
                                 "    table: t\n"
                                 "    mode: replace\n"
                                 "  - exporter: jsonl\n"
                                 "    from: sort\n"
                                 "    path: out.jsonl\n"
                                 "  - exporter: jsonl\n"
                                 "    name: rejects\n"
                                 "    path: rejects.jsonl\n"
                                 "    mode: replace\n";

static const char result_text[] = "{\"id\":4,\"name\":\"DAN\",\"total\":80.0}\n"
                                  "{\"id\":1,\"name\":\"ANN\",\"total\":25.0}\n";
static const char old_text[] = "old\n";

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void get(const char *path, char text[512])
{
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, 511, file) : 0;
    text[size] = '\0';
    if (file)
        fclose(file);
}

static void begin_files(void)
{
    static const char *const gone[] = {"out.db", "out.db-wal", "out.db-shm", "rejects.jsonl"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        unlink(gone[i]);
    put("in.csv", "id,name,amount\n1,ann,12.50\n2,bob,n/a\n3,cyd,-1\n4,dan,40\n");
    put("graph.yaml", graph_text);
    put("out.jsonl", old_text);
}

/* Runs the graph once. 1: done; 0: failed with a reason. */
static int run(sl_fake_env *fake)
{
    sl_arena *arena = sl_arena_new(&sl_env_real); /* errors can always be said */
    sl_errors errors = {.arena = arena, .limit = SL_ERRORS_LIMIT};
    sl_registry *registry = sl_registry_new(&sl_env_real);
    sl_plan *plan = sl_plan_read(&fake->env, registry, "graph.yaml", NULL, 0, &errors);
    sl_graph *graph = NULL;
    int done = 0;
    if (plan) {
        sl_graph_options options = {.env = &fake->env, .row_limit = -1};
        graph = sl_graph_new(plan, &options, &errors);
    }
    if (graph && sl_graph_open(graph) == SL_OK) {
        sl_status status;
        char why[256];
        int steps = 0;
        do
            status = sl_graph_step(graph, 1000000);
        while ((status == SL_OK || status == SL_PENDING) && steps++ < 100);
        ck_assert_msg(steps < 100, "the run does not end");
        done = status == SL_END;
        if (done)
            ck_assert_msg(sl_graph_audit(graph, why, sizeof why), "%s", why);
    }
    if (graph || plan)
        ck_assert_msg(done || !graph || errors.errors > 0, "failed without a reason");
    sl_graph_free(graph);
    sl_plan_free(plan);
    sl_registry_free(registry);
    sl_arena_free(arena);
    return done;
}

/* After each run: nothing leaked, no half result. */
static void judge(sl_fake_env *fake, int done, const char *what, int64_t at)
{
    char text[512];
    ck_assert_msg(fake->live == 0, "%s %lld: %lld allocations leaked", what, (long long)at,
                  (long long)fake->live);
    ck_assert_msg(fake->open_files == 0, "%s %lld: %d files left open", what, (long long)at,
                  fake->open_files);
    get("out.jsonl", text);
    if (done)
        ck_assert_msg(strcmp(text, result_text) == 0, "%s %lld: %s", what, (long long)at, text);
    else
        ck_assert_msg(strcmp(text, old_text) == 0 || strcmp(text, result_text) == 0,
                      "%s %lld left half a result: %s", what, (long long)at, text);
}

/* Every place in turn; the places are as many as a run without a fault has. */
static void in_turn(const char *what, int32_t sticky, int kind, int32_t error)
{
    int64_t places = 1, failures = 0;
    for (int64_t at = 0; at <= places; at += at < 200 || places < 1000 ? 1 : 7) {
        sl_fake_env fake;
        begin_files();
        sl_fake_env_init(&fake);
        sl_sqlite_memory_refuse(kind == 1 ? at : 0, sticky);
        if (kind == 0) {
            fake.refuse_at = at;
            fake.refuse_after = sticky;
        } else if (kind == 2) {
            fake.fail_at = at;
            fake.fail_after = sticky;
            fake.error = error;
        }
        int done = run(&fake);
        if (at == 0) {
            ck_assert_msg(done, "the graph does not run at all");
            places = kind == 0   ? fake.allocations
                     : kind == 1 ? sl_sqlite_memory_allocations()
                                 : fake.operations;
            ck_assert_int_gt(places, 5);
        }
        failures += !done;
        sl_sqlite_memory_refuse(0, 0);
        judge(&fake, done, what, at);
        sl_fake_env_done(&fake);
    }
    ck_assert_int_gt(failures, 0); /* faults that nobody notices test nothing */
}

START_TEST(allocations_of_the_host)
{
    in_turn("allocation", _i, 0, 0);
}
END_TEST

START_TEST(allocations_of_sqlite)
{
    in_turn("allocation in SQLite", _i, 1, 0);
}
END_TEST

START_TEST(operations_on_files)
{
    in_turn("EIO at operation", _i, 2, EIO);
    in_turn("ENOSPC at operation", _i, 2, ENOSPC);
}
END_TEST

int main(void)
{
    sl_sqlite_memory_install();
    if (!mkdtemp(directory) || chdir(directory) < 0)
        return EXIT_FAILURE;
    Suite *suite = suite_create("faults");
    TCase *all = tcase_create("faults");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, allocations_of_the_host, 0, 2);
    tcase_add_loop_test(all, allocations_of_sqlite, 0, 2);
    tcase_add_loop_test(all, operations_on_files, 0, 2);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    if (system(command) != 0)
        return EXIT_FAILURE;
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

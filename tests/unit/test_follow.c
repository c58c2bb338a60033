/*
 * test_follow.c - an sqlite reader that waits for rows: what it gives and when, what an idle poll
 * costs, and rows that come late.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/harness.h"

static char directory[] = "/tmp/sluice-follow-XXXXXX";

static void fresh(void)
{
    unlink("a.db");
    unlink("a.db-wal");
    unlink("a.db-shm");
}

static void run(const char *sql)
{
    sqlite3 *db;
    char *error = NULL;
    ck_assert_int_eq(sqlite3_open("a.db", &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, &error);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, error);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static sl_harness *reader(const char *options, int64_t rows, const char *position)
{
    static char text[256]; /* as long as the harness */
    snprintf(text, sizeof text, "{database: a.db, %s}", options);
    return sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, "sqlite"),
                                               .options = text,
                                               .batch_rows = rows,
                                               .position = position,
                                               .position_rows = position != NULL});
}

static sl_status pull(sl_harness *harness, char *rows)
{
    sl_batch *batch = NULL;
    *rows = '\0';
    sl_status status = sl_generator_next(sl_harness_generator(harness), &batch);
    if (status != SL_OK)
        return status;
    for (uint32_t i = 0; i < batch->selected; i++)
        sprintf(rows + strlen(rows), "%s%lld", i ? " " : "",
                (long long)batch->columns[0][batch->selection[i]].as.integer);
    sl_batch_release(batch);
    return SL_OK;
}

static void expect(sl_harness *harness, const char *expected)
{
    char rows[256];
    sl_status status = pull(harness, rows);
    ck_assert_str_eq(sl_harness_error(harness), "");
    ck_assert_str_eq(rows, expected);
    ck_assert_int_eq(status, *expected ? SL_OK : SL_PENDING);
}

START_TEST(follows)
{
    fresh();
    run("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(5)");
    sl_harness *harness = reader("table: t, follow: true, poll: 3s", 10, NULL);
    expect(harness, "5");
    expect(harness, "");
    int64_t clock = sl_harness_env(harness)->clock;
    expect(harness, "");
    ck_assert_int_eq(sl_harness_env(harness)->clock - clock, 3000000);
    run("INSERT INTO t VALUES(6), (7), (1)");
    expect(harness, "6 7");
    expect(harness, "");
    run("DELETE FROM t WHERE id = 7");
    expect(harness, "");
    run("INSERT INTO t VALUES(8)");
    expect(harness, "8");
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* An empty table is waited for, too. */
START_TEST(follows_from_nothing)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY)");
    sl_harness *harness = reader("table: t, follow: true", 10, NULL);
    expect(harness, "");
    expect(harness, "");
    run("INSERT INTO t VALUES(1)");
    expect(harness, "1");
    expect(harness, "");
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* Nothing was written: nothing is read, not even a page that the cache has lost. */
START_TEST(an_idle_poll_reads_no_rows)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1)");
    sl_harness *harness = reader("table: t, follow: true", 10, NULL);
    expect(harness, "1");
    expect(harness, "");
    int64_t batches = sl_generator_counters(sl_harness_generator(harness))->batches_out;
    int64_t allocations = sl_harness_env(harness)->allocations;
    for (int i = 0; i < 100; i++)
        expect(harness, "");
    ck_assert_int_eq(sl_harness_env(harness)->allocations, allocations);
    ck_assert_int_eq(sl_generator_counters(sl_harness_generator(harness))->batches_out, batches);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

START_TEST(overlap_gives_late_rows_once)
{
    static const char options[] = "table: t, follow: true, overlap: 10";
    fresh();
    run("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY);"
        "INSERT INTO t VALUES(20),(21),(22),(25)");
    sl_harness *harness = reader(options, 3, NULL);
    expect(harness, "20 21 22");
    run("INSERT INTO t VALUES(18)"); /* late, while the first pages are turned */
    expect(harness, "18 25");
    expect(harness, "");
    run("INSERT INTO t VALUES(15),(16),(23),(24),(26)"); /* 15 is too late */
    expect(harness, "16 23 24");
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK); /* 26: this way its position is kept */
    char *position = strdup(sl_harness_position(harness));
    ck_assert_ptr_nonnull(strstr(position, "\"given\":[18,18,20,26]"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
    run("INSERT INTO t VALUES(17),(19),(16+100)"); /* between two runs */
    harness = reader(options, 3, position);
    expect(harness, "17 19 116");
    expect(harness, "");
    ck_assert_int_eq(sl_harness_free(harness), 0);
    free(position);
}
END_TEST

START_TEST(overlap_is_bounded)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t WITH n(i) AS (VALUES(1) UNION ALL "
        "SELECT i + 1 FROM n WHERE i < 10001) SELECT i FROM n");
    sl_harness *harness = reader("table: t, overlap: 10000", 1000, NULL);
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    harness = reader("table: t, overlap: 10001", 1000, NULL);
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_ptr_nonnull(strstr(sl_harness_error(harness), "more than 10000 rows lie within"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* Keys at both ends of what a number can be, whole and not. */
START_TEST(overlap_of_odd_numbers)
{
    fresh();
    run("CREATE TABLE t(k UNIQUE NOT NULL, n); INSERT INTO t VALUES(-9223372036854775807 - 1, 1),"
        "(-9223372036854775807, 2), (0.25, 3), (9007199254740993, 4), (9223372036854775807, 5)");
    sl_harness *harness = reader("table: t, key: k, overlap: 1e300", 2, NULL);
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_int_eq(sl_generator_counters(sl_harness_generator(harness))->rows_out, 5);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("follow");
    TCase *tests = tcase_create("follow");
    if (!mkdtemp(directory) || chdir(directory) != 0)
        return EXIT_FAILURE;
    tcase_add_test(tests, follows);
    tcase_add_test(tests, follows_from_nothing);
    tcase_add_test(tests, an_idle_poll_reads_no_rows);
    tcase_add_test(tests, overlap_gives_late_rows_once);
    tcase_add_test(tests, overlap_is_bounded);
    tcase_add_test(tests, overlap_of_odd_numbers);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fresh();
    if (chdir("/") == 0)
        rmdir(directory);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * test_world_sqlite.c - SQLite on the world of the tests: locks between connections as between
 * processes, and transactions that are killed and cut off at every change, in every journal mode,
 * judged by integrity_check and by what was acknowledged. A disk that only says it synced must be
 * found out.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/world.h"

static sl_world world;

static void begin(void)
{
    sl_world_init(&world, 1);
}

static void end(void)
{
    ck_assert_int_eq(world.open_files, 0);
    ck_assert_int_eq(world.handles, 0);
    sl_world_done(&world);
}

static sqlite3 *connect(const char *path)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &db, flags, world.env.sqlite_vfs);
    ck_assert_msg(rc == SQLITE_OK || world.crashed || world.failed, "%s", sqlite3_errstr(rc));
    return db;
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static void must(sqlite3 *db, const char *sql)
{
    int rc = run(db, sql);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

/* The one number that a query gives; -1: it fails. */
static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t found = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        found = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return found;
}

/* ---- Several connections ----------------------------------------------------------------------
 */

START_TEST(one_writes_and_others_read_with_a_journal)
{
    sqlite3 *a = connect("x.db"), *b = connect("./x.db");
    must(a, "CREATE TABLE t(n); INSERT INTO t VALUES(1)");
    must(b, "BEGIN");
    ck_assert_int_eq(number(b, "SELECT n FROM t"), 1); /* b: SHARED */
    must(a, "BEGIN IMMEDIATE; UPDATE t SET n = 2");    /* a: RESERVED */
    ck_assert_int_eq(run(b, "UPDATE t SET n = 3"), SQLITE_BUSY);
    ck_assert_int_eq(run(a, "COMMIT"), SQLITE_BUSY); /* a: PENDING, b still reads */
    sqlite3 *c = connect("x.db");
    ck_assert_int_eq(number(c, "SELECT n FROM t"), -1); /* and nobody new comes in */
    ck_assert_int_eq(number(b, "SELECT n FROM t"), 1);
    must(b, "COMMIT");
    must(a, "COMMIT");
    ck_assert_int_eq(number(c, "SELECT n FROM t"), 2);
    sqlite3_close(a);
    sqlite3_close(b);
    sqlite3_close(c);
    ck_assert_ptr_null(sl_world_get(&world, "x.db-journal", NULL));
}
END_TEST

START_TEST(one_writes_and_others_read_in_wal)
{
    sqlite3 *a = connect("x.db"), *b = connect("x.db");
    must(a, "PRAGMA journal_mode=WAL; CREATE TABLE t(n); INSERT INTO t VALUES(1)");
    must(b, "BEGIN");
    ck_assert_int_eq(number(b, "SELECT n FROM t"), 1);
    must(a, "UPDATE t SET n = 2");
    ck_assert_int_eq(number(b, "SELECT n FROM t"), 1); /* as it was when b began */
    ck_assert_int_eq(run(b, "UPDATE t SET n = 3"), SQLITE_BUSY_SNAPSHOT);
    must(a, "BEGIN IMMEDIATE");
    sqlite3 *c = connect("x.db");
    ck_assert_int_eq(number(c, "SELECT n FROM t"), 2);
    ck_assert_int_eq(run(c, "BEGIN IMMEDIATE"), SQLITE_BUSY);
    must(a, "COMMIT");
    ck_assert_int_eq(number(a, "PRAGMA wal_checkpoint(TRUNCATE)"), 1); /* b keeps it */
    must(b, "COMMIT");
    ck_assert_int_eq(number(a, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    ck_assert_int_eq(number(b, "SELECT n FROM t"), 2);
    sqlite3_close(a);
    sqlite3_close(b);
    ck_assert_ptr_nonnull(sl_world_get(&world, "x.db-wal", NULL));
    sqlite3_close(c); /* the last one tidies up */
    ck_assert_ptr_null(sl_world_get(&world, "x.db-wal", NULL));
}
END_TEST

START_TEST(waiting_takes_the_time_of_the_world)
{
    sqlite3 *a = connect("x.db"), *b = connect("x.db");
    must(a, "CREATE TABLE t(n); BEGIN EXCLUSIVE");
    sqlite3_busy_timeout(b, 5000);
    int64_t before = world.env.monotonic(&world);
    ck_assert_int_eq(run(b, "INSERT INTO t VALUES(1)"), SQLITE_BUSY);
    ck_assert_int_ge(world.env.monotonic(&world) - before, 4900000);
    sqlite3_close(a);
    sqlite3_close(b);
}
END_TEST

START_TEST(a_journal_that_was_left_is_rolled_back)
{
    sqlite3 *a = connect("x.db");
    must(a, "PRAGMA cache_size=1; CREATE TABLE t(n, pad); INSERT INTO t VALUES(1, '')");
    must(a, "BEGIN; UPDATE t SET n = 2");
    must(a, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 300) "
            "INSERT INTO t SELECT i, hex(zeroblob(500)) FROM c"); /* spills into the file */
    world.crash_at = world.operations + 1;
    ck_assert_int_ne(run(a, "COMMIT"), SQLITE_OK);
    sqlite3_close(a);
    size_t size;
    ck_assert_ptr_nonnull(sl_world_get(&world, "x.db-journal", &size));
    ck_assert_uint_gt(size, 1000);
    sl_world_boot(&world, SL_WORLD_KILL);
    sqlite3 *b = connect("x.db");
    ck_assert_int_eq(number(b, "SELECT sum(n) FROM t"), 1);
    sqlite3_close(b);
}
END_TEST

START_TEST(temporary_files_are_gone_when_they_are_closed)
{
    sqlite3 *a = connect("");
    must(a, "PRAGMA cache_size=1; PRAGMA temp_store=FILE; CREATE TABLE t(pad)");
    must(a, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 2000) "
            "INSERT INTO t SELECT hex(zeroblob(500)) FROM c; CREATE INDEX i ON t(pad)");
    ck_assert_int_gt(world.operations, 10);
    sqlite3_close(a);
}
END_TEST

/* ---- Transactions that are cut off ------------------------------------------------------------
 */

typedef struct mode {
    const char *pragmas;
    int64_t lost; /* acknowledged transactions that a power cut may take back; -1: any */
} mode;

static const mode modes[] = {
    {"PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", 0},
    {"PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", -1},
    {"PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA", 0},
    {"PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL", 1}, /* the journal may come back */
    {"PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL", 0},
};
#define MODES ((int)(sizeof modes / sizeof *modes))

/* A small cache and many checkpoints, so that all of SQLite's ways to the disk are gone. */
static sqlite3 *connect_in(const mode *of)
{
    sqlite3 *db = connect("x.db");
    if (run(db, "PRAGMA page_size=1024; PRAGMA cache_size=4; PRAGMA cache_spill=4; PRAGMA "
                "wal_autocheckpoint=9") != SQLITE_OK ||
        run(db, of->pragmas) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

#define ROWS(tx) (1 + (tx)*7 % 12)

/* Transaction number tx: some rows of its own, the counter, and something that is overwritten. */
static int transact(sqlite3 *db, int64_t tx)
{
    char sql[512];
    int size = (int)sl_world_dice(&world, 600);
    int other_size = (int)sl_world_dice(&world, 300);
    int64_t other = (int64_t)sl_world_dice(&world, (uint64_t)tx) + 1;
    int rc = run(db, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK && tx == 1)
        rc = run(db, "CREATE TABLE t(tx, i, pad); CREATE INDEX by_pad ON t(pad, tx);"
                     "CREATE TABLE counter(n); INSERT INTO counter VALUES(0)");
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT %lld) "
             "INSERT INTO t SELECT %lld, i, hex(randomblob(%d)) FROM c;"
             "UPDATE t SET pad = hex(randomblob(%d)) WHERE tx = %lld;"
             "UPDATE counter SET n = %lld WHERE n = %lld",
             (long long)ROWS(tx), (long long)tx, size, other_size, (long long)other, (long long)tx,
             (long long)tx - 1);
    if (rc == SQLITE_OK)
        rc = run(db, sql);
    return rc == SQLITE_OK ? run(db, "COMMIT") : rc;
}

/* Goes on from the last transaction that is there. The number of the last acknowledged one. */
static int64_t work(const mode *of, int64_t from, int64_t to)
{
    sqlite3 *db = connect_in(of);
    int64_t done = from;
    while (db && done < to && transact(db, done + 1) == SQLITE_OK)
        done++;
    ck_assert_msg(done == to || world.crashed || world.failed, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    return done;
}

/* The number of the last transaction, or -1: the database is damaged, or not a prefix. */
static int64_t judge(const mode *of)
{
    sqlite3 *db = connect_in(of);
    if (!db)
        return -1;
    int64_t last = 0;
    if (number(db, "SELECT count(*) = 1 FROM pragma_integrity_check "
                   "WHERE integrity_check = 'ok'") != 1)
        last = -1;
    else if (number(db, "SELECT count(*) FROM sqlite_schema") > 0)
        last = number(db, "SELECT n FROM counter");
    for (int64_t tx = 1; tx <= last; tx++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT count(*) * 1000 + sum(i) FROM t WHERE tx = %lld",
                 (long long)tx);
        if (number(db, sql) != ROWS(tx) * 1000 + ROWS(tx) * (ROWS(tx) + 1) / 2)
            last = -1;
    }
    if (last > 0) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM t WHERE tx > %lld", (long long)last);
        if (number(db, sql) != 0)
            last = -1;
    }
    sqlite3_close(db);
    return last;
}

/* Dies in change number `at` of some transactions. 1: as promised; 0: not. */
static int survives(const mode *of, uint64_t seed, int64_t at, int32_t how, int32_t lying)
{
    sl_world_done(&world);
    sl_world_init(&world, seed);
    world.ignore_sync = lying;
    world.sector = seed % 2 ? 512 : 4096;
    int64_t acked = work(of, 0, 2);
    world.operations = 0;
    world.crash_at = at;
    acked = work(of, acked, 7);
    sl_world_boot(&world, how);
    int64_t found = judge(of);
    if (found < 0 || found > acked + 1)
        return 0;
    return how == SL_WORLD_KILL ? found >= acked : of->lost < 0 || found >= acked - of->lost;
}

/* How many changes the transactions of survives() make. */
static int64_t changes_of(const mode *of)
{
    ck_assert_int_eq(survives(of, 1, 0, SL_WORLD_KILL, 0), 1);
    sl_world_done(&world);
    sl_world_init(&world, 1);
    work(of, 0, 2);
    int64_t before = world.operations;
    work(of, 2, 7);
    return world.operations - before;
}

START_TEST(transactions_outlive_a_kill_in_every_change)
{
    const mode *of = &modes[_i];
    int64_t changes = changes_of(of);
    ck_assert_int_gt(changes, 80);
    for (int64_t at = 1; at <= changes; at += 1 + changes / 60)
        ck_assert_msg(survives(of, 1, at, SL_WORLD_KILL, 0), "%s: killed in change %lld",
                      of->pragmas, (long long)at);
}
END_TEST

START_TEST(transactions_outlive_a_power_cut_in_every_change)
{
    const mode *of = &modes[_i];
    int64_t changes = changes_of(of);
    for (int64_t at = 1; at <= changes; at += 1 + changes / 60)
        ck_assert_msg(survives(of, (uint64_t)at, at, SL_WORLD_POWER_CUT, 0),
                      "%s: cut off in change %lld", of->pragmas, (long long)at);
}
END_TEST

START_TEST(a_disk_that_lies_is_found_out)
{
    const mode *of = &modes[_i];
    int found = 0;
    for (int64_t at = 1; at < 160; at += 4)
        found += !survives(of, (uint64_t)at, at, SL_WORLD_POWER_CUT, 1);
    ck_assert_int_gt(found, 3);
}
END_TEST

/* The journal of the change into WAL mode is removed, and nobody syncs its directory after that:
 * it may come back, and with it the empty database of before. */
static int lost_whole(const char *pragmas)
{
    int lost = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        sl_world_done(&world);
        sl_world_init(&world, seed);
        sqlite3 *db = connect("x.db");
        must(db, pragmas);
        must(db, "CREATE TABLE t(n); INSERT INTO t VALUES(1)");
        world.crash_at = world.operations + 1;
        ck_assert_int_ne(run(db, "INSERT INTO t VALUES(2)"), SQLITE_OK);
        sqlite3_close(db);
        sl_world_boot(&world, SL_WORLD_POWER_CUT);
        db = connect("x.db");
        lost += number(db, "SELECT count(*) FROM t") < 1;
        sqlite3_close(db);
    }
    return lost;
}

START_TEST(a_database_made_in_wal_needs_extra_for_that_change)
{
    ck_assert_int_gt(lost_whole("PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL"), 5);
    ck_assert_int_eq(lost_whole("PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL;"
                                "PRAGMA synchronous=FULL"),
                     0);
}
END_TEST

/* Kills, power cuts and failures by the dice, until all is through. Gives the trace. */
static uint64_t history(const mode *of, uint64_t seed)
{
    int64_t acked = 0, found = 0;
    sl_world_done(&world);
    sl_world_init(&world, seed);
    for (int round = 0; found < 15; round++) {
        int64_t at = 1 + (int64_t)sl_world_dice(&world, 200);
        int32_t how = (int32_t)sl_world_dice(&world, 2);
        uint64_t fault = round < 8 ? sl_world_dice(&world, 4) : 4;
        world.error = sl_world_dice(&world, 2) ? EIO : ENOSPC;
        world.crash_at = fault < 2 ? at : 0;
        world.fail_at = fault == 2 ? at : 0;
        world.fail_after = (int32_t)sl_world_dice(&world, 2);
        world.fail_look_at = fault == 3 ? at : 0;
        acked = work(of, found, 15);
        world.left_open = 0;
        sl_world_boot(&world, how);
        found = judge(of);
        int64_t least = how == SL_WORLD_KILL ? acked : of->lost < 0 ? 0 : acked - of->lost;
        ck_assert_msg(found >= least && found <= acked + 1,
                      "%s, seed %llu, round %d: %lld acknowledged, %lld found", of->pragmas,
                      (unsigned long long)seed, round, (long long)acked, (long long)found);
    }
    return world.trace;
}

START_TEST(histories_of_faults_are_as_promised)
{
    for (uint64_t seed = 1; seed <= 10; seed++)
        history(&modes[_i], seed);
}
END_TEST

START_TEST(a_history_is_the_same_in_every_run)
{
    for (uint64_t seed = 1; seed <= 2; seed++) {
        uint64_t trace = history(&modes[_i], seed);
        ck_assert_uint_eq(history(&modes[_i], seed), trace);
        ck_assert_uint_ne(history(&modes[_i], seed + 1000), trace);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("world-sqlite");
    TCase *all = tcase_create("sqlite");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, begin, end);
    tcase_add_test(all, one_writes_and_others_read_with_a_journal);
    tcase_add_test(all, one_writes_and_others_read_in_wal);
    tcase_add_test(all, waiting_takes_the_time_of_the_world);
    tcase_add_test(all, a_journal_that_was_left_is_rolled_back);
    tcase_add_test(all, temporary_files_are_gone_when_they_are_closed);
    tcase_add_loop_test(all, transactions_outlive_a_kill_in_every_change, 0, MODES);
    tcase_add_loop_test(all, transactions_outlive_a_power_cut_in_every_change, 0, MODES);
    tcase_add_loop_test(all, a_disk_that_lies_is_found_out, 0, MODES);
    tcase_add_test(all, a_database_made_in_wal_needs_extra_for_that_change);
    tcase_add_loop_test(all, histories_of_faults_are_as_promised, 0, MODES);
    tcase_add_loop_test(all, a_history_is_the_same_in_every_run, 0, MODES);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * test_mutations.c - an sqlite reader while others write: seeded histories of inserts, deletes,
 * updates, VACUUMs and late commits between its pages, with resumes in between.
 *
 * What must hold, however the pages are turned: a row that is there from the first page to the
 * last comes exactly once, and none comes twice; or the run stops and says why, where the way of
 * paging may. A row is known by its `uid`, which is never given to another.
 *
 * SLUICE_HISTORIES=N   how many (default 10000), from SLUICE_FIRST=N on; SLUICE_SEED=N replays one.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/harness.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define UIDS 4096
#define KEYS 60 /* the keys of rows are 0 .. KEYS - 1, so that they are used again */

static char directory[] = "/tmp/sluice-mutations-XXXXXX";

/* ---- Ways to read ------------------------------------------------------------------------- */

#define MAY_NOT 0    /* it must come to its end */
#define MAY_VACUUM 1 /* it may stop where the schema has changed */
#define MAY_ALWAYS 2 /* it may stop where anything has changed */

static const struct {
    const char *table, *options;
    int32_t may_stop;
} ways[] = {
    {"declared", "table: declared", MAY_VACUUM},
    {"declared", "table: declared, page: cursor, max_age: 5ms", MAY_VACUUM},
    {"declared", "table: declared, snapshot: true", MAY_VACUUM},
    {"declared", "query: 'SELECT v, uid, k FROM declared WHERE uid % 7 < 5', key: k", MAY_VACUUM},
    {"hidden", "table: hidden", MAY_VACUUM},
    {"hidden", "table: hidden, key: k", MAY_VACUUM},
    {"hidden", "table: hidden, key: k, page: keyset", MAY_VACUUM},
    {"hidden", "query: SELECT * FROM hidden", MAY_ALWAYS},
    {"hidden", "query: SELECT * FROM hidden ORDER BY v, page: offset", MAY_ALWAYS},
    {"hidden", "table: hidden, page: offset", MAY_ALWAYS},
    {"hidden", "table: hidden, page: offset, snapshot: true", MAY_ALWAYS},
    {"composite", "table: composite", MAY_VACUUM},
    {"composite", "table: composite, page: cursor, max_age: 3ms", MAY_VACUUM},
    {"composite", "table: composite, page: offset", MAY_ALWAYS},
    {"downwards", "table: downwards", MAY_VACUUM},
    {"mixed", "table: mixed", MAY_VACUUM},
    {"mixed", "table: mixed, page: cursor, max_age: 5ms", MAY_VACUUM},
    {"indexed", "table: indexed, key: k", MAY_VACUUM},
    {"seen", "table: seen, key: [a, k]", MAY_VACUUM},
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    "CREATE TABLE declared(uid INT, k INTEGER PRIMARY KEY, a TEXT, v);"
    "CREATE TABLE hidden(uid INT, k INT, a TEXT, v);"
    "CREATE TABLE composite(uid INT, k INT, a TEXT, v, PRIMARY KEY(a, k)) WITHOUT ROWID;"
    "CREATE TABLE downwards(uid INT, k INT, a TEXT COLLATE NOCASE, v, PRIMARY KEY(a DESC, k DESC))"
    " WITHOUT ROWID;"
    "CREATE TABLE mixed(uid INT, k INT, a TEXT, v, PRIMARY KEY(a DESC, k)) WITHOUT ROWID;"
    "CREATE TABLE indexed(uid INT, k INT NOT NULL UNIQUE, a TEXT, v);"
    "CREATE VIEW seen AS SELECT uid, a, k, v FROM composite;"
    "CREATE TABLE late(uid INT, k INTEGER PRIMARY KEY, v)";

/* ---- A history ----------------------------------------------------------------------------- */

typedef struct history {
    uint64_t seed, state;
    sqlite3 *db;
    const char *table; /* that is written to */
    const char *options;
    int64_t pages; /* rows of a page */
    sl_harness *harness;
    char *position;
    int64_t position_rows;
    int32_t uids;
    int32_t alive[UIDS]; /* 1: there now */
    int32_t since[UIDS]; /* 1: there since before the first page */
    int32_t given[UIDS];
    int32_t keys[UIDS];
    int32_t changed, vacuumed;
    int64_t largest; /* key ever committed; `late` */
    sl_fake_env fake;
} history;

static uint64_t draw(history *h, uint64_t below)
{
    uint64_t z = h->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static void say(const history *h, const char *what)
{
    ck_abort_msg("%s\n  reader: {%s}, pages of %d\n  again: SLUICE_SEED=%llu", what, h->options,
                 (int)h->pages, (unsigned long long)h->seed);
}

static void run(history *h, char *sql)
{
    char *error = NULL;
    int rc = sqlite3_exec(h->db, sql, NULL, NULL, &error);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s (SLUICE_SEED=%llu)", sql, error,
                  (unsigned long long)h->seed);
    sqlite3_free(sql);
    h->changed = 1;
}

static void insert(history *h, int32_t key)
{
    int32_t uid = h->uids++;
    if (uid >= UIDS)
        say(h, "too many rows for the test");
    for (int32_t i = 0; i < uid; i++)
        if (h->alive[i] && h->keys[i] == key) { /* as REPLACE, with a uid of its own */
            run(h, sqlite3_mprintf("DELETE FROM %s WHERE uid = %d", h->table, i));
            h->alive[i] = 0;
        }
    /* Letters of both cases, so that a collation matters; few, so that the first part ties. */
    run(h, sqlite3_mprintf("INSERT INTO %s(uid, k, a, v) VALUES(%d, %d, '%c', %d)", h->table, uid,
                           key, "aAbBc"[key % 5], (int)draw(h, 5)));
    h->alive[uid] = 1;
    h->keys[uid] = key;
}

/* A row that is there, or -1. */
static int32_t any(history *h)
{
    for (int32_t tries = 0; tries < 20 && h->uids > 0; tries++) {
        int32_t uid = (int32_t)draw(h, (uint64_t)h->uids);
        if (h->alive[uid])
            return uid;
    }
    return -1;
}

static void mutate(history *h)
{
    int32_t uid = any(h);
    switch (draw(h, 20)) {
    case 0:
        run(h, sqlite3_mprintf("VACUUM"));
        h->vacuumed = 1;
        break;
    case 1:
        run(h, sqlite3_mprintf("ALTER TABLE %s RENAME COLUMN v TO w;"
                               "ALTER TABLE %s RENAME COLUMN w TO v",
                               h->table, h->table));
        h->vacuumed = 1;
        break;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        if (uid >= 0)
            run(h, sqlite3_mprintf("UPDATE %s SET v = v + 1 WHERE uid = %d", h->table, uid));
        break;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
        if (uid >= 0) {
            run(h, sqlite3_mprintf("DELETE FROM %s WHERE uid = %d", h->table, uid));
            h->alive[uid] = 0;
        }
        break;
    default:
        insert(h, (int32_t)draw(h, KEYS));
    }
    for (int32_t i = 0; i < h->uids; i++)
        h->since[i] = h->since[i] && h->alive[i];
}

/* ---- The reader ----------------------------------------------------------------------------- */

static void open_reader(history *h)
{
    h->harness = sl_harness_open(&(sl_harness_setup){
        .type = sl_harness_type(SL_READER, "sqlite"),
        .options = h->options,
        .batch_rows = h->pages,
        .position = h->position,
        .position_rows = h->position_rows,
        .fake = &h->fake,
    });
}

static void close_reader(history *h)
{
    if (sl_harness_free(h->harness) != 0)
        say(h, "something was not given back");
    h->harness = NULL;
}

/* Stops, and goes on from the position in a reader of its own. */
static void resume(history *h)
{
    close_reader(h);
    while (draw(h, 3) == 0 && h->largest == 0)
        mutate(h);
    open_reader(h);
}

static void count_rows(history *h, const sl_batch *batch, uint32_t column)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        int64_t uid = batch->columns[column][batch->selection[i]].as.integer;
        if (uid < 0 || uid >= h->uids)
            say(h, "a row that never was");
        if (h->given[uid]++ > 0)
            say(h, "a row came twice");
    }
}

/* One batch: its rows are counted, its position is kept. */
static sl_status pull(history *h)
{
    sl_batch *batch = NULL;
    uint32_t count, column = 0;
    if (*sl_harness_error(h->harness))
        return SL_ERROR;
    sl_status status = sl_generator_next(sl_harness_generator(h->harness), &batch);
    if (status != SL_OK)
        return status;
    const sl_column *columns = sl_generator_columns(sl_harness_generator(h->harness), &count);
    while (strcmp(columns[column].name, "uid") != 0)
        column++;
    if (batch->rows > h->pages)
        say(h, "a batch holds more rows than it may");
    count_rows(h, batch, column);
    const sl_stamp *stamp = sl_batch_stamp(batch);
    free(h->position);
    h->position = strdup(stamp->parts[0].json);
    h->position_rows = stamp->parts[0].count;
    sl_batch_release(batch);
    return SL_OK;
}

static void begin(history *h, uint64_t seed)
{
    *h = (history){.seed = seed, .state = seed, .db = h->db};
    sl_fake_env_init(&h->fake);
    h->pages = 1 + (int64_t)draw(h, 6);
}

static void end(history *h)
{
    free(h->position);
    if (h->harness)
        close_reader(h);
    sl_fake_env_done(&h->fake);
}

/* ---- Reading to the end --------------------------------------------------------------------- */

static int32_t is_asked_for(const history *h, int32_t uid)
{
    return !strstr(h->options, "uid % 7") || uid % 7 < 5;
}

static void check_stop(history *h, int32_t may_stop)
{
    const char *error = sl_harness_error(h->harness);
    int32_t code = sl_errors_code(sl_harness_errors(h->harness));
    int32_t rightly =
        (may_stop == MAY_ALWAYS && h->changed) || (may_stop == MAY_VACUUM && h->vacuumed);
    if (!rightly || !*error || (code != SL_CODE_CONFIG && code != SL_CODE_DATA))
        say(h, *error ? error : "stopped without a word");
}

static void read_through(history *h, int32_t may_stop)
{
    sl_status status = SL_OK;
    uint64_t writes = draw(h, 3); /* none, few, many */
    open_reader(h);
    for (int32_t turns = 0; status == SL_OK; turns++) {
        h->fake.clock += (int64_t)draw(h, 4000);
        status = pull(h);
        for (uint64_t i = draw(h, 4); status == SL_OK && i > 0 && draw(h, 2) < writes; i--)
            mutate(h);
        if (status == SL_OK && draw(h, 6) == 0)
            resume(h);
        if (turns > 4 * KEYS)
            say(h, "it does not end");
    }
    if (status == SL_ERROR)
        check_stop(h, may_stop);
    else if (status != SL_END)
        say(h, "waits for nothing");
    for (int32_t uid = 0; uid < h->uids && status == SL_END; uid++)
        if (h->since[uid] && is_asked_for(h, uid) && h->given[uid] != 1)
            say(h, "a row that was there all the time did not come");
}

static int32_t run_mutations(history *h, uint64_t seed)
{
    begin(h, seed);
    size_t way = (size_t)draw(h, COUNT(ways));
    char options[256];
    snprintf(options, sizeof options, "{database: m.db, %s}", ways[way].options);
    h->options = options;
    h->table = strcmp(ways[way].table, "seen") == 0 ? "composite" : ways[way].table;
    run(h, sqlite3_mprintf("BEGIN; DELETE FROM %s", h->table));
    for (uint64_t rows = draw(h, 40); rows > 0; rows--)
        insert(h, (int32_t)draw(h, KEYS));
    run(h, sqlite3_mprintf("COMMIT"));
    for (int32_t i = 0; i < h->uids; i++)
        h->since[i] = h->alive[i];
    h->changed = 0;
    read_through(h, ways[way].may_stop);
    int32_t stopped = *sl_harness_error(h->harness) != 0;
    end(h);
    return stopped;
}

/* ---- Following --------------------------------------------------------------------------------
 */

/* Commits rows, some of them late, but never further behind than `overlap` allows. */
static void commit_late(history *h, int64_t overlap)
{
    for (uint64_t rows = 1 + draw(h, 4); rows > 0; rows--) {
        int64_t key =
            h->largest + 1 + (int64_t)draw(h, 5) - (int64_t)draw(h, (uint64_t)overlap + 1);
        int32_t taken = key <= 0 || h->uids >= UIDS - 1;
        for (int32_t i = 0; i < h->uids; i++)
            taken = taken || h->keys[i] == key;
        if (taken)
            continue;
        run(h, sqlite3_mprintf("INSERT INTO late VALUES(%d, %lld, 0)", h->uids, key));
        h->keys[h->uids] = (int32_t)key;
        h->alive[h->uids++] = 1;
        h->largest = key > h->largest ? key : h->largest;
    }
    int32_t uid = any(h);
    if (uid >= 0 && draw(h, 4) == 0 && h->given[uid]) { /* what was given may go */
        run(h, sqlite3_mprintf("DELETE FROM late WHERE uid = %d", uid));
        h->alive[uid] = 0;
    }
}

static void drain(history *h)
{
    sl_status status = SL_OK;
    for (int32_t idle = 0; idle < 2; idle += status == SL_PENDING) {
        status = pull(h);
        if (status != SL_OK && status != SL_PENDING)
            say(h, sl_harness_error(h->harness));
    }
}

static void run_following(history *h, uint64_t seed)
{
    char options[128];
    begin(h, seed);
    int64_t overlap = (int64_t)draw(h, 3) * 8;
    snprintf(options, sizeof options, "{database: m.db, table: late, follow: true, overlap: %d%s}",
             (int)overlap, draw(h, 2) ? ", key: k" : "");
    h->options = options;
    h->table = "late";
    run(h, sqlite3_mprintf("DELETE FROM late"));
    h->largest = 1;
    open_reader(h);
    for (uint64_t turns = 10 + draw(h, 30); turns > 0; turns--) {
        if (draw(h, 2))
            commit_late(h, overlap);
        sl_status status = pull(h);
        if (status != SL_OK && status != SL_PENDING)
            say(h, sl_harness_error(h->harness));
        if (draw(h, 8) == 0)
            resume(h);
    }
    drain(h);
    for (int32_t uid = 0; uid < h->uids; uid++)
        if (h->alive[uid] && h->given[uid] != 1)
            say(h, "a row that was committed did not come");
    end(h);
}

/* ---- All of them ------------------------------------------------------------------------------
 */

static long from_environment(const char *name, long fallback)
{
    const char *text = getenv(name);
    return text && *text ? atol(text) : fallback;
}

START_TEST(every_row_once)
{
    static history h;
    long replayed = from_environment("SLUICE_SEED", 0);
    long first = replayed ? replayed : from_environment("SLUICE_FIRST", 1);
    long histories = replayed ? 1 : from_environment("SLUICE_HISTORIES", 10000);
    long stopped = 0, followed = 0;
    ck_assert_int_eq(sqlite3_open("m.db", &h.db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(h.db, schema, NULL, NULL, NULL), SQLITE_OK);
    for (long seed = first; seed < first + histories; seed++) {
        if (seed % 5 == 0) {
            run_following(&h, (uint64_t)seed);
            followed++;
        } else {
            stopped += run_mutations(&h, (uint64_t)seed);
        }
    }
    sqlite3_close(h.db);
    printf("%ld histories: %ld followed, %ld stopped rightly\n", histories, followed, stopped);
    if (histories >= 1000) { /* or the test would show nothing */
        ck_assert_int_gt(stopped, histories / 50);
        ck_assert_int_lt(stopped, histories / 2);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mutations");
    TCase *tests = tcase_create("mutations");
    if (!mkdtemp(directory) || chdir(directory) != 0)
        return EXIT_FAILURE;
    tcase_add_test(tests, every_row_once);
    tcase_set_timeout(tests, 3600);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    unlink("m.db");
    unlink("m.db-wal");
    unlink("m.db-shm");
    if (chdir("/") == 0)
        rmdir(directory);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

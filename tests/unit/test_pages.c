/*
 * test_pages.c - the pages of an sqlite reader: what a page costs, which way is taken and why,
 * and what is proved before it goes on.
 *
 * Deliberately elsewhere: rows that come later (test_follow.c), random writers
 * (test_mutations.c).
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/core/inside.h"
#include "stages/sqlite_source.h"
#include "tests/harness/harness.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char directory[] = "/tmp/sluice-pages-XXXXXX";

static void fresh(void)
{
    static const char *const files[] = {"a.db", "a.db-wal", "a.db-shm", "b.db", "link.db"};
    for (size_t i = 0; i < COUNT(files); i++)
        unlink(files[i]);
}

static void run_in(const char *file, const char *sql)
{
    sqlite3 *db;
    char *error = NULL;
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, &error);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, error);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void run(const char *sql)
{
    run_in("a.db", sql);
}

/* A reader whose own calls a test can count and order; options without the database. */
static sl_harness *reader(const char *options, int64_t rows, const char *position)
{
    static char text[512]; /* as long as the harness */
    snprintf(text, sizeof text, "{database: a.db, %s}", options);
    return sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, "sqlite"),
                                               .options = text,
                                               .batch_rows = rows,
                                               .position = position,
                                               .position_rows = position != NULL});
}

/* Reads to the end; the rows must be these, and no error said. */
static void read_all(const char *options, int64_t rows, const char *expected)
{
    sl_harness *harness = reader(options, rows, NULL);
    sl_status status = sl_harness_run(harness);
    ck_assert_str_eq(sl_harness_error(harness), "");
    ck_assert_int_eq(status, SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), expected);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}

/* ---- What a page costs ---------------------------------------------------------------------- */

#define NUMBERS "WITH n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 4000) "

static const struct {
    const char *schema, *table, *query, *key;
    int32_t page, grows;
} costs[] = {
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t " NUMBERS "SELECT i, 'x' FROM n",
     "t", NULL, NULL, SL_PAGE_AUTO, 0},
    {"CREATE TABLE t(s); INSERT INTO t " NUMBERS "SELECT 'x' FROM n", "t", NULL, NULL, SL_PAGE_AUTO,
     0},
    {"CREATE TABLE t(a TEXT, b INT, PRIMARY KEY(a, b)) WITHOUT ROWID; INSERT INTO t " NUMBERS
     "SELECT 'k' || i % 7, i FROM n",
     "t", NULL, NULL, SL_PAGE_AUTO, 0},
    {"CREATE TABLE t(a TEXT, b INT, PRIMARY KEY(a DESC, b DESC)) WITHOUT ROWID;"
     "INSERT INTO t " NUMBERS "SELECT 'k' || i % 7, i FROM n",
     "t", NULL, NULL, SL_PAGE_AUTO, 0},
    {"CREATE TABLE t(a TEXT, b INT, c INT, PRIMARY KEY(a, b DESC, c)) WITHOUT ROWID;"
     "INSERT INTO t " NUMBERS "SELECT 'k' || i % 3, i / 9, i FROM n",
     "t", NULL, NULL, SL_PAGE_AUTO, 0},
    {"CREATE TABLE t(rowid, _rowid_, oid NOT NULL UNIQUE COLLATE NOCASE);"
     "INSERT INTO t " NUMBERS "SELECT 1, 1, 'a' || i FROM n",
     "t", NULL, NULL, SL_PAGE_AUTO, 0},
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t " NUMBERS "SELECT i, 'x' FROM n",
     NULL, "SELECT s, id AS k FROM t WHERE s = 'x'", "k", SL_PAGE_AUTO, 0},
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t " NUMBERS "SELECT i, 'x' FROM n",
     "t", NULL, NULL, SL_PAGE_OFFSET, 1}, /* or the test would show nothing */
};

/* Turns all pages of 100 rows, and answers the steps of SQLite's machine for each. */
static size_t turn_all(sl_page *page, int *steps, size_t room)
{
    const sl_batch none = {0};
    size_t pages = 0;
    for (sl_status status = SL_OK; status == SL_OK; pages++) {
        ck_assert_uint_lt(pages, room);
        ck_assert_int_eq(sl_page_begin(page, 100), SL_OK);
        sqlite3_stmt_status(page->statement, SQLITE_STMTSTATUS_VM_STEP, 1);
        while (page->left > 0 && (status = sl_page_step(page)) == SL_OK)
            ck_assert_int_eq(sl_page_took(page, 1), SL_OK);
        steps[pages] = sqlite3_stmt_status(page->statement, SQLITE_STMTSTATUS_VM_STEP, 1);
        ck_assert_int_eq(sl_page_end(page, &none), SL_OK);
    }
    ck_assert_int_eq(page->row, 4000);
    return pages - 1;
}

/* Steps of the machine, not time: the last page costs what the second one does. */
START_TEST(costs_the_same_at_the_end)
{
    int steps[64];
    const sl_column *columns;
    uint32_t count;
    fresh();
    run(costs[_i].schema);
    sl_harness *harness = reader("query: SELECT 1", 0, NULL);
    sl_stage *stage = sl_generator_stage(sl_harness_generator(harness));
    sl_sqlite db = {.stage = stage, .path = "a.db"};
    sl_page page = {.db = &db};
    const sl_value key = {.size = sizeof key, .text = costs[_i].key};
    const sl_value keys = {.size = sizeof key, .kind = SL_VALUE_LIST, .count = 1, .items = &key};
    sl_arena *arena = sl_arena_new(stage->env);
    sl_source_request request = {.table = costs[_i].table,
                                 .query = costs[_i].query,
                                 .key = costs[_i].key ? &keys : NULL,
                                 .page = costs[_i].page};
    ck_assert_int_eq(sl_sqlite_open(&db, 0), SL_OK);
    ck_assert_int_eq(sl_source_plan(&page, arena, &request, &columns, &count), SL_OK);
    size_t pages = turn_all(&page, steps, COUNT(steps));
    ck_assert_uint_eq(pages, 40);
    ck_assert_msg((steps[39] > steps[1] * 6 / 5) == costs[_i].grows, "%s: page 2: %d, page 40: %d",
                  costs[_i].schema, steps[1], steps[39]);
    sl_page_close(&page);
    sl_sqlite_close(&db);
    sl_arena_free(arena);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* A key that was remembered must not be the memory that the statement compares with. */
START_TEST(a_key_of_text_loses_no_rows)
{
    fresh();
    run("CREATE TABLE t(a TEXT, b INT, PRIMARY KEY(a, b)) WITHOUT ROWID;"
        "INSERT INTO t VALUES('k1',1),('k1',2),('k2',1),('k3',1),('k3',2),('k4',1),('k5',1)");
    for (int64_t rows = 1; rows < 8; rows++)
        read_all("table: t", rows, "'k1',1\n'k1',2\n'k2',1\n'k3',1\n'k3',2\n'k4',1\n'k5',1\n");
}
END_TEST

START_TEST(runs_down_and_up)
{
    fresh();
    run("CREATE TABLE t(a TEXT COLLATE NOCASE, b INT, c REAL, PRIMARY KEY(a DESC, b, c DESC))"
        " WITHOUT ROWID; INSERT INTO t "
        "VALUES('x',1,0.5),('X',1,2.5),('x',2,1),('y',1,1),('a',9,1)");
    for (int64_t rows = 1; rows < 7; rows++)
        read_all("table: t", rows, "'y',1,1.0\n'X',1,2.5\n'x',1,0.5\n'x',2,1.0\n'a',9,1.0\n");
}
END_TEST

/* ---- Which way, and why -----------------------------------------------------------------------
 */

static const char shop[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, s); CREATE TABLE h(k, s);"
    "CREATE TABLE w(a, b, PRIMARY KEY(a, b)) WITHOUT ROWID; CREATE VIEW v AS SELECT * FROM t;"
    "INSERT INTO t VALUES(1, 'x'), (2, 'y'); INSERT INTO h VALUES(1, 'x'), (2, 'y')";

static const struct {
    const char *options, *why;
} whys[] = {
    {"table: t", "keyset by INTEGER PRIMARY KEY id"},
    {"table: w", "keyset by primary key (a, b)"},
    {"table: h",
     "keyset by rowid, which no column declares: stops where VACUUM may have renumbered "
     "the rows"},
    {"table: v", "cursor: the table has no key; to go on, what was read is read again and must be "
                 "the same"},
    {"table: v, key: id", "keyset by key (id), checked on the way to be unique and not NULL"},
    {"query: SELECT id FROM t",
     "cursor: the query has no key; to go on, what was read is read again "
     "and must be the same"},
    {"query: SELECT id FROM t, key: id",
     "keyset by key (id), checked on the way to be unique and not NULL"},
    {"table: h, key: k",
     "cursor in the order of key (k): keyset would read the whole query anew for each page"},
    {"query: 'SELECT s, max(id) AS m FROM t GROUP BY s', key: s",
     "cursor in the order of key (s): keyset would read the whole query anew for each page"},
    {"table: h, key: k, page: keyset", "keyset by key (k), checked on the way to be unique and not "
                                       "NULL; each page reads the whole query anew"},
    {"table: t, page: cursor", "cursor in the order of INTEGER PRIMARY KEY id"},
    {"query: SELECT id FROM t, snapshot: true",
     "cursor, one snapshot: the query has no key; to go on, what was read is read again and must "
     "be the same"},
    {"table: t, page: offset",
     "offset: quadratic, and fails when the database is written to meanwhile"},
};

START_TEST(says_which_way)
{
    fresh();
    run(shop);
    sl_harness *harness = reader(whys[_i].options, 1, NULL);
    const sl_generator *generator = sl_harness_generator(harness);
    ck_assert_str_eq(sl_harness_error(harness), "");
    ck_assert_str_eq(generator->promise_why, whys[_i].why);
    ck_assert_uint_eq(generator->promise, SL_PROMISE_RESUMES);
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

static const struct {
    const char *options, *error, *hint;
} refused[] = {
    {"table: v, follow: true", "'follow' needs a key behind which new rows come", "`key: id`"},
    {"table: t, follow: true, page: cursor", "'follow' turns its pages by a key", "leave `page`"},
    {"table: t, follow: true, snapshot: true", "'snapshot' sees no new rows", "leave one"},
    {"table: t, overlap: 5, page: offset", "'overlap' turns its pages by a key", "leave `page`"},
    {"table: w, overlap: 5", "'overlap' needs a key of one column", "a number"},
    {"table: u, overlap: 5", "'overlap' needs a key that is a number", "an integer or a real"},
    {"table: d, follow: true", "run up and down", "`key: id`"},
    {"table: o, overlap: 5, key: k", "is no number, which `overlap` needs", "`key`"},
    {"query: SELECT s FROM t, key: id", "no such column 'id'", "add it to the SELECT"},
};

START_TEST(refuses)
{
    int found = 0;
    fresh();
    run(shop);
    run("CREATE TABLE u(k TEXT PRIMARY KEY) WITHOUT ROWID; CREATE TABLE o(k);"
        "INSERT INTO o VALUES(1), ('x');"
        "CREATE TABLE d(a, b, PRIMARY KEY(a, b DESC)) WITHOUT ROWID");
    sl_harness *harness = reader(refused[_i].options, 1, NULL);
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_msg(strstr(sl_harness_error(harness), refused[_i].error), "%s: %s",
                  refused[_i].options, sl_harness_error(harness));
    const sl_errors *errors = sl_harness_errors(harness);
    for (uint32_t i = 0; i < errors->count; i++)
        found += errors->list[i].hint && strstr(errors->list[i].hint, refused[_i].hint);
    ck_assert_int_gt(found, 0);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* ---- A cursor's bounds ------------------------------------------------------------------------
 */

/* With a key: a transaction that is too old ends, and the next one sees what was written. */
START_TEST(a_cursor_with_a_key_is_begun_anew)
{
    fresh();
    run("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY);"
        "INSERT INTO t VALUES(1),(2),(3),(4)");
    for (int bound = 0; bound < 3; bound++) {
        static const char *const options[] = {"table: t, page: cursor, max_age: 1s, max_wal: 0",
                                              "table: t, page: cursor, max_age: 0s, max_wal: 1",
                                              "table: t, page: cursor, snapshot: true"};
        sl_harness *harness = reader(options[bound], 2, NULL);
        ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
        run("DELETE FROM t WHERE id = 3; INSERT INTO t VALUES(5)");
        sl_harness_env(harness)->clock += 1000000;
        ck_assert_int_eq(sl_harness_run(harness), SL_END);
        ck_assert_str_eq(sl_harness_rows(harness), bound < 2 ? "1\n2\n4\n5\n" : "1\n2\n3\n4\n");
        ck_assert_str_eq(sl_harness_log(harness), "");
        ck_assert_int_eq(sl_harness_free(harness), 0);
        run("DELETE FROM t; INSERT INTO t VALUES(1),(2),(3),(4)");
    }
}
END_TEST

/* Without one it is right to go on, and said once what it costs others. */
START_TEST(a_cursor_without_a_key_goes_on_and_warns)
{
    fresh();
    run("PRAGMA journal_mode=WAL; CREATE TABLE t(id); INSERT INTO t VALUES(1),(2),(3),(4)");
    sl_harness *harness = reader("query: SELECT * FROM t, max_age: 1s", 1, NULL);
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    run("DELETE FROM t");
    sl_harness_env(harness)->clock += 1000000;
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), "1\n2\n3\n4\n");
    const char *log = sl_harness_log(harness), *said = strstr(log, "in one transaction that is");
    ck_assert_ptr_nonnull(said);
    ck_assert_ptr_null(strstr(said + 1, "in one transaction that is"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* ---- Going on in another run ------------------------------------------------------------------
 */

static const struct {
    const char *before, *options, *between, *rows, *error; /* two rows are read before `between` */
} resumes[] = {
    /* A key means the same as long as the schema stays. */
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t", "UPDATE t SET s = 'B' WHERE id = 2", "3,'c'\n", ""},
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t", "DELETE FROM t WHERE id < 3", "3,'c'\n", ""},
    /* The schema has changed: the last row, or the first, is there. */
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t", "UPDATE t SET s = 'A' WHERE id = 1; VACUUM; CREATE INDEX i ON t(s)", "3,'c'\n",
     ""},
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t", "DELETE FROM t WHERE id = 2; VACUUM", "3,'c'\n", ""},
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t", "ALTER TABLE t ADD COLUMN more", "3,'c',\n", ""},
    /* Or nothing is there that could be passed over. */
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t", "DELETE FROM t WHERE id < 3; VACUUM", "3,'c'\n", ""},
    /* The table was made anew. */
    {"CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t",
     "DROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, s);"
     "INSERT INTO t VALUES(1,'new'),(2,'new'),(3,'new')",
     "", "is not what was read before"},
    {"CREATE TABLE t(a DESC, b, PRIMARY KEY(a, b)) WITHOUT ROWID;"
     "INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')",
     "table: t",
     "DROP TABLE t; CREATE TABLE t(a, b, PRIMARY KEY(a, b)) WITHOUT ROWID;"
     "INSERT INTO t VALUES(1,'new'),(2,'new'),(3,'new')",
     "", "is not what was read before"},
    /* Rowids that nobody declared. */
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('b'),('c')", "table: t",
     "UPDATE t SET s = 'B' WHERE s = 'b'", "'c'\n", ""},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('b'),('c')", "table: t",
     "DELETE FROM t WHERE s = 'a'", "'c'\n", ""},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('b'),('c')", "table: t", "VACUUM", "'c'\n", ""},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('b'),('c')", "table: t",
     "DELETE FROM t WHERE s = 'a'; VACUUM", "", "may have other rowids now"},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('x'),('x'),('x'),('x')", "table: t",
     "DELETE FROM t WHERE rowid = 1; VACUUM; INSERT INTO t VALUES('x')", "'x'\n'x'\n", ""},
    {"CREATE TABLE t(s); INSERT INTO t(rowid, s) VALUES(1,'x'),(5,'x'),(6,'x'),(7,'x'),(8,'x')",
     "table: t", "VACUUM", "", "may have other rowids now"},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('b'),('c')", "table: t, key: s",
     "DELETE FROM t WHERE s = 'a'; VACUUM", "'c'\n", ""},
    /* Without a key: all that was read, not only the row before. */
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('x'),('x'),('y')", "query: SELECT s FROM t",
     "INSERT INTO t VALUES('z')", "'x'\n'y'\n'z'\n", ""},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('x'),('x'),('y')", "query: SELECT s FROM t",
     "DELETE FROM t WHERE s = 'a'", "", "are not those that were read before"},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('x'),('x'),('y')", "table: t, page: offset",
     "DELETE FROM t WHERE s = 'a'", "", "are not those that were read before"},
    {"CREATE TABLE t(s); INSERT INTO t VALUES('a'),('x'),('x'),('y')", "table: t, page: offset",
     "DELETE FROM t", "", "are not those that were read before"},
};

START_TEST(goes_on_or_says_why_not)
{
    fresh();
    run(resumes[_i].before);
    sl_harness *harness = reader(resumes[_i].options, 2, NULL);
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    char *position = strdup(sl_harness_position(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
    run(resumes[_i].between);
    harness = reader(resumes[_i].options, 2, position);
    sl_status status = sl_harness_run(harness);
    const char *error = sl_harness_error(harness);
    ck_assert_msg(*resumes[_i].error ? strstr(error, resumes[_i].error) != NULL : !*error, "%s: %s",
                  resumes[_i].between, error);
    ck_assert_int_eq(status, *error ? SL_ERROR : SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), resumes[_i].rows);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    free(position);
}
END_TEST

/* By another path to the same file it goes on; another file is refused. */
START_TEST(knows_its_database)
{
    char options[64];
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1),(2)");
    run_in("b.db", "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1),(2)");
    ck_assert_int_eq(symlink("a.db", "link.db"), 0);
    sl_harness *harness = reader("table: t", 1, NULL);
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    char *position = strdup(sl_harness_position(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
    for (int way = 0; way < 2; way++) {
        snprintf(options, sizeof options, "{database: %s, table: t}", way ? "b.db" : "link.db");
        harness = sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, "sqlite"),
                                                      .options = options,
                                                      .position = position,
                                                      .position_rows = 1});
        ck_assert_int_eq(sl_harness_run(harness), way ? SL_ERROR : SL_END);
        ck_assert_str_eq(sl_harness_rows(harness), way ? "" : "2\n");
        if (way) {
            ck_assert_ptr_nonnull(strstr(sl_harness_error(harness),
                                         "'b.db' is another database than the one that was read "
                                         "before, 'a.db'"));
            ck_assert_int_eq(sl_errors_code(sl_harness_errors(harness)), SL_CODE_CONFIG);
        }
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
    free(position);
}
END_TEST

/* Another file at the same path, whose rows are others. */
START_TEST(knows_a_file_that_was_put_in_its_place)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'a'),(2,'b')");
    run_in("b.db",
           "CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1,'c'),(2,'d')");
    sl_harness *harness = reader("table: t", 1, NULL);
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    char *position = strdup(sl_harness_position(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
    ck_assert_int_eq(rename("b.db", "a.db"), 0);
    harness = reader("table: t", 1, position);
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_ptr_nonnull(strstr(sl_harness_error(harness), "is not what was read before"));
    ck_assert_int_eq(sl_errors_code(sl_harness_errors(harness)), SL_CODE_CONFIG);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    free(position);
}
END_TEST

static const struct {
    const char *position;
} spoilt[] = {
    {"{}"},
    {"{\"row\":-1}"},
    {"{\"row\":2}"},
    {"{\"row\":2,\"key\":[]}"},
    {"{\"row\":2,\"key\":[1,2],\"print\":\"00\",\"first\":[1],\"first_print\":\"00\",\"columns\":"
     "1}"},
    {"{\"row\":2,\"key\":[1],\"print\":\"zz\",\"first\":[1],\"first_print\":\"00\",\"columns\":1}"},
    {"{\"row\":2,\"key\":[null],\"print\":\"00\",\"first\":[1],\"first_print\":\"00\",\"columns\":"
     "1}"},
    {"{\"row\":2,\"key\":[{\"blob\":\"0g\"}],\"print\":\"00\",\"first\":[1],\"first_print\":"
     "\"00\"}"},
    {"{\"row\":2,\"key\":[5],\"print\":\"0\",\"first\":[1],\"first_print\":\"0\",\"columns\":1,"
     "\"given\":[1]}"},
    {"no JSON"},
};

START_TEST(refuses_a_spoilt_position)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1),(2)");
    sl_harness *harness = reader("table: t, overlap: 3", 1, spoilt[_i].position);
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_ptr_nonnull(strstr(sl_harness_error(harness), "cannot go to the position"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* ---- Batches
 * -------------------------------------------------------------------------------------- */

/* Rows that no batch holds count too: a batch may end at any row that was given or rejected. */
START_TEST(a_batch_counts_what_it_rejects)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES(1, zeroblob(100000)),"
        "(2, zeroblob(100000)), (3, zeroblob(100000)), (4, 'x'), (5, 'y'), (6, 'z')");
    for (int64_t rows = 1; rows < 5; rows++) {
        sl_harness *harness =
            sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, "sqlite"),
                                                .options = "{database: a.db, table: t}",
                                                .batch_rows = rows,
                                                .batch_bytes = 65536});
        sl_generator *generator = sl_harness_generator(harness);
        int64_t before = 0;
        sl_batch *batch;
        while (sl_generator_next(generator, &batch) == SL_OK) {
            int64_t after = sl_batch_stamp(batch)->parts[0].count;
            ck_assert_int_le(after - before, rows);
            before = after;
            sl_batch_release(batch);
        }
        ck_assert_int_eq(before, 6);
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pages");
    TCase *tests = tcase_create("pages");
    if (!mkdtemp(directory) || chdir(directory) != 0)
        return EXIT_FAILURE;
    tcase_add_loop_test(tests, costs_the_same_at_the_end, 0, (int)COUNT(costs));
    tcase_add_test(tests, a_key_of_text_loses_no_rows);
    tcase_add_test(tests, runs_down_and_up);
    tcase_add_loop_test(tests, says_which_way, 0, (int)COUNT(whys));
    tcase_add_loop_test(tests, refuses, 0, (int)COUNT(refused));
    tcase_add_test(tests, a_cursor_with_a_key_is_begun_anew);
    tcase_add_test(tests, a_cursor_without_a_key_goes_on_and_warns);
    tcase_add_loop_test(tests, goes_on_or_says_why_not, 0, (int)COUNT(resumes));
    tcase_add_test(tests, knows_its_database);
    tcase_add_test(tests, knows_a_file_that_was_put_in_its_place);
    tcase_add_loop_test(tests, refuses_a_spoilt_position, 0, (int)COUNT(spoilt));
    tcase_add_test(tests, a_batch_counts_what_it_rejects);
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

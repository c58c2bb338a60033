/*
 * test_hold.c - the stages that hold rows, against SQLite itself: the same random cells, of
 * every storage class, go through sort, dedupe and aggregate and through a statement of SQLite,
 * and must come out the same to the bit - in memory, and when little memory makes them spill.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/text.h"
#include "tests/harness/feed.h"
#include "tests/harness/harness.h"

#define COLUMNS 3
#define LITTLE "64KiB"
#define PLENTY "8MiB"

/* ---- Random rows, as text for the stage and as rows of a table for SQLite ------------------- */

typedef struct table {
    sqlite3 *db;
    sl_builder text; /* the rows, for a feed */
    uint64_t state;
} table;

static uint32_t roll(table *of, uint32_t sides)
{
    of->state = of->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(of->state >> 33) % sides;
}

static const int64_t integers[] = {0,
                                   1,
                                   -1,
                                   INT64_C(9007199254740992),
                                   INT64_C(9007199254740993),
                                   INT64_C(-9007199254740993),
                                   INT64_MAX,
                                   INT64_MAX - 1,
                                   INT64_MIN,
                                   INT64_MIN + 1};
static const double reals[] = {0.0,
                               -0.0,
                               1.0,
                               -1.5,
                               9007199254740992.0,
                               9007199254740994.0,
                               1e18,
                               1e300,
                               5e-324,
                               9223372036854775808.0,
                               -9223372036854775808.0};
static const char *const texts[] = {
    "",    "a",   "A",     "ab",          "a ", "12", " 7 ",
    "1e2", "3.5", "12abc", "caf\xc3\xa9", "-0", "z9", "\xf0\x9f\x98\x80"};

/* extreme: also integers whose sum overflows. */
static sl_cell random_cell(table *of, int extreme)
{
    const char *text = texts[roll(of, sizeof texts / sizeof *texts)];

    switch (roll(of, 8)) {
    case 0:
        return (sl_cell){.kind = SL_NULL};
    case 1:
    case 2:
        if (extreme && roll(of, 3) == 0)
            return (sl_cell){.kind = SL_INTEGER,
                             .as.integer = integers[roll(of, sizeof integers / sizeof *integers)]};
        return (sl_cell){.kind = SL_INTEGER, .as.integer = (int64_t)roll(of, 50) - 25};
    case 3:
        return (sl_cell){.kind = SL_REAL, .as.real = reals[roll(of, sizeof reals / sizeof *reals)]};
    case 4:
        return (sl_cell){.kind = SL_REAL, .as.real = (double)roll(of, 1000000) / 997.0};
    case 5:
        return (sl_cell){.kind = SL_BLOB, .size = (uint32_t)strlen(text), .as.blob = text};
    default:
        return (sl_cell){.kind = SL_TEXT, .size = (uint32_t)strlen(text), .as.text = text};
    }
}

static void bind(sqlite3_stmt *to, int at, const sl_cell *cell)
{
    if (cell->kind == SL_INTEGER)
        sqlite3_bind_int64(to, at, cell->as.integer);
    else if (cell->kind == SL_REAL)
        sqlite3_bind_double(to, at, cell->as.real);
    else if (cell->kind == SL_TEXT)
        sqlite3_bind_text(to, at, cell->as.text, (int)cell->size, SQLITE_STATIC);
    else if (cell->kind == SL_BLOB)
        sqlite3_bind_blob(to, at, cell->as.blob, (int)cell->size, SQLITE_STATIC);
    else
        sqlite3_bind_null(to, at);
}

/* Adds one row of cells as text. */
static void write_row(sl_builder *text, sl_cell *cells, uint32_t count)
{
    sl_cell *columns[16];

    for (uint32_t i = 0; i < count; i++)
        columns[i] = &cells[i];
    sl_feed_row(text, &(sl_batch){.columns_count = count, .rows = 1, .columns = columns}, 0);
}

/* Columns k, x, id: two random cells and the number of the row. groups: the number of keys. */
static void fill(table *of, uint32_t rows, uint32_t groups, int extreme)
{
    sqlite3_stmt *insert = NULL;

    *of = (table){.text = {.env = &sl_env_real}, .state = rows + groups};
    ck_assert_int_eq(sqlite3_open(":memory:", &of->db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(of->db, "CREATE TABLE t(k, x, id)", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(of->db, "INSERT INTO t VALUES(?, ?, ?)", -1, &insert, NULL),
                     SQLITE_OK);
    for (uint32_t row = 0; row < rows; row++) {
        sl_cell cells[COLUMNS] = {random_cell(of, extreme),
                                  random_cell(of, extreme),
                                  {.kind = SL_INTEGER, .as.integer = row}};

        if (groups && roll(of, 4))
            cells[0] = (sl_cell){.kind = SL_INTEGER, .as.integer = roll(of, groups)};
        for (int i = 0; i < COLUMNS; i++)
            bind(insert, i + 1, &cells[i]);
        ck_assert_int_eq(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
        write_row(&of->text, cells, COLUMNS);
    }
    sqlite3_finalize(insert);
    ck_assert_int_eq(of->text.failed, 0);
}

static void done(table *of)
{
    sl_builder_done(&of->text);
    sqlite3_close(of->db);
}

/* What SQLite answers, as a harness writes rows. */
static sl_builder ask(table *of, const char *sql)
{
    sl_builder text = {.env = &sl_env_real};
    sqlite3_stmt *statement = NULL;

    ck_assert_msg(sqlite3_prepare_v2(of->db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(of->db));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        sl_cell cells[16];
        int count = sqlite3_column_count(statement);

        for (int i = 0; i < count; i++) {
            static const sl_kind kinds[] = {[SQLITE_INTEGER] = SL_INTEGER,
                                            [SQLITE_FLOAT] = SL_REAL,
                                            [SQLITE_TEXT] = SL_TEXT,
                                            [SQLITE_BLOB] = SL_BLOB,
                                            [SQLITE_NULL] = SL_NULL};
            cells[i] = (sl_cell){.kind = kinds[sqlite3_column_type(statement, i)]};
            if (cells[i].kind == SL_INTEGER)
                cells[i].as.integer = sqlite3_column_int64(statement, i);
            else if (cells[i].kind == SL_REAL)
                cells[i].as.real = sqlite3_column_double(statement, i);
            else if (cells[i].kind != SL_NULL) {
                cells[i].as.blob = sqlite3_column_blob(statement, i);
                cells[i].size = (uint32_t)sqlite3_column_bytes(statement, i);
            }
        }
        write_row(&text, cells, (uint32_t)count);
    }
    ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
    return text;
}

static void first_difference(const char *name, const char *got, const char *want)
{
    int line = 1;

    for (; *got && *got == *want; got++, want++)
        line += *got == '\n';
    if (*got != *want)
        ck_abort_msg("%s: line %d is '%.60s', and SQLite says '%.60s'", name, line, got, want);
}

/* The stage's rows must be what the SQL answers, with plenty of memory and with little. */
static void same(table *of, sl_role role, const char *name, const char *columns,
                 const char *options, const char *sql)
{
    static const char *const memories[] = {PLENTY, LITTLE};
    sl_builder want = ask(of, sql);

    ck_assert_uint_gt(want.size, 0);
    for (int i = 0; i < 2; i++) {
        sl_builder map = {.env = &sl_env_real};
        sl_harness *harness;

        sl_builder_format(&map, "{memory: %s, %s}", memories[i], options);
        harness = sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(role, name),
                                                      .options = map.data,
                                                      .columns = columns,
                                                      .rows = of->text.data,
                                                      .feed_rows = 100});
        ck_assert_msg(sl_harness_run(harness) == SL_END, "%s", sl_harness_error(harness));
        first_difference(map.data, sl_harness_rows(harness), want.data);
        ck_assert_int_eq(sl_harness_free(harness), 0);
        sl_builder_done(&map);
    }
    sl_builder_done(&want);
}

/* ---- Against SQLite
 * ------------------------------------------------------------------------------ */

START_TEST(sort_orders_as_sqlite)
{
    table of;

    fill(&of, 6000, 0, 1);
    same(&of, SL_TRANSFORMER, "sort", "k,x,id", "by: [k, x desc]",
         "SELECT * FROM t ORDER BY k, x DESC, rowid");
    same(&of, SL_TRANSFORMER, "sort", "k,x,id", "by: [k desc nulls first, x nulls last]",
         "SELECT * FROM t ORDER BY k DESC NULLS FIRST, x NULLS LAST, rowid");
    same(&of, SL_TRANSFORMER, "sort", "k,x,id",
         "by: [k collate nocase desc, {sql: x, collate: rtrim, nulls: last}]",
         "SELECT * FROM t ORDER BY k COLLATE NOCASE DESC, x COLLATE RTRIM NULLS LAST, rowid");
    same(&of, SL_TRANSFORMER, "sort", "k,x,id", "by: ['typeof(x) desc', length(k)]",
         "SELECT * FROM t ORDER BY typeof(x) DESC, length(k), rowid");
    done(&of);
}
END_TEST

START_TEST(dedupe_finds_equal_what_sqlite_does)
{
    table of;

    fill(&of, 8000, 3000, 1);
    same(&of, SL_FILTER, "dedupe", "k,x,id", "by: [k, x]",
         "SELECT k, x, id FROM (SELECT k, x, id, row_number() OVER (PARTITION BY k, x ORDER BY id)"
         " AS n FROM t) WHERE n = 1 ORDER BY id");
    same(&of, SL_FILTER, "dedupe", "k,x,id", "by: k",
         "SELECT k, x, id FROM (SELECT k, x, id, row_number() OVER (PARTITION BY k ORDER BY id)"
         " AS n FROM t) WHERE n = 1 ORDER BY id");
    same(&of, SL_FILTER, "dedupe", "k,x,id", "by: [id, k, x]",
         "SELECT k, x, id FROM t ORDER BY id");
    done(&of);
}
END_TEST

#define CALLS "count(*), count(x), sum(x), total(x), avg(x), min(x), max(x)"
#define CALLS_YAML                                                                                 \
    "columns: {a: count(*), b: count(x), c: sum(x), d: total(x), e: avg(x), f: min(x), g: max(x)}"

START_TEST(aggregate_computes_as_sqlite)
{
    table of;

    fill(&of, 8000, 2000, 0);
    /* numeric: groups as they go by; without a type: SQLite's own GROUP BY over kept rows */
    same(&of, SL_TRANSFORMER, "aggregate", "k,x:numeric,id", "group_by: [k], " CALLS_YAML,
         "SELECT k, " CALLS " FROM t GROUP BY k ORDER BY k");
    same(&of, SL_TRANSFORMER, "aggregate", "k,x,id", "group_by: [k], " CALLS_YAML,
         "SELECT k, " CALLS " FROM t GROUP BY k ORDER BY k");
    same(&of, SL_TRANSFORMER, "aggregate", "k,x:numeric,id", CALLS_YAML, "SELECT " CALLS " FROM t");
    same(&of, SL_TRANSFORMER, "aggregate", "k,x,id", CALLS_YAML, "SELECT " CALLS " FROM t");
    done(&of);
}
END_TEST

START_TEST(aggregate_takes_any_aggregate)
{
    table of;

    fill(&of, 5000, 300, 0);
    same(&of, SL_TRANSFORMER, "aggregate", "k,x,id",
         "group_by: [{sql: typeof(x), as: t}, {sql: id % 7, as: d}], columns: {a: count(DISTINCT "
         "k), b: 'round(sum(id) / count(*), 2)', c: count(*) FILTER (WHERE id > 9), d2: d || t, "
         "e: 'group_concat(id, 7)'}",
         "SELECT typeof(x), id % 7, count(DISTINCT k), round(sum(id) / count(*), 2), count(*) "
         "FILTER (WHERE id > 9), (id % 7) || typeof(x), group_concat(id, 7) FROM t GROUP BY 1, 2 "
         "ORDER BY 1, 2");
    done(&of);
}
END_TEST

/* ---- Edges
 * ---------------------------------------------------------------------------------------- */

typedef struct edge {
    const char *columns, *rows, *options;
    sl_status status;
    const char *want; /* the rows, or a part of the error */
} edge;

static const edge edges[] = {
    {"a:integer,b", "", "{columns: {n: count(*), s: sum(a)}}", SL_END, "0,\n"},
    {"a:integer,b", "", "{columns: {n: count(*), s: 'sum(a) + 0'}}", SL_END, "0,\n"},
    {"a:integer,b", "", "{group_by: b, columns: {n: count(*)}}", SL_END, ""},
    {"a:integer", "9223372036854775807\n1\n", "{columns: {s: sum(a)}}", SL_ERROR,
     "integer overflow"},
    {"a:integer", "9223372036854775807\n1\n", "{columns: {s: 'sum(a) || 1'}}", SL_ERROR,
     "integer overflow"},
    {"a:integer", "9223372036854775807\n1\n", "{columns: {s: total(a)}}", SL_END,
     "9.223372036854776e+18\n"},
    {"a:real:faces,b", "12.50,x\n12.5,y\n", "{group_by: a, columns: {n: count(b)}}", SL_END,
     "12.5,2\n"},
    {"a:integer,b", "1,2\n", "{columns: {n: count(*), m: b}}", SL_ERROR,
     "neither in group_by nor in an aggregate"},
    {"a:integer,b", "1,2\n", "{group_by: b, columns: {m: 'b + max(1, b) + a'}}", SL_ERROR,
     "column a is neither"},
    {"a:integer,b", "1,2\n", "{group_by: c, columns: {n: count(*)}}", SL_ERROR, "'c'"},
    {"a:integer,b", "1,2\n", "{group_by: b, columns: {b: count(*)}}", SL_ERROR,
     "two columns would be called 'b'"},
    {"a:integer,b", "1,2\n", "{columns: {n: sum(sum(a))}}", SL_ERROR, "misuse of aggregate"},
    {"a:integer,b", "1,2\n", "{columns: {n: sum(a) OVER ()}}", SL_ERROR, "window"},
    {"a:integer,b", "1,2\n", "{columns: {n: '(SELECT 1)'}}", SL_ERROR, "query"},
    {"a:integer,b", "1,2\n", "{group_by: a + 1, columns: {n: count(*)}}", SL_ERROR, "needs a name"},
};

START_TEST(aggregate_edges)
{
    const edge *of = &edges[_i];
    sl_harness *harness =
        sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_TRANSFORMER, "aggregate"),
                                            .options = of->options,
                                            .columns = of->columns,
                                            .rows = of->rows});

    ck_assert_msg(sl_harness_run(harness) == of->status, "%s: %s", of->options,
                  sl_harness_error(harness));
    if (of->status == SL_END)
        ck_assert_str_eq(sl_harness_rows(harness), of->want);
    else
        ck_assert_msg(strstr(sl_harness_error(harness), of->want) != NULL, "%s: %s", of->options,
                      sl_harness_error(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

START_TEST(aggregate_rejects_only_misfits_that_it_reads)
{
    sl_harness *harness =
        sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_TRANSFORMER, "aggregate"),
                                            .options = "{columns: {n: count(*), s: sum(a)}}",
                                            .columns = "a:integer:faces,b:integer:faces",
                                            .rows = "1,2\nn/a,3\n4,n/a\n"});

    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), "2,5\n");
    ck_assert_ptr_nonnull(strstr(sl_harness_rejects(harness), "'n/a' does not fit"));
    ck_assert_ptr_null(strstr(sl_harness_rejects(harness), "row 3"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* ---- A world that fails while they spill
 * ------------------------------------------------------------ */

/* SQLite's own files, of which write number `fail_at` and all later find the disk full. */
static struct {
    sqlite3_vfs vfs, *behind;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *real;
    int64_t writes, fail_at; /* 0: none */
} disk;

static int write_or_fail(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    if (disk.fail_at && ++disk.writes >= disk.fail_at)
        return SQLITE_FULL;
    return disk.real->xWrite(file, bytes, size, at);
}

static int open_on_disk(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int code = disk.behind->xOpen(disk.behind, name, file, flags, out);

    (void)vfs;
    if (!file->pMethods)
        return code;
    ck_assert(!disk.real || disk.real == file->pMethods);
    disk.real = file->pMethods;
    disk.methods = *disk.real;
    disk.methods.xWrite = write_or_fail;
    file->pMethods = &disk.methods;
    return code;
}

static int register_disk(void)
{
    disk.behind = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.behind;
    disk.vfs.zName = "full-disk";
    disk.vfs.xOpen = open_on_disk;
    return sqlite3_vfs_register(&disk.vfs, 0);
}

static const struct {
    sl_role role;
    const char *name, *options;
} spilling[] = {
    {SL_TRANSFORMER, "sort", "{by: [\"note desc\", \"length(name)\"], memory: 64KiB}"},
    {SL_FILTER, "dedupe", "{by: [note, id], memory: 64KiB}"},
    {SL_TRANSFORMER, "aggregate",
     "{group_by: [note], columns: {n: count(*), s: sum(id)}, memory: 64KiB}"},
    {SL_TRANSFORMER, "aggregate",
     "{group_by: [name], columns: {n: max(note), s: sum(id) + 1}, memory: 64KiB}"},
};

/* One run over more rows than memory holds; answers how it ended. What was not given back
 * fails the test, whatever happened. */
static sl_status spill(int which, sl_fake_env *fake, const char *rows, sl_builder *out, int stop_at)
{
    sl_harness *harness = sl_harness_open(
        &(sl_harness_setup){.type = sl_harness_type(spilling[which].role, spilling[which].name),
                            .options = spilling[which].options,
                            .columns = "id:integer,name,note",
                            .rows = rows,
                            .feed_rows = 40,
                            .batch_rows = 50,
                            .fake = fake});
    sl_status status = SL_OK;

    for (int i = 0; status == SL_OK && i != stop_at; i++)
        status = sl_harness_pull(harness);
    fake->refuse_at = 0;
    sl_sqlite_memory_refuse(0, 0);
    if (status == SL_ERROR)
        ck_assert_str_ne(sl_harness_error(harness), "");
    sl_builder_clear(out);
    sl_builder_word(out, status == SL_ERROR ? sl_harness_error(harness) : sl_harness_rows(harness));
    ck_assert_msg(sl_harness_free(harness) == 0, "%s", spilling[which].options);
    return status;
}

static sl_builder spilling_rows(void)
{
    sl_builder rows = {.env = &sl_env_real};

    for (int i = 0; i < 200; i++)
        sl_builder_format(&rows, "%d,n%d,'%04d%0999d'\n", i % 150, i % 7, i * 37 % 150, i % 150);
    return rows;
}

START_TEST(spilling_without_memory)
{
    sl_builder rows = spilling_rows();
    sl_builder want = {.env = &sl_env_real}, got = {.env = &sl_env_real};
    int failures = 0;

    for (int sqlite = 0; sqlite < 2; sqlite++)
        for (int64_t at = 0, again = 1; again; at += at < 60 ? 1 : 1 + at / 30) {
            sl_fake_env fake;
            sl_status status;

            sl_fake_env_init(&fake);
            fake.refuse_at = sqlite ? 0 : at;
            sl_sqlite_memory_refuse(sqlite ? at : 0, 0);
            status = spill(_i, &fake, rows.data, at ? &got : &want, -1);
            if (status == SL_END && at) {
                ck_assert_str_eq(got.data, want.data);
                again = at < 60 || (sqlite ? at < 3000 : fake.refused > 0);
            }
            failures += status == SL_ERROR;
            sl_fake_env_done(&fake);
        }
    ck_assert_int_gt(failures, 20);
    sl_builder_done(&rows);
    sl_builder_done(&want);
    sl_builder_done(&got);
}
END_TEST

START_TEST(spilling_to_a_full_disk)
{
    sl_builder rows = spilling_rows(), got = {.env = &sl_env_real};
    int failures = 0;

    for (disk.fail_at = 1; disk.fail_at < 40; disk.fail_at++) {
        sl_fake_env fake;

        sl_fake_env_init(&fake);
        fake.env.sqlite_vfs = "full-disk";
        disk.writes = 0;
        if (spill(_i, &fake, rows.data, &got, -1) == SL_ERROR) {
            ck_assert_msg(strstr(got.data, "temporary file") && strstr(got.data, "is full"), "%s",
                          got.data);
            failures++;
        }
        sl_fake_env_done(&fake);
    }
    disk.fail_at = 0;
    ck_assert_int_gt(failures, 0);
    sl_builder_done(&rows);
    sl_builder_done(&got);
}
END_TEST

START_TEST(spilling_closed_early)
{
    sl_builder rows = spilling_rows(), got = {.env = &sl_env_real};

    for (int stop = 0; stop < 5; stop++) {
        sl_fake_env fake;

        sl_fake_env_init(&fake);
        spill(_i, &fake, rows.data, &got, stop);
        sl_fake_env_done(&fake);
    }
    sl_builder_done(&rows);
    sl_builder_done(&got);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hold");
    TCase *tests = tcase_create("hold");
    SRunner *runner;
    int spills = (int)(sizeof spilling / sizeof *spilling), failed;

    sl_sqlite_memory_install();
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, sort_orders_as_sqlite);
    tcase_add_test(tests, dedupe_finds_equal_what_sqlite_does);
    tcase_add_test(tests, aggregate_computes_as_sqlite);
    tcase_add_test(tests, aggregate_takes_any_aggregate);
    tcase_add_loop_test(tests, aggregate_edges, 0, (int)(sizeof edges / sizeof *edges));
    tcase_add_test(tests, aggregate_rejects_only_misfits_that_it_reads);
    if (register_disk() != SQLITE_OK)
        return 1;
    tcase_add_loop_test(tests, spilling_without_memory, 0, spills);
    tcase_add_loop_test(tests, spilling_to_a_full_disk, 0, spills);
    tcase_add_loop_test(tests, spilling_closed_early, 0, spills);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

/*
 * test_sqlite.c - the sqlite reader and exporter: every way to turn a page gives the same rows,
 * also while others write; nothing that is stored changes silently; a hostile database or query
 * gets no further than a clear error.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stages/sqlite_into.h"
#include "tests/harness/harness.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char directory[] = "/tmp/sluice-sqlite-XXXXXX";

/* ---- A database of the test's own ------------------------------------------------------- */

static void fresh(void)
{
    unlink("a.db");
    unlink("a.db-wal");
    unlink("a.db-shm");
    unlink("a.db-journal");
}

static sqlite3 *connection(void)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open("a.db", &db), SQLITE_OK);
    return db;
}

static void run(const char *sql)
{
    sqlite3 *db = connection();
    char *error = NULL;
    int rc = sqlite3_exec(db, sql, NULL, NULL, &error);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, error);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static int add(void *to, int count, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < count; i++) {
        strcat(to, i ? "|" : "");
        strcat(to, values[i] ? values[i] : "-");
    }
    strcat(to, "\n");
    return 0;
}

/* The rows of a query; good until the next call. */
static const char *ask(const char *sql)
{
    static char text[65536];
    sqlite3 *db = connection();
    *text = '\0';
    ck_assert_int_eq(sqlite3_exec(db, sql, add, text, NULL), SQLITE_OK);
    sqlite3_close(db);
    return text;
}

static const sl_stage_type *reader(void)
{
    return sl_harness_type(SL_READER, "sqlite");
}

/* Runs a reader to its end and compares; error NULL: there must be none. */
static void read_all(const char *options, int64_t batch_rows, const char *rows, const char *error)
{
    sl_harness *harness = sl_harness_open(
        &(sl_harness_setup){.type = reader(), .options = options, .batch_rows = batch_rows});
    sl_status status = sl_harness_run(harness);
    if (error) {
        ck_assert_msg(strstr(sl_harness_error(harness), error), "%s: %s", options,
                      sl_harness_error(harness));
        ck_assert_int_eq(status, SL_ERROR);
    } else {
        ck_assert_str_eq(sl_harness_error(harness), "");
        ck_assert_int_eq(status, SL_END);
    }
    if (rows)
        ck_assert_str_eq(sl_harness_rows(harness), rows);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}

/* ---- Reading ------------------------------------------------------------------------------ */

START_TEST(reads_each_storage_class)
{
    fresh();
    run("CREATE TABLE t(i INT, \"a \"\"b\" REAL, c TEXT, x BLOB, n NUMERIC, z, "
        "g TEXT AS (c || '!'), s INT AS (i) STORED);"
        "INSERT INTO t VALUES(-9223372036854775808, 1, 'caf\xc3\xa9', x'00ff', 5.5, NULL),"
        "('text', 'r', 7, 'plain', 12.0, 't'),"
        "(9223372036854775807, 9e999, '', x'', 'n', -9e999)");
    sl_harness *harness = sl_harness_open(
        &(sl_harness_setup){.type = reader(), .options = "{database: a.db, table: T}"});
    ck_assert_str_eq(sl_harness_columns(harness), "i:integer a \"b:real c:text x:blob n:numeric "
                                                  "z:any g:text s:integer");
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    const char *rows = sl_harness_rows(harness);
    ck_assert_ptr_nonnull(strstr(rows, "-9223372036854775808,1.0,'caf\xc3\xa9',x'00ff',5.5,,"));
    ck_assert_ptr_nonnull(strstr(rows, "'text','r','7','plain',12,"));
    ck_assert_ptr_nonnull(strstr(rows, "9223372036854775807,"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

START_TEST(keeps_nul_in_text)
{
    fresh();
    run("CREATE TABLE t(a); INSERT INTO t VALUES('x' || char(0) || 'y')");
    sl_harness *harness = sl_harness_open(
        &(sl_harness_setup){.type = reader(), .options = "{database: a.db, table: t}"});
    sl_batch *batch = NULL;
    ck_assert_int_eq(sl_generator_next(sl_harness_generator(harness), &batch), SL_OK);
    ck_assert_int_eq(batch->columns[0][0].kind, SL_TEXT);
    ck_assert_int_eq(batch->columns[0][0].size, 3);
    ck_assert_mem_eq(batch->columns[0][0].as.text, "x\0y", 3);
    sl_batch_release(batch);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

#define SEVEN "VALUES(1,'a'),(2,'B'),(3,'b'),(4,'C'),(5,''),(6,'z '),(7,'z')"
static const struct {
    const char *schema, *options;
} tables[] = {
    {"CREATE TABLE t(n INTEGER PRIMARY KEY, s)", "table: t"},
    {"CREATE TABLE t(n, s)", "table: t"},
    {"CREATE TABLE t(n, s)", "table: t, page: offset"},
    {"CREATE TABLE t(n, s)", "table: t, page: cursor"},
    {"CREATE TABLE t(n, s)", "table: t, key: n"},
    {"CREATE TABLE t(n, s)", "table: t, key: [s, n], page: keyset"},
    {"CREATE TABLE t(n, s, PRIMARY KEY(n)) WITHOUT ROWID", "table: t"},
    {"CREATE TABLE t(n, s, PRIMARY KEY(s, n)) WITHOUT ROWID", "table: t"},
    {"CREATE TABLE t(n, s COLLATE NOCASE, PRIMARY KEY(s COLLATE BINARY DESC)) WITHOUT ROWID",
     "table: t"},
    {"CREATE TABLE t(n, s COLLATE NOCASE)", "table: t, key: s"},
    {"CREATE TABLE t(n, s COLLATE RTRIM UNIQUE, UNIQUE(s COLLATE BINARY)); DROP TABLE t;"
     "CREATE TABLE t(n, s COLLATE RTRIM)",
     "table: t, key: s"},
    {"CREATE TABLE t(n, s); CREATE VIEW v AS SELECT * FROM t", "table: v"},
    {"CREATE TABLE t(n, s); CREATE VIEW v AS SELECT * FROM t", "table: v, key: s"},
    {"CREATE TABLE t(n, s COLLATE NOCASE)", "query: SELECT n\\, s AS k FROM t; , key: [k]"},
    {"CREATE TABLE t(n, s)", "query: SELECT s\\, n FROM t -- a note, page: offset"},
};

/* Whatever the key and the size of a page, each row comes exactly once. */
START_TEST(turns_pages)
{
    char options[256];
    fresh();
    run(tables[_i].schema);
    run("INSERT INTO t " SEVEN);
    size_t to = (size_t)snprintf(options, sizeof options, "{database: a.db, ");
    const char *query =
        strncmp(tables[_i].options, "query: ", 7) == 0 ? tables[_i].options + 7 : NULL;
    if (query) {
        to += (size_t)snprintf(options + to, sizeof options - to, "query: \"");
        for (; *query && *query != ','; query++)
            if (*query == '\\')
                options[to++] = *++query;
            else
                options[to++] = *query;
        to += (size_t)snprintf(options + to, sizeof options - to, "\"%s}", query);
    } else {
        snprintf(options + to, sizeof options - to, "%s}", tables[_i].options);
    }
    for (int64_t size = 1; size <= 8; size++) {
        sl_harness *harness = sl_harness_open(
            &(sl_harness_setup){.type = reader(), .options = options, .batch_rows = size});
        ck_assert_msg(sl_harness_run(harness) == SL_END, "%s: %s", options,
                      sl_harness_error(harness));
        int sum = 0, rows = 0, last = 0;
        for (const char *at = sl_harness_rows(harness); *at; at = strchr(at, '\n') + 1, rows++) {
            const char *digit = strpbrk(at, "1234567");
            ck_assert_int_ne(*digit - '0', last);
            last = *digit - '0';
            sum += 1 << last;
        }
        ck_assert_msg(rows == 7 && sum == 254, "%s: pages of %d: %s", options, (int)size,
                      sl_harness_rows(harness));
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
}
END_TEST

/* The rowid's three names are columns, so that the unique index must be found. */
START_TEST(finds_a_key_behind_hidden_rowids)
{
    fresh();
    run("CREATE TABLE t(rowid, _rowid_, oid NOT NULL UNIQUE);"
        "INSERT INTO t VALUES(1,1,'b'),(1,1,'a'),(1,1,'c')");
    read_all("{database: a.db, table: t, page: keyset}", 1, "1,1,'a'\n1,1,'b'\n1,1,'c'\n", NULL);
}
END_TEST

/* Rows deleted and inserted before the page hide and repeat nothing. */
START_TEST(reads_on_while_others_write)
{
    fresh();
    run("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY, s);"
        "INSERT INTO t(id) VALUES(10),(20),(30),(40),(50)");
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = reader(), .options = "{database: a.db, table: t}", .batch_rows = 2});
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    run("DELETE FROM t WHERE id < 20; INSERT INTO t(id) VALUES(5), (7), (35);"
        "ALTER TABLE t ADD COLUMN more");
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), "10,\n20,\n30,\n35,\n40,\n50,\n");
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

START_TEST(offset_fails_when_others_write)
{
    fresh();
    run("CREATE TABLE t(a); INSERT INTO t VALUES(1),(2),(3),(4),(5)");
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = reader(), .options = "{database: a.db, table: t, page: offset}", .batch_rows = 2});
    ck_assert_ptr_nonnull(strstr(sl_harness_log(harness), "slower with every page"));
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    run("DELETE FROM t WHERE a = 1");
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_ptr_nonnull(strstr(sl_harness_error(harness), "was changed while"));
    ck_assert_int_eq(sl_errors_code(sl_harness_errors(harness)), SL_CODE_DATA);
    ck_assert_str_eq(sl_harness_rows(harness), "1\n2\n");
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* A cursor's picture is frozen. */
START_TEST(cursor_sees_one_picture)
{
    fresh();
    run("PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1),(2),(3)");
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = reader(), .options = "{database: a.db, table: t, page: cursor}", .batch_rows = 1});
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    run("DELETE FROM t");
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), "1\n2\n3\n");
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* A reader without a key looks whether the rows before are still those that it gave. */
START_TEST(resume_checks_the_rows_before)
{
    static const char *const ways[] = {"table: t, page: offset", "query: SELECT * FROM t"};
    char options[80], position[512];
    fresh();
    run("CREATE TABLE t(a, b); INSERT INTO t VALUES(1,'x'),(2,'y'),(3,'z')");
    snprintf(options, sizeof options, "{database: a.db, %s}", ways[_i]);
    sl_harness_setup setup = {.type = reader(), .options = options, .batch_rows = 2};
    sl_harness *harness = sl_harness_open(&setup);
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    snprintf(position, sizeof position, "%s", sl_harness_position(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
    setup.position = position;
    setup.position_rows = 2;
    harness = sl_harness_open(&setup);
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), "3,'z'\n");
    ck_assert_int_eq(sl_harness_free(harness), 0);
    run("DELETE FROM t WHERE a = 1");
    harness = sl_harness_open(&setup);
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_ptr_nonnull(strstr(sl_harness_error(harness), "are not those that were read before"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* Keys of every kind survive the way through a position. */
START_TEST(resumes_behind_any_key)
{
    char position[512];
    fresh();
    run("CREATE TABLE t(k PRIMARY KEY NOT NULL) WITHOUT ROWID;"
        "INSERT INTO t VALUES(-9e999),(-1),(0.1),(9223372036854775807),(9e999),(''),"
        "('a' || char(0) || '\"'),(CAST(x'ff' AS TEXT)),(x''),(x'00ff')");
    int64_t rows = 0;
    int given = 0;
    *position = '\0';
    for (;; given++) {
        sl_harness *harness =
            sl_harness_open(&(sl_harness_setup){.type = reader(),
                                                .options = "{database: a.db, table: t}",
                                                .batch_rows = 1,
                                                .position = *position ? position : NULL,
                                                .position_rows = rows});
        sl_status status = sl_harness_pull(harness);
        ck_assert_str_eq(sl_harness_error(harness), "");
        if (status == SL_OK) {
            snprintf(position, sizeof position, "%s", sl_harness_position(harness));
            rows = sl_harness_position_rows(harness);
        }
        ck_assert_int_eq(sl_harness_free(harness), 0);
        if (status == SL_END)
            break;
        ck_assert_int_lt(given, 10);
    }
    ck_assert_int_eq(given, 10);
    ck_assert_ptr_nonnull(strstr(position, "{\"row\":10,"));
    ck_assert_ptr_nonnull(strstr(position, "\"key\":[{\"blob\":\"00ff\"}]"));
}
END_TEST

static const struct {
    const char *sql, *options, *error;
    int32_t code;
} refused[] = {
    {"CREATE TABLE t(a)", "table: nope", "no such table 'nope'", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "table: 't\" UNION SELECT 1 --'", "no such table", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "table: t, query: SELECT 1", "exclude each other", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "busy: 1s", "either 'table' or 'query'", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "table: t, key: b", "no such column 'b'", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "table: t, columns: {b: text}", "no such column 'b'", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "table: t, columns: {a: word}", "no such type 'word'", SL_CODE_CONFIG},
    {"CREATE VIEW v AS SELECT 1 AS a", "table: v, page: keyset", "no key", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: SELECT b FROM t", "no such column: b", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: 'SELECT \"b\" FROM t'", "no such column: b", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: SELECT 1; SELECT 2", "one statement", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: SELECT 1) UNION SELECT (2", "syntax error", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: ' '", "a query is a SELECT", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: EXPLAIN SELECT 1", "", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: DELETE FROM t RETURNING a", "not authorized", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: ATTACH 'b.db' AS b", "not authorized", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: PRAGMA table_list", "not authorized", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: VACUUM INTO 'b.db'", "a query is a SELECT", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: SELECT * FROM pragma_table_list", "not authorized",
     SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: SELECT load_extension('x')", "not authorized", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: 'SELECT :who'", "no such param ':who'", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: SELECT ?", "a parameter needs a name", SL_CODE_CONFIG},
    {"CREATE TABLE t(a)", "query: 'SELECT @key0'", "no such param '@key0'", SL_CODE_CONFIG},
    {"CREATE TABLE t(a); INSERT INTO t VALUES(1),(1)", "table: t, key: a", "the same value in two",
     SL_CODE_DATA},
    {"CREATE TABLE t(a); INSERT INTO t VALUES(1),(1.0)", "table: t, key: a",
     "the same value in two", SL_CODE_DATA},
    {"CREATE TABLE t(a); INSERT INTO t VALUES(1),(NULL)", "table: t, key: a", "is NULL",
     SL_CODE_DATA},
};

/* Mistakes and attacks: a clear error, for pages of one row too; no other file is made. */
START_TEST(refuses)
{
    char options[256];
    fresh();
    run(refused[_i].sql);
    snprintf(options, sizeof options, "{database: a.db, %s}", refused[_i].options);
    for (int64_t rows = 1; rows <= 2; rows++) {
        sl_harness *harness = sl_harness_open(
            &(sl_harness_setup){.type = reader(), .options = options, .batch_rows = rows});
        ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
        const char *error = sl_harness_error(harness);
        ck_assert_msg(*error && strstr(error, refused[_i].error), "%s: %s", options, error);
        ck_assert_int_eq(sl_errors_code(sl_harness_errors(harness)), refused[_i].code);
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
    ck_assert_int_ne(access("b.db", F_OK), 0);
}
END_TEST

START_TEST(names_result_columns)
{
    fresh();
    run("CREATE TABLE t(a INT, b TEXT)");
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = reader(),
        .options = "{database: a.db, query: 'SELECT a, A, b AS a_2, a+1 AS \"\", \"a\" FROM t'}"});
    ck_assert_str_eq(sl_harness_columns(harness),
                     "a:integer a_2:integer a_2_2:text column_4:any a_3:integer");
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* Text that is no UTF-8, and a row that no batch holds, are rejected; the others come. */
START_TEST(rejects_rows)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t VALUES"
        "(1,'a'),(2,CAST(x'41ff' AS TEXT)),(3,'c'),(4,zeroblob(100000)),(5,'e')");
    for (int way = 0; way < 2; way++) {
        sl_harness *harness = sl_harness_open(
            &(sl_harness_setup){.type = reader(),
                                .options = way ? "{database: a.db, table: t, page: cursor}"
                                               : "{database: a.db, table: t}",
                                .batch_bytes = 65536});
        ck_assert_int_eq(sl_harness_run(harness), SL_END);
        ck_assert_str_eq(sl_harness_rows(harness), "1,'a'\n3,'c'\n5,'e'\n");
        const char *rejects = sl_harness_rejects(harness);
        ck_assert_ptr_nonnull(strstr(rejects, "row 2, column 's': text is not valid UTF-8"));
        ck_assert_ptr_nonnull(strstr(rejects, "row 4"));
        ck_assert_ptr_nonnull(strstr(rejects, "larger than a batch"));
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
}
END_TEST

/* Rows go from page to page when the bytes of a batch are used up. */
START_TEST(keeps_rows_that_do_not_fit)
{
    fresh();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY, s); INSERT INTO t"
        " WITH n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
        " SELECT i, hex(zeroblob(1500)) FROM n");
    for (int way = 0; way < 3; way++) {
        static const char *const options[] = {"{database: a.db, table: t}",
                                              "{database: a.db, table: t, page: cursor}",
                                              "{database: a.db, table: t, page: offset}"};
        sl_harness *harness = sl_harness_open(
            &(sl_harness_setup){.type = reader(), .options = options[way], .batch_bytes = 16384});
        int64_t rows = 0;
        sl_batch *batch;
        sl_status status;
        while ((status = sl_generator_next(sl_harness_generator(harness), &batch)) == SL_OK) {
            ck_assert_int_eq(batch->first_row, rows + 1);
            ck_assert_int_le(batch->selected, 5);
            for (uint32_t i = 0; i < batch->selected; i++)
                ck_assert_int_eq(batch->columns[0][i].as.integer, ++rows);
            sl_batch_release(batch);
        }
        ck_assert_int_eq(status, SL_END);
        ck_assert_int_eq(rows, 100);
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
}
END_TEST

static int32_t code_of(const char *options)
{
    sl_harness *harness =
        sl_harness_open(&(sl_harness_setup){.type = reader(), .options = options});
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    int32_t code = sl_errors_code(sl_harness_errors(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
    return code;
}

START_TEST(says_what_is_wrong_with_the_file)
{
    fresh();
    ck_assert_int_eq(code_of("{database: a.db, table: t}"), SL_CODE_NO_INPUT);
    ck_assert_int_ne(access("a.db", F_OK), 0);
    ck_assert_int_eq(code_of("{database: no/a.db, table: t}"), SL_CODE_NO_INPUT);
    ck_assert_int_eq(code_of("{database: ., table: t}"), SL_CODE_NO_INPUT);
    ck_assert_int_eq(code_of("{database: /dev/null, table: t}"), SL_CODE_NO_INPUT);
    ck_assert_int_eq(code_of("{database: ':memory:', table: t}"), SL_CODE_CONFIG);
    ck_assert_int_eq(code_of("{database: 'file:a.db?mode=rwc', table: t}"), SL_CODE_NO_INPUT);
    FILE *file = fopen("a.db", "w");
    for (int i = 0; i < 500; i++)
        fputs("this is no database, ", file);
    fclose(file);
    ck_assert_int_eq(code_of("{database: a.db, table: t}"), SL_CODE_DATA);
}
END_TEST

/* Every byte of the header, and one in 61 behind it, flipped: rows or an error, nothing worse. */
START_TEST(survives_damaged_files)
{
    static char image[65536];
    fresh();
    run("CREATE TABLE t(a, b TEXT); CREATE INDEX i ON t(b); INSERT INTO t"
        " WITH n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
        " SELECT i, 'row ' || i FROM n");
    FILE *file = fopen("a.db", "r");
    size_t size = fread(image, 1, sizeof image, file);
    fclose(file);
    ck_assert_uint_gt(size, 8191);
    for (size_t at = 0; at < size; at += at < 120 ? 1 : 61) {
        fresh();
        image[at] = (char)~image[at];
        file = fopen("a.db", "w");
        ck_assert_uint_eq(fwrite(image, 1, size, file), size);
        fclose(file);
        image[at] = (char)~image[at];
        sl_harness *harness = sl_harness_open(&(sl_harness_setup){
            .type = reader(), .options = "{database: a.db, table: t, busy: 0s}", .batch_rows = 7});
        sl_status status = sl_harness_run(harness);
        ck_assert_int_eq(status == SL_ERROR, *sl_harness_error(harness) != '\0');
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
}
END_TEST

/* A lock is waited for by pending, then the run fails with a code that says: try again. */
START_TEST(waits_for_a_lock)
{
    fresh();
    run("CREATE TABLE t(a); INSERT INTO t VALUES(1),(2)");
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = reader(), .options = "{database: a.db, table: t}", .batch_rows = 1});
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    sqlite3 *other = connection();
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    sl_batch *batch;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(sl_generator_next(sl_harness_generator(harness), &batch), SL_PENDING);
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_int_eq(sl_harness_free(harness), 0);

    harness = sl_harness_open(
        &(sl_harness_setup){.type = reader(), .options = "{database: a.db, table: t, busy: 50ms}"});
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_int_eq(sl_errors_code(sl_harness_errors(harness)), SL_CODE_TRY_AGAIN);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    sqlite3_close(other);
}
END_TEST

/* ---- Writing ------------------------------------------------------------------------------ */

typedef struct written {
    const char *options, *columns, *rows;
    const char *error;   /* NULL: none */
    const char *rejects; /* each line a part of a reject's; NULL: none */
} written;

static void write_rows(const written *what)
{
    sl_harness *harness =
        sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_EXPORTER, "sqlite"),
                                            .options = what->options,
                                            .columns = what->columns,
                                            .rows = what->rows,
                                            .feed_rows = 3});
    sl_status status = sl_harness_run(harness);
    const char *error = sl_harness_error(harness), *rejects = sl_harness_rejects(harness);
    ck_assert_msg(what->error ? *error && strstr(error, what->error) != NULL : !*error, "%s: %s",
                  what->options, error);
    ck_assert_int_eq(status, what->error ? SL_ERROR : SL_END);
    ck_assert_msg(what->rejects ? strstr(rejects, what->rejects) != NULL : !*rejects, "%s: %s",
                  what->options, rejects);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}

#define INTO "{database: a.db, table: t"
#define DUMP "SELECT *, typeof(a) FROM t ORDER BY rowid"

static const char *write_and_ask(const char *schema, const written *what, const char *sql)
{
    fresh();
    if (schema)
        run(schema);
    write_rows(what);
    return ask(sql);
}

START_TEST(makes_typed_columns_only_where_declared)
{
    written what = {.options = INTO "}",
                    .columns = "a:integer:faces,\"b\":real:faces,c:text:faces,d:any,e:blob",
                    .rows = "12,1.50,00501,7,x'00'\n09005,n/a,x,'t',\n-0,31.95376472,,1.0,\n"};
    fresh();
    write_rows(&what);
    ck_assert_str_eq(ask("SELECT typeof(a), a, typeof(\"\"\"b\"\"\"), \"\"\"b\"\"\", c, d FROM t"),
                     "integer|12|real|1.5|00501|7\ntext|09005|text|n/a|x|t\n"
                     "text|-0|real|31.95376472|-|1.0\n");
    ck_assert_ptr_null(strstr(ask("SELECT sql FROM sqlite_schema WHERE name = 't'"), "INTEGER"));
    ck_assert_str_eq(ask("PRAGMA journal_mode"), "wal\n");
}
END_TEST

static const struct {
    const char *schema;
    written what;
    const char *rows;
} stored[] = {
    {"CREATE TABLE t(a INTEGER)",
     {INTO "}", "a", "1\n'2'\n2.0\n2.5\n' 3e1 '\n'x'\nx'31'\n,\n", NULL,
      "row 2, column 'a': the text would be stored as a number in this INTEGER column: '2'\n"
      "row 5, column 'a': the text"},
     "1|integer\n2|integer\n2.5|real\nx|text\n1|blob\n-|null\n"},
    {"CREATE TABLE t(a INTEGER)",
     {INTO "}", "a:integer:faces", "12\n09005\n-7\n", NULL, "row 2, column 'a': the text"},
     "12|integer\n-7|integer\n"},
    {"CREATE TABLE t(a DECIMAL(10,2))",
     {INTO "}", "a:real:faces", "100.00\n12.50\n7\n", NULL, NULL},
     "100|integer\n12.5|real\n7|integer\n"},
    {"CREATE TABLE t(a TEXT)",
     {INTO "}", "a:integer:faces", "12\n09005\n", NULL, NULL},
     "12|text\n09005|text\n"},
    {"CREATE TABLE t(a TEXT)",
     {INTO "}", "a", "12\n'12'\n", NULL, "row 1, column 'a': the number would be stored as text"},
     "12|text\n"},
    {"CREATE TABLE t(a REAL)",
     {INTO "}", "a", "7\n9007199254740993\n", NULL, "row 2, column 'a': the integer would lose"},
     "7.0|real\n"},
    {"CREATE TABLE t(a ANY)",
     {INTO "}", "a", "'1'\n'z'\n", NULL, "row 1, column 'a': the text would be stored as a number"},
     "z|text\n"},
    {"CREATE TABLE t(a ANY) STRICT",
     {INTO "}", "a", "'1'\n1\n", NULL, NULL},
     "1|text\n1|integer\n"},
    {"CREATE TABLE t(a INTEGER) STRICT",
     {INTO "}", "a", "1\n'z'\n2\n", NULL, "row 2, column 'a': cannot store TEXT value in INTEGER"},
     "1|integer\n2|integer\n"},
    {NULL,
     {INTO "}", "a:numeric", "#12.50\n#9223372036854775808\n#0.12345678901234567890\n#1e2\n", NULL,
      NULL},
     "12.5|real\n9223372036854775808|text\n0.12345678901234567890|text\n100.0|real\n"},
    {NULL,
     {INTO "}", "a:boolean:faces", "true\nfalse\nmaybe\n", NULL, NULL},
     "1|integer\n0|integer\nmaybe|text\n"},
    {"CREATE TABLE t(a UNIQUE NOT NULL CHECK(a <> 5))",
     {INTO "}", "a", "1\n2\n1\n,\n5\n6\n", NULL,
      "row 3, column 'a': UNIQUE constraint failed: t.a\nrow 4, column 'a': NOT NULL constraint "
      "failed: t.a\nrow 5: CHECK"},
     "1|integer\n2|integer\n6|integer\n"},
    {"CREATE TABLE t(a UNIQUE ON CONFLICT IGNORE)",
     {INTO "}", "a", "1\n1\n", NULL, "row 2, column 'a': UNIQUE"},
     "1|integer\n"},
    {"CREATE TABLE t(a UNIQUE ON CONFLICT ROLLBACK)",
     {INTO "}", "a", "1\n1\n2\n", NULL, "row 2, column 'a': UNIQUE"},
     "1|integer\n2|integer\n"},
    {"CREATE TABLE p(k PRIMARY KEY); INSERT INTO p VALUES(1); CREATE TABLE t(a REFERENCES p)",
     {INTO "}", "a", "1\n2\n", NULL, "row 2: FOREIGN KEY"},
     "1|integer\n"},
    {"CREATE TABLE t(a); CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = 2"
     " BEGIN SELECT RAISE(FAIL, 'two'); END",
     {INTO "}", "a", "1\n2\n3\n", NULL, "row 2: two"},
     "1|integer\n3|integer\n"},
    {"CREATE TABLE t(a INTEGER PRIMARY KEY)",
     {INTO "}", "a", "1\n'x'\n2.5\n3\n", NULL, "row 2: datatype mismatch\nrow 3: datatype"},
     "1|integer\n3|integer\n"},
    {"CREATE TABLE t(a, g AS (a + 1))", {INTO "}", "a,g", "1,9\n", NULL, NULL}, "1|2|integer\n"},
    {NULL,
     {INTO ", mode: upsert, key: a}", "a:integer,b", "1,x\n2,y\n1,z\n,n\n", NULL,
      "row 4, column 'a': a key cannot be NULL"},
     "1|z|integer\n2|y|integer\n"},
    {"CREATE TABLE t(x DEFAULT 'd', a, b, UNIQUE(b, a)); INSERT INTO t VALUES('old', 1, 2)",
     {INTO ", mode: upsert, key: [a, b]}", "b,a", "2,1\n3,1\n", NULL, NULL},
     "old|1|2|integer\nd|1|3|integer\n"},
    {"CREATE TABLE t(a); CREATE INDEX i ON t(a); CREATE VIEW v AS SELECT * FROM t;"
     "INSERT INTO t VALUES('old')",
     {INTO ", mode: replace}", "a", "1\n2\n3\n4\n", NULL, NULL},
     "1|integer\n2|integer\n3|integer\n4|integer\n"},
    {"CREATE TABLE t(a); INSERT INTO t VALUES('old')",
     {INTO ", mode: replace}", "a", "", NULL, NULL},
     ""},
};

START_TEST(stores)
{
    ck_assert_str_eq(write_and_ask(stored[_i].schema, &stored[_i].what, DUMP), stored[_i].rows);
}
END_TEST

static const struct {
    const char *schema;
    written what;
} failing[] = {
    {"CREATE TABLE t(total)", {INTO "}", "totl", "1\n", "table 't' has no column 'totl'", NULL}},
    {"CREATE TABLE t(a, b NOT NULL)", {INTO "}", "a", "1\n", "no column 'b'", NULL}},
    {"CREATE VIEW t AS SELECT 1 AS a", {INTO "}", "a", "1\n", "'t' is a view", NULL}},
    {"CREATE TABLE x(a)", {INTO ", create: false}", "a", "1\n", "no such table 't'", NULL}},
    {"CREATE TABLE t(a)", {INTO ", mode: upsert}", "a", "1\n", "needs a key", NULL}},
    {"CREATE TABLE t(a)",
     {INTO ", mode: upsert, key: a}", "a", "1\n", "no unique index over the key", NULL}},
    {"CREATE TABLE t(a)", {INTO ", mode: upsert, key: b}", "a", "1\n", "'b'", NULL}},
    {"CREATE TABLE t(a); CREATE TABLE k(t REFERENCES t(a) ON DELETE CASCADE)",
     {INTO ", mode: replace}", "a", "1\n", "would change table 'k'", NULL}},
    {"CREATE TABLE sluice_rows(c0)", {INTO "}", "a", "1\n", "sluice_rows", NULL}},
    {"CREATE TABLE t(a); CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = 2"
     " BEGIN SELECT RAISE(ROLLBACK, 'all'); END",
     {INTO "}", "a", "1\n2\n3\n", "the transaction was rolled back", NULL}},
    {NULL, {INTO "}", "a,A", "1,2\n", "two columns are called 'A'", NULL}},
    {NULL, {"{database: a.db, table: sqlite_x}", "a", "1\n", "reserved", NULL}},
    {NULL, {"{database: no/a.db, table: t}", "a", "1\n", "directory does not exist", NULL}},
    {NULL, {"{database: ., table: t}", "a", "1\n", "is a directory", NULL}},
};

START_TEST(fails)
{
    fresh();
    if (failing[_i].schema)
        run(failing[_i].schema);
    write_rows(&failing[_i].what);
    if (!failing[_i].schema)
        ck_assert_int_ne(access("a.db", F_OK), 0);
}
END_TEST

/* A name is a name, whatever stands in it. */
START_TEST(quotes_names)
{
    written what = {.options = "{database: a.db, table: 'x\"; DROP TABLE keep; --', key: 'select'}",
                    .columns = "select,a]b,\"q'",
                    .rows = "1,2,3\n"};
    fresh();
    run("CREATE TABLE keep(a)");
    write_rows(&what);
    ck_assert_str_eq(ask("SELECT count(*) FROM keep"), "0\n");
    ck_assert_str_eq(ask("SELECT * FROM \"x\"\"; DROP TABLE keep; --\""), "1|2|3\n");
}
END_TEST

/* replace: until the end the old rows stand; a run that fails leaves them. */
START_TEST(replaces_at_the_end_or_not_at_all)
{
    fresh();
    run("PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES('old')");
    sl_harness_setup setup = {.type = sl_harness_type(SL_EXPORTER, "sqlite"),
                              .options = INTO ", mode: replace}",
                              .columns = "a",
                              .rows = "1\n2\n3\n4\n",
                              .feed_rows = 1,
                              .fail_at = 4};
    sl_harness *harness = sl_harness_open(&setup);
    ck_assert_int_eq(sl_harness_pull(harness), SL_OK);
    ck_assert_str_eq(ask("SELECT * FROM t"), "old\n");
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    ck_assert_str_eq(ask("SELECT * FROM t"), "old\n");
}
END_TEST

/* Rows and checkpoint are in one transaction; recover gives the last one. */
START_TEST(commits_the_checkpoint_with_the_rows)
{
    fresh();
    sl_harness_setup setup = {.type = sl_harness_type(SL_EXPORTER, "sqlite"),
                              .options = INTO "}",
                              .columns = "a",
                              .rows = "1\n2\n",
                              .feed_rows = 1};
    sl_harness *harness = sl_harness_open(&setup);
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    sl_stage *stage = sl_generator_stage(sl_harness_generator(harness));
    sl_commit commit = {.size = sizeof commit, .checkpoint = {.data = "{\"at\":2}", .size = 8}};
    ck_assert_int_eq(setup.type->commit(stage, &commit), SL_OK);
    sl_text text = {0};
    ck_assert_int_eq(setup.type->recover(stage, &text), SL_OK);
    ck_assert_str_eq(text.data, "{\"at\":2}");
    sl_harness_env(harness)->env.allocate(&sl_harness_env(harness)->env, text.data, 0);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    ck_assert_str_eq(ask("SELECT count(*), checkpoint FROM sluice_checkpoint"), "1|{\"at\":2}\n");
}
END_TEST

START_TEST(waits_for_a_writer)
{
    fresh();
    run("CREATE TABLE t(a)");
    sqlite3 *other = connection();
    sl_harness_setup setup = {.type = sl_harness_type(SL_EXPORTER, "sqlite"),
                              .options = INTO "}",
                              .columns = "a",
                              .rows = "1\n2\n",
                              .feed_rows = 1};
    sl_batch *batch;
    sl_harness *harness = sl_harness_open(&setup);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(sl_generator_next(sl_harness_generator(harness), &batch), SL_PENDING);
    ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    /* A reader in rollback mode lets rows in, but holds the commit up. */
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN; SELECT * FROM t", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(sl_generator_next(sl_harness_generator(harness), &batch), SL_PENDING);
    ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    ck_assert_str_eq(ask("SELECT group_concat(a) FROM t"), "1,2\n");

    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    harness = sl_harness_open(&setup);
    ck_assert_int_eq(sl_harness_run(harness), SL_ERROR);
    ck_assert_int_eq(sl_errors_code(sl_harness_errors(harness)), SL_CODE_TRY_AGAIN);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    sqlite3_close(other);
}
END_TEST

START_TEST(says_when_a_trigger_ignores_rows)
{
    fresh();
    run("CREATE TABLE t(a); CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = 2"
        " BEGIN SELECT RAISE(IGNORE); END");
    sl_harness *harness =
        sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_EXPORTER, "sqlite"),
                                            .options = INTO "}",
                                            .columns = "a",
                                            .rows = "1\n2\n3\n"});
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_ptr_nonnull(strstr(sl_harness_log(harness), "ignored 1 rows"));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* What SQLite itself makes of a text in a NUMERIC column decides which texts are refused. */
START_TEST(knows_which_texts_spell_numbers)
{
    static const char letters[] = "01 9.eE+-x\t";
    const sl_rows_column column = {.affinity = SL_AFFINITY_NUMERIC, .declared = "NUMERIC"};
    uint64_t state = 7;
    fresh();
    run("CREATE TABLE t(a NUMERIC)");
    sqlite3 *db = connection();
    sqlite3_stmt *insert;
    ck_assert_int_eq(
        sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?1) RETURNING typeof(a)", -1, &insert, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    int numbers = 0;
    for (int i = 0; i < 20000; i++) {
        char text[8];
        uint32_t size = 0;
        for (; size < 6; size++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            uint32_t pick = (uint32_t)(state >> 33) % (sizeof letters + 1);
            if (pick >= sizeof letters - 1)
                break;
            text[size] = letters[pick];
        }
        const sl_cell cell = {.kind = SL_TEXT, .size = size, .as.text = text};
        sl_cell value;
        int32_t is_refused = sl_rows_store(&column, &cell, &value) != NULL;
        sqlite3_bind_text(insert, 1, text, (int)size, SQLITE_STATIC);
        ck_assert_int_eq(sqlite3_step(insert), SQLITE_ROW);
        const char *type = (const char *)sqlite3_column_text(insert, 0);
        ck_assert_msg(is_refused == (strcmp(type, "text") != 0), "'%.*s'", (int)size, text);
        numbers += is_refused;
        sqlite3_reset(insert);
    }
    ck_assert_int_gt(numbers, 1000);
    sqlite3_finalize(insert);
    sqlite3_close(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sqlite");
    TCase *tests = tcase_create("sqlite");
    if (!mkdtemp(directory) || chdir(directory) != 0)
        return EXIT_FAILURE;
    tcase_add_test(tests, reads_each_storage_class);
    tcase_add_test(tests, keeps_nul_in_text);
    tcase_add_loop_test(tests, turns_pages, 0, (int)COUNT(tables));
    tcase_add_test(tests, finds_a_key_behind_hidden_rowids);
    tcase_add_test(tests, reads_on_while_others_write);
    tcase_add_test(tests, offset_fails_when_others_write);
    tcase_add_test(tests, cursor_sees_one_picture);
    tcase_add_loop_test(tests, resume_checks_the_rows_before, 0, 2);
    tcase_add_test(tests, resumes_behind_any_key);
    tcase_add_loop_test(tests, refuses, 0, (int)COUNT(refused));
    tcase_add_test(tests, names_result_columns);
    tcase_add_test(tests, rejects_rows);
    tcase_add_test(tests, keeps_rows_that_do_not_fit);
    tcase_add_test(tests, says_what_is_wrong_with_the_file);
    tcase_add_test(tests, survives_damaged_files);
    tcase_add_test(tests, waits_for_a_lock);
    tcase_add_test(tests, makes_typed_columns_only_where_declared);
    tcase_add_loop_test(tests, stores, 0, (int)COUNT(stored));
    tcase_add_loop_test(tests, fails, 0, (int)COUNT(failing));
    tcase_add_test(tests, quotes_names);
    tcase_add_test(tests, replaces_at_the_end_or_not_at_all);
    tcase_add_test(tests, commits_the_checkpoint_with_the_rows);
    tcase_add_test(tests, waits_for_a_writer);
    tcase_add_test(tests, says_when_a_trigger_ignores_rows);
    tcase_add_test(tests, knows_which_texts_spell_numbers);
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

/*
 * test_sql_differential.c - an expression over a batch gives what SQLite gives.
 *
 * Random expressions over random cells, always the same ones. Two references: the same values
 * bound as parameters of one SELECT (columns of type any), and a real table with the same
 * declared types and values (typed columns). Values are compared by storage class and bytes,
 * failures by their message.
 *
 * A parameter has no collating sequence and a column has BINARY, which COLLATE further inside
 * max(), min() or nullif() can tell; an expression with COLLATE therefore meets its parameters
 * as the columns of a subquery. All others meet them directly.
 */
#include <check.h>
#include <math.h>
#include <sqlite3.h>

#include "stages/sql.h"
#include "tests/unit/room_host.h"

#define COLUMNS 6
#define ROWS 1000
#define EXPRESSIONS 10000
#define TYPED_EXPRESSIONS 3000
#define FEW 14        /* rows that each expression meets */
#define ALL_EVERY 100 /* of so many expressions one meets all rows */
#define TEXT_ROOM 4096

/* ---- Random things ----------------------------------------------------------------------- */

static uint64_t state;

static uint32_t roll(uint32_t sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % sides);
}

#define PICK(list) list[roll(sizeof list / sizeof *list)]

static const int64_t integers[] = {
    0,
    1,
    -1,
    2,
    3,
    7,
    10,
    42,
    -17,
    100,
    255,
    1000,
    65,
    128512,
    INT64_C(1) << 31,
    INT64_C(1) << 53,
    (INT64_C(1) << 53) + 1,
    INT64_MAX,
    INT64_MIN,
    INT64_MAX - 1,
};
static const double reals[] = {
    0.0,    -0.0,    1.0,   1.5,    -2.5,   0.1, 1e15,  1e16,  123456.789, 9007199254740993.0,
    9.3e18, -9.3e18, 1e300, 1e-300, 5e-324, 2.0, 100.0, 1e308, HUGE_VAL,   -HUGE_VAL,
};

typedef struct bytes {
    const char *data;
    uint32_t size;
} bytes;

#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
static const bytes texts[] = {
    BYTES(""),
    BYTES("a"),
    BYTES("abc"),
    BYTES("ABC"),
    BYTES("aBc"),
    BYTES("b"),
    BYTES("12"),
    BYTES("007"),
    BYTES("1.5"),
    BYTES("1.50"),
    BYTES(" 7 "),
    BYTES("1e3"),
    BYTES("0x10"),
    BYTES("-3"),
    BYTES("9223372036854775808"),
    BYTES("a\0b"),
    BYTES("\0"),
    BYTES("caf\xc3\xa9"),
    BYTES("\xe2\x82\xac"),
    BYTES("%"),
    BYTES("a_c"),
    BYTES("a%"),
    BYTES("true"),
    BYTES("null"),
    BYTES("{\"a\":1,\"b\":[1,2]}"),
    BYTES("[1,\"x\",null]"),
    BYTES("{bad"),
    BYTES("  trim me  "),
    BYTES("2024-02-29"),
    BYTES("it's"),
    BYTES("the quick brown fox"),
    BYTES("42"),
    BYTES("42.0"),
};
static const bytes blobs[] = {
    BYTES(""), BYTES("\0"), BYTES("\x01\x02\xff"), BYTES("abc"), BYTES("12"), BYTES("a\0b"),
};

static sl_cell random_cell(void)
{
    uint32_t kind = roll(16);
    bytes slice;

    if (kind == 0)
        return (sl_cell){.kind = SL_NULL};
    if (kind < 5)
        return (sl_cell){.kind = SL_INTEGER, .as.integer = PICK(integers)};
    if (kind < 6)
        return (sl_cell){.kind = SL_INTEGER, .as.integer = (int64_t)roll(2000) - 1000};
    if (kind < 9)
        return (sl_cell){.kind = SL_REAL, .as.real = PICK(reals)};
    slice = PICK(texts);
    if (kind < 15)
        return (sl_cell){.kind = SL_TEXT, .size = slice.size, .as.text = slice.data};
    slice = PICK(blobs);
    return (sl_cell){.kind = SL_BLOB, .size = slice.size, .as.blob = slice.data};
}

/* ---- Random expressions ---------------------------------------------------------------- */

/* The text with columns by name, and with columns as parameters. */
typedef struct expression {
    char named[TEXT_ROOM];
    char bound[TEXT_ROOM];
    size_t named_size, bound_size;
    int collates;
} expression;

static const char *const names[COLUMNS] = {"a", "order", "b c", "d\"q", "Select", "rowid"};
static const char *const quoted[COLUMNS] = {"a",          "\"order\"", "\"b c\"",
                                            "\"d\"\"q\"", "[Select]",  "rowid"};

static void put(expression *to, const char *text)
{
    size_t size = strlen(text);

    if (to->named_size + size + 1 > TEXT_ROOM || to->bound_size + size + 1 > TEXT_ROOM)
        ck_abort_msg("the expression is too long");
    memcpy(to->named + to->named_size, text, size + 1);
    memcpy(to->bound + to->bound_size, text, size + 1);
    to->named_size += size;
    to->bound_size += size;
}

static void put_column(expression *to)
{
    uint32_t column = roll(COLUMNS);

    to->named_size += (size_t)snprintf(to->named + to->named_size, TEXT_ROOM - to->named_size, "%s",
                                       quoted[column]);
    to->bound_size += (size_t)snprintf(to->bound + to->bound_size, TEXT_ROOM - to->bound_size,
                                       "?%u", (unsigned)column + 1);
}

static void put_literal(expression *to)
{
    static const char *const literals[] = {
        "0",
        "1",
        "2",
        "-1",
        "10",
        "42",
        "1.5",
        "-0.0",
        "1e3",
        "'abc'",
        "'ABC'",
        "'12'",
        "''",
        "'1.5'",
        "'it''s'",
        "x'6162'",
        "x''",
        "NULL",
        "9223372036854775807",
        "'a%'",
        "TRUE",
    };

    put(to, PICK(literals));
}

static void put_expression(expression *to, uint32_t depth);

/* pattern: % stands for an expression; all else as it is. */
static void put_pattern(expression *to, const char *pattern, uint32_t depth)
{
    char one[2] = {0};

    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '%') {
            put_expression(to, depth);
        } else {
            one[0] = *pattern;
            put(to, one);
        }
    }
}

static const char *const operators[] = {
    "(% = %)",
    "(% <> %)",
    "(% < %)",
    "(% <= %)",
    "(% > %)",
    "(% >= %)",
    "(% == %)",
    "(% != %)",
    "(% AND %)",
    "(% OR %)",
    "(NOT %)",
    "(% + %)",
    "(% - %)",
    "(% * %)",
    "(% / %)",
    "(- %)",
    "(+ %)",
    "(% & %)",
    "(% | %)",
    "(% << %)",
    "(% >> %)",
    "(~%)",
    "(% || %)",
    "(% IS %)",
    "(% IS NOT %)",
    "(% ISNULL)",
    "(% NOTNULL)",
    "(% IS TRUE)",
    "(% IS NOT FALSE)",
    "(% LIKE %)",
    "(% GLOB %)",
    "(% NOT LIKE %)",
    "(% BETWEEN % AND %)",
    "(% NOT BETWEEN % AND %)",
    "(% IN (%, %, %))",
    "(% NOT IN (%, %))",
    "(% IN ())",
    "CASE WHEN % THEN % ELSE % END",
    "CASE % WHEN % THEN % WHEN % THEN % END",
    "CAST(% AS INTEGER)",
    "CAST(% AS REAL)",
    "CAST(% AS TEXT)",
    "CAST(% AS BLOB)",
    "CAST(% AS NUMERIC)",
    "(% COLLATE NOCASE = %)",
    "(% = % COLLATE RTRIM)",
    "(% LIKE 'a_c')",
    "(% GLOB 'a*')",
};
static const char *const functions[] = {
    "coalesce(%, %)",
    "coalesce(%, %, 'none')",
    "ifnull(%, %)",
    "ifnull(%, 0)",
    "nullif(%, %)",
    "substr(%, %)",
    "substr(%, %, %)",
    "substr(%, 2, 3)",
    "instr(%, %)",
    "upper(%)",
    "lower(%)",
    "trim(%)",
    "ltrim(%, 'a')",
    "rtrim(%)",
    "replace(%, 'a', %)",
    "hex(%)",
    "quote(%)",
    "printf('%%d|%%s|%%.3f', %, %, %)",
    "round(%)",
    "round(%, 2)",
    "abs(%)",
    "length(%)",
    "typeof(%)",
    "unicode(%)",
    "char(65, 8364)",
    "min(%, %)",
    "max(%, %, %)",
    "iif(%, %, %)",
    "json_valid(%)",
    "json_array(%, %)",
    "json_object('k', %)",
    "json_quote(%)",
    "json_extract(%, '$.a')",
    "json_type(%)",
    "(% ->> '$.b[1]')",
    "json_array_length(%)",
    "sign(%)",
    "soundex(%)",
    "date(%)",
    "strftime('%%Y', %)",
    "likely(%)",
    "floor(%)",
    "pow(%, 2)",
    "mod(%, 7)",
    "zeroblob(3)",
    "like('a%%', %)",
};

/* In a pattern of printf and kin, %% is a percent sign. */
static void put_function(expression *to, const char *pattern, uint32_t depth)
{
    const char *at;
    char part[64];

    while ((at = strstr(pattern, "%%")) != NULL) {
        snprintf(part, sizeof part, "%.*s", (int)(at - pattern), pattern);
        put_pattern(to, part, depth);
        put(to, "%");
        pattern = at + 2;
    }
    put_pattern(to, pattern, depth);
}

static void put_expression(expression *to, uint32_t depth)
{
    uint32_t kind = roll(20);
    const char *pattern;

    if (depth == 0 || kind < 3) {
        if (roll(5) == 0)
            put_literal(to);
        else
            put_column(to);
        return;
    }
    pattern = kind < 12 ? PICK(operators) : PICK(functions);
    if (strstr(pattern, "COLLATE") != NULL)
        to->collates = 1;
    put_function(to, pattern, depth - 1);
}

static expression make_expression(void)
{
    expression made = {0};

    put_expression(&made, 1 + roll(3));
    return made;
}

/* ---- The host and the batch ---------------------------------------------------------------- */

typedef struct answer {
    int32_t failed;
    sl_cell value; /* its bytes in text */
    char *text;
    char reason[160];
} answer;

static room_host room;
static sl_cell cells[COLUMNS][ROWS];
static sl_column columns[COLUMNS];
static answer *answers; /* of the run that goes on, one a row */

SL_PRINTF(5, 6)
static sl_status take_reject(sl_stage *stage, sl_batch *batch, uint32_t row, uint32_t column,
                             const char *format, ...)
{
    va_list args;

    (void)stage, (void)batch, (void)column;
    ck_assert_int_eq(answers[row].failed, 0);
    answers[row].failed = 1;
    va_start(args, format);
    vsnprintf(answers[row].reason, sizeof answers[row].reason, format, args);
    va_end(args);
    return SL_OK;
}

static const sl_value *no_param(sl_stage *stage, const char *name)
{
    (void)stage, (void)name;
    return NULL;
}

static int64_t million(sl_stage *stage)
{
    (void)stage;
    return 1000000;
}

static void prepare_host(void)
{
    room_start(&room);
    room.host.reject = take_reject;
    room.host.param = no_param;
    room.host.started = million;
    room.host.batch_bytes = million;
}

static void clear_answers(answer *list)
{
    for (uint32_t i = 0; i < ROWS; i++)
        free(list[i].text);
    memset(list, 0, ROWS * sizeof *list);
}

static void keep_answer(answer *to, const sl_cell *value)
{
    to->value = *value;
    if (value->kind != SL_TEXT && value->kind != SL_BLOB)
        return;
    to->text = malloc(value->size + 1);
    ck_assert_ptr_nonnull(to->text);
    memcpy(to->text, value->as.text, value->size);
    to->value.as.text = to->text;
}

/* Rows [from, to) in batches of `size`: each batch is the same rows with another selection. */
static void run_ours(sl_sql *sql, uint32_t from, uint32_t to, uint32_t size)
{
    uint32_t selection[ROWS];
    sl_cell *list[COLUMNS];
    sl_batch batch = {.size = sizeof batch,
                      .columns_count = COLUMNS,
                      .capacity = ROWS,
                      .rows = ROWS,
                      .columns = list,
                      .selection = selection,
                      .first_row = 1};
    sl_cell value;
    sl_status status;
    uint32_t row;

    for (uint32_t c = 0; c < COLUMNS; c++)
        list[c] = cells[c];
    for (uint32_t start = from; start < to; start += size) {
        batch.selected = 0;
        for (uint32_t r = start; r < start + size && r < to; r++)
            selection[batch.selected++] = r;
        sl_sql_begin(sql, &batch);
        while ((status = sl_sql_step(sql, &row)) == SL_OK) {
            ck_assert_int_eq(sl_sql_value(sql, 0, &value), SL_OK);
            keep_answer(&answers[row], &value);
        }
        ck_assert_int_eq(status, SL_END);
        sl_sql_end(sql);
    }
}

/* ---- The reference -------------------------------------------------------------------------- */

static void bind(sqlite3_stmt *statement, int number, const sl_cell *cell)
{
    switch (cell->kind) {
    case SL_INTEGER:
        sqlite3_bind_int64(statement, number, cell->as.integer);
        break;
    case SL_REAL:
        sqlite3_bind_double(statement, number, cell->as.real);
        break;
    case SL_TEXT:
        sqlite3_bind_text64(statement, number, cell->as.text, cell->size, SQLITE_STATIC,
                            SQLITE_UTF8);
        break;
    case SL_BLOB:
        sqlite3_bind_blob64(statement, number, cell->size > 0 ? cell->as.blob : "", cell->size,
                            SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_null(statement, number);
        break;
    }
}

static sl_cell column_cell(sqlite3_stmt *statement, int column)
{
    int type = sqlite3_column_type(statement, column);
    const void *data;

    if (type == SQLITE_INTEGER)
        return (sl_cell){.kind = SL_INTEGER, .as.integer = sqlite3_column_int64(statement, column)};
    if (type == SQLITE_FLOAT)
        return (sl_cell){.kind = SL_REAL, .as.real = sqlite3_column_double(statement, column)};
    if (type == SQLITE_NULL)
        return (sl_cell){.kind = SL_NULL};
    data = sqlite3_column_blob(statement, column);
    return (sl_cell){.kind = type == SQLITE_TEXT ? SL_TEXT : SL_BLOB,
                     .size = (uint32_t)sqlite3_column_bytes(statement, column),
                     .as.blob = data != NULL ? data : ""};
}

static void take_step(sqlite3 *db, sqlite3_stmt *statement, answer *to)
{
    int rc = sqlite3_step(statement);

    if (rc == SQLITE_ROW) {
        sl_cell value = column_cell(statement, 0);

        keep_answer(to, &value);
    } else {
        to->failed = 1;
        snprintf(to->reason, sizeof to->reason, "%s", sqlite3_errmsg(db));
    }
    sqlite3_reset(statement);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *format, const char *text)
{
    char *sql = sqlite3_mprintf(format, text);
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_free(sql);
    return statement;
}

#define AS_COLUMNS                                                                                 \
    "SELECT (%s) FROM (SELECT ?1 AS a, ?2 AS \"order\", ?3 AS \"b c\", ?4 AS \"d\"\"q\", "         \
    "?5 AS \"Select\", ?6 AS rowid)"

static void bind_row(sqlite3_stmt *statement, uint32_t row)
{
    for (int c = 0; c < COLUMNS && c < sqlite3_bind_parameter_count(statement); c++)
        bind(statement, c + 1, &cells[c][row]);
}

/* Where only parameters stand, SQLite takes an expression for a constant and evaluates all of an
 * IN list at once; with columns it stops at the first match. A failure is therefore asked again
 * with the parameters as columns. */
static void run_bound(sqlite3 *db, const expression *of, uint32_t from, uint32_t to, answer *list)
{
    sqlite3_stmt *as_columns = NULL;
    sqlite3_stmt *direct = of->collates ? NULL : prepare(db, "SELECT (%s)", of->bound);

    for (uint32_t row = from; row < to; row++) {
        bind_row(direct, row);
        if (direct != NULL)
            take_step(db, direct, &list[row]);
        if (direct != NULL && !list[row].failed)
            continue;
        if (as_columns == NULL)
            as_columns = prepare(db, AS_COLUMNS, of->named);
        list[row] = (answer){0};
        bind_row(as_columns, row);
        take_step(db, as_columns, &list[row]);
    }
    sqlite3_finalize(direct);
    sqlite3_finalize(as_columns);
}

static void run_table(sqlite3 *db, const expression *of, uint32_t from, uint32_t to, answer *list)
{
    sqlite3_stmt *statement =
        prepare(db, "SELECT (%s) FROM t WHERE \"row number\" = ?1", of->named);

    for (uint32_t row = from; row < to; row++) {
        sqlite3_bind_int64(statement, 1, row);
        take_step(db, statement, &list[row]);
    }
    sqlite3_finalize(statement);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

/* typeof(x) || hex(CAST(x AS BLOB)), for people: two values of the same kind and bits spell the
 * same. */
static char *spell(sqlite3 *db, const sl_cell *cell)
{
    sqlite3_stmt *statement =
        prepare(db, "%s", "SELECT typeof(?1) || ' ' || hex(CAST(coalesce(?1, '') AS BLOB))");
    char *text;

    bind(statement, 1, cell);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    text = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
}

static int same_bits(const sl_cell *a, const sl_cell *b)
{
    if (a->kind != b->kind || a->size != b->size)
        return 0;
    if (a->kind == SL_TEXT || a->kind == SL_BLOB)
        return memcmp(a->as.text, b->as.text, a->size) == 0;
    return a->kind == SL_NULL || a->as.integer == b->as.integer;
}

static void compare(sqlite3 *db, const expression *of, const answer *ours, const answer *theirs,
                    uint32_t row)
{
    char *mine, *reference;

    ck_assert_msg(ours->failed == theirs->failed, "row %u: %s\nours: %s\nSQLite: %s", (unsigned)row,
                  of->named, ours->reason, theirs->reason);
    if (ours->failed) {
        ck_assert_msg(strcmp(ours->reason, theirs->reason) == 0, "row %u: %s\nours: %s\nSQLite: %s",
                      (unsigned)row, of->named, ours->reason, theirs->reason);
        return;
    }
    if (same_bits(&ours->value, &theirs->value))
        return;
    mine = spell(db, &ours->value);
    reference = spell(db, &theirs->value);
    ck_abort_msg("row %u: %s\nours: %s\nSQLite: %s", (unsigned)row, of->named, mine, reference);
}

typedef struct tally {
    int64_t values, nulls, failures;
} tally;

static void count(tally *sums, const answer *of)
{
    sums->failures += of->failed;
    sums->nulls += !of->failed && of->value.kind == SL_NULL;
    sums->values += !of->failed && of->value.kind != SL_NULL;
}

typedef void run_reference(sqlite3 *db, const expression *of, uint32_t from, uint32_t to,
                           answer *list);

/* One expression over rows [from, to), in batches of 1, 7 and 1,000 rows. */
static void differ(sqlite3 *db, run_reference *reference, const expression *of, uint32_t from,
                   uint32_t to, tally *sums)
{
    static const uint32_t sizes[] = {1, 7, 1000};
    static answer ours[ROWS], theirs[ROWS];
    sl_sql_expression text = {of->named, NULL};
    sl_sql *sql = sl_sql_new(&room.stage);
    sl_status status = sl_sql_compile(sql, columns, COLUMNS, SL_SQL_VALUES, &text, 1);

    ck_assert_msg(status == SL_OK, "%s: %s", of->named, room.message);
    reference(db, of, from, to, theirs);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        answers = ours;
        run_ours(sql, from, to, sizes[i]);
        for (uint32_t row = from; row < to; row++)
            compare(db, of, &ours[row], &theirs[row], row);
        clear_answers(ours);
    }
    for (uint32_t row = from; row < to; row++)
        count(sums, &theirs[row]);
    clear_answers(theirs);
    sl_sql_free(sql);
}

static void differ_all(sqlite3 *db, run_reference *reference, uint32_t expressions)
{
    tally sums = {0};

    for (uint32_t i = 0; i < expressions; i++) {
        expression made = make_expression();
        int all = i % ALL_EVERY == 0;
        uint32_t from = all ? 0 : roll(ROWS - FEW);

        differ(db, reference, &made, from, all ? ROWS : from + FEW, &sums);
    }
    ck_assert_int_gt(sums.values, sums.nulls + sums.failures);
    ck_assert_int_gt(sums.nulls, 0);
    ck_assert_int_gt(sums.failures, 0);
    ck_assert_int_eq(room.blocks, 0);
}

/* ---- The tests ----------------------------------------------------------------------------- */

static sqlite3 *open_reference(void)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1000000);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    return db;
}

START_TEST(agrees_with_bound_values)
{
    sqlite3 *db = open_reference();

    prepare_host();
    state = UINT64_C(0x9E3779B97F4A7C15);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        columns[c] = (sl_column){.name = names[c], .type = SL_TYPE_ANY};
        for (uint32_t row = 0; row < ROWS; row++)
            cells[c][row] = random_cell();
    }
    differ_all(db, run_bound, EXPRESSIONS);
    sqlite3_close(db);
}
END_TEST

static char *copies[COLUMNS][ROWS]; /* what cells that came back from the table point to */

/* Cells become what the table holds: its columns' affinities have been at them. */
static void read_back(sqlite3 *db)
{
    sqlite3_stmt *statement = prepare(db, "%s", "SELECT * FROM t ORDER BY \"row number\"");

    for (uint32_t row = 0; row < ROWS; row++) {
        ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
        for (uint32_t c = 0; c < COLUMNS; c++) {
            sl_cell cell = column_cell(statement, (int)c);

            if (cell.kind == SL_TEXT || cell.kind == SL_BLOB) {
                copies[c][row] = malloc(cell.size + 1);
                memcpy(copies[c][row], cell.as.text, cell.size);
                cell.as.text = copies[c][row];
            }
            cells[c][row] = cell;
        }
    }
    sqlite3_finalize(statement);
}

START_TEST(agrees_with_a_table_of_the_same_types)
{
    static const sl_type types[COLUMNS] = {SL_TYPE_INTEGER, SL_TYPE_TEXT,    SL_TYPE_REAL,
                                           SL_TYPE_BLOB,    SL_TYPE_NUMERIC, SL_TYPE_JSON};
    sqlite3 *db = open_reference();
    sqlite3_stmt *insert;

    prepare_host();
    state = UINT64_C(0x2545F4914F6CDD1D);
    sqlite3_exec(db,
                 "CREATE TABLE t(a INTEGER, \"order\" TEXT, \"b c\" REAL, \"d\"\"q\" BLOB, "
                 "\"Select\" NUMERIC, rowid TEXT, \"row number\" INTEGER)",
                 NULL, NULL, NULL);
    sqlite3_exec(db, "CREATE UNIQUE INDEX i ON t(\"row number\")", NULL, NULL, NULL);
    insert = prepare(db, "%s", "INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t c = 0; c < COLUMNS; c++) {
            sl_cell cell = random_cell();

            bind(insert, (int)c + 1, &cell);
        }
        sqlite3_bind_int64(insert, COLUMNS + 1, row);
        ck_assert_int_eq(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    read_back(db);
    for (uint32_t c = 0; c < COLUMNS; c++)
        columns[c] = (sl_column){.name = names[c], .type = types[c]};
    differ_all(db, run_table, TYPED_EXPRESSIONS);
    for (uint32_t c = 0; c < COLUMNS; c++)
        for (uint32_t row = 0; row < ROWS; row++)
            free(copies[c][row]);
    sqlite3_close(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql differential");
    TCase *tests = tcase_create("differential");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, agrees_with_bound_values);
    tcase_add_test(tests, agrees_with_a_table_of_the_same_types);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

/*
 * test_sql.c - where, rules and select over a feed: what they keep, reject, give and say.
 *
 * Each test is a line of a table. That expressions give what SQLite gives is tested in
 * test_sql_differential.c.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stages/sql.h"
#include "stages/sql_token.h"
#include "tests/harness/harness.h"

typedef struct trial {
    sl_role role;
    const char *name, *options, *columns, *rows;
    const char *wanted;  /* rows; NULL: not looked at */
    const char *rejects; /* NULL: not looked at */
    const char *error;   /* stands in the first error; NULL: there is none */
    const char *hint;    /* stands in its hint; NULL: not looked at */
    const char *log;     /* stands in the log; NULL: not looked at; "": nothing is logged */
    const char *given;   /* columns that are given; NULL: not looked at */
} trial;

#define WHERE .role = SL_FILTER, .name = "where"
#define RULES .role = SL_VALIDATOR, .name = "rules"
#define SELECT .role = SL_TRANSFORMER, .name = "select"
#define ORDERS .columns = "id:integer,status:text,amount:real:faces,note:text:faces"
#define ORDER_ROWS .rows = "1,paid,99.5,\n2,paid,100.00,x\n3,open,150,''\n4,paid,n/a,y\n5,paid,,z\n"

static const trial trials[] = {
    /* where */
    {WHERE, ORDERS, ORDER_ROWS, .options = "{keep: \"status = 'paid' AND amount >= 100\"}",
     .wanted = "2,'paid','100.00','x'\n",
     .rejects = "row 4, column 'amount': 'n/a' is not a real\n", .log = ""},
    {WHERE, ORDERS, ORDER_ROWS, .options = "{keep: \"coalesce(amount, 0) >= 100\"}",
     .wanted = "2,'paid','100.00','x'\n3,'open','150',''\n",
     .rejects = "row 4, column 'amount': 'n/a' is not a real\n"},
    {WHERE, ORDERS, ORDER_ROWS, .options = "{keep: \"status = 'open' AND amount > 0\"}",
     .wanted = "3,'open','150',''\n", .rejects = ""}, /* n/a is not read */
    {WHERE, ORDERS, ORDER_ROWS, .options = "{keep: 'NULL'}", .wanted = "", .rejects = ""},
    {WHERE, .columns = "a", .rows = "0\n1\n''\n'0.5'\n'x'\n'1x'\nx'31'\n0.0\n-0.1\n",
     .options = "{keep: a}", .wanted = "1\n'0.5'\n'1x'\nx'31'\n-0.1\n"},
    {WHERE, .columns = "n:integer", .rows = "1\n9223372036854775807\n2\n-9223372036854775808\n3\n",
     .options = "{keep: 'abs(n) > 1'}", .wanted = "9223372036854775807\n2\n3\n",
     .rejects = "row 4: integer overflow\n"},
    {WHERE, .columns = "j:text", .rows = "'{\"a\":1}'\n'{'\n'{\"a\":2}'\n",
     .options = "{keep: \"json_extract(j, '$.a') = 2\"}", .wanted = "'{\"a\":2}'\n",
     .rejects = "row 2: malformed JSON\n"},
    {WHERE, .columns = "j:text", .rows = "'{\"a\":1}'\n'{'\n'{\"a\":2}'\n",
     .options = "{keep: \"json_valid(j) AND json_extract(j, '$.a') = 2\"}",
     .wanted = "'{\"a\":2}'\n", .rejects = ""},
    {WHERE, .columns = "order,a b,rowid,x\"y", .rows = "1,2,3,4\n5,6,7,8\n",
     .options = "{keep: '\"order\" = 5 AND [a b] = 6 AND rowid = 7 AND \"x\"\"y\" = 8'}",
     .wanted = "5,6,7,8\n"},
    {WHERE, .columns = "status:integer:faces", .rows = "200\n404\n",
     .options = "{keep: \"status = '200' AND status = 200\"}", .wanted = "'200'\n"},
    {WHERE, .columns = "f:boolean:faces", .rows = "true\nfalse\n\n", .options = "{keep: f}",
     .wanted = "'true'\n"},
    {WHERE, .columns = "a", .rows = "1\n2\n",
     .options = "{keep: \"date('now') = '2023-11-14' AND current_timestamp = '2023-11-14 22:13:20' "
                "AND unixepoch() = 1700000000\"}",
     .wanted = "1\n2\n"},
    {WHERE, .columns = "a", .rows = "1\n", .options = "{keep: 'a -- the end'}", .wanted = "1\n"},
    {WHERE, .columns = "a", .rows = "1\n", .options = "{keep: 'random() IS NOT NULL'}",
     .wanted = "1\n", .log = "random()"},
    /* mistakes */
    {WHERE, ORDERS, .options = "{keep: \"stauts = 'paid'\"}", .error = "no such column 'stauts'",
     .hint = "did you mean 'status'? the columns here are: id, status, amount, note"},
    {WHERE, ORDERS, .options = "{keep: 'status = \"paid\"'}", .error = "no such column 'paid'",
     .hint = "text stands in single quotes: 'paid'"},
    {WHERE, ORDERS, .options = "{keep: status = paid}", .error = "no such column 'paid'",
     .hint = "text stands in single quotes: 'paid'"},
    {WHERE, .columns = "order-id,b", .options = "{keep: order-id > 3}",
     .error = "syntax error near 'order'", .hint = "\"order-id\""},
    {WHERE, .columns = "group-id,b", .options = "{keep: b = 1 AND group > 3}",
     .error = "syntax error near 'group'"},
    {WHERE, .columns = "unit-id,b", .options = "{keep: unit-id > 3}",
     .error = "no such column 'unit'", .hint = "\"unit-id\""},
    {WHERE, .columns = "id,ID", .options = "{keep: id > 3}",
     .error = "'id' could be the column 'id' or 'ID'"},
    {WHERE, ORDERS, .options = "{keep: rowid > 3}", .error = "no such column 'rowid'"},
    {WHERE, ORDERS, .options = "{keep: _rowid_ > 3}", .error = "no such column '_rowid_'"},
    {WHERE, ORDERS, .options = "{keep: uper(status) = 'A'}", .error = "no such function 'uper'",
     .hint = "did you mean 'upper'?"},
    {WHERE, ORDERS, .options = "{keep: 'upper(status, 1)'}", .error = "wrong number of arguments"},
    {WHERE, ORDERS, .options = "{keep: count(*) > 1}", .error = "'count' looks at more rows"},
    {WHERE, ORDERS, .options = "{keep: max(id) > 1}", .error = "'max' looks at more rows"},
    {WHERE, ORDERS, .options = "{keep: 'row_number() OVER () > 1'}",
     .error = "'row_number' looks at more rows"},
    {WHERE, ORDERS, .options = "{keep: '(SELECT 1)'}", .error = "a query cannot stand"},
    {WHERE, ORDERS, .options = "{keep: '(VALUES (1))'}", .error = "a query cannot stand"},
    {WHERE, ORDERS, .options = "{keep: id IN sqlite_master}", .error = "a query cannot stand"},
    {WHERE, ORDERS, .options = "{keep: id IN batch}", .error = "a query cannot stand"},
    {WHERE, ORDERS, .options = "{keep: \"id IN json_each('[1]')\"}", .error = "a query cannot"},
    {WHERE, ORDERS, .options = "{keep: 'id = :min'}", .error = "no such param 'min'"},
    {WHERE, ORDERS, .options = "{keep: 'id = $min'}", .error = "no such param 'min'"},
    {WHERE, ORDERS, .options = "{keep: 'id = ?1'}", .error = "'?1' is not a param of the graph"},
    {WHERE, ORDERS, .options = "{keep: 'id = @x'}", .error = "'@x' is not a param of the graph"},
    {WHERE, ORDERS, .options = "{keep: '1) OR (1'}", .error = "a ')' without its '('"},
    {WHERE, ORDERS, .options = "{keep: '(id > 1'}", .error = "a '(' without its ')'"},
    {WHERE, ORDERS, .options = "{keep: '1; DROP TABLE batch'}", .error = "';' has no place"},
    {WHERE, ORDERS, .options = "{keep: 'id, status'}", .error = "row value misused"},
    {WHERE, ORDERS, .options = "{keep: 'id = 1 ORDER BY id'}",
     .error = "syntax error near 'ORDER'"},
    {WHERE, ORDERS, .options = "{keep: \"note = 'a\"}", .error = "a quote that is not closed",
     .hint = "YAML cuts"},
    {WHERE, ORDERS, .options = "{keep: 'id > /* 3'}", .error = "a comment that is not closed"},
    {WHERE, ORDERS, .options = "{keep: 'id >'}", .error = "the expression ends too early"},
    {WHERE, ORDERS, .options = "{keep: 'id && 1'}", .error = "syntax error near '&'",
     .hint = "AND"},
    {WHERE, ORDERS, .options = "{keep: \"load_extension('x')\"}",
     .error = "function 'load_extension' is not allowed here"},
    {WHERE, ORDERS, .options = "{keep: \"fts3_tokenizer('x') IS NULL\"}", .error = "function"},
    {WHERE, ORDERS, .options = "{keep: 'last_insert_rowid() = 0'}", .error = "is not allowed here"},
    /* warnings */
    {WHERE, ORDERS, .options = "{keep: status >= 100}", .rows = "",
     .log = "column 'status' is text, and is compared with 100 as text"},
    {WHERE, ORDERS, .options = "{keep: '100 < status'}", .rows = "", .log = "is compared with 100"},
    {WHERE, ORDERS, .options = "{keep: id = 1 AND status IN (1.5)}", .rows = "",
     .log = "is compared with 1.5 as text"},
    {WHERE, ORDERS, .options = "{keep: \"note = ''\"}", .rows = "",
     .log = "an empty field of 'note'"},
    {WHERE, ORDERS, .options = "{keep: \"note <> '' AND id = 1\"}", .rows = "",
     .log = "an empty field of 'note'"},
    {WHERE, ORDERS, .options = "{keep: \"id = 100 AND status = 'x' AND length(status) > 3\"}",
     .rows = "", .log = ""},
    /* rules */
    {RULES, ORDERS, ORDER_ROWS, .options = "{rules: [amount > 0]}",
     .wanted = "1,'paid','99.5',\n2,'paid','100.00','x'\n3,'open','150',''\n",
     .rejects = "row 4, column 'amount': 'n/a' is not a real\nrow 5: amount > 0\n"},
    {RULES, ORDERS, ORDER_ROWS,
     .options = "{required: [note], types: {amount: real}, rules: [{sql: id <> 3, message: not 3, "
                "name: third}, id < 2]}",
     .wanted = "",
     .rejects =
         "row 1, column 'note': a required value is missing\nrow 2: id < 2\n"
         "row 3: third: not 3\nrow 4, column 'amount': 'n/a' is not a real\nrow 5: id < 2\n"},
    {RULES, .columns = "a,b:text:faces", .rows = "1,1\n1.5,1.5\n'2',2\nx'00',x\n,\n",
     .options = "{types: {a: integer, b: real}}", .wanted = "1,'1'\n,\n",
     .rejects = "row 2, column 'a': '1.5' is not an integer\n"
                "row 3, column 'a': '2' is not an integer\n"
                "row 4, column 'a': a blob of 1 bytes is not an integer\n"},
    {RULES, .columns = "a,b", .rows = "'[1]',1\n'[1',0\n'{}',2\n",
     .options = "{types: {a: json, b: boolean}}", .wanted = "'[1]',1\n",
     .rejects = "row 2, column 'a': '[1' is not a json\nrow 3, column 'b': '2' is not a boolean\n"},
    {RULES, ORDERS, .options = "{required: [nte]}", .error = "no such column 'nte'",
     .hint = "did you mean 'note'?"},
    {RULES, ORDERS, .options = "{types: {nte: real}}", .error = "no such column 'nte'"},
    {RULES, ORDERS, .options = "{rules: [{sql: id > 1, mesage: x}]}",
     .error = "unknown key 'mesage' of a rule"},
    {RULES, ORDERS, .options = "{}", .error = "nothing is checked"},
    /* select */
    {SELECT, ORDERS, ORDER_ROWS,
     .options = "{columns: {key: ID, amount: amount, up: upper(status), two: 2, t: CAST(id AS "
                "TEXT)}}",
     .wanted = "1,'99.5','PAID',2,'1'\n2,'100.00','PAID',2,'2'\n3,'150','OPEN',2,'3'\n"
               "4,'n/a','PAID',2,'4'\n5,,'PAID',2,'5'\n",
     .rejects = "", .given = "key:integer amount:real* up:any two:integer t:text"},
    {SELECT, ORDERS, ORDER_ROWS, .options = "{add: {half: amount / 2}, drop: [status, note]}",
     .wanted = "1,'99.5',49.75\n2,'100.00',50.0\n3,'150',75.0\n5,,\n",
     .rejects = "row 4, column 'amount': 'n/a' is not a real\n"},
    {SELECT, .columns = "a,b", .rows = "1,2\n", .options = "{rename: {a: b, b: a}}",
     .wanted = "1,2\n", .given = "b:any a:any"},
    {SELECT, .columns = "a,b", .rows = "1,2\n", .options = "{add: {a: b * 10, c: a + b, d: a}}",
     .wanted = "20,2,3,1\n", .given = "a:any b:any c:any d:any"},
    {SELECT, .columns = "a,b", .rows = "1,2\n",
     .options = "{columns: {x: a, y: b}, drop: [y], rename: {x: z}, add: {w: b}}",
     .wanted = "1,2\n", .given = "z:any w:any"},
    {SELECT, .columns = "a,a b", .rows = "'x\"y',x'0001'\n",
     .options = "{columns: {b: '\"a b\"', c: 'a || 1', d: 'zeroblob(2)', e: \"''\"}}",
     .wanted = "x'0001','x\"y1',x'0000',''\n", .given = "b:any c:any d:any e:text"},
    {SELECT, .columns = "a:integer", .rows = "1\n9223372036854775807\n3\n",
     .options = "{add: {b: abs(-a - 1)}}", .wanted = "1,2\n3,4\n",
     .rejects = "row 2: integer overflow\n"},
    {SELECT, ORDERS, .options = "{columns: {a: id, b: nte + 1, c: uper(id)}}",
     .error = "no such column 'nte'"},
    {SELECT, ORDERS, .options = "{drop: [nte]}", .error = "no such column 'nte'"},
    {SELECT, ORDERS, .options = "{drop: [id, status, amount, note]}",
     .error = "no columns are left"},
    {SELECT, ORDERS, .options = "{rename: {id: note}}",
     .error = "two columns would be named 'note'"},
    {SELECT, ORDERS, .options = "{columns: {a: id, A: note}}",
     .error = "two columns would be named"},
    {SELECT, ORDERS, .options = "{}", .error = "nothing is selected"},
};

static void check_error(sl_harness *harness, const trial *of)
{
    const sl_errors *errors = sl_harness_errors(harness);

    if (of->error == NULL) {
        ck_assert_msg(errors->errors == 0, "%s: %s", of->options, sl_harness_error(harness));
        return;
    }
    ck_assert_msg(errors->errors > 0, "%s: no error", of->options);
    ck_assert_msg(strstr(sl_harness_error(harness), of->error) != NULL, "%s: %s", of->options,
                  sl_harness_error(harness));
    ck_assert_int_eq(errors->list[0].code, SL_CODE_CONFIG);
    if (of->hint != NULL)
        ck_assert_msg(errors->list[0].hint != NULL &&
                          strstr(errors->list[0].hint, of->hint) != NULL,
                      "%s: %s", of->options, errors->list[0].hint);
}

START_TEST(does_as_the_table_says)
{
    const trial *of = &trials[_i];
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = sl_harness_type(of->role, of->name),
        .options = of->options,
        .columns = of->columns,
        .rows = of->rows != NULL ? of->rows : "",
        .fake = NULL,
    });

    if (of->given != NULL)
        ck_assert_str_eq(sl_harness_columns(harness), of->given);
    if (of->error == NULL)
        ck_assert_msg(sl_harness_run(harness) == SL_END, "%s: %s", of->options,
                      sl_harness_error(harness));
    check_error(harness, of);
    if (of->wanted != NULL)
        ck_assert_str_eq(sl_harness_rows(harness), of->wanted);
    if (of->rejects != NULL)
        ck_assert_str_eq(sl_harness_rejects(harness), of->rejects);
    if (of->log != NULL && of->log[0] == '\0')
        ck_assert_str_eq(sl_harness_log(harness), "");
    if (of->log != NULL)
        ck_assert_msg(strstr(sl_harness_log(harness), of->log) != NULL, "%s: %s", of->options,
                      sl_harness_log(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

START_TEST(says_all_mistakes_with_their_places)
{
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = sl_harness_type(SL_TRANSFORMER, "select"),
        .options = "columns:\n  a: id\n  b: 1 + nte\n  c: uper(id)\n  d: sum(id)\n",
        .columns = "id,note",
        .rows = "",
    });
    const sl_errors *errors = sl_harness_errors(harness);

    ck_assert_uint_eq(errors->errors, 3);
    ck_assert_int_eq(errors->list[0].line, 3);
    ck_assert_int_eq(errors->list[0].column, 10);
    ck_assert_int_eq(errors->list[0].length, 3);
    ck_assert_int_eq(errors->list[1].line, 4);
    ck_assert_int_eq(errors->list[1].column, 6);
    ck_assert_int_eq(errors->list[2].line, 5);
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* 40 rows whose computed texts are 100 times batch.bytes together: they come in many batches. */
START_TEST(splits_batches_that_grow)
{
    sl_builder rows = {.env = &sl_env_real}, wanted = {.env = &sl_env_real};
    char digits[401];
    sl_harness *harness;

    for (int i = 0; i < 40; i++) {
        for (size_t d = 0; d < 400; d++)
            digits[d] = (char)('0' + i % 10);
        digits[400] = '\0';
        sl_builder_format(&rows, "%d\n", i);
        sl_builder_format(&wanted, "%d,'%s'\n", i, digits);
    }
    harness = sl_harness_open(&(sl_harness_setup){
        .type = sl_harness_type(SL_TRANSFORMER, "select"),
        .options = "{add: {t: \"replace(hex(zeroblob(200)), '0', CAST(a % 10 AS TEXT))\"}}",
        .columns = "a:integer",
        .rows = rows.data,
        .batch_rows = 40,
        .batch_bytes = 4096,
    });
    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), wanted.data);
    ck_assert_str_eq(sl_harness_rejects(harness), "");
    ck_assert_int_gt(sl_generator_counters(sl_harness_generator(harness))->batches_out, 5);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    sl_builder_done(&rows);
    sl_builder_done(&wanted);
}
END_TEST

START_TEST(rejects_what_no_batch_can_hold)
{
    sl_harness *harness = sl_harness_open(&(sl_harness_setup){
        .type = sl_harness_type(SL_TRANSFORMER, "select"),
        .options = "{columns: {t: zeroblob(a)}}",
        .columns = "a:integer",
        .rows = "1\n5000\n2\n6000\n2000000\n3\n",
        .batch_bytes = 4096,
    });

    ck_assert_int_eq(sl_harness_run(harness), SL_END);
    ck_assert_str_eq(sl_harness_rows(harness), "x'00'\nx'0000'\nx'000000'\n");
    ck_assert_str_eq(sl_harness_rejects(harness),
                     "row 2: the computed values do not fit batch.bytes, which is 4096\n"
                     "row 4: the computed values do not fit batch.bytes, which is 4096\n"
                     "row 5: string or blob too big\n");
    ck_assert_int_eq(sl_harness_free(harness), 0);
}
END_TEST

/* ---- A row that lasts --------------------------------------------------------------------- */

static int64_t hasty_clock(void *context)
{
    sl_fake_env *fake = context;

    return fake->clock += 1500000;
}

START_TEST(cuts_a_row_short_that_lasts)
{
    sl_builder options = {.env = &sl_env_real};
    sl_fake_env fake;
    sl_harness *harness;

    sl_fake_env_init(&fake);
    fake.env.monotonic = hasty_clock; /* 1.5 s go by at each look: two looks are too many */
    sl_builder_word(&options, "{keep: \"a = 1 OR (a = 2 AND 0");
    for (int i = 0; i < 200; i++)
        sl_builder_word(&options, " + CASE WHEN a = 2 THEN 1 END");
    sl_builder_word(&options, ")\"}");
    harness = sl_harness_open(&(sl_harness_setup){
        .type = sl_harness_type(SL_FILTER, "where"),
        .options = options.data,
        .columns = "a:integer",
        .rows = "1\n2\n1\n",
        .fake = &fake,
    });
    (void)sl_harness_run(harness);
    ck_assert_str_eq(sl_harness_error(harness), "");
    ck_assert_str_eq(sl_harness_rejects(harness),
                     "row 2: the row took longer than 2 s to evaluate\n");
    ck_assert_str_eq(sl_harness_rows(harness), "1\n1\n");
    ck_assert_int_eq(sl_harness_free(harness), 0);
    sl_fake_env_done(&fake);
    sl_builder_done(&options);
}
END_TEST

/* ---- Words ---------------------------------------------------------------------------------- */

START_TEST(cuts_words_as_sqlite_does)
{
    static const struct {
        const char *text;
        const char *kinds; /* a letter a token */
    } words[] = {
        {"a+1.5e-3*\"b\"\"c\"", "nodoq"},
        {"x'00ff'||[a b]||`c`", "boqoq"},
        {"f(:a,$b,?1,@c)", "n(popopop)"},
        {"'it''s' -- to the end\n+ 2", "sod"},
        {"/* a */ 1 /* b */", "d"},
        {"a->>'$.x'<=0x1F", "nosod"},
        {"1e5-2", "dod"},
        {"caf\xc3\xa9 = 1", "nod"},
        {"'a", "u"},
        {"1 /* a", "du"},
        {"", ""},
    };
    static const char letters[] = {'e', 'n', 'q', 's', 'd', 'b', 'p', '(', ')', 'o', 'u'};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        sl_sql_token token = sl_sql_token_next(words[i].text, 0);
        char kinds[64] = {0};

        for (size_t k = 0; token.kind != SL_SQL_END; k++) {
            kinds[k] = letters[token.kind];
            token = sl_sql_token_after(words[i].text, &token);
        }
        ck_assert_msg(strcmp(kinds, words[i].kinds) == 0, "%s: %s", words[i].text, kinds);
    }
}
END_TEST

START_TEST(knows_plain_columns_and_types)
{
    static const sl_column columns[] = {
        {.name = "id"}, {.name = "a b"}, {.name = "ID"}, {.name = "null"}};

    ck_assert_int_eq(sl_sql_plain("id", columns, 4), 0);
    ck_assert_int_eq(sl_sql_plain(" \"ID\" -- this", columns, 4), 2);
    ck_assert_int_eq(sl_sql_plain("Id", columns, 4), 0);
    ck_assert_int_eq(sl_sql_plain("[A B]", columns, 4), 1);
    ck_assert_int_eq(sl_sql_plain("\"null\"", columns, 4), 3);
    ck_assert_int_eq(sl_sql_plain("null", columns, 4), -1);
    ck_assert_int_eq(sl_sql_plain("'id'", columns, 4), -1);
    ck_assert_int_eq(sl_sql_plain("id + 1", columns, 4), -1);
    ck_assert_int_eq(sl_sql_plain("(id)", columns, 4), -1);
    ck_assert_uint_eq(sl_sql_type("CAST(a + f(b) AS REAL)"), SL_TYPE_REAL);
    ck_assert_uint_eq(sl_sql_type("cast(a as bigint)"), SL_TYPE_INTEGER);
    ck_assert_uint_eq(sl_sql_type("CAST(a AS TEXT) || 'x'"), SL_TYPE_ANY);
    ck_assert_uint_eq(sl_sql_type("CAST(a AS TEXT) + CAST(b AS REAL)"), SL_TYPE_ANY);
    ck_assert_uint_eq(sl_sql_type("'x'"), SL_TYPE_TEXT);
    ck_assert_uint_eq(sl_sql_type("-12"), SL_TYPE_INTEGER);
    ck_assert_uint_eq(sl_sql_type("-'x'"), SL_TYPE_ANY);
    ck_assert_uint_eq(sl_sql_type("1.5"), SL_TYPE_REAL);
    ck_assert_uint_eq(sl_sql_type("x'00'"), SL_TYPE_BLOB);
    ck_assert_uint_eq(sl_sql_type("a"), SL_TYPE_ANY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql");
    TCase *tests = tcase_create("sql");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, does_as_the_table_says, 0, (int)(sizeof trials / sizeof *trials));
    tcase_add_test(tests, says_all_mistakes_with_their_places);
    tcase_add_test(tests, splits_batches_that_grow);
    tcase_add_test(tests, rejects_what_no_batch_can_hold);
    tcase_add_test(tests, cuts_a_row_short_that_lasts);
    tcase_add_test(tests, cuts_words_as_sqlite_does);
    tcase_add_test(tests, knows_plain_columns_and_types);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

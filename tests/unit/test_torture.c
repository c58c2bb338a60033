/*
 * test_torture.c - every built-in stage type is tortured; one without an entry here fails.
 *
 * Adding a stage: add a line to `entries` with options, columns and rows that make it do its
 * work, corner cases included, in at most 60 rows.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/builtin.h"
#include "stages/core/option.h"
#include "tests/harness/torture.h"
#include "tests/unit/torture_sqlite.h"

typedef struct entry {
    sl_role role;
    const char *name;
    sl_torture_input input;
} entry;

/* ---- What readers read --------------------------------------------------------------- */

#define JSONL                                                                                      \
    "{\"id\": 1, \"name\": \"ann\", \"tags\": [1, {\"a\": null}]}\n"                               \
    "{\"id\": 9007199254740993, \"name\": \"b\\u00e9a\", \"tags\": []}\n"                          \
    "{\"id\": -3.50, \"name\": null}\n"                                                            \
    "\n"                                                                                           \
    "not json\n"                                                                                   \
    "{\"id\": 4, \"name\": \"\", \"tags\": \"x\\ny\"}\n"                                           \
    "{\"id\": 5, \"name\": \"e\"}\n{\"id\": 6, \"name\": \"f\"}\n{\"id\": 7, \"name\": \"g\"}\n"   \
    "{\"id\": 8, \"name\": \"h\"}\n{\"id\": 9, \"name\": \"i\"}\n{\"id\": 10, \"name\": \"j\"}\n"

static const sl_torture_file jsonl_files[] = {{.name = "a.jsonl", .text = JSONL}, {0}};

#define LINES                                                                                      \
    "plain\r\n\n\xff\xfe bad\nwith \xc3\xa9\nz\x01z\nthe quick brown fox jumps over "              \
    "it\n1\n2\n3\n4\n5\n6\n7\n"                                                                    \
    "8\n9\nno end"

/* Twelve lines in two gzip members and three zero bytes; the same in zstd. */
static const char lines_gzip[] =
    "\037\213\010\000\000\000\000\000\002\003\063\062\060\062\325\065\060\004\042\005"
    "\167\327\020\005\375\002\175\163\056\043\230\230\021\114\314\320\004\041\150\014"
    "\023\064\062\104\010\232\300\005\055\020\202\246\060\101\143\123\204\240\031\114"
    "\320\304\010\041\150\016\027\264\004\013\002\000\075\072\006\061\226\000\000\000"
    "\037\213\010\000\000\000\000\000\002\003\323\065\060\324\065\260\120\160\167\015"
    "\121\320\057\320\067\065\343\062\062\060\062\325\005\011\132\302\004\315\214\341"
    "\202\206\006\060\101\163\003\204\240\041\134\320\034\041\150\004\023\264\060\341"
    "\002\000\347\357\060\360\145\000\000\000\000\000\000";
static const char lines_zstd[] =
    "\050\265\057\375\004\150\105\002\000\102\303\012\017\300\353\077\174\364\216\020"
    "\051\245\224\051\313\364\260\336\300\310\323\315\272\260\340\221\222\067\274\072"
    "\142\176\231\017\162\244\021\220\071\301\025\256\270\367\001\026\250\020\230\335"
    "\277\003\340\345\001\020\156\241\017\220\026\122\123\130\313\002\016\277\353\062"
    "\005\031\172\333\342";

static const sl_torture_file lines_files[] = {
    {.name = "a.txt", .text = "\xef\xbb\xbf" LINES, .size = sizeof LINES + 2},
    {.name = "b.txt", .text = ""},
    {.name = "c.txt", .text = "one\ntwo\nthree\n"},
    {0},
};
static const sl_torture_file compressed_files[] = {
    {.name = "a.gz", .text = lines_gzip, .size = sizeof lines_gzip - 1},
    {.name = "b.zst", .text = lines_zstd, .size = sizeof lines_zstd - 1},
    {0},
};
static const sl_torture_file wide_files[] = {
    {.name = "w.txt",
     .text = "\xff\xfe"
             "a\0\n\0=\xd8\x00\xde\r\0\n\0z\0",
     .size = 16},
    {0},
};
static const sl_torture_file old_lines[] = {{.name = "out.txt", .text = "kept, without an end"},
                                            {0}};

#define CSV                                                                                        \
    "id,name,note\r\n1,ann,\"a \"\"b\"\"\"\n2,,\"\"\n3,b\xc3\xa9"                                  \
    "a,\"x\r\ny\"\n\n4,\"q\"w,\n5,\xff,z\n6,f\n7,g,1,2\n"                                          \
    "8,h,hh\r9,i,ii\n10,j,jj\n11,k,\"kk\"\n12,\"open,\nl\nl"
static const sl_torture_file csv_files[] = {
    {.name = "a.csv", .text = CSV},
    {.name = "b.csv", .text = "note,id\nx,5\ny,6\nz,n/a\nz,7\n"},
    {0},
};

/* ---- What most others take ------------------------------------------------------------ */

#define PEOPLE "id:integer,name,age:integer:faces,score:real,note"
#define PEOPLE_ROWS                                                                                \
    "1,ann,30,1.5,'x, ''y'''\n2,bob,,2.25,\n3,'',41,-0.0,x'00ff'\n4,dan,n/a,1e300,#12.50\n"        \
    "5,eve,29,,7\n6,'caf\xc3\xa9',18,3.0,'line'\n7,gil,77,0.1,'a'\n8,hal,30,1.5,'b'\n"             \
    "9,ida,12,99.0,'c'\n10,jon,30,1.5,'x, ''y'''\n11,kim,65,-7.5,'\"q\"'\n12,lea,40,4.0,\n"        \
    "9007199254740993,max,1,5.0,'z'\n14,ned,2,6.5,'z'\n15,'',3,7.0,'z'\n"

#define LOG "log"
#define LOG_ROWS                                                                                   \
    "'h - - [01/May/2024:10:00:00 +0000] \"GET /a?b HTTP/1.1\" 200 5 \"-\" \"x \\\"y\\\"\"'\n"     \
    "'::1 - u [31/Dec/2024:23:59:59 -0130] \"-\" 408 - \"r\" \"-\"'\n"                             \
    "no log line\n\n"                                                                              \
    "'10.0.0.1 - - [01/May/2024:10:00:01 +0000] \"POST /c HTTP/2\" 503 12 \"-\" \"z\"'\n"
#define OBJECTS_ROWS                                                                               \
    "'{\"a\": 1, \"b\": \"x\\u00e9\"}'\n'{\"b\": null}'\n'[1]'\n'{\"a\": 1.50, \"b\": "            \
    "[2]}'\n'{'\n"

static const entry entries[] = {
    {SL_READER,
     "csv",
     {.options = "{path: [a.csv, b.csv], columns_differ: fill, columns: {id: integer}, "
                 "file_column: file, row_column: n}",
      .files = csv_files}},
    {SL_READER, "csv", {.options = "{path: b.csv, header: false}", .files = csv_files}},
    {SL_EXPORTER, "csv", {.options = "{path: out.csv}", .columns = PEOPLE, .rows = PEOPLE_ROWS}},
    {SL_FILTER,
     "where",
     {.options = "{keep: \"age >= 20 AND name <> 'gil' OR id IN (13, 14)\"}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS}},
    {SL_VALIDATOR,
     "rules",
     {.options = "{required: [note], types: {age: integer, score: real}, rules: [\"age > 17\", "
                 "{sql: \"length(name) > 0\", message: empty name, name: n}, "
                 "\"abs(id - 9223372036854775807) > 5 AND json_valid(json_quote(note)) IN (0, "
                 "1)\"]}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS}},
    {SL_TRANSFORMER,
     "select",
     {.options = "{columns: {id: id, who: \"upper(name) || coalesce(note, 1)\", age: age, twice: "
                 "age * 2, b: \"CAST(note AS BLOB)\"}, add: {again: name}, rename: {who: whom}, "
                 "drop: [b]}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS}},
    {SL_TRANSFORMER,
     "select",
     {.options = "{drop: [score], add: {note: \"replace(name, 'a', 'aaaaaaaa')\"}}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS}},
    {SL_TRANSFORMER,
     "parse",
     {.options = "{column: log, format: apache_combined}", .columns = LOG, .rows = LOG_ROWS}},
    {SL_TRANSFORMER,
     "parse",
     {.options = "{column: log, format: regex, pattern: '(?<m>GET|POST) (?<p>[^ ]*)'}",
      .columns = LOG,
      .rows = LOG_ROWS}},
    {SL_TRANSFORMER,
     "parse",
     {.options = "{column: log, format: json, columns: {a: real, b: text}}",
      .columns = LOG,
      .rows = OBJECTS_ROWS}},
    {SL_READER,
     "lines",
     {.options = "{path: '*.txt', file_column: f, row_column: r}", .files = lines_files}},
    {SL_READER,
     "lines",
     {.options = "{path: [c.txt, a.txt], invalid: replace}", .files = lines_files}},
    {SL_READER, "lines", {.options = "{path: [a.gz, b.zst]}", .files = compressed_files}},
    {SL_READER, "lines", {.options = "{path: w.txt}", .files = wide_files}},
    {SL_READER,
     "values",
     {.options = "{rows: [{a: 1, b: [1, x]}, {a: null, b: {c: '2'}}, {a: 2.50, c: t}, {}, {a: q}], "
                 "repeat: 5}"}},
    {SL_READER, "values", {.options = "{rows: [[1, true], [2, false]], columns: [n, yes]}"}},
    {SL_READER, "count", {.options = "{start: 5, step: -3, end: -50}"}},
    {SL_FILTER, "limit", {.options = "{rows: 5, skip: 4}", .columns = PEOPLE, .rows = PEOPLE_ROWS}},
    {SL_EXPORTER,
     "lines",
     {.options = "{path: out.txt, column: note}", .columns = PEOPLE, .rows = PEOPLE_ROWS}},
    {SL_EXPORTER,
     "lines",
     {.options = "{path: out.txt, column: name, mode: append, newlines: escape}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS,
      .files = old_lines}},
    {SL_EXPORTER,
     "lines",
     {.options = "{path: '-', column: name}", .columns = PEOPLE, .rows = PEOPLE_ROWS}},
    {SL_EXPORTER,
     "table",
     {.options = "{rows: 9, width: 30}", .columns = PEOPLE, .rows = PEOPLE_ROWS}},
    {SL_EXPORTER, "discard", {.columns = PEOPLE, .rows = PEOPLE_ROWS, .empty = 1}},
    {SL_FILTER,
     "dedupe",
     {.options = "{by: [age, score]}", .columns = PEOPLE, .rows = PEOPLE_ROWS}},
    {SL_TRANSFORMER,
     "sort",
     {.options = "{by: [age desc nulls last, \"length(note)\", score]}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS}},
    {SL_TRANSFORMER,
     "aggregate",
     {.options = "{group_by: [age], columns: {n: count(*), s: sum(score)}}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS}},
    {SL_TRANSFORMER,
     "aggregate",
     {.options = "{group_by: [{sql: length(note), as: l}], columns: {n: group_concat(name), s: "
                 "'round(sum(id % 7) / count(*), 2)'}}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS}},
    {SL_READER, "jsonl", {.options = "{path: a.jsonl}", .files = jsonl_files}},
    {SL_EXPORTER,
     "jsonl",
     {.options = "{path: out.jsonl}", .columns = PEOPLE, .rows = PEOPLE_ROWS}},
    {SL_READER, "sqlite", {.options = "{database: in.db, table: t}", .files = sqlite_files}},
    {SL_READER, "sqlite", {.options = "{database: in.db, table: w}", .files = sqlite_files}},
    {SL_READER,
     "sqlite",
     {.options = "{database: in.db, table: v, key: [b, id]}", .files = sqlite_files}},
    {SL_READER,
     "sqlite",
     {.options = "{database: in.db, table: t, page: offset}", .files = sqlite_files}},
    {SL_READER,
     "sqlite",
     {.options = "{database: in.db, query: 'SELECT b, b, a FROM t ORDER BY c, b'}",
      .files = sqlite_files}},
    {SL_READER,
     "sqlite",
     {.options = "{database: in.db, table: v, key: id, overlap: 4}", .files = sqlite_files}},
    {SL_READER,
     "sqlite",
     {.options = "{database: in.db, table: w, page: cursor, snapshot: true}",
      .files = sqlite_files}},
    {SL_EXPORTER,
     "sqlite",
     {.options = "{database: out.db, table: t}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS,
      .look = look_database}},
    {SL_EXPORTER,
     "sqlite",
     {.options = "{database: out.db, table: t, mode: upsert, key: id}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS,
      .files = sqlite_targets,
      .look = look_database}},
    {SL_EXPORTER,
     "sqlite",
     {.options = "{database: out.db, table: t, mode: replace, journal: keep}",
      .columns = PEOPLE,
      .rows = PEOPLE_ROWS,
      .files = sqlite_targets,
      .look = look_database}},
};

/* ---- The test ------------------------------------------------------------------------ */

START_TEST(stage_survives)
{
    const sl_stage_type *type = sl_builtin[_i];
    const char *only = getenv("TORTURE");
    int found = 0;

    if (only != NULL && strcmp(only, type->name) != 0)
        return;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        if (entries[i].role != type->role || strcmp(entries[i].name, type->name) != 0)
            continue;
        found = 1;
        ck_assert_msg(sl_torture(type, &entries[i].input) == 0, "%s '%s', options %s: see above",
                      sl_role_name(type->role), type->name, entries[i].input.options);
    }
    ck_assert_msg(found, "no torture input for %s '%s': add one to tests/unit/test_torture.c",
                  sl_role_name(type->role), type->name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("torture");
    TCase *tests = tcase_create("every type");
    SRunner *runner;
    int types = 0, failed;

    sl_sqlite_memory_install();
    make_databases();
    while (sl_builtin[types] != NULL)
        types++;
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, stage_survives, 0, types);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

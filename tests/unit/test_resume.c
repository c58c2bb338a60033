/*
 * test_resume.c - readers of files go on exactly where an earlier run stood: at every border of
 * batches of every size, over inputs of every kind, and over files that were changed in between.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/feed.h"

static char folder[64];

static void setup(void)
{
    strcpy(folder, "/tmp/sluice-resume-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void teardown(void)
{
    char command[100];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void make(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
}

static void append(const char *name, const char *text)
{
    FILE *file = fopen(name, "ab");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
}

/* ---- One run -------------------------------------------------------------------------------- */

typedef struct part { /* what a run gave */
    sl_status status;
    char *text; /* each row with its number, its line and its source, then the rejects */
    char *error;
    char *log;
    char *position;
    int64_t rows; /* given or rejected before the position */
    int32_t batches;
} part;

static void free_part(part *made)
{
    free(made->text);
    free(made->error);
    free(made->log);
    free(made->position);
}

/* Pulls at most `batches` batches; no batch holds more than its bound. */
static part read_part(const char *type, const char *options, int64_t batch_rows,
                      const char *position, int64_t rows, int32_t batches)
{
    sl_harness *harness =
        sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, type),
                                            .options = options,
                                            .batch_rows = batch_rows,
                                            .batch_bytes = 8192,
                                            .position = position,
                                            .position_rows = rows});
    sl_generator *generator = sl_harness_generator(harness);
    sl_builder text = {.env = &sl_env_real};
    part made = {.status = SL_ERROR, .rows = rows};
    if (generator && sl_harness_errors(harness)->errors == 0)
        made.status = SL_OK;
    while (made.status == SL_OK && made.batches < batches) {
        const sl_counters *counters = sl_generator_counters(generator);
        int64_t before = counters->rows_out + counters->rejected;
        sl_batch *batch = NULL;
        made.status = sl_generator_next(generator, &batch);
        if (made.status != SL_OK)
            break;
        ck_assert_int_le(counters->rows_out + counters->rejected - before, batch_rows);
        ck_assert_int_gt(counters->rows_out + counters->rejected - before, 0);
        for (uint32_t i = 0; i < batch->selected; i++) {
            uint32_t row = batch->selection[i];
            sl_builder_format(&text, "%s:%lld:%lld: ", batch->source,
                              (long long)(batch->first_row + row),
                              batch->lines ? (long long)batch->lines[row] : -1LL);
            sl_feed_row(&text, batch, row);
        }
        free(made.position);
        made.position = strdup(sl_batch_stamp(batch)->parts[0].json);
        made.rows = sl_batch_stamp(batch)->parts[0].count;
        made.batches++;
        sl_batch_release(batch);
    }
    sl_builder_word(&text, "");
    made.text = text.data;
    made.error = strdup(sl_harness_error(harness));
    made.log = strdup(sl_harness_log(harness));
    sl_harness_close(harness);
    sl_builder all = {.env = &sl_env_real};
    sl_builder_word(&all, sl_harness_rejects(harness));
    ck_assert_int_eq(sl_harness_free(harness), 0);
    /* Rejects behind a mark of their own: rows and rejects are compared apart. */
    sl_builder both = {.env = &sl_env_real};
    sl_builder_format(&both, "%s\n--\n%s", made.text ? made.text : "", all.data ? all.data : "");
    sl_env_allocate(&sl_env_real, made.text, 0);
    sl_builder_done(&all);
    made.text = strdup(both.data);
    sl_builder_done(&both);
    return made;
}

/* The rows of both, then the rejects of both. */
static char *join(const part *one, const part *other)
{
    const char *a = strstr(one->text, "\n--\n"), *b = strstr(other->text, "\n--\n");
    sl_builder text = {.env = &sl_env_real};
    sl_builder_add(&text, one->text, (size_t)(a - one->text));
    sl_builder_add(&text, other->text, (size_t)(b - other->text));
    sl_builder_word(&text, "\n--\n");
    sl_builder_word(&text, a + 4);
    sl_builder_word(&text, b + 4);
    char *made = strdup(text.data);
    sl_builder_done(&text);
    return made;
}

/* At every border of batches of 1 to 7 rows. Answers how many borders there were. */
static int32_t try_everywhere(const char *type, const char *options)
{
    int32_t borders = 0;
    for (int64_t rows = 1; rows <= 7; rows++) {
        part whole = read_part(type, options, rows, NULL, 0, INT32_MAX);
        ck_assert_msg(whole.status == SL_END, "%s %s: %s", type, options, whole.error);
        for (int32_t at = 1; at <= whole.batches; at++, borders++) {
            part first = read_part(type, options, rows, NULL, 0, at);
            part rest = read_part(type, options, rows, first.position, first.rows, INT32_MAX);
            char *both = join(&first, &rest);
            ck_assert_msg(rest.status == SL_END, "%s %s from %s: %s", type, options, first.position,
                          rest.error);
            ck_assert_msg(strcmp(both, whole.text) == 0,
                          "%s %s, batches of %lld, from %s:\n%s\n---- wanted\n%s", type, options,
                          (long long)rows, first.position, both, whole.text);
            ck_assert_str_eq(rest.log, "");
            free(both);
            free_part(&first);
            free_part(&rest);
        }
        free_part(&whole);
    }
    return borders;
}

/* The same as it is, compressed, and with two files around it. */
static void try_all_ways(const char *type, const char *options, const char *name, const char *file)
{
    char with[400], command[400];
    snprintf(with, sizeof with, "{path: %s, row_column: n%s%s}", name, *options ? ", " : "",
             options);
    try_everywhere(type, with);
    snprintf(command, sizeof command,
             "head -c 7 %s | gzip -c >%s.gz; tail -c +8 %s | gzip -c >>%s.gz; zstd -qc %s >%s.zst",
             name, name, name, name, name, name);
    run(command);
    static const char *const ends[] = {"gz", "zst"};
    for (int i = 0; i < 2; i++) {
        snprintf(with, sizeof with, "{path: %s.%s, row_column: n%s%s}", name, ends[i],
                 *options ? ", " : "", options);
        try_everywhere(type, with);
    }
    if (!file)
        return;
    make("other", file);
    snprintf(with, sizeof with, "{path: [other, %s, %s.gz], file_column: f, row_column: n%s%s}",
             name, name, *options ? ", " : "", options);
    ck_assert_int_gt(try_everywhere(type, with), 7);
}

/* A text with one part that no batch of 8 KiB holds. */
static void make_long(const char *name, const char *before, char filler, size_t size,
                      const char *after)
{
    char *text = malloc(strlen(before) + size + strlen(after) + 1);
    size_t at = strlen(before);
    memcpy(text, before, at);
    memset(text + at, filler, size);
    strcpy(text + at + size, after);
    make(name, text);
    free(text);
}

/* ---- Every border ------------------------------------------------------------------------------
 */

START_TEST(lines_at_every_border)
{
    static const char *const texts[] = {
        "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine",
        "a\r\nb\r\n\r\nc\r\nd\r",
        "\n\n\n\n\n",
        "\xef\xbb\xbfone\ntwo\n\xffthree\nf\xc3\xbcnf\nsix\n\xc3",
        "x",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        make("a", texts[i]);
        try_all_ways("lines", "", "a", "first\nsecond\nlast");
        try_all_ways("lines", "invalid: replace", "a", NULL);
    }
    make_long("a", "one\ntwo\n", 'x', 30000, "\nthree\nfour\nfive");
    try_all_ways("lines", "", "a", "first\nlast\n");
    make_long("a", "one\ntwo\n", 'x', 30000, "");
    try_all_ways("lines", "", "a", "first\nlast\n");
    make("u", "one\nzw\xc3\xb6lf\nthree\n\xe2\x82\xac\nfive\nsix\n");
    run("iconv -f utf-8 -t utf-16 u >a; iconv -f utf-8 -t utf-16be u >b; iconv -f utf-8 -t cp1252 "
        "u "
        ">c");
    try_all_ways("lines", "encoding: utf-16", "a", NULL);
    try_all_ways("lines", "encoding: utf-16be", "b", NULL);
    try_all_ways("lines", "encoding: cp1252", "c", NULL);
}
END_TEST

START_TEST(csv_at_every_border)
{
    static const struct {
        const char *text, *options;
    } cases[] = {
        {"id,name\n1,a\n2,b\n3,c\n4,d\n5,e\n6,f\n7,g\n8,h", ""},
        {"id,name\r\n1,a\r\n2,\"b\r\nb\"\r\n3,\"c\"\"c\"\r\n4,d\r\n", ""},
        {"id,name\r1,a\r2,b\r3,c\r4,d\r", ""},
        {"id,name\n1,a\r\n2,b\r3,c\n\n\n4,d\n\n", ""},
        {"\xef\xbb\xbfid,name\n1,a\n2\n3,c,c\n4,\"d\"d\n5,\xff\nx,f\n7,g\n",
         "columns: {id: integer}"},
        {"id,name\n#one\n1,a\n#two\n2,b\n#three\n3,c\n#four", "comment: '#'"},
        {"id,name\n1,a\n2,\"b\nc,d\ne,f", ""},
        {"id,name\n", ""},
        {"id\n1\n\n2\n\n3", ""},
        {"1,a\n2,b\n3,c\n4,d\n", "header: [id, name]"},
        {"", "header: [id, name]"},
        {"1;'a\\'a'\n2;'b;b'\n3;c\\\nd\n4;e",
         "header: false, delimiter: ';', quote: \"'\", escape: '\\'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make("a", cases[i].text);
        const char *file = strstr(cases[i].options, "header") ? "9,z\n8,y" : "id,name\n9,z\n8,y";
        if (strncmp(cases[i].text, "id\n", 3) == 0)
            file = "id\n9\n8";
        else if (strstr(cases[i].options, "delimiter"))
            file = "9;z\n8;y";
        try_all_ways("csv", cases[i].options, "a", file);
    }
    make_long("a", "id,name\n1,a\n2,\"", 'x', 30000, "\nyy\"\n3,c\n4,d\n");
    try_all_ways("csv", "", "a", "id,name\n9,z\n");
    make_long("a", "id,name\n1,a\n2,\"", 'x', 30000, "\n3,c\n4,d\n");
    try_all_ways("csv", "", "a", NULL);
    make("u", "id,name\n1,\xc3\xb6\n2,b\n3,\xe2\x82\xac\n4,d\n5,e");
    run("iconv -f utf-8 -t utf-16 u >a; iconv -f utf-8 -t cp1252 u >c");
    try_all_ways("csv", "encoding: utf-16", "a", NULL);
    try_all_ways("csv", "encoding: cp1252", "c", NULL);
    make("b", "name,id,more\nz,9,1\ny,8,2\nx,7\n");
    make("a", "id,name\n1,a\n2,b\n3,c\n");
    try_everywhere("csv", "{path: [a, b], columns_differ: ignore, row_column: n}");
    try_everywhere("csv", "{path: [b, a], columns_differ: fill, row_column: n}");
}
END_TEST

START_TEST(jsonl_at_every_border)
{
    static const struct {
        const char *text, *options;
    } cases[] = {
        {"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n{\"a\":6}\n{\"a\":7}", ""},
        {"{\"a\":1}\r\n\r\n{\"a\":2}\r\n  \n{\"a\":3}\r\n{\"b\":4}\nnone\n{\"a\":\"x\"}\n\n", ""},
        {"\xef\xbb\xbf{\"a\":1}\n{\"a\":\xff}\n{\"a\":3,\"a\":3}\n{\"a\":4}\n", ""},
        {"", "infer: false, columns: {a: integer}"},
        {"[{\"a\":1},{\"a\":2}\n,\n{\"a\":[3]} , {\"a\":4},\n{\"a\":\"]\"}]\n", "format: array"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make("a", cases[i].text);
        try_all_ways("jsonl", cases[i].options, "a",
                     strstr(cases[i].options, "array") ? "[{\"a\":9},{\"a\":8}]"
                                                       : "{\"a\":9}\n{\"a\":8}");
    }
    make_long("a", "{\"a\":1}\n{\"a\":\"", 'x', 30000, "\"}\n{\"a\":3}\n{\"a\":4}");
    try_all_ways("jsonl", "", "a", NULL);
    make_long("a", "[{\"a\":1},\n{\"a\":\"", 'x', 30000, "\"},\n{\"a\":3},{\"a\":4}]");
    try_all_ways("jsonl", "format: array", "a", NULL);
    make("u", "{\"a\":\"\xc3\xb6\"}\n{\"a\":\"b\"}\n{\"a\":\"\xe2\x82\xac\"}\n{\"a\":\"d\"}");
    run("iconv -f utf-8 -t utf-16 u >a");
    try_all_ways("jsonl", "encoding: utf-16", "a", NULL);
}
END_TEST

/* ---- Files that changed -------------------------------------------------------------------------
 */

/* Reads all from the position in *last on (NULL: the start), and keeps where it ended. */
static part go_on(const char *type, const char *options, part *last)
{
    part now = read_part(type, options, 100, last->position, last->rows, INT32_MAX);
    if (!now.position && last->position)
        now.position = strdup(last->position);
    free_part(last);
    *last = (part){.position = now.position ? strdup(now.position) : NULL, .rows = now.rows};
    return now;
}

/* The rows of a part are these. */
static void expect(part now, const char *rows)
{
    ck_assert_msg(now.status == SL_END, "%s", now.error);
    *strstr(now.text, "\n--\n") = '\0';
    char *to = now.text;
    for (const char *at = now.text; *at; at++) /* the quotes of texts say nothing here */
        if (*at != '\'')
            *to++ = *at;
    *to = '\0';
    ck_assert_str_eq(now.text, rows);
    free_part(&now);
}

static void expect_logged(part now, const char *rows, const char *line)
{
    ck_assert_msg(strstr(now.log, line) != NULL, "%s", now.log);
    expect(now, rows);
}

static void expect_failure(part now, const char *message)
{
    ck_assert_int_eq(now.status, SL_ERROR);
    ck_assert_msg(strstr(now.error, message) != NULL, "%s", now.error);
    free_part(&now);
}

START_TEST(rows_that_were_added_are_read)
{
    static const char *const names[] = {"a", "a.gz", "a.zst"};
    static const char *const more[] = {"cat b >>a", "gzip -c b >>a.gz", "zstd -qc b >>a.zst"};
    for (int i = 0; i < 3; i++) {
        char options[100], rows[200];
        part last = {0};
        make("a", "id,name\n1,a\n2,b\n");
        make("b", "3,c\n4,d\n");
        run("gzip -kfc a >a.gz; zstd -qfc a >a.zst");
        snprintf(options, sizeof options, "{path: %s}", names[i]);
        snprintf(rows, sizeof rows, "%s:1:2: 1,a\n%s:2:3: 2,b\n", names[i], names[i]);
        expect(go_on("csv", options, &last), rows);
        expect(go_on("csv", options, &last), ""); /* nothing new */
        expect(go_on("csv", options, &last), "");
        run(more[i]);
        snprintf(rows, sizeof rows, "%s:3:4: 3,c\n%s:4:5: 4,d\n", names[i], names[i]);
        expect(go_on("csv", options, &last), rows);
        expect(go_on("csv", options, &last), "");
        free_part(&last);
    }
}
END_TEST

START_TEST(files_that_come_and_go)
{
    part last = {0};
    make("b", "b1\nb2\n");
    make("d", "d1\n");
    expect(go_on("lines", "{path: '[a-z]'}", &last), "b:1:1: b1\nb:2:2: b2\nd:1:1: d1\n");
    make("a", "a1\n"); /* one that sorts before, one between */
    make("c", "c1\nc2\n");
    append("d", "d2\n");
    expect(go_on("lines", "{path: '[a-z]'}", &last),
           "a:1:1: a1\nc:1:1: c1\nc:2:2: c2\nd:2:2: d2\n");
    ck_assert_int_eq(unlink("c"), 0);
    expect(go_on("lines", "{path: '[a-z]'}", &last), "");
    append("a", "a2\n"); /* what was read then is still known */
    make("c", "c1\nc2\nc3\n");
    expect(go_on("lines", "{path: '[a-z]'}", &last), "a:2:2: a2\nc:3:3: c3\n");
    free_part(&last);
}
END_TEST

START_TEST(february_is_not_read_twice)
{
    part last = {0};
    make("february.csv", "id\n1\n2\n");
    make("march.csv", "id\n3\n");
    expect(go_on("csv", "{path: february.csv}", &last),
           "february.csv:1:2: 1\nfebruary.csv:2:3: 2\n");
    expect(go_on("csv", "{path: march.csv}", &last), "march.csv:1:2: 3\n");
    expect(go_on("csv", "{path: february.csv}", &last), "");
    append("february.csv", "4\n");
    expect(go_on("csv", "{path: february.csv}", &last), "february.csv:3:4: 4\n");
    expect(go_on("csv", "{path: march.csv}", &last), "");
    free_part(&last);
}
END_TEST

START_TEST(other_content_is_another_file)
{
    part last = {0};
    make("a", "a1\na2\na3\n");
    expect(go_on("lines", "{path: a}", &last), "a:1:1: a1\na:2:2: a2\na:3:3: a3\n");
    make("a", "a1\nb2\na3\na4\n"); /* longer */
    expect_logged(go_on("lines", "{path: a}", &last),
                  "a:1:1: a1\na:2:2: b2\na:3:3: a3\na:4:4: a4\n",
                  "'a' has other content than in the last run: it is read from its start");
    make("a", "a1\n"); /* shorter */
    expect_logged(go_on("lines", "{path: a}", &last), "a:1:1: a1\n", "has other content");
    make("a", "b1\n"); /* the same size */
    expect_logged(go_on("lines", "{path: a}", &last), "a:1:1: b1\n", "has other content");
    run("cp a b; printf 'b2\\n' >>b; mv b a"); /* an edit by rename is the same file */
    expect(go_on("lines", "{path: a}", &last), "a:2:2: b2\n");
    make("a", "");
    expect_logged(go_on("lines", "{path: a}", &last), "", "has other content");
    free_part(&last);
}
END_TEST

START_TEST(only_what_precedes_the_place_must_be_the_same)
{
    part first = {0};
    make("a", "a1\na2\na3\na4\n");
    first = read_part("lines", "{path: a}", 2, NULL, 0, 1);
    make("a", "a1\na2\nb3\nb4\nb5\n");
    expect(go_on("lines", "{path: a}", &first), "a:3:3: b3\na:4:4: b4\na:5:5: b5\n");
    free_part(&first);
}
END_TEST

START_TEST(a_row_that_goes_on_is_not_read_as_another)
{
    static const struct {
        const char *type, *options, *text, *more, *rows; /* rows NULL: refused */
    } cases[] = {
        {"lines", "{path: a}", "one\ntw", "o\nthree\n", NULL},
        {"lines", "{path: a}", "one\ntwo", "\nthree\n", "a:3:3: three\n"},
        {"lines", "{path: a}", "one\ntwo", "\r\nthree\n", "a:3:3: three\n"},
        {"lines", "{path: a}", "one\ntwo", "\n\nfour\n", "a:3:3: \na:4:4: four\n"},
        {"lines", "{path: a}", "one\ntwo", "\n", ""},
        {"lines", "{path: a}", "one\ntwo\n", "\nfour\n", "a:3:3: \na:4:4: four\n"},
        {"csv", "{path: a}", "id,name\n1,a\n2,b", "c\n3,d\n", NULL},
        {"csv", "{path: a}", "id,name\n1,a\n2,b", "\n3,d\n", "a:3:4: 3,d\n"},
        {"csv", "{path: a}", "id,name\n1,a\n2,b", "\r\n3,d\n", "a:3:4: 3,d\n"},
        {"csv", "{path: a}", "id,name\r1,a\r2,b", "\r3,d\r", "a:3:4: 3,d\n"},
        {"csv", "{path: a}", "id,name\r\n1,a\r\n2,b\r", "\n3,d\r\n", "a:3:4: 3,d\n"},
        {"csv", "{path: a}", "id\r\n1\r\n2\r", "\n3\r\n", "a:3:4: 3\n"},
        {"csv", "{path: a}", "id,name\n1,a\n2,\"b\n", "c\"\n3,d\n", NULL},
        {"csv", "{path: a}", "id,name\n1,a\n2,\"b\"", "\n3,d\n", "a:3:4: 3,d\n"},
        {"csv", "{path: a}", "id,name\n1,a\n2,\"b\"", "\"\n3,d\n", NULL},
        {"csv", "{path: a, escape: '\\'}", "id,name\n1,a\n2,b\\\n", "c\n3,d\n", NULL},
        {"csv", "{path: a, comment: '#'}", "id,name\n1,a\n#x", "2,b\n3,d\n", NULL},
        {"jsonl", "{path: a}", "{\"a\":1}\n{\"a\":2}", "\n{\"a\":3}\n", "a:3:3: #3\n"},
        {"jsonl", "{path: a}", "{\"a\":1}\n{\"a\":2", "2}\n{\"a\":3}\n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        part last = {0};
        make("a", cases[i].text);
        part first = go_on(cases[i].type, cases[i].options, &last);
        ck_assert_msg(first.status == SL_END, "%zu: %s", i, first.error);
        free_part(&first);
        append("a", cases[i].more);
        part rest = go_on(cases[i].type, cases[i].options, &last);
        if (cases[i].rows)
            expect(rest, cases[i].rows);
        else
            expect_failure(rest, "had no end when the last run read it as a row, and goes on now");
        free_part(&last);
    }
}
END_TEST

START_TEST(a_file_named_twice_is_read_once)
{
    part last = {0};
    make("a", "a1\n");
    make("b", "b1\n");
    expect_logged(go_on("lines", "{path: [a, '*', a]}", &last), "a:1:1: a1\nb:1:1: b1\n",
                  "'a' is named twice: it is read once");
    free_part(&last);
}
END_TEST

START_TEST(names_of_any_bytes_are_kept)
{
    part last = {0};
    make("\xff \"\\", "a1\n");
    make("\xc3\xbc", "b1\n");
    expect(go_on("lines", "{path: '*'}", &last), "\xc3\xbc:1:1: b1\n\xff \"\\:1:1: a1\n");
    append("\xff \"\\", "a2\n");
    expect(go_on("lines", "{path: '*'}", &last), "\xff \"\\:2:2: a2\n");
    free_part(&last);
}
END_TEST

START_TEST(the_position_says_what_it_must)
{
    part last = {0};
    char wanted[300];
    make("a", "a1\na2\n");
    make("b", "b1\nb2");
    part now = go_on("lines", "{path: [a, b]}", &last);
    *strstr(now.text, "\n--\n") = '\0';
    const char *at = now.position, *done = strstr(at, "\"done\":[");
    ck_assert_ptr_nonnull(done);
    snprintf(wanted, sizeof wanted,
             "{\"file\":\"b\",\"byte\":5,\"row\":2,\"line\":2,\"raw\":5,\"crc\":");
    ck_assert_msg(strncmp(at, wanted, strlen(wanted)) == 0, "%s", at);
    ck_assert_ptr_nonnull(strstr(at, "\"ending\":1,\"ended\":1,\"done\":["));
    snprintf(wanted, sizeof wanted,
             "\"done\":[{\"file\":\"a\",\"byte\":6,\"row\":2,\"line\":2,\"raw\":6,\"crc\":");
    ck_assert_msg(strncmp(done, wanted, strlen(wanted)) == 0, "%s", done);
    free_part(&now);
    free_part(&last);
}
END_TEST

static sl_status keep_type(void *of, uint32_t stage, const char *column, sl_type *type)
{
    (void)of;
    (void)stage;
    *type = SL_TYPE_REAL;
    return strcmp(column, "id") == 0 ? SL_OK : SL_END;
}

START_TEST(types_stay_what_they_were)
{
    static const char *const types[] = {"csv", "jsonl"};
    make("csv", "id,more\n1,1\n");
    make("jsonl", "{\"id\":1,\"more\":1}\n");
    for (int i = 0; i < 2; i++) {
        char options[40];
        snprintf(options, sizeof options, "{path: %s}", types[i]);
        sl_harness *harness =
            sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, types[i]),
                                                .options = options,
                                                .kept_type = keep_type});
        const char *columns = sl_harness_columns(harness);
        ck_assert_ptr_nonnull(strstr(columns, "id:real"));
        ck_assert_ptr_nonnull(strstr(columns, "more:integer"));
        ck_assert_int_eq(sl_harness_free(harness), 0);
    }
}
END_TEST

START_TEST(values_and_count_at_every_border)
{
    try_everywhere("values", "{rows: [{a: 1}, {a: x}, {a: [2]}], repeat: 4}");
    try_everywhere("count", "{start: 3, end: -20, step: -2}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resume");
    TCase *tests = tcase_create("resume");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, lines_at_every_border);
    tcase_add_test(tests, csv_at_every_border);
    tcase_add_test(tests, jsonl_at_every_border);
    tcase_add_test(tests, values_and_count_at_every_border);
    tcase_add_test(tests, rows_that_were_added_are_read);
    tcase_add_test(tests, files_that_come_and_go);
    tcase_add_test(tests, february_is_not_read_twice);
    tcase_add_test(tests, other_content_is_another_file);
    tcase_add_test(tests, only_what_precedes_the_place_must_be_the_same);
    tcase_add_test(tests, a_row_that_goes_on_is_not_read_as_another);
    tcase_add_test(tests, a_file_named_twice_is_read_once);
    tcase_add_test(tests, names_of_any_bytes_are_kept);
    tcase_add_test(tests, the_position_says_what_it_must);
    tcase_add_test(tests, types_stay_what_they_were);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

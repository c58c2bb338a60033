/*
 * test_parse.c - access log lines that are read or refused, and where a jsonl reader goes on.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/apache.h"
#include "tests/harness/harness.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))
#define TIME "[10/Oct/2000:13:55:36 -0700]"

static const char *const read_well[] = {
    "1.2.3.4 - - " TIME " \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "::1 - - " TIME " \"OPTIONS * HTTP/1.0\" 200 - \"-\" \"Apache (internal dummy connection)\"",
    "a.example.org id us er " TIME " \"M-SEARCH /x HTTP/1.1\" 501 0 \"http://r/\" \"u\"",
    "h - - " TIME " \"\" 400 0 \"\" \"\"",
    "h - - " TIME " \"-\" 408 - \"-\" \"-\"",
    "h - \"\" " TIME " \"GET /\" 200 999999999999999999 \"-\" \"-\"",
    "h - - " TIME " \"\\x16\\x03\\x01\\\"\" 400 226 \"\\\\\" \"\\\"\\\"\"",
    "h - - " TIME " \"GET / HTTP/1.0\" - - \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"\r",
    "h - u [1] " TIME " \"GET /[x] HTTP/1.0\" 200 1 \"-\" \"-\"  ",
};

static const char *const refused[] = {
    "",
    " ",
    "-",
    "h",
    "h - -",
    " h - - " TIME " \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - " TIME " \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - 10/Oct/2000:13:55:36 -0700 \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - [00/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - [10/oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - [10/Oct/2000:24:55:36 -0700] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - [10/Oct/2000:13:60:36 -0700] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - [10/Oct/2000:13:55:61 -0700] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - [10/Oct/2000:13:55:36 00700] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - [10/Oct/2000:13:55:36  0700] \"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - " TIME "\"GET / HTTP/1.0\" 200 1 \"-\" \"-\"",
    "h - - " TIME " GET / HTTP/1.0 200 1 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\\\" 200 1 - -",
    "h - - " TIME " \"GET / HTTP/1.0\"200 1 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 99 1 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 2000 1 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 099 1 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 01 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 -1 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1.5 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1000000000000000000 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 \"-\" \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1 \"-\"",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1 - -",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1 \"-\" \"-",
    "h - - " TIME " \"GET / HTTP/1.0\" 200 1 \"-\" \"-\" x",
};

/* In memory of exactly the line's size, so that a sanitizer sees one byte too many. */
static int reads(const char *text, size_t size)
{
    char time[SL_APACHE_TIME], *copy = malloc(size + 1);
    sl_apache_line line = {0};
    ck_assert_ptr_nonnull(copy);
    memcpy(copy + 1, text, size);
    int read = sl_apache_read(&line, copy + 1, size, 1, time);
    if (!read)
        ck_assert(line.error != NULL && line.at >= copy + 1 && line.at <= copy + 1 + size);
    free(copy);
    return read;
}

START_TEST(reads_lines)
{
    ck_assert_msg(reads(read_well[_i], strlen(read_well[_i])), "refused: %s", read_well[_i]);
}
END_TEST

START_TEST(refuses_lines)
{
    ck_assert_msg(!reads(refused[_i], strlen(refused[_i])), "read: %s", refused[_i]);
}
END_TEST

/* No part of a line is a line, and none is read beyond its end. */
START_TEST(refuses_what_is_cut_off)
{
    size_t end = strlen(read_well[_i]);
    while (read_well[_i][end - 1] != '"')
        end--;
    for (size_t size = 0; size < end; size++)
        ck_assert_msg(!reads(read_well[_i], size), "read: %.*s", (int)size, read_well[_i]);
}
END_TEST

/* ---- Where a jsonl reader goes on ----------------------------------------------------- */

#define BATCH_ROWS 3

/* All rows of the files from a position on; the caller frees. */
static char *rows_from(const char *options, const char *position, int64_t rows, int stop,
                       char **told, int64_t *told_rows)
{
    sl_harness_setup setup = {.type = sl_harness_type(SL_READER, "jsonl"),
                              .options = options,
                              .batch_rows = BATCH_ROWS,
                              .position = position,
                              .position_rows = rows};
    sl_harness *harness = sl_harness_open(&setup);
    sl_status status = SL_OK;
    for (int i = 0; status == SL_OK && i != stop; i++)
        status = sl_harness_pull(harness);
    ck_assert_msg(status != SL_ERROR, "%s", sl_harness_error(harness));
    char *given = strdup(sl_harness_rows(harness));
    if (told != NULL) {
        const char *now = sl_harness_position(harness);
        *told = now == NULL ? NULL : strdup(now);
        *told_rows = sl_harness_position_rows(harness);
    }
    sl_harness_close(harness);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    return given;
}

static void write_files(char *directory, int array)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    for (int file = 0; file < 2; file++) {
        char name[256];
        snprintf(name, sizeof name, "%s/%d.json", directory, file);
        FILE *to = fopen(name, "w");
        ck_assert_ptr_nonnull(to);
        for (int row = 0; row < 8; row++)
            fprintf(to, "%s{\"a\":%d,\"b\":\"%d\\n\"}%s", array && row == 0 ? "[\n" : "",
                    file * 8 + row, row,
                    !array    ? row == 4 ? "\r\n\n" : "\n"
                    : row < 7 ? " ,\n"
                              : "]");
        fclose(to);
    }
}

/* Stopped after each batch in turn, the reader gives the rest and nothing twice. */
START_TEST(goes_on_where_it_stood)
{
    char directory[] = "/tmp/sluice-parse-XXXXXX", options[512], name[256];
    write_files(directory, _i);
    snprintf(options, sizeof options, "{path: '%s/*.json', format: %s, row_column: row}", directory,
             _i ? "array" : "lines");
    char *all = rows_from(options, NULL, 0, -1, NULL, NULL);
    ck_assert_ptr_nonnull(strstr(all, "15,"));
    for (int stop = 1; stop <= 6; stop++) {
        char *told;
        int64_t rows;
        char *first = rows_from(options, NULL, 0, stop, &told, &rows);
        ck_assert_ptr_nonnull(told);
        char *second = rows_from(options, told, rows, -1, NULL, NULL);
        size_t size = strlen(first);
        ck_assert_mem_eq(first, all, size);
        ck_assert_str_eq(second, all + size);
        free(first);
        free(second);
        free(told);
    }
    free(all);
    for (int file = 0; file < 2; file++) {
        snprintf(name, sizeof name, "%s/%d.json", directory, file);
        unlink(name);
    }
    rmdir(directory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parse");
    TCase *tests = tcase_create("parse");
    tcase_add_loop_test(tests, reads_lines, 0, (int)COUNT(read_well));
    tcase_add_loop_test(tests, refuses_lines, 0, (int)COUNT(refused));
    tcase_add_loop_test(tests, refuses_what_is_cut_off, 0, (int)COUNT(read_well));
    tcase_add_loop_test(tests, goes_on_where_it_stood, 0, 2);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * test_csv.c - the CSV tokenizer against a second one, written byte by byte and slowly.
 *
 * Random texts over the bytes that have a meaning are read by both, whole and cut at every
 * place, in memory that ends where the text ends.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/value.h"
#include "stages/csv_scan.h"

#define FIELDS 4
#define ROOM 4096

/* ---- The slow one --------------------------------------------------------------------- */

typedef struct slow {
    const sl_csv_dialect *dialect;
    const char *at, *end;
    int64_t line;
    char *out; /* what it reads, as text */
} slow;

static void say(slow *text, const char *bytes, size_t size)
{
    memcpy(text->out, bytes, size);
    text->out += size;
    *text->out = '\0';
}

/* One field as text: NULL or [bytes]. */
static void say_field(slow *text, const char *bytes, size_t size, int null)
{
    if (null) {
        say(text, "NULL", 4);
    } else {
        say(text, "[", 1);
        say(text, bytes, size);
        say(text, "]", 1);
    }
}

static int at_end(const slow *text)
{
    return text->at == text->end || *text->at == '\n' || *text->at == '\r';
}

static int is(const slow *text, int32_t byte)
{
    return byte >= 0 && text->at < text->end && *text->at == (char)byte;
}

static void slow_line_end(slow *text)
{
    if (text->at < text->end) {
        text->at += *text->at == '\r' && text->at + 1 < text->end && text->at[1] == '\n' ? 2 : 1;
        text->line++;
    }
}

/* Answers what is wrong with the field. */
static sl_csv_problem slow_field(slow *text, char *field, size_t *size, int *null)
{
    const sl_csv_dialect *dialect = text->dialect;
    *size = 0;
    *null = 0;
    if (!is(text, dialect->quote)) {
        int escaped = 0;
        while (!at_end(text) && *text->at != dialect->delimiter) {
            if (is(text, dialect->escape) && text->at + 1 < text->end) {
                text->at++;
                escaped = 1;
                if (*text->at == '\n' ? text->at[-1] != '\r' : *text->at == '\r') {
                    text->line++;
                }
            }
            field[(*size)++] = *text->at++;
        }
        *null = *size == 0 && !escaped;
        return SL_CSV_FINE;
    }
    text->at++;
    for (;; text->at++) {
        if (text->at == text->end) {
            return SL_CSV_UNCLOSED;
        }
        if (is(text, dialect->escape)) {
            if (++text->at == text->end) {
                return SL_CSV_UNCLOSED;
            }
        } else if (is(text, dialect->quote)) {
            if (text->at + 1 == text->end || text->at[1] != (char)dialect->quote) {
                break;
            }
            text->at++;
        }
        if (*text->at == '\r' || (*text->at == '\n' && text->at[-1] != '\r')) {
            text->line++;
        }
        field[(*size)++] = *text->at;
    }
    text->at++;
    sl_csv_problem problem = SL_CSV_FINE;
    while (!at_end(text) && *text->at != dialect->delimiter) {
        problem = SL_CSV_AFTER_QUOTE;
        text->at++;
    }
    return problem;
}

static void slow_record(slow *text)
{
    char fields[FIELDS][ROOM], spare[ROOM];
    size_t sizes[FIELDS], spare_size;
    int nulls[FIELDS], spare_null;
    uint32_t count = 0;
    int64_t line = text->line;
    const char *start = text->at;
    sl_csv_problem problem = SL_CSV_FINE;
    for (;;) {
        int kept = count < FIELDS;
        sl_csv_problem here =
            slow_field(text, kept ? fields[count] : spare, kept ? &sizes[count] : &spare_size,
                       kept ? &nulls[count] : &spare_null);
        problem = problem == SL_CSV_FINE || here == SL_CSV_UNCLOSED ? here : problem;
        count++;
        if (at_end(text)) {
            break;
        }
        text->at++;
    }
    size_t size = (size_t)(text->at - start);
    slow_line_end(text);
    if (problem == SL_CSV_FINE && sl_value_utf8(start, size) < size) {
        problem = SL_CSV_UTF8;
    }
    if (problem == SL_CSV_FINE && count != FIELDS) {
        problem = count < FIELDS ? SL_CSV_SHORT : SL_CSV_LONG;
    }
    char head[40];
    say(text, head, (size_t)snprintf(head, sizeof head, "%d:", (int)line));
    if (problem != SL_CSV_FINE) {
        say(text, head, (size_t)snprintf(head, sizeof head, "problem %d", (int)problem));
    }
    for (uint32_t i = 0; problem == SL_CSV_FINE && i < count; i++) {
        say_field(text, fields[i], sizes[i], nulls[i]);
    }
    say(text, ";", 1);
}

static void slow_read(const sl_csv_dialect *dialect, const char *bytes, size_t size, char *out)
{
    slow text = {.dialect = dialect, .at = bytes, .end = bytes + size, .line = 1, .out = out};
    *out = '\0';
    while (text.at < text.end) {
        if (dialect->comment >= 0 && *text.at == (char)dialect->comment) {
            while (!at_end(&text)) {
                text.at++;
            }
            slow_line_end(&text);
        } else if (at_end(&text)) {
            slow_line_end(&text);
        } else {
            slow_record(&text);
        }
    }
}

/* ---- The fast one ---------------------------------------------------------------------- */

static char *say_row(char *out, sl_cell *const *columns, uint32_t row, int64_t line)
{
    slow text = {.out = out};
    text.out += sprintf(out, "%d:", (int)line);
    for (uint32_t i = 0; i < FIELDS; i++) {
        const sl_cell *cell = &columns[i][row];
        ck_assert(cell->kind == SL_NULL || cell->kind == SL_TEXT);
        say_field(&text, cell->as.text, cell->size, cell->kind == SL_NULL);
    }
    say(&text, ";", 1);
    return text.out;
}

/* Reads bytes in pieces of `piece`, `rows` at a time. */
static void fast_read(const sl_csv_dialect *dialect, const char *bytes, size_t size, size_t piece,
                      uint32_t rows, char *out)
{
    sl_cell cells[FIELDS][8], *columns[FIELDS] = {cells[0], cells[1], cells[2], cells[3]};
    int64_t lines[8], line = 1;
    size_t from = 0, to = piece < size ? piece : size;
    *out = '\0';
    for (;;) {
        char *chunk = malloc(to - from + 1); /* ends where the text ends, but for an empty one */
        memcpy(chunk + (to == from), bytes + from, to - from);
        char *start = chunk + (to == from);
        char *exact = to > from ? realloc(chunk, to - from) : chunk;
        start = to > from ? exact : start;
        sl_csv_scan scan = {.dialect = dialect,
                            .at = start,
                            .end = start + (to - from),
                            .final = to == size,
                            .line = line};
        uint32_t row = 0;
        sl_csv_status how = sl_csv_scan_rows(&scan, columns, FIELDS, lines, &row, rows);
        for (uint32_t i = 0; i < row; i++) {
            out = say_row(out, columns, i, lines[i]);
        }
        if (how == SL_CSV_RECORD) {
            out += sprintf(out, "%d:problem %d;", (int)scan.record_line, (int)scan.problem);
        }
        line = scan.line;
        from += (size_t)(scan.at - start);
        free(exact);
        if (how == SL_CSV_MORE && to == size) {
            ck_assert_uint_eq(from, size);
            return;
        }
        if (how == SL_CSV_MORE) {
            to = to + piece < size ? to + piece : size;
        }
    }
}

static uint32_t roll(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static void compare(const sl_csv_dialect *dialect, const char *letters, uint64_t seed)
{
    uint64_t state = seed;
    char text[300];
    static char slow_out[8 * ROOM], fast_out[8 * ROOM];
    for (int round = 0; round < 4000; round++) {
        size_t size = roll(&state) % (round % 10 == 0 ? sizeof text : 40);
        for (size_t i = 0; i < size; i++) {
            text[i] = letters[roll(&state) % strlen(letters)];
        }
        slow_read(dialect, text, size, slow_out);
        size_t piece = 1 + roll(&state) % 70;
        fast_read(dialect, text, size, piece, 1 + roll(&state) % 8, fast_out);
        ck_assert_msg(strcmp(slow_out, fast_out) == 0, "'%.*s' in pieces of %zu\n%s\n%s", (int)size,
                      text, piece, slow_out, fast_out);
    }
}

START_TEST(random_texts_are_read_as_byte_by_byte)
{
    const sl_csv_dialect plain = {.delimiter = ',', .quote = '"', .escape = -1, .comment = -1};
    const sl_csv_dialect none = {.delimiter = '\t', .quote = -1, .escape = -1, .comment = '#'};
    const sl_csv_dialect escape = {.delimiter = ';', .quote = '\'', .escape = '\\', .comment = -1};
    compare(&plain, ",,,\"\"\n\r ab\n", 1);
    compare(&plain, "abcdefghijklmno,,,,,,\n\"", 2);
    compare(&plain, ",,,\n\xc3\xa9", 3);
    compare(&none, "\t\t\t\n\r#\"ab", 4);
    compare(&escape, ";;;'\\\n\rab'", 5);
}
END_TEST

/* ---- One thing each --------------------------------------------------------------------- */

static const sl_csv_dialect usual = {.delimiter = ',', .quote = '"', .escape = -1, .comment = -1};

static sl_csv_status scan_one(sl_csv_scan *scan, const sl_csv_dialect *dialect, char *text,
                              sl_cell cells[2])
{
    sl_cell *columns[2] = {&cells[0], &cells[1]};
    uint32_t row = 0;
    *scan = (sl_csv_scan){
        .dialect = dialect, .at = text, .end = text + strlen(text), .final = 1, .line = 1};
    return sl_csv_scan_rows(scan, columns, 2, NULL, &row, 1);
}

static void expect(const sl_cell *cell, const char *text)
{
    if (text == NULL) {
        ck_assert_uint_eq(cell->kind, SL_NULL);
        return;
    }
    ck_assert_uint_eq(cell->kind, SL_TEXT);
    ck_assert_uint_eq(cell->size, strlen(text));
    ck_assert_int_eq(memcmp(cell->as.text, text, cell->size), 0);
}

START_TEST(trimmed_fields)
{
    sl_csv_dialect dialect = usual;
    sl_csv_scan scan;
    sl_cell cells[2];
    char text[] = "  a b\t, \" c \" \n", empty[] = "  ,\" \"\n";
    dialect.trim = 1;
    ck_assert_int_eq(scan_one(&scan, &dialect, text, cells), SL_CSV_FULL);
    expect(&cells[0], "a b");
    expect(&cells[1], " c ");
    ck_assert_int_eq(scan_one(&scan, &dialect, empty, cells), SL_CSV_FULL);
    expect(&cells[0], NULL);
    expect(&cells[1], " ");
}
END_TEST

START_TEST(null_is_spelled_without_quotes)
{
    sl_csv_dialect dialect = usual;
    sl_csv_scan scan;
    sl_cell cells[2];
    char text[] = "NA,\"NA\"\n";
    dialect.null_text = "NA";
    dialect.null_size = 2;
    ck_assert_int_eq(scan_one(&scan, &dialect, text, cells), SL_CSV_FULL);
    expect(&cells[0], NULL);
    expect(&cells[1], "NA");
}
END_TEST

START_TEST(bad_records_are_shown_as_they_were)
{
    sl_csv_scan scan;
    sl_cell cells[2];
    char utf8[] = "\"a\"\"b\",\xff\n", after[] = "\"a\"\"\"x,b\n", open_quote[] = "a,\"b\nc\nd";
    ck_assert_int_eq(scan_one(&scan, &usual, utf8, cells), SL_CSV_RECORD);
    ck_assert_int_eq(scan.problem, SL_CSV_UTF8);
    ck_assert_uint_eq(scan.byte, 7);
    ck_assert_int_eq(memcmp(scan.record, "\"a\"\"b\",\xff", scan.record_size), 0);
    ck_assert_int_eq(scan_one(&scan, &usual, after, cells), SL_CSV_RECORD);
    ck_assert_int_eq(scan.problem, SL_CSV_AFTER_QUOTE);
    ck_assert_uint_eq(scan.fields, 1);
    ck_assert_int_eq(scan_one(&scan, &usual, open_quote, cells), SL_CSV_RECORD);
    ck_assert_int_eq(scan.problem, SL_CSV_UNCLOSED);
    ck_assert_int_eq(scan.record_line, 1);
    ck_assert_int_eq(scan.line, 3);
}
END_TEST

START_TEST(blank_records_and_padding)
{
    sl_csv_dialect dialect = usual;
    sl_csv_scan scan;
    sl_cell cells[2];
    char blank[] = "\n", lone[] = "a";
    ck_assert_int_eq(scan_one(&scan, &dialect, blank, cells), SL_CSV_MORE);
    dialect.blank = 1;
    ck_assert_int_eq(scan_one(&scan, &dialect, blank, cells), SL_CSV_RECORD);
    ck_assert_int_eq(scan.problem, SL_CSV_SHORT);
    dialect.pad = 1;
    ck_assert_int_eq(scan_one(&scan, &dialect, lone, cells), SL_CSV_FULL);
    expect(&cells[0], "a");
    expect(&cells[1], NULL);
}
END_TEST

/* The record that skip passes over is the one that scan reads. */
START_TEST(skipping_ends_where_reading_ends)
{
    uint64_t state = 9;
    char text[64], copy[64];
    for (int round = 0; round < 20000; round++) {
        sl_cell cells[2], *columns[2] = {&cells[0], &cells[1]};
        uint32_t row = 0;
        size_t size = 1 + roll(&state) % sizeof text, used = 0;
        for (size_t i = 0; i < size; i++) {
            text[i] = ",\"\n\rab"[roll(&state) % 6];
        }
        text[0] = text[0] == '\n' || text[0] == '\r' ? 'a' : text[0];
        memcpy(copy, text, size);
        sl_csv_scan scan = {
            .dialect = &usual, .at = copy, .end = copy + size, .final = 1, .line = 1};
        (void)sl_csv_scan_rows(&scan, columns, 2, NULL, &row, 1);
        sl_csv_skip skip = {.state = 0};
        while (used < size && !skip.done) {
            size_t piece = 1 + roll(&state) % 9;
            piece = piece < size - used ? piece : size - used;
            used += sl_csv_skip_bytes(&skip, &usual, text + used, piece);
        }
        ck_assert_uint_eq(used, (size_t)(scan.at - copy));
        ck_assert_int_eq(1 + skip.lines, scan.line);
        ck_assert_int_eq(sl_csv_skip_quoted(&skip), scan.problem == SL_CSV_UNCLOSED);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tests = tcase_create("scan");
    tcase_add_test(tests, random_texts_are_read_as_byte_by_byte);
    tcase_add_test(tests, trimmed_fields);
    tcase_add_test(tests, null_is_spelled_without_quotes);
    tcase_add_test(tests, bad_records_are_shown_as_they_were);
    tcase_add_test(tests, blank_records_and_padding);
    tcase_add_test(tests, skipping_ends_where_reading_ends);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

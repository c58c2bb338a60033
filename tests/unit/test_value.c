/*
 * test_value.c - numbers read and written as the C library reads and writes them, and what cells
 * are to an expression.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/value.h"

static uint64_t seed = 88172645463325252u;

static uint64_t roll(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Prices, products of prices, bits at random: what people have, and what nobody has. */
static double some_real(int kind)
{
    double real;
    uint64_t bits = roll();
    switch (kind % 6) {
    case 0:
        return (double)(bits % 100000) / 100;
    case 1:
        return (double)(bits % 100000) / 100 * 1.2;
    case 2:
        return (double)(bits % 1000000000) / 1e7 * 2.5;
    case 3:
        return ldexp((double)(bits >> 11), -(int)(bits % 66) - 3);
    case 4:
        return exp(((double)(bits % 100000) / 100000 - 0.3) * 48);
    default:
        memcpy(&real, &bits, sizeof real);
        return isnan(real) ? 1.0 : real;
    }
}

/* The shortest of %.1g to %.17g that reads back. */
static void shortest(double real, char text[64])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, 64, "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            return;
    }
}

START_TEST(reals_are_written_as_short_as_they_read_back)
{
    for (int i = 0; i < 300000; i++) {
        char ours[SL_VALUE_ROOM], theirs[64];
        double real = some_real(i), back;
        size_t size = sl_value_real(real, ours);
        ck_assert_uint_eq(size, strlen(ours));
        if (isinf(real))
            continue;
        back = strtod(ours, NULL);
        ck_assert_msg(memcmp(&back, &real, sizeof real) == 0, "%.17g became %s", real, ours);
        ck_assert_ptr_nonnull(strchr(ours, '.'));
        shortest(real, theirs);
        if (!strchr(theirs, 'e') && !strchr(theirs, '.'))
            strcat(theirs, ".0");
        if (!strchr(theirs, 'e'))
            ck_assert_str_eq(ours, theirs);
    }
}
END_TEST

START_TEST(reals_look_as_in_sqlite)
{
    static const struct {
        double real;
        const char *text;
    } rows[] = {{1, "1.0"},          {0.1, "0.1"},      {-2.5, "-2.5"},
                {1e300, "1.0e+300"}, {100, "100.0"},    {1e15, "1.0e+15"},
                {1e-5, "1.0e-05"},   {INFINITY, "Inf"}, {1e14, "100000000000000.0"},
                {-INFINITY, "-Inf"}, {0.001, "0.001"}};
    char text[SL_VALUE_ROOM];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sl_value_real(rows[i].real, text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

START_TEST(numbers_are_read_as_strtod_reads_them)
{
    for (int i = 0; i < 300000; i++) {
        char text[64];
        sl_cell cell;
        double real = some_real(i);
        if (isinf(real))
            continue;
        snprintf(text, sizeof text, "%.*g", 1 + i % 19, real);
        sl_spelling found = sl_value_number(text, strlen(text), &cell);
        double wanted = strtod(text, NULL);
        if (isinf(wanted)) {
            ck_assert_int_eq(found, SL_SPELLING_HUGE);
        } else if (found == SL_SPELLING_REAL) {
            ck_assert_msg(cell.as.real == wanted, "%s read as %.17g", text, cell.as.real);
        } else if (found == SL_SPELLING_INTEGER) {
            ck_assert_int_eq(cell.as.integer, strtoll(text, NULL, 10));
        } else {
            ck_assert_msg(found == SL_SPELLING_HUGE || strcmp(text, "-0") == 0, "%s", text);
        }
    }
}
END_TEST

START_TEST(spellings)
{
    static const struct {
        const char *text;
        sl_spelling spelling;
    } rows[] = {
        {"0", SL_SPELLING_INTEGER},
        {"-1", SL_SPELLING_INTEGER},
        {"9223372036854775807", SL_SPELLING_INTEGER},
        {"-9223372036854775808", SL_SPELLING_INTEGER},
        {"9223372036854775808", SL_SPELLING_HUGE},
        {"1e400", SL_SPELLING_HUGE},
        {"-0", SL_SPELLING_REAL},
        {"1.0", SL_SPELLING_REAL},
        {"1e5", SL_SPELLING_REAL},
        {"0E0", SL_SPELLING_REAL},
        {"", SL_SPELLING_TEXT},
        {"-", SL_SPELLING_TEXT},
        {"+1", SL_SPELLING_TEXT},
        {"01", SL_SPELLING_TEXT},
        {"09005", SL_SPELLING_TEXT},
        {"1.", SL_SPELLING_TEXT},
        {".5", SL_SPELLING_TEXT},
        {"1e", SL_SPELLING_TEXT},
        {"0x10", SL_SPELLING_TEXT},
        {"1 ", SL_SPELLING_TEXT},
        {"NaN", SL_SPELLING_TEXT},
        {"inf", SL_SPELLING_TEXT},
        {"1_000", SL_SPELLING_TEXT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sl_cell cell;
        ck_assert_msg(sl_value_number(rows[i].text, strlen(rows[i].text), &cell) ==
                          rows[i].spelling,
                      "'%s'", rows[i].text);
    }
}
END_TEST

static sl_cell text_cell(sl_kind kind, const char *text)
{
    return (sl_cell){.kind = kind, .size = (uint32_t)strlen(text), .as.text = text};
}

START_TEST(cells_as_their_column_reads_them)
{
    sl_column real = {.name = "r", .type = SL_TYPE_REAL, .flags = SL_COLUMN_FACES};
    sl_column integer = {.name = "i", .type = SL_TYPE_INTEGER, .flags = SL_COLUMN_FACES};
    sl_column boolean = {.name = "b", .type = SL_TYPE_BOOLEAN, .flags = SL_COLUMN_FACES};
    sl_column text = {.name = "t", .type = SL_TYPE_TEXT};
    sl_cell face = text_cell(SL_TEXT, "12.50"), number = text_cell(SL_NUMERAL, "7"), value;

    ck_assert_int_eq(sl_value_typed(&real, &face, &value), SL_OK);
    ck_assert(value.kind == SL_REAL && value.as.real == 12.5);
    face = text_cell(SL_TEXT, "n/a");
    ck_assert_int_eq(sl_value_typed(&real, &face, &value), SL_END);
    face = text_cell(SL_TEXT, "42");
    ck_assert_int_eq(sl_value_typed(&integer, &face, &value), SL_OK);
    ck_assert(value.kind == SL_INTEGER && value.as.integer == 42);
    face = text_cell(SL_TEXT, "true");
    ck_assert_int_eq(sl_value_typed(&boolean, &face, &value), SL_OK);
    ck_assert(value.kind == SL_INTEGER && value.as.integer == 1);
    ck_assert_int_eq(sl_value_typed(&text, &face, &value), SL_OK);
    ck_assert(value.kind == SL_TEXT && value.size == 4);
    ck_assert_int_eq(sl_value_typed(&text, &number, &value), SL_OK);
    ck_assert(value.kind == SL_TEXT && value.size == 1);
    ck_assert_int_eq(sl_value_typed(&integer, &number, &value), SL_OK);
    ck_assert(value.kind == SL_INTEGER && value.as.integer == 7);
    face = (sl_cell){0};
    ck_assert_int_eq(sl_value_typed(&real, &face, &value), SL_OK);
    ck_assert(value.kind == SL_NULL);
}
END_TEST

START_TEST(sizes_and_durations)
{
    int64_t value = 0;
    ck_assert(sl_value_size("64KiB", &value) == 0 && value == 65536);
    ck_assert(sl_value_size("1MB", &value) == 0 && value == 1000000);
    ck_assert(sl_value_size("512", &value) == 0 && value == 512);
    ck_assert_int_eq(sl_value_size("lots", &value), -1);
    ck_assert_int_eq(sl_value_size("99999999999GiB", &value), -1);
    ck_assert_int_eq(sl_value_size("-1", &value), -1);
    ck_assert(sl_value_duration("250ms", &value) == 0 && value == 250000);
    ck_assert(sl_value_duration("5s", &value) == 0 && value == 5000000);
    ck_assert(sl_value_duration("2m", &value) == 0 && value == 120000000);
    ck_assert_int_eq(sl_value_duration("soon", &value), -1);
}
END_TEST

START_TEST(utf8_and_names)
{
    static const char *const names[] = {"amount", "country", "status"};
    ck_assert_uint_eq(sl_value_utf8("caf\xc3\xa9", 5), 5);
    ck_assert_uint_eq(sl_value_utf8("ab\xff", 3), 2);
    ck_assert_uint_eq(sl_value_utf8("\xc0\x80", 2), 0);         /* overlong */
    ck_assert_uint_eq(sl_value_utf8("\xed\xa0\x80", 3), 0);     /* a surrogate */
    ck_assert_uint_eq(sl_value_utf8("\xf4\x90\x80\x80", 4), 0); /* beyond U+10FFFF */
    ck_assert_uint_eq(sl_value_utf8("x\xe2\x82", 3), 1);        /* cut */
    ck_assert_str_eq(sl_value_nearest("stauts", names, 3), "status");
    ck_assert_str_eq(sl_value_nearest("Amount", names, 3), "amount");
    ck_assert_ptr_null(sl_value_nearest("zzzz", names, 3));
    ck_assert_int_eq(sl_value_same_name("ID", "id"), 0);
    ck_assert_int_ne(sl_value_same_name("ID", "idx"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("value");
    TCase *all = tcase_create("value");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, reals_are_written_as_short_as_they_read_back);
    tcase_add_test(all, reals_look_as_in_sqlite);
    tcase_add_test(all, numbers_are_read_as_strtod_reads_them);
    tcase_add_test(all, spellings);
    tcase_add_test(all, cells_as_their_column_reads_them);
    tcase_add_test(all, sizes_and_durations);
    tcase_add_test(all, utf8_and_names);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * test_infer.c - which type a column gets from which values.
 */
#include <check.h>
#include <string.h>

#include "stages/core/option.h"
#include "stages/infer.h"

/* A column of faces, in one text with spaces between; `times` times the first of them. */
static sl_infer faces(const char *values, int times, char decimal)
{
    sl_infer infer = {.decimal = decimal};
    int64_t row = 0;
    while (*values != '\0') {
        size_t size = strcspn(values, " ");
        for (int i = 0; i < (row == 0 ? times : 1); i++) {
            sl_infer_face(&infer, values, size, row + i + 1);
        }
        row += row == 0 ? times : 1;
        values += size + strspn(values + size, " ");
    }
    return infer;
}

static const struct {
    const char *values;
    int times;
    char decimal;
    sl_type type;
    int64_t misfits;
} columns[] = {
    {"", 1, '.', SL_TYPE_TEXT, 0},
    {"1 -2 0 9223372036854775807", 1, '.', SL_TYPE_INTEGER, 0},
    {"1 2.5", 1, '.', SL_TYPE_REAL, 0},
    {"12.50 0.1 1e-05 1.5e3 -3e2", 1, '.', SL_TYPE_REAL, 0},
    {"-0", 1, '.', SL_TYPE_REAL, 0},
    {"9007199254740993 0.5", 1, '.', SL_TYPE_NUMERIC, 0},
    {"1 n/a", 19, '.', SL_TYPE_INTEGER, 1}, /* 95 of 100 */
    {"1 n/a", 18, '.', SL_TYPE_TEXT, 0},
    {"1.5 n/a true", 38, '.', SL_TYPE_REAL, 2},
    {"1 09005", 100, '.', SL_TYPE_TEXT, 0},
    {"1 -007", 100, '.', SL_TYPE_TEXT, 0},
    {"1.5 00.5", 100, '.', SL_TYPE_TEXT, 0},
    {"1 0E0", 100, '.', SL_TYPE_TEXT, 0},
    {"1 12e3", 100, '.', SL_TYPE_TEXT, 0},
    {"1 9223372036854775808", 100, '.', SL_TYPE_TEXT, 0},
    {"1 09/05", 100, '.', SL_TYPE_INTEGER, 1},
    {"1 +5", 100, '.', SL_TYPE_INTEGER, 1},
    {"1 .5", 100, '.', SL_TYPE_INTEGER, 1},
    {"1 5.", 100, '.', SL_TYPE_INTEGER, 1},
    {"1 NaN Infinity 0x10", 100, '.', SL_TYPE_INTEGER, 3},
    {"true false", 5, '.', SL_TYPE_BOOLEAN, 0},
    {"true yes", 100, '.', SL_TYPE_TEXT, 0},
    {"True", 5, '.', SL_TYPE_TEXT, 0},
    {"12,5 3 -0,25", 1, ',', SL_TYPE_REAL, 0},
    {"12,5 1.000", 100, ',', SL_TYPE_REAL, 1},
    {"12,5 00,5", 100, ',', SL_TYPE_TEXT, 0},
    {"12,5", 5, '.', SL_TYPE_TEXT, 0},
};

START_TEST(a_column_of_faces)
{
    int64_t misfits;
    sl_infer infer = faces(columns[_i].values, columns[_i].times, columns[_i].decimal);
    sl_type type = sl_infer_type(&infer, &misfits, NULL);
    ck_assert_msg(type == columns[_i].type, "'%s' is %s", columns[_i].values, sl_type_name(type));
    ck_assert_int_eq(misfits, columns[_i].misfits);
}
END_TEST

START_TEST(the_first_misfit_is_the_example)
{
    sl_infer infer = faces("1 n/a true", 98, '.');
    sl_infer_example first;
    (void)sl_infer_type(&infer, NULL, &first);
    ck_assert_int_eq(first.row, 99);
    ck_assert_uint_eq(first.size, 3);
    ck_assert_int_eq(memcmp(first.text, "n/a", 3), 0);
}
END_TEST

START_TEST(an_example_is_cut_between_characters)
{
    sl_infer infer = {.values = 0};
    char text[60];
    memset(text, 'x', sizeof text);
    memcpy(text + SL_INFER_EXAMPLE - 1, "\xc3\xa9", 2);
    sl_infer_face(&infer, text, sizeof text, 7);
    ck_assert_uint_eq(infer.string.size, SL_INFER_EXAMPLE - 1);
    ck_assert_int_eq(infer.string.row, 7);
}
END_TEST

START_TEST(typed_values)
{
    sl_infer infer = {.values = 0};
    for (int64_t i = 1; i <= 19; i++) {
        sl_infer_number(&infer, "1e5", 3, i);
    }
    ck_assert_uint_eq(sl_infer_type(&infer, NULL, NULL), SL_TYPE_REAL);
    sl_infer_string(&infer, "5", 1, 20);
    int64_t misfits;
    ck_assert_uint_eq(sl_infer_type(&infer, &misfits, NULL), SL_TYPE_REAL);
    ck_assert_int_eq(misfits, 1);
    sl_infer_string(&infer, "", 0, 21);
    ck_assert_uint_eq(sl_infer_type(&infer, NULL, NULL), SL_TYPE_ANY);
    sl_infer_number(&infer, "18446744073709551616", 20, 22);
    ck_assert_uint_eq(sl_infer_type(&infer, NULL, NULL), SL_TYPE_TEXT);
    sl_infer_nested(&infer);
    ck_assert_uint_eq(sl_infer_type(&infer, NULL, NULL), SL_TYPE_JSON);
}
END_TEST

START_TEST(typed_booleans_and_strings)
{
    sl_infer booleans = {.values = 0}, strings = {.values = 0};
    sl_infer_boolean(&booleans, 1, 1);
    sl_infer_boolean(&booleans, 0, 2);
    ck_assert_uint_eq(sl_infer_type(&booleans, NULL, NULL), SL_TYPE_BOOLEAN);
    sl_infer_string(&strings, "12", 2, 1);
    ck_assert_uint_eq(sl_infer_type(&strings, NULL, NULL), SL_TYPE_TEXT);
    sl_infer_boolean(&strings, 1, 2);
    ck_assert_uint_eq(sl_infer_type(&strings, NULL, NULL), SL_TYPE_ANY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("infer");
    TCase *tests = tcase_create("infer");
    tcase_add_loop_test(tests, a_column_of_faces, 0, sizeof columns / sizeof *columns);
    tcase_add_test(tests, the_first_misfit_is_the_example);
    tcase_add_test(tests, an_example_is_cut_between_characters);
    tcase_add_test(tests, typed_values);
    tcase_add_test(tests, typed_booleans_and_strings);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

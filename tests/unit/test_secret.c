/*
 * test_secret.c - text is rid of the secrets that are known: whole, cut, spelled in other ways.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "stages/core/env.h"
#include "stages/core/secret.h"
#include "stages/core/text.h"

static sl_secret *keep(sl_secret *list, const char *text)
{
    char *taken = sl_secret_take(&list, strlen(text));
    ck_assert_ptr_nonnull(taken);
    strcpy(taken, text);
    sl_secret_know(list, taken);
    return list;
}

static void check_hidden(const char *text, const char *wanted)
{
    char *got = strdup(text);
    size_t size = sl_secret_hide(got, strlen(got));
    ck_assert_str_eq(got, wanted);
    ck_assert_uint_eq(size, strlen(wanted));
    free(got);
    size = strlen(text);
    got = strdup(text);
    sl_secret_mask(got, size);
    ck_assert_uint_eq(strlen(got), size);
    ck_assert_int_eq(strcmp(got, text) == 0, strcmp(text, wanted) == 0);
    free(got);
}

START_TEST(hides_what_is_known)
{
    check_hidden("hunter2-hunter2", "hunter2-hunter2");
    sl_secret *list = keep(keep(NULL, "hunter2-hunter2"), "it's \"q\\\n");
    list = keep(keep(list, "hunter2"), "abc");
    check_hidden("", "");
    check_hidden("hunter2-hunter2", "***");
    check_hidden("a hunter2-hunter2 b hunter2 c", "a *** b *** c");
    check_hidden("hunter2hunter2", "******");
    check_hidden("abc", "abc"); /* too short to be looked for */
    check_hidden("it's \"q\\\n", "***");
    check_hidden("'it''s \"q\\\n'", "'***'");
    check_hidden("\"it's \"\"q\\\n\"", "\"***\"");
    check_hidden("it's \\\"q\\\\\\n.", "***.");
    /* Cut by whoever made the message: at its end, before a quote or dots, and nowhere else. */
    check_hidden("'hunter'", "'***'");
    check_hidden("got hunter...", "got ***...");
    check_hidden("a hunter", "a ***");
    check_hidden("the hunter of", "the hunter of");
    check_hidden("'hunte'", "'hunte'");
    sl_secret_drop(list);
    check_hidden("hunter2-hunter2", "hunter2-hunter2");
}
END_TEST

/* What drops one list does not make those of others known again, nor forgets them. */
START_TEST(keeps_lists_apart)
{
    sl_secret *one = keep(NULL, "secret-of-one"), *two = keep(NULL, "secret-of-two");
    sl_secret *same = keep(NULL, "secret-of-one");
    sl_secret_drop(one);
    check_hidden("secret-of-one secret-of-two", "*** ***");
    sl_secret_drop(same);
    check_hidden("secret-of-one secret-of-two", "secret-of-one ***");
    sl_secret_drop(two);
    sl_secret_drop(NULL);
}
END_TEST

/* Only strings of JSON are touched: it stays JSON. */
START_TEST(hides_in_json)
{
    sl_builder text = {.env = &sl_env_real};
    sl_secret *list = keep(keep(NULL, "12345"), "a\"b:c");
    sl_builder_word(&text, "12345 {\"n\":12345,\"t\":\"x12345\",\"q\":");
    sl_builder_json(&text, "a\"b:c", 5);
    sl_builder_word(&text, ",\"e\":\"\\\\\"}");
    sl_builder_hide(&text, 6);
    ck_assert_str_eq(text.data, "12345 {\"n\":12345,\"t\":\"x***\",\"q\":\"***\",\"e\":\"\\\\\"}");
    ck_assert_uint_eq(text.size, strlen(text.data));
    sl_builder_clear(&text);
    sl_builder_word(&text, "\"open 12345");
    sl_builder_hide(&text, 0);
    ck_assert_str_eq(text.data, "\"open ***");
    sl_builder_done(&text);
    sl_secret_drop(list);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret");
    TCase *rooms = tcase_create("hiding");
    tcase_add_test(rooms, hides_what_is_known);
    tcase_add_test(rooms, keeps_lists_apart);
    tcase_add_test(rooms, hides_in_json);
    suite_add_tcase(suite, rooms);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

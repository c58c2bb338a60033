/*
 * test_checkpoint.c - the JSON of checkpoints: what is written is read as it was, written again it
 * is the same body, and the time stands outside of it.
 */
#include <check.h>
#include <string.h>

#include "daemon/checkpoint.h"
#include "stages/core/env.h"

static sl_arena *arena;

static void set_up(void)
{
    arena = sl_arena_new(&sl_env_real);
}

static void tear_down(void)
{
    sl_arena_free(arena);
}

/* A body with everything that there is in it; names that JSON must escape. */
static const char body[] =
    "\"origin\":\"00000000000000ab\",\"rows\":3990,\"stages\":["
    "{\"stage\":\"a \\\"b\\\"\",\"type\":\"csv\",\"count\":4000,\"rejected\":10,"
    "\"at\":{\"file\": \"x,\\\"out\\\":.csv\", \"changed\": 7},\"source\":\"9b1f\","
    "\"types\":{\"id\":\"integer\"}},"
    "{\"stage\":\"limit\",\"type\":\"limit\",\"count\":4,\"rejected\":0,\"state\":{\"given\":2}},"
    "{\"stage\":\"out\",\"type\":\"sqlite\",\"count\":4000,\"rejected\":1}],"
    "\"path\":{\"a \\\"b\\\"\":\"01\",\"limit\":\"02\"},\"taken\":{\"rules\":-1},"
    "\"before\":{\"out\":\"\"}";

static void whole_of(sl_builder *text, const char *part, int64_t changed, const char *out)
{
    sl_builder from = {.env = &sl_env_real};
    sl_builder_word(&from, part);
    sl_checkpoint_whole(text, &from, changed, out, 0);
    sl_builder_done(&from);
}

START_TEST(is_read_as_it_was_written)
{
    sl_builder all = {.env = &sl_env_real}, again = {.env = &sl_env_real};
    sl_kept kept;
    const char *why;
    whole_of(&all, body, 1795857838745162, "{\"bytes\":5}");
    ck_assert_int_eq(sl_checkpoint_parse(arena, all.data, &kept, &why), 0);
    ck_assert_int_eq(kept.changed, 1795857838745162);
    ck_assert_int_eq(kept.rows, 3990);
    ck_assert_str_eq(kept.out, "{\"bytes\":5}");
    ck_assert_uint_eq(kept.stages_count, 3);
    ck_assert_str_eq(kept.stages[0].name, "a \"b\"");
    ck_assert_int_eq(kept.stages[0].reader, 1);
    ck_assert_int_eq(kept.stages[1].reader, 0);
    ck_assert_str_eq(kept.stages[1].json, "{\"given\":2}");
    sl_checkpoint_again(&again, &kept, kept.origin);
    ck_assert_str_eq(again.data, body);
    sl_builder_done(&all);
    sl_builder_done(&again);
}
END_TEST

START_TEST(the_time_is_no_part_of_the_body)
{
    sl_builder all = {.env = &sl_env_real}, one = {.env = &sl_env_real},
               two = {.env = &sl_env_real};
    sl_kept kept;
    const char *why;
    whole_of(&all, body, 1, NULL);
    ck_assert_int_eq(sl_checkpoint_parse(arena, all.data, &kept, &why), 0);
    ck_assert_ptr_null(kept.out);
    sl_checkpoint_again(&one, &kept, kept.origin);
    whole_of(&all, body, 2, NULL);
    ck_assert_int_eq(sl_checkpoint_parse(arena, all.data, &kept, &why), 0);
    ck_assert_int_eq(kept.changed, 2);
    sl_checkpoint_again(&two, &kept, kept.origin);
    ck_assert_str_eq(one.data, two.data);
    sl_builder_done(&all);
    sl_builder_done(&one);
    sl_builder_done(&two);
}
END_TEST

START_TEST(a_version_to_come_and_what_is_none_are_refused)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "{\"version\":1,\"rows\":\"x\"}",
                                        "{\"version\":1,\"stages\":[{}]}",
                                        "{\"version\":1,\"changed\":1.5}"};
    sl_kept kept;
    const char *why;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_int_eq(sl_checkpoint_parse(arena, texts[i], &kept, &why), -1);
        ck_assert_str_eq(why, "it is no checkpoint of sluice");
    }
    ck_assert_int_eq(sl_checkpoint_parse(arena, "{\"version\":2}", &kept, &why), -1);
    ck_assert_str_eq(why, "it was written by a newer version of sluice");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *cases = tcase_create("checkpoint");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, is_read_as_it_was_written);
    tcase_add_test(cases, the_time_is_no_part_of_the_body);
    tcase_add_test(cases, a_version_to_come_and_what_is_none_are_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

/*
 * test_temporary.c - what killed runs left beside a target is removed, and nothing else.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/core/env.h"
#include "stages/temporary.h"

static int make(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static int is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

START_TEST(removes_what_nobody_holds)
{
    static const char *const left[] = {".rows.csv.sluice-00000000", ".rows.csv.sluice-09abcdef"};
    static const char *const others[] = {
        "rows.csv",
        ".rows.csv.sluice-0000000",  /* seven digits */
        ".rows.csv.sluice-0000000g", /* no digit */
        ".rows2csv.sluice-00000000", /* of another target */
        ".other.csv.sluice-00000000",
    };
    char folder[] = "/tmp/sluice-temporary-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        close(make(left[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        close(make(others[i]));
    int held = make(".rows.csv.sluice-11111111");
    sl_temporary_hold(&sl_env_real, held);
    for (int whole = 0; whole < 2; whole++) {
        char path[100];
        snprintf(path, sizeof path, "%s/rows.csv", folder);
        sl_temporary_clean(&sl_env_real, whole ? path : "rows.csv");
        for (size_t i = 0; i < sizeof left / sizeof *left; i++)
            ck_assert(!is_there(left[i]));
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            ck_assert(is_there(others[i]));
        ck_assert(is_there(".rows.csv.sluice-11111111"));
    }
    close(held);
    sl_temporary_clean(&sl_env_real, "rows.csv");
    ck_assert(!is_there(".rows.csv.sluice-11111111"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_int_eq(unlink(others[i]), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* A name is no pattern. */
START_TEST(takes_names_as_they_are)
{
    char folder[] = "/tmp/sluice-temporary-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    close(make(".*.sluice-00000000"));
    close(make(".a.sluice-00000000"));
    sl_temporary_clean(&sl_env_real, "*");
    ck_assert(!is_there(".*.sluice-00000000"));
    ck_assert_int_eq(unlink(".a.sluice-00000000"), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("temporary");
    TCase *tcase = tcase_create("temporary");
    tcase_add_test(tcase, removes_what_nobody_holds);
    tcase_add_test(tcase, takes_names_as_they_are);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

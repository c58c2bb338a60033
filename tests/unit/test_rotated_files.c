/*
 * test_rotated_files.c - many files that are renamed at once, as logrotate does it: log becomes
 * log.1, log.1 becomes log.2. Between runs, during a run, between two renames, and where the list
 * of the folder lacks files that are just being renamed. Each line must come once.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/harness.h"

#define FILES 6
#define LINES 4000

static char folder[64];
static sl_fake_env fake;
static sl_harness *harness;
static size_t seen; /* bytes of the rows that were counted */
static char *position;
static int64_t position_rows;
static int times[LINES]; /* each line came */
static int written, found;
static int64_t batch_rows;
static char hidden[FILES + 2]; /* log.N: the folder's list lacks it */
static int32_t (*real_glob)(void *, const char *, int32_t (*)(void *, const char *), void *);

typedef struct listing {
    int32_t (*found)(void *user, const char *path);
    void *user;
} listing;

static int32_t pass(void *user, const char *path)
{
    const listing *now = user;
    int number = 0;
    sscanf(path, "log.%d", &number);
    return hidden[number] ? 0 : now->found(now->user, path);
}

static int32_t partial_glob(void *context, const char *pattern,
                            int32_t (*to)(void *user, const char *path), void *user)
{
    listing now = {.found = to, .user = user};
    return real_glob(context, pattern, pass, &now);
}

static void setup(void)
{
    strcpy(folder, "/tmp/sluice-rotated-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    sl_fake_env_init(&fake);
    real_glob = fake.env.glob;
    fake.env.glob = partial_glob;
}

static void stop(void)
{
    if (!harness)
        return;
    if (sl_harness_position(harness)) {
        free(position);
        position = strdup(sl_harness_position(harness));
        position_rows = sl_harness_position_rows(harness);
    }
    ck_assert_int_eq(sl_harness_free(harness), 0);
    harness = NULL;
}

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void afresh(void)
{
    stop();
    free(position);
    position = NULL;
    position_rows = 0;
    run("rm -rf ./*");
    memset(times, 0, sizeof times);
    memset(hidden, 0, sizeof hidden);
    written = found = 0;
    batch_rows = 0;
}

static void teardown(void)
{
    char command[100];
    afresh();
    sl_fake_env_done(&fake);
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    run(command);
}

static void start(const char *options)
{
    stop();
    harness = sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, "lines"),
                                                  .options = options,
                                                  .batch_bytes = 8192,
                                                  .batch_rows = batch_rows,
                                                  .position = position,
                                                  .position_rows = position_rows,
                                                  .fake = &fake});
    seen = 0;
}

/* Asks until there is nothing more, or nothing new, and counts the lines. */
static void look(void)
{
    sl_status status;
    while ((status = sl_harness_try(harness)) == SL_OK)
        ;
    ck_assert_msg(status != SL_ERROR, "%s", sl_harness_error(harness));
    const char *at = sl_harness_rows(harness) + seen;
    seen += strlen(at);
    for (; *at; at = strchr(at, '\n') + 1) {
        int line = 0;
        ck_assert_msg(sscanf(at, "'line %d'", &line) == 1, "%s", at);
        times[line]++;
        found++;
    }
}

static void write_lines(const char *name, int count)
{
    FILE *file = fopen(name, "ab");
    ck_assert_ptr_nonnull(file);
    for (; count > 0; count--)
        fprintf(file, "line %d\n", written++);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_lt(written, LINES);
}

static const char *name_of(int number)
{
    static char names[2][20];
    static int turn;
    char *name = names[turn++ % 2];
    snprintf(name, sizeof names[0], number ? "log.%d" : "log", number);
    return name;
}

/* One of the renames of a rotation. */
static void shift_one(int number)
{
    if (access(name_of(number), F_OK) == 0)
        ck_assert_int_eq(rename(name_of(number), name_of(number + 1)), 0);
}

static void shift(int last)
{
    for (int number = last - 1; number >= 0; number--)
        shift_one(number);
}

static void expect_all_once(const char *what, long seed)
{
    for (int line = 0; line < written; line++)
        ck_assert_msg(times[line] == 1, "%s, %ld: line %d of %d came %d times\n%s", what, seed,
                      line, written, times[line], sl_harness_log(harness));
    ck_assert_int_eq(found, written);
}

#define FOLLOW "{path: 'log*', follow: true, rotate_wait: 1s}"
#define ONCE "{path: 'log*'}"

/* ---- Cases --------------------------------------------------------------------------------- */

static void rotate_between(const char *options, int shifts, int rest)
{
    afresh();
    for (int number = FILES - 4; number >= 0; number--)
        write_lines(name_of(number), 3 + number);
    start(options);
    look();
    ck_assert_int_eq(found, written);
    stop();
    for (int i = 0; i < shifts; i++) {
        write_lines("log", rest);
        shift(FILES - 2 + i);
        write_lines("log", 2);
    }
    write_lines("log.1", rest); /* somebody still has it open */
    for (int i = 0; i < 3; i++) {
        start(options);
        look();
    }
    expect_all_once(options, shifts);
    ck_assert_str_eq(sl_harness_log(harness), "");
}

START_TEST(rotations_between_two_runs)
{
    for (int shifts = 1; shifts <= 2; shifts++)
        for (int rest = 0; rest < 3; rest++) {
            rotate_between(FOLLOW, shifts, rest);
            rotate_between(ONCE, shifts, rest);
        }
}
END_TEST

/* A look lacks a file, for longer than rotate_wait, and the run is cut off after `kill` looks. */
START_TEST(a_file_that_a_look_lacked)
{
    for (int lacks = 0; lacks <= 4; lacks++)
        for (int kill = 0; kill < 6; kill++) {
            afresh();
            for (int number = 3; number >= 0; number--)
                write_lines(name_of(number), 3 + number);
            start(FOLLOW);
            look();
            shift(4);
            write_lines("log", 1);
            for (int i = 0; i < 6; i++) {
                hidden[lacks] = i < 4;
                if (i == kill)
                    start(FOLLOW);
                look();
                fake.clock += 400000;
                if (i == 1)
                    write_lines("log", 2); /* makes a position */
            }
            expect_all_once("lacks", lacks * 10 + kill);
        }
}
END_TEST

/* Renames come one by one, between looks and runs; lists lack files. */
static void live_with(unsigned seed)
{
    int renaming = -1; /* the number whose turn is next */
    afresh();
    srandom(seed);
    write_lines("log", 1);
    start(FOLLOW);
    look();
    int rotations = 0;
    for (int step = 0; step < 150; step++) {
        int what = (int)(random() % 10);
        if (renaming >= 0 && what < 6) {
            shift_one(renaming--);
        } else if (what < 3) {
            write_lines("log", (int)(random() % 4)); /* begins it when it is not there */
        } else if (what < 7) {
            for (int i = 0; i <= FILES; i++)
                hidden[i] = random() % 8 == 0;
            look();
            fake.clock += random() % 800000;
        } else if (what == 7) {
            start(FOLLOW);
        } else if (renaming < 0 && rotations < FILES && random() % 2) {
            renaming = rotations++;
        }
    }
    memset(hidden, 0, sizeof hidden);
    for (; renaming >= 0; renaming--)
        shift_one(renaming);
    for (int i = 0; i < 6; i++) {
        look();
        fake.clock += 500000;
    }
    expect_all_once("seed", (long)seed);
}

START_TEST(renames_one_by_one_and_lists_that_lack_files)
{
    for (unsigned seed = 1; seed <= 300; seed++)
        live_with(seed);
}
END_TEST

/* ---- Before there is a new file ------------------------------------------------------------- */

START_TEST(a_run_between_a_rename_and_the_new_file)
{
    static const char *const paths[] = {"{path: log, follow: true, rotate_wait: 1s}",
                                        "{path: 'lo[g]', follow: true, rotate_wait: 1s}"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        afresh();
        write_lines("log", 3);
        start(paths[i]);
        look();
        stop();
        write_lines("log", 2);
        shift(1);
        start(paths[i]);
        look();
        ck_assert_int_eq(found, 5); /* at once */
        write_lines("log", 1);
        start(paths[i]);
        look();
        ck_assert_int_eq(found, 5); /* it waits for its turn */
        fake.clock += 1000000;
        look();
        expect_all_once(paths[i], 0);
        ck_assert_str_eq(sl_harness_log(harness), "");
    }
}
END_TEST

START_TEST(a_new_file_that_begins_as_the_old_one_did)
{
    static const char *const options = "{path: log, follow: true, rotate_wait: 1s}";
    for (int between = 0; between < 2; between++) {
        afresh();
        run("echo line 0 >log");
        start(options);
        look();
        if (between)
            stop();
        run("mv log log.1; echo line 1 >>log.1; echo line 0 >log; echo line 2 >>log");
        if (between)
            start(options);
        look();
        fake.clock += 1000000;
        look();
        look();
        ck_assert_int_eq(times[0], 2);
        ck_assert_int_eq(times[1], 1);
        ck_assert_int_eq(times[2], 1);
    }
}
END_TEST

/* ---- Without follow ------------------------------------------------------------------------- */

START_TEST(a_link_is_a_file_of_its_own)
{
    write_lines("log.1", 2);
    run("ln log.1 log.2; ln -s log.1 log.3");
    for (int i = 0; i < 2; i++) {
        start(ONCE);
        look();
        ck_assert_int_eq(found, 6);
    }
    write_lines("log.1", 1);
    start(ONCE);
    look();
    ck_assert_int_eq(found, 9);
    run("mv log.2 log.4; rm log.3");
    start(ONCE);
    look();
    ck_assert_int_eq(found, 9);
}
END_TEST

START_TEST(a_new_file_with_the_inode_of_a_deleted_one)
{
    write_lines("log.1", 2);
    start(ONCE);
    look();
    stop();
    run("mv log.1 log.2; touch -d @1000 log.2"); /* as if it were written there */
    start(ONCE);
    look();
    ck_assert_int_eq(found, 4);
    run("mv log.2 log.3");
    start(ONCE);
    look();
    ck_assert_int_eq(found, 4);
}
END_TEST

START_TEST(a_rename_while_a_run_reads)
{
    write_lines("log", 2);
    write_lines("log.1", 2);
    batch_rows = 1;
    start(ONCE);
    ck_assert_int_eq(sl_harness_try(harness), SL_OK); /* of log */
    shift(2);
    look();
    start(ONCE);
    look();
    expect_all_once("during", 0);
}
END_TEST

START_TEST(an_edit_by_rename_is_no_rotation)
{
    write_lines("log", 3);
    start(ONCE);
    look();
    stop();
    run("cp log new; mv new log; echo line 3 >>log; echo line 4 >log.1");
    written = 5;
    start(ONCE);
    look();
    expect_all_once("edit", 0);
    ck_assert_str_eq(sl_harness_log(harness), "");
    stop();
    run("cp log.1 new; mv new log");
    start(ONCE);
    look();
    ck_assert_int_eq(times[4], 2);
    ck_assert_ptr_nonnull(strstr(sl_harness_log(harness), "'log' has other content"));
}
END_TEST

/* ---- Failures ------------------------------------------------------------------------------- */

/* Rotations between two runs and in one; 1: all went well, and each line came once. */
static int32_t try_to_read(const char *options, int64_t allocation, int64_t operation)
{
    int32_t well = 1;
    afresh();
    sl_fake_env_done(&fake);
    sl_fake_env_init(&fake);
    write_lines("log", 3);
    write_lines("log.1", 3);
    for (int i = 0; i < 3 && well; i++) {
        fake.refuse_at = i == 1 && allocation ? fake.allocations + allocation : 0;
        fake.fail_at = i == 1 && operation ? fake.operations + operation : 0;
        start(options);
        sl_status status;
        while ((status = sl_harness_try(harness)) == SL_OK)
            ;
        well = status != SL_ERROR;
        if (status == SL_ERROR)
            ck_assert_str_ne(sl_harness_error(harness), "");
        shift(3 + i);
        write_lines("log.1", 1);
        if (i != 1) /* and nothing is at the name yet */
            write_lines("log", 1);
    }
    return well;
}

START_TEST(each_failure_is_said_and_leaves_nothing)
{
    static const char *const ways[] = {FOLLOW, ONCE, "{path: log, follow: true, rotate_wait: 0s}"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int failed = 0, at;
        for (at = 1; at < 400; at++) {
            failed += !try_to_read(ways[i], at, 0);
            failed += !try_to_read(ways[i], 0, at);
        }
        ck_assert_int_gt(failed, 30);
        ck_assert_int_eq(try_to_read(ways[i], 0, 0), 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rotated_files");
    TCase *tests = tcase_create("rotated");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, rotations_between_two_runs);
    tcase_add_test(tests, a_file_that_a_look_lacked);
    tcase_add_test(tests, renames_one_by_one_and_lists_that_lack_files);
    tcase_add_test(tests, a_run_between_a_rename_and_the_new_file);
    tcase_add_test(tests, a_new_file_that_begins_as_the_old_one_did);
    tcase_add_test(tests, a_link_is_a_file_of_its_own);
    tcase_add_test(tests, a_new_file_with_the_inode_of_a_deleted_one);
    tcase_add_test(tests, a_rename_while_a_run_reads);
    tcase_add_test(tests, each_failure_is_said_and_leaves_nothing);
    tcase_add_test(tests, an_edit_by_rename_is_no_rotation);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

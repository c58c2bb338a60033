/*
 * test_follow_files.c - follow: true. Files that grow, are rotated, truncated, deleted, found
 * later, and runs that are cut off in between. Time is the harness's: a wake that was asked for is
 * due at once, and moves the clock.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/harness.h"

#define POLL 250000
#define WAIT 5000000

static char folder[64];
static sl_fake_env fake;
static sl_harness *harness;
static size_t seen; /* bytes of the rows that were looked at */
static char *position;
static int64_t position_rows;

static void setup(void)
{
    strcpy(folder, "/tmp/sluice-follow-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    sl_fake_env_init(&fake);
    harness = NULL;
    position = NULL;
    position_rows = 0;
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

static void teardown(void)
{
    char command[100];
    stop();
    sl_fake_env_done(&fake);
    free(position);
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Begins, or goes on where the last run was stopped. */
static void start(const char *type, const char *options)
{
    stop();
    harness = sl_harness_open(&(sl_harness_setup){.type = sl_harness_type(SL_READER, type),
                                                  .options = options,
                                                  .batch_bytes = 8192,
                                                  .position = position,
                                                  .position_rows = position_rows,
                                                  .fake = &fake});
    seen = 0;
}

static void put(const char *name, const char *how, const char *text, size_t size)
{
    FILE *file = fopen(name, how);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void make(const char *name, const char *text)
{
    put(name, "wb", text, strlen(text));
}

static void append(const char *name, const char *text)
{
    put(name, "ab", text, strlen(text));
}

static void move(const char *from, const char *to)
{
    ck_assert_int_eq(rename(from, to), 0);
}

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Asks until there is nothing new: the rows that came, without the quotes of texts. */
static const char *look(void)
{
    static char rows[1 << 16];
    sl_status status;
    int32_t asked = 0;
    while ((status = sl_harness_try(harness)) == SL_OK)
        ck_assert_int_lt(asked++, 1000);
    ck_assert_msg(status == SL_PENDING, "answered %d: %s", status, sl_harness_error(harness));
    const char *all = sl_harness_rows(harness);
    size_t to = 0;
    for (const char *at = all + seen; *at; at++)
        if (*at != '\'')
            rows[to++] = *at;
    rows[to] = '\0';
    seen = strlen(all);
    return rows;
}

#define EXPECT(rows) ck_assert_str_eq(look(), rows)

static const char *logged(void)
{
    return sl_harness_log(harness);
}

/* ---- Growing ------------------------------------------------------------------------------- */

START_TEST(what_comes_is_given_at_once)
{
    make("a", "one\n");
    start("lines", "{path: a, follow: true}");
    int64_t before = fake.clock;
    EXPECT("one\n");
    ck_assert_int_eq(fake.clock - before, POLL);
    EXPECT("");
    ck_assert_int_eq(fake.clock - before, 2 * POLL);
    append("a", "two\nthr"); /* what has no end is held back */
    EXPECT("two\n");
    EXPECT("");
    append("a", "e");
    EXPECT("");
    append("a", "e\nfour\n");
    EXPECT("three\nfour\n");
    ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(records_without_an_end_are_held_back)
{
    make("a", "id,name\n1,a\n2,\"b\n");
    start("csv", "{path: a, follow: true, row_column: n}");
    EXPECT("1,a,1\n");
    append("a", "c\"");
    EXPECT("");
    append("a", "\n3,d\n");
    EXPECT("2,b\nc,2\n3,d,3\n");
    append("a", "4,d\r"); /* a LF may follow */
    EXPECT("");
    append("a", "\n5");
    EXPECT("4,d,4\n");
    stop();
    make("j", "{\"a\":1}\n{\"a\":");
    free(position);
    position = NULL;
    start("jsonl", "{path: j, follow: true, row_column: n}");
    EXPECT("#1,1\n");
    append("j", "2}");
    EXPECT("");
    append("j", "\n\n{\"a\":3}\n");
    EXPECT("#2,2\n#3,3\n");
}
END_TEST

START_TEST(a_record_that_fits_no_batch_is_refused_when_it_has_ended)
{
    static const struct {
        const char *type, *before, *open, *end, *rows;
    } cases[] = {
        {"lines", "one\n", "", "\nthree\n", "three\n"},
        {"csv", "id,name\n1,a\n", "2,\"", "\"\n3,c\n", "3,c\n"},
        {"jsonl", "{\"a\":1}\n", "{\"a\":\"", "\"}\n{\"a\":3}\n", "#3\n"},
    };
    static char filler[20001];
    memset(filler, 'x', sizeof filler - 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make("a", cases[i].before);
        start(cases[i].type, "{path: a, follow: true}");
        ck_assert_str_ne(look(), "");
        append("a", cases[i].open);
        append("a", filler);
        EXPECT("");
        append("a", filler);
        EXPECT("");
        ck_assert_str_eq(sl_harness_rejects(harness), "");
        append("a", cases[i].end);
        EXPECT(cases[i].rows);
        ck_assert_msg(strncmp(sl_harness_rejects(harness), "row 2, line ", 12) == 0, "%s: %s",
                      cases[i].type, sl_harness_rejects(harness));
        ck_assert_ptr_null(strchr(strchr(sl_harness_rejects(harness), '\n') + 1, '\n'));
        stop();
        free(position);
        position = NULL;
    }
}
END_TEST

START_TEST(encoded_text_grows_too)
{
    put("a", "wb",
        "\xff\xfe"
        "1\0\n\0002",
        7);
    start("lines", "{path: a, follow: true}");
    EXPECT("1\n");
    put("a", "ab", "\0\n", 2);
    EXPECT("");
    put("a", "ab", "\0", 1);
    EXPECT("2\n");
    start("lines", "{path: a, follow: true}"); /* and from a position */
    EXPECT("");
    put("a", "ab", "3\0\n\0", 4);
    EXPECT("3\n");
}
END_TEST

START_TEST(several_files_and_those_that_come_later)
{
    make("a.log", "a1\n");
    make("b.log", "b1\n");
    start("lines", "{path: ['*.log', other], follow: true, file_column: f}");
    EXPECT("a1,a.log\nb1,b.log\n");
    make("other", "o1\n");
    make("a2.log", "c1\nc");
    append("b.log", "b2\n");
    EXPECT("b2,b.log\nc1,a2.log\no1,other\n");
    append("a2.log", "2\n");
    append("a.log", "a2\n");
    EXPECT("a2,a.log\nc2,a2.log\n");
    append("a.log", "a3\n");
    start("lines", "{path: ['*.log', other], follow: true, file_column: f}");
    EXPECT("a3,a.log\n");
    ck_assert_str_eq(logged(), "");
}
END_TEST

/* ---- Rotated ------------------------------------------------------------------------------- */

START_TEST(a_renamed_file_is_read_to_its_end_first)
{
    make("a", "one\n");
    start("lines", "{path: a, follow: true, row_column: n}");
    EXPECT("one,1\n");
    append("a", "two\nthr");
    move("a", "a.1");
    make("a", "new\n");
    EXPECT("two,2\n");
    append("a.1", "ee\nfo"); /* somebody still has it open */
    EXPECT("three,3\n");
    int64_t before = fake.clock;
    while (fake.clock - before < WAIT - POLL)
        EXPECT("");
    EXPECT("fo,4\nnew,1\n"); /* its last line has no end, and never will */
    append("a.1", "lost\n");
    append("a", "newer\n");
    EXPECT("newer,2\n");
    ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(two_rotations_within_the_wait)
{
    make("a", "one\n");
    start("lines", "{path: a, follow: true}");
    EXPECT("one\n");
    move("a", "a.1");
    make("a", "two\n");
    EXPECT("");
    move("a.1", "a.2");
    move("a", "a.1");
    make("a", "three\n");
    EXPECT("");
    append("a.2", "one and a half\n");
    EXPECT("one and a half\n");
    fake.clock += WAIT;
    EXPECT("two\n");
    fake.clock += WAIT;
    EXPECT("three\n");
    ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(a_glob_knows_a_renamed_file)
{
    make("a", "a1\n");
    start("lines", "{path: 'a*', follow: true, file_column: f}");
    EXPECT("a1,a\n");
    for (int i = 0; i < 3; i++) {
        run("[ ! -e a.2 ] || rm a.2; [ ! -e a.1 ] || mv a.1 a.2; mv a a.1; echo new >a; echo rest "
            ">>a.1");
        const char *rows = look();
        ck_assert_msg(strcmp(rows, "rest,a.1\nnew,a\n") == 0 ||
                          strcmp(rows, "new,a\nrest,a.1\n") == 0,
                      "%s", rows);
        fake.clock += WAIT;
        EXPECT("");
    }
    start("lines", "{path: 'a*', follow: true, file_column: f}");
    EXPECT("");
    ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(a_truncated_file_is_read_from_its_start)
{
    make("a", "one\ntwo\nth");
    start("lines", "{path: a, follow: true, row_column: n}");
    EXPECT("one,1\ntwo,2\n");
    run("cp a a.1");
    make("a", "ree\n"); /* the same file */
    EXPECT("ree,1\n");
    ck_assert_ptr_nonnull(strstr(logged(), "'a' was truncated from 10 to 4 bytes"));
    ck_assert_ptr_nonnull(strstr(logged(), "(1 such so far)"));
    ck_assert_ptr_nonnull(strstr(logged(), "2 bytes of an unfinished line are lost"));
    make("a", "other\nlines\n"); /* longer than what was read */
    EXPECT("other,1\nlines,2\n");
    ck_assert_ptr_nonnull(strstr(logged(), "(2 such so far)"));
    make("a", "");
    EXPECT("");
    append("a", "last\n");
    EXPECT("last,1\n");
}
END_TEST

START_TEST(a_deleted_file_may_come_back)
{
    make("a", "one\ntw");
    start("lines", "{path: a, follow: true}");
    EXPECT("one\n");
    ck_assert_int_eq(unlink("a"), 0);
    EXPECT("");
    fake.clock += WAIT;
    EXPECT("tw\n");
    for (int i = 0; i < 30; i++)
        EXPECT("");
    make("a", "three\n");
    EXPECT("three\n");
    ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(an_edit_by_rename_is_the_same_file)
{
    make("a", "one\ntwo\n");
    start("lines", "{path: a, follow: true}");
    EXPECT("one\ntwo\n");
    run("cp a b; echo three >>b; mv b a");
    EXPECT("three\n");
    append("a", "four\n");
    EXPECT("four\n");
    start("lines", "{path: a, follow: true}");
    EXPECT("");
    ck_assert_str_eq(logged(), "");
}
END_TEST

/* ---- Cut off in between ------------------------------------------------------------------------
 */

START_TEST(a_rotation_while_nothing_ran)
{
    make("a", "one\n");
    start("lines", "{path: a, follow: true, file_column: f}");
    EXPECT("one,a\n");
    stop();
    append("a", "two\nthree");
    move("a", "a.1");
    make("a", "new\n");
    start("lines", "{path: a, follow: true, file_column: f}");
    EXPECT("two,a\n");
    start("lines", "{path: a, follow: true, file_column: f}"); /* and again, on its way out */
    EXPECT("");
    move("a.1", "a.2");
    start("lines", "{path: a, follow: true, file_column: f}");
    EXPECT("");
    fake.clock += WAIT;
    EXPECT("three,a\nnew,a\n");
    ck_assert_str_eq(logged(), "");
    start("lines", "{path: a, follow: true, file_column: f}");
    fake.clock += WAIT;
    EXPECT("");
    append("a", "newer\n");
    EXPECT("newer,a\n");
    ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(a_file_that_is_not_found_again_is_said)
{
    make("a", "one\ntwo\n");
    start("lines", "{path: a, follow: true}");
    EXPECT("one\ntwo\n");
    stop();
    run("echo new >n; mv a b; gzip b; mv n a");
    start("lines", "{path: a, follow: true}");
    EXPECT("new\n");
    ck_assert_ptr_nonnull(strstr(logged(), "'a' is another file than in the last run, which is not "
                                           "in its folder any more: rows at its end may be lost"));
    stop();
    put("a", "r+b", "NEW\n", 4); /* the same file, written anew */
    start("lines", "{path: a, follow: true}");
    EXPECT("NEW\n");
    ck_assert_ptr_nonnull(strstr(logged(), "'a' was truncated or written anew since the last run"));
}
END_TEST

START_TEST(a_renamed_file_in_a_glob_while_nothing_ran)
{
    make("a", "one\n");
    make("a.1", "old\n");
    start("lines", "{path: 'a*', follow: true, file_column: f}");
    EXPECT("one,a\nold,a.1\n");
    stop();
    move("a.1", "a.2");
    move("a", "a.1");
    append("a.1", "rest\n");
    make("a", "new\n");
    start("lines", "{path: 'a*', follow: true, file_column: f}");
    const char *rows = look();
    ck_assert_msg(strcmp(rows, "new,a\nrest,a.1\n") == 0 || strcmp(rows, "rest,a.1\nnew,a\n") == 0,
                  "%s", rows);
    ck_assert_str_eq(logged(), "");
    start("lines", "{path: 'a*', follow: true, file_column: f}");
    EXPECT("");
    ck_assert_str_eq(logged(), "");
}
END_TEST

/* A writer that writes in pieces and rotates; a reader that is asked, and cut off, at random. All
 * lines must come, once and in order. */
static void live_with(unsigned seed)
{
    static char got[1 << 16], all[1 << 16];
    size_t got_size = 0, all_size = 0, writer = 0; /* bytes that are written, of all */
    char open_name[8] = "a";
    int rotating = 0, number = 0;
    int64_t rotated = 0;
    stop();
    free(position);
    position = NULL;
    run("rm -f a a.*; : >a");
    start("lines", "{path: a, follow: true, rotate_wait: 1s}");
    srandom(seed);
    for (int step = 0; step < 120; step++) {
        int what = (int)(random() % 10);
        if (what < 4) {
            for (int i = (int)(random() % 3); i >= 0; i--)
                all_size += (size_t)sprintf(all + all_size, "line %d\n", number++);
            size_t piece = (size_t)random() % (all_size - writer) + 1;
            put(open_name, "ab", all + writer, piece);
            writer += piece;
        } else if (what < 8) {
            const char *rows = look();
            memcpy(got + got_size, rows, strlen(rows));
            got_size += strlen(rows);
        } else if (what == 8 && random() % 2) {
            size_t rows = strlen(sl_harness_rows(harness));
            ck_assert_uint_eq(rows, seen); /* what was given is committed */
            start("lines", "{path: a, follow: true, rotate_wait: 1s}");
            rotated = fake.clock; /* the wait begins again */
        } else if (what == 9 && !rotating && position) {
            run("[ ! -e a.2 ] || rm a.2; [ ! -e a.1 ] || mv a.1 a.2; mv a a.1");
            strcpy(open_name, "a.1"); /* the writer has it open still */
            rotating = 1;
            rotated = fake.clock;
        }
        if (rotating == 1 && (random() % 2 || fake.clock - rotated > 500000)) {
            /* within the wait, the line is finished there, the next begins in a new file */
            const char *end = memchr(all + writer, '\n', all_size - writer);
            if (writer > 0 && all[writer - 1] != '\n' && end) {
                put("a.1", "ab", all + writer, (size_t)(end + 1 - (all + writer)));
                writer = (size_t)(end + 1 - all);
            }
            run(": >a");
            strcpy(open_name, "a");
            rotating = 2;
            rotated = fake.clock;
        }
        if (rotating == 2 && fake.clock - rotated > 2000000)
            rotating = 0;
    }
    put(open_name, "ab", all + writer, all_size - writer);
    for (int i = 0; i < 4; i++) {
        fake.clock += 1000000;
        const char *rows = look();
        memcpy(got + got_size, rows, strlen(rows));
        got_size += strlen(rows);
    }
    got[got_size] = all[all_size] = '\0';
    ck_assert_msg(got_size == all_size && memcmp(got, all, all_size) == 0,
                  "seed %u: %zu bytes of %zu:\n%s\n---- wanted\n%s\n%s", seed, got_size, all_size,
                  got, all, logged());
    ck_assert_msg(!*logged(), "seed %u: %s", seed, logged());
}

START_TEST(every_line_once_whatever_happens)
{
    for (unsigned seed = 1; seed <= 200; seed++)
        live_with(seed);
}
END_TEST

/* ---- Mistakes, and files that are not there
 * ------------------------------------------------------ */

static void expect_refused(const char *type, const char *options, const char *message)
{
    start(type, options);
    ck_assert_int_eq(sl_harness_try(harness), SL_ERROR);
    ck_assert_msg(strstr(sl_harness_error(harness), message) != NULL, "%s",
                  sl_harness_error(harness));
}

START_TEST(what_cannot_be_followed)
{
    make("a", "one\n");
    run("gzip -k a; mkfifo fifo");
    expect_refused("lines", "{path: a.gz, follow: true}",
                   "'a.gz' is compressed, and cannot be followed");
    expect_refused("lines", "{path: fifo, follow: true}",
                   "'fifo' is no regular file, and cannot be followed");
    expect_refused("lines", "{path: '-', follow: true}", "cannot be followed");
    expect_refused("lines", "{path: a, follow: true, poll: 0ms}", "poll");
    expect_refused("jsonl", "{path: a, follow: true, format: array}",
                   "a file that is one array cannot be followed");
    expect_refused("csv", "{path: none, follow: true}", "there is no header to read yet");
    ck_assert_int_eq(sl_harness_errors(harness)->list[0].code, SL_CODE_NO_INPUT);
    expect_refused("jsonl", "{path: none, follow: true}",
                   "there are no rows yet that could say the columns");
    ck_assert_int_eq(sl_harness_errors(harness)->list[0].code, SL_CODE_NO_INPUT);
}
END_TEST

START_TEST(a_compressed_file_of_a_glob_is_passed_over)
{
    make("a", "one\n");
    run("gzip -kc a >a.gz");
    start("lines", "{path: 'a*', follow: true}");
    EXPECT("one\n");
    EXPECT("");
    ck_assert_ptr_nonnull(strstr(logged(), "'a.gz' is compressed, and cannot be followed: it is "
                                           "passed over\n"));
    ck_assert_msg(!strchr(strchr(logged(), '\n') + 1, '\n'), "%s", logged()); /* said once */
}
END_TEST

START_TEST(a_file_that_is_not_there_is_waited_for)
{
    start("csv", "{path: a, follow: true, header: [id, name], columns: {id: integer}}");
    ck_assert_str_eq(sl_harness_columns(harness), "id:integer* name:text*");
    EXPECT("");
    make("a", "1,a\n");
    EXPECT("1,a\n");
    stop();
    free(position);
    position = NULL;
    start("jsonl", "{path: b, follow: true, infer: false, columns: {id: integer}}");
    EXPECT("");
    make("b", "{\"id\":1}\n");
    EXPECT("#1\n");
}
END_TEST

START_TEST(a_further_header_may_come_in_pieces)
{
    make("a.csv", "id,name\n1,a\n");
    start("csv", "{path: '*.csv', follow: true}");
    EXPECT("1,a\n");
    make("b.csv", "na");
    EXPECT("");
    append("b.csv", "me,id\nb");
    EXPECT("");
    append("b.csv", ",2\n");
    EXPECT("2,b\n");
    append("b.csv", "c,3\n");
    EXPECT("3,c\n");
    start("csv", "{path: '*.csv', follow: true}");
    append("b.csv", "d,4\n");
    append("a.csv", "5,e\n");
    EXPECT("5,e\n4,d\n");
}
END_TEST

/* ---- Failures ----------------------------------------------------------------------------------
 */

/* Asks until there is nothing new, or it fails. */
static sl_status ask(void)
{
    sl_status status;
    while ((status = sl_harness_try(harness)) == SL_OK)
        ;
    return status;
}

/* Grown, rotated, cut off, found again. Answers whether all went well; the rows are right then. */
static int32_t try_to_follow(int64_t allocation, int64_t operation)
{
    sl_fake_env_done(&fake);
    sl_fake_env_init(&fake);
    fake.refuse_at = allocation;
    fake.fail_at = operation;
    free(position);
    position = NULL;
    run("rm -f a*; echo one >a; echo b >a.b");
    start("lines", "{path: 'a*', follow: true, rotate_wait: 0s}");
    sl_status status = ask();
    append("a", "two\n");
    if (status == SL_PENDING)
        status = ask();
    int32_t right = strcmp(sl_harness_rows(harness), "'one'\n'b'\n'two'\n") == 0;
    run("mkdir -p d; mv a d/a.1; mv d/a.1 b; echo new >a");
    if (status == SL_PENDING)
        start("lines", "{path: a, follow: true, rotate_wait: 0s}");
    if (status == SL_PENDING)
        status = ask();
    right = right && strcmp(sl_harness_rows(harness), "'new'\n") == 0;
    if (status == SL_ERROR)
        ck_assert_str_ne(sl_harness_error(harness), "");
    else
        ck_assert_int_eq(right, 1);
    ck_assert_int_eq(sl_harness_free(harness), 0);
    harness = NULL;
    run("rm -f b");
    return status == SL_PENDING;
}

START_TEST(each_failure_is_said_and_leaves_nothing)
{
    ck_assert_int_eq(try_to_follow(0, 0), 1);
    int64_t allocations = fake.allocations, operations = fake.operations;
    ck_assert_int_gt(allocations, 40);
    ck_assert_int_gt(operations, 30);
    int32_t failed = 0;
    for (int64_t at = 1; at <= allocations; at++)
        failed += !try_to_follow(at, 0);
    ck_assert_int_gt(failed, 40);
    for (int64_t at = 1; at <= operations; at++)
        failed += !try_to_follow(0, at);
    ck_assert_int_gt(failed, 70);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("follow_files");
    TCase *tests = tcase_create("follow");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, what_comes_is_given_at_once);
    tcase_add_test(tests, records_without_an_end_are_held_back);
    tcase_add_test(tests, a_record_that_fits_no_batch_is_refused_when_it_has_ended);
    tcase_add_test(tests, encoded_text_grows_too);
    tcase_add_test(tests, several_files_and_those_that_come_later);
    tcase_add_test(tests, a_renamed_file_is_read_to_its_end_first);
    tcase_add_test(tests, two_rotations_within_the_wait);
    tcase_add_test(tests, a_glob_knows_a_renamed_file);
    tcase_add_test(tests, a_truncated_file_is_read_from_its_start);
    tcase_add_test(tests, a_deleted_file_may_come_back);
    tcase_add_test(tests, an_edit_by_rename_is_the_same_file);
    tcase_add_test(tests, a_rotation_while_nothing_ran);
    tcase_add_test(tests, a_file_that_is_not_found_again_is_said);
    tcase_add_test(tests, a_renamed_file_in_a_glob_while_nothing_ran);
    tcase_add_test(tests, every_line_once_whatever_happens);
    tcase_add_test(tests, what_cannot_be_followed);
    tcase_add_test(tests, a_compressed_file_of_a_glob_is_passed_over);
    tcase_add_test(tests, a_file_that_is_not_there_is_waited_for);
    tcase_add_test(tests, a_further_header_may_come_in_pieces);
    tcase_add_test(tests, each_failure_is_said_and_leaves_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

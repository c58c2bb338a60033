/*
 * test_target.c - what an exporter's file is at every moment, and when the world fails.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stages/target.h"
#include "tests/unit/room_host.h"

static char folder[64];
static room_host room;
static size_t write_most;   /* bytes that one write() takes; 0: all */
static int32_t write_error; /* errno of write(); 0: none */
static int32_t sync_error, rename_error, close_error;
static int64_t interrupts; /* writes that answer EINTR */
static int64_t syncs;

static int64_t fake_write(void *context, int32_t fd, const void *bytes, size_t size)
{
    if (interrupts > 0) {
        interrupts--;
        return -EINTR;
    }
    if (write_error)
        return -write_error;
    return sl_env_real.write(context, fd, bytes,
                             write_most > 0 && size > write_most ? write_most : size);
}

static int32_t fake_sync(void *context, int32_t fd)
{
    (void)context, (void)fd;
    syncs++;
    return -sync_error;
}

static int32_t fake_rename(void *context, const char *from, const char *to)
{
    return rename_error ? -rename_error : sl_env_real.rename(context, from, to);
}

static int32_t fake_close(void *context, int32_t fd)
{
    int32_t answer = sl_env_real.close(context, fd);
    return close_error ? -close_error : answer;
}

static void setup(void)
{
    strcpy(folder, "/tmp/sluice-target-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    umask(022);
    room_start(&room);
    room.env.write = fake_write;
    room.env.sync = fake_sync;
    room.env.rename = fake_rename;
    room.env.close = fake_close;
    write_most = 0;
    write_error = sync_error = rename_error = close_error = 0;
    interrupts = syncs = 0;
}

static void teardown(void)
{
    char command[100];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(room.blocks, 0);
}

static void make(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void check_text(const char *name, const char *text)
{
    static char found[4 << 20];
    FILE *file = fopen(name, "rb");
    ck_assert_msg(file != NULL, "%s is not there", name);
    size_t size = fread(found, 1, sizeof found - 1, file);
    found[size] = '\0';
    fclose(file);
    ck_assert_str_eq(found, text);
}

/* How many files there are, hidden ones too. */
static int32_t count_files(void)
{
    int32_t count = 0;
    DIR *all = opendir(".");
    for (struct dirent *entry; (entry = readdir(all));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(all);
    return count;
}

static mode_t mode_of(const char *name)
{
    struct stat info;
    ck_assert_int_eq(stat(name, &info), 0);
    return info.st_mode & 07777;
}

static sl_target *open_target(const char *path, int32_t append)
{
    sl_target *target = sl_target_open(&room.stage, path, append, NULL);
    ck_assert_msg(target != NULL, "%s", room.message);
    return target;
}

static void put(sl_target *target, const char *text)
{
    ck_assert_int_eq(sl_target_write(target, text, strlen(text)), SL_OK);
}

/* ---- Replacing --------------------------------------------------------------------------------
 */

START_TEST(the_old_file_stays_until_the_last_commit)
{
    make("out", "old\n");
    ck_assert_int_eq(chmod("out", 0664), 0);
    sl_target *target = open_target("out", 0);
    ck_assert_int_eq(sl_target_empty(target), 1);
    put(target, "new\n");
    ck_assert_int_eq(sl_target_commit(target, 0), SL_OK);
    check_text("out", "old\n");
    ck_assert_int_eq(count_files(), 2);
    put(target, "rows\n");
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    check_text("out", "new\nrows\n");
    ck_assert_int_eq(syncs, 1);
    ck_assert_int_eq(mode_of("out"), 0664);
    sl_target_close(target);
    ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(a_new_file_has_the_mode_of_new_files)
{
    sl_target *target = open_target("out", 0);
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    sl_target_close(target);
    check_text("out", "");
    ck_assert_int_eq(mode_of("out"), 0644);
}
END_TEST

START_TEST(an_abort_or_a_close_leaves_the_old_file)
{
    make("out", "old\n");
    for (int abort = 0; abort < 2; abort++) {
        sl_target *target = open_target("out", 0);
        put(target, "new\n");
        if (abort)
            sl_target_abort(target);
        sl_target_close(target);
        check_text("out", "old\n");
        ck_assert_int_eq(count_files(), 1);
    }
}
END_TEST

START_TEST(links_are_followed)
{
    ck_assert_int_eq(mkdir("real", 0777), 0);
    make("real/out", "old\n");
    ck_assert_int_eq(symlink("real/out", "link"), 0);
    ck_assert_int_eq(symlink("real/absent", "dangling"), 0);
    sl_target *target = open_target("link", 0);
    put(target, "new\n");
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    sl_target_close(target);
    target = open_target("dangling", 0);
    put(target, "made\n");
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    sl_target_close(target);
    check_text("real/out", "new\n");
    check_text("real/absent", "made\n");
    struct stat info;
    ck_assert_int_eq(lstat("link", &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_int_eq(count_files(), 3);
}
END_TEST

START_TEST(a_long_name_has_a_temporary_one_too)
{
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    sl_target *target = open_target(name, 0);
    put(target, "x");
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    sl_target_close(target);
    check_text(name, "x");
}
END_TEST

/* ---- Appending
 * ------------------------------------------------------------------------------------ */

START_TEST(appended_rows_stand_on_lines_of_their_own)
{
    make("out", "old, no end");
    sl_target *target = open_target("out", 1);
    ck_assert_int_eq(sl_target_empty(target), 0);
    ck_assert_int_eq(sl_target_commit(target, 0), SL_OK);
    check_text("out", "old, no end"); /* no row, no change */
    put(target, "a\n");
    ck_assert_int_eq(sl_target_commit(target, 0), SL_OK);
    check_text("out", "old, no end\na\n");
    put(target, "b\n");
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    ck_assert_int_eq(syncs, 3);
    sl_target_close(target);
    check_text("out", "old, no end\na\nb\n");
    target = open_target("new", 1);
    ck_assert_int_eq(sl_target_empty(target), 1);
    put(target, "a\n");
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    sl_target_close(target);
    check_text("new", "a\n");
}
END_TEST

START_TEST(an_abort_takes_back_what_was_not_committed)
{
    char row[1000];
    memset(row, 'x', sizeof row);
    row[999] = '\n';
    make("out", "old");
    sl_target *target = open_target("out", 1);
    for (int i = 0; i < 300; i++) /* more than the buffer */
        ck_assert_int_eq(sl_target_write(target, row, sizeof row), SL_OK);
    sl_target_abort(target);
    check_text("out", "old");
    put(target, "a\n");
    ck_assert_int_eq(sl_target_commit(target, 0), SL_OK);
    put(target, "b\n");
    sl_target_abort(target);
    sl_target_close(target);
    check_text("out", "old\na\n");
}
END_TEST

/* ---- Directly
 * ---------------------------------------------------------------------------------------- */

START_TEST(what_is_no_file_is_never_replaced)
{
    ck_assert_int_eq(mkfifo("pipe", 0666), 0);
    int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    for (int append = 0; append < 2; append++) {
        sl_target *target = open_target("pipe", append);
        ck_assert_int_eq(sl_target_empty(target), 1);
        ck_assert_int_eq(sl_target_terminal(target), 0);
        put(target, "row\n");
        ck_assert_int_eq(sl_target_commit(target, 0), SL_OK); /* seen at once */
        char text[10] = "";
        ck_assert_int_eq(read(reader, text, sizeof text), 4);
        sl_target_close(target);
    }
    close(reader);
    ck_assert_int_eq(syncs, 0);
    struct stat info;
    ck_assert_int_eq(stat("pipe", &info), 0);
    ck_assert(S_ISFIFO(info.st_mode));
    sl_target *target = open_target("/dev/null", 0);
    put(target, "row\n");
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    sl_target_close(target);
    ck_assert_int_eq(count_files(), 1);
}
END_TEST

START_TEST(a_full_device_says_so)
{
    sl_target *target = open_target("/dev/full", 0);
    put(target, "row\n");
    ck_assert_int_eq(sl_target_commit(target, 0), SL_ERROR);
    ck_assert_str_eq(room.message, "cannot write '/dev/full': No space left on device");
    ck_assert_int_eq(room.code, SL_CODE_IO);
    sl_target_close(target);
}
END_TEST

START_TEST(redirected_output_is_not_replaced_under_the_shell)
{
    int kept = dup(STDOUT_FILENO);
    static const char *const paths[] = {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "out"};
    fflush(stdout);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0666);
        dup2(fd, STDOUT_FILENO);
        close(fd);
        ck_assert_int_eq(write(STDOUT_FILENO, "before\n", 7), 7);
        sl_target *target = open_target(paths[i], 0);
        put(target, "row\n");
        sl_status status = sl_target_commit(target, 1);
        sl_target_close(target);
        int64_t still = write(STDOUT_FILENO, "after\n", 6);
        dup2(kept, STDOUT_FILENO);
        ck_assert_int_eq(status, SL_OK);
        ck_assert_int_eq(still, 6);
        check_text("out", "before\nrow\nafter\n");
        ck_assert_int_eq(count_files(), 1);
    }
    close(kept);
}
END_TEST

/* ---- Refused
 * -------------------------------------------------------------------------------------------- */

static int32_t refuse_open(void *context, const char *path, int32_t flags, uint32_t mode)
{
    (void)context, (void)path, (void)flags, (void)mode;
    return -EACCES;
}

START_TEST(a_target_that_cannot_be_made_says_why)
{
    ck_assert_ptr_null(sl_target_open(&room.stage, "no/such/file", 0, NULL));
    ck_assert_str_eq(room.message, "cannot create 'no/such/file': there is no such folder");
    ck_assert_str_eq(room.hint, "create its folder first");
    ck_assert_int_eq(room.code, SL_CODE_NO_OUTPUT);
    room.failures = 0;
    ck_assert_ptr_null(sl_target_open(&room.stage, "no/such/file", 1, NULL));
    ck_assert_int_eq(room.code, SL_CODE_NO_OUTPUT);
    room.failures = 0;
    ck_assert_ptr_null(sl_target_open(&room.stage, ".", 0, NULL));
    ck_assert_str_eq(room.message, "cannot create '.': Is a directory");
    room.failures = 0;
    ck_assert_ptr_null(sl_target_open(&room.stage, "/dev/fd/999", 0, NULL));
    ck_assert_int_eq(room.code, SL_CODE_NO_OUTPUT);
    room.env.open = refuse_open;
    make("out", "old");
    for (int append = 0; append < 2; append++) {
        room.failures = 0;
        ck_assert_ptr_null(sl_target_open(&room.stage, "out", append, NULL));
        ck_assert_int_eq(room.code, SL_CODE_PERMISSION);
        ck_assert_str_eq(room.message, "cannot create 'out': Permission denied");
    }
    check_text("out", "old");
}
END_TEST

START_TEST(compression_is_not_done_silently)
{
    sl_target_close(open_target("out.csv", 0));
    ck_assert_str_eq(room.logged, "");
    sl_target_close(open_target("out.csv.gz", 0));
    ck_assert_str_eq(room.logged, "'out.csv.gz' is written as plain text, not compressed");
}
END_TEST

/* ---- Failing world
 * ------------------------------------------------------------------------------------------ */

START_TEST(short_and_interrupted_writes_go_on)
{
    char row[1001];
    static char all[400 * 1000 + 1];
    for (size_t most = 1; most <= 70000; most = most * 7 + 1) {
        sl_target *target = open_target("out", 0);
        all[0] = '\0';
        size_t size = 0;
        write_most = most;
        interrupts = 5;
        int rows = most < 10 ? 3 : 400;
        for (int i = 0; i < rows; i++) {
            snprintf(row, sizeof row, "%0999d", i);
            row[999] = '\n';
            memcpy(all + size, row, 1000);
            size += 1000;
            ck_assert_int_eq(sl_target_write(target, row, 1000), SL_OK);
        }
        all[size] = '\0';
        ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
        sl_target_close(target);
        check_text("out", all);
    }
}
END_TEST

START_TEST(a_failed_write_sync_close_or_rename_is_final)
{
    static const struct {
        int32_t *error;
        int32_t value;
        const char *message;
    } cases[] = {
        {&write_error, ENOSPC, "cannot write 'out': No space left on device"},
        {&write_error, EPIPE, "cannot write 'out': its reader has gone"},
        {&sync_error, EIO, "cannot write 'out': Input/output error"},
        {&close_error, EDQUOT, "cannot write 'out': Disk quota exceeded"},
        {&rename_error, EIO, "cannot write 'out': Input/output error"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make("out", "old");
        room.failures = 0;
        close_error = 0;
        sl_target *target = open_target("out", 0);
        put(target, "new\n");
        *cases[i].error = cases[i].value;
        ck_assert_int_eq(sl_target_commit(target, 1), SL_ERROR);
        ck_assert_str_eq(room.message, cases[i].message);
        ck_assert_int_eq(room.code, SL_CODE_IO);
        *cases[i].error = 0;
        ck_assert_int_eq(sl_target_commit(target, 1), SL_ERROR); /* not even now */
        ck_assert_ptr_null(sl_target_reserve(target, 1 << 20));
        sl_target_close(target);
        check_text("out", "old");
        ck_assert_int_eq(count_files(), 1);
    }
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    make("out", "old");
    int64_t n = 0;
    for (;; n++) {
        room.fail_after = n;
        room.failures = 0;
        sl_target *target = sl_target_open(&room.stage, "out", 0, NULL);
        if (target && sl_target_reserve(target, 1 << 20)) {
            sl_target_close(target);
            break;
        }
        sl_target_close(target);
        ck_assert_int_eq(room.blocks, 0);
        ck_assert_str_eq(room.message, "out of memory");
        ck_assert_int_eq(count_files(), 1);
    }
    ck_assert_int_ge(n, 5);
    check_text("out", "old");
}
END_TEST

/* ---- Marks
 * -------------------------------------------------------------------------------------------------------
 */

START_TEST(a_row_is_taken_back_however_long_it_is)
{
    static char all[3 << 20];
    size_t size = 0;
    sl_target *target = open_target("out", 0);
    for (int row = 0; row < 300; row++) {
        size_t mark = sl_target_mark(target);
        size_t before = size;
        int parts = row % 50 == 7 ? 40 : 2; /* some longer than the buffer */
        for (int part = 0; part < parts; part++) {
            char *to = sl_target_reserve(target, 5000);
            ck_assert_ptr_nonnull(to);
            memset(to, 'a' + row % 26, 5000);
            memset(all + size, 'a' + row % 26, 5000);
            sl_target_advance(target, 5000);
            size += 5000;
        }
        if (row % 3 == 1) {
            sl_target_rewind(target, mark);
            size = before;
        }
    }
    all[size] = '\0';
    ck_assert_int_eq(sl_target_commit(target, 1), SL_OK);
    sl_target_close(target);
    check_text("out", all);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target");
    TCase *tests = tcase_create("target");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_old_file_stays_until_the_last_commit);
    tcase_add_test(tests, a_new_file_has_the_mode_of_new_files);
    tcase_add_test(tests, an_abort_or_a_close_leaves_the_old_file);
    tcase_add_test(tests, links_are_followed);
    tcase_add_test(tests, a_long_name_has_a_temporary_one_too);
    tcase_add_test(tests, appended_rows_stand_on_lines_of_their_own);
    tcase_add_test(tests, an_abort_takes_back_what_was_not_committed);
    tcase_add_test(tests, what_is_no_file_is_never_replaced);
    tcase_add_test(tests, a_full_device_says_so);
    tcase_add_test(tests, redirected_output_is_not_replaced_under_the_shell);
    tcase_add_test(tests, a_target_that_cannot_be_made_says_why);
    tcase_add_test(tests, compression_is_not_done_silently);
    tcase_add_test(tests, short_and_interrupted_writes_go_on);
    tcase_add_test(tests, a_failed_write_sync_close_or_rename_is_final);
    tcase_add_test(tests, each_allocation_may_fail);
    tcase_add_test(tests, a_row_is_taken_back_however_long_it_is);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

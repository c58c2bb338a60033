/*
 * test_world.c - the world of the tests is itself a world: files behave as files, what was synced
 * outlives a power cut and what was not need not, SQLite runs on it in WAL and with a journal,
 * several connections at once, and a seed is the same in every run.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/world.h"

static sl_world world;

static void begin(void)
{
    sl_world_init(&world, 1);
}

static void end(void)
{
    ck_assert_int_eq(world.open_files, 0);
    ck_assert_int_eq(world.handles, 0);
    ck_assert_int_eq(world.live, 0);
    sl_world_done(&world);
}

static int32_t open_path(const char *path, int32_t flags)
{
    return world.env.open(&world, path, flags, 0644);
}

static void write_text(int32_t fd, const char *text)
{
    ck_assert_int_eq(world.env.write(&world, fd, text, strlen(text)), (int64_t)strlen(text));
}

static void close_fd(int32_t fd)
{
    ck_assert_int_eq(world.env.close(&world, fd), 0);
}

static void holds(const char *path, const char *text)
{
    const char *found = sl_world_get(&world, path, NULL);
    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found, text);
}

/* ---- Files ----------------------------------------------------------------------------------- */

START_TEST(a_file_is_written_and_read)
{
    char bytes[16] = "";
    sl_file_info info;
    ck_assert_int_eq(open_path("a", O_RDONLY), -ENOENT);
    ck_assert_int_eq(open_path("no/a", O_WRONLY | O_CREAT), -ENOENT);
    int32_t fd = open_path("a", O_RDWR | O_CREAT | O_EXCL);
    ck_assert_int_eq(fd, 3);
    ck_assert_int_eq(open_path("/./a", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
    ck_assert_int_eq(open_path("a/b", O_RDONLY), -ENOTDIR);
    write_text(fd, "hello");
    ck_assert_int_eq(world.env.seek(&world, fd, 1), 1);
    ck_assert_int_eq(world.env.read(&world, fd, bytes, 3), 3);
    ck_assert_str_eq(bytes, "ell");
    ck_assert_int_eq(world.env.pread(&world, fd, bytes, 9, 3), 2);
    ck_assert_int_eq(world.env.pread(&world, fd, bytes, 9, 5), 0);
    ck_assert_int_eq(world.env.truncate(&world, fd, 2), 0);
    holds("a", "he");
    ck_assert_int_eq(world.env.truncate(&world, fd, 4), 0);
    ck_assert_int_eq(world.env.fstat(&world, fd, &info), 0);
    ck_assert_int_eq(info.bytes, 4);
    ck_assert_int_eq(info.kind, SL_FILE_REGULAR);
    close_fd(fd);
    ck_assert_int_eq(world.env.read(&world, fd, bytes, 1), -EBADF);
    fd = open_path("a", O_RDONLY);
    ck_assert_int_eq(world.env.write(&world, fd, "x", 1), -EBADF);
    close_fd(fd);
    fd = open_path("a", O_WRONLY | O_TRUNC);
    ck_assert_int_eq(world.env.read(&world, fd, bytes, 1), -EBADF);
    holds("a", "");
    close_fd(fd);
}
END_TEST

START_TEST(two_descriptors_append_to_one_end)
{
    int32_t one = open_path("a", O_WRONLY | O_CREAT | O_APPEND);
    int32_t other = open_path("a", O_WRONLY | O_APPEND);
    write_text(one, "1");
    write_text(other, "2");
    write_text(one, "3");
    holds("a", "123");
    close_fd(one);
    close_fd(other);
}
END_TEST

START_TEST(a_name_goes_and_the_open_file_stays)
{
    char bytes[8] = "";
    sl_file_info before, after;
    sl_world_put(&world, "old", "old", 3);
    sl_world_put(&world, "new", "new", 3);
    int32_t fd = open_path("old", O_RDONLY);
    ck_assert_int_eq(world.env.stat(&world, "new", &before), 0);
    ck_assert_int_eq(world.env.rename(&world, "new", "old"), 0);
    ck_assert_int_eq(world.env.stat(&world, "old", &after), 0);
    ck_assert_uint_eq(before.inode, after.inode);
    ck_assert_int_eq(world.env.stat(&world, "new", &before), -ENOENT);
    holds("old", "new");
    ck_assert_int_eq(world.env.unlink(&world, "old"), 0);
    ck_assert_int_eq(world.env.unlink(&world, "old"), -ENOENT);
    ck_assert_int_eq(world.env.read(&world, fd, bytes, 8), 3);
    ck_assert_str_eq(bytes, "old");
    close_fd(fd);
}
END_TEST

static int32_t gather(void *user, const char *path)
{
    sl_builder_format(user, "%s ", path);
    return 0;
}

START_TEST(directories_and_patterns)
{
    sl_file_info info;
    sl_builder found = {.env = &sl_env_real};
    sl_world_put(&world, "logs/b.log", "", 0);
    sl_world_put(&world, "/logs/a.log", "", 0);
    sl_world_put(&world, "logs/deep/c.log", "", 0);
    sl_world_put(&world, "logs/.d.log", "", 0);
    ck_assert_int_eq(world.env.stat(&world, "logs/", &info), 0);
    ck_assert_int_eq(info.kind, SL_FILE_DIRECTORY);
    ck_assert_int_eq(world.env.make_directory(&world, "logs", 0755), -EEXIST);
    ck_assert_int_eq(world.env.make_directory(&world, "x/y", 0755), -ENOENT);
    ck_assert_int_eq(world.env.make_directory(&world, "x", 0755), 0);
    ck_assert_int_eq(world.env.make_directory(&world, "x/y", 0755), 0);
    ck_assert_int_eq(open_path("x/y", O_WRONLY), -EISDIR);
    ck_assert_int_eq(world.env.glob(&world, "logs/*.log", gather, &found), 0);
    ck_assert_int_eq(world.env.glob(&world, "/*/deep/?.log", gather, &found), 0);
    ck_assert_int_eq(world.env.glob(&world, "none*", gather, &found), 0);
    ck_assert_str_eq(found.data, "logs/a.log logs/b.log /logs/deep/c.log ");
    sl_builder_done(&found);
}
END_TEST

START_TEST(a_byte_is_locked_by_one_descriptor)
{
    int32_t one = open_path("lock", O_RDWR | O_CREAT), other = open_path("lock", O_RDWR);
    ck_assert_int_eq(world.env.lock(&world, one, 0), 0);
    ck_assert_int_eq(world.env.lock(&world, one, 0), 0);
    ck_assert_int_eq(world.env.lock(&world, other, 0), -EAGAIN);
    ck_assert_int_eq(world.env.lock(&world, other, 1), 0);
    close_fd(one);
    ck_assert_int_eq(world.env.lock(&world, other, 0), 0);
    close_fd(other);
}
END_TEST

START_TEST(memory_is_counted_and_refused)
{
    world.refuse_at = 2;
    void *one = world.env.allocate(&world, NULL, 10);
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_null(world.env.allocate(&world, one, 20));
    one = world.env.allocate(&world, one, 30);
    ck_assert_int_eq(world.live, 1);
    world.refuse_after = 1;
    ck_assert_ptr_null(world.env.allocate(&world, NULL, 1));
    ck_assert_int_eq(world.refused, 2);
    world.env.allocate(&world, one, 0);
}
END_TEST

START_TEST(standard_output_is_kept_and_clocks_go_on)
{
    int64_t before = world.env.now(&world), steady = world.env.monotonic(&world);
    write_text(1, "to be seen");
    ck_assert_str_eq(world.output.data, "to be seen");
    ck_assert_int_eq(world.env.sync(&world, 1), -EINVAL);
    ck_assert_int_gt(world.env.now(&world), before);
    sl_world_wait(&world, 5000000);
    ck_assert_int_gt(world.env.monotonic(&world), steady + 5000000);
}
END_TEST

/* ---- Faults ---------------------------------------------------------------------------------- */

START_TEST(a_fault_is_once_or_sticky)
{
    int32_t fd = open_path("a", O_WRONLY | O_CREAT); /* change 1 */
    int64_t put = 0;
    int32_t failures = 0;
    const char *rest = "two+three";
    world.error = ENOSPC;
    world.fail_at = 3;
    write_text(fd, "one");
    for (int i = 0; i < 20 && put < 9; i++) { /* a write that is cut short goes on */
        int64_t answer = world.env.write(&world, fd, rest + put, (size_t)(9 - put));
        ck_assert(answer > 0 || answer == -ENOSPC);
        failures += answer < 0;
        put += answer > 0 ? answer : 0;
    }
    holds("a", "onetwo+three");
    ck_assert_int_eq(world.failed, 1);
    ck_assert_int_le(failures, 1);
    world.fail_at = world.operations + 1;
    world.fail_after = 1;
    ck_assert_int_eq(world.env.sync(&world, fd), -ENOSPC);
    ck_assert_int_eq(world.env.truncate(&world, fd, 0), -ENOSPC);
    ck_assert_int_eq(world.env.rename(&world, "a", "b"), -ENOSPC);
    ck_assert_int_eq(world.env.unlink(&world, "a"), -ENOSPC);
    ck_assert_int_eq(world.env.make_directory(&world, "d", 0755), -ENOSPC);
    ck_assert_int_eq(open_path("c", O_WRONLY | O_CREAT), -ENOSPC);
    ck_assert_int_eq(world.failed, 7);
    close_fd(fd);
}
END_TEST

START_TEST(a_dead_process_changes_nothing)
{
    char byte;
    int32_t fd = open_path("a", O_RDWR | O_CREAT | O_APPEND);
    write_text(fd, "kept");
    world.crash_at = world.operations + 1;
    ck_assert_int_eq(world.env.truncate(&world, fd, 4), -EIO);
    ck_assert_int_eq(world.crashed, 1);
    ck_assert_int_eq(world.env.write(&world, fd, "x", 1), -EIO);
    ck_assert_int_eq(world.env.pread(&world, fd, &byte, 1, 0), -EIO);
    ck_assert_int_eq(world.env.truncate(&world, fd, 0), -EIO);
    ck_assert_int_eq(world.env.rename(&world, "a", "b"), -EIO);
    ck_assert_int_eq(world.env.unlink(&world, "a"), -EIO);
    ck_assert_int_eq(open_path("a", O_RDONLY), -EIO);
    sl_world_boot(&world, SL_WORLD_KILL);
    ck_assert_int_eq(world.left_open, 1);
    ck_assert_int_eq(world.crashed, 0);
    holds("a", "kept");
}
END_TEST

/* ---- What is durable ------------------------------------------------------------------------- */

typedef struct outcomes {
    int whole, gone, other;
} outcomes;

static void note_outcome(outcomes *of, const char *path, const char *whole)
{
    size_t size;
    const char *found = sl_world_get(&world, path, &size);
    if (!found)
        of->gone++;
    else if (size == strlen(whole) && memcmp(found, whole, size) == 0)
        of->whole++;
    else
        of->other++;
}

START_TEST(what_was_synced_outlives_a_power_cut)
{
    outcomes synced = {0}, appended = {0}, unsynced = {0};
    for (uint64_t seed = 1; seed <= 200; seed++) {
        sl_world_done(&world);
        sl_world_init(&world, seed);
        int32_t a = open_path("a", O_WRONLY | O_CREAT), b = open_path("b", O_WRONLY | O_CREAT);
        write_text(a, "safe");
        ck_assert_int_eq(world.env.sync(&world, a), 0);
        write_text(b, "perhaps");
        close_fd(b);
        if (seed % 2) {
            write_text(a, "more");
            sl_world_boot(&world, SL_WORLD_KILL);
            holds("a", "safemore");
            holds("b", "perhaps");
        }
        sl_world_boot(&world, SL_WORLD_POWER_CUT);
        note_outcome(&unsynced, "b", "perhaps");
        if (seed % 2) {
            ck_assert_int_eq(strncmp(sl_world_get(&world, "a", NULL), "safe", 4), 0);
            note_outcome(&appended, "a", "safemore");
        } else {
            note_outcome(&synced, "a", "safe");
        }
    }
    ck_assert_int_eq(synced.whole, 100);
    ck_assert_int_eq(appended.gone, 0);
    ck_assert(appended.whole > 10 && appended.other > 10);
    ck_assert(unsynced.whole > 10 && unsynced.gone > 10 && unsynced.other > 10);
}
END_TEST

/* Writes beside and takes the place, dying in each change in turn. */
static outcomes replace_in_turn(int sync_first, int32_t how)
{
    outcomes found = {0};
    for (uint64_t seed = 1; seed <= 40; seed++)
        for (int64_t at = 1; at <= 6; at++) {
            sl_world_done(&world);
            sl_world_init(&world, seed * 100 + (uint64_t)at);
            sl_world_put(&world, "target", "old", 3);
            world.crash_at = at;
            int32_t fd = open_path(".target", O_WRONLY | O_CREAT | O_EXCL);
            if (fd >= 0) {
                world.env.write(&world, fd, "new and ", 8);
                world.env.write(&world, fd, "longer", 6);
                if (!sync_first || world.env.sync(&world, fd) == 0)
                    world.env.rename(&world, ".target", "target");
            }
            if (!world.crashed && how == SL_WORLD_POWER_CUT)
                ck_assert_int_eq(at > 4 + sync_first, 1);
            sl_world_boot(&world, how);
            if (strcmp(sl_world_get(&world, "target", NULL), "old") == 0)
                found.gone++;
            else
                note_outcome(&found, "target", "new and longer");
        }
    return found;
}

START_TEST(a_replaced_file_is_old_or_new)
{
    outcomes found = replace_in_turn(1, SL_WORLD_POWER_CUT);
    ck_assert_int_eq(found.other, 0);
    ck_assert(found.gone > 100 && found.whole > 30);
    found = replace_in_turn(0, SL_WORLD_KILL);
    ck_assert_int_eq(found.other, 0);
    found = replace_in_turn(0, SL_WORLD_POWER_CUT); /* and who forgets to sync is found out */
    ck_assert_int_gt(found.other, 10);
}
END_TEST

START_TEST(a_failed_sync_is_not_made_good_by_the_next)
{
    outcomes found = {0};
    for (uint64_t seed = 1; seed <= 50; seed++) {
        sl_world_done(&world);
        sl_world_init(&world, seed);
        sl_world_put(&world, "a", "", 0);
        int32_t fd = open_path("a", O_WRONLY);
        write_text(fd, "lost?");
        world.fail_at = world.operations + 1;
        ck_assert_int_eq(world.env.sync(&world, fd), -EIO);
        ck_assert_int_eq(world.env.sync(&world, fd), 0);
        holds("a", "lost?");
        sl_world_boot(&world, SL_WORLD_POWER_CUT);
        note_outcome(&found, "a", "lost?");
    }
    ck_assert(found.whole > 5 && found.other > 5);
}
END_TEST

START_TEST(names_are_durable_when_their_directory_is)
{
    int kept = 0, homeless = 0, tops = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        sl_world_done(&world);
        sl_world_init(&world, seed);
        ck_assert_int_eq(world.env.make_directory(&world, "d", 0755), 0);
        int32_t fd = open_path("d/a", O_WRONLY | O_CREAT);
        close_fd(fd);
        close_fd(open_path("d/b", O_WRONLY | O_CREAT));
        ck_assert_int_eq(world.env.make_directory(&world, "e", 0755), 0);
        close_fd(open_path("e/c", O_WRONLY | O_CREAT));
        close_fd(open_path("top", O_WRONLY | O_CREAT));
        ck_assert_int_eq(world.env.rename(&world, "d/a", "d/z"), 0);
        sl_world_boot(&world, SL_WORLD_POWER_CUT);
        ck_assert_ptr_null(sl_world_get(&world, "d/a", NULL));
        holds("d/z", ""); /* its directory was synced by the rename, and so was b */
        holds("d/b", "");
        sl_file_info info;
        tops += sl_world_get(&world, "top", NULL) != NULL;
        int there = world.env.stat(&world, "e", &info) == 0;
        kept += there;
        homeless += !there && sl_world_get(&world, "e/c", NULL) != NULL;
    }
    ck_assert(kept > 10 && kept < 50 && tops > 10 && tops < 50);
    ck_assert_int_eq(homeless, 0);
}
END_TEST

START_TEST(a_directory_can_be_synced)
{
    sl_world_put(&world, "d/other", "", 0);
    close_fd(open_path("a", O_WRONLY | O_CREAT));
    close_fd(open_path("d/b", O_WRONLY | O_CREAT));
    static const char *const directories[] = {".", "d"};
    for (int i = 0; i < 2; i++) {
        int32_t fd = open_path(directories[i], O_RDONLY | O_DIRECTORY);
        ck_assert_int_eq(world.env.sync(&world, fd), 0);
        close_fd(fd);
    }
    ck_assert_int_eq(open_path("a", O_RDONLY | O_DIRECTORY), -ENOTDIR);
    sl_world_boot(&world, SL_WORLD_POWER_CUT);
    holds("a", "");
    holds("d/b", "");
}
END_TEST

START_TEST(names_are_durable_in_order_where_the_disk_keeps_it)
{
    int out_of_order[2] = {0};
    for (uint64_t seed = 1; seed <= 100; seed++) {
        sl_world_done(&world);
        sl_world_init(&world, seed);
        world.ordered = seed % 2;
        close_fd(open_path("a", O_WRONLY | O_CREAT));
        close_fd(open_path("b", O_WRONLY | O_CREAT));
        int32_t fd = open_path("c", O_WRONLY | O_CREAT);
        ck_assert_int_eq(seed % 3 ? 0 : world.env.sync(&world, fd), 0);
        close_fd(fd);
        sl_world_boot(&world, SL_WORLD_POWER_CUT);
        int a = sl_world_get(&world, "a", NULL) != NULL,
            b = sl_world_get(&world, "b", NULL) != NULL;
        int c = sl_world_get(&world, "c", NULL) != NULL;
        ck_assert(seed % 3 || c);
        out_of_order[seed % 2] += (b && !a) || (c && !b);
    }
    ck_assert_int_eq(out_of_order[1], 0);
    ck_assert_int_gt(out_of_order[0], 10);
}
END_TEST

START_TEST(a_seed_is_the_same_in_every_run)
{
    uint64_t traces[3];
    for (int i = 0; i < 3; i++) {
        sl_world_done(&world);
        sl_world_init(&world, i < 2 ? 7 : 8);
        world.shorten = 3;
        int32_t fd = open_path("a", O_WRONLY | O_CREAT);
        int64_t put = world.env.write(&world, fd, "0123456789", 10);
        ck_assert_int_gt(put, 0);
        close_fd(fd);
        sl_world_boot(&world, SL_WORLD_POWER_CUT);
        traces[i] = world.trace;
    }
    ck_assert_uint_eq(traces[0], traces[1]);
    ck_assert_uint_ne(traces[0], traces[2]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("world");
    TCase *all = tcase_create("files");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, begin, end);
    tcase_add_test(all, a_file_is_written_and_read);
    tcase_add_test(all, two_descriptors_append_to_one_end);
    tcase_add_test(all, a_name_goes_and_the_open_file_stays);
    tcase_add_test(all, directories_and_patterns);
    tcase_add_test(all, a_byte_is_locked_by_one_descriptor);
    tcase_add_test(all, memory_is_counted_and_refused);
    tcase_add_test(all, standard_output_is_kept_and_clocks_go_on);
    tcase_add_test(all, a_fault_is_once_or_sticky);
    tcase_add_test(all, a_dead_process_changes_nothing);
    tcase_add_test(all, what_was_synced_outlives_a_power_cut);
    tcase_add_test(all, a_replaced_file_is_old_or_new);
    tcase_add_test(all, a_failed_sync_is_not_made_good_by_the_next);
    tcase_add_test(all, names_are_durable_when_their_directory_is);
    tcase_add_test(all, a_directory_can_be_synced);
    tcase_add_test(all, names_are_durable_in_order_where_the_disk_keeps_it);
    tcase_add_test(all, a_seed_is_the_same_in_every_run);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * test_roots.c - no path leads out of a root: spelled in every way, by every operation, and while
 * somebody changes what it leads through; and those that stay inside work.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "stages/core/env.h"
#include "stages/sqlite_roots.h"

#define SECRET "outside\n"

static char base[PATH_MAX]; /* base/in is the root; base/out and base/in-too are outside */
static sl_roots *roots;
static const sl_env *env;

/* ---- The tree -------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void link_to(const char *target, const char *path)
{
    ck_assert_int_eq(symlink(target, path), 0);
}

static void begin(void)
{
    static const char *const folders[] = {"in", "in/d", "in/d/e", "in/swap", "out", "in-too"};
    char target[PATH_MAX + 16];
    uint32_t wrong;
    const char *directory = "in";
    ck_assert_ptr_nonnull(getcwd(base, sizeof base));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        ck_assert_int_eq(mkdir(folders[i], 0755), 0);
    write_file("in/a", "inside\n");
    write_file("in/d/b", "inside\n");
    write_file("in/d/e/c", "inside\n");
    write_file("out/secret", SECRET);
    write_file("in-too/secret", SECRET);
    link_to("..", "in/up");
    link_to("d/../..", "in/round");
    link_to("../out", "in/out");
    link_to("../out/secret", "in/file");
    link_to("../out/new", "in/dangling");
    link_to("dangling", "in/dangling2");
    link_to("out", "in/chain");
    link_to("/", "in/top");
    link_to("/proc/self/root", "in/magic");
    link_to("/proc/self/cwd", "in/magic-cwd");
    link_to("/proc/self/fd", "in/fds");
    snprintf(target, sizeof target, "%.4000s/out", base);
    link_to(target, "in/absolute");
    snprintf(target, sizeof target, "%.4000s/in/a", base);
    link_to(target, "in/absolute-in");
    link_to("d", "in/good");
    link_to("../a", "in/d/back");
    link_to("e/../../d/e", "in/d/winding");
    link_to("d/fresh", "in/absent");
    ck_assert_int_eq(sl_roots_new(&directory, 1, &roots, &wrong), 0);
    env = sl_roots_env(roots);
}

/* What is outside is as it was. */
static void check_outside(void)
{
    static const char *const folders[] = {"out", "in-too"};
    for (int i = 0; i < 2; i++) {
        char path[64], text[64] = "";
        snprintf(path, sizeof path, "%s/secret", folders[i]);
        FILE *file = fopen(path, "r");
        ck_assert_msg(file != NULL, "'%s' is gone", path);
        ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
        ck_assert_str_eq(text, SECRET);
        ck_assert_int_eq(fclose(file), 0);
        DIR *folder = opendir(folders[i]);
        for (struct dirent *at; (at = readdir(folder)) != NULL;)
            ck_assert_msg(at->d_name[0] == '.' || strcmp(at->d_name, "secret") == 0,
                          "'%s/%s' was made", folders[i], at->d_name);
        closedir(folder);
    }
}

static void run_in_new_folder(void (*test)(void))
{
    char folder[] = "/tmp/sluice-roots-XXXXXX", command[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    begin();
    test();
    check_outside();
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* ---- Ways out, and ways that stay ------------------------------------------------------------ */

/* Below the root; where each leads out, to a file that is there or could be made. */
static const char *const ways_out[] = {
    "../out/secret",
    "../out/made",
    "./../out/secret",
    ".//..//out//secret",
    "d/../../out/secret",
    "d/../../out/made",
    "d/e/../../../out/secret",
    "d/./.././../out/secret",
    "a/../../out/secret",
    "none/../../out/secret",
    "../in-too/secret",
    "../in-too/made",
    "../in/../out/secret",
    "up/out/secret",
    "up/out/made",
    "up/in/../out/secret",
    "up/in-too/secret",
    "round/out/secret",
    "round/out/made",
    "out/secret",
    "out/made",
    "out/../out/secret",
    "file",
    "dangling",
    "dangling2",
    "chain/secret",
    "chain/made",
    "good/../out/secret",
    "good/../../out/secret",
    "good/e/../../../out/made",
    "d/back/../../out/secret",
    "d/winding/../../../out/secret",
    "absolute/secret",
    "absolute/made",
    "top/etc/passwd",
    "top/proc/self/cwd/out/secret",
    "magic/etc/passwd",
    "magic-cwd/out/secret",
    "magic-cwd/out/made",
    "fds/0",
    "fds/1",
    "absolute-in", /* it comes back in, by way of the top */
    "up/in/a",
    "round/in/a",
    "../in/a",
    "d/../../in/a",
};
#define WAYS_OUT (sizeof ways_out / sizeof *ways_out)

/* Not below the root, whatever it is spelled like. */
static const char *const elsewhere[] = {
    "/",
    "/etc/passwd",
    "//etc/passwd",
    "/proc/self/root/etc/passwd",
    "/proc/self/fd/0",
    "/dev/null",
    "/dev/fd/1",
    "out/secret",
    "./out/secret",
    "in-too/secret",
    "in",
    "in/../out/made",
    "..",
    ".",
    "/tmp/../etc/passwd",
};
#define ELSEWHERE (sizeof elsewhere / sizeof *elsewhere)

static const struct {
    const char *path;
    const char *file; /* what it is */
} ways_in[] = {
    {"a", "a"},          {"./a", "a"},         {".//a", "a"},
    {"d/b", "d/b"},      {"d//b", "d/b"},      {"d/../a", "a"},
    {"d/e/../b", "d/b"}, {"d/e/../../a", "a"}, {"d/e/.././../d/b", "d/b"},
    {"good/b", "d/b"},   {"good/../a", "a"},   {"good/e/c", "d/e/c"},
    {"d/back", "a"},     {"good/back", "a"},   {"d/winding/c", "d/e/c"},
};
#define WAYS_IN (sizeof ways_in / sizeof *ways_in)

static int refused(int32_t answer)
{
    return answer == -EXDEV || answer == -ELOOP || answer == -ENOENT || answer == -ENOTDIR;
}

static int32_t count(void *user, const char *path)
{
    (void)path;
    ++*(int *)user;
    return 0;
}

/* Every operation on a path that leads out. */
static void refuse(const char *path)
{
    char whole[PATH_MAX], pattern[PATH_MAX + 8];
    sl_file_info info;
    struct stat status;
    int found = 0;
    static const int32_t flags[] = {O_RDONLY,
                                    O_WRONLY,
                                    O_RDWR | O_CREAT,
                                    O_WRONLY | O_CREAT | O_EXCL,
                                    O_WRONLY | O_CREAT | O_TRUNC,
                                    O_WRONLY | O_TRUNC,
                                    O_PATH,
                                    O_RDONLY | O_NONBLOCK};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        int32_t fd = env->open(env->context, path, flags[i], 0666);
        /* O_EXCL does not follow a link, so that it is EEXIST of one inside */
        ck_assert_msg(refused(fd) || (fd == -EEXIST && flags[i] & O_EXCL),
                      "'%s' was opened with %#x: %d", path, (unsigned)flags[i], (int)fd);
    }
    int32_t answer = env->stat(env->context, path, &info);
    ck_assert_msg(refused(answer), "'%s' was looked at: %d", path, (int)answer);
    ck_assert_msg(refused(sl_roots_stat(roots, path, &status)), "'%s' was looked at", path);
    answer = env->resolve(env->context, path, whole, sizeof whole);
    if (answer == 0) { /* a name that is not there: it leads nowhere else */
        ck_assert_msg(env->stat(env->context, whole, &info) < 0, "'%s' became '%s'", path, whole);
        ck_assert_int_ne(access(whole, F_OK), 0);
    }
    snprintf(pattern, sizeof pattern, "%s*", path);
    (void)env->glob(env->context, path, count, &found);
    (void)env->glob(env->context, pattern, count, &found);
    if (lstat(path, &status) != 0 || !S_ISLNK(status.st_mode)) { /* a rename replaces the link */
        answer = env->rename(env->context, "in/d/e/c", path);
        ck_assert_msg(refused(answer), "'%s' was replaced: %d", path, (int)answer);
    }
    check_outside();
}

static void refuse_all(void)
{
    char path[2 * PATH_MAX];
    for (size_t i = 0; i < WAYS_OUT; i++) {
        snprintf(path, sizeof path, "in/%s", ways_out[i]);
        refuse(path);
        snprintf(path, sizeof path, "./in/./%s", ways_out[i]);
        refuse(path);
        snprintf(path, sizeof path, "%s/in/%s", base, ways_out[i]);
        refuse(path);
        snprintf(path, sizeof path, "%s//in//%s", base, ways_out[i]);
        refuse(path);
        ck_assert_int_eq(chdir("in"), 0);
        int32_t fd = env->open(env->context, ways_out[i], O_RDONLY, 0);
        ck_assert_msg(refused(fd), "'%s' was opened from the root: %d", ways_out[i], (int)fd);
        ck_assert_int_eq(chdir(".."), 0);
    }
    for (size_t i = 0; i < ELSEWHERE; i++) {
        if (strcmp(elsewhere[i], "in") == 0) /* the root itself */
            continue;
        int32_t fd = env->open(env->context, elsewhere[i], O_RDONLY, 0);
        ck_assert_msg(refused(fd), "'%s' was opened: %d", elsewhere[i], (int)fd);
        sl_file_info info;
        ck_assert_msg(refused(env->stat(env->context, elsewhere[i], &info)), "%s", elsewhere[i]);
        ck_assert_msg(refused(env->unlink(env->context, elsewhere[i])) ||
                          env->unlink(env->context, elsewhere[i]) == -EISDIR,
                      "%s", elsewhere[i]);
    }
    static const char *const removed[] = {"../out/secret",   "d/../../out/secret",
                                          "out/secret",      "up/out/secret",
                                          "absolute/secret", "round/in-too/secret"};
    for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
        snprintf(path, sizeof path, "in/%s", removed[i]);
        ck_assert_int_eq(env->unlink(env->context, path), -EXDEV);
        ck_assert_int_eq(env->rename(env->context, path, "in/stolen"), -EXDEV);
        ck_assert_int_eq(env->rename(env->context, "in/a", path), -EXDEV);
    }
}

static void refuse_globs(void)
{
    static const char *const out[] = {"in/../out/*", "out/*", "in/out/*",     "in/up/*/secret",
                                      "/etc/pass*",  "../*",  "in/absolute/*"};
    static const char *const nothing[] = {"in/*/secret", "in/*/*/secret", "in/*/out/*",
                                          "in/d*/../../out/*", "in/*/etc/passwd"};
    static const char *const some[] = {"in/a*", "in/good/*b", "in/*/b", "in/d/../a"};
    int found = 0;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        ck_assert_int_eq(env->glob(env->context, out[i], count, &found), -EXDEV);
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        ck_assert_int_eq(env->glob(env->context, nothing[i], count, &found), 0);
    ck_assert_int_eq(found, 0);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        found = 0;
        ck_assert_int_eq(env->glob(env->context, some[i], count, &found), 0);
        ck_assert_msg(found > 0, "'%s' finds nothing", some[i]);
    }
}

static void let_in(void)
{
    char path[2 * PATH_MAX], whole[PATH_MAX], real[PATH_MAX];
    for (size_t i = 0; i < WAYS_IN; i++)
        for (int absolute = 0; absolute < 2; absolute++) {
            struct stat wanted, got;
            snprintf(path, sizeof path, "in/%s", ways_in[i].file);
            ck_assert_int_eq(stat(path, &wanted), 0);
            ck_assert_ptr_nonnull(realpath(path, real));
            snprintf(path, sizeof path, "%s%sin/%s", absolute ? base : "", absolute ? "/" : "",
                     ways_in[i].path);
            ck_assert_msg(sl_roots_stat(roots, path, &got) == 0, "'%s' is refused", path);
            ck_assert_int_eq(got.st_ino == wanted.st_ino, 1);
            int32_t fd = env->open(env->context, path, O_RDWR, 0);
            ck_assert_int_ge(fd, 0);
            close(fd);
            ck_assert_int_eq(env->resolve(env->context, path, whole, sizeof whole), 0);
            ck_assert_str_eq(whole, real);
        }
    /* Made, by a link that dangles inside too; renamed, removed. */
    ck_assert_int_eq(env->resolve(env->context, "in/absent", whole, sizeof whole), 0);
    snprintf(path, sizeof path, "%s/in/d/fresh", base);
    ck_assert_str_eq(whole, path);
    int32_t fd = env->open(env->context, "in/absent", O_WRONLY | O_CREAT, 0640);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(env->rename(env->context, "in/d/fresh", "in/good/e/moved"), 0);
    ck_assert_int_eq(access("in/d/e/moved", F_OK), 0);
    ck_assert_int_eq(env->unlink(env->context, "in/d/e/moved"), 0);
    ck_assert_int_eq(env->unlink(env->context, "in/d/e/moved"), -ENOENT);
    ck_assert_int_eq(env->unlink(env->context, "in/file"), 0); /* the link, not what it leads to */
}

/* ---- Somebody who changes it meanwhile ------------------------------------------------------- */

static atomic_int ended;

static void *swap(void *unused)
{
    (void)unused;
    while (!atomic_load(&ended))
        (void)renameat2(AT_FDCWD, "in/swap", AT_FDCWD, "in/out", RENAME_EXCHANGE);
    return NULL;
}

static void race_for_files(void)
{
    pthread_t other;
    int made = 0, kept_out = 0;
    ck_assert_int_eq(pthread_create(&other, NULL, swap, NULL), 0);
    for (int i = 0; i < 20000 || made == 0 || kept_out == 0; i++) { /* both must come */
        int32_t fd = env->open(env->context, "in/swap/x", O_WRONLY | O_CREAT, 0644);
        made += fd >= 0;
        kept_out += fd == -EXDEV;
        if (fd >= 0)
            close(fd);
        fd = env->open(env->context, "in/swap/secret", O_RDONLY, 0);
        ck_assert_int_lt(fd, 0);
        (void)env->unlink(env->context, "in/swap/secret");
    }
    atomic_store(&ended, 1);
    pthread_join(other, NULL);
}

/* ---- SQLite ---------------------------------------------------------------------------------- */

static int use_database(const char *vfs, const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

#define FILL "CREATE TABLE IF NOT EXISTS t(a); BEGIN; INSERT INTO t VALUES(1); COMMIT"

static void confine_sqlite(void)
{
    const char *vfs = NULL;
    char path[2 * PATH_MAX];
    ck_assert_int_eq(sl_sqlite_confine(roots, &vfs), 0);
    ck_assert_int_eq(use_database(vfs, "in/x.db", FILL), SQLITE_OK);
    ck_assert_int_eq(use_database(vfs, "in/good/../y.db", "PRAGMA journal_mode=WAL;" FILL),
                     SQLITE_OK);
    ck_assert_int_eq(access("in/y.db", F_OK), 0);
    for (size_t i = 0; i < WAYS_OUT; i++) {
        snprintf(path, sizeof path, "%s/in/%s", base, ways_out[i]);
        ck_assert_msg(use_database(vfs, path, FILL) != SQLITE_OK, "'%s' was opened", path);
        ck_assert_msg(use_database(vfs, path + strlen(base) + 1, FILL) != SQLITE_OK, "%s", path);
    }
    for (size_t i = 0; i < ELSEWHERE; i++)
        ck_assert_msg(use_database(vfs, elsewhere[i], FILL) != SQLITE_OK, "%s", elsewhere[i]);
    /* Files that SQLite makes beside it. */
    link_to("../out/made", "in/x.db-journal");
    (void)use_database(vfs, "in/x.db", FILL);
    link_to("../out/made", "in/z.db-wal");
    link_to("../out/made", "in/z.db-shm");
    (void)use_database(vfs, "in/z.db", "PRAGMA journal_mode=WAL;" FILL);
    check_outside();
    pthread_t other;
    int made = 0, failed = 0;
    atomic_store(&ended, 0);
    ck_assert_int_eq(pthread_create(&other, NULL, swap, NULL), 0);
    for (int i = 0; i < 300 || made == 0 || failed == 0; i++) { /* both must come */
        int rc = use_database(vfs, "in/swap/x.db", "PRAGMA synchronous=OFF;" FILL);
        made += rc == SQLITE_OK;
        failed += rc != SQLITE_OK;
    }
    atomic_store(&ended, 1);
    pthread_join(other, NULL);
    /* The state's own databases go by SQLite's own way. */
    ck_assert_int_eq(use_database(NULL, "state.db", FILL), SQLITE_OK);
}

/* ---- Roots themselves ------------------------------------------------------------------------ */

static void refuse_roots(void)
{
    static const char *const first[] = {"in", "none"}, *const file[] = {"in/a"};
    static const char *const two[] = {"in/d", "in/swap"}, *const linked[] = {"in/out"};
    sl_roots *made = NULL;
    uint32_t wrong = 9;
    sl_file_info info;
    ck_assert_int_eq(sl_roots_new(first, 2, &made, &wrong), -ENOENT);
    ck_assert_uint_eq(wrong, 1);
    ck_assert_int_eq(sl_roots_new(file, 1, &made, &wrong), -ENOTDIR);
    ck_assert_int_eq(sl_roots_new(two, 2, &made, &wrong), 0);
    const sl_env *of = sl_roots_env(made);
    ck_assert_int_eq(of->stat(of->context, "in/d/b", &info), 0);
    ck_assert_int_eq(of->stat(of->context, "in/swap", &info), 0);
    ck_assert_int_eq(of->stat(of->context, "in/a", &info), -EXDEV);
    ck_assert_int_eq(of->stat(of->context, "in/d/back", &info), -EXDEV);
    ck_assert_int_eq(of->rename(of->context, "in/d/b", "in/swap/b"), 0); /* from one to another */
    sl_roots_free(made);
    /* Given by a link, it is where that leads, by either name. */
    ck_assert_int_eq(sl_roots_new(linked, 1, &made, &wrong), 0);
    of = sl_roots_env(made);
    ck_assert_int_eq(of->stat(of->context, "in/out/secret", &info), 0);
    ck_assert_int_eq(of->stat(of->context, "out/secret", &info), 0);
    ck_assert_int_eq(of->stat(of->context, "in/a", &info), -EXDEV);
    sl_roots_free(made);
}

#define TEST(name)                                                                                 \
    START_TEST(test_##name)                                                                        \
    {                                                                                              \
        run_in_new_folder(name);                                                                   \
        sl_roots_free(roots);                                                                      \
    }                                                                                              \
    END_TEST

TEST(refuse_all)
TEST(refuse_globs)
TEST(let_in)
TEST(race_for_files)
TEST(refuse_roots)

START_TEST(test_sqlite) /* its roots stay: they are SQLite's until the end */
{
    run_in_new_folder(confine_sqlite);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("roots");
    TCase *rooms = tcase_create("rooms");
    tcase_set_timeout(rooms, 120);
    tcase_add_test(rooms, test_refuse_all);
    tcase_add_test(rooms, test_refuse_globs);
    tcase_add_test(rooms, test_let_in);
    tcase_add_test(rooms, test_race_for_files);
    tcase_add_test(rooms, test_refuse_roots);
    tcase_add_test(rooms, test_sqlite);
    suite_add_tcase(suite, rooms);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

/*
 * test_notify.c - what systemd is told, read from a socket of the test's own.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/notify.h"

static char directory[] = "/tmp/sluice-notify-XXXXXX";
static char path[64];

/* A datagram socket with this name, '@' for an abstract one. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    size_t size = strlen(name);
    ck_assert_int_ge(fd, 0);
    memcpy(address.sun_path, name, size);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    size += offsetof(struct sockaddr_un, sun_path) + (name[0] == '/');
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, (socklen_t)size), 0);
    return fd;
}

static void check_got(int fd, const char *want)
{
    char got[4096];
    ssize_t size = recv(fd, got, sizeof got - 1, 0);
    ck_assert_int_ge(size, 0);
    got[size] = '\0';
    ck_assert_str_eq(got, want);
}

static void begin(void)
{
    strcpy(directory, "/tmp/sluice-notify-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/notify", directory);
}

static void end(void)
{
    unlink(path);
    rmdir(directory);
}

START_TEST(tells_each_state)
{
    sl_notify notify;
    int fd = listen_at(path);
    setenv("NOTIFY_SOCKET", path, 1);
    ck_assert_int_eq(sl_notify_begin(&notify), 0);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_int_eq(fcntl(notify.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(sl_notify_ready(&notify, NULL), 1);
    check_got(fd, "READY=1\n");
    ck_assert_int_eq(sl_notify_ready(&notify, "3 graphs"), 1);
    check_got(fd, "READY=1\nSTATUS=3 graphs\n");
    ck_assert_int_eq(sl_notify_status(&notify, "2 of 3 run\nREADY=1"), 1);
    check_got(fd, "STATUS=2 of 3 run\n"); /* one line, whatever a graph is called */
    ck_assert_int_eq(sl_notify_reloading(&notify, 123456789, "reads"), 1);
    check_got(fd, "RELOADING=1\nMONOTONIC_USEC=123456789\nSTATUS=reads\n");
    ck_assert_int_eq(sl_notify_stopping(&notify, 0, NULL), 1);
    check_got(fd, "STOPPING=1\n");
    ck_assert_int_eq(sl_notify_stopping(&notify, 5000000, "drains"), 1);
    check_got(fd, "STOPPING=1\nEXTEND_TIMEOUT_USEC=5000000\nSTATUS=drains\n");
    ck_assert_int_eq(sl_notify_alive(&notify), 1);
    check_got(fd, "WATCHDOG=1\n");
    ck_assert_int_eq(sl_notify_failed(&notify, ENOSPC, "disk full"), 1);
    check_got(fd, "ERRNO=28\nSTATUS=disk full\n");
    sl_notify_done(&notify);
    close(fd);
}
END_TEST

START_TEST(tells_an_abstract_socket)
{
    sl_notify notify;
    char name[64];
    snprintf(name, sizeof name, "@sluice-test-%d", (int)getpid());
    int fd = listen_at(name);
    setenv("NOTIFY_SOCKET", name, 1);
    ck_assert_int_eq(sl_notify_begin(&notify), 0);
    ck_assert_int_eq(sl_notify_alive(&notify), 1);
    check_got(fd, "WATCHDOG=1\n");
    sl_notify_done(&notify);
    close(fd);
}
END_TEST

START_TEST(nobody_listens)
{
    sl_notify notify;
    unsetenv("NOTIFY_SOCKET");
    ck_assert_int_eq(sl_notify_begin(&notify), 0);
    ck_assert_int_eq(sl_notify_ready(&notify, "x"), 0);
    ck_assert_int_eq(notify.watchdog, 0);
    sl_notify_done(&notify);
}
END_TEST

START_TEST(refuses_what_is_no_socket)
{
    char far[200];
    memset(far, 'x', sizeof far);
    far[0] = '/';
    far[sizeof far - 1] = '\0';
    const struct {
        const char *name;
        int32_t want;
    } bad[] = {
        {"", -EAFNOSUPPORT}, {"vsock:2:1", -EAFNOSUPPORT}, {"/", -EAFNOSUPPORT}, {far, -E2BIG}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sl_notify notify;
        setenv("NOTIFY_SOCKET", bad[i].name, 1);
        ck_assert_int_eq(sl_notify_begin(&notify), bad[i].want);
        ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
        ck_assert_int_eq(sl_notify_ready(&notify, NULL), 0);
        sl_notify_done(&notify);
    }
}
END_TEST

/* systemd that is gone, or reads no more, stops nobody. */
START_TEST(does_not_wait)
{
    sl_notify notify;
    int fd = listen_at(path);
    setenv("NOTIFY_SOCKET", path, 1);
    ck_assert_int_eq(sl_notify_begin(&notify), 0);
    int32_t status = 1;
    for (int i = 0; i < 100000 && status == 1; i++)
        status = sl_notify_alive(&notify);
    ck_assert_int_eq(status, -EAGAIN);
    close(fd);
    ck_assert_int_eq(sl_notify_alive(&notify), -ECONNREFUSED);
    unlink(path);
    ck_assert_int_eq(sl_notify_alive(&notify), -ENOENT);
    sl_notify_done(&notify);
}
END_TEST

static int64_t watchdog_of(const char *usec, const char *pid)
{
    sl_notify notify;
    usec == NULL ? unsetenv("WATCHDOG_USEC") : setenv("WATCHDOG_USEC", usec, 1);
    pid == NULL ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", pid, 1);
    ck_assert_int_eq(sl_notify_begin(&notify), 0);
    ck_assert(getenv("WATCHDOG_USEC") == NULL && getenv("WATCHDOG_PID") == NULL);
    int64_t watchdog = notify.watchdog;
    sl_notify_done(&notify);
    return watchdog;
}

START_TEST(knows_its_watchdog)
{
    char own[32];
    snprintf(own, sizeof own, "%d", (int)getpid());
    unsetenv("NOTIFY_SOCKET");
    ck_assert_int_eq(watchdog_of("30000000", own), 30000000);
    ck_assert_int_eq(watchdog_of("30000000", NULL), 30000000);
    ck_assert_int_eq(watchdog_of("30000000", "1"), 0); /* another's */
    ck_assert_int_eq(watchdog_of("30000000", "x"), 0);
    ck_assert_int_eq(watchdog_of(NULL, own), 0);
    ck_assert_int_eq(watchdog_of("30s", own), 0);
    ck_assert_int_eq(watchdog_of("-5", own), 0);
    ck_assert_int_eq(watchdog_of("99999999999999999999999", own), 0);
}
END_TEST

/* ---- Sockets that were handed over ----------------------------------------------------------- */

static int make_socket(int type, int listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);
    unlink(path);
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        (listening && listen(fd, 5) != 0))
        _exit(90);
    return fd;
}

/* In a child, whose descriptors 3 and up are its own: what sl_notify_fds answers, and whether the
 * name "metrics" was found at 4 and both close on exec. */
static void check_fds(const char *count, const char *names, int32_t of_parent, int stream,
                      int32_t want, int32_t metrics)
{
    char pid[32];
    int status;
    pid_t child = fork();
    if (child == 0) {
        sl_notify_fd fds[SL_NOTIFY_FDS_MOST];
        int first = make_socket(stream ? SOCK_STREAM : SOCK_DGRAM, stream);
        int other = make_socket(SOCK_STREAM, 1);
        dup2(first, 50);
        dup2(other, 51);
        dup2(50, 3);
        dup2(51, 4);
        snprintf(pid, sizeof pid, "%d", (int)(of_parent ? getppid() : getpid()));
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", count, 1);
        names == NULL ? unsetenv("LISTEN_FDNAMES") : setenv("LISTEN_FDNAMES", names, 1);
        int32_t found = sl_notify_fds(fds);
        if (found != want)
            _exit(91);
        if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
            _exit(92);
        for (int i = 0; i < found; i++)
            if (!(fcntl(3 + i, F_GETFD) & FD_CLOEXEC) || !(fcntl(3 + i, F_GETFL) & O_NONBLOCK))
                _exit(93);
        if (sl_notify_take(fds, found, "metrics") != metrics)
            _exit(94);
        if (sl_notify_take(fds, found, "metrics") != -1) /* it was taken */
            _exit(95);
        if (found == 2 && names == NULL && sl_notify_take(fds, found, "unknown") != 3)
            _exit(96);
        if (sl_notify_fds(fds) != 0) /* once only */
            _exit(97);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s %s: %d", count, names,
                  WEXITSTATUS(status));
}

START_TEST(takes_sockets_over)
{
    check_fds("2", "control:metrics", 0, 1, 2, 4);
    check_fds("2", "metrics:control", 0, 1, 2, 3);
    check_fds("2", NULL, 0, 1, 2, -1);
    check_fds("2", "control", 0, 1, 2, -1);
    check_fds("2", ":metrics", 0, 1, 2, 4);
    check_fds("1", "control:metrics", 0, 1, 1, -1);
    check_fds("2", "control:metrics", 1, 1, 0, -1); /* meant for the parent */
    check_fds("0", "", 0, 1, 0, -1);
    check_fds("x", "control", 0, 1, -EINVAL, -1);
    check_fds("17", "control", 0, 1, -E2BIG, -1);
    check_fds("2", "control:metrics", 0, 0, -ENOTSOCK, -1); /* a datagram socket */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notify");
    TCase *cases = tcase_create("notify");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, tells_each_state);
    tcase_add_test(cases, tells_an_abstract_socket);
    tcase_add_test(cases, nobody_listens);
    tcase_add_test(cases, refuses_what_is_no_socket);
    tcase_add_test(cases, does_not_wait);
    tcase_add_test(cases, knows_its_watchdog);
    tcase_add_test(cases, takes_sockets_over);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/*
 * process.c - real processes; see process.h.
 */
#include "tests/faults/process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VARIABLES 24

void fault_broken(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("broken test: ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    exit(99);
}

int64_t fault_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The whole environment of a child, in memory that it keeps. */
static void set_environment(const fault_start *how, char **variables, char (*room)[512])
{
    int count = 0;
    const char *path = getenv("PATH");
    snprintf(room[count++], 512, "PATH=%s", path ? path : "/usr/bin:/bin");
    snprintf(room[count++], 512, "HOME=%s", how->directory);
    snprintf(room[count++], 512, "XDG_STATE_HOME=%s/state", how->directory);
    snprintf(room[count++], 512, "TMPDIR=%s/tmp", how->directory);
    snprintf(room[count++], 512, "LC_ALL=C");
    snprintf(room[count++], 512, "NO_COLOR=1");
    for (int i = 0; i < count; i++)
        variables[i] = room[i];
    for (const char *const *extra = how->extra; extra && *extra && count < VARIABLES; extra++)
        variables[count++] = (char *)(uintptr_t)*extra;
    variables[count] = NULL;
}

/* Puts a file in the place of a descriptor; only in the child. */
static void redirect(int to, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0 || dup2(fd, to) < 0)
        _exit(126);
}

static void become(const fault_start *how, const char *const *argv)
{
    char *variables[VARIABLES + 1];
    char room[VARIABLES][512];
    if (chdir(how->directory))
        _exit(126);
    redirect(0, "/dev/null", O_RDONLY);
    redirect(1, how->output ? how->output : "/dev/null", O_WRONLY | O_CREAT | O_APPEND);
    redirect(2, how->errors, O_WRONLY | O_CREAT | O_APPEND);
    set_environment(how, variables, room);
    if (how->descriptors) {
        struct rlimit limit = {(rlim_t)how->descriptors, (rlim_t)how->descriptors};
        if (setrlimit(RLIMIT_NOFILE, &limit))
            _exit(126);
    }
    execve(argv[0], (char *const *)(uintptr_t)argv, variables);
    _exit(126);
}

void fault_process_start(fault_process *process, const fault_start *how, const char *const *argv)
{
    fflush(NULL);
    *process = (fault_process){.fd = -1, .started = fault_now()};
    process->pid = fork();
    if (process->pid == 0)
        become(how, argv);
    if (process->pid < 0)
        fault_broken("cannot fork: %s", strerror(errno));
    process->fd = pidfd_open(process->pid, 0);
    if (process->fd < 0)
        fault_broken("cannot watch a process: %s", strerror(errno));
}

int fault_process_wait(fault_process *process, int64_t microseconds)
{
    if (process->fd < 0)
        return 1;
    int64_t until = fault_now() + microseconds;
    struct pollfd watched = {process->fd, POLLIN, 0};
    for (;;) {
        int64_t left = until - fault_now();
        if (left < 0)
            left = 0;
        struct timespec wait = {left / 1000000, left % 1000000 * 1000};
        int ready = ppoll(&watched, 1, &wait, NULL);
        if (ready < 0 && errno != EINTR)
            fault_broken("cannot wait for a process: %s", strerror(errno));
        if (ready > 0)
            break;
        if (ready == 0)
            return 0;
    }
    process->used = fault_now() - process->started;
    while (waitpid(process->pid, &process->status, 0) < 0)
        if (errno != EINTR)
            fault_broken("cannot wait for process %d: %s", (int)process->pid, strerror(errno));
    close(process->fd);
    process->fd = -1;
    return 1;
}

void fault_process_signal(const fault_process *process, int signal)
{
    if (process->fd >= 0)
        pidfd_send_signal(process->fd, signal, NULL, 0);
}

int fault_process_run(fault_process *process, const fault_start *how, const char *const *argv,
                      int64_t microseconds)
{
    fault_process_start(process, how, argv);
    if (fault_process_wait(process, microseconds))
        return 1;
    fault_process_signal(process, SIGKILL);
    fault_process_wait(process, FAULT_FOREVER);
    return 0;
}

int fault_process_code(const fault_process *process)
{
    return WIFEXITED(process->status) ? WEXITSTATUS(process->status)
                                      : 128 + WTERMSIG(process->status);
}

void fault_directory_make(const char *path)
{
    char part[512];
    snprintf(part, sizeof part, "%s", path);
    for (char *at = part + 1;; at++) {
        if (*at && *at != '/')
            continue;
        char end = *at;
        *at = '\0';
        if (mkdir(part, 0755) && errno != EEXIST)
            fault_broken("cannot make '%s': %s", part, strerror(errno));
        if (!end)
            return;
        *at = end;
    }
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void fault_directory_remove(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
        fault_broken("cannot remove '%s': %s", path, strerror(errno));
}

const char *fault_file_tail(const char *directory, const char *name)
{
    static char text[1025];
    snprintf(text, sizeof text, "%s/%s", directory, name);
    FILE *file = fopen(text, "r");
    text[0] = '\0';
    if (!file)
        return text;
    if (fseek(file, -1024, SEEK_END))
        rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/*
 * process.c - reads /proc/self; see process.h.
 */
#include "daemon/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Fields of /proc/self/stat, counted from the state, which is the third: see proc(5). */
#define THREADS 17
#define STARTED 19
#define VIRTUAL 20
#define RESIDENT 21

static int64_t microseconds(clockid_t clock)
{
    struct timespec at;
    if (clock_gettime(clock, &at) != 0)
        return -1;
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

/* Boot is when CLOCK_BOOTTIME was 0: /proc/stat, which says it, may be hidden. */
static int64_t since_1970(int64_t ticks)
{
    int64_t boot = microseconds(CLOCK_REALTIME) - microseconds(CLOCK_BOOTTIME);
    return boot + ticks * (1000000 / sysconf(_SC_CLK_TCK));
}

static void read_stat(sl_process *process)
{
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        return;
    text[size] = '\0';
    char *at = strrchr(text, ')'); /* the program's name may have anything in it */
    for (int field = 0; at && (at = strchr(at, ' ')) != NULL; field++) {
        at++;
        int64_t number = strtoll(at, NULL, 10);
        if (field == THREADS)
            process->threads = number;
        else if (field == STARTED)
            process->started = since_1970(number);
        else if (field == VIRTUAL)
            process->virtual_memory = number;
        else if (field == RESIDENT)
            process->resident = number * sysconf(_SC_PAGESIZE);
    }
}

static int64_t count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int64_t count = -1; /* its own does not count */
    if (!directory)
        return -1;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

sl_process sl_process_look(void)
{
    sl_process process = {.resident = -1, .virtual_memory = -1, .started = -1, .threads = -1};
    struct rlimit limit;
    read_stat(&process);
    process.cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    process.descriptors = count_descriptors();
    process.descriptors_most = -1;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        process.descriptors_most = (int64_t)limit.rlim_cur;
    return process;
}

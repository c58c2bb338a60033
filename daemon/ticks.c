/*
 * ticks.c - see ticks.h.
 */
#include "daemon/ticks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/state.h"

#define ENDING ".tick"

int64_t sl_ticks_read(const sl_env *env, const char *directory, const char *graph)
{
    char path[PATH_MAX], text[32] = "";
    if (sl_state_name(path, sizeof path, directory, graph, ENDING) < 0)
        return 0;
    int32_t fd = env->open(env->context, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    int64_t got = env->read(env->context, fd, text, sizeof text - 1);
    env->close(env->context, fd);
    return got > 0 ? strtoll(text, NULL, 10) : 0;
}

int32_t sl_ticks_write(const sl_env *env, const char *directory, const char *graph, int64_t served)
{
    char path[PATH_MAX], text[32];
    if (sl_state_name(path, sizeof path, directory, graph, ENDING) < 0)
        return -ENAMETOOLONG;
    int32_t made = sl_state_make_directory(env, directory);
    if (made < 0)
        return made;
    int32_t fd = env->open(env->context, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fd;
    int put = snprintf(text, sizeof text, "%020lld\n", (long long)served);
    int64_t written = env->write(env->context, fd, text, (size_t)put);
    env->close(env->context, fd);
    return written < 0 ? (int32_t)written : 0;
}

/*
 * env.h - the world as it is: the sl_env that reaches the real clock, files and memory.
 *
 * Tests use another sl_env (tests/harness/fake_env.h). Nothing else in the product calls
 * open, read, clock_gettime, malloc ... for the work of a graph.
 */
#ifndef SL_ENV_H
#define SL_ENV_H

#include <limits.h>

#include "stages/core/stage.h"

extern const sl_env sl_env_real;

/* What an errno that an sl_env answered means, for a message: strerror, and words for EXDEV, which
 * is a path that leads out of the roots (roots.h); and what to do then, NULL for all others. */
const char *sl_env_why(int32_t error);
const char *sl_env_hint(int32_t error);
/* 1: something is there and is not allowed. */
int32_t sl_env_forbids(int32_t error);

/* Calls found() for the paths in byte order, whatever the locale says, until it answers other than
 * 0, and answers that. */
int32_t sl_env_each(char **paths, size_t count, int32_t (*found)(void *user, const char *path),
                    void *user);

/* The directory that a path's last part stands in: "/", "." where the path has none. 0, or
 * -ENAMETOOLONG. */
int32_t sl_env_folder(const char *path, char folder[PATH_MAX]);
/* Makes what was created in a path's directory last. 0, or -errno. A file system that cannot do
 * that for a directory is no error. */
int32_t sl_env_sync_folder(const sl_env *env, const char *path);

static inline void *sl_env_allocate(const sl_env *env, void *old, size_t size)
{
    return env->allocate(env->context, old, size);
}

#endif

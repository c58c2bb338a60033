/*
 * env.h - the world as it is: the sl_env that reaches the real clock, files and memory.
 *
 * Tests use another sl_env (tests/harness/fake_env.h). Nothing else in the product calls
 * open, read, clock_gettime, malloc ... for the work of a graph.
 */
#ifndef SL_ENV_H
#define SL_ENV_H

#include "stages/core/stage.h"

extern const sl_env sl_env_real;

/* What an errno that an sl_env answered means, for a message: strerror, and words for EXDEV, which
 * is a path that leads out of the roots (roots.h); and what to do then, NULL for all others. */
const char *sl_env_why(int32_t error);
const char *sl_env_hint(int32_t error);
/* 1: something is there and is not allowed. */
int32_t sl_env_forbids(int32_t error);

static inline void *sl_env_allocate(const sl_env *env, void *old, size_t size)
{
    return env->allocate(env->context, old, size);
}

#endif

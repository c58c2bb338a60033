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

static inline void *sl_env_allocate(const sl_env *env, void *old, size_t size)
{
    return env->allocate(env->context, old, size);
}

#endif

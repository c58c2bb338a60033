/*
 * fake_env.h - a world for tests: a clock that stands still, seeded random, memory that is
 * counted and runs out when told to, files that are real but can fail, standard output kept.
 *
 * Thread: one at a time.
 */
#ifndef SL_FAKE_ENV_H
#define SL_FAKE_ENV_H

#include "stages/core/env.h"
#include "stages/core/text.h"

typedef struct sl_fake_env {
    sl_env env; /* give &fake.env to what is tested; its context is the fake_env */

    int64_t clock;  /* microseconds; now() and monotonic() */
    uint64_t state; /* of the random numbers */

    int64_t allocations;  /* asked for so far; frees do not count */
    int64_t live;         /* not yet freed */
    int64_t refuse_at;    /* the number of the allocation that is refused; 0: none */
    int32_t refuse_after; /* 1: and all after it */
    int64_t refused;

    int64_t operations; /* on files, so far; close and unlink always work and do not count */
    int64_t fail_at;    /* the number of the operation that fails; 0: none */
    int32_t fail_after; /* 1: and all after it */
    int32_t error;      /* the errno it answers */
    int64_t failed;
    int32_t open_files;
    int32_t step; /* read and write move at most so many bytes; 0: as many as asked */

    sl_builder output; /* what was written to descriptor 1 */
} sl_fake_env;

void sl_fake_env_init(sl_fake_env *fake);
void sl_fake_env_done(sl_fake_env *fake);

/* SQLite's own memory: installed once, before SQLite is used. */
void sl_sqlite_memory_install(void);
/* Counts from 0 again; allocation number `at` is refused, 0: none; after 1: and all later. */
void sl_sqlite_memory_refuse(int64_t at, int32_t after);
int64_t sl_sqlite_memory_allocations(void); /* since the last refuse() */
int64_t sl_sqlite_memory_refused(void);     /* since the last refuse() */
int64_t sl_sqlite_memory_live(void);        /* allocations not yet freed */

#endif

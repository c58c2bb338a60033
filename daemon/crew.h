/*
 * crew.h - threads that do jobs off the loop: as many at once as usual, more while some are held
 * up.
 *
 * A job that takes long (a call into a dead file system, a statement of an hour) counts no more: a
 * further thread takes its place, and goes when the job is back. So who is held up holds up nobody
 * else.
 *
 * Threads: LOOP, unless said otherwise.
 */
#ifndef SL_CREW_H
#define SL_CREW_H

#include <uv.h>

#include "stages/core/env.h"

typedef struct sl_crew sl_crew;

typedef struct sl_job sl_job;
struct sl_job {
    void (*work)(sl_job *job); /* WORKER */
    void (*done)(sl_job *job); /* LOOP */
    sl_job *next;              /* the crew's */
};

/* Gives a crew on a loop, which it does not keep alive; threads but the first are started when
 * there is work. usual: at least 1. 0, or libuv's error, and *made is NULL: UV_ENOMEM,
 * UV_EMFILE, or UV_EAGAIN, which is no thread. */
int sl_crew_new(const sl_env *env, uv_loop_t *uv, int32_t usual, sl_crew **made);
/* Borrows the job until done was called. */
void sl_crew_submit(sl_crew *crew, sl_job *job);
uv_loop_t *sl_crew_loop(const sl_crew *crew);
/* No job may be out. Its threads have ended when this comes back; it is gone when the loop has run
 * once more. NULL: nothing. */
void sl_crew_free(sl_crew *crew);

#endif

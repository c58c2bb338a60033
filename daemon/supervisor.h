/*
 * supervisor.h - the graphs of a directory: all of them run, each by itself.
 *
 * Reload. The files are read and planned anew; only when every one of them is right does anything
 * change. What is unchanged keeps running, with its instances. What is new starts, what is gone
 * stops. A changed graph is first looked at beside the old one, which runs on (its plan, its
 * sources, its checkpoint); then the old one ends at a committed batch, and the new one goes on
 * from that checkpoint. If it does not come to its first step, the old one goes on.
 *
 * A file that is wrong when the daemon starts is remembered with its mistakes; the others run.
 *
 * Thread: LOOP.
 */
#ifndef SL_SUPERVISOR_H
#define SL_SUPERVISOR_H

#include "daemon/service.h"

typedef struct sl_supervisor sl_supervisor;

typedef struct sl_broken { /* a file that was wrong at the start */
    char *file;
    char *error; /* the first mistake's line */
    int32_t code;
} sl_broken;

/* Gives one for a directory; *house is borrowed, its `changed` and `of` are the supervisor's.
 * watch: 1 reloads when a file of the directory changes. NULL: no memory. */
sl_supervisor *sl_supervisor_new(sl_house *house, const char *directory, int32_t watch);
/* After the drain has ended. */
void sl_supervisor_free(sl_supervisor *supervisor);

/* Reads the directory and starts what is right in it. */
void sl_supervisor_start(sl_supervisor *supervisor);
/* Stops every graph in order; done(of) when none runs. */
void sl_supervisor_drain(sl_supervisor *supervisor, void (*done)(void *of), void *of);

uint32_t sl_supervisor_count(const sl_supervisor *supervisor);
sl_service *sl_supervisor_at(const sl_supervisor *supervisor, uint32_t index); /* by name */
sl_service *sl_supervisor_find(const sl_supervisor *supervisor, const char *name);
uint32_t sl_supervisor_broken_count(const sl_supervisor *supervisor);
const sl_broken *sl_supervisor_broken(const sl_supervisor *supervisor, uint32_t index);
int32_t sl_supervisor_stopping(const sl_supervisor *supervisor); /* 1: it drains */
const char *sl_supervisor_directory(const sl_supervisor *supervisor);

/* Called when a service's state changes, or a step was made. */
void sl_supervisor_on_change(sl_supervisor *supervisor,
                             void (*changed)(void *of, sl_service *service), void *of);

/* What a reload does or did with one graph. */
#define SL_CHANGE_NONE '='
#define SL_CHANGE_ADDED '+'
#define SL_CHANGE_CHANGED '~'
#define SL_CHANGE_REMOVED '-'

typedef struct sl_change {
    char what; /* SL_CHANGE_* */
    const char *name;
    const char *failed; /* the new one did not start: its line, and the old one goes on; or NULL */
} sl_change;

typedef struct sl_reload { /* the answer; borrowed for the call */
    int32_t code;          /* 0, or an exit code: then nothing has changed, or see `failed` */
    const sl_change *changes;
    uint32_t count;
    const sl_errors *errors; /* NULL: none */
} sl_reload;

/* Reloads, after reloads that are under way; `done` is called once. dry: 1 only says what it
 * would do. 0, or -1: no memory. */
int sl_supervisor_reload(sl_supervisor *supervisor, int32_t dry,
                         void (*done)(void *of, const sl_reload *reload), void *of);

#endif

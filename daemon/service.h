/*
 * service.h - one graph of the daemon: its plan, the instance that runs, and what becomes of it
 * when that ends.
 *
 *     scheduled ---- time ---> starting ---> running <---> waiting, paused
 *         ^                        |             |
 *         +------- ended ----------+---- END ----+----> done (no schedule)
 *                                  |             |
 *                    backoff <-- failed -----> failed (it gave up)        stopped (by an operator)
 *
 * Isolated: a graph that fails takes nothing from another. It is started again after a pause that
 * doubles (with jitter), and given up after some tries, unless waiting may help (a full disk, a
 * locked database, a source that is not there): then it goes on trying.
 *
 * What others see of a running graph (counters, columns) is a copy made between two of its steps.
 *
 * Thread: LOOP.
 */
#ifndef SL_SERVICE_H
#define SL_SERVICE_H

#include "daemon/journal.h"
#include "daemon/loaded.h"
#include "daemon/runner.h"

typedef enum sl_service_state {
    SL_SERVICE_SCHEDULED, /* waits for its time */
    SL_SERVICE_STARTING,
    SL_SERVICE_RUNNING,
    SL_SERVICE_WAITING, /* for the world: rows, a lock, a timer */
    SL_SERVICE_PAUSED,
    SL_SERVICE_STOPPING,
    SL_SERVICE_BACKOFF, /* failed, and will be started again */
    SL_SERVICE_FAILED,  /* failed too often */
    SL_SERVICE_STOPPED, /* by an operator */
    SL_SERVICE_DONE,    /* came to its end, and has no schedule */
} sl_service_state;

typedef struct sl_service sl_service;

/* What all services share. */
typedef struct sl_house {
    sl_loop loop;
    uv_loop_t *uv;
    const sl_env *env;
    const sl_env *reach; /* of stages; NULL: env */
    sl_registry *registry;
    sl_journal *journal;
    const char *state;                              /* directory */
    int32_t draining;                               /* 1: nothing is started any more */
    void (*changed)(void *of, sl_service *service); /* its state, or a step was made */
    void *of;
} sl_house;

typedef struct sl_stage_view {
    sl_counters counters;
    int32_t ended, failed, waiting;
    const char *waits_for; /* sl_graph_waits_for */
    sl_counters past;      /* sums of all instances that have ended; what is no sum is 0 there */
} sl_stage_view;

struct sl_service {
    sl_house *house;
    sl_loaded *loaded; /* its plan */
    sl_service_state state;
    struct sl_instance *instance; /* that runs; NULL: none */
    int32_t wanted;               /* 0: an operator has stopped it */
    int32_t paused;

    sl_stage_view *stages;  /* by plan index: the last copy */
    int64_t started, ended; /* microseconds since 1970, of the last instance; 0: none */
    int64_t succeeded;      /* likewise, when one last came to its end without a failure */
    int64_t next;           /* when it is started again, since 1970; 0: it is not */
    int64_t runs, failures, in_a_row; /* instances so far; failed ones; failed without a break */
    int64_t served;                   /* the schedule's tick that was served last */
    int64_t missed; /* ticks of the schedule that fell into a run, or were slept through */
    int64_t alive;  /* monotonic: when it last ended a step, or was seen to live inside one */
    uint32_t signs; /* of life that were seen */
    char *error;    /* the last failure's line; NULL: none */
    int32_t code;   /* ... and its exit code */
    int32_t hangs;  /* 1: a step has not come back for too long */

    sl_journal_graph log; /* its part of the log, with a level of its own */
    uv_timer_t timer;
    void (*then)(sl_service *service); /* what a stop is followed by; NULL: nothing */
    int32_t held; /* 1: ... and a reload has said so: other stops do not change it */
};

const char *sl_service_state_name(sl_service_state state);
const char *sl_service_name(const sl_service *service);
uint32_t sl_service_fails(const sl_service *service); /* 1: BACKOFF or FAILED */

/* Gives a service; TAKES loaded, whose plan is sound. Nothing starts. NULL: no memory. */
sl_service *sl_service_new(sl_house *house, sl_loaded *loaded);
/* Nothing of it may run; it goes when libuv has given back its timer. */
void sl_service_free(sl_service *service);

/* Starts it now, or waits for its schedule's time; after `stop` too. */
void sl_service_start(sl_service *service);
void sl_service_run_now(sl_service *service); /* whatever the schedule says */
/* Ends it in order; then(service) when it has ended (at once when nothing runs). */
void sl_service_stop(sl_service *service, void (*then)(sl_service *service));
/* The same, for a reload: whoever else stops it meanwhile, then(service) is what follows. */
void sl_service_hold(sl_service *service, void (*then)(sl_service *service));
void sl_service_pause(sl_service *service);
void sl_service_resume(sl_service *service);
void sl_service_step(sl_service *service, int64_t batches);
/* Microseconds in which no step has ended and, by earlier calls, no sign of life was seen. */
int64_t sl_service_silent(sl_service *service);
/* Its plan becomes another one, TAKES loaded; the old one is given back. Nothing may run. Stages of
 * the same name and type keep their sums. */
sl_loaded *sl_service_replace(sl_service *service, sl_loaded *loaded);

/* What a stage, by its plan index, has counted since the service began, over all instances; calls,
 * rows, batches, busy time and commits are sums, what else there is is of the one that runs. */
sl_counters sl_service_counted(const sl_service *service, uint32_t stage);

/* The instance's runner and graph; NULL: nothing runs. */
sl_runner *sl_service_runner(const sl_service *service);
sl_graph *sl_service_graph(const sl_service *service);

#endif

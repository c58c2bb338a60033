/*
 * schedule.h - when a graph is to run: `every: 30s`, or `cron: "15 6 * * mon-fri"`.
 *
 * A schedule is a pure function of the wall clock: asked for the next tick after a time, it answers
 * the same whoever asks and whenever, so that a clock that was set, a machine that slept and a
 * daemon that was started again need no state beyond the last tick that was served.
 *
 *     every    the multiples of the period since 1970-01-01 00:00 UTC: with 30s, at :00 and :30
 *              of every minute
 *     cron     minute hour day-of-month month day-of-week, in local time; a day must match both day
 *              fields when one of them begins with `*`, else either of them
 *
 * Where the clocks change, an expression that names hours means the clock on the wall: a time that
 * is left out comes at the first minute after the gap, once; a time that comes twice counts the
 * first time. One with `*` for the hour goes by the minutes as they pass, so that a graph that runs
 * every ten minutes still does.
 *
 * Deliberately elsewhere: the keys of the YAML (timing.c), waiting and running (daemon/).
 * Thread: ANY THREAD.
 */
#ifndef SL_SCHEDULE_H
#define SL_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "config/zone.h"

#define SL_SCHEDULE_LEAST INT64_C(1000000)                /* of `every`, microseconds */
#define SL_SCHEDULE_MOST (INT64_C(366) * 86400 * 1000000) /* of `every` */
#define SL_SCHEDULE_MISSED 1000                           /* more missed ticks are not counted */
#define SL_SCHEDULE_NEVER INT64_MAX

typedef struct sl_schedule {
    int64_t every;       /* microseconds; 0: cron, with the sets below, a bit a value */
    uint64_t minutes;    /* 0-59 */
    uint32_t hours;      /* 0-23 */
    uint32_t days;       /* 1-31 */
    uint32_t months;     /* 1-12 */
    uint32_t weekdays;   /* 0-6, 0 is Sunday */
    int32_t either;      /* 1: one of days and weekdays is enough */
    const sl_zone *zone; /* of cron; NULL: UTC */
} sl_schedule;

typedef struct sl_schedule_mistake {
    size_t byte; /* of the text */
    size_t length;
    char message[160];
    const char *hint; /* static */
} sl_schedule_mistake;

/* Reads a cron expression; the zone is left as it is. 0, or -1 with *mistake. */
int sl_schedule_cron(const char *text, sl_schedule *schedule, sl_schedule_mistake *mistake);

/* The first tick after a time, both in microseconds since 1970, UTC; SL_SCHEDULE_NEVER: none. */
int64_t sl_schedule_next(const sl_schedule *schedule, int64_t after);

/* What sl_schedule_due found. */
typedef struct sl_due {
    int64_t missed; /* ticks that passed before the one that is due; at most SL_SCHEDULE_MISSED */
    int64_t went_back; /* microseconds that the clock was set back by; 0: it was not */
    int64_t next;      /* the tick to wait for: after now */
} sl_due;

/*
 * Whether a tick is due now. *served is the last tick that was; a graph that is new begins with the
 * time at which it was loaded. When one is due, *served becomes that tick, the newest that has
 * passed; all missed ones are served by the same run. 1 or 0.
 *
 * A clock that was set back by less than a tick (at most 3 hours) waits until it has caught up, so
 * that no tick is served twice; beyond that *served becomes `now`, and ticks come by the new time.
 *
 * Who waits for due.next should ask again at least each minute: timers do not see the clock being
 * set, nor the machine sleeping.
 */
int32_t sl_schedule_due(const sl_schedule *schedule, int64_t *served, int64_t now, sl_due *due);

#endif

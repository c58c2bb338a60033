/*
 * zone.h - a time zone: how far its clocks are from UTC, and when that changes.
 *
 * Read once from the system's zone files (RFC 8536), or from a rule such as
 * `CET-1CEST,M3.5.0,M10.5.0/3`; afterwards a pure table, so that graphs of several zones live in
 * one process and no thread meets the C library's one global zone.
 *
 * Deliberately elsewhere: which local times a schedule means (schedule.h).
 * Thread: reading LOOP; the rest ANY THREAD.
 */
#ifndef SL_ZONE_H
#define SL_ZONE_H

#include "stages/core/arena.h"

typedef struct sl_zone sl_zone;

/* A stretch of time in which the distance from UTC stays the same. Seconds since 1970, UTC. */
typedef struct sl_zone_period {
    int64_t begin;  /* INT64_MIN: since ever */
    int64_t end;    /* the first second after it; INT64_MAX: for ever */
    int32_t offset; /* local time = UTC + offset, seconds */
    int32_t before; /* the offset before begin; offset itself where there is none */
} sl_zone_period;

/*
 * Gives the zone of this name, or of this rule; NULL: the machine's own, from $TZ, else
 * /etc/localtime, else UTC. It lives in the arena. NULL: *why says what is wrong with it (static,
 * or in the arena).
 */
const sl_zone *sl_zone_read(const sl_env *env, sl_arena *arena, const char *name, const char **why);

/* The period around a second; zone NULL: UTC. */
void sl_zone_at(const sl_zone *zone, int64_t seconds, sl_zone_period *period);

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back; month and day from 1. */
int64_t sl_zone_days(int64_t year, int32_t month, int32_t day);
void sl_zone_date(int64_t days, int64_t *year, int32_t *month, int32_t *day);
int32_t sl_zone_month_length(int64_t year, int32_t month);

#endif

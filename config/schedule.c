/*
 * schedule.c - ticks of a schedule; see schedule.h.
 *
 * Deliberately elsewhere: reading cron expressions (cron.c).
 */
#include "config/schedule.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define YEAR (366 * INT64_C(86400))
#define ALL_HOURS 0xFFFFFFu
#define DAY_MINUTES 1440
#define NONE INT64_MIN

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* ---- Local minutes --------------------------------------------------------------------------- */

static int is_day(const sl_schedule *schedule, int64_t days, int32_t day)
{
    int64_t weekday = ((days + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int by_day = (schedule->days >> day & 1) != 0;
    int by_weekday = (schedule->weekdays >> weekday & 1) != 0;
    return schedule->either ? by_day || by_weekday : by_day && by_weekday;
}

/* The first minute of a day, from `minute` on, that matches; -1: none. */
static int32_t find_in_day(const sl_schedule *schedule, int32_t minute)
{
    for (int32_t hour = minute / 60; hour < 24; hour++) {
        uint64_t left = schedule->minutes >> (hour == minute / 60 ? minute % 60 : 0);
        if ((schedule->hours >> hour & 1) != 0 && left != 0) {
            int32_t from = hour == minute / 60 ? minute % 60 : 0;
            return hour * 60 + from + __builtin_ctzll(left);
        }
    }
    return -1;
}

/* The first matching local minute, counted from 1970, in [from, end); NONE. */
static int64_t find(const sl_schedule *schedule, int64_t from, int64_t end)
{
    int64_t days = floor_divide(from, DAY_MINUTES);
    int32_t minute = (int32_t)(from - days * DAY_MINUTES);
    while (days * DAY_MINUTES < end) {
        int64_t year;
        int32_t month, day, found = -1;
        sl_zone_date(days, &year, &month, &day);
        if ((schedule->months >> month & 1) == 0) {
            days += sl_zone_month_length(year, month) - day + 1;
        } else {
            found = is_day(schedule, days, day) ? find_in_day(schedule, minute) : -1;
            days += found < 0;
        }
        if (found >= 0) {
            int64_t at = days * DAY_MINUTES + found;
            return at < end ? at : NONE;
        }
        minute = 0;
    }
    return NONE;
}

/* ---- Cron -------------------------------------------------------------------------------------
 */

/* The number of the first whole minute at or after a second. */
static int64_t minute_after(int64_t second)
{
    return floor_divide(second + 59, 60);
}

/* The first tick in a period, not before the second `from` of it; NONE. UTC seconds. */
static int64_t find_in_period(const sl_schedule *schedule, const sl_zone_period *period,
                              int64_t from, int64_t last)
{
    int64_t end = period->end < last ? period->end : last;
    int64_t minute = minute_after(from + period->offset);
    if (schedule->hours != ALL_HOURS && period->begin != INT64_MIN) {
        int64_t left = period->begin + period->before; /* local, where the old time ended */
        int64_t came = period->begin + period->offset; /* and where the new one began */
        int64_t first = minute_after(came);
        if (left < came && first * 60 - period->offset >= from &&
            find(schedule, minute_after(left), first) != NONE) {
            return first * 60 - period->offset;
        }
        minute = left > came && minute < minute_after(left) ? minute_after(left) : minute;
    }
    int64_t found = find(schedule, minute, minute_after(end + period->offset));
    return found == NONE ? NONE : found * 60 - period->offset;
}

/* 29 February on a given weekday may take 40 years. */
static int64_t next_cron(const sl_schedule *schedule, int64_t after)
{
    int64_t from = floor_divide(after, SECOND) + 1, last = from + 60 * YEAR;
    while (from < last) {
        sl_zone_period period;
        sl_zone_at(schedule->zone, from, &period);
        int64_t found = find_in_period(schedule, &period, from, last);
        if (found != NONE) {
            return found * SECOND;
        }
        from = period.end;
    }
    return SL_SCHEDULE_NEVER;
}

/* ---- Ticks ------------------------------------------------------------------------------------
 */

int64_t sl_schedule_next(const sl_schedule *schedule, int64_t after)
{
    return schedule->every > 0 ? (floor_divide(after, schedule->every) + 1) * schedule->every
                               : next_cron(schedule, after);
}

/* The clock shows less than the tick that was served last. */
static void go_back(const sl_schedule *schedule, int64_t *served, int64_t now, sl_due *due)
{
    int64_t wait = sl_schedule_next(schedule, *served) - *served;
    wait = wait > 3 * HOUR ? 3 * HOUR : wait;
    if (*served - now >= wait) {
        due->went_back = *served - now;
        *served = now;
    }
}

int32_t sl_schedule_due(const sl_schedule *schedule, int64_t *served, int64_t now, sl_due *due)
{
    int64_t ticks = 0;
    *due = (sl_due){0};
    if (now < *served) {
        go_back(schedule, served, now, due);
    }
    due->next = sl_schedule_next(schedule, *served);
    while (due->next <= now && ticks <= SL_SCHEDULE_MISSED) {
        ticks++;
        *served = due->next;
        due->next = sl_schedule_next(schedule, *served);
    }
    if (due->next <= now) { /* too many to count */
        *served = now;
        due->next = sl_schedule_next(schedule, now);
    }
    due->missed = ticks > 1 ? ticks - 1 : 0;
    return ticks > 0;
}

/*
 * test_schedule.c - ticks of cron and every, against a clock that is read minute by minute.
 *
 * The oracle asks the C library for the local time of every minute around the changes of the clocks
 * of several zones, and knows nothing of how schedules are computed.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/schedule.h"
#include "stages/core/env.h"
#include "tests/harness/fake_env.h"

#define SECOND INT64_C(1000000)
#define DAY INT64_C(86400)

static sl_arena *arena;

static void begin(void)
{
    arena = sl_arena_new(&sl_env_real);
    ck_assert_ptr_nonnull(arena);
}

static void end(void)
{
    sl_arena_free(arena);
}

static const sl_zone *zone_of(const char *name)
{
    const char *why;
    const sl_zone *zone = sl_zone_read(&sl_env_real, arena, name, &why);
    ck_assert_msg(zone != NULL, "%s: %s", name, why);
    return zone;
}

static sl_schedule cron(const char *text, const char *zone)
{
    sl_schedule schedule = {0};
    sl_schedule_mistake mistake;
    ck_assert_msg(sl_schedule_cron(text, &schedule, &mistake) == 0, "%s: %s", text,
                  mistake.message);
    schedule.zone = zone_of(zone);
    return schedule;
}

/* Microseconds of a UTC time. */
static int64_t utc(const char *text)
{
    struct tm at = {0};
    ck_assert_ptr_nonnull(strptime(text, "%Y-%m-%d %H:%M:%S", &at));
    return (int64_t)timegm(&at) * SECOND;
}

static void check_next(const sl_schedule *schedule, const char *after, const char *want)
{
    char got[32];
    int64_t next = sl_schedule_next(schedule, utc(after));
    time_t seconds = (time_t)(next / SECOND);
    struct tm at;
    ck_assert_int_ne(next, SL_SCHEDULE_NEVER);
    ck_assert_int_eq(next % SECOND, 0);
    strftime(got, sizeof got, "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &at));
    ck_assert_msg(strcmp(got, want) == 0, "after %s: %s, not %s", after, got, want);
}

/* ---- Zones against the C library --------------------------------------------------------------
 */

static const char *const zones[] = {
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",   /* summer time began at midnight */
    "Australia/Lord_Howe", /* half an hour */
    "Africa/Casablanca",   /* backwards, around Ramadan */
    "Africa/Cairo",
    "Pacific/Apia", /* a day that was left out */
    "Asia/Kathmandu",
    "Europe/Dublin", /* winter time is the one that is "summer" */
    "America/Godthab",
    "Antarctica/Troll",
    "Europe/London",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "IST-2IDT,M3.4.4/26,M10.5.0",
    "XST3XDT,J60,300/1:30",
    "EST5EDT",
};
#define ZONES (sizeof zones / sizeof *zones)

static void set_zone(const char *name)
{
    ck_assert_int_eq(setenv("TZ", name, 1), 0);
    tzset();
}

static int32_t offset_by_library(int64_t seconds)
{
    time_t at = (time_t)seconds;
    struct tm local;
    ck_assert_ptr_nonnull(localtime_r(&at, &local));
    return (int32_t)local.tm_gmtoff;
}

START_TEST(zones_are_the_librarys)
{
    const char *name = zones[_i];
    const sl_zone *zone = zone_of(name);
    set_zone(name);
    int64_t from = utc("1971-01-01 00:00:00") / SECOND, changes = 0;
    /* 2100: far behind the last change that any zone file lists. */
    for (int64_t at = from, last = utc("2100-01-01 00:00:00") / SECOND; at < last;) {
        sl_zone_period period;
        sl_zone_at(zone, at, &period);
        ck_assert(period.begin <= at && at < period.end);
        ck_assert_int_eq(period.offset, offset_by_library(at));
        int64_t end_of = period.end < last ? period.end : last;
        ck_assert_int_eq(period.offset, offset_by_library(end_of - 1));
        for (int64_t inside = at; inside < end_of; inside += 20 * DAY + 4321)
            ck_assert_int_eq(period.offset, offset_by_library(inside));
        if (period.begin > from)
            ck_assert_int_eq(period.before, offset_by_library(period.begin - 1));
        changes++;
        at = end_of;
    }
    if (strcmp(name, "Europe/Berlin") == 0)
        ck_assert_int_gt(changes, 200);
}
END_TEST

START_TEST(own_zone_is_the_librarys)
{
    static const char *const values[] = {"Europe/Berlin", ":America/New_York", "", "UTC0",
                                         "/usr/share/zoneinfo/Asia/Kathmandu"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        sl_zone_period period;
        int64_t at = utc("2026-07-01 12:00:00") / SECOND;
        set_zone(values[i]);
        sl_zone_at(zone_of(NULL), at, &period);
        ck_assert_int_eq(period.offset, offset_by_library(at));
    }
    unsetenv("TZ");
    tzset();
    sl_zone_period period;
    sl_zone_at(zone_of(NULL), 0, &period);
    ck_assert_int_eq(period.offset, offset_by_library(0));
}
END_TEST

START_TEST(refuses_what_is_no_zone)
{
    static const char *const names[] = {"Europe/Berln",
                                        "",
                                        "../../etc/passwd",
                                        "/etc/localtime",
                                        "Europe",
                                        "CET",
                                        "CET-1CEST,M13.5.0,M10.5.0",
                                        "CET-1CEST,M3.5.0",
                                        "X-1",
                                        "Euröpe/Berlin",
                                        "UTC+25",
                                        "CET-1CEST,M3.5.0,M10.5.0/3x"};
    const char *why;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const sl_zone *zone = sl_zone_read(&sl_env_real, arena, names[i], &why);
        if (strcmp(names[i], "CET") == 0) { /* a file of that name */
            ck_assert_ptr_nonnull(zone);
            continue;
        }
        ck_assert_msg(zone == NULL, "%s", names[i]);
        ck_assert_ptr_nonnull(strstr(why, names[i][0] == '\0' ? "no time zone" : names[i]));
    }
}
END_TEST

/* Every operation on files and every allocation fails in turn: a clean answer each time. */
START_TEST(zone_files_can_fail)
{
    sl_fake_env fake;
    sl_fake_env_init(&fake);
    int read = 0;
    for (int64_t at = 1; at < 100 && !read; at++) {
        sl_arena *own = sl_arena_new(&fake.env);
        const char *why = NULL;
        fake.operations = fake.allocations = fake.failed = fake.refused = 0;
        fake.fail_at = at % 2 == 1 ? at / 2 + 1 : 0;
        fake.refuse_at = at % 2 == 0 ? at / 2 : 0;
        fake.error = 5;
        const sl_zone *zone =
            own == NULL ? NULL : sl_zone_read(&fake.env, own, "Europe/Berlin", &why);
        ck_assert(zone != NULL || why != NULL);
        read = at > 8 && zone != NULL && fake.failed == 0 && fake.refused == 0;
        fake.fail_at = fake.refuse_at = 0;
        sl_arena_free(own);
        ck_assert_int_eq(fake.open_files, 0);
        ck_assert_int_eq(fake.live, 0);
    }
    ck_assert(read);
    sl_fake_env_done(&fake);
}
END_TEST

/* A zone file with each byte changed in turn is read or refused, and never more than that. */
START_TEST(damaged_zone_files_are_survived)
{
    static char bytes[65536], path[] = "/tmp/sluice-zone-XXXXXX";
    FILE *from = fopen("/usr/share/zoneinfo/Australia/Lord_Howe", "rb");
    ck_assert_ptr_nonnull(from);
    size_t size = fread(bytes, 1, sizeof bytes, from);
    fclose(from);
    ck_assert(size > 500 && mkdtemp(path) != NULL);
    char file[64];
    snprintf(file, sizeof file, "%s/zone", path);
    setenv("TZ", file, 1);
    uint32_t refused = 0;
    for (size_t i = 0; i < 2 * size; i += 1 + i % 3) {
        const char *why;
        char kept = bytes[i % size];
        sl_zone_period period;
        bytes[i % size] = (char)(kept ^ (i < size ? 0xff : 0x04));
        FILE *to = fopen(file, "wb");
        ck_assert_uint_eq(fwrite(bytes, 1, i % 3 == 0 ? i % size : size, to),
                          i % 3 == 0 ? i % size : size);
        fclose(to);
        bytes[i % size] = kept;
        const sl_zone *zone = sl_zone_read(&sl_env_real, arena, NULL, &why);
        refused += zone == NULL;
        for (int64_t at = -1; zone != NULL && at < 5000000000; at += 400000000)
            sl_zone_at(zone, at, &period);
    }
    ck_assert_uint_gt(refused, (uint32_t)size / 3);
    remove(file);
    remove(path);
}
END_TEST

START_TEST(calendar_goes_there_and_back)
{
    for (int64_t days = -800000; days < 800000; days += 13) {
        int64_t year;
        int32_t month, day;
        sl_zone_date(days, &year, &month, &day);
        ck_assert_int_eq(sl_zone_days(year, month, day), days);
        ck_assert(month >= 1 && month <= 12 && day >= 1 &&
                  day <= sl_zone_month_length(year, month));
    }
}
END_TEST

/* ---- Cron against a clock read minute by minute -----------------------------------------------
 */

static uint64_t state;

static uint32_t roll(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

typedef struct wish { /* an expression, and what it means */
    char text[512];
    int sets[5][64];
    int star[5];
} wish;

static const int least[] = {0, 0, 1, 1, 0}, most[] = {59, 23, 31, 12, 6};
static const char *const weekdays[] = {"sun", "Mon", "TUE", "wed", "thu", "fri", "sat"};
static const char *const months[] = {"jan", "feb", "mar", "apr", "May", "jun",
                                     "jul", "AUG", "sep", "oct", "nov", "dec"};

static void write_value(wish *of, int field, int value)
{
    char *at = of->text + strlen(of->text);
    if (field == 4 && roll(3) == 0)
        strcpy(at, weekdays[value]);
    else if (field == 3 && roll(3) == 0)
        strcpy(at, months[value - 1]);
    else
        sprintf(at, "%d", field == 4 && value == 0 && roll(2) == 0 ? 7 : value);
}

static void wish_item(wish *of, int field)
{
    int low = least[field], high = most[field], by = 1;
    uint32_t kind = roll(4);
    if (kind == 0) { /* every nth */
        strcat(of->text, "*");
        by = 1 + (int)roll((uint32_t)(high - low) / 2);
        sprintf(of->text + strlen(of->text), "/%d", by);
    } else if (kind == 1) { /* a range */
        low += (int)roll((uint32_t)(high - low));
        high = low + (int)roll((uint32_t)(high - low) + 1);
        if (field == 4 && low == 0) /* 7-3 would run backwards */
            sprintf(of->text + strlen(of->text), "0");
        else
            write_value(of, field, low);
        strcat(of->text, "-");
        if (field == 4 && high == 0) /* 0-7 would be every day */
            strcat(of->text, "0");
        else
            write_value(of, field, high);
        if (high > low && roll(2) == 0) {
            by = 1 + (int)roll((uint32_t)(high - low));
            sprintf(of->text + strlen(of->text), "/%d", by);
        }
    } else {
        low = high = low + (int)roll((uint32_t)(high - low + 1));
        write_value(of, field, low);
    }
    for (int i = low; i <= high; i += by)
        of->sets[field][i] = 1;
}

static void wish_field(wish *of, int field, uint32_t stars)
{
    if (field > 0)
        strcat(of->text, roll(5) == 0 ? "  " : " ");
    size_t from = strlen(of->text);
    if (roll(10) < stars) {
        strcat(of->text, "*");
        for (int i = least[field]; i <= most[field]; i++)
            of->sets[field][i] = 1;
    } else {
        for (uint32_t i = 0, items = 1 + roll(3); i < items; i++) {
            if (i > 0)
                strcat(of->text, ",");
            wish_item(of, field);
        }
    }
    of->star[field] = of->text[from] == '*';
}

typedef struct shown { /* what a clock on the wall shows */
    int64_t minute;    /* since 1970, as if it were UTC */
    int minute_of, hour, day, month, weekday;
} shown;

static shown show(int64_t local_minute)
{
    time_t seconds = (time_t)(local_minute * 60);
    struct tm at;
    gmtime_r(&seconds, &at);
    return (shown){local_minute, at.tm_min, at.tm_hour, at.tm_mday, at.tm_mon + 1, at.tm_wday};
}

static int matches(const wish *of, const shown *at)
{
    int day = of->sets[2][at->day], weekday = of->sets[4][at->weekday];
    return of->sets[0][at->minute_of] && of->sets[1][at->hour] && of->sets[3][at->month] &&
           (of->star[2] || of->star[4] ? day && weekday : day || weekday);
}

static int never_comes(const wish *of)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; month++)
        for (int day = 1; day <= lengths[month - 1]; day++)
            if (of->sets[3][month] && of->sets[2][day])
                return 0;
    return of->star[2] || of->star[4];
}

static int names_all_hours(const wish *of)
{
    int all = 1;
    for (int i = 0; i < 24; i++)
        all &= of->sets[1][i];
    return all;
}

#define SHOWN 1440 /* minutes before the first that is compared: which local times have been */
#define WINDOW (3 * 1440)

static shown window[WINDOW]; /* the clock at each minute of UTC from a time on */

static void watch(int64_t from)
{
    int32_t offset = 0;
    for (int i = 0; i < WINDOW; i++) {
        int64_t at = from + i * 60;
        offset = i % 15 == 0 ? offset_by_library(at) : offset; /* no zone changes in between */
        window[i] = show((at + offset) / 60);
    }
}

static int ticks_at(const wish *of, int i, int64_t high, int steady)
{
    if (steady)
        return matches(of, &window[i]);
    if (window[i].minute < high) /* for the second time */
        return 0;
    for (int64_t left_out = high; left_out < window[i].minute; left_out++) {
        shown at = show(left_out);
        if (matches(of, &at))
            return 1;
    }
    return matches(of, &window[i]);
}

/* Compares each minute of the window. Answers the ticks in it. */
static uint32_t compare(const wish *of, const char *name, const sl_zone *zone, int64_t from)
{
    sl_schedule schedule = {0};
    sl_schedule_mistake mistake;
    if (never_comes(of)) {
        ck_assert_int_eq(sl_schedule_cron(of->text, &schedule, &mistake), -1);
        return 0;
    }
    ck_assert_msg(sl_schedule_cron(of->text, &schedule, &mistake) == 0, "%s: %s", of->text,
                  mistake.message);
    schedule.zone = zone;
    int64_t high = window[0].minute, next = (from + SHOWN * 60) * SECOND - 1;
    uint32_t ticks = 0;
    int steady = names_all_hours(of);
    next = sl_schedule_next(&schedule, next) / SECOND;
    for (int i = 0; i < WINDOW; i++) {
        int64_t at = from + i * 60;
        int ticking = ticks_at(of, i, high, steady);
        high = window[i].minute + 1 > high ? window[i].minute + 1 : high;
        if (i < SHOWN)
            continue;
        ck_assert_msg(ticking == (next == at), "%s: '%s' at %lld, next %lld", name, of->text,
                      (long long)at, (long long)next);
        if (ticking) {
            ticks++;
            next = sl_schedule_next(&schedule, at * SECOND) / SECOND;
        }
    }
    return ticks;
}

START_TEST(ticks_are_the_clocks)
{
    const char *name = zones[_i];
    int64_t years[] = {1985, 2011, 2018, 2026, 2061};
    uint32_t ticks = 0;
    const sl_zone *zone = zone_of(name);
    set_zone(name);
    state = 0x9e3779b97f4a7c15u + (uint64_t)_i;
    for (size_t y = 0; y < sizeof years / sizeof *years; y++) {
        int64_t at = sl_zone_days(years[y], 1, 1) * DAY, end_of = at + 366 * DAY;
        for (; at < end_of; at += DAY / 2) {
            int changes = offset_by_library(at) != offset_by_library(at + DAY / 2);
            if (!changes && at != sl_zone_days(years[y], 2, 28) * DAY)
                continue;
            watch(at - 3 * DAY / 2);
            for (int i = 0; i < 4; i++) {
                wish made = {0};
                uint32_t stars = i % 2 == 0 ? 3 : 7;
                for (int field = 0; field < 5; field++)
                    wish_field(&made, field, field == 1 && i < 3 ? 2 : stars);
                ticks += compare(&made, name, zone, at - 3 * DAY / 2);
            }
        }
    }
    ck_assert_uint_gt(ticks, 100);
}
END_TEST

/* ---- What people write ------------------------------------------------------------------------
 */

START_TEST(ticks_where_people_expect)
{
    sl_schedule five = cron("*/5 * * * *", "UTC");
    check_next(&five, "2026-08-01 09:30:00", "2026-08-01 09:35:00");
    check_next(&five, "2026-12-31 23:59:59", "2027-01-01 00:00:00");
    sl_schedule work = cron("15 6 * * mon-fri", "Europe/Berlin");
    check_next(&work, "2026-07-31 05:00:00", "2026-08-03 04:15:00"); /* a Friday */
    sl_schedule either = cron("0 0 13 * 5", "UTC"); /* the 13th, and every Friday */
    check_next(&either, "2026-08-07 00:00:00", "2026-08-13 00:00:00");
    check_next(&either, "2026-08-13 00:00:00", "2026-08-14 00:00:00");
    sl_schedule both = cron("0 0 */2 * 1", "UTC"); /* Mondays with an odd day */
    check_next(&both, "2026-08-01 00:00:00", "2026-08-03 00:00:00");
    check_next(&both, "2026-08-03 00:00:00", "2026-08-17 00:00:00");
    sl_schedule sunday = cron("0 0 * * 7", "UTC"), weekly = cron("@weekly", "UTC");
    check_next(&sunday, "2026-08-01 00:00:00", "2026-08-02 00:00:00");
    check_next(&weekly, "2026-08-01 00:00:00", "2026-08-02 00:00:00");
    sl_schedule ends = cron("0 0 * * fri-sun", "UTC");
    check_next(&ends, "2026-08-02 00:00:00", "2026-08-07 00:00:00");
    sl_schedule yearly = cron("@yearly", "UTC");
    check_next(&yearly, "2026-08-02 00:00:00", "2027-01-01 00:00:00");
}
END_TEST

START_TEST(ticks_in_leap_years_only)
{
    sl_schedule leap = cron("0 12 29 2 *", "UTC");
    check_next(&leap, "2026-01-01 00:00:00", "2028-02-29 12:00:00");
    check_next(&leap, "2096-02-29 12:00:00", "2104-02-29 12:00:00"); /* 2100 is none */
    sl_schedule weekend = cron("0 12 29 2 */6", "UTC");              /* a Saturday or Sunday */
    check_next(&weekend, "2076-03-01 00:00:00", "2088-02-29 12:00:00");
    check_next(&weekend, "2088-02-29 12:00:00", "2116-02-29 12:00:00");
}
END_TEST

START_TEST(ticks_once_where_clocks_change)
{
    sl_schedule gap = cron("30 2 * * *", "Europe/Berlin"); /* 02:00 -> 03:00 on 2026-03-29 */
    check_next(&gap, "2026-03-28 12:00:00", "2026-03-29 01:00:00");
    check_next(&gap, "2026-03-29 01:00:00", "2026-03-30 00:30:00");
    sl_schedule twice = cron("30 2 * * *", "Europe/Berlin"); /* 03:00 -> 02:00 on 2026-10-25 */
    check_next(&twice, "2026-10-24 12:00:00", "2026-10-25 00:30:00");
    check_next(&twice, "2026-10-25 00:30:00", "2026-10-26 01:30:00");
    sl_schedule many = cron("*/20 2 * * *", "Europe/Berlin"); /* all of them at once */
    check_next(&many, "2026-03-28 12:00:00", "2026-03-29 01:00:00");
    check_next(&many, "2026-03-29 01:00:00", "2026-03-30 00:00:00");
    sl_schedule midnight = cron("@daily", "America/Sao_Paulo"); /* 00:00 -> 01:00 */
    check_next(&midnight, "2018-11-03 12:00:00", "2018-11-04 03:00:00");
    check_next(&midnight, "2018-11-04 03:00:00", "2018-11-05 02:00:00");
    sl_schedule lost = cron("0 12 30 12 *", "Pacific/Apia"); /* that day of 2011 never was */
    check_next(&lost, "2011-12-29 12:00:00", "2011-12-30 10:00:00");
    check_next(&lost, "2011-12-30 10:00:00", "2012-12-29 22:00:00");
    sl_schedule steady = cron("*/10 * * * *", "Europe/Berlin"); /* goes on in the second hour */
    check_next(&steady, "2026-10-25 00:50:00", "2026-10-25 01:00:00");
    check_next(&steady, "2026-10-25 01:00:00", "2026-10-25 01:10:00");
    check_next(&steady, "2026-03-29 00:50:00", "2026-03-29 01:00:00");
}
END_TEST

START_TEST(says_what_is_wrong)
{
    static const struct {
        const char *text;
        size_t byte, length;
        const char *message, *hint;
    } wrong[] = {
        {"", 0, 0, "has 5 fields, not 0", "minute"},
        {"* * * *", 0, 7, "has 5 fields, not 4", "minute"},
        {"0 */5 * * * *", 0, 13, "has 5 fields, not 6", "every"},
        {"@hourli", 0, 7, "'@hourli' is not known", "@hourly"},
        {"@reboot", 0, 7, "'@reboot' is not known", "@hourly"},
        {"TZ=UTC * * * * *", 0, 6, "sets nothing", "timezone"},
        {"60 * * * *", 0, 2, "'60' is not a minute: that is 0 to 59", NULL},
        {"5,60 * * * *", 2, 2, "'60' is not a minute", NULL},
        {"* 24 * * *", 2, 2, "'24' is not an hour: that is 0 to 23", NULL},
        {"* * 0 * *", 4, 1, "'0' is not a day of the month", NULL},
        {"* * * 13 *", 6, 2, "'13' is not a month", "jan"},
        {"* * * * 8", 8, 1, "'8' is not a day of the week", "sun"},
        {"* * * * monday", 8, 6, "'monday' is not a day of the week", "mon"},
        {"* * * fbe *", 6, 3, "'fbe' is not a month", "feb"},
        {"* * ? * *", 4, 1, "'?' is not known here", "write *"},
        {"* * L * *", 4, 1, "'L' is not known here", "list the days"},
        {"* * 15W * *", 4, 3, "'15W' is not known here", "list the days"},
        {"* * * * 5L", 8, 2, "'5L' is not known here", "list the days"},
        {"* * * * 5#2", 8, 3, "'5#2' is not known here", "list the days"},
        {"1,,2 * * * *", 2, 1, "a value is missing in the field 'minute'", "1,2,3"},
        {"1, * * * *", 2, 1, "a value is missing", "1,2,3"},
        {"1- * * * *", 2, 1, "a value is missing", "1-5"},
        {"-5 * * * *", 0, 1, "a value is missing", "1-5"},
        {"* 22-6 * * *", 2, 4, "the range '22-6' runs backwards", "22-23,0-6"},
        {"5/15 * * * *", 0, 4, "'5' before / is no range", "5-59/15"},
        {"*/0 * * * *", 2, 1, "a step is a whole number from 1", "*/5"},
        {"*/ * * * *", 1, 1, "a step is a whole number from 1", "*/5"},
        {"*/x * * * *", 2, 1, "a step is a whole number from 1", "*/5"},
        {"*/90 * * * *", 2, 2, "the step 90 is larger than the range 0-59", "every: 90m"},
        {"*/99999 * * * *", 2, 5, "a step is a whole number from 1", "*/5"},
        {"99999999999999999999 * * * *", 0, 20, "is not a minute", NULL},
        {"0 0 30 2 *", 4, 4, "day '30' of month '2' never comes", "february"},
        {"0 0 31 apr,jun *", 4, 10, "day '31' of month 'apr,jun' never comes", "30"},
        {"** * * * *", 0, 2, "'**' is not a minute", NULL},
        {"*-5 * * * *", 0, 1, "'*' is not a minute", NULL},
        {"1-2-3 * * * *", 2, 3, "'2-3' is not a minute", NULL},
        {"*/2/3 * * * *", 2, 3, "a step is a whole number", NULL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sl_schedule schedule;
        sl_schedule_mistake mistake = {0};
        ck_assert_msg(sl_schedule_cron(wrong[i].text, &schedule, &mistake) == -1, "%s",
                      wrong[i].text);
        ck_assert_msg(strstr(mistake.message, wrong[i].message) != NULL, "%s: %s", wrong[i].text,
                      mistake.message);
        ck_assert_msg(mistake.byte == wrong[i].byte && mistake.length == wrong[i].length,
                      "%s: byte %zu, length %zu", wrong[i].text, mistake.byte, mistake.length);
        ck_assert_msg(wrong[i].hint == NULL ||
                          (mistake.hint != NULL && strstr(mistake.hint, wrong[i].hint) != NULL),
                      "%s: %s", wrong[i].text, mistake.hint);
    }
}
END_TEST

/* Whatever stands there is read or refused, in bounds; what is read ticks. */
START_TEST(survives_any_text)
{
    static const char letters[] = "0123456789*/,-- \t@LW#?sunjanfeb=";
    uint32_t read = 0;
    state = 42;
    for (int i = 0; i < 60000; i++) {
        char text[64] = "";
        sl_schedule schedule = {0};
        sl_schedule_mistake mistake = {0};
        for (uint32_t fields = roll(8) == 0 ? roll(8) : 5; fields > 0; fields--) {
            size_t size = strlen(text);
            for (uint32_t k = roll(4); k > 0; k--)
                text[size++] = letters[roll(sizeof letters - 1)];
            strcpy(text + size, size == 0 || text[size - 1] == ' ' ? "* " : " ");
        }
        if (sl_schedule_cron(text, &schedule, &mistake) == 0) {
            read++;
            ck_assert_int_ne(sl_schedule_next(&schedule, 0), SL_SCHEDULE_NEVER);
        } else {
            ck_assert_uint_le(mistake.byte + mistake.length, strlen(text) + 1);
            ck_assert_uint_gt(strlen(mistake.message), 0);
        }
    }
    ck_assert_uint_gt(read, 100);
}
END_TEST

/* ---- every, and what is due -------------------------------------------------------------------
 */

START_TEST(every_counts_from_1970)
{
    sl_schedule half = {.every = 30 * SECOND};
    check_next(&half, "2026-08-01 09:30:00", "2026-08-01 09:30:30");
    check_next(&half, "2026-08-01 09:30:29", "2026-08-01 09:30:30");
    ck_assert_int_eq(sl_schedule_next(&half, -1), 0);
    ck_assert_int_eq(sl_schedule_next(&half, 0), 30 * SECOND);
    ck_assert_int_eq(sl_schedule_next(&half, -30 * SECOND), 0);
}
END_TEST

START_TEST(missed_ticks_are_served_once)
{
    sl_schedule half = {.every = 30 * SECOND};
    sl_due due;
    int64_t served = utc("2026-08-01 09:30:01");
    ck_assert(!sl_schedule_due(&half, &served, utc("2026-08-01 09:30:29"), &due));
    ck_assert_int_eq(due.next, utc("2026-08-01 09:30:30"));
    ck_assert(sl_schedule_due(&half, &served, utc("2026-08-01 09:30:30"), &due));
    ck_assert_int_eq(due.missed, 0);
    ck_assert_int_eq(served, utc("2026-08-01 09:30:30"));
    ck_assert(!sl_schedule_due(&half, &served, utc("2026-08-01 09:30:30"), &due));
    ck_assert(sl_schedule_due(&half, &served, utc("2026-08-01 09:32:40"), &due));
    ck_assert_int_eq(due.missed, 3); /* 09:31:00, 09:31:30, 09:32:00; 09:32:30 is due */
    ck_assert_int_eq(served, utc("2026-08-01 09:32:30"));
    ck_assert_int_eq(due.next, utc("2026-08-01 09:33:00"));
    ck_assert(!sl_schedule_due(&half, &served, utc("2026-08-01 09:32:59"), &due));
}
END_TEST

START_TEST(clock_jumps_are_survived)
{
    sl_schedule minutes = cron("*/5 * * * *", "UTC"), daily = cron("30 2 * * *", "UTC");
    sl_due due;
    int64_t served = utc("2026-08-01 09:30:00");
    ck_assert(sl_schedule_due(&minutes, &served, served + 400 * DAY * SECOND, &due)); /* forward */
    ck_assert_int_eq(due.missed, SL_SCHEDULE_MISSED);
    ck_assert_int_eq(served, utc("2026-08-01 09:30:00") + 400 * DAY * SECOND);
    ck_assert_int_eq(due.next, served + 300 * SECOND);
    /* 400 days back: no tick now, and the next one by the new time. */
    ck_assert(!sl_schedule_due(&minutes, &served, utc("2026-08-01 09:31:00"), &due));
    ck_assert_int_eq(due.went_back, 400 * DAY * SECOND - 60 * SECOND);
    ck_assert_int_eq(due.next, utc("2026-08-01 09:35:00"));
    ck_assert(sl_schedule_due(&minutes, &served, utc("2026-08-01 09:35:00"), &due));
    /* A second back: the tick that was served does not come again. */
    ck_assert(!sl_schedule_due(&minutes, &served, utc("2026-08-01 09:34:59"), &due));
    ck_assert_int_eq(due.went_back, 0);
    ck_assert(!sl_schedule_due(&minutes, &served, utc("2026-08-01 09:35:01"), &due));
    ck_assert_int_eq(due.next, utc("2026-08-01 09:40:00"));
    /* Daily: an hour back is waited for, half a day is believed. */
    served = utc("2026-08-01 02:30:00");
    ck_assert(!sl_schedule_due(&daily, &served, utc("2026-08-01 01:30:00"), &due));
    ck_assert_int_eq(due.next, utc("2026-08-02 02:30:00"));
    ck_assert(!sl_schedule_due(&daily, &served, utc("2026-07-31 14:30:00"), &due));
    ck_assert_int_eq(due.next, utc("2026-08-01 02:30:00"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *cases = tcase_create("schedule");
    tcase_set_timeout(cases, 110);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_loop_test(cases, zones_are_the_librarys, 0, (int)ZONES);
    tcase_add_test(cases, own_zone_is_the_librarys);
    tcase_add_test(cases, refuses_what_is_no_zone);
    tcase_add_test(cases, zone_files_can_fail);
    tcase_add_test(cases, damaged_zone_files_are_survived);
    tcase_add_test(cases, calendar_goes_there_and_back);
    tcase_add_loop_test(cases, ticks_are_the_clocks, 0, (int)ZONES);
    tcase_add_test(cases, ticks_where_people_expect);
    tcase_add_test(cases, ticks_in_leap_years_only);
    tcase_add_test(cases, ticks_once_where_clocks_change);
    tcase_add_test(cases, says_what_is_wrong);
    tcase_add_test(cases, survives_any_text);
    tcase_add_test(cases, every_counts_from_1970);
    tcase_add_test(cases, missed_ticks_are_served_once);
    tcase_add_test(cases, clock_jumps_are_survived);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

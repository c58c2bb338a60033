/*
 * zone_rule.c - rules of time zones; see zone_rule.h.
 */
#include "config/zone_rule.h"

#include <string.h>

#include "config/zone.h"

#define HOURS_MOST 167 /* RFC 8536 lets a rule's time reach into other days */

static int is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* At least three letters, or anything of a name between < and >. */
static int read_name(const char **at)
{
    const char *from = *at;
    if (**at == '<') {
        from = ++*at;
        while (is_letter(**at) || is_digit(**at) || **at == '+' || **at == '-') {
            (*at)++;
        }
        return *at - from >= 3 && *(*at)++ == '>' ? 0 : -1;
    }
    while (is_letter(**at)) {
        (*at)++;
    }
    return *at - from >= 3 ? 0 : -1;
}

static int read_number(const char **at, int32_t least, int32_t most, int32_t *number)
{
    int32_t read = 0;
    const char *from = *at;
    while (is_digit(**at) && *at - from < 4) {
        read = read * 10 + (*(*at)++ - '0');
    }
    if (*at == from || read < least || read > most) {
        return -1;
    }
    *number = read;
    return 0;
}

/* [+-]hh[:mm[:ss]] */
static int read_time(const char **at, int32_t hours_most, int32_t *seconds)
{
    int32_t sign = **at == '-' ? -1 : 1, part[3] = {0};
    *at += **at == '-' || **at == '+';
    for (int i = 0; i < 3; i++) {
        if (i > 0 && **at != ':') {
            break;
        }
        *at += i > 0;
        if (read_number(at, 0, i == 0 ? hours_most : 59, &part[i]) != 0) {
            return -1;
        }
    }
    *seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return 0;
}

static int read_day(const char **at, sl_zone_day *day)
{
    *day = (sl_zone_day){.kind = 'D', .seconds = 2 * 3600};
    if (**at == 'M') {
        day->kind = *(*at)++;
        if (read_number(at, 1, 12, &day->month) != 0 || *(*at)++ != '.' ||
            read_number(at, 1, 5, &day->week) != 0 || *(*at)++ != '.' ||
            read_number(at, 0, 6, &day->day) != 0) {
            return -1;
        }
    } else {
        if (**at == 'J') {
            day->kind = *(*at)++;
        }
        if (read_number(at, day->kind == 'J', 365, &day->day) != 0) {
            return -1;
        }
    }
    if (**at != '/') {
        return 0;
    }
    ++*at;
    return read_time(at, HOURS_MOST, &day->seconds);
}

int sl_zone_rule_read(const char *text, sl_zone_rule *rule)
{
    sl_zone_rule read = {0};
    const char *at = text;
    if (read_name(&at) != 0 || read_time(&at, 24, &read.standard) != 0) {
        return -1;
    }
    read.standard = -read.standard; /* POSIX counts to the west */
    if (*at != '\0') {
        read.daylight = 1;
        read.summer = read.standard + 3600;
        if (read_name(&at) != 0) {
            return -1;
        }
        if (*at != ',' && *at != '\0') {
            if (read_time(&at, 24, &read.summer) != 0) {
                return -1;
            }
            read.summer = -read.summer;
        }
        at = *at == '\0' ? ",M3.2.0,M11.1.0" : at; /* what the C library takes */
        if (*at++ != ',' || read_day(&at, &read.start) != 0 || *at++ != ',' ||
            read_day(&at, &read.end) != 0 || *at != '\0') {
            return -1;
        }
    }
    *rule = read;
    return 0;
}

/* Days since 1970 of the rule's day in a year. */
static int64_t find_day(const sl_zone_day *day, int64_t year)
{
    if (day->kind == 'D') {
        return sl_zone_days(year, 1, 1) + day->day;
    }
    if (day->kind == 'J') {
        int leap = sl_zone_month_length(year, 2) == 29;
        return sl_zone_days(year, 1, 1) + day->day - 1 + (leap && day->day >= 60);
    }
    int64_t first = sl_zone_days(year, day->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t found = first + (day->day - weekday + 7) % 7 + (day->week - 1) * 7;
    return found < first + sl_zone_month_length(year, day->month) ? found : found - 7;
}

void sl_zone_rule_changes(const sl_zone_rule *rule, int64_t year, int64_t *start, int64_t *end)
{
    *start = find_day(&rule->start, year) * 86400 + rule->start.seconds - rule->standard;
    *end = find_day(&rule->end, year) * 86400 + rule->end.seconds - rule->summer;
}

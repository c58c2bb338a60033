/*
 * zone_rule.h - the rule of a time zone for all years, as POSIX spells it in $TZ and zone files
 * end with: `CET-1CEST,M3.5.0,M10.5.0/3`.
 */
#ifndef SL_ZONE_RULE_H
#define SL_ZONE_RULE_H

#include <stdint.h>

/* A day of every year, and a time of it. */
typedef struct sl_zone_day {
    int32_t kind;    /* 'M': week and weekday of a month; 'J': day 1-365, never 29 February;
                        'D': day 0-365, counting it */
    int32_t month;   /* M: from 1 */
    int32_t week;    /* M: 1-5; 5: the last */
    int32_t day;     /* M: weekday, 0 Sunday; J, D: the day */
    int32_t seconds; /* after the midnight it begins with */
} sl_zone_day;

typedef struct sl_zone_rule {
    int32_t standard; /* seconds east of UTC */
    int32_t daylight; /* 1: it has summer time */
    int32_t summer;   /* seconds east of UTC, in summer time */
    sl_zone_day start, end;
} sl_zone_rule;

/* Reads the whole text. 0, or -1: it is no rule. */
int sl_zone_rule_read(const char *text, sl_zone_rule *rule);
/* When summer time starts and ends in a year: UTC seconds. Only with rule->daylight. */
void sl_zone_rule_changes(const sl_zone_rule *rule, int64_t year, int64_t *start, int64_t *end);

#endif

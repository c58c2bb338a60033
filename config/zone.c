/*
 * zone.c - zone files and rules of time zones; see zone.h.
 *
 * Deliberately elsewhere: the rule's text (zone_rule.c).
 */
#include "config/zone.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "config/zone_rule.h"
#include "stages/core/env.h"

#define DIRECTORY "/usr/share/zoneinfo"
#define LOCAL "/etc/localtime"
#define FILE_LIMIT (64 * 1024)
#define HEADER 44
#define NAME_LIMIT 128

typedef struct change {
    int64_t at; /* UTC seconds */
    int32_t offset;
} change;

struct sl_zone {
    int32_t first; /* the offset before all changes */
    uint32_t count;
    change *changes; /* ascending */
    int32_t ruled;   /* 1: the rule holds after the last change */
    sl_zone_rule rule;
};

/* ---- The calendar -----------------------------------------------------------------------------
 */

int64_t sl_zone_days(int64_t year, int32_t month, int32_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void sl_zone_date(int64_t days, int64_t *year, int32_t *month, int32_t *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int32_t)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int32_t)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = years + era * 400 + (*month <= 2);
}

int32_t sl_zone_month_length(int64_t year, int32_t month)
{
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month - 1] + (month == 2 && leap);
}

/* ---- Zone files -------------------------------------------------------------------------------
 */

typedef struct counts { /* of a data block, in the order of the header */
    uint32_t ut, standard, leap, times, types, characters;
} counts;

static int64_t read_whole(const unsigned char *at, int bytes)
{
    uint64_t number = (at[0] & 0x80) != 0 && bytes == 4 ? UINT32_MAX : 0;
    for (int i = 0; i < bytes; i++) {
        number = number << 8 | at[i];
    }
    return (int64_t)number;
}

static int read_header(const unsigned char *at, size_t left, counts *of)
{
    if (left < HEADER || memcmp(at, "TZif", 4) != 0) {
        return -1;
    }
    uint32_t *numbers[] = {&of->ut,    &of->standard, &of->leap,
                           &of->times, &of->types,    &of->characters};
    for (size_t i = 0; i < 6; i++) {
        int64_t number = read_whole(at + 20 + 4 * i, 4);
        if (number < 0 || number > FILE_LIMIT) {
            return -1;
        }
        *numbers[i] = (uint32_t)number;
    }
    return of->types == 0 ? -1 : 0;
}

static size_t block_size(const counts *of, size_t wide)
{
    return of->times * (wide + 1) + of->types * 6 + of->characters + of->leap * (wide + 4) +
           of->standard + of->ut;
}

/* The changes of a data block. 0, or -1: it contradicts itself. */
static int read_block(sl_arena *arena, const unsigned char *at, const counts *of, size_t wide,
                      sl_zone *zone)
{
    const unsigned char *kinds = at + of->times * wide;
    const unsigned char *types = kinds + of->times;
    zone->first = (int32_t)read_whole(types, 4);
    zone->count = of->times;
    zone->changes = sl_arena_take(arena, (of->times + 1) * sizeof *zone->changes);
    if (zone->changes == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < of->times; i++) {
        change *made = &zone->changes[i];
        if (kinds[i] >= of->types) {
            return -1;
        }
        *made = (change){read_whole(at + i * wide, (int)wide),
                         (int32_t)read_whole(types + kinds[i] * 6, 4)};
        if ((i > 0 && made->at <= made[-1].at) || abs(made->offset) > 7 * 24 * 3600) {
            return -1;
        }
    }
    return of->leap == 0 ? 0 : -1; /* a clock that counts leap seconds is not UTC */
}

static int read_footer(const unsigned char *at, size_t left, sl_zone *zone)
{
    char text[NAME_LIMIT];
    const unsigned char *end = left < 2 || at[0] != '\n' ? NULL : memchr(at + 1, '\n', left - 1);
    size_t size = end == NULL ? sizeof text : (size_t)(end - at - 1);
    if (size >= sizeof text) {
        return -1;
    }
    memcpy(text, at + 1, size);
    text[size] = '\0';
    zone->ruled = size > 0;
    return size == 0 ? 0 : sl_zone_rule_read(text, &zone->rule);
}

static int read_file_bytes(sl_arena *arena, const unsigned char *bytes, size_t size, sl_zone *zone)
{
    counts of;
    if (read_header(bytes, size, &of) != 0 || block_size(&of, 4) > size - HEADER) {
        return -1;
    }
    const unsigned char *block = bytes + HEADER;
    if (bytes[4] < '2') {
        return read_block(arena, block, &of, 4, zone);
    }
    block += block_size(&of, 4);
    size_t left = size - (size_t)(block - bytes);
    if (read_header(block, left, &of) != 0 || block_size(&of, 8) > left - HEADER) {
        return -1;
    }
    block += HEADER;
    left -= HEADER + block_size(&of, 8);
    return read_block(arena, block, &of, 8, zone) != 0
               ? -1
               : read_footer(block + block_size(&of, 8), left, zone);
}

/* 1: read; 0: there is no such file; -1: it is none of a zone. */
static int read_file(const sl_env *env, sl_arena *arena, const char *path, sl_zone *zone)
{
    int32_t fd = env->open(env->context, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0) {
        return 0;
    }
    unsigned char *bytes = sl_env_allocate(env, NULL, FILE_LIMIT);
    int64_t size = 0, more = bytes == NULL ? -1 : 1;
    while (more > 0 && size < FILE_LIMIT) {
        more = env->read(env->context, fd, bytes + size, (size_t)(FILE_LIMIT - size));
        size += more > 0 ? more : 0;
    }
    (void)env->close(env->context, fd);
    int read = more == 0 && read_file_bytes(arena, bytes, (size_t)size, zone) == 0;
    (void)sl_env_allocate(env, bytes, 0);
    return read ? 1 : -1;
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

/* Letters, digits, and + - _ / inside, so that no name leaves the directory of zones. */
static int is_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= NAME_LIMIT && name[0] != '/' && name[size - 1] != '/' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/") ==
               size;
}

static int read_named(const sl_env *env, sl_arena *arena, const char *name, sl_zone *zone)
{
    if (!is_name(name)) {
        return 0;
    }
    const char *directory = getenv("TZDIR");
    directory = directory == NULL || directory[0] == '\0' ? DIRECTORY : directory;
    const char *path = sl_arena_format(arena, "%s/%s", directory, name);
    return path == NULL ? -1 : read_file(env, arena, path, zone);
}

const sl_zone *sl_zone_read(const sl_env *env, sl_arena *arena, const char *name, const char **why)
{
    sl_zone *zone = sl_arena_take(arena, sizeof *zone);
    int own = name == NULL, found = 0;
    name = own ? getenv("TZ") : name;
    name = own && name != NULL && name[0] == ':' ? name + 1 : name;
    *why = "out of memory";
    if (zone == NULL) {
        return NULL;
    }
    if (own && (name == NULL || name[0] == '\0')) {
        found = name == NULL ? read_file(env, arena, LOCAL, zone) : 0;
        found = found == 0 ? 1 : found; /* none is set: UTC */
    } else if (own && name[0] == '/') {
        found = read_file(env, arena, name, zone);
    } else {
        found = read_named(env, arena, name, zone);
        if (found == 0 && (strcmp(name, "UTC") == 0 || sl_zone_rule_read(name, &zone->rule) == 0)) {
            zone->ruled = strcmp(name, "UTC") != 0;
            found = 1;
        }
    }
    if (found != 1) {
        *why = sl_arena_format(
            arena, "%s '%.80s'%s", found == 0 ? "there is no time zone" : "the zone file of",
            name == NULL ? LOCAL : name, found == 0 ? "" : " cannot be read or is damaged");
        *why = *why == NULL ? "out of memory" : *why;
    }
    return found == 1 ? zone : NULL;
}

/* ---- Periods ----------------------------------------------------------------------------------
 */

/* Narrows *period by a change that comes before or after `seconds`; changes come in order. */
static void narrow(sl_zone_period *period, int64_t seconds, int64_t at, int32_t offset)
{
    if (at <= seconds) {
        *period = (sl_zone_period){at, INT64_MAX, offset, period->offset};
    } else if (period->end == INT64_MAX) {
        period->end = at;
    }
}

/* The rule's changes of three years around `seconds`, those after the last one of the table. */
static void narrow_by_rule(const sl_zone *zone, int64_t seconds, int64_t last,
                           sl_zone_period *period)
{
    int64_t year, list[8];
    int32_t month, day, offsets[8], count = 0;
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    sl_zone_date(days, &year, &month, &day);
    if (!zone->rule.daylight) {
        period->offset = zone->count == 0 ? zone->rule.standard : period->offset;
        period->before = zone->count == 0 ? zone->rule.standard : period->before;
        return;
    }
    for (int64_t i = year - 1; i <= year + 1; i++) {
        int64_t start, end;
        sl_zone_rule_changes(&zone->rule, i, &start, &end);
        int first = start <= end;
        list[count] = first ? start : end;
        offsets[count++] = first ? zone->rule.summer : zone->rule.standard;
        list[count] = first ? end : start;
        offsets[count++] = first ? zone->rule.standard : zone->rule.summer;
    }
    if (zone->count == 0) { /* nothing but the rule: what held before the first of the list */
        period->offset = offsets[1];
    }
    for (int32_t i = 0; i < count; i++) {
        if (list[i] > last && (i + 1 == count || list[i] != list[i + 1])) {
            narrow(period, seconds, list[i], offsets[i]);
        }
    }
}

void sl_zone_at(const sl_zone *zone, int64_t seconds, sl_zone_period *period)
{
    *period = (sl_zone_period){INT64_MIN, INT64_MAX, 0, 0};
    if (zone == NULL) {
        return;
    }
    period->offset = period->before = zone->first;
    uint32_t low = 0, high = zone->count; /* how many changes are not after `seconds` */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at <= seconds) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0) {
        const change *last = &zone->changes[low - 1];
        period->begin = last->at;
        period->offset = last->offset;
        period->before = low > 1 ? last[-1].offset : zone->first;
    }
    if (low < zone->count) {
        period->end = zone->changes[low].at;
    } else if (zone->ruled) {
        narrow_by_rule(zone, seconds, period->begin, period);
    }
}

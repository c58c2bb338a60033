/*
 * timing.c - `every:`, `cron:`, `timezone:` and `stuck_after:`, with their mistakes where they
 * stand.
 *
 * Deliberately elsewhere: cron expressions (cron.c), zones (zone.c), what ticks when (schedule.c).
 */
#include "config/timing.h"

#include <string.h>

#include "config/params.h"
#include "stages/core/value.h"

#define STUCK_AFTER 30000000 /* microseconds, where the graph says nothing */

static const char *const keys[] = {"every", "cron", "timezone", "stuck_after"};

int sl_timing_is_key(const char *word)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(word, keys[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static const sl_yaml_item *find(const sl_yaml_node *root, const char *key)
{
    for (uint32_t i = 0; i < root->count; i++) {
        if (strcmp(root->items[i].key->text, key) == 0) {
            return &root->items[i];
        }
    }
    return NULL;
}

/* The text of a key with params put in. 1, or 0: it is not there, or that was said. */
static int read_text(sl_reading *reading, const sl_yaml_item *item, sl_value *value)
{
    if (item == NULL) {
        return 0;
    }
    if (item->value->kind != SL_YAML_SCALAR) {
        (void)SL_SAY(reading, {.at = item->key}, "'%s' must be text", item->key->text);
        return 0;
    }
    sl_mistake of = {.at = item->value};
    return sl_params_value(reading, item->value, item->key, SL_PUT_TEXT, &of, value) == SL_OK;
}

/* Microseconds; `otherwise`: none is given, or a mistake was said. */
static int64_t read_duration(sl_reading *reading, const sl_yaml_item *item, int64_t otherwise)
{
    sl_value value;
    int64_t duration = 0;
    if (!read_text(reading, item, &value)) {
        return otherwise;
    }
    if (sl_value_duration(value.text, &duration) != 0 || duration < SL_SCHEDULE_LEAST ||
        duration > SL_SCHEDULE_MOST) {
        (void)SL_SAY(reading, {.at = item->value, .hint = "a time such as 30s, 5m, 1h or 1d"},
                     "'%s' must be from 1s to 366d, not '%.80s'", item->key->text, value.text);
        return otherwise;
    }
    return duration;
}

/* 0, or -1: said. */
static int read_cron(sl_reading *reading, const sl_yaml_item *item, sl_schedule *schedule)
{
    sl_value value;
    sl_schedule_mistake mistake = {0};
    if (!read_text(reading, item, &value)) {
        return -1;
    }
    if (sl_schedule_cron(value.text, schedule, &mistake) == 0) {
        reading->plan->cron = value.text;
        return 0;
    }
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_CONFIG, .hint = mistake.hint};
    sl_plan_locate(&value, (int64_t)mistake.byte, (int64_t)mistake.length, &error);
    error.text = NULL; /* put in at the end */
    (void)sl_errors_add(reading->errors, &error, "'cron': %s", mistake.message);
    return -1;
}

static void read_zone(sl_reading *reading, const sl_yaml_item *item, const sl_yaml_node *cron,
                      sl_schedule *schedule)
{
    sl_value value = {0};
    const char *why;
    if (item != NULL && !read_text(reading, item, &value)) {
        return;
    }
    schedule->zone = sl_zone_read(reading->env, reading->arena, value.text, &why);
    reading->plan->timezone = value.text;
    if (schedule->zone == NULL) {
        (void)SL_SAY(reading,
                     {.at = item != NULL ? item->value : cron,
                      .hint = item != NULL ? "a name such as Europe/Berlin or UTC"
                                           : "the machine's own, by $TZ or /etc/localtime; or "
                                             "write `timezone: UTC`"},
                     "%s", why);
    }
}

void sl_timing_read(sl_reading *reading, const sl_yaml_node *root)
{
    const sl_yaml_item *every = find(root, "every"), *cron = find(root, "cron");
    const sl_yaml_item *zone = find(root, "timezone");
    reading->plan->stuck_after = read_duration(reading, find(root, "stuck_after"), STUCK_AFTER);
    if (every == NULL && cron == NULL && zone == NULL) {
        return;
    }
    if (every != NULL && cron != NULL) {
        (void)SL_SAY(reading, {.at = cron->key, .hint = "leave one of them out"},
                     "the graph has 'every' and 'cron'");
        return;
    }
    if (zone != NULL && cron == NULL) {
        (void)SL_SAY(reading, {.at = zone->key, .hint = "`every` is counted from 1970 in UTC"},
                     "'timezone' is for 'cron'");
        return;
    }
    sl_schedule *schedule = sl_reading_take(reading, sizeof *schedule);
    if (schedule == NULL) {
        return;
    }
    reading->plan->schedule = schedule;
    schedule->every = read_duration(reading, every, 0);
    if (cron != NULL && read_cron(reading, cron, schedule) == 0) {
        read_zone(reading, zone, cron->value, schedule);
    }
}

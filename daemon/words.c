/*
 * words.c - see words.h.
 */
#include "daemon/words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MICROSECONDS 1000000

const char *sl_words_option(const sl_plan_stage *stage, const char *name)
{
    const sl_value *value = sl_value_get(stage->options, name);
    return value && value->kind == SL_VALUE_SCALAR ? value->text : NULL;
}

/* The first option that is a path: a file or a database. */
static const char *path_of(const sl_plan_stage *exporter)
{
    sl_option room;
    const sl_option *option;
    for (uint32_t i = 0; (option = sl_option_at(exporter->type, i, &room)) != NULL; i++)
        if (option->type == SL_OPTION_PATH)
            return sl_words_option(exporter, option->name);
    return NULL;
}

int32_t sl_words_target(sl_builder *text, const sl_plan_stage *exporter)
{
    const char *path = path_of(exporter), *table = sl_words_option(exporter, "table");
    if (!path)
        return 0;
    if (table)
        sl_builder_format(text, "table '%s' of ", table);
    sl_builder_word(text, strcmp(path, "-") == 0 ? "standard output" : path);
    return 1;
}

void sl_words_rows(sl_builder *text, int64_t rows)
{
    char digits[24], grouped[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)rows), at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
            grouped[at++] = ',';
        grouped[at++] = digits[i];
    }
    grouped[at] = '\0';
    sl_builder_format(text, "%s row%s", grouped, rows == 1 ? "" : "s");
}

static void add_time(sl_builder *text, int64_t microseconds, int32_t local, const char *format)
{
    time_t seconds = (time_t)(microseconds / MICROSECONDS);
    struct tm parts;
    char shown[64];
    const struct tm *known = local ? localtime_r(&seconds, &parts) : gmtime_r(&seconds, &parts);
    if (known && strftime(shown, sizeof shown, format, known) > 0)
        sl_builder_word(text, shown);
}

void sl_words_time(sl_builder *text, int64_t microseconds)
{
    add_time(text, microseconds, 1, "%Y-%m-%d %H:%M:%S");
}

void sl_words_instant(sl_builder *text, int64_t microseconds)
{
    add_time(text, microseconds, 0, "%Y-%m-%dT%H:%M:%SZ");
}

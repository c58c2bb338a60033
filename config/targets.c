/*
 * targets.c - stages that would spoil each other's work; see targets.h.
 *
 * Names are compared as they are written: links to one file are not seen. Stages are known by
 * their options alone: `path` is a file, `database` and `table` are a table.
 */
#include "config/targets.h"

#include <string.h>

#include "stages/core/value.h"

/* The text of an option; NULL: the stage has none, or it is not given. */
static const char *text_of(const sl_draft *draft, const char *name)
{
    sl_option room;
    const sl_option *option;
    for (uint32_t i = 0; (option = sl_option_at(draft->stage.type, i, &room)) != NULL; i++) {
        if (strcmp(option->name, name) == 0) {
            const char *text = NULL;
            if (option->type == SL_OPTION_PATH || option->type == SL_OPTION_TEXT) {
                memcpy(&text, (const char *)draft->stage.self + option->offset, sizeof text);
            }
            return text;
        }
    }
    return NULL;
}

/* Whether an option is written, and so. */
static int is_written(const sl_draft *draft, const char *name, const char *word)
{
    const sl_value *value = sl_value_get(draft->stage.options, name);
    return value != NULL && value->text != NULL && strcmp(value->text, word) == 0;
}

/* Passes over `/` and `.` that change nothing. */
static const char *pass(const char *path)
{
    while (path[0] == '/' || (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))) {
        path++;
    }
    return path;
}

static int is_same_path(const char *a, const char *b)
{
    if ((*a == '/') != (*b == '/')) {
        return 0;
    }
    for (a = pass(a), b = pass(b); *a != '\0' && *a == *b;) {
        int slash = *a == '/';
        a++;
        b++;
        if (slash) {
            a = pass(a);
            b = pass(b);
        }
    }
    return *a == *b;
}

static int is_same_file(const sl_draft *a, const sl_draft *b)
{
    const char *one = text_of(a, "path"), *other = text_of(b, "path");
    return one != NULL && other != NULL && strcmp(one, "-") != 0 && strncmp(one, "/dev/", 5) != 0 &&
           is_same_path(one, other);
}

static int is_same_table(const sl_draft *a, const sl_draft *b)
{
    const char *one = text_of(a, "database"), *other = text_of(b, "database");
    const char *table = text_of(a, "table"), *other_table = text_of(b, "table");
    return one != NULL && other != NULL && table != NULL && other_table != NULL &&
           is_same_path(one, other) && sl_value_same_name(table, other_table) == 0;
}

static void compare_exporters(sl_reading *reading, const sl_draft *first, const sl_draft *second)
{
    if (is_same_file(first, second)) {
        (void)SL_SAY(reading,
                     {.at = sl_yaml_get(second->node, "path"),
                      .stage = second->stage.name,
                      .option = "path",
                      .hint = first->stage.rejects_only && second->stage.rejects_only
                                  ? "one exporter can take the rejects of several stages"
                                  : "give each exporter a file of its own"},
                     "the exporter '%s' writes this file too", first->stage.name);
    } else if (is_same_table(first, second) &&
               (is_written(first, "mode", "replace") || is_written(second, "mode", "replace"))) {
        (void)SL_SAY(reading,
                     {.at = sl_yaml_get(second->node, "table"),
                      .stage = second->stage.name,
                      .option = "table",
                      .hint = "give each exporter a table of its own, or let both append"},
                     "the exporter '%s' writes this table too, and one takes the other's rows away",
                     first->stage.name);
    }
}

/* A reader that goes page by page finds the rows that were added meanwhile, without end. */
static void compare_reader(sl_reading *reading, const sl_draft *reader, const sl_draft *exporter)
{
    if (!is_same_table(reader, exporter) || is_written(exporter, "mode", "replace") ||
        is_written(exporter, "mode", "upsert") || is_written(reader, "page", "cursor")) {
        return;
    }
    (void)SL_SAY(reading,
                 {.at = sl_yaml_get(exporter->node, "table"),
                  .stage = exporter->stage.name,
                  .option = "table",
                  .hint = "with `page: cursor` the reader sees the table as it was"},
                 "the reader '%s' would read the rows that are added here, without end",
                 reader->stage.name);
}

static int is_sound(const sl_draft *draft)
{
    return draft->stage.type != NULL && draft->stage.self != NULL && !draft->unsound;
}

void sl_targets_check(sl_reading *reading)
{
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        const sl_draft *exporter = &reading->drafts[i];
        if (!is_sound(exporter) || exporter->role != SL_EXPORTER) {
            continue;
        }
        for (uint32_t k = 0; k < reading->drafts_count; k++) {
            const sl_draft *other = &reading->drafts[k];
            if (k == i || !is_sound(other)) {
                continue;
            }
            if (other->role == SL_EXPORTER && k < i) {
                compare_exporters(reading, other, exporter);
            } else if (other->role == SL_READER) {
                compare_reader(reading, other, exporter);
            }
        }
    }
}

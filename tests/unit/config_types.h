/*
 * config_types.h - stage types for tests of config: every option type once, and nothing behind
 * them that could run.
 */
#ifndef CONFIG_TYPES_H
#define CONFIG_TYPES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "config/plan.h"
#include "stages/core/env.h"

typedef struct test_self {
    const char *path;
    const char *keep;
    int64_t rows;
    double ratio;
    int32_t header;
    int64_t bytes;
    int64_t wait;
    int32_t mode;
    const char *column;
    const char *password;
    const sl_value *list;
    const sl_value *map;
    const sl_value *names;
    const sl_value *rules;
    const sl_value *columns;
    const char *needed;
} test_self;

#define OPTION(field, kind, ...)                                                                   \
    {                                                                                              \
        .name = #field, .type = kind, .offset = offsetof(test_self, field),                        \
        .help = "The " #field " of a test.", __VA_ARGS__                                           \
    }

static const sl_option test_options[] = {
    OPTION(path, SL_OPTION_PATH, .fallback = ""),
    OPTION(keep, SL_OPTION_SQL, .fallback = ""),
    OPTION(rows, SL_OPTION_INTEGER, .fallback = "10", .min = "1", .max = "99"),
    OPTION(ratio, SL_OPTION_REAL, .fallback = "0.5"),
    OPTION(header, SL_OPTION_BOOLEAN, .fallback = "true"),
    OPTION(bytes, SL_OPTION_SIZE, .fallback = "64KiB"),
    OPTION(wait, SL_OPTION_DURATION, .fallback = "5s"),
    OPTION(mode, SL_OPTION_CHOICE, .fallback = "append", .choices = "append|replace|fail"),
    OPTION(column, SL_OPTION_COLUMN, .fallback = ""),
    OPTION(password, SL_OPTION_SECRET, .fallback = ""),
    OPTION(list, SL_OPTION_LIST, .fallback = ""),
    OPTION(map, SL_OPTION_MAP, .fallback = ""),
    OPTION(names, SL_OPTION_COLUMNS, .fallback = ""),
    OPTION(rules, SL_OPTION_SQL_LIST, .fallback = ""),
    OPTION(columns, SL_OPTION_SQL_MAP, .fallback = ""),
    {.name = NULL},
};

static const sl_option test_needy_options[] = {
    OPTION(needed, SL_OPTION_TEXT, .fallback = NULL),
    {.name = NULL},
};

static inline sl_status test_next(sl_stage *stage, sl_batch **given)
{
    (void)stage;
    (void)given;
    return SL_END;
}

static inline sl_status test_each(sl_stage *stage, sl_batch *borrowed)
{
    (void)stage;
    (void)borrowed;
    return SL_OK;
}

static inline sl_status test_commit(sl_stage *stage, const sl_commit *borrowed)
{
    (void)stage;
    (void)borrowed;
    return SL_OK;
}

#define TYPE(type_name, type_role, least, most, table, ...)                                        \
    {                                                                                              \
        SL_STAGE_TYPE, .name = type_name, .version = "1.0", .summary = "A type for tests.",        \
                       .role = type_role, .inputs_min = least, .inputs_max = most,                 \
                       .self_size = sizeof(test_self), .options = table, __VA_ARGS__               \
    }

static const sl_stage_type test_types[] = {
    TYPE("test_read", SL_READER, 0, 0, test_options, .next = test_next),
    TYPE("test_check", SL_VALIDATOR, 1, 1, test_options, .each = test_each),
    TYPE("test_where", SL_FILTER, 1, 1, test_options, .each = test_each),
    TYPE("test_select", SL_TRANSFORMER, 1, 1, test_options, .each = test_each),
    TYPE("test_concat", SL_TRANSFORMER, 2, 8, test_options, .next = test_next),
    TYPE("test_needy", SL_TRANSFORMER, 1, 1, test_needy_options, .each = test_each),
    TYPE("test_read", SL_EXPORTER, 1, 1, test_options, .write = test_each, .commit = test_commit),
    TYPE("test_write", SL_EXPORTER, 1, 1, test_options, .write = test_each, .commit = test_commit),
};

/* What most tests of config need. */
typedef struct config_room {
    sl_arena *arena;
    sl_errors errors;
    sl_registry *registry;
    sl_plan *plan;
    char directory[64];
    char file[96];
} config_room;

static inline void config_begin(config_room *room)
{
    *room = (config_room){.arena = sl_arena_new(&sl_env_real)};
    room->errors = (sl_errors){.arena = room->arena};
    room->registry = sl_registry_new(&sl_env_real);
    ck_assert_ptr_nonnull(room->registry);
    for (size_t i = 0; i < sizeof test_types / sizeof *test_types; i++)
        ck_assert_int_eq(sl_registry_add(room->registry, &test_types[i], "test", &room->errors),
                         SL_OK);
    strcpy(room->directory, "/tmp/sluice-config-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(room->directory));
    snprintf(room->file, sizeof room->file, "%s/graph.yaml", room->directory);
}

static inline void config_write(const config_room *room, const char *text, size_t size)
{
    FILE *file = fopen(room->file, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static inline void config_end(config_room *room)
{
    sl_plan_free(room->plan);
    sl_registry_free(room->registry);
    sl_arena_free(room->arena);
    unlink(room->file);
    ck_assert_int_eq(rmdir(room->directory), 0);
}

/* Reads the text as a graph. */
static inline sl_plan *config_read(config_room *room, const char *text, const sl_setting *settings,
                                   uint32_t count)
{
    config_write(room, text, strlen(text));
    sl_plan_free(room->plan);
    room->errors = (sl_errors){.arena = room->arena};
    room->plan =
        sl_plan_read(&sl_env_real, room->registry, room->file, settings, count, &room->errors);
    return room->plan;
}

/* Error number `index` is at this place, with this in its message, and this in its hint (NULL:
 * whatever). */
static inline void config_expect(const config_room *room, uint32_t index, int32_t line,
                                 int32_t column, const char *message, const char *hint)
{
    char head[1024] = "none";
    ck_assert_msg(index < room->errors.count, "error %u '%s' is missing", index, message);
    const sl_error *error = &room->errors.list[index];
    sl_error_line(error, head, sizeof head);
    ck_assert_msg(error->line == line && error->column == column, "not at %d:%d: %s", line, column,
                  head);
    ck_assert_msg(strstr(error->message, message) != NULL, "no '%s' in: %s", message, head);
    ck_assert_msg(hint == NULL || (error->hint != NULL && strstr(error->hint, hint) != NULL),
                  "no '%s' in the hint '%s' of: %s", hint, error->hint, head);
}

static inline int config_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif

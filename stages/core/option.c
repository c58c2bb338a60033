/*
 * option.c - reads option tables: written values and fallbacks into a stage's own struct.
 *
 * Every mistake of a map is found in one pass. A value that was written as nothing counts as
 * not given. The value of a SECRET stands in no message.
 *
 * Deliberately elsewhere: YAML, `${...}` and places (config/), whether a column exists (the
 * stage's plan), words for types (names.c).
 */
#include "stages/core/option.h"

#include <string.h>

#include "stages/core/value.h"

typedef struct filler { /* one call of sl_option_fill */
    const sl_stage_type *type;
    const char *stage;
    const sl_value *written;
    char *self;
    sl_arena *arena;
    sl_errors *errors;
    sl_locate *locate;
    uint32_t failed;
} filler;

const sl_option *sl_option_at(const sl_stage_type *type, uint32_t index, sl_option *room)
{
    const char *entry = (const char *)type->options + (size_t)index * type->option_size;
    const sl_option *option = (const sl_option *)(const void *)entry;

    if (type->options == NULL)
        return NULL;
    if (type->option_size != sizeof *room) {
        *room = (sl_option){0};
        memcpy(room, entry, type->option_size < sizeof *room ? type->option_size : sizeof *room);
        option = room;
    }
    return option->name != NULL ? option : NULL;
}

const sl_value *sl_value_get(const sl_value *map, const char *key)
{
    if (map == NULL || map->kind != SL_VALUE_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->count; i++)
        if (strcmp(sl_item(map, i)->key, key) == 0)
            return sl_item(map, i);
    return NULL;
}

/* ---- Mistakes ------------------------------------------------------------------------ */

/* A mistake at a value: NULL is the stage itself. byte -1 is the key. Answers 0. */
static int refuse(filler *fill, const sl_option *option, const sl_value *at, int64_t byte,
                  const char *hint, const char *message)
{
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_CONFIG,
                      .stage = fill->stage,
                      .option = option != NULL ? option->name : NULL,
                      .hint = hint};

    if (fill->locate != NULL && (at != NULL || fill->written != NULL))
        fill->locate(at != NULL ? at : fill->written, byte, 0, &error);
    fill->failed = 1;
    sl_errors_add(fill->errors, &error, "%s", message != NULL ? message : "out of memory");
    return 0;
}

/* A mistake in the table itself. */
static int refuse_table(filler *fill, const sl_option *option, const char *what)
{
    sl_error error = {
        .level = SL_LOG_ERROR, .code = SL_CODE_BUG, .stage = fill->stage, .option = option->name};

    fill->failed = 1;
    sl_errors_add(fill->errors, &error, "the table of stage type '%s' has a bad %s",
                  fill->type->name, what);
    return 0;
}

#define SHOWN 60 /* bytes of a value in a message */

/* "'text'", "a list", "nothing": what was written, for "expected ..., got ...". */
static const char *describe(filler *fill, const sl_value *value)
{
    size_t size;
    char *text;

    if (value->kind == SL_VALUE_LIST)
        return "a list";
    if (value->kind == SL_VALUE_MAP)
        return "a map";
    if (value->kind == SL_VALUE_NULL || value->text[0] == '\0')
        return "nothing";
    size = strlen(value->text);
    if (size <= SHOWN)
        text = sl_arena_format(fill->arena, "'%s'", value->text);
    else {
        for (size = SHOWN; ((unsigned char)value->text[size] & 0xC0) == 0x80; size--)
            ;
        text = sl_arena_format(fill->arena, "'%.*s...'", (int)size, value->text);
    }
    return text != NULL ? text : "this";
}

static int expected(filler *fill, const sl_option *option, const sl_value *value,
                    const char *wanted, const char *hint)
{
    const char *message =
        option->type == SL_OPTION_SECRET
            ? sl_arena_format(fill->arena, "expected %s", wanted)
            : sl_arena_format(fill->arena, "expected %s, got %s", wanted, describe(fill, value));

    return refuse(fill, option, value, 0, hint, message);
}

/* ---- Scalars ------------------------------------------------------------------------- */

/* Reads a number of the option's type; 0, or -1: it is none. A REAL fills *real, all others
 * *integer. */
static int read_quantity(sl_option_type type, const char *text, int64_t *integer, double *real)
{
    sl_cell cell;
    sl_spelling spelling;

    if (type == SL_OPTION_SIZE)
        return sl_value_size(text, integer);
    if (type == SL_OPTION_DURATION)
        return sl_value_duration(text, integer);
    spelling = sl_value_number(text, strlen(text), &cell);
    if (type == SL_OPTION_INTEGER) {
        if (spelling == SL_SPELLING_INTEGER)
            *integer = cell.as.integer;
        return spelling == SL_SPELLING_INTEGER ? 0 : -1;
    }
    if (spelling != SL_SPELLING_INTEGER && spelling != SL_SPELLING_REAL)
        return -1;
    *real = spelling == SL_SPELLING_INTEGER ? (double)cell.as.integer : cell.as.real;
    return 0;
}

/* Whether a comes before b, both spelled as numbers of this type. *bad: b is none. */
static int is_below(sl_option_type type, int64_t integer, double real, const char *bound,
                    int *above, int *bad)
{
    int64_t integer_bound = 0;
    double real_bound = 0;

    *above = 0;
    *bad = read_quantity(type, bound, &integer_bound, &real_bound) != 0;
    if (type == SL_OPTION_REAL) {
        *above = real > real_bound;
        return real < real_bound;
    }
    *above = integer > integer_bound;
    return integer < integer_bound;
}

static int check_bounds(filler *fill, const sl_option *option, const sl_value *value,
                        int64_t integer, double real)
{
    int above = 0, below, bad = 0;
    const char *bound = NULL, *side = NULL;

    if (option->min != NULL) {
        below = is_below(option->type, integer, real, option->min, &above, &bad);
        if (bad)
            return refuse_table(fill, option, "minimum");
        if (below) {
            bound = option->min;
            side = "least";
        }
    }
    if (option->max != NULL) {
        is_below(option->type, integer, real, option->max, &above, &bad);
        if (bad)
            return refuse_table(fill, option, "maximum");
        if (above) {
            bound = option->max;
            side = "most";
        }
    }
    if (bound == NULL)
        return 1;
    return refuse(fill, option, value, 0, NULL,
                  sl_arena_format(fill->arena, "must be at %s %s, got %s", side, bound,
                                  describe(fill, value)));
}

static const char *wanted_number(sl_option_type type)
{
    return type == SL_OPTION_SIZE       ? "a size such as 64KiB"
           : type == SL_OPTION_DURATION ? "a duration such as 250ms, 5s, 2m or 1h"
           : type == SL_OPTION_INTEGER  ? "an integer"
                                        : "a number such as 0.5";
}

static int fill_number(filler *fill, const sl_option *option, const sl_value *value)
{
    int64_t integer = 0;
    double real = 0;

    if (value->kind != SL_VALUE_SCALAR ||
        read_quantity(option->type, value->text, &integer, &real) != 0)
        return expected(fill, option, value, wanted_number(option->type), NULL);
    if (!check_bounds(fill, option, value, integer, real))
        return 0;
    if (option->type == SL_OPTION_REAL)
        memcpy(fill->self + option->offset, &real, sizeof real);
    else
        memcpy(fill->self + option->offset, &integer, sizeof integer);
    return 1;
}

/* What somebody who wrote a boolean of YAML 1.1 meant; NULL: no boolean. */
static const char *guess_boolean(const char *text)
{
    static const char *const yes[] = {"true", "yes", "on", "y", "t", "1"};
    static const char *const no[] = {"false", "no", "off", "n", "f", "0"};

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (sl_value_same_name(text, yes[i]) == 0)
            return "write true; only true and false are booleans";
        if (sl_value_same_name(text, no[i]) == 0)
            return "write false; only true and false are booleans";
    }
    return NULL;
}

static int fill_boolean(filler *fill, const sl_option *option, const sl_value *value)
{
    int32_t boolean;

    if (value->kind != SL_VALUE_SCALAR)
        return expected(fill, option, value, "true or false", NULL);
    boolean = strcmp(value->text, "true") == 0;
    if (!boolean && strcmp(value->text, "false") != 0)
        return expected(fill, option, value, "true or false", guess_boolean(value->text));
    memcpy(fill->self + option->offset, &boolean, sizeof boolean);
    return 1;
}

/* Index of text among "a|b|c", -1: it is not. */
static int32_t find_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);

    for (int32_t index = 0;; index++) {
        size_t length = strcspn(choices, "|");

        if (length == size && memcmp(choices, text, size) == 0)
            return index;
        if (choices[length] == '\0')
            return -1;
        choices += length + 1;
    }
}

#define CHOICES_COMPARED 64

static const char *nearest_choice(filler *fill, const char *choices, const char *text)
{
    const char *names[CHOICES_COMPARED], *nearest;
    size_t count = 0;

    while (count < CHOICES_COMPARED) {
        size_t length = strcspn(choices, "|");

        names[count] = sl_arena_copy(fill->arena, choices, length);
        if (names[count] == NULL)
            return NULL;
        count++;
        if (choices[length] == '\0')
            break;
        choices += length + 1;
    }
    nearest = sl_value_nearest(text, names, count);
    if (nearest == NULL)
        return NULL;
    return sl_arena_format(fill->arena, "did you mean '%s'?", nearest);
}

/* "append|replace|fail" as "append, replace or fail". */
static const char *list_choices(filler *fill, const char *choices)
{
    char *list = sl_arena_take(fill->arena, strlen(choices) * 3 + 16);
    const char *last = strrchr(choices, '|');
    size_t used = 0;

    if (list == NULL)
        return "another word";
    if (last != NULL && strchr(choices, '|') != last)
        used = (size_t)(stpcpy(list, "one of ") - list);
    for (; *choices != '\0'; choices++) {
        if (*choices != '|')
            list[used++] = *choices;
        else
            used = (size_t)(stpcpy(list + used, choices == last ? " or " : ", ") - list);
    }
    return list;
}

static int refuse_choice(filler *fill, const sl_option *option, const sl_value *value)
{
    const char *hint =
        value->kind == SL_VALUE_SCALAR ? nearest_choice(fill, option->choices, value->text) : NULL;

    return expected(fill, option, value, list_choices(fill, option->choices), hint);
}

static int fill_choice(filler *fill, const sl_option *option, const sl_value *value)
{
    int32_t index;

    if (option->choices == NULL)
        return refuse_table(fill, option, "list of choices");
    index = value->kind == SL_VALUE_SCALAR ? find_choice(option->choices, value->text) : -1;
    if (index < 0)
        return refuse_choice(fill, option, value);
    memcpy(fill->self + option->offset, &index, sizeof index);
    return 1;
}

static int fill_text(filler *fill, const sl_option *option, const sl_value *value)
{
    int may_be_empty = option->type == SL_OPTION_TEXT || option->type == SL_OPTION_SECRET;
    const char *wanted = option->type == SL_OPTION_PATH     ? "a path"
                         : option->type == SL_OPTION_COLUMN ? "the name of a column"
                         : option->type == SL_OPTION_SQL    ? "an SQL expression"
                                                            : "text";

    if (value->kind != SL_VALUE_SCALAR || (value->text[0] == '\0' && !may_be_empty))
        return expected(fill, option, value, wanted, NULL);
    memcpy(fill->self + option->offset, &value->text, sizeof value->text);
    return 1;
}

/* ---- Lists and maps ------------------------------------------------------------------ */

static int check_sql(filler *fill, const sl_option *option, const sl_value *item)
{
    const sl_value *sql = item;

    if (option->type == SL_OPTION_SQL_LIST && item->kind == SL_VALUE_MAP) {
        sql = sl_value_get(item, "sql");
        if (sql == NULL)
            return refuse(fill, option, item, 0, "write an expression, or {sql: expression, ...}",
                          "expected the key 'sql'");
    }
    if (sql->kind == SL_VALUE_SCALAR && sql->text[0] != '\0')
        return 1;
    return expected(fill, option, sql, "an SQL expression",
                    sql->kind == SL_VALUE_SCALAR
                        ? NULL
                        : "quote the whole expression, or use `|`: YAML reads , : [ ] { } itself");
}

static int check_item(filler *fill, const sl_option *option, const sl_value *item)
{
    if (option->type == SL_OPTION_SQL_LIST || option->type == SL_OPTION_SQL_MAP)
        return check_sql(fill, option, item);
    if (option->type == SL_OPTION_COLUMNS &&
        (item->kind != SL_VALUE_SCALAR || item->text[0] == '\0'))
        return expected(fill, option, item, "the name of a column", NULL);
    if (option->choices != NULL &&
        (item->kind != SL_VALUE_SCALAR || find_choice(option->choices, item->text) < 0))
        return refuse_choice(fill, option, item);
    return 1;
}

/* A list of one scalar, which stands where the scalar stands. */
static const sl_value *make_list(filler *fill, const sl_value *scalar)
{
    sl_value *item = sl_arena_take(fill->arena, sizeof *item);
    sl_value *list = sl_arena_take(fill->arena, sizeof *list);

    if (item == NULL || list == NULL)
        return NULL;
    *item = *scalar;
    item->size = sizeof *item;
    item->key = NULL;
    *list = (sl_value){.size = sizeof *list,
                       .kind = SL_VALUE_LIST,
                       .count = 1,
                       .key = scalar->key,
                       .items = item,
                       .place = scalar->place};
    return list;
}

static int fill_items(filler *fill, const sl_option *option, const sl_value *value, int fallback)
{
    int maps = option->type == SL_OPTION_MAP || option->type == SL_OPTION_SQL_MAP;
    int good = 1;

    if (value->kind == SL_VALUE_SCALAR && (!maps || fallback)) {
        value = make_list(fill, value);
        if (value == NULL)
            return refuse(fill, option, NULL, 0, NULL, NULL);
    } else if (option->type == SL_OPTION_SQL_LIST && value->kind == SL_VALUE_MAP) {
        return expected(fill, option, value, "a list",
                        "each expression is an item of its own: start its line with `- `");
    } else if (value->kind != (maps ? SL_VALUE_MAP : SL_VALUE_LIST)) {
        return expected(fill, option, value, maps ? "a map (name: value)" : "a list", NULL);
    }
    for (uint32_t i = 0; i < value->count; i++)
        good &= check_item(fill, option, sl_item(value, i));
    if (good)
        memcpy(fill->self + option->offset, &value, sizeof value);
    return good;
}

/* ---- One option ---------------------------------------------------------------------- */

static size_t field_size(sl_option_type type)
{
    return type == SL_OPTION_BOOLEAN || type == SL_OPTION_CHOICE ? sizeof(int32_t)
                                                                 : sizeof(int64_t);
}

static int fill_value(filler *fill, const sl_option *option, const sl_value *value, int fallback)
{
    switch (option->type) {
    case SL_OPTION_TEXT:
    case SL_OPTION_COLUMN:
    case SL_OPTION_PATH:
    case SL_OPTION_SECRET:
    case SL_OPTION_SQL:
        return fill_text(fill, option, value);
    case SL_OPTION_INTEGER:
    case SL_OPTION_REAL:
    case SL_OPTION_SIZE:
    case SL_OPTION_DURATION:
        return fill_number(fill, option, value);
    case SL_OPTION_BOOLEAN:
        return fill_boolean(fill, option, value);
    case SL_OPTION_CHOICE:
        return fill_choice(fill, option, value);
    case SL_OPTION_LIST:
    case SL_OPTION_MAP:
    case SL_OPTION_COLUMNS:
    case SL_OPTION_SQL_LIST:
    case SL_OPTION_SQL_MAP:
        return fill_items(fill, option, value, fallback);
    default: /* a plain number: a newer plugin may know more */
        return refuse_table(fill, option, "type");
    }
}

static void fill_fallback(filler *fill, const sl_option *option)
{
    sl_value *value;

    if (option->fallback == NULL) {
        const sl_value *empty = sl_value_get(fill->written, option->name);

        refuse(fill, NULL, empty, empty != NULL ? -1 : 0, option->help,
               sl_arena_format(fill->arena, "needs an option '%s'", option->name));
        return;
    }
    if (option->fallback[0] == '\0')
        return;
    value = sl_arena_take(fill->arena, sizeof *value);
    if (value == NULL) {
        refuse(fill, option, NULL, 0, NULL, NULL);
        return;
    }
    *value = (sl_value){.size = sizeof *value, .kind = SL_VALUE_SCALAR, .text = option->fallback};
    fill_value(fill, option, value, 1);
}

static void fill_option(filler *fill, const sl_option *option)
{
    const sl_value *value = sl_value_get(fill->written, option->name);

    if (option->offset > fill->type->self_size ||
        fill->type->self_size - option->offset < field_size(option->type))
        refuse_table(fill, option, "offset");
    else if (value == NULL || value->kind == SL_VALUE_NULL)
        fill_fallback(fill, option);
    else
        fill_value(fill, option, value, 0);
}

/* ---- Unknown keys -------------------------------------------------------------------- */

static int is_known(const filler *fill, const char *const *skip, const char *key)
{
    const sl_option *option;
    sl_option room;

    for (uint32_t i = 0; (option = sl_option_at(fill->type, i, &room)) != NULL; i++)
        if (strcmp(option->name, key) == 0)
            return 1;
    for (; skip != NULL && *skip != NULL; skip++)
        if (strcmp(*skip, key) == 0)
            return 1;
    return 0;
}

/* The nearest option, and all of them. */
static const char *suggest(filler *fill, const char *key)
{
    const sl_option *option;
    sl_option room;
    const char *list = NULL, *best = NULL;
    uint32_t count = 0;
    const char **names;

    while (sl_option_at(fill->type, count, &room) != NULL)
        count++;
    if (count == 0)
        return sl_arena_format(fill->arena, "%s '%s' has no options of its own",
                               sl_role_name(fill->type->role), fill->type->name);
    names = sl_arena_take(fill->arena, count * sizeof *names);
    if (names == NULL)
        return NULL;
    for (uint32_t i = 0; (option = sl_option_at(fill->type, i, &room)) != NULL; i++) {
        names[i] = option->name;
        list = i == 0 ? option->name : sl_arena_format(fill->arena, "%s, %s", list, option->name);
        if (list == NULL)
            return NULL;
    }
    best = sl_value_nearest(key, names, count);
    return best != NULL
               ? sl_arena_format(fill->arena, "did you mean '%s'? the options are: %s", best, list)
               : sl_arena_format(fill->arena, "the options are: %s", list);
}

static void refuse_unknown(filler *fill, const char *const *skip)
{
    for (uint32_t i = 0; fill->written != NULL && i < fill->written->count; i++) {
        const sl_value *item = sl_item(fill->written, i);

        if (!is_known(fill, skip, item->key))
            refuse(fill, NULL, item, -1, suggest(fill, item->key),
                   sl_arena_format(fill->arena, "unknown option '%s'", item->key));
    }
}

sl_status sl_option_fill(const sl_stage_type *type, const char *stage_name, const sl_value *written,
                         const char *const *skip, void *self, sl_arena *arena, sl_errors *errors,
                         sl_locate *locate)
{
    filler fill = {.type = type,
                   .stage = stage_name,
                   .written = written,
                   .self = self,
                   .arena = arena,
                   .errors = errors,
                   .locate = locate};
    const sl_option *option;
    sl_option room;

    refuse_unknown(&fill, skip);
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++)
        fill_option(&fill, option);
    return fill.failed ? SL_ERROR : SL_OK;
}

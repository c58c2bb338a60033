/*
 * csv_columns.c - names and types of the columns of a CSV source; see csv_columns.h.
 */
#include "stages/csv_columns.h"

#include <stdio.h>
#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"

/* ---- A table of names -------------------------------------------------------------------- */

typedef struct slot {
    uint32_t column; /* 1 + index; 0: free */
    uint32_t next;   /* the number to try for its next namesake */
} slot;

typedef struct table {
    slot *slots;
    uint32_t mask;
} table;

static sl_status make_table(sl_stage *stage, uint32_t names, table *made)
{
    uint32_t size = 16;
    while (size < names * 2) {
        size *= 2;
    }
    made->slots = stage->host->allocate(stage, NULL, size * sizeof(slot));
    if (made->slots == NULL) {
        return sl_no_memory(stage);
    }
    memset(made->slots, 0, size * sizeof(slot));
    made->mask = size - 1;
    return SL_OK;
}

static uint32_t hash(const char *name)
{
    uint32_t value = 2166136261u;
    for (; *name != '\0'; name++) {
        unsigned char letter = (unsigned char)*name;
        letter = letter >= 'A' && letter <= 'Z' ? (unsigned char)(letter + 32) : letter;
        value = (value ^ letter) * 16777619u;
    }
    return value;
}

/* The slot that holds the name, or the free one where it would go. */
static slot *look_up(const table *in, const sl_column *list, const char *name)
{
    uint32_t at = hash(name) & in->mask;
    while (in->slots[at].column != 0 &&
           sl_value_same_name(list[in->slots[at].column - 1].name, name) != 0) {
        at = (at + 1) & in->mask;
    }
    return &in->slots[at];
}

static void enter(const table *in, const sl_column *list, uint32_t column)
{
    slot *free_slot = look_up(in, list, list[column].name);
    *free_slot = (slot){.column = column + 1, .next = 2};
}

/* ---- Names -------------------------------------------------------------------------------- */

#define SUFFIX_ROOM 32 /* "column_4294967295" and "_4294967295" */

static uint32_t count_extra(const char *const extra[2])
{
    return (uint32_t)(extra[0] != NULL) + (uint32_t)(extra[1] != NULL);
}

/* One piece of memory: the list, the source's name, the names with room to be renamed. */
static sl_status make(sl_stage *stage, uint32_t count, size_t letters, const char *source,
                      const char *const extra[2], sl_csv_columns *made, char **text)
{
    uint32_t all = count + count_extra(extra);
    size_t list = all * sizeof(sl_column);
    size_t source_size = source != NULL ? strlen(source) + 1 : 0;
    size_t names = letters + (size_t)count * SUFFIX_ROOM;
    char *memory = stage->host->allocate(stage, NULL, list + source_size + names + 1);
    if (memory == NULL) {
        return sl_no_memory(stage);
    }
    *made = (sl_csv_columns){.count = count, .added = all - count, .memory = memory};
    made->list = (sl_column *)(void *)memory;
    char *origin = NULL;
    if (source != NULL) {
        origin = memory + list;
        memcpy(origin, source, source_size);
    }
    for (uint32_t i = 0; i < all; i++) {
        made->list[i] = (sl_column){.name = "",
                                    .origin = i < count ? origin : NULL,
                                    .type = SL_TYPE_TEXT,
                                    .flags = i < count ? SL_COLUMN_FACES : SL_COLUMN_DECLARED};
    }
    uint32_t at = count;
    if (extra[0] != NULL) {
        made->list[at++].name = extra[0];
    }
    if (extra[1] != NULL) {
        made->list[at].name = extra[1];
        made->list[at].type = SL_TYPE_INTEGER;
    }
    *text = memory + list + source_size;
    return SL_OK;
}

/* Copies a name behind *text and moves it; empty ones become column_N. */
static void copy_name(sl_column *column, const sl_cell *cell, uint32_t index, char **text)
{
    column->name = *text;
    if (cell->kind == SL_NULL || cell->size == 0) {
        snprintf(*text, SUFFIX_ROOM, "column_%u", index + 1);
        *text += SUFFIX_ROOM;
        return;
    }
    memcpy(*text, cell->as.text, cell->size);
    (*text)[cell->size] = '\0';
    *text += cell->size + SUFFIX_ROOM; /* room for _2 */
}

/* name, name -> name, name_2; the name has room behind it. */
static void rename_column(const table *names, sl_column *list, uint32_t index, slot *namesake)
{
    char *name = (char *)(uintptr_t)list[index].name;
    char *suffix = name + strlen(name);
    uint32_t number = namesake->next;
    do {
        snprintf(suffix, SUFFIX_ROOM, "_%u", number++);
    } while (look_up(names, list, name)->column != 0);
    namesake->next = number;
}

static void say_renamed(sl_stage *stage, const sl_csv_columns *made, uint32_t index,
                        uint32_t renamed, const char *source)
{
    stage->host->log(stage, SL_LOG_WARNING,
                     SL_PLACE(.source = source, .hint = "name the columns with `header: [..]`"),
                     "the header has the same name twice: column %u is called '%s' here%s",
                     index + 1, made->list[index].name, renamed > 1 ? ", and so on" : "");
}

/* Added columns must have names of their own. */
static sl_status check_added(sl_stage *stage, const sl_csv_columns *made, const table *names)
{
    static const char *const options[] = {"row_column", "file_column"};
    for (uint32_t i = made->count; i < made->count + made->added; i++) {
        if (look_up(names, made->list, made->list[i].name)->column == 0) {
            enter(names, made->list, i);
            continue;
        }
        int is_file = made->list[i].type == SL_TYPE_TEXT;
        return sl_fail_at(
            stage,
            SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, options[is_file])),
            "there is a column '%s' already", made->list[i].name);
    }
    return SL_OK;
}

static sl_status make_unique(sl_stage *stage, sl_csv_columns *made, const char *source,
                             int32_t quiet)
{
    table names;
    if (make_table(stage, made->count + made->added, &names) != SL_OK) {
        return SL_ERROR;
    }
    uint32_t renamed = 0, first = 0;
    for (uint32_t i = 0; i < made->count; i++) {
        slot *namesake = look_up(&names, made->list, made->list[i].name);
        if (namesake->column != 0) {
            rename_column(&names, made->list, i, namesake);
            first = renamed++ == 0 ? i : first;
        }
        enter(&names, made->list, i);
    }
    if (renamed > 0 && !quiet) {
        say_renamed(stage, made, first, renamed, source);
    }
    sl_status status = check_added(stage, made, &names);
    stage->host->allocate(stage, names.slots, 0);
    return status;
}

sl_status sl_csv_columns_from_cells(sl_stage *stage, const sl_cell *names, uint32_t count,
                                    const char *const extra[2], const char *source, int32_t quiet,
                                    sl_csv_columns *made)
{
    size_t letters = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (names[i].size > 0 && memchr(names[i].as.text, '\0', names[i].size) != NULL) {
            return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_DATA, .source = source, .line = 1),
                              "the name of column %u contains a NUL byte", i + 1);
        }
        letters += names[i].size;
    }
    char *text;
    if (make(stage, count, letters, source, extra, made, &text) != SL_OK) {
        return SL_ERROR;
    }
    for (uint32_t i = 0; i < count; i++) {
        copy_name(&made->list[i], &names[i], i, &text);
    }
    return make_unique(stage, made, source, quiet);
}

static sl_status check_list(sl_stage *stage, const sl_csv_columns *made, const sl_value *names)
{
    table seen;
    if (make_table(stage, made->count + made->added, &seen) != SL_OK) {
        return SL_ERROR;
    }
    sl_status status = SL_OK;
    for (uint32_t i = 0; i < made->count && status == SL_OK; i++) {
        if (look_up(&seen, made->list, made->list[i].name)->column != 0) {
            status = sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = sl_item(names, i)),
                                "column '%s' stands there twice", made->list[i].name);
        }
        enter(&seen, made->list, i);
    }
    if (status == SL_OK) {
        status = check_added(stage, made, &seen);
    }
    stage->host->allocate(stage, seen.slots, 0);
    return status;
}

sl_status sl_csv_columns_from_list(sl_stage *stage, const sl_value *names,
                                   const char *const extra[2], sl_csv_columns *made)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const sl_value *name = sl_item(names, i);
        if (name->kind != SL_VALUE_SCALAR || name->text[0] == '\0') {
            return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = name),
                              "a column's name must be a text that is not empty");
        }
    }
    char *text;
    if (make(stage, names->count, 0, NULL, extra, made, &text) != SL_OK) {
        return SL_ERROR;
    }
    for (uint32_t i = 0; i < names->count; i++) {
        made->list[i].name = sl_item(names, i)->text;
    }
    return check_list(stage, made, names);
}

void sl_csv_columns_free(sl_stage *stage, sl_csv_columns *columns)
{
    if (columns->memory != NULL) {
        stage->host->allocate(stage, columns->memory, 0);
    }
    *columns = (sl_csv_columns){.count = 0};
}

/* ---- Types -------------------------------------------------------------------------------- */

static sl_status fail_no_column(sl_stage *stage, const sl_csv_columns *columns,
                                const sl_value *type)
{
    const char **names = NULL;
    const char *nearest = NULL;
    if (columns->count <= 10000) {
        names = stage->host->allocate(stage, NULL, (columns->count + 1) * sizeof *names);
    }
    for (uint32_t i = 0; names != NULL && i < columns->count; i++) {
        names[i] = columns->list[i].name;
    }
    if (names != NULL) {
        nearest = sl_value_nearest(type->key, names, columns->count);
        stage->host->allocate(stage, names, 0);
    }
    char hint[200];
    if (nearest != NULL) {
        snprintf(hint, sizeof hint, "did you mean '%.150s'?", nearest);
    } else {
        snprintf(hint, sizeof hint,
                 "`columns` types columns that the file has; `header: [..]` "
                 "names them");
    }
    return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = type, .byte = -1, .hint = hint),
                      "no such column '%s'", type->key);
}

static sl_status declare_one(sl_stage *stage, sl_csv_columns *columns, const table *names,
                             const sl_value *type, uint32_t flags)
{
    int32_t named = type->kind == SL_VALUE_SCALAR ? sl_type_named(type->text) : -1;
    if (named < 0) {
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = type,
                                   .hint = "the types are: integer, real, numeric, text, boolean, "
                                           "json, blob, any"),
                          "'%s' is not a type of a column",
                          type->kind == SL_VALUE_SCALAR ? type->text : type->key);
    }
    uint32_t index = look_up(names, columns->list, type->key)->column;
    if (index == 0) {
        return fail_no_column(stage, columns, type);
    }
    sl_column *column = &columns->list[index - 1];
    column->type = (sl_type)named;
    column->flags = flags | SL_COLUMN_DECLARED;
    if (column->type == SL_TYPE_BLOB) {
        column->flags &= ~(SL_COLUMN_FACES | SL_COLUMN_COMMA);
    }
    return SL_OK;
}

sl_status sl_csv_columns_declare(sl_stage *stage, sl_csv_columns *columns, const sl_value *types,
                                 uint32_t flags)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        columns->list[i].flags = flags;
    }
    if (types == NULL || types->count == 0) {
        return SL_OK;
    }
    table names;
    if (make_table(stage, columns->count, &names) != SL_OK) {
        return SL_ERROR;
    }
    for (uint32_t i = 0; i < columns->count; i++) {
        enter(&names, columns->list, i);
    }
    sl_status status = SL_OK;
    for (uint32_t i = 0; i < types->count; i++) {
        if (declare_one(stage, columns, &names, sl_item(types, i), flags) != SL_OK) {
            status = SL_ERROR; /* and say the others too */
        }
    }
    stage->host->allocate(stage, names.slots, 0);
    return status;
}

/* ---- Another file ------------------------------------------------------------------------- */

sl_status sl_csv_columns_match(sl_stage *stage, const sl_csv_columns *columns,
                               const sl_csv_columns *other, uint32_t *map, uint32_t *missing)
{
    table names;
    if (make_table(stage, columns->count, &names) != SL_OK) {
        return SL_ERROR;
    }
    for (uint32_t i = 0; i < columns->count; i++) {
        enter(&names, columns->list, i);
    }
    *missing = columns->count;
    for (uint32_t i = 0; i < other->count; i++) {
        uint32_t index = look_up(&names, columns->list, other->list[i].name)->column;
        map[i] = index - 1; /* 0 - 1 is SL_CSV_NO_COLUMN */
        *missing -= index != 0;
    }
    stage->host->allocate(stage, names.slots, 0);
    return SL_OK;
}

/*
 * json_row.c - see json_row.h.
 */
#include "stages/json_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"

static void *allocate(sl_json_row *row, void *old, size_t size)
{
    void *memory = row->stage->host->allocate(row->stage, old, size);
    if (memory == NULL)
        (void)sl_no_memory(row->stage);
    return memory;
}

static void release(sl_json_row *row, void *memory)
{
    if (memory != NULL)
        (void)row->stage->host->allocate(row->stage, memory, 0);
}

void sl_json_row_done(sl_json_row *row)
{
    for (uint32_t i = 0; i < row->count; i++)
        release(row, row->fields[i].spelled);
    release(row, row->fields);
    release(row, row->slots);
    release(row, row->escaped);
    release(row, row->rest);
    release(row, row->marks);
    release(row, row->name);
    *row = (sl_json_row){.stage = row->stage, .unknown = row->unknown, .misfit = row->misfit};
}

/* ---- Columns by name ---------------------------------------------------------------- */

/* Folds ASCII case, so that names that differ in case only meet in the same slot. */
static uint32_t hash(const char *name, size_t size)
{
    uint32_t value = 2166136261u;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)name[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (unsigned char)(byte + 32);
        value = (value ^ byte) * 16777619u;
    }
    return value ^ value >> 15;
}

/* The field with this name; *alike: one that differs in case only. */
static uint32_t look_up(const sl_json_row *row, const char *name, size_t size, uint32_t *alike)
{
    *alike = SL_JSON_ROW_NONE;
    if (row->slots_count == 0)
        return SL_JSON_ROW_NONE;
    for (uint32_t slot = hash(name, size);; slot++) {
        uint32_t index = row->slots[slot & (row->slots_count - 1)];
        if (index == 0)
            return SL_JSON_ROW_NONE;
        const sl_json_field *field = &row->fields[--index];
        if (field->name_size != size)
            continue;
        if (memcmp(field->column.name, name, size) == 0)
            return index;
        if (memchr(name, '\0', size) == NULL && hash(field->column.name, size) == hash(name, size))
            *alike = index;
    }
}

uint32_t sl_json_row_find(const sl_json_row *row, const char *name, size_t size)
{
    uint32_t alike;
    return look_up(row, name, size, &alike);
}

static void put_slot(sl_json_row *row, uint32_t index)
{
    const sl_json_field *field = &row->fields[index];
    uint32_t slot = hash(field->column.name, field->name_size);
    while (row->slots[slot & (row->slots_count - 1)] != 0)
        slot++;
    row->slots[slot & (row->slots_count - 1)] = index + 1;
}

/* Room for one field more, in every array that goes with the fields. */
static int grow(sl_json_row *row)
{
    if (row->count < row->room)
        return 1;
    uint32_t room = row->room == 0 ? 16 : row->room * 2;
    void *memory = allocate(row, row->fields, room * sizeof(sl_json_field));
    if (memory == NULL)
        return 0;
    row->fields = memory;
    memory = allocate(row, row->escaped, room * sizeof(uint32_t));
    if (memory == NULL)
        return 0;
    row->escaped = memory;
    memory = allocate(row, row->slots, (size_t)room * 4 * sizeof(uint32_t));
    if (memory == NULL)
        return 0;
    row->slots = memory;
    row->slots_count = room * 4;
    memset(row->slots, 0, row->slots_count * sizeof(uint32_t));
    for (uint32_t i = 0; i < row->count; i++)
        put_slot(row, i);
    row->room = room;
    return 1;
}

/* One piece of memory: `"name":` as JSON spells it, then the name itself, terminated. */
static int spell(sl_json_row *row, sl_json_field *field, const char *name, size_t size)
{
    size_t room = SL_JSON_QUOTED(size) + 1;
    field->spelled = allocate(row, NULL, room + size + 1);
    if (field->spelled == NULL)
        return 0;
    field->spelled_size = sl_json_quote(field->spelled, name, size);
    field->spelled[field->spelled_size++] = ':';
    memcpy(field->spelled + room, name, size);
    field->spelled[room + size] = '\0';
    field->column.name = field->spelled + room;
    field->name_size = size;
    return 1;
}

uint32_t sl_json_row_add(sl_json_row *row, const char *name, size_t size, sl_type type,
                         uint32_t flags, int32_t *refused)
{
    uint32_t alike;
    uint32_t index = look_up(row, name, size, &alike);
    if (index != SL_JSON_ROW_NONE)
        return index;
    *refused = size == 0 || alike != SL_JSON_ROW_NONE || memchr(name, '\0', size) != NULL ||
               sl_value_utf8(name, size) < size;
    if (*refused || !grow(row))
        return SL_JSON_ROW_NONE;
    index = row->count;
    sl_json_field *field = &row->fields[index];
    *field = (sl_json_field){.column = {.type = type, .flags = flags}, .follow = index + 1};
    if (!spell(row, field, name, size))
        return SL_JSON_ROW_NONE;
    row->count++;
    put_slot(row, index);
    return index;
}

const char *sl_json_row_name(sl_json_row *row, const sl_json_value *name, size_t *size)
{
    if (!name->escaped) {
        *size = name->size;
        return name->text;
    }
    if (name->size > row->name_room) {
        char *memory = allocate(row, row->name, name->size);
        if (memory == NULL)
            return NULL;
        row->name = memory;
        row->name_room = name->size;
    }
    *size = sl_json_decode(name, row->name);
    return row->name;
}

/* ---- Values ------------------------------------------------------------------------- */

/* What is wrong with the record, at a byte of it. */
static int bad(sl_json_row *row, const char *at, uint32_t column, const char *format, ...)
    SL_PRINTF(4, 5);

static int bad(sl_json_row *row, const char *at, uint32_t column, const char *format, ...)
{
    va_list arguments;
    row->at = at;
    row->column = column;
    va_start(arguments, format);
    (void)vsnprintf(row->problem, sizeof(row->problem), format, arguments);
    va_end(arguments);
    return 0;
}

static int number_fits(const sl_column *column, const sl_json_value *value)
{
    sl_cell cell = {.kind = SL_NUMERAL, .size = (uint32_t)value->size, .as.text = value->text};
    sl_cell typed;
    if (column->type == SL_TYPE_BOOLEAN)
        return 0;
    if (!(column->flags & SL_COLUMN_DECLARED) || column->type == SL_TYPE_ANY ||
        column->type == SL_TYPE_TEXT || column->type == SL_TYPE_JSON)
        return 1;
    if (value->whole && value->size <= 18 && value->text[0] != '-')
        return 1;
    if (sl_value_typed(column, &cell, &typed) != SL_OK)
        return 0;
    return column->type == SL_TYPE_INTEGER ? typed.kind == SL_INTEGER
                                           : typed.kind == SL_INTEGER || typed.kind == SL_REAL;
}

static int string_fits(const sl_column *column)
{
    if (column->type == SL_TYPE_TEXT || column->type == SL_TYPE_ANY)
        return 1;
    return column->type != SL_TYPE_BOOLEAN && !(column->flags & SL_COLUMN_DECLARED);
}

static int misfit(sl_json_row *row, uint32_t index, const sl_json_value *value)
{
    const sl_column *column = &row->fields[index].column;
    int shown = value->size > 40 ? 40 : (int)value->size;
    if (row->misfit == SL_JSON_MISFIT_KEEP)
        return 1;
    row->fatal = row->misfit == SL_JSON_MISFIT_FAIL;
    if (value->kind == SL_JSON_NUMBER)
        return bad(row, value->text, index + 1, "%.*s does not fit the %s column '%s'", shown,
                   value->text, sl_type_name(column->type), column->name);
    return bad(row, value->text, index + 1, "%s does not fit the %s column '%s'%s",
               sl_json_kind_name(value->kind), sl_type_name(column->type), column->name,
               column->flags & SL_COLUMN_DECLARED ? "" : "; declare it as json to take any value");
}

/* The cell of a value; 1, or 0: a misfit that rejects the row. */
static inline int put(sl_json_row *row, uint32_t index, const sl_json_value *value, sl_cell *cell)
{
    const sl_column *column = &row->fields[index].column;
    sl_cell text = {.kind = SL_TEXT, .size = (uint32_t)value->size, .as.text = value->text};
    switch (value->kind) {
    case SL_JSON_NULL:
        *cell = (sl_cell){.kind = SL_NULL};
        return 1;
    case SL_JSON_NUMBER:
        text.kind = SL_NUMERAL;
        *cell = text;
        return number_fits(column, value) || misfit(row, index, value);
    case SL_JSON_STRING:
        if (column->type == SL_TYPE_JSON) {
            *cell = (sl_cell){.kind = SL_TEXT, .size = text.size + 2, .as.text = value->text - 1};
            return 1;
        }
        *cell = text;
        if (value->escaped)
            row->escaped[row->escaped_count++] = index;
        return string_fits(column) || misfit(row, index, value);
    case SL_JSON_TRUE:
    case SL_JSON_FALSE:
        if (column->type == SL_TYPE_BOOLEAN) {
            *cell = (sl_cell){.kind = SL_INTEGER, .as.integer = value->kind == SL_JSON_TRUE};
            return 1;
        }
        break;
    default:
        break;
    }
    *cell = text;
    return column->type == SL_TYPE_JSON || misfit(row, index, value);
}

/* ---- Records ------------------------------------------------------------------------ */

static int grow_rest(sl_json_row *row)
{
    uint32_t room = row->rest_room == 0 ? 16 : row->rest_room * 2;
    void *memory = allocate(row, row->rest, room * sizeof(sl_json_rest));
    if (memory == NULL)
        return 0;
    row->rest = memory;
    memory = allocate(row, row->marks, 2 * room * sizeof(sl_json_mark));
    if (memory == NULL)
        return 0;
    row->marks = memory;
    memset(row->marks, 0, 2 * room * sizeof(sl_json_mark));
    row->rest_room = room;
    return 1;
}

/* Puts a member into the hash table; 0: its name is there already. */
static int mark_rest(sl_json_row *row, uint32_t index)
{
    const sl_json_rest *member = &row->rest[index];
    for (uint32_t slot = hash(member->text, member->name_size);; slot++) {
        sl_json_mark *mark = &row->marks[slot & (2 * row->rest_room - 1)];
        if (mark->record != row->record) {
            *mark = (sl_json_mark){.record = row->record, .index = index};
            return 1;
        }
        const sl_json_rest *other = &row->rest[mark->index];
        if (other->name_size == member->name_size &&
            memcmp(other->text, member->text, member->name_size) == 0)
            return 0;
    }
}

/* Remembers an unknown member from its name's quote to its value's end. */
static int gather(sl_json_row *row, const sl_json_value *name, const char *end)
{
    if (row->rest_count == row->rest_room) {
        if (!grow_rest(row))
            return -1;
        for (uint32_t i = 0; i < row->rest_count; i++)
            (void)mark_rest(row, i);
    }
    const char *start = name->text - 1;
    row->rest[row->rest_count] =
        (sl_json_rest){.text = start, .size = (size_t)(end - start), .name_size = name->size + 2};
    if (!mark_rest(row, row->rest_count++)) {
        int shown = name->size > 80 ? 80 : (int)name->size;
        return bad(row, name->text, 0, "the key '%.*s' occurs twice", shown, name->text);
    }
    return 1;
}

static int unknown(sl_json_row *row, const sl_json_value *name, const char *end)
{
    if (row->unknown == SL_JSON_UNKNOWN_IGNORE)
        return 1;
    if (row->unknown == SL_JSON_UNKNOWN_GATHER)
        return gather(row, name, end);
    uint32_t alike;
    size_t size;
    const char *text = sl_json_row_name(row, name, &size);
    if (text == NULL)
        return -1;
    (void)look_up(row, text, size, &alike);
    int shown = name->size > 80 ? 80 : (int)name->size;
    if (alike != SL_JSON_ROW_NONE)
        return bad(row, name->text, 0, "unknown key '%.*s' (column '%s' differs in case)", shown,
                   name->text, row->fields[alike].column.name);
    return bad(row, name->text, 0, "unknown key '%.*s'", shown, name->text);
}

/* The field of the member whose name was read; *result: as of sl_json_row_read. */
static uint32_t field_of(sl_json_row *row, const sl_json_value *name, int *result)
{
    size_t size;
    const char *text = sl_json_row_name(row, name, &size);
    *result = text == NULL ? -1 : 1;
    return text == NULL ? SL_JSON_ROW_NONE : sl_json_row_find(row, text, size);
}

static int read_members(sl_json_row *row, sl_json *json, sl_cell *const *columns, uint32_t index,
                        uint32_t *seen)
{
    uint32_t guess = row->first, *follow = &row->first;
    for (;;) {
        sl_json_value name, value;
        int result = 1, is = guess < row->count
                                 ? sl_json_guess(json, row->fields[guess].spelled,
                                                 row->fields[guess].spelled_size, &name)
                                 : sl_json_name(json, &name);
        if (is == 0)
            return 1;
        uint32_t field = is == 2 ? guess : field_of(row, &name, &result);
        if (result < 0)
            return result;
        if (!sl_json_read(json, &value))
            return 1;
        if (field == SL_JSON_ROW_NONE) {
            result = unknown(row, &name, json->at);
            if (result != 1)
                return result;
            continue;
        }
        sl_json_field *known = &row->fields[field];
        if (known->seen == row->record)
            return bad(row, value.text, field + 1, "the key '%s' occurs twice", known->column.name);
        known->seen = row->record;
        if (!put(row, field, &value, &columns[field][index]))
            return 0;
        *follow = field;
        follow = &known->follow;
        guess = known->follow;
        ++*seen;
    }
}

static void put_nulls(sl_json_row *row, sl_cell *const *columns, uint32_t index)
{
    for (uint32_t i = 0; i < row->count; i++)
        if (row->fields[i].seen != row->record)
            columns[i][index] = (sl_cell){.kind = SL_NULL};
}

/* No object: says what it is. */
static int not_an_object(sl_json_row *row, sl_json *json)
{
    sl_json_value value;
    const char *at = json->at;
    if (sl_json_read(json, &value) && sl_json_end(json))
        return bad(row, at, 0, "%s is not a row; a row is an object",
                   sl_json_kind_name(value.kind));
    return bad(row, json->at, 0, "%s", json->error);
}

int sl_json_row_read(sl_json_row *row, sl_json *json, sl_cell *const *columns, uint32_t index)
{
    uint32_t seen = 0;
    row->record++;
    row->escaped_count = 0;
    row->rest_count = 0;
    row->fatal = 0;
    if (!sl_json_enter(json, SL_JSON_OBJECT))
        return not_an_object(row, json);
    int result = read_members(row, json, columns, index, &seen);
    if (result != 1)
        return result;
    if (!sl_json_end(json))
        return bad(row, json->at, 0, "%s", json->error);
    if (seen < row->count)
        put_nulls(row, columns, index);
    return 1;
}

size_t sl_json_row_escaped(const sl_json_row *row, sl_cell *const *columns, uint32_t index)
{
    size_t size = 0;
    for (uint32_t i = 0; i < row->escaped_count; i++)
        size += columns[row->escaped[i]][index].size;
    return size;
}

void sl_json_row_decode(sl_json_row *row, sl_cell *const *columns, uint32_t index, char *to)
{
    for (uint32_t i = 0; i < row->escaped_count; i++) {
        sl_cell *cell = &columns[row->escaped[i]][index];
        sl_json_value value = {
            .kind = SL_JSON_STRING, .escaped = 1, .text = cell->as.text, .size = cell->size};
        /* The bytes are the batch's own: the stage asked for them. */
        char *put_at = to != NULL ? to : (char *)(uintptr_t)cell->as.text;
        cell->size = (uint32_t)sl_json_decode(&value, put_at);
        cell->as.text = put_at;
        if (to != NULL)
            to += cell->size;
    }
}

size_t sl_json_row_rest_size(const sl_json_row *row)
{
    size_t size = row->rest_count == 0 ? 0 : 1;
    for (uint32_t i = 0; i < row->rest_count; i++)
        size += row->rest[i].size + 1;
    return size;
}

void sl_json_row_rest(const sl_json_row *row, char *to)
{
    for (uint32_t i = 0; i < row->rest_count; i++) {
        *to++ = i == 0 ? '{' : ',';
        memcpy(to, row->rest[i].text, row->rest[i].size);
        to += row->rest[i].size;
    }
    *to = '}';
}

/* ---- Options ------------------------------------------------------------------------ */

static sl_status declare(sl_json_row *row, const sl_value *item)
{
    sl_stage *stage = row->stage;
    int32_t type = item->kind == SL_VALUE_SCALAR ? sl_type_named(item->text) : -1;
    int32_t refused = 0;
    if (type < 0)
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = item,
                                   .hint = "types are integer, real, numeric, text, boolean, "
                                           "json and any"),
                          "the type of column '%s' is not one", item->key);
    if (type == (int32_t)SL_TYPE_BLOB)
        return sl_fail_at(
            stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = item, .hint = "read it as text"),
            "column '%s': JSON has no blobs", item->key);
    uint32_t field = sl_json_row_add(row, item->key, strlen(item->key), SL_TYPE_ANY, 0, &refused);
    if (field != SL_JSON_ROW_NONE) {
        row->fields[field].column.type = (sl_type)type;
        row->fields[field].column.flags |= SL_COLUMN_DECLARED;
        return SL_OK;
    }
    if (!refused)
        return SL_ERROR;
    return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = item),
                      "'%s' cannot be a column: it is empty, or another differs in case only",
                      item->key);
}

sl_status sl_json_row_declare(sl_json_row *row, const sl_value *columns)
{
    for (uint32_t i = 0; columns != NULL && i < columns->count; i++)
        if (declare(row, sl_item(columns, i)) != SL_OK)
            return SL_ERROR;
    return SL_OK;
}

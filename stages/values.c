/*
 * values.c - a reader of rows that are written in the graph itself.
 *
 * The rows are read once, in plan, into a table of cells; batches copy from it. Texts are slices
 * of the YAML's own values, which live as long as the graph; only nested lists and maps need
 * memory, for their JSON.
 */
#include "stages/core/stage.h"

#include <string.h>

#include "stages/core/text.h"
#include "stages/core/value.h"
#include "stages/json.h"

/* What was seen in a column. */
#define SEEN_INTEGER 1u
#define SEEN_REAL 2u
#define SEEN_BOOLEAN 4u
#define SEEN_TEXT 8u
#define SEEN_NESTED 16u

typedef struct heading {
    const char *name;
    uint32_t seen;
} heading;

typedef struct values {
    const sl_value *rows;
    const sl_value *columns;
    const char *repeat;

    heading *headings;
    uint32_t count, room;
    int32_t fixed;   /* 1: `columns` says all of them */
    uint32_t table;  /* rows of it */
    sl_cell *cells;  /* [row * count + column] */
    sl_builder json; /* the nested values, one after the other */
    int64_t repeats; /* -1: for ever */
    int64_t given;   /* rows so far */
} values;

/* ---- Failing ------------------------------------------------------------------------------ */

static sl_status fail_value(sl_stage *stage, const sl_value *value, const char *message,
                            const char *hint)
{
    return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value, .hint = hint), "%s",
                      message);
}

/* ---- Columns -------------------------------------------------------------------------------- */

static int64_t find(const values *self, const char *name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (sl_value_same_name(self->headings[i].name, name) == 0)
            return i;
    return -1;
}

static sl_status add_heading(sl_stage *stage, const char *name)
{
    values *self = sl_self(stage, values);
    if (self->count == self->room) {
        uint32_t room = self->room ? self->room * 2 : 8;
        heading *more = stage->host->allocate(stage, self->headings, room * sizeof *more);
        if (!more)
            return sl_no_memory(stage);
        self->headings = more;
        self->room = room;
    }
    self->headings[self->count++] = (heading){.name = name};
    return SL_OK;
}

static sl_status take_columns(sl_stage *stage)
{
    values *self = sl_self(stage, values);
    for (uint32_t i = 0; self->columns && i < self->columns->count; i++) {
        const sl_value *name = sl_item(self->columns, i);
        if (name->kind != SL_VALUE_SCALAR || name->text[0] == '\0')
            return fail_value(stage, name, "a column's name must be a text that is not empty",
                              NULL);
        if (find(self, name->text) >= 0)
            return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = name),
                              "there are two columns '%s'", name->text);
        if (add_heading(stage, name->text) != SL_OK)
            return SL_ERROR;
    }
    self->fixed = self->count > 0;
    return SL_OK;
}

static sl_status fail_key(sl_stage *stage, const sl_value *item)
{
    const values *self = sl_self(stage, values);
    const char *names[64];
    uint32_t count = self->count < 64 ? self->count : 64;
    for (uint32_t i = 0; i < count; i++)
        names[i] = self->headings[i].name;
    const char *near = sl_value_nearest(item->key, names, count);
    char hint[160];
    size_t length = 0;
    if (near && strlen(near) < 100) {
        memcpy(hint, "did you mean '", 14);
        memcpy(hint + 14, near, strlen(near));
        length = 14 + strlen(near);
        memcpy(hint + length, "'?", 3);
    }
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = item,
                               .hint = length > 0 ? hint : "add it to columns"),
                      "there is no column '%s' in columns", item->key);
}

/* Looks at one row: its shape, and the columns that it brings. */
static sl_status look_at(sl_stage *stage, const sl_value *row, uint32_t kind)
{
    values *self = sl_self(stage, values);
    if (row->kind != kind)
        return fail_value(stage, row, "the rows are not all of one shape",
                          "write all of them as maps, or as lists, or as single values");
    if (kind == SL_VALUE_LIST && row->count != self->count)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = row),
                          "this row has %u values for %u columns", row->count, self->count);
    for (uint32_t i = 0; kind == SL_VALUE_MAP && i < row->count; i++) {
        const sl_value *item = sl_item(row, i);
        if (find(self, item->key) >= 0)
            continue;
        if (self->fixed)
            return fail_key(stage, item);
        if (add_heading(stage, item->key) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

static uint32_t shape(const sl_value *row)
{
    return row->kind == SL_VALUE_NULL ? SL_VALUE_SCALAR : row->kind;
}

static sl_status look_at_rows(sl_stage *stage)
{
    values *self = sl_self(stage, values);
    uint32_t kind = self->table > 0 ? shape(sl_item(self->rows, 0)) : SL_VALUE_SCALAR;
    if (kind == SL_VALUE_LIST && self->count == 0)
        return fail_value(stage, self->rows, "rows that are lists need the names of their columns",
                          "add columns: [name, ...]");
    if (kind == SL_VALUE_SCALAR && self->count == 0 && add_heading(stage, "value") != SL_OK)
        return SL_ERROR;
    if (kind == SL_VALUE_SCALAR && self->table > 0 && self->count != 1)
        return fail_value(stage, self->columns, "rows that are single values have one column",
                          NULL);
    sl_status status = SL_OK;
    for (uint32_t i = 0; i < self->table; i++) {
        const sl_value *row = sl_item(self->rows, i);
        if (row->kind == SL_VALUE_NULL && kind == SL_VALUE_SCALAR)
            continue;
        if (look_at(stage, row, kind) != SL_OK)
            status = SL_ERROR;
    }
    return status;
}

/* ---- Cells ------------------------------------------------------------------------------------
 */

static int32_t is_word(const sl_value *value, const char *word)
{
    return value->kind == SL_VALUE_SCALAR && !value->quoted && strcmp(value->text, word) == 0;
}

static int32_t is_null(const sl_value *value)
{
    return value->kind == SL_VALUE_NULL || is_word(value, "null");
}

/* A value as JSON, at any depth that YAML allowed. */
static void add_json(sl_builder *json, const sl_value *value)
{
    if (value->kind == SL_VALUE_LIST || value->kind == SL_VALUE_MAP) {
        int32_t map = value->kind == SL_VALUE_MAP;
        sl_builder_word(json, map ? "{" : "[");
        for (uint32_t i = 0; i < value->count; i++) {
            const sl_value *item = sl_item(value, i);
            if (i > 0)
                sl_builder_word(json, ",");
            if (map) {
                sl_builder_json(json, item->key, strlen(item->key));
                sl_builder_word(json, ":");
            }
            add_json(json, item);
        }
        sl_builder_word(json, map ? "}" : "]");
    } else if (is_null(value)) {
        sl_builder_word(json, "null");
    } else if (is_word(value, "true") || is_word(value, "false") ||
               (!value->quoted && sl_json_is_number(value->text, strlen(value->text)))) {
        sl_builder_word(json, value->text);
    } else {
        sl_builder_json(json, value->text, strlen(value->text));
    }
}

/* The cell of one value, and what was seen. A number that is no canonical integer keeps its
 * spelling. */
static uint32_t read_scalar(const sl_value *value, sl_cell *cell)
{
    size_t size = strlen(value->text);
    *cell = (sl_cell){.kind = SL_TEXT, .size = (uint32_t)size, .as.text = value->text};
    if (value->quoted)
        return SEEN_TEXT;
    if (is_word(value, "true") || is_word(value, "false")) {
        *cell = (sl_cell){.kind = SL_INTEGER, .as.integer = is_word(value, "true")};
        return SEEN_BOOLEAN;
    }
    sl_cell number;
    switch (sl_value_number(value->text, size, &number)) {
    case SL_SPELLING_INTEGER:
        *cell = number;
        return SEEN_INTEGER;
    case SL_SPELLING_REAL:
        cell->kind = SL_NUMERAL;
        return SEEN_REAL;
    case SL_SPELLING_TEXT:
    case SL_SPELLING_HUGE:
        break;
    }
    return SEEN_TEXT;
}

/* The value of row `row` in column `column`; NULL: absent. */
static const sl_value *value_at(const values *self, uint32_t row, uint32_t column)
{
    const sl_value *of = sl_item(self->rows, row);
    if (of->kind == SL_VALUE_LIST)
        return sl_item(of, column);
    if (of->kind != SL_VALUE_MAP)
        return of;
    for (uint32_t i = 0; i < of->count; i++)
        if (sl_value_same_name(sl_item(of, i)->key, self->headings[column].name) == 0)
            return sl_item(of, i);
    return NULL;
}

static int32_t is_nested(const sl_value *value)
{
    return value->kind == SL_VALUE_LIST || value->kind == SL_VALUE_MAP;
}

static void fill_column(values *self, uint32_t column)
{
    for (uint32_t row = 0; row < self->table; row++) {
        sl_cell *cell = &self->cells[(size_t)row * self->count + column];
        const sl_value *value = value_at(self, row, column);
        *cell = (sl_cell){.kind = SL_NULL};
        if (!value || is_null(value))
            continue;
        self->headings[column].seen |= is_nested(value) ? SEEN_NESTED : read_scalar(value, cell);
    }
}

/* A column with something nested in it is JSON throughout. The builder's memory may move while
 * it grows: first only sizes, then slices. */
static void write_json(values *self, uint32_t column)
{
    for (uint32_t row = 0; row < self->table; row++) {
        const sl_value *value = value_at(self, row, column);
        size_t before = self->json.size;
        if (!value || is_null(value))
            continue;
        add_json(&self->json, value);
        self->cells[(size_t)row * self->count + column] =
            (sl_cell){.kind = SL_TEXT, .size = (uint32_t)(self->json.size - before)};
    }
}

static void place_json(values *self)
{
    const char *at = self->json.data;
    for (uint32_t column = 0; column < self->count; column++)
        for (uint32_t row = 0; row < self->table && self->headings[column].seen & SEEN_NESTED;
             row++) {
            sl_cell *cell = &self->cells[(size_t)row * self->count + column];
            if (cell->kind == SL_TEXT) {
                cell->as.text = at;
                at += cell->size;
            }
        }
}

static sl_status fill_table(sl_stage *stage)
{
    values *self = sl_self(stage, values);
    size_t cells = (size_t)self->table * self->count;
    if (cells == 0)
        return SL_OK;
    self->cells = stage->host->allocate(stage, NULL, cells * sizeof *self->cells);
    if (!self->cells)
        return sl_no_memory(stage);
    self->json.env = stage->env;
    for (uint32_t column = 0; column < self->count; column++) {
        fill_column(self, column);
        if (self->headings[column].seen & SEEN_NESTED)
            write_json(self, column);
    }
    if (self->json.failed)
        return sl_no_memory(stage);
    place_json(self);
    return SL_OK;
}

/* ---- Planned ------------------------------------------------------------------------------------
 */

static sl_type type_of(uint32_t seen)
{
    if (seen & SEEN_NESTED)
        return SL_TYPE_JSON;
    switch (seen) {
    case SEEN_INTEGER:
        return SL_TYPE_INTEGER;
    case SEEN_REAL:
        return SL_TYPE_REAL;
    case SEEN_INTEGER | SEEN_REAL:
        return SL_TYPE_NUMERIC;
    case SEEN_BOOLEAN:
        return SL_TYPE_BOOLEAN;
    case SEEN_TEXT:
        return SL_TYPE_TEXT;
    }
    return SL_TYPE_ANY;
}

static sl_status declare(sl_stage *stage)
{
    const values *self = sl_self(stage, values);
    sl_column *columns = stage->host->allocate(stage, NULL, (self->count + 1) * sizeof *columns);
    if (!columns)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < self->count; i++) {
        sl_type type = type_of(self->headings[i].seen);
        columns[i] = (sl_column){.name = self->headings[i].name,
                                 .type = type,
                                 .flags = type == SL_TYPE_ANY ? 0 : SL_COLUMN_DECLARED};
    }
    sl_status status = stage->host->columns(stage, columns, self->count, sizeof *columns);
    stage->host->allocate(stage, columns, 0);
    return status;
}

static sl_status read_repeat(sl_stage *stage)
{
    values *self = sl_self(stage, values);
    sl_cell number;
    if (strcmp(self->repeat, "forever") == 0) {
        self->repeats = -1;
        if (self->table > 0)
            return SL_OK;
        return fail_value(stage, stage->host->option(stage, "repeat"),
                          "no rows can be repeated for ever", NULL);
    }
    if (sl_value_number(self->repeat, strlen(self->repeat), &number) != SL_SPELLING_INTEGER ||
        number.as.integer < 1 ||
        (self->table > 0 && number.as.integer > INT64_MAX / (int64_t)self->table))
        return fail_value(stage, stage->host->option(stage, "repeat"),
                          "repeat must be a number from 1, or forever", NULL);
    self->repeats = number.as.integer;
    return SL_OK;
}

static sl_status plan(sl_stage *stage)
{
    values *self = sl_self(stage, values);
    self->table = self->rows->count;
    if (take_columns(stage) != SL_OK || look_at_rows(stage) != SL_OK ||
        read_repeat(stage) != SL_OK || fill_table(stage) != SL_OK)
        return SL_ERROR;
    return declare(stage);
}

/* ---- Read
 * ------------------------------------------------------------------------------------------ */

/* JSON is copied, so that a batch may live longer than the reader; 0: it does not fit. */
static int32_t copy_json(sl_stage *stage, sl_batch *batch, sl_cell *cell)
{
    char *copy = stage->host->bytes(stage, batch, cell->size);
    if (!copy)
        return 0;
    memcpy(copy, cell->as.text, cell->size);
    cell->as.text = copy;
    return 1;
}

static int32_t copy_row(sl_stage *stage, sl_batch *batch, const sl_cell *cells)
{
    const values *self = sl_self(stage, values);
    for (uint32_t column = 0; column < self->count; column++) {
        sl_cell *cell = &batch->columns[column][batch->rows];
        *cell = cells[column];
        if (self->headings[column].seen & SEEN_NESTED && cell->kind == SL_TEXT &&
            !copy_json(stage, batch, cell))
            return 0;
    }
    return 1;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    values *self = sl_self(stage, values);
    int64_t left = INT64_MAX;
    if (self->repeats >= 0)
        left = self->repeats * (int64_t)self->table - self->given;
    if (left == 0)
        return SL_END;
    sl_batch *batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    uint32_t rows = left < batch->capacity ? (uint32_t)left : batch->capacity;
    uint32_t from = (uint32_t)(self->given % self->table);
    while (batch->rows < rows && copy_row(stage, batch, self->cells + (size_t)from * self->count)) {
        batch->rows++;
        from = from + 1 == self->table ? 0 : from + 1;
    }
    if (batch->rows == 0) {
        sl_release(stage, batch);
        return fail_value(stage, sl_item(self->rows, from), "the row does not fit batch.bytes",
                          "raise batch.bytes");
    }
    batch->selected = batch->rows;
    batch->first_row = self->given + 1;
    batch->lines = NULL;
    self->given += batch->rows;
    *given = batch;
    return SL_OK;
}

static sl_status tell(sl_stage *stage, sl_text *position)
{
    return stage->host->set_text(stage, position, "{\"row\":%lld}",
                                 (long long)sl_self(stage, values)->given);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    values *self = sl_self(stage, values);
    int64_t row;
    if (sl_json_get_integer(position, "row", &row) != 1 || row < 0 ||
        (self->repeats >= 0 && row > self->repeats * (int64_t)self->table))
        return sl_fail(stage, "this is no position of these values: %s", position);
    self->given = row;
    return SL_OK;
}

static void close(sl_stage *stage)
{
    values *self = sl_self(stage, values);
    stage->host->allocate(stage, self->headings, 0);
    stage->host->allocate(stage, self->cells, 0);
    if (self->json.env)
        sl_builder_done(&self->json);
}

static const sl_option options[] = {
    {"rows", SL_OPTION_LIST, SL_OPTION_SOURCE | SL_OPTION_DATA, offsetof(values, rows), NULL, NULL,
     NULL, NULL, "The rows: a list of maps (column: value), of lists, or of single values."},
    {"columns", SL_OPTION_LIST, 0, offsetof(values, columns), "", NULL, NULL, NULL,
     "Names of the columns, in order; needed where the rows are lists."},
    {"repeat", SL_OPTION_TEXT, 0, offsetof(values, repeat), "1", NULL, NULL, NULL,
     "How often the rows are given, or forever."},
    {0},
};

const sl_stage_type sl_values = {
    SL_STAGE_TYPE,
    .name = "values",
    .version = "1.0",
    .summary = "Gives rows that are written in the graph.",
    .manual =
        "Plain values follow JSON: numbers are numbers, true and false are booleans, null and "
        "nothing are NULL. What is written in quotes is text, and so is every other plain word. "
        "A list or a map inside a row is kept as JSON text, and its column is a json column.\n\n"
        "A row that is a single value has the column `value`. Where the rows are maps, the columns "
        "are those of all rows, in the order in which they appear; a key that a row lacks is "
        "NULL. A column with values of several types has no type of its own.",
    .example = "reader: values\nrows:\n  - {id: 1, name: Ann}\n  - {id: 2, name: \"007\"}\n",
    .role = SL_READER,
    .self_size = sizeof(values),
    .options = options,
    .plan = plan,
    .next = next,
    .tell = tell,
    .seek = seek,
    .close = close,
};

/*
 * select.c - the transformer that chooses, names, adds and computes columns.
 *
 * A column that is only a name passes through as it stands: the same cells, faces, type. Only
 * computed columns enter SQLite. Their cells are written where the cells of an input column
 * stand that nobody needs any more, row by row, when the row has been evaluated; texts are
 * copied into the batch.
 */
#include <string.h>

#include "stages/core/text.h"
#include "stages/core/value.h"
#include "stages/sql.h"

#define NONE (-1)
#define CHUNK 16384 /* bytes asked for at once, for many texts */

typedef struct output {
    const char *name;
    const sl_value *value;  /* where its expression is written; NULL: the input's column */
    const sl_value *naming; /* where its name is written; NULL: the input's */
    int32_t from;           /* index of the input's column; NONE: computed */
    int32_t reuse;          /* computed: input column whose cells it takes; NONE: new ones */
    int32_t again;          /* 1: an output before it has the same `from`: it gets a copy */
} output;

struct select {
    const sl_value *columns;
    const sl_value *drop;
    const sl_value *rename;
    const sl_value *add;

    output *outputs; /* with room for all that could be */
    uint32_t count;
    uint32_t computed;  /* how many of them */
    sl_cell **arranged; /* the columns of a batch, as given on */
    sl_cell *values;    /* computed ones of one row */
    sl_cell **targets;  /* where they go */
    sl_sql *sql;        /* NULL: nothing is computed */
    int32_t planned;

    char *chunk; /* room for texts in the batch: its rest */
    size_t chunk_size, chunk_used;
    int64_t stuck; /* source row that did not fit an empty batch; 0: none */
};

/* ---- The list of columns --------------------------------------------------------------- */

static sl_status no_such_output(sl_stage *stage, const sl_value *at, const char *name)
{
    const struct select *self = sl_self(stage, struct select);
    sl_builder hint = {.env = stage->env};
    const char *nearest = NULL;

    for (uint32_t i = 0; i < self->count; i++) {
        const char *pair[2] = {self->outputs[i].name, nearest};

        nearest = sl_value_nearest(name, pair, nearest != NULL ? 2 : 1);
    }
    if (nearest != NULL)
        sl_builder_format(&hint, "did you mean '%s'? ", nearest);
    for (uint32_t i = 0; i < self->count && hint.size < 600; i++)
        sl_builder_format(&hint, "%s%s",
                          i > 0 ? ", " : "the columns here are: ", self->outputs[i].name);
    sl_fail_at(stage,
               SL_PLACE(.code = SL_CODE_CONFIG, .value = at, .byte = name == at->key ? -1 : 0,
                        .hint = hint.data),
               "no such column '%s'", name);
    sl_builder_done(&hint);
    return SL_ERROR;
}

/* The output with this name, the same spelling before any other case; NONE: there is none. */
static int32_t find_output(const struct select *self, const char *name)
{
    int32_t found = NONE;

    for (uint32_t i = 0; i < self->count; i++) {
        if (strcmp(self->outputs[i].name, name) == 0)
            return (int32_t)i;
        if (found == NONE && sl_value_same_name(self->outputs[i].name, name) == 0)
            found = (int32_t)i;
    }
    return found;
}

static sl_status read_output(sl_stage *stage, const sl_value *item, const sl_column *columns,
                             uint32_t count, output *made)
{
    if (item->kind != SL_VALUE_SCALAR)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = item),
                          "the expression of column '%s' is missing", item->key);
    *made = (output){.name = item->key, .value = item, .naming = item, .reuse = NONE};
    made->from = sl_sql_plain(item->text, columns, count);
    return SL_OK;
}

static sl_status take_columns(sl_stage *stage, const sl_column *columns, uint32_t count)
{
    struct select *self = sl_self(stage, struct select);
    sl_status status = SL_OK;

    self->count = 0;
    for (uint32_t i = 0; self->columns == NULL && i < count; i++)
        self->outputs[self->count++] =
            (output){.name = columns[i].name, .from = (int32_t)i, .reuse = NONE};
    for (uint32_t i = 0; self->columns != NULL && i < self->columns->count; i++)
        if (read_output(stage, sl_item(self->columns, i), columns, count,
                        &self->outputs[self->count]) == SL_OK)
            self->count++;
        else
            status = SL_ERROR;
    return status;
}

static sl_status drop_columns(sl_stage *stage)
{
    struct select *self = sl_self(stage, struct select);
    sl_status status = SL_OK;

    for (uint32_t i = 0; self->drop != NULL && i < self->drop->count; i++) {
        const sl_value *item = sl_item(self->drop, i);
        const char *name = item->text != NULL ? item->text : "";
        int32_t at = find_output(self, name);

        if (at == NONE) {
            status = no_such_output(stage, item, name);
            continue;
        }
        self->count--;
        memmove(&self->outputs[at], &self->outputs[at + 1],
                (self->count - (uint32_t)at) * sizeof *self->outputs);
    }
    return status;
}

/* All names are looked up before any is changed, so that two can be swapped. */
static sl_status rename_columns(sl_stage *stage)
{
    struct select *self = sl_self(stage, struct select);
    sl_status status = SL_OK;

    for (uint32_t i = 0; self->rename != NULL && i < self->rename->count; i++) {
        const sl_value *item = sl_item(self->rename, i);
        int32_t at = find_output(self, item->key);

        if (at == NONE)
            status = no_such_output(stage, item, item->key);
        else if (item->kind != SL_VALUE_SCALAR || item->text[0] == '\0')
            status = sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = item),
                                "the new name of column '%s' is missing", item->key);
        else
            self->outputs[at].naming = item;
    }
    for (uint32_t i = 0; self->rename != NULL && status == SL_OK && i < self->count; i++)
        for (uint32_t r = 0; r < self->rename->count; r++)
            if (self->outputs[i].naming == sl_item(self->rename, r))
                self->outputs[i].name = self->outputs[i].naming->text;
    return status;
}

static sl_status add_columns(sl_stage *stage, const sl_column *columns, uint32_t count)
{
    struct select *self = sl_self(stage, struct select);
    sl_status status = SL_OK;

    for (uint32_t i = 0; self->add != NULL && i < self->add->count; i++) {
        output made;
        int32_t at;

        if (read_output(stage, sl_item(self->add, i), columns, count, &made) != SL_OK) {
            status = SL_ERROR;
            continue;
        }
        at = find_output(self, made.name);
        self->outputs[at == NONE ? (int32_t)self->count++ : at] = made;
    }
    return status;
}

/* Names that were written must be one of a kind; what the input calls its columns is its own. */
static sl_status check_names(sl_stage *stage)
{
    const struct select *self = sl_self(stage, struct select);
    sl_status status = SL_OK;

    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t k = 0; self->outputs[i].naming != NULL && k < self->count; k++)
            if (k != i && (k < i || self->outputs[k].naming == NULL) &&
                sl_value_same_name(self->outputs[i].name, self->outputs[k].name) == 0)
                status = sl_fail_at(
                    stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = self->outputs[i].naming),
                    "two columns would be named '%s'", self->outputs[i].name);
    if (self->count == 0 && status == SL_OK)
        status = sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG), "no columns are left");
    return status;
}

static void mark_repeats(struct select *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t k = 0; k < i && self->outputs[i].from != NONE; k++)
            self->outputs[i].again |= self->outputs[k].from == self->outputs[i].from;
}

/* ---- Planning -------------------------------------------------------------------------- */

static sl_status make_room(sl_stage *stage, uint32_t count)
{
    struct select *self = sl_self(stage, struct select);
    size_t most = (self->columns != NULL ? self->columns->count : count) +
                  (self->add != NULL ? self->add->count : 0) + (size_t)1;

    if (self->outputs == NULL)
        self->outputs = stage->host->allocate(stage, NULL, most * sizeof *self->outputs);
    if (self->arranged == NULL)
        self->arranged = stage->host->allocate(stage, NULL, most * sizeof *self->arranged);
    if (self->values == NULL)
        self->values = stage->host->allocate(stage, NULL, most * sizeof *self->values);
    if (self->targets == NULL)
        self->targets = stage->host->allocate(stage, NULL, most * sizeof *self->targets);
    return self->outputs != NULL && self->arranged != NULL && self->values != NULL &&
                   self->targets != NULL
               ? SL_OK
               : sl_no_memory(stage);
}

static sl_status declare(sl_stage *stage, const sl_column *columns)
{
    const struct select *self = sl_self(stage, struct select);
    size_t size = (self->count + (size_t)1) * sizeof(sl_column);
    sl_column *list = stage->host->allocate(stage, NULL, size);
    sl_status status;

    if (list == NULL)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < self->count; i++) {
        const output *at = &self->outputs[i];

        if (at->from != NONE)
            list[i] = columns[at->from];
        else
            list[i] = (sl_column){.type = sl_sql_type(at->value->text)};
        list[i].name = at->name;
    }
    status = stage->host->columns(stage, list, self->count, sizeof *list);
    stage->host->allocate(stage, list, 0);
    return status;
}

static sl_status compile(sl_stage *stage, const sl_column *columns, uint32_t count)
{
    struct select *self = sl_self(stage, struct select);
    size_t size = (self->count + (size_t)1) * sizeof(sl_sql_expression);
    sl_sql_expression *list;
    sl_status status;

    self->computed = 0;
    for (uint32_t i = 0; i < self->count; i++)
        self->computed += self->outputs[i].from == NONE;
    if (self->computed == 0)
        return SL_OK;
    if (self->sql == NULL)
        self->sql = sl_sql_new(stage);
    list = self->sql != NULL ? stage->host->allocate(stage, NULL, size) : NULL;
    if (list == NULL)
        return sl_no_memory(stage);
    for (uint32_t i = 0, to = 0; i < self->count; i++)
        if (self->outputs[i].from == NONE)
            list[to++] = (sl_sql_expression){self->outputs[i].value->text, self->outputs[i].value};
    status = sl_sql_compile(self->sql, columns, count, SL_SQL_VALUES, list, self->computed);
    stage->host->allocate(stage, list, 0);
    return status;
}

#define LOOKED_AT 1000 /* input columns among which free ones are looked for */

/* An input column from `first` on that no output carries; NONE: there is no more. */
static int32_t find_free(const struct select *self, int32_t first, uint32_t count)
{
    for (int32_t c = first; c < (int32_t)count && c < LOOKED_AT; c++) {
        int needed = 0;

        for (uint32_t i = 0; i < self->count && !needed; i++)
            needed = self->outputs[i].from == c;
        if (!needed)
            return c;
    }
    return NONE;
}

static void share_out(struct select *self, uint32_t count)
{
    int32_t found = NONE;

    for (uint32_t i = 0; i < self->count; i++) {
        if (self->outputs[i].from != NONE)
            continue;
        found = find_free(self, found + 1, count);
        if (found == NONE)
            return;
        self->outputs[i].reuse = found;
    }
}

static sl_status plan(sl_stage *stage)
{
    struct select *self = sl_self(stage, struct select);
    uint32_t count = 0;
    const sl_column *columns = stage->host->input_columns(stage, 0, &count);
    sl_status taken, dropped, renamed, added;

    if (columns == NULL || self->planned)
        return SL_OK; /* not known before open */
    if (self->columns == NULL && self->add == NULL && self->drop == NULL && self->rename == NULL)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG),
                          "nothing is selected: give "
                          "columns, add, drop or rename");
    if (make_room(stage, count) != SL_OK)
        return SL_ERROR;
    taken = take_columns(stage, columns, count);
    dropped = drop_columns(stage);
    renamed = rename_columns(stage);
    added = add_columns(stage, columns, count);
    if (taken != SL_OK || dropped != SL_OK || renamed != SL_OK || added != SL_OK ||
        check_names(stage) != SL_OK || compile(stage, columns, count) != SL_OK ||
        declare(stage, columns) != SL_OK)
        return SL_ERROR;
    mark_repeats(self);
    share_out(self, count);
    self->planned = 1;
    return SL_OK;
}

/* ---- Rows ------------------------------------------------------------------------------ */

/* Room for a text in the batch; NULL: it is full. */
static char *take_bytes(sl_stage *stage, sl_batch *batch, size_t size)
{
    struct select *self = sl_self(stage, struct select);
    char *bytes;

    if (self->chunk_size - self->chunk_used < size) {
        size_t ask = size > CHUNK ? size : CHUNK, room;

        if (self->chunk != NULL)
            stage->host->trim(stage, batch, self->chunk, self->chunk_size, self->chunk_used);
        self->chunk = NULL;
        self->chunk_size = self->chunk_used = 0;
        room = stage->host->room(stage, batch);
        if (room < size)
            return NULL;
        self->chunk = stage->host->bytes(stage, batch, ask < room ? ask : room);
        if (self->chunk == NULL)
            return NULL;
        self->chunk_size = ask < room ? ask : room;
    }
    bytes = self->chunk + self->chunk_used;
    self->chunk_used += size;
    return bytes;
}

static void give_back(sl_stage *stage, sl_batch *batch)
{
    struct select *self = sl_self(stage, struct select);

    if (self->chunk != NULL)
        stage->host->trim(stage, batch, self->chunk, self->chunk_size, self->chunk_used);
    self->chunk = NULL;
    self->chunk_size = self->chunk_used = 0;
}

/* SL_OK; SL_END: the batch is full; SL_ERROR: said. */
static sl_status take_row(sl_stage *stage, sl_batch *batch)
{
    struct select *self = sl_self(stage, struct select);

    for (uint32_t i = 0; i < self->computed; i++) {
        sl_cell *value = &self->values[i];
        char *copy;

        if (sl_sql_value(self->sql, i, value) != SL_OK)
            return SL_ERROR;
        if (value->kind != SL_TEXT && value->kind != SL_BLOB)
            continue;
        if (value->size == 0) {
            value->as.text = "";
            continue;
        }
        copy = take_bytes(stage, batch, value->size);
        if (copy == NULL)
            return SL_END;
        memcpy(copy, value->as.text, value->size);
        value->as.text = copy;
    }
    return SL_OK;
}

static sl_status too_large(sl_stage *stage, sl_batch *batch, uint32_t row)
{
    return sl_reject(stage, batch, row, 0,
                     "the computed values do not fit batch.bytes, which is %lld",
                     (long long)stage->host->batch_bytes(stage));
}

/* The row did not fit: it goes into a batch of its own with those behind it; when it was the
 * first there already, it fits nowhere. SL_OK: go on; SL_END: the batch is done. */
static sl_status leave_rest(sl_stage *stage, sl_batch *batch, uint32_t row)
{
    struct select *self = sl_self(stage, struct select);
    int64_t number = batch->first_row + row;
    uint32_t position = sl_sql_position(self->sql);

    if (self->stuck == number) {
        self->stuck = 0;
        return too_large(stage, batch, row);
    }
    self->stuck = number;
    give_back(stage, batch);
    return stage->host->rest(stage, batch, position) == SL_OK ? SL_END : SL_ERROR;
}

static sl_status evaluate(sl_stage *stage, sl_batch *batch)
{
    struct select *self = sl_self(stage, struct select);
    sl_status status;
    uint32_t row;

    sl_sql_begin(self->sql, batch);
    while ((status = sl_sql_step(self->sql, &row)) == SL_OK) {
        status = take_row(stage, batch);
        if (status == SL_OK)
            self->stuck = 0;
        for (uint32_t i = 0; status == SL_OK && i < self->computed; i++)
            self->targets[i][row] = self->values[i];
        if (status == SL_END && (status = leave_rest(stage, batch, row)) == SL_END)
            break;
        if (status != SL_OK)
            break;
    }
    sl_sql_end(self->sql);
    give_back(stage, batch);
    return status == SL_END ? SL_OK : status;
}

/* The arrays of the batch as it goes on: carried ones, and ones to write computed values into. */
static sl_status arrange(sl_stage *stage, sl_batch *batch)
{
    struct select *self = sl_self(stage, struct select);
    uint32_t computed = 0;

    for (uint32_t i = 0; i < self->count; i++) {
        const output *at = &self->outputs[i];

        int32_t given = at->from != NONE ? at->from : at->reuse;

        self->arranged[i] =
            given != NONE && !at->again ? batch->columns[given] : stage->host->cells(stage, batch);
        if (self->arranged[i] == NULL)
            return SL_ERROR;
        if (at->from == NONE)
            self->targets[computed++] = self->arranged[i];
        else if (at->again) /* two columns never share their cells: who comes next may write */
            memcpy(self->arranged[i], batch->columns[given], batch->rows * sizeof(sl_cell));
    }
    return SL_OK;
}

static sl_status each(sl_stage *stage, sl_batch *batch)
{
    struct select *self = sl_self(stage, struct select);

    if (arrange(stage, batch) != SL_OK)
        return SL_ERROR;
    if (self->computed > 0 && evaluate(stage, batch) != SL_OK)
        return SL_ERROR;
    return stage->host->arrange(stage, batch, self->arranged, self->count);
}

static void interrupt(sl_stage *stage)
{
    sl_sql_interrupt(sl_self(stage, struct select)->sql);
}

static void close(sl_stage *stage)
{
    struct select *self = sl_self(stage, struct select);

    sl_sql_free(self->sql);
    stage->host->allocate(stage, self->outputs, 0);
    stage->host->allocate(stage, self->arranged, 0);
    stage->host->allocate(stage, self->values, 0);
    stage->host->allocate(stage, self->targets, 0);
    self->sql = NULL;
    self->outputs = NULL;
    self->arranged = self->targets = NULL;
    self->values = NULL;
}

/* ---- The type --------------------------------------------------------------------------- */

static const sl_option options[] = {
    {"columns", SL_OPTION_SQL_MAP, 0, offsetof(struct select, columns), "", NULL, NULL, NULL,
     "The whole new list: name of a column, and the SQL expression that it is."},
    {"drop", SL_OPTION_LIST, 0, offsetof(struct select, drop), "", NULL, NULL, NULL,
     "Columns that are left out."},
    {"rename", SL_OPTION_MAP, 0, offsetof(struct select, rename), "", NULL, NULL, NULL,
     "Old name of a column, and its new one."},
    {"add", SL_OPTION_SQL_MAP, 0, offsetof(struct select, add), "", NULL, NULL, NULL,
     "Columns behind the others, or in the place of one with the same name: name and SQL "
     "expression."},
    {0},
};

const sl_stage_type sl_select = {
    SL_STAGE_TYPE,
    .name = "select",
    .version = "1.0",
    .summary = "Chooses, names, adds and computes columns.",
    .manual =
        "The options are applied in this order, whatever the order in the YAML: columns (the "
        "whole new list; without it all columns stay), drop, rename, add. drop and rename speak "
        "of the columns as they are then; every expression, in columns and in add, sees the "
        "columns of the input under the names they have there.\n\n"
        "An expression that is only the name of a column passes the column through as it stands: "
        "its type, and the spelling of every value (12.50 stays 12.50). All else is SQL, "
        "evaluated by SQLite on each row: aggregates, window functions and queries are refused; "
        "a param of the graph is written :name; date('now') is the start of the run. The type "
        "of a computed column is that of each value, unless the expression is a literal or "
        "CAST(... AS type), which is then the column's type.\n\n"
        "A row whose evaluation fails, or reads a value that is not of its column's type, is "
        "rejected with the reason.",
    .example = "transformer: select\n"
               "columns:\n"
               "  id: id\n"
               "  total: round(amount * 1.2, 2)\n"
               "  country: upper(country)\n",
    .role = SL_TRANSFORMER,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(struct select),
    .options = options,
    .plan = plan,
    .open = plan,
    .each = each,
    .interrupt = interrupt,
    .close = close,
};

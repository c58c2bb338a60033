/*
 * aggregate.c - transformer: one row for each group of rows.
 *
 * Options, columns and the flow of rows. Where every output is one simple call over numbers,
 * groups.h does the work as rows go by; rows of groups that do not fit in memory any more, and
 * all rows of any other aggregate, are packed into a temporary file that sql_group.h groups at
 * the end. Both give their groups in the order of the keys, and are merged here.
 *
 * A row on its way is one array of cells: the values of the keys, then of the fields, the
 * columns that the outputs name.
 */
#include "stages/groups.h"
#include "stages/origin.h"
#include "stages/sql_token.h"

#include "stages/core/value.h"

#include <math.h>
#include <string.h>

typedef struct group_key {
    const char *name;    /* of the output */
    int32_t column;      /* of the input; -1: an expression */
    uint32_t expression; /* its index */
} group_key;

typedef struct aggregate {
    const sl_value *group_by;
    const sl_value *outputs;
    int64_t memory;
    const sl_column *columns; /* the input's; NULL: not prepared yet */
    uint32_t columns_count;
    group_key *keys;
    uint32_t keys_count;
    sl_sql_expression *key_expressions;
    uint32_t key_expressions_count;
    sl_sql *sql;                    /* of the keys that are expressions; NULL: none */
    sl_sql_expression *expressions; /* of the outputs */
    uint32_t count;                 /* of outputs */
    sl_column *fields; /* what outputs may name: the input's columns, then names of keys */
    int32_t *is_key;
    int32_t *sources; /* of each field: a column of the input, or -1 - a key */
    uint32_t fields_count;
    sl_sql_group *general;
    sl_groups_call *calls;
    int32_t simple;       /* every output is a call that groups.h can do */
    const uint32_t *used; /* indexes of the fields that follow the keys in a row */
    uint32_t used_count;
    sl_groups *groups; /* NULL: not simple */
    sl_spill *rows;    /* NULL: none kept yet */
    sl_cell *row;      /* keys, then fields */
    char *packed;
    size_t packed_room;
    sl_cell *result;        /* keys, then outputs */
    int64_t taken;          /* rows */
    int32_t ended;          /* the input has */
    sl_status here;         /* of the groups in memory: SL_OK: it stands on one; SL_END */
    sl_status spilled;      /* likewise of those in the file */
    sl_key key;             /* of the group in the file */
    const int32_t *lineage; /* 1: where rows come from is wanted */
    sl_origin_common common;
    int64_t given;
} aggregate;

static const sl_option options[] = {
    {"group_by", SL_OPTION_SQL_LIST, 0, offsetof(aggregate, group_by), "", NULL, NULL, NULL,
     "What makes a group: columns, or `{sql: EXPRESSION, as: NAME}`; left out, all rows are one "
     "group."},
    {"columns", SL_OPTION_SQL_MAP, 0, offsetof(aggregate, outputs), NULL, NULL, NULL, NULL,
     "The columns beside those of group_by: name: SQL expression with aggregates, such as "
     "count(*) or round(sum(amount), 2)."},
    {"memory", SL_OPTION_SIZE, 0, offsetof(aggregate, memory), "8MiB", "64KiB", "1GiB", NULL,
     "Groups beyond this are kept as rows in a temporary file."},
    {0},
};

/* ---- Reading group_by ------------------------------------------------------------------------ */

/* {sql: EXPRESSION, as: NAME} */
static sl_status read_map(sl_stage *stage, const sl_value *map, const sl_value **sql,
                          const char **name)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const sl_value *item = sl_item(map, i);

        if (strcmp(item->key, "sql") == 0)
            *sql = item;
        else if (strcmp(item->key, "as") == 0 && item->kind == SL_VALUE_SCALAR && *item->text)
            *name = item->text;
        else
            return sl_fail_at(stage,
                              SL_PLACE(.code = SL_CODE_CONFIG, .value = item,
                                       .hint = "a key of a group is {sql: EXPRESSION, as: NAME}"),
                              "cannot use '%s' here", item->key);
    }
    return SL_OK;
}

static int32_t column_named(const aggregate *self, const char *name)
{
    for (uint32_t i = 0; i < self->columns_count; i++)
        if (sl_value_same_name(self->columns[i].name, name) == 0)
            return (int32_t)i;
    return sl_sql_plain(name, self->columns, self->columns_count);
}

static sl_status add_key(sl_stage *stage, const sl_value *item)
{
    aggregate *self = sl_self(stage, aggregate);
    group_key *key = &self->keys[self->keys_count];
    const sl_value *sql = item;
    const char *name = NULL;

    if (item->kind == SL_VALUE_MAP && read_map(stage, item, &sql, &name) != SL_OK)
        return SL_ERROR;
    *key = (group_key){.name = name, .column = column_named(self, sql->text)};
    if (key->column >= 0) {
        key->name = name ? name : self->columns[key->column].name;
    } else {
        sl_sql_token first = sl_sql_token_next(sql->text, 0);
        uint32_t index;

        if (!name && sl_sql_token_after(sql->text, &first).kind == SL_SQL_END)
            return stage->host->find_column(stage, 0, sql, &index); /* says the nearest */
        if (!name)
            return sl_fail_at(stage,
                              SL_PLACE(.code = SL_CODE_CONFIG, .value = sql,
                                       .hint = "write {sql: \"EXPRESSION\", as: NAME}"),
                              "an expression in group_by needs a name");
        key->expression = self->key_expressions_count;
        self->key_expressions[self->key_expressions_count++] =
            (sl_sql_expression){.text = sql->text, .value = sql};
    }
    self->keys_count++;
    return SL_OK;
}

static sl_status read_keys(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);
    uint32_t count = self->group_by ? self->group_by->count : 0;
    sl_status status = SL_OK;

    self->keys = stage->host->allocate(stage, NULL, (count + 1) * sizeof *self->keys);
    self->key_expressions =
        stage->host->allocate(stage, NULL, (count + 1) * sizeof *self->key_expressions);
    if (!self->keys || !self->key_expressions)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < count; i++)
        if (add_key(stage, sl_item(self->group_by, i)) != SL_OK)
            status = SL_ERROR;
    if (status != SL_OK || !self->key_expressions_count)
        return status;
    self->sql = sl_sql_new(stage);
    if (!self->sql)
        return SL_ERROR;
    return sl_sql_compile(self->sql, self->columns, self->columns_count, SL_SQL_VALUES,
                          self->key_expressions, self->key_expressions_count);
}

/* ---- What the outputs may name ------------------------------------------------------------------
 */

static int32_t is_grouped(const aggregate *self, uint32_t column)
{
    for (uint32_t i = 0; i < self->keys_count; i++)
        if (self->keys[i].column == (int32_t)column)
            return 1;
    return 0;
}

static int is_input_name(const aggregate *self, const char *name)
{
    for (uint32_t i = 0; i < self->columns_count; i++)
        if (sl_value_same_name(self->columns[i].name, name) == 0)
            return 1;
    return 0;
}

/* A column of the input goes before the name of a key. */
static sl_status make_fields(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);
    size_t most = (size_t)self->columns_count + self->keys_count + 1;
    uint32_t count = 0;

    self->fields = stage->host->allocate(stage, NULL, most * sizeof *self->fields);
    self->is_key = stage->host->allocate(stage, NULL, most * sizeof *self->is_key);
    self->sources = stage->host->allocate(stage, NULL, most * sizeof *self->sources);
    if (!self->fields || !self->is_key || !self->sources)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < self->columns_count; i++, count++) {
        self->fields[count] = self->columns[i];
        self->is_key[count] = is_grouped(self, i);
        self->sources[count] = (int32_t)i;
    }
    for (uint32_t i = 0; i < self->keys_count; i++) {
        if (is_input_name(self, self->keys[i].name))
            continue;
        self->fields[count] = (sl_column){.name = self->keys[i].name};
        if (self->keys[i].column >= 0)
            self->fields[count].type = self->columns[self->keys[i].column].type;
        self->is_key[count] = 1;
        self->sources[count++] = -1 - (int32_t)i;
    }
    self->fields_count = count;
    return SL_OK;
}

/* Where among the cells of a row a field stands. */
static int32_t cell_of(const aggregate *self, int32_t field)
{
    for (uint32_t i = 0; i < self->used_count; i++)
        if (self->used[i] == (uint32_t)field)
            return (int32_t)(self->keys_count + i);
    return -1;
}

/* ---- Preparing
 * ------------------------------------------------------------------------------------ */

static sl_status compile(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);
    sl_sql_group_scene scene;

    self->expressions =
        stage->host->allocate(stage, NULL, (self->outputs->count + 1) * sizeof *self->expressions);
    self->calls =
        stage->host->allocate(stage, NULL, (self->outputs->count + 1) * sizeof *self->calls);
    if (!self->expressions || !self->calls)
        return sl_no_memory(stage);
    self->simple = 1;
    for (uint32_t i = 0; i < self->outputs->count; i++, self->count++) {
        const sl_value *item = sl_item(self->outputs, i);

        self->expressions[i] = (sl_sql_expression){.text = item->text, .value = item};
        if (!sl_groups_read_call(&self->expressions[i], self->fields, self->fields_count,
                                 &self->calls[i]))
            self->simple = 0;
    }
    scene = (sl_sql_group_scene){.fields = self->fields,
                                 .is_key = self->is_key,
                                 .fields_count = self->fields_count,
                                 .keys_count = self->keys_count,
                                 .expressions = self->expressions,
                                 .expressions_count = self->count};
    self->general = sl_sql_group_new(stage);
    if (!self->general || sl_sql_group_compile(self->general, &scene) != SL_OK)
        return SL_ERROR;
    self->used = sl_sql_group_used(self->general, &self->used_count);
    return SL_OK;
}

/* The type of an output, where its spelling says it. */
static sl_column output_column(const aggregate *self, uint32_t index)
{
    sl_column column = {.name = sl_item(self->outputs, index)->key};
    sl_groups_call call;

    if (!sl_groups_read_call(&self->expressions[index], self->fields, self->fields_count, &call)) {
        column.type = sl_sql_type(self->expressions[index].text);
        return column;
    }
    switch (call.function) {
    case SL_GROUPS_COUNT_ROWS:
    case SL_GROUPS_COUNT:
        column.type = SL_TYPE_INTEGER;
        column.flags = SL_COLUMN_DECLARED;
        break;
    case SL_GROUPS_TOTAL:
    case SL_GROUPS_AVG:
        column.type = SL_TYPE_REAL;
        column.flags = SL_COLUMN_DECLARED;
        break;
    case SL_GROUPS_SUM:
        column.type = self->fields[call.field].type == SL_TYPE_BOOLEAN
                          ? SL_TYPE_INTEGER
                          : self->fields[call.field].type;
        column.flags = self->fields[call.field].flags & SL_COLUMN_DECLARED;
        break;
    case SL_GROUPS_MIN:
    case SL_GROUPS_MAX:
        column.type = self->fields[call.field].type;
        column.flags = self->fields[call.field].flags & SL_COLUMN_DECLARED;
        break;
    }
    return column;
}

static sl_status check_names(sl_stage *stage, const sl_column *columns)
{
    const aggregate *self = sl_self(stage, aggregate);

    for (uint32_t i = 0; i < self->keys_count + self->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (sl_value_same_name(columns[i].name, columns[j].name) == 0)
                return sl_fail_at(
                    stage,
                    SL_PLACE(.code = SL_CODE_CONFIG,
                             .value = i < self->keys_count
                                          ? self->group_by
                                          : sl_item(self->outputs, i - self->keys_count),
                             .hint = "columns of group_by are given too"),
                    "two columns would be called '%s'", columns[i].name);
    return SL_OK;
}

static sl_status declare(sl_stage *stage)
{
    const aggregate *self = sl_self(stage, aggregate);
    uint32_t count = self->keys_count + self->count;
    sl_column *columns = stage->host->allocate(stage, NULL, (count + 1) * sizeof *columns);
    sl_status status;

    if (!columns)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < self->keys_count; i++) {
        const group_key *key = &self->keys[i];

        columns[i] = (sl_column){0};
        if (key->column >= 0)
            columns[i] = self->columns[key->column];
        columns[i].flags &= SL_COLUMN_DECLARED; /* typed values, no faces */
        columns[i].name = key->name;
    }
    for (uint32_t i = 0; i < self->count; i++)
        columns[self->keys_count + i] = output_column(self, i);
    for (uint32_t i = 0; i < count; i++)
        columns[i].flags |= SL_COLUMN_GROUPED;
    status = check_names(stage, columns);
    if (status == SL_OK)
        status = stage->host->columns(stage, columns, count, sizeof *columns);
    stage->host->allocate(stage, columns, 0);
    return status;
}

static sl_status prepare(sl_stage *stage)
{
    if (read_keys(stage) != SL_OK || make_fields(stage) != SL_OK || compile(stage) != SL_OK)
        return SL_ERROR;
    return declare(stage);
}

static sl_status plan(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);

    self->columns = stage->host->input_columns(stage, 0, &self->columns_count);
    return self->columns ? prepare(stage) : SL_OK;
}

/* Half of the memory and an eighth: SQLite's sorter and the file's buffers take the rest. */
static sl_status start_groups(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);

    for (uint32_t i = 0; i < self->count; i++)
        if (self->calls[i].field >= 0)
            self->calls[i].field = cell_of(self, self->calls[i].field);
    self->groups = sl_groups_new(stage, self->memory / 8 * 5, self->keys_count, self->calls,
                                 self->count, self->general);
    return self->groups ? SL_OK : SL_ERROR;
}

static sl_status open(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);

    if (!self->columns) {
        self->columns = stage->host->input_columns(stage, 0, &self->columns_count);
        if (!self->columns)
            return sl_fail(stage, "the columns of the input are not known");
        if (prepare(stage) != SL_OK)
            return SL_ERROR;
    }
    self->lineage = sl_origin_flag(stage);
    if (!self->lineage)
        return SL_ERROR;
    self->row = stage->host->allocate(
        stage, NULL, (self->keys_count + self->used_count + 1) * sizeof *self->row);
    self->result =
        stage->host->allocate(stage, NULL, (self->keys_count + self->count + 1) * sizeof(sl_cell));
    if (!self->row || !self->result)
        return sl_no_memory(stage);
    return self->simple ? start_groups(stage) : SL_OK;
}

/* ---- Rows in
 * --------------------------------------------------------------------------------------- */

#define FACE_SHOWN 40 /* bytes of a misfit in its reason */

static sl_status reject_misfit(sl_stage *stage, sl_batch *batch, uint32_t row, uint32_t column)
{
    const aggregate *self = sl_self(stage, aggregate);
    const sl_cell *cell = &batch->columns[column][row];
    uint32_t size = cell->size < FACE_SHOWN ? cell->size : FACE_SHOWN;

    size = (uint32_t)sl_value_utf8(cell->as.text, size);
    return sl_reject(stage, batch, row, column + 1, "'%.*s'%s does not fit the type of column '%s'",
                     (int)size, cell->as.text, size < cell->size ? "..." : "",
                     self->columns[column].name);
}

/* The value of a column's cell; SL_END: a misfit. NaN is NULL, as in SQLite. */
static sl_status read_cell(const aggregate *self, const sl_batch *batch, uint32_t row,
                           uint32_t column, sl_cell *value)
{
    const sl_cell *cell = &batch->columns[column][row];

    if (cell->kind == SL_NUMERAL ||
        (cell->kind == SL_TEXT &&
         (self->columns[column].flags & (SL_COLUMN_FACES | SL_COLUMN_STRINGS))))
        return sl_value_typed(&self->columns[column], cell, value);
    *value = *cell;
    if (cell->kind == SL_REAL && isnan(cell->as.real))
        *value = (sl_cell){.kind = SL_NULL};
    return SL_OK;
}

/* Fills self->row. SL_END: a misfit in *column. */
static sl_status read_row(sl_stage *stage, const sl_batch *batch, uint32_t row, uint32_t *column)
{
    aggregate *self = sl_self(stage, aggregate);
    sl_cell *to = self->row;

    for (uint32_t i = 0; i < self->keys_count; i++, to++) {
        const group_key *key = &self->keys[i];

        *column = (uint32_t)key->column;
        if (key->column < 0 && sl_sql_value(self->sql, key->expression, to) != SL_OK)
            return SL_ERROR;
        if (key->column >= 0 && read_cell(self, batch, row, *column, to) != SL_OK)
            return SL_END;
    }
    for (uint32_t i = 0; i < self->used_count; i++, to++) {
        int32_t source = self->sources[self->used[i]];

        *column = (uint32_t)source;
        if (source < 0)
            *to = self->row[-1 - source];
        else if (read_cell(self, batch, row, *column, to) != SL_OK)
            return SL_END;
    }
    return SL_OK;
}

/* Adds self->row to the file. */
static sl_status keep_row(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);
    uint32_t count = self->keys_count + self->used_count;
    size_t size = sl_spill_size(self->row, count);

    if (size > self->packed_room) {
        char *packed = stage->host->allocate(stage, self->packed, 2 * size);

        if (!packed)
            return sl_no_memory(stage);
        self->packed = packed;
        self->packed_room = 2 * size;
    }
    if (!self->rows)
        self->rows = sl_spill_new(stage);
    if (!self->rows)
        return SL_ERROR;
    size = sl_spill_pack(self->row, count, self->packed);
    if (sl_spill_begin(self->rows, (uint32_t)size) != SL_OK)
        return SL_ERROR;
    return sl_spill_add(self->rows, self->packed, size);
}

static sl_status take_row(sl_stage *stage, sl_batch *batch, uint32_t row)
{
    aggregate *self = sl_self(stage, aggregate);
    uint32_t column = 0;
    int32_t taken = 0;
    sl_status status = read_row(stage, batch, row, &column);

    if (status == SL_END)
        return reject_misfit(stage, batch, row, column);
    if (status != SL_OK)
        return SL_ERROR;
    self->taken++;
    if (self->groups && sl_groups_take(self->groups, self->row, &taken) != SL_OK)
        return SL_ERROR;
    return taken ? SL_OK : keep_row(stage);
}

static sl_status take_batch(sl_stage *stage, sl_batch *batch)
{
    aggregate *self = sl_self(stage, aggregate);
    sl_status status = SL_OK;
    uint32_t row;

    if (!self->sql) {
        for (uint32_t i = 0; i < batch->selected && status == SL_OK; i++)
            status = take_row(stage, batch, batch->selection[i]);
        return status;
    }
    sl_sql_begin(self->sql, batch);
    while ((status = sl_sql_step(self->sql, &row)) == SL_OK)
        if (take_row(stage, batch, row) != SL_OK)
            break;
    sl_sql_end(self->sql);
    return status == SL_END ? SL_OK : SL_ERROR;
}

/* ---- Groups out
 * ------------------------------------------------------------------------------------- */

/* Goes to the next group in the file, and makes its key for the merge. */
static sl_status step_spilled(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);

    self->spilled = sl_sql_group_step(self->general);
    if (self->spilled != SL_OK)
        return self->spilled == SL_END ? SL_OK : SL_ERROR;
    if (!self->groups)
        return SL_OK; /* nothing to merge with */
    if (sl_sql_group_values(self->general, self->result) != SL_OK)
        return SL_ERROR;
    return sl_groups_make_key(stage, &self->key, self->result, self->keys_count);
}

static sl_status finish(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);

    self->ended = 1;
    self->here = SL_END;
    self->spilled = SL_END;
    if (self->groups) {
        sl_groups_finish(self->groups);
        self->here = sl_groups_step(self->groups);
    }
    if (self->groups && !self->rows)
        return SL_OK;
    if (sl_sql_group_begin(self->general, self->rows) != SL_OK)
        return SL_ERROR;
    return step_spilled(stage);
}

static sl_status take_all(sl_stage *stage)
{
    sl_batch *batch;
    sl_status status;

    while ((status = sl_next(stage, 0, &batch)) == SL_OK) {
        aggregate *self = sl_self(stage, aggregate);
        int64_t before = self->taken;

        if (*self->lineage)
            sl_origin_mix(&self->common, batch);
        status = take_batch(stage, batch);
        stage->host->account(stage, 0, self->taken - before);
        sl_release(stage, batch);
        if (status != SL_OK)
            return status;
    }
    return status == SL_END ? finish(stage) : status;
}

/* Whether the next group is one in memory. */
static int memory_is_next(const aggregate *self)
{
    const uint8_t *key;
    size_t size;

    if (self->here != SL_OK || self->spilled != SL_OK)
        return self->here == SL_OK;
    key = sl_groups_key(self->groups, &size);
    return sl_key_compare(key, size, self->key.bytes, self->key.size) < 0;
}

/* One group into the batch; SL_END: the batch is full. */
static sl_status give_group(sl_stage *stage, sl_batch *batch)
{
    aggregate *self = sl_self(stage, aggregate);
    int here = memory_is_next(self);
    sl_status status = here ? sl_groups_values(self->groups, self->result)
                            : sl_sql_group_values(self->general, self->result);

    if (status == SL_OK)
        status = sl_spill_give(stage, batch, self->result, self->keys_count + self->count);
    if (status != SL_OK)
        return status;
    if (!here)
        return step_spilled(stage);
    self->here = sl_groups_step(self->groups);
    return SL_OK;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    aggregate *self = sl_self(stage, aggregate);
    sl_status status = self->ended ? SL_OK : take_all(stage);
    sl_batch *batch;

    if (status != SL_OK)
        return status;
    if (self->here == SL_END && self->spilled == SL_END)
        return SL_END;
    batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    while (status == SL_OK && batch->rows < batch->capacity &&
           (self->here == SL_OK || self->spilled == SL_OK))
        status = give_group(stage, batch);
    if (status != SL_ERROR && *self->lineage)
        status = sl_origin_give(&self->common, stage, batch);
    if (status == SL_ERROR) {
        sl_release(stage, batch);
        return SL_ERROR;
    }
    batch->first_row = self->given + 1;
    self->given += batch->rows;
    stage->host->account(stage, batch->rows, 0);
    *given = batch;
    return SL_OK;
}

static void interrupt(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);

    sl_sql_interrupt(self->sql);
    sl_sql_group_interrupt(self->general);
}

static void close(sl_stage *stage)
{
    aggregate *self = sl_self(stage, aggregate);
    void *const owned[] = {self->keys,   self->key_expressions, self->expressions, self->fields,
                           self->is_key, self->sources,         self->calls,       self->row,
                           self->packed, self->result};

    sl_groups_free(self->groups);
    sl_sql_group_free(self->general);
    sl_spill_free(self->rows);
    sl_sql_free(self->sql);
    sl_key_done(stage, &self->key);
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        stage->host->allocate(stage, owned[i], 0);
}

static const char manual[] =
    "One row for each group of rows that are equal in group_by: the columns of group_by, then "
    "those of `columns`. Without group_by all rows are one group, and there is one row even "
    "when no row came: count is 0 then, sum is NULL.\n"
    "\n"
    "`columns` takes any aggregate of SQLite - count, sum, total, avg, min, max, group_concat, "
    "json_group_array, with DISTINCT and FILTER - and expressions of them, such as "
    "round(sum(amount) / count(*), 2). A column outside an aggregate must be in group_by. "
    "Answers are SQLite's own to the bit, reals are added in the order of the rows, and a sum "
    "of integers beyond 64 bits fails the run; total() does not.\n"
    "\n"
    "Equal is what SQLite finds equal: 1 and 1.0 are, NULLs are, 'a' and 'A' are not. Groups "
    "come in ascending order of group_by: NULL, numbers, text by its bytes, blobs. A column "
    "with a type is read as that type; a row with a value that does not fit is rejected when "
    "group_by or `columns` reads that value. Other values in a row do not matter.\n"
    "\n"
    "The stage holds groups until its input ends. count, sum, total, avg, min and max of "
    "columns of numbers are computed as rows go by, and only the rows of groups that come after "
    "`memory` is full are kept; for all other aggregates the columns that they name are kept "
    "for every row, in a private temporary file (in TMPDIR, else /var/tmp). One result, such as "
    "a group_concat, may be as large as a batch.";

static const char example[] = "- transformer: aggregate\n"
                              "  group_by: [country, {sql: \"substr(ts, 1, 7)\", as: month}]\n"
                              "  columns:\n"
                              "    orders: count(*)\n"
                              "    customers: count(DISTINCT customer)\n"
                              "    mean: round(sum(amount) / count(*), 2)\n";

const sl_stage_type sl_aggregate = {
    SL_STAGE_TYPE,
    .name = "aggregate",
    .version = "1.0",
    .summary = "Groups rows and gives one row for each group, in bounded memory.",
    .manual = manual,
    .example = example,
    .role = SL_TRANSFORMER,
    .traits = SL_TRAIT_HOLDS,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(aggregate),
    .options = options,
    .plan = plan,
    .open = open,
    .next = next,
    .interrupt = interrupt,
    .close = close,
};

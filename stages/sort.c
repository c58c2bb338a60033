/*
 * sort.c - transformer: all rows in the order of some columns or expressions.
 *
 * It holds every row until its input ends. Keys become bytes (key.h), rows are packed and
 * sorted with them, beyond `memory` in temporary files (runs.h).
 */
#include "stages/origin.h"
#include "stages/runs.h"
#include "stages/sql.h"
#include "stages/sql_token.h"

#include "stages/core/value.h"

#include <string.h>

typedef struct part {    /* of the key */
    int32_t column;      /* of the input; -1: an expression */
    uint32_t expression; /* its index */
    uint32_t flags;      /* SL_KEY_* */
} part;

typedef struct sort {
    const sl_value *by;
    int64_t memory;
    const sl_column *columns; /* the input's; NULL: not prepared yet */
    uint32_t columns_count;
    part *parts;
    uint32_t parts_count;
    sl_sql_expression *expressions;
    uint32_t expressions_count;
    sl_sql *sql; /* NULL: every part is a column */
    sl_key key;
    sl_runs *runs;
    const int32_t *lineage; /* 1: where rows come from is wanted, and spilled with them */
    sl_origin_names names;
    sl_cell *cells; /* one row, and where it comes from */
    int32_t ended;  /* the input has */
    int32_t ready;  /* cells hold a row that is not given yet */
    int64_t given;
} sort;

static const sl_option options[] = {
    {"by", SL_OPTION_SQL_LIST, 0, offsetof(sort, by), NULL, NULL, NULL, NULL,
     "What to sort by, the most important first: a column or SQL expression, then `collate "
     "nocase`, `asc` or `desc`, `nulls first` or `nulls last`; or a map with `sql`, `order`, "
     "`nulls`, `collate`."},
    {"memory", SL_OPTION_SIZE, 0, offsetof(sort, memory), "8MiB", "64KiB", "1GiB", NULL,
     "Rows beyond this are sorted in temporary files."},
    {0},
};

/* ---- Reading `by` ------------------------------------------------------------------------ */

typedef struct term {      /* how a part was written */
    const sl_value *value; /* what stands for the expression, for the caret */
    char *text;            /* the expression alone, memory of the stage's own */
    int32_t descending;
    int32_t nulls;      /* 0 not said, 1 first, 2 last */
    uint32_t collation; /* SL_KEY_NOCASE, SL_KEY_RTRIM, 0: binary */
} term;

/* The index of the word that an option's value is. */
static sl_status read_word(sl_stage *stage, const sl_value *value, const char *const *words,
                           int32_t *index)
{
    const char *text = value->text ? value->text : "";

    for (int32_t i = 0; words[i]; i++)
        if (sl_value_same_name(text, words[i]) == 0) {
            *index = i;
            return SL_OK;
        }
    return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value),
                      "'%s' cannot be '%s'; it is %s%s%s%s%s", value->key, text, words[0],
                      words[2] ? ", " : " or ", words[1], words[2] ? " or " : "",
                      words[2] ? words[2] : "");
}

static const char *const orders[] = {"asc", "desc", NULL};
static const char *const places[] = {"first", "last", NULL};
static const char *const collations[] = {"binary", "nocase", "rtrim", NULL};
static const uint32_t collation_flags[] = {0, SL_KEY_NOCASE, SL_KEY_RTRIM};

static sl_status read_map_item(sl_stage *stage, const sl_value *item, term *of)
{
    int32_t index = 0;
    sl_status status = SL_OK;

    if (!strcmp(item->key, "sql")) {
        of->value = item;
    } else if (!strcmp(item->key, "order")) {
        status = read_word(stage, item, orders, &of->descending);
    } else if (!strcmp(item->key, "nulls")) {
        status = read_word(stage, item, places, &index);
        of->nulls = index + 1;
    } else if (!strcmp(item->key, "collate")) {
        status = read_word(stage, item, collations, &index);
        of->collation = collation_flags[index];
    } else {
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = item,
                                   .hint = "a key of the sort has sql, order, nulls, collate"),
                          "unknown key '%s'", item->key);
    }
    return status;
}

/* A terminated copy of text[0 .. size). */
static char *copy(sl_stage *stage, const char *text, size_t size)
{
    char *to = stage->host->allocate(stage, NULL, size + 1);

    if (!to) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    memcpy(to, text, size);
    to[size] = '\0';
    return to;
}

static sl_status read_map(sl_stage *stage, const sl_value *map, term *of)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (read_map_item(stage, sl_item(map, i), of) != SL_OK)
            return SL_ERROR;
    of->text = copy(stage, of->value->text, strlen(of->value->text));
    return of->text ? SL_OK : SL_ERROR;
}

#define TAIL 5u /* words at most: collate nocase, desc, nulls last */

/* Takes the words after the expression off its end; answers where it ends. */
static sl_status read_tail(sl_stage *stage, const char *text, term *of, size_t *size)
{
    sl_sql_token tail[TAIL + 1]; /* the last tokens, the newest at (count - 1) % (TAIL + 1) */
    sl_sql_token token = sl_sql_token_next(text, 0);
    uint32_t count = 0;
    int32_t index = 0;

    for (; token.kind != SL_SQL_END && token.kind != SL_SQL_UNCLOSED; count++) {
        tail[count % (TAIL + 1)] = token;
        token = sl_sql_token_after(text, &token);
    }
    *size = strlen(text);
    if (token.kind == SL_SQL_UNCLOSED || count < 2)
        return SL_OK; /* a lone word is a column, also `desc`; the rest is for SQLite to say */
#define BACK(n) (&tail[(count - (n)) % (TAIL + 1)])
    if (count > 2 && sl_sql_token_is(text, BACK(2), "nulls") &&
        (sl_sql_token_is(text, BACK(1), "first") || sl_sql_token_is(text, BACK(1), "last"))) {
        of->nulls = sl_sql_token_is(text, BACK(1), "first") ? 1 : 2;
        count -= 2;
    }
    if (count > 1 &&
        (sl_sql_token_is(text, BACK(1), "asc") || sl_sql_token_is(text, BACK(1), "desc"))) {
        of->descending = sl_sql_token_is(text, BACK(1), "desc");
        count--;
    }
    if (count > 2 && sl_sql_token_is(text, BACK(2), "collate")) {
        for (; collations[index]; index++)
            if (sl_sql_token_names(text, BACK(1), collations[index]))
                break;
        if (!collations[index])
            return sl_fail_at(stage,
                              SL_PLACE(.code = SL_CODE_CONFIG, .value = of->value,
                                       .byte = BACK(1)->at, .length = BACK(1)->size,
                                       .hint = "collate is binary, nocase or rtrim"),
                              "no such collation '%.*s'", (int)BACK(1)->size, text + BACK(1)->at);
        of->collation = collation_flags[index];
        count -= 2;
    }
    *size = BACK(1)->at + BACK(1)->size;
#undef BACK
    return SL_OK;
}

static sl_status read_term(sl_stage *stage, const sl_value *value, term *of)
{
    size_t size = 0;

    if (value->kind == SL_VALUE_MAP)
        return read_map(stage, value, of);
    of->value = value;
    if (read_tail(stage, value->text, of, &size) != SL_OK)
        return SL_ERROR;
    of->text = copy(stage, value->text, size);
    return of->text ? SL_OK : SL_ERROR;
}

/* ---- Preparing ------------------------------------------------------------------------------ */

static int32_t column_named(const sort *self, const char *name)
{
    for (uint32_t i = 0; i < self->columns_count; i++)
        if (sl_value_same_name(self->columns[i].name, name) == 0)
            return (int32_t)i;
    return sl_sql_plain(name, self->columns, self->columns_count);
}

static uint32_t flags_of(const term *of)
{
    uint32_t flags = of->collation;
    int32_t last = of->nulls ? of->nulls == 2 : of->descending;

    if (of->descending)
        flags |= SL_KEY_DESCENDING;
    if (last)
        flags |= SL_KEY_NULLS_LAST;
    return flags;
}

static sl_status add_part(sl_stage *stage, const sl_value *value)
{
    sort *self = sl_self(stage, sort);
    part *to = &self->parts[self->parts_count];
    term of = {0};
    sl_status status = read_term(stage, value, &of);

    if (status == SL_OK) {
        *to = (part){.column = column_named(self, of.text), .flags = flags_of(&of)};
        if (to->column < 0) {
            to->expression = self->expressions_count;
            self->expressions[self->expressions_count++] =
                (sl_sql_expression){.text = of.text, .value = of.value};
            of.text = NULL; /* kept */
        }
    }
    stage->host->allocate(stage, of.text, 0);
    if (status == SL_OK)
        self->parts_count++;
    return status;
}

static sl_status make_parts(sl_stage *stage)
{
    sort *self = sl_self(stage, sort);
    uint32_t count = self->by->count;
    sl_status status = SL_OK;

    if (!count)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = self->by),
                          "nothing to sort by");
    self->parts = stage->host->allocate(stage, NULL, count * sizeof *self->parts);
    self->expressions = stage->host->allocate(stage, NULL, count * sizeof *self->expressions);
    if (!self->parts || !self->expressions)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < count; i++)
        if (add_part(stage, sl_item(self->by, i)) != SL_OK)
            status = SL_ERROR;
    return status;
}

/* Reads `by` against the columns of the input. */
static sl_status prepare(sl_stage *stage)
{
    sort *self = sl_self(stage, sort);
    sl_status status = make_parts(stage);

    if (!self->expressions_count)
        return status;
    self->sql = sl_sql_new(stage);
    if (!self->sql)
        return SL_ERROR;
    if (sl_sql_compile(self->sql, self->columns, self->columns_count, SL_SQL_VALUES,
                       self->expressions, self->expressions_count) != SL_OK)
        return SL_ERROR; /* said beside the mistakes of make_parts */
    return status;
}

static sl_status plan(sl_stage *stage)
{
    sort *self = sl_self(stage, sort);

    self->columns = stage->host->input_columns(stage, 0, &self->columns_count);
    return self->columns ? prepare(stage) : SL_OK;
}

static sl_status open(sl_stage *stage)
{
    sort *self = sl_self(stage, sort);

    if (!self->columns) {
        self->columns = stage->host->input_columns(stage, 0, &self->columns_count);
        if (!self->columns)
            return sl_fail(stage, "the columns of the input are not known");
        if (prepare(stage) != SL_OK)
            return SL_ERROR;
    }
    self->cells = stage->host->allocate(stage, NULL,
                                        (self->columns_count + SL_ORIGIN_CELLS) * sizeof(sl_cell));
    if (!self->cells)
        return sl_no_memory(stage);
    self->names.stage = stage;
    self->lineage = sl_origin_flag(stage);
    if (!self->lineage)
        return SL_ERROR;
    self->runs = sl_runs_new(stage, self->memory);
    return self->runs ? SL_OK : SL_ERROR;
}

/* ---- Rows in and out --------------------------------------------------------------------------
 */

/* Cells that are kept of a row. */
static uint32_t width(const sort *self)
{
    return self->columns_count + (*self->lineage ? SL_ORIGIN_CELLS : 0);
}

static sl_status take_origin(sort *self, const sl_batch *batch, uint32_t row)
{
    sl_origin origin = sl_origin_of(batch, row);
    return sl_origin_pack(&self->names, &origin, &self->cells[self->columns_count]);
}

static sl_status take_row(sl_stage *stage, const sl_batch *batch, uint32_t row)
{
    sort *self = sl_self(stage, sort);

    self->key.size = 0;
    for (uint32_t i = 0; i < self->parts_count; i++) {
        const part *of = &self->parts[i];
        sl_cell value;

        if (of->column >= 0)
            sl_key_value(&self->columns[of->column], &batch->columns[of->column][row], &value);
        else if (sl_sql_value(self->sql, of->expression, &value) != SL_OK)
            return SL_ERROR;
        if (sl_key_add(stage, &self->key, &value, of->flags) != SL_OK)
            return SL_ERROR;
    }
    for (uint32_t i = 0; i < self->columns_count; i++)
        self->cells[i] = batch->columns[i][row];
    if (*self->lineage && take_origin(self, batch, row) != SL_OK)
        return SL_ERROR;
    return sl_runs_add(self->runs, &self->key, self->cells, width(self));
}

static sl_status take_batch(sl_stage *stage, sl_batch *batch)
{
    sort *self = sl_self(stage, sort);
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

static sl_status take_all(sl_stage *stage)
{
    sort *self = sl_self(stage, sort);
    sl_batch *batch;
    sl_status status;

    while ((status = sl_next(stage, 0, &batch)) == SL_OK) {
        status = take_batch(stage, batch);
        sl_release(stage, batch);
        if (status != SL_OK)
            return status;
    }
    if (status != SL_END)
        return status;
    self->ended = 1;
    return sl_runs_finish(self->runs);
}

static sl_status fill(sl_stage *stage, sl_batch *batch)
{
    sort *self = sl_self(stage, sort);
    sl_status status = SL_OK;

    while (batch->rows < batch->capacity) {
        if (!self->ready) {
            status = sl_runs_step(self->runs);
            if (status != SL_OK)
                return status;
            sl_spill_unpack(sl_runs_row(self->runs), width(self), self->cells);
            self->ready = 1;
        }
        status = sl_spill_give(stage, batch, self->cells, self->columns_count);
        if (status != SL_OK)
            return status;
        if (batch->origins)
            sl_origin_unpack(&self->names, &self->cells[self->columns_count], batch,
                             batch->rows - 1);
        self->ready = 0;
    }
    return SL_OK;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    sort *self = sl_self(stage, sort);
    sl_status status = self->ended ? SL_OK : take_all(stage);
    sl_batch *batch;

    if (status != SL_OK)
        return status;
    batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    status = *self->lineage ? stage->host->origins(stage, batch) : SL_OK;
    if (status == SL_OK)
        status = fill(stage, batch);
    if (status == SL_ERROR || batch->rows == 0) {
        sl_release(stage, batch);
        return status;
    }
    batch->first_row = self->given + 1;
    self->given += batch->rows;
    *given = batch;
    return SL_OK;
}

static void interrupt(sl_stage *stage)
{
    sl_sql_interrupt(sl_self(stage, sort)->sql);
}

static void close(sl_stage *stage)
{
    sort *self = sl_self(stage, sort);

    sl_runs_free(self->runs);
    sl_origin_names_done(&self->names);
    sl_key_done(stage, &self->key);
    sl_sql_free(self->sql);
    for (uint32_t i = 0; i < self->expressions_count; i++)
        stage->host->allocate(stage, (char *)(uintptr_t)self->expressions[i].text, 0);
    stage->host->allocate(stage, self->expressions, 0);
    stage->host->allocate(stage, self->parts, 0);
    stage->host->allocate(stage, self->cells, 0);
}

static const char manual[] =
    "All rows in the order of one or more keys. A key is a column or an SQL expression over the "
    "row, written as after ORDER BY: `amount desc nulls last`, `lower(name)`, `name collate "
    "nocase`. Rows whose keys are equal keep the order in which they came.\n"
    "\n"
    "The order is SQLite's: NULL, then numbers (integers and reals by value), then text by its "
    "bytes, then blobs; `desc` turns all of that. A column that a reader gave a type is sorted "
    "as that type; a value that does not fit it (n/a among numbers) is text and stands after "
    "the numbers. Values keep their spelling.\n"
    "\n"
    "The stage holds all rows until its input ends: in memory up to `memory`, beyond that in "
    "private temporary files (in TMPDIR, else /var/tmp), as large as the rows and their keys, "
    "twice that while very many runs are merged.";

static const char example[] = "- transformer: sort\n"
                              "  by:\n"
                              "    - amount desc nulls last\n"
                              "    - {sql: name, collate: nocase}\n";

const sl_stage_type sl_sort = {
    SL_STAGE_TYPE,
    .name = "sort",
    .version = "1.0",
    .summary = "Puts all rows in the order of columns or expressions, in bounded memory.",
    .manual = manual,
    .example = example,
    .role = SL_TRANSFORMER,
    .traits = SL_TRAIT_HOLDS,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(sort),
    .options = options,
    .plan = plan,
    .open = open,
    .next = next,
    .interrupt = interrupt,
    .close = close,
};

/*
 * where.c - the filter that keeps the rows for which an SQL expression is true.
 */
#include "stages/sql.h"

struct where {
    const char *keep;
    sl_sql *sql;
};

static sl_status compile(sl_stage *stage)
{
    struct where *self = sl_self(stage, struct where);
    sl_sql_expression expression = {self->keep, stage->host->option(stage, "keep")};
    uint32_t count = 0;
    const sl_column *columns = stage->host->input_columns(stage, 0, &count);

    if (columns == NULL || sl_sql_compiled(self->sql))
        return SL_OK; /* not known before open */
    if (self->sql == NULL)
        self->sql = sl_sql_new(stage);
    if (self->sql == NULL)
        return SL_ERROR;
    return sl_sql_compile(self->sql, columns, count, SL_SQL_WHERE, &expression, 1);
}

static sl_status each(sl_stage *stage, sl_batch *batch)
{
    struct where *self = sl_self(stage, struct where);
    uint32_t kept = 0, row;
    sl_status status;

    sl_sql_begin(self->sql, batch);
    while ((status = sl_sql_step(self->sql, &row)) == SL_OK)
        batch->selection[kept++] = row; /* never before what step has read */
    sl_sql_end(self->sql);
    batch->selected = kept;
    return status == SL_END ? SL_OK : status;
}

static void interrupt(sl_stage *stage)
{
    sl_sql_interrupt(sl_self(stage, struct where)->sql);
}

static void close(sl_stage *stage)
{
    struct where *self = sl_self(stage, struct where);

    sl_sql_free(self->sql);
    self->sql = NULL;
}

static const sl_option options[] = {
    {"keep", SL_OPTION_SQL, 0, offsetof(struct where, keep), NULL, NULL, NULL, NULL,
     "An SQL expression over the columns; rows for which it is true stay."},
    {0},
};

const sl_stage_type sl_where = {
    SL_STAGE_TYPE,
    .name = "where",
    .version = "1.0",
    .summary = "Keeps the rows for which an SQL expression is true.",
    .manual =
        "The expression is SQL as SQLite evaluates it, with its functions, its NULLs and its "
        "comparisons. A row stays when the result is true: NULL and 0 are not.\n\n"
        "Names are columns; text stands in single quotes, a column with an unusual name in "
        "double quotes: \"order id\". A param of the graph is written :name and is bound as a "
        "value: a number when it is spelled as one, text when it is quoted.\n\n"
        "The expression sees one row: aggregates, window functions and queries are refused. "
        "date('now') is the start of the run. A row whose value the expression reads but cannot "
        "take as its column's type ('n/a' in a column of numbers), and a row whose evaluation "
        "fails (an integer overflow, malformed JSON), is rejected with the reason. AND and OR "
        "are evaluated from the left and leave out what cannot matter.\n\n"
        "YAML cuts an unquoted value at ' #' and breaks it at ': ' - put the whole expression in "
        "quotes then, or behind `|`.",
    .example = "filter: where\n"
               "keep: status = 'paid' AND amount >= 100\n",
    .role = SL_FILTER,
    .traits = SL_TRAIT_SHRINKS,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(struct where),
    .options = options,
    .plan = compile,
    .open = compile,
    .each = each,
    .interrupt = interrupt,
    .close = close,
};

/*
 * sql_table.c - see sql_table.h. The shape is that of ext/misc/templatevtab.c of SQLite.
 */
#include "stages/sql_table.h"

#include "stages/core/value.h"

/* What sqlite3_declare_vtab calls a table with no field: nothing in an expression spells it. */
#define NO_FIELD "\001"

typedef struct connection { /* what SQLite frees through disconnect */
    sqlite3_vtab base;
    sl_sql_table *table;
} connection;

typedef struct cursor {
    sqlite3_vtab_cursor base;
    sl_sql_table *table;
} cursor;

/* ---- Declaring ----------------------------------------------------------------------- */

static const char *declared_type(sl_type type)
{
    static const char *const names[] = {
        [SL_TYPE_ANY] = "",      [SL_TYPE_INTEGER] = "INTEGER", [SL_TYPE_REAL] = "REAL",
        [SL_TYPE_TEXT] = "TEXT", [SL_TYPE_BLOB] = "BLOB",       [SL_TYPE_BOOLEAN] = "BOOLEAN",
        [SL_TYPE_JSON] = "TEXT", [SL_TYPE_NUMERIC] = "NUMERIC",
    };

    return type < sizeof names / sizeof *names ? names[type] : "";
}

static int declare(const sl_sql_table *table, sqlite3 *db)
{
    sqlite3_str *sql = sqlite3_str_new(db);
    char *text;
    int rc;

    sqlite3_str_appendall(sql, "CREATE TABLE batch(");
    for (uint32_t i = 0; i < table->fields_count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\" %s", i > 0 ? ", " : "", table->fields[i].column->name,
                            declared_type(table->fields[i].column->type));
    if (table->fields_count == 0)
        sqlite3_str_appendall(sql, "\"" NO_FIELD "\"");
    sqlite3_str_appendall(sql, ")");
    text = sqlite3_str_finish(sql);
    rc = text != NULL ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
    sqlite3_free(text);
    return rc;
}

static int connect(sqlite3 *db, void *context, int argc, const char *const *argv,
                   sqlite3_vtab **given, char **error)
{
    connection *made;
    int rc = declare(context, db);

    (void)argc, (void)argv;
    if (rc != SQLITE_OK) {
        *error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
        return rc;
    }
    made = sqlite3_malloc(sizeof *made);
    if (made == NULL)
        return SQLITE_NOMEM;
    *made = (connection){.table = context};
    *given = &made->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

/* There is one way: all rows in their order. */
static int plan_scan(sqlite3_vtab *base, sqlite3_index_info *info)
{
    (void)base;
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

/* ---- Running ------------------------------------------------------------------------- */

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **given)
{
    cursor *made = sqlite3_malloc(sizeof *made);

    if (made == NULL)
        return SQLITE_NOMEM;
    *made = (cursor){.table = ((connection *)base)->table};
    *given = &made->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

/* Goes on to a row that is to be evaluated, this one or a later one. */
static int settle(sl_sql_table *table)
{
    sl_status status = SL_END;

    if (table->look == NULL)
        return SQLITE_OK;
    for (; table->position < table->selected; table->position++) {
        status = table->look(table->of, table->selection[table->position]);
        if (status != SL_END)
            break;
    }
    table->failed = status == SL_ERROR;
    return table->failed ? SQLITE_ERROR : SQLITE_OK;
}

static int rewind_cursor(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
                         sqlite3_value **argv)
{
    sl_sql_table *table = ((cursor *)base)->table;

    (void)number, (void)text, (void)argc, (void)argv;
    table->position = table->from;
    return settle(table);
}

static int advance(sqlite3_vtab_cursor *base)
{
    sl_sql_table *table = ((cursor *)base)->table;

    table->position++;
    return settle(table);
}

static int at_end(sqlite3_vtab_cursor *base)
{
    const sl_sql_table *table = ((cursor *)base)->table;

    return table->position >= table->selected;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *number)
{
    *number = ((cursor *)base)->table->position;
    return SQLITE_OK;
}

/* Slices outlive the run. A slice of no bytes may have no address, which SQLite takes for NULL. */
static int give(sqlite3_context *to, const sl_cell *cell)
{
    switch (cell->kind) {
    case SL_INTEGER:
        sqlite3_result_int64(to, cell->as.integer);
        break;
    case SL_REAL:
        sqlite3_result_double(to, cell->as.real);
        break;
    case SL_TEXT:
        sqlite3_result_text64(to, cell->size > 0 ? cell->as.text : "", cell->size, SQLITE_STATIC,
                              SQLITE_UTF8);
        break;
    case SL_BLOB:
        sqlite3_result_blob64(to, cell->size > 0 ? cell->as.blob : "", cell->size, SQLITE_STATIC);
        break;
    default: /* NULL, which is what a result is until it is set */
        break;
    }
    return SQLITE_OK;
}

static int read_field(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
    sl_sql_table *table = ((cursor *)base)->table;
    const sl_sql_field *field;
    const sl_cell *cell;
    sl_cell typed;

    if ((uint32_t)number >= table->fields_count)
        return SQLITE_OK; /* NO_FIELD */
    field = &table->fields[number];
    cell = &field->cells[table->selection[table->position]];
    if (cell->kind != SL_NUMERAL && !(field->faces && cell->kind == SL_TEXT))
        return give(to, cell);
    if (sl_value_typed(field->column, cell, &typed) == SL_OK)
        return give(to, &typed);
    table->misfit = field;
    return SQLITE_ERROR;
}

/* ---- For sql.c ----------------------------------------------------------------------- */

int sl_sql_table_attach(sl_sql_table *table, sqlite3 *db)
{
    static const sqlite3_module module = {
        .iVersion = 1,
        .xConnect = connect, /* without xCreate the table is there by itself */
        .xBestIndex = plan_scan,
        .xDisconnect = disconnect,
        .xDestroy = disconnect,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = rewind_cursor,
        .xNext = advance,
        .xEof = at_end,
        .xColumn = read_field,
        .xRowid = row_number,
    };

    sqlite3_stmt *first = NULL;
    int rc = sqlite3_create_module_v2(db, "batch", &module, table, NULL);

    if (rc == SQLITE_OK) /* the first statement declares it, which a locked connection may not */
        rc = sqlite3_prepare_v2(db, "SELECT 1 FROM batch", -1, &first, NULL);
    sqlite3_finalize(first);
    return rc;
}

void sl_sql_table_from(const sl_sql_table *table, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "(SELECT ");
    for (uint32_t i = 0; i < table->fields_count; i++) {
        const sl_column *column = table->fields[i].column;
        const char *plus = column->type == SL_TYPE_ANY ? "+" : "";

        sqlite3_str_appendf(sql, "%s%s\"%w\" AS \"%w\"", i > 0 ? ", " : "", plus, column->name,
                            column->name);
    }
    if (table->fields_count == 0)
        sqlite3_str_appendall(sql, "\"" NO_FIELD "\"");
    sqlite3_str_appendall(sql, " FROM batch)");
}

void sl_sql_table_stand(sl_sql_table *table, const sl_batch *batch)
{
    for (uint32_t i = 0; i < table->fields_count; i++)
        table->fields[i].cells = batch->columns[table->fields[i].index];
    table->selection = batch->selection;
    table->selected = batch->selected;
    table->from = 0;
    table->position = 0;
    table->misfit = NULL;
    table->failed = 0;
}

/*
 * sql.c - see sql.h.
 *
 * Each expression is compiled twice. First alone, as the WHERE of a statement over the batch:
 * there SQLite refuses aggregates and windows, and an error has one place. Then all of them
 * together in the statement that runs. Parentheses hold an expression in its place; hint_check
 * has seen before that it closes what it opens.
 */
#include "stages/sql.h"

#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"
#include "stages/sql_guard.h"
#include "stages/sql_hint.h"
#include "stages/sql_table.h"
#include "stages/sql_token.h"

struct sl_sql {
    sl_stage *stage;
    sl_sql_guard guard;
    sl_sql_table table;
    sl_sql_field *fields; /* the table's */
    sqlite3_stmt *statement;
    sl_sql_shape shape;
    sl_batch *batch; /* NULL: none is looked at */
    sl_sql_look *look;
};

sl_sql *sl_sql_new(sl_stage *stage)
{
    sl_sql *sql = stage->host->allocate(stage, NULL, sizeof *sql);

    if (sql == NULL) {
        sl_no_memory(stage);
        return NULL;
    }
    *sql = (sl_sql){.stage = stage};
    return sql;
}

void sl_sql_free(sl_sql *sql)
{
    if (sql == NULL)
        return;
    sqlite3_finalize(sql->statement);
    sl_sql_guard_close(&sql->guard);
    if (sql->fields != NULL)
        sql->stage->host->allocate(sql->stage, sql->fields, 0);
    sql->stage->host->allocate(sql->stage, sql, 0);
}

int32_t sl_sql_compiled(const sl_sql *sql)
{
    return sql != NULL && sql->statement != NULL;
}

/* ---- Columns that the expressions may name ------------------------------------------- */

static int is_named(const sl_column *column, const char *text)
{
    sl_sql_token token = sl_sql_token_next(text, 0);

    for (; token.kind != SL_SQL_END; token = sl_sql_token_after(text, &token))
        if (sl_sql_token_names(text, &token, column->name))
            return 1;
    return 0;
}

static int is_declared(const sl_sql *sql, const char *name)
{
    for (uint32_t i = 0; i < sql->table.fields_count; i++)
        if (sl_value_same_name(sql->fields[i].column->name, name) == 0)
            return 1;
    return 0;
}

/* Whether TEXT cells of the column must be read before they are delivered. */
static int has_faces(const sl_column *column)
{
    return (column->flags & (SL_COLUMN_FACES | SL_COLUMN_STRINGS)) &&
           (column->type == SL_TYPE_INTEGER || column->type == SL_TYPE_REAL ||
            column->type == SL_TYPE_NUMERIC || column->type == SL_TYPE_BOOLEAN);
}

static sl_status add_field(sl_sql *sql, const sl_column *column, uint32_t index)
{
    uint32_t count = sql->table.fields_count;
    sl_sql_field *more;

    if ((count & (count + 1)) == 0) { /* 0, 1, 3, 7 ...: room for the next power of two */
        more = sql->stage->host->allocate(sql->stage, sql->fields,
                                          (2 * (size_t)count + 1) * sizeof *more);
        if (more == NULL)
            return sl_no_memory(sql->stage);
        sql->fields = more;
    }
    sql->fields[count] =
        (sl_sql_field){.column = column, .index = index, .faces = has_faces(column)};
    sql->table.fields = sql->fields;
    sql->table.fields_count = count + 1;
    return SL_OK;
}

static sl_status find_fields(sl_sql *sql, const sl_sql_scene *scene)
{
    for (uint32_t i = 0; i < scene->count; i++)
        if (is_named(&scene->columns[i], scene->expression->text) &&
            !is_declared(sql, scene->columns[i].name) &&
            add_field(sql, &scene->columns[i], i) != SL_OK)
            return SL_ERROR;
    return SL_OK;
}

/* ---- Compiling ----------------------------------------------------------------------- */

/* GIVES the text that was built, NULL: no memory, said. */
static char *finish(sl_sql *sql, sqlite3_str *built)
{
    char *text = sqlite3_str_finish(built);

    if (text == NULL)
        sl_no_memory(sql->stage);
    return text;
}

static sl_status compile_alone(sl_sql *sql, const sl_sql_scene *scene)
{
    sqlite3_str *built = sqlite3_str_new(NULL);
    sqlite3_stmt *statement = NULL;
    sl_status status = SL_OK;
    char *text;
    int offset;

    sqlite3_str_appendall(built, "SELECT 1 FROM ");
    sl_sql_table_from(&sql->table, built);
    sqlite3_str_appendall(built, " WHERE (");
    offset = sqlite3_str_length(built);
    sqlite3_str_appendf(built, "%s\n)", scene->expression->text);
    text = finish(sql, built);
    if (text == NULL)
        return SL_ERROR;
    if (sl_sql_guard_prepare(&sql->guard, text, &statement) != SQLITE_OK)
        status = sl_sql_hint_explain(scene, &sql->guard, offset);
    sqlite3_finalize(statement);
    sqlite3_free(text);
    return status;
}

static void build_values(sqlite3_str *built, const sl_sql_expression *expressions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sqlite3_str_appendf(built, "%s(%s\n)", i > 0 ? ", " : "", expressions[i].text);
}

/* In a WHEN a condition is evaluated as in a WHERE: AND and OR leave out what cannot matter. */
static void build_rules(sqlite3_str *built, const sl_sql_expression *expressions, uint32_t count)
{
    sqlite3_str_appendall(built, "CASE");
    for (uint32_t i = 0; i < count; i++)
        sqlite3_str_appendf(built, " WHEN (%s\n) IS NOT TRUE THEN %u", expressions[i].text,
                            (unsigned)i);
    sqlite3_str_appendall(built, " END");
}

/* Within CASE the planner takes nothing apart: the parts are evaluated from the left. */
static void build_condition(sqlite3_str *built, const char *text)
{
    sqlite3_str_appendf(built, " WHERE CASE WHEN (%s\n) THEN 1 END", text);
}

static char *build(sl_sql *sql, const sl_sql_expression *expressions, uint32_t count)
{
    sqlite3_str *built = sqlite3_str_new(NULL);

    sqlite3_str_appendall(built, "SELECT ");
    if (sql->shape == SL_SQL_VALUES)
        build_values(built, expressions, count);
    else if (sql->shape == SL_SQL_RULES)
        build_rules(built, expressions, count);
    else
        sqlite3_str_appendall(built, "1");
    sqlite3_str_appendall(built, " FROM ");
    sl_sql_table_from(&sql->table, built);
    if (sql->shape == SL_SQL_WHERE)
        build_condition(built, expressions[0].text);
    return finish(sql, built);
}

static int bind_param(sqlite3_stmt *statement, int number, const sl_value *value)
{
    size_t size = strlen(value->text);
    sl_cell cell;

    if (value->kind == SL_VALUE_NULL || (!value->quoted && strcmp(value->text, "null") == 0))
        return sqlite3_bind_null(statement, number);
    if (!value->quoted && strcmp(value->text, "true") == 0)
        return sqlite3_bind_int(statement, number, 1);
    if (!value->quoted && strcmp(value->text, "false") == 0)
        return sqlite3_bind_int(statement, number, 0);
    if (!value->quoted && sl_value_number(value->text, size, &cell) == SL_SPELLING_INTEGER)
        return sqlite3_bind_int64(statement, number, cell.as.integer);
    if (!value->quoted && sl_value_number(value->text, size, &cell) == SL_SPELLING_REAL)
        return sqlite3_bind_double(statement, number, cell.as.real);
    return sqlite3_bind_text64(statement, number, value->text, size, SQLITE_STATIC, SQLITE_UTF8);
}

int sl_sql_bind(sl_stage *stage, sqlite3_stmt *statement)
{
    int rc = SQLITE_OK;

    for (int i = 1; rc == SQLITE_OK && i <= sqlite3_bind_parameter_count(statement); i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i);

        rc = bind_param(statement, i, stage->host->param(stage, name + 1));
    }
    return rc;
}

static sl_status failed_to_compile(sl_sql *sql, const sl_sql_expression *expression)
{
    if (sqlite3_errcode(sql->guard.db) == SQLITE_NOMEM)
        return sl_no_memory(sql->stage);
    return sl_fail_at(sql->stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = expression->value),
                      "%s", sqlite3_errmsg(sql->guard.db));
}

static sl_status compile_together(sl_sql *sql, const sl_sql_expression *expressions, uint32_t count)
{
    char *text = build(sql, expressions, count);
    sqlite3_stmt *statement = NULL;
    int rc;

    if (text == NULL)
        return SL_ERROR;
    rc = sl_sql_guard_prepare(&sql->guard, text, &statement);
    sqlite3_free(text);
    if (rc == SQLITE_OK)
        rc = sl_sql_bind(sql->stage, statement);
    if (rc != SQLITE_OK) {
        failed_to_compile(sql, &expressions[0]);
        sqlite3_finalize(statement);
        return SL_ERROR;
    }
    sql->statement = statement;
    return SL_OK;
}

static sl_status prepare_connection(sl_sql *sql)
{
    int rc;

    if (sl_sql_guard_open(&sql->guard, sql->stage) != SL_OK)
        return SL_ERROR;
    sql->guard.position = &sql->table.position;
    rc = sl_sql_table_attach(&sql->table, sql->guard.db);
    if (rc == SQLITE_OK)
        rc = sl_sql_guard_lock(&sql->guard);
    if (rc == SQLITE_NOMEM)
        return sl_no_memory(sql->stage);
    if (rc != SQLITE_OK)
        return sl_fail(sql->stage, "cannot start SQLite: %s", sqlite3_errstr(rc));
    return SL_OK;
}

/* Back to nothing compiled: a second attempt may follow. */
static sl_status clear(sl_sql *sql)
{
    sl_sql_guard_close(&sql->guard);
    sql->guard = (sl_sql_guard){0};
    sql->table.fields_count = 0;
    return SL_ERROR;
}

sl_status sl_sql_compile(sl_sql *sql, const sl_column *columns, uint32_t columns_count,
                         sl_sql_shape shape, const sl_sql_expression *expressions,
                         uint32_t expressions_count)
{
    sl_sql_scene scene = {.stage = sql->stage, .columns = columns, .count = columns_count};
    sl_status status = SL_OK;

    sql->shape = shape;
    for (uint32_t i = 0; i < expressions_count; i++) {
        scene.expression = &expressions[i];
        if (find_fields(sql, &scene) != SL_OK)
            return clear(sql);
    }
    if (prepare_connection(sql) != SL_OK)
        return clear(sql);
    for (uint32_t i = 0; i < expressions_count; i++) {
        scene.expression = &expressions[i];
        if (sl_sql_hint_check(&scene) != SL_OK || compile_alone(sql, &scene) != SL_OK)
            status = SL_ERROR;
    }
    if (status != SL_OK || compile_together(sql, expressions, expressions_count) != SL_OK)
        return clear(sql);
    for (uint32_t i = 0; i < expressions_count; i++) {
        scene.expression = &expressions[i];
        sl_sql_hint_warn(&scene);
    }
    if (sql->guard.random)
        sql->stage->host->log(sql->stage, SL_LOG_NOTE, NULL,
                              "random() makes another answer in every run");
    return SL_OK;
}

/* ---- Running ------------------------------------------------------------------------- */

void sl_sql_begin(sl_sql *sql, sl_batch *batch)
{
    sqlite3_reset(sql->statement);
    sl_sql_table_stand(&sql->table, batch);
    sql->batch = batch;
    sql->guard.since = 0;
    sql->guard.overdue = 0;
}

void sl_sql_end(sl_sql *sql)
{
    sqlite3_reset(sql->statement);
    sql->batch = NULL;
    sql->table.selected = 0;
}

static sl_status look(void *of, uint32_t row)
{
    const sl_sql *sql = of;

    return sql->look(sql->stage, sql->batch, row);
}

void sl_sql_before(sl_sql *sql, sl_sql_look *asked)
{
    sql->look = asked;
    sql->table.look = asked != NULL ? look : NULL;
    sql->table.of = sql;
}

#define FACE_SHOWN 40 /* bytes of a misfit in its reason */

static sl_status reject_misfit(sl_sql *sql, uint32_t row)
{
    const sl_sql_field *field = sql->table.misfit;
    const sl_cell *cell = &field->cells[row];
    uint32_t size = cell->size < FACE_SHOWN ? cell->size : FACE_SHOWN;
    const char *type = field->column->type == SL_TYPE_ANY ? "number that SQLite can hold"
                                                          : sl_type_name(field->column->type);

    size = (uint32_t)sl_value_utf8(cell->as.text, size);
    return sl_reject(sql->stage, sql->batch, row, field->index + 1, "'%.*s'%s is not %s %s",
                     (int)size, cell->as.text, size < cell->size ? "..." : "",
                     field->column->type == SL_TYPE_INTEGER ? "an" : "a", type);
}

/* The statement stopped at a row: says so, and stands before the next one. */
static sl_status pass_over(sl_sql *sql, int rc)
{
    sl_sql_table *table = &sql->table;
    uint32_t position = table->position;
    sl_status status;

    if (table->failed)
        return SL_ERROR;
    if (rc == SQLITE_NOMEM)
        return sl_no_memory(sql->stage);
    if (rc == SQLITE_INTERRUPT && !sql->guard.overdue)
        return sl_fail_at(sql->stage, SL_PLACE(.code = SL_CODE_CUT_SHORT), "interrupted");
    if (position >= table->selected) /* no row is at fault */
        return sl_fail(sql->stage, "SQLite: %s", sqlite3_errmsg(sql->guard.db));
    if (table->misfit != NULL)
        status = reject_misfit(sql, table->selection[position]);
    else if (sql->guard.overdue)
        status = sl_reject(sql->stage, sql->batch, table->selection[position], 0,
                           "the row took longer than %d s to evaluate", SL_SQL_ROW_TIME / 1000000);
    else
        status = sl_reject(sql->stage, sql->batch, table->selection[position], 0, "%s",
                           sqlite3_errmsg(sql->guard.db));
    sqlite3_reset(sql->statement);
    table->from = position + 1;
    table->position = position + 1;
    table->misfit = NULL;
    sql->guard.overdue = 0;
    sql->guard.since = 0;
    return status;
}

sl_status sl_sql_step(sl_sql *sql, uint32_t *row)
{
    while (sql->table.from < sql->table.selected) {
        int rc = sqlite3_step(sql->statement);
        sl_status status;

        if (rc == SQLITE_ROW) {
            *row = sql->table.selection[sql->table.position];
            return SL_OK;
        }
        if (rc == SQLITE_DONE) {
            sql->table.from = sql->table.selected;
            break;
        }
        status = pass_over(sql, rc & 0xff);
        if (status != SL_OK)
            return status;
    }
    return SL_END;
}

uint32_t sl_sql_position(const sl_sql *sql)
{
    return sql->table.position;
}

sl_status sl_sql_value(sl_sql *sql, uint32_t index, sl_cell *value)
{
    sqlite3_stmt *statement = sql->statement;
    int column = (int)index, type = sqlite3_column_type(statement, column);
    const void *bytes;

    switch (type) {
    case SQLITE_INTEGER:
        *value =
            (sl_cell){.kind = SL_INTEGER, .as.integer = sqlite3_column_int64(statement, column)};
        return SL_OK;
    case SQLITE_FLOAT:
        *value = (sl_cell){.kind = SL_REAL, .as.real = sqlite3_column_double(statement, column)};
        return SL_OK;
    case SQLITE_NULL:
        *value = (sl_cell){.kind = SL_NULL};
        return SL_OK;
    default:
        break;
    }
    bytes = sqlite3_column_blob(statement, column); /* of a text too: its bytes as they are */
    *value = (sl_cell){.kind = type == SQLITE_TEXT ? SL_TEXT : SL_BLOB,
                       .size = (uint32_t)sqlite3_column_bytes(statement, column),
                       .as.blob = bytes};
    if (bytes == NULL && sqlite3_errcode(sql->guard.db) == SQLITE_NOMEM)
        return sl_no_memory(sql->stage);
    if (bytes == NULL) {
        value->size = 0;
        value->as.text = "";
    }
    return SL_OK;
}

struct sqlite3_stmt *sl_sql_statement(const sl_sql *sql)
{
    return sql->statement;
}

void sl_sql_interrupt(sl_sql *sql)
{
    if (sql != NULL && sql->guard.db != NULL)
        sqlite3_interrupt(sql->guard.db);
}

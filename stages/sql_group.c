/*
 * sql_group.c - see sql_group.h.
 *
 * The statement is
 *
 *     SELECT k0, k1, (expression), ..., count(*) FROM (SELECT ... FROM batch)
 *     GROUP BY 1, 2 ORDER BY 1, 2
 *
 * where count(*) makes it one row without keys, whatever the expressions are. Values are handed
 * over as copies: an aggregate such as max() keeps them while the rows go by.
 */
#include "stages/sql_group.h"

#include <string.h>

#include "stages/sql_guard.h"
#include "stages/sql_hint.h"
#include "stages/sql_token.h"

#define READ_ROOM (size_t)65536

struct sl_sql_group {
    sl_stage *stage;
    sl_sql_guard guard;
    sl_sql_group_scene scene;
    uint32_t *used; /* indexes of fields */
    uint32_t used_count;
    sqlite3_stmt *statement;
    sqlite3_stmt *number; /* SELECT ?1; NULL: not needed yet */
    sl_spill *rows;
    sl_cell *cells; /* of the row that the table stands on */
    sl_spill_reader reader;
    sqlite3_int64 position;
    int32_t ended;
    int32_t read_failed; /* 1: said by the reader */
};

sl_sql_group *sl_sql_group_new(sl_stage *stage)
{
    sl_sql_group *group = stage->host->allocate(stage, NULL, sizeof *group);

    if (!group) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *group = (sl_sql_group){.stage = stage};
    return group;
}

void sl_sql_group_free(sl_sql_group *group)
{
    sl_stage *stage;

    if (!group)
        return;
    stage = group->stage;
    sqlite3_finalize(group->statement);
    sqlite3_finalize(group->number);
    sl_sql_guard_close(&group->guard);
    sl_spill_done(&group->reader);
    stage->host->allocate(stage, group->used, 0);
    stage->host->allocate(stage, group->cells, 0);
    stage->host->allocate(stage, group, 0);
}

/* ---- The table `batch` -------------------------------------------------------------------- */

typedef struct connection { /* what SQLite frees through disconnect */
    sqlite3_vtab base;
    sl_sql_group *group;
} connection;

static sl_sql_group *group_of(sqlite3_vtab_cursor *cursor)
{
    return ((connection *)cursor->pVtab)->group;
}

/* A value typed by itself has no affinity; the name of its type would give it one. */
static const char *declared_type(sl_type type)
{
    static const char *const names[] = {
        [SL_TYPE_ANY] = "",      [SL_TYPE_INTEGER] = "INTEGER", [SL_TYPE_REAL] = "REAL",
        [SL_TYPE_TEXT] = "TEXT", [SL_TYPE_BLOB] = "BLOB",       [SL_TYPE_BOOLEAN] = "BOOLEAN",
        [SL_TYPE_JSON] = "TEXT", [SL_TYPE_NUMERIC] = "NUMERIC",
    };

    return type < sizeof names / sizeof *names ? names[type] : "";
}

static int connect(sqlite3 *db, void *context, int argc, const char *const *argv,
                   sqlite3_vtab **given, char **error)
{
    sl_sql_group *group = context;
    sqlite3_str *built = sqlite3_str_new(db);
    connection *made;
    char *sql;
    int code;

    (void)argc, (void)argv, (void)error;
    sqlite3_str_appendall(built, "CREATE TABLE batch(\"\001\"");
    for (uint32_t i = 0; i < group->scene.keys_count; i++)
        sqlite3_str_appendf(built, ", \"\001%u\"", (unsigned)i);
    for (uint32_t i = 0; i < group->used_count; i++) {
        const sl_column *field = &group->scene.fields[group->used[i]];

        sqlite3_str_appendf(built, ", \"%w\" %s", field->name, declared_type(field->type));
    }
    sqlite3_str_appendall(built, ")");
    sql = sqlite3_str_finish(built);
    code = sql ? sqlite3_declare_vtab(db, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (code != SQLITE_OK)
        return code;
    made = sqlite3_malloc(sizeof *made);
    if (!made)
        return SQLITE_NOMEM;
    *made = (connection){.group = group};
    *given = &made->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

static int plan_scan(sqlite3_vtab *base, sqlite3_index_info *info)
{
    (void)base;
    info->estimatedCost = 1e6;
    info->estimatedRows = 1000000;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **given)
{
    (void)base;
    *given = sqlite3_malloc(sizeof **given);
    if (!*given)
        return SQLITE_NOMEM;
    **given = (sqlite3_vtab_cursor){0};
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int advance(sqlite3_vtab_cursor *cursor)
{
    sl_sql_group *group = group_of(cursor);
    uint32_t size;
    const char *record;
    sl_status status = sl_spill_next(&group->reader, &record, &size);

    group->position++;
    if (status == SL_OK) {
        sl_spill_unpack(record, group->scene.keys_count + group->used_count, group->cells);
        return SQLITE_OK;
    }
    group->ended = 1;
    if (status == SL_END)
        return SQLITE_OK;
    group->read_failed = 1;
    return SQLITE_IOERR;
}

static int rewind_cursor(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
                         sqlite3_value **argv)
{
    sl_sql_group *group = group_of(cursor);

    (void)number, (void)text, (void)argc, (void)argv;
    sl_spill_done(&group->reader);
    group->ended = 0;
    group->position = 0;
    if (!group->rows) { /* none came */
        group->ended = 1;
        return SQLITE_OK;
    }
    if (sl_spill_read(&group->reader, group->rows, 0, sl_spill_end(group->rows), READ_ROOM) !=
        SL_OK) {
        group->read_failed = 1;
        return SQLITE_NOMEM;
    }
    return advance(cursor);
}

static int at_end(sqlite3_vtab_cursor *cursor)
{
    return group_of(cursor)->ended;
}

static int row_number(sqlite3_vtab_cursor *cursor, sqlite3_int64 *number)
{
    *number = group_of(cursor)->position;
    return SQLITE_OK;
}

/* Column 0 is there so that there is one; nothing reads it. */
static int give(sqlite3_vtab_cursor *cursor, sqlite3_context *to, int column)
{
    const sl_cell *cell = &group_of(cursor)->cells[column > 0 ? column - 1 : 0];

    switch (column > 0 ? cell->kind : SL_NULL) {
    case SL_INTEGER:
        sqlite3_result_int64(to, cell->as.integer);
        break;
    case SL_REAL:
        sqlite3_result_double(to, cell->as.real);
        break;
    case SL_TEXT:
        sqlite3_result_text64(to, cell->size ? cell->as.text : "", cell->size, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
        break;
    case SL_BLOB:
        sqlite3_result_blob64(to, cell->size ? cell->as.blob : "", cell->size, SQLITE_TRANSIENT);
        break;
    default:
        sqlite3_result_null(to);
    }
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = connect, /* without xCreate it stands there by itself */
    .xBestIndex = plan_scan,
    .xDisconnect = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = rewind_cursor,
    .xNext = advance,
    .xEof = at_end,
    .xColumn = give,
    .xRowid = row_number,
};

/* ---- What may be said -------------------------------------------------------------------------
 */

static int refuse(sl_sql_guard *guard, sl_sql_refusal why)
{
    guard->refusal = why;
    return SQLITE_DENY;
}

static int is_pure(const char *name)
{
    size_t count;
    const char *const *names = sl_sql_guard_functions(&count);

    for (size_t i = 0; i < count; i++)
        if (sqlite3_stricmp(name, names[i]) == 0)
            return 1;
    return 0;
}

/* As in sql_guard.c, but for the aggregates. */
static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    sl_sql_guard *guard = context;

    (void)database, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
        return ++guard->selects > 2 ? refuse(guard, SL_SQL_REFUSED_QUERY) : SQLITE_OK;
    case SQLITE_READ:
        return first && strcmp(first, "batch") == 0 ? SQLITE_OK
                                                    : refuse(guard, SL_SQL_REFUSED_QUERY);
    case SQLITE_FUNCTION:
        if (second && (is_pure(second) || sl_sql_guard_aggregate(second)))
            return SQLITE_OK;
        return refuse(guard, SL_SQL_REFUSED_FUNCTION);
    default:
        return refuse(guard, SL_SQL_REFUSED_QUERY);
    }
}

/* Words that stand bare in an expression and are no columns then. */
static int is_keyword(const char *text, const sl_sql_token *token)
{
    static const char *const words[] = {"AND",  "AS",     "BETWEEN", "CASE",  "CAST",   "COLLATE",
                                        "ELSE", "END",    "ESCAPE",  "FALSE", "GLOB",   "IN",
                                        "IS",   "ISNULL", "LIKE",    "NOT",   "NULL",   "NOTNULL",
                                        "OR",   "THEN",   "TRUE",    "WHEN",  "FILTER", "DISTINCT"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sl_sql_token_is(text, token, words[i]))
            return 1;
    return 0;
}

/* Commas of a call's own, from its '(' on: min(a) is an aggregate, min(a, b) is not. */
static uint32_t count_commas(const char *text, sl_sql_token open)
{
    int32_t depth = 0;
    uint32_t commas = 0;

    for (; open.kind != SL_SQL_END; open = sl_sql_token_after(text, &open)) {
        if (open.kind == SL_SQL_OPEN)
            depth++;
        if (open.kind == SL_SQL_CLOSE && --depth == 0)
            break;
        if (depth == 1 && sl_sql_token_is(text, &open, ","))
            commas++;
    }
    return commas;
}

/* Whether `name`, before `open`, begins something that looks at all rows of a group. */
static int is_aggregate(const char *text, const sl_sql_token *name, const sl_sql_token *open)
{
    char word[32] = {0};

    if (open->kind != SL_SQL_OPEN || name->kind != SL_SQL_NAME || name->size >= sizeof word)
        return 0;
    if (sl_sql_token_is(text, name, "FILTER"))
        return 1;
    if (sl_sql_token_is(text, name, "min") || sl_sql_token_is(text, name, "max"))
        return count_commas(text, *open) == 0;
    memcpy(word, text + name->at, name->size);
    return sl_sql_guard_aggregate(word);
}

static sl_status bare_column(const sl_sql_group *group, const sl_sql_expression *expression,
                             const sl_sql_token *token)
{
    return sl_fail_at(group->stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = expression->value,
                               .byte = token->at, .length = token->size,
                               .hint = "name it in group_by, or say which of the group's values "
                                       "is wanted: min(...), max(...), group_concat(...)"),
                      "column %.*s is neither in group_by nor in an aggregate", (int)token->size,
                      expression->text + token->at);
}

/* A column outside aggregates has one value for a group only when it is a key; and a window
 * has no place. */
static sl_status check_bare(const sl_sql_group *group, const sl_sql_expression *expression)
{
    const char *text = expression->text;
    sl_sql_token before = {.kind = SL_SQL_END}, token = sl_sql_token_next(text, 0), after;
    int32_t depth = 0, within = -1; /* the depth outside the aggregate that we are in */

    for (; token.kind != SL_SQL_END; before = token, token = after) {
        int32_t field = -1;

        after = sl_sql_token_after(text, &token);
        if (token.kind == SL_SQL_OPEN)
            depth++;
        if (token.kind == SL_SQL_CLOSE && --depth == within)
            within = -1;
        if (sl_sql_token_is(text, &token, "OVER") && before.kind == SL_SQL_CLOSE)
            return sl_fail_at(group->stage,
                              SL_PLACE(.code = SL_CODE_CONFIG, .value = expression->value,
                                       .byte = token.at, .length = token.size),
                              "a window has no place in an aggregate");
        if (within >= 0)
            continue;
        if (is_aggregate(text, &token, &after))
            within = depth;
        else if (after.kind != SL_SQL_OPEN && !is_keyword(text, &token) &&
                 !sl_sql_token_is(text, &before, "COLLATE") &&
                 !sl_sql_token_is(text, &before, "AS"))
            field =
                sl_sql_token_column(text, &token, group->scene.fields, group->scene.fields_count);
        if (field >= 0 && !group->scene.is_key[field])
            return bare_column(group, expression, &token);
    }
    return SL_OK;
}

/* ---- Compiling ------------------------------------------------------------------------------ */

static int is_named(const sl_sql_group *group, uint32_t field)
{
    const sl_sql_group_scene *scene = &group->scene;

    for (uint32_t i = 0; i < scene->expressions_count; i++) {
        const char *text = scene->expressions[i].text;
        sl_sql_token token = sl_sql_token_next(text, 0);

        for (; token.kind != SL_SQL_END; token = sl_sql_token_after(text, &token))
            if (sl_sql_token_column(text, &token, scene->fields, scene->fields_count) ==
                (int32_t)field)
                return 1;
    }
    return 0;
}

static sl_status find_used(sl_sql_group *group)
{
    sl_stage *stage = group->stage;
    uint32_t fields = group->scene.fields_count;

    group->used = stage->host->allocate(stage, NULL, (fields + 1) * sizeof *group->used);
    group->cells = stage->host->allocate(
        stage, NULL, (fields + group->scene.keys_count + 1) * sizeof *group->cells);
    if (!group->used || !group->cells)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < fields; i++)
        if (is_named(group, i))
            group->used[group->used_count++] = i;
    return SL_OK;
}

/* Behind FROM: columns of no type go through a plus, so that they have no affinity. */
static void build_from(const sl_sql_group *group, sqlite3_str *built)
{
    sqlite3_str_appendall(built, " FROM (SELECT \"\001\"");
    for (uint32_t i = 0; i < group->scene.keys_count; i++)
        sqlite3_str_appendf(built, ", \"\001%u\"", (unsigned)i);
    for (uint32_t i = 0; i < group->used_count; i++) {
        const sl_column *field = &group->scene.fields[group->used[i]];

        sqlite3_str_appendf(built, ", %s\"%w\" AS \"%w\"", field->type == SL_TYPE_ANY ? "+" : "",
                            field->name, field->name);
    }
    sqlite3_str_appendall(built, " FROM batch)");
}

static void build_keys(const sl_sql_group *group, sqlite3_str *built, const char *before)
{
    for (uint32_t i = 0; i < group->scene.keys_count; i++)
        sqlite3_str_appendf(built, "%s%u", i ? ", " : before, (unsigned)(i + 1));
}

/* count 1: one expression; *offset: where it begins. */
static char *build(const sl_sql_group *group, const sl_sql_expression *expressions, uint32_t count,
                   int *offset)
{
    sqlite3_str *built = sqlite3_str_new(NULL);

    sqlite3_str_appendall(built, "SELECT ");
    for (uint32_t i = 0; i < group->scene.keys_count; i++)
        sqlite3_str_appendf(built, "\"\001%u\", ", (unsigned)i);
    for (uint32_t i = 0; i < count; i++) {
        sqlite3_str_appendall(built, "(");
        *offset = sqlite3_str_length(built);
        sqlite3_str_appendf(built, "%s\n), ", expressions[i].text);
    }
    sqlite3_str_appendall(built, "count(*)");
    build_from(group, built);
    build_keys(group, built, " GROUP BY ");
    build_keys(group, built, " ORDER BY ");
    return sqlite3_str_finish(built);
}

static sl_status prepare(sl_sql_group *group, const sl_sql_expression *expressions, uint32_t count,
                         sqlite3_stmt **statement)
{
    sl_sql_scene scene = {.stage = group->stage,
                          .expression = expressions,
                          .columns = group->scene.fields,
                          .count = group->scene.fields_count};
    int offset = 0;
    char *text = build(group, expressions, count, &offset);
    int code;

    if (!text)
        return sl_no_memory(group->stage);
    code = sl_sql_guard_prepare(&group->guard, text, statement);
    sqlite3_free(text);
    if (code == SQLITE_OK)
        return SL_OK;
    if (strncmp(sqlite3_errmsg(group->guard.db), "misuse of", 9) == 0)
        return sl_fail_at(group->stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = expressions->value,
                                   .byte = sqlite3_error_offset(group->guard.db) - offset,
                                   .hint = "an aggregate cannot stand in another one"),
                          "%s", sqlite3_errmsg(group->guard.db));
    return sl_sql_hint_explain(&scene, &group->guard, offset);
}

static sl_status open_connection(sl_sql_group *group)
{
    int64_t bytes = group->stage->host->batch_bytes(group->stage);
    sqlite3_stmt *first = NULL;
    int code;

    if (sl_sql_guard_open(&group->guard, group->stage) != SL_OK)
        return SL_ERROR;
    bytes = bytes > 400000000 ? 1000000000 : 2 * bytes + 1000000; /* a row and its keys */
    sqlite3_limit(group->guard.db, SQLITE_LIMIT_LENGTH, (int)bytes);
    code = sqlite3_create_module_v2(group->guard.db, "batch", &module, group, NULL);
    if (code == SQLITE_OK) /* the first statement declares it, which a locked connection may not */
        code = sqlite3_prepare_v2(group->guard.db, "SELECT 1 FROM batch", -1, &first, NULL);
    sqlite3_finalize(first);
    if (code == SQLITE_OK)
        code = sqlite3_set_authorizer(group->guard.db, authorize, &group->guard);
    if (code == SQLITE_NOMEM)
        return sl_no_memory(group->stage);
    if (code != SQLITE_OK)
        return sl_fail(group->stage, "cannot start SQLite: %s", sqlite3_errstr(code));
    return SL_OK;
}

/* Each expression alone, so that an error has one place. */
static sl_status check_each(sl_sql_group *group)
{
    sl_status status = SL_OK;

    for (uint32_t i = 0; i < group->scene.expressions_count; i++) {
        const sl_sql_expression *expression = &group->scene.expressions[i];
        sqlite3_stmt *statement = NULL;

        if (check_bare(group, expression) != SL_OK ||
            prepare(group, expression, 1, &statement) != SL_OK)
            status = SL_ERROR;
        sqlite3_finalize(statement);
    }
    return status;
}

sl_status sl_sql_group_compile(sl_sql_group *group, const sl_sql_group_scene *scene)
{
    sl_sql_scene one = {
        .stage = group->stage, .columns = scene->fields, .count = scene->fields_count};
    sl_status status = SL_OK;
    int code;

    group->scene = *scene;
    for (uint32_t i = 0; i < scene->expressions_count; i++) {
        one.expression = &scene->expressions[i];
        if (sl_sql_hint_check(&one) != SL_OK)
            status = SL_ERROR;
    }
    if (status != SL_OK || find_used(group) != SL_OK || open_connection(group) != SL_OK ||
        check_each(group) != SL_OK ||
        prepare(group, scene->expressions, scene->expressions_count, &group->statement) != SL_OK)
        return SL_ERROR;
    code = sl_sql_bind(group->stage, group->statement);
    return code == SQLITE_OK ? SL_OK : sl_no_memory(group->stage);
}

const uint32_t *sl_sql_group_used(const sl_sql_group *group, uint32_t *count)
{
    *count = group->used_count;
    return group->used;
}

/* ---- Running ----------------------------------------------------------------------------------
 */

sl_status sl_sql_group_number(sl_sql_group *group, const sl_cell *cell, sl_cell *number)
{
    sqlite3_value *copy = NULL;
    int code = SQLITE_OK;

    if (!group->number)
        code = sl_sql_guard_prepare(&group->guard, "SELECT ?1", &group->number);
    if (code == SQLITE_OK && cell->kind == SL_TEXT)
        code = sqlite3_bind_text64(group->number, 1, cell->as.text, cell->size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    else if (code == SQLITE_OK)
        code = sqlite3_bind_blob64(group->number, 1, cell->as.blob, cell->size, SQLITE_STATIC);
    if (code == SQLITE_OK && sqlite3_step(group->number) == SQLITE_ROW)
        copy = sqlite3_value_dup(sqlite3_column_value(group->number, 0));
    if (copy && sqlite3_value_numeric_type(copy) == SQLITE_INTEGER)
        *number = (sl_cell){.kind = SL_INTEGER, .as.integer = sqlite3_value_int64(copy)};
    else if (copy)
        *number = (sl_cell){.kind = SL_REAL, .as.real = sqlite3_value_double(copy)};
    sqlite3_reset(group->number);
    sqlite3_value_free(copy);
    return copy ? SL_OK : sl_no_memory(group->stage);
}

sl_status sl_sql_group_begin(sl_sql_group *group, sl_spill *rows)
{
    group->rows = rows;
    return rows ? sl_spill_flush(rows) : SL_OK;
}

sl_status sl_sql_group_step(sl_sql_group *group)
{
    int code = sqlite3_step(group->statement);

    if (code == SQLITE_ROW)
        return SL_OK;
    if (code == SQLITE_DONE)
        return SL_END;
    if (group->read_failed)
        return SL_ERROR;
    if (code == SQLITE_ERROR || code == SQLITE_TOOBIG)
        return sl_fail_at(
            group->stage,
            SL_PLACE(.code = SL_CODE_DATA, .hint = "total(x) adds reals, and never overflows"),
            "cannot aggregate: %s", sqlite3_errmsg(group->guard.db));
    return sl_spill_fail(group->stage, code, "grouping rows");
}

sl_status sl_sql_group_values(sl_sql_group *group, sl_cell *cells)
{
    int count = (int)(group->scene.keys_count + group->scene.expressions_count);

    for (int i = 0; i < count; i++) {
        sqlite3_stmt *statement = group->statement;
        int type = sqlite3_column_type(statement, i);

        cells[i] = (sl_cell){.kind = SL_NULL};
        if (type == SQLITE_INTEGER) {
            cells[i] =
                (sl_cell){.kind = SL_INTEGER, .as.integer = sqlite3_column_int64(statement, i)};
        } else if (type == SQLITE_FLOAT) {
            cells[i] = (sl_cell){.kind = SL_REAL, .as.real = sqlite3_column_double(statement, i)};
        } else if (type != SQLITE_NULL) {
            const void *bytes = sqlite3_column_blob(statement, i);

            cells[i] = (sl_cell){.kind = type == SQLITE_TEXT ? SL_TEXT : SL_BLOB,
                                 .size = (uint32_t)sqlite3_column_bytes(statement, i),
                                 .as.blob = bytes ? bytes : ""};
            if (!bytes && sqlite3_errcode(group->guard.db) == SQLITE_NOMEM)
                return sl_no_memory(group->stage);
        }
    }
    return SL_OK;
}

void sl_sql_group_interrupt(sl_sql_group *group)
{
    if (group && group->guard.db)
        sqlite3_interrupt(group->guard.db);
}

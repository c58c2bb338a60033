/*
 * sqlite_into.c - the rows' columns and the table's, matched; see sqlite_into.h.
 */
#include "stages/sqlite_into.h"

#include <string.h>

#include "stages/core/value.h"
#include "stages/sqlite_checkpoint.h"
#include "stages/sqlite_lineage.h"

#define MOST_COLUMNS 2000 /* of a table, as SQLite is built */

typedef struct matching {
    sl_stage *stage;
    sl_arena *arena;
    const sl_into_request *request;
    sl_into *into;
    sl_status status; /* SL_ERROR once a mistake was said */
} matching;

static const sl_value *option(sl_stage *stage, const char *name)
{
    return stage->host->option(stage, name);
}

static sl_status mistake(sl_stage *stage, const char *where, const char *hint, const char *what,
                         const char *name)
{
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = option(stage, where), .hint = hint),
                      what, name);
}

static int32_t is_key(const sl_into_request *request, const char *name)
{
    for (uint32_t i = 0; request->key && i < request->key->count; i++) {
        const char *part = sl_item(request->key, i)->text;
        if (part && sqlite3_stricmp(part, name) == 0)
            return 1;
    }
    return 0;
}

sl_status sl_into_check(sl_stage *stage, const sl_into_request *request)
{
    const char *table = request->table;
    if (!*table)
        return mistake(stage, "table", NULL, "a table needs a name%s", "");
    if (sqlite3_strnicmp(table, "sqlite_", 7) == 0)
        return mistake(stage, "table", "names that begin with 'sqlite_' are SQLite's own",
                       "the table name '%s' is reserved", table);
    if (sqlite3_stricmp(table, SL_CHECKPOINT_TABLE) == 0 ||
        sqlite3_strnicmp(table, SL_LINEAGE_TABLE, sizeof SL_LINEAGE_TABLE - 1) == 0 ||
        sqlite3_strnicmp(table, SL_ROWS_TABLE, sizeof SL_ROWS_TABLE - 1) == 0)
        return mistake(stage, "table", "the exporter itself uses it",
                       "the table name '%s' is reserved", table);
    if (request->mode == SL_INTO_UPSERT && (!request->key || request->key->count == 0))
        return mistake(stage, "mode", "name the columns that tell rows apart: `key: [id]`",
                       "'mode: upsert' needs a key%s", "");
    return SL_OK;
}

/* ---- The rows ----------------------------------------------------------------------------- */

/* The key's columns come with the rows, and no column comes twice. */
static sl_status check_input(matching *m)
{
    const sl_into_request *request = m->request;
    uint32_t index;
    for (uint32_t i = 0; request->key && i < request->key->count; i++)
        if (m->stage->host->find_column(m->stage, 0, sl_item(request->key, i), &index) != SL_OK)
            m->status = SL_ERROR;
    for (uint32_t i = 0; i < request->input_count; i++)
        for (uint32_t other = 0; other < i; other++)
            if (sqlite3_stricmp(request->input[i].name, request->input[other].name) == 0)
                m->status = mistake(m->stage, "table", "rename one of them with `select`",
                                    "two columns are called '%s'", request->input[i].name);
    if (request->input_count > MOST_COLUMNS)
        m->status = mistake(m->stage, "table", "a table has at most 2000 columns",
                            "too many columns%s", "");
    if (request->input_count == 0)
        m->status = mistake(m->stage, "table", NULL, "the rows have no columns%s", "");
    return m->status;
}

static void match(matching *m, uint32_t from, const char *name, const char *declared,
                  uint32_t affinity)
{
    const sl_column *input = &m->request->input[from];
    m->into->columns[m->into->count++] = (sl_rows_column){
        .from = from,
        .type = input->type,
        .flags = input->flags,
        .affinity = affinity,
        .key = is_key(m->request, name),
        .name = name,
        .declared = declared,
    };
    m->into->updates = m->into->updates || !is_key(m->request, name);
}

/* ---- A table that is made ------------------------------------------------------------------ */

static const char *type_of(const sl_column *column)
{
    if (!(column->flags & SL_COLUMN_DECLARED))
        return "";
    switch (column->type) {
    case SL_TYPE_INTEGER:
        return "INTEGER";
    case SL_TYPE_REAL:
        return "REAL";
    case SL_TYPE_TEXT:
    case SL_TYPE_JSON:
        return "TEXT";
    case SL_TYPE_BLOB:
        return "BLOB";
    case SL_TYPE_BOOLEAN:
        return "BOOLEAN";
    case SL_TYPE_NUMERIC:
        return "NUMERIC";
    default:
        return "";
    }
}

static sl_status design(matching *m)
{
    const sl_into_request *request = m->request;
    if (!request->create)
        return mistake(m->stage, "table", "`create: true` makes it from the columns that come",
                       "no such table '%s'", request->table);
    m->into->table.name = request->table;
    for (uint32_t i = 0; i < request->input_count; i++) {
        const char *type = type_of(&request->input[i]);
        match(m, i, request->input[i].name, type, sl_table_affinity(type, 0));
    }
    return SL_OK;
}

/* ---- A table that is there ----------------------------------------------------------------- */

static sl_status no_column(matching *m, const char *name)
{
    const sl_table *table = &m->into->table;
    const char **names = sl_arena_take(m->arena, (table->columns_count + 1) * sizeof *names);
    if (!names)
        return sl_no_memory(m->stage);
    for (uint32_t i = 0; i < table->columns_count; i++)
        names[i] = table->columns[i].name;
    const char *nearest = sl_value_nearest(name, names, table->columns_count);
    const char *hint =
        nearest ? sl_arena_format(m->arena, "did you mean '%s'? rename it with `select`", nearest)
                : "leave it out with `select: {drop: ...}`, or add it to the table";
    return sl_fail_at(
        m->stage,
        SL_PLACE(.code = SL_CODE_CONFIG, .value = option(m->stage, "table"), .hint = hint),
        "table '%s' has no column '%s'", table->name, name);
}

static void match_input(matching *m)
{
    for (uint32_t i = 0; i < m->request->input_count; i++) {
        const char *name = m->request->input[i].name;
        int32_t index = sl_table_find(&m->into->table, name);
        if (index < 0) {
            m->status = no_column(m, name);
            continue;
        }
        const sl_table_column *column = &m->into->table.columns[index];
        if (column->generated)
            m->stage->host->log(m->stage, SL_LOG_NOTE, NULL,
                                "column '%s' of table '%s' is generated and not written", name,
                                m->into->table.name);
        else
            match(m, i, column->name, column->type, column->affinity);
    }
}

static int32_t is_written(const sl_into *into, const char *name)
{
    for (uint32_t i = 0; i < into->count; i++)
        if (sqlite3_stricmp(into->columns[i].name, name) == 0)
            return 1;
    return 0;
}

/* A column that must have a value gets one, from the rows or by default. */
static void check_left_out(matching *m)
{
    const sl_table *table = &m->into->table;
    for (uint32_t i = 0; i < table->columns_count; i++) {
        const sl_table_column *column = &table->columns[i];
        int32_t needed = column->not_null || (column->primary && table->without_rowid);
        if (!needed || column->has_default || column->generated || (int32_t)i == table->alias ||
            is_written(m->into, column->name))
            continue;
        m->status = mistake(m->stage, "table", "add it to the rows with `select: {add: ...}`",
                            "the rows have no column '%s', and the table needs it (NOT NULL)",
                            column->name);
    }
}

/* Whether a unique index of the table has exactly the key's columns. */
static int32_t key_exists(const matching *m)
{
    const sl_table *table = &m->into->table;
    const sl_value *key = m->request->key;
    if (table->alias >= 0 && key->count == 1 &&
        is_key(m->request, table->columns[table->alias].name))
        return 1;
    for (uint32_t i = 0; i < table->keys_count; i++) {
        const sl_table_key *index = &table->keys[i];
        int32_t same = index->count == key->count;
        for (uint32_t c = 0; same && c < index->count; c++)
            same = is_key(m->request, table->columns[index->columns[c]].name);
        if (same)
            return 1;
    }
    return 0;
}

static sl_status match_table(matching *m)
{
    const sl_table *table = &m->into->table;
    if (table->kind == SL_TABLE_VIEW)
        return mistake(m->stage, "table", "write to the table behind it",
                       "'%s' is a view, not a table", table->name);
    if (table->kind == SL_TABLE_SHADOW)
        return mistake(m->stage, "table", "write to the virtual table itself",
                       "'%s' is the inside of a virtual table", table->name);
    match_input(m);
    check_left_out(m);
    if (m->status == SL_OK && m->into->count == 0)
        m->status = mistake(m->stage, "table", NULL, "all columns of table '%s' are generated",
                            table->name);
    if (m->request->key && !key_exists(m))
        m->status = mistake(m->stage, "key",
                            "CREATE UNIQUE INDEX over exactly these columns, or name those of an "
                            "index that is there",
                            "table '%s' has no unique index over the key", table->name);
    return m->status;
}

/* ---- Lineage --------------------------------------------------------------------------------- */

static int32_t is_column(const void *of, const char *name)
{
    const matching *m = of;
    const sl_table *table = &m->into->table;
    int32_t found = sl_table_find(table, name) >= 0;
    for (uint32_t i = 0; table->kind == SL_TABLE_NONE && i < m->request->input_count; i++)
        found = found || sqlite3_stricmp(m->request->input[i].name, name) == 0;
    return found;
}

/* Rows are found again by their rowid. */
static sl_status find_rowid(matching *m)
{
    const sl_table *table = &m->into->table;
    m->into->rowid = sl_lineage_rowid(is_column, m);
    if (table->without_rowid || table->kind == SL_TABLE_VIRTUAL)
        return mistake(m->stage, "lineage", "lineage is kept by rowid: leave `lineage` away",
                       table->without_rowid ? "table '%s' is WITHOUT ROWID"
                                            : "'%s' is a virtual table",
                       table->name);
    if (!m->into->rowid)
        return mistake(m->stage, "lineage", "lineage is kept by rowid: rename one of the columns",
                       "rowid, _rowid_ and oid are columns of table '%s'", table->name);
    return SL_OK;
}

sl_status sl_into_plan(sl_stage *stage, sl_sqlite *db, sl_arena *arena,
                       const sl_into_request *request, sl_into *into)
{
    matching m = {.stage = stage, .arena = arena, .request = request, .into = into};
    *into = (sl_into){.table.alias = -1};
    into->columns = sl_arena_take(arena, (request->input_count + 1) * sizeof *into->columns);
    if (!into->columns)
        return sl_no_memory(stage);
    if (check_input(&m) != SL_OK)
        return SL_ERROR;
    sl_status status = db ? sl_table_look(db, arena, request->table, &into->table) : SL_OK;
    if (status != SL_OK)
        return status;
    status = into->table.kind == SL_TABLE_NONE ? design(&m) : match_table(&m);
    return status == SL_OK && request->lineage ? find_rowid(&m) : status;
}

sl_status sl_into_check_cascades(sl_sqlite *db, const sl_into *into)
{
    sqlite3_stmt *row;
    int rc = sl_sqlite_prepare(
        db,
        sqlite3_mprintf("SELECT m.name, f.on_delete FROM main.sqlite_schema AS m,"
                        " pragma_foreign_key_list(m.name, 'main') AS f WHERE m.type = 'table'"
                        " AND f.\"table\" = %Q COLLATE NOCASE"
                        " AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')",
                        into->table.name),
        &row);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    sl_status status;
    if (rc == SQLITE_ROW) {
        const char *child = (const char *)sqlite3_column_text(row, 0);
        const char *action = (const char *)sqlite3_column_text(row, 1);
        status = sl_fail_at(db->stage,
                            SL_PLACE(.code = SL_CODE_CONFIG, .value = option(db->stage, "mode"),
                                     .hint = "use `mode: upsert`"),
                            "replacing the rows of '%s' would change table '%s' (ON DELETE %s)",
                            into->table.name, child ? child : "?", action ? action : "?");
    } else {
        status = sl_sqlite_status(db, rc, "read the schema of");
    }
    sqlite3_finalize(row);
    return status;
}

/* ---- SQL ------------------------------------------------------------------------------------ */

static void add_key(sqlite3_str *sql, const sl_into *into)
{
    const char *comma = "";
    for (uint32_t i = 0; i < into->count; i++) {
        if (!into->columns[i].key)
            continue;
        sqlite3_str_appendf(sql, "%s\"%w\"", comma, into->columns[i].name);
        comma = ", ";
    }
}

/* The SQL, or NULL when memory ran out on the way. */
static char *finish(sqlite3_str *sql)
{
    int failed = sqlite3_str_errcode(sql) != SQLITE_OK;
    char *made = sqlite3_str_finish(sql);
    if (failed) {
        sqlite3_free(made);
        return NULL;
    }
    return made;
}

char *sl_into_create(const sl_into *into, const sl_into_request *request)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "CREATE TABLE main.\"%w\" (", into->table.name);
    for (uint32_t i = 0; i < into->count; i++) {
        const sl_rows_column *column = &into->columns[i];
        sqlite3_str_appendf(sql, "%s\"%w\"%s%s%s", i ? ", " : "", column->name,
                            *column->declared ? " " : "", column->declared,
                            column->key ? " NOT NULL" : "");
    }
    if (request->key && request->key->count > 0) {
        sqlite3_str_appendall(sql, ", PRIMARY KEY (");
        add_key(sql, into);
        sqlite3_str_appendall(sql, ")");
    }
    sqlite3_str_appendall(sql, ")");
    return finish(sql);
}

static void add_upsert(sqlite3_str *sql, const sl_into *into)
{
    const char *comma = " DO UPDATE SET ";
    sqlite3_str_appendall(sql, " ON CONFLICT (");
    add_key(sql, into);
    sqlite3_str_appendall(sql, ")");
    if (!into->updates)
        sqlite3_str_appendall(sql, " DO NOTHING");
    for (uint32_t i = 0; i < into->count; i++) {
        const char *name = into->columns[i].name;
        if (into->columns[i].key)
            continue;
        sqlite3_str_appendf(sql, "%s\"%w\" = excluded.\"%w\"", comma, name, name);
        comma = ", ";
    }
}

char *sl_into_insert(const sl_into *into, const sl_into_request *request, int32_t one)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    /* ABORT, whatever the table's own ON CONFLICT clauses say: no row may vanish. */
    sqlite3_str_appendf(sql, "INSERT OR ABORT INTO main.\"%w\" (", into->table.name);
    for (uint32_t i = 0; i < into->count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i ? ", " : "", into->columns[i].name);
    sqlite3_str_appendall(sql, one ? ") VALUES (" : ") SELECT ");
    for (uint32_t i = 0; i < into->count; i++)
        sqlite3_str_appendf(sql, one ? "%s?%u" : "%sc%u", i ? ", " : "", one ? i + 1 : i);
    if (one)
        sqlite3_str_appendall(sql, ")");
    else
        sqlite3_str_appendf(sql, " FROM \"%w\" WHERE true", request->rows_table);
    if (request->mode == SL_INTO_UPSERT)
        add_upsert(sql, into);
    if (request->mode == SL_INTO_UPSERT && one && request->lineage)
        sqlite3_str_appendf(sql, " RETURNING %s", into->rowid);
    return finish(sql);
}

/*
 * sqlite_table.c - reads a schema through SQLite's own pragmas; see sqlite_table.h.
 */
#include "stages/sqlite_table.h"

#include <string.h>

#include "stages/core/value.h"

#define NAMES 64 /* tables that a suggestion is looked for among */

/* A copy in the arena of a column of the row; NULL: no memory. */
static const char *copy(sl_arena *arena, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    if (!text)
        return sqlite3_column_type(row, column) == SQLITE_NULL ? sl_arena_copy(arena, "", 0) : NULL;
    return sl_arena_copy(arena, text, strlen(text));
}

static int contains(const char *type, const char *word)
{
    size_t size = strlen(word);
    for (; *type; type++)
        if (sqlite3_strnicmp(type, word, (int)size) == 0)
            return 1;
    return 0;
}

uint32_t sl_table_affinity(const char *type, int32_t strict)
{
    if (strict && sqlite3_stricmp(type, "ANY") == 0)
        return SL_AFFINITY_NONE;
    if (contains(type, "INT"))
        return SL_AFFINITY_INTEGER;
    if (contains(type, "CHAR") || contains(type, "CLOB") || contains(type, "TEXT"))
        return SL_AFFINITY_TEXT;
    if (!*type || contains(type, "BLOB"))
        return SL_AFFINITY_NONE;
    if (contains(type, "REAL") || contains(type, "FLOA") || contains(type, "DOUB"))
        return SL_AFFINITY_REAL;
    return SL_AFFINITY_NUMERIC;
}

int32_t sl_table_find(const sl_table *table, const char *column)
{
    for (uint32_t i = 0; i < table->columns_count; i++)
        if (sqlite3_stricmp(table->columns[i].name, column) == 0)
            return (int32_t)i;
    return -1;
}

/* Prepares a query about `name`, bound to its first parameter. */
static int ask(sl_sqlite *db, const char *sql, const char *name, sqlite3_stmt **statement)
{
    int rc = sl_sqlite_prepare(db, sqlite3_mprintf("%s", sql), statement);
    if (rc == SQLITE_OK && name)
        rc = sqlite3_bind_text(*statement, 1, name, -1, SQLITE_STATIC);
    return rc;
}

/* A step of one of our own statements: the authorizer does not look. */
static int step(sl_sqlite *db, sqlite3_stmt *statement)
{
    int32_t before = db->trusted;
    db->trusted = 1;
    int rc = sqlite3_step(statement);
    db->trusted = before;
    return rc;
}

/* Ends a query: the step's rc counts, or `failed` when memory ran out on the way. */
static int finish(sqlite3_stmt *statement, int rc, int failed)
{
    sqlite3_finalize(statement);
    return failed ? SQLITE_NOMEM : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int look_kind(sl_sqlite *db, sl_arena *arena, const char *name, sl_table *table)
{
    sqlite3_stmt *row;
    int failed = 0;
    int rc = ask(db,
                 "SELECT name, type, wr, strict FROM pragma_table_list(?1)"
                 " WHERE schema = 'main' AND name = ?1 COLLATE NOCASE",
                 name, &row);
    if (rc == SQLITE_OK)
        rc = step(db, row);
    if (rc == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(row, 1);
        table->name = copy(arena, row, 0);
        failed = !table->name || !type;
        if (type)
            table->kind = strcmp(type, "view") == 0      ? SL_TABLE_VIEW
                          : strcmp(type, "virtual") == 0 ? SL_TABLE_VIRTUAL
                          : strcmp(type, "shadow") == 0  ? SL_TABLE_SHADOW
                                                         : SL_TABLE_PLAIN;
        table->without_rowid = sqlite3_column_int(row, 2);
        table->strict = sqlite3_column_int(row, 3);
        rc = SQLITE_DONE;
    }
    return finish(row, rc, failed);
}

static int count_columns(sl_sqlite *db, sl_arena *arena, sl_table *table)
{
    sqlite3_stmt *row;
    int rc = ask(db, "SELECT count(*) FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1",
                 table->name, &row);
    if (rc == SQLITE_OK)
        rc = step(db, row);
    uint32_t count = rc == SQLITE_ROW ? (uint32_t)sqlite3_column_int(row, 0) : 0;
    table->columns = sl_arena_take(arena, (count + 1) * sizeof *table->columns);
    table->columns_count = count;
    return finish(row, rc == SQLITE_ROW ? SQLITE_DONE : rc, !table->columns);
}

static int look_columns(sl_sqlite *db, sl_arena *arena, sl_table *table)
{
    sqlite3_stmt *row;
    uint32_t count = 0;
    int failed = 0;
    int rc = ask(db,
                 "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden"
                 " FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid",
                 table->name, &row);
    if (rc == SQLITE_OK)
        rc = step(db, row);
    for (; rc == SQLITE_ROW && count < table->columns_count && !failed; rc = step(db, row)) {
        sl_table_column *column = &table->columns[count++];
        *column = (sl_table_column){
            .name = copy(arena, row, 0),
            .type = copy(arena, row, 1),
            .not_null = sqlite3_column_int(row, 2),
            .has_default = sqlite3_column_int(row, 3),
            .primary = sqlite3_column_int(row, 4),
            .generated = sqlite3_column_int(row, 5) != 0,
        };
        failed = !column->name || !column->type;
        if (!failed)
            column->affinity = sl_table_affinity(column->type, table->strict);
    }
    table->columns_count = count;
    return finish(row, rc, failed);
}

/* Adds one column to the key of index number `index`; keys come one after the other. */
static int add_to_key(sl_arena *arena, sl_table *table, sqlite3_stmt *row, int *last)
{
    int index = sqlite3_column_int(row, 0);
    const char *origin = (const char *)sqlite3_column_text(row, 1);
    const char *name = (const char *)sqlite3_column_text(row, 2);
    if (!origin)
        return -1;
    if (index != *last) {
        sl_table_key *key = &table->keys[table->keys_count++];
        key->columns = sl_arena_take(arena, table->columns_count * sizeof *key->columns);
        key->collations = sl_arena_take(arena, table->columns_count * sizeof *key->collations);
        key->descending = sl_arena_take(arena, table->columns_count * sizeof *key->descending);
        key->primary = strcmp(origin, "pk") == 0;
        *last = index;
        if (!key->columns || !key->collations || !key->descending)
            return -1;
    }
    sl_table_key *key = &table->keys[table->keys_count - 1];
    int32_t column = name ? sl_table_find(table, name) : -1;
    if (column < 0 || key->count == table->columns_count) {
        key->count = UINT32_MAX; /* over an expression: no key for us */
        return 0;
    }
    if (key->count == UINT32_MAX)
        return 0;
    key->columns[key->count] = (uint32_t)column;
    key->collations[key->count] = copy(arena, row, 3);
    key->descending[key->count] = sqlite3_column_int(row, 4);
    return key->collations[key->count++] ? 0 : -1;
}

static void drop_expressions(sl_table *table)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->keys_count; i++)
        if (table->keys[i].count != UINT32_MAX)
            table->keys[kept++] = table->keys[i];
    table->keys_count = kept;
}

static int look_keys(sl_sqlite *db, sl_arena *arena, sl_table *table)
{
    sqlite3_stmt *row;
    int failed = 0, last = -1;
    int rc = ask(db, "SELECT count(*) FROM pragma_index_list(?1, 'main')", table->name, &row);
    if (rc == SQLITE_OK)
        rc = step(db, row);
    size_t room = rc == SQLITE_ROW ? (size_t)sqlite3_column_int(row, 0) : 0;
    table->keys = sl_arena_take(arena, (room + 1) * sizeof *table->keys);
    rc = finish(row, rc == SQLITE_ROW ? SQLITE_DONE : rc, !table->keys);
    if (rc != SQLITE_OK)
        return rc;
    rc = ask(db,
             "SELECT l.seq, l.origin, x.name, x.coll, x.\"desc\" FROM pragma_index_list(?1, "
             "'main') AS l,"
             " pragma_index_xinfo(l.name, 'main') AS x"
             " WHERE l.\"unique\" AND NOT l.partial AND x.key ORDER BY l.seq, x.seqno",
             table->name, &row);
    if (rc == SQLITE_OK)
        rc = step(db, row);
    for (; rc == SQLITE_ROW && !failed; rc = step(db, row))
        failed = table->keys_count > room || add_to_key(arena, table, row, &last) < 0;
    rc = finish(row, rc, failed);
    drop_expressions(table);
    return rc;
}

/* INTEGER PRIMARY KEY: the one primary key that needs no index, because it is the rowid. */
static void find_alias(sl_table *table)
{
    uint32_t primary = 0;
    table->alias = -1;
    for (uint32_t i = 0; i < table->keys_count; i++)
        primary += (uint32_t)table->keys[i].primary;
    if (primary > 0 || table->without_rowid || table->kind != SL_TABLE_PLAIN)
        return;
    for (uint32_t i = 0; i < table->columns_count; i++)
        if (table->columns[i].primary)
            table->alias = (int32_t)i;
}

sl_status sl_table_look(sl_sqlite *db, sl_arena *arena, const char *name, sl_table *table)
{
    *table = (sl_table){.alias = -1};
    int rc = look_kind(db, arena, name, table);
    if (rc == SQLITE_OK && table->kind != SL_TABLE_NONE) {
        rc = count_columns(db, arena, table);
        if (rc == SQLITE_OK)
            rc = look_columns(db, arena, table);
        if (rc == SQLITE_OK)
            rc = look_keys(db, arena, table);
        if (rc == SQLITE_OK)
            find_alias(table);
    }
    return sl_sqlite_status(db, rc, "read the schema of");
}

const char *sl_table_nearest(sl_sqlite *db, sl_arena *arena, const char *name)
{
    const char *names[NAMES];
    size_t count = 0;
    sqlite3_stmt *row;
    int rc = ask(db,
                 "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view')"
                 " AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
                 NULL, &row);
    while (rc == SQLITE_OK && count < NAMES && step(db, row) == SQLITE_ROW) {
        names[count] = copy(arena, row, 0);
        if (!names[count++])
            break;
    }
    sqlite3_finalize(row);
    if (count > 0 && !names[count - 1])
        return NULL;
    return sl_value_nearest(name, names, count);
}

/*
 * sqlite_source.c - columns, key and way of paging of an sqlite reader; see sqlite_source.h.
 */
#include "stages/sqlite_source.h"

#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"
#include "stages/sqlite_way.h"

typedef struct plan { /* what the functions here hand to each other */
    sl_page *page;
    sl_sqlite *db;
    sl_stage *stage;
    sl_arena *arena;
    const sl_source_request *request;
    sl_column *columns;
    uint32_t count;
    const char **collations; /* of each column, where it is known; NULL: not */
    sl_table table;          /* of `table`; of a query: zeroed */
    sl_source_key key;
} plan;

static int same(const char *a, const char *b)
{
    return sqlite3_stricmp(a, b) == 0;
}

static const sl_value *option(const plan *p, const char *name)
{
    return p->stage->host->option(p->stage, name);
}

static sl_status mistake(const plan *p, const sl_value *value, const char *hint, const char *what,
                         const char *name)
{
    return sl_fail_at(p->stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = value,
                               .byte = name && name == value->key ? -1 : 0, .hint = hint),
                      what, name);
}

/* SQL that SQLite's printf made, moved into the arena; NULL: no memory. */
static const char *keep(const plan *p, char *made)
{
    const char *kept = made ? sl_arena_copy(p->arena, made, strlen(made)) : NULL;
    sqlite3_free(made);
    return kept;
}

/* ---- Columns ---------------------------------------------------------------------------- */

/* The declared type by SQLite's affinity rules: values are typed by themselves anyway. */
static void set_type(sl_column *column, const char *declared, int32_t strict)
{
    column->type = SL_TYPE_ANY;
    if (!declared || !*declared || (strict && same(declared, "ANY")))
        return;
    column->flags = SL_COLUMN_DECLARED;
    switch (sl_table_affinity(declared, strict)) {
    case SL_AFFINITY_INTEGER:
        column->type = SL_TYPE_INTEGER;
        break;
    case SL_AFFINITY_REAL:
        column->type = SL_TYPE_REAL;
        break;
    case SL_AFFINITY_TEXT:
        column->type = SL_TYPE_TEXT;
        break;
    case SL_AFFINITY_NUMERIC:
        column->type = SL_TYPE_NUMERIC;
        break;
    default:
        column->type = SL_TYPE_BLOB;
        break;
    }
}

static int32_t find(const plan *p, const char *name, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (same(p->columns[i].name, name))
            return (int32_t)i;
    return -1;
}

/* A name that no column before has: total, total_2 ...; one without a name is column_1 ... */
static sl_status set_name(const plan *p, uint32_t index, const char *name)
{
    const char *base = *name ? name : sl_arena_format(p->arena, "column_%u", index + 1);
    const char *made = base;
    for (uint32_t n = 2; made && find(p, made, index) >= 0; n++)
        made = sl_arena_format(p->arena, "%s_%u", base, n);
    if (!made)
        return sl_no_memory(p->stage);
    p->columns[index].name = made;
    return SL_OK;
}

static sl_status make_columns(plan *p, uint32_t count)
{
    p->columns = sl_arena_take(p->arena, (count + 1) * sizeof *p->columns);
    p->collations = sl_arena_take(p->arena, (count + 1) * sizeof *p->collations);
    p->count = count;
    return p->columns && p->collations ? SL_OK : sl_no_memory(p->stage);
}

/* The collation of a table's column, as the arena's; NULL: not known, or no memory. */
static const char *collation(const plan *p, const char *table, const char *column)
{
    const char *name = NULL;
    if (sqlite3_table_column_metadata(p->db->handle, "main", table, column, NULL, &name, NULL, NULL,
                                      NULL) != SQLITE_OK)
        return NULL;
    return name ? sl_arena_copy(p->arena, name, strlen(name)) : NULL;
}

static sl_status apply_types(const plan *p)
{
    const sl_value *types = p->request->types;
    sl_status status = SL_OK;
    for (uint32_t i = 0; types && i < types->count; i++) {
        const sl_value *item = sl_item(types, i);
        int32_t column = find(p, item->key, p->count);
        int32_t type = item->text ? sl_type_named(item->text) : -1;
        if (column < 0) {
            status = mistake(p, item, "`columns` gives types to columns of the table or query",
                             "no such column '%s'", item->key);
        } else if (type < 0) {
            status = mistake(p, item, "integer, real, text, blob, boolean, json, numeric or any",
                             "no such type '%s'", item->text ? item->text : "");
        } else {
            p->columns[column].type = (sl_type)type;
            p->columns[column].flags = SL_COLUMN_DECLARED;
            if (type == SL_TYPE_INTEGER || type == SL_TYPE_REAL || type == SL_TYPE_NUMERIC ||
                type == SL_TYPE_BOOLEAN)
                p->columns[column].flags |= SL_COLUMN_FACES;
        }
    }
    return status;
}

/* ---- A table ---------------------------------------------------------------------------- */

static sl_status look_table(plan *p)
{
    const char *name = p->request->table;
    sl_status status = sl_table_look(p->db, p->arena, name, &p->table);
    if (status != SL_OK)
        return status;
    if (p->table.kind == SL_TABLE_NONE || p->table.columns_count == 0) {
        const char *nearest = sl_table_nearest(p->db, p->arena, name);
        const char *hint =
            nearest ? sl_arena_format(p->arena, "did you mean '%s'?", nearest) : NULL;
        return mistake(p, option(p, "table"), hint, "no such table '%s'", name);
    }
    if (make_columns(p, p->table.columns_count) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < p->count; i++) {
        const sl_table_column *from = &p->table.columns[i];
        if (set_name(p, i, from->name) != SL_OK)
            return SL_ERROR;
        set_type(&p->columns[i], from->type, p->table.strict);
        p->columns[i].origin = p->db->path;
        if (p->table.kind == SL_TABLE_PLAIN)
            p->collations[i] = collation(p, p->table.name, from->name);
    }
    p->page->from = keep(p, sqlite3_mprintf("main.\"%w\"", p->table.name));
    return p->page->from ? SL_OK : sl_no_memory(p->stage);
}

/* "a", "b" and the rowid where it is the key: what stands between SELECT and FROM. */
static sl_status select_columns(const plan *p)
{
    sqlite3_str *sql = sqlite3_str_new(p->db->handle);
    for (uint32_t i = 0; i < p->count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i ? ", " : "", p->table.columns[i].name);
    if (sl_page_is_keyed(p->page) && p->page->key[0].rowid)
        sqlite3_str_appendf(sql, ", %s", p->page->key[0].name);
    p->page->given_columns = p->count;
    int failed = sqlite3_str_errcode(sql) != SQLITE_OK;
    p->page->select = keep(p, sqlite3_str_finish(sql));
    return failed || !p->page->select ? sl_no_memory(p->stage) : SL_OK;
}

/* A name of the rowid that no column hides; NULL: none. */
static const char *rowid_name(const sl_table *table)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sl_table_find(table, names[i]) < 0)
            return names[i];
    return NULL;
}

static int32_t is_never_null(const sl_table *table, uint32_t index)
{
    const sl_table_column *column = &table->columns[index];
    return column->not_null || (int32_t)index == table->alias ||
           (column->primary && table->without_rowid);
}

static int32_t is_usable(const sl_table *table, const sl_table_key *key)
{
    for (uint32_t i = 0; i < key->count; i++)
        if (!is_never_null(table, key->columns[i]))
            return 0;
    return key->count > 0;
}

/* Whether all parts of an index run the same way: then it is walked backwards where it runs down.
 */
static int32_t is_uniform(const sl_table_key *index)
{
    for (uint32_t i = 1; i < index->count; i++)
        if (index->descending[i] != index->descending[0])
            return 0;
    return 1;
}

/* "primary key (a, b)" */
static const char *call_key(const plan *p, const char *what)
{
    sqlite3_str *text = sqlite3_str_new(p->db->handle);
    sqlite3_str_appendf(text, "%s (", what);
    for (uint32_t i = 0; i < p->page->key_count; i++)
        sqlite3_str_appendf(text, "%s%s", i ? ", " : "", p->page->key[i].name);
    sqlite3_str_appendall(text, ")");
    return keep(p, sqlite3_str_finish(text));
}

static sl_status use_index(plan *p, const sl_table_key *index)
{
    sl_page *page = p->page;
    page->key = sl_arena_take(p->arena, index->count * sizeof *page->key);
    if (!page->key)
        return sl_no_memory(p->stage);
    for (uint32_t i = 0; i < index->count; i++) {
        uint32_t column = index->columns[i];
        const char *own = p->collations[column];
        page->key[i] = (sl_page_key){
            .name = p->table.columns[column].name,
            .collate = own && same(own, index->collations[i]) ? NULL : index->collations[i],
            .index = column,
            .descending = index->descending[i] && !is_uniform(index),
        };
    }
    page->key_count = index->count;
    page->key_known = 1;
    p->key.words = call_key(p, index->primary ? "primary key" : "unique index");
    return p->key.words ? SL_OK : sl_no_memory(p->stage);
}

static sl_status use_one(plan *p, const char *name, uint32_t index, int32_t rowid)
{
    p->page->key = sl_arena_take(p->arena, sizeof *p->page->key);
    if (!p->page->key)
        return sl_no_memory(p->stage);
    *p->page->key = (sl_page_key){.name = name, .index = index, .rowid = rowid};
    p->page->key_count = 1;
    p->page->key_known = 1;
    p->key.words = rowid ? "rowid" : sl_arena_format(p->arena, "INTEGER PRIMARY KEY %s", name);
    return p->key.words ? SL_OK : sl_no_memory(p->stage);
}

/* The rowid where there is one; else the primary key; else a unique index without NULLs. */
static sl_status choose_key(plan *p)
{
    const sl_table *table = &p->table;
    if (table->kind != SL_TABLE_PLAIN && table->kind != SL_TABLE_SHADOW)
        return SL_OK;
    if (table->alias >= 0)
        return use_one(p, table->columns[table->alias].name, (uint32_t)table->alias, 0);
    const char *rowid = table->without_rowid ? NULL : rowid_name(table);
    if (rowid)
        return use_one(p, rowid, p->count, 1);
    for (int32_t primary = 1; primary >= 0; primary--)
        for (uint32_t i = 0; i < table->keys_count; i++)
            if (table->keys[i].primary == primary && is_usable(table, &table->keys[i]))
                return use_index(p, &table->keys[i]);
    return SL_OK;
}

/* ---- A query ---------------------------------------------------------------------------- */

static sl_status query_failed(const plan *p, int rc)
{
    if (rc != SQLITE_ERROR && rc != SQLITE_AUTH)
        return sl_sqlite_status(p->db, rc, "read");
    int at = sqlite3_error_offset(p->db->handle);
    const char *hint =
        rc == SQLITE_AUTH ? "a query may only read: SELECT, and functions without effects" : NULL;
    return sl_fail_at(p->stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = option(p, "query"),
                               .byte = at > 0 ? at : 0, .hint = hint),
                      "%s", sqlite3_errmsg(p->db->handle));
}

/* The query's own text, without what ends it; it must be one SELECT. */
static sl_status check_query(const plan *p, sqlite3_stmt *statement, const char *tail)
{
    const char *query = p->request->query;
    const sl_value *value = option(p, "query");
    sqlite3_stmt *second = NULL;
    int rc = sqlite3_prepare_v2(p->db->handle, tail, -1, &second, NULL);
    sqlite3_finalize(second);
    if (rc != SQLITE_OK || second)
        return sl_fail_at(p->stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = value, .byte = tail - query),
                          "a query is one statement");
    if (!statement || sqlite3_column_count(statement) == 0 || !sqlite3_stmt_readonly(statement) ||
        sqlite3_stmt_isexplain(statement))
        return mistake(p, value, NULL, "a query is a %s", "SELECT");
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i);
        if (name && *name == '@')
            return mistake(p, value, "write :name, a param of the graph", "no such param '%s'",
                           name);
    }
    size_t size = (size_t)(tail - query);
    while (size > 0 && strchr(" \t\r\n;", query[size - 1]))
        size--;
    p->page->from = sl_arena_copy(p->arena, query, size);
    if (!p->page->from)
        return sl_no_memory(p->stage);
    return sl_sqlite_bind_params(p->db, statement, value);
}

static sl_status look_result(plan *p, sqlite3_stmt *statement)
{
    if (make_columns(p, (uint32_t)sqlite3_column_count(statement)) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < p->count; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        const char *copy = name ? sl_arena_copy(p->arena, name, strlen(name)) : NULL;
        if (!copy)
            return sl_no_memory(p->stage);
        if (set_name(p, i, copy) != SL_OK)
            return SL_ERROR;
        set_type(&p->columns[i], sqlite3_column_decltype(statement, (int)i), 0);
        p->columns[i].origin = p->db->path;
        const char *table = sqlite3_column_table_name(statement, (int)i);
        const char *column = sqlite3_column_origin_name(statement, (int)i);
        if (table && column)
            p->collations[i] = collation(p, table, column);
    }
    return SL_OK;
}

static sl_status look_query(plan *p)
{
    sqlite3_stmt *statement = NULL;
    const char *tail = "";
    int rc = sqlite3_prepare_v2(p->db->handle, p->request->query, -1, &statement, &tail);
    sl_status status = rc == SQLITE_OK ? check_query(p, statement, tail) : query_failed(p, rc);
    if (status == SL_OK)
        status = look_result(p, statement);
    sqlite3_finalize(statement);
    return status;
}

/* A page of a query is a page of a subquery; a cursor without a key is the query itself. */
static sl_status wrap_query(const plan *p)
{
    p->page->given_columns = p->count;
    if (p->page->mode == SL_PAGE_CURSOR && p->page->key_count == 0)
        return SL_OK;
    p->page->select = "*";
    p->page->from = sl_arena_format(p->arena, "(%s\n)", p->page->from);
    return p->page->from ? SL_OK : sl_no_memory(p->stage);
}

/* ---- The key that was written ----------------------------------------------------------- */

static int32_t in_key(const sl_page *page, uint32_t column)
{
    for (uint32_t i = 0; i < page->key_count; i++)
        if (page->key[i].index == column)
            return 1;
    return 0;
}

/* Whether an index of the table makes the written key unique and not NULL. */
static int32_t is_known(const plan *p)
{
    const sl_table *table = &p->table;
    if (table->alias >= 0 && p->page->key_count == 1 && in_key(p->page, (uint32_t)table->alias))
        return 1;
    for (uint32_t i = 0; i < table->keys_count; i++) {
        const sl_table_key *key = &table->keys[i];
        int32_t covered = is_usable(table, key);
        for (uint32_t c = 0; covered && c < key->count; c++) {
            const char *own = p->collations[key->columns[c]];
            covered = in_key(p->page, key->columns[c]) && own && same(own, key->collations[c]);
        }
        for (uint32_t c = 0; covered && c < p->page->key_count; c++)
            covered = is_never_null(table, p->page->key[c].index);
        if (covered)
            return 1;
    }
    return 0;
}

static sl_status read_key(plan *p)
{
    const sl_value *written = p->request->key;
    sl_page *page = p->page;
    page->key = sl_arena_take(p->arena, (written->count + 1) * sizeof *page->key);
    if (!page->key)
        return sl_no_memory(p->stage);
    for (uint32_t i = 0; i < written->count; i++) {
        const sl_value *item = sl_item(written, i);
        int32_t column = item->text ? find(p, item->text, p->count) : -1;
        if (column < 0)
            return mistake(p, item,
                           "a key is made of columns that the reader gives: add it to the SELECT",
                           "no such column '%s'", item->text ? item->text : "");
        page->key[page->key_count++] =
            (sl_page_key){.name = p->columns[column].name, .index = (uint32_t)column};
    }
    page->key_known = is_known(p);
    for (uint32_t i = 0; i < page->key_count && !page->key_known; i++) {
        const char *own = p->collations[page->key[i].index];
        page->key[i].collate = own && same(own, "BINARY") ? NULL : "BINARY";
    }
    p->key.written = 1;
    p->key.words = call_key(p, "key");
    return p->key.words ? SL_OK : sl_no_memory(p->stage);
}

sl_status sl_source_plan(sl_page *page, sl_arena *arena, const sl_source_request *request,
                         const sl_column **columns, uint32_t *count)
{
    plan made = {
        .page = page, .db = page->db, .stage = page->db->stage, .arena = arena, .request = request};
    plan *p = &made;
    p->table.alias = -1;
    page->value = option(p, request->table ? "table" : "query");
    sl_status status = request->table ? look_table(p) : look_query(p);
    if (status == SL_OK)
        status = apply_types(p);
    if (status == SL_OK && request->key)
        status = read_key(p);
    else if (status == SL_OK && request->table)
        status = choose_key(p);
    if (status == SL_OK)
        status = sl_way_choose(page, request, &p->key);
    if (status == SL_OK)
        status = request->table ? select_columns(p) : wrap_query(p);
    if (status == SL_OK)
        status = sl_way_say(page, arena, request, &p->key, p->columns);
    if (status != SL_OK)
        return status;
    *columns = p->columns;
    *count = p->count;
    return sl_page_open(page, arena);
}

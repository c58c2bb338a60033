/*
 * sqlite_page.c - the SQL of a page, its steps and its end; see sqlite_page.h.
 *
 * Deliberately elsewhere: positions as JSON (sqlite_place.c).
 */
#include "stages/sqlite_page.h"

#include <string.h>

#include "stages/sqlite_place.h"

/* ---- SQL -------------------------------------------------------------------------------- */

static void add_part(sqlite3_str *sql, const sl_page_key *part)
{
    sqlite3_str_appendf(sql, part->rowid ? "%s" : "\"%w\"", part->name);
    if (part->collate)
        sqlite3_str_appendf(sql, " COLLATE \"%w\"", part->collate);
}

static void add_key(sqlite3_str *sql, const sl_page *page)
{
    for (uint32_t i = 0; i < page->key_count; i++) {
        sqlite3_str_appendall(sql, i ? ", " : "");
        add_part(sql, &page->key[i]);
    }
}

char *sl_page_sql(const sl_page *page, int32_t later)
{
    sqlite3_str *sql = sqlite3_str_new(page->db->handle);
    if (page->select)
        sqlite3_str_appendf(sql, "SELECT %s FROM ", page->select);
    sqlite3_str_appendall(sql, page->from);
    if (page->mode == SL_PAGE_KEYSET && later) {
        sqlite3_str_appendall(sql, page->key_count > 1 ? " WHERE (" : " WHERE ");
        add_key(sql, page);
        sqlite3_str_appendall(sql, page->key_count > 1 ? ") > (" : " > ");
        for (uint32_t i = 0; i < page->key_count; i++)
            sqlite3_str_appendf(sql, "%s@key%u", i ? ", " : "", i);
        sqlite3_str_appendall(sql, page->key_count > 1 ? ")" : "");
    }
    if (page->key_count > 0 && page->mode != SL_PAGE_CURSOR) {
        sqlite3_str_appendall(sql, " ORDER BY ");
        add_key(sql, page);
    }
    if (page->mode != SL_PAGE_CURSOR)
        sqlite3_str_appendall(sql, " LIMIT @rows");
    if (page->mode == SL_PAGE_OFFSET)
        sqlite3_str_appendall(sql, " OFFSET @offset");
    int failed = sqlite3_str_errcode(sql) != SQLITE_OK;
    char *made = sqlite3_str_finish(sql);
    if (failed) {
        sqlite3_free(made);
        return NULL;
    }
    return made;
}

/* ---- Making ----------------------------------------------------------------------------- */

sl_status sl_page_open(sl_page *page, sl_arena *arena)
{
    page->last = sl_arena_take(arena, (page->key_count + 1) * sizeof *page->last);
    page->bytes = sl_arena_take(arena, (page->key_count + 1) * sizeof *page->bytes);
    page->room = sl_arena_take(arena, (page->key_count + 1) * sizeof *page->room);
    page->names = sl_arena_take(arena, (page->columns_count + 1) * sizeof *page->names);
    if (!page->last || !page->bytes || !page->room || !page->names)
        return sl_no_memory(page->db->stage);
    char *sql = sl_page_sql(page, 0);
    sqlite3_stmt *statement;
    int rc = sql ? sqlite3_prepare_v2(page->db->handle, sql, -1, &statement, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        return sl_sqlite_status(page->db, rc, "read");
    page->columns_count = (uint32_t)sqlite3_column_count(statement);
    for (uint32_t i = 0; i < page->columns_count; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        page->names[i] = name ? sl_arena_copy(arena, name, strlen(name)) : NULL;
        if (!page->names[i]) {
            sqlite3_finalize(statement);
            return sl_no_memory(page->db->stage);
        }
    }
    sqlite3_finalize(statement);
    return SL_OK;
}

void sl_page_close(sl_page *page)
{
    if (!page->db)
        return;
    sqlite3_finalize(page->statement);
    sqlite3_finalize(page->version_statement);
    page->statement = page->version_statement = NULL;
    for (uint32_t i = 0; page->bytes && i < page->key_count; i++) {
        page->db->stage->host->allocate(page->db->stage, page->bytes[i], 0);
        page->bytes[i] = NULL;
    }
}

/* ---- Beginning a page ------------------------------------------------------------------- */

static sl_status prepare(sl_page *page)
{
    int32_t later = page->has_last;
    if (page->statement && page->later == later)
        return SL_OK;
    sqlite3_finalize(page->statement);
    page->statement = NULL;
    page->reprepared = 0;
    char *sql = sl_page_sql(page, later);
    int rc = sql ? sqlite3_prepare_v3(page->db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &page->statement, NULL)
                 : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        return sl_sqlite_status(page->db, rc, "read");
    page->later = later;
    return sl_sqlite_bind_params(page->db, page->statement, page->value);
}

static int bind_integer(sqlite3_stmt *statement, const char *name, int64_t value)
{
    int index = sqlite3_bind_parameter_index(statement, name);
    return index ? sqlite3_bind_int64(statement, index, value) : SQLITE_OK;
}

static sl_status bind(sl_page *page, uint32_t rows)
{
    /* One row more than is given: so a tie across the end of a page is seen. */
    int64_t more = page->mode == SL_PAGE_KEYSET && !page->key_known;
    int rc = bind_integer(page->statement, "@rows", (int64_t)rows + more);
    if (rc == SQLITE_OK)
        rc = bind_integer(page->statement, "@offset", page->row);
    for (uint32_t i = 0; rc == SQLITE_OK && page->later && i < page->key_count; i++) {
        char name[24];
        sqlite3_snprintf(sizeof name, name, "@key%u", i);
        int index = sqlite3_bind_parameter_index(page->statement, name);
        if (index)
            rc = sl_sqlite_bind(page->statement, index, &page->last[i]);
    }
    return sl_sqlite_status(page->db, rc, "read");
}

static sl_status fail_changed(sl_page *page)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .row = page->row + 1,
                               .value = page->db->stage->host->option(page->db->stage, "page"),
                               .hint = "rows would be skipped or repeated: name a unique `key` for "
                                       "`page: keyset`, or use `page: cursor`, and run again"),
                      "'%s' was changed while `page: offset` read it", page->db->path);
}

/* In a read transaction of the page's own: nobody has committed since the first page. */
static sl_status guard(sl_page *page)
{
    sl_sqlite *db = page->db;
    int rc = SQLITE_OK;
    if (sqlite3_get_autocommit(db->handle))
        rc = sl_sqlite_run(db, "BEGIN");
    if (rc == SQLITE_OK && !page->version_statement)
        rc = sl_sqlite_prepare(db, sqlite3_mprintf("PRAGMA main.data_version"),
                               &page->version_statement);
    if (rc != SQLITE_OK)
        return sl_sqlite_status(db, rc, "read");
    rc = sqlite3_step(page->version_statement);
    int64_t version = rc == SQLITE_ROW ? sqlite3_column_int64(page->version_statement, 0) : 0;
    sqlite3_reset(page->version_statement);
    if (rc != SQLITE_ROW)
        return sl_sqlite_status(db, rc, "read");
    if (page->version != 0 && page->version != version)
        return fail_changed(page);
    page->version = version;
    return SL_OK;
}

/* After a resume: the row before the first one is the one that was read last. */
static sl_status check_boundary(sl_page *page)
{
    int64_t row = page->row;
    uint64_t expected = page->expected;
    page->expected = 0;
    if (page->mode == SL_PAGE_OFFSET) {
        page->row = row - 1;
        sl_status status = bind(page, 1);
        page->row = row;
        if (status != SL_OK)
            return status;
    }
    int rc = SQLITE_ROW;
    int64_t steps = page->mode == SL_PAGE_OFFSET ? 1 : row;
    for (int64_t i = 0; i < steps && rc == SQLITE_ROW; i++)
        rc = sqlite3_step(page->statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        sl_status status = rc == SQLITE_INTERRUPT ? sl_sqlite_wait(page->db)
                                                  : sl_sqlite_status(page->db, rc, "read");
        sqlite3_reset(page->statement);
        page->expected = expected;
        return status;
    }
    int32_t same =
        rc == SQLITE_ROW && sl_place_print(page->statement, page->columns_count) == expected;
    if (page->mode == SL_PAGE_OFFSET)
        sqlite3_reset(page->statement);
    if (same)
        return SL_OK;
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .row = row, .value = page->value,
                               .hint = "read it from the start again (--fresh), or name a unique "
                                       "`key`, by which a changed source is read on safely"),
                      "row %lld of '%s' is not the row that was read last", (long long)row,
                      page->db->path);
}

sl_status sl_page_begin(sl_page *page, uint32_t rows)
{
    page->left = rows;
    page->fresh = 1;
    if (page->lost)
        return sl_sqlite_fail(page->db, SQLITE_INTERRUPT, "read");
    if (page->standing)
        return SL_OK;
    sl_status status = page->mode == SL_PAGE_OFFSET ? guard(page) : SL_OK;
    if (status == SL_OK)
        status = prepare(page);
    if (status == SL_OK && page->expected)
        status = check_boundary(page);
    if (status == SL_OK && page->mode != SL_PAGE_CURSOR)
        status = bind(page, rows);
    return status;
}

/* ---- Steps ------------------------------------------------------------------------------ */

static sl_status interrupted(sl_page *page)
{
    page->lost = page->mode == SL_PAGE_CURSOR && page->row > 0;
    page->db->stage->host->wake_after(page->db->stage, 1000);
    return SL_PENDING;
}

/* SQLite compiled the statement anew, for the schema has changed: still the same columns? */
static sl_status check_columns(sl_page *page)
{
    int count = sqlite3_stmt_status(page->statement, SQLITE_STMTSTATUS_REPREPARE, 0);
    if (count == page->reprepared)
        return SL_OK;
    page->reprepared = count;
    int32_t same = sqlite3_column_count(page->statement) == (int)page->columns_count;
    for (uint32_t i = 0; same && i < page->columns_count; i++) {
        const char *name = sqlite3_column_name(page->statement, (int)i);
        same = name && strcmp(name, page->names[i]) == 0;
    }
    if (same)
        return SL_OK;
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .row = page->row + 1, .value = page->value,
                               .hint = "name the columns one by one in `query`, or run again"),
                      "the columns changed while '%s' was read", page->db->path);
}

static sl_status fail_key(sl_page *page, uint32_t part, const char *what)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .row = page->row + 1,
                               .value = page->db->stage->host->option(page->db->stage, "key"),
                               .hint = "rows would be skipped: add columns to `key` until each "
                                       "row has its own, or use `page: cursor`"),
                      "the key column '%s' %s", page->key[part].name, what);
}

/* A key that no index vouches for: not NULL, not the one of the row before. */
static sl_status check_key(sl_page *page)
{
    int32_t tie = page->has_last;
    for (uint32_t i = 0; i < page->key_count; i++) {
        int column = (int)page->key[i].index;
        if (sqlite3_column_type(page->statement, column) == SQLITE_NULL)
            return fail_key(page, i, "is NULL");
        tie = tie && sl_place_same(&page->last[i], page->statement, column);
    }
    return tie ? fail_key(page, page->key_count - 1, "has the same value in two rows") : SL_OK;
}

sl_status sl_page_step(sl_page *page)
{
    if (!page->standing) {
        int rc = sqlite3_step(page->statement);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE)
            sl_sqlite_waited(page->db);
        if (rc == SQLITE_DONE)
            return SL_END;
        if (rc == SQLITE_INTERRUPT)
            return interrupted(page);
        if (rc != SQLITE_ROW)
            return sl_sqlite_status(page->db, rc, "read");
        page->standing = 1;
        if (page->fresh && check_columns(page) != SL_OK)
            return SL_ERROR;
        page->fresh = 0;
        if (page->mode == SL_PAGE_KEYSET && !page->key_known && check_key(page) != SL_OK)
            return SL_ERROR;
    }
    return page->left > 0 ? SL_OK : SL_END;
}

static sl_status remember(sl_page *page, uint32_t part)
{
    int column = (int)page->key[part].index;
    sl_cell *last = &page->last[part];
    sl_place_read(page->statement, column, last);
    if (last->kind != SL_TEXT && last->kind != SL_BLOB)
        return SL_OK;
    sl_stage *stage = page->db->stage;
    if (last->size > page->room[part] || !page->bytes[part]) {
        size_t room = (size_t)last->size + last->size / 2 + 64;
        char *bytes = stage->host->allocate(stage, page->bytes[part], room);
        if (!bytes)
            return sl_no_memory(stage);
        page->bytes[part] = bytes;
        page->room[part] = room;
    }
    if (last->size > 0) {
        if (!last->as.text)
            return sl_no_memory(stage);
        memcpy(page->bytes[part], last->as.text, last->size);
    }
    last->as.text = page->bytes[part];
    return SL_OK;
}

sl_status sl_page_took(sl_page *page, int32_t rejected)
{
    if (page->mode == SL_PAGE_KEYSET) {
        for (uint32_t i = 0; i < page->key_count; i++)
            if (remember(page, i) != SL_OK)
                return SL_ERROR;
        page->has_last = 1;
    }
    page->row++;
    page->left--;
    page->standing = 0;
    if (rejected && page->mode != SL_PAGE_KEYSET)
        page->print = sl_place_print(page->statement, page->columns_count);
    return SL_OK;
}

sl_status sl_page_end(sl_page *page, const sl_batch *batch)
{
    if (batch->rows > 0 && page->mode != SL_PAGE_KEYSET)
        page->print = sl_place_print_cells(batch, batch->rows - 1);
    if (page->mode == SL_PAGE_CURSOR && !page->lost)
        return SL_OK;
    page->standing = 0;
    sqlite3_reset(page->statement);
    if (page->mode != SL_PAGE_OFFSET || sqlite3_get_autocommit(page->db->handle))
        return SL_OK;
    int rc = sl_sqlite_run(page->db, "COMMIT");
    return rc == SQLITE_OK ? SL_OK : sl_sqlite_status(page->db, rc, "read");
}

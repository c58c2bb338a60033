/*
 * sqlite_proof.c - the same rows, or a stop that says so; see sqlite_proof.h.
 */
#include "stages/sqlite_proof.h"

#include <limits.h>
#include <string.h>

#include "stages/sqlite_page_sql.h"
#include "stages/sqlite_place.h"

/* ---- Which database --------------------------------------------------------------------- */

sl_status sl_proof_schema(sl_page *page, int64_t *schema)
{
    sl_sqlite *db = page->db;
    sqlite3_stmt *row;
    int32_t before = db->trusted;
    int rc = sl_sqlite_prepare(db, sqlite3_mprintf("PRAGMA main.schema_version"), &row);
    db->trusted = 1;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        *schema = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    db->trusted = before;
    return sl_sqlite_status(db, rc, "read");
}

sl_status sl_proof_source(sl_page *page, sl_arena *arena)
{
    sl_sqlite *db = page->db;
    const sl_env *env = db->stage->env;
    char path[PATH_MAX];
    sl_file_info info;
    if (env->stat(env->context, db->path, &info) == 0)
        page->source.inode = info.inode;
    if (env->resolve(env->context, db->path, path, sizeof path) >= 0) {
        page->source.path = sl_arena_copy(arena, path, strlen(path));
        if (!page->source.path)
            return sl_no_memory(db->stage);
    }
    return sl_proof_schema(page, &page->source.schema);
}

/* ---- With a key ------------------------------------------------------------------------- */

/* One step of "select FROM ... WHERE key compare @key", the query's params bound: ROW, DONE, or
 * what went wrong. */
static int ask(sl_page *page, const char *select, const char *compare, const sl_cell *key,
               sqlite3_stmt **row)
{
    *row = NULL;
    char *sql = sl_page_proof_sql(page, select, compare);
    int rc = sql ? sqlite3_prepare_v2(page->db->handle, sql, -1, row, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc == SQLITE_OK && sl_sqlite_bind_params(page->db, *row, page->value) != SL_OK)
        return SQLITE_ERROR;
    if (rc == SQLITE_OK)
        rc = sl_page_bind_key(page, *row, key);
    return rc == SQLITE_OK ? sqlite3_step(*row) : rc;
}

static sl_status finish(sl_page *page, sqlite3_stmt *row, int rc)
{
    sqlite3_finalize(row);
    return (rc & 0xff) == SQLITE_INTERRUPT ? sl_sqlite_wait(page->db)
                                           : sl_sqlite_status(page->db, rc, "read");
}

/* Whether the row is there, and as it was. */
static sl_status is_there(sl_page *page, const sl_page_row *taken, uint32_t columns, int32_t *there)
{
    sqlite3_stmt *row;
    int rc = ask(page, page->select, "=", taken->key, &row);
    *there = rc == SQLITE_ROW && columns <= page->given_columns &&
             sl_place_print(row, columns) == taken->print;
    return finish(page, row, rc);
}

/* Rows at or before the last key: whether there is one, or how many there are. */
static sl_status look_before(sl_page *page, const char *select, int64_t *rows)
{
    sqlite3_stmt *row;
    int rc = ask(page, select, "<=", page->last.key, &row);
    *rows = rc == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    return finish(page, row, rc);
}

static sl_status fail_changed(sl_page *page, const char *what, const char *hint)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = page->value, .hint = hint), what,
                      page->db->path);
}

/* The numbers of rows that declare none are those of before only as long as no row moved. */
static sl_status prove_rowids(sl_page *page, uint32_t columns)
{
    int32_t there;
    int64_t rows = 0;
    sl_status status = is_there(page, &page->last, columns, &there);
    if (status == SL_OK && there)
        status = look_before(page, "count(*)", &rows);
    if (status != SL_OK || (there && rows == page->row))
        return status;
    return fail_changed(page,
                        "'%s' has been changed or vacuumed since it was read last: its rows may "
                        "have other rowids now",
                        "read it from the start (--fresh), and declare an INTEGER PRIMARY KEY or "
                        "name a unique `key`, which VACUUM does not change");
}

static sl_status prove_key(sl_page *page, uint32_t columns)
{
    int32_t there;
    sl_status status = is_there(page, &page->last, columns, &there);
    if (status != SL_OK || there)
        return status;
    status = is_there(page, &page->first, columns, &there);
    if (status != SL_OK || there)
        return status;
    int64_t rows;
    status = look_before(page, "1", &rows);
    if (status != SL_OK || rows == 0)
        return status;
    return fail_changed(page,
                        "'%s' is not what was read before: the first and the last row that were "
                        "read are not there, or not as they were, but others are",
                        "read it from the start (--fresh): the table was made anew, or the file "
                        "is another one");
}

sl_status sl_proof_row(sl_page *page, uint32_t columns)
{
    int64_t schema;
    sl_status status = sl_proof_schema(page, &schema);
    if (status == SL_OK)
        status = page->key[0].rowid ? prove_rowids(page, columns) : prove_key(page, columns);
    if (status == SL_OK)
        page->source.schema = schema;
    return status;
}

/* ---- Without a key ---------------------------------------------------------------------- */

static sl_status fail_rows(sl_page *page, int64_t row)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .row = row, .value = page->value,
                               .hint = "read it from the start again (--fresh), or name a unique "
                                       "`key`, by which a changed source is read on safely"),
                      "the first %lld rows of '%s' are not those that were read before",
                      (long long)page->row, page->db->path);
}

sl_status sl_proof_rows(sl_page *page)
{
    sqlite3_stmt *row = page->statement;
    uint64_t print = 0;
    int64_t count = 0;
    int rc = sl_page_bind_rows(page, page->row, 0);
    if (rc == SQLITE_OK)
        rc = SQLITE_ROW;
    while (count < page->row && rc == SQLITE_ROW) {
        rc = sqlite3_step(row);
        if (rc != SQLITE_ROW)
            break;
        print = sl_place_mix(print, sl_place_print(row, page->given_columns));
        count++;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        sqlite3_reset(row);
        return rc == SQLITE_INTERRUPT ? sl_sqlite_wait(page->db)
                                      : sl_sqlite_status(page->db, rc, "read");
    }
    if (page->mode == SL_PAGE_OFFSET)
        sqlite3_reset(row);
    if (count < page->row || print != page->print)
        return fail_rows(page, count);
    page->unproved = 0;
    page->running = page->mode == SL_PAGE_CURSOR;
    return SL_OK;
}

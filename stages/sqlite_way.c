/*
 * sqlite_way.c - keyset, cursor or offset; see sqlite_way.h.
 */
#include "stages/sqlite_way.h"

#include <string.h>

#include "stages/sqlite_page_sql.h"

static sl_status mistake(const sl_page *page, const char *name, const char *hint, const char *what)
{
    sl_stage *stage = page->db->stage;
    return sl_fail_at(
        stage,
        SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, name), .hint = hint),
        "%s", what);
}

static int32_t runs_down(const sl_page *page)
{
    for (uint32_t i = 0; i < page->key_count; i++)
        if (page->key[i].descending)
            return 1;
    return 0;
}

/* What stands against a page of rows that may still come, or come late. */
static sl_status check_follow(const sl_page *page, const sl_source_request *request)
{
    int32_t overlaps = page->window.overlap > 0;
    const char *name = page->follows ? "follow" : "overlap";
    if (!page->follows && !overlaps)
        return SL_OK;
    if (page->snapshot)
        return mistake(page, "snapshot", "leave one of them out",
                       page->follows ? "'snapshot' sees no new rows, which 'follow' waits for"
                                     : "'snapshot' sees no late rows, which 'overlap' is for");
    if (page->key_count == 0)
        return mistake(page, name,
                       "name the columns of a unique key that grows with each new row: `key: id`",
                       page->follows ? "'follow' needs a key behind which new rows come"
                                     : "'overlap' needs a key");
    if (request->page == SL_PAGE_OFFSET || request->page == SL_PAGE_CURSOR)
        return mistake(page, "page", "leave `page` out, or write `page: keyset`",
                       page->follows ? "'follow' turns its pages by a key"
                                     : "'overlap' turns its pages by a key");
    if (runs_down(page))
        return mistake(page, name, "name another unique key that grows: `key: id`",
                       "the key's parts run up and down, so that new rows do not come last");
    if (overlaps && page->key_count > 1)
        return mistake(page, "overlap", "name a single unique column that is a number: `key: id`",
                       "'overlap' needs a key of one column");
    return SL_OK;
}

sl_status sl_way_choose(sl_page *page, const sl_source_request *request, const sl_source_key *key)
{
    page->mode = request->page;
    if (page->mode == SL_PAGE_AUTO)
        page->mode = page->key_count > 0 ? SL_PAGE_KEYSET : SL_PAGE_CURSOR;
    if (check_follow(page, request) != SL_OK)
        return SL_ERROR;
    if (page->mode == SL_PAGE_KEYSET && !key->words) {
        sl_stage *stage = page->db->stage;
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG,
                                   .value = stage->host->option(stage, "page"),
                                   .hint = "name the columns of a unique key: `key: [id]`, or use "
                                           "`page: cursor`"),
                          "%s has no key by which pages can be turned",
                          request->table ? request->table : "the query");
    }
    return SL_OK;
}

/* ---- Is a page as cheap at the end as at the start? ---------------------------------------- */

/* A page is cheap where its first table is entered behind the key, and nothing is sorted or kept
 * aside: SQLite's own plan says so. */
static int32_t is_cheap(const char *plan, int32_t first)
{
    if (strstr(plan, "TEMP B-TREE") || strstr(plan, "MATERIALIZE") || strstr(plan, "CO-ROUTINE"))
        return 0;
    return !first || (strncmp(plan, "SEARCH ", 7) == 0 && strpbrk(plan, "<>"));
}

static sl_status look_plan(const sl_page *page, int32_t *cheap)
{
    sqlite3_stmt *row = NULL;
    char *sql = sl_page_sql(page, 1);
    char *explain = sql ? sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql) : NULL;
    int rc = explain ? sqlite3_prepare_v2(page->db->handle, explain, -1, &row, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    sqlite3_free(explain);
    *cheap = 1;
    for (int32_t first = 1; rc == SQLITE_OK || rc == SQLITE_ROW; first = 0) {
        rc = sqlite3_step(row);
        const char *plan = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 3) : NULL;
        if (rc == SQLITE_ROW && !plan)
            rc = SQLITE_NOMEM;
        if (plan && !is_cheap(plan, first))
            *cheap = 0;
    }
    sqlite3_finalize(row);
    return sl_sqlite_status(page->db, rc, "read");
}

/* ---- In words ------------------------------------------------------------------------------ */

static sl_status check_overlap(const sl_page *page, const sl_column *columns)
{
    if (page->window.overlap <= 0 || page->key[0].rowid)
        return SL_OK;
    sl_type type = columns[page->key[0].index].type;
    if (type != SL_TYPE_TEXT && type != SL_TYPE_BLOB)
        return SL_OK;
    return mistake(page, "overlap", "name a unique column that is an integer or a real: `key: id`",
                   "'overlap' needs a key that is a number");
}

static const char *say_keyset(const sl_page *page, sl_arena *arena, const sl_source_key *key,
                              int32_t cheap)
{
    if (page->key[0].rowid)
        return sl_arena_format(arena, "keyset by rowid, which no column declares: stops where "
                                      "VACUUM may have renumbered the rows");
    return sl_arena_format(arena, "keyset by %s%s%s", key->words,
                           page->key_known ? "" : ", checked on the way to be unique and not NULL",
                           cheap ? "" : "; each page reads the whole query anew");
}

static const char *say_cursor(const sl_page *page, sl_arena *arena,
                              const sl_source_request *request, const sl_source_key *key)
{
    const char *held = page->snapshot ? ", one snapshot" : "";
    if (page->key_count > 0 && request->page == SL_PAGE_AUTO)
        return sl_arena_format(arena,
                               "cursor in the order of %s%s: keyset would read the whole query "
                               "anew for each page",
                               key->words, held);
    if (page->key_count > 0)
        return sl_arena_format(arena, "cursor in the order of %s%s", key->words, held);
    return sl_arena_format(arena,
                           "cursor%s: the %s has no key; to go on, what was read is read again and "
                           "must be the same",
                           held, request->table ? "table" : "query");
}

static void warn(const sl_page *page, const char *hint, const char *what)
{
    sl_stage *stage = page->db->stage;
    stage->host->log(stage, SL_LOG_WARNING,
                     SL_PLACE(.value = stage->host->option(stage, "page"), .hint = hint), "%s",
                     what);
}

sl_status sl_way_say(sl_page *page, sl_arena *arena, const sl_source_request *request,
                     const sl_source_key *key, const sl_column *columns)
{
    const char *why = NULL;
    int32_t cheap = 1;
    int32_t bound_to_keyset =
        page->follows || page->window.overlap > 0 || request->page == SL_PAGE_KEYSET;
    if (check_overlap(page, columns) != SL_OK)
        return SL_ERROR;
    if (page->mode == SL_PAGE_KEYSET && key->written && look_plan(page, &cheap) != SL_OK)
        return SL_ERROR;
    if (!cheap && !bound_to_keyset)
        page->mode = SL_PAGE_CURSOR;
    if (page->mode == SL_PAGE_KEYSET)
        why = say_keyset(page, arena, key, cheap);
    else if (page->mode == SL_PAGE_CURSOR)
        why = say_cursor(page, arena, request, key);
    else
        why = "offset: quadratic, and fails when the database is written to meanwhile";
    if (!why)
        return sl_no_memory(page->db->stage);
    if (page->mode == SL_PAGE_OFFSET)
        warn(page, "`page: auto` is quick and safe where there is a key",
             "`page: offset` grows slower with every page, and fails when the database is written "
             "to meanwhile");
    if (page->mode == SL_PAGE_KEYSET && !cheap)
        warn(page, "an index on the key makes it quick; `page: cursor` reads everything once",
             "each page reads the whole query anew, because no index leads to its key");
    sl_stage *stage = page->db->stage;
    if (sl_has(stage, promise))
        stage->host->promise(stage, SL_PROMISE_RESUMES, why);
    return SL_OK;
}

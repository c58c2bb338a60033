/*
 * sqlite_page_sql.c - the SQL of a page; see sqlite_page_sql.h.
 */
#include "stages/sqlite_page_sql.h"

static void add_name(sqlite3_str *sql, const sl_page_key *part)
{
    sqlite3_str_appendf(sql, part->rowid ? "%s" : "\"%w\"", part->name);
    if (part->collate)
        sqlite3_str_appendf(sql, " COLLATE \"%w\"", part->collate);
}

static int32_t is_mixed(const sl_page *page)
{
    for (uint32_t i = 0; i < page->key_count; i++)
        if (page->key[i].descending)
            return 1;
    return 0;
}

static void add_select(sqlite3_str *sql, const sl_page *page, const char *select)
{
    if (select)
        sqlite3_str_appendf(sql, "SELECT %s FROM ", select);
    sqlite3_str_appendall(sql, page->from);
}

/* ("a", "b") > (@key0, @key1) */
static void add_comparison(sqlite3_str *sql, const sl_page *page, const char *compare)
{
    sqlite3_str_appendall(sql, page->key_count > 1 ? " WHERE (" : " WHERE ");
    for (uint32_t i = 0; i < page->key_count; i++) {
        sqlite3_str_appendall(sql, i ? ", " : "");
        add_name(sql, &page->key[i]);
    }
    sqlite3_str_appendf(sql, page->key_count > 1 ? ") %s (" : " %s ", compare);
    for (uint32_t i = 0; i < page->key_count; i++)
        sqlite3_str_appendf(sql, "%s@key%u", i ? ", " : "", i);
    sqlite3_str_appendall(sql, page->key_count > 1 ? ")" : "");
}

/* "a" = @key0 AND "b" > @key1: the rows behind the key that share its first parts. */
static void add_step(sqlite3_str *sql, const sl_page *page, uint32_t shared)
{
    sqlite3_str_appendall(sql, " WHERE ");
    for (uint32_t i = 0; i <= shared; i++) {
        const char *compare = i < shared ? "=" : page->key[i].descending ? "<" : ">";
        sqlite3_str_appendall(sql, i ? " AND " : "");
        add_name(sql, &page->key[i]);
        sqlite3_str_appendf(sql, " %s @key%u", compare, i);
    }
}

/* Parts that run up and down are no row value that could be compared: one SELECT for each
 * length of what is shared with the last key, and SQLite merges them by the index. */
static void add_mixed(sqlite3_str *sql, const sl_page *page)
{
    for (uint32_t shared = page->key_count; shared-- > 0;) {
        add_select(sql, page, page->select);
        add_step(sql, page, shared);
        sqlite3_str_appendall(sql, shared > 0 ? " UNION ALL " : "");
    }
}

static void add_order(sqlite3_str *sql, const sl_page *page)
{
    for (uint32_t i = 0; i < page->key_count; i++) {
        sqlite3_str_appendall(sql, i ? ", " : " ORDER BY ");
        add_name(sql, &page->key[i]);
        sqlite3_str_appendall(sql, page->key[i].descending ? " DESC" : "");
    }
}

static char *finish(sqlite3_str *sql)
{
    int failed = sqlite3_str_errcode(sql) != SQLITE_OK;
    char *made = sqlite3_str_finish(sql);
    if (!failed)
        return made;
    sqlite3_free(made);
    return NULL;
}

char *sl_page_sql(const sl_page *page, int32_t later)
{
    sqlite3_str *sql = sqlite3_str_new(page->db->handle);
    later = later && sl_page_is_keyed(page);
    if (later && is_mixed(page)) {
        add_mixed(sql, page);
    } else {
        add_select(sql, page, page->select);
        if (later)
            add_comparison(sql, page, ">");
    }
    add_order(sql, page);
    if (page->mode != SL_PAGE_CURSOR)
        sqlite3_str_appendall(sql, " LIMIT @rows");
    if (page->mode == SL_PAGE_OFFSET)
        sqlite3_str_appendall(sql, " OFFSET @offset");
    return finish(sql);
}

/* Rows at or before a key whose parts run up and down. */
static void add_before(sqlite3_str *sql, const sl_page *page)
{
    for (uint32_t shared = page->key_count; shared-- > 0;) {
        sqlite3_str_appendall(sql, shared + 1 == page->key_count ? " WHERE (" : " OR (");
        for (uint32_t i = 0; i <= shared; i++) {
            const char *compare = i < shared ? "=" : page->key[i].descending ? ">" : "<";
            sqlite3_str_appendall(sql, i ? " AND " : "");
            add_name(sql, &page->key[i]);
            const char *equal = shared + 1 == page->key_count && i == shared ? "=" : "";
            sqlite3_str_appendf(sql, " %s%s @key%u", compare, equal, i);
        }
        sqlite3_str_appendall(sql, ")");
    }
}

char *sl_page_proof_sql(const sl_page *page, const char *select, const char *compare)
{
    sqlite3_str *sql = sqlite3_str_new(page->db->handle);
    add_select(sql, page, select);
    if (*compare == '<' && is_mixed(page))
        add_before(sql, page);
    else
        add_comparison(sql, page, compare);
    sqlite3_str_appendall(sql, " LIMIT 1");
    return finish(sql);
}

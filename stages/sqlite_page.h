/*
 * sqlite_page.h - reads a table or query page by page, and knows where it stands.
 *
 * Three ways to turn the page:
 *   keyset   WHERE (key) > (last key) ORDER BY key LIMIT n: each page is a short read
 *            transaction; rows that are written meanwhile neither hide nor repeat others
 *   cursor   one statement, one read transaction from the first row to the last
 *   offset   LIMIT n OFFSET m: quadratic, and right only while nobody writes: before each page
 *            PRAGMA data_version is looked at in the page's own transaction
 *
 * A key that no index vouches for is checked on the way: a NULL, or two rows with one key,
 * fails, also where a page ends between them.
 *
 * Use: begin; step and took for each row that was taken; end. A row that was not taken comes
 * again with the next page.
 *
 * Deliberately elsewhere: which mode and which key (sqlite_reader.c), rows into batches
 * (sqlite_reader.c).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_PAGE_H
#define SL_SQLITE_PAGE_H

#include "stages/core/arena.h"
#include "stages/sqlite_db.h"

#define SL_PAGE_AUTO 0
#define SL_PAGE_OFFSET 1
#define SL_PAGE_KEYSET 2
#define SL_PAGE_CURSOR 3

typedef struct sl_page_key {
    const char *name;    /* the column, as it is; "rowid" and kin: not quoted, see rowid */
    const char *collate; /* NULL: the column's own will do */
    uint32_t index;      /* of the result */
    int32_t rowid;       /* 1: `name` is a name of the rowid */
} sl_page_key;

typedef struct sl_page { /* zeroed; the first part is set by the reader */
    sl_sqlite *db;
    const sl_value *value; /* the query or table in the YAML; NULL: not known */
    const char *from;      /* SQL: a quoted table, or a query in brackets */
    const char *select;    /* SQL: what stands between SELECT and FROM */
    int32_t mode;          /* SL_PAGE_*, not AUTO */
    sl_page_key *key;      /* NULL: none */
    uint32_t key_count;
    int32_t key_known;      /* 1: an index makes it unique and not NULL */
    uint32_t columns_count; /* of the result, the rowid at its end included */

    sqlite3_stmt *statement;
    sqlite3_stmt *version_statement;
    int32_t later;      /* the statement has the WHERE of a later page */
    int32_t standing;   /* a row stands that was not taken */
    int32_t lost;       /* the cursor was interrupted */
    int32_t fresh;      /* no row of this page was stepped to yet */
    int32_t reprepared; /* how often SQLite compiled the statement anew */
    int64_t version;    /* data_version of the first page; 0: not read */
    int64_t row;        /* rows taken so far, earlier runs included */
    int64_t left;       /* rows that this page may still give */
    sl_cell *last;      /* key of the row taken last; text and blob are in `bytes` */
    int32_t has_last;
    char **bytes; /* one buffer a key part */
    size_t *room;
    uint64_t print;     /* of the row taken last, 0: not known; offset and cursor */
    uint64_t expected;  /* the print that the row before the first one must have; 0: any */
    const char **names; /* of the result's columns when it was planned */
} sl_page;

/* Remembers the result's columns; prepares nothing. The key, mode and SQL have been set. */
sl_status sl_page_open(sl_page *page, sl_arena *arena);
void sl_page_close(sl_page *page);

/* Begins a page of at most `rows` rows. SL_OK, SL_PENDING, SL_ERROR. */
sl_status sl_page_begin(sl_page *page, uint32_t rows);
/* SL_OK: a row stands in page->statement. SL_END: the page has no more rows, and when it gave
 * none, neither has the source. SL_PENDING: locked or interrupted; end the page. SL_ERROR. */
sl_status sl_page_step(sl_page *page);
/* The row that stands was taken into a batch, or rejected outright. */
sl_status sl_page_took(sl_page *page, int32_t rejected);
/* Ends the page: the read transaction too, unless a cursor is open. The last row taken is the
 * batch's last one. */
sl_status sl_page_end(sl_page *page, const sl_batch *batch);

/* The SQL of a page, for tests and for people; sqlite3_free it. NULL: no memory. */
char *sl_page_sql(const sl_page *page, int32_t later);

/* Where the reader stands after the row taken last, and back there before the first page. */
sl_status sl_page_tell(const sl_page *page, sl_text *position);
sl_status sl_page_seek(sl_page *page, const char *position);

#endif

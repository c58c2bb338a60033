/*
 * sqlite_page.h - reads a table or query page by page, and knows where it stands.
 *
 * Three ways to turn the page:
 *   keyset   WHERE (key) > (last key) ORDER BY key LIMIT n: each page is a short read
 *            transaction; rows that are written meanwhile neither hide nor repeat others
 *   cursor   one statement, one read transaction from the first row to the last; with a key it
 *            is begun anew behind the last one when it grows too old or the WAL too long
 *   offset   LIMIT n OFFSET m: quadratic, and right only while nobody writes: before each page
 *            PRAGMA data_version is looked at in the page's own transaction
 *
 * A key that no index vouches for is checked on the way: a NULL, or two rows with one key,
 * fails, also where a page ends between them.
 *
 * Use: begin; step and took for each row that was taken; end. A row that was not taken comes
 * again with the next page.
 *
 * Deliberately elsewhere: which way and which key (sqlite_source.h, sqlite_way.h), proof that the
 * source is still the one that was read (sqlite_proof.h), the SQL (sqlite_page_sql.h), positions
 * as JSON (sqlite_position.h), rows into batches (sqlite_reader.c).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_PAGE_H
#define SL_SQLITE_PAGE_H

#include "stages/core/arena.h"
#include "stages/sqlite_db.h"
#include "stages/sqlite_window.h"

#define SL_PAGE_AUTO 0
#define SL_PAGE_OFFSET 1
#define SL_PAGE_KEYSET 2
#define SL_PAGE_CURSOR 3

typedef struct sl_page_key {
    const char *name;    /* the column, as it is; "rowid" and kin: not quoted, see rowid */
    const char *collate; /* NULL: the column's own will do */
    uint32_t index;      /* of the result */
    int32_t rowid;       /* 1: `name` is a name of the rowid of a table that declares none */
    int32_t descending;  /* 1: this part runs down; only where another one runs up */
} sl_page_key;

typedef struct sl_page_row { /* a row that was taken: its key and a print of it */
    sl_cell *key;            /* one cell a part; text and blob are in `bytes` */
    char **bytes;            /* one buffer a part */
    size_t *room;
    uint64_t print; /* 0: not known */
    int32_t known;  /* 1: there is such a row */
} sl_page_row;

typedef struct sl_page_source { /* which database it is; see sqlite_proof.h */
    const char *path;           /* with symbolic links followed; NULL: not known */
    uint64_t inode;
    int64_t schema; /* the schema cookie: grows with each change of the schema, and VACUUM */
} sl_page_source;

typedef struct sl_page { /* zeroed; the first part is set by the reader */
    sl_sqlite *db;
    const sl_value *value; /* the query or table in the YAML; NULL: not known */
    const char *from;      /* SQL: a quoted table, or a query in brackets */
    const char *select;    /* SQL: what stands between SELECT and FROM */
    int32_t mode;          /* SL_PAGE_*, not AUTO */
    sl_page_key *key;      /* NULL: none */
    uint32_t key_count;
    int32_t key_known;      /* 1: an index makes it unique and not NULL */
    uint32_t given_columns; /* those that the reader gives: without the rowid at the end */
    int32_t snapshot;       /* 1: one read transaction, whatever it costs */
    int32_t follows;        /* 1: the end is only the end for now */
    int64_t max_age;        /* of a cursor: microseconds */
    int64_t max_wal;        /* of a cursor: bytes */

    sl_page_source source;
    uint32_t columns_count;      /* of the result, the rowid at its end included */
    sqlite3_stmt *statements[2]; /* the first page's, and that of pages behind a key */
    sqlite3_stmt *statement;     /* one of the two: this page's */
    sqlite3_stmt *version_statement;
    int32_t running;    /* a cursor has been stepped and not been reset */
    int32_t standing;   /* a row stands that was not taken */
    int32_t fresh;      /* no row of this page was stepped to yet */
    int32_t stale;      /* last.key is that of a row in the batch: read at the end of the page */
    int32_t warned;     /* a cursor without a key is too old, and it was said */
    int32_t reprepared; /* how often SQLite compiled the statements anew */
    int64_t version;    /* data_version before this page; 0: not read */
    int64_t begun;      /* of a cursor: monotonic time */
    int64_t wal;        /* of a cursor: bytes of the WAL when it began */
    int32_t idle;       /* 1: at `version` there were no more rows */
    int64_t row;        /* rows taken so far, earlier runs included */
    int64_t left;       /* rows that this page may still give */
    sl_page_row first;  /* with a key: the first row ever taken, and the last */
    sl_page_row last;
    uint64_t print;     /* without a key: of all rows taken; 0: none were */
    int32_t unproved;   /* without a key: they must be read again before the next page */
    const char **names; /* of the result's columns when it was planned */

    sl_window window;  /* `overlap`: the keys given at the end */
    int32_t scanning;  /* this page begins `overlap` before the last key */
    sl_cell scanned;   /* the key of the row before, in such a page */
    sl_cell scan_end;  /* what was the last key when it began */
    int64_t scan_done; /* data_version at which the window was last read through; 0: none */
} sl_page;

/* Remembers the result's columns; prepares nothing. The key, mode and SQL have been set. */
sl_status sl_page_open(sl_page *page, sl_arena *arena);
void sl_page_close(sl_page *page);

/* 1: the place is known by a key; 0: by counting rows. */
int32_t sl_page_is_keyed(const sl_page *page);

/* Begins a page of at most `rows` rows. SL_OK, SL_PENDING, SL_ERROR. */
sl_status sl_page_begin(sl_page *page, uint32_t rows);
/* SL_OK: a row stands in page->statement. SL_END: the page has no more rows, and when it gave
 * none, neither has the source. SL_PENDING: locked or interrupted; end the page. SL_ERROR. */
sl_status sl_page_step(sl_page *page);
/* The row that stands was taken into a batch, or rejected outright. */
sl_status sl_page_took(sl_page *page, int32_t rejected);
/* Ends the page: the read transaction too, unless it is to last. The last row taken is the
 * batch's last one. */
sl_status sl_page_end(sl_page *page, const sl_batch *batch);

/* A page that follows has come to the end: SL_OK: somebody has written since; SL_END: nobody
 * has; or SL_PENDING, SL_ERROR. Reads a counter, no row. */
sl_status sl_page_poll(sl_page *page);

/* Reads PRAGMA main.data_version. */
sl_status sl_page_version(sl_page *page, int64_t *version);
/* Binds @rows and @offset where the statement has them. SQLite's rc. */
int sl_page_bind_rows(const sl_page *page, int64_t rows, int64_t offset);
/* Binds @key0 ... where the statement has them; SQLite copies the bytes. SQLite's rc. */
int sl_page_bind_key(const sl_page *page, sqlite3_stmt *statement, const sl_cell *key);

#endif

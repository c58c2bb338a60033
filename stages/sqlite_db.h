/*
 * sqlite_db.h - a database file: opened with care, waited for, and what went wrong in words.
 * What the sqlite reader and the sqlite exporter share.
 *
 * A database is not trusted: its schema may not run functions with effects, a double-quoted
 * word is never a string, and a reader's connection may do nothing but SELECT.
 *
 * A locked database is waited for up to `busy`: in plan, recover and open in short blocking
 * slices that look at host->stopping; elsewhere by answering SL_PENDING (sl_sqlite_wait).
 *
 * Deliberately elsewhere: tables and their keys (sqlite_table.h), SQL expressions over the rows
 * of a batch (sql.h).
 * Thread: WORKER, with the stage; sl_sqlite_interrupt: ANY THREAD.
 */
#ifndef SL_SQLITE_DB_H
#define SL_SQLITE_DB_H

#include <sqlite3.h>

#include "stages/core/stage.h"

typedef struct sl_sqlite { /* zeroed, then the first five set; the rest is sqlite_db.c's */
    sl_stage *stage;
    const char *path; /* as written */
    int64_t busy;     /* microseconds that a lock is waited for */
    int32_t writes;   /* 1: an exporter's connection */
    int32_t heals;    /* 1: an exporter's that only looks: a journal that a killed run left is
                       * rolled back, where a reader, to whom the file is a stranger's, fails */

    sqlite3 *handle;  /* NULL: not open */
    int32_t blocking; /* 1: a lock is waited for where it is met */
    int32_t trusted;  /* 1: our own statements are running: the authorizer lets them pass */
    int32_t tries;    /* how often in a row sl_sqlite_wait has answered SL_PENDING */
    int64_t waited;   /* blocking: microseconds */
    int64_t since;    /* pending: monotonic time of the first try */
} sl_sqlite;

/* Whether the path names a database that is there: *there 1 or 0. SL_ERROR: it names something
 * else (a directory, a device ...) or cannot be looked at. *bytes: its length; may be NULL. */
sl_status sl_sqlite_find(sl_sqlite *db, int32_t *there, int64_t *bytes);

/* Opens; with `writes` for reading and writing, creating the file when `create` is 1. When the
 * file is not there: SL_CODE_NO_INPUT. SL_OK when it is open already. */
sl_status sl_sqlite_open(sl_sqlite *db, int32_t create);
void sl_sqlite_close(sl_sqlite *db); /* every statement has been finalized; may be not open */
/* Whether the file that is open still has its name. SL_OK; SL_ERROR: it was removed or replaced,
 * said: what is read or written there is of no use to anybody. */
sl_status sl_sqlite_stays(sl_sqlite *db);
void sl_sqlite_interrupt(sl_sqlite *db);

/* From here on a lock is waited for where it is met (1), or met as SQLITE_BUSY (0). */
void sl_sqlite_block(sl_sqlite *db, int32_t blocking);
/* After SQLITE_BUSY: SL_PENDING, a wake has been promised; or SL_ERROR: `busy` is over, said. */
sl_status sl_sqlite_wait(sl_sqlite *db);
void sl_sqlite_waited(sl_sqlite *db); /* it went on: the next wait begins anew */

/* What the system said behind SQLite's answer, "No space left on device"; NULL: nothing more than
 * SQLite says itself. *full: 1 when room helps; *descriptors: 1 when descriptors do. */
const char *sl_sqlite_cause(sqlite3 *handle, int rc, int32_t *full, int32_t *descriptors);
/* Fails with what SQLite's answer `rc` means; `doing` is "read", "write to" ... */
sl_status sl_sqlite_fail(sl_sqlite *db, int rc, const char *doing);
/* SQLite's rc as a status: OK, ROW, DONE -> SL_OK, busy -> sl_sqlite_wait, else a failure. */
sl_status sl_sqlite_status(sl_sqlite *db, int rc, const char *doing);

/* Prepares and takes `sql`, made by sqlite3_mprintf; NULL is no memory. Our own statement: the
 * authorizer does not look. Answers SQLite's rc. */
int sl_sqlite_prepare(sl_sqlite *db, char *sql, sqlite3_stmt **statement);
/* Runs SQL that gives no rows. Answers SQLite's rc. */
int sl_sqlite_run(sl_sqlite *db, const char *sql);

/* Binds the graph's params to the statement's :name and $name; those that begin with @ are the
 * caller's own. Failures point at `value`. */
sl_status sl_sqlite_bind_params(sl_sqlite *db, sqlite3_stmt *statement, const sl_value *value);
/* SQLite's rc. Bytes are borrowed until the statement is bound anew. */
int sl_sqlite_bind(sqlite3_stmt *statement, int index, const sl_cell *cell);

#endif

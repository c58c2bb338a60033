/*
 * sql_guard.h - a connection in which an expression can do no harm, and the clock it sees.
 *
 * In memory and private to a stage. Once locked, an authorizer lets a statement read the table
 * `batch` through pure functions and nothing else: no other table, no ATTACH, no PRAGMA, no
 * loading of extensions, no files. Lengths, depth and the time for one row are bounded. `now` is
 * the start of the run: a thin VFS in front of the host's answers the time, and only that.
 *
 * Deliberately elsewhere: what is said when something is refused (sql_hint.h).
 */
#ifndef SL_SQL_GUARD_H
#define SL_SQL_GUARD_H

#include <sqlite3.h>

#include "stages/core/stage.h"

typedef enum sl_sql_refusal {
    SL_SQL_REFUSED_NOTHING,
    SL_SQL_REFUSED_AGGREGATE, /* an aggregate or window function */
    SL_SQL_REFUSED_FUNCTION,  /* not pure */
    SL_SQL_REFUSED_QUERY,     /* a query within the expression */
} sl_sql_refusal;

typedef struct sl_sql_guard {
    sqlite3_vfs vfs; /* first: SQLite gives its address back */
    char vfs_name[40];
    int32_t registered;
    int64_t now; /* milliseconds of the Julian day */
    sl_stage *stage;
    sqlite3 *db; /* NULL: not open */

    int32_t selects;        /* SELECTs seen since prepare began */
    sl_sql_refusal refusal; /* why the authorizer said no */
    int32_t random;         /* 1: random() or randomblob() was compiled */

    const uint32_t *position; /* of the row being evaluated; set it */
    uint32_t watched;         /* the row that the watchdog saw last, and since when */
    int64_t since;            /* microseconds; 0: not looked at the clock yet */
    int32_t overdue;          /* 1: it cut the row short; reset it */
} sl_sql_guard;

#define SL_SQL_ROW_TIME 2000000 /* microseconds that one row may take */

/* Opens the connection; the guard is zeroed before. SL_ERROR: said. */
sl_status sl_sql_guard_open(sl_sql_guard *guard, sl_stage *stage);
void sl_sql_guard_close(sl_sql_guard *guard); /* also half open, or zeroed */

/* From here on nothing but row expressions over `batch` can be compiled. A code of SQLite. */
int sl_sql_guard_lock(sl_sql_guard *guard);
void sl_sql_guard_unlock(sl_sql_guard *guard); /* to ask SQLite itself something */
/* Compiles a statement of one SELECT over one subquery; refusal says why when it is not one. */
int sl_sql_guard_prepare(sl_sql_guard *guard, const char *sql, sqlite3_stmt **statement);

/* The names of the functions that an expression may call; *count of them. */
const char *const *sl_sql_guard_functions(size_t *count);
/* Whether a function sees more rows than one. */
int sl_sql_guard_aggregate(const char *name);

#endif

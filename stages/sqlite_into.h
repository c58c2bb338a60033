/*
 * sqlite_into.h - into which column of a table each column of the rows goes: checked against
 * the table that is there, or a table designed from the rows; and the SQL for both.
 *
 * A table that is made: declared types become column types; an inferred column gets none, so
 * that SQLite keeps each value as it is given.
 *
 * Deliberately elsewhere: which values are stored (sqlite_rows.h), running the SQL
 * (sqlite_exporter.c).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_INTO_H
#define SL_SQLITE_INTO_H

#include "stages/sqlite_rows.h"

#define SL_INTO_APPEND 0
#define SL_INTO_REPLACE 1
#define SL_INTO_UPSERT 2

typedef struct sl_into_request { /* the exporter's options, and the rows that come */
    const char *table;
    int32_t mode;        /* SL_INTO_* */
    const sl_value *key; /* NULL: not given */
    int32_t create;
    const sl_column *input;
    uint32_t input_count;
    const char *rows_table; /* what the batch is called in SQL */
    int32_t lineage;        /* 1: the table's rows need a rowid that can be asked for */
} sl_into_request;

typedef struct sl_into { /* all of it lives in the arena */
    sl_table table;      /* kind SL_TABLE_NONE: it is to be made */
    sl_rows_column *columns;
    uint32_t count;
    int32_t updates;   /* 1: an upsert has columns to update */
    const char *rowid; /* with lineage: a name of it */
} sl_into;

/* Mistakes in the options alone; what they have to do with no database. */
sl_status sl_into_check(sl_stage *stage, const sl_into_request *request);
/* Looks at the table (db open; NULL: there is no database yet) and decides. All mistakes are
 * said, each with its place. */
sl_status sl_into_plan(sl_stage *stage, sl_sqlite *db, sl_arena *arena,
                       const sl_into_request *request, sl_into *into);

/* Fails when emptying the table would empty or change others (ON DELETE CASCADE ...). */
sl_status sl_into_check_cascades(sl_sqlite *db, const sl_into *into);

/* SQL to make the table, to insert the rows of `sluice_rows`, to insert one row of parameters;
 * with lineage an upsert returns its rowid; sqlite3_free it. NULL: no memory. */
char *sl_into_create(const sl_into *into, const sl_into_request *request);
char *sl_into_insert(const sl_into *into, const sl_into_request *request, int32_t one);

#endif

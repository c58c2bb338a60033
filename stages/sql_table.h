/*
 * sql_table.h - the virtual table `batch`: the live rows of a batch, as SQLite reads them.
 *
 * A column is declared with its type, so that comparisons have its affinity, and delivers typed
 * values, so that a face such as 12.50 is the number. Both are needed. Text and blobs are handed
 * over as slices; nothing is copied. Only the columns that an expression may name are declared.
 *
 * Deliberately elsewhere: statements over it (sql.h), what they may do (sql_guard.h).
 */
#ifndef SL_SQL_TABLE_H
#define SL_SQL_TABLE_H

#include <sqlite3.h>

#include "stages/core/stage.h"

typedef struct sl_sql_field { /* a column that is declared */
    const sl_column *column;
    const sl_cell *cells; /* of the batch */
    uint32_t index;       /* of the column in the batch */
    int32_t faces;        /* 1: TEXT cells must be read as the column's type */
} sl_sql_field;

typedef struct sl_sql_table {
    sl_sql_field *fields; /* the owner's; set before the module is made */
    uint32_t fields_count;
    uint32_t selected;
    const uint32_t *selection;
    uint32_t from;                             /* where a run starts, in the selection */
    uint32_t position;                         /* where it is */
    sl_status (*look)(void *of, uint32_t row); /* asked before a row is evaluated; NULL: not */
    void *of;
    int32_t failed;             /* 1: look answered SL_ERROR */
    const sl_sql_field *misfit; /* the field whose value could not be read; NULL: none */
} sl_sql_table;

/* Makes *table the table `batch` of a connection; it outlives the connection. A code of SQLite. */
int sl_sql_table_attach(sl_sql_table *table, sqlite3 *db);

/* "(SELECT ...)" to stand behind FROM: the fields by their names. Columns of type ANY go through
 * a unary plus: a value typed by itself has no affinity, as a bound parameter has none. */
void sl_sql_table_from(const sl_sql_table *table, sqlite3_str *sql);

/* The rows of a batch, before the first. */
void sl_sql_table_stand(sl_sql_table *table, const sl_batch *batch);

#endif

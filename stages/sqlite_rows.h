/*
 * sqlite_rows.h - the rows of a batch as a database table takes them: each cell as the value
 * that is stored, and all of them as the virtual table `sluice_rows`, for INSERT ... SELECT.
 *
 * Nothing changes silently on the way. A number's face (a CSV field in a numeric column) is
 * stored as that number, a face that is none stays the text that it is. A value that the
 * table column's affinity would alter rejects its row: text that spells a number in a numeric
 * column ('09005' would become 9005), a number in a text column, an integer that a double
 * cannot hold in a REAL column. A number stored as an equal number (1.0 as 1) is not altered.
 *
 * Deliberately elsewhere: which column goes where (sqlite_into.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_ROWS_H
#define SL_SQLITE_ROWS_H

#include "stages/core/text.h"
#include "stages/sqlite_table.h"

#define SL_ROWS_TABLE "sluice_rows"

typedef struct sl_rows_column {
    uint32_t from;        /* index of the batch's column */
    sl_type type;         /* of the batch's column */
    uint32_t flags;       /* of the batch's column: SL_COLUMN_* */
    uint32_t affinity;    /* of the table's column: SL_AFFINITY_* */
    int32_t key;          /* 1: a NULL rejects its row */
    const char *name;     /* of the table's column */
    const char *declared; /* its type; "" */
} sl_rows_column;

typedef struct sl_rows_refusal {
    uint32_t row;    /* index in the batch */
    uint32_t column; /* 1 + index of the batch's column; 0: none */
    size_t reason;   /* where it begins in `reasons` */
} sl_rows_refusal;

typedef struct sl_rows { /* zeroed; the first four are set by the exporter */
    sl_stage *stage;
    const sl_rows_column *columns;
    uint32_t count;
    sl_cell *values; /* count: what is stored of the row that stands */

    sl_batch *batch;  /* borrowed from begin to end */
    uint32_t at;      /* index into the selection */
    int64_t rows;     /* given since begin */
    sl_status status; /* SL_ERROR: no memory, said */

    /* Rows that are refused, since begin: they are rejected only when no statement is running
     * and no savepoint is open, for rejected rows may go to the same database. */
    sl_builder refusals; /* of sl_rows_refusal */
    sl_builder reasons;  /* terminated texts */
} sl_rows;

/* Makes the rows known to a connection as a table of this name; they outlive it. SQLite's rc. */
int sl_rows_register(sl_rows *rows, sqlite3 *handle, const char *name);

/* Stands before the first selected row. */
void sl_rows_begin(sl_rows *rows, sl_batch *batch);
/* Goes to the next row that can be stored, and refuses those that cannot: SL_OK, SL_END: no
 * more, SL_ERROR. */
sl_status sl_rows_next(sl_rows *rows);
/* Refuses the row that stands. SL_OK, SL_ERROR: no memory, said. */
sl_status sl_rows_refuse(sl_rows *rows, uint32_t column, const char *format, ...) SL_PRINTF(3, 4);
/* Rejects what was refused since begin. SL_OK, SL_ERROR: the graph does not go on. */
sl_status sl_rows_reject(sl_rows *rows);
void sl_rows_done(sl_rows *rows); /* frees what refusing took */
/* Index in the batch of the row that stands. */
uint32_t sl_rows_row(const sl_rows *rows);

/* What is stored of a cell: NULL and *value, or why it is not, with a %s for the column's
 * declared type. */
const char *sl_rows_store(const sl_rows_column *column, const sl_cell *cell, sl_cell *value);

#endif

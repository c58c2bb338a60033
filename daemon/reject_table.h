/*
 * reject_table.h - the table of an SQLite database that a graph's reject exporter writes to, as
 * the verb `rejects` sees it from outside.
 *
 * Thread: the graph's strand.
 */
#ifndef SL_REJECT_TABLE_H
#define SL_REJECT_TABLE_H

#include "daemon/graph.h"
#include "stages/sqlite_db.h"

typedef struct sl_reject_table {
    uint32_t exporter; /* its index in the plan */
    const char *table;
    sl_sqlite db;  /* blocking; closed by sl_reject_table_close */
    int32_t there; /* 1: the database and the table are there */
} sl_reject_table;

/* The next stage from `from` on that is a reject exporter and, of them, `sqlite`; UINT32_MAX: no
 * more. */
uint32_t sl_reject_exporter(const sl_plan *plan, uint32_t from, int32_t sqlite);
/* Opens; `writes` for deleting. SL_ERROR: said. */
sl_status sl_reject_table_open(sl_reject_table *table, sl_graph *graph, uint32_t exporter,
                               int32_t writes);
void sl_reject_table_close(sl_reject_table *table);
/* Prepares SQL with one %w for the table's name. SL_ERROR: said. */
sl_status sl_reject_table_prepare(sl_reject_table *table, const char *sql, sqlite3_stmt **row);
/* After the last step: SL_OK, or SL_ERROR, said. Finalizes. */
sl_status sl_reject_table_done(sl_reject_table *table, sqlite3_stmt *row, int rc);

#endif

/*
 * reject_table.c - see reject_table.h.
 */
#include "daemon/reject_table.h"

#include <string.h>

#include "daemon/words.h"

#define BUSY 5000000 /* microseconds that a locked database is waited for */

uint32_t sl_reject_exporter(const sl_plan *plan, uint32_t from, int32_t sqlite)
{
    for (uint32_t i = from; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        if (!stage->rejects_only)
            continue;
        if (!sqlite || (strcmp(stage->type->name, "sqlite") == 0 &&
                        sl_words_option(stage, "database") && sl_words_option(stage, "table")))
            return i;
    }
    return UINT32_MAX;
}

sl_status sl_reject_table_open(sl_reject_table *table, sl_graph *graph, uint32_t exporter,
                               int32_t writes)
{
    const sl_plan_stage *stage = &sl_graph_of_plan(graph)->stages[exporter];
    int64_t bytes;
    *table = (sl_reject_table){.exporter = exporter, .table = sl_words_option(stage, "table")};
    table->db = (sl_sqlite){.stage = sl_generator_stage(sl_graph_stage(graph, exporter)),
                            .path = sl_words_option(stage, "database"),
                            .busy = BUSY,
                            .writes = writes};
    if (sl_sqlite_find(&table->db, &table->there, &bytes) != SL_OK)
        return SL_ERROR;
    table->there = table->there && bytes > 0;
    if (!table->there)
        return SL_OK;
    sl_sqlite_block(&table->db, 1);
    if (sl_sqlite_open(&table->db, 0) != SL_OK)
        return SL_ERROR;
    sqlite3_stmt *row;
    if (sl_reject_table_prepare(table,
                                "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND "
                                "lower(name) = lower('%q')",
                                &row) != SL_OK)
        return SL_ERROR;
    int rc = sqlite3_step(row);
    table->there = rc == SQLITE_ROW;
    return sl_reject_table_done(table, row, rc);
}

void sl_reject_table_close(sl_reject_table *table)
{
    sl_sqlite_close(&table->db);
}

sl_status sl_reject_table_prepare(sl_reject_table *table, const char *sql, sqlite3_stmt **row)
{
    char *text = sqlite3_mprintf(sql, table->table);
    int rc = sl_sqlite_prepare(&table->db, text, row);
    if (rc == SQLITE_OK)
        return SL_OK;
    return sl_sqlite_fail(&table->db, rc, "read the rejected rows of");
}

sl_status sl_reject_table_done(sl_reject_table *table, sqlite3_stmt *row, int rc)
{
    sl_status status = SL_OK;
    if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = sl_sqlite_fail(&table->db, rc, table->db.writes ? "write to" : "read");
    sqlite3_finalize(row);
    return status;
}

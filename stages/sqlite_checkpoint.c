/*
 * sqlite_checkpoint.c - see sqlite_checkpoint.h.
 */
#include "stages/sqlite_checkpoint.h"

#include "stages/sqlite_table.h"

sl_status sl_checkpoint_read(sl_sqlite *db, sl_arena *arena, const char *target,
                             sl_text *checkpoint)
{
    sl_stage *stage = db->stage;
    sl_table table;
    sqlite3_stmt *row;
    sl_status status = sl_table_look(db, arena, SL_CHECKPOINT_TABLE, &table);
    if (status != SL_OK || table.kind != SL_TABLE_PLAIN)
        return status;
    int rc = sl_sqlite_prepare(db,
                               sqlite3_mprintf("SELECT checkpoint FROM main." SL_CHECKPOINT_TABLE
                                               " WHERE exporter = %Q AND target = %Q",
                                               stage->name, target),
                               &row);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    const char *text = rc == SQLITE_ROW ? sqlite3_column_blob(row, 0) : NULL;
    if (text)
        status =
            stage->host->set_text(stage, checkpoint, "%.*s", sqlite3_column_bytes(row, 0), text);
    else
        status =
            sl_sqlite_status(db, rc == SQLITE_ROW ? SQLITE_NOMEM : rc, "read the checkpoint of");
    sqlite3_finalize(row);
    return status;
}

int sl_checkpoint_store(sl_sqlite *db, const char *target, const sl_blob *checkpoint)
{
    sl_stage *stage = db->stage;
    sqlite3_stmt *row;
    int rc =
        sl_sqlite_run(db, "CREATE TABLE IF NOT EXISTS main." SL_CHECKPOINT_TABLE
                          " (exporter TEXT NOT NULL, target TEXT NOT NULL, checkpoint BLOB NOT "
                          "NULL, changed INTEGER NOT NULL, PRIMARY KEY (exporter, target))");
    if (rc != SQLITE_OK)
        return rc;
    rc = sl_sqlite_prepare(db,
                           sqlite3_mprintf("INSERT OR REPLACE INTO main." SL_CHECKPOINT_TABLE
                                           " VALUES (%Q, %Q, ?1, ?2)",
                                           stage->name, target),
                           &row);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob64(row, 1, checkpoint->data, checkpoint->size, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 2, stage->env->now(stage->env->context));
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

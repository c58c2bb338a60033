/*
 * sqlite_checkpoint.c - see sqlite_checkpoint.h.
 */
#include "stages/sqlite_checkpoint.h"

static int is_there(sqlite3 *db, int *there)
{
    sqlite3_stmt *row;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND "
                                "name = '" SL_CHECKPOINT_TABLE "'",
                                -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    *there = rc == SQLITE_ROW;
    sqlite3_finalize(row);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int bind_key(sqlite3_stmt *row, const sl_checkpoint_key *key)
{
    int rc = sqlite3_bind_text(row, 1, key->graph, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(row, 2, key->exporter, -1, SQLITE_STATIC);
    return rc == SQLITE_OK ? sqlite3_bind_text(row, 3, key->target, -1, SQLITE_STATIC) : rc;
}

static int read_row(sqlite3_stmt *row, sl_checkpoint *found)
{
    const char *text = (const char *)sqlite3_column_text(row, 0);
    found->epoch = sqlite3_column_int64(row, 1);
    found->changed = sqlite3_column_int64(row, 2);
    if (!text || sqlite3_stricmp(text, "{}") == 0)
        return SQLITE_OK;
    found->text = sqlite3_mprintf("%s", text);
    return found->text ? SQLITE_OK : SQLITE_NOMEM;
}

int sl_checkpoint_find(sqlite3 *db, const sl_checkpoint_key *key, sl_checkpoint *found)
{
    int there;
    sqlite3_stmt *row = NULL;
    *found = (sl_checkpoint){0};
    int rc = is_there(db, &there);
    if (rc != SQLITE_OK || !there)
        return rc;
    rc = sqlite3_prepare_v2(db,
                            "SELECT checkpoint, epoch, changed FROM main." SL_CHECKPOINT_TABLE
                            " WHERE graph = ?1 AND exporter = ?2 AND target = ?3",
                            -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = bind_key(row, key);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        rc = read_row(row, found);
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int make_table(sqlite3 *db)
{
    return sqlite3_exec(db,
                        "CREATE TABLE IF NOT EXISTS main." SL_CHECKPOINT_TABLE
                        " (graph TEXT NOT NULL, exporter TEXT NOT NULL, target TEXT NOT NULL, "
                        "epoch INTEGER NOT NULL, changed INTEGER NOT NULL, checkpoint TEXT NOT "
                        "NULL, PRIMARY KEY (graph, exporter, target)) WITHOUT ROWID",
                        NULL, NULL, NULL);
}

int sl_checkpoint_store(sqlite3 *db, const sl_checkpoint_key *key, const sl_blob *checkpoint,
                        int64_t now, int64_t *epoch, int32_t *ours)
{
    sqlite3_stmt *row = NULL;
    int64_t known = *epoch, next = *ours ? known : known + 1;
    int rc = *ours ? SQLITE_OK : make_table(db);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db,
                                "INSERT INTO main." SL_CHECKPOINT_TABLE
                                " (graph, exporter, target, epoch, changed, checkpoint) VALUES "
                                "(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET epoch = ?4, "
                                "changed = ?5, checkpoint = ?6 WHERE epoch = ?7",
                                -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = bind_key(row, key);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 4, next);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 5, now);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text64(row, 6, checkpoint->data, checkpoint->size, SQLITE_STATIC,
                                 SQLITE_UTF8);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 7, known);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    sqlite3_finalize(row);
    if (rc != SQLITE_DONE)
        return rc;
    if (sqlite3_changes(db) == 0)
        return SL_CHECKPOINT_FENCED;
    *epoch = next;
    *ours = 1;
    return SQLITE_OK;
}

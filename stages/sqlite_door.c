/*
 * sqlite_door.c - see sqlite_door.h.
 */
#include "stages/sqlite_door.h"

#include <limits.h>
#include <string.h>

#include "stages/core/env.h"

sl_status sl_door_find(sl_member *member, sl_sqlite *db)
{
    sl_stage *stage = db->stage;
    char path[PATH_MAX], key[PATH_MAX + 16];
    if (member->door)
        return SL_OK;
    if (stage->env->resolve(stage->env->context, db->path, path, sizeof path) < 0)
        sqlite3_snprintf(sizeof path, path, "%s", db->path);
    sqlite3_snprintf(sizeof key, key, "sqlite %s", path);
    member->door = stage->host->shared(stage, key, sizeof *member->door);
    if (!member->door)
        return SL_ERROR;
    member->number = ++member->door->numbered;
    return SL_OK;
}

/* A rehearsal changes nothing: what it would make is made in memory. */
static sl_status open_memory(sl_sqlite *db)
{
    int rc = sqlite3_open_v2(":memory:", &db->handle,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    return rc == SQLITE_OK ? SL_OK : sl_sqlite_fail(db, rc, "rehearse");
}

sl_status sl_door_open(sl_member *member, sl_sqlite *db, int32_t create)
{
    sl_door *door = member->door;
    if (member->inside)
        return SL_OK;
    if (!door->handle) {
        int32_t memory = create && db->stage->host->rehearsing(db->stage);
        sl_status status = memory ? open_memory(db) : sl_sqlite_open(db, create);
        if (status != SL_OK)
            return status;
        door->handle = db->handle;
    }
    db->handle = door->handle;
    member->inside = 1;
    door->members++;
    return SL_OK;
}

static int set_journal(sl_door *door, sl_sqlite *db, int32_t wal)
{
    sqlite3_stmt *row = NULL;
    /* The journal of this change must not come back after a power cut. */
    int rc = door->made && wal ? sl_sqlite_run(db, "PRAGMA main.synchronous=EXTRA") : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = sl_sqlite_prepare(db,
                               sqlite3_mprintf(door->made && wal ? "PRAGMA main.journal_mode=WAL"
                                                                 : "PRAGMA main.journal_mode"),
                               &row);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    const char *mode = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    door->wal = mode && sqlite3_stricmp(mode, "wal") == 0;
    door->full = 1; /* as SQLite begins */
    if (rc == SQLITE_ROW)
        sqlite3_step(row); /* the mode is said before it fails */
    int last = sqlite3_finalize(row);
    return rc == SQLITE_ROW ? last : rc;
}

/* In WAL mode rows and checkpoint are lost or kept together, with NORMAL too; only what others
 * build on must be there after a power cut. */
static int set_synchronous(sl_door *door, sl_sqlite *db, int32_t full)
{
    if (!door->wal || door->full == full)
        return SQLITE_OK;
    int rc =
        sl_sqlite_run(db, full ? "PRAGMA main.synchronous=FULL" : "PRAGMA main.synchronous=NORMAL");
    door->full = rc == SQLITE_OK ? full : door->full;
    return rc;
}

/* A journal that was removed must not come back after a power cut. */
static sl_status begin(sl_door *door, sl_sqlite *db, int32_t wal, int32_t durable)
{
    int rc = door->journaled ? SQLITE_OK : set_journal(door, db, wal);
    if (rc == SQLITE_OK && !door->journaled)
        rc = sl_env_sync_folder(db->stage->env, db->path) < 0 ? SQLITE_IOERR_DIR_FSYNC : SQLITE_OK;
    door->journaled = rc == SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = set_synchronous(door, db, durable);
    if (rc == SQLITE_OK)
        rc = sl_sqlite_run(db, "BEGIN IMMEDIATE");
    sl_status status = sl_sqlite_status(db, rc, "write to");
    if (status != SL_OK)
        return status;
    sl_sqlite_waited(db);
    door->begun = 1;
    door->last++;
    return SL_OK;
}

sl_status sl_door_begin(sl_member *member, sl_sqlite *db, int32_t wal, int32_t durable)
{
    sl_door *door = member->door;
    if (!door->begun) {
        sl_status status = begin(door, db, wal, durable);
        if (status != SL_OK)
            return status;
    }
    door->dirty += member->wrote == 0;
    member->wrote = door->last;
    return SL_OK;
}

sl_status sl_door_commit(sl_member *member, sl_sqlite *db)
{
    sl_door *door = member->door;
    if (member->wrote == 0)
        return SL_OK;
    if (!door->begun || member->wrote != door->last)
        return sl_fail_at(db->stage, SL_PLACE(.code = SL_CODE_IO),
                          "the transaction in '%s' was rolled back", db->path);
    if (door->dirty == 1) {
        sl_status status = sl_sqlite_status(db, sl_sqlite_run(db, "COMMIT"), "write to");
        if (status != SL_OK)
            return status;
        sl_sqlite_waited(db);
        door->begun = 0;
    }
    door->dirty--;
    member->wrote = 0;
    return SL_OK;
}

void sl_door_roll_back(sl_member *member, sl_sqlite *db)
{
    sl_door *door = member->door;
    if (!door || member->wrote == 0)
        return;
    if (member->inside && !sqlite3_get_autocommit(door->handle))
        sl_sqlite_run(db, "ROLLBACK");
    door->begun = 0;
    door->dirty = 0;
    member->wrote = 0;
}

void sl_door_leave(sl_member *member, sl_sqlite *db)
{
    sl_door *door = member->door;
    if (!member->inside)
        return;
    member->inside = 0;
    if (--door->members == 0) {
        sl_sqlite_close(db);
        door->handle = NULL;
    }
    db->handle = NULL;
}

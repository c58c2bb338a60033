/*
 * sqlite_checkpoint.h - the table `sluice_checkpoint` of a target database: one row for each
 * exporter and its table, written in the transaction of the rows that it speaks of.
 *
 * The table is made with the first checkpoint. What a checkpoint says is the host's.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_CHECKPOINT_H
#define SL_SQLITE_CHECKPOINT_H

#include "stages/core/arena.h"
#include "stages/sqlite_db.h"

#define SL_CHECKPOINT_TABLE "sluice_checkpoint"

/* The last checkpoint of this stage and target; nothing when there is none. */
sl_status sl_checkpoint_read(sl_sqlite *db, sl_arena *arena, const char *target,
                             sl_text *checkpoint);
/* In the open transaction. SQLite's rc. */
int sl_checkpoint_store(sl_sqlite *db, const char *target, const sl_blob *checkpoint);

#endif

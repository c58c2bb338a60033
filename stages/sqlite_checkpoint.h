/*
 * sqlite_checkpoint.h - the table `sluice_checkpoint`: one row for each exporter of a graph and
 * its target. In a target database it is written in the transaction of the rows that it speaks
 * of; in a graph's state database it speaks of files.
 *
 * The table is made with the first checkpoint. What a checkpoint says is the host's (a JSON
 * object); NULL or "{}" is none.
 *
 * Fence: each run that writes here takes a new epoch with its first checkpoint, and writes only
 * while the epoch is its own. A run that was taken over from fails instead of interleaving.
 *
 * Errors are SQLite's rc. Thread: that of the connection.
 */
#ifndef SL_SQLITE_CHECKPOINT_H
#define SL_SQLITE_CHECKPOINT_H

#include <sqlite3.h>

#include "stages/core/stage.h"

#define SL_CHECKPOINT_TABLE "sluice_checkpoint"
#define SL_CHECKPOINT_FENCED SQLITE_ABORT /* another run has taken over */

typedef struct sl_checkpoint_key {
    const char *graph;
    const char *exporter; /* host->key */
    const char *target;   /* the table, or the file's absolute path */
} sl_checkpoint_key;

typedef struct sl_checkpoint {
    char *text;      /* sqlite3_free it; NULL: none */
    int64_t epoch;   /* of the run that wrote it; 0: no run did */
    int64_t changed; /* microseconds since 1970 */
} sl_checkpoint;

/* The last checkpoint; *found is zero when there is none. */
int sl_checkpoint_find(sqlite3 *db, const sl_checkpoint_key *key, sl_checkpoint *found);
/* Writes it in the open transaction. *epoch is that of the last checkpoint known, and *ours 1
 * once this run has written one: both are kept up to date. */
int sl_checkpoint_store(sqlite3 *db, const sl_checkpoint_key *key, const sl_blob *checkpoint,
                        int64_t now, int64_t *epoch, int32_t *ours);

#endif

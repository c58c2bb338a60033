/*
 * sql_seen.h - keys that were seen, in a private temporary SQLite database: for sets of keys
 * that are larger than memory.
 *
 * The database has no name, is gone when it is closed, and stands where SQLite puts temporary
 * files. Keys are compared, not their hashes.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQL_SEEN_H
#define SL_SQL_SEEN_H

#include "stages/key.h"

typedef struct sl_sql_seen sl_sql_seen;

/* memory: of its page cache. NULL: failed, said. */
sl_sql_seen *sl_sql_seen_new(sl_stage *stage, int64_t memory);
void sl_sql_seen_free(sl_sql_seen *seen); /* NULL: nothing */

/* *first 1: the key was not there before; it is now. SL_ERROR: said. */
sl_status sl_sql_seen_add(sl_sql_seen *seen, const sl_key *key, int32_t *first);

#endif

/*
 * sqlite_origin.h - where the rows that an sqlite reader gives come from: table, database, key.
 *
 * An INTEGER key of one column is given as it is, with the column's name; any other one as a JSON
 * object. A row that has no key, or whose key is not among the columns that are read, has its
 * number only.
 *
 * Deliberately elsewhere: who wants to know it (origin.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_ORIGIN_H
#define SL_SQLITE_ORIGIN_H

#include "stages/core/text.h"
#include "stages/sqlite_page.h"

typedef struct sl_sqlite_origin { /* zeroed */
    const int32_t *wanted;        /* the graph's flag; NULL: not asked for yet */
    sl_origin row;                /* what all rows share; database NULL: not known yet */
    sl_builder key;               /* the JSON of the row that stands */
} sl_sqlite_origin;

/* Makes room for the origins of a new batch, where somebody wants them. SL_ERROR: said. */
sl_status sl_sqlite_origin_begin(sl_sqlite_origin *origin, sl_stage *stage, const char *database,
                                 const char *table, sl_batch *batch);
/* Notes where the row that stands, the batch's next, comes from; a TEXT key is good until the
 * next call. SL_ERROR: no memory, said. */
sl_status sl_sqlite_origin_note(sl_sqlite_origin *origin, const sl_page *page, sl_batch *batch);
void sl_sqlite_origin_done(sl_sqlite_origin *origin);

#endif

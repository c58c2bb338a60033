/*
 * origin.h - where rows come from, as the stages between a reader and a sink hand it on.
 *
 * Nobody pays for lineage that nobody wants: an exporter that keeps it sets a flag in the memory
 * that the graph's stages share, and readers and stages that put rows in a new order look at it
 * before they note anything.
 *
 * Deliberately elsewhere: keeping it in a database (sqlite_lineage.h), the keys of rows that a
 * database gives (sqlite_origin.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_ORIGIN_H
#define SL_ORIGIN_H

#include "stages/core/stage.h"

/* The graph's flag: 1 as soon as an exporter wants lineage. NULL: no memory, said. */
int32_t *sl_origin_flag(sl_stage *stage);

/* Where a row of the batch came from. */
sl_origin sl_origin_of(const sl_batch *batch, uint32_t row);

/* A copy of the text that lives as long as the graph; for equal texts the same. NULL: no memory,
 * said. */
const char *sl_origin_keep(sl_stage *stage, const char *text);

/* For rows that are made from several: where all of those came from. */
typedef struct sl_origin_common { /* zeroed */
    int32_t any;
    sl_origin origin; /* what is the same for all */
} sl_origin_common;

void sl_origin_mix(sl_origin_common *common, const sl_batch *batch);
/* Notes it for every row of a batch; SL_ERROR: no memory, said. */
sl_status sl_origin_give(const sl_origin_common *common, sl_stage *stage, sl_batch *batch);

/* Sources, each with a number from 0. Two are the same when they are at the same addresses. */
typedef struct sl_origin_names { /* zeroed, then `stage` set */
    sl_stage *stage;
    sl_origin *list; /* of each source: source, database, key_name, flags */
    uint32_t count, room;
    uint32_t *slots; /* 1 + the number of a source; 0: empty; twice `room` of them */
    uint32_t last;   /* the one that was asked for last */
} sl_origin_names;

/* The number of the origin's source; -1: no memory, said. */
int32_t sl_origin_number(sl_origin_names *names, const sl_origin *origin);
void sl_origin_names_done(sl_origin_names *names); /* also a zeroed one */

/* An origin as cells, to be spilled with its row. */
#define SL_ORIGIN_CELLS 4u
/* SL_OK, SL_ERROR: no memory, said. A TEXT key stays where it is. */
sl_status sl_origin_pack(sl_origin_names *names, const sl_origin *origin, sl_cell *cells);
/* Gives them to the batch's row; a TEXT key is copied where the batch has room for it, else it is
 * not known any more. */
void sl_origin_unpack(const sl_origin_names *names, const sl_cell *cells, sl_batch *batch,
                      uint32_t row);

#endif

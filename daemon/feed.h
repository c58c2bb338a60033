/*
 * feed.h - rows for one stage of a graph that come from elsewhere than its input: rejected rows
 * that are tried again (retry.h).
 *
 * A graph with a feed plans all of its stages, so that the stage's input has its columns, and then
 * opens only that stage, those that it leads to, and the exporters of their rejected rows. Nothing
 * is read from the readers, no checkpoint is looked at or written. `finish` is asked when every
 * exporter has ended and the books balance: it makes all of it safe, or nothing.
 *
 * Thread: the graph's strand.
 */
#ifndef SL_FEED_H
#define SL_FEED_H

#include "config/plan.h"
#include "stages/core/generator.h"

typedef struct sl_feed { /* set the first four; it outlives the graph */
    uint32_t stage;      /* its index in the plan; it has one input */
    void *of;
    /* GIVES the next batch, made from the pool, with the columns of the stage's input. */
    sl_status (*next)(void *of, sl_pool *pool, const sl_column *columns, uint32_t count,
                      sl_batch **given);
    sl_status (*finish)(void *of); /* SL_OK, SL_PENDING: ask again, SL_ERROR */

    sl_pool *pool; /* the graph's */
    sl_input from; /* what it stands for: its columns, and closed with it */
} sl_feed;

/* What the stage pulls in place of `from`. */
sl_input sl_feed_as_input(sl_feed *feed, sl_pool *pool, const sl_input *from);
/* Fills part[i] with 1 for every stage of the plan that takes part. */
void sl_feed_parts(const sl_plan *plan, uint32_t stage, int32_t *part);

#endif

/*
 * feed.h - an input made of text, for harness.c. What the spelling is, harness.h says.
 */
#ifndef SL_FEED_H
#define SL_FEED_H

#include "tests/harness/harness.h"

typedef struct sl_feed sl_feed;

/* Both strings are borrowed. NULL: the columns are misspelt. */
sl_feed *sl_feed_new(const sl_harness_setup *setup, sl_pool *pool, sl_errors *errors);
void sl_feed_free(sl_feed *feed);
sl_input sl_feed_input(sl_feed *feed);
/* How often the shared owner of a batch saw it change. */
int32_t sl_feed_changes(const sl_feed *feed);
int32_t sl_feed_closed(const sl_feed *feed);

/* Adds one row, and one cell, as text. */
void sl_feed_row(sl_builder *text, const sl_batch *batch, uint32_t row);

#endif

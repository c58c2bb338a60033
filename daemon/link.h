/*
 * link.h - fan-out: one stage's batches for several consumers.
 *
 * A link pulls its producer and gives the same batch to each outlet through a bounded queue.
 * An outlet whose queue is empty pulls; while the queue of another open outlet is full it
 * answers PENDING, until that one has moved: the slowest consumer sets the pace, and nothing
 * is dropped. A closed outlet no longer counts. The producer is closed with the last outlet.
 * END and ERROR reach every outlet after what stands in its queue.
 *
 * Thread: one strand, so there is no lock here.
 */
#ifndef SL_LINK_H
#define SL_LINK_H

#include "stages/core/generator.h"

#define SL_LINK_DEPTH 2 /* batches in each outlet's queue */

typedef struct sl_link sl_link;

/* Gives a link behind `producer`, with so many outlets; NULL: no memory. */
sl_link *sl_link_new(const sl_env *env, sl_generator *producer, uint32_t outlets);
void sl_link_free(sl_link *link); /* closes what is open; NULL: nothing */
sl_input sl_link_outlet(sl_link *link, uint32_t index);

/* 1: batches given = taken + discarded at close + queued, for every outlet. */
int32_t sl_link_audit(const sl_link *link, char *why, size_t size);

#endif

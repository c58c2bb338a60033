/*
 * edges.h - who takes whose rows: names, `from`, `on_reject`, and the order of it all.
 */
#ifndef SL_EDGES_H
#define SL_EDGES_H

#include "config/reading.h"

/* Gives every draft its name. */
void sl_edges_name(sl_reading *reading);
/* Connects the drafts: inputs, consumers and reject stages are indexes of drafts. */
void sl_edges_connect(sl_reading *reading);
/* Puts the drafts into plan->stages, inputs first, as near to what is written as can be. Only
 * after a reading without mistakes. */
sl_status sl_edges_order(sl_reading *reading);

#endif

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
/* After a reading with mistakes: puts those drafts into plan->stages that are without any, and
 * whose inputs are. */
sl_status sl_edges_sound(sl_reading *reading);

#endif

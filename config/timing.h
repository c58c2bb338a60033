/*
 * timing.h - the keys at the top that say when a graph runs, and when it is taken for stuck: every,
 * cron, timezone, stuck_after.
 */
#ifndef SL_TIMING_H
#define SL_TIMING_H

#include "config/reading.h"

/* Whether it is one of these keys. 1 or 0. */
int sl_timing_is_key(const char *word);
/* Fills plan->schedule, its text and plan->stuck_after from the keys of the root, a map; says what
 * is wrong. */
void sl_timing_read(sl_reading *reading, const sl_yaml_node *root);

#endif

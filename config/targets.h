/*
 * targets.h - stages that would spoil each other's work: two exporters that write one file, a
 * graph that reads the rows it adds.
 */
#ifndef SL_CONFIG_TARGETS_H
#define SL_CONFIG_TARGETS_H

#include "config/reading.h"

/* Compares the options of all drafts, once they are filled. */
void sl_targets_check(sl_reading *reading);

#endif

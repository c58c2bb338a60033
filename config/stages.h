/*
 * stages.h - one entry of `stages:` after the other: its type, its name as written, its options.
 */
#ifndef SL_CONFIG_STAGES_H
#define SL_CONFIG_STAGES_H

#include "config/reading.h"

/* Reads the list into reading->drafts; options are not read yet. */
void sl_stages_read(sl_reading *reading, const sl_yaml_node *stages);
/* Reads the options of every draft into a struct of its stage; the names are known by now. */
void sl_stages_fill(sl_reading *reading);

/* The words that are keys of a stage itself and never options; ends at NULL. */
extern const char *const sl_stages_keys[];

#endif

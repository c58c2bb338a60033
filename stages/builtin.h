/*
 * builtin.h - the table of built-in stages, made from builtin.def.
 */
#ifndef SL_BUILTIN_H
#define SL_BUILTIN_H

#include "stages/core/stage.h"

/* Ends at NULL. */
extern const sl_stage_type *const sl_builtin[];

#endif

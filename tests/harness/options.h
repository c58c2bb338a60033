/*
 * options.h - YAML text as a stage's written options, for harness.c.
 */
#ifndef SL_HARNESS_OPTIONS_H
#define SL_HARNESS_OPTIONS_H

#include "stages/core/option.h"

/* Reads a YAML map as config does, but for `${...}`. Values know their places: sl_plan_locate
 * finds them, in a file called `options`. NULL: the text is wrong, and errors say so. */
const sl_value *sl_harness_options(const char *text, sl_arena *arena, sl_errors *errors);

#endif

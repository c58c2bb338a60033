/*
 * builtin.c - the table of built-in stages.
 */
#include "stages/builtin.h"

#define STAGE(name) extern const sl_stage_type sl_##name;
#include "stages/builtin.def"
#undef STAGE

const sl_stage_type *const sl_builtin[] = {
#define STAGE(name) &sl_##name,
#include "stages/builtin.def"
#undef STAGE
    NULL,
};

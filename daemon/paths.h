/*
 * paths.h - what each exporter of a graph promises, judged over its whole path.
 *
 *     exactly-once     each source row's effect is committed once, whatever is killed when: every
 *                      reader behind it can go back to a position, no stage holds rows, and the
 *                      exporter keeps the position with the rows
 *     all-or-nothing   nothing is seen before the last row is safe; a run that is made again
 *                      starts from the beginning and gives the same
 *     at-least-once    all else, with the reason
 *
 * Mixtures that cannot be right are mistakes of the YAML: a run that goes on where it stood
 * beside one that starts from the beginning.
 *
 * Thread: the graph's strand.
 */
#ifndef SL_PATHS_H
#define SL_PATHS_H

#include "config/plan.h"
#include "stages/core/generator.h"

#define SL_PATH_LEAST 0u
#define SL_PATH_EXACTLY 1u
#define SL_PATH_WHOLE 2u

typedef struct sl_path { /* of an exporter */
    uint32_t kind;       /* SL_PATH_* */
    const char *why;     /* one clause, in the arena or static */
} sl_path;

/* Fills paths[i] for every exporter i. generators: by stage; state: 1 when there is a state
 * directory. Mistakes are added to errors. */
sl_status sl_paths_judge(const sl_plan *plan, sl_generator *const *generators, int32_t state,
                         sl_arena *arena, sl_errors *errors, sl_path *paths);
/* Whether rows of `stage` reach `exporter`; a stage reaches itself. */
int32_t sl_paths_reach(const sl_plan *plan, uint32_t stage, uint32_t exporter);
const char *sl_path_name(uint32_t kind); /* "exactly-once" ... */
/* Adds a mistake at a stage's place in the YAML. */
sl_status sl_paths_mistake(const sl_plan *plan, uint32_t stage, const char *hint, sl_errors *errors,
                           const char *format, ...) SL_PRINTF(5, 6);

#endif

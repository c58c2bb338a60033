/*
 * runs.h - sorting more rows than memory holds: sorted runs in temporary files, merged.
 *
 * Rows come with a key (key.h) and go out in the order of their keys, rows with equal keys in
 * the order in which they came. Within `memory` no file is made. Beyond it, memory full of rows
 * is sorted and written as a run; many runs are merged into one longer run, so that the final
 * merge reads from a bounded number of them.
 *
 * Deliberately elsewhere: which columns make the key (sort.c), the files (spill.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_RUNS_H
#define SL_RUNS_H

#include "stages/key.h"
#include "stages/spill.h"

typedef struct sl_runs sl_runs;

sl_runs *sl_runs_new(sl_stage *stage, int64_t memory); /* bytes; NULL: no memory, said */
void sl_runs_free(sl_runs *runs);                      /* NULL: nothing */

/* Copies a key and a row. SL_ERROR: said. */
sl_status sl_runs_add(sl_runs *runs, const sl_key *key, const sl_cell *cells, uint32_t count);
/* No more rows come: stands before the first. SL_ERROR: said. */
sl_status sl_runs_finish(sl_runs *runs);
/* Goes to the next row: SL_OK, SL_END, SL_ERROR (said). */
sl_status sl_runs_step(sl_runs *runs);
/* The row it stands on, as spill.h packed it; good until the next step. */
const char *sl_runs_row(const sl_runs *runs);

#endif

/*
 * tap.h - rows of a live graph for somebody who looks: copied on their way, never held up.
 *
 * On the graph's strand a tap copies rows as JSON lines into a bounded store; on the loop they are
 * taken out. When the store is full, rows are passed over and counted: the reader is told that what
 * it sees is a sample. The graph itself never waits.
 *
 * A condition is SQL over the row, evaluated by a connection of the tap's own, which can read
 * nothing but the row and is stopped when it takes too long.
 *
 * Threads: each function says its own.
 */
#ifndef SL_TAP_H
#define SL_TAP_H

#include "stages/core/generator.h"
#include "stages/core/text.h"

typedef struct sl_tap sl_tap;

/* ANY THREAD. where: NULL: every row. rows: so many, then it is full; -1: no end. NULL: no
 * memory. */
sl_tap *sl_tap_new(const sl_env *env, const char *stage, const char *where, int64_t rows);
/* Neither attached nor taken from any more. NULL: nothing. */
void sl_tap_free(sl_tap *tap);

/* STRAND, between two steps. 0; -1: the condition is wrong; -2: not now: another tap is there, or
 * the columns are not known; with *why (the tap's own). */
int sl_tap_attach(sl_tap *tap, sl_generator *generator, const char **why);
void sl_tap_detach(sl_tap *tap); /* STRAND, between two steps */
void sl_tap_forget(sl_tap *tap); /* the graph that it was attached to is gone */

/* ANY THREAD: adds the lines that are there to text; *missed rows were passed over since the last
 * call. 1: no more will come (so many rows were seen). */
/* rows: how many were put into the store so far. */
int32_t sl_tap_take(sl_tap *tap, sl_builder *text, int64_t *missed, int64_t *rows);

#endif

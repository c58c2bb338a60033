/*
 * sqlite_window.h - `overlap`: the keys that were given near the last one, so that rows with
 * smaller keys that come late are told from those that were there before.
 *
 * The window is (last - overlap, last]; its keys are integers or reals, ascending.
 * Deliberately elsewhere: reading the rows (sqlite_page.c).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_WINDOW_H
#define SL_SQLITE_WINDOW_H

#include "stages/core/stage.h"
#include "stages/core/text.h"
#include "stages/json.h"

#define SL_WINDOW_MAX 10000u /* keys */

typedef struct sl_window { /* zeroed; overlap is set by the reader */
    double overlap;        /* 0: none */
    sl_cell *keys;
    uint32_t count;
    uint32_t room;
} sl_window;

/* -1, 0, 1: two numbers, exactly. */
int sl_window_compare(const sl_cell *a, const sl_cell *b);
/* The key behind which the window of a last key begins. */
sl_cell sl_window_low(const sl_window *window, const sl_cell *last);
int32_t sl_window_has(const sl_window *window, const sl_cell *key);
/* Adds a key that it has not; those at or below `low` may go. SL_OK, SL_END: there are too many,
 * SL_ERROR: no memory, said. */
sl_status sl_window_add(sl_stage *stage, sl_window *window, const sl_cell *key, const sl_cell *low);
/* Forgets the keys at or below `low`. */
void sl_window_forget(sl_window *window, const sl_cell *low);
void sl_window_free(sl_stage *stage, sl_window *window);

/* As JSON: pairs of the first and last of integers that follow each other. */
void sl_window_tell(const sl_window *window, sl_builder *json);
/* 0, or -1: that is no such list, or there is no memory. */
int sl_window_seek(sl_stage *stage, sl_window *window, const sl_json_value *list);

#endif

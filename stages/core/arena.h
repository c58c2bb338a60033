/*
 * arena.h - memory that is freed all at once: what a plan or a graph makes once and keeps.
 *
 * Deliberately elsewhere: the memory of batches, which is recycled (batch.h).
 * Thread: one at a time.
 */
#ifndef SL_ARENA_H
#define SL_ARENA_H

#include "stages/core/stage.h"

typedef struct sl_arena sl_arena;

/* Gives an arena that takes its memory from env; NULL: no memory. */
sl_arena *sl_arena_new(const sl_env *env);
void sl_arena_free(sl_arena *arena); /* NULL: nothing */

/* Zeroed memory, aligned for any type, good until the arena is freed; NULL: no memory. */
void *sl_arena_take(sl_arena *arena, size_t size);
/* A terminated copy of `size` bytes; NULL: no memory. */
char *sl_arena_copy(sl_arena *arena, const char *text, size_t size);
char *sl_arena_format(sl_arena *arena, const char *format, ...) SL_PRINTF(2, 3);
/* Bytes taken from env so far. */
size_t sl_arena_bytes(const sl_arena *arena);

#endif

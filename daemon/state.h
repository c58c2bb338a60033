/*
 * state.h - what a graph remembers between runs where its sinks cannot: the state database, one
 * file for each graph's name in the state directory; and the lock that lets one run at a time
 * write to a sink.
 *
 * A sink that is a database keeps its checkpoint itself. For a file the checkpoint stands here,
 * with the length that the file had then; the rows are safe (fdatasync) before it is written.
 * A checkpoint that is not durable may be taken back by a power cut (WAL, NORMAL), and the file
 * is then cut back to the one that is left.
 *
 * Errors go to the list with their place. Thread: WORKER, the graph's strand; sl_state_name and
 * sl_state_make_directory: ANY THREAD.
 */
#ifndef SL_STATE_H
#define SL_STATE_H

#include "stages/core/error.h"
#include "stages/core/env.h"
#include "stages/sqlite_checkpoint.h"

typedef struct sl_state sl_state;

typedef struct sl_state_entry { /* one checkpoint; zeroed, then `key` set */
    sl_checkpoint_key key;
    int64_t epoch;
    int32_t ours;
} sl_state_entry;

/* Gives the state of a graph; nothing is made before the first write or lock. NULL: no memory,
 * said. */
sl_state *sl_state_new(const sl_env *env, const char *directory, const char *graph,
                       sl_errors *errors);
void sl_state_free(sl_state *state); /* locks go with it; NULL: nothing */

/* `what` is this run's alone until free. SL_ERROR: another run has it, said. Where the state
 * directory cannot be made and the lock is not `needed`, there is none. */
sl_status sl_state_lock(sl_state *state, const char *what, int32_t needed);
/* The checkpoint kept under the key, in the arena; *text NULL: there is none. */
sl_status sl_state_read(sl_state *state, sl_state_entry *entry, sl_arena *arena, const char **text,
                        int64_t *changed);
sl_status sl_state_write(sl_state *state, sl_state_entry *entry, const char *text, size_t size,
                         int32_t durable);
const char *sl_state_file(const sl_state *state); /* its path, for people */

/* The path of a file that belongs to a graph: DIRECTORY/GRAPH.ENDING, the name spelled so that any
 * name is one. 0, or -1: too long. */
int32_t sl_state_name(char *to, size_t size, const char *directory, const char *graph,
                      const char *ending);
/* Makes the state directory and those above it, where they are missing. 0 or -errno. */
int32_t sl_state_make_directory(const sl_env *env, const char *directory);

#endif

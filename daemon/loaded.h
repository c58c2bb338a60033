/*
 * loaded.h - a graph's file as it was read once: its plan, or its mistakes.
 *
 * Thread: LOOP; the plan of one that is held is read on workers.
 */
#ifndef SL_LOADED_H
#define SL_LOADED_H

#include "config/plan.h"

/* A YAML file that was read. */
typedef struct sl_loaded {
    sl_arena *arena; /* of errors and of the texts that they show */
    sl_errors errors;
    sl_plan *plan; /* NULL: errors say why */
    char *file;
    uint64_t fingerprint; /* of the file's text and all values put in */
    uint32_t held;        /* frees that only take one hold back */
} sl_loaded;

/* Gives what a file says; NULL: no memory. */
sl_loaded *sl_loaded_read(const sl_env *env, sl_registry *registry, const char *file);
/* It stays, whatever becomes of its service: one more free is needed. Its plan is only read. */
sl_loaded *sl_loaded_hold(sl_loaded *loaded);
void sl_loaded_free(sl_loaded *loaded); /* NULL: nothing */

#endif

/*
 * traps.h - text that means one thing to its author and another to YAML, and what to do.
 *
 * Two kinds: what stops the scanner (sl_traps_explain puts libyaml's words into ours), and SQL
 * that scans well but was cut or split on the way (sl_traps_sql).
 */
#ifndef SL_TRAPS_H
#define SL_TRAPS_H

#include "config/yaml.h"

/* Why YAML could not be scanned: libyaml's words and places, to be put into ours. */
typedef struct sl_trap {
    const char *problem;
    const char *context; /* NULL: none */
    size_t byte;         /* in the file: where */
    size_t context_byte; /* where the context began; with context only */
    size_t length;       /* 0: the word there */
    const char *message; /* out */
    const char *hint;    /* out; NULL: none */
} sl_trap;

/* Fills message and hint, and may move the place. Strings are static or in the arena. */
void sl_traps_explain(const sl_yaml *yaml, sl_arena *arena, sl_trap *trap);

/* Looks through the SQL scalars of an option's node. 1: *trap has byte, length, message, hint. */
int sl_traps_sql(const sl_yaml *yaml, const sl_yaml_node *node, sl_trap *trap);

#endif

/*
 * keys.h - the keys of a graph and those that every stage has, as the schema and the manual page
 * say them.
 */
#ifndef SL_KEYS_H
#define SL_KEYS_H

#include "stages/core/stage.h"

typedef struct sl_key {
    const char *name;
    const char *help;   /* a sentence or two */
    const char *schema; /* the rest of its JSON schema: "type", "default", "examples" */
} sl_key;

extern const sl_key sl_keys_of_graph[]; /* ends at name == NULL */
extern const sl_key sl_keys_of_stage[];

/* Whether stages of a role have this key: a reader has no `from`. */
int32_t sl_keys_fits(const sl_key *key, sl_role role);

#endif

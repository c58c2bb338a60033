/*
 * key_set.h - a set of keys in bounded memory, each with a payload of its owner's.
 *
 * Open addressing over entries that never move. When the next key would not fit in `memory`,
 * the set is full and stays as it is: keys that are in it are still found, others are never
 * added, so that a key is either here from its first row on or never. Where those others go is
 * the owner's: sql_seen.h for dedupe, a temporary file for aggregate.
 *
 * Thread: WORKER, with the stage.
 */
#ifndef SL_KEY_SET_H
#define SL_KEY_SET_H

#include "stages/key.h"

typedef struct sl_key_set sl_key_set;

typedef struct sl_key_entry { /* payload, then key, then the rest follow */
    uint32_t key_size;
    uint32_t rest_size;
    uint64_t payload[];
} sl_key_entry;

/* payload: bytes of each entry's. NULL: no memory, said. */
sl_key_set *sl_key_set_new(sl_stage *stage, int64_t memory, size_t payload);
void sl_key_set_free(sl_key_set *set); /* NULL: nothing; payloads are the owner's to look at */

/* The entry with this key; NULL: none. */
sl_key_entry *sl_key_set_find(const sl_key_set *set, const sl_key *key, uint64_t hash);
/* Adds a key that is not in it, payload zeroed, with room for `rest` bytes more. *entry NULL:
 * the set is full. SL_ERROR: no memory, said. */
sl_status sl_key_set_add(sl_key_set *set, const sl_key *key, uint64_t hash, size_t rest,
                         sl_key_entry **entry);

size_t sl_key_set_count(const sl_key_set *set);
const uint8_t *sl_key_set_key(const sl_key_set *set, const sl_key_entry *entry);
char *sl_key_set_rest(const sl_key_set *set, sl_key_entry *entry);

/* No key is looked for any more: brings the entries into the order of their keys. */
void sl_key_set_sort(sl_key_set *set);
/* Entry number `index` of count, once sorted. */
sl_key_entry *sl_key_set_at(const sl_key_set *set, size_t index);
/* Any entry, for an owner that frees what its payloads hold: *at starts at 0; NULL: no more. */
sl_key_entry *sl_key_set_each(const sl_key_set *set, size_t *at);

#endif

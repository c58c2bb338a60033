/*
 * key.h - cells as one run of bytes that memcmp orders as SQLite orders the cells.
 *
 * Two keys are equal exactly when SQLite finds their cells equal (NULLs count as equal, as in
 * GROUP BY): 1 and 1.0 are one key, 2^53 + 1 and the real nearest to it are two, text and blob
 * never meet, NaN is NULL. Across classes NULL < numbers < text < blob. No key is the
 * beginning of another one with as many parts, so that parts can follow one another.
 *
 * What holding stages share: sort compares keys, dedupe and aggregate look them up.
 * Deliberately elsewhere: keeping rows (spill.h), sorting them (runs.h), finding keys again
 * (key_set.h).
 * Thread: ANY THREAD; a key belongs to its stage.
 */
#ifndef SL_KEY_H
#define SL_KEY_H

#include "stages/core/stage.h"

#define SL_KEY_DESCENDING 1u
#define SL_KEY_NULLS_LAST 2u /* said by itself: DESCENDING alone leaves NULLs first */
#define SL_KEY_NOCASE 4u     /* SQLite's NOCASE: ASCII letters alike */
#define SL_KEY_RTRIM 8u      /* SQLite's RTRIM: spaces at the end do not count */

typedef struct sl_key { /* zeroed at first; `bytes` is memory of the stage's own */
    uint8_t *bytes;
    size_t size;
    size_t room;
} sl_key;

/* The value of a cell as its column's type reads it, where a misfit is the text that it is. */
void sl_key_value(const sl_column *column, const sl_cell *cell, sl_cell *value);

/* Adds one part; set key->size to 0 before the first. NUMERAL and faces must have been typed.
 * SL_ERROR: no memory, said. */
sl_status sl_key_add(sl_stage *stage, sl_key *key, const sl_cell *cell, uint32_t flags);
void sl_key_done(sl_stage *stage, sl_key *key); /* frees it */

/* As memcmp, the shorter one first where it is a beginning of the other. */
int sl_key_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);
uint64_t sl_key_hash(const uint8_t *bytes, size_t size);

#endif

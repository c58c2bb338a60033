/*
 * batch.h - the host's side of a batch: its memory, who shares it, where its rows come from.
 *
 * A batch owns one arena: the cells, the selection and the bytes that cells point into. It is
 * made by a pool that knows the graph's bounds, and goes back to the pool when its last owner
 * releases it, so that a warm graph allocates nothing. A copy made by sl_batch_own keeps the
 * memory of the batch it was made from (its `base`), because its slices point there.
 *
 * Bounds: a batch of c columns has room for max(1, min(rows, bytes / (32 * c))) rows, so that
 * cells take at most half of batch.bytes; bytes() may use what cells, selection and earlier
 * bytes() left of it.
 *
 * Stamp: the position of every reader behind the rows and the state of every stage that has
 * one, see generator.h. Counted like batches.
 *
 * Threads: a pool belongs to one strand. Owner counts are plain: strands do not meet yet.
 */
#ifndef SL_BATCH_H
#define SL_BATCH_H

#include "stages/core/env.h"

typedef struct sl_pool sl_pool;

/* rows and bytes: the graph's bounds per batch. NULL: no memory. */
sl_pool *sl_pool_new(const sl_env *env, int64_t rows, int64_t bytes);
/* Every batch must have come back; asserted. NULL: nothing. */
void sl_pool_free(sl_pool *pool);
int64_t sl_pool_rows(const sl_pool *pool);
int64_t sl_pool_bytes(const sl_pool *pool);
int64_t sl_pool_out(const sl_pool *pool);  /* batches not yet come back */
int64_t sl_pool_peak(const sl_pool *pool); /* most bytes ever held by the pool's batches */

/* One stamp: for each reader where it stood, for each stage with a state what it was; immutable. */
typedef struct sl_stamp {
    uint32_t owners;
    uint32_t count;
    struct sl_stamp_part {
        uint32_t stage;   /* its index in the graph */
        int32_t reader;   /* 1: json is a position */
        int64_t count;    /* readers: rows given or rejected so far; others: batches given */
        int64_t rejected; /* rows that this stage has rejected so far */
        const char *json; /* what tell() or save() said; "": nothing; in the stamp's own memory */
    } parts[];
} sl_stamp;

/* GIVES a stamp with one part; NULL: no memory. */
sl_stamp *sl_stamp_new(sl_pool *pool, const struct sl_stamp_part *part);
/* The part of a stage; NULL: none. */
const struct sl_stamp_part *sl_stamp_part_of(const sl_stamp *stamp, uint32_t stage);
/* GIVES the newest of both for every stage; NULL arguments are nothing. Borrows both.
 * NULL: both are NULL, or no memory (*failed is set). */
sl_stamp *sl_stamp_join(sl_pool *pool, sl_stamp *a, sl_stamp *b, int32_t *failed);
sl_stamp *sl_stamp_share(sl_stamp *stamp); /* one owner more; NULL: NULL */
void sl_stamp_release(sl_pool *pool, sl_stamp *stamp);

/* Overwrite the memory of released batches, so that a test finds who still reads it. */
void sl_pool_poison(sl_pool *pool, int32_t on);

/* GIVES an empty batch whose cells are unset; NULL: no memory, or not even one row of so many
 * columns fits (*full is set). rows 0: as many as fit. */
sl_batch *sl_batch_new(sl_pool *pool, uint32_t columns, uint32_t rows, int32_t *full);
sl_batch *sl_batch_share(sl_batch *batch);
void sl_batch_release(sl_batch *batch); /* NULL: nothing */
uint32_t sl_batch_owners(const sl_batch *batch);
/* TAKES *batch and GIVES one that nobody shares; 0, or -1: no memory (then *batch is NULL). */
int sl_batch_own(sl_batch **batch);
/* GIVES a new batch with copies of the columns and the selection given here, its slices in the
 * memory of `of`; used by rest(). NULL: no memory. */
sl_batch *sl_batch_tail(sl_batch *of, sl_cell *const *columns, uint32_t columns_count,
                        const uint32_t *selection, uint32_t selected);

char *sl_batch_bytes(sl_batch *batch, size_t size); /* NULL: full or no memory */
size_t sl_batch_room(const sl_batch *batch);
void sl_batch_trim(sl_batch *batch, const char *bytes, size_t size, size_t used);
sl_cell *sl_batch_cells(sl_batch *batch);
int sl_batch_arrange(sl_batch *batch, sl_cell *const *columns, uint32_t count);

/* An array for the lines of the rows, room for capacity, unset; batch->lines is set to it.
 * 0, or -1: no memory. */
int sl_batch_lines(sl_batch *batch);
/* Likewise for their origins, zeroed. */
int sl_batch_origins(sl_batch *batch);

sl_stamp *sl_batch_stamp(const sl_batch *batch);           /* borrowed */
void sl_batch_set_stamp(sl_batch *batch, sl_stamp *taken); /* NULL: none */
/* 1: the stamp speaks of more rows than have come with it: the rest is in later batches. */
int32_t sl_batch_partial(const sl_batch *batch);
void sl_batch_set_partial(sl_batch *batch, int32_t partial);

#endif

/*
 * inside.h - what generator.c, exporter.c and host.c share: the inside of a generator.
 *
 * Nobody else includes it.
 */
#ifndef SL_INSIDE_H
#define SL_INSIDE_H

#include "stages/core/generator.h"
#include "stages/core/text.h"

/* An input batch that the stage holds, in the order in which it came. */
typedef struct arrival {
    sl_batch *batch; /* NULL: released or given on */
    sl_stamp *stamp; /* owned */
    int32_t partial; /* as the batch's */
} arrival;

typedef struct inlet { /* one input */
    sl_input from;
    int32_t closed;
    int32_t ended; /* END came: asked again, it is END */
    arrival *line; /* of batches not yet finished */
    uint32_t length, room;
    int32_t partial; /* 1: of the batch that was finished last: more of its stamp will come */
} inlet;

struct sl_generator {
    sl_stage stage; /* first: a stage's handle is its generator */
    const sl_stage_type *type;
    sl_run *run;
    uint32_t index;
    const sl_value *options;
    const char *key; /* host->key */
    inlet *inlets;
    uint32_t inlets_count;

    const sl_column *columns; /* NULL: not known yet */
    uint32_t columns_count;

    int32_t tried; /* plan, open or recover was entered: close must be called */
    int32_t planned, opened, closed, entered;
    int32_t input_pending; /* an input answered PENDING in this call */
    int32_t waiting;       /* the last answer was this stage's own PENDING */
    int32_t ended, failed;
    int32_t uncertain; /* abort failed: what stands in the target is not known */
    atomic_int gate;   /* for interrupts: 0 shut, as it begins and ends; 1 free; 2 one is inside */
    const char *raising; /* goes to input 0 in place of the next pull */

    /* each, write: the batch that the stage is looking at. */
    sl_batch *current;
    int32_t arranged; /* the stage changed its columns */
    sl_cell **entry;  /* its columns as they came in */
    uint32_t entry_count, entry_room;
    sl_batch *tail; /* rows that did not fit: handed to each next */
    int32_t split;  /* rest() was called in this each */

    /* Rows rejected in `marked_batch`, one bit a row. */
    const sl_batch *marked_batch;
    uint64_t *marks;
    uint32_t marks_room; /* words */
    uint32_t marked;
    int32_t drop_rejects;

    int32_t promised; /* 1: the stage said what it can promise */
    uint32_t promise; /* SL_PROMISE_* */
    const char *promise_why;

    sl_stamp *finished; /* newest stamp of all rows that are finished here */

    struct sl_stamp_part before; /* where an earlier run left this stage; json is not kept */

    /* readers */
    int64_t row_limit;
    int64_t *bounds; /* rows given or rejected at which a batch must end; ascending */
    uint32_t bounds_count;
    const char *source; /* name of the last batch's source, in the run's arena */

    /* exporters */
    sl_batch *writing;
    uint32_t commit_every, uncommitted; /* writes */
    int64_t rows_written;               /* since the last commit */
    sl_blob checkpoint;
    int32_t committing; /* a commit answered PENDING and is asked again */
    int32_t asked;      /* a commit was asked for: ASKED_*; 0: none */
    sl_stamp *ahead;    /* what an earlier run has committed; NULL: nothing */

    void (*seen)(void *of, sl_generator *generator, const sl_batch *batch); /* NULL: no tap */
    void *seen_of;
    char *to_raise; /* what next raises in this stage; owned; NULL: nothing */

    int64_t nested; /* microseconds spent in inputs, all in all */
    sl_counters counters;
};

extern const sl_host sl_generator_host; /* host.c */

/* exporter.c: the next receipt; and whether the stage is asked to write and commit: in a rehearsal
 * only who knows of it. */
sl_status sl_exporter_next(sl_generator *generator, sl_batch **given);
int32_t sl_exporter_acts(const sl_generator *generator);

/* A promise of the stage was broken: SL_ERROR, said. */
sl_status sl_generator_bug(sl_generator *generator, const char *what);

sl_status sl_generator_pull(sl_generator *generator, uint32_t input, sl_batch **given);
void sl_generator_let_go(sl_generator *generator, sl_batch *batch);
void sl_generator_sweep(sl_generator *generator, sl_batch *batch);
sl_status sl_generator_fail_list(sl_generator *generator, const sl_place *place, int32_t level,
                                 const char *format, va_list args) SL_PRINTF(4, 0);
/* The columns that a batch of this stage has at this moment. */
const sl_column *sl_generator_columns_of(const sl_generator *generator, const sl_batch *batch,
                                         uint32_t *count);

#endif

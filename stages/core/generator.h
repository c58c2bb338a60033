/*
 * generator.h - drives one stage, and keeps the contract of stage.h in one place.
 *
 * What no author should have to remember is kept here: END and ERROR are sticky; SL_OK comes
 * with a batch and nothing else does; one entry at a time; the first reason of a failure is
 * the one that stays; a stage is closed exactly once; rows, batches, calls and time are
 * counted here, so that metrics cost an author nothing and cannot lie.
 *
 * How rows flow: a consumer calls sl_generator_next; the generator calls the stage's `next`,
 * or asks the input itself and calls `each`; the stage asks its inputs through the host
 * table, which leads to an sl_input: another generator, an outlet of a link (daemon/link.h),
 * or a test's feed. A chain is nested calls; a backtrace is the pipeline.
 *
 * An exporter is a generator too. For it, next means: ask the input, hand the batch to
 * `write`, `commit` now and then, and give a receipt: an empty batch whose first_row is the
 * number of rows that are safe now. So one loop drives every graph: pull the exporters until
 * they END.
 *
 * A stage that holds rows (sort, aggregate) pulls its whole input in one call. So that a stop
 * is heard and progress is seen meanwhile, its input answers PENDING now and then: once the
 * time slice is over, or when the run is stopping. To the stage it is a wait like any other.
 *
 * Stamps: each batch of a reader is stamped with tell(), and each stage with save() adds its
 * state to what it gives. A stamp travels with the rows. A batch whose rows are only some of
 * those that its stamp speaks of is partial: a stage gave part of what it took, and the rest
 * will follow. What a commit makes safe is the stamp of the last batch written, and there is no
 * commit behind a partial batch.
 *
 * Going on: sl_generator_resume puts a stage where an earlier run left it. A reader's batches
 * then end at each bound (where some exporter stood), so that an exporter that was ahead of
 * others passes over whole batches.
 *
 * The books, per stage: in + created = out + filtered + rejected + passed + held. created and
 * filtered are derived for readers and `each` stages and told (host->account) by the others; held
 * must be 0 when a stage has ended. sl_generator_audit checks it.
 *
 * Threads: one strand. Only sl_generator_interrupt and sl_run.stopping: ANY THREAD.
 */
#ifndef SL_GENERATOR_H
#define SL_GENERATOR_H

#include <stdatomic.h>

#include "stages/core/batch.h"
#include "stages/core/option.h"

typedef struct sl_generator sl_generator;

/* A row that was refused, on its way to where on_reject says. Borrowed strings. */
typedef struct sl_reject {
    const char *stage;
    const char *reason;
    const char *column; /* NULL: none */
    const char *source; /* NULL: none */
    int64_t row;        /* 0: not known */
    int64_t line;       /* 0: not known */
    const char *raw;    /* the line that never became a row; NULL: none */
    size_t raw_size;
    const char *values; /* the row as a JSON object; NULL: none */
} sl_reject;

/* Memory that stages of one graph share (host->shared); in the run's arena. */
typedef struct sl_shared sl_shared;
struct sl_shared {
    sl_shared *next;
    const char *key;
    void *memory;
};

/* What is shared by the generators of one graph, and what stands above them. */
typedef struct sl_run {
    const sl_env *env;
    const sl_env *reach; /* the stages' own, where it is another one; NULL: env */
    sl_pool *pool;
    sl_arena *arena;    /* of the graph */
    sl_errors *errors;  /* failures are added here */
    sl_locate *locate;  /* NULL: no YAML */
    int64_t started;    /* microseconds since 1970 */
    int32_t offline;    /* 1: plan looks at nothing */
    int32_t planning;   /* 1: several failures may be said */
    int32_t rehearsing; /* 1: nothing is committed */
    const char *graph;  /* its name; NULL: none */
    sl_shared *shared;
    atomic_int stopping; /* inputs answer PENDING, so that every stage lets go */
    atomic_uint signs;   /* of life, from inside long calls: host->stopping was asked */
    int32_t cut_short;   /* 1: a stage was interrupted, as asked: nothing more is committed */
    int64_t yield_at;    /* monotonic; a stage that holds rows is made to wait then; 0: never */
    int32_t yielded;     /* 1: that happened; whoever set yield_at asks again */
    void *of;            /* for the functions below */
    void (*wake)(void *of, uint32_t stage); /* ANY THREAD */
    void (*wake_after)(void *of, uint32_t stage, int64_t microseconds);
    sl_status (*wake_on_fd)(void *of, uint32_t stage, int32_t fd, int32_t events);
    void (*log)(void *of, const sl_error *line); /* level says how loud */
    const sl_value *(*param)(void *of, const char *name);
    /* SL_OK: taken. SL_ERROR: the graph does not go on; when no failure was added, the
     * generator adds the reject's own reason with SL_CODE_DATA. */
    sl_status (*reject)(void *of, uint32_t stage, const sl_reject *row);
    /* Before a stage is asked: makes room for its rejects (drains them). NULL: nothing. */
    sl_status (*drain)(void *of, uint32_t stage);
    /* An exporter wishes to commit (final: it has no more rows): commits it, and whatever must
     * be committed with it, by sl_generator_commit. SL_OK: done, or, unless final, not now;
     * SL_PENDING: ask again. NULL: the generator commits by itself. */
    sl_status (*commit)(void *of, uint32_t stage, int32_t final);
    /* Builds the checkpoint that exporter `stage` commits with this stamp. NULL: empty. */
    sl_status (*checkpoint)(void *of, uint32_t stage, const sl_stamp *stamp, sl_blob *blob);
    /* The type that a reader's column had when the graph began; SL_END: not known. NULL: none. */
    sl_status (*kept_type)(void *of, uint32_t stage, const char *column, sl_type *type);
    int32_t (*durable)(void *of, uint32_t stage); /* host->durable; NULL: 0 */
} sl_run;

/* What a generator pulls from. */
typedef struct sl_input {
    void *of;
    sl_status (*next)(void *of, sl_batch **given);
    sl_status (*send)(void *of, const sl_message *message, sl_text *answer);
    sl_status (*raise)(void *of, const char *why, sl_batch **given);
    void (*close)(void *of);
    const sl_column *(*columns)(void *of, uint32_t *count); /* NULL: not known yet */
} sl_input;

typedef struct sl_counters {
    int64_t calls; /* of next */
    int64_t batches_in, batches_out;
    int64_t rows_in, rows_out; /* exporters: rows_out are committed rows */
    int64_t created, filtered, rejected;
    int64_t passed;              /* exporters: rows that an earlier run has committed */
    int64_t busy;                /* microseconds in this stage, its inputs not counted */
    int64_t bytes_done;          /* readers: of the source; */
    int64_t bytes_total;         /* -1: not known */
    int64_t memory, memory_peak; /* what the stage allocated, now and at most */
    int64_t commits;
    int64_t raised; /* reasons that were raised here by an operator, and heard */
} sl_counters;

/* Gives a generator. self: the stage's struct as sl_option_fill left it, copied; options: the
 * map it was filled from; both outlive the generator, as type does. index: the stage's number
 * in the graph. inputs are copied. NULL: no memory. */
sl_generator *sl_generator_new(sl_run *run, uint32_t index, const sl_stage_type *type,
                               const char *name, const void *self, const sl_value *options,
                               const sl_input *inputs, uint32_t inputs_count);
/* Closes first, if that has not happened. NULL: nothing. */
void sl_generator_free(sl_generator *generator);

/* The life of a stage; each at most once, in this order. */
sl_status sl_generator_recover(sl_generator *generator, sl_text *checkpoint);
sl_status sl_generator_plan(sl_generator *generator);
sl_status sl_generator_open(sl_generator *generator); /* plans, when that has not been done */
/* Puts the stage where an earlier run left it: its counts, and position or state where json is
 * not "". */
sl_status sl_generator_resume(sl_generator *generator, const struct sl_stamp_part *part);
sl_status sl_generator_next(sl_generator *generator, sl_batch **given);
sl_status sl_generator_send(sl_generator *generator, const sl_message *message, sl_text *answer);
sl_status sl_generator_raise(sl_generator *generator, const char *why, sl_batch **given);
/* Aborts what an exporter wrote and did not commit, closes the stage, then its inputs. */
void sl_generator_close(sl_generator *generator);
void sl_generator_interrupt(sl_generator *generator); /* ANY THREAD, between open and close */
/* Exporters: commit what was written so far; final: no more will come. Nothing happens when
 * nothing was written, unless final. SL_OK, SL_PENDING, SL_ERROR. */
sl_status sl_generator_commit(sl_generator *generator, int32_t final);
int64_t sl_generator_written(const sl_generator *generator); /* rows, committed or not */
/* 1: no partial batch was written last, so that a commit may be made. */
int32_t sl_generator_settled(const sl_generator *generator);
int32_t
sl_generator_uncommitted(const sl_generator *generator); /* 1: a commit would do something */

/* Readers: give no more rows than this in all; -1: no bound. */
void sl_generator_limit(sl_generator *generator, int64_t rows);
/* Readers: a batch ends where this many rows were given or rejected, earlier runs counted. 0, or
 * -1: no memory. */
int sl_generator_bound(sl_generator *generator, int64_t rows);
/* What its checkpoint is kept under (host->key); borrowed. Until then: its name. */
void sl_generator_key(sl_generator *generator, const char *key);
/* Exporters: what an earlier run has committed; its batches are passed over. TAKES. */
void sl_generator_ahead(sl_generator *generator, sl_stamp *taken);
/* Rows rejected so far, earlier runs counted. */
int64_t sl_generator_rejected(const sl_generator *generator);
/* What the stage promises, as it said in plan; *why NULL: nothing to say. */
uint32_t sl_generator_promise(const sl_generator *generator, const char **why);
/* 1: SL_PROMISE_EMPTY was said with it. */
int32_t sl_generator_target_empty(const sl_generator *generator);
/* 1: rejected rows are only counted, run->reject is not called. */
void sl_generator_drop_rejects(sl_generator *generator, int32_t drop);
/* Exporters: writes per commit, at least 1; a pending or ended input commits anyway. */
void sl_generator_commit_every(sl_generator *generator, uint32_t writes);
/* An input of this generator that others may hold: add it to `inputs` of the consumer. */
sl_input sl_generator_as_input(sl_generator *generator);

/* Adds a failure in the generator's name. Answers SL_ERROR; the generator's next is ERROR. */
sl_status sl_generator_fail(sl_generator *generator, const sl_place *place, const char *format, ...)
    SL_PRINTF(3, 4);

/* Calls seen() with each batch that the stage gives (an exporter: takes); NULL: no longer. */
void sl_generator_tap(sl_generator *generator,
                      void (*seen)(void *of, sl_generator *generator, const sl_batch *batch),
                      void *of);
/* The next time that this stage is asked, the reason is raised in it. 0, or -1: no memory. */
int sl_generator_raise_next(sl_generator *generator, const char *why);
int32_t sl_generator_tapped(const sl_generator *generator); /* 1: a tap is there */
/* The columns of what a tap sees. */
const sl_column *sl_generator_tapped_columns(const sl_generator *generator, uint32_t *count);

const sl_stage_type *sl_generator_type(const sl_generator *generator);
const char *sl_generator_name(const sl_generator *generator);
sl_stage *sl_generator_stage(sl_generator *generator);
const sl_column *sl_generator_columns(const sl_generator *generator, uint32_t *count);
const sl_counters *sl_generator_counters(const sl_generator *generator);
int32_t sl_generator_ended(const sl_generator *generator);     /* 1: END was given */
int32_t sl_generator_failed(const sl_generator *generator);    /* 1: ERROR was given */
int32_t sl_generator_uncertain(const sl_generator *generator); /* 1: its abort has failed */
int32_t sl_generator_closed(const sl_generator *generator);
/* 1: its last answer was PENDING, and it was not an input's. */
int32_t sl_generator_waiting(const sl_generator *generator);
/* 1: a call of the stage has not come back. ANY THREAD, by guess where it is another one. */
int32_t sl_generator_entered(const sl_generator *generator);
/* 1: it was an input's. */
int32_t sl_generator_waits_for_input(const sl_generator *generator);
/* Whether the books balance: 1, or 0 with the sums in `why`. */
int32_t sl_generator_audit(const sl_generator *generator, char *why, size_t size);

#endif

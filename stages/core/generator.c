/*
 * generator.c - drives one stage through its life and keeps its contract; see generator.h.
 *
 * Deliberately elsewhere: what a stage may ask of the host (host.c), exporters (exporter.c).
 */
#include "stages/core/generator.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/inside.h"

#define COMMIT_EVERY 16

static int64_t clock_of(const sl_generator *generator)
{
    return generator->run->env->monotonic(generator->run->env->context);
}

/* ---- Making and freeing ------------------------------------------------------------------ */

static void *allocate(sl_run *run, size_t size)
{
    void *made = sl_env_allocate(run->env, NULL, size ? size : 1);
    if (made)
        memset(made, 0, size);
    return made;
}

sl_generator *sl_generator_new(sl_run *run, uint32_t index, const sl_stage_type *type,
                               const char *name, const void *self, const sl_value *options,
                               const sl_input *inputs, uint32_t inputs_count)
{
    sl_generator *made = allocate(run, sizeof *made);
    if (!made)
        return NULL;
    made->run = run;
    made->stage = (sl_stage){
        .host = &sl_generator_host, .env = run->reach ? run->reach : run->env, .name = name};
    made->stage.self = allocate(run, type->self_size);
    made->inlets = allocate(run, inputs_count * sizeof *made->inlets);
    made->type = type;
    made->index = index;
    made->options = options;
    made->key = name;
    made->commit_every = COMMIT_EVERY;
    made->row_limit = -1;
    made->counters.bytes_total = -1;
    if (!made->stage.self || !made->inlets) {
        sl_generator_free(made);
        return NULL;
    }
    if (self && type->self_size > 0)
        memcpy(made->stage.self, self, type->self_size);
    for (uint32_t i = 0; i < inputs_count; i++)
        made->inlets[i].from = inputs[i];
    made->inlets_count = inputs_count;
    return made;
}

void sl_generator_free(sl_generator *generator)
{
    if (!generator)
        return;
    const sl_env *env = generator->run->env;
    if (generator->type && !generator->closed)
        sl_generator_close(generator);
    for (uint32_t i = 0; i < generator->inlets_count; i++)
        sl_env_allocate(env, generator->inlets[i].line, 0);
    sl_stamp_release(generator->run->pool, generator->finished);
    sl_stamp_release(generator->run->pool, generator->ahead);
    sl_env_allocate(env, generator->bounds, 0);
    sl_env_allocate(env, generator->to_raise, 0);
    sl_env_allocate(env, generator->marks, 0);
    sl_env_allocate(env, generator->entry, 0);
    sl_env_allocate(env, generator->inlets, 0);
    sl_env_allocate(env, generator->stage.self, 0);
    sl_env_allocate(env, generator, 0);
}

/* ---- Stamps: what is finished ------------------------------------------------------------- */

static void finish(sl_generator *generator, sl_stamp *taken)
{
    int32_t failed;
    sl_stamp *joined = sl_stamp_join(generator->run->pool, generator->finished, taken, &failed);
    sl_stamp_release(generator->run->pool, taken);
    if (failed) {
        sl_generator_fail(generator, NULL, "out of memory");
        return;
    }
    sl_stamp_release(generator->run->pool, generator->finished);
    generator->finished = joined;
}

/* The batch left the stage: its stamp counts once all batches before it have left too. */
void sl_generator_let_go(sl_generator *generator, sl_batch *batch)
{
    for (uint32_t i = 0; i < generator->inlets_count; i++) {
        inlet *in = &generator->inlets[i];
        uint32_t done = 0, at = 0;
        while (at < in->length && in->line[at].batch != batch)
            at++;
        if (at == in->length)
            continue;
        in->line[at].batch = NULL;
        while (done < in->length && !in->line[done].batch) {
            in->partial = in->line[done].partial;
            finish(generator, in->line[done++].stamp);
        }
        in->length -= done;
        memmove(in->line, in->line + done, in->length * sizeof *in->line);
        return;
    }
}

static int hold(sl_generator *generator, inlet *in, sl_batch *batch)
{
    if (in->length == in->room) {
        uint32_t room = in->room ? in->room * 2 : 4;
        arrival *line = sl_env_allocate(generator->run->env, in->line, room * sizeof *line);
        if (!line)
            return -1;
        in->line = line;
        in->room = room;
    }
    in->line[in->length++] = (arrival){.batch = batch,
                                       .stamp = sl_stamp_share(sl_batch_stamp(batch)),
                                       .partial = sl_batch_partial(batch)};
    return 0;
}

/* Whether the stage has rows of a stamp that it has not given on. */
static int32_t holds_some(const sl_generator *generator)
{
    for (uint32_t i = 0; i < generator->inlets_count; i++)
        if (generator->inlets[i].length > 0 || generator->inlets[i].partial)
            return 1;
    return 0;
}

static int32_t holds(const sl_generator *generator, const sl_batch *batch)
{
    for (uint32_t i = 0; i < generator->inlets_count; i++)
        for (uint32_t b = 0; b < generator->inlets[i].length; b++)
            if (generator->inlets[i].line[b].batch == batch)
                return 1;
    return 0;
}

/* GIVES what may be inside a partial batch: all that has come. NULL: nothing, or no memory. */
static sl_stamp *newest(sl_generator *generator)
{
    sl_pool *pool = generator->run->pool;
    sl_stamp *sum = sl_stamp_share(generator->finished);
    for (uint32_t i = 0; i < generator->inlets_count; i++)
        for (uint32_t b = 0; b < generator->inlets[i].length; b++) {
            int32_t failed;
            sl_stamp *joined =
                sl_stamp_join(pool, sum, generator->inlets[i].line[b].stamp, &failed);
            sl_stamp_release(pool, sum);
            sum = joined;
            if (failed) {
                sl_generator_fail(generator, NULL, "out of memory");
                return NULL;
            }
        }
    return sum;
}

static void forget_held(sl_generator *generator)
{
    for (uint32_t i = 0; i < generator->inlets_count; i++) {
        inlet *in = &generator->inlets[i];
        for (uint32_t b = 0; b < in->length; b++)
            sl_stamp_release(generator->run->pool, in->line[b].stamp);
        in->length = 0;
    }
}

/* ---- Failing ------------------------------------------------------------------------------ */

sl_status sl_generator_bug(sl_generator *generator, const char *what)
{
    sl_place place = {.code = SL_CODE_BUG, .hint = "this is a mistake in the stage's code"};
    return sl_generator_fail(generator, &place, "%s", what);
}

sl_status sl_generator_fail(sl_generator *generator, const sl_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sl_generator_fail_list(generator, place, SL_LOG_ERROR, format, args);
    va_end(args);
    return SL_ERROR;
}

/* ---- Asking an input ------------------------------------------------------------------------ */

/* Whether the stage shall let go now: the run is stopping, or it holds rows and has had its
 * time. */
static int32_t must_wait(sl_generator *generator)
{
    sl_run *run = generator->run;
    if (atomic_load_explicit(&run->stopping, memory_order_relaxed))
        return 1;
    if (!run->yield_at || !(generator->type->traits & SL_TRAIT_HOLDS) ||
        clock_of(generator) < run->yield_at)
        return 0;
    run->yielded = 1;
    return 1;
}

/* What a stage's sl_next does: END is remembered, rows and time are counted, the batch's stamp
 * waits until the batch leaves the stage. */
sl_status sl_generator_pull(sl_generator *generator, uint32_t input, sl_batch **given)
{
    if (input >= generator->inlets_count)
        return sl_generator_bug(generator, "asked an input that it does not have");
    inlet *in = &generator->inlets[input];
    if (in->ended || in->closed)
        return SL_END;
    if (must_wait(generator)) {
        generator->input_pending = 1;
        return SL_PENDING;
    }
    const char *why = input == 0 ? generator->raising : NULL;
    if (why)
        generator->raising = NULL;
    int64_t before = clock_of(generator);
    sl_batch *batch = NULL;
    sl_status status =
        why ? in->from.raise(in->from.of, why, &batch) : in->from.next(in->from.of, &batch);
    generator->nested += clock_of(generator) - before;
    if (status == SL_END)
        in->ended = 1;
    if (status == SL_PENDING)
        generator->input_pending = 1;
    if (status != SL_OK)
        return status;
    if (hold(generator, in, batch) < 0) {
        sl_batch_release(batch);
        return sl_generator_fail(generator, NULL, "out of memory");
    }
    generator->counters.batches_in++;
    generator->counters.rows_in += batch->selected;
    *given = batch;
    return SL_OK;
}

/* ---- Rejected rows ----------------------------------------------------------------------------
 */

/* Takes the rows that were rejected out of the batch, whether or not the stage left them in. */
void sl_generator_sweep(sl_generator *generator, sl_batch *batch)
{
    if (generator->marked_batch != batch)
        return;
    if (generator->marked > 0) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < batch->selected; i++) {
            uint32_t row = batch->selection[i];
            if (!(generator->marks[row / 64] >> (row % 64) & 1))
                batch->selection[kept++] = row;
        }
        batch->selected = kept;
    }
    generator->marked_batch = NULL;
    generator->marked = 0;
}

/* ---- Readers and other stages with next ---------------------------------------------------------
 */

static sl_status check_given(sl_generator *generator, sl_batch *batch)
{
    if (!batch)
        return sl_generator_bug(generator, "answered SL_OK without a batch");
    if (batch->columns_count != generator->columns_count)
        return sl_generator_bug(generator, "gave a batch with other columns than it declared");
    return SL_OK;
}

/* Rows given or rejected, or batches given, earlier runs counted. */
static int64_t count_of(const sl_generator *generator)
{
    const sl_counters *count = &generator->counters;
    if (generator->type->role == SL_READER)
        return generator->before.count + count->rows_out + count->rejected;
    return generator->before.count + count->batches_out + 1;
}

int64_t sl_generator_rejected(const sl_generator *generator)
{
    return generator->before.rejected + generator->counters.rejected;
}

/* Adds this stage's part, with what `ask` (tell or save) says. */
static sl_status stamp_with(sl_generator *generator, sl_batch *batch,
                            sl_status (*ask)(sl_stage *stage, sl_text *text), const char *what)
{
    sl_run *run = generator->run;
    sl_text text = {0};
    if (ask && ask(&generator->stage, &text) != SL_OK) {
        sl_env_allocate(run->env, text.data, 0);
        return sl_generator_fail(generator, NULL, "cannot tell its %s", what);
    }
    struct sl_stamp_part part = {.stage = generator->index,
                                 .reader = generator->type->role == SL_READER,
                                 .count = count_of(generator),
                                 .rejected = sl_generator_rejected(generator),
                                 .json = text.data ? text.data : ""};
    int32_t failed = 0;
    sl_stamp *own = sl_stamp_new(run->pool, &part);
    sl_stamp *joined = own ? sl_stamp_join(run->pool, sl_batch_stamp(batch), own, &failed) : NULL;
    sl_stamp_release(run->pool, own);
    sl_env_allocate(run->env, text.data, 0);
    if (!joined)
        return sl_generator_fail(generator, NULL, "out of memory");
    sl_batch_set_stamp(batch, joined);
    return SL_OK;
}

static int32_t is_reader(const sl_generator *generator)
{
    return generator->type->role == SL_READER;
}

/* --limit: a reader's batch is cut where the bound is, and the reader has ended. */
static void cut_to_limit(sl_generator *generator, sl_batch *batch)
{
    if (generator->row_limit < 0)
        return;
    int64_t left = generator->row_limit - generator->counters.rows_out;
    if ((int64_t)batch->selected > left)
        batch->selected = (uint32_t)left;
}

/* A source's name outlives the reader, which may be closed while its batches are on their way. */
static sl_status keep_source(sl_generator *generator, sl_batch *batch)
{
    const char *name = batch->source;
    if (name && (!generator->source || strcmp(generator->source, name) != 0)) {
        generator->source = sl_arena_copy(generator->run->arena, name, strlen(name));
        if (!generator->source)
            return sl_generator_fail(generator, NULL, "out of memory");
    }
    batch->source = name ? generator->source : NULL;
    return SL_OK;
}

/* The stamp of what came goes on with the batch. */
static sl_status pass_stamp(sl_generator *generator, sl_batch *batch)
{
    int32_t came = holds(generator, batch); /* it is one of the input's own */
    sl_generator_let_go(generator, batch);
    int32_t partial = holds_some(generator);
    if (came && generator->inlets_count == 1)
        partial = generator->inlets[0].partial || holds(generator, NULL);
    sl_stamp *stamp = partial ? newest(generator) : sl_stamp_share(generator->finished);
    sl_batch_set_stamp(batch, stamp);
    sl_batch_set_partial(batch, partial);
    if (generator->failed)
        return SL_ERROR;
    const sl_stage_type *type = generator->type;
    if (type->save || (generator->counters.rejected > 0 && !generator->drop_rejects))
        return stamp_with(generator, batch, type->save, "state");
    return SL_OK;
}

static sl_status give(sl_generator *generator, sl_batch *batch, sl_batch **given)
{
    sl_generator_sweep(generator, batch);
    sl_status status;
    if (is_reader(generator)) {
        cut_to_limit(generator, batch);
        generator->counters.rows_out += batch->selected;
        generator->counters.created = generator->counters.rows_out + generator->counters.rejected;
        sl_batch_set_stamp(batch, NULL);
        sl_batch_set_partial(batch, 0);
        status = keep_source(generator, batch);
        if (status == SL_OK && generator->type->tell)
            status = stamp_with(generator, batch, generator->type->tell, "position");
    } else {
        status = pass_stamp(generator, batch);
        generator->counters.rows_out += batch->selected;
    }
    if (status != SL_OK) {
        sl_batch_release(batch);
        return SL_ERROR;
    }
    generator->counters.batches_out++;
    if (generator->seen)
        generator->seen(generator->seen_of, generator, batch);
    *given = batch;
    return SL_OK;
}

static sl_status next_of_stage(sl_generator *generator, sl_batch **given)
{
    sl_batch *batch = NULL;
    if (is_reader(generator) && generator->row_limit >= 0 &&
        generator->counters.rows_out >= generator->row_limit)
        return SL_END;
    sl_status status = generator->type->next(&generator->stage, &batch);
    if (status != SL_OK) {
        if (is_reader(generator))
            generator->counters.created =
                generator->counters.rows_out + generator->counters.rejected;
        return batch ? sl_generator_bug(generator, "gave a batch and did not answer SL_OK")
                     : status;
    }
    status = check_given(generator, batch);
    if (status != SL_OK) {
        sl_batch_release(batch);
        return status;
    }
    return give(generator, batch, given);
}

/* ---- Stages with each --------------------------------------------------------------------------
 */

static int keep_entry(sl_generator *generator, const sl_batch *batch)
{
    if (batch->columns_count > generator->entry_room) {
        sl_cell **entry = sl_env_allocate(generator->run->env, generator->entry,
                                          batch->columns_count * sizeof *entry);
        if (!entry)
            return -1;
        generator->entry = entry;
        generator->entry_room = batch->columns_count;
    }
    if (batch->columns_count > 0)
        memcpy(generator->entry, batch->columns, batch->columns_count * sizeof *generator->entry);
    generator->entry_count = batch->columns_count;
    return 0;
}

/* The next batch for each: what did not fit last time, or a writable one of the input. */
static sl_status batch_for_each(sl_generator *generator, sl_batch **batch)
{
    if (generator->tail) {
        *batch = generator->tail;
        generator->tail = NULL;
        return SL_OK;
    }
    sl_status status = sl_generator_pull(generator, 0, batch);
    if (status != SL_OK)
        return status;
    sl_batch *shared = *batch;
    if (sl_batch_own(batch) < 0) {
        sl_generator_let_go(generator, shared);
        return sl_generator_fail(generator, NULL, "out of memory");
    }
    if (*batch != shared) /* the stage holds the copy in its place */
        for (uint32_t i = 0; i < generator->inlets[0].length; i++)
            if (generator->inlets[0].line[i].batch == shared)
                generator->inlets[0].line[i].batch = *batch;
    return SL_OK;
}

static sl_status run_each(sl_generator *generator, sl_batch *batch)
{
    int64_t rejected = generator->counters.rejected;
    if (keep_entry(generator, batch) < 0)
        return sl_generator_fail(generator, NULL, "out of memory");
    generator->current = batch;
    generator->arranged = 0;
    generator->split = 0;
    uint32_t came = batch->selected;
    sl_status status = generator->type->each(&generator->stage, batch);
    generator->current = NULL;
    if (status != SL_OK)
        return status == SL_ERROR ? status
                                  : sl_generator_bug(generator, "each answers SL_OK or SL_ERROR");
    sl_generator_sweep(generator, batch);
    if (generator->tail)
        came -= generator->tail->selected;
    generator->counters.filtered +=
        (int64_t)came - batch->selected - (generator->counters.rejected - rejected);
    return check_given(generator, batch);
}

static sl_status next_by_each(sl_generator *generator, sl_batch **given)
{
    sl_batch *batch;
    sl_status status = batch_for_each(generator, &batch);
    if (status != SL_OK)
        return status;
    status = run_each(generator, batch);
    if (status != SL_OK) {
        sl_generator_let_go(generator, batch);
        sl_batch_release(batch);
        return status;
    }
    if (generator->split) { /* not finished: the stamp goes on with the rest */
        for (uint32_t i = 0; i < generator->inlets[0].length; i++)
            if (generator->inlets[0].line[i].batch == batch)
                generator->inlets[0].line[i].batch = generator->tail;
    }
    return give(generator, batch, given);
}

/* ---- The four verbs
 * ---------------------------------------------------------------------------------- */

static sl_status settle(sl_generator *generator, sl_status status)
{
    switch (status) {
    case SL_OK:
    case SL_PENDING:
        return status;
    case SL_END:
        generator->ended = 1;
        break;
    case SL_ERROR:
        if (generator->run->errors->errors == 0 && !generator->run->cut_short)
            sl_generator_bug(generator, "failed without saying why");
        generator->failed = 1;
        break;
    default:
        return settle(generator,
                      sl_generator_bug(generator, "gave an answer that is none of the four"));
    }
    /* Nothing more will be asked of the inputs. */
    for (uint32_t i = 0; i < generator->inlets_count; i++) {
        inlet *in = &generator->inlets[i];
        if (!in->closed) {
            in->closed = 1;
            in->from.close(in->from.of);
        }
    }
    return status;
}

static sl_status enter(sl_generator *generator, sl_batch **given)
{
    if (generator->failed || generator->closed)
        return SL_ERROR;
    if (generator->ended)
        return SL_END;
    assert(!generator->entered);
    sl_run *run = generator->run;
    if (run->drain && run->drain(run->of, generator->index) != SL_OK)
        return settle(generator, SL_ERROR);
    generator->entered = 1;
    generator->input_pending = 0;
    generator->counters.calls++;
    int64_t before = clock_of(generator), nested = generator->nested;
    sl_status status;
    if (generator->type->role == SL_EXPORTER)
        status = sl_exporter_next(generator, given);
    else if (generator->type->each)
        status = next_by_each(generator, given);
    else
        status = next_of_stage(generator, given);
    generator->counters.busy += clock_of(generator) - before - (generator->nested - nested);
    generator->entered = 0;
    generator->waiting = status == SL_PENDING && !generator->input_pending;
    if (status == SL_OK && generator->failed) { /* a failure was said, and then forgotten */
        sl_batch_release(*given);
        *given = NULL;
        status = SL_ERROR;
    }
    return settle(generator, status);
}

sl_status sl_generator_next(sl_generator *generator, sl_batch **given)
{
    if (!generator->to_raise)
        return enter(generator, given);
    char *why = generator->to_raise;
    generator->to_raise = NULL;
    generator->counters.raised++;
    sl_status status = sl_generator_raise(generator, why, given);
    sl_env_allocate(generator->run->env, why, 0);
    return status;
}

int sl_generator_raise_next(sl_generator *generator, const char *why)
{
    size_t size = strlen(why) + 1;
    char *copy = sl_env_allocate(generator->run->env, NULL, size);
    if (!copy)
        return -1;
    memcpy(copy, why, size);
    sl_env_allocate(generator->run->env, generator->to_raise, 0);
    generator->to_raise = copy;
    return 0;
}

void sl_generator_tap(sl_generator *generator,
                      void (*seen)(void *of, sl_generator *generator, const sl_batch *batch),
                      void *of)
{
    generator->seen = seen;
    generator->seen_of = of;
}

int32_t sl_generator_tapped(const sl_generator *generator)
{
    return generator->seen != NULL;
}

const sl_column *sl_generator_tapped_columns(const sl_generator *generator, uint32_t *count)
{
    if (generator->type->role != SL_EXPORTER)
        return sl_generator_columns(generator, count);
    return generator->inlets[0].from.columns(generator->inlets[0].from.of, count);
}

sl_status sl_generator_raise(sl_generator *generator, const char *why, sl_batch **given)
{
    if (generator->failed || generator->closed)
        return SL_ERROR;
    if (generator->ended)
        return SL_END;
    if (generator->type->raise) {
        assert(!generator->entered);
        generator->entered = 1;
        sl_batch *batch = NULL;
        sl_status status = generator->type->raise(&generator->stage, why, &batch);
        generator->entered = 0;
        if (status == SL_OK)
            status = check_given(generator, batch);
        if (status == SL_OK)
            status = give(generator, batch, given);
        else if (status == SL_ERROR && generator->run->errors->errors == 0)
            sl_generator_fail(generator, NULL, "%s", why);
        return settle(generator, status);
    }
    if (generator->inlets_count == 0)
        return settle(generator, sl_generator_fail(generator, NULL, "%s", why));
    generator->raising = why;
    sl_status status = enter(generator, given);
    generator->raising = NULL;
    return status;
}

sl_status sl_generator_send(sl_generator *generator, const sl_message *message, sl_text *answer)
{
    if (generator->closed)
        return SL_END;
    sl_status status = SL_END;
    if (generator->type->send)
        status = generator->type->send(&generator->stage, message, answer);
    for (uint32_t i = 0; status == SL_END && i < generator->inlets_count; i++) {
        inlet *in = &generator->inlets[i];
        if (!in->closed)
            status = in->from.send(in->from.of, message, answer);
    }
    return status;
}

void sl_generator_close(sl_generator *generator)
{
    if (generator->closed)
        return;
    generator->closed = 1;
    int gate = 1;
    while (!atomic_compare_exchange_weak(&generator->gate, &gate, 0) && gate != 0) {
        if (gate == 2)
            sched_yield();
        gate = 1;
    }
    if (generator->opened && generator->type->abort && !generator->ended &&
        sl_exporter_acts(generator))
        generator->uncertain = generator->type->abort(&generator->stage) != SL_OK;
    if (generator->tried && generator->type->close)
        generator->type->close(&generator->stage);
    sl_batch_release(generator->tail);
    sl_batch_release(generator->writing);
    generator->tail = generator->writing = NULL;
    forget_held(generator);
    for (uint32_t i = 0; i < generator->inlets_count; i++)
        if (!generator->inlets[i].closed) {
            generator->inlets[i].closed = 1;
            generator->inlets[i].from.close(generator->inlets[i].from.of);
        }
}

void sl_generator_interrupt(sl_generator *generator)
{
    int free_gate = 1;
    if (!generator->type->interrupt)
        return;
    if (!atomic_compare_exchange_strong(&generator->gate, &free_gate, 2))
        return;
    generator->type->interrupt(&generator->stage);
    atomic_store(&generator->gate, 1);
}

/* ---- Before the first pull
 * ------------------------------------------------------------------------------- */

sl_status sl_generator_recover(sl_generator *generator, sl_text *checkpoint)
{
    if (!generator->type->recover)
        return SL_OK;
    generator->tried = 1;
    sl_status status = generator->type->recover(&generator->stage, checkpoint);
    return status == SL_OK ? SL_OK : settle(generator, status);
}

static void inherit_columns(sl_generator *generator)
{
    if (generator->columns || generator->inlets_count != 1)
        return;
    const sl_input *from = &generator->inlets[0].from;
    generator->columns = from->columns(from->of, &generator->columns_count);
}

/* Calls plan or open: errors are said by the stage; an ERROR without a word gets one. */
static sl_status prepare(sl_generator *generator, sl_status (*step)(sl_stage *stage))
{
    uint32_t before = generator->run->errors->errors;
    generator->tried = 1;
    sl_status status = step ? step(&generator->stage) : SL_OK;
    if (status == SL_ERROR && generator->run->errors->errors == before)
        sl_generator_bug(generator, "failed without saying why");
    if (status == SL_END || status == SL_PENDING)
        status = sl_generator_bug(generator, "plan and open answer SL_OK or SL_ERROR");
    if (status == SL_OK && generator->run->errors->errors > before)
        status = SL_ERROR;
    if (status == SL_ERROR)
        generator->failed = 1;
    return status;
}

sl_status sl_generator_plan(sl_generator *generator)
{
    generator->planned = 1;
    sl_status status = prepare(generator, generator->type->plan);
    sl_role role = generator->type->role;
    /* A validator or filter with a mistake still has the columns of its input, so that the
     * mistakes of the stages behind it are found too. */
    if (status == SL_OK || role == SL_VALIDATOR || role == SL_FILTER)
        inherit_columns(generator);
    return status;
}

sl_status sl_generator_open(sl_generator *generator)
{
    if (generator->failed)
        return SL_ERROR;
    if (!generator->planned && sl_generator_plan(generator) != SL_OK)
        return SL_ERROR;
    generator->opened = 1;
    sl_status status =
        prepare(generator, generator->type->role != SL_EXPORTER || sl_exporter_acts(generator)
                               ? generator->type->open
                               : NULL);
    if (status != SL_OK)
        return status;
    inherit_columns(generator);
    if (!generator->columns && generator->type->role != SL_EXPORTER)
        return sl_generator_bug(generator, "declared no columns");
    atomic_store(&generator->gate, 1);
    return SL_OK;
}

sl_status sl_generator_resume(sl_generator *generator, const struct sl_stamp_part *part)
{
    const sl_stage_type *type = generator->type;
    sl_status (*go)(sl_stage * stage, const char *place) =
        type->role == SL_READER || type->role == SL_EXPORTER ? type->seek : type->restore;
    generator->before = *part;
    generator->before.json = NULL;
    if (!part->json || !*part->json)
        return SL_OK;
    if (!go)
        return sl_generator_fail(generator, NULL, "this stage cannot go on where it stood");
    if (generator->failed || go(&generator->stage, part->json) != SL_OK)
        return settle(generator, SL_ERROR);
    return SL_OK;
}

void sl_generator_key(sl_generator *generator, const char *key)
{
    generator->key = key;
}

int sl_generator_bound(sl_generator *generator, int64_t rows)
{
    uint32_t count = generator->bounds_count, at = 0;
    int64_t *bounds = sl_env_allocate(generator->run->env, generator->bounds,
                                      (count + 1) * sizeof *generator->bounds);
    if (!bounds)
        return -1;
    generator->bounds = bounds;
    while (at < count && bounds[at] < rows)
        at++;
    memmove(bounds + at + 1, bounds + at, (count - at) * sizeof *bounds);
    bounds[at] = rows;
    generator->bounds_count = count + 1;
    return 0;
}

void sl_generator_ahead(sl_generator *generator, sl_stamp *taken)
{
    sl_stamp_release(generator->run->pool, generator->ahead);
    generator->ahead = taken;
    sl_stamp_release(generator->run->pool, generator->finished);
    generator->finished = sl_stamp_share(taken);
}

uint32_t sl_generator_promise(const sl_generator *generator, const char **why)
{
    const sl_stage_type *type = generator->type;
    *why = generator->promised ? generator->promise_why : NULL;
    if (generator->promised)
        return generator->promise & ~SL_PROMISE_EMPTY;
    if (type->role == SL_READER)
        return type->tell && type->seek ? SL_PROMISE_RESUMES : SL_PROMISE_NOTHING;
    return type->role == SL_EXPORTER && type->recover ? SL_PROMISE_RESUMES : SL_PROMISE_NOTHING;
}

int32_t sl_generator_target_empty(const sl_generator *generator)
{
    return generator->promised && (generator->promise & SL_PROMISE_EMPTY);
}

void sl_generator_limit(sl_generator *generator, int64_t rows)
{
    generator->row_limit = rows;
}

void sl_generator_drop_rejects(sl_generator *generator, int32_t drop)
{
    generator->drop_rejects = drop;
}

void sl_generator_commit_every(sl_generator *generator, uint32_t writes)
{
    generator->commit_every = writes > 0 ? writes : 1;
}

/* ---- As an input of the next stage
 * --------------------------------------------------------------------------- */

static sl_status input_next(void *of, sl_batch **given)
{
    return sl_generator_next(of, given);
}

static sl_status input_send(void *of, const sl_message *message, sl_text *answer)
{
    return sl_generator_send(of, message, answer);
}

static sl_status input_raise(void *of, const char *why, sl_batch **given)
{
    return sl_generator_raise(of, why, given);
}

static void input_close(void *of)
{
    sl_generator_close(of);
}

static const sl_column *input_columns(void *of, uint32_t *count)
{
    return sl_generator_columns(of, count);
}

sl_input sl_generator_as_input(sl_generator *generator)
{
    return (sl_input){.of = generator,
                      .next = input_next,
                      .send = input_send,
                      .raise = input_raise,
                      .close = input_close,
                      .columns = input_columns};
}

/* ---- What one may know of it
 * ------------------------------------------------------------------------------------- */

const sl_stage_type *sl_generator_type(const sl_generator *generator)
{
    return generator->type;
}

const char *sl_generator_name(const sl_generator *generator)
{
    return generator->stage.name;
}

sl_stage *sl_generator_stage(sl_generator *generator)
{
    return &generator->stage;
}

const sl_column *sl_generator_columns(const sl_generator *generator, uint32_t *count)
{
    *count = generator->columns_count;
    return generator->columns;
}

const sl_counters *sl_generator_counters(const sl_generator *generator)
{
    return &generator->counters;
}

int32_t sl_generator_ended(const sl_generator *generator)
{
    return generator->ended;
}

int32_t sl_generator_failed(const sl_generator *generator)
{
    return generator->failed;
}

int32_t sl_generator_uncertain(const sl_generator *generator)
{
    return generator->uncertain;
}

int32_t sl_generator_closed(const sl_generator *generator)
{
    return generator->closed;
}

int32_t sl_generator_waiting(const sl_generator *generator)
{
    return generator->waiting;
}

int32_t sl_generator_entered(const sl_generator *generator)
{
    return generator->entered;
}

int32_t sl_generator_waits_for_input(const sl_generator *generator)
{
    return generator->input_pending && !generator->ended && !generator->failed;
}

int32_t sl_generator_audit(const sl_generator *generator, char *why, size_t size)
{
    const sl_counters *c = &generator->counters;
    int64_t holds = c->rows_in + c->created - c->rows_out - c->filtered - c->rejected - c->passed;
    int32_t may_filter = (generator->type->traits & (SL_TRAIT_SHRINKS | SL_TRAIT_HOLDS)) != 0;
    if (generator->ended && holds == 0 && c->filtered >= 0 && (may_filter || c->filtered == 0))
        return 1;
    if (!generator->ended && holds >= 0 && c->filtered >= 0)
        return 1;
    snprintf(why, size,
             "stage '%s': %lld rows in + %lld created are not %lld out + %lld filtered + %lld "
             "rejected + %lld passed over (%lld are held)",
             generator->stage.name, (long long)c->rows_in, (long long)c->created,
             (long long)c->rows_out, (long long)c->filtered, (long long)c->rejected,
             (long long)c->passed, (long long)holds);
    return 0;
}

/*
 * exporter.c - the part of a generator that drives an exporter: rows are written, passed over
 * where an earlier run has committed them, and committed; receipts are given. See generator.h.
 *
 * Deliberately elsewhere: when all exporters of a graph commit together (daemon/once.h).
 */
#include <string.h>

#include "stages/core/inside.h"

#define ASKED_MORE 1
#define ASKED_FINAL 2

int32_t sl_exporter_acts(const sl_generator *generator)
{
    return !generator->run->rehearsing || (generator->type->traits & SL_TRAIT_REHEARSES);
}

int32_t sl_generator_settled(const sl_generator *generator)
{
    return !generator->inlets[0].partial;
}

int64_t sl_generator_written(const sl_generator *generator)
{
    return generator->counters.rows_out + generator->rows_written;
}

int32_t sl_generator_uncommitted(const sl_generator *generator)
{
    return generator->uncommitted > 0 || generator->committing;
}

static sl_status commit(sl_generator *generator, int32_t final)
{
    sl_run *run = generator->run;
    sl_status status = SL_OK;
    if (!run->rehearsing) {
        if (!generator->committing) {
            generator->checkpoint = (sl_blob){0};
            if (run->checkpoint && run->checkpoint(run->of, generator->index, generator->finished,
                                                   &generator->checkpoint) != SL_OK)
                return SL_ERROR;
        }
        sl_commit what = {.size = sizeof what, .final = final, .checkpoint = generator->checkpoint};
        if (generator->type->commit)
            status = generator->type->commit(&generator->stage, &what);
    }
    generator->committing = status == SL_PENDING;
    if (status == SL_OK) {
        generator->counters.rows_out += generator->rows_written;
        generator->counters.commits++;
        generator->rows_written = 0;
        generator->uncommitted = 0;
    }
    if (status == SL_END)
        return sl_generator_bug(generator, "commit answers SL_OK, SL_PENDING or SL_ERROR");
    return status;
}

sl_status sl_generator_commit(sl_generator *generator, int32_t final)
{
    if (generator->type->role != SL_EXPORTER || generator->closed || generator->ended ||
        (!final && !sl_generator_uncommitted(generator)))
        return SL_OK;
    if (generator->failed)
        return SL_ERROR;
    sl_status status = commit(generator, final);
    if (status == SL_ERROR)
        generator->failed = 1;
    return status;
}

/* Asks who stands above for a commit; is asked again until it is done. */
static sl_status ask_commit(sl_generator *generator, int32_t asked)
{
    sl_run *run = generator->run;
    int32_t final = asked == ASKED_FINAL;
    generator->asked = asked;
    sl_status status = SL_OK;
    if (run->commit)
        status = run->commit(run->of, generator->index, final);
    else if (final || sl_generator_settled(generator))
        status = commit(generator, final);
    if (status != SL_PENDING)
        generator->asked = 0;
    return status;
}

static sl_status give_receipt(sl_generator *generator, sl_batch **given)
{
    int32_t full;
    *given = sl_batch_new(generator->run->pool, 0, 1, &full);
    if (!*given)
        return sl_generator_fail(generator, NULL, "out of memory");
    (*given)->first_row = generator->counters.rows_out;
    (*given)->selected = 0;
    generator->counters.batches_out++;
    return SL_OK;
}

/* Whether an earlier run has committed all that the batch's stamp speaks of. */
static int32_t was_committed(const sl_generator *generator, const sl_batch *batch)
{
    const sl_stamp *stamp = sl_batch_stamp(batch);
    if (!generator->ahead || !stamp)
        return 0;
    for (uint32_t i = 0; i < stamp->count; i++) {
        const struct sl_stamp_part *part = &stamp->parts[i];
        const struct sl_stamp_part *ours = sl_stamp_part_of(generator->ahead, part->stage);
        if (part->reader && part->count > (ours ? ours->count : 0))
            return 0;
    }
    return 1;
}

static sl_status pass_over(sl_generator *generator)
{
    sl_batch *batch = generator->writing;
    generator->writing = NULL;
    generator->counters.passed += batch->selected;
    sl_generator_let_go(generator, batch);
    sl_batch_release(batch);
    return SL_OK;
}

static sl_status write_batch(sl_generator *generator)
{
    sl_batch *batch = generator->writing;
    uint32_t came = batch->selected;
    generator->current = batch;
    if (generator->seen)
        generator->seen(generator->seen_of, generator, batch);
    sl_status status = came > 0 && sl_exporter_acts(generator)
                           ? generator->type->write(&generator->stage, batch)
                           : SL_OK;
    generator->current = NULL;
    if (status == SL_PENDING)
        return status;
    if (status == SL_END)
        return sl_generator_bug(generator, "write answers SL_OK, SL_PENDING or SL_ERROR");
    generator->writing = NULL;
    if (status == SL_OK) {
        uint32_t rejected = generator->marked_batch == batch ? generator->marked : 0;
        generator->rows_written += came - rejected;
        generator->uncommitted++;
        sl_generator_let_go(generator, batch);
    }
    generator->marked_batch = NULL;
    generator->marked = 0;
    sl_batch_release(batch);
    return status;
}

/* The next batch to write, or why there is none; END comes behind the final commit. */
static sl_status batch_to_write(sl_generator *generator)
{
    sl_status status = sl_generator_pull(generator, 0, &generator->writing);
    if (status == SL_END) {
        generator->inlets[0].partial = 0;
        status = ask_commit(generator, ASKED_FINAL);
        return status == SL_OK ? SL_END : status;
    }
    /* Who stands above commits when the whole graph waits. */
    if (status == SL_PENDING && generator->uncommitted > 0 && !generator->run->commit) {
        status = ask_commit(generator, ASKED_MORE);
        return status == SL_OK ? SL_PENDING : status;
    }
    return status;
}

sl_status sl_exporter_next(sl_generator *generator, sl_batch **given)
{
    sl_status status;
    if (generator->asked) {
        int32_t final = generator->asked == ASKED_FINAL;
        status = ask_commit(generator, generator->asked);
        if (status != SL_OK)
            return status;
        if (final)
            return SL_END;
    }
    if (!generator->writing) {
        status = batch_to_write(generator);
        if (status != SL_OK)
            return status;
    }
    if (was_committed(generator, generator->writing))
        status = pass_over(generator);
    else
        status = write_batch(generator);
    if (status != SL_OK)
        return status;
    if (generator->uncommitted >= generator->commit_every) {
        status = ask_commit(generator, ASKED_MORE);
        if (status != SL_OK)
            return status;
    }
    return give_receipt(generator, given);
}

/*
 * limit.c - a filter that lets the first rows through, and then ends.
 *
 * It asks its input itself (next, not each), so that it can end without asking once more.
 */
#include "stages/core/stage.h"

#include <string.h>

#include "stages/json.h"

typedef struct limit {
    int64_t rows;
    int64_t skip;

    int64_t skipped;
    int64_t given;
} limit;

/* Leaves selection[from .. from + count) in the batch. */
static sl_status cut(sl_stage *stage, sl_batch **batch, uint32_t from, uint32_t count)
{
    uint32_t filtered = (*batch)->selected - count;
    if (filtered == 0)
        return SL_OK;
    if (stage->host->own(stage, batch) != SL_OK)
        return SL_ERROR;
    memmove((*batch)->selection, (*batch)->selection + from, count * sizeof *(*batch)->selection);
    (*batch)->selected = count;
    stage->host->account(stage, 0, filtered);
    return SL_OK;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    limit *self = sl_self(stage, limit);
    while (self->given < self->rows) {
        sl_batch *batch;
        sl_status status = sl_next(stage, 0, &batch);
        if (status != SL_OK)
            return status;
        int64_t selected = batch->selected;
        int64_t skip = self->skip - self->skipped;
        if (skip > selected)
            skip = selected;
        if (skip < 0)
            skip = 0;
        int64_t count = selected - skip;
        if (count > self->rows - self->given)
            count = self->rows - self->given;
        self->skipped += skip;
        if (count == 0) {
            stage->host->account(stage, 0, selected);
            sl_release(stage, batch);
            continue;
        }
        if (cut(stage, &batch, (uint32_t)skip, (uint32_t)count) != SL_OK)
            return SL_ERROR; /* own() took the batch */
        self->given += count;
        *given = batch;
        return SL_OK;
    }
    return SL_END;
}

static sl_status send(sl_stage *stage, const sl_message *message, sl_text *answer)
{
    limit *self = sl_self(stage, limit);
    int64_t rows;
    if (strcmp(message->name, "rows") != 0)
        return SL_END;
    if (sl_json_get_integer(message->json, "rows", &rows) != 1 || rows < 0)
        return stage->host->set_text(stage, answer,
                                     "{\"error\":\"rows must be an integer, 0 or more\"}");
    self->rows = rows;
    return stage->host->set_text(stage, answer, "{\"rows\":%lld,\"given\":%lld}", (long long)rows,
                                 (long long)self->given);
}

static sl_status save(sl_stage *stage, sl_text *state)
{
    const limit *self = sl_self(stage, limit);
    return stage->host->set_text(stage, state, "{\"skipped\":%lld,\"given\":%lld}",
                                 (long long)self->skipped, (long long)self->given);
}

static sl_status restore(sl_stage *stage, const char *state)
{
    limit *self = sl_self(stage, limit);
    int64_t skipped, given;
    if (sl_json_get_integer(state, "skipped", &skipped) != 1 || skipped < 0 ||
        sl_json_get_integer(state, "given", &given) != 1 || given < 0)
        return sl_fail(stage, "this is no state of a limit: %s", state);
    self->skipped = skipped;
    self->given = given;
    return SL_OK;
}

static const sl_option options[] = {
    {"rows", SL_OPTION_INTEGER, 0, offsetof(limit, rows), NULL, "0", NULL, NULL,
     "How many rows are let through; then the graph ends."},
    {"skip", SL_OPTION_INTEGER, 0, offsetof(limit, skip), "0", "0", NULL, NULL,
     "How many rows are left out before the first."},
    {0},
};

static const sl_message_type messages[] = {
    {"rows", "{\"rows\": 10}", "Sets how many rows are let through in all."},
    {0},
};

const sl_stage_type sl_limit = {
    SL_STAGE_TYPE,
    .name = "limit",
    .version = "1.0",
    .summary = "Lets the first rows through and ends.",
    .manual =
        "Leaves out `skip` rows, lets `rows` rows through, and ends: what stands before it is not "
        "asked once more and is closed, so that an endless reader ends too. With `rows: 0` "
        "nothing is read at all.\n\n"
        "The message `rows` changes the bound while the graph runs.",
    .example = "filter: limit\nrows: 10\n",
    .role = SL_FILTER,
    .traits = SL_TRAIT_STATEFUL | SL_TRAIT_SHRINKS,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(limit),
    .options = options,
    .messages = messages,
    .next = next,
    .send = send,
    .save = save,
    .restore = restore,
};

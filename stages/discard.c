/*
 * discard.c - an exporter that counts rows and forgets them.
 */
#include "stages/core/stage.h"

#include <string.h>

typedef struct discard {
    int64_t rows;
} discard;

static sl_status write(sl_stage *stage, sl_batch *batch)
{
    sl_self(stage, discard)->rows += batch->selected;
    return SL_OK;
}

static sl_status commit(sl_stage *stage, const sl_commit *commit)
{
    (void)stage;
    (void)commit;
    return SL_OK; /* nothing is kept: nothing is to be made safe */
}

static sl_status send(sl_stage *stage, const sl_message *message, sl_text *answer)
{
    if (strcmp(message->name, "rows") != 0)
        return SL_END;
    return stage->host->set_text(stage, answer, "{\"rows\":%lld}",
                                 (long long)sl_self(stage, discard)->rows);
}

static const sl_message_type messages[] = {
    {"rows", "{}", "Answers how many rows were thrown away so far."},
    {0},
};

const sl_stage_type sl_discard = {
    SL_STAGE_TYPE,
    .name = "discard",
    .version = "1.0",
    .summary = "Counts rows and throws them away.",
    .manual = "For measuring a graph, and for a graph that is run for its rejected rows alone. The "
              "summary shows how many rows came.",
    .example = "exporter: discard\n",
    .role = SL_EXPORTER,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(discard),
    .messages = messages,
    .write = write,
    .commit = commit,
    .send = send,
};

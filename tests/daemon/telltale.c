/*
 * telltale.c - a plugin for secrets.sh: a transformer that tells its secret wherever a stage can
 * say anything, and beside it a label that is none.
 */
#include <stdlib.h>
#include <string.h>

#include "stages/core/stage.h"

typedef struct telltale {
    const char *token; /* the options */
    const char *label;
    int32_t tell;
} telltale;

enum { TELL_NOTHING, TELL_LOG, TELL_PLAN, TELL_FAIL, TELL_HINT, TELL_CUT, TELL_REJECT };

static const sl_option options[] = {
    {"token", SL_OPTION_SECRET, 0, offsetof(telltale, token), NULL, NULL, NULL, NULL,
     "What is told."},
    {"label", SL_OPTION_TEXT, 0, offsetof(telltale, label), NULL, NULL, NULL, NULL,
     "What may be told."},
    {"tell", SL_OPTION_CHOICE, 0, offsetof(telltale, tell), "nothing", NULL, NULL,
     "nothing|log|plan|fail|hint|cut|reject", "Where it is told."},
    {0},
};

static sl_status plan(sl_stage *stage)
{
    const telltale *self = sl_self(stage, telltale);
    stage->host->log(stage, SL_LOG_DEBUG, NULL, "planned with %s and %s", self->token, self->label);
    if (self->tell == TELL_PLAN)
        return sl_fail_at(stage, SL_PLACE(.value = stage->host->option(stage, "token")),
                          "refused %s of %s", self->token, self->label);
    return SL_OK;
}

static sl_status each(sl_stage *stage, sl_batch *batch)
{
    const telltale *self = sl_self(stage, telltale);
    switch (self->tell) {
    case TELL_LOG:
        for (int32_t level = SL_LOG_WARNING; level <= SL_LOG_DEBUG; level++)
            stage->host->log(stage, level, SL_PLACE(.hint = self->token, .source = self->token),
                             "level %d: %s, %s", (int)level, self->token, self->label);
        return SL_OK;
    case TELL_FAIL:
        return sl_fail(stage, "the server refused '%s' of '%s'", self->token, self->label);
    case TELL_HINT:
        return sl_fail_at(stage, SL_PLACE(.hint = self->token, .source = self->token),
                          "refused '%s'", self->label);
    case TELL_CUT:
        return sl_fail(stage, "'%s' has '%.12s...'", self->label, self->token);
    case TELL_REJECT:
        return sl_reject(stage, batch, batch->selection[0], 1, "refused '%s' of '%s'", self->token,
                         self->label);
    default:
        return SL_OK;
    }
}

static sl_status on_message(sl_stage *stage, const sl_message *message, sl_text *answer)
{
    const telltale *self = sl_self(stage, telltale);
    (void)message;
    return stage->host->set_text(stage, answer, "{\"token\":\"%s\",\"label\":\"%s\"}", self->token,
                                 self->label);
}

static const sl_message_type messages[] = {
    {"tell", "{}", "Answers with both."},
    {0},
};

static const sl_stage_type telltale_type = {
    SL_STAGE_TYPE,          .name = "telltale",
    .version = "1.0",       .summary = "Tells its secret wherever it can.",
    .role = SL_TRANSFORMER, .inputs_min = 1,
    .inputs_max = 1,        .self_size = sizeof(telltale),
    .options = options,     .messages = messages,
    .plan = plan,           .each = each,
    .send = on_message,
};

SL_PLUGIN("telltale", "1.0", &telltale_type)

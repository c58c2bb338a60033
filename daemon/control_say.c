/*
 * control_say.c - answers that every verb of the control socket gives, and the names in its
 * request; see control_inside.h.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/control_inside.h"
#include "stages/core/value.h"

#define NAMES_MOST 256 /* that the nearest one is looked for among */

/* ---- Answers -------------------------------------------------------------------------------- */

void sl_control_send(sl_client *to, sl_answer *answer)
{
    static const sl_refusal long_line = {.code = SL_CODE_FAILED,
                                         .message = "the answer is longer than a line may be"};
    if (sl_answer_end(answer) < 0)
        sl_answer_refused(&(sl_answer){.to = answer->to}, &long_line);
    sl_client_send(to, answer->to);
}

void sl_control_finish(sl_client *to, sl_answer *answer)
{
    sl_control_send(to, answer);
    sl_builder_done(answer->to);
    sl_client_done(to);
}

void sl_control_ok(sl_client *to)
{
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_control_finish(to, &answer);
}

void sl_control_refuse(sl_client *to, int32_t code, const char *hint, const char *format, ...)
{
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sl_answer_failed(
        &answer,
        &(sl_error){.level = SL_LOG_ERROR, .code = code, .message = message, .hint = hint});
    sl_client_send(to, &text);
    sl_builder_done(&text);
    sl_client_done(to);
}

/* A name that is none: with the one that was probably meant. */
static void refuse_name(sl_client *to, const char *near, const char *hint, const char *format, ...)
    SL_PRINTF(4, 5);
static void refuse_name(sl_client *to, const char *near, const char *hint, const char *format, ...)
{
    char message[200], meant[160];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    snprintf(meant, sizeof meant, "did you mean '%.100s'?", near ? near : "");
    sl_control_refuse(to, SL_CODE_USAGE, near ? meant : hint, "%s", message);
}

sl_service *sl_control_service(sl_client *from, const char *name)
{
    const sl_supervisor *supervisor = from->control->supervisor;
    sl_service *found = sl_supervisor_find(supervisor, name);
    const char *names[NAMES_MOST];
    size_t count = 0;
    if (found)
        return found;
    for (uint32_t i = 0; i < sl_supervisor_count(supervisor) && count < NAMES_MOST; i++)
        names[count++] = sl_service_name(sl_supervisor_at(supervisor, i));
    refuse_name(from, sl_value_nearest(name, names, count), "`sluice status` lists the graphs",
                "there is no graph '%.100s'", name);
    return NULL;
}

int32_t sl_control_stage(sl_client *from, const sl_service *service, const char *name)
{
    const sl_plan *plan = service->loaded->plan;
    const char *names[NAMES_MOST];
    size_t count = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->stages[i].name, name) == 0)
            return (int32_t)i;
        if (count < NAMES_MOST)
            names[count++] = plan->stages[i].name;
    }
    refuse_name(from, sl_value_nearest(name, names, count),
                "`sluice status GRAPH` lists its stages", "graph '%.80s' has no stage '%.80s'",
                sl_service_name(service), name);
    return -1;
}

void sl_control_keep_names(sl_client *from, const sl_request *request)
{
    snprintf(from->graph, sizeof from->graph, "%s", request->graph ? request->graph : "");
    snprintf(from->stage, sizeof from->stage, "%s", request->stage ? request->stage : "");
}

void sl_control_not_running(sl_client *from)
{
    char hint[200];
    const sl_service *service = sl_supervisor_find(from->control->supervisor, from->graph);
    int32_t scheduled = service && service->loaded->plan->schedule != NULL;
    snprintf(hint, sizeof hint, "`sluice %s %.100s` starts it", scheduled ? "run-now" : "start",
             from->graph);
    sl_control_refuse(from, SL_CODE_TRY_AGAIN, hint, "graph '%.100s' does not run%s%s", from->graph,
                      service ? ": it is " : "",
                      service ? sl_service_state_name(service->state) : "");
}

void sl_control_failed(sl_client *to, const sl_service *service)
{
    char hint[200];
    const char *name = sl_service_name(service);
    if (service->state == SL_SERVICE_BACKOFF)
        snprintf(hint, sizeof hint, "it is tried again by itself; `sluice status %.100s`", name);
    else
        snprintf(hint, sizeof hint, "mend it, then `sluice start %.100s`", name);
    sl_control_refuse(to, service->code ? service->code : SL_CODE_FAILED, hint,
                      "graph '%.60s' has failed: %.800s", name,
                      service->error ? service->error : "out of memory");
}

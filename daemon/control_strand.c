/*
 * control_strand.c - verbs that are questions on a graph's strand, between two batches: send,
 * raise, tap; see control.h.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/control_inside.h"
#include "daemon/tap.h"
#include "stages/json.h"

/* ---- Questions on a graph's strand -------------------------------------------------------------
 */

typedef struct asking {
    sl_question question;
    sl_client *client;
    uint32_t stage;
    char *name, *json; /* of a message; a reason */
    sl_text answer;
    sl_status status;
    sl_tap *tap;
    const char *why;
    int failed;
} asking;

static void free_asking(asking *of)
{
    sl_client *from = of->client;
    free(of->name);
    free(of->json);
    if (of->answer.data)
        sl_env_allocate(from->control->house->env, of->answer.data, 0);
    free(of);
    sl_client_release(from);
}

static asking *ask(sl_client *from, uint32_t stage, const char *name, const char *json,
                   void (*work)(void *of, sl_graph *graph), void (*done)(void *of, int32_t asked))
{
    asking *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    *made = (asking){.client = from, .stage = stage};
    made->question = (sl_question){.work = work, .done = done, .of = made};
    made->name = name ? strdup(name) : NULL;
    made->json = json ? strdup(json) : NULL;
    from->questions++;
    if ((name && !made->name) || (json && !made->json)) {
        free_asking(made);
        return NULL;
    }
    return made;
}

static void send_message(void *of, sl_graph *graph)
{
    asking *asked = of;
    sl_message message = {.name = asked->name, .json = asked->json ? asked->json : "{}"};
    asked->status =
        sl_generator_send(sl_graph_stage(graph, asked->stage), &message, &asked->answer);
}

static void message_answered(void *of, int32_t was_asked)
{
    asking *asked = of;
    sl_client *from = asked->client;
    char why[800];
    if (from->closing) {
        free_asking(asked);
        return;
    }
    if (!was_asked)
        sl_control_not_running(from);
    else if (asked->status == SL_END)
        sl_control_refuse(from, SL_CODE_USAGE, "`sluice stages TYPE` lists the messages of a stage",
                          "no stage from '%.80s' on knows the message '%.80s'", from->stage,
                          asked->name);
    else if (asked->status != SL_OK)
        sl_control_refuse(from, SL_CODE_FAILED, NULL, "the stage failed to answer");
    else if (asked->answer.data &&
             sl_json_get_text(asked->answer.data, "error", why, sizeof why) == 1)
        sl_control_refuse(from, SL_CODE_DATA, "`sluice stages TYPE` says what a message may have",
                          "'%.60s' was refused: %s", asked->name, why);
    else {
        sl_builder text = {.env = from->control->house->env};
        sl_answer answer = {.to = &text};
        sl_answer_ok(&answer);
        sl_answer_json(&answer, "answer", asked->answer.data ? asked->answer.data : "{}");
        sl_control_finish(from, &answer);
    }
    free_asking(asked);
}

static void raise_reason(void *of, sl_graph *graph)
{
    asking *asked = of;
    asked->failed = sl_generator_raise_next(sl_graph_stage(graph, asked->stage), asked->name);
}

/* The reason lies in the stage: what it does with it is known after the next step, which a paused
 * graph makes for it. */
static void reason_raised(void *of, int32_t was_asked)
{
    asking *asked = of;
    sl_client *from = asked->client;
    sl_service *service = sl_supervisor_find(from->control->supervisor, from->graph);
    if (!from->closing && (!was_asked || asked->failed || !service)) {
        sl_control_not_running(from);
    } else if (!from->closing && service->paused) {
        sl_service_step(service, 1);
    }
    free_asking(asked);
}

void sl_control_send_or_raise(sl_client *from, const sl_request *request)
{
    sl_service *service = sl_control_service(from, request->graph);
    int32_t stage = service ? sl_control_stage(from, service, request->stage) : -1;
    if (stage < 0)
        return;
    sl_control_keep_names(from, request);
    int32_t raises = request->verb == SL_VERB_RAISE;
    if (!sl_service_runner(service)) {
        sl_control_not_running(from);
        return;
    }
    asking *asked =
        ask(from, (uint32_t)stage, request->message, request->arguments,
            raises ? raise_reason : send_message, raises ? reason_raised : message_answered);
    if (!asked) {
        sl_control_refuse(from, SL_CODE_TRY_AGAIN, NULL, "out of memory");
        return;
    }
    from->count = service->stages[stage].counters.raised;
    from->rows = stage;
    sl_runner_ask(sl_service_runner(service), &asked->question);
}

void sl_control_look_at_raise(sl_client *from, const sl_service *service)
{
    if (from->questions > 0) /* its own reason does not lie in the stage yet */
        return;
    int32_t heard = from->rows < service->loaded->plan->count &&
                    service->stages[from->rows].counters.raised > from->count;
    int32_t failed = 0;
    int32_t ended = !sl_service_runner(service);
    for (uint32_t i = 0; i < service->loaded->plan->count; i++)
        failed |= service->stages[i].failed;
    if (!ended && !heard && service->paused && service->state == SL_SERVICE_PAUSED &&
        sl_runner_steps_left(sl_service_runner(service)) == 0) {
        sl_control_refuse(from, SL_CODE_TRY_AGAIN, "`sluice step` until it is",
                          "graph '%.80s' is paused, and the stage was not asked yet; it hears of "
                          "it when it is",
                          from->graph);
        return;
    }
    if (!ended && (!heard || failed)) /* a graph that fails is about to end */
        return;
    sl_builder text = {.env = from->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_answer_boolean(&answer, "handled", heard && !failed);
    sl_answer_text(&answer, "state", sl_service_state_name(service->state));
    sl_answer_text(&answer, "error", ended ? service->error : NULL);
    sl_control_finish(from, &answer);
}

/* ---- tap --------------------------------------------------------------------------------------
 */

typedef struct leaving {
    sl_question question;
    sl_tap *tap;
} leaving;

static void detach(void *of, sl_graph *graph)
{
    (void)graph;
    sl_tap_detach(((leaving *)of)->tap);
}

static void detached(void *of, int32_t asked)
{
    leaving *left = of;
    if (!asked)
        sl_tap_forget(left->tap);
    sl_tap_free(left->tap);
    free(left);
}

/* The tap is taken off on the graph's strand, and freed then. */
void sl_control_leave_tap(sl_client *from)
{
    sl_tap *tap = from->tap;
    from->tap = NULL;
    const sl_service *service = sl_supervisor_find(from->control->supervisor, from->graph);
    sl_runner *runner = service ? sl_service_runner(service) : NULL;
    leaving *left = runner ? calloc(1, sizeof *left) : NULL;
    if (!left) {
        if (!runner) {
            sl_tap_forget(tap);
            sl_tap_free(tap);
        }
        return; /* without memory it stays on the graph, full and silent, until that ends */
    }
    *left = (leaving){.question = {.work = detach, .done = detached, .of = left}, .tap = tap};
    sl_runner_ask(runner, &left->question);
}

static void attach(void *of, sl_graph *graph)
{
    asking *asked = of;
    asked->failed = sl_tap_attach(asked->tap, sl_graph_stage(graph, asked->stage), &asked->why);
}

static void attached(void *of, int32_t was_asked)
{
    asking *asked = of;
    sl_client *from = asked->client;
    if (was_asked && asked->failed == 0) {
        from->tap = asked->tap;
        if (from->closing) /* it has gone meanwhile */
            sl_control_leave_tap(from);
    } else {
        if (!from->closing && was_asked && asked->failed == -1)
            sl_control_refuse(from, SL_CODE_USAGE,
                              "`sluice tap GRAPH.STAGE -n 1` shows the columns", "%s", asked->why);
        else if (!from->closing && was_asked)
            sl_control_refuse(from, SL_CODE_TRY_AGAIN, "say it again later", "%s", asked->why);
        else if (!from->closing)
            sl_control_not_running(from);
        sl_tap_free(asked->tap);
    }
    free_asking(asked);
}

void sl_control_tap(sl_client *from, const sl_request *request)
{
    sl_service *service = sl_control_service(from, request->graph);
    int32_t stage = service ? sl_control_stage(from, service, request->stage) : -1;
    if (stage < 0)
        return;
    sl_control_keep_names(from, request);
    if (!sl_service_runner(service)) {
        sl_control_not_running(from);
        return;
    }
    asking *asked = ask(from, (uint32_t)stage, NULL, NULL, attach, attached);
    if (asked)
        asked->tap = sl_tap_new(from->control->house->env, request->stage, request->where,
                                request->rows > 0 ? request->rows : -1);
    if (!asked || !asked->tap) {
        if (asked)
            free_asking(asked);
        sl_control_refuse(from, SL_CODE_TRY_AGAIN, NULL, "out of memory");
        return;
    }
    from->rows = 0;
    sl_runner_ask(sl_service_runner(service), &asked->question);
}

/* The rows that were wanted were seen, or the graph has ended. */
static void tap_answer(sl_client *to, const sl_service *service, int64_t rows, int32_t over)
{
    if (sl_service_fails(service) && !over) {
        sl_control_failed(to, service);
        return;
    }
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_answer_integer(&answer, "rows", rows);
    sl_answer_boolean(&answer, "ended", !over);
    sl_answer_text(&answer, "state", sl_service_state_name(service->state));
    sl_control_finish(to, &answer);
}

void sl_control_look_at_tap(sl_client *from, const sl_service *service)
{
    int64_t missed = 0, rows = 0;
    int32_t gone = !sl_service_runner(service), over = 0;
    if (!from->tap)
        return;
    sl_builder text = {.env = from->control->house->env};
    if (gone || from->unread < UNREAD / 4)
        over = sl_tap_take(from->tap, &text, &missed, &rows);
    if (missed > 0) {
        sl_answer answer = {.to = &text};
        sl_answer_item(&answer, "missed");
        sl_answer_integer(&answer, "rows", missed);
        sl_answer_end(&answer);
    }
    sl_client_send(from, &text);
    sl_builder_done(&text);
    if (from->closing || (!gone && !over))
        return;
    if (gone) {
        sl_tap_forget(from->tap);
        sl_tap_free(from->tap);
        from->tap = NULL;
    } else {
        sl_control_leave_tap(from);
    }
    tap_answer(from, service, rows, over);
}

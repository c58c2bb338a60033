/*
 * control_verbs.c - what each verb of the control socket does; see control.h and protocol.h.
 *
 * A verb that has to wait for a graph (pause, step, stop, send, raise, tap, reload) is answered
 * later: by sl_control_look when the graph has changed, or by a question on its strand.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/control_inside.h"
#include "daemon/tap.h"
#include "stages/core/value.h"

/* ---- Answers -------------------------------------------------------------------------------- */

static void send_answer(sl_client *to, sl_answer *answer)
{
    static const sl_refusal long_line = {.code = SL_CODE_FAILED,
                                         .message = "the answer is longer than a line may be"};
    if (sl_answer_end(answer) < 0)
        sl_answer_refused(&(sl_answer){.to = answer->to}, &long_line);
    sl_client_send(to, answer->to);
}

static void finish(sl_client *to, sl_answer *answer)
{
    send_answer(to, answer);
    sl_builder_done(answer->to);
    sl_client_done(to);
}

static void ok(sl_client *to)
{
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    finish(to, &answer);
}

SL_PRINTF(4, 5)
static void refuse(sl_client *to, int32_t code, const char *hint, const char *format, ...)
{
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    sl_refusal refusal = {.code = code, .hint = hint};
    va_list args;
    va_start(args, format);
    vsnprintf(refusal.message, sizeof refusal.message, format, args);
    va_end(args);
    sl_answer_refused(&answer, &refusal);
    sl_client_send(to, &text);
    sl_builder_done(&text);
    sl_client_done(to);
}

/* The service that is meant; NULL: refused. */
static sl_service *service_of(sl_client *from, const char *name)
{
    const sl_supervisor *supervisor = from->control->supervisor;
    sl_service *found = name ? sl_supervisor_find(supervisor, name) : NULL;
    if (!found)
        refuse(from, SL_CODE_NO_INPUT, "`sluice status` lists the graphs", "no such graph '%.100s'",
               name ? name : "");
    return found;
}

/* The index of a stage of its plan; -1: refused. */
static int32_t stage_of(sl_client *from, const sl_service *service, const char *name)
{
    const sl_plan *plan = service->loaded->plan;
    for (uint32_t i = 0; name && i < plan->count; i++)
        if (strcmp(plan->stages[i].name, name) == 0)
            return (int32_t)i;
    refuse(from, SL_CODE_NO_INPUT, "write GRAPH.STAGE; `sluice status GRAPH` lists its stages",
           "graph '%.80s' has no stage '%.80s'", sl_service_name(service), name ? name : "");
    return -1;
}

static void keep_names(sl_client *from, const sl_request *request)
{
    snprintf(from->graph, sizeof from->graph, "%s", request->graph ? request->graph : "");
    snprintf(from->stage, sizeof from->stage, "%s", request->stage ? request->stage : "");
}

/* ---- status, top ------------------------------------------------------------------------------
 */

static void add_stage(sl_answer *answer, const sl_plan_stage *stage, const sl_stage_view *view)
{
    const sl_counters *c = &view->counters;
    sl_answer_open(answer, NULL, '{');
    sl_answer_text(answer, "stage", stage->name);
    sl_answer_text(answer, "role", sl_role_name(stage->type->role));
    sl_answer_text(answer, "type", stage->type->name);
    sl_answer_integer(answer, "rows_in", c->rows_in);
    sl_answer_integer(answer, "rows_out", c->rows_out);
    sl_answer_integer(answer, "filtered", c->filtered);
    sl_answer_integer(answer, "rejected", c->rejected);
    sl_answer_integer(answer, "passed", c->passed);
    sl_answer_integer(answer, "batches_in", c->batches_in);
    sl_answer_integer(answer, "batches_out", c->batches_out);
    sl_answer_integer(answer, "commits", c->commits);
    sl_answer_integer(answer, "busy_microseconds", c->busy);
    sl_answer_integer(answer, "memory_bytes", c->memory);
    sl_answer_integer(answer, "source_bytes", c->bytes_done);
    sl_answer_integer(answer, "source_bytes_total", c->bytes_total);
    sl_answer_boolean(answer, "waiting", view->waiting);
    sl_answer_boolean(answer, "ended", view->ended);
    sl_answer_close(answer);
}

static void add_service(sl_answer *answer, const sl_service *service)
{
    const sl_plan *plan = service->loaded->plan;
    sl_answer_text(answer, "name", sl_service_name(service));
    sl_answer_text(answer, "state", sl_service_state_name(service->state));
    sl_answer_text(answer, "file", service->loaded->file);
    sl_answer_text(answer, "error", service->error);
    sl_answer_integer(answer, "code", service->code);
    sl_answer_boolean(answer, "hangs", service->hangs);
    sl_answer_integer(answer, "runs", service->runs);
    sl_answer_integer(answer, "failures", service->failures);
    sl_answer_integer(answer, "missed", service->missed);
    sl_answer_integer(answer, "started", service->started);
    sl_answer_integer(answer, "ended", service->ended);
    sl_answer_integer(answer, "next", service->next);
    sl_answer_open(answer, "stages", '[');
    for (uint32_t i = 0; i < plan->count; i++)
        add_stage(answer, &plan->stages[i], &service->stages[i]);
    sl_answer_close(answer);
}

static void send_graphs(sl_client *to, const char *name)
{
    const sl_supervisor *supervisor = to->control->supervisor;
    sl_builder text = {.env = to->control->house->env};
    for (uint32_t i = 0; i < sl_supervisor_count(supervisor); i++) {
        const sl_service *service = sl_supervisor_at(supervisor, i);
        if (name && *name && strcmp(sl_service_name(service), name) != 0)
            continue;
        sl_answer answer = {.to = &text};
        sl_answer_item(&answer, "graph");
        add_service(&answer, service);
        send_answer(to, &answer);
    }
    for (uint32_t i = 0; !(name && *name) && i < sl_supervisor_broken_count(supervisor); i++) {
        const sl_broken *broken = sl_supervisor_broken(supervisor, i);
        sl_answer answer = {.to = &text};
        sl_answer_item(&answer, "broken");
        sl_answer_text(&answer, "file", broken->file);
        sl_answer_text(&answer, "error", broken->error);
        sl_answer_integer(&answer, "code", broken->code);
        send_answer(to, &answer);
    }
    sl_builder_done(&text);
}

static void status(sl_client *from, const sl_request *request)
{
    if (request->graph && !service_of(from, request->graph))
        return;
    const sl_control *control = from->control;
    send_graphs(from, request->graph);
    sl_builder text = {.env = control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_answer_text(&answer, "version", SLUICE_VERSION);
    sl_answer_integer(&answer, "started", control->started);
    sl_answer_integer(&answer, "now", control->house->env->now(control->house->env->context));
    sl_answer_text(&answer, "directory", sl_supervisor_directory(control->supervisor));
    finish(from, &answer);
}

static void send_look(sl_client *to)
{
    const sl_env *env = to->control->house->env;
    send_graphs(to, to->graph);
    sl_builder text = {.env = env};
    sl_answer answer = {.to = &text};
    sl_answer_item(&answer, "look");
    sl_answer_integer(&answer, "monotonic_microseconds", env->monotonic(env->context));
    send_answer(to, &answer);
    sl_builder_done(&text);
}

static void on_top_timer(uv_timer_t *timer)
{
    sl_client *to = timer->data;
    if (to->unread == 0) /* a reader that is slow sees fewer looks */
        send_look(to);
}

static void top(sl_client *from, const sl_request *request)
{
    if (request->graph && !service_of(from, request->graph))
        return;
    keep_names(from, request);
    send_look(from);
    if (request->interval <= 0) {
        ok(from);
        return;
    }
    uint64_t wait = (uint64_t)(request->interval + 999) / 1000;
    wait = wait < 100 ? 100 : wait;
    uv_timer_start(&from->timer, on_top_timer, wait, wait);
}

/* ---- Verbs that a graph's state answers ---------------------------------------------------------
 */

static void state_answer(sl_client *to, const sl_service *service)
{
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_answer_text(&answer, "graph", sl_service_name(service));
    sl_answer_text(&answer, "state", sl_service_state_name(service->state));
    sl_answer_text(&answer, "error", service->error);
    finish(to, &answer);
}

/* Whether what the client waits for has come. */
static int32_t has_come(const sl_client *from, const sl_service *service)
{
    const sl_runner *runner = sl_service_runner(service);
    switch (from->verb) {
    case SL_VERB_PAUSE:
    case SL_VERB_STEP:
        return !runner || (sl_runner_paused(runner) && sl_runner_steps_left(runner) == 0);
    case SL_VERB_STOP:
        return !runner;
    case SL_VERB_START:
    case SL_VERB_RUN_NOW:
        return service->state != SL_SERVICE_STARTING && service->state != SL_SERVICE_STOPPING;
    default:
        return 1;
    }
}

static void stopped_by_operator(sl_service *service)
{
    if (service->wanted) { /* it was started again meanwhile */
        sl_service_start(service);
        return;
    }
    service->state = SL_SERVICE_STOPPED;
    service->house->changed(service->house->of, service);
}

static void act(sl_client *from, const sl_request *request)
{
    sl_service *service = service_of(from, request->graph);
    if (!service)
        return;
    keep_names(from, request);
    if (request->verb == SL_VERB_PAUSE)
        sl_service_pause(service);
    else if (request->verb == SL_VERB_RESUME)
        sl_service_resume(service);
    else if (request->verb == SL_VERB_START)
        sl_service_start(service);
    else if (request->verb == SL_VERB_RUN_NOW)
        sl_service_run_now(service);
    else if (request->verb == SL_VERB_STOP) {
        service->wanted = 0;
        sl_service_stop(service, stopped_by_operator);
    } else if (!service->paused || !sl_service_runner(service)) {
        refuse(from, SL_CODE_USAGE, "`sluice pause GRAPH` first", "graph '%.100s' is not paused",
               sl_service_name(service));
        return;
    } else {
        sl_service_step(service, request->batches > 0 ? request->batches : 1);
    }
    if (from->busy && has_come(from, service)) /* it may have been answered by a change */
        state_answer(from, service);
}

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

static void not_running(sl_client *from)
{
    refuse(from, SL_CODE_TRY_AGAIN, "`sluice start` starts it", "graph '%.100s' does not run",
           from->graph);
}

static void message_answered(void *of, int32_t was_asked)
{
    asking *asked = of;
    sl_client *from = asked->client;
    if (from->closing) {
        free_asking(asked);
        return;
    }
    if (!was_asked)
        not_running(from);
    else if (asked->status == SL_END)
        refuse(from, SL_CODE_USAGE, "`sluice stages TYPE` lists the messages of a stage",
               "no stage from '%.80s' on knows the message '%.80s'", from->stage, asked->name);
    else if (asked->status != SL_OK)
        refuse(from, SL_CODE_FAILED, NULL, "the stage failed to answer");
    else {
        sl_builder text = {.env = from->control->house->env};
        sl_answer answer = {.to = &text};
        sl_answer_ok(&answer);
        sl_answer_json(&answer, "answer", asked->answer.data ? asked->answer.data : "{}");
        finish(from, &answer);
    }
    free_asking(asked);
}

static void raise_reason(void *of, sl_graph *graph)
{
    asking *asked = of;
    asked->failed = sl_generator_raise_next(sl_graph_stage(graph, asked->stage), asked->name);
}

/* The reason lies in the stage: what it does with it is known after the next step. */
static void reason_raised(void *of, int32_t was_asked)
{
    asking *asked = of;
    sl_client *from = asked->client;
    if (!from->closing && (!was_asked || asked->failed))
        not_running(from);
    free_asking(asked);
}

static void send_or_raise(sl_client *from, const sl_request *request)
{
    sl_service *service = service_of(from, request->graph);
    int32_t stage = service ? stage_of(from, service, request->stage) : -1;
    if (stage < 0)
        return;
    keep_names(from, request);
    int32_t raises = request->verb == SL_VERB_RAISE;
    if (!sl_service_runner(service)) {
        not_running(from);
        return;
    }
    if (raises && service->paused) {
        refuse(from, SL_CODE_TRY_AGAIN, "resume it; the stage hears it when it is asked next",
               "graph '%.100s' is paused", from->graph);
        return;
    }
    asking *asked =
        ask(from, (uint32_t)stage, request->message, request->arguments,
            raises ? raise_reason : send_message, raises ? reason_raised : message_answered);
    if (!asked) {
        refuse(from, SL_CODE_TRY_AGAIN, NULL, "out of memory");
        return;
    }
    from->count = service->stages[stage].counters.raised;
    from->rows = stage;
    sl_runner_ask(sl_service_runner(service), &asked->question);
}

static void look_at_raise(sl_client *from, const sl_service *service)
{
    int32_t heard = service->stages[from->rows].counters.raised > from->count, failed = 0;
    int32_t ended = !sl_service_runner(service);
    for (uint32_t i = 0; i < service->loaded->plan->count; i++)
        failed |= service->stages[i].failed;
    if (!ended && (!heard || failed)) /* a graph that fails is about to end */
        return;
    sl_builder text = {.env = from->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_answer_boolean(&answer, "handled", heard && !failed);
    sl_answer_text(&answer, "state", sl_service_state_name(service->state));
    sl_answer_text(&answer, "error", ended ? service->error : NULL);
    finish(from, &answer);
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
static void leave_tap(sl_client *from)
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
            leave_tap(from);
    } else {
        if (!from->closing && was_asked)
            refuse(from, SL_CODE_USAGE, NULL, "%s", asked->why);
        else if (!from->closing)
            not_running(from);
        sl_tap_free(asked->tap);
    }
    free_asking(asked);
}

static void tap(sl_client *from, const sl_request *request)
{
    sl_service *service = service_of(from, request->graph);
    int32_t stage = service ? stage_of(from, service, request->stage) : -1;
    if (stage < 0)
        return;
    keep_names(from, request);
    if (!sl_service_runner(service)) {
        not_running(from);
        return;
    }
    asking *asked = ask(from, (uint32_t)stage, NULL, NULL, attach, attached);
    if (asked)
        asked->tap = sl_tap_new(from->control->house->env, request->stage, request->where,
                                request->rows > 0 ? request->rows : -1);
    if (!asked || !asked->tap) {
        if (asked)
            free_asking(asked);
        refuse(from, SL_CODE_TRY_AGAIN, NULL, "out of memory");
        return;
    }
    from->rows = 0;
    sl_runner_ask(sl_service_runner(service), &asked->question);
}

static void look_at_tap(sl_client *from, const sl_service *service)
{
    int64_t missed = 0;
    int32_t gone = !sl_service_runner(service), over = 0;
    if (!from->tap)
        return;
    sl_builder text = {.env = from->control->house->env};
    if (from->unread < UNREAD / 4)
        over = sl_tap_take(from->tap, &text, &missed);
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
    if (gone)
        sl_tap_forget(from->tap);
    if (gone) {
        sl_tap_free(from->tap);
        from->tap = NULL;
    } else {
        leave_tap(from);
    }
    ok(from);
}

/* ---- reload, log-level --------------------------------------------------------------------------
 */

static void reloaded(void *of, const sl_reload *reload)
{
    sl_client *to = of;
    sl_builder text = {.env = to->control->house->env};
    for (uint32_t i = 0; !to->closing && i < reload->count; i++) {
        const char what[2] = {reload->changes[i].what, '\0'};
        sl_answer answer = {.to = &text};
        sl_answer_item(&answer, "change");
        sl_answer_text(&answer, "what", what);
        sl_answer_text(&answer, "graph", reload->changes[i].name);
        sl_answer_text(&answer, "failed", reload->changes[i].failed);
        send_answer(to, &answer);
    }
    for (uint32_t i = 0; !to->closing && reload->errors && i < reload->errors->count; i++) {
        sl_answer answer = {.to = &text};
        sl_answer_item(&answer, "error");
        sl_answer_error(&answer, "error", &reload->errors->list[i]);
        send_answer(to, &answer);
    }
    if (!to->closing && reload->code == 0) {
        ok(to);
    } else if (!to->closing) {
        refuse(to, reload->code, NULL, "%s",
               reload->count > 0 && reload->code == SL_CODE_FAILED
                   ? "a graph did not start as it is written now: its old one goes on"
                   : "the configuration is refused: what ran goes on");
    }
    sl_builder_done(&text);
    sl_client_release(to);
}

static void reload(sl_client *from, const sl_request *request)
{
    from->questions++;
    if (sl_supervisor_reload(from->control->supervisor, request->rehearse, reloaded, from) == 0)
        return;
    refuse(from, SL_CODE_TRY_AGAIN, NULL, "out of memory");
    sl_client_release(from);
}

static void log_level(sl_client *from, const sl_request *request)
{
    int32_t level = sl_journal_level_of(request->level ? request->level : "");
    if (level < 0) {
        refuse(from, SL_CODE_USAGE, "error, warning, note or debug", "no such level '%.40s'",
               request->level ? request->level : "");
        return;
    }
    sl_service *service = NULL;
    if (request->graph && !(service = service_of(from, request->graph)))
        return;
    if (service)
        atomic_store(&service->log.level, level);
    else
        sl_journal_level(from->control->house->journal, level);
    ok(from);
}

/* Checkpoints and rejected rows are read and changed by the command itself, which needs the file.
 */
static void file_of(sl_client *from, const sl_request *request)
{
    const sl_service *service = service_of(from, request->graph);
    if (!service)
        return;
    sl_builder text = {.env = from->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_answer_text(&answer, "file", service->loaded->file);
    sl_answer_text(&answer, "state", service->house->state);
    finish(from, &answer);
}

/* ---- Which verb ---------------------------------------------------------------------------------
 */

void sl_control_verb(sl_client *from, const sl_request *request)
{
    switch (request->verb) {
    case SL_VERB_STATUS:
        status(from, request);
        return;
    case SL_VERB_TOP:
        top(from, request);
        return;
    case SL_VERB_TAP:
        tap(from, request);
        return;
    case SL_VERB_PAUSE:
    case SL_VERB_STEP:
    case SL_VERB_RESUME:
    case SL_VERB_STOP:
    case SL_VERB_START:
    case SL_VERB_RUN_NOW:
        act(from, request);
        return;
    case SL_VERB_SEND:
    case SL_VERB_RAISE:
        send_or_raise(from, request);
        return;
    case SL_VERB_RELOAD:
        reload(from, request);
        return;
    case SL_VERB_LOG_LEVEL:
        log_level(from, request);
        return;
    case SL_VERB_CHECKPOINT:
    case SL_VERB_REJECTS:
        file_of(from, request);
        return;
    case SL_VERBS:
        break;
    }
    refuse(from, SL_CODE_USAGE, NULL, "no such verb");
}

void sl_control_look(sl_client *from, sl_service *service)
{
    if (strcmp(from->graph, sl_service_name(service)) != 0)
        return;
    switch (from->verb) {
    case SL_VERB_TAP:
        look_at_tap(from, service);
        return;
    case SL_VERB_RAISE:
        look_at_raise(from, service);
        return;
    case SL_VERB_PAUSE:
    case SL_VERB_STEP:
    case SL_VERB_STOP:
    case SL_VERB_START:
    case SL_VERB_RUN_NOW:
        if (has_come(from, service))
            state_answer(from, service);
        return;
    default:
        return;
    }
}

void sl_control_leave(sl_client *from)
{
    uv_timer_stop(&from->timer);
    if (from->tap)
        leave_tap(from);
}

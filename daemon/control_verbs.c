/*
 * control_verbs.c - what each verb of the control socket does; see control.h and protocol.h.
 *
 * A verb that has to wait for a graph (pause, step, stop, start) is answered later, by
 * sl_control_look when the graph has changed; reload when it is through.
 *
 * Deliberately elsewhere: what is asked on a graph's strand (control_strand.c), checkpoints and
 * rejected rows (control_kept.c), answers (control_say.c).
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/control_inside.h"

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
    sl_answer_text(answer, "waits_for", view->waits_for);
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
        sl_control_send(to, &answer);
    }
    for (uint32_t i = 0; !(name && *name) && i < sl_supervisor_broken_count(supervisor); i++) {
        const sl_broken *broken = sl_supervisor_broken(supervisor, i);
        sl_answer answer = {.to = &text};
        sl_answer_item(&answer, "broken");
        sl_answer_text(&answer, "file", broken->file);
        sl_answer_text(&answer, "error", broken->error);
        sl_answer_integer(&answer, "code", broken->code);
        sl_control_send(to, &answer);
    }
    sl_builder_done(&text);
}

static void status(sl_client *from, const sl_request *request)
{
    if (request->graph && !sl_control_service(from, request->graph))
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
    sl_control_finish(from, &answer);
}

static void send_look(sl_client *to)
{
    const sl_env *env = to->control->house->env;
    send_graphs(to, to->graph);
    sl_builder text = {.env = env};
    sl_answer answer = {.to = &text};
    sl_answer_item(&answer, "look");
    sl_answer_integer(&answer, "monotonic_microseconds", env->monotonic(env->context));
    sl_control_send(to, &answer);
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
    if (request->graph && !sl_control_service(from, request->graph))
        return;
    sl_control_keep_names(from, request);
    send_look(from);
    if (request->interval <= 0) {
        sl_control_ok(from);
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
    if (sl_service_fails(service) &&
        (to->verb == SL_VERB_START || to->verb == SL_VERB_RUN_NOW || to->verb == SL_VERB_STEP)) {
        sl_control_failed(to, service);
        return;
    }
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_ok(&answer);
    sl_answer_text(&answer, "graph", sl_service_name(service));
    sl_answer_text(&answer, "state", sl_service_state_name(service->state));
    sl_answer_text(&answer, "error", service->error);
    sl_answer_boolean(&answer, "paused", service->paused);
    sl_control_finish(to, &answer);
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
        if (service->paused && runner)
            return sl_runner_paused(runner);
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
    sl_service *service = sl_control_service(from, request->graph);
    if (!service)
        return;
    sl_control_keep_names(from, request);
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
    } else if (!sl_service_runner(service)) {
        sl_control_not_running(from);
        return;
    } else if (!service->paused) {
        char hint[160];
        snprintf(hint, sizeof hint, "`sluice pause %.100s` first", from->graph);
        sl_control_refuse(from, SL_CODE_TRY_AGAIN, hint, "graph '%.100s' is not paused",
                          from->graph);
        return;
    } else {
        sl_service_step(service, request->batches > 0 ? request->batches : 1);
    }
    if (from->busy && has_come(from, service)) /* it may have been answered by a change */
        state_answer(from, service);
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
        sl_control_send(to, &answer);
    }
    for (uint32_t i = 0; !to->closing && reload->errors && i < reload->errors->count; i++) {
        sl_answer answer = {.to = &text};
        sl_answer_item(&answer, "error");
        sl_answer_error(&answer, "error", &reload->errors->list[i]);
        sl_control_send(to, &answer);
    }
    if (!to->closing && reload->code == 0) {
        sl_control_ok(to);
    } else if (!to->closing) {
        sl_control_refuse(
            to, reload->code, NULL, "%s",
            reload->count > 0 && reload->code == SL_CODE_FAILED
                ? "a graph does not start as it is written now: what ran before goes on"
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
    sl_control_refuse(from, SL_CODE_TRY_AGAIN, NULL, "out of memory");
    sl_client_release(from);
}

static void log_level(sl_client *from, const sl_request *request)
{
    int32_t level = sl_journal_level_of(request->level ? request->level : "");
    if (level < 0) {
        sl_control_refuse(from, SL_CODE_USAGE, "error, warning, note or debug",
                          "no such level '%.40s'", request->level ? request->level : "");
        return;
    }
    sl_service *service = NULL;
    if (request->graph && !(service = sl_control_service(from, request->graph)))
        return;
    if (service)
        atomic_store(&service->log.level, level);
    else
        sl_journal_level(from->control->house->journal, level);
    sl_control_ok(from);
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
        sl_control_tap(from, request);
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
        sl_control_send_or_raise(from, request);
        return;
    case SL_VERB_RELOAD:
        reload(from, request);
        return;
    case SL_VERB_LOG_LEVEL:
        log_level(from, request);
        return;
    case SL_VERB_CHECKPOINT:
    case SL_VERB_REJECTS:
        sl_control_kept(from, request);
        return;
    case SL_VERBS:
        break;
    }
    sl_control_refuse(from, SL_CODE_USAGE, NULL, "no such verb");
}

void sl_control_look(sl_client *from, sl_service *service)
{
    if (strcmp(from->graph, sl_service_name(service)) != 0)
        return;
    switch (from->verb) {
    case SL_VERB_TAP:
        sl_control_look_at_tap(from, service);
        return;
    case SL_VERB_RAISE:
        sl_control_look_at_raise(from, service);
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
        sl_control_leave_tap(from);
    if (from->kept)
        sl_control_leave_kept(from);
}

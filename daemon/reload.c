/*
 * reload.c - the directory is read again; see supervisor.h for what that promises.
 *
 *     begin     every file is read; a mistake ends it
 *     prepare   what is new or changed is looked at on a worker, one after the other: its columns,
 *               its expressions, its checkpoint; a mistake ends it
 *     apply     removed graphs stop, added ones start, changed ones stop and start; one that does
 *               not come to its first step gives its place back to the old plan
 *     finish    when all of them have come to rest
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/supervisor_inside.h"

typedef struct change {
    char what;
    char *name;
    sl_loaded *loaded; /* what the file says now; NULL: gone, or handed on */
    sl_loaded *old;    /* of a changed graph whose new plan is being tried */
    char *failed;
    int32_t open; /* 1: not settled yet */
    int32_t ran;  /* 1: it was running, and goes on whatever its schedule says */
} change;

typedef struct reloading {
    sl_supervisor *supervisor;
    struct reloading *next;
    int32_t dry;
    void (*done)(void *of, const sl_reload *reload);
    void *of;
    change *changes;
    uint32_t count;
    uint32_t at; /* the change that is being prepared */
    int32_t applying;
    sl_arena *arena;
    sl_errors errors;
    sl_job work;
    int32_t working;
} reloading;

static void begin(reloading *reload);

/* ---- The end ----------------------------------------------------------------------------------
 */

static void free_reload(reloading *reload)
{
    for (uint32_t i = 0; i < reload->count; i++) {
        free(reload->changes[i].name);
        free(reload->changes[i].failed);
        sl_loaded_free(reload->changes[i].loaded);
        sl_loaded_free(reload->changes[i].old);
    }
    free(reload->changes);
    sl_arena_free(reload->arena);
    free(reload);
}

/* "reloaded: + new ~ changed - gone", or that nothing has changed. */
static void say(const reloading *reload, int32_t code, const sl_change *list)
{
    char text[512];
    size_t at = (size_t)snprintf(text, sizeof text,
                                 code && !reload->applying
                                     ? "the configuration is refused, what ran goes on"
                                     : "the configuration was reloaded");
    for (uint32_t i = 0; list && reload->applying && i < reload->count && at < sizeof text; i++)
        if (list[i].what != SL_CHANGE_NONE)
            at += (size_t)snprintf(
                text + at, sizeof text - at, ", %c %s%s", list[i].what, list[i].name,
                !list[i].failed                     ? ""
                : list[i].what == SL_CHANGE_CHANGED ? " (failed: the old one goes on)"
                                                    : " (failed)");
    sl_error line = {.level = code ? SL_LOG_WARNING : SL_LOG_NOTE,
                     .code = code ? code : SL_CODE_FAILED,
                     .message = text};
    if (!reload->dry)
        sl_journal_event(&reload->supervisor->log, code ? SL_EVENT_REFUSED : SL_EVENT_RELOADED,
                         &line);
}

static void answer(reloading *reload, int32_t code)
{
    sl_change *list = calloc(reload->count + 1, sizeof *list);
    for (uint32_t i = 0; list && i < reload->count; i++) {
        list[i] = (sl_change){.what = reload->changes[i].what,
                              .name = reload->changes[i].name,
                              .failed = reload->changes[i].failed};
        if (list[i].failed && code == 0)
            code = SL_CODE_FAILED;
    }
    sl_reload said = {.code = code,
                      .changes = list,
                      .count = list ? reload->count : 0,
                      .errors = &reload->errors};
    if (reload->done)
        reload->done(reload->of, &said);
    if (code)
        sl_journal_errors(&reload->supervisor->log, &reload->errors);
    say(reload, code, list);
    free(list);
}

static void finish(reloading *reload, int32_t code)
{
    sl_supervisor *supervisor = reload->supervisor;
    answer(reload, code); /* who is answered may ask for the next: it waits behind this one */
    supervisor->reloads = reload->next;
    free_reload(reload);
    if (supervisor->reloads)
        begin(supervisor->reloads);
}

static void finish_with_errors(reloading *reload)
{
    int32_t code = sl_errors_code(&reload->errors);
    finish(reload, code ? code : SL_CODE_FAILED);
}

static void no_memory(reloading *reload)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_TRY_AGAIN};
    sl_errors_add(&reload->errors, &error, "out of memory");
    finish_with_errors(reload);
}

static void drop(reloading *reload)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_TRY_AGAIN};
    sl_errors_add(&reload->errors, &error, "the daemon is stopping");
    answer(reload, SL_CODE_TRY_AGAIN);
    free_reload(reload);
}

void sl_supervisor_drop_reloads(sl_supervisor *supervisor)
{
    while (supervisor->reloads) {
        reloading *first = supervisor->reloads;
        supervisor->reloads = first->next;
        drop(first);
    }
}

int32_t sl_supervisor_reload_waits(const sl_supervisor *supervisor)
{
    return supervisor->reloads && supervisor->reloads->next;
}

int32_t sl_supervisor_prepares(const sl_supervisor *supervisor)
{
    return supervisor->reloads && supervisor->reloads->working;
}

/* ---- Applying ---------------------------------------------------------------------------------
 */

static void look_whether_applied(reloading *reload)
{
    for (uint32_t i = 0; i < reload->count; i++)
        if (reload->changes[i].open)
            return;
    finish(reload, 0);
}

static change *change_of(const reloading *reload, const char *name)
{
    for (uint32_t i = 0; i < reload->count; i++)
        if (strcmp(reload->changes[i].name, name) == 0)
            return &reload->changes[i];
    return NULL;
}

static void gone(sl_service *service)
{
    sl_supervisor *supervisor = service->house->of;
    change *of = change_of(supervisor->reloads, sl_service_name(service));
    service->state = SL_SERVICE_STOPPED;
    sl_supervisor_take_out(supervisor, service);          /* nobody finds it any more */
    service->house->changed(service->house->of, service); /* whoever waits for it */
    sl_service_free(service);
    of->open = 0;
    look_whether_applied(supervisor->reloads);
}

static void settle(reloading *reload, change *of)
{
    of->open = 0;
    sl_loaded_free(of->old);
    of->old = NULL;
    look_whether_applied(reload);
}

static void go_on(sl_service *service, const change *of)
{
    if (of->ran)
        sl_service_run_now(service);
    else
        sl_service_start(service);
}

/* The new plan did not come to its first step: the old one goes on. */
static void go_back(sl_service *service, reloading *reload, change *of)
{
    free(of->failed);
    of->failed = strdup(service->error ? service->error : "it did not start");
    of->open = 0; /* its states are no longer watched */
    if (of->old) {
        sl_service_stop(service, NULL);
        of->old = sl_service_replace(service, of->old);
        go_on(service, of);
    }
    settle(reload, of);
}

static void swap(sl_service *service)
{
    sl_supervisor *supervisor = service->house->of;
    reloading *reload = supervisor->reloads;
    change *of = change_of(reload, sl_service_name(service));
    sl_loaded *made = of->loaded;
    of->old = sl_service_replace(service, made);
    of->loaded = NULL;
    if (of->old == made) { /* the one that ran goes on */
        of->failed = strdup("out of memory");
        sl_loaded_free(made);
        of->old = NULL;
    }
    if (service->wanted) {
        go_on(service, of);
        return;
    }
    service->state = SL_SERVICE_STOPPED;
    service->house->changed(service->house->of, service); /* which settles it */
}

/* A service that a reload has started came to a state: whether it is settled. */
void sl_supervisor_look(sl_supervisor *supervisor, sl_service *service)
{
    reloading *reload = supervisor->reloads;
    change *of = reload && reload->applying ? change_of(reload, sl_service_name(service)) : NULL;
    if (!of || !of->open || of->loaded || of->what == SL_CHANGE_REMOVED)
        return;
    switch (service->state) {
    case SL_SERVICE_STARTING:
    case SL_SERVICE_STOPPING:
        return;
    case SL_SERVICE_BACKOFF:
    case SL_SERVICE_FAILED:
        go_back(service, reload, of);
        return;
    case SL_SERVICE_SCHEDULED:
    case SL_SERVICE_RUNNING:
    case SL_SERVICE_WAITING:
    case SL_SERVICE_PAUSED:
    case SL_SERVICE_STOPPED:
    case SL_SERVICE_DONE:
        settle(reload, of);
        return;
    }
}

static void apply_one(reloading *reload, change *of)
{
    sl_supervisor *supervisor = reload->supervisor;
    sl_service *service = sl_supervisor_find(supervisor, of->name);
    if (of->what == SL_CHANGE_REMOVED) {
        sl_service_hold(service, gone);
    } else if (of->what == SL_CHANGE_CHANGED) {
        of->ran = sl_service_graph(service) != NULL;
        sl_service_hold(service, swap);
    } else {
        sl_loaded *loaded = of->loaded;
        of->loaded = NULL;
        if (sl_supervisor_add(supervisor, loaded) < 0) {
            of->failed = strdup("out of memory");
            settle(reload, of);
            return;
        }
        sl_service_start(sl_supervisor_find(supervisor, of->name));
    }
}

/* One at a time, by name: each may settle, and with the last the reload is gone. */
static void apply(reloading *reload)
{
    sl_supervisor *supervisor = reload->supervisor;
    uint32_t count = reload->count;
    reload->applying = 1;
    sl_supervisor_forget_broken(supervisor);
    for (uint32_t i = 0; i < count; i++)
        reload->changes[i].open = reload->changes[i].what != SL_CHANGE_NONE;
    int32_t any = 0;
    for (uint32_t i = 0; i < count && supervisor->reloads == reload; i++)
        if (reload->changes[i].what != SL_CHANGE_NONE) {
            any = 1;
            apply_one(reload, &reload->changes[i]);
        }
    if (!any)
        finish(reload, 0);
}

/* ---- Preparing --------------------------------------------------------------------------------
 */

static reloading *reload_of(sl_job *work)
{
    return (reloading *)((char *)work - offsetof(reloading, work));
}

/* WORKER: everything of a start that changes nothing. */
static void prepare(sl_job *work)
{
    reloading *reload = reload_of(work);
    const sl_house *house = reload->supervisor->house;
    sl_graph_options options = {.env = house->env,
                                .reach = house->reach,
                                .row_limit = -1,
                                .checking = 1,
                                .state = house->state};
    sl_graph *graph =
        sl_graph_new(reload->changes[reload->at].loaded->plan, &options, &reload->errors);
    if (graph)
        sl_graph_prepare(graph);
    sl_graph_free(graph);
}

static void prepare_next(reloading *reload);

static void prepared(sl_job *work)
{
    reloading *reload = reload_of(work);
    reload->working = 0;
    reload->at++;
    if (reload->supervisor->house->draining)
        sl_supervisor_look_drained(reload->supervisor);
    else
        prepare_next(reload);
}

static void prepare_next(reloading *reload)
{
    const sl_supervisor *supervisor = reload->supervisor;
    while (reload->at < reload->count && !reload->changes[reload->at].loaded)
        reload->at++;
    if (reload->at < reload->count) {
        reload->work = (sl_job){.work = prepare, .done = prepared};
        reload->working = 1;
        sl_crew_submit(sl_worker_crew(&supervisor->house->loop), &reload->work);
        return;
    }
    if (reload->errors.errors > 0)
        finish_with_errors(reload);
    else if (reload->dry)
        finish(reload, 0);
    else
        apply(reload);
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

static int add_change(reloading *reload, char what, const char *name, sl_loaded *loaded)
{
    change *changes = realloc(reload->changes, (reload->count + 1) * sizeof *changes);
    char *copy = changes ? strdup(name) : NULL;
    if (changes)
        reload->changes = changes;
    if (!copy) {
        sl_loaded_free(loaded);
        return -1;
    }
    uint32_t at = reload->count++;
    while (at > 0 && strcmp(changes[at - 1].name, name) > 0) {
        changes[at] = changes[at - 1];
        at--;
    }
    changes[at] = (change){.what = what, .name = copy, .loaded = loaded};
    return 0;
}

/* TAKES loaded. */
static int compare(reloading *reload, sl_loaded *loaded)
{
    const char *name = loaded->plan->name;
    const sl_service *service = sl_supervisor_find(reload->supervisor, name);
    if (!service)
        return add_change(reload, SL_CHANGE_ADDED, name, loaded);
    if (service->loaded->fingerprint != loaded->fingerprint)
        return add_change(reload, SL_CHANGE_CHANGED, name, loaded);
    int failed = add_change(reload, SL_CHANGE_NONE, name, NULL);
    sl_loaded_free(loaded);
    return failed;
}

static int compare_all(reloading *reload, sl_loaded **list, uint32_t count)
{
    int failed = 0;
    for (uint32_t i = 0; i < count; i++) {
        failed |= compare(reload, list[i]);
        list[i] = NULL;
    }
    const sl_supervisor *supervisor = reload->supervisor;
    for (uint32_t i = 0; i < supervisor->count; i++) {
        const char *name = sl_service_name(supervisor->services[i]);
        if (!change_of(reload, name))
            failed |= add_change(reload, SL_CHANGE_REMOVED, name, NULL);
    }
    return failed;
}

static int32_t is_whole(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && text[size - 1] == '\n';
}

/* A file whose last line has no end any more is most likely being written, and what is there of it
 * may be a graph that does harm: without its `mode: append`, say. */
static void refuse_halves(const reloading *reload, sl_loaded *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const sl_plan *plan = list[i]->plan;
        const sl_service *service =
            plan ? sl_supervisor_find(reload->supervisor, plan->name) : NULL;
        if (!service || is_whole(plan->text) || !is_whole(service->loaded->plan->text))
            continue;
        const char *last = strrchr(plan->text, '\n');
        sl_error error = {.level = SL_LOG_ERROR,
                          .code = SL_CODE_CONFIG,
                          .file = list[i]->file,
                          .line = 1,
                          .column = (int32_t)strlen(last ? last + 1 : plan->text) + 1,
                          .length = 1,
                          .text = plan->text,
                          .hint = "is it being written? write it elsewhere and rename it; if it is "
                                  "whole, end its last line"};
        for (const char *c = plan->text; *c; c++)
            error.line += *c == '\n';
        sl_errors_add(&list[i]->errors, &error, "the file ends in the middle of a line");
    }
}

/* Mistakes of all files into one list. */
static void gather(reloading *reload, sl_loaded *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t e = 0; e < list[i]->errors.count; e++) {
            sl_error error = list[i]->errors.list[e];
            if (error.text)
                error.text = sl_arena_copy(reload->arena, error.text, strlen(error.text));
            if (error.file)
                error.file = sl_arena_copy(reload->arena, error.file, strlen(error.file));
            sl_errors_add(&reload->errors, &error, "%s", error.message);
        }
}

static void begin(reloading *reload)
{
    sl_supervisor *supervisor = reload->supervisor;
    sl_loaded **list;
    uint32_t count;
    if (sl_supervisor_read(supervisor, &list, &count) < 0) {
        sl_error error = {
            .level = SL_LOG_ERROR, .code = SL_CODE_NO_INPUT, .hint = "the graphs that run go on"};
        sl_errors_add(&reload->errors, &error, "cannot read the directory '%s'",
                      supervisor->directory);
    }
    sl_supervisor_name(list, count);
    refuse_halves(reload, list, count);
    gather(reload, list, count);
    int failed = reload->errors.errors == 0 && compare_all(reload, list, count) < 0;
    for (uint32_t i = 0; i < count; i++)
        sl_loaded_free(list[i]);
    free(list);
    if (failed)
        no_memory(reload);
    else if (reload->errors.errors > 0)
        finish_with_errors(reload);
    else
        prepare_next(reload);
}

int sl_supervisor_reload(sl_supervisor *supervisor, int32_t dry,
                         void (*done)(void *of, const sl_reload *reload), void *of)
{
    reloading *made = calloc(1, sizeof *made);
    if (!made)
        return -1;
    *made = (reloading){.supervisor = supervisor, .dry = dry, .done = done, .of = of};
    made->arena = sl_arena_new(supervisor->house->env);
    made->errors = (sl_errors){.arena = made->arena, .limit = SL_ERRORS_LIMIT};
    if (!made->arena) {
        free(made);
        return -1;
    }
    if (supervisor->house->draining) {
        drop(made);
        return 0;
    }
    reloading **last = &supervisor->reloads;
    int32_t alone = *last == NULL;
    while (*last)
        last = &(*last)->next;
    *last = made;
    if (alone)
        begin(made);
    return 0;
}

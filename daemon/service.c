/*
 * service.c - see service.h.
 */
#include "daemon/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/schedule.h"
#include "daemon/ticks.h"

#define PAUSE_LEAST 1000000 /* microseconds before the first try again; then it doubles */
#define PAUSE_MOST 30000000 /* ... up to this; */
#define PAUSE_HELPS 5000000 /* ... where time may heal it, up to this */
#define TRIES 6             /* failures in a row before it is given up */
#define HEALTHY 60000000    /* a run that lasted so long begins a new row */
#define LOOK_EVERY 60000000 /* the wall clock is looked at again: it may have been set */

/* A graph that runs. It goes when its runner has ended. */
typedef struct sl_instance {
    sl_service *service;
    sl_arena *arena;
    sl_errors errors;
    sl_graph *graph;
    sl_runner *runner;
    int64_t began; /* monotonic */
} sl_instance;

static int64_t wall(const sl_service *service)
{
    return service->house->env->now(service->house->env->context);
}

static int64_t monotonic(const sl_service *service)
{
    return service->house->env->monotonic(service->house->env->context);
}

static void set_state(sl_service *service, sl_service_state state)
{
    service->state = state;
    service->house->changed(service->house->of, service);
}

SL_PRINTF(4, 5)
static void say(sl_service *service, sl_event event, int32_t level, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sl_error line = {.level = level, .code = SL_CODE_FAILED, .message = message};
    sl_journal_event(&service->log, event, &line);
}

const char *sl_service_state_name(sl_service_state state)
{
    static const char *const names[] = {"scheduled", "starting", "running", "waiting", "paused",
                                        "stopping",  "backoff",  "failed",  "stopped", "done"};
    return names[state];
}

const char *sl_service_name(const sl_service *service)
{
    return service->loaded->plan->name;
}

uint32_t sl_service_fails(const sl_service *service)
{
    return service->state == SL_SERVICE_BACKOFF || service->state == SL_SERVICE_FAILED;
}

/* ---- Making --------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static int take_views(sl_service *service)
{
    service->stages = calloc(service->loaded->plan->count + 1, sizeof *service->stages);
    return service->stages ? 0 : -1;
}

/* Stages that are in both plans go on counting where they stood. */
static void keep_past(sl_service *service, const sl_plan *before, const sl_stage_view *views)
{
    const sl_plan *plan = service->loaded->plan;
    for (uint32_t i = 0; i < plan->count; i++)
        for (uint32_t j = 0; j < before->count; j++)
            if (strcmp(plan->stages[i].name, before->stages[j].name) == 0 &&
                plan->stages[i].type == before->stages[j].type)
                service->stages[i].past = views[j].past;
}

static void keep_tick(sl_service *service)
{
    const sl_house *house = service->house;
    if (!service->loaded->plan->schedule || !house->state)
        return;
    int32_t kept =
        sl_ticks_write(house->env, house->state, sl_service_name(service), service->served);
    if (kept < 0)
        say(service, SL_EVENT_NONE, SL_LOG_WARNING,
            "cannot note in '%s' that the schedule was served: %s; what is missed while the "
            "daemon is down is not made up for",
            house->state, strerror(-kept));
}

/* Ticks from before the daemon started, too, are served: those since the last one that was. */
static void recall_tick(sl_service *service)
{
    const sl_house *house = service->house;
    service->served =
        house->state ? sl_ticks_read(house->env, house->state, sl_service_name(service)) : 0;
    if (service->served > 0)
        return;
    service->served = wall(service);
    keep_tick(service);
}

sl_service *sl_service_new(sl_house *house, sl_loaded *loaded)
{
    sl_service *service = calloc(1, sizeof *service);
    if (!service) {
        sl_loaded_free(loaded);
        return NULL;
    }
    *service = (sl_service){.house = house, .loaded = loaded, .state = SL_SERVICE_STOPPED};
    service->log = (sl_journal_graph){.journal = house->journal, .name = loaded->plan->name};
    atomic_init(&service->log.level, -1);
    if (take_views(service) < 0) {
        sl_loaded_free(loaded);
        free(service);
        return NULL;
    }
    uv_timer_init(house->uv, &service->timer);
    service->timer.data = service;
    recall_tick(service);
    return service;
}

static void on_closed(uv_handle_t *handle)
{
    sl_service *service = handle->data;
    sl_loaded_free(service->loaded);
    free(service->stages);
    free(service->error);
    free(service);
}

void sl_service_free(sl_service *service)
{
    uv_timer_stop(&service->timer);
    uv_close((uv_handle_t *)&service->timer, on_closed);
}

sl_loaded *sl_service_replace(sl_service *service, sl_loaded *loaded)
{
    sl_loaded *old = service->loaded;
    sl_stage_view *views = service->stages;
    service->loaded = loaded;
    service->in_a_row = 0;
    if (take_views(service) < 0) { /* the old one goes on */
        service->loaded = old;
        service->stages = views;
        return loaded;
    }
    keep_past(service, old->plan, views);
    free(views);
    service->log.name = loaded->plan->name;
    if (!old->plan->schedule)
        recall_tick(service);
    return old;
}

/* ---- Time ----------------------------------------------------------------------------------- */

static void wake_after(sl_service *service, int64_t microseconds)
{
    if (microseconds > LOOK_EVERY)
        microseconds = LOOK_EVERY;
    uint64_t wait = microseconds > 0 ? (uint64_t)(microseconds + 999) / 1000 : 0;
    uv_update_time(service->house->uv);
    uv_timer_start(&service->timer, on_timer, wait, 0);
}

static void start_instance(sl_service *service);

/* Waits for the next tick, or starts when one is due. */
static void look_at_schedule(sl_service *service)
{
    sl_due due;
    const sl_schedule *schedule = service->loaded->plan->schedule;
    int32_t now = sl_schedule_due(schedule, &service->served, wall(service), &due);
    if (due.went_back > 0)
        say(service, SL_EVENT_CLOCK, SL_LOG_WARNING, "the clock was set back by %lld seconds",
            (long long)(due.went_back / 1000000));
    if (now && due.missed > 0)
        say(service, SL_EVENT_MISSED, SL_LOG_WARNING,
            "%lld%s ticks of the schedule were missed: one run serves them", (long long)due.missed,
            due.missed >= SL_SCHEDULE_MISSED ? " or more" : "");
    service->missed += now ? due.missed : 0;
    if (now) {
        start_instance(service);
        return;
    }
    service->next = due.next;
    if (due.next != SL_SCHEDULE_NEVER)
        wake_after(service, due.next - wall(service));
    if (service->state != SL_SERVICE_SCHEDULED)
        set_state(service, SL_SERVICE_SCHEDULED);
}

/* Half of the pause is fixed, half is drawn, so that graphs that failed together do not come
 * back together. */
static int64_t pause_of(const sl_service *service, int64_t most)
{
    int64_t pause = PAUSE_LEAST;
    for (int64_t i = 1; i < service->in_a_row && pause < most; i++)
        pause *= 2;
    pause = pause < most ? pause : most;
    uint64_t drawn;
    service->house->env->random(service->house->env->context, &drawn, sizeof drawn);
    return pause / 2 + (int64_t)(drawn % (uint64_t)(pause / 2 + 1));
}

/* Whether time may heal it: room on a disk, a lock, a source that comes. */
static int32_t may_heal(int32_t code)
{
    return code == SL_CODE_IO || code == SL_CODE_TRY_AGAIN || code == SL_CODE_NO_INPUT ||
           code == SL_CODE_NO_OUTPUT;
}

static void back_off(sl_service *service)
{
    int32_t heals = may_heal(service->code);
    if (!heals && service->in_a_row >= TRIES) {
        service->next = 0;
        say(service, SL_EVENT_GAVE_UP, SL_LOG_ERROR,
            "it failed %lld times in a row and is given up", (long long)service->in_a_row);
        set_state(service, SL_SERVICE_FAILED);
        return;
    }
    int64_t pause = pause_of(service, heals ? PAUSE_HELPS : PAUSE_MOST);
    say(service, SL_EVENT_FAILED, SL_LOG_WARNING, "it failed, and will be started again");
    service->next = wall(service) + pause;
    wake_after(service, pause);
    set_state(service, SL_SERVICE_BACKOFF);
}

static void on_timer(uv_timer_t *timer)
{
    sl_service *service = timer->data;
    if (service->instance || !service->wanted || service->house->draining)
        return;
    if (service->state == SL_SERVICE_SCHEDULED)
        look_at_schedule(service);
    else if (service->state == SL_SERVICE_BACKOFF)
        start_instance(service);
}

/* ---- An instance ------------------------------------------------------------------------------
 */

/* Between two steps: what others may see. */
static void copy_views(sl_service *service)
{
    sl_graph *graph = service->instance->graph;
    for (uint32_t i = 0; i < service->loaded->plan->count; i++) {
        const sl_generator *generator = sl_graph_stage(graph, i);
        sl_stage_view *view = &service->stages[i];
        view->counters = *sl_generator_counters(generator);
        view->ended = sl_generator_ended(generator);
        view->failed = sl_generator_failed(generator);
        view->waiting = sl_generator_waiting(generator);
        view->waits_for = sl_generator_closed(generator) ? NULL : sl_graph_waits_for(graph, i);
    }
    service->alive = monotonic(service);
    service->hangs = 0;
}

static void stepped(void *of)
{
    sl_service *service = ((sl_instance *)of)->service;
    int32_t fails = service->instance->errors.errors > 0; /* it is about to end */
    copy_views(service);
    if (!fails && (service->state == SL_SERVICE_STARTING || service->state == SL_SERVICE_WAITING))
        set_state(service, SL_SERVICE_RUNNING);
    else
        service->house->changed(service->house->of, service);
}

static void add_counts(sl_counters *to, const sl_counters *more)
{
    to->calls += more->calls;
    to->batches_in += more->batches_in;
    to->batches_out += more->batches_out;
    to->rows_in += more->rows_in;
    to->rows_out += more->rows_out;
    to->created += more->created;
    to->filtered += more->filtered;
    to->rejected += more->rejected;
    to->passed += more->passed;
    to->busy += more->busy;
    to->commits += more->commits;
}

/* The instance has ended: its counts are past. */
static void add_past(sl_service *service)
{
    for (uint32_t i = 0; i < service->loaded->plan->count; i++)
        add_counts(&service->stages[i].past, &service->stages[i].counters);
}

/* An instance begins: the last one's counts are past, and none of its own are there. */
static void clear_views(sl_service *service)
{
    for (uint32_t i = 0; i < service->loaded->plan->count; i++)
        service->stages[i] =
            (sl_stage_view){.counters = {.bytes_total = -1}, .past = service->stages[i].past};
}

sl_counters sl_service_counted(const sl_service *service, uint32_t stage)
{
    const sl_stage_view *view = &service->stages[stage];
    sl_counters sums = {.bytes_total = -1};
    if (service->instance)
        sums = view->counters;
    add_counts(&sums, &view->past);
    return sums;
}

/* It waits for the world, or is paused: said by the runner when it has come to rest. */
static void rested(void *of)
{
    sl_service *service = ((sl_instance *)of)->service;
    sl_service_state state =
        sl_runner_paused(service->instance->runner) ? SL_SERVICE_PAUSED : SL_SERVICE_WAITING;
    service->alive = monotonic(service);
    if (service->state != SL_SERVICE_STOPPING)
        set_state(service, state);
}

static void keep_failure(sl_service *service, const sl_errors *errors)
{
    char line[1024] = "out of memory";
    for (uint32_t i = 0; i < errors->count; i++)
        if (errors->list[i].level == SL_LOG_ERROR) {
            sl_error_line(&errors->list[i], line, sizeof line);
            break;
        }
    free(service->error);
    service->error = strdup(line);
    service->code = sl_errors_code(errors);
    service->failures++;
}

static void audit(sl_instance *instance, sl_status status)
{
    char why[512];
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_BUG};
    if (status == SL_END && !sl_graph_audit(instance->graph, why, sizeof why))
        sl_errors_add(&instance->errors, &error, "the books do not balance: %s", why);
}

static void free_instance(sl_instance *instance)
{
    sl_runner_free(instance->runner);
    sl_graph_free(instance->graph);
    sl_arena_free(instance->arena);
    free(instance);
}

/* Of a failure it is said when it is known what follows (back_off). */
static void say_end(sl_service *service, sl_status status)
{
    if (status == SL_END)
        say(service, SL_EVENT_ENDED, SL_LOG_NOTE, "it is done");
    else if (status != SL_ERROR)
        say(service, SL_EVENT_STOPPED, SL_LOG_DEBUG, "it has stopped");
}

/* What follows the end of an instance, unless a stop has something else in mind. */
static void follow(sl_service *service, sl_status status)
{
    void (*then)(sl_service *) = service->then;
    service->then = NULL;
    service->held = 0;
    if (then) {
        then(service);
    } else if (service->house->draining || !service->wanted) {
        set_state(service, SL_SERVICE_STOPPED);
    } else if (status == SL_ERROR) {
        back_off(service);
    } else if (service->loaded->plan->schedule) {
        service->state = SL_SERVICE_DONE;
        look_at_schedule(service);
    } else {
        set_state(service, status == SL_END ? SL_SERVICE_DONE : SL_SERVICE_STOPPED);
    }
}

static void ended(void *of, sl_status status)
{
    sl_instance *instance = of;
    sl_service *service = instance->service;
    copy_views(service);
    add_past(service);
    audit(instance, status);
    if (instance->errors.errors > 0) {
        status = SL_ERROR;
        keep_failure(service, &instance->errors);
        sl_journal_errors(&service->log, &instance->errors);
        int32_t lasted = monotonic(service) - instance->began > HEALTHY;
        service->in_a_row = lasted ? 1 : service->in_a_row + 1;
    } else {
        service->in_a_row = 0;
    }
    service->ended = wall(service);
    if (status == SL_END) {
        service->succeeded = service->ended;
        keep_tick(service);
    }
    service->instance = NULL;
    free_instance(instance);
    say_end(service, status);
    follow(service, status);
}

static sl_instance *make_instance(sl_service *service)
{
    const sl_house *house = service->house;
    sl_instance *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->service = service;
    made->began = monotonic(service);
    made->arena = sl_arena_new(house->env);
    made->errors = (sl_errors){.arena = made->arena, .limit = SL_ERRORS_LIMIT};
    sl_graph_options options = {.env = house->env,
                                .reach = house->reach,
                                .row_limit = -1,
                                .state = house->state,
                                .log = sl_journal_line,
                                .log_of = &service->log};
    made->graph = made->arena ? sl_graph_new(service->loaded->plan, &options, &made->errors) : NULL;
    if (made->graph)
        return made;
    free_instance(made);
    return NULL;
}

static void start_instance(sl_service *service)
{
    sl_runner_calls calls = {.stepped = stepped, .rested = rested, .ended = ended};
    uv_timer_stop(&service->timer);
    service->next = 0;
    service->hangs = 0;
    sl_instance *instance = make_instance(service);
    if (!instance) {
        free(service->error);
        service->error = strdup("out of memory");
        service->code = SL_CODE_TRY_AGAIN;
        service->failures++;
        service->in_a_row++;
        back_off(service);
        return;
    }
    service->instance = instance;
    clear_views(service);
    service->runs++;
    service->started = wall(service);
    service->alive = monotonic(service);
    calls.of = instance;
    say(service, SL_EVENT_STARTED, SL_LOG_DEBUG, "it starts");
    set_state(service, SL_SERVICE_STARTING);
    instance->runner =
        sl_runner_start(&service->house->loop, instance->graph, &instance->errors, &calls);
    if (!instance->runner) {
        sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_TRY_AGAIN};
        ended(instance, sl_errors_add(&instance->errors, &error, "cannot start: out of memory"));
        return;
    }
    if (service->paused)
        sl_runner_pause(instance->runner);
    if (service->state == SL_SERVICE_STOPPING) /* who heard that it starts has stopped it */
        sl_runner_stop(instance->runner);
}

/* ---- What is asked of it ------------------------------------------------------------------------
 */

void sl_service_start(sl_service *service)
{
    service->wanted = 1;
    if (service->instance || service->house->draining)
        return;
    service->in_a_row = 0;
    if (service->loaded->plan->schedule)
        look_at_schedule(service);
    else
        start_instance(service);
}

void sl_service_run_now(sl_service *service)
{
    service->wanted = 1;
    if (service->instance || service->house->draining)
        return;
    service->in_a_row = 0;
    start_instance(service);
}

void sl_service_stop(sl_service *service, void (*then)(sl_service *service))
{
    uv_timer_stop(&service->timer);
    service->next = 0;
    if (!service->instance) {
        if (then)
            then(service);
        else
            set_state(service, SL_SERVICE_STOPPED);
        return;
    }
    if (!service->held || service->house->draining)
        service->then = then;
    if (service->state != SL_SERVICE_STOPPING)
        set_state(service, SL_SERVICE_STOPPING);
    if (service->instance->runner)
        sl_runner_stop(service->instance->runner);
}

void sl_service_hold(sl_service *service, void (*then)(sl_service *service))
{
    if (service->instance) {
        service->held = 1;
        service->then = then;
    }
    sl_service_stop(service, then);
}

void sl_service_pause(sl_service *service)
{
    service->paused = 1;
    if (sl_service_runner(service))
        sl_runner_pause(service->instance->runner);
}

void sl_service_resume(sl_service *service)
{
    service->paused = 0;
    if (!sl_service_runner(service))
        return;
    if (service->state == SL_SERVICE_PAUSED)
        set_state(service, SL_SERVICE_RUNNING);
    sl_runner_resume(service->instance->runner);
}

void sl_service_step(sl_service *service, int64_t batches)
{
    if (sl_service_runner(service))
        sl_runner_step(service->instance->runner, batches);
}

int64_t sl_service_silent(sl_service *service)
{
    uint32_t signs = service->instance ? sl_graph_signs(service->instance->graph) : 0;
    if (signs != service->signs)
        service->alive = monotonic(service);
    service->signs = signs;
    return monotonic(service) - service->alive;
}

sl_runner *sl_service_runner(const sl_service *service)
{
    return service->instance ? service->instance->runner : NULL;
}

sl_graph *sl_service_graph(const sl_service *service)
{
    return service->instance ? service->instance->graph : NULL;
}

/*
 * supervisor.c - the table of services: made, started, drained; see supervisor.h.
 *
 * Deliberately elsewhere: one graph (service.c), reloading (reload.c).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/files.h"
#include "daemon/supervisor_inside.h"

#define SETTLES 200 /* milliseconds without a further change before a watched directory is read */
#define LATEST 2000 /* ... and at the latest, however often it changes */
#define RETURNS 500 /* milliseconds between two looks whether one that went is there again */

static void service_changed(void *of, sl_service *service)
{
    sl_supervisor *supervisor = of;
    if (supervisor->changed)
        supervisor->changed(supervisor->changed_of, service);
    sl_supervisor_look(supervisor, service);
}

sl_supervisor *sl_supervisor_new(sl_house *house, const char *directory, int32_t watch)
{
    sl_supervisor *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    *made = (sl_supervisor){.house = house, .directory = strdup(directory), .watch = watch};
    if (!made->directory) {
        free(made);
        return NULL;
    }
    made->log = (sl_journal_graph){.journal = house->journal};
    atomic_init(&made->log.level, -1);
    house->changed = service_changed;
    house->of = made;
    uv_fs_event_init(house->uv, &made->watcher);
    uv_timer_init(house->uv, &made->settle);
    made->watcher.data = made->settle.data = made;
    return made;
}

/* ---- The directory -------------------------------------------------------------------------- */

int sl_supervisor_read(sl_supervisor *supervisor, sl_loaded ***list, uint32_t *count)
{
    struct dirent **entries;
    int found = sl_files_scan(supervisor->directory, &entries);
    *count = 0;
    *list = NULL;
    if (found < 0)
        return -1;
    *list = calloc((size_t)found + 1, sizeof(sl_loaded *));
    for (int i = 0; i < found; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", supervisor->directory, entries[i]->d_name);
        sl_loaded *loaded =
            *list ? sl_loaded_read(supervisor->house->env, supervisor->house->registry, file)
                  : NULL;
        if (loaded)
            (*list)[(*count)++] = loaded;
        free(entries[i]);
    }
    free(entries);
    return *list && *count == (uint32_t)found ? 0 : -1;
}

/* Two graphs of one name: the second is a mistake. */
void sl_supervisor_name(sl_loaded *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; list[i]->plan && j < i; j++) {
            if (!list[j]->plan || strcmp(list[i]->plan->name, list[j]->plan->name) != 0)
                continue;
            sl_error error = {.level = SL_LOG_ERROR,
                              .code = SL_CODE_CONFIG,
                              .file = list[i]->file,
                              .hint = "give each graph a name of its own: `graph: NAME`"};
            sl_errors_add(&list[i]->errors, &error, "graph '%s' is also in '%s'",
                          list[i]->plan->name, list[j]->file);
            break;
        }
}

/* ---- Services ------------------------------------------------------------------------------- */

int sl_supervisor_add(sl_supervisor *supervisor, sl_loaded *loaded)
{
    uint32_t count = supervisor->count;
    sl_service **services =
        realloc(supervisor->services, (count + 1) * sizeof *supervisor->services);
    if (!services) {
        sl_loaded_free(loaded);
        return -1;
    }
    supervisor->services = services;
    sl_service *service = sl_service_new(supervisor->house, loaded);
    if (!service)
        return -1;
    uint32_t at = count;
    while (at > 0 && strcmp(sl_service_name(services[at - 1]), sl_service_name(service)) > 0) {
        services[at] = services[at - 1];
        at--;
    }
    services[at] = service;
    supervisor->count = count + 1;
    return 0;
}

void sl_supervisor_take_out(sl_supervisor *supervisor, const sl_service *service)
{
    uint32_t at = 0;
    while (supervisor->services[at] != service)
        at++;
    supervisor->count--;
    memmove(supervisor->services + at, supervisor->services + at + 1,
            (supervisor->count - at) * sizeof *supervisor->services);
}

void sl_supervisor_forget_broken(sl_supervisor *supervisor)
{
    for (uint32_t i = 0; i < supervisor->broken_count; i++) {
        free(supervisor->broken[i].file);
        free(supervisor->broken[i].error);
    }
    free(supervisor->broken);
    supervisor->broken = NULL;
    supervisor->broken_count = 0;
}

static void remember_broken(sl_supervisor *supervisor, const char *file, const sl_errors *errors)
{
    char line[1024] = "it cannot be read";
    if (errors && errors->count > 0)
        sl_error_line(&errors->list[0], line, sizeof line);
    sl_broken *broken =
        realloc(supervisor->broken, (supervisor->broken_count + 1) * sizeof *broken);
    if (!broken)
        return;
    supervisor->broken = broken;
    broken[supervisor->broken_count++] =
        (sl_broken){.file = strdup(file),
                    .error = strdup(line),
                    .code = errors ? sl_errors_code(errors) : SL_CODE_NO_INPUT};
}

/* ---- Watching ------------------------------------------------------------------------------- */

static void on_event(uv_fs_event_t *watcher, const char *name, int events, int status);
static void on_settled(uv_timer_t *timer);

/* The directory may be another one by now: it was moved away, and is there again. */
static void watch(sl_supervisor *supervisor)
{
    char text[512];
    uv_fs_event_stop(&supervisor->watcher);
    int failed = uv_fs_event_start(&supervisor->watcher, on_event, supervisor->directory, 0);
    supervisor->lost = failed == UV_ENOENT || failed == UV_ENOTDIR;
    if (supervisor->lost)
        uv_timer_start(&supervisor->settle, on_settled, RETURNS, 0);
    if (!failed || supervisor->lost)
        return;
    snprintf(text, sizeof text, "cannot watch the directory '%.300s': %s", supervisor->directory,
             uv_strerror(failed));
    sl_error line = {.level = SL_LOG_WARNING,
                     .code = SL_CODE_FAILED,
                     .message = text,
                     .hint = "`sluice reload` takes what has changed"};
    sl_journal_event(&supervisor->log, SL_EVENT_NONE, &line);
}

static void on_settled(uv_timer_t *timer)
{
    sl_supervisor *supervisor = timer->data;
    int32_t was_lost = supervisor->lost;
    supervisor->unsettled = 0;
    watch(supervisor);
    if (supervisor->lost && was_lost) /* that was said */
        return;
    if (!sl_supervisor_reload_waits(supervisor))
        sl_supervisor_reload(supervisor, 0, NULL, NULL);
}

/* Whether it is about the directory itself: libuv gives its own name then. */
static int is_directory(const sl_supervisor *supervisor, const char *name)
{
    const char *slash = strrchr(supervisor->directory, '/');
    return strcmp(name, slash ? slash + 1 : supervisor->directory) == 0;
}

static void on_event(uv_fs_event_t *watcher, const char *name, int events, int status)
{
    sl_supervisor *supervisor = watcher->data;
    uint64_t now = uv_now(supervisor->house->uv);
    (void)events;
    (void)status;
    if (name && !sl_files_is_graph(name) && !is_directory(supervisor, name))
        return;
    if (supervisor->unsettled == 0)
        supervisor->unsettled = now;
    if (now - supervisor->unsettled < LATEST)
        uv_timer_start(&supervisor->settle, on_settled, SETTLES, 0);
}

/* ---- Life ----------------------------------------------------------------------------------- */

void sl_supervisor_start(sl_supervisor *supervisor)
{
    sl_loaded **list;
    uint32_t count;
    if (sl_supervisor_read(supervisor, &list, &count) < 0) {
        sl_error line = {.level = SL_LOG_ERROR,
                         .code = SL_CODE_NO_INPUT,
                         .message = "the directory of graphs cannot be read",
                         .file = supervisor->directory};
        sl_journal_event(&supervisor->log, SL_EVENT_NONE, &line);
        remember_broken(supervisor, supervisor->directory, NULL);
    }
    sl_supervisor_name(list, count);
    for (uint32_t i = 0; i < count; i++) {
        if (list[i]->errors.errors == 0) {
            sl_supervisor_add(supervisor, list[i]);
            continue;
        }
        sl_journal_errors(&supervisor->log, &list[i]->errors);
        remember_broken(supervisor, list[i]->file, &list[i]->errors);
        sl_loaded_free(list[i]);
    }
    free(list);
    for (uint32_t i = 0; i < supervisor->count; i++)
        sl_service_start(supervisor->services[i]);
    if (supervisor->watch)
        watch(supervisor);
}

void sl_supervisor_look_drained(sl_supervisor *supervisor)
{
    for (uint32_t i = 0; i < supervisor->count; i++)
        if (sl_service_graph(supervisor->services[i]))
            return;
    void (*done)(void *of) = supervisor->drained;
    if (!done || sl_supervisor_prepares(supervisor))
        return;
    supervisor->drained = NULL;
    sl_supervisor_drop_reloads(supervisor);
    done(supervisor->drained_of);
}

static void stopped(sl_service *service)
{
    service->state = SL_SERVICE_STOPPED;
    sl_supervisor_look_drained(service->house->of);
}

void sl_supervisor_drain(sl_supervisor *supervisor, void (*done)(void *of), void *of)
{
    supervisor->house->draining = 1;
    supervisor->drained = done;
    supervisor->drained_of = of;
    uv_fs_event_stop(&supervisor->watcher);
    uv_timer_stop(&supervisor->settle);
    for (uint32_t i = 0; i < supervisor->count; i++)
        if (sl_service_graph(supervisor->services[i]))
            sl_service_stop(supervisor->services[i], stopped);
    sl_supervisor_look_drained(supervisor);
}

static void on_closed(uv_handle_t *handle)
{
    sl_supervisor *supervisor = handle->data;
    if (--supervisor->handles > 0)
        return;
    free(supervisor->directory);
    free(supervisor->services);
    free(supervisor);
}

void sl_supervisor_free(sl_supervisor *supervisor)
{
    if (!supervisor)
        return;
    for (uint32_t i = 0; i < supervisor->count; i++)
        sl_service_free(supervisor->services[i]);
    sl_supervisor_forget_broken(supervisor);
    supervisor->handles = 2;
    uv_close((uv_handle_t *)&supervisor->watcher, on_closed);
    uv_close((uv_handle_t *)&supervisor->settle, on_closed);
}

/* ---- What one may know of it ------------------------------------------------------------------
 */

uint32_t sl_supervisor_count(const sl_supervisor *supervisor)
{
    return supervisor->count;
}

sl_service *sl_supervisor_at(const sl_supervisor *supervisor, uint32_t index)
{
    return supervisor->services[index];
}

sl_service *sl_supervisor_find(const sl_supervisor *supervisor, const char *name)
{
    for (uint32_t i = 0; i < supervisor->count; i++)
        if (strcmp(sl_service_name(supervisor->services[i]), name) == 0)
            return supervisor->services[i];
    return NULL;
}

uint32_t sl_supervisor_broken_count(const sl_supervisor *supervisor)
{
    return supervisor->broken_count;
}

const sl_broken *sl_supervisor_broken(const sl_supervisor *supervisor, uint32_t index)
{
    return &supervisor->broken[index];
}

int32_t sl_supervisor_stopping(const sl_supervisor *supervisor)
{
    return supervisor->house->draining;
}

const char *sl_supervisor_directory(const sl_supervisor *supervisor)
{
    return supervisor->directory;
}

void sl_supervisor_on_change(sl_supervisor *supervisor,
                             void (*changed)(void *of, sl_service *service), void *of)
{
    supervisor->changed = changed;
    supervisor->changed_of = of;
}

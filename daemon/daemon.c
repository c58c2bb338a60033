/*
 * daemon.c - `sluice daemon`: the graphs of a directory, the control socket, systemd.
 *
 * Signals: TERM and INT drain (a second one ends at once), HUP reloads. The watchdog is pinged only
 * while every graph makes progress or has a reason to wait: a step that does not come back is said
 * and the graph is stopped; only if that does not help either the pings end.
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control.h"
#include "daemon/http.h"
#include "daemon/notify.h"
#include "daemon/session.h"
#include "daemon/verbs.h"

#define DIRECTORY "/etc/sluice/graphs.d"
#define TICK 2000      /* milliseconds between two looks at the graphs */
#define HOPELESS 3     /* times `stuck_after`: then the watchdog is no longer pinged */
#define MARGIN 5000000 /* microseconds that systemd gives a stop beyond the time for graphs */

typedef struct service_room {
    sl_session session;
    uv_loop_t uv;
    sl_house house;
    sl_supervisor *supervisor;
    sl_control *control;
    sl_http *http; /* NULL: no metrics are served */
    sl_journal_graph log;
    sl_notify notify;
    sl_notify_fd fds[SL_NOTIFY_FDS_MOST];
    int32_t fds_count;
    uv_signal_t signals[3];
    uv_timer_t tick, deadline;
    int32_t stopping; /* signals that asked for a stop */
} service_room;

static int64_t monotonic(const service_room *room)
{
    return room->house.env->monotonic(room->house.env->context);
}

static void note(service_room *room, sl_event event, int32_t level, const char *text)
{
    sl_error line = {.level = level, .code = SL_CODE_FAILED, .message = text};
    sl_journal_event(&room->log, event, &line);
}

/* ---- Progress ------------------------------------------------------------------------------- */

static void restart_hanging(service_room *room, sl_service *service, int64_t since)
{
    char text[512], who[300];
    int32_t stops = service->state == SL_SERVICE_STOPPING; /* then that goes on */
    sl_graph_stuck(sl_service_graph(service), who, sizeof who);
    snprintf(text, sizeof text,
             "graph '%s' has not come back from a step for %lld seconds: it is %s; %s",
             sl_service_name(service), (long long)(since / 1000000),
             stops ? "to stop" : "restarted", who);
    note(room, SL_EVENT_STUCK, SL_LOG_ERROR, text);
    service->hangs = 1;
    if (stops)
        return;
    sl_service_stop(service, sl_service_run_now); /* whatever its schedule: the tick was served */
}

/* Graphs that hang in a step; *hopeless: one does not come back even when it is stopped. */
static uint32_t look_for_hangs(service_room *room, int32_t *hopeless)
{
    uint32_t hang = 0;
    *hopeless = 0;
    for (uint32_t i = 0; i < sl_supervisor_count(room->supervisor); i++) {
        sl_service *service = sl_supervisor_at(room->supervisor, i);
        const sl_runner *runner = sl_service_runner(service);
        int64_t bound = service->loaded->plan->stuck_after;
        int64_t since = runner ? sl_service_silent(service) : 0;
        if (!runner || sl_runner_waiting(runner) || since < bound)
            continue;
        hang++;
        *hopeless |= since > HOPELESS * bound;
        if (!service->hangs)
            restart_hanging(room, service, since);
    }
    return hang;
}

static void make_status(const service_room *room, uint32_t hang, char *text, size_t size)
{
    const sl_supervisor *supervisor = room->supervisor;
    uint32_t running = 0, failing = sl_supervisor_broken_count(supervisor);
    uint32_t count = sl_supervisor_count(supervisor);
    int64_t rows = 0;
    for (uint32_t i = 0; i < count; i++) {
        const sl_service *service = sl_supervisor_at(supervisor, i);
        const sl_plan *plan = service->loaded->plan;
        running += sl_service_runner(service) != NULL;
        failing += sl_service_fails(service);
        for (uint32_t s = 0; s < plan->count; s++)
            if (plan->stages[s].type->role == SL_EXPORTER)
                rows += service->stages[s].counters.rows_out;
    }
    snprintf(text, size, "%u graphs, %u running, %u failing, %u hanging; %lld rows out", count,
             running, failing, hang, (long long)rows);
}

static void on_tick(uv_timer_t *timer)
{
    service_room *room = timer->data;
    char text[200];
    int32_t hopeless;
    uint32_t hang = look_for_hangs(room, &hopeless);
    sl_journal_tick(room->house.journal);
    make_status(room, hang, text, sizeof text);
    sl_notify_status(&room->notify, text);
    if (!hopeless)
        sl_notify_alive(&room->notify);
}

/* ---- Stopping ------------------------------------------------------------------------------- */

static void drained(void *of)
{
    service_room *room = of;
    for (size_t i = 0; i < sizeof room->signals / sizeof *room->signals; i++)
        uv_close((uv_handle_t *)&room->signals[i], NULL);
    uv_close((uv_handle_t *)&room->tick, NULL);
    uv_unref((uv_handle_t *)&room->deadline); /* it is for what is still on a worker */
    sl_supervisor_on_change(room->supervisor, NULL, NULL);
    sl_control_free(room->control);
    sl_http_free(room->http);
    sl_supervisor_free(room->supervisor);
    room->http = NULL;
    room->control = NULL;
    room->supervisor = NULL;
}

static void end_at_once(service_room *room)
{
    sl_journal_free(room->house.journal);
    fflush(NULL);
    _exit(0); /* what was committed stays, and the rest is done again */
}

static void on_deadline(uv_timer_t *timer)
{
    service_room *room = timer->data;
    note(
        room, SL_EVENT_STOPPING, SL_LOG_WARNING,
        "some graphs, or questions about them, did not end in time: what was not committed is done "
        "again at the next start");
    end_at_once(room);
}

static void stop(service_room *room)
{
    int64_t wait = room->session.arguments->stop_timeout;
    if (room->stopping++ > 0)
        end_at_once(room);
    sl_notify_stopping(&room->notify, wait + MARGIN, "graphs end at their next commit");
    note(room, SL_EVENT_STOPPING, SL_LOG_NOTE, "stopping");
    uv_timer_start(&room->deadline, on_deadline, (uint64_t)(wait / 1000), 0);
    sl_supervisor_drain(room->supervisor, drained, room);
}

static void reloaded(void *of, const sl_reload *reload)
{
    service_room *room = of;
    if (room->stopping)
        return;
    sl_notify_ready(&room->notify, reload->code ? "the configuration is refused" : "reloaded");
}

static void on_signal(uv_signal_t *handle, int number)
{
    service_room *room = handle->data;
    if (number != SIGHUP) {
        stop(room);
        return;
    }
    if (room->stopping)
        return;
    sl_notify_reloading(&room->notify, monotonic(room), "reloading");
    if (sl_supervisor_reload(room->supervisor, 0, reloaded, room) < 0)
        sl_notify_ready(&room->notify, "no memory to reload");
}

/* ---- Starting ------------------------------------------------------------------------------- */

static void watch_signals(service_room *room)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(&room->uv, &room->signals[i]);
        room->signals[i].data = room;
        uv_signal_start(&room->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&room->uv, &room->tick);
    uv_timer_init(&room->uv, &room->deadline);
    room->tick.data = room->deadline.data = room;
    uint64_t tick = TICK, half = (uint64_t)room->notify.watchdog / 2000;
    uv_timer_start(&room->tick, on_tick, 0, half > 0 && half < tick ? half : tick);
}

static void changed(void *of, sl_service *service)
{
    sl_control_changed(((service_room *)of)->control, service);
}

/* The socket that came under its name, or under that of its unit; -1: none. */
static int32_t take_socket(service_room *room, const char *name, const char *unit)
{
    int32_t fd = sl_notify_take(room->fds, room->fds_count, name);
    return fd >= 0 ? fd : sl_notify_take(room->fds, room->fds_count, unit);
}

/* 0; -1: said. */
static int listen_for_control(service_room *room)
{
    char path[4096] = "";
    sl_control_options options = {.fd = take_socket(room, "control", "sluice.socket"),
                                  .path = path};
    if (options.fd < 0 && sl_control_path(room->session.arguments->socket, path, sizeof path) < 0) {
        sl_error error = {.level = SL_LOG_ERROR,
                          .code = SL_CODE_USAGE,
                          .hint = "--socket PATH, $SLUICE_SOCKET, or $XDG_RUNTIME_DIR"};
        sl_errors_add(&room->session.errors, &error, "there is no place for the control socket");
        return -1;
    }
    char *slash = options.fd < 0 && !room->session.arguments->socket ? strrchr(path, '/') : NULL;
    if (slash) { /* its directory is ours to make, where it is of our choosing */
        *slash = '\0';
        room->house.env->make_directory(room->house.env->context, path, 0750);
        *slash = '/';
    }
    room->control = sl_control_new(&room->house, room->supervisor, &options, &room->session.errors);
    return room->control ? 0 : -1;
}

/* Those that nobody took are closed: whoever connects is refused, and does not wait for ever. */
static void warn_of_sockets(service_room *room)
{
    char text[200];
    for (int32_t i = 0; i < room->fds_count; i++) {
        if (room->fds[i].fd < 0)
            continue;
        snprintf(
            text, sizeof text,
            "the socket '%s' that the daemon was given is closed: its FileDescriptorName= must "
            "be control or metrics, each once",
            room->fds[i].name);
        note(room, SL_EVENT_NONE, SL_LOG_WARNING, text);
        close(room->fds[i].fd);
        room->fds[i].fd = -1;
    }
}

/* 0; -1: said. */
static int listen_for_metrics(service_room *room)
{
    sl_http_options options = {.env = room->house.env,
                               .supervisor = room->supervisor,
                               .address = room->session.arguments->metrics,
                               .fd = take_socket(room, "metrics", "sluice-metrics.socket")};
    if (options.fd < 0 && !options.address)
        return 0;
    room->http = sl_http_new(&room->uv, &options, &room->session.errors);
    if (!room->http)
        return -1;
    char text[200];
    snprintf(text, sizeof text, "metrics and health on %s", sl_http_address(room->http));
    note(room, SL_EVENT_NONE, SL_LOG_NOTE, text);
    return 0;
}

static int make_house(service_room *room)
{
    const sl_arguments *arguments = room->session.arguments;
    sl_journal_options journal = {.env = room->session.env,
                                  .json = arguments->log_json,
                                  .fd = STDERR_FILENO,
                                  .level = room->session.log.level + 1};
    if (arguments->quiet)
        journal.level = SL_LOG_ERROR;
    room->house = (sl_house){.uv = &room->uv,
                             .env = room->session.env,
                             .reach = room->session.reach,
                             .registry = room->session.registry,
                             .journal = sl_journal_new(&journal),
                             .state = sl_session_state(&room->session)};
    room->log = (sl_journal_graph){.journal = room->house.journal};
    atomic_init(&room->log.level, -1);
    int failed = room->house.journal ? 0 : UV_ENOMEM;
    if (!failed)
        failed = sl_worker_begin(&room->house.loop, room->house.env, &room->uv,
                                 (int32_t)arguments->workers);
    if (!failed)
        room->supervisor = sl_supervisor_new(
            &room->house, arguments->config ? arguments->config : DIRECTORY, arguments->watch);
    if (!room->supervisor)
        sl_session_cannot_start(&room->session, failed ? failed : UV_ENOMEM);
    return room->supervisor ? 0 : -1;
}

static void run(service_room *room)
{
    char text[200];
    warn_of_sockets(room);
    sl_supervisor_on_change(room->supervisor, changed, room);
    watch_signals(room);
    sl_supervisor_start(room->supervisor);
    make_status(room, 0, text, sizeof text);
    sl_notify_ready(&room->notify, text);
    note(room, SL_EVENT_READY, SL_LOG_NOTE, "ready");
    uv_run(&room->uv, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&room->deadline, NULL);
}

/* Each graph has an SQLite database or two that are small and mostly idle: they take pages one by
 * one, not 20 at once with the first (80 KiB a graph). */
static void spare_memory(void)
{
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

/* 0, or the code of the first file of the directory that is wrong: said. */
static int look_for_broken(const sl_arguments *arguments)
{
    sl_arguments check = *arguments;
    check.paths[0] = arguments->config ? arguments->config : DIRECTORY;
    check.paths_count = 1;
    check.offline = check.quiet = 1;
    return sl_verb_check(&check);
}

int sl_verb_daemon(const sl_arguments *arguments)
{
    static service_room room;
    int broken = arguments->refuse_broken ? look_for_broken(arguments) : 0;
    if (broken)
        return broken;
    spare_memory();
    int begun = sl_session_begin(&room.session, arguments) == 0;
    sl_notify_begin(&room.notify);
    room.fds_count = sl_notify_fds(room.fds);
    int failed = begun ? sl_worker_room() : 0;
    failed = begun && !failed ? uv_loop_init(&room.uv) : failed;
    if (failed) {
        sl_session_cannot_start(&room.session, failed);
        return sl_session_done(&room.session);
    }
    if (begun && make_house(&room) == 0 && listen_for_control(&room) == 0 &&
        listen_for_metrics(&room) == 0) {
        run(&room);
    } else {
        sl_control_free(room.control);
        sl_supervisor_free(room.supervisor);
    }
    if (begun) {
        sl_worker_end(&room.house.loop);
        uv_run(&room.uv, UV_RUN_DEFAULT); /* handles that are still to be given back */
        uv_loop_close(&room.uv);
    }
    sl_journal_free(room.house.journal);
    sl_notify_done(&room.notify);
    return sl_session_done(&room.session);
}

/*
 * run.c - `sluice run`: one graph in the foreground, to its end.
 *
 * It runs on the same loop and runner as the daemon's graphs.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/notify.h"
#include "daemon/runner.h"
#include "daemon/session.h"
#include "daemon/summary.h"
#include "daemon/verbs.h"

#define PROGRESS_EVERY 250000 /* microseconds */

typedef struct foreground {
    sl_session session;
    sl_graph *graph;
    sl_runner *runner;
    uv_loop_t uv;
    uv_signal_t signals[2];
    int64_t began, shown, took;
    int32_t progress; /* 1: a terminal that shall see a progress line */
    int32_t caught;   /* the signal that stopped the run; 0: none */
    sl_status status;
} foreground;

static int64_t now(const foreground *run)
{
    return run->session.env->monotonic(run->session.env->context);
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 20)
        return 80;
    return size.ws_col;
}

/* Between two pieces of work: the counters may be read. */
static void stepped(void *of)
{
    foreground *run = of;
    int64_t at = now(run);
    if (!run->progress || at - run->shown < PROGRESS_EVERY)
        return;
    char line[512];
    size_t width = terminal_width();
    run->shown = at;
    sl_summary_progress(run->graph, at - run->began, line, sizeof line);
    sl_log_wipe(&run->session.log);
    fprintf(stderr, "%.*s", (int)(width < sizeof line ? width - 1 : sizeof line - 1), line);
    fflush(stderr);
    run->session.log.line_open = 1;
}

static void ended(void *of, sl_status status)
{
    foreground *run = of;
    run->status = status;
    run->took = now(run) - run->began;
    for (size_t i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&run->signals[i], NULL);
}

/* The first signal ends the run in order, a second one at once. */
static void on_signal(uv_signal_t *handle, int number)
{
    foreground *run = handle->data;
    if (run->caught)
        _exit(128 + number);
    run->caught = number;
    sl_runner_stop(run->runner);
}

/* 0, or libuv's error: there is no descriptor left for them. */
static int watch_signals(foreground *run)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    int failed = 0;
    for (size_t i = 0; i < 2; i++) {
        int answer = uv_signal_init(&run->uv, &run->signals[i]);
        run->signals[i].data = run;
        if (answer == 0) {
            answer = uv_signal_start(&run->signals[i], on_signal, numbers[i]);
            uv_unref((uv_handle_t *)&run->signals[i]);
        }
        failed = failed ? failed : answer;
    }
    return failed;
}

static void run_graph(foreground *run)
{
    sl_session *session = &run->session;
    sl_loop loop = {0};
    sl_runner_calls calls = {.stepped = stepped, .ended = ended, .of = run};
    run->began = run->shown = now(run);
    int failed = sl_worker_room();
    failed = failed ? failed : uv_loop_init(&run->uv);
    if (failed) {
        sl_session_cannot_start(session, failed);
        run->status = SL_ERROR;
        return;
    }
    failed = watch_signals(run);
    if (!failed)
        failed = sl_worker_begin(&loop, session->env, &run->uv, 1); /* one strand */
    if (!failed)
        run->runner = sl_runner_start(&loop, run->graph, &session->errors, &calls);
    if (!run->runner) {
        sl_session_cannot_start(session, failed ? failed : UV_ENOMEM);
        ended(run, SL_ERROR);
    }
    uv_run(&run->uv, UV_RUN_DEFAULT);
    sl_runner_free(run->runner);
    sl_worker_end(&loop);
    uv_run(&run->uv, UV_RUN_DEFAULT);
    uv_loop_close(&run->uv);
    sl_log_wipe(&session->log);
}

/* Promise 8: the books balance at the end of every run. */
static void audit(foreground *run)
{
    char why[512];
    if (run->status != SL_END || sl_graph_audit(run->graph, why, sizeof why))
        return;
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_BUG,
                      .hint = "this is a mistake in sluice or in a plugin: the rows of this run "
                              "should be checked"};
    sl_errors_add(&run->session.errors, &error, "the books do not balance: %s", why);
}

static void report(foreground *run)
{
    const sl_arguments *arguments = run->session.arguments;
    const char *ending = run->session.errors.errors > 0 ? "failed"
                         : run->caught                  ? "stopped"
                                                        : "done";
    if (arguments->json)
        sl_summary_json(run->graph, run->took, ending, stdout);
    else if (!arguments->quiet)
        sl_summary_print(run->graph, run->took, ending, stderr);
}

/* The graph is right: sluice@.service has started. */
static void tell_ready(void)
{
    sl_notify notify;
    sl_notify_begin(&notify);
    sl_notify_ready(&notify, NULL);
    sl_notify_done(&notify);
}

int sl_verb_run(const sl_arguments *arguments)
{
    foreground run = {.session = {0}};
    sl_plan *plan = NULL;
    if (sl_session_begin(&run.session, arguments) == 0)
        plan = sl_session_plan(&run.session, arguments->paths[0]);
    if (plan) {
        sl_graph_options options = {.env = run.session.env,
                                    .reach = run.session.reach,
                                    .row_limit = arguments->limit,
                                    .state = sl_session_state(&run.session),
                                    .fresh = arguments->fresh,
                                    .rehearse = arguments->rehearse,
                                    .log = sl_log_line,
                                    .log_of = &run.session.log};
        run.progress = !arguments->quiet && isatty(STDERR_FILENO);
        run.graph = sl_graph_new(plan, &options, &run.session.errors);
        if (run.graph) {
            tell_ready();
            run_graph(&run);
            audit(&run);
            report(&run);
        } else {
            sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED};
            sl_errors_add(&run.session.errors, &error, "out of memory");
        }
    }
    sl_graph_free(run.graph);
    sl_plan_free(plan);
    int code = sl_session_done(&run.session);
    return run.caught ? 128 + run.caught : code;
}

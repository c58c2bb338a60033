/*
 * session.c - what every verb needs first; see session.h.
 */
#include "daemon/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "daemon/graph.h"
#include "plugins/loader.h"
#include "stages/core/env.h"
#include "stages/sqlite_roots.h"

/* One confinement for the process, however many graphs it checks: SQLite has but one. */
static void confine(sl_session *session)
{
    static sl_roots *roots;
    static sl_env env;
    const sl_arguments *arguments = session->arguments;
    uint32_t wrong = 0;
    sl_error line = {.level = SL_LOG_ERROR, .code = SL_CODE_USAGE};
    int32_t answer = 0;
    if (arguments->roots_count == 0)
        return;
    if (!roots)
        answer = sl_roots_new(arguments->roots, arguments->roots_count, &roots, &wrong);
    if (answer == 0 && !env.size) {
        sl_env made = *sl_roots_env(roots);
        answer = sl_sqlite_confine(roots, &made.sqlite_vfs) < 0 ? -ENOSYS : 0;
        if (answer == 0)
            env = made;
    }
    session->reach = &env;
    if (answer == -ENOSYS || answer == -EPERM || answer == -ENOMEM) {
        line.code = SL_CODE_FAILED;
        line.hint = "--root needs openat2 (Linux 5.6) and SQLite's own file system";
    }
    if (answer < 0)
        sl_errors_add(&session->errors, &line, "graphs cannot be confined to '%s': %s",
                      arguments->roots[wrong], strerror(-answer));
}

int sl_session_begin(sl_session *session, const sl_arguments *arguments)
{
    *session = (sl_session){.env = &sl_env_real, .arguments = arguments};
    session->log = (sl_log){
        .level = arguments->quiet ? SL_LOG_ERROR : SL_LOG_WARNING + arguments->verbose,
        .json = arguments->log_json,
        .colour = arguments->colour,
    };
    session->arena = sl_arena_new(session->env);
    session->errors = (sl_errors){.arena = session->arena, .limit = SL_ERRORS_LIMIT};
    session->registry = session->arena ? sl_registry_new(session->env) : NULL;
    if (!session->registry)
        return -1;
    confine(session);
    for (uint32_t i = 0; i < arguments->plugins_count; i++)
        sl_loader_load(session->registry, session->env, arguments->plugins[i], &session->errors);
    return session->errors.errors > 0 ? -1 : 0;
}

static int by_place(const void *a, const void *b)
{
    const sl_error *left = a, *right = b;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return (left->column > right->column) - (left->column < right->column);
}

sl_plan *sl_session_plan(sl_session *session, const char *file)
{
    const sl_arguments *arguments = session->arguments;
    sl_plan *plan = sl_plan_read_sound(session->env, session->registry, file, arguments->settings,
                                       arguments->settings_count, &session->errors);
    if (!plan || session->errors.errors == 0)
        return plan;
    /* The stages without mistakes may find mistakes of their own: all are said in one run. */
    sl_graph_options options = {.env = session->env,
                                .reach = session->reach,
                                .offline = arguments->offline,
                                .checking = 1,
                                .row_limit = -1};
    options.state = sl_session_state(session);
    sl_graph *graph = sl_graph_new(plan, &options, &session->errors);
    if (graph)
        sl_graph_plan(graph);
    sl_graph_free(graph);
    sl_plan_free(plan);
    qsort(session->errors.list, session->errors.count, sizeof *session->errors.list, by_place);
    return NULL;
}

const char *sl_session_state(sl_session *session)
{
    const char *given = getenv("STATE_DIRECTORY"), *base = getenv("XDG_STATE_HOME");
    if (session->arguments->state)
        return session->arguments->state;
    if (given && *given)
        return sl_arena_copy(session->arena, given, strcspn(given, ":"));
    if (base && *base == '/') /* as the XDG specification wants it: relative paths do not count */
        return sl_arena_format(session->arena, "%s/sluice", base);
    base = getenv("HOME");
    return base && *base == '/' ? sl_arena_format(session->arena, "%s/.local/state/sluice", base)
                                : NULL;
}

void sl_session_cannot_start(sl_session *session, int error)
{
    sl_error line = {.level = SL_LOG_ERROR, .code = SL_CODE_TRY_AGAIN};
    if (error == UV_EMFILE || error == UV_ENFILE)
        line.hint = "raise the limit of open files: LimitNOFILE= of the unit, or ulimit -n";
    else if (error == UV_EAGAIN)
        line.hint = "raise the limit of threads: TasksMax= of the unit, or ulimit -u";
    sl_errors_add(&session->errors, &line, "cannot start: %s",
                  error == UV_ENOMEM   ? "out of memory"
                  : error == UV_EAGAIN ? "there may be no more threads"
                                       : uv_strerror(error));
}

int sl_session_done(sl_session *session)
{
    int code = session->registry ? sl_errors_code(&session->errors) : SL_CODE_FAILED;
    if (session->registry)
        sl_log_errors(&session->log, &session->errors);
    else
        fputs("sluice: out of memory\n", stderr);
    sl_registry_free(session->registry);
    sl_arena_free(session->arena);
    return code;
}

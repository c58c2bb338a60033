/*
 * session.c - what every verb needs first; see session.h.
 */
#include "daemon/session.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/graph.h"
#include "plugins/loader.h"
#include "stages/core/env.h"

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
    sl_graph_options options = {
        .env = session->env, .offline = arguments->offline, .checking = 1, .row_limit = -1};
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

/*
 * session.c - what every verb needs first; see session.h.
 */
#include "daemon/session.h"

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

sl_plan *sl_session_plan(sl_session *session, const char *file)
{
    const sl_arguments *arguments = session->arguments;
    return sl_plan_read(session->env, session->registry, file, arguments->settings,
                        arguments->settings_count, &session->errors);
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

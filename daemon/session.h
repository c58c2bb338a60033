/*
 * session.h - what every verb needs first: the registry with its plugins, a list for errors,
 * a log; and reading a graph with them.
 *
 * Thread: LOOP.
 */
#ifndef SL_SESSION_H
#define SL_SESSION_H

#include "daemon/arguments.h"
#include "daemon/log.h"

typedef struct sl_session {
    const sl_env *env;
    const sl_env *reach; /* of stages, with --root; NULL: env */
    const sl_arguments *arguments;
    sl_arena *arena; /* of the errors */
    sl_errors errors;
    sl_registry *registry;
    sl_log log;
} sl_session;

/* 0, or -1: a plugin was refused or there is no memory; errors say so. Call done in any case. */
int sl_session_begin(sl_session *session, const sl_arguments *arguments);
/* Gives the plan of a file; NULL: errors say why. */
sl_plan *sl_session_plan(sl_session *session, const char *file);
/* The state directory: --state, else $STATE_DIRECTORY (the first of several), else
 * $XDG_STATE_HOME/sluice, else ~/.local/state/sluice; NULL: none of them is set. */
const char *sl_session_state(sl_session *session);
/* Says that a service cannot start, and what there is too little of: `error` is libuv's. */
void sl_session_cannot_start(sl_session *session, int error);
/* Prints the errors; answers the exit code: 0 when there are none. */
int sl_session_done(sl_session *session);

#endif

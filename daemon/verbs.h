/*
 * verbs.h - what `sluice VERB` does; each answers the exit code. The table is in main.c.
 */
#ifndef SL_VERBS_H
#define SL_VERBS_H

#include "daemon/arguments.h"

int sl_verb_run(const sl_arguments *arguments);        /* run.c */
int sl_verb_check(const sl_arguments *arguments);      /* check.c */
int sl_verb_checkpoint(const sl_arguments *arguments); /* inquiry_verb.c */
int sl_verb_rejects(const sl_arguments *arguments);    /* inquiry_verb.c */
int sl_verb_graph(const sl_arguments *arguments);      /* show.c */
int sl_verb_stages(const sl_arguments *arguments);     /* show.c */
int sl_verb_schema(const sl_arguments *arguments);     /* show.c */
int sl_verb_version(const sl_arguments *arguments);    /* show.c */
int sl_verb_where(const sl_arguments *arguments);      /* where.c */
int sl_verb_access(const sl_arguments *arguments);     /* access.c */
int sl_verb_manual(const sl_arguments *arguments);     /* manual.c */
int sl_verb_daemon(const sl_arguments *arguments);     /* daemon.c */
int sl_verb_status(const sl_arguments *arguments);     /* client_verbs.c */
int sl_verb_top(const sl_arguments *arguments);        /* top.c */
int sl_verb_tap(const sl_arguments *arguments);        /* client_verbs.c, and those below */
int sl_verb_pause(const sl_arguments *arguments);
int sl_verb_step(const sl_arguments *arguments);
int sl_verb_resume(const sl_arguments *arguments);
int sl_verb_stop(const sl_arguments *arguments);
int sl_verb_start(const sl_arguments *arguments);
int sl_verb_run_now(const sl_arguments *arguments);
int sl_verb_send(const sl_arguments *arguments);
int sl_verb_raise(const sl_arguments *arguments);
int sl_verb_reload(const sl_arguments *arguments);
int sl_verb_log_level(const sl_arguments *arguments);
int sl_verb_new(const sl_arguments *arguments); /* new.c */

#endif

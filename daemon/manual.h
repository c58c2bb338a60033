/*
 * manual.h - pages and completions made from the tables of verbs and options.
 *
 * Deliberately elsewhere: sluice-graph(5) (config/describe.h).
 */
#ifndef SL_MANUAL_H
#define SL_MANUAL_H

#include "daemon/arguments.h"

#define SL_MANUAL_PAGES "sluice.1|sluice-graph.5|sluice.service.8|bash|zsh|fish"

void sl_manual_command(FILE *to); /* sluice(1): manual.c */
void sl_manual_service(FILE *to); /* sluice.service(8): manual_service.c */
void sl_manual_codes(FILE *to);   /* the exit codes, as a list of both pages */
/* The options of a verb as a list of a page. */
void sl_manual_options(const sl_verb *verb, FILE *to);

/* completion.c */
void sl_completion_bash(FILE *to);
void sl_completion_zsh(FILE *to);
void sl_completion_fish(FILE *to);

#endif

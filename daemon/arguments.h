/*
 * arguments.h - the command line: one table of verbs, one of options, from which parsing and
 * --help come.
 */
#ifndef SL_ARGUMENTS_H
#define SL_ARGUMENTS_H

#include <stdio.h>

#include "config/plan.h"

#define SL_ARGUMENTS_MOST 256 /* paths, settings, plugins: at most so many of each */

typedef struct sl_arguments {
    const char *paths[SL_ARGUMENTS_MOST];
    uint32_t paths_count;
    sl_setting settings[SL_ARGUMENTS_MOST];
    uint32_t settings_count;
    const char *plugins[SL_ARGUMENTS_MOST];
    uint32_t plugins_count;
    const char *roots[SL_ARGUMENTS_MOST];
    uint32_t roots_count;
    int64_t limit;     /* rows; -1: all */
    const char *state; /* --state; NULL: not given */
    int32_t fresh;
    int32_t rehearse; /* --dry-run */
    int32_t offline;
    int32_t quiet;   /* 1: errors only */
    int32_t verbose; /* how often -v was said */
    int32_t markdown;
    int32_t plugin_new;  /* new --plugin */
    int32_t json;        /* --format json */
    int32_t log_json;    /* --log-format json */
    const char *format;  /* as written; NULL: not given */
    int32_t colour;      /* of stderr: 1 yes */
    const char *socket;  /* of the daemon; NULL: not given */
    const char *config;  /* directory of graphs; NULL: not given */
    const char *metrics; /* address; NULL: none */
    const char *where;   /* an expression; NULL: none */
    int32_t watch;
    int32_t refuse_broken; /* --broken refuse */
    int64_t rows;          /* -n; -1: not given */
    int64_t workers;       /* threads */
    int64_t stop_timeout;  /* microseconds */
    int64_t interval;      /* microseconds */
} sl_arguments;

typedef struct sl_verb {
    const char *name;
    const char *usage;   /* what follows the name */
    const char *summary; /* one line */
    const char *options; /* letters of the option table that it takes */
    const char *formats; /* --format's choices: "text|json" */
    const char *examples;
    uint32_t paths_min, paths_max;
    int (*run)(const sl_arguments *arguments); /* answers the exit code */
} sl_verb;

/* Ends at name == NULL; in main.c. */
extern const sl_verb sl_verbs[];

typedef struct sl_option_row {
    char letter; /* what a verb's table names it by; capitals have no short form */
    const char *name;
    const char *argument; /* NULL: none */
    const char *help;
} sl_option_row;

/* The option with this letter, which must be one. */
const sl_option_row *sl_arguments_row(char letter);

/* Reads the words behind the verb. 0, or the exit code when the program should end now (after
 * --help, or with what is wrong on stderr). */
int sl_arguments_read(const sl_verb *verb, int count, char **words, sl_arguments *arguments,
                      int32_t *end);
void sl_arguments_help(FILE *to);                           /* of the program */
void sl_arguments_verb_help(const sl_verb *verb, FILE *to); /* of one verb */

#endif

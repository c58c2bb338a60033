/*
 * error.h - what failed, where in the YAML and in the data, and what to do; and its printing.
 *
 * Errors are gathered, never printed where they happen: config and graph keep them in a list,
 * main prints it. Messages follow PostgreSQL's style: one lower-case line, no full stop, user
 * strings in single quotes, advice only in the hint.
 *
 *     paid-orders.yaml:14:11: stage 'where', option 'keep': no such column 'stauts'
 *        14 |     keep: stauts = 'paid' AND amount >= 100
 *           |           ^^^^^^
 *     hint: did you mean 'status'? ...
 */
#ifndef SL_ERROR_H
#define SL_ERROR_H

#include <stdio.h>

#include "stages/core/arena.h"

typedef struct sl_error {
    int32_t level; /* SL_LOG_ERROR or SL_LOG_WARNING */
    int32_t code;  /* SL_CODE_*, never 0 */
    const char *message;
    const char *hint;    /* NULL: none */
    const char *file;    /* the YAML; NULL: none */
    const char *text;    /* the whole YAML, terminated, to show the line from; NULL: not shown */
    int32_t line;        /* in the YAML, from 1; 0: none */
    int32_t column;      /* in the line, from 1, in characters (UTF-8 code points) */
    int32_t length;      /* characters to underline; 0: the word there */
    const char *stage;   /* NULL: none */
    const char *option;  /* NULL: none */
    const char *source;  /* of the data: file or table; NULL: none */
    int64_t row;         /* in the data, from 1; 0: none */
    int64_t source_line; /* in the data, from 1; 0: none */
    const char *data_column; /* NULL: none */
} sl_error;

typedef struct sl_errors { /* all strings live in the arena */
    sl_arena *arena;
    sl_error *list;
    uint32_t count; /* kept */
    uint32_t room;
    uint32_t errors; /* level SL_LOG_ERROR, kept or not */
    uint32_t limit;  /* how many errors are kept; the rest is counted */
} sl_errors;

#define SL_ERRORS_LIMIT 20

/* errors->arena must be set, all else zero. */
/* Adds a copy of *error with the formatted message (error->message is ignored). Beyond the
 * limit it is only counted. Answers SL_ERROR always, so that one can return it. */
sl_status sl_errors_add(sl_errors *errors, const sl_error *error, const char *format, ...)
    SL_PRINTF(3, 4);
/* The code of the first error; 0: there is none. */
int32_t sl_errors_code(const sl_errors *errors);
/* The one-line head, "file:line:column: stage 's', option 'o', row 3: message", terminated,
 * cut at size. Answers the length. */
size_t sl_error_line(const sl_error *error, char *line, size_t size);
/* For people: head, YAML line, caret, hint; colour 1 for a terminal. */
void sl_error_print(const sl_error *error, FILE *to, int32_t colour);
/* One JSON object, no line end. */
void sl_error_json(const sl_error *error, FILE *to);
/* All of them; "and N more errors" at the end where the limit cut. */
void sl_errors_print(const sl_errors *errors, FILE *to, int32_t colour, int32_t json);

#endif

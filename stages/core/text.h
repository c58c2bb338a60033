/*
 * text.h - text that grows: for messages, positions, rejected rows as JSON.
 *
 * Failures are sticky: add what you like, look at `failed` once at the end.
 * Deliberately elsewhere: reading JSON (stages/json.h).
 * Thread: one at a time.
 */
#ifndef SL_TEXT_H
#define SL_TEXT_H

#include <stdarg.h>

#include "stages/core/env.h"

typedef struct sl_builder {
    const sl_env *env; /* set it; all else zero */
    char *data;        /* terminated once something was added */
    size_t size;
    size_t room;
    int32_t failed; /* 1: no memory; what was added since is not there */
} sl_builder;

void sl_builder_add(sl_builder *builder, const char *text, size_t size);
void sl_builder_word(sl_builder *builder, const char *text); /* terminated */
void sl_builder_format(sl_builder *builder, const char *format, ...) SL_PRINTF(2, 3);
void sl_builder_list(sl_builder *builder, const char *format, va_list args) SL_PRINTF(2, 0);
/* A pattern of glob(3) that matches the text alone. */
void sl_builder_plain(sl_builder *builder, const char *text, size_t size);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void sl_builder_json(sl_builder *builder, const char *text, size_t size);
/* The JSON value of a cell: numbers as they are spelled, BLOB as a string of hex digits,
 * infinities as strings. `column` may be NULL; a BOOLEAN column makes true and false, a numeric
 * column's faces stand as they are. */
void sl_builder_cell(sl_builder *builder, const sl_column *column, const sl_cell *cell);
/* Hides known secrets (secret.h) in the strings of the JSON that begins at byte `start`. */
void sl_builder_hide(sl_builder *builder, size_t start);
void sl_builder_clear(sl_builder *builder); /* keeps the room */
void sl_builder_done(sl_builder *builder);  /* frees it */

#endif

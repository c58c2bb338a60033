/*
 * value.h - cells as numbers and as text: reading spellings, writing the shortest form.
 *
 * A number is what JSON says it is (RFC 8259 section 6): an optional minus, digits without
 * a leading zero, a fraction, an exponent. A canonical integer has no fraction or exponent,
 * is not "-0", and fits 64 bits. Everything here is pure: no locale, no errno, no memory.
 * Thread: ANY THREAD.
 */
#ifndef SL_VALUE_H
#define SL_VALUE_H

#include "stages/core/stage.h"

/* What a spelling is. */
typedef enum sl_spelling {
    SL_SPELLING_TEXT,    /* no number */
    SL_SPELLING_INTEGER, /* a canonical integer */
    SL_SPELLING_REAL,    /* a JSON number that is no canonical integer and is finite */
    SL_SPELLING_HUGE,    /* an integer beyond 64 bits, or a number beyond double */
} sl_spelling;

/* Reads text[0..size). INTEGER and REAL fill *value; the others leave it untouched. */
sl_spelling sl_value_number(const char *text, size_t size, sl_cell *value);

/* The value of a cell as its column's type reads it: sl_host.typed. Faces of a numeric column
 * become INTEGER or REAL (a REAL column makes REAL of both); of a boolean column, true | false
 * become 1 | 0; NUMERAL becomes a number, or TEXT in a TEXT column. SL_OK, or SL_END: a misfit,
 * as is any TEXT of a column with SL_COLUMN_STRINGS. */
sl_status sl_value_typed(const sl_column *column, const sl_cell *cell, sl_cell *value);

/* Room that every integer or real fits, terminator included. */
#define SL_VALUE_ROOM 40

/* Writes the shortest spelling that reads back to the same bits, always with a point or an
 * exponent: 1.0, 0.1, 1.0e+300, as SQLite spells; infinities are Inf and -Inf. Terminated;
 * answers its length. */
size_t sl_value_real(double real, char text[SL_VALUE_ROOM]);
size_t sl_value_integer(int64_t integer, char text[SL_VALUE_ROOM]);

/* The text of a cell as text formats write it: TEXT, NUMERAL and BLOB are their own bytes;
 * INTEGER and REAL are spelled into room. NULL is "". Answers the length, sets *text. */
size_t sl_value_text(const sl_cell *cell, char room[SL_VALUE_ROOM], const char **text);

/* "64KiB", "1MB", "512" -> bytes; "250ms", "5s", "2m", "1h", "1d" -> microseconds;
 * 0 or -1 (not one, or beyond 64 bits). */
int sl_value_size(const char *text, int64_t *bytes);
int sl_value_duration(const char *text, int64_t *microseconds);

/* Index of the first byte that is not valid UTF-8 (RFC 3629), or size. */
size_t sl_value_utf8(const char *text, size_t size);

/* ASCII case folded: 0 equal, as SQL compares names. */
int sl_value_same_name(const char *a, const char *b);
/* The nearest of `count` names by edit distance, NULL when none is near. */
const char *sl_value_nearest(const char *name, const char *const *names, size_t count);

#endif

/*
 * infer.h - column types inferred from a sample of values, for readers of text formats.
 *
 * One sl_infer per column, zeroed to begin with. The reader tells it each value of the sample,
 * then asks for the type. Empty values and NULLs are not told.
 *
 * The rules, for values that were spelled as text (faces):
 *   - integer or real, when at least 95 of 100 values are JSON numbers: integer when all of
 *     those are canonical integers, else real (numeric, when one of the integers is too large
 *     for a real to hold exactly); the others are misfits, which the reader prints
 *   - but text, when a single value has a leading zero (`09005`), is an exponent-only code
 *     (`0E0`, `12e3`: digits, e, digits; `1e-05` and `1.5e3` are numbers), or is an integer
 *     beyond 64 bits: then the digits are a code, and a number would lose them
 *   - boolean, when all are `true` or `false`
 *   - text otherwise, also when no value was seen
 * For values that come with a type (JSON): numbers by the same 95 of 100, strings never count as
 * numbers; any nested value makes the column json; numbers and booleans and strings that do not
 * reach 95 of 100 make it any (each value by itself); all strings, or none seen, text.
 *
 * Deliberately elsewhere: reading a value as its column's type (core/value.h).
 * Thread: ANY THREAD, one column at a time. Everything here is pure.
 */
#ifndef SL_INFER_H
#define SL_INFER_H

#include "stages/core/stage.h"

/* What is usual for a sample: the first 1,000 rows or 256 KiB, whichever ends first. */
#define SL_INFER_ROWS 1000
#define SL_INFER_BYTES (256 * 1024)

#define SL_INFER_EXAMPLE 40 /* bytes kept of an example */

typedef struct sl_infer_example {
    int64_t row;   /* as told; 0: none */
    uint32_t size; /* bytes kept in text; cut at a whole character */
    char text[SL_INFER_EXAMPLE];
} sl_infer_example;

typedef struct sl_infer {
    int64_t values;   /* all that were told */
    int64_t integers; /* canonical integers */
    int64_t reals;    /* other JSON numbers */
    int64_t wide;     /* integers that a real does not hold exactly */
    int64_t codes;    /* leading zero, exponent-only, beyond 64 bits */
    int64_t booleans;
    int64_t strings;          /* all other texts */
    int64_t nested;           /* JSON arrays and objects */
    int32_t typed;            /* 1: values came with a type (JSON) */
    char decimal;             /* faces: ',' when numbers are spelled 12,5; 0 or '.': 12.5 */
    sl_infer_example code;    /* the first of codes */
    sl_infer_example string;  /* the first of strings */
    sl_infer_example boolean; /* the first of booleans */
    sl_infer_example number;  /* the first of integers and reals */
} sl_infer;

/* A value spelled as text, not empty (CSV). `row` is for the example, from 1. */
void sl_infer_face(sl_infer *infer, const char *text, size_t size, int64_t row);

/* A value that comes with its type (JSON). number: its spelling, a valid JSON number; string:
 * its text, may be empty; nested: an array or object. */
void sl_infer_number(sl_infer *infer, const char *text, size_t size, int64_t row);
void sl_infer_string(sl_infer *infer, const char *text, size_t size, int64_t row);
void sl_infer_boolean(sl_infer *infer, int32_t value, int64_t row);
void sl_infer_nested(sl_infer *infer);

/* The type of the column. misfits: how many of the values told do not fit it; first: the first
 * of them (row 0: none). Both may be NULL. */
sl_type sl_infer_type(const sl_infer *infer, int64_t *misfits, sl_infer_example *first);

/* Says, when there are misfits or a code made the column text, so with SL_LOG_NOTE: the count
 * and the first example. source: the file, or NULL. Answers the type. */
sl_type sl_infer_say(sl_stage *stage, const sl_infer *infer, const char *column,
                     const char *source);

#endif

/*
 * infer.c - column types inferred from a sample; the rules stand in infer.h.
 */
#include "stages/infer.h"

#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"

#define NUMBER_ROOM 400 /* longer spellings are no numbers to us */

/* Keeps the first one told, cut at a whole character. */
static void keep(sl_infer_example *example, const char *text, size_t size, int64_t row)
{
    if (example->row != 0) {
        return;
    }
    size_t cut = size;
    if (cut > SL_INFER_EXAMPLE) {
        cut = SL_INFER_EXAMPLE;
        while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) {
            cut--;
        }
    }
    memcpy(example->text, text, cut);
    example->size = (uint32_t)cut;
    example->row = row > 0 ? row : 1;
}

static int is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static size_t pass_digits(const char *text, size_t size, size_t at)
{
    while (at < size && is_digit(text[at])) {
        at++;
    }
    return at;
}

/* `09005`, `-007`, `00.5`: a number but for its leading zero. */
static int has_leading_zero(const char *text, size_t size, char decimal)
{
    size_t first = size > 0 && text[0] == '-' ? 1 : 0;
    if (size < first + 2 || text[first] != '0' || !is_digit(text[first + 1])) {
        return 0;
    }
    size_t at = pass_digits(text, size, first);
    if (at < size && text[at] == decimal) {
        at = pass_digits(text, size, at + 1);
    }
    return at == size;
}

/* `0E0`, `12e3`: digits, e, digits. */
static int is_exponent_code(const char *text, size_t size)
{
    size_t at = pass_digits(text, size, 0);
    if (at == 0 || at + 1 >= size || (text[at] != 'e' && text[at] != 'E')) {
        return 0;
    }
    return pass_digits(text, size, at + 1) == size;
}

static void add_number(sl_infer *infer, const char *text, size_t size, const char *spelled,
                       int64_t row)
{
    sl_cell value;
    switch (sl_value_number(spelled, size, &value)) {
    case SL_SPELLING_INTEGER:
        infer->integers++;
        if (value.as.integer > INT64_C(1) << 53 || value.as.integer < -(INT64_C(1) << 53)) {
            infer->wide++;
        }
        keep(&infer->number, text, size, row);
        return;
    case SL_SPELLING_REAL:
        infer->reals++;
        keep(&infer->number, text, size, row);
        return;
    case SL_SPELLING_HUGE:
        infer->codes++;
        keep(&infer->code, text, size, row);
        return;
    case SL_SPELLING_TEXT:
        break;
    }
    infer->strings++;
    keep(&infer->string, text, size, row);
}

/* A face spelled with a decimal comma; one with a point is no number then. */
static void add_comma_number(sl_infer *infer, const char *text, size_t size, int64_t row)
{
    char spelled[NUMBER_ROOM];
    memcpy(spelled, text, size);
    for (size_t i = 0; i < size; i++) {
        if (spelled[i] == '.') {
            spelled[i] = ',';
        } else if (spelled[i] == ',') {
            spelled[i] = '.';
        }
    }
    add_number(infer, text, size, spelled, row);
}

void sl_infer_face(sl_infer *infer, const char *text, size_t size, int64_t row)
{
    infer->values++;
    char decimal = infer->decimal == ',' ? ',' : '.';
    if ((size == 4 && memcmp(text, "true", 4) == 0) ||
        (size == 5 && memcmp(text, "false", 5) == 0)) {
        infer->booleans++;
        keep(&infer->boolean, text, size, row);
    } else if (size > 0 && size <= NUMBER_ROOM &&
               (has_leading_zero(text, size, decimal) || is_exponent_code(text, size))) {
        infer->codes++;
        keep(&infer->code, text, size, row);
    } else if (size > NUMBER_ROOM || !(size > 0 && (text[0] == '-' || is_digit(text[0])))) {
        infer->strings++;
        keep(&infer->string, text, size, row);
    } else if (decimal == ',') {
        add_comma_number(infer, text, size, row);
    } else {
        add_number(infer, text, size, text, row);
    }
}

void sl_infer_number(sl_infer *infer, const char *text, size_t size, int64_t row)
{
    infer->values++;
    infer->typed = 1;
    add_number(infer, text, size, text, row);
}

void sl_infer_string(sl_infer *infer, const char *text, size_t size, int64_t row)
{
    infer->values++;
    infer->typed = 1;
    infer->strings++;
    keep(&infer->string, text, size, row);
}

void sl_infer_boolean(sl_infer *infer, int32_t value, int64_t row)
{
    infer->values++;
    infer->typed = 1;
    infer->booleans++;
    const char *text = value ? "true" : "false";
    keep(&infer->boolean, text, strlen(text), row);
}

void sl_infer_nested(sl_infer *infer)
{
    infer->values++;
    infer->typed = 1;
    infer->nested++;
}

/* The type when the numbers carry the column. */
static sl_type number_type(const sl_infer *infer)
{
    if (infer->reals == 0) {
        return SL_TYPE_INTEGER;
    }
    return infer->wide > 0 ? SL_TYPE_NUMERIC : SL_TYPE_REAL;
}

static sl_type decide(const sl_infer *infer)
{
    int64_t numbers = infer->integers + infer->reals;
    if (infer->nested > 0) {
        return SL_TYPE_JSON;
    }
    if (infer->values == 0) {
        return SL_TYPE_TEXT;
    }
    if (infer->codes > 0) {
        return SL_TYPE_TEXT;
    }
    if (numbers > 0 && numbers * 100 >= infer->values * 95) {
        return number_type(infer);
    }
    if (infer->booleans == infer->values) {
        return SL_TYPE_BOOLEAN;
    }
    return infer->typed && infer->strings < infer->values ? SL_TYPE_ANY : SL_TYPE_TEXT;
}

sl_type sl_infer_type(const sl_infer *infer, int64_t *misfits, sl_infer_example *first)
{
    sl_type type = decide(infer);
    int64_t count = 0;
    sl_infer_example example = {.row = 0};
    if (type == SL_TYPE_INTEGER || type == SL_TYPE_REAL || type == SL_TYPE_NUMERIC) {
        count = infer->strings + infer->booleans;
        example = infer->string;
        if (example.row == 0 || (infer->boolean.row != 0 && infer->boolean.row < example.row)) {
            example = infer->boolean;
        }
    }
    if (misfits != NULL) {
        *misfits = count;
    }
    if (first != NULL) {
        *first = example;
    }
    return type;
}

sl_type sl_infer_say(sl_stage *stage, const sl_infer *infer, const char *column, const char *source)
{
    int64_t misfits;
    sl_infer_example first;
    sl_type type = sl_infer_type(infer, &misfits, &first);
    if (misfits > 0) {
        stage->host->log(stage, SL_LOG_NOTE, SL_PLACE(.source = source, .row = first.row),
                         "column '%s' is read as %s: %lld of %lld sampled values do not fit, "
                         "the first is '%.*s'",
                         column, sl_type_name(type), (long long)misfits, (long long)infer->values,
                         (int)first.size, first.text);
    } else if (type == SL_TYPE_TEXT && infer->codes > 0 && infer->integers + infer->reals > 0) {
        stage->host->log(stage, SL_LOG_NOTE, SL_PLACE(.source = source, .row = infer->code.row),
                         "column '%s' is read as text: '%.*s' is a code, not a number", column,
                         (int)infer->code.size, infer->code.text);
    }
    return type;
}

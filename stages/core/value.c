/*
 * value.c - spellings to numbers, and numbers to their shortest spellings.
 *
 * Reading is exact: a mantissa of up to 19 digits is gathered in 64 bits; where both it and
 * the power of ten are exact doubles one multiplication rounds correctly (Clinger 1990), all
 * else goes to strtod as digits and an exponent, never with a decimal point, so that no locale
 * matters. Writing tries r / 10^d first, which is what money and measurements are.
 *
 * Deliberately elsewhere: units, UTF-8 and names (words.c), inference of columns (the readers).
 */
#include "stages/core/value.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ------------------------------------------------------------------------- */

/* A decimal as it was spelled: (-1)^negative * digits * 10^exponent. */
typedef struct decimal {
    const char *digits; /* from the first digit that is not zero; may hold one point */
    const char *digits_end;
    uint64_t mantissa; /* the first 19 significant digits */
    int64_t significant;
    int64_t exponent; /* of all digits, not only of those in mantissa */
    int32_t negative;
    int32_t integer; /* neither fraction nor exponent */
} decimal;

#define EXPONENT_MAX 100000

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *read_digits(decimal *number, const char *at, const char *end)
{
    for (; at < end && is_digit(*at); at++) {
        if (number->significant < 19)
            number->mantissa = number->mantissa * 10 + (uint64_t)(*at - '0');
        if (number->significant == 0 && *at != '0')
            number->digits = at;
        if (number->significant > 0 || *at != '0')
            number->significant++;
    }
    number->digits_end = at;
    return at;
}

/* NULL: no exponent stands there. */
static const char *read_exponent(decimal *number, const char *at, const char *end)
{
    int64_t exponent = 0;
    int32_t negative = at < end && *at == '-';

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || !is_digit(*at))
        return NULL;
    for (; at < end && is_digit(*at); at++)
        if (exponent < INT64_MAX / 100)
            exponent = exponent * 10 + (*at - '0');
    number->exponent += negative ? -exponent : exponent;
    return at;
}

/* Whether text is a JSON number. */
static int read_decimal(const char *text, size_t size, decimal *number)
{
    const char *at = text, *end = text + size;

    *number = (decimal){.integer = 1};
    if (at < end && *at == '-') {
        number->negative = 1;
        at++;
    }
    if (at == end || !is_digit(*at) || (*at == '0' && at + 1 < end && is_digit(at[1])))
        return 0;
    at = read_digits(number, at, end);
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = read_digits(number, at, end);
        if (at == fraction)
            return 0;
        number->exponent = fraction - at;
        number->integer = 0;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at = read_exponent(number, at + 1, end);
        number->integer = 0;
    }
    return at == end;
}

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* More digits cannot change the rounding except by not being zero. */
#define DIGITS_MAX 800

static double convert_slowly(const decimal *number)
{
    char copy[DIGITS_MAX + 32];
    size_t kept = 0;
    int64_t exponent = number->exponent;
    int more = 0, saved = errno;
    double real;

    for (const char *at = number->digits; at < number->digits_end; at++) {
        if (*at == '.')
            continue;
        if (kept < DIGITS_MAX) {
            copy[kept++] = *at;
        } else {
            more |= *at != '0';
            exponent++;
        }
    }
    if (more) {
        copy[kept++] = '1';
        exponent--;
    }
    if (exponent > EXPONENT_MAX)
        exponent = EXPONENT_MAX;
    if (exponent < -EXPONENT_MAX)
        exponent = -EXPONENT_MAX;
    snprintf(copy + kept, sizeof copy - kept, "e%d", (int)exponent);
    real = strtod(copy, NULL);
    errno = saved;
    return real;
}

static double convert(const decimal *number)
{
    double real;

    if (number->significant == 0)
        real = 0.0;
    else if (FLT_EVAL_METHOD == 0 && number->significant <= 19 &&
             number->mantissa <= (UINT64_C(1) << 53) && number->exponent >= -22 &&
             number->exponent <= 22)
        real = number->exponent < 0 ? (double)number->mantissa / powers[-number->exponent]
                                    : (double)number->mantissa * powers[number->exponent];
    else
        real = convert_slowly(number);
    return number->negative ? -real : real;
}

/* Whether the number is a canonical integer; else *huge says whether it was one but for its
 * size. */
static int fits_integer(const decimal *number, int64_t *integer, int *huge)
{
    uint64_t limit = (uint64_t)INT64_MAX + (uint64_t)number->negative;

    *huge = 0;
    if (!number->integer || (number->negative && number->significant == 0))
        return 0;
    if (number->significant > 19 || number->mantissa > limit) {
        *huge = 1;
        return 0;
    }
    *integer = number->negative ? (int64_t)(0 - number->mantissa) : (int64_t)number->mantissa;
    return 1;
}

sl_spelling sl_value_number(const char *text, size_t size, sl_cell *value)
{
    decimal number;
    int64_t integer;
    int huge;
    double real;

    if (!read_decimal(text, size, &number))
        return SL_SPELLING_TEXT;
    if (fits_integer(&number, &integer, &huge)) {
        *value = (sl_cell){.kind = SL_INTEGER, .as.integer = integer};
        return SL_SPELLING_INTEGER;
    }
    if (huge)
        return SL_SPELLING_HUGE;
    real = convert(&number);
    if (isinf(real))
        return SL_SPELLING_HUGE;
    *value = (sl_cell){.kind = SL_REAL, .as.real = real};
    return SL_SPELLING_REAL;
}

/* A number for a column: a REAL column takes integers as reals, also those beyond 64 bits; an
 * INTEGER column that somebody declared takes integers only. */
static sl_status typed_number(const sl_column *column, const sl_cell *cell, sl_cell *value)
{
    decimal number;
    int64_t integer;
    int huge;
    double real;

    if (!read_decimal(cell->as.text, cell->size, &number))
        return SL_END;
    if (column->type != SL_TYPE_REAL && fits_integer(&number, &integer, &huge)) {
        *value = (sl_cell){.kind = SL_INTEGER, .as.integer = integer};
        return SL_OK;
    }
    if (column->type == SL_TYPE_INTEGER && (number.integer || (column->flags & SL_COLUMN_DECLARED)))
        return SL_END;
    real = convert(&number);
    if (isinf(real))
        return SL_END;
    *value = (sl_cell){.kind = SL_REAL, .as.real = real};
    return SL_OK;
}

static sl_status typed_boolean(const sl_cell *cell, sl_cell *value)
{
    if (cell->size == 4 && memcmp(cell->as.text, "true", 4) == 0)
        *value = (sl_cell){.kind = SL_INTEGER, .as.integer = 1};
    else if (cell->size == 5 && memcmp(cell->as.text, "false", 5) == 0)
        *value = (sl_cell){.kind = SL_INTEGER, .as.integer = 0};
    else
        return SL_END;
    return SL_OK;
}

#define COMMA_ROOM 400

/* A face with a decimal comma is read as if it had a point; one with a point is a misfit. */
static sl_status typed_comma(const sl_column *column, const sl_cell *cell, sl_cell *value)
{
    char text[COMMA_ROOM];
    sl_cell spelled = {.kind = SL_TEXT, .size = cell->size, .as.text = text};

    if (cell->size > sizeof text || memchr(cell->as.text, '.', cell->size) != NULL)
        return SL_END;
    for (uint32_t i = 0; i < cell->size; i++)
        text[i] = cell->as.text[i] == ',' ? '.' : cell->as.text[i];
    return typed_number(column, &spelled, value);
}

sl_status sl_value_typed(const sl_column *column, const sl_cell *cell, sl_cell *value)
{
    if (cell->kind == SL_NUMERAL) {
        if (column->type != SL_TYPE_TEXT)
            return typed_number(column, cell, value);
        *value = (sl_cell){.kind = SL_TEXT, .size = cell->size, .as.text = cell->as.text};
        return SL_OK;
    }
    if (cell->kind == SL_TEXT && (column->flags & SL_COLUMN_FACES)) {
        if (column->type == SL_TYPE_INTEGER || column->type == SL_TYPE_REAL ||
            column->type == SL_TYPE_NUMERIC)
            return column->flags & SL_COLUMN_COMMA ? typed_comma(column, cell, value)
                                                   : typed_number(column, cell, value);
        if (column->type == SL_TYPE_BOOLEAN)
            return typed_boolean(cell, value);
    }
    if (cell->kind == SL_TEXT && (column->flags & SL_COLUMN_STRINGS))
        return SL_END;
    *value = *cell;
    return SL_OK;
}

/* ---- Writing ------------------------------------------------------------------------- */

/* Writes the digits of number, at least `width` of them. */
static size_t write_digits(uint64_t number, size_t width, char *text)
{
    char turned[24];
    size_t count = 0;

    do {
        turned[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || count < width);
    for (size_t i = 0; i < count; i++)
        text[i] = turned[count - 1 - i];
    return count;
}

size_t sl_value_integer(int64_t integer, char text[SL_VALUE_ROOM])
{
    size_t size = 0;

    if (integer < 0)
        text[size++] = '-';
    size += write_digits(integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer, 1, text + size);
    text[size] = '\0';
    return size;
}

/* Digits after the point that are tried without printf. */
#define PLACES_MAX 9

/* Writes real > 0 when it is r / 10^d with r of at most 15 digits; the division is correctly
 * rounded, so equality proves that the spelling reads back. Answers 0 when it is not. */
static size_t write_short(double real, char *text)
{
    if (!(real >= 1e-4 && real < 1e15))
        return 0;
    for (int places = 0; places <= PLACES_MAX; places++) {
        double scaled = real * powers[places];
        uint64_t whole, digits, unit;
        size_t size;

        if (scaled >= 1e15)
            return 0;
        digits = (uint64_t)(scaled + 0.5);
        if ((double)digits / powers[places] != real)
            continue;
        unit = (uint64_t)powers[places];
        whole = digits / unit;
        size = write_digits(whole, 1, text);
        text[size++] = '.';
        return size + write_digits(digits - whole * unit, places ? (size_t)places : 1, text + size);
    }
    return 0;
}

/* The decimal exponent of 1e-4 <= real < 1e15. */
static int exponent_of(double real)
{
    static const double below[] = {1e-1, 1e-2, 1e-3};
    int exponent = 0;

    if (real >= 1.0)
        while (real >= powers[exponent + 1])
            exponent++;
    else
        for (exponent = -1; exponent > -4 && real < below[-1 - exponent];)
            exponent--;
    return exponent;
}

__extension__ typedef unsigned __int128 wide;

/* The `count` significant digits nearest to mantissa / 2^shift, as an integer that counts in
 * 10^-places; 0 when they do not read back. All is exact: mantissa * 10^places < 2^120. A
 * spelling reads back when it is nearer than half the distance to the next mantissa. */
static uint64_t nearest_digits(uint64_t mantissa, int shift, int places)
{
    wide ten = 1, exact, half, digits, miss;

    for (int i = 0; i < places; i++)
        ten *= 10;
    exact = mantissa * ten;
    half = (wide)1 << (shift - 1);
    digits = exact >> shift;
    miss = exact - (digits << shift);
    if (miss > half || (miss == half && (digits & 1))) {
        digits++;
        miss = ((wide)1 << shift) - miss;
    }
    return miss * 2 < ten || (miss * 2 == ten && !(mantissa & 1)) ? (uint64_t)digits : 0;
}

/* Puts the point into count digits, the first of them worth 10^exponent; zeros at the end go. */
static size_t place_point(uint64_t digits, int count, int exponent, char *text)
{
    char plain[24];
    size_t size = 0, kept = (size_t)count;
    size_t whole = exponent < 0 ? 0 : (size_t)exponent + 1;

    write_digits(digits, (size_t)count, plain);
    while (kept > whole + 1 && kept > 1 && plain[kept - 1] == '0')
        kept--;
    if (exponent < 0) {
        text[size++] = '0';
        text[size++] = '.';
        while (++exponent < 0)
            text[size++] = '0';
    }
    for (size_t i = 0; i < kept; i++) {
        text[size++] = plain[i];
        if (i + 1 == whole)
            text[size++] = '.';
    }
    if (kept == whole)
        text[size++] = '0';
    return size;
}

/* The fewest of 15 to 17 digits that read back, in integers of 128 bits; what %.15g to %.17g
 * would find. Answers 0 outside its range, and at powers of two, where the distance to the
 * neighbours differs. */
static size_t write_exact(double real, char *text)
{
    uint64_t bits, low, digits;
    int exponent, shift;

    if (!(real >= 1e-4 && real < 1e15))
        return 0;
    memcpy(&bits, &real, sizeof bits);
    low = bits & (((uint64_t)1 << 52) - 1);
    shift = 1075 - (int)(bits >> 52);
    if (low == 0 || shift < 1)
        return 0;
    exponent = exponent_of(real);
    for (int count = 15; count <= 17; count++) {
        digits = nearest_digits(low | (uint64_t)1 << 52, shift, count - 1 - exponent);
        if (digits == 0)
            continue;
        if (digits >= (uint64_t)powers[count])
            return 0; /* rounded up to a power of ten */
        return place_point(digits, count, exponent, text);
    }
    return 0;
}

static int reads_back(const char *text, size_t size, double real)
{
    sl_cell cell;
    decimal number;

    if (!read_decimal(text, size, &number))
        return 0;
    cell.as.real = convert(&number);
    return memcmp(&cell.as.real, &real, sizeof real) == 0;
}

/* printf's own, with a point whatever the locale says. */
static size_t print(double real, int digits, char *text)
{
    size_t size = (size_t)snprintf(text, SL_VALUE_ROOM, "%.*g", digits, real), kept = 0;
    int pointed = 0;

    for (size_t i = 0; i < size; i++) {
        if (is_digit(text[i]) || strchr("-+e", text[i]) != NULL)
            text[kept++] = text[i];
        else if (!pointed++)
            text[kept++] = '.';
    }
    text[kept] = '\0';
    return kept;
}

/* Below a power of two doubles stand twice as close, so that of two neighbours with 16 digits
 * the farther may read back where the nearer does not. */
static size_t print_neighbour(double real, char *text)
{
    size_t size = print(real, 16, text);
    char *last = text + strcspn(text, "e") - 1;

    if (*last == '9' || *last == '.')
        return 0;
    ++*last;
    return reads_back(text, size, real) ? size : 0;
}

static size_t print_shortest(double real, char *text)
{
    size_t size = 0;
    /* Where doubles have all their bits, 15 digits or fewer come out of %.15g. */
    int digits = real < DBL_MIN ? 1 : 15;

    for (; digits <= 17; digits++) {
        size = print(real, digits, text);
        if (reads_back(text, size, real))
            return size;
        if (digits == 16 && (size = print_neighbour(real, text)) > 0)
            return size;
    }
    return size;
}

/* 1e+300 becomes 1.0e+300, 7 becomes 7.0. */
static size_t add_point(char *text, size_t size)
{
    size_t at = strcspn(text, ".e");

    if (text[at] == '.')
        return size;
    memmove(text + at + 2, text + at, size - at + 1);
    memcpy(text + at, ".0", 2);
    return size + 2;
}

size_t sl_value_real(double real, char text[SL_VALUE_ROOM])
{
    size_t sign = signbit(real) ? 1 : 0, size;

    if (isnan(real)) {
        memcpy(text, "NaN", 4);
        return 3;
    }
    text[0] = '-';
    real = fabs(real);
    if (isinf(real)) {
        memcpy(text + sign, "Inf", 4);
        return sign + 3;
    }
    if (real <= 0.0) {
        memcpy(text + sign, "0.0", 4);
        return sign + 3;
    }
    size = write_short(real, text + sign);
    if (size == 0)
        size = write_exact(real, text + sign);
    if (size > 0) {
        text[sign + size] = '\0';
        return sign + size;
    }
    return sign + add_point(text + sign, print_shortest(real, text + sign));
}

size_t sl_value_text(const sl_cell *cell, char room[SL_VALUE_ROOM], const char **text)
{
    *text = room;
    switch (cell->kind) {
    case SL_INTEGER:
        return sl_value_integer(cell->as.integer, room);
    case SL_REAL:
        return sl_value_real(cell->as.real, room);
    case SL_TEXT:
    case SL_BLOB:
    case SL_NUMERAL:
        *text = cell->as.text;
        return cell->size;
    default: /* SL_NULL; kinds are plain numbers, a newer one is nothing here */
        *text = "";
        return 0;
    }
}

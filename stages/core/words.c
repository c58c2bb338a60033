/*
 * words.c - the part of value.h that is about words: sizes, durations, UTF-8, names.
 *
 * Deliberately elsewhere: numbers (value.c).
 */
#include "stages/core/value.h"

#include <string.h>

/* ---- Sizes and durations ------------------------------------------------------------- */

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

static const unit sizes[] = {
    {"", 1},
    {"B", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
    {"KB", 1000},
    {"MB", 1000 * 1000},
    {"GB", INT64_C(1000) * 1000 * 1000},
    {"TB", INT64_C(1000) * 1000 * 1000 * 1000},
};

static const unit durations[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", 1000 * 1000},
    {"m", INT64_C(60) * 1000 * 1000},
    {"min", INT64_C(60) * 1000 * 1000},
    {"h", INT64_C(3600) * 1000 * 1000},
    {"d", INT64_C(86400) * 1000 * 1000},
};

/* A whole number, perhaps a space, and a unit. */
static int read_quantity(const char *text, const unit *units, size_t count, int64_t *quantity)
{
    int64_t number = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *at - '0', &number))
            return -1;
    if (at == text)
        return -1;
    if (*at == ' ')
        at++;
    for (size_t i = 0; i < count; i++) {
        if (sl_value_same_name(at, units[i].name) != 0)
            continue;
        if (__builtin_mul_overflow(number, units[i].factor, &number))
            return -1;
        *quantity = number;
        return 0;
    }
    return -1;
}

int sl_value_size(const char *text, int64_t *bytes)
{
    return read_quantity(text, sizes, sizeof sizes / sizeof *sizes, bytes);
}

int sl_value_duration(const char *text, int64_t *microseconds)
{
    if (strcmp(text, "0") == 0) { /* nothing is nothing in any unit */
        *microseconds = 0;
        return 0;
    }
    return read_quantity(text, durations, sizeof durations / sizeof *durations, microseconds);
}

/* ---- UTF-8 --------------------------------------------------------------------------- */

/* Bytes of the character at `at`, 0 when it is not valid. RFC 3629, table of section 4. */
static size_t measure(const unsigned char *at, size_t left)
{
    unsigned char first = at[0], low = 0x80, high = 0xBF;
    size_t size;

    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (left < size)
        return 0;
    if (first == 0xE0)
        low = 0xA0; /* shorter forms */
    else if (first == 0xED)
        high = 0x9F; /* surrogates */
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F; /* beyond U+10FFFF */
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

size_t sl_value_utf8(const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;

    while (at < size) {
        uint64_t word;
        size_t step;

        while (size - at >= sizeof word) {
            memcpy(&word, bytes + at, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            at += sizeof word;
        }
        if (at == size)
            break;
        step = measure(bytes + at, size - at);
        if (step == 0)
            break;
        at += step;
    }
    return at;
}

/* ---- Names --------------------------------------------------------------------------- */

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

int sl_value_same_name(const char *a, const char *b)
{
    for (; fold(*a) == fold(*b); a++, b++)
        if (*a == '\0')
            return 0;
    return fold(*a) < fold(*b) ? -1 : 1;
}

#define NAME_COMPARED 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; both are at
 * most NAME_COMPARED bytes. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][NAME_COMPARED + 1] = {0}, *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *oldest = before;

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t differ = fold(a[i - 1]) != fold(b[j - 1]);

            row[j] = least(last[j - 1] + differ, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_size];
}

const char *sl_value_nearest(const char *name, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t size = strlen(name), best = SIZE_MAX;

    if (size == 0 || size > NAME_COMPARED)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(names[i]), far;
        size_t longer = size > other ? size : other;

        if (other == 0 || other > NAME_COMPARED)
            continue;
        far = distance(name, size, names[i], other);
        if (far < best && far <= (longer + 2) / 3 && far < longer) {
            best = far;
            nearest = names[i];
        }
    }
    return nearest;
}

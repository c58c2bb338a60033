/*
 * display.c - text for a terminal; see display.h.
 *
 * The tables hold what matters of Unicode's EastAsianWidth W and F, and of its general category
 * Mn, in ranges.
 */
#include "stages/display.h"

#include <stdio.h>
#include <string.h>

#include "stages/core/value.h"

typedef struct range {
    uint32_t first, last;
} range;

static const range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2ff},
    {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
    {0x1f200, 0x1f320}, {0x1f32d, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7eb},
    {0x1f90c, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static const range none[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x05bf, 0x05bf}, {0x05c1, 0x05c2},
    {0x05c4, 0x05c5}, {0x0610, 0x061a},   {0x064b, 0x065f}, {0x0670, 0x0670}, {0x06d6, 0x06dc},
    {0x06df, 0x06e4}, {0x06e7, 0x06e8},   {0x06ea, 0x06ed}, {0x093c, 0x093c}, {0x0941, 0x0948},
    {0x094d, 0x094d}, {0x0e31, 0x0e31},   {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},   {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

/* Characters that are seen by what they do to others: joiners, directions, separators. */
static const range unseen[] = {
    {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e}, {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
};

static int32_t stands_in(uint32_t character, const range *ranges, size_t count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (character > ranges[middle].last)
            low = middle + 1;
        else if (character < ranges[middle].first)
            high = middle;
        else
            return 1;
    }
    return 0;
}
#define IN(character, ranges) stands_in((character), (ranges), sizeof(ranges) / sizeof *(ranges))

/* The character at `at`, of valid UTF-8; *size: its bytes. */
static uint32_t decode(const char *text, size_t *size)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) {
        *size = 1;
        return at[0];
    }
    if (at[0] < 0xe0) {
        *size = 2;
        return (uint32_t)((at[0] & 0x1f) << 6 | (at[1] & 0x3f));
    }
    if (at[0] < 0xf0) {
        *size = 3;
        return (uint32_t)((at[0] & 0x0f) << 12 | (at[1] & 0x3f) << 6 | (at[2] & 0x3f));
    }
    *size = 4;
    return (uint32_t)((at[0] & 0x07) << 18 | (at[1] & 0x3f) << 12 | (at[2] & 0x3f) << 6 |
                      (at[3] & 0x3f));
}

static uint32_t columns_of(uint32_t character)
{
    if (character < 0x300)
        return 1;
    if (IN(character, none))
        return 0;
    return IN(character, wide) ? 2 : 1;
}

/* A character made harmless; answers its bytes. */
static size_t clean(uint32_t character, const char *as_is, size_t size, char to[SL_DISPLAY_LARGEST])
{
    static const char letters[] = "abtnvfr"; /* 7 to 13 */
    if (character >= 7 && character <= 13)
        return (size_t)snprintf(to, SL_DISPLAY_LARGEST, "\\%c", letters[character - 7]);
    if (character == 27)
        return (size_t)snprintf(to, SL_DISPLAY_LARGEST, "\\e");
    if (character < 32 || character == 127)
        return (size_t)snprintf(to, SL_DISPLAY_LARGEST, "\\x%02x", character);
    if ((character >= 0x80 && character < 0xa0) || IN(character, unseen))
        return (size_t)snprintf(to, SL_DISPLAY_LARGEST, "\\u{%x}", character);
    memcpy(to, as_is, size);
    return size;
}

/* How many bytes of a start are one valid character; 0: none. */
static size_t valid_character(const char *text, size_t size)
{
    for (size_t length = 1; length <= 4 && length <= size; length++)
        if (sl_value_utf8(text, length) == length)
            return length;
    return 0;
}

size_t sl_display_clean(const char *text, size_t size, char *to, size_t room, uint32_t most,
                        uint32_t *width, int32_t *cut)
{
    size_t written = 0;
    *width = 0;
    *cut = 0;
    while (size > 0) {
        char made[SL_DISPLAY_LARGEST];
        size_t length = valid_character(text, size), taken = length ? length : 1;
        size_t made_size;
        if (length > 0)
            made_size = clean(decode(text, &length), text, length, made);
        else
            made_size = (size_t)snprintf(made, sizeof made, "\\x%02x", (unsigned char)*text);
        uint32_t columns = sl_display_width(made, made_size);
        if (made_size > room - written || columns > most - *width) {
            *cut = 1;
            break;
        }
        memcpy(to + written, made, made_size);
        written += made_size;
        *width += columns;
        text += taken;
        size -= taken;
    }
    return written;
}

size_t sl_display_fit(const char *text, size_t size, uint32_t most, uint32_t *width)
{
    size_t at = 0;
    *width = 0;
    while (at < size) {
        size_t length;
        uint32_t columns = columns_of(decode(text + at, &length));
        if (columns > most - *width)
            break;
        *width += columns;
        at += length;
    }
    return at;
}

uint32_t sl_display_width(const char *text, size_t size)
{
    uint32_t width;
    sl_display_fit(text, size, UINT32_MAX, &width);
    return width;
}

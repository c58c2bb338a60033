/*
 * key.c - cells as bytes that compare as SQLite compares.
 *
 * A part is a tag and a body. Numbers: the greatest double that is not above the value, its
 * bits turned so that they order; from 2^53 on, where doubles are further than 1 apart, two
 * bytes more say how far above it an integer lies. Text and blobs: their bytes, 00 written as
 * 00 FF, then 00 01. Descending parts are all that, inverted.
 */
#include "stages/key.h"

#include "stages/core/value.h"

#include <math.h>
#include <string.h>

#define TAG_NULL_FIRST 0x08
#define TAG_NUMBER 0x10
#define TAG_TEXT 0x20
#define TAG_BLOB 0x30
#define TAG_NULL_LAST 0xF8

#define EXACT 9007199254740992.0 /* 2^53: below it every integer is a double */

void sl_key_value(const sl_column *column, const sl_cell *cell, sl_cell *value)
{
    if (cell->kind != SL_NUMERAL && (cell->kind != SL_TEXT || !(column->flags & SL_COLUMN_FACES))) {
        *value = *cell;
    } else if (sl_value_typed(column, cell, value) != SL_OK) {
        *value = *cell;
        value->kind = SL_TEXT;
    }
}

static sl_status make_room(sl_stage *stage, sl_key *key, size_t more)
{
    size_t room = key->room ? key->room : 256;
    uint8_t *bytes;

    if (key->room - key->size >= more)
        return SL_OK;
    while (room - key->size < more)
        room *= 2;
    bytes = stage->host->allocate(stage, key->bytes, room);
    if (!bytes)
        return sl_no_memory(stage);
    key->bytes = bytes;
    key->room = room;
    return SL_OK;
}

static void put_big_endian(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

/* The greatest double that is not above the integer, and what is missing to it. */
static double floor_to_double(int64_t integer, uint32_t *above)
{
    double real = (double)integer;

    if (real >= 9223372036854775808.0 || (int64_t)real > integer)
        real = nextafter(real, -INFINITY);
    *above = (uint32_t)(integer - (int64_t)real);
    return real;
}

static size_t write_number(uint8_t *to, double real, uint32_t above)
{
    uint64_t bits;

    if (real == 0)
        real = 0; /* -0.0 is 0.0 */
    memcpy(&bits, &real, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | (UINT64_C(1) << 63);
    to[0] = TAG_NUMBER;
    bits = __builtin_bswap64(bits);
    memcpy(to + 1, &bits, sizeof bits);
    if (fabs(real) < EXACT)
        return 9;
    put_big_endian(to + 9, above, 2);
    return 11;
}

/* Every 00 becomes 00 FF; 00 01 ends it. */
static size_t write_bytes(uint8_t *to, const char *bytes, size_t size)
{
    uint8_t *start = to;

    while (size) {
        const char *zero = memchr(bytes, 0, size);
        size_t plain = zero ? (size_t)(zero - bytes) + 1 : size;

        memcpy(to, bytes, plain);
        to += plain;
        if (zero)
            *to++ = 0xFF;
        bytes += plain;
        size -= plain;
    }
    *to++ = 0;
    *to++ = 1;
    return (size_t)(to - start);
}

/* SQLite's NOCASE stops at a NUL, and then compares the lengths. */
static size_t write_nocase(uint8_t *to, const char *text, size_t size)
{
    size_t n = 0;

    for (; n < size && text[n]; n++)
        to[n] = (uint8_t)(text[n] >= 'A' && text[n] <= 'Z' ? text[n] + 32 : text[n]);
    to[n++] = 0;
    put_big_endian(to + n, size, 4);
    return n + 4;
}

static size_t write_text(uint8_t *to, const char *text, size_t size, uint32_t flags)
{
    to[0] = TAG_TEXT;
    if (flags & SL_KEY_NOCASE)
        return 1 + write_nocase(to + 1, text, size);
    if (flags & SL_KEY_RTRIM)
        while (size && text[size - 1] == ' ')
            size--;
    return 1 + write_bytes(to + 1, text, size);
}

static size_t write_part(uint8_t *to, const sl_cell *cell, uint32_t flags)
{
    uint32_t above = 0;
    double floor;

    switch (cell->kind) {
    case SL_INTEGER:
        floor = floor_to_double(cell->as.integer, &above);
        return write_number(to, floor, above);
    case SL_REAL:
        return write_number(to, cell->as.real, 0);
    case SL_BLOB:
        to[0] = TAG_BLOB;
        return 1 + write_bytes(to + 1, cell->as.blob, cell->size);
    default:
        return write_text(to, cell->as.text, cell->size, flags);
    }
}

sl_status sl_key_add(sl_stage *stage, sl_key *key, const sl_cell *cell, uint32_t flags)
{
    uint8_t *to;
    size_t size;

    if (make_room(stage, key, 2 * (size_t)cell->size + 16) != SL_OK)
        return SL_ERROR;
    to = key->bytes + key->size;
    if (cell->kind == SL_NULL || (cell->kind == SL_REAL && isnan(cell->as.real))) {
        *to = flags & SL_KEY_NULLS_LAST ? TAG_NULL_LAST : TAG_NULL_FIRST;
        key->size++;
        return SL_OK;
    }
    size = write_part(to, cell, flags);
    if (flags & SL_KEY_DESCENDING)
        for (size_t i = 0; i < size; i++)
            to[i] = (uint8_t)~to[i];
    key->size += size;
    return SL_OK;
}

void sl_key_done(sl_stage *stage, sl_key *key)
{
    stage->host->allocate(stage, key->bytes, 0);
    *key = (sl_key){0};
}

int sl_key_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t sl_key_hash(const uint8_t *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0x9E3779B97F4A7C15) ^ size;
    uint64_t word;

    for (; size >= 8; bytes += 8, size -= 8) {
        memcpy(&word, bytes, 8);
        hash = mix(hash ^ word, UINT64_C(0xE7037ED1A0B428DB));
    }
    word = 0;
    memcpy(&word, bytes, size);
    return mix(hash ^ word, UINT64_C(0x8EBC6AF09C88C6E3));
}

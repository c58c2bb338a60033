/*
 * encoding.c - latin1, cp1252 and UTF-16 to UTF-8; see encoding.h.
 */
#include "stages/encoding.h"

#include <string.h>

#define LARGEST 4 /* bytes of UTF-8 that one character may need */

/* Bytes 80 to 9f of cp1252; 0 is a hole. */
static const uint16_t windows[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static const char *const names[] = {"utf-8", "latin1", "cp1252", "utf-16", "utf-16le", "utf-16be"};

const char *sl_encoding_name(sl_encoding encoding)
{
    return names[encoding];
}

sl_encoding sl_encoding_found(sl_encoding written, const char *start, size_t size, size_t *mark)
{
    *mark = 0;
    if (size >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
        *mark = 3;
        return SL_ENCODING_UTF8;
    }
    if (size >= 2 && (memcmp(start, "\xff\xfe", 2) == 0 || memcmp(start, "\xfe\xff", 2) == 0)) {
        *mark = 2;
        return start[0] == '\xff' ? SL_ENCODING_UTF16LE : SL_ENCODING_UTF16BE;
    }
    if (written != SL_ENCODING_UTF16)
        return written;
    int32_t big = size >= 2 && start[0] == '\0' && start[1] > '\0';
    return big ? SL_ENCODING_UTF16BE : SL_ENCODING_UTF16LE;
}

static size_t put(uint32_t character, char *out)
{
    unsigned char *at = (unsigned char *)out;
    if (character < 0x80) {
        at[0] = (unsigned char)character;
        return 1;
    }
    if (character < 0x800) {
        at[0] = (unsigned char)(0xc0 | character >> 6);
        at[1] = (unsigned char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        at[0] = (unsigned char)(0xe0 | character >> 12);
        at[1] = (unsigned char)(0x80 | (character >> 6 & 0x3f));
        at[2] = (unsigned char)(0x80 | (character & 0x3f));
        return 3;
    }
    at[0] = (unsigned char)(0xf0 | character >> 18);
    at[1] = (unsigned char)(0x80 | (character >> 12 & 0x3f));
    at[2] = (unsigned char)(0x80 | (character >> 6 & 0x3f));
    at[3] = (unsigned char)(0x80 | (character & 0x3f));
    return 4;
}

/* latin1 and cp1252 differ in 80 to 9f only. */
static sl_converted convert_bytes(int32_t latin1, const char *in, size_t in_size, char *out,
                                  size_t out_size)
{
    sl_converted done = {0};
    while (done.taken < in_size && out_size - done.written >= LARGEST) {
        unsigned char byte = (unsigned char)in[done.taken];
        uint32_t character = byte;
        if (!latin1 && byte >= 0x80 && byte <= 0x9f) {
            character = windows[byte - 0x80];
            if (character == 0) {
                done.bad = 1;
                break;
            }
        }
        done.written += put(character, out + done.written);
        done.taken++;
    }
    return done;
}

static uint32_t unit(const char *in, int32_t big)
{
    const unsigned char *at = (const unsigned char *)in;
    return big ? (uint32_t)(at[0] << 8 | at[1]) : (uint32_t)(at[1] << 8 | at[0]);
}

static sl_converted convert_units(int32_t big, const char *in, size_t in_size, int32_t last,
                                  char *out, size_t out_size)
{
    sl_converted done = {0};
    while (done.taken < in_size && out_size - done.written >= LARGEST) {
        size_t left = in_size - done.taken;
        uint32_t character = left >= 2 ? unit(in + done.taken, big) : 0;
        int32_t high = character >= 0xd800 && character <= 0xdbff;
        size_t size = high ? 4 : 2;
        if (left < size) {
            done.bad = last;
            break;
        }
        uint32_t low = high ? unit(in + done.taken + 2, big) : 0xdc00;
        if ((character >= 0xdc00 && character <= 0xdfff) || low < 0xdc00 || low > 0xdfff) {
            done.bad = 1;
            break;
        }
        if (high)
            character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
        done.written += put(character, out + done.written);
        done.taken += size;
    }
    return done;
}

sl_converted sl_encoding_convert(sl_encoding encoding, const char *in, size_t in_size, int32_t last,
                                 char *out, size_t out_size)
{
    if (encoding == SL_ENCODING_LATIN1 || encoding == SL_ENCODING_CP1252)
        return convert_bytes(encoding == SL_ENCODING_LATIN1, in, in_size, out, out_size);
    return convert_units(encoding == SL_ENCODING_UTF16BE, in, in_size, last, out, out_size);
}

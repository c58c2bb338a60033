/*
 * encoding.h - text of other encodings to UTF-8, in pieces of any size.
 *
 * Strict: what the encoding does not define (the five holes of cp1252, half a surrogate pair)
 * is not turned into something else; the conversion stops in front of it. Pure: no memory.
 * Deliberately elsewhere: reading (source.h); whether UTF-8 is valid (core/value.h).
 * Thread: ANY THREAD.
 */
#ifndef SL_ENCODING_H
#define SL_ENCODING_H

#include "stages/core/stage.h"

/* In the order of SL_ENCODING_CHOICES. UTF-16 is either, found by its byte order mark. */
typedef enum sl_encoding {
    SL_ENCODING_UTF8,
    SL_ENCODING_LATIN1,
    SL_ENCODING_CP1252,
    SL_ENCODING_UTF16,
    SL_ENCODING_UTF16LE,
    SL_ENCODING_UTF16BE,
} sl_encoding;
#define SL_ENCODING_CHOICES "utf-8|latin1|cp1252|utf-16|utf-16le|utf-16be"

/* Bytes of a start that sl_encoding_found wants to see, where there are so many. */
#define SL_ENCODING_START 4

/* The encoding in force: the one that was written, unless the text starts with a byte order
 * mark; *mark: bytes of the mark. UTF-16 without a mark is little-endian, as Windows writes
 * it, unless its first character reads as ASCII only the other way round. Never UTF16. */
sl_encoding sl_encoding_found(sl_encoding written, const char *start, size_t size, size_t *mark);
const char *sl_encoding_name(sl_encoding encoding);

typedef struct sl_converted {
    size_t taken;   /* bytes of the input */
    size_t written; /* bytes of UTF-8 */
    int32_t bad;    /* 1: input[taken] starts what is not valid */
} sl_converted;

/* Converts as much of `in` as fits, whole characters only: a character needs up to 4 bytes of
 * room. last: 1 when no more input follows, so that half a character is bad. encoding: as
 * sl_encoding_found gave it, not UTF8. */
sl_converted sl_encoding_convert(sl_encoding encoding, const char *in, size_t in_size, int32_t last,
                                 char *out, size_t out_size);

#endif

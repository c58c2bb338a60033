/*
 * source_text.h - the text of one open file: decompressed, as UTF-8, read from any place on.
 *
 * Three layers, each asked by the next: the file's own bytes, these decompressed, these as UTF-8. A
 * plain UTF-8 file goes from the kernel straight into the caller's memory.
 *
 * Deliberately elsewhere: which files, and how far they were read (source.h); gzip and zstd
 * (inflate.h); the conversions (encoding.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_TEXT_H
#define SL_SOURCE_TEXT_H

#include "stages/encoding.h"
#include "stages/inflate.h"
#include "stages/source.h"

#define SL_SOURCE_PAIRS 4

typedef struct sl_source_start { /* bytes that were looked at and are to be given again */
    char bytes[4];
    size_t at, end;
} sl_source_start;

/* So many bytes of the file became so many of the text, and no character is under way. */
typedef struct sl_source_pair {
    int64_t text, raw;
} sl_source_pair;

/* Set stage and options once; all else begins zeroed, fd at -1. */
typedef struct sl_source_text {
    sl_stage *stage;
    const sl_source_options *options;
    const char *name;   /* borrowed */
    int32_t fd;         /* -1: none; the opener's to close */
    int64_t bytes;      /* what is there to read; 0 and -1: all that comes */
    int32_t grows;      /* 1: its end is no end: half a character there is no mistake */
    int32_t begun;      /* 1: its start was looked at */
    int32_t ended;      /* 1: the kernel said so */
    int32_t failed;     /* errno of a failed read */
    int32_t last;       /* the last byte given; -1: none */
    int64_t file_bytes; /* read so far */
    int64_t data_bytes; /* decompressed so far */
    int64_t text_bytes; /* given */
    sl_source_start file, data, text, ahead;
    const char *bomb;    /* the option that it broke */
    sl_inflate *inflate; /* NULL: it is not compressed */
    size_t mark;         /* bytes of its byte order mark */
    sl_encoding encoding;
    char *wide; /* data to be converted: wide[wide_at .. wide_end) */
    size_t wide_at, wide_end;
    int32_t wide_ended, wide_bad;
    sl_source_pair pairs[SL_SOURCE_PAIRS]; /* the latest, where the text is converted */
    uint32_t pairs_count;
} sl_source_text;

/* Begins with an open file; TAKES nothing. */
void sl_source_text_open(sl_source_text *text, int32_t fd, const char *name, int64_t bytes);
/* Forgets it; fd stays open. */
void sl_source_text_close(sl_source_text *text);
void sl_source_text_done(sl_source_text *text);

/* > 0 bytes, 0: there is no more now, -1: failed, said. */
int64_t sl_source_text_read(sl_source_text *text, char *bytes, size_t size);
/* Gives bytes[from .. end), which were the last that were read, again. */
void sl_source_text_unread(sl_source_text *text, const char *bytes, size_t from, size_t end);
/* Goes to a byte of the text; `pair`: a known one at or before it, of a text that is converted. */
sl_status sl_source_text_go(sl_source_text *text, int64_t byte, sl_source_pair pair);
/* The file's bytes that are surely enough for `byte` bytes of text, and how many they gave (-1: not
 * known). */
sl_source_pair sl_source_text_place(const sl_source_text *text, int64_t byte);
/* 1: all of the file was read and given, as far as is known. */
int32_t sl_source_text_ended(const sl_source_text *text);

#endif

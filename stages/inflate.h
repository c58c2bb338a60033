/*
 * inflate.h - gzip and zstd, decompressed as they are read.
 *
 * Members (gzip) and frames (zstd) follow one another and give one text; zero bytes may pad
 * the end. Checksums and lengths are checked. Damage, a cut end and anything else after the
 * last member are trouble, with the offset, told after everything before it was given.
 *
 * gzip by ISA-L: 80 MB of log lines take 0.05 s where zlib takes 0.16 s, about three times as
 * fast as zlib. zstd by libzstd, its memory from the host, its window bounded.
 *
 * Deliberately elsewhere: how much may come out (source.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_INFLATE_H
#define SL_INFLATE_H

#include "stages/core/stage.h"

typedef struct sl_inflate sl_inflate;

typedef uint32_t sl_compression;
#define SL_COMPRESSION_NONE 0u
#define SL_COMPRESSION_GZIP 1u
#define SL_COMPRESSION_ZSTD 2u

/* Bytes of a file's start that sl_inflate_found wants to see, where there are so many. */
#define SL_INFLATE_START 4

sl_compression sl_inflate_found(const char *start, size_t size);

/* Reads compressed bytes: > 0, 0 at the end, -1 failed (the puller knows why). */
typedef int64_t sl_inflate_pull(void *of, void *bytes, size_t size);

/* max_window: the largest zstd window, in bytes. NULL: no memory, said. */
sl_inflate *sl_inflate_new(sl_stage *stage, sl_compression compression, int64_t max_window,
                           sl_inflate_pull *pull, void *of);
void sl_inflate_free(sl_inflate *inflate); /* NULL: nothing */

/* Fills `bytes` as far as the input goes: > 0, 0 at the end, -1 trouble or a failed pull;
 * these two are final. */
int64_t sl_inflate_read(sl_inflate *inflate, char *bytes, size_t size);

/* Compressed bytes used so far. */
int64_t sl_inflate_taken(const sl_inflate *inflate);
/* What is wrong with the data, "... the data is damaged"; NULL: nothing, or a pull failed.
 * *hint: what to do, or NULL. */
const char *sl_inflate_trouble(const sl_inflate *inflate, int64_t *offset, const char **hint);
/* 1: the input has ended well, and all of it was given. */
int32_t sl_inflate_ended(const sl_inflate *inflate);

#endif

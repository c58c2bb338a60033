/*
 * spill.h - rows that do not fit in memory: cells as bytes, and a private temporary file.
 *
 * The file is SQLite's own kind of temporary file: made by the VFS that the env names, in
 * SQLITE_TMPDIR, TMPDIR, /var/tmp or /tmp, without a name that others could open, gone when it
 * is closed or the process ends. It is made by the first write, so that a small sort touches
 * no disk. Records are written one after the other and read back in runs.
 *
 * What holding stages share. Deliberately elsewhere: keys (key.h), merging runs (runs.h),
 * grouping rows (group_query.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SPILL_H
#define SL_SPILL_H

#include "stages/core/stage.h"

/* ---- Rows as bytes ------------------------------------------------------------------- */

/* The most bytes that pack may write. */
size_t sl_spill_size(const sl_cell *cells, uint32_t count);
/* Writes the cells, kinds and spellings as they are; answers the bytes written. */
size_t sl_spill_pack(const sl_cell *cells, uint32_t count, char *to);
/* Reads them back; TEXT, BLOB and NUMERAL cells point into `from`. */
void sl_spill_unpack(const char *from, uint32_t count, sl_cell *cells);

/* ---- Cells into a batch -------------------------------------------------------------- */

/* Copies the cells as row batch->rows and counts it; the batch has room for it in capacity.
 * SL_OK; SL_END: no room for its bytes, give the batch and go on with a new one; SL_ERROR:
 * said: the row alone is larger than a batch. */
sl_status sl_spill_give(sl_stage *stage, sl_batch *batch, const sl_cell *cells, uint32_t count);

/* ---- The file ------------------------------------------------------------------------ */

typedef struct sl_spill sl_spill;

sl_spill *sl_spill_new(sl_stage *stage); /* NULL: no memory, said */
void sl_spill_free(sl_spill *spill);     /* NULL: nothing */

/* A record is written with begin, then add any number of times. SL_ERROR: said. */
sl_status sl_spill_begin(sl_spill *spill, uint32_t size); /* of what the adds will write */
sl_status sl_spill_add(sl_spill *spill, const void *bytes, size_t size);
int64_t sl_spill_end(const sl_spill *spill); /* bytes written so far */
sl_status sl_spill_clear(sl_spill *spill);   /* empty again */
/* Writes out what is buffered; before readers read, and gives its buffer back. */
sl_status sl_spill_flush(sl_spill *spill);

/* Reads the records of file bytes [at, end) one after the other. */
typedef struct sl_spill_reader {
    sl_spill *spill;
    int64_t at; /* of the first byte that is not in `bytes` yet */
    int64_t end;
    char *bytes; /* memory of the stage's own */
    size_t room;
    size_t from; /* bytes[from .. size) are not given yet */
    size_t size;
} sl_spill_reader;

/* Starts reading; room: of the buffer, grown when a record is larger. */
sl_status sl_spill_read(sl_spill_reader *reader, sl_spill *spill, int64_t from, int64_t end,
                        size_t room);
/* The next record, good until the next call: SL_OK, SL_END, SL_ERROR (said). */
sl_status sl_spill_next(sl_spill_reader *reader, const char **record, uint32_t *size);
void sl_spill_done(sl_spill_reader *reader); /* frees; also a zeroed one */

/* Fails for what SQLite answered while it kept rows for us. Answers SL_ERROR. */
sl_status sl_spill_fail(sl_stage *stage, int32_t sqlite_code, const char *what);

#endif

/*
 * source_place.h - how far each file was read, kept as the position of a reader, and whether a
 * file is still the same.
 *
 * A position covers every file that was read so far: the open one, and those that are done. It is
 * a JSON object; the open file's place stands in front:
 *
 *     {"file": "b.csv", "byte": 120, "row": 9, "line": 11, "raw": 120, "crc": 3964032372,
 *      "device": 2049, "inode": 131, "done": [{"file": "a.csv", ...}, ...]}
 *
 * byte is where the next record begins in the text (decompressed, as UTF-8); raw is a place in the
 * file itself that was read at least that far, and crc the CRC-32 of up to 4 KiB before it. A file
 * has the same content when it is at least raw bytes long and the CRC is equal.
 *
 * A place belongs to a name and a file (device and inode): a file that another one has displaced
 * at its name keeps its place, because it may be at another name now. Who looks for a file's place
 * looks by device, inode and content first, whatever the name is: a renamed file is the same one.
 * Only then the newest place of its name counts, when its content is that of the file: a copy, or
 * an edit by rename, goes on where the original stood.
 *
 * Left out where it is what is usual: base (decoded bytes before raw; byte), changed (0), state (a
 * reader's own), ending (SL_SOURCE_OPEN, SL_SOURCE_CR), ended (1: nothing of the file was left),
 * gone (of files that are followed). A name that is not UTF-8 is written as file_hex.
 *
 * Places of files that are not among those that are read now are carried along. There are at most
 * SL_SOURCE_PLACES of them, and SL_SOURCE_OF_NAME of one name: then its oldest is forgotten.
 *
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_PLACE_H
#define SL_SOURCE_PLACE_H

#include "stages/core/stage.h"

#define SL_SOURCE_PLACES 100000
#define SL_SOURCE_OF_NAME 16
#define SL_SOURCE_CHECKED 4096 /* bytes before raw that crc is of */

/* How a text ended that was read to its end. */
#define SL_SOURCE_OPEN 1       /* without the line end of its last row */
#define SL_SOURCE_CR 2         /* with a CR: a LF that comes later belongs to it */
#define SL_SOURCE_OPEN_OR_CR 3 /* as OPEN, where a lone CR is a line end */

/* Of a file that is followed and is not at its path any more. */
#define SL_SOURCE_GONE 1    /* it is read to its end */
#define SL_SOURCE_DRAINED 2 /* that is done */

typedef struct sl_source_place {
    int64_t byte, row, line; /* the reader's: decoded bytes, rows given or rejected, lines */
    int64_t raw;             /* -1: not known; nobody can go there */
    int64_t base;            /* decoded bytes before raw; -1: only known by reading */
    uint32_t crc;
    uint32_t state; /* the reader's own */
    uint64_t device, inode;
    int64_t changed; /* when the file was modified last, if it ended at raw then; 0: not known */
    int32_t ending;  /* SL_SOURCE_OPEN, SL_SOURCE_CR or 0 */
    int32_t ended;
    int32_t gone;
} sl_source_place;

typedef struct sl_source_known {
    char *name;
    sl_source_place place;
} sl_source_known;

typedef struct sl_source_places sl_source_places;

/* NULL: no memory, said. */
sl_source_places *sl_source_places_new(sl_stage *stage);
void sl_source_places_free(sl_source_places *places); /* NULL: nothing */

/* What is known; NULL: nothing. Good until the places change. */
const sl_source_known *sl_source_places_find(const sl_source_places *places, const char *name,
                                             uint64_t device, uint64_t inode);
/* The one of this name that was put last. */
const sl_source_known *sl_source_places_newest(const sl_source_places *places, const char *name);
/* Walks over all: from *at == 0 on; NULL: no more. What is put meanwhile may come too. */
const sl_source_known *sl_source_places_each(const sl_source_places *places, uint32_t *at);
/* Likewise, over the places of a name. */
const sl_source_known *sl_source_places_named(const sl_source_places *places, const char *name,
                                              uint32_t *at);
/* Likewise, over the places of a file behind its start. */
const sl_source_known *sl_source_places_of(const sl_source_places *places, uint64_t device,
                                           uint64_t inode, uint32_t *at);
/* Adds or replaces the place of this name and file. Too many fail, with words. */
sl_status sl_source_places_put(sl_source_places *places, const char *name,
                               const sl_source_place *place);
void sl_source_places_remove(sl_source_places *places, const char *name, uint64_t device,
                             uint64_t inode);

/* Adds what a position says. SL_ERROR: it is none, said. */
sl_status sl_source_places_read(sl_source_places *places, const char *position);
/* Writes a position: this file's place, then all others. */
sl_status sl_source_places_write(sl_source_places *places, const char *name,
                                 const sl_source_place *place, sl_text *position);

/* The CRC of up to 4 KiB before raw. 0; 1: the file is shorter now; -errno. */
int32_t sl_source_check(sl_stage *stage, int32_t fd, int64_t raw, uint32_t *crc);
/* 1: a file of so many bytes has the same content before the place; 0: not; -errno. */
int32_t sl_source_same(sl_stage *stage, int32_t fd, int64_t bytes, const sl_source_place *place);
/* Likewise, of a file with the device and inode of the place and another name. A new file may have
 * got the inode of one that was deleted, and the same content: it was modified at another time. */
int32_t sl_source_renamed(sl_stage *stage, int32_t fd, const sl_file_info *info,
                          const sl_source_place *place);

#endif

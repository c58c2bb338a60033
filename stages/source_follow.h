/*
 * source_follow.h - files that grow: which of them has something new, and where it begins.
 *
 * A file is known by its device and inode, and kept open: one that is renamed or deleted is read
 * to its end all the same. Each look compares the paths with the files that are open:
 *
 *     a path with a file that is not open   a new file; or one that was read before, also under
 *                                           another name (source_earlier.h)
 *     an open file at another listed path   the same file with another name
 *     an open file at no listed path        rotated or deleted: it is read to its end; when nothing
 *                                           came for rotate_wait, and two looks did not find it (a
 *                                           list of a folder in which files are being renamed may
 *                                           lack one), its last line is given even
 *                                           without an end, and it is closed. The file that is at
 *                                           its path now waits until then.
 *     shorter than what was read, or other  truncated in place: it is read from its start, and
 *     content before it                     what was lost is said
 *
 * Nothing waits here: next() says that nothing is new, and the caller asks again later.
 *
 * Deliberately elsewhere: reading (source.h), places (source_place.h), what earlier runs know
 * (source_earlier.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_FOLLOW_H
#define SL_SOURCE_FOLLOW_H

#include "stages/source_list.h"
#include "stages/source_place.h"

typedef struct sl_follow sl_follow;

typedef struct sl_follow_visit {
    const char *name; /* lives until leave() */
    const sl_value *value;
    int32_t fd; /* stays theirs */
    sl_file_info info;
    sl_source_place place; /* where to go on */
    int32_t final;         /* 1: this is all of it: a last line without an end is a line */
} sl_follow_visit;

/* Lists, paths and places are borrowed and outlive it. NULL: no memory, said. */
sl_follow *sl_follow_new(sl_stage *stage, sl_source_files *list, const sl_value *paths,
                         sl_source_places *places, int64_t rotate_wait);
void sl_follow_free(sl_follow *follow); /* NULL: nothing */

/* The next file that has something new. SL_END: none has, now. */
sl_status sl_follow_next(sl_follow *follow, sl_follow_visit *visit);
/* The visit is over; the file was read up to here. */
sl_status sl_follow_leave(sl_follow *follow, const sl_source_place *place);

#endif

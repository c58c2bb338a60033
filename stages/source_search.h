/*
 * source_search.h - finds a file that was renamed, in the folder where it was.
 *
 * A file is known by its device and inode, and by what precedes the place where it was read to.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_SEARCH_H
#define SL_SOURCE_SEARCH_H

#include "stages/source_place.h"

#define SL_SOURCE_SEARCHED 10000 /* files of the folder that are looked at, at most */

typedef struct sl_source_found {
    char *name; /* NULL: it is not there; the caller's to free, with host->allocate */
    int32_t fd; /* likewise to close */
    sl_file_info info;
} sl_source_found;

/* Looks for the file of a place in the folder of `name`. SL_OK, also when it is not there. */
sl_status sl_source_search(sl_stage *stage, const char *name, const sl_source_place *place,
                           sl_source_found *found);

#endif

/*
 * source_search.h - finds a file that was renamed, in the folder where it was.
 *
 * A file is known by its device and inode, and by what precedes the place where it was read to
 * (sl_source_renamed).
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

/* Calls found() for the regular files in the folder of `name`, until it answers what is not 0. */
sl_status sl_source_folder(sl_stage *stage, const char *name,
                           int32_t (*found)(void *user, const char *path, const sl_file_info *info),
                           void *user);
/* Opens what is at `path`. 1: it is the file of the place, and found->fd and info say which; 0: it
 * is not, or may not be read; -1: failed, said. */
int32_t sl_source_open_same(sl_stage *stage, const char *path, const sl_source_place *place,
                            sl_source_found *found);
/* Looks for the file of a place in the folder of `name`. SL_OK, also when it is not there. */
sl_status sl_source_search(sl_stage *stage, const char *name, const sl_source_place *place,
                           sl_source_found *found);

#endif

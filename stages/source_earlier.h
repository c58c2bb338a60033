/*
 * source_earlier.h - what earlier runs know of the files that are followed: which file is which.
 *
 * A file is looked for by its device, inode and content first, whatever its name is: of files
 * that were all renamed at once each finds its place. Only then a name counts: the file that had
 * it is read to its end when it is still in its folder, and where it is not, a file with the same
 * content is a copy or an edit of it.
 *
 * Deliberately elsewhere: what happens to a file while it is open (source_follow.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_EARLIER_H
#define SL_SOURCE_EARLIER_H

#include "stages/source_streams.h"

/* Whether the places know the file that was just opened, whatever its name was. 1: it goes on at
 * its place; 0: not; -1: failed, said. */
int32_t sl_earlier_is_known(sl_follow *follow, sl_stream *made, const sl_file_info *info);
/* Settles what was known under the names of the streams that are fresh. */
sl_status sl_earlier_names(sl_follow *follow);
/* Once, in the first look: opens the files that have left their names, and have no successor
 * there yet. */
sl_status sl_earlier_missing(sl_follow *follow);

#endif

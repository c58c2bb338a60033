/*
 * source_list.h - the files that the option `path` of a reader names: paths, globs, standard input.
 *
 * A path that is there is taken as it is, also with `*?[` in its name. A glob's folders are passed
 * over. A file that is named twice is read once, and that is said.
 *
 * Deliberately elsewhere: opening and reading (source.h), files that come later (source_follow.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_LIST_H
#define SL_SOURCE_LIST_H

#include "stages/core/stage.h"

typedef struct sl_source_file {
    char *name;
    const sl_value *value; /* where it is written */
    int64_t bytes;         /* -1: not known */
    uint64_t device, inode;
    uint32_t kind;   /* SL_FILE_* */
    int32_t globbed; /* 1: a glob found it */
} sl_source_file;

typedef struct sl_source_files {
    sl_stage *stage;
    int32_t may_lack; /* 1: a file that is not there and a glob without a match are no failure */
    sl_source_file *files;
    uint32_t count, room;
    const sl_value *value; /* of the glob that is being expanded */
    sl_status status;      /* of that */
} sl_source_files;

/* Set stage and may_lack; all else begins zeroed. Lists anew what is there now, in the order of
 * `paths`, a glob's in byte order. Every path that is wrong is said. */
sl_status sl_source_files_make(sl_source_files *list, const sl_value *paths);
void sl_source_files_done(sl_source_files *list);

int32_t sl_source_is_standard_input(const char *path);
/* Why a path cannot be opened; error: an errno. Answers SL_ERROR. */
sl_status sl_source_fail_path(sl_stage *stage, const char *path, const sl_value *value,
                              int32_t error);
sl_status sl_source_fail_directory(sl_stage *stage, const char *path, const sl_value *value);
/* With follow. Answers SL_ERROR. */
sl_status sl_source_fail_compressed(sl_stage *stage, const char *path, const sl_value *value);
/* The code of a failure with this errno. */
int32_t sl_source_code(int32_t error);

#endif

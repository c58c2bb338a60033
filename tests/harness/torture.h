/*
 * torture.h - mistreats one stage in every way a world and a graph can, and wants the same rows
 * or a clean error each time, and nothing leaked.
 *
 * A plain run is the reference. Then the same input again:
 *
 *     batches of 1, 2, 3, 7 rows, and in little memory
 *     PENDING at every pull of the input in turn, and at all of them
 *     closed after every batch in turn
 *     every allocation refused in turn, once and from then on: the host's, and SQLite's
 *     an input that fails at every batch in turn
 *     every operation on files failing in turn, once and from then on
 *     reads and writes of three bytes at most
 *     asked again after END and ERROR; each call on a thread of its own
 *     batches that somebody else shares; memory of released batches overwritten
 *     readers: told where they stand after every batch, and gone there in another instance
 *
 * Thread: one at a time; the working directory is the torture's own.
 */
#ifndef SL_TORTURE_H
#define SL_TORTURE_H

#include "tests/harness/harness.h"

typedef struct sl_torture_file {
    const char *name; /* in the directory of the run */
    const char *text;
    size_t size; /* 0: text is terminated */
} sl_torture_file;

typedef struct sl_torture_input {
    const char *options; /* YAML map */
    const char *columns; /* of the feed; NULL: a reader */
    const char *rows;
    const sl_torture_file *files; /* made anew before each run; ends at name == NULL; or NULL */
    /* Exporters: appends what they made to text, after each run; the standard output is
     * compared by itself. NULL: nothing. */
    void (*look)(sl_builder *text);
    int32_t empty; /* 1: gives nothing, rightly */
} sl_torture_input;

/* Answers the number of complaints, each said on stderr (up to some). */
int32_t sl_torture(const sl_stage_type *type, const sl_torture_input *input);

#endif

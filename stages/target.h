/*
 * target.h - the file behind an exporter: what the csv, jsonl and lines exporters share.
 *
 * Replacing: rows go to a temporary file in the target's own directory, which takes the
 * target's name when the last row is safe (fsync, then rename); an abort removes it and the old
 * target stays. Only where the target is absent or a regular file, symbolic links followed; a
 * device, a FIFO or /dev/stdout is written to directly. `-` is standard output. The old file's
 * permissions are kept; what may not be written is not replaced. Appending: rows are added to
 * the file, on a line of their own; a commit makes them safe. A failed write or sync is final:
 * what the kernel did with the bytes is not known.
 *
 * An exporter that appends can go on after it was killed: sl_target_tell says where the file ends
 * after the last commit, and sl_target_seek cuts off what was written behind that. In a rehearsal
 * nothing is opened and nothing is written.
 *
 * Names that end in .gz or .zst are not compressed for you: this writes plain bytes, and says
 * so when the name ends like that.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_TARGET_H
#define SL_TARGET_H

#include "stages/core/stage.h"

typedef struct sl_target sl_target;

/* Gives a target, opened. append: 1 adds to the file. path_value points failures at the YAML;
 * may be NULL. NULL: failed, said. */
sl_target *sl_target_open(sl_stage *stage, const char *path, int32_t append,
                          const sl_value *path_value);
/* In plan: says what an exporter to this path, its option `path`, can promise (host->promise), and
 * refuses one that leads out of the roots. */
sl_status sl_target_plan(sl_stage *stage, const char *path, int32_t append);
/* Where the file ends after the last commit, {"bytes": 120, "device": ...}; nothing when it is not
 * appended to. And back there, before the first write: a file that is shorter or other fails. */
sl_status sl_target_tell(sl_target *target, sl_text *position);
sl_status sl_target_seek(sl_target *target, const char *position);
/* 1: nothing has been written to the file before (a csv header is needed). */
int32_t sl_target_empty(const sl_target *target);
int32_t sl_target_terminal(const sl_target *target); /* 1: a terminal */

/* Reads the first `size` bytes of the file that is appended to; fewer where it is shorter or may
 * not be read. Answers how many. */
size_t sl_target_head(const sl_target *target, char *bytes, size_t size);

/* Room for `size` bytes at the end of the buffer, written out first when it is full; NULL:
 * failed, said. Then say with advance how many were used. */
char *sl_target_reserve(sl_target *target, size_t size);
void sl_target_advance(sl_target *target, size_t size);
sl_status sl_target_write(sl_target *target, const char *bytes, size_t size);

/* Where the output stands. What comes after the last mark stays in the buffer until the next
 * mark or commit and can be taken back, so that a row that turns out bad halfway leaves nothing. */
size_t sl_target_mark(sl_target *target);
void sl_target_rewind(sl_target *target, size_t mark);
/* The same, ends the mark, and gives the bytes taken back, good until the next reserve. */
const char *sl_target_take_back(sl_target *target, size_t mark, size_t *size);

/* What was written is safe: flushed, synced where it is a file; final: renamed. While
 * replacing, nothing is safe before the final commit, and nothing is done. */
sl_status sl_target_commit(sl_target *target, int32_t final);
/* Forgets what was written since the last commit; a temporary file goes away, and only close
 * may follow. SL_ERROR, not said: what stands in the file is not known. */
sl_status sl_target_abort(sl_target *target);
void sl_target_close(sl_target *target); /* NULL: nothing; a temporary file left goes away */

#endif

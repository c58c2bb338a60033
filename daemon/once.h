/*
 * once.h - makes each row count once: what earlier runs have committed, where this one goes on,
 * and the moments at which it commits.
 *
 * The unit is the batch. Every batch carries a stamp (generator.h); an exporter commits its rows
 * together with the stamp of the last batch written: in the sink's own transaction where it is a
 * database, in the graph's state database (state.h), behind fdatasync, where it is a file.
 *
 * Start. Every exporter's checkpoint is read. Readers go to the smallest stamp of the exporters
 * they lead to, stages with a state to what it was there; batches end where each exporter stood,
 * and one that was ahead passes over them. Files are cut back to what their checkpoint speaks of.
 *
 * Commit. All exporters of the graph that can go on commit at one moment, when none of them
 * stands inside a split batch: reject exporters first, for a row that an exporter refused is not
 * met again once that exporter's checkpoint is behind it. A reject exporter counts the rejected
 * rows of each stage that it has taken, and those that come again are left out. Its commits
 * survive a power cut before the others' follow; theirs may be taken back (WAL, NORMAL).
 *
 * Whole runs (paths.h) commit at their end only, and have no checkpoint; a file that rejected
 * rows are added to is cut back to where it was when a whole run did not come to its end.
 *
 * Thread: the graph's strand.
 */
#ifndef SL_ONCE_H
#define SL_ONCE_H

#include "daemon/paths.h"

typedef struct sl_once sl_once;

typedef struct sl_once_options {
    const char *state; /* directory; NULL: files are not remembered */
    int32_t fresh;     /* 1: what earlier runs have committed is not looked at */
    /* Lets a reject exporter write what is gathered: SL_OK, SL_PENDING: not all, SL_ERROR. */
    sl_status (*drain)(void *of, uint32_t exporter);
    void *of;
} sl_once_options;

/* Gives it for a graph's generators (borrowed, by stage). NULL: no memory. */
sl_once *sl_once_new(const sl_plan *plan, sl_run *run, sl_generator *const *generators,
                     const sl_once_options *options);
void sl_once_free(sl_once *once); /* NULL: nothing */

/* In this order: before plan, after plan, after open. SL_OK or SL_ERROR. */
sl_status sl_once_recover(sl_once *once);
sl_status sl_once_judge(sl_once *once); /* also of a graph that is only checked */
sl_status sl_once_resume(sl_once *once);

/* sl_run's durable, kept_type, commit and checkpoint. */
int32_t sl_once_durable(const sl_once *once, uint32_t stage);
sl_status sl_once_kept_type(sl_once *once, uint32_t stage, const char *column, sl_type *type);
sl_status sl_once_commit(sl_once *once, uint32_t exporter, int32_t final);
sl_status sl_once_checkpoint(sl_once *once, uint32_t exporter, const sl_stamp *stamp,
                             sl_blob *blob);
/* When every exporter waits, and before a stop: commits what can be. SL_OK, SL_PENDING: some
 * will be later, SL_ERROR. */
sl_status sl_once_commit_all(sl_once *once);
/* 1: the row that `stage` rejects now is one that the reject exporter has from an earlier run. */
int32_t sl_once_has_reject(const sl_once *once, uint32_t stage, uint32_t exporter);
/* After the stages were closed: files that end where they should are nobody's work in progress. */
void sl_once_close(sl_once *once);

const sl_path *sl_once_path(const sl_once *once, uint32_t exporter);
/* Microseconds since 1970 of the last checkpoint that this run goes on from; 0: it began. */
int64_t sl_once_since(const sl_once *once);
/* The names of the stages that are not as they were then, from 0; NULL: no more. */
const char *sl_once_changed(const sl_once *once, uint32_t index);

#endif

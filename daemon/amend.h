/*
 * amend.h - checkpoints looked at and changed by hand, between two runs.
 *
 *     set      the exporters behind a reader go on from a position
 *     rewind   exporters keep what they are, and the next run reads from the start
 *     drop     exporters forget
 *
 * set and rewind take over the YAML as it is now: they are the way out when a source was changed
 * on purpose. With them the reject exporters forget which rejected rows of those stages they
 * have: what is read again is rejected again.
 *
 * The graph's locks are taken first, so that a run that is under way refuses; and each checkpoint
 * gets a new epoch, so that a run without the lock is fenced off. All of it may be said again when
 * it was cut off halfway.
 *
 * Deliberately elsewhere: the command line and its words (checkpoint_asked.c, inquiry_verb.c).
 * Thread: the graph's strand. The graph has not been opened.
 */
#ifndef SL_AMEND_H
#define SL_AMEND_H

#include "daemon/checkpoint.h"
#include "daemon/once.h"

typedef struct sl_amend_kept { /* what is kept of one exporter; in the graph's arena */
    const char *text;          /* the JSON; NULL: nothing */
    const char *place;         /* the database that it is kept in, as people write it; NULL: none */
    sl_kept kept;
    const char *why; /* NULL, or why the JSON cannot be read: kept is empty then */
} sl_amend_kept;

sl_status sl_amend_read(sl_once *once, uint32_t exporter, sl_amend_kept *found);
/* What the next run would say of it: *refusal, in the arena, NULL: it goes on. Names of changed
 * stages: sl_once_changed, until the next call. */
sl_status sl_amend_judge(sl_once *once, uint32_t exporter, const sl_amend_kept *found,
                         const char **refusal);

/* position: a valid JSON object. Exporters that have no checkpoint get one. */
sl_status sl_amend_set(sl_once *once, uint32_t reader, const char *position);
/* exporter UINT32_MAX: all that have a checkpoint. */
sl_status sl_amend_rewind(sl_once *once, uint32_t exporter);
sl_status sl_amend_drop(sl_once *once, uint32_t exporter);

#endif

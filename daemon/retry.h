/*
 * retry.h - rejected rows are tried again: fed to the stage that refused them, as they were, or as
 * somebody has mended their `_values` since.
 *
 * One transaction: the rows that come out, those that are refused again with their new reasons,
 * and the deletion of those that were tried become real together, or nothing does. So a retry may
 * be killed at any time, and the main exporters must write to the database of the rejected rows.
 * Readers read nothing, and checkpoints stay as they are.
 *
 * Thread: the graph's strand, which is the caller's.
 */
#ifndef SL_RETRY_H
#define SL_RETRY_H

#include "daemon/reject_table.h"

typedef struct sl_retry_order {
    uint32_t exporter;   /* the reject exporter whose rows are tried */
    uint32_t stage;      /* those that it refused */
    const int64_t *rows; /* rowids; count 0: all, */
    uint32_t rows_count;
    int64_t until; /* ... up to this one: not those that are refused meanwhile */
} sl_retry_order;

typedef struct sl_retry_done {
    int64_t tried, again, stayed; /* rows; again: of those tried, refused by whatever stage */
} sl_retry_done;

/* Whether the stage's rows can be tried again: what stands in the way is said, at its place in
 * the YAML. SL_OK or SL_ERROR. */
sl_status sl_retry_check(const sl_env *env, const sl_plan *plan, uint32_t exporter, uint32_t stage,
                         sl_errors *errors);
/* Does it. Rows that cannot be read stay and are said in the options' log. written(), for each
 * exporter that has written rows, when all of them are safe. SL_OK or SL_ERROR: nothing has
 * changed. */
sl_status sl_retry_run(const sl_plan *plan, const sl_graph_options *options, sl_errors *errors,
                       const sl_retry_order *order, sl_retry_done *done,
                       void (*written)(void *of, const sl_plan_stage *exporter, int64_t rows),
                       void *of);

#endif

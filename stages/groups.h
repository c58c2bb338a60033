/*
 * groups.h - count, sum, total, avg, min, max of numbers, by key, as the rows go by.
 *
 * The fast way of aggregate. Answers are those of SQLite's own functions to the bit: integers
 * are summed as integers until a real comes or they overflow, reals are added in the order of
 * the rows as SQLite before 3.43 does (later versions compensate; sl_groups_call refuses sums
 * there, and SQLite itself does the work).
 *
 * When memory is full, groups that are there go on; a row of another group is not taken, and
 * no row of that group ever will be: its rows are the owner's to keep (sql_group.h).
 *
 * Thread: WORKER, with the stage.
 */
#ifndef SL_GROUPS_H
#define SL_GROUPS_H

#include "stages/key_set.h"
#include "stages/sql_group.h"

typedef enum sl_groups_function {
    SL_GROUPS_COUNT_ROWS, /* count(*) */
    SL_GROUPS_COUNT,
    SL_GROUPS_SUM,
    SL_GROUPS_TOTAL,
    SL_GROUPS_AVG,
    SL_GROUPS_MIN,
    SL_GROUPS_MAX,
} sl_groups_function;

typedef struct sl_groups_call {
    sl_groups_function function;
    int32_t field;         /* index of the argument among the fields; -1: none */
    const sl_value *value; /* where it stands in the YAML */
} sl_groups_call;

/* Reads an expression; 0: it is not one call of these over one column (of numbers). */
int sl_groups_read_call(const sl_sql_expression *expression, const sl_column *fields,
                        uint32_t fields_count, sl_groups_call *call);

typedef struct sl_groups sl_groups;

/* calls: borrowed, with `field` now the index of the argument's cell in a row; number: reads
 * texts as sum() does. NULL: failed, said. */
sl_groups *sl_groups_new(sl_stage *stage, int64_t memory, uint32_t keys_count,
                         const sl_groups_call *calls, uint32_t calls_count, sl_sql_group *number);
void sl_groups_free(sl_groups *groups); /* NULL: nothing */

/* A row: its keys, then the arguments. *taken 0: it belongs to a group that is not here. */
sl_status sl_groups_take(sl_groups *groups, const sl_cell *row, int32_t *taken);

/* No more rows come: stands before the first group by key. */
void sl_groups_finish(sl_groups *groups);
/* SL_OK: stands on the next one; SL_END. */
sl_status sl_groups_step(sl_groups *groups);
const uint8_t *sl_groups_key(const sl_groups *groups, size_t *size);
/* Its keys, then the results, good until the groups are freed. SL_ERROR: said. */
sl_status sl_groups_values(const sl_groups *groups, sl_cell *cells);

/* The key of some cells, as the groups order it. */
sl_status sl_groups_make_key(sl_stage *stage, sl_key *key, const sl_cell *cells, uint32_t count);

#endif

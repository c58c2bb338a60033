/*
 * sql_group.h - SELECT aggregates GROUP BY keys over rows in a temporary file.
 *
 * The general way of aggregate: any aggregate of SQLite, in expressions, with DISTINCT and
 * FILTER. Rows are the values of the keys and then those of the fields; they stand in a
 * connection as the virtual table `batch`, and SQLite's own sorter, bounded and spilling,
 * brings equal keys together. Within a group rows keep their order, so that sums of reals are
 * those of SQLite to the bit. Groups come in the order of their keys.
 *
 * Deliberately elsewhere: simple aggregates of numbers, which need no rows kept (groups.h).
 * Thread: WORKER, with the stage; sl_sql_group_interrupt: ANY THREAD.
 */
#ifndef SL_SQL_GROUP_H
#define SL_SQL_GROUP_H

#include "stages/spill.h"
#include "stages/sql.h"

typedef struct sl_sql_group sl_sql_group;

/* What the expressions are compiled against. Borrowed; outlives the group. */
typedef struct sl_sql_group_scene {
    const sl_column *fields; /* what an expression may name: columns, names of keys */
    const int32_t *is_key;   /* of each: 1: it is a key, and may stand outside aggregates */
    uint32_t fields_count;
    uint32_t keys_count;
    const sl_sql_expression *expressions;
    uint32_t expressions_count;
} sl_sql_group_scene;

sl_sql_group *sl_sql_group_new(sl_stage *stage); /* NULL: no memory, said */
void sl_sql_group_free(sl_sql_group *group);     /* NULL: nothing */

/* All mistakes are said, each with its place. SL_OK or SL_ERROR. */
sl_status sl_sql_group_compile(sl_sql_group *group, const sl_sql_group_scene *scene);
/* The fields that the expressions name, of *count: their indexes, in the order in which their
 * values follow the keys in a row. */
const uint32_t *sl_sql_group_used(const sl_sql_group *group, uint32_t *count);

/* The number that SQLite's sum() sees in a TEXT or BLOB. SL_ERROR: no memory, said. */
sl_status sl_sql_group_number(sl_sql_group *group, const sl_cell *cell, sl_cell *number);

/* Stands before the first group of the rows in the file; flushes it. */
sl_status sl_sql_group_begin(sl_sql_group *group, sl_spill *rows);
/* SL_OK: the next group; SL_END; SL_ERROR: said. */
sl_status sl_sql_group_step(sl_sql_group *group);
/* The keys, then the expressions; slices are good until the next step. SL_ERROR: no memory. */
sl_status sl_sql_group_values(sl_sql_group *group, sl_cell *cells);

void sl_sql_group_interrupt(sl_sql_group *group); /* NULL: nothing */

#endif

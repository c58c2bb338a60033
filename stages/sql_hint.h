/*
 * sql_hint.h - what is said about mistakes in an expression: where, what, and what to do.
 *
 * check looks before SQLite does, at what SQLite would let pass or say badly: params, quotes and
 * parentheses without an end, queries. explain puts SQLite's own error into words with a place.
 * warn finds what is right SQL and rarely meant.
 */
#ifndef SL_SQL_HINT_H
#define SL_SQL_HINT_H

#include "stages/sql.h"
#include "stages/sql_guard.h"

typedef struct sl_sql_scene {
    sl_stage *stage;
    const sl_sql_expression *expression;
    const sl_column *columns;
    uint32_t count;
} sl_sql_scene;

/* SL_OK, or SL_ERROR: said. */
sl_status sl_sql_hint_check(const sl_sql_scene *scene);
/* Says why SQLite did not compile the expression, which begins at byte `offset` of the statement
 * that was compiled last. Answers SL_ERROR. */
sl_status sl_sql_hint_explain(const sl_sql_scene *scene, const sl_sql_guard *guard, int offset);
void sl_sql_hint_warn(const sl_sql_scene *scene);

#endif

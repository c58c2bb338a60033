/*
 * sql.h - SQL expressions over the rows of a batch, evaluated by SQLite.
 *
 * One sl_sql is one private in-memory connection with one prepared statement: some expressions
 * over the columns of an input. The batch stands in it as a virtual table, so names, types,
 * affinities, NULLs and collations are SQLite's own. A row expression sees one row: aggregates,
 * windows and subqueries are refused.
 *
 *     plan or open   sl_sql_new, sl_sql_compile          once; the columns are known
 *     each, next     sl_sql_begin(sql, batch)
 *                    while (sl_sql_step(sql, &row) == SL_OK)
 *                        sl_sql_value(sql, 0, &cell) ...
 *     close          sl_sql_free                          NULL is fine
 *
 * What a row does wrong (a misfit that an expression reads, integer overflow, malformed JSON)
 * rejects that row with the reason, inside step, and evaluation goes on with the next one.
 *
 * Deliberately elsewhere: what SQL may do here (sql_guard.h), how cells become values
 * (sql_table.h), where words stand in an expression (sql_token.h), what is said about mistakes
 * (sql_hint.h); files of databases (sqlite_db.h).
 * Thread: WORKER, with the stage; sl_sql_interrupt: ANY THREAD.
 */
#ifndef SL_SQL_H
#define SL_SQL_H

#include "stages/core/stage.h"

typedef struct sl_sql sl_sql;
struct sqlite3_stmt;

/* An expression, and where it stands in the YAML. */
typedef struct sl_sql_expression {
    const char *text;      /* terminated; lives as long as the stage */
    const sl_value *value; /* whose text it is, for the caret; NULL: not known */
} sl_sql_expression;

typedef uint32_t sl_sql_shape;
#define SL_SQL_VALUES 0u /* every selected row comes, with the value of each expression */
#define SL_SQL_WHERE 1u  /* one expression: only rows where it is true come, without values */
#define SL_SQL_RULES                                                                               \
    2u /* every selected row comes; value 0 is INTEGER: the index of the first                     \
        * expression that is not true, or NULL: all are */

/* Gives an empty one; NULL: no memory, said. */
sl_sql *sl_sql_new(sl_stage *stage);
void sl_sql_free(sl_sql *sql); /* NULL: nothing */

/*
 * Compiles expressions over columns (sl_host.input_columns; they outlive sql). All mistakes are
 * said, each with its place; warnings are logged. Params of the graph are bound as :name.
 * SL_OK, or SL_ERROR. Not when: called before and it answered SL_OK.
 */
sl_status sl_sql_compile(sl_sql *sql, const sl_column *columns, uint32_t columns_count,
                         sl_sql_shape shape, const sl_sql_expression *expressions,
                         uint32_t expressions_count);
int32_t sl_sql_compiled(const sl_sql *sql); /* 1: compile answered SL_OK; NULL: 0 */

/* Stands before the first selected row. Borrows the batch until end (or the next begin): its
 * selection and columns must not change before. */
void sl_sql_begin(sl_sql *sql, sl_batch *batch);
/* Is asked of each row before it is evaluated, in order: SL_OK; SL_END: pass over it; SL_ERROR:
 * the graph does not go on, said. */
typedef sl_status sl_sql_look(sl_stage *stage, sl_batch *borrowed, uint32_t row);
void sl_sql_before(sl_sql *sql, sl_sql_look *look); /* for every run from now on; NULL: none */
/* The next row that comes: SL_OK and its index in the batch in *row; SL_END: no more; SL_ERROR:
 * the graph does not go on, said. Rows that cannot be evaluated are rejected and passed over. */
sl_status sl_sql_step(sl_sql *sql, uint32_t *row);
/* Index of that row in batch->selection: what sl_host.rest takes. */
uint32_t sl_sql_position(const sl_sql *sql);
/* Forgets the batch; also in the middle of it. */
void sl_sql_end(sl_sql *sql);

/* The value of expression `index` for the row that came: INTEGER, REAL, TEXT, BLOB or NULL.
 * Slices are good until the next step or end. SL_ERROR: no memory, said. */
sl_status sl_sql_value(sl_sql *sql, uint32_t index, sl_cell *value);
/* The statement whose result columns these are, for sqlite3_column_value() and kin. */
struct sqlite3_stmt *sl_sql_statement(const sl_sql *sql);

/* The index of the column that an expression is, when it is nothing but a column's name (bare
 * or quoted); -1: it is more than that, or no column. Such a column can be taken from the batch
 * as it stands, face, type and all. */
int32_t sl_sql_plain(const char *text, const sl_column *columns, uint32_t count);
/* The type of an expression where its spelling says it: a literal, CAST(... AS type); else ANY. */
sl_type sl_sql_type(const char *text);

/* Binds the params of the graph that a statement names as :name. A code of SQLite. */
int sl_sql_bind(sl_stage *stage, struct sqlite3_stmt *statement);

/* Cuts short a step. ANY THREAD. NULL: nothing. */
void sl_sql_interrupt(sl_sql *sql);

#endif

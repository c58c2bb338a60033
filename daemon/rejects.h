/*
 * rejects.h - the rows that stages refused, gathered into batches for one reject exporter.
 *
 * Every rejected row has the same columns, whatever stage it comes from: _stage, _reason,
 * _column, _source, _row, _line, _raw, _values. At most one batch is gathered; the graph
 * drains it before the next pull.
 *
 * Thread: the graph's strand.
 */
#ifndef SL_REJECTS_H
#define SL_REJECTS_H

#include "stages/core/generator.h"

typedef struct sl_rejects sl_rejects;

sl_rejects *sl_rejects_new(const sl_env *env, sl_pool *pool); /* NULL: no memory */
void sl_rejects_free(sl_rejects *rejects);                    /* NULL: nothing */

/* SL_OK: taken. SL_PENDING: full, drain first and add again. SL_ERROR: no memory. */
sl_status sl_rejects_add(sl_rejects *rejects, const sl_reject *row);
int32_t sl_rejects_waiting(const sl_rejects *rejects); /* 1: rows are gathered */
void sl_rejects_end(sl_rejects *rejects);              /* no more will come: then END */
/* What the reject exporter pulls: the gathered rows, PENDING when there are none. */
sl_input sl_rejects_as_input(sl_rejects *rejects);

#endif

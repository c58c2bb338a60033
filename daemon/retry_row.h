/*
 * retry_row.h - a rejected row's `_values`, a JSON object, as the row that it was.
 *
 *     null, absent     NULL
 *     number           a face in a column of faces (CSV), otherwise a NUMERAL, as it is spelled
 *     string           TEXT; in a blob column the bytes that its hex digits say
 *     true, false      a face, or INTEGER 1 and 0 in a boolean column
 *     array, object    TEXT, the JSON as it is
 *
 * Thread: the graph's strand.
 */
#ifndef SL_RETRY_ROW_H
#define SL_RETRY_ROW_H

#include "stages/core/batch.h"

#define SL_RETRY_WHY 256

/* Fills row 0 of an empty batch of these columns. 1; 0: the text is no such row, why says what is
 * wrong with it. */
int32_t sl_retry_row(sl_batch *batch, const sl_column *columns, uint32_t count, const char *json,
                     size_t size, char why[SL_RETRY_WHY]);

#endif

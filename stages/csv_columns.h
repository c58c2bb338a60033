/*
 * csv_columns.h - the columns of a CSV source: their names, their types, and where the fields of
 * a further file go.
 *
 * Names come from a header, from the option `header`, or are made: column_1, column_2. A header's
 * empty name becomes column_N, and a name that stands there twice name_2, because columns are
 * found by name everywhere else; both are said. Types come from the option `columns`, else from a
 * sample (infer.h).
 *
 * Deliberately elsewhere: bytes and fields (csv_scan.h).
 */
#ifndef SL_CSV_COLUMNS_H
#define SL_CSV_COLUMNS_H

#include "stages/infer.h"

typedef struct sl_csv_columns {
    uint32_t count;  /* fields of a record */
    uint32_t added;  /* columns behind them: the file's name, the row's number */
    sl_column *list; /* count + added */
    void *memory;    /* names and list, one piece */
} sl_csv_columns;

/* Makes columns named by cells (a header; NULLs are empty names), of type TEXT. extra: names of
 * added columns, NULL ones left out; TEXT and INTEGER. `quiet`: renamed columns are not said. */
sl_status sl_csv_columns_from_cells(sl_stage *stage, const sl_cell *names, uint32_t count,
                                    const char *const extra[2], const char *source, int32_t quiet,
                                    sl_csv_columns *made);
/* Named by the option `header: [..]`; a name twice is an error there. */
sl_status sl_csv_columns_from_list(sl_stage *stage, const sl_value *names,
                                   const char *const extra[2], sl_csv_columns *made);
void sl_csv_columns_free(sl_stage *stage, sl_csv_columns *columns);

/* The option `columns: {name: type}`: sets type, DECLARED and FACES. A name that is no column and
 * a word that is no type are errors. flags: for all columns of fields. */
sl_status sl_csv_columns_declare(sl_stage *stage, sl_csv_columns *columns, const sl_value *types,
                                 uint32_t flags);

/* Where the fields of another header go: map[i] is the column of field i, or SL_CSV_NO_COLUMN.
 * missing: how many columns have no field. */
#define SL_CSV_NO_COLUMN UINT32_MAX
sl_status sl_csv_columns_match(sl_stage *stage, const sl_csv_columns *columns,
                               const sl_csv_columns *other, uint32_t *map, uint32_t *missing);

#endif

/*
 * csv_dialect.h - the options that say how a CSV is written: delimiter, quote and their kin.
 *
 * Deliberately elsewhere: what they mean (csv_scan.h), the option table (csv_reader.c).
 */
#ifndef SL_CSV_DIALECT_H
#define SL_CSV_DIALECT_H

#include "stages/csv_scan.h"

typedef struct sl_csv_options {
    const char *delimiter, *quote, *escape, *comment, *null_text;
    const sl_value *header; /* NULL, or a list: names, or one of true and false */
    const sl_value *types;
    int32_t trim, infer, ragged, blank, differ, misfit, comma;
    int64_t sample_rows, sample_bytes;
} sl_csv_options;

enum { SL_CSV_RAGGED_REJECT, SL_CSV_RAGGED_PAD };
enum { SL_CSV_BLANK_AUTO, SL_CSV_BLANK_SKIP, SL_CSV_BLANK_ROW };
enum { SL_CSV_DIFFER_ERROR, SL_CSV_DIFFER_FILL, SL_CSV_DIFFER_IGNORE };
enum { SL_CSV_MISFIT_REJECT, SL_CSV_MISFIT_KEEP, SL_CSV_MISFIT_FAIL };

/* The byte that an option names: one ASCII character, or tab, comma, semicolon, pipe, space.
 * -1: none. */
int32_t sl_csv_dialect_byte(const char *text);

/* Fills all of *dialect but `blank`, which depends on the columns; fails for what is wrong. */
sl_status sl_csv_dialect_read(sl_stage *stage, const sl_csv_options *options,
                              sl_csv_dialect *dialect);

#endif

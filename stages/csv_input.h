/*
 * csv_input.h - the files behind the csv reader: what is open, its header, its columns, and the
 * bytes that were read and not yet given.
 *
 * Bytes are carried: a header is found in bytes read ahead, a sample is looked at there, and the
 * beginning of a row waits there for its end. Nothing is read twice.
 *
 * Deliberately elsewhere: batches and rejects (csv_reader.c), the tokenizer (csv_scan.h).
 */
#ifndef SL_CSV_INPUT_H
#define SL_CSV_INPUT_H

#include "stages/csv_columns.h"
#include "stages/csv_dialect.h"
#include "stages/source.h"

typedef struct sl_csv_input {
    sl_stage *stage;
    const sl_csv_options *options;
    const sl_source_options *source;
    sl_csv_dialect dialect;
    sl_source *files;
    sl_csv_columns columns; /* of all files; known once started */
    int32_t started;        /* 1: the first file was opened and the columns are declared */

    /* Of the file that is open. */
    int32_t open;
    int32_t eof;           /* 1: all of its bytes were read */
    int32_t later;         /* 1: with follow, all that are there now */
    int32_t ending;        /* how the text that was taken ended, at its end: SL_SOURCE_* */
    sl_source_stand stand; /* at the end of the last batch */
    int64_t row;           /* rows before the next one */
    int64_t line;          /* of the next byte that is carried */
    uint32_t fields;       /* of its records */
    uint32_t *map;         /* field -> column or SL_CSV_NO_COLUMN; NULL: one to one */
    int32_t gaps;          /* 1: some columns have no field here */
    double average;        /* bytes of a row, as far as seen */

    char *carry; /* bytes read and not yet given: carry[from .. to) */
    size_t from, to, room;
} sl_csv_input;

/* Reads the options; fails for each that is wrong. The rest of *made is zero. */
sl_status sl_csv_input_init(sl_csv_input *made, sl_stage *stage, const sl_csv_options *options,
                            const sl_source_options *source);
void sl_csv_input_done(sl_csv_input *input);

/* Declares the columns where the YAML alone says them; does nothing where it does not. */
sl_status sl_csv_input_name(sl_csv_input *input);
/* Opens the first file; its header and a sample say the columns, which are declared. */
sl_status sl_csv_input_start(sl_csv_input *input);
/* Opens the next file, reads its header, goes on where an earlier run stood. SL_END after the last;
 * SL_PENDING, with a wake on its way. */
sl_status sl_csv_input_next(sl_csv_input *input);
/* Begins again with the first file, each where the position says. */
sl_status sl_csv_input_seek(sl_csv_input *input, const char *position);
/* Makes `stand` where the next record begins. */
void sl_csv_input_stand(sl_csv_input *input);

/* Fills bytes[0 .. size) from what is carried, then from the file. *got < size: the file ends, or
 * has no more now (eof, later). */
sl_status sl_csv_input_read(sl_csv_input *input, char *bytes, size_t size, size_t *got);
/* The last `size` of the bytes that read() gave are carried again. */
sl_status sl_csv_input_give_back(sl_csv_input *input, const char *bytes, size_t size);
/* Reads ahead until `size` bytes are carried or the file ends. */
sl_status sl_csv_input_ahead(sl_csv_input *input, size_t size);

#endif

/*
 * csv_scan.h - the CSV tokenizer: from bytes to cells that are slices of these bytes.
 *
 * Pure: no file, no memory of its own. Bytes are looked at 64 at a time for what has a meaning
 * (delimiter, quote, escape, CR, LF); the letters between are never touched.
 *
 * The grammar is RFC 4180 and what people have:
 *   - a record ends at LF, CR LF or a lone CR, mixed as it comes, or at the end of the bytes
 *   - a field is quoted when it begins with the quote; a quote elsewhere is a letter like others
 *   - inside quotes a doubled quote is one quote; with an escape, it makes the next byte a letter
 *   - an empty unquoted field, and an unquoted field equal to null_text, is NULL; "" is empty text
 *   - a record of no bytes is blank, one that begins with the comment byte is a comment
 * What cannot be read is a problem of one record: the scan stops behind it, says what it was,
 * and goes on with the next record when it is called again.
 *
 * Deliberately elsewhere: names and types of columns (csv_columns.h), files (source.h).
 */
#ifndef SL_CSV_SCAN_H
#define SL_CSV_SCAN_H

#include "stages/core/stage.h"

typedef struct sl_csv_dialect {
    char delimiter;
    int32_t quote;   /* a byte; -1: none */
    int32_t escape;  /* a byte; -1: none, and quotes are doubled */
    int32_t comment; /* a byte; -1: none */
    int32_t trim;    /* 1: spaces and tabs around fields are no part of them */
    int32_t blank;   /* 1: a blank record is a record of one NULL; 0: it is passed over */
    int32_t pad;     /* 1: a record with too few fields is filled with NULLs */
    const char *null_text;
    size_t null_size; /* 0: only the empty field is NULL */
} sl_csv_dialect;

typedef enum sl_csv_status {
    SL_CSV_FULL,   /* the rows asked for are there */
    SL_CSV_MORE,   /* the record at `at` goes on beyond the bytes; or none is left */
    SL_CSV_RECORD, /* one record has a problem: see problem */
} sl_csv_status;

typedef enum sl_csv_problem {
    SL_CSV_FINE,
    SL_CSV_SHORT,       /* fewer fields than columns; those there are were written */
    SL_CSV_LONG,        /* more fields than columns */
    SL_CSV_AFTER_QUOTE, /* text after a closing quote */
    SL_CSV_UNCLOSED,    /* the bytes end inside quotes */
    SL_CSV_UTF8,        /* not valid UTF-8 */
} sl_csv_problem;

typedef struct sl_csv_scan {
    const sl_csv_dialect *dialect;
    char *at;      /* the next record; moves */
    char *end;     /* behind the last byte */
    int32_t final; /* 1: nothing comes after end */
    int32_t keep;  /* 1: bytes are not changed: doubled quotes stay */
    int64_t line;  /* number of the line at `at`, from 1; moves */

    /* The record with a problem. */
    sl_csv_problem problem;
    const char *record; /* its bytes, as they were read, */
    size_t record_size; /* without the line end */
    int64_t record_line;
    uint32_t fields; /* how many it has; AFTER_QUOTE, UNCLOSED: the number of the field, from 1 */
    size_t byte;     /* UTF8: the first bad byte of the record, from 0 */
} sl_csv_scan;

/*
 * Reads records into columns[0 .. fields)[*row], moving *row, until *row == rows. lines, when not
 * NULL, gets the line of each. The cells are NULL or TEXT. With fields == 0 every record is
 * LONG: so one learns how many fields a header has.
 */
sl_csv_status sl_csv_scan_rows(sl_csv_scan *scan, sl_cell *const *columns, uint32_t fields,
                               int64_t *lines, uint32_t *row, uint32_t rows);

/*
 * Passes over a record that is too large to hold: begin with a zeroed one at the record's first
 * byte, give it the bytes as they come. Answers how many bytes were used; done is set when the
 * record's end was among them (the line end included).
 */
typedef struct sl_csv_skip {
    int32_t state; /* the scanner's */
    int32_t cr;    /* 1: the last byte was a CR */
    int32_t done;  /* 1: the end was seen */
    int64_t lines; /* line ends passed, the record's own included */
    int64_t bytes; /* passed, line ends included */
} sl_csv_skip;

size_t sl_csv_skip_bytes(sl_csv_skip *skip, const sl_csv_dialect *dialect, const char *bytes,
                         size_t size);
/* 1: the bytes so far end inside quotes. */
int32_t sl_csv_skip_quoted(const sl_csv_skip *skip);
/* 1: it is a comment, not a record. */
int32_t sl_csv_skip_comment(const sl_csv_skip *skip);

#endif

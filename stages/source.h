/*
 * source.h - the files behind a reader: paths, globs, standard input; plain, gzip or zstd by
 * content; converted to UTF-8. What the csv, jsonl and lines readers share.
 *
 * A source is a row of files read one after the other. The reader asks for bytes into memory
 * of its own (a batch's), so that a field is a slice of what was read and never a copy.
 *
 * Compression is found by the first bytes, not by the name: gzip (1f 8b; several members, zero
 * padding at the end) and zstd (28 b5 2f fd; several frames). A truncated or damaged member is
 * a failure that says the file and the byte, after everything before it was given. Output is
 * bounded: beyond max_ratio (compared once 1 MiB came out) or max_output it fails, naming the
 * option to raise.
 *
 * Not for: following files that grow; this reads what is there.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_H
#define SL_SOURCE_H

#include "stages/core/stage.h"

typedef struct sl_source sl_source;

/* The fields and table rows of the options that these readers share: put SL_SOURCE_FIELDS in
 * the stage's struct and SL_SOURCE_OPTIONS(struct name) in its table. */
typedef struct sl_source_options {
    const sl_value *path;     /* list: file, -, glob */
    const char *file_column;  /* NULL: no column with the file's name */
    const char *row_column;   /* NULL: no column with the row's number */
    int32_t encoding;         /* index into "utf-8|latin1|cp1252|utf-16|utf-16le|utf-16be" */
    double max_ratio;
    int64_t max_output;       /* bytes of one file, decompressed; 0: no bound */
    int64_t max_window;       /* bytes of a zstd window */
} sl_source_options;

#define SL_SOURCE_OPTIONS(owner)                                                               \
    {"path", SL_OPTION_LIST, 0, offsetof(struct owner, source.path), NULL, NULL, NULL, NULL,   \
     "The file to read, `-` for standard input, a glob (its files in byte order), or a list "  \
     "of these; gzip and zstd are found by content."},                                         \
    {"file_column", SL_OPTION_TEXT, 0, offsetof(struct owner, source.file_column), "", NULL,   \
     NULL, NULL, "Name of an added column with the path of the file that the row is from."},   \
    {"row_column", SL_OPTION_TEXT, 0, offsetof(struct owner, source.row_column), "", NULL,     \
     NULL, NULL, "Name of an added column with the row's number in its file, from 1."},        \
    {"encoding", SL_OPTION_CHOICE, 0, offsetof(struct owner, source.encoding), "utf-8", NULL,  \
     NULL, "utf-8|latin1|cp1252|utf-16|utf-16le|utf-16be",                                     \
     "How the file's text is encoded; a byte order mark of UTF-8 or UTF-16 is obeyed."},       \
    {"max_ratio", SL_OPTION_REAL, 0, offsetof(struct owner, source.max_ratio), "200", "1",     \
     NULL, NULL, "A compressed file that grows beyond this ratio is refused as a bomb."},      \
    {"max_output", SL_OPTION_SIZE, 0, offsetof(struct owner, source.max_output), "0", "0",     \
     NULL, NULL, "Bytes that one compressed file may decompress to; 0 is no bound."},          \
    {"max_window", SL_OPTION_SIZE, 0, offsetof(struct owner, source.max_window), "8MiB",       \
     "1KiB", "2GiB", NULL,                                                                     \
     "Largest window of a zstd file; files made with --ultra or --long need more."}

/* Gives a source; options are borrowed and outlive it. NULL: no memory, said. */
sl_source *sl_source_new(sl_stage *stage, const sl_source_options *options);
void sl_source_free(sl_source *source); /* NULL: nothing */

/* Expands globs; in plan and in open; a second call does nothing. A path that is there is taken
 * as it is, also with `*?[` in its name. A glob's folders are passed over. A glob that matches
 * nothing and a file that is not there fail with SL_CODE_NO_INPUT. */
sl_status sl_source_list(sl_source *source);
/* Whether every file is a regular one, so that plan may look into it (calls list, except
 * offline: then 0). */
int32_t sl_source_may_look(sl_source *source);

/* Opens the next file: SL_OK, SL_END after the last, SL_ERROR. */
sl_status sl_source_next(sl_source *source);
/* Reads at most `size` decoded bytes of the file that is open: > 0 bytes, 0 at its end, -1
 * failed (said). Fills as much as it can before the end. */
int64_t sl_source_read(sl_source *source, char *bytes, size_t size);
/* Opens the file called `name` and passes over `offset` decoded bytes (a real seek where the
 * file is plain UTF-8). Standard input and FIFOs go to offset 0 only. */
sl_status sl_source_seek(sl_source *source, const char *name, int64_t offset);

const char *sl_source_name(const sl_source *source); /* of the open file; lives as the source */
uint32_t sl_source_index(const sl_source *source);   /* of the open file in the row, from 0 */
uint32_t sl_source_count(const sl_source *source);
int64_t sl_source_offset(const sl_source *source); /* decoded bytes given of the open file */

#endif

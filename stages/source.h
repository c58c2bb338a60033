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
 * A position (source_place.h) covers every file read so far. After seek(), next() gives each file
 * where it is to go on, and passes over those that have nothing new. A file is known by device,
 * inode and content before its name: one that was renamed is the same one, unless it is a link,
 * and another path of the list leads to it too.
 *
 * With follow, files are read as they grow (source_follow.h): read() says SL_SOURCE_LATER where a
 * file ends for now, next() says SL_PENDING when no file has anything new, and neither ever says
 * that all has ended.
 *
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_H
#define SL_SOURCE_H

#include "stages/source_place.h"

typedef struct sl_source sl_source;

/* The fields and table rows of the options that these readers share: put SL_SOURCE_FIELDS in
 * the stage's struct and SL_SOURCE_OPTIONS(struct name) in its table. */
typedef struct sl_source_options {
    const sl_value *path;    /* list: file, -, glob */
    const char *file_column; /* NULL: no column with the file's name */
    const char *row_column;  /* NULL: no column with the row's number */
    int32_t encoding;        /* index into "utf-8|latin1|cp1252|utf-16|utf-16le|utf-16be" */
    double max_ratio;
    int64_t max_output; /* bytes of one file, decompressed; 0: no bound */
    int64_t max_window; /* bytes of a zstd window */
    int32_t follow;
    int64_t poll;        /* microseconds between two looks at files that are followed */
    int64_t rotate_wait; /* microseconds that a file which was rotated may stay quiet */
} sl_source_options;

#define SL_SOURCE_OPTIONS(owner)                                                                   \
    {"path",                                                                                       \
     SL_OPTION_LIST,                                                                               \
     SL_OPTION_SOURCE,                                                                             \
     offsetof(struct owner, source.path),                                                          \
     NULL,                                                                                         \
     NULL,                                                                                         \
     NULL,                                                                                         \
     NULL,                                                                                         \
     "The file to read, `-` for standard input, a glob (its files in byte order), or a list "      \
     "of these; gzip and zstd are found by content."},                                             \
        {"file_column",                                                                            \
         SL_OPTION_TEXT,                                                                           \
         0,                                                                                        \
         offsetof(struct owner, source.file_column),                                               \
         "",                                                                                       \
         NULL,                                                                                     \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "Name of an added column with the path of the file that the row is from."},               \
        {"row_column",                                                                             \
         SL_OPTION_TEXT,                                                                           \
         0,                                                                                        \
         offsetof(struct owner, source.row_column),                                                \
         "",                                                                                       \
         NULL,                                                                                     \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "Name of an added column with the row's number in its file, from 1."},                    \
        {"encoding",                                                                               \
         SL_OPTION_CHOICE,                                                                         \
         0,                                                                                        \
         offsetof(struct owner, source.encoding),                                                  \
         "utf-8",                                                                                  \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "utf-8|latin1|cp1252|utf-16|utf-16le|utf-16be",                                           \
         "How the file's text is encoded; a byte order mark of UTF-8 or UTF-16 is obeyed."},       \
        {"max_ratio",                                                                              \
         SL_OPTION_REAL,                                                                           \
         0,                                                                                        \
         offsetof(struct owner, source.max_ratio),                                                 \
         "200",                                                                                    \
         "1",                                                                                      \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "A compressed file that grows beyond this ratio is refused as a bomb."},                  \
        {"max_output",                                                                             \
         SL_OPTION_SIZE,                                                                           \
         0,                                                                                        \
         offsetof(struct owner, source.max_output),                                                \
         "0",                                                                                      \
         "0",                                                                                      \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "Bytes that one compressed file may decompress to; 0 is no bound."},                      \
        {"max_window",                                                                             \
         SL_OPTION_SIZE,                                                                           \
         0,                                                                                        \
         offsetof(struct owner, source.max_window),                                                \
         "8MiB",                                                                                   \
         "1KiB",                                                                                   \
         "2GiB",                                                                                   \
         NULL,                                                                                     \
         "Largest window of a zstd file; files made with --ultra or --long need more."},           \
        {"follow",                                                                                 \
         SL_OPTION_BOOLEAN,                                                                        \
         0,                                                                                        \
         offsetof(struct owner, source.follow),                                                    \
         "false",                                                                                  \
         NULL,                                                                                     \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "Whether to go on reading as the files grow and new ones come, for ever."},               \
        {"poll",                                                                                   \
         SL_OPTION_DURATION,                                                                       \
         0,                                                                                        \
         offsetof(struct owner, source.poll),                                                      \
         "250ms",                                                                                  \
         "1ms",                                                                                    \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "With follow: how long to wait before looking for something new; where nothing has come " \
         "for a while, up to four times as long."},                                                \
    {                                                                                              \
        "rotate_wait", SL_OPTION_DURATION, 0, offsetof(struct owner, source.rotate_wait), "5s",    \
            "0s", NULL, NULL,                                                                      \
            "With follow: how long a file that was rotated must be quiet before it counts as "     \
            "ended."                                                                               \
    }

#define SL_SOURCE_LATER (-2) /* read(): the file has no more now */

/* Where a reader stands in the open file: what a position keeps of it. */
typedef struct sl_source_stand {
    int64_t byte;   /* decoded bytes of records that were given or rejected */
    int64_t row;    /* of these */
    int64_t line;   /* as the reader counts */
    uint32_t state; /* the reader's own */
    int32_t ending; /* at the end of a file: SL_SOURCE_OPEN, SL_SOURCE_CR or 0 */
} sl_source_stand;

/* Gives a source; options are borrowed and outlive it. NULL: no memory, said. */
sl_source *sl_source_new(sl_stage *stage, const sl_source_options *options);
void sl_source_free(sl_source *source); /* NULL: nothing */

/* In plan: lists the files, except offline; says (host->promise) when one cannot be read again;
 * with follow, refuses what cannot be followed. Every mistake is said. */
sl_status sl_source_prepare(sl_source *source);
/* Expands globs; in plan and in open; a second call does nothing. A path that is there is taken
 * as it is, also with `*?[` in its name. A glob's folders are passed over. A glob that matches
 * nothing and a file that is not there fail with SL_CODE_NO_INPUT, unless they are followed. */
sl_status sl_source_list(sl_source *source);
/* Whether every file is a regular one, so that plan may look into it (calls list, except
 * offline: then 0). */
int32_t sl_source_may_look(sl_source *source);

/* The open file is done, at *stand; opens the next one: SL_OK, and *stand is where to go on in it
 * (call go_on for that); SL_END after the last; SL_PENDING: followed files have nothing new, see
 * wait; SL_ERROR. */
sl_status sl_source_next(sl_source *source, sl_source_stand *stand);
/* Passes over what was given in an earlier run: stand->byte decoded bytes. A line end that has
 * come since, of a last row that had none, is passed over too, and stand->byte moves. A row that
 * goes on where the earlier run saw its end is a failure. */
sl_status sl_source_go_on(sl_source *source, sl_source_stand *stand);
/* Reads at most `size` decoded bytes of the file that is open: > 0 bytes, 0 at its end, -1
 * failed (said), SL_SOURCE_LATER. Fills as much as it can before the end. */
int64_t sl_source_read(sl_source *source, char *bytes, size_t size);
/* The last byte that was read of the open file; -1: none. */
int32_t sl_source_last(const sl_source *source);
/* Asks for a wake after `poll`; answers SL_PENDING. */
sl_status sl_source_wait(sl_source *source);

/* The position: all files, and *stand in the open one. */
sl_status sl_source_tell(sl_source *source, const sl_source_stand *stand, sl_text *position);
/* The next file is the first one again, and each goes on where the position says. */
sl_status sl_source_seek(sl_source *source, const char *position);

const char *sl_source_name(const sl_source *source); /* of the open file; until next */
int64_t sl_source_offset(const sl_source *source);   /* decoded bytes given of the open file */

#endif

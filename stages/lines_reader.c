/*
 * lines_reader.c - a line of text becomes a row.
 *
 * The file's bytes are read into the batch's own memory, a piece at a time; a line is a slice
 * of it. What is read and not yet a row is carried over: to the next, larger piece when a line
 * is longer than the piece, or to the next batch. How much is read is guessed from the lines
 * seen lately, so that little needs carrying.
 *
 * A line that is rejected keeps its place in the batch, outside the selection, so that
 * first_row + row stays the line's number.
 *
 * Deliberately elsewhere: files, compression, encodings (source.h).
 */
#include "stages/source.h"

#include <string.h>

#include "stages/core/value.h"

#define LEAST_READ ((size_t)4 * 1024)
#define MOST_READ ((size_t)256 * 1024)
#define USUAL_LINE 64
#define RAW_SHOWN 200

enum { INVALID_REJECT, INVALID_REPLACE, INVALID_KEEP };

struct lines_reader {
    sl_source_options source;
    const char *column;
    int32_t invalid;

    sl_source *files;
    sl_source_stand stand; /* at the end of the last batch, or of the file */
    int32_t open;          /* 1: a file is open, and not all of it was given */
    int32_t ended;         /* 1: all of it was read */
    int32_t later;         /* 1: with follow, all that is there now */
    int32_t unbroken;      /* 1: there is no line end in carry */
    int64_t rows;          /* lines of the open file so far */
    size_t usual_line;     /* bytes */
    char *carry;           /* read, and no row yet */
    size_t carried, carry_room;
};
typedef struct lines_reader lines_reader;

typedef struct filling { /* a batch on its way */
    sl_stage *stage;
    lines_reader *self;
    sl_batch *batch;
    char *piece; /* at .. end is read and no row yet */
    char *at;
    char *end;
    int32_t last;  /* 1: piece is what bytes() gave last */
    int32_t full;  /* 1: the next row does not fit */
    int32_t brief; /* 1: a read came short, and the next may fail: give what is there */
    uint32_t live; /* rows in the selection */
} filling;

/* ---- Rows ------------------------------------------------------------------------------- */

static void add_row(filling *to, const char *line, size_t size, int32_t live)
{
    const lines_reader *self = to->self;
    sl_batch *batch = to->batch;
    uint32_t row = batch->rows++, column = 1;
    batch->columns[0][row] =
        (sl_cell){.kind = line ? SL_TEXT : SL_NULL, .size = (uint32_t)size, .as.text = line};
    if (self->source.file_column)
        batch->columns[column++][row] = (sl_cell){
            .kind = SL_TEXT, .size = (uint32_t)strlen(batch->source), .as.text = batch->source};
    int64_t number = batch->first_row + row;
    if (self->source.row_column)
        batch->columns[column][row] = (sl_cell){.kind = SL_INTEGER, .as.integer = number};
    if (batch->lines)
        batch->lines[row] = number;
    batch->selection[to->live] = row;
    to->live += (uint32_t)live;
}

static sl_place place_of(const filling *to)
{
    int64_t number = to->batch->first_row + to->batch->rows;
    return (sl_place){.source = to->batch->source, .row = number, .line = number, .column = 1};
}

static sl_status reject_long(filling *to, const char *start, size_t size)
{
    sl_place place = place_of(to);
    place.hint = "raise batch.bytes";
    sl_status status =
        to->stage->host->reject_raw(to->stage, &place, start, size < RAW_SHOWN ? size : RAW_SHOWN,
                                    "the line is longer than the %lld bytes of a batch",
                                    (long long)to->stage->host->batch_bytes(to->stage));
    add_row(to, NULL, 0, 0);
    return status;
}

/* Each byte that is not valid becomes U+FFFD. to NULL: only the size. */
static size_t replace(const char *line, size_t size, char *to)
{
    size_t made = 0;
    while (size > 0) {
        size_t good = sl_value_utf8(line, size);
        if (to)
            memcpy(to + made, line, good);
        made += good;
        if (good == size)
            break;
        if (to)
            memcpy(to + made, "\xef\xbf\xbd", 3);
        made += 3;
        line += good + 1;
        size -= good + 1;
    }
    return made;
}

/* A line that is not valid UTF-8 at `bad`. */
static sl_status add_invalid(filling *to, const char *line, size_t size, size_t bad)
{
    sl_stage *stage = to->stage;
    if (to->self->invalid == INVALID_KEEP) {
        add_row(to, line, size, 1);
        return SL_OK;
    }
    if (to->self->invalid == INVALID_REJECT) {
        sl_place place = place_of(to);
        place.hint = "set encoding to what the file is written in, or invalid: replace";
        sl_status status = stage->host->reject_raw(
            stage, &place, line, size, "the line is not valid UTF-8 at its byte %zu", bad + 1);
        add_row(to, NULL, 0, 0);
        return status;
    }
    size_t needed = replace(line, size, NULL);
    char *made = stage->host->bytes(stage, to->batch, needed);
    if (made) {
        to->last = 0;
        replace(line, size, made);
        add_row(to, made, needed, 1);
        return SL_OK;
    }
    if (to->batch->rows == 0)
        return reject_long(to, line, size);
    to->full = 1;
    return SL_OK;
}

/* Whole lines of at .. stop become rows, as many as the batch has room for. */
static sl_status add_lines(filling *to, char *stop)
{
    sl_batch *batch = to->batch;
    int32_t valid = sl_value_utf8(to->at, (size_t)(stop - to->at)) == (size_t)(stop - to->at);
    while (to->at < stop && batch->rows < batch->capacity) {
        char *end = memchr(to->at, '\n', (size_t)(stop - to->at));
        size_t size = (size_t)((end ? end : stop) - to->at);
        char *next = end ? end + 1 : stop;
        if (end && size > 0 && end[-1] == '\r')
            size--;
        size_t bad = valid ? size : sl_value_utf8(to->at, size);
        sl_status status = SL_OK;
        if (bad == size)
            add_row(to, to->at, size, 1);
        else
            status = add_invalid(to, to->at, size, bad);
        if (status != SL_OK)
            return status;
        if (to->full)
            break;
        to->at = next;
    }
    return SL_OK;
}

static sl_status take_lines(filling *to)
{
    lines_reader *self = to->self;
    char *before = to->at;
    uint32_t rows = to->batch->rows;
    char *stop = to->end;
    if (!self->ended) {
        char *last = memrchr(to->at, '\n', (size_t)(to->end - to->at));
        stop = last ? last + 1 : to->at;
    }
    if (add_lines(to, stop) != SL_OK)
        return SL_ERROR;
    uint32_t added = to->batch->rows - rows;
    if (added > 0)
        self->usual_line = (self->usual_line * 3 + (size_t)(to->at - before) / added) / 4 + 1;
    self->unbroken = to->at == stop;
    return SL_OK;
}

/* ---- Pieces ------------------------------------------------------------------------------- */

/* Carries what is left of the piece, and gives back its memory. */
static sl_status carry_rest(filling *to, uint32_t rows_before)
{
    sl_stage *stage = to->stage;
    lines_reader *self = to->self;
    size_t left = (size_t)(to->end - to->at);
    if (left > self->carry_room) {
        char *carry = stage->host->allocate(stage, self->carry, left);
        if (!carry)
            return sl_no_memory(stage);
        self->carry = carry;
        self->carry_room = left;
    }
    if (left > 0)
        memcpy(self->carry, to->at, left);
    self->carried = left;
    size_t used = to->batch->rows > rows_before ? (size_t)(to->at - to->piece) : 0;
    if (to->last)
        stage->host->trim(stage, to->batch, to->piece, (size_t)(to->end - to->piece), used);
    return SL_OK;
}

static size_t wanted(const filling *to)
{
    const lines_reader *self = to->self;
    size_t rows = to->batch->capacity - to->batch->rows;
    size_t guess = self->usual_line * rows;
    if (guess > MOST_READ)
        guess = MOST_READ;
    if (self->carried < guess)
        guess -= self->carried;
    if (guess < LEAST_READ)
        guess = LEAST_READ;
    /* A long line: twice as much each time. */
    return self->unbroken && guess < self->carried ? self->carried : guess;
}

/* The next piece: what was carried, and fresh bytes behind it. SL_END: it does not fit. */
static sl_status read_piece(filling *to)
{
    sl_stage *stage = to->stage;
    lines_reader *self = to->self;
    size_t room = stage->host->room(stage, to->batch);
    size_t fresh = self->ended || self->later ? 0 : wanted(to);
    if (self->carried + (fresh > 0) > room)
        return SL_END;
    if (self->carried + fresh > room)
        fresh = room - self->carried;
    size_t size = self->carried + fresh;
    to->piece = to->at = stage->host->bytes(stage, to->batch, size);
    if (!to->piece)
        return sl_no_memory(stage);
    to->last = 1;
    if (self->carried > 0)
        memcpy(to->piece, self->carry, self->carried);
    to->end = to->piece + self->carried;
    int64_t got = fresh > 0 ? sl_source_read(self->files, to->end, fresh) : 0;
    self->later = got == SL_SOURCE_LATER;
    if (got < 0 && !self->later)
        return SL_ERROR;
    got = self->later ? 0 : got;
    self->ended = self->ended || (got == 0 && !self->later);
    to->brief = (size_t)got < fresh && got > 0;
    to->end += got;
    stage->host->trim(stage, to->batch, to->piece, size, (size_t)(to->end - to->piece));
    return SL_OK;
}

/* What was taken of the open file. */
static void stand_here(lines_reader *self)
{
    int32_t last = sl_source_last(self->files);
    int32_t at_end = self->ended && self->carried == 0;
    self->stand.byte = sl_source_offset(self->files) - (int64_t)self->carried;
    self->stand.row = self->stand.line = self->rows;
    if (last >= 0)
        self->stand.ending = at_end && last != '\n' ? SL_SOURCE_OPEN : 0;
}

/* The line that is carried fits no batch: passes over it, in the memory of the carry. SL_END: with
 * follow, it has no end yet; it waits for that. */
static sl_status pass_over(filling *to)
{
    lines_reader *self = to->self;
    char raw[RAW_SHOWN];
    size_t shown = self->carried < RAW_SHOWN ? self->carried : RAW_SHOWN;
    stand_here(self);
    if (self->carry_room < LEAST_READ) {
        char *carry = to->stage->host->allocate(to->stage, self->carry, LEAST_READ);
        if (!carry)
            return sl_no_memory(to->stage);
        self->carry = carry;
        self->carry_room = LEAST_READ;
    }
    memcpy(raw, self->carry, shown);
    char *end = NULL;
    while (!end && !self->ended) {
        int64_t got = sl_source_read(self->files, self->carry, self->carry_room);
        self->later = got == SL_SOURCE_LATER;
        if (got < 0)
            return self->later ? SL_END : SL_ERROR;
        self->carried = (size_t)got;
        self->ended = got == 0;
        end = memchr(self->carry, '\n', self->carried);
    }
    self->carried = end ? self->carried - (size_t)(end + 1 - self->carry) : 0;
    if (end)
        memmove(self->carry, end + 1, self->carried);
    return reject_long(to, raw, shown);
}

/* The name is the batch's own: a batch may live longer than the reader. */
static sl_status name_source(filling *to)
{
    const char *name = sl_source_name(to->self->files);
    size_t size = strlen(name) + 1;
    char *copy = to->stage->host->bytes(to->stage, to->batch, size);
    if (!copy)
        return sl_fail_at(to->stage, SL_PLACE(.code = SL_CODE_CONFIG, .hint = "raise batch.bytes"),
                          "not even the name '%s' fits a batch of %lld bytes", name,
                          (long long)to->stage->host->batch_bytes(to->stage));
    memcpy(copy, name, size);
    to->batch->source = copy;
    to->batch->first_row = to->self->rows + 1;
    return SL_OK;
}

/* Rows of the open file until the batch is full or the file is given. */
static sl_status fill(filling *to)
{
    lines_reader *self = to->self;
    sl_batch *batch = to->batch;
    if (name_source(to) != SL_OK)
        return SL_ERROR;
    while (batch->rows < batch->capacity && !(to->brief && batch->rows > 0) && !to->full) {
        uint32_t rows = batch->rows;
        sl_status status = read_piece(to);
        if (status == SL_END && rows > 0)
            break;
        if (status == SL_END)
            status = pass_over(to);
        else if (status == SL_OK && (status = take_lines(to)) == SL_OK)
            status = carry_rest(to, rows);
        if (status == SL_ERROR)
            return SL_ERROR;
        if (status == SL_END) { /* it stands before that line */
            self->open = 0;
            return SL_OK;
        }
        if (batch->rows == batch->capacity || to->full)
            self->later = 0; /* whole lines may be left: it is asked again */
        if (self->later || (self->ended && self->carried == 0)) {
            self->open = 0;
            break;
        }
    }
    self->rows += batch->rows;
    batch->selected = to->live;
    stand_here(self);
    return SL_OK;
}

/* ---- Files --------------------------------------------------------------------------------- */

static sl_status next_file(lines_reader *self)
{
    sl_status status = sl_source_next(self->files, &self->stand);
    if (status == SL_PENDING)
        return sl_source_wait(self->files);
    if (status == SL_OK)
        status = sl_source_go_on(self->files, &self->stand);
    if (status != SL_OK)
        return status;
    self->open = 1;
    self->ended = self->later = self->unbroken = 0;
    self->rows = self->stand.row;
    self->carried = 0;
    return SL_OK;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    lines_reader *self = sl_self(stage, lines_reader);
    sl_batch *batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    sl_status status = SL_OK;
    while (status == SL_OK && batch->rows == 0) {
        if (!self->open)
            status = next_file(self);
        if (status == SL_OK)
            status = fill(&(filling){.stage = stage, .self = self, .batch = batch});
    }
    if (status != SL_OK) {
        sl_release(stage, batch);
        return status;
    }
    *given = batch;
    return SL_OK;
}

static sl_status tell(sl_stage *stage, sl_text *position)
{
    lines_reader *self = sl_self(stage, lines_reader);
    return sl_source_tell(self->files, &self->stand, position);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    lines_reader *self = sl_self(stage, lines_reader);
    self->open = 0;
    return sl_source_seek(self->files, position);
}

/* ---- Life ----------------------------------------------------------------------------------- */

static sl_status check_names(sl_stage *stage, const sl_column *columns, uint32_t count)
{
    static const char *const options[] = {"file_column", "row_column"};
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (sl_value_same_name(columns[i].name, columns[j].name) == 0) {
                const char *option = columns[i].type == SL_TYPE_INTEGER ? options[1] : options[0];
                return sl_fail_at(
                    stage,
                    SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, option)),
                    "there are two columns '%s'", columns[i].name);
            }
    return SL_OK;
}

static sl_status plan(sl_stage *stage)
{
    lines_reader *self = sl_self(stage, lines_reader);
    sl_column columns[3];
    uint32_t count = 0;
    self->usual_line = USUAL_LINE;
    const sl_value *path = self->source.path;
    const char *origin = path && path->count == 1 ? sl_item(path, 0)->text : NULL;
    columns[count++] = (sl_column){self->column, origin, SL_TYPE_TEXT, SL_COLUMN_DECLARED};
    if (self->source.file_column)
        columns[count++] =
            (sl_column){self->source.file_column, NULL, SL_TYPE_TEXT, SL_COLUMN_DECLARED};
    if (self->source.row_column)
        columns[count++] =
            (sl_column){self->source.row_column, NULL, SL_TYPE_INTEGER, SL_COLUMN_DECLARED};
    if (check_names(stage, columns, count) != SL_OK)
        return SL_ERROR;
    self->files = sl_source_new(stage, &self->source);
    if (!self->files)
        return SL_ERROR;
    if (sl_source_prepare(self->files) != SL_OK)
        return SL_ERROR;
    return stage->host->columns(stage, columns, count, sizeof *columns);
}

static sl_status open(sl_stage *stage)
{
    return sl_source_list(sl_self(stage, lines_reader)->files);
}

static void close(sl_stage *stage)
{
    lines_reader *self = sl_self(stage, lines_reader);
    sl_source_free(self->files);
    stage->host->allocate(stage, self->carry, 0);
}

static const sl_option options[] = {
    SL_SOURCE_OPTIONS(lines_reader),
    {"column", SL_OPTION_TEXT, 0, offsetof(lines_reader, column), "line", NULL, NULL, NULL,
     "Name of the column that the line goes to."},
    {"invalid", SL_OPTION_CHOICE, 0, offsetof(lines_reader, invalid), "reject", NULL, NULL,
     "reject|replace|keep",
     "What becomes of a line that is not valid UTF-8: a rejected row, U+FFFD in place of each bad "
     "byte, or the bytes as they are."},
    {0},
};

const sl_stage_type sl_lines_reader = {
    SL_STAGE_TYPE,
    .name = "lines",
    .version = "1.0",
    .summary = "Reads text: each line is a row.",
    .manual =
        "Gives one row for each line of its files, in the column `line`. A line ends with LF or "
        "CRLF, which do not belong to it; the last line may lack its end. An empty line is a row "
        "with an empty text.\n\n"
        "Files may be plain, gzip or zstd, found by content. `encoding` converts latin1, cp1252 "
        "and UTF-16; a line that is not valid UTF-8 then is rejected unless `invalid` says "
        "otherwise. Bytes of value 0 are kept.\n\n"
        "A line that does not fit into a batch (batch.bytes of the graph) is rejected with its "
        "first bytes, and passed over in bounded memory.",
    .example = "reader: lines\npath: logs/*.log.gz\nfile_column: file\nrow_column: row\n",
    .role = SL_READER,
    .self_size = sizeof(lines_reader),
    .options = options,
    .plan = plan,
    .open = open,
    .next = next,
    .tell = tell,
    .seek = seek,
    .close = close,
};

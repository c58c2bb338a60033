/*
 * csv_reader.c - the reader `csv`: rows from files of comma-separated values.
 *
 * Bytes are read straight into the batch's memory, about as many as its rows will need, so that
 * fields are slices and little is left over. What is left over (the beginning of a row, or rows
 * beyond the batch's bound) is carried into the next batch; so is what plan looked at.
 *
 * A record that is no row - too many fields, not UTF-8, larger than a batch - keeps its place
 * among the rows of the batch, so that row numbers stay true, but is not selected.
 *
 * Deliberately elsewhere: the tokenizer (csv_scan.h), files, headers and types (csv_input.h).
 */
#include "stages/csv_input.h"

#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"
#include "stages/json.h"

#define READ_LEAST 4096     /* bytes asked of a file at once, at least */
#define READ_MOST (1 << 30) /* and at most: sizes of cells are 32 bits */
#define SKIP_READ (64 * 1024)
#define RAW_MOST 4000 /* bytes shown of a record that is refused */
#define RAW_SHOWN 256 /* bytes shown of a record that was too large to hold */

typedef struct csv_reader {
    sl_source_options source;
    sl_csv_options options;
    sl_csv_input input;
    int32_t large;     /* 1: the next record needs a batch of its own */
    size_t partial;    /* so many bytes of what is carried are less than a record */
    sl_cell **targets; /* for one batch: field -> cells */
    uint32_t targets_room;
    sl_cell *spare; /* cells of fields that are no column */
    uint32_t spare_room;
} csv_reader;

/* One batch being filled. */
typedef struct filling {
    sl_batch *batch;
    int32_t done;
    int32_t holes;    /* 1: a record was refused, so the selection is written out */
    int32_t unclosed; /* 1: the text ended inside quotes */
    int32_t held;     /* 1: the input stands before a record whose end is not there yet */
} filling;

/* ---- Records that are no rows ------------------------------------------------------------ */

/* Bytes that are not UTF-8 become `?` and a long record is cut at a whole character, so that
 * what is shown of it can be written as text. Answers its size. */
static size_t clean(char *raw, size_t size)
{
    size_t at = 0;
    if (size > RAW_MOST) {
        size = RAW_MOST;
        while (size > 0 && ((unsigned char)raw[size] & 0xC0) == 0x80) {
            size--;
        }
    }
    while ((at += sl_value_utf8(raw + at, size - at)) < size) {
        raw[at] = '?';
    }
    return size;
}

static sl_status refuse_text(sl_stage *stage, const sl_place *place, const sl_csv_scan *scan,
                             uint32_t fields)
{
    char *raw = (char *)(uintptr_t)scan->record; /* of a batch of ours, and nobody's row */
    size_t size = scan->record_size;
    int bad = scan->problem == SL_CSV_UTF8 ? (unsigned char)raw[scan->byte] : 0;
    size = clean(raw, size);
    switch (scan->problem) {
    case SL_CSV_SHORT:
    case SL_CSV_LONG:
        return stage->host->reject_raw(stage, place, raw, size,
                                       "the record has %u field%s where there %s %u column%s",
                                       scan->fields, scan->fields == 1 ? "" : "s",
                                       fields == 1 ? "is" : "are", fields, fields == 1 ? "" : "s");
    case SL_CSV_AFTER_QUOTE:
        return stage->host->reject_raw(stage, place, raw, size,
                                       "field %u has text after its closing quote", scan->fields);
    case SL_CSV_UNCLOSED:
        return stage->host->reject_raw(stage, place, raw, size,
                                       "the quote that opens field %u is never closed: lines %lld "
                                       "to %lld are one unfinished record",
                                       scan->fields, (long long)scan->record_line,
                                       (long long)scan->line);
    case SL_CSV_UTF8:
        return stage->host->reject_raw(stage, place, raw, size,
                                       "byte %zu of the record (0x%02x) is not valid UTF-8",
                                       scan->byte + 1, bad);
    case SL_CSV_FINE:
        break;
    }
    return SL_OK;
}

/* An empty place among the rows. */
static void make_hole(csv_reader *self, filling *now, uint32_t row)
{
    for (uint32_t i = 0; i < self->input.columns.count; i++) {
        now->batch->columns[i][row] = (sl_cell){.kind = SL_NULL};
    }
    now->holes = 1;
}

static sl_status refuse(sl_stage *stage, csv_reader *self, filling *now, const sl_csv_scan *scan)
{
    sl_batch *batch = now->batch;
    uint32_t row = batch->rows++;
    make_hole(self, now, row);
    now->unclosed = scan->problem == SL_CSV_UNCLOSED;
    batch->lines[row] = scan->record_line;
    sl_place place = {.code = SL_CODE_DATA,
                      .row = self->input.row + row + 1,
                      .line = scan->record_line,
                      .source = sl_source_name(self->input.files)};
    return refuse_text(stage, &place, scan, self->input.fields);
}

/* Passes over the record that is carried, in the memory of the carry. SL_END: with follow, its end
 * is not there yet, and the input stands before it. */
static sl_status skip_record(csv_reader *self, sl_csv_skip *skip)
{
    sl_csv_input *input = &self->input;
    sl_csv_input_stand(input);
    while (!skip->done && input->to > input->from) {
        input->from += sl_csv_skip_bytes(skip, &input->dialect, input->carry + input->from,
                                         input->to - input->from);
        if (!skip->done) {
            input->from = input->to = 0;
            if (sl_csv_input_ahead(input, SKIP_READ) != SL_OK) {
                return SL_ERROR;
            }
        }
    }
    if (!skip->done && input->later) {
        return SL_END;
    }
    input->line += skip->lines;
    input->ending = skip->done                              ? 0
                    : skip->cr && !sl_csv_skip_quoted(skip) ? SL_SOURCE_CR
                                                            : SL_SOURCE_OPEN_OR_CR;
    return SL_OK;
}

/* The record that is carried is larger than a batch: passes over it, in bounded memory. */
static sl_status skip_large(sl_stage *stage, csv_reader *self, filling *now)
{
    sl_csv_input *input = &self->input;
    sl_csv_skip skip = {.state = 0};
    int64_t line = input->line, limit = (int64_t)stage->host->room(stage, now->batch);
    size_t shown = input->to - input->from;
    char raw[RAW_SHOWN];
    shown = shown < RAW_SHOWN ? shown : RAW_SHOWN;
    memcpy(raw, input->carry + input->from, shown);
    shown = clean(raw, shown);
    now->done = 1;
    self->large = 0;
    self->partial = 0;
    sl_status status = skip_record(self, &skip);
    if (status != SL_OK || sl_csv_skip_comment(&skip)) {
        now->held = status == SL_END;
        return status == SL_ERROR ? SL_ERROR : SL_OK;
    }
    uint32_t row = now->batch->rows++;
    make_hole(self, now, row);
    now->batch->lines[row] = line;
    const sl_place place = {.code = SL_CODE_DATA,
                            .row = input->row + row + 1,
                            .line = line,
                            .source = sl_source_name(input->files)};
    int64_t last = line + skip.lines - (skip.done && skip.lines > 0);
    if (sl_csv_skip_quoted(&skip)) {
        return stage->host->reject_raw(
            stage, &place, raw, shown,
            "a quote is never closed: lines %lld to %lld are one unfinished record of %lld bytes",
            (long long)line, (long long)last, (long long)skip.bytes);
    }
    return stage->host->reject_raw(
        stage, &place, raw, shown,
        "the record in lines %lld to %lld has %lld bytes, a batch holds %lld: raise batch.bytes",
        (long long)line, (long long)last, (long long)skip.bytes, (long long)limit);
}

/* ---- Filling a batch --------------------------------------------------------------------- */

static sl_status grow(sl_stage *stage, void **memory, uint32_t *room, uint32_t count, size_t size)
{
    if (count <= *room) {
        return SL_OK;
    }
    void *larger = stage->host->allocate(stage, *memory, count * size);
    if (larger == NULL) {
        return sl_no_memory(stage);
    }
    *memory = larger;
    *room = count;
    return SL_OK;
}

/* Where the fields of this file go in this batch. */
static sl_status aim(sl_stage *stage, csv_reader *self, const sl_batch *batch)
{
    const sl_csv_input *input = &self->input;
    void *targets = self->targets, *spare = self->spare;
    sl_status status = grow(stage, &targets, &self->targets_room, input->fields, sizeof(sl_cell *));
    self->targets = targets;
    if (status == SL_OK && input->map != NULL) {
        status = grow(stage, &spare, &self->spare_room, batch->capacity, sizeof(sl_cell));
        self->spare = spare;
    }
    for (uint32_t i = 0; status == SL_OK && i < input->fields; i++) {
        uint32_t column = input->map != NULL ? input->map[i] : i;
        self->targets[i] = column == SL_CSV_NO_COLUMN ? self->spare : batch->columns[column];
    }
    return status;
}

/* Rows [from, batch->rows) are good. */
static void take_rows(filling *now, uint32_t from)
{
    sl_batch *batch = now->batch;
    if (!now->holes) {
        batch->selected = batch->rows;
        return;
    }
    for (uint32_t row = from; row < batch->rows; row++) {
        batch->selection[batch->selected++] = row;
    }
}

static sl_status scan_rows(sl_stage *stage, csv_reader *self, filling *now, sl_csv_scan *scan,
                           sl_csv_status *how)
{
    sl_batch *batch = now->batch;
    do {
        uint32_t before = batch->rows;
        *how = sl_csv_scan_rows(scan, self->targets, self->input.fields, batch->lines, &batch->rows,
                                batch->capacity);
        take_rows(now, before);
        if (*how == SL_CSV_RECORD && refuse(stage, self, now, scan) != SL_OK) {
            return SL_ERROR;
        }
    } while (*how == SL_CSV_RECORD);
    return SL_OK;
}

/* How many bytes the rest of the batch will want. */
static size_t estimate(const csv_reader *self, const sl_batch *batch, size_t room)
{
    double wanted = self->input.average * (batch->capacity - batch->rows);
    size_t want = wanted < READ_LEAST  ? READ_LEAST
                  : wanted < READ_MOST ? (size_t)wanted
                                       : READ_MOST;
    if (self->large) {
        want = READ_MOST;
    } else if (self->partial > 0 && want < self->partial * 2) {
        want = self->partial * 2 + READ_LEAST;
    }
    return want < room ? want : room;
}

static void learn(sl_csv_input *input, size_t bytes, uint32_t rows)
{
    if (rows >= 8) {
        double now = (double)bytes / rows;
        input->average = input->average == 0 ? now : (3 * input->average + now) / 4;
    }
}

/* How a text that ends with this byte ends. */
static int32_t ending_of(char last)
{
    return last == '\n' ? 0 : last == '\r' ? SL_SOURCE_CR : SL_SOURCE_OPEN_OR_CR;
}

/* 1: the last byte is a letter, whatever it is. */
static int32_t ends_escaped(const sl_csv_dialect *dialect, const char *bytes, size_t size)
{
    size_t escapes = 0;
    while (dialect->escape >= 0 && escapes + 1 < size &&
           bytes[size - 2 - escapes] == (char)dialect->escape) {
        escapes++;
    }
    return escapes % 2 == 1;
}

/* Reads and scans one piece of the file into the batch; says when the batch is done. */
static sl_status read_chunk(sl_stage *stage, csv_reader *self, filling *now)
{
    sl_csv_input *input = &self->input;
    sl_batch *batch = now->batch;
    size_t room = stage->host->room(stage, batch), got = 0;
    if (self->partial > 0 && self->partial >= room) {
        if (batch->rows == 0 && self->large) {
            return skip_large(stage, self, now);
        }
        self->large = now->done = 1;
        return SL_OK;
    }
    size_t want = estimate(self, batch, room);
    char *bytes = want > 0 ? stage->host->bytes(stage, batch, want) : NULL;
    if (bytes == NULL) {
        now->done = 1;
        return batch->rows > 0 ? SL_OK : sl_no_memory(stage);
    }
    if (sl_csv_input_read(input, bytes, want, &got) != SL_OK) {
        return SL_ERROR;
    }
    sl_csv_scan scan = {.dialect = &input->dialect,
                        .at = bytes,
                        .end = bytes + got,
                        .final = input->eof && input->from == input->to,
                        .line = input->line};
    sl_csv_status how;
    uint32_t before = batch->rows;
    int32_t later = input->later && input->from == input->to;
    int32_t escaped = ends_escaped(&input->dialect, bytes, got);
    int32_t ending = got > 0 ? ending_of(bytes[got - 1]) : 0;
    if (scan_rows(stage, self, now, &scan, &how) != SL_OK) {
        return SL_ERROR;
    }
    size_t used = (size_t)(scan.at - bytes);
    stage->host->trim(stage, batch, bytes, want, used);
    input->line = scan.line;
    learn(input, used, batch->rows - before);
    if (sl_csv_input_give_back(input, scan.at, got - used) != SL_OK) {
        return SL_ERROR;
    }
    self->partial = how == SL_CSV_MORE && !scan.final ? got - used : 0;
    self->large = self->large && self->partial > 0 && batch->rows == 0;
    input->open = how == SL_CSV_FULL || !(scan.final || later);
    now->done = !input->open || how == SL_CSV_FULL || batch->rows > batch->capacity / 4 * 3;
    if (scan.final && used == got && got > 0) {
        input->ending = now->unclosed || escaped ? SL_SOURCE_OPEN_OR_CR : ending;
    }
    return SL_OK;
}

/* ---- Columns beside the file's ----------------------------------------------------------- */

static sl_status add_source(sl_stage *stage, csv_reader *self, sl_batch *batch)
{
    const char *name = sl_source_name(self->input.files);
    size_t size = strlen(name) + 1;
    char *copy = stage->host->bytes(stage, batch, size);
    if (copy == NULL) {
        return sl_fail(stage, "a batch has no room for the name of the file: raise batch.bytes");
    }
    memcpy(copy, name, size);
    batch->source = copy;
    return SL_OK;
}

static void add_columns(const csv_reader *self, sl_batch *batch)
{
    uint32_t at = self->input.columns.count;
    if (self->source.file_column != NULL) {
        const sl_cell name = {
            .kind = SL_TEXT, .size = (uint32_t)strlen(batch->source), .as.text = batch->source};
        for (uint32_t row = 0; row < batch->rows; row++) {
            batch->columns[at][row] = name;
        }
        at++;
    }
    for (uint32_t row = 0; self->source.row_column != NULL && row < batch->rows; row++) {
        batch->columns[at][row] =
            (sl_cell){.kind = SL_INTEGER, .as.integer = batch->first_row + row};
    }
}

/* Columns that this file does not have. */
static void fill_gaps(const csv_reader *self, sl_batch *batch)
{
    const sl_csv_input *input = &self->input;
    for (uint32_t column = 0; column < input->columns.count; column++) {
        uint32_t field = 0;
        while (field < input->fields && input->map[field] != column) {
            field++;
        }
        for (uint32_t row = 0; field == input->fields && row < batch->rows; row++) {
            batch->columns[column][row] = (sl_cell){.kind = SL_NULL};
        }
    }
}

/* ---- Declared types ----------------------------------------------------------------------- */

/* An integer that nobody needs to look at twice. */
static inline int is_plain_integer(const sl_cell *cell)
{
    const char *text = cell->as.text;
    if (cell->size == 0 || cell->size > 18 || (text[0] == '0' && cell->size > 1)) {
        return 0;
    }
    for (uint32_t i = 0; i < cell->size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
    }
    return 1;
}

static sl_status misfit(sl_stage *stage, const csv_reader *self, sl_batch *batch, uint32_t row,
                        uint32_t column)
{
    const sl_cell *cell = &batch->columns[column][row];
    int shown = cell->size < 60 ? (int)cell->size : 60;
    const char *type = sl_type_name(self->input.columns.list[column].type);
    if (self->options.misfit == SL_CSV_MISFIT_REJECT) {
        return sl_reject(stage, batch, row, column + 1, "'%.*s' is not of type %s", shown,
                         cell->as.text, type);
    }
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = batch->source, .column = column + 1,
                               .row = batch->first_row + row, .line = batch->lines[row],
                               .hint = "`on_misfit: reject` or `keep` lets the others go on"),
                      "'%.*s' is not of type %s", shown, cell->as.text, type);
}

static sl_status check_column(sl_stage *stage, const csv_reader *self, sl_batch *batch,
                              uint32_t column)
{
    const sl_column *as = &self->input.columns.list[column];
    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i];
        const sl_cell *cell = &batch->columns[column][row];
        sl_cell value;
        if (cell->kind != SL_TEXT || (as->type != SL_TYPE_BOOLEAN && is_plain_integer(cell)) ||
            sl_value_typed(as, cell, &value) == SL_OK) {
            continue;
        }
        if (misfit(stage, self, batch, row, column) != SL_OK) {
            return SL_ERROR;
        }
    }
    return SL_OK;
}

static sl_status check_json(sl_stage *stage, const csv_reader *self, sl_batch *batch,
                            uint32_t column)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i];
        const sl_cell *cell = &batch->columns[column][row];
        if (cell->kind == SL_TEXT && !sl_json_valid(cell->as.text, cell->size) &&
            misfit(stage, self, batch, row, column) != SL_OK) {
            return SL_ERROR;
        }
    }
    return SL_OK;
}

static void make_blobs(sl_batch *batch, uint32_t column)
{
    for (uint32_t row = 0; row < batch->rows; row++) {
        sl_cell *cell = &batch->columns[column][row];
        cell->kind = cell->kind == SL_TEXT ? SL_BLOB : cell->kind;
    }
}

static sl_status check_types(sl_stage *stage, const csv_reader *self, sl_batch *batch)
{
    int keep = self->options.misfit == SL_CSV_MISFIT_KEEP;
    sl_status status = SL_OK;
    for (uint32_t i = 0; i < self->input.columns.count && status == SL_OK; i++) {
        const sl_column *column = &self->input.columns.list[i];
        if (column->type == SL_TYPE_BLOB) {
            make_blobs(batch, i);
        } else if (keep || !(column->flags & SL_COLUMN_DECLARED)) {
            continue;
        } else if (column->type == SL_TYPE_JSON) {
            status = check_json(stage, self, batch, i);
        } else if (column->type != SL_TYPE_TEXT && column->type != SL_TYPE_ANY) {
            status = check_column(stage, self, batch, i);
        }
    }
    return status;
}

/* ---- The stage ---------------------------------------------------------------------------- */

static sl_status finish(sl_stage *stage, csv_reader *self, sl_batch *batch)
{
    batch->first_row = self->input.row + 1;
    self->input.row += batch->rows;
    if (self->input.gaps) {
        fill_gaps(self, batch);
    }
    add_columns(self, batch);
    return check_types(stage, self, batch);
}

/* SL_OK: a batch. SL_END: none came of it, ask again. */
static sl_status fill(sl_stage *stage, csv_reader *self, sl_batch **given)
{
    filling now = {.batch = stage->host->batch(stage, self->large ? 1 : 0)};
    if (now.batch == NULL) {
        return SL_ERROR;
    }
    now.batch->rows = now.batch->selected = 0;
    sl_status status = add_source(stage, self, now.batch);
    if (status == SL_OK) {
        status = aim(stage, self, now.batch);
    }
    while (status == SL_OK && !now.done) {
        status = read_chunk(stage, self, &now);
    }
    if (status == SL_OK && now.batch->rows > 0) {
        status = finish(stage, self, now.batch);
    } else if (status == SL_OK) {
        status = SL_END;
    }
    if (now.held) {
        self->input.open = 0;
    } else if (status != SL_ERROR) {
        sl_csv_input_stand(&self->input);
    }
    if (status == SL_OK) {
        *given = now.batch;
    } else {
        sl_release(stage, now.batch);
    }
    return status;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    csv_reader *self = sl_self(stage, csv_reader);
    for (;;) {
        if (!self->input.open) {
            self->partial = 0;
            self->large = 0;
            sl_status opened = sl_csv_input_next(&self->input);
            if (opened != SL_OK) {
                return opened;
            }
        }
        sl_status status = fill(stage, self, given);
        if (status != SL_END) {
            return status;
        }
    }
}

static sl_status plan(sl_stage *stage)
{
    csv_reader *self = sl_self(stage, csv_reader);
    sl_csv_input *input = &self->input;
    if (sl_csv_input_init(input, stage, &self->options, &self->source) != SL_OK ||
        sl_csv_input_name(input) != SL_OK) {
        return SL_ERROR;
    }
    if (stage->host->offline(stage)) {
        return SL_OK;
    }
    if (sl_source_prepare(input->files) != SL_OK) {
        return SL_ERROR;
    }
    return sl_source_may_look(input->files) ? sl_csv_input_start(input) : SL_OK;
}

static sl_status open(sl_stage *stage)
{
    csv_reader *self = sl_self(stage, csv_reader);
    return self->input.started ? SL_OK : sl_csv_input_start(&self->input);
}

static sl_status tell(sl_stage *stage, sl_text *position)
{
    csv_reader *self = sl_self(stage, csv_reader);
    return sl_source_tell(self->input.files, &self->input.stand, position);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    csv_reader *self = sl_self(stage, csv_reader);
    return sl_csv_input_seek(&self->input, position);
}

static void close(sl_stage *stage)
{
    csv_reader *self = sl_self(stage, csv_reader);
    sl_csv_input_done(&self->input);
    if (self->targets != NULL) {
        stage->host->allocate(stage, self->targets, 0);
    }
    if (self->spare != NULL) {
        stage->host->allocate(stage, self->spare, 0);
    }
    self->targets = NULL;
    self->spare = NULL;
}

#define AT(field) offsetof(struct csv_reader, options.field)

static const sl_option options[] = {
    SL_SOURCE_OPTIONS(csv_reader),
    {"delimiter", SL_OPTION_TEXT, 0, AT(delimiter), ",", NULL, NULL, NULL,
     "The character between fields; also written tab (or \\t), semicolon, pipe, space."},
    {"quote", SL_OPTION_TEXT, 0, AT(quote), "\"", NULL, NULL, NULL,
     "The character around fields that contain delimiters or line ends; `none`: no field is "
     "quoted."},
    {"escape", SL_OPTION_TEXT, 0, AT(escape), "none", NULL, NULL, NULL,
     "A character that makes the next one a letter; without it a quote in quotes is doubled."},
    {"comment", SL_OPTION_TEXT, 0, AT(comment), "none", NULL, NULL, NULL,
     "Lines that begin with this character are passed over."},
    {"header", SL_OPTION_LIST, 0, AT(header), "true", NULL, NULL, NULL,
     "true: the first line names the columns; false: they are column_1, column_2 ...; a list of "
     "names: the file has no header, and these are its columns."},
    {"columns", SL_OPTION_MAP, 0, AT(types), "", NULL, NULL, NULL,
     "Types of columns, name: type, where the sample should not decide."},
    {"infer", SL_OPTION_BOOLEAN, 0, AT(infer), "true", NULL, NULL, NULL,
     "Whether columns that `columns` does not name get a type from a sample; false: text."},
    {"sample_rows", SL_OPTION_INTEGER, 0, AT(sample_rows), "1000", "1", NULL, NULL,
     "Rows that are looked at to infer types."},
    {"sample_bytes", SL_OPTION_SIZE, 0, AT(sample_bytes), "256KiB", "4KiB", "64MiB", NULL,
     "Bytes that are looked at to infer types; they are kept in memory."},
    {"on_misfit", SL_OPTION_CHOICE, 0, AT(misfit), "reject", NULL, NULL, "reject|keep|fail",
     "What happens to a row with a value that is not of its declared type."},
    {"null", SL_OPTION_TEXT, 0, AT(null_text), "", NULL, NULL, NULL,
     "A text that, unquoted, is NULL as the empty unquoted field is: NA, \\N."},
    {"decimal", SL_OPTION_CHOICE, 0, AT(comma), ".", NULL, NULL, ".|,",
     "What stands before the fraction of numbers."},
    {"trim", SL_OPTION_BOOLEAN, 0, AT(trim), "false", NULL, NULL, NULL,
     "Whether spaces and tabs around fields are dropped."},
    {"ragged", SL_OPTION_CHOICE, 0, AT(ragged), "reject", NULL, NULL, "reject|pad",
     "What happens to a row with too few fields; pad: the others are NULL."},
    {"blank_lines", SL_OPTION_CHOICE, 0, AT(blank), "auto", NULL, NULL, "auto|skip|row",
     "What a line without a character is; auto: passed over, but a row with a NULL where there is "
     "one column."},
    {"columns_differ", SL_OPTION_CHOICE, 0, AT(differ), "error", NULL, NULL, "error|fill|ignore",
     "When several files have different headers; fill: a missing column is NULL; ignore: also, a "
     "new one is left out."},
    {NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL},
};

const sl_stage_type sl_csv_reader = {
    SL_STAGE_TYPE,
    .name = "csv",
    .version = "1.0",
    .summary = "Reads rows from CSV files: any delimiter, plain, gzip or zstd.",
    .manual =
        "Reads RFC 4180 and what people have: LF, CR LF and CR as line ends, also mixed; a byte "
        "order mark; no line end at the end; line ends in quotes; quotes in the middle of an "
        "unquoted field. Several files are read in order, and their columns matched by name.\n"
        "\n"
        "An empty field is NULL, \"\" is empty text; `null` adds a spelling. Columns get a type "
        "from the first rows (integer, real, boolean or text) unless `columns` says it; `sluice "
        "run -v` prints what was found. A value keeps the spelling that was read: 12.50 is "
        "written as 12.50 again, and is the number 12.5 in expressions. A column is a number "
        "when 95 of 100 sampled values are, and text when one has a leading zero (09005) or is "
        "a code such as 0E0.\n"
        "\n"
        "A record that cannot be read is rejected with its line: too many or too few fields, "
        "text after a closing quote, bytes that are not UTF-8, a quote that is never closed, a "
        "record larger than batch.bytes. Two columns of the same name become name and name_2, "
        "an empty name column_3; both are said.",
    .example = "- reader: csv\n"
               "  path: orders-*.csv.gz\n"
               "  delimiter: semicolon\n"
               "  columns: {amount: real, zip: text}\n",
    .role = SL_READER,
    .self_size = sizeof(csv_reader),
    .options = options,
    .plan = plan,
    .open = open,
    .next = next,
    .tell = tell,
    .seek = seek,
    .close = close,
};

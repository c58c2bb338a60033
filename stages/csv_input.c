/*
 * csv_input.c - files, headers and samples of the csv reader; see csv_input.h.
 */
#include "stages/csv_input.h"

#include <stdio.h>
#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"

#define AHEAD (64 * 1024) /* bytes read of a further file to find its header */

/* ---- Options ---------------------------------------------------------------------------- */

static int is_word(const sl_value *list, const char *word)
{
    if (list->count != 1) {
        return 0;
    }
    const sl_value *item = sl_item(list, 0);
    return item->kind == SL_VALUE_SCALAR && !item->quoted && strcmp(item->text, word) == 0;
}

static int has_header(const sl_csv_input *input)
{
    return input->options->header == NULL || is_word(input->options->header, "true");
}

static int has_names(const sl_csv_input *input)
{
    return !has_header(input) && !is_word(input->options->header, "false");
}

/* ---- Bytes -------------------------------------------------------------------------------- */

static sl_status reserve(sl_csv_input *input, size_t size)
{
    sl_stage *stage = input->stage;
    if (size <= input->room) {
        return SL_OK;
    }
    char *larger = stage->host->allocate(stage, input->carry, size);
    if (larger == NULL) {
        return sl_no_memory(stage);
    }
    input->carry = larger;
    input->room = size;
    return SL_OK;
}

/* Reads until `size` bytes are there or the file ends. */
static sl_status read_bytes(sl_csv_input *input, char *bytes, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size && !input->eof && !input->later) {
        int64_t more = sl_source_read(input->files, bytes + *got, size - *got);
        if (more == SL_SOURCE_LATER) {
            input->later = 1;
            break;
        }
        if (more < 0) {
            return SL_ERROR;
        }
        input->eof = more == 0;
        *got += (size_t)more;
    }
    return SL_OK;
}

/* Reads ahead until the carry holds `size` bytes or the file ends. */
sl_status sl_csv_input_ahead(sl_csv_input *input, size_t size)
{
    if (reserve(input, input->from + size) != SL_OK) {
        return SL_ERROR;
    }
    size_t got = 0;
    if (input->to - input->from < size) {
        size_t missing = size - (input->to - input->from);
        if (read_bytes(input, input->carry + input->to, missing, &got) != SL_OK) {
            return SL_ERROR;
        }
    }
    input->to += got;
    return SL_OK;
}

sl_status sl_csv_input_read(sl_csv_input *input, char *bytes, size_t size, size_t *got)
{
    size_t carried = input->to - input->from;
    size_t more = 0;
    carried = carried < size ? carried : size;
    if (carried > 0) {
        memcpy(bytes, input->carry + input->from, carried);
    }
    input->from += carried;
    if (carried < size && read_bytes(input, bytes + carried, size - carried, &more) != SL_OK) {
        return SL_ERROR;
    }
    *got = carried + more;
    return SL_OK;
}

sl_status sl_csv_input_give_back(sl_csv_input *input, const char *bytes, size_t size)
{
    size_t carried = input->to - input->from;
    if (size <= input->from) { /* it stands there, or there is room before what is carried */
        input->from -= size;
    } else {
        if (reserve(input, carried + size) != SL_OK) {
            return SL_ERROR;
        }
        memmove(input->carry + size, input->carry + input->from, carried);
        input->from = 0;
        input->to = carried + size;
    }
    if (size > 0) {
        memcpy(input->carry + input->from, bytes, size);
    }
    return SL_OK;
}

void sl_csv_input_stand(sl_csv_input *input)
{
    int64_t offset = sl_source_offset(input->files);
    int32_t at_end = input->eof && input->from == input->to;
    input->stand.byte = offset - (int64_t)(input->to - input->from);
    input->stand.row = input->row;
    input->stand.line = input->line;
    if (sl_source_last(input->files) >= 0) { /* otherwise nothing came behind the stand */
        input->stand.ending = at_end ? input->ending : 0;
    }
}

/* ---- The head of a file ------------------------------------------------------------------- */

/* A header is read as it stands: it may be blank lines before it, and its NULLs are empty. */
static sl_csv_dialect head_dialect(const sl_csv_input *input)
{
    sl_csv_dialect dialect = input->dialect;
    dialect.blank = dialect.blank && !has_header(input);
    dialect.null_size = 0;
    return dialect;
}

static sl_csv_scan scan_carry(const sl_csv_input *input)
{
    return (sl_csv_scan){.dialect = &input->dialect,
                         .at = input->carry + input->from,
                         .end = input->carry + input->to,
                         .final = input->eof,
                         .line = input->line};
}

static sl_status fail_head(const sl_csv_input *input, const sl_csv_scan *scan)
{
    sl_stage *stage = input->stage;
    const char *why = scan->problem == SL_CSV_UTF8       ? "is not valid UTF-8"
                      : scan->problem == SL_CSV_UNCLOSED ? "has a quote that is never closed"
                                                         : "has text after a closing quote";
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = sl_source_name(input->files),
                               .line = scan->record_line,
                               .hint = scan->problem == SL_CSV_UTF8
                                           ? "name the file's `encoding`"
                                           : "look at the options delimiter and quote"),
                      "the first record %s", why);
}

/* Reads ahead until the first record is whole: *fields is how many it has, 0: there is none. */
static sl_status find_first(sl_csv_input *input, size_t ahead, uint32_t *fields)
{
    sl_stage *stage = input->stage;
    int64_t bound = stage->host->batch_bytes(stage);
    sl_csv_dialect dialect = head_dialect(input);
    for (size_t size = ahead;; size *= 2) {
        if (sl_csv_input_ahead(input, size) != SL_OK) {
            return SL_ERROR;
        }
        sl_csv_scan scan = scan_carry(input);
        uint32_t row = 0;
        scan.keep = 1;
        scan.dialect = &dialect;
        sl_csv_status status = sl_csv_scan_rows(&scan, NULL, 0, NULL, &row, 1);
        if (status == SL_CSV_RECORD && scan.problem != SL_CSV_LONG) {
            return fail_head(input, &scan);
        }
        if (status == SL_CSV_RECORD || input->eof || input->later) {
            *fields = status == SL_CSV_RECORD ? scan.fields : 0;
            return SL_OK;
        }
        if ((int64_t)size >= bound) {
            return sl_fail_at(stage,
                              SL_PLACE(.code = SL_CODE_DATA, .line = input->line,
                                       .source = sl_source_name(input->files),
                                       .hint = "look at the options delimiter and quote, or raise "
                                               "batch.bytes"),
                              "the first record is larger than batch.bytes (%lld bytes)",
                              (long long)bound);
        }
    }
}

/* Cells for one record, all NULL, and pointers to them. */
static sl_cell *make_record(sl_stage *stage, uint32_t fields, sl_cell ***pointers)
{
    size_t size = fields * (sizeof(sl_cell) + sizeof(sl_cell *));
    sl_cell *cells = stage->host->allocate(stage, NULL, size);
    if (cells == NULL) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *pointers = (sl_cell **)(void *)(cells + fields);
    for (uint32_t i = 0; i < fields; i++) {
        cells[i] = (sl_cell){.kind = SL_NULL};
        (*pointers)[i] = &cells[i];
    }
    return cells;
}

static sl_status fail_empty(const sl_csv_input *input)
{
    sl_stage *stage = input->stage;
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = sl_source_name(input->files),
                               .hint = "with `header: [id, name]` a file without rows is fine"),
                      "the file is empty: it has no header");
}

/* With follow: the columns must be known before there is a file. */
static sl_status fail_waiting(const sl_csv_input *input)
{
    return sl_fail_at(input->stage,
                      SL_PLACE(.code = SL_CODE_NO_INPUT, .value = input->source->path,
                               .hint =
                                   "start when the header is there; files without one are waited "
                                   "for when the columns are named: `header: [id, name]`, and "
                                   "`columns: {id: integer}`"),
                      "there is no header to read yet");
}

/* The columns that the first record of the open file says; with a header, passes over it. */
static sl_status read_names(sl_csv_input *input, uint32_t fields, int32_t quiet,
                            sl_csv_columns *made)
{
    sl_stage *stage = input->stage;
    const char *const extra[2] = {input->source->file_column, input->source->row_column};
    const char *const none[2] = {NULL, NULL};
    sl_cell **pointers;
    sl_cell *cells = make_record(stage, fields, &pointers);
    if (cells == NULL) {
        return SL_ERROR;
    }
    if (has_header(input)) {
        sl_csv_dialect dialect = head_dialect(input);
        sl_csv_scan scan = scan_carry(input);
        uint32_t row = 0;
        scan.dialect = &dialect;
        (void)sl_csv_scan_rows(&scan, pointers, fields, NULL, &row, 1);
        input->from = (size_t)(scan.at - input->carry);
        input->line = scan.line;
        char last = scan.at > input->carry ? scan.at[-1] : '\n';
        input->ending = last == '\n' ? 0 : last == '\r' ? SL_SOURCE_CR : SL_SOURCE_OPEN_OR_CR;
    }
    sl_status status = sl_csv_columns_from_cells(stage, cells, fields, quiet ? none : extra,
                                                 sl_source_name(input->files), quiet, made);
    stage->host->allocate(stage, cells, 0);
    return status;
}

/* ---- Columns and types -------------------------------------------------------------------- */

static uint32_t face_flags(const sl_csv_input *input)
{
    return SL_COLUMN_FACES | (input->options->comma ? SL_COLUMN_COMMA : 0);
}

static int all_typed(const sl_csv_input *input)
{
    for (uint32_t i = 0; i < input->columns.count; i++) {
        if (!(input->columns.list[i].flags & SL_COLUMN_DECLARED)) {
            return 0;
        }
    }
    return 1;
}

static void look_at(const sl_csv_input *input, const sl_cell *cells, int64_t row, sl_infer *columns)
{
    for (uint32_t i = 0; i < input->columns.count; i++) {
        if (cells[i].kind == SL_TEXT && cells[i].size > 0) {
            sl_infer_face(&columns[i], cells[i].as.text, cells[i].size, row);
        }
    }
}

/* Looks at the rows that are carried. */
static void look_at_sample(sl_csv_input *input, sl_cell *cells, sl_cell **pointers,
                           sl_infer *columns)
{
    sl_csv_scan scan = scan_carry(input);
    const char *start = scan.at;
    int64_t rows = 0;
    scan.keep = 1;
    while (scan.at < scan.end && rows < input->options->sample_rows) {
        uint32_t row = 0;
        sl_csv_status status = sl_csv_scan_rows(&scan, pointers, input->fields, NULL, &row, 1);
        if (status == SL_CSV_MORE) {
            break;
        }
        rows++;
        if (status == SL_CSV_FULL && columns != NULL) {
            look_at(input, cells, rows, columns);
        }
    }
    if (rows > 0) {
        input->average = (double)(scan.at - start) / (double)rows;
    }
}

/* The type that a column had when the graph began, before what a sample says now. */
static sl_type type_of(const sl_csv_input *input, const sl_infer *infer, const char *name)
{
    sl_stage *stage = input->stage;
    sl_type type;
    if (sl_has(stage, kept_type) && stage->host->kept_type(stage, name, &type) == SL_OK) {
        return type;
    }
    return sl_infer_say(stage, infer, name, sl_source_name(input->files));
}

/* The types of the columns that nobody declared. */
static sl_status infer_types(sl_csv_input *input)
{
    sl_stage *stage = input->stage;
    uint32_t count = input->columns.count;
    int32_t wanted = input->options->infer && !all_typed(input);
    sl_cell **pointers;
    sl_cell *cells = make_record(stage, count, &pointers);
    if (cells == NULL) {
        return SL_ERROR;
    }
    sl_infer *infer = NULL;
    if (wanted && (infer = stage->host->allocate(stage, NULL, count * sizeof *infer)) == NULL) {
        stage->host->allocate(stage, cells, 0);
        return sl_no_memory(stage);
    }
    for (uint32_t i = 0; wanted && i < count; i++) {
        infer[i] = (sl_infer){.decimal = input->options->comma ? ',' : '.'};
    }
    look_at_sample(input, cells, pointers, infer);
    for (uint32_t i = 0; wanted && i < count; i++) {
        sl_column *column = &input->columns.list[i];
        if (!(column->flags & SL_COLUMN_DECLARED)) {
            column->type = type_of(input, &infer[i], column->name);
        }
    }
    if (infer != NULL) {
        stage->host->allocate(stage, infer, 0);
    }
    stage->host->allocate(stage, cells, 0);
    return SL_OK;
}

static sl_status check_width(const sl_csv_input *input)
{
    sl_stage *stage = input->stage;
    int64_t columns = (int64_t)input->columns.count + input->columns.added;
    int64_t needed = columns * (int64_t)(2 * sizeof(sl_cell));
    if (needed <= stage->host->batch_bytes(stage)) {
        return SL_OK;
    }
    char hint[80];
    snprintf(hint, sizeof hint, "set batch: {bytes: %lldMiB} or more",
             (long long)((needed >> 20) + 1));
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = sl_source_name(input->files),
                               .line = 1, .hint = hint),
                      "a row of %lld columns does not fit in a batch of %lld bytes",
                      (long long)columns, (long long)stage->host->batch_bytes(stage));
}

static sl_status declare(sl_csv_input *input)
{
    sl_stage *stage = input->stage;
    return stage->host->columns(stage, input->columns.list,
                                input->columns.count + input->columns.added, sizeof(sl_column));
}

/* Names and declared types, where the YAML alone says them. */
static sl_status name_columns(sl_csv_input *input)
{
    sl_stage *stage = input->stage;
    const char *const extra[2] = {input->source->file_column, input->source->row_column};
    if (sl_csv_columns_from_list(stage, input->options->header, extra, &input->columns) != SL_OK) {
        return SL_ERROR;
    }
    return sl_csv_columns_declare(stage, &input->columns, input->options->types, face_flags(input));
}

/* ---- Files -------------------------------------------------------------------------------- */

static void begin_file(sl_csv_input *input)
{
    input->open = 1;
    input->eof = input->later = 0;
    input->ending = 0;
    input->row = 0;
    input->line = 1;
    input->from = input->to = 0;
    input->fields = input->columns.count;
    input->gaps = 0;
    if (input->map != NULL) {
        input->stage->host->allocate(input->stage, input->map, 0);
        input->map = NULL;
    }
}

/* Names from the option or the first record, declared types. */
static sl_status find_columns(sl_csv_input *input)
{
    size_t sample = (size_t)input->options->sample_bytes;
    uint32_t fields = 0;
    if (has_names(input)) {
        if (input->columns.memory == NULL && name_columns(input) != SL_OK) {
            return SL_ERROR;
        }
        return sl_csv_input_ahead(input, sample);
    }
    if (find_first(input, sample, &fields) != SL_OK) {
        return SL_ERROR;
    }
    if (fields == 0) {
        return input->later ? fail_waiting(input) : fail_empty(input);
    }
    if (read_names(input, fields, 0, &input->columns) != SL_OK) {
        return SL_ERROR;
    }
    return sl_csv_columns_declare(input->stage, &input->columns, input->options->types,
                                  face_flags(input));
}

/* No file is there that could be looked at. */
static sl_status start_waiting(sl_csv_input *input)
{
    begin_file(input);
    input->open = 0;
    input->later = 1;
    if (!has_names(input)) {
        return fail_waiting(input);
    }
    return input->columns.memory == NULL ? name_columns(input) : SL_OK;
}

sl_status sl_csv_input_start(sl_csv_input *input)
{
    sl_status status = sl_source_list(input->files);
    if (status == SL_OK) {
        status = sl_source_next(input->files, &input->stand);
    }
    if (status != SL_OK && status != SL_PENDING) {
        return SL_ERROR;
    }
    if (status == SL_PENDING) {
        status = start_waiting(input);
    } else {
        begin_file(input);
        status = find_columns(input);
    }
    if (status != SL_OK) {
        return SL_ERROR;
    }
    int32_t blank = input->options->blank;
    input->fields = input->columns.count;
    input->dialect.blank = blank == SL_CSV_BLANK_ROW || //
                           (blank == SL_CSV_BLANK_AUTO && input->fields == 1);
    if (check_width(input) != SL_OK || infer_types(input) != SL_OK) {
        return SL_ERROR;
    }
    input->started = 1;
    sl_csv_input_stand(input);
    return declare(input);
}

static sl_status fail_differs(const sl_csv_input *input, const char *name, const char *how)
{
    return sl_fail_at(input->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = sl_source_name(input->files),
                               .line = 1,
                               .hint = "`columns_differ: fill` makes missing columns NULL, "
                                       "`ignore` also leaves out columns that are new"),
                      "the files differ: column '%s' %s", name, how);
}

/* Whether the difference between this file's columns and the first one's is allowed. */
static sl_status check_differences(const sl_csv_input *input, const sl_csv_columns *other)
{
    int32_t differ = input->options->differ;
    for (uint32_t i = 0; i < other->count && differ != SL_CSV_DIFFER_IGNORE; i++) {
        if (input->map[i] == SL_CSV_NO_COLUMN) {
            return fail_differs(input, other->list[i].name, "is not in the first file");
        }
    }
    if (!input->gaps || differ != SL_CSV_DIFFER_ERROR) {
        return SL_OK;
    }
    for (uint32_t column = 0; column < input->columns.count; column++) {
        uint32_t field = 0;
        while (field < other->count && input->map[field] != column) {
            field++;
        }
        if (field == other->count) {
            return fail_differs(input, input->columns.list[column].name, "is missing here");
        }
    }
    return SL_OK;
}

static int same_names(const sl_csv_columns *a, const sl_csv_columns *b)
{
    int same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++) {
        same = sl_value_same_name(a->list[i].name, b->list[i].name) == 0;
    }
    return same;
}

static sl_status match(sl_csv_input *input, const sl_csv_columns *other)
{
    input->fields = other->count;
    if (same_names(&input->columns, other)) {
        return SL_OK;
    }
    uint32_t missing;
    sl_stage *stage = input->stage;
    input->map = stage->host->allocate(stage, NULL, other->count * sizeof *input->map);
    if (input->map == NULL) {
        return sl_no_memory(stage);
    }
    if (sl_csv_columns_match(stage, &input->columns, other, input->map, &missing) != SL_OK) {
        return SL_ERROR;
    }
    input->gaps = missing > 0;
    return check_differences(input, other);
}

/* The header of a file after the first. SL_END: with follow, it is not there yet. */
static sl_status read_header(sl_csv_input *input)
{
    uint32_t fields = 0;
    if (!has_header(input)) {
        return SL_OK;
    }
    if (find_first(input, AHEAD, &fields) != SL_OK) {
        return SL_ERROR;
    }
    if (fields == 0 && input->later) { /* it comes later */
        return SL_END;
    }
    if (fields == 0) { /* only blank: nothing to match */
        return input->options->differ == SL_CSV_DIFFER_ERROR ? fail_empty(input) : SL_OK;
    }
    sl_csv_columns other = {.count = 0};
    sl_status status = read_names(input, fields, 1, &other);
    if (status == SL_OK) {
        status = match(input, &other);
    }
    sl_csv_columns_free(input->stage, &other);
    return status;
}

/* The open file was read so far in an earlier run, or at an earlier look. */
static sl_status go_on(sl_csv_input *input)
{
    int64_t before = input->stand.byte;
    int32_t ending = input->stand.ending;
    if (sl_source_go_on(input->files, &input->stand) != SL_OK) {
        return SL_ERROR;
    }
    /* The line end that an unfinished last line has now; the LF behind a CR was counted. */
    input->stand.line += input->stand.byte > before && ending != SL_SOURCE_CR;
    input->eof = input->later = 0;
    input->ending = 0;
    input->from = input->to = 0;
    input->row = input->stand.row;
    input->line = input->stand.line;
    return SL_OK;
}

sl_status sl_csv_input_next(sl_csv_input *input)
{
    sl_status status;
    do {
        status = sl_source_next(input->files, &input->stand);
        if (status == SL_PENDING) {
            return sl_source_wait(input->files);
        }
        if (status != SL_OK) {
            return status;
        }
        begin_file(input);
        status = read_header(input);
    } while (status == SL_END);
    if (status == SL_OK && input->stand.byte > 0) {
        status = go_on(input);
    }
    return status;
}

sl_status sl_csv_input_seek(sl_csv_input *input, const char *position)
{
    input->open = 0;
    input->from = input->to = 0;
    return sl_source_seek(input->files, position);
}

sl_status sl_csv_input_name(sl_csv_input *input)
{
    if (!has_names(input)) {
        return SL_OK;
    }
    if (name_columns(input) != SL_OK) {
        return SL_ERROR;
    }
    int known = !input->options->infer || all_typed(input);
    for (uint32_t i = 0; !known && i < input->columns.count; i++) {
        sl_column *column = &input->columns.list[i];
        if (!(column->flags & SL_COLUMN_DECLARED)) {
            column->type = SL_TYPE_ANY; /* until a sample is seen */
        }
    }
    return known || input->stage->host->offline(input->stage) ? declare(input) : SL_OK;
}

sl_status sl_csv_input_init(sl_csv_input *made, sl_stage *stage, const sl_csv_options *options,
                            const sl_source_options *source)
{
    *made = (sl_csv_input){.stage = stage, .options = options, .source = source};
    if (sl_csv_dialect_read(stage, options, &made->dialect) != SL_OK) {
        return SL_ERROR;
    }
    made->files = sl_source_new(stage, source);
    return made->files != NULL ? SL_OK : SL_ERROR;
}

void sl_csv_input_done(sl_csv_input *input)
{
    sl_stage *stage = input->stage;
    if (stage == NULL) {
        return;
    }
    sl_csv_columns_free(stage, &input->columns);
    sl_source_free(input->files);
    if (input->map != NULL) {
        stage->host->allocate(stage, input->map, 0);
    }
    if (input->carry != NULL) {
        stage->host->allocate(stage, input->carry, 0);
    }
    *input = (sl_csv_input){.stage = NULL};
}

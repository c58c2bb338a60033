/*
 * jsonl_reader.c - reads JSON objects, one a line or the elements of one array, as rows.
 *
 * Deliberately elsewhere: where records begin and end (jsonl_input.h), members as cells
 * (json_row.h), what a sample says of a column's type (infer.h).
 */
#include <string.h>

#include "stages/infer.h"
#include "stages/json_row.h"
#include "stages/jsonl_input.h"
#include "stages/core/option.h"
#include "stages/core/value.h"

#define RAW_SHOWN 4096 /* bytes shown of a record that no batch can hold */

struct jsonl_reader {
    sl_source_options source;
    int32_t format;
    const sl_value *columns;
    int32_t infer;
    int32_t unknown;
    const char *unknown_column;
    int32_t on_misfit;
    /* not options: */
    sl_jsonl_input input;
    sl_json_row row;
    sl_source *files;
    uint32_t columns_count; /* the fields of row, then the added columns: */
    uint32_t gathered;      /* index of unknown_column, with unknown: gather */
    uint32_t file;          /* of file_column, where there is one */
    uint32_t number;        /* of row_column, likewise */
    int32_t declared;
};

static const sl_option options[] = {
    SL_SOURCE_OPTIONS(jsonl_reader),
    {"format", SL_OPTION_CHOICE, 0, offsetof(struct jsonl_reader, format), "lines", NULL, NULL,
     "lines|array", "Whether each line is an object, or the file is one array of objects."},
    {"columns", SL_OPTION_MAP, 0, offsetof(struct jsonl_reader, columns), "", NULL, NULL, NULL,
     "Types of columns, name: type; the others are inferred unless infer is false."},
    {"infer", SL_OPTION_BOOLEAN, 0, offsetof(struct jsonl_reader, infer), "true", NULL, NULL, NULL,
     "Whether the first 1,000 rows or 256 KiB decide columns; false: only those declared."},
    {"unknown", SL_OPTION_CHOICE, 0, offsetof(struct jsonl_reader, unknown), "error", NULL, NULL,
     SL_JSON_UNKNOWN_CHOICES,
     "A key that is no column: rejects its row, is ignored, or is gathered in unknown_column."},
    {"unknown_column", SL_OPTION_TEXT, 0, offsetof(struct jsonl_reader, unknown_column), "unknown",
     NULL, NULL, NULL, "With unknown: gather, the column with the other keys as a JSON object."},
    {"on_misfit", SL_OPTION_CHOICE, 0, offsetof(struct jsonl_reader, on_misfit), "reject", NULL,
     NULL, SL_JSON_MISFIT_CHOICES,
     "A value that its column cannot take: rejects its row, is kept as text, or fails the run."},
    {0},
};

/* ---- Columns ------------------------------------------------------------------------ */

/* The type of a column whose sample has been told. Booleans among other values would not come
 * back as booleans from an `any` column: json keeps every value as it is. */
static sl_type type_of(sl_stage *stage, const sl_infer *infer, const char *name, const char *source)
{
    if (infer->values == 0)
        return SL_TYPE_ANY;
    if (infer->nested > 0 || (infer->booleans > 0 && infer->booleans < infer->values))
        return SL_TYPE_JSON;
    return sl_infer_say(stage, infer, name, source);
}

static void tell_infer(sl_infer *infer, const sl_json_value *value, int64_t row)
{
    if (value->kind == SL_JSON_NUMBER)
        sl_infer_number(infer, value->text, value->size, row);
    else if (value->kind == SL_JSON_STRING)
        sl_infer_string(infer, value->text, value->size, row);
    else if (value->kind == SL_JSON_TRUE || value->kind == SL_JSON_FALSE)
        sl_infer_boolean(infer, value->kind == SL_JSON_TRUE, row);
    else if (value->kind != SL_JSON_NULL)
        sl_infer_nested(infer);
}

typedef struct sample {
    sl_infer *infers; /* one a field */
    uint32_t room;
} sample;

static sl_infer *infer_of(sl_stage *stage, sample *seen, uint32_t field)
{
    if (field >= seen->room) {
        uint32_t room = field < 16 ? 16 : field * 2;
        sl_infer *memory = stage->host->allocate(stage, seen->infers, room * sizeof(*memory));
        if (memory == NULL) {
            (void)sl_no_memory(stage);
            return NULL;
        }
        memset(memory + seen->room, 0, (room - seen->room) * sizeof(*memory));
        seen->infers = memory;
        seen->room = room;
    }
    return &seen->infers[field];
}

/* Tells one record; what is wrong with it is said when it is read as a row. */
static sl_status sample_record(struct jsonl_reader *self, sample *seen,
                               const sl_jsonl_record *record)
{
    sl_stage *stage = self->row.stage;
    sl_json json;
    sl_json_value name, value;
    if (!sl_json_valid(record->text, record->size))
        return SL_OK;
    sl_json_open(&json, record->text, record->size);
    if (!sl_json_enter(&json, SL_JSON_OBJECT))
        return SL_OK;
    while (sl_json_member(&json, &name, &value)) {
        size_t size;
        int32_t refused = 0;
        const char *text = sl_json_row_name(&self->row, &name, &size);
        if (text == NULL)
            return SL_ERROR;
        uint32_t field = sl_json_row_add(&self->row, text, size, SL_TYPE_ANY, 0, &refused);
        if (refused)
            continue;
        sl_infer *infer = field == SL_JSON_ROW_NONE ? NULL : infer_of(stage, seen, field);
        if (infer == NULL)
            return SL_ERROR;
        tell_infer(infer, &value, record->row);
    }
    return SL_OK;
}

/* Looks at the first rows of the open file; *rows: how many there were. */
static sl_status sample_rows(struct jsonl_reader *self, sample *seen, int64_t *rows)
{
    sl_stage *stage = self->row.stage;
    size_t size = SL_INFER_BYTES, most = (size_t)stage->host->batch_bytes(stage);
    sl_jsonl_input before;
    sl_jsonl_record record;
    sl_status status = SL_OK;
    *rows = 0;
    for (;;) {
        if (sl_jsonl_input_sample(&self->input, size) != SL_OK)
            return SL_ERROR;
        before = self->input;
        while (status == SL_OK && *rows < SL_INFER_ROWS &&
               sl_jsonl_input_record(&self->input, &record) == 1) {
            status = sample_record(self, seen, &record);
            ++*rows;
        }
        self->input = before;
        if (status != SL_OK || *rows > 0 || self->input.ended || self->input.later || size >= most)
            return status;
        size *= 2;
    }
}

/* Finds columns in the first file that has rows. */
static sl_status look(struct jsonl_reader *self)
{
    sl_stage *stage = self->row.stage;
    sample seen = {0};
    int64_t rows = 0;
    sl_status status = SL_OK;
    do {
        status = sl_jsonl_input_next(&self->input);
        if (status == SL_OK)
            status = sample_rows(self, &seen, &rows);
        sl_jsonl_input_stand(&self->input);
    } while (status == SL_OK && rows == 0 && !self->input.array &&
             (self->input.ended || self->input.later));
    if (status == SL_PENDING)
        status = sl_fail_at(stage,
                            SL_PLACE(.code = SL_CODE_NO_INPUT, .value = self->source.path,
                                     .hint = "declare them: `infer: false` and `columns: {id: "
                                             "integer}`"),
                            "there are no rows yet that could say the columns");
    for (uint32_t i = 0; status != SL_ERROR && i < self->row.count; i++) {
        sl_column *column = &self->row.fields[i].column;
        if (self->columns != NULL && sl_value_get(self->columns, column->name) != NULL)
            continue;
        if (sl_has(stage, kept_type) &&
            stage->host->kept_type(stage, column->name, &column->type) == SL_OK)
            continue;
        column->type = type_of(stage, &seen.infers[i], column->name, sl_source_name(self->files));
    }
    if (seen.infers != NULL)
        (void)stage->host->allocate(stage, seen.infers, 0);
    return status == SL_ERROR ? SL_ERROR : SL_OK;
}

/* Adds a column that no key gives; *index: which one it is. */
static sl_status add_column(struct jsonl_reader *self, sl_column *columns, const char *name,
                            const char *option, sl_type type, uint32_t *index)
{
    sl_stage *stage = self->row.stage;
    sl_column column = {.name = name, .type = type, .flags = SL_COLUMN_DECLARED};
    for (uint32_t i = 0; i < self->columns_count; i++)
        if (sl_value_same_name(columns[i].name, name) == 0)
            return sl_fail_at(
                stage,
                SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, option)),
                "there is a column '%s' already", name);
    *index = self->columns_count;
    columns[self->columns_count++] = column;
    return SL_OK;
}

static sl_status add_columns(struct jsonl_reader *self, sl_column *columns)
{
    self->columns_count = self->row.count;
    for (uint32_t i = 0; i < self->row.count; i++) {
        columns[i] = self->row.fields[i].column;
        if (columns[i].type == SL_TYPE_INTEGER || columns[i].type == SL_TYPE_REAL ||
            columns[i].type == SL_TYPE_NUMERIC)
            columns[i].flags |= SL_COLUMN_STRINGS;
    }
    if (self->unknown == SL_JSON_UNKNOWN_GATHER &&
        add_column(self, columns, self->unknown_column, "unknown_column", SL_TYPE_JSON,
                   &self->gathered) != SL_OK)
        return SL_ERROR;
    if (self->source.file_column != NULL &&
        add_column(self, columns, self->source.file_column, "file_column", SL_TYPE_TEXT,
                   &self->file) != SL_OK)
        return SL_ERROR;
    if (self->source.row_column != NULL &&
        add_column(self, columns, self->source.row_column, "row_column", SL_TYPE_INTEGER,
                   &self->number) != SL_OK)
        return SL_ERROR;
    return SL_OK;
}

static sl_status declare(struct jsonl_reader *self)
{
    sl_stage *stage = self->row.stage;
    if (sl_json_row_declare(&self->row, self->columns) != SL_OK)
        return SL_ERROR;
    size_t size = (self->row.count + 3) * sizeof(sl_column);
    sl_column *columns = stage->host->allocate(stage, NULL, size);
    if (columns == NULL)
        return sl_no_memory(stage);
    sl_status status = add_columns(self, columns);
    if (status == SL_OK)
        status = stage->host->columns(stage, columns, self->columns_count, sizeof(*columns));
    (void)stage->host->allocate(stage, columns, 0);
    self->declared = status == SL_OK;
    return status;
}

/* ---- Life --------------------------------------------------------------------------- */

static sl_status plan(sl_stage *stage)
{
    struct jsonl_reader *self = sl_self(stage, struct jsonl_reader);
    self->row = (sl_json_row){.stage = stage, .unknown = self->unknown, .misfit = self->on_misfit};
    self->files = sl_source_new(stage, &self->source);
    if (self->files == NULL)
        return SL_ERROR;
    self->input =
        (sl_jsonl_input){.stage = stage, .source = self->files, .array = self->format == 1};
    if (!self->infer && self->columns == NULL)
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG,
                                   .value = stage->host->option(stage, "infer"),
                                   .hint = "declare `columns: {name: type}`"),
                          "with infer: false there are no columns");
    if (self->source.follow && self->input.array)
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG,
                                   .value = stage->host->option(stage, "follow"),
                                   .hint = "write one object a line"),
                          "a file that is one array cannot be followed");
    if (sl_source_prepare(self->files) != SL_OK)
        return SL_ERROR;
    if (!self->infer)
        return declare(self);
    if (stage->host->offline(stage))
        return SL_OK;
    if (!sl_source_may_look(self->files))
        return SL_OK;
    return look(self) == SL_OK ? declare(self) : SL_ERROR;
}

static sl_status open(sl_stage *stage)
{
    struct jsonl_reader *self = sl_self(stage, struct jsonl_reader);
    if (sl_source_list(self->files) != SL_OK)
        return SL_ERROR;
    if (self->declared)
        return SL_OK;
    return look(self) == SL_OK ? declare(self) : SL_ERROR;
}

static void close(sl_stage *stage)
{
    struct jsonl_reader *self = sl_self(stage, struct jsonl_reader);
    if (self->row.stage == NULL)
        return;
    sl_jsonl_input_done(&self->input);
    sl_json_row_done(&self->row);
    sl_source_free(self->files);
}

/* ---- Position ----------------------------------------------------------------------- */

static sl_status tell(sl_stage *stage, sl_text *position)
{
    struct jsonl_reader *self = sl_self(stage, struct jsonl_reader);
    return sl_source_tell(self->files, &self->input.stand, position);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    struct jsonl_reader *self = sl_self(stage, struct jsonl_reader);
    return sl_jsonl_input_seek(&self->input, position);
}

/* ---- Rows --------------------------------------------------------------------------- */

/* Rejects a record with its place; its row in the batch stays, so that the numbers of the rows
 * behind it stay right, but is not selected. */
static sl_status reject(struct jsonl_reader *self, sl_batch *batch, const sl_jsonl_record *record,
                        const char *at)
{
    sl_stage *stage = self->row.stage;
    sl_place place = {.code = SL_CODE_DATA,
                      .column = self->row.column,
                      .row = record->row,
                      .line = record->line,
                      .source = sl_source_name(self->files)};
    for (uint32_t i = 0; i < self->columns_count; i++)
        batch->columns[i][batch->rows] = (sl_cell){.kind = SL_NULL};
    const char *what = self->input.array ? "at byte" : "at column";
    long long byte = (long long)(at - record->text) + 1;
    if (self->row.fatal)
        return sl_fail_at(stage, &place, "%s, %s %lld", self->row.problem, what, byte);
    return stage->host->reject_raw(stage, &place, record->text, record->size, "%s, %s %lld",
                                   self->row.problem, what, byte);
}

static sl_status gather(struct jsonl_reader *self, sl_batch *batch, sl_cell *cell)
{
    sl_stage *stage = self->row.stage;
    size_t size = sl_json_row_rest_size(&self->row);
    *cell = (sl_cell){.kind = SL_NULL};
    if (size == 0)
        return SL_OK;
    char *text = stage->host->bytes(stage, batch, size);
    if (text == NULL)
        return sl_no_memory(stage);
    sl_json_row_rest(&self->row, text);
    *cell = (sl_cell){.kind = SL_TEXT, .size = (uint32_t)size, .as.text = text};
    return SL_OK;
}

static sl_status add_row(struct jsonl_reader *self, sl_batch *batch, const sl_jsonl_record *record,
                         const sl_cell *file)
{
    sl_json json;
    uint32_t row = batch->rows;
    sl_status status = SL_OK;
    batch->lines[row] = record->line;
    sl_json_open(&json, record->text, record->size);
    json.readable = json.end + 16;
    int result = sl_json_row_read(&self->row, &json, batch->columns, row);
    if (result < 0)
        return SL_ERROR;
    if (result == 0) {
        status = reject(self, batch, record, self->row.at);
        batch->rows++;
        return status;
    }
    sl_json_row_decode(&self->row, batch->columns, row, NULL);
    if (self->unknown == SL_JSON_UNKNOWN_GATHER)
        status = gather(self, batch, &batch->columns[self->gathered][row]);
    if (self->source.file_column != NULL)
        batch->columns[self->file][row] = *file;
    if (self->source.row_column != NULL)
        batch->columns[self->number][row] =
            (sl_cell){.kind = SL_INTEGER, .as.integer = record->row};
    batch->selection[batch->selected++] = row;
    batch->rows++;
    return status;
}

/* A record that no batch can hold. SL_END: with follow, its end is not there yet. */
static sl_status pass_over(struct jsonl_reader *self, sl_batch *batch)
{
    sl_jsonl_input *input = &self->input;
    sl_stage *stage = self->row.stage;
    sl_place place = {.code = SL_CODE_DATA,
                      .row = input->rows + 1,
                      .line = input->line + 1,
                      .source = sl_source_name(self->files),
                      .hint = "raise batch: {bytes: ...}"};
    char raw[RAW_SHOWN]; /* the chunk is overwritten */
    size_t size = input->chunk_size - input->chunk_at;
    long long chunk = (long long)input->chunk_size, offset = (long long)input->offset;
    size = size < sizeof raw ? size : sizeof raw;
    memcpy(raw, input->chunk + input->chunk_at, size);
    sl_status status = sl_jsonl_input_skip(input);
    if (status != SL_OK)
        return status;
    for (uint32_t i = 0; i < self->columns_count; i++)
        batch->columns[i][0] = (sl_cell){.kind = SL_NULL};
    batch->lines[0] = place.line;
    batch->first_row = place.row;
    batch->rows = 1;
    return stage->host->reject_raw(stage, &place, raw, size,
                                   "a record larger than the %lld bytes that a batch holds, at "
                                   "byte %lld of the file",
                                   chunk, offset);
}

static sl_status broken_array(struct jsonl_reader *self)
{
    return sl_fail_at(self->row.stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = sl_source_name(self->files),
                               .line = self->input.line + 1),
                      "%s, at byte %lld of the file", self->input.error,
                      (long long)self->input.offset);
}

/* Makes rows of the batch's chunk. SL_END: there was no whole record in it. */
static sl_status add_rows(struct jsonl_reader *self, sl_batch *batch, const sl_cell *file)
{
    sl_jsonl_input *input = &self->input;
    sl_jsonl_record record;
    int32_t large = input->large, all = input->carry_at == input->carry_end;
    int result = 1;
    while (batch->rows < batch->capacity) {
        result = sl_jsonl_input_record(input, &record);
        if (result != 1)
            break;
        if (batch->rows == 0)
            batch->first_row = record.row;
        if (add_row(self, batch, &record, file) != SL_OK)
            return SL_ERROR;
    }
    if (result < 0)
        return broken_array(self);
    if (batch->rows == 0 && large && input->chunk_at == 0 &&
        input->chunk_size == input->chunk_room) {
        sl_status status = pass_over(self, batch);
        if (status == SL_ERROR)
            return SL_ERROR;
        if (status == SL_END) {
            input->open = 0;
            return SL_END;
        }
    }
    int32_t unfinished = batch->rows == 0 && input->chunk_at == 0 && input->chunk_size > 0;
    if (sl_jsonl_input_settle(input, batch->rows, batch->capacity) != SL_OK)
        return SL_ERROR;
    input->large = unfinished;
    sl_jsonl_input_stand(input);
    if (input->later && all && batch->rows == 0)
        input->open = 0;
    return batch->rows > 0 ? SL_OK : SL_END;
}

/* The file's name in the memory of the batch, which may outlive the stage. */
static sl_status put_file(struct jsonl_reader *self, sl_batch *batch, sl_cell *cell)
{
    sl_stage *stage = self->row.stage;
    const char *name = sl_source_name(self->files);
    size_t size = strlen(name);
    char *text = stage->host->bytes(stage, batch, size);
    if (text == NULL)
        return sl_no_memory(stage);
    memcpy(text, name, size);
    *cell = (sl_cell){.kind = SL_TEXT, .size = (uint32_t)size, .as.text = text};
    return SL_OK;
}

/* Fills a batch from the open file. SL_END: there was nothing for it in this chunk. */
static sl_status fill(struct jsonl_reader *self, sl_batch *batch)
{
    sl_cell file = {.kind = SL_NULL};
    batch->source = sl_source_name(self->files);
    batch->rows = batch->selected = 0;
    if (self->source.file_column != NULL && put_file(self, batch, &file) != SL_OK)
        return SL_ERROR;
    int32_t half = self->unknown == SL_JSON_UNKNOWN_GATHER;
    if (sl_jsonl_input_fill(&self->input, batch, half) != SL_OK)
        return SL_ERROR;
    return add_rows(self, batch, &file);
}

/* The file has no more bytes. */
static int is_used_up(const sl_jsonl_input *input)
{
    return input->ended && input->carry_at == input->carry_end;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    struct jsonl_reader *self = sl_self(stage, struct jsonl_reader);
    sl_jsonl_input *input = &self->input;
    for (;;) {
        if (input->open && is_used_up(input)) {
            if (!sl_jsonl_input_complete(input))
                return broken_array(self);
            sl_jsonl_input_stand(input);
            input->open = 0;
        }
        if (!input->open) {
            sl_status status = sl_jsonl_input_next(input);
            if (status != SL_OK)
                return status == SL_PENDING ? sl_source_wait(self->files) : status;
        }
        sl_batch *batch = stage->host->batch(stage, input->large ? 1 : 0);
        if (batch == NULL)
            return SL_ERROR;
        sl_status status = fill(self, batch);
        if (status == SL_OK) {
            *given = batch;
            return SL_OK;
        }
        sl_release(stage, batch);
        if (status == SL_ERROR)
            return SL_ERROR;
    }
}

const sl_stage_type sl_jsonl_reader = {
    SL_STAGE_TYPE,
    .name = "jsonl",
    .version = "1.0",
    .summary = "Reads JSON objects, one a line, as rows.",
    .manual =
        "Each line is one object of RFC 8259, strictly: no comments, no NaN, no trailing comma, "
        "valid UTF-8, no key twice, at most 512 levels. A line that is not is a rejected row with "
        "its line and the column of the byte. Blank lines are passed over; LF and CRLF end a "
        "line; the last one may have no end. With format: array the file is one array of "
        "objects, over as many lines as it likes.\n"
        "\n"
        "The columns are the keys of the first 1,000 rows (or 256 KiB), in the order in which "
        "they first appear, then those of `columns` that did not; with infer: false only those of "
        "`columns`. A key that comes later and is no column rejects its row (unknown: error), is "
        "ignored, or is gathered with all its like as a JSON object in unknown_column. A key that "
        "is absent is NULL, like null.\n"
        "\n"
        "Numbers keep their spelling until an expression reads them: 12.50 stays 12.50 and 64-bit "
        "integers are exact. Strings are text: the string \"12\" does not become a number. "
        "Booleans are 1 and 0 in a boolean column. Arrays and objects stay JSON text in a json "
        "column. A column in which booleans or nested values mix with others is json too: every "
        "value stays as its JSON, so a string there has its quotes, and json_extract(x, '$') is "
        "the string. An any column takes numbers and strings, each by itself.\n"
        "\n"
        "A value that its column cannot take (a string in a declared integer column; an object "
        "where the sample had text) is a misfit: on_misfit rejects the row, keeps the value as "
        "the text of its JSON, or fails the run. A record that no batch can hold is rejected; "
        "raise batch: {bytes: ...} to read it.",
    .example = "- reader: jsonl\n"
               "  path: orders-*.jsonl.gz\n"
               "  columns: {id: integer, amount: real, lines: json}\n"
               "  unknown: ignore\n",
    .role = SL_READER,
    .self_size = sizeof(struct jsonl_reader),
    .options = options,
    .plan = plan,
    .open = open,
    .next = next,
    .tell = tell,
    .seek = seek,
    .close = close,
};

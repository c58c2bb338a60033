/*
 * jsonl_exporter.c - writes each row as a JSON object on a line of its own.
 *
 * Deliberately elsewhere: JSON itself (json.h), the file (target.h).
 */
#include <math.h>
#include <string.h>

#include "stages/core/value.h"
#include "stages/json.h"
#include "stages/target.h"

/* A row whose worst case is beyond this is measured before room is asked for. */
#define MEASURED ((size_t)64 * 1024)

#define BLOB_REJECT 0
#define BLOB_BASE64 1
#define BLOB_HEX 2
#define BLOB_TEXT 3

typedef struct prefix { /* `,"name":` */
    char *text;
    size_t size;
} prefix;

struct jsonl_exporter {
    const char *path;
    int32_t mode;
    int32_t nulls;
    int32_t blob;
    /* not options: */
    sl_target *target;
    const sl_column *columns;
    prefix *prefixes;
    uint32_t columns_count;
    uint32_t raw; /* 1 + index of the column with rejected lines as they were; 0: none */
    size_t fixed; /* bytes of a row that do not depend on texts */
};

static const sl_option options[] = {
    {"path", SL_OPTION_PATH, 0, offsetof(struct jsonl_exporter, path), NULL, NULL, NULL, NULL,
     "The file to write, or `-` for standard output."},
    {"mode", SL_OPTION_CHOICE, 0, offsetof(struct jsonl_exporter, mode), "replace", NULL, NULL,
     "replace|append", "Whether the file is replaced at the end of the run, or added to."},
    {"nulls", SL_OPTION_CHOICE, 0, offsetof(struct jsonl_exporter, nulls), "write", NULL, NULL,
     "write|omit", "Whether NULL is written as null, or its key is left out."},
    {"blob", SL_OPTION_CHOICE, 0, offsetof(struct jsonl_exporter, blob), "reject", NULL, NULL,
     "reject|base64|hex|text",
     "How a blob is written; JSON has none. text: as a string, when it is valid UTF-8."},
    {0},
};

/* ---- Life --------------------------------------------------------------------------- */

static sl_status prefix_of(sl_stage *stage, const sl_column *column, prefix *made)
{
    size_t size = strlen(column->name);
    made->text = stage->host->allocate(stage, NULL, SL_JSON_QUOTED(size) + 2);
    if (made->text == NULL)
        return sl_no_memory(stage);
    size_t quoted = sl_json_quote(made->text + 1, column->name, size);
    if (quoted == 0)
        return sl_fail(stage, "the name of a column is not valid UTF-8: '%s'", column->name);
    made->text[0] = ',';
    made->text[quoted + 1] = ':';
    made->size = quoted + 2;
    return SL_OK;
}

static sl_status open(sl_stage *stage)
{
    struct jsonl_exporter *self = sl_self(stage, struct jsonl_exporter);
    uint32_t count;
    self->columns = stage->host->input_columns(stage, 0, &count);
    size_t size = (count + 1) * sizeof(prefix);
    self->prefixes = stage->host->allocate(stage, NULL, size);
    if (self->prefixes == NULL)
        return sl_no_memory(stage);
    memset(self->prefixes, 0, size);
    self->columns_count = count;
    self->fixed = 4;
    for (uint32_t c = 0; c < count; c++) {
        if (prefix_of(stage, &self->columns[c], &self->prefixes[c]) != SL_OK)
            return SL_ERROR;
        if (c > 0 && strcmp(self->columns[0].name, "_stage") == 0 &&
            strcmp(self->columns[c].name, "_raw") == 0)
            self->raw = c + 1;
        self->fixed += self->prefixes[c].size + SL_JSON_QUOTED(0) + SL_VALUE_ROOM;
    }
    self->target =
        sl_target_open(stage, self->path, self->mode == 1, stage->host->option(stage, "path"));
    return self->target == NULL ? SL_ERROR : SL_OK;
}

static void close(sl_stage *stage)
{
    struct jsonl_exporter *self = sl_self(stage, struct jsonl_exporter);
    sl_target_close(self->target);
    for (uint32_t c = 0; self->prefixes != NULL && c < self->columns_count; c++)
        if (self->prefixes[c].text != NULL)
            (void)stage->host->allocate(stage, self->prefixes[c].text, 0);
    if (self->prefixes != NULL)
        (void)stage->host->allocate(stage, self->prefixes, 0);
}

/* ---- Values ------------------------------------------------------------------------- */

static size_t put_base64(char *to, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *put = to;
    *put++ = '"';
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t three = (uint32_t)bytes[i] << 16;
        three |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= left > 2 ? bytes[i + 2] : 0;
        *put++ = digits[three >> 18];
        *put++ = digits[three >> 12 & 63];
        *put++ = left > 1 ? digits[three >> 6 & 63] : '=';
        *put++ = left > 2 ? digits[three & 63] : '=';
    }
    *put++ = '"';
    return (size_t)(put - to);
}

static size_t put_hex(char *to, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    *to = '"';
    for (size_t i = 0; i < size; i++) {
        to[2 * i + 1] = digits[bytes[i] >> 4];
        to[2 * i + 2] = digits[bytes[i] & 15];
    }
    to[2 * size + 1] = '"';
    return 2 * size + 2;
}

static size_t put_bytes(char *to, const char *text, size_t size)
{
    memcpy(to, text, size);
    return size;
}

static int is_number_column(const sl_column *column)
{
    return column->type == SL_TYPE_INTEGER || column->type == SL_TYPE_REAL ||
           column->type == SL_TYPE_NUMERIC;
}

/* Whether the face of a cell is JSON as it stands: a number, true or false. */
static int is_plain_face(const sl_column *column, const char *text, size_t size)
{
    if (!(column->flags & SL_COLUMN_FACES))
        return 0;
    if (is_number_column(column))
        return sl_json_is_number(text, size);
    return column->type == SL_TYPE_BOOLEAN && ((size == 4 && memcmp(text, "true", 4) == 0) ||
                                               (size == 5 && memcmp(text, "false", 5) == 0));
}

/* 0: not valid UTF-8. */
static size_t put_text(char *to, const sl_column *column, const sl_cell *cell)
{
    const char *text = cell->as.text;
    size_t size = cell->size;
    if (column->type == SL_TYPE_JSON && sl_json_valid(text, size))
        return sl_json_on_one_line(to, text, size);
    if (is_plain_face(column, text, size))
        return put_bytes(to, text, size);
    return sl_json_quote(to, text, size);
}

/* A rejected line may be anything; a byte that is not UTF-8 becomes U+FFFD. */
static size_t put_raw(char *to, const char *text, size_t size)
{
    char *put = to;
    *put++ = '"';
    for (size_t at = 0; at < size;) {
        size_t valid = sl_value_utf8(text + at, size - at);
        size_t quoted = sl_json_quote(put, text + at, valid);
        memmove(put, put + 1, quoted - 2);
        put += quoted - 2;
        at += valid;
        if (at < size) {
            put += put_bytes(put, "\xef\xbf\xbd", 3);
            at++;
        }
    }
    *put++ = '"';
    return (size_t)(put - to);
}

static size_t put_integer(char *to, const sl_column *column, int64_t integer)
{
    if (column->type == SL_TYPE_BOOLEAN && integer == 1)
        return put_bytes(to, "true", 4);
    if (column->type == SL_TYPE_BOOLEAN && integer == 0)
        return put_bytes(to, "false", 5);
    return sl_value_integer(integer, to);
}

static size_t put_blob(char *to, int32_t how, const sl_cell *cell)
{
    if (how == BLOB_BASE64)
        return put_base64(to, cell->as.blob, cell->size);
    if (how == BLOB_HEX)
        return put_hex(to, cell->as.blob, cell->size);
    return how == BLOB_TEXT ? sl_json_quote(to, cell->as.blob, cell->size) : 0;
}

/* Writes a value and answers its length; 0: it cannot be written. */
static inline size_t put_cell(char *to, int32_t blob, const sl_column *column, const sl_cell *cell)
{
    switch (cell->kind) {
    case SL_NULL:
        return put_bytes(to, "null", 4);
    case SL_INTEGER:
        return put_integer(to, column, cell->as.integer);
    case SL_REAL:
        return isfinite(cell->as.real) ? sl_value_real(cell->as.real, to) : 0;
    case SL_NUMERAL:
        return put_bytes(to, cell->as.text, cell->size);
    case SL_TEXT:
        return put_text(to, column, cell);
    default:
        return put_blob(to, blob, cell);
    }
}

static const char *why_not(const sl_cell *cell, int32_t blob)
{
    if (cell->kind == SL_REAL)
        return isnan(cell->as.real) ? "JSON cannot say not-a-number" : "JSON cannot say infinity";
    if (cell->kind == SL_BLOB && blob == BLOB_REJECT)
        return "JSON has no blobs; say how with blob: base64, hex or text";
    return "the text is not valid UTF-8";
}

/* ---- Rows --------------------------------------------------------------------------- */

static inline int has_bytes(const sl_cell *cell)
{
    return cell->kind == SL_TEXT || cell->kind == SL_BLOB || cell->kind == SL_NUMERAL;
}

/* Room that a row with large texts needs: never more than is written, give or take. */
static size_t measure(const struct jsonl_exporter *self, const sl_batch *batch, uint32_t row)
{
    size_t room = self->fixed;
    for (uint32_t c = 0; c < self->columns_count; c++) {
        const sl_cell *cell = &batch->columns[c][row];
        if (cell->kind == SL_TEXT || (cell->kind == SL_BLOB && self->blob == BLOB_TEXT)) {
            size_t quoted = sl_json_quoted_size(cell->as.text, cell->size);
            room += quoted == 0 ? SL_JSON_QUOTED(cell->size) : quoted;
        } else if (has_bytes(cell)) {
            room += 2 * (size_t)cell->size;
        }
    }
    return room;
}

static size_t room_for(const struct jsonl_exporter *self, const sl_batch *batch, uint32_t row)
{
    size_t room = self->fixed;
    for (uint32_t c = 0; c < self->columns_count; c++) {
        const sl_cell *cell = &batch->columns[c][row];
        if (has_bytes(cell))
            room += 6 * (size_t)cell->size;
    }
    return room > MEASURED ? measure(self, batch, row) : room;
}

/* Writes a row and answers its length; 0: the cell *column cannot be written. */
static size_t put_row(const struct jsonl_exporter *self, const sl_batch *batch, uint32_t row,
                      char *to, uint32_t *column)
{
    char *put = to;
    for (uint32_t c = 0; c < self->columns_count; c++) {
        const sl_cell *cell = &batch->columns[c][row];
        const prefix *name = &self->prefixes[c];
        if (cell->kind == SL_NULL && self->nulls == 1)
            continue;
        put += put_bytes(put, name->text, name->size);
        size_t size = put_cell(put, self->blob, &self->columns[c], cell);
        if (size == 0 && c + 1 == self->raw && cell->kind == SL_TEXT)
            size = put_raw(put, cell->as.text, cell->size);
        if (size == 0) {
            *column = c;
            return 0;
        }
        put += size;
    }
    if (put == to)
        put++;
    *to = '{'; /* in place of the first comma */
    *put++ = '}';
    *put++ = '\n';
    return (size_t)(put - to);
}

static sl_status write(sl_stage *stage, sl_batch *batch)
{
    struct jsonl_exporter *self = sl_self(stage, struct jsonl_exporter);
    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i], column = 0;
        char *to = sl_target_reserve(self->target, room_for(self, batch, row));
        if (to == NULL)
            return SL_ERROR;
        size_t size = put_row(self, batch, row, to, &column);
        if (size > 0) {
            sl_target_advance(self->target, size);
            continue;
        }
        const sl_cell *cell = &batch->columns[column][row];
        if (sl_reject(stage, batch, row, column + 1, "%s", why_not(cell, self->blob)) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

static sl_status commit(sl_stage *stage, const sl_commit *what)
{
    return sl_target_commit(sl_self(stage, struct jsonl_exporter)->target, what->final);
}

static sl_status forget(sl_stage *stage)
{
    struct jsonl_exporter *self = sl_self(stage, struct jsonl_exporter);
    return self->target != NULL ? sl_target_abort(self->target) : SL_OK;
}

static sl_status tell(sl_stage *stage, sl_text *position)
{
    return sl_target_tell(sl_self(stage, struct jsonl_exporter)->target, position);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    return sl_target_seek(sl_self(stage, struct jsonl_exporter)->target, position);
}

static sl_status plan(sl_stage *stage)
{
    const struct jsonl_exporter *self = sl_self(stage, struct jsonl_exporter);
    return sl_target_plan(stage, self->path, self->mode == 1);
}

const sl_stage_type sl_jsonl_exporter = {
    SL_STAGE_TYPE,
    .name = "jsonl",
    .version = "1.0",
    .summary = "Writes each row as a JSON object on a line of its own.",
    .manual =
        "Every value is written as what it is. Numbers that no stage changed keep the spelling "
        "with which they were read; computed reals take the shortest form that reads back to the "
        "same bits. A boolean column is true and false. Text of a json column is written as the "
        "JSON it is, on one line, and as a string when it is not valid JSON. All other text is a "
        "string; so is text in a number column that spells no number. NULL is null, or with "
        "nulls: omit its key is left out.\n"
        "\n"
        "What JSON cannot say is a rejected row: text that is not valid UTF-8, an infinity, and a "
        "blob, unless `blob` says how to write it. Only in `_raw`, the line of a rejected row, a "
        "byte that is not UTF-8 becomes U+FFFD: a reject is never rejected.\n"
        "\n"
        "With mode: replace the rows go to a temporary file beside the target, which takes its "
        "name when all is written; a run that fails leaves the old file as it was, and what a "
        "killed one leaves is removed by the next. With mode: "
        "append rows are added.",
    .example = "- exporter: jsonl\n"
               "  path: paid.jsonl\n"
               "  nulls: omit\n",
    .role = SL_EXPORTER,
    .traits = SL_TRAIT_REHEARSES,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(struct jsonl_exporter),
    .options = options,
    .plan = plan,
    .open = open,
    .write = write,
    .commit = commit,
    .abort = forget,
    .tell = tell,
    .seek = seek,
    .close = close,
};

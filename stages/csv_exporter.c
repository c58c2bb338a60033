/*
 * csv_exporter.c - the exporter `csv`: writes rows so that the csv reader reads the same again.
 *
 * A field is quoted only where it must be. Each is written plainly first and then looked at,
 * 16 bytes at a time, in the buffer; the few that need quotes are written once more.
 *
 * Deliberately elsewhere: the file (target.h), spelling of numbers (core/value.h).
 */
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "stages/core/value.h"
#include "stages/csv_dialect.h"
#include "stages/target.h"

#define SLACK 32 /* bytes that copying and looking may touch behind a row */

enum { QUOTING_MINIMAL, QUOTING_ALL };
enum { BLOB_TEXT, BLOB_HEX };

typedef struct csv_exporter {
    const char *path, *delimiter, *quote, *null_text;
    int32_t mode, header, crlf, quoting, blob, formulas, comma;
    sl_target *target;
    int32_t begun; /* 1: the header is written, or there is none */
    const sl_column *columns;
    uint32_t columns_count;
    char separator;
    int32_t quote_byte; /* -1: none */
    size_t null_size;
} csv_exporter;

/* Why a cell cannot be written; a sentence for the reject. */
static const char NO_QUOTE[] = "the text needs quotes, and there is no quote character";
static const char NO_EMPTY[] = "without a quote character empty text would be read as NULL";
static const char NOT_UTF8[] = "the text is not valid UTF-8";
static const char NOT_TEXT[] = "the blob is not valid UTF-8; `blob: hex` writes its digits";

/* ---- Looking at a field ------------------------------------------------------------------ */

#define SPECIAL 1 /* a delimiter, a quote, CR or LF */
#define HIGH 2    /* a byte above 127 */

/* What is in bytes[0 .. size); 16 bytes behind them may be touched. */
static inline int look(const csv_exporter *self, const char *bytes, size_t size)
{
    int found = 0;
    char quote = self->quote_byte >= 0 ? (char)self->quote_byte : '\n';
#if defined(__SSE2__)
    const __m128i delimiters = _mm_set1_epi8(self->separator), quotes = _mm_set1_epi8(quote);
    for (size_t at = 0; at < size; at += 16) {
        __m128i piece = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        __m128i same = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(piece, delimiters), _mm_cmpeq_epi8(piece, quotes)),
            _mm_or_si128(_mm_cmpeq_epi8(piece, _mm_set1_epi8('\n')),
                         _mm_cmpeq_epi8(piece, _mm_set1_epi8('\r'))));
        uint32_t inside = size - at >= 16 ? 0xffffu : (1u << (size - at)) - 1;
        found |= ((uint32_t)_mm_movemask_epi8(same) & inside) != 0 ? SPECIAL : 0;
        found |= ((uint32_t)_mm_movemask_epi8(piece) & inside) != 0 ? HIGH : 0;
    }
#else
    for (size_t at = 0; at < size; at++) {
        char byte = bytes[at];
        found |=
            byte == self->separator || byte == quote || byte == '\n' || byte == '\r' ? SPECIAL : 0;
        found |= (unsigned char)byte >= 0x80 ? HIGH : 0;
    }
#endif
    return found;
}

/* memcpy for what is mostly short. */
static inline void copy(char *to, const char *from, size_t size)
{
    if (size > 16) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        uint64_t head, tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + size - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + size - 8, &tail, 8);
    } else if (size >= 4) {
        uint32_t head, tail;
        memcpy(&head, from, 4);
        memcpy(&tail, from + size - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + size - 4, &tail, 4);
    } else if (size > 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

/* ---- Fields ------------------------------------------------------------------------------- */

static char *put_quoted(const csv_exporter *self, char *to, const char *text, size_t size)
{
    char quote = (char)self->quote_byte;
    *to++ = quote;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == quote) {
            *to++ = quote;
        }
        *to++ = text[i];
    }
    *to++ = quote;
    return to;
}

/* A spreadsheet would run it: it begins with = @ tab CR, or with + - and is no number. */
static int is_formula(const char *text, size_t size)
{
    sl_cell value;
    switch (text[0]) {
    case '=':
    case '@':
    case '\t':
    case '\r':
        return 1;
    case '+':
    case '-':
        return size > 1 && sl_value_number(text, size, &value) == SL_SPELLING_TEXT;
    default:
        return 0;
    }
}

static int is_null_text(const csv_exporter *self, const char *text, size_t size)
{
    return size == self->null_size && size > 0 && memcmp(text, self->null_text, size) == 0;
}

static int begins_with_mark(const char *text, size_t size)
{
    return size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
}

/* Text that is more than letters. Answers its end, or NULL and why. */
static char *put_special(const csv_exporter *self, char *to, const char *text, size_t size,
                         int found, const char **why)
{
    int quoted = (found & SPECIAL) || self->quoting == QUOTING_ALL || size == 0 ||
                 is_null_text(self, text, size) || begins_with_mark(text, size);
    if ((found & HIGH) && sl_value_utf8(text, size) < size) {
        *why = NOT_UTF8;
        return NULL;
    }
    if (quoted && self->quote_byte < 0) {
        *why = size == 0 ? NO_EMPTY : NO_QUOTE;
        return NULL;
    }
    if (self->formulas && size > 0 && is_formula(text, size)) {
        char *start = to;
        if (!quoted) {
            *to++ = '\'';
            memcpy(to, text, size);
            return to + size;
        }
        to = put_quoted(self, to + 1, text, size); /* 'x becomes "'x" */
        start[0] = start[1];
        start[1] = '\'';
        return to;
    }
    if (quoted) {
        return put_quoted(self, to, text, size);
    }
    memcpy(to, text, size);
    return to + size;
}

static inline char *put_text(const csv_exporter *self, char *to, const char *text, size_t size,
                             const char **why)
{
    copy(to, text, size);
    int found = look(self, to, size);
    if (__builtin_expect(found == 0 && size > 0, 1) && self->quoting == QUOTING_MINIMAL &&
        !self->formulas && size != self->null_size) {
        return to + size;
    }
    return put_special(self, to, text, size, found, why);
}

static char *put_hex(char *to, const sl_cell *cell)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = cell->as.blob;
    for (uint32_t i = 0; i < cell->size; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return to;
}

static char *put_blob(const csv_exporter *self, char *to, const sl_cell *cell, const char **why)
{
    if (self->blob == BLOB_HEX && cell->size > 0) {
        return put_hex(to, cell);
    }
    char *end = put_text(self, to, cell->as.blob, cell->size, why);
    if (end == NULL && *why == NOT_UTF8) {
        *why = NOT_TEXT;
    }
    return end;
}

/* A number: it needs quotes only where the delimiter is a letter of numbers. */
static char *put_number(const csv_exporter *self, char *to, const sl_column *column,
                        const sl_cell *cell, const char **why)
{
    char room[SL_VALUE_ROOM + SLACK];
    size_t size;
    if (cell->kind == SL_REAL) {
        size = sl_value_real(cell->as.real, room);
        char *point = self->comma ? memchr(room, '.', size) : NULL;
        if (point != NULL) {
            *point = ',';
        }
    } else if (column->type == SL_TYPE_BOOLEAN && (uint64_t)cell->as.integer <= 1) {
        const char *word = cell->as.integer ? "true" : "false";
        size = strlen(word);
        memcpy(room, word, size);
    } else {
        size = sl_value_integer(cell->as.integer, room);
    }
    return put_text(self, to, room, size, why);
}

static inline char *put_cell(const csv_exporter *self, char *to, const sl_column *column,
                             const sl_cell *cell, const char **why)
{
    switch (cell->kind) {
    case SL_NULL:
        copy(to, self->null_text, self->null_size);
        return to + self->null_size;
    case SL_TEXT:
    case SL_NUMERAL:
        return put_text(self, to, cell->as.text, cell->size, why);
    case SL_BLOB:
        return put_blob(self, to, cell, why);
    default:
        return put_number(self, to, column, cell, why);
    }
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* The most that a row can take. */
static size_t measure(const csv_exporter *self, const sl_batch *batch, uint32_t row)
{
    size_t fixed = 2 * SL_VALUE_ROOM + self->null_size + 4; /* quotes, ', delimiter */
    size_t size = self->columns_count * fixed + SLACK;
    for (uint32_t c = 0; c < self->columns_count; c++) {
        size += 2 * (size_t)batch->columns[c][row].size;
    }
    return size;
}

static inline char *put_line_end(const csv_exporter *self, char *to)
{
    if (self->crlf) {
        *to++ = '\r';
    }
    *to++ = '\n';
    return to;
}

/* Writes a row; 0: the cell *column cannot be written. */
static inline size_t put_row(const csv_exporter *self, const sl_batch *batch, uint32_t row,
                             char *start, uint32_t *column, const char **why)
{
    char *to = start;
    for (uint32_t c = 0; c < self->columns_count; c++) {
        to = put_cell(self, to, &self->columns[c], &batch->columns[c][row], why);
        if (__builtin_expect(to == NULL, 0)) {
            *column = c;
            return 0;
        }
        *to++ = self->separator;
    }
    return (size_t)(put_line_end(self, to - (self->columns_count > 0)) - start);
}

static sl_status write_header(sl_stage *stage, csv_exporter *self)
{
    for (uint32_t c = 0; c < self->columns_count; c++) {
        const char *name = self->columns[c].name, *why = NULL;
        size_t size = strlen(name);
        char *to = sl_target_reserve(self->target, 2 * size + 8 + SLACK);
        if (to == NULL) {
            return SL_ERROR;
        }
        char *end = put_text(self, to, name, size, &why);
        if (end == NULL) {
            return sl_fail_at(stage, SL_PLACE(.column = c + 1),
                              "the name of column %u cannot be written: %s", c + 1, why);
        }
        *end = self->separator;
        end = c + 1 < self->columns_count ? end + 1 : put_line_end(self, end);
        sl_target_advance(self->target, (size_t)(end - to));
    }
    return SL_OK;
}

/* The next character of a line that is no quote and no CR; 0 at its end. */
static char next_letter(const char **at, const char *end, char quote)
{
    while (*at < end && (**at == quote || **at == '\r')) {
        (*at)++;
    }
    return *at < end && **at != '\n' ? *(*at)++ : '\0';
}

/* Rows are added to a file whose header names the same columns; how it is quoted does not count. */
static sl_status check_header(sl_stage *stage, csv_exporter *self)
{
    static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark */
    size_t start = sl_target_mark(self->target);
    if (write_header(stage, self) != SL_OK) {
        return SL_ERROR;
    }
    size_t size;
    const char *ours = sl_target_take_back(self->target, start, &size);
    char *theirs = stage->host->allocate(stage, NULL, 2 * size + sizeof mark);
    if (theirs == NULL) {
        return sl_no_memory(stage);
    }
    size_t got = sl_target_head(self->target, theirs, 2 * size + sizeof mark);
    const char *a = ours, *b = theirs, *b_end = theirs + got;
    if (got >= 3 && memcmp(theirs, mark, 3) == 0) {
        b += 3;
    }
    char quote = self->quote_byte < 0 ? '\r' : (char)self->quote_byte, x, y;
    do {
        x = next_letter(&a, ours + size, quote);
        y = next_letter(&b, b_end, quote);
    } while (x == y && x != '\0');
    stage->host->allocate(stage, theirs, 0);
    if (x == y || got == 0) {
        return SL_OK;
    }
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_DATA, .value = stage->host->option(stage, "path"),
                               .hint = "give the columns their order with a select, write to "
                                       "another file, or say `header: false`"),
                      "the first line of '%s' does not name the columns of the rows that are added",
                      self->path);
}

/* Once, with the first row or at the end: whether a header is needed is known only when the file
 * has been cut back. */
static sl_status begin(sl_stage *stage, csv_exporter *self)
{
    if (self->begun) {
        return SL_OK;
    }
    self->begun = 1;
    if (!self->header) {
        return SL_OK;
    }
    return sl_target_empty(self->target) ? write_header(stage, self) : check_header(stage, self);
}

static sl_status write(sl_stage *stage, sl_batch *batch)
{
    csv_exporter *self = sl_self(stage, csv_exporter);
    if (begin(stage, self) != SL_OK) {
        return SL_ERROR;
    }
    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i], column = 0;
        const char *why = NULL;
        char *to = sl_target_reserve(self->target, measure(self, batch, row));
        if (to == NULL) {
            return SL_ERROR;
        }
        size_t size = put_row(self, batch, row, to, &column, &why);
        if (size > 0) {
            sl_target_advance(self->target, size);
        } else if (sl_reject(stage, batch, row, column + 1, "%s", why) != SL_OK) {
            return SL_ERROR;
        }
    }
    return SL_OK;
}

/* ---- The stage ---------------------------------------------------------------------------- */

static sl_status fail_option(sl_stage *stage, const char *option, const char *why)
{
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, option)),
                      "%s", why);
}

static sl_status plan(sl_stage *stage)
{
    csv_exporter *self = sl_self(stage, csv_exporter);
    int32_t separator = sl_csv_dialect_byte(self->delimiter);
    sl_status status = sl_target_plan(stage, self->path, self->mode == 1);
    self->quote_byte = strcmp(self->quote, "none") == 0 ? -1 : sl_csv_dialect_byte(self->quote);
    if (separator < 0) {
        status = fail_option(stage, "delimiter", "a delimiter is one ASCII character");
    }
    if (self->quote_byte < 0 && strcmp(self->quote, "none") != 0) {
        status = fail_option(stage, "quote", "a quote is one ASCII character, or none");
    }
    if (separator >= 0 && separator == self->quote_byte) {
        status = fail_option(stage, "quote", "quote and delimiter are the same character");
    }
    self->separator = (char)separator;
    self->null_text = self->null_text != NULL ? self->null_text : "";
    self->null_size = strlen(self->null_text);
    if (status == SL_OK && strpbrk(self->null_text, (const char[]){'\r', '\n', self->separator,
                                                                   (char)self->quote_byte, 0})) {
        status = fail_option(stage, "null", "the spelling of NULL would need quotes");
    }
    return status;
}

static sl_status open(sl_stage *stage)
{
    csv_exporter *self = sl_self(stage, csv_exporter);
    self->columns = stage->host->input_columns(stage, 0, &self->columns_count);
    self->target =
        sl_target_open(stage, self->path, self->mode == 1, stage->host->option(stage, "path"));
    return self->target == NULL ? SL_ERROR : SL_OK;
}

static sl_status commit(sl_stage *stage, const sl_commit *what)
{
    csv_exporter *self = sl_self(stage, csv_exporter);
    if (what->final && begin(stage, self) != SL_OK) {
        return SL_ERROR;
    }
    return sl_target_commit(self->target, what->final);
}

static sl_status forget(sl_stage *stage)
{
    csv_exporter *self = sl_self(stage, csv_exporter);
    return self->target != NULL ? sl_target_abort(self->target) : SL_OK;
}

static sl_status tell(sl_stage *stage, sl_text *position)
{
    return sl_target_tell(sl_self(stage, csv_exporter)->target, position);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    return sl_target_seek(sl_self(stage, csv_exporter)->target, position);
}

static void close(sl_stage *stage)
{
    sl_target_close(sl_self(stage, csv_exporter)->target);
}

#define AT(field) offsetof(struct csv_exporter, field)

static const sl_option options[] = {
    {"path", SL_OPTION_PATH, 0, AT(path), NULL, NULL, NULL, NULL,
     "The file to write, or `-` for standard output."},
    {"mode", SL_OPTION_CHOICE, 0, AT(mode), "replace", NULL, NULL, "replace|append",
     "Whether the file is replaced at the end of the run, or added to."},
    {"delimiter", SL_OPTION_TEXT, 0, AT(delimiter), ",", NULL, NULL, NULL,
     "The character between fields; also written tab (or \\t), semicolon, pipe, space."},
    {"quote", SL_OPTION_TEXT, 0, AT(quote), "\"", NULL, NULL, NULL,
     "The character around fields that need it; `none`: rows that need it are rejected."},
    {"quoting", SL_OPTION_CHOICE, 0, AT(quoting), "minimal", NULL, NULL, "minimal|all",
     "Whether only fields are quoted that must be, or all but NULLs."},
    {"header", SL_OPTION_BOOLEAN, 0, AT(header), "true", NULL, NULL, NULL,
     "Whether a first line names the columns; when appending, only in an empty file."},
    {"line_end", SL_OPTION_CHOICE, 0, AT(crlf), "lf", NULL, NULL, "lf|crlf", "What ends a line."},
    {"null", SL_OPTION_TEXT, 0, AT(null_text), "", NULL, NULL, NULL,
     "How NULL is spelled; without it as an empty field, and empty text as \"\"."},
    {"decimal", SL_OPTION_CHOICE, 0, AT(comma), ".", NULL, NULL, ".|,",
     "What stands before the fraction of reals; what was read keeps its spelling."},
    {"blob", SL_OPTION_CHOICE, 0, AT(blob), "text", NULL, NULL, "text|hex",
     "How a blob is written; text: its bytes, when they are valid UTF-8, else the row is "
     "rejected."},
    {"formulas", SL_OPTION_CHOICE, 0, AT(formulas), "keep", NULL, NULL, "keep|escape",
     "escape: text that a spreadsheet would run (=, @, +, -) is written with a ' before it."},
    {NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL},
};

const sl_stage_type sl_csv_exporter = {
    SL_STAGE_TYPE,
    .name = "csv",
    .version = "1.0",
    .summary = "Writes rows to a CSV file, quoting only what needs it.",
    .manual =
        "What the csv reader read and no stage changed is written with the spelling it had; "
        "computed reals take the shortest form that reads back to the same bits. NULL is an "
        "empty field and empty text is \"\", so that both are read as what they were; `null` "
        "gives NULL a spelling, and text that is spelled so is quoted. In a file of one column a "
        "NULL is an empty line, which the csv reader reads as that; for other programs give "
        "`null` a spelling.\n"
        "\n"
        "A row that cannot be written is rejected: text or a blob that is not valid UTF-8, or, "
        "with `quote: none`, text that needs quotes.\n"
        "\n"
        "With mode: replace the rows go to a temporary file beside the target, which takes its "
        "name when all is written; a run that fails leaves the old file as it was, and what a "
        "killed one leaves is removed by the next. With mode: "
        "append rows are added.",
    .example = "- exporter: csv\n"
               "  path: paid.csv\n"
               "  delimiter: tab\n",
    .role = SL_EXPORTER,
    .traits = SL_TRAIT_REHEARSES,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(csv_exporter),
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

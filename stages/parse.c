/*
 * parse.c - a text column becomes several: logs, a pattern's groups, the members of an object.
 *
 * Deliberately elsewhere: the log formats (apache.h), patterns (regex.h), members as cells
 * (json_row.h).
 */
#include <string.h>

#include "stages/apache.h"
#include "stages/core/option.h"
#include "stages/core/value.h"
#include "stages/json_row.h"
#include "stages/regex.h"

#define FORMAT_COMBINED 0
#define FORMAT_COMMON 1
#define FORMAT_REGEX 2
#define FORMAT_JSON 3

#define KEEP_OTHERS 0
#define KEEP_ALL 1
#define KEEP_NONE 2

struct parse {
    const char *column;
    int32_t format;
    const char *pattern;
    const sl_value *columns;
    int32_t keep;
    /* not options: */
    sl_regex *regex;
    sl_json_row row;
    sl_column *fields; /* what the text is parsed into */
    uint32_t fields_count;
    uint32_t parsed; /* index of the text's column in the input */
    uint32_t *order; /* of each column given: an input's index, or inputs + a field's */
    uint32_t order_count;
    uint32_t inputs_count;
    sl_cell **made; /* cells of the fields */
    sl_cell **arranged;
    sl_cell *groups; /* of one match */
    int32_t retried; /* 1: a batch without room was put off once */
};

static const sl_option options[] = {
    {"column", SL_OPTION_COLUMN, 0, offsetof(struct parse, column), "", NULL, NULL, NULL,
     "The column to parse; not needed where only one holds text, or one is called `line`."},
    {"format", SL_OPTION_CHOICE, 0, offsetof(struct parse, format), NULL, NULL, NULL,
     "apache_combined|apache_common|regex|json", "What the text is."},
    {"pattern", SL_OPTION_TEXT, 0, offsetof(struct parse, pattern), "", NULL, NULL, NULL,
     "With format: regex, a PCRE2 pattern; each named group (?<name>...) is a column."},
    {"columns", SL_OPTION_MAP, 0, offsetof(struct parse, columns), "", NULL, NULL, NULL,
     "Types, name: type: of the groups of a pattern; of the members to take of JSON objects."},
    {"keep", SL_OPTION_CHOICE, 0, offsetof(struct parse, keep), "others", NULL, NULL,
     "others|all|none",
     "Which columns stay: all others, the parsed one too, or only the new ones."},
    {0},
};

static void *allocate(sl_stage *stage, size_t size)
{
    void *memory = stage->host->allocate(stage, NULL, size);
    if (memory == NULL)
        (void)sl_no_memory(stage);
    else
        memset(memory, 0, size);
    return memory;
}

static sl_status fail_option(sl_stage *stage, const char *option, const char *hint, const char *why)
{
    const sl_value *value = stage->host->option(stage, option);
    if (value == NULL)
        value = stage->host->option(stage, "format");
    return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value, .hint = hint), "%s",
                      why);
}

/* ---- What the text is parsed into --------------------------------------------------- */

/* The type that `columns` gives to a group of the pattern; text is the usual. */
static sl_status type_group(sl_stage *stage, const sl_value *columns, sl_column *field)
{
    const sl_value *item = columns == NULL ? NULL : sl_value_get(columns, field->name);
    if (item == NULL)
        return SL_OK;
    int32_t type = item->kind == SL_VALUE_SCALAR ? sl_type_named(item->text) : -1;
    if (type < 0)
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = item,
                                   .hint = "types are integer, real, numeric, text, boolean, "
                                           "json, blob and any"),
                          "the type of column '%s' is not one", field->name);
    field->type = (sl_type)type;
    field->flags |= SL_COLUMN_FACES;
    return SL_OK;
}

static sl_status no_such_group(sl_stage *stage, const struct parse *self)
{
    for (uint32_t i = 0; self->columns != NULL && i < self->columns->count; i++) {
        const sl_value *item = sl_item(self->columns, i);
        uint32_t at = 0;
        while (at < self->fields_count && strcmp(self->fields[at].name, item->key) != 0)
            at++;
        if (at == self->fields_count)
            return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = item),
                              "the pattern has no group '%s'", item->key);
    }
    return SL_OK;
}

static sl_status prepare_regex(sl_stage *stage, struct parse *self)
{
    if (self->pattern == NULL)
        return fail_option(stage, "format", "write a pattern: with named groups",
                           "format: regex needs a pattern");
    self->regex = sl_regex_new(stage, stage->host->option(stage, "pattern"));
    if (self->regex == NULL)
        return SL_ERROR;
    uint32_t count = sl_regex_count(self->regex);
    self->fields = allocate(stage, count * sizeof(sl_column));
    self->groups = allocate(stage, count * sizeof(sl_cell));
    if (self->fields == NULL || self->groups == NULL)
        return SL_ERROR;
    for (; self->fields_count < count; self->fields_count++) {
        sl_column *field = &self->fields[self->fields_count];
        *field = (sl_column){.name = sl_regex_name(self->regex, self->fields_count),
                             .type = SL_TYPE_TEXT,
                             .flags = SL_COLUMN_DECLARED};
        if (type_group(stage, self->columns, field) != SL_OK)
            return SL_ERROR;
    }
    return no_such_group(stage, self);
}

static sl_status prepare_json(sl_stage *stage, struct parse *self)
{
    if (self->columns == NULL || self->columns->count == 0)
        return fail_option(stage, "columns", "write columns: {name: type}",
                           "format: json needs the members to take");
    if (sl_json_row_declare(&self->row, self->columns) != SL_OK)
        return SL_ERROR;
    self->fields = allocate(stage, self->row.count * sizeof(sl_column));
    if (self->fields == NULL)
        return SL_ERROR;
    self->fields_count = self->row.count;
    for (uint32_t i = 0; i < self->row.count; i++)
        self->fields[i] = self->row.fields[i].column;
    return SL_OK;
}

static sl_status prepare_apache(sl_stage *stage, struct parse *self)
{
    uint32_t count =
        self->format == FORMAT_COMBINED ? SL_APACHE_COMBINED_COLUMNS : SL_APACHE_COMMON_COLUMNS;
    if (self->columns != NULL)
        return fail_option(stage, "columns", NULL, "the columns of this format are fixed");
    self->fields = allocate(stage, count * sizeof(sl_column));
    if (self->fields == NULL)
        return SL_ERROR;
    memcpy(self->fields, sl_apache_columns, count * sizeof(sl_column));
    self->fields_count = count;
    return SL_OK;
}

static sl_status prepare(sl_stage *stage, struct parse *self)
{
    if (self->pattern != NULL && self->format != FORMAT_REGEX)
        return fail_option(stage, "pattern", "write format: regex",
                           "only format: regex has a pattern");
    if (self->format == FORMAT_REGEX)
        return prepare_regex(stage, self);
    return self->format == FORMAT_JSON ? prepare_json(stage, self) : prepare_apache(stage, self);
}

/* ---- The columns given -------------------------------------------------------------- */

/* The column called `line`, or the only one that may hold text. */
static sl_status find_text(sl_stage *stage, struct parse *self, const sl_column *columns,
                           uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (sl_value_same_name(columns[i].name, "line") == 0) {
            self->parsed = i;
            return SL_OK;
        }
        if (columns[i].type == SL_TYPE_TEXT || columns[i].type == SL_TYPE_JSON || count == 1) {
            self->parsed = i;
            found++;
        }
    }
    return found == 1 ? SL_OK
                      : fail_option(stage, "format", "write column: NAME",
                                    "it is not clear which column to parse");
}

static int is_kept(const struct parse *self, uint32_t input)
{
    return self->keep == KEEP_ALL || (self->keep == KEEP_OTHERS && input != self->parsed);
}

static sl_status check_names(sl_stage *stage, const sl_column *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (sl_value_same_name(columns[i].name, columns[j].name) == 0)
                return sl_fail_at(stage,
                                  SL_PLACE(.code = SL_CODE_CONFIG,
                                           .value = stage->host->option(stage, "format"),
                                           .hint = "keep: none leaves the others out; a select "
                                                   "before this stage renames them"),
                                  "there would be two columns '%s'", columns[i].name);
    return SL_OK;
}

/* The new columns stand where the parsed one stood. */
static sl_status order(sl_stage *stage, struct parse *self, const sl_column *inputs)
{
    sl_column *columns =
        allocate(stage, (self->inputs_count + self->fields_count + 1) * sizeof(sl_column));
    if (columns == NULL)
        return SL_ERROR;
    for (uint32_t i = 0; i < self->inputs_count; i++) {
        if (is_kept(self, i)) {
            columns[self->order_count] = inputs[i];
            self->order[self->order_count++] = i;
        }
        for (uint32_t f = 0; i == self->parsed && f < self->fields_count; f++) {
            columns[self->order_count] = self->fields[f];
            self->order[self->order_count++] = self->inputs_count + f;
        }
    }
    sl_status status = check_names(stage, columns, self->order_count);
    if (status == SL_OK)
        status = stage->host->columns(stage, columns, self->order_count, sizeof(*columns));
    (void)stage->host->allocate(stage, columns, 0);
    return status;
}

static sl_status declare(sl_stage *stage, struct parse *self, const sl_column *inputs,
                         uint32_t count)
{
    const sl_value *column = stage->host->option(stage, "column");
    sl_status status = column != NULL ? stage->host->find_column(stage, 0, column, &self->parsed)
                                      : find_text(stage, self, inputs, count);
    if (status != SL_OK)
        return SL_ERROR;
    size_t most = count + self->fields_count;
    self->inputs_count = count;
    self->order = allocate(stage, most * sizeof(*self->order));
    self->made = allocate(stage, self->fields_count * sizeof(*self->made));
    self->arranged = allocate(stage, most * sizeof(*self->arranged));
    if (self->order == NULL || self->made == NULL || self->arranged == NULL)
        return SL_ERROR;
    return order(stage, self, inputs);
}

/* ---- Life --------------------------------------------------------------------------- */

static sl_status plan(sl_stage *stage)
{
    struct parse *self = sl_self(stage, struct parse);
    uint32_t count;
    self->row = (sl_json_row){
        .stage = stage, .unknown = SL_JSON_UNKNOWN_IGNORE, .misfit = SL_JSON_MISFIT_REJECT};
    if (prepare(stage, self) != SL_OK)
        return SL_ERROR;
    const sl_column *inputs = stage->host->input_columns(stage, 0, &count);
    return inputs == NULL ? SL_OK : declare(stage, self, inputs, count);
}

static sl_status open(sl_stage *stage)
{
    struct parse *self = sl_self(stage, struct parse);
    uint32_t count;
    if (self->order != NULL)
        return SL_OK;
    const sl_column *inputs = stage->host->input_columns(stage, 0, &count);
    return declare(stage, self, inputs, count);
}

static void close(sl_stage *stage)
{
    struct parse *self = sl_self(stage, struct parse);
    void *const memory[] = {self->fields, self->order, self->made, self->arranged, self->groups};
    sl_regex_free(self->regex);
    if (self->row.stage != NULL)
        sl_json_row_done(&self->row);
    for (size_t i = 0; i < sizeof(memory) / sizeof(*memory); i++)
        if (memory[i] != NULL)
            (void)stage->host->allocate(stage, memory[i], 0);
}

/* ---- Rows --------------------------------------------------------------------------- */

/* Memory that parsing this text may take of the batch. */
static size_t memory_for(const struct parse *self, const sl_cell *text)
{
    if (text->kind != SL_TEXT || self->format == FORMAT_REGEX)
        return 0;
    if (self->format != FORMAT_JSON)
        return SL_APACHE_TIME;
    return memchr(text->as.text, '\\', text->size) == NULL ? 0 : text->size;
}

static sl_status parse_apache(sl_stage *stage, struct parse *self, sl_batch *batch, uint32_t row,
                              const sl_cell *text, char **memory)
{
    sl_apache_line line;
    if (!sl_apache_read(&line, text->as.text, text->size, self->format == FORMAT_COMBINED, *memory))
        return sl_reject(stage, batch, row, self->parsed + 1,
                         "not an access log line: %s, at byte "
                         "%lld",
                         line.error, (long long)(line.at - text->as.text) + 1);
    *memory += SL_APACHE_TIME;
    for (uint32_t f = 0; f < self->fields_count; f++)
        self->made[f][row] = line.cells[f];
    return SL_OK;
}

/* Whether a group's text is what its column's type says; an empty number is NULL. */
static int fits(const sl_column *column, sl_cell *cell)
{
    sl_cell typed;
    if (cell->kind != SL_TEXT || column->type == SL_TYPE_TEXT || column->type == SL_TYPE_ANY)
        return 1;
    if (column->type == SL_TYPE_BLOB) {
        *cell = (sl_cell){.kind = SL_BLOB, .size = cell->size, .as.blob = cell->as.text};
        return 1;
    }
    if (cell->size == 0) {
        *cell = (sl_cell){.kind = SL_NULL};
        return 1;
    }
    if (column->type == SL_TYPE_JSON)
        return sl_json_valid(cell->as.text, cell->size);
    if (sl_value_typed(column, cell, &typed) != SL_OK)
        return 0;
    return column->type != SL_TYPE_INTEGER || typed.kind == SL_INTEGER;
}

static sl_status parse_regex(sl_stage *stage, struct parse *self, sl_batch *batch, uint32_t row,
                             const sl_cell *text)
{
    const char *why = "the text does not match the pattern";
    if (sl_regex_match(self->regex, text->as.text, text->size, self->groups, &why) != 1)
        return sl_reject(stage, batch, row, self->parsed + 1, "%s", why);
    for (uint32_t f = 0; f < self->fields_count; f++) {
        sl_cell *cell = &self->groups[f];
        const sl_column *field = &self->fields[f];
        if (!fits(field, cell))
            return sl_reject(stage, batch, row, self->parsed + 1,
                             "'%.*s' does not fit the %s column '%s'",
                             cell->size > 40 ? 40 : (int)cell->size, cell->as.text,
                             sl_type_name(field->type), field->name);
    }
    for (uint32_t f = 0; f < self->fields_count; f++)
        self->made[f][row] = self->groups[f];
    return SL_OK;
}

static sl_status parse_json(sl_stage *stage, struct parse *self, sl_batch *batch, uint32_t row,
                            const sl_cell *text, char **memory)
{
    sl_json json;
    sl_json_open(&json, text->as.text, text->size);
    int result = sl_json_row_read(&self->row, &json, self->made, row);
    if (result < 0)
        return SL_ERROR;
    if (result == 0)
        return sl_reject(stage, batch, row, self->parsed + 1, "%s, at byte %lld", self->row.problem,
                         (long long)(self->row.at - text->as.text) + 1);
    size_t size = sl_json_row_escaped(&self->row, self->made, row);
    if (size > 0)
        sl_json_row_decode(&self->row, self->made, row, *memory);
    *memory += size;
    return SL_OK;
}

static sl_status parse_row(sl_stage *stage, struct parse *self, sl_batch *batch, uint32_t row,
                           char **memory)
{
    const sl_cell *text = &batch->columns[self->parsed][row];
    if (text->kind == SL_NULL) /* the new cells are NULL as well */
        return SL_OK;
    if (text->kind != SL_TEXT)
        return sl_reject(stage, batch, row, self->parsed + 1, "a %s, not a text to parse",
                         text->kind == SL_BLOB ? "blob" : "number");
    if (self->format == FORMAT_REGEX)
        return parse_regex(stage, self, batch, row, text);
    return self->format == FORMAT_JSON ? parse_json(stage, self, batch, row, text, memory)
                                       : parse_apache(stage, self, batch, row, text, memory);
}

/* How many of the selected rows can be parsed with the memory that the batch has left. */
static uint32_t rows_that_fit(sl_stage *stage, const struct parse *self, sl_batch *batch,
                              size_t *memory)
{
    size_t room = stage->host->room(stage, batch);
    *memory = 0;
    for (uint32_t i = 0; i < batch->selected; i++) {
        size_t size = memory_for(self, &batch->columns[self->parsed][batch->selection[i]]);
        if (size > room - *memory)
            return i;
        *memory += size;
    }
    return batch->selected;
}

static sl_status arrange(sl_stage *stage, struct parse *self, sl_batch *batch)
{
    for (uint32_t c = 0; c < self->order_count; c++) {
        uint32_t from = self->order[c];
        self->arranged[c] = from < self->inputs_count ? batch->columns[from]
                                                      : self->made[from - self->inputs_count];
    }
    return stage->host->arrange(stage, batch, self->arranged, self->order_count);
}

/* A text that not even a batch with nothing else in it can hold. */
static sl_status reject_first(sl_stage *stage, struct parse *self, sl_batch *batch)
{
    return sl_reject(stage, batch, batch->selection[0], self->parsed + 1,
                     "parsing this text takes more memory than a batch has; raise batch.bytes");
}

static sl_status each(sl_stage *stage, sl_batch *batch)
{
    struct parse *self = sl_self(stage, struct parse);
    size_t size;
    uint32_t first = 0, fit = rows_that_fit(stage, self, batch, &size);
    char *memory = NULL;
    if (size > 0) {
        memory = stage->host->bytes(stage, batch, size);
        if (memory == NULL)
            return sl_no_memory(stage);
    }
    for (uint32_t f = 0; f < self->fields_count; f++) {
        self->made[f] = stage->host->cells(stage, batch);
        if (self->made[f] == NULL)
            return SL_ERROR;
    }
    if (fit == 0 && batch->selected > 0 && self->retried) {
        if (reject_first(stage, self, batch) != SL_OK)
            return SL_ERROR;
        first = fit = 1;
    }
    self->retried = fit == 0 && batch->selected > 0;
    for (uint32_t i = first; i < fit; i++)
        if (parse_row(stage, self, batch, batch->selection[i], &memory) != SL_OK)
            return SL_ERROR;
    if (fit < batch->selected && stage->host->rest(stage, batch, fit) != SL_OK)
        return SL_ERROR;
    return arrange(stage, self, batch);
}

const sl_stage_type sl_parse = {
    SL_STAGE_TYPE,
    .name = "parse",
    .version = "1.0",
    .summary = "Parses a text column into several columns.",
    .manual =
        "The new columns stand where the parsed one stood; the other columns stay (keep: others). "
        "A text that cannot be parsed rejects its row with the reason. NULL gives NULLs.\n"
        "\n"
        "apache_common and apache_combined are the access logs of Apache httpd and nginx. Their "
        "columns are host, ident, user, time, method, path, protocol, status and bytes "
        "(integers), and in the combined format referer and user_agent. `-` is NULL. The time is "
        "rewritten from 10/Oct/2000:13:55:36 -0700 to 2000-10-10T13:55:36-07:00, which SQLite's "
        "date functions read (datetime(time) is UTC) and which sorts where the zone is the same. "
        "A request that is not METHOD PATH PROTOCOL, as of a refused connection, is the path as a "
        "whole, with method and protocol NULL. Escapes that the server wrote, such as \\\" and "
        "\\x16, stay as they are.\n"
        "\n"
        "regex takes a PCRE2 pattern; it matches anywhere in the text unless ^ and $ say "
        "otherwise. Each named group is a column of text, or of the type that `columns` gives. A "
        "text on which the pattern does not finish within 1,000,000 steps is rejected, saying so.\n"
        "\n"
        "json takes the members that `columns` names out of an object, strictly as the jsonl "
        "reader does; other members are left alone, and a value of another type rejects the row.",
    .example = "- transformer: parse\n"
               "  format: regex\n"
               "  pattern: '^(?<level>[A-Z]+) (?<milliseconds>\\d+) (?<message>.*)$'\n"
               "  columns: {milliseconds: integer}\n",
    .role = SL_TRANSFORMER,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(struct parse),
    .options = options,
    .plan = plan,
    .open = open,
    .each = each,
    .close = close,
};

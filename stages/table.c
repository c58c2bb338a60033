/*
 * table.c - the first rows as aligned text, for people.
 *
 * The rows that are shown are kept as harmless text until the last one has come, because only
 * then the widths are known; all others are only counted. So memory is bounded by rows, columns
 * and cell_width, whatever comes.
 *
 * Deliberately elsewhere: the file (target.h), widths of characters (display.h).
 */
#include "stages/target.h"

#include <stdio.h>
#include <string.h>

#include "stages/core/value.h"
#include "stages/display.h"

#define GAP 2    /* spaces between columns */
#define NARROW 4 /* a column is not made narrower than this */
#define ELLIPSIS "\xe2\x80\xa6"
#define CELL_BYTES(width) ((size_t)(width)*8 + SL_DISPLAY_LARGEST) /* with marks that combine */

typedef struct kept { /* a cell's text in table->text */
    size_t at;
    uint32_t size;
    uint32_t width;
} kept;

typedef struct heading {
    kept name;
    uint32_t width;                   /* of the column */
    int32_t numeric, values, numbers; /* the type is; cells seen; numbers among them */
} heading;

typedef struct table {
    const char *path;
    const char *null;
    int64_t rows;
    int64_t width;
    int64_t cell_width;

    sl_target *target;
    const sl_column *columns;
    uint32_t count; /* columns of the input */
    uint32_t shown; /* of these, how many fit */
    heading *headings;
    kept *cells; /* [row * count + column] */
    size_t cells_room;
    int64_t kept_rows, all_rows;
    char *text; /* all that is kept */
    size_t text_size, text_room;
    size_t spaces; /* to be written before what comes next on the line */
    int32_t printed;
} table;

/* ---- Keeping ------------------------------------------------------------------------------- */

static sl_status make_room(sl_stage *stage, size_t size)
{
    table *self = sl_self(stage, table);
    if (self->text_room - self->text_size >= size)
        return SL_OK;
    size_t room = self->text_room * 2 + size;
    char *text = stage->host->allocate(stage, self->text, room);
    if (!text)
        return sl_no_memory(stage);
    self->text = text;
    self->text_room = room;
    return SL_OK;
}

/* Keeps a text, harmless and at most cell_width wide. */
static sl_status keep(sl_stage *stage, const char *text, size_t size, kept *cell)
{
    table *self = sl_self(stage, table);
    uint32_t most = (uint32_t)self->cell_width;
    size_t room = CELL_BYTES(most);
    if (make_room(stage, room + sizeof ELLIPSIS) != SL_OK)
        return SL_ERROR;
    char *to = self->text + self->text_size;
    uint32_t width;
    int32_t cut;
    size_t written = sl_display_clean(text, size, to, room, most, &width, &cut);
    if (cut) {
        written = sl_display_fit(to, written, most - 1, &width);
        memcpy(to + written, ELLIPSIS, sizeof ELLIPSIS - 1);
        written += sizeof ELLIPSIS - 1;
        width++;
    }
    *cell = (kept){.at = self->text_size, .size = (uint32_t)written, .width = width};
    self->text_size += written;
    return SL_OK;
}

/* x'00ff', as much of it as can be shown. */
static sl_status keep_blob(sl_stage *stage, const sl_cell *cell, kept *to)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * 64 + 8] = "x'";
    const unsigned char *bytes = cell->as.blob;
    uint32_t most = cell->size < 64 ? cell->size : 64;
    size_t size = 2;
    for (uint32_t i = 0; i < most; i++) {
        text[size++] = digits[bytes[i] >> 4];
        text[size++] = digits[bytes[i] & 15];
    }
    if (most == cell->size) {
        text[size++] = '\'';
    } else { /* the rest: an ellipsis */
        memcpy(text + size, ELLIPSIS, sizeof ELLIPSIS - 1);
        size += sizeof ELLIPSIS - 1;
    }
    return keep(stage, text, size, to);
}

static sl_status keep_cell(sl_stage *stage, uint32_t column, const sl_cell *cell, kept *to)
{
    table *self = sl_self(stage, table);
    heading *of = &self->headings[column];
    if (cell->kind == SL_NULL)
        return keep(stage, self->null, strlen(self->null), to);
    of->values++;
    of->numbers += self->columns[column].type != SL_TYPE_BOOLEAN &&
                   (cell->kind == SL_INTEGER || cell->kind == SL_REAL || cell->kind == SL_NUMERAL);
    if (cell->kind == SL_BLOB)
        return keep_blob(stage, cell, to);
    if (cell->kind == SL_INTEGER && self->columns[column].type == SL_TYPE_BOOLEAN)
        return cell->as.integer ? keep(stage, "true", 4, to) : keep(stage, "false", 5, to);
    char room[SL_VALUE_ROOM];
    const char *text;
    size_t size = sl_value_text(cell, room, &text);
    return keep(stage, text, size, to);
}

static sl_status keep_row(sl_stage *stage, const sl_batch *batch, uint32_t row)
{
    table *self = sl_self(stage, table);
    size_t from = (size_t)self->kept_rows * self->count;
    if (from + self->count > self->cells_room) {
        size_t room = self->cells_room * 2 + self->count;
        kept *cells = stage->host->allocate(stage, self->cells, room * sizeof *cells);
        if (!cells)
            return sl_no_memory(stage);
        self->cells = cells;
        self->cells_room = room;
    }
    for (uint32_t column = 0; column < self->count; column++) {
        kept *cell = &self->cells[from + column];
        if (keep_cell(stage, column, &batch->columns[column][row], cell) != SL_OK)
            return SL_ERROR;
        if (cell->width > self->headings[column].width)
            self->headings[column].width = cell->width;
    }
    self->kept_rows++;
    return SL_OK;
}

static sl_status write(sl_stage *stage, sl_batch *batch)
{
    table *self = sl_self(stage, table);
    for (uint32_t i = 0; i < batch->selected && self->kept_rows < self->rows; i++)
        if (keep_row(stage, batch, batch->selection[i]) != SL_OK)
            return SL_ERROR;
    self->all_rows += batch->selected;
    return SL_OK;
}

/* ---- Widths ------------------------------------------------------------------------------------
 */

static size_t width_of_line(const table *self, uint32_t most)
{
    size_t sum = 0;
    for (uint32_t column = 0; column < self->shown; column++) {
        uint32_t width = self->headings[column].width;
        sum += (width < most ? width : most) + (column > 0 ? GAP : 0);
    }
    return sum;
}

/* Makes the line fit: the widest columns are narrowed to the same width; where that does not
 * suffice, the last columns are left out. */
static void fit_line(table *self, size_t line)
{
    while (self->shown > 1 && width_of_line(self, NARROW) > line)
        self->shown--;
    uint32_t low = NARROW, high = (uint32_t)self->cell_width;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (width_of_line(self, middle) <= line)
            low = middle;
        else
            high = middle - 1;
    }
    size_t used = width_of_line(self, low);
    for (uint32_t column = 0; column < self->shown; column++) {
        uint32_t *width = &self->headings[column].width;
        if (*width <= low)
            continue;
        *width = low + (used < line); /* what is left goes to the first ones */
        used += used < line;
    }
}

static void lay_out(sl_stage *stage)
{
    table *self = sl_self(stage, table);
    const sl_env *env = stage->env;
    int64_t line = self->width;
    self->shown = self->count;
    if (line == 0 && sl_target_terminal(self->target))
        line = env->terminal(env->context, 1);
    if (line > 0 && width_of_line(self, UINT32_MAX) > (size_t)line)
        fit_line(self, (size_t)line);
}

/* ---- Printing
 * ------------------------------------------------------------------------------------- */

static sl_status print(table *self, const char *text, size_t size)
{
    if (size == 0)
        return SL_OK;
    char *to = sl_target_reserve(self->target, self->spaces + size);
    if (!to)
        return SL_ERROR;
    memset(to, ' ', self->spaces);
    memcpy(to + self->spaces, text, size);
    sl_target_advance(self->target, self->spaces + size);
    self->spaces = 0;
    return SL_OK;
}

static sl_status end_line(table *self)
{
    self->spaces = 0;
    return print(self, "\n", 1);
}

static int32_t is_right(const heading *of)
{
    return of->numeric || (of->values > 0 && of->numbers == of->values);
}

static sl_status print_cell(table *self, uint32_t column, const kept *cell)
{
    const heading *of = &self->headings[column];
    const char *text = self->text + cell->at;
    size_t size = cell->size;
    uint32_t width = cell->width;
    int32_t cut = width > of->width;
    if (cut)
        size = sl_display_fit(text, size, of->width > 0 ? of->width - 1 : 0, &width);
    uint32_t free = of->width - width - (uint32_t)cut;
    if (is_right(of))
        self->spaces += free;
    if (print(self, text, size) != SL_OK ||
        (cut && print(self, ELLIPSIS, sizeof ELLIPSIS - 1) != SL_OK))
        return SL_ERROR;
    if (!is_right(of))
        self->spaces += free;
    self->spaces += GAP;
    return SL_OK;
}

static sl_status print_head(table *self)
{
    for (uint32_t column = 0; column < self->shown; column++)
        if (print_cell(self, column, &self->headings[column].name) != SL_OK)
            return SL_ERROR;
    if (end_line(self) != SL_OK)
        return SL_ERROR;
    for (uint32_t column = 0; column < self->shown; column++) {
        for (uint32_t i = 0; i < self->headings[column].width; i++)
            if (print(self, "-", 1) != SL_OK)
                return SL_ERROR;
        self->spaces += GAP;
    }
    return end_line(self);
}

/* 12345 -> 12,345 */
static void group_digits(int64_t number, char *to, size_t room)
{
    char digits[SL_VALUE_ROOM];
    size_t size = sl_value_integer(number, digits), written = 0;
    for (size_t i = 0; i < size && written + 2 < room; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            to[written++] = ',';
        to[written++] = digits[i];
    }
    to[written] = '\0';
}

static sl_status print_more(table *self, int64_t number, const char *one, const char *many)
{
    char digits[SL_VALUE_ROOM], line[2 * SL_VALUE_ROOM];
    if (number == 0)
        return SL_OK;
    group_digits(number, digits, sizeof digits);
    int size =
        snprintf(line, sizeof line, ELLIPSIS " and %s more %s\n", digits, number == 1 ? one : many);
    return print(self, line, (size_t)size);
}

static sl_status print_table(sl_stage *stage)
{
    table *self = sl_self(stage, table);
    lay_out(stage);
    if (print_head(self) != SL_OK)
        return SL_ERROR;
    for (int64_t row = 0; row < self->kept_rows; row++) {
        const kept *cells = self->cells + (size_t)row * self->count;
        for (uint32_t column = 0; column < self->shown; column++)
            if (print_cell(self, column, &cells[column]) != SL_OK)
                return SL_ERROR;
        if (end_line(self) != SL_OK)
            return SL_ERROR;
    }
    if (self->all_rows == 0 && print(self, "(no rows)\n", 10) != SL_OK)
        return SL_ERROR;
    if (print_more(self, self->all_rows - self->kept_rows, "row", "rows") != SL_OK)
        return SL_ERROR;
    return print_more(self, (int64_t)self->count - self->shown, "column", "columns");
}

/* ---- Life
 * -------------------------------------------------------------------------------------------- */

static sl_status keep_headings(sl_stage *stage)
{
    table *self = sl_self(stage, table);
    self->columns = stage->host->input_columns(stage, 0, &self->count);
    size_t size = (self->count + 1) * sizeof *self->headings;
    self->headings = stage->host->allocate(stage, NULL, size);
    if (!self->headings)
        return sl_no_memory(stage);
    memset(self->headings, 0, size);
    for (uint32_t column = 0; column < self->count; column++) {
        heading *of = &self->headings[column];
        const char *name = self->columns[column].name;
        sl_type type = self->columns[column].type;
        if (keep(stage, name, strlen(name), &of->name) != SL_OK)
            return SL_ERROR;
        of->width = of->name.width;
        of->numeric = type == SL_TYPE_INTEGER || type == SL_TYPE_REAL || type == SL_TYPE_NUMERIC;
    }
    return SL_OK;
}

static sl_status plan(sl_stage *stage)
{
    return sl_target_plan(stage, sl_self(stage, table)->path, 0);
}

static sl_status open(sl_stage *stage)
{
    table *self = sl_self(stage, table);
    if (keep_headings(stage) != SL_OK)
        return SL_ERROR;
    self->target = sl_target_open(stage, self->path, 0, stage->host->option(stage, "path"));
    return self->target ? SL_OK : SL_ERROR;
}

static sl_status commit(sl_stage *stage, const sl_commit *commit)
{
    table *self = sl_self(stage, table);
    if (commit->final && !self->printed && print_table(stage) != SL_OK)
        return SL_ERROR;
    self->printed = self->printed || commit->final;
    return sl_target_commit(self->target, commit->final);
}

static sl_status forget(sl_stage *stage)
{
    sl_target *target = sl_self(stage, table)->target;
    return target ? sl_target_abort(target) : SL_OK;
}

static void close(sl_stage *stage)
{
    table *self = sl_self(stage, table);
    sl_target_close(self->target);
    stage->host->allocate(stage, self->headings, 0);
    stage->host->allocate(stage, self->cells, 0);
    stage->host->allocate(stage, self->text, 0);
}

static const sl_option options[] = {
    {"path", SL_OPTION_PATH, 0, offsetof(table, path), "-", NULL, NULL, NULL,
     "The file to write; `-` is standard output."},
    {"rows", SL_OPTION_INTEGER, 0, offsetof(table, rows), "20", "0", "100000", NULL,
     "How many rows are shown; the others are counted."},
    {"width", SL_OPTION_INTEGER, 0, offsetof(table, width), "0", "0", "100000", NULL,
     "Width of a line; 0 is the terminal's, and no bound where there is no terminal."},
    {"cell_width", SL_OPTION_INTEGER, 0, offsetof(table, cell_width), "60", "4", "10000", NULL,
     "Width of the widest column."},
    {"null", SL_OPTION_TEXT, 0, offsetof(table, null), "NULL", NULL, NULL, NULL,
     "What is shown where there is no value."},
    {0},
};

const sl_stage_type sl_table = {
    SL_STAGE_TYPE,
    .name = "table",
    .version = "1.0",
    .summary = "Shows the first rows as a table, for people.",
    .manual =
        "Keeps the first `rows` rows until all have come, then writes them in aligned columns: "
        "numbers to the right, everything else to the left. A last line says how many rows there "
        "were beyond.\n\n"
        "Where a line is wider than the terminal (or `width`), its widest columns are narrowed and "
        "cut with an ellipsis. Line ends, tabs, control characters and bytes that are not UTF-8 "
        "are shown as escapes, blobs as x'00ff', so that no value can disturb the terminal.",
    .example = "exporter: table\nrows: 10\n",
    .role = SL_EXPORTER,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(table),
    .options = options,
    .plan = plan,
    .open = open,
    .write = write,
    .commit = commit,
    .abort = forget,
    .close = close,
};

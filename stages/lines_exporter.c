/*
 * lines_exporter.c - a column's text becomes a line.
 *
 * Deliberately elsewhere: the file (target.h).
 */
#include "stages/target.h"

#include <string.h>

#include "stages/core/value.h"

enum { MODE_REPLACE, MODE_APPEND };
enum { NEWLINES_REJECT, NEWLINES_KEEP, NEWLINES_ESCAPE };
enum { LINE_END_LF, LINE_END_CRLF };

typedef struct lines_exporter {
    const char *path;
    const char *column;
    int32_t mode;
    int32_t newlines;
    int32_t line_end;

    sl_target *target;
    uint32_t index; /* of the column */
    int32_t found;  /* 1: index is known */
} lines_exporter;

/* ---- Rows --------------------------------------------------------------------------------- */

static int32_t has_newline(const char *text, size_t size)
{
    return memchr(text, '\n', size) || memchr(text, '\r', size);
}

/* Backslash, LF and CR as \\, \n and \r; `to` has room for twice the size. */
static size_t escape(char *to, const char *text, size_t size)
{
    char *start = to;
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];
        if (byte == '\\' || byte == '\n' || byte == '\r') {
            *to++ = '\\';
            byte = byte == '\n' ? 'n' : byte == '\r' ? 'r' : '\\';
        }
        *to++ = byte;
    }
    return (size_t)(to - start);
}

static sl_status write_line(lines_exporter *self, const char *text, size_t size)
{
    size_t most = self->newlines == NEWLINES_ESCAPE ? size * 2 : size;
    char *start = sl_target_reserve(self->target, most + 2);
    if (!start)
        return SL_ERROR;
    char *to = start;
    if (self->newlines == NEWLINES_ESCAPE) {
        to += escape(to, text, size);
    } else {
        memcpy(to, text, size);
        to += size;
    }
    if (self->line_end == LINE_END_CRLF)
        *to++ = '\r';
    *to++ = '\n';
    sl_target_advance(self->target, (size_t)(to - start));
    return SL_OK;
}

static sl_status write(sl_stage *stage, sl_batch *batch)
{
    lines_exporter *self = sl_self(stage, lines_exporter);
    const sl_cell *cells = batch->columns[self->index];
    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i];
        char room[SL_VALUE_ROOM];
        const char *text;
        size_t size = sl_value_text(&cells[row], room, &text);
        sl_status status;
        if (self->newlines == NEWLINES_REJECT && has_newline(text, size))
            status =
                sl_reject(stage, batch, row, self->index + 1, "the value has a line end in it");
        else
            status = write_line(self, text, size);
        if (status != SL_OK)
            return status;
    }
    return SL_OK;
}

/* ---- Life ------------------------------------------------------------------------------------ */

static sl_status fail_choice(sl_stage *stage, const sl_column *columns, uint32_t count)
{
    char names[400];
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t size = strlen(columns[i].name);
        if (length + size + 6 > sizeof names) {
            memcpy(names + length, " ...", 4);
            length += 4;
            break;
        }
        names[length++] = i > 0 ? ',' : ':';
        names[length++] = ' ';
        memcpy(names + length, columns[i].name, size);
        length += size;
    }
    names[length] = '\0';
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_CONFIG,
                               .hint = "say which one with column, or make one with a select"),
                      "there are %u columns to choose a line from%s", count, names);
}

static sl_status find(sl_stage *stage)
{
    lines_exporter *self = sl_self(stage, lines_exporter);
    uint32_t count;
    const sl_column *columns = stage->host->input_columns(stage, 0, &count);
    if (self->found || !columns)
        return SL_OK; /* in plan they may be unknown; open asks again */
    if (self->column) {
        if (stage->host->find_column(stage, 0, stage->host->option(stage, "column"),
                                     &self->index) != SL_OK)
            return SL_ERROR;
    } else if (count != 1) {
        return fail_choice(stage, columns, count);
    }
    self->found = 1;
    return SL_OK;
}

static sl_status open(sl_stage *stage)
{
    lines_exporter *self = sl_self(stage, lines_exporter);
    if (find(stage) != SL_OK)
        return SL_ERROR;
    self->target = sl_target_open(stage, self->path, self->mode == MODE_APPEND,
                                  stage->host->option(stage, "path"));
    return self->target ? SL_OK : SL_ERROR;
}

static sl_status commit(sl_stage *stage, const sl_commit *commit)
{
    return sl_target_commit(sl_self(stage, lines_exporter)->target, commit->final);
}

static sl_status take_back(sl_stage *stage)
{
    sl_target *target = sl_self(stage, lines_exporter)->target;
    return target ? sl_target_abort(target) : SL_OK;
}

static sl_status tell(sl_stage *stage, sl_text *position)
{
    return sl_target_tell(sl_self(stage, lines_exporter)->target, position);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    return sl_target_seek(sl_self(stage, lines_exporter)->target, position);
}

static sl_status plan(sl_stage *stage)
{
    const lines_exporter *self = sl_self(stage, lines_exporter);
    sl_status status = sl_target_plan(stage, self->path, self->mode == MODE_APPEND);
    return find(stage) == SL_OK ? status : SL_ERROR;
}

static void close(sl_stage *stage)
{
    sl_target_close(sl_self(stage, lines_exporter)->target);
}

static const sl_option options[] = {
    {"path", SL_OPTION_PATH, 0, offsetof(lines_exporter, path), NULL, NULL, NULL, NULL,
     "The file to write; `-` is standard output."},
    {"column", SL_OPTION_COLUMN, 0, offsetof(lines_exporter, column), "", NULL, NULL, NULL,
     "The column whose value is the line; needed where there are several."},
    {"mode", SL_OPTION_CHOICE, 0, offsetof(lines_exporter, mode), "replace", NULL, NULL,
     "replace|append", "Whether the file is replaced when all rows are written, or added to."},
    {"newlines", SL_OPTION_CHOICE, 0, offsetof(lines_exporter, newlines), "reject", NULL, NULL,
     "reject|keep|escape",
     "What becomes of a value with a line end in it: a rejected row, several lines, or `\\n`, "
     "`\\r` "
     "and `\\\\` for a backslash."},
    {"line_end", SL_OPTION_CHOICE, 0, offsetof(lines_exporter, line_end), "lf", NULL, NULL,
     "lf|crlf", "What ends a line."},
    {0},
};

const sl_stage_type sl_lines_exporter = {
    SL_STAGE_TYPE,
    .name = "lines",
    .version = "1.0",
    .summary = "Writes text: one column of each row is a line.",
    .manual =
        "Writes the value of one column, then a line end. Numbers are written in their shortest "
        "form, blobs byte for byte, NULL as an empty line.\n\n"
        "A value with a line end in it would become two rows for whoever reads the file; such a "
        "row is rejected unless `newlines` says otherwise.\n\n"
        "While replacing, the rows go to a file beside the target, which takes its name when the "
        "last row is safe.",
    .example = "exporter: lines\npath: names.txt\ncolumn: name\n",
    .role = SL_EXPORTER,
    .traits = SL_TRAIT_REHEARSES,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(lines_exporter),
    .options = options,
    .plan = plan,
    .open = open,
    .write = write,
    .commit = commit,
    .abort = take_back,
    .tell = tell,
    .seek = seek,
    .close = close,
};

/*
 * error.c - a list of errors, and how one is shown to people and to programs.
 *
 * Whatever a user, a file or a plugin wrote is shown on one line: control characters, marks
 * that turn the direction of text, and bytes that are no UTF-8 are spelled out.
 *
 * Deliberately elsewhere: how a stage's failure gets its place (generator.c, config/plan.c).
 */
#include "stages/core/error.h"

#include <stdarg.h>
#include <string.h>

#include "stages/core/secret.h"
#include "stages/core/value.h"

/* ---- The list ------------------------------------------------------------------------ */

static int keep_text(sl_arena *arena, const char **text)
{
    char *copy = *text != NULL ? sl_arena_copy(arena, *text, strlen(*text)) : NULL;

    if (copy != NULL)
        sl_secret_hide(copy, strlen(copy));
    *text = copy;
    return copy != NULL;
}

/* The YAML is large and the same for most errors: it is kept once. */
static void keep_yaml(sl_errors *errors, sl_error *error)
{
    const sl_error *last = errors->count > 0 ? &errors->list[errors->count - 1] : NULL;

    if (error->text == NULL)
        return;
    if (last != NULL && last->text != NULL && strcmp(last->text, error->text) == 0)
        error->text = last->text;
    else
        keep_text(errors->arena, &error->text);
}

static int grow(sl_errors *errors)
{
    uint32_t room = errors->room == 0 ? 8 : errors->room * 2;
    sl_error *list;

    if (errors->count < errors->room)
        return 1;
    list = sl_arena_take(errors->arena, room * sizeof *list);
    if (list == NULL)
        return 0;
    if (errors->count > 0)
        memcpy(list, errors->list, errors->count * sizeof *list);
    errors->list = list;
    errors->room = room;
    return 1;
}

static uint32_t count_kept(const sl_errors *errors, int32_t level)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < errors->count; i++)
        count += errors->list[i].level == level;
    return count;
}

static const char *format_message(sl_arena *arena, const char *format, va_list args)
{
    va_list again;
    char *message = NULL;
    int size;

    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size >= 0)
        message = sl_arena_take(arena, (size_t)size + 1);
    if (message == NULL)
        return "out of memory";
    vsnprintf(message, (size_t)size + 1, format, args);
    sl_secret_hide(message, (size_t)size);
    return message;
}

sl_status sl_errors_add(sl_errors *errors, const sl_error *error, const char *format, ...)
{
    sl_error kept = *error;
    va_list args;

    if (errors->limit == 0)
        errors->limit = SL_ERRORS_LIMIT;
    if (error->level == SL_LOG_ERROR)
        errors->errors++;
    if (count_kept(errors, error->level) >= errors->limit || !grow(errors))
        return SL_ERROR;
    va_start(args, format);
    kept.message = format_message(errors->arena, format, args);
    va_end(args);
    if (kept.code == 0)
        kept.code = SL_CODE_FAILED;
    keep_yaml(errors, &kept);
    keep_text(errors->arena, &kept.hint);
    keep_text(errors->arena, &kept.file);
    keep_text(errors->arena, &kept.stage);
    keep_text(errors->arena, &kept.option);
    keep_text(errors->arena, &kept.source);
    keep_text(errors->arena, &kept.data_column);
    errors->list[errors->count++] = kept;
    return SL_ERROR;
}

int32_t sl_errors_code(const sl_errors *errors)
{
    for (uint32_t i = 0; i < errors->count; i++)
        if (errors->list[i].level == SL_LOG_ERROR)
            return errors->list[i].code;
    return errors->errors > 0 ? SL_CODE_FAILED : 0;
}

/* ---- Characters ---------------------------------------------------------------------- */

/* The next character of text: its bytes, and its code point or -1 where it is no UTF-8. */
static size_t decode(const char *text, size_t size, int32_t *point)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    unsigned char first = (unsigned char)text[0];
    size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

    *point = -1;
    if (length > size || sl_value_utf8(text, length) != length)
        return 1;
    *point = first & masks[length];
    for (size_t i = 1; i < length; i++)
        *point = *point << 6 | ((unsigned char)text[i] & 0x3F);
    return length;
}

/* Whether a character would do something to a terminal rather than be seen. */
static int is_hidden(int32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x200E || point == 0x200F ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0xFEFF;
}

/* ---- One line ------------------------------------------------------------------------ */

typedef struct sink { /* a file, or a buffer of `size` bytes */
    FILE *to;
    char *line;
    size_t size;
    size_t used;
    int full;
} sink;

/* Whole pieces only, so that no character is cut. */
static void put(sink *out, const char *text, size_t size)
{
    if (out->to != NULL) {
        fwrite(text, 1, size, out->to);
        return;
    }
    if (out->full || size >= out->size - out->used) {
        out->full = 1;
        return;
    }
    memcpy(out->line + out->used, text, size);
    out->used += size;
}

static void put_plain(sink *out, const char *text)
{
    for (; *text != '\0'; text++)
        put(out, text, 1);
}

static void put_number(sink *out, const char *label, int64_t number)
{
    char text[SL_VALUE_ROOM];

    sl_value_integer(number, text);
    put_plain(out, label);
    put_plain(out, text);
}

static void put_escaped(sink *out, const char *text)
{
    size_t size = strlen(text);

    for (size_t at = 0, step; at < size; at += step) {
        char spelled[16];
        int32_t point;

        step = decode(text + at, size - at, &point);
        if (point == '\n' || point == '\r' || point == '\t')
            snprintf(spelled, sizeof spelled, "\\%c",
                     point == '\n'   ? 'n'
                     : point == '\r' ? 'r'
                                     : 't');
        else if (point < 0x20 || point == 0x7F)
            snprintf(spelled, sizeof spelled, "\\x%02x", (unsigned)(unsigned char)text[at]);
        else if (is_hidden(point))
            snprintf(spelled, sizeof spelled, "\\u%04x", (unsigned)point);
        else {
            put(out, text + at, step);
            continue;
        }
        put(out, spelled, strlen(spelled));
    }
}

static void put_quoted(sink *out, int *parts, const char *label, const char *name)
{
    if (name == NULL)
        return;
    put_plain(out, (*parts)++ > 0 ? ", " : "");
    put_plain(out, label);
    put_plain(out, " '");
    put_escaped(out, name);
    put_plain(out, "'");
}

static void put_counted(sink *out, int *parts, const char *label, int64_t number)
{
    if (number <= 0)
        return;
    put_plain(out, (*parts)++ > 0 ? ", " : "");
    put_number(out, label, number);
}

static void put_place(sink *out, const sl_error *error)
{
    if (error->file == NULL)
        return;
    put_escaped(out, error->file);
    if (error->line > 0)
        put_number(out, ":", error->line);
    if (error->line > 0 && error->column > 0)
        put_number(out, ":", error->column);
    put_plain(out, ": ");
}

/* What follows the place: who failed, at what, and why. */
static void put_message(sink *out, const sl_error *error)
{
    int parts = 0;

    put_quoted(out, &parts, "stage", error->stage);
    put_quoted(out, &parts, "option", error->option);
    put_quoted(out, &parts, "source", error->source);
    put_counted(out, &parts, "row ", error->row);
    put_counted(out, &parts, "line ", error->source_line);
    put_quoted(out, &parts, "column", error->data_column);
    if (parts > 0)
        put_plain(out, ": ");
    put_escaped(out, error->message != NULL ? error->message : "unknown");
}

static const char *level_word(const sl_error *error)
{
    return error->level == SL_LOG_ERROR     ? ""
           : error->level == SL_LOG_WARNING ? "warning: "
                                            : "note: ";
}

size_t sl_error_line(const sl_error *error, char *line, size_t size)
{
    sink out = {.line = line, .size = size};

    if (size == 0)
        return 0;
    put_place(&out, error);
    put_plain(&out, level_word(error));
    put_message(&out, error);
    line[out.used] = '\0';
    return out.used;
}

/* ---- The YAML line and its caret ----------------------------------------------------- */

#define WIDTH 92 /* of the line shown; with its number about 100 */

typedef struct excerpt { /* positions and lengths in characters, from 0 */
    const char *line;
    size_t size; /* bytes */
    size_t length;
    size_t caret;
    size_t carets;
    size_t from; /* what is shown */
    size_t to;
} excerpt;

static int find_line(const char *text, int32_t number, excerpt *shown)
{
    for (; number > 1; number--) {
        text = strchr(text, '\n');
        if (text == NULL)
            return 0;
        text++;
    }
    shown->line = text;
    shown->size = strcspn(text, "\r\n");
    return 1;
}

static int is_word(int32_t point)
{
    return point == '_' || (point >= '0' && point <= '9') || (point >= 'a' && point <= 'z') ||
           (point >= 'A' && point <= 'Z') || point >= 0x80;
}

/* Counts the characters of the line, and of the word that starts at the caret. */
static void count_characters(excerpt *shown)
{
    size_t word = 0;

    for (size_t at = 0, step; at < shown->size; at += step, shown->length++) {
        int32_t point;

        step = decode(shown->line + at, shown->size - at, &point);
        if (shown->length == shown->caret + word && is_word(point))
            word++;
    }
    if (shown->carets == 0)
        shown->carets = word;
}

/* Moves a window over a line that is too wide, so that the caret is well inside. */
static void choose_window(excerpt *shown)
{
    if (shown->caret > shown->length)
        shown->caret = shown->length;
    if (shown->carets > shown->length - shown->caret)
        shown->carets = shown->length - shown->caret;
    if (shown->carets == 0)
        shown->carets = 1;
    shown->to = shown->length;
    if (shown->length <= WIDTH)
        return;
    if (shown->caret > WIDTH / 2)
        shown->from = shown->caret - WIDTH / 2;
    if (shown->from > shown->length - WIDTH)
        shown->from = shown->length - WIDTH;
    shown->to = shown->from + WIDTH;
    if (shown->caret + shown->carets > shown->to)
        shown->carets = shown->caret < shown->to ? shown->to - shown->caret : 1;
}

/* Each character takes one place: what cannot be seen is a blank or a question mark. */
static void print_window(const excerpt *shown, FILE *to)
{
    size_t number = 0;

    for (size_t at = 0, step; at < shown->size && number < shown->to; at += step, number++) {
        int32_t point;

        step = decode(shown->line + at, shown->size - at, &point);
        if (number < shown->from)
            continue;
        if ((shown->from > 0 && number < shown->from + 3) ||
            (shown->to < shown->length && number + 3 >= shown->to))
            fputc('.', to);
        else if (is_hidden(point))
            fputc(point == '\t' ? ' ' : '?', to);
        else
            fwrite(shown->line + at, 1, step, to);
    }
}

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define CYAN "\033[36m"
#define PLAIN "\033[0m"

static const char *level_colour(const sl_error *error)
{
    return error->level == SL_LOG_ERROR ? RED : error->level == SL_LOG_WARNING ? YELLOW : CYAN;
}

static void print_excerpt(const sl_error *error, FILE *to, int32_t colour)
{
    excerpt shown = {.caret = error->column > 0 ? (size_t)error->column - 1 : 0,
                     .carets = error->length > 0 ? (size_t)error->length : 0};

    if (error->text == NULL || error->line < 1 || !find_line(error->text, error->line, &shown))
        return;
    count_characters(&shown);
    choose_window(&shown);
    fprintf(to, "%5d |%s", (int)error->line, shown.length > 0 ? " " : "");
    print_window(&shown, to);
    fputc('\n', to);
    if (error->column < 1)
        return;
    fprintf(to, "      | %*s%s", (int)(shown.caret - shown.from), "",
            colour ? level_colour(error) : "");
    for (size_t i = 0; i < shown.carets; i++)
        fputc('^', to);
    fprintf(to, "%s\n", colour ? PLAIN : "");
}

void sl_error_print(const sl_error *error, FILE *to, int32_t colour)
{
    sink out = {.to = to};

    put_plain(&out, colour && error->file != NULL ? BOLD : "");
    put_place(&out, error);
    put_plain(&out, colour && error->file != NULL ? PLAIN : "");
    put_plain(&out, colour ? level_colour(error) : "");
    put_plain(&out, level_word(error));
    put_plain(&out, colour ? PLAIN : "");
    put_message(&out, error);
    put_plain(&out, "\n");
    print_excerpt(error, to, colour);
    if (error->hint != NULL) {
        put_plain(&out, colour ? CYAN "hint:" PLAIN " " : "hint: ");
        put_escaped(&out, error->hint);
        put_plain(&out, "\n");
    }
}

/* ---- For programs -------------------------------------------------------------------- */

static void json_text(FILE *to, const char *key, const char *text)
{
    size_t size;

    if (text == NULL)
        return;
    fprintf(to, ",\"%s\":\"", key);
    size = strlen(text);
    for (size_t at = 0, step; at < size; at += step) {
        int32_t point;

        step = decode(text + at, size - at, &point);
        if (point < 0)
            fputs("\\ufffd", to);
        else if (point == '"' || point == '\\')
            fprintf(to, "\\%c", (int)point);
        else if (is_hidden(point))
            fprintf(to, "\\u%04x", (unsigned)point);
        else
            fwrite(text + at, 1, step, to);
    }
    fputc('"', to);
}

static void json_number(FILE *to, const char *key, int64_t number)
{
    if (number > 0)
        fprintf(to, ",\"%s\":%lld", key, (long long)number);
}

void sl_error_json(const sl_error *error, FILE *to)
{
    fprintf(to, "{\"level\":\"%s\"",
            error->level == SL_LOG_ERROR     ? "error"
            : error->level == SL_LOG_WARNING ? "warning"
                                             : "note");
    json_number(to, "code", error->code);
    json_text(to, "message", error->message);
    json_text(to, "hint", error->hint);
    json_text(to, "file", error->file);
    json_number(to, "line", error->line);
    json_number(to, "column", error->column);
    json_number(to, "length", error->length);
    json_text(to, "stage", error->stage);
    json_text(to, "option", error->option);
    json_text(to, "source", error->source);
    json_number(to, "row", error->row);
    json_number(to, "source_line", error->source_line);
    json_text(to, "data_column", error->data_column);
    fputc('}', to);
}

/* ---- All of them --------------------------------------------------------------------- */

void sl_errors_print(const sl_errors *errors, FILE *to, int32_t colour, int32_t json)
{
    uint32_t more = errors->errors - count_kept(errors, SL_LOG_ERROR);

    for (uint32_t i = 0; i < errors->count; i++) {
        if (json) {
            sl_error_json(&errors->list[i], to);
            fputc('\n', to);
        } else {
            sl_error_print(&errors->list[i], to, colour);
        }
    }
    if (more == 0)
        return;
    if (errors->count == 0) /* there was not even memory to keep one */
        fputs(json ? "{\"level\":\"error\",\"message\":\"out of memory\"}\n" : "out of memory\n",
              to);
    else if (json)
        fprintf(to, "{\"level\":\"error\",\"message\":\"and %u more errors\"}\n", (unsigned)more);
    else
        fprintf(to, "and %u more %s\n", (unsigned)more, more == 1 ? "error" : "errors");
}

/*
 * caret.c - where a byte stands.
 *
 * libyaml gives the two ends of a scalar. What is between is walked again here, so that a
 * caret can stand under one word of an expression.
 */
#include "config/caret.h"

#include <string.h>

sl_status sl_caret_lines(sl_yaml *yaml, sl_arena *arena)
{
    size_t count = 1;
    for (size_t byte = 0; byte < yaml->size; byte++) {
        count += yaml->text[byte] == '\n';
    }
    size_t *lines = sl_arena_take(arena, count * sizeof *lines);
    if (lines == NULL) {
        return SL_ERROR;
    }
    count = 1; /* the first starts at 0 */
    for (size_t byte = 0; byte < yaml->size; byte++) {
        if (yaml->text[byte] == '\n') {
            lines[count++] = byte + 1;
        }
    }
    yaml->lines = lines;
    yaml->lines_count = count;
    return SL_OK;
}

size_t sl_caret_line(const sl_yaml *yaml, size_t byte)
{
    size_t low = 0;
    size_t high = yaml->lines_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (yaml->lines[middle] <= byte) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

/* The end of a line, its line end not counted. */
static size_t line_end(const sl_yaml *yaml, size_t line)
{
    size_t end = line < yaml->lines_count ? yaml->lines[line] - 1 : yaml->size;
    if (end > yaml->lines[line - 1] && yaml->text[end - 1] == '\r') {
        end--;
    }
    return end;
}

static size_t count_characters(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += ((unsigned char)text[i] & 0xc0u) != 0x80u;
    }
    return count;
}

void sl_caret_place(const sl_yaml *yaml, size_t byte, size_t length, sl_error *error)
{
    byte = byte < yaml->size ? byte : yaml->size;
    size_t line = sl_caret_line(yaml, byte);
    size_t start = yaml->lines[line - 1];
    size_t end = line_end(yaml, line);
    byte = byte < end ? byte : end;
    length = length < end - byte ? length : end - byte;
    error->file = yaml->file;
    error->text = yaml->text;
    error->line = (int32_t)line;
    error->column = (int32_t)count_characters(yaml->text + start, byte - start) + 1;
    error->length = (int32_t)count_characters(yaml->text + byte, length);
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Passes over a fold: white space with line ends in it, which the text has as one blank, or as
 * one line end less. Answers 0 when source and text do not agree. */
static int pass_fold(const char *source, size_t end, size_t *at, const char *text, size_t size,
                     size_t *byte)
{
    size_t breaks = 0;
    while (*at < end && is_space(source[*at])) {
        breaks += source[*at] == '\n';
        ++*at;
    }
    size_t wanted = breaks > 1 ? breaks - 1 : 1;
    char with = breaks > 1 ? '\n' : ' ';
    for (size_t i = 0; i < wanted; i++) {
        if (breaks == 0 || *byte >= size || text[*byte] != with) {
            return 0;
        }
        ++*byte;
    }
    return 1;
}

/* Whether white space from here on reaches the end of its line. */
static int at_fold(const char *source, size_t at, size_t end)
{
    while (at < end && (source[at] == ' ' || source[at] == '\t' || source[at] == '\r')) {
        at++;
    }
    return at < end && source[at] == '\n';
}

/* Plain and quoted: source and text go side by side. */
static size_t walk(const sl_yaml *yaml, const sl_yaml_node *scalar, size_t byte, int *exact)
{
    const char *source = yaml->text;
    size_t at = scalar->start + (scalar->style == SL_YAML_PLAIN ? 0 : 1);
    size_t seen = 0;
    while (seen < byte) {
        if (at >= scalar->end) {
            return scalar->start;
        }
        if (at_fold(source, at, scalar->end)) {
            if (!pass_fold(source, scalar->end, &at, scalar->text, scalar->size, &seen)) {
                return scalar->start;
            }
            continue;
        }
        if (source[at] != scalar->text[seen]) {
            return scalar->start;
        }
        at += scalar->style == SL_YAML_SINGLE && source[at] == '\'' ? 2 : 1;
        seen++;
    }
    *exact = 1;
    return at;
}

/* A literal block: line n of the text is line n after the `|`, behind the indentation. */
static size_t find_in_literal(const sl_yaml *yaml, const sl_yaml_node *scalar, size_t byte,
                              int *exact)
{
    size_t first = 0; /* the first line with text in it shows how far all are indented */
    size_t skipped = 0;
    while (first < scalar->size && scalar->text[first] == '\n') {
        first++;
        skipped++;
    }
    size_t line = sl_caret_line(yaml, scalar->start) + 1;
    if (byte > scalar->size || first == scalar->size || line + skipped > yaml->lines_count) {
        return scalar->start;
    }
    const char *stop = memchr(scalar->text + first, '\n', scalar->size - first);
    size_t width = (stop == NULL ? scalar->size : (size_t)(stop - scalar->text)) - first;
    size_t full = line_end(yaml, line + skipped) - yaml->lines[line + skipped - 1];
    size_t in_line = 0;
    for (size_t i = 0; i < byte; i++) {
        in_line = scalar->text[i] == '\n' ? 0 : in_line + 1;
        line += scalar->text[i] == '\n';
    }
    if (full < width || line > yaml->lines_count) {
        return scalar->start;
    }
    size_t at = yaml->lines[line - 1] + (full - width) + in_line;
    *exact = at <= yaml->size;
    return at <= yaml->size ? at : scalar->start;
}

size_t sl_caret_source(const sl_yaml *yaml, const sl_yaml_node *scalar, size_t byte, int *exact)
{
    *exact = 0;
    if (scalar->kind != SL_YAML_SCALAR || byte > scalar->size || scalar->style == SL_YAML_FOLDED) {
        return scalar->start;
    }
    return scalar->style == SL_YAML_LITERAL ? find_in_literal(yaml, scalar, byte, exact)
                                            : walk(yaml, scalar, byte, exact);
}

size_t sl_caret_extent(const sl_yaml *yaml, const sl_yaml_node *node)
{
    if (node->end <= node->start || node->style == SL_YAML_LITERAL ||
        node->style == SL_YAML_FOLDED || node->style == SL_YAML_BLOCK) {
        return 0;
    }
    size_t end = line_end(yaml, sl_caret_line(yaml, node->start));
    return (node->end < end ? node->end : end) - node->start;
}

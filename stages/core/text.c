/*
 * text.c - text that grows; see text.h.
 */
#include "stages/core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/secret.h"
#include "stages/core/value.h"

/* Room for `more` bytes and the terminator; 0, or -1: no memory. */
static int make_room(sl_builder *builder, size_t more)
{
    if (builder->failed)
        return -1;
    size_t least = builder->size + more + 1;
    if (least <= builder->room)
        return 0;
    size_t room = builder->room < 64 ? 128 : builder->room * 2;
    if (room < least)
        room = least;
    char *data = sl_env_allocate(builder->env, builder->data, room);
    if (!data) {
        builder->failed = 1;
        return -1;
    }
    builder->data = data;
    builder->room = room;
    return 0;
}

void sl_builder_add(sl_builder *builder, const char *text, size_t size)
{
    if (make_room(builder, size) < 0)
        return;
    if (size > 0)
        memcpy(builder->data + builder->size, text, size);
    builder->size += size;
    builder->data[builder->size] = '\0';
}

void sl_builder_word(sl_builder *builder, const char *text)
{
    sl_builder_add(builder, text, strlen(text));
}

void sl_builder_list(sl_builder *builder, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    if (size >= 0 && make_room(builder, (size_t)size) == 0) {
        vsnprintf(builder->data + builder->size, (size_t)size + 1, format, again);
        builder->size += (size_t)size;
    }
    va_end(again);
}

void sl_builder_format(sl_builder *builder, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sl_builder_list(builder, format, args);
    va_end(args);
}

static void add_escaped(sl_builder *builder, unsigned char byte)
{
    static const char *const words[32] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    if (byte < 32 && words[byte])
        sl_builder_word(builder, words[byte]);
    else if (byte < 32 || byte == 127)
        sl_builder_format(builder, "\\u%04x", byte);
    else
        sl_builder_format(builder, "\\%c", byte);
}

void sl_builder_plain(sl_builder *builder, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (strchr("*?[\\", text[i]))
            sl_builder_add(builder, "\\", 1);
        sl_builder_add(builder, text + i, 1);
    }
}

void sl_builder_json(sl_builder *builder, const char *text, size_t size)
{
    sl_builder_add(builder, "\"", 1);
    while (size > 0) {
        size_t valid = sl_value_utf8(text, size);
        size_t from = 0;
        for (size_t i = 0; i < valid; i++) {
            unsigned char byte = (unsigned char)text[i];
            if (byte >= 32 && byte != '"' && byte != '\\' && byte != 127)
                continue;
            sl_builder_add(builder, text + from, i - from);
            add_escaped(builder, byte);
            from = i + 1;
        }
        sl_builder_add(builder, text + from, valid - from);
        text += valid;
        size -= valid;
        if (size > 0) {
            sl_builder_word(builder, "\xEF\xBF\xBD");
            text++;
            size--;
        }
    }
    sl_builder_add(builder, "\"", 1);
}

static void add_hex(sl_builder *builder, const sl_cell *cell)
{
    const unsigned char *bytes = cell->as.blob;
    sl_builder_add(builder, "\"", 1);
    for (uint32_t i = 0; i < cell->size; i++)
        sl_builder_format(builder, "%02x", bytes[i]);
    sl_builder_add(builder, "\"", 1);
}

/* Whether the text of this cell stands in JSON as it is. */
static int stands(const sl_column *column, const sl_cell *cell)
{
    sl_cell value;
    if (cell->kind == SL_NUMERAL)
        return 1;
    if (!column || cell->kind != SL_TEXT || !(column->flags & SL_COLUMN_FACES))
        return 0;
    switch (column->type) {
    case SL_TYPE_INTEGER:
    case SL_TYPE_REAL:
    case SL_TYPE_NUMERIC:
        return sl_value_number(cell->as.text, cell->size, &value) != SL_SPELLING_TEXT;
    case SL_TYPE_BOOLEAN:
        return sl_value_typed(column, cell, &value) == SL_OK && value.kind == SL_INTEGER;
    default:
        return 0;
    }
}

void sl_builder_cell(sl_builder *builder, const sl_column *column, const sl_cell *cell)
{
    char room[SL_VALUE_ROOM];
    const char *text;
    size_t size = sl_value_text(cell, room, &text);
    switch (cell->kind) {
    case SL_NULL:
        sl_builder_word(builder, "null");
        return;
    case SL_INTEGER:
        if (column && column->type == SL_TYPE_BOOLEAN && (uint64_t)cell->as.integer < 2)
            sl_builder_word(builder, cell->as.integer ? "true" : "false");
        else
            sl_builder_add(builder, text, size);
        return;
    case SL_REAL:
        if (isfinite(cell->as.real))
            sl_builder_add(builder, text, size);
        else
            sl_builder_json(builder, text, size);
        return;
    case SL_BLOB:
        add_hex(builder, cell);
        return;
    default:
        if (stands(column, cell))
            sl_builder_add(builder, text, size);
        else
            sl_builder_json(builder, text, size);
    }
}

void sl_builder_hide(sl_builder *builder, size_t start)
{
    size_t size = builder->size, to = start;
    char *text = builder->data;
    for (size_t from = start; from < size;) {
        text[to++] = text[from++];
        if (text[from - 1] != '"')
            continue;
        size_t end = from;
        while (end < size && text[end] != '"')
            end += text[end] == '\\' && end + 1 < size ? 2 : 1;
        size_t kept = sl_secret_hide(text + from, end - from);
        memmove(text + to, text + from, kept);
        to += kept;
        from = end;
        if (from < size)
            text[to++] = text[from++];
    }
    builder->size = to;
    if (text != NULL)
        text[to] = '\0';
}

void sl_builder_clear(sl_builder *builder)
{
    builder->size = 0;
    builder->failed = 0;
}

void sl_builder_done(sl_builder *builder)
{
    if (builder->data)
        sl_env_allocate(builder->env, builder->data, 0);
    *builder = (sl_builder){.env = builder->env};
}

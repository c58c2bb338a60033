/*
 * retry_row.c - see retry_row.h.
 */
#include "daemon/retry_row.h"

#include <stdio.h>
#include <string.h>

#include "stages/json.h"

static int32_t digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Hex digits in place. 1, or 0: the text is no bytes. */
static int32_t read_hex(sl_cell *cell, char *text)
{
    if (cell->size % 2 != 0)
        return 0;
    for (uint32_t i = 0; i < cell->size; i++)
        if (digit(text[i]) < 0)
            return 0;
    for (uint32_t i = 0; i < cell->size / 2; i++)
        text[i] = (char)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    *cell = (sl_cell){.kind = SL_BLOB, .size = cell->size / 2, .as.blob = text};
    return 1;
}

static sl_cell cell_of(const sl_column *column, const sl_json_value *value, char *room)
{
    sl_cell cell = {.kind = SL_TEXT, .size = (uint32_t)value->size, .as.text = room};
    int32_t truth = value->kind == SL_JSON_TRUE || value->kind == SL_JSON_FALSE;
    int32_t faces = (column->flags & SL_COLUMN_FACES) != 0;
    if (value->kind == SL_JSON_NULL)
        return (sl_cell){.kind = SL_NULL};
    if (truth && column->type == SL_TYPE_BOOLEAN && !faces)
        return (sl_cell){.kind = SL_INTEGER, .as.integer = value->kind == SL_JSON_TRUE};
    if (value->kind != SL_JSON_STRING) {
        memcpy(room, value->text, value->size);
        if (value->kind == SL_JSON_NUMBER && !faces)
            cell.kind = SL_NUMERAL;
        return cell;
    }
    cell.size = (uint32_t)sl_json_decode(value, room);
    if (column->type == SL_TYPE_BLOB)
        read_hex(&cell, room);
    return cell;
}

/* The column of a member; count: none. */
static uint32_t column_of(const sl_column *columns, uint32_t count, const sl_json_value *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (sl_json_same(name, columns[i].name))
            return i;
    return count;
}

int32_t sl_retry_row(sl_batch *batch, const sl_column *columns, uint32_t count, const char *json,
                     size_t size, char why[SL_RETRY_WHY])
{
    sl_json read;
    sl_json_value name, value;
    char *room = sl_batch_bytes(batch, size);
    for (uint32_t i = 0; i < count; i++)
        batch->columns[i][0] = (sl_cell){.kind = SL_NULL};
    if (!room) {
        snprintf(why, SL_RETRY_WHY, "its %zu bytes do not fit a batch", size);
        return 0;
    }
    sl_json_open(&read, json, size);
    if (!sl_json_enter(&read, SL_JSON_OBJECT)) {
        snprintf(why, SL_RETRY_WHY, "its _values are no JSON object");
        return 0;
    }
    while (sl_json_member(&read, &name, &value)) {
        uint32_t column = column_of(columns, count, &name);
        if (column == count) {
            snprintf(why, SL_RETRY_WHY, "its _values have '%.*s', which is no column there now",
                     name.size < 100 ? (int)name.size : 100, name.text);
            return 0;
        }
        batch->columns[column][0] = cell_of(&columns[column], &value, room);
        room += value.size; /* what it takes at most: all of them are in the text */
    }
    if (!sl_json_end(&read)) {
        snprintf(why, SL_RETRY_WHY, "its _values are no JSON: %s", read.error);
        return 0;
    }
    batch->rows = 1;
    batch->selected = 1;
    return 1;
}

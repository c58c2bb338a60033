/*
 * sqlite_place.c - places in a result, and positions as JSON; see sqlite_place.h.
 */
#include "stages/sqlite_place.h"

#include <math.h>
#include <string.h>

#include "stages/core/text.h"
#include "stages/core/value.h"
#include "stages/json.h"

/* ---- A row's values --------------------------------------------------------------------- */

void sl_place_read(sqlite3_stmt *row, int column, sl_cell *cell)
{
    *cell = (sl_cell){.kind = SL_NULL};
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        cell->kind = SL_INTEGER;
        cell->as.integer = sqlite3_column_int64(row, column);
        break;
    case SQLITE_FLOAT:
        cell->kind = SL_REAL;
        cell->as.real = sqlite3_column_double(row, column);
        break;
    case SQLITE_TEXT:
        cell->kind = SL_TEXT;
        cell->as.text = (const char *)sqlite3_column_text(row, column);
        cell->size = (uint32_t)sqlite3_column_bytes(row, column);
        break;
    case SQLITE_BLOB:
        cell->kind = SL_BLOB;
        cell->as.blob = sqlite3_column_blob(row, column);
        cell->size = (uint32_t)sqlite3_column_bytes(row, column);
        break;
    default:
        break;
    }
}

static int32_t same_number(int64_t integer, double real)
{
    return real >= -0x1p63 && real < 0x1p63 && (int64_t)real == integer &&
           (double)(int64_t)real == real;
}

int32_t sl_place_same(const sl_cell *cell, sqlite3_stmt *row, int column)
{
    sl_cell other;
    sl_place_read(row, column, &other);
    if (cell->kind == SL_INTEGER && other.kind == SL_REAL)
        return same_number(cell->as.integer, other.as.real);
    if (cell->kind == SL_REAL && other.kind == SL_INTEGER)
        return same_number(other.as.integer, cell->as.real);
    if (cell->kind != other.kind)
        return 0;
    if (cell->kind == SL_INTEGER)
        return cell->as.integer == other.as.integer;
    if (cell->kind == SL_REAL)
        return cell->as.real <= other.as.real && cell->as.real >= other.as.real;
    if (cell->kind == SL_NULL)
        return 1;
    return cell->size == other.size &&
           (cell->size == 0 || memcmp(cell->as.text, other.as.text, cell->size) == 0);
}

#define PRINT_BASIS 0xcbf29ce484222325u

uint64_t sl_place_mix(uint64_t print, uint64_t word)
{
    print = (print ^ word) * 0x9e3779b97f4a7c15u;
    return print ^ (print >> 29);
}

static uint64_t mix_bytes(uint64_t print, const char *bytes, size_t size)
{
    uint64_t word;
    for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        print = sl_place_mix(print, word);
    }
    if (size == 0)
        return print;
    word = 0;
    memcpy(&word, bytes, size);
    return sl_place_mix(print, word);
}

static uint64_t mix_cell(uint64_t print, const sl_cell *cell)
{
    print = sl_place_mix(print, (uint64_t)cell->kind << 32 | cell->size);
    if (cell->kind == SL_INTEGER || cell->kind == SL_REAL)
        return sl_place_mix(print, (uint64_t)cell->as.integer);
    return cell->size > 0 && cell->as.text ? mix_bytes(print, cell->as.text, cell->size) : print;
}

uint64_t sl_place_print(sqlite3_stmt *row, uint32_t columns)
{
    uint64_t print = PRINT_BASIS;
    for (uint32_t i = 0; i < columns; i++) {
        sl_cell cell;
        sl_place_read(row, (int)i, &cell);
        print = mix_cell(print, &cell);
    }
    return print ? print : 1;
}

uint64_t sl_place_print_cells(const sl_batch *batch, uint32_t row)
{
    uint64_t print = PRINT_BASIS;
    for (uint32_t i = 0; i < batch->columns_count; i++)
        print = mix_cell(print, &batch->columns[i][row]);
    return print ? print : 1;
}

/* ---- Rows that are remembered ------------------------------------------------------------ */

sl_status sl_place_keep(sl_stage *stage, sl_page_row *row, uint32_t part, const sl_cell *value)
{
    sl_cell *kept = &row->key[part];
    if (value->kind != SL_TEXT && value->kind != SL_BLOB) {
        *kept = *value;
        return SL_OK;
    }
    if (value->size > 0 && !value->as.text) /* SQLite had no memory to give it */
        return sl_no_memory(stage);
    if (value->size > row->room[part] || !row->bytes[part]) {
        size_t room = (size_t)value->size + value->size / 2 + 64;
        char *bytes = stage->host->allocate(stage, row->bytes[part], room);
        if (!bytes)
            return sl_no_memory(stage);
        row->bytes[part] = bytes;
        row->room[part] = room;
    }
    if (value->size > 0)
        memcpy(row->bytes[part], value->as.text, value->size);
    *kept = *value;
    kept->as.text = row->bytes[part];
    return SL_OK;
}

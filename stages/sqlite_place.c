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

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t mix_cell(uint64_t hash, const sl_cell *cell)
{
    hash = mix(hash, &cell->kind, sizeof cell->kind);
    hash = mix(hash, &cell->size, sizeof cell->size);
    if (cell->kind == SL_INTEGER || cell->kind == SL_REAL)
        return mix(hash, &cell->as.integer, sizeof cell->as.integer);
    return cell->size > 0 && cell->as.text ? mix(hash, cell->as.text, cell->size) : hash;
}

uint64_t sl_place_print(sqlite3_stmt *row, uint32_t columns)
{
    uint64_t hash = PRINT_BASIS;
    for (uint32_t i = 0; i < columns; i++) {
        sl_cell cell;
        sl_place_read(row, (int)i, &cell);
        hash = mix_cell(hash, &cell);
    }
    return hash ? hash : 1;
}

uint64_t sl_place_print_cells(const sl_batch *batch, uint32_t row)
{
    uint64_t hash = PRINT_BASIS;
    for (uint32_t i = 0; i < batch->columns_count; i++)
        hash = mix_cell(hash, &batch->columns[i][row]);
    return hash ? hash : 1;
}

/* ---- Telling ---------------------------------------------------------------------------- */

static void add_hex(sl_builder *json, const char *name, const sl_cell *cell)
{
    sl_builder_format(json, "{\"%s\":\"", name);
    for (uint32_t i = 0; i < cell->size; i++)
        sl_builder_format(json, "%02x", (unsigned char)cell->as.text[i]);
    sl_builder_word(json, "\"}");
}

static void add_value(sl_builder *json, const sl_cell *cell)
{
    char room[SL_VALUE_ROOM];
    switch (cell->kind) {
    case SL_INTEGER:
        sl_builder_format(json, "%lld", (long long)cell->as.integer);
        break;
    case SL_REAL:
        sl_value_real(cell->as.real, room);
        sl_builder_format(json, isfinite(cell->as.real) ? "%s" : "{\"real\":\"%s\"}", room);
        break;
    case SL_TEXT:
        if (sl_value_utf8(cell->as.text, cell->size) == cell->size)
            sl_builder_json(json, cell->as.text, cell->size);
        else
            add_hex(json, "text", cell);
        break;
    case SL_BLOB:
        add_hex(json, "blob", cell);
        break;
    default:
        sl_builder_word(json, "null");
    }
}

sl_status sl_page_tell(const sl_page *page, sl_text *position)
{
    sl_stage *stage = page->db->stage;
    sl_builder json = {.env = stage->env};
    sl_builder_format(&json, "{\"row\":%lld", (long long)page->row);
    if (page->mode == SL_PAGE_KEYSET && page->has_last) {
        sl_builder_word(&json, ",\"key\":[");
        for (uint32_t i = 0; i < page->key_count; i++) {
            sl_builder_word(&json, i ? "," : "");
            add_value(&json, &page->last[i]);
        }
        sl_builder_word(&json, "]");
    } else if (page->mode != SL_PAGE_KEYSET && page->print) {
        sl_builder_format(&json, ",\"print\":\"%016llx\"", (unsigned long long)page->print);
    }
    sl_builder_word(&json, "}");
    sl_status status =
        json.failed ? sl_no_memory(stage) : stage->host->set_text(stage, position, "%s", json.data);
    sl_builder_done(&json);
    return status;
}

/* ---- Seeking ---------------------------------------------------------------------------- */

static int digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static int from_hex(const sl_json_value *hex, char *bytes)
{
    for (size_t i = 0; i + 1 < hex->size; i += 2) {
        int high = digit(hex->text[i]), low = digit(hex->text[i + 1]);
        if (high < 0 || low < 0)
            return -1;
        bytes[i / 2] = (char)(high * 16 + low);
    }
    return hex->size % 2 == 0 ? 0 : -1;
}

/* {"blob":"00ff"}, {"text":"ff"}, {"real":"Inf"} */
static int read_object(const sl_json_value *value, char *bytes, sl_cell *cell)
{
    sl_json json;
    sl_json_value name, inside;
    sl_json_open(&json, value->text, value->size);
    if (!sl_json_enter(&json, SL_JSON_OBJECT) || !sl_json_member(&json, &name, &inside) ||
        inside.kind != SL_JSON_STRING)
        return -1;
    if (sl_json_same(&name, "real")) {
        cell->kind = SL_REAL;
        cell->as.real = sl_json_same(&inside, "-Inf") ? -INFINITY : INFINITY;
        return 0;
    }
    cell->kind = sl_json_same(&name, "blob") ? SL_BLOB : SL_TEXT;
    cell->size = (uint32_t)(inside.size / 2);
    cell->as.text = bytes;
    return from_hex(&inside, bytes);
}

/* One part of the key; its bytes go into the page's own buffer. 0 or -1. */
static int read_part(sl_page *page, uint32_t part, const sl_json_value *value)
{
    sl_stage *stage = page->db->stage;
    sl_cell *cell = &page->last[part];
    *cell = (sl_cell){.kind = SL_NULL};
    if (value->kind == SL_JSON_NUMBER) {
        sl_spelling spelling = sl_value_number(value->text, value->size, cell);
        return spelling == SL_SPELLING_INTEGER || spelling == SL_SPELLING_REAL ? 0 : -1;
    }
    char *bytes = stage->host->allocate(stage, page->bytes[part], value->size + 1);
    if (!bytes)
        return -1;
    page->bytes[part] = bytes;
    page->room[part] = value->size + 1;
    if (value->kind == SL_JSON_OBJECT)
        return read_object(value, bytes, cell);
    if (value->kind != SL_JSON_STRING)
        return -1;
    cell->kind = SL_TEXT;
    cell->size = (uint32_t)sl_json_decode(value, bytes);
    cell->as.text = bytes;
    return 0;
}

static int read_key(sl_page *page, const sl_json_value *key)
{
    sl_json json;
    sl_json_value value;
    uint32_t part = 0;
    sl_json_open(&json, key->text, key->size);
    if (!sl_json_enter(&json, SL_JSON_ARRAY))
        return -1;
    for (; sl_json_element(&json, &value); part++)
        if (part == page->key_count || read_part(page, part, &value) < 0)
            return -1;
    page->has_last = part == page->key_count;
    return page->has_last && !json.error ? 0 : -1;
}

static int read_print(sl_page *page, const char *position)
{
    char text[20];
    if (sl_json_get_text(position, "print", text, sizeof text) != 1)
        return -1;
    uint64_t print = 0;
    for (const char *at = text; *at; at++) {
        if (digit(*at) < 0)
            return -1;
        print = print << 4 | (uint64_t)digit(*at);
    }
    page->expected = page->print = print;
    return 0;
}

sl_status sl_page_seek(sl_page *page, const char *position)
{
    sl_json_value key;
    int64_t row;
    int failed = sl_json_get_integer(position, "row", &row) != 1 || row < 0;
    if (!failed && row > 0 && page->mode == SL_PAGE_KEYSET)
        failed = sl_json_get(position, "key", &key) != 1 || read_key(page, &key) < 0;
    else if (!failed && row > 0)
        failed = read_print(page, position) < 0;
    if (failed)
        return sl_fail_at(page->db->stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = page->value,
                                   .hint = "the key or the way of paging has changed since: read "
                                           "from the start again (--fresh)"),
                          "cannot go to the position %s", position);
    page->row = row;
    return SL_OK;
}

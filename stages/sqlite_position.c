/*
 * sqlite_position.c - positions written and read; see sqlite_position.h.
 */
#include "stages/sqlite_position.h"

#include <math.h>
#include <string.h>

#include "stages/core/text.h"
#include "stages/core/value.h"
#include "stages/json.h"
#include "stages/sqlite_proof.h"

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

static void add_row(sl_builder *json, const sl_page *page, const sl_page_row *row, const char *key,
                    const char *print)
{
    sl_builder_format(json, ",\"%s\":[", key);
    for (uint32_t i = 0; i < page->key_count; i++) {
        sl_builder_word(json, i ? "," : "");
        add_value(json, &row->key[i]);
    }
    sl_builder_format(json, "],\"%s\":\"%016llx\"", print, (unsigned long long)row->print);
}

static void add_source(sl_builder *json, const sl_page *page)
{
    const sl_page_source *source = &page->source;
    sl_builder_word(json, ",\"database\":");
    sl_builder_json(json, page->db->path, strlen(page->db->path));
    if (source->path) {
        sl_builder_word(json, ",\"file\":");
        sl_builder_json(json, source->path, strlen(source->path));
    }
    sl_builder_format(json, ",\"inode\":%lld,\"schema\":%lld", (long long)source->inode,
                      (long long)source->schema);
}

sl_status sl_page_tell(const sl_page *page, sl_text *position)
{
    sl_stage *stage = page->db->stage;
    sl_builder json = {.env = stage->env};
    sl_builder_format(&json, "{\"row\":%lld", (long long)page->row);
    add_source(&json, page);
    if (sl_page_is_keyed(page) && page->last.known) {
        add_row(&json, page, &page->last, "key", "print");
        add_row(&json, page, &page->first, "first", "first_print");
        sl_builder_format(&json, ",\"columns\":%u", page->given_columns);
        if (page->window.overlap > 0) {
            sl_builder_word(&json, ",\"given\":");
            sl_window_tell(&page->window, &json);
        }
    } else if (!sl_page_is_keyed(page) && page->row > 0) {
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

/* One part of the key; its bytes go into the row's own buffer. 0 or -1. */
static int read_part(const sl_page *page, sl_page_row *row, uint32_t part,
                     const sl_json_value *value)
{
    sl_stage *stage = page->db->stage;
    sl_cell *cell = &row->key[part];
    *cell = (sl_cell){.kind = SL_NULL};
    if (value->kind == SL_JSON_NUMBER) {
        sl_spelling spelling = sl_value_number(value->text, value->size, cell);
        return spelling == SL_SPELLING_INTEGER || spelling == SL_SPELLING_REAL ? 0 : -1;
    }
    char *bytes = stage->host->allocate(stage, row->bytes[part], value->size + 1);
    if (!bytes)
        return -1;
    row->bytes[part] = bytes;
    row->room[part] = value->size + 1;
    if (value->kind == SL_JSON_OBJECT)
        return read_object(value, bytes, cell);
    if (value->kind != SL_JSON_STRING)
        return -1;
    cell->kind = SL_TEXT;
    cell->size = (uint32_t)sl_json_decode(value, bytes);
    cell->as.text = bytes;
    return 0;
}

static int read_print(const char *position, const char *name, uint64_t *print)
{
    char text[20];
    if (sl_json_get_text(position, name, text, sizeof text) != 1)
        return -1;
    *print = 0;
    for (const char *at = text; *at; at++) {
        if (digit(*at) < 0)
            return -1;
        *print = *print << 4 | (uint64_t)digit(*at);
    }
    return 0;
}

static int read_row(const sl_page *page, const char *position, sl_page_row *row, const char *key,
                    const char *print)
{
    sl_json json;
    sl_json_value list, value;
    uint32_t part = 0;
    if (sl_json_get(position, key, &list) != 1 || read_print(position, print, &row->print) < 0)
        return -1;
    sl_json_open(&json, list.text, list.size);
    if (!sl_json_enter(&json, SL_JSON_ARRAY))
        return -1;
    for (; sl_json_element(&json, &value); part++)
        if (part == page->key_count || read_part(page, row, part, &value) < 0)
            return -1;
    row->known = part == page->key_count && !json.error;
    return row->known ? 0 : -1;
}

/* What is needed to go on behind the last key. 0 or -1. */
static int read_keyed(sl_page *page, const char *position, uint32_t *columns)
{
    sl_json_value given;
    int64_t count;
    if (read_row(page, position, &page->last, "key", "print") < 0 ||
        read_row(page, position, &page->first, "first", "first_print") < 0 ||
        sl_json_get_integer(position, "columns", &count) != 1)
        return -1;
    *columns = (uint32_t)count;
    if (page->window.overlap > 0 && sl_json_get(position, "given", &given) == 1)
        return sl_window_seek(page->db->stage, &page->window, &given);
    return 0;
}

static sl_status fail_other(const sl_page *page, const char *file)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_CONFIG,
                               .value = page->db->stage->host->option(page->db->stage, "database"),
                               .hint = "read it from the start (--fresh), or write the path of the "
                                       "database that was read before"),
                      "'%s' is another database than the one that was read before, '%s'",
                      page->db->path, file);
}

static int same_text(const sl_json_value *value, const char *text)
{
    return text && value->kind == SL_JSON_STRING && sl_json_same(value, text);
}

/* Another path, as written and with its links followed, is another database. */
static sl_status check_paths(const sl_page *page, const char *position)
{
    sl_json_value written, file;
    char name[512];
    if (sl_json_get(position, "database", &written) != 1 || same_text(&written, page->db->path))
        return SL_OK;
    if (sl_json_get(position, "file", &file) == 1 && same_text(&file, page->source.path))
        return SL_OK;
    if (sl_json_get_text(position, "database", name, sizeof name) != 1)
        return fail_other(page, "...");
    return fail_other(page, name);
}

static sl_status fail_position(const sl_page *page, const char *position)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .value = page->value,
                               .hint = "the key or the way of paging has changed since: read from "
                                       "the start again (--fresh)"),
                      "cannot go to the position %.200s", position);
}

sl_status sl_page_seek(sl_page *page, const char *position)
{
    sl_page_source before = {0};
    int64_t row, inode = 0;
    uint32_t columns = 0;
    if (sl_json_get_integer(position, "row", &row) != 1 || row < 0)
        return fail_position(page, position);
    page->row = row;
    if (row == 0)
        return SL_OK;
    if (check_paths(page, position) != SL_OK)
        return SL_ERROR;
    if (sl_json_get_integer(position, "inode", &inode) < 0 ||
        sl_json_get_integer(position, "schema", &before.schema) < 0)
        return fail_position(page, position);
    before.inode = (uint64_t)inode;
    if (!sl_page_is_keyed(page)) {
        page->unproved = 1;
        return read_print(position, "print", &page->print) == 0 ? SL_OK
                                                                : fail_position(page, position);
    }
    if (read_keyed(page, position, &columns) < 0)
        return fail_position(page, position);
    if (before.inode == page->source.inode && before.schema == page->source.schema)
        return SL_OK;
    return sl_proof_row(page, columns);
}

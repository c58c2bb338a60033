/*
 * sqlite_origin.c - see sqlite_origin.h.
 */
#include "stages/sqlite_origin.h"

#include <string.h>

#include "stages/origin.h"

static sl_status prepare(sl_sqlite_origin *origin, sl_stage *stage, const char *database,
                         const char *table)
{
    origin->key.env = stage->env;
    origin->row.database = sl_origin_keep(stage, database);
    origin->row.source = table ? sl_origin_keep(stage, table) : NULL;
    return origin->row.database && !table == !origin->row.source ? SL_OK : SL_ERROR;
}

sl_status sl_sqlite_origin_begin(sl_sqlite_origin *origin, sl_stage *stage, const char *database,
                                 const char *table, sl_batch *batch)
{
    if (!origin->wanted)
        origin->wanted = sl_origin_flag(stage);
    if (!origin->wanted)
        return SL_ERROR;
    if (!*origin->wanted)
        return SL_OK;
    if (!origin->row.database && prepare(origin, stage, database, table) != SL_OK)
        return SL_ERROR;
    return stage->host->origins(stage, batch);
}

/* The value of a key's part; bytes are good until the statement's next step. */
static sl_cell read_part(sqlite3_stmt *row, int column)
{
    sl_cell cell = {.kind = SL_NULL};
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return (sl_cell){.kind = SL_INTEGER, .as.integer = sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT:
        return (sl_cell){.kind = SL_REAL, .as.real = sqlite3_column_double(row, column)};
    case SQLITE_TEXT:
        cell.as.text = (const char *)sqlite3_column_text(row, column);
        cell.kind = cell.as.text ? SL_TEXT : SL_NULL;
        break;
    case SQLITE_BLOB:
        cell.as.blob = sqlite3_column_blob(row, column);
        cell.kind = cell.as.blob ? SL_BLOB : SL_NULL;
        break;
    default:
        break;
    }
    cell.size = cell.kind == SL_NULL ? 0 : (uint32_t)sqlite3_column_bytes(row, column);
    return cell;
}

static void write_key(sl_builder *json, const sl_page *page)
{
    static const sl_column any = {.name = "", .type = SL_TYPE_ANY};
    sl_builder_clear(json);
    for (uint32_t i = 0; i < page->key_count; i++) {
        sl_cell value = read_part(page->statement, (int)page->key[i].index);
        sl_builder_word(json, i ? "," : "{");
        sl_builder_json(json, page->key[i].name, strlen(page->key[i].name));
        sl_builder_word(json, ":");
        sl_builder_cell(json, &any, &value);
    }
    sl_builder_word(json, "}");
}

static int32_t is_read(const sl_page *page)
{
    for (uint32_t i = 0; i < page->key_count; i++)
        if (page->key[i].index >= page->columns_count)
            return 0;
    return page->key_count > 0;
}

sl_status sl_sqlite_origin_note(sl_sqlite_origin *origin, const sl_page *page, sl_batch *batch)
{
    sl_origin *to = &batch->origins[batch->rows];
    sl_stage *stage = page->db->stage;
    *to = origin->row;
    to->row = page->row + 1;
    if (!is_read(page))
        return SL_OK;
    int column = (int)page->key[0].index;
    if (page->key_count == 1 && sqlite3_column_type(page->statement, column) == SQLITE_INTEGER) {
        if (!origin->row.key_name)
            origin->row.key_name = sl_origin_keep(stage, page->key[0].name);
        to->key_name = origin->row.key_name;
        to->key = read_part(page->statement, column);
        return to->key_name ? SL_OK : SL_ERROR;
    }
    to->key_name = NULL;
    write_key(&origin->key, page);
    if (origin->key.failed)
        return sl_no_memory(stage);
    to->key =
        (sl_cell){.kind = SL_TEXT, .size = (uint32_t)origin->key.size, .as.text = origin->key.data};
    return SL_OK;
}

void sl_sqlite_origin_done(sl_sqlite_origin *origin)
{
    if (origin->key.env)
        sl_builder_done(&origin->key);
}

/*
 * origin.c - see origin.h.
 */
#include "stages/origin.h"

#include <string.h>

int32_t *sl_origin_flag(sl_stage *stage)
{
    return stage->host->shared(stage, "lineage", sizeof(int32_t));
}

sl_origin sl_origin_of(const sl_batch *batch, uint32_t row)
{
    if (batch->origins)
        return batch->origins[row];
    return (sl_origin){.source = batch->source,
                       .row = batch->first_row + row,
                       .line = batch->lines ? batch->lines[row] : 0};
}

const char *sl_origin_keep(sl_stage *stage, const char *text)
{
    static const char prefix[] = "lineage text ";
    size_t size = strlen(text) + 1;
    char *key = stage->host->allocate(stage, NULL, sizeof prefix + size);
    if (!key) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    memcpy(key, prefix, sizeof prefix - 1);
    memcpy(key + sizeof prefix - 1, text, size);
    char *kept = stage->host->shared(stage, key, size);
    stage->host->allocate(stage, key, 0);
    if (kept)
        memcpy(kept, text, size);
    return kept;
}

/* ---- Rows made from several ------------------------------------------------------------------ */

static void mix(sl_origin_common *common, const sl_origin *origin)
{
    sl_origin *to = &common->origin;
    if (!common->any)
        *to = (sl_origin){.source = origin->source, .database = origin->database};
    else if (to->source != origin->source || to->database != origin->database)
        *to = (sl_origin){0};
    to->flags = SL_ORIGIN_SEVERAL;
    common->any = 1;
}

void sl_origin_mix(sl_origin_common *common, const sl_batch *batch)
{
    if (!batch->origins && batch->selected > 0)
        mix(common, &(sl_origin){.source = batch->source});
    for (uint32_t i = 0; batch->origins && i < batch->selected; i++)
        mix(common, &batch->origins[batch->selection[i]]);
}

sl_status sl_origin_give(const sl_origin_common *common, sl_stage *stage, sl_batch *batch)
{
    if (stage->host->origins(stage, batch) != SL_OK)
        return SL_ERROR;
    for (uint32_t row = 0; row < batch->rows; row++) {
        batch->origins[row] = common->origin;
        batch->origins[row].flags |= SL_ORIGIN_SEVERAL;
    }
    return SL_OK;
}

/* ---- Sources as numbers --------------------------------------------------------------------- */

static int32_t is_same(const sl_origin *a, const sl_origin *b)
{
    return a->source == b->source && a->database == b->database && a->key_name == b->key_name &&
           a->flags == b->flags;
}

static uint64_t hash(const sl_origin *origin)
{
    uint64_t mixed = (uint64_t)(uintptr_t)origin->source * 3 +
                     (uint64_t)(uintptr_t)origin->database * 5 +
                     (uint64_t)(uintptr_t)origin->key_name * 7 + origin->flags;
    return mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

/* The slot where the source stands or would stand. */
static uint32_t *slot_of(const sl_origin_names *names, const sl_origin *origin)
{
    uint32_t mask = names->room * 2 - 1;
    uint32_t at = (uint32_t)hash(origin) & mask;
    while (names->slots[at] && !is_same(&names->list[names->slots[at] - 1], origin))
        at = (at + 1) & mask;
    return &names->slots[at];
}

static sl_status grow(sl_origin_names *names)
{
    sl_stage *stage = names->stage;
    uint32_t room = names->room ? names->room * 2 : 16;
    sl_origin *list = stage->host->allocate(stage, names->list, room * sizeof *list);
    if (!list)
        return sl_no_memory(stage);
    names->list = list;
    uint32_t *slots = stage->host->allocate(stage, names->slots, 2 * room * sizeof *slots);
    if (!slots)
        return sl_no_memory(stage);
    names->slots = slots;
    names->room = room;
    memset(slots, 0, 2 * room * sizeof *slots);
    for (uint32_t i = 0; i < names->count; i++)
        *slot_of(names, &names->list[i]) = i + 1;
    return SL_OK;
}

int32_t sl_origin_number(sl_origin_names *names, const sl_origin *origin)
{
    if (names->last < names->count && is_same(&names->list[names->last], origin))
        return (int32_t)names->last;
    if (names->count == names->room && grow(names) != SL_OK)
        return -1;
    uint32_t *slot = slot_of(names, origin);
    if (!*slot) {
        names->list[names->count++] = (sl_origin){.source = origin->source,
                                                  .database = origin->database,
                                                  .key_name = origin->key_name,
                                                  .flags = origin->flags};
        *slot = names->count;
    }
    names->last = *slot - 1;
    return (int32_t)names->last;
}

void sl_origin_names_done(sl_origin_names *names)
{
    if (!names->stage)
        return;
    names->stage->host->allocate(names->stage, names->list, 0);
    names->stage->host->allocate(names->stage, names->slots, 0);
    names->list = NULL;
    names->slots = NULL;
    names->count = names->room = 0;
}

/* ---- Origins as cells ------------------------------------------------------------------------ */

sl_status sl_origin_pack(sl_origin_names *names, const sl_origin *origin, sl_cell *cells)
{
    int32_t number = sl_origin_number(names, origin);
    cells[0] = (sl_cell){.kind = SL_INTEGER, .as.integer = number};
    cells[1] = (sl_cell){.kind = SL_INTEGER, .as.integer = origin->row};
    cells[2] = (sl_cell){.kind = SL_INTEGER, .as.integer = origin->line};
    cells[3] = origin->key;
    return number < 0 ? SL_ERROR : SL_OK;
}

void sl_origin_unpack(const sl_origin_names *names, const sl_cell *cells, sl_batch *batch,
                      uint32_t row)
{
    sl_stage *stage = names->stage;
    sl_origin *to = &batch->origins[row];
    *to = names->list[cells[0].as.integer];
    to->row = cells[1].as.integer;
    to->line = cells[2].as.integer;
    to->key = cells[3];
    if (to->key.kind != SL_TEXT)
        return;
    char *bytes = stage->host->bytes(stage, batch, to->key.size);
    if (bytes)
        memcpy(bytes, cells[3].as.text, to->key.size);
    to->key.as.text = bytes;
    if (!bytes)
        to->key = (sl_cell){.kind = SL_NULL};
}

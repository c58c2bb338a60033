/*
 * key_set.c - keys in open addressing; entries in chunks that never move.
 *
 * Sorting uses the slots themselves: they are packed to the front, then sorted in place.
 */
#include "stages/key_set.h"

#include <string.h>

#define CHUNK (size_t)65536
#define FIRST_SLOTS (size_t)1024

typedef struct slot {
    uint64_t hash;
    sl_key_entry *entry; /* NULL: free */
} slot;

typedef struct chunk {
    struct chunk *before;
    size_t size;
} chunk;

struct sl_key_set {
    sl_stage *stage;
    size_t memory, payload;
    size_t taken; /* bytes of slots and chunks */
    slot *slots;
    size_t slots_count; /* a power of two */
    size_t count;
    chunk *last;
    char *at, *end; /* what is free in the last chunk */
    int32_t full;
};

sl_key_set *sl_key_set_new(sl_stage *stage, int64_t memory, size_t payload)
{
    sl_key_set *set = stage->host->allocate(stage, NULL, sizeof *set);

    if (!set) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *set = (sl_key_set){.stage = stage, .memory = (size_t)memory, .payload = (payload + 7) & ~7ul};
    return set;
}

void sl_key_set_free(sl_key_set *set)
{
    if (!set)
        return;
    while (set->last) {
        chunk *last = set->last;

        set->last = last->before;
        set->stage->host->allocate(set->stage, last, 0);
    }
    set->stage->host->allocate(set->stage, set->slots, 0);
    set->stage->host->allocate(set->stage, set, 0);
}

const uint8_t *sl_key_set_key(const sl_key_set *set, const sl_key_entry *entry)
{
    return (const uint8_t *)entry->payload + set->payload;
}

char *sl_key_set_rest(const sl_key_set *set, sl_key_entry *entry)
{
    return (char *)entry->payload + set->payload + entry->key_size;
}

size_t sl_key_set_count(const sl_key_set *set)
{
    return set->count;
}

sl_key_entry *sl_key_set_find(const sl_key_set *set, const sl_key *key, uint64_t hash)
{
    size_t mask = set->slots_count - 1;

    if (!set->slots_count)
        return NULL;
    for (size_t i = hash & mask; set->slots[i].entry; i = (i + 1) & mask) {
        sl_key_entry *entry = set->slots[i].entry;

        if (set->slots[i].hash == hash && entry->key_size == key->size &&
            memcmp(sl_key_set_key(set, entry), key->bytes, key->size) == 0)
            return entry;
    }
    return NULL;
}

static void put(slot *slots, size_t count, slot moved)
{
    size_t i = moved.hash & (count - 1);

    while (slots[i].entry)
        i = (i + 1) & (count - 1);
    slots[i] = moved;
}

/* Doubles the slots, or finds that there is no room for that. */
static sl_status grow(sl_key_set *set)
{
    size_t count = set->slots_count ? 2 * set->slots_count : FIRST_SLOTS;
    size_t bytes = count * sizeof(slot);
    slot *slots;

    if (set->slots_count && set->taken + bytes > set->memory) {
        set->full = 1;
        return SL_OK;
    }
    slots = set->stage->host->allocate(set->stage, NULL, bytes);
    if (!slots)
        return sl_no_memory(set->stage);
    memset(slots, 0, bytes);
    for (size_t i = 0; i < set->slots_count; i++)
        if (set->slots[i].entry)
            put(slots, count, set->slots[i]);
    set->stage->host->allocate(set->stage, set->slots, 0);
    set->taken += bytes - set->slots_count * sizeof(slot);
    set->slots = slots;
    set->slots_count = count;
    return SL_OK;
}

/* Memory for an entry; *entry NULL: full. */
static sl_status take(sl_key_set *set, size_t size, sl_key_entry **entry)
{
    size_t room = sizeof(chunk) + size > CHUNK ? sizeof(chunk) + size : CHUNK;
    chunk *made;

    *entry = NULL;
    if ((size_t)(set->end - set->at) < size) {
        if (set->last && set->taken + room > set->memory) {
            set->full = 1;
            return SL_OK;
        }
        made = set->stage->host->allocate(set->stage, NULL, room);
        if (!made)
            return sl_no_memory(set->stage);
        *made = (chunk){.before = set->last, .size = room};
        set->last = made;
        set->taken += room;
        set->at = (char *)(made + 1);
        set->end = (char *)made + room;
    }
    *entry = (sl_key_entry *)(void *)set->at;
    set->at += size;
    return SL_OK;
}

sl_status sl_key_set_add(sl_key_set *set, const sl_key *key, uint64_t hash, size_t rest,
                         sl_key_entry **entry)
{
    size_t size = sizeof(sl_key_entry) + set->payload + key->size + rest;

    *entry = NULL;
    if (!set->full && 4 * (set->count + 1) > 3 * set->slots_count && grow(set) != SL_OK)
        return SL_ERROR;
    if (set->full)
        return SL_OK;
    if (take(set, (size + 7) & ~7ul, entry) != SL_OK)
        return SL_ERROR;
    if (!*entry)
        return SL_OK;
    (*entry)->key_size = (uint32_t)key->size;
    (*entry)->rest_size = (uint32_t)rest;
    memset((*entry)->payload, 0, set->payload);
    memcpy((char *)(*entry)->payload + set->payload, key->bytes, key->size);
    put(set->slots, set->slots_count, (slot){.hash = hash, .entry = *entry});
    set->count++;
    return SL_OK;
}

/* ---- All of them ------------------------------------------------------------------------ */

static int before(const sl_key_set *set, const slot *a, const slot *b)
{
    return sl_key_compare(sl_key_set_key(set, a->entry), a->entry->key_size,
                          sl_key_set_key(set, b->entry), b->entry->key_size) < 0;
}

/* A heap sort: in place, and never slow. Keys are all different. */
static void sift(const sl_key_set *set, slot *list, size_t at, size_t count)
{
    slot moved = list[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= count)
            break;
        if (child + 1 < count && before(set, &list[child], &list[child + 1]))
            child++;
        if (!before(set, &moved, &list[child]))
            break;
        list[at] = list[child];
        at = child;
    }
    list[at] = moved;
}

void sl_key_set_sort(sl_key_set *set)
{
    slot *list = set->slots;
    size_t count = 0;

    for (size_t i = 0; i < set->slots_count; i++)
        if (list[i].entry)
            list[count++] = list[i];
    for (size_t i = count; i < set->slots_count; i++)
        list[i].entry = NULL;
    for (size_t i = count / 2; i-- > 0;)
        sift(set, list, i, count);
    for (size_t i = count; i-- > 1;) {
        slot moved = list[0];

        list[0] = list[i];
        list[i] = moved;
        sift(set, list, 0, i);
    }
}

sl_key_entry *sl_key_set_at(const sl_key_set *set, size_t index)
{
    return set->slots[index].entry;
}

sl_key_entry *sl_key_set_each(const sl_key_set *set, size_t *at)
{
    while (*at < set->slots_count)
        if (set->slots[(*at)++].entry)
            return set->slots[*at - 1].entry;
    return NULL;
}

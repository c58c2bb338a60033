/*
 * source_place.c - see source_place.h.
 *
 * The text of all places but the open file's is kept ready, because a position is asked for after
 * every batch: an entry that comes is added at its end, one that goes is cut out.
 */
#include "stages/source_place.h"

#include <errno.h>
#include <isa-l/crc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/text.h"
#include "stages/json.h"

#define NONE UINT32_MAX
#define NUMBERS 400 /* bytes of a place without its name, at most */

typedef struct entry {
    sl_source_known of;
    int32_t known; /* 0: it was removed */
    size_t at;     /* of its text, and the comma behind it; the one put last has the greatest */
    size_t size;
} entry;

struct sl_source_places {
    sl_stage *stage;
    entry *entries;
    uint32_t count, room;
    uint32_t removed;     /* of count */
    uint32_t *slots;      /* hash of a name -> index, NONE: free; then likewise of a file */
    uint32_t slots_count; /* of each; a power of 2 */
    sl_builder text;      /* the entries, each with a comma behind it */
    sl_builder one;       /* of the place that is being written */
};

sl_source_places *sl_source_places_new(sl_stage *stage)
{
    sl_source_places *places = stage->host->allocate(stage, NULL, sizeof *places);
    if (!places) {
        sl_no_memory(stage);
        return NULL;
    }
    *places = (sl_source_places){.stage = stage};
    places->text.env = places->one.env = stage->env;
    return places;
}

void sl_source_places_free(sl_source_places *places)
{
    if (!places)
        return;
    sl_stage *stage = places->stage;
    for (uint32_t i = 0; i < places->count; i++)
        stage->host->allocate(stage, places->entries[i].of.name, 0);
    stage->host->allocate(stage, places->entries, 0);
    stage->host->allocate(stage, places->slots, 0);
    sl_builder_done(&places->text);
    sl_builder_done(&places->one);
    stage->host->allocate(stage, places, 0);
}

/* ---- By name and file -------------------------------------------------------------------- */

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static uint32_t hash_of_file(uint64_t device, uint64_t inode)
{
    return (uint32_t)(((inode + device) * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* Walks over the entries of a name, also those that were removed: from *at == 0 on. */
static entry *of_name(const sl_source_places *places, const char *name, uint32_t *at)
{
    uint32_t mask = places->slots_count - 1, index;
    if (places->slots_count == 0)
        return NULL;
    while ((index = places->slots[(hash_of(name) + (*at)++) & mask]) != NONE)
        if (strcmp(places->entries[index].of.name, name) == 0)
            return &places->entries[index];
    return NULL;
}

/* Also one that was removed. */
static entry *find(const sl_source_places *places, const char *name, uint64_t device,
                   uint64_t inode)
{
    uint32_t slot = 0;
    entry *at;
    while ((at = of_name(places, name, &slot)) != NULL)
        if (at->of.place.device == device && at->of.place.inode == inode)
            return at;
    return NULL;
}

static void take_slot(uint32_t *slots, uint32_t mask, uint32_t slot, uint32_t index)
{
    for (slot &= mask; slots[slot] != NONE; slot = (slot + 1) & mask)
        ;
    slots[slot] = index;
}

/* An entry that has its name and its file. */
static void enter(sl_source_places *places, uint32_t index)
{
    const sl_source_known *of = &places->entries[index].of;
    uint32_t mask = places->slots_count - 1;
    take_slot(places->slots, mask, hash_of(of->name), index);
    if (of->place.inode != 0) /* else it is not known */
        take_slot(places->slots + places->slots_count, mask,
                  hash_of_file(of->place.device, of->place.inode), index);
}

static void enter_all(sl_source_places *places)
{
    for (uint32_t i = 0; i < places->slots_count * 2; i++)
        places->slots[i] = NONE;
    for (uint32_t i = 0; i < places->count; i++)
        enter(places, i);
}

static sl_status make_room(sl_source_places *places)
{
    sl_stage *stage = places->stage;
    if (places->count < places->room)
        return SL_OK;
    uint32_t room = places->room ? places->room * 2 : 8;
    entry *entries = stage->host->allocate(stage, places->entries, room * sizeof *entries);
    if (!entries)
        return sl_no_memory(stage);
    places->entries = entries;
    uint32_t *slots = stage->host->allocate(stage, places->slots, room * 4 * sizeof *slots);
    if (!slots)
        return sl_no_memory(stage);
    places->slots = slots;
    places->slots_count = room * 2;
    places->room = room;
    enter_all(places);
    return SL_OK;
}

static sl_status add(sl_source_places *places, const char *name, uint64_t device, uint64_t inode,
                     entry **made)
{
    sl_stage *stage = places->stage;
    if (places->count - places->removed >= SL_SOURCE_PLACES)
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_DATA, .source = name,
                                   .hint = "read fewer files in one graph, or start afresh"),
                          "the position covers %d files, and cannot hold '%s' too",
                          SL_SOURCE_PLACES, name);
    size_t size = strlen(name) + 1;
    char *copy = make_room(places) == SL_OK ? stage->host->allocate(stage, NULL, size) : NULL;
    if (!copy)
        return sl_no_memory(stage);
    memcpy(copy, name, size);
    *made = &places->entries[places->count];
    **made = (entry){.of = {.name = copy, .place = {.device = device, .inode = inode}}};
    enter(places, places->count++);
    return SL_OK;
}

/* Frees the entries that were removed, when they are the most. Nobody may be walking. */
static void tidy(sl_source_places *places)
{
    uint32_t kept = 0;
    if (places->removed < 64 || places->removed < places->count / 2)
        return;
    for (uint32_t i = 0; i < places->count; i++)
        if (places->entries[i].known)
            places->entries[kept++] = places->entries[i];
        else
            places->stage->host->allocate(places->stage, places->entries[i].of.name, 0);
    places->count = kept;
    places->removed = 0;
    enter_all(places);
}

const sl_source_known *sl_source_places_find(const sl_source_places *places, const char *name,
                                             uint64_t device, uint64_t inode)
{
    const entry *at = find(places, name, device, inode);
    return at && at->known ? &at->of : NULL;
}

const sl_source_known *sl_source_places_newest(const sl_source_places *places, const char *name)
{
    uint32_t slot = 0;
    const entry *newest = NULL, *at;
    while ((at = of_name(places, name, &slot)) != NULL)
        if (at->known && (!newest || at->at > newest->at))
            newest = at;
    return newest ? &newest->of : NULL;
}

const sl_source_known *sl_source_places_each(const sl_source_places *places, uint32_t *at)
{
    while (*at < places->count) {
        const entry *now = &places->entries[(*at)++];
        if (now->known)
            return &now->of;
    }
    return NULL;
}

const sl_source_known *sl_source_places_named(const sl_source_places *places, const char *name,
                                              uint32_t *at)
{
    const entry *now;
    while ((now = of_name(places, name, at)) != NULL)
        if (now->known)
            return &now->of;
    return NULL;
}

const sl_source_known *sl_source_places_of(const sl_source_places *places, uint64_t device,
                                           uint64_t inode, uint32_t *at)
{
    uint32_t mask = places->slots_count - 1, index;
    const uint32_t *slots = places->slots + places->slots_count;
    if (places->slots_count == 0)
        return NULL;
    while ((index = slots[(hash_of_file(device, inode) + (*at)++) & mask]) != NONE) {
        const entry *now = &places->entries[index];
        if (now->known && now->of.place.raw > 0 && now->of.place.device == device &&
            now->of.place.inode == inode)
            return &now->of;
    }
    return NULL;
}

/* ---- Writing ----------------------------------------------------------------------------- */

static void write_name(sl_builder *text, const char *name)
{
    size_t size = strlen(name);
    if (sl_json_quoted_size(name, size) > 0) {
        sl_builder_word(text, "{\"file\":");
        sl_builder_json(text, name, size);
        return;
    }
    sl_builder_word(text, "{\"file_hex\":\"");
    for (size_t i = 0; i < size; i++)
        sl_builder_format(text, "%02x", (unsigned char)name[i]);
    sl_builder_word(text, "\"");
}

/* Without the closing brace. */
static void write_place(sl_builder *text, const char *name, const sl_source_place *place)
{
    char numbers[NUMBERS];
    int at = snprintf(numbers, sizeof numbers, ",\"byte\":%lld,\"row\":%lld,\"line\":%lld",
                      (long long)place->byte, (long long)place->row, (long long)place->line);
#define MORE(...) at += snprintf(numbers + at, sizeof numbers - (size_t)at, __VA_ARGS__)
    if (place->raw >= 0)
        MORE(",\"raw\":%lld,\"crc\":%lu,\"device\":%lld,\"inode\":%lld", (long long)place->raw,
             (unsigned long)place->crc, (long long)place->device, (long long)place->inode);
    if (place->raw >= 0 && place->base != place->byte)
        MORE(",\"base\":%lld", (long long)place->base);
    if (place->raw >= 0 && place->changed)
        MORE(",\"changed\":%lld", (long long)place->changed);
    if (place->state)
        MORE(",\"state\":%lu", (unsigned long)place->state);
    if (place->ending)
        MORE(",\"ending\":%d", place->ending);
    if (place->ended)
        MORE(",\"ended\":1");
    if (place->gone)
        MORE(",\"gone\":%d", place->gone);
#undef MORE
    write_name(text, name);
    sl_builder_add(text, numbers, (size_t)at);
}

/* Takes an entry's text out of that of all. */
static void cut(sl_source_places *places, entry *from)
{
    sl_builder *text = &places->text;
    size_t behind = from->at + from->size;
    if (from->size == 0)
        return;
    memmove(text->data + from->at, text->data + behind, text->size - behind + 1);
    text->size -= from->size;
    for (uint32_t i = 0; i < places->count; i++)
        if (places->entries[i].at > from->at)
            places->entries[i].at -= from->size;
    from->size = 0;
}

static void drop(sl_source_places *places, entry *at)
{
    if (!at || !at->known)
        return;
    cut(places, at);
    at->known = 0;
    places->removed++;
}

/* One more of a name is coming: its oldest makes way when there are many. */
static void drop_oldest(sl_source_places *places, const char *name)
{
    uint32_t slot = 0, count = 0;
    entry *oldest = NULL, *at;
    while ((at = of_name(places, name, &slot)) != NULL) {
        count += (uint32_t)at->known;
        if (at->known && (!oldest || at->at < oldest->at))
            oldest = at;
    }
    if (count >= SL_SOURCE_OF_NAME)
        drop(places, oldest);
}

sl_status sl_source_places_put(sl_source_places *places, const char *name,
                               const sl_source_place *place)
{
    const sl_source_place own = *place; /* it may be one of ours, and move */
    entry *at = find(places, name, own.device, own.inode);
    if (!at || !at->known)
        drop_oldest(places, name);
    if (at)
        places->removed -= !at->known;
    else if (add(places, name, own.device, own.inode, &at) != SL_OK)
        return SL_ERROR;
    cut(places, at);
    at->of.place = own;
    at->known = 1;
    at->at = places->text.size;
    write_place(&places->text, name, &own);
    sl_builder_word(&places->text, "},");
    at->size = places->text.size - at->at;
    return places->text.failed ? sl_no_memory(places->stage) : SL_OK;
}

void sl_source_places_remove(sl_source_places *places, const char *name, uint64_t device,
                             uint64_t inode)
{
    drop(places, find(places, name, device, inode));
}

sl_status sl_source_places_write(sl_source_places *places, const char *name,
                                 const sl_source_place *place, sl_text *position)
{
    sl_stage *stage = places->stage;
    sl_builder_clear(&places->one);
    write_place(&places->one, name, place);
    drop(places, find(places, name, place->device, place->inode)); /* never twice */
    tidy(places);
    size_t size = places->text.size;
    if (places->one.failed)
        return sl_no_memory(stage);
    if (size == 0)
        return stage->host->set_text(stage, position, "%s}", places->one.data);
    return stage->host->set_text(stage, position, "%s,\"done\":[%.*s]}", places->one.data,
                                 (int)(size - 1), places->text.data);
}

/* ---- Reading ----------------------------------------------------------------------------- */

static int read_integer(const sl_json_value *value, int64_t *integer)
{
    char digits[24];
    char *end;
    if (value->kind != SL_JSON_NUMBER || !value->whole || value->size >= sizeof digits)
        return 0;
    memcpy(digits, value->text, value->size);
    digits[value->size] = '\0';
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    *integer = number;
    return errno == 0 && *end == '\0';
}

/* The name of a place, terminated; name has room for it. */
static int read_file(const sl_json_value *value, int32_t hex, char *name)
{
    if (value->kind != SL_JSON_STRING)
        return 0;
    size_t size = sl_json_decode(value, name);
    for (size_t i = 0; hex && i + 1 < size; i += 2) {
        unsigned byte;
        char two[3] = {name[i], name[i + 1], '\0'};
        if (sscanf(two, "%2x", &byte) != 1)
            return 0;
        name[i / 2] = (char)byte;
    }
    size = hex ? size / 2 : size;
    name[size] = '\0';
    return size > 0 && memchr(name, '\0', size) == NULL;
}

typedef struct reading {
    char *name; /* room for the longest */
    sl_source_place place;
    int32_t seen;       /* bits: the name, byte, row, line */
    sl_json_value done; /* of the position itself */
    int64_t crc, base, state, device, inode, ending, ended, gone;
} reading;

/* One member of a place. 0: it is not what it must be. */
static int read_member(reading *now, const sl_json_value *name, const sl_json_value *value)
{
    sl_source_place *place = &now->place;
    const struct {
        const char *name;
        int64_t *to;
        int32_t bit;
    } numbers[] = {
        {"byte", &place->byte, 2},       {"row", &place->row, 4},     {"line", &place->line, 8},
        {"raw", &place->raw, 0},         {"base", &now->base, 0},     {"crc", &now->crc, 0},
        {"state", &now->state, 0},       {"device", &now->device, 0}, {"inode", &now->inode, 0},
        {"ending", &now->ending, 0},     {"ended", &now->ended, 0},   {"gone", &now->gone, 0},
        {"changed", &place->changed, 0},
    };
    if (sl_json_same(name, "done")) {
        now->done = *value;
        return value->kind == SL_JSON_ARRAY;
    }
    int32_t hex = sl_json_same(name, "file_hex");
    if (hex || sl_json_same(name, "file")) {
        now->seen |= 1;
        return read_file(value, hex, now->name);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sl_json_same(name, numbers[i].name)) {
            now->seen |= numbers[i].bit;
            return read_integer(value, numbers[i].to) &&
                   (*numbers[i].to >= 0 || numbers[i].bit == 0);
        }
    return 1; /* of a later version */
}

/* One place, added to *places. 0: it is none; -1: failed, said. */
static int read_place(sl_source_places *places, const sl_json_value *object, reading *now)
{
    sl_json json;
    sl_json_value name, value;
    char *room = now->name;
    *now = (reading){.name = room, .place.raw = -1, .base = INT64_MIN};
    sl_json_open(&json, object->text, object->size);
    if (!sl_json_enter(&json, SL_JSON_OBJECT))
        return 0;
    while (sl_json_member(&json, &name, &value))
        if (!read_member(now, &name, &value))
            return 0;
    if (!sl_json_end(&json))
        return 0;
    if (now->seen == 0 && now->done.text == NULL)
        return 1; /* told before the first row */
    if (now->seen != 15)
        return 0;
    sl_source_place *place = &now->place;
    place->base = now->base == INT64_MIN ? place->byte : now->base;
    place->crc = (uint32_t)now->crc;
    place->state = (uint32_t)now->state;
    place->device = (uint64_t)now->device;
    place->inode = (uint64_t)now->inode;
    place->ending = (int32_t)now->ending;
    place->ended = (int32_t)now->ended;
    place->gone = (int32_t)now->gone;
    return sl_source_places_put(places, now->name, place) == SL_OK ? 1 : -1;
}

sl_status sl_source_places_read(sl_source_places *places, const char *position)
{
    sl_stage *stage = places->stage;
    size_t size = strlen(position);
    sl_json_value whole = {.text = position, .size = size}, element;
    reading now = {.name = stage->host->allocate(stage, NULL, size + 1)};
    if (!now.name)
        return sl_no_memory(stage);
    int answer = read_place(places, &whole, &now);
    sl_json_value done = now.done;
    if (answer == 1 && done.text) {
        sl_json json;
        sl_json_open(&json, done.text, done.size);
        answer = sl_json_enter(&json, SL_JSON_ARRAY);
        while (answer == 1 && sl_json_element(&json, &element))
            answer = read_place(places, &element, &now);
        if (answer == 1) /* the open file's is the newest */
            answer = read_place(places, &whole, &now);
    }
    stage->host->allocate(stage, now.name, 0);
    if (answer == 0)
        return sl_fail(stage, "this is no position of a reader of files: %.200s", position);
    return answer == 1 ? SL_OK : SL_ERROR;
}

/* ---- Whether it is the same file ------------------------------------------------------------ */

int32_t sl_source_check(sl_stage *stage, int32_t fd, int64_t raw, uint32_t *crc)
{
    char bytes[SL_SOURCE_CHECKED];
    const sl_env *env = stage->env;
    size_t size = raw < SL_SOURCE_CHECKED ? (size_t)raw : SL_SOURCE_CHECKED, filled = 0;
    while (filled < size) {
        int64_t got = env->pread(env->context, fd, bytes + filled, size - filled,
                                 raw - (int64_t)(size - filled));
        if (got < 0)
            return (int32_t)got;
        if (got == 0)
            return 1;
        filled += (size_t)got;
    }
    *crc = crc32_gzip_refl(0, (const unsigned char *)bytes, size);
    return 0;
}

int32_t sl_source_same(sl_stage *stage, int32_t fd, int64_t bytes, const sl_source_place *place)
{
    uint32_t crc;
    if (place->raw < 0 || bytes < place->raw)
        return 0;
    int32_t answer = sl_source_check(stage, fd, place->raw, &crc);
    return answer < 0 ? answer : answer == 0 && crc == place->crc;
}

int32_t sl_source_renamed(sl_stage *stage, int32_t fd, const sl_file_info *info,
                          const sl_source_place *place)
{
    if (info->device != place->device || info->inode != place->inode ||
        (info->bytes == place->raw && place->changed && info->changed != place->changed))
        return 0;
    return sl_source_same(stage, fd, info->bytes, place);
}

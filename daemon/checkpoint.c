/*
 * checkpoint.c - see checkpoint.h.
 */
#include "daemon/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "config/fingerprint.h"
#include "stages/json.h"

/* ---- Reading -------------------------------------------------------------------------------- */

static const char *copy_value(sl_arena *arena, const sl_json_value *value)
{
    return sl_arena_copy(arena, value->text, value->size);
}

static const char *copy_string(sl_arena *arena, const sl_json_value *value)
{
    char *text = sl_arena_copy(arena, value->text, value->size);
    if (text)
        text[sl_json_decode(value, text)] = '\0';
    return text;
}

static int read_integer(const sl_json_value *value, int64_t *integer)
{
    long long number;
    char text[32];
    if (value->kind != SL_JSON_NUMBER || !value->whole || value->size >= sizeof text)
        return -1;
    memcpy(text, value->text, value->size);
    text[value->size] = '\0';
    if (sscanf(text, "%lld", &number) != 1)
        return -1;
    *integer = number;
    return 0;
}

/* "name": value ... of one object, each handed to `take`. 0, -1. */
static int each_member(const sl_json_value *object, void *to,
                       int (*take)(void *to, const sl_json_value *name, const sl_json_value *value))
{
    sl_json json;
    sl_json_value name, value;
    sl_json_open(&json, object->text, object->size);
    if (!sl_json_enter(&json, SL_JSON_OBJECT))
        return -1;
    while (sl_json_member(&json, &name, &value))
        if (take(to, &name, &value) < 0)
            return -1;
    return json.error ? -1 : 0;
}

typedef struct stage_reading {
    sl_arena *arena;
    sl_kept_stage *stage;
} stage_reading;

static int take_stage_member(void *of, const sl_json_value *name, const sl_json_value *value)
{
    stage_reading *to = of;
    sl_kept_stage *stage = to->stage;
    const char **text = NULL;
    if (sl_json_same(name, "count"))
        return read_integer(value, &stage->count);
    if (sl_json_same(name, "rejected"))
        return read_integer(value, &stage->rejected);
    if (sl_json_same(name, "stage"))
        text = &stage->name;
    else if (sl_json_same(name, "type"))
        text = &stage->type;
    else if (sl_json_same(name, "source"))
        text = &stage->source;
    if (text) {
        *text = value->kind == SL_JSON_STRING ? copy_string(to->arena, value) : NULL;
        return *text ? 0 : -1;
    }
    if (sl_json_same(name, "types"))
        text = &stage->types;
    if (sl_json_same(name, "at") || sl_json_same(name, "state"))
        text = &stage->json;
    if (sl_json_same(name, "at"))
        stage->reader = 1;
    if (text)
        *text = copy_value(to->arena, value);
    return text && !*text ? -1 : 0;
}

typedef struct pairs_reading {
    sl_arena *arena;
    sl_kept_pair **pairs;
    uint32_t *count;
} pairs_reading;

static int take_pair(void *of, const sl_json_value *name, const sl_json_value *value)
{
    pairs_reading *to = of;
    sl_kept_pair *pairs = sl_arena_take(to->arena, (*to->count + 1) * sizeof *pairs);
    if (!pairs)
        return -1;
    if (*to->count > 0)
        memcpy(pairs, *to->pairs, *to->count * sizeof *pairs);
    sl_kept_pair *pair = &pairs[*to->count];
    pair->name = copy_string(to->arena, name);
    if (value->kind == SL_JSON_STRING)
        pair->text = copy_string(to->arena, value);
    else if (read_integer(value, &pair->number) < 0)
        return -1;
    *to->pairs = pairs;
    ++*to->count;
    return pair->name ? 0 : -1;
}

typedef struct kept_reading {
    sl_arena *arena;
    sl_kept *kept;
    int64_t version;
} kept_reading;

static int take_stages(kept_reading *to, const sl_json_value *list)
{
    sl_json json;
    sl_json_value item;
    sl_kept *kept = to->kept;
    sl_json_open(&json, list->text, list->size);
    if (!sl_json_enter(&json, SL_JSON_ARRAY))
        return -1;
    while (sl_json_element(&json, &item)) {
        sl_kept_stage *stages = sl_arena_take(to->arena, (kept->stages_count + 1) * sizeof *stages);
        if (!stages)
            return -1;
        if (kept->stages_count > 0)
            memcpy(stages, kept->stages, kept->stages_count * sizeof *stages);
        kept->stages = stages;
        stages[kept->stages_count] = (sl_kept_stage){.json = "", .source = "", .types = ""};
        stage_reading reading = {.arena = to->arena, .stage = &stages[kept->stages_count]};
        if (each_member(&item, &reading, take_stage_member) < 0 || !reading.stage->name ||
            !reading.stage->type)
            return -1;
        kept->stages_count++;
    }
    return json.error ? -1 : 0;
}

static int take_kept(void *of, const sl_json_value *name, const sl_json_value *value)
{
    kept_reading *to = of;
    sl_kept *kept = to->kept;
    pairs_reading pairs = {.arena = to->arena};
    if (sl_json_same(name, "version"))
        return read_integer(value, &to->version);
    if (sl_json_same(name, "rows"))
        return read_integer(value, &kept->rows);
    if (sl_json_same(name, "changed"))
        return read_integer(value, &kept->changed);
    if (sl_json_same(name, "origin"))
        return (kept->origin = copy_string(to->arena, value)) ? 0 : -1;
    if (sl_json_same(name, "stages"))
        return take_stages(to, value);
    if (sl_json_same(name, "out"))
        return (kept->out = copy_value(to->arena, value)) ? 0 : -1;
    if (sl_json_same(name, "path")) {
        pairs.pairs = &kept->path;
        pairs.count = &kept->path_count;
    } else if (sl_json_same(name, "taken")) {
        pairs.pairs = &kept->taken;
        pairs.count = &kept->taken_count;
    } else if (sl_json_same(name, "before")) {
        pairs.pairs = &kept->before;
        pairs.count = &kept->before_count;
    }
    return pairs.pairs ? each_member(value, &pairs, take_pair) : 0;
}

int sl_checkpoint_parse(sl_arena *arena, const char *text, sl_kept *kept, const char **why)
{
    kept_reading to = {.arena = arena, .kept = kept};
    sl_json_value all = {.text = text, .size = strlen(text)};
    *kept = (sl_kept){0};
    *why = "it is no checkpoint of sluice";
    if (!sl_json_valid(text, strlen(text)) || each_member(&all, &to, take_kept) < 0)
        return -1;
    *why = "it was written by a newer version of sluice";
    return to.version <= SL_CHECKPOINT_VERSION ? 0 : -1;
}

const sl_kept_stage *sl_kept_stage_of(const sl_kept *kept, const char *name)
{
    for (uint32_t i = 0; kept && i < kept->stages_count; i++)
        if (strcmp(kept->stages[i].name, name) == 0)
            return &kept->stages[i];
    return NULL;
}

const sl_kept_pair *sl_kept_pair_of(const sl_kept_pair *pairs, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return &pairs[i];
    return NULL;
}

sl_status sl_kept_type(const sl_kept_stage *stage, const char *column, sl_type *type)
{
    char name[32];
    sl_json_value found;
    if (!*stage->types || sl_json_get(stage->types, column, &found) != 1 ||
        sl_json_get_text(stage->types, column, name, sizeof name) != 1)
        return SL_END;
    int32_t number = sl_type_named(name);
    if (number < 0)
        return SL_END;
    *type = (sl_type)number;
    return SL_OK;
}

/* ---- Writing -------------------------------------------------------------------------------- */

void sl_fingerprint_text(uint64_t fingerprint, char text[17])
{
    snprintf(text, 17, "%016llx", (unsigned long long)fingerprint);
}

static void add_name(sl_builder *text, const char *name)
{
    if (text->size > 0 && strchr("{[,", text->data[text->size - 1]) == NULL)
        sl_builder_word(text, ",");
    sl_builder_json(text, name, strlen(name));
    sl_builder_word(text, ":");
}

void sl_checkpoint_begin(sl_builder *text, const char *origin, int64_t rows)
{
    sl_builder_clear(text);
    sl_builder_format(text, "\"origin\":\"%s\",\"rows\":%lld,\"stages\":[", origin,
                      (long long)rows);
}

static void add_types(sl_builder *text, const sl_column *columns, uint32_t count)
{
    sl_checkpoint_open(text, "types");
    for (uint32_t i = 0; i < count; i++) {
        add_name(text, columns[i].name);
        sl_builder_format(text, "\"%s\"", sl_type_name(columns[i].type));
    }
    sl_checkpoint_close(text);
}

void sl_checkpoint_stage(sl_builder *text, const sl_plan_stage *stage,
                         const struct sl_stamp_part *part, const sl_column *columns,
                         uint32_t columns_count)
{
    char print[17];
    if (text->size > 0 && text->data[text->size - 1] != '[')
        sl_builder_word(text, ",");
    sl_builder_word(text, "{\"stage\":");
    sl_builder_json(text, stage->name, strlen(stage->name));
    sl_builder_format(text, ",\"type\":\"%s\",\"count\":%lld,\"rejected\":%lld", stage->type->name,
                      (long long)part->count, (long long)part->rejected);
    if (part->reader) {
        sl_fingerprint_text(sl_fingerprint_source(stage), print);
        sl_builder_format(text, ",\"at\":%s,\"source\":\"%s\"", *part->json ? part->json : "{}",
                          print);
        if (columns)
            add_types(text, columns, columns_count);
    } else if (*part->json) {
        sl_builder_format(text, ",\"state\":%s", part->json);
    }
    sl_builder_word(text, "}");
}

void sl_checkpoint_stages_end(sl_builder *text)
{
    sl_builder_word(text, "]");
}

void sl_checkpoint_open(sl_builder *text, const char *name)
{
    add_name(text, name);
    sl_builder_word(text, "{");
}

void sl_checkpoint_number(sl_builder *text, const char *name, int64_t number)
{
    add_name(text, name);
    sl_builder_format(text, "%lld", (long long)number);
}

void sl_checkpoint_text(sl_builder *text, const char *name, const char *value)
{
    add_name(text, name);
    sl_builder_format(text, "\"%s\"", value);
}

void sl_checkpoint_close(sl_builder *text)
{
    sl_builder_word(text, "}");
}

static void add_stage_again(sl_builder *text, const sl_kept_stage *stage)
{
    if (text->size > 0 && text->data[text->size - 1] != '[')
        sl_builder_word(text, ",");
    sl_builder_word(text, "{\"stage\":");
    sl_builder_json(text, stage->name, strlen(stage->name));
    sl_builder_format(text, ",\"type\":\"%s\",\"count\":%lld,\"rejected\":%lld", stage->type,
                      (long long)stage->count, (long long)stage->rejected);
    if (stage->reader) {
        sl_builder_format(text, ",\"at\":%s,\"source\":\"%s\"", stage->json, stage->source);
        if (*stage->types)
            sl_builder_format(text, ",\"types\":%s", stage->types);
    } else if (*stage->json) {
        sl_builder_format(text, ",\"state\":%s", stage->json);
    }
    sl_builder_word(text, "}");
}

static void add_pairs_again(sl_builder *text, const char *name, const sl_kept_pair *pairs,
                            uint32_t count)
{
    if (!pairs)
        return;
    sl_checkpoint_open(text, name);
    for (uint32_t i = 0; i < count; i++)
        if (pairs[i].text)
            sl_checkpoint_text(text, pairs[i].name, pairs[i].text);
        else
            sl_checkpoint_number(text, pairs[i].name, pairs[i].number);
    sl_checkpoint_close(text);
}

void sl_checkpoint_again(sl_builder *text, const sl_kept *kept, const char *origin)
{
    sl_checkpoint_begin(text, origin, kept->rows);
    for (uint32_t i = 0; i < kept->stages_count; i++)
        add_stage_again(text, &kept->stages[i]);
    sl_checkpoint_stages_end(text);
    add_pairs_again(text, "path", kept->path, kept->path_count);
    add_pairs_again(text, "taken", kept->taken, kept->taken_count);
    add_pairs_again(text, "before", kept->before, kept->before_count);
}

void sl_checkpoint_whole(sl_builder *text, const sl_builder *body, int64_t changed, const char *out,
                         int32_t clean)
{
    sl_builder_clear(text);
    sl_builder_format(text, "{\"version\":%d,\"changed\":%lld,", SL_CHECKPOINT_VERSION,
                      (long long)changed);
    sl_builder_add(text, body->data, body->size);
    if (out) {
        add_name(text, "out");
        sl_builder_format(text, clean ? "{\"clean\":1,%s" : "{%s", out + 1);
    }
    sl_builder_word(text, "}");
    text->failed = text->failed || body->failed;
}

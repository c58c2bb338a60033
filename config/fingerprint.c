/*
 * fingerprint.c - see fingerprint.h. FNV-1a, 64 bits.
 */
#include "config/fingerprint.h"

#include <string.h>

#include "config/place.h"

#define PRIME 0x100000001b3u

uint64_t sl_fingerprint_mix(uint64_t hash, const char *text)
{
    for (; text != NULL && *text; text++) {
        hash = (hash ^ (unsigned char)*text) * PRIME;
    }
    return (hash ^ 0xffu) * PRIME; /* where it ends counts too */
}

static uint64_t mix_value(uint64_t hash, const sl_value *value)
{
    const sl_place_of *of = value->place;
    if (value->kind == SL_VALUE_SCALAR) {
        int written = of != NULL && of->node->kind == SL_YAML_SCALAR && of->node->text != NULL;
        return sl_fingerprint_mix(hash, written ? of->node->text : value->text);
    }
    for (uint32_t i = 0; i < value->count; i++) {
        const sl_value *item = sl_item(value, i);
        hash = mix_value(item->key != NULL ? sl_fingerprint_mix(hash, item->key) : hash, item);
    }
    return sl_fingerprint_mix(hash, "");
}

static uint64_t mix_options(const sl_plan_stage *stage, uint32_t flags)
{
    uint64_t hash = sl_fingerprint_mix(sl_fingerprint_mix(SL_FINGERPRINT_BASIS, stage->type->name),
                                       sl_role_name(stage->type->role));
    sl_option room;
    const sl_option *option;
    for (uint32_t i = 0; (option = sl_option_at(stage->type, i, &room)) != NULL; i++) {
        const sl_value *value = sl_value_get(stage->options, option->name);
        if (value != NULL && option->type != SL_OPTION_SECRET && (option->flags & flags) == flags) {
            hash = mix_value(sl_fingerprint_mix(hash, option->name), value);
        }
    }
    return hash;
}

uint64_t sl_fingerprint_stage(const sl_plan_stage *stage)
{
    return mix_options(stage, 0);
}

uint64_t sl_fingerprint_source(const sl_plan_stage *stage)
{
    sl_option room;
    const sl_option *option;
    for (uint32_t i = 0; (option = sl_option_at(stage->type, i, &room)) != NULL; i++) {
        if (option->flags & SL_OPTION_SOURCE) {
            return mix_options(stage, SL_OPTION_SOURCE);
        }
    }
    return mix_options(stage, 0);
}

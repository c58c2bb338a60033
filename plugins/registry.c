/*
 * registry.c - from the name of a stage to its type.
 *
 * What a type must have is checked here once, for the built-in ones too, so that nobody who
 * holds a type has to ask again. Types are kept in order of role, then name.
 *
 * Deliberately elsewhere: shared objects (loader.c), what options mean (stages/core/option.c).
 */
#include "plugins/registry.h"

#include <string.h>

#include "stages/builtin.h"
#include "stages/core/env.h"
#include "stages/core/option.h"
#include "stages/core/value.h"

#define TYPES_LIMIT 1000u
#define NAME_LIMIT 64u

typedef struct entry {
    sl_stage_type *type; /* this host's own copy */
    const char *from;
} entry;

struct sl_registry {
    const sl_env *env;
    sl_arena *arena;
    entry *entries;
    uint32_t count;
    uint32_t room;
};

static sl_status refuse(sl_errors *errors, const char *from, const char *name, const char *why)
{
    return sl_errors_add(errors, &(sl_error){.level = SL_LOG_ERROR, .code = SL_CODE_CONFIG},
                         "%s: the stage type '%.80s' is refused: %s", from,
                         name == NULL ? "" : name, why);
}

/* ---- What a type must have ------------------------------------------------------------------- */

/* "csv", "http_json": what can stand in YAML without quotes, in a file's name and in a metric. */
static int is_name(const char *name)
{
    size_t size = name == NULL ? 0 : strlen(name);
    return size > 0 && size <= NAME_LIMIT && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

static const char *check_functions(const sl_stage_type *type)
{
    int reads = type->next != NULL;
    int looks = type->each != NULL;
    int writes = type->write != NULL;
    if (reads + looks + writes != 1) {
        return reads + looks + writes == 0 ? "it has none of next, each and write"
                                           : "it has more than one of next, each and write";
    }
    if (type->role == SL_READER && !reads) {
        return "a reader must have next";
    }
    if (type->role == SL_EXPORTER && !writes && !reads) {
        return "an exporter must have write";
    }
    if (type->role != SL_EXPORTER && writes) {
        return "only an exporter may have write";
    }
    if (writes && type->commit == NULL) {
        return "an exporter must have commit";
    }
    if ((type->tell == NULL) != (type->seek == NULL)) {
        return "it has only one of tell and seek";
    }
    if ((type->save == NULL) != (type->restore == NULL)) {
        return "it has only one of save and restore";
    }
    if (type->open != NULL && type->close == NULL) {
        return "it has open, but no close";
    }
    return NULL;
}

static const char *check_inputs(const sl_stage_type *type)
{
    if (type->role == SL_READER) {
        return type->inputs_max > 0 ? "a reader has no inputs" : NULL;
    }
    if (type->inputs_max < type->inputs_min || type->inputs_min == 0) {
        return "inputs_min must be at least 1, and inputs_max not less";
    }
    return type->each != NULL && type->inputs_max > 1 ? "with each it has just one input" : NULL;
}

static int is_reserved(const char *name)
{
    static const char *const words[] = {"reader",   "validator", "filter", "transformer",
                                        "exporter", "name",      "from",   "on_reject",
                                        "queue",    "use",       "with"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(name, words[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *check_options(const sl_stage_type *type)
{
    const sl_option *option;
    sl_option room;
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++) {
        if (!is_name(option->name) || is_reserved(option->name)) {
            return "one of its options has no name, or the name of a key of the language";
        }
        if (option->type > SL_OPTION_SQL_MAP) {
            return "one of its options has a type that this version does not know";
        }
        if (option->offset >= type->self_size) {
            return "one of its options lies outside its own struct";
        }
        if (option->help == NULL) {
            return "one of its options has no help";
        }
        if (option->type == SL_OPTION_CHOICE && option->choices == NULL) {
            return "one of its options is a choice without choices";
        }
    }
    return NULL;
}

static const char *check(const sl_stage_type *type)
{
    if (!is_name(type->name)) {
        return "a name is made of a-z, 0-9 and '_', and begins with a letter";
    }
    if (type->role > SL_EXPORTER) {
        return "its role is not known";
    }
    if (type->version == NULL || type->summary == NULL) {
        return "its version or its summary is missing";
    }
    if (type->options != NULL && type->option_size < offsetof(sl_option, help)) {
        return "its option_size is too small";
    }
    if (type->messages != NULL && type->message_size < sizeof(sl_message_type)) {
        return "its message_size is too small";
    }
    const char *why = check_inputs(type);
    why = why == NULL ? check_functions(type) : why;
    return why == NULL ? check_options(type) : why;
}

/* ---- Adding ---------------------------------------------------------------------------------- */

/* The struct as this host knows it: what an older one does not have is zero. */
static sl_stage_type *copy_type(sl_registry *registry, const sl_stage_type *type)
{
    sl_stage_type *copy = sl_arena_take(registry->arena, sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, type, type->size < sizeof *copy ? type->size : sizeof *copy);
        copy->size = sizeof *copy;
    }
    return copy;
}

static int is_before(const sl_stage_type *a, const sl_stage_type *b)
{
    return a->role != b->role ? a->role < b->role : strcmp(a->name, b->name) < 0;
}

static sl_status make_room(sl_registry *registry)
{
    if (registry->count < registry->room) {
        return SL_OK;
    }
    uint32_t room = registry->room == 0 ? 32 : registry->room * 2;
    entry *entries = sl_arena_take(registry->arena, room * sizeof *entries);
    if (entries == NULL) {
        return SL_ERROR;
    }
    if (registry->count > 0) {
        memcpy(entries, registry->entries, registry->count * sizeof *entries);
    }
    registry->entries = entries;
    registry->room = room;
    return SL_OK;
}

static void insert(sl_registry *registry, sl_stage_type *type, const char *from)
{
    uint32_t at = registry->count++;
    while (at > 0 && is_before(type, registry->entries[at - 1].type)) {
        registry->entries[at] = registry->entries[at - 1];
        at--;
    }
    registry->entries[at] = (entry){.type = type, .from = from};
}

sl_status sl_registry_add(sl_registry *registry, const sl_stage_type *type, const char *from,
                          sl_errors *errors)
{
    if (type->size < offsetof(sl_stage_type, plan) || type->abi >> 16 != SL_ABI_MAJOR) {
        return refuse(errors, from, NULL, "it is not of this ABI, or its struct is too short");
    }
    sl_stage_type *copy = copy_type(registry, type);
    char *origin = sl_arena_copy(registry->arena, from, strlen(from));
    if (copy == NULL || origin == NULL || make_room(registry) != SL_OK) {
        return refuse(errors, from, type->name, "out of memory");
    }
    const char *why = check(copy);
    if (why == NULL && registry->count == TYPES_LIMIT) {
        why = "there are too many stage types";
    }
    if (why != NULL) {
        return refuse(errors, from, copy->name, why);
    }
    const sl_stage_type *taken = sl_registry_find(registry, copy->role, copy->name);
    if (taken != NULL) {
        return sl_errors_add(errors, &(sl_error){.level = SL_LOG_ERROR, .code = SL_CODE_CONFIG},
                             "%s: the %s '%s' is refused: the name is taken (%s)", from,
                             sl_role_name(copy->role), copy->name,
                             sl_registry_origin(registry, taken));
    }
    insert(registry, copy, origin);
    return SL_OK;
}

/* ---- Finding --------------------------------------------------------------------------------- */

const sl_stage_type *sl_registry_find(const sl_registry *registry, sl_role role, const char *name)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        const sl_stage_type *type = registry->entries[i].type;
        if (type->role == role && strcmp(type->name, name) == 0) {
            return type;
        }
    }
    return NULL;
}

const sl_stage_type *sl_registry_at(const sl_registry *registry, uint32_t index)
{
    return index < registry->count ? registry->entries[index].type : NULL;
}

const char *sl_registry_origin(const sl_registry *registry, const sl_stage_type *type)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        if (registry->entries[i].type == type) {
            return registry->entries[i].from;
        }
    }
    return "not registered";
}

/* ---- Life ------------------------------------------------------------------------------------ */

/* A built-in stage that is refused is a bug of this house; the message says which. */
static void add_builtin(sl_registry *registry)
{
    sl_errors errors = {.arena = registry->arena};
    for (uint32_t i = 0; sl_builtin[i] != NULL; i++) {
        (void)sl_registry_add(registry, sl_builtin[i], "built in", &errors);
    }
    sl_errors_print(&errors, stderr, 0, 0);
}

sl_registry *sl_registry_new(const sl_env *env)
{
    sl_arena *arena = sl_arena_new(env);
    sl_registry *registry = arena == NULL ? NULL : sl_arena_take(arena, sizeof *registry);
    if (registry == NULL) {
        sl_arena_free(arena);
        return NULL;
    }
    *registry = (sl_registry){.env = env, .arena = arena};
    add_builtin(registry);
    return registry;
}

void sl_registry_free(sl_registry *registry)
{
    if (registry != NULL) {
        sl_arena_free(registry->arena);
    }
}

/*
 * plan.c - from a YAML file to a checked graph: the keys at the top, and the order of the work.
 *
 * Every room adds its mistakes to one list and goes on; here they are sorted by place and handed
 * on.
 *
 * Deliberately elsewhere: YAML (yaml.c), `${...}` (params.c), stages (stages.c), edges (edges.c).
 */
#include "config/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/caret.h"
#include "config/edges.h"
#include "config/fingerprint.h"
#include "config/keys.h"
#include "config/params.h"
#include "config/place.h"
#include "config/stages.h"
#include "config/targets.h"
#include "config/timing.h"
#include "stages/core/value.h"

#define ROWS_DEFAULT 1000
#define ROWS_LIMIT 1000000
#define BYTES_DEFAULT (1024 * 1024)
#define BYTES_LEAST 4096
#define BYTES_LIMIT (1024 * 1024 * 1024)
#define MISTAKES_LIMIT 1000u
#define MESSAGE_ROOM 1024u

/* ---- What the rooms share ------------------------------------------------------------------- */

sl_status sl_reading_say(sl_reading *reading, const sl_mistake *mistake, const char *format, ...)
{
    char message[MESSAGE_ROOM];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = mistake->code == 0 ? SL_CODE_CONFIG : mistake->code,
                      .hint = mistake->hint,
                      .stage = mistake->stage,
                      .option = mistake->option};
    if (mistake->at != NULL) {
        int exact;
        size_t byte = sl_caret_source(reading->yaml, mistake->at, mistake->byte, &exact);
        size_t length = mistake->length != 0 ? (exact ? mistake->length : 0)
                        : mistake->byte == 0 ? sl_caret_extent(reading->yaml, mistake->at)
                                             : 0;
        sl_caret_place(reading->yaml, byte, length, &error);
        error.text = NULL; /* put in at the end */
    }
    return sl_errors_add(reading->errors, &error, "%s", message);
}

const char *sl_reading_hint(sl_reading *reading, const char *format, ...)
{
    char hint[MESSAGE_ROOM];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(hint, sizeof hint, format, args);
    va_end(args);
    return sl_arena_copy(reading->errors->arena, hint, strlen(hint));
}

const char *sl_reading_nearest(sl_reading *reading, const char *name, const char *const *names,
                               size_t count, const char *otherwise)
{
    const char *near = sl_value_nearest(name, names, count);
    return near == NULL ? otherwise : sl_reading_hint(reading, "did you mean '%s'?", near);
}

void *sl_reading_take(sl_reading *reading, size_t size)
{
    void *taken = sl_arena_take(reading->arena, size);
    reading->no_memory |= taken == NULL;
    return taken;
}

/* ---- The keys at the top ------------------------------------------------------------------------
 */

/* The text of a scalar with its params put in; NULL: said. */
static const char *read_text(sl_reading *reading, const sl_yaml_item *item)
{
    sl_value value;
    if (item->value->kind != SL_YAML_SCALAR) {
        (void)SL_SAY(reading, {.at = item->key}, "'%s' must be text", item->key->text);
        return NULL;
    }
    sl_mistake of = {.at = item->value};
    return sl_params_value(reading, item->value, item->key, SL_PUT_TEXT, &of, &value) == SL_OK
               ? value.text
               : NULL;
}

/* A whole number, or a size such as 1MiB, from `least` to `most`. */
static void read_number(sl_reading *reading, const sl_yaml_item *item, int size, int64_t least,
                        int64_t most, int64_t *number)
{
    const char *text = read_text(reading, item);
    sl_cell cell = {0};
    int64_t read = 0;
    if (text == NULL) {
        return;
    }
    int fits = size ? sl_value_size(text, &read) == 0
                    : sl_value_number(text, strlen(text), &cell) == SL_SPELLING_INTEGER;
    read = size ? read : cell.as.integer;
    if (!fits || read < least || read > most) {
        (void)SL_SAY(
            reading,
            {.at = item->value, .hint = size ? "a size such as 64KiB or 1MiB" : "a whole number"},
            "'%s' must be from %lld to %lld, not '%.80s'", item->key->text, (long long)least,
            (long long)most, text);
        return;
    }
    *number = read;
}

static void read_batch(sl_reading *reading, const sl_yaml_item *item)
{
    static const char *const names[] = {"rows", "bytes"};
    if (item->value->kind != SL_YAML_MAP) {
        (void)SL_SAY(reading,
                     {.at = item->value, .hint = "write `batch: {rows: 1000, bytes: 1MiB}`"},
                     "'batch' must be a map");
        return;
    }
    for (uint32_t i = 0; i < item->value->count; i++) {
        const sl_yaml_item *part = &item->value->items[i];
        if (strcmp(part->key->text, "rows") == 0) {
            read_number(reading, part, 0, 1, ROWS_LIMIT, &reading->plan->batch_rows);
        } else if (strcmp(part->key->text, "bytes") == 0) {
            read_number(reading, part, 1, BYTES_LEAST, BYTES_LIMIT, &reading->plan->batch_bytes);
        } else {
            (void)SL_SAY(reading,
                         {.at = part->key,
                          .hint = sl_reading_nearest(reading, part->key->text, names, 2,
                                                     "'batch' has rows and bytes")},
                         "unknown key '%.80s' in 'batch'", part->key->text);
        }
    }
}

static void say_unknown_key(sl_reading *reading, const sl_yaml_node *key)
{
    static const char *const later[] = {"queue", "use", "with"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (strcmp(key->text, later[i]) == 0) {
            (void)SL_SAY(reading, {.at = key}, "'%s' is not in this version", key->text);
            return;
        }
    }
    const char *names[32], *all = "the keys here are:";
    size_t count = 0;
    for (const sl_key *at = sl_keys_of_graph; at->name != NULL && all != NULL && count < 32; at++) {
        all = sl_reading_hint(reading, "%s%s %s", all, count > 0 ? "," : "", at->name);
        names[count++] = at->name;
    }
    (void)SL_SAY(reading,
                 {.at = key, .hint = sl_reading_nearest(reading, key->text, names, count, all)},
                 "unknown key '%.80s'", key->text);
}

static void read_graph_name(sl_reading *reading, const sl_yaml_item *item)
{
    const char *name = read_text(reading, item);
    if (name == NULL) {
        return;
    }
    if (name[0] == '\0' || strlen(name) > 128) {
        (void)SL_SAY(reading, {.at = item->key},
                     name[0] == '\0' ? "the name of the graph is empty"
                                     : "the name of the graph is too long");
        return;
    }
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            (void)SL_SAY(reading, {.at = item->value},
                         "the name of the graph has a control character in it");
            return;
        }
    }
    reading->plan->name = name;
}

static void read_guarantee(sl_reading *reading, const sl_yaml_item *item)
{
    const char *text = read_text(reading, item);
    if (text != NULL && strcmp(text, "exactly-once") != 0) {
        (void)SL_SAY(reading, {.at = item->value, .hint = "leave it out to take what there is"},
                     "'guarantee' can only be exactly-once, not '%.80s'", text);
    }
    reading->plan->exactly_once = 1;
}

static void read_key(sl_reading *reading, const sl_yaml_item *item)
{
    const char *word = item->key->text;
    if (strcmp(word, "graph") == 0) {
        read_graph_name(reading, item);
    } else if (strcmp(word, "description") == 0) {
        reading->plan->description = read_text(reading, item);
    } else if (strcmp(word, "batch") == 0) {
        read_batch(reading, item);
    } else if (strcmp(word, "guarantee") == 0) {
        read_guarantee(reading, item);
    } else if (strcmp(word, "max_rejects") == 0) {
        read_number(reading, item, 0, 0, INT64_MAX, &reading->plan->max_rejects);
    } else if (strcmp(word, "stages") != 0 && strcmp(word, "params") != 0 &&
               !sl_timing_is_key(word)) {
        say_unknown_key(reading, item->key);
    }
}

/* The file's name without directory and ending. */
static void name_after_file(sl_reading *reading)
{
    const char *slash = strrchr(reading->yaml->file, '/');
    const char *name = slash == NULL ? reading->yaml->file : slash + 1;
    const char *dot = strrchr(name, '.');
    size_t size = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    char *copied = sl_reading_take(reading, size + 1);
    if (copied != NULL) {
        memcpy(copied, name, size);
        reading->plan->name = copied;
    }
}

static void read_graph(sl_reading *reading, const sl_setting *settings, uint32_t count)
{
    const sl_yaml_node *root = reading->yaml->root;
    if (root->kind != SL_YAML_MAP) {
        (void)SL_SAY(reading, {.at = root, .hint = "begin with `stages:` and a list below it"},
                     "a graph must be a map");
        return;
    }
    name_after_file(reading);
    sl_params_read(reading, sl_yaml_get(root, "params"), settings, count);
    for (uint32_t i = 0; i < root->count; i++) {
        read_key(reading, &root->items[i]);
    }
    sl_timing_read(reading, root);
    const sl_yaml_node *stages = sl_yaml_get(root, "stages");
    if (stages == NULL) {
        (void)SL_SAY(reading,
                     {.at = root->count > 0 ? root->items[0].key : root,
                      .hint = "write `stages:` and a list of stages below it"},
                     "the graph has no 'stages'");
    } else {
        sl_stages_read(reading, stages);
        sl_edges_name(reading);
        sl_edges_connect(reading);
        sl_stages_fill(reading);
        sl_targets_check(reading);
    }
    sl_params_finish(reading);
}

/* ---- Mistakes, sorted -----------------------------------------------------------------------
 */

static int by_place(const void *a, const void *b)
{
    const sl_error *left = *(const sl_error *const *)a;
    const sl_error *right = *(const sl_error *const *)b;
    if (left->line != right->line) {
        return left->line < right->line ? -1 : 1;
    }
    if (left->column != right->column) {
        return left->column < right->column ? -1 : 1;
    }
    return (left > right) - (left < right); /* as they were found */
}

static void hand_on(const sl_reading *reading, const sl_error *error, sl_errors *errors)
{
    sl_error given = *error;
    if (given.line > 0 && reading->yaml != NULL) {
        given.text = reading->yaml->text;
    }
    if (given.file == NULL && reading->yaml != NULL) {
        given.file = reading->yaml->file;
    }
    (void)sl_errors_add(errors, &given, "%s", given.message);
}

static void report(const sl_reading *reading, sl_errors *errors)
{
    const sl_errors *found = reading->errors;
    const sl_error **sorted = sl_arena_take(errors->arena, (found->count + 1) * sizeof *sorted);
    if (reading->no_memory || sorted == NULL) {
        (void)sl_errors_add(errors, &(sl_error){.level = SL_LOG_ERROR, .code = SL_CODE_FAILED},
                            "out of memory");
        return;
    }
    for (uint32_t i = 0; i < found->count; i++) {
        sorted[i] = &found->list[i];
    }
    qsort(sorted, found->count, sizeof(const sl_error *), by_place);
    for (uint32_t i = 0; i < found->count; i++) {
        hand_on(reading, sorted[i], errors);
    }
}

/* ---- Reading -----------------------------------------------------------------------------------
 */

static sl_plan *make_plan(const sl_env *env)
{
    sl_arena *arena = sl_arena_new(env);
    sl_plan *plan = arena == NULL ? NULL : sl_arena_take(arena, sizeof *plan);
    if (plan == NULL) {
        sl_arena_free(arena);
        return NULL;
    }
    *plan = (sl_plan){.arena = arena,
                      .batch_rows = ROWS_DEFAULT,
                      .batch_bytes = BYTES_DEFAULT,
                      .max_rejects = -1};
    return plan;
}

/* sound: 1 gives what is without mistakes, where there are mistakes. */
static sl_plan *read_plan(const sl_env *env, const sl_registry *registry, const char *file,
                          const sl_setting *settings, uint32_t settings_count, sl_errors *errors,
                          int sound)
{
    sl_plan *plan = make_plan(env);
    sl_errors found = {.arena = errors->arena, .limit = MISTAKES_LIMIT};
    if (plan == NULL) {
        (void)sl_errors_add(errors, &(sl_error){.level = SL_LOG_ERROR, .code = SL_CODE_FAILED},
                            "out of memory");
        return NULL;
    }
    sl_reading reading = {
        .env = env, .registry = registry, .arena = plan->arena, .errors = &found, .plan = plan};
    if (sl_yaml_read(env, file, plan->arena, &found, &reading.yaml) == SL_OK) {
        plan->file = reading.yaml->file;
        plan->text = reading.yaml->text;
        plan->print = sl_fingerprint_mix(SL_FINGERPRINT_BASIS, plan->text);
        read_graph(&reading, settings, settings_count);
        /* A secret that stands in the file, for a secret option: lines of it are shown. */
        sl_secret_mask(reading.yaml->text, strlen(reading.yaml->text));
    }
    if (found.errors == 0 && !reading.no_memory && sl_edges_order(&reading) == SL_OK) {
        return plan;
    }
    report(&reading, errors);
    if (sound && !reading.no_memory && reading.drafts_count > 0 &&
        sl_edges_sound(&reading) == SL_OK) {
        return plan;
    }
    sl_plan_free(plan);
    return NULL;
}

sl_plan *sl_plan_read(const sl_env *env, const sl_registry *registry, const char *file,
                      const sl_setting *settings, uint32_t settings_count, sl_errors *errors)
{
    return read_plan(env, registry, file, settings, settings_count, errors, 0);
}

sl_plan *sl_plan_read_sound(const sl_env *env, const sl_registry *registry, const char *file,
                            const sl_setting *settings, uint32_t settings_count, sl_errors *errors)
{
    return read_plan(env, registry, file, settings, settings_count, errors, 1);
}

void sl_plan_free(sl_plan *plan)
{
    if (plan != NULL) {
        sl_secret_drop(plan->secrets);
        sl_arena_free(plan->arena);
    }
}

const sl_value *sl_plan_param(const sl_plan *plan, const char *name)
{
    return sl_value_get(plan->params, name);
}

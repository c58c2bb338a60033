/*
 * stages.c - one entry of `stages:` after the other.
 *
 * Deliberately elsewhere: what an option's text means (stages/core/option.c), names and edges
 * (edges.c).
 */
#include "config/stages.h"

#include <string.h>

#include "config/caret.h"
#include "config/params.h"
#include "config/place.h"
#include "stages/core/value.h"

#define ROLES 5u
#define TYPES_LIMIT 1024u

const char *const sl_stages_keys[] = {"reader",   "validator", "filter", "transformer",
                                      "exporter", "name",      "from",   "on_reject",
                                      "queue",    "use",       "with",   NULL};

/* ---- Roles and types ----------------------------------------------------------------------- */

static uint32_t role_named(const char *word)
{
    for (uint32_t role = 0; role < ROLES; role++) {
        if (strcmp(word, sl_role_name(role)) == 0) {
            return role;
        }
    }
    return SL_ROLE_UNKNOWN;
}

static int is_own_key(const char *word)
{
    for (uint32_t i = 0; sl_stages_keys[i] != NULL; i++) {
        if (strcmp(word, sl_stages_keys[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static void say_no_role(sl_reading *reading, const sl_yaml_node *node)
{
    const sl_yaml_node *near_key = NULL;
    const char *near = NULL;
    for (uint32_t i = 0; i < node->count && near == NULL; i++) {
        near = sl_value_nearest(node->items[i].key->text, sl_stages_keys, ROLES);
        near_key = node->items[i].key;
    }
    if (near != NULL) {
        (void)SL_SAY(reading,
                     {.at = near_key, .hint = sl_reading_hint(reading, "did you mean '%s'?", near)},
                     "unknown role '%.80s'", near_key->text);
        return;
    }
    (void)SL_SAY(reading,
                 {.at = node->count > 0 ? node->items[0].key : node,
                  .hint = "one key of a stage says what it is: reader, validator, filter, "
                          "transformer or exporter"},
                 "this stage has no role");
}

static void say_unknown_type(sl_reading *reading, const sl_draft *draft)
{
    const char *names[TYPES_LIMIT];
    size_t count = 0;
    const char *hint = NULL;
    const char *word = draft->type->text;
    const sl_stage_type *type;
    for (uint32_t i = 0; (type = sl_registry_at(reading->registry, i)) != NULL; i++) {
        if (type->role == draft->role && count < TYPES_LIMIT) {
            names[count++] = type->name;
        } else if (strcmp(type->name, word) == 0) {
            hint = sl_reading_hint(reading, "there is a %s '%s': write `%s: %s`",
                                   sl_role_name(type->role), word, sl_role_name(type->role), word);
        }
    }
    if (hint == NULL) {
        hint = sl_reading_hint(reading, "`sluice stages` lists them");
        hint = sl_reading_nearest(reading, word, names, count, hint);
    }
    (void)SL_SAY(reading, {.at = draft->type, .hint = hint}, "there is no %s '%.80s'",
                 sl_role_name(draft->role), word);
}

static void read_type(sl_reading *reading, sl_draft *draft)
{
    if (draft->type->kind != SL_YAML_SCALAR || sl_yaml_is_null(draft->type)) {
        (void)SL_SAY(reading,
                     {.at = draft->role_key, .hint = "write its name, as in `reader: csv`"},
                     "the type of this %s is missing", sl_role_name(draft->role));
        return;
    }
    draft->stage.type =
        sl_registry_find(reading->registry, (sl_role)draft->role, draft->type->text);
    if (draft->stage.type == NULL) {
        say_unknown_type(reading, draft);
    }
}

/* ---- The keys of a stage ------------------------------------------------------------------------
 */

static void read_key(sl_reading *reading, sl_draft *draft, const sl_yaml_item *item)
{
    const char *word = item->key->text;
    uint32_t role = role_named(word);
    if (role != SL_ROLE_UNKNOWN) {
        if (draft->role_key != NULL) {
            (void)SL_SAY(reading, {.at = item->key, .hint = "each stage begins with its own `- `"},
                         "this stage is a %s already", draft->role_key->text);
            return;
        }
        draft->role = role;
        draft->role_key = item->key;
        draft->type = item->value;
    } else if (strcmp(word, "name") == 0) {
        draft->name = item->value;
    } else if (strcmp(word, "from") == 0) {
        draft->from = item->value;
    } else if (strcmp(word, "on_reject") == 0) {
        draft->on_reject = item->value;
    } else if (strcmp(word, "queue") == 0 || strcmp(word, "use") == 0) {
        (void)SL_SAY(reading, {.at = item->key}, "'%s' is not in this version", word);
    } else if (strcmp(word, "with") == 0 && sl_yaml_get(draft->node, "use") == NULL) {
        (void)SL_SAY(reading, {.at = item->key}, "'with' is not in this version");
    }
}

static void read_stage(sl_reading *reading, const sl_yaml_node *node, sl_draft *draft)
{
    *draft = (sl_draft){.node = node, .role = SL_ROLE_UNKNOWN};
    if (node->kind != SL_YAML_MAP) {
        (void)SL_SAY(reading,
                     {.at = node, .hint = "write `- reader: csv` and its options below it"},
                     "a stage must be a map");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        read_key(reading, draft, &node->items[i]);
    }
    if (draft->role_key != NULL) {
        read_type(reading, draft);
    } else if (sl_yaml_get(node, "use") == NULL) {
        say_no_role(reading, node);
    }
    sl_error error = {.level = SL_LOG_ERROR};
    sl_caret_place(reading->yaml, draft->role_key == NULL ? node->start : draft->role_key->start, 0,
                   &error);
    draft->stage.line = error.line;
    draft->stage.column = error.column;
}

void sl_stages_read(sl_reading *reading, const sl_yaml_node *stages)
{
    if (stages->kind != SL_YAML_LIST || stages->count == 0) {
        (void)SL_SAY(reading, {.at = stages, .hint = "write a list: `- reader: csv` ..."},
                     stages->kind == SL_YAML_LIST || sl_yaml_is_null(stages)
                         ? "'stages' is empty"
                         : "'stages' must be a list");
        return;
    }
    if (stages->count > SL_STAGES_LIMIT) {
        (void)SL_SAY(reading, {.at = stages}, "a graph has at most %u stages", SL_STAGES_LIMIT);
        return;
    }
    reading->drafts = sl_reading_take(reading, stages->count * sizeof *reading->drafts);
    if (reading->drafts == NULL) {
        return;
    }
    reading->drafts_count = stages->count;
    for (uint32_t i = 0; i < stages->count; i++) {
        read_stage(reading, stages->items[i].value, &reading->drafts[i]);
    }
}

/* ---- Options ------------------------------------------------------------------------------------
 */

static const sl_option *find_option(const sl_stage_type *type, const char *name, sl_option *room)
{
    const sl_option *option;
    for (uint32_t i = 0; (option = sl_option_at(type, i, room)) != NULL; i++) {
        if (strcmp(option->name, name) == 0) {
            return option;
        }
    }
    return NULL;
}

/* Whether a scalar is one reference, and no default that may be a secret. */
static int is_reference(const sl_yaml_node *node)
{
    const char *close = strchr(node->text, '}');
    return close != NULL && close[1] == '\0' && strncmp(node->text, "${", 2) == 0 &&
           strstr(node->text, ":-") == NULL;
}

/* A secret that stands in the file is not to be seen in the lines that errors show. */
static void mask(sl_yaml *yaml, const sl_yaml_node *node)
{
    for (uint32_t i = 0; node->kind != SL_YAML_SCALAR && i < node->count; i++) {
        mask(yaml, node->items[i].value);
    }
    if (node->kind != SL_YAML_SCALAR || is_reference(node)) {
        return;
    }
    for (size_t byte = node->start; byte < node->end; byte++) {
        if (strchr("\r\n", yaml->text[byte]) == NULL) {
            yaml->text[byte] = '*';
        }
    }
}

static void say_unknown_option(sl_reading *reading, const sl_draft *draft, const sl_yaml_node *key,
                               const sl_yaml_node *value)
{
    const char *names[TYPES_LIMIT];
    size_t count = 0;
    sl_option room;
    const sl_option *option;
    for (uint32_t i = 0;
         (option = sl_option_at(draft->stage.type, i, &room)) != NULL && count < TYPES_LIMIT; i++) {
        names[count++] = option->name;
    }
    for (uint32_t i = ROLES; i < ROLES + 3 && count < TYPES_LIMIT; i++) { /* name from on_reject */
        names[count++] = sl_stages_keys[i];
    }
    const char *hint =
        sl_reading_hint(reading, "`sluice stages %s` lists the options", draft->stage.type->name);
    const char *near = sl_value_nearest(key->text, names, count);
    option = near == NULL ? NULL : find_option(draft->stage.type, near, &room);
    if (option != NULL && option->type == SL_OPTION_SECRET) {
        mask(reading->yaml, value);
    }
    (void)SL_SAY(reading,
                 {.at = key,
                  .stage = draft->stage.name,
                  .hint = sl_reading_nearest(reading, key->text, names, count, hint)},
                 "the %s '%s' has no option '%.80s'", sl_role_name(draft->role),
                 draft->stage.type->name, key->text);
}

/* However it was given, the value of a secret option is kept like a credential. */
static sl_status keep_secret(sl_reading *reading, sl_value *value)
{
    if (value->kind != SL_VALUE_SCALAR || sl_place_is_secret(value)) {
        return SL_OK;
    }
    char *text = sl_secret_take(&reading->plan->secrets, strlen(value->text));
    if (text == NULL) {
        reading->no_memory = 1;
        return SL_ERROR;
    }
    value->text = strcpy(text, value->text);
    sl_secret_know(reading->plan->secrets, text);
    return SL_OK;
}

static sl_status read_option(sl_reading *reading, const sl_draft *draft, const sl_yaml_item *item,
                             const sl_option *option, sl_value *value)
{
    sl_put put = SL_PUT_TEXT;
    if (option->type == SL_OPTION_SQL || option->type == SL_OPTION_SQL_MAP) {
        put = SL_PUT_SQL;
    } else if (option->type == SL_OPTION_SQL_LIST) {
        put = SL_PUT_SQL_LIST;
    } else if (option->type == SL_OPTION_SECRET) {
        put = SL_PUT_SECRET;
    } else if (option->flags & SL_OPTION_DATA) {
        put = SL_PUT_DATA;
    }
    sl_mistake of = {.stage = draft->stage.name, .option = option->name};
    sl_status status = sl_params_value(reading, item->value, item->key, put, &of, value);
    sl_trap trap = {0};
    if (put == SL_PUT_SECRET && status == SL_OK) {
        status = keep_secret(reading, value);
    }
    if ((put == SL_PUT_SQL || put == SL_PUT_SQL_LIST) &&
        sl_traps_sql(reading->yaml, item->value, &trap)) {
        sl_error error = {.level = SL_LOG_ERROR,
                          .code = SL_CODE_CONFIG,
                          .stage = of.stage,
                          .option = of.option,
                          .hint = trap.hint};
        sl_caret_place(reading->yaml, trap.byte, trap.length, &error);
        error.text = NULL;
        status = sl_errors_add(reading->errors, &error, "%s", trap.message);
    }
    return status;
}

/* Takes over what option.c found, but for the options that have their mistake already. */
static void take_over(sl_reading *reading, const sl_errors *found, const char *const *wrong,
                      uint32_t wrong_count)
{
    for (uint32_t i = 0; i < found->count; i++) {
        sl_error error = found->list[i];
        int said = 0;
        for (uint32_t w = 0; w < wrong_count; w++) {
            said |= error.option != NULL && strcmp(error.option, wrong[w]) == 0;
        }
        if (!said) {
            error.text = NULL;
            error.code = SL_CODE_CONFIG;
            (void)sl_errors_add(reading->errors, &error, "%s", error.message);
        }
    }
}

/* Rejects are added to what earlier runs left, where the exporter can and nobody says otherwise. */
static void append_rejects(sl_plan_stage *stage)
{
    static const char word[] = "append";
    sl_option room;
    const sl_option *mode = find_option(stage->type, "mode", &room);
    if (mode == NULL || mode->type != SL_OPTION_CHOICE || mode->choices == NULL ||
        sl_value_get(stage->options, "mode") != NULL) {
        return;
    }
    int32_t index = 0;
    for (const char *at = mode->choices;; at++, index++) {
        size_t size = strcspn(at, "|");
        if (size == strlen(word) && memcmp(at, word, size) == 0) {
            memcpy((char *)stage->self + mode->offset, &index, sizeof index);
            return;
        }
        at += size;
        if (*at == '\0') {
            return;
        }
    }
}

static void check_options(sl_reading *reading, sl_draft *draft, const char *const *wrong,
                          uint32_t wrong_count)
{
    sl_plan_stage *stage = &draft->stage;
    sl_errors found = {.arena = reading->errors->arena, .limit = SL_STAGES_LIMIT};
    stage->self = sl_reading_take(reading, stage->type->self_size + 1);
    if (stage->self == NULL) {
        return;
    }
    (void)sl_option_fill(stage->type, stage->name, stage->options, NULL, stage->self,
                         reading->arena, &found, sl_plan_locate);
    take_over(reading, &found, wrong, wrong_count);
    if (stage->rejects_only) {
        append_rejects(stage);
    }
}

static void fill(sl_reading *reading, sl_draft *draft)
{
    const sl_yaml_node *node = draft->node;
    sl_value *items = sl_reading_take(reading, (node->count + 1) * sizeof *items);
    const char **wrong = sl_reading_take(reading, (node->count + 1) * sizeof *wrong);
    sl_value *map = sl_reading_take(reading, sizeof *map);
    sl_place_of *place = sl_reading_take(reading, sizeof *place);
    if (items == NULL || wrong == NULL || map == NULL || place == NULL) {
        return;
    }
    *place = (sl_place_of){.yaml = reading->yaml, .node = node, .key = draft->role_key};
    *map = (sl_value){.size = sizeof *map, .kind = SL_VALUE_MAP, .items = items, .place = place};
    uint32_t wrong_count = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const sl_yaml_item *item = &node->items[i];
        sl_option room;
        if (is_own_key(item->key->text)) {
            continue;
        }
        const sl_option *option = find_option(draft->stage.type, item->key->text, &room);
        if (option == NULL) {
            say_unknown_option(reading, draft, item->key, item->value);
            continue;
        }
        if (option->type == SL_OPTION_SECRET) {
            mask(reading->yaml, item->value);
        }
        if (read_option(reading, draft, item, option, &items[map->count++]) != SL_OK) {
            wrong[wrong_count++] = item->key->text;
        }
    }
    draft->stage.options = map;
    check_options(reading, draft, wrong, wrong_count);
}

void sl_stages_fill(sl_reading *reading)
{
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        uint32_t before = reading->errors->errors;
        if (reading->drafts[i].stage.type != NULL) {
            fill(reading, &reading->drafts[i]);
        }
        reading->drafts[i].unsound = reading->errors->errors > before;
    }
}

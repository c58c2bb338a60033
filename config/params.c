/*
 * params.c - `${...}` in scalars, and the values that options are read from.
 *
 * References are replaced after YAML has been read, in scalars only, so that no value can
 * become YAML; and never in SQL, so that no value can become SQL.
 *
 * Deliberately elsewhere: which options are SQL (stages.c), binding :name (stages/sql.c).
 */
#include "config/params.h"

#include <stdlib.h>
#include <string.h>

#include "config/credential.h"
#include "config/place.h"
#include "stages/core/value.h"

#define HERE "here"
#define PARAMS_LIMIT 1000u
#define PUT_LIMIT ((size_t)4 * 1024 * 1024)
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"

enum { NOT_MADE, BEING_MADE, MADE, WRONG }; /* sl_param.state */

/* One `${...}`. */
typedef struct reference {
    size_t start; /* of the scalar's text */
    size_t count;
    const char *source; /* "env", "credential"; NULL: a param */
    const char *name;
    char otherwise;   /* '-', '?', or 0: none */
    const char *text; /* the default or the message */
} reference;

/* What a reference stands for. */
typedef struct meaning {
    const char *text; /* NULL: no value */
    uint32_t quoted;
    uint32_t secret; /* 1: a credential is in it */
} meaning;

static sl_status make_param(sl_reading *reading, sl_param *param);

/* ---- Reading a reference ------------------------------------------------------------------- */

static char *copy(sl_reading *reading, const char *text, size_t size)
{
    char *copied = sl_arena_copy(reading->arena, text, size);
    reading->no_memory |= copied == NULL;
    return copied;
}

static sl_status say_at(sl_reading *reading, const sl_mistake *of, const sl_yaml_node *node,
                        const reference *at, const char *hint, const char *message)
{
    sl_mistake mistake = *of;
    mistake.at = node;
    mistake.byte = at->start;
    mistake.length = at->count;
    mistake.hint = hint;
    return sl_reading_say(reading, &mistake, "%s", message);
}

/* Takes the inside of `${...}` apart. SL_ERROR: said. */
static sl_status parse(sl_reading *reading, const sl_yaml_node *node, const sl_mistake *of,
                       reference *at)
{
    const char *inside = node->text + at->start + 2;
    const char *end = strchr(inside, '}');
    at->count = end == NULL ? 2 : (size_t)(end - inside) + 3;
    if (end == NULL) {
        return say_at(reading, of, node, at, "write `$${` for the two characters themselves",
                      "this `${` is never closed");
    }
    char *text = copy(reading, inside, (size_t)(end - inside));
    if (text == NULL) {
        return SL_ERROR;
    }
    size_t word = strspn(text, NAME_LETTERS);
    if (text[word] == ':' && text[word + 1] != '-' && text[word + 1] != '?') {
        text[word] = '\0';
        at->source = text;
        text += word + 1;
        word = strcmp(at->source, "credential") == 0 ? strspn(text, NAME_LETTERS "-.")
                                                     : strspn(text, NAME_LETTERS);
    }
    at->name = text;
    if (text[word] == ':' && (text[word + 1] == '-' || text[word + 1] == '?')) {
        at->otherwise = text[word + 1];
        at->text = text + word + 2;
        text[word] = '\0';
    }
    int known = at->source == NULL || strcmp(at->source, "env") == 0 ||
                strcmp(at->source, "credential") == 0;
    if (word == 0 || strlen(text) != word || !known || strcmp(text, "..") == 0 ||
        strcmp(text, ".") == 0) {
        return say_at(reading, of, node, at,
                      "write ${name}, ${name:-default}, ${name:?message}, ${env:NAME} or "
                      "${credential:NAME}; `$${` for the two characters themselves",
                      "this is no reference to a param");
    }
    return SL_OK;
}

/* ---- What it stands for ------------------------------------------------------------------------
 */

static sl_status find_credential(sl_reading *reading, const sl_yaml_node *node,
                                 const sl_mistake *of, const reference *at, meaning *found)
{
    sl_credential read = sl_credential_read(reading->env, at->name, SL_YAML_SCALAR_LIMIT,
                                            &reading->plan->secrets, reading->arena);
    if (read.missing && at->otherwise != 0) {
        return SL_OK;
    }
    if (read.why != NULL) {
        const char *message = sl_arena_format(reading->arena, "cannot read the credential '%s': %s",
                                              at->name, read.why);
        return say_at(reading, of, node, at, read.hint,
                      message == NULL ? "out of memory" : message);
    }
    found->text = read.text;
    found->quoted = 1;
    found->secret = 1;
    return SL_OK;
}

static const char *directory_of(sl_reading *reading)
{
    const char *file = reading->yaml->file;
    const char *slash = strrchr(file, '/');
    if (slash == NULL) {
        return ".";
    }
    return copy(reading, file, slash == file ? 1 : (size_t)(slash - file));
}

static sl_param *find_declared(const sl_reading *reading, const char *name)
{
    for (uint32_t i = 0; i < reading->params_count; i++) {
        if (strcmp(reading->params[i].name, name) == 0) {
            return &reading->params[i];
        }
    }
    return NULL;
}

static const char *nearest_param(sl_reading *reading, const char *name, const char *otherwise)
{
    const char **names = sl_reading_take(reading, (reading->params_count + 1) * sizeof *names);
    if (names == NULL) {
        return otherwise;
    }
    for (uint32_t i = 0; i < reading->params_count; i++) {
        names[i] = reading->params[i].name;
    }
    return sl_reading_nearest(reading, name, names, reading->params_count, otherwise);
}

static sl_status find_param(sl_reading *reading, const sl_yaml_node *node, const sl_mistake *of,
                            const reference *at, meaning *found)
{
    sl_param *param = find_declared(reading, at->name);
    if (param == NULL && strcmp(at->name, HERE) == 0) {
        found->text = directory_of(reading);
        found->quoted = 1;
        return found->text == NULL ? SL_ERROR : SL_OK;
    }
    if (param == NULL) {
        const char *message =
            sl_arena_format(reading->arena, "there is no param '%.80s'", at->name);
        const char *hint =
            sl_reading_hint(reading, "declare it: `params: {%.80s: value}`", at->name);
        return say_at(reading, of, node, at, nearest_param(reading, at->name, hint),
                      message == NULL ? "out of memory" : message);
    }
    if (param->state == BEING_MADE) {
        return say_at(reading, of, node, at, NULL, "this param is made of itself");
    }
    if (make_param(reading, param) != SL_OK) {
        return SL_ERROR;
    }
    int has_value = param->value.kind == SL_VALUE_SCALAR;
    param->handled |= at->otherwise != 0;
    param->needed |= at->otherwise == 0;
    found->text = has_value ? param->value.text : NULL;
    found->quoted = param->value.quoted;
    found->secret = sl_place_is_secret(&param->value);
    return has_value || at->otherwise != 0 ? SL_OK : SL_ERROR; /* said by finish */
}

static sl_status resolve(sl_reading *reading, const sl_yaml_node *node, const sl_mistake *of,
                         const reference *at, meaning *found)
{
    sl_status status = SL_OK;
    if (at->source == NULL) {
        status = find_param(reading, node, of, at, found);
    } else if (strcmp(at->source, "env") == 0) {
        found->text = getenv(at->name);
        if (found->text != NULL &&
            sl_value_utf8(found->text, strlen(found->text)) != strlen(found->text)) {
            return say_at(reading, of, node, at, NULL, "this variable is not valid UTF-8");
        }
    } else {
        status = find_credential(reading, node, of, at, found);
    }
    if (status != SL_OK || (found->text != NULL && (found->text[0] != '\0' || !at->otherwise))) {
        return status;
    }
    if (at->otherwise == '-') {
        *found = (meaning){.text = at->text};
        return SL_OK;
    }
    const char *message = at->otherwise == '?' && at->text[0] != '\0'
                              ? sl_arena_format(reading->arena, "'%s': %s", at->name, at->text)
                          : at->source == NULL
                              ? sl_arena_format(reading->arena, "param '%s' has no value", at->name)
                              : sl_arena_format(reading->arena, "'%s' is not set", at->name);
    const char *hint = at->source == NULL ? sl_reading_hint(reading, "--set %s=...", at->name)
                                          : "set it, or write a default: ${env:NAME:-default}";
    return say_at(reading, of, node, at, hint, message == NULL ? "out of memory" : message);
}

/* ---- A scalar with references ------------------------------------------------------------------
 */

static size_t count_marks(const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(text, "${"); at != NULL; at = strstr(at + 2, "${")) {
        count++;
    }
    return count;
}

static void add_piece(sl_piece *pieces, uint32_t *count, const sl_piece *piece)
{
    if (piece->in_count == 0) {
        return;
    }
    pieces[*count] = *piece;
    if (*count > 0) {
        pieces[*count].out = pieces[*count - 1].out + pieces[*count - 1].out_count;
    }
    ++*count;
}

/* A credential may stand only where nobody shows the value. */
static sl_status refuse_shown(sl_reading *reading, const sl_yaml_node *node, sl_put put,
                              const sl_mistake *of, const reference *at, const meaning *found)
{
    if (!found->secret || put == SL_PUT_PARAM || put == SL_PUT_SECRET || put == SL_PUT_DATA) {
        return SL_OK;
    }
    return say_at(reading, of, node, at,
                  "an option of the type secret takes it, and `rows` of values; for SQL write it "
                  "under `params:`, as in "
                  "`params: {key: '${credential:NAME}'}`, and :key in the expression",
                  "a credential cannot stand here: what is written here may be shown");
}

/* Cuts the scalar into what is copied and what is put in. */
static sl_status cut(sl_reading *reading, const sl_yaml_node *node, sl_put put,
                     const sl_mistake *of, sl_piece *pieces, uint32_t *count, meaning *whole)
{
    const char *text = node->text;
    sl_status status = SL_OK;
    size_t at = 0;
    while (at < node->size) {
        const char *mark = strstr(text + at, "${");
        size_t next = mark == NULL ? node->size : (size_t)(mark - text);
        int literal = mark != NULL && mark > text + at && mark[-1] == '$';
        size_t copied = next - at - (literal ? 1 : 0);
        add_piece(
            pieces, count,
            &(sl_piece){.in = at, .in_count = copied, .out_count = copied, .text = text + at});
        if (literal) {
            add_piece(pieces, count,
                      &(sl_piece){.in = next - 1,
                                  .in_count = 3,
                                  .out_count = 2,
                                  .text = text + next,
                                  .put_in = 1});
            at = next + 2;
            continue;
        }
        if (mark == NULL) {
            break;
        }
        reference ref = {.start = next};
        meaning found = {0};
        if (parse(reading, node, of, &ref) != SL_OK ||
            resolve(reading, node, of, &ref, &found) != SL_OK ||
            refuse_shown(reading, node, put, of, &ref, &found) != SL_OK) {
            status = SL_ERROR;
            found.text = "";
        }
        whole->quoted |= ref.start == 0 && ref.count == node->size ? found.quoted : 0;
        whole->secret |= found.secret;
        add_piece(pieces, count,
                  &(sl_piece){.in = next,
                              .in_count = ref.count,
                              .out_count = strlen(found.text),
                              .text = found.text,
                              .put_in = 1});
        at = next + ref.count;
    }
    return status;
}

/* Makes the text of the pieces; one with a credential in pages for secrets. */
static sl_status join(sl_reading *reading, const sl_yaml_node *node, const sl_mistake *of,
                      const sl_piece *pieces, uint32_t count, const meaning *whole, sl_value *value)
{
    size_t size = count == 0 ? 0 : pieces[count - 1].out + pieces[count - 1].out_count;
    sl_mistake mistake = *of;
    mistake.at = node;
    reading->put += size;
    if (size > SL_YAML_SCALAR_LIMIT || reading->put > PUT_LIMIT) {
        return sl_reading_say(reading, &mistake, "the params make this text too long");
    }
    char *text = whole->secret ? sl_secret_take(&reading->plan->secrets, size)
                               : sl_reading_take(reading, size + 1);
    if (text == NULL) {
        reading->no_memory = 1;
        return SL_ERROR;
    }
    for (uint32_t i = 0; i < count; i++) {
        memcpy(text + pieces[i].out, pieces[i].text, pieces[i].out_count);
    }
    if (whole->secret) {
        sl_secret_know(reading->plan->secrets, text);
    }
    value->text = text;
    return SL_OK;
}

static sl_status put_in(sl_reading *reading, const sl_yaml_node *node, sl_put put,
                        const sl_mistake *of, sl_place_of *place, sl_value *value)
{
    if (reading->put > PUT_LIMIT) { /* said */
        return SL_ERROR;
    }
    size_t marks = count_marks(node->text);
    sl_piece *pieces = sl_reading_take(reading, (2 * marks + 1) * sizeof *pieces);
    uint32_t count = 0;
    if (pieces == NULL) {
        return SL_ERROR;
    }
    meaning whole = {0};
    sl_status status = cut(reading, node, put, of, pieces, &count, &whole);
    if (status == SL_OK) {
        status = join(reading, node, of, pieces, count, &whole, value);
    }
    value->quoted |= whole.quoted;
    place->secret = whole.secret;
    place->pieces = pieces;
    place->pieces_count = count;
    return status;
}

/* SQL: a `${` that is not `$${` is refused. */
static sl_status refuse_in_sql(sl_reading *reading, const sl_yaml_node *node, const sl_mistake *of)
{
    for (const char *at = strstr(node->text, "${"); at != NULL; at = strstr(at + 2, "${")) {
        if (at > node->text && at[-1] == '$') {
            continue;
        }
        size_t word = strspn(at + 2, NAME_LETTERS);
        sl_mistake mistake = *of;
        mistake.at = node;
        mistake.byte = (size_t)(at - node->text);
        mistake.length = strcspn(at, "}") + 1;
        mistake.hint = sl_reading_hint(reading, "write :%.*s, and the param is bound as a value",
                                       word == 0 ? 4 : (int)word, word == 0 ? "name" : at + 2);
        return sl_reading_say(reading, &mistake, "`${` is not allowed in SQL");
    }
    return SL_OK;
}

/* ---- Values --------------------------------------------------------------------------------- */

static sl_status make_scalar(sl_reading *reading, const sl_yaml_node *node, sl_put put,
                             const sl_mistake *of, sl_place_of *place, sl_value *value)
{
    value->kind = sl_yaml_is_null(node) ? SL_VALUE_NULL : SL_VALUE_SCALAR;
    value->quoted = node->quoted;
    value->text = value->kind == SL_VALUE_NULL ? "" : node->text;
    if (strstr(value->text, "${") == NULL) {
        return SL_OK;
    }
    if ((put == SL_PUT_SQL || put == SL_PUT_SQL_LIST) &&
        refuse_in_sql(reading, node, of) != SL_OK) {
        return SL_ERROR;
    }
    return put_in(reading, node, put, of, place, value);
}

static sl_put put_of_item(const sl_yaml_node *node, const sl_yaml_node *key, sl_put put)
{
    if (put != SL_PUT_SQL_LIST || node->kind != SL_YAML_MAP) {
        return put;
    }
    return strcmp(key->text, "sql") == 0 ? SL_PUT_SQL : SL_PUT_TEXT;
}

sl_status sl_params_value(sl_reading *reading, const sl_yaml_node *node, const sl_yaml_node *key,
                          sl_put put, const sl_mistake *of, sl_value *value)
{
    sl_place_of *place = sl_reading_take(reading, sizeof *place);
    *value = (sl_value){.size = sizeof *value,
                        .kind = SL_VALUE_NULL,
                        .key = key == NULL ? NULL : key->text,
                        .text = "",
                        .place = place};
    if (place == NULL) {
        return SL_ERROR;
    }
    *place = (sl_place_of){.yaml = reading->yaml, .node = node, .key = key};
    if (node->kind == SL_YAML_SCALAR) {
        return make_scalar(reading, node, put, of, place, value);
    }
    sl_value *items = sl_reading_take(reading, (node->count + 1) * sizeof *items);
    if (items == NULL) {
        return SL_ERROR;
    }
    sl_status status = SL_OK;
    for (uint32_t i = 0; i < node->count; i++) {
        const sl_yaml_item *item = &node->items[i];
        if (sl_params_value(reading, item->value, item->key, put_of_item(node, item->key, put), of,
                            &items[i]) != SL_OK) {
            status = SL_ERROR;
        }
    }
    value->kind = node->kind == SL_YAML_LIST ? SL_VALUE_LIST : SL_VALUE_MAP;
    value->text = NULL;
    value->count = node->count;
    value->items = items;
    return status;
}

/* ---- The params of the graph -------------------------------------------------------------------
 */

static sl_status make_param(sl_reading *reading, sl_param *param)
{
    if (param->state == MADE || param->state == WRONG) {
        return param->state == MADE ? SL_OK : SL_ERROR;
    }
    param->state = BEING_MADE;
    sl_status status = SL_OK;
    if (param->written->kind != SL_YAML_SCALAR) {
        status = SL_SAY(reading, {.at = param->key},
                        "param '%s' must be one value, not a list or a map", param->name);
        param->value = (sl_value){.size = sizeof param->value, .kind = SL_VALUE_NULL, .text = ""};
    } else if (param->set != NULL) {
        param->value = (sl_value){.size = sizeof param->value,
                                  .kind = SL_VALUE_SCALAR,
                                  .quoted = param->written->quoted,
                                  .text = param->set};
    } else {
        status = sl_params_value(reading, param->written, param->key, SL_PUT_PARAM,
                                 &(sl_mistake){.at = param->written}, &param->value);
    }
    param->value.key = param->name;
    param->state = status == SL_OK ? MADE : WRONG;
    return status;
}

static void declare(sl_reading *reading, const sl_yaml_item *item)
{
    const char *name = item->key->text;
    if (strspn(name, NAME_LETTERS) != strlen(name) || name[0] == '\0' ||
        strchr("0123456789", name[0]) != NULL) {
        (void)SL_SAY(reading,
                     {.at = item->key, .hint = "letters, digits and '_', no digit at the start"},
                     "'%.80s' cannot be the name of a param", name);
        return;
    }
    if (strcmp(name, HERE) == 0) {
        (void)SL_SAY(reading, {.at = item->key, .hint = "choose another name"},
                     "the param 'here' is the directory of the file and cannot be declared");
        return;
    }
    reading->params[reading->params_count++] =
        (sl_param){.name = name, .key = item->key, .written = item->value};
}

static void apply_setting(sl_reading *reading, const sl_setting *setting)
{
    sl_param *param = find_declared(reading, setting->name);
    if (param != NULL) {
        param->set = copy(reading, setting->value, strlen(setting->value));
        return;
    }
    const char *hint =
        sl_reading_hint(reading, "declare it in the file: `params: {%.80s: value}`", setting->name);
    (void)SL_SAY(reading,
                 {.code = SL_CODE_USAGE, .hint = nearest_param(reading, setting->name, hint)},
                 "--set %.80s: the graph has no such param", setting->name);
}

void sl_params_read(sl_reading *reading, const sl_yaml_node *params, const sl_setting *settings,
                    uint32_t count)
{
    if (params != NULL && params->kind != SL_YAML_MAP && !sl_yaml_is_null(params)) {
        (void)SL_SAY(reading, {.at = params, .hint = "write `params: {name: value}`"},
                     "'params' must be a map");
        return;
    }
    uint32_t declared = params == NULL ? 0 : params->count;
    if (declared > PARAMS_LIMIT) {
        (void)SL_SAY(reading, {.at = params}, "a graph has at most %u params", PARAMS_LIMIT);
        declared = PARAMS_LIMIT;
    }
    reading->params = sl_reading_take(reading, (declared + 1) * sizeof *reading->params);
    if (reading->params == NULL) {
        return;
    }
    for (uint32_t i = 0; i < declared; i++) {
        declare(reading, &params->items[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        apply_setting(reading, &settings[i]);
    }
    for (uint32_t i = 0; i < reading->params_count; i++) {
        (void)make_param(reading, &reading->params[i]);
    }
}

void sl_params_finish(sl_reading *reading)
{
    sl_value *map = sl_reading_take(reading, sizeof *map);
    sl_value *items = sl_reading_take(reading, (reading->params_count + 1) * sizeof *items);
    if (map == NULL || items == NULL) {
        return;
    }
    for (uint32_t i = 0; i < reading->params_count; i++) {
        const sl_param *param = &reading->params[i];
        if (param->state == MADE && param->value.kind == SL_VALUE_NULL &&
            (param->needed || !param->handled)) {
            (void)SL_SAY(
                reading,
                {.at = param->key, .hint = sl_reading_hint(reading, "--set %s=...", param->name)},
                "param '%s' has no value: --set %s=...", param->name, param->name);
        }
        items[i] = param->value;
    }
    *map = (sl_value){
        .size = sizeof *map, .kind = SL_VALUE_MAP, .count = reading->params_count, .items = items};
    reading->plan->params = map;
}

/*
 * schema.c - JSON Schema (draft-07) of the YAML language, for editors.
 *
 * A key that takes a number takes the text `${param}` too, so most have two types; minimum looks
 * at the number and pattern at the text.
 */
#include <string.h>

#include "config/describe.h"
#include "config/keys.h"
#include "config/quote.h"
#include "stages/core/value.h"

#define SCALAR "[\"string\", \"number\", \"boolean\"]"
#define PARAM "\\\\$\\\\{"

/* How the schema writes an option type; the last column is a JSON example. */
typedef struct shape {
    const char *type;
    const char *pattern; /* NULL: none */
    const char *items;   /* of an array; NULL: none */
    const char *values;  /* of an object; NULL: none */
    const char *example;
} shape;

#define ANY_SCALAR "{\"type\": " SCALAR "}"
#define LIST_OR_SCALAR "[\"array\", \"string\", \"number\", \"boolean\"]"

static const shape shapes[] = {
    [SL_OPTION_TEXT] = {SCALAR, NULL, NULL, NULL, "\"text\""},
    [SL_OPTION_INTEGER] = {"[\"integer\", \"string\"]", "^-?[0-9]+$|" PARAM, NULL, NULL, "1"},
    [SL_OPTION_REAL] = {"[\"number\", \"string\"]", "^-?[0-9.eE+-]+$|" PARAM, NULL, NULL, "0.5"},
    [SL_OPTION_BOOLEAN] = {"[\"boolean\", \"string\"]", PARAM, NULL, NULL, "true"},
    [SL_OPTION_SIZE] = {"[\"integer\", \"string\"]", "^[0-9.]+ ?[A-Za-z]*$|" PARAM, NULL, NULL,
                        "\"64KiB\""},
    [SL_OPTION_DURATION] = {"[\"integer\", \"string\"]", "^[0-9.]+ ?[a-z]*$|" PARAM, NULL, NULL,
                            "\"5s\""},
    [SL_OPTION_CHOICE] = {"\"string\"", NULL, NULL, NULL, "\"\""},
    [SL_OPTION_COLUMN] = {SCALAR, NULL, NULL, NULL, "\"id\""},
    [SL_OPTION_PATH] = {"[\"string\", \"number\"]", NULL, NULL, NULL, "\"orders.csv\""},
    [SL_OPTION_SECRET] = {SCALAR, NULL, NULL, NULL, "\"${credential:name}\""},
    [SL_OPTION_SQL] = {SCALAR, NULL, NULL, NULL, "\"amount > 0\""},
    [SL_OPTION_LIST] = {LIST_OR_SCALAR, NULL, "{}", NULL, "[\"a\", \"b\"]"},
    [SL_OPTION_MAP] = {"\"object\"", NULL, NULL, "{}", "{\"a\": \"b\"}"},
    [SL_OPTION_COLUMNS] = {LIST_OR_SCALAR, NULL, ANY_SCALAR, NULL, "[\"id\", \"name\"]"},
    [SL_OPTION_SQL_LIST] = {LIST_OR_SCALAR, NULL,
                            "{\"type\": [\"string\", \"number\", \"boolean\", \"object\"]}", NULL,
                            "[\"amount > 0\"]"},
    [SL_OPTION_SQL_MAP] = {"\"object\"", NULL, NULL, ANY_SCALAR,
                           "{\"total\": \"round(amount, 2)\"}"},
};

/* ---- Pieces
 * --------------------------------------------------------------------------------------- */

static int is_number(const char *text)
{
    sl_cell cell;
    sl_spelling spelling = sl_value_number(text, strlen(text), &cell);
    return spelling == SL_SPELLING_INTEGER || spelling == SL_SPELLING_REAL;
}

/* A fallback, a bound or a choice as JSON, by the option's type. */
static void print_value(FILE *to, const sl_option *option, const char *text)
{
    int bare = option->type == SL_OPTION_BOOLEAN ||
               ((option->type == SL_OPTION_INTEGER || option->type == SL_OPTION_REAL ||
                 option->type == SL_OPTION_SIZE) &&
                is_number(text));
    if (bare) {
        (void)fputs(text, to);
    } else {
        sl_quote_json(to, text);
    }
}

static void print_choices(FILE *to, const char *choices)
{
    (void)fputs("{\"enum\": [", to);
    for (const char *at = choices; *at != '\0';) {
        char word[128];
        size_t size = strcspn(at, "|");
        (void)snprintf(word, sizeof word, "%.*s", (int)size, at);
        (void)fputs(at == choices ? "" : ", ", to);
        sl_quote_json(to, word);
        at += size;
        at += *at == '|';
    }
    (void)fputs("]}", to);
}

static void print_example(FILE *to, const sl_option *option)
{
    char word[128];
    if (option->type == SL_OPTION_CHOICE) {
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(option->choices, "|"),
                       option->choices);
        print_value(to, option, word);
    } else if (option->fallback != NULL && option->fallback[0] != '\0' &&
               option->type < SL_OPTION_LIST) {
        print_value(to, option, option->fallback);
    } else if (option->min != NULL && option->type < SL_OPTION_LIST) {
        print_value(to, option, option->min);
    } else {
        (void)fputs(shapes[option->type].example, to);
    }
}

static void print_bounds(FILE *to, const sl_option *option)
{
    if (option->min != NULL && is_number(option->min)) {
        (void)fprintf(to, ", \"minimum\": %s", option->min);
    }
    if (option->max != NULL && is_number(option->max)) {
        (void)fprintf(to, ", \"maximum\": %s", option->max);
    }
}

static void print_option(FILE *to, const sl_option *option)
{
    const shape *form = &shapes[option->type];
    (void)fprintf(to, ",\n        \"%s\": {\"description\": ", option->name);
    sl_quote_json(to, option->help);
    (void)fprintf(to, ", \"type\": %s", form->type);
    if (form->pattern != NULL) {
        (void)fprintf(to, ", \"pattern\": \"%s\"", form->pattern);
    }
    print_bounds(to, option);
    if (option->type == SL_OPTION_CHOICE) {
        (void)fputs(", \"anyOf\": [", to);
        print_choices(to, option->choices);
        (void)fputs(", {\"pattern\": \"" PARAM "\"}]", to);
    }
    if (form->items != NULL || form->values != NULL) {
        (void)fprintf(to, ", \"%s\": ", form->items != NULL ? "items" : "additionalProperties");
        if (option->choices != NULL) {
            (void)fputs("{\"anyOf\": [", to);
            print_choices(to, option->choices);
            (void)fputs(", {\"pattern\": \"" PARAM "\"}]}", to);
        } else {
            (void)fputs(form->items != NULL ? form->items : form->values, to);
        }
    }
    if (option->fallback != NULL) {
        (void)fputs(", \"default\": ", to);
        if (option->fallback[0] == '\0') {
            (void)fputs("null", to);
        } else {
            print_value(to, option, option->fallback);
        }
    }
    (void)fputs(", \"examples\": [", to);
    print_example(to, option);
    (void)fputs("]}", to);
}

/* ---- A stage
 * -------------------------------------------------------------------------------------- */

static void print_key(FILE *to, const sl_key *key)
{
    (void)fprintf(to, "\"%s\": {\"description\": ", key->name);
    sl_quote_json(to, key->help);
    (void)fprintf(to, ", %s", key->schema);
}

static void print_common(FILE *to, const sl_stage_type *type)
{
    for (const sl_key *key = sl_keys_of_stage; key->name != NULL; key++) {
        if (sl_keys_fits(key, type->role)) {
            (void)fputs(",\n        ", to);
            print_key(to, key);
            (void)fputs("}", to);
        }
    }
}

static void print_stage(FILE *to, const sl_stage_type *type)
{
    const char *role = sl_role_name(type->role);
    const sl_option *option;
    sl_option room;
    (void)fprintf(to,
                  "    \"%s-%s\": {\n      \"type\": \"object\",\n      \"description\": ", role,
                  type->name);
    sl_quote_json(to, type->summary);
    (void)fprintf(to, ",\n      \"required\": [\"%s\"", role);
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++) {
        if (option->fallback == NULL) {
            (void)fprintf(to, ", \"%s\"", option->name);
        }
    }
    (void)fprintf(to,
                  "],\n      \"additionalProperties\": false,\n      \"properties\": {\n"
                  "        \"%s\": {\"description\": ",
                  role);
    sl_quote_json(to, type->summary);
    (void)fprintf(to,
                  ", \"type\": \"string\", \"const\": \"%s\", \"default\": \"%s\", \"examples\": "
                  "[\"%s\"]}",
                  type->name, type->name, type->name);
    print_common(to, type);
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++) {
        print_option(to, option);
    }
    (void)fputs("\n      }\n    }", to);
}

/* ---- The whole
 * ------------------------------------------------------------------------------------ */

static const char head[] =
    "{\n"
    "  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
    "  \"title\": \"Sluice graph\",\n"
    "  \"description\": \"A dataflow graph: rows go from readers to exporters.\",\n"
    "  \"type\": \"object\",\n"
    "  \"required\": [\"stages\"],\n"
    "  \"additionalProperties\": false,\n"
    "  \"properties\": {";

void sl_describe_schema(const sl_registry *registry, FILE *to)
{
    const sl_stage_type *type;
    (void)fputs(head, to);
    for (const sl_key *key = sl_keys_of_graph; key->name != NULL; key++) {
        (void)fputs(key == sl_keys_of_graph ? "\n    " : "},\n    ", to);
        print_key(to, key);
    }
    (void)fputs(", \"items\": {\"anyOf\": [", to); /* stages, the last one */
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        (void)fprintf(to, "%s\n      {\"$ref\": \"#/definitions/%s-%s\"}", i == 0 ? "" : ",",
                      sl_role_name(type->role), type->name);
    }
    (void)fputs("\n    ]}}\n  },\n  \"definitions\": {\n", to);
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        (void)fputs(i == 0 ? "" : ",\n", to);
        print_stage(to, type);
    }
    (void)fputs("\n  }\n}\n", to);
}

/*
 * schema.c - JSON Schema (draft-07) of the YAML language, for editors.
 *
 * A key that takes a number takes the text `${param}` too, so most have two types; minimum looks
 * at the number and pattern at the text.
 */
#include <string.h>

#include "config/describe.h"
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

static void print_common(FILE *to, const sl_stage_type *type)
{
    (void)fputs(
        ",\n        \"name\": {\"description\": \"What the stage is called; its type when "
        "left out.\", \"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_][A-Za-z0-9_.-]*$|" PARAM
        "\", \"default\": null, \"examples\": [\"paid\"]}",
        to);
    (void)fputs(",\n        \"on_reject\": {\"description\": \"Where rows that this stage refuses "
                "go: fail, drop, or the name of an exporter.\", \"type\": \"string\", \"default\": "
                "\"fail\", \"examples\": [\"fail\", \"drop\", \"rejects\"]}",
                to);
    if (type->role != SL_READER) {
        (void)fputs(",\n        \"from\": {\"description\": \"The stage whose rows it takes, or a "
                    "list of stages; the stage before when left out.\", \"type\": [\"string\", "
                    "\"array\"], \"items\": {\"type\": \"string\"}, \"default\": null, "
                    "\"examples\": [\"paid\"]}",
                    to);
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
    "  \"properties\": {\n"
    "    \"graph\": {\"description\": \"The graph's name; the file's name when left out.\", "
    "\"type\": [\"string\", \"number\"], \"default\": null, \"examples\": [\"paid-orders\"]},\n"
    "    \"description\": {\"description\": \"What the graph is for.\", \"type\": " SCALAR ", "
    "\"default\": null, \"examples\": [\"Paid orders over 100\"]},\n"
    "    \"params\": {\"description\": \"Names and default values; set with --set name=value, "
    "used as ${name} in text and :name in SQL. No value: it must be set.\", \"type\": "
    "[\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"string\", \"number\", "
    "\"boolean\", \"null\"]}, \"default\": {}, \"examples\": [{\"input\": \"orders.csv\"}]},\n"
    "    \"batch\": {\"description\": \"How large a batch may get.\", \"type\": \"object\", "
    "\"additionalProperties\": false, \"default\": {\"rows\": 1000, \"bytes\": \"1MiB\"}, "
    "\"examples\": [{\"rows\": 1000}], \"properties\": {\n"
    "      \"rows\": {\"description\": \"The most rows in a batch.\", \"type\": [\"integer\", "
    "\"string\"], \"minimum\": 1, \"maximum\": 1000000, \"default\": 1000, \"examples\": "
    "[1000]},\n"
    "      \"bytes\": {\"description\": \"The most bytes in a batch.\", \"type\": [\"integer\", "
    "\"string\"], \"minimum\": 4096, \"maximum\": 1073741824, \"default\": \"1MiB\", \"examples\": "
    "[\"1MiB\"]}\n"
    "    }},\n"
    "    \"max_rejects\": {\"description\": \"The run fails when more rows than this are "
    "rejected; no bound when left out.\", \"type\": [\"integer\", \"string\"], \"minimum\": 0, "
    "\"default\": null, \"examples\": [100]},\n"
    "    \"guarantee\": {\"description\": \"Anything less than this is a mistake; left out: what "
    "there is.\", \"type\": \"string\", \"enum\": [\"exactly-once\"], \"default\": null, "
    "\"examples\": [\"exactly-once\"]},\n"
    "    \"every\": {\"description\": \"The daemon runs the graph at the multiples of this time "
    "since 1970, UTC; not with cron.\", \"type\": \"string\", \"pattern\": \"^[0-9.]+ "
    "?[a-z]+$|" PARAM "\", \"default\": null, \"examples\": [\"30s\", \"5m\"]},\n"
    "    \"cron\": {\"description\": \"The daemon runs the graph at these times: minute, hour, day "
    "of the month, month, day of the week; or @hourly, @daily, @weekly, @monthly, @yearly.\", "
    "\"type\": \"string\", \"default\": null, \"examples\": [\"15 6 * * mon-fri\", "
    "\"@daily\"]},\n"
    "    \"timezone\": {\"description\": \"Whose clocks cron means; the machine's own when left "
    "out.\", \"type\": \"string\", \"default\": null, \"examples\": [\"Europe/Berlin\"]},\n"
    "    \"stages\": {\"description\": \"The stages, from the readers to the exporters.\", "
    "\"type\": \"array\", \"minItems\": 1, \"default\": [], \"examples\": [[{\"reader\": "
    "\"count\", \"end\": 3}, {\"exporter\": \"table\"}]], \"items\": {\"anyOf\": [";

void sl_describe_schema(const sl_registry *registry, FILE *to)
{
    const sl_stage_type *type;
    (void)fputs(head, to);
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

/*
 * describe.c - the list of stage types, and the manual of one, from their tables.
 *
 * Deliberately elsewhere: the schema (schema.c), the picture of a graph (picture.c).
 */
#include "config/describe.h"

#include <string.h>

#include "config/quote.h"
#include "stages/core/value.h"

#define TYPES_LIMIT 1024u
#define WIDTH 92

/* ---- What is said in every form ----------------------------------------------------------------
 */

static const char *const traits[] = {
    "holds its rows until its input ends",
    "its answer depends on the batches before",
    "rows and checkpoint are committed in one action",
    "gives no more rows than it takes",
};

static int has_trait(const sl_stage_type *type, size_t index)
{
    return (type->traits >> index & 1u) != 0;
}

static const sl_message_type *message_at(const sl_stage_type *type, uint32_t index)
{
    if (type->messages == NULL) {
        return NULL;
    }
    const char *entry = (const char *)type->messages + (size_t)index * type->message_size;
    const sl_message_type *message = (const sl_message_type *)(const void *)entry;
    return message->name == NULL ? NULL : message;
}

static int is_required(const sl_option *option)
{
    return option->fallback == NULL;
}

static int has_default(const sl_option *option)
{
    return option->fallback != NULL && option->fallback[0] != '\0';
}

/* ---- Text
 * ---------------------------------------------------------------------------------------- */

/* Words wrapped at the width, every line indented; blank lines and indented lines stay. */
static void print_wrapped(FILE *to, const char *text, int indent)
{
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        if (line > 0 && text[0] != ' ') {
            int column = indent;
            (void)fprintf(to, "%*s", indent, "");
            for (size_t at = 0; at < line;) {
                size_t word = strcspn(text + at, " \n");
                word = word < line - at ? word : line - at;
                if (column > indent && column + 1 + (int)word > WIDTH) {
                    (void)fprintf(to, "\n%*s", indent, "");
                    column = indent;
                }
                column += fprintf(to, "%s%.*s", column > indent ? " " : "", (int)word, text + at);
                at += word;
                at += strspn(text + at, " ");
            }
            (void)fputc('\n', to);
        } else if (line > 0) {
            (void)fprintf(to, "%*s%.*s\n", indent, "", (int)line, text);
        } else {
            (void)fputc('\n', to);
        }
        text += line;
        text += *text == '\n';
    }
}

static void print_block(FILE *to, const char *text, int indent)
{
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        (void)fprintf(to, "%*s%.*s\n", line > 0 ? indent : 0, "", (int)line, text);
        text += line;
        text += *text == '\n';
    }
}

void sl_describe_kind(FILE *to, const sl_option *option)
{
    int choice = option->choices != NULL && option->type == SL_OPTION_CHOICE;
    (void)fputs(choice ? option->choices : sl_option_type_name(option->type), to);
    if (option->choices != NULL && !choice) {
        (void)fprintf(to, " (values: %s)", option->choices);
    }
    if (option->min != NULL) {
        (void)fprintf(to, " from %s", option->min);
    }
    if (option->max != NULL) {
        (void)fprintf(to, option->min == NULL ? " up to %s" : " to %s", option->max);
    }
    if (is_required(option)) {
        (void)fputs(", required", to);
    } else if (has_default(option)) {
        (void)fprintf(to, ", default %s", option->fallback);
    }
}

static void print_inputs(FILE *to, const sl_stage_type *type)
{
    if (type->inputs_max == 0) {
        return;
    }
    if (type->inputs_min == type->inputs_max) {
        (void)fprintf(to, "    takes %u input%s\n", type->inputs_min,
                      type->inputs_min == 1 ? "" : "s");
    } else {
        (void)fprintf(to, "    takes %u to %u inputs: from: [a, b]\n", type->inputs_min,
                      type->inputs_max);
    }
}

static void print_manual(FILE *to, const sl_registry *registry, const sl_stage_type *type)
{
    const sl_option *option;
    const sl_message_type *message;
    sl_option room;
    (void)fprintf(to, "%s: %s\n    %s\n", sl_role_name(type->role), type->name, type->summary);
    (void)fprintf(to, "    version %s, %s\n", type->version, sl_registry_origin(registry, type));
    print_inputs(to, type);
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++) {
        if (has_trait(type, i)) {
            (void)fprintf(to, "    %s\n", traits[i]);
        }
    }
    if (type->manual != NULL) {
        (void)fputc('\n', to);
        print_wrapped(to, type->manual, 4);
    }
    (void)fputs("\noptions\n", to);
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++) {
        (void)fprintf(to, "    %s: ", option->name);
        sl_describe_kind(to, option);
        (void)fputc('\n', to);
        print_wrapped(to, option->help, 8);
    }
    (void)fprintf(to, "    and the keys of every stage: name%s, on_reject\n",
                  type->role == SL_READER ? "" : ", from");
    for (uint32_t i = 0; (message = message_at(type, i)) != NULL; i++) {
        (void)fprintf(to, "%s    %s %s\n", i == 0 ? "\nmessages\n" : "", message->name,
                      message->arguments == NULL ? "{}" : message->arguments);
        print_wrapped(to, message->help == NULL ? "" : message->help, 8);
    }
    if (type->example != NULL) {
        (void)fputs("\nexample\n", to);
        print_block(to, type->example, 4);
    }
}

static void print_list(FILE *to, const sl_registry *registry)
{
    const sl_stage_type *type;
    sl_role last = UINT32_MAX;
    int width = 0;
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        int size = (int)strlen(type->name);
        width = size > width ? size : width;
    }
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        if (type->role != last) {
            (void)fprintf(to, "%s%ss\n", i == 0 ? "" : "\n", sl_role_name(type->role));
        }
        last = type->role;
        (void)fprintf(to, "    %-*s  %s\n", width, type->name, type->summary);
    }
}

/* ---- Markdown
 * ------------------------------------------------------------------------------------ */

static void print_markdown_option(FILE *to, const sl_option *option)
{
    (void)fprintf(to, "| `%s` | ", option->name);
    if (option->type == SL_OPTION_CHOICE) {
        const char *at = option->choices;
        while (*at != '\0') {
            size_t word = strcspn(at, "|");
            (void)fprintf(to, "%s`%.*s`", at == option->choices ? "" : ", ", (int)word, at);
            at += word;
            at += *at == '|';
        }
    } else {
        sl_quote_markdown(to, sl_option_type_name(option->type));
    }
    if (option->min != NULL || option->max != NULL) {
        (void)fprintf(to, ", %s%s%s%s", option->min == NULL ? "" : "from ",
                      option->min == NULL ? "" : option->min, option->max == NULL ? "" : " to ",
                      option->max == NULL ? "" : option->max);
    }
    (void)fputs(" | ", to);
    if (is_required(option)) {
        (void)fputs("required", to);
    } else if (has_default(option)) {
        (void)fputc('`', to);
        sl_quote_markdown(to, option->fallback);
        (void)fputc('`', to);
    }
    (void)fputs(" | ", to);
    sl_quote_markdown(to, option->help);
    (void)fputs(" |\n", to);
}

static void print_markdown(FILE *to, const sl_stage_type *type)
{
    const sl_option *option;
    const sl_message_type *message;
    sl_option room;
    (void)fprintf(to, "### %s: %s\n\n%s\n", sl_role_name(type->role), type->name, type->summary);
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++) {
        if (has_trait(type, i)) {
            (void)fprintf(to, "\n*%s*\n", traits[i]);
        }
    }
    if (type->manual != NULL) {
        (void)fprintf(to, "\n%s\n", type->manual);
    }
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++) {
        if (i == 0) {
            (void)fputs("\n| option | type | default | |\n|---|---|---|---|\n", to);
        }
        print_markdown_option(to, option);
    }
    for (uint32_t i = 0; (message = message_at(type, i)) != NULL; i++) {
        (void)fputs(i == 0 ? "\n| message | arguments | |\n|---|---|---|\n" : "", to);
        (void)fprintf(to, "| `%s` | `%s` | ", message->name,
                      message->arguments == NULL ? "{}" : message->arguments);
        sl_quote_markdown(to, message->help == NULL ? "" : message->help);
        (void)fputs(" |\n", to);
    }
    if (type->example != NULL) {
        (void)fprintf(to, "\n```yaml\n%s%s```\n", type->example,
                      type->example[strlen(type->example) - 1] == '\n' ? "" : "\n");
    }
    (void)fputc('\n', to);
}

static void print_all_markdown(FILE *to, const sl_registry *registry)
{
    const sl_stage_type *type;
    sl_role last = UINT32_MAX;
    (void)fputs("# Stages\n\nMade by `sluice stages --markdown` from the stages' own tables.\n\n",
                to);
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        if (type->role != last) {
            (void)fprintf(to, "## %ss\n\n", sl_role_name(type->role));
        }
        last = type->role;
        print_markdown(to, type);
    }
}

/* ---- JSON
 * ---------------------------------------------------------------------------------------- */

static void print_pair(FILE *to, const char *comma, const char *name, const char *text)
{
    (void)fprintf(to, "%s\"%s\":", comma, name);
    sl_quote_json(to, text);
}

static void print_json_option(FILE *to, const sl_option *option)
{
    print_pair(to, "{", "name", option->name);
    print_pair(to, ",", "type", sl_option_type_name(option->type));
    (void)fprintf(to, ",\"required\":%s", is_required(option) ? "true" : "false");
    print_pair(to, ",", "default", has_default(option) ? option->fallback : NULL);
    print_pair(to, ",", "min", option->min);
    print_pair(to, ",", "max", option->max);
    print_pair(to, ",", "choices", option->choices);
    print_pair(to, ",", "help", option->help);
    (void)fputc('}', to);
}

static void print_json(FILE *to, const sl_registry *registry, const sl_stage_type *type)
{
    const sl_option *option;
    const sl_message_type *message;
    sl_option room;
    print_pair(to, "{", "role", sl_role_name(type->role));
    print_pair(to, ",", "name", type->name);
    print_pair(to, ",", "version", type->version);
    print_pair(to, ",", "origin", sl_registry_origin(registry, type));
    print_pair(to, ",", "summary", type->summary);
    print_pair(to, ",", "manual", type->manual);
    print_pair(to, ",", "example", type->example);
    (void)fprintf(to, ",\"inputs_min\":%u,\"inputs_max\":%u,\"traits\":[", type->inputs_min,
                  type->inputs_max);
    const char *comma = "";
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++) {
        if (has_trait(type, i)) {
            (void)fputs(comma, to);
            sl_quote_json(to, traits[i]);
            comma = ",";
        }
    }
    (void)fputs("],\"options\":[", to);
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++) {
        (void)fputs(i == 0 ? "" : ",", to);
        print_json_option(to, option);
    }
    (void)fputs("],\"messages\":[", to);
    for (uint32_t i = 0; (message = message_at(type, i)) != NULL; i++) {
        print_pair(to, i == 0 ? "{" : ",{", "name", message->name);
        print_pair(to, ",", "arguments", message->arguments);
        print_pair(to, ",", "help", message->help);
        (void)fputc('}', to);
    }
    (void)fputs("]}", to);
}

/* ---- The two questions
 * --------------------------------------------------------------------------- */

static void print_matching(FILE *to, const sl_registry *registry, const char *name,
                           sl_describe_format format)
{
    const sl_stage_type *type;
    uint32_t printed = 0;
    if (format == SL_DESCRIBE_JSON) {
        (void)fputc('[', to);
    }
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        if (name != NULL && strcmp(type->name, name) != 0) {
            continue;
        }
        if (format == SL_DESCRIBE_JSON) {
            (void)fputs(printed == 0 ? "" : ",\n", to);
            print_json(to, registry, type);
        } else if (format == SL_DESCRIBE_MARKDOWN) {
            print_markdown(to, type);
        } else {
            (void)fputs(printed == 0 ? "" : "\n", to);
            print_manual(to, registry, type);
        }
        printed++;
    }
    if (format == SL_DESCRIBE_JSON) {
        (void)fputs("]\n", to);
    }
}

void sl_describe_list(const sl_registry *registry, sl_describe_format format, FILE *to)
{
    if (format == SL_DESCRIBE_MARKDOWN) {
        print_all_markdown(to, registry);
    } else if (format == SL_DESCRIBE_JSON) {
        print_matching(to, registry, NULL, format);
    } else {
        print_list(to, registry);
    }
}

sl_status sl_describe_stage(const sl_registry *registry, const char *name,
                            sl_describe_format format, FILE *to)
{
    const sl_stage_type *type;
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        if (strcmp(type->name, name) == 0) {
            print_matching(to, registry, name, format);
            return SL_OK;
        }
    }
    return SL_END;
}

const char *sl_describe_nearest(const sl_registry *registry, const char *name)
{
    const char *names[TYPES_LIMIT];
    const sl_stage_type *type;
    size_t count = 0;
    while (count < TYPES_LIMIT && (type = sl_registry_at(registry, (uint32_t)count)) != NULL) {
        names[count++] = type->name;
    }
    return sl_value_nearest(name, names, count);
}

/*
 * page.c - the manual page sluice-graph(5), from the keys of the language and the stages' tables.
 *
 * Deliberately elsewhere: roff (roff.c), sluice(1) and sluice.service(8) (daemon/manual.c).
 */
#include <stdlib.h>
#include <string.h>

#include "config/describe.h"
#include "config/keys.h"
#include "config/roff.h"

static const char about[] =
    "A graph is a list of stages in a YAML file. It reads from top to bottom: each stage takes the "
    "rows of the stage before it, or of those that its `from` names. Readers give rows, validators "
    "reject bad ones, filters drop some, transformers change them, exporters take them. Nothing "
    "moves unless an exporter pulls.\n\n"
    "`sluice check` finds every mistake of a graph before a row moves, `sluice schema` prints its "
    "JSON Schema for editors, and `sluice new` writes a commented starter.";

static const char values_about[] =
    "In text, `${name}` is a param, `${name:-default}` one with a default, `${name:?message}` one "
    "that must be set, `${env:NAME}` a variable of the environment, and `${credential:NAME}` a "
    "file of $CREDENTIALS_DIRECTORY, which is never printed and stands in params, `rows` of values "
    "and secret options only. `$${` stands for the two characters. In SQL a param is bound as "
    ":name.\n\n"
    "Sizes are written as 512, 64KiB or 1MB; durations as 250ms, 5s, 2m or 1h. Expressions are "
    "SQL, evaluated by SQLite over the columns of the rows that come in.";

static const char starter[] = "graph: paid-orders\n"
                              "params: {input: orders.csv}\n"
                              "stages:\n"
                              "  - reader: csv\n"
                              "    path: ${input}\n"
                              "    columns: {amount: real}\n"
                              "  - filter: where\n"
                              "    keep: status = 'paid' AND amount >= 100\n"
                              "  - exporter: sqlite\n"
                              "    database: orders.db\n"
                              "    table: paid\n"
                              "    mode: replace\n";

static void print_keys(FILE *to, const sl_key *key)
{
    for (; key->name != NULL; key++) {
        fputs(".TP\n\\fB", to);
        sl_roff_code(to, key->name);
        fputs("\\fR\n", to);
        sl_roff_prose(to, key->help);
    }
}

static void print_option(FILE *to, const sl_option *option)
{
    char *kind = NULL;
    size_t size;
    FILE *memory = open_memstream(&kind, &size);
    if (memory == NULL)
        return;
    sl_describe_kind(memory, option);
    (void)fclose(memory);
    fputs(".TP\n\\fB", to);
    sl_roff_code(to, option->name);
    fputs("\\fR: ", to);
    if (kind != NULL)
        sl_roff_code(to, kind);
    fputc('\n', to);
    sl_roff_prose(to, option->help);
    free(kind);
}

static void print_messages(FILE *to, const sl_stage_type *type)
{
    const char *entry = (const char *)type->messages;
    for (; entry != NULL; entry += type->message_size) {
        const sl_message_type *message = (const sl_message_type *)(const void *)entry;
        if (message->name == NULL)
            return;
        fputs(".TP\nmessage \\fB", to);
        sl_roff_code(to, message->name);
        fputs("\\fR ", to);
        sl_roff_code(to, message->arguments == NULL ? "{}" : message->arguments);
        fputc('\n', to);
        sl_roff_prose(to, message->help == NULL ? "" : message->help);
    }
}

static void print_stage(FILE *to, const sl_stage_type *type)
{
    const sl_option *option;
    sl_option room;
    fputs(".SS ", to);
    sl_roff_code(to, type->name);
    fputc('\n', to);
    sl_roff_prose(to, type->summary);
    if (type->manual != NULL)
        sl_roff_paragraphs(to, type->manual);
    for (uint32_t i = 0; (option = sl_option_at(type, i, &room)) != NULL; i++)
        print_option(to, option);
    print_messages(to, type);
    if (type->example != NULL)
        sl_roff_example(to, type->example);
}

void sl_describe_page(const sl_registry *registry, const char *version, FILE *to)
{
    static const char *const headings[] = {"READERS", "VALIDATORS", "FILTERS", "TRANSFORMERS",
                                           "EXPORTERS"};
    const sl_stage_type *type;
    sl_role last = UINT32_MAX;
    sl_roff_head(to, "sluice-graph", "5", version, "File Formats Manual",
                 "dataflow graphs in YAML");
    fputs(".SH DESCRIPTION\n", to);
    sl_roff_paragraphs(to, about);
    fputs(".SH EXAMPLE\n", to);
    sl_roff_example(to, starter);
    fputs(".SH KEYS OF A GRAPH\n", to);
    print_keys(to, sl_keys_of_graph);
    fputs(".SH KEYS OF EVERY STAGE\n", to);
    sl_roff_prose(to,
                  "The first key of a stage is its role, and names its type: `reader: csv`. The "
                  "others are these, or options of the type.");
    print_keys(to, sl_keys_of_stage);
    fputs(".SH VALUES\n", to);
    sl_roff_paragraphs(to, values_about);
    for (uint32_t i = 0; (type = sl_registry_at(registry, i)) != NULL; i++) {
        if (type->role != last)
            fprintf(to, ".SH %s\n", headings[type->role]);
        last = type->role;
        print_stage(to, type);
    }
    fputs(".SH SEE ALSO\n.BR sluice (1),\n.BR sluice.service (8)\n", to);
}

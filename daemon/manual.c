/*
 * manual.c - `sluice manual`: which page, and the page sluice(1).
 */
#include "daemon/manual.h"

#include <string.h>

#include "config/describe.h"
#include "config/roff.h"
#include "daemon/session.h"
#include "daemon/verbs.h"

typedef struct pair {
    const char *name, *help;
} pair;

static const pair codes[] = {
    {"0", "all is well"},
    {"1", "failed, for a reason that has no better code"},
    {"64", "the command line is wrong"},
    {"65", "bad rows, under `on_reject: fail` or beyond `max_rejects`; a message that was refused"},
    {"66", "a source is not there, or cannot be read"},
    {"70", "a promise of a stage or of the engine was broken: a bug"},
    {"73", "a target cannot be made"},
    {"74", "reading or writing failed halfway"},
    {"75", "busy, or no daemon; later may be better"},
    {"77", "not allowed"},
    {"78", "the graph is wrong"},
};

static const pair environment[] = {
    {"STATE_DIRECTORY", "Where graphs remember how far they got, unless --state says otherwise; "
                        "systemd sets it."},
    {"XDG_STATE_HOME", "Likewise, below it in `sluice`; by default ~/.local/state."},
    {"CREDENTIALS_DIRECTORY", "Where `${credential:NAME}` of a graph is read; systemd sets it."},
    {"NO_COLOR", "No colour, unless --color says otherwise."},
};

static void print_pairs(FILE *to, const pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fputs(".TP\n\\fB", to);
        sl_roff_code(to, pairs[i].name);
        fputs("\\fR\n", to);
        sl_roff_prose(to, pairs[i].help);
    }
}

void sl_manual_codes(FILE *to)
{
    print_pairs(to, codes, sizeof codes / sizeof *codes);
}

void sl_manual_options(const sl_verb *verb, FILE *to)
{
    for (const char *at = verb->options; *at; at++) {
        const sl_option_row *row = sl_arguments_row(*at);
        const char *argument = *at == 'f' ? verb->formats : row->argument;
        fputs(".TP\n", to);
        if (*at >= 'a' && *at <= 'z')
            fprintf(to, "\\fB\\-%c\\fR, ", *at);
        fputs("\\fB\\-\\-", to);
        sl_roff_code(to, row->name);
        fputs("\\fR", to);
        if (argument) {
            fputs(" \\fI", to);
            sl_roff_code(to, argument);
            fputs("\\fR", to);
        }
        fputc('\n', to);
        sl_roff_prose(to, row->help);
    }
}

static void print_verb(const sl_verb *verb, FILE *to)
{
    fprintf(to, ".SS sluice %s ", verb->name);
    sl_roff_code(to, verb->usage);
    fputc('\n', to);
    sl_roff_prose(to, verb->summary);
    sl_manual_options(verb, to);
    if (verb->examples)
        sl_roff_example(to, verb->examples);
}

void sl_manual_command(FILE *to)
{
    sl_roff_head(to, "sluice", "1", SLUICE_VERSION, "User Commands",
                 "dataflow graphs written in YAML: read, validate, filter, transform, export rows");
    fputs(".SH SYNOPSIS\n", to);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++) {
        fprintf(to, "%s\\fBsluice %s\\fR ", verb == sl_verbs ? "" : ".br\n", verb->name);
        sl_roff_code(to, verb->usage);
        fputc('\n', to);
    }
    fputs(".SH DESCRIPTION\n", to);
    sl_roff_paragraphs(
        to, "Sluice runs the graphs of sluice-graph(5). What a program wants goes to standard "
            "output, all else to standard error. Errors come with their place in the file and what "
            "to do.\n\n"
            "A graph that appends commits its position together with its rows: run again after it "
            "was stopped or killed, it goes on where it stood, and each row counts once.");
    fputs(".SH VERBS\n", to);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++)
        print_verb(verb, to);
    fputs(".SH EXIT STATUS\n", to);
    sl_manual_codes(to);
    fputs(".SH ENVIRONMENT\n", to);
    print_pairs(to, environment, sizeof environment / sizeof *environment);
    fputs(".SH SEE ALSO\n.BR sluice\\-graph (5),\n.BR sluice.service (8)\n", to);
}

/* ---- The verb -------------------------------------------------------------------------------- */

static int print_graph_page(const sl_arguments *arguments)
{
    sl_session session;
    if (sl_session_begin(&session, arguments) == 0)
        sl_describe_page(session.registry, SLUICE_VERSION, stdout);
    return sl_session_done(&session);
}

int sl_verb_manual(const sl_arguments *arguments)
{
    static const struct {
        const char *name;
        void (*print)(FILE *to); /* NULL: the one that needs the stages */
    } pages[] = {
        {"sluice.1", sl_manual_command},
        {"sluice-graph.5", NULL},
        {"sluice.service.8", sl_manual_service},
        {"bash", sl_completion_bash},
        {"zsh", sl_completion_zsh},
        {"fish", sl_completion_fish},
    };
    const char *name = arguments->paths[0];
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i].name, name) != 0)
            continue;
        if (!pages[i].print)
            return print_graph_page(arguments);
        pages[i].print(stdout);
        return 0;
    }
    fprintf(stderr, "sluice: no page is named '%s'\nhint: the pages are: %s\n", name,
            SL_MANUAL_PAGES);
    return SL_CODE_USAGE;
}

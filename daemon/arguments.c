/*
 * arguments.c - reading the command line; see arguments.h.
 */
#include "daemon/arguments.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/core/value.h"

#define LOOK_LEAST 100000        /* microseconds between two looks, as the protocol has it */
#define DAY INT64_C(86400000000) /* microseconds */

static const sl_option_row option_rows[] = {
    {'s', "set", "NAME=VALUE", "set a param of the graph; may be given several times"},
    {'l', "limit", "N", "let each reader give at most N rows"},
    {'F', "fresh", NULL, "begin again, whatever earlier runs have committed"},
    {'D', "dry-run", NULL,
     "change nothing, say what would; `run` reads and writes every row for it"},
    {'S', "state", "DIR",
     "where graphs remember how far they got; default: $STATE_DIRECTORY, "
     "$XDG_STATE_HOME/sluice, ~/.local/state/sluice"},
    {'P', "plugin", "FILE.so", "load the stages of a plugin; may be given several times"},
    {'R', "root", "DIR",
     "let graphs reach only what lies beneath this directory; may be given several times"},
    {'N', "plugin", NULL, "make a plugin's folder instead of a graph"},
    {'O', "offline", NULL, "look at nothing outside the YAML: no headers, schemas or samples"},
    {'K', "socket", "PATH",
     "the daemon's control socket; default: $SLUICE_SOCKET, /run/sluice/control.sock, "
     "$XDG_RUNTIME_DIR/sluice/control.sock"},
    {'c', "config", "DIR", "the directory of graphs; default: /etc/sluice/graphs.d"},
    {'t', "stop-timeout", "TIME", "how long a stop may wait for graphs to end; default: 30s"},
    {'A', "metrics", "ADDRESS", "serve metrics and health: 127.0.0.1:9187, or unix:PATH"},
    {'B', "broken", "skip|refuse",
     "at the start, a wrong file of the directory is left out, which is the default, or is an end "
     "with 78"},
    {'W', "watch", NULL, "reload when a file of the directory changes"},
    {'w', "workers", "N", "graphs that work at once, held-up ones not counted; default: 4"},
    {'n', "rows", "N", "show so many rows, then end"},
    {'e', "where", "SQL", "only rows for which the expression is true"},
    {'i', "interval", "TIME", "time between two looks, 100ms to 24h; 0: one look; default: 1s"},
    {'f', "format", "FORMAT", "how to print"},
    {'M', "markdown", NULL, "print as Markdown"},
    {'q', "quiet", NULL, "say nothing but errors"},
    {'v', "verbose", NULL, "say more: inferred types, notes; twice: everything"},
    {'L', "log-format", "text|json", "how warnings, notes and errors are written to stderr"},
    {'C', "color", "auto|always|never", "colour on stderr; auto: on a terminal, without NO_COLOR"},
    {'h', "help", NULL, "this help"},
};
#define ROWS (sizeof option_rows / sizeof *option_rows)

const sl_option_row *sl_arguments_row(char letter)
{
    for (size_t i = 0; i < ROWS; i++)
        if (option_rows[i].letter == letter)
            return &option_rows[i];
    abort();
}

/* ---- Help ------------------------------------------------------------------------------------ */

void sl_arguments_help(FILE *to)
{
    fputs("sluice runs dataflow graphs written in YAML.\n\nusage: sluice VERB ...\n\n", to);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++)
        fprintf(to, "  %-10s %s\n", verb->name, verb->summary);
    fputs("\n`sluice VERB --help` says more of one. Start with: sluice new my-graph\n", to);
}

void sl_arguments_verb_help(const sl_verb *verb, FILE *to)
{
    fprintf(to, "usage: sluice %s %s\n\n%s\n\noptions:\n", verb->name, verb->usage, verb->summary);
    for (const char *at = verb->options; *at; at++) {
        const sl_option_row *row = sl_arguments_row(*at);
        char head[64];
        int short_form = *at >= 'a' && *at <= 'z';
        const char *argument = *at == 'f' ? verb->formats : row->argument;
        snprintf(head, sizeof head, "%s%c%s--%s%s%s", short_form ? "-" : " ",
                 short_form ? *at : ' ', short_form ? ", " : "  ", row->name, argument ? " " : "",
                 argument ? argument : "");
        fprintf(to, "  %-32s %s\n", head, row->help);
    }
    if (verb->examples)
        fprintf(to, "\nexamples:\n%s", verb->examples);
}

/* ---- Reading -----------------------------------------------------------------------------------
 */

static int wrong(const sl_verb *verb, const char *format, const char *word)
{
    fputs("sluice: ", stderr);
    fprintf(stderr, format, word); /* the formats are this file's own */
    fprintf(stderr, "\nhint: sluice %s --help\n", verb->name);
    return SL_CODE_USAGE;
}

/* The index of a word in "a|b|c"; -1: it is not there. */
static int32_t choice(const char *choices, const char *word)
{
    int32_t index = 0;
    size_t length = strlen(word);
    for (const char *at = choices; at; index++) {
        const char *bar = strchr(at, '|');
        size_t size = bar ? (size_t)(bar - at) : strlen(at);
        if (size == length && memcmp(at, word, size) == 0)
            return index;
        at = bar ? bar + 1 : NULL;
    }
    return -1;
}

static int add_setting(const sl_verb *verb, sl_arguments *arguments, char *word)
{
    char *equals = strchr(word, '=');
    if (!equals || equals == word)
        return wrong(verb, "--set wants NAME=VALUE, got '%s'", word);
    if (arguments->settings_count == SL_ARGUMENTS_MOST)
        return wrong(verb, "too many --set: '%s'", word);
    *equals = '\0';
    arguments->settings[arguments->settings_count++] =
        (sl_setting){.name = word, .value = equals + 1};
    return 0;
}

static int read_limit(const sl_verb *verb, sl_arguments *arguments, const char *word)
{
    sl_cell value;
    if (sl_value_number(word, strlen(word), &value) != SL_SPELLING_INTEGER || value.as.integer < 0)
        return wrong(verb, "--limit wants a number of rows, got '%s'", word);
    arguments->limit = value.as.integer;
    return 0;
}

static int read_count(const sl_verb *verb, const char *name, const char *word, int64_t most,
                      int64_t *count)
{
    sl_cell value;
    if (sl_value_number(word, strlen(word), &value) != SL_SPELLING_INTEGER ||
        value.as.integer < 1 || value.as.integer > most)
        return wrong(verb, name, word);
    *count = value.as.integer;
    return 0;
}

static int read_time(const sl_verb *verb, const char *name, const char *word, int64_t *time)
{
    return sl_value_duration(word, time) < 0 || *time < 0 ? wrong(verb, name, word) : 0;
}

static int read_interval(const sl_verb *verb, sl_arguments *arguments, const char *word)
{
    int64_t *time = &arguments->interval;
    if (sl_value_duration(word, time) < 0 || (*time != 0 && (*time < LOOK_LEAST || *time > DAY)))
        return wrong(verb, "--interval wants a time from 100ms to 24h, or 0, got '%s'", word);
    return 0;
}

/* Options of the daemon and of those that talk to it. */
static int take_service(const sl_verb *verb, sl_arguments *arguments, char letter, char *word)
{
    switch (letter) {
    case 'K':
        arguments->socket = word;
        return 0;
    case 'c':
        arguments->config = word;
        return 0;
    case 'A':
        arguments->metrics = word;
        return 0;
    case 'e':
        arguments->where = word;
        return 0;
    case 'B':
        if (choice("skip|refuse", word) < 0)
            return wrong(verb, "--broken is skip or refuse, not '%s'", word);
        arguments->refuse_broken = strcmp(word, "refuse") == 0;
        return 0;
    case 'W':
        arguments->watch = 1;
        return 0;
    case 'w':
        return read_count(verb, "--workers wants a number from 1 to 128, got '%s'", word, 128,
                          &arguments->workers);
    case 'n':
        return read_count(verb, "--rows wants a number from 1 to 1000000000, got '%s'", word,
                          1000000000, &arguments->rows);
    case 't':
        return read_time(verb, "--stop-timeout wants a time such as 30s, got '%s'", word,
                         &arguments->stop_timeout);
    case 'i':
        return read_interval(verb, arguments, word);
    default:
        abort();
    }
}

static int take(const sl_verb *verb, sl_arguments *arguments, char letter, char *word)
{
    switch (letter) {
    case 's':
        return add_setting(verb, arguments, word);
    case 'l':
        return read_limit(verb, arguments, word);
    case 'P':
        if (arguments->plugins_count == SL_ARGUMENTS_MOST)
            return wrong(verb, "too many --plugin: '%s'", word);
        arguments->plugins[arguments->plugins_count++] = word;
        return 0;
    case 'R':
        if (arguments->roots_count == SL_ARGUMENTS_MOST)
            return wrong(verb, "too many --root: '%s'", word);
        arguments->roots[arguments->roots_count++] = word;
        return 0;
    case 'F':
        arguments->fresh = 1;
        return 0;
    case 'D':
        arguments->rehearse = 1;
        return 0;
    case 'S':
        arguments->state = word;
        return *word ? 0 : wrong(verb, "--state wants a directory%s", "");
    case 'N':
        arguments->plugin_new = 1;
        return 0;
    case 'O':
        arguments->offline = 1;
        return 0;
    case 'f':
        if (choice(verb->formats, word) < 0)
            return wrong(verb, "--format does not know '%s'", word);
        arguments->format = word;
        arguments->json = strcmp(word, "json") == 0;
        return 0;
    case 'M':
        arguments->markdown = 1;
        return 0;
    case 'q':
        arguments->quiet = 1;
        return 0;
    case 'v':
        arguments->verbose++;
        return 0;
    case 'L':
        if (choice("text|json", word) < 0)
            return wrong(verb, "--log-format is text or json, not '%s'", word);
        arguments->log_json = strcmp(word, "json") == 0;
        return 0;
    case 'C':
        if (choice("auto|always|never", word) < 0)
            return wrong(verb, "--color is auto, always or never, not '%s'", word);
        if (strcmp(word, "auto") != 0)
            arguments->colour = strcmp(word, "always") == 0;
        return 0;
    default:
        return take_service(verb, arguments, letter, word);
    }
}

static int32_t terminal_colour(void)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && !(none && *none) &&
           !(terminal && strcmp(terminal, "dumb") == 0);
}

/* The tables of getopt_long, from those rows that the verb takes. */
static void make_tables(const sl_verb *verb, struct option *longs, char *shorts)
{
    size_t count = 0, at = 0;
    shorts[at++] = ':';
    for (const char *letter = verb->options; *letter; letter++) {
        const sl_option_row *row = sl_arguments_row(*letter);
        longs[count++] =
            (struct option){.name = row->name, .has_arg = row->argument != NULL, .val = *letter};
        if (*letter >= 'a' && *letter <= 'z') {
            shorts[at++] = *letter;
            if (row->argument)
                shorts[at++] = ':';
        }
    }
    longs[count] = (struct option){0};
    shorts[at] = '\0';
}

/* word: that which getopt has gone past; of several letters in one word it stands before. */
static int unknown_option(const sl_verb *verb, const char *word)
{
    const char letter[3] = {'-', (char)optopt, '\0'};
    int is_long = strncmp(word, "--", 2) == 0 && (optopt == 0 || strchr(word, '='));
    if (is_long && optopt)
        return wrong(verb, "'%s': this option takes no value", word);
    return wrong(verb, "no such option '%s'", is_long || optopt == 0 ? word : letter);
}

int sl_arguments_read(const sl_verb *verb, int count, char **words, sl_arguments *arguments,
                      int32_t *end)
{
    struct option longs[ROWS + 1];
    char shorts[2 * ROWS + 2];
    *arguments = (sl_arguments){.limit = -1,
                                .colour = terminal_colour(),
                                .rows = -1,
                                .workers = 4,
                                .stop_timeout = 30000000,
                                .interval = 1000000};
    *end = 1;
    make_tables(verb, longs, shorts);
    opterr = 0;
    for (;;) {
        int letter = getopt_long(count, words, shorts, longs, NULL);
        if (letter < 0)
            break;
        if (letter == 'h') {
            sl_arguments_verb_help(verb, stdout);
            return 0;
        }
        if (letter == ':')
            return wrong(verb, "'%s' wants a value", words[optind - 1]);
        if (letter == '?')
            return unknown_option(verb, words[optind - 1]);
        int code = take(verb, arguments, (char)letter, optarg);
        if (code)
            return code;
    }
    for (; optind < count; optind++) {
        if (arguments->paths_count == verb->paths_max ||
            arguments->paths_count == SL_ARGUMENTS_MOST)
            return wrong(verb, "one word too many: '%s'", words[optind]);
        arguments->paths[arguments->paths_count++] = words[optind];
    }
    if (arguments->paths_count < verb->paths_min)
        return wrong(verb, "a word is missing: %s", verb->usage);
    *end = 0;
    return 0;
}

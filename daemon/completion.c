/*
 * completion.c - completions for bash, zsh and fish, from the tables of verbs and options.
 *
 * What follows an option or a verb is read off the tables: "a|b|c" is one of these words, DIR a
 * directory, PATH any file, FILE.so a plugin, and in a verb's usage .yaml a graph.
 */
#include <string.h>

#include "daemon/manual.h"

#define FILES_GRAPHS 1u
#define FILES_DIRECTORIES 2u
#define FILES_PLUGINS 4u
#define FILES_ANY 8u

/* ---- What the tables say --------------------------------------------------------------------- */

static const char *argument_of(const sl_verb *verb, const sl_option_row *row)
{
    return row->letter == 'f' ? verb->formats : row->argument;
}

/* Whether it is a choice of words: "text|json". */
static int is_choice(const char *argument)
{
    return argument && strchr(argument, '|') && !strpbrk(argument, "ABCDEFGHIJKLMNOPQRSTUVWXYZ. ");
}

static uint32_t files_of_option(const char *argument)
{
    if (!argument || is_choice(argument))
        return 0;
    return (strstr(argument, "DIR") ? FILES_DIRECTORIES : 0u) |
           (strstr(argument, ".so") ? FILES_PLUGINS : 0u) |
           (strstr(argument, "PATH") ? FILES_ANY : 0u);
}

static uint32_t files_of_verb(const sl_verb *verb)
{
    return (strstr(verb->usage, ".yaml") ? FILES_GRAPHS : 0u) |
           (strstr(verb->usage, "DIR") ? FILES_DIRECTORIES : 0u);
}

static int has_short(const sl_option_row *row)
{
    return row->letter >= 'a' && row->letter <= 'z';
}

/* "a|b|c" with spaces between the words. */
static void put_choices(FILE *to, const char *choices, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fputc(choices[i] == '|' ? ' ' : choices[i], to);
}

/* The length of the choice with which a verb's usage begins: `ls|show|set FILE.yaml`; 0: none. */
static size_t words_of_verb(const sl_verb *verb)
{
    size_t size = strcspn(verb->usage, " ");
    return strcspn(verb->usage, "|") < size &&
                   strcspn(verb->usage, "[ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= size
               ? size
               : 0;
}

static void put_words(FILE *to, const sl_verb *verb)
{
    put_choices(to, verb->usage, words_of_verb(verb));
}

/* The inside of a string in single quotes; the characters of `also` with a backslash. */
static void put_quoted(FILE *to, const char *text, const char *also)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'') {
            fputs("'\\''", to);
            continue;
        }
        if (strchr(also, *c))
            fputc('\\', to);
        fputc(*c, to);
    }
}

static const char made[] = "# Made by `sluice manual` from the tables that --help is made from.\n";

/* ---- bash ------------------------------------------------------------------------------------ */

static void bash_files(FILE *to, uint32_t files)
{
    if (files & FILES_GRAPHS)
        fputs("_sluice_files '*.@(yaml|yml)'", to);
    else if (files & FILES_PLUGINS)
        fputs("_sluice_files '*.so'", to);
    else if (files & FILES_ANY)
        fputs("_sluice_files '*'", to);
    else if (files & FILES_DIRECTORIES)
        fputs("_sluice_files ''", to);
    else
        fputs(":", to);
}

static void bash_options(FILE *to, const sl_verb *verb)
{
    fprintf(to, "    %s)\n        options='", verb->name);
    for (const char *at = verb->options; *at; at++)
        fprintf(to, "%s--%s", at == verb->options ? "" : " ", sl_arguments_row(*at)->name);
    fputs("'\n        case $previous in\n", to);
    for (const char *at = verb->options; *at; at++) {
        const sl_option_row *row = sl_arguments_row(*at);
        const char *argument = argument_of(verb, row);
        if (!argument)
            continue;
        if (has_short(row))
            fprintf(to, "        --%s | -%c) ", row->name, row->letter);
        else
            fprintf(to, "        --%s) ", row->name);
        if (is_choice(argument)) {
            fputs("_sluice_words '", to);
            put_choices(to, argument, strlen(argument));
            fputs("'", to);
        } else {
            bash_files(to, files_of_option(argument));
        }
        fputs("; return ;;\n", to);
    }
    fputs("        esac\n        [[ $current == -* ]] && { _sluice_words \"$options\"; return; }\n"
          "        ",
          to);
    if (words_of_verb(verb)) {
        fputs("((COMP_CWORD == 2)) && { _sluice_words '", to);
        put_words(to, verb);
        fputs("'; return; }\n        ", to);
    }
    bash_files(to, files_of_verb(verb));
    fputs("\n        ;;\n", to);
}

void sl_completion_bash(FILE *to)
{
    fprintf(to, "# bash completion of sluice\n%s", made);
    fputs("\n_sluice_words() {\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\")\n}\n\n"
          "# Directories, and the files that a pattern fits.\n"
          "_sluice_files() {\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(\n"
          "        compgen -d -- \"$current\"\n"
          "        shopt -s extglob\n"
          "        [[ -n $1 ]] && compgen -f -X \"!$1\" -- \"$current\"\n    )\n}\n\n"
          "_sluice() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} "
          "options\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n        _sluice_words '",
          to);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++)
        fprintf(to, "%s ", verb->name);
    fputs("--help --version'\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n", to);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++)
        bash_options(to, verb);
    fputs("    esac\n}\n\ncomplete -F _sluice sluice\n", to);
}

/* ---- zsh ------------------------------------------------------------------------------------- */

static void zsh_files(FILE *to, uint32_t files)
{
    if (files & FILES_GRAPHS)
        fputs("graph:_files -g \"*.y(a|)ml(-.)\"", to);
    else if (files & FILES_PLUGINS)
        fputs("plugin:_files -g \"*.so(-.)\"", to);
    else if (files & FILES_ANY)
        fputs("path:_files", to);
    else if (files & FILES_DIRECTORIES)
        fputs("directory:_files -/", to);
    else
        fputs("word: ", to);
}

static void zsh_choices(FILE *to, const char *choices)
{
    fputs("word:(", to);
    put_choices(to, choices, strlen(choices));
    fputs(")", to);
}

static void zsh_option(FILE *to, const sl_verb *verb, const sl_option_row *row)
{
    const char *argument = argument_of(verb, row);
    fputs(" \\\n            '*'", to);
    if (has_short(row))
        fprintf(to, "{-%c,--%s}", row->letter, row->name);
    else
        fprintf(to, "--%s", row->name);
    fputs("'[", to);
    put_quoted(to, row->help, "[]:");
    fputs("]", to);
    if (argument) {
        fputs(":", to);
        if (is_choice(argument))
            zsh_choices(to, argument);
        else
            zsh_files(to, files_of_option(argument));
    }
    fputs("'", to);
}

void sl_completion_zsh(FILE *to)
{
    fprintf(to, "#compdef sluice\n%s", made);
    fputs("\n_sluice() {\n    local -a verbs=(\n", to);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++) {
        fprintf(to, "        '%s:", verb->name);
        put_quoted(to, verb->summary, ":");
        fputs("'\n", to);
    }
    fputs("    )\n    if ((CURRENT == 2)); then\n        _describe verb verbs\n        return\n    "
          "fi\n"
          "    shift words\n    ((CURRENT--))\n    case $words[1] in\n",
          to);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++) {
        fprintf(to, "    %s)\n        _arguments", verb->name);
        for (const char *at = verb->options; *at; at++)
            zsh_option(to, verb, sl_arguments_row(*at));
        if (words_of_verb(verb)) {
            fputs(" \\\n            '1:word:(", to);
            put_words(to, verb);
            fputs(")'", to);
        }
        if (verb->paths_max > 0 && words_of_verb(verb) < strlen(verb->usage)) {
            fputs(" \\\n            '*:", to);
            zsh_files(to, files_of_verb(verb));
            fputs("'", to);
        }
        fputs("\n        ;;\n", to);
    }
    fputs("    esac\n}\n\n_sluice \"$@\"\n", to);
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void fish_files(FILE *to, uint32_t files)
{
    if (files & FILES_GRAPHS)
        fputs(" -k -a '(__fish_complete_suffix .yaml)'", to);
    else if (files & FILES_PLUGINS)
        fputs(" -k -a '(__fish_complete_suffix .so)'", to);
    else if (files & FILES_ANY)
        fputs(" -F", to);
    else if (files & FILES_DIRECTORIES)
        fputs(" -a '(__fish_complete_directories)'", to);
}

static void fish_choices(FILE *to, const char *choices)
{
    fputs(" -a '", to);
    put_choices(to, choices, strlen(choices));
    fputs("'", to);
}

static void fish_option(FILE *to, const sl_verb *verb, const sl_option_row *row)
{
    const char *argument = argument_of(verb, row);
    fprintf(to, "complete -c sluice -n '__fish_seen_subcommand_from %s' -l %s", verb->name,
            row->name);
    if (has_short(row))
        fprintf(to, " -s %c", row->letter);
    if (argument) {
        fputs(files_of_option(argument) & FILES_ANY ? " -r" : " -x", to);
        if (is_choice(argument))
            fish_choices(to, argument);
        else
            fish_files(to, files_of_option(argument));
    }
    fputs(" -d '", to);
    put_quoted(to, row->help, "\\");
    fputs("'\n", to);
}

static void fish_words(FILE *to, const sl_verb *verb)
{
    if (words_of_verb(verb)) {
        fprintf(to,
                "complete -c sluice -n '__fish_seen_subcommand_from %s; and not "
                "__fish_seen_subcommand_from ",
                verb->name);
        put_words(to, verb);
        fputs("' -a '", to);
        put_words(to, verb);
        fputs("'\n", to);
    }
    if (files_of_verb(verb)) {
        fprintf(to, "complete -c sluice -n '__fish_seen_subcommand_from %s'", verb->name);
        fish_files(to, files_of_verb(verb));
        fputs("\n", to);
    }
}

void sl_completion_fish(FILE *to)
{
    fprintf(to, "# fish completion of sluice\n%s\ncomplete -c sluice -f\n", made);
    for (const sl_verb *verb = sl_verbs; verb->name; verb++) {
        fprintf(to, "complete -c sluice -n __fish_use_subcommand -a %s -d '", verb->name);
        put_quoted(to, verb->summary, "\\");
        fputs("'\n", to);
        for (const char *at = verb->options; *at; at++)
            fish_option(to, verb, sl_arguments_row(*at));
        fish_words(to, verb);
    }
}

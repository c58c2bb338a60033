/*
 * main.c - the command: its verbs, and which one was said.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/manual.h"
#include "daemon/verbs.h"
#include "stages/core/value.h"

const sl_verb sl_verbs[] = {
    {
        .name = "run",
        .usage = "FILE.yaml [options]",
        .summary = "run a graph in the foreground, to its end",
        .options = "slFDSPRqvfLCh",
        .formats = "text|json",
        .examples = "  sluice run orders.yaml --set input=march.csv\n"
                    "  sluice run orders.yaml --limit 1000 -v\n"
                    "  sluice run orders.yaml --dry-run\n"
                    "  sluice run orders.yaml --format json >summary.json\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_run,
    },
    {
        .name = "check",
        .usage = "FILE.yaml|DIRECTORY ... [options]",
        .summary = "find every error, print the plan and what it promises; moves no row",
        .options = "sSPROqvfLCh",
        .formats = "text|json",
        .examples = "  sluice check orders.yaml\n  sluice check --offline graphs/\n",
        .paths_min = 1,
        .paths_max = SL_ARGUMENTS_MOST,
        .run = sl_verb_check,
    },
    {
        .name = "checkpoint",
        .usage = "ls|show|set|rewind|drop FILE.yaml|GRAPH [EXPORTER | READER POSITION] [options]",
        .summary = "show or change where the next run of a graph goes on",
        .options = "sSPKqvfLCh",
        .formats = "text|json",
        .examples =
            "  sluice checkpoint ls orders.yaml\n"
            "  sluice checkpoint orders                the same of a graph of the daemon: a word\n"
            "                                          without '/', .yaml and .yml that names no "
            "file\n"
            "  sluice checkpoint show orders.yaml sqlite\n"
            "  sluice checkpoint set orders.yaml csv '{\"file\":\"orders.csv\",\"byte\":0}'\n"
            "  sluice checkpoint rewind orders.yaml    read again from the start\n"
            "  sluice checkpoint drop orders.yaml      forget everything\n",
        .paths_min = 1,
        .paths_max = 4,
        .run = sl_verb_checkpoint,
    },
    {
        .name = "rejects",
        .usage = "ls|show|retry|drop FILE.yaml|GRAPH [ROWID ...] [options]",
        .summary = "show rejected rows that are kept in SQLite, try them again, delete them",
        .options = "sSPKqvfLCh",
        .formats = "text|json",
        .examples =
            "  sluice rejects ls orders.yaml           how many, by stage and reason\n"
            "  sluice rejects orders                   the same of a graph of the daemon: a word\n"
            "                                          without '/', .yaml and .yml that names no "
            "file\n"
            "  sluice rejects show orders.yaml 12 13\n"
            "  sluice rejects retry orders.yaml        after a rule or `_values` was mended\n"
            "  sluice rejects drop orders.yaml 12\n",
        .paths_min = 1,
        .paths_max = SL_ARGUMENTS_MOST,
        .run = sl_verb_rejects,
    },
    {
        .name = "graph",
        .usage = "FILE.yaml [options]",
        .summary = "draw a graph: as text, for Graphviz or Mermaid",
        .options = "sPfCh",
        .formats = "text|dot|mermaid",
        .examples = "  sluice graph orders.yaml --format dot | dot -Tsvg >orders.svg\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_graph,
    },
    {
        .name = "where",
        .usage = "DATABASE TABLE ROWID [options]",
        .summary = "print where a row came from: file and line, or database, table and key",
        .options = "fLCh",
        .formats = "text|json",
        .examples = "  sluice where orders.db paid 17\n"
                    "  sluice where orders.db paid 17 --format json\n",
        .paths_min = 3,
        .paths_max = 3,
        .run = sl_verb_where,
    },
    {
        .name = "stages",
        .usage = "[NAME ...] [options]",
        .summary = "list the stage types, or print the manual of some",
        .options = "PMfh",
        .formats = "text|json",
        .examples = "  sluice stages csv\n  sluice stages --markdown >stages.md\n",
        .paths_min = 0,
        .paths_max = SL_ARGUMENTS_MOST,
        .run = sl_verb_stages,
    },
    {
        .name = "schema",
        .usage = "[options]",
        .summary = "print the JSON Schema of the YAML language, for editors",
        .options = "Ph",
        .examples = "  sluice schema >sluice.schema.json\n",
        .run = sl_verb_schema,
    },
    {
        .name = "daemon",
        .usage = "[options]",
        .summary = "run all graphs of a directory, as a service",
        .options = "cKStABWwPRqvLCh",
        .formats = "text|json",
        .examples = "  sluice daemon --config graphs --socket /tmp/sluice.sock\n",
        .paths_min = 0,
        .paths_max = 0,
        .run = sl_verb_daemon,
    },
    {
        .name = "status",
        .usage = "[GRAPH] [options]",
        .summary = "what the daemon's graphs do",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice status\n"
                    "  sluice status orders --format json\n",
        .paths_min = 0,
        .paths_max = 1,
        .run = sl_verb_status,
    },
    {
        .name = "top",
        .usage = "[GRAPH] [options]",
        .summary = "watch the stages: rows a second, rejects, what waits",
        .options = "iKfCh",
        .formats = "text|json",
        .examples = "  sluice top\n"
                    "  sluice top orders --interval 5s\n",
        .paths_min = 0,
        .paths_max = 1,
        .run = sl_verb_top,
    },
    {
        .name = "tap",
        .usage = "GRAPH.STAGE [options]",
        .summary = "show rows as they pass a stage; the graph is not held up",
        .options = "neKfCh",
        .formats = "json",
        .examples = "  sluice tap orders.where -n 10\n"
                    "  sluice tap orders.csv --where \"amount > 1000\"\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_tap,
    },
    {
        .name = "pause",
        .usage = "GRAPH [options]",
        .summary = "let a graph rest between two batches",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice pause orders\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_pause,
    },
    {
        .name = "resume",
        .usage = "GRAPH [options]",
        .summary = "let a paused graph go on",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice resume orders\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_resume,
    },
    {
        .name = "stop",
        .usage = "GRAPH [options]",
        .summary = "end a graph in order; it stays stopped",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice stop orders\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_stop,
    },
    {
        .name = "start",
        .usage = "GRAPH [options]",
        .summary = "start a graph that is stopped or has failed",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice start orders\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_start,
    },
    {
        .name = "run-now",
        .usage = "GRAPH [options]",
        .summary = "run a graph now, whatever its schedule says",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice run-now orders\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_run_now,
    },
    {
        .name = "step",
        .usage = "GRAPH [BATCHES] [options]",
        .summary = "let a paused graph make so many steps of one batch",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice step orders 3\n",
        .paths_min = 1,
        .paths_max = 2,
        .run = sl_verb_step,
    },
    {
        .name = "send",
        .usage = "GRAPH.STAGE MESSAGE [JSON] [options]",
        .summary = "send a message to a stage of a running graph",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice send orders.limit rows '{\"rows\": 100}'\n",
        .paths_min = 2,
        .paths_max = 3,
        .run = sl_verb_send,
    },
    {
        .name = "raise",
        .usage = "GRAPH.STAGE REASON [options]",
        .summary = "raise an error in a stage of a running graph",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice raise orders.csv 'a drill'\n",
        .paths_min = 2,
        .paths_max = 2,
        .run = sl_verb_raise,
    },
    {
        .name = "reload",
        .usage = "[options]",
        .summary = "read the directory of graphs again; waits for the result",
        .options = "DKfCh",
        .formats = "text|json",
        .examples = "  sluice reload --dry-run\n"
                    "  sluice reload\n",
        .paths_min = 0,
        .paths_max = 0,
        .run = sl_verb_reload,
    },
    {
        .name = "log-level",
        .usage = "LEVEL [GRAPH] [options]",
        .summary = "how much the daemon says: error, warning, note, debug",
        .options = "KfCh",
        .formats = "text|json",
        .examples = "  sluice log-level note orders\n",
        .paths_min = 1,
        .paths_max = 2,
        .run = sl_verb_log_level,
    },
    {
        .name = "new",
        .usage = "NAME [options]",
        .summary = "write a commented starter graph, or a plugin's folder",
        .options = "Nh",
        .examples = "  sluice new orders\n  sluice new --plugin capitals\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_new,
    },
    {
        .name = "access",
        .usage = "FILE.yaml|DIRECTORY ... [options]",
        .summary = "print the drop-in that lets the service reach the files that graphs name",
        .options = "sPfLCh",
        .formats = "text|json",
        .examples = "  sluice access /etc/sluice/graphs.d "
                    ">/etc/systemd/system/sluice.service.d/access.conf\n",
        .paths_min = 1,
        .paths_max = SL_ARGUMENTS_MOST,
        .run = sl_verb_access,
    },
    {
        .name = "manual",
        .usage = SL_MANUAL_PAGES,
        .summary = "print a manual page, or the completions of a shell",
        .options = "Ph",
        .examples = "  sluice manual sluice.1 | man -l -\n  source <(sluice manual bash)\n",
        .paths_min = 1,
        .paths_max = 1,
        .run = sl_verb_manual,
    },
    {
        .name = "version",
        .usage = "[options]",
        .summary = "print the version, the stage ABI and the libraries",
        .options = "fh",
        .formats = "text|json",
        .run = sl_verb_version,
    },
    {0},
};

static const sl_verb *verb_named(const char *word)
{
    for (const sl_verb *verb = sl_verbs; verb->name; verb++)
        if (strcmp(verb->name, word) == 0)
            return verb;
    return NULL;
}

static int unknown_verb(const char *word)
{
    const char *names[sizeof sl_verbs / sizeof *sl_verbs];
    size_t count = 0;
    for (const sl_verb *verb = sl_verbs; verb->name; verb++)
        names[count++] = verb->name;
    const char *near = sl_value_nearest(word, names, count);
    size_t length = strlen(word);
    fprintf(stderr, "sluice: no such verb '%s'\n", word);
    if (length > 5 && strcmp(word + length - 5, ".yaml") == 0)
        fprintf(stderr, "hint: sluice run %s\n", word);
    else if (near)
        fprintf(stderr, "hint: did you mean '%s'?\n", near);
    else
        fputs("hint: sluice --help lists the verbs\n", stderr);
    return SL_CODE_USAGE;
}

/* What was printed must have arrived: a full disk is a failure. A reader that has had enough
 * (`| head`) is told nothing, as by any command that SIGPIPE ends. */
static int flushed(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (poll(&out, 1, 0) == 1 && out.revents & POLLERR)
        return code ? code : 128 + SIGPIPE;
    fputs("sluice: cannot write to standard output\n", stderr);
    return code ? code : SL_CODE_IO;
}

int main(int count, char **words)
{
    signal(SIGPIPE, SIG_IGN);
    const char *word = count > 1 ? words[1] : "--help";
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        word = "version";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        sl_arguments_help(count > 1 ? stdout : stderr);
        return count > 1 ? flushed(0) : SL_CODE_USAGE;
    }
    const sl_verb *verb = verb_named(word);
    if (!verb)
        return unknown_verb(word);
    static sl_arguments arguments;
    int32_t end;
    int code = sl_arguments_read(verb, count - 1, words + 1, &arguments, &end);
    return flushed(end ? code : verb->run(&arguments));
}

/*
 * top.c - `sluice top`: what the stages of a daemon's graphs do, look after look.
 *
 * On a terminal each look takes the place of the last one and fits its size; otherwise looks follow
 * each other.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/client.h"
#include "daemon/verbs.h"
#include "stages/json.h"

#define NAME 21 /* columns for a name, and a terminator */

typedef struct line { /* a stage, as of the last look */
    char name[320];   /* GRAPH.STAGE */
    char state[32];
    int64_t in, out, rejected, busy, memory, done, total;
    int64_t in_before, out_before, busy_before;
    int32_t seen;   /* in this look */
    int32_t known;  /* there was a look before */
    char waits[16]; /* for what */
} line;

typedef struct screen {
    line *lines;
    size_t count;
    int64_t at, before; /* monotonic microseconds of the looks */
    int32_t terminal;
} screen;

static line *line_of(screen *on, const char *name)
{
    for (size_t i = 0; i < on->count; i++)
        if (strcmp(on->lines[i].name, name) == 0)
            return &on->lines[i];
    line *lines = realloc(on->lines, (on->count + 1) * sizeof *lines);
    if (!lines)
        return NULL;
    on->lines = lines;
    line *made = &lines[on->count++];
    *made = (line){0};
    snprintf(made->name, sizeof made->name, "%.*s", (int)sizeof made->name - 1, name);
    return made;
}

/* "GRAPH.STAGE"; where that is too long the graph's end is left out, and marked. */
static void shorten(char *to, size_t size, const char *name)
{
    size_t length = strlen(name);
    const char *stage = strrchr(name, '.');
    size_t behind = stage ? strlen(stage) : 0;
    if (length < size)
        memcpy(to, name, length + 1);
    else if (behind + 4 < size)
        snprintf(to, size, "%.*s~%s", (int)(size - 2 - behind), name, stage);
    else
        snprintf(to, size, "%.*s", (int)size - 1, name);
}

typedef struct graph_seen {
    screen *on;
    char name[192], state[32];
} graph_seen;

static void take_stage(void *of, const char *json)
{
    const graph_seen *graph = of;
    char stage[128] = "", name[320];
    sl_json_get_text(json, "stage", stage, sizeof stage);
    snprintf(name, sizeof name, "%s.%s", graph->name, stage);
    line *at = line_of(graph->on, name);
    if (!at)
        return;
    memcpy(at->state, graph->state, sizeof at->state);
    at->in_before = at->in;
    at->out_before = at->out;
    at->busy_before = at->busy;
    at->in = sl_client_number(json, "rows_in");
    at->out = sl_client_number(json, "rows_out");
    at->rejected = sl_client_number(json, "rejected");
    at->busy = sl_client_number(json, "busy_microseconds");
    at->memory = sl_client_number(json, "memory_bytes");
    at->done = sl_client_number(json, "source_bytes");
    at->total = sl_client_number(json, "source_bytes_total");
    *at->waits = '\0';
    sl_json_get_text(json, "waits_for", at->waits, sizeof at->waits);
    at->seen = 1;
}

static void take_graph(screen *on, const char *json)
{
    graph_seen graph = {.on = on};
    sl_json_get_text(json, "name", graph.name, sizeof graph.name);
    sl_json_get_text(json, "state", graph.state, sizeof graph.state);
    sl_client_each_stage(json, take_stage, &graph);
}

/* 12345678 -> "12.3M". */
static const char *short_number(double value, char text[16])
{
    static const char units[] = " kMGT";
    size_t unit = 0;
    while (value >= 9999.5 && unit < 4) {
        value /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(text, 16, "%.0f", value);
    else
        snprintf(text, 16, "%.1f%c", value, units[unit]);
    return text;
}

static void print_line(const line *at, double seconds, int width)
{
    char in[16], out[16], rejected[16], memory[16], lag[24] = "";
    int32_t rates = at->known && seconds > 0 && at->in >= at->in_before;
    double in_rate = rates ? (double)(at->in - at->in_before) / seconds : 0;
    double out_rate = rates ? (double)(at->out - at->out_before) / seconds : 0;
    double busy = rates ? (double)(at->busy - at->busy_before) / 1e4 / seconds : 0;
    if (at->total > 0)
        snprintf(lag, sizeof lag, "%3.0f%%", 100.0 * (double)at->done / (double)at->total);
    char text[256], name[NAME];
    shorten(name, sizeof name, at->name);
    snprintf(text, sizeof text, "%-20s %-9.9s %7s %7s %7s %5.1f %7s %4s %-5.5s", name, at->state,
             short_number(in_rate, in), short_number(out_rate, out),
             short_number((double)at->rejected, rejected), busy,
             short_number((double)at->memory, memory), lag,
             strcmp(at->waits, "descriptor") == 0 ? "fd" : at->waits);
    printf("%.*s\n", width, text);
}

static void print_look(screen *on)
{
    struct winsize size = {0};
    int width = 200, height = 100000;
    double seconds = on->before > 0 ? (double)(on->at - on->before) / 1e6 : 0;
    if (on->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        width = size.ws_col - 1;
        height = size.ws_row;
    }
    if (on->terminal)
        fputs("\033[H\033[J", stdout);
    char head[128];
    snprintf(head, sizeof head, "%-20s %-9s %7s %7s %7s %5s %7s %4s %s", "GRAPH.STAGE", "STATE",
             "IN/s", "OUT/s", "REJECT", "BUSY%", "MEMORY", "READ", "WAITS");
    printf("%.*s\n", width, head);
    int left = height - 3, more = 0;
    for (size_t i = 0; i < on->count; i++) {
        line *at = &on->lines[i];
        if (at->seen > 0 && left-- > 0)
            print_line(at, seconds, width);
        else
            more += at->seen > 0;
        at->known = at->seen > 0;
        at->seen = 0;
    }
    if (more > 0)
        printf("%.*s\n", width, "... and more: `sluice top GRAPH` shows those of one graph");
    if (!on->terminal)
        putchar('\n');
    fflush(stdout);
}

static int look(void *of, const sl_reply *reply)
{
    screen *on = of;
    if (!reply->item)
        return 0;
    if (strcmp(reply->item, "graph") == 0)
        take_graph(on, reply->json);
    if (strcmp(reply->item, "look") == 0) {
        on->before = on->at;
        on->at = sl_client_number(reply->json, "monotonic_microseconds");
        print_look(on);
    }
    return ferror(stdout) != 0;
}

int sl_verb_top(const sl_arguments *arguments)
{
    screen on = {.terminal = isatty(STDOUT_FILENO)};
    sl_request request = sl_client_request(SL_VERB_TOP);
    request.graph = arguments->paths_count > 0 ? arguments->paths[0] : NULL;
    request.interval = arguments->interval > 0 ? arguments->interval : -1;
    int code =
        sl_client_ask(arguments, &request, arguments->json ? sl_client_print_json : look, &on);
    free(on.lines);
    return code;
}

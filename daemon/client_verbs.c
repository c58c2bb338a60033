/*
 * client_verbs.c - the verbs that ask a daemon, and how they print what it answers.
 *
 * Deliberately elsewhere: the conversation (client.c), `top` (top.c), `checkpoint` and `rejects`
 * (inquiry_verb.c).
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/client.h"
#include "daemon/verbs.h"
#include "stages/core/value.h"
#include "stages/json.h"

#define BATCHES_MOST 1000000000 /* as the protocol has it */

/* A request about the stage that the first word names: "GRAPH.STAGE". 0, or -1: it names none,
 * said. What the request holds lasts until the next call. */
static int ask_stage(const sl_arguments *arguments, sl_verb_id verb, sl_request *request)
{
    static char graph[4096];
    const char *word = arguments->paths[0], *dot = strrchr(word, '.');
    size_t length = dot ? (size_t)(dot - word) : 0;
    if (length == 0 || length >= sizeof graph || !dot[1]) {
        fprintf(stderr, "sluice: '%s' names no stage\nhint: write GRAPH.STAGE\n", word);
        return -1;
    }
    memcpy(graph, word, length);
    graph[length] = '\0';
    *request = sl_client_request(verb);
    request->graph = graph;
    request->stage = dot + 1;
    return 0;
}

/* ---- Printing ------------------------------------------------------------------------------- */

static void print_time(int64_t at)
{
    char text[32];
    time_t seconds = (time_t)(at / 1000000);
    struct tm local;
    localtime_r(&seconds, &local);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    fputs(text, stdout);
}

static void print_stage(void *of, const char *json)
{
    char name[128], type[64], role[32], kind[100];
    (void)of;
    snprintf(kind, sizeof kind, "%s %s", sl_client_text(json, "type", type, sizeof type),
             sl_client_text(json, "role", role, sizeof role));
    printf("    %-20s %-22s %10lld in %10lld out %8lld rejected\n",
           sl_client_text(json, "stage", name, sizeof name), kind,
           (long long)sl_client_number(json, "rows_in"),
           (long long)sl_client_number(json, "rows_out"),
           (long long)sl_client_number(json, "rejected"));
}

static int print_graph(void *of, const sl_reply *reply)
{
    const sl_arguments *arguments = of;
    char name[192], state[32], error[1024], file[1024];
    if (!reply->item)
        return 0;
    if (strcmp(reply->item, "broken") == 0) {
        printf("%-24s %-10s %s\n", sl_client_text(reply->json, "file", file, sizeof file), "broken",
               sl_client_text(reply->json, "error", error, sizeof error));
        return 0;
    }
    printf("%-24s %-10s", sl_client_text(reply->json, "name", name, sizeof name),
           sl_client_text(reply->json, "state", state, sizeof state));
    int64_t next = sl_client_number(reply->json, "next"),
            failures = sl_client_number(reply->json, "failures");
    if (next > 0 && next < INT64_MAX) {
        fputs(" next ", stdout);
        print_time(next);
    }
    int64_t runs = sl_client_number(reply->json, "runs");
    printf(" %lld run%s", (long long)runs, runs == 1 ? "" : "s");
    if (failures > 0)
        printf(", %lld failed", (long long)failures);
    fputs("\n", stdout);
    if (failures > 0 && *sl_client_text(reply->json, "error", error, sizeof error))
        printf("    %s\n", error);
    if (arguments->paths_count > 0)
        sl_client_each_stage(reply->json, print_stage, NULL);
    return 0;
}

/* ---- Verbs ---------------------------------------------------------------------------------- */

int sl_verb_status(const sl_arguments *arguments)
{
    sl_request request = sl_client_request(SL_VERB_STATUS);
    sl_arguments copy = *arguments;
    request.graph = arguments->paths_count > 0 ? arguments->paths[0] : NULL;
    return sl_client_ask(arguments, &request, arguments->json ? sl_client_print_json : print_graph,
                         &copy);
}

static int print_state(void *of, const sl_reply *reply)
{
    char name[192], state[32], error[1024];
    (void)of;
    sl_json_value paused;
    int rests = sl_json_get(reply->json, "paused", &paused) == 1 && paused.kind == SL_JSON_TRUE;
    sl_client_text(reply->json, "state", state, sizeof state);
    printf("%s: %s%s\n", sl_client_text(reply->json, "graph", name, sizeof name), state,
           rests && strcmp(state, "paused") != 0 ? "; when it runs next, it is paused" : "");
    if (strcmp(state, "failed") == 0 || strcmp(state, "backoff") == 0)
        printf("    %s\n", sl_client_text(reply->json, "error", error, sizeof error));
    return 0;
}

static int act(const sl_arguments *arguments, sl_verb_id verb)
{
    sl_request request = sl_client_request(verb);
    request.graph = arguments->paths[0];
    if (arguments->paths_count > 1) {
        const char *word = arguments->paths[1];
        sl_cell value;
        if (sl_value_number(word, strlen(word), &value) != SL_SPELLING_INTEGER ||
            value.as.integer < 1 || value.as.integer > BATCHES_MOST) {
            fprintf(stderr,
                    "sluice: step wants a number of batches from 1 to %d, got '%s'\n"
                    "hint: sluice step GRAPH 3\n",
                    BATCHES_MOST, word);
            return SL_CODE_USAGE;
        }
        request.batches = value.as.integer;
    }
    return sl_client_ask(arguments, &request, arguments->json ? sl_client_print_json : print_state,
                         NULL);
}

int sl_verb_pause(const sl_arguments *arguments)
{
    return act(arguments, SL_VERB_PAUSE);
}

int sl_verb_step(const sl_arguments *arguments)
{
    return act(arguments, SL_VERB_STEP);
}

int sl_verb_resume(const sl_arguments *arguments)
{
    return act(arguments, SL_VERB_RESUME);
}

int sl_verb_stop(const sl_arguments *arguments)
{
    return act(arguments, SL_VERB_STOP);
}

int sl_verb_start(const sl_arguments *arguments)
{
    return act(arguments, SL_VERB_START);
}

int sl_verb_run_now(const sl_arguments *arguments)
{
    return act(arguments, SL_VERB_RUN_NOW);
}

static int print_member(void *of, const sl_reply *reply)
{
    sl_json_value value;
    if (sl_json_get(reply->json, of, &value) == 1)
        printf("%.*s\n", (int)value.size, value.text);
    return 0;
}

int sl_verb_send(const sl_arguments *arguments)
{
    static char member_name[] = "answer";
    sl_request request;
    if (ask_stage(arguments, SL_VERB_SEND, &request) < 0)
        return SL_CODE_USAGE;
    request.message = arguments->paths[1];
    request.arguments = arguments->paths_count > 2 ? arguments->paths[2] : NULL;
    if (request.arguments && !sl_json_valid(request.arguments, strlen(request.arguments))) {
        fprintf(stderr,
                "sluice: what goes with the message is no JSON: '%s'\n"
                "hint: sluice send GRAPH.STAGE MESSAGE '{\"rows\": 100}'\n",
                request.arguments);
        return SL_CODE_USAGE;
    }
    return sl_client_ask(arguments, &request, arguments->json ? sl_client_print_json : print_member,
                         member_name);
}

static int print_raised(void *of, const sl_reply *reply)
{
    char state[32], error[1024];
    sl_json_value handled;
    (void)of;
    int went_on =
        sl_json_get(reply->json, "handled", &handled) == 1 && handled.kind == SL_JSON_TRUE;
    printf("%s: the graph is %s\n", went_on ? "handled" : "not handled",
           sl_client_text(reply->json, "state", state, sizeof state));
    if (!went_on)
        printf("    %s\n", sl_client_text(reply->json, "error", error, sizeof error));
    return 0;
}

int sl_verb_raise(const sl_arguments *arguments)
{
    sl_request request;
    if (ask_stage(arguments, SL_VERB_RAISE, &request) < 0)
        return SL_CODE_USAGE;
    request.message = arguments->paths[1];
    return sl_client_ask(arguments, &request, arguments->json ? sl_client_print_json : print_raised,
                         NULL);
}

static int print_row(void *of, const sl_reply *reply)
{
    sl_json_value row;
    char state[32];
    if (!reply->item) {
        if (sl_json_get(reply->json, "ended", &row) == 1 && row.kind == SL_JSON_TRUE)
            fprintf(stderr, "sluice: the run of graph '%s' that was tapped has ended: it is %s\n",
                    (const char *)of, sl_client_text(reply->json, "state", state, sizeof state));
        return 0;
    }
    if (strcmp(reply->item, "missed") == 0)
        fprintf(stderr, "sluice: %lld rows were passed over: this is a sample\n",
                (long long)sl_client_number(reply->json, "rows"));
    else if (sl_json_get(reply->json, "row", &row) == 1)
        printf("%.*s\n", (int)row.size, row.text);
    return fflush(stdout) != 0;
}

int sl_verb_tap(const sl_arguments *arguments)
{
    sl_request request;
    if (ask_stage(arguments, SL_VERB_TAP, &request) < 0)
        return SL_CODE_USAGE;
    request.where = arguments->where;
    request.rows = arguments->rows;
    return sl_client_ask(arguments, &request, print_row, (char *)request.graph);
}

static int print_change(void *of, const sl_reply *reply)
{
    char what[8], graph[192], failed[1024];
    const sl_arguments *arguments = of;
    if (!reply->item)
        return 0;
    if (strcmp(reply->item, "error") == 0) {
        sl_client_print_error(reply->json, arguments);
        return 0;
    }
    printf("%s %s\n", sl_client_text(reply->json, "what", what, sizeof what),
           sl_client_text(reply->json, "graph", graph, sizeof graph));
    if (*sl_client_text(reply->json, "failed", failed, sizeof failed))
        printf("    %s\n", failed);
    return 0;
}

int sl_verb_reload(const sl_arguments *arguments)
{
    sl_request request = sl_client_request(SL_VERB_RELOAD);
    request.rehearse = arguments->rehearse;
    sl_arguments copy = *arguments;
    return sl_client_ask(arguments, &request, arguments->json ? sl_client_print_json : print_change,
                         &copy);
}

int sl_verb_log_level(const sl_arguments *arguments)
{
    sl_request request = sl_client_request(SL_VERB_LOG_LEVEL);
    request.level = arguments->paths[0];
    request.graph = arguments->paths_count > 1 ? arguments->paths[1] : NULL;
    return sl_client_ask(arguments, &request, arguments->json ? sl_client_print_json : NULL, NULL);
}

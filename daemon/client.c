/*
 * client.c - verbs that talk to a daemon over its control socket; see client.h.
 */
#include "daemon/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control.h"
#include "daemon/verbs.h"
#include "stages/core/env.h"
#include "stages/core/value.h"
#include "stages/json.h"

#define BATCHES_MOST 1000000000     /* as the protocol has it */
#define TEXT_MOST ((size_t)1 << 20) /* bytes of a YAML file */

/* ---- The socket -------------------------------------------------------------------------------
 */

static int no_place(const struct sockaddr_un *address)
{
    if (*address->sun_path)
        fprintf(stderr,
                "sluice: the path of the socket is too long: '%s...'\nhint: a socket's path has at "
                "most %zu bytes; --socket PATH, or $SLUICE_SOCKET\n",
                address->sun_path, sizeof address->sun_path - 1);
    else
        fputs("sluice: it is not known where the daemon listens\nhint: --socket PATH, "
              "$SLUICE_SOCKET, or $XDG_RUNTIME_DIR\n",
              stderr);
    return SL_CODE_USAGE;
}

/* Why there is nobody, and what to do. The exit code. */
static int no_daemon(int error, const char *path, sl_verb_id verb)
{
    const char *hint =
        error == EACCES
            ? "only root and the group of the service may: `usermod --append --groups sluice NAME`"
        : error == ECONNREFUSED
            ? "the daemon that was there has ended: `systemctl start sluice`, or `sluice daemon`"
        : error == ENOENT ? "does it run? `systemctl status sluice`, or `sluice daemon`; another "
                            "place: --socket PATH, or $SLUICE_SOCKET"
                          : "--socket PATH, or $SLUICE_SOCKET, is where the daemon listens";
    fprintf(stderr, "sluice: cannot reach the daemon at '%s': %s\nhint: %s\n", path,
            strerror(error), hint);
    if (verb == SL_VERB_CHECKPOINT || verb == SL_VERB_REJECTS)
        fputs("hint: without a daemon, write the path of the graph's file\n", stderr);
    return error == EACCES ? SL_CODE_PERMISSION : SL_CODE_TRY_AGAIN;
}

/* 0 and the socket, or the exit code: said. */
static int connect_to(const char *given, sl_verb_id verb, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (sl_control_path(given, address.sun_path, sizeof address.sun_path) < 0)
        return no_place(&address);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && connect(*fd, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    int error = errno;
    if (*fd >= 0)
        close(*fd);
    return no_daemon(error, address.sun_path, verb);
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = send(fd, bytes, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return;
        bytes += put;
        size -= (size_t)put;
    }
}

/* ---- Errors ---------------------------------------------------------------------------------
 */

static const char *member(const char *json, const char *name, char *text, size_t size)
{
    return sl_json_get_text(json, name, text, size) == 1 ? text : "";
}

static int64_t number(const char *json, const char *name)
{
    int64_t value;
    return sl_json_get_integer(json, name, &value) == 1 ? value : 0;
}

/* The whole file, to show a line of it; NULL: it cannot be read here. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? calloc(1, TEXT_MOST + 1) : NULL;
    if (text && fread(text, 1, TEXT_MOST, file) == 0) {
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

static void print_error(const char *json, int32_t colour)
{
    char file[1024], message[1024], hint[1024], stage[128], option[128];
    char level[16];
    sl_error error = {.level = strcmp(member(json, "level", level, sizeof level), "warning") == 0
                                   ? SL_LOG_WARNING
                                   : SL_LOG_ERROR,
                      .code = (int32_t)number(json, "code"),
                      .message = member(json, "message", message, sizeof message),
                      .line = (int32_t)number(json, "line"),
                      .column = (int32_t)number(json, "column"),
                      .length = (int32_t)number(json, "length")};
    error.hint = *member(json, "hint", hint, sizeof hint) ? hint : NULL;
    error.file = *member(json, "file", file, sizeof file) ? file : NULL;
    error.stage = *member(json, "stage", stage, sizeof stage) ? stage : NULL;
    error.option = *member(json, "option", option, sizeof option) ? option : NULL;
    char *text = error.file && error.line > 0 ? read_text(error.file) : NULL;
    error.text = text;
    sl_error_print(&error, stderr, colour);
    free(text);
}

/* The member `error` of a line; NULL: there is none. Freed by the caller. */
static char *error_of(const char *line)
{
    sl_json_value error;
    return sl_json_get(line, "error", &error) == 1 ? strndup(error.text, error.size) : NULL;
}

void sl_client_print_error(const char *item, const sl_arguments *arguments)
{
    char *json = error_of(item);
    if (json)
        print_error(json, arguments->colour);
    free(json);
}

/* Why a request was refused: with its place, where it has one. */
static void print_refusal(const sl_reply *reply, const sl_arguments *arguments)
{
    sl_json_value place;
    char *json = error_of(reply->json);
    if (json &&
        (sl_json_get(json, "file", &place) == 1 || sl_json_get(json, "stage", &place) == 1)) {
        print_error(json, arguments->colour);
    } else {
        fprintf(stderr, "sluice: %s\n", reply->message ? reply->message : "the daemon refused");
        if (reply->hint)
            fprintf(stderr, "hint: %s\n", reply->hint);
    }
    free(json);
}

/* ---- A request and its answer ----------------------------------------------------------------
 */

typedef struct conversation {
    int (*item)(void *of, const sl_reply *reply);
    void *of;
    const sl_arguments *arguments;
    int code; /* -1: not over */
} conversation;

static void take_line(conversation *with, char *line, size_t length)
{
    sl_reply reply;
    char *copy = malloc(length + 1);
    if (!copy || sl_reply_read(line, length, copy, &reply) < 0) {
        fputs("sluice: the daemon's answer cannot be understood\n", stderr);
        with->code = SL_CODE_FAILED;
    } else if (reply.last && !reply.ok) {
        print_refusal(&reply, with->arguments);
        with->code = reply.code ? reply.code : SL_CODE_FAILED;
    } else {
        int stop = with->item ? with->item(with->of, &reply) : 0;
        if (reply.last || stop)
            with->code = 0;
    }
    free(copy);
}

int sl_client_ask(const sl_arguments *arguments, const sl_request *request,
                  int (*item)(void *of, const sl_reply *reply), void *of)
{
    sl_builder text = {.env = &sl_env_real};
    sl_splitter splitter = {.env = &sl_env_real};
    conversation with = {.item = item, .of = of, .arguments = arguments, .code = -1};
    char room[16384];
    int fd, code = connect_to(arguments->socket, request->verb, &fd);
    if (code)
        return code;
    sl_request_write(request, &text);
    if (text.failed)
        with.code = SL_CODE_TRY_AGAIN;
    else
        send_all(fd, text.data, text.size); /* one that has hung up may have said why before */
    sl_builder_done(&text);
    while (with.code < 0) {
        ssize_t got = read(fd, room, sizeof room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fputs("sluice: the daemon has closed the connection\nhint: it has ended, or was not "
                  "read fast enough: `sluice status`\n",
                  stderr);
            with.code = SL_CODE_TRY_AGAIN;
            break;
        }
        const char *bytes = room;
        size_t size = (size_t)got, length;
        char *line;
        int32_t more = 1;
        while (with.code < 0 &&
               (more = sl_splitter_next(&splitter, &bytes, &size, &line, &length)) > 0)
            take_line(&with, line, length);
        if (with.code < 0 && more < 0)
            with.code = SL_CODE_FAILED;
    }
    sl_splitter_done(&splitter);
    close(fd);
    return with.code;
}

sl_request sl_client_request(sl_verb_id verb)
{
    return (sl_request){.verb = verb, .rows = -1, .batches = -1, .interval = -1};
}

int sl_client_split(const char *word, char *graph, const char **stage)
{
    const char *dot = strrchr(word, '.');
    if (!dot || dot == word || !dot[1]) {
        fprintf(stderr, "sluice: '%s' names no stage\nhint: write GRAPH.STAGE\n", word);
        return -1;
    }
    memcpy(graph, word, (size_t)(dot - word));
    graph[dot - word] = '\0';
    *stage = dot + 1;
    return 0;
}

/* ---- Printing ------------------------------------------------------------------------------- */

static int print_json(void *of, const sl_reply *reply)
{
    (void)of;
    printf("%s\n", reply->json);
    return fflush(stdout) != 0;
}

static void print_time(int64_t at)
{
    char text[32];
    time_t seconds = (time_t)(at / 1000000);
    struct tm local;
    localtime_r(&seconds, &local);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    fputs(text, stdout);
}

static void print_stage(const sl_json_value *value)
{
    char json[1024], name[128], type[64], role[32], kind[100];
    if (value->size >= sizeof json)
        return;
    memcpy(json, value->text, value->size);
    json[value->size] = '\0';
    snprintf(kind, sizeof kind, "%s %s", member(json, "type", type, sizeof type),
             member(json, "role", role, sizeof role));
    printf("    %-20s %-22s %10lld in %10lld out %8lld rejected\n",
           member(json, "stage", name, sizeof name), kind, (long long)number(json, "rows_in"),
           (long long)number(json, "rows_out"), (long long)number(json, "rejected"));
}

static void print_stages(const char *json)
{
    sl_json_value list, item;
    sl_json reader;
    if (sl_json_get(json, "stages", &list) != 1)
        return;
    sl_json_open(&reader, list.text, list.size);
    if (!sl_json_enter(&reader, SL_JSON_ARRAY))
        return;
    while (sl_json_element(&reader, &item))
        print_stage(&item);
}

static int print_graph(void *of, const sl_reply *reply)
{
    const sl_arguments *arguments = of;
    char name[192], state[32], error[1024], file[1024];
    if (!reply->item)
        return 0;
    if (strcmp(reply->item, "broken") == 0) {
        printf("%-24s %-10s %s\n", member(reply->json, "file", file, sizeof file), "broken",
               member(reply->json, "error", error, sizeof error));
        return 0;
    }
    printf("%-24s %-10s", member(reply->json, "name", name, sizeof name),
           member(reply->json, "state", state, sizeof state));
    int64_t next = number(reply->json, "next"), failures = number(reply->json, "failures");
    if (next > 0 && next < INT64_MAX) {
        fputs(" next ", stdout);
        print_time(next);
    }
    int64_t runs = number(reply->json, "runs");
    printf(" %lld run%s", (long long)runs, runs == 1 ? "" : "s");
    if (failures > 0)
        printf(", %lld failed", (long long)failures);
    fputs("\n", stdout);
    if (failures > 0 && *member(reply->json, "error", error, sizeof error))
        printf("    %s\n", error);
    if (arguments->paths_count > 0)
        print_stages(reply->json);
    return 0;
}

/* ---- Verbs ---------------------------------------------------------------------------------- */

int sl_verb_status(const sl_arguments *arguments)
{
    sl_request request = sl_client_request(SL_VERB_STATUS);
    sl_arguments copy = *arguments;
    request.graph = arguments->paths_count > 0 ? arguments->paths[0] : NULL;
    return sl_client_ask(arguments, &request, arguments->json ? print_json : print_graph, &copy);
}

static int print_state(void *of, const sl_reply *reply)
{
    char name[192], state[32], error[1024];
    (void)of;
    sl_json_value paused;
    int rests = sl_json_get(reply->json, "paused", &paused) == 1 && paused.kind == SL_JSON_TRUE;
    member(reply->json, "state", state, sizeof state);
    printf("%s: %s%s\n", member(reply->json, "graph", name, sizeof name), state,
           rests && strcmp(state, "paused") != 0 ? "; when it runs next, it is paused" : "");
    if (strcmp(state, "failed") == 0 || strcmp(state, "backoff") == 0)
        printf("    %s\n", member(reply->json, "error", error, sizeof error));
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
    return sl_client_ask(arguments, &request, arguments->json ? print_json : print_state, NULL);
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
    static char graph[4096], member_name[] = "answer";
    sl_request request = sl_client_request(SL_VERB_SEND);
    if (strlen(arguments->paths[0]) >= sizeof graph ||
        sl_client_split(arguments->paths[0], graph, &request.stage) < 0)
        return SL_CODE_USAGE;
    request.graph = graph;
    request.message = arguments->paths[1];
    request.arguments = arguments->paths_count > 2 ? arguments->paths[2] : NULL;
    if (request.arguments && !sl_json_valid(request.arguments, strlen(request.arguments))) {
        fprintf(stderr,
                "sluice: what goes with the message is no JSON: '%s'\n"
                "hint: sluice send GRAPH.STAGE MESSAGE '{\"rows\": 100}'\n",
                request.arguments);
        return SL_CODE_USAGE;
    }
    return sl_client_ask(arguments, &request, arguments->json ? print_json : print_member,
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
           member(reply->json, "state", state, sizeof state));
    if (!went_on)
        printf("    %s\n", member(reply->json, "error", error, sizeof error));
    return 0;
}

int sl_verb_raise(const sl_arguments *arguments)
{
    static char graph[4096];
    sl_request request = sl_client_request(SL_VERB_RAISE);
    if (strlen(arguments->paths[0]) >= sizeof graph ||
        sl_client_split(arguments->paths[0], graph, &request.stage) < 0)
        return SL_CODE_USAGE;
    request.graph = graph;
    request.message = arguments->paths[1];
    return sl_client_ask(arguments, &request, arguments->json ? print_json : print_raised, NULL);
}

static int print_row(void *of, const sl_reply *reply)
{
    sl_json_value row;
    char state[32];
    if (!reply->item) {
        if (sl_json_get(reply->json, "ended", &row) == 1 && row.kind == SL_JSON_TRUE)
            fprintf(stderr, "sluice: the run of graph '%s' that was tapped has ended: it is %s\n",
                    (const char *)of, member(reply->json, "state", state, sizeof state));
        return 0;
    }
    if (strcmp(reply->item, "missed") == 0)
        fprintf(stderr, "sluice: %lld rows were passed over: this is a sample\n",
                (long long)number(reply->json, "rows"));
    else if (sl_json_get(reply->json, "row", &row) == 1)
        printf("%.*s\n", (int)row.size, row.text);
    return fflush(stdout) != 0;
}

int sl_verb_tap(const sl_arguments *arguments)
{
    static char graph[4096];
    sl_request request = sl_client_request(SL_VERB_TAP);
    if (strlen(arguments->paths[0]) >= sizeof graph ||
        sl_client_split(arguments->paths[0], graph, &request.stage) < 0)
        return SL_CODE_USAGE;
    request.graph = graph;
    request.where = arguments->where;
    request.rows = arguments->rows;
    return sl_client_ask(arguments, &request, print_row, graph);
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
    printf("%s %s\n", member(reply->json, "what", what, sizeof what),
           member(reply->json, "graph", graph, sizeof graph));
    if (*member(reply->json, "failed", failed, sizeof failed))
        printf("    %s\n", failed);
    return 0;
}

int sl_verb_reload(const sl_arguments *arguments)
{
    sl_request request = sl_client_request(SL_VERB_RELOAD);
    request.rehearse = arguments->rehearse;
    sl_arguments copy = *arguments;
    return sl_client_ask(arguments, &request, arguments->json ? print_json : print_change, &copy);
}

int sl_verb_log_level(const sl_arguments *arguments)
{
    sl_request request = sl_client_request(SL_VERB_LOG_LEVEL);
    request.level = arguments->paths[0];
    request.graph = arguments->paths_count > 1 ? arguments->paths[1] : NULL;
    return sl_client_ask(arguments, &request, arguments->json ? print_json : NULL, NULL);
}

/*
 * client.c - see client.h.
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

const char *sl_client_text(const char *json, const char *name, char *text, size_t size)
{
    return sl_json_get_text(json, name, text, size) == 1 ? text : "";
}

int64_t sl_client_number(const char *json, const char *name)
{
    int64_t value;
    return sl_json_get_integer(json, name, &value) == 1 ? value : 0;
}

int sl_client_print_json(void *of, const sl_reply *reply)
{
    (void)of;
    printf("%s\n", reply->json);
    return fflush(stdout) != 0;
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
    sl_error error = {.level =
                          strcmp(sl_client_text(json, "level", level, sizeof level), "warning") == 0
                              ? SL_LOG_WARNING
                              : SL_LOG_ERROR,
                      .code = (int32_t)sl_client_number(json, "code"),
                      .message = sl_client_text(json, "message", message, sizeof message),
                      .line = (int32_t)sl_client_number(json, "line"),
                      .column = (int32_t)sl_client_number(json, "column"),
                      .length = (int32_t)sl_client_number(json, "length")};
    error.hint = *sl_client_text(json, "hint", hint, sizeof hint) ? hint : NULL;
    error.file = *sl_client_text(json, "file", file, sizeof file) ? file : NULL;
    error.stage = *sl_client_text(json, "stage", stage, sizeof stage) ? stage : NULL;
    error.option = *sl_client_text(json, "option", option, sizeof option) ? option : NULL;
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

void sl_client_each_stage(const char *json, void (*each)(void *of, const char *stage), void *of)
{
    sl_json_value list, item;
    sl_json reader;
    if (sl_json_get(json, "stages", &list) != 1)
        return;
    sl_json_open(&reader, list.text, list.size);
    if (!sl_json_enter(&reader, SL_JSON_ARRAY))
        return;
    while (sl_json_element(&reader, &item)) {
        char *stage = strndup(item.text, item.size);
        if (stage)
            each(of, stage);
        free(stage);
    }
}

sl_request sl_client_request(sl_verb_id verb)
{
    return (sl_request){.verb = verb, .rows = -1, .batches = -1, .interval = -1};
}

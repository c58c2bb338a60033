/*
 * control.c - see control.h: the socket and its clients.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control_inside.h"

#define READ_ROOM 65536

int sl_control_path(const char *given, char *path, size_t size)
{
    const char *environment = getenv("SLUICE_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat info;
    int put;
    *path = '\0';
    if (given || (environment && *environment))
        put = snprintf(path, size, "%s", given ? given : environment);
    else if (stat("/run/sluice", &info) == 0 && S_ISDIR(info.st_mode))
        put = snprintf(path, size, "/run/sluice/control.sock");
    else if (runtime && *runtime == '/')
        put = snprintf(path, size, "%s/sluice/control.sock", runtime);
    else
        return -1;
    return put > 0 && (size_t)put < size ? 0 : -1;
}

/* ---- Clients -------------------------------------------------------------------------------- */

static void free_client(sl_client *client)
{
    sl_splitter_done(&client->splitter);
    free(client->left);
    free(client);
}

static void handle_closed(uv_handle_t *handle)
{
    sl_client *client = handle->data;
    if (--client->handles == 0 && client->questions == 0)
        free_client(client);
}

void sl_client_release(sl_client *client)
{
    if (--client->questions == 0 && client->closing && client->handles == 0)
        free_client(client);
}

void sl_client_close(sl_client *closed)
{
    sl_control *control = closed->control;
    if (closed->closing)
        return;
    closed->closing = 1;
    sl_control_leave(closed);
    sl_client **at = &control->clients;
    while (*at != closed)
        at = &(*at)->next;
    *at = closed->next;
    control->count--;
    uv_close((uv_handle_t *)&closed->pipe, handle_closed);
    uv_close((uv_handle_t *)&closed->timer, handle_closed);
}

typedef struct writing {
    uv_write_t request;
    sl_client *client;
    size_t size;
    char bytes[];
} writing;

static void written(uv_write_t *request, int status)
{
    writing *of = (writing *)(void *)request;
    sl_client *client = of->client;
    client->unread -= of->size;
    free(of);
    if (status < 0 && !client->closing)
        sl_client_close(client);
    else if (!client->closing && client->kept)
        sl_control_kept_more(client);
}

void sl_client_send(sl_client *client, sl_builder *text)
{
    size_t size = text->size;
    if (client->closing || size == 0) {
        sl_builder_clear(text);
        return;
    }
    writing *of = text->failed || client->unread + size > UNREAD ? NULL : malloc(sizeof *of + size);
    if (!of) {
        sl_builder_clear(text);
        sl_client_close(client);
        return;
    }
    of->client = client;
    of->size = size;
    memcpy(of->bytes, text->data, size);
    sl_builder_clear(text);
    client->unread += size;
    uv_buf_t buffer = uv_buf_init(of->bytes, (unsigned)size);
    if (uv_write(&of->request, (uv_stream_t *)&client->pipe, &buffer, 1, written) == 0)
        return;
    client->unread -= size;
    free(of);
    sl_client_close(client);
}

static void refuse(sl_client *client, const sl_refusal *refusal)
{
    sl_builder text = {.env = client->control->house->env};
    sl_answer answer = {.to = &text};
    sl_answer_refused(&answer, refusal);
    sl_client_send(client, &text);
    sl_builder_done(&text);
}

/* ---- Requests ------------------------------------------------------------------------------- */

static void note_write(sl_client *client, const sl_request *request)
{
    char text[400];
    snprintf(text, sizeof text, "user %u says: %s%s%s%s%s%s%s", client->user,
             sl_protocol_verb(request->verb), request->action ? " " : "",
             request->action ? request->action : "", request->graph ? " " : "",
             request->graph ? request->graph : "", request->stage ? "." : "",
             request->stage ? request->stage : "");
    sl_error line = {.level = SL_LOG_NOTE, .code = SL_CODE_FAILED, .message = text};
    sl_journal_event(&client->control->log, SL_EVENT_CONTROL, &line);
}

static void take_line(sl_client *client, char *line, size_t length)
{
    sl_request request;
    sl_refusal refusal;
    if (sl_request_read(line, length, &request, &refusal) < 0) {
        refuse(client, &refusal);
        return;
    }
    if (!sl_protocol_allows(request.verb, request.action, client->user, client->control->user)) {
        refusal = (sl_refusal){.code = SL_CODE_PERMISSION,
                               .hint = "become root or the user that the service runs as"};
        snprintf(refusal.message, sizeof refusal.message, "user %u may not '%s%s%.20s'",
                 client->user, sl_protocol_verb(request.verb), request.action ? " " : "",
                 request.action ? request.action : "");
        refuse(client, &refusal);
        return;
    }
    if (sl_protocol_writes(request.verb, request.action))
        note_write(client, &request);
    client->busy = 1;
    client->verb = request.verb;
    sl_control_verb(client, &request);
}

/* Bytes that came while a request was being answered wait here. */
static void keep(sl_client *client, const char *bytes, size_t size)
{
    char *left = size > 0 ? malloc(size) : NULL;
    if (size > 0 && !left) {
        sl_client_close(client);
        return;
    }
    if (size > 0)
        memcpy(left, bytes, size);
    free(client->left);
    client->left = left;
    client->left_size = size;
}

static void take_bytes(sl_client *client, const char *bytes, size_t size)
{
    char *line;
    size_t length;
    while (!client->closing && !client->busy) {
        int32_t got = sl_splitter_next(&client->splitter, &bytes, &size, &line, &length);
        if (got < 0) {
            sl_refusal refusal = {.code = SL_CODE_USAGE, .message = "the line is too long"};
            refuse(client, &refusal);
            sl_client_close(client);
            return;
        }
        if (got == 0)
            return;
        take_line(client, line, length);
    }
    if (!client->closing)
        keep(client, bytes, size);
}

static void allocate(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    static char room[READ_ROOM]; /* read_some looks at it before anything else is read */
    (void)handle;
    (void)wanted;
    *buffer = uv_buf_init(room, READ_ROOM);
}

static void read_some(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    sl_client *client = stream->data;
    if (got < 0) {
        sl_client_close(client);
        return;
    }
    if (client->busy) { /* it cannot be answered before the request that is under way */
        if (client->left_size > READ_ROOM) {
            sl_client_close(client);
            return;
        }
        char *left = realloc(client->left, client->left_size + (size_t)got + 1);
        if (!left) {
            sl_client_close(client);
            return;
        }
        memcpy(left + client->left_size, buffer->base, (size_t)got);
        client->left = left;
        client->left_size += (size_t)got;
        return;
    }
    take_bytes(client, buffer->base, (size_t)got);
}

void sl_client_done(sl_client *client)
{
    client->busy = 0;
    client->idle = uv_now(client->control->house->uv);
    if (client->closing || client->left_size == 0)
        return;
    char *left = client->left;
    size_t size = client->left_size;
    client->left = NULL;
    client->left_size = 0;
    take_bytes(client, left, size);
    free(left);
}

/* ---- The socket -------------------------------------------------------------------------------
 */

static int user_of(uv_pipe_t *pipe, uint32_t *user)
{
    uv_os_fd_t fd;
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (uv_fileno((uv_handle_t *)pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -1;
    *user = (uint32_t)peer.uid;
    return 0;
}

/* Who has asked nothing for long makes room where there is none: nobody locks out the others. */
static void make_room(sl_control *control)
{
    sl_client *longest = NULL;
    for (sl_client *at = control->clients; at; at = at->next)
        if (!at->busy && (!longest || at->idle < longest->idle))
            longest = at;
    if (longest && uv_now(control->house->uv) - longest->idle >= IDLE)
        sl_client_close(longest);
}

static void connected(uv_stream_t *server, int status)
{
    sl_control *control = server->data;
    if (status < 0)
        return;
    sl_client *made = calloc(1, sizeof *made);
    if (!made)
        return;
    made->control = control;
    made->splitter.env = control->house->env;
    uv_pipe_init(control->house->uv, &made->pipe, 0);
    uv_timer_init(control->house->uv, &made->timer);
    made->pipe.data = made->timer.data = made;
    made->handles = 2;
    made->idle = uv_now(control->house->uv);
    made->next = control->clients;
    control->clients = made;
    control->count++;
    if (uv_accept(server, (uv_stream_t *)&made->pipe) < 0 ||
        user_of(&made->pipe, &made->user) < 0) {
        sl_client_close(made);
        return;
    }
    if (control->count > CLIENTS)
        make_room(control);
    if (control->count > CLIENTS) {
        sl_refusal refusal = {.code = SL_CODE_TRY_AGAIN, .message = "too many clients"};
        refuse(made, &refusal);
        sl_client_close(made);
        return;
    }
    uv_read_start((uv_stream_t *)&made->pipe, allocate, read_some);
}

static sl_status fail(sl_errors *errors, const char *path, int32_t code, const char *why)
{
    sl_error error = {
        .level = SL_LOG_ERROR, .code = code, .hint = "`--socket PATH` says another place"};
    return sl_errors_add(errors, &error, "cannot listen on '%s': %s", path, why);
}

static sl_status bind_path(sl_control *control, const char *path, sl_errors *errors)
{
    int error = sl_unix_socket_bind(&control->socket, path);
    if (error)
        return fail(errors, path, sl_unix_socket_code(error), sl_unix_socket_why(error));
    error = uv_pipe_open(&control->server, control->socket.fd);
    if (error < 0)
        return fail(errors, path, SL_CODE_TRY_AGAIN, uv_strerror(error));
    control->socket.fd = -1; /* libuv's now */
    return SL_OK;
}

sl_control *sl_control_new(const sl_house *house, sl_supervisor *supervisor,
                           const sl_control_options *options, sl_errors *errors)
{
    sl_control *control = calloc(1, sizeof *control);
    if (!control) {
        fail(errors, options->path, SL_CODE_TRY_AGAIN, "out of memory");
        return NULL;
    }
    *control = (sl_control){.house = house,
                            .supervisor = supervisor,
                            .log = {.journal = house->journal},
                            .socket.fd = -1,
                            .user = (uint32_t)geteuid(),
                            .started = house->env->now(house->env->context)};
    atomic_init(&control->log.level, -1);
    uv_pipe_init(house->uv, &control->server, 0);
    uv_timer_init(house->uv, &control->alive);
    control->server.data = control->alive.data = control;
    control->handles = 2;
    sl_status status = SL_OK;
    int answer = options->fd >= 0 ? uv_pipe_open(&control->server, options->fd) : 0;
    if (answer < 0)
        status = fail(errors, "the socket of the service manager", SL_CODE_NO_OUTPUT,
                      uv_strerror(answer));
    else if (options->fd < 0)
        status = bind_path(control, options->path, errors);
    if (status == SL_OK &&
        (answer = uv_listen((uv_stream_t *)&control->server, CLIENTS, connected)) < 0)
        status = fail(errors, options->path, SL_CODE_NO_OUTPUT, uv_strerror(answer));
    if (status == SL_OK)
        return control;
    sl_control_free(control);
    return NULL;
}

static void handle_of_control_closed(uv_handle_t *handle)
{
    sl_control *control = handle->data;
    if (--control->handles > 0)
        return;
    free(control);
}

void sl_control_close_alive(sl_control *control)
{
    uv_close((uv_handle_t *)&control->alive, handle_of_control_closed);
}

void sl_control_free(sl_control *control)
{
    if (!control)
        return;
    control->closing = 1;
    while (control->clients)
        sl_client_close(control->clients);
    sl_unix_socket_done(&control->socket);
    uv_close((uv_handle_t *)&control->server, handle_of_control_closed);
    if (!control->jobs)
        sl_control_close_alive(control);
}

void sl_control_changed(sl_control *control, sl_service *service)
{
    if (!control)
        return;
    for (sl_client *at = control->clients, *next; at; at = next) {
        next = at->next;
        if (at->busy)
            sl_control_look(at, service);
    }
}

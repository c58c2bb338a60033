/*
 * http.c - see http.h.
 *
 * Connections are accepted here and handed to libmicrohttpd: so one knows when each began, a client
 * too many is told so, and no descriptor left is a pause, not a loop that spins.
 */
#include "daemon/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/health.h"
#include "daemon/http_listen.h"
#include "daemon/http_rules.h"
#include "daemon/metrics.h"

#define CLIENTS 32
#define HEADERS 8192 /* bytes of a request's head */
#define MEMORY 16384 /* bytes for a connection, the head's and what is made of it */
#define PATIENCE 10000000
#define PAUSE 1000000 /* microseconds without accepting, when there is no descriptor left */
#define NEVER INT64_MAX

typedef struct client {
    int32_t fd; /* -1: a free place */
    int64_t until;
} client;

struct sl_http {
    sl_http_options options;
    sl_http_listener listener;
    struct MHD_Daemon *daemon;
    uv_poll_t knocks; /* the listening socket */
    uv_poll_t works;  /* libmicrohttpd's epoll */
    uv_timer_t timer;
    int32_t handles; /* not yet given back by libuv */
    int64_t paused;  /* until then nobody is accepted; NEVER: all are */
    client clients[CLIENTS];
};

/* ---- What is answered -------------------------------------------------------------------------
 */

typedef struct page {
    const char *path;
    /* Gives the status. */
    unsigned (*write)(const sl_http *http, int32_t openmetrics, sl_builder *body);
    const char *type, *type_open; /* the second: where OpenMetrics is preferred */
} page;

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

static unsigned write_metrics(const sl_http *http, int32_t openmetrics, sl_builder *body)
{
    sl_metrics_write(body, http->options.supervisor, openmetrics);
    return MHD_HTTP_OK;
}

static unsigned write_live(const sl_http *http, int32_t openmetrics, sl_builder *body)
{
    (void)http;
    (void)openmetrics;
    sl_builder_word(body, "ok\n");
    return MHD_HTTP_OK;
}

static unsigned write_ready(const sl_http *http, int32_t openmetrics, sl_builder *body)
{
    (void)openmetrics;
    if (!sl_health_ready(http->options.supervisor, body))
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    sl_builder_word(body, "ok\n");
    return MHD_HTTP_OK;
}

static unsigned write_health(const sl_http *http, int32_t openmetrics, sl_builder *body)
{
    (void)openmetrics;
    int32_t ready = sl_health_json(http->options.supervisor, http->listener.local, body);
    return ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static page pages[] = {
    {"/metrics", write_metrics, SL_METRICS_TEXT, SL_METRICS_OPENMETRICS},
    {"/livez", write_live, TEXT, TEXT},
    {"/readyz", write_ready, TEXT, TEXT},
    {"/healthz", write_health, JSON, JSON},
};
static page no_page, no_path;

/* The request's target as it was sent, before anything in it is unescaped. */
static void *find_page(void *of, const char *target, struct MHD_Connection *connection)
{
    (void)of;
    (void)connection;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(target, pages[i].path) == 0)
            return &pages[i];
    return target[0] == '/' ? &no_page : &no_path;
}

/* ---- Who may ask ------------------------------------------------------------------------------
 */

typedef struct head { /* what a request's headers say */
    int32_t hosts, foreign_host, foreign_page, body, broken;
    size_t count, bytes; /* headers, and their names and values */
    const char *accept;
} head;

static int is_header(const char *name, size_t size, const char *wanted)
{
    return size == strlen(wanted) && strncasecmp(name, wanted, size) == 0;
}

/* The characters that a header's name is made of (RFC 9110). */
static int is_token(const char *name, size_t size)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr(marks, c)))
            return 0;
    }
    return size > 0;
}

static int is_plain(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            return 0;
    return 1;
}

static enum MHD_Result read_header(void *of, enum MHD_ValueKind kind, const char *name,
                                   size_t name_size, const char *value, size_t value_size)
{
    head *said = of;
    (void)kind;
    if (!value)
        value_size = 0;
    said->count++;
    said->bytes += name_size + value_size;
    if (!is_token(name, name_size) || !is_plain(value, value_size))
        said->broken = 1;
    if (is_header(name, name_size, "Host")) {
        said->hosts++;
        said->foreign_host |= !sl_http_host_is_ours(value, value_size);
    } else if (is_header(name, name_size, "Origin")) {
        said->foreign_page = 1; /* a page's script asks: none of ours does */
    } else if (is_header(name, name_size, "Sec-Fetch-Site")) {
        said->foreign_page |= !sl_http_site_is_ours(value, value_size);
    } else if (is_header(name, name_size, "Content-Length")) {
        said->body |= value_size != 1 || value[0] != '0';
    } else if (is_header(name, name_size, "Transfer-Encoding")) {
        said->body = 1;
    } else if (is_header(name, name_size, "Accept")) {
        said->accept = value;
    }
    return MHD_YES;
}

/* 1: the request's head holds bytes that are in no part of it that we are given: the library stops
 * reading a part at a zero byte, passes over lines that it does not understand, and unfolds. What
 * is written as everybody writes it ("Name: value") has none. */
static int hides_something(size_t size, const char *method, const char *version, const page *asked,
                           const head *said)
{
    if (!asked || !asked->path)
        return 0; /* refused anyway */
    size_t line = strlen(method) + strlen(asked->path) + strlen(version) + sizeof "  \r\n" - 1;
    size_t seen = line + said->bytes + said->count * (sizeof ": \r\n" - 1) + sizeof "\r\n" - 1;
    return size > seen;
}

/* 0: it is to be answered; else the status it is refused with, and why. */
static unsigned refusal(const sl_http *http, size_t size, const char *method, const page *asked,
                        const head *said, const char **why)
{
    int reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    const struct {
        int is;
        unsigned status;
        const char *why;
    } rules[] = {
        {size > HEADERS, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
         "the request's head is larger than 8 KiB"},
        {said->broken || said->hosts > 1, MHD_HTTP_BAD_REQUEST, "a header is malformed"},
        {!http->listener.local && said->hosts == 0, MHD_HTTP_BAD_REQUEST, "Host is missing"},
        {!http->listener.local && said->foreign_host, MHD_HTTP_MISDIRECTED_REQUEST,
         "Host is no name of this machine's loopback"},
        {said->foreign_page, MHD_HTTP_FORBIDDEN, "pages of other sites may not ask"},
        {!asked || asked == &no_path, MHD_HTTP_BAD_REQUEST, "the target is no path"},
        {!reads, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD"},
        {said->body, MHD_HTTP_BAD_REQUEST, "a request has no body here"},
        {asked == &no_page, MHD_HTTP_NOT_FOUND, "there are /metrics, /livez, /readyz and /healthz"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].is) {
            *why = rules[i].why;
            return rules[i].status;
        }
    return 0;
}

/* ---- A request --------------------------------------------------------------------------------
 */

static enum MHD_Result give(struct MHD_Connection *connection, unsigned status, const char *type,
                            const sl_builder *body)
{
    static const char *const headers[][2] = {
        {MHD_HTTP_HEADER_CONNECTION, "close"},
        {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->size, body->data, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO; /* closes the connection */
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer(void *of, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context)
{
    const sl_http *http = of;
    const page *asked = *context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t size = info ? info->header_size : HEADERS + 1;
    head said = {.hosts = 0};
    sl_builder body = {.env = http->options.env};
    const char *why = "", *type = TEXT;
    (void)url;
    (void)upload;
    (void)upload_size;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_header, &said);
    said.broken |= hides_something(size, method, version, asked, &said);
    unsigned status = refusal(http, size, method, asked, &said, &why);
    if (status) {
        sl_builder_format(&body, "%s\n", why);
    } else {
        int32_t openmetrics = sl_http_prefers_openmetrics(said.accept);
        type = openmetrics ? asked->type_open : asked->type;
        status = asked->write(http, openmetrics, &body);
    }
    enum MHD_Result sent = body.failed ? MHD_NO : give(connection, status, type, &body);
    sl_builder_done(&body);
    return sent;
}

/* ---- Clients ----------------------------------------------------------------------------------
 */

static int64_t now(void)
{
    return (int64_t)(uv_hrtime() / 1000);
}

/* A connection has begun, or has ended; then its descriptor is still open. */
static void count_client(void *of, struct MHD_Connection *connection, void **context,
                         enum MHD_ConnectionNotificationCode code)
{
    sl_http *http = of;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context)
            ((client *)*context)->fd = -1;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    for (int i = 0; info && i < CLIENTS; i++)
        if (http->clients[i].fd < 0) {
            int64_t patience = http->options.patience ? http->options.patience : PATIENCE;
            http->clients[i] = (client){.fd = info->connect_fd, .until = now() + patience};
            *context = &http->clients[i];
            return;
        }
}

static int is_full(const sl_http *http)
{
    for (int i = 0; i < CLIENTS; i++)
        if (http->clients[i].fd < 0)
            return 0;
    return 1;
}

static void turn_away(int fd)
{
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                               "Content-Length: 17\r\n\r\ntoo many clients\n";
    if (send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

/* Those whose time is over: libmicrohttpd sees the end of the connection, and closes it. */
static void end_slow(sl_http *http, int64_t at)
{
    for (int i = 0; i < CLIENTS; i++)
        if (http->clients[i].fd >= 0 && http->clients[i].until <= at) {
            shutdown(http->clients[i].fd, SHUT_RDWR);
            http->clients[i].until = NEVER;
        }
}

/* ---- The loop ---------------------------------------------------------------------------------
 */

static void on_timer(uv_timer_t *timer);

/* When something is to be done although nothing comes. */
static void set_timer(sl_http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    int64_t at = now(), next = http->paused;
    if (MHD_get_timeout(http->daemon, &timeout) == MHD_YES && timeout < PATIENCE)
        next = at + (int64_t)timeout * 1000 < next ? at + (int64_t)timeout * 1000 : next;
    for (int i = 0; i < CLIENTS; i++)
        if (http->clients[i].fd >= 0 && http->clients[i].until < next)
            next = http->clients[i].until;
    if (next == NEVER) {
        uv_timer_stop(&http->timer);
        return;
    }
    uv_update_time(http->timer.loop);
    uv_timer_start(&http->timer, on_timer, next > at ? (uint64_t)(next - at + 999) / 1000 : 0, 0);
}

static void work(sl_http *http)
{
    MHD_run(http->daemon);
    set_timer(http);
}

static void on_work(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    work(poll->data);
}

static int is_out_of_room(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    sl_http *http = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < CLIENTS; i++) { /* then others have their turn */
        int fd = accept4(http->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && is_out_of_room(errno)) {
            uv_poll_stop(&http->knocks);
            http->paused = now() + PAUSE;
        }
        if (fd < 0)
            break;
        /* Who it is does not matter, and a unix socket's name is longer than the library thinks. */
        const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
        if (is_full(http))
            turn_away(fd);
        else
            MHD_add_connection(http->daemon, fd, &nobody, sizeof nobody); /* TAKES */
    }
    work(http);
}

static void on_timer(uv_timer_t *timer)
{
    sl_http *http = timer->data;
    int64_t at = now();
    end_slow(http, at);
    if (http->paused <= at) {
        http->paused = NEVER;
        uv_poll_start(&http->knocks, UV_READABLE, on_knock);
    }
    work(http);
}

/* ---- Life -------------------------------------------------------------------------------------
 */

static struct MHD_Daemon *start_daemon(sl_http *http)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, answer, http,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CLIENTS,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)(PATIENCE / 1000000),
                            MHD_OPTION_URI_LOG_CALLBACK, find_page, NULL,
                            MHD_OPTION_NOTIFY_CONNECTION, count_client, http, MHD_OPTION_END);
}

static void on_closed(uv_handle_t *handle)
{
    sl_http *http = handle->data;
    if (--http->handles == 0)
        free(http);
}

/* Libuv lets go of the descriptors before they are closed. */
void sl_http_free(sl_http *http)
{
    if (!http)
        return;
    uv_handle_t *const handles[] = {(uv_handle_t *)&http->timer, (uv_handle_t *)&http->works,
                                    (uv_handle_t *)&http->knocks};
    int32_t count = http->handles;
    for (int32_t i = 0; i < count; i++)
        uv_close(handles[i], on_closed);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
    sl_http_listen_done(&http->listener);
    if (count == 0)
        free(http);
}

/* In the order in which sl_http_free counts them. 0, or libuv's error. */
static int watch(sl_http *http, uv_loop_t *uv)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int status = uv_timer_init(uv, &http->timer);
    if (status < 0)
        return status;
    http->handles++;
    status = info ? uv_poll_init(uv, &http->works, info->epoll_fd) : UV_ENOSYS;
    if (status < 0)
        return status;
    http->handles++;
    status = uv_poll_init(uv, &http->knocks, http->listener.fd);
    if (status < 0)
        return status;
    http->handles++;
    status = uv_poll_start(&http->works, UV_READABLE, on_work);
    return status < 0 ? status : uv_poll_start(&http->knocks, UV_READABLE, on_knock);
}

sl_http *sl_http_new(uv_loop_t *uv, const sl_http_options *options, sl_errors *errors)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_TRY_AGAIN};
    sl_http *http = calloc(1, sizeof *http);
    if (!http) {
        if (options->fd >= 0)
            close(options->fd);
        sl_errors_add(errors, &error, "out of memory");
        return NULL;
    }
    *http = (sl_http){.options = *options, .paused = NEVER};
    http->timer.data = http->works.data = http->knocks.data = http;
    for (int i = 0; i < CLIENTS; i++)
        http->clients[i].fd = -1;
    sl_status status = options->fd >= 0 ? sl_http_listen_on(&http->listener, options->fd, errors)
                                        : sl_http_listen(&http->listener, options->address, errors);
    if (status != SL_OK) {
        sl_http_free(http);
        return NULL;
    }
    http->daemon = start_daemon(http);
    int failed = http->daemon ? watch(http, uv) : UV_ENOMEM;
    if (failed < 0) {
        sl_errors_add(errors, &error, "cannot watch '%s': %s", http->listener.name,
                      uv_strerror(failed));
        sl_http_free(http);
        return NULL;
    }
    return http;
}

const char *sl_http_address(const sl_http *http)
{
    return http->listener.name;
}

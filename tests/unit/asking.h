/*
 * asking.h - clients of an HTTP server that is on the same loop: each sends bytes as they are, and
 * gathers what comes until the server closes.
 */
#ifndef ASKING_H
#define ASKING_H

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/running.h"

typedef struct asking {
    uv_poll_t poll;
    int fd;
    const char *bytes; /* still to be sent */
    size_t size;
    char *text; /* what came, terminated */
    size_t got;
    int closed; /* 1: by the server */
} asking;

static void asking_send(asking *of)
{
    while (of->size > 0) {
        ssize_t sent = send(of->fd, of->bytes, of->size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) { /* what is not wanted any more is not sent */
            of->size = errno == EAGAIN ? of->size : 0;
            return;
        }
        of->bytes += sent;
        of->size -= (size_t)sent;
    }
}

static void asking_ready(uv_poll_t *poll, int status, int events)
{
    asking *of = poll->data;
    (void)status;
    (void)events;
    asking_send(of);
    for (;;) {
        char piece[4096];
        ssize_t size = recv(of->fd, piece, sizeof piece, MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN)
            break;
        if (size <= 0) {
            of->closed = 1;
            uv_poll_stop(poll);
            return;
        }
        of->text = realloc(of->text, of->got + (size_t)size + 1);
        memcpy(of->text + of->got, piece, (size_t)size);
        of->got += (size_t)size;
        of->text[of->got] = '\0';
    }
    uv_poll_start(poll, UV_READABLE | (of->size > 0 ? UV_WRITABLE : 0), asking_ready);
}

/* Connects to "127.0.0.1:PORT" or "unix:PATH"; bytes are borrowed until it has ended. from: the
 * client's own name, of a unix socket; NULL: none. */
static asking *asking_begin(uv_loop_t *uv, const char *address, const char *from, const char *bytes,
                            size_t size)
{
    asking *made = calloc(1, sizeof *made);
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_un local;
    } to = {.local = {.sun_family = AF_UNIX}}, own = {.local = {.sun_family = AF_UNIX}};
    socklen_t to_size = sizeof to.local;
    if (strncmp(address, "unix:", 5) == 0) {
        strcpy(to.local.sun_path, address + 5);
    } else {
        to.four = (struct sockaddr_in){.sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                       .sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1))};
        to_size = sizeof to.four;
    }
    made->fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(made->fd, 0);
    if (from) {
        strcpy(own.local.sun_path, from);
        ck_assert_int_eq(bind(made->fd, &own.any, sizeof own.local), 0);
    }
    ck_assert_int_eq(connect(made->fd, &to.any, to_size), 0);
    made->text = calloc(1, 1);
    made->bytes = bytes;
    made->size = size;
    ck_assert_int_eq(uv_poll_init(uv, &made->poll, made->fd), 0);
    made->poll.data = made;
    asking_send(made);
    uv_poll_start(&made->poll, UV_READABLE | (made->size > 0 ? UV_WRITABLE : 0), asking_ready);
    return made;
}

static void asking_until_closed(asking *of)
{
    while (!of->closed)
        uv_run(of->poll.loop, UV_RUN_ONCE);
}

/* The status of the answer; 0: closed without one. */
static int asking_status(const asking *of)
{
    int status = 0;
    sscanf(of->text, "HTTP/1.%*c %d", &status);
    return status;
}

static void asking_closed(uv_handle_t *handle)
{
    asking *of = handle->data;
    free(of->text);
    free(of);
}

static void asking_end(asking *of)
{
    uv_close((uv_handle_t *)&of->poll, asking_closed);
    close(of->fd);
}

#endif

/*
 * http_listen.c - see http_listen.h.
 */
#include "daemon/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 32

typedef union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un local;
    struct sockaddr_storage room;
} address;

SL_PRINTF(3, 4)
static sl_status fail(sl_errors *errors, int32_t code, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sl_error error = {.level = SL_LOG_ERROR, .code = code};
    if (code == SL_CODE_USAGE)
        error.hint = "write 127.0.0.1:9187, [::1]:9187 or unix:/run/sluice/metrics.sock";
    return sl_errors_add(errors, &error, "%s", text);
}

static sl_status fail_at(sl_errors *errors, const char *where, int error, const char *why)
{
    return fail(errors, sl_unix_socket_code(error), "cannot listen on '%s': %s", where, why);
}

/* ---- Addresses --------------------------------------------------------------------------------
 */

static int read_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    long number = digits >= 1 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : -1;
    *port = htons((uint16_t)number);
    return number >= 0 && number <= 65535 ? 0 : -1;
}

/* Gives the size of the address; 0: it is none of ours. */
static socklen_t read_address(const char *text, address *at)
{
    memset(at, 0, sizeof *at);
    if (strncmp(text, "unix:", 5) == 0) {
        size_t size = strlen(text + 5);
        if (text[5] != '/' || size >= sizeof at->local.sun_path)
            return 0;
        at->local.sun_family = AF_UNIX;
        memcpy(at->local.sun_path, text + 5, size);
        return (socklen_t)sizeof at->local;
    }
    if (strncmp(text, "127.0.0.1:", 10) == 0) {
        at->four.sin_family = AF_INET;
        at->four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return read_port(text + 10, &at->four.sin_port) == 0 ? (socklen_t)sizeof at->four : 0;
    }
    if (strncmp(text, "[::1]:", 6) == 0) {
        at->six.sin6_family = AF_INET6;
        at->six.sin6_addr = in6addr_loopback;
        return read_port(text + 6, &at->six.sin6_port) == 0 ? (socklen_t)sizeof at->six : 0;
    }
    return 0;
}

/* Says the socket's own address in listener->name. -1: it is neither loopback nor unix. */
static int name_it(sl_http_listener *listener)
{
    address at = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof at;
    if (getsockname(listener->fd, &at.any, &size) != 0)
        return -1;
    if (at.any.sa_family == AF_UNIX) {
        listener->local = 1;
        snprintf(listener->name, sizeof listener->name, "unix:%.*s", (int)sizeof at.local.sun_path,
                 at.local.sun_path);
        return 0;
    }
    if (at.any.sa_family == AF_INET && ntohl(at.four.sin_addr.s_addr) >> 24 == 127) {
        char text[INET_ADDRSTRLEN] = "";
        inet_ntop(AF_INET, &at.four.sin_addr, text, sizeof text);
        snprintf(listener->name, sizeof listener->name, "%s:%u", text, ntohs(at.four.sin_port));
        return 0;
    }
    if (at.any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&at.six.sin6_addr)) {
        snprintf(listener->name, sizeof listener->name, "[::1]:%u", ntohs(at.six.sin6_port));
        return 0;
    }
    return -1;
}

sl_status sl_http_listen(sl_http_listener *listener, const char *text, sl_errors *errors)
{
    address at;
    int one = 1;
    *listener = (sl_http_listener){.fd = -1, .made.fd = -1};
    socklen_t size = read_address(text, &at);
    if (size == 0)
        return fail(errors, SL_CODE_USAGE,
                    "cannot listen on '%s': it is neither loopback with a port nor a unix socket",
                    text);
    int bound = 0, error;
    if (at.any.sa_family == AF_UNIX) {
        error = sl_unix_socket_bind(&listener->made, at.local.sun_path);
        if (error)
            return fail_at(errors, text, error, sl_unix_socket_why(error));
        listener->fd = listener->made.fd;
        listener->made.fd = -1;
    } else {
        listener->fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        bound = listener->fd < 0 ? -1 : bind(listener->fd, &at.any, size);
    }
    if (bound == 0 && listen(listener->fd, BACKLOG) == 0 && name_it(listener) == 0)
        return SL_OK;
    error = errno;
    sl_http_listen_done(listener);
    return fail_at(errors, text, error, strerror(error));
}

sl_status sl_http_listen_on(sl_http_listener *listener, int32_t fd, sl_errors *errors)
{
    *listener = (sl_http_listener){.fd = fd, .made.fd = -1};
    if (name_it(listener) < 0) {
        sl_http_listen_done(listener);
        return fail(errors, SL_CODE_CONFIG,
                    "the socket that was handed over for metrics is neither loopback nor unix");
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK | fcntl(fd, F_GETFL));
    return SL_OK;
}

void sl_http_listen_done(sl_http_listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
    sl_unix_socket_done(&listener->made);
}

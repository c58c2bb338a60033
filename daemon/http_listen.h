/*
 * http_listen.h - the socket that metrics are asked for on: found, checked, opened.
 *
 * Numbers of a machine's data are not for the network: a unix socket, or loopback.
 * Thread: LOOP.
 */
#ifndef SL_HTTP_LISTEN_H
#define SL_HTTP_LISTEN_H

#include "daemon/unix_socket.h"
#include "stages/core/error.h"

typedef struct sl_http_listener {
    int32_t fd;          /* listens, non-blocking, close-on-exec; -1: none */
    int32_t local;       /* 1: a unix socket */
    char name[160];      /* as one writes it: "unix:/run/...", "127.0.0.1:9187" */
    sl_unix_socket made; /* of a path that goes with it */
} sl_http_listener;

/* Listens on "unix:PATH", "127.0.0.1:PORT" or "[::1]:PORT" (port 0: any free one; the name says
 * which). A unix socket has the mode 0660; one that nobody listens on any more is replaced. */
sl_status sl_http_listen(sl_http_listener *listener, const char *address, sl_errors *errors);
/* The same with a socket that listens already, which it TAKES; loopback and unix only. */
sl_status sl_http_listen_on(sl_http_listener *listener, int32_t fd, sl_errors *errors);
/* Closes it, and takes its path away. */
void sl_http_listen_done(sl_http_listener *listener);

#endif

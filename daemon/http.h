/*
 * http.h - /metrics, /livez, /readyz, /healthz, over HTTP.
 *
 *     /metrics   numbers (metrics.h): Prometheus' text, or OpenMetrics where Accept prefers it
 *     /livez     200 while the loop turns
 *     /readyz    200, or 503 with a reason a line (health.h)
 *     /healthz   the same as JSON, every graph; errors' lines over a unix socket only
 *
 * Nothing can be changed here, and strangers are expected: GET and HEAD without a body, the four
 * paths as they stand above and nothing behind them, one request a connection. Host must be a name
 * of loopback (421), no page of another site may ask (403). Bounded: 32 clients, 8 KiB of headers,
 * and 10 seconds from connecting to the answer's last byte, however busy the client is meanwhile.
 *
 * libmicrohttpd speaks HTTP, and is known here only; its epoll descriptor is watched by the loop.
 * Thread: LOOP.
 */
#ifndef SL_HTTP_H
#define SL_HTTP_H

#include "daemon/supervisor.h"

typedef struct sl_http sl_http;

typedef struct sl_http_options {
    const sl_env *env;
    const sl_supervisor *supervisor;
    const char *address; /* see http_listen.h */
    int32_t fd;          /* a listening socket that came with the process, TAKEN; -1: use address */
    int64_t patience;    /* microseconds that a client has; 0: 10 seconds */
} sl_http_options;

/* Listens. NULL: it cannot, said in errors. */
sl_http *sl_http_new(uv_loop_t *uv, const sl_http_options *options, sl_errors *errors);
/* Closes all clients and the socket; the memory goes when libuv has given back its handles. NULL:
 * nothing. */
void sl_http_free(sl_http *http);
/* Where it listens: "127.0.0.1:9187", "unix:/run/sluice/metrics.sock"; borrowed. */
const char *sl_http_address(const sl_http *http);

#endif

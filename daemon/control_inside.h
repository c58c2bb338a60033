/*
 * control_inside.h - what control.c and control_verbs.c share. Nobody else includes it.
 */
#ifndef SL_CONTROL_INSIDE_H
#define SL_CONTROL_INSIDE_H

#include "daemon/control.h"
#include "daemon/protocol.h"

#define CLIENTS 32
#define UNREAD ((size_t)1 << 20) /* bytes that a client may leave unread before it is closed */

struct sl_tap;

typedef struct sl_client {
    sl_control *control;
    struct sl_client *next;
    uv_pipe_t pipe;
    uv_timer_t timer; /* top */
    sl_splitter splitter;
    uint32_t user;
    uint32_t handles; /* not yet given back by libuv */
    size_t unread;    /* bytes on their way to it */
    char *left;       /* read, and not looked at before the request is answered */
    size_t left_size;
    int32_t busy; /* 1: a request is being answered */
    int32_t closing;
    int32_t questions; /* on a graph's strand: the client outlives them */

    /* What the answer waits for. */
    sl_verb_id verb;
    char graph[192], stage[192];
    int64_t interval, rows, count; /* top, tap */
    struct sl_tap *tap;
} sl_client;

struct sl_control {
    const sl_house *house;
    sl_supervisor *supervisor;
    sl_journal_graph log;
    uv_pipe_t server;
    char *path; /* made by us, and removed; NULL: it came with the process */
    sl_client *clients;
    uint32_t count;
    uint32_t user; /* the service's own */
    int64_t started;
    int32_t closing;
};

/* Answers a request; calls sl_client_done when that is over, now or later. */
void sl_control_verb(sl_client *client, const sl_request *request);
/* A service changed: whether the client's answer can be given now. */
void sl_control_look(sl_client *client, sl_service *service);
/* The client is being closed: what it holds of graphs is given back. */
void sl_control_leave(sl_client *client);

/* Sends what stands in the builder, which is emptied. */
void sl_client_send(sl_client *client, sl_builder *text);
/* The last line was sent: the next request may be read. */
void sl_client_done(sl_client *client);
void sl_client_close(sl_client *client);
/* A question of the client's is over; it goes with the last one, when it is closed. */
void sl_client_release(sl_client *client);

#endif

/*
 * control_inside.h - what the files of the control socket share. Nobody else includes it.
 */
#ifndef SL_CONTROL_INSIDE_H
#define SL_CONTROL_INSIDE_H

#include "daemon/control.h"
#include "daemon/protocol.h"
#include "daemon/unix_socket.h"

#define CLIENTS 32
#define IDLE 10000 /* milliseconds without a request, after which one may have to make room */
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
    int32_t busy;  /* 1: a request is being answered */
    uint64_t idle; /* uv_now: since when nothing is */
    int32_t closing;
    int32_t questions; /* on a graph's strand: the client outlives them */

    /* What the answer waits for. */
    sl_verb_id verb;
    char graph[192], stage[192];
    int64_t interval, rows, count; /* top, tap */
    struct sl_tap *tap;
    struct sl_kept_job *kept; /* checkpoint, rejects */
} sl_client;

struct sl_control {
    const sl_house *house;
    sl_supervisor *supervisor;
    sl_journal_graph log;
    uv_pipe_t server;
    sl_unix_socket socket; /* none where it came with the process */
    sl_client *clients;
    uint32_t count;
    uint32_t user; /* the service's own */
    int64_t started;
    int32_t closing;
    struct sl_kept_job *jobs; /* the first is on a worker, the others wait */
    uv_timer_t alive;         /* runs while one is: the control outlives it */
    uint32_t handles;         /* not yet given back by libuv */
};

/* Answers a request; calls sl_client_done when that is over, now or later. */
void sl_control_verb(sl_client *client, const sl_request *request);
/* A service changed: whether the client's answer can be given now. */
void sl_control_look(sl_client *client, sl_service *service);
/* The client is being closed: what it holds of graphs is given back. */
void sl_control_leave(sl_client *client);

/* ---- Verbs, each in its file ------------------------------------------------------------------
 */

void sl_control_send_or_raise(sl_client *from, const sl_request *request); /* control_strand.c */
void sl_control_look_at_raise(sl_client *from, const sl_service *service);
void sl_control_tap(sl_client *from, const sl_request *request);
void sl_control_look_at_tap(sl_client *from, const sl_service *service);
void sl_control_leave_tap(sl_client *from);
void sl_control_kept(sl_client *from, const sl_request *request); /* control_kept.c */
void sl_control_kept_more(sl_client *from); /* bytes of its answer have left */
void sl_control_leave_kept(sl_client *from);

/* ---- Answers (control_say.c) ------------------------------------------------------------------
 */

/* Ends the line and sends it; one that is too long becomes a refusal. */
void sl_control_send(sl_client *to, sl_answer *answer);
/* The same for the last line, whose builder is freed. */
void sl_control_finish(sl_client *to, sl_answer *answer);
void sl_control_ok(sl_client *to); /* a last line that says nothing more */
void sl_control_refuse(sl_client *to, int32_t code, const char *hint, const char *format, ...)
    SL_PRINTF(4, 5);
void sl_control_not_running(sl_client *from); /* refuses */
/* Refuses with the failure of a graph that should run: its code, its line. */
void sl_control_failed(sl_client *to, const sl_service *service);
/* The service that is meant; NULL: refused. */
sl_service *sl_control_service(sl_client *from, const char *name);
/* The index of a stage of its plan; -1: refused. */
int32_t sl_control_stage(sl_client *from, const sl_service *service, const char *name);
void sl_control_keep_names(sl_client *from, const sl_request *request);

/* ---- Clients (control.c) ------------------------------------------------------------------------
 */

/* Sends what stands in the builder, which is emptied. */
void sl_client_send(sl_client *client, sl_builder *text);
/* The last line was sent: the next request may be read. */
void sl_client_done(sl_client *client);
void sl_client_close(sl_client *client);
void sl_control_close_alive(sl_control *control); /* closing, and no job is on a worker */
/* A question of the client's is over; it goes with the last one, when it is closed. */
void sl_client_release(sl_client *client);

#endif

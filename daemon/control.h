/*
 * control.h - the control socket: who may connect, what they may ask, and their answers.
 *
 * A unix socket of mode 0660: its group may read, root and the service's own user may change
 * (SO_PEERCRED). One request of a client is answered before its next is read. What a stranger can
 * take is bounded: clients, the length of a line (protocol.h), and what waits to be read by a
 * client; one that does not read its answers is closed.
 *
 * Deliberately elsewhere: the bytes of the protocol (protocol.h), the verbs (control_verbs.c), rows
 * of a live graph (tap.h).
 * Thread: LOOP.
 */
#ifndef SL_CONTROL_H
#define SL_CONTROL_H

#include "daemon/supervisor.h"

typedef struct sl_control sl_control;

typedef struct sl_control_options {
    const char *path; /* of the socket; its directory is there */
    int32_t fd;       /* a listening socket that came with the process; -1: none, use path */
} sl_control_options;

/* Listens. NULL: it cannot, said in errors. */
sl_control *sl_control_new(const sl_house *house, sl_supervisor *supervisor,
                           const sl_control_options *options, sl_errors *errors);
/* Closes all clients; the memory goes when libuv has given back its handles. NULL: nothing. */
void sl_control_free(sl_control *control);
/* A service's state has changed, or it made a step: who waits for that is answered. */
void sl_control_changed(sl_control *control, sl_service *service);

/* Where the socket is: `given` (--socket), else $SLUICE_SOCKET, else /run/sluice/control.sock where
 * that directory is there, else $XDG_RUNTIME_DIR/sluice/control.sock. 0, or -1: none of them, or
 * (path is not empty then) longer than size. */
int sl_control_path(const char *given, char *path, size_t size);

#endif

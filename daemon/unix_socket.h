/*
 * unix_socket.h - a path that a service listens on: taken when it is free, and given back.
 *
 * Thread: LOOP.
 */
#ifndef SL_UNIX_SOCKET_H
#define SL_UNIX_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

typedef struct sl_unix_socket {
    int32_t fd;   /* bound, non-blocking, close-on-exec, not yet listening; -1: none, or taken */
    char *path;   /* goes with it; NULL: none */
    dev_t device; /* ... and which it is */
    ino_t inode;
} sl_unix_socket;

/* Binds, with the mode 0660; a socket that nobody listens on any more is replaced. 0, or an errno:
 * EADDRINUSE also for one that somebody listens on, EEXIST for anything else that is there. */
int sl_unix_socket_bind(sl_unix_socket *made, const char *path);
/* Closes it and takes the path away, unless another one is there now. */
void sl_unix_socket_done(sl_unix_socket *made);

/* Such an errno in words, and as an exit code. */
const char *sl_unix_socket_why(int error);
int32_t sl_unix_socket_code(int error);

#endif

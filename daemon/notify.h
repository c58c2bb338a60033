/*
 * notify.h - what systemd is told, and the sockets it hands over: sd_notify(3) and
 * sd_listen_fds(3), spoken by hand over a datagram socket.
 *
 * sl_notify_begin and sl_notify_fds read the environment and then take it away, so that no child
 * speaks for this process. Without $NOTIFY_SOCKET everything here does nothing and answers 0.
 *
 * Nothing here blocks: a message that systemd does not take at once is not sent, and the caller
 * is told.
 * Thread: LOOP.
 */
#ifndef SL_NOTIFY_H
#define SL_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "stages/core/stage.h"

typedef struct sl_notify {
    int32_t fd; /* -1: nobody listens */
    struct sockaddr_un address;
    socklen_t address_size;
    int64_t watchdog; /* microseconds within which WATCHDOG=1 is awaited; 0: no watchdog */
} sl_notify;

/* From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID, which are unset. 0, or a negative errno:
 * $NOTIFY_SOCKET cannot be used; the rest works as if it were not set. */
int32_t sl_notify_begin(sl_notify *notify);
void sl_notify_done(sl_notify *notify);

/* Each: 1 told, 0 nobody listens, or a negative errno. A status is one line; what follows a line
 * end is left out. */
int32_t sl_notify_ready(sl_notify *notify, const char *status); /* also: the reload is over */
int32_t sl_notify_status(sl_notify *notify, const char *status);
/* monotonic: of CLOCK_MONOTONIC, microseconds, when the reload began. */
int32_t sl_notify_reloading(sl_notify *notify, int64_t monotonic, const char *status);
/* May be said again: the stop may take so many microseconds more, from now; 0: says nothing of it.
 */
int32_t sl_notify_stopping(sl_notify *notify, int64_t more, const char *status);
/* All graphs make progress, or have a declared reason to wait. Ask at least twice as often as
 * notify->watchdog. */
int32_t sl_notify_alive(sl_notify *notify);
int32_t sl_notify_failed(sl_notify *notify, int32_t error,
                         const char *status); /* errno; before exit */

#define SL_NOTIFY_FDS_MOST 16

typedef struct sl_notify_fd {
    int32_t fd; /* OWNS: close-on-exec is set; a stream socket that listens */
    char name[32];
} sl_notify_fd;

/*
 * The sockets that came with the process, from $LISTEN_FDS, $LISTEN_PID and $LISTEN_FDNAMES, which
 * are unset. Answers how many; 0 also when they are meant for another process; -EINVAL: the
 * variables contradict themselves; -E2BIG: more than SL_NOTIFY_FDS_MOST; -ENOTSOCK: fds[0] is no
 * listening stream socket. A name that is not given is "unknown".
 */
int32_t sl_notify_fds(sl_notify_fd fds[SL_NOTIFY_FDS_MOST]);
/* The descriptor with this name ("control", "metrics"), taken out of the list; -1: none. */
int32_t sl_notify_take(sl_notify_fd *fds, int32_t count, const char *name);

#endif

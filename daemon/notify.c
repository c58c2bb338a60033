/*
 * notify.c - the protocol of sd_notify; see notify.h.
 */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define MESSAGE_ROOM 1024

/* A whole number of the environment; -1: not set, or none. */
static int64_t read_number(const char *name)
{
    const char *text = getenv(name);
    char *end;

    if (text == NULL || text[0] < '0' || text[0] > '9')
        return -1;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    return errno != 0 || *end != '\0' ? -1 : number;
}

/* ---- Telling ------------------------------------------------------------------------- */

/* '@' stands for the zero byte of an abstract name, which has no terminator. */
static int32_t read_address(sl_notify *notify, const char *path)
{
    size_t size = strlen(path);

    if ((path[0] != '/' && path[0] != '@') || size < 2)
        return -EAFNOSUPPORT;
    if (size >= sizeof notify->address.sun_path)
        return -E2BIG;
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, path, size);
    if (path[0] == '@')
        notify->address.sun_path[0] = '\0';
    notify->address_size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (path[0] == '/'));
    return 0;
}

int32_t sl_notify_begin(sl_notify *notify)
{
    const char *path = getenv("NOTIFY_SOCKET");
    int64_t pid = read_number("WATCHDOG_PID"), watchdog = read_number("WATCHDOG_USEC");
    int32_t status = 0;

    *notify = (sl_notify){.fd = -1};
    if (watchdog > 0 && (getenv("WATCHDOG_PID") == NULL || pid == getpid()))
        notify->watchdog = watchdog;
    if (path != NULL) {
        status = read_address(notify, path);
        if (status == 0) {
            notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            status = notify->fd < 0 ? -errno : 0;
        }
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return status;
}

void sl_notify_done(sl_notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    *notify = (sl_notify){.fd = -1};
}

/* The state, and a status after it; NULL: none. */
static int32_t tell(sl_notify *notify, const char *state, const char *status)
{
    char message[MESSAGE_ROOM];
    size_t shown = status == NULL ? 0 : strcspn(status, "\r\n");
    int size;

    if (notify->fd < 0)
        return 0;
    if (status == NULL)
        size = snprintf(message, sizeof message, "%s", state);
    else
        size = snprintf(message, sizeof message, "%sSTATUS=%.*s\n", state,
                        (int)(shown < 512 ? shown : 512), status);
    ssize_t sent = sendto(notify->fd, message, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT,
                          (const struct sockaddr *)&notify->address, notify->address_size);
    return sent < 0 ? -errno : 1;
}

int32_t sl_notify_ready(sl_notify *notify, const char *status)
{
    return tell(notify, "READY=1\n", status);
}

int32_t sl_notify_status(sl_notify *notify, const char *status)
{
    return tell(notify, "", status);
}

int32_t sl_notify_reloading(sl_notify *notify, int64_t monotonic, const char *status)
{
    char state[80];

    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld\n", (long long)monotonic);
    return tell(notify, state, status);
}

int32_t sl_notify_stopping(sl_notify *notify, int64_t more, const char *status)
{
    char state[80] = "STOPPING=1\n";

    if (more > 0)
        snprintf(state, sizeof state, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld\n", (long long)more);
    return tell(notify, state, status);
}

int32_t sl_notify_alive(sl_notify *notify)
{
    return tell(notify, "WATCHDOG=1\n", NULL);
}

int32_t sl_notify_failed(sl_notify *notify, int32_t error, const char *status)
{
    char state[40];

    snprintf(state, sizeof state, "ERRNO=%d\n", error);
    return tell(notify, state, status);
}

/* ---- Sockets that were handed over ---------------------------------------------------- */

static int listens(int32_t fd)
{
    int type = 0, accepts = 0;
    socklen_t size = sizeof type;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return 0;
    size = sizeof accepts;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts;
}

/* The next name of a list such as "control:metrics". */
static void read_name(const char **names, sl_notify_fd *of)
{
    const char *at = *names == NULL ? "" : *names;
    size_t size = strcspn(at, ":");

    if (size > sizeof of->name - 1)
        size = sizeof of->name - 1;
    snprintf(of->name, sizeof of->name, "%.*s", size == 0 ? 7 : (int)size,
             size == 0 ? "unknown" : at);
    size = strcspn(at, ":");
    *names = at + size + (at[size] == ':');
}

static int32_t collect(sl_notify_fd *fds, int64_t count, const char *names)
{
    if (count > SL_NOTIFY_FDS_MOST)
        return -E2BIG;
    for (int32_t i = 0; i < count; i++) {
        fds[i].fd = FIRST_FD + i;
        read_name(&names, &fds[i]);
        if (!listens(fds[i].fd)) {
            fds[0] = fds[i];
            return -ENOTSOCK;
        }
        fcntl(fds[i].fd, F_SETFD, FD_CLOEXEC);
        fcntl(fds[i].fd, F_SETFL, O_NONBLOCK | fcntl(fds[i].fd, F_GETFL));
    }
    return (int32_t)count;
}

int32_t sl_notify_fds(sl_notify_fd fds[SL_NOTIFY_FDS_MOST])
{
    int64_t pid = read_number("LISTEN_PID"), count = read_number("LISTEN_FDS");
    int32_t found = 0;

    if (getenv("LISTEN_FDS") != NULL && (count < 0 || pid < 0))
        found = -EINVAL;
    else if (count > 0 && pid == getpid())
        found = collect(fds, count, getenv("LISTEN_FDNAMES"));
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return found;
}

int32_t sl_notify_take(sl_notify_fd *fds, int32_t count, const char *name)
{
    for (int32_t i = 0; i < count; i++) {
        if (fds[i].fd >= 0 && strcmp(fds[i].name, name) == 0) {
            int32_t fd = fds[i].fd;
            fds[i].fd = -1;
            return fd;
        }
    }
    return -1;
}

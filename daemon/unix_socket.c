/*
 * unix_socket.c - see unix_socket.h.
 */
#include "daemon/unix_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "stages/core/error.h"

const char *sl_unix_socket_why(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "another daemon listens there";
    case EEXIST:
        return "something else is there";
    case ENAMETOOLONG:
        return "the path is too long for a socket";
    case ENOENT:
        return "there is no such directory";
    default:
        return strerror(error);
    }
}

int32_t sl_unix_socket_code(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return SL_CODE_PERMISSION;
    case EADDRINUSE:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return SL_CODE_TRY_AGAIN;
    case ENAMETOOLONG:
        return SL_CODE_USAGE;
    default:
        return SL_CODE_NO_OUTPUT;
    }
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Whether somebody listens there: then it is not taken away. */
static int is_used(const struct sockaddr_un *at)
{
    int fd = new_socket();
    int used = fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ||
               errno != ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return used;
}

static int make_room(const struct sockaddr_un *at)
{
    struct stat info;
    if (lstat(at->sun_path, &info) != 0)
        return 0;
    if (!S_ISSOCK(info.st_mode))
        return EEXIST;
    if (is_used(at))
        return EADDRINUSE;
    return unlink(at->sun_path) == 0 || errno == ENOENT ? 0 : errno;
}

/* Nobody can connect before listen, so that the mode is right in time. */
static int bind_it(sl_unix_socket *made, const struct sockaddr_un *at)
{
    struct stat info;
    made->fd = new_socket();
    if (made->fd < 0 || bind(made->fd, (const struct sockaddr *)at, sizeof *at) != 0 ||
        lstat(at->sun_path, &info) != 0)
        return errno;
    made->path = strdup(at->sun_path);
    if (!made->path)
        return ENOMEM;
    made->device = info.st_dev;
    made->inode = info.st_ino;
    return chmod(made->path, 0660) == 0 ? 0 : errno;
}

int sl_unix_socket_bind(sl_unix_socket *made, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    *made = (sl_unix_socket){.fd = -1};
    if (strlen(path) >= sizeof at.sun_path)
        return ENAMETOOLONG;
    memcpy(at.sun_path, path, strlen(path));
    int error = make_room(&at);
    error = error ? error : bind_it(made, &at);
    if (error)
        sl_unix_socket_done(made);
    return error;
}

void sl_unix_socket_done(sl_unix_socket *made)
{
    struct stat info;
    if (made->fd >= 0)
        close(made->fd);
    if (made->path && lstat(made->path, &info) == 0 && info.st_dev == made->device &&
        info.st_ino == made->inode)
        unlink(made->path);
    free(made->path);
    *made = (sl_unix_socket){.fd = -1};
}

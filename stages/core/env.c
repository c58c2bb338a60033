/*
 * env.c - the world as it is, one thin function each; see env.h.
 */
#include "stages/core/env.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static int64_t now(void *context)
{
    (void)context;
    return clock_now(CLOCK_REALTIME);
}

static int64_t monotonic(void *context)
{
    (void)context;
    return clock_now(CLOCK_MONOTONIC);
}

static void fill_random(void *context, void *bytes, size_t size)
{
    (void)context;
    char *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

static void *allocate(void *context, void *old, size_t size)
{
    (void)context;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, size);
}

static int32_t answer(int result)
{
    return result < 0 ? -errno : result;
}

static int32_t open_file(void *context, const char *path, int32_t flags, uint32_t mode)
{
    (void)context;
    return answer(open(path, flags | O_CLOEXEC | O_NOCTTY, (mode_t)mode));
}

static int64_t read_file(void *context, int32_t fd, void *bytes, size_t size)
{
    (void)context;
    ssize_t got = read(fd, bytes, size);
    return got < 0 ? -errno : got;
}

static int64_t pread_file(void *context, int32_t fd, void *bytes, size_t size, int64_t offset)
{
    (void)context;
    ssize_t got;
    do
        got = pread(fd, bytes, size, offset);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int64_t write_file(void *context, int32_t fd, const void *bytes, size_t size)
{
    (void)context;
    ssize_t put = write(fd, bytes, size);
    return put < 0 ? -errno : put;
}

static int64_t seek_file(void *context, int32_t fd, int64_t offset)
{
    (void)context;
    off_t at = lseek(fd, offset, SEEK_SET);
    return at < 0 ? -errno : at;
}

static int32_t sync_file(void *context, int32_t fd)
{
    (void)context;
    return answer(fdatasync(fd));
}

static int32_t truncate_file(void *context, int32_t fd, int64_t bytes)
{
    (void)context;
    return answer(ftruncate(fd, bytes));
}

static int32_t close_file(void *context, int32_t fd)
{
    (void)context;
    return answer(close(fd));
}

static void describe(const struct stat *from, sl_file_info *info)
{
    mode_t mode = from->st_mode;
    *info = (sl_file_info){
        .kind = S_ISREG(mode)    ? SL_FILE_REGULAR
                : S_ISDIR(mode)  ? SL_FILE_DIRECTORY
                : S_ISFIFO(mode) ? SL_FILE_FIFO
                                 : SL_FILE_OTHER,
        .mode = mode & 07777,
        .bytes = from->st_size,
        .device = from->st_dev,
        .inode = from->st_ino,
        .changed = (int64_t)from->st_mtim.tv_sec * 1000000 + from->st_mtim.tv_nsec / 1000,
    };
}

static int32_t stat_path(void *context, const char *path, sl_file_info *info)
{
    (void)context;
    struct stat found;
    if (stat(path, &found) < 0)
        return -errno;
    describe(&found, info);
    return 0;
}

static int32_t stat_file(void *context, int32_t fd, sl_file_info *info)
{
    (void)context;
    struct stat found;
    if (fstat(fd, &found) < 0)
        return -errno;
    describe(&found, info);
    return 0;
}

/* A rename is safe only when its directory is: POSIX promises nothing before. */
static int32_t rename_path(void *context, const char *from, const char *to)
{
    (void)context;
    if (rename(from, to) < 0)
        return -errno;
    char directory[PATH_MAX];
    const char *slash = strrchr(to, '/');
    size_t length = slash ? (size_t)(slash - to) : 1;
    if (length >= sizeof directory)
        return -ENAMETOOLONG;
    memcpy(directory, slash ? to : ".", length);
    directory[length] = '\0';
    int fd = open(length ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int failed = fsync(fd) < 0 ? errno : 0;
    close(fd);
    return failed == EINVAL ? 0 : -failed; /* some file systems cannot sync a directory */
}

static int32_t unlink_path(void *context, const char *path)
{
    (void)context;
    return answer(unlink(path));
}

static int32_t resolve_path(void *context, const char *path, char *target, size_t size)
{
    (void)context;
    char whole[PATH_MAX];
    if (realpath(path, whole)) {
        if (strlen(whole) >= size)
            return -ENAMETOOLONG;
        memcpy(target, whole, strlen(whole) + 1);
        return 0;
    }
    if (errno != ENOENT)
        return -errno;
    /* The last part is absent, or a link to something absent: follow that link by hand. */
    char link[PATH_MAX];
    ssize_t length = readlink(path, link, sizeof link - 1);
    const char *slash = strrchr(path, '/');
    size_t before = slash ? (size_t)(slash - path) + 1 : 0;
    if (length < 0)
        return snprintf(target, size, "%s", path) < (int)size ? 0 : -ENAMETOOLONG;
    link[length] = '\0';
    if (link[0] == '/')
        before = 0;
    if (snprintf(target, size, "%.*s%s", (int)before, path, link) >= (int)size)
        return -ENAMETOOLONG;
    return 0;
}

static int byte_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int32_t sl_env_each(char **paths, size_t count, int32_t (*found)(void *user, const char *path),
                    void *user)
{
    int32_t status = 0;
    qsort(paths, count, sizeof *paths, byte_order);
    for (size_t i = 0; i < count && status == 0; i++)
        status = found(user, paths[i]);
    return status;
}

static int32_t glob_paths(void *context, const char *pattern,
                          int32_t (*found)(void *user, const char *path), void *user)
{
    (void)context;
    glob_t paths;
    int failed = glob(pattern, GLOB_NOSORT, NULL, &paths);
    if (failed)
        return failed == GLOB_NOMATCH ? 0 : failed == GLOB_NOSPACE ? -ENOMEM : -EIO;
    int32_t status = sl_env_each(paths.gl_pathv, paths.gl_pathc, found, user);
    globfree(&paths);
    return status;
}

static int32_t change_mode(void *context, int32_t fd, uint32_t mode)
{
    (void)context;
    return answer(fchmod(fd, (mode_t)mode));
}

static int32_t terminal_width(void *context, int32_t fd)
{
    (void)context;
    struct winsize window;
    if (!isatty(fd))
        return 0;
    return ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
}

/* A lock of the open file, not of the process: it goes with the last descriptor, however the
 * process ends. */
static int32_t lock_byte(void *context, int32_t fd, int64_t at)
{
    (void)context;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    return errno == EACCES ? -EAGAIN : -errno;
}

static int32_t make_directory(void *context, const char *path, uint32_t mode)
{
    (void)context;
    return answer(mkdir(path, (mode_t)mode));
}

const sl_env sl_env_real = {
    .size = sizeof(sl_env),
    .now = now,
    .monotonic = monotonic,
    .random = fill_random,
    .allocate = allocate,
    .open = open_file,
    .read = read_file,
    .pread = pread_file,
    .write = write_file,
    .seek = seek_file,
    .sync = sync_file,
    .truncate = truncate_file,
    .close = close_file,
    .stat = stat_path,
    .fstat = stat_file,
    .rename = rename_path,
    .unlink = unlink_path,
    .resolve = resolve_path,
    .glob = glob_paths,
    .chmod = change_mode,
    .terminal = terminal_width,
    .lock = lock_byte,
    .make_directory = make_directory,
};

/* ---- Paths ----------------------------------------------------------------------------------- */

int32_t sl_env_folder(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *from = slash == path ? "/" : slash ? path : ".";
    size_t size = slash && slash != path ? (size_t)(slash - path) : 1;
    if (size >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(folder, from, size);
    folder[size] = '\0';
    return 0;
}

int32_t sl_env_sync_folder(const sl_env *env, const char *path)
{
    char folder[PATH_MAX];
    int32_t fd = sl_env_folder(path, folder);
    if (fd == 0)
        fd = env->open(env->context, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    int32_t synced = env->sync(env->context, fd);
    env->close(env->context, fd);
    return synced == -EINVAL ? 0 : synced;
}

/* ---- Words ----------------------------------------------------------------------------------- */

const char *sl_env_why(int32_t error)
{
    return error == EXDEV ? "it leads out of the directories that may be reached" : strerror(error);
}

const char *sl_env_hint(int32_t error)
{
    return error == EXDEV ? "with --root a graph reaches only what lies beneath such a directory; "
                            "absolute links and links of /proc lead out of each"
                          : NULL;
}

int32_t sl_env_forbids(int32_t error)
{
    return error == EACCES || error == EPERM || error == EXDEV;
}

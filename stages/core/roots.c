/*
 * roots.c - the world, confined; see roots.h.
 */
#include "stages/core/roots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stages/core/env.h"

#define LINKS_MOST 40  /* dangling links one after the other */
#define TRIES_MOST 100 /* of a path that somebody renames meanwhile */

typedef struct root {
    int32_t fd;     /* O_PATH */
    char *names[2]; /* absolute: as it was given, and without links */
} root;

struct sl_roots {
    sl_env env;
    uint32_t count;
    root list[];
};

/* ---- Names ------------------------------------------------------------------------------ */

/* The path from the top, `//` and `/./` taken out; `..` stays, for what it means depends on links.
 * 0 or -errno. */
static int32_t whole_name(const char *path, char name[PATH_MAX])
{
    size_t size = 0;
    if (*path == '\0')
        return -ENOENT;
    if (*path != '/') {
        if (!getcwd(name, PATH_MAX))
            return -errno;
        size = strcmp(name, "/") == 0 ? 0 : strlen(name);
    }
    for (const char *at = path; *at; at += strspn(at, "/")) {
        size_t part = strcspn(at, "/");
        if (part == 0 || (part == 1 && *at == '.')) {
            at += part;
            continue;
        }
        if (size + part + 2 > PATH_MAX)
            return -ENAMETOOLONG;
        name[size++] = '/';
        memcpy(name + size, at, part);
        size += part;
        at += part;
    }
    name[size] = '\0';
    return 0;
}

/* What follows a root's name in a whole one; NULL: it does not begin with it. */
static const char *beneath(const char *root_name, const char *name)
{
    size_t size = strcmp(root_name, "/") == 0 ? 0 : strlen(root_name);
    if (strncmp(root_name, name, size) != 0 || (name[size] != '/' && name[size] != '\0'))
        return NULL;
    return name + size + strspn(name + size, "/");
}

/* The same in either of the root's names; "." for the root itself. */
static const char *rest_of(const root *at, const char *name)
{
    for (int i = 0; i < 2; i++) {
        const char *rest = beneath(at->names[i], name);
        if (rest)
            return *rest ? rest : ".";
    }
    return NULL;
}

int32_t sl_roots_has(const sl_roots *roots, const char *path)
{
    char name[PATH_MAX];
    if (whole_name(path, name) < 0)
        return 0;
    for (uint32_t i = 0; i < roots->count; i++)
        if (rest_of(&roots->list[i], name))
            return 1;
    return 0;
}

/* ---- Opening ---------------------------------------------------------------------------- */

static int32_t open_at(int32_t fd, const char *rest, int32_t flags, uint32_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY)),
        .mode = flags & O_CREAT ? mode & 07777 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    for (int tries = 0; tries < TRIES_MOST; tries++) {
        long got = syscall(SYS_openat2, fd, rest, &how, sizeof how);
        if (got >= 0)
            return (int32_t)got;
        if (errno != EAGAIN) /* `..` while something was renamed */
            return -errno;
    }
    return -EAGAIN;
}

int32_t sl_roots_open(const sl_roots *roots, const char *path, int32_t flags, uint32_t mode)
{
    char name[PATH_MAX];
    int32_t answer = whole_name(path, name);
    if (answer < 0)
        return answer;
    /* What is written with a slash at its end is a directory, or nothing. */
    if (path[strlen(path) - 1] == '/')
        flags |= O_DIRECTORY;
    answer = -EXDEV;
    for (uint32_t i = 0; i < roots->count; i++) {
        const char *rest = rest_of(&roots->list[i], name);
        if (!rest)
            continue;
        answer = open_at(roots->list[i].fd, rest, flags, mode);
        if (answer != -EXDEV) /* a root inside or around this one may have it */
            return answer;
    }
    return answer;
}

int32_t sl_roots_stat(const sl_roots *roots, const char *path, struct stat *info)
{
    int32_t fd = sl_roots_open(roots, path, O_PATH, 0);
    if (fd < 0)
        return fd;
    int32_t answer = fstat(fd, info) < 0 ? -errno : 0;
    close(fd);
    return answer;
}

/* Opens the directory that a path's last part stands in; *last is that part, in path. */
static int32_t open_parent(const sl_roots *roots, const char *path, int32_t flags,
                           const char **last)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    *last = slash ? slash + 1 : path;
    if (**last == '\0' || strcmp(*last, ".") == 0 || strcmp(*last, "..") == 0)
        return -EISDIR;
    int32_t answer = sl_env_folder(path, folder);
    return answer < 0 ? answer : sl_roots_open(roots, folder, flags | O_DIRECTORY, 0);
}

int32_t sl_roots_unlink(const sl_roots *roots, const char *path)
{
    const char *last;
    int32_t folder = open_parent(roots, path, O_PATH, &last);
    if (folder < 0)
        return folder;
    int32_t answer = unlinkat(folder, last, 0) < 0 ? -errno : 0;
    close(folder);
    return answer;
}

/* ---- The world ---------------------------------------------------------------------------- */

static int32_t open_file(void *context, const char *path, int32_t flags, uint32_t mode)
{
    return sl_roots_open(context, path, flags, mode);
}

static int32_t stat_path(void *context, const char *path, sl_file_info *info)
{
    int32_t fd = sl_roots_open(context, path, O_PATH, 0);
    if (fd < 0)
        return fd;
    int32_t answer = sl_env_real.fstat(NULL, fd, info);
    close(fd);
    return answer;
}

static int32_t unlink_path(void *context, const char *path)
{
    return sl_roots_unlink(context, path);
}

/* A rename is safe only when its directory is: POSIX promises nothing before. */
static int32_t rename_path(void *context, const char *from, const char *to)
{
    const char *from_last, *to_last;
    int32_t from_folder = open_parent(context, from, O_PATH, &from_last);
    if (from_folder < 0)
        return from_folder;
    int32_t to_folder = open_parent(context, to, O_RDONLY, &to_last);
    int32_t answer = to_folder;
    if (to_folder >= 0) {
        answer = renameat(from_folder, from_last, to_folder, to_last) < 0 ? -errno : 0;
        if (answer == 0 && fsync(to_folder) < 0 && errno != EINVAL) /* as sl_env_sync_folder */
            answer = -errno;
        close(to_folder);
    }
    close(from_folder);
    return answer;
}

/* The name of what is open, without links. */
static int32_t name_of(int32_t fd, char *name, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", (int)fd);
    ssize_t length = readlink(link, name, size);
    if (length < 0)
        return -errno;
    if ((size_t)length >= size)
        return -ENAMETOOLONG;
    name[length] = '\0';
    return 0;
}

/* Of a path whose last part is not there, or is a link to something that is not: its directory's
 * name and that part, or, in `path` again, where the link leads; 1: look once more. */
static int32_t resolve_absent(const sl_roots *roots, char path[PATH_MAX])
{
    char folder[PATH_MAX], link[PATH_MAX];
    const char *last;
    int32_t fd = open_parent(roots, path, O_PATH, &last);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    int32_t answer = name_of(fd, folder, sizeof folder);
    ssize_t length = readlinkat(fd, last, link, sizeof link - 1);
    close(fd);
    if (answer < 0)
        return answer;
    if (length >= 0) {
        link[length] = '\0';
        last = link;
    }
    if (length >= 0 && *link == '/') /* as openat2 sees it */
        return -EXDEV;
    char made[PATH_MAX];
    if (snprintf(made, sizeof made, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, last) >=
        (int)sizeof made)
        return -ENAMETOOLONG;
    strcpy(path, made);
    return length >= 0;
}

static int32_t resolve_path(void *context, const char *path, char *target, size_t size)
{
    char now[PATH_MAX];
    if (snprintf(now, sizeof now, "%s", path) >= (int)sizeof now)
        return -ENAMETOOLONG;
    for (int links = 0; links < LINKS_MOST; links++) {
        int32_t fd = sl_roots_open(context, now, O_PATH, 0);
        if (fd >= 0) {
            int32_t answer = name_of(fd, target, size);
            close(fd);
            return answer;
        }
        int32_t again = fd == -ENOENT ? resolve_absent(context, now) : fd;
        if (again < 0)
            return again;
        if (again == 0)
            return snprintf(target, size, "%s", now) < (int)size ? 0 : -ENAMETOOLONG;
    }
    return -ELOOP;
}

/* ---- Globs: glob(3) asks for directories by these, which have no context of their own ---------
 */

static _Thread_local const sl_roots *searched;

int sl_roots_as_call(int32_t answer)
{
    if (answer < 0)
        errno = -answer;
    return answer < 0 ? -1 : answer;
}

static void *open_folder(const char *path)
{
    int fd = sl_roots_as_call(sl_roots_open(searched, path, O_RDONLY | O_DIRECTORY, 0));
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !folder)
        close(fd);
    return folder;
}

static struct dirent *read_folder(void *folder)
{
    return readdir(folder);
}

static void close_folder(void *folder)
{
    closedir(folder);
}

static int look(const char *restrict path, struct stat *restrict info)
{
    return sl_roots_as_call(sl_roots_stat(searched, path, info));
}

static int look_at_link(const char *restrict path, struct stat *restrict info)
{
    int fd = sl_roots_as_call(sl_roots_open(searched, path, O_PATH | O_NOFOLLOW, 0));
    if (fd < 0)
        return -1;
    int answer = fstat(fd, info);
    close(fd);
    return answer;
}

/* The directory that a pattern starts in: outside of the roots it is a mistake, and no match. */
static int32_t check_start(const sl_roots *roots, const char *pattern)
{
    char start[PATH_MAX];
    size_t size = strcspn(pattern, "*?[\\");
    while (size > 0 && pattern[size - 1] != '/')
        size--;
    if (size >= sizeof start)
        return -ENAMETOOLONG;
    memcpy(start, pattern, size);
    start[size] = '\0';
    int32_t fd = sl_roots_open(roots, size ? start : ".", O_PATH, 0);
    if (fd >= 0)
        close(fd);
    return fd == -EXDEV ? fd : 0;
}

static int32_t glob_paths(void *context, const char *pattern,
                          int32_t (*found)(void *user, const char *path), void *user)
{
    glob_t paths = {.gl_opendir = open_folder,
                    .gl_readdir = read_folder,
                    .gl_closedir = close_folder,
                    .gl_stat = look,
                    .gl_lstat = look_at_link};
    int32_t status = check_start(context, pattern);
    if (status < 0)
        return status;
    searched = context;
    int failed = glob(pattern, GLOB_NOSORT | GLOB_ALTDIRFUNC, NULL, &paths);
    searched = NULL;
    if (failed)
        return failed == GLOB_NOMATCH ? 0 : failed == GLOB_NOSPACE ? -ENOMEM : -EIO;
    status = sl_env_each(paths.gl_pathv, paths.gl_pathc, found, user);
    globfree(&paths);
    return status;
}

/* ---- Making ---------------------------------------------------------------------------- */

static int32_t open_root(root *made, const char *directory)
{
    char name[PATH_MAX], real[PATH_MAX];
    made->fd = -1;
    int32_t answer = whole_name(directory, name);
    if (answer < 0)
        return answer;
    made->fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (made->fd < 0)
        return -errno;
    answer = name_of(made->fd, real, sizeof real);
    int32_t probe = answer < 0 ? answer : open_at(made->fd, ".", O_PATH | O_DIRECTORY, 0);
    if (probe < 0)
        return probe;
    close(probe);
    made->names[0] = strdup(*name ? name : "/");
    made->names[1] = strdup(real);
    return made->names[0] && made->names[1] ? 0 : -ENOMEM;
}

int32_t sl_roots_new(const char *const *directories, uint32_t count, sl_roots **roots,
                     uint32_t *wrong)
{
    *wrong = 0;
    sl_roots *made = calloc(1, sizeof *made + count * sizeof *made->list);
    if (!made)
        return -ENOMEM;
    made->env = sl_env_real;
    made->env.context = made;
    made->env.open = open_file;
    made->env.stat = stat_path;
    made->env.unlink = unlink_path;
    made->env.rename = rename_path;
    made->env.resolve = resolve_path;
    made->env.glob = glob_paths;
    for (; made->count < count; *wrong = made->count) {
        root *next = &made->list[made->count++];
        int32_t answer = open_root(next, directories[*wrong]);
        if (answer < 0) {
            sl_roots_free(made);
            return answer;
        }
    }
    *roots = made;
    return 0;
}

void sl_roots_free(sl_roots *roots)
{
    if (!roots)
        return;
    for (uint32_t i = 0; i < roots->count; i++) {
        if (roots->list[i].fd >= 0)
            close(roots->list[i].fd);
        free(roots->list[i].names[0]);
        free(roots->list[i].names[1]);
    }
    free(roots);
}

const sl_env *sl_roots_env(const sl_roots *roots)
{
    return &roots->env;
}

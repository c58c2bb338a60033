/*
 * sqlite_roots.c - see sqlite_roots.h.
 *
 * SQLite opens by name. To look at a name before, or after, leaves a moment in which somebody may
 * put a link there; so it is the opening itself that is confined, in two steps:
 *
 *     xFullPathname   of the VFS that stages use makes, of the name a stage gives, the file's own
 *                     one, without links, by openat2; SQLite makes the names of journals of that
 *     open, stat ...  the calls of SQLite's unix VFS go through openat2 where the name lies beneath
 *                     a root; a link that came in between leads nowhere
 *
 * Names that lie beneath none are the state's and temporary files', which only the host opens by
 * SQLite's own VFS: no stage's name comes to be one, for xFullPathname refuses it.
 */
#include "stages/sqlite_roots.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME "sluice-roots"

static const sl_roots *confined;
static sqlite3_vfs vfs;

/* ---- What SQLite calls ------------------------------------------------------------------- */

static int open_file(const char *path, int flags, int mode)
{
    if (!sl_roots_has(confined, path))
        return open(path, flags, mode);
    return sl_roots_as_call(sl_roots_open(confined, path, flags, (uint32_t)mode));
}

static int stat_file(const char *path, struct stat *info)
{
    return sl_roots_has(confined, path) ? sl_roots_as_call(sl_roots_stat(confined, path, info))
                                        : stat(path, info);
}

static int access_file(const char *path, int mode)
{
    char name[64];
    if (!sl_roots_has(confined, path))
        return access(path, mode);
    int fd = sl_roots_as_call(sl_roots_open(confined, path, O_PATH, 0));
    if (fd < 0)
        return -1;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int answer = access(name, mode), error = errno;
    close(fd);
    errno = error;
    return answer;
}

static int unlink_file(const char *path)
{
    return sl_roots_has(confined, path) ? sl_roots_as_call(sl_roots_unlink(confined, path))
                                        : unlink(path);
}

static int full_name(sqlite3_vfs *of, const char *path, int size, char *to)
{
    const sl_env *env = sl_roots_env(confined);
    (void)of;
    int32_t answer = env->resolve(env->context, path, to, size > 0 ? (size_t)size : 0);
    if (answer < 0 || !sl_roots_has(confined, to)) {
        errno = answer < 0 ? -answer : EXDEV;
        return SQLITE_CANTOPEN;
    }
    return SQLITE_OK;
}

/* ---- Making ------------------------------------------------------------------------------ */

int32_t sl_sqlite_confine(const sl_roots *roots, const char **name)
{
    static const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {{"open", (sqlite3_syscall_ptr)open_file},
                 {"stat", (sqlite3_syscall_ptr)stat_file},
                 {"access", (sqlite3_syscall_ptr)access_file},
                 {"unlink", (sqlite3_syscall_ptr)unlink_file}};
    sqlite3_vfs *own = sqlite3_vfs_find("unix");
    if (!own || own != sqlite3_vfs_find(NULL) || own->iVersion < 3)
        return -1;
    confined = roots;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (own->xSetSystemCall(own, calls[i].name, calls[i].call) != SQLITE_OK)
            return -1;
    vfs = *own;
    vfs.pNext = NULL;
    vfs.zName = NAME;
    vfs.xFullPathname = full_name;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        return -1;
    *name = NAME;
    return 0;
}

/*
 * roots.h - the world, confined: files are reached beneath declared directories only.
 *
 * A path is taken by the kernel from the open directory of a root, with openat2 and
 * RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS: no `..`, no symbolic link and no link of /proc leads out
 * of it, also when somebody changes one meanwhile. Whatever would is -EXDEV, which sl_env_why puts
 * into words. A link that is absolute leads out even when it points back in.
 *
 * Deliberately elsewhere: SQLite, which opens its files itself (stages/sqlite_roots.h).
 * Thread: ANY THREAD once it is made.
 */
#ifndef SL_ROOTS_H
#define SL_ROOTS_H

#include <sys/stat.h>

#include "stages/core/stage.h"

typedef struct sl_roots sl_roots;

/* Opens the directories. 0, or -errno of the one that *wrong tells: -ENOSYS and -EPERM also where
 * this kernel has no openat2 or refuses it; -ENOMEM. */
int32_t sl_roots_new(const char *const *directories, uint32_t count, sl_roots **roots,
                     uint32_t *wrong);
void sl_roots_free(sl_roots *roots); /* NULL: nothing */

/* sl_env_real, but with what names a file confined. Lives as long as roots. */
const sl_env *sl_roots_env(const sl_roots *roots);

/* 1: the name, as it is spelled, lies beneath a root. Links are not looked at. */
int32_t sl_roots_has(const sl_roots *roots, const char *path);
/* As open(2), and as stat(2): a descriptor or 0; -errno. */
int32_t sl_roots_open(const sl_roots *roots, const char *path, int32_t flags, uint32_t mode);
int32_t sl_roots_stat(const sl_roots *roots, const char *path, struct stat *info);
int32_t sl_roots_unlink(const sl_roots *roots, const char *path);
/* Such an answer as a system call gives it: -1 and errno. */
int sl_roots_as_call(int32_t answer);

#endif

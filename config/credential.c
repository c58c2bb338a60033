/*
 * credential.c - see credential.h.
 *
 * Deliberately elsewhere: where a credential may stand (params.c).
 */
#include "config/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/value.h"

#define OTHERS 0027u /* the rights of a file that nobody may have */
#define ENTER 0011u  /* ... and of a directory, for them to come to what is in it */

/* Reads what the open file holds; -errno. */
static int32_t fill(const sl_env *env, int32_t fd, size_t room, char *text, size_t *size)
{
    *size = 0;
    while (*size < room) {
        int64_t got = env->read(env->context, fd, text + *size, room - *size);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            return (int32_t)got;
        *size += (size_t)got;
    }
    return -EFBIG;
}

/* Whether a directory above the file keeps out everybody but its owner. */
static int is_shut_in(const sl_env *env, const char *path)
{
    char above[PATH_MAX];
    sl_file_info info;
    if (env->resolve(env->context, path, above, sizeof above) < 0)
        return 0;
    for (char *slash; (slash = strrchr(above, '/')) != NULL && slash > above;) {
        *slash = '\0';
        if (env->stat(env->context, above, &info) == 0 && (info.mode & ENTER) == 0)
            return 1;
    }
    return 0;
}

static int32_t read_file(const sl_env *env, const char *path, int32_t fd, size_t limit,
                         sl_secret **secrets, sl_credential *found)
{
    sl_file_info info;
    int32_t status = env->fstat(env->context, fd, &info);
    if (status == 0 && info.kind != SL_FILE_REGULAR)
        status = info.kind == SL_FILE_DIRECTORY ? -EISDIR : -EINVAL;
    if (status == 0 && (info.bytes < 0 || (uint64_t)info.bytes > limit))
        status = -EFBIG;
    if (status != 0)
        return status;
    if ((info.mode & OTHERS) && !is_shut_in(env, path))
        return -EPERM;
    size_t size, room = (size_t)info.bytes + 1; /* one more: whether it grew */
    char *text = sl_secret_take(secrets, room);
    status = text == NULL ? -ENOMEM : fill(env, fd, room, text, &size);
    if (status != 0)
        return status;
    size -= size > 0 && text[size - 1] == '\n';
    text[size] = '\0';
    if (strlen(text) != size || sl_value_utf8(text, size) != size)
        return -EILSEQ;
    sl_secret_know(*secrets, text);
    found->text = text;
    return 0;
}

sl_credential sl_credential_read(const sl_env *env, const char *name, size_t limit,
                                 sl_secret **secrets, sl_arena *arena)
{
    sl_credential found = {0};
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory == NULL) {
        found.why = "CREDENTIALS_DIRECTORY is not set";
        found.missing = 1;
    } else {
        const char *path = sl_arena_format(arena, "%s/%s", directory, name);
        int32_t fd = path == NULL
                         ? -ENOMEM
                         : env->open(env->context, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
        int32_t status = fd < 0 ? fd : read_file(env, path, fd, limit, secrets, &found);
        if (fd >= 0)
            (void)env->close(env->context, fd);
        if (status == -EPERM && fd >= 0) {
            found.why = "its file is open to others than its owner";
            found.hint = sl_arena_format(arena, "chmod 600 %s", path);
            return found;
        }
        found.missing = status == -ENOENT;
        found.why = status == 0         ? NULL
                    : status == -EILSEQ ? "it is not valid UTF-8 text"
                                        : strerror(-status);
    }
    found.hint = "systemd gives one with LoadCredential=NAME:FILE; by hand, set "
                 "CREDENTIALS_DIRECTORY to a directory with that file";
    return found;
}

/*
 * file.c - a whole small file as text.
 *
 * Deliberately elsewhere: what the bytes mean (yaml.c), secrets (params.c).
 */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>

#define FIRST_ROOM ((size_t)16 * 1024)

typedef struct buffer {
    char *bytes;
    size_t size;
    size_t room;
} buffer;

static int32_t grow(const sl_env *env, buffer *to)
{
    size_t room = to->room == 0 ? FIRST_ROOM : to->room * 2;
    char *bytes = env->allocate(env->context, to->bytes, room);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    to->bytes = bytes;
    to->room = room;
    return 0;
}

/* Reads to the end, or one byte beyond the limit. */
static int32_t fill(const sl_env *env, int32_t fd, size_t limit, buffer *to)
{
    while (to->size <= limit) {
        if (to->size == to->room && grow(env, to) < 0) {
            return -ENOMEM;
        }
        int64_t got = env->read(env->context, fd, to->bytes + to->size, to->room - to->size);
        if (got == -EINTR) {
            continue;
        }
        if (got <= 0) {
            return (int32_t)got;
        }
        to->size += (size_t)got;
    }
    return -EFBIG;
}

int32_t sl_file_read(const sl_env *env, const char *path, size_t limit, sl_arena *arena,
                     char **text, size_t *size)
{
    int32_t fd = env->open(env->context, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        return fd;
    }
    buffer got = {0};
    int32_t status = fill(env, fd, limit, &got);
    (void)env->close(env->context, fd);
    if (status == 0) {
        *text = sl_arena_copy(arena, got.size == 0 ? "" : got.bytes, got.size);
        *size = got.size;
        status = *text == NULL ? -ENOMEM : 0;
    }
    if (got.bytes != NULL) {
        (void)env->allocate(env->context, got.bytes, 0);
    }
    return status;
}

/*
 * temporary.c - see temporary.h.
 */
#include "stages/temporary.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/text.h"

#define NAME_LIMIT 255 /* bytes of a file's name, on every file system that matters */
#define ENDING ".sluice-"
#define DIGITS 8

/* The two parts of the target's name, the second cut so that there is room for the rest. */
typedef struct parts {
    int folder, name; /* bytes */
} parts;

static parts parts_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0, name = strlen(path + folder);
    size_t most = NAME_LIMIT - 1 - (sizeof ENDING - 1) - DIGITS;
    return (parts){(int)folder, (int)(name < most ? name : most)};
}

char *sl_temporary_name(sl_stage *stage, const char *path)
{
    parts of = parts_of(path);
    size_t room = (size_t)of.folder + 1 + (size_t)of.name + sizeof ENDING + DIGITS;
    char *made = stage->host->allocate(stage, NULL, room);
    if (!made) {
        sl_no_memory(stage);
        return NULL;
    }
    uint32_t number;
    stage->env->random(stage->env->context, &number, sizeof number);
    snprintf(made, room, "%.*s.%.*s" ENDING "%08x", of.folder, path, of.name, path + of.folder,
             (unsigned)number);
    return made;
}

void sl_temporary_hold(const sl_env *env, int32_t fd)
{
    if (env->lock)
        (void)env->lock(env->context, fd, 0);
}

static int32_t keep(void *of, const char *path)
{
    sl_builder_add(of, path, strlen(path) + 1);
    return 0;
}

static void remove_unheld(const sl_env *env, const char *path)
{
    int32_t fd = env->open(env->context, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (env->lock(env->context, fd, 0) == 0)
        (void)env->unlink(env->context, path);
    env->close(env->context, fd);
}

void sl_temporary_clean(const sl_env *env, const char *path)
{
    parts of = parts_of(path);
    sl_builder pattern = {.env = env}, found = {.env = env};
    if (!env->lock)
        return;
    sl_builder_plain(&pattern, path, (size_t)of.folder);
    sl_builder_add(&pattern, ".", 1);
    sl_builder_plain(&pattern, path + of.folder, (size_t)of.name);
    sl_builder_word(&pattern, ENDING);
    for (int i = 0; i < DIGITS; i++)
        sl_builder_word(&pattern, "[0-9a-f]");
    if (!pattern.failed && env->glob(env->context, pattern.data, keep, &found) == 0 &&
        !found.failed)
        for (size_t at = 0; at < found.size; at += strlen(found.data + at) + 1)
            remove_unheld(env, found.data + at);
    sl_builder_done(&pattern);
    sl_builder_done(&found);
}

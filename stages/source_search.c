/*
 * source_search.c - see source_search.h.
 */
#include "stages/source_search.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "stages/core/text.h"
#include "stages/source_list.h"

typedef struct search {
    sl_stage *stage;
    const sl_source_place *place;
    sl_source_found *found;
    int32_t looked_at;
    sl_status status;
} search;

/* Opens what is there. 1: it is the file, and found->fd is open; 0: not; -1: failed, said. */
static int32_t is_file(const search *now, const char *path)
{
    sl_source_found *found = now->found;
    const sl_env *env = now->stage->env;
    found->fd = env->open(env->context, path, O_RDONLY | O_CLOEXEC, 0);
    if (found->fd < 0)
        return 0;
    int32_t answer = env->fstat(env->context, found->fd, &found->info);
    if (answer == 0 && found->info.device == now->place->device &&
        found->info.inode == now->place->inode)
        answer = sl_source_same(now->stage, found->fd, found->info.bytes, now->place);
    if (answer == 1)
        return 1;
    env->close(env->context, found->fd);
    if (answer < 0)
        sl_source_fail_path(now->stage, path, NULL, -answer);
    return answer < 0 ? -1 : 0;
}

/* One file of the folder. */
static int32_t look_at(void *user, const char *path)
{
    search *now = user;
    sl_stage *stage = now->stage;
    const sl_env *env = stage->env;
    sl_file_info info;
    if (++now->looked_at > SL_SOURCE_SEARCHED)
        return 1;
    if (env->stat(env->context, path, &info) < 0 || info.kind != SL_FILE_REGULAR ||
        info.device != now->place->device || info.inode != now->place->inode)
        return 0;
    int32_t answer = is_file(now, path);
    if (answer == 0)
        return 0;
    size_t size = strlen(path) + 1;
    now->found->name = answer == 1 ? stage->host->allocate(stage, NULL, size) : NULL;
    if (now->found->name) {
        memcpy(now->found->name, path, size);
        return 1;
    }
    if (answer == 1)
        env->close(env->context, now->found->fd);
    now->status = answer == 1 ? sl_no_memory(stage) : SL_ERROR;
    return 1;
}

sl_status sl_source_search(sl_stage *stage, const char *name, const sl_source_place *place,
                           sl_source_found *found)
{
    const char *slash = strrchr(name, '/');
    sl_builder pattern = {.env = stage->env};
    search now = {.stage = stage, .place = place, .found = found};
    *found = (sl_source_found){.fd = -1};
    for (const char *at = name; slash && at < slash; at++) {
        if (strchr("*?[\\", *at))
            sl_builder_word(&pattern, "\\");
        sl_builder_add(&pattern, at, 1);
    }
    sl_builder_word(&pattern, slash ? "/*" : "*");
    int32_t answer =
        pattern.failed ? 0 : stage->env->glob(stage->env->context, pattern.data, look_at, &now);
    if (pattern.failed)
        now.status = sl_no_memory(stage);
    else if (answer < 0 && answer != -ENOENT && now.status == SL_OK)
        now.status = sl_source_fail_path(stage, pattern.data, NULL, -answer);
    sl_builder_done(&pattern);
    return now.status;
}

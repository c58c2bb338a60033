/*
 * source_search.c - see source_search.h.
 */
#include "stages/source_search.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "stages/core/text.h"
#include "stages/source_list.h"

typedef struct folder {
    sl_stage *stage;
    int32_t (*found)(void *user, const char *path, const sl_file_info *info);
    void *user;
    int32_t looked_at;
} folder;

static int32_t look_at(void *user, const char *path)
{
    folder *now = user;
    const sl_env *env = now->stage->env;
    sl_file_info info;
    if (++now->looked_at > SL_SOURCE_SEARCHED)
        return 1;
    if (env->stat(env->context, path, &info) < 0 || info.kind != SL_FILE_REGULAR)
        return 0;
    return now->found(now->user, path, &info);
}

sl_status sl_source_folder(sl_stage *stage, const char *name,
                           int32_t (*found)(void *user, const char *path, const sl_file_info *info),
                           void *user)
{
    const char *slash = strrchr(name, '/');
    sl_builder pattern = {.env = stage->env};
    folder now = {.stage = stage, .found = found, .user = user};
    sl_builder_plain(&pattern, name, slash ? (size_t)(slash - name) : 0);
    sl_builder_word(&pattern, slash ? "/*" : "*");
    sl_status status = pattern.failed ? sl_no_memory(stage) : SL_OK;
    int32_t answer =
        status != SL_OK ? 0 : stage->env->glob(stage->env->context, pattern.data, look_at, &now);
    if (answer < 0 && answer != -ENOENT)
        status = sl_source_fail_path(stage, pattern.data, NULL, -answer);
    sl_builder_done(&pattern);
    return status;
}

int32_t sl_source_open_same(sl_stage *stage, const char *path, const sl_source_place *place,
                            sl_source_found *found)
{
    const sl_env *env = stage->env;
    int32_t same = 0;
    *found = (sl_source_found){.fd = env->open(env->context, path, O_RDONLY | O_CLOEXEC, 0)};
    if (found->fd == -ENOENT || sl_env_forbids(-found->fd))
        return 0;
    if (found->fd < 0) {
        sl_source_fail_path(stage, path, NULL, -found->fd);
        return -1;
    }
    int32_t answer = env->fstat(env->context, found->fd, &found->info);
    if (answer == 0)
        same = answer = sl_source_renamed(stage, found->fd, &found->info, place);
    if (same == 1)
        return 1;
    env->close(env->context, found->fd);
    if (answer < 0)
        sl_source_fail_path(stage, path, NULL, -answer);
    return answer < 0 ? -1 : 0;
}

typedef struct search {
    sl_stage *stage;
    const sl_source_place *place;
    sl_source_found *found;
    sl_status status;
} search;

/* One file of the folder. */
static int32_t compare(void *user, const char *path, const sl_file_info *info)
{
    search *now = user;
    sl_stage *stage = now->stage;
    if (info->device != now->place->device || info->inode != now->place->inode)
        return 0;
    int32_t answer = sl_source_open_same(stage, path, now->place, now->found);
    if (answer == 0)
        return 0;
    size_t size = strlen(path) + 1;
    now->found->name = answer == 1 ? stage->host->allocate(stage, NULL, size) : NULL;
    if (now->found->name) {
        memcpy(now->found->name, path, size);
        return 1;
    }
    if (answer == 1)
        stage->env->close(stage->env->context, now->found->fd);
    now->status = answer == 1 ? sl_no_memory(stage) : SL_ERROR;
    return 1;
}

sl_status sl_source_search(sl_stage *stage, const char *name, const sl_source_place *place,
                           sl_source_found *found)
{
    search now = {.stage = stage, .place = place, .found = found};
    *found = (sl_source_found){.fd = -1};
    sl_status status = sl_source_folder(stage, name, compare, &now);
    return status == SL_OK ? now.status : status;
}

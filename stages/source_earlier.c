/*
 * source_earlier.c - see source_earlier.h.
 */
#include "stages/source_earlier.h"

#include <fnmatch.h>
#include <string.h>

#include "stages/source_search.h"
#include "stages/source_streams.h"

/* A file that is at no listed path: its rest is read, under the name that it had. TAKES fd. */
static sl_status open_older(sl_follow *follow, const sl_source_known *known, const sl_value *value,
                            int32_t fd, const sl_file_info *info)
{
    sl_stream *made = sl_stream_add(follow, known->name, value, fd, info);
    if (!made)
        return SL_ERROR;
    sl_stream_begin(made, &known->place);
    made->place.gone = SL_SOURCE_GONE;
    return sl_stream_put(follow, made);
}

/* Looks for it in the folder where it was, and opens it where that is asked. *older: its stream;
 * 0: it is not there. */
static sl_status find_older(sl_follow *follow, const sl_source_known *known, const sl_value *value,
                            int32_t open, uint64_t *older)
{
    sl_source_found found;
    sl_stage *stage = follow->stage;
    *older = 0;
    if (sl_source_search(stage, known->name, &known->place, &found) != SL_OK)
        return SL_ERROR;
    if (!found.name)
        return SL_OK;
    stage->host->allocate(stage, found.name, 0);
    *older = follow->numbers + 1;
    if (open)
        return open_older(follow, known, value, found.fd, &found.info);
    stage->env->close(stage->env->context, found.fd);
    return SL_OK;
}

int32_t sl_earlier_is_known(sl_follow *follow, sl_stream *made, const sl_file_info *info)
{
    sl_stage *stage = follow->stage;
    const sl_source_known *known =
        sl_source_places_find(follow->places, made->name, made->device, made->inode);
    int32_t answer = known ? sl_source_same(stage, made->fd, info->bytes, &known->place) : 0;
    for (uint32_t at = 0; answer == 0;) {
        known = sl_source_places_of(follow->places, made->device, made->inode, &at);
        if (!known)
            return 0;
        answer = sl_source_renamed(stage, made->fd, info, &known->place);
    }
    if (answer < 0) {
        sl_source_fail_path(stage, made->name, made->value, -answer);
        return -1;
    }
    sl_stream_begin(made, &known->place);
    made->place.gone = 0;
    sl_source_places_remove(follow->places, known->name, made->device, made->inode);
    return sl_stream_put(follow, made) == SL_OK ? 1 : -1;
}

/* A fresh stream is a file that is nowhere any more, when it has the same content: a copy, or an
 * edit by rename. 1; 0: it is not; -1: failed, said. */
static int32_t take_over(sl_follow *follow, sl_stream *at, const sl_source_known *known)
{
    sl_file_info info;
    const sl_env *env = follow->stage->env;
    if (at->begun || known->place.raw <= 0)
        return 0;
    int32_t answer = env->fstat(env->context, at->fd, &info);
    if (answer == 0)
        answer = sl_source_same(follow->stage, at->fd, info.bytes, &known->place);
    if (answer < 0)
        sl_source_fail_path(follow->stage, at->name, at->value, -answer);
    if (answer != 1)
        return answer < 0 ? -1 : 0;
    sl_stream_begin(at, &known->place);
    at->place.gone = 0;
    sl_source_places_remove(follow->places, at->name, known->place.device, known->place.inode);
    return sl_stream_put(follow, at) == SL_OK ? 1 : -1;
}

/* What a fresh stream's name was in an earlier run: another file, that is not open. */
static sl_status settle_other(sl_follow *follow, uint32_t index, const sl_source_known *known)
{
    sl_source_place place = known->place;
    int32_t drained = place.gone == SL_SOURCE_DRAINED, taken = 0;
    uint64_t older;
    if (drained && sl_source_places_newest(follow->places, known->name) != known)
        return SL_OK;
    if (find_older(follow, known, follow->streams[index].value, !drained, &older) != SL_OK)
        return SL_ERROR;
    sl_stream *at = &follow->streams[index];
    if (older && !drained) {
        follow->streams[follow->count - 1].after = at->after;
        at->after = older;
    }
    if (!older)
        taken = take_over(follow, at, known);
    if (older || taken != 0 || drained)
        return taken < 0 ? SL_ERROR : SL_OK;
    if (!at->begun) /* else it was the last of a rotation, which throws it away */
        follow->stage->host->log(follow->stage, SL_LOG_WARNING,
                                 SL_PLACE(.value = at->value, .source = at->name),
                                 "'%s' is another file than in the last run, which is not in its "
                                 "folder any more: rows at its end may be lost",
                                 at->name);
    place.gone = SL_SOURCE_DRAINED;
    return sl_source_places_put(follow->places, at->name, &place);
}

/* The same file with other content; one that had gone is not the same, and its inode is used
 * again. */
static void settle_truncated(sl_follow *follow, const sl_stream *at, const sl_source_known *known)
{
    if (known->place.gone != SL_SOURCE_DRAINED)
        follow->stage->host->log(
            follow->stage, SL_LOG_WARNING, SL_PLACE(.value = at->value, .source = at->name),
            "'%s' was truncated or written anew since the last run: it is read from its start, "
            "and rows may be lost",
            at->name);
    sl_stream_forget(follow, at);
}

sl_status sl_earlier_names(sl_follow *follow)
{
    for (uint32_t i = 0, fresh = follow->count; i < fresh; i++) {
        const sl_source_known *known;
        if (!follow->streams[i].fresh)
            continue;
        follow->streams[i].fresh = 0;
        for (uint32_t at = 0; (known = sl_source_places_named(
                                   follow->places, follow->streams[i].name, &at)) != NULL;) {
            const sl_stream *open = sl_stream_of(follow, known->place.device, known->place.inode);
            if (!open && settle_other(follow, i, known) != SL_OK)
                return SL_ERROR;
            if (open == &follow->streams[i] && !open->begun)
                settle_truncated(follow, open, known);
        }
    }
    return SL_OK;
}

/* Whether `path` still asks for files of this name. 1: it is written there; 2: a glob finds it. */
static int32_t is_asked(const sl_follow *follow, const char *name)
{
    for (uint32_t i = 0; i < follow->paths->count; i++) {
        const char *path = sl_item(follow->paths, i)->text;
        if (strcmp(path, name) == 0)
            return 1;
        if (fnmatch(path, name, FNM_PATHNAME | FNM_PERIOD) == 0)
            return 2;
    }
    return 0;
}

/* A file whose place is known, and that is not open. */
static int32_t is_missing(sl_follow *follow, const sl_source_known *known)
{
    return known->place.gone == 0 && known->place.raw > 0 &&
           !sl_stream_of(follow, known->place.device, known->place.inode) &&
           is_asked(follow, known->name);
}

typedef struct renamed {
    sl_follow *follow;
    sl_status status;
} renamed;

/* One file of the folder of one that is missing. What a glob found is opened only for what is new
 * in it: a folder may be full of files that are done, and were renamed. */
static int32_t look_at_renamed(void *user, const char *path, const sl_file_info *info)
{
    renamed *now = user;
    sl_follow *follow = now->follow;
    const sl_source_known *known;
    for (uint32_t at = 0;
         (known = sl_source_places_of(follow->places, info->device, info->inode, &at)) != NULL;) {
        sl_source_found found;
        int32_t done = known->place.raw == info->bytes &&
                       (known->place.ended || known->place.base == known->place.byte);
        if (!is_missing(follow, known) || (done && is_asked(follow, known->name) == 2))
            continue;
        int32_t same = sl_source_open_same(follow->stage, path, &known->place, &found);
        if (same == 1 && open_older(follow, known, NULL, found.fd, &found.info) == SL_OK)
            return 0;
        if (same != 0) {
            now->status = SL_ERROR;
            return 1;
        }
    }
    return 0;
}

static int32_t same_folder(const char *one, const char *other)
{
    const char *slash = strrchr(one, '/'), *end = strrchr(other, '/');
    size_t size = slash ? (size_t)(slash - one) : 0;
    return (slash == NULL) == (end == NULL) && size == (end ? (size_t)(end - other) : 0) &&
           memcmp(one, other, size) == 0;
}

/* Files of an earlier run that were renamed, and have no successor at their name yet. Each folder
 * is looked through once. */
static sl_status find_renamed(sl_follow *follow)
{
    const sl_source_known *known, *before;
    for (uint32_t at = 0; (known = sl_source_places_each(follow->places, &at)) != NULL;) {
        renamed now = {.follow = follow};
        uint32_t from = 0;
        if (!is_missing(follow, known))
            continue;
        while ((before = sl_source_places_each(follow->places, &from)) != known &&
               !(same_folder(before->name, known->name) && is_missing(follow, before)))
            ;
        if (before == known &&
            (sl_source_folder(follow->stage, known->name, look_at_renamed, &now) != SL_OK ||
             now.status != SL_OK))
            return SL_ERROR;
    }
    return SL_OK;
}

/* Files that were on their way out when the last run stopped. */
static sl_status find_leaving(sl_follow *follow)
{
    const sl_source_known *known;
    uint64_t older;
    for (uint32_t at = 0; (known = sl_source_places_each(follow->places, &at)) != NULL;) {
        sl_source_place place = known->place;
        if (place.gone != SL_SOURCE_GONE || sl_stream_of(follow, place.device, place.inode))
            continue;
        if (find_older(follow, known, NULL, 1, &older) != SL_OK)
            return SL_ERROR;
        if (older)
            continue;
        follow->stage->host->log(follow->stage, SL_LOG_WARNING, SL_PLACE(.source = known->name),
                                 "'%s' was renamed or deleted, and is not in its folder any more: "
                                 "rows at its end may be lost",
                                 known->name);
        place.gone = SL_SOURCE_DRAINED;
        if (sl_source_places_put(follow->places, known->name, &place) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

sl_status sl_earlier_missing(sl_follow *follow)
{
    return find_leaving(follow) == SL_OK ? find_renamed(follow) : SL_ERROR;
}

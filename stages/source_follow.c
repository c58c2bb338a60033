/*
 * source_follow.c - see source_follow.h.
 *
 * A pass visits each open file that has grown since its last visit. A pass that found nothing ends;
 * the next one begins with a look at the paths.
 */
#include "stages/source_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "stages/inflate.h"
#include "stages/source_earlier.h"
#include "stages/source_search.h"
#include "stages/source_streams.h"

sl_follow *sl_follow_new(sl_stage *stage, sl_source_files *list, const sl_value *paths,
                         sl_source_places *places, int64_t rotate_wait)
{
    sl_follow *follow = stage->host->allocate(stage, NULL, sizeof *follow);
    if (!follow) {
        sl_no_memory(stage);
        return NULL;
    }
    *follow = (sl_follow){
        .stage = stage, .list = list, .paths = paths, .places = places, .rotate_wait = rotate_wait};
    return follow;
}

void sl_follow_free(sl_follow *follow)
{
    if (!follow)
        return;
    sl_stage *stage = follow->stage;
    for (uint32_t i = 0; i < follow->count; i++)
        sl_stream_close(follow, &follow->streams[i]);
    stage->host->allocate(stage, follow->streams, 0);
    stage->host->allocate(stage, follow, 0);
}

/* The one of this name that no other one waits for. */
static sl_stream *by_name(sl_follow *follow, const char *name)
{
    for (uint32_t i = 0; i < follow->count; i++) {
        sl_stream *at = &follow->streams[i];
        uint32_t later = 0;
        if (strcmp(at->name, name) != 0)
            continue;
        while (later < follow->count && follow->streams[later].after != at->number)
            later++;
        if (later == follow->count)
            return at;
    }
    return NULL;
}

static int32_t waits(sl_follow *follow, const sl_stream *from)
{
    for (uint32_t i = 0; from->after && i < follow->count; i++)
        if (follow->streams[i].number == from->after)
            return follow->streams[i].gone;
    return 0;
}

/* A file that is gone was read to its end. */
static sl_status end_stream(sl_follow *follow, uint32_t index)
{
    sl_stream *at = &follow->streams[index];
    sl_status status = SL_OK;
    if (at->begun) {
        at->place.gone = SL_SOURCE_DRAINED;
        status = sl_stream_put(follow, at);
    }
    sl_stream_close(follow, at);
    memmove(at, at + 1, (--follow->count - index) * sizeof *at);
    return status;
}

/* ---- A look at the paths ------------------------------------------------------------------------
 */

/* The path of a live stream has another file now. It is the same one when it was written anew with
 * the same content (an edit by rename): 1; 0: it is a new one; -1: failed, said. */
static int32_t is_edited(sl_follow *follow, const sl_stream *old, const char *name, int32_t fd,
                         int64_t bytes)
{
    sl_source_found found;
    if (!old->begun || old->place.raw <= 0)
        return 0;
    int32_t answer = sl_source_same(follow->stage, fd, bytes, &old->place);
    if (answer < 0)
        sl_source_fail_path(follow->stage, name, old->value, -answer);
    if (answer != 1)
        return answer < 0 ? -1 : 0;
    if (sl_source_search(follow->stage, name, &old->place, &found) != SL_OK)
        return -1;
    if (!found.name)
        return 1;
    follow->stage->env->close(follow->stage->env->context, found.fd);
    follow->stage->host->allocate(follow->stage, found.name, 0);
    return 0;
}

/* A file that is not open. TAKES fd. */
static sl_status add_file(sl_follow *follow, const sl_source_file *file, int32_t fd,
                          const sl_file_info *info)
{
    sl_stream *old = by_name(follow, file->name);
    uint64_t after = old ? old->number : 0;
    uint32_t first = 0;
    int32_t edited = old && !sl_source_places_of(follow->places, info->device, info->inode, &first)
                         ? is_edited(follow, old, file->name, fd, info->bytes)
                         : 0;
    if (edited == 1) {
        follow->stage->env->close(follow->stage->env->context, old->fd);
        sl_stream_forget(follow, old);
        old->fd = fd;
        old->device = old->place.device = info->device;
        old->inode = old->place.inode = info->inode;
        old->looked = old->place.raw;
        old->seen = 1;
        return sl_stream_put(follow, old);
    }
    sl_stream *made = sl_stream_add(follow, file->name, file->value, fd, info);
    int32_t known = made && edited == 0 ? sl_earlier_is_known(follow, made, info) : -1;
    if (known < 0)
        return SL_ERROR;
    made->seen = 1;
    made->globbed = file->globbed;
    made->after = after;
    made->fresh = after == 0;
    return SL_OK;
}

/* One listed path. */
static sl_status look_at_path(sl_follow *follow, const sl_source_file *file)
{
    sl_stage *stage = follow->stage;
    const sl_env *env = stage->env;
    sl_file_info info;
    if (file->kind != SL_FILE_REGULAR)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = file->value),
                          "'%s' is no regular file, and cannot be followed", file->name);
    sl_stream *at = sl_stream_of(follow, file->device, file->inode);
    if (at) {
        at->seen = 1;
        if (strcmp(at->name, file->name) == 0)
            at->stays = 1; /* what else it is called is a link */
        else if (!at->renamed && !(at->renamed = sl_stream_copy(stage, file->name)))
            return SL_ERROR;
        return SL_OK;
    }
    int32_t fd = env->open(env->context, file->name, O_RDONLY | O_CLOEXEC, 0);
    if (fd == -ENOENT)
        return SL_OK; /* gone since it was listed */
    if (fd < 0)
        return sl_source_fail_path(stage, file->name, file->value, -fd);
    int32_t answer = env->fstat(env->context, fd, &info);
    if (answer == 0 && !sl_stream_of(follow, info.device, info.inode))
        return add_file(follow, file, fd, &info);
    env->close(env->context, fd);
    return answer < 0 ? sl_source_fail_path(stage, file->name, file->value, -answer) : SL_OK;
}

static sl_status rename_streams(sl_follow *follow)
{
    sl_stage *stage = follow->stage;
    for (uint32_t i = 0; i < follow->count; i++) {
        sl_stream *at = &follow->streams[i];
        if (at->renamed && at->stays) {
            stage->host->allocate(stage, at->renamed, 0);
            at->renamed = NULL;
        }
        if (!at->renamed)
            continue;
        sl_stream_forget(follow, at);
        stage->host->allocate(stage, at->name, 0);
        at->name = at->renamed;
        at->renamed = NULL;
        if (at->begun && sl_stream_put(follow, at) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

/* Which streams are at no path any more. */
static sl_status count_gone(sl_follow *follow)
{
    for (uint32_t i = 0; i < follow->count; i++) {
        sl_stream *at = &follow->streams[i];
        int32_t gone = at->seen ? 0 : SL_SOURCE_GONE;
        if (!at->gone && !at->seen)
            at->quiet = sl_follow_now(follow);
        at->gone = at->seen ? 0 : at->gone + (at->gone < SL_GONE_LOOKS);
        if (at->begun &&
            (at->place.gone != gone ||
             !sl_source_places_find(follow->places, at->name, at->device, at->inode))) {
            at->place.gone = gone;
            if (sl_stream_put(follow, at) != SL_OK)
                return SL_ERROR;
        }
        at->place.gone = gone;
    }
    return SL_OK;
}

static sl_status look(sl_follow *follow)
{
    if (sl_source_files_make(follow->list, follow->paths) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < follow->count; i++)
        follow->streams[i].seen = follow->streams[i].stays = 0;
    for (uint32_t i = 0; i < follow->list->count; i++)
        if (look_at_path(follow, &follow->list->files[i]) != SL_OK)
            return SL_ERROR;
    if (rename_streams(follow) != SL_OK || sl_earlier_names(follow) != SL_OK)
        return SL_ERROR;
    if (!follow->started && sl_earlier_missing(follow) != SL_OK)
        return SL_ERROR;
    follow->started = 1;
    return count_gone(follow);
}

/* ---- Visits
 * --------------------------------------------------------------------------------------- */

static void start_afresh(sl_follow *follow, sl_stream *at, int64_t bytes)
{
    sl_stage *stage = follow->stage;
    int64_t lost = at->looked > at->place.raw ? at->looked - at->place.raw : 0;
    follow->truncations++;
    stage->host->log(stage, SL_LOG_WARNING, SL_PLACE(.value = at->value, .source = at->name),
                     "'%s' was truncated from %lld to %lld bytes or written anew (%lld such so "
                     "far): it is read from its start; %lld bytes of an unfinished line are lost, "
                     "and what was written just before cannot be known",
                     at->name, (long long)at->looked, (long long)bytes,
                     (long long)follow->truncations, (long long)lost);
    at->place = (sl_source_place){.device = at->device, .inode = at->inode, .gone = at->place.gone};
    at->looked = -1;
}

/* A compressed file that a glob found is passed over; one that was named is a mistake. 1: it is
 * that, said; 0; -errno. */
static int32_t look_for_compression(sl_follow *follow, sl_stream *at)
{
    sl_stage *stage = follow->stage;
    char start[SL_INFLATE_START];
    int64_t got = stage->env->pread(stage->env->context, at->fd, start, sizeof start, 0);
    if (got < 0)
        return (int32_t)got;
    if (sl_inflate_found(start, (size_t)got) == SL_COMPRESSION_NONE)
        return 0;
    at->ignored = at->globbed;
    if (at->globbed)
        stage->host->log(stage, SL_LOG_WARNING, SL_PLACE(.value = at->value, .source = at->name),
                         "'%s' is compressed, and cannot be followed: it is passed over", at->name);
    else
        sl_source_fail_compressed(stage, at->name, at->value);
    return !at->globbed;
}

/* 1: the stream is to be visited, or has ended; 0: not; -1: failed, said. */
static int32_t has_news(sl_follow *follow, sl_stream *at, sl_file_info *info)
{
    const sl_env *env = follow->stage->env;
    int32_t answer = env->fstat(env->context, at->fd, info);
    int64_t since = sl_follow_now(follow);
    if (at->ignored)
        return at->final = at->gone != 0;
    if (answer == 0 && at->begun && info->bytes != at->looked) {
        answer = sl_source_same(follow->stage, at->fd, info->bytes, &at->place);
        if (answer == 0)
            start_afresh(follow, at, info->bytes);
        else if (answer == 1 && info->bytes < at->looked)
            at->looked = at->place.raw; /* only the unfinished line is another one */
    }
    if (answer >= 0 && at->place.byte == 0 && info->bytes > at->looked && info->bytes > 0) {
        answer = look_for_compression(follow, at);
        if (answer == 1)
            return -1;
    }
    if (answer < 0) {
        sl_source_fail_path(follow->stage, at->name, at->value, -answer);
        return -1;
    }
    if (at->ignored)
        return 0;
    if (info->bytes > at->looked && info->bytes > 0) {
        at->quiet = since;
        return 1;
    }
    if (!at->gone || since - at->quiet < follow->rotate_wait)
        return 0;
    if (at->gone < SL_GONE_LOOKS) {
        follow->visited = 1; /* another look, now */
        return 0;
    }
    at->final = 1;
    return 1;
}

sl_status sl_follow_next(sl_follow *follow, sl_follow_visit *visit)
{
    for (;;) {
        if (!follow->under) {
            if (look(follow) != SL_OK)
                return SL_ERROR;
            follow->under = 1;
            follow->at = 0;
            follow->visited = 0;
        }
        while (follow->at < follow->count) {
            uint32_t index = follow->at;
            sl_stream *at = &follow->streams[index];
            sl_file_info info;
            int32_t news = waits(follow, at) ? 0 : has_news(follow, at, &info);
            if (news < 0)
                return SL_ERROR;
            if (news && at->final && (!at->begun || at->ignored || at->place.raw >= info.bytes)) {
                if (end_stream(follow, index) != SL_OK)
                    return SL_ERROR;
                follow->visited = 1; /* who waited for it is next */
                continue;
            }
            follow->at++;
            if (!news)
                continue;
            follow->visited = at->begun = 1;
            follow->visit = index;
            at->looked = info.bytes;
            sl_stream_forget(follow, at);
            *visit = (sl_follow_visit){.name = at->name,
                                       .value = at->value,
                                       .fd = at->fd,
                                       .info = info,
                                       .place = at->place,
                                       .final = at->final};
            return SL_OK;
        }
        follow->under = 0;
        if (!follow->visited)
            return SL_END;
    }
}

sl_status sl_follow_leave(sl_follow *follow, const sl_source_place *place)
{
    sl_stream *at = &follow->streams[follow->visit];
    int32_t gone = at->place.gone;
    at->place = *place;
    at->place.gone = gone;
    if (at->final) {
        follow->at--; /* the streams behind it move up */
        return end_stream(follow, follow->visit);
    }
    return sl_stream_put(follow, at);
}

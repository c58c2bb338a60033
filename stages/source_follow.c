/*
 * source_follow.c - see source_follow.h.
 *
 * A pass visits each open file that has grown since its last visit. A pass that found nothing ends;
 * the next one begins with a look at the paths.
 */
#include "stages/source_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "stages/inflate.h"
#include "stages/source_search.h"

/* A file is gone when so many looks in a row did not find it: a list of a folder in which files
 * are being renamed may lack one that is there. */
#define SL_GONE_LOOKS 2

typedef struct stream { /* an open file */
    char *name;
    const sl_value *value;
    int32_t fd;
    uint64_t device, inode;
    sl_source_place place;
    int64_t looked;  /* its size when it was read last; -1: never */
    int64_t quiet;   /* since when nothing came, or it is gone; monotonic */
    uint64_t number; /* of streams, from 1 */
    uint64_t after;  /* the stream that is read before; 0: none */
    int32_t seen;    /* 1: the last look found it at a listed path */
    int32_t gone;    /* it did not: so many looks in a row */
    int32_t begun;   /* 1: the places know it, or will after this visit */
    int32_t final;   /* 1: its last visit is under way */
    int32_t fresh;   /* 1: it was opened in this look, and its name may be known */
    int32_t globbed; /* 1: a glob found it */
    int32_t ignored; /* 1: it is compressed, and passed over */
    int32_t stays;   /* 1: the last look found it at its name */
    char *renamed;   /* the path where it was seen; NULL: its name */
} stream;

struct sl_follow {
    sl_stage *stage;
    sl_source_files *list;
    const sl_value *paths;
    sl_source_places *places;
    int64_t rotate_wait;
    stream *streams;
    uint32_t count, room;
    uint32_t at;      /* of the pass: the next to look at */
    int32_t started;  /* 1: the first look was made */
    int32_t under;    /* 1: a pass is under way */
    int32_t visited;  /* 1: and found something */
    uint32_t visit;   /* the stream that is visited */
    uint64_t numbers; /* given to streams so far */
    int64_t truncations;
};

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

static char *copy(sl_stage *stage, const char *text)
{
    size_t size = strlen(text) + 1;
    char *made = stage->host->allocate(stage, NULL, size);
    if (made)
        memcpy(made, text, size);
    else
        sl_no_memory(stage);
    return made;
}

static void close_stream(sl_follow *follow, stream *from)
{
    sl_stage *stage = follow->stage;
    stage->env->close(stage->env->context, from->fd);
    stage->host->allocate(stage, from->name, 0);
    stage->host->allocate(stage, from->renamed, 0);
}

void sl_follow_free(sl_follow *follow)
{
    if (!follow)
        return;
    sl_stage *stage = follow->stage;
    for (uint32_t i = 0; i < follow->count; i++)
        close_stream(follow, &follow->streams[i]);
    stage->host->allocate(stage, follow->streams, 0);
    stage->host->allocate(stage, follow, 0);
}

static int64_t now(const sl_follow *follow)
{
    return follow->stage->env->monotonic(follow->stage->env->context);
}

/* ---- Streams ------------------------------------------------------------------------------- */

/* TAKES fd, also when it fails. */
static stream *add_stream(sl_follow *follow, const char *name, const sl_value *value, int32_t fd,
                          const sl_file_info *info)
{
    sl_stage *stage = follow->stage;
    if (follow->count == follow->room) {
        uint32_t room = follow->room ? follow->room * 2 : 4;
        stream *streams = stage->host->allocate(stage, follow->streams, room * sizeof *streams);
        if (streams) {
            follow->streams = streams;
            follow->room = room;
        }
    }
    char *own = copy(stage, name);
    if (!own || follow->count == follow->room) {
        sl_no_memory(stage);
        stage->host->allocate(stage, own, 0);
        stage->env->close(stage->env->context, fd);
        return NULL;
    }
    stream *made = &follow->streams[follow->count++];
    *made = (stream){.name = own,
                     .value = value,
                     .fd = fd,
                     .device = info->device,
                     .inode = info->inode,
                     .looked = -1,
                     .quiet = now(follow),
                     .number = ++follow->numbers};
    return made;
}

static void begin_at(stream *at, const sl_source_place *place)
{
    at->place = *place;
    at->place.device = at->device;
    at->place.inode = at->inode;
    at->looked = place->ended || place->base == place->byte ? place->raw : -1;
    at->begun = 1;
}

static sl_status put_place(sl_follow *follow, const stream *at)
{
    return sl_source_places_put(follow->places, at->name, &at->place);
}

static void remove_place(sl_follow *follow, const stream *at)
{
    sl_source_places_remove(follow->places, at->name, at->device, at->inode);
}

static stream *by_identity(sl_follow *follow, uint64_t device, uint64_t inode)
{
    for (uint32_t i = 0; i < follow->count; i++)
        if (follow->streams[i].device == device && follow->streams[i].inode == inode)
            return &follow->streams[i];
    return NULL;
}

/* The one of this name that no other one waits for. */
static stream *by_name(sl_follow *follow, const char *name)
{
    for (uint32_t i = 0; i < follow->count; i++) {
        stream *at = &follow->streams[i];
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

static int32_t waits(sl_follow *follow, const stream *from)
{
    for (uint32_t i = 0; from->after && i < follow->count; i++)
        if (follow->streams[i].number == from->after)
            return follow->streams[i].gone;
    return 0;
}

/* A file that is gone was read to its end. */
static sl_status end_stream(sl_follow *follow, uint32_t index)
{
    stream *at = &follow->streams[index];
    sl_status status = SL_OK;
    if (at->begun) {
        at->place.gone = SL_SOURCE_DRAINED;
        status = put_place(follow, at);
    }
    close_stream(follow, at);
    memmove(at, at + 1, (--follow->count - index) * sizeof *at);
    return status;
}

/* ---- A file of an earlier run -------------------------------------------------------------- */

/* A file that is at no listed path: its rest is read, under the name that it had. TAKES fd. */
static sl_status open_older(sl_follow *follow, const sl_source_known *known, const sl_value *value,
                            int32_t fd, const sl_file_info *info)
{
    stream *made = add_stream(follow, known->name, value, fd, info);
    if (!made)
        return SL_ERROR;
    begin_at(made, &known->place);
    made->place.gone = SL_SOURCE_GONE;
    return put_place(follow, made);
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

/* ---- A look at the paths ------------------------------------------------------------------------
 */

/* The path of a live stream has another file now. It is the same one when it was written anew with
 * the same content (an edit by rename): 1; 0: it is a new one; -1: failed, said. */
static int32_t is_edited(sl_follow *follow, const stream *old, const char *name, int32_t fd,
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

/* Whether the places know the file that was just opened, whatever its name was. 1: it goes on at
 * its place; 0: not; -1: failed, said. */
static int32_t is_known(sl_follow *follow, stream *made, int64_t bytes)
{
    const sl_source_known *known =
        sl_source_places_find(follow->places, made->name, made->device, made->inode);
    int32_t answer = known ? sl_source_same(follow->stage, made->fd, bytes, &known->place) : 0;
    for (uint32_t at = 0; answer == 0;) {
        known = sl_source_places_of(follow->places, made->device, made->inode, &at);
        if (!known)
            return 0;
        answer = sl_source_same(follow->stage, made->fd, bytes, &known->place);
    }
    if (answer < 0) {
        sl_source_fail_path(follow->stage, made->name, made->value, -answer);
        return -1;
    }
    begin_at(made, &known->place);
    made->place.gone = 0;
    sl_source_places_remove(follow->places, known->name, made->device, made->inode);
    return put_place(follow, made) == SL_OK ? 1 : -1;
}

/* A file that is not open. TAKES fd. */
static sl_status add_file(sl_follow *follow, const sl_source_file *file, int32_t fd,
                          const sl_file_info *info)
{
    stream *old = by_name(follow, file->name);
    uint64_t after = old ? old->number : 0;
    uint32_t first = 0;
    int32_t edited = old && !sl_source_places_of(follow->places, info->device, info->inode, &first)
                         ? is_edited(follow, old, file->name, fd, info->bytes)
                         : 0;
    if (edited == 1) {
        follow->stage->env->close(follow->stage->env->context, old->fd);
        remove_place(follow, old);
        old->fd = fd;
        old->device = old->place.device = info->device;
        old->inode = old->place.inode = info->inode;
        old->looked = old->place.raw;
        old->seen = 1;
        return put_place(follow, old);
    }
    stream *made = add_stream(follow, file->name, file->value, fd, info);
    int32_t known = made && edited == 0 ? is_known(follow, made, info->bytes) : -1;
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
    stream *at = by_identity(follow, file->device, file->inode);
    if (at) {
        at->seen = 1;
        if (strcmp(at->name, file->name) == 0)
            at->stays = 1; /* what else it is called is a link */
        else if (!at->renamed && !(at->renamed = copy(stage, file->name)))
            return SL_ERROR;
        return SL_OK;
    }
    int32_t fd = env->open(env->context, file->name, O_RDONLY | O_CLOEXEC, 0);
    if (fd == -ENOENT)
        return SL_OK; /* gone since it was listed */
    if (fd < 0)
        return sl_source_fail_path(stage, file->name, file->value, -fd);
    int32_t answer = env->fstat(env->context, fd, &info);
    if (answer == 0 && !by_identity(follow, info.device, info.inode))
        return add_file(follow, file, fd, &info);
    env->close(env->context, fd);
    return answer < 0 ? sl_source_fail_path(stage, file->name, file->value, -answer) : SL_OK;
}

static sl_status rename_streams(sl_follow *follow)
{
    sl_stage *stage = follow->stage;
    for (uint32_t i = 0; i < follow->count; i++) {
        stream *at = &follow->streams[i];
        if (at->renamed && at->stays) {
            stage->host->allocate(stage, at->renamed, 0);
            at->renamed = NULL;
        }
        if (!at->renamed)
            continue;
        remove_place(follow, at);
        stage->host->allocate(stage, at->name, 0);
        at->name = at->renamed;
        at->renamed = NULL;
        if (at->begun && put_place(follow, at) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

/* A fresh stream is a file that is nowhere any more, when it has the same content: a copy, or an
 * edit by rename. 1; 0: it is not; -1: failed, said. */
static int32_t take_over(sl_follow *follow, stream *at, const sl_source_known *known)
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
    begin_at(at, &known->place);
    at->place.gone = 0;
    sl_source_places_remove(follow->places, at->name, known->place.device, known->place.inode);
    return put_place(follow, at) == SL_OK ? 1 : -1;
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
    stream *at = &follow->streams[index];
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
                                 "folder any more: rows at "
                                 "its end may be lost",
                                 at->name);
    place.gone = SL_SOURCE_DRAINED;
    return sl_source_places_put(follow->places, at->name, &place);
}

/* The same file with other content; one that had gone is not the same, and its inode is used
 * again. */
static void settle_truncated(sl_follow *follow, const stream *at, const sl_source_known *known)
{
    if (known->place.gone != SL_SOURCE_DRAINED)
        follow->stage->host->log(
            follow->stage, SL_LOG_WARNING, SL_PLACE(.value = at->value, .source = at->name),
            "'%s' was truncated or written anew since the last run: it is read from its start, "
            "and rows may be lost",
            at->name);
    remove_place(follow, at);
}

/* Files of an earlier run that had the names of streams that were opened in this look. */
static sl_status settle_names(sl_follow *follow)
{
    for (uint32_t i = 0, fresh = follow->count; i < fresh; i++) {
        const sl_source_known *known;
        if (!follow->streams[i].fresh)
            continue;
        follow->streams[i].fresh = 0;
        for (uint32_t at = 0; (known = sl_source_places_named(
                                   follow->places, follow->streams[i].name, &at)) != NULL;) {
            const stream *open = by_identity(follow, known->place.device, known->place.inode);
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
           !by_identity(follow, known->place.device, known->place.inode) &&
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
        if (place.gone != SL_SOURCE_GONE || by_identity(follow, place.device, place.inode))
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

/* Which streams are at no path any more. */
static sl_status count_gone(sl_follow *follow)
{
    for (uint32_t i = 0; i < follow->count; i++) {
        stream *at = &follow->streams[i];
        int32_t gone = at->seen ? 0 : SL_SOURCE_GONE;
        if (!at->gone && !at->seen)
            at->quiet = now(follow);
        at->gone = at->seen ? 0 : at->gone + (at->gone < SL_GONE_LOOKS);
        if (at->begun &&
            (at->place.gone != gone ||
             !sl_source_places_find(follow->places, at->name, at->device, at->inode))) {
            at->place.gone = gone;
            if (put_place(follow, at) != SL_OK)
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
    if (rename_streams(follow) != SL_OK || settle_names(follow) != SL_OK)
        return SL_ERROR;
    if (!follow->started && (find_leaving(follow) != SL_OK || find_renamed(follow) != SL_OK))
        return SL_ERROR;
    follow->started = 1;
    return count_gone(follow);
}

/* ---- Visits
 * --------------------------------------------------------------------------------------- */

static void start_afresh(sl_follow *follow, stream *at, int64_t bytes)
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
static int32_t look_for_compression(sl_follow *follow, stream *at)
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
static int32_t has_news(sl_follow *follow, stream *at, sl_file_info *info)
{
    const sl_env *env = follow->stage->env;
    int32_t answer = env->fstat(env->context, at->fd, info);
    int64_t since = now(follow);
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
            stream *at = &follow->streams[index];
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
            remove_place(follow, at);
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
    stream *at = &follow->streams[follow->visit];
    int32_t gone = at->place.gone;
    at->place = *place;
    at->place.gone = gone;
    if (at->final) {
        follow->at--; /* the streams behind it move up */
        return end_stream(follow, follow->visit);
    }
    return put_place(follow, at);
}

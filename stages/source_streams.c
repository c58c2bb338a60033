/*
 * source_streams.c - see source_streams.h.
 */
#include "stages/source_streams.h"

#include <string.h>

char *sl_stream_copy(sl_stage *stage, const char *text)
{
    size_t size = strlen(text) + 1;
    char *made = stage->host->allocate(stage, NULL, size);
    if (made)
        memcpy(made, text, size);
    else
        sl_no_memory(stage);
    return made;
}

void sl_stream_close(sl_follow *follow, sl_stream *from)
{
    sl_stage *stage = follow->stage;
    stage->env->close(stage->env->context, from->fd);
    stage->host->allocate(stage, from->name, 0);
    stage->host->allocate(stage, from->renamed, 0);
}

int64_t sl_follow_now(const sl_follow *follow)
{
    return follow->stage->env->monotonic(follow->stage->env->context);
}

sl_stream *sl_stream_add(sl_follow *follow, const char *name, const sl_value *value, int32_t fd,
                         const sl_file_info *info)
{
    sl_stage *stage = follow->stage;
    if (follow->count == follow->room) {
        uint32_t room = follow->room ? follow->room * 2 : 4;
        sl_stream *streams = stage->host->allocate(stage, follow->streams, room * sizeof *streams);
        if (streams) {
            follow->streams = streams;
            follow->room = room;
        }
    }
    char *own = sl_stream_copy(stage, name);
    if (!own || follow->count == follow->room) {
        sl_no_memory(stage);
        stage->host->allocate(stage, own, 0);
        stage->env->close(stage->env->context, fd);
        return NULL;
    }
    sl_stream *made = &follow->streams[follow->count++];
    *made = (sl_stream){.name = own,
                        .value = value,
                        .fd = fd,
                        .device = info->device,
                        .inode = info->inode,
                        .looked = -1,
                        .quiet = sl_follow_now(follow),
                        .number = ++follow->numbers};
    return made;
}

void sl_stream_begin(sl_stream *at, const sl_source_place *place)
{
    at->place = *place;
    at->place.device = at->device;
    at->place.inode = at->inode;
    at->looked = place->ended || place->base == place->byte ? place->raw : -1;
    at->begun = 1;
}

sl_status sl_stream_put(sl_follow *follow, const sl_stream *at)
{
    return sl_source_places_put(follow->places, at->name, &at->place);
}

void sl_stream_forget(sl_follow *follow, const sl_stream *at)
{
    sl_source_places_remove(follow->places, at->name, at->device, at->inode);
}

sl_stream *sl_stream_of(sl_follow *follow, uint64_t device, uint64_t inode)
{
    for (uint32_t i = 0; i < follow->count; i++)
        if (follow->streams[i].device == device && follow->streams[i].inode == inode)
            return &follow->streams[i];
    return NULL;
}

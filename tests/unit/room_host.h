/*
 * room_host.h - a host table for testing the rooms that stages share: memory that is counted
 * and can fail, and the first failure as text. No batches, no inputs.
 */
#ifndef ROOM_HOST_H
#define ROOM_HOST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/env.h"

typedef struct room_host {
    sl_host host; /* first: the stage's pointer to it is this */
    sl_stage stage;
    sl_env env;
    int64_t blocks;     /* allocated and not freed */
    int64_t fail_after; /* allocations that succeed; -1: all */
    int32_t offline;
    int32_t failures;
    int32_t code; /* of the first failure */
    char message[512];
    char hint[256];
    char logged[512];
    int64_t done, total; /* as progress said last */
    int32_t rehearsing;
} room_host;

static room_host *room_of(sl_stage *stage)
{
    return (room_host *)(void *)stage->self;
}

static void *room_allocate(sl_stage *stage, void *old, size_t size)
{
    room_host *room = room_of(stage);
    if (size == 0) {
        room->blocks -= old != NULL;
        free(old);
        return NULL;
    }
    if (room->fail_after == 0)
        return NULL;
    if (room->fail_after > 0)
        room->fail_after--;
    room->blocks += old == NULL;
    return realloc(old, size);
}

SL_PRINTF(3, 4)
static sl_status room_fail(sl_stage *stage, const sl_place *place, const char *format, ...)
{
    room_host *room = room_of(stage);
    if (room->failures++ > 0)
        return SL_ERROR;
    room->code = place && place->code ? place->code : SL_CODE_FAILED;
    snprintf(room->hint, sizeof room->hint, "%s", place && place->hint ? place->hint : "");
    va_list args;
    va_start(args, format);
    vsnprintf(room->message, sizeof room->message, format, args);
    va_end(args);
    return SL_ERROR;
}

SL_PRINTF(4, 5)
static void room_log(sl_stage *stage, int32_t level, const sl_place *place, const char *format, ...)
{
    (void)level;
    (void)place;
    va_list args;
    va_start(args, format);
    vsnprintf(room_of(stage)->logged, sizeof room_of(stage)->logged, format, args);
    va_end(args);
}

static void room_progress(sl_stage *stage, int64_t done, int64_t total)
{
    room_of(stage)->done = done;
    room_of(stage)->total = total;
}

static int32_t room_stopping(sl_stage *stage)
{
    (void)stage;
    return 0;
}

static int32_t room_offline(sl_stage *stage)
{
    return room_of(stage)->offline;
}

static const sl_value *room_option(sl_stage *stage, const char *name)
{
    (void)stage;
    (void)name;
    return NULL;
}

static int32_t room_rehearsing(sl_stage *stage)
{
    return room_of(stage)->rehearsing;
}

static void room_start(room_host *room)
{
    *room = (room_host){.host = {.size = sizeof(sl_host),
                                 .abi = SL_ABI,
                                 .allocate = room_allocate,
                                 .failure = room_fail,
                                 .log = room_log,
                                 .progress = room_progress,
                                 .stopping = room_stopping,
                                 .offline = room_offline,
                                 .option = room_option,
                                 .rehearsing = room_rehearsing},
                        .env = sl_env_real,
                        .fail_after = -1,
                        .total = -2};
    room->stage = (sl_stage){.host = &room->host, .env = &room->env, .self = room, .name = "room"};
}

#endif

/*
 * source_streams.h - the files that a follower has open: what its rooms share (source_follow.c,
 * source_earlier.c), and nobody else looks into.
 *
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SOURCE_STREAMS_H
#define SL_SOURCE_STREAMS_H

#include "stages/source_follow.h"

/* A file is gone when so many looks in a row did not find it: a list of a folder in which files
 * are being renamed may lack one that is there. */
#define SL_GONE_LOOKS 2

typedef struct sl_stream { /* an open file */
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
} sl_stream;

struct sl_follow {
    sl_stage *stage;
    sl_source_files *list;
    const sl_value *paths;
    sl_source_places *places;
    int64_t rotate_wait;
    sl_stream *streams;
    uint32_t count, room;
    uint32_t at;      /* of the pass: the next to look at */
    int32_t started;  /* 1: the first look was made */
    int32_t under;    /* 1: a pass is under way */
    int32_t visited;  /* 1: and found something */
    uint32_t visit;   /* the stream that is visited */
    uint64_t numbers; /* given to streams so far */
    int64_t truncations;
};

int64_t sl_follow_now(const sl_follow *follow); /* monotonic */
/* NULL: no memory, said. */
char *sl_stream_copy(sl_stage *stage, const char *text);

/* TAKES fd, also when it fails: NULL, said. Moves the streams. */
sl_stream *sl_stream_add(sl_follow *follow, const char *name, const sl_value *value, int32_t fd,
                         const sl_file_info *info);
/* Gives back what the stream has; it stays among the others. */
void sl_stream_close(sl_follow *follow, sl_stream *from);
/* It goes on at a place of an earlier run. */
void sl_stream_begin(sl_stream *at, const sl_source_place *place);
/* The stream with this file; NULL: none. */
sl_stream *sl_stream_of(sl_follow *follow, uint64_t device, uint64_t inode);

/* Its place, among the places. */
sl_status sl_stream_put(sl_follow *follow, const sl_stream *at);
void sl_stream_forget(sl_follow *follow, const sl_stream *at);

#endif

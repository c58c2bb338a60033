/*
 * world.h - a whole world in memory: files, directories, locks, two clocks, random numbers, memory,
 * and a VFS of SQLite over the same files. It is the same in every run of a seed, it can fail at
 * any place, a process in it can be killed at any place, and its power can be cut.
 *
 * How a history goes: sl_world_put the files, set a fault, run what is tested over &world.env,
 * free it (everything can be freed after a crash), sl_world_boot, run again, look at the files.
 *
 *     crash_at   the process dies in that change: it happens, or a part of it, or nothing; all
 *                that is asked afterwards fails with EIO and changes nothing
 *     fail_at    that change fails and the process lives; a write may be cut short first, and a
 *                failed sync may lose what it should have made durable (it is not found again)
 *
 * What a power cut leaves (world_cut.c): of each file, what was durable, and of every change
 * since its last sync each sector by itself: kept, dropped or torn. A name (made, renamed,
 * removed) is durable once the file was synced, its directory was synced by a rename, or SQLite
 * asked for it in a delete; until then either way.
 *
 * Thread: one at a time. A world stands where it was made: its address is known to its env.
 */
#ifndef SL_WORLD_H
#define SL_WORLD_H

#include <sqlite3.h>
#include <stdio.h>

#include "stages/core/env.h"
#include "stages/core/text.h"

typedef struct sl_world_inside sl_world_inside;

typedef struct sl_world {
    sl_env env; /* give &world.env to what is tested; env.sqlite_vfs names the VFS */

    int64_t clock;  /* microseconds since 1970; a test may set it back */
    int64_t steady; /* microseconds; monotonic() */

    int64_t allocations;  /* asked for since the boot; frees do not count */
    int64_t live;         /* not yet freed */
    int64_t refuse_at;    /* the number of the allocation that is refused; 0: none */
    int32_t refuse_after; /* 1: and all after it */
    int64_t refused;

    int64_t operations;   /* changes of files since the boot, also those that failed */
    int64_t crash_at;     /* the number of the change in which the process dies; 0: none */
    int64_t fail_at;      /* the number of the change that fails; 0: none */
    int32_t fail_after;   /* 1: and all after it */
    int32_t error;        /* the errno of failures: EIO, ENOSPC */
    int64_t failed;       /* changes that failed so */
    int64_t syncs_failed; /* of these */
    int32_t crashed;      /* 1: the process is dead */

    int64_t looks;        /* reads of files since the boot */
    int64_t fail_look_at; /* the number of the read that fails, once, with EIO; 0: none */

    uint32_t shorten;    /* one read or write of env in so many is cut short; 0: none */
    int32_t sector;      /* what the VFS says of it: 512 or 4096 */
    int32_t ignore_sync; /* 1: the disk lies: a sync does nothing */
    int32_t ordered;     /* 1: names become durable in the order of their changes, as on ext4 and
                          * XFS; 0: each by itself, as POSIX allows and btrfs does */

    uint64_t trace;     /* a hash of everything that was asked, in order */
    FILE *show;         /* each change is printed there; NULL: nowhere */
    int32_t open_files; /* descriptors not closed */
    int32_t handles;    /* files that SQLite has not closed */
    int32_t left_open;  /* descriptors that boots found open, in all */

    sl_builder output; /* what was written to descriptor 1 */
    sl_world_inside *inside;
} sl_world;

void sl_world_init(sl_world *world, uint64_t seed);
void sl_world_done(sl_world *world); /* SQLite must have closed all */

/* A number below `below`, of the world's own dice. */
uint64_t sl_world_dice(sl_world *world, uint64_t below);
/* Both clocks go on. */
void sl_world_wait(sl_world *world, int64_t microseconds);

/* ---- Files, as a test sees them: durable at once, never failing, not counted ------------- */

/* Makes or replaces a file, and the directories that lead there. */
void sl_world_put(sl_world *world, const char *path, const void *bytes, size_t size);
/* Adds to a file that is there: it stays the same file. */
void sl_world_append(sl_world *world, const char *path, const void *bytes, size_t size);
/* The content, terminated, good until the file changes; NULL: no such file. size may be NULL. */
const char *sl_world_get(const sl_world *world, const char *path, size_t *size);
void sl_world_remove(sl_world *world, const char *path);
/* All that was written is durable now. */
void sl_world_settle(sl_world *world);
/* Calls found() for every file (no directory) in byte order, with its size. */
void sl_world_each(const sl_world *world,
                   void (*found)(void *user, const char *path, int64_t bytes), void *user);

/* ---- The end of a process -------------------------------------------------------------------- */

#define SL_WORLD_KILL 0      /* what was written stays written */
#define SL_WORLD_POWER_CUT 1 /* and what was not made durable may be gone */

/* Descriptors, locks and shared memory are gone, faults are taken away, counts start again;
 * files, clocks, dice and the trace go on. SQLite must have closed all. */
void sl_world_boot(sl_world *world, int32_t how);

#endif

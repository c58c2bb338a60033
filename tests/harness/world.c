/*
 * world.c - see world.h: the clocks, the dice, memory, faults, the trace, and how a test sees the
 * files. Deliberately elsewhere: the other rooms of world_inside.h.
 */
#include "tests/harness/world_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP 40 /* microseconds that an operation takes, at most */

static sl_world *of(void *context)
{
    return context;
}

/* ---- Dice -------------------------------------------------------------------------------- */

static uint64_t next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t sl_world_dice(sl_world *world, uint64_t below)
{
    return below > 1 ? next(&world->inside->dice) % below : 0;
}

static void fill_random(void *context, void *bytes, size_t size)
{
    sl_world *world = of(context);
    unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(next(&world->inside->random) >> 24);
    sl_world_note(world, SL_DO_RANDOM, 0, 0, NULL, size);
}

/* ---- Clocks -------------------------------------------------------------------------------- */

void sl_world_wait(sl_world *world, int64_t microseconds)
{
    world->clock += microseconds;
    world->steady += microseconds;
}

/* A clock that is looked at goes on, so that who waits for it alone does not wait for ever. */
static int64_t now(void *context)
{
    sl_world_wait(of(context), 1);
    return of(context)->clock;
}

static int64_t monotonic(void *context)
{
    sl_world_wait(of(context), 1);
    return of(context)->steady;
}

/* ---- Memory -------------------------------------------------------------------------------- */

static void *allocate(void *context, void *old, size_t size)
{
    sl_world *world = of(context);
    if (size == 0) {
        world->live -= old != NULL;
        free(old);
        return NULL;
    }
    world->allocations++;
    if (world->refuse_at > 0 && (world->allocations == world->refuse_at ||
                                 (world->refuse_after && world->allocations > world->refuse_at))) {
        world->refused++;
        return NULL;
    }
    void *made = realloc(old, size);
    world->live += old == NULL && made != NULL;
    return made;
}

void *sl_world_take(void *old, size_t size)
{
    void *made = realloc(old, size);
    if (!made)
        abort();
    return made;
}

char *sl_world_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(sl_world_take(NULL, size), text, size);
}

/* ---- The trace --------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

void sl_world_note(sl_world *world, uint32_t what, uint64_t file, int64_t offset, const void *bytes,
                   size_t size)
{
    uint64_t hash = mix(world->trace, what);
    hash = mix(hash, file);
    hash = mix(hash, (uint64_t)offset);
    hash = mix(hash, size);
    const char *at = bytes;
    uint64_t word = 0;
    size_t left = at ? size : 0;
    for (; left >= sizeof word; left -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = mix(hash, word);
    }
    for (word = 0; left > 0; left--)
        word = word << 8 | (unsigned char)*at++;
    hash = mix(hash, word);
    world->trace = hash;
}

/* The path of a file; "": it has none. */
static const char *name_of(const sl_world *world, uint64_t file)
{
    const sl_names *names = &world->inside->seen;
    for (uint32_t i = 0; i < names->count; i++)
        if (names->list[i].file->number == file)
            return names->list[i].path;
    return "";
}

static void show(sl_world *world, uint32_t what, uint64_t file, int64_t offset, const char *bytes,
                 size_t size, const sl_verdict *verdict)
{
    static const char *const words[] = {
        [SL_DO_CREATE] = "create",       [SL_DO_WRITE] = "write",   [SL_DO_TRUNCATE] = "truncate",
        [SL_DO_SYNC] = "sync",           [SL_DO_RENAME] = "rename", [SL_DO_UNLINK] = "unlink",
        [SL_DO_DIRECTORY] = "directory", [SL_DO_CHMOD] = "chmod"};
    fprintf(world->show, "%4lld %s %s", (long long)world->operations, words[what],
            name_of(world, file));
    if (what == SL_DO_CREATE || what == SL_DO_RENAME || what == SL_DO_DIRECTORY)
        fprintf(world->show, " %.*s", (int)size, bytes ? bytes : "");
    else
        fprintf(world->show, " at %lld size %zu", (long long)offset, size);
    if (verdict->answer < 0)
        fprintf(world->show, ": %d, %zu of it", (int)verdict->answer, verdict->part);
    fprintf(world->show, "\n");
}

/* ---- Faults ------------------------------------------------------------------------------------
 */

/* The process dies in this change. */
static sl_verdict die(sl_world *world, size_t size)
{
    world->crashed = 1;
    switch (sl_world_dice(world, 3)) {
    case 0:
        return (sl_verdict){0, -EIO};
    case 1:
        return (sl_verdict){size, -EIO};
    default:
        return (sl_verdict){(size_t)sl_world_dice(world, size + 1), -EIO};
    }
}

static sl_verdict fail(sl_world *world, uint32_t what, size_t size)
{
    size_t part = what == SL_DO_WRITE ? (size_t)sl_world_dice(world, size) : 0;
    world->failed++;
    world->syncs_failed += what == SL_DO_SYNC;
    return (sl_verdict){sl_world_dice(world, 2) ? part : 0, -world->error};
}

sl_verdict sl_world_change(sl_world *world, uint32_t what, uint64_t file, int64_t offset,
                           const void *bytes, size_t size)
{
    sl_verdict verdict = {size, 0};
    if (world->crashed)
        return (sl_verdict){0, -EIO};
    world->operations++;
    sl_world_wait(world, 1 + (int64_t)sl_world_dice(world, STEP));
    if (world->operations == world->crash_at)
        verdict = die(world, size);
    else if (world->fail_at > 0 && (world->operations == world->fail_at ||
                                    (world->fail_after && world->operations > world->fail_at)))
        verdict = fail(world, what, size);
    sl_world_note(world, what, file, offset, bytes, size);
    sl_world_note(world, what, verdict.part, verdict.answer, NULL, 0);
    if (world->show)
        show(world, what, file, offset, bytes, size, &verdict);
    return verdict;
}

int32_t sl_world_look(sl_world *world, uint32_t what, uint64_t file, int64_t offset, size_t size)
{
    if (world->crashed)
        return -EIO;
    sl_world_wait(world, 1);
    sl_world_note(world, what, file, offset, NULL, size);
    if (what != SL_DO_READ)
        return 0;
    world->looks++;
    if (world->looks != world->fail_look_at)
        return 0;
    world->failed++;
    return -EIO;
}

/* ---- Beginning and end --------------------------------------------------------------------------
 */

void sl_world_init(sl_world *world, uint64_t seed)
{
    *world = (sl_world){.env = sl_world_env,
                        .clock = INT64_C(1700000000) * 1000000,
                        .steady = 1000000,
                        .error = EIO,
                        .sector = 4096,
                        .trace = seed,
                        .output = {.env = &sl_env_real}};
    world->env.context = world;
    world->env.now = now;
    world->env.monotonic = monotonic;
    world->env.random = fill_random;
    world->env.allocate = allocate;
    world->inside = sl_world_take(NULL, sizeof *world->inside);
    *world->inside = (sl_world_inside){.dice = seed, .random = ~seed, .next_number = 100};
    sl_disk_link(world, "/", sl_disk_make(world, SL_FILE_DIRECTORY, 0755));
    sl_disk_settle_all(world);
    sl_world_register(world);
    sl_world_boot(world, SL_WORLD_KILL);
}

void sl_world_done(sl_world *world)
{
    sl_world_unregister(world);
    sl_world_close_all(world);
    sl_disk_done(world);
    free(world->inside);
    sl_builder_done(&world->output);
    *world = (sl_world){0};
}

/* ---- Files, as a test sees them
 * ------------------------------------------------------------------ */

static void plain_path(const char *path, char plain[SL_WORLD_PATH])
{
    if (sl_disk_path(path, plain) < 0)
        abort();
}

static void make_parents(sl_world *world, const char *plain)
{
    char parent[SL_WORLD_PATH];
    for (const char *slash = strchr(plain + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - plain), plain);
        if (!sl_disk_find(world, parent))
            sl_disk_link(world, parent, sl_disk_make(world, SL_FILE_DIRECTORY, 0755));
    }
}

void sl_world_put(sl_world *world, const char *path, const void *bytes, size_t size)
{
    char plain[SL_WORLD_PATH];
    plain_path(path, plain);
    make_parents(world, plain);
    sl_inode *file = sl_disk_make(world, SL_FILE_REGULAR, 0644);
    sl_bytes_put(&file->seen, bytes, (int64_t)size, 0);
    sl_bytes_put(&file->safe, bytes, (int64_t)size, 0);
    sl_disk_link(world, plain, file);
    sl_disk_settle_all(world);
    sl_disk_forget(world);
}

void sl_world_append(sl_world *world, const char *path, const void *bytes, size_t size)
{
    char plain[SL_WORLD_PATH];
    const sl_verdict done = {.part = 1};
    plain_path(path, plain);
    sl_inode *file = sl_disk_find(world, plain);
    if (!file)
        abort();
    sl_disk_write(world, file, bytes, (int64_t)size, file->seen.size);
    sl_disk_sync(world, file, &done);
}

const char *sl_world_get(const sl_world *world, const char *path, size_t *size)
{
    char plain[SL_WORLD_PATH];
    plain_path(path, plain);
    const sl_inode *file = sl_disk_find(world, plain);
    if (!file || file->kind != SL_FILE_REGULAR)
        return NULL;
    if (size)
        *size = (size_t)file->seen.size;
    return file->seen.data ? file->seen.data : "";
}

void sl_world_remove(sl_world *world, const char *path)
{
    char plain[SL_WORLD_PATH];
    plain_path(path, plain);
    if (!sl_disk_find(world, plain))
        return;
    sl_disk_unlink(world, plain);
    sl_disk_settle_all(world);
    sl_disk_forget(world);
}

void sl_world_settle(sl_world *world)
{
    const sl_verdict done = {.part = 1};
    int32_t before = world->ignore_sync;
    world->ignore_sync = 0;
    for (sl_inode *file = world->inside->inodes; file; file = file->next)
        sl_disk_sync(world, file, &done);
    sl_disk_settle_all(world);
    world->ignore_sync = before;
}

void sl_world_each(const sl_world *world,
                   void (*found)(void *user, const char *path, int64_t bytes), void *user)
{
    const sl_names *names = &world->inside->seen;
    for (uint32_t i = 0; i < names->count; i++)
        if (names->list[i].file->kind == SL_FILE_REGULAR)
            found(user, names->list[i].path, names->list[i].file->seen.size);
}

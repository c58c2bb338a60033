/*
 * world_cut.c - what a dead process and a power cut leave; see world.h and world_inside.h.
 *
 * A disk writes blocks of 512 bytes, in any order. So of each write since a file's last sync
 * every block is kept, dropped or torn by itself: its beginning or its end is there, or neither.
 * A file that has grown without its bytes has zeros there.
 */
#include "tests/harness/world_inside.h"

#include <assert.h>
#include <string.h>

/* ---- Bytes ------------------------------------------------------------------------------------
 */

/* A part of one write that lies in one block. */
static void cut_block(sl_world *world, sl_bytes *disk, const char *bytes, int64_t size,
                      int64_t offset)
{
    char garbage[SL_WORLD_BLOCK];
    int64_t part = (int64_t)sl_world_dice(world, (uint64_t)size + 1);
    switch (sl_world_dice(world, 8)) {
    case 0: /* its beginning */
        sl_bytes_put(disk, bytes, part, offset);
        break;
    case 1: /* its end */
        sl_bytes_put(disk, bytes + part, size - part, offset + part);
        break;
    case 2: /* neither */
        for (int64_t i = 0; i < size; i++)
            garbage[i] = (char)sl_world_dice(world, 256);
        sl_bytes_put(disk, garbage, size, offset);
        break;
    case 3:
    case 4: /* nothing, but perhaps the length */
        if (disk->size < offset + size && sl_world_dice(world, 2))
            sl_bytes_cut(disk, offset + size);
        break;
    default:
        sl_bytes_put(disk, bytes, size, offset);
    }
}

static void cut_write(sl_world *world, sl_bytes *disk, const sl_change *change)
{
    int64_t done = 0;
    while (done < change->size) {
        int64_t at = change->offset + done;
        int64_t part = SL_WORLD_BLOCK - at % SL_WORLD_BLOCK;
        if (part > change->size - done)
            part = change->size - done;
        cut_block(world, disk, change->bytes + done, part, at);
        done += part;
    }
}

/* Mostly by block; sometimes all that is not durable is gone, or nothing of it. */
static void cut_file(sl_world *world, sl_inode *file)
{
    uint64_t luck = sl_world_dice(world, 8);
    for (uint32_t i = 0; i < file->changes_count && luck != 0; i++) {
        const sl_change *change = &file->changes[i];
        if (change->size >= 0 && luck == 1)
            sl_bytes_put(&file->safe, change->bytes, change->size, change->offset);
        else if (change->size >= 0)
            cut_write(world, &file->safe, change);
        else if (luck == 1 || sl_world_dice(world, 2))
            sl_bytes_cut(&file->safe, change->offset);
    }
    sl_changes_drop(file);
    sl_bytes_cut(&file->seen, 0);
    sl_bytes_put(&file->seen, file->safe.data, file->safe.size, 0);
}

/* ---- Names ------------------------------------------------------------------------------------
 */

/* A name in a directory that is not there is not there either. */
static void drop_homeless(sl_world *world)
{
    sl_names *names = &world->inside->seen;
    for (uint32_t i = 0; i < names->count;) {
        if (sl_disk_parent(world, names->list[i].path) == 0)
            i++;
        else
            sl_names_set(names, names->list[i].path, NULL);
    }
}

static void copy_names(sl_names *to, const sl_names *from)
{
    sl_names_done(to);
    for (uint32_t i = 0; i < from->count; i++)
        sl_names_set(to, from->list[i].path, from->list[i].file);
}

static void cut_names(sl_world *world)
{
    sl_world_inside *inside = world->inside;
    uint64_t kept = sl_world_dice(world, inside->changes_count + 1);
    for (uint32_t i = 0; i < inside->changes_count; i++) {
        if (world->ordered ? i < kept : sl_world_dice(world, 2) == 0)
            sl_names_apply(&inside->safe, &inside->changes[i]);
        sl_name_change_done(&inside->changes[i]);
    }
    inside->changes_count = 0;
    copy_names(&inside->seen, &inside->safe);
    drop_homeless(world);
    copy_names(&inside->safe, &inside->seen);
}

/* ---- The boot ---------------------------------------------------------------------------------
 */

void sl_world_boot(sl_world *world, int32_t how)
{
    assert(world->handles == 0);
    sl_world_close_all(world);
    if (how == SL_WORLD_POWER_CUT) {
        cut_names(world);
        for (sl_inode *file = world->inside->inodes; file; file = file->next)
            cut_file(world, file);
    }
    sl_disk_forget(world);
    world->allocations = world->refuse_at = world->refused = 0;
    world->refuse_after = 0;
    world->operations = world->crash_at = world->fail_at = world->failed = 0;
    world->syncs_failed = 0;
    world->fail_after = world->crashed = 0;
    world->looks = world->fail_look_at = 0;
    sl_world_wait(world, 1000000);
    if (world->show)
        fprintf(world->show, "%s\n", how == SL_WORLD_KILL ? "--- boot" : "--- power cut, boot");
    sl_world_note(world, SL_DO_BOOT, (uint64_t)how, 0, NULL, 0);
    /* A new process: the random numbers that SQLite has for itself begin anew, by the dice. */
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 1 + (int)sl_world_dice(world, 1 << 30), NULL);
}

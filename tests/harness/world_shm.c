/*
 * world_shm.c - the shared memory of a database in WAL mode, and its locks; see world_inside.h.
 *
 * The memory is in the heap and lives as long as some connection looks at it: the first one that
 * comes finds zeros and recovers, as after the death of all processes.
 */
#include "tests/harness/world_inside.h"

#include <stdlib.h>
#include <string.h>

static sl_vfs_file *self_of(sqlite3_file *base)
{
    return (sl_vfs_file *)base;
}

int sl_world_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **given)
{
    sl_vfs_file *self = self_of(base);
    sl_inode *file = self->file;
    *given = NULL;
    if (self->world->crashed)
        return SQLITE_IOERR_SHMMAP;
    self->maps = 1;
    if (region >= file->shared_count && !extend)
        return SQLITE_OK;
    while (file->shared_count <= region) {
        size_t count = (size_t)file->shared_count + 1;
        file->shared = sl_world_take(file->shared, count * sizeof *file->shared);
        file->shared[file->shared_count++] =
            memset(sl_world_take(NULL, (size_t)size), 0, (size_t)size);
    }
    *given = file->shared[region];
    return SQLITE_OK;
}

/* What the other connections hold. */
static uint32_t held_by_others(const sl_vfs_file *self, int shared_too)
{
    uint32_t held = 0;
    for (const sl_vfs_file *other = self->file->handles; other; other = other->next)
        if (other != self)
            held |= other->slots_exclusive | (shared_too ? other->slots_shared : 0);
    return held;
}

int sl_world_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    sl_vfs_file *self = self_of(base);
    uint32_t slots = ((1u << count) - 1) << offset;
    int exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if (flags & SQLITE_SHM_UNLOCK) {
        self->slots_shared &= ~slots;
        self->slots_exclusive &= ~slots;
        return SQLITE_OK;
    }
    if (sl_world_look(self->world, SL_DO_LOCK, self->file->number, offset, (size_t)flags) < 0)
        return SQLITE_IOERR_SHMLOCK;
    if (held_by_others(self, exclusive) & slots)
        return SQLITE_BUSY;
    if (exclusive)
        self->slots_exclusive |= slots;
    else
        self->slots_shared |= slots;
    return SQLITE_OK;
}

void sl_world_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

int sl_world_shm_unmap(sqlite3_file *base, int remove)
{
    sl_vfs_file *self = self_of(base);
    sl_inode *file = self->file;
    (void)remove;
    self->maps = 0;
    self->slots_shared = self->slots_exclusive = 0;
    for (const sl_vfs_file *other = file->handles; other; other = other->next)
        if (other->maps)
            return SQLITE_OK;
    for (int i = 0; i < file->shared_count; i++)
        free(file->shared[i]);
    file->shared_count = 0;
    return SQLITE_OK;
}

/*
 * world_vfs.c - the VFS of SQLite over the world's files; see world_inside.h.
 *
 * Each file that SQLite opens is a connection of its own to the inode: the locks of all of them
 * are compared, as those of different processes would be. What only gives back (xUnlock, xClose)
 * works after a crash too, so that a dead process can be freed.
 */
#include "tests/harness/world_inside.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 1970-01-01 in milliseconds of the Julian day. */
#define UNIX_EPOCH INT64_C(210866760000000)

static sl_vfs_file *self_of(sqlite3_file *base)
{
    return (sl_vfs_file *)base;
}

static int io_error(int32_t answer, int code)
{
    return answer == 0 ? SQLITE_OK : answer == -ENOSPC ? SQLITE_FULL : code;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

static int read_bytes(sqlite3_file *base, void *bytes, int size, sqlite3_int64 offset)
{
    const sl_vfs_file *self = self_of(base);
    const sl_bytes *from = &self->file->seen;
    if (sl_world_look(self->world, SL_DO_READ, self->file->number, offset, (size_t)size) < 0)
        return SQLITE_IOERR_READ;
    int64_t left = offset < from->size ? from->size - offset : 0;
    int part = size < left ? size : (int)left;
    if (part > 0)
        memcpy(bytes, from->data + offset, (size_t)part);
    if (part == size)
        return SQLITE_OK;
    memset((char *)bytes + part, 0, (size_t)(size - part));
    return SQLITE_IOERR_SHORT_READ;
}

static int write_bytes(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset)
{
    sl_vfs_file *self = self_of(base);
    sl_verdict verdict =
        sl_world_change(self->world, SL_DO_WRITE, self->file->number, offset, bytes, (size_t)size);
    sl_disk_write(self->world, self->file, bytes, (int64_t)verdict.part, offset);
    return io_error(verdict.answer, SQLITE_IOERR_WRITE);
}

static int truncate_bytes(sqlite3_file *base, sqlite3_int64 size)
{
    sl_vfs_file *self = self_of(base);
    sl_verdict verdict =
        sl_world_change(self->world, SL_DO_TRUNCATE, self->file->number, size, NULL, 1);
    if (verdict.part > 0)
        sl_disk_truncate(self->world, self->file, size);
    return io_error(verdict.answer, SQLITE_IOERR_TRUNCATE);
}

static int sync_bytes(sqlite3_file *base, int flags)
{
    sl_vfs_file *self = self_of(base);
    sl_verdict verdict =
        sl_world_change(self->world, SL_DO_SYNC, self->file->number, flags, NULL, 1);
    sl_disk_sync(self->world, self->file, &verdict);
    return verdict.answer < 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    const sl_vfs_file *self = self_of(base);
    if (sl_world_look(self->world, SL_DO_STAT, self->file->number, 0, 0) < 0)
        return SQLITE_IOERR_FSTAT;
    *size = self->file->seen.size;
    return SQLITE_OK;
}

/* ---- Locks ---------------------------------------------------------------------------------- */

/* The highest lock that another connection holds. */
static int highest_other(const sl_vfs_file *self)
{
    int highest = SQLITE_LOCK_NONE;
    for (const sl_vfs_file *other = self->file->handles; other; other = other->next)
        if (other != self && other->lock > highest)
            highest = other->lock;
    return highest;
}

static int lock(sqlite3_file *base, int level)
{
    sl_vfs_file *self = self_of(base);
    if (level <= self->lock)
        return SQLITE_OK;
    if (sl_world_look(self->world, SL_DO_LOCK, self->file->number, level, 0) < 0)
        return SQLITE_IOERR_LOCK;
    int highest = highest_other(self);
    if (level == SQLITE_LOCK_SHARED) {
        if (highest >= SQLITE_LOCK_PENDING)
            return SQLITE_BUSY;
    } else if (highest > SQLITE_LOCK_SHARED) {
        return SQLITE_BUSY;
    } else if (level == SQLITE_LOCK_EXCLUSIVE && highest == SQLITE_LOCK_SHARED) {
        self->lock = SQLITE_LOCK_PENDING; /* nobody new comes in */
        return SQLITE_BUSY;
    }
    self->lock = level;
    return SQLITE_OK;
}

static int unlock(sqlite3_file *base, int level)
{
    sl_vfs_file *self = self_of(base);
    if (level < self->lock)
        self->lock = level;
    return SQLITE_OK;
}

static int check_reserved(sqlite3_file *base, int *answer)
{
    const sl_vfs_file *self = self_of(base);
    if (sl_world_look(self->world, SL_DO_LOCK, self->file->number, 0, 0) < 0)
        return SQLITE_IOERR_CHECKRESERVEDLOCK;
    *answer = self->lock >= SQLITE_LOCK_RESERVED || highest_other(self) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

/* ---- The rest of a file --------------------------------------------------------------------- */

static int control(sqlite3_file *base, int what, void *with)
{
    (void)base;
    (void)what;
    (void)with;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
    return self_of(base)->world->sector;
}

static int no_promises(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static int close_file(sqlite3_file *base)
{
    sl_vfs_file *self = self_of(base);
    sl_world *world = self->world;
    sl_vfs_file **at = &self->file->handles;
    sl_world_shm_unmap(base, 0);
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    sl_world_note(world, SL_DO_CLOSE, self->file->number, 0, NULL, 0);
    self->file->opens--;
    world->handles--;
    if (self->unlink && !world->crashed && sl_disk_find(world, self->path) == self->file)
        sl_disk_unlink(world, self->path);
    sl_disk_forget(world);
    base->pMethods = NULL;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_bytes,
    .xWrite = write_bytes,
    .xTruncate = truncate_bytes,
    .xSync = sync_bytes,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = no_promises,
    .xShmMap = sl_world_shm_map,
    .xShmLock = sl_world_shm_lock,
    .xShmBarrier = sl_world_shm_barrier,
    .xShmUnmap = sl_world_shm_unmap,
};

/* ---- Files by name ----------------------------------------------------------------------------
 */

/* The file to open: found, or made. NULL: neither. */
static sl_inode *find_or_make(sl_world *world, const char *path, int flags)
{
    sl_inode *found = path ? sl_disk_find(world, path) : NULL;
    if (found && found->kind == SL_FILE_REGULAR && !(flags & SQLITE_OPEN_EXCLUSIVE))
        return found;
    if (found || !(flags & SQLITE_OPEN_CREATE) || (path && sl_disk_parent(world, path) < 0))
        return NULL;
    sl_verdict verdict =
        sl_world_change(world, SL_DO_CREATE, 0, flags, path, path ? strlen(path) : 1);
    if (verdict.part == 0 || (verdict.answer < 0 && !path))
        return NULL;
    sl_inode *made = sl_disk_make(world, SL_FILE_REGULAR, 0644);
    made->temporary = !path;
    if (path)
        sl_disk_link(world, path, made);
    return verdict.answer < 0 ? NULL : made;
}

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *given)
{
    sl_world *world = vfs->pAppData;
    sl_vfs_file *self = self_of(base);
    *self = (sl_vfs_file){.world = world};
    if (sl_world_look(world, SL_DO_OPEN, (uint64_t)flags, 0, 0) < 0)
        return SQLITE_CANTOPEN;
    self->file = find_or_make(world, path, flags);
    if (!self->file)
        return SQLITE_CANTOPEN;
    if (path)
        snprintf(self->path, sizeof self->path, "%s", path);
    self->unlink = path && (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    self->next = self->file->handles;
    self->file->handles = self;
    self->file->opens++;
    world->handles++;
    base->pMethods = &methods;
    if (given)
        *given = flags;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    sl_world *world = vfs->pAppData;
    const sl_inode *found = sl_disk_find(world, path);
    if (world->crashed)
        return SQLITE_IOERR_DELETE;
    if (!found)
        return SQLITE_IOERR_DELETE_NOENT;
    sl_verdict verdict =
        sl_world_change(world, SL_DO_UNLINK, found->number, sync_directory, NULL, 1);
    if (verdict.part > 0)
        sl_disk_unlink(world, path);
    if (verdict.answer == 0 && sync_directory)
        sl_disk_settle_beside(world, path);
    sl_disk_forget(world);
    return verdict.answer < 0 ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

/* As on Unix, an empty file is not there. */
static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
    sl_world *world = vfs->pAppData;
    if (sl_world_look(world, SL_DO_STAT, 0, flags, strlen(path)) < 0)
        return SQLITE_IOERR_ACCESS;
    const sl_inode *found = sl_disk_find(world, path);
    *answer = found && (flags != SQLITE_ACCESS_EXISTS || found->kind != SL_FILE_REGULAR ||
                        found->seen.size > 0);
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *path, int size, char *given)
{
    char plain[SL_WORLD_PATH];
    (void)vfs;
    if (sl_disk_path(path, plain) < 0 || strlen(plain) >= (size_t)size)
        return SQLITE_CANTOPEN;
    memcpy(given, plain, strlen(plain) + 1);
    return SQLITE_OK;
}

/* ---- What is no file --------------------------------------------------------------------------
 */

static int fill_random(sqlite3_vfs *vfs, int size, char *bytes)
{
    const sl_world *world = vfs->pAppData;
    world->env.random(world->env.context, bytes, (size_t)size);
    return size;
}

static int sleep_for(sqlite3_vfs *vfs, int microseconds)
{
    sl_world_wait(vfs->pAppData, microseconds);
    return microseconds;
}

static int current_time(sqlite3_vfs *vfs, sqlite3_int64 *now)
{
    const sl_world *world = vfs->pAppData;
    *now = world->env.now(world->env.context) / 1000 + UNIX_EPOCH;
    return SQLITE_OK;
}

static int current_day(sqlite3_vfs *vfs, double *now)
{
    sqlite3_int64 milliseconds = 0;
    current_time(vfs, &milliseconds);
    *now = (double)milliseconds / 86400000.0;
    return SQLITE_OK;
}

static int last_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    (void)size;
    (void)text;
    return 0;
}

void sl_world_register(sl_world *world)
{
    static uint32_t worlds;
    sl_world_inside *inside = world->inside;
    snprintf(inside->vfs_name, sizeof inside->vfs_name, "world-%u", ++worlds);
    inside->vfs = (sqlite3_vfs){.iVersion = 2,
                                .szOsFile = sizeof(sl_vfs_file),
                                .mxPathname = SL_WORLD_PATH - 1,
                                .zName = inside->vfs_name,
                                .pAppData = world,
                                .xOpen = open_file,
                                .xDelete = delete_file,
                                .xAccess = access_file,
                                .xFullPathname = full_path,
                                .xRandomness = fill_random,
                                .xSleep = sleep_for,
                                .xCurrentTime = current_day,
                                .xGetLastError = last_error,
                                .xCurrentTimeInt64 = current_time};
    int rc = sqlite3_vfs_register(&inside->vfs, 0);
    assert(rc == SQLITE_OK);
    (void)rc;
    world->env.sqlite_vfs = inside->vfs_name;
}

void sl_world_unregister(sl_world *world)
{
    assert(world->handles == 0);
    sqlite3_vfs_unregister(&world->inside->vfs);
}

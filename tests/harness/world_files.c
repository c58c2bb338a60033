/*
 * world_files.c - the functions of sl_env over the world's files; see world_inside.h.
 *
 * Descriptor 0 is at its end, 1 is a pipe into world->output, 2 a pipe that nobody reads.
 */
#include "tests/harness/world_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 3 /* the number of the first descriptor that is a file */

static sl_world *of(void *context)
{
    return context;
}

/* ---- Descriptors --------------------------------------------------------------------------- */

static sl_descriptor *descriptor(sl_world *world, int32_t fd)
{
    sl_world_inside *inside = world->inside;
    if (fd < FIRST || (uint32_t)(fd - FIRST) >= inside->descriptors_count ||
        !inside->descriptors[fd - FIRST].file)
        return NULL;
    return &inside->descriptors[fd - FIRST];
}

/* The lowest number that is free. */
static int32_t add_descriptor(sl_world *world, sl_inode *file, int32_t flags)
{
    sl_world_inside *inside = world->inside;
    uint32_t at = 0;
    while (at < inside->descriptors_count && inside->descriptors[at].file)
        at++;
    if (at == inside->descriptors_count) {
        inside->descriptors =
            sl_world_take(inside->descriptors, (at + 1) * sizeof *inside->descriptors);
        inside->descriptors_count++;
    }
    inside->descriptors[at] = (sl_descriptor){.file = file, .flags = flags};
    file->opens++;
    world->open_files++;
    return (int32_t)at + FIRST;
}

static void drop_descriptor(sl_world *world, sl_descriptor *from)
{
    from->file->opens--;
    world->open_files--;
    free(from->locks);
    *from = (sl_descriptor){0};
    sl_disk_forget(world);
}

void sl_world_close_all(sl_world *world)
{
    sl_world_inside *inside = world->inside;
    for (uint32_t i = 0; i < inside->descriptors_count; i++)
        if (inside->descriptors[i].file) {
            world->left_open++;
            drop_descriptor(world, &inside->descriptors[i]);
        }
    free(inside->descriptors);
    inside->descriptors = NULL;
    inside->descriptors_count = 0;
}

static int is_readable(const sl_descriptor *from)
{
    return (from->flags & O_ACCMODE) != O_WRONLY;
}

static int is_writable(const sl_descriptor *from)
{
    return (from->flags & O_ACCMODE) != O_RDONLY;
}

/* ---- Opening, closing ----------------------------------------------------------------------- */

static int32_t create(sl_world *world, const char *plain, int32_t flags, uint32_t mode)
{
    int32_t parent = sl_disk_parent(world, plain);
    if (parent < 0)
        return parent;
    sl_verdict verdict = sl_world_change(world, SL_DO_CREATE, 0, 0, plain, strlen(plain));
    if (verdict.part == 0)
        return verdict.answer;
    sl_inode *made = sl_disk_make(world, SL_FILE_REGULAR, mode);
    sl_disk_link(world, plain, made);
    return verdict.answer < 0 ? verdict.answer : add_descriptor(world, made, flags);
}

static int32_t open_found(sl_world *world, sl_inode *file, int32_t flags)
{
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (file->kind == SL_FILE_DIRECTORY && (flags & O_ACCMODE) != O_RDONLY)
        return -EISDIR;
    if (file->kind != SL_FILE_DIRECTORY && (flags & O_DIRECTORY))
        return -ENOTDIR;
    if ((flags & O_TRUNC) && file->seen.size > 0) {
        sl_verdict verdict = sl_world_change(world, SL_DO_TRUNCATE, file->number, 0, NULL, 1);
        if (verdict.part > 0)
            sl_disk_truncate(world, file, 0);
        if (verdict.answer < 0)
            return verdict.answer;
    }
    return add_descriptor(world, file, flags);
}

static int32_t open_file(void *context, const char *path, int32_t flags, uint32_t mode)
{
    sl_world *world = of(context);
    char plain[SL_WORLD_PATH];
    int32_t answer = sl_disk_path(path, plain);
    if (answer == 0)
        answer = sl_world_look(world, SL_DO_OPEN, (uint64_t)flags, 0, 0);
    if (answer < 0)
        return answer;
    sl_inode *file = sl_disk_find(world, plain);
    if (file)
        return open_found(world, file, flags);
    answer = sl_disk_parent(world, plain);
    if (answer < 0)
        return answer;
    return flags & O_CREAT ? create(world, plain, flags, mode) : -ENOENT;
}

static int32_t close_file(void *context, int32_t fd)
{
    sl_world *world = of(context);
    sl_descriptor *from = descriptor(world, fd);
    if (!from)
        return -EBADF;
    sl_world_note(world, SL_DO_CLOSE, from->file->number, fd, NULL, 0);
    drop_descriptor(world, from);
    return 0;
}

/* ---- Reading, writing ----------------------------------------------------------------------- */

static size_t shortened(sl_world *world, size_t size)
{
    if (world->shorten == 0 || size < 2 || sl_world_dice(world, world->shorten) > 0)
        return size;
    return 1 + (size_t)sl_world_dice(world, size - 1);
}

static int64_t read_at(sl_world *world, const sl_inode *file, void *bytes, size_t size,
                       int64_t offset)
{
    size = shortened(world, size);
    int32_t answer = sl_world_look(world, SL_DO_READ, file->number, offset, size);
    if (answer < 0)
        return answer;
    if (file->kind == SL_FILE_DIRECTORY)
        return -EISDIR;
    int64_t left = offset < file->seen.size ? file->seen.size - offset : 0;
    int64_t part = (int64_t)size < left ? (int64_t)size : left;
    if (part > 0)
        memcpy(bytes, file->seen.data + offset, (size_t)part);
    return part;
}

static int64_t read_file(void *context, int32_t fd, void *bytes, size_t size)
{
    sl_world *world = of(context);
    sl_descriptor *from = descriptor(world, fd);
    if (fd == 0)
        return sl_world_look(world, SL_DO_READ, 0, 0, size);
    if (!from || !is_readable(from))
        return -EBADF;
    int64_t got = read_at(world, from->file, bytes, size, from->at);
    from->at += got > 0 ? got : 0;
    return got;
}

static int64_t pread_file(void *context, int32_t fd, void *bytes, size_t size, int64_t offset)
{
    sl_world *world = of(context);
    const sl_descriptor *from = descriptor(world, fd);
    if (fd >= 0 && fd < FIRST)
        return -ESPIPE;
    if (!from || !is_readable(from))
        return -EBADF;
    return offset < 0 ? -EINVAL : read_at(world, from->file, bytes, size, offset);
}

static int64_t write_stream(sl_world *world, int32_t fd, const void *bytes, size_t size)
{
    sl_verdict verdict = sl_world_change(world, SL_DO_WRITE, 0, fd, bytes, size);
    if (fd == 1)
        sl_builder_add(&world->output, bytes, verdict.part);
    return verdict.answer < 0 ? verdict.answer : (int64_t)verdict.part;
}

static int64_t write_file(void *context, int32_t fd, const void *bytes, size_t size)
{
    sl_world *world = of(context);
    sl_descriptor *to = descriptor(world, fd);
    size = shortened(world, size);
    if (fd == 1 || fd == 2)
        return write_stream(world, fd, bytes, size);
    if (!to || !is_writable(to))
        return -EBADF;
    int64_t at = to->flags & O_APPEND ? to->file->seen.size : to->at;
    sl_verdict verdict = sl_world_change(world, SL_DO_WRITE, to->file->number, at, bytes, size);
    sl_disk_write(world, to->file, bytes, (int64_t)verdict.part, at);
    /* A disk that is full in the middle of a write takes a part, and says so the next time. */
    if (verdict.answer < 0 && (world->crashed || verdict.part == 0))
        return verdict.answer;
    to->at = at + (int64_t)verdict.part;
    return (int64_t)verdict.part;
}

static int64_t seek_file(void *context, int32_t fd, int64_t offset)
{
    sl_world *world = of(context);
    sl_descriptor *to = descriptor(world, fd);
    if (world->crashed)
        return -EIO;
    if (fd >= 0 && fd < FIRST)
        return -ESPIPE;
    if (!to)
        return -EBADF;
    if (offset < 0)
        return -EINVAL;
    to->at = offset;
    return offset;
}

static int32_t sync_file(void *context, int32_t fd)
{
    sl_world *world = of(context);
    const sl_descriptor *to = descriptor(world, fd);
    if (fd >= 0 && fd < FIRST)
        return -EINVAL;
    if (!to)
        return -EBADF;
    sl_verdict verdict = sl_world_change(world, SL_DO_SYNC, to->file->number, 0, NULL, 1);
    sl_disk_sync(world, to->file, &verdict);
    return verdict.answer;
}

static int32_t truncate_file(void *context, int32_t fd, int64_t bytes)
{
    sl_world *world = of(context);
    const sl_descriptor *to = descriptor(world, fd);
    if (!to || !is_writable(to) || bytes < 0)
        return to ? -EINVAL : -EBADF;
    sl_verdict verdict = sl_world_change(world, SL_DO_TRUNCATE, to->file->number, bytes, NULL, 1);
    if (verdict.part > 0)
        sl_disk_truncate(world, to->file, bytes);
    return verdict.answer;
}

/* ---- Looking ----------------------------------------------------------------------------------
 */

static void describe(const sl_inode *file, sl_file_info *info)
{
    *info = (sl_file_info){.kind = file->kind,
                           .mode = file->mode,
                           .bytes = file->seen.size,
                           .device = SL_WORLD_DEVICE,
                           .inode = file->number,
                           .changed = file->changed};
}

static int32_t stat_path(void *context, const char *path, sl_file_info *info)
{
    sl_world *world = of(context);
    char plain[SL_WORLD_PATH];
    int32_t answer = sl_disk_path(path, plain);
    if (answer == 0)
        answer = sl_world_look(world, SL_DO_STAT, 0, 0, strlen(plain));
    if (answer < 0)
        return answer;
    const sl_inode *file = sl_disk_find(world, plain);
    if (!file)
        return sl_disk_parent(world, plain) == -ENOTDIR ? -ENOTDIR : -ENOENT;
    describe(file, info);
    return 0;
}

static int32_t stat_file(void *context, int32_t fd, sl_file_info *info)
{
    sl_world *world = of(context);
    const sl_descriptor *from = descriptor(world, fd);
    int32_t answer = sl_world_look(world, SL_DO_STAT, 0, fd, 0);
    if (answer < 0)
        return answer;
    if (fd >= 0 && fd < FIRST) {
        *info = (sl_file_info){.kind = SL_FILE_FIFO, .mode = 0600};
        return 0;
    }
    if (!from)
        return -EBADF;
    describe(from->file, info);
    return 0;
}

static int32_t resolve_path(void *context, const char *path, char *target, size_t size)
{
    sl_world *world = of(context);
    char plain[SL_WORLD_PATH];
    int32_t answer = sl_disk_path(path, plain);
    if (answer == 0)
        answer = sl_world_look(world, SL_DO_STAT, 0, 0, strlen(plain));
    if (answer < 0)
        return answer;
    return snprintf(target, size, "%s", sl_disk_find(world, plain) ? plain : path) < (int)size
               ? 0
               : -ENAMETOOLONG;
}

static int32_t glob_paths(void *context, const char *pattern,
                          int32_t (*found)(void *user, const char *path), void *user)
{
    sl_world *world = of(context);
    const sl_names *names = &world->inside->seen;
    char plain[SL_WORLD_PATH];
    int32_t answer = sl_disk_path(pattern, plain);
    if (answer == 0)
        answer = sl_world_look(world, SL_DO_GLOB, 0, 0, strlen(plain));
    for (uint32_t i = 0; i < names->count && answer == 0; i++) {
        const char *path = names->list[i].path;
        if (path[1] && fnmatch(plain, path, FNM_PATHNAME | FNM_PERIOD) == 0)
            answer = found(user, *pattern == '/' ? path : path + 1);
    }
    return answer;
}

static int32_t no_terminal(void *context, int32_t fd)
{
    (void)context;
    (void)fd;
    return 0;
}

/* ---- Names ------------------------------------------------------------------------------------
 */

static int32_t rename_path(void *context, const char *from, const char *to)
{
    sl_world *world = of(context);
    char source[SL_WORLD_PATH], target[SL_WORLD_PATH];
    if (sl_disk_path(from, source) < 0 || sl_disk_path(to, target) < 0)
        return -ENAMETOOLONG;
    const sl_inode *file = sl_disk_find(world, source), *old = sl_disk_find(world, target);
    int32_t parent = sl_disk_parent(world, target);
    if (world->crashed || !file || parent < 0)
        return world->crashed ? -EIO : !file ? -ENOENT : parent;
    if (file->kind == SL_FILE_DIRECTORY || (old && old->kind == SL_FILE_DIRECTORY))
        return -EISDIR;
    sl_verdict verdict =
        sl_world_change(world, SL_DO_RENAME, file->number, 0, target, strlen(target));
    if (verdict.part > 0 && file != old)
        sl_disk_rename(world, source, target);
    if (verdict.answer == 0)
        sl_disk_settle_beside(world, target);
    sl_disk_forget(world);
    return verdict.answer;
}

static int32_t unlink_path(void *context, const char *path)
{
    sl_world *world = of(context);
    char plain[SL_WORLD_PATH];
    if (sl_disk_path(path, plain) < 0)
        return -ENAMETOOLONG;
    const sl_inode *file = sl_disk_find(world, plain);
    if (world->crashed || !file)
        return world->crashed ? -EIO : -ENOENT;
    if (file->kind == SL_FILE_DIRECTORY)
        return -EISDIR;
    sl_verdict verdict = sl_world_change(world, SL_DO_UNLINK, file->number, 0, NULL, 1);
    if (verdict.part > 0)
        sl_disk_unlink(world, plain);
    sl_disk_forget(world);
    return verdict.answer;
}

static int32_t make_directory(void *context, const char *path, uint32_t mode)
{
    sl_world *world = of(context);
    char plain[SL_WORLD_PATH];
    if (sl_disk_path(path, plain) < 0)
        return -ENAMETOOLONG;
    if (world->crashed)
        return -EIO;
    if (sl_disk_find(world, plain))
        return -EEXIST;
    int32_t parent = sl_disk_parent(world, plain);
    if (parent < 0)
        return parent;
    sl_verdict verdict = sl_world_change(world, SL_DO_DIRECTORY, 0, 0, plain, strlen(plain));
    if (verdict.part > 0)
        sl_disk_link(world, plain, sl_disk_make(world, SL_FILE_DIRECTORY, mode));
    return verdict.answer;
}

static int32_t change_mode(void *context, int32_t fd, uint32_t mode)
{
    sl_world *world = of(context);
    const sl_descriptor *to = descriptor(world, fd);
    if (!to)
        return -EBADF;
    sl_verdict verdict =
        sl_world_change(world, SL_DO_CHMOD, to->file->number, (int64_t)mode, NULL, 1);
    if (verdict.part > 0)
        to->file->mode = mode & 07777;
    return verdict.answer;
}

/* ---- Locks ------------------------------------------------------------------------------------
 */

static int has_lock(const sl_descriptor *of_file, int64_t at)
{
    for (uint32_t i = 0; i < of_file->locks_count; i++)
        if (of_file->locks[i] == at)
            return 1;
    return 0;
}

static int32_t lock_byte(void *context, int32_t fd, int64_t at)
{
    sl_world *world = of(context);
    const sl_world_inside *inside = world->inside;
    sl_descriptor *to = descriptor(world, fd);
    int32_t answer = sl_world_look(world, SL_DO_LOCK, 0, at, 0);
    if (answer < 0 || !to || !is_writable(to))
        return answer < 0 ? answer : -EBADF;
    for (uint32_t i = 0; i < inside->descriptors_count; i++) {
        const sl_descriptor *other = &inside->descriptors[i];
        if (other != to && other->file == to->file && has_lock(other, at))
            return -EAGAIN;
    }
    if (has_lock(to, at))
        return 0;
    to->locks = sl_world_take(to->locks, (to->locks_count + 1) * sizeof *to->locks);
    to->locks[to->locks_count++] = at;
    return 0;
}

const sl_env sl_world_env = {
    .size = sizeof(sl_env),
    .open = open_file,
    .read = read_file,
    .pread = pread_file,
    .write = write_file,
    .seek = seek_file,
    .sync = sync_file,
    .truncate = truncate_file,
    .close = close_file,
    .stat = stat_path,
    .fstat = stat_file,
    .rename = rename_path,
    .unlink = unlink_path,
    .resolve = resolve_path,
    .glob = glob_paths,
    .chmod = change_mode,
    .terminal = no_terminal,
    .lock = lock_byte,
    .make_directory = make_directory,
};

/*
 * world_disk.c - inodes and names, each as processes see it and as it is durable; see
 * world_inside.h.
 *
 * What was changed since it was durable is kept as a list, of each file and of the names, in the
 * order in which it was done. A sync empties its list; a power cut (world_cut.c) throws dice over
 * what is in it.
 */
#include "tests/harness/world_inside.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Bytes ------------------------------------------------------------------------------- */

static void make_room(sl_bytes *to, int64_t size)
{
    if (size < to->room)
        return;
    to->room = size * 2 + 64;
    to->data = sl_world_take(to->data, (size_t)to->room);
}

void sl_bytes_cut(sl_bytes *to, int64_t size)
{
    make_room(to, size);
    if (size > to->size)
        memset(to->data + to->size, 0, (size_t)(size - to->size));
    to->size = size;
    to->data[size] = '\0';
}

void sl_bytes_put(sl_bytes *to, const void *bytes, int64_t size, int64_t offset)
{
    if (size == 0)
        return;
    if (offset + size > to->size)
        sl_bytes_cut(to, offset + size);
    memcpy(to->data + offset, bytes, (size_t)size);
}

/* ---- Names ------------------------------------------------------------------------------- */

int32_t sl_disk_path(const char *path, char plain[SL_WORLD_PATH])
{
    size_t size = 0;
    while (*path) {
        path += strspn(path, "/");
        size_t part = strcspn(path, "/");
        if (part == 2 && strncmp(path, "..", 2) == 0) {
            while (size > 0 && plain[--size] != '/')
                continue;
        } else if (part > 0 && !(part == 1 && *path == '.')) {
            if (size + part + 2 > SL_WORLD_PATH)
                return -ENAMETOOLONG;
            plain[size++] = '/';
            memcpy(plain + size, path, part);
            size += part;
        }
        path += part;
    }
    if (size == 0)
        plain[size++] = '/';
    plain[size] = '\0';
    return 0;
}

/* Where a path stands, or would. */
static uint32_t place_of(const sl_names *names, const char *plain)
{
    uint32_t from = 0, to = names->count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (strcmp(names->list[middle].path, plain) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

sl_name *sl_names_find(const sl_names *names, const char *plain)
{
    uint32_t at = place_of(names, plain);
    return at < names->count && strcmp(names->list[at].path, plain) == 0 ? &names->list[at] : NULL;
}

static void insert(sl_names *names, const char *plain, sl_inode *file)
{
    uint32_t at = place_of(names, plain);
    if (names->count == names->room) {
        names->room = names->room * 2 + 16;
        names->list = sl_world_take(names->list, names->room * sizeof *names->list);
    }
    memmove(&names->list[at + 1], &names->list[at], (names->count - at) * sizeof *names->list);
    names->list[at] = (sl_name){.path = sl_world_text(plain), .file = file};
    names->count++;
}

void sl_names_set(sl_names *names, const char *plain, sl_inode *file)
{
    sl_name *name = sl_names_find(names, plain);
    if (name && file) {
        name->file = file;
    } else if (name) {
        free(name->path);
        names->count--;
        memmove(name, name + 1, (size_t)(names->list + names->count - name) * sizeof *name);
    } else if (file) {
        insert(names, plain, file);
    }
}

void sl_names_apply(sl_names *names, const sl_name_change *change)
{
    if (change->from)
        sl_names_set(names, change->from, NULL);
    if (change->to)
        sl_names_set(names, change->to, change->file);
}

void sl_names_done(sl_names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        free(names->list[i].path);
    free(names->list);
    *names = (sl_names){0};
}

void sl_name_change_done(sl_name_change *change)
{
    free(change->from);
    free(change->to);
}

sl_inode *sl_disk_find(const sl_world *world, const char *plain)
{
    const sl_name *name = sl_names_find(&world->inside->seen, plain);
    return name ? name->file : NULL;
}

/* The length of the directory's path; 0: it is the root. */
static size_t parent_length(const char *plain)
{
    return (size_t)(strrchr(plain, '/') - plain);
}

int32_t sl_disk_parent(const sl_world *world, const char *plain)
{
    char parent[SL_WORLD_PATH];
    size_t length = parent_length(plain);
    if (length == 0)
        return 0;
    memcpy(parent, plain, length);
    parent[length] = '\0';
    const sl_inode *found = sl_disk_find(world, parent);
    if (!found)
        return -ENOENT;
    return found->kind == SL_FILE_DIRECTORY ? 0 : -ENOTDIR;
}

/* ---- Names that change --------------------------------------------------------------------- */

static void name_change(sl_world *world, const char *from, const char *to, sl_inode *file)
{
    sl_world_inside *inside = world->inside;
    if (inside->changes_count == inside->changes_room) {
        inside->changes_room = inside->changes_room * 2 + 16;
        inside->changes =
            sl_world_take(inside->changes, inside->changes_room * sizeof *inside->changes);
    }
    sl_name_change *made = &inside->changes[inside->changes_count++];
    *made = (sl_name_change){.from = from ? sl_world_text(from) : NULL,
                             .to = to ? sl_world_text(to) : NULL,
                             .file = file};
    sl_names_apply(&inside->seen, made);
}

void sl_disk_link(sl_world *world, const char *plain, sl_inode *file)
{
    name_change(world, NULL, plain, file);
}

void sl_disk_unlink(sl_world *world, const char *plain)
{
    name_change(world, plain, NULL, NULL);
}

void sl_disk_rename(sl_world *world, const char *from, const char *to)
{
    name_change(world, from, to, sl_disk_find(world, from));
}

/* What is durable now leaves the list; `is` says of which changes that holds. */
static void settle(sl_world *world, int (*is)(const sl_name_change *change, const void *of),
                   const void *which)
{
    sl_world_inside *inside = world->inside;
    uint32_t kept = 0, along = 0;
    if (world->ignore_sync)
        return;
    for (uint32_t i = 0; i < inside->changes_count && world->ordered; i++)
        if (is(&inside->changes[i], which))
            along = i;
    for (uint32_t i = 0; i < inside->changes_count; i++) {
        sl_name_change *change = &inside->changes[i];
        if (i < along || is(change, which)) {
            sl_names_apply(&inside->safe, change);
            sl_name_change_done(change);
        } else {
            inside->changes[kept++] = *change;
        }
    }
    inside->changes_count = kept;
}

/* The name itself, or a directory that leads there. */
static int leads_to(const char *path, const char *plain)
{
    size_t length = path ? strlen(path) : 0;
    return path && strncmp(path, plain, length) == 0 &&
           (plain[length] == '/' || plain[length] == '\0');
}

static int is_on_path(const sl_name_change *change, const void *plain)
{
    return leads_to(change->from, plain) || leads_to(change->to, plain);
}

static int is_beside(const sl_name_change *change, const void *of)
{
    const char *plain = of;
    size_t length = parent_length(plain);
    const char *const ends[] = {change->from, change->to};
    for (int i = 0; i < 2; i++)
        if (ends[i] && parent_length(ends[i]) == length && strncmp(ends[i], plain, length) == 0)
            return 1;
    return is_on_path(change, plain);
}

static int is_inside(const sl_name_change *change, const void *of)
{
    const char *directory = of;
    size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);
    const char *const ends[] = {change->from, change->to};
    for (int i = 0; i < 2; i++)
        if (ends[i] && parent_length(ends[i]) == length && strncmp(ends[i], directory, length) == 0)
            return 1;
    return is_on_path(change, directory);
}

static int is_any(const sl_name_change *change, const void *of)
{
    (void)change;
    (void)of;
    return 1;
}

void sl_disk_settle_file(sl_world *world, const sl_inode *file)
{
    const sl_names *names = &world->inside->seen;
    for (uint32_t i = 0; i < names->count; i++)
        if (names->list[i].file == file)
            settle(world, file->kind == SL_FILE_DIRECTORY ? is_inside : is_on_path,
                   names->list[i].path);
}

void sl_disk_settle_beside(sl_world *world, const char *plain)
{
    settle(world, is_beside, plain);
}

void sl_disk_settle_all(sl_world *world)
{
    int32_t before = world->ignore_sync;
    world->ignore_sync = 0;
    settle(world, is_any, NULL);
    world->ignore_sync = before;
}

/* ---- Files --------------------------------------------------------------------------------- */

sl_inode *sl_disk_make(sl_world *world, uint32_t kind, uint32_t mode)
{
    sl_inode *made = sl_world_take(NULL, sizeof *made);
    *made = (sl_inode){.next = world->inside->inodes,
                       .number = world->inside->next_number++,
                       .kind = kind,
                       .mode = mode & 07777,
                       .changed = world->clock};
    world->inside->inodes = made;
    return made;
}

/* size -1: a truncation. */
static void add_change(sl_world *world, sl_inode *file, int64_t offset, const void *bytes,
                       int64_t size)
{
    file->changed = world->clock;
    if (file->temporary)
        return;
    if (file->changes_count == file->changes_room) {
        file->changes_room = file->changes_room * 2 + 16;
        file->changes = sl_world_take(file->changes, file->changes_room * sizeof *file->changes);
    }
    sl_change *made = &file->changes[file->changes_count++];
    *made = (sl_change){.offset = offset, .size = size};
    if (size > 0)
        made->bytes = memcpy(sl_world_take(NULL, (size_t)size), bytes, (size_t)size);
}

void sl_disk_write(sl_world *world, sl_inode *file, const void *bytes, int64_t size, int64_t offset)
{
    if (size == 0)
        return;
    sl_bytes_put(&file->seen, bytes, size, offset);
    add_change(world, file, offset, bytes, size);
}

void sl_disk_truncate(sl_world *world, sl_inode *file, int64_t size)
{
    sl_bytes_cut(&file->seen, size);
    add_change(world, file, size, NULL, -1);
}

void sl_changes_drop(sl_inode *file)
{
    for (uint32_t i = 0; i < file->changes_count; i++)
        free(file->changes[i].bytes);
    file->changes_count = 0;
}

void sl_disk_sync(sl_world *world, sl_inode *file, const sl_verdict *verdict)
{
    int fails = verdict->answer < 0 && !world->crashed;
    if (world->ignore_sync || (verdict->part == 0 && !fails))
        return;
    for (uint32_t i = 0; i < file->changes_count; i++) {
        const sl_change *change = &file->changes[i];
        if (fails && sl_world_dice(world, 2))
            continue; /* lost, whatever a later sync says */
        if (change->size < 0)
            sl_bytes_cut(&file->safe, change->offset);
        else
            sl_bytes_put(&file->safe, change->bytes, change->size, change->offset);
    }
    sl_changes_drop(file);
    if (!fails)
        sl_disk_settle_file(world, file);
}

/* ---- What nobody reaches ------------------------------------------------------------------- */

static int is_named(const sl_names *names, const sl_inode *file)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (names->list[i].file == file)
            return 1;
    return 0;
}

static int is_reached(const sl_world_inside *inside, const sl_inode *file)
{
    if (file->opens > 0 || is_named(&inside->seen, file) || is_named(&inside->safe, file))
        return 1;
    for (uint32_t i = 0; i < inside->changes_count; i++)
        if (inside->changes[i].file == file)
            return 1;
    return 0;
}

static void free_inode(sl_inode *file)
{
    assert(!file->handles && file->shared_count == 0);
    sl_changes_drop(file);
    free(file->changes);
    free(file->seen.data);
    free(file->safe.data);
    free(file->shared);
    free(file);
}

void sl_disk_forget(sl_world *world)
{
    sl_inode **at = &world->inside->inodes;
    while (*at) {
        sl_inode *file = *at;
        if (is_reached(world->inside, file)) {
            at = &file->next;
            continue;
        }
        *at = file->next;
        free_inode(file);
    }
}

void sl_disk_done(sl_world *world)
{
    sl_world_inside *inside = world->inside;
    sl_disk_settle_all(world);
    free(inside->changes);
    sl_names_done(&inside->seen);
    sl_names_done(&inside->safe);
    inside->changes = NULL;
    inside->changes_room = 0;
    sl_disk_forget(world);
    assert(!inside->inodes);
}

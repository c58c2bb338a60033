/*
 * world_inside.h - what the rooms of the world share; nobody else includes it.
 *
 * Rooms: world.c (clocks, memory, faults, the trace), world_disk.c (inodes and names, and what of
 * them is durable), world_files.c (the functions of sl_env), world_vfs.c and world_shm.c (those
 * of SQLite), world_cut.c (boots).
 */
#ifndef SL_WORLD_INSIDE_H
#define SL_WORLD_INSIDE_H

#include "tests/harness/world.h"

#define SL_WORLD_DEVICE 77u
#define SL_WORLD_PATH 512  /* bytes of a path, at most */
#define SL_WORLD_BLOCK 512 /* what a disk writes at once */

/* What is done; the trace's word for it. */
enum {
    SL_DO_OPEN = 1,
    SL_DO_CREATE,
    SL_DO_READ,
    SL_DO_WRITE,
    SL_DO_TRUNCATE,
    SL_DO_SYNC,
    SL_DO_CLOSE,
    SL_DO_STAT,
    SL_DO_RENAME,
    SL_DO_UNLINK,
    SL_DO_GLOB,
    SL_DO_CHMOD,
    SL_DO_LOCK,
    SL_DO_DIRECTORY,
    SL_DO_RANDOM,
    SL_DO_BOOT
};

/* One write or truncation since the last sync. */
typedef struct sl_change {
    int64_t offset; /* of a truncation: the new length */
    int64_t size;   /* -1: a truncation */
    char *bytes;
} sl_change;

typedef struct sl_bytes {
    char *data; /* size bytes and a NUL; NULL: empty */
    int64_t size, room;
} sl_bytes;

typedef struct sl_vfs_file sl_vfs_file;

typedef struct sl_inode {
    struct sl_inode *next;
    uint64_t number;
    uint32_t kind; /* SL_FILE_REGULAR or SL_FILE_DIRECTORY */
    uint32_t mode;
    int64_t changed;
    int32_t opens;     /* descriptors and files of SQLite */
    int32_t temporary; /* 1: has no name, and is gone when it is closed */
    sl_bytes seen;     /* as processes see it */
    sl_bytes safe;     /* as it is on the disk for sure */
    sl_change *changes;
    uint32_t changes_count, changes_room;
    sl_vfs_file *handles; /* of SQLite, for its locks */
    char **shared;        /* regions of shared memory */
    int shared_count;
} sl_inode;

typedef struct sl_name {
    char *path; /* absolute, without `.`, `..` and double slashes */
    sl_inode *file;
} sl_name;

typedef struct sl_names { /* in byte order of their paths */
    sl_name *list;
    uint32_t count, room;
} sl_names;

typedef struct sl_name_change { /* since it was made durable */
    char *from;                 /* the name that goes; NULL: none */
    char *to;                   /* the name that comes; NULL: none */
    sl_inode *file;             /* that comes */
} sl_name_change;

typedef struct sl_descriptor {
    sl_inode *file; /* NULL: free */
    int64_t at;
    int32_t flags;
    int64_t *locks;
    uint32_t locks_count;
} sl_descriptor;

struct sl_world_inside {
    uint64_t dice, random; /* states: of the world, and of what env gives */
    sl_inode *inodes;
    uint64_t next_number;
    sl_names seen, safe;
    sl_name_change *changes;
    uint32_t changes_count, changes_room;
    sl_descriptor *descriptors; /* number 3 is at 0 */
    uint32_t descriptors_count;
    sqlite3_vfs vfs;
    char vfs_name[32];
};

/* ---- world.c --------------------------------------------------------------------------- */

/* What becomes of a change: part of `size` happens (for what has no size: 1 or 0 of 1), and
 * answer is 0 or -errno. */
typedef struct sl_verdict {
    size_t part;
    int32_t answer;
} sl_verdict;

sl_verdict sl_world_change(sl_world *world, uint32_t what, uint64_t file, int64_t offset,
                           const void *bytes, size_t size);
/* The same for what changes nothing: 0 or -errno. */
int32_t sl_world_look(sl_world *world, uint32_t what, uint64_t file, int64_t offset, size_t size);
void sl_world_note(sl_world *world, uint32_t what, uint64_t file, int64_t offset, const void *bytes,
                   size_t size);
void *sl_world_take(void *old, size_t size); /* the world's own memory; never NULL */
char *sl_world_text(const char *text);

/* ---- world_disk.c ------------------------------------------------------------------------ */

/* Makes a path absolute and plain. 0 or -ENAMETOOLONG. */
int32_t sl_disk_path(const char *path, char plain[SL_WORLD_PATH]);
sl_inode *sl_disk_find(const sl_world *world, const char *plain);
/* 0, or -ENOENT or -ENOTDIR: what a path's directory is. */
int32_t sl_disk_parent(const sl_world *world, const char *plain);
sl_inode *sl_disk_make(sl_world *world, uint32_t kind, uint32_t mode);  /* without a name */
void sl_disk_link(sl_world *world, const char *plain, sl_inode *file);  /* pending */
void sl_disk_unlink(sl_world *world, const char *plain);                /* pending */
void sl_disk_rename(sl_world *world, const char *from, const char *to); /* pending */
/* What is pending of a file's own name, with the directories that lead there, is durable now; of
 * a directory also what is pending in it. */
void sl_disk_settle_file(sl_world *world, const sl_inode *file);
/* All that is pending in the directory of a path is. */
void sl_disk_settle_beside(sl_world *world, const char *plain);
void sl_disk_settle_all(sl_world *world);
void sl_disk_write(sl_world *world, sl_inode *file, const void *bytes, int64_t size,
                   int64_t offset);
void sl_disk_truncate(sl_world *world, sl_inode *file, int64_t size);
void sl_disk_sync(sl_world *world, sl_inode *file, const sl_verdict *verdict);
/* Frees what nobody can reach any more. */
void sl_disk_forget(sl_world *world);
void sl_disk_done(sl_world *world);

void sl_bytes_put(sl_bytes *to, const void *bytes, int64_t size, int64_t offset);
void sl_bytes_cut(sl_bytes *to, int64_t size); /* or lengthen, with zeros */
void sl_changes_drop(sl_inode *file);
sl_name *sl_names_find(const sl_names *names, const char *plain);
void sl_names_set(sl_names *names, const char *plain, sl_inode *file); /* NULL: not there */
void sl_names_apply(sl_names *names, const sl_name_change *change);
void sl_names_done(sl_names *names);
void sl_name_change_done(sl_name_change *change);

/* ---- world_files.c, world_vfs.c, world_shm.c ---------------------------------------------- */

extern const sl_env sl_world_env; /* all but the context */
void sl_world_close_all(sl_world *world);
void sl_world_register(sl_world *world);
void sl_world_unregister(sl_world *world);

struct sl_vfs_file {
    sqlite3_file base;
    sl_world *world;
    sl_inode *file;
    sl_vfs_file *next; /* of the inode */
    int lock;          /* SQLITE_LOCK_* */
    int maps;          /* 1: looks at the shared memory */
    uint32_t slots_shared, slots_exclusive;
    int unlink; /* 1: the name goes when it is closed */
    char path[SL_WORLD_PATH];
};

int sl_world_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **given);
int sl_world_shm_lock(sqlite3_file *base, int offset, int count, int flags);
void sl_world_shm_barrier(sqlite3_file *base);
int sl_world_shm_unmap(sqlite3_file *base, int remove);

#endif

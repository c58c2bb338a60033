/*
 * sqlite_roots.h - SQLite confined to roots (core/roots.h): databases, and the journals, `-wal` and
 * `-shm` beside them.
 */
#ifndef SL_SQLITE_ROOTS_H
#define SL_SQLITE_ROOTS_H

#include "stages/core/roots.h"

/* Confines the file system (VFS) that *vfs is set to the name of, for sl_env.sqlite_vfs. Once in a
 * process, before the first connection; roots live until its end. 0, or -1: this SQLite cannot. */
int32_t sl_sqlite_confine(const sl_roots *roots, const char **vfs);

#endif

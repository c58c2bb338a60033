/*
 * sqlite_door.h - the one connection through which all exporters of a graph write to the same
 * database, and the transaction that they share.
 *
 * Two connections would lock each other out: rejected rows could not be written while the good
 * ones are. With one, rows, rejected rows and checkpoints become durable together: each member
 * that has written is dirty until its commit, and the last dirty member's commit is the
 * database's. The graph commits all of them at one moment (daemon/once.h).
 *
 * Deliberately elsewhere: opening with care, waiting for locks (sqlite_db.h).
 * Thread: WORKER, the graph's strand.
 */
#ifndef SL_SQLITE_DOOR_H
#define SL_SQLITE_DOOR_H

#include "stages/sqlite_db.h"

typedef struct sl_door { /* in memory that the graph's stages share; zeroed at first */
    sqlite3 *handle;     /* NULL: not open */
    uint32_t members;    /* that use the handle */
    uint32_t numbered;   /* members so far: each has a number, from 1 */
    uint32_t dirty;      /* members that have written in the transaction */
    int64_t last;        /* number of the last transaction that was begun, from 1 */
    int32_t begun;       /* it is open */
    int32_t made;        /* the file was not there, or empty: it is of our making */
    int32_t journaled;   /* its journal mode has been set or looked at */
    int32_t wal;         /* ... and is WAL */
    int32_t full;        /* ... with synchronous=FULL; otherwise NORMAL */
} sl_door;

typedef struct sl_member { /* an exporter's share of the door; zeroed at first */
    sl_door *door;
    uint32_t number;
    int32_t inside; /* its connection is the door's */
    int64_t wrote;  /* number of the transaction it has written in; 0: nothing uncommitted */
} sl_member;

/* Finds the door of db->path, once. SL_OK, SL_ERROR: said. */
sl_status sl_door_find(sl_member *member, sl_sqlite *db);
/* db->handle becomes the door's connection, which is opened first where it is not; with
 * `create`, so is the file (in a rehearsal a database in memory instead). */
sl_status sl_door_open(sl_member *member, sl_sqlite *db, int32_t create);
/* A transaction is open and this member is dirty. wal: 1 puts a file of our making in WAL mode.
 * durable: 1 when the commit must survive a power cut, and this member begins.
 * SL_OK, SL_PENDING: locked; SL_ERROR. */
sl_status sl_door_begin(sl_member *member, sl_sqlite *db, int32_t wal, int32_t durable);
/* The member has nothing uncommitted any more; commits when it was the last. */
sl_status sl_door_commit(sl_member *member, sl_sqlite *db);
/* Forgets what all members wrote since the last commit. */
void sl_door_roll_back(sl_member *member, sl_sqlite *db);
/* The member's statements have been finalized; the last one closes the connection. */
void sl_door_leave(sl_member *member, sl_sqlite *db);

#endif

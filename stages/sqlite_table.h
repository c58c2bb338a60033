/*
 * sqlite_table.h - what a database's schema says of one table: its columns, its unique keys.
 *
 * Deliberately elsewhere: opening and waiting (sqlite_db.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_TABLE_H
#define SL_SQLITE_TABLE_H

#include "stages/core/arena.h"
#include "stages/sqlite_db.h"

#define SL_TABLE_NONE 0u /* there is no such table */
#define SL_TABLE_PLAIN 1u
#define SL_TABLE_VIEW 2u
#define SL_TABLE_VIRTUAL 3u
#define SL_TABLE_SHADOW 4u /* the inside of a virtual table */

/* SQLite's five affinities: what a column does to a value on its way in. */
#define SL_AFFINITY_NONE 0u
#define SL_AFFINITY_TEXT 1u
#define SL_AFFINITY_NUMERIC 2u
#define SL_AFFINITY_INTEGER 3u
#define SL_AFFINITY_REAL 4u

typedef struct sl_table_column {
    const char *name;
    const char *type;  /* as declared; "" where nothing was */
    uint32_t affinity; /* SL_AFFINITY_* */
    int32_t not_null;
    int32_t has_default;
    int32_t primary; /* place in the primary key, from 1; 0: not in it */
    int32_t generated;
} sl_table_column;

typedef struct sl_table_key { /* columns that are unique together */
    uint32_t count;
    uint32_t *columns;       /* indexes into the table's */
    const char **collations; /* of the index */
    int32_t *descending;     /* 1: this part of the index runs down */
    int32_t primary;         /* 1: the primary key */
} sl_table_key;

typedef struct sl_table { /* all of it lives in the arena */
    const char *name;     /* as the schema spells it */
    uint32_t kind;        /* SL_TABLE_* */
    int32_t without_rowid;
    int32_t strict;
    int32_t alias;            /* index of the column that is the rowid; -1: none */
    sl_table_column *columns; /* hidden ones of virtual tables are left out */
    uint32_t columns_count;
    sl_table_key *keys; /* unique, not partial, over plain columns; the alias is none of them */
    uint32_t keys_count;
} sl_table;

/* Looks at table `name` of the main database. There is none: kind is SL_TABLE_NONE. Statuses
 * as of sl_sqlite_status. */
sl_status sl_table_look(sl_sqlite *db, sl_arena *arena, const char *name, sl_table *table);

/* Index of a column; -1: none. */
int32_t sl_table_find(const sl_table *table, const char *column);
/* The affinity that a declared type has (SQLite's five rules). */
uint32_t sl_table_affinity(const char *type, int32_t strict);
/* The name among the database's tables and views that is nearest; NULL: none. */
const char *sl_table_nearest(sl_sqlite *db, sl_arena *arena, const char *name);

#endif

/*
 * sqlite_lineage.h - for each row of a table where it came from, in tables of the same database:
 *
 *   sluice_lineage         one row a row, found by (target, row): a number of its source, its
 *                          number and line in it, its key
 *   sluice_lineage_source  what the numbers of sources mean
 *   sluice_lineage_target  the tables whose lineage is kept
 *
 * Rows and lineage are written in one transaction. What others do to the table's rows later is
 * not seen: who looks a row up looks whether it is still there.
 *
 * Deliberately elsewhere: how stages hand on where rows come from (origin.h), inserting the
 * rows (sqlite_exporter.c), printing what was found (daemon/lineage.c).
 * Thread: WORKER, with the stage; sl_lineage_find: any.
 */
#ifndef SL_SQLITE_LINEAGE_H
#define SL_SQLITE_LINEAGE_H

#include "stages/origin.h"
#include "stages/sqlite_db.h"

#define SL_LINEAGE_TABLE "sluice_lineage" /* the names of all three begin so */

/* ---- Keeping ---------------------------------------------------------------------------- */

typedef struct sl_lineage { /* zeroed, then the first two set */
    sl_sqlite *db;
    const char *table; /* as the schema spells it */

    int64_t target;      /* the table's number; 0: not begun */
    int64_t transaction; /* in which `ids` were looked up */
    sl_origin_names names;
    int64_t *ids; /* of each name; 0: not known in this transaction */
    uint32_t ids_count;
    sqlite3_stmt *insert;
} sl_lineage;

/* Whether an exporter keeps lineage: *kept says whether it was asked to, and becomes 1 where the
 * table has lineage and the option does not say otherwise; the graph's flag too. db NULL: there
 * is no database yet. Statuses as of sl_sqlite_status. */
sl_status sl_lineage_decide(sl_stage *stage, sl_sqlite *db, const char *table, int32_t *kept);
/* Warns when the rows that come were each made from several. */
void sl_lineage_warn_grouped(sl_stage *stage, const sl_column *columns, uint32_t count);
/* In the open transaction: makes what is not there; empty: the table has no rows that count. */
int sl_lineage_begin(sl_lineage *lineage, int32_t empty);
/* In the open transaction: the table's lineage is not kept any more. */
int sl_lineage_stop(sl_sqlite *db, const char *table);
/* Remembers where the table's row came from, in the place of what was remembered of it before.
 * `transaction` is another number for each. SQLite's rc. */
int sl_lineage_add(sl_lineage *lineage, int64_t transaction, int64_t row, const sl_origin *origin);
/* A part of the transaction was rolled back. */
void sl_lineage_undone(sl_lineage *lineage);
void sl_lineage_finish(sl_lineage *lineage); /* finalizes; begin may come again */
void sl_lineage_done(sl_lineage *lineage);   /* frees, too; also a zeroed one */

/* ---- Looking up ------------------------------------------------------------------------- */

typedef struct sl_lineage_found {
    int32_t table;                 /* 1: there is such a table */
    int32_t kept;                  /* 1: its lineage is kept */
    int32_t standing;              /* 1: the row is there */
    int32_t known;                 /* 1: where it came from is known: what follows is filled in */
    int32_t several;               /* 1: it was made from several rows */
    char *graph, *exporter, *kind; /* kind: file, table, query or made */
    char *database, *name;         /* "" where there is none */
    char *key_name;                /* of an INTEGER key; "" */
    char *key;                     /* "": none; INTEGER spelled out, or a JSON object */
    int64_t row, line;             /* 0: not known */
} sl_lineage_found;

/* One seek in an index. SQLite's rc; `found` is to be freed in any case. */
int sl_lineage_find(sqlite3 *db, const char *table, int64_t row, sl_lineage_found *found);
void sl_lineage_found_free(sl_lineage_found *found);

/* A name by which a table's rowid can be asked for, whatever its columns are called; NULL: none,
 * all three names are columns. `is_column` says whether a name is one. */
const char *sl_lineage_rowid(int32_t (*is_column)(const void *of, const char *name),
                             const void *of);

#endif

/*
 * sqlite_source.h - what an sqlite reader reads: the columns of its table or query, and the
 * key and way by which its pages are turned.
 *
 * Deliberately elsewhere: turning the pages (sqlite_page.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_SOURCE_H
#define SL_SQLITE_SOURCE_H

#include "stages/sqlite_page.h"
#include "stages/sqlite_table.h"

typedef struct sl_source_request { /* the reader's options */
    const char *table;
    const char *query;     /* one of the two is NULL */
    const sl_value *key;   /* NULL: not given */
    const sl_value *types; /* `columns`: NULL: not given */
    int32_t page;          /* SL_PAGE_* */
} sl_source_request;

/* How the key is to be called: "INTEGER PRIMARY KEY id". */
typedef struct sl_source_key {
    const char *words; /* NULL: there is no key */
    int32_t written;   /* 1: by `key` */
} sl_source_key;

/* Looks at the schema, decides, and fills the page (its db and bounds are set, and it is open) and
 * the columns that the reader gives. All of it lives in the arena. Mistakes are said with their
 * place. */
sl_status sl_source_plan(sl_page *page, sl_arena *arena, const sl_source_request *request,
                         const sl_column **columns, uint32_t *count);

#endif

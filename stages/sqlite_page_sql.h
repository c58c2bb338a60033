/*
 * sqlite_page_sql.h - the SQL of a page, and of what proves its source.
 *
 * The caller's own parameters begin with @: @rows, @offset, and @key0 ... of the last key.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_PAGE_SQL_H
#define SL_SQLITE_PAGE_SQL_H

#include "stages/sqlite_page.h"

/* The first page's, or that of a later one; sqlite3_free it. NULL: no memory. */
char *sl_page_sql(const sl_page *page, int32_t later);
/* One row of "select FROM ... WHERE key compare @key ..."; compare is "=" or "<=". */
char *sl_page_proof_sql(const sl_page *page, const char *select, const char *compare);

#endif

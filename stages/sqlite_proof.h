/*
 * sqlite_proof.h - proof that a source is still the one that was read, for a reader that goes on.
 *
 * With a key, a page begins behind the last one, and it does not matter what became of the rows
 * before. It matters whether the key still means the same: the file may be another one, the
 * table dropped and made anew, or the rowids renumbered by VACUUM. None of that happens without
 * a change of the schema cookie or of the inode. Where one of them has changed, the source is
 * proved:
 *
 *     by the last row taken, or the first: it is there, and as it was;
 *     or there is no row at or before the last key: then none can be passed over.
 *
 * A rowid that is declared nowhere is a key only until VACUUM: the last row must be there, as it
 * was, with as many rows up to it as were taken.
 *
 * Without a key, all rows that were taken are read again, and must print the same.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_PROOF_H
#define SL_SQLITE_PROOF_H

#include "stages/sqlite_page.h"

/* Fills page->source. */
sl_status sl_proof_source(sl_page *page, sl_arena *arena);
/* Reads the schema cookie. */
sl_status sl_proof_schema(sl_page *page, int64_t *schema);
/* With a key: that it still means the same. `columns`: how many the rows had when they were
 * printed. SL_OK, SL_PENDING, SL_ERROR: it does not, said. */
sl_status sl_proof_row(sl_page *page, uint32_t columns);
/* Without a key: steps over the rows taken, which must be the first ones of page->statement. A
 * cursor goes on from there. SL_OK, SL_PENDING, SL_ERROR. */
sl_status sl_proof_rows(sl_page *page);

#endif

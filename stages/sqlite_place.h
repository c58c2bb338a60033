/*
 * sqlite_place.h - the values of a result's row by which a reader knows its place: read,
 * compared, hashed, kept.
 *
 * Deliberately elsewhere: places as JSON (sqlite_position.c).
 * Thread: ANY THREAD, one statement at a time.
 */
#ifndef SL_SQLITE_PLACE_H
#define SL_SQLITE_PLACE_H

#include "stages/sqlite_page.h"

/* The value as a cell; text and blob are borrowed until the next step. */
void sl_place_read(sqlite3_stmt *row, int column, sl_cell *cell);
/* Whether a column of the row equals the cell, as SQLite compares without a collation. */
int32_t sl_place_same(const sl_cell *cell, sqlite3_stmt *row, int column);
/* A hash of a row's first columns, never 0; the same for a result's row and its copy in a batch.
 * It is told in positions: it must stay the same from version to version. */
uint64_t sl_place_print(sqlite3_stmt *row, uint32_t columns);
uint64_t sl_place_print_cells(const sl_batch *batch, uint32_t row);
/* A print of what `print` is of, and of one thing more. */
uint64_t sl_place_mix(uint64_t print, uint64_t word);
/* Keeps a copy of one part of a row's key. */
sl_status sl_place_keep(sl_stage *stage, sl_page_row *row, uint32_t part, const sl_cell *value);

#endif

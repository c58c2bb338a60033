/*
 * sqlite_place.h - the values of a result's row by which a reader knows its place: read,
 * compared, hashed.
 *
 * What a position looks like: {"row":4000,"key":[3999,"b"]} or {"row":4000,"print":"a0b1..."}.
 * In a key, numbers and text stand as they are; {"blob":"00ff"} and {"text":"ff"} hold hex,
 * {"real":"Inf"} what JSON has no word for.
 * Thread: ANY THREAD, one statement at a time.
 */
#ifndef SL_SQLITE_PLACE_H
#define SL_SQLITE_PLACE_H

#include "stages/sqlite_page.h"

/* The value as a cell; text and blob are borrowed until the next step. */
void sl_place_read(sqlite3_stmt *row, int column, sl_cell *cell);
/* Whether a column of the row equals the cell, as SQLite compares without a collation. */
int32_t sl_place_same(const sl_cell *cell, sqlite3_stmt *row, int column);
/* A hash of a row (FNV-1a), never 0; the same for a result's row and its copy in a batch. */
uint64_t sl_place_print(sqlite3_stmt *row, uint32_t columns);
uint64_t sl_place_print_cells(const sl_batch *batch, uint32_t row);

#endif

/*
 * inputs.h - the rows that the tests send through the product, each a function of a seed and its
 * number, and the files they are in. The oracle asks for the same rows again.
 */
#ifndef FAULT_INPUTS_H
#define FAULT_INPUTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct fault_row {
    int64_t id; /* ascending, with gaps; unique */
    int64_t cents;
    char name[64];      /* commas, quotes and letters beyond ASCII; never empty */
    const char *status; /* paid, open, failed; "bad" for one row in six */
} fault_row;

/* Random numbers of a seed: the same on every machine. */
uint64_t fault_random(uint64_t *state);
/* From least to most, both included. */
int64_t fault_random_from(uint64_t *state, int64_t least, int64_t most);

fault_row fault_row_of(uint64_t seed, int64_t index); /* index counts from 0 */
int fault_row_is_bad(const fault_row *row);

/* One row as a line of CSV, its end included; the number of bytes. */
size_t fault_csv_line(const fault_row *row, char *line, size_t size);
/* The row as the members of a JSON object, with the braces. */
void fault_json_object(const fault_row *row, char *text, size_t size);

#define FAULT_CSV_HEADER "id,name,cents,status\n"
#define FAULT_CSV_TYPES "{id: integer, name: text, cents: integer, status: text}"

/* Files inside a directory. A failure to make them ends the test. */
void fault_make_csv(const char *directory, const char *name, uint64_t seed, int64_t rows);
/* A database with the table `source`; `shape` counts what it looks like: 0 a table with INTEGER
 * PRIMARY KEY, 1 a table with a rowid, 2 a table WITHOUT ROWID. */
void fault_make_database(const char *directory, const char *name, uint64_t seed, int64_t rows,
                         int64_t shape);
/* One without a table, in WAL mode. */
void fault_make_empty_database(const char *directory, const char *name);
void fault_make_text(const char *directory, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

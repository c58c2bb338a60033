/*
 * oracle.h - what a sink must hold, and whether it does: lines against lines.
 *
 * The expected lines are computed by the test from its own rows; the lines that are there come
 * from a text file or from a query. Equal is: nothing lost, nothing doubled, nothing torn, and
 * the same order. Nothing of the product is used.
 */
#ifndef FAULT_ORACLE_H
#define FAULT_ORACLE_H

#include <stddef.h>

typedef struct fault_lines {
    char **line;
    size_t count;
    size_t room;
} fault_lines;

void fault_lines_add(fault_lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void fault_lines_free(fault_lines *lines);

/* A text file; one that is not there has no lines. A last line without its end is torn: it is
 * kept with a mark that no expected line has. */
void fault_lines_of_file(fault_lines *lines, const char *directory, const char *name);
/* The rows of a query, each a line of its columns with | between them, NULL as ~. Looks at the
 * whole database with PRAGMA integrity_check first: what that says becomes lines. A database or
 * table that is not there has no lines. */
void fault_lines_of_query(fault_lines *lines, const char *directory, const char *database,
                          const char *sql);

/* Answers 1 when they are equal; else says on standard output what was lost, doubled, is foreign
 * or out of order, with the first of each, and answers 0. `sink` names it. */
int fault_lines_equal(const char *sink, const fault_lines *expected, const fault_lines *there);
/* The same without a word. */
int fault_lines_same(const fault_lines *expected, const fault_lines *there);

#endif

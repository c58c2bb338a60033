/*
 * follow.h - a program that writes a log while it is read, and rotates it.
 */
#ifndef FAULT_FOLLOW_H
#define FAULT_FOLLOW_H

#include "tests/faults/scenario.h"

typedef struct fault_writer {
    const fault_case *of;
    uint64_t state;  /* of its random numbers */
    int64_t written; /* rows so far */
    int64_t rotations;
    char half[256]; /* the end of a line whose beginning is written */
    size_t half_size;
} fault_writer;

void fault_writer_init(fault_writer *writer, const fault_case *of);
/* Writes some rows more, the last one perhaps only in part; now and then renames the file first
 * and begins another. Answers 0 when all rows are written. */
int fault_writer_go_on(fault_writer *writer);
/* Whether the sink has as many rows as were written in all. */
int fault_writer_is_read(const fault_writer *writer);

#endif

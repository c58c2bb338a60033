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
    int64_t rotated; /* rows in the files that are not written any more */
    char half[256];  /* the end of a line whose beginning is written */
    size_t half_size;
} fault_writer;

void fault_writer_init(fault_writer *writer, const fault_case *of);
/* Writes some rows more, the last one perhaps only in part; now and then renames the file first
 * and begins another. Where the reader knows the file by one path (variant 0) it does so only
 * when the reader has come to the file, as the manual of follow asks. Answers 0 when all rows
 * are written. */
int fault_writer_go_on(fault_writer *writer);
/* Whether the sink has all rows of the case. */
int fault_writer_is_read(const fault_writer *writer);

#endif

/*
 * scenario.h - graphs that are killed, starved and cut off, with their inputs and with what their
 * sinks must hold in the end. kill.c, syscalls.c, alloc.c and full.c do the mistreating.
 */
#ifndef FAULT_SCENARIO_H
#define FAULT_SCENARIO_H

#include <stdint.h>

#include "tests/faults/oracle.h"
#include "tests/faults/process.h"

/* One instance of a scenario: a directory with its inputs and its graph. */
typedef struct fault_case {
    const struct fault_scenario *scenario;
    char directory[256];
    uint64_t seed; /* all that differs between two cases follows from it */
    int64_t rows;
    int64_t batch;
    int64_t variant;      /* from 0; what it means is the scenario's */
    int64_t first, count; /* limit: the rows that get through */
} fault_case;

/* A file or table that a graph writes, and how to see what it must hold. */
typedef struct fault_sink {
    const char *file;
    const char *table; /* in a database; NULL: a text file */
    const char *sql;   /* its rows, in the order in which they came */
    void (*expect)(const fault_case *of, fault_lines *lines);
} fault_sink;

typedef struct fault_scenario {
    const char *name;
    void (*make)(fault_case *of); /* the input and graph.yaml */
    fault_sink sinks[2];          /* those with a file */
    int64_t variants;
    int32_t whole;   /* 1: each run starts from the beginning, and nothing shows before its end */
    int32_t follows; /* 1: never ends by itself; follow.h writes its input meanwhile */
} fault_scenario;

/* NULL: there is no such scenario. Counts from 0. */
const fault_scenario *fault_scenario_of(const char *name);
const fault_scenario *fault_scenario_at(int index);

/* A fresh directory for it: input and graph. About `rows` rows, at least 1. */
void fault_case_make(fault_case *made, const fault_scenario *scenario, const char *directory,
                     uint64_t seed, int64_t rows);
/* Answers 1 when every sink is exact, else says what differs and answers 0. */
int fault_case_judge(const fault_case *of);
int fault_case_is_exact(const fault_case *of); /* the same without a word */
/* A whole-run sink that was never reached is as it was before: nothing there. */
int fault_case_is_empty(const fault_case *of);
void fault_sink_read(const fault_case *of, const fault_sink *sink, fault_lines *lines);

#endif

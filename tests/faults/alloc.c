/*
 * alloc.c - every allocation of the process fails in turn, in many situations: it must say so
 * and end with a code of its own, and what it leaves must be good for a clean run.
 *
 *     fault_alloc SLUICE LIBRARY POINTS SEED DIRECTORY [SITUATION]
 *
 * LIBRARY is refuse_memory.c. POINTS bounds how many allocations of each situation are refused,
 * chosen by the seed, half of them alone and half with all behind them; 0: each, both ways.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/inputs.h"
#include "tests/faults/scenario.h"

#define ROWS 40
#define KILL_AFTER 8000 /* microseconds: somewhere in the middle of a run */

/* A command, and what it runs on. */
typedef struct situation {
    const char *name;
    const char *scenario;
    const char *command[8]; /* behind the program */
    int code;               /* of a run with enough memory */
    int before;             /* 1: a run was killed before it; 2: one has ended */
} situation;

#define RUN "run", "-q", "graph.yaml"

static const situation situations[] = {
    {"help", "csv-sqlite", {"--help"}, 0, 0},
    {"version", "csv-sqlite", {"version"}, 0, 0},
    {"stages", "csv-sqlite", {"stages"}, 0, 0},
    {"manual", "csv-sqlite", {"stages", "csv"}, 0, 0},
    {"markdown", "csv-sqlite", {"stages", "--markdown"}, 0, 0},
    {"schema", "csv-sqlite", {"schema"}, 0, 0},
    {"new", "csv-sqlite", {"new", "starter"}, 0, 0},
    {"usage", "csv-sqlite", {"run", "--no-such-option", "graph.yaml"}, 64, 0},
    {"check", "rejects", {"check", "graph.yaml"}, 0, 0},
    {"check-mistakes", "mistakes", {"check", "graph.yaml"}, 78, 0},
    {"csv-sqlite", "csv-sqlite", {RUN}, 0, 0},
    {"csv-jsonl", "csv-jsonl", {RUN}, 0, 0},
    {"sqlite-sqlite", "sqlite-sqlite", {RUN}, 0, 0},
    {"sqlite-jsonl", "sqlite-jsonl", {RUN}, 0, 0},
    {"fan-out", "fan-out", {RUN}, 0, 0},
    {"rejects", "rejects", {RUN}, 0, 0},
    {"rejects-table", "rejects-table", {RUN}, 0, 0},
    {"limit", "limit", {RUN}, 0, 0},
    {"aggregate", "aggregate", {RUN}, 0, 0},
    {"compressed", "compressed", {RUN}, 0, 0},
    {"recovery-sqlite", "csv-sqlite", {RUN}, 0, 1},
    {"recovery-jsonl", "csv-jsonl", {RUN}, 0, 1},
    {"recovery-replace", "aggregate", {RUN}, 0, 1},
    {"nothing-to-do", "csv-jsonl", {RUN}, 0, 2},
};

typedef struct starving {
    const char *sluice;
    const char *library;
    const char *directory;
    const situation *in;
    fault_case of;
    uint64_t state;
    int64_t points, failures;
} starving;

/* What a process may end with when it has no memory: the product's own codes, never a signal
 * or a bug; and 1, which means that memory ran out where no file was touched. */
static int is_proper(int code)
{
    static const int codes[] = {0, 1, 64, 65, 66, 71, 73, 74, 75, 77, 78};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (code == codes[i])
            return 1;
    return 0;
}

static int run(const starving *famine, const char *const *command, const char *const *extra,
               int64_t time)
{
    const char *argv[10] = {famine->sluice};
    fault_process process;
    const fault_start how = {.directory = famine->of.directory,
                             .errors = "messages",
                             .output = "output",
                             .extra = extra};
    for (int i = 0; i < 8 && command[i]; i++)
        argv[i + 1] = command[i];
    return fault_process_run(&process, &how, argv, time) ? fault_process_code(&process) : -1;
}

static int run_clean(const starving *famine)
{
    static const char *const command[8] = {RUN};
    return run(famine, command, NULL, FAULT_FOREVER);
}

static void make_case(starving *famine)
{
    static const char *const command[8] = {RUN};
    char directory[256];
    snprintf(directory, sizeof directory, "%s/%s", famine->directory, famine->in->name);
    fault_case_make(&famine->of, fault_scenario_of(famine->in->scenario), directory, 7, ROWS);
    if (famine->in->before == 1)
        run(famine, command, NULL, KILL_AFTER);
    if (famine->in->before == 2)
        run_clean(famine);
}

static int fails(starving *famine, int64_t at, int after, const char *what, int code)
{
    famine->failures++;
    printf("FAILED: %s, allocation %" PRId64 "%s: %s (exit code %d)\n%s\n", famine->in->name, at,
           after ? " and all behind it" : "", what, code,
           fault_file_tail(famine->of.directory, "messages"));
    return 0;
}

/* How many allocations it asks for, with memory enough. */
static int64_t count_allocations(starving *famine)
{
    char preload[300], count[64] = "FAULT_MEMORY_COUNT=count";
    const char *const extra[] = {preload, count, NULL};
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", famine->library);
    make_case(famine);
    int code = run(famine, famine->in->command, extra, FAULT_FOREVER);
    if (code != famine->in->code)
        return fails(famine, 0, 0, "with memory enough it ends otherwise", code);
    const char *said = fault_file_tail(famine->of.directory, "count");
    if (!*said)
        fault_broken("%s: its allocations were not counted", famine->in->name);
    return atoll(said);
}

static int take_point(starving *famine, int64_t at, int after)
{
    char preload[300], number[64];
    const char *const extra[] = {preload, number, after ? "FAULT_MEMORY_AFTER=1" : NULL, NULL};
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", famine->library);
    snprintf(number, sizeof number, "FAULT_MEMORY_AT=%" PRId64, at);
    make_case(famine);
    famine->points++;
    int code = run(famine, famine->in->command, extra, FAULT_FOREVER);
    if (code < 0)
        return fails(famine, at, after, "hangs", code);
    if (!is_proper(code))
        return fails(famine, at, after, "crashes", code);
    const char *says = fault_file_tail(famine->of.directory, "messages");
    if (code != famine->in->code && !strstr(says, "memory"))
        return fails(famine, at, after, "does not say that memory ran out", code);
    if (strcmp(famine->in->command[0], "run") != 0 || famine->in->code)
        return 1;
    if (code == 0 && !fault_case_judge(&famine->of))
        return fails(famine, at, after, "ends well, and differs", code);
    code = run_clean(famine);
    if (code != 0)
        return fails(famine, at, after, "a clean run behind it fails", code);
    return fault_case_judge(&famine->of) ||
           fails(famine, at, after, "a clean run behind it differs", code);
}

static void take_situation(starving *famine, int64_t points)
{
    int64_t began = fault_now(), before = famine->failures;
    int64_t all = count_allocations(famine), taken = 0;
    if (points == 0) {
        for (int64_t at = 1; at <= all; at++, taken += 2) {
            take_point(famine, at, 0);
            take_point(famine, at, 1);
        }
    }
    for (; all && taken < points; taken++)
        take_point(famine, fault_random_from(&famine->state, 1, all), taken % 2 == 1);
    printf("%s: %" PRId64 " allocations, %" PRId64 " refused, %" PRId64 " failed, %.1f s\n",
           famine->in->name, all, taken, famine->failures - before,
           (double)(fault_now() - began) / 1e6);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: fault_alloc SLUICE LIBRARY POINTS SEED DIRECTORY [SITUATION]\n");
        return 64;
    }
    starving famine = {.sluice = argv[1], .library = argv[2], .directory = argv[5]};
    famine.state = strtoull(argv[4], NULL, 10);
    int64_t began = fault_now();
    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
        famine.in = &situations[i];
        if (argc < 7 || strcmp(argv[6], famine.in->name) == 0)
            take_situation(&famine, strtoll(argv[3], NULL, 10));
    }
    printf("seed %s, %" PRId64 " refusals, %" PRId64 " failed, %.1f s\n", argv[4], famine.points,
           famine.failures, (double)(fault_now() - began) / 1e6);
    if (!famine.failures)
        fault_directory_remove(famine.directory);
    return famine.failures != 0;
}

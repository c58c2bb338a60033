/*
 * syscalls.c - a graph is killed at every system call that changes something, and every call on
 * its files fails in turn; a clean run afterwards must leave exact sinks. strace does it.
 *
 *     fault_syscalls SLUICE SCENARIO kill|errors|recovery-kill|recovery-errors POINTS SEED
 * DIRECTORY
 *
 * kill: SIGKILL at call number N of each kind, N from 1 until it no longer comes to that.
 * errors: the call fails with EIO, ENOSPC or EINTR, once or from then on (EINTR and locks:
 * five times):
 * the process must end in order, with a code that says what kind of trouble it was and a
 * message; with 0 only where the sinks are exact already; and a sync that failed is not asked
 * for again without the data being written again.
 * recovery: the same, in a run that takes up what a killed one left.
 *
 * POINTS bounds how many points are taken, chosen by the seed; 0: all of them. Exits with 77
 * where strace is not there or may not trace.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/inputs.h"
#include "tests/faults/scenario.h"

#define ROWS 60
#define STRACE "/usr/bin/strace"
#define PATHS 16
#define KILLED 137
#define MOST 20000 /* points */

/* What changes something; what may fail on a file. */
#define CHANGING                                                                                   \
    "pwrite64,write,fdatasync,fsync,ftruncate,rename,unlink,openat,fcntl,mkdir,fchmod,close"
#define FAILING                                                                                    \
    "pwrite64,write,fdatasync,fsync,ftruncate,rename,unlink,openat,fcntl,mkdir,read,pread64"

static const char *const errors[] = {"error=EIO", "error=ENOSPC", "error=EINTR"};

typedef struct fault_point {
    char call[16];
    const char *fault; /* as strace's inject= says it; NULL: none */
    int64_t number;    /* of the call, from 1 */
    char more[24];     /* "": only that one, "+": and all behind it, "..N": up to N */
} fault_point;

typedef struct sweeping {
    const char *sluice;
    const fault_scenario *scenario;
    char directory[256];
    int kills, recovers; /* what is done, and to which run */
    uint64_t state;
    fault_case of;
    int64_t before;        /* recovery: number of the write at which the first run is killed */
    char path[PATHS][520]; /* the files of the graph */
    int paths;
    fault_point *points;
    size_t count;
    int64_t fired;
} sweeping;

static int run(const sweeping *sweep, const char *const *argv)
{
    fault_process process;
    const fault_start how = {.directory = sweep->of.directory, .errors = "messages"};
    return fault_process_run(&process, &how, argv, FAULT_FOREVER) ? fault_process_code(&process)
                                                                  : -1;
}

static int run_clean(const sweeping *sweep)
{
    const char *const argv[] = {sweep->sluice, "run",        "-q", "--set",
                                "busy=50ms",   "graph.yaml", NULL};
    return run(sweep, argv);
}

/* Runs under strace; its trace goes to the file `trace`. */
static int run_traced(const sweeping *sweep, const char *calls, const fault_point *point,
                      int only_paths)
{
    char trace[256], inject[128];
    const char *argv[24 + 2 * PATHS] = {STRACE, "-f", "-y", "-qq", "-o", "trace", "-e", trace};
    int count = 8;
    snprintf(trace, sizeof trace, "trace=%s", calls);
    if (point) {
        snprintf(inject, sizeof inject, "inject=%s:%s:when=%" PRId64 "%s", point->call,
                 point->fault, point->number, point->more);
        argv[count++] = "-e";
        argv[count++] = inject;
    }
    if (only_paths)
        argv[count++] = "--seccomp-bpf";
    for (int i = 0; only_paths && i < sweep->paths; i++) {
        argv[count++] = "-P";
        argv[count++] = sweep->path[i];
    }
    const char *const command[] = {sweep->sluice, "run",        "-q", "--set",
                                   "busy=50ms",   "graph.yaml", NULL};
    memcpy(argv + count, command, sizeof command);
    return run(sweep, argv);
}

/* A fresh case; where recovery is tried, one in which a run was killed. */
static void make_case(sweeping *sweep)
{
    char path[300];
    snprintf(path, sizeof path, "%s/case", sweep->directory);
    fault_case_make(&sweep->of, sweep->scenario, path, 7, ROWS);
    if (!sweep->recovers)
        return;
    fault_point first = {"pwrite64", "signal=SIGKILL", sweep->before, ""};
    run_traced(sweep, first.call, &first, 0);
}

/* ---- Which points there are ---------------------------------------------------------- */

static void add_path(sweeping *sweep, const char *name)
{
    if (sweep->paths == PATHS)
        fault_broken("too many files");
    snprintf(sweep->path[sweep->paths++], sizeof *sweep->path, "%s/%s", sweep->of.directory, name);
}

/* The files that the graph reads and writes, and those of its state. */
static void find_paths(sweeping *sweep)
{
    static const char *const names[] = {"in.csv",     "in.db",          "out.db",    "out.db-wal",
                                        "out.db-shm", "out.db-journal", "out.jsonl", "bad.jsonl"};
    char command[512], name[256];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add_path(sweep, names[i]);
    snprintf(command, sizeof command, "cd %s && find state -type f", sweep->of.directory);
    FILE *found = popen(command, "r");
    while (found && fgets(name, sizeof name, found)) {
        name[strcspn(name, "\n")] = '\0';
        add_path(sweep, name);
    }
    if (found)
        pclose(found);
}

static void add_points(sweeping *sweep, const char *call, int64_t number)
{
    int kinds = sweep->kills ? 1 : (int)(sizeof errors / sizeof *errors);
    for (int i = 0; i < 2 * kinds; i++) {
        fault_point made = {.number = number, .more = ""};
        made.fault = sweep->kills ? "signal=SIGKILL" : errors[i % kinds];
        snprintf(made.call, sizeof made.call, "%s", call);
        if (i >= kinds && sweep->kills)
            break;
        /* For ever is no signal; and SQLite tries a lock that fails for ten seconds. */
        if (i >= kinds && (strcmp(made.fault, "error=EINTR") == 0 || strcmp(call, "fcntl") == 0))
            snprintf(made.more, sizeof made.more, "..%" PRId64, number + 4);
        else if (i >= kinds)
            snprintf(made.more, sizeof made.more, "+");
        if (sweep->count == MOST)
            fault_broken("too many points");
        sweep->points[sweep->count++] = made;
    }
}

/* One point for each call that a run without a fault makes, and one behind the last. */
static void find_points(sweeping *sweep)
{
    char calls[] = CHANGING, line[4096], path[512];
    const char *set = sweep->kills ? CHANGING : FAILING;
    make_case(sweep);
    run_traced(sweep, set, NULL, !sweep->kills);
    snprintf(path, sizeof path, "%s/trace", sweep->of.directory);
    snprintf(calls, sizeof calls, "%s", set);
    for (char *call = strtok(calls, ","); call; call = strtok(NULL, ",")) {
        FILE *trace = fopen(path, "r");
        int64_t number = 0;
        while (trace && fgets(line, sizeof line, trace)) {
            const char *at = strchr(line, ' ');
            at += at ? strspn(at, " ") : 0;
            if (at && strncmp(at, call, strlen(call)) == 0 && at[strlen(call)] == '(')
                add_points(sweep, call, ++number);
        }
        if (trace)
            fclose(trace);
        if (number)
            add_points(sweep, call, number + 1);
    }
}

/* Leaves `keep` points, chosen by the seed, in their order. */
static void choose_points(sweeping *sweep, size_t keep)
{
    size_t kept = 0;
    for (size_t i = 0; keep && i < sweep->count; i++) {
        uint64_t left = sweep->count - i;
        if (fault_random(&sweep->state) % left < keep - kept)
            sweep->points[kept++] = sweep->points[i];
    }
    sweep->count = keep ? kept : sweep->count;
}

/* ---- What must hold at each ---------------------------------------------------------- */

static int fails(const sweeping *sweep, const fault_point *point, const char *what, int code)
{
    printf("FAILED: %s %s:%s:when=%" PRId64 "%s: %s (exit code %d)\n%s\n", sweep->scenario->name,
           point->call, point->fault, point->number, point->more, what, code,
           fault_file_tail(sweep->of.directory, "messages"));
    return 0;
}

/* Reads the trace: whether the fault came (*fired), and whether a sync that failed was asked
 * for again, on the same file, with no change of it in between. */
static int synced_again(const sweeping *sweep, int *fired)
{
    char path[512], line[4096], failed[512] = "";
    int again = 0;
    snprintf(path, sizeof path, "%s/trace", sweep->of.directory);
    FILE *trace = fopen(path, "r");
    *fired = 0;
    while (trace && fgets(line, sizeof line, trace)) {
        const char *file = strchr(line, '<');
        size_t size = file ? strcspn(file, ">") : 0;
        int syncs = strstr(line, "sync(") != NULL;
        int injected = strstr(line, "(INJECTED)") != NULL;
        *fired |= injected;
        if (!file)
            continue;
        int same = *failed && strncmp(failed, file, size) == 0 && !failed[size];
        if (syncs && same && strstr(line, " = 0"))
            again = 1;
        else if (same && (strstr(line, "write") || strstr(line, "ftruncate")))
            *failed = '\0';
        if (syncs && injected && size < sizeof failed)
            snprintf(failed, sizeof failed, "%.*s", (int)size, file);
    }
    if (trace)
        fclose(trace);
    return again;
}

/* A code that says what kind of trouble it was. To SQLite a page that cannot be read is a
 * database that is damaged. */
static int is_proper(const fault_point *point, int code)
{
    if (strcmp(point->call, "pread64") == 0 && code == 65)
        return 1;
    return code == 66 || code == 73 || code == 74 || code == 75 || code == 77;
}

static int judge_errors(sweeping *sweep, const fault_point *point, int code)
{
    int fired;
    int again = synced_again(sweep, &fired);
    sweep->fired += fired;
    if (code != 0 && !fired)
        return fails(sweep, point, "fails without a fault", code);
    if (code == 0)
        return fault_case_judge(&sweep->of) || fails(sweep, point, "ends well, and differs", 0);
    if (!is_proper(point, code))
        return fails(sweep, point, "ended with a code of another kind", code);
    if (!*fault_file_tail(sweep->of.directory, "messages"))
        return fails(sweep, point, "says nothing", code);
    return !again || strcmp(point->fault, "error=EINTR") == 0 ||
           fails(sweep, point, "asks again for a sync that failed", code);
}

static int take_point(sweeping *sweep, const fault_point *point)
{
    make_case(sweep);
    int code = run_traced(sweep, sweep->kills ? point->call : FAILING, point, !sweep->kills);
    if (code < 0)
        return fails(sweep, point, "hangs", code);
    if (sweep->kills && code != 0 && code != KILLED)
        return fails(sweep, point, "ended as nobody told it", code);
    sweep->fired += code == KILLED;
    if (!sweep->kills && !judge_errors(sweep, point, code))
        return 0;
    code = run_clean(sweep);
    if (code != 0)
        return fails(sweep, point, "a clean run behind it fails", code);
    return fault_case_judge(&sweep->of) ||
           fails(sweep, point, "a clean run behind it differs", code);
}

static int can_trace(const sweeping *sweep)
{
    const char *const argv[] = {STRACE, "-f", "-o", "trace", "/bin/true", NULL};
    return access(STRACE, X_OK) == 0 && run(sweep, argv) == 0;
}

static void prepare(sweeping *sweep)
{
    int recovers = sweep->recovers;
    sweep->recovers = 0;
    make_case(sweep);
    if (!can_trace(sweep)) {
        printf("skipped: strace is not there, or may not trace\n");
        exit(77);
    }
    if (run_clean(sweep) != 0 || !fault_case_judge(&sweep->of))
        fault_broken("a run without a fault fails: %s",
                     fault_file_tail(sweep->of.directory, "messages"));
    find_paths(sweep);
    sweep->recovers = recovers;
    sweep->before = fault_random_from(&sweep->state, 1, 30);
    find_points(sweep);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: fault_syscalls SLUICE SCENARIO MODE POINTS SEED DIRECTORY\n");
        return 64;
    }
    sweeping sweep = {.sluice = argv[1],
                      .scenario = fault_scenario_of(argv[2]),
                      .kills = strstr(argv[3], "kill") != NULL,
                      .recovers = strstr(argv[3], "recovery") != NULL,
                      .points = calloc(MOST, sizeof(fault_point))};
    sweep.state = strtoull(argv[5], NULL, 10);
    fault_directory_make(argv[6]);
    char *real = realpath(argv[6], NULL);
    if (!sweep.scenario || !sweep.points || !real)
        fault_broken("there is no scenario '%s'", argv[2]);
    snprintf(sweep.directory, sizeof sweep.directory, "%s/%s-%s", real, argv[2], argv[3]);
    free(real);
    int64_t began = fault_now(), failures = 0;
    prepare(&sweep);
    size_t all = sweep.count;
    choose_points(&sweep, strtoul(argv[4], NULL, 10));
    for (size_t i = 0; i < sweep.count; i++)
        failures += !take_point(&sweep, &sweep.points[i]);
    printf("%s %s: seed %s, %zu of %zu points, %" PRId64 " came, %" PRId64 " failed, %.1f s\n",
           argv[2], argv[3], argv[5], sweep.count, all, sweep.fired, failures,
           (double)(fault_now() - began) / 1e6);
    free(sweep.points);
    if (!failures)
        fault_directory_remove(argv[6]);
    return failures != 0;
}

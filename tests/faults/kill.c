/*
 * kill.c - a graph is run again and again, and killed after a random time each, until it has
 * ended; then its sinks must be exact.
 *
 *     fault_kill SLUICE SCENARIO COUNT SEED DIRECTORY [forget]
 *
 * COUNT kills by SIGKILL, over as many fresh cases as that takes. In between some lives end by
 * SIGTERM, after which the process must end in order, and now and then two processes are started
 * at once, of which one must be refused (75) or find nothing left to do. A case that has ended
 * is run once more: nothing may come twice.
 *
 * Kills hit every phase: the time is uniform from half a millisecond up to a reach, which begins
 * at a part of the time that a whole run takes and grows with every kill of the case, so that
 * every case ends.
 *
 * `forget` takes the checkpoint away after every kill, as a product without one would behave:
 * a sink must then differ, which shows that the others could.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "tests/faults/follow.h"
#include "tests/faults/inputs.h"
#include "tests/faults/scenario.h"

#define ROWS 1500
#define STOPPED 143 /* 128 + SIGTERM */
#define BUSY 75
#define TICK 1000 /* microseconds between two writes to a log that is followed */

typedef struct kills {
    const char *sluice;
    const fault_scenario *scenario;
    const char *directory;
    int forget;
    int differs; /* a sink was found that is not exact */
    uint64_t state;
    int64_t run; /* microseconds of a whole run that nobody disturbs */
    int64_t kills, stops, rivals, refusals, cases;
    fault_case of;
    char lives[1024]; /* how the lives of the case ended, the last ones: codes; two at once a+b */
    fault_writer writer;
    double reach; /* microseconds */
} kills;

static int fails(const kills *torment, const char *what, int code)
{
    printf(
        "FAILED: %s (exit code %d), case of seed %" PRIu64 ", %" PRId64 " rows, batch %" PRId64
        ", variant %" PRId64 "\n  its lives ended with:%s\n  kept: %s\n  its last messages:\n%s\n",
        what, code, torment->of.seed, torment->of.rows, torment->of.batch, torment->of.variant,
        torment->lives, torment->of.directory, fault_file_tail(torment->of.directory, "messages"));
    return 0;
}

/* Adds to the lives of the case; the oldest go when there is no more room. */
static void note(kills *torment, const char *format, int first, int second)
{
    size_t used = strlen(torment->lives);
    if (used > sizeof torment->lives - 32) {
        memmove(torment->lives, torment->lives + 64, used - 63);
        used -= 64;
    }
    snprintf(torment->lives + used, sizeof torment->lives - used, format, first, second);
}

static void start(kills *torment, fault_process *process)
{
    const char *const argv[] = {torment->sluice, "run", "-q", "graph.yaml", NULL};
    const fault_start how = {.directory = torment->of.directory, .errors = "messages"};
    fault_process_start(process, &how, argv);
}

/* Waits as fault_process_wait does; a log that is followed is written meanwhile, and the process
 * told to stop when all of it is read. */
static int wait_and_write(kills *torment, fault_process *process, int64_t microseconds)
{
    if (!torment->scenario->follows)
        return fault_process_wait(process, microseconds);
    int told = 0;
    for (int64_t until = fault_now() + microseconds; fault_now() < until;) {
        if (fault_process_wait(process, TICK))
            return 1;
        if (!fault_writer_go_on(&torment->writer) && !told &&
            fault_writer_is_read(&torment->writer)) {
            fault_process_signal(process, SIGTERM);
            told = 1;
        }
    }
    return 0;
}

/* Whether the case has ended by this end of a process. */
static int has_ended(const kills *torment, int code)
{
    if (torment->scenario->follows)
        return code == STOPPED && fault_writer_is_read(&torment->writer);
    return code == 0;
}

static void forget(const kills *torment)
{
    char path[512];
    sqlite3 *database = NULL;
    snprintf(path, sizeof path, "%s/state", torment->of.directory);
    fault_directory_remove(path);
    snprintf(path, sizeof path, "%s/out.db", torment->of.directory);
    if (!sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL))
        sqlite3_exec(database, "DELETE FROM sluice_checkpoint", NULL, NULL, NULL);
    sqlite3_close(database);
}

static int64_t delay_of(kills *torment)
{
    return fault_random_from(&torment->state, 500, 500 + (int64_t)torment->reach);
}

/* One life. Answers 1 when the case has ended, 0: it goes on, -1: it failed. */
static int live(kills *torment)
{
    fault_process process;
    start(torment, &process);
    int stop = fault_random(&torment->state) % 8 == 0;
    if (!wait_and_write(torment, &process, delay_of(torment))) {
        fault_process_signal(&process, stop ? SIGTERM : SIGKILL);
        if (!fault_process_wait(&process, FAULT_FOREVER))
            return fails(torment, "does not end", 0) - 1;
    }
    int code = fault_process_code(&process);
    note(torment, " %d", code, 0);
    torment->kills += code == 128 + SIGKILL;
    torment->stops += code == STOPPED;
    if (code != 0 && code != 128 + SIGKILL && code != STOPPED)
        return fails(torment, "ended as nobody told it", code) - 1;
    return has_ended(torment, code);
}

/* Two at once, killed after the same time or left alone. */
static int live_with_rival(kills *torment)
{
    fault_process both[2];
    int codes[2];
    start(torment, &both[0]);
    start(torment, &both[1]);
    torment->rivals++;
    int64_t time = fault_random(&torment->state) % 2 && !torment->scenario->follows
                       ? FAULT_FOREVER
                       : delay_of(torment);
    for (int i = 0; i < 2; i++) {
        if (!fault_process_wait(&both[i], time))
            fault_process_signal(&both[i], SIGKILL);
        time = time == FAULT_FOREVER ? time : 0;
    }
    for (int i = 0; i < 2; i++) {
        fault_process_wait(&both[i], FAULT_FOREVER);
        codes[i] = fault_process_code(&both[i]);
        torment->kills += codes[i] == 128 + SIGKILL;
        torment->refusals += codes[i] == BUSY;
        if (codes[i] != 0 && codes[i] != 128 + SIGKILL && codes[i] != BUSY)
            return fails(torment, "one of two ended as nobody told it", codes[i]) - 1;
    }
    note(torment, " %d+%d", codes[0], codes[1]);
    if (codes[0] == BUSY && codes[1] == BUSY)
        return fails(torment, "two at once refuse each other", BUSY) - 1;
    return codes[0] == 0 || codes[1] == 0;
}

/* The same once more: there is nothing left to do. */
static int run_again(kills *torment)
{
    fault_process process;
    start(torment, &process);
    if (torment->scenario->follows) {
        fault_process_wait(&process, torment->run);
        fault_process_signal(&process, SIGTERM);
    }
    if (!fault_process_wait(&process, FAULT_FOREVER))
        return fails(torment, "run once more, it does not end", 0);
    int code = fault_process_code(&process);
    if (code != (torment->scenario->follows ? STOPPED : 0))
        return fails(torment, "run once more, it fails", code);
    return fault_case_judge(&torment->of) || fails(torment, "run once more, it differs", code);
}

static void make_case(kills *torment)
{
    char directory[512];
    *torment->lives = '\0';
    snprintf(directory, sizeof directory, "%s/%s-%" PRId64, torment->directory,
             torment->scenario->name, torment->cases++);
    fault_case_make(&torment->of, torment->scenario, directory, fault_random(&torment->state),
                    ROWS);
    fault_writer_init(&torment->writer, &torment->of);
}

/* One case, from a fresh directory to its judgement. Answers 1 when it is exact. */
static int run_case(kills *torment)
{
    static const double parts[] = {0.3, 0.6, 1.1};
    int ended = 0;
    make_case(torment);
    torment->reach = (double)torment->run * parts[fault_random(&torment->state) % 3];
    while (ended == 0) {
        ended = fault_random(&torment->state) % 16 ? live(torment) : live_with_rival(torment);
        torment->reach *= 1.04;
        if (ended == 0 && torment->forget)
            forget(torment);
    }
    if (ended < 0)
        return 0;
    if (!fault_case_judge(&torment->of)) {
        torment->differs = 1;
        return fails(torment, "the sink differs", 0);
    }
    if (fault_random(&torment->state) % 4 == 0 && !run_again(torment))
        return 0;
    fault_directory_remove(torment->of.directory);
    return 1;
}

/* The time of a run that nobody disturbs; its sinks must be exact too. */
static int measure(kills *torment)
{
    for (int i = 0; i < 3; i++) {
        fault_process process;
        make_case(torment);
        start(torment, &process);
        int ended = wait_and_write(torment, &process, FAULT_FOREVER);
        if (!ended)
            fault_process_signal(&process, SIGKILL);
        if (!ended)
            return fails(torment, "a run that nobody disturbs does not end", 0);
        if (!has_ended(torment, fault_process_code(&process)))
            return fails(torment, "a run that nobody disturbs fails", fault_process_code(&process));
        if (!fault_case_judge(&torment->of))
            return fails(torment, "a run that nobody disturbs differs", 0);
        fault_directory_remove(torment->of.directory);
        torment->run = process.used > torment->run ? process.used : torment->run;
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: fault_kill SLUICE SCENARIO COUNT SEED DIRECTORY [forget]\n");
        return 64;
    }
    kills torment = {.sluice = argv[1],
                     .scenario = fault_scenario_of(argv[2]),
                     .directory = argv[5],
                     .forget = argc > 6};
    int64_t count = strtoll(argv[3], NULL, 10);
    uint64_t seed = strtoull(argv[4], NULL, 10);
    torment.state = seed;
    if (!torment.scenario)
        fault_broken("there is no scenario '%s'", argv[2]);
    int64_t began = fault_now();
    int exact = measure(&torment);
    while (exact && torment.kills < count)
        exact = run_case(&torment);
    printf("%s: seed %" PRIu64 ", %" PRId64 " kills, %" PRId64 " stops, %" PRId64
           " rivals (%" PRId64 " refused), %" PRId64 " cases, a run takes %.1f ms, %.1f s\n",
           argv[2], seed, torment.kills, torment.stops, torment.rivals, torment.refusals,
           torment.cases, (double)torment.run / 1e3, (double)(fault_now() - began) / 1e6);
    if (exact || torment.forget)
        fault_directory_remove(torment.directory);
    return torment.forget ? !torment.differs : !exact;
}

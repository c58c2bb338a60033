/*
 * process.h - real processes: started in a directory of their own, waited for by event, ended.
 *
 * A child knows nothing of whoever runs the test: HOME, the state and the temporary files are in
 * its directory. Waiting is ppoll on a pidfd: it ends with the process or with the time.
 */
#ifndef FAULT_PROCESS_H
#define FAULT_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct fault_process {
    pid_t pid;
    int fd;       /* its pidfd; -1: no process */
    int status;   /* as waitpid gives it, when it has ended */
    int64_t used; /* microseconds from its start to its end */
    int64_t started;
} fault_process;

/* What a start may say beside the command. */
typedef struct fault_start {
    const char *directory;    /* where it runs; `state` and `tmp` are inside it */
    const char *errors;       /* file its messages are added to */
    const char *output;       /* file its output is added to; NULL: nowhere */
    const char *const *extra; /* NAME=VALUE for its environment; NULL: none */
    int64_t descriptors;      /* RLIMIT_NOFILE; 0: as it is */
} fault_start;

#define FAULT_FOREVER 30000000 /* microseconds after which a process is said to hang */

int64_t fault_now(void); /* microseconds of the monotonic clock */

/* Starts argv[0]. A process that cannot be started ends the test. */
void fault_process_start(fault_process *process, const fault_start *how, const char *const *argv);
/* Answers 1 when the process has ended, and 0 when the time is over before. */
int fault_process_wait(fault_process *process, int64_t microseconds);
void fault_process_signal(const fault_process *process, int signal);
/* Starts, waits, and answers 1; a process that does not end is killed: 0. */
int fault_process_run(fault_process *process, const fault_start *how, const char *const *argv,
                      int64_t microseconds);
/* Its exit code; 128 + the signal that ended it. */
int fault_process_code(const fault_process *process);

/* Directories of the test. They end the test when they cannot. */
void fault_directory_make(const char *path);   /* with those above it; one that is there is fine */
void fault_directory_remove(const char *path); /* with all that is in it */
/* The last bytes of a file, for people; static memory. */
const char *fault_file_tail(const char *directory, const char *name);

/* Ends the test: something that is not the product is broken. */
void fault_broken(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif

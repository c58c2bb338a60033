/*
 * process.h - what the kernel says of this process: memory, time, descriptors, threads.
 *
 * Nothing here fails: what the kernel does not say (a hidden /proc, no descriptor left to read it
 * with) is -1.
 * Thread: ANY THREAD.
 */
#ifndef SL_PROCESS_H
#define SL_PROCESS_H

#include <stdint.h>

typedef struct sl_process {
    int64_t resident, virtual_memory; /* bytes */
    int64_t cpu;                      /* microseconds, of user and system */
    int64_t started;                  /* microseconds since 1970 */
    int64_t threads;
    int64_t descriptors, descriptors_most;
} sl_process;

sl_process sl_process_look(void);

#endif

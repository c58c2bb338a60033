/*
 * full.c - the disk is full, or there are no more descriptors, for real: the run must end with
 * a message that says so, and be exact when it is run again with room.
 *
 *     fault_full SLUICE disk|descriptors DIRECTORY
 *
 * disk: a small file system in memory, which this process and its children alone see, and of
 * which other data leaves 0, 16, 32 ... KiB. Exits with 77 where it may not be mounted.
 * descriptors: RLIMIT_NOFILE from 8 to 40.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/faults/scenario.h"

#define SEED 11
#define ROWS 1500
#define STEP 16 /* KiB */

static const char *const tried[] = {"csv-sqlite", "csv-jsonl", "sqlite-jsonl",
                                    "rejects",    "fan-out",   "aggregate"};

typedef struct starving {
    const char *sluice;
    const char *directory; /* its messages are here */
    char small[256];       /* its cases are here */
    fault_case of;
    int64_t runs, found; /* how many there were, and how many found no room */
} starving;

static int fails(const starving *shortage, int64_t room, const char *what, int code)
{
    printf("FAILED: %s with room for %" PRId64 ": %s (exit code %d)\n%s\n",
           shortage->of.scenario->name, room, what, code,
           fault_file_tail(shortage->directory, "messages"));
    return 0;
}

static void make_case(starving *shortage, const char *scenario)
{
    char path[300];
    snprintf(path, sizeof path, "%s/messages", shortage->directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/%s", shortage->small, scenario);
    fault_case_make(&shortage->of, fault_scenario_of(scenario), path, SEED, ROWS);
}

/* descriptors 0: as many as there are. */
static int run(const starving *shortage, int64_t descriptors)
{
    const char *const argv[] = {shortage->sluice, "run", "-q", "graph.yaml", NULL};
    char messages[300];
    fault_process process;
    const fault_start how = {
        .directory = shortage->of.directory, .errors = messages, .descriptors = descriptors};
    snprintf(messages, sizeof messages, "%s/messages", shortage->directory);
    return fault_process_run(&process, &how, argv, FAULT_FOREVER) ? fault_process_code(&process)
                                                                  : -1;
}

/* What a run without room must do, and one with room behind it. One of two words stands in its
 * message: the system's, or SQLite's. */
static int judge(starving *shortage, int64_t room, int code, const char *word, const char *other)
{
    shortage->runs++;
    if (code == 0)
        return fault_case_judge(&shortage->of) ||
               fails(shortage, room, "ends well, and differs", code);
    shortage->found++;
    if (code != 66 && code != 73 && code != 74 && code != 75)
        return fails(shortage, room, "ended with a code of another kind", code);
    const char *says = fault_file_tail(shortage->directory, "messages");
    if (!strstr(says, word) && !strstr(says, other))
        return fails(shortage, room, "does not say what there is too little of", code);
    code = run(shortage, 0);
    if (code != 0)
        return fails(shortage, room, "run again with room, it fails", code);
    return fault_case_judge(&shortage->of) ||
           fails(shortage, room, "run again with room, it differs", code);
}

/* A file system that nobody else sees. Answers 0 where that is not permitted. */
static int mount_small(const starving *shortage)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("small", shortage->small, "tmpfs", 0, "size=8m") == 0;
}

/* Writes a file that leaves so much free. */
static void leave(const char *path, int64_t kibibytes)
{
    static char block[1024];
    struct statvfs room;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || fstatvfs(fd, &room))
        fault_broken("cannot fill the disk: %s", strerror(errno));
    int64_t take = (int64_t)(room.f_bavail * room.f_frsize / 1024) - kibibytes;
    if (take < 0)
        fault_broken("the disk is too small for the test");
    for (; take > 0; take--)
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
            fault_broken("cannot fill the disk: %s", strerror(errno));
    close(fd);
}

/* Less and less other data, until a run finds room for all of its own. */
static int run_short_of_disk(starving *shortage, const char *scenario)
{
    char other[300];
    snprintf(other, sizeof other, "%s/other", shortage->small);
    for (int64_t kibibytes = 0;; kibibytes += STEP) {
        make_case(shortage, scenario);
        leave(other, kibibytes);
        int code = run(shortage, 0);
        unlink(other);
        if (!judge(shortage, kibibytes, code, "No space left", "full"))
            return 0;
        fault_directory_remove(shortage->of.directory);
        if (code == 0)
            return 1;
    }
}

static int run_short_of_descriptors(starving *shortage, const char *scenario)
{
    int exact = 1;
    for (int64_t descriptors = 8; descriptors <= 40; descriptors++) {
        make_case(shortage, scenario);
        exact &=
            judge(shortage, descriptors, run(shortage, descriptors), "open files", "descriptors");
    }
    return exact;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: fault_full SLUICE disk|descriptors DIRECTORY\n");
        return 64;
    }
    int of_disk = strcmp(argv[2], "disk") == 0, exact = 1;
    int64_t began = fault_now();
    starving shortage = {.sluice = argv[1], .directory = argv[3]};
    snprintf(shortage.small, sizeof shortage.small, "%s/small", argv[3]);
    fault_directory_make(shortage.small);
    if (of_disk && !mount_small(&shortage)) {
        printf("skipped: a file system may not be mounted: %s\n", strerror(errno));
        return 77;
    }
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++)
        exact &= of_disk ? run_short_of_disk(&shortage, tried[i])
                         : run_short_of_descriptors(&shortage, tried[i]);
    printf("%s: %" PRId64 " runs, %" PRId64 " without room, %.1f s\n", argv[2], shortage.runs,
           shortage.found, (double)(fault_now() - began) / 1e6);
    if (of_disk)
        umount(shortage.small);
    if (exact)
        fault_directory_remove(argv[3]);
    return !exact || shortage.found == 0;
}

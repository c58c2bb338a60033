/*
 * running.h - a supervisor over a directory of the test's own, driven on a loop of libuv's until
 * something is so.
 */
#ifndef RUNNING_H
#define RUNNING_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/supervisor.h"
#include "stages/core/text.h"

typedef struct running {
    char folder[200]; /* is the working directory: graphs/, state/, and the data */
    uv_loop_t uv;
    sl_house house;
    sl_supervisor *supervisor;
    sl_arena *arena;
    sl_errors errors;
    int log;
    int32_t drained;
} running;

static void running_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
}

/* folder is below a directory of its own; nothing has started. */
static void running_begin(running *of, const char *below)
{
    *of = (running){.drained = 0};
    strcpy(of->folder, "/tmp/sluice-running-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(of->folder));
    ck_assert_int_eq(chdir(of->folder), 0);
    ck_assert_int_eq(mkdir(below, 0700), 0);
    ck_assert_int_eq(mkdir("state", 0700), 0);
    of->log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ck_assert_int_ge(of->log, 0);
    ck_assert_int_eq(uv_loop_init(&of->uv), 0);
    sl_journal_options options = {
        .env = &sl_env_real, .json = 1, .fd = of->log, .level = SL_LOG_NOTE};
    of->house = (sl_house){.uv = &of->uv,
                           .env = &sl_env_real,
                           .registry = sl_registry_new(&sl_env_real),
                           .journal = sl_journal_new(&options),
                           .state = "state"};
    ck_assert_int_eq(sl_worker_begin(&of->house.loop, &sl_env_real, &of->uv, 4), 0);
    ck_assert_ptr_nonnull(of->house.registry);
    ck_assert_ptr_nonnull(of->house.journal);
    of->arena = sl_arena_new(&sl_env_real);
    of->errors = (sl_errors){.arena = of->arena, .limit = SL_ERRORS_LIMIT};
    of->supervisor = sl_supervisor_new(&of->house, below, 0);
    ck_assert_ptr_nonnull(of->supervisor);
}

static sl_service *running_graph(const running *of, const char *name)
{
    sl_service *service = sl_supervisor_find(of->supervisor, name);
    ck_assert_msg(service != NULL, "no graph '%s'", name);
    return service;
}

static void running_until(running *of, const char *name, sl_service_state state)
{
    int more = 1;
    while (running_graph(of, name)->state != state) {
        ck_assert_msg(more, "nothing is left to do, and '%s' is %s", name,
                      sl_service_state_name(running_graph(of, name)->state));
        more = uv_run(&of->uv, UV_RUN_ONCE);
    }
}

static void running_drained(void *of)
{
    ((running *)of)->drained = 1;
}

/* Whoever else has handles on the loop has closed them. */
static void running_end(running *of)
{
    char command[300];
    sl_supervisor_drain(of->supervisor, running_drained, of);
    while (!of->drained)
        uv_run(&of->uv, UV_RUN_ONCE);
    sl_supervisor_free(of->supervisor);
    sl_worker_end(&of->house.loop);
    uv_run(&of->uv, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&of->uv), 0);
    sl_journal_free(of->house.journal);
    sl_registry_free(of->house.registry);
    sl_arena_free(of->arena);
    close(of->log);
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", of->folder);
    ck_assert_int_eq(system(command), 0);
}

#endif

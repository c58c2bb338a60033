/*
 * stubborn.c - a plugin for the tests of the daemon: a transformer that does not come back.
 *
 * It stays in its first batch until somebody opens the FIFO `gate` for writing, whoever asks it to
 * stop: what a stage with a bug, or a call into a dead file system, does to a graph.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "stages/core/stage.h"

typedef struct stubborn {
    const char *gate; /* the option */
    int32_t open;
} stubborn;

static const sl_option options[] = {
    {"gate", SL_OPTION_TEXT, 0, offsetof(stubborn, gate), NULL, NULL, NULL, NULL,
     "The FIFO that is waited for."},
    {0},
};

static sl_status each(sl_stage *stage, sl_batch *batch)
{
    stubborn *self = sl_self(stage, stubborn);
    (void)batch;
    while (!self->open) {
        int fd = open(self->gate, O_RDONLY);
        if (fd < 0 && errno != EINTR)
            return sl_fail(stage, "cannot open '%s'", self->gate);
        self->open = fd >= 0;
        if (fd >= 0)
            close(fd);
    }
    return SL_OK;
}

static const sl_stage_type stubborn_type = {
    SL_STAGE_TYPE,          .name = "stubborn",
    .version = "1.0",       .summary = "Does not come back before a FIFO is opened.",
    .role = SL_TRANSFORMER, .inputs_min = 1,
    .inputs_max = 1,        .self_size = sizeof(stubborn),
    .options = options,     .each = each,
};

SL_PLUGIN("stubborn", "1.0", &stubborn_type)

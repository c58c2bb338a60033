/*
 * once_inside.h - what once.c, resume.c and amend.c share. Nobody else includes it.
 */
#ifndef SL_ONCE_INSIDE_H
#define SL_ONCE_INSIDE_H

#include "daemon/checkpoint.h"
#include "daemon/once.h"
#include "daemon/state.h"

typedef struct once_exporter {
    int32_t in_state; /* its checkpoint is kept in the state database */
    int32_t open;     /* ... where it says that the file is being written */
    sl_state_entry entry;
    const char *found; /* the checkpoint as it was read; NULL: none */
    sl_kept *kept; /* what an earlier run has committed; NULL: nothing, or not to be looked at */
    int64_t rows_before; /* rows it had committed then */
    int64_t *taken;      /* reject exporters: by stage, rejected rows it had; NULL: none */
    char origin[17];     /* drawn when it first began */
    int32_t known;       /* 1: a checkpoint with this origin is safe */
    int32_t durable;     /* 1: its commits must survive a power cut: others' follow them */
    int32_t built;       /* `text` is the checkpoint of the commit that is under way */
    int64_t changed, changed_next; /* when `stored` was written; when `text` was built */
    sl_builder text, stored;       /* bodies (checkpoint.h) */
    sl_builder whole, out;
} once_exporter;

struct sl_once {
    const sl_plan *plan;
    sl_run *run;
    sl_generator *const *generators;
    sl_once_options options;
    sl_state *state; /* NULL: none */
    sl_path *paths;
    once_exporter *exporters;
    int64_t since;
    const char **changed; /* names of stages; in the arena */
    uint32_t changed_count;
};

/* The absolute path of what an exporter writes to, its first option that is a path; "": none. */
const char *sl_once_target(sl_once *once, uint32_t exporter);
/* The stage of this name; UINT32_MAX: none. */
uint32_t sl_once_stage(const sl_plan *plan, const char *name);
/* The checkpoint as it is kept, in the arena; *text NULL: none. */
sl_status sl_once_read(sl_once *once, uint32_t exporter, const char **text, int64_t *changed);
/* Holds a checkpoint against the YAML: what the run would be refused for goes to the errors, what
 * is merely other to `changed`. */
void sl_once_check(sl_once *once, uint32_t exporter, const sl_kept *kept);
/* No other run writes to the exporter's target from now on. SL_ERROR: one does, said. */
sl_status sl_once_lock(sl_once *once, uint32_t exporter);
sl_status sl_once_no_memory(sl_once *once);
/* 1: an exporter that goes on where it stood. */
int32_t sl_once_commits(const sl_once *once, uint32_t stage);
/* Writes what is stored and where the file ends to the state database. */
sl_status sl_once_store(sl_once *once, uint32_t exporter, int32_t clean);

#endif

/*
 * supervisor_inside.h - what supervisor.c and reload.c share. Nobody else includes it.
 */
#ifndef SL_SUPERVISOR_INSIDE_H
#define SL_SUPERVISOR_INSIDE_H

#include "daemon/supervisor.h"

struct sl_supervisor {
    sl_house *house;
    char *directory;
    int32_t watch;
    sl_service **services; /* by name */
    uint32_t count;
    sl_broken *broken;
    uint32_t broken_count;
    sl_journal_graph log;      /* of the service as a whole */
    struct reloading *reloads; /* the first is under way */
    int32_t lost;              /* 1: the directory to be watched is not there */
    uint64_t unsettled;        /* uv_now of the first change that was not looked at; 0: none */
    uv_fs_event_t watcher;
    uv_timer_t settle;
    int32_t handles; /* not yet given back by libuv */
    void (*drained)(void *of);
    void *drained_of;
    void (*changed)(void *of, sl_service *service);
    void *changed_of;
};

/* Reads every graph of the directory. 0, or -1: the directory cannot be read, or no memory; what
 * was read is in the list all the same. */
int sl_supervisor_read(sl_supervisor *supervisor, sl_loaded ***list, uint32_t *count);
/* Adds a mistake to each file whose graph's name an earlier file has. */
void sl_supervisor_name(sl_loaded *const *list, uint32_t count);
int sl_supervisor_add(sl_supervisor *supervisor, sl_loaded *loaded); /* TAKES; 0, or -1 */
/* GIVES it to the caller; nothing of it runs. */
void sl_supervisor_take_out(sl_supervisor *supervisor, const sl_service *service);
void sl_supervisor_forget_broken(sl_supervisor *supervisor);
void sl_supervisor_drop_reloads(sl_supervisor *supervisor);          /* none may be preparing */
int32_t sl_supervisor_reload_waits(const sl_supervisor *supervisor); /* 1: one is yet to begin */
int32_t sl_supervisor_prepares(const sl_supervisor *supervisor);     /* 1: a reload, on a worker */
void sl_supervisor_look_drained(sl_supervisor *supervisor);          /* something has ended */
/* A service came to a state: a reload that waits for it goes on. */
void sl_supervisor_look(sl_supervisor *supervisor, sl_service *service);

#endif

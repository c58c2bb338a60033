/*
 * inquiry.h - what is asked about that which a graph keeps: its checkpoints and its rejected rows,
 * shown and changed.
 *
 * The same question is answered in two places: by the command for a graph's file, and by the daemon
 * for one of its graphs (control_kept.c). Who asks gives the plan and takes what is said.
 *
 * Deliberately elsewhere: which graph the command line means (inquiry_verb.c), the socket.
 * Thread: the graph's strand, which is the caller's; the plan is only read.
 */
#ifndef SL_INQUIRY_H
#define SL_INQUIRY_H

#include "config/plan.h"
#include "stages/core/text.h"

typedef struct sl_inquiry {
    const sl_env *env;
    const sl_env *reach; /* of stages; NULL: env */
    const sl_plan *plan;
    const char *state; /* directory; NULL: none */
    sl_errors *errors;
    void (*log)(void *of, const sl_error *line); /* warnings and notes */
    void *log_of;
    const char *action;       /* "ls" ... */
    const char *const *words; /* behind the action and the graph */
    uint32_t count;
    int32_t json, quiet;

    /* What is printed; aside: 1 it is said beside the answer (stderr). */
    void (*put)(void *of, int32_t aside, const char *bytes, size_t size);
    void *of;

    /* A long answer comes in pages: it begins behind `after` (NULL: at its start) and ends after so
     * many bytes (0: it does not); `next` is what to go on behind, "": that was all. */
    const char *after;
    size_t page;
    char next[48];
} sl_inquiry;

typedef struct sl_action {
    const char *name;
    uint32_t least, most; /* words behind the graph */
    int32_t alone;        /* 1: it changes what a run may be about to change: no run beside it */
} sl_action;

extern const sl_action sl_checkpoint_actions[]; /* end at name NULL; the first is the usual one */
extern const sl_action sl_rejects_actions[];
const sl_action *sl_inquiry_action(const sl_action *actions, const char *name); /* NULL: none */

/* Answers one question: its action is one of those, its words are as many as it takes. SL_OK, or
 * SL_ERROR: said in errors. */
sl_status sl_checkpoint_answer(sl_inquiry *about); /* checkpoint_asked.c */
sl_status sl_rejects_answer(sl_inquiry *about);    /* rejects_asked.c */

/* For those two: an error without a place. SL_ERROR. */
sl_status sl_inquiry_wrong(sl_inquiry *about, int32_t code, const char *hint, const char *format,
                           ...) SL_PRINTF(4, 5);
/* Adds `,"name":` and the text as JSON; NULL is null. */
void sl_inquiry_member(sl_builder *text, const char *name, const char *value);
/* Prints what stands in the builder, which is freed. SL_ERROR: it failed, said. */
sl_status sl_inquiry_put(sl_inquiry *about, sl_builder *text);

#endif

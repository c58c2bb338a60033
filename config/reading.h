/*
 * reading.h - what the rooms of config share while one file becomes a plan.
 *
 * yaml.c makes the tree; params.c puts `${...}` in and makes the values that stages see;
 * stages.c reads one stage after the other into drafts; edges.c connects them; plan.c does the
 * rest. All of them add mistakes and go on, so that one run finds them all.
 */
#ifndef SL_READING_H
#define SL_READING_H

#include "config/plan.h"
#include "config/traps.h"
#include "config/yaml.h"

#define SL_STAGES_LIMIT 4096u
#define SL_ROLE_UNKNOWN UINT32_MAX

/* A param that `params:` declares. */
typedef struct sl_param {
    const char *name;
    const sl_yaml_node *key;
    const sl_yaml_node *written; /* its default */
    const char *set;             /* by --set; NULL: not */
    uint32_t state;              /* params.c's */
    uint32_t needed;             /* 1: a `${name}` without a default of its own */
    uint32_t handled;            /* 1: a `${name:-...}` or `${name:?...}` */
    sl_value value;
} sl_param;

/* A stage on its way into the plan. */
typedef struct sl_draft {
    sl_plan_stage stage;
    uint32_t role;    /* SL_READER ..., or SL_ROLE_UNKNOWN; the type may be unknown all the same */
    uint32_t broken;  /* 1: an edge of it could not be found, and that was said */
    uint32_t unsound; /* 1: an option of it is wrong, and that was said */
    const sl_yaml_node *node;
    const sl_yaml_node *role_key;
    const sl_yaml_node *type;
    const sl_yaml_node *name; /* NULL: not written; so the next two */
    const sl_yaml_node *from;
    const sl_yaml_node *on_reject;
} sl_draft;

typedef struct sl_reading {
    const sl_env *env;
    const sl_registry *registry;
    sl_arena *arena;   /* the plan's */
    sl_errors *errors; /* all of them, to be sorted */
    sl_yaml *yaml;
    sl_plan *plan;
    sl_param *params;
    uint32_t params_count;
    size_t put;       /* bytes that params became so far */
    sl_draft *drafts; /* as written */
    uint32_t drafts_count;
    uint32_t no_memory; /* 1: said at the end */
} sl_reading;

/* A mistake: where, and what is known of it. */
typedef struct sl_mistake {
    const sl_yaml_node *at;
    size_t byte;   /* of at->text */
    size_t length; /* bytes; 0: all of `at` */
    const char *stage;
    const char *option;
    const char *hint;
    int32_t code; /* 0: SL_CODE_CONFIG */
} sl_mistake;

/* Adds a mistake; answers SL_ERROR. */
sl_status sl_reading_say(sl_reading *reading, const sl_mistake *mistake, const char *format, ...)
    SL_PRINTF(3, 4);
#define SL_SAY(reading, where, ...) sl_reading_say((reading), &(const sl_mistake)where, __VA_ARGS__)

/* "did you mean 'x'?", or, when none is near, `otherwise` (may be NULL). */
const char *sl_reading_nearest(sl_reading *reading, const char *name, const char *const *names,
                               size_t count, const char *otherwise);
/* A formatted hint; NULL: no memory, the hint is left out. */
const char *sl_reading_hint(sl_reading *reading, const char *format, ...) SL_PRINTF(2, 3);
/* Zeroed memory of the plan; NULL notes that there is none. */
void *sl_reading_take(sl_reading *reading, size_t size);

#endif

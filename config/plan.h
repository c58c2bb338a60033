/*
 * plan.h - a checked graph: what a YAML file says, with every name resolved.
 *
 * A plan is read-only once made: stages in the order in which they are planned and opened
 * (every stage after its inputs), options parsed into each stage's own struct. daemon/graph.h
 * makes it live. Config never calls a stage; it only reads its tables.
 *
 * Deliberately elsewhere: columns and expressions (the stages' own `plan`).
 */
#ifndef SL_PLAN_H
#define SL_PLAN_H

#include "config/schedule.h"
#include "plugins/registry.h"
#include "stages/core/option.h"
#include "stages/core/secret.h"

#define SL_REJECT_FAIL 0u
#define SL_REJECT_DROP 1u
#define SL_REJECT_STAGE 2u

typedef struct sl_plan_stage {
    const sl_stage_type *type;
    const char *name;        /* as written, or made: "csv", "csv-2" */
    int32_t named;           /* 1: the name was written */
    int32_t rejects_only;    /* 1: an exporter that an on_reject names */
    uint32_t inputs_count;   /* of a rejects_only exporter: 0 */
    uint32_t *inputs;        /* indexes of stages of the plan */
    uint32_t consumers;      /* how many inputs name this stage: above 1 it fans out */
    uint32_t on_reject;      /* SL_REJECT_* */
    uint32_t reject_stage;   /* index, with SL_REJECT_STAGE */
    void *self;              /* type->self_size bytes, options filled in */
    const sl_value *options; /* the map as written, params put in */
    int32_t line, column;    /* of the stage in the YAML */
} sl_plan_stage;

typedef struct sl_plan {
    sl_arena *arena;         /* all of the plan lives here */
    const char *file;        /* as given on the command line */
    const char *text;        /* the whole YAML, secrets masked */
    uint64_t print;          /* a hash of it as it was read */
    const char *name;        /* graph: */
    const char *description; /* NULL: none */
    int64_t batch_rows;
    int64_t batch_bytes;
    int64_t max_rejects;         /* -1: no bound */
    const sl_schedule *schedule; /* every: or cron:; NULL: neither */
    const char *cron;            /* as written, params put in; NULL: none */
    const char *timezone;        /* of cron; NULL: the machine's own */
    int64_t stuck_after;         /* microseconds without a sign of life */
    int32_t exactly_once;        /* 1: `guarantee: exactly-once` makes anything less a mistake */
    const sl_value *params;      /* map: name -> value, after --set */
    sl_plan_stage *stages;       /* in an order in which inputs come first */
    uint32_t count;
    sl_secret *secrets; /* credentials and the values of secret options; outside the arena */
} sl_plan;

typedef struct sl_setting { /* --set name=value */
    const char *name;
    const char *value;
} sl_setting;

/*
 * Reads and checks file; every mistake is added to errors (up to its limit), with its place.
 * Gives a plan, or NULL when there was an error. The errors' arena outlives the plan's;
 * settings of undeclared params are errors with SL_CODE_USAGE, an unreadable file one with
 * SL_CODE_NO_INPUT, all others SL_CODE_CONFIG.
 */
sl_plan *sl_plan_read(const sl_env *env, const sl_registry *registry, const char *file,
                      const sl_setting *settings, uint32_t settings_count, sl_errors *errors);
/* The same, but with mistakes it gives a plan of those stages that are sound, so that their own
 * `plan` may find more mistakes in the same run; errors says whether there were any. NULL: not
 * even that. Such a plan is not to be run. */
sl_plan *sl_plan_read_sound(const sl_env *env, const sl_registry *registry, const char *file,
                            const sl_setting *settings, uint32_t settings_count, sl_errors *errors);
void sl_plan_free(sl_plan *plan); /* NULL: nothing */

/* Where a value of this or any plan stands: an sl_locate. */
void sl_plan_locate(const sl_value *value, int64_t byte, int64_t length, sl_error *error);
/* The param with this name; NULL: none. */
const sl_value *sl_plan_param(const sl_plan *plan, const char *name);

#endif

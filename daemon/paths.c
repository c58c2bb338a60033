/*
 * paths.c - see paths.h.
 */
#include "daemon/paths.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int32_t sl_paths_reach(const sl_plan *plan, uint32_t stage, uint32_t exporter)
{
    if (stage == exporter)
        return 1;
    const sl_plan_stage *at = &plan->stages[exporter];
    for (uint32_t i = 0; i < at->inputs_count; i++)
        if (sl_paths_reach(plan, stage, at->inputs[i]))
            return 1;
    return 0;
}

const char *sl_path_name(uint32_t kind)
{
    static const char *const names[] = {"at-least-once", "exactly-once", "all-or-nothing"};
    return names[kind];
}

sl_status sl_paths_mistake(const sl_plan *plan, uint32_t stage, const char *hint, sl_errors *errors,
                           const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const sl_plan_stage *at = &plan->stages[stage];
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_CONFIG,
                      .hint = hint,
                      .file = plan->file,
                      .text = plan->text,
                      .line = at->line,
                      .column = at->column,
                      .stage = at->name};
    return sl_errors_add(errors, &error, "%s", message);
}

/* The first stage on the way to an exporter that needs all rows from the beginning each time: it
 * holds them, or has a state that it does not keep; UINT32_MAX: none. */
static uint32_t stage_that_holds(const sl_plan *plan, uint32_t exporter)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_stage_type *type = plan->stages[i].type;
        int32_t keeps = type->save && type->restore;
        if (type->role != SL_EXPORTER && sl_paths_reach(plan, i, exporter) &&
            ((type->traits & SL_TRAIT_HOLDS) || ((type->traits & SL_TRAIT_STATEFUL) && !keeps)))
            return i;
    }
    return UINT32_MAX;
}

static sl_path least(const char *why)
{
    return (sl_path){.kind = SL_PATH_LEAST, .why = why};
}

/* The first reader behind an exporter that cannot be read again; UINT32_MAX: none. */
static uint32_t reader_that_forgets(const sl_plan *plan, sl_generator *const *generators,
                                    uint32_t exporter)
{
    const char *why;
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].type->role == SL_READER && sl_paths_reach(plan, i, exporter) &&
            sl_generator_promise(generators[i], &why) == SL_PROMISE_NOTHING)
            return i;
    return UINT32_MAX;
}

/* An exporter that commits as it goes: whether the run can go on where it stood. */
static sl_path judge_resuming(const sl_plan *plan, sl_generator *const *generators,
                              uint32_t exporter, int32_t same, int32_t state, sl_arena *arena)
{
    const sl_stage_type *type = plan->stages[exporter].type;
    int32_t holds = stage_that_holds(plan, exporter) != UINT32_MAX;
    if (holds && sl_generator_target_empty(generators[exporter]))
        return (sl_path){.kind = SL_PATH_WHOLE,
                         .why = "the target is empty, and is filled when the last row is safe"};
    if (holds && same)
        return (sl_path){.kind = SL_PATH_WHOLE,
                         .why = "a row with the same key is replaced; a run that is made again "
                                "starts from the beginning"};
    uint32_t reader = reader_that_forgets(plan, generators, exporter);
    if (reader != UINT32_MAX) {
        const char *why;
        sl_generator_promise(generators[reader], &why);
        why = sl_arena_format(arena, "reader '%s': %s", plan->stages[reader].name,
                              why ? why : "it cannot go back to a position");
        return least(why ? why : "a reader cannot go back to a position");
    }
    if (!type->recover && !(type->tell && type->seek))
        return least("the exporter does not keep the position with its rows");
    if (!type->recover && !state)
        return least("there is no state directory: see --state");
    return (sl_path){.kind = SL_PATH_EXACTLY,
                     .why = type->recover
                                ? "rows and position are committed in one transaction"
                                : "the file is cut back to what was committed with the position"};
}

static sl_path judge_exporter(const sl_plan *plan, sl_generator *const *generators,
                              uint32_t exporter, int32_t state, sl_arena *arena)
{
    const char *why;
    uint32_t promise = sl_generator_promise(generators[exporter], &why);
    if (promise == SL_PROMISE_NOTHING)
        return least(why ? why : "rows are shown as they come, nothing is kept for a later run");
    if (promise == SL_PROMISE_WHOLE)
        return (sl_path){.kind = SL_PATH_WHOLE,
                         .why = why ? why : "the target is replaced when the last row is safe"};
    return judge_resuming(plan, generators, exporter, promise == SL_PROMISE_SAME, state, arena);
}

/* Rows behind a stage that holds them cannot be added to what an earlier run added. */
static sl_status check_holding(const sl_plan *plan, sl_generator *const *generators,
                               uint32_t exporter, sl_errors *errors)
{
    const char *why;
    uint32_t holder = stage_that_holds(plan, exporter);
    if (holder == UINT32_MAX ||
        sl_generator_promise(generators[exporter], &why) != SL_PROMISE_RESUMES ||
        sl_generator_target_empty(generators[exporter]) ||
        reader_that_forgets(plan, generators, exporter) != UINT32_MAX)
        return SL_OK;
    return sl_paths_mistake(plan, exporter,
                            "write `mode: replace`, or to SQLite `mode: upsert` with a key", errors,
                            "stage '%s' needs all rows from the beginning, so that each run gives "
                            "its rows again: they cannot be appended",
                            plan->stages[holder].name);
}

/* A reject exporter follows the exporters of the graph. */
static sl_path judge_rejects(sl_generator *generator, uint32_t others)
{
    const char *why;
    uint32_t promise = sl_generator_promise(generator, &why);
    if (promise == SL_PROMISE_NOTHING)
        return least(why ? why : "rows are shown as they come, nothing is kept for a later run");
    if (promise == SL_PROMISE_WHOLE)
        return (sl_path){.kind = SL_PATH_WHOLE,
                         .why = "the target is replaced when the last row is safe"};
    if (others == SL_PATH_EXACTLY)
        return (sl_path){.kind = SL_PATH_EXACTLY,
                         .why = "each rejected row is kept once, before the rows behind it"};
    if (others == SL_PATH_WHOLE)
        return (sl_path){.kind = SL_PATH_WHOLE, .why = "rejected rows are added at the end"};
    return least("a run that is made again starts from the beginning");
}

static uint32_t find(const sl_plan *plan, const sl_path *paths, uint32_t kind)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].type->role == SL_EXPORTER && paths[i].kind == kind)
            return i;
    return UINT32_MAX;
}

static sl_status check_mixture(const sl_plan *plan, const sl_path *paths, sl_errors *errors)
{
    uint32_t whole = find(plan, paths, SL_PATH_WHOLE), once = find(plan, paths, SL_PATH_EXACTLY);
    if (whole == UINT32_MAX || once == UINT32_MAX)
        return SL_OK;
    return sl_paths_mistake(
        plan, whole,
        plan->stages[whole].rejects_only
            ? "let it append too, or let the others replace"
            : "make two graphs of it, or let all exporters append, or all replace",
        errors,
        "exporter '%s' goes on where the last run stood, and '%s' needs all rows from the "
        "beginning: one graph cannot do both",
        plan->stages[once].name, plan->stages[whole].name);
}

static sl_status check_demanded(const sl_plan *plan, const sl_path *paths, sl_errors *errors)
{
    sl_status status = SL_OK;
    for (uint32_t i = 0; plan->exactly_once && i < plan->count; i++)
        if (plan->stages[i].type->role == SL_EXPORTER && paths[i].kind == SL_PATH_LEAST)
            status = sl_paths_mistake(plan, i, "`guarantee: exactly-once` refuses it", errors,
                                      "this path is at-least-once: %s", paths[i].why);
    return status;
}

sl_status sl_paths_judge(const sl_plan *plan, sl_generator *const *generators, int32_t state,
                         sl_arena *arena, sl_errors *errors, sl_path *paths)
{
    uint32_t before = errors->errors, others = SL_PATH_LEAST;
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        if (stage->type->role != SL_EXPORTER || stage->rejects_only)
            continue;
        check_holding(plan, generators, i, errors);
        paths[i] = judge_exporter(plan, generators, i, state, arena);
        if (paths[i].kind == SL_PATH_EXACTLY || others == SL_PATH_LEAST)
            others = paths[i].kind;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_stage_type *type = plan->stages[i].type;
        if (plan->stages[i].rejects_only)
            paths[i] =
                judge_rejects(generators[i], !type->recover && !state ? SL_PATH_LEAST : others);
    }
    if (errors->errors == before)
        check_mixture(plan, paths, errors);
    if (errors->errors == before)
        check_demanded(plan, paths, errors);
    return errors->errors > before ? SL_ERROR : SL_OK;
}

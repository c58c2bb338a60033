/*
 * once.c - see once.h. Here: what is kept, and the commits.
 *
 * Deliberately elsewhere: where a run goes on (resume.c), what a path promises (paths.c), the
 * JSON of a checkpoint (checkpoint.c), the state database (state.c).
 */
#include <string.h>

#include "config/fingerprint.h"
#include "daemon/once_inside.h"

sl_once *sl_once_new(const sl_plan *plan, sl_run *run, sl_generator *const *generators,
                     const sl_once_options *options)
{
    sl_once *once = sl_arena_take(run->arena, sizeof *once);
    if (!once)
        return NULL;
    *once = (sl_once){.plan = plan, .run = run, .generators = generators, .options = *options};
    once->paths = sl_arena_take(run->arena, plan->count * sizeof *once->paths);
    once->exporters = sl_arena_take(run->arena, plan->count * sizeof *once->exporters);
    if (!once->paths || !once->exporters)
        return NULL;
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        once_exporter *at = &once->exporters[i];
        once->paths[i] = (sl_path){.kind = SL_PATH_LEAST, .why = ""};
        at->text.env = at->stored.env = at->out.env = at->whole.env = run->env;
        at->in_state = options->state && stage->type->role == SL_EXPORTER &&
                       !stage->type->recover && stage->type->tell && stage->type->seek;
        sl_generator_key(generators[i], stage->named ? stage->name : stage->type->name);
    }
    if (options->state) {
        once->state = sl_state_new(run->env, options->state, plan->name, run->errors);
        if (!once->state)
            return NULL;
    }
    return once;
}

void sl_once_free(sl_once *once)
{
    if (!once)
        return;
    for (uint32_t i = 0; i < once->plan->count; i++) {
        once_exporter *at = &once->exporters[i];
        sl_builder_done(&at->text);
        sl_builder_done(&at->stored);
        sl_builder_done(&at->out);
        sl_builder_done(&at->whole);
    }
    sl_state_free(once->state);
}

sl_status sl_once_no_memory(sl_once *once)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED};
    return sl_errors_add(once->run->errors, &error, "out of memory");
}

int32_t sl_once_commits(const sl_once *once, uint32_t stage)
{
    return once->plan->stages[stage].type->role == SL_EXPORTER &&
           once->paths[stage].kind == SL_PATH_EXACTLY;
}

static int32_t is_main(const sl_once *once, uint32_t stage)
{
    return sl_once_commits(once, stage) && !once->plan->stages[stage].rejects_only;
}

/* ---- A checkpoint --------------------------------------------------------------------------- */

/* Rows given or rejected by all readers, as far as a stamp says. */
static int64_t position_of(const sl_stamp *stamp)
{
    int64_t sum = 0;
    for (uint32_t i = 0; stamp && i < stamp->count; i++)
        sum += stamp->parts[i].reader ? stamp->parts[i].count : 0;
    return sum;
}

static void add_stages(sl_once *once, uint32_t exporter, const sl_stamp *stamp, sl_builder *text)
{
    const sl_plan *plan = once->plan;
    for (uint32_t i = 0; stamp && i < stamp->count; i++) {
        const struct sl_stamp_part *part = &stamp->parts[i];
        uint32_t count;
        const sl_column *columns = sl_generator_columns(once->generators[part->stage], &count);
        if (part->stage != exporter)
            sl_checkpoint_stage(text, &plan->stages[part->stage], part, columns, count);
    }
    struct sl_stamp_part own = {.stage = exporter,
                                .count = position_of(stamp),
                                .rejected = sl_generator_rejected(once->generators[exporter]),
                                .json = ""};
    sl_checkpoint_stage(text, &plan->stages[exporter], &own, NULL, 0);
    sl_checkpoint_stages_end(text);
}

static void add_fingerprint(sl_builder *text, const sl_plan_stage *stage)
{
    char print[17];
    sl_fingerprint_text(sl_fingerprint_stage(stage), print);
    sl_checkpoint_text(text, stage->name, print);
}

static void add_path(const sl_once *once, uint32_t exporter, sl_builder *text)
{
    const sl_plan *plan = once->plan;
    sl_checkpoint_open(text, "path");
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].type->role != SL_EXPORTER && sl_paths_reach(plan, i, exporter))
            add_fingerprint(text, &plan->stages[i]);
    sl_checkpoint_close(text);
}

/* Rejected rows of a stage that a reject exporter has taken, earlier runs counted: what comes
 * again after a restart does not lower it. */
static int64_t taken_of(const sl_once *once, uint32_t stage, uint32_t exporter)
{
    const once_exporter *at = &once->exporters[exporter];
    int64_t now = sl_generator_rejected(once->generators[stage]);
    return at->taken && at->taken[stage] > now ? at->taken[stage] : now;
}

/* What a reject exporter has taken, by stage, and the others' origins, as far as they are safe. */
static void add_taken(const sl_once *once, uint32_t exporter, sl_builder *text)
{
    const sl_plan *plan = once->plan;
    sl_checkpoint_open(text, "taken");
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].on_reject == SL_REJECT_STAGE &&
            plan->stages[i].reject_stage == exporter)
            sl_checkpoint_number(text, plan->stages[i].name, taken_of(once, i, exporter));
    sl_checkpoint_close(text);
    sl_checkpoint_open(text, "before");
    for (uint32_t i = 0; i < plan->count; i++)
        if (is_main(once, i))
            sl_checkpoint_text(text, plan->stages[i].name,
                               once->exporters[i].known ? once->exporters[i].origin : "");
    sl_checkpoint_close(text);
}

/* 1: what would be kept is what is kept. */
static int32_t is_same(const once_exporter *at)
{
    return at->stored.size == at->text.size &&
           memcmp(at->stored.data, at->text.data, at->text.size) == 0;
}

sl_status sl_once_checkpoint(sl_once *once, uint32_t exporter, const sl_stamp *stamp, sl_blob *blob)
{
    once_exporter *at = &once->exporters[exporter];
    int32_t kept = once->paths[exporter].kind == SL_PATH_EXACTLY;
    *blob = (sl_blob){0};
    if (!kept && !at->open)
        return SL_OK;
    sl_builder *text = &at->text;
    sl_checkpoint_begin(text, at->origin,
                        at->rows_before + sl_generator_written(once->generators[exporter]));
    if (kept && once->plan->stages[exporter].rejects_only) {
        sl_checkpoint_stages_end(text);
        add_taken(once, exporter, text);
    } else if (kept) {
        add_stages(once, exporter, stamp, text);
        add_path(once, exporter, text);
    } else {
        sl_checkpoint_stages_end(text);
    }
    if (text->failed)
        return sl_once_no_memory(once);
    at->built = 1;
    at->changed_next = once->run->env->now(once->run->env->context);
    if (at->in_state || is_same(at))
        return SL_OK; /* the state database's, or nothing new */
    sl_checkpoint_whole(&at->whole, text, at->changed_next, NULL, 0);
    if (at->whole.failed)
        return sl_once_no_memory(once);
    *blob = (sl_blob){.data = at->whole.data, .size = at->whole.size};
    return SL_OK;
}

/* ---- Commits -------------------------------------------------------------------------------- */

sl_status sl_once_store(sl_once *once, uint32_t exporter, int32_t clean)
{
    once_exporter *at = &once->exporters[exporter];
    const sl_stage_type *type = once->plan->stages[exporter].type;
    sl_text out = {0};
    sl_builder all = {.env = once->run->env};
    sl_status status = SL_OK;
    if (!clean) {
        status = type->tell(sl_generator_stage(once->generators[exporter]), &out);
        sl_builder_clear(&at->out);
        if (out.data)
            sl_builder_word(&at->out, out.data);
        else if (status == SL_OK)
            status = sl_generator_fail(once->generators[exporter], NULL,
                                       "cannot tell where its target ends");
        sl_env_allocate(once->run->env, out.data, 0);
    }
    if (status == SL_OK && at->out.failed)
        status = sl_once_no_memory(once);
    if (status == SL_OK) {
        sl_checkpoint_whole(&all, &at->stored, at->changed, at->out.data, clean);
        if (all.failed || at->out.failed)
            status = sl_once_no_memory(once);
        else
            status = sl_state_write(once->state, &at->entry, all.data, all.size, at->durable);
    }
    sl_builder_done(&all);
    return status;
}

static sl_status commit_one(sl_once *once, uint32_t exporter, int32_t final)
{
    once_exporter *at = &once->exporters[exporter];
    sl_status status = sl_generator_commit(once->generators[exporter], final);
    if (status != SL_OK || !at->built)
        return status;
    at->built = 0;
    at->known = 1;
    int32_t same = is_same(at);
    at->changed = same ? at->changed : at->changed_next;
    sl_builder swap = at->stored;
    at->stored = at->text;
    at->text = swap;
    return at->open && !(same && final) ? sl_once_store(once, exporter, 0) : SL_OK;
}

/* Rejected rows become safe before the rows behind them. */
static sl_status commit_rejects(sl_once *once)
{
    for (uint32_t i = 0; i < once->plan->count; i++) {
        if (!once->plan->stages[i].rejects_only || !sl_once_commits(once, i))
            continue;
        sl_status status = once->options.drain(once->options.of, i);
        if (status == SL_OK)
            status = commit_one(once, i, 0);
        if (status != SL_OK)
            return status;
    }
    return SL_OK;
}

/* exporter: whose final commit it is; UINT32_MAX: nobody's. SL_END: not now. */
static sl_status commit_together(sl_once *once, uint32_t exporter)
{
    for (uint32_t i = 0; i < once->plan->count; i++)
        if (is_main(once, i) && i != exporter && !sl_generator_settled(once->generators[i]))
            return SL_END;
    sl_status status = commit_rejects(once);
    for (uint32_t i = 0; i < once->plan->count && status == SL_OK; i++)
        if (is_main(once, i) && i != exporter)
            status = commit_one(once, i, 0);
    if (status == SL_OK && exporter != UINT32_MAX)
        status = commit_one(once, exporter, 1);
    return status;
}

sl_status sl_once_commit(sl_once *once, uint32_t exporter, int32_t final)
{
    uint32_t kind = once->paths[exporter].kind;
    if (kind == SL_PATH_WHOLE && !final)
        return SL_OK;
    if (kind != SL_PATH_EXACTLY)
        return commit_one(once, exporter, final);
    if (once->plan->stages[exporter].rejects_only)
        return final ? commit_one(once, exporter, 1) : SL_OK;
    sl_status status = commit_together(once, final ? exporter : UINT32_MAX);
    if (status == SL_END) /* another stands inside a split batch */
        return final ? SL_PENDING : SL_OK;
    return status;
}

sl_status sl_once_commit_all(sl_once *once)
{
    sl_status answer = SL_OK;
    int32_t together = 0;
    for (uint32_t i = 0; i < once->plan->count; i++) {
        if (once->plan->stages[i].type->role != SL_EXPORTER)
            continue;
        if (once->paths[i].kind == SL_PATH_LEAST) {
            sl_status status = commit_one(once, i, 0);
            answer = status != SL_OK ? status : answer;
        }
        together |= is_main(once, i) && sl_generator_uncommitted(once->generators[i]);
        if (answer == SL_ERROR)
            return answer;
    }
    if (!together)
        return answer;
    sl_status status = commit_together(once, UINT32_MAX);
    return status == SL_OK || status == SL_END ? answer : status;
}

int32_t sl_once_has_reject(const sl_once *once, uint32_t stage, uint32_t exporter)
{
    const once_exporter *at = &once->exporters[exporter];
    return at->taken && sl_generator_rejected(once->generators[stage]) <= at->taken[stage];
}

void sl_once_close(sl_once *once)
{
    for (uint32_t i = 0; i < once->plan->count; i++)
        if (once->exporters[i].open && once->exporters[i].out.size > 0 &&
            !sl_generator_uncertain(once->generators[i]))
            sl_once_store(once, i, 1);
}

/* ---- What one may know of it ------------------------------------------------------------------
 */

const sl_path *sl_once_path(const sl_once *once, uint32_t exporter)
{
    return &once->paths[exporter];
}

int64_t sl_once_since(const sl_once *once)
{
    return once->since;
}

const char *sl_once_changed(const sl_once *once, uint32_t index)
{
    return index < once->changed_count ? once->changed[index] : NULL;
}

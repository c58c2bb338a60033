/*
 * resume.c - where a run goes on: checkpoints are read, held against the YAML, and every stage is
 * put where it stood; see once.h.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "config/fingerprint.h"
#include "daemon/once_inside.h"
#include "stages/json.h"

/* ---- Checkpoints ---------------------------------------------------------------------------- */

const char *sl_once_target(sl_once *once, uint32_t exporter)
{
    const sl_plan_stage *stage = &once->plan->stages[exporter];
    const sl_env *env = once->run->env;
    sl_option room;
    const sl_option *option;
    const sl_value *value = NULL;
    for (uint32_t i = 0; !value && (option = sl_option_at(stage->type, i, &room)); i++)
        if (option->type == SL_OPTION_PATH)
            value = sl_value_get(stage->options, option->name);
    if (!value || !value->text)
        return "";
    char folder[PATH_MAX], whole[PATH_MAX];
    const char *slash = strrchr(value->text, '/');
    size_t size = slash ? (size_t)(slash - value->text) : 1;
    if (env->resolve(env->context, value->text, whole, sizeof whole) == 0 && *whole == '/')
        return sl_arena_copy(once->run->arena, whole, strlen(whole));
    if (size >= sizeof folder)
        return value->text;
    memcpy(folder, slash ? value->text : ".", size);
    folder[size] = '\0';
    if (env->resolve(env->context, size ? folder : "/", whole, sizeof whole) < 0)
        return value->text;
    return sl_arena_format(once->run->arena, "%s/%s", strcmp(whole, "/") == 0 ? "" : whole,
                           slash ? slash + 1 : value->text);
}

sl_status sl_once_read(sl_once *once, uint32_t exporter, const char **text, int64_t *changed)
{
    once_exporter *at = &once->exporters[exporter];
    sl_generator *generator = once->generators[exporter];
    *text = NULL;
    *changed = 0;
    if (at->in_state) {
        const char *target = sl_once_target(once, exporter);
        sl_stage *stage = sl_generator_stage(generator);
        if (!target)
            return sl_once_no_memory(once);
        at->entry.key = (sl_checkpoint_key){
            .graph = once->plan->name, .exporter = stage->host->key(stage), .target = target};
        return sl_state_read(once->state, &at->entry, once->run->arena, text, changed);
    }
    sl_text kept = {0};
    sl_status status = sl_generator_recover(generator, &kept);
    if (status == SL_OK && kept.data)
        *text = sl_arena_copy(once->run->arena, kept.data, kept.size);
    if (status == SL_OK && kept.data && !*text)
        status = sl_once_no_memory(once);
    sl_env_allocate(once->run->env, kept.data, 0);
    return status;
}

static void draw_origin(sl_once *once, once_exporter *at)
{
    uint64_t number;
    once->run->env->random(once->run->env->context, &number, sizeof number);
    sl_fingerprint_text(number, at->origin);
}

static sl_status recover_one(sl_once *once, uint32_t exporter)
{
    once_exporter *at = &once->exporters[exporter];
    const char *text, *why;
    int64_t changed;
    if (sl_once_read(once, exporter, &text, &changed) != SL_OK)
        return SL_ERROR;
    at->found = text;
    draw_origin(once, at);
    sl_checkpoint_begin(&at->stored, at->origin, 0);
    sl_checkpoint_stages_end(&at->stored);
    if (!text)
        return at->stored.failed ? sl_once_no_memory(once) : SL_OK;
    sl_kept *kept = sl_arena_take(once->run->arena, sizeof *kept);
    if (!kept)
        return sl_once_no_memory(once);
    int known = sl_checkpoint_parse(once->run->arena, text, kept, &why);
    if (known < 0 && !once->options.fresh)
        return sl_paths_mistake(
            once->plan, exporter, "use the version that wrote it, or begin again with --fresh",
            once->run->errors, "the checkpoint of this exporter is of no use: %s", why);
    kept->changed = kept->changed ? kept->changed : changed;
    if (once->options.fresh) {
        /* A file is cut back all the same: what a killed run left behind is nobody's. */
        *kept = (sl_kept){.out = kept->out};
        at->kept = at->in_state ? kept : NULL;
        return SL_OK;
    }
    at->kept = kept;
    at->known = 1;
    if (kept->origin)
        snprintf(at->origin, sizeof at->origin, "%s", kept->origin);
    sl_checkpoint_again(&at->stored, kept, at->origin);
    at->changed = kept->changed;
    at->rows_before = kept->rows;
    return at->stored.failed ? sl_once_no_memory(once) : SL_OK;
}

sl_status sl_once_recover(sl_once *once)
{
    for (uint32_t i = 0; i < once->plan->count; i++)
        if (once->plan->stages[i].type->role == SL_EXPORTER && recover_one(once, i) != SL_OK)
            return SL_ERROR;
    return SL_OK;
}

sl_status sl_once_kept_type(sl_once *once, uint32_t stage, const char *column, sl_type *type)
{
    const sl_plan_stage *of = &once->plan->stages[stage];
    char print[17];
    sl_fingerprint_text(sl_fingerprint_source(of), print);
    for (uint32_t i = 0; i < once->plan->count; i++) {
        const sl_kept_stage *kept = sl_kept_stage_of(once->exporters[i].kept, of->name);
        if (kept && strcmp(kept->source, print) == 0)
            return sl_kept_type(kept, column, type);
    }
    return SL_END;
}

/* ---- Held against the YAML ----------------------------------------------------------------------
 */

#define WAYS_OUT                                                                                   \
    "put the YAML back as it was; or begin again with `sluice run --fresh`; or say where to go "   \
    "on with `sluice checkpoint rewind` or `set`"

uint32_t sl_once_stage(const sl_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (strcmp(plan->stages[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

static sl_status check_stage(sl_once *once, uint32_t exporter, const sl_kept_stage *kept)
{
    const sl_plan *plan = once->plan;
    uint32_t index = sl_once_stage(plan, kept->name);
    char print[17];
    int32_t there = index != UINT32_MAX && sl_paths_reach(plan, index, exporter) &&
                    strcmp(plan->stages[index].type->name, kept->type) == 0;
    if (!there && kept->reader)
        return sl_paths_mistake(plan, exporter, WAYS_OUT, once->run->errors,
                                "the rows of '%s' came from a reader '%s' that is not there now",
                                plan->stages[exporter].name, kept->name);
    if (!there && *kept->json)
        return sl_paths_mistake(plan, exporter, WAYS_OUT, once->run->errors,
                                "the rows of '%s' came through a stage '%s' with a state that is "
                                "not there now",
                                plan->stages[exporter].name, kept->name);
    if (!there || !kept->reader)
        return SL_OK;
    sl_fingerprint_text(sl_fingerprint_source(&plan->stages[index]), print);
    if (!*kept->source || strcmp(kept->source, print) == 0)
        return SL_OK;
    return sl_paths_mistake(plan, index, WAYS_OUT, once->run->errors,
                            "this reads another source than the one whose rows '%s' has",
                            plan->stages[exporter].name);
}

static void note_change(sl_once *once, const char *name)
{
    for (uint32_t i = 0; i < once->changed_count; i++)
        if (strcmp(once->changed[i], name) == 0)
            return;
    const char **changed =
        sl_arena_take(once->run->arena, (once->changed_count + 1) * sizeof *changed);
    if (!changed)
        return; /* it is only said */
    if (once->changed_count > 0)
        memcpy(changed, once->changed, once->changed_count * sizeof *changed);
    changed[once->changed_count++] = name;
    once->changed = changed;
}

static void note_changes(sl_once *once, uint32_t exporter, const sl_kept *kept)
{
    const sl_plan *plan = once->plan;
    char print[17];
    for (uint32_t i = 0; i < kept->path_count; i++) {
        uint32_t index = sl_once_stage(plan, kept->path[i].name);
        if (index == UINT32_MAX) {
            note_change(once, kept->path[i].name);
            continue;
        }
        sl_fingerprint_text(sl_fingerprint_stage(&plan->stages[index]), print);
        if (kept->path[i].text && strcmp(kept->path[i].text, print) != 0)
            note_change(once, kept->path[i].name);
    }
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].type->role != SL_EXPORTER && sl_paths_reach(plan, i, exporter) &&
            !sl_kept_pair_of(kept->path, kept->path_count, plan->stages[i].name))
            note_change(once, plan->stages[i].name);
}

static sl_status check_keys(sl_once *once)
{
    const sl_plan *plan = once->plan;
    for (uint32_t i = 0; i < plan->count; i++)
        for (uint32_t j = 0; sl_once_commits(once, i) && j < i; j++) {
            const char *a = sl_once_target(once, i), *b = sl_once_target(once, j);
            if (!sl_once_commits(once, j) || plan->stages[i].type != plan->stages[j].type ||
                plan->stages[i].named || plan->stages[j].named || !a || !b || strcmp(a, b) != 0)
                continue;
            const sl_value *x = sl_value_get(plan->stages[i].options, "table");
            const sl_value *y = sl_value_get(plan->stages[j].options, "table");
            if (!x || !y || !x->text || !y->text || strcmp(x->text, y->text) == 0)
                return sl_paths_mistake(plan, i, "give each a `name:`", once->run->errors,
                                        "two exporters write to the same target, and their "
                                        "checkpoints cannot be told apart");
        }
    return SL_OK;
}

void sl_once_check(sl_once *once, uint32_t exporter, const sl_kept *kept)
{
    for (uint32_t k = 0; k < kept->stages_count; k++)
        check_stage(once, exporter, &kept->stages[k]);
    if (!once->plan->stages[exporter].rejects_only && kept->stages_count > 0)
        note_changes(once, exporter, kept);
}

sl_status sl_once_judge(sl_once *once)
{
    sl_errors *errors = once->run->errors;
    uint32_t before = errors->errors;
    if (sl_paths_judge(once->plan, once->generators, once->state != NULL, once->run->arena, errors,
                       once->paths) != SL_OK ||
        check_keys(once) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < once->plan->count; i++) {
        const sl_kept *kept = once->exporters[i].kept;
        if (!kept || !sl_once_commits(once, i))
            continue;
        sl_once_check(once, i, kept);
        if (kept->stages_count > 0 && kept->changed > once->since)
            once->since = kept->changed;
    }
    return errors->errors > before ? SL_ERROR : SL_OK;
}

/* ---- What must be safe before something else is -----------------------------------------------
 */

/* 1: a row that goes to `exporter` and one that goes to `other` become safe in one action. */
static int32_t together(sl_once *once, uint32_t exporter, uint32_t other)
{
    const sl_plan_stage *a = &once->plan->stages[exporter], *b = &once->plan->stages[other];
    const char *one = sl_once_target(once, exporter), *two = sl_once_target(once, other);
    return a->type == b->type && a->type->recover && one && two && *one && strcmp(one, two) == 0;
}

static void order(sl_once *once)
{
    const sl_plan *plan = once->plan;
    for (uint32_t i = 0; i < plan->count; i++)
        for (uint32_t j = 0; plan->stages[i].rejects_only && j < plan->count; j++)
            if (plan->stages[j].type->role == SL_EXPORTER && !plan->stages[j].rejects_only &&
                !together(once, i, j))
                once->exporters[i].durable = 1;
}

int32_t sl_once_durable(const sl_once *once, uint32_t stage)
{
    return once->exporters[stage].durable;
}

/* ---- One run at a time -------------------------------------------------------------------------
 */

sl_status sl_once_lock(sl_once *once, uint32_t exporter)
{
    once_exporter *at = &once->exporters[exporter];
    sl_stage *stage = sl_generator_stage(once->generators[exporter]);
    const sl_value *table = sl_value_get(once->plan->stages[exporter].options, "table");
    const char *target = sl_once_target(once, exporter);
    const char *what = target
                           ? sl_arena_format(once->run->arena, "%s|%s|%s", stage->host->key(stage),
                                             target, table && table->text ? table->text : "")
                           : NULL;
    if (!what)
        return sl_once_no_memory(once);
    if (sl_state_lock(once->state, what, at->in_state) != SL_OK)
        return SL_ERROR;
    int64_t changed;
    const char *text;
    /* Another run may have ended since the checkpoint was read. */
    if (sl_once_read(once, exporter, &text, &changed) != SL_OK)
        return SL_ERROR;
    if ((!text && !at->found) || (text && at->found && strcmp(text, at->found) == 0))
        return SL_OK;
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_TRY_AGAIN,
                      .stage = stage->name,
                      .hint = "run again"};
    return sl_errors_add(once->run->errors, &error, "another run of graph '%s' came in between",
                         once->plan->name);
}

static sl_status lock(sl_once *once)
{
    for (uint32_t i = 0; once->state && !once->run->rehearsing && i < once->plan->count; i++) {
        int32_t held = once->exporters[i].in_state && once->paths[i].kind == SL_PATH_WHOLE &&
                       once->plan->stages[i].rejects_only;
        if ((sl_once_commits(once, i) || held) && sl_once_lock(once, i) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

/* ---- Everybody to his place
 * ----------------------------------------------------------------------
 */

/* GIVES what an exporter has committed as a stamp; NULL: nothing, or no memory (*failed). */
static sl_stamp *stamp_of(sl_once *once, uint32_t exporter, int32_t *failed)
{
    sl_pool *pool = once->run->pool;
    const sl_kept *kept = once->exporters[exporter].kept;
    sl_stamp *sum = NULL;
    *failed = 0;
    for (uint32_t i = 0; kept && i < kept->stages_count && !*failed; i++) {
        const sl_kept_stage *stage = &kept->stages[i];
        uint32_t index = sl_once_stage(once->plan, stage->name);
        if (index == UINT32_MAX || index == exporter ||
            !sl_paths_reach(once->plan, index, exporter))
            continue;
        struct sl_stamp_part part = {.stage = index,
                                     .reader = stage->reader,
                                     .count = stage->count,
                                     .rejected = stage->rejected,
                                     .json = stage->json};
        sl_stamp *one = sl_stamp_new(pool, &part);
        sl_stamp *joined = one ? sl_stamp_join(pool, sum, one, failed) : NULL;
        *failed = *failed || !one;
        sl_stamp_release(pool, one);
        sl_stamp_release(pool, sum);
        sum = joined;
    }
    return sum;
}

/* The smallest part of a stage among the exporters that it leads to; NULL: one of them has none. */
static const sl_kept_stage *smallest(const sl_once *once, uint32_t stage)
{
    const sl_plan *plan = once->plan;
    const sl_kept_stage *least = NULL;
    for (uint32_t i = 0; i < plan->count; i++) {
        if (!sl_once_commits(once, i) || plan->stages[i].rejects_only ||
            !sl_paths_reach(plan, stage, i))
            continue;
        const sl_kept_stage *kept =
            sl_kept_stage_of(once->exporters[i].kept, plan->stages[stage].name);
        if (!kept)
            return NULL;
        if (!least || kept->count < least->count)
            least = kept;
    }
    return least;
}

static sl_status resume_stage(sl_once *once, uint32_t stage)
{
    const sl_kept_stage *kept = smallest(once, stage);
    sl_generator *generator = once->generators[stage];
    if (kept &&
        sl_generator_resume(generator, &(struct sl_stamp_part){.stage = stage,
                                                               .reader = kept->reader,
                                                               .count = kept->count,
                                                               .rejected = kept->rejected,
                                                               .json = kept->json}) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < once->plan->count; i++) { /* batches end where each exporter stood */
        const sl_kept_stage *of =
            sl_once_commits(once, i)
                ? sl_kept_stage_of(once->exporters[i].kept, once->plan->stages[stage].name)
                : NULL;
        if (of && of->reader && of->count > (kept ? kept->count : 0) &&
            sl_generator_bound(generator, of->count) < 0)
            return sl_once_no_memory(once);
    }
    return SL_OK;
}

/* Whether the exporters that a reject exporter precedes are those that it knew: not begun anew. */
static int32_t still_precedes(const sl_once *once, const sl_kept *kept)
{
    for (uint32_t i = 0; i < kept->before_count; i++) {
        const char *origin = kept->before[i].text;
        uint32_t index = sl_once_stage(once->plan, kept->before[i].name);
        if (origin && *origin &&
            (index == UINT32_MAX || !once->exporters[index].kept ||
             strcmp(once->exporters[index].origin, origin) != 0))
            return 0;
    }
    return 1;
}

static sl_status resume_rejects(sl_once *once, uint32_t exporter)
{
    const sl_plan *plan = once->plan;
    once_exporter *at = &once->exporters[exporter];
    if (!plan->stages[exporter].rejects_only || !sl_once_commits(once, exporter) || !at->kept ||
        !still_precedes(once, at->kept))
        return SL_OK;
    at->taken = sl_arena_take(once->run->arena, plan->count * sizeof *at->taken);
    if (!at->taken)
        return sl_once_no_memory(once);
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_kept_pair *pair =
            sl_kept_pair_of(at->kept->taken, at->kept->taken_count, plan->stages[i].name);
        at->taken[i] = pair ? pair->number : 0;
    }
    return SL_OK;
}

/* A file is cut back to what its checkpoint speaks of, and is marked as being written. */
static sl_status resume_file(sl_once *once, uint32_t exporter)
{
    once_exporter *at = &once->exporters[exporter];
    const char *why;
    uint32_t promise = sl_generator_promise(once->generators[exporter], &why);
    if (!at->in_state || promise != SL_PROMISE_RESUMES ||
        once->paths[exporter].kind == SL_PATH_LEAST)
        return SL_OK;
    const char *out = at->kept ? at->kept->out : NULL;
    int64_t clean;
    if (out && at->kept->rows == 0 && sl_json_get_integer(out, "clean", &clean) == 1)
        out = NULL; /* nothing in it is ours */
    if (out && sl_generator_resume(once->generators[exporter],
                                   &(struct sl_stamp_part){.json = out}) != SL_OK)
        return SL_ERROR;
    if (once->run->rehearsing)
        return SL_OK;
    at->open = 1;
    at->known = 1;
    /* Were the mark lost, what is written behind it would be taken for somebody else's. */
    int32_t durable = at->durable;
    at->durable = 1;
    sl_status status = sl_once_store(once, exporter, 0);
    at->durable = durable;
    return status;
}

static sl_status resume_exporter(sl_once *once, uint32_t exporter)
{
    once_exporter *at = &once->exporters[exporter];
    if (resume_file(once, exporter) != SL_OK || resume_rejects(once, exporter) != SL_OK)
        return SL_ERROR;
    if (!at->kept || !sl_once_commits(once, exporter))
        return SL_OK;
    const sl_kept_stage *own = sl_kept_stage_of(at->kept, once->plan->stages[exporter].name);
    if (own &&
        sl_generator_resume(once->generators[exporter],
                            &(struct sl_stamp_part){
                                .stage = exporter, .rejected = own->rejected, .json = ""}) != SL_OK)
        return SL_ERROR;
    int32_t failed;
    sl_stamp *stamp = stamp_of(once, exporter, &failed);
    if (failed) {
        sl_stamp_release(once->run->pool, stamp);
        return sl_once_no_memory(once);
    }
    sl_generator_ahead(once->generators[exporter], stamp);
    return SL_OK;
}

sl_status sl_once_resume(sl_once *once)
{
    const sl_plan *plan = once->plan;
    order(once);
    if (lock(once) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < plan->count; i++) {
        int32_t exports = plan->stages[i].type->role == SL_EXPORTER;
        if ((exports ? resume_exporter(once, i) : resume_stage(once, i)) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

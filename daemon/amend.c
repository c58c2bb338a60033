/*
 * amend.c - see amend.h.
 */
#include "daemon/amend.h"

#include <string.h>

#include "config/fingerprint.h"
#include "daemon/once_inside.h"
#include "daemon/words.h"
#include "stages/sqlite_db.h"

#define BUSY 5000000 /* microseconds that a locked database is waited for */
#define NOTHING "{}" /* keeps the epoch, and is no checkpoint */

/* ---- Reading -------------------------------------------------------------------------------- */

static int32_t in_sqlite(const sl_plan_stage *stage)
{
    return strcmp(stage->type->name, "sqlite") == 0 && stage->type->recover &&
           sl_words_option(stage, "database") && sl_words_option(stage, "table");
}

sl_status sl_amend_read(sl_once *once, uint32_t exporter, sl_amend_kept *found)
{
    const sl_plan_stage *stage = &once->plan->stages[exporter];
    int64_t changed;
    *found = (sl_amend_kept){0};
    if (sl_once_read(once, exporter, &found->text, &changed) != SL_OK)
        return SL_ERROR;
    once->exporters[exporter].found = found->text;
    if (once->exporters[exporter].in_state)
        found->place = sl_state_file(once->state);
    else if (in_sqlite(stage))
        found->place = sl_words_option(stage, "database");
    if (!found->text)
        return SL_OK;
    if (sl_checkpoint_parse(once->run->arena, found->text, &found->kept, &found->why) < 0)
        found->kept = (sl_kept){0};
    else
        found->why = NULL;
    if (found->kept.changed == 0)
        found->kept.changed = changed;
    return SL_OK;
}

sl_status sl_amend_judge(sl_once *once, uint32_t exporter, const sl_amend_kept *found,
                         const char **refusal)
{
    sl_errors *said = once->run->errors;
    sl_errors judged = {.arena = once->run->arena, .limit = SL_ERRORS_LIMIT};
    *refusal = found->why;
    once->changed_count = 0;
    if (!found->text || found->why)
        return SL_OK;
    once->run->errors = &judged;
    sl_once_check(once, exporter, &found->kept);
    once->run->errors = said;
    if (judged.count == 0)
        return SL_OK;
    *refusal = sl_arena_format(once->run->arena, "stage '%s': %s", judged.list[0].stage,
                               judged.list[0].message);
    return *refusal ? SL_OK : sl_once_no_memory(once);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static sl_status meanwhile(sl_once *once, uint32_t exporter)
{
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_TRY_AGAIN,
                      .stage = once->plan->stages[exporter].name,
                      .hint = "wait until the run has ended, then say it again"};
    return sl_errors_add(once->run->errors, &error, "a run of graph '%s' came in between",
                         once->plan->name);
}

static sl_status no_database(sl_once *once, uint32_t exporter, const char *path)
{
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_NO_INPUT,
                      .stage = once->plan->stages[exporter].name,
                      .hint = "make the database first, so that there is a place for the position"};
    return sl_errors_add(once->run->errors, &error, "there is no database '%s' yet", path);
}

/* In the open transaction: what is there is still what was read, and becomes `blob`. */
static int exchange(sl_sqlite *db, const sl_checkpoint_key *key, const char *before,
                    const sl_blob *blob)
{
    sl_checkpoint found;
    int32_t ours = 0;
    int rc = sl_checkpoint_find(db->handle, key, &found);
    int same = found.text && before ? strcmp(found.text, before) == 0 : found.text == before;
    sqlite3_free(found.text);
    if (rc == SQLITE_OK && !same)
        return SL_CHECKPOINT_FENCED;
    if (rc == SQLITE_OK)
        rc = sl_checkpoint_store(db->handle, key, blob,
                                 db->stage->env->now(db->stage->env->context), &found.epoch, &ours);
    return rc;
}

static sl_status write_sqlite(sl_once *once, uint32_t exporter, const char *before,
                              const sl_blob *blob)
{
    const sl_plan_stage *of = &once->plan->stages[exporter];
    sl_stage *stage = sl_generator_stage(once->generators[exporter]);
    sl_sqlite db = {
        .stage = stage, .path = sl_words_option(of, "database"), .busy = BUSY, .writes = 1};
    sl_checkpoint_key key = {.graph = once->plan->name,
                             .exporter = stage->host->key(stage),
                             .target = sl_words_option(of, "table")};
    int32_t there;
    sl_sqlite_block(&db, 1);
    if (sl_sqlite_find(&db, &there, NULL) != SL_OK)
        return SL_ERROR;
    if (!there)
        return no_database(once, exporter, db.path);
    if (sl_sqlite_open(&db, 0) != SL_OK)
        return SL_ERROR;
    sl_sqlite_block(&db, 1);
    int rc = sl_sqlite_run(&db, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK)
        rc = exchange(&db, &key, before, blob);
    if (rc == SQLITE_OK)
        rc = sl_sqlite_run(&db, "COMMIT");
    sl_status status = SL_OK;
    if (rc == SL_CHECKPOINT_FENCED)
        status = meanwhile(once, exporter);
    else if (rc != SQLITE_OK)
        status = sl_sqlite_fail(&db, rc, "write the checkpoint to");
    sl_sqlite_close(&db); /* rolls back what is open */
    return status;
}

static sl_status write(sl_once *once, uint32_t exporter, const char *before, const sl_blob *blob)
{
    once_exporter *at = &once->exporters[exporter];
    if (at->in_state)
        return sl_state_write(once->state, &at->entry, blob->data, blob->size, 1);
    if (in_sqlite(&once->plan->stages[exporter]))
        return write_sqlite(once, exporter, before, blob);
    return sl_paths_mistake(once->plan, exporter, "begin again with `sluice run --fresh`",
                            once->run->errors,
                            "this exporter keeps its checkpoint in a way of its own, which cannot "
                            "be changed from outside");
}

static sl_status write_kept(sl_once *once, uint32_t exporter, const char *before,
                            const sl_kept *kept)
{
    const sl_env *env = once->run->env;
    sl_builder body = {.env = env}, all = {.env = env};
    char origin[17];
    uint64_t number;
    env->random(env->context, &number, sizeof number);
    sl_fingerprint_text(number, origin);
    sl_checkpoint_again(&body, kept, kept->origin ? kept->origin : origin);
    sl_checkpoint_whole(&all, &body, kept->changed ? kept->changed : env->now(env->context),
                        kept->out, 0);
    sl_status status =
        all.failed ? sl_once_no_memory(once)
                   : write(once, exporter, before, &(sl_blob){.data = all.data, .size = all.size});
    sl_builder_done(&body);
    sl_builder_done(&all);
    return status;
}

/* ---- The YAML as it is now --------------------------------------------------------------------
 */

static const char *print_text(sl_once *once, uint64_t fingerprint)
{
    char print[17];
    sl_fingerprint_text(fingerprint, print);
    return sl_arena_copy(once->run->arena, print, 16);
}

static sl_status adopt_path(sl_once *once, uint32_t exporter, sl_kept *kept)
{
    const sl_plan *plan = once->plan;
    kept->path = sl_arena_take(once->run->arena, plan->count * sizeof *kept->path);
    kept->path_count = 0;
    for (uint32_t i = 0; kept->path && i < plan->count; i++) {
        if (plan->stages[i].type->role == SL_EXPORTER || !sl_paths_reach(plan, i, exporter))
            continue;
        sl_kept_pair pair = {.name = plan->stages[i].name,
                             .text = print_text(once, sl_fingerprint_stage(&plan->stages[i]))};
        if (!pair.text)
            return sl_once_no_memory(once);
        kept->path[kept->path_count++] = pair;
    }
    return kept->path ? SL_OK : sl_once_no_memory(once);
}

/* Whether what is kept of a stage is of one that is there now. */
static int32_t is_there(const sl_once *once, uint32_t exporter, const sl_kept_stage *kept)
{
    uint32_t index = sl_once_stage(once->plan, kept->name);
    return index != UINT32_MAX && sl_paths_reach(once->plan, index, exporter) &&
           strcmp(once->plan->stages[index].type->name, kept->type) == 0;
}

/* The source of a reader becomes the one it reads now; types are those of the old one. */
static sl_status adopt_source(sl_once *once, sl_kept_stage *kept)
{
    uint32_t index = sl_once_stage(once->plan, kept->name);
    const char *print = print_text(once, sl_fingerprint_source(&once->plan->stages[index]));
    if (!print)
        return sl_once_no_memory(once);
    if (strcmp(print, kept->source) != 0)
        kept->types = "";
    kept->source = print;
    return SL_OK;
}

static sl_status adopt(sl_once *once, uint32_t exporter, sl_kept *kept)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < kept->stages_count; i++) {
        if (!is_there(once, exporter, &kept->stages[i]))
            continue;
        kept->stages[count] = kept->stages[i];
        if (kept->stages[count].reader && adopt_source(once, &kept->stages[count]) != SL_OK)
            return SL_ERROR;
        count++;
    }
    kept->stages_count = count;
    return adopt_path(once, exporter, kept);
}

/* ---- What all three do ------------------------------------------------------------------------
 */

static int32_t is_exporter(const sl_once *once, uint32_t stage)
{
    return once->plan->stages[stage].type->role == SL_EXPORTER;
}

static int32_t keeps(const sl_once *once, uint32_t stage)
{
    return is_exporter(once, stage) &&
           (once->exporters[stage].in_state || once->plan->stages[stage].type->recover);
}

/* Reads what is kept of all exporters, by stage, and takes the locks of those that have something;
 * `all`: of all. What comes in between is found when it is written. NULL: said. */
static sl_amend_kept *begin(sl_once *once, int32_t all)
{
    uint32_t count = once->plan->count;
    sl_amend_kept *found = sl_arena_take(once->run->arena, count * sizeof *found);
    if (!found)
        sl_once_no_memory(once);
    for (uint32_t i = 0; found && i < count; i++) {
        if (!keeps(once, i))
            continue;
        if (sl_amend_read(once, i, &found[i]) != SL_OK)
            return NULL;
        if (once->state && (all || found[i].text) && sl_once_lock(once, i) != SL_OK)
            return NULL;
    }
    return found;
}

static sl_status unreadable(sl_once *once, uint32_t exporter, const char *why)
{
    return sl_paths_mistake(once->plan, exporter,
                            "`sluice checkpoint drop` forgets it, and so does `sluice run --fresh`",
                            once->run->errors, "the checkpoint of this exporter is of no use: %s",
                            why);
}

/* Rejected rows of stages on the way to the exporters of `moved` will come again. */
static sl_status forget_taken(sl_once *once, sl_amend_kept *found, const int32_t *moved)
{
    const sl_plan *plan = once->plan;
    for (uint32_t r = 0; r < plan->count; r++) {
        sl_kept *kept = &found[r].kept;
        uint32_t count = 0;
        if (!plan->stages[r].rejects_only || !found[r].text || found[r].why)
            continue;
        for (uint32_t i = 0; i < kept->taken_count; i++) {
            uint32_t stage = sl_once_stage(plan, kept->taken[i].name);
            int32_t again = stage == UINT32_MAX;
            for (uint32_t e = 0; e < plan->count && !again; e++)
                again = moved[e] && sl_paths_reach(plan, stage, e);
            if (!again)
                kept->taken[count++] = kept->taken[i];
        }
        if (count == kept->taken_count)
            continue;
        kept->taken_count = count;
        if (write_kept(once, r, found[r].text, kept) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

/* ---- set ------------------------------------------------------------------------------------ */

/* Rows that the exporters behind a reader have of it, at most; and rejected ones. */
static sl_kept_stage furthest(const sl_once *once, const sl_amend_kept *found, uint32_t reader)
{
    const sl_plan_stage *stage = &once->plan->stages[reader];
    sl_kept_stage most = {
        .name = stage->name, .type = stage->type->name, .reader = 1, .source = "", .types = ""};
    for (uint32_t i = 0; i < once->plan->count; i++) {
        const sl_kept_stage *kept = sl_kept_stage_of(&found[i].kept, stage->name);
        if (!kept || !kept->reader || !is_there(once, i, kept))
            continue;
        most.count = kept->count > most.count ? kept->count : most.count;
        most.rejected = kept->rejected > most.rejected ? kept->rejected : most.rejected;
        most.source = kept->source;
        most.types = kept->types;
    }
    return most;
}

static sl_status set_one(sl_once *once, uint32_t exporter, sl_amend_kept *found,
                         const sl_kept_stage *part)
{
    sl_kept *kept = &found->kept;
    sl_kept_stage *stages =
        sl_arena_take(once->run->arena, (kept->stages_count + 1) * sizeof *stages);
    uint32_t count = 0;
    if (!stages)
        return sl_once_no_memory(once);
    stages[count++] = *part;
    for (uint32_t i = 0; i < kept->stages_count; i++)
        if (strcmp(kept->stages[i].name, part->name) != 0)
            stages[count++] = kept->stages[i];
    kept->stages = stages;
    kept->stages_count = count;
    if (adopt(once, exporter, kept) != SL_OK)
        return SL_ERROR;
    return write_kept(once, exporter, found->text, kept);
}

static int32_t follows(const sl_once *once, uint32_t exporter, uint32_t reader)
{
    return keeps(once, exporter) && !once->plan->stages[exporter].rejects_only &&
           sl_paths_reach(once->plan, reader, exporter);
}

sl_status sl_amend_set(sl_once *once, uint32_t reader, const char *position)
{
    const sl_plan *plan = once->plan;
    sl_amend_kept *found = begin(once, 1);
    int32_t *moved = sl_arena_take(once->run->arena, plan->count * sizeof *moved);
    if (!found || !moved)
        return found ? sl_once_no_memory(once) : SL_ERROR;
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        moved[i] = follows(once, i, reader);
        count += moved[i] != 0;
        if (moved[i] && found[i].why)
            return unreadable(once, i, found[i].why);
    }
    if (count == 0)
        return sl_paths_mistake(plan, reader, "see `sluice check`", once->run->errors,
                                "no exporter behind this reader keeps a position");
    sl_kept_stage part = furthest(once, found, reader);
    part.json = position;
    sl_status status = forget_taken(once, found, moved);
    for (uint32_t i = 0; i < plan->count && status == SL_OK; i++)
        if (moved[i])
            status = set_one(once, i, &found[i], &part);
    return status;
}

/* ---- rewind and drop --------------------------------------------------------------------------
 */

static sl_status nothing_kept(sl_once *once, uint32_t exporter)
{
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_NO_INPUT,
                      .hint =
                          "`sluice checkpoint ls` shows what is kept; another --state, --set or "
                          "directory has other checkpoints"};
    if (exporter == UINT32_MAX)
        return sl_errors_add(once->run->errors, &error, "graph '%s' has no checkpoint",
                             once->plan->name);
    return sl_errors_add(once->run->errors, &error, "exporter '%s' has no checkpoint",
                         once->plan->stages[exporter].name);
}

/* Marks the exporters that are meant and have something. 0: none, said. */
static int32_t choose(sl_once *once, const sl_amend_kept *found, uint32_t exporter, int32_t *moved)
{
    int32_t some = 0;
    for (uint32_t i = 0; i < once->plan->count; i++) {
        moved[i] = is_exporter(once, i) && (exporter == UINT32_MAX || exporter == i) &&
                   found[i].text != NULL;
        some |= moved[i];
    }
    if (!some)
        nothing_kept(once, exporter);
    return some;
}

sl_status sl_amend_rewind(sl_once *once, uint32_t exporter)
{
    const sl_plan *plan = once->plan;
    if (exporter != UINT32_MAX && plan->stages[exporter].rejects_only)
        return sl_paths_mistake(
            plan, exporter, "rewind the exporter that the other rows go to", once->run->errors,
            "a reject exporter has no place of its own: it goes with the others");
    sl_amend_kept *found = begin(once, 0);
    int32_t *moved = sl_arena_take(once->run->arena, plan->count * sizeof *moved);
    if (!found || !moved)
        return found ? sl_once_no_memory(once) : SL_ERROR;
    if (!choose(once, found, exporter, moved))
        return SL_ERROR;
    for (uint32_t i = 0; i < plan->count; i++)
        if (moved[i] && found[i].why)
            return unreadable(once, i, found[i].why);
    sl_status status = forget_taken(once, found, moved);
    for (uint32_t i = 0; i < plan->count && status == SL_OK; i++) {
        if (!moved[i] || plan->stages[i].rejects_only)
            continue;
        found[i].kept.stages_count = 0;
        status = adopt_path(once, i, &found[i].kept);
        if (status == SL_OK)
            status = write_kept(once, i, found[i].text, &found[i].kept);
    }
    return status;
}

sl_status sl_amend_drop(sl_once *once, uint32_t exporter)
{
    const sl_plan *plan = once->plan;
    sl_amend_kept *found = begin(once, 0);
    int32_t *moved = sl_arena_take(once->run->arena, plan->count * sizeof *moved);
    if (!found || !moved)
        return found ? sl_once_no_memory(once) : SL_ERROR;
    if (!choose(once, found, exporter, moved))
        return SL_ERROR;
    sl_blob nothing = {.data = NOTHING, .size = sizeof NOTHING - 1};
    sl_status status = SL_OK;
    for (uint32_t i = 0; i < plan->count && status == SL_OK; i++)
        if (moved[i])
            status = write(once, i, found[i].text, &nothing);
    return status;
}

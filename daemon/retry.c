/*
 * retry.c - see retry.h.
 */
#include "daemon/retry.h"

#include <limits.h>
#include <poll.h>
#include <string.h>

#include "daemon/retry_row.h"
#include "daemon/words.h"
#include "stages/sqlite_door.h"

#define SLICE 100000    /* microseconds of work at a time */
#define BUSY 5000000    /* microseconds that a locked database is waited for */
#define PAUSE 100       /* milliseconds that a wait lasts at most */
#define SAID_AT_MOST 10 /* rows that stay are said one by one */

typedef struct retry {
    const sl_retry_order *order;
    const sl_graph_options *options;
    sl_graph *graph;
    sl_feed feed;
    sl_sqlite db;
    sl_member member; /* of the door that the exporters share: it commits last */
    const char *table;
    sqlite3_stmt *select;
    int64_t after;     /* the row that was looked at last */
    sl_builder tried;  /* their rowids, int64_t */
    sl_arena *sources; /* names of sources, for as long as the graph lives */
    const char *named; /* the last of them */
    int32_t deleted;   /* the rows that were tried are deleted, and not yet committed */
    sl_retry_done *done;
} retry;

/* ---- What stands in the way -------------------------------------------------------------------
 */

static int32_t same_file(const sl_env *env, const char *a, const char *b)
{
    char one[PATH_MAX], two[PATH_MAX];
    if (env->resolve(env->context, a, one, sizeof one) < 0 ||
        env->resolve(env->context, b, two, sizeof two) < 0)
        return strcmp(a, b) == 0;
    return strcmp(one, two) == 0;
}

static sl_status check_exporter(const sl_env *env, const sl_plan *plan, uint32_t exporter,
                                uint32_t other, sl_errors *errors)
{
    const sl_plan_stage *rejects = &plan->stages[exporter], *at = &plan->stages[other];
    const char *type = at->type->name, *mode = sl_words_option(at, "mode");
    if (strcmp(type, "table") == 0 || strcmp(type, "discard") == 0)
        return SL_OK; /* it only shows */
    const char *database = strcmp(type, "sqlite") == 0 ? sl_words_option(at, "database") : NULL;
    if (!database || !same_file(env, database, sl_words_option(rejects, "database")))
        return sl_paths_mistake(plan, other,
                                "let both write to one SQLite database; or read `_values` from "
                                "the table with a graph of its own, then `sluice rejects drop`",
                                errors,
                                "rows that are tried again end here, and cannot become safe in "
                                "one action with the table '%s' of '%s'",
                                sl_words_option(rejects, "table"),
                                sl_words_option(rejects, "database"));
    if (mode && strcmp(mode, "replace") == 0)
        return sl_paths_mistake(plan, other, "run the graph again", errors,
                                "each run replaces all rows of this exporter, so that single ones "
                                "cannot be tried again");
    return SL_OK;
}

sl_status sl_retry_check(const sl_env *env, const sl_plan *plan, uint32_t exporter, uint32_t stage,
                         sl_errors *errors)
{
    uint32_t before = errors->errors;
    int32_t *part = sl_arena_take(errors->arena, plan->count * sizeof *part);
    if (!part) {
        sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED};
        return sl_errors_add(errors, &error, "out of memory");
    }
    sl_feed_parts(plan, stage, part);
    if (plan->stages[stage].inputs_count != 1)
        sl_paths_mistake(plan, stage, "begin again with `sluice run --fresh`", errors,
                         "this stage has several inputs, and a rejected row does not say which "
                         "one it came from");
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_stage_type *type = plan->stages[i].type;
        if (!part[i])
            continue;
        if (type->role != SL_EXPORTER && (type->traits & (SL_TRAIT_HOLDS | SL_TRAIT_STATEFUL)))
            sl_paths_mistake(plan, i, "begin again with `sluice run --fresh`", errors,
                             "what this stage gives depends on all rows, so that single ones "
                             "cannot be tried again");
        if (type->role == SL_EXPORTER)
            check_exporter(env, plan, exporter, i, errors);
    }
    return errors->errors > before ? SL_ERROR : SL_OK;
}

/* ---- The rows ------------------------------------------------------------------------------- */

static int32_t is_wanted(const sl_retry_order *order, int64_t rowid)
{
    for (uint32_t i = 0; i < order->rows_count; i++)
        if (order->rows[i] == rowid)
            return 1;
    return order->rows_count == 0;
}

static void say_stayed(retry *self, int64_t rowid, const char *why)
{
    sl_error line = {.level = SL_LOG_WARNING,
                     .code = SL_CODE_DATA,
                     .stage = sl_graph_of_plan(self->graph)->stages[self->order->stage].name,
                     .hint = "mend `_values` in the table, or `sluice rejects drop` it"};
    char message[SL_RETRY_WHY + 64];
    snprintf(message, sizeof message, "rejected row %lld stays: %s", (long long)rowid, why);
    line.message = message;
    if (self->done->stayed++ < SAID_AT_MOST)
        self->options->log(self->options->log_of, &line);
}

/* Our transaction is open, with the statement over the rows. */
static sl_status begin(retry *self)
{
    sl_status status = sl_door_find(&self->member, &self->db);
    if (status == SL_OK)
        status = sl_door_open(&self->member, &self->db, 0);
    if (status == SL_OK)
        status = sl_door_begin(&self->member, &self->db, 0, 1);
    if (status != SL_OK)
        return status;
    char *sql = sqlite3_mprintf("SELECT rowid, _values, _source, _row, _line FROM main.\"%w\" "
                                "WHERE _stage = ?1 AND rowid > ?2 AND rowid <= ?3 ORDER BY rowid "
                                "LIMIT 1",
                                self->table);
    int rc = sl_sqlite_prepare(&self->db, sql, &self->select);
    return rc == SQLITE_OK ? SL_OK : sl_sqlite_fail(&self->db, rc, "read");
}

/* The next row that is wanted stands in the statement: SL_OK, SL_END, SL_ERROR. */
static sl_status find_row(retry *self)
{
    const sl_plan *plan = sl_graph_of_plan(self->graph);
    for (;;) {
        sqlite3_reset(self->select);
        int rc = sqlite3_bind_text(self->select, 1, plan->stages[self->order->stage].name, -1,
                                   SQLITE_STATIC);
        if (rc == SQLITE_OK)
            rc = sqlite3_bind_int64(self->select, 2, self->after);
        if (rc == SQLITE_OK)
            rc = sqlite3_bind_int64(self->select, 3, self->order->until);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(self->select);
        if (rc == SQLITE_DONE)
            return SL_END;
        if (rc != SQLITE_ROW)
            return sl_sqlite_fail(&self->db, rc, "read");
        self->after = sqlite3_column_int64(self->select, 0);
        if (is_wanted(self->order, self->after))
            return SL_OK;
    }
}

/* The source's name, which must live as long as any batch may. */
static sl_status name_source(retry *self, const char **source)
{
    const char *text = (const char *)sqlite3_column_text(self->select, 2);
    *source = NULL;
    if (!text)
        return SL_OK;
    if (!self->named || strcmp(self->named, text) != 0)
        self->named = sl_arena_copy(self->sources, text, strlen(text));
    *source = self->named;
    return *source ? SL_OK : sl_no_memory(self->db.stage);
}

/* The row that stands, as a batch of its own: row, line and source are what they were. SL_END: it
 * cannot be read, and stays. */
static sl_status read_row(retry *self, sl_pool *pool, const sl_column *columns, uint32_t count,
                          sl_batch **given)
{
    int32_t full;
    char why[SL_RETRY_WHY];
    const char *json = (const char *)sqlite3_column_text(self->select, 1);
    if (!json) {
        say_stayed(self, self->after, "it never was a row with values");
        return SL_END;
    }
    sl_batch *batch = sl_batch_new(pool, count, 1, &full);
    if (!batch)
        return sl_no_memory(self->db.stage);
    size_t size = (size_t)sqlite3_column_bytes(self->select, 1);
    if (!sl_retry_row(batch, columns, count, json, size, why)) {
        say_stayed(self, self->after, why);
        sl_batch_release(batch);
        return SL_END;
    }
    int64_t line = sqlite3_column_int64(self->select, 4);
    batch->first_row = sqlite3_column_int64(self->select, 3);
    if (name_source(self, &batch->source) != SL_OK || (line > 0 && sl_batch_lines(batch) < 0)) {
        sl_batch_release(batch);
        return sl_no_memory(self->db.stage);
    }
    if (line > 0)
        batch->lines[0] = line;
    *given = batch;
    return SL_OK;
}

static sl_status next(void *of, sl_pool *pool, const sl_column *columns, uint32_t count,
                      sl_batch **given)
{
    retry *self = of;
    sl_status status = self->select ? SL_OK : begin(self);
    if (status == SL_OK) {
        do {
            status = find_row(self);
            if (status == SL_OK)
                status = read_row(self, pool, columns, count, given);
            else
                break;
        } while (status == SL_END);
    }
    if (self->select)
        sqlite3_reset(self->select);
    if (status != SL_OK)
        return status;
    sl_builder_add(&self->tried, (const char *)&self->after, sizeof self->after);
    self->done->tried++;
    return self->tried.failed ? sl_no_memory(self->db.stage) : SL_OK;
}

/* ---- The end -------------------------------------------------------------------------------- */

static sl_status delete_tried(retry *self)
{
    sqlite3_stmt *row;
    int rc = sl_sqlite_prepare(
        &self->db, sqlite3_mprintf("DELETE FROM main.\"%w\" WHERE rowid = ?1", self->table), &row);
    for (size_t at = 0; rc == SQLITE_OK && at < self->tried.size; at += sizeof(int64_t)) {
        int64_t rowid;
        memcpy(&rowid, self->tried.data + at, sizeof rowid);
        rc = sqlite3_bind_int64(row, 1, rowid);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(row);
        sqlite3_reset(row);
        rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    sqlite3_finalize(row);
    return rc == SQLITE_OK ? SL_OK : sl_sqlite_fail(&self->db, rc, "write to");
}

static sl_status finish(void *of)
{
    retry *self = of;
    sqlite3_finalize(self->select);
    self->select = NULL;
    if (!self->deleted && delete_tried(self) != SL_OK)
        return SL_ERROR;
    self->deleted = 1;
    return sl_door_commit(&self->member, &self->db);
}

/* ---- The run -------------------------------------------------------------------------------- */

/* Waits for what the stages wait for: a lock, mostly. */
static void wait(const sl_env *env, const sl_graph_waits *waits)
{
    struct pollfd fds[sizeof waits->fds / sizeof *waits->fds];
    int64_t left = PAUSE;
    for (uint32_t i = 0; i < waits->fds_count; i++)
        fds[i] = (struct pollfd){.fd = waits->fds[i].fd, .events = (short)waits->fds[i].events};
    if (waits->wake_at >= 0) {
        int64_t until = (waits->wake_at - env->monotonic(env->context)) / 1000 + 1;
        left = until < left ? until : left;
    }
    poll(fds, waits->fds_count, left > 0 ? (int)left : 0);
}

static sl_status drive(retry *self, const sl_env *env)
{
    sl_status status = sl_graph_open(self->graph);
    while (status == SL_OK || status == SL_PENDING) {
        status = sl_graph_step(self->graph, SLICE);
        if (status == SL_PENDING)
            wait(env, sl_graph_waiting(self->graph));
    }
    return status == SL_END ? SL_OK : SL_ERROR;
}

static void close_all(retry *self)
{
    sqlite3_finalize(self->select);
    if (self->graph)
        sl_graph_close(self->graph);
    sl_door_roll_back(&self->member, &self->db);
    sl_door_leave(&self->member, &self->db);
    sl_graph_free(self->graph);
    sl_builder_done(&self->tried);
    sl_arena_free(self->sources);
}

static void report(retry *self,
                   void (*written)(void *of, const sl_plan_stage *exporter, int64_t rows), void *of)
{
    const sl_plan *plan = sl_graph_of_plan(self->graph);
    self->done->again = sl_graph_rejected(self->graph);
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_counters *counters = sl_generator_counters(sl_graph_stage(self->graph, i));
        if (plan->stages[i].type->role == SL_EXPORTER && !plan->stages[i].rejects_only &&
            sl_generator_ended(sl_graph_stage(self->graph, i)))
            written(of, &plan->stages[i], counters->rows_out);
    }
}

sl_status sl_retry_run(const sl_plan *plan, const sl_graph_options *options, sl_errors *errors,
                       const sl_retry_order *order, sl_retry_done *done,
                       void (*written)(void *of, const sl_plan_stage *exporter, int64_t rows),
                       void *of)
{
    const sl_plan_stage *rejects = &plan->stages[order->exporter];
    retry self = {.order = order,
                  .options = options,
                  .after = INT64_MIN,
                  .tried = {.env = options->env},
                  .table = sl_words_option(rejects, "table"),
                  .done = done};
    sl_graph_options with = *options;
    self.feed = (sl_feed){.stage = order->stage, .of = &self, .next = next, .finish = finish};
    with.feed = &self.feed;
    self.sources = sl_arena_new(options->env);
    self.graph = self.sources ? sl_graph_new(plan, &with, errors) : NULL;
    *done = (sl_retry_done){0};
    sl_status status = SL_ERROR;
    if (self.graph) {
        self.db =
            (sl_sqlite){.stage = sl_generator_stage(sl_graph_stage(self.graph, order->exporter)),
                        .path = sl_words_option(rejects, "database"),
                        .busy = BUSY,
                        .writes = 1};
        status = drive(&self, options->env);
        if (status == SL_OK)
            report(&self, written, of);
    } else {
        sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED};
        sl_errors_add(errors, &error, "out of memory");
    }
    close_all(&self);
    return status;
}

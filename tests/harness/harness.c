/*
 * harness.c - see harness.h.
 *
 * Deliberately elsewhere: rows as text (feed.c), options as text (options.c), the world
 * (fake_env.c), mistreatment (torture.c).
 */
#include "tests/harness/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/plan.h"
#include "stages/builtin.h"
#include "tests/harness/feed.h"
#include "tests/harness/options.h"

#define PENDING_MAX 1000

struct sl_harness {
    sl_harness_setup setup;
    sl_fake_env own;
    sl_fake_env *fake;
    int64_t live_before;
    int32_t files_before;
    sl_arena *kept;  /* options and errors: of memory that does not fail */
    sl_arena *graph; /* as a graph has it */
    sl_errors errors;
    sl_run run;
    sl_pool *pool;
    sl_feed *feed;
    sl_generator *generator;
    sl_builder rows, rejects, log, columns, checkpoint, position;
    int64_t position_rows;
    sl_status status;
    char error[2048];
};

/* ---- What a graph does for its stages ------------------------------------------------ */

static sl_status take_reject(void *of, uint32_t stage, const sl_reject *row)
{
    sl_harness *harness = of;
    sl_builder *text = &harness->rejects;
    const char *between = "";

    (void)stage;
    if (harness->setup.fail_rejects)
        return SL_ERROR;
    if (row->row > 0) {
        sl_builder_format(text, "row %lld", (long long)row->row);
        between = ", ";
    }
    if (row->line > 0) {
        sl_builder_format(text, "%sline %lld", between, (long long)row->line);
        between = ", ";
    }
    if (row->column != NULL)
        sl_builder_format(text, "%scolumn '%s'", between, row->column);
    sl_builder_format(text, ": %s\n", row->reason);
    return SL_OK;
}

static void take_log(void *of, const sl_error *line)
{
    sl_harness *harness = of;
    char text[2048];

    sl_error_line(line, text, sizeof text);
    sl_builder_format(&harness->log, "%s\n", text);
}

static void wake(void *of, uint32_t stage)
{
    (void)of;
    (void)stage;
}

static void wake_after(void *of, uint32_t stage, int64_t microseconds)
{
    sl_harness *harness = of;

    (void)stage;
    if (microseconds > 0)
        harness->fake->clock += microseconds;
}

/* Descriptors are asked again at once: a test's are ready. */
static sl_status wake_on_fd(void *of, uint32_t stage, int32_t fd, int32_t events)
{
    (void)of;
    (void)stage;
    (void)fd;
    (void)events;
    return SL_OK;
}

static sl_status make_checkpoint(void *of, uint32_t stage, const sl_stamp *stamp, sl_blob *blob)
{
    sl_harness *harness = of;
    sl_builder *text = &harness->checkpoint;

    (void)stage;
    sl_builder_clear(text);
    sl_builder_format(text, "{\"rows\": %lld}",
                      stamp != NULL && stamp->count > 0 ? (long long)stamp->parts[0].count : 0LL);
    *blob = (sl_blob){.data = text->data, .size = text->size};
    return SL_OK;
}

/* ---- Opening ------------------------------------------------------------------------- */

static sl_status fail(sl_harness *harness, const char *why)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED, .stage = "harness"};

    return sl_errors_add(&harness->errors, &error, "%s", why);
}

static void prepare_run(sl_harness *harness)
{
    harness->run = (sl_run){
        .env = &harness->fake->env,
        .pool = harness->pool,
        .arena = harness->graph,
        .errors = &harness->errors,
        .locate = sl_plan_locate,
        .started = harness->fake->clock,
        .offline = harness->setup.offline,
        .of = harness,
        .wake = wake,
        .wake_after = wake_after,
        .wake_on_fd = wake_on_fd,
        .log = take_log,
        .reject = take_reject,
        .checkpoint = make_checkpoint,
        .kept_type = harness->setup.kept_type,
    };
}

/* The options are read into memory that does not fail. */
static void *fill_self(sl_harness *harness, const sl_value **options)
{
    const sl_stage_type *type = harness->setup.type;
    const char *text = harness->setup.options != NULL ? harness->setup.options : "{}";
    void *self = sl_arena_take(harness->kept, type->self_size + 1);

    *options = sl_harness_options(text, harness->kept, &harness->errors);
    if (*options == NULL || self == NULL)
        return NULL;
    if (sl_option_fill(type, type->name, *options, NULL, self, harness->kept, &harness->errors,
                       sl_plan_locate) != SL_OK)
        return NULL;
    return self;
}

static sl_status make_generator(sl_harness *harness, const void *self, const sl_value *options)
{
    const sl_harness_setup *setup = &harness->setup;
    sl_input input = {0};
    uint32_t inputs = setup->columns != NULL;

    if (inputs) {
        harness->feed = sl_feed_new(&harness->setup, harness->pool, &harness->errors);
        if (harness->feed == NULL)
            return fail(harness, "the feed's columns are misspelt");
        input = sl_feed_input(harness->feed);
    }
    harness->generator = sl_generator_new(&harness->run, 0, setup->type, setup->type->name, self,
                                          options, &input, inputs);
    if (harness->generator == NULL)
        return fail(harness, "out of memory");
    sl_generator_commit_every(harness->generator,
                              setup->commit_every > 0 ? (uint32_t)setup->commit_every : 1);
    if (setup->limit > 0)
        sl_generator_limit(harness->generator, setup->limit - 1);
    return SL_OK;
}

/* recover, plan, open, seek: as a graph starts. */
static sl_status start(sl_harness *harness)
{
    sl_text checkpoint = {0};
    sl_status status = sl_generator_recover(harness->generator, &checkpoint);

    sl_env_allocate(&harness->fake->env, checkpoint.data, 0);
    harness->run.planning = 1;
    if (status == SL_OK)
        status = sl_generator_plan(harness->generator);
    harness->run.planning = 0;
    if (status == SL_OK)
        status = sl_generator_open(harness->generator);
    if (status == SL_OK && harness->setup.position != NULL)
        status = sl_generator_resume(harness->generator,
                                     &(struct sl_stamp_part){.reader = 1,
                                                             .count = harness->setup.position_rows,
                                                             .json = harness->setup.position});
    return status;
}

static sl_status open(sl_harness *harness)
{
    const sl_harness_setup *setup = &harness->setup;
    const sl_env *env = &harness->fake->env;
    const sl_value *options;
    void *self = fill_self(harness, &options);

    if (self == NULL)
        return SL_ERROR;
    harness->graph = sl_arena_new(env);
    harness->pool = sl_pool_new(env, setup->batch_rows > 0 ? setup->batch_rows : 1000,
                                setup->batch_bytes > 0 ? setup->batch_bytes : 1 << 20);
    if (harness->graph == NULL || harness->pool == NULL)
        return fail(harness, "out of memory");
    sl_pool_poison(harness->pool, 1);
    prepare_run(harness);
    if (make_generator(harness, self, options) != SL_OK)
        return SL_ERROR;
    return start(harness);
}

sl_harness *sl_harness_open(const sl_harness_setup *setup)
{
    sl_harness *harness = calloc(1, sizeof *harness);

    if (harness == NULL)
        abort();
    harness->setup = *setup;
    harness->fake = setup->fake != NULL ? setup->fake : &harness->own;
    if (setup->fake == NULL)
        sl_fake_env_init(harness->fake);
    harness->live_before = harness->fake->live;
    harness->files_before = harness->fake->open_files;
    harness->kept = sl_arena_new(&sl_env_real);
    if (harness->kept == NULL)
        abort();
    harness->errors.arena = harness->kept;
    harness->rows = harness->rejects = harness->log = harness->columns = harness->checkpoint =
        harness->position = (sl_builder){.env = &sl_env_real};
    harness->status = open(harness);
    return harness;
}

/* ---- Pulling ------------------------------------------------------------------------- */

static void take_batch(sl_harness *harness, sl_batch *batch)
{
    sl_stamp *stamp = sl_batch_stamp(batch);

    if (harness->setup.type->role != SL_EXPORTER)
        for (uint32_t i = 0; i < batch->selected; i++)
            sl_feed_row(&harness->rows, batch, batch->selection[i]);
    if (stamp != NULL && harness->setup.columns == NULL && stamp->count == 1) {
        sl_builder_clear(&harness->position);
        sl_builder_word(&harness->position, stamp->parts[0].json);
        harness->position_rows = stamp->parts[0].count;
    }
    sl_batch_release(batch);
}

typedef struct call {
    sl_harness *harness;
    sl_batch *given;
    sl_status status;
} call;

static void *ask(void *of)
{
    call *asked = of;

    asked->status = sl_generator_next(asked->harness->generator, &asked->given);
    return NULL;
}

static void ask_on_thread(call *asked)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, ask, asked) != 0)
        abort();
    pthread_join(thread, NULL);
}

sl_status sl_harness_try(sl_harness *harness)
{
    call asked = {.harness = harness, .status = SL_PENDING};

    if (harness->generator == NULL || harness->status == SL_ERROR)
        return SL_ERROR;
    if (harness->setup.threads)
        ask_on_thread(&asked);
    else
        ask(&asked);
    harness->status = asked.status;
    if (asked.status == SL_OK)
        take_batch(harness, asked.given);
    return harness->status;
}

sl_status sl_harness_pull(sl_harness *harness)
{
    for (int tries = 0; tries < PENDING_MAX; tries++)
        if (sl_harness_try(harness) != SL_PENDING)
            return harness->status;
    return harness->status = fail(harness, "pending, and never done");
}

sl_status sl_harness_run(sl_harness *harness)
{
    while (sl_harness_pull(harness) == SL_OK)
        ;
    return harness->status;
}

/* ---- Closing ------------------------------------------------------------------------- */

void sl_harness_close(sl_harness *harness)
{
    if (harness->generator != NULL)
        sl_generator_close(harness->generator);
}

static int32_t complain(const sl_harness *harness, const char *what, long long count)
{
    if (count == 0)
        return 0;
    fprintf(stderr, "stage '%s': %s: %lld\n", harness->setup.type->name, what, count);
    return 1;
}

/* What a closed stage must have given back, and what it must have kept. */
static int32_t inspect(sl_harness *harness)
{
    char why[512];
    int32_t problems = 0;

    if (harness->generator != NULL) {
        const sl_counters *counters = sl_generator_counters(harness->generator);

        problems += complain(harness, "bytes that close() did not free", counters->memory);
        if (harness->status == SL_END && !sl_generator_audit(harness->generator, why, sizeof why)) {
            fprintf(stderr, "the books do not balance: %s\n", why);
            problems++;
        }
    }
    if (harness->feed != NULL && harness->generator != NULL) {
        problems += complain(harness, "changes of a batch that another owner shares",
                             sl_feed_changes(harness->feed));
        problems +=
            complain(harness, "closes of the input beyond one", sl_feed_closed(harness->feed) - 1);
    }
    problems +=
        complain(harness, "files left open", harness->fake->open_files - harness->files_before);
    return problems;
}

int32_t sl_harness_free(sl_harness *harness)
{
    int32_t problems;
    int64_t out;

    sl_harness_close(harness);
    problems = inspect(harness);
    sl_generator_free(harness->generator);
    sl_feed_free(harness->feed);
    out = harness->pool != NULL ? sl_pool_out(harness->pool) : 0;
    problems += complain(harness, "batches not released", out);
    if (out == 0)
        sl_pool_free(harness->pool);
    sl_arena_free(harness->graph);
    if (out == 0)
        problems +=
            complain(harness, "allocations not freed", harness->fake->live - harness->live_before);
    sl_arena_free(harness->kept);
    sl_builder_done(&harness->rows);
    sl_builder_done(&harness->rejects);
    sl_builder_done(&harness->log);
    sl_builder_done(&harness->columns);
    sl_builder_done(&harness->checkpoint);
    sl_builder_done(&harness->position);
    if (harness->fake == &harness->own)
        sl_fake_env_done(harness->fake);
    free(harness);
    return problems;
}

/* ---- Looking ------------------------------------------------------------------------- */

static const char *text_of(const sl_builder *builder)
{
    return builder->data != NULL ? builder->data : "";
}

const char *sl_harness_rows(const sl_harness *harness)
{
    return text_of(&harness->rows);
}

const char *sl_harness_rejects(const sl_harness *harness)
{
    return text_of(&harness->rejects);
}

const char *sl_harness_output(const sl_harness *harness)
{
    return text_of(&harness->fake->output);
}

const char *sl_harness_log(const sl_harness *harness)
{
    return text_of(&harness->log);
}

const char *sl_harness_error(sl_harness *harness)
{
    const sl_errors *errors = &harness->errors;

    for (uint32_t i = 0; i < errors->count; i++)
        if (errors->list[i].level == SL_LOG_ERROR) {
            char *line = harness->error;

            sl_error_line(&errors->list[i], line, sizeof harness->error);
            return line;
        }
    return "";
}

const char *sl_harness_columns(sl_harness *harness)
{
    const sl_column *columns;
    uint32_t count;

    sl_builder_clear(&harness->columns);
    if (harness->generator == NULL)
        return "";
    columns = sl_generator_columns(harness->generator, &count);
    for (uint32_t i = 0; i < count; i++)
        sl_builder_format(&harness->columns, "%s%s:%s%s", i > 0 ? " " : "", columns[i].name,
                          sl_type_name(columns[i].type),
                          columns[i].flags & SL_COLUMN_FACES ? "*" : "");
    return text_of(&harness->columns);
}

const char *sl_harness_position(const sl_harness *harness)
{
    return harness->position.size > 0 ? harness->position.data : NULL;
}

int64_t sl_harness_position_rows(const sl_harness *harness)
{
    return harness->position_rows;
}

const sl_errors *sl_harness_errors(const sl_harness *harness)
{
    return &harness->errors;
}

sl_generator *sl_harness_generator(sl_harness *harness)
{
    return harness->generator;
}

sl_fake_env *sl_harness_env(sl_harness *harness)
{
    return harness->fake;
}

const sl_stage_type *sl_harness_type(sl_role role, const char *name)
{
    for (uint32_t i = 0; sl_builtin[i] != NULL; i++)
        if (sl_builtin[i]->role == role && strcmp(sl_builtin[i]->name, name) == 0)
            return sl_builtin[i];
    return NULL;
}

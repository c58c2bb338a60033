/*
 * test_generator.c - the contract that the host keeps for every stage: sticky ends, first reasons,
 * batches and answers that belong together, stamps of finished rows, books that balance, one
 * close.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/generator.h"

/* ---- A host for one chain: source -> stage ------------------------------------------------------
 */

typedef struct world {
    sl_arena *arena;
    sl_errors errors;
    sl_run run;
    int32_t rejects, refuse; /* refuse: on_reject is fail */
    char reason[256], values[256];
    sl_generator *source, *stage;
    char checkpoint[64];
} world;

/* What the stages of a test do and have seen. */
static struct script {
    int64_t batches, rows; /* of the source */
    int32_t answer;        /* of the stage under test, where a test sets it */
    int32_t without_batch, with_batch, wrong_columns, say;
    int32_t closed_source, closed_stage, aborted;
    int32_t pend_write, pend_commit, commits, finals;
    int64_t written;
    int32_t room; /* rows that fit before bytes() is full */
    int32_t hold; /* next: how many input batches before one is given */
    char seen[512];
} script;

static sl_status source_plan(sl_stage *stage)
{
    const sl_column column = {.name = "n", .type = SL_TYPE_INTEGER, .flags = SL_COLUMN_DECLARED};
    return stage->host->columns(stage, &column, 1, sizeof column);
}

typedef struct source {
    int64_t given;
} source;

static sl_status source_next(sl_stage *stage, sl_batch **given)
{
    source *self = sl_self(stage, source);
    if (self->given == script.batches)
        return SL_END;
    sl_batch *batch = stage->host->batch(stage, (uint32_t)script.rows);
    if (!batch)
        return SL_ERROR;
    batch->first_row = self->given * script.rows + 1;
    batch->lines = NULL;
    batch->source = "numbers.txt";
    for (int64_t i = 0; i < script.rows; i++)
        batch->columns[0][i] = (sl_cell){.kind = SL_INTEGER, .as.integer = batch->first_row + i};
    batch->rows = batch->selected = (uint32_t)script.rows;
    self->given++;
    *given = batch;
    return SL_OK;
}

static sl_status source_tell(sl_stage *stage, sl_text *position)
{
    return stage->host->set_text(stage, position, "{\"batch\": %lld}",
                                 (long long)sl_self(stage, source)->given);
}

static void source_close(sl_stage *stage)
{
    (void)stage;
    script.closed_source++;
}

static const sl_stage_type source_type = {
    SL_STAGE_TYPE,       .name = "source",    .role = SL_READER,   .self_size = sizeof(source),
    .plan = source_plan, .next = source_next, .tell = source_tell, .close = source_close};

static void stage_close(sl_stage *stage)
{
    (void)stage;
    script.closed_stage++;
}

static sl_status on_reject(void *of, uint32_t stage, const sl_reject *row)
{
    world *w = of;
    (void)stage;
    w->rejects++;
    snprintf(w->reason, sizeof w->reason, "%s row %lld: %s", row->source ? row->source : "-",
             (long long)row->row, row->reason);
    snprintf(w->values, sizeof w->values, "%s", row->values ? row->values : "-");
    return w->refuse ? SL_ERROR : SL_OK;
}

static sl_status on_checkpoint(void *of, uint32_t stage, const sl_stamp *stamp, sl_blob *blob)
{
    world *w = of;
    (void)stage;
    snprintf(w->checkpoint, sizeof w->checkpoint, "%s", stamp ? stamp->parts[0].json : "none");
    *blob = (sl_blob){.data = w->checkpoint, .size = strlen(w->checkpoint)};
    return SL_OK;
}

static void begin(world *w, const sl_stage_type *type, int64_t batches, int64_t rows)
{
    int32_t refuse = w->refuse;
    *w = (world){.arena = sl_arena_new(&sl_env_real), .refuse = refuse};
    w->errors = (sl_errors){.arena = w->arena, .limit = SL_ERRORS_LIMIT};
    w->run.env = &sl_env_real;
    w->run.pool = sl_pool_new(&sl_env_real, 100, 65536);
    w->run.arena = w->arena;
    w->run.errors = &w->errors;
    w->run.of = w;
    w->run.reject = on_reject;
    w->run.checkpoint = on_checkpoint;
    sl_pool_poison(w->run.pool, 1);
    script.batches = batches;
    script.rows = rows;
    script.seen[0] = '\0';
    w->source = sl_generator_new(&w->run, 0, &source_type, "source", NULL, NULL, NULL, 0);
    sl_input input = sl_generator_as_input(w->source);
    w->stage = sl_generator_new(&w->run, 1, type, "stage", NULL, NULL, &input, 1);
    ck_assert_int_eq(sl_generator_open(w->source), SL_OK);
    ck_assert_int_eq(sl_generator_open(w->stage), SL_OK);
}

static void end(world *w)
{
    sl_generator_close(w->stage);
    sl_generator_free(w->stage);
    sl_generator_free(w->source);
    sl_pool_free(w->run.pool); /* asserts that every batch came back */
    sl_arena_free(w->arena);
    memset(&script, 0, sizeof script);
    w->refuse = 0;
}

static const char *message(const world *w)
{
    return w->errors.count > 0 ? w->errors.list[0].message : "";
}

/* Pulls to the end; the rows that came, as text. */
static sl_status pull_all(world *w, char *rows, size_t size)
{
    sl_batch *batch = NULL;
    sl_status status;
    size_t at = 0;
    rows[0] = '\0';
    while ((status = sl_generator_next(w->stage, &batch)) == SL_OK) {
        for (uint32_t i = 0; i < batch->selected; i++)
            at += (size_t)snprintf(rows + at, size - at, "%lld ",
                                   (long long)batch->columns[0][batch->selection[i]].as.integer);
        sl_stamp *stamp = sl_batch_stamp(batch);
        at += (size_t)snprintf(rows + at, size - at, "%s%s|",
                               stamp ? strchr(stamp->parts[0].json, ':') + 2 : "-",
                               sl_batch_partial(batch) ? "+" : "");
        sl_batch_release(batch);
        batch = NULL;
    }
    ck_assert_ptr_null(batch);
    return status;
}

/* ---- each ---------------------------------------------------------------------------------------
 */

static sl_status keep_even(sl_stage *stage, sl_batch *batch)
{
    uint32_t kept = 0;
    (void)stage;
    for (uint32_t i = 0; i < batch->selected; i++)
        if (batch->columns[0][batch->selection[i]].as.integer % 2 == 0)
            batch->selection[kept++] = batch->selection[i];
    batch->selected = kept;
    return SL_OK;
}

static const sl_stage_type even_type = {
    SL_STAGE_TYPE,   .name = "even",  .role = SL_FILTER, .traits = SL_TRAIT_SHRINKS,
    .inputs_min = 1, .inputs_max = 1, .each = keep_even, .close = stage_close};

START_TEST(each_keeps_rows_and_the_books_balance)
{
    world w = {0};
    char rows[512], why[256];
    begin(&w, &even_type, 3, 4);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_END);
    ck_assert_str_eq(rows, "2 4 1}|6 8 2}|10 12 3}|");
    const sl_counters *c = sl_generator_counters(w.stage);
    ck_assert(c->rows_in == 12 && c->rows_out == 6 && c->filtered == 6 && c->rejected == 0);
    ck_assert_int_eq(sl_generator_audit(w.stage, why, sizeof why), 1);
    ck_assert_int_eq(script.closed_source, 1); /* at END, at once */
    sl_batch *batch = NULL;
    ck_assert_int_eq(sl_generator_next(w.stage, &batch), SL_END); /* END stays */
    end(&w);
}
END_TEST

START_TEST(a_stage_that_may_not_drop_rows_fails_the_audit)
{
    static sl_stage_type type;
    type = even_type;
    type.traits = 0;
    world w = {0};
    char rows[512], why[256];
    begin(&w, &type, 1, 4);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_END);
    ck_assert_int_eq(sl_generator_audit(w.stage, why, sizeof why), 0);
    ck_assert_ptr_nonnull(strstr(why, "2 filtered"));
    end(&w);
}
END_TEST

static sl_status take_some(sl_stage *stage, sl_batch *batch)
{
    if ((int32_t)batch->selected > script.room)
        return stage->host->rest(stage, batch, (uint32_t)script.room);
    return SL_OK;
}

START_TEST(rest_gives_every_row_once_and_says_that_more_will_come)
{
    static sl_stage_type type;
    type = even_type;
    type.traits = 0;
    type.each = take_some;
    world w = {0};
    char rows[512], why[256];
    script.room = 2;
    begin(&w, &type, 2, 5);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_END);
    ck_assert_str_eq(rows, "1 2 1}+|3 4 1}+|5 1}|6 7 2}+|8 9 2}+|10 2}|");
    ck_assert_msg(sl_generator_audit(w.stage, why, sizeof why), "%s", why);
    end(&w);
}
END_TEST

static sl_status reject_threes(sl_stage *stage, sl_batch *batch)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i];
        if (batch->columns[0][row].as.integer % 3 != 0)
            continue;
        if (sl_reject(stage, batch, row, 1, "a %s", "three") != SL_OK)
            return SL_ERROR;
        ck_assert_int_eq(sl_reject(stage, batch, row, 1, "again"), SL_OK);
    }
    return SL_OK; /* the rows stay in the selection: the host takes them out */
}

START_TEST(a_rejected_row_leaves_once_with_its_place)
{
    static sl_stage_type type;
    type = even_type;
    type.traits = 0;
    type.each = reject_threes;
    world w = {0};
    char rows[512], why[256];
    begin(&w, &type, 1, 7);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_END);
    ck_assert_str_eq(rows, "1 2 4 5 7 1}|");
    ck_assert_int_eq(w.rejects, 2);
    ck_assert_str_eq(w.reason, "numbers.txt row 6: a three");
    ck_assert_str_eq(w.values, "{\"n\":6}");
    ck_assert_msg(sl_generator_audit(w.stage, why, sizeof why), "%s", why);
    end(&w);

    w.refuse = 1;
    begin(&w, &type, 1, 7);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_ERROR);
    ck_assert_str_eq(message(&w), "a three");
    ck_assert_int_eq(w.errors.list[0].code, SL_CODE_DATA);
    ck_assert_int_eq(w.errors.list[0].row, 3);
    end(&w);
}
END_TEST

START_TEST(a_shared_batch_is_copied_before_it_is_changed)
{
    world w = {0};
    sl_batch *first = NULL, *copy;
    begin(&w, &even_type, 1, 4);
    ck_assert_int_eq(sl_generator_next(w.source, &first), SL_OK);
    copy = sl_batch_share(first);
    ck_assert_int_eq(sl_batch_own(&copy), 0);
    ck_assert_ptr_ne(copy, first);
    copy->columns[0][0].as.integer = 99;
    copy->selected = 1;
    ck_assert_int_eq(first->columns[0][0].as.integer, 1);
    ck_assert_int_eq(first->selected, 4);
    sl_batch_release(first);
    sl_batch_release(copy);
    end(&w);
}
END_TEST

/* ---- next: answers that do not belong together
 * ------------------------------------------------------ */

static sl_status odd_next(sl_stage *stage, sl_batch **given)
{
    if (script.say)
        sl_fail(stage, "the first reason");
    if (script.say)
        sl_fail(stage, "the second reason");
    if (script.with_batch) {
        sl_status status = sl_next(stage, 0, given);
        return status == SL_OK ? script.answer : status;
    }
    return script.answer;
}

static const sl_stage_type odd_type = {SL_STAGE_TYPE,       .name = "odd",   .role = SL_TRANSFORMER,
                                       .inputs_min = 1,     .inputs_max = 1, .next = odd_next,
                                       .close = stage_close};

static void must_fail(const char *wanted, int32_t code)
{
    world w = {0};
    struct script kept = script;
    char rows[512];
    sl_batch *batch = NULL;
    begin(&w, &odd_type, 2, 3);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_ERROR);
    ck_assert_str_eq(message(&w), wanted);
    ck_assert_int_eq(w.errors.list[0].code, code);
    ck_assert_int_eq(sl_generator_next(w.stage, &batch), SL_ERROR); /* ERROR stays */
    ck_assert_uint_eq(w.errors.errors, 1);
    end(&w);
    ck_assert_int_eq(kept.closed_stage, 0);
}

START_TEST(answers_and_batches_belong_together)
{
    script.answer = SL_OK;
    must_fail("answered SL_OK without a batch", SL_CODE_BUG);
    script.answer = 5;
    must_fail("gave an answer that is none of the four", SL_CODE_BUG);
    script.answer = SL_ERROR;
    must_fail("failed without saying why", SL_CODE_BUG);
    script.answer = SL_ERROR;
    script.say = 1;
    must_fail("the first reason", SL_CODE_FAILED);
    script.answer = SL_END; /* said, and then forgotten */
    script.say = 1;
    world w = {0};
    char rows[64];
    begin(&w, &odd_type, 1, 1);
    (void)pull_all(&w, rows, sizeof rows);
    ck_assert_int_eq(sl_generator_failed(w.stage), 1);
    end(&w);
}
END_TEST

/* ---- stamps: a stage that holds batches
 * ---------------------------------------------------------------- */

typedef struct pairs {
    sl_batch *held;
} pairs;

/* Gives a batch only when the next one has come: one batch is always held. */
static sl_status pairs_next(sl_stage *stage, sl_batch **given)
{
    pairs *self = sl_self(stage, pairs);
    for (;;) {
        sl_batch *batch = NULL;
        sl_status status = sl_next(stage, 0, &batch);
        if (status == SL_END && self->held) {
            *given = self->held;
            self->held = NULL;
            return SL_OK;
        }
        if (status != SL_OK)
            return status;
        if (self->held) {
            *given = self->held;
            self->held = batch;
            return SL_OK;
        }
        self->held = batch;
    }
}

static void pairs_close(sl_stage *stage)
{
    sl_release(stage, sl_self(stage, pairs)->held);
    script.closed_stage++;
}

START_TEST(a_stamp_covers_finished_rows_only)
{
    static const sl_stage_type type = {SL_STAGE_TYPE,          .name = "pairs",
                                       .role = SL_TRANSFORMER, .inputs_min = 1,
                                       .inputs_max = 1,        .self_size = sizeof(pairs),
                                       .next = pairs_next,     .close = pairs_close};
    world w = {0};
    char rows[512];
    sl_batch *batch = NULL;
    begin(&w, &type, 3, 1);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_END);
    ck_assert_str_eq(rows, "1 1}|2 2}|3 3}|"); /* batch 2 was in the stage when 1 was given */
    end(&w);

    begin(&w, &type, 3, 1); /* closed while it holds one */
    ck_assert_int_eq(sl_generator_next(w.stage, &batch), SL_OK);
    sl_batch_release(batch);
    end(&w);
}
END_TEST

/* ---- exporters
 * -------------------------------------------------------------------------------------------- */

static sl_status write_rows(sl_stage *stage, sl_batch *batch)
{
    if (script.pend_write > 0) {
        script.pend_write--;
        stage->host->wake_after(stage, 1);
        return SL_PENDING;
    }
    script.written += batch->selected;
    return SL_OK;
}

static sl_status commit_rows(sl_stage *stage, const sl_commit *what)
{
    (void)stage;
    if (script.pend_commit > 0) {
        script.pend_commit--;
        return SL_PENDING;
    }
    script.commits++;
    script.finals += what->final;
    size_t at = strlen(script.seen);
    snprintf(script.seen + at, sizeof script.seen - at, "%.*s ", (int)what->checkpoint.size,
             (const char *)what->checkpoint.data);
    return SL_OK;
}

static sl_status abort_rows(sl_stage *stage)
{
    (void)stage;
    script.aborted++;
    return SL_OK;
}

static const sl_stage_type sink_type = {
    SL_STAGE_TYPE,         .name = "sink",      .role = SL_EXPORTER,
    .inputs_min = 1,       .inputs_max = 1,     .write = write_rows,
    .commit = commit_rows, .abort = abort_rows, .close = stage_close};

START_TEST(commits_carry_the_stamp_of_what_was_written)
{
    world w = {0};
    sl_batch *receipt = NULL;
    int64_t safe = 0;
    int pending = 0;
    begin(&w, &sink_type, 5, 10);
    script.pend_write = 1;
    script.pend_commit = 1;
    sl_generator_commit_every(w.stage, 2);
    for (;;) {
        sl_status status = sl_generator_next(w.stage, &receipt);
        if (status == SL_END)
            break;
        if (status == SL_PENDING) {
            pending++;
            continue;
        }
        ck_assert_int_eq(status, SL_OK);
        ck_assert_int_ge(receipt->first_row, safe);
        safe = receipt->first_row;
        sl_batch_release(receipt);
    }
    ck_assert_int_eq(pending, 2);
    ck_assert_int_eq(script.written, 50);
    ck_assert_int_eq(script.commits, 3);
    ck_assert_int_eq(script.finals, 1);
    ck_assert_str_eq(script.seen, "{\"batch\": 2} {\"batch\": 4} {\"batch\": 5} ");
    ck_assert_int_eq(sl_generator_counters(w.stage)->rows_out, 50);
    sl_generator_close(w.stage);
    sl_generator_close(w.stage); /* closing twice is fine */
    ck_assert_int_eq(script.aborted, 0);
    ck_assert_int_eq(script.closed_stage, 1);
    ck_assert_int_eq(script.closed_source, 1);
    end(&w);
}
END_TEST

START_TEST(what_was_not_committed_is_aborted)
{
    world w = {0};
    sl_batch *receipt = NULL;
    begin(&w, &sink_type, 5, 10);
    ck_assert_int_eq(sl_generator_next(w.stage, &receipt), SL_OK);
    ck_assert_int_eq(receipt->first_row, 0); /* nothing is safe yet */
    sl_batch_release(receipt);
    sl_generator_close(w.stage);
    ck_assert_int_eq(script.aborted, 1);
    ck_assert_int_eq(script.commits, 0);
    ck_assert_int_eq(script.closed_source, 1);
    end(&w);
}
END_TEST

START_TEST(a_stopping_run_lets_every_stage_go)
{
    world w = {0};
    sl_batch *receipt = NULL;
    begin(&w, &sink_type, 5, 10);
    ck_assert_int_eq(sl_generator_next(w.stage, &receipt), SL_OK);
    sl_batch_release(receipt);
    atomic_store(&w.run.stopping, 1);
    ck_assert_int_eq(sl_generator_next(w.stage, &receipt), SL_PENDING);
    ck_assert_int_eq(script.commits, 1); /* what was written is safe */
    end(&w);
}
END_TEST

START_TEST(a_reader_ends_at_its_limit)
{
    world w = {0};
    char rows[512];
    begin(&w, &even_type, 100, 10);
    sl_generator_limit(w.source, 13);
    ck_assert_int_eq(pull_all(&w, rows, sizeof rows), SL_END);
    ck_assert_str_eq(rows, "2 4 6 8 10 1}|12 2}|");
    end(&w);
}
END_TEST

START_TEST(a_raised_reason_reaches_the_reader)
{
    world w = {0};
    sl_batch *batch = NULL;
    begin(&w, &even_type, 5, 2);
    ck_assert_int_eq(sl_generator_raise(w.stage, "too much", &batch), SL_ERROR);
    ck_assert_str_eq(message(&w), "too much");
    ck_assert_str_eq(w.errors.list[0].stage, "source");
    end(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("generator");
    TCase *all = tcase_create("generator");
    tcase_add_test(all, each_keeps_rows_and_the_books_balance);
    tcase_add_test(all, a_stage_that_may_not_drop_rows_fails_the_audit);
    tcase_add_test(all, rest_gives_every_row_once_and_says_that_more_will_come);
    tcase_add_test(all, a_rejected_row_leaves_once_with_its_place);
    tcase_add_test(all, a_shared_batch_is_copied_before_it_is_changed);
    tcase_add_test(all, answers_and_batches_belong_together);
    tcase_add_test(all, a_stamp_covers_finished_rows_only);
    tcase_add_test(all, commits_carry_the_stamp_of_what_was_written);
    tcase_add_test(all, what_was_not_committed_is_aborted);
    tcase_add_test(all, a_stopping_run_lets_every_stage_go);
    tcase_add_test(all, a_reader_ends_at_its_limit);
    tcase_add_test(all, a_raised_reason_reaches_the_reader);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

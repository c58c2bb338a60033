/*
 * test_origin.c - where rows come from stays with them: through copies of a batch, through cells
 * that are spilled, and through rows that are made from several.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/batch.h"
#include "stages/origin.h"
#include "tests/unit/room_host.h"

static room_host room;
static sl_pool *pool;
static int32_t full; /* 1: bytes() has no room */

static char *take_bytes(sl_stage *stage, sl_batch *batch, size_t size)
{
    (void)stage;
    return full ? NULL : sl_batch_bytes(batch, size);
}

static sl_status make_origins(sl_stage *stage, sl_batch *batch)
{
    (void)stage;
    return sl_batch_origins(batch) < 0 ? SL_ERROR : SL_OK;
}

static void setup(void)
{
    room_start(&room);
    room.host.bytes = take_bytes;
    room.host.origins = make_origins;
    pool = sl_pool_new(&sl_env_real, 100, 65536);
    sl_pool_poison(pool, 1);
    full = 0;
}

static void teardown(void)
{
    ck_assert_int_eq(sl_pool_out(pool), 0);
    sl_pool_free(pool);
    ck_assert_int_eq(room.blocks, 0);
}

static sl_batch *make_batch(uint32_t rows)
{
    int32_t is_full;
    sl_batch *batch = sl_batch_new(pool, 1, rows, &is_full);
    ck_assert_ptr_nonnull(batch);
    for (uint32_t i = 0; i < rows; i++)
        batch->columns[0][i] = (sl_cell){.kind = SL_NULL};
    batch->rows = batch->selected = rows;
    batch->source = "a.csv";
    batch->first_row = 11;
    return batch;
}

START_TEST(says_what_the_batch_says)
{
    sl_batch *batch = make_batch(3);
    sl_origin origin = sl_origin_of(batch, 2);
    ck_assert_str_eq(origin.source, "a.csv");
    ck_assert_int_eq(origin.row, 13);
    ck_assert_int_eq(origin.line, 0);
    ck_assert_int_eq(sl_batch_lines(batch), 0);
    batch->lines[2] = 40;
    ck_assert_int_eq(sl_origin_of(batch, 2).line, 40);
    ck_assert_int_eq(sl_batch_origins(batch), 0);
    ck_assert_ptr_null(sl_origin_of(batch, 2).source); /* zeroed: nothing is known */
    batch->origins[2] = (sl_origin){.source = "b.csv", .row = 5};
    ck_assert_str_eq(sl_origin_of(batch, 2).source, "b.csv");
    sl_batch_release(batch);
}
END_TEST

START_TEST(copies_keep_them)
{
    static const uint32_t last[] = {2};
    sl_batch *batch = make_batch(3);
    ck_assert_int_eq(sl_batch_origins(batch), 0);
    for (uint32_t i = 0; i < 3; i++)
        batch->origins[i] = (sl_origin){.source = "t", .database = "a.db", .row = 100 + i};
    sl_batch *own = sl_batch_share(batch);
    ck_assert_int_eq(sl_batch_own(&own), 0);
    ck_assert_ptr_ne(own, batch);
    sl_batch *tail = sl_batch_tail(batch, batch->columns, 1, last, 1);
    batch->origins[1].row = 0;
    sl_batch_release(batch);
    ck_assert_int_eq(own->origins[1].row, 101);
    ck_assert_int_eq(tail->origins[2].row, 102);
    ck_assert_str_eq(tail->origins[2].database, "a.db");
    sl_batch_release(own);
    sl_batch_release(tail);
}
END_TEST

/* More sources than the table begins with, each found again whatever came between. */
START_TEST(numbers_sources)
{
    static const char texts[500];
    sl_origin_names names = {.stage = &room.stage};
    for (int32_t round = 0; round < 2; round++)
        for (int32_t i = 0; i < 500; i++) {
            sl_origin origin = {.source = &texts[i], .row = i};
            ck_assert_int_eq(sl_origin_number(&names, &origin), 2 * i);
            origin.flags = SL_ORIGIN_SEVERAL;
            ck_assert_int_eq(sl_origin_number(&names, &origin), 2 * i + 1);
        }
    sl_origin_names_done(&names);
    room.fail_after = 0;
    ck_assert_int_eq(sl_origin_number(&names, &(sl_origin){.source = texts}), -1);
    ck_assert_str_eq(room.message, "out of memory");
    room.fail_after = -1;
    sl_origin_names_done(&names);
}
END_TEST

START_TEST(goes_through_cells)
{
    sl_origin_names names = {.stage = &room.stage};
    sl_cell cells[SL_ORIGIN_CELLS];
    char key[] = "{\"a\":1}";
    const sl_origin origin = {.source = "t",
                              .database = "a.db",
                              .row = 7,
                              .line = 9,
                              .key = {.kind = SL_TEXT, .size = 7, .as.text = key}};
    ck_assert_int_eq(sl_origin_pack(&names, &origin, cells), SL_OK);
    sl_batch *batch = make_batch(2);
    ck_assert_int_eq(sl_batch_origins(batch), 0);
    sl_origin_unpack(&names, cells, batch, 1);
    full = 1;
    sl_origin_unpack(&names, cells, batch, 0);
    memset(key, 'x', sizeof key - 1); /* the batch has its own */
    const sl_origin *to = &batch->origins[1];
    ck_assert_str_eq(to->database, "a.db");
    ck_assert_int_eq(to->row, 7);
    ck_assert_int_eq(to->line, 9);
    ck_assert_mem_eq(to->key.as.text, "{\"a\":1}", 7);
    ck_assert_int_eq(batch->origins[0].key.kind, SL_NULL);
    ck_assert_int_eq(batch->origins[0].row, 7);
    sl_batch_release(batch);
    sl_origin_names_done(&names);
}
END_TEST

START_TEST(mixes)
{
    sl_origin_common common = {0};
    sl_batch *batch = make_batch(2);
    batch->source = "a.csv";
    sl_origin_mix(&common, batch);
    sl_origin_mix(&common, batch);
    ck_assert_int_eq(sl_origin_give(&common, &room.stage, batch), SL_OK);
    ck_assert_str_eq(batch->origins[1].source, "a.csv");
    ck_assert_int_eq(batch->origins[1].row, 0);
    ck_assert_uint_eq(batch->origins[1].flags, SL_ORIGIN_SEVERAL);
    batch->origins[1].database = "a.db"; /* of several sources now, and stays so */
    sl_origin_mix(&common, batch);
    batch->selected = 1;
    sl_origin_mix(&common, batch);
    ck_assert_int_eq(sl_origin_give(&common, &room.stage, batch), SL_OK);
    ck_assert_ptr_null(batch->origins[0].source);
    ck_assert_uint_eq(batch->origins[0].flags, SL_ORIGIN_SEVERAL);
    sl_batch_release(batch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("origin");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, says_what_the_batch_says);
    tcase_add_test(all, copies_keep_them);
    tcase_add_test(all, numbers_sources);
    tcase_add_test(all, goes_through_cells);
    tcase_add_test(all, mixes);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

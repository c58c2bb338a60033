/*
 * count.c - a reader of numbers: start, start + step, ...
 */
#include "stages/core/stage.h"

#include "stages/json.h"

typedef struct count {
    int64_t start;
    int64_t step;
    int64_t end;

    uint64_t total;  /* rows that fit: to the end, or to the last number of 64 bits */
    int32_t bounded; /* 1: `end` ends it */
    uint64_t given;
} count;

static int64_t number(const count *self, uint64_t row)
{
    return (int64_t)((uint64_t)self->start + row * (uint64_t)self->step);
}

/* Rows from start while number < end (or > end, going down); 2^64 - 1 at most. */
static uint64_t rows_to(int64_t start, int64_t end, int64_t step)
{
    if (step > 0 ? start >= end : start <= end)
        return 0;
    uint64_t distance =
        step > 0 ? (uint64_t)end - (uint64_t)start : (uint64_t)start - (uint64_t)end;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    return (distance - 1) / stride + 1;
}

static sl_status plan(sl_stage *stage)
{
    count *self = sl_self(stage, count);
    const sl_value *end = stage->host->option(stage, "end");
    if (self->step == 0)
        return sl_fail_at(
            stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, "step")),
            "a step of 0 would give the same number for ever");
    self->bounded = end && end->kind == SL_VALUE_SCALAR;
    int64_t last = self->step > 0 ? INT64_MAX : INT64_MIN;
    self->total = rows_to(self->start, self->bounded ? self->end : last, self->step);
    if (!self->bounded && self->total < UINT64_MAX && number(self, self->total) == last)
        self->total++; /* the very last number of 64 bits is given too */
    sl_column column = {.name = "n", .type = SL_TYPE_INTEGER, .flags = SL_COLUMN_DECLARED};
    return stage->host->columns(stage, &column, 1, sizeof column);
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    count *self = sl_self(stage, count);
    uint64_t left = self->total - self->given;
    if (left == 0 && self->bounded)
        return SL_END;
    if (left == 0)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_DATA, .hint = "give the end"),
                          "the next number does not fit 64 bits");
    sl_batch *batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    uint32_t rows = left < batch->capacity ? (uint32_t)left : batch->capacity;
    sl_cell *cells = batch->columns[0];
    for (uint32_t row = 0; row < rows; row++)
        cells[row] = (sl_cell){.kind = SL_INTEGER, .as.integer = number(self, self->given + row)};
    batch->rows = batch->selected = rows;
    batch->first_row = (int64_t)self->given + 1;
    batch->lines = NULL;
    self->given += rows;
    *given = batch;
    return SL_OK;
}

static sl_status tell(sl_stage *stage, sl_text *position)
{
    return stage->host->set_text(stage, position, "{\"row\":%llu}",
                                 (unsigned long long)sl_self(stage, count)->given);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    count *self = sl_self(stage, count);
    int64_t row;
    if (sl_json_get_integer(position, "row", &row) != 1 || row < 0 || (uint64_t)row > self->total)
        return sl_fail(stage, "this is no position of this count: %s", position);
    self->given = (uint64_t)row;
    return SL_OK;
}

static const sl_option options[] = {
    {"start", SL_OPTION_INTEGER, SL_OPTION_SOURCE, offsetof(count, start), "0", NULL, NULL, NULL,
     "The first number."},
    {"step", SL_OPTION_INTEGER, SL_OPTION_SOURCE, offsetof(count, step), "1", NULL, NULL, NULL,
     "From one number to the next; below 0 it counts down."},
    {"end", SL_OPTION_INTEGER, 0, offsetof(count, end), "", NULL, NULL, NULL,
     "The first number that is not given any more; left out, it never ends."},
    {0},
};

const sl_stage_type sl_count = {
    SL_STAGE_TYPE,
    .name = "count",
    .version = "1.0",
    .summary = "Gives numbers, one a row, in the column `n`.",
    .manual =
        "Gives start, start + step, and so on. `end` itself is not given, so that `end: 10` gives "
        "the ten numbers 0 to 9. Without an end it counts on until the graph has enough (a limit, "
        "say); at the last number of 64 bits it fails.",
    .example = "reader: count\nstart: 1\nend: 1001\n",
    .role = SL_READER,
    .self_size = sizeof(count),
    .options = options,
    .plan = plan,
    .next = next,
    .tell = tell,
    .seek = seek,
};

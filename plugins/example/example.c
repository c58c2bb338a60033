/*
 * example.c - a plugin to copy: a reader that keeps its place, and a transformer.
 *
 *     cc -std=c17 -shared -fPIC -fvisibility=hidden -O2 -Wall -Wextra -o example.so example.c
 *     sluice stages --plugin ./example.so fibonacci upper
 *     sluice run --plugin ./example.so graph.yaml
 *
 * To make your own: copy this folder, rename the types at the end, change `next` or `each`.
 * Everything a stage may ask for is explained in <sluice/stage.h>, the only header there is.
 */
#include <sluice/stage.h>

/* ---- reader: fibonacci - state between two batches ------------------------------------------ */

struct fibonacci {
    int64_t rows; /* the option: how many numbers */
    int64_t given;
    int64_t now, next; /* where the generator stands */
};

static const sl_option fibonacci_options[] = {
    {"rows", SL_OPTION_INTEGER, 0, offsetof(struct fibonacci, rows), "10", "0", "92", NULL,
     "How many numbers to give; the 93rd is beyond 64 bits."},
    {0},
};

static sl_status fibonacci_plan(sl_stage *stage)
{
    const sl_column column = {.name = "number", .type = SL_TYPE_INTEGER};
    return stage->host->columns(stage, &column, 1, sizeof column);
}

static sl_status fibonacci_next(sl_stage *stage, sl_batch **given)
{
    struct fibonacci *self = sl_self(stage, struct fibonacci);
    if (self->given == self->rows)
        return SL_END;
    sl_batch *batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR; /* the host has said why */
    if (self->given == 0)
        self->next = 1;
    batch->first_row = self->given + 1;
    batch->lines = NULL; /* these rows stand in no file */
    while (batch->rows < batch->capacity && self->given < self->rows) {
        batch->columns[0][batch->rows] = (sl_cell){.kind = SL_INTEGER, .as = {.integer = self->now}};
        batch->rows++;
        int64_t sum = self->now + self->next;
        self->now = self->next;
        self->next = sum;
        self->given++;
    }
    batch->selected = batch->rows;
    *given = batch;
    return SL_OK;
}

static const sl_stage_type fibonacci = {
    SL_STAGE_TYPE,
    .name = "fibonacci",
    .version = "1.0",
    .summary = "Gives the Fibonacci numbers: 0, 1, 1, 2, 3, 5 ...",
    .role = SL_READER,
    .self_size = sizeof(struct fibonacci),
    .options = fibonacci_options,
    .plan = fibonacci_plan,
    .next = fibonacci_next,
};

/* ---- transformer: upper - one batch at a time ------------------------------------------------- */

struct upper {
    const char *column; /* the option */
    uint32_t index;     /* of the column, found by plan */
};

static const sl_option upper_options[] = {
    {"column", SL_OPTION_COLUMN, 0, offsetof(struct upper, column), NULL, NULL, NULL, NULL,
     "The text column whose letters a-z become capitals."},
    {0},
};

/* A name that is no column is an error at its place in the YAML, before any row moves. */
static sl_status upper_plan(sl_stage *stage)
{
    struct upper *self = sl_self(stage, struct upper);
    return stage->host->find_column(stage, 0, stage->host->option(stage, "column"), &self->index);
}

/* Slices are shared and never changed in place: the new text is new bytes of the batch. */
static sl_status upper_each(sl_stage *stage, sl_batch *batch)
{
    const struct upper *self = sl_self(stage, struct upper);
    sl_cell *cells = batch->columns[self->index];
    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i];
        if (cells[row].kind != SL_TEXT)
            continue;
        char *text = stage->host->bytes(stage, batch, cells[row].size);
        if (!text && i > 0) /* the batch is full: the host calls each again with the rest */
            return stage->host->rest(stage, batch, i);
        if (!text) { /* not even alone: this row cannot be done */
            if (sl_reject(stage, batch, row, self->index + 1, "the text does not fit a batch"))
                return SL_ERROR;
            continue;
        }
        for (uint32_t b = 0; b < cells[row].size; b++) {
            char letter = cells[row].as.text[b];
            text[b] = (char)(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
        }
        cells[row].as.text = text;
    }
    return SL_OK;
}

static const sl_stage_type upper = {
    SL_STAGE_TYPE,
    .name = "upper",
    .version = "1.0",
    .summary = "Makes the letters a-z of a column capitals.",
    .role = SL_TRANSFORMER,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(struct upper),
    .options = upper_options,
    .plan = upper_plan,
    .each = upper_each,
};

SL_PLUGIN("example", "1.0", &fibonacci, &upper)

/*
 * dedupe.c - filter: of rows that are equal in some columns, the first one passes.
 *
 * Keys (key.h) that were seen are kept in memory (key_set.h); when `memory` is full, new ones
 * go to a temporary database (sql_seen.h).
 */
#include "stages/key_set.h"
#include "stages/sql_seen.h"

typedef struct dedupe {
    const sl_value *by;
    int64_t memory;
    const sl_column *columns; /* the input's; NULL: not prepared yet */
    uint32_t columns_count;
    uint32_t *chosen; /* indexes of the columns that are compared */
    uint32_t chosen_count;
    sl_key key;
    sl_key_set *set;
    sl_sql_seen *seen; /* NULL: all keys are in memory */
} dedupe;

static const sl_option options[] = {
    {"by", SL_OPTION_COLUMNS, 0, offsetof(dedupe, by), "", NULL, NULL, NULL,
     "The columns that are compared; all of them when this is left out."},
    {"memory", SL_OPTION_SIZE, 0, offsetof(dedupe, memory), "8MiB", "64KiB", "1GiB", NULL,
     "Keys beyond this are kept in a temporary database."},
    {0},
};

/* Finds the columns of `by`. */
static sl_status prepare(sl_stage *stage)
{
    dedupe *self = sl_self(stage, dedupe);
    int32_t listed = self->by && self->by->kind == SL_VALUE_LIST;
    uint32_t count = listed ? self->by->count : self->by ? 1 : self->columns_count;
    sl_status status = SL_OK;

    if (!count && self->by)
        return sl_fail_at(stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = self->by,
                                   .hint = "leave `by` out to compare all columns"),
                          "no columns to compare");
    self->chosen = stage->host->allocate(stage, NULL, (count + 1) * sizeof *self->chosen);
    if (!self->chosen)
        return sl_no_memory(stage);
    self->chosen_count = count;
    for (uint32_t i = 0; i < count; i++) {
        self->chosen[i] = i;
        if (self->by && stage->host->find_column(stage, 0, listed ? sl_item(self->by, i) : self->by,
                                                 &self->chosen[i]) != SL_OK)
            status = SL_ERROR;
    }
    return status;
}

static sl_status plan(sl_stage *stage)
{
    dedupe *self = sl_self(stage, dedupe);

    self->columns = stage->host->input_columns(stage, 0, &self->columns_count);
    return self->columns ? prepare(stage) : SL_OK;
}

static sl_status open(sl_stage *stage)
{
    dedupe *self = sl_self(stage, dedupe);

    if (!self->columns) {
        self->columns = stage->host->input_columns(stage, 0, &self->columns_count);
        if (!self->columns)
            return sl_fail(stage, "the columns of the input are not known");
        if (prepare(stage) != SL_OK)
            return SL_ERROR;
    }
    self->set = sl_key_set_new(stage, self->memory / 2, 0);
    return self->set ? SL_OK : SL_ERROR;
}

static sl_status make_key(sl_stage *stage, const sl_batch *batch, uint32_t row)
{
    dedupe *self = sl_self(stage, dedupe);

    self->key.size = 0;
    for (uint32_t i = 0; i < self->chosen_count; i++) {
        uint32_t column = self->chosen[i];
        sl_cell value;

        sl_key_value(&self->columns[column], &batch->columns[column][row], &value);
        if (sl_key_add(stage, &self->key, &value, 0) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

/* Whether the key was not seen before; from now on it is. */
static sl_status see(sl_stage *stage, int32_t *first)
{
    dedupe *self = sl_self(stage, dedupe);
    uint64_t hash = sl_key_hash(self->key.bytes, self->key.size);
    sl_key_entry *entry = sl_key_set_find(self->set, &self->key, hash);

    *first = !entry;
    if (entry)
        return SL_OK;
    if (sl_key_set_add(self->set, &self->key, hash, 0, &entry) != SL_OK)
        return SL_ERROR;
    if (entry)
        return SL_OK;
    if (!self->seen)
        self->seen = sl_sql_seen_new(stage, self->memory / 4);
    return self->seen ? sl_sql_seen_add(self->seen, &self->key, first) : SL_ERROR;
}

static sl_status each(sl_stage *stage, sl_batch *batch)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < batch->selected; i++) {
        uint32_t row = batch->selection[i];
        int32_t first = 0;

        if (make_key(stage, batch, row) != SL_OK || see(stage, &first) != SL_OK)
            return SL_ERROR;
        if (first)
            batch->selection[kept++] = row;
    }
    batch->selected = kept;
    return SL_OK;
}

static void close(sl_stage *stage)
{
    dedupe *self = sl_self(stage, dedupe);

    sl_sql_seen_free(self->seen);
    sl_key_set_free(self->set);
    sl_key_done(stage, &self->key);
    stage->host->allocate(stage, self->chosen, 0);
}

static const char manual[] =
    "Passes the first of all rows that are equal in the columns of `by`, and drops the others, "
    "wherever in the input they stand.\n"
    "\n"
    "Equal is what SQLite's GROUP BY finds equal: 1 and 1.0 are, two NULLs are, 'a' and 'A' are "
    "not, text and blob never are. A column that a reader gave a type is compared as that type, "
    "so that 12.50 and 12.5 of a real column are equal; a value that does not fit its type is "
    "compared as text. The row that passes keeps its spelling.\n"
    "\n"
    "The keys that were seen are held: half of `memory` as they are, and beyond that in a "
    "private temporary database (in TMPDIR, else /var/tmp). "
    "Keys themselves are compared, never only their hashes.";

static const char example[] = "- filter: dedupe\n"
                              "  by: [customer, email]\n";

const sl_stage_type sl_dedupe = {
    SL_STAGE_TYPE,
    .name = "dedupe",
    .version = "1.0",
    .summary = "Passes the first of rows that are equal in some columns.",
    .manual = manual,
    .example = example,
    .role = SL_FILTER,
    .traits = SL_TRAIT_STATEFUL | SL_TRAIT_SHRINKS,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(dedupe),
    .options = options,
    .plan = plan,
    .open = open,
    .each = each,
    .close = close,
};

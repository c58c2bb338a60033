/*
 * runs.c - an external merge sort.
 *
 * Memory is one block: records grow from its start, entries (the first eight bytes of the key,
 * and where the record stands) from its end; as much room as the entries take is kept free
 * between them for the merge sort. A record is {key size, key, packed row}.
 *
 * Runs have a level. Each level has its file. When a level has as many runs as are merged at
 * once, they become one run of the next level. The list of runs stays in the order in which
 * their rows came, so that equal keys keep it.
 */
#include "stages/runs.h"

#include <string.h>

#define LEVELS 8
#define FAN_MAX 128
#define WINDOW_MIN 4096

typedef struct entry {
    uint64_t prefix; /* the first eight bytes of the key, as a number */
    uint32_t at;     /* of the record in the block */
    uint32_t size;
} entry;

typedef struct run {
    uint32_t level;
    int64_t from, end; /* in the level's file */
} run;

typedef struct head { /* a run's next record, while merging */
    sl_spill_reader reader;
    uint64_t prefix;
    const char *record;
    uint32_t size;
} head;

struct sl_runs {
    sl_stage *stage;
    size_t memory;
    uint32_t fan; /* runs of a level that are merged into one */
    char *block;  /* NULL: none now */
    size_t block_size;
    size_t used;  /* by records, from the start */
    size_t count; /* of entries, at the end */
    size_t given; /* entries given, when all stayed in memory */
    sl_spill *files[LEVELS];
    run *list;
    uint32_t list_count, list_room;
    head *heads; /* while merging: a heap of those that have a record */
    uint32_t heads_count, heads_live;
    uint32_t *heap; /* indexes of heads */
    int32_t started;
    const char *row;
};

/* ---- Comparing ------------------------------------------------------------------------ */

static uint32_t key_size(const char *record)
{
    uint32_t size;

    memcpy(&size, record, sizeof size);
    return size;
}

static const uint8_t *key_bytes(const char *record)
{
    return (const uint8_t *)record + sizeof(uint32_t);
}

static uint64_t prefix_of(const uint8_t *key, size_t size)
{
    uint64_t word = 0;

    memcpy(&word, key, size < 8 ? size : 8);
    return __builtin_bswap64(word);
}

/* Records whose prefixes are equal. */
static int compare_rest(const char *a, const char *b)
{
    uint32_t a_size = key_size(a), b_size = key_size(b);

    if (a_size <= 8 && b_size <= 8)
        return 0;
    return sl_key_compare(key_bytes(a), a_size, key_bytes(b), b_size);
}

/* Whether `a`, which came later, goes before `b`. */
static int goes_before(const sl_runs *runs, const entry *a, const entry *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    return compare_rest(runs->block + a->at, runs->block + b->at) < 0;
}

/* ---- Sorting the block ------------------------------------------------------------------ */

static entry *first_entry(const sl_runs *runs)
{
    return (entry *)(void *)(runs->block + runs->block_size) - runs->count;
}

static void insertion_sort(const sl_runs *runs, entry *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        entry moved = list[i];
        size_t j = i;

        for (; j > 0 && goes_before(runs, &moved, &list[j - 1]); j--)
            list[j] = list[j - 1];
        list[j] = moved;
    }
}

/* Stable: of equal ones the left comes first. */
static void merge_sort(const sl_runs *runs, entry *list, size_t count, entry *scratch)
{
    size_t half = count / 2, left = 0, right = half, to = 0;

    if (count <= 12) {
        insertion_sort(runs, list, count);
        return;
    }
    merge_sort(runs, list, half, scratch);
    merge_sort(runs, list + half, count - half, scratch);
    if (!goes_before(runs, &list[half], &list[half - 1]))
        return;
    memcpy(scratch, list, half * sizeof *list);
    while (left < half && right < count)
        if (goes_before(runs, &list[right], &scratch[left]))
            list[to++] = list[right++];
        else
            list[to++] = scratch[left++];
    memcpy(list + to, scratch + left, (half - left) * sizeof *list);
}

/* Entries were put one before the other, so the newest comes first: turns them, then sorts. */
static void sort_block(sl_runs *runs)
{
    entry *list = first_entry(runs);

    for (size_t i = 0, j = runs->count; i + 1 < j; i++) {
        entry moved = list[i];

        list[i] = list[--j];
        list[j] = moved;
    }
    merge_sort(runs, list, runs->count, list - runs->count);
}

/* ---- Life --------------------------------------------------------------------------------- */

sl_runs *sl_runs_new(sl_stage *stage, int64_t memory)
{
    sl_runs *runs = stage->host->allocate(stage, NULL, sizeof *runs);
    int64_t fan = memory / 65536;

    if (!runs) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *runs = (sl_runs){.stage = stage, .memory = (size_t)memory};
    runs->fan = fan < 4 ? 4 : fan > FAN_MAX ? FAN_MAX : (uint32_t)fan;
    return runs;
}

static void free_heads(sl_runs *runs)
{
    for (uint32_t i = 0; i < runs->heads_count; i++)
        sl_spill_done(&runs->heads[i].reader);
    runs->stage->host->allocate(runs->stage, runs->heads, 0);
    runs->stage->host->allocate(runs->stage, runs->heap, 0);
    runs->heads = NULL;
    runs->heap = NULL;
    runs->heads_count = runs->heads_live = 0;
}

static void free_block(sl_runs *runs)
{
    runs->stage->host->allocate(runs->stage, runs->block, 0);
    runs->block = NULL;
    runs->used = runs->count = 0;
}

void sl_runs_free(sl_runs *runs)
{
    if (!runs)
        return;
    free_heads(runs);
    free_block(runs);
    for (uint32_t i = 0; i < LEVELS; i++)
        sl_spill_free(runs->files[i]);
    runs->stage->host->allocate(runs->stage, runs->list, 0);
    runs->stage->host->allocate(runs->stage, runs, 0);
}

/* ---- Merging ------------------------------------------------------------------------------ */

static int heap_before(const sl_runs *runs, uint32_t a, uint32_t b)
{
    const head *x = &runs->heads[a], *y = &runs->heads[b];
    int order;

    if (x->prefix != y->prefix)
        return x->prefix < y->prefix;
    order = compare_rest(x->record, y->record);
    return order ? order < 0 : a < b;
}

static void sift_down(sl_runs *runs, uint32_t at)
{
    uint32_t moved = runs->heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= runs->heads_live)
            break;
        if (child + 1 < runs->heads_live &&
            heap_before(runs, runs->heap[child + 1], runs->heap[child]))
            child++;
        if (!heap_before(runs, runs->heap[child], moved))
            break;
        runs->heap[at] = runs->heap[child];
        at = child;
    }
    runs->heap[at] = moved;
}

static sl_status read_head(head *of)
{
    sl_status status = sl_spill_next(&of->reader, &of->record, &of->size);

    if (status == SL_OK)
        of->prefix = prefix_of(key_bytes(of->record), key_size(of->record));
    return status;
}

/* Opens list[first ..) for merging. */
static sl_status open_heads(sl_runs *runs, uint32_t first)
{
    sl_stage *stage = runs->stage;
    uint32_t count = runs->list_count - first;
    size_t window = runs->memory / count;

    free_block(runs);
    runs->heads = stage->host->allocate(stage, NULL, count * sizeof *runs->heads);
    runs->heap = stage->host->allocate(stage, NULL, count * sizeof *runs->heap);
    if (!runs->heads || !runs->heap)
        return sl_no_memory(stage);
    window = window < WINDOW_MIN ? WINDOW_MIN : window > 262144 ? 262144 : window;
    for (uint32_t i = 0; i < count; i++) {
        const run *of = &runs->list[first + i];

        runs->heads[i] = (head){0};
        runs->heads_count = i + 1;
        if (sl_spill_read(&runs->heads[i].reader, runs->files[of->level], of->from, of->end,
                          window) != SL_OK ||
            read_head(&runs->heads[i]) != SL_OK) /* a run has at least one record */
            return SL_ERROR;
        runs->heap[runs->heads_live++] = i;
    }
    for (uint32_t i = runs->heads_live / 2; i-- > 0;)
        sift_down(runs, i);
    return SL_OK;
}

/* Moves on the head whose record was used. */
static sl_status next_head(sl_runs *runs)
{
    sl_status status = read_head(&runs->heads[runs->heap[0]]);

    if (status == SL_ERROR)
        return SL_ERROR;
    if (status == SL_END)
        runs->heap[0] = runs->heap[--runs->heads_live];
    if (runs->heads_live)
        sift_down(runs, 0);
    return SL_OK;
}

/* ---- Runs ----------------------------------------------------------------------------------- */

static sl_status begin_run(sl_runs *runs, uint32_t level)
{
    sl_stage *stage = runs->stage;

    if (!runs->files[level])
        runs->files[level] = sl_spill_new(stage);
    if (!runs->files[level])
        return SL_ERROR;
    if (runs->list_count == runs->list_room) {
        uint32_t room = runs->list_room ? 2 * runs->list_room : 64;
        run *list = stage->host->allocate(stage, runs->list, room * sizeof *list);

        if (!list)
            return sl_no_memory(stage);
        runs->list = list;
        runs->list_room = room;
    }
    runs->list[runs->list_count] = (run){.level = level, .from = sl_spill_end(runs->files[level])};
    return SL_OK;
}

static sl_status end_run(sl_runs *runs, uint32_t level)
{
    if (sl_spill_flush(runs->files[level]) != SL_OK)
        return SL_ERROR;
    runs->list[runs->list_count++].end = sl_spill_end(runs->files[level]);
    return SL_OK;
}

static sl_status write_record(sl_spill *file, const char *record, uint32_t size)
{
    sl_status status = sl_spill_begin(file, size);

    return status == SL_OK ? sl_spill_add(file, record, size) : status;
}

static sl_status write_block(sl_runs *runs)
{
    const entry *list;

    sort_block(runs);
    list = first_entry(runs);
    if (begin_run(runs, 0) != SL_OK)
        return SL_ERROR;
    for (size_t i = 0; i < runs->count; i++)
        if (write_record(runs->files[0], runs->block + list[i].at, list[i].size) != SL_OK)
            return SL_ERROR;
    runs->used = runs->count = 0;
    return end_run(runs, 0);
}

static uint32_t runs_of_level(const sl_runs *runs, uint32_t level)
{
    uint32_t count = 0;

    while (count < runs->list_count && runs->list[runs->list_count - 1 - count].level == level)
        count++;
    return count;
}

/* The last runs of the list, all of one level, become one of the next. */
static sl_status merge_level(sl_runs *runs, uint32_t level)
{
    uint32_t first = runs->list_count - runs_of_level(runs, level);
    sl_status status = open_heads(runs, first);

    if (status != SL_OK || begin_run(runs, level + 1) != SL_OK)
        return SL_ERROR;
    while (status == SL_OK && runs->heads_live) {
        const head *top = &runs->heads[runs->heap[0]];

        status = write_record(runs->files[level + 1], top->record, top->size);
        if (status == SL_OK)
            status = next_head(runs);
    }
    free_heads(runs);
    if (status != SL_OK || end_run(runs, level + 1) != SL_OK)
        return SL_ERROR;
    runs->list[first] = runs->list[runs->list_count - 1];
    runs->list_count = first + 1;
    return sl_spill_clear(runs->files[level]);
}

static sl_status write_run(sl_runs *runs)
{
    sl_status status = write_block(runs);

    for (uint32_t level = 0; status == SL_OK && level + 1 < LEVELS; level++) {
        if (runs_of_level(runs, level) < runs->fan)
            break;
        status = merge_level(runs, level);
    }
    return status;
}

/* ---- In and out ------------------------------------------------------------------------------ */

/* Makes the block, with room for at least one record of this size. */
static sl_status make_block(sl_runs *runs, size_t record)
{
    size_t need = record + 2 * sizeof(entry);
    size_t size = runs->memory > need ? runs->memory : need;

    size = (size + sizeof(entry) - 1) / sizeof(entry) * sizeof(entry);
    if (size > UINT32_MAX)
        return sl_fail(runs->stage, "a row of %zu bytes is too large to sort", record);
    if (runs->block && runs->block_size >= size)
        return SL_OK;
    free_block(runs);
    runs->block = runs->stage->host->allocate(runs->stage, NULL, size);
    if (!runs->block)
        return sl_no_memory(runs->stage);
    runs->block_size = size;
    return SL_OK;
}

sl_status sl_runs_add(sl_runs *runs, const sl_key *key, const sl_cell *cells, uint32_t count)
{
    size_t size = sizeof(uint32_t) + key->size + sl_spill_size(cells, count);
    uint32_t short_size = (uint32_t)key->size;
    char *to;
    entry *list;

    if (runs->count && runs->used + size + (runs->count + 1) * 2 * sizeof(entry) > runs->block_size)
        if (write_run(runs) != SL_OK)
            return SL_ERROR;
    if (!runs->count && make_block(runs, size) != SL_OK)
        return SL_ERROR;
    to = runs->block + runs->used;
    memcpy(to, &short_size, sizeof short_size);
    memcpy(to + sizeof short_size, key->bytes, key->size);
    size = sl_spill_pack(cells, count, to + sizeof short_size + key->size);
    size += sizeof short_size + key->size;
    runs->count++;
    list = first_entry(runs);
    list[0] = (entry){.prefix = prefix_of(key->bytes, key->size),
                      .at = (uint32_t)runs->used,
                      .size = (uint32_t)size};
    runs->used += size;
    return SL_OK;
}

sl_status sl_runs_finish(sl_runs *runs)
{
    if (!runs->list_count) {
        if (runs->count)
            sort_block(runs);
        return SL_OK;
    }
    if (runs->count && write_block(runs) != SL_OK)
        return SL_ERROR;
    return open_heads(runs, 0);
}

static sl_status step_in_memory(sl_runs *runs)
{
    const char *record;

    if (runs->given == runs->count)
        return SL_END;
    record = runs->block + first_entry(runs)[runs->given++].at;
    runs->row = record + sizeof(uint32_t) + key_size(record);
    return SL_OK;
}

sl_status sl_runs_step(sl_runs *runs)
{
    const head *top;

    if (!runs->list_count)
        return step_in_memory(runs);
    if (runs->started && runs->heads_live && next_head(runs) != SL_OK)
        return SL_ERROR;
    runs->started = 1;
    if (!runs->heads_live)
        return SL_END;
    top = &runs->heads[runs->heap[0]];
    runs->row = top->record + sizeof(uint32_t) + key_size(top->record);
    return SL_OK;
}

const char *sl_runs_row(const sl_runs *runs)
{
    return runs->row;
}

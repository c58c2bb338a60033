/*
 * batch.c - pools, batches and stamps; see batch.h.
 */
#include "stages/core/batch.h"

#include <assert.h>
#include <string.h>

#define SLAB_STEP ((size_t)64 * 1024)
#define STAMP_ROOM 240

typedef struct slab {
    struct slab *next;
    size_t size; /* of bytes */
    size_t used;
    _Alignas(16) char bytes[];
} slab;

typedef struct host_batch {
    sl_batch batch; /* first: a batch is its host_batch */
    sl_pool *pool;
    uint32_t owners;    /* who may read the batch */
    uint32_t borrowers; /* batches whose slices point into this memory */
    struct host_batch *base;
    slab *slabs; /* the newest first */
    size_t used; /* of the bound */
    sl_stamp *stamp;
    int32_t partial;
    struct host_batch *next; /* in the pool's free list */
} host_batch;

typedef struct stamp_block { /* stands before each stamp; for the free list */
    struct stamp_block *next;
    size_t room; /* of the stamp behind it */
} stamp_block;

struct sl_pool {
    const sl_env *env;
    int64_t rows, bytes;
    int64_t out;
    int64_t held, peak;
    int32_t poison;
    host_batch *free;
    stamp_block *stamps;
};

sl_pool *sl_pool_new(const sl_env *env, int64_t rows, int64_t bytes)
{
    sl_pool *pool = sl_env_allocate(env, NULL, sizeof *pool);
    if (!pool)
        return NULL;
    *pool = (sl_pool){.env = env, .rows = rows, .bytes = bytes};
    return pool;
}

static void free_slabs(sl_pool *pool, host_batch *batch)
{
    for (slab *at = batch->slabs, *next; at; at = next) {
        next = at->next;
        pool->held -= (int64_t)(sizeof *at + at->size);
        sl_env_allocate(pool->env, at, 0);
    }
    batch->slabs = NULL;
}

void sl_pool_free(sl_pool *pool)
{
    if (!pool)
        return;
    assert(pool->out == 0);
    for (host_batch *at = pool->free, *next; at; at = next) {
        next = at->next;
        free_slabs(pool, at);
        sl_env_allocate(pool->env, at, 0);
    }
    for (stamp_block *at = pool->stamps, *next; at; at = next) {
        next = at->next;
        sl_env_allocate(pool->env, at, 0);
    }
    sl_env_allocate(pool->env, pool, 0);
}

int64_t sl_pool_rows(const sl_pool *pool)
{
    return pool->rows;
}

int64_t sl_pool_bytes(const sl_pool *pool)
{
    return pool->bytes;
}

int64_t sl_pool_out(const sl_pool *pool)
{
    return pool->out;
}

int64_t sl_pool_peak(const sl_pool *pool)
{
    return pool->peak;
}

void sl_pool_poison(sl_pool *pool, int32_t on)
{
    pool->poison = on;
}

/* ---- Memory of one batch -------------------------------------------------------------- */

static host_batch *host_of(const sl_batch *batch)
{
    return batch->host;
}

static slab *add_slab(host_batch *batch, size_t least)
{
    sl_pool *pool = batch->pool;
    size_t size = (least + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP;
    slab *made = sl_env_allocate(pool->env, NULL, sizeof *made + size);
    if (!made)
        return NULL;
    *made = (slab){.next = batch->slabs, .size = size};
    batch->slabs = made;
    pool->held += (int64_t)(sizeof *made + size);
    if (pool->held > pool->peak)
        pool->peak = pool->held;
    return made;
}

/* Memory of the batch; `align` is 1 or 16. It counts against the bound, but is not bounded by
 * it: sl_batch_bytes is. */
static void *take(host_batch *batch, size_t size, size_t align)
{
    slab *at = batch->slabs;
    size_t from = at ? (at->used + align - 1) / align * align : 0;
    if (!at || from > at->size || at->size - from < size) {
        at = add_slab(batch, size);
        if (!at)
            return NULL;
        from = 0;
    }
    at->used = from + size;
    batch->used += size;
    return at->bytes + from;
}

/* Makes the memory ready for the next use: one slab, as large as what was needed this time. */
static void recycle_slabs(host_batch *batch)
{
    sl_pool *pool = batch->pool;
    size_t whole = 0;
    for (slab *at = batch->slabs; at; at = at->next) {
        if (pool->poison)
            memset(at->bytes, 0xA5, at->size);
        whole += at->used;
        at->used = 0;
    }
    if (batch->slabs && batch->slabs->next) {
        free_slabs(pool, batch);
        add_slab(batch, whole); /* no memory: the next use asks again */
    }
    batch->used = 0;
}

static void retire(host_batch *batch)
{
    if (batch->owners > 0 || batch->borrowers > 0)
        return;
    sl_pool *pool = batch->pool;
    host_batch *base = batch->base;
    sl_stamp_release(pool, batch->stamp);
    batch->stamp = NULL;
    batch->base = NULL;
    recycle_slabs(batch);
    batch->next = pool->free;
    pool->free = batch;
    pool->out--;
    if (base) {
        base->borrowers--;
        retire(base);
    }
}

static host_batch *blank(sl_pool *pool)
{
    host_batch *batch = pool->free;
    if (batch) {
        pool->free = batch->next;
    } else {
        batch = sl_env_allocate(pool->env, NULL, sizeof *batch);
        if (!batch)
            return NULL;
        *batch = (host_batch){.pool = pool};
    }
    batch->batch = (sl_batch){.size = sizeof(sl_batch), .host = batch};
    batch->owners = 1;
    batch->borrowers = 0;
    batch->partial = 0;
    batch->next = NULL;
    pool->out++;
    return batch;
}

static int lay_out(host_batch *batch, uint32_t columns, uint32_t capacity)
{
    sl_batch *of = &batch->batch;
    of->columns = take(batch, (columns + 1) * sizeof *of->columns, 16);
    of->selection = take(batch, (capacity + 1) * sizeof *of->selection, 16);
    if (!of->columns || !of->selection)
        return -1;
    of->columns_count = columns;
    of->capacity = capacity;
    for (uint32_t i = 0; i < capacity; i++)
        of->selection[i] = i;
    for (uint32_t c = 0; c < columns; c++) {
        of->columns[c] = take(batch, (capacity + 1) * sizeof(sl_cell), 16);
        if (!of->columns[c])
            return -1;
    }
    return 0;
}

static uint32_t room_for(const sl_pool *pool, uint32_t columns, uint32_t rows)
{
    int64_t most = pool->rows;
    if (rows > 0 && rows < most)
        most = rows;
    if (columns > 0 && pool->bytes / (32 * (int64_t)columns) < most)
        most = pool->bytes / (32 * (int64_t)columns);
    return most < 1 ? 1 : (uint32_t)most;
}

sl_batch *sl_batch_new(sl_pool *pool, uint32_t columns, uint32_t rows, int32_t *full)
{
    *full = (int64_t)columns * (int64_t)sizeof(sl_cell) > pool->bytes;
    if (*full)
        return NULL;
    host_batch *batch = blank(pool);
    if (!batch)
        return NULL;
    if (lay_out(batch, columns, room_for(pool, columns, rows)) < 0) {
        sl_batch_release(&batch->batch);
        return NULL;
    }
    return &batch->batch;
}

int sl_batch_lines(sl_batch *batch)
{
    batch->lines = take(host_of(batch), (batch->capacity + 1) * sizeof *batch->lines, 16);
    return batch->lines ? 0 : -1;
}

int sl_batch_origins(sl_batch *batch)
{
    size_t size = (batch->capacity + 1) * sizeof *batch->origins;
    batch->origins = take(host_of(batch), size, 16);
    if (batch->origins)
        memset(batch->origins, 0, size);
    return batch->origins ? 0 : -1;
}

/* ---- Sharing ---------------------------------------------------------------------------- */

sl_batch *sl_batch_share(sl_batch *batch)
{
    host_of(batch)->owners++;
    return batch;
}

void sl_batch_release(sl_batch *batch)
{
    if (!batch)
        return;
    host_batch *host = host_of(batch);
    assert(host->owners > 0);
    host->owners--;
    retire(host);
}

uint32_t sl_batch_owners(const sl_batch *batch)
{
    return host_of(batch)->owners;
}

/* A batch with copies of these cells; its slices stay in the memory of `of`. */
static sl_batch *copy_cells(sl_batch *of, sl_cell *const *columns, uint32_t columns_count,
                            const uint32_t *selection, uint32_t selected)
{
    host_batch *from = host_of(of);
    host_batch *copy = blank(from->pool);
    if (!copy)
        return NULL;
    sl_batch *to = &copy->batch;
    if (lay_out(copy, columns_count, of->rows) < 0 || (of->lines && sl_batch_lines(to) < 0) ||
        (of->origins && sl_batch_origins(to) < 0)) {
        sl_batch_release(to);
        return NULL;
    }
    for (uint32_t c = 0; c < columns_count; c++)
        memcpy(to->columns[c], columns[c], of->rows * sizeof(sl_cell));
    memcpy(to->selection, selection, selected * sizeof *selection);
    if (of->lines)
        memcpy(to->lines, of->lines, of->rows * sizeof *of->lines);
    if (of->origins)
        memcpy(to->origins, of->origins, of->rows * sizeof *of->origins);
    to->rows = of->rows;
    to->selected = selected;
    to->first_row = of->first_row;
    to->source = of->source;
    copy->stamp = sl_stamp_share(from->stamp);
    copy->partial = from->partial;
    copy->base = from;
    from->borrowers++;
    return to;
}

int sl_batch_own(sl_batch **batch)
{
    sl_batch *of = *batch;
    if (host_of(of)->owners == 1)
        return 0;
    *batch = copy_cells(of, of->columns, of->columns_count, of->selection, of->selected);
    sl_batch_release(of);
    return *batch ? 0 : -1;
}

sl_batch *sl_batch_tail(sl_batch *of, sl_cell *const *columns, uint32_t columns_count,
                        const uint32_t *selection, uint32_t selected)
{
    return copy_cells(of, columns, columns_count, selection, selected);
}

/* ---- What stages ask for ------------------------------------------------------------------ */

size_t sl_batch_room(const sl_batch *batch)
{
    const host_batch *host = host_of(batch);
    size_t bound = (size_t)host->pool->bytes;
    return host->used < bound ? bound - host->used : 0;
}

char *sl_batch_bytes(sl_batch *batch, size_t size)
{
    if (size > sl_batch_room(batch))
        return NULL;
    return take(host_of(batch), size ? size : 1, 1);
}

void sl_batch_trim(sl_batch *batch, const char *bytes, size_t size, size_t used)
{
    host_batch *host = host_of(batch);
    slab *at = host->slabs;
    if (!at || used > size || bytes + size != at->bytes + at->used)
        return;
    at->used -= size - used;
    host->used -= size - used;
}

sl_cell *sl_batch_cells(sl_batch *batch)
{
    sl_cell *cells = take(host_of(batch), (batch->rows + 1) * sizeof *cells, 16);
    if (cells)
        memset(cells, 0, batch->rows * sizeof *cells);
    return cells;
}

int sl_batch_arrange(sl_batch *batch, sl_cell *const *columns, uint32_t count)
{
    sl_cell **list = take(host_of(batch), (count + 1) * sizeof *list, 16);
    if (!list)
        return -1;
    memcpy(list, columns, count * sizeof *list);
    batch->columns = list;
    batch->columns_count = count;
    return 0;
}

/* ---- Stamps -------------------------------------------------------------------------------- */

static stamp_block *block_of(sl_stamp *stamp)
{
    return (stamp_block *)(void *)stamp - 1;
}

/* A stamp with room for `size` bytes behind its head. */
static sl_stamp *take_stamp(sl_pool *pool, size_t size)
{
    stamp_block *block = pool->stamps;
    if (block && block->room >= size) {
        pool->stamps = block->next;
    } else {
        size_t room = size > STAMP_ROOM ? size * 2 : STAMP_ROOM;
        block = sl_env_allocate(pool->env, NULL, sizeof *block + sizeof(sl_stamp) + room);
        if (!block)
            return NULL;
        block->room = room;
    }
    block->next = NULL;
    sl_stamp *stamp = (sl_stamp *)(void *)(block + 1);
    stamp->owners = 1;
    stamp->count = 0;
    return stamp;
}

static char *add_part(sl_stamp *stamp, char *text, const struct sl_stamp_part *part)
{
    size_t size = strlen(part->json) + 1;
    memcpy(text, part->json, size);
    stamp->parts[stamp->count] = *part;
    stamp->parts[stamp->count++].json = text;
    return text + size;
}

static size_t part_size(const struct sl_stamp_part *part)
{
    return sizeof *part + strlen(part->json) + 1;
}

sl_stamp *sl_stamp_new(sl_pool *pool, const struct sl_stamp_part *part)
{
    sl_stamp *stamp = take_stamp(pool, part_size(part));
    if (stamp)
        add_part(stamp, (char *)&stamp->parts[1], part);
    return stamp;
}

const struct sl_stamp_part *sl_stamp_part_of(const sl_stamp *stamp, uint32_t stage)
{
    for (uint32_t i = 0; stamp && i < stamp->count; i++)
        if (stamp->parts[i].stage == stage)
            return &stamp->parts[i];
    return NULL;
}

sl_stamp *sl_stamp_join(sl_pool *pool, sl_stamp *a, sl_stamp *b, int32_t *failed)
{
    *failed = 0;
    if (!a || !b || a == b)
        return sl_stamp_share(a ? a : b);
    size_t size = 0;
    for (uint32_t i = 0; i < a->count; i++)
        size += part_size(&a->parts[i]);
    for (uint32_t i = 0; i < b->count; i++)
        size += part_size(&b->parts[i]);
    sl_stamp *joined = take_stamp(pool, size);
    if (!joined) {
        *failed = 1;
        return NULL;
    }
    char *text = (char *)&joined->parts[a->count + b->count];
    for (uint32_t i = 0; i < a->count; i++) {
        const struct sl_stamp_part *other = sl_stamp_part_of(b, a->parts[i].stage);
        text = add_part(joined, text,
                        other && other->count > a->parts[i].count ? other : &a->parts[i]);
    }
    for (uint32_t i = 0; i < b->count; i++)
        if (!sl_stamp_part_of(a, b->parts[i].stage))
            text = add_part(joined, text, &b->parts[i]);
    return joined;
}

sl_stamp *sl_stamp_share(sl_stamp *stamp)
{
    if (stamp)
        stamp->owners++;
    return stamp;
}

void sl_stamp_release(sl_pool *pool, sl_stamp *stamp)
{
    if (!stamp || --stamp->owners > 0)
        return;
    stamp_block *block = block_of(stamp);
    block->next = pool->stamps;
    pool->stamps = block;
}

sl_stamp *sl_batch_stamp(const sl_batch *batch)
{
    return host_of(batch)->stamp;
}

void sl_batch_set_stamp(sl_batch *batch, sl_stamp *taken)
{
    host_batch *host = host_of(batch);
    sl_stamp_release(host->pool, host->stamp);
    host->stamp = taken;
}

int32_t sl_batch_partial(const sl_batch *batch)
{
    return host_of(batch)->partial;
}

void sl_batch_set_partial(sl_batch *batch, int32_t partial)
{
    host_of(batch)->partial = partial;
}

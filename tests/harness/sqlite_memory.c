/*
 * sqlite_memory.c - SQLite's allocator, counted and made to fail (fake_env.h).
 *
 * Atomic, because a torture run may call a stage on another thread.
 */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/harness/fake_env.h"

static sqlite3_mem_methods plain; /* SQLite's own */
static atomic_llong allocations, refused, live, refuse_at;
static atomic_int refuse_after;

static int is_refused(void)
{
    long long number = atomic_fetch_add(&allocations, 1) + 1, at = atomic_load(&refuse_at);

    if (at == 0 || (number != at && !(number > at && atomic_load(&refuse_after))))
        return 0;
    atomic_fetch_add(&refused, 1);
    return 1;
}

static void *allocate(int size)
{
    void *made = is_refused() ? NULL : plain.xMalloc(size);

    if (made != NULL)
        atomic_fetch_add(&live, 1);
    return made;
}

static void release(void *memory)
{
    if (memory != NULL)
        atomic_fetch_sub(&live, 1);
    plain.xFree(memory);
}

static void *resize(void *memory, int size)
{
    return is_refused() ? NULL : plain.xRealloc(memory, size);
}

void sl_sqlite_memory_install(void)
{
    sqlite3_mem_methods counted;

    if (plain.xMalloc != NULL)
        return;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK)
        abort();
    counted = plain;
    counted.xMalloc = allocate;
    counted.xFree = release;
    counted.xRealloc = resize;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &counted) != SQLITE_OK ||
        sqlite3_initialize() != SQLITE_OK)
        abort(); /* SQLite was used before */
}

void sl_sqlite_memory_refuse(int64_t at, int32_t after)
{
    atomic_store(&refuse_at, at);
    atomic_store(&refuse_after, after);
    atomic_store(&allocations, 0);
    atomic_store(&refused, 0);
}

int64_t sl_sqlite_memory_allocations(void)
{
    return atomic_load(&allocations);
}

int64_t sl_sqlite_memory_refused(void)
{
    return atomic_load(&refused);
}

int64_t sl_sqlite_memory_live(void)
{
    return atomic_load(&live);
}

/*
 * arena.c - blocks of env's memory, freed all at once.
 *
 * Deliberately elsewhere: the memory of batches, which is recycled (batch.c).
 */
#include "stages/core/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/env.h"

typedef struct block {
    struct block *before;
    size_t size; /* of data */
    size_t used;
    _Alignas(max_align_t) char data[];
} block;

struct sl_arena {
    const sl_env *env;
    block *newest;
    size_t bytes;
};

#define BLOCK_BYTES 4096

sl_arena *sl_arena_new(const sl_env *env)
{
    sl_arena *arena = sl_env_allocate(env, NULL, sizeof *arena);

    if (arena != NULL)
        *arena = (sl_arena){.env = env, .bytes = sizeof *arena};
    return arena;
}

void sl_arena_free(sl_arena *arena)
{
    if (arena == NULL)
        return;
    for (block *old = arena->newest, *before; old != NULL; old = before) {
        before = old->before;
        sl_env_allocate(arena->env, old, 0);
    }
    sl_env_allocate(arena->env, arena, 0);
}

/* A block with room for size bytes, as the newest. */
static block *add_block(sl_arena *arena, size_t size)
{
    size_t room = size > BLOCK_BYTES - sizeof(block) ? size : BLOCK_BYTES - sizeof(block);
    block *made;

    if (room > SIZE_MAX - sizeof *made)
        return NULL;
    made = sl_env_allocate(arena->env, NULL, sizeof *made + room);
    if (made == NULL)
        return NULL;
    *made = (block){.before = arena->newest, .size = room};
    arena->newest = made;
    arena->bytes += sizeof *made + room;
    return made;
}

void *sl_arena_take(sl_arena *arena, size_t size)
{
    const size_t unit = _Alignof(max_align_t);
    block *from = arena->newest;
    void *taken;

    if (size > SIZE_MAX - unit)
        return NULL;
    size = (size + unit - 1) / unit * unit;
    if (from == NULL || from->size - from->used < size)
        from = add_block(arena, size);
    if (from == NULL)
        return NULL;
    taken = from->data + from->used;
    from->used += size;
    return memset(taken, 0, size);
}

char *sl_arena_copy(sl_arena *arena, const char *text, size_t size)
{
    char *copy = size < SIZE_MAX ? sl_arena_take(arena, size + 1) : NULL;

    if (copy != NULL && size > 0)
        memcpy(copy, text, size);
    return copy;
}

char *sl_arena_format(sl_arena *arena, const char *format, ...)
{
    va_list args, again;
    char *text = NULL;
    int size;

    va_start(args, format);
    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, args);
    if (size >= 0)
        text = sl_arena_take(arena, (size_t)size + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

size_t sl_arena_bytes(const sl_arena *arena)
{
    return arena->bytes;
}

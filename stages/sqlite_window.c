/*
 * sqlite_window.c - a sorted array of numbers; see sqlite_window.h.
 */
#include "stages/sqlite_window.h"

#include <math.h>
#include <string.h>

#include "stages/core/value.h"

/* An integer and a real, by value: a double beyond 2^53 is not every integer. */
static int compare_mixed(int64_t integer, double real)
{
    if (real >= 0x1p63)
        return -1;
    if (real < -0x1p63)
        return 1;
    int64_t whole = (int64_t)real;
    if (integer != whole)
        return integer < whole ? -1 : 1;
    double rest = real - (double)whole;
    return rest > 0 ? -1 : rest < 0;
}

int sl_window_compare(const sl_cell *a, const sl_cell *b)
{
    if (a->kind == SL_INTEGER && b->kind == SL_INTEGER)
        return a->as.integer < b->as.integer ? -1 : a->as.integer > b->as.integer;
    if (a->kind == SL_INTEGER)
        return compare_mixed(a->as.integer, b->as.real);
    if (b->kind == SL_INTEGER)
        return -compare_mixed(b->as.integer, a->as.real);
    return a->as.real < b->as.real ? -1 : a->as.real > b->as.real;
}

sl_cell sl_window_low(const sl_window *window, const sl_cell *last)
{
    if (last->kind == SL_REAL)
        return (sl_cell){.kind = SL_REAL, .as.real = last->as.real - window->overlap};
    double whole = ceil(window->overlap);
    int64_t back = whole < 0x1p63 ? (int64_t)whole : INT64_MAX;
    int64_t low;
    if (__builtin_sub_overflow(last->as.integer, back, &low))
        low = INT64_MIN;
    return (sl_cell){.kind = SL_INTEGER, .as.integer = low};
}

/* Index of the first key that is not smaller. */
static uint32_t place(const sl_window *window, const sl_cell *key)
{
    uint32_t from = 0, to = window->count;
    if (to > 0 && sl_window_compare(&window->keys[to - 1], key) < 0)
        return to;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (sl_window_compare(&window->keys[middle], key) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

int32_t sl_window_has(const sl_window *window, const sl_cell *key)
{
    uint32_t at = place(window, key);
    return at < window->count && sl_window_compare(&window->keys[at], key) == 0;
}

void sl_window_forget(sl_window *window, const sl_cell *low)
{
    uint32_t gone = 0;
    while (gone < window->count && sl_window_compare(&window->keys[gone], low) <= 0)
        gone++;
    window->count -= gone;
    if (gone > 0 && window->count > 0)
        memmove(window->keys, window->keys + gone, window->count * sizeof *window->keys);
}

sl_status sl_window_add(sl_stage *stage, sl_window *window, const sl_cell *key, const sl_cell *low)
{
    /* In pieces: moving the array for each row that leaves it would be quadratic. */
    if (window->count == window->room || window->count > SL_WINDOW_MAX)
        sl_window_forget(window, low);
    if (window->count == window->room) {
        uint32_t room = window->room ? window->room * 2 : 256;
        sl_cell *keys = stage->host->allocate(stage, window->keys, room * sizeof *keys);
        if (!keys)
            return sl_no_memory(stage);
        window->keys = keys;
        window->room = room;
    }
    uint32_t at = place(window, key);
    memmove(window->keys + at + 1, window->keys + at, (window->count - at) * sizeof *window->keys);
    window->keys[at] = *key;
    window->count++;
    if (window->count <= SL_WINDOW_MAX)
        return SL_OK;
    sl_window_forget(window, low);
    return window->count > SL_WINDOW_MAX ? SL_END : SL_OK;
}

void sl_window_free(sl_stage *stage, sl_window *window)
{
    stage->host->allocate(stage, window->keys, 0);
    window->keys = NULL;
    window->count = window->room = 0;
}

/* ---- As JSON ---------------------------------------------------------------------------- */

static void add_number(sl_builder *json, const sl_cell *key)
{
    char room[SL_VALUE_ROOM];
    if (key->kind == SL_INTEGER) {
        sl_builder_format(json, "%lld", (long long)key->as.integer);
    } else {
        sl_value_real(key->as.real, room);
        sl_builder_word(json, room);
    }
}

static int follows(const sl_cell *a, const sl_cell *b)
{
    return a->kind == SL_INTEGER && b->kind == SL_INTEGER && a->as.integer < INT64_MAX &&
           a->as.integer + 1 == b->as.integer;
}

void sl_window_tell(const sl_window *window, sl_builder *json)
{
    sl_builder_word(json, "[");
    for (uint32_t i = 0; i < window->count; i++) {
        uint32_t end = i;
        while (end + 1 < window->count && follows(&window->keys[end], &window->keys[end + 1]))
            end++;
        sl_builder_word(json, i > 0 ? "," : "");
        add_number(json, &window->keys[i]);
        sl_builder_word(json, ",");
        add_number(json, &window->keys[end]);
        i = end;
    }
    sl_builder_word(json, "]");
}

static int read_number(sl_json *json, sl_cell *cell)
{
    sl_json_value value;
    if (!sl_json_element(json, &value) || value.kind != SL_JSON_NUMBER)
        return -1;
    sl_spelling spelling = sl_value_number(value.text, value.size, cell);
    return spelling == SL_SPELLING_INTEGER || spelling == SL_SPELLING_REAL ? 0 : -1;
}

static int add_run(sl_stage *stage, sl_window *window, sl_cell from, const sl_cell *to)
{
    const sl_cell low = {.kind = SL_REAL, .as.real = -INFINITY};
    while (sl_window_compare(&from, to) < 0 && from.kind == SL_INTEGER) {
        if (sl_window_add(stage, window, &from, &low) != SL_OK)
            return -1;
        from.as.integer++;
    }
    return sl_window_add(stage, window, &from, &low) == SL_OK ? 0 : -1;
}

int sl_window_seek(sl_stage *stage, sl_window *window, const sl_json_value *list)
{
    sl_json json;
    sl_cell from, to;
    window->count = 0;
    sl_json_open(&json, list->text, list->size);
    if (!sl_json_enter(&json, SL_JSON_ARRAY))
        return -1;
    while (read_number(&json, &from) == 0)
        if (read_number(&json, &to) < 0 || add_run(stage, window, from, &to) < 0)
            return -1;
    return sl_json_end(&json) ? 0 : -1;
}

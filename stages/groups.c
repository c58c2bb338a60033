/*
 * groups.c - see groups.h. The states are those of SumCtx and minmaxStep in SQLite's func.c.
 */
#include "stages/groups.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "stages/sql_token.h"

typedef struct state { /* of one call in one group */
    union {
        struct {
            int64_t count; /* values that are not NULL */
            int64_t integer;
            double real;
        } sum;
        struct {
            sl_cell best; /* SL_NULL: none yet; bytes are memory of the stage's own */
            size_t room;
        } extreme;
    } as;
    uint32_t approximate; /* a real came, or integers overflowed */
    uint32_t overflow;
} state;

struct sl_groups {
    sl_stage *stage;
    sl_key_set *set;
    uint32_t keys_count;
    const sl_groups_call *calls;
    uint32_t calls_count;
    sl_sql_group *number;
    sl_key key;
    size_t at; /* groups stepped to */
};

/* ---- Which calls ------------------------------------------------------------------------- */

/* SQLite 3.43 and later add reals with an error term. */
#define COMPENSATED 3043000

static const struct {
    const char *name;
    sl_groups_function function;
} functions[] = {{"count", SL_GROUPS_COUNT}, {"sum", SL_GROUPS_SUM}, {"total", SL_GROUPS_TOTAL},
                 {"avg", SL_GROUPS_AVG},     {"min", SL_GROUPS_MIN}, {"max", SL_GROUPS_MAX}};

static int is_numeric(sl_type type)
{
    return type == SL_TYPE_INTEGER || type == SL_TYPE_REAL || type == SL_TYPE_NUMERIC ||
           type == SL_TYPE_BOOLEAN;
}

static int is_supported(const sl_groups_call *call, const sl_column *fields)
{
    switch (call->function) {
    case SL_GROUPS_COUNT_ROWS:
    case SL_GROUPS_COUNT:
        return 1;
    case SL_GROUPS_MIN:
    case SL_GROUPS_MAX:
        return is_numeric(fields[call->field].type);
    case SL_GROUPS_SUM:
    case SL_GROUPS_TOTAL:
    case SL_GROUPS_AVG:
        return is_numeric(fields[call->field].type) && sqlite3_libversion_number() < COMPENSATED;
    }
    return 0;
}

int sl_groups_read_call(const sl_sql_expression *expression, const sl_column *fields,
                        uint32_t fields_count, sl_groups_call *call)
{
    const char *text = expression->text;
    sl_sql_token name = sl_sql_token_next(text, 0);
    sl_sql_token open = sl_sql_token_after(text, &name);
    sl_sql_token argument = sl_sql_token_after(text, &open);
    sl_sql_token close = sl_sql_token_after(text, &argument);
    size_t i = 0;

    while (i < sizeof functions / sizeof *functions &&
           !sl_sql_token_is(text, &name, functions[i].name))
        i++;
    if (i == sizeof functions / sizeof *functions || open.kind != SL_SQL_OPEN ||
        close.kind != SL_SQL_CLOSE || sl_sql_token_after(text, &close).kind != SL_SQL_END)
        return 0;
    *call = (sl_groups_call){
        .function = functions[i].function, .field = -1, .value = expression->value};
    if (call->function == SL_GROUPS_COUNT && sl_sql_token_is(text, &argument, "*")) {
        call->function = SL_GROUPS_COUNT_ROWS;
        return 1;
    }
    call->field = sl_sql_token_column(text, &argument, fields, fields_count);
    return call->field >= 0 && !sl_sql_token_is(text, &argument, "NULL") &&
           is_supported(call, fields);
}

/* ---- Life ---------------------------------------------------------------------------------- */

static sl_status add_group(sl_groups *groups, const sl_cell *row, uint64_t hash,
                           sl_key_entry **entry)
{
    size_t size = sl_spill_size(row, groups->keys_count);

    if (sl_key_set_add(groups->set, &groups->key, hash, size, entry) != SL_OK)
        return SL_ERROR;
    if (*entry)
        sl_spill_pack(row, groups->keys_count, sl_key_set_rest(groups->set, *entry));
    return SL_OK;
}

sl_status sl_groups_make_key(sl_stage *stage, sl_key *key, const sl_cell *cells, uint32_t count)
{
    static const sl_cell none = {.kind = SL_NULL};
    sl_status status = SL_OK;

    key->size = 0;
    if (count == 0)
        return sl_key_add(stage, key, &none, 0);
    for (uint32_t i = 0; i < count && status == SL_OK; i++)
        status = sl_key_add(stage, key, &cells[i], 0);
    return status;
}

/* Without keys there is one group, also when no row comes. */
static sl_status add_only_group(sl_groups *groups)
{
    sl_key_entry *entry;

    if (groups->keys_count)
        return SL_OK;
    if (sl_groups_make_key(groups->stage, &groups->key, NULL, 0) != SL_OK)
        return SL_ERROR;
    return add_group(groups, NULL, sl_key_hash(groups->key.bytes, groups->key.size), &entry);
}

sl_groups *sl_groups_new(sl_stage *stage, int64_t memory, uint32_t keys_count,
                         const sl_groups_call *calls, uint32_t calls_count, sl_sql_group *number)
{
    sl_groups *groups = stage->host->allocate(stage, NULL, sizeof *groups);

    if (!groups) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *groups = (sl_groups){.stage = stage,
                          .keys_count = keys_count,
                          .calls = calls,
                          .calls_count = calls_count,
                          .number = number};
    groups->set = sl_key_set_new(stage, memory, calls_count * sizeof(state));
    if (!groups->set || add_only_group(groups) != SL_OK) {
        sl_groups_free(groups);
        return NULL;
    }
    return groups;
}

static int is_extreme(const sl_groups_call *call)
{
    return call->function == SL_GROUPS_MIN || call->function == SL_GROUPS_MAX;
}

static void free_states(sl_groups *groups, sl_key_entry *entry)
{
    state *states = (state *)(void *)entry->payload;

    for (uint32_t i = 0; i < groups->calls_count; i++)
        if (is_extreme(&groups->calls[i]) && states[i].as.extreme.room)
            groups->stage->host->allocate(groups->stage,
                                          (void *)(uintptr_t)states[i].as.extreme.best.as.text, 0);
}

void sl_groups_free(sl_groups *groups)
{
    sl_key_entry *entry;
    size_t at = 0;

    if (!groups)
        return;
    while (groups->set && (entry = sl_key_set_each(groups->set, &at)))
        free_states(groups, entry);
    sl_key_set_free(groups->set);
    sl_key_done(groups->stage, &groups->key);
    groups->stage->host->allocate(groups->stage, groups, 0);
}

/* ---- One more row ------------------------------------------------------------------------------
 */

static sl_status add_number(sl_groups *groups, state *to, const sl_cell *cell)
{
    sl_cell number;

    if (cell->kind == SL_INTEGER) {
        to->as.sum.real += (double)cell->as.integer;
        if (!to->approximate &&
            __builtin_add_overflow(to->as.sum.integer, cell->as.integer, &to->as.sum.integer))
            to->approximate = to->overflow = 1;
    } else if (cell->kind == SL_REAL) {
        to->as.sum.real += cell->as.real;
        to->approximate = 1;
    } else {
        if (sl_sql_group_number(groups->number, cell, &number) != SL_OK)
            return SL_ERROR;
        return add_number(groups, to, &number);
    }
    to->as.sum.count++;
    return SL_OK;
}

/* Below 0, 0, above 0, as SQLite orders two cells that are not NULL. */
static sl_status compare(sl_groups *groups, const sl_cell *a, const sl_cell *b, int *order)
{
    sl_key x = {0}, y = {0};
    sl_status status = SL_OK;

    if (a->kind == SL_INTEGER && b->kind == SL_INTEGER) {
        *order = (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
        return SL_OK;
    }
    if (a->kind == SL_REAL && b->kind == SL_REAL) {
        *order = (a->as.real > b->as.real) - (a->as.real < b->as.real);
        return SL_OK;
    }
    if (sl_key_add(groups->stage, &x, a, 0) != SL_OK ||
        sl_key_add(groups->stage, &y, b, 0) != SL_OK)
        status = SL_ERROR;
    else
        *order = sl_key_compare(x.bytes, x.size, y.bytes, y.size);
    sl_key_done(groups->stage, &x);
    sl_key_done(groups->stage, &y);
    return status;
}

/* Copies a cell; texts into memory of its own, which is kept for the next one. */
static sl_status keep(sl_groups *groups, state *to, const sl_cell *cell)
{
    char *bytes = to->as.extreme.room ? (char *)(uintptr_t)to->as.extreme.best.as.text : NULL;
    size_t size = cell->kind == SL_TEXT || cell->kind == SL_BLOB ? cell->size : 0;

    if (size > to->as.extreme.room) {
        bytes = groups->stage->host->allocate(groups->stage, bytes, size);
        if (!bytes)
            return sl_no_memory(groups->stage);
        to->as.extreme.room = size;
    }
    if (size)
        memcpy(bytes, cell->as.text, size);
    if (to->as.extreme.room && !size) { /* back to a number */
        groups->stage->host->allocate(groups->stage, bytes, 0);
        to->as.extreme.room = 0;
    }
    to->as.extreme.best = *cell;
    if (cell->kind == SL_TEXT || cell->kind == SL_BLOB)
        to->as.extreme.best.as.text = size ? bytes : "";
    return SL_OK;
}

static sl_status see_extreme(sl_groups *groups, state *to, const sl_cell *cell, int sign)
{
    int order = 0;

    if (to->as.extreme.best.kind != SL_NULL) {
        if (compare(groups, cell, &to->as.extreme.best, &order) != SL_OK)
            return SL_ERROR;
        if (order * sign <= 0)
            return SL_OK;
    }
    return keep(groups, to, cell);
}

static sl_status update(sl_groups *groups, const sl_groups_call *call, state *to,
                        const sl_cell *row)
{
    const sl_cell *cell;

    if (call->function == SL_GROUPS_COUNT_ROWS) {
        to->as.sum.count++;
        return SL_OK;
    }
    cell = &row[call->field];
    if (cell->kind == SL_NULL || (cell->kind == SL_REAL && isnan(cell->as.real)))
        return SL_OK;
    switch (call->function) {
    case SL_GROUPS_COUNT_ROWS:
    case SL_GROUPS_COUNT:
        to->as.sum.count++;
        return SL_OK;
    case SL_GROUPS_SUM:
    case SL_GROUPS_TOTAL:
    case SL_GROUPS_AVG:
        return add_number(groups, to, cell);
    case SL_GROUPS_MIN:
        return see_extreme(groups, to, cell, -1);
    case SL_GROUPS_MAX:
        return see_extreme(groups, to, cell, 1);
    }
    return SL_OK;
}

sl_status sl_groups_take(sl_groups *groups, const sl_cell *row, int32_t *taken)
{
    sl_key_entry *entry;
    state *states;
    uint64_t hash;

    if (sl_groups_make_key(groups->stage, &groups->key, row, groups->keys_count) != SL_OK)
        return SL_ERROR;
    hash = sl_key_hash(groups->key.bytes, groups->key.size);
    entry = sl_key_set_find(groups->set, &groups->key, hash);
    if (!entry && add_group(groups, row, hash, &entry) != SL_OK)
        return SL_ERROR;
    *taken = entry != NULL;
    if (!entry)
        return SL_OK;
    states = (state *)(void *)entry->payload;
    for (uint32_t i = 0; i < groups->calls_count; i++)
        if (update(groups, &groups->calls[i], &states[i], row) != SL_OK)
            return SL_ERROR;
    return SL_OK;
}

/* ---- The groups --------------------------------------------------------------------------------
 */

void sl_groups_finish(sl_groups *groups)
{
    sl_key_set_sort(groups->set);
}

sl_status sl_groups_step(sl_groups *groups)
{
    if (groups->at == sl_key_set_count(groups->set))
        return SL_END;
    groups->at++;
    return SL_OK;
}

static sl_key_entry *current(const sl_groups *groups)
{
    return sl_key_set_at(groups->set, groups->at - 1);
}

const uint8_t *sl_groups_key(const sl_groups *groups, size_t *size)
{
    const sl_key_entry *entry = current(groups);

    *size = entry->key_size;
    return sl_key_set_key(groups->set, entry);
}

static sl_cell real_cell(double real)
{
    if (isnan(real))
        return (sl_cell){.kind = SL_NULL}; /* Inf - Inf, as SQLite has it */
    return (sl_cell){.kind = SL_REAL, .as.real = real};
}

static sl_cell result(const sl_groups_call *call, const state *of)
{
    int64_t count = is_extreme(call) ? 0 : of->as.sum.count;

    switch (call->function) {
    case SL_GROUPS_COUNT_ROWS:
    case SL_GROUPS_COUNT:
        return (sl_cell){.kind = SL_INTEGER, .as.integer = count};
    case SL_GROUPS_TOTAL:
        return real_cell(of->as.sum.real);
    case SL_GROUPS_AVG:
        if (count == 0)
            break;
        return real_cell(of->as.sum.real / (double)count);
    case SL_GROUPS_SUM:
        if (count == 0)
            break;
        if (of->approximate)
            return real_cell(of->as.sum.real);
        return (sl_cell){.kind = SL_INTEGER, .as.integer = of->as.sum.integer};
    case SL_GROUPS_MIN:
    case SL_GROUPS_MAX:
        return of->as.extreme.best;
    }
    return (sl_cell){.kind = SL_NULL};
}

sl_status sl_groups_values(const sl_groups *groups, sl_cell *cells)
{
    sl_key_entry *entry = current(groups);
    const state *states = (const state *)(const void *)entry->payload;

    sl_spill_unpack(sl_key_set_rest(groups->set, entry), groups->keys_count, cells);
    for (uint32_t i = 0; i < groups->calls_count; i++) {
        const sl_groups_call *call = &groups->calls[i];

        if (call->function == SL_GROUPS_SUM && states[i].overflow)
            return sl_fail_at(groups->stage,
                              SL_PLACE(.code = SL_CODE_DATA, .value = call->value,
                                       .hint = "total(x) adds reals, and never overflows"),
                              "cannot aggregate: integer overflow");
        cells[groups->keys_count + i] = result(call, &states[i]);
    }
    return SL_OK;
}

/*
 * host.c - what the host does for a stage: the functions of sl_host over a generator.
 *
 * Deliberately elsewhere: when a stage is asked what (generator.c).
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/inside.h"
#include "stages/core/secret.h"
#include "stages/core/value.h"

#define RAW_SHOWN 4096 /* bytes of a rejected line that are kept */

static sl_generator *of(sl_stage *stage)
{
    return (sl_generator *)(void *)stage;
}

/* ---- Failing, rejecting, logging ------------------------------------------------------------ */

/* The option of the stage in which a value stands; NULL: in none. */
static const char *option_of(const sl_value *options, const sl_value *value)
{
    if (!options || options->kind == SL_VALUE_SCALAR)
        return NULL;
    for (uint32_t i = 0; i < options->count; i++) {
        const sl_value *item = sl_item(options, i);
        if (item == value || option_of(item, value))
            return item->key ? item->key : "";
    }
    return NULL;
}

const sl_column *sl_generator_columns_of(const sl_generator *generator, const sl_batch *batch,
                                         uint32_t *count)
{
    if (generator->inlets_count > 0 &&
        (batch == NULL || (batch == generator->current && !generator->arranged))) {
        const sl_input *from = &generator->inlets[0].from;
        return from->columns(from->of, count);
    }
    *count = generator->columns_count;
    return generator->columns;
}

static const char *column_name(const sl_generator *generator, const sl_batch *batch,
                               uint32_t number)
{
    uint32_t count;
    const sl_column *columns = sl_generator_columns_of(generator, batch, &count);
    return columns && number > 0 && number <= count ? columns[number - 1].name : NULL;
}

/* What a stage says goes out; no secret goes with it. */
static void hide(sl_builder *text)
{
    if (text->data)
        text->size = sl_secret_hide(text->data, text->size);
}

/* A copy of text in room, hidden; NULL: none, or no memory. */
static const char *hidden(sl_builder *room, const char *text)
{
    if (!text)
        return NULL;
    sl_builder_word(room, text);
    hide(room);
    return room->failed ? NULL : room->data;
}

sl_status sl_generator_fail_list(sl_generator *generator, const sl_place *place, int32_t level,
                                 const char *format, va_list args)
{
    sl_run *run = generator->run;
    sl_error error = {.level = level, .code = SL_CODE_FAILED, .stage = generator->stage.name};
    if (place) {
        if (place->code)
            error.code = place->code;
        error.hint = place->hint;
        error.source = place->source;
        error.row = place->row;
        error.source_line = place->line;
        error.data_column = column_name(generator, NULL, place->column);
        if (place->value && run->locate)
            run->locate(place->value, place->byte, place->length, &error);
        const char *option = option_of(generator->options, place->value);
        error.option = option && *option ? option : NULL;
    }
    if (level == SL_LOG_ERROR && generator->failed && !run->planning)
        return SL_ERROR; /* the first reason is the one that is kept */
    if (error.code == SL_CODE_CUT_SHORT && atomic_load(&run->stopping)) {
        generator->failed = run->cut_short = 1;
        return SL_ERROR;
    }
    if (error.code == SL_CODE_CUT_SHORT) /* nobody has asked for it */
        error.code = SL_CODE_IO;
    sl_builder text = {.env = run->env};
    sl_builder_list(&text, format, args);
    const char *message = text.data && !text.failed ? text.data : "out of memory";
    if (level == SL_LOG_ERROR) {
        generator->failed = 1;
        if (run->planning || run->errors->errors == 0)
            sl_errors_add(run->errors, &error, "%s", message);
    } else if (run->log) {
        hide(&text); /* sl_errors_add does that itself */
        sl_builder hint = {.env = run->env}, source = {.env = run->env};
        error.hint = hidden(&hint, error.hint);
        error.source = hidden(&source, error.source);
        error.message = message;
        run->log(run->of, &error);
        sl_builder_done(&hint);
        sl_builder_done(&source);
    }
    sl_builder_done(&text);
    return SL_ERROR;
}

static sl_status fail(sl_stage *stage, const sl_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sl_generator_fail_list(of(stage), place, SL_LOG_ERROR, format, args);
    va_end(args);
    return SL_ERROR;
}

static void log_line(sl_stage *stage, int32_t level, const sl_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sl_generator_fail_list(of(stage), place, level < SL_LOG_WARNING ? SL_LOG_WARNING : level,
                           format, args);
    va_end(args);
}

/* Hands a rejected row up; when the graph does not go on and said nothing, says why. */
static sl_status hand_up(sl_generator *generator, const sl_reject *row)
{
    sl_run *run = generator->run;
    generator->counters.rejected++;
    if (generator->drop_rejects)
        return SL_OK;
    sl_status status = run->reject(run->of, generator->index, row);
    if (status == SL_OK)
        return SL_OK;
    if (run->errors->errors == 0) {
        sl_error error = {
            .level = SL_LOG_ERROR,
            .code = SL_CODE_DATA,
            .stage = row->stage,
            .source = row->source,
            .row = row->row,
            .source_line = row->line,
            .data_column = row->column,
            .hint = "on_reject: drop goes on without such rows; on_reject: NAME sends them to "
                    "the exporter of that name",
        };
        sl_errors_add(run->errors, &error, "%s", row->reason);
    }
    generator->failed = 1;
    return SL_ERROR;
}

static void add_values(sl_builder *text, const sl_generator *generator, const sl_batch *batch,
                       uint32_t row)
{
    uint32_t count;
    const sl_column *columns = sl_generator_columns_of(generator, batch, &count);
    sl_builder_word(text, "{");
    for (uint32_t c = 0; columns && c < count && c < batch->columns_count; c++) {
        if (c > 0)
            sl_builder_word(text, ",");
        sl_builder_json(text, columns[c].name, strlen(columns[c].name));
        sl_builder_word(text, ":");
        sl_builder_cell(text, &columns[c], &batch->columns[c][row]);
    }
    sl_builder_word(text, "}");
}

/* 1: marked now; 0: it was marked before; -1: no memory. */
static int mark(sl_generator *generator, const sl_batch *batch, uint32_t row)
{
    uint32_t words = batch->rows / 64 + 1;
    if (row / 64 >= words)
        words = row / 64 + 1;
    if (words > generator->marks_room) {
        uint64_t *marks =
            sl_env_allocate(generator->run->env, generator->marks, words * sizeof *marks);
        if (!marks)
            return -1;
        memset(marks + generator->marks_room, 0, (words - generator->marks_room) * sizeof *marks);
        generator->marks = marks;
        generator->marks_room = words;
    }
    if (generator->marked_batch != batch) {
        memset(generator->marks, 0, generator->marks_room * sizeof *generator->marks);
        generator->marked_batch = batch;
        generator->marked = 0;
    }
    uint64_t bit = (uint64_t)1 << (row % 64);
    if (generator->marks[row / 64] & bit)
        return 0;
    generator->marks[row / 64] |= bit;
    generator->marked++;
    return 1;
}

static sl_status reject(sl_stage *stage, sl_batch *batch, uint32_t row, uint32_t column,
                        const char *format, ...)
{
    sl_generator *generator = of(stage);
    int fresh = mark(generator, batch, row);
    if (fresh < 0)
        return sl_no_memory(stage);
    if (fresh == 0)
        return SL_OK;
    sl_builder reason = {.env = generator->run->env}, values = {.env = generator->run->env};
    if (!generator->drop_rejects) {
        va_list args;
        va_start(args, format);
        sl_builder_list(&reason, format, args);
        va_end(args);
        hide(&reason);
        add_values(&values, generator, batch, row);
    }
    sl_status status;
    if (reason.failed || values.failed)
        status = sl_no_memory(stage);
    else
        status = hand_up(generator, &(sl_reject){
                                        .stage = stage->name,
                                        .reason = reason.data,
                                        .column = column_name(generator, batch, column),
                                        .source = batch->source,
                                        .row = batch->first_row + row,
                                        .line = batch->lines ? batch->lines[row] : 0,
                                        .values = values.data,
                                    });
    sl_builder_done(&reason);
    sl_builder_done(&values);
    return status;
}

static sl_status reject_raw(sl_stage *stage, const sl_place *place, const char *raw, size_t size,
                            const char *format, ...)
{
    sl_generator *generator = of(stage);
    sl_builder reason = {.env = generator->run->env};
    va_list args;
    va_start(args, format);
    sl_builder_list(&reason, format, args);
    va_end(args);
    hide(&reason);
    sl_status status;
    if (reason.failed)
        status = sl_no_memory(stage);
    else
        status = hand_up(generator, &(sl_reject){
                                        .stage = stage->name,
                                        .reason = reason.data,
                                        .column = column_name(generator, NULL, place->column),
                                        .source = place->source,
                                        .row = place->row,
                                        .line = place->line,
                                        .raw = raw,
                                        .raw_size = size < RAW_SHOWN ? size : RAW_SHOWN,
                                    });
    sl_builder_done(&reason);
    return status;
}

/* ---- Inputs ------------------------------------------------------------------------------------
 */

static sl_status next(sl_stage *stage, uint32_t input, sl_batch **given)
{
    return sl_generator_pull(of(stage), input, given);
}

static sl_status send(sl_stage *stage, uint32_t input, const sl_message *message, sl_text *answer)
{
    sl_generator *generator = of(stage);
    if (input >= generator->inlets_count || generator->inlets[input].closed)
        return SL_END;
    const sl_input *from = &generator->inlets[input].from;
    return from->send(from->of, message, answer);
}

static sl_status raise_at(sl_stage *stage, uint32_t input, const char *why, sl_batch **given)
{
    sl_generator *generator = of(stage);
    const char *outer = generator->raising;
    if (input != 0) { /* raising is input 0's: ask this one directly */
        if (input >= generator->inlets_count || generator->inlets[input].closed)
            return SL_END;
        const sl_input *from = &generator->inlets[input].from;
        sl_status status = from->raise(from->of, why, given);
        if (status == SL_OK)
            generator->counters.rows_in += (*given)->selected;
        return status;
    }
    generator->raising = why;
    sl_status status = sl_generator_pull(generator, input, given);
    generator->raising = outer;
    return status;
}

static void close_input(sl_stage *stage, uint32_t input)
{
    sl_generator *generator = of(stage);
    if (input >= generator->inlets_count || generator->inlets[input].closed)
        return;
    generator->inlets[input].closed = 1;
    generator->inlets[input].from.close(generator->inlets[input].from.of);
}

/* ---- Columns
 * -------------------------------------------------------------------------------------- */

static sl_status columns(sl_stage *stage, const sl_column *list, uint32_t count, size_t size)
{
    sl_generator *generator = of(stage);
    sl_arena *arena = generator->run->arena;
    sl_column *copy = sl_arena_take(arena, (count + 1) * sizeof *copy);
    if (!copy)
        return sl_no_memory(stage);
    size_t known = size < sizeof *copy ? size : sizeof *copy;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&copy[i], (const char *)list + i * size, known);
        copy[i].name = sl_arena_copy(arena, copy[i].name, strlen(copy[i].name));
        if (copy[i].origin)
            copy[i].origin = sl_arena_copy(arena, copy[i].origin, strlen(copy[i].origin));
        if (!copy[i].name)
            return sl_no_memory(stage);
    }
    generator->columns = copy;
    generator->columns_count = count;
    return SL_OK;
}

static const sl_column *input_columns(sl_stage *stage, uint32_t input, uint32_t *count)
{
    sl_generator *generator = of(stage);
    *count = 0;
    if (input >= generator->inlets_count)
        return NULL;
    const sl_input *from = &generator->inlets[input].from;
    return from->columns(from->of, count);
}

static sl_status no_column(sl_stage *stage, const sl_column *list, uint32_t count,
                           const sl_value *name)
{
    sl_builder hint = {.env = stage->env};
    const char **names = sl_arena_take(of(stage)->run->arena, (count + 1) * sizeof *names);
    if (!names)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < count; i++)
        names[i] = list[i].name;
    const char *near = sl_value_nearest(name->text, names, count);
    if (near)
        sl_builder_format(&hint, "did you mean '%s'? ", near);
    sl_builder_word(&hint, "the columns here are: ");
    for (uint32_t i = 0; i < count && hint.size < 600; i++)
        sl_builder_format(&hint, "%s%s", i ? ", " : "", names[i]);
    sl_place place = {.code = SL_CODE_CONFIG,
                      .value = name,
                      .byte = name->text == name->key ? -1 : 0, /* a key that names a column */
                      .hint = hint.data};
    fail(stage, &place, "no such column '%s'", name->text);
    sl_builder_done(&hint);
    return SL_ERROR;
}

static sl_status find_column(sl_stage *stage, uint32_t input, const sl_value *name, uint32_t *index)
{
    uint32_t count;
    const sl_column *list = input_columns(stage, input, &count);
    if (!name->text) {
        sl_place place = {.code = SL_CODE_CONFIG, .value = name};
        return fail(stage, &place, "expected the name of a column");
    }
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name->text) == 0) {
            *index = i;
            return SL_OK;
        }
    for (uint32_t i = 0; i < count; i++)
        if (sl_value_same_name(list[i].name, name->text) == 0) {
            *index = i;
            return SL_OK;
        }
    return no_column(stage, list, count, name);
}

/* ---- Batches
 * ----------------------------------------------------------------------------------------- */

static uint32_t at_most(uint32_t rows, int64_t left)
{
    if (left <= 0 || left > UINT32_MAX)
        return rows;
    return rows == 0 || rows > left ? (uint32_t)left : rows;
}

/* No more rows than the limit leaves, so that a bad row behind it is not met; and a batch ends
 * at each bound. */
static uint32_t limited(const sl_generator *generator, uint32_t rows)
{
    const sl_counters *count = &generator->counters;
    if (generator->type->role != SL_READER)
        return rows;
    if (generator->row_limit >= 0)
        rows = at_most(rows, generator->row_limit - count->rows_out);
    int64_t done = generator->before.count + count->rows_out + count->rejected;
    for (uint32_t i = 0; i < generator->bounds_count; i++)
        if (generator->bounds[i] > done)
            return at_most(rows, generator->bounds[i] - done);
    return rows;
}

static sl_batch *batch(sl_stage *stage, uint32_t rows)
{
    sl_generator *generator = of(stage);
    int32_t full;
    rows = limited(generator, rows);
    sl_batch *made = sl_batch_new(generator->run->pool, generator->columns_count, rows, &full);
    if (made && generator->type->role == SL_READER && sl_batch_lines(made) < 0) {
        sl_batch_release(made);
        made = NULL;
    }
    if (full) {
        sl_place place = {.code = SL_CODE_CONFIG, .hint = "raise batch.bytes"};
        fail(stage, &place, "a row of %u columns does not fit batch.bytes, which is %lld",
             generator->columns_count, (long long)sl_pool_bytes(generator->run->pool));
    } else if (!made) {
        sl_no_memory(stage);
    }
    return made;
}

static char *bytes(sl_stage *stage, sl_batch *borrowed, size_t size)
{
    (void)stage;
    return sl_batch_bytes(borrowed, size);
}

static size_t room(sl_stage *stage, sl_batch *borrowed)
{
    (void)stage;
    return sl_batch_room(borrowed);
}

static void trim(sl_stage *stage, sl_batch *borrowed, const char *text, size_t size, size_t used)
{
    (void)stage;
    sl_batch_trim(borrowed, text, size, used);
}

static sl_cell *cells(sl_stage *stage, sl_batch *borrowed)
{
    sl_cell *made = sl_batch_cells(borrowed);
    if (!made)
        sl_no_memory(stage);
    return made;
}

static sl_status origins(sl_stage *stage, sl_batch *borrowed)
{
    return sl_batch_origins(borrowed) < 0 ? sl_no_memory(stage) : SL_OK;
}

static sl_status arrange(sl_stage *stage, sl_batch *borrowed, sl_cell *const *list, uint32_t count)
{
    of(stage)->arranged = 1;
    return sl_batch_arrange(borrowed, list, count) < 0 ? sl_no_memory(stage) : SL_OK;
}

static sl_status rest(sl_stage *stage, sl_batch *borrowed, uint32_t done)
{
    sl_generator *generator = of(stage);
    if (borrowed != generator->current || generator->tail || !generator->type->each ||
        done > borrowed->selected)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_BUG), "rest() is for one batch of each");
    if (done == borrowed->selected)
        return SL_OK;
    generator->tail = sl_batch_tail(borrowed, generator->entry, generator->entry_count,
                                    borrowed->selection + done, borrowed->selected - done);
    if (!generator->tail)
        return sl_no_memory(stage);
    generator->split = 1;
    borrowed->selected = done;
    return SL_OK;
}

static sl_status own(sl_stage *stage, sl_batch **shared)
{
    sl_generator *generator = of(stage);
    sl_batch *before = *shared;
    if (sl_batch_own(shared) < 0) {
        sl_generator_let_go(generator, before);
        return sl_no_memory(stage);
    }
    for (uint32_t i = 0; *shared != before && i < generator->inlets_count; i++)
        for (uint32_t b = 0; b < generator->inlets[i].length; b++)
            if (generator->inlets[i].line[b].batch == before)
                generator->inlets[i].line[b].batch = *shared;
    return SL_OK;
}

static void release(sl_stage *stage, sl_batch *taken)
{
    if (!taken)
        return;
    sl_generator_let_go(of(stage), taken);
    if (of(stage)->marked_batch == taken)
        of(stage)->marked_batch = NULL;
    sl_batch_release(taken);
}

/* ---- Memory, counted: the size stands before what the stage gets
 * ----------------------------------- */

typedef struct counted {
    _Alignas(16) size_t size;
} counted;

static void *allocate(sl_stage *stage, void *old, size_t size)
{
    sl_generator *generator = of(stage);
    sl_counters *count = &generator->counters;
    counted *head = old ? (counted *)old - 1 : NULL;
    size_t before = head ? head->size : 0;
    if (size == 0) {
        count->memory -= (int64_t)before;
        sl_env_allocate(stage->env, head, 0);
        return NULL;
    }
    if (size > SIZE_MAX / 2)
        return NULL;
    counted *made = sl_env_allocate(stage->env, head, sizeof *made + size);
    if (!made)
        return NULL;
    made->size = size;
    count->memory += (int64_t)size - (int64_t)before;
    if (count->memory > count->memory_peak)
        count->memory_peak = count->memory;
    return made + 1;
}

static sl_status set_text(sl_stage *stage, sl_text *text, const char *format, ...)
{
    sl_builder built = {.env = stage->env};
    va_list args;
    va_start(args, format);
    sl_builder_list(&built, format, args);
    va_end(args);
    if (built.failed) {
        sl_builder_done(&built);
        return sl_no_memory(stage);
    }
    sl_env_allocate(stage->env, text->data, 0);
    *text = (sl_text){.data = built.data, .size = built.size};
    return SL_OK;
}

/* ---- Options, books, waiting, facts
 * ------------------------------------------------------------------ */

static const sl_value *option(sl_stage *stage, const char *name)
{
    const sl_value *options = of(stage)->options;
    return options ? sl_value_get(options, name) : NULL;
}

static const sl_value *param(sl_stage *stage, const char *name)
{
    sl_run *run = of(stage)->run;
    return run->param ? run->param(run->of, name) : NULL;
}

static void account(sl_stage *stage, int64_t created, int64_t filtered)
{
    of(stage)->counters.created += created;
    of(stage)->counters.filtered += filtered;
}

static void progress(sl_stage *stage, int64_t done, int64_t total)
{
    of(stage)->counters.bytes_done = done;
    of(stage)->counters.bytes_total = total;
}

static void wake(sl_stage *stage)
{
    sl_run *run = of(stage)->run;
    if (run->wake)
        run->wake(run->of, of(stage)->index);
}

static void wake_after(sl_stage *stage, int64_t microseconds)
{
    sl_run *run = of(stage)->run;
    if (run->wake_after)
        run->wake_after(run->of, of(stage)->index, microseconds);
}

static sl_status wake_on_fd(sl_stage *stage, int32_t fd, int32_t events)
{
    sl_run *run = of(stage)->run;
    if (!run->wake_on_fd)
        return sl_fail(stage, "this host cannot wait for descriptors");
    return run->wake_on_fd(run->of, of(stage)->index, fd, events);
}

static int32_t stopping(sl_stage *stage)
{
    sl_run *run = of(stage)->run;
    atomic_fetch_add_explicit(&run->signs, 1, memory_order_relaxed);
    return atomic_load_explicit(&run->stopping, memory_order_relaxed);
}

static int64_t started(sl_stage *stage)
{
    return of(stage)->run->started;
}

static int32_t offline(sl_stage *stage)
{
    return of(stage)->run->offline;
}

static int64_t row_limit(sl_stage *stage)
{
    return of(stage)->row_limit;
}

static int64_t batch_bytes(sl_stage *stage)
{
    return sl_pool_bytes(of(stage)->run->pool);
}

static int64_t batch_rows(sl_stage *stage)
{
    return sl_pool_rows(of(stage)->run->pool);
}

/* ---- Once ------------------------------------------------------------------------------- */

static const char *graph(sl_stage *stage)
{
    const char *name = of(stage)->run->graph;
    return name ? name : "";
}

static const char *key(sl_stage *stage)
{
    return of(stage)->key;
}

static void promise(sl_stage *stage, uint32_t what, const char *why)
{
    sl_generator *generator = of(stage);
    generator->promised = 1;
    generator->promise = what;
    generator->promise_why = why ? sl_arena_copy(generator->run->arena, why, strlen(why)) : NULL;
}

static sl_status kept_type(sl_stage *stage, const char *column, sl_type *type)
{
    sl_run *run = of(stage)->run;
    return run->kept_type ? run->kept_type(run->of, of(stage)->index, column, type) : SL_END;
}

static void *shared(sl_stage *stage, const char *key, size_t size)
{
    sl_run *run = of(stage)->run;
    sl_shared *at = run->shared;
    while (at && strcmp(at->key, key) != 0)
        at = at->next;
    if (at)
        return at->memory;
    at = sl_arena_take(run->arena, sizeof *at);
    char *copy = sl_arena_copy(run->arena, key, strlen(key));
    void *memory = sl_arena_take(run->arena, size);
    if (!at || !copy || !memory) {
        sl_no_memory(stage);
        return NULL;
    }
    *at = (sl_shared){.next = run->shared, .key = copy, .memory = memory};
    run->shared = at;
    return memory;
}

static int32_t durable(sl_stage *stage)
{
    sl_run *run = of(stage)->run;
    return run->durable ? run->durable(run->of, of(stage)->index) : 0;
}

static int32_t rehearsing(sl_stage *stage)
{
    return of(stage)->run->rehearsing;
}

const sl_host sl_generator_host = {
    .size = sizeof(sl_host),
    .abi = SL_ABI,
    .next = next,
    .send = send,
    .raise = raise_at,
    .close = close_input,
    .columns = columns,
    .input_columns = input_columns,
    .find_column = find_column,
    .batch = batch,
    .bytes = bytes,
    .room = room,
    .trim = trim,
    .cells = cells,
    .arrange = arrange,
    .rest = rest,
    .own = own,
    .release = release,
    .allocate = allocate,
    .set_text = set_text,
    .typed = sl_value_typed,
    .option = option,
    .param = param,
    .failure = fail,
    .reject = reject,
    .reject_raw = reject_raw,
    .log = log_line,
    .account = account,
    .progress = progress,
    .wake = wake,
    .wake_after = wake_after,
    .wake_on_fd = wake_on_fd,
    .stopping = stopping,
    .started = started,
    .offline = offline,
    .row_limit = row_limit,
    .batch_bytes = batch_bytes,
    .batch_rows = batch_rows,
    .graph = graph,
    .key = key,
    .promise = promise,
    .kept_type = kept_type,
    .shared = shared,
    .durable = durable,
    .rehearsing = rehearsing,
    .origins = origins,
};

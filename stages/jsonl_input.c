/*
 * jsonl_input.c - see jsonl_input.h.
 */
#include "stages/jsonl_input.h"

#include <string.h>

#include "stages/json.h"

#define PADDING 16                      /* behind a chunk, for the JSON reader */
#define CHUNK_LEAST ((size_t)64 * 1024) /* a first guess */
#define CHUNK_MOST ((size_t)1 << 30)    /* the size of a cell fits 32 bits */

/* What an array expects next. */
#define BEFORE 0u  /* its bracket */
#define OPENED 1u  /* an element, or the end */
#define ELEMENT 2u /* an element: a comma was read */
#define BETWEEN 3u /* a comma, or the end */
#define AFTER 4u   /* nothing */

void sl_jsonl_input_done(sl_jsonl_input *input)
{
    if (input->carry != NULL)
        (void)input->stage->host->allocate(input->stage, input->carry, 0);
    *input = (sl_jsonl_input){.stage = input->stage};
}

static void begin_file(sl_jsonl_input *input)
{
    input->open = 1;
    input->ended = input->later = 0;
    input->large = 0;
    input->where = BEFORE;
    input->carry_at = input->carry_end = 0;
    input->chunk_at = input->chunk_size = input->chunk_read = 0;
    input->offset = input->line = input->rows = 0;
    if (input->wanted == 0)
        input->wanted = CHUNK_LEAST;
}

sl_status sl_jsonl_input_next(sl_jsonl_input *input)
{
    sl_source_stand *stand = &input->stand;
    sl_status status = sl_source_next(input->source, stand);
    if (status == SL_OK)
        status = sl_source_go_on(input->source, stand);
    if (status != SL_OK)
        return status;
    begin_file(input);
    input->offset = stand->byte;
    input->rows = stand->row;
    input->line = stand->line;
    input->where = stand->state;
    if (input->where <= AFTER)
        return SL_OK;
    return sl_fail(input->stage, "the position of '%s' is not one of this reader",
                   sl_source_name(input->source));
}

sl_status sl_jsonl_input_seek(sl_jsonl_input *input, const char *position)
{
    input->open = 0;
    input->carry_at = input->carry_end = 0;
    return sl_source_seek(input->source, position);
}

void sl_jsonl_input_stand(sl_jsonl_input *input)
{
    int32_t last = sl_source_last(input->source);
    int32_t at_end = input->ended && input->carry_at == input->carry_end;
    input->stand.byte = input->offset;
    input->stand.row = input->rows;
    input->stand.line = input->line;
    input->stand.state = input->array ? input->where : BEFORE;
    if (last >= 0) /* otherwise nothing came behind the stand */
        input->stand.ending = at_end && !input->array && last != '\n' ? SL_SOURCE_OPEN : 0;
}

/* ---- Bytes -------------------------------------------------------------------------- */

static sl_status grow_carry(sl_jsonl_input *input, size_t room)
{
    if (room <= input->carry_room)
        return SL_OK;
    char *memory = input->stage->host->allocate(input->stage, input->carry, room);
    if (memory == NULL)
        return sl_no_memory(input->stage);
    input->carry = memory;
    input->carry_room = room;
    return SL_OK;
}

/* Reads from the file. Less than was asked for may be the end or a failure to come: only the
 * next read tells. */
static sl_status read_file(sl_jsonl_input *input, char *to, size_t size, size_t *read)
{
    *read = 0;
    if (size == 0 || input->ended || input->later)
        return SL_OK;
    int64_t got = sl_source_read(input->source, to, size);
    input->later = got == SL_SOURCE_LATER;
    if (input->later)
        return SL_OK;
    if (got < 0)
        return SL_ERROR;
    *read = (size_t)got;
    input->ended = got == 0;
    return SL_OK;
}

sl_status sl_jsonl_input_sample(sl_jsonl_input *input, size_t size)
{
    size_t read;
    if (grow_carry(input, size + PADDING) != SL_OK)
        return SL_ERROR;
    while (size > input->carry_end && !input->ended && !input->later) {
        size_t more = size - input->carry_end;
        if (read_file(input, input->carry + input->carry_end, more, &read) != SL_OK)
            return SL_ERROR;
        input->carry_end += read;
    }
    memset(input->carry + input->carry_end, 0, PADDING);
    input->chunk = input->carry;
    input->chunk_at = 0;
    input->chunk_size = input->carry_end;
    return SL_OK;
}

/* Fills the chunk from the carry, then from the file. */
static sl_status refill(sl_jsonl_input *input)
{
    size_t carried = input->carry_end - input->carry_at;
    if (carried > input->chunk_room)
        carried = input->chunk_room;
    if (carried > 0)
        memcpy(input->chunk, input->carry + input->carry_at, carried);
    if (read_file(input, input->chunk + carried, input->chunk_room - carried, &input->chunk_read) !=
        SL_OK)
        return SL_ERROR;
    input->carry_at += carried;
    input->chunk_at = 0;
    input->chunk_size = carried + input->chunk_read;
    memset(input->chunk + input->chunk_size, 0, PADDING);
    return SL_OK;
}

sl_status sl_jsonl_input_fill(sl_jsonl_input *input, sl_batch *batch, int32_t half)
{
    const sl_host *host = input->stage->host;
    size_t room = host->room(input->stage, batch);
    size_t size = half ? room / 2 : room;
    if (!input->large && size > input->wanted + PADDING)
        size = input->wanted + PADDING;
    if (size > CHUNK_MOST)
        size = CHUNK_MOST;
    char *memory = size <= PADDING ? NULL : host->bytes(input->stage, batch, size);
    if (memory == NULL)
        return sl_fail_at(input->stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .hint = "raise batch: {bytes: ...}"),
                          "a batch has no room for text");
    input->chunk = memory;
    input->chunk_room = size - PADDING;
    if (refill(input) != SL_OK)
        return SL_ERROR;
    host->trim(input->stage, batch, memory, size, input->chunk_size + PADDING);
    return SL_OK;
}

/* The file has no bytes beyond this chunk. */
static int is_last_chunk(const sl_jsonl_input *input)
{
    return input->ended && (input->carry_at == input->carry_end || input->chunk == input->carry);
}

static void take(sl_jsonl_input *input, size_t size)
{
    input->chunk_at += size;
    input->offset += (int64_t)size;
}

sl_status sl_jsonl_input_settle(sl_jsonl_input *input, uint32_t rows, uint32_t capacity)
{
    size_t left = input->chunk_size - input->chunk_at;
    size_t taken = input->chunk_at;
    if (input->chunk_read == 0) {
        input->carry_at -= left;
    } else if (left > 0) {
        if (grow_carry(input, left + PADDING) != SL_OK)
            return SL_ERROR;
        memcpy(input->carry, input->chunk + input->chunk_at, left);
        input->carry_at = 0;
        input->carry_end = left;
    }
    if (input->large) {
        input->large = 0;
        if (taken > input->wanted)
            input->wanted = taken;
    } else if (rows > 0) {
        size_t guess = taken / rows * capacity;
        input->wanted = guess + guess / 8 + 4096;
    }
    input->chunk_at = input->chunk_size = input->chunk_read = 0;
    return SL_OK;
}

/* ---- Lines -------------------------------------------------------------------------- */

static inline int is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
            return 0;
    return 1;
}

static int next_line(sl_jsonl_input *input, sl_jsonl_record *record)
{
    while (input->chunk_at < input->chunk_size) {
        const char *start = input->chunk + input->chunk_at;
        size_t left = input->chunk_size - input->chunk_at;
        const char *end = memchr(start, '\n', left);
        if (end == NULL && !is_last_chunk(input))
            return 0;
        size_t size = end == NULL ? left : (size_t)(end - start);
        take(input, end == NULL ? left : size + 1);
        input->line++;
        if (is_blank(start, size))
            continue;
        if (start[size - 1] == '\r')
            size--;
        *record = (sl_jsonl_record){
            .text = start, .size = size, .row = ++input->rows, .line = input->line};
        return 1;
    }
    return 0;
}

/* ---- The elements of an array ------------------------------------------------------- */

/* Finds where an element ends; carries on over several chunks. */
typedef struct element {
    int64_t depth;
    int32_t begun, string, escape;
} element;

/* What stands behind the element, or NULL: not in sight. Only brackets and quotes are looked
 * at: whether it is JSON is for the JSON reader to say. */
static const char *find_end(element *state, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (state->string) {
            if (state->escape)
                state->escape = 0;
            else if (*at == '\\')
                state->escape = 1;
            else if (*at == '"')
                state->string = 0;
            continue;
        }
        int space = *at == ' ' || *at == '\n' || *at == '\t' || *at == '\r';
        if (state->depth == 0 && state->begun && (*at == ',' || *at == ']' || space))
            return at;
        state->begun = 1;
        if (*at == '"')
            state->string = 1;
        else if (*at == '{' || *at == '[')
            state->depth++;
        else if ((*at == '}' || *at == ']') && state->depth > 0 && --state->depth == 0)
            return at + 1;
    }
    return NULL;
}

static int64_t count_lines(const char *text, size_t size)
{
    int64_t lines = 0;
    const char *end = text + size;
    while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        lines++;
        text++;
    }
    return lines;
}

static int expected(sl_jsonl_input *input, const char *error)
{
    input->error = error;
    return -1;
}

/* Passes over what stands between elements. 1: an element begins here, 0: the chunk ended. */
static int between_elements(sl_jsonl_input *input)
{
    for (; input->chunk_at < input->chunk_size; take(input, 1)) {
        char byte = input->chunk[input->chunk_at];
        if (byte == '\n')
            input->line++;
        if (byte == '\n' || byte == ' ' || byte == '\t' || byte == '\r')
            continue;
        if (input->where == AFTER)
            return expected(input, "more text follows the array");
        if (input->where == BEFORE) {
            if (byte != '[')
                return expected(input, "expected '[': with format: array the file is one array");
            input->where = OPENED;
        } else if (byte == ']' && input->where != ELEMENT) {
            input->where = AFTER;
        } else if (input->where == BETWEEN) {
            if (byte != ',')
                return expected(input, "expected ',' or ']' after an element of the array");
            input->where = ELEMENT;
        } else if (byte == ',' || byte == ']') {
            return expected(input, "expected an element of the array");
        } else {
            return 1;
        }
    }
    return 0;
}

static int next_element(sl_jsonl_input *input, sl_jsonl_record *record)
{
    int result = between_elements(input);
    if (result != 1)
        return result;
    element state = {0};
    const char *start = input->chunk + input->chunk_at;
    const char *end = find_end(&state, start, input->chunk + input->chunk_size);
    if (end == NULL)
        return 0;
    *record = (sl_jsonl_record){.text = start,
                                .size = (size_t)(end - start),
                                .row = ++input->rows,
                                .line = input->line + 1};
    take(input, record->size);
    input->line += count_lines(start, record->size);
    input->where = BETWEEN;
    return 1;
}

/* ---- Both --------------------------------------------------------------------------- */

int sl_jsonl_input_record(sl_jsonl_input *input, sl_jsonl_record *record)
{
    return input->array ? next_element(input, record) : next_line(input, record);
}

sl_status sl_jsonl_input_skip(sl_jsonl_input *input)
{
    element state = {0};
    sl_jsonl_input_stand(input);
    input->rows++;
    input->where = BETWEEN;
    for (;;) {
        const char *start = input->chunk + input->chunk_at;
        const char *limit = input->chunk + input->chunk_size;
        size_t left = (size_t)(limit - start);
        const char *end = input->array ? find_end(&state, start, limit) : memchr(start, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - start) + (input->array ? 0 : 1);
        take(input, size);
        input->line += count_lines(start, size);
        if (end != NULL)
            return SL_OK;
        if (refill(input) != SL_OK)
            return SL_ERROR;
        if (input->chunk_size == 0)
            return input->later ? SL_END : SL_OK;
    }
}

int sl_jsonl_input_complete(sl_jsonl_input *input)
{
    if (!input->array || input->where == AFTER)
        return 1;
    input->error = input->where == BEFORE ? "the file has no array" : "the array is not closed";
    return 0;
}

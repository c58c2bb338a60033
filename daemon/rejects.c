/*
 * rejects.c - gathering rejected rows; see rejects.h.
 */
#include "daemon/rejects.h"

#include <string.h>

#include "stages/core/value.h"

static const sl_column reject_columns[] = {
    {.name = "_stage", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "_reason", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "_column", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "_source", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "_row", .type = SL_TYPE_INTEGER, .flags = SL_COLUMN_DECLARED},
    {.name = "_line", .type = SL_TYPE_INTEGER, .flags = SL_COLUMN_DECLARED},
    {.name = "_raw", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "_values", .type = SL_TYPE_JSON, .flags = SL_COLUMN_DECLARED},
};
#define COLUMNS ((uint32_t)(sizeof reject_columns / sizeof *reject_columns))
#define TEXTS 6u /* of them have a length of their own */

struct sl_rejects {
    const sl_env *env;
    sl_pool *pool;
    sl_batch *batch; /* gathered; NULL: none */
    int64_t given;
    int32_t ended, closed;
};

sl_rejects *sl_rejects_new(const sl_env *env, sl_pool *pool)
{
    sl_rejects *rejects = sl_env_allocate(env, NULL, sizeof *rejects);
    if (rejects)
        *rejects = (sl_rejects){.env = env, .pool = pool};
    return rejects;
}

void sl_rejects_free(sl_rejects *rejects)
{
    if (!rejects)
        return;
    sl_batch_release(rejects->batch);
    sl_env_allocate(rejects->env, rejects, 0);
}

/* Copies text as valid UTF-8, at most `most` bytes and whole characters: a byte that is no
 * character becomes U+FFFD, so that every exporter can take it. to NULL: only counts. */
static size_t clean(char *to, const char *text, size_t size, size_t most)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t used = 0, at = 0;
    while (at < size) {
        size_t valid = sl_value_utf8(text + at, size - at);
        int32_t full = valid > most - used;
        if (full)
            for (valid = most - used;
                 valid > 0 && ((unsigned char)text[at + valid] & 0xC0) == 0x80;)
                valid--;
        if (to)
            memcpy(to + used, text + at, valid);
        used += valid;
        at += valid;
        if (full || at == size || most - used < 3)
            return used;
        if (to)
            memcpy(to + used, replacement, 3);
        used += 3;
        at++;
    }
    return used;
}

static size_t text_size(const sl_reject *row)
{
    const char *texts[] = {row->stage, row->reason, row->column, row->source, row->values};
    size_t size = row->raw ? clean(NULL, row->raw, row->raw_size, SIZE_MAX) : 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += texts[i] ? clean(NULL, texts[i], strlen(texts[i]), SIZE_MAX) : 0;
    return size;
}

static sl_cell put(char **at, const char *text, size_t size, size_t most)
{
    if (!text)
        return (sl_cell){0};
    size = clean(*at, text, size, most);
    sl_cell cell = {.kind = SL_TEXT, .size = (uint32_t)size, .as.text = *at};
    *at += size;
    return cell;
}

static sl_cell word(char **at, const char *text, size_t most)
{
    return put(at, text, text ? strlen(text) : 0, most);
}

static sl_cell number(int64_t value)
{
    return value > 0 ? (sl_cell){.kind = SL_INTEGER, .as.integer = value} : (sl_cell){0};
}

static void fill(sl_batch *batch, const sl_reject *row, char *at, size_t most)
{
    uint32_t i = batch->rows;
    sl_cell **to = batch->columns;
    to[0][i] = word(&at, row->stage, most);
    to[1][i] = word(&at, row->reason, most);
    to[2][i] = word(&at, row->column, most);
    to[3][i] = word(&at, row->source, most);
    to[4][i] = number(row->row);
    to[5][i] = number(row->line);
    to[6][i] = put(&at, row->raw, row->raw_size, most);
    /* JSON that is cut is no JSON: leave it out. */
    int32_t whole = row->values && strlen(row->values) <= most;
    to[7][i] = word(&at, whole ? row->values : NULL, most);
    batch->rows++;
    batch->selected++;
}

sl_status sl_rejects_add(sl_rejects *rejects, const sl_reject *row)
{
    int32_t full;
    if (rejects->closed)
        return SL_OK;
    if (!rejects->batch) {
        rejects->batch = sl_batch_new(rejects->pool, COLUMNS, 0, &full);
        if (!rejects->batch)
            return SL_ERROR;
        rejects->batch->first_row = rejects->given + 1;
        rejects->batch->selected = 0;
    }
    sl_batch *batch = rejects->batch;
    if (batch->rows == batch->capacity)
        return SL_PENDING;
    size_t size = text_size(row), most = SIZE_MAX;
    char *at = sl_batch_bytes(batch, size);
    if (!at && batch->rows > 0)
        return SL_PENDING;
    if (!at) {
        size = sl_batch_room(batch); /* more than a whole batch: every text gets its share */
        most = size / TEXTS;
        at = sl_batch_bytes(batch, size);
        if (!at)
            return SL_ERROR;
    }
    fill(batch, row, at, most);
    return SL_OK;
}

int32_t sl_rejects_waiting(const sl_rejects *rejects)
{
    return rejects->batch && rejects->batch->rows > 0;
}

void sl_rejects_end(sl_rejects *rejects)
{
    rejects->ended = 1;
}

static sl_status next(void *of, sl_batch **given)
{
    sl_rejects *rejects = of;
    if (!sl_rejects_waiting(rejects))
        return rejects->ended ? SL_END : SL_PENDING;
    *given = rejects->batch;
    rejects->given += rejects->batch->rows;
    rejects->batch = NULL;
    return SL_OK;
}

static sl_status send(void *of, const sl_message *message, sl_text *answer)
{
    (void)of;
    (void)message;
    (void)answer;
    return SL_END;
}

static sl_status raise_here(void *of, const char *why, sl_batch **given)
{
    (void)why;
    return next(of, given);
}

static void close_here(void *of)
{
    sl_rejects *rejects = of;
    rejects->closed = 1;
    sl_batch_release(rejects->batch);
    rejects->batch = NULL;
}

static const sl_column *columns(void *of, uint32_t *count)
{
    (void)of;
    *count = COLUMNS;
    return reject_columns;
}

sl_input sl_rejects_as_input(sl_rejects *rejects)
{
    return (sl_input){.of = rejects,
                      .next = next,
                      .send = send,
                      .raise = raise_here,
                      .close = close_here,
                      .columns = columns};
}

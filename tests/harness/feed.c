/*
 * feed.c - rows from text, batch by batch; see feed.h.
 */
#include "tests/harness/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/option.h"
#include "stages/core/text.h"
#include "stages/core/value.h"

#define COLUMNS_MAX 64

struct sl_feed {
    const sl_harness_setup *setup;
    sl_pool *pool;
    sl_errors *errors;
    sl_column columns[COLUMNS_MAX];
    char names[COLUMNS_MAX][64];
    uint32_t columns_count;
    const char *at; /* in setup->rows */
    int64_t rows;   /* given */
    int32_t pulls;
    int32_t pended; /* in this pull */
    int32_t changes;
    int32_t closed;
    sl_batch *shared; /* the batch given last, owned with the stage */
    sl_builder seen;  /* what it said when it was given */
};

/* ---- Columns ------------------------------------------------------------------------- */

/* "name", "name:type", "name:type:faces". */
static int read_column(sl_feed *feed, const char *spec, size_t size)
{
    sl_column *column = &feed->columns[feed->columns_count];
    char *name = feed->names[feed->columns_count], *type, *flags;
    int32_t known = SL_TYPE_ANY;

    if (feed->columns_count == COLUMNS_MAX || size >= sizeof feed->names[0])
        return 0;
    memcpy(name, spec, size);
    name[size] = '\0';
    type = strchr(name, ':');
    if (type != NULL) {
        *type++ = '\0';
        flags = strchr(type, ':');
        if (flags != NULL) {
            *flags++ = '\0';
            if (strcmp(flags, "faces") != 0)
                return 0;
            column->flags = SL_COLUMN_FACES;
        }
        known = sl_type_named(type);
    }
    column->name = name;
    column->origin = "feed";
    column->type = (sl_type)known;
    feed->columns_count++;
    return known >= 0;
}

static int read_columns(sl_feed *feed, const char *spec)
{
    while (*spec != '\0') {
        size_t size = strcspn(spec, ",");

        if (!read_column(feed, spec, size))
            return 0;
        spec += size + (spec[size] == ',');
    }
    return 1;
}

sl_feed *sl_feed_new(const sl_harness_setup *setup, sl_pool *pool, sl_errors *errors)
{
    sl_feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL)
        abort();
    feed->setup = setup;
    feed->pool = pool;
    feed->errors = errors;
    feed->at = setup->rows != NULL ? setup->rows : "";
    feed->seen = (sl_builder){.env = &sl_env_real};
    if (!read_columns(feed, setup->columns)) {
        free(feed);
        return NULL;
    }
    return feed;
}

/* ---- Cells --------------------------------------------------------------------------- */

static char *keep(sl_batch *batch, const char *text, size_t size)
{
    char *bytes = sl_batch_bytes(batch, size);

    if (bytes != NULL && size > 0)
        memcpy(bytes, text, size);
    return bytes;
}

/* The text between two quotes, with '' for one. *size is of what was read. */
static int read_quoted(sl_batch *batch, const char *text, size_t *size, sl_cell *cell)
{
    size_t length = strcspn(text, "\n"), used = 0, at = 1;
    char *bytes = sl_batch_bytes(batch, length);

    if (bytes == NULL)
        return -1;
    for (; at < length; at++) {
        if (text[at] == '\'' && text[at + 1] != '\'')
            break;
        at += text[at] == '\'';
        bytes[used++] = text[at];
    }
    *size = at + 1;
    *cell = (sl_cell){.kind = SL_TEXT, .size = (uint32_t)used, .as.text = bytes};
    return 0;
}

static int read_blob(sl_batch *batch, const char *text, size_t *size, sl_cell *cell)
{
    size_t digits = strspn(text + 2, "0123456789abcdefABCDEF");
    char *bytes = sl_batch_bytes(batch, digits / 2 + 1);

    if (bytes == NULL)
        return -1;
    for (size_t i = 0; i + 1 < digits; i += 2) {
        char pair[3] = {text[2 + i], text[3 + i], '\0'};
        bytes[i / 2] = (char)strtol(pair, NULL, 16);
    }
    *size = digits + 3;
    *cell = (sl_cell){.kind = SL_BLOB, .size = (uint32_t)(digits / 2), .as.blob = bytes};
    return 0;
}

static int read_plain(sl_batch *batch, const sl_column *column, const char *text, size_t size,
                      sl_cell *cell)
{
    int numeral = size > 1 && text[0] == '#';
    char *bytes;

    *cell = (sl_cell){.kind = SL_NULL};
    if (size == 0)
        return 0;
    if (!numeral && !(column->flags & SL_COLUMN_FACES) && column->type != SL_TYPE_TEXT &&
        (sl_value_number(text, size, cell) == SL_SPELLING_INTEGER || cell->kind == SL_REAL))
        return 0;
    bytes = keep(batch, text + numeral, size - (size_t)numeral);
    if (bytes == NULL)
        return -1;
    *cell = (sl_cell){.kind = numeral ? SL_NUMERAL : SL_TEXT,
                      .size = (uint32_t)size - (uint32_t)numeral,
                      .as.text = bytes};
    return 0;
}

static int read_row(sl_feed *feed, sl_batch *batch, uint32_t row)
{
    for (uint32_t c = 0; c < feed->columns_count; c++) {
        sl_cell *cell = &batch->columns[c][row];
        size_t size = strcspn(feed->at, ",\n");
        int failed;

        if (feed->at[0] == '\'')
            failed = read_quoted(batch, feed->at, &size, cell);
        else if (feed->at[0] == 'x' && feed->at[1] == '\'')
            failed = read_blob(batch, feed->at, &size, cell);
        else
            failed = read_plain(batch, &feed->columns[c], feed->at, size, cell);
        if (failed)
            return -1;
        feed->at += size;
        feed->at += *feed->at == ',';
    }
    feed->at += strcspn(feed->at, "\n");
    feed->at += *feed->at == '\n';
    return 0;
}

void sl_feed_row(sl_builder *text, const sl_batch *batch, uint32_t row)
{
    for (uint32_t c = 0; c < batch->columns_count; c++) {
        const sl_cell *cell = &batch->columns[c][row];
        char room[SL_VALUE_ROOM];
        const char *bytes;
        size_t size = sl_value_text(cell, room, &bytes);

        if (c > 0)
            sl_builder_word(text, ",");
        if (cell->kind == SL_TEXT)
            sl_builder_word(text, "'");
        else if (cell->kind == SL_NUMERAL)
            sl_builder_word(text, "#");
        else if (cell->kind == SL_BLOB)
            sl_builder_word(text, "x'");
        for (size_t i = 0; i < size; i++) {
            if (cell->kind == SL_BLOB)
                sl_builder_format(text, "%02x", (unsigned)(unsigned char)bytes[i]);
            else if (bytes[i] == '\'' && cell->kind == SL_TEXT)
                sl_builder_word(text, "''");
            else
                sl_builder_add(text, bytes + i, 1);
        }
        if (cell->kind == SL_TEXT || cell->kind == SL_BLOB)
            sl_builder_word(text, "'");
    }
    sl_builder_word(text, "\n");
}

/* ---- An input ------------------------------------------------------------------------ */

static sl_status fail(sl_feed *feed, const char *why)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED, .stage = "feed"};

    return sl_errors_add(feed->errors, &error, "%s", why);
}

static void add_batch(sl_builder *text, const sl_batch *batch)
{
    sl_builder_clear(text);
    for (uint32_t i = 0; i < batch->selected; i++)
        sl_feed_row(text, batch, batch->selection[i]);
}

/* The other owner looks whether its batch is as it was, and lets it go. */
static void check_shared(sl_feed *feed)
{
    sl_builder now = {.env = &sl_env_real};

    if (feed->shared == NULL)
        return;
    add_batch(&now, feed->shared);
    feed->changes += feed->shared->columns_count != feed->columns_count || now.data == NULL ||
                     feed->seen.data == NULL || strcmp(now.data, feed->seen.data) != 0;
    sl_builder_done(&now);
    sl_batch_release(feed->shared);
    feed->shared = NULL;
}

static sl_status stamp(sl_feed *feed, sl_batch *batch)
{
    char position[64];
    sl_stamp *made;

    snprintf(position, sizeof position, "{\"rows\": %lld}", (long long)feed->rows);
    made = sl_stamp_new(
        feed->pool, &(struct sl_stamp_part){
                        .stage = UINT32_MAX, .reader = 1, .count = feed->rows, .json = position});
    if (made == NULL)
        return fail(feed, "out of memory");
    sl_batch_set_stamp(batch, made);
    return SL_OK;
}

static sl_status make_batch(sl_feed *feed, sl_batch **given)
{
    uint32_t wanted = feed->setup->feed_rows;
    int32_t full;
    sl_batch *batch = sl_batch_new(feed->pool, feed->columns_count, wanted, &full);

    if (batch == NULL)
        return fail(feed, "out of memory");
    batch->first_row = feed->rows + 1;
    batch->source = "feed";
    while (*feed->at != '\0' && batch->rows < batch->capacity) {
        if (read_row(feed, batch, batch->rows) != 0) {
            sl_batch_release(batch);
            return fail(feed, "out of memory");
        }
        batch->rows++;
        feed->rows++;
    }
    batch->selected = batch->rows;
    if (stamp(feed, batch) != SL_OK) {
        sl_batch_release(batch);
        return SL_ERROR;
    }
    *given = batch;
    return SL_OK;
}

static sl_status next(void *of, sl_batch **given)
{
    sl_feed *feed = of;
    sl_status status;

    check_shared(feed);
    if (!feed->pended &&
        (feed->setup->pending_at == -1 || feed->setup->pending_at == feed->pulls + 1)) {
        feed->pended = 1;
        return SL_PENDING;
    }
    feed->pended = 0;
    feed->pulls++;
    if (feed->setup->fail_at == feed->pulls)
        return fail(feed, "the feed fails here");
    if (*feed->at == '\0')
        return SL_END;
    status = make_batch(feed, given);
    if (status == SL_OK && feed->setup->share) {
        feed->shared = sl_batch_share(*given);
        add_batch(&feed->seen, *given);
    }
    return status;
}

static sl_status send(void *of, const sl_message *message, sl_text *answer)
{
    (void)of;
    (void)message;
    (void)answer;
    return SL_END;
}

static sl_status raise_at(void *of, const char *why, sl_batch **given)
{
    (void)given;
    return fail(of, why);
}

static void close_feed(void *of)
{
    sl_feed *feed = of;

    feed->closed++;
    check_shared(feed);
}

static const sl_column *columns(void *of, uint32_t *count)
{
    sl_feed *feed = of;

    *count = feed->columns_count;
    return feed->columns;
}

sl_input sl_feed_input(sl_feed *feed)
{
    return (sl_input){.of = feed,
                      .next = next,
                      .send = send,
                      .raise = raise_at,
                      .close = close_feed,
                      .columns = columns};
}

int32_t sl_feed_changes(const sl_feed *feed)
{
    return feed->changes;
}

int32_t sl_feed_closed(const sl_feed *feed)
{
    return feed->closed;
}

void sl_feed_free(sl_feed *feed)
{
    if (feed == NULL)
        return;
    check_shared(feed);
    sl_builder_done(&feed->seen);
    free(feed);
}

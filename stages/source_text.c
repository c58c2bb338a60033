/*
 * source_text.c - see source_text.h.
 *
 * `pull` gives the file's own bytes, `read_data` gives them decompressed, `read_converted` as
 * UTF-8. The first bytes of a layer are looked at and then given again (sl_source_start), because
 * a pipe cannot be read twice.
 *
 * Failures stay where they happened and are said once everything before them was given.
 */
#include "stages/source_text.h"

#include <errno.h>
#include <string.h>

#include "stages/source_list.h"

#define WIDE_SIZE ((size_t)64 * 1024)
#define RATIO_FROM (1024 * 1024) /* bytes that must have come out before max_ratio counts */

/* ---- The file's own bytes --------------------------------------------------------------- */

static size_t give_again(sl_source_start *from, void *bytes, size_t size)
{
    size_t left = from->end - from->at;
    size_t given = size < left ? size : left;
    memcpy(bytes, from->bytes + from->at, given);
    from->at += given;
    return given;
}

/* An sl_inflate_pull: > 0 bytes, 0 at the end, -1 failed. */
static int64_t pull(void *of, void *bytes, size_t size)
{
    sl_source_text *text = of;
    const sl_env *env = text->stage->env;
    if (text->file.at < text->file.end)
        return (int64_t)give_again(&text->file, bytes, size);
    if (text->failed)
        return -1;
    if (text->ended)
        return 0;
    int64_t got, left = text->bytes - text->file_bytes;
    if (text->bytes > 0 && (int64_t)size > left) /* what was there when it opened */
        size = left > 0 ? (size_t)left : 0;
    do
        got = size > 0 ? env->read(env->context, text->fd, bytes, size) : 0;
    while (got == -EINTR && !text->stage->host->stopping(text->stage));
    if (got < 0) {
        text->failed = (int32_t)-got;
        return -1;
    }
    text->ended = got == 0;
    text->file_bytes += got;
    return got;
}

static int64_t pull_full(sl_source_text *text, char *bytes, size_t size)
{
    size_t filled = 0;
    while (filled < size) {
        int64_t got = pull(text, bytes + filled, size - filled);
        if (got < 0 && filled == 0)
            return -1;
        if (got <= 0)
            break;
        filled += (size_t)got;
    }
    return (int64_t)filled;
}

/* ---- Decompressed ------------------------------------------------------------------------ */

/* A compressed file that grows too much; 1: it does. */
static int32_t is_bomb(sl_source_text *text)
{
    const sl_source_options *options = text->options;
    double taken = (double)sl_inflate_taken(text->inflate);
    if (options->max_output > 0 && text->data_bytes > options->max_output)
        text->bomb = "max_output";
    else if (text->data_bytes > RATIO_FROM && (double)text->data_bytes > options->max_ratio * taken)
        text->bomb = "max_ratio";
    return text->bomb != NULL;
}

static int64_t read_data(sl_source_text *text, char *bytes, size_t size)
{
    size_t again = give_again(&text->data, bytes, size);
    if (again == size)
        return (int64_t)size;
    int64_t got;
    if (text->bomb)
        got = -1;
    else if (!text->inflate)
        got = pull_full(text, bytes + again, size - again);
    else {
        got = sl_inflate_read(text->inflate, bytes + again, size - again);
        text->data_bytes += got > 0 ? got : 0;
        if (got > 0 && is_bomb(text))
            got = -1;
    }
    if (got < 0)
        return again > 0 ? (int64_t)again : -1;
    return (int64_t)again + got;
}

/* ---- As UTF-8 ------------------------------------------------------------------------------ */

/* More data behind what is left of it; 0: none came. */
static int64_t fill_wide(sl_source_text *text)
{
    size_t left = text->wide_end - text->wide_at;
    memmove(text->wide, text->wide + text->wide_at, left);
    text->wide_at = 0;
    text->wide_end = left;
    int64_t got = read_data(text, text->wide + left, WIDE_SIZE - left);
    text->wide_ended = got == 0;
    text->wide_end += got > 0 ? (size_t)got : 0;
    return got;
}

/* One step of the conversion into bytes[0 .. size): what was written, 0: more data is needed. */
static size_t convert(sl_source_text *text, char *bytes, size_t size)
{
    char character[sizeof text->text.bytes];
    int32_t spare = size < sizeof character;
    sl_converted done =
        sl_encoding_convert(text->encoding, text->wide + text->wide_at,
                            text->wide_end - text->wide_at, text->wide_ended && !text->grows,
                            spare ? character : bytes, spare ? sizeof character : size);
    text->wide_at += done.taken;
    text->wide_bad = done.bad;
    if (!spare)
        return done.written;
    text->text = (sl_source_start){.end = done.written};
    memcpy(text->text.bytes, character, done.written);
    return give_again(&text->text, bytes, size);
}

static int64_t read_converted(sl_source_text *text, char *bytes, size_t size)
{
    size_t filled = give_again(&text->text, bytes, size);
    while (filled < size) {
        size_t got = convert(text, bytes + filled, size - filled);
        filled += got;
        if (got > 0)
            continue;
        if (text->wide_bad)
            return filled > 0 ? (int64_t)filled : -1;
        if (text->wide_ended)
            break;
        if (fill_wide(text) < 0)
            return filled > 0 ? (int64_t)filled : -1;
    }
    return (int64_t)filled;
}

/* ---- Opening -------------------------------------------------------------------------------- */

static sl_status begin_inflate(sl_source_text *text, sl_compression compression)
{
    text->inflate = sl_inflate_new(text->stage, compression, text->options->max_window, pull, text);
    if (!text->inflate)
        return SL_ERROR;
    text->file = text->data;
    text->data = (sl_source_start){0};
    int64_t got = read_data(text, text->data.bytes, SL_ENCODING_START);
    text->data.end = got > 0 ? (size_t)got : 0;
    return SL_OK;
}

/* Looks at the first bytes: compression, then encoding. */
static sl_status begin(sl_source_text *text)
{
    sl_stage *stage = text->stage;
    text->begun = 1;
    int64_t got = text->options->follow ? stage->env->seek(stage->env->context, text->fd, 0) : 0;
    if (got < 0) {
        text->failed = (int32_t)-got;
        return SL_OK; /* said by the read that follows */
    }
    got = pull_full(text, text->data.bytes, SL_INFLATE_START);
    text->data.at = 0;
    text->data.end = got > 0 ? (size_t)got : 0;
    sl_compression compression = sl_inflate_found(text->data.bytes, text->data.end);
    if (compression != SL_COMPRESSION_NONE && begin_inflate(text, compression) != SL_OK)
        return SL_ERROR;
    text->encoding = sl_encoding_found((sl_encoding)text->options->encoding, text->data.bytes,
                                       text->data.end, &text->mark);
    text->data.at = text->mark;
    if (text->encoding != SL_ENCODING_UTF8 && !text->wide) {
        text->wide = stage->host->allocate(stage, NULL, WIDE_SIZE);
        if (!text->wide)
            return sl_no_memory(stage);
    }
    return SL_OK;
}

/* ---- What stopped the reading ------------------------------------------------------------- */

static sl_status fail_bomb(sl_source_text *text)
{
    const char *name = text->name;
    const sl_source_options *options = text->options;
    if (strcmp(text->bomb, "max_output") == 0)
        return sl_fail_at(text->stage,
                          SL_PLACE(.code = SL_CODE_DATA, .source = name,
                                   .hint = "raise max_output when you trust the file"),
                          "'%s' decompresses to more than max_output, %lld bytes", name,
                          (long long)options->max_output);
    return sl_fail_at(text->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = name,
                               .hint = "raise max_ratio when you trust the file"),
                      "'%s' decompresses to more than %g times its size, max_ratio", name,
                      options->max_ratio);
}

static sl_status fail_reading(sl_source_text *text)
{
    const char *name = text->name;
    sl_place place = {.code = SL_CODE_DATA, .source = name};
    int64_t offset = 0;
    const char *trouble = NULL;
    if (text->failed) {
        place.code =
            sl_source_code(text->failed) == SL_CODE_PERMISSION ? SL_CODE_PERMISSION : SL_CODE_IO;
        return sl_fail_at(text->stage, &place, "cannot read '%s' at byte offset %lld: %s", name,
                          (long long)text->file_bytes, strerror(text->failed));
    }
    if (text->bomb)
        return fail_bomb(text);
    if (text->inflate)
        trouble = sl_inflate_trouble(text->inflate, &offset, &place.hint);
    if (trouble)
        return sl_fail_at(text->stage, &place, "'%s' at byte offset %lld: %s", name,
                          (long long)offset, trouble);
    offset = (text->inflate ? text->data_bytes : text->file_bytes) -
             (int64_t)(text->wide_end - text->wide_at);
    place.hint = "set encoding to what the file is written in";
    return sl_fail_at(text->stage, &place, "'%s' at byte offset %lld: this is not valid %s", name,
                      (long long)offset, sl_encoding_name(text->encoding));
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

void sl_source_text_open(sl_source_text *text, int32_t fd, const char *name, int64_t bytes)
{
    sl_source_text_close(text);
    text->fd = fd;
    text->name = name;
    text->bytes = bytes;
    text->last = -1;
}

/* All that is known of the open file but its descriptor, name and size. */
static void forget(sl_source_text *text)
{
    sl_inflate_free(text->inflate);
    text->inflate = NULL;
    text->bomb = NULL;
    text->begun = text->ended = text->failed = 0;
    text->file = text->data = text->text = text->ahead = (sl_source_start){0};
    text->file_bytes = text->data_bytes = text->text_bytes = 0;
    text->encoding = SL_ENCODING_UTF8;
    text->mark = 0;
    text->wide_at = text->wide_end = 0;
    text->wide_ended = text->wide_bad = 0;
    text->pairs_count = 0;
}

void sl_source_text_close(sl_source_text *text)
{
    forget(text);
    text->fd = -1;
    text->name = NULL;
}

void sl_source_text_done(sl_source_text *text)
{
    if (!text->stage)
        return;
    sl_source_text_close(text);
    text->stage->host->allocate(text->stage, text->wide, 0);
    text->wide = NULL;
}

static sl_source_pair here(const sl_source_text *text)
{
    return (sl_source_pair){.text = text->text_bytes,
                            .raw = text->file_bytes - (int64_t)(text->wide_end - text->wide_at) -
                                   (int64_t)(text->data.end - text->data.at)};
}

/* Remembers where the text stands, where that is known. */
static void remember(sl_source_text *text)
{
    if (text->inflate || text->text.at < text->text.end)
        return;
    if (text->pairs_count == SL_SOURCE_PAIRS)
        memmove(text->pairs, text->pairs + 1, (--text->pairs_count) * sizeof *text->pairs);
    text->pairs[text->pairs_count++] = here(text);
}

int64_t sl_source_text_read(sl_source_text *text, char *bytes, size_t size)
{
    int64_t got;
    if (text->fd < 0 || size == 0)
        return 0;
    if (!text->begun && begin(text) != SL_OK)
        return -1;
    if (text->ahead.at < text->ahead.end) {
        got = (int64_t)give_again(&text->ahead, bytes, size);
    } else if (text->encoding == SL_ENCODING_UTF8) {
        got = read_data(text, bytes, size);
    } else {
        remember(text);
        got = read_converted(text, bytes, size);
    }
    if (got < 0)
        return fail_reading(text);
    if (got > 0)
        text->last = (unsigned char)bytes[got - 1];
    text->text_bytes += got;
    return got;
}

void sl_source_text_unread(sl_source_text *text, const char *bytes, size_t from, size_t end)
{
    text->ahead = (sl_source_start){.end = end - from};
    memcpy(text->ahead.bytes, bytes + from, end - from);
    text->text_bytes -= (int64_t)(end - from);
}

int32_t sl_source_text_ended(const sl_source_text *text)
{
    int32_t given = text->ahead.at == text->ahead.end && text->data.at == text->data.end &&
                    text->text.at == text->text.end && text->wide_at == text->wide_end;
    if (!text->begun || !given)
        return 0;
    if (text->inflate)
        return sl_inflate_ended(text->inflate);
    return text->ended || (text->bytes > 0 && text->file_bytes >= text->bytes);
}

/* ---- Going to a place ---------------------------------------------------------------------------
 */

static sl_status fail_short(sl_source_text *text, int64_t byte)
{
    return sl_fail_at(text->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = text->name,
                               .hint = "the file was changed since; start afresh"),
                      "'%s' ends before byte offset %lld, where the last run stood", text->name,
                      (long long)byte);
}

static sl_status pass_over(sl_source_text *text, int64_t byte)
{
    sl_stage *stage = text->stage;
    char *room = stage->host->allocate(stage, NULL, WIDE_SIZE);
    if (!room)
        return sl_no_memory(stage);
    int64_t got = 1;
    while (got > 0 && text->text_bytes < byte) {
        int64_t left = byte - text->text_bytes;
        got = sl_source_text_read(text, room, left < (int64_t)WIDE_SIZE ? (size_t)left : WIDE_SIZE);
    }
    stage->host->allocate(stage, room, 0);
    if (got < 0)
        return SL_ERROR;
    return text->text_bytes < byte ? fail_short(text, byte) : SL_OK;
}

/* So many of the file's bytes, which gave so much text, count as read. */
static sl_status jump(sl_source_text *text, sl_source_pair pair)
{
    const sl_env *env = text->stage->env;
    if (text->bytes > 0 && pair.raw > text->bytes)
        return fail_short(text, pair.text);
    int64_t answer = env->seek(env->context, text->fd, pair.raw);
    if (answer < 0) {
        text->failed = (int32_t)-answer;
        return fail_reading(text);
    }
    text->data = text->text = text->ahead = (sl_source_start){0};
    text->wide_at = text->wide_end = 0;
    text->ended = text->wide_ended = 0;
    text->file_bytes = pair.raw;
    text->text_bytes = pair.text;
    text->last = -1;
    text->pairs_count = 0;
    return SL_OK;
}

sl_status sl_source_text_go(sl_source_text *text, int64_t byte, sl_source_pair pair)
{
    if (!text->begun && begin(text) != SL_OK)
        return SL_ERROR;
    if (text->text_bytes == byte)
        return SL_OK;
    if (!text->inflate && text->encoding == SL_ENCODING_UTF8)
        return jump(text, (sl_source_pair){.text = byte, .raw = byte + (int64_t)text->mark});
    if (!text->inflate && pair.text > 0 && pair.text <= byte) {
        if (jump(text, pair) != SL_OK)
            return SL_ERROR;
    } else if (text->text_bytes > byte) {
        int64_t mark = (int64_t)text->mark;
        if (jump(text, (sl_source_pair){.raw = text->inflate ? 0 : mark}) != SL_OK)
            return SL_ERROR;
        if (text->inflate) {
            forget(text);
            if (begin(text) != SL_OK)
                return SL_ERROR;
        }
    }
    return pass_over(text, byte);
}

sl_source_pair sl_source_text_place(const sl_source_text *text, int64_t byte)
{
    if (text->inflate)
        return (sl_source_pair){.text = -1, .raw = text->file_bytes};
    if (text->encoding == SL_ENCODING_UTF8)
        return (sl_source_pair){.text = byte, .raw = byte + (int64_t)text->mark};
    if (text->text.at == text->text.end && text->text_bytes <= byte)
        return here(text);
    for (uint32_t i = text->pairs_count; i-- > 0;)
        if (text->pairs[i].text <= byte)
            return text->pairs[i];
    return (sl_source_pair){.text = 0, .raw = (int64_t)text->mark};
}

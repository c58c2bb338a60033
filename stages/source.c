/*
 * source.c - the files behind a reader; see source.h.
 *
 * Three layers, each asked by the next: `pull` gives the file's own bytes, `read_data` gives
 * them decompressed, `read_text` gives them as UTF-8. A plain UTF-8 file goes from the kernel
 * straight into the caller's memory. The first bytes of a layer are looked at and then given
 * again (`start`), because a pipe cannot be read twice.
 *
 * Failures stay where they happened and are said once everything before them was given.
 * Deliberately elsewhere: gzip and zstd (inflate.h), the conversions (encoding.h).
 */
#include "stages/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "stages/encoding.h"
#include "stages/inflate.h"

#define STANDARD_INPUT 0
#define WIDE_SIZE ((size_t)64 * 1024)
#define RATIO_FROM (1024 * 1024) /* bytes that must have come out before max_ratio counts */

typedef struct item {
    char *name;
    const sl_value *value; /* where it is written */
    int64_t bytes;         /* -1: not known */
    uint32_t kind;         /* SL_FILE_* */
} item;

typedef struct start { /* bytes that were looked at and are to be given again */
    char bytes[4];
    size_t at, end;
} start;

struct sl_source {
    sl_stage *stage;
    const sl_source_options *options;
    item *items;
    uint32_t count, room;
    int32_t listed;          /* 1: done; -1: failed, said */
    const sl_value *listing; /* while globs are expanded */
    sl_status list_status;

    /* The open file. */
    uint32_t next;  /* number of the file to open next; the open one is next - 1 */
    int32_t fd;     /* -1: none */
    int32_t begun;  /* 1: its start was looked at */
    int32_t ended;  /* 1: the kernel said so */
    int32_t failed; /* errno of a failed read */
    start file, data;
    int64_t file_bytes; /* read so far */
    int64_t data_bytes; /* decompressed so far */
    int64_t text_bytes; /* given */
    const char *bomb;   /* the option that it broke */
    sl_inflate *inflate;
    size_t mark; /* bytes of its byte order mark */
    sl_encoding encoding;
    char *wide; /* data to be converted: wide[wide_at .. wide_end) */
    size_t wide_at, wide_end;
    int32_t wide_ended, wide_bad;
    start text; /* a character that did not fit */

    int64_t before; /* bytes of the files read to their end */
};

/* ---- Made and freed ------------------------------------------------------------------ */

sl_source *sl_source_new(sl_stage *stage, const sl_source_options *options)
{
    sl_source *source = stage->host->allocate(stage, NULL, sizeof *source);
    if (!source) {
        sl_no_memory(stage);
        return NULL;
    }
    *source = (sl_source){.stage = stage, .options = options, .fd = -1};
    return source;
}

static void close_file(sl_source *source)
{
    sl_inflate_free(source->inflate);
    source->inflate = NULL;
    if (source->fd > STANDARD_INPUT)
        source->stage->env->close(source->stage->env->context, source->fd);
    source->fd = -1;
}

void sl_source_free(sl_source *source)
{
    if (!source)
        return;
    sl_stage *stage = source->stage;
    close_file(source);
    for (uint32_t i = 0; i < source->count; i++)
        stage->host->allocate(stage, source->items[i].name, 0);
    stage->host->allocate(stage, source->items, 0);
    stage->host->allocate(stage, source->wide, 0);
    stage->host->allocate(stage, source, 0);
}

/* ---- The list of files ---------------------------------------------------------------- */

static int32_t is_standard_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int32_t code_of(int32_t error)
{
    if (error == EACCES || error == EPERM)
        return SL_CODE_PERMISSION;
    if (error == EIO)
        return SL_CODE_IO;
    return SL_CODE_NO_INPUT;
}

static sl_status fail_directory(sl_source *source, const char *path, const sl_value *value)
{
    return sl_fail_at(source->stage,
                      SL_PLACE(.code = SL_CODE_NO_INPUT, .value = value,
                               .hint = "name its files with a glob, as in 'folder/*.csv'"),
                      "'%s' is a folder", path);
}

static sl_status fail_path(sl_source *source, const char *path, const sl_value *value,
                           int32_t error)
{
    sl_place place = {.code = code_of(error), .value = value};
    if (error == ENOENT)
        return sl_fail_at(source->stage, &place, "there is no file '%s'", path);
    return sl_fail_at(source->stage, &place, "cannot open '%s': %s", path, strerror(error));
}

static sl_status add_item(sl_source *source, const char *path, const sl_value *value,
                          const sl_file_info *info)
{
    sl_stage *stage = source->stage;
    if (source->count == source->room) {
        uint32_t room = source->room ? source->room * 2 : 8;
        item *items = stage->host->allocate(stage, source->items, room * sizeof *items);
        if (!items)
            return sl_no_memory(stage);
        source->items = items;
        source->room = room;
    }
    size_t size = strlen(path) + 1;
    char *name = stage->host->allocate(stage, NULL, size);
    if (!name)
        return sl_no_memory(stage);
    memcpy(name, path, size);
    int64_t bytes = info->kind == SL_FILE_REGULAR ? info->bytes : -1;
    source->items[source->count++] =
        (item){.name = name, .value = value, .bytes = bytes, .kind = info->kind};
    return SL_OK;
}

/* One match of a glob. */
static int32_t found(void *user, const char *path)
{
    sl_source *source = user;
    const sl_env *env = source->stage->env;
    sl_file_info info;
    int32_t answer = env->stat(env->context, path, &info);
    if (answer == -ENOENT || (answer == 0 && info.kind == SL_FILE_DIRECTORY))
        return 0; /* a dangling link, a folder */
    if (answer < 0)
        source->list_status = fail_path(source, path, source->listing, -answer);
    else
        source->list_status = add_item(source, path, source->listing, &info);
    return source->list_status == SL_OK ? 0 : 1;
}

static sl_status list_glob(sl_source *source, const char *pattern, const sl_value *value)
{
    const sl_env *env = source->stage->env;
    uint32_t before = source->count;
    source->listing = value;
    source->list_status = SL_OK;
    int32_t answer = env->glob(env->context, pattern, found, source);
    if (source->list_status != SL_OK)
        return source->list_status;
    if (answer < 0 && answer != -ENOENT)
        return fail_path(source, pattern, value, -answer);
    if (source->count == before)
        return sl_fail_at(source->stage, SL_PLACE(.code = SL_CODE_NO_INPUT, .value = value),
                          "no file matches '%s'", pattern);
    return SL_OK;
}

static sl_status list_standard_input(sl_source *source, const sl_value *value)
{
    for (uint32_t i = 0; i < source->count; i++)
        if (is_standard_input(source->items[i].name))
            return sl_fail_at(source->stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value),
                              "standard input can be read only once");
    return add_item(source, "-", value, &(sl_file_info){.kind = SL_FILE_OTHER});
}

/* value: where it is written. */
static sl_status list_path(sl_source *source, const sl_value *path, const sl_value *value)
{
    const sl_env *env = source->stage->env;
    if (path->kind != SL_VALUE_SCALAR || path->text[0] == '\0')
        return sl_fail_at(source->stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value),
                          "a path must be a text that is not empty");
    if (is_standard_input(path->text))
        return list_standard_input(source, value);
    sl_file_info info;
    int32_t answer = env->stat(env->context, path->text, &info);
    if (answer == -ENOENT && strpbrk(path->text, "*?["))
        return list_glob(source, path->text, value);
    if (answer < 0)
        return fail_path(source, path->text, value, -answer);
    if (info.kind == SL_FILE_DIRECTORY)
        return fail_directory(source, path->text, value);
    return add_item(source, path->text, value, &info);
}

sl_status sl_source_list(sl_source *source)
{
    sl_stage *stage = source->stage;
    const sl_value *paths = source->options->path;
    const sl_value *written = stage->host->option(stage, "path"); /* maybe without the list */
    if (source->listed)
        return source->listed > 0 ? SL_OK : SL_ERROR;
    uint32_t count = paths && paths->kind == SL_VALUE_LIST ? paths->count : 0;
    if (count == 0)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = written),
                          "there is no path to read");
    int32_t lone = written && written->kind == SL_VALUE_SCALAR;
    source->listed = 1;
    for (uint32_t i = 0; i < count; i++) {
        const sl_value *path = sl_item(paths, i);
        if (list_path(source, path, lone ? written : path) != SL_OK)
            source->listed = -1;
    }
    return source->listed > 0 ? SL_OK : SL_ERROR;
}

int32_t sl_source_may_look(sl_source *source)
{
    sl_stage *stage = source->stage;
    if (stage->host->offline(stage) || sl_source_list(source) != SL_OK)
        return 0;
    for (uint32_t i = 0; i < source->count; i++)
        if (source->items[i].kind != SL_FILE_REGULAR)
            return 0;
    return 1;
}

/* ---- The file's own bytes --------------------------------------------------------------- */

static item *open_item(const sl_source *source)
{
    return &source->items[source->next - 1];
}

static size_t give_again(start *from, void *bytes, size_t size)
{
    size_t left = from->end - from->at;
    size_t given = size < left ? size : left;
    memcpy(bytes, from->bytes + from->at, given);
    from->at += given;
    return given;
}

static void report_progress(sl_source *source)
{
    int64_t total = 0;
    for (uint32_t i = 0; i < source->count && total >= 0; i++)
        total = source->items[i].bytes < 0 ? -1 : total + source->items[i].bytes;
    source->stage->host->progress(source->stage, source->before + source->file_bytes, total);
}

/* An sl_inflate_pull: > 0 bytes, 0 at the end, -1 failed. */
static int64_t pull(void *of, void *bytes, size_t size)
{
    sl_source *source = of;
    const sl_env *env = source->stage->env;
    if (source->file.at < source->file.end)
        return (int64_t)give_again(&source->file, bytes, size);
    if (source->failed)
        return -1;
    if (source->ended)
        return 0;
    int64_t got, left = open_item(source)->bytes - source->file_bytes;
    if (open_item(source)->bytes > 0 && (int64_t)size > left) /* what was there when it opened */
        size = left > 0 ? (size_t)left : 0;
    do
        got = size > 0 ? env->read(env->context, source->fd, bytes, size) : 0;
    while (got == -EINTR && !source->stage->host->stopping(source->stage));
    if (got < 0) {
        source->failed = (int32_t)-got;
        return -1;
    }
    source->ended = got == 0;
    source->file_bytes += got;
    report_progress(source);
    return got;
}

static int64_t pull_full(sl_source *source, char *bytes, size_t size)
{
    size_t filled = 0;
    while (filled < size) {
        int64_t got = pull(source, bytes + filled, size - filled);
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
static int32_t is_bomb(sl_source *source)
{
    const sl_source_options *options = source->options;
    double taken = (double)sl_inflate_taken(source->inflate);
    if (options->max_output > 0 && source->data_bytes > options->max_output)
        source->bomb = "max_output";
    else if (source->data_bytes > RATIO_FROM &&
             (double)source->data_bytes > options->max_ratio * taken)
        source->bomb = "max_ratio";
    return source->bomb != NULL;
}

static int64_t read_data(sl_source *source, char *bytes, size_t size)
{
    size_t again = give_again(&source->data, bytes, size);
    if (again == size)
        return (int64_t)size;
    int64_t got;
    if (source->bomb)
        got = -1;
    else if (!source->inflate)
        got = pull_full(source, bytes + again, size - again);
    else {
        got = sl_inflate_read(source->inflate, bytes + again, size - again);
        source->data_bytes += got > 0 ? got : 0;
        if (got > 0 && is_bomb(source))
            got = -1;
    }
    if (got < 0)
        return again > 0 ? (int64_t)again : -1;
    return (int64_t)again + got;
}

/* ---- As UTF-8 ------------------------------------------------------------------------------ */

/* More data behind what is left of it; 0: none came. */
static int64_t fill_wide(sl_source *source)
{
    size_t left = source->wide_end - source->wide_at;
    memmove(source->wide, source->wide + source->wide_at, left);
    source->wide_at = 0;
    source->wide_end = left;
    int64_t got = read_data(source, source->wide + left, WIDE_SIZE - left);
    source->wide_ended = got == 0;
    source->wide_end += got > 0 ? (size_t)got : 0;
    return got;
}

/* One step of the conversion into bytes[0 .. size): what was written, 0: more data is needed. */
static size_t convert(sl_source *source, char *bytes, size_t size)
{
    char character[sizeof source->text.bytes];
    int32_t spare = size < sizeof character;
    sl_converted done = sl_encoding_convert(
        source->encoding, source->wide + source->wide_at, source->wide_end - source->wide_at,
        source->wide_ended, spare ? character : bytes, spare ? sizeof character : size);
    source->wide_at += done.taken;
    source->wide_bad = done.bad;
    if (!spare)
        return done.written;
    source->text = (start){.end = done.written};
    memcpy(source->text.bytes, character, done.written);
    return give_again(&source->text, bytes, size);
}

static int64_t read_converted(sl_source *source, char *bytes, size_t size)
{
    size_t filled = give_again(&source->text, bytes, size);
    while (filled < size) {
        size_t got = convert(source, bytes + filled, size - filled);
        filled += got;
        if (got > 0)
            continue;
        if (source->wide_bad)
            return filled > 0 ? (int64_t)filled : -1;
        if (source->wide_ended)
            break;
        if (fill_wide(source) < 0)
            return filled > 0 ? (int64_t)filled : -1;
    }
    return (int64_t)filled;
}

/* ---- Opening -------------------------------------------------------------------------------- */

static sl_status begin_inflate(sl_source *source, sl_compression compression)
{
    source->inflate =
        sl_inflate_new(source->stage, compression, source->options->max_window, pull, source);
    if (!source->inflate)
        return SL_ERROR;
    source->file = source->data;
    source->data = (start){0};
    int64_t got = read_data(source, source->data.bytes, SL_ENCODING_START);
    source->data.end = got > 0 ? (size_t)got : 0;
    return SL_OK;
}

/* Looks at the first bytes: compression, then encoding. */
static sl_status begin(sl_source *source)
{
    sl_stage *stage = source->stage;
    source->begun = 1;
    int64_t got = pull_full(source, source->data.bytes, SL_INFLATE_START);
    source->data.at = 0;
    source->data.end = got > 0 ? (size_t)got : 0;
    sl_compression compression = sl_inflate_found(source->data.bytes, source->data.end);
    if (compression != SL_COMPRESSION_NONE && begin_inflate(source, compression) != SL_OK)
        return SL_ERROR;
    source->encoding = sl_encoding_found((sl_encoding)source->options->encoding, source->data.bytes,
                                         source->data.end, &source->mark);
    source->data.at = source->mark;
    if (source->encoding != SL_ENCODING_UTF8 && !source->wide) {
        source->wide = stage->host->allocate(stage, NULL, WIDE_SIZE);
        if (!source->wide)
            return sl_no_memory(stage);
    }
    return SL_OK;
}

static sl_status open_next(sl_source *source)
{
    sl_stage *stage = source->stage;
    const sl_env *env = stage->env;
    item *file = &source->items[source->next];
    int32_t fd = STANDARD_INPUT;
    if (!is_standard_input(file->name)) {
        fd = env->open(env->context, file->name, O_RDONLY | O_CLOEXEC, 0);
        if (fd < 0)
            return fail_path(source, file->name, file->value, -fd);
    }
    source->next++;
    source->fd = fd;
    source->begun = source->ended = source->failed = 0;
    source->file = source->data = source->text = (start){0};
    source->file_bytes = source->data_bytes = source->text_bytes = 0;
    source->bomb = NULL;
    source->wide_at = source->wide_end = 0;
    source->wide_ended = source->wide_bad = 0;
    sl_file_info info;
    int32_t answer = env->fstat(env->context, fd, &info);
    if (answer < 0)
        return fail_path(source, file->name, file->value, -answer);
    if (info.kind == SL_FILE_DIRECTORY)
        return fail_directory(source, file->name, file->value);
    file->kind = info.kind;
    file->bytes = info.kind == SL_FILE_REGULAR ? info.bytes : -1;
    return SL_OK;
}

sl_status sl_source_next(sl_source *source)
{
    if (sl_source_list(source) != SL_OK)
        return SL_ERROR;
    if (source->next > 0 && source->fd >= 0)
        source->before += source->file_bytes;
    close_file(source);
    if (source->next == source->count)
        return SL_END;
    return open_next(source);
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

static sl_status fail_bomb(sl_source *source)
{
    const char *name = open_item(source)->name;
    const sl_source_options *options = source->options;
    if (strcmp(source->bomb, "max_output") == 0)
        return sl_fail_at(source->stage,
                          SL_PLACE(.code = SL_CODE_DATA, .source = name,
                                   .hint = "raise max_output when you trust the file"),
                          "'%s' decompresses to more than max_output, %lld bytes", name,
                          (long long)options->max_output);
    return sl_fail_at(source->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = name,
                               .hint = "raise max_ratio when you trust the file"),
                      "'%s' decompresses to more than %g times its size, max_ratio", name,
                      options->max_ratio);
}

/* Says what stopped the reading. */
static sl_status fail_reading(sl_source *source)
{
    const char *name = open_item(source)->name;
    sl_place place = {.code = SL_CODE_DATA, .source = name};
    int64_t offset = 0;
    const char *trouble = NULL;
    if (source->failed) {
        place.code =
            code_of(source->failed) == SL_CODE_PERMISSION ? SL_CODE_PERMISSION : SL_CODE_IO;
        return sl_fail_at(source->stage, &place, "cannot read '%s' at byte offset %lld: %s", name,
                          (long long)source->file_bytes, strerror(source->failed));
    }
    if (source->bomb)
        return fail_bomb(source);
    if (source->inflate)
        trouble = sl_inflate_trouble(source->inflate, &offset, &place.hint);
    if (trouble)
        return sl_fail_at(source->stage, &place, "'%s' at byte offset %lld: %s", name,
                          (long long)offset, trouble);
    offset = (source->inflate ? source->data_bytes : source->file_bytes) -
             (int64_t)(source->wide_end - source->wide_at);
    place.hint = "set encoding to what the file is written in";
    return sl_fail_at(source->stage, &place, "'%s' at byte offset %lld: this is not valid %s", name,
                      (long long)offset, sl_encoding_name(source->encoding));
}

int64_t sl_source_read(sl_source *source, char *bytes, size_t size)
{
    if (source->fd < 0 || size == 0)
        return 0;
    if (!source->begun && begin(source) != SL_OK)
        return -1;
    int64_t got = source->encoding == SL_ENCODING_UTF8 ? read_data(source, bytes, size)
                                                       : read_converted(source, bytes, size);
    if (got < 0)
        return fail_reading(source);
    source->text_bytes += got;
    return got;
}

/* ---- Positions ----------------------------------------------------------------------------------
 */

static sl_status fail_short(sl_source *source, int64_t offset)
{
    const char *name = open_item(source)->name;
    return sl_fail_at(source->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = name,
                               .hint = "the file was changed since; start afresh"),
                      "'%s' ends before byte offset %lld, where the last run stood", name,
                      (long long)offset);
}

static sl_status pass_over(sl_source *source, int64_t offset)
{
    sl_stage *stage = source->stage;
    char *room = stage->host->allocate(stage, NULL, WIDE_SIZE);
    if (!room)
        return sl_no_memory(stage);
    int64_t got = 1;
    while (got > 0 && source->text_bytes < offset) {
        int64_t left = offset - source->text_bytes;
        got = sl_source_read(source, room, left < (int64_t)WIDE_SIZE ? (size_t)left : WIDE_SIZE);
    }
    stage->host->allocate(stage, room, 0);
    if (got < 0)
        return SL_ERROR;
    return source->text_bytes < offset ? fail_short(source, offset) : SL_OK;
}

static sl_status jump(sl_source *source, int64_t offset)
{
    const sl_env *env = source->stage->env;
    int64_t place = offset + (int64_t)source->mark;
    if (place > open_item(source)->bytes)
        return fail_short(source, offset);
    int64_t answer = env->seek(env->context, source->fd, place);
    if (answer < 0) {
        source->failed = (int32_t)-answer;
        return fail_reading(source);
    }
    source->data = (start){0};
    source->ended = 0;
    source->file_bytes = place;
    source->text_bytes = offset;
    return SL_OK;
}

/* The files before the open one count as read. */
static void count_before(sl_source *source)
{
    source->before = 0;
    for (uint32_t i = 0; i + 1 < source->next; i++)
        source->before += source->items[i].bytes > 0 ? source->items[i].bytes : 0;
}

sl_status sl_source_seek(sl_source *source, const char *name, int64_t offset)
{
    if (sl_source_list(source) != SL_OK)
        return SL_ERROR;
    uint32_t index = 0;
    while (index < source->count && strcmp(source->items[index].name, name) != 0)
        index++;
    if (index == source->count)
        return sl_fail_at(source->stage,
                          SL_PLACE(.code = SL_CODE_NO_INPUT, .value = source->options->path,
                                   .hint = "bring the file back, or start afresh"),
                          "the last run stood in '%s', which is not among the files now", name);
    close_file(source);
    source->next = index;
    if (open_next(source) != SL_OK)
        return SL_ERROR;
    count_before(source);
    if (offset == 0)
        return SL_OK;
    if (open_item(source)->kind != SL_FILE_REGULAR || is_standard_input(name))
        return sl_fail_at(source->stage, SL_PLACE(.code = SL_CODE_NO_INPUT, .source = name),
                          "'%s' is no regular file: reading cannot go on where it stood", name);
    if (begin(source) != SL_OK)
        return SL_ERROR;
    if (!source->inflate && source->encoding == SL_ENCODING_UTF8)
        return jump(source, offset);
    return pass_over(source, offset);
}

const char *sl_source_name(const sl_source *source)
{
    return source->next > 0 ? open_item(source)->name : "";
}

uint32_t sl_source_index(const sl_source *source)
{
    return source->next > 0 ? source->next - 1 : 0;
}

uint32_t sl_source_count(const sl_source *source)
{
    return source->count;
}

int64_t sl_source_offset(const sl_source *source)
{
    return source->text_bytes;
}

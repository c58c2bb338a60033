/*
 * target.c - the file behind an exporter; see target.h.
 *
 * There are three ways to write: beside the target and then take its place (`temporary` is
 * set), at the end of a file, and directly into something that is no file. `choose` decides;
 * all else is one buffer.
 */
#include "stages/target.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <isa-l/crc.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/env.h"
#include "stages/json.h"
#include "stages/temporary.h"

#define STANDARD_OUTPUT 1
#define STANDARD_ERROR 2
#define BUFFER_SIZE ((size_t)128 * 1024)
#define TRIES 64 /* of a temporary name */
#define NO_MARK SIZE_MAX
#define CHECKED 4096 /* bytes before the end whose checksum tells that it is the same file */

struct sl_target {
    sl_stage *stage;
    const sl_value *value; /* where the path is written; NULL: not known */
    char *label;           /* the path as written */
    char *path;            /* the file to become; symbolic links followed */
    char *temporary;       /* NULL: none */
    int32_t fd;            /* -1: none */
    int32_t owned;         /* 1: fd is closed with the target */
    uint32_t kind;         /* SL_FILE_* of fd */
    int32_t append;
    int32_t created;    /* 1: the file was not there: its name is to be made safe */
    int32_t rehearsing; /* 1: nothing is written */
    int32_t ragged;     /* 1: the committed end is no line end: */
    int32_t break_line; /* 1: ... so one is written before the next row */
    int32_t broken;     /* 1: failed or aborted */
    int64_t committed;  /* appending: the file's length at the last commit */
    int64_t length;     /* appending: its length now */
    char *buffer;
    size_t used, room;
    size_t flushed; /* bytes that have left the buffer */
    size_t mark;    /* bytes from here on stay in the buffer */
};

/* ---- Failing ---------------------------------------------------------------------------- */

static sl_status fail_path(sl_stage *stage, const char *path, const sl_value *value, int32_t error)
{
    sl_place place = {.code = SL_CODE_NO_OUTPUT, .value = value, .hint = sl_env_hint(error)};
    if (sl_env_forbids(error))
        place.code = SL_CODE_PERMISSION;
    if (error == EINTR)
        place.code = SL_CODE_CUT_SHORT;
    if (error == ENOENT || error == ENOTDIR)
        place.hint = "create its folder first";
    return sl_fail_at(stage, &place, "cannot create '%s': %s", path,
                      error == ENOENT ? "there is no such folder" : sl_env_why(error));
}

static sl_status fail_open(const sl_target *target, int32_t error)
{
    return fail_path(target->stage, target->label, target->value, error);
}

static sl_status fail_write(sl_target *target, int32_t error)
{
    sl_place place = {.code = SL_CODE_IO, .value = target->value};
    const char *why = strerror(error);
    if (error == EINTR)
        place.code = SL_CODE_CUT_SHORT;
    else if (error == EPIPE)
        why = "its reader has gone";
    else if (error == ENOSPC || error == EDQUOT)
        place.hint = "make room, then run again";
    else if (error == EAGAIN)
        place.hint = "it does not wait for its reader; put `| cat` behind";
    target->broken = 1;
    return sl_fail_at(target->stage, &place, "cannot write '%s': %s", target->label, why);
}

static sl_status fail_broken(const sl_target *target)
{
    return sl_fail_at(target->stage, SL_PLACE(.code = SL_CODE_IO, .value = target->value),
                      "cannot write '%s' after a failure", target->label);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static char *copy_text(sl_stage *stage, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = stage->host->allocate(stage, NULL, size);
    if (copy)
        memcpy(copy, text, size);
    else
        sl_no_memory(stage);
    return copy;
}

/* Writes to a descriptor that is open already. */
static sl_status adopt(sl_target *target, int32_t fd)
{
    const sl_env *env = target->stage->env;
    sl_file_info info;
    int32_t answer = env->fstat(env->context, fd, &info);
    if (answer < 0)
        return fail_open(target, -answer);
    target->fd = fd;
    target->kind = info.kind;
    target->append = 0;
    return SL_OK;
}

/* The descriptor that a path names: /dev/stdout, /dev/fd/5 ...; -1: none. */
static int32_t named_descriptor(const char *path)
{
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
        return STANDARD_OUTPUT;
    if (strcmp(path, "/dev/stderr") == 0)
        return STANDARD_ERROR;
    const char *digits = NULL;
    if (strncmp(path, "/dev/fd/", 8) == 0)
        digits = path + 8;
    else if (strncmp(path, "/proc/self/fd/", 14) == 0)
        digits = path + 14;
    if (!digits || *digits == '\0' || strlen(digits) > 6 ||
        digits[strspn(digits, "0123456789")] != '\0')
        return -1;
    return (int32_t)strtol(digits, NULL, 10);
}

/* A file that standard output or error is redirected to is not to be replaced under them. */
static int32_t same_as_standard(const sl_env *env, const sl_file_info *file)
{
    for (int32_t fd = STANDARD_OUTPUT; fd <= STANDARD_ERROR; fd++) {
        sl_file_info info;
        if (env->fstat(env->context, fd, &info) == 0 && info.device == file->device &&
            info.inode == file->inode)
            return fd;
    }
    return -1;
}

static sl_status open_directly(sl_target *target, int32_t flags)
{
    const sl_env *env = target->stage->env;
    int32_t fd = env->open(env->context, target->label, O_WRONLY | O_CLOEXEC | flags, 0666);
    if (fd < 0)
        return fail_open(target, -fd);
    target->owned = 1;
    int32_t append = target->append;
    if (adopt(target, fd) != SL_OK) {
        target->fd = fd;
        return SL_ERROR;
    }
    target->append = append && target->kind == SL_FILE_REGULAR;
    return SL_OK;
}

/* Whether the last byte is something else than a line end. */
static int32_t ends_ragged(const sl_target *target)
{
    const sl_env *env = target->stage->env;
    char last = '\n';
    int32_t fd = env->open(env->context, target->label, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0; /* may be written but not read: nothing is known */
    int64_t got = env->pread(env->context, fd, &last, 1, target->length - 1);
    env->close(env->context, fd);
    return got == 1 && last != '\n';
}

static sl_status open_append(sl_target *target, int32_t there)
{
    const sl_env *env = target->stage->env;
    sl_file_info info;
    target->created = !there;
    if (open_directly(target, O_APPEND | O_CREAT) != SL_OK)
        return SL_ERROR;
    int32_t answer = env->fstat(env->context, target->fd, &info);
    if (answer < 0)
        return fail_open(target, -answer);
    target->length = target->committed = info.bytes;
    target->ragged = target->append && info.bytes > 0 && ends_ragged(target);
    target->break_line = target->ragged;
    return SL_OK;
}

/* Makes the file beside the target. old: what stands there now; NULL: nothing. */
static sl_status open_temporary(sl_target *target, const sl_file_info *old)
{
    sl_stage *stage = target->stage;
    const sl_env *env = stage->env;
    int32_t fd = -EEXIST;
    sl_temporary_clean(env, target->path);
    for (int32_t tries = 0; tries < TRIES && fd == -EEXIST; tries++) {
        stage->host->allocate(stage, target->temporary, 0);
        target->temporary = sl_temporary_name(stage, target->path);
        if (!target->temporary)
            return SL_ERROR;
        fd = env->open(env->context, target->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                       old ? 0600 : 0666);
    }
    if (fd < 0) {
        stage->host->allocate(stage, target->temporary, 0);
        target->temporary = NULL;
        return fail_open(target, -fd);
    }
    sl_temporary_hold(env, fd);
    target->fd = fd;
    target->owned = 1;
    target->kind = SL_FILE_REGULAR;
    int32_t answer = old && env->chmod ? env->chmod(env->context, fd, old->mode & 0777) : 0;
    return answer < 0 ? fail_open(target, -answer) : SL_OK;
}

/* A file that may not be written is not to be replaced either. */
static sl_status check_writable(const sl_target *target)
{
    const sl_env *env = target->stage->env;
    int32_t fd = env->open(env->context, target->path, O_WRONLY | O_CLOEXEC, 0);
    if (fd >= 0)
        env->close(env->context, fd);
    if (fd == -EACCES || fd == -EPERM || fd == -EROFS)
        return fail_open(target, -fd);
    return SL_OK;
}

static sl_status open_replace(sl_target *target, const sl_file_info *old)
{
    sl_stage *stage = target->stage;
    const sl_env *env = stage->env;
    char path[PATH_MAX];
    int32_t answer = env->resolve(env->context, target->label, path, sizeof path);
    if (answer < 0)
        return fail_open(target, -answer);
    target->path = copy_text(stage, path);
    if (!target->path || (old && check_writable(target) != SL_OK))
        return SL_ERROR;
    return open_temporary(target, old);
}

static void warn_compression(const sl_target *target)
{
    const char *end = strrchr(target->label, '.');
    if (end && (strcmp(end, ".gz") == 0 || strcmp(end, ".zst") == 0))
        target->stage->host->log(
            target->stage, SL_LOG_WARNING,
            SL_PLACE(.value = target->value,
                     .hint = "write to a name without the ending, and compress it afterwards"),
            "'%s' is written as plain text, not compressed", target->label);
}

/* Opens the one way that suits what stands at the path. */
static sl_status choose(sl_target *target)
{
    const sl_env *env = target->stage->env;
    sl_file_info info;
    int32_t fd = named_descriptor(target->label);
    int32_t answer = env->stat(env->context, target->label, &info);
    if (fd > STANDARD_ERROR && answer == -EXDEV) /* of other graphs, or the daemon's own */
        return fail_open(target, EXDEV);
    if (fd >= 0)
        return adopt(target, fd);
    if (answer < 0 && answer != -ENOENT)
        return fail_open(target, -answer);
    if (answer == 0 && info.kind == SL_FILE_DIRECTORY)
        return fail_open(target, EISDIR);
    if (answer == 0 && info.kind != SL_FILE_REGULAR)
        return open_directly(target, 0);
    warn_compression(target);
    fd = answer == 0 ? same_as_standard(env, &info) : -1;
    if (fd >= 0)
        return adopt(target, fd);
    return target->append ? open_append(target, answer == 0)
                          : open_replace(target, answer == 0 ? &info : NULL);
}

/* What there is to know of the file is looked at, and nothing is opened. */
static sl_status rehearse(sl_target *target)
{
    const sl_env *env = target->stage->env;
    sl_file_info info = {0};
    if (target->append && env->stat(env->context, target->label, &info) == 0 &&
        info.kind == SL_FILE_REGULAR)
        target->length = target->committed = info.bytes;
    target->append = 0;
    target->rehearsing = 1;
    return SL_OK;
}

sl_target *sl_target_open(sl_stage *stage, const char *path, int32_t append,
                          const sl_value *path_value)
{
    sl_target *target = stage->host->allocate(stage, NULL, sizeof *target);
    if (!target) {
        sl_no_memory(stage);
        return NULL;
    }
    *target = (sl_target){.stage = stage,
                          .value = path_value,
                          .fd = -1,
                          .append = append,
                          .room = BUFFER_SIZE,
                          .mark = NO_MARK};
    target->buffer = stage->host->allocate(stage, NULL, BUFFER_SIZE);
    target->label = copy_text(stage, path);
    if (!target->buffer)
        sl_no_memory(stage);
    sl_status (*open)(sl_target *) = stage->host->rehearsing(stage) ? rehearse : choose;
    if (!target->buffer || !target->label || open(target) != SL_OK) {
        sl_target_close(target);
        return NULL;
    }
    return target;
}

int32_t sl_target_empty(const sl_target *target)
{
    return target->length == 0;
}

int32_t sl_target_terminal(const sl_target *target)
{
    const sl_env *env = target->stage->env;
    return target->kind == SL_FILE_OTHER && env->terminal &&
           env->terminal(env->context, target->fd) > 0;
}

/* ---- Writing ------------------------------------------------------------------------------------
 */

static sl_status write_all(sl_target *target, const char *bytes, size_t size)
{
    const sl_env *env = target->stage->env;
    if (target->rehearsing) {
        target->length += (int64_t)size;
        return SL_OK;
    }
    while (size > 0) {
        int64_t put = env->write(env->context, target->fd, bytes, size);
        if (put == -EINTR && !target->stage->host->stopping(target->stage))
            continue;
        if (put <= 0)
            return fail_write(target, put < 0 ? (int32_t)-put : EIO);
        target->length += put;
        bytes += put;
        size -= (size_t)put;
    }
    return SL_OK;
}

/* Writes the buffer out, up to the mark. */
static sl_status flush(sl_target *target)
{
    if (target->broken)
        return fail_broken(target);
    size_t size = target->mark == NO_MARK ? target->used : target->mark - target->flushed;
    if (size == 0)
        return SL_OK;
    if (target->break_line && write_all(target, "\n", 1) != SL_OK)
        return SL_ERROR;
    target->break_line = 0;
    if (write_all(target, target->buffer, size) != SL_OK)
        return SL_ERROR;
    memmove(target->buffer, target->buffer + size, target->used - size);
    target->used -= size;
    target->flushed += size;
    return SL_OK;
}

static sl_status grow(sl_target *target, size_t size)
{
    sl_stage *stage = target->stage;
    size_t room = target->room * 2 > target->used + size ? target->room * 2 : target->used + size;
    char *buffer = stage->host->allocate(stage, target->buffer, room);
    if (!buffer)
        return sl_no_memory(stage);
    target->buffer = buffer;
    target->room = room;
    return SL_OK;
}

char *sl_target_reserve(sl_target *target, size_t size)
{
    if (target->room - target->used >= size && !target->broken)
        return target->buffer + target->used;
    if (flush(target) != SL_OK)
        return NULL;
    if (target->room - target->used < size && grow(target, size) != SL_OK)
        return NULL;
    return target->buffer + target->used;
}

void sl_target_advance(sl_target *target, size_t size)
{
    assert(size <= target->room - target->used);
    target->used += size;
}

sl_status sl_target_write(sl_target *target, const char *bytes, size_t size)
{
    char *room = sl_target_reserve(target, size);
    if (!room)
        return SL_ERROR;
    memcpy(room, bytes, size);
    target->used += size;
    return SL_OK;
}

size_t sl_target_mark(sl_target *target)
{
    target->mark = target->flushed + target->used;
    return target->mark;
}

void sl_target_rewind(sl_target *target, size_t mark)
{
    assert(mark >= target->flushed && mark <= target->flushed + target->used);
    target->used = mark - target->flushed;
}

/* ---- Going on ----------------------------------------------------------------------------- */

/* 0, or -errno of the folder that the file would stand in. */
static int32_t look_at_folder(const sl_env *env, const char *path)
{
    char folder[PATH_MAX];
    sl_file_info info;
    if (sl_env_folder(path, folder) < 0)
        return 0;
    int32_t answer = env->stat(env->context, folder, &info);
    return answer == 0 && info.kind != SL_FILE_DIRECTORY ? -ENOTDIR : answer;
}

sl_status sl_target_plan(sl_stage *stage, const char *path, int32_t append)
{
    const sl_env *env = stage->env;
    sl_file_info info;
    char whole[PATH_MAX];
    int32_t fd = named_descriptor(path);
    if ((fd < 0 || fd > STANDARD_ERROR) && !stage->host->offline(stage)) {
        int32_t answer = env->resolve(env->context, path, whole, sizeof whole);
        answer = answer == -EXDEV ? answer : look_at_folder(env, path);
        if (answer == -EXDEV || answer == -ENOENT || answer == -ENOTDIR)
            return fail_path(stage, path, stage->host->option(stage, "path"), -answer);
    }
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
        stage->host->promise(stage, SL_PROMISE_NOTHING,
                             "standard output is written as the rows come");
    else if (fd >= 0 || (!stage->host->offline(stage) &&
                         env->stat(env->context, path, &info) == 0 && info.kind != SL_FILE_REGULAR))
        stage->host->promise(stage, SL_PROMISE_NOTHING,
                             "no regular file: it is written as the rows come");
    else
        stage->host->promise(stage, append ? SL_PROMISE_RESUMES : SL_PROMISE_WHOLE, NULL);
    return SL_OK;
}

static sl_status sync_file(sl_target *target)
{
    const sl_env *env = target->stage->env;
    int32_t answer = env->sync(env->context, target->fd);
    return answer < 0 ? fail_write(target, -answer) : SL_OK;
}

/* Reads of the target itself, which is open for writing only; answers how many bytes, 0 where it
 * may not be read, or -errno. */
static int64_t read_back(const sl_target *target, char *bytes, size_t size, int64_t offset)
{
    const sl_env *env = target->stage->env;
    size_t got = 0;
    int64_t part = 1;
    int32_t fd = env->open(env->context, target->label, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd == -EACCES || fd == -EPERM ? 0 : fd;
    while (got < size && part > 0) {
        part = env->pread(env->context, fd, bytes + got, size - got, offset + (int64_t)got);
        got += part > 0 ? (size_t)part : 0;
    }
    env->close(env->context, fd);
    return part < 0 ? part : (int64_t)got;
}

size_t sl_target_head(const sl_target *target, char *bytes, size_t size)
{
    int64_t got = target->append ? read_back(target, bytes, size, 0) : 0;
    return got > 0 ? (size_t)got : 0;
}

/* The checksum of what stands before `end`; of a file that may not be read it is 0. */
static sl_status checksum_before(sl_target *target, int64_t end, uint32_t *sum)
{
    char bytes[CHECKED];
    size_t size = end < CHECKED ? (size_t)end : CHECKED;
    int64_t got = read_back(target, bytes, size, end - (int64_t)size);
    if (got < 0)
        return fail_write(target, (int32_t)-got);
    *sum = crc32_gzip_refl(0, (const unsigned char *)bytes, (uint64_t)got);
    return SL_OK;
}

sl_status sl_target_tell(sl_target *target, sl_text *position)
{
    if (!target->append)
        return SL_OK;
    const sl_env *env = target->stage->env;
    sl_file_info info;
    int32_t answer = env->fstat(env->context, target->fd, &info);
    if (answer < 0)
        return fail_write(target, -answer);
    uint32_t sum = 0;
    if (checksum_before(target, target->committed, &sum) != SL_OK)
        return SL_ERROR;
    return target->stage->host->set_text(
        target->stage, position, "{\"bytes\":%lld,\"crc\":%u,\"device\":%llu,\"inode\":%llu}",
        (long long)target->committed, sum, (unsigned long long)info.device,
        (unsigned long long)info.inode);
}

static sl_status fail_other(sl_target *target, const char *what, int64_t bytes)
{
    return sl_fail_at(target->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .value = target->value,
                               .hint = "bring the file back as it was; or begin again with "
                                       "`--fresh`; or give up what is known of it with `sluice "
                                       "checkpoint drop`"),
                      "'%s' %s the %lld bytes that an earlier run wrote", target->label, what,
                      (long long)bytes);
}

sl_status sl_target_seek(sl_target *target, const char *position)
{
    const sl_env *env = target->stage->env;
    int64_t bytes, crc, clean = 0;
    if (target->rehearsing)
        return SL_OK;
    if (!target->append || sl_json_get_integer(position, "bytes", &bytes) != 1 || bytes < 0 ||
        sl_json_get_integer(position, "crc", &crc) != 1)
        return sl_fail(target->stage, "this is no position of a file: %s", position);
    if (target->length < bytes)
        return fail_other(target, "is shorter than", bytes);
    uint32_t sum = 0;
    if (bytes > 0 && checksum_before(target, bytes, &sum) != SL_OK)
        return SL_ERROR;
    if (bytes > 0 && (int64_t)sum != crc)
        return fail_other(target, "does not begin with", bytes);
    sl_json_get_integer(position, "clean", &clean);
    if (!clean && target->length > bytes) {
        int32_t answer = env->truncate(env->context, target->fd, bytes);
        if (answer < 0)
            return fail_write(target, -answer);
        if (sync_file(target) != SL_OK) /* or it comes back after a power cut */
            return SL_ERROR;
        target->length = bytes;
    }
    target->committed = target->length;
    target->ragged = target->length > 0 && ends_ragged(target);
    target->break_line = target->ragged;
    return SL_OK;
}

const char *sl_target_take_back(sl_target *target, size_t mark, size_t *size)
{
    *size = target->flushed + target->used - mark;
    sl_target_rewind(target, mark);
    target->mark = NO_MARK;
    return target->buffer + target->used;
}

/* ---- Committing
 * ------------------------------------------------------------------------------------ */

static void remove_temporary(sl_target *target)
{
    sl_stage *stage = target->stage;
    if (!target->temporary)
        return;
    stage->env->unlink(stage->env->context, target->temporary);
    stage->host->allocate(stage, target->temporary, 0);
    target->temporary = NULL;
}

static int32_t close_file(sl_target *target)
{
    const sl_env *env = target->stage->env;
    int32_t answer = target->owned && target->fd >= 0 ? env->close(env->context, target->fd) : 0;
    target->owned = 0;
    target->fd = -1;
    return answer;
}

/* A new file's name is safe only when its folder is. */
static sl_status sync_folder(sl_target *target)
{
    int32_t answer = sl_env_sync_folder(target->stage->env, target->label);
    if (answer < 0)
        return fail_write(target, -answer);
    target->created = 0;
    return SL_OK;
}

static sl_status take_place(sl_target *target)
{
    sl_stage *stage = target->stage;
    const sl_env *env = stage->env;
    int32_t answer = close_file(target);
    if (answer >= 0)
        answer = env->rename(env->context, target->temporary, target->path);
    if (answer < 0)
        return fail_write(target, -answer);
    stage->host->allocate(stage, target->temporary, 0);
    target->temporary = NULL;
    return SL_OK;
}

sl_status sl_target_commit(sl_target *target, int32_t final)
{
    if (target->broken)
        return fail_broken(target);
    target->mark = NO_MARK;
    if (target->temporary && !final)
        return SL_OK;
    if (flush(target) != SL_OK)
        return SL_ERROR;
    int32_t sync = target->kind == SL_FILE_REGULAR && (target->append || final);
    if (sync && target->fd >= 0 && sync_file(target) != SL_OK)
        return SL_ERROR;
    if (target->created && sync_folder(target) != SL_OK)
        return SL_ERROR;
    target->committed = target->length;
    target->ragged = target->break_line;
    return target->temporary ? take_place(target) : SL_OK;
}

sl_status sl_target_abort(sl_target *target)
{
    const sl_env *env = target->stage->env;
    int32_t known = !target->broken;
    target->used = 0;
    target->mark = NO_MARK;
    target->break_line = target->ragged;
    if (target->append && target->fd >= 0 && target->length > target->committed) {
        int32_t answer = env->truncate(env->context, target->fd, target->committed);
        target->broken = target->broken || answer < 0;
        known = known && answer >= 0;
        target->length = target->committed;
    }
    if (target->temporary) {
        target->broken = 1;
        close_file(target);
        remove_temporary(target);
    }
    return known ? SL_OK : SL_ERROR;
}

void sl_target_close(sl_target *target)
{
    if (!target)
        return;
    sl_stage *stage = target->stage;
    if (target->fd >= 0 || target->temporary)
        sl_target_abort(target);
    close_file(target);
    stage->host->allocate(stage, target->label, 0);
    stage->host->allocate(stage, target->path, 0);
    stage->host->allocate(stage, target->buffer, 0);
    stage->host->allocate(stage, target, 0);
}

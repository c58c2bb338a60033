/*
 * source.c - the files behind a reader; see source.h.
 *
 * The open file is source->text; which one comes next is asked of the list, or of source->follow.
 * Places are known only of files that are not open: the open one's is where the reader stands.
 */
#include "stages/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "stages/source_follow.h"
#include "stages/source_list.h"
#include "stages/source_search.h"
#include "stages/source_text.h"

#define STANDARD_INPUT 0

#define QUIET 8  /* waits without anything new, after which they are longer by `poll` */
#define SELDOM 4 /* times `poll`: the longest wait */

struct sl_source {
    sl_stage *stage;
    const sl_source_options *options;
    sl_source_files list;
    int32_t listed; /* 1: done; -1: failed, said */
    sl_source_places *places;
    sl_follow *follow; /* NULL: not, or not yet */
    sl_source_text text;

    /* The open file. */
    uint32_t next;        /* number in the list of the file to open next; not with follow */
    sl_file_info info;    /* of it */
    sl_source_pair start; /* a known place before the one where it goes on */
    int32_t open;         /* 1: there is one, and its place is not among the places */
    int32_t final;        /* with follow, 1: its end is its end */

    int64_t before;   /* bytes of the files read to their end; with follow, of earlier visits */
    int64_t skipped;  /* with follow: where the visit began */
    int64_t total;    /* of the files whose size is known */
    uint32_t unknown; /* files whose size is not */
    uint32_t quiet;   /* waits in a row that nothing came in */
};

/* ---- Made and freed ------------------------------------------------------------------ */

sl_source *sl_source_new(sl_stage *stage, const sl_source_options *options)
{
    sl_source *source = stage->host->allocate(stage, NULL, sizeof *source);
    if (!source) {
        sl_no_memory(stage);
        return NULL;
    }
    *source = (sl_source){.stage = stage, .options = options};
    source->list = (sl_source_files){.stage = stage, .may_lack = options->follow};
    source->text = (sl_source_text){.stage = stage, .options = options, .fd = -1};
    source->places = sl_source_places_new(stage);
    if (!source->places) {
        sl_source_free(source);
        return NULL;
    }
    return source;
}

static void close_file(sl_source *source)
{
    int32_t fd = source->text.fd;
    sl_source_text_close(&source->text);
    if (fd > STANDARD_INPUT && !source->follow)
        source->stage->env->close(source->stage->env->context, fd);
}

void sl_source_free(sl_source *source)
{
    if (!source)
        return;
    sl_stage *stage = source->stage;
    close_file(source);
    sl_source_text_done(&source->text);
    sl_follow_free(source->follow);
    sl_source_places_free(source->places);
    sl_source_files_done(&source->list);
    stage->host->allocate(stage, source, 0);
}

/* ---- The list of files ---------------------------------------------------------------- */

sl_status sl_source_list(sl_source *source)
{
    if (!source->listed)
        source->listed =
            sl_source_files_make(&source->list, source->options->path) == SL_OK ? 1 : -1;
    return source->listed > 0 ? SL_OK : SL_ERROR;
}

int32_t sl_source_may_look(sl_source *source)
{
    sl_stage *stage = source->stage;
    if (stage->host->offline(stage) || sl_source_list(source) != SL_OK)
        return 0;
    for (uint32_t i = 0; i < source->list.count; i++)
        if (source->list.files[i].kind != SL_FILE_REGULAR)
            return 0;
    return 1;
}

/* One file that is to be followed. */
static sl_status check_followed(sl_stage *stage, const sl_source_file *file)
{
    const sl_env *env = stage->env;
    char start[SL_INFLATE_START];
    if (file->kind != SL_FILE_REGULAR)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = file->value),
                          "'%s' is no regular file, and cannot be followed", file->name);
    if (file->globbed)
        return SL_OK; /* a compressed one is passed over, and that is said then */
    int32_t fd = env->open(env->context, file->name, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd == -ENOENT ? SL_OK : sl_source_fail_path(stage, file->name, file->value, -fd);
    int64_t got = env->pread(env->context, fd, start, sizeof start, 0);
    env->close(env->context, fd);
    if (got < 0)
        return sl_source_fail_path(stage, file->name, file->value, (int32_t)-got);
    return sl_inflate_found(start, (size_t)got) == SL_COMPRESSION_NONE
               ? SL_OK
               : sl_source_fail_compressed(stage, file->name, file->value);
}

sl_status sl_source_prepare(sl_source *source)
{
    sl_stage *stage = source->stage;
    sl_status status = SL_OK;
    if (stage->host->offline(stage))
        return SL_OK;
    if (sl_source_list(source) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < source->list.count; i++) {
        const sl_source_file *file = &source->list.files[i];
        if (source->options->follow && check_followed(stage, file) != SL_OK)
            status = SL_ERROR;
        if (file->kind == SL_FILE_REGULAR || !sl_has(stage, promise))
            continue;
        char why[300];
        snprintf(why, sizeof why, "%s%.200s%s cannot be read again",
                 sl_source_is_standard_input(file->name) ? "standard input" : "'",
                 sl_source_is_standard_input(file->name) ? "" : file->name,
                 sl_source_is_standard_input(file->name) ? "" : "'");
        stage->host->promise(stage, SL_PROMISE_NOTHING, why);
    }
    return status;
}

/* ---- Where a reader stands ------------------------------------------------------------ */

/* The open file's place. */
static sl_status stand_at(sl_source *source, const sl_source_stand *stand, sl_source_place *place)
{
    sl_stage *stage = source->stage;
    sl_file_info info;
    sl_source_pair pair = sl_source_text_place(&source->text, stand->byte);
    *place = (sl_source_place){.byte = stand->byte,
                               .row = stand->row,
                               .line = stand->line,
                               .raw = -1,
                               .state = stand->state,
                               .ending = stand->ending};
    if (source->info.kind != SL_FILE_REGULAR)
        return SL_OK;
    if (!source->text.begun) /* nothing was read of it */
        pair = source->start;
    place->device = source->info.device;
    place->inode = source->info.inode;
    int32_t answer = sl_source_check(stage, source->text.fd, pair.raw, &place->crc);
    if (answer < 0)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_IO, .source = source->text.name),
                          "cannot read '%s': %s", source->text.name, strerror(-answer));
    if (answer > 0)
        return SL_OK; /* it was cut since: whatever is there later is other content */
    place->raw = pair.raw;
    place->base = pair.text;
    if (stage->env->fstat(stage->env->context, source->text.fd, &info) == 0 &&
        info.bytes == pair.raw)
        place->changed = info.changed;
    place->ended = sl_source_text_ended(&source->text) && stand->byte == source->text.text_bytes;
    return SL_OK;
}

/* The open file is done for now. */
static sl_status leave(sl_source *source, const sl_source_stand *stand)
{
    sl_source_place place;
    if (!source->open)
        return SL_OK;
    source->open = 0;
    if (stand_at(source, stand, &place) != SL_OK)
        return SL_ERROR;
    source->before += source->follow ? place.raw - source->skipped : source->text.file_bytes;
    if (source->follow)
        return sl_follow_leave(source->follow, &place);
    return sl_source_places_put(source->places, source->text.name, &place);
}

sl_status sl_source_tell(sl_source *source, const sl_source_stand *stand, sl_text *position)
{
    sl_source_place place;
    if (!source->open)
        return source->stage->host->set_text(source->stage, position, "{}");
    if (stand_at(source, stand, &place) != SL_OK)
        return SL_ERROR;
    return sl_source_places_write(source->places, source->text.name, &place, position);
}

/* ---- The next file ---------------------------------------------------------------------- */

static void count_bytes(sl_source *source)
{
    for (uint32_t i = 0; i < source->list.count; i++) {
        int64_t bytes = source->list.files[i].bytes;
        source->total += bytes > 0 ? bytes : 0;
        source->unknown += bytes < 0;
    }
}

static void report_progress(sl_source *source)
{
    int32_t known = source->unknown == 0 && !source->options->follow;
    int64_t read = source->text.file_bytes - source->skipped; /* less: it looks at the file's head */
    source->stage->host->progress(source->stage, source->before + (read > 0 ? read : 0),
                                  known ? source->total : -1);
}

static void begin(sl_source *source, const sl_source_place *place, sl_source_stand *stand)
{
    source->open = 1;
    source->start = (sl_source_pair){.text = place->base, .raw = place->raw};
    *stand = (sl_source_stand){.byte = place->byte,
                               .row = place->row,
                               .line = place->line,
                               .state = place->state,
                               .ending = place->ending};
}

static const sl_source_file *listed(const sl_source *source, const char *name)
{
    for (uint32_t i = 0; i < source->list.count; i++)
        if (strcmp(source->list.files[i].name, name) == 0)
            return &source->list.files[i];
    return NULL;
}

/* 1: the file of this place is at `path`; 0: not; -1: failed, said. */
static int32_t is_at(sl_source *source, const char *path, const sl_source_place *place)
{
    const sl_env *env = source->stage->env;
    sl_source_found found;
    if (env->stat(env->context, path, &found.info) < 0 || found.info.kind != SL_FILE_REGULAR ||
        found.info.device != place->device || found.info.inode != place->inode)
        return 0;
    int32_t answer = sl_source_open_same(source->stage, path, place, &found);
    if (answer == 1)
        env->close(env->context, found.fd);
    return answer;
}

/* Whether the open file is the one of a place, under the same name or another one. 1; 0: not; -1:
 * failed, said. */
static int32_t is_that(sl_source *source, const char *name, int32_t fd,
                       const sl_source_known *known)
{
    sl_stage *stage = source->stage;
    int32_t answer = strcmp(known->name, name) == 0
                         ? sl_source_same(stage, fd, source->info.bytes, &known->place)
                         : sl_source_renamed(stage, fd, &source->info, &known->place);
    if (answer < 0)
        sl_source_fail_path(stage, name, NULL, -answer);
    return answer < 0 ? -1 : answer;
}

/* The place of the open file itself, whatever its name was. 1: it is known; 0: not; -1: failed. */
static int32_t is_same_file(sl_source *source, const char *name, int32_t fd, sl_source_known *found)
{
    uint64_t device = source->info.device, inode = source->info.inode;
    const sl_source_known *known = sl_source_places_find(source->places, name, device, inode);
    int32_t answer = known ? is_that(source, name, fd, known) : 0;
    for (uint32_t at = 0; answer == 0;) {
        known = sl_source_places_of(source->places, device, inode, &at);
        if (!known)
            return 0;
        answer = is_that(source, name, fd, known);
        if (answer == 1 && listed(source, known->name)) {
            int32_t two = is_at(source, known->name, &known->place); /* a link: it has two names */
            answer = two < 0 ? -1 : !two;
        }
    }
    if (answer == 1)
        *found = *known;
    return answer;
}

/* The place that a file of this name had, when that file is not at another listed path now.
 * Answers as is_same_file, and 0 with found->name when the content is another one. */
static int32_t is_same_name(sl_source *source, const char *name, int32_t fd, sl_source_known *found)
{
    const sl_source_known *known = sl_source_places_newest(source->places, name);
    if (!known)
        return 0;
    for (uint32_t i = 0; i < source->list.count; i++) {
        const sl_source_file *file = &source->list.files[i];
        if (file->device != known->place.device || file->inode != known->place.inode ||
            known->place.raw <= 0 || strcmp(file->name, name) == 0)
            continue;
        int32_t moved = is_at(source, file->name, &known->place);
        if (moved != 0)
            return moved < 0 ? -1 : 0;
    }
    *found = *known;
    return is_that(source, name, fd, known);
}

/* What an earlier run knows of the file that was just opened. *place: where to go on. SL_END: it
 * has nothing new. */
static sl_status look_up(sl_source *source, const char *name, int32_t fd, sl_source_place *place)
{
    sl_stage *stage = source->stage;
    const sl_file_info *info = &source->info;
    sl_source_known known = {.name = NULL};
    *place = (sl_source_place){.crc = 0};
    if (info->kind != SL_FILE_REGULAR)
        return !sl_source_places_newest(source->places, name)
                   ? SL_OK
                   : sl_fail_at(stage, SL_PLACE(.code = SL_CODE_NO_INPUT, .source = name),
                                "'%s' is no regular file: reading cannot go on where it stood",
                                name);
    int32_t same = is_same_file(source, name, fd, &known);
    if (same == 0)
        same = is_same_name(source, name, fd, &known);
    if (same < 0)
        return SL_ERROR;
    if (!same && known.name)
        stage->host->log(stage, SL_LOG_WARNING, SL_PLACE(.source = name),
                         "'%s' has other content than in the last run: it is read from its start",
                         name);
    if (!same)
        return SL_OK;
    *place = known.place;
    sl_source_places_remove(source->places, known.name, place->device, place->inode);
    place->device = info->device;
    place->inode = info->inode;
    place->gone = 0;
    if (info->bytes != place->raw || !(place->ended || place->base == place->byte))
        return SL_OK;
    return sl_source_places_put(source->places, name, place) == SL_OK ? SL_END : SL_ERROR;
}

/* TAKES fd, into source->text, unless the file has nothing new: SL_END. */
static sl_status use(sl_source *source, sl_source_file *file, int32_t fd, sl_source_stand *stand)
{
    sl_stage *stage = source->stage;
    sl_source_place place;
    int32_t answer = stage->env->fstat(stage->env->context, fd, &source->info);
    sl_source_text_open(&source->text, fd, file->name, source->info.bytes);
    if (answer < 0)
        return sl_source_fail_path(stage, file->name, file->value, -answer);
    if (source->info.kind == SL_FILE_DIRECTORY)
        return sl_source_fail_directory(stage, file->name, file->value);
    int32_t regular = source->info.kind == SL_FILE_REGULAR;
    source->total += (regular ? source->info.bytes : 0) - (file->bytes > 0 ? file->bytes : 0);
    source->unknown += (uint32_t)!regular;
    source->unknown -= file->bytes < 0;
    file->kind = source->info.kind;
    file->bytes = source->text.bytes = regular ? source->info.bytes : -1;
    sl_status status = look_up(source, file->name, fd, &place);
    if (status == SL_OK)
        begin(source, &place, stand);
    if (status == SL_END)
        source->before += file->bytes;
    return status;
}

static sl_status next_listed(sl_source *source, sl_source_stand *stand)
{
    sl_stage *stage = source->stage;
    const sl_env *env = stage->env;
    sl_status status = SL_END;
    if (source->next == 0) {
        source->before = source->total = source->unknown = 0;
        count_bytes(source);
    }
    while (status == SL_END && source->next < source->list.count) {
        sl_source_file *file = &source->list.files[source->next];
        int32_t fd = STANDARD_INPUT;
        if (!sl_source_is_standard_input(file->name))
            fd = env->open(env->context, file->name, O_RDONLY | O_CLOEXEC, 0);
        if (fd < 0)
            return sl_source_fail_path(stage, file->name, file->value, -fd);
        source->next++;
        status = use(source, file, fd, stand);
        if (status == SL_END)
            close_file(source);
    }
    return status;
}

static sl_status next_followed(sl_source *source, sl_source_stand *stand)
{
    sl_follow_visit visit;
    if (!source->follow)
        source->follow = sl_follow_new(source->stage, &source->list, source->options->path,
                                       source->places, source->options->rotate_wait);
    if (!source->follow)
        return SL_ERROR;
    sl_status status = sl_follow_next(source->follow, &visit);
    if (status != SL_OK)
        return status == SL_END ? SL_PENDING : SL_ERROR;
    source->info = visit.info;
    sl_source_text_open(&source->text, visit.fd, visit.name, visit.info.bytes);
    source->text.grows = !visit.final;
    source->final = visit.final;
    source->skipped = visit.place.raw;
    begin(source, &visit.place, stand);
    return SL_OK;
}

sl_status sl_source_next(sl_source *source, sl_source_stand *stand)
{
    if (sl_source_list(source) != SL_OK || leave(source, stand) != SL_OK)
        return SL_ERROR;
    close_file(source);
    return source->options->follow ? next_followed(source, stand) : next_listed(source, stand);
}

sl_status sl_source_wait(sl_source *source)
{
    int64_t times = 1 + source->quiet / QUIET;
    source->quiet += times < SELDOM;
    source->stage->host->wake_after(source->stage, times * source->options->poll);
    return SL_PENDING;
}

/* ---- Reading ---------------------------------------------------------------------------- */

int64_t sl_source_read(sl_source *source, char *bytes, size_t size)
{
    int64_t got = sl_source_text_read(&source->text, bytes, size);
    if (got > 0)
        source->quiet = 0;
    if (source->text.fd >= 0)
        report_progress(source);
    return got == 0 && size > 0 && source->follow && !source->final ? SL_SOURCE_LATER : got;
}

int32_t sl_source_last(const sl_source *source)
{
    return source->text.last;
}

/* ---- Going on where an earlier run stood --------------------------------------------------- */

/* What comes behind a text that had ended: *size bytes of it are the line end that was missing. */
static sl_status look_behind(sl_source *source, const sl_source_stand *stand, size_t *size)
{
    char bytes[2];
    size_t got = 0;
    *size = 0;
    while (got < sizeof bytes) {
        int64_t more = sl_source_text_read(&source->text, bytes + got, sizeof bytes - got);
        if (more < 0)
            return SL_ERROR;
        if (more == 0)
            break;
        got += (size_t)more;
    }
    if (got > 0 && bytes[0] == '\n')
        *size = 1;
    else if (got == 2 && bytes[0] == '\r' && bytes[1] == '\n' && stand->ending != SL_SOURCE_CR)
        *size = 2;
    else if (got > 0 && bytes[0] == '\r' && stand->ending == SL_SOURCE_OPEN_OR_CR)
        *size = 1;
    else if (got > 0 && stand->ending != SL_SOURCE_CR)
        return sl_fail_at(source->stage,
                          SL_PLACE(.code = SL_CODE_DATA, .source = source->text.name,
                                   .row = stand->row, .line = stand->line,
                                   .hint = "`follow: true` holds back a last line that is not "
                                           "finished; start afresh to read this file again"),
                          "the last line of '%s' had no end when the last run read it as a row, "
                          "and goes on now",
                          source->text.name);
    sl_source_text_unread(&source->text, bytes, *size, got);
    return SL_OK;
}

sl_status sl_source_go_on(sl_source *source, sl_source_stand *stand)
{
    size_t line_end = 0;
    if (stand->byte == 0 && source->text.text_bytes == 0)
        return SL_OK;
    if (sl_source_text_go(&source->text, stand->byte, source->start) != SL_OK)
        return SL_ERROR;
    if (stand->ending && look_behind(source, stand, &line_end) != SL_OK)
        return SL_ERROR;
    stand->byte += (int64_t)line_end;
    if (line_end > 0)
        stand->ending = 0;
    return SL_OK;
}

sl_status sl_source_seek(sl_source *source, const char *position)
{
    sl_stage *stage = source->stage;
    if (sl_source_list(source) != SL_OK)
        return SL_ERROR;
    close_file(source);
    sl_follow_free(source->follow);
    source->follow = NULL;
    source->open = 0;
    source->next = 0;
    sl_source_places_free(source->places); /* of a look that plan took */
    source->places = sl_source_places_new(stage);
    return source->places ? sl_source_places_read(source->places, position) : SL_ERROR;
}

const char *sl_source_name(const sl_source *source)
{
    return source->text.name ? source->text.name : "";
}

int64_t sl_source_offset(const sl_source *source)
{
    return source->text.text_bytes;
}

/*
 * source_list.c - see source_list.h.
 */
#include "stages/source_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/env.h"

int32_t sl_source_is_standard_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* ---- Failures --------------------------------------------------------------------------- */

int32_t sl_source_code(int32_t error)
{
    if (sl_env_forbids(error))
        return SL_CODE_PERMISSION;
    if (error == EIO)
        return SL_CODE_IO;
    return SL_CODE_NO_INPUT;
}

sl_status sl_source_fail_directory(sl_stage *stage, const char *path, const sl_value *value)
{
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_NO_INPUT, .value = value,
                               .hint = "name its files with a glob, as in 'folder/*.csv'"),
                      "'%s' is a folder", path);
}

sl_status sl_source_fail_path(sl_stage *stage, const char *path, const sl_value *value,
                              int32_t error)
{
    sl_place place = {.code = sl_source_code(error), .value = value, .hint = sl_env_hint(error)};
    if (error == ENOENT)
        return sl_fail_at(stage, &place, "there is no file '%s'", path);
    if (error == EMFILE || error == ENFILE)
        place.hint = "raise the number of open files: ulimit -n, or LimitNOFILE of the unit";
    if (error == EINTR)
        place.code = SL_CODE_CUT_SHORT;
    return sl_fail_at(stage, &place, "cannot open '%s': %s", path, sl_env_why(error));
}

sl_status sl_source_fail_compressed(sl_stage *stage, const char *path, const sl_value *value)
{
    return sl_fail_at(
        stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value, .hint = "read it without follow"),
        "'%s' is compressed, and cannot be followed", path);
}

/* ---- The list --------------------------------------------------------------------------- */

static sl_status add(sl_source_files *list, const char *path, const sl_value *value,
                     const sl_file_info *info)
{
    sl_stage *stage = list->stage;
    if (list->count == list->room) {
        uint32_t room = list->room ? list->room * 2 : 8;
        sl_source_file *files = stage->host->allocate(stage, list->files, room * sizeof *files);
        if (!files)
            return sl_no_memory(stage);
        list->files = files;
        list->room = room;
    }
    size_t size = strlen(path) + 1;
    char *name = stage->host->allocate(stage, NULL, size);
    if (!name)
        return sl_no_memory(stage);
    memcpy(name, path, size);
    list->files[list->count++] =
        (sl_source_file){.name = name,
                         .value = value,
                         .bytes = info->kind == SL_FILE_REGULAR ? info->bytes : -1,
                         .device = info->device,
                         .inode = info->inode,
                         .kind = info->kind,
                         .globbed = list->value != NULL};
    return SL_OK;
}

/* One match of a glob. */
static int32_t found(void *user, const char *path)
{
    sl_source_files *list = user;
    const sl_env *env = list->stage->env;
    sl_file_info info;
    int32_t answer = env->stat(env->context, path, &info);
    if (answer == -ENOENT || (answer == 0 && info.kind == SL_FILE_DIRECTORY))
        return 0; /* a dangling link, a folder */
    if (answer < 0)
        list->status = sl_source_fail_path(list->stage, path, list->value, -answer);
    else
        list->status = add(list, path, list->value, &info);
    return list->status == SL_OK ? 0 : 1;
}

static sl_status add_glob(sl_source_files *list, const char *pattern, const sl_value *value)
{
    const sl_env *env = list->stage->env;
    uint32_t before = list->count;
    list->value = value;
    list->status = SL_OK;
    int32_t answer = env->glob(env->context, pattern, found, list);
    list->value = NULL;
    if (list->status != SL_OK)
        return list->status;
    if (answer < 0 && answer != -ENOENT)
        return sl_source_fail_path(list->stage, pattern, value, -answer);
    if (list->count == before && !list->may_lack)
        return sl_fail_at(list->stage, SL_PLACE(.code = SL_CODE_NO_INPUT, .value = value),
                          "no file matches '%s'", pattern);
    return SL_OK;
}

static sl_status add_standard_input(sl_source_files *list, const sl_value *value)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (sl_source_is_standard_input(list->files[i].name))
            return sl_fail_at(list->stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value),
                              "standard input can be read only once");
    return add(list, "-", value, &(sl_file_info){.kind = SL_FILE_OTHER});
}

/* value: where it is written. */
static sl_status add_path(sl_source_files *list, const sl_value *path, const sl_value *value)
{
    const sl_env *env = list->stage->env;
    if (path->kind != SL_VALUE_SCALAR || path->text[0] == '\0')
        return sl_fail_at(list->stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = value),
                          "a path must be a text that is not empty");
    if (sl_source_is_standard_input(path->text))
        return add_standard_input(list, value);
    sl_file_info info;
    int32_t answer = env->stat(env->context, path->text, &info);
    if (answer == -ENOENT && strpbrk(path->text, "*?["))
        return add_glob(list, path->text, value);
    if (answer == -ENOENT && list->may_lack)
        return SL_OK;
    if (answer < 0)
        return sl_source_fail_path(list->stage, path->text, value, -answer);
    if (info.kind == SL_FILE_DIRECTORY)
        return sl_source_fail_directory(list->stage, path->text, value);
    return add(list, path->text, value, &info);
}

/* By name, then as listed. */
static int compare(const void *a, const void *b)
{
    const sl_source_file *one = *(sl_source_file *const *)a, *other = *(sl_source_file *const *)b;
    int order = strcmp(one->name, other->name);
    return order ? order : (one > other) - (one < other);
}

/* Takes out what stands there a second time. */
static sl_status drop_twice(sl_source_files *list)
{
    sl_stage *stage = list->stage;
    if (list->count < 2)
        return SL_OK;
    sl_source_file **sorted = stage->host->allocate(stage, NULL, list->count * sizeof *sorted);
    if (!sorted)
        return sl_no_memory(stage);
    for (uint32_t i = 0; i < list->count; i++)
        sorted[i] = &list->files[i];
    qsort(sorted, list->count, sizeof *sorted, compare);
    for (uint32_t i = list->count - 1; i > 0; i--)
        if (strcmp(sorted[i]->name, sorted[i - 1]->name) == 0) {
            if (!list->may_lack) /* a list that is made again and again */
                stage->host->log(stage, SL_LOG_WARNING, SL_PLACE(.value = sorted[i]->value),
                                 "'%s' is named twice: it is read once", sorted[i]->name);
            stage->host->allocate(stage, sorted[i]->name, 0);
            sorted[i]->name = NULL;
        }
    stage->host->allocate(stage, sorted, 0);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->files[i].name)
            list->files[kept++] = list->files[i];
    list->count = kept;
    return SL_OK;
}

static void forget(sl_source_files *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        list->stage->host->allocate(list->stage, list->files[i].name, 0);
    list->count = 0;
}

sl_status sl_source_files_make(sl_source_files *list, const sl_value *paths)
{
    sl_stage *stage = list->stage;
    const sl_value *written = stage->host->option(stage, "path"); /* maybe without the list */
    uint32_t count = paths && paths->kind == SL_VALUE_LIST ? paths->count : 0;
    int32_t lone = written && written->kind == SL_VALUE_SCALAR;
    sl_status status = SL_OK;
    forget(list);
    if (count == 0)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = written),
                          "there is no path to read");
    for (uint32_t i = 0; i < count; i++) {
        const sl_value *path = sl_item(paths, i);
        if (add_path(list, path, lone ? written : path) != SL_OK)
            status = SL_ERROR;
    }
    return status == SL_OK ? drop_twice(list) : SL_ERROR;
}

void sl_source_files_done(sl_source_files *list)
{
    if (!list->stage)
        return;
    forget(list);
    list->stage->host->allocate(list->stage, list->files, 0);
    list->files = NULL;
    list->room = 0;
}

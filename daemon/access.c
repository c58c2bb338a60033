/*
 * access.c - `sluice access`: the drop-in that lets the hardened service reach the files that
 * graphs name.
 *
 * It gives directories, never files: a file that is replaced or rotated is another one under the
 * same name, an exporter makes a temporary file beside its target, and SQLite a -wal and a -shm.
 * A directory that is not there is passed over by systemd (the `-`), so that one graph's mistake
 * does not keep the others from starting.
 *
 * Deliberately elsewhere: what is allowed to the user sluice (the files' own permissions).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/files.h"
#include "daemon/session.h"
#include "daemon/verbs.h"
#include "stages/core/text.h"

#define DIRECTORIES_LIMIT 1024u
#define STATE "/var/lib/sluice" /* the service's own: relative paths begin there */

typedef struct place {
    char *directory;
    int32_t writes;
} place;

typedef struct access_list {
    const sl_arguments *arguments;
    place places[DIRECTORIES_LIMIT]; /* in byte order, each once */
    uint32_t count;
} access_list;

/* What is being looked at. */
typedef struct looking {
    access_list *list;
    sl_session *session;
    const sl_plan *plan;
    const sl_plan_stage *stage;
    const char *option;
} looking;

static void mistake(const looking *at, const char *hint, const char *format, const char *path)
{
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_CONFIG,
                      .hint = hint,
                      .stage = at->stage->name,
                      .option = at->option};
    const sl_value *value = sl_value_get(at->stage->options, at->option);
    if (value)
        sl_plan_locate(value, -1, 0, &error);
    char message[PATH_MAX + 100];
    snprintf(message, sizeof message, format, path); /* the formats are this file's own */
    sl_errors_add(&at->session->errors, &error, "%s", message);
}

static int is_below(const char *path, const char *directory)
{
    size_t size = strlen(directory);
    return strncmp(path, directory, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* Whether the unit hides what is there, so that it must be bound to be seen at all. */
static int is_home(const char *path)
{
    return is_below(path, "/home") || is_below(path, "/root") || is_below(path, "/run/user");
}

static int is_hidden(const char *path)
{
    return is_home(path) || is_below(path, "/tmp") || is_below(path, "/var/tmp");
}

/* ---- Paths ----------------------------------------------------------------------------------- */

/* Absolute, without `.`, `..` and double slashes; a relative path begins where the service runs.
 * 0, or -1: too long. */
static int normalize(const char *path, char *to)
{
    size_t size = 0;
    char whole[PATH_MAX];
    int put = snprintf(whole, sizeof whole, "%s/%s", *path == '/' ? "" : STATE, path);
    if (put < 0 || put >= PATH_MAX - 1)
        return -1;
    for (const char *at = whole; *at;) {
        size_t part = strcspn(at, "/");
        if (part == 2 && memcmp(at, "..", 2) == 0) {
            while (size > 0 && to[--size] != '/')
                continue;
        } else if (part > 0 && !(part == 1 && *at == '.')) {
            to[size++] = '/';
            memcpy(to + size, at, part);
            size += part;
        }
        at += part;
        at += *at == '/';
    }
    to[size] = '\0';
    return 0;
}

/* Cuts the last part off; what is left of "/file" is "". */
static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
}

/* A pattern's directory is the one above its first part with a wildcard. */
static void cut_pattern(const sl_env *env, char *path)
{
    sl_file_info info;
    size_t plain = strcspn(path, "*?[");
    if (path[plain] && env->stat(env->context, path, &info) != 0)
        path[plain] = '\0';
}

/* A database in WAL mode says so in bytes 18 and 19; reading one makes a -shm beside it. */
static int is_wal(const sl_env *env, const char *path)
{
    unsigned char head[20] = {0};
    int32_t fd = env->open(env->context, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return 0;
    int64_t got = env->pread(env->context, fd, head, sizeof head, 0);
    env->close(env->context, fd);
    return got == (int64_t)sizeof head && memcmp(head, "SQLite format 3", 16) == 0 && head[18] == 2;
}

/* ---- The list -------------------------------------------------------------------------------- */

static void keep(looking *at, const char *directory, int32_t writes)
{
    access_list *list = at->list;
    uint32_t i = 0;
    if (is_below(directory, STATE) || (!*directory && !writes))
        return;
    if (!*directory) {
        mistake(at, "give it a directory of its own", "this would open '%s' to the service", "/");
        return;
    }
    for (const char *c = directory; *c; c++)
        if ((unsigned char)*c < ' ') {
            mistake(at, NULL, "a unit cannot name the directory of this path%s", "");
            return;
        }
    while (i < list->count && strcmp(list->places[i].directory, directory) < 0)
        i++;
    if (i < list->count && strcmp(list->places[i].directory, directory) == 0) {
        list->places[i].writes |= writes;
        return;
    }
    char *copy = list->count < DIRECTORIES_LIMIT ? strdup(directory) : NULL;
    if (!copy) {
        mistake(at, NULL, "no room for one more directory: '%s'", directory);
        return;
    }
    memmove(&list->places[i + 1], &list->places[i], (list->count - i) * sizeof *list->places);
    list->places[i] = (place){.directory = copy, .writes = writes};
    list->count++;
}

/* The directory of a path, and that of what it links to. */
static void add_path(looking *at, const char *written)
{
    const sl_env *env = at->session->env;
    char path[PATH_MAX], target[PATH_MAX];
    int32_t writes = at->stage->type->role == SL_EXPORTER;
    if (strcmp(written, "-") == 0 || strcmp(written, ":memory:") == 0)
        return;
    if (normalize(written, path) != 0) {
        mistake(at, NULL, "the path '%.200s' is too long", written);
        return;
    }
    if (is_below(path, "/dev") || is_below(path, "/proc") || is_below(path, "/sys"))
        return;
    if (!writes)
        cut_pattern(env, path);
    writes |= strcmp(at->option, "database") == 0 && is_wal(env, path);
    if (env->resolve(env->context, path, target, sizeof target) != 0)
        memcpy(target, path, strlen(path) + 1);
    cut_last(path);
    cut_last(target);
    keep(at, path, writes);
    if (env->resolve(env->context, target, path, sizeof path) == 0)
        keep(at, path, writes);
}

/* A stage's options of type PATH; and `path` of a reader, which is a list. */
static void add_stage(looking *at)
{
    const char *self = at->stage->self;
    sl_option room;
    const sl_option *option;
    for (uint32_t i = 0; (option = sl_option_at(at->stage->type, i, &room)) != NULL; i++) {
        at->option = option->name;
        if (option->type == SL_OPTION_PATH) {
            const char *path;
            memcpy(&path, self + option->offset, sizeof path);
            if (path)
                add_path(at, path);
        } else if (option->type == SL_OPTION_LIST && strcmp(option->name, "path") == 0) {
            const sl_value *list;
            memcpy(&list, self + option->offset, sizeof list);
            for (uint32_t k = 0; list && k < list->count; k++)
                if (sl_item(list, k)->text)
                    add_path(at, sl_item(list, k)->text);
        }
    }
}

static int add_file(void *of, const char *file)
{
    access_list *list = of;
    sl_session session;
    sl_plan *plan = NULL;
    if (sl_session_begin(&session, list->arguments) == 0)
        plan = sl_session_plan(&session, file);
    for (uint32_t i = 0; plan && i < plan->count; i++) {
        looking at = {.list = list, .session = &session, .plan = plan, .stage = &plan->stages[i]};
        add_stage(&at);
    }
    int code = sl_session_done(&session);
    sl_plan_free(plan);
    return code;
}

/* ---- Printing -------------------------------------------------------------------------------- */

/* As systemd reads words: `\` before what it would take for its own, and %% for %. */
static void print_word(const char *directory)
{
    for (const char *c = directory; *c; c++) {
        if (strchr(" \t\"'\\:", *c))
            putchar('\\');
        if (*c == '%')
            putchar('%');
        putchar(*c);
    }
    putchar('\n');
}

static void print_text(const access_list *list)
{
    fputs("# Made by `sluice access`; a directory that is not there is passed over.\n[Service]\n",
          stdout);
    for (uint32_t i = 0; i < list->count; i++)
        if (is_home(list->places[i].directory)) {
            fputs("ProtectHome=tmpfs\n", stdout);
            break;
        }
    for (uint32_t i = 0; i < list->count; i++) {
        const place *at = &list->places[i];
        const char *key = !at->writes                ? "BindReadOnlyPaths"
                          : is_hidden(at->directory) ? "BindPaths"
                                                     : "ReadWritePaths";
        printf("%s=-", key);
        print_word(at->directory);
    }
}

static void print_json(const access_list *list, int32_t writes)
{
    sl_builder text = {.env = &sl_env_real};
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->places[i].writes != writes)
            continue;
        sl_builder_word(&text, text.size ? "," : "");
        sl_builder_json(&text, list->places[i].directory, strlen(list->places[i].directory));
    }
    printf("\"%s\":[%s]", writes ? "write" : "read", text.data ? text.data : "");
    sl_builder_done(&text);
}

int sl_verb_access(const sl_arguments *arguments)
{
    access_list *list = calloc(1, sizeof *list);
    int worst = list ? 0 : SL_CODE_FAILED;
    if (!list) {
        fputs("sluice: out of memory\n", stderr);
        return worst;
    }
    list->arguments = arguments;
    for (uint32_t i = 0; i < arguments->paths_count; i++) {
        int code = sl_files_each(arguments->paths[i], add_file, list);
        worst = worst ? worst : code;
    }
    if (worst == 0 && arguments->json) {
        putchar('{');
        print_json(list, 0);
        putchar(',');
        print_json(list, 1);
        fputs("}\n", stdout);
    } else if (worst == 0) {
        print_text(list);
    }
    for (uint32_t i = 0; i < list->count; i++)
        free(list->places[i].directory);
    free(list);
    return worst;
}

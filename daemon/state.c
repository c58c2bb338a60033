/*
 * state.c - see state.h.
 */
#include "daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "stages/sqlite_db.h"

#define VERSION 1        /* of the database: PRAGMA user_version */
#define BUSY 5000        /* milliseconds; other runs of the same graph write here too */
#define LOCKS (1u << 30) /* bytes of the lock file that may be locked, one a lock */

struct sl_state {
    const sl_env *env;
    sl_errors *errors;
    const char *graph;
    sqlite3 *db; /* NULL: not open */
    int32_t writes;
    int32_t lock; /* descriptor; -1: none */
    char directory[PATH_MAX];
    char file[PATH_MAX];
    char lock_file[PATH_MAX];
};

static sl_status fail(sl_state *state, int32_t code, const char *hint, const char *what,
                      const char *why)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = code, .hint = hint};
    return sl_errors_add(state->errors, &error, "cannot %s '%s': %s", what, state->file, why);
}

static const char where[] = "the state of a graph lives in --state DIR, else in "
                            "$STATE_DIRECTORY, else in $XDG_STATE_HOME/sluice";

static sl_status fail_sqlite(sl_state *state, int rc, const char *what)
{
    int32_t code = SL_CODE_IO, full, descriptors;
    const char *hint = where, *why = sqlite3_errstr(rc);
    const char *cause = sl_sqlite_cause(state->db, rc, &full, &descriptors);
    char both[300];
    if ((rc & 0xff) == SQLITE_BUSY || descriptors)
        code = SL_CODE_TRY_AGAIN;
    else if ((rc & 0xff) == SQLITE_CANTOPEN)
        code = SL_CODE_NO_OUTPUT;
    else if ((rc & 0xff) == SQLITE_READONLY || (rc & 0xff) == SQLITE_PERM)
        code = SL_CODE_PERMISSION;
    if (full || (rc & 0xff) == SQLITE_FULL)
        hint = "make room on the disk and run again";
    if (descriptors)
        hint = "raise the limit of open files: ulimit -n";
    snprintf(both, sizeof both, "%s%s%s", why, cause ? ": " : "", cause ? cause : "");
    return fail(state, code, hint, what, both);
}

/* What is no letter, digit, '.', '_' or '-' becomes %XX. */
int32_t sl_state_name(char *to, size_t size, const char *directory, const char *graph,
                      const char *ending)
{
    int put = snprintf(to, size, "%s/", directory);
    size_t at = put > 0 ? (size_t)put : size;
    for (const char *c = graph; *c && at + 4 < size; c++) {
        int plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' || (*c == '.' && c > graph);
        at += (size_t)snprintf(to + at, size - at, plain ? "%c" : "%%%02X", (unsigned char)*c);
    }
    put = at < size ? snprintf(to + at, size - at, "%s", ending) : -1;
    return put > 0 && at + (size_t)put < size ? 0 : -1;
}

sl_state *sl_state_new(const sl_env *env, const char *directory, const char *graph,
                       sl_errors *errors)
{
    sl_state *state = sl_env_allocate(env, NULL, sizeof *state);
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_FAILED};
    if (!state) {
        sl_errors_add(errors, &error, "out of memory");
        return NULL;
    }
    *state = (sl_state){.env = env, .errors = errors, .graph = graph, .lock = -1};
    if (snprintf(state->directory, sizeof state->directory, "%s", directory) >= PATH_MAX ||
        sl_state_name(state->file, sizeof state->file, directory, graph, ".db") < 0 ||
        sl_state_name(state->lock_file, sizeof state->lock_file, directory, graph, ".lock") < 0) {
        error.code = SL_CODE_USAGE;
        sl_errors_add(errors, &error, "the state directory's name is too long: '%.200s'",
                      directory);
        sl_env_allocate(env, state, 0);
        return NULL;
    }
    return state;
}

void sl_state_free(sl_state *state)
{
    if (!state)
        return;
    sqlite3_close_v2(state->db);
    if (state->lock >= 0)
        state->env->close(state->env->context, state->lock);
    sl_env_allocate(state->env, state, 0);
}

const char *sl_state_file(const sl_state *state)
{
    return state->file;
}

int32_t sl_state_make_directory(const sl_env *env, const char *directory)
{
    char path[PATH_MAX];
    sl_file_info info;
    if (env->stat(env->context, directory, &info) == 0)
        return 0;
    if (snprintf(path, sizeof path, "%s", directory) >= PATH_MAX)
        return -ENAMETOOLONG;
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char end = *at;
        *at = '\0';
        int32_t answer = env->make_directory(env->context, path, 0700);
        if (answer < 0 && answer != -EEXIST &&
            (end == '\0' || env->stat(env->context, path, &info) < 0))
            return answer;
        if (end == '\0')
            return 0;
        *at = end;
    }
}

static sl_status make_directory(sl_state *state)
{
    int32_t made = sl_state_make_directory(state->env, state->directory);
    if (made == 0)
        return SL_OK;
    return fail(state, made == -EACCES ? SL_CODE_PERMISSION : SL_CODE_NO_OUTPUT, where,
                "make the folder of", strerror(-made));
}

/* ---- The lock ------------------------------------------------------------------------------- */

static int64_t place_of(const char *what)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *what; what++)
        hash = (hash ^ (unsigned char)*what) * 16777619u;
    return hash % LOCKS;
}

static sl_status open_lock(sl_state *state)
{
    const sl_env *env = state->env;
    if (state->lock >= 0)
        return SL_OK;
    if (make_directory(state) != SL_OK)
        return SL_ERROR;
    int32_t fd = env->open(env->context, state->lock_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(state, fd == -EACCES ? SL_CODE_PERMISSION : SL_CODE_NO_OUTPUT, where,
                    "make the lock of", strerror(-fd));
    state->lock = fd;
    return SL_OK;
}

sl_status sl_state_lock(sl_state *state, const char *what, int32_t needed)
{
    const sl_env *env = state->env;
    sl_errors *errors = state->errors, unsaid = {.arena = errors->arena};
    state->errors = needed ? errors : &unsaid;
    sl_status opened = open_lock(state);
    state->errors = errors;
    if (opened != SL_OK)
        return needed ? SL_ERROR : SL_OK;
    int32_t answer = env->lock(env->context, state->lock, place_of(what));
    if (answer == 0)
        return SL_OK;
    if (answer != -EAGAIN)
        return fail(state, SL_CODE_IO, where, "lock", strerror(-answer));
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_TRY_AGAIN,
                      .hint = "wait until it has ended, or stop it"};
    return sl_errors_add(state->errors, &error, "graph '%s' is running already", state->graph);
}

/* ---- The database ------------------------------------------------------------------------------
 */

static int ask_version(sl_state *state, int *version)
{
    sqlite3_stmt *row;
    int rc = sqlite3_prepare_v2(state->db, "PRAGMA user_version", -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    *version = rc == SQLITE_ROW ? sqlite3_column_int(row, 0) : 0;
    sqlite3_finalize(row);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static sl_status check_version(sl_state *state)
{
    int version;
    int rc = ask_version(state, &version);
    if (rc == SQLITE_OK && version == 0 && state->writes)
        rc = sqlite3_exec(state->db, "PRAGMA user_version=1", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return fail_sqlite(state, rc, "open");
    if (version <= VERSION)
        return SL_OK;
    return fail(state, SL_CODE_CONFIG, "use that version, or another state directory", "read",
                "it was written by a newer version of sluice");
}

static sl_status open_database(sl_state *state, int32_t writes)
{
    if (state->db && state->writes >= writes)
        return SL_OK;
    sqlite3_close_v2(state->db);
    state->db = NULL;
    if (writes && make_directory(state) != SL_OK)
        return SL_ERROR;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE);
    char *path = sqlite3_mprintf("%s%s", *state->file == '/' ? "" : "./", state->file);
    int rc = path ? sqlite3_open_v2(path, &state->db, flags, state->env->sqlite_vfs) : SQLITE_NOMEM;
    sqlite3_free(path);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(state->db, BUSY);
    if (rc == SQLITE_OK && writes)
        rc = sqlite3_exec(state->db, "PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL", NULL,
                          NULL, NULL);
    if (rc == SQLITE_OK && writes) {
        int32_t fd = state->env->open(state->env->context, state->directory,
                                      O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd < 0 || state->env->sync(state->env->context, fd) < 0)
            rc = SQLITE_IOERR_DIR_FSYNC;
        if (fd >= 0)
            state->env->close(state->env->context, fd);
    }
    state->writes = writes;
    if (rc == SQLITE_OK && check_version(state) == SL_OK)
        return SL_OK;
    if (rc != SQLITE_OK)
        fail_sqlite(state, rc, "open");
    sqlite3_close_v2(state->db);
    state->db = NULL;
    return SL_ERROR;
}

sl_status sl_state_read(sl_state *state, sl_state_entry *entry, sl_arena *arena, const char **text,
                        int64_t *changed)
{
    sl_file_info info;
    sl_checkpoint found;
    *text = NULL;
    int32_t answer = state->env->stat(state->env->context, state->file, &info);
    if (answer == -ENOENT || answer == -ENOTDIR)
        return SL_OK;
    if (open_database(state, 0) != SL_OK)
        return SL_ERROR;
    int rc = sl_checkpoint_find(state->db, &entry->key, &found);
    if (rc == SQLITE_OK && found.text) {
        *text = sl_arena_copy(arena, found.text, strlen(found.text));
        rc = *text ? SQLITE_OK : SQLITE_NOMEM;
    }
    sqlite3_free(found.text);
    entry->epoch = found.epoch;
    *changed = found.changed;
    return rc == SQLITE_OK ? SL_OK : fail_sqlite(state, rc, "read");
}

sl_status sl_state_write(sl_state *state, sl_state_entry *entry, const char *text, size_t size,
                         int32_t durable)
{
    sl_blob blob = {.data = text, .size = size};
    if (open_database(state, 1) != SL_OK)
        return SL_ERROR;
    int rc =
        sqlite3_exec(state->db,
                     durable || entry->epoch == 0 ? "PRAGMA synchronous=FULL; BEGIN IMMEDIATE"
                                                  : "PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE",
                     NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sl_checkpoint_store(state->db, &entry->key, &blob,
                                 state->env->now(state->env->context), &entry->epoch, &entry->ours);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(state->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return SL_OK;
    if (!sqlite3_get_autocommit(state->db))
        sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
    if (rc != SL_CHECKPOINT_FENCED)
        return fail_sqlite(state, rc, "write to");
    return fail(state, SL_CODE_TRY_AGAIN, "run again when the other run has ended", "write to",
                "another run of the graph has taken over");
}

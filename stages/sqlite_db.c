/*
 * sqlite_db.c - opening, waiting, failing; see sqlite_db.h.
 */
#include "stages/sqlite_db.h"

#include <errno.h>
#include <string.h>

#include "stages/core/env.h"
#include "stages/core/value.h"

#define SLICE 10000      /* microseconds of one blocking wait */
#define LONGEST_PAUSE 6  /* pending: 1 ms << 6 */
#define ALIVE_EVERY 1000 /* steps of SQLite's machine */

/* ---- What it may do --------------------------------------------------------------------- */

static int is_harmful(const char *function)
{
    static const char *const names[] = {"load_extension", "readfile", "writefile",
                                        "edit",           "zipfile",  "fts3_tokenizer"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sqlite3_stricmp(function, names[i]) == 0)
            return 1;
    return 0;
}

/* A reader's connection: nothing but SELECT. */
static int allow(void *of, int action, const char *first, const char *second, const char *schema,
                 const char *trigger)
{
    const sl_sqlite *db = of;
    (void)schema;
    (void)trigger;
    if (db->trusted)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return second && is_harmful(second) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: /* full text tables look at it when they are opened */
        return first && sqlite3_stricmp(first, "data_version") == 0 ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

static int harden(sl_sqlite *db)
{
    const struct {
        int option, value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, db->writes},
        {SQLITE_DBCONFIG_ENABLE_FKEY, db->writes},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        int rc = sqlite3_db_config(db->handle, settings[i].option, settings[i].value, NULL);
        if (rc != SQLITE_OK)
            return rc;
    }
    int rc =
        sqlite3_exec(db->handle, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", NULL, NULL, NULL);
    if (rc == SQLITE_OK && !db->writes)
        rc = sqlite3_exec(db->handle, "PRAGMA query_only=ON", NULL, NULL, NULL);
    if (rc == SQLITE_OK && !db->writes)
        rc = sqlite3_set_authorizer(db->handle, allow, db);
    return rc;
}

/* ---- Waiting ---------------------------------------------------------------------------- */

static int wait_briefly(void *of, int count)
{
    sl_sqlite *db = of;
    (void)count;
    if (!db->blocking || db->waited >= db->busy || db->stage->host->stopping(db->stage))
        return 0;
    sqlite3_vfs *vfs = sqlite3_vfs_find(db->stage->env->sqlite_vfs);
    if (!vfs)
        return 0;
    vfs->xSleep(vfs, SLICE);
    db->waited += SLICE;
    return 1;
}

/* A statement may take hours to its first row: it is alive. */
static int is_alive(void *of)
{
    const sl_sqlite *db = of;
    db->stage->host->stopping(db->stage);
    return 0; /* who shall end hears of it by sl_sqlite_interrupt */
}

static int attend(sl_sqlite *db)
{
    sqlite3_progress_handler(db->handle, ALIVE_EVERY, is_alive, db);
    return sqlite3_busy_handler(db->handle, wait_briefly, db);
}

void sl_sqlite_block(sl_sqlite *db, int32_t blocking)
{
    db->blocking = blocking;
    db->waited = 0;
    if (db->handle) /* it may be shared: who asks now is who waits */
        attend(db);
}

sl_status sl_sqlite_wait(sl_sqlite *db)
{
    const sl_env *env = db->stage->env;
    int64_t now = env->monotonic(env->context);
    if (db->tries == 0)
        db->since = now;
    if (now - db->since >= db->busy)
        return sl_sqlite_fail(db, SQLITE_BUSY, db->writes ? "write to" : "read");
    int32_t doubled = db->tries < LONGEST_PAUSE ? db->tries : LONGEST_PAUSE;
    db->tries++;
    db->stage->host->wake_after(db->stage, (int64_t)1000 << doubled);
    return SL_PENDING;
}

void sl_sqlite_waited(sl_sqlite *db)
{
    db->tries = 0;
}

/* ---- Failing ---------------------------------------------------------------------------- */

static int32_t code_of(const sl_sqlite *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_SCHEMA:
        return SL_CODE_TRY_AGAIN;
    case SQLITE_INTERRUPT:
        return SL_CODE_CUT_SHORT;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
        return SL_CODE_IO;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return SL_CODE_PERMISSION;
    case SQLITE_CANTOPEN:
        return db->writes ? SL_CODE_NO_OUTPUT : SL_CODE_NO_INPUT;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
        return SL_CODE_DATA;
    default:
        return SL_CODE_FAILED;
    }
}

static const char *hint_of(const sl_sqlite *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return db->writes ? "another connection uses the database (a reader with `page: cursor` "
                            "also does): raise `busy`, or put the database in WAL mode"
                          : "another connection is writing to the database: raise `busy`";
    case SQLITE_FULL:
        return "make room on the disk and run again";
    case SQLITE_READONLY:
        return db->writes ? "look at the permissions of the file and of its directory"
                          : "the database has a journal to roll back: open it once with sqlite3";
    case SQLITE_CANTOPEN:
        return "look at the permissions of the file and of its directory; a database in WAL mode "
               "needs to make files beside itself";
    case SQLITE_NOTADB:
        return "it is no SQLite database, or it is encrypted";
    case SQLITE_CORRUPT:
        return "the file is damaged: see `PRAGMA integrity_check` and `.recover` of sqlite3";
    case SQLITE_AUTH:
        return "a query may only read: SELECT, and functions without effects";
    default:
        return NULL;
    }
}

const char *sl_sqlite_cause(sqlite3 *handle, int rc, int32_t *full, int32_t *descriptors)
{
    int primary = rc & 0xff;
    int error = handle && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
                    ? sqlite3_system_errno(handle)
                    : 0;
    *full = error == ENOSPC || error == EDQUOT;
    *descriptors = error == EMFILE || error == ENFILE;
    /* What comes by itself: a file that SQLite only looked for. */
    return error == 0 || error == ENOENT || error == EAGAIN ? NULL : strerror(error);
}

sl_status sl_sqlite_fail(sl_sqlite *db, int rc, const char *doing)
{
    sl_stage *stage = db->stage;
    if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return sl_no_memory(stage);
    const char *why = sqlite3_errstr(rc), *hint = hint_of(db, rc);
    if (db->handle && (sqlite3_errcode(db->handle) & 0xff) == (rc & 0xff))
        why = sqlite3_errmsg(db->handle);
    int32_t full, descriptors;
    const char *cause = sl_sqlite_cause(db->handle, rc, &full, &descriptors);
    if (full)
        hint = "make room on the disk and run again";
    if (descriptors)
        hint = "raise the limit of open files: ulimit -n";
    return sl_fail_at(stage,
                      SL_PLACE(.code = descriptors ? SL_CODE_TRY_AGAIN : code_of(db, rc),
                               .hint = hint, .value = stage->host->option(stage, "database")),
                      "cannot %s '%s': %s%s%s", doing, db->path, why, cause ? ": " : "",
                      cause ? cause : "");
}

sl_status sl_sqlite_status(sl_sqlite *db, int rc, const char *doing)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return SL_OK;
    if ((rc & 0xff) == SQLITE_BUSY && !db->blocking)
        return sl_sqlite_wait(db);
    return sl_sqlite_fail(db, rc, doing);
}

/* ---- Opening ---------------------------------------------------------------------------- */

static sl_status complain(sl_sqlite *db, int32_t code, const char *what, const char *hint)
{
    sl_stage *stage = db->stage;
    return sl_fail_at(
        stage,
        SL_PLACE(.code = code, .hint = hint, .value = stage->host->option(stage, "database")),
        "cannot open '%s': %s", db->path, what);
}

sl_status sl_sqlite_stays(sl_sqlite *db)
{
    int moved = 0;
    if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
        !moved)
        return SL_OK;
    sl_stage *stage = db->stage;
    return sl_fail_at(stage,
                      SL_PLACE(.code = db->writes ? SL_CODE_IO : SL_CODE_NO_INPUT,
                               .value = stage->host->option(stage, "database")),
                      "'%s' was removed, or is another file now", db->path);
}

/* The file's directory: said when it is what is missing. */
static sl_status check_directory(sl_sqlite *db)
{
    const sl_env *env = db->stage->env;
    char folder[PATH_MAX];
    sl_file_info info;
    if (sl_env_folder(db->path, folder) < 0)
        return SL_OK;
    int32_t found = env->stat(env->context, folder, &info);
    if (found == 0 && info.kind == SL_FILE_DIRECTORY)
        return SL_OK;
    return complain(db, db->writes ? SL_CODE_NO_OUTPUT : SL_CODE_NO_INPUT,
                    found == 0 ? "its directory is no directory" : "its directory does not exist",
                    "directories are not made for you: make it first, or change `database`");
}

sl_status sl_sqlite_find(sl_sqlite *db, int32_t *there, int64_t *bytes)
{
    const sl_env *env = db->stage->env;
    int32_t cannot = db->writes ? SL_CODE_NO_OUTPUT : SL_CODE_NO_INPUT;
    sl_file_info info = {0};
    if (!*db->path || strcmp(db->path, "-") == 0 || strcmp(db->path, ":memory:") == 0)
        return complain(db, SL_CODE_CONFIG, "a database is a file",
                        "write its path; './-' names a file called '-'");
    int32_t found = env->stat(env->context, db->path, &info);
    *there = found == 0;
    if (bytes)
        *bytes = found == 0 ? info.bytes : 0;
    if (found == -ENOENT || found == -ENOTDIR)
        return db->writes ? check_directory(db) : SL_OK;
    if (found < 0)
        return complain(db, sl_env_forbids(-found) ? SL_CODE_PERMISSION : cannot,
                        sl_env_why(-found), sl_env_hint(-found));
    if (info.kind == SL_FILE_DIRECTORY)
        return complain(db, cannot, "it is a directory", NULL);
    if (info.kind != SL_FILE_REGULAR)
        return complain(db, cannot, "it is no regular file", NULL);
    return SL_OK;
}

/* Opens it for writing and reads a little: SQLite rolls a journal back by itself. */
static int heal(sl_sqlite *db, const char *path)
{
    sqlite3 *writer = NULL;
    int rc = sqlite3_open_v2(path, &writer,
                             SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE,
                             db->stage->env->sqlite_vfs);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_handler(writer, wait_briefly, db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(writer, "SELECT 1 FROM main.sqlite_schema LIMIT 1", NULL, NULL, NULL);
    sqlite3_close(writer);
    return rc;
}

/* Whether a process that was killed left a journal that must be rolled back. */
static int32_t is_wounded(sl_sqlite *db)
{
    int rc = sl_sqlite_run(db, "SELECT 1 FROM main.sqlite_schema LIMIT 1");
    return rc == SQLITE_READONLY_ROLLBACK || rc == SQLITE_READONLY_RECOVERY;
}

sl_status sl_sqlite_open(sl_sqlite *db, int32_t create)
{
    int32_t there;
    if (db->handle)
        return SL_OK;
    if (sl_sqlite_find(db, &there, NULL) != SL_OK)
        return SL_ERROR;
    if (!there && !create)
        return complain(db, SL_CODE_NO_INPUT, "no such file",
                        "a database that is read is never made: look at the path");
    /* './' keeps 'file:x?mode=rwc' a name: SQLite may take it for a URI otherwise. */
    char *path = sqlite3_mprintf("%s%s", *db->path == '/' ? "" : "./", db->path);
    if (!path)
        return sl_no_memory(db->stage);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= db->writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    flags |= create ? SQLITE_OPEN_CREATE : 0;
    int rc = sqlite3_open_v2(path, &db->handle, flags, db->stage->env->sqlite_vfs);
    if (rc == SQLITE_OK)
        rc = attend(db);
    if (rc == SQLITE_OK)
        rc = harden(db);
    if (rc == SQLITE_OK && db->heals && is_wounded(db))
        rc = heal(db, path);
    sqlite3_free(path);
    if (rc == SQLITE_OK)
        return SL_OK;
    sl_sqlite_fail(db, rc, "open");
    sl_sqlite_close(db);
    return SL_ERROR;
}

void sl_sqlite_close(sl_sqlite *db)
{
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
}

void sl_sqlite_interrupt(sl_sqlite *db)
{
    if (db->handle)
        sqlite3_interrupt(db->handle);
}

/* ---- Statements ------------------------------------------------------------------------- */

int sl_sqlite_prepare(sl_sqlite *db, char *sql, sqlite3_stmt **statement)
{
    *statement = NULL;
    if (!sql)
        return SQLITE_NOMEM;
    int32_t before = db->trusted;
    db->trusted = 1;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, statement, NULL);
    db->trusted = before;
    sqlite3_free(sql);
    return rc;
}

int sl_sqlite_run(sl_sqlite *db, const char *sql)
{
    int32_t before = db->trusted;
    db->trusted = 1;
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    db->trusted = before;
    return rc;
}

int sl_sqlite_bind(sqlite3_stmt *statement, int index, const sl_cell *cell)
{
    switch (cell->kind) {
    case SL_INTEGER:
        return sqlite3_bind_int64(statement, index, cell->as.integer);
    case SL_REAL:
        return sqlite3_bind_double(statement, index, cell->as.real);
    case SL_TEXT:
    case SL_NUMERAL:
        return sqlite3_bind_text64(statement, index, cell->size ? cell->as.text : "", cell->size,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case SL_BLOB:
        return sqlite3_bind_blob64(statement, index, cell->size ? cell->as.blob : "", cell->size,
                                   SQLITE_STATIC);
    default:
        return sqlite3_bind_null(statement, index);
    }
}

/* A param is typed by its spelling; in quotes it is text. */
static void read_param(const sl_value *param, sl_cell *cell)
{
    size_t size = param->text ? strlen(param->text) : 0;
    *cell = (sl_cell){.kind = SL_NULL};
    if (param->kind != SL_VALUE_SCALAR || !param->text)
        return;
    if (!param->quoted) {
        sl_spelling spelling = sl_value_number(param->text, size, cell);
        if (spelling == SL_SPELLING_INTEGER || spelling == SL_SPELLING_REAL)
            return;
    }
    *cell = (sl_cell){.kind = SL_TEXT, .size = (uint32_t)size, .as.text = param->text};
}

sl_status sl_sqlite_bind_params(sl_sqlite *db, sqlite3_stmt *statement, const sl_value *value)
{
    sl_stage *stage = db->stage;
    int count = sqlite3_bind_parameter_count(statement);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i);
        if (name && *name == '@')
            continue;
        if (!name || *name == '?')
            return sl_fail_at(stage,
                              SL_PLACE(.code = SL_CODE_CONFIG, .value = value,
                                       .hint = "write :name, a param of the graph"),
                              "a parameter needs a name");
        const sl_value *param = stage->host->param(stage, name + 1);
        if (!param)
            return sl_fail_at(stage,
                              SL_PLACE(.code = SL_CODE_CONFIG, .value = value,
                                       .hint = "declare it in the graph under `params:`"),
                              "no such param '%s'", name);
        sl_cell cell;
        read_param(param, &cell);
        int rc = sl_sqlite_bind(statement, i, &cell);
        if (rc != SQLITE_OK)
            return sl_sqlite_fail(db, rc, "read");
    }
    return SL_OK;
}

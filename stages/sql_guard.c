/*
 * sql_guard.c - see sql_guard.h.
 */
#include "stages/sql_guard.h"

#include <stdio.h>
#include <string.h>

#include "stages/core/value.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- What may be called -------------------------------------------------------------- */

/* Pure: the same values give the same answer, and nothing outside is read or changed. With them
 * the functions of time, whose `now` stands still for a run, and random(), which is flagged. */
static const char *const pure[] = {
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "cosh",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "exp",
    "floor",
    "format",
    "glob",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_insert",
    "json_object",
    "json_patch",
    "json_pretty",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nullif",
    "octet_length",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "random",
    "randomblob",
    "replace",
    "round",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "soundex",
    "sqlite_version",
    "sqrt",
    "strftime",
    "substr",
    "substring",
    "tan",
    "tanh",
    "time",
    "timediff",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
};

static const char *const aggregates[] = {
    "avg",
    "count",
    "cume_dist",
    "dense_rank",
    "first_value",
    "group_concat",
    "json_group_array",
    "json_group_object",
    "jsonb_group_array",
    "jsonb_group_object",
    "lag",
    "last_value",
    "lead",
    "median",
    "nth_value",
    "ntile",
    "percent_rank",
    "percentile",
    "rank",
    "row_number",
    "string_agg",
    "sum",
    "total",
};

static int among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sl_value_same_name(name, names[i]) == 0)
            return 1;
    return 0;
}

const char *const *sl_sql_guard_functions(size_t *count)
{
    *count = COUNT(pure);
    return pure;
}

int sl_sql_guard_aggregate(const char *name)
{
    return among(name, aggregates, COUNT(aggregates));
}

static int refuse(sl_sql_guard *guard, sl_sql_refusal why)
{
    guard->refusal = why;
    return SQLITE_DENY;
}

static int authorize_function(sl_sql_guard *guard, const char *name)
{
    if (sl_sql_guard_aggregate(name))
        return refuse(guard, SL_SQL_REFUSED_AGGREGATE);
    if (!among(name, pure, COUNT(pure)))
        return refuse(guard, SL_SQL_REFUSED_FUNCTION);
    if (sl_value_same_name(name, "random") == 0 || sl_value_same_name(name, "randomblob") == 0)
        guard->random = 1;
    return SQLITE_OK;
}

/* Our own statement has two SELECTs: the expression's and the one over `batch`. */
static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    sl_sql_guard *guard = context;

    (void)database, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
        return ++guard->selects > 2 ? refuse(guard, SL_SQL_REFUSED_QUERY) : SQLITE_OK;
    case SQLITE_READ:
        if (first != NULL && strcmp(first, "batch") == 0)
            return SQLITE_OK;
        return refuse(guard, SL_SQL_REFUSED_QUERY);
    case SQLITE_FUNCTION:
        return authorize_function(guard, second != NULL ? second : "");
    default:
        return refuse(guard, SL_SQL_REFUSED_QUERY);
    }
}

/* ---- The clock ----------------------------------------------------------------------- */

/* 1970-01-01 in milliseconds of the Julian day. */
#define UNIX_EPOCH INT64_C(210866760000000)
#define DAY 86400000.0

static int current_time(sqlite3_vfs *vfs, sqlite3_int64 *now)
{
    *now = ((sl_sql_guard *)vfs)->now;
    return SQLITE_OK;
}

static int current_day(sqlite3_vfs *vfs, double *now)
{
    *now = (double)((sl_sql_guard *)vfs)->now / DAY;
    return SQLITE_OK;
}

/* All but the time is the VFS's that stands behind. */
static sl_status register_clock(sl_sql_guard *guard)
{
    sl_stage *stage = guard->stage;
    const sqlite3_vfs *behind = sqlite3_vfs_find(stage->env->sqlite_vfs);

    if (behind == NULL)
        return sl_fail(stage, "no SQLite VFS '%s'",
                       stage->env->sqlite_vfs != NULL ? stage->env->sqlite_vfs : "default");
    memcpy(&guard->vfs, behind,
           behind->iVersion >= 3   ? sizeof guard->vfs
           : behind->iVersion == 2 ? offsetof(sqlite3_vfs, xSetSystemCall)
                                   : offsetof(sqlite3_vfs, xCurrentTimeInt64));
    snprintf(guard->vfs_name, sizeof guard->vfs_name, "sluice-%p", (void *)guard);
    guard->vfs.zName = guard->vfs_name;
    guard->vfs.pNext = NULL;
    if (guard->vfs.iVersion < 2)
        guard->vfs.iVersion = 2;
    guard->vfs.xCurrentTime = current_day;
    guard->vfs.xCurrentTimeInt64 = current_time;
    guard->now = stage->host->started(stage) / 1000 + UNIX_EPOCH;
    if (sqlite3_vfs_register(&guard->vfs, 0) != SQLITE_OK)
        return sl_no_memory(stage);
    guard->registered = 1;
    return SL_OK;
}

/* ---- Bounds -------------------------------------------------------------------------- */

#define WATCH_EVERY 200 /* steps of SQLite's machine; a usual row takes 10 to 30 */

/* SQLite asks at jumps. One function on one value is bounded by the limits below, a row of many
 * by this. */
static int watch(void *context)
{
    sl_sql_guard *guard = context;
    const sl_env *env = guard->stage->env;
    int64_t now;

    guard->stage->host->stopping(guard->stage); /* a sign of life */
    if (guard->position == NULL)
        return 0;
    if (guard->since == 0 || *guard->position != guard->watched) {
        guard->watched = *guard->position;
        guard->since = env->monotonic(env->context);
        return 0;
    }
    now = env->monotonic(env->context);
    guard->overdue = now - guard->since > SL_SQL_ROW_TIME;
    return guard->overdue;
}

static void set_limits(const sl_sql_guard *guard)
{
    static const struct {
        int limit, value;
    } limits[] = {
        {SQLITE_LIMIT_SQL_LENGTH, 1000000},       {SQLITE_LIMIT_EXPR_DEPTH, 1000},
        {SQLITE_LIMIT_COMPOUND_SELECT, 2},        {SQLITE_LIMIT_VDBE_OP, 250000},
        {SQLITE_LIMIT_FUNCTION_ARG, 100},         {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000}, {SQLITE_LIMIT_VARIABLE_NUMBER, 250},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},          {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    int64_t bytes = guard->stage->host->batch_bytes(guard->stage);

    for (size_t i = 0; i < COUNT(limits); i++)
        sqlite3_limit(guard->db, limits[i].limit, limits[i].value);
    if (bytes < 1000000)
        bytes = 1000000;
    if (bytes > 1000000000)
        bytes = 1000000000;
    sqlite3_limit(guard->db, SQLITE_LIMIT_LENGTH, (int)bytes);
}

static int configure(const sl_sql_guard *guard)
{
    static const struct {
        int setting, on;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
    };
    int rc = SQLITE_OK;

    for (size_t i = 0; i < COUNT(settings) && rc == SQLITE_OK; i++)
        rc = sqlite3_db_config(guard->db, settings[i].setting, settings[i].on, NULL);
    return rc;
}

/* ---- Opening, compiling -------------------------------------------------------------- */

sl_status sl_sql_guard_open(sl_sql_guard *guard, sl_stage *stage)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int rc;

    guard->stage = stage;
    if (register_clock(guard) != SL_OK)
        return SL_ERROR;
    rc = sqlite3_open_v2(":memory:", &guard->db, flags, guard->vfs_name);
    if (rc == SQLITE_OK)
        rc = configure(guard);
    if (rc == SQLITE_OK) {
        set_limits(guard);
        sqlite3_progress_handler(guard->db, WATCH_EVERY, watch, guard);
        return SL_OK;
    }
    if (rc == SQLITE_NOMEM)
        return sl_no_memory(stage);
    return sl_fail(stage, "cannot start SQLite: %s", sqlite3_errstr(rc));
}

void sl_sql_guard_close(sl_sql_guard *guard)
{
    sqlite3_close(guard->db);
    guard->db = NULL;
    if (guard->registered)
        sqlite3_vfs_unregister(&guard->vfs);
    guard->registered = 0;
}

int sl_sql_guard_lock(sl_sql_guard *guard)
{
    return sqlite3_set_authorizer(guard->db, authorize, guard);
}

void sl_sql_guard_unlock(sl_sql_guard *guard)
{
    sqlite3_set_authorizer(guard->db, NULL, NULL);
}

int sl_sql_guard_prepare(sl_sql_guard *guard, const char *sql, sqlite3_stmt **statement)
{
    guard->selects = 0;
    guard->refusal = SL_SQL_REFUSED_NOTHING;
    return sqlite3_prepare_v3(guard->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

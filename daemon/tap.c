/*
 * tap.c - see tap.h.
 */
#include "daemon/tap.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/protocol.h"
#include "stages/core/value.h"
#include "stages/sqlite_db.h"

#define STORE ((size_t)256 * 1024) /* bytes of lines that wait to be taken */
#define OPERATIONS 100000          /* of SQLite's machine, for one row's condition */
#define LENGTH 1000000             /* bytes of a value that a condition makes */
#define PATTERN 100                /* bytes of a pattern of LIKE and GLOB */
#define SPELL 2000                 /* microseconds that one batch is looked at */
#define SHARE 20                   /* the tap has one part in so many of the graph's time */

struct sl_tap {
    const sl_env *env;
    char *stage;
    char *where;
    sl_generator *generator; /* attached to; NULL: none */

    /* The strand's alone. */
    sqlite3 *db;
    sqlite3_stmt *condition;
    int64_t rests; /* monotonic: until then all rows are passed over */
    sl_builder line;
    char why[256];

    pthread_mutex_t lock; /* of what follows */
    sl_builder store;
    int64_t left; /* rows still wanted; -1: no end */
    int64_t missed;
    int64_t rows; /* that were put into the store */
};

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

sl_tap *sl_tap_new(const sl_env *env, const char *stage, const char *where, int64_t rows)
{
    sl_tap *tap = calloc(1, sizeof *tap);
    if (!tap)
        return NULL;
    *tap = (sl_tap){.env = env,
                    .stage = copy(stage),
                    .where = copy(where),
                    .left = rows,
                    .line = {.env = env},
                    .store = {.env = env}};
    pthread_mutex_init(&tap->lock, NULL);
    if (tap->stage && (!where || tap->where))
        return tap;
    sl_tap_free(tap);
    return NULL;
}

void sl_tap_free(sl_tap *tap)
{
    if (!tap)
        return;
    sqlite3_finalize(tap->condition);
    sqlite3_close_v2(tap->db);
    pthread_mutex_destroy(&tap->lock);
    sl_builder_done(&tap->line);
    sl_builder_done(&tap->store);
    free(tap->stage);
    free(tap->where);
    free(tap);
}

/* ---- The condition ----------------------------------------------------------------------------
 */

/* One call of these may take as long as its argument says; load_extension reaches out. */
static int is_costly(const char *function)
{
    static const char *const names[] = {"load_extension", "printf", "format", "zeroblob",
                                        "randomblob"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sqlite3_stricmp(function, names[i]) == 0)
            return 1;
    return 0;
}

static int allow(void *of, int action, const char *first, const char *second, const char *schema,
                 const char *trigger)
{
    (void)of;
    (void)first;
    (void)schema;
    (void)trigger;
    if (action == SQLITE_FUNCTION)
        return second && is_costly(second) ? SQLITE_DENY : SQLITE_OK;
    return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static int too_long(void *of)
{
    (void)of;
    return 1;
}

/* SELECT (condition) FROM (SELECT ?1 AS "a", ?2 AS "b" ...) */
static int compile(sl_tap *tap, const sl_column *columns, uint32_t count)
{
    int rc =
        sqlite3_open_v2(":memory:", &tap->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(tap->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_set_authorizer(tap->db, allow, NULL);
    if (rc == SQLITE_OK)
        sqlite3_limit(tap->db, SQLITE_LIMIT_LENGTH, LENGTH);
    if (rc == SQLITE_OK)
        sqlite3_limit(tap->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN);
    sqlite3_str *sql = sqlite3_str_new(tap->db);
    sqlite3_str_appendf(sql, "SELECT (\n%s\n) FROM (SELECT ", tap->where);
    for (uint32_t i = 0; i < count; i++)
        sqlite3_str_appendf(sql, "%s?%u AS \"%w\"", i ? ", " : "", i + 1, columns[i].name);
    sqlite3_str_appendall(sql, count ? ")" : "1)");
    char *text = sqlite3_str_finish(sql);
    const char *tail = NULL;
    if (rc == SQLITE_OK)
        rc = text ? sqlite3_prepare_v2(tap->db, text, -1, &tap->condition, &tail) : SQLITE_NOMEM;
    if (rc == SQLITE_OK &&
        ((tail && *tail) || sqlite3_bind_parameter_count(tap->condition) != (int)count))
        rc = SQLITE_ERROR;
    if (rc != SQLITE_OK)
        snprintf(tap->why, sizeof tap->why, "the condition cannot be compiled: %s",
                 tap->db ? sqlite3_errmsg(tap->db) : "out of memory");
    sqlite3_free(text);
    if (rc == SQLITE_OK)
        sqlite3_progress_handler(tap->db, OPERATIONS, too_long, NULL);
    return rc == SQLITE_OK ? 0 : -1;
}

/* A row that the condition fails on is not shown. */
static int is_wanted(sl_tap *tap, const sl_column *columns, uint32_t count, const sl_batch *batch,
                     uint32_t row)
{
    if (!tap->condition)
        return 1;
    int rc = SQLITE_OK;
    for (uint32_t c = 0; rc == SQLITE_OK && c < count; c++) {
        sl_cell value = batch->columns[c][row];
        sl_value_typed(&columns[c], &batch->columns[c][row], &value);
        rc = sl_sqlite_bind(tap->condition, (int)c + 1, &value);
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_step(tap->condition);
    int wanted = rc == SQLITE_ROW && sqlite3_column_int(tap->condition, 0) != 0;
    sqlite3_reset(tap->condition);
    return wanted;
}

/* ---- Rows -------------------------------------------------------------------------------------
 */

static void write_row(sl_tap *tap, const sl_column *columns, uint32_t count, const sl_batch *batch,
                      uint32_t row)
{
    sl_builder *line = &tap->line;
    sl_builder_clear(line);
    sl_builder_word(line, "{\"item\":\"row\",\"stage\":");
    sl_builder_json(line, tap->stage, strlen(tap->stage));
    sl_builder_word(line, ",\"row\":{");
    for (uint32_t c = 0; c < count && c < batch->columns_count; c++) {
        sl_builder_word(line, c ? "," : "");
        sl_builder_json(line, columns[c].name, strlen(columns[c].name));
        sl_builder_word(line, ":");
        sl_builder_cell(line, &columns[c], &batch->columns[c][row]);
    }
    sl_builder_word(line, "}}\n");
    sl_builder_hide(line, 0); /* a secret that a row carries is for its sink alone */
}

/* Whether there is room for another row; a full store is not waited for. */
static int has_room(sl_tap *tap, uint32_t rows)
{
    pthread_mutex_lock(&tap->lock);
    int room = tap->left != 0 && tap->store.size < STORE;
    if (!room && tap->left != 0)
        tap->missed += rows;
    pthread_mutex_unlock(&tap->lock);
    return room;
}

static void put(sl_tap *tap)
{
    const sl_builder *line = &tap->line;
    pthread_mutex_lock(&tap->lock);
    if (line->failed || line->size > SL_PROTOCOL_LINE || tap->store.size + line->size > STORE) {
        tap->missed++;
    } else if (tap->left != 0) {
        sl_builder_add(&tap->store, line->data, line->size);
        tap->left -= tap->left > 0;
        tap->rows++;
    }
    pthread_mutex_unlock(&tap->lock);
}

static int64_t now(const sl_tap *tap)
{
    return tap->env->monotonic(tap->env->context);
}

static void miss(sl_tap *tap, uint32_t rows)
{
    pthread_mutex_lock(&tap->lock);
    tap->missed += tap->left != 0 ? rows : 0;
    pthread_mutex_unlock(&tap->lock);
}

/* The graph's time is its own: what the tap took of it, it rests for many times as long. */
static void seen(void *of, sl_generator *generator, const sl_batch *batch)
{
    sl_tap *tap = of;
    uint32_t count;
    const sl_column *columns = sl_generator_tapped_columns(generator, &count);
    int64_t began = now(tap);
    if (began < tap->rests) {
        miss(tap, batch->selected);
        return;
    }
    for (uint32_t i = 0; columns && i < batch->selected; i++) {
        if (now(tap) - began > SPELL) {
            miss(tap, batch->selected - i);
            break;
        }
        if (!has_room(tap, batch->selected - i))
            break;
        uint32_t row = batch->selection[i];
        if (!is_wanted(tap, columns, count, batch, row))
            continue;
        write_row(tap, columns, count, batch, row);
        put(tap);
    }
    int64_t ended = now(tap);
    tap->rests = ended + (ended - began) * (SHARE - 1);
}

int sl_tap_attach(sl_tap *tap, sl_generator *generator, const char **why)
{
    uint32_t count;
    const sl_column *columns = sl_generator_tapped_columns(generator, &count);
    *why = tap->why;
    if (sl_generator_tapped(generator)) {
        snprintf(tap->why, sizeof tap->why, "another tap is on this stage");
        return -2;
    }
    if (tap->where && !columns) {
        snprintf(tap->why, sizeof tap->why, "the columns here are not known yet");
        return -2;
    }
    if (tap->where && compile(tap, columns, count) < 0)
        return -1;
    tap->generator = generator;
    sl_generator_tap(generator, seen, tap);
    return 0;
}

void sl_tap_detach(sl_tap *tap)
{
    if (tap->generator)
        sl_generator_tap(tap->generator, NULL, NULL);
    tap->generator = NULL;
}

void sl_tap_forget(sl_tap *tap)
{
    tap->generator = NULL;
}

int32_t sl_tap_take(sl_tap *tap, sl_builder *text, int64_t *missed, int64_t *rows)
{
    pthread_mutex_lock(&tap->lock);
    sl_builder_add(text, tap->store.data, tap->store.size);
    sl_builder_clear(&tap->store);
    *missed = tap->missed;
    tap->missed = 0;
    *rows = tap->rows;
    int32_t over = tap->left == 0;
    pthread_mutex_unlock(&tap->lock);
    return over;
}

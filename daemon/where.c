/*
 * where.c - the verb `where`: where a row of a table came from, as the sqlite exporter kept it.
 *
 * Deliberately elsewhere: the tables of lineage (stages/sqlite_lineage.h).
 */
#include <errno.h>
#include <string.h>

#include "daemon/session.h"
#include "daemon/verbs.h"
#include "stages/core/text.h"
#include "stages/core/value.h"
#include "stages/sqlite_lineage.h"

#define BUSY 5000 /* milliseconds */

typedef struct where {
    sl_session session;
    const char *database;
    const char *table;
    int64_t row;
    sqlite3 *db;
    sl_lineage_found found;
} where;

SL_PRINTF(4, 5)
static int fail(where *at, int32_t code, const char *hint, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sl_error error = {.level = SL_LOG_ERROR, .code = code, .hint = hint};
    sl_errors_add(&at->session.errors, &error, "%s", message);
    return -1;
}

static int fail_sqlite(where *at, int rc)
{
    int32_t code = SL_CODE_IO;
    const char *hint = NULL;
    const char *why = at->db ? sqlite3_errmsg(at->db) : sqlite3_errstr(rc);
    if ((rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT)
        code = SL_CODE_DATA;
    if ((rc & 0xff) == SQLITE_NOTADB)
        hint = "it is no SQLite database, or it is encrypted";
    if ((rc & 0xff) == SQLITE_BUSY)
        code = SL_CODE_TRY_AGAIN;
    if ((rc & 0xff) == SQLITE_CANTOPEN)
        code = SL_CODE_NO_INPUT;
    return fail(at, code, hint, "cannot read '%s': %s", at->database, why);
}

/* ---- Looking ----------------------------------------------------------------------------------
 */

static int read_words(where *at, const sl_arguments *arguments)
{
    const char *word = arguments->paths[2];
    sl_cell number;
    at->database = arguments->paths[0];
    at->table = arguments->paths[1];
    if (sl_value_number(word, strlen(word), &number) != SL_SPELLING_INTEGER)
        return fail(at, SL_CODE_USAGE, "sluice where DATABASE TABLE ROWID",
                    "a rowid is a whole number, not '%s'", word);
    at->row = number.as.integer;
    return 0;
}

static int open_database(where *at)
{
    const sl_env *env = at->session.env;
    sl_file_info info;
    int32_t found = env->stat(env->context, at->database, &info);
    if (found < 0)
        return fail(at, found == -EACCES ? SL_CODE_PERMISSION : SL_CODE_NO_INPUT, NULL,
                    "cannot open '%s': %s", at->database, strerror(-found));
    if (info.kind != SL_FILE_REGULAR)
        return fail(at, SL_CODE_NO_INPUT, NULL, "cannot open '%s': it is no regular file",
                    at->database);
    /* './' keeps 'file:x?mode=rwc' a name. */
    char *path = sqlite3_mprintf("%s%s", *at->database == '/' ? "" : "./", at->database);
    int rc = path ? sqlite3_open_v2(path, &at->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE,
                                    env->sqlite_vfs)
                  : SQLITE_NOMEM;
    sqlite3_free(path);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(at->db, BUSY);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(at->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(at->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return rc == SQLITE_OK ? 0 : fail_sqlite(at, rc);
}

/* A hint with the name that is nearest; NULL: none. */
static const char *nearest_table(where *at, char *hint, size_t size)
{
    enum { MOST = 1000 };
    static const char *names[MOST];
    sqlite3_stmt *row;
    size_t count = 0;
    if (sqlite3_prepare_v2(at->db, "SELECT name FROM main.sqlite_schema WHERE type = 'table'", -1,
                           &row, NULL) != SQLITE_OK)
        return NULL;
    while (count < MOST && sqlite3_step(row) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        char *copy = name ? sl_arena_copy(at->session.arena, name, strlen(name)) : NULL;
        if (copy)
            names[count++] = copy;
    }
    sqlite3_finalize(row);
    const char *nearest = sl_value_nearest(at->table, names, count);
    if (!nearest)
        return NULL;
    snprintf(hint, size, "did you mean '%s'?", nearest);
    return hint;
}

static void describe(const where *at, sl_builder *text);

/* What is missing, if something is. */
static int check_found(where *at)
{
    const sl_lineage_found *found = &at->found;
    long long row = (long long)at->row;
    char hint[512];
    if (!found->table)
        return fail(at, SL_CODE_NO_INPUT, nearest_table(at, hint, sizeof hint),
                    "'%s' has no table '%s'", at->database, at->table);
    if (!found->kept)
        return fail(at, SL_CODE_CONFIG,
                    "write `lineage: true` under the sqlite exporter and run the graph again",
                    "no lineage is kept of table '%s'", at->table);
    if (!found->standing && !found->known)
        return fail(at, SL_CODE_NO_INPUT, NULL, "table '%s' has no row %lld", at->table, row);
    if (!found->known)
        return fail(at, SL_CODE_DATA,
                    "something else wrote it, or it was written before `lineage: true`",
                    "it is not known where row %lld of table '%s' came from", row, at->table);
    if (found->standing)
        return 0;
    sl_builder text = {.env = at->session.env};
    describe(at, &text);
    snprintf(hint, sizeof hint, "it came from %s", text.data ? text.data : "");
    sl_builder_done(&text);
    return fail(at, SL_CODE_NO_INPUT, hint, "row %lld of table '%s' is not there any more", row,
                at->table);
}

static int find(where *at)
{
    int rc = sqlite3_exec(at->db, "BEGIN", NULL, NULL, NULL); /* one picture of all tables */
    if (rc == SQLITE_OK)
        rc = sl_lineage_find(at->db, at->table, at->row, &at->found);
    return rc == SQLITE_OK ? check_found(at) : fail_sqlite(at, rc);
}

/* ---- Printing ---------------------------------------------------------------------------------
 */

/* orders.csv:4 (row 3) */
static void describe(const where *at, sl_builder *text)
{
    const sl_lineage_found *found = &at->found;
    if (found->several) {
        sl_builder_format(text, "several rows of %s",
                          *found->name || *found->database ? "" : "several sources");
    } else if (!*found->name && !*found->database) {
        sl_builder_word(text, "rows that the graph itself made");
    }
    sl_builder_word(text, found->database);
    if (*found->database)
        sl_builder_format(text, *found->name ? ", table %s" : ", a query%s", found->name);
    else
        sl_builder_word(text, found->name);
    if (found->line > 0)
        sl_builder_format(text, ":%lld", (long long)found->line);
    if (*found->key)
        sl_builder_format(text, ": %s%s%s", found->key_name, *found->key_name ? " = " : "",
                          found->key);
    if (found->row > 0)
        sl_builder_format(text, " (row %lld)", (long long)found->row);
}

static void add_text(sl_builder *json, const char *name, const char *text)
{
    sl_builder_format(json, ",\"%s\":", name);
    if (*text)
        sl_builder_json(json, text, strlen(text));
    else
        sl_builder_word(json, "null");
}

static void add_number(sl_builder *json, const char *name, int64_t number)
{
    sl_builder_format(json, number > 0 ? ",\"%s\":%lld" : ",\"%s\":null", name, (long long)number);
}

static void add_key(sl_builder *json, const sl_lineage_found *found)
{
    sl_builder_word(json, ",\"key\":");
    if (*found->key && *found->key_name) {
        sl_builder_word(json, "{");
        sl_builder_json(json, found->key_name, strlen(found->key_name));
        sl_builder_format(json, ":%s}", found->key);
    } else {
        sl_builder_word(json, *found->key ? found->key : "null");
    }
}

static void describe_json(const where *at, sl_builder *json)
{
    const sl_lineage_found *found = &at->found;
    sl_builder_word(json, "{\"table\":");
    sl_builder_json(json, at->table, strlen(at->table));
    sl_builder_format(json, ",\"rowid\":%lld", (long long)at->row);
    add_text(json, "kind", found->kind);
    sl_builder_format(json, ",\"several\":%s", found->several ? "true" : "false");
    add_text(json, "source", found->name);
    add_text(json, "database", found->database);
    add_key(json, found);
    add_number(json, "row", found->row);
    add_number(json, "line", found->line);
    add_text(json, "graph", found->graph);
    add_text(json, "exporter", found->exporter);
    sl_builder_word(json, "}\n");
}

static void print(where *at)
{
    sl_builder text = {.env = at->session.env};
    if (at->session.arguments->json) {
        describe_json(at, &text);
    } else {
        describe(at, &text);
        sl_builder_format(&text, "\nwritten by exporter '%s' of graph '%s'\n", at->found.exporter,
                          at->found.graph);
    }
    if (text.failed)
        fail(at, SL_CODE_FAILED, NULL, "out of memory");
    else
        fwrite(text.data, 1, text.size, stdout);
    sl_builder_done(&text);
}

int sl_verb_where(const sl_arguments *arguments)
{
    where at = {0};
    if (sl_session_begin(&at.session, arguments) == 0 && read_words(&at, arguments) == 0 &&
        open_database(&at) == 0 && find(&at) == 0)
        print(&at);
    sl_lineage_found_free(&at.found);
    sqlite3_close(at.db);
    return sl_session_done(&at.session);
}

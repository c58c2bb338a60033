/*
 * sqlite_lineage.c - see sqlite_lineage.h.
 */
#include "stages/sqlite_lineage.h"

#include <string.h>

#define TARGETS "main." SL_LINEAGE_TABLE "_target"
#define SOURCES "main." SL_LINEAGE_TABLE "_source"
#define ROWS "main." SL_LINEAGE_TABLE

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS " TARGETS
    " (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);"
    "CREATE TABLE IF NOT EXISTS " SOURCES
    " (id INTEGER PRIMARY KEY, graph TEXT NOT NULL, exporter TEXT NOT NULL, kind TEXT NOT NULL,"
    " several INTEGER NOT NULL, \"database\" TEXT NOT NULL, name TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " UNIQUE (name, graph, exporter, kind, several, \"database\", key));"
    "CREATE TABLE IF NOT EXISTS " ROWS
    " (target INTEGER NOT NULL, row INTEGER NOT NULL, source INTEGER NOT NULL, number INTEGER,"
    " line INTEGER, key, PRIMARY KEY (target, row)) WITHOUT ROWID;";

static int is_there(sqlite3 *db, const char *table, int32_t *there)
{
    sqlite3_stmt *row;
    int rc = sqlite3_prepare_v2(
        db, "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
        -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    *there = rc == SQLITE_ROW;
    sqlite3_finalize(row);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The table's number; 0: none. */
static int find_target(sqlite3 *db, const char *table, int64_t *target)
{
    sqlite3_stmt *row = NULL;
    int32_t there;
    *target = 0;
    int rc = is_there(db, SL_LINEAGE_TABLE "_target", &there);
    if (rc != SQLITE_OK || !there)
        return rc;
    rc = sqlite3_prepare_v2(db, "SELECT id FROM " TARGETS " WHERE name = ?1", -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        *target = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Runs SQL made by sqlite3_mprintf, and takes it. */
static int run(sl_sqlite *db, char *sql)
{
    int rc = sql ? sl_sqlite_run(db, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return rc;
}

/* ---- Keeping ----------------------------------------------------------------------------------
 */

static int look(sl_sqlite *db, const char *table, int32_t *kept)
{
    int64_t target;
    int32_t before = db->trusted;
    db->trusted = 1;
    int rc = find_target(db->handle, table, &target);
    db->trusted = before;
    *kept = target != 0;
    return rc;
}

sl_status sl_lineage_decide(sl_stage *stage, sl_sqlite *db, const char *table, int32_t *kept)
{
    sl_status status = SL_OK;
    if (!*kept && db && !stage->host->option(stage, "lineage"))
        status = sl_sqlite_status(db, look(db, table, kept), "read the lineage in");
    if (status != SL_OK || !*kept)
        return status;
    int32_t *flag = sl_origin_flag(stage);
    if (!flag)
        return SL_ERROR;
    *flag = 1;
    return SL_OK;
}

void sl_lineage_warn_grouped(sl_stage *stage, const sl_column *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (columns[i].flags & SL_COLUMN_GROUPED) {
            stage->host->log(stage, SL_LOG_WARNING,
                             SL_PLACE(.value = stage->host->option(stage, "lineage"),
                                      .hint = "keep lineage of the rows before they are grouped, "
                                              "in a table of their own"),
                             "each row is made from several: its lineage names their source, but "
                             "no line or key");
            return;
        }
}

int sl_lineage_begin(sl_lineage *lineage, int32_t empty)
{
    sl_sqlite *db = lineage->db;
    lineage->names.stage = db->stage;
    int rc = sl_sqlite_run(db, schema);
    if (rc == SQLITE_OK)
        rc = run(db, sqlite3_mprintf("INSERT OR IGNORE INTO " TARGETS " (name) VALUES (%Q)",
                                     lineage->table));
    if (rc == SQLITE_OK)
        rc = find_target(db->handle, lineage->table, &lineage->target);
    if (rc == SQLITE_OK && empty)
        rc = run(db, sqlite3_mprintf("DELETE FROM " ROWS " WHERE target = %lld", lineage->target));
    if (rc == SQLITE_OK)
        rc = sl_sqlite_prepare(db,
                               sqlite3_mprintf("INSERT OR REPLACE INTO " ROWS
                                               " (target, row, source, number, line, "
                                               "key) VALUES (%lld, ?1, ?2, ?3, ?4, ?5)",
                                               lineage->target),
                               &lineage->insert);
    return rc;
}

int sl_lineage_stop(sl_sqlite *db, const char *table)
{
    int64_t target;
    int rc = find_target(db->handle, table, &target);
    if (rc == SQLITE_OK)
        rc = run(db, sqlite3_mprintf("DELETE FROM " ROWS " WHERE target = %lld", target));
    if (rc == SQLITE_OK)
        rc = run(db, sqlite3_mprintf("DELETE FROM " TARGETS " WHERE id = %lld", target));
    return rc;
}

static const char *kind_of(const sl_origin *origin)
{
    if (!origin->database)
        return origin->source ? "file" : "made";
    return origin->source ? "table" : "query";
}

static int bind_source(sqlite3_stmt *row, const sl_lineage *lineage, const sl_origin *origin)
{
    sl_stage *stage = lineage->db->stage;
    const char *const texts[] = {
        stage->host->graph(stage), stage->host->key(stage), kind_of(origin), NULL,
        origin->database,          origin->source,          origin->key_name};
    int rc = sqlite3_bind_int64(row, 4, (origin->flags & SL_ORIGIN_SEVERAL) != 0);
    for (int i = 0; rc == SQLITE_OK && i < (int)(sizeof texts / sizeof *texts); i++)
        if (i != 3)
            rc = sqlite3_bind_text(row, i + 1, texts[i] ? texts[i] : "", -1, SQLITE_STATIC);
    return rc;
}

/* Steps a statement about one source; *id: what it answers, 0: nothing. */
static int ask(sl_lineage *lineage, const char *sql, const sl_origin *origin, int64_t *id)
{
    sqlite3_stmt *row;
    int rc = sl_sqlite_prepare(lineage->db, sqlite3_mprintf("%s", sql), &row);
    if (rc == SQLITE_OK)
        rc = bind_source(row, lineage, origin);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    *id = rc == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int find_source(sl_lineage *lineage, const sl_origin *origin, int64_t *id)
{
    int rc = ask(lineage,
                 "SELECT id FROM " SOURCES " WHERE graph = ?1 AND exporter = ?2 AND kind = ?3 AND "
                 "several = ?4 AND \"database\" = ?5 AND name = ?6 AND key = ?7",
                 origin, id);
    if (rc != SQLITE_OK || *id)
        return rc;
    rc = ask(lineage,
             "INSERT INTO " SOURCES " (graph, exporter, kind, several, \"database\", name, key) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
             origin, id);
    *id = sqlite3_last_insert_rowid(lineage->db->handle);
    return rc;
}

/* Room for the ids of all names. */
static int grow(sl_lineage *lineage)
{
    sl_stage *stage = lineage->db->stage;
    uint32_t room = lineage->names.room;
    if (room <= lineage->ids_count)
        return SQLITE_OK;
    int64_t *ids = stage->host->allocate(stage, lineage->ids, room * sizeof *ids);
    if (!ids)
        return SQLITE_NOMEM;
    memset(ids + lineage->ids_count, 0, (room - lineage->ids_count) * sizeof *ids);
    lineage->ids = ids;
    lineage->ids_count = room;
    return SQLITE_OK;
}

static int source_of(sl_lineage *lineage, const sl_origin *origin, int64_t *id)
{
    int32_t number = sl_origin_number(&lineage->names, origin);
    int rc = number < 0 ? SQLITE_NOMEM : grow(lineage);
    if (rc == SQLITE_OK && !lineage->ids[number])
        rc = find_source(lineage, origin, &lineage->ids[number]);
    *id = rc == SQLITE_OK ? lineage->ids[number] : 0;
    return rc;
}

static int bind_number(sqlite3_stmt *row, int index, int64_t number)
{
    return number > 0 ? sqlite3_bind_int64(row, index, number) : sqlite3_bind_null(row, index);
}

int sl_lineage_add(sl_lineage *lineage, int64_t transaction, int64_t row, const sl_origin *origin)
{
    sqlite3_stmt *insert = lineage->insert;
    int64_t source;
    if (transaction != lineage->transaction)
        sl_lineage_undone(lineage);
    lineage->transaction = transaction;
    int rc = source_of(lineage, origin, &source);
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_bind_int64(insert, 1, row);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(insert, 2, source);
    if (rc == SQLITE_OK)
        rc = bind_number(insert, 3, origin->row);
    if (rc == SQLITE_OK)
        rc = bind_number(insert, 4, origin->line);
    if (rc == SQLITE_OK)
        rc = sl_sqlite_bind(insert, 5, &origin->key);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(insert);
    int reset = sqlite3_reset(insert);
    return rc == SQLITE_DONE ? SQLITE_OK : (rc == SQLITE_OK ? reset : rc);
}

void sl_lineage_undone(sl_lineage *lineage)
{
    if (lineage->ids)
        memset(lineage->ids, 0, lineage->ids_count * sizeof *lineage->ids);
}

void sl_lineage_finish(sl_lineage *lineage)
{
    sqlite3_finalize(lineage->insert);
    lineage->insert = NULL;
    lineage->target = 0;
    sl_lineage_undone(lineage);
}

void sl_lineage_done(sl_lineage *lineage)
{
    sl_lineage_finish(lineage);
    sl_origin_names_done(&lineage->names);
    if (lineage->ids)
        lineage->db->stage->host->allocate(lineage->db->stage, lineage->ids, 0);
    lineage->ids = NULL;
    lineage->ids_count = 0;
}

/* ---- Looking up -------------------------------------------------------------------------------
 */

const char *sl_lineage_rowid(int32_t (*is_column)(const void *of, const char *name), const void *of)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!is_column(of, names[i]))
            return names[i];
    return NULL;
}

typedef struct columns { /* of a table */
    sqlite3 *db;
    const char *table;
} columns;

static int32_t is_column(const void *of, const char *name)
{
    const columns *in = of;
    sqlite3_stmt *row;
    int rc = sqlite3_prepare_v2(in->db,
                                "SELECT 1 FROM pragma_table_xinfo(?1, 'main') WHERE name = ?2 "
                                "COLLATE NOCASE",
                                -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(row, 1, in->table, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(row, 2, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    sqlite3_finalize(row);
    return rc != SQLITE_DONE;
}

/* Whether the row is still there. */
static int find_row(sqlite3 *db, const char *table, int64_t number, sl_lineage_found *found)
{
    sqlite3_stmt *row = NULL;
    const columns in = {.db = db, .table = table};
    const char *rowid = sl_lineage_rowid(is_column, &in);
    char *sql = rowid ? sqlite3_mprintf("SELECT 1 FROM main.\"%w\" WHERE %s = ?1", table, rowid)
                      : sqlite3_mprintf("SELECT 1 WHERE false AND ?1");
    int rc = sql ? sqlite3_prepare_v2(db, sql, -1, &row, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc == SQLITE_ERROR) /* WITHOUT ROWID */
        return SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 1, number);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    found->standing = rc == SQLITE_ROW;
    sqlite3_finalize(row);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int read_texts(sqlite3_stmt *row, sl_lineage_found *found)
{
    char **const to[] = {&found->graph, &found->exporter, &found->kind, &found->database,
                         &found->name,  &found->key_name, &found->key};
    for (int i = 0; i < (int)(sizeof to / sizeof *to); i++) {
        const char *text = (const char *)sqlite3_column_text(row, i);
        *to[i] = sqlite3_mprintf("%s", text ? text : "");
        if (!*to[i])
            return SQLITE_NOMEM;
    }
    found->row = sqlite3_column_int64(row, 7);
    found->line = sqlite3_column_int64(row, 8);
    found->several = sqlite3_column_int(row, 9);
    found->known = 1;
    return SQLITE_ROW;
}

int sl_lineage_find(sqlite3 *db, const char *table, int64_t number, sl_lineage_found *found)
{
    sqlite3_stmt *row = NULL;
    int64_t target = 0;
    *found = (sl_lineage_found){0};
    int rc = is_there(db, table, &found->table);
    if (rc != SQLITE_OK || !found->table)
        return rc;
    rc = find_target(db, table, &target);
    found->kept = target != 0;
    if (rc == SQLITE_OK)
        rc = find_row(db, table, number, found);
    if (rc != SQLITE_OK || !found->kept)
        return rc;
    rc = sqlite3_prepare_v2(db,
                            "SELECT s.graph, s.exporter, s.kind, s.\"database\", s.name, s.key, "
                            "r.key, r.number, r.line, s.several FROM " ROWS " AS r JOIN " SOURCES
                            " AS s ON s.id = r.source WHERE r.target = ?1 AND r.row = ?2",
                            -1, &row, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 1, target);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(row, 2, number);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    if (rc == SQLITE_ROW)
        rc = read_texts(row, found);
    sqlite3_finalize(row);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void sl_lineage_found_free(sl_lineage_found *found)
{
    char *const owned[] = {found->graph, found->exporter, found->kind, found->database,
                           found->name,  found->key_name, found->key};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        sqlite3_free(owned[i]);
    *found = (sl_lineage_found){0};
}

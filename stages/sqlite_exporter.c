/*
 * sqlite_exporter.c - writes rows into a table of an SQLite database; a commit is a transaction,
 * and the checkpoint is in it.
 *
 * The quick way: one INSERT ... SELECT a batch, over the batch as a virtual table. When that
 * fails on a constraint, nothing of it stays, and the batch goes in row by row: the rows that
 * the table refuses are rejected, the others go in. With lineage rows always go in one by one.
 *
 * Deliberately elsewhere: opening and waiting (sqlite_db.h), the connection and transaction that
 * exporters of one graph share (sqlite_door.h), columns and SQL (sqlite_into.h),
 * what is stored of a cell (sqlite_rows.h), the table of checkpoints (sqlite_checkpoint.h), the
 * tables of lineage (sqlite_lineage.h).
 */
#include <string.h>

#include "stages/core/value.h"
#include "stages/sqlite_checkpoint.h"
#include "stages/sqlite_door.h"
#include "stages/sqlite_into.h"
#include "stages/sqlite_lineage.h"

#define JOURNAL_WAL 0

typedef struct exporter {
    const char *database;
    const char *table;
    int32_t mode;
    const sl_value *key;
    int32_t create;
    int32_t journal;
    int64_t busy;
    int32_t keep_lineage;

    sl_sqlite db;
    sl_member member; /* of the door to the database */
    sl_arena *arena;
    sl_into_request request;
    sl_into into;
    sl_rows rows;
    char rows_table[32]; /* what the batch is called in SQL */
    int32_t ready;       /* the table is there and the statements are compiled */
    int32_t settled;     /* the table's making (or emptying) has been committed */
    int32_t warned;
    int64_t changed;    /* rows that the batch's statements changed */
    int64_t epoch;      /* of the last checkpoint */
    int32_t ours;       /* 1: this run wrote it */
    sqlite3_stmt *all;  /* inserts a batch */
    sqlite3_stmt *one;  /* inserts a row */
    sl_lineage lineage; /* kept where request.lineage is 1 */
} exporter;

static const sl_option options[] = {
    {"database", SL_OPTION_PATH, 0, offsetof(exporter, database), NULL, NULL, NULL, NULL,
     "The database file; it is made where it is not there, its directory is not."},
    {"table", SL_OPTION_TEXT, 0, offsetof(exporter, table), NULL, NULL, NULL, NULL,
     "The table to write to."},
    {"mode", SL_OPTION_CHOICE, 0, offsetof(exporter, mode), "append", NULL, NULL,
     "append|replace|upsert",
     "append adds rows; replace puts them in the place of all rows, in one transaction at the "
     "end; upsert updates the row that has the same key, or adds one."},
    {"key", SL_OPTION_COLUMNS, 0, offsetof(exporter, key), "", NULL, NULL, NULL,
     "Columns that tell rows apart: the primary key of a table that is made; a table that is "
     "there must have a unique index over them."},
    {"create", SL_OPTION_BOOLEAN, 0, offsetof(exporter, create), "true", NULL, NULL, NULL,
     "Whether a table that is not there is made."},
    {"journal", SL_OPTION_CHOICE, 0, offsetof(exporter, journal), "wal", NULL, NULL, "wal|keep",
     "wal puts a database that is made in WAL mode; keep leaves it as SQLite makes it. A database "
     "that is there is left as it is."},
    {"busy", SL_OPTION_DURATION, 0, offsetof(exporter, busy), "5s", "0s", NULL, NULL,
     "How long a locked database is waited for."},
    {"lineage", SL_OPTION_BOOLEAN, 0, offsetof(exporter, keep_lineage), "false", NULL, NULL, NULL,
     "Whether it is kept for each row where it came from, for `sluice where`; a table that has "
     "lineage goes on having it until `false` is written."},
    {0},
};

static const char manual[] =
    "A commit is one transaction: rows and checkpoint become durable together or not at all. "
    "mode: replace is one transaction from the first row to the last: until then others see the "
    "old rows, and if the run fails they stay; views, indexes and triggers of the table stay too.\n"
    "\n"
    "A table that is made gets the types that were declared for the columns (INTEGER, REAL, TEXT, "
    "BLOB, BOOLEAN, NUMERIC; json is TEXT). Columns whose types were inferred get none: SQLite "
    "keeps each of their values as it is given. In these, what spells a number is stored as that "
    "number, and everything else as the text that it is: 09005 stays text. The spelling of a "
    "number is not kept, 12.50 is 12.5: declare such a column as text to keep it.\n"
    "\n"
    "Nothing changes silently: a value that the type of an existing column would alter rejects its "
    "row, and so does what the table itself refuses (NOT NULL, UNIQUE, CHECK, foreign keys, STRICT "
    "types, triggers). The other rows of the batch go in. ON CONFLICT clauses of the table's own "
    "constraints do not count. A column of the rows that the table does not have, and a NOT NULL "
    "column without default that the rows do not have, are errors before the first row. Generated "
    "columns are not written. Text is stored byte for byte, also with NUL or invalid UTF-8 in it.\n"
    "\n"
    "Foreign keys are enforced. mode: replace refuses a table whose rows other tables would lose "
    "or change along with it (ON DELETE CASCADE, SET NULL, SET DEFAULT).\n"
    "\n"
    "lineage: true keeps for each row the file and line, or the database, table and key, that it "
    "came from, in the same transaction, in tables sluice_lineage... of the database. Rows then go "
    "in one by one, which takes longer. It is kept by rowid: a table WITHOUT ROWID has none, and "
    "VACUUM gives new rowids to a table without INTEGER PRIMARY KEY.";

static const char example[] = "- exporter: sqlite\n"
                              "  database: shop.db\n"
                              "  table: paid\n"
                              "  mode: upsert\n"
                              "  key: [id]\n";

/* ---- Looking ------------------------------------------------------------------------------ */

static sl_status prepare_self(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    if (self->arena)
        return SL_OK;
    self->db = (sl_sqlite){.stage = stage, .path = self->database, .busy = self->busy, .writes = 1};
    self->arena = sl_arena_new(stage->env);
    return self->arena ? SL_OK : sl_no_memory(stage);
}

static sl_checkpoint_key checkpoint_key(sl_stage *stage)
{
    return (sl_checkpoint_key){.graph = stage->host->graph(stage),
                               .exporter = stage->host->key(stage),
                               .target = sl_self(stage, exporter)->table};
}

static sl_status read_checkpoint(sl_sqlite *look, sl_checkpoint *found)
{
    sl_checkpoint_key key = checkpoint_key(look->stage);
    look->trusted = 1;
    int rc = sl_checkpoint_find(look->handle, &key, found);
    look->trusted = 0;
    return sl_sqlite_status(look, rc, "read the checkpoint of");
}

static sl_status recover(sl_stage *stage, sl_text *checkpoint)
{
    exporter *self = sl_self(stage, exporter);
    int32_t there;
    int64_t bytes;
    sl_checkpoint found = {0};
    if (prepare_self(stage) != SL_OK || sl_sqlite_find(&self->db, &there, &bytes) != SL_OK)
        return SL_ERROR;
    if (!there || bytes == 0)
        return SL_OK;
    sl_sqlite look = {.stage = stage, .path = self->database, .busy = self->busy, .heals = 1};
    sl_sqlite_block(&look, 1);
    sl_status status = sl_sqlite_open(&look, 0);
    if (status == SL_OK)
        status = read_checkpoint(&look, &found);
    sl_sqlite_close(&look);
    self->epoch = found.epoch;
    if (status == SL_OK && found.text)
        status = stage->host->set_text(stage, checkpoint, "%s", found.text);
    sqlite3_free(found.text);
    return status;
}

static sl_status make_request(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    self->request = (sl_into_request){.table = self->table,
                                      .mode = self->mode,
                                      .key = self->key && self->key->count ? self->key : NULL,
                                      .create = self->create};
    self->request.input = stage->host->input_columns(stage, 0, &self->request.input_count);
    return sl_into_check(stage, &self->request);
}

static sl_status promise(sl_stage *stage, int32_t empty)
{
    static const uint32_t promises[] = {SL_PROMISE_RESUMES, SL_PROMISE_WHOLE, SL_PROMISE_SAME};
    const exporter *self = sl_self(stage, exporter);
    uint32_t what = promises[self->mode];
    if (what == SL_PROMISE_RESUMES && empty && !stage->host->option(stage, "mode"))
        what |= SL_PROMISE_EMPTY;
    stage->host->promise(stage, what, NULL);
    return SL_OK;
}

/* Whether lineage is kept; db: where the table may be, NULL: there is no database yet. */
static sl_status decide_lineage(sl_stage *stage, sl_sqlite *db)
{
    exporter *self = sl_self(stage, exporter);
    self->request.lineage = self->keep_lineage;
    return sl_lineage_decide(stage, db, self->table, &self->request.lineage);
}

static void warn_grouped(sl_stage *stage)
{
    const sl_into_request *request = &sl_self(stage, exporter)->request;
    if (request->lineage)
        sl_lineage_warn_grouped(stage, request->input, request->input_count);
}

/* Looks at the table, and whether it has rows. */
static sl_status look_at(sl_stage *stage, sl_sqlite *look)
{
    exporter *self = sl_self(stage, exporter);
    sqlite3_stmt *row;
    sl_status status = decide_lineage(stage, look);
    if (status == SL_OK)
        status = sl_into_plan(stage, look, self->arena, &self->request, &self->into);
    if (status == SL_OK)
        warn_grouped(stage);
    if (status != SL_OK || self->into.table.kind == SL_TABLE_NONE)
        return status == SL_OK ? promise(stage, 1) : status;
    int rc = sl_sqlite_prepare(
        look, sqlite3_mprintf("SELECT 1 FROM main.\"%w\" LIMIT 1", self->into.table.name), &row);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(row);
    sqlite3_finalize(row);
    return rc == SQLITE_DONE ? promise(stage, 1) : sl_sqlite_status(look, rc, "look at");
}

static sl_status plan(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    int32_t there;
    int64_t bytes;
    promise(stage, 0);
    if (prepare_self(stage) != SL_OK || make_request(stage) != SL_OK ||
        decide_lineage(stage, NULL) != SL_OK)
        return SL_ERROR;
    if (stage->host->offline(stage))
        return SL_OK;
    if (sl_sqlite_find(&self->db, &there, &bytes) != SL_OK)
        return SL_ERROR;
    if (!self->request.input)
        return SL_OK;
    if (!there || bytes == 0) {
        promise(stage, 1);
        warn_grouped(stage);
        return sl_into_plan(stage, NULL, self->arena, &self->request, &self->into);
    }
    sl_sqlite look = {.stage = stage, .path = self->database, .busy = self->busy, .heals = 1};
    sl_sqlite_block(&look, 1);
    sl_status status = sl_sqlite_open(&look, 0);
    if (status == SL_OK)
        status = look_at(stage, &look);
    sl_sqlite_close(&look);
    return status;
}

/* Each exporter's batch has a name of its own on the connection that they share. */
static void number_rows(exporter *self)
{
    if (self->member.number > 1)
        sqlite3_snprintf(sizeof self->rows_table, self->rows_table, SL_ROWS_TABLE "_%u",
                         self->member.number);
    else
        sqlite3_snprintf(sizeof self->rows_table, self->rows_table, SL_ROWS_TABLE);
    self->request.rows_table = self->rows_table;
}

static sl_status open(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    int32_t there;
    int64_t bytes;
    if (prepare_self(stage) != SL_OK || make_request(stage) != SL_OK ||
        sl_sqlite_find(&self->db, &there, &bytes) != SL_OK || decide_lineage(stage, NULL) != SL_OK)
        return SL_ERROR;
    if (sl_door_find(&self->member, &self->db) != SL_OK)
        return SL_ERROR;
    number_rows(self);
    sl_door *door = self->member.door;
    door->made = door->made || !there || bytes == 0;
    if (door->made) /* the file itself is made with the first row */
        return sl_into_plan(stage, NULL, self->arena, &self->request, &self->into);
    if (sl_door_open(&self->member, &self->db, 0) != SL_OK)
        return SL_ERROR;
    sl_sqlite_block(&self->db, 1);
    if (decide_lineage(stage, &self->db) != SL_OK ||
        sl_into_plan(stage, &self->db, self->arena, &self->request, &self->into) != SL_OK)
        return SL_ERROR;
    sl_sqlite_block(&self->db, 0);
    return SL_OK;
}

/* ---- Making ready: once, in the first transaction ----------------------------------------- */

static sl_status empty_table(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    sl_status status = sl_into_check_cascades(&self->db, &self->into);
    if (status != SL_OK)
        return status;
    int rc = sl_sqlite_run(&self->db, "PRAGMA defer_foreign_keys=ON");
    char *sql = sqlite3_mprintf("DELETE FROM main.\"%w\"", self->into.table.name);
    if (rc == SQLITE_OK)
        rc = sql ? sl_sqlite_run(&self->db, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return sl_sqlite_status(&self->db, rc, "empty the table in");
}

static sl_status make_table(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    char *sql = sl_into_create(&self->into, &self->request);
    int rc = sql ? sl_sqlite_run(&self->db, sql) : SQLITE_NOMEM;
    sqlite3_free(sql);
    return sl_sqlite_status(&self->db, rc, "make the table in");
}

static sl_status check_rows_name(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    sl_table table;
    sl_status status = sl_table_look(&self->db, self->arena, self->rows_table, &table);
    if (status != SL_OK || table.kind == SL_TABLE_NONE)
        return status;
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_CONFIG,
                               .value = stage->host->option(stage, "database"),
                               .hint = "rename it"),
                      "the database has a table '%s', a name the exporter needs", self->rows_table);
}

static sl_status compile(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    self->rows =
        (sl_rows){.stage = stage, .columns = self->into.columns, .count = self->into.count};
    self->rows.values = sl_arena_take(self->arena, self->into.count * sizeof *self->rows.values);
    if (!self->rows.values)
        return sl_no_memory(stage);
    int rc = sl_rows_register(&self->rows, self->db.handle, self->rows_table);
    if (rc == SQLITE_OK)
        rc = sl_sqlite_prepare(&self->db, sl_into_insert(&self->into, &self->request, 0),
                               &self->all);
    if (rc == SQLITE_OK)
        rc = sl_sqlite_prepare(&self->db, sl_into_insert(&self->into, &self->request, 1),
                               &self->one);
    return sl_sqlite_status(&self->db, rc, "write to");
}

/* Lineage begins, goes on, or ends where `lineage: false` is written. */
static sl_status ready_lineage(sl_stage *stage, int32_t empty)
{
    exporter *self = sl_self(stage, exporter);
    int rc = SQLITE_OK;
    self->lineage.db = &self->db;
    self->lineage.table = self->into.table.name;
    if (self->request.lineage)
        rc = sl_lineage_begin(&self->lineage, empty);
    else if (stage->host->option(stage, "lineage"))
        rc = sl_lineage_stop(&self->db, self->into.table.name);
    return sl_sqlite_status(&self->db, rc, "write to");
}

/* The table as it is now, in our own transaction: looked at again, made or emptied. */
static sl_status make_ready(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    sl_status status = check_rows_name(stage);
    if (status == SL_OK)
        status = decide_lineage(stage, &self->db);
    if (status == SL_OK)
        status = sl_into_plan(stage, &self->db, self->arena, &self->request, &self->into);
    int32_t empty = self->into.table.kind == SL_TABLE_NONE || self->mode == SL_INTO_REPLACE;
    if (status == SL_OK && self->into.table.kind == SL_TABLE_NONE)
        status = make_table(stage);
    else if (status == SL_OK && empty)
        status = empty_table(stage);
    if (status == SL_OK)
        status = ready_lineage(stage, empty);
    if (status == SL_OK)
        status = compile(stage);
    self->ready = status == SL_OK;
    return status;
}

/* A transaction is open and the table is ready: SL_OK, SL_PENDING (locked), SL_ERROR. */
static sl_status begin(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    sl_status status = sl_door_open(&self->member, &self->db, self->member.door->made);
    /* The first checkpoint is durable: that there is one tells others that it was not lost. */
    int32_t durable = self->epoch == 0 || stage->host->durable(stage);
    if (status == SL_OK)
        status = sl_door_begin(&self->member, &self->db, self->journal == JOURNAL_WAL, durable);
    if (status == SL_OK && !self->ready)
        status = make_ready(stage);
    return status;
}

/* ---- Rows --------------------------------------------------------------------------------- */

/* What the table refuses, as against what fails the run. */
static int32_t is_refusal(int rc)
{
    int primary = rc & 0xff;
    return primary == SQLITE_CONSTRAINT || primary == SQLITE_MISMATCH || primary == SQLITE_TOOBIG;
}

/* 1 + the batch's column that the end of a message names ("UNIQUE constraint failed: t.id"); 0:
 * none. */
static uint32_t column_in(const exporter *self, const char *message)
{
    const char *dot = strrchr(message, '.');
    for (uint32_t i = 0; dot && i < self->into.count; i++)
        if (sqlite3_stricmp(dot + 1, self->into.columns[i].name) == 0)
            return self->into.columns[i].from + 1;
    return 0;
}

static sl_status rolled_back(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    sl_door_roll_back(&self->member, &self->db);
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_DATA, .source = self->rows.batch->source,
                               .value = stage->host->option(stage, "table"),
                               .hint = "a trigger that says RAISE(ROLLBACK) takes all rows along: "
                                       "let it say RAISE(ABORT)"),
                      "the transaction was rolled back: %s", sqlite3_errmsg(self->db.handle));
}

/* The statement that inserts a row stands at its end, or (upsert) on the rowid. */
static int add_lineage(exporter *self, int rc)
{
    int64_t rowid = sqlite3_last_insert_rowid(self->db.handle);
    int32_t upsert = self->mode == SL_INTO_UPSERT;
    if (rc != (upsert ? SQLITE_ROW : SQLITE_DONE))
        return rc; /* failed, or nothing was changed */
    if (upsert) {
        rowid = sqlite3_column_int64(self->one, 0);
        rc = sqlite3_step(self->one);
    }
    self->changed += rc == SQLITE_DONE && sqlite3_changes64(self->db.handle) > 0;
    if (rc != SQLITE_DONE || sqlite3_changes64(self->db.handle) == 0)
        return rc;
    sl_origin origin = sl_origin_of(self->rows.batch, sl_rows_row(&self->rows));
    rc = sl_lineage_add(&self->lineage, self->member.wrote, rowid, &origin);
    return rc == SQLITE_OK ? SQLITE_DONE : rc;
}

/* Inserts the row that stands: SQLITE_DONE, or why it did not go in; the statement is to be
 * reset. */
static int insert_row(exporter *self)
{
    int rc = SQLITE_OK;
    for (uint32_t i = 0; rc == SQLITE_OK && i < self->into.count; i++)
        rc = sl_sqlite_bind(self->one, (int)i + 1, &self->rows.values[i]);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(self->one);
    return self->request.lineage ? add_lineage(self, rc) : rc;
}

static sl_status insert_one(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    int rc = sl_sqlite_run(&self->db, "SAVEPOINT sluice_row");
    if (rc == SQLITE_OK)
        rc = insert_row(self);
    if (rc != SQLITE_DONE && sqlite3_get_autocommit(self->db.handle)) {
        sqlite3_reset(self->one);
        return rolled_back(stage);
    }
    if (is_refusal(rc)) {
        const char *why = sqlite3_errmsg(self->db.handle);
        sl_status status = sl_rows_refuse(&self->rows, column_in(self, why), "%s", why);
        sqlite3_reset(self->one);
        if (status != SL_OK)
            return status;
        rc = sl_sqlite_run(&self->db, "ROLLBACK TO sluice_row");
        sl_lineage_undone(&self->lineage);
    }
    sqlite3_reset(self->one);
    if (rc == SQLITE_DONE || rc == SQLITE_OK)
        rc = sl_sqlite_run(&self->db, "RELEASE sluice_row");
    return rc == SQLITE_OK ? SL_OK : sl_sqlite_fail(&self->db, rc, "write to");
}

static sl_status insert_each(sl_stage *stage, sl_batch *batch)
{
    exporter *self = sl_self(stage, exporter);
    sl_status status = SL_OK;
    sl_rows_begin(&self->rows, batch);
    while (status == SL_OK) {
        status = sl_rows_next(&self->rows);
        if (status == SL_OK)
            status = insert_one(stage);
    }
    return status == SL_END ? SL_OK : status;
}

static void warn_ignored(sl_stage *stage, int64_t rows)
{
    exporter *self = sl_self(stage, exporter);
    if (self->warned || rows <= 0 || (self->mode == SL_INTO_UPSERT && !self->into.updates))
        return;
    self->warned = 1;
    stage->host->log(stage, SL_LOG_WARNING,
                     SL_PLACE(.value = stage->host->option(stage, "table"),
                              .hint = "a trigger of the table says RAISE(IGNORE)"),
                     "table '%s' ignored %lld rows without an error", self->table, (long long)rows);
}

/* Inserts the batch as one statement, or, with lineage, row by row: SQLITE_DONE, or why not. */
static int insert_quickly(exporter *self)
{
    int rc = SQLITE_DONE;
    if (!self->request.lineage) {
        rc = sqlite3_step(self->all);
        self->changed = sqlite3_changes64(self->db.handle);
        return rc;
    }
    self->changed = 0;
    while (rc == SQLITE_DONE && sl_rows_next(&self->rows) == SL_OK) {
        rc = insert_row(self);
        if (rc == SQLITE_DONE)
            sqlite3_reset(self->one);
    }
    return rc;
}

static sl_status insert_all(sl_stage *stage, sl_batch *batch)
{
    exporter *self = sl_self(stage, exporter);
    sqlite3_stmt *statement = self->request.lineage ? self->one : self->all;
    sl_rows_begin(&self->rows, batch);
    int rc = sl_sqlite_run(&self->db, "SAVEPOINT sluice_batch");
    if (rc != SQLITE_OK)
        return sl_sqlite_fail(&self->db, rc, "write to");
    rc = insert_quickly(self);
    if (rc == SQLITE_DONE)
        warn_ignored(stage, self->rows.rows - self->changed);
    if (rc != SQLITE_DONE && sqlite3_get_autocommit(self->db.handle)) {
        sqlite3_reset(statement);
        return rolled_back(stage);
    }
    sqlite3_reset(statement);
    if (self->rows.status == SL_ERROR) /* said */
        return SL_ERROR;
    if (is_refusal(rc)) {
        rc = sl_sqlite_run(&self->db, "ROLLBACK TO sluice_batch");
        sl_lineage_undone(&self->lineage);
        if (rc == SQLITE_OK && insert_each(stage, batch) != SL_OK)
            return SL_ERROR;
    }
    if (rc == SQLITE_DONE || rc == SQLITE_OK)
        rc = sl_sqlite_run(&self->db, "RELEASE sluice_batch");
    return rc == SQLITE_OK ? SL_OK : sl_sqlite_fail(&self->db, rc, "write to");
}

static sl_status write(sl_stage *stage, sl_batch *batch)
{
    sl_status status = begin(stage);
    if (status == SL_OK)
        status = insert_all(stage, batch);
    return status == SL_OK ? sl_rows_reject(&sl_self(stage, exporter)->rows) : status;
}

/* ---- Commits ------------------------------------------------------------------------------ */

static sl_status store_checkpoint(sl_stage *stage, const sl_blob *checkpoint)
{
    exporter *self = sl_self(stage, exporter);
    sl_checkpoint_key key = checkpoint_key(stage);
    int rc = sl_checkpoint_store(self->db.handle, &key, checkpoint,
                                 stage->env->now(stage->env->context), &self->epoch, &self->ours);
    if (rc != SL_CHECKPOINT_FENCED)
        return sl_sqlite_status(&self->db, rc, "write the checkpoint to");
    return sl_fail_at(stage,
                      SL_PLACE(.code = SL_CODE_TRY_AGAIN,
                               .value = stage->host->option(stage, "database"),
                               .hint = "what the other run has committed stays; run again when "
                                       "it has ended"),
                      "another run of graph '%s' has taken over '%s'", key.graph, self->database);
}

static sl_status commit(sl_stage *stage, const sl_commit *what)
{
    exporter *self = sl_self(stage, exporter);
    int32_t needed =
        self->member.wrote || what->checkpoint.size > 0 || (what->final && !self->settled);
    if (!needed || (self->mode == SL_INTO_REPLACE && !what->final))
        return SL_OK;
    sl_status status = begin(stage);
    if (status == SL_OK)
        status = sl_sqlite_stays(&self->db);
    if (status == SL_OK && what->checkpoint.size > 0)
        status = store_checkpoint(stage, &what->checkpoint);
    if (status == SL_OK)
        status = sl_door_commit(&self->member, &self->db);
    self->settled = self->settled || status == SL_OK;
    return status;
}

static void finalize(exporter *self)
{
    sqlite3_finalize(self->all);
    sqlite3_finalize(self->one);
    self->all = self->one = NULL;
    sl_lineage_finish(&self->lineage);
    self->ready = 0;
}

static sl_status forget(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    sl_door_roll_back(&self->member, &self->db);
    if (!self->settled) /* what was made ready never became real */
        finalize(self);
    return SL_OK;
}

static void close(sl_stage *stage)
{
    exporter *self = sl_self(stage, exporter);
    sl_door_roll_back(&self->member, &self->db);
    finalize(self);
    sl_lineage_done(&self->lineage);
    sl_rows_done(&self->rows);
    sl_door_leave(&self->member, &self->db);
    sl_arena_free(self->arena);
    self->arena = NULL;
}

const sl_stage_type sl_sqlite_exporter = {
    SL_STAGE_TYPE,
    .name = "sqlite",
    .version = "1.0",
    .summary = "Writes rows into a table of an SQLite database, in transactions.",
    .manual = manual,
    .example = example,
    .role = SL_EXPORTER,
    .traits = SL_TRAIT_TRANSACTION | SL_TRAIT_REHEARSES,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(exporter),
    .options = options,
    .recover = recover,
    .plan = plan,
    .open = open,
    .write = write,
    .commit = commit,
    .abort = forget,
    .close = close,
};

/*
 * sqlite_reader.c - reads a table or query of an SQLite database, a page of rows a batch.
 *
 * Deliberately elsewhere: opening and waiting (sqlite_db.h), what to read (sqlite_source.h),
 * turning pages and positions (sqlite_page.h, sqlite_place.h).
 */
#include <string.h>

#include "stages/core/value.h"
#include "stages/sqlite_source.h"

#define SLAB ((size_t)65536) /* bytes of a batch taken at once */

typedef struct reader {
    const char *database;
    const char *table;
    const char *query;
    const sl_value *key;
    const sl_value *columns;
    int32_t page_option;
    int64_t busy;

    sl_sqlite db;
    sl_arena *arena;
    sl_page page;
    uint32_t columns_count;
    int32_t planned;
    int32_t ended;

    char *slab; /* the end of what the batch gave last */
    size_t slab_size, slab_used;
    int64_t given; /* rows, in this run */
} reader;

static const sl_option options[] = {
    {"database", SL_OPTION_PATH, 0, offsetof(reader, database), NULL, NULL, NULL, NULL,
     "The database file; it is opened for reading only and never made."},
    {"table", SL_OPTION_TEXT, 0, offsetof(reader, table), "", NULL, NULL, NULL,
     "The table or view to read; either this or `query`."},
    {"query", SL_OPTION_SQL, 0, offsetof(reader, query), "", NULL, NULL, NULL,
     "A SELECT whose rows are read; params of the graph stand in it as :name."},
    {"key", SL_OPTION_LIST, 0, offsetof(reader, key), "", NULL, NULL, NULL,
     "Columns that are unique together and never NULL, by which pages are turned; tables have one "
     "of their own."},
    {"page", SL_OPTION_CHOICE, 0, offsetof(reader, page_option), "auto", NULL, NULL,
     "auto|offset|keyset|cursor", "How rows are read in pages of a batch; see the manual."},
    {"columns", SL_OPTION_MAP, 0, offsetof(reader, columns), "", NULL, NULL, NULL,
     "Types of columns, where the schema's are not what you mean: {amount: real}."},
    {"busy", SL_OPTION_DURATION, 0, offsetof(reader, busy), "5s", "0s", NULL, NULL,
     "How long a locked database is waited for."},
    {0},
};

static const char manual[] =
    "Rows come with the values that the database holds, each typed by itself: NULL, integer, real, "
    "text or blob. A column's type is that of its declaration, by SQLite's affinity rules; a "
    "column without one is `any`. `columns` says otherwise; text that spells a number in a column "
    "that it makes numeric is then read as that number.\n"
    "\n"
    "page: keyset reads each page as a short transaction of its own that begins behind the last "
    "key, so that writers are not held up and rows that come or go meanwhile neither hide nor "
    "repeat others. A table is read by its INTEGER PRIMARY KEY or rowid, a table WITHOUT ROWID by "
    "its primary key. For a view or a query name the `key`; it is checked while reading that it is "
    "unique and not NULL. A query that groups or sorts is computed anew for each page: use cursor "
    "for it. page: cursor reads everything in one transaction: one frozen picture, but a database "
    "in WAL mode cannot shrink its log as long as it lasts, and one without WAL cannot be written "
    "to. page: offset is LIMIT and OFFSET: it grows slower with every page, and fails as soon as "
    "anybody has written to the database. page: auto is keyset where there is a key, else cursor.\n"
    "\n"
    "A reader can be resumed behind its last key. VACUUM may give new rowids to a table without "
    "INTEGER PRIMARY KEY: name a `key` if that can happen between two runs.\n"
    "\n"
    "The database is not trusted: a query may only SELECT, schemas may not call functions with "
    "effects, and a double-quoted word is a name, never a string. Text that is not valid UTF-8 and "
    "rows that are larger than a batch are rejected rows; CAST(name AS BLOB) in a query carries "
    "such text through. Reading a database in WAL mode may leave its -wal and -shm files beside "
    "it, as every reader does that may not write. Columns with the same name become name, name_2; "
    "a column without a name "
    "becomes column_1.";

static const char example[] = "- reader: sqlite\n"
                              "  database: shop.db\n"
                              "  query: SELECT id, total FROM orders WHERE country = :country\n"
                              "  key: id\n";

/* ---- Life ------------------------------------------------------------------------------- */

static sl_status describe(sl_stage *stage)
{
    reader *self = sl_self(stage, reader);
    const sl_column *columns;
    uint32_t count;
    sl_source_request request = {.table = self->table,
                                 .query = self->query,
                                 .key = self->key,
                                 .types = self->columns,
                                 .page = self->page_option};
    if (!self->arena)
        self->arena = sl_arena_new(stage->env);
    if (!self->arena)
        return sl_no_memory(stage);
    sl_sqlite_block(&self->db, 1);
    if (sl_sqlite_open(&self->db, 0) != SL_OK)
        return SL_ERROR;
    self->page = (sl_page){.db = &self->db};
    if (sl_source_plan(&self->page, self->arena, &request, &columns, &count) != SL_OK)
        return SL_ERROR;
    sl_sqlite_block(&self->db, 0);
    self->columns_count = count;
    self->planned = 1;
    return stage->host->columns(stage, columns, count, sizeof *columns);
}

static sl_status check_options(sl_stage *stage)
{
    const reader *self = sl_self(stage, reader);
    if (!self->table == !self->query)
        return sl_fail_at(
            stage,
            SL_PLACE(.code = SL_CODE_CONFIG, .value = stage->host->option(stage, "query"),
                     .hint = "`table: NAME` reads all of a table, `query: SELECT ...` "
                             "what you ask for"),
            self->table ? "'table' and 'query' exclude each other"
                        : "either 'table' or 'query' is required");
    return SL_OK;
}

static sl_status plan(sl_stage *stage)
{
    reader *self = sl_self(stage, reader);
    int32_t there;
    self->db = (sl_sqlite){.stage = stage, .path = self->database, .busy = self->busy};
    if (check_options(stage) != SL_OK)
        return SL_ERROR;
    if (stage->host->offline(stage))
        return SL_OK;
    if (sl_sqlite_find(&self->db, &there, NULL) != SL_OK)
        return SL_ERROR;
    return there ? describe(stage) : SL_OK;
}

static sl_status open(sl_stage *stage)
{
    return sl_self(stage, reader)->planned ? SL_OK : describe(stage);
}

static void close(sl_stage *stage)
{
    reader *self = sl_self(stage, reader);
    sl_page_close(&self->page);
    sl_sqlite_close(&self->db);
    sl_arena_free(self->arena);
    self->arena = NULL;
}

static void interrupt(sl_stage *stage)
{
    sl_sqlite_interrupt(&sl_self(stage, reader)->db);
}

/* ---- Rows ------------------------------------------------------------------------------- */

/* Room for `size` bytes in the batch: SL_OK, SL_END: it does not fit, SL_ERROR: said. */
static sl_status take_bytes(sl_stage *stage, sl_batch *batch, size_t size, char **bytes)
{
    reader *self = sl_self(stage, reader);
    const sl_host *host = stage->host;
    if (size > self->slab_size - self->slab_used) {
        if (self->slab)
            host->trim(stage, batch, self->slab, self->slab_size, self->slab_used);
        self->slab_size = self->slab_used = 0;
        self->slab = NULL;
        size_t room = host->room(stage, batch);
        if (size > room)
            return SL_END;
        size_t asked = room < SLAB ? room : SLAB;
        asked = size > asked ? size : asked;
        self->slab = host->bytes(stage, batch, asked);
        if (!self->slab)
            return sl_no_memory(stage);
        self->slab_size = asked;
    }
    *bytes = self->slab + self->slab_used;
    self->slab_used += size;
    return SL_OK;
}

static sl_status copy_bytes(sl_stage *stage, sl_batch *batch, const void *from, int size,
                            sl_cell *cell)
{
    char *bytes = NULL;
    cell->as.text = "";
    cell->size = (uint32_t)size;
    if (size == 0)
        return SL_OK;
    if (!from) /* SQLite had no memory to give it */
        return sl_no_memory(stage);
    sl_status status = take_bytes(stage, batch, (size_t)size, &bytes);
    if (status != SL_OK)
        return status;
    memcpy(bytes, from, (size_t)size);
    cell->as.text = bytes;
    return SL_OK;
}

/* One value: SL_OK, SL_END: the batch is full, SL_ERROR. */
static inline sl_status copy_value(sl_stage *stage, sl_batch *batch, sqlite3_stmt *row, int column,
                                   sl_cell *cell)
{
    const void *from;
    *cell = (sl_cell){.kind = SL_NULL};
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        cell->kind = SL_INTEGER;
        cell->as.integer = sqlite3_column_int64(row, column);
        return SL_OK;
    case SQLITE_FLOAT:
        cell->kind = SL_REAL;
        cell->as.real = sqlite3_column_double(row, column);
        return SL_OK;
    case SQLITE_TEXT:
        cell->kind = SL_TEXT;
        from = sqlite3_column_text(row, column);
        if (!from)
            return sl_no_memory(stage);
        return copy_bytes(stage, batch, from, sqlite3_column_bytes(row, column), cell);
    case SQLITE_BLOB:
        cell->kind = SL_BLOB;
        from = sqlite3_column_blob(row, column);
        return copy_bytes(stage, batch, from, sqlite3_column_bytes(row, column), cell);
    default:
        return SL_OK;
    }
}

static sl_status copy_row(sl_stage *stage, sl_batch *batch)
{
    reader *self = sl_self(stage, reader);
    sqlite3_stmt *row = self->page.statement;
    for (uint32_t c = 0; c < self->columns_count; c++) {
        sl_status status = copy_value(stage, batch, row, (int)c, &batch->columns[c][batch->rows]);
        if (status != SL_OK)
            return status;
    }
    return SL_OK;
}

/* Text that is not UTF-8 rejects its row, the last one of the batch. */
static sl_status check_text(sl_stage *stage, sl_batch *batch)
{
    uint32_t row = batch->rows - 1;
    for (uint32_t c = 0; c < batch->columns_count; c++) {
        const sl_cell *cell = &batch->columns[c][row];
        if (cell->kind != SL_TEXT)
            continue;
        size_t valid = sl_value_utf8(cell->as.text, cell->size);
        if (valid < cell->size)
            return sl_reject(stage, batch, row, c + 1, "text is not valid UTF-8 at byte %zu",
                             valid + 1);
    }
    return SL_OK;
}

/* A row that no batch could hold. */
static sl_status reject_large(sl_stage *stage)
{
    reader *self = sl_self(stage, reader);
    const sl_place place = {.code = SL_CODE_DATA,
                            .source = self->database,
                            .row = self->page.row + 1,
                            .hint = "raise `batch: {bytes: ...}` of the graph"};
    if (stage->host->reject_raw(stage, &place, NULL, 0,
                                "the row is larger than a batch (%lld bytes)",
                                (long long)stage->host->batch_bytes(stage)) != SL_OK)
        return SL_ERROR;
    return sl_page_took(&self->page, 1);
}

/* Fills the batch from the page: SL_OK: there is more, SL_END: the source has no more rows, or
 * why it stopped. */
static sl_status fill(sl_stage *stage, sl_batch *batch)
{
    reader *self = sl_self(stage, reader);
    sl_page *page = &self->page;
    int32_t peeks = page->mode == SL_PAGE_KEYSET && !page->key_known;
    while (page->left > 0 || peeks) {
        sl_status status = sl_page_step(page);
        if (status != SL_OK)
            return status == SL_END && page->left == 0 ? SL_OK : status;
        if (batch->rows == 0)
            batch->first_row = page->row + 1;
        status = copy_row(stage, batch);
        if (status == SL_END && batch->rows > 0)
            return SL_OK; /* the batch is full: the row comes again */
        if (status == SL_END)
            status = reject_large(stage);
        else if (status == SL_OK) {
            batch->rows++;
            status = check_text(stage, batch);
            if (status == SL_OK)
                status = sl_page_took(page, 0);
        }
        if (status != SL_OK)
            return status;
    }
    return SL_OK;
}

static sl_status read_page(sl_stage *stage, sl_batch *batch)
{
    reader *self = sl_self(stage, reader);
    int64_t limit = stage->host->row_limit(stage);
    int64_t rows = batch->capacity;
    if (limit >= 0 && limit - self->given < rows)
        rows = limit > self->given ? limit - self->given : 1;
    sl_status status = sl_page_begin(&self->page, (uint32_t)rows);
    if (status == SL_OK)
        status = fill(stage, batch);
    if (self->slab)
        stage->host->trim(stage, batch, self->slab, self->slab_size, self->slab_used);
    self->slab = NULL;
    self->slab_size = self->slab_used = 0;
    sl_status ended = sl_page_end(&self->page, batch);
    return status == SL_ERROR || ended == SL_OK ? status : ended;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    reader *self = sl_self(stage, reader);
    sl_status status = SL_OK;
    if (self->ended)
        return SL_END;
    sl_batch *batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    batch->source = self->table ? self->table : self->database;
    while (status == SL_OK && batch->rows == 0)
        status = read_page(stage, batch);
    self->ended = status == SL_END;
    if (status == SL_ERROR || batch->rows == 0) {
        sl_release(stage, batch);
        return status;
    }
    batch->selected = batch->rows;
    self->given += batch->rows;
    *given = batch;
    return SL_OK;
}

/* ---- Positions -------------------------------------------------------------------------- */

static sl_status tell(sl_stage *stage, sl_text *position)
{
    return sl_page_tell(&sl_self(stage, reader)->page, position);
}

static sl_status seek(sl_stage *stage, const char *position)
{
    return sl_page_seek(&sl_self(stage, reader)->page, position);
}

const sl_stage_type sl_sqlite_reader = {
    SL_STAGE_TYPE,          .name = "sqlite",
    .version = "1.0",       .summary = "Reads a table, a view or a query of an SQLite database.",
    .manual = manual,       .example = example,
    .role = SL_READER,      .self_size = sizeof(reader),
    .options = options,     .plan = plan,
    .open = open,           .next = next,
    .tell = tell,           .seek = seek,
    .interrupt = interrupt, .close = close,
};

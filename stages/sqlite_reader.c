/*
 * sqlite_reader.c - reads a table or query of an SQLite database, a page of rows a batch.
 *
 * Deliberately elsewhere: opening and waiting (sqlite_db.h), what to read (sqlite_source.h),
 * turning pages and positions (sqlite_page.h, sqlite_place.h).
 */
#include <string.h>

#include "stages/core/value.h"
#include "stages/sqlite_origin.h"
#include "stages/sqlite_position.h"
#include "stages/sqlite_source.h"

#define SLAB ((size_t)65536) /* bytes of a batch taken at once */

typedef struct reader {
    const char *database;
    const char *table;
    const char *query;
    const sl_value *key;
    const sl_value *columns;
    int32_t page_option;
    int64_t max_age;
    int64_t max_wal;
    int32_t snapshot;
    int32_t follow;
    int64_t poll;
    double overlap;
    int64_t busy;

    sl_sqlite db;
    sl_arena *arena;
    sl_page page;
    uint32_t columns_count;
    int32_t planned;
    int32_t ended;
    sl_sqlite_origin origin; /* of rows, where lineage is wanted */

    char *slab; /* the end of what the batch gave last */
    size_t slab_size, slab_used;
    int32_t beyond_ascii; /* the row has text that must be looked at */
    int64_t given;        /* rows, in this run */
} reader;

static const sl_option options[] = {
    {"database", SL_OPTION_PATH, SL_OPTION_SOURCE, offsetof(reader, database), NULL, NULL, NULL,
     NULL, "The database file; it is opened for reading only and never made."},
    {"table", SL_OPTION_TEXT, SL_OPTION_SOURCE, offsetof(reader, table), "", NULL, NULL, NULL,
     "The table or view to read; either this or `query`."},
    {"query", SL_OPTION_SQL, SL_OPTION_SOURCE, offsetof(reader, query), "", NULL, NULL, NULL,
     "A SELECT whose rows are read; params of the graph stand in it as :name."},
    {"key", SL_OPTION_LIST, SL_OPTION_SOURCE, offsetof(reader, key), "", NULL, NULL, NULL,
     "Columns that are unique together and never NULL, by which pages are turned; tables have one "
     "of their own."},
    {"page", SL_OPTION_CHOICE, SL_OPTION_SOURCE, offsetof(reader, page_option), "auto", NULL, NULL,
     "auto|offset|keyset|cursor", "How rows are read in pages of a batch; see the manual."},
    {"columns", SL_OPTION_MAP, 0, offsetof(reader, columns), "", NULL, NULL, NULL,
     "Types of columns, where the schema's are not what you mean: {amount: real}."},
    {"follow", SL_OPTION_BOOLEAN, 0, offsetof(reader, follow), "false", NULL, NULL, NULL,
     "Wait for new rows behind the last key; the reader never ends."},
    {"poll", SL_OPTION_DURATION, 0, offsetof(reader, poll), "1s", "1ms", NULL, NULL,
     "With `follow`: how often it is looked whether the database was written to."},
    {"overlap", SL_OPTION_REAL, 0, offsetof(reader, overlap), "0", "0", NULL, NULL,
     "How far behind the last key rows may still come late, in units of the key; each is given "
     "once. At most 10,000 rows."},
    {"snapshot", SL_OPTION_BOOLEAN, 0, offsetof(reader, snapshot), "false", NULL, NULL, NULL,
     "Read all rows of a run in one read transaction: one frozen picture, whatever it costs "
     "others."},
    {"max_age", SL_OPTION_DURATION, 0, offsetof(reader, max_age), "60s", "0s", NULL, NULL,
     "How long a cursor's read transaction lasts before another is begun behind the last key; 0s: "
     "no bound."},
    {"max_wal", SL_OPTION_SIZE, 0, offsetof(reader, max_wal), "64MiB", "0", NULL, NULL,
     "How long the database's WAL may grow until then; 0: no bound."},
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
    "unique and not NULL. page: cursor is one statement in one read transaction; where there is a "
    "key it is begun anew behind the last one after `max_age` or beyond `max_wal`, where there is "
    "none it goes on with a warning: a database in WAL mode cannot shrink its log as long as it "
    "lasts, and one without WAL cannot be written to. page: offset is LIMIT and OFFSET: it grows "
    "slower with every page, and fails as soon as anybody has written to the database. page: auto "
    "is keyset where there is a key, a cursor in the order of the key where each page would read "
    "the whole query anew, else a cursor. `sluice check` says which one, and why.\n"
    "\n"
    "A reader can be resumed behind its last key. Where the file or the schema has changed since, "
    "the last row read, or the first, must be as it was, or the run stops: the table may be "
    "another one. A reader without a key reads again what it had read, and stops where that "
    "differs. VACUUM may give new rowids to a table that declares no key; that is noticed, and "
    "the run stops. A table without AUTOINCREMENT may give the number of its last row, once "
    "deleted, to a new row: declare AUTOINCREMENT where last rows are deleted and others come.\n"
    "\n"
    "follow: true waits for new rows by a key that grows. Where rows may become visible later than "
    "others with larger keys (a key that is a time, or given out before the commit), `overlap` "
    "says by how much; such rows are given once, also across runs.\n"
    "\n"
    "The database is not trusted: a query may only SELECT, schemas may not call functions with "
    "effects, and a double-quoted word is a name, never a string. Text that is not valid UTF-8 and "
    "rows that are larger than a batch are rejected rows; CAST(name AS BLOB) in a query carries "
    "such text through. Reading a database in WAL mode may leave its -wal and -shm files beside "
    "it, as every reader does that may not write. Columns with the same name become name, name_2; "
    "a column without a name becomes column_1.";

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
    self->page = (sl_page){.db = &self->db,
                           .follows = self->follow,
                           .snapshot = self->snapshot,
                           .max_age = self->max_age,
                           .max_wal = self->max_wal,
                           .window = {.overlap = self->overlap}};
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
    sl_sqlite_origin_done(&self->origin);
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

/* Most text is ASCII, and short: the last bytes are looked at with those before them. */
static inline int32_t is_ascii(const char *text, size_t size)
{
    uint64_t word = 0, seen = 0;
    if (size < sizeof word) {
        for (size_t i = 0; i < size; i++)
            seen |= (unsigned char)text[i];
        return !(seen & 0x80);
    }
    for (size_t at = 0; at + sizeof word < size; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        seen |= word;
    }
    memcpy(&word, text + size - sizeof word, sizeof word);
    return !((seen | word) & UINT64_C(0x8080808080808080));
}

static sl_status copy_text(sl_stage *stage, sl_batch *batch, sqlite3_value *value, sl_cell *cell)
{
    const unsigned char *from = sqlite3_value_text(value);
    if (!from)
        return sl_no_memory(stage);
    sl_status status = copy_bytes(stage, batch, from, sqlite3_value_bytes(value), cell);
    if (status == SL_OK && !is_ascii(cell->as.text, cell->size))
        sl_self(stage, reader)->beyond_ascii = 1;
    return status;
}

/* One value: SL_OK, SL_END: the batch is full, SL_ERROR. The value is asked of SQLite once; its
 * connection belongs to one thread, as sqlite3_value_*() needs. */
static inline sl_status copy_value(sl_stage *stage, sl_batch *batch, sqlite3_stmt *row, int column,
                                   sl_cell *cell)
{
    sqlite3_value *value = sqlite3_column_value(row, column);
    const void *from;
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        *cell = (sl_cell){.kind = SL_INTEGER, .as.integer = sqlite3_value_int64(value)};
        return SL_OK;
    case SQLITE_FLOAT:
        *cell = (sl_cell){.kind = SL_REAL, .as.real = sqlite3_value_double(value)};
        return SL_OK;
    case SQLITE_TEXT:
        *cell = (sl_cell){.kind = SL_TEXT};
        return copy_text(stage, batch, value, cell);
    case SQLITE_BLOB:
        *cell = (sl_cell){.kind = SL_BLOB};
        from = sqlite3_value_blob(value);
        return copy_bytes(stage, batch, from, sqlite3_value_bytes(value), cell);
    default:
        *cell = (sl_cell){.kind = SL_NULL};
        return SL_OK;
    }
}

/* Where the row that stands comes from, its key's bytes in the batch. */
static sl_status copy_origin(sl_stage *stage, sl_batch *batch)
{
    reader *self = sl_self(stage, reader);
    sl_cell *key = &batch->origins[batch->rows].key;
    sl_status status = sl_sqlite_origin_note(&self->origin, &self->page, batch);
    if (status == SL_OK && key->kind == SL_TEXT)
        status = copy_bytes(stage, batch, key->as.text, (int)key->size, key);
    if (status == SL_END && batch->rows == 0) { /* it fits without its key: that is left out */
        *key = (sl_cell){.kind = SL_NULL};
        return SL_OK;
    }
    return status;
}

static sl_status copy_row(sl_stage *stage, sl_batch *batch)
{
    reader *self = sl_self(stage, reader);
    sqlite3_stmt *row = self->page.statement;
    self->beyond_ascii = 0;
    for (uint32_t c = 0; c < self->columns_count; c++) {
        sl_status status = copy_value(stage, batch, row, (int)c, &batch->columns[c][batch->rows]);
        if (status != SL_OK)
            return status;
    }
    return batch->origins ? copy_origin(stage, batch) : SL_OK;
}

/* Text that is not UTF-8 rejects its row, the last one of the batch. */
static sl_status check_text(sl_stage *stage, sl_batch *batch)
{
    uint32_t row = batch->rows - 1;
    if (!sl_self(stage, reader)->beyond_ascii)
        return SL_OK;
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
    int32_t peeks = sl_page_is_keyed(page) && !page->key_known;
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

/* Reads a page into the batch, which has taken `taken` rows that were rejected outright. */
static sl_status read_page(sl_stage *stage, sl_batch *batch, int64_t taken)
{
    reader *self = sl_self(stage, reader);
    int64_t limit = stage->host->row_limit(stage);
    int64_t rows = batch->capacity - taken;
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

/* Fills the batch as far as one page goes, or further pages whose rows were all rejected. */
static sl_status read_batch(sl_stage *stage, sl_batch *batch)
{
    const sl_page *page = &sl_self(stage, reader)->page;
    int64_t row = page->row;
    sl_status status = SL_OK;
    while (status == SL_OK && batch->rows == 0 && page->row - row < batch->capacity)
        status = read_page(stage, batch, page->row - row);
    if (status == SL_END && !page->follows)
        sl_self(stage, reader)->ended = 1;
    return status == SL_ERROR || page->row == row ? status : SL_OK;
}

/* No more rows for now: nothing is done until the database is written to. */
static sl_status wait(sl_stage *stage)
{
    stage->host->wake_after(stage, sl_self(stage, reader)->poll);
    return SL_PENDING;
}

static sl_status next(sl_stage *stage, sl_batch **given)
{
    reader *self = sl_self(stage, reader);
    sl_page *page = &self->page;
    if (self->ended)
        return SL_END;
    sl_status status = SL_OK;
    if (page->follows && page->idle)
        status = sl_sqlite_stays(&self->db) == SL_OK ? sl_page_poll(page) : SL_ERROR;
    if (status != SL_OK)
        return status == SL_END ? wait(stage) : status;
    sl_batch *batch = stage->host->batch(stage, 0);
    if (!batch)
        return SL_ERROR;
    batch->source = self->table ? self->table : self->database;
    batch->lines = NULL; /* a table has none */
    status = sl_sqlite_origin_begin(&self->origin, stage, self->database, self->table, batch);
    if (status == SL_OK)
        status = read_batch(stage, batch);
    if (status != SL_OK) {
        sl_release(stage, batch);
        return status == SL_END && page->follows ? wait(stage) : status;
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
    reader *self = sl_self(stage, reader);
    sl_sqlite_block(&self->db, 1);
    sl_status status = sl_page_seek(&self->page, position);
    sl_sqlite_block(&self->db, 0);
    return status;
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

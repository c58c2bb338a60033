/*
 * sqlite_page.c - the steps of a page, its beginning and its end; see sqlite_page.h.
 *
 * Deliberately elsewhere: its SQL (sqlite_page_sql.h).
 */
#include "stages/sqlite_page.h"

#include <math.h>
#include <string.h>

#include "stages/sqlite_page_sql.h"
#include "stages/sqlite_place.h"
#include "stages/sqlite_proof.h"

int32_t sl_page_is_keyed(const sl_page *page)
{
    return page->key_count > 0 && page->mode != SL_PAGE_OFFSET;
}

static int32_t is_checked(const sl_page *page)
{
    return sl_page_is_keyed(page) && !page->key_known;
}

/* ---- Making ----------------------------------------------------------------------------- */

static int make_row(sl_page_row *row, uint32_t parts, sl_arena *arena)
{
    row->key = sl_arena_take(arena, (parts + 1) * sizeof *row->key);
    row->bytes = sl_arena_take(arena, (parts + 1) * sizeof *row->bytes);
    row->room = sl_arena_take(arena, (parts + 1) * sizeof *row->room);
    return row->key && row->bytes && row->room ? 0 : -1;
}

static sl_status keep_names(sl_page *page, sqlite3_stmt *statement, sl_arena *arena)
{
    page->columns_count = (uint32_t)sqlite3_column_count(statement);
    page->names = sl_arena_take(arena, (page->columns_count + 1) * sizeof *page->names);
    for (uint32_t i = 0; page->names && i < page->columns_count; i++) {
        const char *name = sqlite3_column_name(statement, (int)i);
        page->names[i] = name ? sl_arena_copy(arena, name, strlen(name)) : NULL;
        if (!page->names[i])
            return sl_no_memory(page->db->stage);
    }
    return page->names ? SL_OK : sl_no_memory(page->db->stage);
}

sl_status sl_page_open(sl_page *page, sl_arena *arena)
{
    if (make_row(&page->first, page->key_count, arena) < 0 ||
        make_row(&page->last, page->key_count, arena) < 0)
        return sl_no_memory(page->db->stage);
    char *sql = sl_page_sql(page, 0);
    sqlite3_stmt *statement;
    int rc = sql ? sqlite3_prepare_v2(page->db->handle, sql, -1, &statement, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        return sl_sqlite_status(page->db, rc, "read");
    sl_status status = keep_names(page, statement, arena);
    sqlite3_finalize(statement);
    return status == SL_OK ? sl_proof_source(page, arena) : status;
}

static void free_row(sl_stage *stage, const sl_page_row *row, uint32_t parts)
{
    for (uint32_t i = 0; row->bytes && i < parts; i++) {
        stage->host->allocate(stage, row->bytes[i], 0);
        row->bytes[i] = NULL;
    }
}

void sl_page_close(sl_page *page)
{
    if (!page->db)
        return;
    for (int i = 0; i < 2; i++) {
        sqlite3_finalize(page->statements[i]);
        page->statements[i] = NULL;
    }
    sqlite3_finalize(page->version_statement);
    page->statement = page->version_statement = NULL;
    free_row(page->db->stage, &page->first, page->key_count);
    free_row(page->db->stage, &page->last, page->key_count);
    sl_window_free(page->db->stage, &page->window);
}

/* ---- Beginning a page ------------------------------------------------------------------- */

/* Both statements before the first page: one that is prepared later would not notice that the
 * schema has changed since the page before (see check_schema). */
static sl_status prepare(sl_page *page)
{
    for (int later = 0; later <= sl_page_is_keyed(page); later++) {
        if (page->statements[later])
            continue;
        char *sql = sl_page_sql(page, later);
        int rc = sql ? sqlite3_prepare_v3(page->db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                          &page->statements[later], NULL)
                     : SQLITE_NOMEM;
        sqlite3_free(sql);
        if (rc != SQLITE_OK)
            return sl_sqlite_status(page->db, rc, "read");
        sl_status status = sl_sqlite_bind_params(page->db, page->statements[later], page->value);
        if (status != SL_OK)
            return status;
    }
    page->statement = page->statements[sl_page_is_keyed(page) && page->last.known];
    return SL_OK;
}

sl_status sl_page_version(sl_page *page, int64_t *version)
{
    sl_sqlite *db = page->db;
    int rc = SQLITE_OK;
    if (!page->version_statement)
        rc = sl_sqlite_prepare(db, sqlite3_mprintf("PRAGMA main.data_version"),
                               &page->version_statement);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(page->version_statement);
    if (rc == SQLITE_ROW) {
        *version = sqlite3_column_int64(page->version_statement, 0);
        sl_sqlite_waited(db);
    }
    sqlite3_reset(page->version_statement);
    return sl_sqlite_status(db, rc, "read");
}

static sl_status fail_changed(sl_page *page)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .row = page->row + 1,
                               .value = page->db->stage->host->option(page->db->stage, "page"),
                               .hint = "rows would be skipped or repeated: name a unique `key` for "
                                       "`page: keyset`, or use `page: cursor`, and run again"),
                      "'%s' was changed while `page: offset` read it", page->db->path);
}

/* Begins a read transaction where the page needs one that is longer than its statement, and
 * looks whether anybody has committed since the page before. */
static sl_status look_version(sl_page *page)
{
    int32_t offset = page->mode == SL_PAGE_OFFSET, overlaps = page->window.overlap > 0;
    if ((offset || overlaps || page->snapshot) && sqlite3_get_autocommit(page->db->handle)) {
        int rc = sl_sqlite_run(page->db, "BEGIN");
        if (rc != SQLITE_OK)
            return sl_sqlite_status(page->db, rc, "read");
    }
    if (!offset && !overlaps && !page->follows)
        return SL_OK;
    int64_t version = 0;
    sl_status status = sl_page_version(page, &version);
    if (status != SL_OK)
        return status;
    if (offset && page->version != 0 && page->version != version)
        return fail_changed(page);
    page->version = version;
    page->idle = 0;
    return SL_OK;
}

int sl_page_bind_rows(const sl_page *page, int64_t rows, int64_t offset)
{
    int at = sqlite3_bind_parameter_index(page->statement, "@rows");
    int rc = at ? sqlite3_bind_int64(page->statement, at, rows) : SQLITE_OK;
    at = sqlite3_bind_parameter_index(page->statement, "@offset");
    return at && rc == SQLITE_OK ? sqlite3_bind_int64(page->statement, at, offset) : rc;
}

int sl_page_bind_key(const sl_page *page, sqlite3_stmt *statement, const sl_cell *key)
{
    int rc = SQLITE_OK;
    for (uint32_t i = 0; rc == SQLITE_OK && i < page->key_count; i++) {
        char name[24];
        sqlite3_snprintf(sizeof name, name, "@key%u", i);
        int at = sqlite3_bind_parameter_index(statement, name);
        const char *bytes = key[i].size > 0 ? key[i].as.text : "";
        if (at == 0)
            continue;
        /* Copied: the statement compares with it while the next key is remembered. */
        if (key[i].kind == SL_TEXT)
            rc = sqlite3_bind_text64(statement, at, bytes, key[i].size, SQLITE_TRANSIENT,
                                     SQLITE_UTF8);
        else if (key[i].kind == SL_BLOB)
            rc = sqlite3_bind_blob64(statement, at, bytes, key[i].size, SQLITE_TRANSIENT);
        else
            rc = sl_sqlite_bind(statement, at, &key[i]);
    }
    return rc;
}

/* `overlap`: where somebody has written, the page begins that far before the last key. */
static int32_t must_scan(const sl_page *page)
{
    return page->window.overlap > 0 && page->last.known && page->scan_done != page->version;
}

static sl_status bind(sl_page *page, uint32_t rows)
{
    /* One row more than is given: so a tie across the end of a page is seen. */
    int rc = sl_page_bind_rows(page, (int64_t)rows + is_checked(page), page->row);
    page->scanning = must_scan(page);
    if (rc == SQLITE_OK && page->scanning) {
        const sl_cell low = sl_window_low(&page->window, page->last.key);
        page->scanned = (sl_cell){.kind = SL_NULL};
        page->scan_end = *page->last.key;
        rc = sl_page_bind_rows(page, -1, 0);
        if (rc == SQLITE_OK)
            rc = sl_page_bind_key(page, page->statement, &low);
    } else if (rc == SQLITE_OK && page->last.known) {
        rc = sl_page_bind_key(page, page->statement, page->last.key);
        if (page->window.overlap > 0)
            page->scan_done = page->version;
    } else if (rc == SQLITE_OK) {
        page->scan_done = page->version;
    }
    return sl_sqlite_status(page->db, rc, "read");
}

/* ---- A cursor's age --------------------------------------------------------------------- */

static int64_t wal_bytes(const sl_page *page)
{
    const sl_env *env = page->db->stage->env;
    const char *file = sqlite3_db_filename(page->db->handle, "main");
    sl_file_info info;
    const char *wal = file ? sqlite3_filename_wal(file) : NULL;
    return wal && env->stat(env->context, wal, &info) == 0 ? info.bytes : 0;
}

static int32_t is_too_old(const sl_page *page)
{
    const sl_env *env = page->db->stage->env;
    if (page->max_age > 0 && env->monotonic(env->context) - page->begun >= page->max_age)
        return 1;
    if (page->max_wal <= 0)
        return 0;
    int64_t wal = wal_bytes(page);
    return wal > page->max_wal && wal > page->wal;
}

/* With a key the cursor is begun anew behind it. Without one it goes on: it is right, and what
 * it costs others is said. */
static void bound_cursor(sl_page *page)
{
    sl_stage *stage = page->db->stage;
    if (page->snapshot || !is_too_old(page))
        return;
    if (sl_page_is_keyed(page)) {
        sqlite3_reset(page->statement);
        page->running = page->standing = 0;
        return;
    }
    if (page->warned)
        return;
    page->warned = 1;
    stage->host->log(stage, SL_LOG_WARNING,
                     SL_PLACE(.value = page->value, .row = page->row + 1,
                              .hint = "name a unique `key`, by which a read transaction can be "
                                      "ended and another begun"),
                     "'%s' is read in one transaction that is beyond `max_age` or `max_wal`: its "
                     "WAL grows, or writers wait, until the last row is read",
                     page->db->path);
}

static void note_cursor(sl_page *page)
{
    const sl_env *env = page->db->stage->env;
    page->begun = env->monotonic(env->context);
    page->wal = wal_bytes(page);
}

sl_status sl_page_begin(sl_page *page, uint32_t rows)
{
    page->left = rows;
    page->fresh = 1;
    if (page->running)
        bound_cursor(page);
    if (page->running)
        return SL_OK;
    sl_status status = prepare(page);
    if (status == SL_OK)
        status = look_version(page);
    if (status == SL_OK && page->mode == SL_PAGE_CURSOR)
        note_cursor(page);
    if (status == SL_OK && page->unproved)
        status = sl_proof_rows(page);
    if (status == SL_OK && !page->running)
        status = bind(page, rows);
    return status;
}

/* ---- Steps ------------------------------------------------------------------------------ */

/* A cursor without a key is read again from its start to where it was interrupted. */
static sl_status interrupted(sl_page *page)
{
    page->unproved = !sl_page_is_keyed(page) && page->mode == SL_PAGE_CURSOR && page->row > 0;
    page->running = 0;
    page->db->stage->host->wake_after(page->db->stage, 1000);
    return SL_PENDING;
}

/* SQLite compiled a statement anew, for the schema has changed: still the same columns, and the
 * same rows behind the key? */
static sl_status check_schema(sl_page *page)
{
    int count = 0;
    for (int i = 0; i < 2; i++)
        if (page->statements[i])
            count += sqlite3_stmt_status(page->statements[i], SQLITE_STMTSTATUS_REPREPARE, 0);
    if (count == page->reprepared)
        return SL_OK;
    int32_t same = sqlite3_column_count(page->statement) == (int)page->columns_count;
    for (uint32_t i = 0; same && i < page->columns_count; i++) {
        const char *name = sqlite3_column_name(page->statement, (int)i);
        same = name && strcmp(name, page->names[i]) == 0;
    }
    if (!same)
        return sl_fail_at(page->db->stage,
                          SL_PLACE(.code = SL_CODE_DATA, .row = page->row + 1, .value = page->value,
                                   .hint = "name the columns one by one in `query`, or run again"),
                          "the columns changed while '%s' was read", page->db->path);
    sl_status status = sl_page_is_keyed(page) && page->last.known
                           ? sl_proof_row(page, page->given_columns)
                           : sl_proof_schema(page, &page->source.schema);
    if (status == SL_OK)
        page->reprepared = count;
    return status;
}

static sl_status fail_key(sl_page *page, uint32_t part, const char *what)
{
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_DATA, .row = page->row + 1,
                               .value = page->db->stage->host->option(page->db->stage, "key"),
                               .hint = "rows would be skipped: add columns to `key` until each "
                                       "row has its own, or use `page: cursor` without a key"),
                      "the key column '%s' %s", page->key[part].name, what);
}

/* A key that no index vouches for: not NULL, not the one of the row before. */
static sl_status check_key(sl_page *page)
{
    const sl_cell *before = page->scanning ? &page->scanned : page->last.key;
    int32_t tie = page->scanning ? page->scanned.kind != SL_NULL : page->last.known;
    for (uint32_t i = 0; i < page->key_count; i++) {
        int column = (int)page->key[i].index;
        if (sqlite3_column_type(page->statement, column) == SQLITE_NULL)
            return fail_key(page, i, "is NULL");
        tie = tie && sl_place_same(&before[i], page->statement, column);
    }
    return tie ? fail_key(page, page->key_count - 1, "has the same value in two rows") : SL_OK;
}

/* A page that begins before the last key: whether the row that stands was given already. */
static sl_status pass_over(sl_page *page, int32_t *given)
{
    sl_cell key;
    sl_place_read(page->statement, (int)page->key[0].index, &key);
    *given = 0;
    if ((key.kind != SL_INTEGER && key.kind != SL_REAL) ||
        (key.kind == SL_REAL && !isfinite(key.as.real)))
        return fail_key(page, 0, "is no number, which `overlap` needs");
    if (!page->scanning)
        return SL_OK;
    page->scanned = key;
    *given = sl_window_has(&page->window, &key);
    if (sl_window_compare(&key, &page->scan_end) > 0)
        page->scan_done = page->version; /* the rest of it is behind the last key */
    return SL_OK;
}

/* No rows behind the key is an answer that must be proved, too. */
static sl_status done(sl_page *page)
{
    page->running = 0;
    sl_status status = page->fresh ? check_schema(page) : SL_OK;
    if (status != SL_OK)
        return status;
    if (page->left > 0) {
        page->idle = 1;
        page->scan_done = page->version;
    }
    return SL_END;
}

/* A row was stepped to. *given: it is one that comes again because of `overlap`. */
static sl_status look(sl_page *page, int32_t *given)
{
    sl_status status = page->fresh ? check_schema(page) : SL_OK;
    if (status != SL_OK)
        return status;
    page->fresh = 0;
    if (is_checked(page) && check_key(page) != SL_OK)
        return SL_ERROR;
    return page->window.overlap > 0 ? pass_over(page, given) : SL_OK;
}

sl_status sl_page_step(sl_page *page)
{
    while (!page->standing) {
        int32_t given = 0;
        int rc = sqlite3_step(page->statement);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE)
            sl_sqlite_waited(page->db);
        if (rc == SQLITE_DONE)
            return done(page);
        if (rc == SQLITE_INTERRUPT)
            return interrupted(page);
        if (rc != SQLITE_ROW)
            return sl_sqlite_status(page->db, rc, "read");
        page->running = page->mode == SL_PAGE_CURSOR;
        if (page->fresh || is_checked(page) || page->window.overlap > 0) {
            sl_status status = look(page, &given);
            page->running = page->running && status == SL_OK;
            if (status != SL_OK)
                return status;
        }
        page->standing = !given;
    }
    return page->left > 0 ? SL_OK : SL_END;
}

/* ---- Taking ----------------------------------------------------------------------------- */

static sl_status remember(const sl_page *page, sl_page_row *row)
{
    for (uint32_t i = 0; i < page->key_count; i++) {
        sl_cell value;
        sl_place_read(page->statement, (int)page->key[i].index, &value);
        if (sl_place_keep(page->db->stage, row, i, &value) != SL_OK)
            return SL_ERROR;
    }
    row->known = 1;
    return SL_OK;
}

static sl_status remember_print(const sl_page *page, sl_page_row *row)
{
    row->print = sl_place_print(page->statement, page->given_columns);
    return remember(page, row);
}

static sl_status took_near(sl_page *page)
{
    sl_cell key;
    sl_place_read(page->statement, (int)page->key[0].index, &key);
    if ((!page->last.known || sl_window_compare(&key, page->last.key) > 0) &&
        remember_print(page, &page->last) != SL_OK)
        return SL_ERROR;
    const sl_cell low = sl_window_low(&page->window, page->last.key);
    sl_status status = sl_window_add(page->db->stage, &page->window, &key, &low);
    if (status != SL_END)
        return status;
    return sl_fail_at(page->db->stage,
                      SL_PLACE(.code = SL_CODE_CONFIG, .row = page->row + 1,
                               .value = page->db->stage->host->option(page->db->stage, "overlap"),
                               .hint = "choose an overlap that is as small as rows can be late"),
                      "more than %u rows lie within `overlap`", SL_WINDOW_MAX);
}

static sl_status took_keyed(sl_page *page, int32_t rejected)
{
    if (!page->first.known && remember_print(page, &page->first) != SL_OK)
        return SL_ERROR;
    if (page->window.overlap > 0)
        return took_near(page);
    if (rejected)
        return remember_print(page, &page->last);
    page->stale = 1;
    if (!page->key_known)
        return remember(page, &page->last);
    if (page->key[0].rowid)
        *page->last.key =
            (sl_cell){.kind = SL_INTEGER,
                      .as.integer = sqlite3_column_int64(page->statement, (int)page->key[0].index)};
    return SL_OK;
}

sl_status sl_page_took(sl_page *page, int32_t rejected)
{
    if (sl_page_is_keyed(page)) {
        sl_status status = took_keyed(page, rejected);
        if (status != SL_OK)
            return status;
    } else if (rejected) {
        page->print =
            sl_place_mix(page->print, sl_place_print(page->statement, page->given_columns));
    }
    page->row++;
    page->left--;
    page->standing = 0;
    return SL_OK;
}

/* What the batch tells of the rows taken: the last one's key and print, or the print of all. */
static sl_status note_batch(sl_page *page, const sl_batch *batch)
{
    if (!sl_page_is_keyed(page)) {
        for (uint32_t i = 0; i < batch->rows; i++)
            page->print = sl_place_mix(page->print, sl_place_print_cells(batch, i));
        return SL_OK;
    }
    if (page->window.overlap > 0 && page->last.known) {
        const sl_cell low = sl_window_low(&page->window, page->last.key);
        sl_window_forget(&page->window, &low);
    }
    if (!page->stale)
        return SL_OK;
    page->stale = 0;
    uint32_t row = batch->rows - 1;
    for (uint32_t i = 0; i < page->key_count && !page->key[i].rowid && page->key_known; i++)
        if (sl_place_keep(page->db->stage, &page->last, i,
                          &batch->columns[page->key[i].index][row]) != SL_OK)
            return SL_ERROR;
    page->last.print = sl_place_print_cells(batch, row);
    page->last.known = 1;
    return SL_OK;
}

sl_status sl_page_end(sl_page *page, const sl_batch *batch)
{
    sl_status status = note_batch(page, batch);
    if (page->running)
        return status;
    page->standing = 0;
    sqlite3_reset(page->statement);
    if (page->snapshot || sqlite3_get_autocommit(page->db->handle))
        return status;
    int rc = sl_sqlite_run(page->db, "COMMIT");
    return rc == SQLITE_OK ? status : sl_sqlite_status(page->db, rc, "read");
}

sl_status sl_page_poll(sl_page *page)
{
    int64_t version = 0;
    sl_status status = sl_page_version(page, &version);
    return status == SL_OK && version == page->version ? SL_END : status;
}

/*
 * sqlite_rows.c - cells as stored values, and the virtual table over a batch; see
 * sqlite_rows.h.
 */
#include "stages/sqlite_rows.h"

#include <string.h>

#include "stages/core/value.h"

/* ---- What is stored --------------------------------------------------------------------- */

static int32_t is_space(char letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

static int32_t is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* Whether a numeric affinity would make a number of the text: SQLite's rule, spaces around it
 * and a plus included. */
static int32_t spells_number(const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    size_t digits = 0;
    while (at < end && is_space(*at))
        at++;
    while (end > at && is_space(end[-1]))
        end--;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && is_digit(*at); at++)
        digits++;
    if (at < end && *at == '.')
        for (at++; at < end && is_digit(*at); at++)
            digits++;
    if (digits == 0)
        return 0;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '-' || *at == '+'))
            at++;
        if (at == end)
            return 0;
        while (at < end && is_digit(*at))
            at++;
    }
    return at == end;
}

#define MOST_DIGITS 15 /* that any double keeps */

/* The significant digits of a number, without zeros around them; -1: more than `room`. */
static int significant(const char *text, size_t size, char *digits, int room)
{
    int count = 0, kept = 0;
    for (size_t i = 0; i < size && text[i] != 'e' && text[i] != 'E'; i++) {
        if (!is_digit(text[i]) || (count == 0 && text[i] == '0'))
            continue;
        if (text[i] != '0')
            kept = count + 1;
        if (count < room)
            digits[count] = text[i];
        count++;
    }
    return kept > room ? -1 : kept;
}

/* Whether the double nearest to a spelling still has all of its digits. */
static int32_t keeps_digits(const char *text, size_t size, double real)
{
    char spelled[SL_VALUE_ROOM], wanted[SL_VALUE_ROOM], made[SL_VALUE_ROOM];
    if (size <= MOST_DIGITS)
        return 1;
    int count = significant(text, size, wanted, SL_VALUE_ROOM);
    if (count >= 0 && count <= MOST_DIGITS)
        return 1;
    if (count < 0)
        return 0;
    size_t length = sl_value_real(real, spelled);
    return significant(spelled, length, made, SL_VALUE_ROOM) == count &&
           memcmp(wanted, made, (size_t)count) == 0;
}

/* The number that a spelling is, where it is stored as one; else it stays text. */
static void read_number(const sl_rows_column *column, sl_cell *value)
{
    const char *text = value->as.text;
    size_t size = value->size;
    sl_cell number;
    value->kind = SL_TEXT;
    sl_spelling spelling = sl_value_number(text, size, &number);
    if (spelling == SL_SPELLING_INTEGER)
        *value = number;
    if (spelling != SL_SPELLING_REAL || column->type == SL_TYPE_INTEGER)
        return;
    int32_t inferred = !(column->flags & SL_COLUMN_DECLARED);
    if (column->affinity == SL_AFFINITY_NONE && inferred &&
        !keeps_digits(text, size, number.as.real))
        return;
    *value = number;
}

/* A face in a column that other values made text, for a table's column of numbers: it is stored as
 * a number where the number is spelled just so, 53000 but not 09005. */
static void read_plain_number(sl_cell *value)
{
    char room[SL_VALUE_ROOM];
    const char *text;
    sl_cell number;
    sl_spelling spelling = sl_value_number(value->as.text, value->size, &number);
    if (spelling != SL_SPELLING_INTEGER && spelling != SL_SPELLING_REAL)
        return;
    size_t size = sl_value_text(&number, room, &text);
    if (size == value->size && memcmp(text, value->as.text, size) == 0)
        *value = number;
}

static int32_t is_word(const sl_cell *cell, const char *word)
{
    size_t size = strlen(word);
    return cell->size == size && memcmp(cell->as.text, word, size) == 0;
}

/* What a face or a NUMERAL stands for in this column. */
static void read_face(const sl_rows_column *column, sl_cell *value)
{
    if (value->kind == SL_NUMERAL) {
        if (column->type == SL_TYPE_TEXT || column->type == SL_TYPE_JSON)
            value->kind = SL_TEXT;
        else
            read_number(column, value);
        return;
    }
    switch (column->type) {
    case SL_TYPE_INTEGER:
    case SL_TYPE_REAL:
    case SL_TYPE_NUMERIC:
        if (column->affinity != SL_AFFINITY_TEXT)
            read_number(column, value);
        break;
    case SL_TYPE_BOOLEAN:
        if (column->affinity != SL_AFFINITY_TEXT && is_word(value, "true"))
            *value = (sl_cell){.kind = SL_INTEGER, .as.integer = 1};
        else if (column->affinity != SL_AFFINITY_TEXT && is_word(value, "false"))
            *value = (sl_cell){.kind = SL_INTEGER, .as.integer = 0};
        break;
    case SL_TYPE_TEXT:
        if (column->affinity >= SL_AFFINITY_NUMERIC && !(column->flags & SL_COLUMN_DECLARED))
            read_plain_number(value);
        break;
    default:
        break;
    }
}

/* Whether the double nearest to an integer is that integer. */
static int32_t is_exact(int64_t integer)
{
    double real = (double)integer;
    return real < 0x1p63 && (int64_t)real == integer;
}

const char *sl_rows_store(const sl_rows_column *column, const sl_cell *cell, sl_cell *value)
{
    *value = *cell;
    if (cell->kind == SL_NUMERAL || (cell->kind == SL_TEXT && column->flags & SL_COLUMN_FACES))
        read_face(column, value);
    switch (value->kind) {
    case SL_NULL:
        return column->key ? "a key cannot be NULL" : NULL;
    case SL_INTEGER:
        if (column->affinity == SL_AFFINITY_TEXT)
            return "the number would be stored as text in this %s column";
        return column->affinity == SL_AFFINITY_REAL && !is_exact(value->as.integer)
                   ? "the integer would lose digits in this %s column"
                   : NULL;
    case SL_REAL:
        if (value->as.real != value->as.real)
            return "the value is not a number (NaN), which SQLite stores as NULL";
        return column->affinity == SL_AFFINITY_TEXT
                   ? "the number would be stored as text in this %s column"
                   : NULL;
    case SL_TEXT:
        return column->affinity >= SL_AFFINITY_NUMERIC && spells_number(value->as.text, value->size)
                   ? "the text would be stored as a number in this %s column"
                   : NULL;
    default:
        return NULL;
    }
}

/* ---- Rows ------------------------------------------------------------------------------- */

static sl_status refuse_value(sl_rows *rows, const sl_rows_column *column, const char *why)
{
    const sl_cell *cell = &rows->batch->columns[column->from][sl_rows_row(rows)];
    char reason[160], room[SL_VALUE_ROOM];
    const char *text = "";
    size_t size = sl_value_text(cell, room, &text);
    sqlite3_snprintf(sizeof reason, reason, why, column->declared);
    if (cell->kind == SL_NULL || size == 0)
        return sl_rows_refuse(rows, column->from + 1, "%s", reason);
    return sl_rows_refuse(rows, column->from + 1, "%s: '%.*s'", reason,
                          (int)(size < 40 ? size : 40), text);
}

/* The row that stands as stored values: SL_OK, SL_END: rejected, SL_ERROR. */
static sl_status load(sl_rows *rows)
{
    uint32_t row = sl_rows_row(rows);
    sl_cell **cells = rows->batch->columns;
    for (uint32_t c = 0; c < rows->count; c++) {
        const sl_rows_column *column = &rows->columns[c];
        const char *why = sl_rows_store(column, &cells[column->from][row], &rows->values[c]);
        if (why)
            return refuse_value(rows, column, why) == SL_OK ? SL_END : SL_ERROR;
    }
    return SL_OK;
}

void sl_rows_begin(sl_rows *rows, sl_batch *batch)
{
    rows->batch = batch;
    rows->at = UINT32_MAX; /* one before 0 */
    rows->rows = 0;
    rows->status = SL_OK;
    sl_builder_clear(&rows->refusals);
    sl_builder_clear(&rows->reasons);
}

sl_status sl_rows_next(sl_rows *rows)
{
    while (++rows->at < rows->batch->selected) {
        sl_status status = load(rows);
        if (status == SL_ERROR)
            return rows->status = SL_ERROR;
        rows->rows += status == SL_OK;
        if (status == SL_OK)
            return SL_OK;
    }
    return SL_END;
}

sl_status sl_rows_refuse(sl_rows *rows, uint32_t column, const char *format, ...)
{
    sl_rows_refusal refusal = {
        .row = sl_rows_row(rows), .column = column, .reason = rows->reasons.size};
    rows->refusals.env = rows->reasons.env = rows->stage->env;
    va_list args;
    va_start(args, format);
    sl_builder_list(&rows->reasons, format, args);
    va_end(args);
    sl_builder_add(&rows->reasons, "", 1);
    sl_builder_add(&rows->refusals, (const char *)&refusal, sizeof refusal);
    if (!rows->reasons.failed && !rows->refusals.failed)
        return SL_OK;
    rows->status = SL_ERROR;
    return sl_no_memory(rows->stage);
}

sl_status sl_rows_reject(sl_rows *rows)
{
    size_t count = rows->refusals.size / sizeof(sl_rows_refusal);
    for (size_t i = 0; i < count; i++) {
        sl_rows_refusal refusal;
        memcpy(&refusal, rows->refusals.data + i * sizeof refusal, sizeof refusal);
        if (sl_reject(rows->stage, rows->batch, refusal.row, refusal.column, "%s",
                      rows->reasons.data + refusal.reason) != SL_OK)
            return SL_ERROR;
    }
    return SL_OK;
}

void sl_rows_done(sl_rows *rows)
{
    if (!rows->refusals.env)
        return;
    sl_builder_done(&rows->refusals);
    sl_builder_done(&rows->reasons);
}

uint32_t sl_rows_row(const sl_rows *rows)
{
    return rows->batch->selection[rows->at];
}

/* ---- The virtual table ------------------------------------------------------------------ */

typedef struct table {
    sqlite3_vtab base;
    sl_rows *rows;
} table;

typedef struct cursor {
    sqlite3_vtab_cursor base;
    sl_rows *rows;
    int32_t ended;
} cursor;

static int connect(sqlite3 *handle, void *of, int argc, const char *const *argv,
                   sqlite3_vtab **made, char **error)
{
    sl_rows *rows = of;
    (void)argc;
    (void)argv;
    (void)error;
    sqlite3_str *sql = sqlite3_str_new(handle);
    sqlite3_str_appendall(sql, "CREATE TABLE x(");
    for (uint32_t i = 0; i < rows->count; i++)
        sqlite3_str_appendf(sql, "%sc%u", i ? "," : "", i);
    sqlite3_str_appendall(sql, ")");
    int rc = sqlite3_str_errcode(sql);
    char *text = sqlite3_str_finish(sql);
    if (rc == SQLITE_OK)
        rc = sqlite3_declare_vtab(handle, text);
    sqlite3_free(text);
    if (rc == SQLITE_OK)
        rc = sqlite3_vtab_config(handle, SQLITE_VTAB_DIRECTONLY);
    table *it = rc == SQLITE_OK ? sqlite3_malloc(sizeof *it) : NULL;
    if (!it)
        return rc == SQLITE_OK ? SQLITE_NOMEM : rc;
    *it = (table){.rows = rows};
    *made = &it->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *it)
{
    sqlite3_free(it);
    return SQLITE_OK;
}

static int best_index(sqlite3_vtab *it, sqlite3_index_info *info)
{
    (void)it;
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

static int open(sqlite3_vtab *it, sqlite3_vtab_cursor **made)
{
    cursor *opened = sqlite3_malloc(sizeof *opened);
    if (!opened)
        return SQLITE_NOMEM;
    *opened = (cursor){.rows = ((table *)it)->rows};
    *made = &opened->base;
    return SQLITE_OK;
}

static int close(sqlite3_vtab_cursor *it)
{
    sqlite3_free(it);
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *it)
{
    cursor *here = (cursor *)it;
    sl_status status = sl_rows_next(here->rows);
    here->ended = status != SL_OK;
    return status == SL_ERROR ? SQLITE_ERROR : SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *it, int index, const char *name, int argc,
                  sqlite3_value **argv)
{
    cursor *here = (cursor *)it;
    (void)index;
    (void)name;
    (void)argc;
    (void)argv;
    sl_rows_begin(here->rows, here->rows->batch);
    return next(it);
}

static int eof(sqlite3_vtab_cursor *it)
{
    return ((cursor *)it)->ended;
}

static int column(sqlite3_vtab_cursor *it, sqlite3_context *to, int index)
{
    const sl_cell *value = &((cursor *)it)->rows->values[index];
    switch (value->kind) {
    case SL_INTEGER:
        sqlite3_result_int64(to, value->as.integer);
        break;
    case SL_REAL:
        sqlite3_result_double(to, value->as.real);
        break;
    case SL_TEXT:
        sqlite3_result_text64(to, value->size ? value->as.text : "", value->size, SQLITE_STATIC,
                              SQLITE_UTF8);
        break;
    case SL_BLOB:
        sqlite3_result_blob64(to, value->size ? value->as.blob : "", value->size, SQLITE_STATIC);
        break;
    default:
        break; /* NULL */
    }
    return SQLITE_OK;
}

static int row_number(sqlite3_vtab_cursor *it, sqlite3_int64 *number)
{
    *number = ((cursor *)it)->rows->at;
    return SQLITE_OK;
}

int sl_rows_register(sl_rows *rows, sqlite3 *handle, const char *name)
{
    static const sqlite3_module module = {
        .iVersion = 0, /* without xCreate it is a table of its own name only */
        .xConnect = connect,
        .xBestIndex = best_index,
        .xDisconnect = disconnect,
        .xOpen = open,
        .xClose = close,
        .xFilter = filter,
        .xNext = next,
        .xEof = eof,
        .xColumn = column,
        .xRowid = row_number,
    };
    return sqlite3_create_module_v2(handle, name, &module, rows, NULL);
}

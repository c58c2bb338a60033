/*
 * inputs.c - the rows that the tests send through the product; see inputs.h.
 */
#include "tests/faults/inputs.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

#include "tests/faults/process.h"

uint64_t fault_random(uint64_t *state)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

int64_t fault_random_from(uint64_t *state, int64_t least, int64_t most)
{
    return least + (int64_t)(fault_random(state) % (uint64_t)(most - least + 1));
}

fault_row fault_row_of(uint64_t seed, int64_t index)
{
    static const char *const words[] = {
        "Ann", "O'Neil", "M\xc3\xbcller", "a, b", "\"q\"", "\xe2\x82\xac 5", "x", "long-winded"};
    static const char *const statuses[] = {"paid", "paid", "open", "failed", "open", "bad"};
    uint64_t state = seed * UINT64_C(0x2545f4914f6cdd1d) + (uint64_t)index;
    fault_row row = {0};
    row.id = index * 3 + (int64_t)(fault_random(&state) % 3) + 1;
    row.cents = fault_random_from(&state, -99999, 9999999);
    row.status = statuses[fault_random(&state) % 6];
    size_t used = 0;
    for (int64_t count = fault_random_from(&state, 1, 4); count > 0; count--)
        used += (size_t)snprintf(row.name + used, sizeof row.name - used, used ? " %s" : "%s",
                                 words[fault_random(&state) % 8]);
    return row;
}

int fault_row_is_bad(const fault_row *row)
{
    return strcmp(row->status, "bad") == 0;
}

/* The text with `before` in front of each quote. */
static void escape(const char *text, char before, char *escaped)
{
    for (; *text; text++) {
        if (*text == '"')
            *escaped++ = before;
        *escaped++ = *text;
    }
    *escaped = '\0';
}

size_t fault_csv_line(const fault_row *row, char *line, size_t size)
{
    char name[2 * sizeof row->name];
    escape(row->name, '"', name);
    const char *quote = strpbrk(name, ",\"") ? "\"" : "";
    return (size_t)snprintf(line, size, "%" PRId64 ",%s%s%s,%" PRId64 ",%s\n", row->id, quote, name,
                            quote, row->cents, row->status);
}

void fault_json_object(const fault_row *row, char *text, size_t size)
{
    char name[2 * sizeof row->name];
    escape(row->name, '\\', name);
    snprintf(text, size,
             "{\"id\":%" PRId64 ",\"name\":\"%s\",\"cents\":%" PRId64 ",\"status\":\"%s\"}",
             row->id, name, row->cents, row->status);
}

static FILE *make(const char *directory, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    if (!file)
        fault_broken("cannot make '%s': %s", path, strerror(errno));
    return file;
}

static void finish(FILE *file, const char *name)
{
    if (fclose(file))
        fault_broken("cannot write '%s': %s", name, strerror(errno));
}

void fault_make_csv(const char *directory, const char *name, uint64_t seed, int64_t rows)
{
    char line[256];
    FILE *file = make(directory, name);
    fputs(FAULT_CSV_HEADER, file);
    for (int64_t i = 0; i < rows; i++) {
        fault_row row = fault_row_of(seed, i);
        fwrite(line, 1, fault_csv_line(&row, line, sizeof line), file);
    }
    finish(file, name);
}

void fault_make_database(const char *directory, const char *name, uint64_t seed, int64_t rows,
                         int64_t shape)
{
    char schema[256];
    char path[512];
    sqlite3 *database = NULL;
    sqlite3_stmt *insert = NULL;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    snprintf(schema, sizeof schema,
             "CREATE TABLE source(id INTEGER%s, name TEXT, cents INTEGER, status TEXT)%s",
             shape == 1 ? "" : " PRIMARY KEY", shape == 2 ? " WITHOUT ROWID" : "");
    if (sqlite3_open(path, &database) || sqlite3_exec(database, "BEGIN", NULL, NULL, NULL) ||
        sqlite3_exec(database, schema, NULL, NULL, NULL) ||
        sqlite3_prepare_v2(database, "INSERT INTO source VALUES (?, ?, ?, ?)", -1, &insert, NULL))
        fault_broken("cannot make '%s': %s", path, sqlite3_errmsg(database));
    for (int64_t i = 0; i < rows; i++) {
        fault_row row = fault_row_of(seed, i);
        sqlite3_bind_int64(insert, 1, row.id);
        sqlite3_bind_text(insert, 2, row.name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(insert, 3, row.cents);
        sqlite3_bind_text(insert, 4, row.status, -1, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert))
            fault_broken("cannot fill '%s': %s", path, sqlite3_errmsg(database));
    }
    sqlite3_finalize(insert);
    if (sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) || sqlite3_close(database))
        fault_broken("cannot fill '%s'", path);
}

void fault_make_empty_database(const char *directory, const char *name)
{
    char path[512];
    sqlite3 *database = NULL;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (sqlite3_open(path, &database) ||
        sqlite3_exec(database, "PRAGMA journal_mode = wal; VACUUM", NULL, NULL, NULL) ||
        sqlite3_close(database))
        fault_broken("cannot make '%s'", path);
}

void fault_make_text(const char *directory, const char *name, const char *format, ...)
{
    va_list args;
    FILE *file = make(directory, name);
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    finish(file, name);
}

/*
 * oracle.c - what a sink must hold, and whether it does; see oracle.h.
 */
#include "tests/faults/oracle.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/process.h"

#define TORN "\001torn: "

static void add(fault_lines *lines, char *line)
{
    if (!line)
        fault_broken("out of memory");
    if (lines->count == lines->room) {
        lines->room = lines->room ? lines->room * 2 : 256;
        lines->line = realloc(lines->line, lines->room * sizeof *lines->line);
        if (!lines->line)
            fault_broken("out of memory");
    }
    lines->line[lines->count++] = line;
}

void fault_lines_add(fault_lines *lines, const char *format, ...)
{
    char *line = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&line, format, args) < 0)
        line = NULL;
    va_end(args);
    add(lines, line);
}

void fault_lines_free(fault_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->line[i]);
    free(lines->line);
    *lines = (fault_lines){0};
}

void fault_lines_of_file(fault_lines *lines, const char *directory, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    while ((size = getline(&line, &room, file)) > 0) {
        int whole = line[size - 1] == '\n';
        if (whole)
            line[--size] = '\0';
        if (whole && strlen(line) == (size_t)size)
            add(lines, strdup(line));
        else
            fault_lines_add(lines, TORN "%s", line);
    }
    free(line);
    fclose(file);
}

/* The columns of a row with | between them. */
static void add_row(fault_lines *lines, sqlite3_stmt *statement)
{
    char *text = NULL;
    size_t size = 0;
    FILE *row = open_memstream(&text, &size);
    if (!row)
        fault_broken("out of memory");
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const char *value = (const char *)sqlite3_column_text(statement, i);
        if (i)
            putc('|', row);
        fputs(value ? value : "~", row);
    }
    fclose(row);
    add(lines, text);
}

/* Answers 0, or the error of SQLite that ended the query. */
static int add_rows(fault_lines *lines, sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (result)
        return result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        add_row(lines, statement);
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? 0 : result;
}

void fault_lines_of_query(fault_lines *lines, const char *directory, const char *database,
                          const char *sql)
{
    char path[512];
    sqlite3 *opened = NULL;
    fault_lines whole = {0};
    snprintf(path, sizeof path, "%s/%s", directory, database);
    if (access(path, F_OK))
        return;
    int result = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE, NULL);
    if (!result)
        result = add_rows(&whole, opened, "PRAGMA integrity_check");
    if (result)
        fault_lines_add(lines, TORN "%s: %s", database, sqlite3_errmsg(opened));
    for (size_t i = 0; i < whole.count; i++)
        if (strcmp(whole.line[i], "ok") != 0)
            fault_lines_add(lines, TORN "integrity_check: %s", whole.line[i]);
    fault_lines_free(&whole);
    result = result ? 0 : add_rows(lines, opened, sql);
    if (result && !strstr(sqlite3_errmsg(opened), "no such table"))
        fault_lines_add(lines, TORN "%s: %s", database, sqlite3_errmsg(opened));
    sqlite3_close(opened);
}

int fault_lines_same(const fault_lines *expected, const fault_lines *there)
{
    if (expected->count != there->count)
        return 0;
    for (size_t i = 0; i < expected->count; i++)
        if (strcmp(expected->line[i], there->line[i]) != 0)
            return 0;
    return 1;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The same lines in the order of their text; the lines themselves stay the others'. */
static char **sorted(const fault_lines *lines)
{
    char **copy = malloc((lines->count + 1) * sizeof *copy);
    if (!copy)
        fault_broken("out of memory");
    for (size_t i = 0; i < lines->count; i++)
        copy[i] = lines->line[i];
    qsort(copy, lines->count, sizeof *copy, by_text);
    return copy;
}

/* What is more often in `in` than in `than`: how many, and the first of it. */
static size_t surplus(const fault_lines *in, const fault_lines *than, const char **first)
{
    char **a = sorted(in), **b = sorted(than);
    size_t found = 0;
    for (size_t i = 0, j = 0; i < in->count;) {
        int order = j < than->count ? strcmp(a[i], b[j]) : -1;
        if (order < 0 && ++found == 1)
            *first = a[i];
        i += order <= 0;
        j += order >= 0;
    }
    free(a);
    free(b);
    return found;
}

static int stands_in(const char *line, const fault_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(line, lines->line[i]) == 0)
            return 1;
    return 0;
}

int fault_lines_equal(const char *sink, const fault_lines *expected, const fault_lines *there)
{
    const char *first = NULL;
    if (fault_lines_same(expected, there))
        return 1;
    printf("  %s: %zu lines expected, %zu there\n", sink, expected->count, there->count);
    size_t lost = surplus(expected, there, &first);
    if (lost)
        printf("    lost: %zu, such as: %s\n", lost, first);
    size_t more = surplus(there, expected, &first);
    if (more)
        printf("    %s: %zu, such as: %s\n", stands_in(first, expected) ? "doubled" : "foreign",
               more, first);
    for (size_t i = 0; !lost && !more && i < expected->count; i++) {
        if (strcmp(expected->line[i], there->line[i]) != 0) {
            printf("    out of order from line %zu: %s\n", i + 1, there->line[i]);
            break;
        }
    }
    return 0;
}

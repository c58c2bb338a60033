/*
 * can_fail.c - the oracle itself: the exact sinks of an undisturbed run are found exact, and
 * whatever is then done to one of them is found too.
 *
 *     fault_can_fail SLUICE DIRECTORY
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/scenario.h"

#define SEED 5
#define ROWS 200

/* ---- Damage to a text ---------------------------------------------------------------- */

static void lose_first(fault_lines *lines)
{
    free(lines->line[0]);
    memmove(lines->line, lines->line + 1, --lines->count * sizeof *lines->line);
}

static void lose_last(fault_lines *lines)
{
    free(lines->line[--lines->count]);
}

static void double_last(fault_lines *lines)
{
    fault_lines_add(lines, "%s", lines->line[lines->count - 1]);
}

/* As many lines as before. */
static void lose_and_double(fault_lines *lines)
{
    double_last(lines);
    lose_first(lines);
}

static void swap_first(fault_lines *lines)
{
    char *first = lines->line[0];
    lines->line[0] = lines->line[1];
    lines->line[1] = first;
}

static void tear_middle(fault_lines *lines)
{
    char *line = lines->line[lines->count / 2];
    line[strlen(line) / 2] = '\0';
}

static void flip_bit(fault_lines *lines)
{
    char *line = lines->line[lines->count / 2];
    line[strlen(line) / 2] ^= 1;
}

typedef struct damage_kind {
    const char *name;
    void (*text)(fault_lines *lines); /* to a text; NULL: none */
    const char *sql;                  /* to a table; NULL: none */
} damage_kind;

#define FIRST "(SELECT min(rowid) FROM %1$s)"
#define LAST "(SELECT max(rowid) FROM %1$s)"
#define COPY "INSERT INTO %1$s SELECT * FROM %1$s WHERE rowid = " LAST ";"

static const damage_kind damages[] = {
    {"the first row is gone", lose_first, "DELETE FROM %1$s WHERE rowid = " FIRST},
    {"the last row is gone", lose_last, "DELETE FROM %1$s WHERE rowid = " LAST},
    {"a row is there twice", double_last, COPY},
    {"a row is gone, and another there twice", lose_and_double,
     COPY "DELETE FROM %1$s WHERE rowid = " FIRST},
    {"the order is another", swap_first,
     "UPDATE %1$s SET rowid = " LAST " + 1 WHERE rowid = " FIRST},
    {"a line is cut off", tear_middle, NULL},
    {"one bit is another", flip_bit, NULL},
    {"a value is another", NULL, "UPDATE %1$s SET %2$s = %2$s || ' ' WHERE rowid = " LAST},
    {"a value is gone", NULL, "UPDATE %1$s SET %2$s = NULL WHERE rowid = " LAST},
    {"the last line has no end", NULL, NULL}, /* the last two are done to the file itself */
    {"a page is damaged", NULL, NULL},
};
#define LAST_LINE 9
#define PAGE 10

static void path_of(const fault_case *of, const fault_sink *sink, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", of->directory, sink->file);
}

static void damage_text(const fault_case *of, const fault_sink *sink, const damage_kind *damage)
{
    char path[512];
    fault_lines lines = {0};
    path_of(of, sink, path, sizeof path);
    fault_sink_read(of, sink, &lines);
    damage->text(&lines);
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < lines.count; i++)
        fprintf(file, "%s\n", lines.line[i]);
    if (!file || fclose(file))
        fault_broken("cannot write '%s': %s", path, strerror(errno));
    fault_lines_free(&lines);
}

static void damage_table(const fault_case *of, const fault_sink *sink, const damage_kind *damage)
{
    char path[512], sql[1024];
    sqlite3 *database = NULL;
    path_of(of, sink, path, sizeof path);
    snprintf(sql, sizeof sql, damage->sql, sink->table,
             strcmp(sink->table, "bad") == 0 ? "_values" : "status");
    if (sqlite3_open(path, &database) || sqlite3_exec(database, sql, NULL, NULL, NULL) ||
        sqlite3_changes(database) == 0)
        fault_broken("cannot damage '%s': %s", path, sqlite3_errmsg(database));
    sqlite3_close(database);
}

/* The last line loses its end; or the second page of a database its first bytes. */
static void damage_file(const fault_case *of, const fault_sink *sink)
{
    char path[512];
    path_of(of, sink, path, sizeof path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    if (size < 0 ||
        (sink->table ? pwrite(fd, "\xff\xff\xff\xff", 4, 4096) != 4 : ftruncate(fd, size - 1)))
        fault_broken("cannot damage '%s': %s", path, strerror(errno));
    close(fd);
}

static void run(const char *sluice, const fault_case *of)
{
    const char *const argv[] = {sluice, "run", "-q", "graph.yaml", NULL};
    const fault_start how = {.directory = of->directory, .errors = "messages"};
    fault_process process;
    if (!fault_process_run(&process, &how, argv, FAULT_FOREVER) || fault_process_code(&process))
        fault_broken("a run that nobody disturbs fails: %s",
                     fault_file_tail(of->directory, "messages"));
}

/* Answers 1 when the damage is found, or is none that can be done to this sink. */
static int is_found(const char *sluice, const char *directory, const fault_scenario *scenario,
                    const fault_sink *sink, size_t number, int *done)
{
    const damage_kind *damage = &damages[number];
    fault_case of;
    if (sink->table ? !damage->sql && number != PAGE : !damage->text && number != LAST_LINE)
        return 1;
    fault_case_make(&of, scenario, directory, SEED, ROWS);
    run(sluice, &of);
    if (!fault_case_judge(&of))
        fault_broken("%s: the sinks of a run that nobody disturbs are not exact", scenario->name);
    if (number >= LAST_LINE)
        damage_file(&of, sink);
    else if (sink->table)
        damage_table(&of, sink, damage);
    else
        damage_text(&of, sink, damage);
    ++*done;
    if (!fault_case_is_exact(&of))
        return 1;
    printf("FAILED: %s, %s: %s, and the oracle finds nothing\n", scenario->name,
           sink->table ? sink->table : sink->file, damage->name);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: fault_can_fail SLUICE DIRECTORY\n");
        return 64;
    }
    int found = 1, done = 0;
    char directory[256];
    snprintf(directory, sizeof directory, "%s/damaged", argv[2]);
    for (int i = 0; fault_scenario_at(i); i++) {
        const fault_scenario *scenario = fault_scenario_at(i);
        for (int j = 0; j < 2 && scenario->sinks[j].file && !scenario->follows; j++)
            for (size_t k = 0; k < sizeof damages / sizeof *damages; k++)
                found &= is_found(argv[1], directory, scenario, &scenario->sinks[j], k, &done);
    }
    printf("%d kinds of damage done, %s\n", done, found ? "each found" : "some not found");
    if (found)
        fault_directory_remove(argv[2]);
    return !found;
}

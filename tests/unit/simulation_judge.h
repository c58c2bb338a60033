/*
 * simulation_judge.h - compares the sinks of a simulated graph with what must stand there: all of
 * it at the end, and before that a beginning of it (a table, a file that nothing was cut off), or
 * everything or nothing (mode: replace).
 */
#ifndef SL_SIMULATION_JUDGE_H
#define SL_SIMULATION_JUDGE_H

#include "tests/unit/simulation.h"

#define JUDGE_END 0    /* all must be there */
#define JUDGE_KEPT 1   /* a beginning, in files too */
#define JUDGE_SYNCED 2 /* all in files, which are synced at the end; a beginning in tables */
#define JUDGE_TABLES 3 /* a beginning in tables; a power cut may have left anything in files */

/* What is wrong, with all that is needed to see it again; ends the program, or is counted. */
static void blame(sim *of, const char *format, ...) SL_PRINTF(2, 3);
static void blame(sim *of, const char *format, ...)
{
    va_list args;
    of->blamed++;
    if (of->counts)
        return;
    fprintf(stderr, "SLUICE_SEED=%llu: ", (unsigned long long)of->seed);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n%s", of->yaml);
    _Exit(EXIT_FAILURE);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void expect_csv(const sim *of, const sink *at, sl_builder *to)
{
    sl_builder_format(to, "%s,%s,%s\n", sim_column(of, 0), sim_column(of, 1), sim_column(of, 2));
    for (uint32_t i = next_for(of, at, -1); i < of->expected_count; i = next_for(of, at, i))
        for (int c = 0; c < 3; c++) {
            csv_text(to, of->expected[i].cells[c]);
            sl_builder_word(to, c < 2 ? "," : "\n");
        }
}

static void expect_jsonl(const sim *of, const sink *at, sl_builder *to)
{
    for (uint32_t i = next_for(of, at, -1); i < of->expected_count; i = next_for(of, at, i))
        for (int c = 0; c < 3; c++) {
            const char *cell = of->expected[i].cells[c];
            sl_builder_format(to, "%s\"%s\":", c ? "," : "{", sim_column(of, c));
            if (is_text(of, c))
                json_text(to, cell);
            else
                sl_builder_word(to, cell);
            sl_builder_word(to, c < 2 ? "" : "}\n");
        }
}

static void judge_file(sim *of, uint32_t index, int how)
{
    char path[32];
    size_t size = 0;
    sl_builder text = {.env = &sl_env_real};
    const sink *at = &of->sinks[index];
    snprintf(path, sizeof path, "out%u.txt", index);
    const char *found = sl_world_get(&of->world, path, &size);
    sl_builder_word(&text, "");
    if (at->target == TO_CSV)
        expect_csv(of, at, &text);
    else
        expect_jsonl(of, at, &text);
    int whole = found && size == text.size && memcmp(found, text.data, size) == 0;
    int beginning = !found || (size <= text.size && memcmp(found, text.data, size) == 0);
    int good = how == JUDGE_END || how == JUDGE_SYNCED || (at->mode == REPLACE && found) ? whole
               : how == JUDGE_KEPT                                                       ? beginning
                                                                                         : 1;
    if (!good)
        blame(of, "'%s' holds %zu bytes of %zu%s%s", path, size, text.size,
              beginning ? "" : ", and not these:\n", beginning || !found ? "" : found);
    sl_builder_done(&text);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static int same_row(const sim *of, sqlite3_stmt *row, uint32_t index)
{
    for (int c = 0; c < 3; c++) {
        const char *cell = (const char *)sqlite3_column_text(row, c);
        const char *type = is_text(of, c) ? "text" : "integer";
        const char *is = (const char *)sqlite3_column_text(row, 3 + c);
        if (strcmp(cell ? cell : "", of->expected[index].cells[c]) != 0 ||
            strcmp(is, cell ? type : "null") != 0)
            return 0;
    }
    return 1;
}

/* The expected row that is missing first; -1: there are rows that must not be, or not so. */
static int64_t first_missing(const sim *of, sqlite3 *db, const sink *at)
{
    char sql[256];
    sqlite3_stmt *row;
    const char *a = sim_column(of, 0), *b = sim_column(of, 1), *c = sim_column(of, 2);
    int64_t next = next_for(of, at, -1);
    snprintf(sql, sizeof sql,
             "SELECT %s, %s, \"%s\", typeof(%s), typeof(%s), typeof(\"%s\") FROM t ORDER BY %s", a,
             b, c, a, b, c, at->mode == UPSERT ? "id" : "rowid");
    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        return next; /* no table yet */
    while (next >= 0 && sqlite3_step(row) == SQLITE_ROW)
        if (next < of->expected_count && same_row(of, row, (uint32_t)next))
            next = next_for(of, at, next);
        else
            next = -1;
    sqlite3_finalize(row);
    return next;
}

static int is_sound(sqlite3 *db)
{
    sqlite3_stmt *row = NULL;
    int sound = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &row, NULL) == SQLITE_OK &&
                sqlite3_step(row) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;
    sqlite3_finalize(row);
    return sound;
}

static void judge_table(sim *of, uint32_t index, int how)
{
    char path[32];
    const sink *at = &of->sinks[index];
    snprintf(path, sizeof path, "out%u.db", index);
    if (!sl_world_get(&of->world, path, NULL)) {
        if (how == JUDGE_END && next_for(of, at, -1) < of->expected_count)
            blame(of, "'%s' is not there", path);
        return;
    }
    sqlite3 *db = connect(of, path, 0);
    if (!db || !is_sound(db)) {
        blame(of, "'%s' is damaged", path);
        sqlite3_close(db);
        return;
    }
    int64_t missing = first_missing(of, db, at);
    int all = missing == of->expected_count, none = missing == next_for(of, at, -1);
    if (missing < 0)
        blame(of, "'%s' holds rows that it must not, or not in order", path);
    else if (!all && (how == JUDGE_END || (at->mode == REPLACE && !none)))
        blame(of, "'%s' lacks the row '%s'", path, of->expected[missing].cells[0]);
    sqlite3_close(db);
}

/* ---- Rejects --------------------------------------------------------------------------------- */

typedef struct rejects {
    const sim *of;
    uint32_t next[2];   /* of the reader, of the rules: where to look for the next one */
    uint32_t others;    /* that must not be there, or not there */
    uint32_t misplaced; /* that say another row or line than it was */
} rejects;

static int is_rejected(const source_row *row, int by)
{
    return by == 0 ? row->misfit : !row->misfit && row->amount < 0;
}

/* place: its row and line in the source; line 0: none. */
static void note_reject(rejects *to, int by, int64_t id, int64_t row, int64_t line)
{
    const sim *of = to->of;
    uint32_t *at = &to->next[by];
    while (*at < of->rows_count && !is_rejected(&of->rows[*at], by))
        ++*at;
    if (*at >= of->rows_count || of->rows[*at].id != id) {
        to->others++;
        return;
    }
    ++*at;
    if (row != *at || line != (of->source == FROM_SQLITE ? 0 : row + (of->source == FROM_CSV)))
        to->misplaced++;
}

/* The number behind a key of a line; 0: it is null. */
static int64_t number_behind(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* A line that was begun when the process died is none. A file of CSV is read as if it were a JSON
 * object a line: only its last column is one. */
static void read_file_of_rejects(const sim *of, rejects *to)
{
    const char *text = sl_world_get(&of->world, "bad.txt", NULL);
    int csv = of->rejects == REJECTS_CSV;
    for (const char *at = text; at && strchr(at, '\n'); at = strchr(at, '\n') + 1) {
        int by = strncmp(at, csv ? "rules," : "{\"_stage\":\"rules\"", csv ? 6 : 17) == 0;
        int64_t id = number_behind(at, csv ? "{\"\"id\"\":" : "{\"id\":");
        int64_t row = number_behind(at, "\"_row\":");
        if (csv && at == text)
            continue; /* the header */
        note_reject(to, by, id, row, number_behind(at, "\"_line\":"));
    }
}

static void read_table_of_rejects(sim *of, rejects *to)
{
    sqlite3_stmt *row;
    sqlite3 *db = connect(of, of->rejects == REJECTS_BESIDE ? "out0.db" : "bad.db", 0);
    if (db &&
        sqlite3_prepare_v2(db,
                           "SELECT _stage = 'rules', json_extract(_values, '$.id'), _row, _line "
                           "FROM bad ORDER BY rowid",
                           -1, &row, NULL) == SQLITE_OK) {
        while (sqlite3_step(row) == SQLITE_ROW)
            note_reject(to, sqlite3_column_int(row, 0), sqlite3_column_int64(row, 1),
                        sqlite3_column_int64(row, 2), sqlite3_column_int64(row, 3));
        sqlite3_finalize(row);
    }
    sqlite3_close(db);
}

static void judge_rejects(sim *of, int how)
{
    rejects found = {.of = of};
    if (of->middle != RULES || of->rejects == REJECTS_DROP)
        return;
    if (of->rejects == REJECTS_JSONL || of->rejects == REJECTS_CSV) {
        if (how == JUDGE_TABLES)
            return;
        read_file_of_rejects(of, &found);
    } else {
        read_table_of_rejects(of, &found);
    }
    uint32_t missing = 0;
    for (int by = 0; by < 2; by++)
        for (uint32_t i = found.next[by]; i < of->rows_count; i++)
            missing += is_rejected(&of->rows[i], by) != 0;
    if (found.others || (how == JUDGE_END && missing))
        blame(of, "of the rejects %u are missing, and %u are too many or not in order", missing,
              found.others);
    if (found.misplaced && of->rejects != REJECTS_CSV)
        blame(of, "%u rejects say another row or line than theirs", found.misplaced);
}

static void judge(sim *of, int how)
{
    for (uint32_t i = 0; i < of->sinks_count; i++)
        if (of->sinks[i].target == TO_SQLITE)
            judge_table(of, i, how);
        else
            judge_file(of, i, how);
    judge_rejects(of, how);
}

#endif

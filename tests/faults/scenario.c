/*
 * scenario.c - the graphs, their inputs and their sinks; see scenario.h.
 */
#include "tests/faults/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/inputs.h"

#define ROWS_OF_T "SELECT id, name, cents, status FROM t ORDER BY rowid"
#define REJECTS_OF_BAD                                                                             \
    "SELECT _stage, _reason, _column, _source, _row, _line, _raw, _values FROM bad ORDER BY rowid"

#define HEAD "graph: killed\nparams: {busy: 5s}\nbatch: {rows: %" PRId64 "}\nstages:\n"
#define CSV_READER "  - reader: csv\n    path: in.csv\n    columns: " FAULT_CSV_TYPES "\n"
#define SQLITE_READER                                                                              \
    "  - reader: sqlite\n    database: in.db\n    table: source\n    busy: ${busy}\n"
#define SQLITE_EXPORTER                                                                            \
    "  - exporter: sqlite\n    database: out.db\n    table: t\n    busy: ${busy}\n"
#define JSONL_EXPORTER "  - exporter: jsonl\n    path: out.jsonl\n    mode: append\n"
#define RULES                                                                                      \
    "  - validator: rules\n    on_reject: bad\n    rules:\n"                                       \
    "      - sql: status != 'bad'\n        message: is bad\n"
/* Some microseconds a row, with an answer that is known: 8192. */
#define HEAVY                                                                                      \
    "  - transformer: select\n    name: heavy\n    from: csv\n"                                    \
    "    add: {heavy: \"length(replace(hex(zeroblob(2048)), '0', 'ab'))\"}\n"

/* ---- What must come out -------------------------------------------------------------- */

static void expect_row(const fault_case *of, fault_lines *lines, int64_t index)
{
    fault_row row = fault_row_of(of->seed, index);
    fault_lines_add(lines, "%" PRId64 "|%s|%" PRId64 "|%s", row.id, row.name, row.cents,
                    row.status);
}

static void expect_rows(const fault_case *of, fault_lines *lines)
{
    for (int64_t i = 0; i < of->rows; i++)
        expect_row(of, lines, i);
}

static void expect_good_rows(const fault_case *of, fault_lines *lines)
{
    for (int64_t i = 0; i < of->rows; i++) {
        fault_row row = fault_row_of(of->seed, i);
        if (!fault_row_is_bad(&row))
            expect_row(of, lines, i);
    }
}

static void expect_first_rows(const fault_case *of, fault_lines *lines)
{
    for (int64_t i = of->first; i < of->first + of->count && i < of->rows; i++)
        expect_row(of, lines, i);
}

static void expect_objects(const fault_case *of, fault_lines *lines)
{
    char text[512];
    for (int64_t i = 0; i < of->rows; i++) {
        fault_row row = fault_row_of(of->seed, i);
        fault_json_object(&row, text, sizeof text);
        fault_lines_add(lines, "%s", text);
    }
}

static void expect_good_objects(const fault_case *of, fault_lines *lines)
{
    char text[512];
    for (int64_t i = 0; i < of->rows; i++) {
        fault_row row = fault_row_of(of->seed, i);
        fault_json_object(&row, text, sizeof text);
        if (!fault_row_is_bad(&row))
            fault_lines_add(lines, "%s", text);
    }
}

static void expect_fan_objects(const fault_case *of, fault_lines *lines)
{
    char text[512];
    for (int64_t i = 0; i < of->rows; i++) {
        fault_row row = fault_row_of(of->seed, i);
        fault_json_object(&row, text, sizeof text);
        text[strlen(text) - 1] = '\0';
        fault_lines_add(lines, "%s%s}", text, of->variant ? "" : ",\"heavy\":8192");
    }
}

static void expect_reject_objects(const fault_case *of, fault_lines *lines)
{
    char text[512];
    for (int64_t i = 0; i < of->rows; i++) {
        fault_row row = fault_row_of(of->seed, i);
        fault_json_object(&row, text, sizeof text);
        if (fault_row_is_bad(&row))
            fault_lines_add(lines,
                            "{\"_stage\":\"rules\",\"_reason\":\"is bad\",\"_column\":null,"
                            "\"_source\":\"in.csv\",\"_row\":%" PRId64 ",\"_line\":%" PRId64
                            ",\"_raw\":null,\"_values\":%s}",
                            i + 1, i + 2, text);
    }
}

static void expect_reject_rows(const fault_case *of, fault_lines *lines)
{
    char text[512];
    for (int64_t i = 0; i < of->rows; i++) {
        fault_row row = fault_row_of(of->seed, i);
        fault_json_object(&row, text, sizeof text);
        if (fault_row_is_bad(&row))
            fault_lines_add(lines, "rules|is bad|~|in.csv|%" PRId64 "|%" PRId64 "|~|%s", i + 1,
                            i + 2, text);
    }
}

static void expect_groups(const fault_case *of, fault_lines *lines)
{
    static const char *const statuses[] = {"bad", "failed", "open", "paid"};
    for (int group = 0; group < 4; group++) {
        int64_t count = 0, sum = 0, most = 0;
        for (int64_t i = 0; i < of->rows; i++) {
            fault_row row = fault_row_of(of->seed, i);
            if (strcmp(row.status, statuses[group]) != 0)
                continue;
            most = count == 0 || row.cents > most ? row.cents : most;
            sum += row.cents;
            count++;
        }
        if (count)
            fault_lines_add(lines, "%s|%" PRId64 "|%" PRId64 "|%" PRId64, statuses[group], count,
                            sum, most);
    }
}

/* ---- Graphs -------------------------------------------------------------------------- */

static void make_csv_sqlite(fault_case *of)
{
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    fault_make_text(of->directory, "graph.yaml", HEAD CSV_READER SQLITE_EXPORTER, of->batch);
}

static void make_csv_jsonl(fault_case *of)
{
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    fault_make_text(of->directory, "graph.yaml",
                    HEAD CSV_READER RULES JSONL_EXPORTER
                    "  - exporter: jsonl\n    name: bad\n    path: bad.jsonl\n    mode: append\n",
                    of->batch);
}

static void make_sqlite_sqlite(fault_case *of)
{
    fault_make_database(of->directory, "in.db", of->seed, of->rows, of->variant);
    fault_make_text(of->directory, "graph.yaml", HEAD SQLITE_READER SQLITE_EXPORTER, of->batch);
}

static void make_sqlite_jsonl(fault_case *of)
{
    fault_make_database(of->directory, "in.db", of->seed, of->rows, of->variant);
    fault_make_text(of->directory, "graph.yaml", HEAD SQLITE_READER JSONL_EXPORTER, of->batch);
}

/* Variant 0: the text is the slower branch; 1: the database is. */
static void make_fan_out(fault_case *of)
{
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    if (of->variant == 0)
        fault_make_text(of->directory, "graph.yaml",
                        HEAD CSV_READER SQLITE_EXPORTER HEAVY JSONL_EXPORTER, of->batch);
    else
        fault_make_text(of->directory, "graph.yaml",
                        HEAD CSV_READER JSONL_EXPORTER HEAVY SQLITE_EXPORTER, of->batch);
}

static void make_rejects(fault_case *of)
{
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    fault_make_text(of->directory, "graph.yaml",
                    HEAD CSV_READER RULES SQLITE_EXPORTER
                    "  - exporter: jsonl\n    name: bad\n    path: bad.jsonl\n    mode: append\n",
                    of->batch);
}

static void make_rejects_table(fault_case *of)
{
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    fault_make_text(of->directory, "graph.yaml",
                    HEAD CSV_READER RULES SQLITE_EXPORTER
                    "  - exporter: sqlite\n    name: bad\n    database: out.db\n    table: bad\n   "
                    " busy: ${busy}\n",
                    of->batch);
}

static void make_limit(fault_case *of)
{
    uint64_t state = of->seed;
    of->first = fault_random_from(&state, 0, of->rows / 4);
    of->count = fault_random_from(&state, 1, of->rows);
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    fault_make_text(of->directory, "graph.yaml",
                    HEAD CSV_READER "  - filter: limit\n    skip: %" PRId64 "\n    rows: %" PRId64
                                    "\n" SQLITE_EXPORTER,
                    of->batch, of->first, of->count);
}

static void make_aggregate(fault_case *of)
{
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    fault_make_text(
        of->directory, "graph.yaml",
        HEAD CSV_READER
        "  - transformer: aggregate\n    group_by: status\n"
        "    columns: {n: count(*), cents: sum(cents), most: max(cents)}\n" SQLITE_EXPORTER
        "    mode: replace\n",
        of->batch);
}

/* The input is empty: follow.c writes it while the graph runs. Odd variants: a glob that the
 * rotated files match too; even ones: one path. */
static void make_follow(fault_case *of)
{
    static const char *const readers[] = {"lines", "jsonl", "csv"};
    static const char *const columns[] = {
        "  - transformer: parse\n    format: json\n    keep: none\n    columns: " FAULT_CSV_TYPES,
        "    infer: false\n    columns: " FAULT_CSV_TYPES, "    columns: " FAULT_CSV_TYPES};
    fault_make_text(of->directory, "log", "%s", of->variant / 2 == 2 ? FAULT_CSV_HEADER : "");
    fault_make_text(of->directory, "graph.yaml",
                    HEAD "  - reader: %s\n    path: %s\n    follow: true\n    poll: 1ms\n"
                         "    rotate_wait: 5ms\n%s\n" SQLITE_EXPORTER,
                    of->batch, readers[of->variant / 2], of->variant % 2 ? "log*" : "log",
                    columns[of->variant / 2]);
}

static void make_compressed(fault_case *of)
{
    char command[512];
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    snprintf(command, sizeof command, "gzip -q '%s/in.csv'", of->directory);
    if (system(command))
        fault_broken("cannot compress a file");
    fault_make_text(of->directory, "graph.yaml",
                    HEAD "  - reader: csv\n    path: in.csv.gz\n    columns: " FAULT_CSV_TYPES
                         "\n" SQLITE_EXPORTER,
                    of->batch);
}

/* Nothing of it runs: for messages about a graph. */
static void make_mistakes(fault_case *of)
{
    fault_make_csv(of->directory, "in.csv", of->seed, of->rows);
    fault_make_text(of->directory, "graph.yaml",
                    HEAD CSV_READER "  - filter: where\n    keep: stauts = 'paid'\n"
                                    "  - filter: limit\n    rows: many\n" SQLITE_EXPORTER
                                    "    moed: replace\n",
                    of->batch);
}

static const fault_scenario scenarios[] = {
    {"csv-sqlite", make_csv_sqlite, {{"out.db", "t", ROWS_OF_T, expect_rows}}, .variants = 1},
    {"csv-jsonl",
     make_csv_jsonl,
     {{"out.jsonl", NULL, NULL, expect_good_objects},
      {"bad.jsonl", NULL, NULL, expect_reject_objects}},
     .variants = 1},
    {"sqlite-sqlite", make_sqlite_sqlite, {{"out.db", "t", ROWS_OF_T, expect_rows}}, .variants = 3},
    {"sqlite-jsonl", make_sqlite_jsonl, {{"out.jsonl", NULL, NULL, expect_objects}}, .variants = 3},
    /* A glob's new files come in the order of their names: their rows by their ids. */
    {"follow",
     make_follow,
     {{"out.db", "t", "SELECT id, name, cents, status FROM t ORDER BY id", expect_rows}},
     .variants = 6,
     .follows = 1},
    {"fan-out",
     make_fan_out,
     {{"out.db", "t", ROWS_OF_T, expect_rows}, {"out.jsonl", NULL, NULL, expect_fan_objects}},
     .variants = 2},
    {"rejects",
     make_rejects,
     {{"out.db", "t", ROWS_OF_T, expect_good_rows},
      {"bad.jsonl", NULL, NULL, expect_reject_objects}},
     .variants = 1},
    {"rejects-table",
     make_rejects_table,
     {{"out.db", "t", ROWS_OF_T, expect_good_rows},
      {"out.db", "bad", REJECTS_OF_BAD, expect_reject_rows}},
     .variants = 1},
    {"limit", make_limit, {{"out.db", "t", ROWS_OF_T, expect_first_rows}}, .variants = 1},
    {"aggregate",
     make_aggregate,
     {{"out.db", "t", "SELECT status, n, cents, most FROM t ORDER BY rowid", expect_groups}},
     .variants = 1,
     .whole = 1},
    {"compressed", make_compressed, {{"out.db", "t", ROWS_OF_T, expect_rows}}, .variants = 1},
    {"mistakes", make_mistakes, {{0}}, .variants = 1},
};

const fault_scenario *fault_scenario_at(int index)
{
    return index < (int)(sizeof scenarios / sizeof *scenarios) ? &scenarios[index] : NULL;
}

const fault_scenario *fault_scenario_of(const char *name)
{
    for (int i = 0; fault_scenario_at(i); i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

/* ---- Cases --------------------------------------------------------------------------- */

void fault_case_make(fault_case *made, const fault_scenario *scenario, const char *directory,
                     uint64_t seed, int64_t rows)
{
    char inside[300];
    uint64_t state = seed;
    *made = (fault_case){.scenario = scenario, .seed = seed};
    snprintf(made->directory, sizeof made->directory, "%s", directory);
    made->rows = fault_random_from(&state, rows - rows / 4, rows + rows / 4);
    made->batch = fault_random_from(&state, made->rows / 100 + 1, made->rows / 25 + 2);
    made->variant = fault_random_from(&state, 0, scenario->variants - 1);
    fault_directory_remove(directory);
    snprintf(inside, sizeof inside, "%s/state", directory);
    fault_directory_make(inside);
    snprintf(inside, sizeof inside, "%s/tmp", directory);
    fault_directory_make(inside);
    if (fault_random_from(&state, 0, 1) || getenv("FAULT_MADE"))
        fault_make_empty_database(directory, "out.db");
    scenario->make(made);
}

void fault_sink_read(const fault_case *of, const fault_sink *sink, fault_lines *lines)
{
    if (sink->table)
        fault_lines_of_query(lines, of->directory, sink->file, sink->sql);
    else
        fault_lines_of_file(lines, of->directory, sink->file);
}

static int judge(const fault_case *of, int says)
{
    int exact = 1;
    for (int i = 0; i < 2 && of->scenario->sinks[i].file; i++) {
        const fault_sink *sink = &of->scenario->sinks[i];
        fault_lines expected = {0}, there = {0};
        sink->expect(of, &expected);
        fault_sink_read(of, sink, &there);
        exact &= says ? fault_lines_equal(sink->table ? sink->table : sink->file, &expected, &there)
                      : fault_lines_same(&expected, &there);
        fault_lines_free(&expected);
        fault_lines_free(&there);
    }
    return exact;
}

int fault_case_judge(const fault_case *of)
{
    return judge(of, 1);
}

int fault_case_is_exact(const fault_case *of)
{
    return judge(of, 0);
}

int fault_case_is_empty(const fault_case *of)
{
    size_t count = 0;
    for (int i = 0; i < 2 && of->scenario->sinks[i].file; i++) {
        fault_lines there = {0};
        fault_sink_read(of, &of->scenario->sinks[i], &there);
        count += there.count;
        fault_lines_free(&there);
    }
    return count == 0;
}

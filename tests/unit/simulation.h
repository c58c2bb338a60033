/*
 * simulation.h - graphs by the dice for test_simulation.c: what they read, what they do, where
 * they write, and what must then stand there.
 *
 * The oracle knows nothing of the product: it walks over the rows that it made, and says what
 * each sink must hold. Values are such that their spelling is never in question.
 */
#ifndef SL_SIMULATION_H
#define SL_SIMULATION_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/world.h"

/* Whether a run goes on where the last one was cut off. */
#if __has_include("daemon/state.h")
#define RESUMES 1
#else
#define RESUMES 0
#endif

#define ROWS_MAX 400
#define SINKS_MAX 3
#define CELL 64

typedef struct source_row {
    int64_t id, amount;
    char name[CELL]; /* "": NULL */
    int misfit;      /* 1: its amount is no number */
} source_row;

typedef struct sink_row { /* spelled; "": NULL */
    char cells[3][CELL];
} sink_row;

enum { FROM_CSV, FROM_SQLITE, FROM_JSONL, SOURCES };
enum { PLAIN, WHERE, SELECT, RULES, LIMIT, AGGREGATE, SORT, DEDUPE, MIDDLES };
enum { TO_SQLITE, TO_JSONL, TO_CSV, TARGETS };
enum { APPEND, UPSERT, REPLACE };
enum { REJECTS_DROP, REJECTS_JSONL, REJECTS_CSV, REJECTS_SQLITE, REJECTS_BESIDE, REJECTS };

typedef struct sink {
    int target, mode;
    int even; /* 1: takes only the rows whose first column is even, behind a filter of its own */
} sink;

typedef struct sim {
    sl_world world;
    uint64_t seed;
    int source, middle, rejects, whole; /* whole: each run is made from the start */
    sink sinks[SINKS_MAX];
    uint32_t sinks_count, batch_rows, commit_every, limit;
    source_row rows[ROWS_MAX];
    uint32_t rows_count;
    sink_row expected[ROWS_MAX];
    uint32_t expected_count;
    char yaml[4096];
    int32_t torn; /* 1: a power cut may have left anything behind the committed rows of files */
    int32_t counts, blamed; /* 1: what is wrong is only counted; how often */
} sim;

static const char *const column_names[2][3] = {{"id", "name", "amount"}, {"amount", "n", "total"}};

static const char *sim_column(const sim *of, int column)
{
    if (of->middle == AGGREGATE)
        return column_names[1][column];
    return of->middle == SELECT && column == 2 ? "double" : column_names[0][column];
}

static int is_text(const sim *of, int column)
{
    return of->middle != AGGREGATE && column == 1;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static uint64_t dice(sim *of, uint64_t below)
{
    return sl_world_dice(&of->world, below);
}

static void make_name(sim *of, char name[CELL])
{
    static const char *const parts[] = {
        "a", "bo", "C d", ",", "\"", "'", "\xc3\xa9", "x y", "-", "\\", "lorem ipsum dolor"};
    size_t count = dice(of, 9) == 0 ? 0 : 1 + dice(of, 3);
    snprintf(name, CELL, "%s", count ? "n" : "");
    for (size_t i = 0; i < count; i++)
        strcat(name, parts[dice(of, sizeof parts / sizeof *parts)]);
    if (count)
        strcat(name, ".");
}

/* Adds rows to those that there are. */
static void make_rows(sim *of, uint32_t count)
{
    int64_t id = of->rows_count ? of->rows[of->rows_count - 1].id : 0;
    uint32_t from = of->rows_count;
    of->rows_count = count < ROWS_MAX - from ? from + count : ROWS_MAX;
    for (uint32_t i = from; i < of->rows_count; i++) {
        source_row *row = &of->rows[i];
        id += 1 + (dice(of, 5) == 0 ? (int64_t)dice(of, 9) : 0);
        row->id = id;
        row->amount = (int64_t)dice(of, 30) - 6;
        row->misfit = of->middle == RULES && of->source == FROM_CSV && dice(of, 12) == 0;
        make_name(of, row->name);
    }
}

static void csv_text(sl_builder *to, const char *text)
{
    if (!strpbrk(text, ",\"")) {
        sl_builder_word(to, text);
        return;
    }
    sl_builder_word(to, "\"");
    for (; *text; text++)
        sl_builder_format(to, *text == '"' ? "\"%c" : "%c", *text);
    sl_builder_word(to, "\"");
}

static void json_text(sl_builder *to, const char *text)
{
    if (!*text) {
        sl_builder_word(to, "null");
        return;
    }
    sl_builder_word(to, "\"");
    for (; *text; text++)
        sl_builder_format(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    sl_builder_word(to, "\"");
}

/* The rows from number `from` on; first: the file is made. */
static void write_csv(sim *of, uint32_t from, int first, sl_builder *to)
{
    sl_builder_word(to, first ? "id,name,amount\n" : "");
    for (uint32_t i = from; i < of->rows_count; i++) {
        const source_row *row = &of->rows[i];
        sl_builder_format(to, "%lld,", (long long)row->id);
        csv_text(to, row->name);
        if (row->misfit)
            sl_builder_word(to, ",n/a\n");
        else
            sl_builder_format(to, ",%lld\n", (long long)row->amount);
    }
}

static void write_jsonl(sim *of, uint32_t from, sl_builder *to)
{
    sl_builder_word(to, "");
    for (uint32_t i = from; i < of->rows_count; i++) {
        const source_row *row = &of->rows[i];
        sl_builder_format(to, "{\"id\":%lld,\"name\":", (long long)row->id);
        json_text(to, row->name);
        sl_builder_format(to, ",\"amount\":%lld}\n", (long long)row->amount);
    }
}

static sqlite3 *connect(sim *of, const char *path, int flags)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_READWRITE, of->world.env.sqlite_vfs);
    if (rc == SQLITE_OK)
        return db;
    sqlite3_close(db);
    return NULL;
}

static void must(sqlite3 *db, const char *sql)
{
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
}

static void write_sqlite(sim *of, uint32_t from, int first)
{
    sqlite3 *db = connect(of, "in.db", SQLITE_OPEN_CREATE);
    sqlite3_stmt *insert = NULL;
    if (first) {
        must(db, dice(of, 2) ? "PRAGMA journal_mode=WAL" : "PRAGMA page_size=1024");
        must(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, amount INTEGER)");
    }
    must(db, "BEGIN");
    sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?1, nullif(?2, ''), ?3)", -1, &insert, NULL);
    for (uint32_t i = from; i < of->rows_count; i++) {
        const source_row *row = &of->rows[i];
        sqlite3_bind_int64(insert, 1, row->id);
        sqlite3_bind_text(insert, 2, row->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 3, row->amount);
        ck_assert_int_eq(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    must(db, "COMMIT");
    sqlite3_close(db);
    sl_world_settle(&of->world);
}

static void write_source(sim *of, uint32_t from, int first)
{
    const char *path = of->source == FROM_CSV ? "in.csv" : "in.jsonl";
    sl_builder text = {.env = &sl_env_real};
    if (of->source == FROM_SQLITE) {
        write_sqlite(of, from, first);
        return;
    }
    if (of->source == FROM_CSV)
        write_csv(of, from, first, &text);
    else
        write_jsonl(of, from, &text);
    if (first)
        sl_world_put(&of->world, path, text.data, text.size);
    else
        sl_world_append(&of->world, path, text.data, text.size);
    sl_builder_done(&text);
}

/* ---- The graph ---------------------------------------------------------------------------------
 */

static void yaml_source(const sim *of, sl_builder *to)
{
    static const char *const sources[SOURCES] = {
        "  - reader: csv\n    path: in.csv\n",
        "  - reader: sqlite\n    database: in.db\n    table: t\n",
        "  - reader: jsonl\n    path: in.jsonl\n",
    };
    sl_builder_word(to, sources[of->source]);
    if (of->source != FROM_SQLITE)
        sl_builder_word(to, "    columns: {id: integer, name: text, amount: integer}\n");
}

static void yaml_on_reject(const sim *of, sl_builder *to)
{
    if (of->middle == RULES)
        sl_builder_format(to, "    on_reject: %s\n", of->rejects == REJECTS_DROP ? "drop" : "bad");
}

static void yaml_middle(const sim *of, sl_builder *to)
{
    static const char *const middles[MIDDLES] = {
        [WHERE] = "  - filter: where\n    keep: amount % 3 <> 0\n",
        [SELECT] = "  - filter: where\n    keep: amount >= 0\n  - transformer: select\n"
                   "    columns: {id: id, name: name, double: amount * 2}\n",
        [RULES] = "  - validator: rules\n    rules: [amount >= 0]\n",
        [AGGREGATE] = "  - transformer: aggregate\n    group_by: [amount]\n"
                      "    columns: {n: count(*), total: sum(id)}\n",
        [SORT] = "  - transformer: sort\n    by: [amount desc]\n",
        [DEDUPE] = "  - filter: dedupe\n    by: [amount]\n",
    };
    if (of->middle == LIMIT)
        sl_builder_format(to, "  - filter: limit\n    rows: %u\n", of->limit);
    else if (middles[of->middle])
        sl_builder_word(to, middles[of->middle]);
    yaml_on_reject(of, to);
}

static void yaml_sink(const sim *of, uint32_t index, sl_builder *to)
{
    static const char *const lasts[MIDDLES] = {"",      "where",     "select", "rules",
                                               "limit", "aggregate", "sort",   "dedupe"};
    static const char *const readers[SOURCES] = {"csv", "sqlite", "jsonl"};
    static const char *const modes[] = {"append", "upsert\n    key: [id]", "replace"};
    const sink *at = &of->sinks[index];
    const char *last = of->middle == PLAIN ? readers[of->source] : lasts[of->middle];
    if (at->even)
        sl_builder_format(
            to, "  - filter: where\n    name: even%u\n    from: %s\n    keep: %s %% 2 = 0\n", index,
            last, sim_column(of, 0));
    sl_builder_format(to, "  - exporter: %s\n    name: to%u\n",
                      at->target == TO_SQLITE  ? "sqlite"
                      : at->target == TO_JSONL ? "jsonl"
                                               : "csv",
                      index);
    if (of->sinks_count > 1 && !at->even)
        sl_builder_format(to, "    from: %s\n", last);
    if (at->target == TO_SQLITE)
        sl_builder_format(to, "    database: out%u.db\n    table: t\n", index);
    else
        sl_builder_format(to, "    path: out%u.txt\n", index);
    sl_builder_format(to, "    mode: %s\n", modes[at->mode]);
}

static void yaml_rejects(const sim *of, sl_builder *to)
{
    if (of->middle != RULES || of->rejects == REJECTS_DROP)
        return;
    if (of->rejects == REJECTS_JSONL || of->rejects == REJECTS_CSV)
        sl_builder_format(to, "  - exporter: %s\n    path: bad.txt\n",
                          of->rejects == REJECTS_CSV ? "csv" : "jsonl");
    else
        sl_builder_format(to, "  - exporter: sqlite\n    database: %s\n    table: bad\n",
                          of->rejects == REJECTS_BESIDE ? "out0.db" : "bad.db");
    sl_builder_format(to, "    name: bad\n    mode: %s\n", of->whole ? "replace" : "append");
}

static void make_graph(sim *of)
{
    sl_builder yaml = {.env = &sl_env_real};
    sl_builder_format(&yaml, "graph: simulated\nbatch: {rows: %u}\nstages:\n", of->batch_rows);
    yaml_source(of, &yaml);
    if (of->source == FROM_CSV)
        yaml_on_reject(of, &yaml);
    yaml_middle(of, &yaml);
    for (uint32_t i = 0; i < of->sinks_count; i++)
        yaml_sink(of, i, &yaml);
    yaml_rejects(of, &yaml);
    sl_world_put(&of->world, "graph.yaml", yaml.data, yaml.size);
    snprintf(of->yaml, sizeof of->yaml, "%s", yaml.data);
    sl_builder_done(&yaml);
}

static void make_sinks(sim *of)
{
    of->sinks_count = 1 + (dice(of, 3) == 0);
    of->sinks_count += dice(of, 6) == 0;
    for (uint32_t i = 0; i < of->sinks_count; i++) {
        sink *at = &of->sinks[i];
        at->target = (int)dice(of, TARGETS);
        at->mode = of->whole ? REPLACE : APPEND;
        at->even = dice(of, 4) == 0;
        if (at->target == TO_SQLITE && at->mode == APPEND && dice(of, 4) == 0)
            at->mode = UPSERT;
    }
    of->rejects = (int)dice(of, REJECTS);
    if (of->rejects == REJECTS_BESIDE && (!RESUMES || of->sinks[0].target != TO_SQLITE))
        of->rejects = REJECTS_SQLITE;
}

static void expect(sim *of);

/* All of a history but its faults. */
static void sim_init(sim *of, uint64_t seed)
{
    static const uint32_t sizes[] = {5, 40, 150, ROWS_MAX};
    memset(of, 0, sizeof *of);
    of->seed = seed;
    sl_world_init(&of->world, seed);
    of->source = (int)dice(of, SOURCES);
    of->middle = dice(of, 5) ? (int)dice(of, MIDDLES) : RULES;
    of->whole = of->middle >= AGGREGATE || dice(of, 8) == 0;
    of->batch_rows = 1 + (uint32_t)dice(of, dice(of, 3) ? 20 : 100);
    of->commit_every = 1 + (uint32_t)dice(of, 4);
    of->limit = (uint32_t)dice(of, 120);
    of->world.shorten = dice(of, 2) ? 1 + (uint32_t)dice(of, 6) : 0;
    of->world.sector = dice(of, 2) ? 512 : 4096;
    of->world.ordered = (int32_t)dice(of, 2);
    make_rows(of, (uint32_t)dice(of, sizes[dice(of, 4)] + 1));
    make_sinks(of);
    make_graph(of);
    write_source(of, 0, 1);
    expect(of);
}

/* More rows come into the source. */
static void sim_grow(sim *of)
{
    uint32_t before = of->rows_count;
    make_rows(of, 1 + (uint32_t)dice(of, 60));
    write_source(of, before, 0);
    expect(of);
}

static void sim_done(sim *of)
{
    sl_world_done(&of->world);
}

/* ---- What must come out
 * -------------------------------------------------------------------------- */

static void add_row(sim *of, int64_t first, const char *second, int64_t third)
{
    sink_row *row = &of->expected[of->expected_count++];
    snprintf(row->cells[0], CELL, "%lld", (long long)first);
    snprintf(row->cells[1], CELL, "%s", second);
    snprintf(row->cells[2], CELL, "%lld", (long long)third);
}

static void expect_groups(sim *of)
{
    for (int64_t amount = -10; amount < 30; amount++) {
        int64_t count = 0, total = 0;
        for (uint32_t i = 0; i < of->rows_count; i++)
            if (of->rows[i].amount == amount) {
                count++;
                total += of->rows[i].id;
            }
        char text[CELL];
        snprintf(text, sizeof text, "%lld", (long long)count);
        if (count)
            add_row(of, amount, text, total);
    }
}

static void expect_sorted(sim *of)
{
    for (int64_t amount = 30; amount >= -10; amount--)
        for (uint32_t i = 0; i < of->rows_count; i++)
            if (of->rows[i].amount == amount)
                add_row(of, of->rows[i].id, of->rows[i].name, amount);
}

/* The expected row after number `index` that a sink takes; from -1 on. The end: expected_count. */
static uint32_t next_for(const sim *of, const sink *at, int64_t index)
{
    do
        index++;
    while (index < of->expected_count && at->even &&
           strtoll(of->expected[index].cells[0], NULL, 10) % 2 != 0);
    return (uint32_t)index;
}

static int is_first(const sim *of, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (of->rows[i].amount == of->rows[index].amount)
            return 0;
    return 1;
}

static int passes(sim *of, uint32_t index)
{
    const source_row *row = &of->rows[index];
    switch (of->middle) {
    case WHERE:
        return row->amount % 3 != 0;
    case SELECT:
        return row->amount >= 0;
    case RULES:
        return !row->misfit && row->amount >= 0;
    case LIMIT:
        return of->expected_count < of->limit;
    case DEDUPE:
        return is_first(of, index);
    default:
        return 1;
    }
}

static void expect(sim *of)
{
    of->expected_count = 0;
    if (of->middle == AGGREGATE)
        expect_groups(of);
    else if (of->middle == SORT)
        expect_sorted(of);
    else
        for (uint32_t i = 0; i < of->rows_count; i++)
            if (passes(of, i))
                add_row(of, of->rows[i].id, of->rows[i].name,
                        of->rows[i].amount * (of->middle == SELECT ? 2 : 1));
}

#endif

/*
 * rejects_asked.c - what is asked about rejected rows that a graph keeps in SQLite: counted, shown,
 * tried again, deleted; see inquiry.h.
 *
 * Deliberately elsewhere: trying them again (retry.h), the table (reject_table.h), the command
 * (inquiry_verb.c).
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/amend.h"
#include "daemon/inquiry.h"
#include "daemon/retry.h"
#include "daemon/words.h"
#include "stages/core/value.h"
#include "stages/json.h"

#define ROWS_MOST 256 /* that are named, and stages that are tried */

typedef struct words { /* what is asked */
    sl_inquiry *about;
    const sl_plan *plan;
    sl_graph *graph; /* never opened: it knows the stages */
    sl_graph_options options;
    int64_t rows[ROWS_MOST]; /* rowids */
    uint32_t rows_count;
    uint32_t after_table; /* show goes on in this exporter's table */
    int64_t after;        /* ... behind this rowid */
} words;

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static void add_number(sl_builder *text, const char *name, sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        sl_builder_format(text, ",\"%s\":null", name);
    else
        sl_builder_format(text, ",\"%s\":%lld", name, (long long)sqlite3_column_int64(row, column));
}

/* ---- ls ------------------------------------------------------------------------------------- */

/* When the table was written to last, as its checkpoint says; 0: not known. */
static int64_t last_time(words *at, uint32_t exporter)
{
    sl_amend_kept found;
    sl_errors *said = at->about->errors, unsaid = {.arena = said->arena};
    sl_errors before = *said;
    *said = unsaid;
    sl_status status = sl_amend_read(sl_graph_once(at->graph), exporter, &found);
    *said = before;
    return status == SL_OK && found.text ? found.kept.changed : 0;
}

static void add_reason(sl_builder *text, sqlite3_stmt *row, int32_t json, int32_t first)
{
    if (!json) {
        sl_builder_format(text, "  %8lld  %s: %s\n", (long long)sqlite3_column_int64(row, 2),
                          text_of(row, 0) ? text_of(row, 0) : "?",
                          text_of(row, 1) ? text_of(row, 1) : "");
        return;
    }
    sl_builder_word(text, first ? "{\"stage\":" : ",{\"stage\":");
    const char *stage = text_of(row, 0) ? text_of(row, 0) : "";
    sl_builder_json(text, stage, strlen(stage));
    sl_inquiry_member(text, "reason", text_of(row, 1));
    add_number(text, "rows", row, 2);
    add_number(text, "last_rowid", row, 3);
    sl_builder_word(text, "}");
}

static sl_status add_reasons(sl_reject_table *table, sl_builder *text, int32_t json, int64_t *rows)
{
    sqlite3_stmt *row;
    int rc = SQLITE_ROW;
    if (!table->there)
        return SL_OK;
    if (sl_reject_table_prepare(table,
                                "SELECT _stage, _reason, count(*), max(rowid) FROM main.\"%w\" "
                                "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
                                &row) != SL_OK)
        return SL_ERROR;
    for (int32_t first = 1; (rc = sqlite3_step(row)) == SQLITE_ROW; first = 0) {
        *rows += sqlite3_column_int64(row, 2);
        add_reason(text, row, json, first);
    }
    return sl_reject_table_done(table, row, rc);
}

static void add_table(words *at, const sl_reject_table *table, sl_builder *text, int64_t rows,
                      const sl_builder *reasons)
{
    const sl_plan_stage *stage = &at->plan->stages[table->exporter];
    int64_t changed = last_time(at, table->exporter);
    if (at->about->json) {
        sl_builder target = {.env = text->env};
        sl_builder_word(text, "{\"exporter\":");
        sl_builder_json(text, stage->name, strlen(stage->name));
        sl_words_target(&target, stage);
        sl_inquiry_member(text, "target", target.data);
        sl_builder_done(&target);
        sl_builder_format(text, ",\"rows\":%lld,\"changed\":", (long long)rows);
        sl_builder_word(text, changed ? "\"" : "null");
        if (changed)
            sl_words_instant(text, changed);
        sl_builder_word(text, changed ? "\",\"reasons\":[" : ",\"reasons\":[");
    } else {
        sl_builder_format(text, "%s: ", stage->name);
        sl_words_rows(text, rows);
        sl_builder_word(text, " in ");
        sl_words_target(text, stage);
        if (changed) {
            sl_builder_word(text, ", last written ");
            sl_words_time(text, changed);
        }
        sl_builder_word(text, "\n");
    }
    sl_builder_add(text, reasons->data, reasons->size);
    sl_builder_word(text, at->about->json ? "]}" : "");
}

static sl_status list(words *at, sl_reject_table *table, sl_builder *text)
{
    sl_builder reasons = {.env = text->env};
    int64_t rows = 0;
    sl_status status = add_reasons(table, &reasons, at->about->json, &rows);
    if (status == SL_OK) {
        if (at->about->json && text->size > 0)
            sl_builder_word(text, ",");
        add_table(at, table, text, rows, &reasons);
    }
    text->failed = text->failed || reasons.failed;
    sl_builder_done(&reasons);
    return status;
}

/* ---- show ----------------------------------------------------------------------------------- */

static void add_row_json(sl_builder *text, sqlite3_stmt *row)
{
    const char *values = text_of(row, 8);
    sl_builder_format(text, "{\"rowid\":%lld", (long long)sqlite3_column_int64(row, 0));
    sl_inquiry_member(text, "stage", text_of(row, 1));
    sl_inquiry_member(text, "reason", text_of(row, 2));
    sl_inquiry_member(text, "column", text_of(row, 3));
    sl_inquiry_member(text, "source", text_of(row, 4));
    add_number(text, "row", row, 5);
    add_number(text, "line", row, 6);
    sl_inquiry_member(text, "raw", text_of(row, 7));
    if (values && sl_json_valid(values, strlen(values)))
        sl_builder_format(text, ",\"values\":%s}\n", values);
    else {
        sl_inquiry_member(text, "values", values);
        sl_builder_word(text, "}\n");
    }
}

static void add_row_text(sl_builder *text, sqlite3_stmt *row)
{
    const char *comma = "";
    sl_builder_format(text, "%lld: %s: %s\n", (long long)sqlite3_column_int64(row, 0),
                      text_of(row, 1) ? text_of(row, 1) : "?",
                      text_of(row, 2) ? text_of(row, 2) : "");
    sl_builder_word(text, "    ");
    if (text_of(row, 4)) {
        sl_builder_format(text, "%s", text_of(row, 4));
        comma = ", ";
    }
    if (sqlite3_column_int64(row, 5) > 0) {
        sl_builder_format(text, "%srow %lld", comma, (long long)sqlite3_column_int64(row, 5));
        comma = ", ";
    }
    if (sqlite3_column_int64(row, 6) > 0) {
        sl_builder_format(text, "%sline %lld", comma, (long long)sqlite3_column_int64(row, 6));
        comma = ", ";
    }
    if (text_of(row, 3))
        sl_builder_format(text, "%scolumn '%s'", comma, text_of(row, 3));
    const char *what = text_of(row, 8) ? text_of(row, 8) : text_of(row, 7);
    sl_builder_format(text, "\n    %s\n", what ? what : "");
}

static int32_t is_wanted(const words *at, int64_t rowid)
{
    for (uint32_t i = 0; i < at->rows_count; i++)
        if (at->rows[i] == rowid)
            return 1;
    return at->rows_count == 0;
}

/* Where the next page begins: as "TABLE:ROWID". */
static void note_page(words *at, const sl_reject_table *table, int64_t rowid)
{
    snprintf(at->about->next, sizeof at->about->next, "%u:%lld", table->exporter, (long long)rowid);
}

static sl_status show(words *at, sl_reject_table *table, sl_builder *text)
{
    sqlite3_stmt *row;
    int rc;
    if (!table->there)
        return SL_OK;
    if (sl_reject_table_prepare(table,
                                "SELECT rowid, _stage, _reason, _column, _source, _row, _line, "
                                "_raw, _values FROM main.\"%w\" WHERE rowid > ?1 ORDER BY rowid",
                                &row) != SL_OK)
        return SL_ERROR;
    sqlite3_bind_int64(row, 1, table->exporter == at->after_table ? at->after : INT64_MIN);
    while ((rc = sqlite3_step(row)) == SQLITE_ROW && !text->failed) {
        if (!is_wanted(at, sqlite3_column_int64(row, 0)))
            continue;
        (at->about->json ? add_row_json : add_row_text)(text, row);
        if (at->about->page > 0 && text->size >= at->about->page) {
            note_page(at, table, sqlite3_column_int64(row, 0));
            break;
        }
        if (at->about->page == 0 && text->size > 65536) { /* no more in memory, however many */
            at->about->put(at->about->of, 0, text->data, text->size);
            sl_builder_clear(text);
        }
    }
    return sl_reject_table_done(table, row, rc);
}

/* ---- drop ----------------------------------------------------------------------------------- */

static sl_status delete_rows(words *at, sl_reject_table *table, int64_t *deleted)
{
    sqlite3_stmt *row;
    const char *sql =
        at->rows_count ? "DELETE FROM main.\"%w\" WHERE rowid = ?1" : "DELETE FROM main.\"%w\"";
    int rc = sl_sqlite_run(&table->db, "BEGIN IMMEDIATE");
    if (rc != SQLITE_OK)
        return sl_sqlite_fail(&table->db, rc, "write to");
    if (sl_reject_table_prepare(table, sql, &row) != SL_OK)
        return SL_ERROR;
    uint32_t times = at->rows_count ? at->rows_count : 1;
    rc = SQLITE_DONE;
    for (uint32_t i = 0; i < times && rc == SQLITE_DONE; i++) {
        sqlite3_reset(row);
        if (at->rows_count)
            sqlite3_bind_int64(row, 1, at->rows[i]);
        rc = sqlite3_step(row);
        *deleted += rc == SQLITE_DONE ? sqlite3_changes64(table->db.handle) : 0;
    }
    if (sl_reject_table_done(table, row, rc) != SL_OK)
        return SL_ERROR;
    rc = sl_sqlite_run(&table->db, "COMMIT");
    return rc == SQLITE_OK ? SL_OK : sl_sqlite_fail(&table->db, rc, "write to");
}

static sl_status drop(words *at, sl_reject_table *table, sl_builder *text)
{
    int64_t deleted = 0;
    if (table->there && delete_rows(at, table, &deleted) != SL_OK)
        return SL_ERROR;
    if (at->about->json) {
        sl_builder_format(text, "{\"deleted\":%lld}\n", (long long)deleted);
    } else if (!at->about->quiet) {
        sl_builder_word(text, "deleted ");
        sl_words_rows(text, deleted);
        sl_builder_word(text, " of ");
        sl_words_target(text, &at->plan->stages[table->exporter]);
        sl_builder_word(text, "\n");
    }
    return SL_OK;
}

/* ---- retry ---------------------------------------------------------------------------------- */

typedef struct retrying {
    words *at;
    sl_builder *text;
    uint32_t stages[ROWS_MOST];
    uint32_t count;
    int64_t until;
    int32_t some; /* exporters said of the stage that is tried */
} retrying;

static void warn(words *at, const char *hint, const char *format, const char *stage, int64_t rows)
{
    char message[512];
    snprintf(message, sizeof message, format, (long long)rows, rows == 1 ? "" : "s",
             rows == 1 ? "s" : "", stage); /* the formats are this file's own */
    at->about->log(at->about->log_of, &(sl_error){.level = SL_LOG_WARNING,
                                                  .code = SL_CODE_DATA,
                                                  .message = message,
                                                  .hint = hint});
}

/* A stage that has refused rows: tried again, or why they stay. */
static void take_stage(retrying *of, const char *name, int64_t rows)
{
    words *at = of->at;
    uint32_t index = 0;
    while (index < at->plan->count && strcmp(at->plan->stages[index].name, name) != 0)
        index++;
    if (index == at->plan->count)
        warn(at, "give the stage its old name, or `sluice rejects drop` them",
             "%lld rejected row%s stay%s: the YAML has no stage '%s' now", name, rows);
    else if (at->plan->stages[index].type->role == SL_READER)
        warn(at,
             "mend them in the source and let it be read again, then `sluice rejects drop` them",
             "%lld rejected row%s stay%s: reader '%s' refused to read them", name, rows);
    else if (at->plan->stages[index].rejects_only)
        warn(at, "read them from the table with a graph of its own",
             "%lld rejected row%s stay%s: reject exporter '%s' has no rows to try again", name,
             rows);
    else if (of->count < ROWS_MOST)
        of->stages[of->count++] = index;
}

static sl_status find_stages(retrying *of, sl_reject_table *table)
{
    sqlite3_stmt *row;
    int rc;
    char name[512] = "";
    int64_t rows = 0;
    if (sl_reject_table_prepare(
            table, "SELECT _stage, rowid FROM main.\"%w\" ORDER BY _stage, rowid", &row) != SL_OK)
        return SL_ERROR;
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        const char *stage = text_of(row, 0) ? text_of(row, 0) : "";
        int64_t rowid = sqlite3_column_int64(row, 1);
        of->until = rowid > of->until ? rowid : of->until;
        if (!is_wanted(of->at, rowid))
            continue;
        if (rows > 0 && strcmp(stage, name) != 0) {
            take_stage(of, name, rows);
            rows = 0;
        }
        snprintf(name, sizeof name, "%s", stage);
        rows++;
    }
    if (rows > 0)
        take_stage(of, name, rows);
    return sl_reject_table_done(table, row, rc);
}

static void say_written(void *user, const sl_plan_stage *exporter, int64_t rows)
{
    retrying *of = user;
    sl_builder *text = of->text;
    if (of->at->about->json) {
        sl_builder_word(text, of->some++ ? ",{\"exporter\":" : "{\"exporter\":");
        sl_builder_json(text, exporter->name, strlen(exporter->name));
        sl_builder_format(text, ",\"rows\":%lld}", (long long)rows);
        return;
    }
    if (of->at->about->quiet)
        return;
    sl_builder_format(text, "  %s: ", exporter->name);
    sl_words_rows(text, rows);
    sl_builder_word(text, "\n");
}

static void say_stage(const words *at, sl_builder *text, const char *name,
                      const sl_retry_done *done, const sl_builder *written, int32_t first)
{
    if (at->about->json) {
        sl_builder_word(text, first ? "{\"stage\":" : ",{\"stage\":");
        sl_builder_json(text, name, strlen(name));
        sl_builder_format(text, ",\"tried\":%lld,\"rejected_again\":%lld,\"stayed\":%lld",
                          (long long)done->tried, (long long)done->again, (long long)done->stayed);
        sl_builder_word(text, ",\"written\":[");
        sl_builder_add(text, written->data, written->size);
        sl_builder_word(text, "]}");
        return;
    }
    if (at->about->quiet)
        return;
    sl_builder_format(text, "%s: ", name);
    sl_words_rows(text, done->tried);
    sl_builder_format(text, " tried again, %lld rejected again", (long long)done->again);
    if (done->stayed > 0)
        sl_builder_format(text, ", %lld stayed as they are", (long long)done->stayed);
    sl_builder_word(text, "\n");
    sl_builder_add(text, written->data, written->size);
}

static sl_status try_stages(retrying *of, uint32_t exporter, sl_builder *text)
{
    words *at = of->at;
    sl_status status = SL_OK;
    for (uint32_t i = 0; i < of->count; i++)
        if (sl_retry_check(at->about->env, at->plan, exporter, of->stages[i], at->about->errors) !=
            SL_OK)
            status = SL_ERROR;
    for (uint32_t i = 0; i < of->count && status == SL_OK; i++) {
        sl_retry_order order = {.exporter = exporter,
                                .stage = of->stages[i],
                                .rows = at->rows,
                                .rows_count = at->rows_count,
                                .until = of->until};
        sl_retry_done done;
        sl_builder written = {.env = text->env};
        of->text = &written;
        of->some = 0;
        status =
            sl_retry_run(at->plan, &at->options, at->about->errors, &order, &done, say_written, of);
        if (status == SL_OK)
            say_stage(at, text, at->plan->stages[of->stages[i]].name, &done, &written, i == 0);
        text->failed = text->failed || written.failed;
        sl_builder_done(&written);
    }
    return status;
}

static sl_status retry(words *at, sl_reject_table *table, sl_builder *text)
{
    retrying of = {.at = at, .until = INT64_MIN};
    if (table->there && find_stages(&of, table) != SL_OK)
        return SL_ERROR;
    sl_reject_table_close(table); /* the retry has a connection of its own */
    if (at->about->json)
        sl_builder_word(text, "{\"stages\":[");
    sl_status status = try_stages(&of, table->exporter, text);
    if (at->about->json)
        sl_builder_word(text, "]}\n");
    else if (status == SL_OK && of.count == 0 && !at->about->quiet)
        sl_builder_word(text, "no row to try again\n");
    return status;
}

/* ---- Which ------------------------------------------------------------------------------------
 */

const sl_action sl_rejects_actions[] = {{"ls", 0, 0, 0},
                                        {"show", 0, ROWS_MOST, 0},
                                        {"retry", 0, ROWS_MOST, 0},
                                        {"drop", 0, ROWS_MOST, 0},
                                        {0}};

static const struct run {
    int32_t writes;
    sl_status (*run)(words *at, sl_reject_table *table, sl_builder *text);
} runs[] = {{0, list}, {0, show}, {0, retry}, {1, drop}};
_Static_assert(sizeof runs / sizeof *runs + 1 ==
                   sizeof sl_rejects_actions / sizeof *sl_rejects_actions,
               "one for each action");

static sl_status read_rows(words *at)
{
    for (uint32_t i = 0; i < at->about->count; i++) {
        const char *word = at->about->words[i];
        sl_cell value;
        if (sl_value_number(word, strlen(word), &value) != SL_SPELLING_INTEGER)
            return sl_inquiry_wrong(at->about, SL_CODE_USAGE,
                                    "`sluice rejects show` prints the numbers of the rows",
                                    "'%s' is no number of a rejected row", word);
        at->rows[at->rows_count++] = value.as.integer;
    }
    return SL_OK;
}

/* Where a page goes on: what note_page has written. */
static sl_status read_after(words *at)
{
    unsigned table;
    long long rowid;
    int end = 0;
    at->after_table = UINT32_MAX;
    if (!at->about->after)
        return SL_OK;
    if (sscanf(at->about->after, "%u:%lld%n", &table, &rowid, &end) != 2 || at->about->after[end] ||
        table >= at->plan->count)
        return sl_inquiry_wrong(at->about, SL_CODE_USAGE, "give what the last answer said",
                                "'after' is no place in an answer: '%.60s'", at->about->after);
    at->after_table = table;
    at->after = rowid;
    return SL_OK;
}

/* The rows that were named are there: else nothing is done. */
static sl_status check_rows(words *at, sl_reject_table *table)
{
    sqlite3_stmt *row;
    for (uint32_t i = 0; i < at->rows_count; i++) {
        int rc = SQLITE_DONE;
        if (table->there) {
            if (sl_reject_table_prepare(table, "SELECT 1 FROM main.\"%w\" WHERE rowid = ?1",
                                        &row) != SL_OK)
                return SL_ERROR;
            sqlite3_bind_int64(row, 1, at->rows[i]);
            rc = sqlite3_step(row);
            if (sl_reject_table_done(table, row, rc) != SL_OK)
                return SL_ERROR;
        }
        if (rc == SQLITE_DONE)
            return sl_inquiry_wrong(at->about, SL_CODE_NO_INPUT, "`sluice rejects show` lists them",
                                    "table '%s' has no row %lld", table->table,
                                    (long long)at->rows[i]);
    }
    return SL_OK;
}

static sl_status check_exporters(words *at)
{
    const sl_plan *plan = at->plan;
    uint32_t sqlite = sl_reject_exporter(plan, 0, 1), any = sl_reject_exporter(plan, 0, 0);
    if (any == UINT32_MAX)
        return sl_inquiry_wrong(
            at->about, SL_CODE_CONFIG,
            "write `on_reject: NAME` at the stages, and an exporter `sqlite` of that name",
            "graph '%s' keeps no rejected rows", plan->name);
    if (sqlite == UINT32_MAX)
        return sl_paths_mistake(
            plan, any, "let it be `sqlite`, with the database of the other rows", at->about->errors,
            "rejected rows that are kept by %s cannot be shown or tried again",
            plan->stages[any].type->name);
    if (at->rows_count > 0 && sl_reject_exporter(plan, sqlite + 1, 1) != UINT32_MAX)
        return sl_inquiry_wrong(
            at->about, SL_CODE_USAGE, "leave out the numbers, or use sqlite3",
            "graph '%s' has several tables of rejected rows, and a number does not say "
            "which one it is of",
            plan->name);
    return SL_OK;
}

static sl_status put_all(words *at, sl_builder *text, int32_t list_json)
{
    if (list_json) {
        sl_builder head = {.env = text->env};
        sl_builder_word(&head, "{\"graph\":");
        sl_builder_json(&head, at->plan->name, strlen(at->plan->name));
        sl_builder_word(&head, ",\"tables\":[");
        sl_builder_word(text, "]}\n");
        if (sl_inquiry_put(at->about, &head) != SL_OK) {
            sl_builder_done(text);
            return SL_ERROR;
        }
    }
    return sl_inquiry_put(at->about, text);
}

static sl_status each_table(words *at, const struct run *action)
{
    sl_builder text = {.env = at->about->env};
    sl_status status = SL_OK;
    uint32_t first = at->after_table == UINT32_MAX ? 0 : at->after_table;
    for (uint32_t i = sl_reject_exporter(at->plan, first, 1);
         i != UINT32_MAX && status == SL_OK && !*at->about->next;
         i = sl_reject_exporter(at->plan, i + 1, 1)) {
        sl_reject_table table;
        status = sl_reject_table_open(&table, at->graph, i, action->writes);
        if (status == SL_OK)
            status = check_rows(at, &table);
        if (status == SL_OK)
            status = action->run(at, &table, &text);
        sl_reject_table_close(&table);
    }
    sl_status printed =
        put_all(at, &text, action->run == list && at->about->json && status == SL_OK);
    return status == SL_OK ? printed : status;
}

sl_status sl_rejects_answer(sl_inquiry *about)
{
    words at = {.about = about, .plan = about->plan};
    const sl_action *action = sl_inquiry_action(sl_rejects_actions, about->action);
    if (read_rows(&at) != SL_OK || read_after(&at) != SL_OK || check_exporters(&at) != SL_OK)
        return SL_ERROR;
    at.options = (sl_graph_options){.env = about->env,
                                    .reach = about->reach,
                                    .row_limit = -1,
                                    .state = about->state,
                                    .log = about->log,
                                    .log_of = about->log_of};
    at.graph = sl_graph_new(about->plan, &at.options, about->errors);
    if (!at.graph)
        return sl_inquiry_wrong(about, SL_CODE_FAILED, NULL, "out of memory");
    sl_status status = each_table(&at, &runs[action - sl_rejects_actions]);
    sl_graph_free(at.graph);
    return status;
}

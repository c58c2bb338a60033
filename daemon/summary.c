/*
 * summary.c - what a run did; see summary.h.
 */
#include "daemon/summary.h"

#include <string.h>
#include <sys/resource.h>

#include "daemon/words.h"

#define NUMBER_ROOM 32

/* 1234567 -> "1,234,567". */
static const char *grouped(int64_t number, char text[NUMBER_ROOM])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
    int at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

static const char *size_text(int64_t bytes, char text[NUMBER_ROOM])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 999.5 && unit < 4) {
        size /= 1000;
        unit++;
    }
    snprintf(text, NUMBER_ROOM, size < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return text;
}

static int64_t peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

/* ---- The table ------------------------------------------------------------------------------- */

typedef struct figures {
    const char *heading;
    int64_t (*of)(const sl_counters *counters);
} figures;

static int64_t rows_in(const sl_counters *c)
{
    return c->rows_in;
}

static int64_t rows_out(const sl_counters *c)
{
    return c->rows_out;
}

static int64_t filtered(const sl_counters *c)
{
    return c->filtered;
}

static int64_t rejected(const sl_counters *c)
{
    return c->rejected;
}

static const figures table[] = {
    {"rows in", rows_in}, {"out", rows_out}, {"filtered", filtered}, {"rejected", rejected}};
#define FIGURES (sizeof table / sizeof *table)

/* The width of text on a terminal, taken as one column a character. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void print_left(const char *text, int width, FILE *to)
{
    fprintf(to, "  %s%*s", text, width - width_of(text), "");
}

typedef struct layout {
    int name, kind, figures[FIGURES];
} layout;

static void kind_of(const sl_plan_stage *stage, char *text, size_t size)
{
    snprintf(text, size, "%s %s", stage->type->name, sl_role_name(stage->type->role));
}

static layout measure(sl_graph *graph)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    layout widths = {.name = 5, .kind = 4};
    char text[256];
    for (size_t f = 0; f < FIGURES; f++)
        widths.figures[f] = (int)strlen(table[f].heading);
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_counters *counters = sl_generator_counters(sl_graph_stage(graph, i));
        kind_of(&plan->stages[i], text, sizeof text);
        int name = width_of(plan->stages[i].name), kind = width_of(text);
        widths.name = name > widths.name ? name : widths.name;
        widths.kind = kind > widths.kind ? kind : widths.kind;
        for (size_t f = 0; f < FIGURES; f++) {
            char number[NUMBER_ROOM];
            int width = (int)strlen(grouped(table[f].of(counters), number));
            widths.figures[f] = width > widths.figures[f] ? width : widths.figures[f];
        }
    }
    return widths;
}

/* ---- Runs that go on, and rehearsals ------------------------------------------------------------
 */

/* Rows that the readers gave or rejected in this run. */
static int64_t new_rows(sl_graph *graph)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    int64_t rows = 0;
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].type->role == SL_READER)
            rows += sl_generator_counters(sl_graph_stage(graph, i))->created;
    return rows;
}

static void add_since(sl_builder *text, sl_graph *graph)
{
    const sl_once *once = sl_graph_once(graph);
    const char *name = sl_graph_of_plan(graph)->name, *stage;
    if (sl_once_since(once) == 0)
        return;
    sl_builder_format(text, "%s: ", name);
    int64_t rows = new_rows(graph);
    sl_builder_format(text, "%lld new row%s since ", (long long)rows, rows == 1 ? "" : "s");
    sl_words_time(text, sl_once_since(once));
    sl_builder_word(text, "; --fresh begins again\n");
    for (uint32_t i = 0; (stage = sl_once_changed(once, i)) != NULL; i++)
        sl_builder_format(text, "%s: stage '%s' changed since\n", name, stage);
}

/* What an exporter does with its rows: "add", "replace", "upsert", "write". */
static const char *action_of(sl_graph *graph, uint32_t exporter)
{
    static const char *const actions[] = {"write", "add", "replace", "upsert"};
    const char *why;
    return actions[sl_generator_promise(sl_graph_stage(graph, exporter), &why)];
}

static void add_would(sl_builder *text, sl_graph *graph, uint32_t exporter)
{
    const sl_plan_stage *stage = &sl_graph_of_plan(graph)->stages[exporter];
    int64_t rows = sl_generator_counters(sl_graph_stage(graph, exporter))->rows_out;
    const char *action = action_of(graph, exporter);
    sl_builder target = {.env = text->env};
    sl_words_target(&target, stage);
    const char *to = target.data ? target.data : "";
    sl_builder_format(text, "  %s: would ", stage->name);
    if (strcmp(action, "replace") == 0) {
        sl_builder_format(text, "replace what is in %s with ", to);
        sl_words_rows(text, rows);
    } else {
        int32_t upsert = strcmp(action, "upsert") == 0;
        sl_builder_format(text, "%s ", upsert ? "add or replace" : action);
        sl_words_rows(text, rows);
        sl_builder_format(text, "%s%s", !*to ? "" : upsert ? " in " : " to ", to);
    }
    sl_builder_word(text, "\n");
    sl_builder_done(&target);
}

static void add_rehearsal(sl_builder *text, sl_graph *graph)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    if (!sl_graph_rehearsing(graph))
        return;
    sl_builder_format(text, "%s: a dry run, nothing was committed\n", plan->name);
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->stages[i].type->role == SL_EXPORTER &&
            sl_generator_ended(sl_graph_stage(graph, i)))
            add_would(text, graph, i);
}

static void add_since_json(sl_builder *text, sl_graph *graph)
{
    const sl_once *once = sl_graph_once(graph);
    const char *stage;
    if (sl_once_since(once) == 0)
        return;
    sl_builder_word(text, ",\"since\":\"");
    sl_words_instant(text, sl_once_since(once));
    sl_builder_format(text, "\",\"new_rows\":%lld,\"changed_stages\":[",
                      (long long)new_rows(graph));
    for (uint32_t i = 0; (stage = sl_once_changed(once, i)) != NULL; i++) {
        sl_builder_word(text, i ? "," : "");
        sl_builder_json(text, stage, strlen(stage));
    }
    sl_builder_word(text, "]");
}

static void add_rehearsal_json(sl_builder *text, sl_graph *graph)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    int32_t first = 1;
    if (!sl_graph_rehearsing(graph))
        return;
    sl_builder_word(text, ",\"dry_run\":true,\"would\":[");
    for (uint32_t i = 0; i < plan->count; i++) {
        sl_generator *exporter = sl_graph_stage(graph, i);
        sl_builder target = {.env = text->env};
        if (plan->stages[i].type->role != SL_EXPORTER || !sl_generator_ended(exporter))
            continue;
        sl_builder_word(text, first ? "{\"exporter\":" : ",{\"exporter\":");
        sl_builder_json(text, plan->stages[i].name, strlen(plan->stages[i].name));
        sl_builder_format(text, ",\"action\":\"%s\",\"rows\":%lld,\"target\":", action_of(graph, i),
                          (long long)sl_generator_counters(exporter)->rows_out);
        if (sl_words_target(&target, &plan->stages[i]) && target.data)
            sl_builder_json(text, target.data, target.size);
        else
            sl_builder_word(text, "null");
        sl_builder_word(text, "}");
        sl_builder_done(&target);
        first = 0;
    }
    sl_builder_word(text, "]");
}

/* ---- All of it ----------------------------------------------------------------------------------
 */

void sl_summary_print(sl_graph *graph, int64_t microseconds, const char *ending, FILE *to)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    layout widths = measure(graph);
    char number[NUMBER_ROOM];
    print_left("stage", widths.name, to);
    print_left("type", widths.kind, to);
    for (size_t f = 0; f < FIGURES; f++)
        fprintf(to, "  %*s", widths.figures[f], table[f].heading);
    fputs("  seconds\n", to);
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_counters *counters = sl_generator_counters(sl_graph_stage(graph, i));
        char kind[256];
        kind_of(&plan->stages[i], kind, sizeof kind);
        print_left(plan->stages[i].name, widths.name, to);
        print_left(kind, widths.kind, to);
        for (size_t f = 0; f < FIGURES; f++)
            fprintf(to, "  %*s", widths.figures[f], grouped(table[f].of(counters), number));
        fprintf(to, "  %7.3f\n", (double)counters->busy / 1e6);
    }
    fprintf(to, "%s: %s in %.2f s, ", plan->name, ending, (double)microseconds / 1e6);
    fprintf(to, "peak memory %s\n", size_text(peak_memory(), number));
    sl_builder text = {.env = &sl_env_real};
    add_since(&text, graph);
    add_rehearsal(&text, graph);
    fwrite(text.data ? text.data : "", 1, text.size, to);
    sl_builder_done(&text);
}

void sl_summary_json(sl_graph *graph, int64_t microseconds, const char *ending, FILE *to)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    sl_builder text = {.env = &sl_env_real};
    sl_builder_word(&text, "{\"graph\":");
    sl_builder_json(&text, plan->name, strlen(plan->name));
    sl_builder_format(&text, ",\"ending\":\"%s\",\"seconds\":%.6f,\"peak_memory_bytes\":%lld",
                      ending, (double)microseconds / 1e6, (long long)peak_memory());
    add_since_json(&text, graph);
    add_rehearsal_json(&text, graph);
    sl_builder_word(&text, ",\"stages\":[");
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        const sl_counters *c = sl_generator_counters(sl_graph_stage(graph, i));
        sl_builder_word(&text, i ? ",{\"stage\":" : "{\"stage\":");
        sl_builder_json(&text, stage->name, strlen(stage->name));
        sl_builder_format(&text,
                          ",\"role\":\"%s\",\"type\":\"%s\",\"rows_in\":%lld,\"rows_out\":%lld,"
                          "\"created\":%lld,\"filtered\":%lld,\"rejected\":%lld,\"batches\":%lld,"
                          "\"commits\":%lld,\"busy_seconds\":%.6f,\"memory_peak_bytes\":%lld}",
                          sl_role_name(stage->type->role), stage->type->name, (long long)c->rows_in,
                          (long long)c->rows_out, (long long)c->created, (long long)c->filtered,
                          (long long)c->rejected, (long long)c->batches_out, (long long)c->commits,
                          (double)c->busy / 1e6, (long long)c->memory_peak);
    }
    sl_builder_word(&text, "]}\n");
    if (text.data && !text.failed)
        fwrite(text.data, 1, text.size, to);
    sl_builder_done(&text);
}

/* ---- The progress line
 * --------------------------------------------------------------------------- */

void sl_summary_progress(sl_graph *graph, int64_t microseconds, char *line, size_t size)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    int64_t rows = 0, done = 0, total = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_counters *counters = sl_generator_counters(sl_graph_stage(graph, i));
        if (plan->stages[i].type->role != SL_READER)
            continue;
        rows += counters->rows_out;
        done += counters->bytes_done;
        total = total < 0 || counters->bytes_total < 0 ? -1 : total + counters->bytes_total;
    }
    char number[NUMBER_ROOM], rate[NUMBER_ROOM], bytes[NUMBER_ROOM];
    double seconds = (double)microseconds / 1e6;
    int at = snprintf(line, size, "%s: %s rows, %s rows/s", plan->name, grouped(rows, number),
                      grouped(seconds > 0 ? (int64_t)((double)rows / seconds) : 0, rate));
    if (at < 0 || (size_t)at >= size)
        return;
    if (total > 0 && done > 0) {
        double left = seconds * (double)(total - done) / (double)done;
        snprintf(line + at, size - (size_t)at, ", %.0f %% of %s, %d:%02d left",
                 100.0 * (double)done / (double)total, size_text(total, bytes), (int)left / 60,
                 (int)left % 60);
    } else if (done > 0) {
        snprintf(line + at, size - (size_t)at, ", %s read", size_text(done, bytes));
    }
}

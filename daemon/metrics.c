/*
 * metrics.c - tables of metrics, and their two spellings; see metrics.h.
 *
 * A row of a table is a family: its name, unit and help, and where its number stands. A name stands
 * here without the unit's and the counter's ending, which the writer puts behind it, so that no
 * family can be spelled wrong.
 */
#include "daemon/metrics.h"

#include <stddef.h>
#include <string.h>

#include "daemon/process.h"
#include "stages/core/option.h"
#include "stages/core/value.h"

#define GAUGE 0
#define COUNTER 1
#define INFO 2

typedef struct family {
    const char *name; /* without its ending */
    int32_t kind;     /* GAUGE, COUNTER, INFO */
    const char *unit; /* "seconds", whose numbers are microseconds here; "bytes"; NULL: none */
    const char *help;
} family;

typedef struct writing {
    sl_builder *to;
    const sl_supervisor *supervisor;
    int32_t openmetrics;
} writing;

/* ---- Spelling ---------------------------------------------------------------------------------
 */

/* What is not UTF-8 (a file's name may be anything) would make the whole page unreadable. */
static void add_label_text(sl_builder *to, const char *text)
{
    size_t size = strlen(text);
    while (size > 0) {
        size_t valid = sl_value_utf8(text, size), plain = strcspn(text, "\n\"\\");
        if (plain > valid)
            plain = valid;
        sl_builder_add(to, text, plain);
        text += plain;
        size -= plain;
        if (size == 0)
            break;
        if (plain == valid)
            sl_builder_word(to, "\xef\xbf\xbd");
        else
            sl_builder_format(to, "\\%c", *text == '\n' ? 'n' : *text);
        text++;
        size--;
    }
}

static void add_label(sl_builder *to, const char *name, const char *value)
{
    sl_builder_format(to, "%s=\"", name);
    add_label_text(to, value);
    sl_builder_word(to, "\"");
}

/* The family's name as TYPE and HELP have it. OpenMetrics leaves the sample's ending out there. */
static void add_name(const writing *page, const family *of, int32_t sample)
{
    int32_t whole = sample || !page->openmetrics;
    const char *ending = of->kind == COUNTER ? "_total" : of->kind == INFO ? "_info" : "";
    sl_builder_format(page->to, "%s%s%s%s", of->name, of->unit ? "_" : "", of->unit ? of->unit : "",
                      whole ? ending : "");
}

static void begin(const writing *page, const family *of)
{
    static const char *const names[] = {[GAUGE] = "gauge", [COUNTER] = "counter", [INFO] = "info"};
    sl_builder *to = page->to;
    const char *type = of->kind == INFO && !page->openmetrics ? "gauge" : names[of->kind];
    sl_builder_word(to, "# HELP ");
    add_name(page, of, 0);
    sl_builder_format(to, " %s\n# TYPE ", of->help);
    add_name(page, of, 0);
    sl_builder_format(to, " %s\n", type);
    if (page->openmetrics && of->unit) {
        sl_builder_word(to, "# UNIT ");
        add_name(page, of, 0);
        sl_builder_format(to, " %s\n", of->unit);
    }
}

static void add_number(const writing *page, const family *of, int64_t number)
{
    if (!of->unit || strcmp(of->unit, "seconds") != 0) {
        sl_builder_format(page->to, " %lld\n", (long long)number);
        return;
    }
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    sl_builder_format(page->to, " %s%llu.%06llu\n", number < 0 ? "-" : "",
                      (unsigned long long)(size / 1000000), (unsigned long long)(size % 1000000));
}

/* ---- The process ------------------------------------------------------------------------------
 */

static void write_process(const writing *page)
{
    static const struct {
        family family;
        size_t at;
    } table[] = {
#define ROW(name, kind, unit, member, help) {{name, kind, unit, help}, offsetof(sl_process, member)}
        ROW("process_cpu", COUNTER, "seconds", cpu, "Time of CPUs that the process has used."),
        ROW("process_open_fds", GAUGE, NULL, descriptors, "File descriptors that are open."),
        ROW("process_max_fds", GAUGE, NULL, descriptors_most,
            "File descriptors that may be open at once."),
        ROW("process_resident_memory", GAUGE, "bytes", resident,
            "Memory of the process that is in RAM."),
        ROW("process_virtual_memory", GAUGE, "bytes", virtual_memory,
            "Addresses that the process has reserved."),
        ROW("process_start_time", GAUGE, "seconds", started,
            "When the process was started, since 1970."),
        ROW("process_threads", GAUGE, NULL, threads, "Threads of the process."),
#undef ROW
    };
    sl_process process = sl_process_look();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t number;
        memcpy(&number, (const char *)&process + table[i].at, sizeof number);
        if (number < 0)
            continue;
        begin(page, &table[i].family);
        add_name(page, &table[i].family, 1);
        add_number(page, &table[i].family, number);
    }
}

/* ---- Graphs -----------------------------------------------------------------------------------
 */

static void add_graph(const writing *page, const family *of, const sl_service *service)
{
    add_name(page, of, 1);
    sl_builder_word(page->to, "{");
    add_label(page->to, "graph", sl_service_name(service));
}

static void write_graph_info(const writing *page)
{
    static const family info = {"sluice_graph", INFO, NULL, "A graph, and the file that says it."};
    begin(page, &info);
    for (uint32_t i = 0; i < sl_supervisor_count(page->supervisor); i++) {
        const sl_service *service = sl_supervisor_at(page->supervisor, i);
        add_graph(page, &info, service);
        sl_builder_word(page->to, ",");
        add_label(page->to, "file", service->loaded->file);
        sl_builder_word(page->to, "} 1\n");
    }
}

static void write_states(const writing *page)
{
    static const family state = {"sluice_graph_state", GAUGE, NULL,
                                 "1 for the state that the graph is in, 0 for all others."};
    begin(page, &state);
    for (uint32_t i = 0; i < sl_supervisor_count(page->supervisor); i++) {
        const sl_service *service = sl_supervisor_at(page->supervisor, i);
        for (int at = SL_SERVICE_SCHEDULED; at <= SL_SERVICE_DONE; at++) {
            add_graph(page, &state, service);
            sl_builder_format(page->to, ",state=\"%s\"} %d\n",
                              sl_service_state_name((sl_service_state)at),
                              service->state == (sl_service_state)at);
        }
    }
}

#define ALWAYS 0
#define NOT_ZERO 1 /* 0 means: never */

static void write_graph_numbers(const writing *page)
{
    static const struct {
        family family;
        size_t at;
        int32_t when;
    } table[] = {
#define ROW(name, kind, unit, member, when, help)                                                  \
    {{name, kind, unit, help}, offsetof(sl_service, member), when}
        ROW("sluice_graph_runs", COUNTER, NULL, runs, ALWAYS, "Times that the graph was started."),
        ROW("sluice_graph_failures", COUNTER, NULL, failures, ALWAYS,
            "Runs of the graph that failed."),
        ROW("sluice_graph_failures_in_a_row", GAUGE, NULL, in_a_row, ALWAYS,
            "Runs that failed since one did not."),
        ROW("sluice_graph_schedule_missed", COUNTER, NULL, missed, ALWAYS,
            "Ticks of the schedule that fell into a run, or were slept through."),
        ROW("sluice_graph_last_start_timestamp", GAUGE, "seconds", started, NOT_ZERO,
            "When the graph was last started, since 1970."),
        ROW("sluice_graph_last_end_timestamp", GAUGE, "seconds", ended, NOT_ZERO,
            "When a run of the graph last ended, since 1970."),
        ROW("sluice_graph_last_success_timestamp", GAUGE, "seconds", succeeded, NOT_ZERO,
            "When a run of the graph last came to its end without a failure, since 1970."),
        ROW("sluice_graph_next_start_timestamp", GAUGE, "seconds", next, NOT_ZERO,
            "When the graph will be started, since 1970."),
#undef ROW
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        begin(page, &table[i].family);
        for (uint32_t g = 0; g < sl_supervisor_count(page->supervisor); g++) {
            const sl_service *service = sl_supervisor_at(page->supervisor, g);
            int64_t number;
            memcpy(&number, (const char *)service + table[i].at, sizeof number);
            if (number == 0 && table[i].when == NOT_ZERO)
                continue;
            add_graph(page, &table[i].family, service);
            sl_builder_word(page->to, "}");
            add_number(page, &table[i].family, number);
        }
    }
}

static void write_graph_stuck(const writing *page)
{
    static const family stuck = {"sluice_graph_stuck", GAUGE, NULL,
                                 "1 where a step of the graph has not come back for too long."};
    begin(page, &stuck);
    for (uint32_t i = 0; i < sl_supervisor_count(page->supervisor); i++) {
        const sl_service *service = sl_supervisor_at(page->supervisor, i);
        add_graph(page, &stuck, service);
        sl_builder_format(page->to, "} %d\n", service->hangs != 0);
    }
}

/* ---- Stages -----------------------------------------------------------------------------------
 */

static void add_stage(const writing *page, const family *of, const sl_service *service,
                      const sl_plan_stage *stage)
{
    sl_builder *to = page->to;
    add_graph(page, of, service);
    sl_builder_word(to, ",");
    add_label(to, "stage", stage->name);
    sl_builder_word(to, ",");
    add_label(to, "role", sl_role_name(stage->type->role));
    sl_builder_word(to, ",");
    add_label(to, "type", stage->type->name);
    sl_builder_word(to, "}");
}

#define ROLE(role) (1u << (role))
#define READERS ROLE(SL_READER)
#define EXPORTERS ROLE(SL_EXPORTER)
#define ALL (~0u)

typedef struct stage_row {
    family family;
    size_t at;       /* in sl_counters */
    uint32_t roles;  /* that have it */
    int32_t running; /* 1: it means something only while the graph runs */
} stage_row;

static const stage_row stage_table[] = {
#define ROW(name, kind, unit, member, roles, running, help)                                        \
    {                                                                                              \
        {"sluice_stage_" name, kind, unit, help}, offsetof(sl_counters, member), roles, running    \
    }
    ROW("rows_in", COUNTER, NULL, rows_in, ALL & ~READERS, 0,
        "Rows that came from the stages before."),
    ROW("rows_out", COUNTER, NULL, rows_out, ALL, 0,
        "Rows that were given to the stages behind; of exporters: rows that were committed."),
    ROW("rows_created", COUNTER, NULL, created, ALL, 0, "Rows that the stage made."),
    ROW("rows_filtered", COUNTER, NULL, filtered, ALL, 0,
        "Rows that the stage left out, as it was told to."),
    ROW("rows_rejected", COUNTER, NULL, rejected, ALL, 0, "Rows that the stage refused."),
    ROW("rows_passed", COUNTER, NULL, passed, EXPORTERS, 0,
        "Rows passed over, since an earlier run has committed them."),
    ROW("batches_in", COUNTER, NULL, batches_in, ALL & ~READERS, 0,
        "Batches that came from the stages before."),
    ROW("batches_out", COUNTER, NULL, batches_out, ALL, 0,
        "Batches that were given to the stages behind; of exporters: receipts."),
    ROW("calls", COUNTER, NULL, calls, ALL, 0, "Times that the stage was asked for a batch."),
    ROW("busy", COUNTER, "seconds", busy, ALL, 0,
        "Time in the stage itself, without the stages that it asked."),
    ROW("commits", COUNTER, NULL, commits, EXPORTERS, 0, "Commits."),
    ROW("memory", GAUGE, "bytes", memory, ALL, 1, "Memory that the stage holds, without batches."),
    ROW("memory_peak", GAUGE, "bytes", memory_peak, ALL, 1,
        "The most memory that the stage held since the graph was started."),
    ROW("source_read", GAUGE, "bytes", bytes_done, READERS, 1,
        "How far the source was read since the graph was started."),
    ROW("source_size", GAUGE, "bytes", bytes_total, READERS, 1,
        "Size of the source, where it is known."),
#undef ROW
};

static void write_stage_row(const writing *page, const stage_row *row, const sl_service *service)
{
    const sl_plan *plan = service->loaded->plan;
    if (row->running && !sl_service_graph(service))
        return;
    for (uint32_t i = 0; i < plan->count; i++) {
        if (!(row->roles & ROLE(plan->stages[i].type->role)))
            continue;
        sl_counters counters = sl_service_counted(service, i);
        int64_t number;
        memcpy(&number, (const char *)&counters + row->at, sizeof number);
        if (number < 0 && row->family.kind == GAUGE)
            continue; /* not known */
        add_stage(page, &row->family, service, &plan->stages[i]);
        add_number(page, &row->family, number);
    }
}

static void write_stages(const writing *page)
{
    for (size_t i = 0; i < sizeof stage_table / sizeof *stage_table; i++) {
        begin(page, &stage_table[i].family);
        for (uint32_t g = 0; g < sl_supervisor_count(page->supervisor); g++)
            write_stage_row(page, &stage_table[i], sl_supervisor_at(page->supervisor, g));
    }
}

static void write_stages_waiting(const writing *page)
{
    static const family waiting = {"sluice_stage_waiting", GAUGE, NULL,
                                   "1 where the stage waits for the world, 0 where it does not."};
    begin(page, &waiting);
    for (uint32_t g = 0; g < sl_supervisor_count(page->supervisor); g++) {
        const sl_service *service = sl_supervisor_at(page->supervisor, g);
        const sl_plan *plan = service->loaded->plan;
        for (uint32_t i = 0; sl_service_graph(service) && i < plan->count; i++) {
            add_stage(page, &waiting, service, &plan->stages[i]);
            sl_builder_format(page->to, " %d\n", service->stages[i].waiting != 0);
        }
    }
}

/* ---- All --------------------------------------------------------------------------------------
 */

static void write_build(const writing *page)
{
    static const family build = {"sluice_build", INFO, NULL, "The program that runs."};
    begin(page, &build);
    add_name(page, &build, 1);
    sl_builder_format(page->to, "{version=\"%s\",abi=\"%d.%d\"} 1\n", SLUICE_VERSION, SL_ABI_MAJOR,
                      SL_ABI_MINOR);
}

static void write_broken(const writing *page)
{
    static const family broken = {
        "sluice_broken_files", GAUGE, NULL,
        "Files of the directory that hold no sound graph, and were left out."};
    begin(page, &broken);
    add_name(page, &broken, 1);
    sl_builder_format(page->to, " %lu\n",
                      (unsigned long)sl_supervisor_broken_count(page->supervisor));
}

void sl_metrics_write(sl_builder *to, const sl_supervisor *supervisor, int32_t openmetrics)
{
    writing page = {.to = to, .supervisor = supervisor, .openmetrics = openmetrics};
    write_build(&page);
    write_broken(&page);
    write_graph_info(&page);
    write_states(&page);
    write_graph_numbers(&page);
    write_graph_stuck(&page);
    write_stages(&page);
    write_stages_waiting(&page);
    write_process(&page);
    if (openmetrics)
        sl_builder_word(to, "# EOF\n");
}

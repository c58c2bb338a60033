/*
 * test_metrics.c - the numbers of a supervisor with graphs that ran, failed and were changed, in
 * both spellings: each line is what it should be, and a counter never goes back.
 *
 * With $METRICS_TO in the environment the text is kept in that file, for promtool (metrics.sh).
 */
#include "daemon/metrics.h"

#include "tests/unit/running.h"

/* What stands in a label must be escaped: quotes, backslashes, bytes that are not UTF-8. */
#define BELOW                                                                                      \
    "gr\"a\\ph\xff"                                                                                \
    "s"
#define ESCAPED                                                                                    \
    "gr\\\"a\\\\ph\xef\xbf\xbd"                                                                    \
    "s"

static running at;

static void write_paid(const char *reader)
{
    char text[500];
    snprintf(text, sizeof text,
             "stages:\n"
             "  - reader: csv\n    name: %s\n    path: orders.csv\n    columns: {n: integer}\n"
             "    on_reject: drop\n"
             "  - filter: where\n    keep: n > 2\n"
             "  - exporter: csv\n    path: paid.csv\n    mode: replace\n",
             reader);
    running_file(BELOW "/paid.yaml", text);
}

static void setup(void)
{
    running_begin(&at, BELOW);
    running_file("orders.csv", "n\n1\n2\n3\n4\n5\nsix\n");
    write_paid("orders");
    running_file(BELOW "/gone.yaml", "stages:\n  - reader: csv\n    path: gone.csv\n"
                                     "  - exporter: csv\n    path: never.csv\n");
    running_file(BELOW "/nonsense.yaml", "stages: [\n");
}

static void teardown(void)
{
    running_end(&at);
}

static char *metrics(int32_t openmetrics)
{
    static sl_builder text = {.env = &sl_env_real};
    sl_builder_done(&text);
    text = (sl_builder){.env = &sl_env_real};
    sl_metrics_write(&text, at.supervisor, openmetrics);
    ck_assert_int_eq(text.failed, 0);
    return text.data;
}

/* The value of the line that begins with so; -1: there is none. */
static double value_of(const char *text, const char *series)
{
    size_t size = strlen(series);
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, series, size) == 0 && line[size] == ' ')
            return strtod(line + size, NULL);
    }
    return -1;
}

static void has(const char *text, const char *line)
{
    char with_ends[600];
    snprintf(with_ends, sizeof with_ends, "\n%s\n", line);
    ck_assert_msg(strstr(text, with_ends) != NULL, "no line '%s' in\n%s", line, text);
}

static void has_not(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "'%s' in\n%s", part, text);
}

static void run_to_rest(void)
{
    sl_supervisor_start(at.supervisor);
    running_until(&at, "paid", SL_SERVICE_DONE);
    running_until(&at, "gone", SL_SERVICE_BACKOFF);
}

#define STAGE(name, stage, role, type)                                                             \
    "sluice_stage_" name "{graph=\"paid\",stage=\"" stage "\",role=\"" role "\",type=\"" type "\"" \
    "}"
#define READER(name) STAGE(name, "orders", "reader", "csv")
#define WHERE(name) STAGE(name, "where", "filter", "where")
#define WRITER(name) STAGE(name, "csv", "exporter", "csv")

START_TEST(what_ran_is_counted)
{
    run_to_rest();
    const char *text = metrics(0);
    ck_assert_int_eq(strncmp(text, "# HELP sluice_build_info ", 25), 0);
    has(text, "# TYPE sluice_build_info gauge");
    has(text, "sluice_broken_files 1");
    has(text, "sluice_graph_info{graph=\"paid\",file=\"" ESCAPED "/paid.yaml\"} 1");
    has(text, "sluice_graph_state{graph=\"paid\",state=\"done\"} 1");
    has(text, "sluice_graph_state{graph=\"paid\",state=\"running\"} 0");
    has(text, "sluice_graph_state{graph=\"gone\",state=\"backoff\"} 1");
    has(text, "# TYPE sluice_graph_runs_total counter");
    has(text, "sluice_graph_runs_total{graph=\"paid\"} 1");
    has(text, "sluice_graph_failures_total{graph=\"paid\"} 0");
    has(text, "sluice_graph_failures_total{graph=\"gone\"} 1");
    has(text, "sluice_graph_failures_in_a_row{graph=\"gone\"} 1");
    has(text, "sluice_graph_schedule_missed_total{graph=\"paid\"} 0");
    has(text, "sluice_graph_stuck{graph=\"paid\"} 0");
    has(text, READER("rows_out_total") " 5");
    has(text, READER("rows_created_total") " 6");
    has(text, READER("rows_rejected_total") " 1");
    has(text, WHERE("rows_in_total") " 5");
    has(text, WHERE("rows_out_total") " 3");
    has(text, WHERE("rows_filtered_total") " 2");
    has(text, WRITER("rows_in_total") " 3");
    has(text, WRITER("rows_out_total") " 3");
    has(text, WRITER("rows_passed_total") " 0");
    ck_assert(value_of(text, WRITER("commits_total")) >= 1);
    ck_assert(value_of(text, READER("calls_total")) >= 1);
    ck_assert(value_of(text, READER("busy_seconds_total")) >= 0);
    has_not(text, READER("rows_in_total")); /* nothing comes into a reader */
    has_not(text, WHERE("commits_total"));
    has_not(text, READER("memory_bytes")); /* nothing runs */
    has_not(text, "six");                  /* what a row says is no label */
}
END_TEST

START_TEST(times_are_seconds_since_1970)
{
    run_to_rest();
    const char *text = metrics(0);
    char line[200];
    const sl_service *paid = running_graph(&at, "paid");
    snprintf(line, sizeof line,
             "sluice_graph_last_start_timestamp_seconds{graph=\"paid\"} %lld.%06lld",
             (long long)(paid->started / 1000000), (long long)(paid->started % 1000000));
    has(text, line);
    ck_assert(value_of(text, "sluice_graph_last_end_timestamp_seconds{graph=\"paid\"}") >=
              value_of(text, "sluice_graph_last_start_timestamp_seconds{graph=\"paid\"}"));
    ck_assert(value_of(text, "sluice_graph_last_success_timestamp_seconds{graph=\"paid\"}") ==
              value_of(text, "sluice_graph_last_end_timestamp_seconds{graph=\"paid\"}"));
    ck_assert(value_of(text, "sluice_graph_last_end_timestamp_seconds{graph=\"gone\"}") > 1e9);
    has_not(text, "sluice_graph_last_success_timestamp_seconds{graph=\"gone\"}"); /* never */
    ck_assert(value_of(text, "sluice_graph_next_start_timestamp_seconds{graph=\"gone\"}") > 1e9);
    has_not(text, "sluice_graph_next_start_timestamp_seconds{graph=\"paid\"}");
}
END_TEST

START_TEST(the_process_is_there)
{
    struct timespec clock;
    run_to_rest();
    const char *text = metrics(0);
    clock_gettime(CLOCK_REALTIME, &clock);
    double now = (double)clock.tv_sec, started = value_of(text, "process_start_time_seconds");
    ck_assert_msg(started > now - 7200 && started < now + 2, "%f, now %f", started, now);
    ck_assert(value_of(text, "process_resident_memory_bytes") > 500000);
    ck_assert(value_of(text, "process_virtual_memory_bytes") >
              value_of(text, "process_resident_memory_bytes"));
    ck_assert(value_of(text, "process_cpu_seconds_total") >= 0);
    ck_assert(value_of(text, "process_threads") >= 1);
    ck_assert(value_of(text, "process_max_fds") >= 64);
    double before = value_of(text, "process_open_fds");
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert(value_of(metrics(0), "process_open_fds") == before + 1);
    close(fd);
}
END_TEST

/* ---- Counters never go back ---------------------------------------------------------------------
 */

typedef struct watched {
    double rows, looks;
} watched;

static void look(void *of, sl_service *service)
{
    watched *last = of;
    (void)service;
    double rows = value_of(metrics(0), READER("rows_out_total"));
    ck_assert_msg(rows >= last->rows, "%f after %f", rows, last->rows);
    last->rows = rows;
    last->looks++;
}

START_TEST(runs_add_up)
{
    watched last = {.rows = 0};
    sl_supervisor_on_change(at.supervisor, look, &last);
    run_to_rest();
    for (int run = 2; run <= 4; run++) {
        double looks = last.looks;
        sl_service_run_now(running_graph(&at, "paid"));
        running_until(&at, "paid", SL_SERVICE_DONE);
        ck_assert(last.looks > looks + 2);
        ck_assert_msg(last.rows == run * 5, "%f", last.rows);
    }
    const char *text = metrics(0);
    has(text, WHERE("rows_filtered_total") " 8");
    has(text, WRITER("rows_out_total") " 12");
    has(text, "sluice_graph_runs_total{graph=\"paid\"} 4");
    sl_supervisor_on_change(at.supervisor, NULL, NULL);
}
END_TEST

static void reloaded(void *of, const sl_reload *reload)
{
    ck_assert_int_eq(reload->code, 0);
    *(int *)of = 1;
}

START_TEST(a_changed_graph_keeps_the_sums_of_its_stages)
{
    int done = 0;
    run_to_rest();
    unlink(BELOW "/nonsense.yaml");
    unlink(BELOW "/gone.yaml");
    write_paid("bills"); /* another name: another stage */
    ck_assert_int_eq(sl_supervisor_reload(at.supervisor, 0, reloaded, &done), 0);
    while (!done)
        uv_run(&at.uv, UV_RUN_ONCE);
    running_until(&at, "paid", SL_SERVICE_DONE);
    const char *text = metrics(0);
    has(text, WHERE("rows_in_total") " 10");
    has(text, STAGE("rows_out_total", "bills", "reader", "csv") " 5");
    has_not(text, "stage=\"orders\"");
    has_not(text, "graph=\"gone\"");
    has(text, "sluice_broken_files 0");
}
END_TEST

/* While it runs there is more to tell; it follows a file that does not grow. */
START_TEST(a_graph_that_waits_tells_of_memory_and_source)
{
    running_file(BELOW "/tail.yaml", "stages:\n  - reader: csv\n    path: orders.csv\n"
                                     "    follow: true\n  - exporter: csv\n    path: tail.csv\n");
    sl_supervisor_start(at.supervisor);
    running_until(&at, "tail", SL_SERVICE_WAITING);
    const char *text = metrics(0);
#define TAIL(name)                                                                                 \
    "sluice_stage_" name "{graph=\"tail\",stage=\"csv\",role=\"reader\",type=\"csv\"}"
    has(text, "sluice_graph_state{graph=\"tail\",state=\"waiting\"} 1");
    has(text, TAIL("waiting") " 1");
    ck_assert(value_of(text, TAIL("memory_bytes")) > 0);
    ck_assert(value_of(text, TAIL("memory_peak_bytes")) >= value_of(text, TAIL("memory_bytes")));
    has(text, TAIL("source_read_bytes") " 16");
    has_not(text, "sluice_stage_source_size_bytes{graph=\"tail\",stage=\"csv-2\"");
    running_until(&at, "paid", SL_SERVICE_DONE);
}
END_TEST

/* ---- The grammar --------------------------------------------------------------------------------
 */

typedef struct family {
    char name[100], type[20];
    int32_t samples, helped, unit;
} family;

/* One family after the other, each with HELP and TYPE once, then its samples; no series twice. */
static void check_grammar(char *text, int32_t openmetrics)
{
    family now = {.name = ""};
    char *seen[2000], *names[200];
    int seen_count = 0, names_count = 0, ended = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char word[100], rest[20];
        ck_assert_msg(!ended, "after the end: %s", line);
        if (strcmp(line, "# EOF") == 0) {
            ended = 1;
        } else if (sscanf(line, "# HELP %99s %19s", word, rest) == 2) {
            for (int i = 0; i < names_count; i++)
                ck_assert_str_ne(names[i], word);
            names[names_count++] = strdup(word);
            now = (family){.helped = 1};
            strcpy(now.name, word);
        } else if (sscanf(line, "# TYPE %99s %19s", word, rest) == 2) {
            ck_assert_str_eq(word, now.name);
            strcpy(now.type, rest);
        } else if (sscanf(line, "# UNIT %99s %19s", word, rest) == 2) {
            ck_assert_int_eq(openmetrics, 1);
            ck_assert_str_eq(word, now.name);
            ck_assert_str_eq(word + strlen(word) - strlen(rest), rest);
        } else {
            char wanted[120];
            size_t size = strcspn(line, "{ ");
            const char *ending = !openmetrics                       ? ""
                                 : strcmp(now.type, "counter") == 0 ? "_total"
                                 : strcmp(now.type, "info") == 0    ? "_info"
                                                                    : "";
            snprintf(wanted, sizeof wanted, "%s%s", now.name, ending);
            ck_assert_msg(strlen(wanted) == size && strncmp(wanted, line, size) == 0,
                          "'%s' in family '%s'", line, now.name);
            ck_assert_int_eq(strcmp(now.type, "counter") == 0,
                             strncmp(line + size - 6, "_total", 6) == 0);
            char *value = strrchr(line, ' '), *end;
            strtod(value + 1, &end);
            ck_assert_msg(end > value + 1 && *end == '\0', "%s", line);
            *value = '\0';
            for (int i = 0; i < seen_count; i++)
                ck_assert_str_ne(seen[i], line);
            ck_assert_int_lt(seen_count, 2000);
            seen[seen_count++] = line;
        }
    }
    ck_assert_int_eq(ended, openmetrics);
    ck_assert_int_gt(names_count, 30);
    for (int i = 0; i < names_count; i++)
        free(names[i]);
}

START_TEST(both_spellings_keep_their_grammar)
{
    running_file(BELOW "/tail.yaml", "every: 1h\nstages:\n  - reader: csv\n    path: orders.csv\n"
                                     "  - exporter: csv\n    path: tail.csv\n");
    run_to_rest();
    check_grammar(metrics(0), 0);
    check_grammar(metrics(1), 1);
    const char *text = metrics(1);
    has(text, "# TYPE sluice_build info");
    has(text, "# TYPE sluice_stage_busy_seconds counter");
    has(text, "# UNIT sluice_stage_busy_seconds seconds");
    has(text, "# TYPE sluice_graph_runs counter");
    has(text, WHERE("rows_in_total") " 5");
    ck_assert_str_eq(text + strlen(text) - 7, "\n# EOF\n");
}
END_TEST

START_TEST(every_metric_is_in_the_docs)
{
    static char page[100000];
    char name[100], quoted[110];
    FILE *file = fopen(TESTS_DIR "/../docs/metrics.md", "rb");
    ck_assert_ptr_nonnull(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    run_to_rest();
    const char *text = metrics(0);
    for (const char *line = text; (line = strstr(line, "# TYPE ")) != NULL; line++) {
        ck_assert_int_eq(sscanf(line, "# TYPE %99s", name), 1);
        snprintf(quoted, sizeof quoted, "| `%s` |", name);
        ck_assert_msg(strstr(page, quoted) != NULL, "no row for '%s'", name);
    }
}
END_TEST

START_TEST(the_text_is_kept_for_promtool)
{
    const char *to = getenv("METRICS_TO");
    run_to_rest();
    const char *text = metrics(0);
    ck_assert_ptr_nonnull(text);
    if (to)
        running_file(to, text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_ran_is_counted);
    tcase_add_test(tests, times_are_seconds_since_1970);
    tcase_add_test(tests, the_process_is_there);
    tcase_add_test(tests, runs_add_up);
    tcase_add_test(tests, a_changed_graph_keeps_the_sums_of_its_stages);
    tcase_add_test(tests, a_graph_that_waits_tells_of_memory_and_source);
    tcase_add_test(tests, both_spellings_keep_their_grammar);
    tcase_add_test(tests, every_metric_is_in_the_docs);
    suite_add_tcase(suite, tests);
    TCase *text = tcase_create("text");
    tcase_add_checked_fixture(text, setup, teardown);
    tcase_add_test(text, the_text_is_kept_for_promtool);
    suite_add_tcase(suite, text);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

/*
 * test_journal.c - the service's log: its four spellings, lines that come again, levels, a journal
 * that does not read.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/journal.h"
#include "stages/json.h"
#include "tests/harness/fake_env.h"

#define SECOND INT64_C(1000000)
#define START INT64_C(1785576655123456) /* 2026-08-01T09:30:55.123456Z */

static sl_fake_env fake;
static char directory[40], path[64], file[64];
static int out = -1, journald = -1;
static char got[1 << 18];
static sl_journal *journal;
static sl_journal_graph orders, service;

static void begin(void)
{
    sl_fake_env_init(&fake);
    fake.clock = START;
    strcpy(directory, "/tmp/sluice-journal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/socket", directory);
    snprintf(file, sizeof file, "%s/stderr", directory);
    out = open(file, O_RDWR | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(out, 0);
    unsetenv("JOURNAL_STREAM");
}

static void end(void)
{
    sl_journal_free(journal);
    journal = NULL;
    ck_assert_int_eq(fake.live, 0);
    sl_fake_env_done(&fake);
    close(out);
    if (journald >= 0)
        close(journald);
    journald = -1;
    unlink(path);
    unlink(file);
    ck_assert_int_eq(rmdir(directory), 0);
}

static void start(int json)
{
    journal = sl_journal_new(&(sl_journal_options){
        .env = &fake.env, .json = json, .fd = out, .socket = path, .level = SL_LOG_NOTE});
    ck_assert_ptr_nonnull(journal);
    orders = (sl_journal_graph){.journal = journal, .name = "orders", .level = -1};
    service = (sl_journal_graph){.journal = journal, .level = -1};
}

static void say_stream(int of, uint64_t more)
{
    char stream[64];
    struct stat info;
    ck_assert_int_eq(fstat(of, &info), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino + (unsigned long long)more);
    setenv("JOURNAL_STREAM", stream, 1);
}

static void start_native(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    journald = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(journald, (struct sockaddr *)&address, sizeof address), 0);
    say_stream(out, 0);
    start(0);
    ck_assert_int_eq(sl_journal_kind(journal), SL_JOURNAL_NATIVE);
}

/* What was written since the last call. */
static const char *written(void)
{
    ssize_t size = pread(out, got, sizeof got - 1, 0);
    ck_assert_int_ge(size, 0);
    got[size] = '\0';
    ck_assert_int_eq(ftruncate(out, 0), 0);
    return got;
}

/* One message to the journal; its size. */
static size_t received(void)
{
    ssize_t size = recv(journald, got, sizeof got - 1, 0);
    ck_assert_int_ge(size, 0);
    got[size] = '\0';
    return (size_t)size;
}

static void warn(const char *message, int64_t row)
{
    sl_journal_line(&orders, &(sl_error){.level = SL_LOG_WARNING,
                                         .message = message,
                                         .stage = "where",
                                         .source = "a.csv",
                                         .row = row});
}

/* ---- Spellings ------------------------------------------------------------------------------- */

START_TEST(spells_for_people)
{
    start(0);
    ck_assert_int_eq(sl_journal_kind(journal), SL_JOURNAL_TEXT);
    warn("no number: 'n/a'", 3);
    ck_assert_str_eq(written(), "2026-08-01T09:30:55.123Z warning orders/where: source 'a.csv', "
                                "row 3: no number: 'n/a'\n");
    sl_journal_event(&service, SL_EVENT_READY,
                     &(sl_error){.level = SL_LOG_NOTE, .message = "3 graphs"});
    ck_assert_str_eq(written(), "2026-08-01T09:30:55.123Z note sluice: 3 graphs\n");
    fake.clock = -1;
    sl_journal_line(&orders, &(sl_error){.level = SL_LOG_ERROR,
                                         .message = "no such column",
                                         .hint = "did you mean\nthis?",
                                         .file = "a.yaml",
                                         .text = "graph: x\n",
                                         .line = 1,
                                         .column = 4});
    ck_assert_str_eq(written(), "1969-12-31T23:59:59.999Z error orders: a.yaml:1:4: no such column "
                                "[did you mean\\nthis?]\n");
}
END_TEST

START_TEST(nobody_forges_a_line)
{
    start(0);
    orders.name = "or\nders\x1b[2J";
    warn("x\n2026-08-01T09:30:55.123Z error sluice: it is all over\r", 0);
    const char *line = written();
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
    ck_assert_ptr_nonnull(strstr(line, "or\\nders\\x1b[2J/where: "));
    ck_assert_ptr_nonnull(strstr(line, "x\\n2026"));
}
END_TEST

START_TEST(spells_for_machines)
{
    start(1);
    ck_assert_int_eq(sl_journal_kind(journal), SL_JOURNAL_JSON);
    sl_journal_event(&orders, SL_EVENT_FAILED,
                     &(sl_error){.level = SL_LOG_ERROR,
                                 .code = 74,
                                 .message = "disk \"full\"\n\xff",
                                 .hint = "free some",
                                 .stage = "csv",
                                 .row = 12});
    const char *line = written();
    ck_assert_str_eq(line, "{\"time\":\"2026-08-01T09:30:55.123Z\",\"level\":\"error\",\"event\":"
                           "\"failed\",\"graph\":\"orders\",\"stage\":\"csv\",\"message\":"
                           "\"disk \\\"full\\\"\\n\xef\xbf\xbd\",\"hint\":\"free some\",\"row\":12,"
                           "\"code\":74}\n");
    ck_assert(sl_json_valid(line, strlen(line)));
}
END_TEST

START_TEST(spells_with_prefix)
{
    say_stream(out, 0); /* the journal's stream, and no socket */
    start(0);
    ck_assert_int_eq(sl_journal_kind(journal), SL_JOURNAL_PREFIX);
    warn("slow", 0);
    ck_assert_str_eq(written(), "<4>orders/where: source 'a.csv': slow\n");
    sl_journal_line(&orders, &(sl_error){.level = SL_LOG_ERROR, .message = "bad"});
    ck_assert_str_eq(written(), "<3>orders: bad\n");
    sl_journal_line(&orders, &(sl_error){.level = SL_LOG_NOTE, .message = "good"});
    ck_assert_str_eq(written(), "<6>orders: good\n");
}
END_TEST

START_TEST(another_stream_is_not_the_journal)
{
    static const char *const streams[] = {"", "1", "1:", "x:y", "1:2:3"};
    say_stream(out, 1);
    start(0);
    ck_assert_int_eq(sl_journal_kind(journal), SL_JOURNAL_TEXT);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        setenv("JOURNAL_STREAM", streams[i], 1);
        sl_journal_free(journal);
        start(0);
        ck_assert_int_eq(sl_journal_kind(journal), SL_JOURNAL_TEXT);
    }
    say_stream(out, 0);
    sl_journal_free(journal);
    start(1); /* --log-format json wins */
    ck_assert_int_eq(sl_journal_kind(journal), SL_JOURNAL_JSON);
}
END_TEST

START_TEST(speaks_to_the_journal)
{
    start_native();
    sl_journal_event(&orders, SL_EVENT_FAILED,
                     &(sl_error){.level = SL_LOG_ERROR,
                                 .code = 74,
                                 .message = "disk full",
                                 .hint = "one\ntwo",
                                 .stage = "csv",
                                 .source = "a.csv",
                                 .row = 12,
                                 .file = "o.yaml",
                                 .line = 3,
                                 .column = 5});
    static const char before[] = "MESSAGE=orders/csv: o.yaml:3:5: source 'a.csv', row 12: "
                                 "disk full [one\\ntwo]\n"
                                 "PRIORITY=3\nSYSLOG_IDENTIFIER=sluice\nMESSAGE_ID=";
    static const char after[] =
        "\nGRAPH=orders\nSTAGE=csv\nSLUICE_HINT\n\x07\0\0\0\0\0\0\0one\ntwo\n"
        "SLUICE_SOURCE=a.csv\nSLUICE_ROW=12\nSLUICE_FILE=o.yaml\n"
        "SLUICE_LINE=3\nSLUICE_COLUMN=5\nSLUICE_CODE=74\n";
    size_t size = received(), head = sizeof before - 1, tail = sizeof after - 1;
    ck_assert_uint_eq(size, head + 32 + tail);
    ck_assert_mem_eq(got, before, head);
    ck_assert_uint_eq(strspn(got + head, "0123456789abcdef"), 32);
    ck_assert_mem_eq(got + head + 32, after, tail);
    ck_assert_str_eq(written(), ""); /* nothing twice */
}
END_TEST

START_TEST(every_event_has_an_id)
{
    char ids[SL_EVENTS][33] = {""};
    start_native();
    for (int event = SL_EVENT_NONE; event < SL_EVENTS; event++) {
        sl_journal_event(&orders, (sl_event)event,
                         &(sl_error){.level = SL_LOG_NOTE, .message = "x"});
        received();
        const char *id = strstr(got, "MESSAGE_ID=");
        ck_assert_int_eq(id == NULL, event == SL_EVENT_NONE);
        if (id == NULL)
            continue;
        memcpy(ids[event], id + 11, 32);
        ck_assert_uint_eq(strspn(ids[event], "0123456789abcdef"), 32);
        for (int other = 1; other < event; other++)
            ck_assert_str_ne(ids[other], ids[event]);
    }
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
    size_t size = 100000;
    char *message = malloc(size + 1);
    for (size_t i = 0; i < size; i += 2)
        memcpy(message + i, "\xc3\xa4", 2); /* two bytes a character */
    message[size] = '\0';
    message[0] = 'x';
    message[1] = 'y';
    message[2] = 'z'; /* so that a cut at an even byte would be inside a character */
    memmove(message + 3, message + 4, size - 3);
    start(0);
    warn(message, 0);
    const char *line = written();
    ck_assert_uint_lt(strlen(line), 5000);
    ck_assert_ptr_nonnull(strstr(line, " ... (95904 bytes more)\n"));
    ck_assert_ptr_null(strstr(line, "\\x"));
    sl_journal_free(journal);
    start_native();
    warn(message, 0);
    ck_assert_uint_lt(received(), 6000);
    sl_journal_free(journal);
    start(1);
    warn(message, 0);
    line = written();
    ck_assert(sl_json_valid(line, strlen(line)));
    free(message);
}
END_TEST

/* ---- Lines that come again --------------------------------------------------------------------
 */

START_TEST(folds_repeated_lines)
{
    start(0);
    for (int64_t row = 1; row <= 18; row++)
        warn("no number", row);
    ck_assert_str_eq(written(), "2026-08-01T09:30:55.123Z warning orders/where: source 'a.csv', "
                                "row 1: no number\n");
    warn("another", 1);
    ck_assert_ptr_nonnull(strstr(written(), "another"));
    fake.clock += 9 * SECOND;
    ck_assert_int_eq(sl_journal_tick(journal), START + 10 * SECOND);
    ck_assert_str_eq(written(), "");
    fake.clock += SECOND;
    ck_assert_int_eq(sl_journal_tick(journal), -1);
    ck_assert_str_eq(written(), "2026-08-01T09:31:05.123Z warning orders/where: source 'a.csv', "
                                "row 18: no number (repeated 17 times)\n");
    /* Still within 10 s of the count; then it is forgotten. */
    warn("no number", 19);
    ck_assert_str_eq(written(), "");
    fake.clock += 10 * SECOND;
    sl_journal_tick(journal);
    ck_assert_ptr_nonnull(strstr(written(), "row 19: no number (repeated 1 time)\n"));
    fake.clock += 20 * SECOND;
    sl_journal_tick(journal);
    ck_assert_str_eq(written(), "");
    warn("no number", 20);
    ck_assert_ptr_nonnull(strstr(written(), "row 20: no number\n"));
}
END_TEST

START_TEST(folds_only_what_is_the_same)
{
    sl_journal_graph other;
    start(0);
    other = (sl_journal_graph){.journal = journal, .name = "others", .level = -1};
    const sl_error line = {.level = SL_LOG_NOTE, .message = "m", .stage = "s"};
    sl_error changed = line;
    sl_journal_line(&orders, &line);
    sl_journal_line(&other, &line);
    sl_journal_line(&service, &line);
    changed.stage = NULL;
    sl_journal_line(&orders, &changed);
    changed = line;
    changed.message = "n";
    sl_journal_line(&orders, &changed);
    changed = line;
    changed.level = SL_LOG_ERROR;
    sl_journal_line(&orders, &changed);
    changed = line;
    changed.source = "a";
    sl_journal_line(&orders, &changed);
    sl_journal_event(&orders, SL_EVENT_FAILED, &line);
    int lines = 0;
    for (const char *at = written(); (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_int_eq(lines, 8);
}
END_TEST

START_TEST(counts_are_said_at_the_end)
{
    start(1);
    warn("again", 1);
    warn("again", 2);
    sl_journal_free(journal);
    journal = NULL;
    ck_assert_ptr_nonnull(strstr(written(), "\"row\":2,\"repeated\":1}\n"));
}
END_TEST

/* How often lines were given, by what stands in the file of JSON lines. */
static int64_t count_said(void)
{
    char line[512];
    int64_t said = 0;
    FILE *from = fopen(file, "r");
    ck_assert_ptr_nonnull(from);
    while (fgets(line, sizeof line, from) != NULL) {
        int64_t repeated = 0;
        ck_assert(sl_json_valid(line, strlen(line)));
        said += sl_json_get_integer(line, "repeated", &repeated) == 1 ? repeated : 1;
    }
    fclose(from);
    return said;
}

/* More kinds of lines than are counted at a time: none is lost, and no count either. */
START_TEST(many_lines_lose_no_count)
{
    char message[32];
    start(1);
    for (int i = 0; i < 5000; i++) {
        snprintf(message, sizeof message, "kind %d", (i * i + i / 7) % 50);
        fake.clock += i % 3 == 0 ? SECOND / 3 : 0;
        warn(message, 1);
    }
    sl_journal_free(journal);
    journal = NULL;
    ck_assert_int_eq(count_said(), 5000);
}
END_TEST

/* ---- Levels -----------------------------------------------------------------------------------
 */

START_TEST(levels_change_at_run_time)
{
    const sl_error debug = {.level = SL_LOG_DEBUG, .message = "d"};
    start(0);
    sl_journal_line(&orders, &debug);
    ck_assert_str_eq(written(), "");
    atomic_store(&orders.level, SL_LOG_DEBUG);
    sl_journal_line(&orders, &debug);
    ck_assert_ptr_nonnull(strstr(written(), " debug orders: d\n"));
    sl_journal_line(&service, &debug);
    ck_assert_str_eq(written(), "");
    sl_journal_level(journal, SL_LOG_DEBUG);
    sl_journal_line(&service, &debug);
    ck_assert_ptr_nonnull(strstr(written(), " debug sluice: d\n"));
    atomic_store(&orders.level, SL_LOG_ERROR);
    warn("not said", 1);
    ck_assert_str_eq(written(), "");
    for (int32_t i = SL_LOG_ERROR; i <= SL_LOG_DEBUG; i++)
        ck_assert_int_eq(sl_journal_level_of(sl_journal_level_name(i)), i);
    ck_assert_int_eq(sl_journal_level_of("loud"), -1);
}
END_TEST

START_TEST(says_all_errors)
{
    start(0);
    sl_arena *arena = sl_arena_new(&fake.env);
    sl_errors errors = {.arena = arena, .limit = 2};
    for (int i = 0; i < 5; i++)
        sl_errors_add(&errors, &(sl_error){.level = SL_LOG_ERROR}, "number %d", i);
    sl_journal_errors(&orders, &errors);
    ck_assert_ptr_nonnull(strstr(written(), "number 1\n"));
    ck_assert_ptr_nonnull(strstr(got, "orders: and 3 more errors\n"));
    sl_arena_free(arena);
}
END_TEST

/* ---- Bad days ---------------------------------------------------------------------------------
 */

/* A journal that does not read stops nobody, and the gap is said. */
START_TEST(does_not_wait_for_the_journal)
{
    char message[32];
    int64_t lines = 0, lost = 0;
    start_native();
    for (int i = 0; i < 5000; i++) {
        snprintf(message, sizeof message, "line %d", i);
        warn(message, 1);
    }
    while (recv(journald, got, sizeof got, 0) > 0)
        lines++;
    ck_assert(lines > 0 && lines < 5000);
    warn("it reads again", 1);
    received();
    ck_assert_int_eq(sscanf(got, "MESSAGE=%lld lines of this log were lost\n", (long long *)&lost),
                     1);
    ck_assert_int_eq(lines + lost, 5000);
    received();
    ck_assert_ptr_nonnull(strstr(got, "it reads again"));
}
END_TEST

START_TEST(survives_without_memory)
{
    for (int64_t at = 1; at < 12; at++) {
        start(0);
        fake.allocations = fake.refused = 0;
        fake.refuse_at = at;
        warn("one", 1);
        warn("one", 2);
        warn("two", 1);
        fake.refuse_at = 0;
        warn("three", 1);
        sl_journal_free(journal);
        journal = NULL;
        ck_assert_ptr_nonnull(strstr(written(), ": three\n"));
        if (at == 1)
            ck_assert_ptr_nonnull(strstr(got, "1 lines of this log were lost"));
        ck_assert_int_eq(fake.live, 0);
    }
    fake.allocations = 0;
    fake.refuse_at = 1;
    ck_assert_ptr_null(sl_journal_new(&(sl_journal_options){.env = &fake.env, .fd = out}));
    fake.refuse_at = 0;
}
END_TEST

static void *shout(void *of)
{
    sl_journal_graph *graph = of;
    char message[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(message, sizeof message, "kind %d", i % 100);
        sl_journal_line(graph, &(sl_error){.level = SL_LOG_NOTE, .message = message});
        if (i % 100 == 0)
            sl_journal_tick(graph->journal);
    }
    return NULL;
}

/* Graphs speak at once from their workers: lines do not mix, and none is lost. */
START_TEST(graphs_speak_at_once)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    sl_journal_graph graphs[4];
    pthread_t threads[4];
    journal = sl_journal_new(&(sl_journal_options){
        .env = &sl_env_real, .json = 1, .fd = out, .socket = path, .level = SL_LOG_NOTE});
    for (int i = 0; i < 4; i++) {
        graphs[i] = (sl_journal_graph){.journal = journal, .name = names[i], .level = -1};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, shout, &graphs[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    sl_journal_free(journal);
    journal = NULL;
    ck_assert_int_eq(count_said(), 8000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *cases = tcase_create("journal");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, spells_for_people);
    tcase_add_test(cases, nobody_forges_a_line);
    tcase_add_test(cases, spells_for_machines);
    tcase_add_test(cases, spells_with_prefix);
    tcase_add_test(cases, another_stream_is_not_the_journal);
    tcase_add_test(cases, speaks_to_the_journal);
    tcase_add_test(cases, every_event_has_an_id);
    tcase_add_test(cases, cuts_what_is_too_long);
    tcase_add_test(cases, folds_repeated_lines);
    tcase_add_test(cases, folds_only_what_is_the_same);
    tcase_add_test(cases, counts_are_said_at_the_end);
    tcase_add_test(cases, many_lines_lose_no_count);
    tcase_add_test(cases, levels_change_at_run_time);
    tcase_add_test(cases, says_all_errors);
    tcase_add_test(cases, does_not_wait_for_the_journal);
    tcase_add_test(cases, survives_without_memory);
    tcase_add_test(cases, graphs_speak_at_once);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

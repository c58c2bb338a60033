/*
 * test_plan.c - config: from a YAML file to a checked graph; params; edges; places; secrets.
 *
 * Deliberately elsewhere: YAML itself (test_yaml.c, test_yaml_bounds.c); mistakes that users make
 * in graphs of real stages (tests/mistakes).
 */
#include <sys/stat.h>
#include <time.h>

#include "tests/unit/config_types.h"

#define READER "  - reader: test_read\n"
#define WRITER "  - exporter: test_write\n"

static const sl_plan_stage *find(const sl_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (strcmp(plan->stages[i].name, name) == 0)
            return &plan->stages[i];
    ck_abort_msg("no stage '%s'", name);
    return NULL;
}

static const char *input(const sl_plan *plan, const char *name, uint32_t index)
{
    const sl_plan_stage *stage = find(plan, name);
    ck_assert_uint_lt(index, stage->inputs_count);
    return plan->stages[stage->inputs[index]].name;
}

static test_self *self(const sl_plan *plan, const char *name)
{
    return find(plan, name)->self;
}

static void check_good(config_room *room, const char *text)
{
    sl_plan *plan = config_read(room, text, NULL, 0);
    char head[512] = "";
    if (room->errors.count > 0)
        sl_error_line(&room->errors.list[0], head, sizeof head);
    ck_assert_msg(plan != NULL, "%s", head);
    ck_assert_uint_eq(room->errors.errors, 0);
}

static void check_one(config_room *room, const char *text, int32_t line, int32_t column,
                      const char *message, const char *hint)
{
    ck_assert_ptr_null(config_read(room, text, NULL, 0));
    config_expect(room, 0, line, column, message, hint);
    if (room->errors.count > 1)
        config_expect(room, 1, 0, 0, "no second error", NULL);
}

/* ---- A plan ------------------------------------------------------------------------------- */

START_TEST(reads_a_chain)
{
    config_room room;
    config_begin(&room);
    check_good(&room,
               "graph: paid\ndescription: of orders\nbatch: {rows: 7, bytes: 64KiB}\n"
               "max_rejects: 3\nstages:\n" READER "  - validator: test_check\n    on_reject: bad\n"
               "  - filter: test_where\n    on_reject: drop\n"
               "  - exporter: test_write\n    name: bad\n"
               "  - transformer: test_select\n" WRITER);
    const sl_plan *plan = room.plan;
    ck_assert_str_eq(plan->name, "paid");
    ck_assert_str_eq(plan->description, "of orders");
    ck_assert_int_eq(plan->batch_rows, 7);
    ck_assert_int_eq(plan->batch_bytes, 64 * 1024);
    ck_assert_int_eq(plan->max_rejects, 3);
    ck_assert_uint_eq(plan->count, 6);
    ck_assert_str_eq(input(plan, "test_check", 0), "test_read");
    ck_assert_str_eq(input(plan, "test_select", 0), "test_where"); /* bad is passed over */
    ck_assert_str_eq(input(plan, "test_write", 0), "test_select");
    const sl_plan_stage *check = find(plan, "test_check");
    ck_assert_uint_eq(check->on_reject, SL_REJECT_STAGE);
    ck_assert_str_eq(plan->stages[check->reject_stage].name, "bad");
    ck_assert_int_eq(check->line, 7);
    ck_assert_int_eq(check->column, 5);
    ck_assert_int_eq(find(plan, "bad")->rejects_only, 1);
    ck_assert_uint_eq(find(plan, "bad")->inputs_count, 0);
    ck_assert_int_eq(find(plan, "bad")->named, 1);
    ck_assert_uint_eq(find(plan, "test_where")->on_reject, SL_REJECT_DROP);
    config_end(&room);
}
END_TEST

START_TEST(has_defaults)
{
    config_room room;
    config_begin(&room);
    check_good(&room, "stages:\n" READER WRITER);
    ck_assert_str_eq(room.plan->name, "graph"); /* the file's */
    ck_assert_ptr_null(room.plan->description);
    ck_assert_int_eq(room.plan->batch_rows, 1000);
    ck_assert_int_eq(room.plan->batch_bytes, 1024 * 1024);
    ck_assert_int_eq(room.plan->max_rejects, -1);
    ck_assert_int_eq(self(room.plan, "test_read")->rows, 10);
    ck_assert_int_eq(self(room.plan, "test_read")->wait, 5000000);
    config_end(&room);
}
END_TEST

START_TEST(has_a_schedule)
{
    config_room room;
    config_begin(&room);
    check_good(&room, "stages:\n" READER WRITER);
    ck_assert_ptr_null(room.plan->schedule);
    check_good(&room, "every: 90s\nstages:\n" READER WRITER);
    ck_assert_int_eq(room.plan->schedule->every, 90000000);
    ck_assert_ptr_null(room.plan->cron);
    check_good(&room, "params: {hour: 6}\ntimezone: Asia/Kathmandu\ncron: 15 ${hour} * * *\n"
                      "stages:\n" READER WRITER);
    ck_assert_str_eq(room.plan->cron, "15 6 * * *");
    ck_assert_str_eq(room.plan->timezone, "Asia/Kathmandu");
    ck_assert_int_eq(sl_schedule_next(room.plan->schedule, 0), INT64_C(2700000000)); /* 00:45 UTC */
    config_end(&room);
}
END_TEST

START_TEST(names_stages_and_orders_them)
{
    config_room room;
    config_begin(&room);
    /* Written against the order; csv-2 is taken by a written name. */
    check_good(&room, "stages:\n"
                      "  - exporter: test_write\n    from: join\n"
                      "  - transformer: test_concat\n    name: join\n"
                      "    from: [test_read, test_read-3]\n" READER
                      "  - exporter: test_write\n    name: test_read-2\n" READER);
    const sl_plan *plan = room.plan;
    ck_assert_str_eq(input(plan, "join", 0), "test_read");
    ck_assert_str_eq(input(plan, "join", 1), "test_read-3");
    ck_assert_str_eq(input(plan, "test_write", 0), "join");
    ck_assert_uint_eq(find(plan, "test_read")->consumers, 2); /* join, and the exporter after it */
    for (uint32_t i = 0; i < plan->count; i++)
        for (uint32_t k = 0; k < plan->stages[i].inputs_count; k++)
            ck_assert_uint_lt(plan->stages[i].inputs[k], i);
    config_end(&room);
}
END_TEST

/* ---- Params -------------------------------------------------------------------------------- */

START_TEST(puts_params_in)
{
    config_room room;
    char expected[200];
    config_begin(&room);
    check_good(&room, "params: {file: a.csv, n: 5, zip: '012', dir: '${here}/x', "
                      "both: '${dir}/${file}', none: null}\nstages:\n"
                      "  - reader: test_read\n    path: ${both}\n    rows: ${n}\n"
                      "    list: ['${zip}', '$${n}', 'a${n}b']\n"
                      "    map: {k: '${none:-last}', l: '${env:SLUICE_TEST_ABSENT:-z}'}\n" WRITER);
    const test_self *reader = self(room.plan, "test_read");
    snprintf(expected, sizeof expected, "%s/x/a.csv", room.directory);
    ck_assert_str_eq(reader->path, expected);
    ck_assert_int_eq(reader->rows, 5);
    ck_assert_str_eq(sl_item(reader->list, 0)->text, "012");
    ck_assert_str_eq(sl_item(reader->list, 1)->text, "${n}");
    ck_assert_str_eq(sl_item(reader->list, 2)->text, "a5b");
    ck_assert_str_eq(sl_value_get(reader->map, "k")->text, "last");
    ck_assert_str_eq(sl_value_get(reader->map, "l")->text, "z");
    ck_assert_uint_eq(sl_plan_param(room.plan, "zip")->quoted, 1);
    ck_assert_uint_eq(sl_plan_param(room.plan, "n")->quoted, 0);
    ck_assert_ptr_null(sl_plan_param(room.plan, "other"));
    config_end(&room);
}
END_TEST

START_TEST(takes_settings)
{
    config_room room;
    config_begin(&room);
    const char *text = "params: {n: 5, need: }\nstages:\n"
                       "  - reader: test_read\n    rows: ${n}\n    path: ${need}\n" WRITER;
    const sl_setting good[] = {{"n", "7"}, {"need", "x: ${n} # [y"}};
    ck_assert_ptr_nonnull(config_read(&room, text, good, 2));
    ck_assert_int_eq(self(room.plan, "test_read")->rows, 7);
    ck_assert_str_eq(self(room.plan, "test_read")->path, "x: ${n} # [y"); /* never read again */
    const sl_setting wrong[] = {{"need", "x"}, {"nn", "7"}};
    ck_assert_ptr_null(config_read(&room, text, wrong, 2));
    config_expect(&room, 0, 0, 0, "--set nn", "did you mean 'n'?");
    ck_assert_int_eq(sl_errors_code(&room.errors), SL_CODE_USAGE);
    check_one(&room, text, 1, 16, "param 'need' has no value: --set need=", NULL);
    ck_assert_int_eq(sl_errors_code(&room.errors), SL_CODE_CONFIG);
    const sl_setting bad[] = {{"n", "700"}, {"need", "x"}};
    ck_assert_ptr_null(config_read(&room, text, bad, 2));
    config_expect(&room, 0, 4, 11, "at most 99", NULL); /* the caret stands at ${n} */
    config_end(&room);
}
END_TEST

START_TEST(refuses_params)
{
    config_room room;
    config_begin(&room);
#define WITH(line)                                                                                 \
    "params: {name: x, a: '${b}', b: 1}\nstages:\n  - reader: test_read\n" line WRITER
    check_one(&room, WITH("    path: a/${nam}/b\n"), 4, 13, "no param 'nam'", "'name'");
    check_one(&room, WITH("    path: ${name\n"), 4, 11, "never closed", "$${");
    check_one(&room, WITH("    path: ${}\n"), 4, 11, "no reference", NULL);
    check_one(&room, WITH("    path: ${file:x}\n"), 4, 11, "no reference", NULL);
    check_one(&room, WITH("    path: ${credential:../x}\n"), 4, 11, "no reference", NULL);
    check_one(&room, WITH("    path: ${env:SLUICE_TEST_ABSENT}\n"), 4, 11, "is not set", NULL);
    check_one(&room, WITH("    path: ${env:SLUICE_TEST_ABSENT:?say why}\n"), 4, 11, "say why",
              NULL);
    check_one(&room, WITH("    keep: a = ${name}\n"), 4, 15, "not allowed in SQL", ":name");
    check_one(&room, WITH("    rules:\n      - {m: y, sql: \"x > '${b}'\"}\n"), 5, 27,
              "not allowed in SQL", ":b");
    check_one(&room, "params: {a: '${b}', b: '${a}'}\nstages:\n" READER WRITER, 1, 25,
              "made of itself", NULL);
    check_one(&room, "params: {here: x}\nstages:\n" READER WRITER, 1, 10, "'here'", NULL);
    check_one(&room, "params: {1a: x}\nstages:\n" READER WRITER, 1, 10, "name of a param", NULL);
    check_one(&room, "params: {a: [x]}\nstages:\n" READER WRITER, 1, 10, "one value", NULL);
    check_good(&room, WITH("    rules: [{sql: x > 1, m: 'not ${name}'}]\n"));
    config_end(&room);
}
END_TEST

/* ---- Secrets --------------------------------------------------------------------------------- */

static void check_hidden(const config_room *room, const char *secret)
{
    char *printed = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&printed, &size);
    sl_errors_print(&room->errors, to, 0, 0);
    sl_errors_print(&room->errors, to, 0, 1);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_uint_gt(size, 0);
    ck_assert_msg(strstr(printed, secret) == NULL, "the secret is in: %s", printed);
    free(printed);
}

static void write_credential(const config_room *room, const char *text, mode_t mode)
{
    char path[160];
    snprintf(path, sizeof path, "%s/token", room->directory);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void remove_credential(const config_room *room)
{
    char path[160];
    snprintf(path, sizeof path, "%s/token", room->directory);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

#define SECRET(option) "stages:\n  - reader: test_read\n    " option "\n" WRITER

START_TEST(keeps_secrets)
{
    config_room room;
    config_begin(&room);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", room.directory, 1), 0);
    write_credential(&room, "canary-71\n", 0440);
    check_good(&room, SECRET("password: ${credential:token}"));
    ck_assert_str_eq(self(room.plan, "test_read")->password, "canary-71");
    check_good(&room, "params: {t: '${credential:token}', u: 'x${t}'}\n" SECRET("password: ${u}"));
    ck_assert_str_eq(self(room.plan, "test_read")->password, "xcanary-71");
    /* What is shown takes none: an option of another type, by a param, a key of the graph. */
    check_one(&room, SECRET("rows: ${credential:token}"), 3, 11, "a credential cannot stand here",
              "type secret");
    check_hidden(&room, "canary-71");
    check_one(&room, SECRET("path: ${credential:token:-x}"), 3, 11, "cannot stand here", NULL);
    check_good(&room, SECRET("path: ${credential:tokem:-x}"));
    ck_assert_str_eq(self(room.plan, "test_read")->path, "x");
    check_one(&room,
              "params: {t: '${credential:token}'}\nstages:\n"
              "  - reader: test_read\n    mode: x${t}\n" WRITER,
              4, 12, "cannot stand here", NULL);
    check_one(&room, "description: it is ${credential:token}\n" SECRET("rows: 1"), 1, 20,
              "cannot stand here", NULL);
    check_one(&room, SECRET("name: ${credential:token}"), 3, 11, "cannot stand here", NULL);
    check_one(&room, SECRET("path: ${credential:tokem}"), 3, 11, "'tokem'", NULL);
    remove_credential(&room);
    config_end(&room);
}
END_TEST

START_TEST(refuses_open_credentials)
{
    static const mode_t modes[] = {0604, 0601, 0660, 0622};
    config_room room;
    config_begin(&room);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", room.directory, 1), 0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        ck_assert_int_eq(chmod(room.directory, 0755), 0);
        write_credential(&room, "canary-71\n", modes[i]);
        check_one(&room, SECRET("password: ${credential:token}"), 3, 15, "open to others",
                  "chmod 600");
        check_hidden(&room, "canary-71");
        ck_assert_int_eq(chmod(room.directory, 0700), 0); /* they cannot come to it */
        check_good(&room, SECRET("password: ${credential:token}"));
    }
    write_credential(&room, "canary\xff\n", 0400);
    check_one(&room, SECRET("password: ${credential:token}"), 3, 15, "not valid UTF-8", NULL);
    remove_credential(&room);
    config_end(&room);
}
END_TEST

/* The value of a secret option is one however it is given, also in the lines that errors show. */
START_TEST(hides_secret_options)
{
    config_room room;
    config_begin(&room);
    check_one(&room, "stages:\n  - {reader: test_read, password: canary-72, rows: 100}\n" WRITER, 2,
              52, "at most 99", NULL);
    check_hidden(&room, "canary-72");
    check_one(&room, "stages:\n  - {reader: test_read, passwort: canary-72}\n" WRITER, 2, 25,
              "no option 'passwort'", "'password'");
    check_hidden(&room, "canary-72");
    check_one(&room,
              "stages:\n  - {reader: test_read, password: '${env:NONE_71:-canary-72}', rows: "
              "100}\n" WRITER,
              2, 70, "at most 99", NULL);
    check_hidden(&room, "canary-72");
    ck_assert_int_eq(setenv("ENV_71", "canary-73", 1), 0);
    check_one(&room, SECRET("password: '${env:ENV_71}'\n    mode: canary-73"), 4, 11, "got '***'",
              NULL);
    check_hidden(&room, "canary-73");
    check_one(&room, SECRET("mode: '${env:ENV_71}'"), 3, 12, "got 'canary-73'", NULL);
    check_one(&room, "params: {p: canary-74, q: [canary-74]}\n" SECRET("password: ${p}"), 1, 24,
              "one value", NULL);
    check_hidden(&room, "canary-74");
    ck_assert_int_eq(unsetenv("ENV_71"), 0);
    config_end(&room);
}
END_TEST

/* ---- Edges ----------------------------------------------------------------------------------- */

START_TEST(refuses_edges)
{
    config_room room;
    config_begin(&room);
    check_one(&room, "stages:\n" READER WRITER WRITER, 4, 5, "two exporters in a row",
              "from: test_read");
    check_one(&room, "stages:\n" READER WRITER "    from: test_raed\n", 4, 11,
              "no stage 'test_raed'", "'test_read'");
    check_one(&room, "stages:\n  - filter: test_where\n" WRITER, 2, 5, "no stage before", NULL);
    check_one(&room, "stages:\n" READER "    from: x\n" WRITER, 3, 11, "no inputs", NULL);
    check_one(&room, "stages:\n" READER, 2, 5, "no exporter", "exporter: table");
    check_one(&room, "stages:\n" READER "    name: a\n" READER WRITER, 2, 5, "nobody takes", NULL);
    check_one(&room,
              "stages:\n" READER WRITER "  - filter: test_where\n    name: a\n    from: b\n"
              "  - filter: test_where\n    name: b\n    from: a\n",
              6, 11, "wait for each other", NULL);
    check_one(&room, "stages:\n" READER "  - filter: test_where\n    from: test_where\n" WRITER, 4,
              11, "its own rows", NULL);
    check_one(&room,
              "stages:\n" READER "    on_reject: test_where\n  - filter: test_where\n" WRITER, 3,
              16, "is a filter", NULL);
    check_one(&room,
              "stages:\n" READER "    on_reject: bad\n" WRITER
              "  - exporter: test_write\n    name: bad\n    from: test_read\n",
              7, 11, "rejects only", NULL);
    check_one(&room,
              "stages:\n" READER "  - filter: test_where\n    name: a\n    from: test_read\n"
              "  - filter: test_where\n    name: b\n    from: test_read\n"
              "  - transformer: test_concat\n    from: [a, b]\n" WRITER,
              10, 11, "two ways", NULL);
    check_one(&room, "stages:\n" READER "  - transformer: test_concat\n" WRITER, 3, 5,
              "at least 2 inputs", "from: [a, b]");
    check_one(&room, "stages:\n" READER "    name: drop\n" WRITER, 3, 11, "'drop'", NULL);
    check_one(&room, "stages:\n" READER "    name: a\n  - filter: test_where\n    name: a\n" WRITER,
              5, 11, "already", "line 2");
    config_end(&room);
}
END_TEST

START_TEST(finds_all_in_order)
{
    config_room room;
    config_begin(&room);
    ck_assert_ptr_null(config_read(&room,
                                   "grap: x\nwith: 5s\nstages:\n"
                                   "  - reader: test_raed\n"
                                   "  - filter: test_where\n    kep: x\n    rows: 0\n"
                                   "    keep: note = 'a # b'\n    header: yes\n"
                                   "  - transformer: test_needy\n"
                                   "  - filter: test_write\n    queue: 3\n"
                                   "  - exporter: test_write\n    mode: apend\n",
                                   NULL, 0));
    config_expect(&room, 0, 1, 1, "unknown key 'grap'", "'graph'");
    config_expect(&room, 1, 2, 1, "not in this version", NULL);
    config_expect(&room, 2, 4, 13, "no reader 'test_raed'", "'test_read'");
    config_expect(&room, 3, 6, 5, "no option 'kep'", "'keep'");
    config_expect(&room, 4, 7, 11, "at least 1", NULL);
    config_expect(&room, 5, 8, 21, "' #' starts a comment", "quote the whole");
    config_expect(&room, 6, 9, 13, "yes", NULL);
    config_expect(&room, 7, 10, 5, "needed", NULL);
    config_expect(&room, 8, 11, 13, "no filter 'test_write'", "exporter: test_write");
    config_expect(&room, 9, 12, 5, "'queue' is not in this version", NULL);
    config_expect(&room, 10, 14, 11, "apend", "append");
    ck_assert_uint_eq(room.errors.errors, 11);
    config_end(&room);
}
END_TEST

START_TEST(stops_at_twenty)
{
    config_room room;
    char text[4096] = "stages:\n" READER;
    config_begin(&room);
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "    wrong%d: x\n", i);
    strcat(text, WRITER);
    ck_assert_ptr_null(config_read(&room, text, NULL, 0));
    ck_assert_uint_eq(room.errors.count, SL_ERRORS_LIMIT);
    ck_assert_uint_eq(room.errors.errors, 30);
    config_end(&room);
}
END_TEST

/* ---- Places ------------------------------------------------------------------------------------
 */

START_TEST(points_into_values)
{
    config_room room;
    config_begin(&room);
    check_good(&room, "params: {p: longer}\nstages:\n"
                      "  - reader: test_read\n    path: a/${p}/stat\n"
                      "    keep: |\n      a = 1\n      AND stat = 2\n" WRITER);
    const sl_value *options = find(room.plan, "test_read")->options;
    const sl_value *path = sl_value_get(options, "path");
    const sl_value *keep = sl_value_get(options, "keep");
    sl_error error = {0};
    ck_assert_str_eq(path->text, "a/longer/stat");
    sl_plan_locate(path, 9, 4, &error);
    ck_assert_int_eq(error.line, 4);
    ck_assert_int_eq(error.column, 18);
    ck_assert_int_eq(error.length, 4);
    sl_plan_locate(path, 4, 2, &error); /* inside what was put in: all of ${p} */
    ck_assert_int_eq(error.column, 13);
    ck_assert_int_eq(error.length, 4);
    sl_plan_locate(keep, 10, 4, &error);
    ck_assert_int_eq(error.line, 7);
    ck_assert_int_eq(error.column, 11);
    ck_assert_str_eq(error.text, room.plan->text);
    config_end(&room);
}
END_TEST

/* ---- Bounds and the world ----------------------------------------------------------------------
 */

START_TEST(is_bounded_as_a_whole)
{
    config_room room;
    config_begin(&room);
    /* 9,000 aliases of a list of ten, all of which become values; and 60 KB put in often. */
    size_t room_for = (size_t)600 * 1024;
    char *text = malloc(room_for);
    ck_assert_ptr_nonnull(text);
    size_t used = (size_t)snprintf(text, room_for,
                                   "params: {p: &p '%060000d'}\nstages:\n"
                                   "  - reader: test_read\n    map:\n"
                                   "      a: &a [x, x, x, x, x, x, x, x, x, x]\n",
                                   0);
    for (int i = 0; i < 8000; i++)
        used += (size_t)snprintf(text + used, room_for - used, "      k%d: *a\n", i);
    used += (size_t)snprintf(text + used, room_for - used, "    list:\n");
    for (int i = 0; i < 2000; i++)
        used += (size_t)snprintf(text + used, room_for - used, "      - ${p}\n");
    snprintf(text + used, room_for - used, WRITER);
    clock_t start = clock();
    ck_assert_ptr_null(config_read(&room, text, NULL, 0));
    ck_assert_double_lt((double)(clock() - start) / CLOCKS_PER_SEC, 1.0);
    ck_assert_uint_eq(room.errors.errors, 1);
    ck_assert_ptr_nonnull(strstr(room.errors.list[0].message, "too long"));
    ck_assert_uint_lt(sl_arena_bytes(room.arena), 8 * 1024 * 1024);
    free(text);
    config_end(&room);
}
END_TEST

START_TEST(says_why_a_file_cannot_be_read)
{
    config_room room;
    config_begin(&room);
    ck_assert_ptr_null(
        sl_plan_read(&sl_env_real, room.registry, "/nowhere/x.yaml", NULL, 0, &room.errors));
    config_expect(&room, 0, 0, 0, "No such file", NULL);
    ck_assert_str_eq(room.errors.list[0].file, "/nowhere/x.yaml");
    ck_assert_int_eq(sl_errors_code(&room.errors), SL_CODE_NO_INPUT);
    room.errors = (sl_errors){.arena = room.arena};
    ck_assert_ptr_null(
        sl_plan_read(&sl_env_real, room.registry, room.directory, NULL, 0, &room.errors));
    config_expect(&room, 0, 0, 0, "directory", NULL);
    config_write(&room, "stages:\n", 8);
    config_end(&room);
}
END_TEST

/* Memory that ends after some allocations: an error, no crash, nothing leaked. */
static int64_t allocations_left;

static void *allocate(void *context, void *old, size_t size)
{
    if (size > 0 && allocations_left-- <= 0)
        return NULL;
    return sl_env_real.allocate(context, old, size);
}

START_TEST(bears_a_lack_of_memory)
{
    config_room room;
    config_begin(&room);
    const char *text = "params: {a: 1}\nbase: &b {mode: fail}\nstages:\n"
                       "  - {reader: test_read, <<: *b, rows: '${a}', on_reject: bad}\n"
                       "  - {filter: test_where, keep: x, wrong: y, from: z}\n" WRITER
                       "  - {exporter: test_write, name: bad}\n";
    config_write(&room, text, strlen(text));
    sl_env env = sl_env_real;
    env.allocate = allocate;
    int64_t allowed = 0;
    int32_t code = SL_CODE_FAILED;
    while (code == SL_CODE_FAILED && allowed < 10000) {
        sl_errors errors = {.arena = sl_arena_new(&sl_env_real)};
        allocations_left = allowed++;
        ck_assert_ptr_null(sl_plan_read(&env, room.registry, room.file, NULL, 0, &errors));
        ck_assert_uint_gt(errors.errors, 0);
        code = sl_errors_code(&errors);
        if (code != SL_CODE_CONFIG && code != SL_CODE_NO_INPUT)
            ck_assert_ptr_nonnull(strstr(errors.list[0].message, "memory"));
        code = code == SL_CODE_CONFIG && errors.count > 2 ? code : SL_CODE_FAILED;
        sl_arena_free(errors.arena);
    }
    ck_assert_int_gt(allowed, 3);
    ck_assert_int_eq(code, SL_CODE_CONFIG);
    config_end(&room);
}
END_TEST

static Suite *suite(void)
{
    Suite *made = suite_create("plan");
    TCase *rooms = tcase_create("plan");
    tcase_set_timeout(rooms, 60);
    tcase_add_test(rooms, reads_a_chain);
    tcase_add_test(rooms, has_defaults);
    tcase_add_test(rooms, has_a_schedule);
    tcase_add_test(rooms, names_stages_and_orders_them);
    tcase_add_test(rooms, puts_params_in);
    tcase_add_test(rooms, takes_settings);
    tcase_add_test(rooms, refuses_params);
    tcase_add_test(rooms, keeps_secrets);
    tcase_add_test(rooms, refuses_open_credentials);
    tcase_add_test(rooms, hides_secret_options);
    tcase_add_test(rooms, refuses_edges);
    tcase_add_test(rooms, finds_all_in_order);
    tcase_add_test(rooms, stops_at_twenty);
    tcase_add_test(rooms, points_into_values);
    tcase_add_test(rooms, is_bounded_as_a_whole);
    tcase_add_test(rooms, says_why_a_file_cannot_be_read);
    tcase_add_test(rooms, bears_a_lack_of_memory);
    suite_add_tcase(made, rooms);
    return made;
}

int main(void)
{
    return config_run(suite());
}

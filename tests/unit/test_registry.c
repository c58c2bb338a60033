/*
 * test_registry.c - plugins/: what a type must have, older and longer structs, shared objects
 * that are loaded or refused; and what config says of types from their tables (describe.c,
 * schema.c, picture.c).
 *
 * Deliberately elsewhere: the example plugin in a running graph (tests/plugin.sh).
 */
#include "config/describe.h"
#include "plugins/loader.h"
#include "tests/unit/config_types.h"

/* ---- What a type must have --------------------------------------------------------------------
 */

static void check_refused(sl_stage_type type, const char *why)
{
    config_room room;
    config_begin(&room);
    ck_assert_int_eq(sl_registry_add(room.registry, &type, "plugin 'x'", &room.errors), SL_ERROR);
    config_expect(&room, 0, 0, 0, why, NULL);
    ck_assert_ptr_nonnull(strstr(room.errors.list[0].message, "plugin 'x'"));
    ck_assert_int_eq(sl_errors_code(&room.errors), SL_CODE_CONFIG);
    config_write(&room, "", 0);
    config_end(&room);
}

static sl_stage_type fresh(void)
{
    sl_stage_type type = test_types[1];
    type.name = "fresh";
    return type;
}

START_TEST(refuses_types)
{
    static const sl_option reserved[] = {OPTION(path, SL_OPTION_PATH, .fallback = ""),
                                         {.name = "from", .help = "x"},
                                         {.name = NULL}};
    static const sl_option outside[] = {{.name = "x", .offset = 10000, .help = "x"},
                                        {.name = NULL}};
    static const sl_option unknown[] = {{.name = "x", .type = 99, .help = "x"}, {.name = NULL}};
    static const sl_option no_help[] = {{.name = "x"}, {.name = NULL}};
    static const sl_option no_choices[] = {{.name = "x", .type = SL_OPTION_CHOICE, .help = "x"},
                                           {.name = NULL}};
    const sl_option *const tables[] = {reserved, outside, unknown, no_help, no_choices};
    const char *const reasons[] = {"key of the language", "outside", "does not know", "no help",
                                   "without choices"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        sl_stage_type type = fresh();
        type.options = tables[i];
        check_refused(type, reasons[i]);
    }
    sl_stage_type type = fresh();
    type.name = NULL;
    check_refused(type, "a name is made of");
    type.name = "Upper";
    check_refused(type, "a name is made of");
    type = fresh();
    type.role = 5;
    check_refused(type, "role");
    type = fresh();
    type.summary = NULL;
    check_refused(type, "summary");
    type = fresh();
    type.each = NULL;
    check_refused(type, "none of next, each and write");
    type = fresh();
    type.next = test_next;
    check_refused(type, "more than one");
    type = fresh();
    type.inputs_min = 0;
    check_refused(type, "inputs_min");
    type = fresh();
    type.inputs_max = 2;
    check_refused(type, "just one input");
    type = fresh();
    type.role = SL_READER;
    check_refused(type, "no inputs");
    type = fresh();
    type.role = SL_EXPORTER;
    check_refused(type, "must have write");
    type = fresh();
    type.size = 16;
    check_refused(type, "too short");
    type = fresh();
    type.abi = 2u << 16;
    check_refused(type, "ABI");
}
END_TEST

START_TEST(refuses_a_name_that_is_taken)
{
    config_room room;
    config_begin(&room);
    ck_assert_int_eq(sl_registry_add(room.registry, &test_types[1], "plugin 'x'", &room.errors),
                     SL_ERROR);
    config_expect(&room, 0, 0, 0, "the validator 'test_check' is refused: the name is taken (test)",
                  NULL);
    config_write(&room, "", 0);
    config_end(&room);
}
END_TEST

/* An older plugin's struct ends early and its options are longer or shorter than ours. */
START_TEST(takes_other_sizes)
{
    typedef struct wide_option {
        sl_option option;
        const char *later[3];
    } wide_option;
    static const wide_option options[] = {
        {.option = OPTION(path, SL_OPTION_PATH, .fallback = "")},
        {.option = OPTION(rows, SL_OPTION_INTEGER, .fallback = "3", .max = "5")},
        {.option = {.name = NULL}},
    };
    config_room room;
    config_begin(&room);
    sl_stage_type type = fresh();
    type.options = &options[0].option;
    type.option_size = sizeof(wide_option);
    type.size = offsetof(sl_stage_type, close); /* what is behind it does not exist */
    type.interrupt = NULL;
    type.close = (void (*)(sl_stage *))(void (*)(void))abort;
    ck_assert_int_eq(sl_registry_add(room.registry, &type, "old", &room.errors), SL_OK);
    const sl_stage_type *kept = sl_registry_find(room.registry, SL_VALIDATOR, "fresh");
    ck_assert_ptr_nonnull(kept);
    ck_assert_ptr_ne(kept, &type);
    ck_assert(kept->close == NULL);
    ck_assert_uint_eq(kept->size, sizeof *kept);
    ck_assert_str_eq(sl_registry_origin(room.registry, kept), "old");
    ck_assert_ptr_nonnull(config_read(&room,
                                      "stages:\n  - reader: test_read\n  - validator: fresh\n"
                                      "    path: a\n  - exporter: test_write\n",
                                      NULL, 0));
    const test_self *self = room.plan->stages[1].self;
    ck_assert_str_eq(self->path, "a");
    ck_assert_int_eq(self->rows, 3);
    ck_assert_ptr_null(config_read(&room,
                                   "stages:\n  - reader: test_read\n  - validator: fresh\n"
                                   "    rows: 6\n  - exporter: test_write\n",
                                   NULL, 0));
    config_expect(&room, 0, 4, 11, "at most 5", NULL);
    config_end(&room);
}
END_TEST

START_TEST(keeps_order)
{
    config_room room;
    config_begin(&room);
    const sl_stage_type *last = NULL;
    const sl_stage_type *type;
    uint32_t count = 0;
    while ((type = sl_registry_at(room.registry, count)) != NULL) {
        if (last != NULL)
            ck_assert(last->role < type->role ||
                      (last->role == type->role && strcmp(last->name, type->name) < 0));
        ck_assert_ptr_eq(sl_registry_find(room.registry, type->role, type->name), type);
        last = type;
        count++;
    }
    ck_assert_uint_ge(count, sizeof test_types / sizeof *test_types);
    ck_assert_ptr_null(sl_registry_find(room.registry, SL_FILTER, "test_check"));
    config_write(&room, "", 0);
    config_end(&room);
}
END_TEST

/* ---- Shared objects ----------------------------------------------------------------------------
 */

static const char plugin_text[] =
    "#include \"stages/core/stage.h\"\n"
    "static sl_status each(sl_stage *s, sl_batch *b) { (void)s; (void)b; return SL_OK; }\n"
    "static const sl_stage_type geo = {SL_STAGE_TYPE, .name = GEO, .version = \"1\",\n"
    "    .summary = \"x\", .role = SL_FILTER, .inputs_min = 1, .inputs_max = 1,\n"
    "    .self_size = 8, .each = each};\n"
    "static const sl_stage_type *const stages[] = {&geo, NULL};\n"
    "static const sl_plugin plugin = {PLUGIN_SIZE, PLUGIN_ABI, \"geo\", \"1.2\", stages};\n"
    "__attribute__((visibility(\"default\"))) const sl_plugin *ENTRY(void);\n"
    "const sl_plugin *ENTRY(void) { return &plugin; }\n";

/* Builds a plugin and loads it; message NULL: it loads. */
static void check_load(const char *entry, const char *abi, const char *size, const char *name,
                       const char *message)
{
    config_room room;
    char source[160];
    char object[160];
    char command[1200];
    config_begin(&room);
    snprintf(source, sizeof source, "%s/plugin.c", room.directory);
    snprintf(object, sizeof object, "%s/plugin.so", room.directory);
    FILE *file = fopen(source, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(plugin_text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    snprintf(command, sizeof command,
             "cc -shared -fPIC -I%s/.. -DENTRY=%s -DPLUGIN_ABI='%s' -DPLUGIN_SIZE='%s' "
             "-DGEO='\"%s\"' -o %s %s",
             TESTS_DIR, entry, abi, size, name, object, source);
    ck_assert_int_eq(system(command), 0);
    sl_status status = sl_loader_load(room.registry, &sl_env_real, object, &room.errors);
    if (message == NULL) {
        ck_assert_int_eq(status, SL_OK);
        const sl_stage_type *type = sl_registry_find(room.registry, SL_FILTER, name);
        ck_assert_ptr_nonnull(type);
        ck_assert_ptr_nonnull(strstr(sl_registry_origin(room.registry, type), "'geo' 1.2"));
    } else {
        ck_assert_int_eq(status, SL_ERROR);
        config_expect(&room, 0, 0, 0, message, NULL);
    }
    unlink(source);
    unlink(object);
    config_end(&room);
}

START_TEST(loads_plugins)
{
    check_load("sluice_plugin_v1", "SL_ABI", "sizeof(sl_plugin)", "geo", NULL);
    check_load("sluice_plugin_v1", "SL_ABI + 4", "sizeof(sl_plugin)", "geo",
               "plugin 'geo' was built for ABI 1.4, this sluice has 1.0");
    check_load("sluice_plugin_v1", "2u << 16", "sizeof(sl_plugin)", "geo", "was built for ABI 2.0");
    check_load("sluice_plugin_v3", "SL_ABI", "sizeof(sl_plugin)", "geo", "was built for ABI 3");
    check_load("other_entry", "SL_ABI", "sizeof(sl_plugin)", "geo", "no entry 'sluice_plugin_v1'");
    check_load("sluice_plugin_v1", "SL_ABI", "8", "geo", "too short");
    check_load("sluice_plugin_v1", "SL_ABI", "sizeof(sl_plugin)", "test_where", "name is taken");
}
END_TEST

START_TEST(refuses_what_is_no_plugin)
{
    config_room room;
    char missing[160];
    config_begin(&room);
    snprintf(missing, sizeof missing, "%s/missing.so", room.directory);
    config_write(&room, "text\n", 5);
    ck_assert_int_eq(sl_loader_load(room.registry, &sl_env_real, missing, &room.errors), SL_ERROR);
    ck_assert_int_eq(sl_loader_load(room.registry, &sl_env_real, room.file, &room.errors),
                     SL_ERROR);
    ck_assert_int_eq(sl_loader_load(room.registry, &sl_env_real, room.directory, &room.errors),
                     SL_ERROR);
    ck_assert_int_eq(sl_loader_load(room.registry, &sl_env_real, "/dev/zero", &room.errors),
                     SL_ERROR);
    config_expect(&room, 0, 0, 0, "No such file", NULL);
    config_expect(&room, 1, 0, 0, "not a shared object", NULL);
    config_expect(&room, 2, 0, 0, "not a regular file", NULL);
    config_expect(&room, 3, 0, 0, "not a regular file", NULL);
    config_write(&room, "\177ELF and then nothing", 20);
    ck_assert_int_eq(sl_loader_load(room.registry, &sl_env_real, room.file, &room.errors),
                     SL_ERROR);
    config_expect(&room, 4, 0, 0, "cannot load the plugin", NULL);
    config_end(&room);
}
END_TEST

/* ---- What is said of types and plans
 * --------------------------------------------------------------- */

static void check_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in:\n%.2000s", part, text);
}

START_TEST(describes_types)
{
    static const sl_describe_format formats[] = {SL_DESCRIBE_TEXT, SL_DESCRIBE_MARKDOWN,
                                                 SL_DESCRIBE_JSON};
    config_room room;
    config_begin(&room);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&text, &size);
        ck_assert_int_eq(sl_describe_stage(room.registry, "test_read", formats[i], to), SL_OK);
        ck_assert_int_eq(sl_describe_stage(room.registry, "nothing", formats[i], to), SL_END);
        ck_assert_int_eq(fclose(to), 0);
        check_has(text, "reader");
        check_has(text, "exporter");
        for (const sl_option *option = test_options; option->name != NULL; option++) {
            check_has(text, option->name);
            check_has(text, option->help);
        }
        check_has(text, "append");
        check_has(text, "99");
        free(text);
    }
    ck_assert_str_eq(sl_describe_nearest(room.registry, "test_wher"), "test_where");
    config_write(&room, "", 0);
    config_end(&room);
}
END_TEST

START_TEST(draws_plans)
{
    static const struct {
        sl_describe_format format;
        const char *parts[4];
    } wanted[] = {
        {SL_DESCRIBE_DOT,
         {"digraph \"a \\\"b\\\"\"", "s0 -> s1;", "s0 -> s2 [style=dashed", "}\n"}},
        {SL_DESCRIBE_MERMAID, {"flowchart LR\n", "s0 --> s1\n", "s0 -. rejects .-> s2", "reader"}},
        {SL_DESCRIBE_JSON, {"\"graph\":\"a \\\"b\\\"\"", "\"from\":[\"test_read\"]", "]}", "true"}},
        {SL_DESCRIBE_TEXT, {"a \"b\"", "rejects to bad", "takes rejects", "test_write"}},
    };
    config_room room;
    config_begin(&room);
    ck_assert_ptr_nonnull(config_read(&room,
                                      "graph: a \"b\"\nstages:\n  - reader: test_read\n"
                                      "    on_reject: bad\n  - exporter: test_write\n"
                                      "  - exporter: test_read\n    name: bad\n    path: r\n",
                                      NULL, 0));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&text, &size);
        sl_describe_graph(room.plan, wanted[i].format, to);
        ck_assert_int_eq(fclose(to), 0);
        for (size_t k = 0; k < 4; k++)
            check_has(text, wanted[i].parts[k]);
        free(text);
    }
    config_end(&room);
}
END_TEST

static Suite *suite(void)
{
    Suite *made = suite_create("registry");
    TCase *rooms = tcase_create("registry");
    tcase_set_timeout(rooms, 60);
    tcase_add_test(rooms, refuses_types);
    tcase_add_test(rooms, refuses_a_name_that_is_taken);
    tcase_add_test(rooms, takes_other_sizes);
    tcase_add_test(rooms, keeps_order);
    tcase_add_test(rooms, loads_plugins);
    tcase_add_test(rooms, refuses_what_is_no_plugin);
    tcase_add_test(rooms, describes_types);
    tcase_add_test(rooms, draws_plans);
    suite_add_tcase(made, rooms);
    return made;
}

int main(void)
{
    return config_run(suite());
}

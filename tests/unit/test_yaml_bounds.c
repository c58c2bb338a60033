/*
 * test_yaml_bounds.c - no file, however it is made, takes config/yaml.c more than a second of
 * the processor or 64 MB of the host's memory.
 */
#include <time.h>

#include "config/yaml.h"
#include "tests/unit/config_types.h"

#define SECONDS_LIMIT 1.0
#define BYTES_LIMIT ((size_t)64 * 1024 * 1024)
#define ROOM ((size_t)3 * 1024 * 1024)

static char text[ROOM];
static size_t used;

static void add(const char *piece, size_t times)
{
    size_t size = strlen(piece);
    ck_assert_uint_lt(used + size * times, ROOM);
    for (size_t i = 0; i < times; i++) {
        memcpy(text + used, piece, size);
        used += size;
    }
}

/* Reads what was added; message NULL: it is read without a mistake. */
static void check(const char *message)
{
    config_room room;
    config_begin(&room);
    config_write(&room, text, used);
    used = 0;
    sl_arena *tree = sl_arena_new(&sl_env_real);
    sl_yaml *yaml = NULL;
    clock_t start = clock();
    sl_status status = sl_yaml_read(&sl_env_real, room.file, tree, &room.errors, &yaml);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    size_t bytes = sl_arena_bytes(tree) + sl_arena_bytes(room.arena);
    ck_assert_msg(seconds < SECONDS_LIMIT, "%.2f s for '%s'", seconds, message);
    ck_assert_msg(bytes < BYTES_LIMIT, "%zu bytes for '%s'", bytes, message);
    if (message == NULL) {
        ck_assert_uint_eq(room.errors.errors, 0);
        ck_assert_int_eq(status, SL_OK);
    } else {
        ck_assert_uint_gt(room.errors.count, 0);
        ck_assert_msg(strstr(room.errors.list[0].message, message) != NULL, "no '%s' in '%s'",
                      message, room.errors.list[0].message);
    }
    sl_arena_free(tree);
    config_end(&room);
}

START_TEST(nesting)
{
    add("[", 200000);
    check("deeper than 64");
    add("{a: ", 50000);
    check("deeper than 64");
    add("[\n", 200000);
    check("deeper than 64");
    add("- ", 200000);
    check("deeper than 64");
    add("? ", 200000);
    check("deeper than 64");
    add("{\"a\":", 50000);
    check("deeper than 64");
    for (int depth = 0; depth < 1000; depth++) {
        add(" ", (size_t)depth);
        add("a:\n", 1);
    }
    check("deeper than 64");
    add("[", 63);
    add("x", 1);
    add("]", 63);
    check(NULL);
    add("[", 65);
    add("]", 65);
    check("deeper than 64");
}
END_TEST

START_TEST(aliases)
{
    add("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n", 1);
    for (int level = 1; level < 12; level++) {
        char line[200];
        snprintf(line, sizeof line, "a%d: &a%d [", level, level);
        add(line, 1);
        for (int i = 0; i < 10; i++) {
            snprintf(line, sizeof line, "*a%d%s", level - 1, i < 9 ? ", " : "]\n");
            add(line, 1);
        }
    }
    check("expand to more than 100000");
    add("a: &a {k: 1}\nb:\n", 1);
    add("  - <<: [", 1);
    add("*a, ", 60000);
    add("*a]\n", 1);
    check("more than");
    for (int i = 0; i < 300; i++) {
        char line[60];
        snprintf(line, sizeof line, "k%d: &n%d x\n", i, i);
        add(line, 1);
    }
    check("more than 256 anchors");
    for (int i = 0; i < 256; i++) {
        char line[60];
        snprintf(line, sizeof line, "k%d: &n%d x\n", i, i);
        add(line, 1);
    }
    check(NULL);
}
END_TEST

START_TEST(sizes)
{
    add("a: ", 1);
    add("x", 10000 * 100);
    check("longer than 64 KiB");
    add("a: ", 1);
    add("x", 64 * 1024);
    check(NULL);
    add("a: '", 1);
    add("x\n ", 40000);
    add("'\n", 1);
    check("longer than 64 KiB");
    add("# 234567\n", 120000);
    check("larger than 1 MiB");
    add("- a\n", 200000);
    check("more than 100000 YAML events");
    add("- a\n", 99000);
    check(NULL);
    add("[", 1);
    add("a,", 300000);
    check("more than 100000 YAML events");
}
END_TEST

START_TEST(keys)
{
    for (int i = 0; i < 49000; i++) {
        char line[40];
        snprintf(line, sizeof line, "k%d: x\n", i);
        add(line, 1);
    }
    check(NULL);
    add("k: x\n", 49000);
    check("written twice");
}
END_TEST

/* What libyaml compares with all the others, or looks at again and again. */
START_TEST(scanning)
{
    for (int i = 0; i < 60000; i++) {
        char line[40];
        snprintf(line, sizeof line, "%%TAG !%d! x\n", i);
        add(line, 1);
    }
    add("---\na: 1\n", 1);
    check("directive");
    add("a: 1\n...\n", 1);
    for (int i = 0; i < 60000; i++) {
        char line[40];
        snprintf(line, sizeof line, "%%TAG !%d! x\n", i);
        add(line, 1);
    }
    check("one YAML document");
    add("---\n", 200000);
    check("one YAML document");
    add("]", 500000);
    check("did not find expected");
    add("a: ", 1);
    add("\n", 1000000);
    check(NULL);
    add("a: x", 1);
    add("\n x", 300000);
    check("longer than 64 KiB");
    add("&", 1);
    add("a", 1000000); /* an anchor on nothing */
    check(NULL);
    add("a: *", 1);
    add("b", 1000000);
    check("no anchor");
    add("a: !", 1);
    add("b", 1000000);
    add(" x\n", 1);
    check("tag");
    add("a: [", 1);
    add("&a ", 100000);
    check("is missing");
    add("\t", 1000000);
    check("tab");
    add("{", 1);
    add("? a : b, ", 20000);
    check("did not find expected");
    add("{", 1);
    add("a ", 500000);
    check("longer than 64 KiB");
}
END_TEST

static Suite *suite(void)
{
    Suite *made = suite_create("yaml bounds");
    TCase *bounds = tcase_create("bounds");
    tcase_set_timeout(bounds, 60);
    tcase_add_test(bounds, nesting);
    tcase_add_test(bounds, aliases);
    tcase_add_test(bounds, sizes);
    tcase_add_test(bounds, keys);
    tcase_add_test(bounds, scanning);
    suite_add_tcase(made, bounds);
    return made;
}

int main(void)
{
    return config_run(suite());
}

/*
 * test_yaml.c - config/yaml.c: the tree, places in scalars, encodings, and the bounds.
 *
 * Deliberately elsewhere: what the words mean (test_plan.c), mistakes as files (test_mistakes.c).
 */
#include "config/yaml.h"

#include "config/caret.h"
#include "tests/unit/config_types.h"

typedef struct yaml_room {
    config_room of;
    sl_arena *tree;
    sl_yaml *yaml;
} yaml_room;

static void read_bytes(yaml_room *room, const char *text, size_t size)
{
    *room = (yaml_room){0};
    config_begin(&room->of);
    config_write(&room->of, text, size);
    room->tree = sl_arena_new(&sl_env_real);
    sl_status status =
        sl_yaml_read(&sl_env_real, room->of.file, room->tree, &room->of.errors, &room->yaml);
    ck_assert_int_eq(status == SL_OK, room->yaml != NULL);
    if (status != SL_OK)
        ck_assert_uint_gt(room->of.errors.errors, 0);
}

static void read_text(yaml_room *room, const char *text)
{
    read_bytes(room, text, strlen(text));
}

static void done(yaml_room *room)
{
    sl_arena_free(room->tree);
    config_end(&room->of);
}

static void check_fails(const char *text, size_t size, int32_t line, int32_t column,
                        const char *message)
{
    yaml_room room;
    read_bytes(&room, text, size);
    config_expect(&room.of, 0, line, column, message, NULL);
    done(&room);
}

static void check_text(const sl_yaml_node *node, const char *text)
{
    ck_assert_ptr_nonnull(node);
    ck_assert_int_eq(node->kind, SL_YAML_SCALAR);
    ck_assert_str_eq(node->text, text);
}

START_TEST(keeps_styles_and_words)
{
    yaml_room room;
    read_text(&room, "a: no\nb: '012'\nc: \"x\\ty\"\nd: |\n  one\n  two\ne: !!str 5\nf: ~\n");
    ck_assert_uint_eq(room.of.errors.errors, 0);
    const sl_yaml_node *root = room.yaml->root;
    ck_assert_uint_eq(root->count, 6);
    check_text(sl_yaml_get(root, "a"), "no");
    ck_assert_uint_eq(sl_yaml_get(root, "a")->quoted, 0);
    check_text(sl_yaml_get(root, "b"), "012");
    ck_assert_uint_eq(sl_yaml_get(root, "b")->quoted, 1);
    check_text(sl_yaml_get(root, "c"), "x\ty");
    check_text(sl_yaml_get(root, "d"), "one\ntwo\n");
    ck_assert_uint_eq(sl_yaml_get(root, "e")->quoted, 1);
    ck_assert(sl_yaml_is_null(sl_yaml_get(root, "f")));
    done(&room);
}
END_TEST

START_TEST(merges_maps)
{
    yaml_room room;
    read_text(&room, "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\n"
                     "one: {<<: *b, y: 9}\nmany: {<<: [*b, *o], w: 0}\n");
    ck_assert_uint_eq(room.of.errors.errors, 0);
    const sl_yaml_node *one = sl_yaml_get(room.yaml->root, "one");
    ck_assert_uint_eq(one->count, 2);
    check_text(sl_yaml_get(one, "x"), "1");
    check_text(sl_yaml_get(one, "y"), "9");
    const sl_yaml_node *many = sl_yaml_get(room.yaml->root, "many");
    ck_assert_uint_eq(many->count, 4);
    check_text(sl_yaml_get(many, "y"), "2");
    check_text(sl_yaml_get(many, "z"), "4");
    ck_assert_str_eq(many->items[3].key->text, "w");
    done(&room);
}
END_TEST

/* Every word of a scalar is found again where it stands in the file. */
static void check_word(const char *yaml, const char *word, int32_t line, int32_t column,
                       int expected)
{
    yaml_room room;
    read_text(&room, yaml);
    ck_assert_uint_eq(room.of.errors.errors, 0);
    const sl_yaml_node *node = room.yaml->root->items[0].value;
    const char *at = strstr(node->text, word);
    ck_assert_ptr_nonnull(at);
    int exact;
    size_t byte = sl_caret_source(room.yaml, node, (size_t)(at - node->text), &exact);
    sl_error error = {0};
    sl_caret_place(room.yaml, byte, strlen(word), &error);
    ck_assert_int_eq(exact, expected);
    ck_assert_int_eq(error.line, line);
    ck_assert_int_eq(error.column, column);
    done(&room);
}

START_TEST(finds_words_in_scalars)
{
    check_word("k: aa bb\n", "bb", 1, 7, 1);
    check_word("k: 'aa bb'\n", "bb", 1, 8, 1);
    check_word("k: 'a''a bb'\n", "bb", 1, 10, 1);
    check_word("k: \"aa bb\"\n", "bb", 1, 8, 1);
    check_word("k: \"a\\ta bb\"\n", "bb", 1, 4, 0); /* an escape: the start */
    check_word("k: |\n  aa\n  cc bb\n", "bb", 3, 6, 1);
    check_word("k: |\n\n    aa\n      bb\n", "bb", 4, 7, 1);
    check_word("k: |2\n   aa\n  bb\n", "bb", 3, 3, 1);
    check_word("k: |-\r\n  aa\r\n  cc bb\r\n", "bb", 3, 6, 1);
    check_word("k: >\n  aa\n  bb\n", "bb", 1, 4, 0); /* folded: the start */
    check_word("k: aa\n  bb cc\n", "cc", 2, 6, 1);   /* plain over two lines */
    check_word("k: &x !!str aa bb\n", "bb", 1, 16, 1);
    check_word("\xc3\xa4: \xc3\xb6 bb\n", "bb", 1, 6, 1); /* columns are characters */
}
END_TEST

START_TEST(reads_what_is_not_plain_utf8)
{
    yaml_room room;
    read_text(&room, "\xef\xbb\xbfgraph: x\r\nb: [1\n");
    config_expect(&room.of, 0, 3, 1, "',' or ']' is missing", "line 2");
    done(&room);
    check_fails("\xff\xfeg\0r\0", 6, 1, 1, "UTF-16");
    check_fails("g\0r\0", 4, 1, 2, "NUL");
    check_fails("a: x\nb: \xff\n", 10, 2, 4, "not valid UTF-8");
    check_fails("a: x\nb: \xc3(\n", 11, 2, 4, "not valid UTF-8");
    check_fails("a: \x01\n", 5, 1, 4, "U+0001");
    check_fails("a: \"\\0\"\n", 8, 1, 4, "NUL character");
    check_fails("", 0, 1, 1, "empty");
    check_fails("# only\n", 7, 1, 1, "empty");
}
END_TEST

START_TEST(refuses_what_is_not_of_the_language)
{
    check_fails("a: 1\na: 2\n", 10, 2, 1, "written twice");
    check_fails("a: 1\n---\nb: 2\n", 14, 2, 1, "one YAML document");
    check_fails("a: 1\n...\nb: 2\n", 14, 3, 1, "one YAML document");
    check_fails("%TAG ! x:\n---\na: 1\n", 19, 1, 1, "directive");
    check_fails("a: !foo x\n", 10, 1, 4, "tag");
    check_fails("a: !!binary eA==\n", 17, 1, 4, "tag");
    check_fails("a: !!map x\n", 11, 1, 4, "tag");
    check_fails("a: *b\n", 6, 1, 4, "no anchor '&b'");
    check_fails("a: &b [*b]\n", 11, 1, 8, "inside its own anchor");
    check_fails("a: {<<: x}\n", 11, 1, 9, "a map or a list of maps");
    check_fails("? [a]\n: b\n", 10, 1, 3, "plain word");
    check_fails("a: 'x\n", 6, 1, 4, "never closed");
    check_fails("a:\n\t- b\n", 8, 2, 1, "tab");
}
END_TEST

START_TEST(says_both_places_of_a_double)
{
    yaml_room room;
    read_text(&room, "a: 1\nb: 2\na: 3\nb: 4\na: 5\n");
    ck_assert_uint_eq(room.of.errors.errors, 3);
    for (uint32_t i = 0; i < room.of.errors.count; i++)
        ck_assert_ptr_nonnull(strstr(room.of.errors.list[i].hint, "at line"));
    done(&room);
}
END_TEST

static Suite *suite(void)
{
    Suite *made = suite_create("yaml");
    TCase *rooms = tcase_create("tree");
    tcase_add_test(rooms, keeps_styles_and_words);
    tcase_add_test(rooms, merges_maps);
    tcase_add_test(rooms, finds_words_in_scalars);
    tcase_add_test(rooms, reads_what_is_not_plain_utf8);
    tcase_add_test(rooms, refuses_what_is_not_of_the_language);
    tcase_add_test(rooms, says_both_places_of_a_double);
    suite_add_tcase(made, rooms);
    return made;
}

int main(void)
{
    return config_run(suite());
}

/*
 * test_json.c - the JSON reader and writer: what RFC 8259 allows and nothing else.
 *
 * The texts are written here, by the grammar; each is also tried cut off at every byte, with
 * room behind it and without.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stages/core/value.h"
#include "stages/json.h"

typedef struct text {
    const char *bytes;
    size_t size;
} text;
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const text accepted[] = {
    TEXT("null"),
    TEXT("true"),
    TEXT("false"),
    TEXT(" \t\r\n null \t\r\n "),
    TEXT("0"),
    TEXT("-0"),
    TEXT("-1"),
    TEXT("10"),
    TEXT("1234567890123456789012345678901234567890"),
    TEXT("0.0"),
    TEXT("-0.0"),
    TEXT("1.25"),
    TEXT("0e0"),
    TEXT("1e1"),
    TEXT("1E1"),
    TEXT("1e+1"),
    TEXT("1E-1"),
    TEXT("1.5e300"),
    TEXT("1e400"),
    TEXT("-1e-400"),
    TEXT("0.000000000000000000000000000000000000000000000000000000000000000000000000000001"),
    TEXT("18446744073709551616"),
    TEXT("9007199254740993"),
    TEXT("\"\""),
    TEXT("\" \""),
    TEXT("\"a\""),
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    TEXT("\"\\u0000\""),
    TEXT("\"\\u0041\\u00e9\\u20AC\\uABCD\\uabcd\""),
    TEXT("\"\\ud83d\\ude00\""),
    TEXT("\"\\uD800\\uDC00\""),
    TEXT("\"\\uDBFF\\uDFFF\""),
    TEXT("\"\\uFFFF\\uFDD0\\uFFFE\""),
    TEXT("\"\\\\u0000\""),
    TEXT("\"\\\\\\\"\""),
    TEXT("\"\x7f\""),
    TEXT("\"\xc2\x80\""),
    TEXT("\"\xed\x9f\xbf\""),
    TEXT("\"\xee\x80\x80\""),
    TEXT("\"\xef\xbb\xbf inside\""),
    TEXT("\"\xef\xbf\xbf\""),
    TEXT("\"\xf0\x90\x80\x80\""),
    TEXT("\"\xf4\x8f\xbf\xbf\""),
    TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\""),
    TEXT("\"exactly sixteen.\""),
    TEXT("\"longer than two blocks of sixteen bytes, with \\\" behind\""),
    TEXT("[]"),
    TEXT("[ ]"),
    TEXT("[\n]"),
    TEXT("[null]"),
    TEXT("[1,2,3]"),
    TEXT("[ 1 , \"2\" , [ 3 ] , { \"4\" : 5 } ]"),
    TEXT("[[[[[]]]],[[]]]"),
    TEXT("[1\n,2]"),
    TEXT("[[] ]"),
    TEXT("[{}, {}]"),
    TEXT("{}"),
    TEXT("{ }"),
    TEXT("{\"\":0}"),
    TEXT("{\"a\":1}"),
    TEXT("{ \"a\" : 1 , \"b\" : null }"),
    TEXT("{\"a\":{\"b\":{\"c\":[]}}}"),
    TEXT("{\"a\":1,\"a\":2}"),
    TEXT("{\"a\\u0062\\n\":1}"),
    TEXT("{\"a\":[],\"b\":{}}"),
};

static const text refused[] = {
    TEXT(""),
    TEXT(" "),
    TEXT("nul"),
    TEXT("nulls"),
    TEXT("NULL"),
    TEXT("True"),
    TEXT("truefalse"),
    TEXT("undefined"),
    TEXT("NaN"),
    TEXT("-NaN"),
    TEXT("Infinity"),
    TEXT("-Infinity"),
    TEXT("nan"),
    TEXT("+1"),
    TEXT("++1"),
    TEXT("-"),
    TEXT("--1"),
    TEXT("- 1"),
    TEXT("-a"),
    TEXT("01"),
    TEXT("-01"),
    TEXT("00"),
    TEXT("-00.5"),
    TEXT("012.3"),
    TEXT("1."),
    TEXT("-1."),
    TEXT(".5"),
    TEXT("-.5"),
    TEXT("1.e1"),
    TEXT("1.5."),
    TEXT("1..5"),
    TEXT("1e"),
    TEXT("1E"),
    TEXT("1e+"),
    TEXT("1e-"),
    TEXT("1e1.5"),
    TEXT("1e1e1"),
    TEXT("1ee1"),
    TEXT("1+1"),
    TEXT("1 000"),
    TEXT("1_000"),
    TEXT("0x1F"),
    TEXT("0b1"),
    TEXT("1f"),
    TEXT("1a"),
    TEXT("1 2"),
    TEXT("\xef\xbc\x91"),
    TEXT("\""),
    TEXT("\"a"),
    TEXT("\"\\\""),
    TEXT("\"\\"),
    TEXT("\"\\a\""),
    TEXT("\"\\'\""),
    TEXT("\"\\x41\""),
    TEXT("\"\\0\""),
    TEXT("\"\\U0041\""),
    TEXT("\"\\u\""),
    TEXT("\"\\u0\""),
    TEXT("\"\\u00\""),
    TEXT("\"\\u004\""),
    TEXT("\"\\u004g\""),
    TEXT("\"\\u 041\""),
    TEXT("\"\\u+041\""),
    TEXT("\"\\\0\""),
    TEXT("\"\\\xe9\""),
    TEXT("\"\\ \""),
    TEXT("\"\n\""),
    TEXT("\"\t\""),
    TEXT("\"\r\""),
    TEXT("\"\x1f\""),
    TEXT("\"\0\""),
    TEXT("\"sixteen bytes on, a control character \x01 stands\""),
    TEXT("'a'"),
    TEXT("`a`"),
    TEXT("a"),
    TEXT("\\u0041"),
    TEXT("\xe2\x80\x9c"
         "a\xe2\x80\x9d"),
    TEXT("\"\\ud800\""),
    TEXT("\"\\udc00\""),
    TEXT("\"\\ud800\\n\""),
    TEXT("\"\\ud800a\""),
    TEXT("\"\\ud800\\u0041\""),
    TEXT("\"\\ud800\\ud800\""),
    TEXT("\"\\udc00\\ud800\""),
    TEXT("\"\\ud800\\u\""),
    TEXT("\"\\ud800\\udc0\""),
    TEXT("\"\x80\""),
    TEXT("\"\xff\""),
    TEXT("\"\xc0\xaf\""),
    TEXT("\"\xc3\""),
    TEXT("\"\xe2\x82\""),
    TEXT("\"\xe0\x80\xaf\""),
    TEXT("\"\xed\xa0\x80\""),
    TEXT("\"\xf0\x80\x80\xaf\""),
    TEXT("\"\xf4\x90\x80\x80\""),
    TEXT("\"\xf8\x88\x80\x80\x80\""),
    TEXT("\"and far behind the first sixteen bytes \xe9 in latin1\""),
    TEXT("\xef\xbb\xbf{}"),
    TEXT("\xef\xbb\xbf"),
    TEXT("\xff\xfe[\0]\0"),
    TEXT("["),
    TEXT("[["),
    TEXT("]"),
    TEXT("[]]"),
    TEXT("[1"),
    TEXT("[1,"),
    TEXT("[1,]"),
    TEXT("[,1]"),
    TEXT("[1,,2]"),
    TEXT("[,]"),
    TEXT("[1 2]"),
    TEXT("[1;2]"),
    TEXT("[1:2]"),
    TEXT("[\"a\" \"b\"]"),
    TEXT("[1}"),
    TEXT("[[1}]"),
    TEXT("[{]}"),
    TEXT("[1] 2"),
    TEXT("[1]x"),
    TEXT("[1],"),
    TEXT("[1][2]"),
    TEXT("[*]"),
    TEXT("[1 /* no */]"),
    TEXT("[1] // no"),
    TEXT("# no\n1"),
    TEXT("[\"a\""),
    TEXT("[\"a"),
    TEXT("[fals"),
    TEXT("[-"),
    TEXT("[\f]"),
    TEXT("[\v1]"),
    TEXT("[\xc2\xa0]"),
    TEXT("[\xe2\x81\xa0]"),
    TEXT("[1\0]"),
    TEXT("\0"),
    TEXT("1\0"),
    TEXT("{"),
    TEXT("}"),
    TEXT("{]"),
    TEXT("{\""),
    TEXT("{\"a"),
    TEXT("{\"a\""),
    TEXT("{\"a\":"),
    TEXT("{\"a\":1"),
    TEXT("{\"a\":1,"),
    TEXT("{\"a\":1,}"),
    TEXT("{,\"a\":1}"),
    TEXT("{,}"),
    TEXT("{\"a\"}"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\" 1}"),
    TEXT("{\"a\"::1}"),
    TEXT("{\"a\",1}"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{\"a\":1,,\"b\":2}"),
    TEXT("{\"a\":1;\"b\":2}"),
    TEXT("{\"a\":1:2}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{1:1}"),
    TEXT("{null:1}"),
    TEXT("{[]:1}"),
    TEXT("{\"a\":a}"),
    TEXT("{\"a\":1]"),
    TEXT("{\"a\":1}}"),
    TEXT("{\"a\":1}#"),
    TEXT("{\"a\":1}{\"b\":2}"),
    TEXT("{\"a\":\"\\ud83d\"}"),
    TEXT("{\"\\x\":1}"),
    TEXT("{\"a\":/* no */1}"),
    TEXT("{\"a\"\0:1}"),
    TEXT("<null>"),
};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Tries the text in memory of exactly its size, so that a sanitizer sees one byte too many. */
static int valid_alone(const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy + 1, bytes, size);
    int valid = sl_json_valid(copy + 1, size);
    free(copy);
    return valid;
}

/* The same through the one who steps, with other text behind the end. */
static int valid_stepping(const char *bytes, size_t size)
{
    char room[512];
    sl_json json;
    sl_json_value name, value;
    ck_assert_uint_lt(size + 32, sizeof(room));
    memset(room, '"', sizeof(room));
    memcpy(room, bytes, size);
    sl_json_open(&json, room, size);
    json.readable = json.end + 16;
    if (sl_json_enter(&json, SL_JSON_OBJECT)) {
        while (sl_json_member(&json, &name, &value))
            ck_assert(value.text + value.size <= json.end);
    } else if (sl_json_enter(&json, SL_JSON_ARRAY)) {
        while (sl_json_element(&json, &value))
            ck_assert(value.text + value.size <= json.end);
    } else {
        sl_json_read(&json, &value);
    }
    int valid = sl_json_end(&json);
    ck_assert(valid || json.error != NULL);
    ck_assert(json.at <= json.end);
    return valid;
}

START_TEST(accepts)
{
    const text *one = &accepted[_i];
    ck_assert_msg(valid_alone(one->bytes, one->size), "refused: %s", one->bytes);
    ck_assert_msg(valid_stepping(one->bytes, one->size), "refused stepping: %s", one->bytes);
}
END_TEST

START_TEST(refuses)
{
    const text *one = &refused[_i];
    ck_assert_msg(!valid_alone(one->bytes, one->size), "accepted: %s", one->bytes);
    ck_assert_msg(!valid_stepping(one->bytes, one->size), "accepted stepping: %s", one->bytes);
}
END_TEST

/* A value that is cut off is refused, except where what is left is a shorter number. */
START_TEST(refuses_what_is_cut_off)
{
    const text *one = &accepted[_i];
    for (size_t size = 0; size < one->size; size++) {
        char last = size > 0 ? one->bytes[size - 1] : ' ';
        int valid = valid_alone(one->bytes, size);
        ck_assert_int_eq(valid, valid_stepping(one->bytes, size));
        if (one->bytes[0] == '[' || one->bytes[0] == '{' || one->bytes[0] == '"')
            ck_assert(!valid);
        else if (valid)
            ck_assert(strchr("0123456789l \t\r\n", last) != NULL);
    }
}
END_TEST

/* Every single byte inside a string and between two tokens. */
START_TEST(knows_each_byte)
{
    for (int byte = 0; byte < 256; byte++) {
        char string[] = {'"', 'a', (char)byte, 'x', '"'};
        char between[] = {'[', (char)byte, ']'};
        int in_string = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        int white = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
        int digit = byte >= '0' && byte <= '9';
        ck_assert_int_eq(valid_alone(string, sizeof(string)), in_string);
        ck_assert_int_eq(valid_alone(between, sizeof(between)), white || digit);
    }
}
END_TEST

static char *nested(size_t depth, char opening, char closing)
{
    char *bytes = malloc(2 * depth + 1);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, opening, depth);
    memset(bytes + depth, closing, depth);
    bytes[2 * depth] = '\0';
    return bytes;
}

START_TEST(bounds_depth)
{
    char *bytes = nested(100000, '[', ']');
    ck_assert(!sl_json_valid(bytes, 100000));
    ck_assert(!sl_json_valid(bytes, 200000));
    ck_assert(sl_json_valid(bytes + 100000 - SL_JSON_DEPTH, 2 * SL_JSON_DEPTH));
    ck_assert(!sl_json_valid(bytes + 100000 - SL_JSON_DEPTH - 1, 2 * SL_JSON_DEPTH + 2));
    free(bytes);
    char objects[10 * 1000 + 1] = "";
    for (int i = 0; i < 1000; i++)
        memcpy(objects + 5 * i, "{\"a\":", 6);
    ck_assert(!sl_json_valid(objects, strlen(objects)));
    char mixed[6 * 512 + 1] = "";
    for (int i = 0; i < 256; i++) {
        memcpy(mixed + 6 * i, "[{\"a\":", 6);
        memcpy(mixed + 6 * 256 + 2 * i, "}]", 2);
    }
    ck_assert(!sl_json_valid(mixed, 6 * 256 + 2 * 256));
    memmove(mixed + 6 * 256 + 1, mixed + 6 * 256, 2 * 256);
    mixed[6 * 256] = '1';
    ck_assert(sl_json_valid(mixed, 6 * 256 + 1 + 2 * 256));
}
END_TEST

START_TEST(says_what_and_where)
{
    static const struct {
        const char *text, *error;
        size_t at;
    } cases[] = {
        {"{\"a\":1,}", "expected a name in double quotes", 7},
        {"{\"a\" 1}", "expected ':' after a name", 5},
        {"{\"a\":1 \"b\":2}", "expected ',' or '}'", 7},
        {"[1,2", "the array is not closed", 4},
        {"{\"a\":1", "the object is not closed", 6},
        {"{\"a\":\"b}", "the string is not closed", 5},
        {"{\"a\":\"b\\x\"}", "a backslash in a string must begin an escape", 7},
        {"{\"a\":01}", "a number must not begin with 0", 5},
        {"{\"a\":\"\xff\"}", "the text is not valid UTF-8", 6},
        {"{\"a\":nul}", "expected a value", 5},
        {"{\"a\":1} x", "more text follows the value", 8},
        {"", "the text ends before a value", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        sl_json json;
        sl_json_value value;
        sl_json_open(&json, cases[i].text, strlen(cases[i].text));
        ck_assert(!sl_json_read(&json, &value) || !sl_json_end(&json));
        ck_assert_str_eq(json.error, cases[i].error);
        ck_assert_uint_eq((size_t)(json.at - json.text), cases[i].at);
    }
}
END_TEST

START_TEST(gives_members_as_slices)
{
    static const char document[] =
        " { \"a\" : 12.50 , \"b\":\"x\\ny\",\"c\":[1,{\"d\":\"]\"}],\"e\":{}, \"f\":true} ";
    static const struct {
        const char *name, *value;
        uint32_t kind;
    } expected[] = {
        {"a", "12.50", SL_JSON_NUMBER},
        {"b", "x\\ny", SL_JSON_STRING},
        {"c", "[1,{\"d\":\"]\"}]", SL_JSON_ARRAY},
        {"e", "{}", SL_JSON_OBJECT},
        {"f", "true", SL_JSON_TRUE},
    };
    sl_json json;
    sl_json_value name, value;
    size_t count = 0;
    sl_json_open(&json, document, sizeof(document) - 1);
    ck_assert(sl_json_enter(&json, SL_JSON_OBJECT));
    for (; sl_json_member(&json, &name, &value); count++) {
        ck_assert_uint_lt(count, COUNT(expected));
        ck_assert(sl_json_same(&name, expected[count].name));
        ck_assert_uint_eq(value.kind, expected[count].kind);
        ck_assert_uint_eq(value.size, strlen(expected[count].value));
        ck_assert_mem_eq(value.text, expected[count].value, value.size);
    }
    ck_assert_uint_eq(count, COUNT(expected));
    ck_assert(sl_json_end(&json));
}
END_TEST

START_TEST(guesses_names)
{
    static const char document[] = "{\"a\":1,\"b\" : 2, \"c\":3}";
    sl_json json;
    sl_json_value name, value;
    sl_json_open(&json, document, sizeof(document) - 1);
    ck_assert(sl_json_enter(&json, SL_JSON_OBJECT));
    ck_assert_int_eq(sl_json_guess(&json, "\"a\":", 4, &name), 2);
    ck_assert(sl_json_read(&json, &value));
    ck_assert_int_eq(sl_json_guess(&json, "\"b\":", 4, &name), 1);
    ck_assert(sl_json_same(&name, "b"));
    ck_assert(sl_json_read(&json, &value));
    ck_assert_int_eq(*value.text, '2');
    ck_assert_int_eq(sl_json_guess(&json, "\"x\":", 4, &name), 1);
    ck_assert(sl_json_same(&name, "c"));
    ck_assert(sl_json_read(&json, &value));
    ck_assert_int_eq(sl_json_guess(&json, "\"d\":", 4, &name), 0);
    ck_assert(sl_json_end(&json));
}
END_TEST

START_TEST(decodes)
{
    static const struct {
        const char *spelled;
        text decoded;
    } cases[] = {
        {"plain", TEXT("plain")},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", TEXT("\"\\/\b\f\n\r\t")},
        {"a\\u0000b", TEXT("a\0b")},
        {"\\u0041\\u00e9\\u20ac", TEXT("A\xc3\xa9\xe2\x82\xac")},
        {"\\ud83d\\ude00!", TEXT("\xf0\x9f\x98\x80!")},
        {"\\uDBFF\\uDFFF", TEXT("\xf4\x8f\xbf\xbf")},
        {"\\u07ff\\u0800\\uffff", TEXT("\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")},
        {"\\\\u0041", TEXT("\\u0041")},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char room[64], other[64];
        const text *decoded = &cases[i].decoded;
        size_t size = strlen(cases[i].spelled);
        memcpy(room, cases[i].spelled, size);
        sl_json_value value = {.kind = SL_JSON_STRING, .escaped = 1, .text = room, .size = size};
        ck_assert_uint_eq(sl_json_decode(&value, other), decoded->size);
        ck_assert_mem_eq(other, decoded->bytes, decoded->size);
        if (strlen(decoded->bytes) == decoded->size)
            ck_assert(sl_json_same(&value, decoded->bytes));
        ck_assert(!sl_json_same(&value, "something else"));
        ck_assert_uint_eq(sl_json_decode(&value, room), decoded->size);
        ck_assert_mem_eq(room, decoded->bytes, decoded->size);
    }
}
END_TEST

/* What is quoted reads back as what it was, for each byte at each place of a block. */
START_TEST(quotes_what_reads_back)
{
    char plain[48], quoted[SL_JSON_QUOTED(48)], back[64];
    for (int byte = 0; byte < 128; byte++) {
        for (size_t size = 1; size <= sizeof(plain); size += 5) {
            memset(plain, 'x', sizeof(plain));
            plain[size - 1] = (char)byte;
            plain[size / 2] = (char)byte;
            size_t length = sl_json_quote(quoted, plain, size);
            ck_assert_uint_eq(length, sl_json_quoted_size(plain, size));
            sl_json json;
            sl_json_value value;
            sl_json_open(&json, quoted, length);
            ck_assert(sl_json_read(&json, &value) && sl_json_end(&json));
            ck_assert_uint_eq(sl_json_decode(&value, back), size);
            ck_assert_mem_eq(back, plain, size);
        }
    }
}
END_TEST

START_TEST(quotes_shortly)
{
    char quoted[128];
    static const char plain[] = "a\"b\\c/d\n\t\x01\x1f\x7f\xc3\xa9";
    size_t length = sl_json_quote(quoted, plain, sizeof(plain) - 1);
    quoted[length] = '\0';
    ck_assert_str_eq(quoted, "\"a\\\"b\\\\c/d\\n\\t\\u0001\\u001f\x7f\xc3\xa9\"");
    ck_assert_uint_eq(sl_json_quote(quoted, "", 0), 2);
    ck_assert_uint_eq(sl_json_quote(quoted, "\xff", 1), 0);
    ck_assert_uint_eq(sl_json_quoted_size("\xff", 1), 0);
    ck_assert_uint_eq(sl_json_quote(quoted, "0123456789abcdef\xc3", 17), 0);
}
END_TEST

START_TEST(knows_numbers)
{
    ck_assert(sl_json_is_number("12.50", 5));
    ck_assert(sl_json_is_number("-0", 2));
    ck_assert(sl_json_is_number("1e400", 5));
    ck_assert(!sl_json_is_number("", 0));
    ck_assert(!sl_json_is_number("09005", 5));
    ck_assert(!sl_json_is_number("12 ", 3));
    ck_assert(!sl_json_is_number(" 12", 3));
    ck_assert(!sl_json_is_number("true", 4));
}
END_TEST

START_TEST(joins_lines)
{
    char line[64];
    static const char many[] = "{\r\n  \"a\": 1,\n  \"b\": \"\\n\"\n}";
    size_t size = sl_json_on_one_line(line, many, sizeof(many) - 1);
    line[size] = '\0';
    ck_assert_str_eq(line, "{  \"a\": 1,  \"b\": \"\\n\"}");
}
END_TEST

START_TEST(finds_members_of_small_objects)
{
    static const char position[] = "{\"file\":\"a\\u0062\",\"byte\":9223372036854775807,"
                                   "\"row\":1.5,\"of\":{\"byte\":1}}";
    char name[4];
    int64_t integer = 5;
    sl_json_value value;
    ck_assert_int_eq(sl_json_get_integer(position, "byte", &integer), 1);
    ck_assert_int_eq(integer, INT64_MAX);
    ck_assert_int_eq(sl_json_get_integer(position, "none", &integer), 0);
    ck_assert_int_eq(sl_json_get_integer(position, "row", &integer), -1);
    ck_assert_int_eq(sl_json_get_integer(position, "file", &integer), -1);
    ck_assert_int_eq(sl_json_get_integer("[1]", "row", &integer), -1);
    ck_assert_int_eq(sl_json_get_integer("{\"row\":1", "row", &integer), -1);
    ck_assert_int_eq(sl_json_get(position, "of", &value), 1);
    ck_assert_uint_eq(value.kind, SL_JSON_OBJECT);
    ck_assert_int_eq(sl_json_get_text("{\"f\":\"abc\"}", "f", name, sizeof(name)), 1);
    ck_assert_str_eq(name, "abc");
    ck_assert_int_eq(sl_json_get_text("{\"f\":\"abcd\"}", "f", name, sizeof(name)), -1);
    ck_assert_int_eq(sl_json_get_text("{\"f\":1}", "f", name, sizeof(name)), -1);
}
END_TEST

/* Random bytes out of JSON's own: the two readers agree, and nothing is read outside. */
START_TEST(agrees_with_itself)
{
    static const char letters[] = "{}[]:,\"\\u0dd8aeE+-.1tfn \n\xc3\xa9";
    uint64_t state = 88172645463325252u;
    int valid = 0;
    for (int i = 0; i < 50000; i++) {
        char bytes[12];
        size_t size = 1 + (size_t)(state >> 40) % sizeof(bytes);
        for (size_t j = 0; j < size; j++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes[j] = letters[(state >> 33) % (sizeof(letters) - 1)];
        }
        int alone = valid_alone(bytes, size);
        ck_assert_int_eq(alone, valid_stepping(bytes, size));
        valid += alone;
    }
    ck_assert_int_gt(valid, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    tcase_add_loop_test(tests, accepts, 0, (int)COUNT(accepted));
    tcase_add_loop_test(tests, refuses, 0, (int)COUNT(refused));
    tcase_add_loop_test(tests, refuses_what_is_cut_off, 0, (int)COUNT(accepted));
    tcase_add_test(tests, knows_each_byte);
    tcase_add_test(tests, bounds_depth);
    tcase_add_test(tests, says_what_and_where);
    tcase_add_test(tests, gives_members_as_slices);
    tcase_add_test(tests, guesses_names);
    tcase_add_test(tests, decodes);
    tcase_add_test(tests, quotes_what_reads_back);
    tcase_add_test(tests, quotes_shortly);
    tcase_add_test(tests, knows_numbers);
    tcase_add_test(tests, joins_lines);
    tcase_add_test(tests, finds_members_of_small_objects);
    tcase_add_test(tests, agrees_with_itself);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

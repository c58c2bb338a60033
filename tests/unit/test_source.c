/*
 * test_source.c - what comes out of files: plain, gzip, zstd, encodings, globs, failures.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stages/encoding.h"
#include "stages/source.h"
#include "tests/unit/room_host.h"

static char folder[64];
static room_host room;
static sl_value items[4], list;
static sl_source_options options;
static char text[4 << 20];
static size_t text_size;
static size_t pull_most;   /* bytes that one read() gives; 0: all */
static int32_t read_error; /* errno when the file has been read; 0: its end */

static int64_t slow_read(void *context, int32_t fd, void *bytes, size_t size)
{
    if (pull_most > 0 && size > pull_most)
        size = pull_most;
    int64_t got = sl_env_real.read(context, fd, bytes, size);
    return got == 0 && read_error ? -read_error : got;
}

static void setup(void)
{
    strcpy(folder, "/tmp/sluice-source-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    room_start(&room);
    room.env.read = slow_read;
    pull_most = 0;
    read_error = 0;
    list = (sl_value){.size = sizeof list, .kind = SL_VALUE_LIST, .items = items, .count = 0};
    options = (sl_source_options){.path = &list, .max_ratio = 200, .max_window = 8 << 20};
}

static void teardown(void)
{
    char command[100];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(room.blocks, 0);
}

static void add_path(const char *path)
{
    items[list.count++] =
        (sl_value){.size = sizeof(sl_value), .kind = SL_VALUE_SCALAR, .text = path};
}

static void make(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Reads all files `step` bytes at a time into text; the number of failures. */
static int32_t read_all(size_t step)
{
    room.failures = 0;
    room.message[0] = '\0';
    sl_source *source = sl_source_new(&room.stage, &options);
    int64_t got = 0;
    text_size = 0;
    sl_source_stand stand = {0};
    while (source && got >= 0 && sl_source_next(source, &stand) == SL_OK)
        while ((got = sl_source_read(source, text + text_size, step)) > 0) {
            ck_assert_int_le(got, (int64_t)step);
            text_size += (size_t)got;
            ck_assert_uint_lt(text_size + step, sizeof text);
        }
    sl_source_free(source);
    return room.failures;
}

static void expect(const char *wanted, size_t size)
{
    ck_assert_msg(room.failures == 0, "%s", room.message);
    ck_assert_uint_eq(text_size, size);
    ck_assert_int_eq(memcmp(text, wanted, size), 0);
}

#define EXPECT(literal) expect(literal, sizeof(literal) - 1)

static const size_t steps[] = {1, 2, 3, 4, 5, 7, 64, 65536};
#define EACH_STEP for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)

/* ---- Plain --------------------------------------------------------------------------------- */

START_TEST(plain_files_follow_one_another)
{
    make("a", "one\n", 4);
    make("b", "", 0);
    make("c", "\xef\xbb\xbfthree", 8);
    make("d", "\xef\xbb", 2);
    add_path("a");
    add_path("b");
    add_path("c");
    add_path("d");
    EACH_STEP
    {
        pull_most = s % 2;
        ck_assert_int_eq(read_all(steps[s]), 0);
        EXPECT("one\nthree\xef\xbb");
        ck_assert_int_eq(room.done, 14);
        ck_assert_int_eq(room.total, 14);
    }
}
END_TEST

START_TEST(a_glob_gives_files_in_byte_order_and_no_folders)
{
    make("b.x", "2", 1);
    make("B.x", "1", 1);
    make("new\nline.x", "4", 1);
    make("b[1].x", "3", 1);
    ck_assert_int_eq(mkdir("folder.x", 0777), 0);
    ck_assert_int_eq(symlink("nowhere", "dangling.x"), 0);
    add_path("*.x");
    ck_assert_int_eq(read_all(100), 0);
    EXPECT("1234");
    list.count = 0;
    add_path("b[1].x"); /* a name that is there is no pattern */
    ck_assert_int_eq(read_all(100), 0);
    EXPECT("3");
}
END_TEST

START_TEST(what_is_not_there_says_so)
{
    static const struct {
        const char *path, *message;
        int32_t code;
    } cases[] = {
        {"absent", "there is no file 'absent'", SL_CODE_NO_INPUT},
        {"*.csv", "no file matches '*.csv'", SL_CODE_NO_INPUT},
        {".", "'.' is a folder", SL_CODE_NO_INPUT},
        {"", "a path must be a text that is not empty", SL_CODE_CONFIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        list.count = 0;
        add_path(cases[i].path);
        ck_assert_int_eq(read_all(10), 1);
        ck_assert_str_eq(room.message, cases[i].message);
        ck_assert_int_eq(room.code, cases[i].code);
    }
    list.count = 0;
    ck_assert_int_eq(read_all(10), 1);
    ck_assert_int_eq(room.code, SL_CODE_CONFIG);
    add_path("absent");
    add_path("also absent");
    ck_assert_int_eq(read_all(10), 2); /* all of them are said */
}
END_TEST

static int32_t refuse_open(void *context, const char *path, int32_t flags, uint32_t mode)
{
    (void)context, (void)path, (void)flags, (void)mode;
    return -EACCES;
}

START_TEST(a_forbidden_file_is_a_matter_of_permission)
{
    make("a", "x", 1);
    add_path("a");
    room.env.open = refuse_open;
    ck_assert_int_eq(read_all(10), 1);
    ck_assert_int_eq(room.code, SL_CODE_PERMISSION);
    ck_assert_str_eq(room.message, "cannot open 'a': Permission denied");
}
END_TEST

/* More than can be read: the file's end is bad. */
static int32_t say_longer(void *context, int32_t fd, sl_file_info *info)
{
    int32_t answer = sl_env_real.fstat(context, fd, info);
    info->bytes += 10;
    return answer;
}

START_TEST(a_failed_read_comes_after_what_was_read)
{
    room.env.fstat = say_longer;
    make("a", "0123456789", 10);
    add_path("a");
    read_error = EIO;
    EACH_STEP
    {
        ck_assert_int_eq(read_all(steps[s]), 1);
        ck_assert_uint_eq(text_size, 10);
        ck_assert_int_eq(room.code, SL_CODE_IO);
        ck_assert_str_eq(room.message, "cannot read 'a' at byte offset 10: Input/output error");
    }
}
END_TEST

START_TEST(plan_looks_at_regular_files_only)
{
    make("a", "x", 1);
    ck_assert_int_eq(mkfifo("pipe", 0666), 0);
    add_path("a");
    sl_source *source = sl_source_new(&room.stage, &options);
    room.offline = 1;
    ck_assert_int_eq(sl_source_may_look(source), 0);
    room.offline = 0;
    ck_assert_int_eq(sl_source_may_look(source), 1);
    sl_source_free(source);
    add_path("pipe");
    source = sl_source_new(&room.stage, &options);
    ck_assert_int_eq(sl_source_may_look(source), 0);
    sl_source_free(source);
    list.count = 0;
    add_path("-");
    source = sl_source_new(&room.stage, &options);
    ck_assert_int_eq(sl_source_may_look(source), 0);
    sl_source_free(source);
    add_path("-");
    ck_assert_int_eq(read_all(1), 1);
    ck_assert_str_eq(room.message, "standard input can be read only once");
}
END_TEST

/* ---- Compressed ----------------------------------------------------------------------------- */

/* `count` lines "0\n1\n..." in the file `name`, and in `wanted`. */
static size_t make_numbers(const char *name, int count, char *wanted)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += (size_t)sprintf(wanted + size, "%d\n", i);
    make(name, wanted, size);
    return size;
}

static char wanted[1 << 20];

START_TEST(members_and_frames_follow_one_another)
{
    static const char *const tools[] = {"gzip -9 -N", "zstd -q --check"};
    for (int tool = 0; tool < 2; tool++) {
        char command[200];
        size_t size = make_numbers("a", 3000, wanted);
        snprintf(command, sizeof command,
                 "head -c 5000 a >b; tail -c +5001 a >c; : >e; rm -f z; for f in e b e c e; do %s "
                 "-c $f >>z; done; head -c 3000 /dev/zero >>z",
                 tools[tool]);
        run(command);
        list.count = 0;
        add_path("z");
        EACH_STEP
        {
            pull_most = s < 4 ? s : 0;
            ck_assert_int_eq(read_all(steps[s]), 0);
            expect(wanted, size);
        }
        ck_assert_int_eq(room.done, room.total);
    }
}
END_TEST

START_TEST(a_gzip_header_in_pieces)
{
    /* extra field, name, comment, header checksum; the text "hi\n" stored */
    static const char header[] = "\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x05\0extra"
                                 "name\0comment\0";
    char file[80];
    memcpy(file, header, sizeof header - 1);
    run("printf 'hi\\n' | gzip -n >h.gz");
    size_t at = sizeof header - 1;
    /* crc16 of the header, computed the long way */
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < at; i++) {
        crc ^= (unsigned char)file[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    crc = ~crc;
    file[at++] = (char)(crc & 0xff);
    file[at++] = (char)(crc >> 8 & 0xff);
    FILE *body = fopen("h.gz", "rb");
    fseek(body, 10, SEEK_SET);
    at += fread(file + at, 1, sizeof file - at, body);
    fclose(body);
    make("x.gz", file, at);
    add_path("x.gz");
    for (pull_most = 0; pull_most < 40; pull_most++) {
        ck_assert_int_eq(read_all(100), 0);
        EXPECT("hi\n");
    }
    file[sizeof header - 1] ^= 1;
    make("x.gz", file, at);
    pull_most = 1;
    ck_assert_int_eq(read_all(100), 1);
}
END_TEST

START_TEST(damage_is_found_and_told_with_its_place)
{
    static const struct {
        const char *made, *message;
        int32_t whole; /* 1: everything was given first */
    } cases[] = {
        {"head -c 4000 a.gz", "'z' at byte offset 4000: the compressed data ends too early", 0},
        {"head -c 5 a.gz", "'z' at byte offset 5: the compressed data ends too early", 0},
        {"head -c -1 a.gz", "ends too early", 1},
        {"head -c -5 a.gz; printf 'x\\0\\0\\0\\0'", "checksum or length", 1},
        {"head -c -4 a.gz; printf '\\1\\0\\0\\0'", "checksum or length", 1},
        {"cat a.gz; printf garbage", "not compressed follows", 1},
        {"cat a.gz; printf '\\0\\0\\0x'", "something follows the zero bytes", 1},
        {"cat a.gz a.zst", "not compressed follows", 1},
        {"cat a.gz; printf '\\037'", "not compressed follows", 1},
        {"printf '\\037\\213\\007\\0\\0\\0\\0\\0\\0\\0'", "unknown method", 0},
        {"head -c 20 a.gz; printf '\\377\\377\\377\\377\\377\\377'; tail -c +27 a.gz", "damaged",
         0},
        {"head -c 3000 a.zst", "'z' at byte offset 3000: the compressed data ends too early", 0},
        {"head -c -1 a.zst", "ends too early", 1},
        {"head -c -1 a.zst; printf 'x'", "checksum of a zstd frame", 0},
        {"cat a.zst; printf garbage", "not compressed follows", 1},
    };
    size_t size = make_numbers("a", 20000, wanted);
    run("gzip -k a; zstd -q -k a");
    add_path("z");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char command[200];
        snprintf(command, sizeof command, "( %s ) >z", cases[i].made);
        run(command);
        for (size_t s = 2; s < sizeof steps / sizeof *steps; s++) {
            pull_most = s % 3 * 100;
            ck_assert_msg(read_all(steps[s]) == 1, "%s: %d failures", cases[i].made, room.failures);
            ck_assert_int_eq(room.code, SL_CODE_DATA);
            ck_assert_msg(strstr(room.message, cases[i].message) != NULL, "%s: %s", cases[i].made,
                          room.message);
            ck_assert_int_eq(memcmp(text, wanted, text_size), 0);
            if (cases[i].whole)
                ck_assert_uint_eq(text_size, size);
        }
    }
}
END_TEST

START_TEST(gzip_inside_gzip_is_data)
{
    run("printf hello | gzip -n >in; gzip -n <in >out");
    add_path("out");
    ck_assert_int_eq(read_all(1000), 0);
    FILE *in = fopen("in", "rb");
    size_t size = fread(wanted, 1, sizeof wanted, in);
    fclose(in);
    expect(wanted, size);
}
END_TEST

START_TEST(bombs_stop_at_their_bounds)
{
    run("head -c 40000000 /dev/zero | gzip >z; head -c 40000000 /dev/zero | zstd -q >y");
    add_path("z");
    ck_assert_int_eq(read_all(4096), 1);
    ck_assert_str_eq(room.message, "'z' decompresses to more than 200 times its size, max_ratio");
    ck_assert_str_eq(room.hint, "raise max_ratio when you trust the file");
    ck_assert_uint_lt(text_size, 2 << 20);
    list.count = 0;
    add_path("y");
    ck_assert_int_eq(read_all(4096), 1);
    ck_assert_uint_lt(text_size, 2 << 20);
    options.max_ratio = 1e9;
    options.max_output = 100000;
    ck_assert_int_eq(read_all(4096), 1);
    ck_assert_str_eq(room.message, "'y' decompresses to more than max_output, 100000 bytes");
    ck_assert_uint_le(text_size, 100000);
    /* exactly as much as allowed is fine; small files may grow more than the ratio */
    run("head -c 100000 /dev/zero | gzip >z");
    list.count = 0;
    add_path("z");
    options.max_ratio = 2;
    ck_assert_int_eq(read_all(4096), 0);
    ck_assert_uint_eq(text_size, 100000);
}
END_TEST

START_TEST(a_zstd_window_is_bounded)
{
    run("seq 200000 | zstd -q -19 --long=25 >z");
    add_path("z");
    ck_assert_int_eq(read_all(4096), 1);
    ck_assert_str_eq(room.message, "'z' at byte offset 4: the zstd window is larger than allowed");
    options.max_window = 1 << 25;
    options.max_ratio = 1000;
    text_size = 0;
    sl_source *source = sl_source_new(&room.stage, &options);
    room.failures = 0;
    int64_t all = 0, got;
    sl_source_stand stand = {0};
    ck_assert_int_eq(sl_source_next(source, &stand), SL_OK);
    while ((got = sl_source_read(source, text, sizeof text)) > 0)
        all += got;
    sl_source_free(source);
    ck_assert_int_eq(room.failures, 0);
    ck_assert_int_eq(all, 1288895);
}
END_TEST

/* ---- Encodings ---------------------------------------------------------------------------------
 */

static void expect_text(sl_encoding encoding, const char *bytes, size_t size, const char *utf8,
                        size_t utf8_size)
{
    options.encoding = (int32_t)encoding;
    make("e", bytes, size);
    list.count = 0;
    add_path("e");
    EACH_STEP
    {
        pull_most = s % 3;
        ck_assert_int_eq(read_all(steps[s]), 0);
        expect(utf8, utf8_size);
    }
}
#define EXPECT_TEXT(encoding, bytes, utf8)                                                         \
    expect_text(encoding, bytes, sizeof(bytes) - 1, utf8, sizeof(utf8) - 1)

START_TEST(encodings_become_utf8)
{
    EXPECT_TEXT(SL_ENCODING_LATIN1, "caf\xe9 \x80\xff\0.", "caf\xc3\xa9 \xc2\x80\xc3\xbf\0.");
    EXPECT_TEXT(SL_ENCODING_CP1252, "\x80 \x93q\x94 \xe9",
                "\xe2\x82\xac \xe2\x80\x9cq\xe2\x80\x9d \xc3\xa9");
    EXPECT_TEXT(SL_ENCODING_UTF16LE, "a\0\xe9\0\xac\x20=\xd8\0\xde",
                "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    EXPECT_TEXT(SL_ENCODING_UTF16BE, "\0a\xd8=\xde\0\0\n", "a\xf0\x9f\x98\x80\n");
    EXPECT_TEXT(SL_ENCODING_UTF16,
                "\xff\xfe"
                "a\0b\0",
                "ab");
    EXPECT_TEXT(SL_ENCODING_UTF16, "\xfe\xff\0a\0b", "ab");
    EXPECT_TEXT(SL_ENCODING_UTF16, "a\0b\0", "ab");
    EXPECT_TEXT(SL_ENCODING_UTF16, "\0a\0b", "ab");
    EXPECT_TEXT(SL_ENCODING_UTF8,
                "\xff\xfe"
                "a\0b\0",
                "ab"); /* the mark is obeyed */
    EXPECT_TEXT(SL_ENCODING_LATIN1, "\xef\xbb\xbf\xc3\xa9", "\xc3\xa9");
    EXPECT_TEXT(SL_ENCODING_UTF16, "", "");
}
END_TEST

START_TEST(what_an_encoding_does_not_have_is_an_error_with_its_place)
{
    static const struct {
        sl_encoding encoding;
        const char *bytes;
        size_t size;
        const char *given, *message;
    } cases[] = {
        {SL_ENCODING_CP1252, "ab\x81", 3, "ab", "'e' at byte offset 2: this is not valid cp1252"},
        {SL_ENCODING_UTF16LE, "a\0\0\xdc", 4, "a",
         "'e' at byte offset 2: this is not valid utf-16le"},
        {SL_ENCODING_UTF16LE, "a\0=\xd8z\0", 6, "a",
         "'e' at byte offset 2: this is not valid utf-16le"},
        {SL_ENCODING_UTF16LE, "a\0=\xd8", 4, "a",
         "'e' at byte offset 2: this is not valid utf-16le"},
        {SL_ENCODING_UTF16LE, "a\0z", 3, "a", "'e' at byte offset 2: this is not valid utf-16le"},
        {SL_ENCODING_UTF16, "\xfe\xff\0a\0", 5, "a",
         "'e' at byte offset 4: this is not valid utf-16be"},
    };
    add_path("e");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        options.encoding = (int32_t)cases[i].encoding;
        make("e", cases[i].bytes, cases[i].size);
        EACH_STEP
        {
            pull_most = s % 4;
            ck_assert_int_eq(read_all(steps[s]), 1);
            ck_assert_str_eq(room.message, cases[i].message);
            ck_assert_int_eq(room.code, SL_CODE_DATA);
            text[text_size] = '\0';
            ck_assert_str_eq(text, cases[i].given);
        }
    }
}
END_TEST

START_TEST(a_long_text_converts_over_all_borders)
{
    /* 40,000 characters of 1 to 4 bytes: the pieces of the file split them everywhere */
    size_t size = 0, wide = 0;
    static char bytes[1 << 18];
    static const char *const utf8[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    static const char *const utf16[] = {"a\0", "\xe9\0", "\xac\x20", "=\xd8\0\xde"};
    for (int i = 0; i < 40000; i++) {
        int kind = (i * 7 + i / 5) % 4;
        memcpy(wanted + size, utf8[kind], strlen(utf8[kind]));
        size += strlen(utf8[kind]);
        memcpy(bytes + wide, utf16[kind], kind == 3 ? 4 : 2);
        wide += kind == 3 ? 4 : 2;
    }
    make("e", bytes, wide);
    run("gzip -k e");
    options.encoding = SL_ENCODING_UTF16LE;
    options.path = &list;
    for (int compressed = 0; compressed < 2; compressed++) {
        list.count = 0;
        add_path(compressed ? "e.gz" : "e");
        EACH_STEP
        {
            pull_most = s % 2 * 999;
            ck_assert_int_eq(read_all(steps[s]), 0);
            expect(wanted, size);
        }
    }
}
END_TEST

/* ---- Positions
 * ------------------------------------------------------------------------------------ */

/* What sl_source_tell says when `byte` bytes of the first file were taken. */
static char told[4096];

static sl_status set_told(sl_stage *stage, sl_text *position, const char *format, ...)
{
    (void)stage;
    (void)position;
    va_list args;
    va_start(args, format);
    vsnprintf(told, sizeof told, format, args);
    va_end(args);
    return SL_OK;
}

/* Reads to a byte of the first file, `ahead` bytes further than that, and tells. */
static void stop_at(size_t byte, size_t ahead)
{
    sl_source *source = sl_source_new(&room.stage, &options);
    sl_source_stand stand = {0};
    char bytes[100];
    size_t got = 0;
    ck_assert_int_eq(sl_source_next(source, &stand), SL_OK);
    while (got < byte + ahead) {
        int64_t more = sl_source_read(source, bytes, byte + ahead - got);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    stand = (sl_source_stand){.byte = (int64_t)byte, .row = 7, .line = 8};
    room.host.set_text = set_told;
    ck_assert_int_eq(sl_source_tell(source, &stand, NULL), SL_OK);
    sl_source_free(source);
}

/* Reads from the position that was told to the end of all. */
static sl_status read_on(int64_t *rows)
{
    sl_source *source = sl_source_new(&room.stage, &options);
    sl_source_stand stand = {0};
    text_size = 0;
    room.failures = 0;
    room.logged[0] = '\0';
    sl_status status = sl_source_seek(source, told);
    *rows = 0;
    while (status == SL_OK && (status = sl_source_next(source, &stand)) == SL_OK) {
        int64_t got = 1;
        *rows += stand.row;
        status = sl_source_go_on(source, &stand);
        while (status == SL_OK && (got = sl_source_read(source, text + text_size, 1000)) > 0)
            text_size += (size_t)got;
        if (got < 0)
            status = SL_ERROR;
    }
    sl_source_free(source);
    return status;
}

START_TEST(a_position_is_found_again)
{
    make("a",
         "\xef\xbb\xbf"
         "0123456789",
         13);
    run("gzip -kc a >b; zstd -qkc a >d");
    make("c", "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0", 20);
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        list.count = 0;
        add_path(names[i]);
        add_path("end");
        options.encoding = i == 2 ? SL_ENCODING_UTF16LE : SL_ENCODING_UTF8;
        make("end", i == 2 ? "!\0" : "!", i == 2 ? 2 : 1);
        for (size_t offset = 0; offset <= 10; offset++)
            for (size_t ahead = 0; ahead < 4; ahead++) {
                int64_t rows;
                stop_at(offset, ahead);
                ck_assert_int_eq(read_on(&rows), SL_END);
                char rest[] = "0123456789!";
                expect(rest + offset, strlen(rest + offset));
                ck_assert_str_eq(room.logged, "");
            }
    }
}
END_TEST

START_TEST(a_position_that_is_none_says_so)
{
    static const char *const wrong[] = {
        "",
        "7",
        "[]",
        "{\"file\":\"a\"}",
        "{\"file\":1,\"byte\":0,\"row\":0,\"line\":0}",
        "{\"file\":\"\",\"byte\":0,\"row\":0,\"line\":0}",
        "{\"file\":\"a\",\"byte\":-1,\"row\":0,\"line\":0}",
        "{\"file\":\"a\",\"byte\":1.5,\"row\":0,\"line\":0}",
        "{\"file\":\"a\",\"byte\":0,\"row\":0,\"line\":0,\"done\":1}",
        "{\"file\":\"a\",\"byte\":0,\"row\":0,\"line\":0,\"done\":[1]}",
        "{\"file\":\"a\",\"byte\":0,\"row\":0,\"line\":0} x"};
    make("a", "x", 1);
    add_path("a");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t rows;
        snprintf(told, sizeof told, "%s", wrong[i]);
        ck_assert_msg(read_on(&rows) == SL_ERROR, "%s", wrong[i]);
        ck_assert_ptr_nonnull(strstr(room.message, "no position of a reader of files"));
    }
    int64_t rows;
    snprintf(told, sizeof told, "{}"); /* before the first row */
    ck_assert_int_eq(read_on(&rows), SL_END);
    EXPECT("x");
}
END_TEST

START_TEST(a_position_holds_so_many_files_and_no_more)
{
    sl_source_places *places = sl_source_places_new(&room.stage);
    sl_source_place place = {.byte = 1, .row = 1, .line = 1, .raw = 1, .base = 1};
    char name[40];
    for (int i = 0; i < SL_SOURCE_PLACES; i++) {
        snprintf(name, sizeof name, "%d", i);
        ck_assert_int_eq(sl_source_places_put(places, name, &place), SL_OK);
    }
    ck_assert_int_eq(sl_source_places_put(places, "7", &place), SL_OK); /* it is there */
    ck_assert_ptr_nonnull(sl_source_places_newest(places, "99999"));
    ck_assert_int_eq(sl_source_places_put(places, "more", &place), SL_ERROR);
    ck_assert_str_eq(room.message, "the position covers 100000 files, and cannot hold 'more' too");
    sl_source_places_free(places);
}
END_TEST

START_TEST(a_place_belongs_to_a_name_and_a_file)
{
    sl_source_places *places = sl_source_places_new(&room.stage);
    sl_source_place place = {.row = 1, .line = 1, .raw = 1, .device = 1};
    uint32_t at = 0;
    for (int64_t i = 1; i <= SL_SOURCE_OF_NAME + 3; i++) {
        place.inode = (uint64_t)i;
        place.byte = place.base = i;
        ck_assert_int_eq(sl_source_places_put(places, "a", &place), SL_OK);
    }
    ck_assert_ptr_null(sl_source_places_find(places, "a", 1, 3)); /* the oldest are forgotten */
    ck_assert_ptr_nonnull(sl_source_places_find(places, "a", 1, 4));
    ck_assert_int_eq(sl_source_places_newest(places, "a")->place.byte, SL_SOURCE_OF_NAME + 3);
    place.inode = 7;
    place.byte = 700;
    ck_assert_int_eq(sl_source_places_put(places, "a", &place), SL_OK);
    ck_assert_int_eq(sl_source_places_newest(places, "a")->place.byte, 700);
    ck_assert_int_eq(sl_source_places_put(places, "b", &place), SL_OK);
    ck_assert_str_eq(sl_source_places_of(places, 1, 7, &at)->name, "a");
    ck_assert_str_eq(sl_source_places_of(places, 1, 7, &at)->name, "b");
    ck_assert_ptr_null(sl_source_places_of(places, 1, 7, &at));
    sl_source_places_remove(places, "a", 1, 7);
    at = 0;
    ck_assert_str_eq(sl_source_places_of(places, 1, 7, &at)->name, "b");
    ck_assert_int_ne(sl_source_places_newest(places, "a")->place.byte, 700);
    sl_source_places_free(places);
}
END_TEST

START_TEST(places_that_were_removed_leave_nothing)
{
    sl_source_places *places = sl_source_places_new(&room.stage);
    sl_source_place place = {.row = 1, .line = 1, .raw = 1, .device = 1, .inode = 1};
    sl_text position = {0};
    char name[40];
    room.host.set_text = set_told;
    for (int i = 0; i < 3 * SL_SOURCE_PLACES; i++) {
        snprintf(name, sizeof name, "%d", i);
        ck_assert_int_eq(sl_source_places_put(places, name, &place), SL_OK);
        ck_assert_int_eq(sl_source_places_write(places, name, &place, &position), SL_OK);
    }
    ck_assert_ptr_null(sl_source_places_newest(places, name)); /* it was written as the open one */
    sl_source_places_free(places);
}
END_TEST

static uint32_t promised;
static char promised_why[200];

static void keep_promise(sl_stage *stage, uint32_t promise, const char *why)
{
    (void)stage;
    promised = promise;
    snprintf(promised_why, sizeof promised_why, "%s", why);
}

START_TEST(what_cannot_be_read_again_is_said)
{
    static const char *const paths[] = {"a", "fifo", "-", "/dev/null"};
    static const char *const why[] = {"", "'fifo' cannot be read again",
                                      "standard input cannot be read again",
                                      "'/dev/null' cannot be read again"};
    make("a", "x", 1);
    ck_assert_int_eq(mkfifo("fifo", 0666), 0);
    room.host.promise = keep_promise;
    for (int i = 0; i < 4; i++) {
        list.count = 0;
        add_path(paths[i]);
        promised = SL_PROMISE_RESUMES;
        promised_why[0] = '\0';
        sl_source *source = sl_source_new(&room.stage, &options);
        ck_assert_int_eq(sl_source_prepare(source), SL_OK);
        ck_assert_uint_eq(promised, i == 0 ? SL_PROMISE_RESUMES : SL_PROMISE_NOTHING);
        ck_assert_str_eq(promised_why, why[i]);
        sl_source_free(source);
    }
}
END_TEST

/* ---- Memory
 * ------------------------------------------------------------------------------------------ */

START_TEST(each_allocation_may_fail)
{
    make("a", "c\0\xe9\0", 4);
    run("gzip -kc a >b; zstd -qkc a >c");
    options.encoding = SL_ENCODING_UTF16LE;
    add_path("[abc]");
    int64_t n = 0;
    for (;; n++) {
        room.fail_after = n;
        if (read_all(100) == 0)
            break;
        ck_assert_int_eq(room.blocks, 0);
        ck_assert_ptr_nonnull(strstr(room.message, "out of memory"));
    }
    ck_assert_int_gt(n, 8);
    EXPECT("c\xc3\xa9"
           "c\xc3\xa9"
           "c\xc3\xa9");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    TCase *tests = tcase_create("source");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, plain_files_follow_one_another);
    tcase_add_test(tests, a_glob_gives_files_in_byte_order_and_no_folders);
    tcase_add_test(tests, what_is_not_there_says_so);
    tcase_add_test(tests, a_forbidden_file_is_a_matter_of_permission);
    tcase_add_test(tests, a_failed_read_comes_after_what_was_read);
    tcase_add_test(tests, plan_looks_at_regular_files_only);
    tcase_add_test(tests, members_and_frames_follow_one_another);
    tcase_add_test(tests, a_gzip_header_in_pieces);
    tcase_add_test(tests, damage_is_found_and_told_with_its_place);
    tcase_add_test(tests, gzip_inside_gzip_is_data);
    tcase_add_test(tests, bombs_stop_at_their_bounds);
    tcase_add_test(tests, a_zstd_window_is_bounded);
    tcase_add_test(tests, encodings_become_utf8);
    tcase_add_test(tests, what_an_encoding_does_not_have_is_an_error_with_its_place);
    tcase_add_test(tests, a_long_text_converts_over_all_borders);
    tcase_add_test(tests, a_position_is_found_again);
    tcase_add_test(tests, a_position_that_is_none_says_so);
    tcase_add_test(tests, a_position_holds_so_many_files_and_no_more);
    tcase_add_test(tests, a_place_belongs_to_a_name_and_a_file);
    tcase_add_test(tests, places_that_were_removed_leave_nothing);
    tcase_add_test(tests, what_cannot_be_read_again_is_said);
    tcase_add_test(tests, each_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

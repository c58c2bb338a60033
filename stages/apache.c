/*
 * apache.c - see apache.h. A scanner by hand: each byte is looked at about once.
 */
#include "stages/apache.h"

#include <string.h>

#define RAW_TIME 26 /* 10/Oct/2000:13:55:36 -0700 */

const sl_column sl_apache_columns[SL_APACHE_COMBINED_COLUMNS] = {
    {.name = "host", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "ident", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "user", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "time", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "method", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "path", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "protocol", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "status", .type = SL_TYPE_INTEGER, .flags = SL_COLUMN_DECLARED},
    {.name = "bytes", .type = SL_TYPE_INTEGER, .flags = SL_COLUMN_DECLARED},
    {.name = "referer", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
    {.name = "user_agent", .type = SL_TYPE_TEXT, .flags = SL_COLUMN_DECLARED},
};

enum { HOST, IDENT, USER, TIME, METHOD, PATH, PROTOCOL, STATUS, BYTES, REFERER, AGENT };

static int fail(sl_apache_line *line, const char *at, const char *error)
{
    line->at = at;
    line->error = error;
    return 0;
}

/* A slice; `-` is NULL. */
static inline sl_cell slice(const char *text, const char *end)
{
    size_t size = (size_t)(end - text);
    if (size == 1 && *text == '-')
        return (sl_cell){.kind = SL_NULL};
    return (sl_cell){.kind = SL_TEXT, .size = (uint32_t)size, .as.text = text};
}

/* A word and the space behind it. Answers what follows, NULL: failed. */
static const char *read_word(sl_apache_line *line, const char *at, const char *end, sl_cell *cell)
{
    const char *space = memchr(at, ' ', (size_t)(end - at));
    if (space == NULL || space == at) {
        fail(line, at, "expected host, ident, user and a space behind each");
        return NULL;
    }
    *cell = slice(at, space);
    return space + 1;
}

static inline int is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Two digits as a number; -1: they are none. */
static int two(const char *at)
{
    return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

/* 1 to 12, or 0. */
static int month_of(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++)
        if (memcmp(names + month * 3, name, 3) == 0)
            return month + 1;
    return 0;
}

/* The RAW_TIME bytes at `at` as ISO 8601. 0: they are no time. */
static int read_time(const char *at, char *time)
{
    static const char shape[] = "00/Mon/0000:00:00:00 +0000";
    for (int i = 0; i < RAW_TIME; i++) {
        if (shape[i] == '0' ? !is_digit(at[i]) : (i < 3 || i > 5) && i != 21 && at[i] != shape[i])
            return 0;
    }
    int month = month_of(at + 3);
    if (month == 0 || two(at) < 1 || two(at) > 31 || two(at + 12) > 23 || two(at + 15) > 59 ||
        two(at + 18) > 60 || (at[21] != '+' && at[21] != '-') || two(at + 24) > 59)
        return 0;
    memcpy(time, at + 7, 4);
    time[4] = time[7] = '-';
    time[5] = (char)('0' + month / 10);
    time[6] = (char)('0' + month % 10);
    memcpy(time + 8, at, 2);
    time[10] = 'T';
    memcpy(time + 11, at + 12, 8);
    memcpy(time + 19, at + 21, 3);
    time[22] = ':';
    memcpy(time + 23, at + 24, 2);
    return 1;
}

/* The user, which may contain spaces and brackets, up to the bracket that begins a time; then
 * the time. Answers what follows its bracket and space. */
static const char *read_user(sl_apache_line *line, const char *at, const char *end, char *time)
{
    const char *start = at, *bracket = at;
    for (;; bracket++) {
        bracket = memchr(bracket, '[', (size_t)(end - bracket));
        if (bracket == NULL || end - bracket < RAW_TIME + 3)
            break;
        if (bracket - start < 2 || bracket[-1] != ' ' || bracket[RAW_TIME + 1] != ']' ||
            bracket[RAW_TIME + 2] != ' ' || !read_time(bracket + 1, time))
            continue;
        line->cells[USER] = slice(start, bracket - 1);
        line->cells[TIME] = (sl_cell){.kind = SL_TEXT, .size = SL_APACHE_TIME, .as.text = time};
        return bracket + RAW_TIME + 3;
    }
    fail(line, start, "expected a user and a time such as [10/Oct/2000:13:55:36 -0700]");
    return NULL;
}

/* What stands in quotes at `at`, in which a backslash hides the next byte. Answers what follows
 * the closing quote, NULL: failed. */
static const char *read_quoted(sl_apache_line *line, const char *at, const char *end,
                               const char **from, const char **to)
{
    const char *quote = at + 1;
    if (at >= end || *at != '"') {
        fail(line, at, "expected a text in double quotes");
        return NULL;
    }
    for (;; quote++) {
        quote = memchr(quote, '"', (size_t)(end - quote));
        if (quote == NULL) {
            fail(line, at, "the double quotes are not closed");
            return NULL;
        }
        const char *slash = quote;
        while (slash > at + 1 && slash[-1] == '\\')
            slash--;
        if ((quote - slash) % 2 == 0)
            break;
    }
    *from = at + 1;
    *to = quote;
    return quote + 1;
}

static inline int is_method(const char *text, const char *end)
{
    if (text == end)
        return 0;
    for (; text < end; text++)
        if (!(*text >= 'A' && *text <= 'Z') && *text != '-' && *text != '_')
            return 0;
    return 1;
}

/* Method, path and protocol; what is no such line is a path as a whole (a request that was
 * refused may be anything), and `-` is nothing at all. */
static void split_request(sl_apache_line *line, const char *from, const char *to)
{
    sl_cell null = {.kind = SL_NULL};
    const char *space = memchr(from, ' ', (size_t)(to - from)), *last;
    line->cells[METHOD] = line->cells[PROTOCOL] = null;
    line->cells[PATH] = from == to ? null : slice(from, to);
    if (space == NULL || !is_method(from, space) || space + 1 == to)
        return;
    line->cells[METHOD] =
        (sl_cell){.kind = SL_TEXT, .size = (uint32_t)(space - from), .as.text = from};
    from = space + 1;
    last = memrchr(from, ' ', (size_t)(to - from));
    if (last != NULL && to - last > 5 && memcmp(last + 1, "HTTP/", 5) == 0) {
        line->cells[PROTOCOL] = slice(last + 1, to);
        to = last;
    }
    line->cells[PATH] = (sl_cell){.kind = SL_TEXT, .size = (uint32_t)(to - from), .as.text = from};
}

/* A canonical number of at most 18 digits, or `-`. Answers what follows it, NULL: failed. */
static const char *read_number(const char *at, const char *end, sl_cell *cell)
{
    const char *start = at;
    int64_t number = 0;
    *cell = (sl_cell){.kind = SL_NULL};
    if (at < end && *at == '-')
        return at + 1;
    for (; at < end && is_digit(*at) && at - start < 18; at++)
        number = number * 10 + (*at - '0');
    if (at == start || (*start == '0' && at - start > 1))
        return NULL;
    *cell = (sl_cell){.kind = SL_INTEGER, .as.integer = number};
    return at;
}

/* Status and bytes, each with a space before it. */
static const char *read_numbers(sl_apache_line *line, const char *at, const char *end)
{
    const char *start = at;
    if (at < end && *at == ' ')
        at = read_number(at + 1, end, &line->cells[STATUS]);
    if (at == NULL || at == start || (at - start != 4 && at[-1] != '-') || at >= end ||
        *at != ' ') {
        fail(line, start, "expected a status of three digits and a space");
        return NULL;
    }
    start = at;
    at = read_number(at + 1, end, &line->cells[BYTES]);
    if (at == NULL || (at < end && *at != ' ')) {
        fail(line, start, "expected the number of bytes, or '-'");
        return NULL;
    }
    return at;
}

static const char *read_quoted_cell(sl_apache_line *line, const char *at, const char *end,
                                    sl_cell *cell)
{
    const char *from, *to;
    if (at < end && *at == ' ')
        at++;
    at = read_quoted(line, at, end, &from, &to);
    if (at != NULL)
        *cell = slice(from, to);
    return at;
}

int sl_apache_read(sl_apache_line *line, const char *text, size_t size, int combined, char *time)
{
    const char *at = text, *end = text + size, *from, *to;
    while (end > at && (end[-1] == ' ' || end[-1] == '\r' || end[-1] == '\n'))
        end--;
    at = read_word(line, at, end, &line->cells[HOST]);
    if (at != NULL)
        at = read_word(line, at, end, &line->cells[IDENT]);
    if (at != NULL)
        at = read_user(line, at, end, time);
    if (at != NULL)
        at = read_quoted(line, at, end, &from, &to);
    if (at == NULL)
        return 0;
    split_request(line, from, to);
    at = read_numbers(line, at, end);
    if (at != NULL && combined)
        at = read_quoted_cell(line, at, end, &line->cells[REFERER]);
    if (at != NULL && combined)
        at = read_quoted_cell(line, at, end, &line->cells[AGENT]);
    if (at == NULL)
        return 0;
    return at == end || fail(line, at,
                             combined ? "more text follows the user agent"
                                      : "more text follows the bytes; is it apache_combined?");
}

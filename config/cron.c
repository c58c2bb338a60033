/*
 * cron.c - sl_schedule_cron: from a cron expression to sets of minutes, hours and days.
 *
 * What other crons take and mean differently from each other is refused with words: `?`, L, W, #,
 * seconds, `5/15`, ranges that run backwards, steps beyond their range, dates that never come.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/schedule.h"

#define FIELDS 5
#define BLANKS " \t\n\r"

typedef struct field {
    const char *name;
    int32_t least, most;
    const char *words;  /* three letters each; NULL: none */
    int32_t words_from; /* what the first word is */
} field;

static const field fields[FIELDS] = {
    {"minute", 0, 59, NULL, 0},
    {"hour", 0, 23, NULL, 0},
    {"day of the month", 1, 31, NULL, 0},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1},
    {"day of the week", 0, 7, "sunmontuewedthufrisat", 0},
};

typedef struct word {
    const char *at;
    size_t size;
} word;

typedef struct cron {
    const char *text;
    sl_schedule_mistake *mistake;
    word words[FIELDS];
    uint64_t sets[FIELDS];
} cron;

/* Answers -1. */
static int fail(cron *of, word where, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static int fail(cron *of, word where, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(of->mistake->message, sizeof of->mistake->message, format, args);
    va_end(args);
    of->mistake->byte = (size_t)(where.at - of->text);
    of->mistake->length = where.size;
    of->mistake->hint = hint;
    return -1;
}

/* ---- One value, one item, one field -----------------------------------------------------------
 */

static int fail_value(cron *of, const field *kind, word value)
{
    static const char no_last[] = "list the days that you mean; the 1st is `0 0 1 * *`";
    int shown = value.size > 20 ? 20 : (int)value.size;
    if (value.size == 0) {
        return fail(of, (word){value.at, 1}, "a list is written 1,2,3 and a range 1-5",
                    "a value is missing in the field '%s'", kind->name);
    }
    if (memchr(value.at, '?', value.size) != NULL) {
        return fail(of, value, "write *", "'?' is not known here");
    }
    int is_days = kind == &fields[2] || kind == &fields[4];
    if (is_days && (memchr(value.at, '#', value.size) != NULL ||
                    strchr("LWlw", value.at[value.size - 1]) != NULL)) {
        return fail(of, value, no_last, "'%.*s' is not known here: L, W and # are not of cron",
                    shown, value.at);
    }
    return fail(of, value,
                kind->words == NULL ? NULL
                : kind == &fields[4]
                    ? "0-7 or sun, mon, tue, wed, thu, fri, sat; 0 and 7 are Sunday"
                    : "1-12 or jan, feb, mar, apr, may, jun, jul, aug, sep, oct, "
                      "nov, dec",
                "'%.*s' is not %s %s: that is %d to %d", shown, value.at,
                kind == &fields[1] ? "an" : "a", kind->name, kind->least, kind->most);
}

static int read_value(cron *of, const field *kind, word value, int32_t *number)
{
    int32_t read = 0;
    if (kind->words != NULL && value.size == 3) {
        for (int32_t i = 0; kind->words[3 * i] != '\0'; i++) {
            if (strncasecmp(value.at, kind->words + 3 * i, 3) == 0) {
                *number = kind->words_from + i;
                return 0;
            }
        }
    }
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || i >= 4) {
            return fail_value(of, kind, value);
        }
        read = read * 10 + (value.at[i] - '0');
    }
    if (value.size == 0 || read < kind->least || read > kind->most) {
        return fail_value(of, kind, value);
    }
    *number = read;
    return 0;
}

/* The part of a word before a character; *rest is what follows it, at == NULL: it is not there. */
static word split(word whole, char at, word *rest)
{
    const char *found = memchr(whole.at, at, whole.size);
    if (found == NULL) {
        *rest = (word){0};
        return whole;
    }
    size_t size = (size_t)(found - whole.at);
    *rest = (word){found + 1, whole.size - size - 1};
    return (word){whole.at, size};
}

static int read_step(cron *of, const field *kind, word range, word step, int32_t from, int32_t to,
                     int32_t *number)
{
    int32_t read = 0, digits = 0;
    for (size_t i = 0; i < step.size && i < 4; i++) {
        digits += step.at[i] >= '0' && step.at[i] <= '9';
        read = read * 10 + (step.at[i] - '0');
    }
    if (step.size == 0 || (size_t)digits != step.size || read == 0) {
        return fail(of, step.size == 0 ? (word){step.at - 1, 1} : step, "every fifth is */5",
                    "a step is a whole number from 1");
    }
    if (memchr(range.at, '-', range.size) == NULL && range.at[0] != '*') {
        return fail(
            of, (word){range.at, range.size + 1 + step.size},
            kind == &fields[0] ? "write a range, such as 5-59/15" : "write a range before /",
            "'%.*s' before / is no range", (int)(range.size > 20 ? 20 : range.size), range.at);
    }
    if (read > to - from) {
        return fail(of, step,
                    kind <= &fields[1] ? "longer periods are written as `every: 90m`" : NULL,
                    "the step %d is larger than the range %d-%d", read, from, to);
    }
    *number = read;
    return 0;
}

static int read_item(cron *of, const field *kind, word item, uint64_t *set)
{
    word step, end, range = split(item, '/', &step);
    word begin = split(range, '-', &end);
    int32_t from = kind->least, to = kind == &fields[4] ? 6 : kind->most, by = 1;
    if (range.size != 1 || range.at[0] != '*') {
        if (read_value(of, kind, begin, &from) != 0) {
            return -1;
        }
        to = from;
        if (end.at != NULL && read_value(of, kind, end, &to) != 0) {
            return -1;
        }
        to += kind == &fields[4] && to == 0 && from > 0 ? 7 : 0; /* fri-sun */
    }
    if (to < from) {
        return fail(of, range, "write it as two, such as 22-23,0-6",
                    "the range '%.*s' runs backwards", (int)(range.size > 20 ? 20 : range.size),
                    range.at);
    }
    if (step.at != NULL && read_step(of, kind, range, step, from, to, &by) != 0) {
        return -1;
    }
    for (int32_t i = from; i <= to; i += by) {
        *set |= UINT64_C(1) << i;
    }
    return 0;
}

static int read_field(cron *of, uint32_t index)
{
    word left = of->words[index];
    while (left.at != NULL) {
        word item = split(left, ',', &left);
        if (read_item(of, &fields[index], item, &of->sets[index]) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- The whole --------------------------------------------------------------------------------
 */

static const char *const short_names[][2] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

static const char *spell_out(const char *at, size_t size)
{
    for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++) {
        if (strlen(short_names[i][0]) == size && strncasecmp(at, short_names[i][0], size) == 0) {
            return short_names[i][1];
        }
    }
    return NULL;
}

/* Answers how many words there are; the first five are kept. */
static uint32_t split_words(cron *of, const char *text)
{
    uint32_t count = 0;
    for (const char *at = text + strspn(text, BLANKS); *at != '\0'; at += strspn(at, BLANKS)) {
        size_t size = strcspn(at, BLANKS);
        if (count < FIELDS) {
            of->words[count] = (word){at, size};
        }
        count++;
        at += size;
    }
    return count;
}

static int fail_count(cron *of, uint32_t count)
{
    const word first = of->words[0];
    const word all = {of->text, strlen(of->text)};
    if (count > 0 && memchr(first.at, '=', first.size) != NULL) {
        return fail(of, first, "write `timezone: Europe/Berlin` beside it",
                    "a cron expression sets nothing");
    }
    if (count > 0 && first.at[0] == '@') {
        return fail(of, first, "there are @hourly, @daily, @weekly, @monthly and @yearly",
                    "'%.*s' is not known here", (int)(first.size > 40 ? 40 : first.size), first.at);
    }
    return fail(of, all,
                count > FIELDS ? "seconds and years are not among them; `every: 10s` has seconds"
                               : "minute, hour, day of the month, month, day of the week: "
                                 "`*/5 * * * *`",
                "a cron expression has 5 fields, not %u", count);
}

/* Days that no chosen month has: 30 February. Asked only where the weekday does not help. */
static int check_dates(cron *of)
{
    static const int32_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int32_t month = 1; month <= 12; month++) {
        uint64_t days = (UINT64_C(2) << lengths[month - 1]) - 1;
        if ((of->sets[3] >> month & 1) != 0 && (of->sets[2] & days) != 0) {
            return 0;
        }
    }
    const word day = of->words[2], month = of->words[3];
    return fail(of, (word){day.at, (size_t)(month.at - day.at) + month.size},
                "february has 29 days at most; april, june, september and november have 30",
                "day '%.*s' of month '%.*s' never comes", (int)(day.size > 40 ? 40 : day.size),
                day.at, (int)(month.size > 40 ? 40 : month.size), month.at);
}

int sl_schedule_cron(const char *text, sl_schedule *schedule, sl_schedule_mistake *mistake)
{
    cron of = {.text = text, .mistake = mistake};
    uint32_t count = split_words(&of, text);
    const char *spelled = count == 1 ? spell_out(of.words[0].at, of.words[0].size) : NULL;
    if (spelled != NULL) {
        count = split_words(&of, spelled);
    }
    if (count != FIELDS) {
        return fail_count(&of, count);
    }
    for (uint32_t i = 0; i < FIELDS; i++) {
        if (read_field(&of, i) != 0) {
            return -1;
        }
    }
    int either = of.words[2].at[0] != '*' && of.words[4].at[0] != '*';
    if (!either && check_dates(&of) != 0) {
        return -1;
    }
    schedule->every = 0;
    schedule->minutes = of.sets[0];
    schedule->hours = (uint32_t)of.sets[1];
    schedule->days = (uint32_t)of.sets[2];
    schedule->months = (uint32_t)of.sets[3];
    schedule->weekdays = (uint32_t)((of.sets[4] | of.sets[4] >> 7) & 0x7F);
    schedule->either = either;
    return 0;
}

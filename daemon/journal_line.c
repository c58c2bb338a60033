/*
 * journal_line.c - spelling a line of the log; see journal_line.h.
 */
#include "daemon/journal_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/zone.h"

#define WORD_MOST 1024 /* bytes of a name or a hint; more is cut */

static const struct {
    const char *name;
    const char *id; /* MESSAGE_ID, made once by `systemd-id128 new` */
} events[SL_EVENTS] = {
    [SL_EVENT_NONE] = {NULL, NULL},
    [SL_EVENT_STARTED] = {"started", "9218ab2f67274080b211881cd9702f63"},
    [SL_EVENT_ENDED] = {"ended", "dd50216bc8214778a1786df76cc1da10"},
    [SL_EVENT_FAILED] = {"failed", "304c39ec13f849a39225bfee3ad7a3a7"},
    [SL_EVENT_GAVE_UP] = {"gave-up", "9fb577ad47d6484090bf0d68e21ec667"},
    [SL_EVENT_STOPPED] = {"stopped", "6ebc07da86f8472987a92bb2c0e318a2"},
    [SL_EVENT_MISSED] = {"missed", "8b59a7d5906b41b8829c4db5d05f1bda"},
    [SL_EVENT_STUCK] = {"stuck", "6e1d0f67b5e4429a92bd91ad1ec60223"},
    [SL_EVENT_RELOADED] = {"reloaded", "0f0ae6040e494a98bfa48b6d4b291fa2"},
    [SL_EVENT_REFUSED] = {"refused", "ec3142ae5d1d43eaa25a59b6b0abc392"},
    [SL_EVENT_READY] = {"ready", "1e127758f64a4b24877fabdc8b431369"},
    [SL_EVENT_STOPPING] = {"stopping", "2622c62e56dd404ea58cb7261a5e1145"},
    [SL_EVENT_CLOCK] = {"clock", "2ee7e3a0d1a6400bb3a4839bb27797e0"},
    [SL_EVENT_CONTROL] = {"control", "0f02e3c4a65a4c6abbf6f4a4f6d6381d"},
    [SL_EVENT_LOST_LINES] = {"lost-lines", "27772732a25847b58dda42e3c0943f4e"},
};

static void put_time(sl_builder *to, int64_t now)
{
    int64_t seconds = now / 1000000 - (now % 1000000 < 0);
    int64_t days = seconds / 86400 - (seconds % 86400 < 0), year;
    int of_day = (int)(seconds - days * 86400), parts = (int)((now - seconds * 1000000) / 1000);
    int32_t month, day;

    sl_zone_date(days, &year, &month, &day);
    sl_builder_format(to, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)year, (int)month,
                      (int)day, of_day / 3600, of_day / 60 % 60, of_day % 60, parts);
}

/* At most `most` bytes of a text, whole characters. */
static size_t cut(const char *text, size_t most)
{
    size_t size = strnlen(text, most + 1);

    if (size <= most)
        return size;
    size = most;
    while (size > 0 && most - size < 3 && ((unsigned char)text[size] & 0xC0) == 0x80)
        size--;
    return size;
}

/* The message, cut where it is too long. */
static void copy_message(const sl_journal_entry *entry, char text[SL_JOURNAL_MESSAGE + 64])
{
    const char *message = entry->line->message == NULL ? "unknown" : entry->line->message;
    size_t size = cut(message, SL_JOURNAL_MESSAGE), left = strlen(message) - size;

    memcpy(text, message, size);
    text[size] = '\0';
    if (left > 0)
        snprintf(text + size, 64, " ... (%zu bytes more)", left);
}

static const char *level_of(const sl_error *line)
{
    return sl_journal_level_name(line->level);
}

/* ---- For people ---------------------------------------------------------------------- */

/* Text that an operator, a file or a stranger wrote, on one line, nothing hidden. */
static void put_word(sl_builder *to, const char *word)
{
    char text[2 * WORD_MOST];
    char shown[WORD_MOST + 1];
    size_t size = cut(word, WORD_MOST);

    memcpy(shown, word, size);
    shown[size] = '\0';
    size = sl_error_line(&(sl_error){.message = shown}, text, sizeof text);
    sl_builder_add(to, text, size);
}

/* The place, the row and the message; level, stage and hint stand elsewhere. */
static void put_message(sl_builder *to, const sl_journal_entry *entry)
{
    char message[SL_JOURNAL_MESSAGE + 64], text[2 * SL_JOURNAL_MESSAGE];
    sl_error shown = *entry->line;

    copy_message(entry, message);
    shown.level = SL_LOG_ERROR; /* the one without a word */
    shown.message = message;
    shown.stage = NULL;
    sl_builder_add(to, text, sl_error_line(&shown, text, sizeof text));
    if (entry->repeated > 0)
        sl_builder_format(to, " (repeated %" PRId64 " time%s)", entry->repeated,
                          entry->repeated == 1 ? "" : "s");
}

/* "graph/stage: message [hint]" */
static void put_sentence(sl_builder *to, const sl_journal_entry *entry, const char *graph)
{
    const sl_error *line = entry->line;

    if (graph != NULL) {
        put_word(to, graph);
        sl_builder_word(to, line->stage == NULL ? "" : "/");
        put_word(to, line->stage == NULL ? "" : line->stage);
        sl_builder_word(to, ": ");
    }
    put_message(to, entry);
    if (line->hint != NULL) {
        sl_builder_word(to, " [");
        put_word(to, line->hint);
        sl_builder_word(to, "]");
    }
    sl_builder_word(to, "\n");
}

static void put_text(sl_builder *to, const sl_journal_entry *entry)
{
    put_sentence(to, entry, entry->graph == NULL ? "sluice" : entry->graph);
}

/* ---- For the journal ----------------------------------------------------------------- */

static int priority(const sl_error *line) /* of syslog */
{
    static const int priorities[] = {3, 4, 6, 7};

    return priorities[line->level >= SL_LOG_ERROR && line->level <= SL_LOG_DEBUG ? line->level : 0];
}

/* NAME=value, or the form with a size where the value has line ends. */
static void put_field(sl_builder *to, const char *name, const char *value)
{
    if (value == NULL)
        return;
    size_t size = cut(value, WORD_MOST);
    sl_builder_word(to, name);
    if (memchr(value, '\n', size) == NULL) {
        sl_builder_word(to, "=");
    } else {
        char count[8];
        for (size_t i = 0; i < sizeof count; i++)
            count[i] = (char)(unsigned char)((uint64_t)size >> (8 * i));
        sl_builder_word(to, "\n");
        sl_builder_add(to, count, sizeof count);
    }
    sl_builder_add(to, value, size);
    sl_builder_word(to, "\n");
}

static void put_number(sl_builder *to, const char *name, int64_t number)
{
    if (number > 0)
        sl_builder_format(to, "%s=%" PRId64 "\n", name, number);
}

static void put_native(sl_builder *to, const sl_journal_entry *entry)
{
    const sl_error *line = entry->line;

    sl_builder_word(to, "MESSAGE="); /* whole: `journalctl` shows nothing else */
    put_sentence(to, entry, entry->graph);
    sl_builder_format(to, "PRIORITY=%d\nSYSLOG_IDENTIFIER=sluice\n", priority(line));
    put_field(to, "MESSAGE_ID", events[entry->event].id);
    put_field(to, "GRAPH", entry->graph);
    put_field(to, "STAGE", line->stage);
    put_field(to, "SLUICE_HINT", line->hint);
    put_field(to, "SLUICE_SOURCE", line->source);
    put_number(to, "SLUICE_ROW", line->row);
    put_field(to, "SLUICE_FILE", line->file);
    put_number(to, "SLUICE_LINE", line->line);
    put_number(to, "SLUICE_COLUMN", line->column);
    put_number(to, "SLUICE_CODE", line->code);
    put_number(to, "SLUICE_REPEATED", entry->repeated);
}

/* ---- For machines -------------------------------------------------------------------- */

static void put_member(sl_builder *to, const char *name, const char *value, size_t most)
{
    if (value == NULL)
        return;
    sl_builder_format(to, ",\"%s\":", name);
    sl_builder_json(to, value, cut(value, most));
}

static void put_count(sl_builder *to, const char *name, int64_t number)
{
    if (number > 0)
        sl_builder_format(to, ",\"%s\":%" PRId64, name, number);
}

static void put_json(sl_builder *to, const sl_journal_entry *entry)
{
    const sl_error *line = entry->line;
    char message[SL_JOURNAL_MESSAGE + 64];

    copy_message(entry, message);
    sl_builder_word(to, "{\"time\":\"");
    put_time(to, entry->now);
    sl_builder_format(to, "\",\"level\":\"%s\"", level_of(line));
    put_member(to, "event", events[entry->event].name, WORD_MOST);
    put_member(to, "graph", entry->graph, WORD_MOST);
    put_member(to, "stage", line->stage, WORD_MOST);
    put_member(to, "message", message, sizeof message);
    put_member(to, "hint", line->hint, WORD_MOST);
    put_member(to, "file", line->file, WORD_MOST);
    put_count(to, "line", line->line);
    put_count(to, "column", line->column);
    put_member(to, "option", line->option, WORD_MOST);
    put_member(to, "source", line->source, WORD_MOST);
    put_count(to, "row", line->row);
    put_count(to, "source_line", line->source_line);
    put_member(to, "data_column", line->data_column, WORD_MOST);
    put_count(to, "code", line->code);
    put_count(to, "repeated", entry->repeated);
    sl_builder_word(to, "}\n");
}

void sl_journal_spell(int32_t kind, const sl_journal_entry *entry, sl_builder *to)
{
    if (kind == SL_JOURNAL_NATIVE) {
        put_native(to, entry);
    } else if (kind == SL_JOURNAL_JSON) {
        put_json(to, entry);
    } else if (kind == SL_JOURNAL_PREFIX) {
        sl_builder_format(to, "<%d>", priority(entry->line));
        put_text(to, entry);
    } else {
        put_time(to, entry->now);
        sl_builder_format(to, " %s ", level_of(entry->line));
        put_text(to, entry);
    }
}

/*
 * protocol.c - lines and requests of the control socket; see protocol.h.
 *
 * Deliberately elsewhere: answers (answer.c).
 */
#include "daemon/protocol.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "stages/core/value.h"
#include "stages/json.h"

#define ROOM_LEAST 1024
#define ROWS_MOST INT64_C(1000000000)
#define DAY INT64_C(86400000000) /* microseconds */

/* ---- Lines ---------------------------------------------------------------------------- */

/* Room for `more` bytes and the terminator. 0, or what sl_splitter_next answers. */
static int32_t make_room(sl_splitter *splitter, size_t more)
{
    size_t least = splitter->used + more + 1, room = splitter->room;

    if (least > SL_PROTOCOL_LINE + 1)
        return -1;
    if (least <= room)
        return 0;
    room = room < ROOM_LEAST ? ROOM_LEAST : room;
    while (room < least)
        room *= 2;
    room = room > SL_PROTOCOL_LINE + 1 ? SL_PROTOCOL_LINE + 1 : room;
    char *bytes = sl_env_allocate(splitter->env, splitter->bytes, room);
    if (bytes == NULL)
        return -2;
    splitter->bytes = bytes;
    splitter->room = room;
    return 0;
}

int32_t sl_splitter_next(sl_splitter *splitter, const char **bytes, size_t *size, char **line,
                         size_t *length)
{
    if (splitter->given) {
        splitter->used = 0;
        splitter->given = 0;
    }
    if (splitter->failed != 0)
        return splitter->failed;
    const char *end = *size == 0 ? NULL : memchr(*bytes, '\n', *size);
    size_t part = end == NULL ? *size : (size_t)(end - *bytes);
    splitter->failed = make_room(splitter, part);
    if (splitter->failed != 0)
        return splitter->failed;
    if (part > 0)
        memcpy(splitter->bytes + splitter->used, *bytes, part);
    splitter->used += part;
    *bytes += part + (end != NULL);
    *size -= part + (end != NULL);
    if (end == NULL)
        return 0;
    splitter->given = 1;
    splitter->bytes[splitter->used] = '\0';
    *line = splitter->bytes;
    *length = splitter->used;
    return 1;
}

int32_t sl_splitter_open(const sl_splitter *splitter)
{
    return !splitter->given && splitter->used > 0;
}

void sl_splitter_done(sl_splitter *splitter)
{
    if (splitter->bytes != NULL)
        sl_env_allocate(splitter->env, splitter->bytes, 0);
    *splitter = (sl_splitter){.env = splitter->env};
}

/* ---- The verbs ------------------------------------------------------------------------ */

/* Members, a bit each: what a verb takes and what it needs. */
#define GRAPH (1u << 0)
#define STAGE (1u << 1)
#define WHERE (1u << 2)
#define MESSAGE (1u << 3)
#define ARGUMENTS (1u << 4)
#define LEVEL (1u << 5)
#define ROWS (1u << 6)
#define BATCHES (1u << 7)
#define INTERVAL (1u << 8)
#define REHEARSE (1u << 9)
#define ACTION (1u << 10)
#define WORDS (1u << 11)
#define AFTER (1u << 12)
#define FORMAT (1u << 13)

static const struct {
    const char *name;
    int32_t writes;
    uint32_t needs, takes;       /* `takes` besides what it needs */
    const char *reads, *changes; /* actions: "ls show"; NULL: it has none */
} verbs[SL_VERBS] = {
    [SL_VERB_STATUS] = {"status", 0, 0, GRAPH, NULL, NULL},
    [SL_VERB_TOP] = {"top", 0, 0, GRAPH | INTERVAL, NULL, NULL},
    [SL_VERB_TAP] = {"tap", 0, GRAPH | STAGE, ROWS | WHERE, NULL, NULL},
    [SL_VERB_REJECTS] = {"rejects", 0, GRAPH, ACTION | WORDS | AFTER | FORMAT, "ls show",
                         "retry drop"},
    [SL_VERB_CHECKPOINT] = {"checkpoint", 0, GRAPH, ACTION | WORDS | FORMAT, "ls show",
                            "set rewind drop"},
    [SL_VERB_PAUSE] = {"pause", 1, GRAPH, 0, NULL, NULL},
    [SL_VERB_STEP] = {"step", 1, GRAPH, BATCHES, NULL, NULL},
    [SL_VERB_RESUME] = {"resume", 1, GRAPH, 0, NULL, NULL},
    [SL_VERB_STOP] = {"stop", 1, GRAPH, 0, NULL, NULL},
    [SL_VERB_START] = {"start", 1, GRAPH, 0, NULL, NULL},
    [SL_VERB_RUN_NOW] = {"run-now", 1, GRAPH, 0, NULL, NULL},
    [SL_VERB_SEND] = {"send", 1, GRAPH | STAGE | MESSAGE, ARGUMENTS, NULL, NULL},
    [SL_VERB_RAISE] = {"raise", 1, GRAPH | STAGE | MESSAGE, 0, NULL, NULL},
    [SL_VERB_RELOAD] = {"reload", 1, 0, REHEARSE, NULL, NULL},
    [SL_VERB_LOG_LEVEL] = {"log-level", 1, LEVEL, GRAPH, NULL, NULL},
};

#define TEXT 0
#define INTEGER 1
#define BOOLEAN 2
#define OBJECT 3
#define TEXTS 4 /* an array of them */

static const struct member {
    const char *name;
    uint32_t bit;
    uint32_t kind;
    size_t offset;
    int64_t least, most; /* INTEGER */
} members[] = {
    {"graph", GRAPH, TEXT, offsetof(sl_request, graph), 0, 0},
    {"stage", STAGE, TEXT, offsetof(sl_request, stage), 0, 0},
    {"where", WHERE, TEXT, offsetof(sl_request, where), 0, 0},
    {"message", MESSAGE, TEXT, offsetof(sl_request, message), 0, 0},
    {"arguments", ARGUMENTS, OBJECT, offsetof(sl_request, arguments), 0, 0},
    {"level", LEVEL, TEXT, offsetof(sl_request, level), 0, 0},
    {"action", ACTION, TEXT, offsetof(sl_request, action), 0, 0},
    {"words", WORDS, TEXTS, offsetof(sl_request, words), 0, 0},
    {"after", AFTER, TEXT, offsetof(sl_request, after), 0, 0},
    {"format", FORMAT, TEXT, offsetof(sl_request, format), 0, 0},
    {"rows", ROWS, INTEGER, offsetof(sl_request, rows), 1, ROWS_MOST},
    {"batches", BATCHES, INTEGER, offsetof(sl_request, batches), 1, ROWS_MOST},
    {"interval", INTERVAL, INTEGER, offsetof(sl_request, interval), 100000, DAY},
    {"dry_run", REHEARSE, BOOLEAN, offsetof(sl_request, rehearse), 0, 0},
};
#define MEMBERS (sizeof members / sizeof *members)

const char *sl_protocol_verb(sl_verb_id verb)
{
    return verbs[verb].name;
}

int32_t sl_protocol_verb_of(const char *name)
{
    for (int32_t i = 0; i < SL_VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return i;
    return -1;
}

/* Whether a word stands among others, with spaces between them. */
static int32_t is_among(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");
        if (size == length && memcmp(at, word, size) == 0)
            return 1;
        at += size;
    }
    return 0;
}

int32_t sl_protocol_writes(sl_verb_id verb, const char *action)
{
    return verbs[verb].writes || (action != NULL && is_among(verbs[verb].changes, action));
}

int32_t sl_protocol_allows(sl_verb_id verb, const char *action, uint32_t client, uint32_t service)
{
    return !sl_protocol_writes(verb, action) || client == 0 || client == service;
}

/* ---- Reading a request ----------------------------------------------------------------- */

static int32_t refuse(sl_refusal *refusal, const char *hint, const char *format, ...)
    SL_PRINTF(3, 4);
static int32_t refuse(sl_refusal *refusal, const char *hint, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(refusal->message, sizeof refusal->message, format, args);
    va_end(args);
    refusal->code = SL_CODE_USAGE;
    refusal->hint = hint;
    return -1;
}

/* The deepest nesting of brackets outside of strings. */
static uint32_t depth_of(const char *text, size_t size)
{
    uint32_t depth = 0, most = 0;
    int quoted = 0;

    for (size_t i = 0; i < size; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            most = ++depth > most ? depth : most;
        else if (!quoted && (text[i] == '}' || text[i] == ']'))
            depth -= depth > 0;
    }
    return most;
}

/* A request that is being read: what was found, not yet decoded. */
typedef struct draft {
    sl_json_value version, verb; /* text NULL: not there */
    sl_json_value values[MEMBERS];
    uint32_t found;
} draft;

static int32_t find_member(const sl_json_value *name)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (sl_json_same(name, members[i].name))
            return (int32_t)i;
    return -1;
}

/* What a client wrote, short enough for a message; printf's %.*s. */
static int shown(const sl_json_value *value)
{
    return value->size > 60 ? 60 : (int)value->size;
}

static int32_t gather(draft *of, const sl_json_value *name, const sl_json_value *value,
                      sl_refusal *refusal)
{
    int32_t index = find_member(name);
    sl_json_value *to = sl_json_same(name, "sluice") ? &of->version
                        : sl_json_same(name, "verb") ? &of->verb
                        : index >= 0                 ? &of->values[index]
                                                     : NULL;

    if (to == NULL)
        return refuse(refusal, NULL, "unknown member '%.*s'", shown(name), name->text);
    if (to->text != NULL)
        return refuse(refusal, NULL, "the member '%.*s' stands twice", shown(name), name->text);
    *to = *value;
    of->found |= index >= 0 ? members[index].bit : 0;
    return 0;
}

static int32_t read_members(const char *line, size_t length, draft *of, sl_refusal *refusal)
{
    static const char hint[] = "one JSON object a line, such as {\"sluice\":1,\"verb\":\"status\"}";
    sl_json json;
    sl_json_value name, value;

    if (depth_of(line, length) > SL_PROTOCOL_DEPTH)
        return refuse(refusal, NULL, "the request is nested deeper than %d", SL_PROTOCOL_DEPTH);
    sl_json_open(&json, line, length);
    if (!sl_json_enter(&json, SL_JSON_OBJECT))
        return refuse(refusal, hint, "the request is no JSON object");
    while (sl_json_member(&json, &name, &value))
        if (gather(of, &name, &value, refusal) != 0)
            return -1;
    if (!sl_json_end(&json))
        return refuse(refusal, hint, "the request is no valid JSON: %s at byte %zu", json.error,
                      (size_t)(json.at - line));
    return 0;
}

/* Decodes a string where it stands; its closing quote becomes the terminator. NULL: it has a zero
 * byte. */
static const char *decode(const sl_json_value *value)
{
    char *text = (char *)(uintptr_t)value->text;
    size_t size = sl_json_decode(value, text);

    text[size] = '\0';
    return memchr(text, '\0', size) == NULL ? text : NULL;
}

static int32_t read_text(const struct member *of, const sl_json_value *value, void *to,
                         sl_refusal *refusal)
{
    const char *text = value->kind != SL_JSON_STRING ? NULL : decode(value);

    if (text == NULL || text[0] == '\0')
        return refuse(refusal, NULL, "'%s' must be text that is not empty", of->name);
    *(const char **)to = text;
    return 0;
}

static int32_t read_integer(const struct member *of, const sl_json_value *value, void *to,
                            sl_refusal *refusal)
{
    sl_cell cell = {0};

    if (value->kind != SL_JSON_NUMBER ||
        sl_value_number(value->text, value->size, &cell) != SL_SPELLING_INTEGER ||
        cell.as.integer < of->least || cell.as.integer > of->most)
        return refuse(refusal, NULL, "'%s' must be a whole number from %" PRId64 " to %" PRId64,
                      of->name, of->least, of->most);
    *(int64_t *)to = cell.as.integer;
    return 0;
}

/* The array becomes text of its own, over the comma or the bracket behind it. */
static int32_t read_texts(const struct member *of, const sl_json_value *value, void *to,
                          sl_refusal *refusal)
{
    sl_json json;
    sl_json_value text;

    sl_json_open(&json, value->text, value->size);
    int32_t sound = sl_json_enter(&json, SL_JSON_ARRAY);
    while (sound && sl_json_element(&json, &text))
        sound = text.kind == SL_JSON_STRING;
    if (!sound)
        return refuse(refusal, NULL, "'%s' must be an array of texts", of->name);
    ((char *)(uintptr_t)value->text)[value->size] = '\0';
    *(const char **)to = value->text;
    return 0;
}

static int32_t read_value(const struct member *of, const sl_json_value *value, sl_request *request,
                          sl_refusal *refusal)
{
    void *to = (char *)request + of->offset;

    if (of->kind == TEXT)
        return read_text(of, value, to, refusal);
    if (of->kind == INTEGER)
        return read_integer(of, value, to, refusal);
    if (of->kind == TEXTS)
        return read_texts(of, value, to, refusal);
    if (of->kind == BOOLEAN) {
        if (value->kind != SL_JSON_TRUE && value->kind != SL_JSON_FALSE)
            return refuse(refusal, NULL, "'%s' must be true or false", of->name);
        *(int32_t *)to = value->kind == SL_JSON_TRUE;
        return 0;
    }
    if (value->kind != SL_JSON_OBJECT)
        return refuse(refusal, NULL, "'%s' must be an object", of->name);
    ((char *)(uintptr_t)value->text)[value->size] = '\0'; /* over a comma or a bracket: see below */
    *(const char **)to = value->text;
    return 0;
}

static int32_t check_version(const draft *of, sl_refusal *refusal)
{
    sl_cell cell = {0};

    if (of->version.text == NULL)
        return refuse(refusal, "begin it with {\"sluice\":1, ...", "the request has no 'sluice'");
    if (of->version.kind != SL_JSON_NUMBER ||
        sl_value_number(of->version.text, of->version.size, &cell) != SL_SPELLING_INTEGER)
        return refuse(refusal, NULL, "'sluice' must be the version, a whole number");
    if (cell.as.integer != SL_PROTOCOL_VERSION)
        return refuse(refusal, "the command and the daemon are of different versions",
                      "version %" PRId64 " of the protocol is not spoken here, only %d",
                      cell.as.integer, SL_PROTOCOL_VERSION);
    return 0;
}

static int32_t check_members(const draft *of, sl_verb_id verb, sl_refusal *refusal)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        uint32_t bit = members[i].bit;
        if ((verbs[verb].needs & bit) != 0 && (of->found & bit) == 0)
            return refuse(refusal, NULL, "'%s' needs '%s'", verbs[verb].name, members[i].name);
        if ((of->found & bit & ~(verbs[verb].needs | verbs[verb].takes)) != 0)
            return refuse(refusal, NULL, "'%s' takes no '%s'", verbs[verb].name, members[i].name);
    }
    return 0;
}

static int32_t find_verb(const draft *of, sl_request *request, sl_refusal *refusal)
{
    const char *text = of->verb.kind == SL_JSON_STRING ? decode(&of->verb) : NULL;
    int32_t verb = text == NULL ? -1 : sl_protocol_verb_of(text);

    if (verb < 0)
        return refuse(refusal, "sluice --help lists the verbs", "there is no verb '%.60s'",
                      text == NULL ? "" : text);
    request->verb = (sl_verb_id)verb;
    return 0;
}

/* What only some words may be. */
static int32_t check_words(const sl_request *request, sl_refusal *refusal)
{
    sl_verb_id verb = request->verb;

    if (request->action != NULL && !is_among(verbs[verb].reads, request->action) &&
        !is_among(verbs[verb].changes, request->action))
        return refuse(refusal, NULL, "'%s' has no action '%.60s', only %s %s", verbs[verb].name,
                      request->action, verbs[verb].reads, verbs[verb].changes);
    if (request->format != NULL && !is_among("text json", request->format))
        return refuse(refusal, NULL, "'format' must be text or json");
    return 0;
}

/* All was looked at before anything is decoded, for decoding writes over the line. */
int32_t sl_request_read(char *line, size_t length, sl_request *request, sl_refusal *refusal)
{
    draft of = {0};

    *request = (sl_request){.rows = -1, .batches = -1, .interval = -1};
    if (read_members(line, length, &of, refusal) != 0 || check_version(&of, refusal) != 0 ||
        find_verb(&of, request, refusal) != 0 || check_members(&of, request->verb, refusal) != 0)
        return -1;
    for (size_t i = 0; i < MEMBERS; i++)
        if (of.values[i].text != NULL &&
            read_value(&members[i], &of.values[i], request, refusal) != 0)
            return -1;
    return check_words(request, refusal);
}

/* ---- Writing a request ----------------------------------------------------------------- */

static void add_member(const struct member *of, const sl_request *request, sl_builder *to)
{
    const void *from = (const char *)request + of->offset;
    int32_t raw = of->kind == OBJECT || of->kind == TEXTS;
    const char *text = of->kind == TEXT || raw ? *(const char *const *)from : NULL;

    if (of->kind == TEXT && text != NULL) {
        sl_builder_format(to, ",\"%s\":", of->name);
        sl_builder_json(to, text, strlen(text));
    } else if (raw && text != NULL) {
        sl_builder_format(to, ",\"%s\":%s", of->name, text);
    } else if (of->kind == INTEGER && *(const int64_t *)from >= 0) {
        sl_builder_format(to, ",\"%s\":%" PRId64, of->name, *(const int64_t *)from);
    } else if (of->kind == BOOLEAN && *(const int32_t *)from) {
        sl_builder_format(to, ",\"%s\":true", of->name);
    }
}

void sl_request_write(const sl_request *request, sl_builder *to)
{
    sl_builder_format(to, "{\"sluice\":%d,\"verb\":\"%s\"", SL_PROTOCOL_VERSION,
                      verbs[request->verb].name);
    for (size_t i = 0; i < MEMBERS; i++)
        add_member(&members[i], request, to);
    sl_builder_word(to, "}\n");
}

/*
 * answer.c - lines of an answer on the control socket, written and read; see protocol.h.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "daemon/protocol.h"
#include "stages/core/value.h"
#include "stages/json.h"

/* ---- Writing -------------------------------------------------------------------------- */

static void begin_member(sl_answer *answer, const char *name)
{
    if (!answer->first)
        sl_builder_word(answer->to, ",");
    answer->first = 0;
    if (name != NULL) {
        sl_builder_json(answer->to, name, strlen(name));
        sl_builder_word(answer->to, ":");
    }
}

static void begin_line(sl_answer *answer)
{
    answer->start = answer->to->size;
    answer->depth = 0;
    answer->first = 1;
    sl_answer_open(answer, NULL, '{');
}

void sl_answer_item(sl_answer *answer, const char *kind)
{
    begin_line(answer);
    sl_answer_text(answer, "item", kind);
}

void sl_answer_ok(sl_answer *answer)
{
    begin_line(answer);
    sl_answer_boolean(answer, "ok", 1);
}

int32_t sl_answer_failed(sl_answer *answer, const sl_error *error)
{
    begin_line(answer);
    sl_answer_boolean(answer, "ok", 0);
    sl_answer_integer(answer, "code", error->code == 0 ? SL_CODE_FAILED : error->code);
    sl_answer_error(answer, "error", error);
    return sl_answer_end(answer);
}

int32_t sl_answer_refused(sl_answer *answer, const sl_refusal *refusal)
{
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = refusal->code,
                      .message = refusal->message,
                      .hint = refusal->hint};
    return sl_answer_failed(answer, &error);
}

void sl_answer_text(sl_answer *answer, const char *name, const char *text)
{
    begin_member(answer, name);
    if (text == NULL)
        sl_builder_word(answer->to, "null");
    else
        sl_builder_json(answer->to, text, strlen(text));
}

void sl_answer_integer(sl_answer *answer, const char *name, int64_t number)
{
    begin_member(answer, name);
    sl_builder_format(answer->to, "%" PRId64, number);
}

void sl_answer_real(sl_answer *answer, const char *name, double number)
{
    char text[SL_VALUE_ROOM];

    begin_member(answer, name);
    if (isfinite(number))
        sl_builder_add(answer->to, text, sl_value_real(number, text));
    else
        sl_builder_word(answer->to, "null");
}

void sl_answer_boolean(sl_answer *answer, const char *name, int32_t yes)
{
    begin_member(answer, name);
    sl_builder_word(answer->to, yes ? "true" : "false");
}

void sl_answer_json(sl_answer *answer, const char *name, const char *json)
{
    begin_member(answer, name);
    sl_builder_word(answer->to, json);
}

void sl_answer_open(sl_answer *answer, const char *name, char bracket)
{
    assert(answer->depth < sizeof answer->ends);
    begin_member(answer, name);
    answer->ends[answer->depth++] = bracket == '{' ? '}' : ']';
    answer->first = 1;
    sl_builder_add(answer->to, &bracket, 1);
}

void sl_answer_close(sl_answer *answer)
{
    assert(answer->depth > 0);
    sl_builder_add(answer->to, &answer->ends[--answer->depth], 1);
    answer->first = 0;
}

static void add_text(sl_answer *answer, const char *name, const char *text)
{
    if (text != NULL)
        sl_answer_text(answer, name, text);
}

static void add_number(sl_answer *answer, const char *name, int64_t number)
{
    if (number > 0)
        sl_answer_integer(answer, name, number);
}

/* The members that sl_error_json writes, in its order. */
void sl_answer_error(sl_answer *answer, const char *name, const sl_error *error)
{
    sl_answer_open(answer, name, '{');
    sl_answer_text(answer, "level",
                   error->level == SL_LOG_ERROR     ? "error"
                   : error->level == SL_LOG_WARNING ? "warning"
                                                    : "note");
    add_number(answer, "code", error->code);
    add_text(answer, "message", error->message);
    add_text(answer, "hint", error->hint);
    add_text(answer, "file", error->file);
    add_number(answer, "line", error->line);
    add_number(answer, "column", error->column);
    add_number(answer, "length", error->length);
    add_text(answer, "stage", error->stage);
    add_text(answer, "option", error->option);
    add_text(answer, "source", error->source);
    add_number(answer, "row", error->row);
    add_number(answer, "source_line", error->source_line);
    add_text(answer, "data_column", error->data_column);
    sl_answer_close(answer);
}

int32_t sl_answer_end(sl_answer *answer)
{
    sl_builder *to = answer->to;

    while (answer->depth > 0)
        sl_answer_close(answer);
    sl_builder_hide(to, answer->start);
    size_t size = to->size - answer->start;
    sl_builder_word(to, "\n");
    if (!to->failed && size <= SL_PROTOCOL_LINE)
        return 0;
    to->size = answer->start;
    to->failed = 0;
    if (to->data != NULL)
        to->data[to->size] = '\0';
    return -1;
}

/* ---- Reading -------------------------------------------------------------------------- */

/* A member that must be text, terminated where it stands; NULL: it is none. */
static const char *text_of(const sl_json_value *value)
{
    char *text = (char *)(uintptr_t)value->text;

    if (text == NULL || value->kind != SL_JSON_STRING)
        return NULL;
    size_t size = sl_json_decode(value, text);
    text[size] = '\0';
    return memchr(text, '\0', size) == NULL ? text : NULL;
}

static int32_t read_error(const sl_json_value *object, sl_reply *reply)
{
    sl_json json;
    sl_json_value name, value, message = {0}, hint = {0};

    sl_json_open(&json, object->text, object->size);
    if (object->text == NULL || !sl_json_enter(&json, SL_JSON_OBJECT))
        return -1;
    while (sl_json_member(&json, &name, &value)) {
        if (sl_json_same(&name, "message"))
            message = value;
        else if (sl_json_same(&name, "hint"))
            hint = value;
    }
    reply->message = text_of(&message);
    reply->hint = text_of(&hint);
    return reply->message == NULL ? -1 : 0;
}

int32_t sl_reply_read(char *line, size_t length, char *copy, sl_reply *reply)
{
    sl_json json;
    sl_json_value name, value, ok = {0}, item = {0}, code = {0}, error = {0};
    sl_cell cell = {0};

    *reply = (sl_reply){.json = copy};
    memcpy(copy, line, length);
    copy[length] = '\0';
    sl_json_open(&json, line, length);
    if (!sl_json_enter(&json, SL_JSON_OBJECT))
        return -1;
    while (sl_json_member(&json, &name, &value)) {
        sl_json_value *to = sl_json_same(&name, "ok")      ? &ok
                            : sl_json_same(&name, "item")  ? &item
                            : sl_json_same(&name, "code")  ? &code
                            : sl_json_same(&name, "error") ? &error
                                                           : NULL;
        if (to != NULL)
            *to = value;
    }
    if (!sl_json_end(&json))
        return -1;
    reply->last = ok.text != NULL;
    reply->ok = ok.text != NULL && ok.kind == SL_JSON_TRUE;
    if (!reply->last) {
        reply->item = text_of(&item);
        return reply->item == NULL ? -1 : 0;
    }
    if (reply->ok)
        return 0;
    if (ok.kind != SL_JSON_FALSE || code.text == NULL || code.kind != SL_JSON_NUMBER ||
        sl_value_number(code.text, code.size, &cell) != SL_SPELLING_INTEGER ||
        cell.as.integer < 1 || cell.as.integer > 255)
        return -1;
    reply->code = (int32_t)cell.as.integer;
    return read_error(&error, reply);
}

/*
 * json.h - a strict reader and a writer of JSON text, for every stage that meets JSON.
 *
 * Reading follows RFC 8259 to the letter: nothing more is accepted and nothing less, with three
 * decisions where the standard leaves freedom: nesting beyond SL_JSON_DEPTH is refused, an
 * escaped half of a surrogate pair is refused, and so is text that is not valid UTF-8. Numbers
 * are slices, never converted here (sl_value_number reads them).
 *
 * One pass, no memory: a value is a slice of the text. A container is checked to its end and
 * given whole; enter it to see what is inside. Strings are decoded by whoever wants them.
 *
 *     sl_json json;
 *     sl_json_value name, value;
 *     sl_json_open(&json, text, size);
 *     if (sl_json_enter(&json, SL_JSON_OBJECT))
 *         while (sl_json_member(&json, &name, &value)) ...
 *     if (!sl_json_end(&json)) ... json.error says what is wrong at json.at
 *
 * Deliberately elsewhere: members as the cells of a row (json_row.h).
 * Thread: ANY THREAD.
 */
#ifndef SL_JSON_H
#define SL_JSON_H

#include "stages/core/stage.h"

#define SL_JSON_DEPTH 512 /* containers in containers */

#define SL_JSON_NULL 0u
#define SL_JSON_FALSE 1u
#define SL_JSON_TRUE 2u
#define SL_JSON_NUMBER 3u
#define SL_JSON_STRING 4u
#define SL_JSON_ARRAY 5u
#define SL_JSON_OBJECT 6u

typedef struct sl_json_value {
    uint32_t kind;    /* SL_JSON_* */
    uint32_t escaped; /* STRING: 1 when it contains a backslash and must be decoded */
    uint32_t whole;   /* NUMBER: 1 when it has no fraction and no exponent */
    const char *text; /* STRING: what stands between the quotes; otherwise the whole value */
    size_t size;
} sl_json_value;

typedef struct sl_json {
    const char *text; /* the document */
    const char *at;   /* where the reader stands, or where it failed */
    const char *end;
    const char *readable; /* memory may be looked at up to here, at least to end */
    const char *error;    /* NULL, or what is wrong at `at`; stays */
    uint32_t first;       /* the container that was entered has given nothing yet */
} sl_json;

/* Begins to read text[0..size). A caller whose memory goes on behind the text may raise
 * json->readable afterwards: the reader is faster with 16 bytes to look at. */
void sl_json_open(sl_json *json, const char *text, size_t size);

/* Reads the value that comes next. 1, or 0: failed. */
int sl_json_read(sl_json *json, sl_json_value *value);
/* Steps over the bracket of a container of this kind. 1, or 0: something else comes next, or
 * nothing (json->error is set only when it failed before). */
int sl_json_enter(sl_json *json, uint32_t kind);
/* Inside a container: the next member or element. 1, or 0: the container has ended (and was
 * left) or json->error is set. Duplicate names are given as they come. */
int sl_json_member(sl_json *json, sl_json_value *name, sl_json_value *value);
int sl_json_element(sl_json *json, sl_json_value *value);
/* The two halves of sl_json_member, for who compares names in his own way: the name and its
 * colon, then sl_json_read. */
int sl_json_name(sl_json *json, sl_json_value *name);
/* As sl_json_name, and faster when the guess is right: 2 when the name and its colon are spelled
 * exactly like spelled[0..size), say `"id":`; *name is untouched then. */
int sl_json_guess(sl_json *json, const char *spelled, size_t size, sl_json_value *name);
/* Whether nothing but white space is left. 1, or 0: failed, now or before. */
int sl_json_end(sl_json *json);

/* Decodes a STRING into `to`, which has room for value->size bytes and may be value->text
 * itself. Answers the length; not terminated. */
size_t sl_json_decode(const sl_json_value *value, char *to);
/* Whether the STRING is exactly this terminated text, escapes decoded. */
int sl_json_same(const sl_json_value *value, const char *text);
/* "null", "a boolean", "a number" ... for messages. */
const char *sl_json_kind_name(uint32_t kind);

/* Whether text is one valid JSON value with nothing but white space around it. */
int sl_json_valid(const char *text, size_t size);
/* Whether text is a JSON number and nothing else. */
int sl_json_is_number(const char *text, size_t size);
/* Copies valid JSON without the line ends between its tokens, so that it fits on one line.
 * `to` has room for size bytes. Answers the length. */
size_t sl_json_on_one_line(char *to, const char *text, size_t size);

/* Members of a small object such as a position or the arguments of a message; terminated text.
 * 1: found, 0: not there, -1: the text is no object or the member is of another kind. */
int sl_json_get(const char *object, const char *name, sl_json_value *value);
int sl_json_get_integer(const char *object, const char *name, int64_t *integer);
/* Decoded and terminated; -1 also when it does not fit. */
int sl_json_get_text(const char *object, const char *name, char *text, size_t size);

/* Room that sl_json_quote may touch for a text of `size` bytes. */
#define SL_JSON_QUOTED(size) (6 * (size_t)(size) + 2 + 16)
/* Writes the text as a JSON string, quotes and all. Answers the length (at least 2), or 0: the
 * text is not valid UTF-8. */
size_t sl_json_quote(char *to, const char *text, size_t size);
/* The length that sl_json_quote would answer, for texts too large for SL_JSON_QUOTED; 16 more
 * bytes may be touched. 0: not valid UTF-8. */
size_t sl_json_quoted_size(const char *text, size_t size);

#endif

/*
 * json.c - see json.h. Strings are scanned 16 bytes at a time; containers without recursion.
 */
#include "stages/json.h"

#include <string.h>

#include "stages/core/value.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static int fail(sl_json *json, const char *at, const char *error)
{
    if (json->error == NULL) {
        json->at = at;
        json->error = error;
    }
    return 0;
}

/* ---- Scanning ----------------------------------------------------------------------- */

static inline int is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The byte that comes after white space; 0 at the end (a NUL in the text is an error anyway). */
static inline char next_byte(sl_json *json)
{
    const char *at = json->at;
    while (at < json->end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    json->at = at;
    return at < json->end ? *at : '\0';
}

/* Whether a byte cannot stand in a string as it is. */
static inline int is_special(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

#ifdef __SSE2__
/* Bit i is set where byte i of the 16 is special. */
static inline unsigned specials(__m128i chunk)
{
    const __m128i low = _mm_set1_epi8(0x1f);
    __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(chunk, low), chunk);
    found = _mm_or_si128(found, _mm_cmpeq_epi8(chunk, _mm_set1_epi8('"')));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\')));
    return (unsigned)_mm_movemask_epi8(found);
}

static inline unsigned highs(__m128i chunk)
{
    return (unsigned)_mm_movemask_epi8(chunk);
}
#endif

/* The first special byte from `at` on, or the end. *high becomes nonzero when a byte beyond
 * ASCII was passed over (or stands just behind). */
static inline const char *pass_plain(const sl_json *json, const char *at, unsigned *high)
{
#ifdef __SSE2__
    while (json->readable - at >= 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned found = specials(chunk);
        *high |= highs(chunk);
        if (found != 0) {
            at += __builtin_ctz(found);
            return at < json->end ? at : json->end;
        }
        at += 16;
        if (at >= json->end)
            return json->end;
    }
#endif
    while (at < json->end && !is_special((unsigned char)*at))
        *high |= (unsigned char)*at++ & 0x80u;
    return at;
}

static int hex_digit(char byte)
{
    if (is_digit(byte))
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* The code unit of the `\uXXXX` at `at`, or -1. */
static int32_t code_unit(const char *at, const char *end)
{
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Checks the escape at `at`; answers what stands behind it, NULL: failed. */
static const char *pass_escape(sl_json *json, const char *at)
{
    if (json->end - at >= 2 && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL)
        return at + 2;
    int32_t unit = code_unit(at, json->end);
    if (unit < 0)
        fail(json, at, "a backslash in a string must begin an escape");
    else if (unit < 0xd800 || unit > 0xdfff)
        return at + 6;
    else if (unit > 0xdbff)
        fail(json, at, "the second half of a surrogate pair has no first half");
    else {
        int32_t low = code_unit(at + 6, json->end);
        if (low >= 0xdc00 && low <= 0xdfff)
            return at + 12;
        fail(json, at, "the first half of a surrogate pair has no second half");
    }
    return NULL;
}

static int read_string(sl_json *json, sl_json_value *value)
{
    const char *start = json->at + 1;
    const char *at = start;
    unsigned high = 0;
    uint32_t escaped = 0;
    for (;;) {
        at = pass_plain(json, at, &high);
        if (at >= json->end)
            return fail(json, start - 1, "the string is not closed");
        if (*at == '"')
            break;
        if (*at != '\\')
            return fail(json, at, "a control character in a string must be escaped");
        escaped = 1;
        at = pass_escape(json, at);
        if (at == NULL)
            return 0;
    }
    size_t size = (size_t)(at - start);
    if (high != 0) {
        size_t valid = sl_value_utf8(start, size);
        if (valid < size)
            return fail(json, start + valid, "the text is not valid UTF-8");
    }
    *value =
        (sl_json_value){.kind = SL_JSON_STRING, .escaped = escaped, .text = start, .size = size};
    json->at = at + 1;
    return 1;
}

static inline const char *pass_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static int read_number(sl_json *json, sl_json_value *value)
{
    const char *start = json->at, *end = json->end, *at = start, *digits;
    uint32_t whole = 1;
    if (*at == '-')
        at++;
    digits = at;
    at = pass_digits(at, end);
    if (at == digits)
        return fail(json, start, "a minus must be followed by a digit");
    if (*digits == '0' && at - digits > 1)
        return fail(json, start, "a number must not begin with 0");
    if (at < end && *at == '.') {
        whole = 0;
        digits = ++at;
        at = pass_digits(at, end);
        if (at == digits)
            return fail(json, start, "a point in a number must be followed by a digit");
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        whole = 0;
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        at = pass_digits(at, end);
        if (at == digits)
            return fail(json, start, "the exponent of a number has no digits");
    }
    *value = (sl_json_value){
        .kind = SL_JSON_NUMBER, .whole = whole, .text = start, .size = (size_t)(at - start)};
    json->at = at;
    return 1;
}

static int read_word(sl_json *json, sl_json_value *value, uint32_t kind, const char *word,
                     size_t size)
{
    if ((size_t)(json->end - json->at) < size || memcmp(json->at, word, size) != 0)
        return fail(json, json->at, "expected a value");
    *value = (sl_json_value){.kind = kind, .text = json->at, .size = size};
    json->at += size;
    return 1;
}

/* Any value but a container; json->at stands at its first byte, which is `first`. */
static inline int read_scalar(sl_json *json, char first, sl_json_value *value)
{
    if (first == '"')
        return read_string(json, value);
    if (first == '-' || is_digit(first))
        return read_number(json, value);
    if (first == 't')
        return read_word(json, value, SL_JSON_TRUE, "true", 4);
    if (first == 'f')
        return read_word(json, value, SL_JSON_FALSE, "false", 5);
    if (first == 'n')
        return read_word(json, value, SL_JSON_NULL, "null", 4);
    return fail(json, json->at,
                json->at < json->end ? "expected a value" : "the text ends before a value");
}

/* A member's name and its colon. */
static int read_name(sl_json *json, sl_json_value *name)
{
    if (next_byte(json) != '"')
        return fail(json, json->at, "expected a name in double quotes");
    if (!read_string(json, name))
        return 0;
    if (next_byte(json) != ':')
        return fail(json, json->at, "expected ':' after a name");
    json->at++;
    return 1;
}

static int fail_after_value(sl_json *json, int in_object)
{
    if (json->at >= json->end)
        return fail(json, json->at,
                    in_object ? "the object is not closed" : "the array is not closed");
    return fail(json, json->at, in_object ? "expected ',' or '}'" : "expected ',' or ']'");
}

/* Where one stands inside nested containers: one bit a level, set for objects. */
struct nest {
    uint64_t objects[SL_JSON_DEPTH / 64];
    uint32_t depth;
};

static inline int in_object(const struct nest *nest)
{
    uint32_t level = nest->depth - 1;
    return (int)(nest->objects[level / 64] >> (level % 64) & 1);
}

/* Steps into the container that opens with `bracket`, up to its first value. *begins: 1 when
 * a value comes next, 0 when the container was empty and was left. */
static int nest_open(sl_json *json, struct nest *nest, char bracket, int *begins)
{
    if (nest->depth == SL_JSON_DEPTH)
        return fail(json, json->at, "more than 512 arrays and objects inside each other");
    uint64_t bit = (uint64_t)1 << (nest->depth % 64);
    uint64_t *word = &nest->objects[nest->depth / 64];
    *word = bracket == '{' ? *word | bit : *word & ~bit;
    nest->depth++;
    json->at++;
    *begins = 1;
    char first = next_byte(json);
    if (first == (bracket == '{' ? '}' : ']')) {
        json->at++;
        nest->depth--;
        *begins = 0;
        return 1;
    }
    sl_json_value name;
    return bracket == '[' || read_name(json, &name);
}

/* After a value: a comma, or the end of the container. */
static int nest_step(sl_json *json, struct nest *nest, int *begins)
{
    int object = in_object(nest);
    char byte = next_byte(json);
    if (byte == ',') {
        sl_json_value name;
        json->at++;
        *begins = 1;
        return !object || read_name(json, &name);
    }
    if (byte != (object ? '}' : ']'))
        return fail_after_value(json, object);
    json->at++;
    nest->depth--;
    return 1;
}

static int read_container(sl_json *json, char bracket, sl_json_value *value)
{
    struct nest nest = {.objects = {0}, .depth = 0};
    const char *start = json->at;
    int begins = 1;
    do {
        if (!begins) {
            if (!nest_step(json, &nest, &begins))
                return 0;
            continue;
        }
        char first = next_byte(json);
        begins = 0;
        if (first == '{' || first == '[') {
            if (!nest_open(json, &nest, first, &begins))
                return 0;
        } else if (!read_scalar(json, first, value)) {
            return 0;
        }
    } while (nest.depth > 0);
    *value = (sl_json_value){.kind = bracket == '{' ? SL_JSON_OBJECT : SL_JSON_ARRAY,
                             .text = start,
                             .size = (size_t)(json->at - start)};
    return 1;
}

/* ---- The reader --------------------------------------------------------------------- */

void sl_json_open(sl_json *json, const char *text, size_t size)
{
    *json = (sl_json){.text = text, .at = text, .end = text + size, .readable = text + size};
}

int sl_json_read(sl_json *json, sl_json_value *value)
{
    if (json->error != NULL)
        return 0;
    char first = next_byte(json);
    json->first = 0;
    if (first == '{' || first == '[')
        return read_container(json, first, value);
    return read_scalar(json, first, value);
}

int sl_json_enter(sl_json *json, uint32_t kind)
{
    if (json->error != NULL || next_byte(json) != (kind == SL_JSON_OBJECT ? '{' : '['))
        return 0;
    json->at++;
    json->first = 1;
    return 1;
}

/* 1: another value comes; 0: the container has ended, or failed. */
static inline int continues(sl_json *json, char closing)
{
    if (json->error != NULL)
        return 0;
    char byte = next_byte(json);
    if (byte == closing) {
        json->at++;
        json->first = 0;
        return 0;
    }
    if (json->first) {
        json->first = 0;
        return json->at < json->end || fail_after_value(json, closing == '}');
    }
    if (byte != ',')
        return fail_after_value(json, closing == '}');
    json->at++;
    return 1;
}

int sl_json_name(sl_json *json, sl_json_value *name)
{
    return continues(json, '}') && read_name(json, name);
}

int sl_json_guess(sl_json *json, const char *spelled, size_t size, sl_json_value *name)
{
    if (!continues(json, '}'))
        return 0;
    if (next_byte(json) == '"' && (size_t)(json->end - json->at) >= size &&
        memcmp(json->at, spelled, size) == 0) {
        json->at += size;
        return 2;
    }
    return read_name(json, name);
}

int sl_json_member(sl_json *json, sl_json_value *name, sl_json_value *value)
{
    return sl_json_name(json, name) && sl_json_read(json, value);
}

int sl_json_element(sl_json *json, sl_json_value *value)
{
    return continues(json, ']') && sl_json_read(json, value);
}

int sl_json_end(sl_json *json)
{
    if (json->error != NULL)
        return 0;
    next_byte(json);
    return json->at == json->end || fail(json, json->at, "more text follows the value");
}

/* ---- Strings ------------------------------------------------------------------------ */

static char *put_utf8(char *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (char)(0xe0 | code >> 12);
        } else {
            *to++ = (char)(0xf0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (code & 0x3f));
    return to;
}

static char unescaped(char byte)
{
    switch (byte) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return byte;
    }
}

size_t sl_json_decode(const sl_json_value *value, char *to)
{
    const char *at = value->text, *end = at + value->size;
    char *put = to;
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((slash == NULL ? end : slash) - at);
        memmove(put, at, plain);
        put += plain;
        if (slash == NULL)
            break;
        at = slash;
        if (at[1] != 'u') {
            *put++ = unescaped(at[1]);
            at += 2;
            continue;
        }
        int32_t code = code_unit(at, end);
        at += 6;
        if (code >= 0xd800 && code <= 0xdbff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (code_unit(at, end) - 0xdc00);
            at += 6;
        }
        put = put_utf8(put, code);
    }
    return (size_t)(put - to);
}

/* Compares piece by piece, so that no memory is needed. */
int sl_json_same(const sl_json_value *value, const char *text)
{
    const char *at = value->text, *end = at + value->size;
    size_t size = strlen(text);
    if (!value->escaped)
        return value->size == size && memcmp(at, text, size) == 0;
    while (at < end) {
        char piece[12];
        size_t raw = 1;
        if (*at == '\\') {
            int32_t unit = code_unit(at, end);
            raw = unit < 0 ? 2 : unit >= 0xd800 && unit <= 0xdbff ? 12 : 6;
        }
        sl_json_value one = {.kind = SL_JSON_STRING, .text = at, .size = raw};
        size_t length = sl_json_decode(&one, piece);
        if (length > size || memcmp(piece, text, length) != 0)
            return 0;
        text += length;
        size -= length;
        at += raw;
    }
    return size == 0;
}

const char *sl_json_kind_name(uint32_t kind)
{
    switch (kind) {
    case SL_JSON_NULL:
        return "null";
    case SL_JSON_FALSE:
    case SL_JSON_TRUE:
        return "a boolean";
    case SL_JSON_NUMBER:
        return "a number";
    case SL_JSON_STRING:
        return "a string";
    case SL_JSON_ARRAY:
        return "an array";
    default:
        return "an object";
    }
}

int sl_json_valid(const char *text, size_t size)
{
    sl_json json;
    sl_json_value value;
    sl_json_open(&json, text, size);
    return sl_json_read(&json, &value) && sl_json_end(&json);
}

int sl_json_is_number(const char *text, size_t size)
{
    sl_json json;
    sl_json_value value;
    sl_json_open(&json, text, size);
    return size > 0 && (*text == '-' || is_digit(*text)) && read_number(&json, &value) &&
           json.at == json.end;
}

size_t sl_json_on_one_line(char *to, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    char *put = to;
    while (at < end) {
        const char *start = at;
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        memmove(put, start, (size_t)(at - start));
        put += at - start;
        at += at < end;
    }
    return (size_t)(put - to);
}

/* ---- Small objects ------------------------------------------------------------------ */

int sl_json_get(const char *object, const char *name, sl_json_value *value)
{
    sl_json json;
    sl_json_value key, member;
    int found = 0;
    sl_json_open(&json, object, strlen(object));
    if (!sl_json_enter(&json, SL_JSON_OBJECT))
        return -1;
    while (sl_json_member(&json, &key, &member)) {
        if (sl_json_same(&key, name)) {
            *value = member;
            found = 1;
        }
    }
    return sl_json_end(&json) ? found : -1;
}

int sl_json_get_integer(const char *object, const char *name, int64_t *integer)
{
    sl_json_value value;
    sl_cell cell;
    int found = sl_json_get(object, name, &value);
    if (found <= 0)
        return found;
    if (value.kind != SL_JSON_NUMBER ||
        sl_value_number(value.text, value.size, &cell) != SL_SPELLING_INTEGER)
        return -1;
    *integer = cell.as.integer;
    return 1;
}

int sl_json_get_text(const char *object, const char *name, char *text, size_t size)
{
    sl_json_value value;
    int found = sl_json_get(object, name, &value);
    if (found <= 0)
        return found;
    if (value.kind != SL_JSON_STRING || value.size >= size)
        return -1;
    text[sl_json_decode(&value, text)] = '\0';
    return 1;
}

/* ---- The writer --------------------------------------------------------------------- */

static char *put_escape(char *to, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    *to++ = '\\';
    if (byte == '"' || byte == '\\') {
        *to++ = (char)byte;
    } else if (byte < sizeof(letters) && letters[byte] != '\0') {
        *to++ = letters[byte];
    } else {
        memcpy(to, "u00", 3);
        to[3] = hex[byte >> 4];
        to[4] = hex[byte & 15];
        to += 5;
    }
    return to;
}

size_t sl_json_quote(char *to, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    char *put = to;
    unsigned high = 0;
    *put++ = '"';
#ifdef __SSE2__
    while (end - at >= 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)at);
        unsigned found = specials(chunk);
        high |= highs(chunk);
        _mm_storeu_si128((__m128i *)(void *)put, chunk);
        int plain = found == 0 ? 16 : __builtin_ctz(found);
        at += plain;
        put += plain;
        if (found != 0)
            put = put_escape(put, (unsigned char)*at++);
    }
#endif
    for (; at < end; at++) {
        unsigned char byte = (unsigned char)*at;
        high |= byte & 0x80u;
        if (is_special(byte))
            put = put_escape(put, byte);
        else
            *put++ = (char)byte;
    }
    *put++ = '"';
    if (high != 0 && sl_value_utf8(text, size) < size)
        return 0;
    return (size_t)(put - to);
}

size_t sl_json_quoted_size(const char *text, size_t size)
{
    char escape[8];
    size_t length = 2;
    if (sl_value_utf8(text, size) < size)
        return 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        length += is_special(byte) ? (size_t)(put_escape(escape, byte) - escape) : 1;
    }
    return length;
}

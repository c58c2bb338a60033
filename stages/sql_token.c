/*
 * sql_token.c - see sql_token.h; with it the questions of sql.h that words alone answer.
 *
 * The rules are those of SQLite's tokenizer (src/tokenize.c): what is a word there is one here.
 */
#include "stages/sql_token.h"

#include <string.h>

#include "stages/core/value.h"
#include "stages/sql.h"

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What may stand inside a word; what may start one is the same without digits and $. */
static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '$' || (c & 0x80) != 0;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* ---- Cutting ------------------------------------------------------------------------- */

/* The byte after the spaces and comments at `at`; *unclosed: a comment has no end. */
static uint32_t skip(const char *text, uint32_t at, int *unclosed)
{
    for (;;) {
        if (is_space(text[at])) {
            at++;
        } else if (text[at] == '-' && text[at + 1] == '-') {
            while (text[at] != '\0' && text[at] != '\n')
                at++;
        } else if (text[at] == '/' && text[at + 1] == '*') {
            const char *end = strstr(text + at + 2, "*/");

            if (end == NULL) {
                *unclosed = 1;
                return at;
            }
            at = (uint32_t)(end + 2 - text);
        } else {
            return at;
        }
    }
}

/* The size of what is quoted at `at`, with its quotes; 0: it has no end. */
static uint32_t measure_quoted(const char *text, uint32_t at)
{
    char end = text[at] == '[' ? ']' : text[at];
    uint32_t to = at + 1;

    for (; text[to] != '\0'; to++) {
        if (text[to] != end)
            continue;
        if (end == ']' || text[to + 1] != end)
            return to + 1 - at;
        to++;
    }
    return 0;
}

static uint32_t measure_word(const char *text, uint32_t at)
{
    uint32_t to = at;

    while (is_word(text[to]))
        to++;
    return to - at;
}

static uint32_t measure_number(const char *text, uint32_t at)
{
    uint32_t to = at;

    while (is_word(text[to]) || text[to] == '.' ||
           ((text[to] == '+' || text[to] == '-') && lower(text[to - 1]) == 'e' &&
            is_digit(text[to + 1]) && lower(text[at + 1]) != 'x'))
        to++;
    return to - at;
}

static uint32_t measure_operator(const char *text, uint32_t at)
{
    static const char *const pairs[] = {"==", "<=", "<>", "<<", ">=", ">>", "!=", "||", "->"};

    if (strncmp(text + at, "->>", 3) == 0)
        return 3;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strncmp(text + at, pairs[i], 2) == 0)
            return 2;
    return 1;
}

static sl_sql_token quoted(const char *text, uint32_t at, uint32_t quote, sl_sql_kind kind)
{
    uint32_t size = measure_quoted(text, quote);

    if (size == 0)
        return (sl_sql_token){SL_SQL_UNCLOSED, quote, (uint32_t)strlen(text + quote)};
    return (sl_sql_token){kind, at, size + quote - at};
}

sl_sql_token sl_sql_token_next(const char *text, uint32_t from)
{
    int unclosed = 0;
    uint32_t at = skip(text, from, &unclosed);
    char c = text[at];

    if (unclosed)
        return (sl_sql_token){SL_SQL_UNCLOSED, at, (uint32_t)strlen(text + at)};
    if (c == '\0')
        return (sl_sql_token){SL_SQL_END, at, 0};
    if (c == '\'')
        return quoted(text, at, at, SL_SQL_STRING);
    if (c == '"' || c == '`' || c == '[')
        return quoted(text, at, at, SL_SQL_QUOTED);
    if ((c == 'x' || c == 'X') && text[at + 1] == '\'')
        return quoted(text, at, at + 1, SL_SQL_BYTES);
    if (is_digit(c) || (c == '.' && is_digit(text[at + 1])))
        return (sl_sql_token){SL_SQL_NUMBER, at, measure_number(text, at)};
    if (c == ':' || c == '$' || c == '@' || c == '#' || c == '?')
        return (sl_sql_token){SL_SQL_PARAM, at, 1 + measure_word(text, at + 1)};
    if (is_word(c))
        return (sl_sql_token){SL_SQL_NAME, at, measure_word(text, at)};
    if (c == '(' || c == ')')
        return (sl_sql_token){c == '(' ? SL_SQL_OPEN : SL_SQL_CLOSE, at, 1};
    return (sl_sql_token){SL_SQL_OPERATOR, at, measure_operator(text, at)};
}

sl_sql_token sl_sql_token_after(const char *text, const sl_sql_token *token)
{
    return sl_sql_token_next(text, token->at + token->size);
}

/* ---- Comparing ----------------------------------------------------------------------- */

static int same(char a, char b, int exact)
{
    return a == b || (!exact && lower(a) == lower(b));
}

/* Whether the name that the token spells, quotes undone, is `name`. */
static int spells(const char *text, const sl_sql_token *token, const char *name, int exact)
{
    const char *at = text + token->at, *end = at + token->size;
    char quote = '\0';

    if (token->kind == SL_SQL_QUOTED) {
        quote = *at == '[' ? ']' : *at;
        at++;
        end--;
    } else if (token->kind != SL_SQL_NAME) {
        return 0;
    }
    for (; at < end; at++, name++) {
        if (*name == '\0' || !same(*at, *name, exact))
            return 0;
        if (*at == quote)
            at++; /* doubled */
    }
    return *name == '\0';
}

int sl_sql_token_names(const char *text, const sl_sql_token *token, const char *name)
{
    return spells(text, token, name, 0);
}

int sl_sql_token_is(const char *text, const sl_sql_token *token, const char *word)
{
    size_t size = strlen(word);

    if (token->size != size || (token->kind != SL_SQL_NAME && token->kind != SL_SQL_OPERATOR))
        return 0;
    for (size_t i = 0; i < size; i++)
        if (!same(text[token->at + i], word[i], 0))
            return 0;
    return 1;
}

int32_t sl_sql_token_column(const char *text, const sl_sql_token *token, const sl_column *columns,
                            uint32_t count)
{
    int32_t found = -1;

    for (uint32_t i = 0; i < count; i++) {
        if (!spells(text, token, columns[i].name, 0))
            continue;
        if (spells(text, token, columns[i].name, 1))
            return (int32_t)i;
        if (found < 0)
            found = (int32_t)i;
    }
    return found;
}

/* ---- What an expression is by its spelling ------------------------------------------- */

int32_t sl_sql_plain(const char *text, const sl_column *columns, uint32_t count)
{
    static const char *const literals[] = {"NULL", "CURRENT_DATE", "CURRENT_TIME",
                                           "CURRENT_TIMESTAMP"};
    sl_sql_token token = sl_sql_token_next(text, 0);

    if (sl_sql_token_after(text, &token).kind != SL_SQL_END)
        return -1;
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++)
        if (sl_sql_token_is(text, &token, literals[i]))
            return -1;
    return sl_sql_token_column(text, &token, columns, count);
}

/* The type that the name behind AS in a CAST makes, by the rules of SQLite's section 3.1. */
static sl_type cast_type(const char *text, const sl_sql_token *name)
{
    static const struct {
        const char *part;
        sl_type type;
    } parts[] = {{"INT", SL_TYPE_INTEGER}, {"CHAR", SL_TYPE_TEXT}, {"CLOB", SL_TYPE_TEXT},
                 {"TEXT", SL_TYPE_TEXT},   {"BLOB", SL_TYPE_BLOB}, {"REAL", SL_TYPE_REAL},
                 {"FLOA", SL_TYPE_REAL},   {"DOUB", SL_TYPE_REAL}};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (uint32_t at = 0; at + strlen(parts[i].part) <= name->size; at++)
            if (strncasecmp(text + name->at + at, parts[i].part, strlen(parts[i].part)) == 0)
                return parts[i].type;
    return SL_TYPE_NUMERIC;
}

/* CAST(... AS type) and nothing behind it. */
static sl_type type_of_cast(const char *text, sl_sql_token token)
{
    sl_sql_token before = {0}, last = {0};
    int32_t depth = 0;

    for (; token.kind != SL_SQL_END; token = sl_sql_token_after(text, &token)) {
        if (token.kind == SL_SQL_CLOSE && --depth == 0)
            break;
        if (token.kind == SL_SQL_OPEN)
            depth++;
        before = last;
        last = token;
    }
    if (token.kind == SL_SQL_END || sl_sql_token_after(text, &token).kind != SL_SQL_END)
        return SL_TYPE_ANY;
    if (last.kind != SL_SQL_NAME || !sl_sql_token_is(text, &before, "AS"))
        return SL_TYPE_ANY; /* VARCHAR(10), DOUBLE PRECISION: the value says */
    return cast_type(text, &last);
}

sl_type sl_sql_type(const char *text)
{
    sl_sql_token token = sl_sql_token_next(text, 0);
    sl_sql_token next = sl_sql_token_after(text, &token);
    sl_cell value;

    if (sl_sql_token_is(text, &token, "CAST") && next.kind == SL_SQL_OPEN)
        return type_of_cast(text, next);
    if (sl_sql_token_is(text, &token, "-") && next.kind == SL_SQL_NUMBER) {
        token = next;
        next = sl_sql_token_after(text, &token);
    }
    if (next.kind != SL_SQL_END)
        return SL_TYPE_ANY;
    if (token.kind == SL_SQL_STRING)
        return SL_TYPE_TEXT;
    if (token.kind == SL_SQL_BYTES)
        return SL_TYPE_BLOB;
    if (token.kind != SL_SQL_NUMBER)
        return SL_TYPE_ANY;
    switch (sl_value_number(text + token.at, token.size, &value)) {
    case SL_SPELLING_INTEGER:
        return SL_TYPE_INTEGER;
    case SL_SPELLING_REAL:
        return SL_TYPE_REAL;
    case SL_SPELLING_TEXT:
    case SL_SPELLING_HUGE:
        break;
    }
    return SL_TYPE_ANY; /* 0x1F, .5, beyond 64 bits */
}

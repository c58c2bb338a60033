/*
 * sql_token.c - see sql_token.h.
 *
 * The rules are those of SQLite's tokenizer (src/tokenize.c): what is a word there is one here.
 */
#include "stages/sql_token.h"

#include <string.h>

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

/*
 * sql_hint.c - see sql_hint.h. SQLite's messages are those of 3.40; one that is not known here
 * is passed on as it is.
 */
#include "stages/sql_hint.h"

#include <stdio.h>
#include <string.h>

#include "stages/core/text.h"
#include "stages/core/value.h"
#include "stages/sql_token.h"

#define NAMES_COMPARED 2000 /* columns among which a nearest name is looked for */
#define NAMES_LISTED 30
#define WORD_SHOWN 80 /* bytes of a user's word in a message */

/* ---- Saying -------------------------------------------------------------------------- */

static sl_place place(const sl_sql_scene *scene, const sl_sql_token *token, const char *hint)
{
    return (sl_place){.code = SL_CODE_CONFIG,
                      .value = scene->expression->value,
                      .byte = token->at,
                      .length = token->size,
                      .hint = hint};
}

#define say(scene, token, hint_text, ...)                                                          \
    ((scene)->stage->host->failure(                                                                   \
        (scene)->stage, &(sl_place[]){place((scene), (token), (hint_text))}[0], __VA_ARGS__))

/* A warning whose place has SL_CODE_CONFIG is a mistake for `check` all the same. */
#define warn(scene, place, ...)                                                                    \
    ((scene)->stage->host->log((scene)->stage, SL_LOG_WARNING, (place), __VA_ARGS__))

/* The name that a token spells, quotes taken off; cut at WORD_SHOWN. */
typedef struct word {
    char text[WORD_SHOWN + 1];
} word;

static word copy_word(const char *text, size_t size)
{
    word copy = {0};
    size_t kept = size < WORD_SHOWN ? size : WORD_SHOWN;

    memcpy(copy.text, text, kept);
    copy.text[sl_value_utf8(copy.text, kept)] = '\0';
    return copy;
}

static word token_word(const char *text, const sl_sql_token *token)
{
    uint32_t quotes = token->kind == SL_SQL_QUOTED || token->kind == SL_SQL_STRING;

    return copy_word(text + token->at + quotes, token->size - 2 * quotes);
}

/* What stands in the message behind a known beginning; NULL: it begins otherwise. */
static const char *after(const char *message, const char *beginning)
{
    size_t size = strlen(beginning);

    return strncmp(message, beginning, size) == 0 ? message + size : NULL;
}

/* ---- Hints about columns ------------------------------------------------------------- */

static const char *nearest_column(const sl_sql_scene *scene, const char *name)
{
    uint32_t count = scene->count < NAMES_COMPARED ? scene->count : NAMES_COMPARED;
    const char *names[64], *best = NULL;

    for (uint32_t i = 0; i < count;) { /* the nearest of each 63 and the best so far */
        size_t taken = 0;

        if (best != NULL)
            names[taken++] = best;
        while (taken < 64 && i < count)
            names[taken++] = scene->columns[i++].name;
        best = sl_value_nearest(name, names, taken);
    }
    return best;
}

static void list_columns(const sl_sql_scene *scene, sl_builder *hint)
{
    uint32_t listed = scene->count < NAMES_LISTED ? scene->count : NAMES_LISTED;

    if (scene->count == 0)
        return;
    sl_builder_word(hint, hint->size > 0 ? " the columns here are: " : "the columns here are: ");
    for (uint32_t i = 0; i < listed; i++)
        sl_builder_format(hint, "%s%s", i > 0 ? ", " : "",
                          copy_word(scene->columns[i].name, strlen(scene->columns[i].name)).text);
    if (listed < scene->count)
        sl_builder_format(hint, " and %u more", (unsigned)(scene->count - listed));
}

/* A column whose name needs quotes and stands at the token without them: order-id, or the
 * keyword order; NULL: none. */
static const char *unquoted_column(const sl_sql_scene *scene, const sl_sql_token *token)
{
    const char *at = scene->expression->text + token->at, *best = NULL;
    size_t longest = 0;

    for (uint32_t i = 0; i < scene->count && token->kind == SL_SQL_NAME; i++) {
        size_t size = strlen(scene->columns[i].name);

        if (size >= token->size && size > longest &&
            strncasecmp(at, scene->columns[i].name, size) == 0) {
            best = scene->columns[i].name;
            longest = size;
        }
    }
    return best;
}

/* Whether the token is compared with the one before it: status = paid. */
static int is_compared(const char *text, const sl_sql_token *token)
{
    static const char *const operators[] = {"=", "==", "<>", "!=", "IS", "LIKE", "GLOB"};
    sl_sql_token before = {.kind = SL_SQL_END}, now = sl_sql_token_next(text, 0);

    for (; now.at < token->at; now = sl_sql_token_after(text, &now))
        before = now;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (before.kind != SL_SQL_END && sl_sql_token_is(text, &before, operators[i]))
            return 1;
    return 0;
}

static sl_status no_such_column(const sl_sql_scene *scene, const sl_sql_token *token,
                                const char *name)
{
    sl_builder hint = {.env = scene->stage->env};
    const char *nearest = nearest_column(scene, name);
    const char *unquoted = unquoted_column(scene, token);
    int quoted = token->kind == SL_SQL_QUOTED;
    int32_t in_single_quotes = quoted || is_compared(scene->expression->text, token);

    if (unquoted != NULL)
        sl_builder_format(&hint, "write the column in double quotes: \"%s\";", unquoted);
    else if (nearest != NULL)
        sl_builder_format(&hint, "did you mean '%s'?", nearest);
    if (in_single_quotes && unquoted == NULL)
        sl_builder_format(&hint, "%s%stext stands in single quotes: '%s';",
                          hint.size > 0 ? " " : "", quoted ? "double quotes name a column, " : "",
                          name);
    list_columns(scene, &hint);
    say(scene, token, hint.data, "no such column '%s'", name);
    sl_builder_done(&hint);
    return SL_ERROR;
}

/* ---- Before SQLite looks ------------------------------------------------------------- */

static const char *const yaml_hint = "YAML cuts an unquoted value at ' #' and breaks it at ': ': "
                                     "put the whole expression in quotes, or behind `|`";
static const char *const one_row_hint =
    "an expression sees one row at a time; whole streams are the work of `transformer: "
    "aggregate`, `sort` and `filter: dedupe`";

static sl_status check_param(const sl_sql_scene *scene, const sl_sql_token *token)
{
    const char *text = scene->expression->text;
    const sl_value *value = NULL;
    word name = copy_word(text + token->at + 1, token->size - 1);

    if ((text[token->at] != ':' && text[token->at] != '$') || token->size == 1)
        return say(scene, token, "write :name for a param of the graph",
                   "'%.*s' is not a param of the graph", (int)token->size, text + token->at);
    if (strlen(name.text) == token->size - 1)
        value = scene->stage->host->param(scene->stage, name.text);
    if (value == NULL)
        return say(scene, token, "params of the graph are declared at its top, params: {name: ...}",
                   "no such param '%s'", name.text);
    if (value->kind == SL_VALUE_LIST || value->kind == SL_VALUE_MAP)
        return say(scene, token, NULL, "param '%s' is a %s, and an expression takes one value",
                   name.text, value->kind == SL_VALUE_LIST ? "list" : "map");
    return SL_OK;
}

/* The number of a row in a batch has these names in SQLite: here they are only columns'. */
static sl_status check_row_number(const sl_sql_scene *scene, const sl_sql_token *token)
{
    static const char *const row_names[] = {"rowid", "oid", "_rowid_"};
    const char *text = scene->expression->text;

    for (size_t i = 0; i < sizeof row_names / sizeof *row_names; i++)
        if (sl_sql_token_names(text, token, row_names[i]) &&
            sl_sql_token_column(text, token, scene->columns, scene->count) < 0)
            return no_such_column(scene, token, row_names[i]);
    return SL_OK;
}

/* A name that two columns share but for its case means neither. */
static sl_status check_name(const sl_sql_scene *scene, const sl_sql_token *token)
{
    const char *text = scene->expression->text, *first = NULL;
    sl_sql_token next = sl_sql_token_after(text, token);

    if (check_row_number(scene, token) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < scene->count && next.kind != SL_SQL_OPEN; i++) {
        const char *name = scene->columns[i].name;

        if (!sl_sql_token_names(text, token, name))
            continue;
        if (first != NULL)
            return say(scene, token, "rename one of them: `transformer: select` with `rename:`",
                       "'%s' could be the column '%s' or '%s': SQL does not tell them apart",
                       token_word(text, token).text, first, name);
        first = name;
    }
    return SL_OK;
}

static sl_status check_query(const sl_sql_scene *scene, const sl_sql_token *token,
                             const sl_sql_token *before)
{
    const char *text = scene->expression->text;

    if (sl_sql_token_is(text, token, "SELECT") ||
        (before->kind == SL_SQL_OPEN &&
         (sl_sql_token_is(text, token, "VALUES") || sl_sql_token_is(text, token, "WITH"))))
        return say(scene, token, one_row_hint, "a query cannot stand in an expression");
    return SL_OK;
}

/* Whether a format asks for widths that only waste time: `*`, or five digits and more. */
static int is_wide(const char *format, uint32_t size)
{
    uint32_t digits = 0;

    for (uint32_t i = 0, inside = 0; i < size; i++) {
        if (format[i] == '%')
            inside = !inside;
        else if (inside && format[i] == '*')
            return 1;
        else if (inside && strchr("+-0 #,!.", format[i]) == NULL &&
                 !(format[i] >= '0' && format[i] <= '9'))
            inside = 0;
        digits = inside && format[i] >= '0' && format[i] <= '9' ? digits + 1 : 0;
        if (digits > 4)
            return 1;
    }
    return 0;
}

/* SQLite writes a width out byte by byte and cannot be stopped meanwhile: what printf is asked
 * for must be seen before it runs. */
static sl_status check_format(const sl_sql_scene *scene, const sl_sql_token *token)
{
    const char *text = scene->expression->text;
    sl_sql_token open = sl_sql_token_after(text, token);
    sl_sql_token format = sl_sql_token_after(text, &open);
    sl_sql_token behind = sl_sql_token_after(text, &format);

    if (open.kind != SL_SQL_OPEN ||
        !(sl_sql_token_is(text, token, "printf") || sl_sql_token_is(text, token, "format")))
        return SL_OK;
    if (format.kind != SL_SQL_STRING ||
        (behind.kind != SL_SQL_CLOSE && !sl_sql_token_is(text, &behind, ",")))
        return say(scene, &format, "such as printf('%.2f', amount)",
                   "the format must be written as a text");
    if (is_wide(text + format.at, format.size))
        return say(scene, &format, "widths have at most four digits",
                   "a format with '*' or with a very large width");
    return SL_OK;
}

static sl_status check_token(const sl_sql_scene *scene, const sl_sql_token *token,
                             const sl_sql_token *before)
{
    const char *text = scene->expression->text;

    switch (token->kind) {
    case SL_SQL_UNCLOSED:
        return say(scene, token, yaml_hint, "a %s that is not closed",
                   text[token->at] == '/' ? "comment" : "quote");
    case SL_SQL_PARAM:
        return check_param(scene, token);
    case SL_SQL_NAME:
        if (check_query(scene, token, before) != SL_OK || check_format(scene, token) != SL_OK)
            return SL_ERROR;
        return check_name(scene, token);
    case SL_SQL_QUOTED:
        return check_name(scene, token);
    case SL_SQL_OPERATOR:
        if (sl_sql_token_is(text, token, ";"))
            return say(scene, token, NULL, "';' has no place in an expression");
        return SL_OK;
    case SL_SQL_END:
    case SL_SQL_STRING:
    case SL_SQL_NUMBER:
    case SL_SQL_BYTES:
    case SL_SQL_OPEN:
    case SL_SQL_CLOSE:
        return SL_OK;
    }
    return SL_OK;
}

/* With every parenthesis closed, what is put in parentheses stays in its place. */
static sl_status check_parentheses(const sl_sql_scene *scene)
{
    const char *text = scene->expression->text;
    sl_sql_token outermost = {0}, token = sl_sql_token_next(text, 0);
    int32_t depth = 0;

    for (; token.kind != SL_SQL_END; token = sl_sql_token_after(text, &token)) {
        if (token.kind == SL_SQL_OPEN && depth++ == 0)
            outermost = token;
        if (token.kind == SL_SQL_CLOSE && --depth < 0)
            return say(scene, &token, NULL, "a ')' without its '('");
    }
    if (depth > 0)
        return say(scene, &outermost, NULL, "a '(' without its ')'");
    return SL_OK;
}

sl_status sl_sql_hint_check(const sl_sql_scene *scene)
{
    const char *text = scene->expression->text;
    sl_sql_token before = {.kind = SL_SQL_END}, token = sl_sql_token_next(text, 0);

    if (token.kind == SL_SQL_END)
        return say(scene, &token, NULL, "an expression is missing");
    for (; token.kind != SL_SQL_END; token = sl_sql_token_after(text, &token)) {
        if (check_token(scene, &token, &before) != SL_OK)
            return SL_ERROR;
        before = token;
    }
    return check_parentheses(scene);
}

/* ---- What SQLite says ---------------------------------------------------------------- */

static sl_status no_such_function(const sl_sql_scene *scene, const sl_sql_token *token,
                                  const char *name)
{
    size_t count;
    const char *const *names = sl_sql_guard_functions(&count);
    const char *nearest = sl_value_nearest(name, names, count);
    char hint[WORD_SHOWN + 40];

    if (nearest == NULL)
        return say(scene, token, "the functions are those of SQLite: sqlite.org/lang_corefunc.html",
                   "no such function '%s'", name);
    if (sl_value_same_name(nearest, name) == 0) /* allowed, but younger than this SQLite */
        return say(scene, token, "it came with a later SQLite than this one",
                   "no such function '%s'", name);
    snprintf(hint, sizeof hint, "did you mean '%s'?", nearest);
    return say(scene, token, hint, "no such function '%s'", name);
}

static sl_status refused(const sl_sql_scene *scene, const sl_sql_token *token,
                         sl_sql_refusal refusal)
{
    word name = token_word(scene->expression->text, token);

    if (refusal == SL_SQL_REFUSED_AGGREGATE)
        return say(scene, token, one_row_hint, "'%s' looks at more rows than one", name.text);
    if (refusal == SL_SQL_REFUSED_FUNCTION)
        return say(scene, token, "an expression may call pure functions only",
                   "function '%s' is not allowed here", name.text);
    return say(scene, token, one_row_hint, "a query cannot stand in an expression");
}

static sl_status syntax_error(const sl_sql_scene *scene, const sl_sql_token *token)
{
    const char *text = scene->expression->text, *column = unquoted_column(scene, token);
    const char *hint = NULL;
    char room[2 * WORD_SHOWN + 80];

    if (column != NULL) {
        snprintf(room, sizeof room,
                 "if the column '%s' is meant, write it in double quotes: \"%s\"",
                 copy_word(column, WORD_SHOWN).text, copy_word(column, WORD_SHOWN).text);
        hint = room;
    } else if (sl_sql_token_is(text, token, "&")) {
        hint = "SQL spells it AND";
    } else if (sl_sql_token_is(text, token, "AS")) {
        hint = "the name of the result is the key in the YAML";
    }
    return say(scene, token, hint, "syntax error near '%s'", token_word(text, token).text);
}

/* The token that begins at a byte of the expression; at the end, the last one. */
static sl_sql_token token_at(const char *text, int64_t byte)
{
    sl_sql_token last = {0}, token = sl_sql_token_next(text, 0);

    for (; token.kind != SL_SQL_END; token = sl_sql_token_after(text, &token)) {
        last = token;
        if (token.at + token.size > byte)
            break;
    }
    return last;
}

sl_status sl_sql_hint_explain(const sl_sql_scene *scene, const sl_sql_guard *guard, int offset)
{
    const char *text = scene->expression->text, *message = sqlite3_errmsg(guard->db), *name;
    int64_t byte = sqlite3_error_offset(guard->db) - (int64_t)offset;
    sl_sql_token token = {0};

    if (sqlite3_errcode(guard->db) == SQLITE_NOMEM)
        return sl_no_memory(scene->stage);
    if (byte >= 0)
        token = token_at(text, byte);
    if (guard->refusal != SL_SQL_REFUSED_NOTHING)
        return refused(scene, &token, guard->refusal);
    if ((name = after(message, "no such column: ")) != NULL)
        return no_such_column(scene, &token, copy_word(name, strlen(name)).text);
    if ((name = after(message, "no such function: ")) != NULL)
        return no_such_function(scene, &token, copy_word(name, strlen(name)).text);
    if (after(message, "misuse of ") != NULL)
        return refused(scene, &token, SL_SQL_REFUSED_AGGREGATE);
    if (after(message, "no such table: ") != NULL)
        return refused(scene, &token, SL_SQL_REFUSED_QUERY);
    if (after(message, "near \"") != NULL && byte >= (int64_t)strlen(text))
        return say(scene, &token, yaml_hint, "the expression ends too early");
    if (after(message, "near \"") != NULL)
        return syntax_error(scene, &token);
    if (after(message, "incomplete input") != NULL)
        return say(scene, &token, yaml_hint, "the expression ends too early");
    return say(scene, &token, NULL, "%s", message);
}

/* ---- What is rarely meant ------------------------------------------------------------ */

static int is_comparison(const char *text, const sl_sql_token *token)
{
    static const char *const operators[] = {
        "=", "==", "<>", "!=", "<", "<=", ">", ">=", "IS", "IN", "BETWEEN"};

    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (sl_sql_token_is(text, token, operators[i]))
            return 1;
    return 0;
}

/* Whether the value before which (or behind which) a token stands is a whole operand. */
static int is_border(const char *text, const sl_sql_token *token)
{
    static const char *const words[] = {"AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "END", ","};

    if (token->kind == SL_SQL_END || token->kind == SL_SQL_OPEN || token->kind == SL_SQL_CLOSE)
        return 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sl_sql_token_is(text, token, words[i]))
            return 1;
    return 0;
}

static void warn_number(const sl_sql_scene *scene, const sl_sql_token *name,
                        const sl_sql_token *number)
{
    const char *text = scene->expression->text;
    word column = token_word(text, name), literal = copy_word(text + number->at, number->size);
    const char *type = strpbrk(literal.text, ".eE") != NULL ? "real" : "integer";
    char hint[3 * WORD_SHOWN + 80];

    snprintf(hint, sizeof hint, "to compare numbers give the reader `columns: {%s: %s}`",
             column.text, type);
    sl_place at = place(scene, name, hint);
    at.code = SL_CODE_FAILED; /* it may be meant */
    warn(scene, &at, "column '%s' is text, and is compared with %s as text", column.text,
         literal.text);
}

static void warn_empty(const sl_sql_scene *scene, const sl_sql_token *name,
                       const sl_sql_token *string)
{
    word column = token_word(scene->expression->text, name);
    char hint[2 * WORD_SHOWN + 40];

    snprintf(hint, sizeof hint, "write %s IS NULL, or %s IS NOT NULL", column.text, column.text);
    sl_place at = place(scene, string, hint);
    warn(scene, &at,
         "an empty field of '%s' is NULL, and NULL is neither equal to '' nor different from it",
         column.text);
}

/* name and literal are compared: name OPERATOR literal, or the other way round. */
static void warn_pair(const sl_sql_scene *scene, const sl_sql_token *name,
                      const sl_sql_token *literal)
{
    const char *text = scene->expression->text;
    int32_t index = sl_sql_token_column(text, name, scene->columns, scene->count);
    const sl_column *column = index >= 0 ? &scene->columns[index] : NULL;

    if (column == NULL)
        return;
    if (literal->kind == SL_SQL_NUMBER && column->type == SL_TYPE_TEXT)
        warn_number(scene, name, literal);
    if (literal->kind == SL_SQL_STRING && literal->size == 2 && (column->flags & SL_COLUMN_FACES))
        warn_empty(scene, name, literal);
}

void sl_sql_hint_warn(const sl_sql_scene *scene)
{
    const char *text = scene->expression->text;
    sl_sql_token w[5] = {0}; /* border, operand, operator, operand, border */

    for (w[4] = sl_sql_token_next(text, 0);; w[4] = sl_sql_token_after(text, &w[4])) {
        int signs = (sl_sql_token_is(text, &w[4], "-") || sl_sql_token_is(text, &w[4], "+")) &&
                    is_comparison(text, &w[3]);
        int opens = w[4].kind == SL_SQL_OPEN && sl_sql_token_is(text, &w[3], "IN");
        int negates = sl_sql_token_is(text, &w[4], "NOT") && !is_border(text, &w[3]) &&
                      !is_comparison(text, &w[3]);

        if (signs || opens || negates) /* = -5, IN (5, NOT IN: the window stays */
            continue;
        if (is_comparison(text, &w[2]) && is_border(text, &w[0]) && is_border(text, &w[4])) {
            warn_pair(scene, &w[1], &w[3]);
            warn_pair(scene, &w[3], &w[1]);
        }
        if (w[4].kind == SL_SQL_END)
            break;
        memmove(w, w + 1, 4 * sizeof *w);
    }
}

/*
 * traps.c - text that means one thing to its author and another to YAML.
 *
 * SQL is full of what YAML takes for its own: `#`, `: `, quotes, commas, braces. The advice is
 * nearly always the same: quote the whole value, or write it as a block after `|`.
 *
 * Deliberately elsewhere: reading YAML (yaml.c), SQL itself (stages/sql.c).
 */
#include "config/traps.h"

#include <string.h>

#include "config/caret.h"

#define QUOTE_ALL "quote the whole expression, or use `|`"
#define QUOTE_VALUE "quote the whole value, or use `|`"

/* ---- What stops the scanner ---------------------------------------------------------------- */

static size_t line_start(const sl_yaml *yaml, size_t byte)
{
    return yaml->lines[sl_caret_line(yaml, byte) - 1];
}

/* The last byte before `byte` on its line that is no blank; 0: none. */
static char before(const sl_yaml *yaml, size_t byte)
{
    size_t start = line_start(yaml, byte);
    while (byte > start && (yaml->text[byte - 1] == ' ' || yaml->text[byte - 1] == '\t')) {
        byte--;
    }
    return byte > start ? yaml->text[byte - 1] : '\0';
}

/* Whether the line has a key and its colon before `byte`. */
static int key_before(const sl_yaml *yaml, size_t byte)
{
    for (size_t at = line_start(yaml, byte); at + 1 < byte; at++) {
        if (yaml->text[at] == ':' && (yaml->text[at + 1] == ' ' || yaml->text[at + 1] == '\t')) {
            return 1;
        }
    }
    return 0;
}

static int tab_indents(const sl_yaml *yaml, size_t byte)
{
    size_t start = line_start(yaml, byte);
    size_t width = strspn(yaml->text + start, " \t");
    return memchr(yaml->text + start, '\t', width) != NULL && byte <= start + width;
}

static void set(sl_trap *trap, const char *message, const char *hint)
{
    trap->message = message;
    trap->hint = hint;
}

static const char *since(const sl_yaml *yaml, sl_arena *arena, const sl_trap *trap)
{
    return trap->context == NULL ? NULL
                                 : sl_arena_format(arena, "what it is part of starts at line %zu",
                                                   sl_caret_line(yaml, trap->context_byte));
}

static int contains(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

static void explain_brackets(const sl_yaml *yaml, sl_arena *arena, sl_trap *trap)
{
    const char *text = yaml->text;
    char last = before(yaml, trap->byte);
    int list = contains(trap->context, "sequence");
    if (text[trap->byte] == '{' && last == '$') {
        trap->byte--;
        trap->length = strcspn(text + trap->byte, "}\r\n") + 1;
        set(trap, "a `${...}` inside [ ] or { } breaks off at its brace",
            "quote it: \"${name}\", or write the list or map in lines of its own");
        return;
    }
    if (last == '\'' || last == '"') {
        set(trap, "there is text after the closing quote", QUOTE_ALL);
        return;
    }
    set(trap, list ? "a ',' or ']' is missing" : "a ',' or '}' is missing",
        sl_arena_format(arena, "the '%s' at line %zu is not closed before this", list ? "[" : "{",
                        sl_caret_line(yaml, trap->context_byte)));
}

static void explain_colon(const sl_yaml *yaml, sl_trap *trap)
{
    trap->length = 1;
    if (key_before(yaml, trap->byte)) {
        set(trap, "a ': ' inside a value makes YAML see another key", QUOTE_ALL);
    } else {
        trap->byte = line_start(yaml, trap->byte);
        trap->byte += strspn(yaml->text + trap->byte, " ");
        trap->length = 0;
        set(trap, "a key cannot stand here", "give this line the indentation of the keys above");
    }
}

static void explain_key(const sl_yaml *yaml, sl_arena *arena, sl_trap *trap)
{
    char last = before(yaml, trap->byte);
    if (last == '\'' || last == '"') {
        set(trap, "there is text after the closing quote", QUOTE_ALL);
    } else if (last == ']' || last == '}') {
        set(trap, "there is text after the closing bracket", QUOTE_VALUE);
    } else {
        set(trap, "this line fits no list and no map above it", since(yaml, arena, trap));
    }
}

static void explain_character(const sl_yaml *yaml, sl_arena *arena, sl_trap *trap)
{
    char c = yaml->text[trap->byte];
    trap->length = 1;
    if (c == '\t') {
        set(trap, "a tab cannot stand here", "use blanks");
        return;
    }
    set(trap, sl_arena_format(arena, "a value cannot start with '%c'", c), QUOTE_VALUE);
}

void sl_traps_explain(const sl_yaml *yaml, sl_arena *arena, sl_trap *trap)
{
    const char *problem = trap->problem;
    set(trap, NULL, NULL);
    if (contains(trap->context, "quoted scalar") && contains(problem, "end of stream")) {
        trap->byte = trap->context_byte;
        trap->length = 1;
        set(trap, "this quote is never closed", "close it, or use `|` for text with quotes in it");
    } else if (tab_indents(yaml, trap->byte) || contains(problem, "tab character")) {
        trap->byte = line_start(yaml, trap->byte);
        trap->byte += strcspn(yaml->text + trap->byte, "\t");
        trap->length = 1;
        set(trap, "a tab cannot indent YAML", "use blanks");
    } else if (contains(problem, "mapping values are not allowed")) {
        explain_colon(yaml, trap);
    } else if (contains(problem, "expected ',' or")) {
        explain_brackets(yaml, arena, trap);
    } else if (contains(problem, "cannot start any token")) {
        explain_character(yaml, arena, trap);
    } else if (contains(problem, "did not find expected key") ||
               contains(problem, "expected '-' indicator") || contains(problem, "document start")) {
        explain_key(yaml, arena, trap);
    } else if (contains(problem, "could not find expected ':'")) {
        trap->byte = trap->context_byte;
        set(trap, "a ':' is missing after this key",
            "write `key: value`; a long value goes on in lines that are indented further");
    } else if (contains(problem, "alias") || contains(problem, "anchor")) {
        set(trap, problem, "quote a value that starts with '*' or '&'");
    } else {
        set(trap, problem, since(yaml, arena, trap));
    }
    if (trap->message == NULL) {
        trap->message = problem;
    }
}

/* ---- SQL that was cut ------------------------------------------------------------------------ */

/* SQL text that does not stand by itself. *byte: where the quote or parenthesis opens. */
typedef enum sl_cut { WHOLE, OPEN_QUOTE, OPEN_PARENTHESIS, CLOSED_TOO_OFTEN } sl_cut;

static sl_cut find_cut(const char *text, size_t *byte)
{
    char quote = '\0';
    size_t opened = 0;
    size_t quoted = 0;
    int depth = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (quote != '\0') {
            quote = text[i] == quote ? '\0' : quote;
        } else if (text[i] == '\'' || text[i] == '"') {
            quote = text[i];
            quoted = i;
        } else if (text[i] == '(') {
            opened = depth++ == 0 ? i : opened;
        } else if (text[i] == ')' && --depth < 0) {
            *byte = i;
            return CLOSED_TOO_OFTEN;
        }
    }
    *byte = quote != '\0' ? quoted : opened;
    return quote != '\0' ? OPEN_QUOTE : depth > 0 ? OPEN_PARENTHESIS : WHOLE;
}

static int found(const sl_yaml *yaml, const sl_yaml_node *node, size_t byte, sl_trap *trap,
                 const char *message)
{
    int exact;
    trap->byte = sl_caret_source(yaml, node, byte, &exact);
    trap->length = 1;
    set(trap, message, QUOTE_ALL);
    return 1;
}

static int check_scalar(const sl_yaml *yaml, const sl_yaml_node *node, sl_trap *trap)
{
    size_t byte = 0;
    if (node->style != SL_YAML_PLAIN) {
        return 0;
    }
    sl_cut cut = find_cut(node->text, &byte);
    if (cut == WHOLE) {
        return 0;
    }
    size_t blanks = strspn(yaml->text + node->end, " \t");
    if (blanks > 0 && yaml->text[node->end + blanks] == '#') {
        (void)found(yaml, node, 0, trap, "YAML cuts the expression here: ' #' starts a comment");
        trap->byte = node->end + blanks;
        return 1;
    }
    if (node->flow && yaml->text[node->end + blanks] == ',') {
        (void)found(yaml, node, 0, trap,
                    "YAML cuts the expression here: a ',' ends a value inside [ ] and { }");
        trap->byte = node->end + blanks;
        return 1;
    }
    return 0;
}

static int check_key(const sl_yaml *yaml, const sl_yaml_node *key, sl_trap *trap)
{
    size_t byte = 0;
    if (key->style != SL_YAML_PLAIN || find_cut(key->text, &byte) != OPEN_QUOTE) {
        return 0;
    }
    (void)found(yaml, key, 0, trap, "YAML cuts the expression here: ': ' makes it a key");
    trap->byte = key->end;
    return 1;
}

int sl_traps_sql(const sl_yaml *yaml, const sl_yaml_node *node, sl_trap *trap)
{
    if (node->kind == SL_YAML_SCALAR) {
        return check_scalar(yaml, node, trap);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const sl_yaml_item *item = &node->items[i];
        if ((item->key != NULL && check_key(yaml, item->key, trap)) ||
            sl_traps_sql(yaml, item->value, trap)) {
            return 1;
        }
    }
    return 0;
}

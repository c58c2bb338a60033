/*
 * roff.c - text inside a manual page; see roff.h.
 */
#include "config/roff.h"

#include <ctype.h>
#include <string.h>

/* One character; `first` of its line, where a dot or a quote would be a macro. */
static void put(FILE *to, char c, int first, int literal)
{
    static const struct {
        char c;
        const char *prose; /* NULL: as it is */
        const char *literal;
    } marks[] = {
        {'\\', "\\e", "\\e"},    {'\'', "\\(aq", "\\(aq"}, {'`', "\\(ga", "\\(ga"},
        {'^', "\\(ha", "\\(ha"}, {'~', "\\(ti", "\\(ti"},  {'-', NULL, "\\-"},
        {'"', "\\(dq", "\\(dq"},
    };
    if (first && c == '.')
        fputs("\\&", to);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marks[i].c == c && (literal ? marks[i].literal : marks[i].prose) != NULL) {
            fputs(literal ? marks[i].literal : marks[i].prose, to);
            return;
        }
    fputc(c, to);
}

static void put_code(FILE *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put(to, text[i], i == 0, 1);
}

void sl_roff_code(FILE *to, const char *text)
{
    put_code(to, text, strlen(text));
}

/* Words one after the other, `code` in bold: an option's `-` stays one also outside. */
static void put_prose(FILE *to, const char *text, size_t size)
{
    int first = 1, code = 0;
    for (size_t i = 0; i < size; i++) {
        int option = text[i] == '-' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '-');
        if (text[i] == '`' && (code || memchr(text + i + 1, '`', size - i - 1) != NULL)) {
            fputs(code ? "\\fR" : "\\fB", to);
            code = !code;
        } else if (text[i] == '\n') {
            fputc('\n', to);
        } else {
            put(to, text[i], first, code || option);
        }
        first = text[i] == '\n';
    }
    fputc('\n', to);
}

void sl_roff_prose(FILE *to, const char *text)
{
    put_prose(to, text, strlen(text));
}

/* Lines up to a blank one, or up to where indented ones begin or end: answers their bytes. */
static size_t block(const char *text)
{
    int indented = text[0] == ' ';
    size_t size = 0;
    while (text[size] != '\0' && text[size] != '\n' && (text[size] == ' ') == indented) {
        size += strcspn(text + size, "\n");
        size += text[size] == '\n';
    }
    return size;
}

static void put_lines(FILE *to, const char *text, size_t size)
{
    fputs(".PP\n.RS 4\n.nf\n", to);
    for (size_t at = 0; at < size;) {
        size_t line = strcspn(text + at, "\n");
        line = line < size - at ? line : size - at;
        put_code(to, text + at, line);
        fputs(line == 0 ? "\\&\n" : "\n", to);
        at += line + 1;
    }
    fputs(".fi\n.RE\n", to);
}

void sl_roff_example(FILE *to, const char *text)
{
    put_lines(to, text, strlen(text));
}

void sl_roff_paragraphs(FILE *to, const char *text)
{
    while (*text != '\0') {
        size_t size = block(text);
        if (size > 0 && text[0] == ' ') {
            put_lines(to, text, size);
        } else if (size > 0) {
            fputs(".PP\n", to);
            put_prose(to, text, text[size - 1] == '\n' ? size - 1 : size);
        }
        text += size;
        text += strspn(text, "\n");
    }
}

void sl_roff_head(FILE *to, const char *name, const char *section, const char *version,
                  const char *manual, const char *summary)
{
    fputs(".\\\" Made by `sluice manual` from the tables that --help is made from.\n.TH ", to);
    for (const char *c = name; *c != '\0'; c++)
        put(to, (char)toupper((unsigned char)*c), 0, 1);
    fprintf(to, " %s \"\" \"Sluice %s\" \"%s\"\n.SH NAME\n", section, version, manual);
    sl_roff_code(to, name);
    fputs(" \\- ", to);
    sl_roff_prose(to, summary);
}

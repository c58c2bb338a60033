/*
 * quote.c - text inside JSON, DOT, Mermaid and markdown.
 */
#include "config/quote.h"

#include <string.h>

void sl_quote_json(FILE *to, const char *text)
{
    if (text == NULL) {
        (void)fputs("null", to);
        return;
    }
    (void)fputc('"', to);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            (void)fprintf(to, "\\%c", c);
        } else if (c == '\n') {
            (void)fputs("\\n", to);
        } else if (c < 0x20 || c == 0x7f) {
            (void)fprintf(to, "\\u%04x", c);
        } else {
            (void)fputc(c, to);
        }
    }
    (void)fputc('"', to);
}

void sl_quote_dot(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)fprintf(to, "\\%c", *text);
        } else if (*text == '\n') {
            (void)fputs("\\n", to);
        } else {
            (void)fputc(*text, to);
        }
    }
}

void sl_quote_mermaid(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r') {
            (void)fputc(' ', to);
        } else if (strchr("\"<>&#;[]{}()|`\\", *text) != NULL) {
            (void)fprintf(to, "#%d;", (unsigned char)*text);
        } else {
            (void)fputc(*text, to);
        }
    }
}

void sl_quote_markdown(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r') {
            (void)fputc(' ', to);
        } else if (*text == '<') {
            (void)fputs("&lt;", to);
        } else {
            (void)fprintf(to, "%s%c", *text == '|' ? "\\" : "", *text);
        }
    }
}

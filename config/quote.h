/*
 * quote.h - text inside JSON, YAML, DOT and Mermaid, so that no name can break out of its place.
 */
#ifndef SL_QUOTE_H
#define SL_QUOTE_H

#include <stdio.h>

/* A JSON string with its quotes; NULL is written as null. */
void sl_quote_json(FILE *to, const char *text);
/* The inside of a DOT string: `"` and `\` escaped, line ends as \n. */
void sl_quote_dot(FILE *to, const char *text);
/* The inside of a Mermaid label: what could end it is written as an entity. */
void sl_quote_mermaid(FILE *to, const char *text);
/* Text in a cell of a markdown table: on one line, `|` and `<` escaped. */
void sl_quote_markdown(FILE *to, const char *text);

#endif

/*
 * roff.h - text inside a manual page, in the man macros, so that no text can be taken for a macro.
 */
#ifndef SL_ROFF_H
#define SL_ROFF_H

#include <stdio.h>

/* Literal text on one line: what a person types. */
void sl_roff_code(FILE *to, const char *text);
/* Prose with `code` in bold, and a line end. */
void sl_roff_prose(FILE *to, const char *text);
/* Paragraphs: a blank line parts them, lines that begin with a space stand as they are. */
void sl_roff_paragraphs(FILE *to, const char *text);
/* Lines as they are, indented. */
void sl_roff_example(FILE *to, const char *text);
/* The head of a page, up to and with its NAME. */
void sl_roff_head(FILE *to, const char *name, const char *section, const char *version,
                  const char *manual, const char *summary);

#endif

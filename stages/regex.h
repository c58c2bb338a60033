/*
 * regex.h - a pattern with named groups, and what a text has in them.
 *
 * Patterns are PCRE2's, in UTF mode. A match has limits of steps, depth and memory, so that no
 * pattern and no text hangs a run: a text that does not finish within them is told apart from
 * one that does not match. The machine code of PCRE2's JIT is used where memory protection
 * allows it.
 *
 * Thread: WORKER, with the stage.
 */
#ifndef SL_REGEX_H
#define SL_REGEX_H

#include "stages/core/stage.h"

typedef struct sl_regex sl_regex;

/* Compiles; the pattern is the option's text. NULL: failed, said at the byte of the option. */
sl_regex *sl_regex_new(sl_stage *stage, const sl_value *pattern);
void sl_regex_free(sl_regex *regex); /* NULL: nothing */

/* The named groups, in the order of their numbers; names live as long as the regex. */
uint32_t sl_regex_count(const sl_regex *regex);
const char *sl_regex_name(const sl_regex *regex, uint32_t index);

/* Fills a cell for each named group: TEXT, a slice of text, or NULL when the group took no part.
 * 1; 0: no match; -1: it did not finish, *why says so. */
int sl_regex_match(sl_regex *regex, const char *text, size_t size, sl_cell *cells,
                   const char **why);

#endif

/*
 * caret.h - from a byte to a line and a column, and from a scalar's text back to the file.
 */
#ifndef SL_CARET_H
#define SL_CARET_H

#include "config/yaml.h"

/* Notes where the lines of yaml->text start. SL_ERROR: no memory. */
sl_status sl_caret_lines(sl_yaml *yaml, sl_arena *arena);

/* The line, from 1, of a byte of the file. */
size_t sl_caret_line(const sl_yaml *yaml, size_t byte);

/* Fills file, text, line, column and length of *error for bytes of the file; the length is cut
 * at the end of the line, and stays 0 (the word there) when it is 0. */
void sl_caret_place(const sl_yaml *yaml, size_t byte, size_t length, sl_error *error);

/*
 * Where byte `byte` of a scalar's text stands in the file. Exact in plain, quoted and literal
 * scalars; where that is not known (escapes, folded blocks) the scalar's start. *exact: 1 or 0.
 */
size_t sl_caret_source(const sl_yaml *yaml, const sl_yaml_node *scalar, size_t byte, int *exact);

/* The bytes to underline when a whole node is meant; 0: the word where it starts. */
size_t sl_caret_extent(const sl_yaml *yaml, const sl_yaml_node *node);

#endif

/*
 * option.h - option tables: from written values to a stage's own struct, checked.
 *
 * The one place that reads sl_option tables. config checks a graph with it, the test harness
 * fills stages with it, describe prints from the same tables.
 */
#ifndef SL_OPTION_H
#define SL_OPTION_H

#include "stages/core/error.h"

/* How a value's place becomes a place in the YAML: fills file, text, line, column, length of
 * *error. `byte` and `length` are of value->text; byte -1 is the key that the value belongs to
 * (or the value, where it has none). */
typedef void sl_locate(const sl_value *value, int64_t byte, int64_t length, sl_error *error);

/*
 * Fills self (self_size bytes, zeroed) from `written`, a map, and the table's fallbacks.
 * What is not in the table, missing, of the wrong type, out of bounds or not among the
 * choices is an error, with the nearest name as hint; all of them are added. The strings
 * that self points to live in the arena or in `written`. Keys in `skip` (ends at NULL; may
 * be NULL) are not the stage's. SL_OK, or SL_ERROR: at least one error was added.
 */
sl_status sl_option_fill(const sl_stage_type *type, const char *stage_name, const sl_value *written,
                         const char *const *skip, void *self, sl_arena *arena, sl_errors *errors,
                         sl_locate *locate);

/* The item of a map with this key; NULL: none. */
const sl_value *sl_value_get(const sl_value *map, const char *key);

/* Entry i of a type's option table, as this host sees it (the plugin's element size is
 * honoured); NULL after the last. The entry is good until the next call when the sizes
 * differ; with equal sizes as long as the type. */
const sl_option *sl_option_at(const sl_stage_type *type, uint32_t index, sl_option *room);

/* The word people read for a type: "text", "integer", "size" ... */
const char *sl_option_type_name(sl_option_type type);
const char *sl_role_name(sl_role role); /* "reader" ... */
const char *sl_type_name(sl_type type); /* column types: "any", "integer" ... */
/* The column type that a word names: integer int real float text string blob boolean bool json
 * numeric any; -1: none. */
int32_t sl_type_named(const char *name);

#endif

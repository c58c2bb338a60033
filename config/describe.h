/*
 * describe.h - what can be said of stage types and plans from their tables alone.
 *
 * Nothing here knows a stage: a type that is registered is in the list, has a manual, and is
 * part of the schema. Deliberately elsewhere: guarantees and memory bounds (daemon).
 */
#ifndef SL_DESCRIBE_H
#define SL_DESCRIBE_H

#include <stdio.h>

#include "config/plan.h"

typedef enum sl_describe_format {
    SL_DESCRIBE_TEXT,
    SL_DESCRIBE_MARKDOWN, /* of a graph: the same as text */
    SL_DESCRIBE_JSON,
    SL_DESCRIBE_DOT,     /* of a graph only */
    SL_DESCRIBE_MERMAID, /* of a graph only */
} sl_describe_format;

/* The list of all types with their summaries; in markdown and JSON with all there is to say. */
void sl_describe_list(const sl_registry *registry, sl_describe_format format, FILE *to);
/* The manuals of all types with this name, a csv reader and a csv exporter both. SL_END: there is
 * none, and nothing was written. */
sl_status sl_describe_stage(const sl_registry *registry, const char *name,
                            sl_describe_format format, FILE *to);
/* What an option takes: "integer from 1 to 10, default 5". */
void sl_describe_kind(FILE *to, const sl_option *option);
/* The manual page sluice-graph(5): the language, and every registered stage. */
void sl_describe_page(const sl_registry *registry, const char *version, FILE *to);
/* The nearest name of a type; NULL: none is near. */
const char *sl_describe_nearest(const sl_registry *registry, const char *name);
/* JSON Schema (draft-07) of the YAML language with every registered stage. */
void sl_describe_schema(const sl_registry *registry, FILE *to);
/* The picture of a plan. */
void sl_describe_graph(const sl_plan *plan, sl_describe_format format, FILE *to);

#endif

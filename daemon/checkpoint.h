/*
 * checkpoint.h - what is kept with an exporter's rows: a checkpoint as JSON, written and read.
 *
 *     {"version": 1,
 *      "changed": 1795857838745162,           when it was written: microseconds since 1970, UTC
 *      "origin": "5c02...",                   drawn when the exporter first began; it stays
 *      "rows": 3990,                          rows that the exporter has committed, all in all
 *      "stages": [                            every stage on its path that has something to keep
 *        {"stage": "csv", "type": "csv", "count": 4000, "rejected": 10, "at": {...},
 *         "source": "9b1f...", "types": {"id": "integer"}},
 *        {"stage": "limit", "type": "limit", "count": 4, "rejected": 0, "state": {...}}],
 *      "path": {"where": "03c7..."},          fingerprints of the stages between
 *      "taken": {"rules": 3},                 a reject exporter: rejected rows it has, by stage
 *      "before": {"sqlite": "5c02..."},       ... and the origins of the exporters it precedes
 *      "out": {...}}                          a file: where it ended (kept in the state database)
 *
 * `count` is rows given or rejected for a reader ("at" is its position), batches given for a
 * stage with a state.
 *
 * Thread: the graph's strand.
 */
#ifndef SL_CHECKPOINT_H
#define SL_CHECKPOINT_H

#include "config/plan.h"
#include "stages/core/generator.h"
#include "stages/core/text.h"

#define SL_CHECKPOINT_VERSION 1

typedef struct sl_kept_stage {
    const char *name, *type;
    int64_t count, rejected;
    int32_t reader;
    const char *json;   /* position or state; "": none */
    const char *source; /* readers: the fingerprint of the source */
    const char *types;  /* readers: an object of column types; "": none */
} sl_kept_stage;

typedef struct sl_kept_pair { /* "taken": a number; "before", "path": 16 hex digits */
    const char *name;
    int64_t number;
    const char *text;
} sl_kept_pair;

typedef struct sl_kept { /* a checkpoint that was read; all of it lives in the arena */
    int64_t rows;
    const char *origin; /* NULL: none */
    int64_t changed;    /* microseconds since 1970; 0: not known */
    sl_kept_stage *stages;
    uint32_t stages_count;
    sl_kept_pair *path, *taken, *before;
    uint32_t path_count, taken_count, before_count;
    const char *out; /* NULL: none */
} sl_kept;

/* Reads a checkpoint. 0; -1: it is none, with *why; *kept is then incomplete. */
int sl_checkpoint_parse(sl_arena *arena, const char *text, sl_kept *kept, const char **why);
/* The stage of this name; NULL: none. */
const sl_kept_stage *sl_kept_stage_of(const sl_kept *kept, const char *name);
/* The pair of this name; NULL: none. */
const sl_kept_pair *sl_kept_pair_of(const sl_kept_pair *pairs, uint32_t count, const char *name);
/* The type of a reader's column; SL_END: not known. */
sl_status sl_kept_type(const sl_kept_stage *stage, const char *column, sl_type *type);

/* Writing the body, which is the same while nothing new is committed, in this order: begin,
 * stages, the others. */
void sl_checkpoint_begin(sl_builder *text, const char *origin, int64_t rows);
/* Each part of the stamp; columns: of the stage, NULL: none (types are kept of readers). */
void sl_checkpoint_stage(sl_builder *text, const sl_plan_stage *stage,
                         const struct sl_stamp_part *part, const sl_column *columns,
                         uint32_t columns_count);
void sl_checkpoint_stages_end(sl_builder *text);
void sl_checkpoint_open(sl_builder *text, const char *name); /* of pairs */
void sl_checkpoint_number(sl_builder *text, const char *name, int64_t number);
void sl_checkpoint_text(sl_builder *text, const char *name, const char *value);
void sl_checkpoint_close(sl_builder *text);
/* The body of a checkpoint that was read. */
void sl_checkpoint_again(sl_builder *text, const sl_kept *kept, const char *origin);
/* The checkpoint of a body. out: where a file ends; NULL: none; clean: 1 when what comes to stand
 * behind that is somebody else's, and stays. */
void sl_checkpoint_whole(sl_builder *text, const sl_builder *body, int64_t changed, const char *out,
                         int32_t clean);

/* The 16 hex digits of a fingerprint. */
void sl_fingerprint_text(uint64_t fingerprint, char text[17]);

#endif

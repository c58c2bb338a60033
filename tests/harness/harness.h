/*
 * harness.h - a host for one stage, in a test: options as YAML text, rows as text, a feed
 * before it, and a world that can fail.
 *
 * The stage is driven by the product's own generator, so that what a test sees is what a graph
 * sees. Nothing of daemon/ is needed.
 *
 * Rows as text, one a line, cells between commas:
 *
 *     12  -7       INTEGER          (nothing)    NULL
 *     1.5 2e9      REAL             'it''s, ok'  TEXT, whatever it spells
 *     #12.50       NUMERAL          x'00ff'      BLOB
 *     anything     TEXT
 *
 * In a column with FACES (`amount:real:faces`) every cell that is not NULL is TEXT, as a CSV
 * reader gives it.
 *
 * Thread: one at a time.
 */
#ifndef SL_HARNESS_H
#define SL_HARNESS_H

#include "stages/core/generator.h"
#include "tests/harness/fake_env.h"

typedef struct sl_harness sl_harness;

typedef struct sl_harness_setup {
    const sl_stage_type *type;
    const char *options; /* a YAML map: "{keep: amount > 3}"; NULL: {} */
    const char
        *columns;       /* of the feed: "id:integer,name"; types as sl_type_named; NULL: no input */
    const char *rows;   /* of the feed */
    uint32_t feed_rows; /* rows in each batch of the feed; 0: all in one */
    int64_t batch_rows; /* the graph's bounds; 0: 1000 and 1 MiB */
    int64_t batch_bytes;
    int64_t commit_every;  /* exporters: writes per commit; 0: 1 */
    int64_t limit;         /* readers: --limit + 1; 0: none */
    int32_t pending_at;    /* this pull of the feed (from 1) answers PENDING first; -1: each */
    int32_t fail_at;       /* this pull of the feed fails; 0: none */
    int32_t share;         /* 1: the feed's batches have another owner, who must see no change */
    int32_t threads;       /* 1: each call comes on a thread of its own */
    int32_t offline;       /* 1: plan looks at nothing outside */
    int32_t fail_rejects;  /* 1: a rejected row ends the run, as without on_reject */
    const char *position;  /* readers: go there (what sl_harness_position gave); NULL: the start */
    int64_t position_rows; /* rows given before it */
    sl_fake_env *fake;     /* NULL: one of its own */
    /* The type that a reader's column had in an earlier run, as sl_run has it; NULL: none. */
    sl_status (*kept_type)(void *of, uint32_t stage, const char *column, sl_type *type);
} sl_harness_setup;

/* Fills the options, plans, opens. Never NULL: what failed is the harness's error. */
sl_harness *sl_harness_open(const sl_harness_setup *setup);
/* One call of next; PENDING is answered by asking again, as often as 1,000 times. */
sl_status sl_harness_pull(sl_harness *harness);
/* One call of next, and PENDING is an answer; the wake that was asked for is already due. */
sl_status sl_harness_try(sl_harness *harness);
/* Pulls until END or ERROR, and answers it. */
sl_status sl_harness_run(sl_harness *harness);
/* Closes the stage; what it gave can still be read. */
void sl_harness_close(sl_harness *harness);
/* Closes and frees. Answers the number of things that were not given back or not kept, each
 * said on stderr: memory, batches, files, the books. */
int32_t sl_harness_free(sl_harness *harness);

/* What came out so far; terminated; they live as long as the harness. */
const char *sl_harness_rows(const sl_harness *harness);    /* as text, without a header */
const char *sl_harness_rejects(const sl_harness *harness); /* "row 3, line 4, column 'a': reason" */
const char *sl_harness_error(sl_harness *harness);         /* the first one's line; "" */
const char *sl_harness_output(const sl_harness *harness);  /* what went to standard output */
const char *sl_harness_log(const sl_harness *harness);     /* warnings and notes */
/* "name:type name:type ..." as the stage declared them, types of faces with a *. */
const char *sl_harness_columns(sl_harness *harness);
/* Readers: the position after the last batch; NULL: none was told. */
const char *sl_harness_position(const sl_harness *harness);
int64_t sl_harness_position_rows(const sl_harness *harness);

const sl_errors *sl_harness_errors(const sl_harness *harness);
sl_generator *sl_harness_generator(sl_harness *harness); /* NULL: the options were wrong */
sl_fake_env *sl_harness_env(sl_harness *harness);

/* For the tests of other rooms: one type's struct filled from YAML text. The built-in type with
 * this role and name; NULL: there is none. */
const sl_stage_type *sl_harness_type(sl_role role, const char *name);

#endif

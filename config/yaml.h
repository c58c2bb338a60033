/*
 * yaml.h - a YAML file as a tree of nodes that know where they stand.
 *
 * One document of scalars, lists and maps with scalar keys. Aliases and merge keys (`<<`) are
 * resolved: a node may hang in the tree at several places. Every file is within the bounds
 * below, so that whoever walks the tree needs none.
 *
 * Deliberately elsewhere: what the words mean (plan.c, stages.c), `${...}` (params.c), what to
 * do about text that YAML misreads (traps.c).
 */
#ifndef SL_YAML_H
#define SL_YAML_H

#include "stages/core/error.h"

#define SL_YAML_FILE_LIMIT ((size_t)1024 * 1024)
#define SL_YAML_SCALAR_LIMIT ((size_t)64 * 1024)
#define SL_YAML_DEPTH_LIMIT 64u
#define SL_YAML_EVENT_LIMIT 100000u
#define SL_YAML_ANCHOR_LIMIT 256u
#define SL_YAML_NODE_LIMIT 100000u /* with every alias written out */

typedef enum sl_yaml_kind { SL_YAML_SCALAR, SL_YAML_LIST, SL_YAML_MAP } sl_yaml_kind;

typedef enum sl_yaml_style {
    SL_YAML_PLAIN,
    SL_YAML_SINGLE,  /* 'text' */
    SL_YAML_DOUBLE,  /* "text" */
    SL_YAML_LITERAL, /* | */
    SL_YAML_FOLDED,  /* > */
    SL_YAML_BLOCK,   /* a collection by indentation */
    SL_YAML_FLOW,    /* a collection in [ ] or { } */
} sl_yaml_style;

typedef struct sl_yaml_node sl_yaml_node;

typedef struct sl_yaml_item {
    const sl_yaml_node *key; /* of a map: a scalar; of a list: NULL */
    const sl_yaml_node *value;
} sl_yaml_item;

struct sl_yaml_node {
    sl_yaml_kind kind;
    sl_yaml_style style;
    uint32_t flow;   /* 1: stands inside [ ] or { } */
    uint32_t quoted; /* scalar: 1 when it is text whatever it spells */
    uint32_t count;  /* of items */
    uint32_t weight; /* nodes in it, itself included, aliases written out */
    size_t start;    /* bytes of the file's text, after any anchor and tag */
    size_t end;
    size_t size;      /* of the scalar's text */
    const char *text; /* scalar: terminated, without NUL in it; otherwise NULL */
    const sl_yaml_item *items;
};

typedef struct sl_yaml {
    const char *file;
    char *text; /* without a byte order mark */
    size_t size;
    const size_t *lines; /* where each line starts */
    size_t lines_count;
    const sl_yaml_node *root;
} sl_yaml;

/*
 * Reads a file. Every mistake is added to errors with its place; code SL_CODE_NO_INPUT when it
 * cannot be read at all. The tree lives in arena, file and text in the errors' arena. SL_OK:
 * the file could be scanned, and *yaml is given, also when errors were added (duplicate keys).
 */
sl_status sl_yaml_read(const sl_env *env, const char *file, sl_arena *arena, sl_errors *errors,
                       sl_yaml **yaml);

/* The value of a key of a map; NULL: none. */
const sl_yaml_node *sl_yaml_get(const sl_yaml_node *map, const char *key);
/* Whether nothing, `~` or `null` was written. */
int sl_yaml_is_null(const sl_yaml_node *node);

#endif

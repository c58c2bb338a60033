/*
 * place.h - where a value came from: what sl_value.place points to.
 */
#ifndef SL_CONFIG_PLACE_H
#define SL_CONFIG_PLACE_H

#include "config/yaml.h"

/* A stretch of a value's text: copied from the scalar as it is written, or put in for the
 * `${...}` that stands there. */
typedef struct sl_piece {
    size_t out; /* first byte in the value's text */
    size_t out_count;
    size_t in; /* first byte in the scalar's text */
    size_t in_count;
    const char *text; /* out_count bytes */
    uint32_t put_in;  /* 1: something else stands in the scalar */
} sl_piece;

typedef struct sl_place_of {
    const sl_yaml *yaml;
    const sl_yaml_node *node;
    const sl_yaml_node *key; /* NULL: none */
    const sl_piece *pieces;  /* NULL: the text is the scalar's own */
    uint32_t pieces_count;
    uint32_t secret; /* 1: a credential is in the text */
} sl_place_of;

/* Whether a credential is in the text of a scalar. */
static inline uint32_t sl_place_is_secret(const sl_value *value)
{
    const sl_place_of *of = value->place;
    return of != NULL && of->secret;
}

#endif

/*
 * place.c - sl_plan_locate: from a byte of a value to a line and a column.
 */
#include "config/place.h"

#include "config/caret.h"
#include "config/plan.h"

/* Where a byte of the value stands in the scalar; *length is cut or stretched to what is there. */
static size_t byte_in_scalar(const sl_place_of *of, size_t byte, size_t *length)
{
    for (uint32_t i = 0; i < of->pieces_count; i++) {
        const sl_piece *piece = &of->pieces[i];
        if (byte >= piece->out + piece->out_count && i + 1 < of->pieces_count) {
            continue;
        }
        if (piece->put_in) {
            *length = piece->in_count;
            return piece->in;
        }
        size_t behind = byte - piece->out;
        size_t left = piece->in_count > behind ? piece->in_count - behind : 0;
        *length = *length < left ? *length : left;
        return piece->in + (piece->in_count < behind ? piece->in_count : behind);
    }
    return byte;
}

void sl_plan_locate(const sl_value *value, int64_t byte, int64_t length, sl_error *error)
{
    const sl_place_of *of = value == NULL ? NULL : value->place;
    if (of == NULL) {
        return;
    }
    const sl_yaml_node *node = of->node;
    int empty = node->kind == SL_YAML_SCALAR && node->end == node->start;
    if (of->key != NULL && (node->style == SL_YAML_BLOCK || empty)) {
        sl_caret_place(of->yaml, of->key->start, sl_caret_extent(of->yaml, of->key), error);
        return;
    }
    int exact;
    if (byte < 0 && of->key != NULL) { /* the key that it stands behind */
        sl_caret_place(of->yaml, of->key->start, sl_caret_extent(of->yaml, of->key), error);
        return;
    }
    if (byte <= 0 && length <= 0 && node->kind == SL_YAML_SCALAR) { /* all of it */
        size_t start = sl_caret_source(of->yaml, node, 0, &exact);
        sl_caret_place(of->yaml, start, sl_caret_extent(of->yaml, node), error);
        return;
    }
    size_t at = byte > 0 ? (size_t)byte : 0;
    size_t count = length > 0 ? (size_t)length : 0;
    at = byte_in_scalar(of, at, &count);
    size_t source = sl_caret_source(of->yaml, node, at, &exact);
    sl_caret_place(of->yaml, source, exact ? count : 0, error);
}

/*
 * yaml.c - libyaml's events into a tree, within bounds.
 *
 * Only events are used: libyaml's own tree has no bounds, and takes quadratic time in anchors.
 * Depth is counted as events arrive, so that deep nesting stops before the scanner gets slow
 * in it. Directives are looked at before libyaml is, which compares each %TAG with all others;
 * what follows the document is never given to it.
 */
#include "config/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/caret.h"
#include "config/file.h"
#include "config/traps.h"
#include "stages/core/value.h"

#define CORE_TAG "tag:yaml.org,2002:"

typedef struct anchor {
    const char *name;
    const sl_yaml_node *node; /* NULL: still being read */
} anchor;

typedef struct reader {
    yaml_parser_t parser;
    const sl_env *env;
    sl_arena *arena;
    sl_errors *errors;
    sl_yaml *yaml;
    size_t seen_index; /* a place that is known both ways: libyaml counts characters */
    size_t seen_byte;
    uint32_t events;
    uint32_t nodes;
    uint32_t depth;
    uint32_t flow;
    uint32_t anchors_count;
    uint32_t stack_count;
    uint32_t stack_room;
    sl_yaml_item *stack; /* items of the collections being read */
    anchor anchors[SL_YAML_ANCHOR_LIMIT];
} reader;

static const sl_yaml_node *read_node(reader *of, yaml_event_t *event);

#define REFUSE(of, byte, length, advice, ...)                                                      \
    (sl_errors_add((of)->errors,                                                                   \
                   refusal((of), (byte), (length), (advice), &(sl_error){.level = 0}),             \
                   __VA_ARGS__))

static const sl_error *refusal(const reader *of, size_t byte, size_t length, const char *advice,
                               sl_error *error)
{
    *error = (sl_error){.level = SL_LOG_ERROR, .code = SL_CODE_CONFIG, .hint = advice};
    sl_caret_place(of->yaml, byte, length, error);
    return error;
}

static void *no_memory(reader *of)
{
    (void)REFUSE(of, 0, 0, NULL, "out of memory");
    return NULL;
}

/* ---- From libyaml's places to bytes ----------------------------------------------------- */

static size_t byte_of(reader *of, size_t index)
{
    const char *text = of->yaml->text;
    while (of->seen_index < index && of->seen_byte < of->yaml->size) {
        of->seen_byte++;
        while (((unsigned char)text[of->seen_byte] & 0xc0u) == 0x80u) {
            of->seen_byte++;
        }
        of->seen_index++;
    }
    while (of->seen_index > index && of->seen_byte > 0) {
        of->seen_byte--;
        while (((unsigned char)text[of->seen_byte] & 0xc0u) == 0x80u) {
            of->seen_byte--;
        }
        of->seen_index--;
    }
    return of->seen_byte;
}

/* Behind the anchor and the tag with which a node's first mark stands. */
static size_t skip_properties(const reader *of, size_t at, size_t end)
{
    const char *text = of->yaml->text;
    while (at < end && (text[at] == '&' || text[at] == '!')) {
        while (at < end && strchr(" \t\r\n", text[at]) == NULL) {
            at++;
        }
        while (at < end && strchr(" \t\r\n#", text[at]) != NULL) {
            if (text[at] == '#') {
                at += strcspn(text + at, "\n");
            } else {
                at++;
            }
        }
    }
    return at;
}

/* ---- Events ------------------------------------------------------------------------------ */

static void explain_failure(reader *of)
{
    const yaml_parser_t *parser = &of->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        (void)no_memory(of);
        return;
    }
    if (parser->error == YAML_READER_ERROR) {
        (void)REFUSE(of, parser->problem_offset, 1, "save the file as plain UTF-8 text",
                     "character U+%04X is not allowed in YAML", (unsigned)parser->problem_value);
        return;
    }
    sl_trap trap = {.problem = parser->problem,
                    .context = parser->context,
                    .byte = byte_of(of, parser->problem_mark.index)};
    trap.context_byte =
        parser->context == NULL ? trap.byte : byte_of(of, parser->context_mark.index);
    sl_traps_explain(of->yaml, of->errors->arena, &trap);
    (void)REFUSE(of, trap.byte, trap.length, trap.hint, "%s", trap.message);
}

/* SL_OK: *event is given, to be freed with yaml_event_delete. */
static sl_status next_event(reader *of, yaml_event_t *event)
{
    if (!yaml_parser_parse(&of->parser, event)) {
        explain_failure(of);
        return SL_ERROR;
    }
    if (++of->events > SL_YAML_EVENT_LIMIT) {
        (void)REFUSE(of, byte_of(of, event->start_mark.index), 0, "split the graph",
                     "the file has more than %u YAML events", SL_YAML_EVENT_LIMIT);
        yaml_event_delete(event);
        return SL_ERROR;
    }
    return SL_OK;
}

/* ---- Nodes ------------------------------------------------------------------------------- */

static sl_yaml_node *make(reader *of, const yaml_event_t *event, sl_yaml_kind kind)
{
    sl_yaml_node *node = sl_arena_take(of->arena, sizeof *node);
    if (node == NULL) {
        return no_memory(of);
    }
    size_t start = byte_of(of, event->start_mark.index);
    size_t end = byte_of(of, event->end_mark.index);
    size_t limit = kind == SL_YAML_SCALAR ? end : of->yaml->size;
    node->kind = kind;
    node->start = skip_properties(of, start, limit);
    node->end = end > node->start ? end : node->start;
    node->flow = of->flow > 0;
    node->weight = 1;
    return node;
}

static sl_status count_nodes(reader *of, uint32_t more, size_t byte)
{
    of->nodes += more; /* both are at most the limit */
    if (of->nodes > SL_YAML_NODE_LIMIT) {
        return REFUSE(of, byte, 0, "write less by aliases",
                      "the aliases expand to more than %u values", SL_YAML_NODE_LIMIT);
    }
    return SL_OK;
}

static sl_status check_tag(reader *of, size_t byte, const char *tag, sl_yaml_kind kind)
{
    static const char *const scalars[] = {"str", "int", "float", "bool", "null"};
    if (tag == NULL || strcmp(tag, "!") == 0) {
        return SL_OK;
    }
    if (strncmp(tag, CORE_TAG, strlen(CORE_TAG)) == 0) {
        const char *name = tag + strlen(CORE_TAG);
        if ((kind == SL_YAML_LIST && strcmp(name, "seq") == 0) ||
            (kind == SL_YAML_MAP && strcmp(name, "map") == 0)) {
            return SL_OK;
        }
        for (size_t i = 0; kind == SL_YAML_SCALAR && i < sizeof scalars / sizeof *scalars; i++) {
            if (strcmp(name, scalars[i]) == 0) {
                return SL_OK;
            }
        }
    }
    return REFUSE(of, byte, 0, "leave the tag out, or quote a value that starts with '!'",
                  "the tag '%.80s' is not allowed here", tag);
}

/* *given is NULL when the node has no anchor. */
static sl_status add_anchor(reader *of, const char *name, size_t byte, anchor **given)
{
    *given = NULL;
    if (name == NULL) {
        return SL_OK;
    }
    if (of->anchors_count == SL_YAML_ANCHOR_LIMIT) {
        return REFUSE(of, byte, 0, NULL, "the file has more than %u anchors", SL_YAML_ANCHOR_LIMIT);
    }
    anchor *made = &of->anchors[of->anchors_count++];
    made->name = sl_arena_copy(of->arena, name, strlen(name));
    if (made->name == NULL) {
        (void)no_memory(of);
        return SL_ERROR;
    }
    *given = made;
    return SL_OK;
}

static const sl_yaml_node *refuse_alias(reader *of, const char *name, size_t byte)
{
    const char *names[SL_YAML_ANCHOR_LIMIT];
    for (uint32_t i = 0; i < of->anchors_count; i++) {
        names[i] = of->anchors[i].name;
    }
    const char *near = sl_value_nearest(name, names, of->anchors_count);
    const char *advice = near == NULL
                             ? "quote a value that starts with '*'"
                             : sl_arena_format(of->errors->arena, "did you mean '*%.80s'?", near);
    (void)REFUSE(of, byte, strlen(name) + 1, advice,
                 "there is no anchor '&%.80s' before this alias", name);
    return NULL;
}

static const sl_yaml_node *find_alias(reader *of, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    size_t byte = byte_of(of, event->start_mark.index);
    for (uint32_t i = of->anchors_count; i-- > 0;) {
        const sl_yaml_node *node = of->anchors[i].node;
        if (strcmp(of->anchors[i].name, name) != 0) {
            continue;
        }
        if (node == NULL) {
            (void)REFUSE(of, byte, strlen(name) + 1, NULL,
                         "the alias '*%.80s' stands inside its own anchor", name);
            return NULL;
        }
        return count_nodes(of, node->weight, byte) == SL_OK ? node : NULL;
    }
    return refuse_alias(of, name, byte);
}

static sl_yaml_style scalar_style(yaml_scalar_style_t style)
{
    switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        return SL_YAML_SINGLE;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return SL_YAML_DOUBLE;
    case YAML_LITERAL_SCALAR_STYLE:
        return SL_YAML_LITERAL;
    case YAML_FOLDED_SCALAR_STYLE:
        return SL_YAML_FOLDED;
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE:
        break;
    }
    return SL_YAML_PLAIN;
}

static const sl_yaml_node *read_scalar(reader *of, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    size_t size = event->data.scalar.length;
    sl_yaml_node *node = make(of, event, SL_YAML_SCALAR);
    anchor *named = NULL;
    if (node == NULL || count_nodes(of, 1, node->start) != SL_OK ||
        check_tag(of, byte_of(of, event->start_mark.index), tag, SL_YAML_SCALAR) != SL_OK ||
        add_anchor(of, (const char *)event->data.scalar.anchor, node->start, &named) != SL_OK) {
        return NULL;
    }
    if (size > SL_YAML_SCALAR_LIMIT || memchr(text, '\0', size) != NULL) {
        (void)REFUSE(of, node->start, 0, "keep it in a file of its own",
                     size > SL_YAML_SCALAR_LIMIT ? "this text is longer than 64 KiB"
                                                 : "this text has a NUL character in it");
        return NULL;
    }
    node->style = scalar_style(event->data.scalar.style);
    node->quoted = tag == NULL ? node->style != SL_YAML_PLAIN
                               : strcmp(tag, "!") == 0 || strcmp(tag, CORE_TAG "str") == 0;
    node->size = size;
    node->text = sl_arena_copy(of->arena, text, size);
    if (node->text == NULL) {
        return no_memory(of);
    }
    if (named != NULL) {
        named->node = node;
    }
    return node;
}

/* ---- Collections ------------------------------------------------------------------------- */

static sl_status push(reader *of, const sl_yaml_node *key, const sl_yaml_node *value)
{
    if (of->stack_count == of->stack_room) {
        uint32_t room = of->stack_room == 0 ? 64 : of->stack_room * 2;
        sl_yaml_item *stack = of->env->allocate(of->env->context, of->stack, room * sizeof *stack);
        if (stack == NULL) {
            (void)no_memory(of);
            return SL_ERROR;
        }
        of->stack = stack;
        of->stack_room = room;
    }
    of->stack[of->stack_count++] = (sl_yaml_item){.key = key, .value = value};
    return SL_OK;
}

/* One item; SL_END: the collection ends here. */
static sl_status read_item(reader *of, sl_yaml_node *node)
{
    const sl_yaml_node *parts[2] = {NULL, NULL};
    int wanted = node->kind == SL_YAML_MAP ? 2 : 1;
    for (int part = 0; part < wanted; part++) {
        yaml_event_t event;
        if (next_event(of, &event) != SL_OK) {
            return SL_ERROR;
        }
        int ends = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        if (ends) {
            node->end = byte_of(of, event.end_mark.index);
        } else {
            parts[part] = read_node(of, &event);
        }
        size_t byte = byte_of(of, event.start_mark.index);
        yaml_event_delete(&event);
        if (ends) {
            return SL_END;
        }
        if (parts[part] == NULL) {
            return SL_ERROR;
        }
        if (wanted == 2 && part == 0 &&
            (parts[0]->kind != SL_YAML_SCALAR || (parts[0]->size == 0 && !parts[0]->quoted))) {
            return REFUSE(of, byte, 0, "quote a value that starts with '[', '{' or '?'",
                          parts[0]->kind == SL_YAML_SCALAR ? "a key is missing here"
                                                           : "a key must be a plain word");
        }
        node->weight += parts[part]->weight;
    }
    return push(of, wanted == 2 ? parts[0] : NULL, wanted == 2 ? parts[1] : parts[0]);
}

/* ---- Keys: each once, and merged maps behind them ------------------------------------------ */

typedef struct entry {
    sl_yaml_item item;
    uint32_t order;  /* where it stands in the map that is made */
    uint32_t merged; /* 0: written in this map; otherwise by which merged map */
    uint32_t left_out;
} entry;

static int by_key(const void *a, const void *b)
{
    const entry *left = a;
    const entry *right = b;
    int order = strcmp(left->item.key->text, right->item.key->text);
    if (order == 0) {
        order = (left->merged > right->merged) - (left->merged < right->merged);
    }
    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

static int by_order(const void *a, const void *b)
{
    const entry *left = a;
    const entry *right = b;
    return (left->order > right->order) - (left->order < right->order);
}

static int is_merge(const sl_yaml_item *item)
{
    return item->key->style == SL_YAML_PLAIN && strcmp(item->key->text, "<<") == 0;
}

/* How many maps a merge key's value holds; 0: it is neither a map nor a list of maps. */
static uint32_t merged_maps(const sl_yaml_node *value)
{
    if (value->kind != SL_YAML_LIST) {
        return value->kind == SL_YAML_MAP;
    }
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->items[i].value->kind != SL_YAML_MAP) {
            return 0;
        }
    }
    return value->count;
}

static const sl_yaml_node *merged_map(const sl_yaml_node *value, uint32_t index)
{
    return value->kind == SL_YAML_LIST ? value->items[index].value : value;
}

/* Counts the entries with merged maps written out; fills them when there is room for them. */
static uint32_t spread(const sl_yaml_item *items, uint32_t count, entry *entries)
{
    uint32_t made = 0;
    uint32_t merged = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t maps = is_merge(&items[i]) ? merged_maps(items[i].value) : 0;
        if (!is_merge(&items[i])) {
            if (entries != NULL) {
                entries[made] = (entry){.item = items[i], .order = made};
            }
            made++;
        }
        for (uint32_t m = 0; m < maps; m++) {
            const sl_yaml_node *map = merged_map(items[i].value, m);
            merged++;
            for (uint32_t k = 0; k < map->count; k++) {
                if (entries != NULL) {
                    entries[made] = (entry){map->items[k], made, merged, 0};
                }
                made++;
            }
        }
    }
    return made;
}

static sl_status check_merges(reader *of, const sl_yaml_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_merge(&items[i]) && merged_maps(items[i].value) == 0) {
            return REFUSE(of, items[i].value->start, 0,
                          "write `<<: *name`, where `&name` stands before a map",
                          "'<<' takes a map or a list of maps");
        }
    }
    return SL_OK;
}

static void leave_out_doubles(reader *of, entry *entries, uint32_t count)
{
    const entry *first = entries;
    for (uint32_t i = 1; i < count; i++) {
        const sl_yaml_node *key = entries[i].item.key;
        if (strcmp(first->item.key->text, key->text) != 0) {
            first = &entries[i];
            continue;
        }
        entries[i].left_out = 1;
        if (entries[i].merged == 0) {
            const char *advice = sl_arena_format(
                of->errors->arena, "it stands at line %zu already; a key may stand once",
                sl_caret_line(of->yaml, first->item.key->start));
            (void)REFUSE(of, key->start, sl_caret_extent(of->yaml, key), advice,
                         "the key '%.80s' is written twice", key->text);
        }
    }
}

/* The items of a map: doubles are said, merged maps put in where the `<<` stands. */
static sl_status settle_keys(reader *of, sl_yaml_node *node, const sl_yaml_item *items,
                             uint32_t count)
{
    if (check_merges(of, items, count) != SL_OK) {
        return SL_ERROR;
    }
    uint32_t room = spread(items, count, NULL);
    entry *entries = of->env->allocate(of->env->context, NULL, (room + 1) * sizeof *entries);
    sl_yaml_item *kept = sl_arena_take(of->arena, (room + 1) * sizeof *kept);
    if (entries != NULL && kept != NULL) {
        room = spread(items, count, entries);
        qsort(entries, room, sizeof *entries, by_key);
        leave_out_doubles(of, entries, room);
        qsort(entries, room, sizeof *entries, by_order);
        for (uint32_t i = 0; i < room; i++) {
            if (!entries[i].left_out) {
                kept[node->count++] = entries[i].item;
            }
        }
        node->items = kept;
    }
    if (entries != NULL) {
        (void)of->env->allocate(of->env->context, entries, 0);
    }
    if (node->items == NULL) {
        (void)no_memory(of);
        return SL_ERROR;
    }
    return SL_OK;
}

static sl_status settle(reader *of, sl_yaml_node *node, uint32_t base)
{
    uint32_t count = of->stack_count - base;
    of->stack_count = base;
    if (node->kind == SL_YAML_MAP) {
        return settle_keys(of, node, of->stack + base, count);
    }
    sl_yaml_item *items = sl_arena_take(of->arena, (count + 1) * sizeof *items);
    if (items == NULL) {
        (void)no_memory(of);
        return SL_ERROR;
    }
    if (count > 0) {
        memcpy(items, of->stack + base, count * sizeof *items);
    }
    node->items = items;
    node->count = count;
    return SL_OK;
}

static const sl_yaml_node *read_collection(reader *of, const yaml_event_t *event)
{
    int map = event->type == YAML_MAPPING_START_EVENT;
    int flow = map ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                   : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    const char *tag =
        (const char *)(map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    const char *name =
        (const char *)(map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor);
    sl_yaml_node *node = make(of, event, map ? SL_YAML_MAP : SL_YAML_LIST);
    anchor *named = NULL;
    if (node == NULL || count_nodes(of, 1, node->start) != SL_OK ||
        check_tag(of, byte_of(of, event->start_mark.index), tag, node->kind) != SL_OK ||
        add_anchor(of, name, node->start, &named) != SL_OK) {
        return NULL;
    }
    if (of->depth == SL_YAML_DEPTH_LIMIT) {
        (void)REFUSE(of, node->start, 1, NULL, "the nesting is deeper than %u",
                     SL_YAML_DEPTH_LIMIT);
        return NULL;
    }
    node->style = flow ? SL_YAML_FLOW : SL_YAML_BLOCK;
    of->depth++;
    of->flow += flow != 0;
    uint32_t base = of->stack_count;
    sl_status status = SL_OK;
    while (status == SL_OK) {
        status = read_item(of, node);
    }
    of->depth--;
    of->flow -= flow != 0;
    if (status != SL_END || settle(of, node, base) != SL_OK) {
        return NULL;
    }
    if (named != NULL) {
        named->node = node;
    }
    return node;
}

static const sl_yaml_node *read_node(reader *of, yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT) {
        return find_alias(of, event);
    }
    if (event->type == YAML_SCALAR_EVENT) {
        return read_scalar(of, event);
    }
    return read_collection(of, event);
}

/* ---- The document -------------------------------------------------------------------------- */

/* Nothing but comments and blank lines may follow; "..." ends a document. */
static sl_status check_rest(reader *of, size_t byte)
{
    const char *text = of->yaml->text;
    while (byte < of->yaml->size) {
        byte += strspn(text + byte, " \t\r\n");
        if (text[byte] == '#') {
            byte += strcspn(text + byte, "\n");
        } else if (strncmp(text + byte, "...", 3) == 0) {
            byte += 3;
        } else if (text[byte] != '\0') {
            return REFUSE(of, byte, 0, "put each graph into a file of its own",
                          "a file holds one YAML document, and a second one starts here");
        }
    }
    return SL_OK;
}

/* Before the document: %YAML may stand, once; libyaml sees no other directive. */
static sl_status check_directives(reader *of)
{
    const char *text = of->yaml->text;
    int seen = 0;
    for (size_t byte = 0; byte < of->yaml->size; byte += strcspn(text + byte, "\n") + 1) {
        size_t word = byte + strspn(text + byte, " \t\r");
        if (text[byte] == '%') {
            if (strncmp(text + byte, "%YAML ", 6) != 0 || seen++ > 0) {
                return REFUSE(of, byte, 0, "leave the line out",
                              "the directive '%.*s' is not allowed here",
                              (int)strcspn(text + byte, " \t\r\n"), text + byte);
            }
        } else if (text[word] != '#' && text[word] != '\n' && text[word] != '\0') {
            break;
        }
    }
    return SL_OK;
}

static sl_status check_bytes(reader *of)
{
    const unsigned char *text = (const unsigned char *)of->yaml->text;
    const void *zero = memchr(text, '\0', of->yaml->size);
    if (of->yaml->size >= 2 &&
        ((text[0] == 0xff && text[1] == 0xfe) || (text[0] == 0xfe && text[1] == 0xff))) {
        return REFUSE(of, 0, 0, "save it as UTF-8", "the file is UTF-16, not UTF-8");
    }
    if (zero != NULL) {
        return REFUSE(of, (size_t)((const unsigned char *)zero - text), 0,
                      "save it as UTF-8; it looks like UTF-16 or like no text at all",
                      "the file has a NUL byte in it");
    }
    size_t wrong = sl_value_utf8(of->yaml->text, of->yaml->size);
    if (wrong < of->yaml->size) {
        return REFUSE(of, wrong, 1, "save the file as UTF-8",
                      "byte 0x%02X is not valid UTF-8 here", text[wrong]);
    }
    return SL_OK;
}

static sl_status read_document(reader *of)
{
    yaml_event_t event;
    sl_yaml *yaml = of->yaml;
    size_t end = 0;
    yaml_event_type_t type = YAML_NO_EVENT;
    while (type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT) {
        if (next_event(of, &event) != SL_OK) {
            return SL_ERROR;
        }
        type = event.type;
        end = byte_of(of, event.end_mark.index);
        int node = type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
                   type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT;
        if (node) {
            yaml->root = read_node(of, &event);
        }
        yaml_event_delete(&event);
        if (node && yaml->root == NULL) {
            return SL_ERROR;
        }
    }
    if (yaml->root == NULL) {
        return REFUSE(of, 0, 0, "`sluice new NAME` prints a graph to start with",
                      "the file is empty");
    }
    return check_rest(of, end);
}

static sl_status parse(reader *of)
{
    if (check_bytes(of) != SL_OK || check_directives(of) != SL_OK) {
        return SL_ERROR;
    }
    if (!yaml_parser_initialize(&of->parser)) {
        (void)no_memory(of);
        return SL_ERROR;
    }
    yaml_parser_set_encoding(&of->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&of->parser, (const unsigned char *)of->yaml->text,
                                 of->yaml->size);
    sl_status status = read_document(of);
    yaml_parser_delete(&of->parser);
    if (of->stack != NULL) {
        (void)of->env->allocate(of->env->context, of->stack, 0);
    }
    return status;
}

/* ---- The file ------------------------------------------------------------------------------ */

static sl_status refuse_file(const char *file, int32_t status, sl_errors *errors)
{
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_NO_INPUT, .file = file};
    if (status == -EFBIG) {
        error.code = SL_CODE_CONFIG;
        error.hint = "split the graph, or keep its data in files of their own";
        return sl_errors_add(errors, &error, "the file is larger than 1 MiB");
    }
    return sl_errors_add(errors, &error, "cannot read the file: %s", strerror(-status));
}

sl_status sl_yaml_read(const sl_env *env, const char *file, sl_arena *arena, sl_errors *errors,
                       sl_yaml **yaml)
{
    sl_yaml *made = sl_arena_take(arena, sizeof *made);
    reader *of = sl_arena_take(arena, sizeof *of);
    char *name = sl_arena_copy(errors->arena, file, strlen(file));
    if (made == NULL || of == NULL || name == NULL) {
        return refuse_file(file, -ENOMEM, errors);
    }
    made->file = name;
    int32_t status =
        sl_file_read(env, file, SL_YAML_FILE_LIMIT, errors->arena, &made->text, &made->size);
    if (status == 0 && made->size >= 3 && memcmp(made->text, "\xef\xbb\xbf", 3) == 0) {
        made->text += 3;
        made->size -= 3;
    }
    if (status == 0 && sl_caret_lines(made, arena) != SL_OK) {
        status = -ENOMEM;
    }
    if (status != 0) {
        return refuse_file(name, status, errors);
    }
    *of = (reader){.env = env, .arena = arena, .errors = errors, .yaml = made};
    if (parse(of) != SL_OK) {
        return SL_ERROR;
    }
    *yaml = made;
    return SL_OK;
}

const sl_yaml_node *sl_yaml_get(const sl_yaml_node *map, const char *key)
{
    for (uint32_t i = 0; map->kind == SL_YAML_MAP && i < map->count; i++) {
        if (strcmp(map->items[i].key->text, key) == 0) {
            return map->items[i].value;
        }
    }
    return NULL;
}

int sl_yaml_is_null(const sl_yaml_node *node)
{
    return node->kind == SL_YAML_SCALAR && !node->quoted &&
           (node->size == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

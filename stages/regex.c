/*
 * regex.c - see regex.h. The one room that knows PCRE2.
 */
#include "stages/regex.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS 1000000u     /* of one match */
#define DEPTH 10000u       /* of nested backtracking, without the JIT */
#define HEAP (16u * 1024u) /* KiB, without the JIT */
#define STACK ((size_t)512 * 1024)

typedef struct group {
    const char *name; /* in the compiled pattern */
    uint32_t number;
} group;

struct sl_regex {
    sl_stage *stage;
    pcre2_general_context *general;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack; /* NULL: the machine's own stack */
    pcre2_code *code;
    pcre2_match_data *match;
    group *groups;
    uint32_t count;
};

static void *take(size_t size, void *stage)
{
    sl_stage *of = stage;
    return of->host->allocate(of, NULL, size);
}

static void give_back(void *memory, void *stage)
{
    sl_stage *of = stage;
    if (memory != NULL)
        (void)of->host->allocate(of, memory, 0);
}

void sl_regex_free(sl_regex *regex)
{
    if (regex == NULL)
        return;
    sl_stage *stage = regex->stage;
    pcre2_match_data_free(regex->match);
    pcre2_jit_stack_free(regex->stack);
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    pcre2_general_context_free(regex->general);
    give_back(regex->groups, stage);
    give_back(regex, stage);
}

static sl_status compile(sl_regex *regex, const sl_value *pattern)
{
    int error;
    PCRE2_SIZE at;
    pcre2_compile_context *context = pcre2_compile_context_create(regex->general);
    if (context == NULL)
        return sl_no_memory(regex->stage);
    regex->code = pcre2_compile((PCRE2_SPTR)pattern->text, PCRE2_ZERO_TERMINATED,
                                PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                                &error, &at, context);
    pcre2_compile_context_free(context);
    if (regex->code != NULL)
        return SL_OK;
    if (error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED)
        return sl_no_memory(regex->stage);
    PCRE2_UCHAR why[160];
    (void)pcre2_get_error_message(error, why, sizeof(why));
    return sl_fail_at(
        regex->stage,
        SL_PLACE(.code = SL_CODE_CONFIG, .value = pattern, .byte = (int64_t)at, .length = 1),
        "the pattern is wrong here: %s", (const char *)why);
}

/* The JIT is an extra: without it the same pattern matches more slowly. */
static sl_status prepare(sl_regex *regex)
{
    size_t jit = 0;
    regex->match = pcre2_match_data_create_from_pattern(regex->code, regex->general);
    regex->limits = pcre2_match_context_create(regex->general);
    if (regex->match == NULL || regex->limits == NULL)
        return sl_no_memory(regex->stage);
    (void)pcre2_set_match_limit(regex->limits, STEPS);
    (void)pcre2_set_depth_limit(regex->limits, DEPTH);
    (void)pcre2_set_heap_limit(regex->limits, HEAP);
    (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
    if (pcre2_pattern_info(regex->code, PCRE2_INFO_JITSIZE, &jit) == 0 && jit > 0) {
        regex->stack = pcre2_jit_stack_create(32 * 1024, STACK, regex->general);
        pcre2_jit_stack_assign(regex->limits, NULL, regex->stack);
    }
    return SL_OK;
}

static sl_status find_groups(sl_regex *regex, const sl_value *pattern)
{
    uint32_t count = 0, entry_size = 0;
    PCRE2_SPTR table = NULL;
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    if (count == 0)
        return sl_fail_at(regex->stage,
                          SL_PLACE(.code = SL_CODE_CONFIG, .value = pattern,
                                   .hint = "write a group as (?<name>...): each is a column"),
                          "the pattern has no named group");
    regex->groups = take(count * sizeof(group), regex->stage);
    if (regex->groups == NULL)
        return sl_no_memory(regex->stage);
    for (uint32_t i = 0; i < count; i++) {
        PCRE2_SPTR entry = table + (size_t)i * entry_size;
        group made = {.name = (const char *)entry + 2,
                      .number = (uint32_t)entry[0] << 8 | entry[1]};
        uint32_t at = regex->count++;
        for (; at > 0 && regex->groups[at - 1].number > made.number; at--)
            regex->groups[at] = regex->groups[at - 1];
        regex->groups[at] = made;
    }
    return SL_OK;
}

sl_regex *sl_regex_new(sl_stage *stage, const sl_value *pattern)
{
    sl_regex *regex = take(sizeof(*regex), stage);
    if (regex == NULL) {
        (void)sl_no_memory(stage);
        return NULL;
    }
    *regex = (sl_regex){.stage = stage};
    regex->general = pcre2_general_context_create(take, give_back, stage);
    if (regex->general == NULL)
        (void)sl_no_memory(stage);
    else if (compile(regex, pattern) == SL_OK && prepare(regex) == SL_OK &&
             find_groups(regex, pattern) == SL_OK)
        return regex;
    sl_regex_free(regex);
    return NULL;
}

uint32_t sl_regex_count(const sl_regex *regex)
{
    return regex->count;
}

const char *sl_regex_name(const sl_regex *regex, uint32_t index)
{
    return regex->groups[index].name;
}

static const char *limit_said(int code)
{
    switch (code) {
    case PCRE2_ERROR_MATCHLIMIT:
        return "the pattern does not finish on this text within 1,000,000 steps";
    case PCRE2_ERROR_DEPTHLIMIT:
        return "the pattern does not finish on this text within a depth of 10,000";
    case PCRE2_ERROR_HEAPLIMIT:
        return "the pattern does not finish on this text within 16 MiB";
    default:
        return "the pattern cannot be matched with this text";
    }
}

int sl_regex_match(sl_regex *regex, const char *text, size_t size, sl_cell *cells, const char **why)
{
    PCRE2_SPTR subject = (PCRE2_SPTR)text;
    int code = pcre2_match(regex->code, subject, size, 0, 0, regex->match, regex->limits);
    if (code == PCRE2_ERROR_JIT_STACKLIMIT)
        code =
            pcre2_match(regex->code, subject, size, 0, PCRE2_NO_JIT, regex->match, regex->limits);
    if (code == PCRE2_ERROR_NOMATCH)
        return 0;
    if (code < 0) {
        *why = limit_said(code);
        return -1;
    }
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
    for (uint32_t i = 0; i < regex->count; i++) {
        uint32_t number = regex->groups[i].number;
        PCRE2_SIZE from = ends[2 * number], to = ends[2 * number + 1];
        cells[i] = (sl_cell){.kind = SL_NULL};
        if (from != PCRE2_UNSET && to >= from)
            cells[i] =
                (sl_cell){.kind = SL_TEXT, .size = (uint32_t)(to - from), .as.text = text + from};
    }
    return 1;
}

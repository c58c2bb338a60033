/*
 * checkpoint_asked.c - what is asked about checkpoints: what is kept of earlier runs, shown and
 * changed; see inquiry.h.
 *
 * Deliberately elsewhere: reading and changing it (amend.h), the command (inquiry_verb.c).
 */
#include <string.h>

#include "daemon/amend.h"
#include "daemon/graph.h"
#include "daemon/inquiry.h"
#include "daemon/words.h"
#include "stages/core/value.h"
#include "stages/json.h"

#define NAMES_MOST 256 /* of stages, for the nearest one */

typedef struct words { /* what is asked */
    sl_inquiry *about;
    const sl_plan *plan;
    sl_graph *graph;
    sl_once *once;
} words;

/* A stage of this role by its name; UINT32_MAX: none, said with the nearest one. */
static uint32_t stage_named(words *at, const char *name, sl_role role)
{
    const sl_plan *plan = at->plan;
    const char *names[NAMES_MOST];
    size_t count = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->stages[i].type->role != role)
            continue;
        if (strcmp(plan->stages[i].name, name) == 0)
            return i;
        if (count < NAMES_MOST)
            names[count++] = plan->stages[i].name;
    }
    const char *near = sl_value_nearest(name, names, count);
    char hint[160];
    snprintf(hint, sizeof hint, near ? "did you mean '%s'?" : "`sluice graph` shows the names",
             near);
    sl_inquiry_wrong(at->about, SL_CODE_USAGE, hint, "graph '%s' has no %s '%s'", plan->name,
                     sl_role_name(role), name);
    return UINT32_MAX;
}

/* ---- ls ------------------------------------------------------------------------------------- */

/* A reader's position in words: its usual members, or the JSON where it has others. */
static void add_position(sl_builder *text, const char *json)
{
    char file[1024];
    int64_t byte, line, row;
    sl_json_value key;
    int32_t has_file = sl_json_get_text(json, "file", file, sizeof file) == 1;
    if (has_file && sl_json_get_integer(json, "byte", &byte) == 1) {
        sl_builder_format(text, "at byte %lld", (long long)byte);
        if (sl_json_get_integer(json, "line", &line) == 1)
            sl_builder_format(text, ", line %lld", (long long)line);
        sl_builder_format(text, " of %s", file);
    } else if (sl_json_get(json, "key", &key) == 1) {
        sl_builder_format(text, "behind the key %.*s", (int)key.size, key.text);
    } else if (sl_json_get_integer(json, "row", &row) == 1) {
        sl_builder_format(text, "behind row %lld", (long long)row);
    } else {
        sl_builder_format(text, "at %s", json);
    }
}

static void add_stages(sl_builder *text, const sl_kept *kept)
{
    for (uint32_t i = 0; i < kept->stages_count; i++) {
        const sl_kept_stage *stage = &kept->stages[i];
        if (!stage->reader)
            continue;
        sl_builder_format(text, "    %s: ", stage->name);
        sl_words_rows(text, stage->count);
        if (stage->rejected > 0)
            sl_builder_format(text, ", %lld of them rejected", (long long)stage->rejected);
        sl_builder_word(text, ", ");
        add_position(text, stage->json);
        sl_builder_word(text, "\n");
    }
    for (uint32_t i = 0; i < kept->taken_count; i++) {
        sl_builder_format(text, "    has the rejected rows of %s: ", kept->taken[i].name);
        sl_words_rows(text, kept->taken[i].number);
        sl_builder_word(text, "\n");
    }
}

static void add_next(words *at, sl_builder *text, uint32_t exporter, const sl_kept *kept,
                     const char *refusal)
{
    const char *changed;
    if (refusal) {
        sl_builder_format(text, "    the next run is refused: %s\n", refusal);
        return;
    }
    if (kept->stages_count == 0 && !at->plan->stages[exporter].rejects_only)
        sl_builder_word(text, "    the next run reads from the start\n");
    for (uint32_t i = 0; (changed = sl_once_changed(at->once, i)) != NULL; i++)
        sl_builder_format(text, "    stage '%s' changed since\n", changed);
}

static void add_text(words *at, sl_builder *text, uint32_t exporter, const sl_amend_kept *found,
                     const char *refusal)
{
    const sl_plan_stage *stage = &at->plan->stages[exporter];
    sl_builder_format(text, "%s (%s exporter): ", stage->name, stage->type->name);
    if (!found->text) {
        sl_builder_word(text, "nothing is kept\n");
        return;
    }
    sl_words_rows(text, found->kept.rows);
    if (found->kept.changed > 0) {
        sl_builder_word(text, ", ");
        sl_words_time(text, found->kept.changed);
    }
    sl_builder_word(text, "\n    rows in ");
    sl_words_target(text, stage);
    sl_builder_format(text, "; checkpoint in %s\n", found->place ? found->place : "the same place");
    add_stages(text, &found->kept);
    add_next(at, text, exporter, &found->kept, refusal);
}

static void add_json_stages(sl_builder *text, const sl_kept *kept)
{
    int32_t first = 1;
    sl_builder_word(text, ",\"readers\":[");
    for (uint32_t i = 0; i < kept->stages_count; i++) {
        const sl_kept_stage *stage = &kept->stages[i];
        if (!stage->reader)
            continue;
        sl_builder_word(text, first ? "{\"reader\":" : ",{\"reader\":");
        sl_builder_json(text, stage->name, strlen(stage->name));
        sl_builder_format(text, ",\"rows\":%lld,\"rejected\":%lld,\"at\":%s}",
                          (long long)stage->count, (long long)stage->rejected, stage->json);
        first = 0;
    }
    sl_builder_word(text, "],\"taken\":{");
    for (uint32_t i = 0; i < kept->taken_count; i++) {
        sl_builder_word(text, i ? "," : "");
        sl_builder_json(text, kept->taken[i].name, strlen(kept->taken[i].name));
        sl_builder_format(text, ":%lld", (long long)kept->taken[i].number);
    }
    sl_builder_word(text, "}");
}

static void add_json(words *at, sl_builder *text, uint32_t exporter, const sl_amend_kept *found,
                     const char *refusal)
{
    const sl_plan_stage *stage = &at->plan->stages[exporter];
    sl_builder target = {.env = text->env};
    const char *changed;
    sl_builder_word(text, "{\"exporter\":");
    sl_builder_json(text, stage->name, strlen(stage->name));
    sl_inquiry_member(text, "type", stage->type->name);
    sl_words_target(&target, stage);
    sl_inquiry_member(text, "target", target.data);
    sl_builder_done(&target);
    sl_builder_format(text, ",\"kept\":%s", found->text ? "true" : "false");
    if (found->text) {
        sl_inquiry_member(text, "checkpoint_in", found->place);
        sl_builder_format(text, ",\"rows\":%lld,\"changed\":\"", (long long)found->kept.rows);
        sl_words_instant(text, found->kept.changed);
        sl_builder_word(text, "\"");
        add_json_stages(text, &found->kept);
        sl_builder_word(text, ",\"changed_stages\":[");
        for (uint32_t i = 0; (changed = sl_once_changed(at->once, i)) != NULL; i++) {
            sl_builder_word(text, i ? "," : "");
            sl_builder_json(text, changed, strlen(changed));
        }
        sl_builder_word(text, "]");
        sl_inquiry_member(text, "refused", refusal);
    }
    sl_builder_word(text, "}");
}

static sl_status list(words *at)
{
    sl_builder text = {.env = at->about->env};
    int32_t json = at->about->json, first = 1;
    if (json) {
        sl_builder_word(&text, "{\"graph\":");
        sl_builder_json(&text, at->plan->name, strlen(at->plan->name));
        sl_builder_word(&text, ",\"exporters\":[");
    }
    for (uint32_t i = 0; i < at->plan->count; i++) {
        sl_amend_kept found;
        const char *refusal;
        if (at->plan->stages[i].type->role != SL_EXPORTER)
            continue;
        if (sl_amend_read(at->once, i, &found) != SL_OK ||
            sl_amend_judge(at->once, i, &found, &refusal) != SL_OK) {
            sl_builder_done(&text);
            return SL_ERROR;
        }
        if (json && !first)
            sl_builder_word(&text, ",");
        (json ? add_json : add_text)(at, &text, i, &found, refusal);
        first = 0;
    }
    if (json)
        sl_builder_word(&text, "]}\n");
    return sl_inquiry_put(at->about, &text);
}

/* ---- show ----------------------------------------------------------------------------------- */

static sl_status show_one(words *at, const char *name)
{
    sl_amend_kept found;
    uint32_t exporter = stage_named(at, name, SL_EXPORTER);
    if (exporter == UINT32_MAX || sl_amend_read(at->once, exporter, &found) != SL_OK)
        return SL_ERROR;
    if (!found.text)
        return sl_inquiry_wrong(at->about, SL_CODE_NO_INPUT,
                                "`sluice checkpoint ls` shows what is kept",
                                "exporter '%s' has no checkpoint", name);
    sl_builder text = {.env = at->about->env};
    sl_builder_format(&text, "%s\n", found.text);
    return sl_inquiry_put(at->about, &text);
}

static sl_status show(words *at)
{
    if (at->about->count > 0)
        return show_one(at, at->about->words[0]);
    sl_builder text = {.env = at->about->env};
    sl_builder_word(&text, "{");
    for (uint32_t i = 0; i < at->plan->count; i++) {
        const sl_plan_stage *stage = &at->plan->stages[i];
        sl_amend_kept found;
        if (stage->type->role != SL_EXPORTER)
            continue;
        if (sl_amend_read(at->once, i, &found) != SL_OK) {
            sl_builder_done(&text);
            return SL_ERROR;
        }
        sl_builder_word(&text, text.size > 1 ? "," : "");
        sl_builder_json(&text, stage->name, strlen(stage->name));
        int32_t sound = found.text && sl_json_valid(found.text, strlen(found.text));
        sl_builder_format(&text, ":%s", sound ? found.text : "null");
    }
    sl_builder_word(&text, "}\n");
    return sl_inquiry_put(at->about, &text);
}

/* ---- What changes something -------------------------------------------------------------------
 */

static void say(const words *at, const char *format, const char *what)
{
    if (at->about->quiet)
        return;
    sl_builder text = {.env = at->about->env};
    sl_builder_format(&text, "%s: ", at->plan->name);
    sl_builder_format(&text, format, what); /* the formats are this file's own */
    sl_builder_word(&text, "\n");
    if (!text.failed)
        at->about->put(at->about->of, 1, text.data, text.size);
    sl_builder_done(&text);
}

/* A place in a file as a person writes it, {"file": ..., "byte": ...}: what the readers of files
 * would know it again by is filled in so that it is taken as it is. In the arena. */
static const char *complete(words *at, const sl_json_value *object)
{
    char *whole = sl_arena_copy(at->about->errors->arena, object->text, object->size);
    sl_json_value found;
    if (!whole || sl_json_get(whole, "file", &found) != 1 ||
        sl_json_get(whole, "byte", &found) != 1 || sl_json_get(whole, "raw", &found) == 1)
        return whole;
    return sl_arena_format(at->about->errors->arena, "%.*s%s%s,\"raw\":0,\"base\":0,\"crc\":0}",
                           (int)object->size - 1, whole,
                           sl_json_get(whole, "line", &found) == 1 ? "" : ",\"line\":0",
                           sl_json_get(whole, "row", &found) == 1 ? "" : ",\"row\":0");
}

static sl_status set(words *at)
{
    sl_json json;
    sl_json_value value;
    const char *name = at->about->words[0], *position = at->about->words[1];
    uint32_t reader = stage_named(at, name, SL_READER);
    if (reader == UINT32_MAX)
        return SL_ERROR;
    sl_json_open(&json, position, strlen(position));
    if (!sl_json_read(&json, &value) || !sl_json_end(&json) || value.kind != SL_JSON_OBJECT)
        return sl_inquiry_wrong(
            at->about, SL_CODE_USAGE,
            "a position is what stands under \"at\" in `sluice checkpoint show`",
            "the position '%s' is no JSON object: %s", position,
            json.error ? json.error : sl_json_kind_name(value.kind));
    const char *whole = complete(at, &value);
    if (!whole)
        return sl_inquiry_wrong(at->about, SL_CODE_FAILED, NULL, "out of memory");
    if (sl_amend_set(at->once, reader, whole) != SL_OK)
        return SL_ERROR;
    say(at, "the next run goes on from there: %s", position);
    return SL_OK;
}

/* The exporter that was named; UINT32_MAX: all. 0; -1: there is none, said. */
static int chosen(words *at, uint32_t *exporter)
{
    *exporter = UINT32_MAX;
    if (at->about->count == 0)
        return 0;
    *exporter = stage_named(at, at->about->words[0], SL_EXPORTER);
    return *exporter == UINT32_MAX ? -1 : 0;
}

static sl_status rewind_all(words *at)
{
    uint32_t exporter;
    if (chosen(at, &exporter) < 0 || sl_amend_rewind(at->once, exporter) != SL_OK)
        return SL_ERROR;
    say(at, "the next run reads from the start%s",
        exporter == UINT32_MAX ? "" : ", for this exporter");
    return SL_OK;
}

static sl_status drop(words *at)
{
    uint32_t exporter;
    if (chosen(at, &exporter) < 0 || sl_amend_drop(at->once, exporter) != SL_OK)
        return SL_ERROR;
    say(at, "what was kept%s is forgotten", exporter == UINT32_MAX ? "" : " of this exporter");
    return SL_OK;
}

/* ---- Which ------------------------------------------------------------------------------------
 */

const sl_action sl_checkpoint_actions[] = {{"ls", 0, 0, 0},     {"show", 0, 1, 0}, {"set", 2, 2, 1},
                                           {"rewind", 0, 1, 1}, {"drop", 0, 1, 1}, {0}};

static sl_status (*const runs[])(words *at) = {list, show, set, rewind_all, drop};
_Static_assert(sizeof runs / sizeof *runs + 1 ==
                   sizeof sl_checkpoint_actions / sizeof *sl_checkpoint_actions,
               "one for each action");

sl_status sl_checkpoint_answer(sl_inquiry *about)
{
    words at = {.about = about, .plan = about->plan};
    const sl_action *action = sl_inquiry_action(sl_checkpoint_actions, about->action);
    sl_graph_options options = {.env = about->env,
                                .reach = about->reach,
                                .row_limit = -1,
                                .state = about->state,
                                .log = about->log,
                                .log_of = about->log_of};
    at.graph = sl_graph_new(about->plan, &options, about->errors);
    if (!at.graph)
        return sl_inquiry_wrong(about, SL_CODE_FAILED, NULL, "out of memory");
    at.once = sl_graph_once(at.graph);
    sl_status status = runs[action - sl_checkpoint_actions](&at);
    sl_graph_free(at.graph);
    return status;
}

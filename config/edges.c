/*
 * edges.c - who takes whose rows.
 *
 * A list reads top to bottom: a stage takes the rows of the stage before it, unless `from`
 * names others. An exporter that an on_reject names takes rejects only, and is passed over.
 * A name that is misspelt is said once, and then read as the nearest one, so that one mistake
 * does not look like three.
 *
 * Deliberately elsewhere: options (stages.c), columns (the stages' plan).
 */
#include "config/edges.h"

#include <string.h>

#include "config/params.h"
#include "stages/core/value.h"

#define NAME_LIMIT 64u
#define NONE UINT32_MAX

/* ---- Names ---------------------------------------------------------------------------------- */

/* The text of a scalar with its params put in; NULL: said, or `what` is no text, which is said. */
static const char *read_word(sl_reading *reading, const sl_yaml_node *node, const char *what)
{
    sl_value value;
    sl_mistake at = {.at = node};
    if (node->kind != SL_YAML_SCALAR || sl_yaml_is_null(node)) {
        (void)sl_reading_say(reading, &at, "'%s' must be a name", what);
        return NULL;
    }
    return sl_params_value(reading, node, NULL, SL_PUT_TEXT, &at, &value) == SL_OK ? value.text
                                                                                   : NULL;
}

static int is_name(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= NAME_LIMIT && text[0] != '.' && text[0] != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
               size;
}

static uint32_t find(const sl_reading *reading, const char *name)
{
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        const char *other = reading->drafts[i].stage.name;
        if (other != NULL && strcmp(other, name) == 0) {
            return i;
        }
    }
    return NONE;
}

static void read_name(sl_reading *reading, sl_draft *draft)
{
    const char *name = draft->name == NULL ? NULL : read_word(reading, draft->name, "name");
    if (name == NULL) {
        return;
    }
    if (!is_name(name)) {
        (void)SL_SAY(reading,
                     {.at = draft->name, .hint = "letters, digits, '_', '-' and '.', at most 64"},
                     "'%.80s' cannot be the name of a stage", name);
    } else if (strcmp(name, "fail") == 0 || strcmp(name, "drop") == 0) {
        (void)SL_SAY(reading, {.at = draft->name, .hint = "choose another name"},
                     "'%s' cannot be the name of a stage, on_reject knows it as a word", name);
    } else if (find(reading, name) != NONE) {
        (void)SL_SAY(
            reading,
            {.at = draft->name,
             .hint = sl_reading_hint(reading, "the stage at line %d has it; each name stands once",
                                     reading->drafts[find(reading, name)].stage.line)},
            "there is a stage '%s' already", name);
    } else {
        draft->stage.name = name;
        draft->stage.named = 1;
    }
}

/* TYPE, or TYPE-2, TYPE-3 ... */
static void make_name(sl_reading *reading, sl_draft *draft, uint32_t *number)
{
    const char *type =
        draft->type != NULL && draft->type->kind == SL_YAML_SCALAR ? draft->type->text : "stage";
    const char *name = type;
    while (name != NULL && find(reading, name) != NONE) {
        name = sl_arena_format(reading->arena, "%s-%u", type, ++*number);
    }
    reading->no_memory |= name == NULL;
    draft->stage.name = name == NULL ? type : name;
}

/* How many stages of the same role key and type have been numbered before this one. */
static uint32_t last_number(const sl_reading *reading, const uint32_t *numbers, uint32_t until)
{
    const sl_yaml_node *type = reading->drafts[until].type;
    for (uint32_t i = until; i-- > 0 && type != NULL;) {
        const sl_yaml_node *other = reading->drafts[i].type;
        if (numbers[i] > 0 && other != NULL && other->kind == SL_YAML_SCALAR &&
            type->kind == SL_YAML_SCALAR && strcmp(other->text, type->text) == 0) {
            return numbers[i];
        }
    }
    return 1;
}

void sl_edges_name(sl_reading *reading)
{
    uint32_t *numbers = sl_reading_take(reading, (reading->drafts_count + 1) * sizeof *numbers);
    if (numbers == NULL) {
        return;
    }
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        read_name(reading, &reading->drafts[i]);
    }
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        if (reading->drafts[i].stage.name == NULL) {
            numbers[i] = last_number(reading, numbers, i);
            make_name(reading, &reading->drafts[i], &numbers[i]);
        }
    }
}

/* ---- Looking names up -------------------------------------------------------------------------
 */

/* The stage that a word names; a word that names none is said and read as the nearest name. */
static uint32_t look_up(sl_reading *reading, sl_draft *draft, const sl_yaml_node *node,
                        const char *option, const char *name)
{
    uint32_t index = find(reading, name);
    if (index != NONE) {
        return index;
    }
    const char **names = sl_reading_take(reading, (reading->drafts_count + 1) * sizeof *names);
    if (names == NULL) {
        return NONE;
    }
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        names[i] = reading->drafts[i].stage.name;
    }
    const char *near = sl_value_nearest(name, names, reading->drafts_count);
    const char *otherwise = strcmp(option, "on_reject") == 0
                                ? "write fail, drop, or the name of an exporter"
                                : "give that stage a `name:`";
    (void)SL_SAY(
        reading,
        {.at = node,
         .stage = draft->stage.name,
         .option = option,
         .hint = near == NULL ? otherwise : sl_reading_hint(reading, "did you mean '%s'?", near)},
        "there is no stage '%.80s'", name);
    draft->broken = 1;
    return near == NULL ? NONE : find(reading, near);
}

/* ---- Rejects -----------------------------------------------------------------------------------
 */

static void connect_reject(sl_reading *reading, sl_draft *draft)
{
    const sl_yaml_node *node = draft->on_reject;
    const char *name = node == NULL ? NULL : read_word(reading, node, "on_reject");
    if (name == NULL || strcmp(name, "fail") == 0) {
        return;
    }
    if (strcmp(name, "drop") == 0) {
        draft->stage.on_reject = SL_REJECT_DROP;
        return;
    }
    uint32_t index = look_up(reading, draft, node, "on_reject", name);
    if (index == NONE) {
        return;
    }
    sl_draft *target = &reading->drafts[index];
    sl_mistake where = {.at = node, .stage = draft->stage.name, .option = "on_reject"};
    if (target == draft) {
        (void)sl_reading_say(reading, &where, "a stage cannot take its own rejects");
    } else if (target->role != SL_EXPORTER && target->role != SL_ROLE_UNKNOWN) {
        where.hint = "write fail, drop, or the name of an exporter";
        (void)sl_reading_say(reading, &where, "'%s' is a %s, and rejects go to an exporter",
                             target->stage.name, sl_role_name(target->role));
    } else if (target->role == SL_EXPORTER) {
        draft->stage.on_reject = SL_REJECT_STAGE;
        draft->stage.reject_stage = index;
        target->stage.rejects_only = 1;
    }
}

static void check_reject_stage(sl_reading *reading, const sl_draft *draft)
{
    if (!draft->stage.rejects_only) {
        return;
    }
    if (draft->from != NULL) {
        (void)SL_SAY(reading,
                     {.at = draft->from,
                      .stage = draft->stage.name,
                      .option = "from",
                      .hint = "leave `from` out, or use another exporter for the rejects"},
                     "this exporter is named by an on_reject and takes rejects only");
    }
    if (draft->stage.on_reject == SL_REJECT_STAGE) {
        (void)SL_SAY(reading,
                     {.at = draft->on_reject,
                      .stage = draft->stage.name,
                      .option = "on_reject",
                      .hint = "write fail or drop"},
                     "an exporter of rejects cannot pass its own rejects on");
    }
}

/* ---- From
 * ---------------------------------------------------------------------------------------- */

static uint32_t stage_before(const sl_reading *reading, uint32_t index)
{
    while (index-- > 0) {
        if (!reading->drafts[index].stage.rejects_only) {
            return index;
        }
    }
    return NONE;
}

/* Two exporters in a row, or another stage behind one: what was meant is a fan-out. */
static void say_behind_exporter(sl_reading *reading, sl_draft *draft, uint32_t before)
{
    uint32_t source = before;
    while (source != NONE && reading->drafts[source].role == SL_EXPORTER) {
        source = stage_before(reading, source);
    }
    const char *name = source == NONE ? "NAME" : reading->drafts[source].stage.name;
    const char *hint = sl_reading_hint(
        reading, "write `from: %s`, so that both take the rows of '%s'", name, name);
    (void)SL_SAY(reading, {.at = draft->role_key, .stage = draft->stage.name, .hint = hint},
                 draft->role == SL_EXPORTER
                     ? "two exporters in a row: '%s' before this gives no rows"
                     : "the stage before this, '%s', is an exporter and gives no rows",
                 reading->drafts[before].stage.name);
    draft->broken = 1;
}

static void connect_before(sl_reading *reading, uint32_t index)
{
    sl_draft *draft = &reading->drafts[index];
    uint32_t before = stage_before(reading, index);
    if (before == NONE) {
        (void)SL_SAY(reading,
                     {.at = draft->role_key,
                      .stage = draft->stage.name,
                      .hint = "the list begins with a reader; or write `from: NAME`"},
                     "there is no stage before this %s to take rows from",
                     sl_role_name(draft->role));
        draft->broken = 1;
    } else if (reading->drafts[before].role == SL_EXPORTER) {
        say_behind_exporter(reading, draft, before);
    } else {
        draft->stage.inputs[draft->stage.inputs_count++] = before;
    }
}

static void connect_one(sl_reading *reading, sl_draft *draft, const sl_yaml_node *node)
{
    const char *name = read_word(reading, node, "from");
    uint32_t index = name == NULL ? NONE : look_up(reading, draft, node, "from", name);
    if (index == NONE) {
        draft->broken = 1;
        return;
    }
    const sl_draft *source = &reading->drafts[index];
    sl_mistake where = {.at = node, .stage = draft->stage.name, .option = "from"};
    draft->broken |= source == draft || source->role == SL_EXPORTER;
    if (source == draft) {
        (void)sl_reading_say(reading, &where, "a stage cannot take its own rows");
        return;
    }
    if (source->role == SL_EXPORTER) {
        (void)sl_reading_say(reading, &where, "'%s' is an exporter and gives no rows", name);
        return;
    }
    for (uint32_t i = 0; i < draft->stage.inputs_count; i++) {
        if (draft->stage.inputs[i] == index) {
            (void)sl_reading_say(reading, &where, "'%s' is named twice", name);
            return;
        }
    }
    draft->stage.inputs[draft->stage.inputs_count++] = index;
}

static void connect_from(sl_reading *reading, sl_draft *draft)
{
    const sl_yaml_node *from = draft->from;
    if (from->kind == SL_YAML_SCALAR) {
        connect_one(reading, draft, from);
        return;
    }
    if (from->kind == SL_YAML_MAP || from->count == 0) {
        (void)SL_SAY(reading,
                     {.at = from, .stage = draft->stage.name, .hint = "write `from: [a, b]`"},
                     "'from' must be the name of a stage or a list of them");
        draft->broken = 1;
        return;
    }
    for (uint32_t i = 0; i < from->count; i++) {
        connect_one(reading, draft, from->items[i].value);
    }
}

static void check_count(sl_reading *reading, const sl_draft *draft)
{
    const sl_stage_type *type = draft->stage.type;
    uint32_t count = draft->stage.inputs_count;
    if (type == NULL || draft->broken || (count >= type->inputs_min && count <= type->inputs_max)) {
        return;
    }
    uint32_t wanted = count < type->inputs_min ? type->inputs_min : type->inputs_max;
    (void)SL_SAY(reading,
                 {.at = draft->from == NULL ? draft->role_key : draft->from,
                  .stage = draft->stage.name,
                  .option = draft->from == NULL ? NULL : "from",
                  .hint = count < type->inputs_min ? "name them: `from: [a, b]`" : NULL},
                 "the %s '%s' takes %s %u input%s, and here %s %u", sl_role_name(draft->role),
                 type->name,
                 type->inputs_min == type->inputs_max ? "just"
                 : count < type->inputs_min           ? "at least"
                                                      : "at most",
                 wanted, wanted == 1 ? "" : "s", count == 1 ? "is" : "are", count);
}

static void connect(sl_reading *reading, uint32_t index)
{
    sl_draft *draft = &reading->drafts[index];
    uint32_t room = draft->from == NULL || draft->from->count == 0 ? 1 : draft->from->count;
    draft->stage.inputs = sl_reading_take(reading, room * sizeof *draft->stage.inputs);
    if (draft->stage.inputs == NULL || draft->stage.rejects_only) {
        return;
    }
    if (draft->role == SL_READER) {
        if (draft->from != NULL) {
            (void)SL_SAY(reading,
                         {.at = draft->from,
                          .stage = draft->stage.name,
                          .option = "from",
                          .hint = "leave `from` out"},
                         "a reader has no inputs");
        }
        return;
    }
    if (draft->from != NULL) {
        connect_from(reading, draft);
    } else if (draft->role != SL_ROLE_UNKNOWN) {
        connect_before(reading, index);
    } else if (stage_before(reading, index) != NONE) {
        draft->stage.inputs[draft->stage.inputs_count++] = stage_before(reading, index);
    }
    if (draft->role != SL_ROLE_UNKNOWN) {
        check_count(reading, draft);
    }
}

/* ---- The whole ---------------------------------------------------------------------------------
 */

static void count_consumers(sl_reading *reading)
{
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        const sl_plan_stage *stage = &reading->drafts[i].stage;
        for (uint32_t k = 0; stage->inputs != NULL && k < stage->inputs_count; k++) {
            reading->drafts[stage->inputs[k]].stage.consumers++;
        }
    }
}

/* Stages that nobody consumes, and a graph without an exporter. */
static void check_consumed(sl_reading *reading)
{
    uint32_t exporters = 0;
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        const sl_draft *draft = &reading->drafts[i];
        if (draft->broken || draft->role == SL_ROLE_UNKNOWN) {
            return; /* what is missing may be just what is broken */
        }
        exporters += draft->role == SL_EXPORTER && !draft->stage.rejects_only;
    }
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        const sl_draft *draft = &reading->drafts[i];
        if (draft->role == SL_EXPORTER || draft->stage.consumers > 0) {
            continue;
        }
        int last = exporters == 0 && i + 1 == reading->drafts_count;
        if (!last) {
            (void)SL_SAY(reading,
                         {.at = draft->role_key,
                          .stage = draft->stage.name,
                          .hint = sl_reading_hint(reading,
                                                  "write `from: %s` where its rows are wanted, or "
                                                  "leave it out",
                                                  draft->stage.name)},
                         "nobody takes the rows of this %s", sl_role_name(draft->role));
        }
    }
    if (exporters == 0) {
        (void)SL_SAY(reading,
                     {.at = reading->drafts[reading->drafts_count - 1].role_key,
                      .hint = "end the list with one: `- exporter: table` shows the rows"},
                     "the graph has no exporter that takes its rows");
    }
}

/* Marks what `index` takes rows from, all the way up. Answers a stage that an earlier branch
 * had marked, or NONE. The depth of the walk is bounded by a stack of its own. */
static uint32_t mark_branch(const sl_reading *reading, uint32_t index, uint32_t branch,
                            uint32_t *marks, uint32_t *stack)
{
    uint32_t depth = 0;
    stack[depth++] = index;
    while (depth > 0) {
        uint32_t at = stack[--depth];
        if (marks[at] == branch) {
            continue;
        }
        if (marks[at] != 0) {
            return at;
        }
        marks[at] = branch;
        const sl_plan_stage *stage = &reading->drafts[at].stage;
        for (uint32_t i = 0; i < stage->inputs_count; i++) {
            stack[depth++] = stage->inputs[i];
        }
    }
    return NONE;
}

static void check_diamond(sl_reading *reading, uint32_t index, uint32_t edges)
{
    const sl_draft *draft = &reading->drafts[index];
    uint32_t *marks = sl_reading_take(reading, reading->drafts_count * sizeof *marks);
    uint32_t *stack = sl_reading_take(reading, (edges + 1) * sizeof *stack);
    for (uint32_t i = 0; marks != NULL && stack != NULL && i < draft->stage.inputs_count; i++) {
        uint32_t twice = mark_branch(reading, draft->stage.inputs[i], i + 1, marks, stack);
        if (twice != NONE) {
            (void)SL_SAY(reading,
                         {.at = draft->from,
                          .stage = draft->stage.name,
                          .option = "from",
                          .hint = "read the source twice, once for each branch"},
                         "the rows of '%s' come here on two ways; that is not in this version",
                         reading->drafts[twice].stage.name);
            return;
        }
    }
}

static void check_diamonds(sl_reading *reading)
{
    uint32_t edges = 0;
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        edges += reading->drafts[i].stage.inputs_count;
    }
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        if (reading->drafts[i].stage.inputs_count > 1) {
            check_diamond(reading, i, edges);
        }
    }
}

/* ---- Order
 * --------------------------------------------------------------------------------------- */

/* Gives each draft its number, inputs first; what is left without one stands in a cycle or
 * behind one. Answers how many were numbered. */
static uint32_t number(const sl_reading *reading, uint32_t *numbers)
{
    uint32_t done = 0;
    uint32_t before = NONE;
    memset(numbers, 0xff, reading->drafts_count * sizeof *numbers);
    while (done != before) {
        before = done;
        for (uint32_t i = 0; i < reading->drafts_count; i++) {
            const sl_plan_stage *stage = &reading->drafts[i].stage;
            int ready = numbers[i] == NONE;
            for (uint32_t k = 0; ready && k < stage->inputs_count; k++) {
                ready = numbers[stage->inputs[k]] != NONE;
            }
            if (ready) {
                numbers[i] = done++;
            }
        }
    }
    return done;
}

/* From any stage without a number, its inputs lead into a cycle; all of it is named. */
static void say_cycle(sl_reading *reading, const uint32_t *numbers)
{
    uint32_t at = 0;
    while (numbers[at] != NONE) {
        at++;
    }
    for (uint32_t step = 0; step < reading->drafts_count; step++) { /* into the cycle */
        const sl_plan_stage *stage = &reading->drafts[at].stage;
        for (uint32_t i = 0; i < stage->inputs_count; i++) {
            if (numbers[stage->inputs[i]] == NONE) {
                at = stage->inputs[i];
                break;
            }
        }
    }
    char path[400];
    size_t used = 0;
    uint32_t first = at; /* the one that stands first in the file has the caret */
    uint32_t start = at;
    do {
        const char *name = reading->drafts[at].stage.name;
        if (used + strlen(name) + 8 < sizeof path) {
            used += (size_t)snprintf(path + used, sizeof path - used, "%s'%s'",
                                     used == 0 ? "" : " <- ", name);
        }
        first = at < first ? at : first;
        const sl_plan_stage *stage = &reading->drafts[at].stage;
        uint32_t i = 0;
        while (numbers[stage->inputs[i]] != NONE) {
            i++;
        }
        at = stage->inputs[i];
    } while (at != start);
    const sl_draft *draft = &reading->drafts[first];
    (void)SL_SAY(reading,
                 {.at = draft->from == NULL ? draft->role_key : draft->from,
                  .stage = draft->stage.name,
                  .hint = "rows go one way: name a stage that stands before all of them"},
                 "these stages wait for each other: %s", path);
}

static void check_cycle(sl_reading *reading)
{
    uint32_t *numbers = sl_reading_take(reading, (reading->drafts_count + 1) * sizeof *numbers);
    if (numbers == NULL) {
        return;
    }
    if (number(reading, numbers) < reading->drafts_count) {
        say_cycle(reading, numbers);
    } else {
        check_diamonds(reading);
    }
}

void sl_edges_connect(sl_reading *reading)
{
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        connect_reject(reading, &reading->drafts[i]);
    }
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        check_reject_stage(reading, &reading->drafts[i]);
        connect(reading, i);
    }
    if (reading->no_memory || reading->drafts_count == 0) {
        return;
    }
    count_consumers(reading);
    check_consumed(reading);
    check_cycle(reading);
}

sl_status sl_edges_order(sl_reading *reading)
{
    sl_plan *plan = reading->plan;
    uint32_t *numbers = sl_reading_take(reading, (reading->drafts_count + 1) * sizeof *numbers);
    plan->stages = sl_reading_take(reading, (reading->drafts_count + 1) * sizeof *plan->stages);
    if (numbers == NULL || plan->stages == NULL) {
        return SL_ERROR;
    }
    (void)number(reading, numbers);
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        sl_plan_stage *stage = &reading->drafts[i].stage;
        for (uint32_t k = 0; k < stage->inputs_count; k++) {
            stage->inputs[k] = numbers[stage->inputs[k]];
        }
        if (stage->on_reject == SL_REJECT_STAGE) {
            stage->reject_stage = numbers[stage->reject_stage];
        }
        plan->stages[numbers[i]] = *stage;
    }
    plan->count = reading->drafts_count;
    return SL_OK;
}

/* Gives each sound draft its number in `kept`, in the order of `numbers`; answers how many. */
static uint32_t number_sound(const sl_reading *reading, const uint32_t *numbers, uint32_t *kept)
{
    uint32_t count = 0;
    for (uint32_t turn = 0; turn < reading->drafts_count; turn++) {
        for (uint32_t i = 0; i < reading->drafts_count; i++) {
            const sl_draft *draft = &reading->drafts[i];
            if (numbers[i] != turn) {
                continue;
            }
            int sound = draft->stage.type != NULL && draft->stage.self != NULL &&
                        draft->stage.name != NULL && !draft->broken && !draft->unsound;
            sound &= draft->stage.inputs_count > 0 || draft->role == SL_READER;
            for (uint32_t k = 0; sound && k < draft->stage.inputs_count; k++) {
                sound = kept[draft->stage.inputs[k]] != NONE;
            }
            if (sound) {
                kept[i] = count++;
            }
        }
    }
    return count;
}

sl_status sl_edges_sound(sl_reading *reading)
{
    sl_plan *plan = reading->plan;
    size_t size = (reading->drafts_count + 1) * sizeof(uint32_t);
    uint32_t *numbers = sl_reading_take(reading, size);
    uint32_t *kept = sl_reading_take(reading, size);
    plan->stages = sl_reading_take(reading, (reading->drafts_count + 1) * sizeof *plan->stages);
    if (numbers == NULL || kept == NULL || plan->stages == NULL) {
        return SL_ERROR;
    }
    (void)number(reading, numbers);
    memset(kept, 0xff, size);
    plan->count = number_sound(reading, numbers, kept);
    for (uint32_t i = 0; i < reading->drafts_count; i++) {
        if (kept[i] == NONE) {
            continue;
        }
        sl_plan_stage *stage = &plan->stages[kept[i]];
        *stage = reading->drafts[i].stage;
        stage->on_reject = SL_REJECT_FAIL;
        stage->rejects_only = 0;
        stage->consumers = 0;
        for (uint32_t k = 0; k < stage->inputs_count; k++) {
            stage->inputs[k] = kept[stage->inputs[k]];
        }
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        for (uint32_t k = 0; k < plan->stages[i].inputs_count; k++) {
            plan->stages[plan->stages[i].inputs[k]].consumers++;
        }
    }
    return SL_OK;
}

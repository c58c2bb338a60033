/*
 * rules.c - the validator: SQL conditions that must be true, types, required values.
 *
 * Types and required values are looked at here, cell by cell; only the conditions enter SQLite,
 * all of them in one statement that answers the first one that is not true.
 */
#include <string.h>

#include "stages/core/option.h"
#include "stages/core/value.h"
#include "stages/json.h"
#include "stages/sql.h"

#define VALUE_SHOWN 40 /* bytes of a value in a reason */

typedef struct rule {
    const char *name; /* NULL: none */
    const char *text; /* the message, or the condition itself */
} rule;

typedef struct check {
    uint32_t index; /* of the column */
    sl_type type;
    sl_column wanted; /* the column, as if it had that type */
} check;

struct rules {
    const sl_value *rules;
    const sl_value *types;
    const sl_value *required;

    rule *list;
    sl_sql_expression *expressions; /* of list */
    uint32_t list_count;
    check *checks;
    uint32_t checks_count;
    uint32_t *needed; /* indexes of required columns */
    uint32_t needed_count;
    sl_sql *sql; /* NULL: no conditions */
    int32_t planned;
};

/* ---- Planning -------------------------------------------------------------------------- */

static uint32_t count_of(const sl_value *list)
{
    return list != NULL ? list->count : 0;
}

static sl_status take_text(sl_stage *stage, const sl_value *item, const char **text)
{
    if (item->kind != SL_VALUE_SCALAR || item->text[0] == '\0')
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = item),
                          "'%s' of a rule is a text", item->key);
    *text = item->text;
    return SL_OK;
}

/* A rule written as a map: {sql: ..., message: ..., name: ...}. */
static sl_status read_map(sl_stage *stage, const sl_value *map, rule *made,
                          sl_sql_expression *expression)
{
    sl_status status = SL_OK;
    const char *message = NULL;

    for (uint32_t i = 0; i < map->count && status == SL_OK; i++) {
        const sl_value *item = sl_item(map, i);

        if (strcmp(item->key, "sql") == 0) {
            status = take_text(stage, item, &expression->text);
            expression->value = item;
        } else if (strcmp(item->key, "message") == 0) {
            status = take_text(stage, item, &message);
        } else if (strcmp(item->key, "name") == 0) {
            status = take_text(stage, item, &made->name);
        } else {
            status = sl_fail_at(stage,
                                SL_PLACE(.code = SL_CODE_CONFIG, .value = item,
                                         .hint = "a rule has sql, message and name"),
                                "unknown key '%s' of a rule", item->key);
        }
    }
    if (status == SL_OK && expression->text == NULL)
        status = sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG, .value = map),
                            "a rule without its condition, sql");
    made->text = message != NULL ? message : expression->text;
    return status;
}

static sl_status read_rules(sl_stage *stage)
{
    struct rules *self = sl_self(stage, struct rules);
    sl_status status = SL_OK;

    self->list_count = count_of(self->rules);
    for (uint32_t i = 0; i < self->list_count; i++) {
        const sl_value *item = sl_item(self->rules, i);

        self->list[i] = (rule){.text = item->text};
        self->expressions[i] = (sl_sql_expression){item->text, item};
        if (item->kind == SL_VALUE_MAP &&
            read_map(stage, item, &self->list[i], &self->expressions[i]) != SL_OK)
            status = SL_ERROR;
    }
    return status;
}

static sl_status read_types(sl_stage *stage, const sl_column *columns)
{
    struct rules *self = sl_self(stage, struct rules);
    sl_status status = SL_OK;

    self->checks_count = 0;
    for (uint32_t i = 0; i < count_of(self->types); i++) {
        const sl_value *item = sl_item(self->types, i);
        sl_value name = *item;
        check made = {0};
        int32_t type = sl_type_named(item->text);

        name.text = item->key;
        if (stage->host->find_column(stage, 0, &name, &made.index) != SL_OK || type < 0) {
            status = SL_ERROR;
            continue;
        }
        made.type = (sl_type)type;
        made.wanted = columns[made.index];
        made.wanted.type = made.type;
        made.wanted.flags |= SL_COLUMN_DECLARED;
        self->checks[self->checks_count++] = made;
    }
    return status;
}

static sl_status read_required(sl_stage *stage)
{
    struct rules *self = sl_self(stage, struct rules);
    sl_status status = SL_OK;

    self->needed_count = 0;
    for (uint32_t i = 0; i < count_of(self->required); i++)
        if (stage->host->find_column(stage, 0, sl_item(self->required, i),
                                     &self->needed[self->needed_count]) == SL_OK)
            self->needed_count++;
        else
            status = SL_ERROR;
    return status;
}

static sl_status make_room(sl_stage *stage)
{
    struct rules *self = sl_self(stage, struct rules);
    size_t rules = count_of(self->rules) + (size_t)1, types = count_of(self->types) + (size_t)1;
    size_t required = count_of(self->required) + (size_t)1;

    if (self->list == NULL)
        self->list = stage->host->allocate(stage, NULL, rules * sizeof *self->list);
    if (self->expressions == NULL)
        self->expressions = stage->host->allocate(stage, NULL, rules * sizeof *self->expressions);
    if (self->checks == NULL)
        self->checks = stage->host->allocate(stage, NULL, types * sizeof *self->checks);
    if (self->needed == NULL)
        self->needed = stage->host->allocate(stage, NULL, required * sizeof *self->needed);
    if (self->sql == NULL && self->list != NULL && count_of(self->rules) > 0) {
        self->sql = sl_sql_new(stage);
        if (self->sql == NULL)
            return SL_ERROR;
    }
    return self->list != NULL && self->expressions != NULL && self->checks != NULL &&
                   self->needed != NULL
               ? SL_OK
               : sl_no_memory(stage);
}

static sl_status plan(sl_stage *stage)
{
    struct rules *self = sl_self(stage, struct rules);
    uint32_t count = 0;
    const sl_column *columns = stage->host->input_columns(stage, 0, &count);
    sl_status rules, types, required;

    if (columns == NULL || self->planned)
        return SL_OK; /* not known before open */
    if (count_of(self->rules) + count_of(self->types) + count_of(self->required) == 0)
        return sl_fail_at(stage, SL_PLACE(.code = SL_CODE_CONFIG),
                          "nothing is checked: give rules, types or required");
    if (make_room(stage) != SL_OK)
        return SL_ERROR;
    rules = read_rules(stage);
    types = read_types(stage, columns);
    required = read_required(stage);
    if (rules == SL_OK && self->sql != NULL)
        rules = sl_sql_compile(self->sql, columns, count, SL_SQL_RULES, self->expressions,
                               self->list_count);
    self->planned = rules == SL_OK && types == SL_OK && required == SL_OK;
    return self->planned ? SL_OK : SL_ERROR;
}

/* ---- Rows ------------------------------------------------------------------------------ */

/* Whether a value that is not NULL is of the type, as it was read. */
static int fits(const check *of, const sl_cell *cell)
{
    sl_cell value;

    if (of->type == SL_TYPE_JSON)
        return cell->kind == SL_TEXT ? sl_json_valid(cell->as.text, cell->size)
                                     : cell->kind != SL_BLOB;
    if (of->type == SL_TYPE_TEXT)
        return cell->kind == SL_TEXT;
    if (sl_value_typed(&of->wanted, cell, &value) != SL_OK)
        return 0;
    switch (of->type) {
    case SL_TYPE_INTEGER:
        return value.kind == SL_INTEGER;
    case SL_TYPE_REAL:
    case SL_TYPE_NUMERIC:
        return value.kind == SL_INTEGER || value.kind == SL_REAL;
    case SL_TYPE_BLOB:
        return value.kind == SL_BLOB;
    case SL_TYPE_BOOLEAN:
        return value.kind == SL_INTEGER && (value.as.integer == 0 || value.as.integer == 1);
    default: /* any */
        return 1;
    }
}

static sl_status reject_type(sl_stage *stage, sl_batch *batch, uint32_t row, const check *of)
{
    const sl_cell *cell = &batch->columns[of->index][row];
    const char *article = of->type == SL_TYPE_INTEGER ? "an" : "a", *text;
    const char *type = sl_type_name(of->type);
    char room[SL_VALUE_ROOM];
    size_t size, shown;

    if (cell->kind == SL_BLOB)
        return sl_reject(stage, batch, row, of->index + 1, "a blob of %u bytes is not %s %s",
                         (unsigned)cell->size, article, type);
    size = sl_value_text(cell, room, &text);
    shown = sl_value_utf8(text, size < VALUE_SHOWN ? size : VALUE_SHOWN);
    return sl_reject(stage, batch, row, of->index + 1, "'%.*s'%s is not %s %s", (int)shown, text,
                     shown < size ? "..." : "", article, type);
}

/* What can be seen without SQLite. SL_END: the row was rejected. */
static sl_status check_row(sl_stage *stage, sl_batch *batch, uint32_t row)
{
    const struct rules *self = sl_self(stage, struct rules);

    for (uint32_t i = 0; i < self->needed_count; i++)
        if (batch->columns[self->needed[i]][row].kind == SL_NULL)
            return sl_reject(stage, batch, row, self->needed[i] + 1,
                             "a required value is missing") == SL_OK
                       ? SL_END
                       : SL_ERROR;
    for (uint32_t i = 0; i < self->checks_count; i++) {
        const check *of = &self->checks[i];
        const sl_cell *cell = &batch->columns[of->index][row];

        if (cell->kind != SL_NULL && !fits(of, cell))
            return reject_type(stage, batch, row, of) == SL_OK ? SL_END : SL_ERROR;
    }
    return SL_OK;
}

static sl_status check_rows(sl_stage *stage, sl_batch *batch)
{
    for (uint32_t i = 0; i < batch->selected; i++)
        if (check_row(stage, batch, batch->selection[i]) == SL_ERROR)
            return SL_ERROR;
    return SL_OK;
}

static sl_status reject_rule(sl_stage *stage, sl_batch *batch, uint32_t row, const rule *broken)
{
    if (broken->name != NULL)
        return sl_reject(stage, batch, row, 0, "%s: %s", broken->name, broken->text);
    return sl_reject(stage, batch, row, 0, "%s", broken->text);
}

static sl_status check_rules(sl_stage *stage, sl_batch *batch)
{
    struct rules *self = sl_self(stage, struct rules);
    sl_status status;
    sl_cell failed;
    uint32_t row;

    sl_sql_before(self->sql, self->needed_count + self->checks_count > 0 ? check_row : NULL);
    sl_sql_begin(self->sql, batch);
    while ((status = sl_sql_step(self->sql, &row)) == SL_OK) {
        status = sl_sql_value(self->sql, 0, &failed);
        if (status == SL_OK && failed.kind == SL_INTEGER)
            status = reject_rule(stage, batch, row, &self->list[failed.as.integer]);
        if (status != SL_OK)
            break;
    }
    sl_sql_end(self->sql);
    return status == SL_END ? SL_OK : status;
}

/* Rows are looked at one after the other, so that rejects come in their order. */
static sl_status each(sl_stage *stage, sl_batch *batch)
{
    const struct rules *self = sl_self(stage, struct rules);

    return self->sql != NULL ? check_rules(stage, batch) : check_rows(stage, batch);
}

static void interrupt(sl_stage *stage)
{
    sl_sql_interrupt(sl_self(stage, struct rules)->sql);
}

static void close(sl_stage *stage)
{
    struct rules *self = sl_self(stage, struct rules);

    sl_sql_free(self->sql);
    stage->host->allocate(stage, self->list, 0);
    stage->host->allocate(stage, self->expressions, 0);
    stage->host->allocate(stage, self->checks, 0);
    stage->host->allocate(stage, self->needed, 0);
    self->sql = NULL;
    self->list = NULL;
    self->expressions = NULL;
    self->checks = NULL;
    self->needed = NULL;
}

/* ---- The type --------------------------------------------------------------------------- */

static const sl_option options[] = {
    {"rules", SL_OPTION_SQL_LIST, 0, offsetof(struct rules, rules), "", NULL, NULL, NULL,
     "SQL conditions that must be true; each alone, or as {sql, message, name}."},
    {"types", SL_OPTION_MAP, 0, offsetof(struct rules, types), "", NULL, NULL,
     "any|integer|real|text|blob|boolean|json|numeric",
     "Columns, and the type that each of their values must have; NULL passes."},
    {"required", SL_OPTION_COLUMNS, 0, offsetof(struct rules, required), "", NULL, NULL, NULL,
     "Columns in which no value may be NULL."},
    {0},
};

const sl_stage_type sl_rules = {
    SL_STAGE_TYPE,
    .name = "rules",
    .version = "1.0",
    .summary = "Rejects rows that break a rule, with the reason.",
    .manual =
        "A row passes when no required value is NULL, every value is of its type, and every "
        "condition is true. The first check that fails, in this order, is the reason with which "
        "the row is rejected: for a condition its message, or its own text; a name stands in "
        "front.\n\n"
        "A condition must be true: false rejects, and so does NULL, as when amount > 0 meets a "
        "missing amount. Write `amount IS NULL OR amount > 0` to let it pass.\n\n"
        "Conditions are SQL as SQLite evaluates it, on each row by itself: aggregates, window "
        "functions and queries are refused; a param of the graph is written :name. A condition "
        "that cannot be evaluated (a value that is not of its column's type, malformed JSON) "
        "rejects the row with that reason.\n\n"
        "types looks at values as they were read: in a text format '12' is an integer, a real "
        "and a text; in JSON or SQLite the text '12' is a text only. An integer is also a real.",
    .example = "validator: rules\n"
               "required: [id, status]\n"
               "types: {id: integer}\n"
               "rules:\n"
               "  - amount > 0\n"
               "  - sql: status IN ('paid', 'pending', 'refunded')\n"
               "    message: unknown status\n"
               "on_reject: drop\n",
    .role = SL_VALIDATOR,
    .inputs_min = 1,
    .inputs_max = 1,
    .self_size = sizeof(struct rules),
    .options = options,
    .plan = plan,
    .open = plan,
    .each = each,
    .interrupt = interrupt,
    .close = close,
};

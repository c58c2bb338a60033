/*
 * picture.c - the picture of a plan: text, DOT, Mermaid, JSON.
 *
 * Rows go along full lines, rejects along dashed ones.
 */
#include <string.h>

#include "config/describe.h"
#include "config/quote.h"

/* ---- DOT
 * ----------------------------------------------------------------------------------------- */

static void print_dot(FILE *to, const sl_plan *plan)
{
    static const char *const shapes[] = {"cds", "octagon", "invtrapezium", "box", "cylinder"};
    (void)fputs("digraph \"", to);
    sl_quote_dot(to, plan->name);
    (void)fputs("\" {\n    rankdir=LR;\n    node [fontname=\"sans-serif\"];\n", to);
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        (void)fprintf(to, "    s%u [shape=%s, label=\"", i, shapes[stage->type->role]);
        sl_quote_dot(to, stage->name);
        (void)fprintf(to, "\\n%s: ", sl_role_name(stage->type->role));
        sl_quote_dot(to, stage->type->name);
        (void)fputs("\"];\n", to);
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        for (uint32_t k = 0; k < stage->inputs_count; k++) {
            (void)fprintf(to, "    s%u -> s%u;\n", stage->inputs[k], i);
        }
        if (stage->on_reject == SL_REJECT_STAGE) {
            (void)fprintf(to, "    s%u -> s%u [style=dashed, label=\"rejects\"];\n", i,
                          stage->reject_stage);
        }
    }
    (void)fputs("}\n", to);
}

/* ---- Mermaid
 * ------------------------------------------------------------------------------------- */

static void print_mermaid(FILE *to, const sl_plan *plan)
{
    (void)fputs("flowchart LR\n", to);
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        (void)fprintf(to, "    s%u[\"", i);
        sl_quote_mermaid(to, stage->name);
        (void)fprintf(to, "<br/>%s: ", sl_role_name(stage->type->role));
        sl_quote_mermaid(to, stage->type->name);
        (void)fputs("\"]\n", to);
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        for (uint32_t k = 0; k < stage->inputs_count; k++) {
            (void)fprintf(to, "    s%u --> s%u\n", stage->inputs[k], i);
        }
        if (stage->on_reject == SL_REJECT_STAGE) {
            (void)fprintf(to, "    s%u -. rejects .-> s%u\n", i, stage->reject_stage);
        }
    }
}

/* ---- JSON
 * ---------------------------------------------------------------------------------------- */

static void print_json(FILE *to, const sl_plan *plan)
{
    (void)fputs("{\"graph\":", to);
    sl_quote_json(to, plan->name);
    (void)fputs(",\"description\":", to);
    sl_quote_json(to, plan->description);
    (void)fputs(",\"stages\":[", to);
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        (void)fputs(i == 0 ? "\n{\"name\":" : ",\n{\"name\":", to);
        sl_quote_json(to, stage->name);
        (void)fprintf(to, ",\"role\":\"%s\",\"type\":", sl_role_name(stage->type->role));
        sl_quote_json(to, stage->type->name);
        (void)fprintf(to, ",\"line\":%d,\"from\":[", stage->line);
        for (uint32_t k = 0; k < stage->inputs_count; k++) {
            (void)fputs(k == 0 ? "" : ",", to);
            sl_quote_json(to, plan->stages[stage->inputs[k]].name);
        }
        (void)fputs("],\"on_reject\":", to);
        sl_quote_json(to, stage->on_reject == SL_REJECT_FAIL ? "fail"
                          : stage->on_reject == SL_REJECT_DROP
                              ? "drop"
                              : plan->stages[stage->reject_stage].name);
        (void)fprintf(to, ",\"rejects_only\":%s}", stage->rejects_only ? "true" : "false");
    }
    (void)fputs("]}\n", to);
}

/* ---- Text
 * ---------------------------------------------------------------------------------------- */

/* One line a stage, in order; who does not simply take the line above says whose rows it takes. */
static void print_text_stage(FILE *to, const sl_plan *plan, uint32_t index, int width)
{
    const sl_plan_stage *stage = &plan->stages[index];
    int follows = stage->inputs_count == 1 && index > 0 && stage->inputs[0] == index - 1;
    const char *mark = stage->rejects_only                ? "x "
                       : stage->inputs_count == 0         ? "* "
                       : stage->type->role == SL_EXPORTER ? "> "
                                                          : "| ";
    (void)fprintf(to, "  %s%-*s  %s: %s", mark, width, stage->name, sl_role_name(stage->type->role),
                  stage->type->name);
    for (uint32_t k = 0; !follows && k < stage->inputs_count; k++) {
        (void)fprintf(to, "%s%s", k == 0 ? "  from " : ", ", plan->stages[stage->inputs[k]].name);
    }
    if (stage->on_reject == SL_REJECT_STAGE) {
        (void)fprintf(to, "  rejects to %s", plan->stages[stage->reject_stage].name);
    } else if (stage->on_reject == SL_REJECT_DROP) {
        (void)fputs("  rejects dropped", to);
    }
    if (stage->rejects_only) {
        (void)fputs("  takes rejects", to);
    }
    (void)fputc('\n', to);
}

static void print_text(FILE *to, const sl_plan *plan)
{
    int width = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        int size = (int)strlen(plan->stages[i].name);
        width = size > width ? size : width;
    }
    (void)fprintf(to, "%s%s%s\n", plan->name, plan->description == NULL ? "" : ": ",
                  plan->description == NULL ? "" : plan->description);
    for (uint32_t i = 0; i < plan->count; i++) {
        print_text_stage(to, plan, i, width);
    }
}

void sl_describe_graph(const sl_plan *plan, sl_describe_format format, FILE *to)
{
    switch (format) {
    case SL_DESCRIBE_DOT:
        print_dot(to, plan);
        return;
    case SL_DESCRIBE_MERMAID:
        print_mermaid(to, plan);
        return;
    case SL_DESCRIBE_JSON:
        print_json(to, plan);
        return;
    case SL_DESCRIBE_TEXT:
    case SL_DESCRIBE_MARKDOWN:
        break;
    }
    print_text(to, plan);
}

/*
 * check.c - `sluice check`: every error of a graph, its plan, its guarantees and its memory
 * bound; moves no row.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/files.h"
#include "daemon/graph.h"
#include "daemon/session.h"
#include "daemon/verbs.h"
#include "stages/core/text.h"

/* ---- What is said of a graph ---------------------------------------------------------------- */

/* What an exporter promises when the run fails, is killed, or is made again, and why. */
static void add_guarantee(sl_builder *text, const sl_graph *graph, uint32_t index)
{
    const sl_path *path = sl_once_path(sl_graph_once(graph), index);
    sl_builder_format(text, "%s: %s", sl_path_name(path->kind), path->why);
}

/* How a reader turns its pages, where it has something to say. */
static void add_reading(sl_builder *text, sl_graph *graph, uint32_t index)
{
    const char *why;
    sl_generator_promise(sl_graph_stage(graph, index), &why);
    if (sl_graph_of_plan(graph)->stages[index].type->role == SL_READER && why)
        sl_builder_format(text, "      %s\n", why);
}

static void add_columns(sl_builder *text, const sl_column *columns, uint32_t count, int32_t json)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *type = sl_type_name(columns[i].type);
        int32_t declared = (columns[i].flags & SL_COLUMN_DECLARED) != 0;
        if (json) {
            sl_builder_word(text, i ? ",{\"name\":" : "{\"name\":");
            sl_builder_json(text, columns[i].name, strlen(columns[i].name));
            sl_builder_format(text, ",\"type\":\"%s\",\"declared\":%s}", type,
                              declared ? "true" : "false");
        } else {
            sl_builder_format(text, "%s%s %s%s", i ? ", " : "", columns[i].name, type,
                              declared || columns[i].type == SL_TYPE_ANY ? "" : "?");
        }
    }
}

static void text_of_stage(sl_builder *text, sl_graph *graph, uint32_t index)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    const sl_plan_stage *stage = &plan->stages[index];
    uint32_t count;
    const sl_column *columns = sl_generator_columns(sl_graph_stage(graph, index), &count);
    sl_builder_format(text, "  %s (%s %s)", stage->name, stage->type->name,
                      sl_role_name(stage->type->role));
    for (uint32_t i = 0; i < stage->inputs_count; i++)
        sl_builder_format(text, "%s%s", i ? ", " : " <- ", plan->stages[stage->inputs[i]].name);
    if (stage->on_reject == SL_REJECT_DROP)
        sl_builder_word(text, ", rejected rows are dropped");
    if (stage->on_reject == SL_REJECT_STAGE)
        sl_builder_format(text, ", rejected rows go to %s", plan->stages[stage->reject_stage].name);
    sl_builder_word(text, "\n");
    if (stage->type->role == SL_EXPORTER) {
        sl_builder_word(text, "      ");
        add_guarantee(text, graph, index);
        sl_builder_word(text, "\n");
    } else if (columns) {
        sl_builder_word(text, "      columns: ");
        add_columns(text, columns, count, 0);
        sl_builder_word(text, "\n");
    } else {
        sl_builder_word(text, "      columns: known when the source is opened\n");
    }
    add_reading(text, graph, index);
}

static void add_text(sl_builder *text, sl_graph *graph)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    sl_builder_format(text, "%s: graph '%s' is right\n", plan->file, plan->name);
    for (uint32_t i = 0; i < plan->count; i++)
        text_of_stage(text, graph, i);
    sl_builder_format(
        text, "  batches: at most %lld rows and %lld bytes; in flight at most %lld bytes\n",
        (long long)plan->batch_rows, (long long)plan->batch_bytes, (long long)sl_graph_bound(plan));
}

static void add_json_stages(sl_builder *text, sl_graph *graph)
{
    const sl_plan *plan = sl_graph_of_plan(graph);
    sl_builder_word(text, ",\"graph\":");
    sl_builder_json(text, plan->name, strlen(plan->name));
    sl_builder_format(text, ",\"memory_bound_bytes\":%lld,\"stages\":[",
                      (long long)sl_graph_bound(plan));
    for (uint32_t i = 0; i < plan->count; i++) {
        const sl_plan_stage *stage = &plan->stages[i];
        uint32_t count;
        const sl_column *columns = sl_generator_columns(sl_graph_stage(graph, i), &count);
        sl_builder_word(text, i ? ",{\"stage\":" : "{\"stage\":");
        sl_builder_json(text, stage->name, strlen(stage->name));
        sl_builder_format(text, ",\"role\":\"%s\",\"type\":\"%s\",\"inputs\":[",
                          sl_role_name(stage->type->role), stage->type->name);
        for (uint32_t n = 0; n < stage->inputs_count; n++) {
            const char *name = plan->stages[stage->inputs[n]].name;
            sl_builder_word(text, n ? "," : "");
            sl_builder_json(text, name, strlen(name));
        }
        sl_builder_word(text, "],\"columns\":");
        if (columns) {
            sl_builder_word(text, "[");
            add_columns(text, columns, count, 1);
            sl_builder_word(text, "]");
        } else {
            sl_builder_word(text, "null");
        }
        if (stage->type->role == SL_EXPORTER) {
            sl_builder guarantee = {.env = text->env};
            add_guarantee(&guarantee, graph, i);
            sl_builder_word(text, ",\"guarantee\":");
            sl_builder_json(text, guarantee.data, guarantee.size);
            sl_builder_done(&guarantee);
        }
        sl_builder_word(text, "}");
    }
    sl_builder_word(text, "]");
}

/* ---- One file -----------------------------------------------------------------------------------
 */

/* Warnings wait with the errors, so that they come out together, in their order. What a run
 * only warns of and is a mistake of the YAML all the same (a column of a CSV compared with '',
 * which finds no empty field) is an error here. */
static void keep_line(void *of, const sl_error *line)
{
    sl_session *session = of;
    sl_error kept = *line;
    if (line->level == SL_LOG_WARNING && line->code == SL_CODE_CONFIG)
        kept.level = SL_LOG_ERROR;
    if (kept.level <= session->log.level)
        sl_errors_add(&session->errors, &kept, "%s", line->message);
}

static void print_json(const sl_session *session, const char *file, sl_graph *graph)
{
    sl_builder text = {.env = session->env};
    sl_builder_word(&text, "{\"file\":");
    sl_builder_json(&text, file, strlen(file));
    sl_builder_format(&text, ",\"ok\":%s", session->errors.errors ? "false" : "true");
    if (graph)
        add_json_stages(&text, graph);
    sl_builder_word(&text, ",\"errors\":[");
    fwrite(text.data ? text.data : "", 1, text.size, stdout);
    for (uint32_t i = 0; i < session->errors.count; i++) {
        fputs(i ? "," : "", stdout);
        sl_error_json(&session->errors.list[i], stdout);
    }
    fputs("]}\n", stdout);
    sl_builder_done(&text);
}

static void print(sl_session *session, const char *file, sl_graph *graph)
{
    if (session->arguments->json) {
        print_json(session, file, session->errors.errors ? NULL : graph);
        return;
    }
    sl_log_errors(&session->log, &session->errors);
    if (session->errors.errors > 0 || session->arguments->quiet || !graph)
        return;
    sl_builder text = {.env = session->env};
    add_text(&text, graph);
    fwrite(text.data ? text.data : "", 1, text.size, stdout);
    sl_builder_done(&text);
}

static int check_file(void *of, const char *file)
{
    const sl_arguments *arguments = of;
    sl_session session;
    sl_plan *plan = NULL;
    sl_graph *graph = NULL;
    if (sl_session_begin(&session, arguments) == 0)
        plan = sl_session_plan(&session, file);
    if (plan) {
        sl_graph_options options = {.env = session.env,
                                    .reach = session.reach,
                                    .offline = arguments->offline,
                                    .checking = 1,
                                    .row_limit = -1,
                                    .state = sl_session_state(&session),
                                    .log = keep_line,
                                    .log_of = &session};
        graph = sl_graph_new(plan, &options, &session.errors);
        if (graph)
            sl_graph_plan(graph);
    }
    print(&session, file, graph);
    sl_graph_free(graph);
    sl_plan_free(plan);
    int code = sl_errors_code(&session.errors); /* a file that is not there, a wrong --set */
    if (code != SL_CODE_NO_INPUT && code != SL_CODE_USAGE && code != SL_CODE_PERMISSION &&
        session.errors.errors > 0)
        code = SL_CODE_CONFIG;
    session.errors.count = 0; /* they are printed: only the code is wanted */
    session.errors.errors = 0;
    int failed = sl_session_done(&session);
    return failed ? failed : code;
}

int sl_verb_check(const sl_arguments *arguments)
{
    sl_arguments given = *arguments;
    int worst = 0;
    for (uint32_t i = 0; i < arguments->paths_count; i++) {
        int code = sl_files_each(arguments->paths[i], check_file, &given);
        worst = worst ? worst : code;
    }
    return worst;
}

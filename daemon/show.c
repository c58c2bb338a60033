/*
 * show.c - the verbs that only print: graph, stages, schema, version.
 */
#include <sqlite3.h>
#include <string.h>

#include "config/describe.h"
#include "daemon/session.h"
#include "daemon/verbs.h"
#include "daemon/worker.h"

static sl_describe_format format_of(const sl_arguments *arguments)
{
    const char *word = arguments->format ? arguments->format : "text";
    if (arguments->markdown)
        return SL_DESCRIBE_MARKDOWN;
    if (strcmp(word, "json") == 0)
        return SL_DESCRIBE_JSON;
    if (strcmp(word, "dot") == 0)
        return SL_DESCRIBE_DOT;
    return strcmp(word, "mermaid") == 0 ? SL_DESCRIBE_MERMAID : SL_DESCRIBE_TEXT;
}

int sl_verb_graph(const sl_arguments *arguments)
{
    sl_session session;
    sl_plan *plan = NULL;
    if (sl_session_begin(&session, arguments) == 0)
        plan = sl_session_plan(&session, arguments->paths[0]);
    if (plan)
        sl_describe_graph(plan, format_of(arguments), stdout);
    sl_plan_free(plan);
    return sl_session_done(&session);
}

static void no_such_stage(sl_session *session, const char *name)
{
    const char *near = sl_describe_nearest(session->registry, name);
    char hint[160];
    snprintf(hint, sizeof hint, near ? "did you mean '%s'?" : "sluice stages lists them all", near);
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_USAGE, .hint = hint};
    sl_errors_add(&session->errors, &error, "no stage is named '%s'", name);
}

int sl_verb_stages(const sl_arguments *arguments)
{
    sl_session session;
    sl_describe_format format = format_of(arguments);
    if (sl_session_begin(&session, arguments) == 0) {
        if (arguments->paths_count == 0)
            sl_describe_list(session.registry, format, stdout);
        for (uint32_t i = 0; i < arguments->paths_count; i++) {
            const char *name = arguments->paths[i];
            if (sl_describe_stage(session.registry, name, format, stdout) == SL_END)
                no_such_stage(&session, name);
        }
    }
    return sl_session_done(&session);
}

int sl_verb_schema(const sl_arguments *arguments)
{
    sl_session session;
    if (sl_session_begin(&session, arguments) == 0)
        sl_describe_schema(session.registry, stdout);
    return sl_session_done(&session);
}

int sl_verb_version(const sl_arguments *arguments)
{
    const char *shape =
        arguments->json
            ? "{\"sluice\":\"%s\",\"abi\":\"%d.%d\",\"sqlite\":\"%s\",\"libuv\":\"%s\"}\n"
            : "sluice %s\nstage ABI %d.%d\nSQLite %s\nlibuv %s\n";
    printf(shape, SLUICE_VERSION, SL_ABI_MAJOR, SL_ABI_MINOR, sqlite3_libversion(),
           uv_version_string());
    return 0;
}

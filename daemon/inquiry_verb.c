/*
 * inquiry_verb.c - `sluice checkpoint` and `sluice rejects`: asked of a graph's file, or of a
 * graph of the daemon by its name.
 *
 * A word with a '/', one that ends in .yaml or .yml, and one that is the name of a file here, is a
 * file, and is answered by the command itself. Any other is a graph of the daemon, which reads for
 * those who may not enter the service's directories.
 */
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/client.h"
#include "daemon/inquiry.h"
#include "daemon/session.h"
#include "daemon/verbs.h"
#include "stages/core/value.h"
#include "stages/json.h"

typedef struct asking { /* what stands on the command line */
    sl_verb_id id;
    const sl_action *actions, *action;
    sl_status (*answer)(sl_inquiry *about);
    const sl_arguments *arguments;
    const char *target; /* FILE or GRAPH */
    const char *const *words;
    uint32_t count;
} asking;

/* ---- The words ------------------------------------------------------------------------------ */

SL_PRINTF(3, 4)
static int say_wrong(const asking *at, const char *hint, const char *format, ...)
{
    const sl_arguments *arguments = at->arguments;
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sl_log log = {.json = arguments->log_json, .colour = arguments->colour};
    sl_log_line(
        &log, &(sl_error){
                  .level = SL_LOG_ERROR, .code = SL_CODE_USAGE, .message = message, .hint = hint});
    return SL_CODE_USAGE;
}

static int unknown_action(const asking *at, const char *verb, const char *word)
{
    const char *names[8];
    char hint[160] = "";
    size_t count = 0;
    for (const sl_action *action = at->actions; action->name; action++) {
        names[count++] = action->name;
        snprintf(hint + strlen(hint), sizeof hint - strlen(hint), "%s%s",
                 count == 1       ? ""
                 : action[1].name ? ", "
                                  : " or ",
                 action->name);
    }
    const char *near = sl_value_nearest(word, names, count);
    if (near)
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    return say_wrong(at, hint, "sluice %s does not know '%s'", verb, word);
}

/* `ACTION TARGET ...`, or the target alone. 0, or the exit code: said. */
static int read_words(asking *at, const char *verb)
{
    const sl_arguments *arguments = at->arguments;
    char help[64];
    snprintf(help, sizeof help, "sluice %s --help", verb);
    at->action = sl_inquiry_action(at->actions, arguments->paths[0]);
    if (arguments->paths_count == 1 && at->action)
        return say_wrong(at, help, "a word is missing: sluice %s %s FILE.yaml|GRAPH", verb,
                         arguments->paths[0]);
    if (arguments->paths_count > 1 && !at->action)
        return unknown_action(at, verb, arguments->paths[0]);
    uint32_t behind = arguments->paths_count > 1 ? 2 : 1;
    if (behind == 1)
        at->action = at->actions;
    at->target = arguments->paths[behind - 1];
    at->words = arguments->paths + behind;
    at->count = arguments->paths_count - behind;
    if (at->count > at->action->most)
        return say_wrong(at, help, "one word too many: '%s'", at->words[at->action->most]);
    if (at->count < at->action->least)
        return say_wrong(at, "sluice checkpoint set FILE.yaml|GRAPH READER POSITION",
                         "a reader and its position are missing");
    return 0;
}

static int ends_in(const char *word, const char *ending)
{
    size_t length = strlen(word), size = strlen(ending);
    return length > size && strcmp(word + length - size, ending) == 0;
}

static int is_file(const char *word)
{
    struct stat found;
    return strchr(word, '/') || ends_in(word, ".yaml") || ends_in(word, ".yml") ||
           (stat(word, &found) == 0 && !S_ISDIR(found.st_mode));
}

/* Options of the other kind of target would do nothing. 0, or the exit code: said. */
static int check_options(const asking *at, int32_t file)
{
    const sl_arguments *arguments = at->arguments;
    if (file && arguments->socket)
        return say_wrong(at,
                         "write the graph's name, without a path and an ending, to ask the daemon",
                         "--socket is for a graph of the daemon, and '%s' is a file", at->target);
    const char *of_file = arguments->settings_count > 0  ? "--set"
                          : arguments->state             ? "--state"
                          : arguments->plugins_count > 0 ? "--plugin"
                                                         : NULL;
    if (!file && of_file)
        return say_wrong(at, "write the path of the graph's file",
                         "%s is for a file, and '%s' is the name of a graph of the daemon", of_file,
                         at->target);
    return 0;
}

/* ---- A file --------------------------------------------------------------------------------- */

static void put(void *of, int32_t aside, const char *bytes, size_t size)
{
    (void)of;
    fwrite(bytes, 1, size, aside ? stderr : stdout);
}

static int ask_file(const asking *at)
{
    sl_session session;
    sl_plan *plan = NULL;
    if (sl_session_begin(&session, at->arguments) == 0)
        plan = sl_session_plan(&session, at->target);
    if (plan) {
        sl_inquiry about = {.env = session.env,
                            .reach = session.reach,
                            .plan = plan,
                            .state = sl_session_state(&session),
                            .errors = &session.errors,
                            .log = sl_log_line,
                            .log_of = &session.log,
                            .action = at->action->name,
                            .words = at->words,
                            .count = at->count,
                            .json = at->arguments->json,
                            .quiet = at->arguments->quiet,
                            .put = put};
        at->answer(&about);
    }
    sl_plan_free(plan);
    return sl_session_done(&session);
}

/* ---- A graph of the daemon ------------------------------------------------------------------ */

typedef struct page {
    const asking *at;
    char after[64]; /* "": that was all */
} page;

static int take(void *of, const sl_reply *reply)
{
    page *on = of;
    sl_builder text = {.env = &sl_env_real};
    sl_json_value value;
    if (reply->last) {
        if (sl_json_get_text(reply->json, "after", on->after, sizeof on->after) != 1)
            on->after[0] = '\0';
        return 0;
    }
    if (strcmp(reply->item, "error") == 0) {
        sl_client_print_error(reply->json, on->at->arguments);
        return 0;
    }
    int32_t aside = strcmp(reply->item, "aside") == 0;
    if ((!aside && strcmp(reply->item, "text") != 0) ||
        sl_json_get(reply->json, "text", &value) != 1 || value.kind != SL_JSON_STRING ||
        (aside && on->at->arguments->quiet))
        return 0;
    sl_builder_add(&text, value.text, value.size);
    if (!text.failed && value.size > 0)
        fwrite(text.data, 1, sl_json_decode(&value, text.data), aside ? stderr : stdout);
    sl_builder_done(&text);
    if (aside || fflush(stdout) == 0)
        return 0;
    on->after[0] = '\0'; /* nobody reads what follows */
    return 1;
}

static int ask_daemon(const asking *at)
{
    sl_request request = sl_client_request(at->id);
    sl_builder words = {.env = &sl_env_real};
    page on = {.at = at};
    sl_builder_word(&words, "[");
    for (uint32_t i = 0; i < at->count; i++) {
        sl_builder_word(&words, i ? "," : "");
        sl_builder_json(&words, at->words[i], strlen(at->words[i]));
    }
    sl_builder_word(&words, "]");
    request.graph = at->target;
    request.action = at->action->name;
    request.words = at->count > 0 ? words.data : NULL;
    request.format = at->arguments->json ? "json" : NULL;
    int code = words.failed ? SL_CODE_TRY_AGAIN : 0;
    do {
        char asked[sizeof on.after];
        memcpy(asked, on.after, sizeof asked);
        request.after = asked[0] ? asked : NULL;
        if (code == 0)
            code = sl_client_ask(at->arguments, &request, take, &on);
    } while (code == 0 && on.after[0]);
    sl_builder_done(&words);
    return code;
}

/* ---- The verbs ------------------------------------------------------------------------------ */

static int ask(asking *at, const char *verb)
{
    int code = read_words(at, verb);
    int32_t file = code == 0 && is_file(at->target);
    if (code == 0)
        code = check_options(at, file);
    if (code)
        return code;
    return file ? ask_file(at) : ask_daemon(at);
}

int sl_verb_checkpoint(const sl_arguments *arguments)
{
    asking at = {.id = SL_VERB_CHECKPOINT,
                 .actions = sl_checkpoint_actions,
                 .answer = sl_checkpoint_answer,
                 .arguments = arguments};
    return ask(&at, "checkpoint");
}

int sl_verb_rejects(const sl_arguments *arguments)
{
    asking at = {.id = SL_VERB_REJECTS,
                 .actions = sl_rejects_actions,
                 .answer = sl_rejects_answer,
                 .arguments = arguments};
    return ask(&at, "rejects");
}

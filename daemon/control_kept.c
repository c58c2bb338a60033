/*
 * control_kept.c - `checkpoint` and `rejects` over the control socket: what a graph keeps is read,
 * and changed, on a worker, for those who may not enter the service's directories; see control.h.
 *
 * One such question is on a worker at a time, so that those who look leave the others to the
 * graphs; the next ones wait their turn. The answer is text, sent in pieces as its reader takes
 * them; what is longer than a page comes in several answers, each of which says where the next one
 * begins.
 *
 * Deliberately elsewhere: the questions themselves (inquiry.h).
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/control_inside.h"
#include "daemon/inquiry.h"
#include "stages/json.h"

#define PAGE ((size_t)128 * 1024) /* bytes after which an answer of many rows ends */
#define MOST ((size_t)8 << 20)    /* bytes of one that cannot be cut */
#define PIECE ((size_t)8 * 1024)  /* bytes of text in a line: escaped it may be six times that */
#define WORDS_MOST 256
#define HOUR 3600000 /* milliseconds */

typedef struct sl_kept_job {
    sl_job work;              /* the first member */
    sl_control *control;      /* which stays until the job is back */
    sl_client *client;        /* NULL: it is gone */
    struct sl_kept_job *next; /* that waits */
    sl_loaded *loaded;        /* held */
    sl_status (*answer)(sl_inquiry *about);
    sl_inquiry about;
    sl_arena *arena;
    sl_errors errors;
    char *texts; /* action, after and words, one after the other */
    const char *words[WORDS_MOST];
    sl_builder text, aside;
    size_t sent;
    int32_t over; /* 1: more than MOST */
    int32_t done; /* 1: the worker is through */
} sl_kept_job;

static void free_job(sl_kept_job *job)
{
    sl_loaded_free(job->loaded);
    sl_builder_done(&job->text);
    sl_builder_done(&job->aside);
    sl_arena_free(job->arena);
    free(job->texts);
    free(job);
}

/* ---- The answer ----------------------------------------------------------------------------- */

/* The end of a piece of text from `at` on: not within a character. */
static size_t piece_of(const sl_builder *text, size_t at)
{
    size_t left = text->size - at, size = left < PIECE ? left : PIECE;
    while (size < left && size > PIECE - 4 && ((unsigned char)text->data[at + size] & 0xc0) == 0x80)
        size--;
    return size;
}

static void add_item(sl_builder *to, const char *kind, const char *text, size_t size)
{
    sl_builder_format(to, "{\"item\":\"%s\",\"text\":", kind);
    sl_builder_json(to, text, size);
    sl_builder_word(to, "}\n");
}

/* Warnings, and of several errors those before the last, which ends the answer. */
static void send_errors(sl_client *to, const sl_errors *errors, const sl_error **last)
{
    sl_builder text = {.env = to->control->house->env};
    for (uint32_t i = 0; i < errors->count; i++)
        if (errors->list[i].level == SL_LOG_ERROR)
            *last = &errors->list[i];
    for (uint32_t i = 0; i < errors->count && !to->closing; i++) {
        sl_answer answer = {.to = &text};
        if (&errors->list[i] == *last)
            continue;
        sl_answer_item(&answer, "error");
        sl_answer_error(&answer, "error", &errors->list[i]);
        sl_control_send(to, &answer);
    }
    sl_builder_done(&text);
}

/* The job is the answer's from here on: a client that goes does not take it along. */
static void end_answer(sl_client *to, sl_kept_job *job)
{
    sl_builder text = {.env = to->control->house->env};
    sl_answer answer = {.to = &text};
    const sl_error *last = NULL;
    to->kept = NULL;
    if (job->aside.size > 0)
        add_item(&text, "aside", job->aside.data,
                 job->aside.size < PIECE ? job->aside.size : PIECE);
    sl_client_send(to, &text);
    send_errors(to, &job->errors, &last);
    if (to->closing) {
        sl_builder_done(&text);
    } else if (last) {
        sl_error error = *last;
        error.code = sl_errors_code(&job->errors);
        if (sl_answer_failed(&answer, &error) < 0)
            sl_answer_refused(&answer, &(sl_refusal){.code = error.code,
                                                     .message = "the failure is longer than a "
                                                                "line may be"});
        sl_client_send(to, &text);
        sl_builder_done(&text);
        sl_client_done(to);
    } else {
        sl_answer_ok(&answer);
        sl_answer_text(&answer, "graph", job->about.plan->name);
        if (*job->about.next)
            sl_answer_text(&answer, "after", job->about.next);
        sl_control_finish(to, &answer);
    }
    free_job(job);
}

void sl_control_kept_more(sl_client *to)
{
    sl_kept_job *job = to->kept;
    if (!job->done)
        return;
    sl_builder text = {.env = to->control->house->env};
    while (to->kept == job && job->sent < job->text.size && to->unread < UNREAD / 4) {
        size_t size = piece_of(&job->text, job->sent);
        add_item(&text, "text", job->text.data + job->sent, size);
        job->sent += size;
        sl_client_send(to, &text);
    }
    sl_builder_done(&text);
    if (to->kept == job && job->sent == job->text.size)
        end_answer(to, job);
}

/* ---- On a worker ---------------------------------------------------------------------------- */

static void put(void *of, int32_t aside, const char *bytes, size_t size)
{
    sl_kept_job *job = of;
    if (aside) {
        sl_builder_add(&job->aside, bytes, size < PIECE ? size : PIECE);
        return;
    }
    job->over = job->over || job->text.size + size > MOST;
    if (!job->over)
        sl_builder_add(&job->text, bytes, size);
}

static void log_line(void *of, const sl_error *line)
{
    sl_kept_job *job = of;
    if (line->level <= SL_LOG_WARNING)
        sl_errors_add(&job->errors, line, "%s", line->message);
}

static void work(sl_job *of)
{
    sl_kept_job *job = (sl_kept_job *)(void *)of;
    sl_status status = job->answer(&job->about);
    if (job->over && status == SL_OK)
        sl_inquiry_wrong(&job->about, SL_CODE_FAILED,
                         "`sluice rejects show GRAPH` comes in pages; or ask for single ones",
                         "the answer is longer than %zu bytes", MOST);
    if (job->text.failed)
        sl_inquiry_wrong(&job->about, SL_CODE_TRY_AGAIN, NULL, "out of memory");
}

static void start(sl_kept_job *job);

/* The next one has its turn. */
static void worked(sl_job *of)
{
    sl_kept_job *job = (sl_kept_job *)(void *)of;
    sl_control *control = job->control;
    job->done = 1;
    control->jobs = job->next;
    if (control->jobs)
        start(control->jobs);
    else
        uv_timer_stop(&control->alive);
    if (control->closing && !control->jobs)
        sl_control_close_alive(control);
    if (job->client)
        sl_control_kept_more(job->client);
    else
        free_job(job);
}

static void on_alive(uv_timer_t *timer)
{
    (void)timer; /* it only keeps the loop running until the worker is back */
}

static void start(sl_kept_job *job)
{
    job->work = (sl_job){.work = work, .done = worked};
    uv_timer_start(&job->control->alive, on_alive, HOUR, HOUR);
    sl_crew_submit(sl_worker_crew(&job->control->house->loop), &job->work);
}

/* ---- The question --------------------------------------------------------------------------- */

/* Takes the words out of the JSON array; -1: there are too many. */
static int read_words(sl_kept_job *job, const char *array, char **room)
{
    sl_json json;
    sl_json_value value;
    if (!array)
        return 0;
    sl_json_open(&json, array, strlen(array));
    sl_json_enter(&json, SL_JSON_ARRAY);
    while (sl_json_element(&json, &value)) {
        if (job->about.count == WORDS_MOST)
            return -1;
        job->words[job->about.count++] = *room;
        *room += sl_json_decode(&value, *room);
        *(*room)++ = '\0';
    }
    return 0;
}

static const char *keep(const char *text, char **room)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *kept = *room;
    if (!text)
        return NULL;
    memcpy(kept, text, size);
    *room += size;
    return kept;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static sl_kept_job *make_job(sl_client *from, const sl_request *request, sl_loaded *loaded)
{
    const sl_house *house = from->control->house;
    sl_kept_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->loaded = sl_loaded_hold(loaded);
    job->control = from->control;
    job->client = from;
    job->text.env = job->aside.env = house->env;
    job->arena = sl_arena_new(house->env);
    job->errors = (sl_errors){.arena = job->arena, .limit = SL_ERRORS_LIMIT};
    job->texts =
        malloc(size_of(request->action) + size_of(request->after) + size_of(request->words) + 1);
    if (!job->arena || !job->texts) {
        free_job(job);
        return NULL;
    }
    char *room = job->texts;
    int32_t rejects = request->verb == SL_VERB_REJECTS;
    job->answer = rejects ? sl_rejects_answer : sl_checkpoint_answer;
    job->about = (sl_inquiry){.env = house->env,
                              .reach = house->reach,
                              .plan = loaded->plan,
                              .state = house->state,
                              .errors = &job->errors,
                              .log = log_line,
                              .log_of = job,
                              .action = request->action ? keep(request->action, &room) : "ls",
                              .after = keep(request->after, &room),
                              .words = job->words,
                              .json = request->format && strcmp(request->format, "json") == 0,
                              .page = PAGE,
                              .put = put,
                              .of = job};
    if (read_words(job, request->words, &room) == 0)
        return job;
    job->about.count = WORDS_MOST + 1; /* more than any action takes */
    return job;
}

/* What a run is about to change cannot be changed beside it. 0; -1: refused. */
static int check(sl_client *from, const sl_service *service, const sl_kept_job *job,
                 const sl_action *action)
{
    char hint[400];
    const char *name = sl_service_name(service);
    if (job->about.count < action->least || job->about.count > action->most) {
        sl_control_refuse(from, SL_CODE_USAGE, "`words` are those behind the graph's name",
                          "'%s %s' takes %u to %u words", sl_protocol_verb(from->verb),
                          action->name, action->least, action->most);
        return -1;
    }
    if (!action->alone || !service->instance)
        return 0;
    snprintf(hint, sizeof hint, "`sluice stop %.100s` first, and `sluice start %.100s` afterwards",
             name, name);
    sl_control_refuse(from, SL_CODE_TRY_AGAIN, hint,
                      "graph '%.80s' is %s: what it goes on from is not changed under it", name,
                      sl_service_state_name(service->state));
    return -1;
}

void sl_control_kept(sl_client *from, const sl_request *request)
{
    const sl_service *service = sl_control_service(from, request->graph);
    if (!service)
        return;
    sl_kept_job *job = make_job(from, request, service->loaded);
    if (!job) {
        sl_control_refuse(from, SL_CODE_TRY_AGAIN, NULL, "out of memory");
        return;
    }
    const sl_action *action = sl_inquiry_action(
        request->verb == SL_VERB_REJECTS ? sl_rejects_actions : sl_checkpoint_actions,
        job->about.action);
    if (check(from, service, job, action) < 0) {
        free_job(job);
        return;
    }
    from->kept = job;
    sl_kept_job **at = &from->control->jobs;
    while (*at)
        at = &(*at)->next;
    *at = job;
    if (from->control->jobs == job)
        start(job);
}

void sl_control_leave_kept(sl_client *from)
{
    sl_kept_job *job = from->kept, **at = &from->control->jobs;
    from->kept = NULL;
    job->client = NULL;
    if (job->done) {
        free_job(job);
        return;
    }
    if (*at == job) /* it is on a worker, and goes when that is through */
        return;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    free_job(job);
}

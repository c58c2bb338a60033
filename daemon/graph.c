/*
 * graph.c - a plan made live; see graph.h.
 */
#include "daemon/graph.h"

#include <stdio.h>
#include <string.h>

#include "daemon/link.h"
#include "daemon/rejects.h"

typedef struct node {
    sl_generator *generator;
    sl_link *link;          /* its fan-out; NULL: one consumer or none */
    uint32_t outlets_taken; /* of the link */
    sl_rejects *rejects;    /* a reject exporter's gathering; otherwise NULL */
    int32_t planned;
    int32_t done;     /* an exporter that has ended */
    int32_t left_out; /* it has no part in a feed */
    const char *wake; /* what will wake it: a word; NULL: it named nothing in this step */
} node;

struct sl_graph {
    const sl_plan *plan;
    const sl_env *env;
    sl_arena *arena;
    sl_run run;
    sl_graph_options options;
    sl_graph_waits waits;
    void (*woken)(void *of);
    void *woken_of;
    int64_t rejected;
    uint32_t turn; /* the exporter to pull next */
    sl_once *once;
    sl_generator **generators; /* by stage, for once */
    int32_t opened, closed, draining;
    node nodes[];
};

/* ---- What the generators ask of a graph ------------------------------------------------- */

static void wake(void *of, uint32_t stage)
{
    sl_graph *graph = of;
    (void)stage;
    if (graph->woken)
        graph->woken(graph->woken_of);
}

static void wake_after(void *of, uint32_t stage, int64_t microseconds)
{
    sl_graph *graph = of;
    graph->nodes[stage].wake = "timer";
    int64_t at = graph->env->monotonic(graph->env->context) + (microseconds > 0 ? microseconds : 0);
    if (graph->waits.wake_at < 0 || at < graph->waits.wake_at)
        graph->waits.wake_at = at;
}

static sl_status wake_on_fd(void *of, uint32_t stage, int32_t fd, int32_t events)
{
    sl_graph *graph = of;
    sl_graph_waits *waits = &graph->waits;
    graph->nodes[stage].wake = "descriptor";
    for (uint32_t i = 0; i < waits->fds_count; i++)
        if (waits->fds[i].fd == fd) {
            waits->fds[i].events |= events;
            return SL_OK;
        }
    if (waits->fds_count == sizeof waits->fds / sizeof *waits->fds)
        return sl_generator_fail(graph->nodes[stage].generator, NULL,
                                 "the graph waits for too many descriptors at once");
    waits->fds[waits->fds_count++] = (struct sl_graph_fd){.fd = fd, .events = events};
    return SL_OK;
}

static void log_line(void *of, const sl_error *line)
{
    const sl_graph *graph = of;
    if (graph->options.log)
        graph->options.log(graph->options.log_of, line);
}

static const sl_value *param(void *of, const char *name)
{
    return sl_plan_param(((sl_graph *)of)->plan, name);
}

/* Lets a reject exporter write what is gathered. */
static sl_status drain(sl_graph *graph, node *to)
{
    if (graph->draining || !to->rejects || !sl_rejects_waiting(to->rejects))
        return SL_OK;
    graph->draining = 1;
    sl_status status = SL_OK;
    while (status == SL_OK && sl_rejects_waiting(to->rejects)) {
        sl_batch *receipt = NULL;
        status = sl_generator_next(to->generator, &receipt);
        sl_batch_release(receipt);
    }
    graph->draining = 0;
    return status == SL_ERROR ? SL_ERROR : SL_OK;
}

/* For a commit: SL_PENDING while not all that is gathered could be written. */
static sl_status drain_all_of(void *of, uint32_t exporter)
{
    sl_graph *graph = of;
    node *at = &graph->nodes[exporter];
    if (drain(graph, at) != SL_OK)
        return SL_ERROR;
    return sl_rejects_waiting(at->rejects) ? SL_PENDING : SL_OK;
}

static sl_status drain_before(void *of, uint32_t stage)
{
    sl_graph *graph = of;
    const sl_plan_stage *plan = &graph->plan->stages[stage];
    return plan->on_reject == SL_REJECT_STAGE ? drain(graph, &graph->nodes[plan->reject_stage])
                                              : SL_OK;
}

static sl_status too_many(sl_graph *graph, const sl_reject *row)
{
    sl_error error = {.level = SL_LOG_ERROR,
                      .code = SL_CODE_DATA,
                      .stage = row->stage,
                      .source = row->source,
                      .row = row->row,
                      .source_line = row->line,
                      .data_column = row->column,
                      .hint = "max_rejects bounds how many bad rows a run may have"};
    return sl_errors_add(graph->run.errors, &error,
                         "more than %lld rows were rejected, the last: %s",
                         (long long)graph->plan->max_rejects, row->reason ? row->reason : "");
}

static sl_status reject(void *of, uint32_t stage, const sl_reject *row)
{
    sl_graph *graph = of;
    const sl_plan_stage *plan = &graph->plan->stages[stage];
    if (plan->on_reject == SL_REJECT_FAIL)
        return SL_ERROR;
    if (plan->on_reject == SL_REJECT_STAGE &&
        sl_once_has_reject(graph->once, stage, plan->reject_stage))
        return SL_OK;
    graph->rejected++;
    if (plan->on_reject == SL_REJECT_STAGE) {
        node *to = &graph->nodes[plan->reject_stage];
        sl_status status = sl_rejects_add(to->rejects, row);
        if (status == SL_PENDING) {
            if (drain(graph, to) != SL_OK)
                return SL_ERROR;
            status = sl_rejects_add(to->rejects, row);
        }
        if (status == SL_PENDING)
            return sl_generator_fail(to->generator, NULL,
                                     "cannot take rejected rows as fast as they come");
        if (status != SL_OK)
            return sl_generator_fail(to->generator, NULL, "out of memory");
    }
    if (graph->plan->max_rejects >= 0 && graph->rejected > graph->plan->max_rejects)
        return too_many(graph, row);
    return SL_OK;
}

static sl_status commit(void *of, uint32_t stage, int32_t final)
{
    return sl_once_commit(((sl_graph *)of)->once, stage, final);
}

static sl_status checkpoint(void *of, uint32_t stage, const sl_stamp *stamp, sl_blob *blob)
{
    return sl_once_checkpoint(((sl_graph *)of)->once, stage, stamp, blob);
}

static int32_t durable(void *of, uint32_t stage)
{
    return sl_once_durable(((sl_graph *)of)->once, stage);
}

static sl_status kept_type(void *of, uint32_t stage, const char *column, sl_type *type)
{
    return sl_once_kept_type(((sl_graph *)of)->once, stage, column, type);
}

/* ---- Making -------------------------------------------------------------------------------- */

static int connect_input(sl_graph *graph, uint32_t input, sl_input *to)
{
    node *from = &graph->nodes[input];
    uint32_t consumers = graph->plan->stages[input].consumers;
    if (consumers <= 1) {
        *to = sl_generator_as_input(from->generator);
        return 0;
    }
    if (!from->link) {
        from->link = sl_link_new(graph->env, from->generator, consumers);
        if (!from->link)
            return -1;
    }
    *to = sl_link_outlet(from->link, from->outlets_taken++);
    return 0;
}

static int make_node(sl_graph *graph, uint32_t index)
{
    const sl_plan_stage *plan = &graph->plan->stages[index];
    node *made = &graph->nodes[index];
    sl_feed *feed = graph->options.feed;
    uint32_t count = plan->rejects_only ? 1 : plan->inputs_count;
    sl_input *inputs = sl_arena_take(graph->arena, (count + 1) * sizeof *inputs);
    if (!inputs)
        return -1;
    if (plan->rejects_only) {
        made->rejects = sl_rejects_new(graph->env, graph->run.pool);
        if (!made->rejects)
            return -1;
        inputs[0] = sl_rejects_as_input(made->rejects);
    }
    for (uint32_t i = 0; i < plan->inputs_count; i++)
        if (connect_input(graph, plan->inputs[i], &inputs[i]) < 0)
            return -1;
    if (feed && feed->stage == index)
        inputs[0] = sl_feed_as_input(feed, graph->run.pool, &inputs[0]);
    made->generator = sl_generator_new(&graph->run, index, plan->type, plan->name, plan->self,
                                       plan->options, inputs, count);
    if (!made->generator)
        return -1;
    if (plan->type->role == SL_READER)
        sl_generator_limit(made->generator, graph->options.row_limit);
    if (graph->options.commit_every > 0)
        sl_generator_commit_every(made->generator, graph->options.commit_every);
    if (plan->on_reject == SL_REJECT_DROP && graph->plan->max_rejects < 0)
        sl_generator_drop_rejects(made->generator, 1);
    return 0;
}

static void set_run(sl_graph *graph, sl_errors *errors)
{
    sl_run *run = &graph->run;
    run->env = graph->env;
    run->reach = graph->options.reach;
    run->arena = graph->arena;
    run->errors = errors;
    run->locate = sl_plan_locate;
    run->started = graph->env->now(graph->env->context);
    run->offline = graph->options.offline;
    run->of = graph;
    run->wake = wake;
    run->wake_after = wake_after;
    run->wake_on_fd = wake_on_fd;
    run->log = log_line;
    run->param = param;
    run->reject = reject;
    run->drain = drain_before;
    run->graph = graph->plan->name;
    run->rehearsing = graph->options.rehearse;
    run->commit = graph->options.feed ? NULL : commit;
    run->checkpoint = graph->options.feed ? NULL : checkpoint;
    run->kept_type = kept_type;
    run->durable = durable;
    atomic_init(&run->stopping, 0);
    atomic_init(&run->signs, 0);
}

static int make_once(sl_graph *graph)
{
    sl_once_options options = {.state = graph->options.state,
                               .fresh = graph->options.fresh,
                               .drain = drain_all_of,
                               .of = graph};
    uint32_t count = graph->plan->count;
    graph->generators = sl_arena_take(graph->arena, (count + 1) * sizeof(sl_generator *));
    if (!graph->generators)
        return -1;
    for (uint32_t i = 0; i < count; i++)
        graph->generators[i] = graph->nodes[i].generator;
    graph->once = sl_once_new(graph->plan, &graph->run, graph->generators, &options);
    return graph->once ? 0 : -1;
}

static int leave_out(sl_graph *graph)
{
    const sl_plan *plan = graph->plan;
    if (!graph->options.feed)
        return 0;
    int32_t *part = sl_arena_take(graph->arena, plan->count * sizeof *part);
    if (!part)
        return -1;
    sl_feed_parts(plan, graph->options.feed->stage, part);
    for (uint32_t i = 0; i < plan->count; i++)
        graph->nodes[i].left_out = graph->nodes[i].done = !part[i];
    return 0;
}

sl_graph *sl_graph_new(const sl_plan *plan, const sl_graph_options *options, sl_errors *errors)
{
    const sl_env *env = options->env;
    size_t size = sizeof(sl_graph) + plan->count * sizeof(node);
    sl_graph *graph = sl_env_allocate(env, NULL, size);
    if (!graph)
        return NULL;
    memset(graph, 0, size);
    graph->plan = plan;
    graph->env = env;
    graph->options = *options;
    graph->waits.wake_at = -1;
    graph->arena = sl_arena_new(env);
    set_run(graph, errors);
    graph->run.pool = sl_pool_new(env, plan->batch_rows, plan->batch_bytes);
    int failed = !graph->arena || !graph->run.pool;
    for (uint32_t i = 0; i < plan->count && !failed; i++)
        failed = make_node(graph, i) < 0;
    if (!failed)
        failed = make_once(graph) < 0 || leave_out(graph) < 0;
    if (failed) {
        sl_graph_free(graph);
        return NULL;
    }
    return graph;
}

void sl_graph_free(sl_graph *graph)
{
    if (!graph)
        return;
    sl_graph_close(graph);
    sl_once_free(graph->once);
    for (uint32_t i = graph->plan->count; i-- > 0;) {
        node *at = &graph->nodes[i];
        sl_link_free(at->link);
        sl_generator_free(at->generator);
        sl_rejects_free(at->rejects);
    }
    sl_pool_free(graph->run.pool);
    sl_arena_free(graph->arena);
    sl_env_allocate(graph->env, graph, 0);
}

/* ---- Before the first pull ----------------------------------------------------------------------
 */

static int32_t inputs_known(const sl_graph *graph, uint32_t index)
{
    const sl_plan_stage *plan = &graph->plan->stages[index];
    uint32_t count;
    for (uint32_t i = 0; i < plan->inputs_count; i++)
        if (!sl_generator_columns(graph->nodes[plan->inputs[i]].generator, &count))
            return 0;
    return 1;
}

/* While checking, a source that is not there leaves its columns unknown, and is a warning. */
static void forgive_missing(sl_graph *graph, uint32_t before)
{
    sl_errors *errors = graph->run.errors;
    if (!graph->options.checking)
        return;
    for (uint32_t i = before; i < errors->count; i++)
        if (errors->list[i].level == SL_LOG_ERROR && errors->list[i].code == SL_CODE_NO_INPUT) {
            errors->list[i].level = SL_LOG_WARNING;
            errors->errors--;
        }
}

sl_status sl_graph_plan(sl_graph *graph)
{
    uint32_t errors = graph->run.errors->errors;
    graph->run.planning = 1;
    for (uint32_t i = 0; i < graph->plan->count; i++) {
        node *at = &graph->nodes[i];
        if (at->planned || !inputs_known(graph, i))
            continue;
        uint32_t before = graph->run.errors->count;
        at->planned = 1;
        sl_generator_plan(at->generator);
        forgive_missing(graph, before);
    }
    graph->run.planning = 0;
    if (graph->run.errors->errors == 0 && !graph->options.feed)
        sl_once_judge(graph->once);
    return graph->run.errors->errors > errors ? SL_ERROR : SL_OK;
}

sl_status sl_graph_prepare(sl_graph *graph)
{
    return sl_once_recover(graph->once) == SL_OK ? sl_graph_plan(graph) : SL_ERROR;
}

static sl_status check_feed(const sl_graph *graph)
{
    const sl_feed *feed = graph->options.feed;
    if (!feed || inputs_known(graph, feed->stage))
        return SL_OK;
    return sl_paths_mistake(graph->plan, feed->stage, "let the reader read a file",
                            graph->run.errors,
                            "the columns of this stage are known only when its source is opened, "
                            "and no source is opened now");
}

sl_status sl_graph_open(sl_graph *graph)
{
    graph->opened = 1;
    if (sl_graph_prepare(graph) != SL_OK || check_feed(graph) != SL_OK)
        return SL_ERROR;
    for (uint32_t i = 0; i < graph->plan->count; i++)
        if (!graph->nodes[i].left_out && sl_generator_open(graph->nodes[i].generator) != SL_OK)
            return SL_ERROR;
    if (graph->options.feed)
        return SL_OK;
    /* Again: a stage that could not plan before has said by now what it promises. */
    return sl_once_judge(graph->once) == SL_OK ? sl_once_resume(graph->once) : SL_ERROR;
}

/* ---- Running
 * ---------------------------------------------------------------------------------------- */

static int32_t is_main_exporter(const sl_graph *graph, uint32_t index)
{
    return graph->plan->stages[index].type->role == SL_EXPORTER &&
           !graph->plan->stages[index].rejects_only;
}

/* Pulls one exporter once. */
static sl_status pull(node *at)
{
    sl_batch *receipt = NULL;
    sl_status status = sl_generator_next(at->generator, &receipt);
    sl_batch_release(receipt);
    if (status == SL_END)
        at->done = 1;
    return status;
}

/* One turn of all exporters of a kind. SL_OK: the time is over; SL_PENDING: some wait; SL_END:
 * all have ended. */
static sl_status turn(sl_graph *graph, int32_t rejects, int64_t until)
{
    sl_status answer = SL_END;
    for (uint32_t n = 0; n < graph->plan->count; n++) {
        uint32_t i = (graph->turn + n) % graph->plan->count;
        node *at = &graph->nodes[i];
        if (at->done || (rejects ? !at->rejects : !is_main_exporter(graph, i)))
            continue;
        sl_status status;
        do
            status = pull(at);
        while (status == SL_OK && graph->env->monotonic(graph->env->context) < until);
        if (status == SL_OK)
            graph->turn = i + 1;
        if (status == SL_OK || status == SL_ERROR)
            return status;
        if (status == SL_PENDING)
            answer = SL_PENDING;
    }
    return answer;
}

static sl_status drain_all(sl_graph *graph)
{
    for (uint32_t i = 0; i < graph->plan->count; i++)
        if (drain(graph, &graph->nodes[i]) != SL_OK)
            return SL_ERROR;
    return SL_OK;
}

static int64_t progress_made(const sl_graph *graph)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < graph->plan->count; i++) {
        const sl_counters *c = sl_generator_counters(graph->nodes[i].generator);
        sum += c->batches_in + c->batches_out + c->commits;
    }
    return sum;
}

static int32_t some_stage_waits(const sl_graph *graph)
{
    for (uint32_t i = 0; i < graph->plan->count; i++)
        if (sl_generator_waiting(graph->nodes[i].generator))
            return 1;
    return 0;
}

/* Nobody can go on: what is written is committed meanwhile. */
static sl_status wait_for_world(sl_graph *graph)
{
    graph->waits.own = some_stage_waits(graph);
    if (graph->options.feed)
        return SL_PENDING;
    return sl_once_commit_all(graph->once) == SL_ERROR ? SL_ERROR : SL_PENDING;
}

static sl_status finish_feed(sl_graph *graph)
{
    char why[512];
    if (sl_graph_audit(graph, why, sizeof why)) {
        sl_status status = graph->options.feed->finish(graph->options.feed->of);
        return status == SL_OK ? SL_END : status;
    }
    sl_error error = {.level = SL_LOG_ERROR, .code = SL_CODE_BUG};
    return sl_errors_add(graph->run.errors, &error, "the books do not balance: %s", why);
}

sl_status sl_graph_step(sl_graph *graph, int64_t microseconds)
{
    int64_t until = graph->env->monotonic(graph->env->context) + microseconds;
    graph->waits = (sl_graph_waits){.wake_at = -1};
    for (uint32_t i = 0; i < graph->plan->count; i++)
        graph->nodes[i].wake = NULL;
    graph->run.yield_at = until;
    for (;;) {
        graph->run.yielded = 0;
        int64_t before = progress_made(graph);
        sl_status status = turn(graph, 0, until);
        if (status == SL_END) { /* the rows are through; now the last rejects */
            for (uint32_t i = 0; i < graph->plan->count; i++)
                if (graph->nodes[i].rejects)
                    sl_rejects_end(graph->nodes[i].rejects);
            status = turn(graph, 1, until);
            if (status == SL_END && graph->options.feed)
                return finish_feed(graph);
        } else if (status == SL_PENDING && drain_all(graph) != SL_OK) {
            status = SL_ERROR;
        }
        if (status == SL_PENDING) {
            /* Exporters of one fan-out make room for each other: go round again. */
            if (graph->run.yielded || progress_made(graph) != before)
                status = SL_OK;
            else
                status = wait_for_world(graph);
        }
        if (status != SL_OK || graph->env->monotonic(graph->env->context) >= until)
            return status;
    }
}

uint32_t sl_graph_signs(const sl_graph *graph)
{
    return atomic_load_explicit(&graph->run.signs, memory_order_relaxed);
}

sl_status sl_graph_commit(sl_graph *graph)
{
    return drain_all(graph) == SL_OK ? sl_once_commit_all(graph->once) : SL_ERROR;
}

void sl_graph_close(sl_graph *graph)
{
    if (graph->closed)
        return;
    graph->closed = 1;
    const sl_errors *errors = graph->run.errors;
    int32_t stopped = atomic_load(&graph->run.stopping) && errors->errors == 0;
    if (stopped && !graph->run.cut_short && graph->opened && !graph->options.feed)
        sl_graph_commit(graph);
    for (uint32_t i = graph->plan->count; i-- > 0;)
        if (graph->nodes[i].generator && graph->plan->stages[i].type->role == SL_EXPORTER)
            sl_generator_close(graph->nodes[i].generator);
    /* What no exporter leads to (a graph that did not open whole). */
    for (uint32_t i = graph->plan->count; i-- > 0;)
        if (graph->nodes[i].generator)
            sl_generator_close(graph->nodes[i].generator);
    if (graph->once)
        sl_once_close(graph->once);
}

void sl_graph_stop(sl_graph *graph)
{
    atomic_store(&graph->run.stopping, 1);
}

void sl_graph_interrupt(sl_graph *graph)
{
    for (uint32_t i = 0; i < graph->plan->count; i++)
        sl_generator_interrupt(graph->nodes[i].generator);
}

/* ---- What one may know of it
 * ---------------------------------------------------------------------------- */

const sl_graph_waits *sl_graph_waiting(const sl_graph *graph)
{
    return &graph->waits;
}

const char *sl_graph_waits_for(const sl_graph *graph, uint32_t index)
{
    const node *of = &graph->nodes[index];
    if (sl_generator_waiting(of->generator))
        return of->wake ? of->wake : "wake";
    return sl_generator_waits_for_input(of->generator) ? "input" : NULL;
}

void sl_graph_on_wake(sl_graph *graph, void (*woken)(void *of), void *of)
{
    graph->woken = woken;
    graph->woken_of = of;
}

void sl_graph_stuck(const sl_graph *graph, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < graph->plan->count; i++)
        if (sl_generator_entered(graph->nodes[i].generator)) { /* what it asked comes first */
            snprintf(text, size, "'%s' does not come back", graph->plan->stages[i].name);
            return;
        }
    for (uint32_t i = 0; i < graph->plan->count && at < size; i++) {
        const sl_plan_stage *plan = &graph->plan->stages[i];
        if (sl_generator_ended(graph->nodes[i].generator))
            continue;
        for (uint32_t n = 0; n < plan->inputs_count && at < size; n++) {
            int put = snprintf(text + at, size - at, "%s'%s' waits for '%s'", at ? ", " : "",
                               plan->name, graph->plan->stages[plan->inputs[n]].name);
            at += put > 0 ? (size_t)put : 0;
        }
    }
}

const sl_plan *sl_graph_of_plan(const sl_graph *graph)
{
    return graph->plan;
}

sl_once *sl_graph_once(const sl_graph *graph)
{
    return graph->once;
}

sl_generator *sl_graph_stage(sl_graph *graph, uint32_t index)
{
    return graph->nodes[index].generator;
}

int32_t sl_graph_rehearsing(const sl_graph *graph)
{
    return graph->run.rehearsing;
}

int64_t sl_graph_bound(const sl_plan *plan)
{
    /* Batches in flight: each stage holds at most one of its input and one of its own; a
     * fan-out holds its queues; a reject exporter holds what is gathered. The cells that a
     * stage adds come on top of batch.bytes, at most as much again. */
    int64_t batches = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        batches += 2;
        if (plan->stages[i].consumers > 1)
            batches += (int64_t)plan->stages[i].consumers * SL_LINK_DEPTH;
        if (plan->stages[i].rejects_only)
            batches++;
    }
    return batches * 2 * plan->batch_bytes;
}

int64_t sl_graph_peak(const sl_graph *graph)
{
    return sl_pool_peak(graph->run.pool);
}

int64_t sl_graph_rejected(const sl_graph *graph)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < graph->plan->count; i++)
        sum += sl_generator_counters(graph->nodes[i].generator)->rejected;
    return sum;
}

int32_t sl_graph_audit(const sl_graph *graph, char *why, size_t size)
{
    for (uint32_t i = 0; i < graph->plan->count; i++) {
        const node *at = &graph->nodes[i];
        if (!sl_generator_audit(at->generator, why, size))
            return 0;
        if (at->link && !sl_link_audit(at->link, why, size))
            return 0;
    }
    return 1;
}

/*
 * crew.c - see crew.h.
 */
#include "daemon/crew.h"

#include <pthread.h>
#include <string.h>

#define HELD 250000 /* microseconds after which a job is held up */
#define LOOK 100    /* milliseconds between two looks at jobs that wait for a thread */
#define MOST 256    /* threads */

typedef struct hand {
    pthread_t thread;
    sl_crew *crew;
    enum { NOBODY, THERE, GONE } is; /* GONE: to be joined */
    int64_t since;                   /* monotonic: when its job began; 0: it has none */
} hand;

struct sl_crew {
    const sl_env *env;
    int32_t usual;
    uv_async_t finished;
    uv_timer_t look;
    int32_t handles; /* that libuv still knows */
    pthread_mutex_t lock;
    /* Under the lock. */
    pthread_cond_t work;
    sl_job *first, **last;           /* that wait for a thread */
    sl_job *done_first, **done_last; /* that wait for the loop */
    int32_t waiting;                 /* jobs */
    int32_t idle, count;             /* threads */
    int32_t ending;
    hand hands[MOST];
};

/* ---- A thread ------------------------------------------------------------------------------- */

/* Threads that are not held up. Locked. */
static int32_t ready(const sl_crew *crew)
{
    int64_t long_ago = crew->env->monotonic(crew->env->context) - HELD;
    int32_t count = crew->count;
    for (int32_t i = 0; i < MOST; i++)
        count -= crew->hands[i].is == THERE && crew->hands[i].since > 0 &&
                 crew->hands[i].since < long_ago;
    return count;
}

static sl_job *take(sl_crew *crew)
{
    sl_job *job = crew->first;
    crew->first = job->next;
    if (!crew->first)
        crew->last = &crew->first;
    crew->waiting--;
    return job;
}

/* Takes and gives back the lock; 1: there are enough without this thread. */
static int32_t do_job(sl_crew *crew, hand *own)
{
    sl_job *job = take(crew);
    int64_t began = own->since = crew->env->monotonic(crew->env->context);
    pthread_mutex_unlock(&crew->lock);
    job->work(job);
    int64_t took = crew->env->monotonic(crew->env->context) - began;
    pthread_mutex_lock(&crew->lock);
    own->since = 0;
    job->next = NULL;
    *crew->done_last = job;
    crew->done_last = &job->next;
    return took > HELD && ready(crew) > crew->usual;
}

static void *work(void *of)
{
    hand *own = of;
    sl_crew *crew = own->crew;
    int32_t spare = 0;
    pthread_mutex_lock(&crew->lock);
    while (!spare) {
        while (!crew->first && !crew->ending) {
            crew->idle++;
            pthread_cond_wait(&crew->work, &crew->lock);
            crew->idle--;
        }
        if (!crew->first)
            break;
        spare = do_job(crew, own);
        if (!spare) {
            pthread_mutex_unlock(&crew->lock);
            uv_async_send(&crew->finished);
            pthread_mutex_lock(&crew->lock);
        }
    }
    own->is = GONE;
    crew->count--;
    pthread_mutex_unlock(&crew->lock);
    uv_async_send(&crew->finished);
    return NULL;
}

/* Locked. Where one cannot be had, those that are there do the work. */
static void start_thread(sl_crew *crew)
{
    hand *own = crew->hands;
    while (own < crew->hands + MOST && own->is != NOBODY)
        own++;
    if (own == crew->hands + MOST)
        return;
    *own = (hand){.crew = crew};
    if (pthread_create(&own->thread, NULL, work, own) != 0)
        return;
    own->is = THERE;
    crew->count++;
}

/* ---- On the loop thread ---------------------------------------------------------------------- */

/* A thread whose job is not yet given back is not joined: it may be sent a signal till then. */
static void on_finished(uv_async_t *async)
{
    sl_crew *crew = async->data;
    int32_t gone[MOST], gone_count = 0;
    pthread_mutex_lock(&crew->lock);
    sl_job *job = crew->done_first;
    crew->done_first = NULL;
    crew->done_last = &crew->done_first;
    for (int32_t i = 0; i < MOST; i++)
        if (crew->hands[i].is == GONE)
            gone[gone_count++] = i;
    pthread_mutex_unlock(&crew->lock);
    while (job) {
        sl_job *next = job->next;
        job->done(job);
        job = next;
    }
    for (int32_t i = 0; i < gone_count; i++) {
        hand *one = &crew->hands[gone[i]];
        pthread_join(one->thread, NULL);
        pthread_mutex_lock(&crew->lock);
        one->is = NOBODY;
        pthread_mutex_unlock(&crew->lock);
    }
}

static void on_look(uv_timer_t *timer)
{
    sl_crew *crew = timer->data;
    pthread_mutex_lock(&crew->lock);
    if (crew->waiting > crew->idle && ready(crew) < crew->usual)
        start_thread(crew);
    if (crew->waiting == 0)
        uv_timer_stop(timer);
    pthread_mutex_unlock(&crew->lock);
}

void sl_crew_submit(sl_crew *crew, sl_job *job)
{
    pthread_mutex_lock(&crew->lock);
    if (crew->waiting >= crew->idle && ready(crew) < crew->usual)
        start_thread(crew);
    job->next = NULL;
    *crew->last = job;
    crew->last = &job->next;
    crew->waiting++;
    pthread_cond_signal(&crew->work);
    int32_t all_busy = crew->waiting > crew->idle;
    pthread_mutex_unlock(&crew->lock);
    if (all_busy && !uv_is_active((uv_handle_t *)&crew->look))
        uv_timer_start(&crew->look, on_look, LOOK, LOOK);
}

uv_loop_t *sl_crew_loop(const sl_crew *crew)
{
    return crew->finished.loop;
}

static void on_closed(uv_handle_t *handle)
{
    sl_crew *crew = handle->data;
    if (--crew->handles > 0)
        return;
    pthread_cond_destroy(&crew->work);
    pthread_mutex_destroy(&crew->lock);
    sl_env_allocate(crew->env, crew, 0);
}

void sl_crew_free(sl_crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->ending = 1;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (int32_t i = 0; i < MOST; i++) {
        pthread_mutex_lock(&crew->lock);
        int32_t there = crew->hands[i].is != NOBODY;
        pthread_mutex_unlock(&crew->lock);
        if (there)
            pthread_join(crew->hands[i].thread, NULL);
    }
    uv_close((uv_handle_t *)&crew->finished, on_closed);
    uv_close((uv_handle_t *)&crew->look, on_closed);
}

int sl_crew_new(const sl_env *env, uv_loop_t *uv, int32_t usual, sl_crew **made)
{
    sl_crew *crew = sl_env_allocate(env, NULL, sizeof *crew);
    *made = NULL;
    if (!crew)
        return UV_ENOMEM;
    memset(crew, 0, sizeof *crew);
    crew->env = env;
    crew->usual = usual;
    crew->last = &crew->first;
    crew->done_last = &crew->done_first;
    int failed = uv_async_init(uv, &crew->finished, on_finished);
    if (failed) {
        sl_env_allocate(env, crew, 0);
        return failed;
    }
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    uv_timer_init(uv, &crew->look);
    crew->finished.data = crew->look.data = crew;
    uv_unref((uv_handle_t *)&crew->finished);
    uv_unref((uv_handle_t *)&crew->look);
    crew->handles = 2;
    pthread_mutex_lock(&crew->lock);
    start_thread(crew); /* this one stays: who has as many as usual beside it goes */
    int32_t started = crew->count;
    pthread_mutex_unlock(&crew->lock);
    if (!started) {
        sl_crew_free(crew);
        return UV_EAGAIN; /* as pthread_create says that there are too many */
    }
    *made = crew;
    return 0;
}

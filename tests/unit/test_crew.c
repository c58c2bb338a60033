/*
 * test_crew.c - jobs that are held up do not hold up others; each job is done once, and the threads
 * that were too many go.
 */
#include <check.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "daemon/crew.h"
#include "stages/core/env.h"

#define MANY 2000

typedef struct task {
    sl_job job;  /* first */
    sem_t *gate; /* NULL: it comes back at once */
    atomic_int worked;
    int32_t done;
} task;

static void work(sl_job *job)
{
    task *of = (task *)job;
    while (of->gate && sem_wait(of->gate) != 0)
        ;
    atomic_fetch_add(&of->worked, 1);
}

static void done(sl_job *job)
{
    ((task *)job)->done++;
}

static void submit(sl_crew *crew, task *of, sem_t *gate)
{
    *of = (task){.job = {.work = work, .done = done}, .gate = gate};
    sl_crew_submit(crew, &of->job);
}

/* The crew does not keep the loop alive: this does. */
static void on_alive(uv_timer_t *timer)
{
    (void)timer;
}

static void run_until(uv_loop_t *uv, const task *tasks, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        while (!tasks[i].done)
            uv_run(uv, UV_RUN_ONCE);
}

typedef struct house {
    uv_loop_t uv;
    uv_timer_t alive;
    sl_crew *crew;
} house;

static void begin(house *of, int32_t usual)
{
    ck_assert_int_eq(uv_loop_init(&of->uv), 0);
    ck_assert_int_eq(uv_timer_init(&of->uv, &of->alive), 0);
    ck_assert_int_eq(uv_timer_start(&of->alive, on_alive, 1000, 1000), 0);
    ck_assert_int_eq(sl_crew_new(&sl_env_real, &of->uv, usual, &of->crew), 0);
    ck_assert_ptr_nonnull(of->crew);
}

static void end(house *of)
{
    sl_crew_free(of->crew);
    uv_close((uv_handle_t *)&of->alive, NULL);
    uv_run(&of->uv, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&of->uv), 0);
}

START_TEST(each_job_is_done_once)
{
    house of;
    task *tasks = calloc(MANY, sizeof *tasks);
    ck_assert_ptr_nonnull(tasks);
    begin(&of, _i);
    for (int32_t i = 0; i < MANY; i++)
        submit(of.crew, &tasks[i], NULL);
    run_until(&of.uv, tasks, MANY);
    end(&of);
    for (int32_t i = 0; i < MANY; i++) {
        ck_assert_int_eq(tasks[i].worked, 1);
        ck_assert_int_eq(tasks[i].done, 1);
    }
    free(tasks);
}
END_TEST

/* One worker, and ten that do not come back: others are served all the same. */
START_TEST(who_is_held_up_holds_up_nobody)
{
    house of;
    task held[10], others[20];
    sem_t gate;
    ck_assert_int_eq(sem_init(&gate, 0, 0), 0);
    begin(&of, 1);
    for (int32_t i = 0; i < 10; i++)
        submit(of.crew, &held[i], &gate);
    for (int32_t i = 0; i < 10; i++)
        submit(of.crew, &others[i], NULL);
    run_until(&of.uv, others, 10);
    for (int32_t i = 0; i < 10; i++)
        ck_assert_int_eq(held[i].done, 0);
    for (int32_t i = 0; i < 10; i++)
        sem_post(&gate);
    run_until(&of.uv, held, 10);
    for (int32_t i = 10; i < 20; i++) /* after those that were too many have gone */
        submit(of.crew, &others[i], NULL);
    run_until(&of.uv, others, 20);
    end(&of);
    for (int32_t i = 0; i < 10; i++)
        ck_assert_int_eq(held[i].worked, 1);
    for (int32_t i = 0; i < 20; i++)
        ck_assert_int_eq(others[i].worked, 1);
    sem_destroy(&gate);
}
END_TEST

START_TEST(a_crew_without_work_ends)
{
    house of;
    begin(&of, 4);
    end(&of);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crew");
    TCase *tcase = tcase_create("crew");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_job_is_done_once, 1, 5);
    tcase_add_test(tcase, who_is_held_up_holds_up_nobody);
    tcase_add_test(tcase, a_crew_without_work_ends);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

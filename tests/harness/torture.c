/*
 * torture.c - see torture.h.
 *
 * Deliberately elsewhere: what each type is tortured with (tests/unit/test_torture.c).
 */
#include "tests/harness/torture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where something is tried at every place in turn, at most so many places, spread evenly. */
#define PLACES_MAX 60
#define COMPLAINTS_MAX 8

typedef struct outcome {
    sl_status status;
    char *text; /* rows, rejects, standard output, what was made */
    char *error;
    int32_t calls;
} outcome;

typedef struct torture {
    const sl_stage_type *type;
    const sl_torture_input *input;
    sl_harness_setup plain;
    outcome reference;
    int64_t sqlite_live;
    int64_t sqlite_allocations; /* of the last run */
    int32_t complaints;
} torture;

static void complain(torture *of, const char *format, ...) SL_PRINTF(2, 3);

static void complain(torture *of, const char *format, ...)
{
    va_list args;

    if (of->complaints++ >= COMPLAINTS_MAX)
        return;
    fprintf(stderr, "torture of %s '%s': ", sl_role_name(of->type->role), of->type->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* ---- The directory ------------------------------------------------------------------- */

static void empty_directory(void)
{
    DIR *directory = opendir(".");
    struct dirent *entry;

    if (directory == NULL)
        abort();
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_type != DT_DIR)
            unlink(entry->d_name);
    closedir(directory);
}

static void make_files(const sl_torture_file *file)
{
    empty_directory();
    for (; file != NULL && file->name != NULL; file++) {
        FILE *made = fopen(file->name, "wb");
        size_t size = file->size > 0 ? file->size : strlen(file->text);

        if (made == NULL || fwrite(file->text, 1, size, made) != size || fclose(made) != 0)
            abort();
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The names of the files there are: a temporary file left over shows. */
static void list_files(sl_builder *text)
{
    char names[32][64];
    size_t count = 0;
    DIR *directory = opendir(".");
    struct dirent *entry;

    if (directory == NULL)
        abort();
    while ((entry = readdir(directory)) != NULL && count < 32)
        if (entry->d_type != DT_DIR)
            snprintf(names[count++], sizeof names[0], "%.63s", entry->d_name);
    closedir(directory);
    qsort(names, count, sizeof names[0], compare_names);
    for (size_t i = 0; i < count; i++)
        sl_builder_format(text, "file %s\n", names[i]);
}

/* ---- One run ------------------------------------------------------------------------- */

static void free_outcome(outcome *made)
{
    free(made->text);
    free(made->error);
    *made = (outcome){0};
}

/* What can be compared after a run to the end. */
static char *describe(const torture *of, sl_harness *harness)
{
    sl_builder text = {.env = &sl_env_real};

    sl_builder_word(&text, sl_harness_rows(harness));
    sl_builder_word(&text, sl_harness_rejects(harness));
    sl_builder_word(&text, sl_harness_output(harness));
    if (of->input->look != NULL)
        of->input->look(&text);
    list_files(&text);
    if (text.failed)
        abort();
    return text.data;
}

/* Whatever happened, no file is left that a good run would not leave; a journal that SQLite
 * needs to repair its file is no such file. */
static void check_files(torture *of, const char *how)
{
    sl_builder list = {.env = &sl_env_real};
    char *at, *line;

    list_files(&list);
    for (at = list.data; of->reference.text != NULL && at != NULL && *at != '\0';) {
        line = strsep(&at, "\n");
        if (strstr(of->reference.text, line) == NULL && strstr(line, "-journal") == NULL &&
            strstr(line, "-wal") == NULL && strstr(line, "-shm") == NULL)
            complain(of, "%s: left a file: %s", how, line);
    }
    sl_builder_done(&list);
}

/* Asked again, an ended or failed stage answers the same. */
static void ask_again(torture *of, sl_harness *harness, sl_status status, const char *how)
{
    sl_generator *generator = sl_harness_generator(harness);
    sl_batch *given = NULL;

    if (generator == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        sl_status again = sl_generator_next(generator, &given);

        if (again != status || given != NULL)
            complain(of, "%s: answered %d after %d", how, again, status);
    }
}

/* Runs to the end, or to `batches` batches, and frees everything. */
static outcome run(torture *of, const sl_harness_setup *setup, int32_t batches, const char *how)
{
    sl_fake_env own;
    sl_harness_setup with = *setup;
    outcome made = {0};
    sl_harness *harness;
    sl_errors const *errors;
    int32_t problems;

    make_files(of->input->files);
    if (with.fake == NULL) {
        sl_fake_env_init(&own);
        with.fake = &own;
    }
    harness = sl_harness_open(&with);
    made.status = sl_harness_generator(harness) != NULL && sl_harness_errors(harness)->errors == 0
                      ? SL_OK
                      : SL_ERROR;
    while (made.status == SL_OK && made.calls < batches) {
        made.status = sl_harness_pull(harness);
        made.calls += made.status == SL_OK;
    }
    if (made.status != SL_OK)
        ask_again(of, harness, made.status, how);
    sl_harness_close(harness);
    of->sqlite_allocations = sl_sqlite_memory_allocations();
    sl_sqlite_memory_refuse(0, 0); /* who looks at what was made is not refused */
    errors = sl_harness_errors(harness);
    if (made.status == SL_ERROR && errors->errors == 0)
        complain(of, "%s: failed without saying why", how);
    if (made.status == SL_END && errors->errors > 0)
        complain(of, "%s: ended well and said '%s'", how, sl_harness_error(harness));
    made.text = describe(of, harness);
    made.error = strdup(sl_harness_error(harness));
    check_files(of, how);
    problems = sl_harness_free(harness);
    if (problems > 0)
        complain(of, "%s: %d problems at the end (above)", how, problems);
    if (sl_sqlite_memory_live() > of->sqlite_live && of->sqlite_live >= 0)
        complain(of, "%s: SQLite holds %lld allocations more than before", how,
                 (long long)(sl_sqlite_memory_live() - of->sqlite_live));
    if (with.fake == &own)
        sl_fake_env_done(&own);
    return made;
}

/* Shows where two texts part. */
static void show_difference(const char *wanted, const char *got)
{
    size_t at = 0, from;

    while (wanted[at] != '\0' && wanted[at] == got[at])
        at++;
    for (from = at; from > 0 && wanted[from - 1] != '\n'; from--)
        ;
    fprintf(stderr, "  wanted: %.*s\n  got:    %.*s\n", (int)strcspn(wanted + from, "\n"),
            wanted + from, (int)strcspn(got + from, "\n"), got + from);
}

/* The run must end, with the reference's rows. */
static void must_equal(torture *of, const sl_harness_setup *setup, const char *how)
{
    outcome made = run(of, setup, INT32_MAX, how);

    if (made.status != SL_END) {
        complain(of, "%s: answered %d: %s", how, made.status, made.error);
    } else if (strcmp(made.text, of->reference.text) != 0) {
        complain(of, "%s: other rows than in a plain run", how);
        if (of->complaints <= COMPLAINTS_MAX)
            show_difference(of->reference.text, made.text);
    }
    free_outcome(&made);
}

/* The run must fail, or end with the reference's rows; no file of its own may be left. */
static void must_survive(torture *of, const sl_harness_setup *setup, const char *how)
{
    outcome made = run(of, setup, INT32_MAX, how);

    if (made.status == SL_END && strcmp(made.text, of->reference.text) != 0) {
        complain(of, "%s: ended well with other rows", how);
        if (of->complaints <= COMPLAINTS_MAX)
            show_difference(of->reference.text, made.text);
    }
    free_outcome(&made);
}

/* ---- The ways ------------------------------------------------------------------------ */

static void try_batches(torture *of)
{
    static const uint32_t sizes[] = {1, 2, 3, 7};
    char how[64];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        sl_harness_setup setup = of->plain;

        setup.feed_rows = sizes[i];
        setup.batch_rows = sizes[i];
        snprintf(how, sizeof how, "batches of %u", (unsigned)sizes[i]);
        must_equal(of, &setup, how);
        setup.batch_rows = 0;
        snprintf(how, sizeof how, "input batches of %u", (unsigned)sizes[i]);
        if (setup.columns != NULL)
            must_equal(of, &setup, how);
    }
    sl_harness_setup little = of->plain;
    little.batch_bytes = 8192;
    little.feed_rows = 7;
    must_equal(of, &little, "batches of 8 KiB");
    sl_harness_setup commits = of->plain;
    commits.feed_rows = 3;
    commits.commit_every = 3;
    if (of->type->role == SL_EXPORTER)
        must_equal(of, &commits, "a commit every 3 batches");
}

static void try_pending(torture *of)
{
    char how[64];
    sl_harness_setup setup = of->plain;

    if (setup.columns == NULL)
        return;
    setup.feed_rows = 7;
    setup.pending_at = -1;
    must_equal(of, &setup, "each pull pending first");
    for (int32_t at = 1; at <= 10; at++) {
        setup.pending_at = at;
        snprintf(how, sizeof how, "pull %d pending", at);
        must_equal(of, &setup, how);
    }
}

static void try_closing(torture *of)
{
    char how[64];
    sl_harness_setup setup = of->plain;
    int32_t batches = 0, given;

    setup.feed_rows = 7;
    setup.batch_rows = 7;
    do {
        outcome made;

        snprintf(how, sizeof how, "closed after %d batches", batches);
        made = run(of, &setup, batches, how);
        given = made.calls;
        if (made.status == SL_ERROR)
            complain(of, "%s: %s", how, made.error);
        free_outcome(&made);
    } while (given == batches++ && batches < PLACES_MAX);
}

static int64_t stride(int64_t places)
{
    return places > PLACES_MAX ? (places + PLACES_MAX - 1) / PLACES_MAX : 1;
}

static void try_memory(torture *of)
{
    sl_harness_setup setup = of->plain;
    char how[96];
    sl_fake_env fake;
    int64_t places;
    outcome made;

    setup.feed_rows = 7;
    sl_fake_env_init(&fake);
    setup.fake = &fake;
    made = run(of, &setup, INT32_MAX, "counting allocations");
    free_outcome(&made);
    places = fake.allocations;
    sl_fake_env_done(&fake);
    for (int32_t after = 0; after < 2; after++)
        for (int64_t at = 1; at <= places + 1; at += stride(places)) {
            sl_fake_env_init(&fake);
            fake.refuse_at = at;
            fake.refuse_after = after;
            snprintf(how, sizeof how, "allocation %lld%s of %lld refused", (long long)at,
                     after ? " and all later ones" : "", (long long)places);
            must_survive(of, &setup, how);
            sl_fake_env_done(&fake);
        }
}

static void try_sqlite_memory(torture *of)
{
    sl_harness_setup setup = of->plain;
    char how[96];
    int64_t places;
    outcome made;

    setup.feed_rows = 7;
    made = run(of, &setup, INT32_MAX, "counting SQLite's allocations");
    free_outcome(&made);
    places = of->sqlite_allocations;
    for (int32_t after = 0; after < 2 && places > 0; after++)
        for (int64_t at = 1; at <= places; at += stride(places)) {
            snprintf(how, sizeof how, "SQLite's allocation %lld%s of %lld refused", (long long)at,
                     after ? " and all later ones" : "", (long long)places);
            sl_sqlite_memory_refuse(at, after);
            must_survive(of, &setup, how);
        }
}

static void try_failing_input(torture *of)
{
    sl_harness_setup setup = of->plain;
    char how[64];
    outcome made;

    if (setup.columns == NULL)
        return;
    setup.feed_rows = 7;
    for (int32_t at = 1; at <= 10; at++) {
        setup.fail_at = at;
        snprintf(how, sizeof how, "the input fails at pull %d", at);
        made = run(of, &setup, INT32_MAX, how);
        if (made.status == SL_END && strcmp(made.text, of->reference.text) != 0)
            complain(of, "%s: ended well with other rows", how);
        else if (made.status == SL_ERROR && strstr(made.error, "the feed fails here") == NULL)
            complain(of, "%s: said '%s' instead", how, made.error);
        free_outcome(&made);
    }
}

static void try_files(torture *of)
{
    static const int32_t codes[] = {EIO, ENOSPC};
    sl_harness_setup setup = of->plain;
    char how[96];
    sl_fake_env fake;
    int64_t places;
    outcome made;

    setup.feed_rows = 7;
    setup.fake = &fake;
    sl_fake_env_init(&fake);
    fake.step = 3;
    must_equal(of, &setup, "three bytes at a time");
    sl_fake_env_done(&fake);
    sl_fake_env_init(&fake);
    made = run(of, &setup, INT32_MAX, "counting operations");
    free_outcome(&made);
    places = fake.operations;
    sl_fake_env_done(&fake);
    for (int32_t after = 0; after < 2; after++)
        for (int64_t at = 1; at <= places; at += stride(places)) {
            sl_fake_env_init(&fake);
            fake.fail_at = at;
            fake.fail_after = after;
            fake.error = codes[at % 2];
            snprintf(how, sizeof how, "file operation %lld%s of %lld failing", (long long)at,
                     after ? " and all later ones" : "", (long long)places);
            must_survive(of, &setup, how);
            sl_fake_env_done(&fake);
        }
}

static void try_sharing(torture *of)
{
    sl_harness_setup setup = of->plain;

    setup.feed_rows = 7;
    setup.batch_rows = 7;
    setup.threads = 1;
    must_equal(of, &setup, "each call on its own thread");
    setup.threads = 0;
    setup.share = 1;
    if (setup.columns != NULL)
        must_equal(of, &setup, "shared batches");
}

/* ---- Readers: tell and seek ---------------------------------------------------------- */

typedef struct stand { /* where a reader stood after some batches */
    char *position;
    char *rows; /* given until then */
    int64_t count;
} stand;

static int read_to(torture *of, const sl_harness_setup *setup, int32_t batches, stand *at)
{
    sl_harness *harness;
    int more = 1;

    make_files(of->input->files);
    harness = sl_harness_open(setup);
    for (int32_t i = 0; more && i < batches; i++)
        more = sl_harness_pull(harness) == SL_OK;
    if (more && sl_harness_position(harness) == NULL) {
        complain(of, "told no position after batch %d", batches);
        more = 0;
    }
    if (more)
        *at = (stand){.position = strdup(sl_harness_position(harness)),
                      .rows = strdup(sl_harness_rows(harness)),
                      .count = sl_harness_position_rows(harness)};
    if (sl_harness_free(harness) > 0)
        complain(of, "problems after batch %d (above)", batches);
    return more;
}

static void check_rest(torture *of, const sl_harness_setup *setup, const char *all, const stand *at)
{
    sl_harness_setup there = *setup;
    sl_harness *harness;
    size_t before = strlen(at->rows);

    there.position = at->position;
    there.position_rows = at->count;
    make_files(of->input->files);
    harness = sl_harness_open(&there);
    if (sl_harness_run(harness) != SL_END)
        complain(of, "from position %s: %s", at->position, sl_harness_error(harness));
    else if (strncmp(all, at->rows, before) != 0 ||
             strcmp(all + before, sl_harness_rows(harness)) != 0) {
        complain(of, "from position %s: other rows than those that were left", at->position);
        show_difference(all + before, sl_harness_rows(harness));
    }
    if (sl_harness_free(harness) > 0)
        complain(of, "problems from position %s (above)", at->position);
}

static void try_positions(torture *of)
{
    sl_harness_setup setup = of->plain;
    sl_harness *harness;
    char *all;
    stand at;

    if (of->type->role != SL_READER || of->type->tell == NULL || of->type->seek == NULL)
        return;
    setup.batch_rows = 7;
    make_files(of->input->files);
    harness = sl_harness_open(&setup);
    sl_harness_run(harness);
    all = strdup(sl_harness_rows(harness));
    sl_harness_free(harness);
    for (int32_t batches = 1; batches < PLACES_MAX && read_to(of, &setup, batches, &at);
         batches++) {
        check_rest(of, &setup, all, &at);
        free(at.position);
        free(at.rows);
    }
    free(all);
}

/* ---- All of it ----------------------------------------------------------------------- */

/* A directory of its own, entered; name has room for the path to go back to. */
static void enter_directory(char *directory, char *back, size_t size)
{
    /* In memory where there is such a place: what is tried here is not the disk. */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(directory, size, "%s/sluice-torture-XXXXXX", base);
    if (getcwd(back, size) == NULL || mkdtemp(directory) == NULL || chdir(directory) != 0)
        abort();
}

static void leave_directory(const char *directory, const char *back)
{
    empty_directory();
    if (chdir(back) != 0 || rmdir(directory) != 0)
        abort();
}

int32_t sl_torture(const sl_stage_type *type, const sl_torture_input *input)
{
    torture of = {.type = type,
                  .input = input,
                  .plain = {.type = type,
                            .options = input->options,
                            .columns = input->columns,
                            .rows = input->rows},
                  .sqlite_live = -1};
    char directory[512], back[512];

    sl_sqlite_memory_install();
    sl_sqlite_memory_refuse(0, 0);
    enter_directory(directory, back, sizeof directory);
    of.reference = run(&of, &of.plain, INT32_MAX, "a plain run");
    of.sqlite_live = sl_sqlite_memory_live();
    if (of.reference.status != SL_END) {
        complain(&of, "a plain run answers %d: %s", of.reference.status, of.reference.error);
    } else if (!input->empty && strcspn(of.reference.text, "\n") == 0) {
        complain(&of, "a plain run gives nothing");
    } else {
        must_equal(&of, &of.plain, "the same again");
        try_batches(&of);
        try_pending(&of);
        try_closing(&of);
        try_memory(&of);
        try_sqlite_memory(&of);
        try_failing_input(&of);
        try_files(&of);
        try_sharing(&of);
        try_positions(&of);
    }
    if (of.complaints > COMPLAINTS_MAX)
        fprintf(stderr, "torture of '%s': and %d more complaints\n", type->name,
                of.complaints - COMPLAINTS_MAX);
    free_outcome(&of.reference);
    leave_directory(directory, back);
    return of.complaints;
}

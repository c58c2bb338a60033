/*
 * journal.c - where lines of the log go, and which are said; see journal.h.
 *
 * Deliberately elsewhere: how a line is spelled (journal_line.c).
 */
#include "daemon/journal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/journal_line.h"

#define SOCKET "/run/systemd/journal/socket"
#define FOLDS 32 /* different lines that are counted at a time; the oldest makes room */

/* A line that was said, and how often it came again since. */
typedef struct fold {
    uint64_t key;  /* 0: free */
    int64_t until; /* monotonic; then the count is said */
    int64_t count;
    sl_event event;
    char *graph; /* OWNS; these four NULL where there is nothing */
    char *stage;
    char *message;
    char *source;
    sl_error last; /* the newest: its numbers */
} fold;

struct sl_journal {
    const sl_env *env;
    int32_t kind;
    int32_t fd;     /* stderr's */
    int32_t socket; /* -1: none */
    struct sockaddr_un address;
    _Atomic int32_t level;
    pthread_mutex_t lock; /* of all below; held while a line is written */
    int64_t lost;         /* lines that the journal did not take */
    sl_builder line;
    fold folds[FOLDS];
};

/* ---- Levels --------------------------------------------------------------------------- */

static const char *const level_names[] = {"error", "warning", "note", "debug"};

const char *sl_journal_level_name(int32_t level)
{
    return level_names[level < SL_LOG_ERROR   ? SL_LOG_ERROR
                       : level > SL_LOG_DEBUG ? SL_LOG_DEBUG
                                              : level];
}

int32_t sl_journal_level_of(const char *name)
{
    for (int32_t i = SL_LOG_ERROR; i <= SL_LOG_DEBUG; i++)
        if (strcmp(level_names[i], name) == 0)
            return i;
    return -1;
}

void sl_journal_level(sl_journal *journal, int32_t level)
{
    atomic_store(&journal->level, level);
}

/* ---- Writing -------------------------------------------------------------------------- */

/* 0, or -1: it is not taken now. Text on stderr is one write, so that lines of several processes
 * do not mix. */
static int hand_over(sl_journal *journal, const char *bytes, size_t size)
{
    if (journal->kind == SL_JOURNAL_NATIVE) {
        ssize_t sent = sendto(journal->socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT,
                              (const struct sockaddr *)&journal->address, sizeof journal->address);
        return sent < 0 ? -1 : 0;
    }
    while (size > 0) {
        ssize_t put = write(journal->fd, bytes, size);
        if (put < 0 && errno != EINTR)
            return -1;
        bytes += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int say(sl_journal *journal, const sl_journal_entry *entry)
{
    sl_builder_clear(&journal->line);
    sl_journal_spell(journal->kind, entry, &journal->line);
    int failed =
        journal->line.failed || hand_over(journal, journal->line.data, journal->line.size) != 0;
    journal->line.failed = 0;
    return failed ? -1 : 0;
}

static void write_entry(sl_journal *journal, const sl_journal_entry *entry)
{
    if (journal->lost > 0) {
        char message[80];
        snprintf(message, sizeof message, "%lld lines of this log were lost",
                 (long long)journal->lost);
        sl_error line = {.level = SL_LOG_WARNING, .message = message};
        sl_journal_entry gap = {.now = entry->now, .event = SL_EVENT_LOST_LINES, .line = &line};
        if (say(journal, &gap) == 0)
            journal->lost = 0;
    }
    journal->lost += say(journal, entry) != 0;
}

/* ---- Lines that come again ------------------------------------------------------------ */

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return (hash ^ (text == NULL ? 0xfe : 0xff)) * 0x100000001b3u;
}

/* What makes two lines the same: not the row. Never 0. */
static uint64_t key_of(sl_event event, const char *graph, const sl_error *line)
{
    uint64_t hash = 0xcbf29ce484222325u ^ ((uint64_t)event << 8) ^ (uint64_t)line->level;

    hash = mix(mix(mix(hash, graph), line->stage), line->message);
    hash = mix(mix(hash, line->file), line->option);
    return mix(mix(hash, line->source), line->data_column) | 1;
}

/* A copy; NULL: no memory, or there is nothing to copy. */
static char *keep(const sl_journal *journal, const char *text)
{
    size_t size = text == NULL ? 0 : strnlen(text, SL_JOURNAL_MESSAGE);
    char *copy = text == NULL ? NULL : sl_env_allocate(journal->env, NULL, size + 1);

    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

static void forget(const sl_journal *journal, fold *of)
{
    char *texts[] = {of->graph, of->stage, of->message, of->source};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i] != NULL)
            sl_env_allocate(journal->env, texts[i], 0);
    *of = (fold){0};
}

/* Says the count, if there is one, and counts from 0 again. */
static void flush(sl_journal *journal, fold *of)
{
    if (of->count > 0) {
        sl_journal_entry entry = {.now = journal->env->now(journal->env->context),
                                  .event = of->event,
                                  .graph = of->graph,
                                  .line = &of->last,
                                  .repeated = of->count};
        write_entry(journal, &entry);
        of->count = 0;
    }
}

/* Repeated lines whose time is over are said; what has not come again is forgotten. */
static void expire(sl_journal *journal, int64_t now)
{
    for (int i = 0; i < FOLDS; i++) {
        fold *of = &journal->folds[i];
        if (of->key == 0 || now < of->until)
            continue;
        if (of->count == 0) {
            forget(journal, of);
        } else {
            flush(journal, of);
            of->until = now + SL_JOURNAL_FOLD;
        }
    }
}

/* The place for a new line: a free one, or the one whose time is over first. */
static fold *make_room(sl_journal *journal)
{
    fold *oldest = &journal->folds[0];

    for (int i = 0; i < FOLDS; i++) {
        fold *of = &journal->folds[i];
        if (of->key == 0)
            return of;
        if (of->until < oldest->until)
            oldest = of;
    }
    flush(journal, oldest);
    forget(journal, oldest);
    return oldest;
}

static void remember(sl_journal *journal, const sl_journal_entry *entry, uint64_t key, int64_t now)
{
    fold *of = make_room(journal);

    *of = (fold){.key = key,
                 .until = now + SL_JOURNAL_FOLD,
                 .event = entry->event,
                 .graph = keep(journal, entry->graph),
                 .stage = keep(journal, entry->line->stage),
                 .message = keep(journal, entry->line->message),
                 .source = keep(journal, entry->line->source),
                 .last = {.level = entry->line->level, .code = entry->line->code}};
    of->last.stage = of->stage;
    of->last.message = of->message;
    of->last.source = of->source;
    if ((of->graph == NULL) != (entry->graph == NULL) || of->message == NULL ||
        (of->stage == NULL) != (entry->line->stage == NULL) ||
        (of->source == NULL) != (entry->line->source == NULL))
        forget(journal, of); /* no memory: it is not folded */
}

/* 1: the line was counted, and is not to be said. */
static int is_again(sl_journal *journal, uint64_t key, const sl_error *line)
{
    for (int i = 0; i < FOLDS; i++) {
        fold *of = &journal->folds[i];
        if (of->key == key) {
            of->count++;
            of->last.row = line->row;
            of->last.source_line = line->source_line;
            return 1;
        }
    }
    return 0;
}

/* ---- From outside --------------------------------------------------------------------- */

static int64_t monotonic(const sl_journal *journal)
{
    return journal->env->monotonic(journal->env->context);
}

void sl_journal_event(sl_journal_graph *graph, sl_event event, const sl_error *line)
{
    sl_journal *journal = graph->journal;
    int32_t level = atomic_load(&graph->level);

    if (line->level > (level < 0 ? atomic_load(&journal->level) : level))
        return;
    pthread_mutex_lock(&journal->lock);
    int64_t now = monotonic(journal);
    uint64_t key = key_of(event, graph->name, line);
    expire(journal, now);
    if (!is_again(journal, key, line)) {
        sl_journal_entry entry = {.now = journal->env->now(journal->env->context),
                                  .event = event,
                                  .graph = graph->name,
                                  .line = line};
        write_entry(journal, &entry);
        remember(journal, &entry, key, now);
    }
    pthread_mutex_unlock(&journal->lock);
}

void sl_journal_line(void *of, const sl_error *line)
{
    sl_journal_event(of, SL_EVENT_NONE, line);
}

void sl_journal_errors(sl_journal_graph *graph, const sl_errors *errors)
{
    char message[40];
    uint32_t kept = 0;

    for (uint32_t i = 0; i < errors->count; i++) {
        sl_journal_line(graph, &errors->list[i]);
        kept += errors->list[i].level == SL_LOG_ERROR;
    }
    if (errors->errors > kept) {
        snprintf(message, sizeof message, "and %u more errors", (unsigned)(errors->errors - kept));
        sl_journal_line(graph, &(sl_error){.level = SL_LOG_ERROR, .message = message});
    }
}

int64_t sl_journal_tick(sl_journal *journal)
{
    int64_t next = -1;

    pthread_mutex_lock(&journal->lock);
    expire(journal, monotonic(journal));
    for (int i = 0; i < FOLDS; i++) {
        const fold *of = &journal->folds[i];
        if (of->key != 0 && of->count > 0 && (next < 0 || of->until < next))
            next = of->until;
    }
    pthread_mutex_unlock(&journal->lock);
    return next;
}

/* Whether $JOURNAL_STREAM names this descriptor: "device:inode". */
static int is_journal(int32_t fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat info;
    int end = 0;

    return stream != NULL && sscanf(stream, "%llu:%llu%n", &device, &inode, &end) == 2 &&
           stream[end] == '\0' && fstat(fd, &info) == 0 && info.st_dev == device &&
           info.st_ino == inode;
}

static void choose_kind(sl_journal *journal, const sl_journal_options *options)
{
    const char *path = options->socket == NULL ? SOCKET : options->socket;

    journal->kind = options->json ? SL_JOURNAL_JSON : SL_JOURNAL_TEXT;
    if (options->json || !is_journal(options->fd))
        return;
    journal->kind = SL_JOURNAL_PREFIX;
    journal->address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof journal->address.sun_path || access(path, W_OK) != 0)
        return;
    strcpy(journal->address.sun_path, path);
    journal->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (journal->socket >= 0)
        journal->kind = SL_JOURNAL_NATIVE;
}

sl_journal *sl_journal_new(const sl_journal_options *options)
{
    sl_journal *journal = sl_env_allocate(options->env, NULL, sizeof *journal);

    if (journal == NULL)
        return NULL;
    memset(journal, 0, sizeof *journal);
    if (pthread_mutex_init(&journal->lock, NULL) != 0) {
        sl_env_allocate(options->env, journal, 0);
        return NULL;
    }
    journal->env = options->env;
    journal->fd = options->fd;
    journal->socket = -1;
    journal->line.env = options->env;
    atomic_init(&journal->level, options->level);
    choose_kind(journal, options);
    return journal;
}

int32_t sl_journal_kind(const sl_journal *journal)
{
    return journal->kind;
}

void sl_journal_free(sl_journal *journal)
{
    if (journal == NULL)
        return;
    for (int i = 0; i < FOLDS; i++) {
        flush(journal, &journal->folds[i]);
        forget(journal, &journal->folds[i]);
    }
    if (journal->socket >= 0)
        close(journal->socket);
    sl_builder_done(&journal->line);
    pthread_mutex_destroy(&journal->lock);
    sl_env_allocate(journal->env, journal, 0);
}

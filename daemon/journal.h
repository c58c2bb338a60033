/*
 * journal.h - the service's log: one line an event, for the journal, for people, for machines.
 *
 *     JOURNAL  where $JOURNAL_STREAM says that stderr is the journal: fields by its native protocol
 *              (GRAPH=, STAGE=, MESSAGE_ID=, SLUICE_ROW= ...)
 *     PREFIX   the same, but its socket cannot be reached: text with `<4>` in front, as
 *              sd-daemon(3) has it
 *     TEXT     2026-08-01T09:30:55.123Z warning orders/where: row 3: no such table: paid
 *     JSON     one object a line
 *
 * A line of a graph and a stage that comes again within 10 seconds is counted, and said once with
 * the count; rows do not make a line another one. Nothing waits for the journal: lines that it does
 * not take are counted, and the count is said when it takes lines again.
 *
 * What is written is what is given: credentials were masked before (config).
 * Deliberately elsewhere: what the commands say on a terminal (log.h).
 * Thread: sl_journal_new and free LOOP; the rest ANY THREAD, each call under the journal's own
 * lock.
 */
#ifndef SL_JOURNAL_H
#define SL_JOURNAL_H

#include <stdatomic.h>
#include <sys/un.h>

#include "stages/core/error.h"

/* Each kind of event has a MESSAGE_ID that never changes, and a name in JSON; 0: a line that
 * is no event of these. The table is in journal_line.c. */
typedef enum sl_event {
    SL_EVENT_NONE,
    SL_EVENT_STARTED,    /* a graph */
    SL_EVENT_ENDED,      /* a graph, as it should */
    SL_EVENT_FAILED,     /* a graph: it will be started again */
    SL_EVENT_GAVE_UP,    /* a graph failed too often */
    SL_EVENT_STOPPED,    /* a graph, because someone said so */
    SL_EVENT_MISSED,     /* ticks of a schedule */
    SL_EVENT_STUCK,      /* a graph makes no progress */
    SL_EVENT_RELOADED,   /* the configuration */
    SL_EVENT_REFUSED,    /* a configuration: what ran goes on */
    SL_EVENT_READY,      /* the service */
    SL_EVENT_STOPPING,   /* the service */
    SL_EVENT_CLOCK,      /* was set */
    SL_EVENT_CONTROL,    /* a write verb on the control socket, and whose */
    SL_EVENT_LOST_LINES, /* of this log */
    SL_EVENTS
} sl_event;

#define SL_JOURNAL_TEXT 0
#define SL_JOURNAL_JSON 1
#define SL_JOURNAL_PREFIX 2
#define SL_JOURNAL_NATIVE 3

#define SL_JOURNAL_FOLD INT64_C(10000000) /* microseconds */

typedef struct sl_journal sl_journal;

typedef struct sl_journal_options {
    const sl_env *env;
    int32_t json;       /* 1: JSON on stderr, whatever stderr is */
    int32_t fd;         /* stderr's, 2; tests have another */
    const char *socket; /* NULL: /run/systemd/journal/socket */
    int32_t level; /* the loudest SL_LOG_* that is written, for graphs without one of their own */
} sl_journal_options;

/* NULL: no memory. */
sl_journal *sl_journal_new(const sl_journal_options *options);
void sl_journal_free(sl_journal *journal);          /* says what is still counted; NULL: nothing */
int32_t sl_journal_kind(const sl_journal *journal); /* SL_JOURNAL_* */

/* A graph's part of the log. */
typedef struct sl_journal_graph {
    sl_journal *journal;
    const char *name;      /* BORROWS; NULL: the service itself */
    _Atomic int32_t level; /* SL_LOG_*; -1: the journal's */
} sl_journal_graph;

/* of is a sl_journal_graph: fits sl_graph_options.log. */
void sl_journal_line(void *of, const sl_error *line);
/* The same, an event. */
void sl_journal_event(sl_journal_graph *graph, sl_event event, const sl_error *line);
/* All that failed. */
void sl_journal_errors(sl_journal_graph *graph, const sl_errors *errors);

/* The level of all graphs that have none of their own; takes effect with the next line. */
void sl_journal_level(sl_journal *journal, int32_t level);
/* "error", "warning", "note", "debug" -> SL_LOG_*; -1: none of them. And back. */
int32_t sl_journal_level_of(const char *name);
const char *sl_journal_level_name(int32_t level);

/* Says repeated lines whose 10 seconds are over. Answers when to call it again, by env->monotonic;
 * -1: nothing is counted. */
int64_t sl_journal_tick(sl_journal *journal);

#endif

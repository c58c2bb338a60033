/*
 * journal_line.h - one line of the log, spelled for whoever reads it. What journal.c writes.
 *
 * Thread: ANY THREAD.
 */
#ifndef SL_JOURNAL_LINE_H
#define SL_JOURNAL_LINE_H

#include "daemon/journal.h"
#include "stages/core/text.h"

#define SL_JOURNAL_MESSAGE 4096 /* bytes of a message; a longer one is cut, and says so */

typedef struct sl_journal_entry {
    int64_t now; /* microseconds since 1970, UTC */
    sl_event event;
    const char *graph; /* NULL: the service */
    const sl_error *line;
    int64_t repeated; /* how often it came again; 0: it is said for the first time */
} sl_journal_entry;

/* Adds the entry as kind (SL_JOURNAL_*) has it; for people and machines with its line end. */
void sl_journal_spell(int32_t kind, const sl_journal_entry *entry, sl_builder *to);

#endif

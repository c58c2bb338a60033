/*
 * log.h - lines for people and machines on stderr: warnings and notes as they come, errors at
 * the end.
 *
 * Thread: the graph's strand and LOOP, never both at once; each line is one write of stdio.
 */
#ifndef SL_LOG_H
#define SL_LOG_H

#include "stages/core/error.h"

typedef struct sl_log {
    int32_t level; /* the loudest SL_LOG_* that is still written */
    int32_t json;
    int32_t colour;
    int32_t line_open; /* 1: a progress line stands on the terminal and is wiped first */
} sl_log;

/* of is a sl_log: fits sl_graph_options.log. */
void sl_log_line(void *of, const sl_error *line);
/* All that failed. */
void sl_log_errors(sl_log *log, const sl_errors *errors);
void sl_log_wipe(sl_log *log); /* the progress line */

#endif

/*
 * log.c - lines on stderr; see log.h.
 */
#include "daemon/log.h"

void sl_log_wipe(sl_log *log)
{
    if (log->line_open)
        fputs("\r\033[K", stderr);
    log->line_open = 0;
}

void sl_log_line(void *of, const sl_error *line)
{
    sl_log *log = of;
    if (line->level > log->level)
        return;
    sl_log_wipe(log);
    if (log->json) {
        sl_error_json(line, stderr);
        fputc('\n', stderr);
    } else {
        sl_error_print(line, stderr, log->colour);
    }
}

void sl_log_errors(sl_log *log, const sl_errors *errors)
{
    sl_log_wipe(log);
    sl_errors_print(errors, stderr, log->colour, log->json);
}

/*
 * apache.h - one line of an Apache access log as the cells of a row.
 *
 * The two formats that httpd's own configuration calls common and combined, as mod_log_config
 * and nginx write them:
 *
 *     host ident user [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326
 *     ... the same, then "referer" "user agent"
 *
 * Values are slices of the line; escapes that the server wrote (\" \\ \x16) stay as they are.
 * `-` is NULL. Only the time is rewritten: 2000-10-10T13:55:36-07:00, which sorts within one
 * zone and which SQLite's date functions read.
 *
 * Deliberately elsewhere: LogFormats of one's own (a regex does them).
 * Thread: ANY THREAD.
 */
#ifndef SL_APACHE_H
#define SL_APACHE_H

#include "stages/core/stage.h"

#define SL_APACHE_COMMON_COLUMNS 9
#define SL_APACHE_COMBINED_COLUMNS 11
#define SL_APACHE_TIME 25 /* bytes of a time as it is written here */

/* host, ident, user, time, method, path, protocol, status, bytes; referer, user_agent */
extern const sl_column sl_apache_columns[SL_APACHE_COMBINED_COLUMNS];

typedef struct sl_apache_line {
    const char *at;    /* where it failed */
    const char *error; /* what is wrong there */
    sl_cell cells[SL_APACHE_COMBINED_COLUMNS];
} sl_apache_line;

/* Reads line[0..size) in the combined format (1) or the common one (0). `time` is room for
 * SL_APACHE_TIME bytes that live as long as the cells. 1, or 0: it is no such line. */
int sl_apache_read(sl_apache_line *line, const char *text, size_t size, int combined, char *time);

#endif

/*
 * display.h - text for a terminal: how wide it is, and made harmless.
 *
 * Widths are columns of a terminal: East Asian wide characters and pictures take two, marks that
 * combine take none. What would move the cursor, change colours or turn the line around is shown
 * as an escape: \n, \t, \e, \x07, \u{202e}; so are bytes that are not UTF-8.
 * Pure: no locale, no memory. Thread: ANY THREAD.
 */
#ifndef SL_DISPLAY_H
#define SL_DISPLAY_H

#include "stages/core/stage.h"

/* Bytes that one character may become. */
#define SL_DISPLAY_LARGEST 12

/* Writes text[0..size) made harmless into `to`, at most `room` bytes and `most` columns; answers
 * the bytes written, *width the columns, *cut 1 when not all of it fitted. */
size_t sl_display_clean(const char *text, size_t size, char *to, size_t room, uint32_t most,
                        uint32_t *width, int32_t *cut);
/* Of harmless text: the columns it takes. */
uint32_t sl_display_width(const char *text, size_t size);
/* Of harmless text: the bytes of its start that take at most `most` columns; *width: how many. */
size_t sl_display_fit(const char *text, size_t size, uint32_t most, uint32_t *width);

#endif

/*
 * secret.h - values that are not to be seen: where their bytes are kept, and how text is rid of
 * them.
 *
 * A secret lives in pages of its own that no core dump has, and is wiped when its plan goes. As
 * long as it is known, sl_secret_hide takes it out of text: whatever becomes an error, a line of
 * the log, a reject's reason or an answer of the control socket goes through it. This is the second
 * line; the first is that config lets a credential stand only where it is known to be secret.
 *
 * Deliberately elsewhere: which values are secret (config/params.c, config/stages.c).
 * Thread: ANY THREAD for hide and mask; a list is one thread's.
 */
#ifndef SL_SECRET_H
#define SL_SECRET_H

#include <stddef.h>

/* Text that is shorter is not looked for: it would be found in words of every message. */
#define SL_SECRET_LEAST 4

typedef struct sl_secret sl_secret; /* a list of them, NULL: none */

/* Room for size bytes and a terminator, zeroed, which the list owns; NULL: no memory. */
char *sl_secret_take(sl_secret **list, size_t size);
/* The text in a room that was taken is whole: from here on it is hidden. */
void sl_secret_know(sl_secret *list, const char *text);
/* Wipes and forgets all of the list; NULL: nothing. */
void sl_secret_drop(sl_secret *list);

/* Puts `***` where a known secret stands in text of size bytes, or the beginning of one where
 * text was cut; terminates it again. Answers the size, which never grows. */
size_t sl_secret_hide(char *text, size_t size);
/* The same with stars, byte by byte, so that places in the text stay what they are. */
void sl_secret_mask(char *text, size_t size);

#endif

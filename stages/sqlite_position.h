/*
 * sqlite_position.h - where an sqlite reader stands, as JSON, and back.
 *
 *     {"row":4000,"database":"a.db","file":"/srv/a.db","inode":12,"schema":3,
 *      "key":[3999,"b"],"print":"a0b1...","first":[1,"a"],"first_print":"...","columns":7}
 *     {"row":4000,"database":...,"print":"a0b1..."}         without a key: of all rows so far
 *     {..."key":[90],"given":[81,84,86,90]}     overlap: 81 to 84 and 86 to 90 were given
 *
 * In a key, numbers and text stand as they are; {"blob":"00ff"} and {"text":"ff"} hold hex,
 * {"real":"Inf"} what JSON has no word for.
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_POSITION_H
#define SL_SQLITE_POSITION_H

#include "stages/sqlite_page.h"

/* Where the reader stands after the row taken last, and back there before the first page. */
sl_status sl_page_tell(const sl_page *page, sl_text *position);
sl_status sl_page_seek(sl_page *page, const char *position);

#endif

/*
 * sqlite_way.h - which way the pages of an sqlite reader are turned, and why, in words.
 *
 * Deliberately elsewhere: finding the key (sqlite_source.c), turning pages (sqlite_page.h).
 * Thread: WORKER, with the stage.
 */
#ifndef SL_SQLITE_WAY_H
#define SL_SQLITE_WAY_H

#include "stages/sqlite_source.h"

/* Chooses page->mode from the request and the key that was found. `auto` is keyset where there
 * is a key, else cursor. Mistakes are said with their place. */
sl_status sl_way_choose(sl_page *page, const sl_source_request *request, const sl_source_key *key);

/* Once the page's SQL is set: `auto` becomes a cursor in the order of the key where each page
 * would sort or scan the whole query anew; and the host is told the way, for check. */
sl_status sl_way_say(sl_page *page, sl_arena *arena, const sl_source_request *request,
                     const sl_source_key *key, const sl_column *columns);

#endif

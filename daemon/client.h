/*
 * client.h - the other end of the control socket: a verb of the command asks a daemon.
 */
#ifndef SL_CLIENT_H
#define SL_CLIENT_H

#include "daemon/arguments.h"
#include "daemon/protocol.h"

/* Sends the request and hands each line of the answer to `item` (NULL: not wanted), until the last
 * one, or item answers other than 0. Prints what went wrong on stderr. Answers the exit code. */
int sl_client_ask(const sl_arguments *arguments, const sl_request *request,
                  int (*item)(void *of, const sl_reply *reply), void *of);

/* Prints the item `error` of an answer as `sluice check` prints a mistake of the YAML. */
void sl_client_print_error(const char *item, const sl_arguments *arguments);

/* Prints an item as the line that it is: an `item` of sl_client_ask. */
int sl_client_print_json(void *of, const sl_reply *reply);

/* Members of an item: the text, in the room given, ""; the number, 0 where there is none. */
const char *sl_client_text(const char *json, const char *name, char *text, size_t size);
int64_t sl_client_number(const char *json, const char *name);

/* Calls each() with the JSON of each member of the array `stages` of an item. */
void sl_client_each_stage(const char *json, void (*each)(void *of, const char *stage), void *of);

/* A request in which nothing is given. */
sl_request sl_client_request(sl_verb_id verb);

#endif

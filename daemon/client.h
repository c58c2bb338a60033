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

/* "GRAPH.STAGE" -> both; 0, or -1: there is no stage, said. graph: room for the word. */
int sl_client_split(const char *word, char *graph, const char **stage);

/* A request in which nothing is given. */
sl_request sl_client_request(sl_verb_id verb);

#endif

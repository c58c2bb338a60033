/*
 * http_rules.h - what a request may say: hosts, origins, and which media it prefers.
 *
 * A page of a stranger in a browser on this machine can send requests to loopback. It cannot choose
 * Host (where its name was made to lead here), Origin and Sec-Fetch-Site: these are looked at.
 * Bytes only, no sockets. Thread: ANY THREAD.
 */
#ifndef SL_HTTP_RULES_H
#define SL_HTTP_RULES_H

#include <stddef.h>
#include <stdint.h>

/* 1: a name of this machine's loopback (localhost, 127.0.0.1, [::1]), with or without a port. */
int32_t sl_http_host_is_ours(const char *host, size_t size);
/* 1: the request was made by no page of another site: "none" or "same-origin". */
int32_t sl_http_site_is_ours(const char *site, size_t size);
/* 1: Accept wants application/openmetrics-text of a version that we write at least as much as
 * text/plain; NULL: it does not. */
int32_t sl_http_prefers_openmetrics(const char *accept);

#endif

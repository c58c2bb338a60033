/*
 * health.c - see health.h.
 */
#include "daemon/health.h"

#include <stdio.h>
#include <string.h>

#define GOOD 0
#define AILING 1 /* to be told, but the daemon is ready */
#define BAD 2

/* How a graph is; the reason is "" where there is nothing to tell. */
static int look(const sl_service *service, char *reason, size_t size)
{
    reason[0] = '\0';
    if (service->state == SL_SERVICE_FAILED) {
        snprintf(reason, size,
                 "it was given up after %lld failures in a row, the last with code %d",
                 (long long)service->in_a_row, service->code);
        return BAD;
    }
    if (service->hangs) {
        snprintf(reason, size, "a step has not come back for too long");
        return BAD;
    }
    if (service->state == SL_SERVICE_STARTING && service->runs == 1) {
        snprintf(reason, size, "it is starting");
        return BAD;
    }
    if (service->state == SL_SERVICE_BACKOFF) {
        snprintf(reason, size,
                 "it failed %lld times in a row, the last with code %d, and will be "
                 "started again",
                 (long long)service->in_a_row, service->code);
        return service->failures == service->runs ? BAD : AILING;
    }
    if (service->in_a_row > 0) {
        snprintf(reason, size, "its last run failed with code %d", service->code);
        return AILING;
    }
    return GOOD;
}

int32_t sl_health_ready(const sl_supervisor *supervisor, sl_builder *reasons)
{
    int32_t ready = 1;
    if (sl_supervisor_stopping(supervisor)) {
        sl_builder_word(reasons, "the daemon is stopping\n");
        ready = 0;
    }
    for (uint32_t i = 0; i < sl_supervisor_broken_count(supervisor); i++) {
        sl_builder_format(reasons, "file '%s': it holds no sound graph\n",
                          sl_supervisor_broken(supervisor, i)->file);
        ready = 0;
    }
    for (uint32_t i = 0; i < sl_supervisor_count(supervisor); i++) {
        const sl_service *service = sl_supervisor_at(supervisor, i);
        char reason[256];
        if (look(service, reason, sizeof reason) != BAD)
            continue;
        sl_builder_format(reasons, "graph '%s': %s\n", sl_service_name(service), reason);
        ready = 0;
    }
    return ready;
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void add_member(sl_builder *to, const char *name, const char *text)
{
    sl_builder_format(to, "\"%s\":", name);
    if (text && *text)
        sl_builder_json(to, text, strlen(text));
    else
        sl_builder_word(to, "null");
}

static int add_service(sl_builder *to, const sl_service *service, int32_t lines)
{
    char reason[256];
    int how = look(service, reason, sizeof reason);
    sl_builder_word(to, "{");
    add_member(to, "graph", sl_service_name(service));
    sl_builder_format(to, ",\"state\":\"%s\",\"ready\":%s,", sl_service_state_name(service->state),
                      how == BAD ? "false" : "true");
    add_member(to, "reason", reason);
    if (lines && how != GOOD) {
        sl_builder_word(to, ",");
        add_member(to, "error", service->error);
    }
    sl_builder_word(to, "}");
    return how;
}

static void add_broken(sl_builder *to, const sl_broken *broken, int32_t lines)
{
    sl_builder_word(to, "{");
    add_member(to, "file", broken->file);
    sl_builder_format(to, ",\"code\":%d", broken->code);
    if (lines) {
        sl_builder_word(to, ",");
        add_member(to, "error", broken->error);
    }
    sl_builder_word(to, "}");
}

int32_t sl_health_json(const sl_supervisor *supervisor, int32_t lines, sl_builder *to)
{
    int worst = sl_supervisor_broken_count(supervisor) > 0 || sl_supervisor_stopping(supervisor)
                    ? BAD
                    : GOOD;
    sl_builder_format(to, "{\"version\":\"%s\",\"stopping\":%s,\"graphs\":[", SLUICE_VERSION,
                      sl_supervisor_stopping(supervisor) ? "true" : "false");
    for (uint32_t i = 0; i < sl_supervisor_count(supervisor); i++) {
        sl_builder_word(to, i > 0 ? "," : "");
        int how = add_service(to, sl_supervisor_at(supervisor, i), lines);
        worst = how > worst ? how : worst;
    }
    sl_builder_word(to, "],\"broken\":[");
    for (uint32_t i = 0; i < sl_supervisor_broken_count(supervisor); i++) {
        sl_builder_word(to, i > 0 ? "," : "");
        add_broken(to, sl_supervisor_broken(supervisor, i), lines);
    }
    static const char *const words[] = {[GOOD] = "ok", [AILING] = "degraded", [BAD] = "not ready"};
    sl_builder_format(to, "],\"status\":\"%s\"}\n", words[worst]);
    return worst != BAD;
}

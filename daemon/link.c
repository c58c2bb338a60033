/*
 * link.c - fan-out; see link.h.
 */
#include "daemon/link.h"

#include <stdio.h>
#include <string.h>

typedef struct outlet {
    sl_link *link;
    sl_batch *queue[SL_LINK_DEPTH];
    uint32_t length;
    int32_t closed;
    int64_t given, taken, discarded; /* batches */
} outlet;

struct sl_link {
    const sl_env *env;
    sl_generator *producer;
    sl_input from;
    sl_status state; /* SL_OK, or the END or ERROR that the producer gave */
    uint32_t count, open;
    outlet outlets[];
};

sl_link *sl_link_new(const sl_env *env, sl_generator *producer, uint32_t outlets)
{
    size_t size = sizeof(sl_link) + outlets * sizeof(outlet);
    sl_link *link = sl_env_allocate(env, NULL, size);
    if (!link)
        return NULL;
    memset(link, 0, size);
    link->env = env;
    link->producer = producer;
    link->from = sl_generator_as_input(producer);
    link->count = link->open = outlets;
    for (uint32_t i = 0; i < outlets; i++)
        link->outlets[i].link = link;
    return link;
}

static void close_outlet(void *of)
{
    outlet *at = of;
    if (at->closed)
        return;
    at->closed = 1;
    for (uint32_t i = 0; i < at->length; i++)
        sl_batch_release(at->queue[i]);
    at->discarded += at->length;
    at->length = 0;
    if (--at->link->open == 0)
        at->link->from.close(at->link->from.of);
}

void sl_link_free(sl_link *link)
{
    if (!link)
        return;
    for (uint32_t i = 0; i < link->count; i++)
        close_outlet(&link->outlets[i]);
    sl_env_allocate(link->env, link, 0);
}

static int32_t another_is_full(const sl_link *link, const outlet *asking)
{
    for (uint32_t i = 0; i < link->count; i++) {
        const outlet *other = &link->outlets[i];
        if (other != asking && !other->closed && other->length == SL_LINK_DEPTH)
            return 1;
    }
    return 0;
}

static void share_with_others(sl_link *link, const outlet *asking, sl_batch *batch)
{
    for (uint32_t i = 0; i < link->count; i++) {
        outlet *other = &link->outlets[i];
        if (other == asking || other->closed)
            continue;
        other->queue[other->length++] = sl_batch_share(batch);
        other->given++;
    }
}

static sl_status next(void *of, sl_batch **given)
{
    outlet *at = of;
    sl_link *link = at->link;
    if (at->closed)
        return SL_END;
    if (at->length > 0) {
        *given = at->queue[0];
        at->length--;
        memmove(at->queue, at->queue + 1, at->length * sizeof *at->queue);
        at->taken++;
        return SL_OK;
    }
    if (link->state != SL_OK)
        return link->state;
    if (another_is_full(link, at))
        return SL_PENDING;
    sl_batch *batch = NULL;
    sl_status status = link->from.next(link->from.of, &batch);
    if (status == SL_END || status == SL_ERROR)
        link->state = status;
    if (status != SL_OK)
        return status;
    at->given++;
    at->taken++;
    share_with_others(link, at, batch);
    *given = batch;
    return SL_OK;
}

static sl_status send(void *of, const sl_message *message, sl_text *answer)
{
    const sl_link *link = ((outlet *)of)->link;
    return link->from.send(link->from.of, message, answer);
}

static sl_status raise_here(void *of, const char *why, sl_batch **given)
{
    sl_link *link = ((outlet *)of)->link;
    (void)given;
    link->state = SL_ERROR;
    return sl_generator_fail(link->producer, NULL,
                             "an error cannot be raised through a fan-out: %s", why);
}

static const sl_column *columns(void *of, uint32_t *count)
{
    const sl_link *link = ((outlet *)of)->link;
    return link->from.columns(link->from.of, count);
}

sl_input sl_link_outlet(sl_link *link, uint32_t index)
{
    return (sl_input){.of = &link->outlets[index],
                      .next = next,
                      .send = send,
                      .raise = raise_here,
                      .close = close_outlet,
                      .columns = columns};
}

int32_t sl_link_audit(const sl_link *link, char *why, size_t size)
{
    for (uint32_t i = 0; i < link->count; i++) {
        const outlet *at = &link->outlets[i];
        if (at->given == at->taken + at->discarded + at->length)
            continue;
        snprintf(why, size, "edge %u of stage '%s': %lld batches given, %lld taken, %lld discarded",
                 i + 1, sl_generator_name(link->producer), (long long)at->given,
                 (long long)at->taken, (long long)at->discarded);
        return 0;
    }
    return 1;
}

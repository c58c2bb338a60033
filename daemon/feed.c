/*
 * feed.c - see feed.h.
 */
#include "daemon/feed.h"

#include "daemon/paths.h"

static sl_status next(void *of, sl_batch **given)
{
    sl_feed *feed = of;
    uint32_t count;
    const sl_column *columns = feed->from.columns(feed->from.of, &count);
    return feed->next(feed->of, feed->pool, columns, count, given);
}

static sl_status send(void *of, const sl_message *message, sl_text *answer)
{
    (void)of;
    (void)message;
    (void)answer;
    return SL_END;
}

static sl_status raise_here(void *of, const char *why, sl_batch **given)
{
    (void)why;
    return next(of, given);
}

static void close_here(void *of)
{
    const sl_feed *feed = of;
    feed->from.close(feed->from.of);
}

static const sl_column *columns_of(void *of, uint32_t *count)
{
    const sl_feed *feed = of;
    return feed->from.columns(feed->from.of, count);
}

sl_input sl_feed_as_input(sl_feed *feed, sl_pool *pool, const sl_input *from)
{
    feed->pool = pool;
    feed->from = *from;
    return (sl_input){.of = feed,
                      .next = next,
                      .send = send,
                      .raise = raise_here,
                      .close = close_here,
                      .columns = columns_of};
}

void sl_feed_parts(const sl_plan *plan, uint32_t stage, int32_t *part)
{
    for (uint32_t i = 0; i < plan->count; i++)
        part[i] = sl_paths_reach(plan, stage, i);
    for (int32_t more = 1; more;) { /* a reject exporter may have a reject exporter */
        more = 0;
        for (uint32_t i = 0; i < plan->count; i++) {
            const sl_plan_stage *at = &plan->stages[i];
            if (!part[i] || at->on_reject != SL_REJECT_STAGE || part[at->reject_stage])
                continue;
            part[at->reject_stage] = more = 1;
        }
    }
}

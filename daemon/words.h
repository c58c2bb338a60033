/*
 * words.h - what people read of exporters and times, in one wording for every verb.
 *
 * Thread: ANY THREAD.
 */
#ifndef SL_WORDS_H
#define SL_WORDS_H

#include "config/plan.h"
#include "stages/core/text.h"

/* "table 'paid' of orders.db", "orders.csv", "standard output"; nothing for an exporter that has
 * no target. Answers 1 when something was added. */
int32_t sl_words_target(sl_builder *text, const sl_plan_stage *exporter);
/* "1 row", "2 rows", "1,234,567 rows". */
void sl_words_rows(sl_builder *text, int64_t rows);
/* Local time, "2026-11-28 09:15:03"; microseconds since 1970. */
void sl_words_time(sl_builder *text, int64_t microseconds);
/* For programs: "2026-11-28T09:15:03Z". */
void sl_words_instant(sl_builder *text, int64_t microseconds);
/* The option of a stage, a scalar; NULL: it is not given. */
const char *sl_words_option(const sl_plan_stage *stage, const char *name);

#endif

/*
 * metrics.h - the numbers of a supervisor and its process, as Prometheus reads them.
 *
 * Base units (seconds, bytes), names that end as Prometheus wants them, no data in labels: what a
 * row says never becomes a series. Counters count from the daemon's start, over all instances of a
 * graph; docs/metrics.md has each of them.
 *
 * Deliberately elsewhere: who may ask for them (http.h).
 * Thread: LOOP.
 */
#ifndef SL_METRICS_H
#define SL_METRICS_H

#include "daemon/supervisor.h"
#include "stages/core/text.h"

#define SL_METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define SL_METRICS_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Adds all of them: OpenMetrics 1.0 with openmetrics 1, else Prometheus' text 0.0.4. */
void sl_metrics_write(sl_builder *to, const sl_supervisor *supervisor, int32_t openmetrics);

#endif

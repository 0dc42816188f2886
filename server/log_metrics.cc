#include "server/log_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include "server/base/query_log.h"

namespace podnamed {

std::vector<prometheus::MetricFamily> LogMetrics::Collect() const {
  prometheus::ClientMetric dropped;
  dropped.counter.value = static_cast<double>(base::DroppedLogLines());
  return {{"podnamed_log_dropped_lines_total",
           "Lines of the log that were pushed out of its full queue.",
           prometheus::MetricType::Counter,
           {dropped}}};
}

}  // namespace podnamed

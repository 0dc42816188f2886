// What workers count. Outlives them.
#pragma once

#include "server/cache_metrics.h"
#include "server/forward_metrics.h"
#include "server/plugin_metrics.h"
#include "server/query_metrics.h"

namespace podnamed {

struct WorkerMetrics {
  QueryMetrics queries;
  CacheMetrics cache;
  ForwardMetrics forward;
  PluginMetrics plugins;
};

}  // namespace podnamed

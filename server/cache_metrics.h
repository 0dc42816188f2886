// CoreDNS's metrics of `cache`: what the workers count, summed up when somebody asks, and what the stores hold. Open
// before a worker's thread starts, Collect on any thread.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "server/plugins/cache_counters.h"
#include "server/plugins/cache_plugin.h"

namespace podnamed {

class CacheMetrics : public prometheus::Collectable {
 public:
  // For one worker of a server block: counters by entrance, whose servers these are. They live as long as this, which
  // `shared` outlives.
  absl::Span<plugins::CacheCounters> Open(const plugins::CacheShared& shared, const std::string& zones,
                                          const std::vector<std::string>& servers);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Opened {
    const plugins::CacheShared* shared;
    std::string zones;
    std::vector<std::string> servers;
    std::unique_ptr<plugins::CacheCounters[]> counters;  // as many as servers
  };

  mutable absl::Mutex mutex_;
  std::vector<Opened> opened_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace podnamed

// CoreDNS's metrics of `cache`: what the workers count, summed up when somebody asks, and what the stores hold. Any
// thread.
#pragma once

#include <prometheus/collectable.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "server/configuration.h"
#include "server/plugins/cache_counters.h"
#include "server/plugins/cache_plugin.h"

namespace podnamed {

class CacheMetrics : public prometheus::Collectable {
 public:
  // For one worker of a server block with a cache: counters by entrance. The same when asked again, so that what was
  // counted stays. They live as long as this.
  absl::Span<plugins::CacheCounters> Open(const Block& block, int worker);

  // What is told of is what these hold from now on; of others what they have pushed out so far.
  void Show(const std::vector<Block>& blocks);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // server, zones, view
  struct Opened {
    std::vector<Key> keys;  // of each entrance
    int worker;
    friend auto operator<=>(const Opened&, const Opened&) = default;
  };

  mutable absl::Mutex mutex_;
  std::map<Opened, std::unique_ptr<plugins::CacheCounters[]>> counters_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, std::shared_ptr<const plugins::CacheShared>> shown_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, plugins::CacheCounts> gone_ ABSL_GUARDED_BY(mutex_);  // their evictions
};

}  // namespace podnamed

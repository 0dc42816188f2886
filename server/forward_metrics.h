// CoreDNS's metrics of `forward` and of its upstreams, and ours: what the workers count, summed up when somebody asks.
// Any thread.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/upstream/upstream_group.h"

namespace podnamed {

class ForwardMetrics : public prometheus::Collectable {
 public:
  // Of one worker's group.
  void Add(std::shared_ptr<const upstream::GroupCounters> counters) {
    const absl::MutexLock lock(&mutex_);
    groups_.push_back(std::move(counters));
  }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::shared_ptr<const upstream::GroupCounters>> groups_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace podnamed

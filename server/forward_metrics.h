// CoreDNS's metrics of `forward` and of its upstreams, and ours: what the workers count, summed up when somebody asks.
// Any thread.
#pragma once

#include <prometheus/collectable.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/upstream/upstream_group.h"

namespace podnamed {

class ForwardMetrics : public prometheus::Collectable {
 public:
  // Of one worker's groups, and of its upstreams of one name: the same when asked again, so that what was counted stays
  // when groups come and go.
  std::shared_ptr<upstream::GroupCounters> OpenGroup(int worker);
  std::shared_ptr<upstream::MemberCounters> OpenMember(int worker, const std::string& name);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable absl::Mutex mutex_;
  std::map<int, std::shared_ptr<upstream::GroupCounters>> groups_ ABSL_GUARDED_BY(mutex_);  // by worker
  // By name and worker.
  std::map<std::pair<std::string, int>, std::shared_ptr<upstream::MemberCounters>> members_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace podnamed

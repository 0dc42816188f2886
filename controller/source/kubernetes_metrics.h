// What the source `kubernetes` counts beside its errors: lists, watches and objects of each resource, and what is held.
// Any thread.
#pragma once

#include <prometheus/registry.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "controller/source/source_metrics.h"

namespace prometheus {
class Counter;
class Gauge;
template <typename T>
class Family;
}  // namespace prometheus

namespace podnamed::controller {

class KubernetesMetrics {
 public:
  // Of one resource. The metrics outlive it.
  struct Resource {
    prometheus::Counter& lists;
    prometheus::Counter& watches;
    prometheus::Gauge& following;  // 1 or 0
    prometheus::Gauge& objects;
  };

  // `source` outlives this.
  explicit KubernetesMetrics(SourceMetrics& source);

  Resource Of(const std::string& resource);
  // A list or a watch has failed.
  void CountError(const absl::Status& why);
  void SetHeld(size_t records);

 private:
  SourceMetrics& source_;
  prometheus::Family<prometheus::Counter>& lists_;
  prometheus::Family<prometheus::Counter>& watches_;
  prometheus::Family<prometheus::Gauge>& following_;
  prometheus::Family<prometheus::Gauge>& objects_;
  prometheus::Gauge& held_;
};

}  // namespace podnamed::controller

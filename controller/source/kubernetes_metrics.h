// What the source `kubernetes` counts beside its errors: lists, watches and objects of each resource, what is held,
// and, by the names that CoreDNS's Kubernetes client has for them, requests. Any thread.
#pragma once

#include <prometheus/registry.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "controller/source/source_metrics.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
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
  // Of the API server "10.0.0.1:6443"; status 0: no reply.
  void ObserveRequest(const std::string& server, unsigned status, std::chrono::nanoseconds duration);
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
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& request_duration_;
  prometheus::Family<prometheus::Histogram>& rate_limiter_duration_;
};

}  // namespace podnamed::controller

// What the feed counts: batches, records that were not taken, and how long a change took from its source to queries.
// The counters are of the registry, for whoever reads it; they are moved on the feed thread, and no query knows of
// them.
//
// Among them is CoreDNS's coredns_kubernetes_dns_programming_duration_seconds: from the moment at which the control
// plane began to change a service's endpoints, to the moment at which queries see it. CoreDNS observes it for each
// EndpointSlice that comes, from the annotation endpoints.kubernetes.io/last-change-trigger-time; we for each service
// whose endpoints a batch changes, from the batch's origin time, into which its source puts the annotation's.
#pragma once

#include <prometheus/registry.h>

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "proto/podnamed/feed/v1/feed.pb.h"
#include "server/state/snapshot_holder.h"

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

namespace podnamed::feed {

class FeedMetrics {
 public:
  // `source` tells several feeds of one process apart. `registry` and `holder`, which the feed publishes to, outlive
  // this.
  FeedMetrics(prometheus::Registry& registry, const state::SnapshotHolder& holder, const std::string& source);

  // What `batch` brings has been published at `published`. A snapshot's old changes are not counted: they say when the
  // server started, not how fast the feed is. Feed thread.
  void OnBatch(const v1::Batch& batch, absl::Time published);
  // A record was sent back. Feed thread.
  void OnRejected();

 private:
  // nullptr: not one of the services that CoreDNS observes.
  prometheus::Histogram* ProgrammingDurationOf(std::string_view namespace_name, std::string_view service);

  const state::SnapshotHolder& holder_;
  prometheus::Counter& batches_;
  prometheus::Counter& rejected_records_;
  prometheus::Histogram& publication_delay_;
  prometheus::Histogram& cluster_ip_duration_;
  prometheus::Histogram& headless_duration_;
};

}  // namespace podnamed::feed

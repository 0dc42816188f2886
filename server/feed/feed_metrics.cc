#include "server/feed/feed_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/feed/feed_decoder.h"
#include "server/state/snapshot.h"

namespace podnamed::feed {
namespace {

prometheus::Histogram::BucketBoundaries Doubling(double first, int count) {
  prometheus::Histogram::BucketBoundaries bounds;
  for (double bound = first; count > 0; --count, bound *= 2) bounds.push_back(bound);
  return bounds;
}

prometheus::Family<prometheus::Histogram>& ProgrammingDuration(prometheus::Registry& registry) {
  return prometheus::BuildHistogram()
      .Name("coredns_kubernetes_dns_programming_duration_seconds")
      .Help("Histogram of the time (in seconds) it took to program a dns instance.")
      .Register(registry);
}

// CoreDNS's: from 1 ms to about 9 minutes.
prometheus::Histogram::BucketBoundaries ProgrammingBuckets() { return Doubling(0.001, 20); }

}  // namespace

FeedMetrics::FeedMetrics(prometheus::Registry& registry, const state::SnapshotHolder& holder, const std::string& source)
    : holder_(holder),
      batches_(prometheus::BuildCounter()
                   .Name("podnamed_feed_batches_total")
                   .Help("Batches of changes that the feed brought and queries see.")
                   .Register(registry)
                   .Add({{"source", source}})),
      rejected_records_(prometheus::BuildCounter()
                            .Name("podnamed_feed_rejected_records_total")
                            .Help("Records that the feed brought and that were not taken, because they are invalid.")
                            .Register(registry)
                            .Add({{"source", source}})),
      publication_delay_(prometheus::BuildHistogram()
                             .Name("podnamed_publication_delay_seconds")
                             .Help("From the moment at which the source changed to the one at which queries see it.")
                             .Register(registry)
                             .Add({{"source", source}}, Doubling(0.0001, 20))),
      cluster_ip_duration_(ProgrammingDuration(registry).Add({{"service_kind", "cluster_ip"}}, ProgrammingBuckets())),
      headless_duration_(
          ProgrammingDuration(registry).Add({{"service_kind", "headless_with_selector"}}, ProgrammingBuckets())) {}

void FeedMetrics::OnRejected() { rejected_records_.Increment(); }

void FeedMetrics::OnBatch(const v1::Batch& batch, absl::Time published) {
  batches_.Increment();
  if (!batch.has_origin_time()) return;
  // Below zero where the clocks of two machines differ.
  const double delay = std::max(absl::ToDoubleSeconds(published - DecodeTime(batch.origin_time())), 0.0);
  publication_delay_.Observe(delay);

  absl::flat_hash_set<std::pair<std::string_view, std::string_view>> services;
  for (const v1::Op& op : batch.ops()) {
    if (op.upsert().has_pod_identity()) {
      services.emplace(op.upsert().pod_identity().namespace_(), op.upsert().pod_identity().service());
    } else if (op.delete_().key().kind() == v1::Key::POD_IDENTITY) {
      services.emplace(op.delete_().key().namespace_(), op.delete_().key().service());
    }
  }
  for (const auto& [namespace_name, service] : services) {
    if (auto* duration = ProgrammingDurationOf(namespace_name, service)) duration->Observe(delay);
  }
}

prometheus::Histogram* FeedMetrics::ProgrammingDurationOf(std::string_view namespace_name, std::string_view service) {
  const state::Snapshot* snapshot = holder_.current();
  const state::ServiceBlock* block = snapshot == nullptr ? nullptr : snapshot->FindService(namespace_name, service);
  if (block == nullptr || !block->has_service()) return nullptr;
  switch (block->kind()) {
    case state::ServiceKind::kClusterIp:
      return &cluster_ip_duration_;
    case state::ServiceKind::kHeadless:
      return &headless_duration_;
    case state::ServiceKind::kExternalName:
      return nullptr;
  }
  return nullptr;
}

}  // namespace podnamed::feed

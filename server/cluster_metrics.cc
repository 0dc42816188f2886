#include "server/cluster_metrics.h"

#include <memory>

#include "server/metric_families.h"
#include "server/state/snapshot.h"

namespace podnamed {

using prometheus::MetricFamily;

std::vector<MetricFamily> ClusterMetrics::Collect() const {
  MetricFamily revision = GaugeFamily("podnamed_feed_revision", "The revision of the feed that queries see.");
  MetricFamily synced = GaugeFamily("podnamed_feed_synced", "Whether there is a state, and it is fed.");
  MetricFamily stale =
      GaugeFamily("podnamed_feed_stale_seconds", "For how long nothing was heard of the cluster, once known.");
  MetricFamily services = GaugeFamily("podnamed_state_services", "Services, those of the cluster set included.");
  MetricFamily pods =
      GaugeFamily("podnamed_state_pods", "Pods, and other endpoints, each once for each of its services.");
  const std::shared_ptr<const Configuration> configuration = configurations_.Current();
  if (configuration == nullptr) return {};  // the page is there before what it tells of
  for (const std::shared_ptr<Cluster>& cluster : configuration->clusters()) {
    const Labels labels = {{"source", TextOf(cluster->source())}};
    state::SnapshotReader reader(
        cluster->holder());  // for this moment: one that waits would keep an old state in memory
    const state::Snapshot* snapshot = reader.Current();
    const uint32_t stale_seconds = reader.stale_seconds();
    PutGauge(synced, labels, snapshot != nullptr && stale_seconds == 0 ? 1 : 0);
    PutGauge(stale, labels, stale_seconds);
    PutGauge(revision, labels, snapshot == nullptr ? 0 : static_cast<double>(snapshot->position().revision));
    PutGauge(services, labels, snapshot == nullptr ? 0 : static_cast<double>(snapshot->service_count()));
    PutGauge(pods, labels,
             snapshot == nullptr ? 0 : static_cast<double>(snapshot->identity_count() + snapshot->pod_count()));
  }
  return {revision, synced, stale, services, pods};
}

}  // namespace podnamed

#include "server/cluster_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include "server/state/snapshot.h"

namespace podnamed {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

MetricFamily Gauge(const char* name, const char* help) { return {name, help, prometheus::MetricType::Gauge, {}}; }

void Put(MetricFamily& family, const std::string& source, double value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label.push_back({"source", source});
  metric.gauge.value = value;
}

}  // namespace

std::vector<MetricFamily> ClusterMetrics::Collect() const {
  MetricFamily revision = Gauge("podnamed_feed_revision", "The revision of the feed that queries see.");
  MetricFamily synced = Gauge("podnamed_feed_synced", "Whether there is a state, and it is fed.");
  MetricFamily stale =
      Gauge("podnamed_feed_stale_seconds", "For how long nothing was heard of the cluster, once known.");
  MetricFamily services = Gauge("podnamed_state_services", "Services, those of the cluster set included.");
  MetricFamily pods = Gauge("podnamed_state_pods", "Pods, and other endpoints, each once for each of its services.");
  for (const auto& [source, holder] : clusters_) {
    state::SnapshotReader reader(*holder);  // for this moment: one that waits would keep an old state in memory
    const state::Snapshot* snapshot = reader.Current();
    const uint32_t stale_seconds = reader.stale_seconds();
    Put(synced, source, snapshot != nullptr && stale_seconds == 0 ? 1 : 0);
    Put(stale, source, stale_seconds);
    Put(revision, source, snapshot == nullptr ? 0 : static_cast<double>(snapshot->position().revision));
    Put(services, source, snapshot == nullptr ? 0 : static_cast<double>(snapshot->service_count()));
    Put(pods, source,
        snapshot == nullptr ? 0 : static_cast<double>(snapshot->identity_count() + snapshot->pod_count()));
  }
  return {revision, synced, stale, services, pods};
}

}  // namespace podnamed

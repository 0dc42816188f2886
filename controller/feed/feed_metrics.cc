#include "controller/feed/feed_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"

namespace podnamed::controller {
namespace {

using feed::v1::Key;
using prometheus::ClientMetric;
using prometheus::MetricFamily;

MetricFamily Gauge(const char* name, const char* help) { return {name, help, prometheus::MetricType::Gauge, {}}; }

void Put(MetricFamily& family, std::vector<ClientMetric::Label> labels, uint64_t value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  metric.gauge.value = static_cast<double>(value);
}

// The revision that all queries of a node see. One that dials again is there twice for a while.
std::map<std::string, uint64_t> AckedByNode(const std::vector<Subscriber>& subscribers) {
  std::map<std::string, uint64_t> acked;
  for (const Subscriber& subscriber : subscribers) {
    const auto [node, is_first] = acked.try_emplace(subscriber.node, subscriber.acked);
    if (!is_first) node->second = std::min(node->second, subscriber.acked);
  }
  if (acked.size() <= FeedMetrics::kMostNodes) return acked;
  const auto rest = std::next(acked.begin(), FeedMetrics::kMostNodes);
  const uint64_t slowest =
      std::min_element(rest, acked.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->second;
  acked.erase(rest, acked.end());
  const auto [other, is_first] = acked.try_emplace("other", slowest);
  if (!is_first) other->second = std::min(other->second, slowest);
  return acked;
}

}  // namespace

std::vector<MetricFamily> FeedMetrics::Collect() const {
  // The subscribers first: the log goes on meanwhile, and nobody is ahead of it.
  const std::vector<Subscriber> subscribers = service_.Subscribers();
  const uint64_t head = log_.head();

  MetricFamily revision = Gauge("podname_controller_feed_revision", "The newest revision of the feed's log.");
  Put(revision, {}, head);
  MetricFamily complete = Gauge("podname_controller_source_synced", "Whether the source has been read whole.");
  Put(complete, {}, log_.complete() ? 1 : 0);
  MetricFamily count = Gauge("podname_controller_feed_subscribers", "Servers that follow the feed.");
  Put(count, {}, subscribers.size());
  MetricFamily acked =
      Gauge("podname_controller_feed_acked_revision", "The revision that all queries see, by subscriber.");
  MetricFamily lag = Gauge("podname_controller_feed_lag_revisions", "How many revisions a subscriber is behind.");
  for (const auto& [node, node_acked] : AckedByNode(subscribers)) {
    Put(acked, {{"node", node}}, node_acked);
    Put(lag, {{"node", node}}, head - std::min(head, node_acked));
  }
  MetricFamily records = Gauge("podname_controller_feed_records", "Records of the feed, by kind.");
  for (int kind = Key::NAMESPACE; kind < Key::Kind_ARRAYSIZE; ++kind) {
    const auto which = static_cast<Key::Kind>(kind);
    Put(records, {{"kind", absl::AsciiStrToLower(Key::Kind_Name(which))}}, log_.CountOf(which));
  }
  return {revision, complete, count, acked, lag, records};
}

}  // namespace podnamed::controller

#include "server/query_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <limits>
#include <optional>
#include <utility>

namespace podnamed {
namespace {

using plugins::QueryCounts;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr const char* kTransportNames[] = {"udp", "tcp"};
constexpr const char* kFamilyNames[] = {"1", "2"};

MetricFamily Family(const char* name, const char* help, MetricType type) { return {name, help, type, {}}; }

Labels With(Labels labels, std::initializer_list<ClientMetric::Label> more) {
  labels.insert(labels.end(), more);
  return labels;
}

void PutCounter(MetricFamily& family, Labels labels, uint64_t value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
}

// The sum of the histograms that `of` picks; nothing if they have seen nothing. A value counts `unit` of the metric's.
template <const auto& kBounds, typename Of>
void PutHistogram(MetricFamily& family, Labels labels, const std::vector<const QueryCounts*>& counts, double unit,
                  Of of) {
  ClientMetric metric;
  metric.label = std::move(labels);
  ClientMetric::Histogram& total = metric.histogram;
  double sum = 0;
  for (const QueryCounts* worker : counts) sum += static_cast<double>(of(*worker).sum());
  for (size_t bucket = 0; bucket <= kBounds.size(); ++bucket) {
    for (const QueryCounts* worker : counts) total.sample_count += of(*worker).bucket(bucket);
    const bool is_last = bucket == kBounds.size();
    const double bound =
        is_last ? std::numeric_limits<double>::infinity() : static_cast<double>(kBounds[bucket]) * unit;
    total.bucket.push_back({total.sample_count, bound});
  }
  if (total.sample_count == 0) return;
  total.sample_sum = sum * unit;
  family.metric.push_back(std::move(metric));
}

// The families, filled one server and zone after the other.
struct Families {
  MetricFamily requests =
      Family("coredns_dns_requests_total", "Queries by zone, transport, address family and type.", MetricType::Counter);
  MetricFamily durations =
      Family("coredns_dns_request_duration_seconds", "From a query's arrival to its reply.", MetricType::Histogram);
  MetricFamily query_sizes = Family("coredns_dns_request_size_bytes", "Octets of a query.", MetricType::Histogram);
  MetricFamily reply_sizes =
      Family("coredns_dns_response_size_bytes", "Octets of a reply, as it was sent.", MetricType::Histogram);
  MetricFamily with_do =
      Family("coredns_dns_do_requests_total", "Queries with the DO bit, by zone.", MetricType::Counter);
  MetricFamily responses = Family("coredns_dns_responses_total", "Replies by zone, rcode and the plugin that answered.",
                                  MetricType::Counter);
  MetricFamily of_workers =
      Family("podnamed_worker_queries_total", "Queries by the thread that answered; of server blocks with prometheus.",
             MetricType::Counter);
  MetricFamily receive_drops =
      Family("podnamed_udp_receive_drops_total", "Datagrams that came when their socket's receive buffer was full.",
             MetricType::Counter);

  // What all workers have counted for one zone at one server.
  void Put(const Labels& place, const std::vector<const QueryCounts*>& counts);
};

void Families::Put(const Labels& place, const std::vector<const QueryCounts*>& counts) {
  for (size_t transport = 0; transport < QueryCounts::kTransports; ++transport) {
    const Labels by_transport = With(place, {{"proto", kTransportNames[transport]}});
    for (size_t family = 0; family < QueryCounts::kFamilies; ++family) {
      for (size_t type = 0; type < QueryCounts::kTypeCount; ++type) {
        uint64_t count = 0;
        for (const QueryCounts* worker : counts) count += worker->requests(transport, family, type);
        if (count == 0) continue;
        const bool is_other = type == QueryCounts::kTypeCount - 1;
        const std::string name = is_other ? "other" : dns::NameOf(QueryCounts::kTypes[type]);
        PutCounter(requests, With(by_transport, {{"family", kFamilyNames[family]}, {"type", name}}), count);
      }
    }
    PutHistogram<plugins::kSizeBounds>(query_sizes, by_transport, counts, 1, [&](const QueryCounts& worker) -> auto& {
      return worker.query_sizes(transport);
    });
    PutHistogram<plugins::kSizeBounds>(reply_sizes, by_transport, counts, 1, [&](const QueryCounts& worker) -> auto& {
      return worker.reply_sizes(transport);
    });
  }
  constexpr double kNanosecond = 1e-9;
  PutHistogram<plugins::kDurationBounds>(durations, place, counts, kNanosecond,
                                         [](const QueryCounts& worker) -> auto& { return worker.durations(); });
  uint64_t do_count = 0;
  std::map<std::pair<std::string_view, std::string_view>, uint64_t> replies;  // rcode, plugin
  for (const QueryCounts* worker : counts) {
    do_count += worker->with_do();
    worker->ForEachResponse([&](std::string_view plugin, dns::Rcode rcode, uint64_t count) {
      replies[{dns::NameOf(rcode), plugin}] += count;
    });
  }
  if (do_count > 0) PutCounter(with_do, place, do_count);
  for (const auto& [labels, count] : replies) {
    const auto& [rcode, plugin] = labels;
    PutCounter(responses, With(place, {{"rcode", std::string(rcode)}, {"plugin", std::string(plugin)}}), count);
  }
}

// All that one worker has counted at one place.
uint64_t QueriesOf(const QueryCounts& counts) {
  uint64_t sum = 0;
  for (size_t transport = 0; transport < QueryCounts::kTransports; ++transport) {
    for (size_t family = 0; family < QueryCounts::kFamilies; ++family) {
      for (size_t type = 0; type < QueryCounts::kTypeCount; ++type) sum += counts.requests(transport, family, type);
    }
  }
  return sum;
}

// All of a key but the worker.
template <typename Key>
auto PlaceOf(const Key& key) {
  return std::tie(std::get<0>(key), std::get<1>(key), std::get<2>(key));
}

}  // namespace

QueryCounts& QueryMetrics::Open(int worker, const std::string& server, const std::string& zone,
                                const std::string& view) {
  const absl::MutexLock lock(&mutex_);
  std::unique_ptr<QueryCounts>& counts = counts_[{server, zone, view, worker}];
  if (!counts) counts = std::make_unique<QueryCounts>();
  return *counts;
}

base::Counter& QueryMetrics::OpenReceiveDrops(int worker, const std::string& server) {
  const absl::MutexLock lock(&mutex_);
  std::unique_ptr<base::Counter>& drops = receive_drops_[{server, worker}];
  if (!drops) drops = std::make_unique<base::Counter>();
  return *drops;
}

std::vector<MetricFamily> QueryMetrics::Collect() const {
  const absl::MutexLock lock(&mutex_);
  Families families;
  std::map<int, uint64_t> by_worker;
  for (auto at = counts_.begin(); at != counts_.end();) {
    const auto& [server, zone, view, first_worker] = at->first;
    std::vector<const QueryCounts*> counts;
    for (; at != counts_.end() && std::tie(server, zone, view) == PlaceOf(at->first); ++at) {
      counts.push_back(at->second.get());
      by_worker[std::get<3>(at->first)] += QueriesOf(*at->second);
    }
    families.Put({{"server", server}, {"zone", zone}, {"view", view}}, counts);
  }
  for (const auto& [worker, queries] : by_worker) {
    PutCounter(families.of_workers, {{"worker", std::to_string(worker)}}, queries);
  }
  for (const auto& [key, drops] : receive_drops_) {
    PutCounter(families.receive_drops, {{"server", key.first}, {"worker", std::to_string(key.second)}}, drops->value());
  }
  return {families.requests, families.durations, families.query_sizes, families.reply_sizes,
          families.with_do,  families.responses, families.of_workers,  families.receive_drops};
}

}  // namespace podnamed

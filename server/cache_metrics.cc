#include "server/cache_metrics.h"

#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_join.h"
#include "server/metric_families.h"

namespace podnamed {
namespace {

using plugins::CacheCounters;
using plugins::CacheKind;

// CoreDNS's names; it keeps failures among its denials.
constexpr std::pair<CacheKind, const char*> kTypes[] = {
    {CacheKind::kSuccess, "success"}, {CacheKind::kDenial, "denial"}, {CacheKind::kFailure, "denial"}};

struct Sums {
  uint64_t requests = 0;
  uint64_t misses = 0;
  uint64_t prefetches = 0;
  uint64_t served_stale = 0;
  uint64_t drops = 0;
  std::map<std::string, uint64_t> hits{{"success", 0}, {"denial", 0}};
  plugins::CacheCounts held;

  void Add(const CacheCounters& counters) {
    requests += counters.requests.value();
    misses += counters.misses.value();
    prefetches += counters.prefetches.value();
    served_stale += counters.served_stale.value();
    drops += counters.drops.value();
    for (const auto& [kind, type] : kTypes) hits[type] += counters.hits[static_cast<size_t>(kind)].value();
  }
};

// Of each entrance.
std::vector<std::tuple<std::string, std::string, std::string>> KeysOf(const Block& block) {
  const std::string zones = absl::StrJoin(
      block.options.cache->zones, ",", [](std::string* text, const dns::Name& zone) { text->append(zone.ToText()); });
  std::vector<std::tuple<std::string, std::string, std::string>> keys;
  for (const plugins::Entrance& entrance : block.entrances) keys.emplace_back(entrance.server, zones, entrance.view);
  return keys;
}

}  // namespace

absl::Span<CacheCounters> CacheMetrics::Open(const Block& block, int worker) {
  Opened opened{.keys = KeysOf(block), .worker = worker};
  const size_t count = opened.keys.size();
  const absl::MutexLock lock(&mutex_);
  std::unique_ptr<CacheCounters[]>& counters = counters_[std::move(opened)];
  if (!counters) counters = std::make_unique<CacheCounters[]>(count);
  return {counters.get(), count};
}

void CacheMetrics::Show(const std::vector<Block>& blocks) {
  std::map<Key, std::shared_ptr<const plugins::CacheShared>> next;
  for (const Block& block : blocks) {
    if (!block.cache) continue;
    for (Key& key : KeysOf(block)) next[std::move(key)] = block.cache;
  }
  const absl::MutexLock lock(&mutex_);
  for (const auto& [key, cache] : shown_) {
    const auto kept = next.find(key);
    if (kept != next.end() && kept->second == cache) continue;
    const plugins::CacheCounts last = cache->Count();
    for (size_t kind = 0; kind < plugins::kCacheKinds; ++kind) gone_[key].evictions[kind] += last.evictions[kind];
  }
  shown_.swap(next);
}

std::vector<prometheus::MetricFamily> CacheMetrics::Collect() const {
  std::map<Key, Sums> by_server_and_zones;
  {
    const absl::MutexLock lock(&mutex_);
    for (const auto& [opened, counters] : counters_) {
      for (size_t i = 0; i < opened.keys.size(); ++i) by_server_and_zones[opened.keys[i]].Add(counters[i]);
    }
    for (const auto& [key, cache] : shown_) by_server_and_zones[key].held = cache->Count();
    for (const auto& [key, gone] : gone_) {
      plugins::CacheCounts& held = by_server_and_zones[key].held;
      for (size_t kind = 0; kind < plugins::kCacheKinds; ++kind) held.evictions[kind] += gone.evictions[kind];
    }
  }
  if (by_server_and_zones.empty()) return {};
  prometheus::MetricFamily entries{
      "coredns_cache_entries", "The number of elements in the cache.", prometheus::MetricType::Gauge, {}};
  auto hits = CounterFamily("coredns_cache_hits_total", "The count of cache hits.");
  auto evictions = CounterFamily("coredns_cache_evictions_total", "The count of cache evictions.");
  auto requests = CounterFamily("coredns_cache_requests_total", "The count of cache requests.");
  auto misses = CounterFamily("coredns_cache_misses_total", "The count of cache misses.");
  auto prefetches = CounterFamily("coredns_cache_prefetch_total", "The number of times the cache has prefetched.");
  auto drops = CounterFamily("coredns_cache_drops_total", "Replies that were to another question.");
  auto stale = CounterFamily("coredns_cache_served_stale_total", "Replies told after their time.");
  for (const auto& [key, sums] : by_server_and_zones) {
    const auto& [server, zones, view] = key;
    const Labels labels = {{"server", server}, {"zones", zones}, {"view", view}};
    std::map<std::string, std::pair<size_t, uint64_t>> held;  // entries, evictions
    for (const auto& [kind, type] : kTypes) {
      held[type].first += sums.held.entries[static_cast<size_t>(kind)];
      held[type].second += sums.held.evictions[static_cast<size_t>(kind)];
    }
    for (const auto& [type, counts] : held) {
      const Labels typed = {{"server", server}, {"type", type}, {"zones", zones}, {"view", view}};
      prometheus::ClientMetric& gauge = entries.metric.emplace_back();
      gauge.label = typed;
      gauge.gauge.value = static_cast<double>(counts.first);
      PutCounter(evictions, typed, counts.second);
      PutCounter(hits, typed, sums.hits.at(type));
    }
    PutCounter(requests, labels, sums.requests);
    PutCounter(misses, labels, sums.misses);
    PutCounter(prefetches, labels, sums.prefetches);
    PutCounter(drops, labels, sums.drops);
    PutCounter(stale, labels, sums.served_stale);
  }
  return {entries, hits, evictions, requests, misses, prefetches, drops, stale};
}

}  // namespace podnamed

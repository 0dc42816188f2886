// What is counted of the queries that one worker answers at one entrance: every label of CoreDNS's metrics is an index,
// so that a query costs a few additions and nothing is looked up. Written by the worker's thread alone, read by any.
// No lock, no allocation, no locked instruction.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/counter.h"
#include "server/dns/types.h"
#include "server/plugins/exchange.h"

namespace podnamed::plugins {

// CoreDNS's (plugin/pkg/…/vars): 0.25 ms, doubled up to 8.192 s, in nanoseconds; and octets.
inline constexpr auto kDurationBounds = [] {
  std::array<uint64_t, 16> bounds{};
  for (size_t i = 0; i < bounds.size(); ++i) bounds[i] = uint64_t{250'000} << i;
  return bounds;
}();
inline constexpr std::array<uint64_t, 14> kSizeBounds = {0,    100,  200,  300,   400,   511,   1023,
                                                         2047, 4095, 8291, 16000, 32000, 48000, 64000};

class alignas(64) QueryCounts {
 public:
  // Types that have a label of their own; those beyond are "other".
  static constexpr dns::RecordType kTypes[] = {
      dns::RecordType{1},  dns::RecordType{2},   dns::RecordType{5},   dns::RecordType{6},  dns::RecordType{12},
      dns::RecordType{15}, dns::RecordType{16},  dns::RecordType{28},  dns::RecordType{33}, dns::RecordType{43},
      dns::RecordType{46}, dns::RecordType{47},  dns::RecordType{48},  dns::RecordType{50}, dns::RecordType{64},
      dns::RecordType{65}, dns::RecordType{251}, dns::RecordType{252}, dns::RecordType{255}};
  static constexpr size_t kTypeCount = std::size(kTypes) + 1;  // "other" is the last
  static constexpr size_t kRcodeCount = 25;                    // 0 to 23, and what is beyond
  static constexpr size_t kMaxPlugins = 24;                    // that answer; what is beyond counts for the last

  static constexpr size_t kTransports = 2;  // UDP, TCP
  static constexpr size_t kFamilies = 2;    // IPv4, IPv6

  // Its reply has been written, `size` octets; 0: there was none, which CoreDNS counts as NOERROR. Worker's thread.
  void Count(const Exchange& exchange, size_t size);
  // So long was the way from the query's arrival to its reply, of so many queries. Worker's thread.
  void CountDuration(std::chrono::nanoseconds duration, uint64_t times = 1) {
    durations_.Observe(static_cast<uint64_t>(duration.count()), times);
  }

  // Any thread.

  uint64_t requests(size_t transport, size_t family, size_t type) const {
    return requests_[transport][family][type].value();
  }
  uint64_t with_do() const { return with_do_.value(); }
  const base::Histogram<kDurationBounds>& durations() const { return durations_; }
  const base::Histogram<kSizeBounds>& query_sizes(size_t transport) const { return query_sizes_[transport]; }
  const base::Histogram<kSizeBounds>& reply_sizes(size_t transport) const { return reply_sizes_[transport]; }
  // Calls visit(plugin, rcode, count) for each plugin and rcode that has answered; "": none did.
  template <typename Visit>
  void ForEachResponse(Visit visit) const {
    const size_t plugins = plugin_count_.load(std::memory_order_acquire);
    for (size_t i = 0; i < plugins; ++i) {
      for (size_t rcode = 0; rcode < kRcodeCount; ++rcode) {
        const uint64_t count = by_plugin_[i].rcodes[rcode].value();
        if (count > 0) visit(by_plugin_[i].plugin, static_cast<dns::Rcode>(rcode), count);
      }
    }
  }

 private:
  struct OfPlugin {
    std::string_view plugin;  // a literal
    std::array<base::Counter, kRcodeCount> rcodes;
  };

  OfPlugin& Of(std::string_view plugin);

  base::Counter requests_[kTransports][kFamilies][kTypeCount];
  base::Counter with_do_;
  base::Histogram<kDurationBounds> durations_;
  base::Histogram<kSizeBounds> query_sizes_[kTransports];
  base::Histogram<kSizeBounds> reply_sizes_[kTransports];
  std::atomic<size_t> plugin_count_{0};
  std::array<OfPlugin, kMaxPlugins> by_plugin_;
};

}  // namespace podnamed::plugins

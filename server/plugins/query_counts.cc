#include "server/plugins/query_counts.h"

#include <algorithm>

namespace podnamed::plugins {
namespace {

constexpr size_t kNumberedTypes = 256;  // of which kTypes are some

constexpr auto kIndexOfType = [] {
  std::array<uint8_t, kNumberedTypes> indices{};
  indices.fill(std::size(QueryCounts::kTypes));
  for (size_t i = 0; i < std::size(QueryCounts::kTypes); ++i) {
    indices[static_cast<size_t>(QueryCounts::kTypes[i])] = static_cast<uint8_t>(i);
  }
  return indices;
}();

size_t IndexOf(dns::RecordType type) {
  const size_t number = static_cast<size_t>(type);
  return number < kNumberedTypes ? kIndexOfType[number] : QueryCounts::kTypeCount - 1;
}

}  // namespace

void QueryCounts::Count(const Exchange& exchange, size_t size) {
  const dns::Query& query = exchange.asked;
  const size_t transport = exchange.transport == net::Transport::kUdp ? 0 : 1;
  requests_[transport][exchange.client.is_v4() ? 0 : 1][IndexOf(query.type)].Add();
  if (query.edns.has_value() && query.edns->dnssec_ok) with_do_.Add();
  query_sizes_[transport].Observe(exchange.query_size);
  reply_sizes_[transport].Observe(size);
  const size_t rcode = size == 0 ? 0 : static_cast<size_t>(exchange.rcode);
  Of(exchange.answered_by).rcodes[std::min(rcode, kRcodeCount - 1)].Add();
}

// Literals are the same where their addresses are; of those with another address the text decides, once.
QueryCounts::OfPlugin& QueryCounts::Of(std::string_view plugin) {
  const size_t known = plugin_count_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < known; ++i) {
    const std::string_view candidate = by_plugin_[i].plugin;
    if (candidate.data() == plugin.data() || candidate == plugin) return by_plugin_[i];
  }
  if (known == kMaxPlugins) return by_plugin_.back();
  by_plugin_[known].plugin = plugin;
  plugin_count_.store(known + 1, std::memory_order_release);
  return by_plugin_[known];
}

}  // namespace podnamed::plugins

// What makes two questions the same for the cache: all that an upstream's answer depends on. UDP and TCP share entries.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "server/dns/types.h"

namespace podnamed::plugins {

struct CacheKey {
  std::string_view name{};  // wire form, folded (dns::QueryName::folded)
  dns::RecordType type{};
  dns::RecordClass record_class = dns::RecordClass::kIn;
  bool dnssec_ok = false;          // DO of the query's OPT record
  bool checking_disabled = false;  // CD of the query's header

  // Differs from process to process, so that nobody outside can aim at one shard.
  uint64_t Hash() const {
    // absl's view: its hash has a seed, std::hash, which stands in for the other, has none.
    const absl::string_view octets(name.data(), name.size());
    return absl::HashOf(octets, type, record_class, dnssec_ok, checking_disabled);
  }
};

}  // namespace podnamed::plugins

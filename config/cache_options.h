// What a `cache` directive asks for: of what comes from elsewhere, for what comes from the cluster is never cached.
// Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "server/dns/name.h"

namespace podnamed::config {

struct CacheOptions {
  // Replies of one kind. CoreDNS's defaults.
  struct Kind {
    size_t capacity = 9984;                        // replies
    absl::Duration max_ttl = absl::Seconds(3600);  // what is longer is cut
    absl::Duration min_ttl = absl::Seconds(5);     // what is shorter is prolonged
    // Zones (folded) whose replies of this kind are not kept; the root: all.
    std::vector<dns::Name> disabled = {};

    friend bool operator==(const Kind&, const Kind&) = default;
  };
  enum class StaleMode { kVerify, kImmediate };

  std::vector<dns::Name> zones;  // folded; names at or below them
  Kind success;
  Kind denial = {.max_ttl = absl::Seconds(1800)};
  absl::Duration servfail = absl::Seconds(5);  // how long a failure is kept; 0: not at all
  bool keep_ttl = false;                       // TTLs do not count down

  int prefetch_amount = 0;  // questions in prefetch_duration that make a reply worth fetching anew; 0: none does
  absl::Duration prefetch_duration = absl::Minutes(1);
  int prefetch_percentage = 10;  // of the TTL that is left when that happens

  absl::Duration serve_stale = absl::ZeroDuration();     // how long after its end a reply may still be told; 0: not
  StaleMode stale_mode = StaleMode::kImmediate;          // told at once, or only when nobody else knows
  absl::Duration verify_timeout = absl::ZeroDuration();  // kVerify: how long others may think about it; 0: to their end
  absl::Duration stale_ttl = absl::ZeroDuration();       // that such a reply is told with
  bool prefer_positive = false;                          // an answer after its end before a denial after its own

  friend bool operator==(const CacheOptions&, const CacheOptions&) = default;
};

}  // namespace podnamed::config

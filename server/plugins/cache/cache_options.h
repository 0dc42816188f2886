// What a cache may hold, how it treats what is old, and what it says of a hit. Plain values; any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "server/plugins/cache/cacheability.h"

namespace podnamed::plugins {

struct CacheBounds {
  size_t entries = 0;
  size_t bytes = 0;  // of memory, with what an entry needs besides its message
};

struct CacheOptions {
  // By CacheKind. CoreDNS keeps failures among its denials; here they have a place of their own.
  std::array<CacheBounds, kCacheKinds> bounds{
      {{9984, size_t{16} << 20}, {9984, size_t{8} << 20}, {1024, size_t{1} << 20}}};

  bool keep_ttl = false;  // `keepttl`: hits tell the TTL as it was stored

  // `prefetch AMOUNT [DURATION] [PERCENTAGE]`: 0 for never. An entry earns it by so many hits, none of them longer than
  // the duration after the one before, once its TTL is down to the percentage.
  uint32_t prefetch_amount = 0;
  std::chrono::seconds prefetch_duration{60};
  uint32_t prefetch_percentage = 10;

  // `serve_stale`: for so long beyond its TTL an entry is still found; 0 for not at all.
  std::chrono::seconds serve_stale{0};
  uint32_t stale_ttl = 0;        // seconds, that stale records tell
  bool prefer_positive = false;  // `serve_stale_policy`: a stale answer before a stale denial that is newer
};

struct CacheHit {
  size_t size = 0;  // of the message; if the buffer is smaller, nothing was written
  CacheKind kind{};
  bool is_stale = false;
  uint32_t ttl = 0;            // seconds, in every record written
  uint32_t age = 0;            // seconds since it was stored
  bool wants_refresh = false;  // ask the upstream anew: prefetch is due, or it is stale. Told to one caller in 5 s
  bool is_failing = false;     // the upstream's last reply to this was a failure, which is not served while this is
};

struct CacheCounts {
  std::array<size_t, kCacheKinds> entries{};
  std::array<size_t, kCacheKinds> bytes{};
  std::array<uint64_t, kCacheKinds> evictions{};  // for want of room, not of age
};

}  // namespace podnamed::plugins

// One stored reply: the one copy of its octets, made ready to be copied out, and what the cache knows of it, in a
// single allocation. The octets have id 0, no OPT record, the question in lower case, and of the flags QR, RA, AD and
// the rcode; whoever sends a copy adds what belongs to its client.
//
// An entry is reached only under its shard's lock, but for its making and freeing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "server/dns/message_view.h"
#include "server/plugins/cache/cache_key.h"
#include "server/plugins/cache/cacheability.h"

namespace podnamed::plugins {

using CacheTime = std::chrono::steady_clock::time_point;

struct CacheEntry {
  enum class Queue : uint8_t { kSmall, kMain, kStale };
  struct Free {
    void operator()(CacheEntry* entry) const;
  };
  using Owner = std::unique_ptr<CacheEntry, Free>;

  // REQUIRES: `verdict` is Judge's for `view` and says kStore.
  static Owner Make(const CacheKey& key, uint64_t hash, const dns::MessageView& view, const CacheVerdict& verdict,
                    CacheTime now);

  // Asks the processor for the octets behind the first ones, which IsFor and CopyTo are about to read.
  void Fetch() const {
    for (size_t at = 64; at < 256; at += 64) __builtin_prefetch(reinterpret_cast<const char*>(this) + at);
  }
  bool IsFor(const CacheKey& key, uint64_t key_hash) const;
  bool IsFresh(CacheTime now) const { return now < expires; }
  absl::Span<const uint8_t> message() const { return {octets(), size}; }
  // Memory that it takes, the allocator's share estimated.
  size_t footprint() const;
  // Copies the message to `to`, which has room for it, with `new_ttl` seconds in every record.
  void CopyTo(uint8_t* to, uint32_t new_ttl) const;

  // The order is that of a lookup, which mostly waits for memory: what it reads comes first, and the message last.
  CacheEntry* next_in_bucket = nullptr;
  uint64_t hash = 0;
  CacheTime expires;
  CacheTime stored_at;
  uint32_t ttl = 0;   // seconds, as stored
  uint16_t size = 0;  // of the message
  uint16_t ttl_count = 0;
  CacheKind kind{};
  bool dnssec_ok = false;
  bool checking_disabled = false;
  Queue queue = Queue::kSmall;
  uint8_t frequency = 0;  // for eviction: requests lately, at most 3
  uint32_t hits = 0;      // that followed each other closely, for prefetch
  CacheTime last_hit;
  CacheTime refresh_claimed_until;  // somebody asks the upstream anew until then
  CacheEntry* newer = nullptr;      // in its queue
  CacheEntry* older = nullptr;

 private:
  CacheEntry() = default;
  // Behind the struct stand the places of the TTLs, then the message.
  uint16_t* ttl_places() { return reinterpret_cast<uint16_t*>(this + 1); }
  const uint16_t* ttl_places() const { return reinterpret_cast<const uint16_t*>(this + 1); }
  uint8_t* octets() { return reinterpret_cast<uint8_t*>(ttl_places() + ttl_count); }
  const uint8_t* octets() const { return reinterpret_cast<const uint8_t*>(ttl_places() + ttl_count); }
};

}  // namespace podnamed::plugins

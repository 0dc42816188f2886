// The replies that the `cache` plugin keeps: one store for all workers. Each reply is stored once, as octets ready to
// be sent with the places of its TTLs; a hit is a copy. Keys are spread over shards, each under a lock of its own that
// is held for the time of one copy, so that workers hardly ever wait for each other.
//
// Bounded by entries and by bytes of memory, each kind of entry for itself; who has to go is eviction_queue.h's
// question. Thread-safe. Times are the caller's, one clock for all calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "server/dns/message_view.h"
#include "server/plugins/cache/cache_entry.h"
#include "server/plugins/cache/cache_key.h"
#include "server/plugins/cache/cache_options.h"
#include "server/plugins/cache/cache_shard.h"
#include "server/plugins/cache/cacheability.h"

namespace podnamed::plugins {

class CacheStore {
 public:
  explicit CacheStore(const CacheOptions& options);

  // Looks `key` up and copies its reply into `buffer`: with id 0, of the flags QR, RA, AD and the rcode, no OPT record,
  // the question in lower case, and CacheHit::ttl in every record. Allocates nothing. If the message is larger than
  // `buffer` only the hit is told: one of 65,535 octets takes every message.
  //
  // What is still good comes first, an answer or a denial; then what is stale, as long as the options want it: the
  // newer of the two, or the answer by `prefer_positive`; then a failure.
  std::optional<CacheHit> Lookup(const CacheKey& key, CacheTime now, absl::Span<uint8_t> buffer);

  // Stores the reply `view` to the question `key`, in place of what was known before; false if it is too large for its
  // kind's bounds: a quarter of a shard's bytes.
  // REQUIRES: `verdict` is Judge's for both and says kStore.
  bool Insert(const CacheKey& key, const dns::MessageView& view, const CacheVerdict& verdict, CacheTime now);

  // For metrics: a sum over the shards, none of which waits for another.
  CacheCounts Count() const;
  size_t shard_count() const { return shards_.size(); }

 private:
  // By upper bits of the hash; a shard's buckets and ghosts go by others.
  CacheShard& ShardOf(uint64_t hash) { return *shards_[(hash >> 24) & (shards_.size() - 1)]; }

  const CacheOptions options_;
  std::vector<std::unique_ptr<CacheShard>> shards_;  // a power of two
};

}  // namespace podnamed::plugins

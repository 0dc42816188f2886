// One part of the cache: the entries whose keys hash to it, and a lock. Each kind of entry has bounds of its own, so
// that a flood of denials cannot push out addresses.
//
// A question has at most one entry of each kind. An answer or a denial is the newest truth and removes the others; a
// failure leaves both, for a name server that fails today did not fail when it answered. Which entry is looked up first
// is said at CacheStore::Lookup. Every step is O(1) under the lock; nothing is allocated or freed there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "server/plugins/cache/cache_entry.h"
#include "server/plugins/cache/cache_options.h"
#include "server/plugins/cache/eviction_queue.h"

namespace podnamed::plugins {

// Padded, so that the locks of two do not share a line of the processor's cache.
class alignas(64) CacheShard {
 public:
  // `bounds` are this shard's. `options` must outlive it.
  CacheShard(const CacheOptions& options, const std::array<CacheBounds, kCacheKinds>& bounds);
  ~CacheShard();
  CacheShard(const CacheShard&) = delete;
  CacheShard& operator=(const CacheShard&) = delete;

  // As CacheStore's of the same names.
  std::optional<CacheHit> Lookup(const CacheKey& key, uint64_t hash, CacheTime now, absl::Span<uint8_t> buffer);
  bool Insert(const CacheKey& key, CacheEntry::Owner entry, CacheTime now);
  void AddTo(CacheCounts& counts) const;

 private:
  using OfOneKey = std::array<CacheEntry*, kCacheKinds>;
  class Graveyard;

  CacheEntry*& BucketOf(uint64_t hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return buckets_[hash & (buckets_.size() - 1)];
  }
  EvictionQueue& QueueOf(const CacheEntry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return queues_[static_cast<size_t>(entry.kind)];
  }
  OfOneKey Find(const CacheKey& key, uint64_t hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  CacheEntry* Choose(const OfOneKey& found, CacheTime now) const;
  bool ClaimsRefresh(CacheEntry& entry, bool is_failing, CacheTime now) const;
  bool IsWorthKeeping(const CacheEntry& entry, CacheTime now) const {
    return now < entry.expires + options_.serve_stale;
  }

  void Unindex(CacheEntry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(CacheEntry& entry, Graveyard& graveyard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What a newer truth makes of the entries of other kinds.
  void Supersede(const OfOneKey& found, CacheKind by, CacheTime now, Graveyard& graveyard)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EvictFrom(EvictionQueue& queue, Graveyard& graveyard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Looks after a few buckets, a step further at each call: what is expired is set aside or removed.
  void Sweep(CacheTime now, Graveyard& graveyard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CacheOptions& options_;
  mutable absl::Mutex mutex_;
  std::vector<CacheEntry*> buckets_ ABSL_GUARDED_BY(mutex_);  // at least one for each entry that there may be
  std::array<EvictionQueue, kCacheKinds> queues_ ABSL_GUARDED_BY(mutex_);
  size_t swept_ ABSL_GUARDED_BY(mutex_) = 0;  // the bucket that Sweep looks at next
  std::array<uint64_t, kCacheKinds> evictions_ ABSL_GUARDED_BY(mutex_){};
};

}  // namespace podnamed::plugins

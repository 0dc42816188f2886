// Who has to go when there is no room? S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache
// eviction", SOSP 2023): a small queue on probation, a main queue, and the keys of those whom probation has turned out.
//
// Most names that a cluster forwards are asked once (a crawler's hosts, a miss of a search path), which LRU lets push
// out the names that everybody asks. Here they leave through the small queue, a tenth of the entries, and never touch
// the main one; SIEVE (Zhang et al., NSDI 2024), which is simpler still, gives up just that resistance to scans. A hit
// moves nothing: it counts up two bits.
//
// Before any of them go entries set aside as stale: nobody but a failing upstream needs them. Every step is O(1), a
// victim's amortised: what it takes off the counters, hits have put there. Not thread-safe: a shard's lock guards it.
// It does not own the entries.
#pragma once

#include <cstddef>

#include "server/plugins/cache/cache_entry.h"
#include "server/plugins/cache/ghost_table.h"

namespace podnamed::plugins {

class EvictionQueue {
 public:
  // Of entries at most `max_entries`, which take at most `max_bytes` (CacheEntry::footprint).
  EvictionQueue(size_t max_entries, size_t max_bytes)
      : max_entries_(max_entries), max_bytes_(max_bytes), ghosts_(max_entries) {}

  size_t entries() const { return small_.count + main_.count + stale_.count; }
  size_t bytes() const { return bytes_; }
  bool IsOverfull() const { return entries() > max_entries_ || bytes_ > max_bytes_; }
  bool HasRoomFor(size_t bytes) const { return entries() < max_entries_ && bytes <= max_bytes_ - bytes_; }
  // True if `bytes` are so many that one entry would push out too many others.
  bool IsTooLarge(size_t bytes) const { return bytes > max_bytes_ / 4 || max_entries_ == 0; }

  // REQUIRES: HasRoomFor(entry.footprint()). A key that was evicted lately skips probation.
  void Add(CacheEntry& entry);
  // `entry` takes the place of `old`, which leaves, and its merits; being asked for once more is one itself. May
  // leave the queue overfull.
  void Replace(CacheEntry& old, CacheEntry& entry);
  void Remove(CacheEntry& entry);
  static void CountHit(CacheEntry& entry) {
    if (entry.frequency < kMaxFrequency) ++entry.frequency;
  }
  // From now on first in line to go.
  void SetAside(CacheEntry& entry);
  // The next to go, which has left; nullptr if there is none.
  CacheEntry* TakeVictim();

 private:
  static constexpr uint8_t kMaxFrequency = 3;
  static constexpr uint8_t kProbationPassed = 2;  // requests while in the small queue
  static constexpr size_t kSmallShare = 10;       // the small queue has one of so many entries

  struct List {
    void PushNewest(CacheEntry& entry);
    void Unlink(CacheEntry& entry);

    CacheEntry* newest = nullptr;
    CacheEntry* oldest = nullptr;
    size_t count = 0;
  };

  List& ListOf(const CacheEntry& entry);
  void Push(CacheEntry& entry, CacheEntry::Queue queue);
  CacheEntry* TakeFromSmall();
  CacheEntry* TakeFromMain();

  size_t max_entries_;
  size_t max_bytes_;
  size_t bytes_ = 0;
  List small_;
  List main_;
  List stale_;
  GhostTable ghosts_;
};

}  // namespace podnamed::plugins

#include "server/plugins/cache/cache_shard.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace podnamed::plugins {
namespace {

constexpr size_t kSuccess = static_cast<size_t>(CacheKind::kSuccess);
constexpr size_t kDenial = static_cast<size_t>(CacheKind::kDenial);
constexpr size_t kFailure = static_cast<size_t>(CacheKind::kFailure);

constexpr size_t kBucketsPerSweep = 4;
constexpr std::chrono::seconds kRefreshLease{5};  // longer than a forwarder tries

// Whole seconds, downwards, as CoreDNS counts them.
uint32_t SecondsBetween(CacheTime earlier, CacheTime later) {
  return later < earlier ? 0 : static_cast<uint32_t>(std::chrono::floor<std::chrono::seconds>(later - earlier).count());
}

}  // namespace

// Entries that have left, to be freed when the lock is no longer held: declare it before the lock.
class CacheShard::Graveyard {
 public:
  Graveyard() = default;
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;
  ~Graveyard() {
    while (first_ != nullptr) CacheEntry::Owner(std::exchange(first_, first_->next_in_bucket));
  }
  void Bury(CacheEntry& entry) { entry.next_in_bucket = std::exchange(first_, &entry); }

 private:
  CacheEntry* first_ = nullptr;
};

CacheShard::CacheShard(const CacheOptions& options, const std::array<CacheBounds, kCacheKinds>& bounds)
    : options_(options),
      buckets_(std::bit_ceil(bounds[kSuccess].entries + bounds[kDenial].entries + bounds[kFailure].entries + 1)),
      queues_{EvictionQueue(bounds[kSuccess].entries, bounds[kSuccess].bytes),
              EvictionQueue(bounds[kDenial].entries, bounds[kDenial].bytes),
              EvictionQueue(bounds[kFailure].entries, bounds[kFailure].bytes)} {}

CacheShard::~CacheShard() {
  const absl::MutexLock lock(&mutex_);
  for (CacheEntry* entry : buckets_) {
    while (entry != nullptr) CacheEntry::Owner(std::exchange(entry, entry->next_in_bucket));
  }
}

std::optional<CacheHit> CacheShard::Lookup(const CacheKey& key, uint64_t hash, CacheTime now,
                                           absl::Span<uint8_t> buffer) {
  const absl::MutexLock lock(&mutex_);
  const OfOneKey found = Find(key, hash);
  CacheEntry* const entry = Choose(found, now);
  if (entry == nullptr) return std::nullopt;

  CacheHit hit{.size = entry->size, .kind = entry->kind, .is_stale = !entry->IsFresh(now)};
  hit.age = SecondsBetween(entry->stored_at, now);
  hit.ttl = hit.is_stale ? options_.stale_ttl : options_.keep_ttl ? entry->ttl : entry->ttl - hit.age;
  hit.is_failing = entry->kind != CacheKind::kFailure && found[kFailure] != nullptr && found[kFailure]->IsFresh(now);
  EvictionQueue::CountHit(*entry);
  hit.wants_refresh = ClaimsRefresh(*entry, hit.is_failing, now);
  if (entry->size <= buffer.size()) entry->CopyTo(buffer.data(), hit.ttl);
  return hit;
}

CacheShard::OfOneKey CacheShard::Find(const CacheKey& key, uint64_t hash) {
  OfOneKey found{};
  for (CacheEntry* entry = BucketOf(hash); entry != nullptr; entry = entry->next_in_bucket) {
    entry->Fetch();
    if (entry->IsFor(key, hash)) found[static_cast<size_t>(entry->kind)] = entry;
  }
  return found;
}

CacheEntry* CacheShard::Choose(const OfOneKey& found, CacheTime now) const {
  CacheEntry* success = found[kSuccess];
  CacheEntry* denial = found[kDenial];
  if (success != nullptr && success->IsFresh(now)) return success;
  if (denial != nullptr && denial->IsFresh(now)) return denial;
  if (success != nullptr && !IsWorthKeeping(*success, now)) success = nullptr;
  if (denial != nullptr && !IsWorthKeeping(*denial, now)) denial = nullptr;
  if (success != nullptr && denial != nullptr) {
    return options_.prefer_positive || denial->stored_at < success->stored_at ? success : denial;
  }
  if (success != nullptr) return success;
  if (denial != nullptr) return denial;
  CacheEntry* const failure = found[kFailure];
  return failure != nullptr && failure->IsFresh(now) ? failure : nullptr;
}

bool CacheShard::ClaimsRefresh(CacheEntry& entry, bool is_failing, CacheTime now) const {
  bool is_due = true;  // if stale
  if (entry.IsFresh(now)) {
    entry.hits = now - entry.last_hit > options_.prefetch_duration ? 1 : entry.hits + 1;
    entry.last_hit = now;
    const uint64_t left = entry.ttl - SecondsBetween(entry.stored_at, now);
    is_due = options_.prefetch_amount > 0 && entry.hits >= options_.prefetch_amount &&
             entry.kind != CacheKind::kFailure && left * 100 <= uint64_t{entry.ttl} * options_.prefetch_percentage + 99;
  }
  if (!is_due || is_failing || now < entry.refresh_claimed_until) return false;
  entry.refresh_claimed_until = now + kRefreshLease;
  return true;
}

bool CacheShard::Insert(const CacheKey& key, CacheEntry::Owner owner, CacheTime now) {
  Graveyard graveyard;
  const absl::MutexLock lock(&mutex_);
  CacheEntry& entry = *owner;
  EvictionQueue& queue = QueueOf(entry);
  if (queue.IsTooLarge(entry.footprint())) return false;
  Sweep(now, graveyard);
  const OfOneKey found = Find(key, entry.hash);
  Supersede(found, entry.kind, now, graveyard);

  if (CacheEntry* const old = found[static_cast<size_t>(entry.kind)]; old != nullptr) {
    entry.hits = old->hits;
    entry.last_hit = old->last_hit;
    queue.Replace(*old, entry);
    Unindex(*old);
    graveyard.Bury(*old);
  } else {
    while (!queue.HasRoomFor(entry.footprint())) EvictFrom(queue, graveyard);
    queue.Add(entry);
  }
  CacheEntry*& bucket = BucketOf(entry.hash);
  entry.next_in_bucket = std::exchange(bucket, owner.release());
  while (queue.IsOverfull()) EvictFrom(queue, graveyard);
  return true;
}

void CacheShard::Supersede(const OfOneKey& found, CacheKind by, CacheTime now, Graveyard& graveyard) {
  if (by == CacheKind::kFailure) return;
  if (found[kFailure] != nullptr) Remove(*found[kFailure], graveyard);
  CacheEntry* const other = found[by == CacheKind::kSuccess ? kDenial : kSuccess];
  if (other == nullptr) return;
  if (by == CacheKind::kDenial && options_.prefer_positive && IsWorthKeeping(*other, now)) {
    other->expires = std::min(other->expires, now);  // stale from now on
    QueueOf(*other).SetAside(*other);
  } else {
    Remove(*other, graveyard);
  }
}

void CacheShard::Sweep(CacheTime now, Graveyard& graveyard) {
  for (size_t i = 0; i < kBucketsPerSweep; ++i) {
    CacheEntry* entry = buckets_[swept_++ & (buckets_.size() - 1)];
    while (entry != nullptr) {
      CacheEntry* const next = entry->next_in_bucket;
      if (!IsWorthKeeping(*entry, now)) {
        Remove(*entry, graveyard);
      } else if (!entry->IsFresh(now)) {
        QueueOf(*entry).SetAside(*entry);
      }
      entry = next;
    }
  }
}

void CacheShard::EvictFrom(EvictionQueue& queue, Graveyard& graveyard) {
  CacheEntry& victim = *queue.TakeVictim();
  ++evictions_[static_cast<size_t>(victim.kind)];
  Unindex(victim);
  graveyard.Bury(victim);
}

void CacheShard::Remove(CacheEntry& entry, Graveyard& graveyard) {
  QueueOf(entry).Remove(entry);
  Unindex(entry);
  graveyard.Bury(entry);
}

void CacheShard::Unindex(CacheEntry& entry) {
  CacheEntry** place = &BucketOf(entry.hash);
  while (*place != &entry) place = &(*place)->next_in_bucket;
  *place = entry.next_in_bucket;
}

void CacheShard::AddTo(CacheCounts& counts) const {
  const absl::MutexLock lock(&mutex_);
  for (size_t kind = 0; kind < kCacheKinds; ++kind) {
    counts.entries[kind] += queues_[kind].entries();
    counts.bytes[kind] += queues_[kind].bytes();
    counts.evictions[kind] += evictions_[kind];
  }
}

}  // namespace podnamed::plugins

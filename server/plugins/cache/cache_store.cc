#include "server/plugins/cache/cache_store.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace podnamed::plugins {
namespace {

// So few that a shard's queues are long enough to tell one name from another, so many that a lock is hardly ever held
// when a worker comes.
constexpr size_t kMaxShards = 64;
constexpr size_t kMinEntriesPerShard = 128;

size_t ShardsFor(const CacheOptions& options) {
  const size_t entries = options.bounds[static_cast<size_t>(CacheKind::kSuccess)].entries;
  return std::bit_floor(std::clamp<size_t>(entries / kMinEntriesPerShard, 1, kMaxShards));
}

}  // namespace

CacheStore::CacheStore(const CacheOptions& options) : options_(options) {
  const size_t shards = ShardsFor(options);
  std::array<CacheBounds, kCacheKinds> bounds = options.bounds;
  for (CacheBounds& bound : bounds) bound = {bound.entries / shards, bound.bytes / shards};
  for (size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<CacheShard>(options_, bounds));
}

std::optional<CacheHit> CacheStore::Lookup(const CacheKey& key, CacheTime now, absl::Span<uint8_t> buffer) {
  const uint64_t hash = key.Hash();
  return ShardOf(hash).Lookup(key, hash, now, buffer);
}

bool CacheStore::Insert(const CacheKey& key, const dns::MessageView& view, const CacheVerdict& verdict, CacheTime now) {
  const uint64_t hash = key.Hash();
  return ShardOf(hash).Insert(key, CacheEntry::Make(key, hash, view, verdict, now), now);
}

CacheCounts CacheStore::Count() const {
  CacheCounts counts;
  for (const auto& shard : shards_) shard->AddTo(counts);
  return counts;
}

}  // namespace podnamed::plugins

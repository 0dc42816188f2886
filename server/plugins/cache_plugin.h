// `cache`: replies of upstreams are kept for as long as they say, or less. What the cluster answers is never kept: it
// is as near as the cache, and changes under it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "config/cache_options.h"
#include "server/plugins/cache/cache_store.h"
#include "server/plugins/cache_counters.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

// One for all workers of a server block. Any thread.
class CacheShared {
 public:
  explicit CacheShared(const config::CacheOptions& options);

  CacheStore& store() { return store_; }
  CacheCounts Count() const { return store_.Count(); }
  const CacheRules& rules() const { return rules_; }

 private:
  CacheStore store_;
  const CacheRules rules_;
};

class Cache : public Plugin {
 public:
  // Calls back on the worker's thread after that time, unless the worker ends before.
  using CallLater = absl::AnyInvocable<void(absl::Duration, absl::AnyInvocable<void()>)>;

  // All outlive this. `counters` by entrance; none: nothing is counted.
  Cache(const config::CacheOptions& options, CacheShared& shared, absl::Span<CacheCounters> counters,
        CallLater call_later);

  std::string_view name() const override { return "cache"; }
  Next OnQuery(Exchange& exchange) override;
  void OnReply(Exchange& exchange) override;

 private:
  enum class Kept { kNone, kTooOld, kPut };

  bool Covers(const Exchange& exchange) const;
  // The kept reply becomes that of the exchange, if there is one that may be told. `stale`: or one that is old.
  Kept PutKept(Exchange& exchange, bool stale);
  // What is too old is told when nobody has known better in time.
  void Verify(Exchange& exchange);
  // The reply to a question that was asked on the cache's own behalf, if there is one.
  std::optional<CacheVerdict> KeepChild(const Exchange& child);
  // Keeps the reply that an upstream has just given; the exchange's records get the TTL that it is kept with.
  void Keep(const Exchange& exchange, const CacheVerdict& verdict, const dns::MessageView& view);
  void Refresh(Exchange& exchange);
  CacheCounters* CountersOf(const Exchange& exchange) const;

  const config::CacheOptions& options_;
  CacheShared& shared_;
  const absl::Span<CacheCounters> counters_;
  CallLater call_later_;
  std::vector<uint8_t> buffer_;  // of a kept reply
};

}  // namespace podnamed::plugins

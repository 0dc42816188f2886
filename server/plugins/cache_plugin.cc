#include "server/plugins/cache_plugin.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/time/clock.h"
#include "server/plugins/upstream_reply.h"

namespace podnamed::plugins {
namespace {

using std::chrono::seconds;
using Clock = CacheTime::clock;

uint32_t Seconds(absl::Duration duration) {
  return static_cast<uint32_t>(std::min<int64_t>(absl::ToInt64Seconds(duration), std::numeric_limits<int32_t>::max()));
}

TtlBounds BoundsOf(const config::CacheOptions::Kind& kind) {
  return {.min = Seconds(kind.min_ttl), .max = Seconds(kind.max_ttl)};
}

CacheRules RulesOf(const config::CacheOptions& options) {
  return {.success = BoundsOf(options.success),
          .denial = BoundsOf(options.denial),
          .failure_ttl = Seconds(options.servfail),
          .disabled_success = options.success.disabled,
          .disabled_denial = options.denial.disabled};
}

CacheOptions StoreOptionsOf(const config::CacheOptions& options) {
  // A reply of some hundred octets and what it needs besides; those of thousands take the place of others.
  constexpr size_t kOctetsPerEntry = 1024;
  CacheOptions store;
  const auto set = [&](CacheKind kind, size_t entries) {
    store.bounds[static_cast<size_t>(kind)] = {entries, entries * kOctetsPerEntry};
  };
  set(CacheKind::kSuccess, options.success.capacity);
  set(CacheKind::kDenial, options.denial.capacity);
  store.keep_ttl = options.keep_ttl;
  store.prefetch_amount = static_cast<uint32_t>(options.prefetch_amount);
  store.prefetch_duration = seconds(Seconds(options.prefetch_duration));
  store.prefetch_percentage = static_cast<uint32_t>(options.prefetch_percentage);
  store.serve_stale = seconds(Seconds(options.serve_stale));
  store.stale_ttl = Seconds(options.stale_ttl);
  store.prefer_positive = options.prefer_positive;
  return store;
}

CacheKey KeyOf(const dns::Query& query) {
  return {.name = query.name.folded(),
          .type = query.type,
          .record_class = query.record_class,
          .dnssec_ok = query.edns && query.edns->dnssec_ok,
          .checking_disabled = query.checking_disabled};
}

void SetTtls(Exchange& exchange, uint32_t ttl) {
  resolve::Answer& answer = exchange.answer;
  for (std::vector<dns::RecordSet>* section : {&answer.answer, &answer.authority, &answer.additional}) {
    for (dns::RecordSet& set : *section) set.ttl = ttl;
  }
}

}  // namespace

CacheShared::CacheShared(const config::CacheOptions& options)
    : store_(StoreOptionsOf(options)), rules_(RulesOf(options)) {}

Cache::Cache(const config::CacheOptions& options, CacheShared& shared, absl::Span<CacheCounters> counters,
             CallLater call_later)
    : options_(options),
      shared_(shared),
      counters_(counters),
      call_later_(std::move(call_later)),
      buffer_(dns::kMaxMessageLength) {}

bool Cache::Covers(const Exchange& exchange) const {
  if (exchange.upstream_options.is_for_one_client) return false;
  return absl::c_any_of(
      options_.zones, [&](const dns::Name& zone) { return exchange.query->name.LabelsAbove(zone.wire()).has_value(); });
}

Next Cache::OnQuery(Exchange& exchange) {
  if (!Covers(exchange)) return Next::kPass;
  if (CacheCounters* counters = CountersOf(exchange)) counters->requests.Add();
  const Kept kept = PutKept(exchange, options_.stale_mode == config::CacheOptions::StaleMode::kImmediate);
  if (kept == Kept::kPut) return Next::kDone;
  if (kept == Kept::kNone || options_.verify_timeout == absl::ZeroDuration() || !exchange.can_wait) return Next::kPass;
  Verify(exchange);
  return Next::kLater;
}

Cache::Kept Cache::PutKept(Exchange& exchange, bool stale) {
  const std::optional<CacheHit> hit =
      shared_.store().Lookup(KeyOf(*exchange.query), Clock::now(), absl::MakeSpan(buffer_));
  CacheCounters* const counters = CountersOf(exchange);
  if (!hit || (hit->is_stale && !stale)) {
    if (counters != nullptr) counters->misses.Add();
    return hit ? Kept::kTooOld : Kept::kNone;
  }
  const auto view = dns::MessageView::Read(absl::MakeConstSpan(buffer_).first(hit->size));
  if (!view || !PutReply(*view, exchange)) return Kept::kNone;
  exchange.authoritative = true;  // as CoreDNS says of every hit
  exchange.answered_by = "cache";
  if (counters != nullptr) {
    counters->hits[static_cast<size_t>(hit->kind)].Add();
    if (hit->is_stale) counters->served_stale.Add();
    if (hit->wants_refresh) counters->prefetches.Add();
  }
  if (hit->is_stale) {
    const bool is_denial = hit->kind == CacheKind::kDenial && exchange.rcode == dns::Rcode::kNxDomain;
    exchange.answer.reason.set_info_code(is_denial ? dns::ExtendedError::kStaleNxDomain
                                                   : dns::ExtendedError::kStaleAnswer);
    exchange.answer.reason.Append(std::string_view("kept "), size_t{hit->age}, std::string_view(" s ago"));
  }
  if (hit->wants_refresh && exchange.can_wait) Refresh(exchange);
  return Kept::kPut;
}

CacheCounters* Cache::CountersOf(const Exchange& exchange) const {
  if (counters_.empty() || exchange.entrance == nullptr) return nullptr;
  return &counters_[exchange.entrance->index];
}

void Cache::Refresh(Exchange& exchange) {
  exchange.AskAside([this](const Exchange& child) { KeepChild(child); });
}

std::optional<CacheVerdict> Cache::KeepChild(const Exchange& child) {
  const auto view = child.octets.empty() ? std::nullopt : dns::MessageView::Read(child.octets);
  if (!view) return std::nullopt;
  const CacheVerdict verdict = Judge(*view, KeyOf(*child.query), shared_.rules(), absl::Now());
  Keep(child, verdict, *view);
  return verdict;
}

// The question goes on in its own name, so that its reply is kept also when it comes too late for the client.
void Cache::Verify(Exchange& exchange) {
  const auto waiting = std::make_shared<Exchange*>(&exchange);
  call_later_(options_.verify_timeout, [this, waiting] {
    Exchange* const late = std::exchange(*waiting, nullptr);
    if (late == nullptr) return;
    // It is kept no more, for others took its place: then there is nothing to tell before the reply.
    late->Resume(PutKept(*late, /*stale=*/true) == Kept::kPut ? Next::kDone : Next::kPass);
  });
  exchange.AskAside([this, waiting](const Exchange& child) {
    const std::optional<CacheVerdict> verdict = KeepChild(child);
    Exchange* const asked = std::exchange(*waiting, nullptr);
    if (asked == nullptr) return;
    const bool has_failed = !verdict || child.rcode == dns::Rcode::kServFail;
    if (has_failed && PutKept(*asked, /*stale=*/true) == Kept::kPut) return asked->Resume(Next::kDone);
    asked->octets = child.octets;
    const auto view = verdict ? dns::MessageView::Read(asked->octets) : std::nullopt;
    if (!view || !PutReply(*view, *asked)) return asked->Resume(Next::kPass);
    asked->answered_by = child.answered_by;
    SetTtls(*asked, verdict->ttl);
    asked->Resume(Next::kDone);
  });
}

void Cache::Keep(const Exchange& exchange, const CacheVerdict& verdict, const dns::MessageView& view) {
  if (verdict.outcome != CacheOutcome::kStore) return;
  shared_.store().Insert(KeyOf(*exchange.query), view, verdict, Clock::now());
}

void Cache::OnReply(Exchange& exchange) {
  if (exchange.answered_by == "kubernetes" || !Covers(exchange)) return;
  const bool has_failed = exchange.octets.empty() || exchange.rcode == dns::Rcode::kServFail;
  if (has_failed && exchange.answered_by == "forward" && options_.serve_stale > absl::ZeroDuration()) {
    if (PutKept(exchange, /*stale=*/true) == Kept::kPut) return;
  }
  if (exchange.octets.empty()) return;
  const auto view = dns::MessageView::Read(exchange.octets);
  if (!view) return;
  const CacheVerdict verdict = Judge(*view, KeyOf(*exchange.query), shared_.rules(), absl::Now());
  Keep(exchange, verdict, *view);
  if (CacheCounters* counters = CountersOf(exchange);
      counters != nullptr && verdict.outcome == CacheOutcome::kOtherQuestion) {
    counters->drops.Add();
  }
  SetTtls(exchange, verdict.ttl);
}

}  // namespace podnamed::plugins

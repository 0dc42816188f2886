#include "server/plugins/cache/cacheability.h"

#include <algorithm>
#include <string_view>

#include "server/plugins/cache/bailiwick.h"

namespace podnamed::plugins {
namespace {

using dns::MessageView;
using dns::Rcode;
using dns::RecordType;
using dns::RecordView;
using dns::Section;

constexpr uint32_t kFailSafeTtl = 5;  // of a reply that has no TTL to go by
constexpr RecordType kRrsig{46};

bool IsAnswerTo(const MessageView& view, const CacheKey& key) {
  return view.has_question() && view.question_type() == key.type && view.question_class() == key.record_class &&
         dns::EqualIgnoringCase(view.question_name(), key.name);
}

CacheKind KindOf(const MessageView& view) {
  if (view.rcode() == Rcode::kServFail || view.rcode() == Rcode::kNotImp) return CacheKind::kFailure;
  const bool is_answer = view.rcode() == Rcode::kNoError && view.count(Section::kAnswer) > 0;
  const bool is_denial = view.rcode() == Rcode::kNxDomain || (!is_answer && view.has_soa_in_authority());
  return is_denial ? CacheKind::kDenial : CacheKind::kSuccess;
}

uint32_t TtlOf(const MessageView& view, CacheKind kind, const CacheRules& rules) {
  const bool speaks_of_the_name = view.rcode() == Rcode::kNoError || view.rcode() == Rcode::kNxDomain;
  const uint32_t lowest = speaks_of_the_name ? view.lowest_ttl().value_or(kFailSafeTtl) : kFailSafeTtl;
  const TtlBounds& bounds = kind == CacheKind::kDenial ? rules.denial : rules.success;
  return kind == CacheKind::kFailure ? rules.failure_ttl : std::min(std::max(lowest, bounds.min), bounds.max);
}

bool IsDisabled(std::string_view name, CacheKind kind, const CacheRules& rules) {
  if (kind == CacheKind::kFailure) return rules.failure_ttl == 0;
  const auto& zones = kind == CacheKind::kSuccess ? rules.disabled_success : rules.disabled_denial;
  return std::any_of(zones.begin(), zones.end(),
                     [name](const dns::Name& zone) { return IsAtOrBelow(name, zone.wire()); });
}

// RFC 4034 section 3.1.5: seconds since 1970, compared as serial numbers.
bool SignaturesAreValid(const MessageView& view, absl::Time now) {
  constexpr size_t kExpirationAt = 8;
  constexpr size_t kInceptionAt = 12;
  const auto seconds = static_cast<uint32_t>(absl::ToUnixSeconds(now));
  for (const RecordView& record : view.records()) {
    if (record.type != kRrsig) continue;
    if (record.rdata_length < kInceptionAt + 4) return false;
    const auto number_at = [&](size_t at) {
      const uint8_t* const octets = view.octets().data() + record.rdata_at + at;
      return uint32_t{octets[0]} << 24 | uint32_t{octets[1]} << 16 | uint32_t{octets[2]} << 8 | octets[3];
    };
    if (static_cast<int32_t>(number_at(kExpirationAt) - seconds) < 0) return false;
    if (static_cast<int32_t>(seconds - number_at(kInceptionAt)) < 0) return false;
  }
  return true;
}

CacheOutcome OutcomeOf(const MessageView& view, const CacheKey& key, CacheKind kind, const CacheRules& rules,
                       absl::Time now) {
  if (view.opcode() != dns::Opcode::kQuery) return CacheOutcome::kError;
  if (!IsAnswerTo(view, key)) return CacheOutcome::kOtherQuestion;
  if (view.truncated()) return CacheOutcome::kTruncated;
  if (key.type == RecordType::kAxfr || key.type == RecordType::kIxfr) return CacheOutcome::kTransfer;
  const bool is_failure = kind == CacheKind::kFailure;
  if (!is_failure && view.rcode() != Rcode::kNoError && view.rcode() != Rcode::kNxDomain) return CacheOutcome::kError;
  const bool is_answer = kind == CacheKind::kSuccess && view.count(Section::kAnswer) > 0;
  if (!is_failure && !is_answer && !view.has_soa_in_authority()) return CacheOutcome::kNoSoa;
  if (IsDisabled(key.name, kind, rules)) return CacheOutcome::kDisabled;
  if (!AnswerAndAuthorityBelong(view)) return CacheOutcome::kForeignRecords;
  if (!SignaturesAreValid(view, now)) return CacheOutcome::kInvalidSignature;
  return CacheOutcome::kStore;
}

}  // namespace

CacheVerdict Judge(const MessageView& view, const CacheKey& key, const CacheRules& rules, absl::Time now) {
  CacheVerdict verdict;
  verdict.kind = KindOf(view);
  verdict.ttl = TtlOf(view, verdict.kind, rules);
  verdict.outcome = OutcomeOf(view, key, verdict.kind, rules, now);
  if (verdict.outcome != CacheOutcome::kStore) return verdict;
  verdict.kept_additional = CountBelongingAdditional(view);
  verdict.kept_size = view.section_start(Section::kAdditional);
  size_t left = verdict.kept_additional;
  for (const RecordView& record : view.records(Section::kAdditional)) {
    if (left-- == 0) break;
    verdict.kept_size = record.end();
  }
  return verdict;
}

}  // namespace podnamed::plugins

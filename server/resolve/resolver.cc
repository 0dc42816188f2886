#include "server/resolve/resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/types/span.h"
#include "server/resolve/external_answer.h"
#include "server/resolve/reason.h"
#include "server/resolve/reverse_answer.h"
#include "server/resolve/reverse_name.h"
#include "server/resolve/short_name.h"

namespace podnamed::resolve {
namespace {

using dns::NamePieces;
using dns::RecordType;

// What is known before anything is: a cluster with nothing in it.
const state::Snapshot& EmptySnapshot() {
  static const auto* const empty = new state::Snapshot();
  return *empty;
}

bool MayBeReverse(const dns::QueryName& name) { return name.folded().ends_with(std::string_view("\4arpa\0", 6)); }

bool IsNegative(Outcome outcome) { return outcome == Outcome::kNoData || outcome == Outcome::kNxDomain; }

}  // namespace

Resolver::Resolver(ResolverOptions options) : options_(std::move(options)) {
  for (const dns::Name& zone : options_.zones) {
    if (IsReverseZone(zone)) {
      reverse_zones_.push_back(zone);
    } else {
      forward_zones_.push_back({zone, absl::c_linear_search(options_.clusterset_zones, zone)});
    }
  }
  const auto own = absl::c_find_if(forward_zones_, [](const ForwardZone& zone) { return !zone.clusterset; });
  if (!options_.external) service_tail_ = kServiceBranch;
  service_tail_ += own == forward_zones_.end() ? dns::Name().wire() : own->name.wire();
  absl::c_stable_sort(forward_zones_, [](const ForwardZone& a, const ForwardZone& b) {
    return a.name.label_count() > b.name.label_count();
  });
  absl::c_stable_sort(reverse_zones_,
                      [](const dns::Name& a, const dns::Name& b) { return a.label_count() > b.label_count(); });
}

void Resolver::LookAhead(const dns::QueryName& name, const state::Snapshot& snapshot, state::LookAhead& ahead) const {
  for (const dns::Name& zone :
       MayBeReverse(name) ? absl::MakeConstSpan(reverse_zones_) : absl::Span<const dns::Name>()) {
    if (!name.LabelsAbove(zone.wire()).has_value()) continue;
    const ReverseName parsed = ParseReverseName(name);
    if (parsed.kind == ReverseName::Kind::kAddress) ahead.ExpectAddress(snapshot, parsed.address);
    return;
  }
  for (const ForwardZone& zone : forward_zones_) {
    const std::optional<size_t> above = name.LabelsAbove(zone.name.wire());
    if (!above.has_value()) continue;
    const ClusterName parsed = options_.external ? ParseExternalName(name, *above, /*apex=*/"")
                                                 : ParseClusterName(name, *above, zone.clusterset);
    if (!parsed.service.empty()) {
      ahead.ExpectService(snapshot, parsed.namespace_name, parsed.service, zone.clusterset, parsed.endpoint);
    }
    return;
  }
}

void Resolver::Resolve(const Question& question, const state::Snapshot* snapshot, uint32_t stale_seconds,
                       absl::BitGenRef random, Answer& answer) const {
  const bool is_synced = snapshot != nullptr;
  const ClusterView view(is_synced ? *snapshot : EmptySnapshot(), options_);
  if (!ResolveInZone(question, view, is_synced, random, answer) && options_.short_names) {
    ResolveShortName(question, forward_zones_, service_tail_, view, random, answer);
  }
  if (stale_seconds > 0 && GivesReason(question) &&
      (answer.outcome == Outcome::kAnswer || IsNegative(answer.outcome))) {
    ExplainStale(stale_seconds, answer);
  }
}

bool Resolver::ResolveInZone(const Question& question, const ClusterView& view, bool is_synced, absl::BitGenRef random,
                             Answer& answer) const {
  // The longest zone first: below a reverse one there is no other kind, above it there may be (the root). A network may
  // be a hundred reverse zones, of which other names need not hear.
  for (const dns::Name& zone :
       MayBeReverse(question.name) ? absl::MakeConstSpan(reverse_zones_) : absl::Span<const dns::Name>()) {
    if (const std::optional<size_t> above = question.name.LabelsAbove(zone.wire())) {
      InReverseZone(question, *above, view, is_synced, random, answer);
      return true;
    }
  }
  for (const ForwardZone& zone : forward_zones_) {
    if (const std::optional<size_t> above = question.name.LabelsAbove(zone.name.wire())) {
      if (options_.external) {
        InExternalZone(question, *above, view, is_synced, random, answer);
      } else {
        InForwardZone(question, zone, *above, view, is_synced, random, answer);
      }
      return true;
    }
  }
  return false;
}

void Resolver::InForwardZone(const Question& question, const ForwardZone& zone, size_t above, const ClusterView& view,
                             bool is_synced, absl::BitGenRef random, Answer& answer) const {
  const ClusterName parsed = ParseClusterName(question.name, above, zone.clusterset);
  const ZoneQuestion in_zone{question.name, above, question.type, NamePieces(question.name.original()),
                             question.reply_limit};
  ForwardAnswer(in_zone, parsed, zone.clusterset, forward_zones_, view, random, answer).Find();
  if (answer.outcome == Outcome::kNxDomain && HasZoneBelow(question.name)) answer.outcome = Outcome::kNoData;
  Conclude(question, is_synced, answer);
  if (IsNegative(answer.outcome) && GivesReason(question)) {
    ExplainName(parsed, zone.clusterset, question.type, view, answer);
  }
}

void Resolver::InExternalZone(const Question& question, size_t above, const ClusterView& view, bool is_synced,
                              absl::BitGenRef random, Answer& answer) const {
  const std::string_view apex = std::string_view(options_.external->apex).substr(1);
  const ClusterName parsed = ParseExternalName(question.name, above, apex);
  const ZoneQuestion in_zone{question.name, above, question.type, NamePieces(question.name.original()),
                             question.reply_limit};
  ExternalAnswer(in_zone, parsed, view, random, answer).Find();
  if (answer.outcome == Outcome::kNxDomain && HasZoneBelow(question.name)) answer.outcome = Outcome::kNoData;
  Conclude(question, is_synced, answer);
  if (IsNegative(answer.outcome) && GivesReason(question)) {
    ExplainName(parsed, /*clusterset=*/false, question.type, view, answer);
  }
}

void Resolver::InReverseZone(const Question& question, size_t above, const ClusterView& view, bool is_synced,
                             absl::BitGenRef random, Answer& answer) const {
  const ZoneQuestion in_zone{question.name, above, question.type, NamePieces(question.name.original()),
                             question.reply_limit};
  const ReverseName parsed = ParseReverseName(question.name);
  ReverseAnswer(in_zone, parsed, view, service_tail_, random, answer).Find();
  // The names above an address's are others' too, as far as we know: where unknown addresses are left to others, so are
  // they.
  if (above > 0 && parsed.kind == ReverseName::Kind::kPart && FallsThrough(question.name)) {
    answer.outcome = Outcome::kNxDomain;
  }
  Conclude(question, is_synced, answer);
  if (IsNegative(answer.outcome) && parsed.kind == ReverseName::Kind::kAddress && GivesReason(question)) {
    ExplainAddress(parsed.address, view, answer);
  }
  // A zone of one address (10.96.0.10/32) exists, whether or not somebody has the address.
  if (above == 0 && answer.outcome == Outcome::kNxDomain) answer.outcome = Outcome::kNoData;
}

// What a name that does not exist means here: that it is not known yet, that somebody else may know it, or just that.
// A name that is not known yet is nobody else's: whoever is asked next would say that it does not exist.
void Resolver::Conclude(const Question& question, bool is_synced, Answer& answer) const {
  if (question.type == RecordType::kAxfr || question.type == RecordType::kIxfr) {
    answer.Clear();
    answer.outcome = Outcome::kRefused;  // there is no transfer plugin
    return;
  }
  if (answer.outcome != Outcome::kNxDomain) return;
  if (!is_synced) {
    answer.Clear();
    answer.outcome = Outcome::kNotSynced;
    if (GivesReason(question)) ExplainNotSynced(answer);
  } else if (FallsThrough(question.name)) {
    answer.Clear();
  }
}

bool Resolver::HasZoneBelow(const dns::QueryName& name) const {
  return absl::c_any_of(options_.zones, [&name](const dns::Name& zone) {
    std::string_view rest = zone.wire();
    while (rest.size() > name.folded().size()) rest.remove_prefix(static_cast<size_t>(rest[0]) + 1);
    return rest == name.folded();
  });
}

bool Resolver::FallsThrough(const dns::QueryName& name) const {
  return options_.fallthrough.has_value() && absl::c_any_of(*options_.fallthrough, [&](const dns::Name& zone) {
           return name.LabelsAbove(zone.wire()).has_value();
         });
}

}  // namespace podnamed::resolve

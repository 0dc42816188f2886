#include "server/zone/lookup.h"

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "absl/types/span.h"

namespace podnamed::zone {
namespace {

using dns::NamePieces;
using dns::QueryName;
using dns::RecordSet;
using dns::RecordType;
using resolve::Outcome;

constexpr std::string_view kWildcardLabel("\1*");
// Sets in the additional section: more than fit into a reply over UDP, and few enough to be no work.
constexpr size_t kMostAdditional = 128;

class ZoneLookup {
 public:
  ZoneLookup(const Zone& zone, const ZoneQuestion& question, resolve::Answer& answer)
      : zone_(zone), type_(question.type), dnssec_(question.dnssec_ok && zone.is_signed()), answer_(answer) {}

  ZoneReply Run(const QueryName& name) {
    answer_.outcome = Outcome::kAnswer;
    const QueryName* next = &name;
    while (next != nullptr) next = At(*next);
    return reply_;
  }

 private:
  // Where a name leads, going down from the apex.
  struct Place {
    const Zone::Node* node = nullptr;     // of the name itself; nullptr: it does not exist
    const Zone::Node* closest = nullptr;  // the longest name at or above it that exists
    const Zone::Node* cut = nullptr;      // a delegation at or above it
    const Zone::Node* dname = nullptr;    // a DNAME above it
  };

  Place Find(const QueryName& name) const {
    const size_t above = name.LabelsAbove(zone_.origin()).value_or(0);
    Place place;
    for (size_t i = above + 1; i-- > 0;) {
      const Zone::Node* node = zone_.Find(name.folded().substr(name.label_start(i)));
      if (node == nullptr) return place;
      place.closest = node;
      // The DS of a delegation is on the side of the parent (RFC 4035 section 3.1.4.1).
      const bool is_own = i == 0 && type_ == RecordType::kDs;
      if (i < above && !is_own && zone_.FindSet(*node, RecordType::kNs) != nullptr) {
        place.cut = node;
        return place;
      }
      if (i > 0 && zone_.FindSet(*node, RecordType::kDname) != nullptr) {
        place.dname = node;
        return place;
      }
      if (i == 0) place.node = node;
    }
    return place;
  }

  // Answers for the name, or returns what its alias stands for if that is in the zone.
  const QueryName* At(const QueryName& name) {
    const Place place = Find(name);
    if (place.cut != nullptr) {
      Refer(*place.cut);
    } else if (place.dname != nullptr) {
      return Substitute(name, *place.dname);
    } else if (place.node != nullptr) {
      return AtNode(name, *place.node, /*is_wildcard=*/false);
    } else if (place.closest->wildcard != 0) {
      return AtNode(name, zone_.nodes()[place.closest->wildcard], /*is_wildcard=*/true);
    } else {
      NxDomain(name, *place.closest);
    }
    return nullptr;
  }

  const QueryName* AtNode(const QueryName& name, const Zone::Node& node, bool is_wildcard) {
    const NamePieces owner(name.original());
    const size_t told = answer_.answer.size();
    for (const Zone::Set& set : zone_.SetsOf(node)) {
      if (set.type == type_) AddTo(answer_.answer, node, set, owner);
    }
    if (answer_.answer.size() > told) {
      AddAdditional(answer_.answer[told]);
      // Names that are closer than the wildcard are denied (RFC 4035 section 3.1.3.3).
      if (is_wildcard) Deny(name.folded());
      const bool is_apex_ns = type_ == RecordType::kNs && node.name == zone_.origin();
      if (!is_apex_ns) AddApexNs();
      return nullptr;
    }
    if (const Zone::Set* alias = zone_.FindSet(node, RecordType::kCname)) {
      AddTo(answer_.answer, node, *alias, owner);
      if (is_wildcard) Deny(name.folded());
      const RecordSet told_alias = zone_.Tell(*alias, owner);
      return Follow(std::get<absl::Span<const NamePieces>>(told_alias.rdata).front().pieces()[0]);
    }
    reply_.has_records = !answer_.answer.empty() || (node.set_count > 0 && !is_wildcard);
    answer_.outcome = Outcome::kNoData;
    AddSoa();
    Deny(node.name);
    if (is_wildcard) Deny(name.folded());
    return nullptr;
  }

  // What an alias stands for, if that is in the zone.
  const QueryName* Follow(std::string_view target) {
    const QueryName* next = answer_.NextInChain(target);
    if (next != nullptr && next->LabelsAbove(zone_.origin())) return next;
    if (next != nullptr) reply_.outside = target;
    AddApexNs();
    return nullptr;
  }

  // RFC 6672 section 2.2: what is below the DNAME's owner is below its target instead.
  const QueryName* Substitute(const QueryName& name, const Zone::Node& node) {
    const Zone::Set& dname = *zone_.FindSet(node, RecordType::kDname);
    AddTo(answer_.answer, node, dname, NamePieces(node.name));
    const RecordSet told = zone_.Tell(dname, NamePieces(node.name));
    const std::string_view target = std::get<absl::Span<const dns::RawData>>(told.rdata).front().octets;
    const std::string_view kept = name.original().substr(0, name.original().size() - node.name.size());
    if (kept.size() + target.size() > dns::kMaxNameLength) {
      reply_.rcode = dns::Rcode::kYxDomain;
      return nullptr;
    }
    // Neither list may move under those that point to it.
    answer_.names.reserve(resolve::Answer::kMaxChain + 1);
    answer_.written_names.reserve(resolve::Answer::kMaxChain + 1);
    dns::NameStorage& storage = answer_.written_names.emplace_back();
    const auto* const end =
        std::copy(target.begin(), target.end(), std::copy(kept.begin(), kept.end(), storage.begin()));
    const std::string_view alias(storage.data(), static_cast<size_t>(end - storage.begin()));
    answer_.names.emplace_back(alias);
    answer_.answer.push_back(
        {NamePieces(name.original()), RecordType::kCname, dname.ttl, absl::MakeConstSpan(&answer_.names.back(), 1)});
    if (type_ != RecordType::kCname) return Follow(alias);
    AddApexNs();
    return nullptr;
  }

  void Refer(const Zone::Node& cut) {
    // Behind an alias of ours the answer is ours, as far as it goes.
    reply_.authoritative = !answer_.answer.empty();
    const Zone::Set& servers = *zone_.FindSet(cut, RecordType::kNs);
    answer_.authority.push_back(zone_.Tell(servers, NamePieces(cut.name)));
    if (dnssec_) {
      if (const Zone::Set* ds = zone_.FindSet(cut, RecordType::kDs)) {
        AddTo(answer_.authority, cut, *ds, NamePieces(cut.name));
      } else {
        Deny(cut.name);
      }
    }
    AddAddresses(std::get<absl::Span<const NamePieces>>(answer_.authority.front().rdata));
  }

  void NxDomain(const QueryName& name, const Zone::Node& closest) {
    reply_.rcode = dns::Rcode::kNxDomain;
    reply_.has_records = !answer_.answer.empty();
    answer_.outcome = Outcome::kNxDomain;
    AddSoa();
    Deny(name.folded());
    std::array<char, dns::kMaxNameLength + kWildcardLabel.size()> wildcard;
    std::copy(closest.name.begin(), closest.name.end(),
              std::copy(kWildcardLabel.begin(), kWildcardLabel.end(), wildcard.begin()));
    Deny({wildcard.data(), kWildcardLabel.size() + closest.name.size()});
  }

  // The set, and its signatures for those who want them.
  void AddTo(std::vector<RecordSet>& section, const Zone::Node& node, const Zone::Set& set, const NamePieces& owner) {
    section.push_back(zone_.Tell(set, owner));
    if (!dnssec_) return;
    if (const Zone::Set* signatures = zone_.FindSignatures(node, set.type)) {
      section.push_back(zone_.Tell(*signatures, owner));
    }
  }

  // Where the rest of the zone is to be had; what CoreDNS and other name servers put beside an answer.
  void AddApexNs() {
    const Zone::Node& apex = zone_.nodes().front();
    const Zone::Set* servers = zone_.FindSet(apex, RecordType::kNs);
    if (servers != nullptr) AddTo(answer_.authority, apex, *servers, NamePieces(apex.name));
  }

  // RFC 2308 section 3: its TTL is how long the denial may be kept.
  void AddSoa() {
    const Zone::Node& apex = zone_.nodes().front();
    const size_t first = answer_.authority.size();
    AddTo(answer_.authority, apex, *zone_.FindSet(apex, RecordType::kSoa), NamePieces(apex.name));
    for (size_t i = first; i < answer_.authority.size(); ++i) {
      answer_.authority[i].ttl = std::min(answer_.authority[i].ttl, zone_.soa().minimum);
    }
  }

  // The NSEC record of the name, or the one that says that there is no such name; each once.
  void Deny(std::string_view name) {
    if (!dnssec_) return;
    const Zone::Node* node = zone_.FindDenial(name);
    if (node == nullptr) return;
    for (const RecordSet& set : answer_.authority) {
      if (set.type == RecordType::kNsec && set.owner.pieces()[0].data() == node->name.data()) return;
    }
    AddTo(answer_.authority, *node, *zone_.FindSet(*node, RecordType::kNsec), NamePieces(node->name));
  }

  // The addresses that the client will ask for next.
  void AddAdditional(const RecordSet& set) {
    switch (set.type) {
      case RecordType::kSrv:
        for (const dns::SrvData& srv : std::get<absl::Span<const dns::SrvData>>(set.rdata)) AddAddress(srv.target);
        break;
      case RecordType::kMx:
        for (const dns::RawData& mx : std::get<absl::Span<const dns::RawData>>(set.rdata)) {
          AddAddress(NamePieces(mx.octets.substr(2)));
        }
        break;
      case RecordType::kNs:
        AddAddresses(std::get<absl::Span<const NamePieces>>(set.rdata));
        break;
      default:
        break;
    }
  }

  void AddAddresses(absl::Span<const NamePieces> names) {
    for (const NamePieces& name : names) AddAddress(name);
  }

  // Those that the zone has: authoritative, by a wildcard too, or glue.
  void AddAddress(const NamePieces& name) {
    if (answer_.additional.size() >= kMostAdditional) return;
    QueryName target;
    target.Read(name.pieces()[0]);
    if (!target.LabelsAbove(zone_.origin())) return;
    const Zone::Node* node = zone_.Find(target.folded());
    if (node == nullptr) {
      const Place place = Find(target);
      if (place.cut == nullptr && place.dname == nullptr && place.closest->wildcard != 0) {
        node = &zone_.nodes()[place.closest->wildcard];
      }
    }
    if (node == nullptr) return;
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa}) {
      if (const Zone::Set* set = zone_.FindSet(*node, type)) AddTo(answer_.additional, *node, *set, name);
    }
  }

  const Zone& zone_;
  const RecordType type_;
  const bool dnssec_;
  resolve::Answer& answer_;
  ZoneReply reply_;
};

}  // namespace

ZoneReply Lookup(const Zone& zone, const ZoneQuestion& question, resolve::Answer& answer) {
  return ZoneLookup(zone, question, answer).Run(question.name);
}

}  // namespace podnamed::zone

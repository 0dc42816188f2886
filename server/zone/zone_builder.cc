#include "server/zone/zone_builder.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

namespace podnamed::zone {
namespace {

using dns::RecordType;

constexpr std::string_view kWildcard("\1*");
// Beside question, owner and OPT, a reply must have room for it.
constexpr size_t kMostRdata = dns::kMaxMessageLength - 1024;

uint16_t U16At(std::string_view octets, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(octets[at]) << 8 | static_cast<uint8_t>(octets[at + 1]));
}

uint32_t U32At(std::string_view octets, size_t at) { return uint32_t{U16At(octets, at)} << 16 | U16At(octets, at + 2); }

// The name that `octets` begin with.
std::string_view NameAtFront(std::string_view octets) {
  size_t at = 0;
  while (octets[at] != '\0') at += static_cast<uint8_t>(octets[at]) + size_t{1};
  return octets.substr(0, at + 1);
}

std::string_view Parent(std::string_view name) { return name.substr(static_cast<uint8_t>(name[0]) + size_t{1}); }

RecordType CoveredBy(const ZoneRecord& record) {
  return record.type == RecordType::kRrsig ? RecordType{U16At(record.rdata, 0)} : RecordType{};
}

bool IsBefore(const ZoneRecord& a, const ZoneRecord& b) {
  if (a.owner != b.owner) return CanonicalLess(a.owner.wire(), b.owner.wire());
  return std::pair(a.type, CoveredBy(a)) < std::pair(b.type, CoveredBy(b));
}

bool IsSameSet(const ZoneRecord& a, const ZoneRecord& b) {
  return a.owner == b.owner && a.type == b.type && CoveredBy(a) == CoveredBy(b);
}

// What may stand beside a CNAME (RFC 2181 section 10.1, RFC 4035 section 2.5).
bool MayBeBesideAlias(RecordType type) {
  return type == RecordType::kCname || type == RecordType::kRrsig || type == RecordType::kNsec;
}

dns::SoaData ReadSoa(std::string_view rdata) {
  const std::string_view mname = NameAtFront(rdata);
  const std::string_view rname = NameAtFront(rdata.substr(mname.size()));
  const size_t at = mname.size() + rname.size();
  return {.mname = dns::NamePieces(mname),
          .rname = dns::NamePieces(rname),
          .serial = U32At(rdata, at),
          .refresh = U32At(rdata, at + 4),
          .retry = U32At(rdata, at + 8),
          .expire = U32At(rdata, at + 12),
          .minimum = U32At(rdata, at + 16)};
}

template <typename Address>
Address ReadAddress(std::string_view rdata) {
  Address address;
  std::copy_n(rdata.begin(), address.size(), address.begin());
  return address;
}

}  // namespace

absl::Status ZoneBuilder::Add(ZoneRecord record) {
  record.owner = record.owner.Folded();
  if (!record.owner.IsAtOrBelow(origin_)) {
    ++outside_count_;
    return absl::OkStatus();
  }
  switch (record.type) {
    case RecordType::kSoa:
      if (record.owner != origin_) {
        return absl::InvalidArgumentError(
            absl::StrCat("SOA of ", record.owner.ToText(), "; expected the zone's, ", origin_.ToText()));
      }
      if (has_soa_) return absl::InvalidArgumentError("a second SOA; expected one");
      has_soa_ = true;
      break;
    case RecordType::kNsec3:
    case RecordType::kNsec3Param:
      return absl::InvalidArgumentError(
          absl::StrCat(dns::NameOf(record.type), " is not supported; expected a zone signed with NSEC, or not signed"));
    case RecordType::kOpt:
    case RecordType::kAxfr:
    case RecordType::kIxfr:
    case RecordType::kAny:
      return absl::InvalidArgumentError(absl::StrCat(dns::NameOf(record.type), " is no type of a record of a zone"));
    default:
      break;
  }
  if (record.rdata.size() > kMostRdata) {
    return absl::InvalidArgumentError(
        absl::StrCat("rdata of ", record.rdata.size(), " octets fits in no reply; expected at most ", kMostRdata));
  }
  records_.push_back(std::move(record));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const Zone>> ZoneBuilder::Build() {
  if (!has_soa_) {
    return absl::InvalidArgumentError(absl::StrCat("no SOA of ", origin_.ToText(), "; expected one"));
  }
  AddEmptyNames();
  std::stable_sort(records_.begin(), records_.end(), IsBefore);
  size_t octets = 0;
  for (size_t i = 0; i < records_.size(); ++i) {
    octets += records_[i].rdata.size();
    if (i == 0 || records_[i].owner != records_[i - 1].owner) octets += records_[i].owner.wire().size();
  }
  auto zone = absl::WrapUnique(new Zone());
  zone->text_.reserve(octets);  // it must not move under the names that point to it
  for (size_t first = 0, end = 0; first < records_.size(); first = end) {
    while (end < records_.size() && records_[end].owner == records_[first].owner) ++end;
    if (absl::Status status = AddNode(*zone, first, end); !status.ok()) return status;
  }
  for (uint32_t i = 0; i < zone->nodes_.size(); ++i) {
    const std::string_view name = zone->nodes_[i].name;
    zone->by_name_.emplace(name, i);
  }
  for (uint32_t i = 1; i < zone->nodes_.size(); ++i) {
    const std::string_view name = zone->nodes_[i].name;
    if (!name.starts_with(kWildcard)) continue;
    const std::string_view parent = Parent(name);
    zone->nodes_[zone->by_name_.at(parent)].wildcard = i;
  }
  return zone;
}

// A record without type stands for a name that exists only because there are names below it.
void ZoneBuilder::AddEmptyNames() {
  absl::flat_hash_set<std::string> names;
  for (const ZoneRecord& record : records_) names.emplace(record.owner.wire());
  for (size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].owner == origin_) continue;
    std::string parent(Parent(records_[i].owner.wire()));
    if (names.insert(parent).second) records_.push_back({.owner = dns::Name::FromWire(parent)});
  }
}

absl::Status ZoneBuilder::AddNode(Zone& zone, size_t first, size_t end) {
  const dns::Name& owner = records_[first].owner;
  const std::string_view name(zone.text_.data() + zone.text_.size(), owner.wire().size());
  zone.text_ += owner.wire();
  zone.nodes_.push_back({.name = name, .first_set = static_cast<uint32_t>(zone.sets_.size())});
  for (size_t i = first; i < end;) {
    const size_t start = i;
    while (i < end && IsSameSet(records_[i], records_[start])) ++i;
    if (records_[start].type != RecordType{}) AddSet(zone, start, i);
  }
  Zone::Node& node = zone.nodes_.back();
  node.set_count = static_cast<uint32_t>(zone.sets_.size()) - node.first_set;
  const Zone::Set* alias = zone.FindSet(node, RecordType::kCname);
  if (alias == nullptr) return absl::OkStatus();
  if (alias->count > 1) {
    return absl::InvalidArgumentError(absl::StrCat(owner.ToText(), " has several CNAME records; expected one"));
  }
  for (const Zone::Set& set : zone.SetsOf(node)) {
    if (MayBeBesideAlias(set.type)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(owner.ToText(), " has a CNAME and ", dns::NameOf(set.type), "; expected nothing beside a CNAME"));
  }
  return absl::OkStatus();
}

// In the order in which they came.
void ZoneBuilder::AddSet(Zone& zone, size_t first, size_t end) {
  Zone::Set set{.type = records_[first].type, .covered = CoveredBy(records_[first]), .ttl = records_[first].ttl};
  absl::flat_hash_set<std::string_view> seen;
  for (size_t i = first; i < end; ++i) {
    const ZoneRecord& record = records_[i];
    set.ttl = std::min(set.ttl, record.ttl);
    if (!seen.insert(record.rdata).second) continue;
    const size_t place = Put(zone, record);
    if (set.count++ == 0) set.first = static_cast<uint32_t>(place);
  }
  zone.record_count_ += set.count;
  zone.is_signed_ |= set.type == RecordType::kRrsig;
  zone.sets_.push_back(set);
}

size_t ZoneBuilder::Put(Zone& zone, const ZoneRecord& record) {
  const auto append = [](auto& list, const auto& data) {
    list.push_back(data);
    return list.size() - 1;
  };
  if (record.type == RecordType::kA) return append(zone.ipv4_, ReadAddress<base::Ipv4Address>(record.rdata));
  if (record.type == RecordType::kAaaa) return append(zone.ipv6_, ReadAddress<base::Ipv6Address>(record.rdata));
  const std::string_view rdata(zone.text_.data() + zone.text_.size(), record.rdata.size());
  zone.text_ += record.rdata;
  switch (record.type) {
    case RecordType::kSrv:
      return append(zone.srv_, dns::SrvData{.priority = U16At(rdata, 0),
                                            .weight = U16At(rdata, 2),
                                            .port = U16At(rdata, 4),
                                            .target = dns::NamePieces(rdata.substr(6))});
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kPtr:
      return append(zone.names_, dns::NamePieces(rdata));
    case RecordType::kSoa:
      zone.soa_ = ReadSoa(rdata);
      return 0;
    default:
      return append(zone.raw_, dns::RawData{rdata});
  }
}

}  // namespace podnamed::zone

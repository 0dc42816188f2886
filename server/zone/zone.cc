#include "server/zone/zone.h"

#include <algorithm>
#include <array>
#include <variant>

namespace podnamed::zone {
namespace {

using dns::RecordType;

// Where the labels of a name start, and how many there are.
size_t StartsOfLabels(std::string_view name, std::array<uint8_t, dns::kMaxLabels>& starts) {
  size_t count = 0;
  for (size_t at = 0; name[at] != '\0'; at += static_cast<uint8_t>(name[at]) + size_t{1}) {
    starts[count++] = static_cast<uint8_t>(at);
  }
  return count;
}

std::string_view LabelAt(std::string_view name, size_t start) {
  return name.substr(start + 1, static_cast<uint8_t>(name[start]));
}

size_t SizeOf(const base::Ipv4Address& address) { return address.size(); }
size_t SizeOf(const base::Ipv6Address& address) { return address.size(); }
size_t SizeOf(const dns::SrvData& srv) { return 6 + srv.target.size(); }
size_t SizeOf(const dns::NamePieces& name) { return name.size(); }
size_t SizeOf(const dns::SoaData& soa) { return soa.mname.size() + soa.rname.size() + 20; }
size_t SizeOf(const dns::TxtData& txt) { return txt.text.size() + 1; }
size_t SizeOf(const dns::RawData& raw) { return raw.octets.size(); }
template <typename Data>
size_t SizeOf(absl::Span<const Data> one) {
  return SizeOf(one.front());
}

}  // namespace

const Zone::Node* Zone::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &nodes_[found->second];
}

const Zone::Node* Zone::FindDenial(std::string_view name) const {
  auto node = std::upper_bound(nodes_.begin(), nodes_.end(), name,
                               [](std::string_view a, const Node& b) { return CanonicalLess(a, b.name); });
  while (node != nodes_.begin()) {
    --node;
    if (FindSet(*node, RecordType::kNsec) != nullptr) return &*node;
  }
  return nullptr;
}

const Zone::Set* Zone::FindSet(const Node& node, RecordType type) const {
  for (const Set& set : SetsOf(node)) {
    if (set.type == type) return &set;
  }
  return nullptr;
}

const Zone::Set* Zone::FindSignatures(const Node& node, RecordType covered) const {
  for (const Set& set : SetsOf(node)) {
    if (set.type == RecordType::kRrsig && set.covered == covered) return &set;
  }
  return nullptr;
}

dns::RecordSet Zone::Tell(const Set& set, const dns::NamePieces& owner, size_t first, size_t count) const {
  dns::RecordSet told{owner, set.type, set.ttl, {}};
  const auto part = [&](const auto& list) { return absl::MakeConstSpan(list).subspan(set.first + first, count); };
  switch (set.type) {
    case RecordType::kA:
      told.rdata = part(ipv4_);
      break;
    case RecordType::kAaaa:
      told.rdata = part(ipv6_);
      break;
    case RecordType::kSrv:
      told.rdata = part(srv_);
      break;
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kPtr:
      told.rdata = part(names_);
      break;
    case RecordType::kSoa:
      told.rdata = soa_;
      break;
    default:
      told.rdata = part(raw_);
  }
  return told;
}

size_t Zone::RdataSize(const Set& set, size_t i) const {
  return std::visit([](const auto& rdata) { return SizeOf(rdata); }, Tell(set, {}, i, 1).rdata);
}

bool CanonicalLess(std::string_view a, std::string_view b) {
  std::array<uint8_t, dns::kMaxLabels> a_starts;
  std::array<uint8_t, dns::kMaxLabels> b_starts;
  size_t a_left = StartsOfLabels(a, a_starts);
  size_t b_left = StartsOfLabels(b, b_starts);
  while (a_left > 0 && b_left > 0) {
    const int order = LabelAt(a, a_starts[--a_left]).compare(LabelAt(b, b_starts[--b_left]));
    if (order != 0) return order < 0;
  }
  return a_left < b_left;
}

}  // namespace podnamed::zone

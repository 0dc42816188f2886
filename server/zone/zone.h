// The data of one zone, laid out for answering: names and their record sets. Immutable once built; any thread. Memory
// is one block per kind of data, so that a zone is freed as quickly as it is replaced.
//
// Names are folded, nodes in canonical order (RFC 4034 section 6.1), the apex first. Every name that exists has a node,
// the empty ones between names with records too (RFC 4592 section 2.2.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/dns/record.h"
#include "server/dns/types.h"

namespace podnamed::zone {

class Zone {
 public:
  // Records of one type; signatures by what they sign.
  struct Set {
    dns::RecordType type{};
    dns::RecordType covered{};  // of RRSIG: the type that they sign
    uint32_t ttl = 0;           // seconds
    uint32_t first = 0;         // in the list of its kind
    uint32_t count = 0;
  };

  struct Node {
    std::string_view name;  // in wire form
    uint32_t first_set = 0;
    uint32_t set_count = 0;
    uint32_t wildcard = 0;  // the node "*" right below; 0: none
  };

  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  std::string_view origin() const { return nodes_.front().name; }
  const dns::SoaData& soa() const { return soa_; }
  size_t record_count() const { return record_count_; }
  // The zone has signatures, and NSEC records to deny with.
  bool is_signed() const { return is_signed_; }

  // All of them; the first is the apex.
  absl::Span<const Node> nodes() const { return nodes_; }
  // nullptr if the name (folded, in wire form) does not exist.
  const Node* Find(std::string_view name) const;
  // The last node with an NSEC record that is not behind `name` (folded); nullptr if there is none.
  const Node* FindDenial(std::string_view name) const;

  absl::Span<const Set> SetsOf(const Node& node) const {
    return absl::MakeConstSpan(sets_).subspan(node.first_set, node.set_count);
  }
  // nullptr if the node has none.
  const Set* FindSet(const Node& node, dns::RecordType type) const;
  const Set* FindSignatures(const Node& node, dns::RecordType covered) const;

  // The set as an answer tells it; points into this.
  dns::RecordSet Tell(const Set& set, const dns::NamePieces& owner) const { return Tell(set, owner, 0, set.count); }
  // `count` of its records, from `first` on.
  dns::RecordSet Tell(const Set& set, const dns::NamePieces& owner, size_t first, size_t count) const;
  // Octets of the set's record `i` on the wire, names uncompressed.
  size_t RdataSize(const Set& set, size_t i) const;

 private:
  friend class ZoneBuilder;
  Zone() = default;

  std::vector<Node> nodes_;
  std::vector<Set> sets_;
  absl::flat_hash_map<std::string_view, uint32_t> by_name_;
  dns::SoaData soa_;
  size_t record_count_ = 0;
  bool is_signed_ = false;
  std::string text_;  // of names and rdata
  std::vector<base::Ipv4Address> ipv4_;
  std::vector<base::Ipv6Address> ipv6_;
  std::vector<dns::SrvData> srv_;
  std::vector<dns::NamePieces> names_;
  std::vector<dns::RawData> raw_;
};

// Canonical order of names (RFC 4034 section 6.1): by labels, the rightmost first. REQUIRES: folded names in wire form.
bool CanonicalLess(std::string_view a, std::string_view b);

}  // namespace podnamed::zone

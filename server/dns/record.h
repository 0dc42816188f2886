// Record sets as values: what an answer holds and EncodeResponse writes. Nothing here owns octets: names and lists
// point into the snapshot, the configuration or the answer's own scratch, all of which outlive the encoding.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "absl/types/span.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::dns {

// RFC 2782.
struct SrvData {
  uint16_t priority = 0;
  uint16_t weight = 0;
  uint16_t port = 0;
  NamePieces target;
};

// RFC 1035 section 3.3.13; times in seconds.
struct SoaData {
  NamePieces mname;
  NamePieces rname;
  uint32_t serial = 0;
  uint32_t refresh = 0;
  uint32_t retry = 0;
  uint32_t expire = 0;
  uint32_t minimum = 0;
};

// One character-string of at most 255 octets (RFC 1035 section 3.3.14).
struct TxtData {
  std::string_view text;
};

// Rdata of any other type, or of a shape that has no struct: as it goes on the wire, names in it uncompressed. At most
// 65,535 octets.
struct RawData {
  std::string_view octets;
};

// The rdata of a set, one alternative per shape. NamePieces: the target of a single NS, CNAME or PTR record; a set of
// several such records is a span.
using Rdata = std::variant<absl::Span<const base::Ipv4Address>,  // A
                           absl::Span<const base::Ipv6Address>,  // AAAA
                           absl::Span<const SrvData>,            // SRV
                           absl::Span<const NamePieces>,         // NS, CNAME, PTR
                           SoaData,                              // SOA
                           TxtData,                              // TXT of one string
                           absl::Span<const RawData>>;           // every type

// Records of one owner, class, type and TTL (RFC 2181 section 5).
struct RecordSet {
  NamePieces owner;
  RecordType type{};
  uint32_t ttl = 0;  // seconds
  Rdata rdata;
  RecordClass record_class = RecordClass::kIn;
};

}  // namespace podnamed::dns

// Serial numbers (RFC 1982), and the one that an IXFR brings. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "server/dns/wire_reader.h"

namespace podnamed::plugins {

// True if `a` comes before `b`. Neither does if they are half the circle apart.
inline bool SerialLess(uint32_t a, uint32_t b) { return a != b && b - a < 0x80000000U; }

// That of the SOA in the authority section, which says what the client has (RFC 1995 section 3); std::nullopt if there
// is none. REQUIRES: a query that ParseQuery has taken.
inline std::optional<uint32_t> SerialOfClient(absl::Span<const uint8_t> query) {
  constexpr size_t kAuthorityCount = 8;
  constexpr uint16_t kSoa = 6;
  if (query.size() <= dns::kHeaderLength || query[kAuthorityCount] != 0 || query[kAuthorityCount + 1] != 1) {
    return std::nullopt;
  }
  if (query[6] != 0 || query[7] != 0) return std::nullopt;  // answers
  dns::WireReader reader(query, dns::kHeaderLength);
  reader.Skip(dns::kHeaderLength);
  reader.SkipName();
  reader.Skip(4);  // type and class
  reader.SkipName();
  const uint16_t type = reader.ReadU16();
  reader.Skip(2 + 4 + 2);  // class, TTL, length
  reader.SkipName();
  reader.SkipName();
  const uint32_t serial = reader.ReadU32();
  if (!reader.ok() || type != kSoa) return std::nullopt;
  return serial;
}

}  // namespace podnamed::plugins

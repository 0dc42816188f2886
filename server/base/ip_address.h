// IPv4 and IPv6 addresses as the octets that go on the wire, and their text forms. Values; any thread.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/hash.h"

namespace podnamed::base {

using Ipv4Address = std::array<uint8_t, 4>;   // network byte order, the rdata of an A record
using Ipv6Address = std::array<uint8_t, 16>;  // network byte order, the rdata of an AAAA record

// One address of either family.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  explicit IpAddress(const Ipv4Address& v4) : is_v4_(true) { std::memcpy(octets_.data(), v4.data(), v4.size()); }
  explicit IpAddress(const Ipv6Address& v6) : is_v4_(false), octets_(v6) {}

  bool is_v4() const { return is_v4_; }
  // REQUIRES: is_v4() / !is_v4().
  Ipv4Address v4() const {
    Ipv4Address v4;
    std::memcpy(v4.data(), octets_.data(), v4.size());
    return v4;
  }
  const Ipv6Address& v6() const { return octets_; }

  // "10.0.0.1", "fd00::1" (the canonical form of RFC 5952, as Kubernetes writes it).
  std::string ToString() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& address) {
    return H::combine(std::move(h), address.is_v4_, address.octets_);
  }

 private:
  bool is_v4_ = true;
  Ipv6Address octets_{};  // v4: the first four, the rest zero
};

// The same as that of the octets alone.
inline uint64_t HashOf(const IpAddress& address) {
  return address.is_v4() ? HashOf(address.v4()) : HashOf(address.v6());
}

// Reads a textual address of either family; std::nullopt if it is none (scopes and prefixes are none).
std::optional<IpAddress> ParseIpAddress(std::string_view text);

}  // namespace podnamed::base

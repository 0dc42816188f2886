// An address and a port to listen on, and how people write it. Values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/ip_address.h"

namespace podnamed::base {

// Without an address, every address of this host, of both families.
struct Endpoint {
  std::optional<IpAddress> address = std::nullopt;
  uint16_t port = 0;  // 0: a free one

  // "127.0.0.1:53", "[::1]:53", ":53".
  std::string ToString() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// Whether a socket on the one would take some of what is meant for the other: the port, and all addresses or the same.
inline bool Overlap(const Endpoint& a, const Endpoint& b) {
  return a.port != 0 && a.port == b.port && (!a.address || !b.address || a.address == b.address);
}

// What ToString gives, and "localhost:PORT" for 127.0.0.1. InvalidArgument says what was found and what was expected.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

}  // namespace podnamed::base

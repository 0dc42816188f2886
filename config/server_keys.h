// The keys of a server block: which zone, on which port, and whether over TLS. Pure; any thread.
//
// Errors are InvalidArgument and say "what was found; what was expected", for the caller to put the place in front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/dns/name.h"

namespace podnamed::config {

struct ServerKey {
  dns::Name zone;  // folded
  uint16_t port;
  bool is_tls = false;  // DNS over TLS (RFC 7858), and nothing else

  // "cluster.local.:53", "tls://.:853".
  std::string ToText() const;

  friend auto operator<=>(const ServerKey&, const ServerKey&) = default;
};

// "[dns://|tls://]ZONE[:PORT]"; without ZONE (":5353") the root, without PORT `default_port`, or 853 over TLS; port 0
// lets the system choose. A network as ZONE gives several keys if its prefix ends within a label of its reverse zone.
absl::StatusOr<std::vector<ServerKey>> ParseServerKey(std::string_view text, uint16_t default_port);

// A domain name, or a network such as 10.0.0.0/16 or fd00::/8, which stands for its reverse zones: those that end at
// the next octet (in-addr.arpa) or nibble (ip6.arpa), at most 128. Folded. Octets behind the prefix are ignored, as in
// CoreDNS.
absl::StatusOr<std::vector<dns::Name>> ParseZone(std::string_view text);

}  // namespace podnamed::config

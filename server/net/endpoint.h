// Where a server listens and who asks it: addresses between the kernel's shape and ours. Values; any thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "server/base/ip_address.h"

namespace podnamed::net {

// An address and port to listen on; without an address, every address of this host, of both families.
struct Endpoint {
  std::optional<base::IpAddress> address;
  uint16_t port = 0;  // 0: a free one

  // "127.0.0.1:53", "[::1]:53", ":53".
  std::string ToString() const;
};

// One peer of a socket. A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2); here they
// are IPv4 again, so that nobody above needs to know of which kind the socket is.
struct Peer {
  base::IpAddress address;
  uint16_t port = 0;
};

// REQUIRES: `address` is an AF_INET or AF_INET6 address of full length.
Peer ToPeer(const sockaddr& address);

}  // namespace podnamed::net

// Where a server listens and who asks it: addresses between the kernel's shape and ours. Values; any thread.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "server/base/endpoint.h"
#include "server/base/ip_address.h"

namespace podnamed::net {

using base::Endpoint;

// One peer of a socket. A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2); here they
// are IPv4 again, so that nobody above needs to know of which kind the socket is.
struct Peer {
  base::IpAddress address;
  uint16_t port = 0;
};

// REQUIRES: `address` is an AF_INET or AF_INET6 address of full length.
Peer ToPeer(const sockaddr& address);

}  // namespace podnamed::net
